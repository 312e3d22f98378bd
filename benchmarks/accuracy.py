"""Errors of each loss of the gallery and of its slope, in units in the last place, against 50 digits.

A row's loss is the cost of that row alone, with x = z, w = 1, b = 0: the program that is fitted, by machine
code and by NumPy. The reference is the cost as it is written, naive as it may be, in ball arithmetic of as
many bits as it takes. Points: |z| up to 1e4 in all magnitudes.

And the naive formula in single precision on 100,000 × 50 normal data, beside torch and JAX where they are
installed: whether any result is not a number.

Run: ``python benchmarks/accuracy.py --write``; needs the extra ``native``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb, ctx

from whygrad import costs
from whygrad.backends.native.native_backend import bind_native
from whygrad.backends.numpy_backend import binder
from whygrad.core.cost import Cost
from whygrad.core.expr import Expr, Symbol
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.enclose import enclose
from whygrad.meaning.sample import Point
from whygrad.meaning.to_index import cost_to_index
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "docs" / "benchmarks-accuracy.md"
BITS = (192, 2048, 40_000)
"""Precisions tried in turn: 1 − σ(−10⁴) needs more than 14,000 bits to be told from 1."""
NAIVE = """data x[i,j], y[i] in {0,1}
param w[j], b
z[i] = sum_j w[j] x[i,j] + b
f[i] = 1 / (1 + exp(-z[i]))
J = mean_i (-(y[i] log f[i] + (1 - y[i]) log(1 - f[i])))"""
TARGETS = {"poisson": (0, 1, 3), "negative-binomial": (0, 1, 3), "gamma": (0.5, 2), "tweedie": (0.0, 2.0)}
CONSTANTS = {"p": 1.5}


def points(count: int) -> np.ndarray:
    """Values of z."""
    rng = np.random.default_rng(0)
    size = np.concatenate(
        [np.exp(rng.uniform(-40, math.log(1e4), count // 2)), rng.uniform(0, 1e4, count // 4)]
    )
    near = rng.uniform(0, 40, count - len(size))
    return np.concatenate([size, near]) * rng.choice([-1.0, 1.0], count)


def usable(cost: Cost) -> bool:
    """Whether it is a loss of x·w + b and one target."""
    kinds = {d.name: d.dims for d in cost.declarations if d.kind == "data"}
    parameters = [d.dims for d in cost.parameters]
    one = len(kinds) == 2 and "x" in kinds and sorted(map(len, parameters)) == [0, 1]
    return one and [len(v) for k, v in kinds.items() if k != "x"] == [1]


def exact(e: Expr, cost: Cost, given: dict[str, float]) -> arb | None:
    """The value of an expression, to 50 digits or to 1e-400."""
    values: dict[Any, Fraction] = {}
    for d in cost.declarations:
        values[d.name, (1,) * len(d.dims)] = Fraction(given[d.name])
    point = Point(values, dict.fromkeys((dim for d in cost.declarations for dim in d.dims), 1), {})
    for bits in BITS:
        with ctx.workprec(bits):
            found = enclose(e, cost.scope, point, bits)
            if found is None or not found.is_finite():
                continue
            if found.rad() <= abs(found.mid()) * arb(10) ** -50 or found.rad() < arb(10) ** -400:
                return found
    return None


def by_margin(z: float, y: float) -> tuple[arb, arb]:
    """Loss and slope of the logistic cost from the margin: 300 bits do, where the text needs thousands."""
    with ctx.workprec(300):
        margin = arb(z if y == 0 else -z)
        share = 1 / (1 + (-margin).exp())
        return margin.exp().log1p(), share if y == 0 else -share


def error(found: float, wanted: arb) -> float:
    """In units in the last place of the exact value."""
    with ctx.workprec(300):
        unit = math.ulp(abs(float(wanted.mid())))
        if not math.isfinite(found):
            return math.inf if abs(float(wanted.mid())) < 1e308 else 0.0
        return abs(float((arb(found) - wanted).mid() / arb(unit)))


def constants_of(cost: Cost) -> dict[str, float]:
    """A value for each constant; no penalty."""
    constants = {
        d.name: CONSTANTS.get(d.name, 0.25 if d.domains else 1.0)
        for d in cost.declarations
        if d.kind == "const"
    }
    return {k: (0.0 if k == "lambda" else v) for k, v in constants.items()}


def row(name: str, count: int) -> dict[str, Any] | None:
    """One line of the table; None where the cost is not of that form."""
    text = costs.text(name)
    cost = read_cost(text)
    if not usable(cost):
        return None
    target = next(d for d in cost.declarations if d.kind == "data" and d.name != "x")
    labels = [float(v) for v in target.values] or [float(v) for v in TARGETS.get(name, (0.5, -1.25))]
    if not target.values and target.low is not None and target.low >= 0 and name not in TARGETS:
        labels = [0.5, 2.0]
    constants = constants_of(cost)
    objective, indexed = Objective(cost), cost_to_index(cost)
    goal = Symbol(cost.goal)
    offset = next(d.name for d in cost.parameters if not d.dims)
    weight = next(d.name for d in cost.parameters if d.dims)
    slope = derivative(goal, Symbol(offset), indexed.scope)
    names = list(objective.names)
    theta = [np.ones(1) if n == weight else 0.0 for n in names]
    worst: dict[str, list[tuple[float, float, float]]] = {}
    zs = points(count)
    unknown = 0
    for y in labels:
        x, ys = np.zeros((1, 1)), np.array([y])
        given: dict[str, Any] = {"x": x, target.name: ys, **constants}
        sizes = dict.fromkeys((d for e in cost.declarations for d in e.dims), 1)
        ways = {
            "native": bind_native(objective.program, names, given, sizes),
            "numpy": binder(objective.program, names)(given, sizes),  # sees what x becomes, as the other does
        }
        for z in zs[:: len(labels)] if len(zs) > 20_000 else zs:
            x[0, 0] = z
            at = {"x": float(z), target.name: y, weight: 1.0, offset: 0.0, **constants}
            if name == "logistic":
                value, steep = by_margin(float(z), y)
            else:
                value, steep = (exact(e, indexed, at) for e in (goal, slope))
            if value is None or steep is None:
                unknown += 1
                continue
            with np.errstate(all="ignore"):
                for way, made in ways.items():
                    if made is None:
                        continue
                    found = made(*theta)
                    own = float(found[1 + names.index(offset)])
                    for what, a, b in (("loss", float(found[0]), value), ("slope", own, steep)):
                        size = abs(float(b.mid()))
                        if size < 1e308 and (size == 0 or size > 1e-300):
                            worst.setdefault(f"{way} {what}", []).append((error(a, b), float(z), y))
    return {
        "cost": name,
        "points": len(zs),
        "labels": labels,
        "undecided": unknown,
        "worst": {k: max(v) for k, v in worst.items()},
        "median": {k: float(np.median([e for e, _, _ in v])) for k, v in worst.items()},
    }


def naive() -> dict[str, str]:
    """How many entries of the gradient of the textbook's formula are not numbers, in single precision."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100_000, 50)).astype(np.float32)
    w = np.full(50, 3.0, dtype=np.float32)  # z reaches ±90: exp overflows there in single precision
    y = (rng.random(100_000) < 0.5).astype(np.float32)
    objective = Objective(read_cost(NAIVE))
    sizes = {"m": 100_000, "n": 50}
    found: dict[str, str] = {}

    def told(parts: list[Any]) -> str:
        flat = np.concatenate([np.ravel(np.asarray(p, dtype=np.float64)) for p in parts])
        return f"{int((~np.isfinite(flat)).sum())} of {len(flat)}"

    given = {"x": x, "y": y}
    theta = [w, np.float32(0)]
    made = bind_native(objective.program, objective.names, given, sizes)
    if made is not None:
        found["whygrad, machine code"] = told(list(made(*theta)[1:]))
    plain = binder(objective.program, objective.names)(given, sizes)
    found["whygrad, NumPy"] = told(list(plain(*theta)[1:]))
    try:
        torch: Any = importlib.import_module("torch")
        tw, tb = torch.tensor(w, requires_grad=True), torch.zeros((), requires_grad=True)
        f = 1 / (1 + torch.exp(-(torch.tensor(x) @ tw + tb)))
        ty = torch.tensor(y)
        (-(ty * torch.log(f) + (1 - ty) * torch.log(1 - f))).mean().backward()
        found["torch"] = told([tw.grad.numpy(), tb.grad.numpy()])
    except ImportError:
        pass
    try:
        jax: Any = importlib.import_module("jax")
        jnp: Any = importlib.import_module("jax.numpy")

        def j(p: Any, b: Any) -> Any:
            f = 1 / (1 + jnp.exp(-(x @ p + b)))
            return (-(y * jnp.log(f) + (1 - y) * jnp.log(1 - f))).mean()

        found["JAX"] = told(list(jax.grad(j, argnums=(0, 1))(jnp.asarray(w), jnp.float32(0))))
    except ImportError:
        pass
    return found


def table(found: dict[str, Any]) -> str:
    """The page, made from the numbers."""
    lines = [
        "# How exact losses and slopes are",
        "",
        "Made by `benchmarks/accuracy.py --write` from `benchmarks/accuracy.json`; do not edit.",
        "",
        "Largest errors in units in the last place (medians in brackets), against the cost as it is written,",
        "in ball arithmetic to 50 digits, at points |z| ≤ 1e4 in all magnitudes, for each label named.",
        "The logistic cost’s reference is its margin form in ball arithmetic.",
        "“inf”: overflow on the way to a finite result. Results below 1e-300 and above 1e308 are left out.",
        "",
        "| cost | points | labels | native: loss | slope | NumPy: loss | slope |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    for r in found["rows"]:
        cells = [r["cost"], f"{r['points']:,}", ", ".join(f"{v:g}" for v in r["labels"])]
        for key in ("native loss", "native slope", "numpy loss", "numpy slope"):
            known = key in r["worst"]
            cells.append(f"{r['worst'][key][0]:.3g} ({r['median'][key]:.2f})" if known else "–")
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## The naive formula in single precision", ""]
    lines += ["−(y log f + (1 − y) log(1 − f)), f = 1/(1 + e^−z), on 100,000 × 50 normal data with w = 3:"]
    lines += ["gradient entries that are not finite numbers.", "", "| | not finite |", "|---|--:|"]
    lines += [f"| {k} | {v} |" for k, v in found["naive"].items()]
    return "\n".join([*lines, ""])


def main() -> int:
    """Run and print, or write."""
    parser = argparse.ArgumentParser(description="Errors in units in the last place.")
    parser.add_argument("--points", type=int, default=2000, help="of each cost but the logistic one")
    parser.add_argument("--many", type=int, default=100_000, help="of the logistic one")
    parser.add_argument("--only", nargs="*", default=list(costs.names()))
    parser.add_argument("--write", action="store_true", help="the JSON and the page in docs")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in options.only:
        found = row(name, options.many if name == "logistic" else options.points)
        if found is not None:
            rows.append(found)
            print(json.dumps(found), flush=True)
    whole = {"rows": rows, "naive": naive()}
    if options.write:
        (HERE / "accuracy.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(table(whole), encoding="utf-8")
    print(table(whole))
    return 0


if __name__ == "__main__":
    sys.exit(main())
