"""Writing what a lesson is made of, and the libraries that are extras."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Final

from whygrad.core.errors import UsageError
from whygrad.core.extras import command, fetched

EXTRAS: Final = {
    "typst": "teach",
    "nbformat": "teach",
    "anywidget": "notebook",
    "matplotlib": "notebook",
    "av": "video",
}
"""Which extra of this package brings a library."""


def library(name: str, purpose: str) -> ModuleType:
    """Load a library that an extra brings; in a checkout's own environment it is fetched on first use.

    Parameters
    ----------
    name
        Its module.
    purpose
        What needs it: "a picture as PNG".

    Raises
    ------
    UsageError
        If it is not installed; the message has the command that installs it.

    Examples
    --------
    >>> library("json", "this").__name__
    'json'
    """
    extra = EXTRAS.get(name, "teach")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = error
    if fetched(extra):
        importlib.invalidate_caches()
        try:
            return importlib.import_module(name)
        except ImportError as error:
            missing = error
    raise UsageError("error/missing-extra", f"{purpose} needs {name}", fix=command(extra)) from missing


def installed(name: str) -> bool:
    """Whether a library that an extra brings is there.

    Examples
    --------
    >>> installed("json"), installed("no_such_library")
    (True, False)
    """
    return importlib.util.find_spec(name) is not None


def refuse_existing(path: Path, force: bool) -> None:
    """Refuse before any work is done what could not be written after it.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is off, or its folder cannot be written.
    """
    if path.is_dir():
        raise UsageError("error/exists", f"{path} is a folder", fix="name a file in it")
    if path.exists() and not force:
        raise UsageError("error/exists", f"{path} exists", fix="another name, or --force to replace it")
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(
            "error/no-file", f"nothing can be written to {folder}", fix="a folder of yours: -o ~/lesson/"
        )


def write(path: Path, content: str | bytes, *, force: bool = False) -> Path:
    """Write a file whole or not at all, and make its folder if need be.

    Raises
    ------
    UsageError
        As :func:`refuse_existing`.
    """
    refuse_existing(path, force)
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(
            "error/no-file", f"{path} cannot be written: {error.strerror}", fix="another folder: -o ~/lesson/"
        ) from error
    return path
