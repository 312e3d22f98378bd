"""Value and gradient: whygrad against NumPy, scikit-learn's own loss, torch and JAX where installed.

All alternate in one process, so that whatever else the machine does falls on all alike; what is
reported are medians of the ratios within a round. Values and gradients are compared first.

Run: ``python benchmarks/native.py --write``, once with ``--threads 2``; needs the extras ``native`` and
``dev``, and takes torch and JAX along where it finds them.
"""

from __future__ import annotations

import argparse
import importlib
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

THREADS = int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else 1
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "WHYGRAD_THREADS"):
    os.environ[variable] = str(THREADS)  # before NumPy reads them
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np  # noqa: E402
import scipy.sparse as sparse  # noqa: E402
from sklearn._loss import (  # noqa: E402
    HalfBinomialLoss,
    HalfMultinomialLoss,
    HalfPoissonLoss,
    HalfSquaredError,
)
from sklearn.linear_model._linear_loss import LinearModelLoss  # noqa: E402

from whygrad import costs  # noqa: E402
from whygrad.backends.blocks import bind_blocks  # noqa: E402
from whygrad.backends.native.machine import machine  # noqa: E402
from whygrad.backends.native.native_backend import bind_native  # noqa: E402
from whygrad.backends.numpy_backend import numpy_source  # noqa: E402
from whygrad.syntax.cost_text import read_cost  # noqa: E402
from whygrad.train.compiled import compile_cost  # noqa: E402
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
    native = bind_native(objective.program, free, fixed, {"m": m, "n": n}, threads=THREADS)
    assert native is not None
    plain = by_numpy(objective, {**given, "delta": given["x"].dtype.type(1), "m": given["x"].dtype.type(m)})
    found: dict[str, Call] = {"whygrad": lambda: native(*at), "numpy": plain}
    if name in LOSSES:
        loss = LinearModelLoss(LOSSES[name](), fit_intercept=True)
        theta = np.r_[given["w"], given["b"]]
        found["scikit-learn"] = lambda: loss.loss_gradient(theta, given["x"], given["y"], n_threads=THREADS)
    if name == "logistic" and not hasattr(given["x"], "tocsr"):
        found |= others(given)
    return found


def others(given: dict[str, Any]) -> dict[str, Call]:
    """The logistic loss by torch and JAX, in the form each of them recommends."""
    found: dict[str, Call] = {}
    try:
        torch: Any = importlib.import_module("torch")
        torch.set_num_threads(THREADS)
        x, y = torch.from_numpy(given["x"]), torch.from_numpy(given["y"])
        w = torch.from_numpy(given["w"]).requires_grad_()
        b = torch.tensor(given["b"], requires_grad=True)
        loss = torch.nn.BCEWithLogitsLoss()

        def by_torch() -> Any:
            w.grad = b.grad = None
            value = loss(torch.mv(x, w) + b, y)
            value.backward()
            return value.item(), w.grad.numpy(), b.grad.numpy()

        found["torch"] = by_torch
    except ImportError:
        pass
    try:
        jax: Any = importlib.import_module("jax")
        jnp: Any = importlib.import_module("jax.numpy")
        jax.config.update("jax_enable_x64", True)
        xs, ys = jnp.asarray(given["x"]), jnp.asarray(given["y"])

        def cost(p: Any, c: Any) -> Any:
            z = xs @ p + c
            return jnp.mean(jax.nn.softplus(z) - ys * z)

        both = jax.jit(jax.value_and_grad(cost, argnums=(0, 1)))
        at = jnp.asarray(given["w"]), jnp.asarray(given["b"])

        def by_jax() -> Any:
            value, slopes = both(*at)
            jax.block_until_ready(slopes)
            return float(value), np.asarray(slopes[0]), np.asarray(slopes[1])

        found["JAX"] = by_jax
    except ImportError:
        pass
    return found


def sparse_calls(m: int, n: int) -> dict[str, Call]:
    """The logistic loss on 30 entries a row."""
    rng = np.random.default_rng(0)
    columns = np.sort(rng.integers(0, n, (m, 30)), axis=1).ravel().astype(np.int32)
    starts = np.arange(m + 1, dtype=np.int32) * 30
    x: Any = sparse.csr_matrix((rng.standard_normal(30 * m), columns, starts), shape=(m, n))
    y = (rng.random(m) < 0.5) * 1.0
    made = calls("logistic", {"x": x, "y": y, "w": rng.standard_normal(n) / 10, "b": np.float64(0.1)})
    made.pop("numpy")
    return made


def softmax_calls(m: int, n: int, k: int = 10) -> dict[str, Call]:
    """Softmax of k classes, by blocks of rows."""
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((m, n)), rng.integers(0, k, m)
    w, b, hot = rng.standard_normal((n, k)) / 10, np.zeros(k), np.eye(k)[labels]
    objective = Objective(read_cost(costs.text("softmax")))
    sizes = {"m": m, "n": n, "K": k}
    own = bind_blocks(objective.program, objective.names, {"x": x, "Y": hot}, sizes, threads=THREADS)
    assert own is not None
    loss = LinearModelLoss(HalfMultinomialLoss(n_classes=k), fit_intercept=True)
    theta, y = np.asfortranarray(np.c_[w.T, b]), labels.astype(float)
    return {
        "whygrad": lambda: own(w, b),
        "scikit-learn": lambda: loss.loss_gradient(theta, x, y, n_threads=THREADS),
    }


def small_call() -> dict[str, float]:
    """Microseconds of a call on 100 × 5 through the bound callable; the least of many short runs."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 5)), (rng.random(100) < 0.5) * 1.0
    bound = compile_cost(read_cost(TEXTS["logistic"]), "native", rules=False).bind(x=x, y=y)
    w, times = np.zeros(5), list[float]()
    for _ in range(400):
        began = time.perf_counter()
        for _ in range(200):
            bound(w, 0.1)
        times.append((time.perf_counter() - began) / 200 * 1e6)
    return {"least": min(times), "median": statistics.median(times)}


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
    size = 30 * m * 12 if order == "sparse" else m * n * np.dtype(kind).itemsize
    if order == "sparse":
        made = sparse_calls(m, n)
        compare(made, name, kind)
    elif name == "softmax":
        made = softmax_calls(m, n)
    else:
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
        "bytes a second": size / statistics.median(own),
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
        "# Value and gradient: one read of the data",
        "",
        "Made by `benchmarks/native.py --write` from `benchmarks/native.json`; do not edit.",
        "",
        f"{found['machine']}; {found['cores']} cores, other programs beside it.",
        "Value and gradient with an intercept; data of single precision are computed with in double",
        "precision by whygrad, in single precision by the others. Times are medians in milliseconds;",
        "factors are medians of the ratios within a round, in which all alternate. “Reads” is the time in",
        "which NumPy’s `max` goes over the same array with one thread, which is no bound. Softmax: NumPy by",
        "blocks of rows.",
        "",
    ]
    others = ("numpy", "scikit-learn", "torch", "JAX")
    for threads, part in found["threads"].items():
        lines += [
            f"## Threads: {threads} (load {part['load']:.1f})",
            "",
            "| cost | rows × columns | by, kind | whygrad | reads | "
            + " | ".join(f"× {o}" for o in others)
            + " |",
            "|---|---|---|" + "--:|" * (2 + len(others)),
        ]
        for r in part["rows"]:
            ms, ratios = r["milliseconds"], r["ratios"]
            cells = [r["cost"], f"{r['rows']:,} × {r['columns']:,}", f"{r['order']}, {r['precision']}"]
            cells += [f"{ms[k]:.1f}" if k in ms else "–" for k in ("whygrad", "read")]
            cells += [f"{ratios[k]:.2f}" if k in ratios else "–" for k in others]
            lines.append(f"| {' | '.join(cells)} |")
        cold, cached = part["compile"]["cold"], part["compile"]["cached"]
        lines += [
            "",
            f"Binding the logistic cost to data: {cold:.0f} ms when its code is new, {cached:.1f} ms",
        ]
        lines[-1] += f" from the cache. A call on 100 × 5: {part['small']['least']:.2f} µs"
        lines[-1] += f" (median {part['small']['median']:.2f})."
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Run and print, or write."""
    parser = argparse.ArgumentParser(description="Machine code against other libraries.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="the JSON and the page in docs")
    options = parser.parse_args()
    here = machine()
    if here is None:
        sys.stderr.write("needs llvmlite and a processor with vectors\n")
        return 2
    path = HERE / "native.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    part: dict[str, Any] = {"compile": compile_times(), "small": small_call(), "rows": []}
    tasks = [("logistic", m, n, "rows", "float64") for m, n in SHAPES]
    tasks += [("logistic", 1_000_000, 100, order, kind) for order, kind in OTHERS]
    tasks += [(name, 1_000_000, 100, "rows", "float64") for name in TEXTS if name != "logistic"]
    tasks += [
        ("logistic", 1_000_000, 100_000, "sparse", "float64"),
        ("softmax", 200_000, 100, "rows", "float64"),
    ]
    for task in tasks:
        part["rows"].append(row(*task, options.rounds))
        print(json.dumps(part["rows"][-1]), flush=True)
    part["load"] = os.getloadavg()[1]
    found = {
        "machine": f"{here.name}, {here.lanes} doubles a vector, {platform.system()}, NumPy {np.__version__}",
        "cores": os.cpu_count(),
        "threads": {**old.get("threads", {}), str(options.threads): part},
    }
    if options.write:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(table(found), encoding="utf-8")
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
