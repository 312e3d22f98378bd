"""How long a derivation with its proofs takes; beside SymPy's ``diff`` where SymPy can.

Both run in turns in one process, the better of several rounds counts, and caches of expressions are
emptied between rounds as far as the libraries allow (a new text each time for us). SymPy differentiates
and does not explain or prove: its column says what the derivative alone costs there.

Run: ``python benchmarks/derive.py`` (extra ``bench``); it writes ``benchmarks/derive.json`` and the table in
``docs/benchmarks.md``.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sympy as sp
from sympy.core.cache import clear_cache

import whygrad as wg
from whygrad import costs
from whygrad.meaning.equal import same_value
from whygrad.show.text import to_text

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
LOGISTIC = """data x[i,j], y[i] in {0,1}
param w[j], b
z[i] = sum_j w[j] x[i,j] + b
f[i] = sigmoid(z[i])
L[i] = -(y[i] log f[i] + (1 - y[i]) log(1 - f[i]))
"""
HESSIAN = "Hessian of the logistic loss"
"""The one problem of order 2."""
PROBLEMS: dict[str, tuple[str, str]] = {
    "mean of the logistic loss": (LOGISTIC + "J = mean_i L[i]", "w"),
    "the same, regularised, both sums over j": (
        "const lambda >= 0\n" + LOGISTIC + "J = mean_i L[i] + lambda/(2 m) sum_j w[j]^2",
        "w",
    ),
    "softmax, by the logits": (
        "data Y[i,k] onehot(k)\nparam z[i,k]\nP[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])\n"
        "J = -mean_i sum_k Y[i,k] log P[i,k]",
        "z",
    ),
    "softmax, by W": (
        "data x[i,j], Y[i,k] onehot(k)\nparam W[j,k]\nz[i,k] = sum_j x[i,j] W[j,k]\n"
        "P[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])\nJ = -mean_i sum_k Y[i,k] log P[i,k]",
        "W",
    ),
    "two-layer ReLU network, by W1": (
        "data X: (m, n), y: (m,)\nparam W1: (n, h), W2: (h, g), v: (g,)\n"
        "A = relu(X W1)\nB = relu(A W2)\nf = B v\nJ = 1/2 mean((f - y)^2)",
        "W1",
    ),
    HESSIAN: (LOGISTIC + "J = mean_i L[i]", "w"),
    "Poisson": (
        "data x[i,j], y[i] integer >= 0\nparam w[j]\nz[i] = sum_j w[j] x[i,j]\n"
        "J = mean_i (exp(z[i]) - y[i] z[i])",
        "w",
    ),
    "Huber": (
        "data x[i,j], y[i]\nconst d > 0\nparam w[j]\nr[i] = sum_j w[j] x[i,j] - y[i]\n"
        "J = mean_i (1/2 r[i]^2 if abs(r[i]) <= d else d (abs(r[i]) - d/2))",
        "w",
    ),
    "hinge": (
        "data x[i,j], y[i] in {-1,1}\nparam w[j]\nz[i] = sum_j w[j] x[i,j]\nJ = mean_i max(0, 1 - y[i] z[i])",
        "w",
    ),
    "log det X": ("param X: (n, n)\nJ = logdet(X)", "X"),
    "tr(A X B)": ("data A: (n, n), B: (n, n)\nparam X: (n, n)\nJ = trace(A X B)", "X"),
    "Frobenius norm": ("param X: (m, n)\nJ = norm(X)", "X"),
    "root of tr(X' X)": ("param X: (m, n)\nJ = sqrt(trace(X' X))", "X"),
    "attention, by Q": (
        "data Y: (m, v)\nparam Q: (m, d), K: (n, d), V: (n, v)\nS = Q K' / sqrt(d)\nP = softmax(S)\nO = P V\n"
        "J = 1/2 sum((O - Y)^2)",
        "Q",
    ),
    "log-sum-exp": ("param z[k]\nJ = log sum_k exp(z[k])", "z"),
}


def sympy_problems() -> dict[str, Callable[[], object]]:
    """What SymPy's ``diff`` takes: indexed sums, and the matrix expressions it knows."""
    m, n, i, j, k, q = sp.symbols("m n i j k q", integer=True, positive=True)
    w, x, y, z = (sp.IndexedBase(a) for a in "wxyz")
    lam = sp.Symbol("lambda", positive=True)
    score = sp.Sum(w[j] * x[i, j], (j, 1, n))
    f = 1 / (1 + sp.exp(-score))
    loss = -(y[i] * sp.log(f) + (1 - y[i]) * sp.log(1 - f))
    mean = sp.Sum(loss, (i, 1, m)) / m
    A, B, X = (sp.MatrixSymbol(a, n, n) for a in "ABX")
    hinge = sp.Sum(sp.Max(0, 1 - y[i] * score), (i, 1, m)) / m
    return {
        "mean of the logistic loss": lambda: sp.diff(mean, w[k]),
        HESSIAN: lambda: sp.diff(mean, w[k], w[q]),
        "the same, regularised, both sums over j": lambda: sp.diff(
            mean + lam / (2 * m) * sp.Sum(w[j] ** 2, (j, 1, n)), w[k]
        ),
        "Poisson": lambda: sp.diff(sp.Sum(sp.exp(score) - y[i] * score, (i, 1, m)) / m, w[k]),
        "hinge": lambda: sp.diff(hinge, w[k]),
        "log-sum-exp": lambda: sp.diff(sp.log(sp.Sum(sp.exp(z[k]), (k, 1, n))), z[q]),
        "tr(A X B)": lambda: sp.diff(sp.Trace(A * X * B), X),
        "log det X": lambda: sp.diff(sp.log(sp.Determinant(X)), X),
        "root of tr(X' X)": lambda: sp.diff(sp.sqrt(sp.Trace(X.T * X)), X),
    }


def timed(act: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Milliseconds of processor time of one call."""
    start = clock()
    act()
    return (clock() - start) * 1e3


def problems() -> list[dict[str, Any]]:
    """The listed problems, ours and SymPy's in turns."""

    theirs = sympy_problems()
    rows: list[dict[str, Any]] = []
    for name, (text, wrt) in PROBLEMS.items():
        ours: list[float] = []
        other: list[float] = []
        said = ""
        for n in range(ROUNDS):
            fresh = text + f"\n# {n}"
            order = 2 if name == HESSIAN else 1
            ours.append(timed(lambda fresh=fresh, wrt=wrt, order=order: wg.derive(fresh, wrt, order=order)))
            if name in theirs:
                clear_cache()
                try:
                    other.append(timed(theirs[name]))
                except (NotImplementedError, AttributeError, TypeError, ValueError) as error:
                    said = type(error).__name__
        derivation = wg.derive(text, wrt, order=order)
        last = derivation.parameters[0]
        stage = last.stages[-1]
        if order == 2:
            last = stage = derivation.hessian.blocks[0]
        form = stage.matrix if stage.matrix is not None else last.result
        rows.append(
            {
                "problem": name,
                "ms": round(min(ours), 2),
                "sympy_ms": round(min(other), 2) if other else None,
                "sympy_says": said if not other else "",
                "evidence": last.evidence.kind,
                "gradient": to_text(form, derivation.cost.scope),
            }
        )
    return rows


def gallery() -> dict[str, Any]:
    """All gallery costs by each route: median and worst."""

    out: dict[str, Any] = {}
    for route in ("chain", "substitution", "backprop"):
        best = {
            name: min(
                timed(
                    lambda name=name, n=n, route=route: wg.derive(costs.text(name) + f"\n# {n}", route=route)
                )
                for n in range(3)
            )
            for name in costs.names()
        }
        worst = max(best, key=lambda name: best[name])
        out[route] = {
            "costs": len(best),
            "median_ms": round(statistics.median(best.values()), 1),
            "worst": worst,
            "worst_ms": round(best[worst], 1),
        }
    return out


def network(depth: int, *, residual: bool) -> str:
    """A tanh network of ``depth`` layers."""
    weights = ", ".join(f"W{k}: (h, h)" for k in range(1, depth + 1))
    lines = ["data X: (m, h), Y: (m, h)", f"param {weights}"]
    last = "X"
    for k in range(1, depth + 1):
        skip = f" + {last}" if residual else ""
        lines.append(f"A{k} = tanh({last} W{k}){skip}")
        last = f"A{k}"
    return "\n".join([*lines, f"J = 1/(2 m) sum(({last} - Y)^2)"])


def growth() -> list[dict[str, Any]]:
    """One gradient (of the first layer), and all of them, as the depth grows."""

    rows: list[dict[str, Any]] = []
    for residual in (False, True):
        for depth in (3, 6, 12, 24, 48):
            text = network(depth, residual=residual)
            first = min(
                timed(lambda text=text, n=n: wg.derive(text + f"\n# {n}", "W1", route="backprop"))
                for n in range(2)
            )
            row = {"depth": depth, "residual": residual, "first_ms": round(first, 1)}
            if depth <= 24:
                row["all_ms"] = round(
                    timed(lambda text=text: wg.derive(text + "\n# all", route="backprop")), 1
                )
            rows.append(row)
    return rows


def shell(code: str) -> float:
    """Median wall time of several runs of a fresh interpreter, in milliseconds."""
    env = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
    command = [sys.executable, *code.split("\x00")]
    return statistics.median(
        timed(lambda: subprocess.run(command, env=env, check=True, capture_output=True), time.perf_counter)
        for _ in range(9)
    )


def speed() -> dict[str, float]:
    """The promises of the first release."""

    text = costs.text("logistic-l2")
    whole = min(timed(lambda n=n: wg.derive(text + f"\n# {n}")) for n in range(9))
    derivation = wg.derive(text, route="substitution")
    scope = derivation.cost.scope
    steps = [s for p in derivation.parameters for stage in p.stages for s in stage.steps if not s.minor]
    lines = [s for s in steps if s.rule.startswith(("algebra", "log"))]
    pair = max(
        (timed(lambda s=s: same_value(s.before, s.after, scope.without("none"))) for s in lines), default=0.0
    )
    empty = shell("-c\x00pass")
    return {
        "derive_logistic_l2_ms": round(whole, 1),
        "equal_lines_worst_ms": round(pair, 2),
        "import_ms": round(shell("-c\x00import whygrad") - empty, 1),
        "shell_derive_logistic_ms": round(shell("-m\x00whygrad\x00derive\x00logistic"), 1),
    }


def table(found: dict[str, Any]) -> str:
    """The page as Markdown."""
    lines = [
        "# Benchmarks of `derive`",
        "",
        f"Written by `python benchmarks/derive.py` on {found['machine']}."
        " Times are processor time (from the shell: wall time), the best of a few rounds,"
        " with all proofs; SymPy's column is `diff` alone, in the same process, in turns.",
        "",
        "| problem | gradient | lines | ms | SymPy ms |",
        "|---|---|---|---|---|",
    ]
    for r in found["problems"]:
        other = r["sympy_ms"] if r["sympy_ms"] is not None else (r["sympy_says"] or "—")
        form = r["gradient"].replace("|", "\\|")
        lines.append(f"| {r['problem']} | {form} | {r['evidence']} | {r['ms']} | {other} |")
    lines += ["", "| route | costs | median ms | worst ms | which |", "|---|---|---|---|---|"]
    for route, r in found["gallery"].items():
        lines.append(f"| {route} | {r['costs']} | {r['median_ms']} | {r['worst_ms']} | {r['worst']} |")
    lines += [
        "",
        "| tanh network | layers | gradient of the first layer, ms | of all layers, ms |",
        "|---|---|---|---|",
    ]
    for r in found["growth"]:
        kind = "with skip connections" if r["residual"] else "plain"
        lines.append(f"| {kind} | {r['depth']} | {r['first_ms']} | {r.get('all_ms', '—')} |")
    s = found["speed"]
    lines += [
        "",
        "| what | ms | wanted |",
        "|---|---|---|",
        f"| whole derivation of `logistic-l2`, with evidence | {s['derive_logistic_l2_ms']} | 20 |",
        f"| equality of two lines of its substitution, the slowest | {s['equal_lines_worst_ms']} | 2 |",
        f"| `import whygrad` | {s['import_ms']} | 80 |",
        f"| `whygrad derive logistic` from the shell | {s['shell_derive_logistic_ms']} | 300 |",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, then write both files."""

    wg.derive("softmax")  # the tables are read once
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    found = {
        "machine": machine,
        "speed": speed(),
        "problems": problems(),
        "gallery": gallery(),
        "growth": growth(),
    }
    (ROOT / "benchmarks" / "derive.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    (ROOT / "docs" / "benchmarks.md").write_text(table(found), "utf-8")


if __name__ == "__main__":
    main()
