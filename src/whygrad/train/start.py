"""What must be settled before the first step: constants, domains, start and rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import UsageError
from whygrad.train.domains import outside
from whygrad.train.objective import Layout

Array = NDArray[np.float64]
AUTOMATIC: Final = ("auto", "1/L")


def constants_of(cost: Cost) -> dict[str, float]:
    """The values of the constants, each given and in its domain."""
    found: dict[str, float] = {}
    for d in cost.declarations:
        if d.kind != "const":
            continue
        if d.value is None:
            raise UsageError(
                "error/usage",
                f"the constant {d.name} has no value",
                fix=f"give it one: --set {d.name}=1",
            )
        wrong = outside(d, np.asarray(float(d.value)))
        if wrong is not None:
            raise UsageError(
                "error/domain",
                f"{d.name} is declared {wrong[2]}, and --set gives {float(d.value):g}",
                fix=f"give another value: --set {d.name}=1",
            )
        found[d.name] = float(d.value)
    return found


def projection(cost: Cost, layout: Layout) -> Callable[[Array], Array] | None:
    """The map that puts a point back between the closed bounds of the parameters, if there are any."""
    low, high = np.full(layout.size, -np.inf), np.full(layout.size, np.inf)
    at = 0
    for d, shape in zip(cost.parameters, layout.shapes, strict=True):
        length = int(np.prod(shape))
        least, most = _closed_bounds(d)
        low[at : at + length] = -np.inf if least is None else float(least)
        high[at : at + length] = np.inf if most is None else float(most)
        at += length
    if np.isneginf(low).all() and np.isposinf(high).all():
        return None

    def project(theta: Array) -> Array:
        return np.minimum(np.maximum(theta, low), high)

    return project


def _closed_bounds(d: Declaration) -> tuple[Fraction | None, Fraction | None]:
    least: Fraction | None = None
    most: Fraction | None = None
    for domain in d.domains:
        open_end = (domain.low is not None and not domain.closed[0]) or (
            domain.high is not None and not domain.closed[1]
        )
        if domain.kind == "real":
            continue
        if domain.kind != "interval" or open_end:
            what = "an open interval" if domain.kind == "interval" else domain.kind
            raise UsageError(
                "error/usage",
                f"{d.name} is declared in {what}, and fit keeps parameters in closed intervals only",
                fix=f"write the cost in a free parameter, for instance exp({d.name})",
            )
        if domain.low is not None:
            least = domain.low if least is None else max(least, domain.low)
        if domain.high is not None:
            most = domain.high if most is None else min(most, domain.high)
    return least, most


def start_of(
    cost: Cost, layout: Layout, init: Mapping[str, Any] | None, convex: bool, seed: int
) -> tuple[Array, str]:
    """Where to start, and what to say about it: zeros for a convex cost, else random by seed."""
    if convex:
        parts = {n: np.zeros(s) for n, s in zip(layout.names, layout.shapes, strict=True)}
        said = ""
    else:
        parts = random_start(layout, seed)
        said = f"the cost is not known to be convex: random start, seed {seed}"
    if init is None:
        return layout.join(parts), said
    for name, value in init.items():
        if name not in layout.names:
            raise UsageError(
                "error/usage",
                f"init: {name} is not a parameter of the cost",
                fix=f"its parameters are {', '.join(layout.names)}",
            )
        shape = layout.shapes[layout.names.index(name)]
        array = np.asarray(value, dtype=float)
        if array.shape != shape:
            raise UsageError(
                "error/shape",
                f"init: {name} has shape {array.shape}, and {shape} is needed",
                fix="give an array of that shape",
            )
        parts[name] = array
    return layout.join(parts), "" if set(init) == set(layout.names) else said


def random_start(layout: Layout, seed: int) -> dict[str, Array]:
    """Normal numbers with standard deviation 1/√(first dimension)."""
    generator = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for name, shape in zip(layout.names, layout.shapes, strict=True):
        width = max(1, shape[0] if shape else 1)
        found[name] = np.asarray(generator.normal(size=shape)) / np.sqrt(width)
    return found


def checked_rate(rate: float | str | None) -> float | None:
    """The rate that was given, or None for 1/L."""
    if rate is None or (isinstance(rate, str) and rate in AUTOMATIC):
        return None
    try:
        value = float(rate)
    except ValueError:
        value = float("nan")
    if not (np.isfinite(value) and value > 0):
        raise UsageError(
            "error/usage", f"a rate is a number above 0, and {rate} is not", fix="for instance --rate 0.1"
        )
    return value


def checked_steps(steps: int | None) -> int | None:
    """The number of steps that was given."""
    if steps is not None and (isinstance(steps, bool) or int(steps) != steps or steps < 1):
        raise UsageError(
            "error/usage",
            f"the number of steps is at least 1, and {steps} is not",
            fix="for instance --steps 1000",
        )
    return None if steps is None else int(steps)
