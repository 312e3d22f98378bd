"""The gallery: named costs, one text file each, in the cost language, with its source.

The first comment line is the title, the others say scale, labels and source.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

SUFFIX: Final = ".cost"


def names() -> tuple[str, ...]:
    """The names of all costs, sorted."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX)))


def text(name: str) -> str:
    """The text of a cost.

    Raises
    ------
    KeyError
        If there is no such cost.
    """
    entry = files(__name__) / f"{name}{SUFFIX}"
    if not name.replace("-", "").replace("_", "").isalnum() or not entry.is_file():
        raise KeyError(name)
    return entry.read_text(encoding="utf-8")


def header(source: str) -> tuple[str, tuple[str, ...]]:
    """Title and notes: the comment lines at the top."""
    lines: list[str] = []
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    return (lines[0] if lines else "", tuple(lines[1:]))
