"""Logistic regression with a ridge, fitted to the same distance from the minimum: whygrad and scikit-learn.

For each solver of scikit-learn the loosest tolerance is looked for with which its objective is within
1e-8 of the least that anyone found, relative to it. Then all fits alternate; what is reported are
medians of the ratios within a round, of wall time and of processor time.

Run: ``python benchmarks/fits.py --write``; needs the extras ``native`` and ``dev``. ``--threads 2``
gives every library two.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "1"
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "WHYGRAD_THREADS"):
    os.environ[variable] = THREADS  # before NumPy reads them

import numpy as np  # noqa: E402
import scipy.sparse as sparse  # noqa: E402
import sklearn  # noqa: E402
from sklearn.datasets import load_breast_cancer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

import whygrad as wg  # noqa: E402

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "docs" / "benchmarks-fits.md"
GAP = 1e-8
TOLERANCES = [10.0**-k for k in range(1, 13)]
DENSE = ("newton-cholesky", "lbfgs")
SPARSE = ("newton-cg", "lbfgs", "liblinear")
TASKS: dict[str, tuple[str, int, int]] = {
    "normal": ("normal", 1_000_000, 50),
    "normal, wide": ("normal", 100_000, 500),
    "heavy tails": ("heavy", 500_000, 50),
    "ill-conditioned": ("ill", 500_000, 50),
    "1% positive": ("rare", 500_000, 50),
    "nearly separable": ("near", 500_000, 50),
    "sorted by label": ("sorted", 500_000, 50),
    "sparse, 30 a row": ("sparse", 200_000, 50_000),
    "breast cancer": ("cancer", 569, 30),
}
Fit = Callable[[], tuple[np.ndarray, float]]


def data(kind: str, m: int, n: int) -> tuple[Any, np.ndarray]:
    """Rows and labels."""
    rng = np.random.default_rng(m + n)
    if kind == "cancer":
        x, y = load_breast_cancer(return_X_y=True)
        return np.ascontiguousarray((x - x.mean(axis=0)) / x.std(axis=0)), y.astype(float)
    if kind == "sparse":
        chance = 1 / (1.0 + np.arange(n)) ** 0.7
        columns = rng.choice(n, size=(m, 30), p=chance / chance.sum()).astype(np.int32)
        columns.sort(axis=1)
        starts = np.arange(m + 1, dtype=np.int32) * 30
        x: Any = sparse.csr_matrix((np.ones(30 * m), columns.ravel(), starts), shape=(m, n))
        x.sum_duplicates()
        return x, (rng.random(m) < 1 / (1 + np.exp(-(x @ rng.normal(size=n)) / 3))) * 1.0
    x = rng.normal(size=(m, n))
    z = x @ rng.normal(size=n) / np.sqrt(n)
    z = {"rare": z - 5.2, "near": 20 * z}.get(kind, z)
    if kind == "heavy":
        x *= np.exp(rng.normal(size=m))[:, None]
    y = (rng.random(m) < 1 / (1 + np.exp(-z))) * 1.0
    if kind == "ill":
        x *= np.exp(3 * rng.normal(size=n))
        x[:, 1] = x[:, 0] + 1e-3 * x[:, 1]
    if kind == "sorted":
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    return x, y


def objective(x: Any, y: np.ndarray, w: np.ndarray, b: float) -> float:
    """The cost, written out."""
    z = x @ w + b
    return float(np.mean(np.logaddexp(0, z) - y * z) + w @ w / (2 * len(y)))


def by_whygrad(x: Any, y: np.ndarray) -> Fit:
    """Our fit, from the arrays to the parameters, the checks of the data and the derivation included."""

    def run() -> tuple[np.ndarray, float]:
        cost = wg.load_cost("logistic-l2", constants={"lambda": 1.0})
        found = wg.fit(cost, (x, y))
        assert found.converged, found.reason
        return found.parameters["w"], float(found.parameters["b"])

    return run


def by_sklearn(x: Any, y: np.ndarray, solver: str, tolerance: float) -> Fit:
    """The same by scikit-learn."""

    def run() -> tuple[np.ndarray, float]:
        more = {"intercept_scaling": 1e3} if solver == "liblinear" else {}
        made = LogisticRegression(C=1.0, solver=solver, tol=tolerance, max_iter=5000, **more).fit(x, y)
        return made.coef_[0], float(made.intercept_[0])

    return run


def loosest(x: Any, y: np.ndarray, solver: str, least: float, limit: float) -> Fit | None:
    """The fit with the loosest tolerance that comes near enough, or None where it takes too long."""
    began = time.perf_counter()
    for tolerance in TOLERANCES:
        fit = by_sklearn(x, y, solver, tolerance)
        if objective(x, y, *fit()) - least <= GAP * abs(least):
            return fit
        if time.perf_counter() - began > limit:
            return None
    return None


def row(name: str, count: int, limit: float) -> dict[str, Any]:
    """One line of the table."""
    kind, m, n = TASKS[name]
    x, y = data(kind, m, n)
    fits: dict[str, Fit] = {"whygrad": by_whygrad(x, y)}
    own = objective(x, y, *fits["whygrad"]())
    best = objective(x, y, *by_sklearn(x, y, "newton-cg" if kind == "sparse" else "newton-cholesky", 1e-10)())
    least = min(own, best)
    for solver in SPARSE if kind == "sparse" else DENSE:
        found = loosest(x, y, solver, least, limit)
        if found is not None:
            fits[solver] = found
    wall: dict[str, list[float]] = {k: [] for k in fits}
    busy: dict[str, list[float]] = {k: [] for k in fits}
    for _ in range(count if m > 1000 else 10 * count):
        for key, fit in fits.items():
            w, c = time.perf_counter(), time.process_time()
            fit()
            wall[key].append(time.perf_counter() - w)
            busy[key].append(time.process_time() - c)

    def ratios(times: dict[str, list[float]]) -> dict[str, float]:
        pairs = {k: zip(v, times["whygrad"], strict=True) for k, v in times.items() if k != "whygrad"}
        return {k: statistics.median(a / b for a, b in v) for k, v in pairs.items()}

    return {
        "data": name,
        "rows": m,
        "columns": n,
        "gap": (own - least) / abs(least),
        "seconds": {k: statistics.median(v) for k, v in wall.items()},
        "ratios": ratios(wall),
        "busy ratios": ratios(busy),
    }


def from_start() -> float:
    """Seconds from the start of a process to a fit of 100,000 × 20, the data made beforehand."""
    path = HERE / ".start.npz"
    x, y = data("normal", 100_000, 20)
    np.savez(path, x=x, y=y)
    code = (
        "import numpy as np, whygrad as wg\n"
        f"d = np.load({str(path)!r})\n"
        "f = wg.fit(wg.load_cost('logistic-l2', constants={'lambda': 1}), (d['x'], d['y']))\n"
        "assert f.converged"
    )
    found: list[float] = []
    for _ in range(6):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        found.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(found[1:])


def table(found: dict[str, Any]) -> str:
    """The page, made from the numbers."""
    lines = [
        "# Fits to the same distance from the minimum",
        "",
        "Made by `benchmarks/fits.py --write` from `benchmarks/fits.json`; do not edit.",
        "",
        "Logistic regression with a ridge, λ = 1. Each solver of scikit-learn has the loosest tolerance with",
        "which its objective is within 1e-8 of the least found, relative to it; “–” where none was found in",
        f"{found['limit']:.0f} s. Factors: how many times whygrad’s time, medians of the ratios within a",
        "round, in which all alternate; in brackets by processor time. scikit-learn "
        + f"{found['sklearn']}; the checks",
        "of the data are included for both. whygrad keeps the derivation between the rounds.",
        "",
    ]
    for threads, part in found["threads"].items():
        lines += [
            f"## Threads: {threads}" + f" (load {part['load']:.1f} on {found['cores']} cores)",
            "",
            "| data | rows × columns | whygrad, s | × newton | × lbfgs (default) | × liblinear | gap |",
            "|---|---|--:|--:|--:|--:|--:|",
        ]
        for r in part["rows"]:
            newton = "newton-cg" if r["data"].startswith("sparse") else "newton-cholesky"
            cells = [r["data"], f"{r['rows']:,} × {r['columns']:,}", f"{r['seconds']['whygrad']:.3f}"]
            for solver in (newton, "lbfgs", "liblinear"):
                known = solver in r["ratios"]
                cells.append(f"{r['ratios'][solver]:.1f} ({r['busy ratios'][solver]:.1f})" if known else "–")
            cells.append(f"{r['gap']:.0e}")
            lines.append(f"| {' | '.join(cells)} |")
        lines += [
            "",
            f"From the start of a process to a fit of 100,000 × 20: {part['start'] * 1e3:.0f} ms.",
            "",
        ]
    return "\n".join(lines)


def main() -> int:
    """Run and print, or write."""
    parser = argparse.ArgumentParser(description="Fits against scikit-learn.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds to look for a tolerance")
    parser.add_argument("--only", nargs="*", default=list(TASKS))
    parser.add_argument("--write", action="store_true", help="the JSON and the page in docs")
    options = parser.parse_args()
    path = HERE / "fits.json"
    old: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"threads": {}}
    rows: list[dict[str, Any]] = []
    for name in options.only:
        rows.append(row(name, options.rounds, options.limit))
        print(json.dumps(rows[-1]), flush=True)
    done = {r["data"] for r in rows}
    kept = [r for r in old["threads"].get(options.threads, {}).get("rows", []) if r["data"] not in done]
    order = list(TASKS)
    rows = sorted([*kept, *rows], key=lambda r: order.index(r["data"]))
    part = {"load": os.getloadavg()[1], "rows": rows, "start": from_start()}
    found = {"cores": os.cpu_count(), "sklearn": sklearn.__version__, "limit": options.limit, **old}
    found["threads"] = {**old["threads"], options.threads: part}
    if options.write:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(table(found), encoding="utf-8")
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
