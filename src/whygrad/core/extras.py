"""Libraries that only some of it needs: how to have them where whygrad is installed, and in a checkout."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


def command(extra: str) -> str:
    """The command that brings an extra to this very Python, as it is typed.

    Parameters
    ----------
    extra
        Its name in ``pyproject.toml``: ``"teach"``.

    Examples
    --------
    >>> "whygrad[teach]" in command("teach") or "add teach" in command("teach")
    True
    """
    tool = _own_environment()
    if tool is None:
        return f'pip install "whygrad[{extra}]"'
    return shlex.join([sys.executable, str(tool), "add", extra])


def fetched(extra: str) -> bool:
    """Bring an extra if Python runs in the environment that a checkout's ``./whygrad`` made for itself.

    What such an environment holds is whygrad's to say (docs/decisions/0004-own-environment.md); into any
    other nothing is installed.
    """
    tool = _own_environment()
    if tool is None:
        return False
    done = subprocess.run(
        [sys.executable, "-I", str(tool), "add", extra],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def _own_environment() -> Path | None:
    """The checkout's tool that makes environments, where it made this one."""
    tool = Path(__file__).resolve().parents[3] / "tools" / "environment.py"
    prefix = Path(sys.prefix)
    mine = prefix.name == "run" and (prefix / "whygrad.json").is_file()
    return tool if mine and tool.is_file() else None
