"""Value and gradient of dense costs: machine code against NumPy and scikit-learn's own loss, one thread.

The three alternate in one process, so that whatever else the machine does falls on all alike; what is
reported are medians of the ratios within a round. Values and gradients are compared first.

Run: ``OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/native.py --write``; needs the extras
``native`` and ``dev``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy reads them

import numpy as np  # noqa: E402
from sklearn._loss import HalfBinomialLoss, HalfPoissonLoss, HalfSquaredError  # noqa: E402
from sklearn.linear_model._linear_loss import LinearModelLoss  # noqa: E402

from whygrad import costs  # noqa: E402
from whygrad.backends.native.machine import machine  # noqa: E402
from whygrad.backends.native.native_backend import bind_native  # noqa: E402
from whygrad.backends.numpy_backend import numpy_source  # noqa: E402
from whygrad.syntax.cost_text import read_cost  # noqa: E402
from whygrad.train.objective import Objective  # noqa: E402

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "docs" / "benchmarks-native.md"
CUSTOM = """data x[i,j], y[i]
param w[j], b
r[i] = y[i] - sum_j w[j] x[i,j] - b
J = mean_i log(1 + r[i]^2 / 4)"""
TEXTS = {name: costs.text(name) for name in ("logistic", "poisson", "huber", "linear")} | {"typed in": CUSTOM}
LOSSES = {"logistic": HalfBinomialLoss, "poisson": HalfPoissonLoss, "linear": HalfSquaredError}
SHAPES = ((1_000_000, 100), (200_000, 500), (100_000, 50))
OTHERS = (("columns", "float64"), ("rows", "float32"), ("columns", "float32"))
Call = Callable[[], Any]


def data(name: str, m: int, n: int, order: str, kind: str) -> dict[str, Any]:
    """Data and parameters at which nothing is extreme."""
    rng = np.random.default_rng(m + n)
    x = np.empty((m, n), order="C" if order == "rows" else "F", dtype=kind)
    for start in range(0, m, 100_000):
        part = x[start : start + 100_000]
        part[...] = rng.standard_normal(part.shape)
    w = rng.standard_normal(n) / np.sqrt(n)
    y = (rng.random(m) < 0.5) * 1.0 if name == "logistic" else np.floor(rng.exponential(1.5, m))
    return {"x": x, "y": y.astype(kind), "w": w.astype(kind), "b": x.dtype.type(0.1)}


def calls(name: str, given: dict[str, Any]) -> dict[str, Call]:
    """The same value and gradient by each."""
    objective = Objective(read_cost(TEXTS[name]))
    m, n = given["x"].shape
    fixed = {"x": given["x"], "y": given["y"], "delta": 1.0}
    free, at = objective.names, [given[p] for p in objective.names]
    native = bind_native(objective.program, free, fixed, {"m": m, "n": n}, threads=1)
    assert native is not None
    plain = by_numpy(objective, {**given, "delta": given["x"].dtype.type(1), "m": given["x"].dtype.type(m)})
    found: dict[str, Call] = {"whygrad": lambda: native(*at), "numpy": plain}
    if name in LOSSES:
        loss = LinearModelLoss(LOSSES[name](), fit_intercept=True)
        theta = np.r_[given["w"], given["b"]]
        found["scikit-learn"] = lambda: loss.loss_gradient(theta, given["x"], given["y"], n_threads=1)
    return found


def by_numpy(objective: Objective, given: dict[str, Any]) -> Call:
    """The NumPy source that is shown to people, in the precision of the data."""
    source, space = numpy_source(objective.program), dict[str, Any]()
    exec(compile(source, "numpy", "exec"), space)
    names = source.split("def evaluate(", 1)[1].split(")", 1)[0].split(", ")
    words = [given[name] for name in names]
    return lambda: space["evaluate"](*words)


def compare(made: dict[str, Call], name: str, kind: str) -> None:
    """Refuse to time what is not equal, to the precision of the others."""
    loose = 1e-11 if kind == "float64" else 1e-4
    value, w, b = made["whygrad"]()
    for other in set(made) - {"whygrad"}:
        got = made[other]()
        slope = np.r_[got[1], got[2]] if len(got) == 3 else got[1]
        # scikit-learn leaves out a constant of the Poisson loss, so gradients are what is compared.
        assert np.allclose(np.r_[w, b], slope, rtol=100 * loose, atol=loose), (name, other)
        assert name == "poisson" or np.isclose(value, got[0], rtol=loose), (name, other)


def rounds(made: dict[str, Call], count: int) -> dict[str, list[float]]:
    """Seconds of each call, one after the other, the first round thrown away."""
    found: dict[str, list[float]] = {name: [] for name in made}
    for turn in range(count + 1):
        for name, call in made.items():
            began = time.perf_counter()
            call()
            if turn:
                found[name].append(time.perf_counter() - began)
    return found


def bandwidth(x: Any) -> Call:
    """Reading an array once, as fast as NumPy sums it in blocks that stay in the cache."""
    flat = x.ravel(order="K")
    blocks = [flat[k : k + (1 << 15)] for k in range(0, len(flat), 1 << 15)]
    return lambda: [block.max() for block in blocks]


def row(name: str, m: int, n: int, order: str, kind: str, count: int) -> dict[str, Any]:
    """One line of the table."""
    given = data(name, m, n, order, kind)
    made = calls(name, given)
    compare(made, name, kind)
    made["read"] = bandwidth(given["x"])
    seconds = rounds(made, count if m * n > 10**7 else 10 * count)
    own = seconds["whygrad"]
    ratios = {
        other: statistics.median(b / a for a, b in zip(own, seconds[other], strict=True))
        for other in seconds
        if other != "whygrad"
    }
    return {
        "cost": name,
        "rows": m,
        "columns": n,
        "order": order,
        "precision": kind,
        "milliseconds": {k: 1000 * statistics.median(v) for k, v in seconds.items()},
        "ratios": ratios,
        "bytes a second": given["x"].nbytes / statistics.median(own),
    }


def compile_times() -> dict[str, float]:
    """Milliseconds to bind the logistic cost: code written, compiled and kept; and from the cache."""
    given = {"x": np.ones((8, 3)), "y": np.ones(8)}
    program, free = (made := Objective(read_cost(TEXTS["logistic"]))).program, made.names
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        machine()
        for word in ("cold", "cached"):
            began = time.perf_counter()
            bind_native(program, free, given, {"m": 8, "n": 3})
            found[word] = 1000 * (time.perf_counter() - began)
        del os.environ["XDG_CACHE_HOME"]
    return found


def table(found: dict[str, Any]) -> str:
    """The page, made from the numbers."""
    lines = [
        "# One pass over rows: machine code",
        "",
        "Made by `benchmarks/native.py --write` from `benchmarks/native.json`; do not edit.",
        "",
        f"{found['machine']}; {found['cores']} cores, other programs beside it (load {found['load']:.0f}).",
        "One thread, value and gradient with an intercept; data of single precision are computed with in",
        "double precision by whygrad, in single precision by the others. Times are",
        "medians in milliseconds; factors are medians of the ratios within a round, in which all alternate.",
        "“Reads” is the time in which NumPy’s `max` goes over the same array, which is no bound.",
        "",
        "| cost | rows × columns | by, kind | whygrad | numpy | scikit-learn | reads | × numpy "
        "| × scikit-learn |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for r in found["rows"]:
        ms, ratios = r["milliseconds"], r["ratios"]
        cells = [r["cost"], f"{r['rows']:,} × {r['columns']}", f"{r['order']}, {r['precision']}"]
        cells += [f"{ms[k]:.1f}" if k in ms else "–" for k in ("whygrad", "numpy", "scikit-learn", "read")]
        cells += [f"{ratios[k]:.2f}" if k in ratios else "–" for k in ("numpy", "scikit-learn")]
        lines.append(f"| {' | '.join(cells)} |")
    cold, cached = found["compile"]["cold"], found["compile"]["cached"]
    lines += ["", f"Binding the logistic cost to data: {cold:.0f} ms when its code is new, "]
    lines[-1] += f"{cached:.1f} ms from the cache."
    return "\n".join([*lines, ""])


def main() -> int:
    """Run and print, or write."""
    parser = argparse.ArgumentParser(description="Machine code against NumPy and scikit-learn.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="the JSON and the page in docs")
    options = parser.parse_args()
    here = machine()
    if here is None:
        sys.stderr.write("needs llvmlite and a processor with vectors\n")
        return 2
    found: dict[str, Any] = {
        "machine": f"{here.name}, {here.lanes} doubles a vector, {platform.system()}, NumPy {np.__version__}",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "compile": compile_times(),
        "rows": [],
    }
    tasks = [("logistic", m, n, "rows", "float64") for m, n in SHAPES]
    tasks += [("logistic", 1_000_000, 100, order, kind) for order, kind in OTHERS]
    tasks += [(name, 1_000_000, 100, "rows", "float64") for name in TEXTS if name != "logistic"]
    for task in tasks:
        found["rows"].append(row(*task, options.rounds))
        print(json.dumps(found["rows"][-1]), flush=True)
    if options.write:
        (HERE / "native.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(table(found), encoding="utf-8")
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
