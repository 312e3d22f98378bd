"""Where a cost bends: found by its formulas, judged by its slopes.

A second derivative says nothing about a bend: that of the hinge loss is 0 wherever it exists. So
before a curvature is believed, each place where a formula switches is looked up on every row, and
the slope of the loss on both sides is compared. Equal: no bend (Huber). Larger after than before: a
bend of a convex loss (hinge). Smaller: the loss is not convex.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Cost, Scope
from whygrad.core.expr import Call, Compare, Expr, Index, Symbol, sub
from whygrad.core.walk import letters, names, ordered_free_indices, postorder, substitute
from whygrad.lower.lower import lower

Array = NDArray[np.float64]
Bend: TypeAlias = Literal["none", "convex", "other"]
MOST_ROWS: Final = 500
GRID: Final = np.concatenate([-np.geomspace(1e4, 1e-3, 150), [0.0], np.geomspace(1e-3, 1e4, 150)])
HALVINGS: Final = 80


def switches(e: Expr) -> Iterator[Expr]:
    """Expressions whose sign decides which formula holds within ``e``."""
    for node in postorder(e):
        match node:
            case Call("abs" | "relu" | "sign", (u,)):
                yield u
            case Call("max" | "min", (u, v)):
                yield sub(u, v)
            case Call("clip", (u, low, high)):
                yield sub(u, low)
                yield sub(u, high)
            case Call("floor", (u,)):
                yield u
            case Compare(op, (u, v)) if op not in ("and", "or", "not"):
                yield sub(u, v)
            case _:
                pass


def bend_of(
    loss: Expr,
    first: Expr,
    form: Symbol,
    row: Index,
    scope: Scope,
    given: Mapping[str, Any],
    sizes: Mapping[str, int],
) -> Bend:
    """How a loss of one linear form bends, over the rows of the data.

    Parameters
    ----------
    loss, first
        The loss and its slope, in the symbol ``form`` over ``row``.
    """
    moving = [e for e in dict.fromkeys(switches(loss)) if form.name in names(e)]
    if not moving:
        return "none"
    if any(isinstance(n, Call) and n.name in ("floor", "sign") for n in postorder(loss)):
        return "other"
    outputs = {f"switch {k}": e for k, e in enumerate(moving)} | {"slope": first}
    run = compile_numpy(lower(outputs, scope, axes=dict.fromkeys(outputs, (row,))))
    m = sizes[row.dim]

    def at(z: Array) -> dict[str, Array]:
        found = run({**given, form.name: z}, sizes)
        return {name: np.broadcast_to(value, (m,)) + 0.0 for name, value in found.items()}

    grid = [at(np.full(m, value)) for value in GRID]
    found: Bend = "none"
    for k in range(len(moving)):
        signs = np.array([np.sign(g[f"switch {k}"]) for g in grid])
        for turn in np.flatnonzero((signs[:-1] != signs[1:]).any(axis=1)):
            changes = signs[turn] != signs[turn + 1]
            jump = _jump(at, f"switch {k}", m, float(GRID[turn]), float(GRID[turn + 1]), changes)
            if jump is None:
                continue
            if jump < 0:
                return "other"
            found = "convex"
    return found


def _jump(at: Any, switch: str, m: int, low: float, high: float, changes: NDArray[np.bool_]) -> float | None:
    """The change of slope across a switch between two points, the worst over the rows; None if it is 0."""
    left, right = np.full(m, low), np.full(m, high)
    before = np.sign(at(left)[switch])
    for _ in range(HALVINGS):
        middle = (left + right) / 2
        same = np.sign(at(middle)[switch]) == before
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    # A little to both sides, so that no value taken at the switch itself is compared.
    width = 1e-9 * np.maximum(1.0, np.abs(left))
    after, until = at(right + width)["slope"], at(left - width)["slope"]
    jumps = (after - until)[changes]
    large = 1e-6 * (1 + np.maximum(np.abs(after), np.abs(until))[changes])
    bent = jumps[np.abs(jumps) > large]
    return None if not len(bent) else float(bent.min())


class Kinks:
    """Whether a point of a cost lies on a bend, where slopes are a convention."""

    def __init__(self, cost: Cost, given: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
        self.given, self.sizes = given, sizes
        moving = _dependent(cost)
        found = [e for d in cost.definitions if not d.is_function for e in switches(d.body)]
        found = [e for e in dict.fromkeys(found) if names(e) & moving]
        outputs = {f"switch {k}": _own_letters(e) for k, e in enumerate(found)}
        self.run = compile_numpy(lower(outputs, cost.scope)) if outputs else None

    def touched(self, parameters: Mapping[str, Any]) -> bool:
        """Whether some switch is at 0."""
        if self.run is None:
            return False
        found = self.run({**self.given, **parameters}, self.sizes)
        return any(bool((np.abs(value) <= 1e-12).any()) for value in found.values())


def _own_letters(e: Expr) -> Expr:
    """``e`` with its free letters renamed apart, since it left the formula that bound them."""
    avoid = set(letters(e))
    mapping: dict[Expr, Expr] = {}
    for k, index in enumerate(ordered_free_indices(e)):
        name = f"s{k}"
        while name in avoid:
            name += "s"
        mapping[index] = Index(name, index.dim)
    return substitute(e, mapping)


def _dependent(cost: Cost) -> frozenset[str]:
    """The names that depend on a parameter."""
    found = {d.name for d in cost.parameters}
    for d in cost.definitions:
        if names(d.body) & found:
            found.add(d.name)
    return frozenset(found)
