"""Calling a user's function in another process, with limits on its time and memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.core.errors import UsageError
from whygrad.interop.audit.source import Function

Array = NDArray[np.float64]
SECONDS = 60
MEMORY_BYTES = 4 << 30
MEMORY_BYTES_FRAMEWORK = 64 << 30
"""Frameworks reserve far more address space than they use."""


@dataclass(frozen=True)
class Part:
    """One array of a result."""

    name: str
    value: Array
    dtype: str


@dataclass(frozen=True)
class Answer:
    """One call's result, or its complaint."""

    parts: tuple[Part, ...] = ()
    error: str = ""
    weights_read: bool = False


def run_calls(function: Function, framework: str, calls: Sequence[dict[str, Any]]) -> list[Answer]:
    """Make the calls, all in one process.

    Raises
    ------
    UsageError
        If the file cannot be imported, or time or memory ran out.
    """
    heavy = bool(function.imports & {"torch", "jax"})
    task = {
        "path": str(function.path.resolve()),
        "function": function.name,
        "framework": framework,
        "imports": sorted(function.imports),
        "calls": list(calls),
        "search": [str(Path(p).resolve()) for p in sys.path if p],
        "seconds": SECONDS,
        "memory": MEMORY_BYTES_FRAMEWORK if heavy else MEMORY_BYTES,
    }
    with tempfile.TemporaryDirectory() as folder:
        given, taken = Path(folder, "task.json"), Path(folder, "answer.json")
        given.write_text(json.dumps(task), encoding="utf-8")
        status = _run([sys.executable, str(Path(__file__).with_name("runner.py")), str(given), str(taken)],
                      function.path.resolve().parent)  # fmt: skip
        if not taken.is_file():
            raise UsageError(
                "error/audit",
                f"{function.name} did not come to an end within {SECONDS} s and its memory ({status})",
                fix="audit a function that takes arrays and returns at once",
            )
        whole = json.loads(taken.read_text(encoding="utf-8"))
    if "error" in whole:
        raise UsageError(
            "error/audit",
            f"{function.path} cannot be run: {whole['error']}",
            fix="audit it with the Python that has what it imports",
        )
    return [_answer(row) for row in whole["results"]]


def _run(command: list[str], folder: Path) -> str:
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return f"status {process.wait(SECONDS)}"
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "stopped"


def _answer(row: dict[str, Any]) -> Answer:
    if "error" in row:
        return Answer(error=str(row["error"]))
    parts = tuple(
        Part(p["name"], np.array(p["data"], dtype=np.float64).reshape(p["shape"]), p["dtype"])
        for p in row["parts"]
        if p["dtype"] != "none"
    )
    return Answer(parts, weights_read="weight" in row["asked"])
