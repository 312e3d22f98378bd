"""A picture of a derivation to its text, by a program that the user names: ``--ocr 'program {file}'``."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO, Final, NoReturn

from whygrad.core.errors import Span, UsageError

PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".pdf"})
SECONDS: Final = 60.0
"""How long the program may take."""
LARGEST: Final = 64 * 1024
"""Most bytes that it may write."""
_PLACE: Final = "{file}"
_EXAMPLE: Final = "--ocr 'program {file}', a program of yours that prints the LaTeX of a picture"


def is_picture(path: str) -> bool:
    """Whether a file is a picture, by its ending.

    >>> is_picture("board.JPG"), is_picture("mine.tex")
    (True, False)
    """
    return Path(path).suffix.lower() in PICTURES


def refuse_picture(path: str) -> NoReturn:
    """Say how a picture is read.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError("error/ocr", f"{path} is a picture and holds no text", fix=f"add {_EXAMPLE}")


def read_picture(path: str, program: str, *, seconds: float = SECONDS) -> str:
    """What the user's own program reads in a picture.

    Parameters
    ----------
    path
        The picture.
    program
        The command line; ``{file}`` stands for the picture. No shell runs it.
    seconds
        How long it may take.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    UsageError
        If there is no such file or program, or it fails, or prints nothing, or too much, or for too long.
    """
    words, first = _words(program)
    if not Path(path).is_file():
        raise UsageError("error/no-file", f"{path} is no file", fix="check the path")
    file = str(Path(path).resolve())  # never taken for an option
    command = [word.replace(_PLACE, file) for word in words]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=os.name == "posix",
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            "error/ocr",
            f"{words[0]} cannot be started: {why}",
            fix=f"install it, or write its full path: {_EXAMPLE}",
            source=program,
            span=first,
        ) from None
    text, said, late = _run(process, seconds)

    def fail(reason: str, fix: str) -> NoReturn:
        raise UsageError("error/ocr", f"{words[0]} {reason}", fix=fix, source=program, span=first)

    by_hand = f"run it by hand: {program.replace(_PLACE, path)}"
    if len(text) > LARGEST:
        fail("printed more than 64 kB", "have it print the LaTeX alone, of one derivation")
    if late:
        fail(f"was stopped after {seconds:g} seconds", by_hand)
    if process.returncode:
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
        fail(f"ended with status {process.returncode}" + (f": {last[:200]}" if last else ""), by_hand)
    try:
        found = text.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        fail(f"printed what is not UTF-8 (byte {error.start})", "have it print UTF-8")
    if not found:
        fail("printed nothing", by_hand)
    return found


def _words(program: str) -> tuple[list[str], Span]:
    """The words of a command line, and where the first stands."""
    try:
        words = shlex.split(program, posix=os.name == "posix")
    except ValueError as error:
        reason = f"the command line cannot be read: {str(error).lower()}"
        whole = Span(0, len(program))
        raise UsageError("error/ocr", reason, fix="close its quotes", source=program, span=whole) from None
    begin = len(program) - len(program.lstrip())
    end = begin + len(program[begin:].split(" ")[0])
    if not words or not any(_PLACE in word for word in words[1:]):
        raise UsageError(
            "error/ocr",
            "the command line does not say where the picture goes",
            fix=f"write {_EXAMPLE}",
            source=program,
            span=Span(end, len(program)),
        )
    return words, Span(begin, end)


def _run(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, str, bool]:
    """What a program printed, what it complained, and whether it had to be stopped."""
    printed, said = bytearray(), bytearray()

    def take(pipe: IO[bytes], into: bytearray, *, stops: bool) -> None:
        while chunk := os.read(pipe.fileno(), 8192):
            if len(into) <= LARGEST:
                into.extend(chunk)
            elif stops:
                _stop(process)
                return

    assert process.stdout is not None
    assert process.stderr is not None
    threads = [
        threading.Thread(target=take, args=(process.stdout, printed), kwargs={"stops": True}, daemon=True),
        threading.Thread(target=take, args=(process.stderr, said), kwargs={"stops": False}, daemon=True),
    ]
    for thread in threads:
        thread.start()
    late = False
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        late = True
        _stop(process)
        process.wait()
    for thread in threads:
        thread.join(1.0)  # a child of its own may hold the pipe
    for thread, pipe in zip(threads, (process.stdout, process.stderr), strict=True):
        if not thread.is_alive():
            pipe.close()
    return bytes(printed), said.decode("utf-8", "replace"), late


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    else:
        process.kill()
