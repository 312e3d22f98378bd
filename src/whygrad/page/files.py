"""The files of the page: where they are, and writing them into a folder."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, cast

from whygrad.core.errors import UsageError

CHECKOUT: Final = Path(__file__).resolve().parents[3]


def folder() -> Path:
    """The folder of the page: of this checkout, built if need be, or of the distribution ``whygrad-page``.

    Raises
    ------
    UsageError
        If there is neither.
    SystemExit
        If it could not be built; what stood in the way has been said.
    """
    builder = CHECKOUT / "tools" / "page.py"
    if builder.is_file():
        return _built(builder)
    if importlib.util.find_spec("whygrad_page") is not None:
        return cast("Path", importlib.import_module("whygrad_page").FOLDER)
    raise UsageError("error/missing-extra", "the web page is not installed", fix="pip install whygrad-page")


def _built(builder: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", str(builder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return Path(done.stdout.strip())


def write(page: Path, out: Path, *, force: bool = False) -> Path:
    """Write the page into a folder: whole, or not at all.

    Parameters
    ----------
    page
        From :func:`folder`.
    out
        A folder that is not there yet, or is empty.
    force
        Whether a page that stands there is replaced. Anything else never is.

    Raises
    ------
    UsageError
        If something else stands there, or it cannot be written.
    """
    out = Path(os.path.abspath(out))
    refuse(out, force)
    new = out.with_name(f".{out.name}.new-{os.getpid()}")
    try:
        shutil.copytree(page, new)
        if out.exists():
            shutil.rmtree(out)
        new.rename(out)
    except OSError as error:
        raise UsageError(
            "error/no-file", f"{out} cannot be written: {error.strerror}", fix="a folder of yours"
        ) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return out


def refuse(out: Path, force: bool) -> None:
    """Refuse to write where there is no folder, or where something stands that is no page of ours."""
    if not out.exists():
        parent = Path(os.path.abspath(out)).parent
        if not parent.is_dir():
            raise UsageError("error/no-file", f"there is no folder {parent}", fix="make it first")
        return
    if not out.is_dir():
        raise UsageError("error/exists", f"{out} is a file", fix="name a folder: --out site")
    if not any(out.iterdir()):
        return
    if not (out / "index.html").is_file() or not any(out.glob("v-*/engine.pack")):
        raise UsageError("error/exists", f"{out} holds other files", fix="name a new folder")
    if not force:
        raise UsageError("error/exists", f"{out} holds a page already", fix="--force to replace it")
