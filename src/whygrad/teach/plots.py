"""A function of one variable and its derivative as points, for a curve drawn by whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from whygrad.core.cost import Scope
from whygrad.core.expr import Call, Expr, Symbol
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.enclose import enclose
from whygrad.meaning.sample import Point

_REACH = 6
_STEPS = 120
_JUMP = 0.3
"""Neighbours further apart than this stand on two sides of a jump."""
VARIABLE = Symbol("z")
"""What a function is a function of, where it is drawn."""
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Pieces of the two curves, unbroken each, and where the derivative is largest."""

    name: str
    curve: tuple[Points, ...]
    slope: tuple[Points, ...]
    steepest: tuple[float, float]

    @property
    def low(self) -> float:
        """The least height shown."""
        return min(y for piece in (*self.curve, *self.slope) for _, y in piece)

    @property
    def high(self) -> float:
        """The greatest height shown."""
        return max(y for piece in (*self.curve, *self.slope) for _, y in piece)


@lru_cache(maxsize=64)
def plot(name: str) -> Plot:
    """A function's curve from −6 to 6, and its derivative's, evaluated by the judge's own arithmetic.

    Examples
    --------
    >>> plot("sigmoid").steepest
    (0.0, 0.25)
    """
    u = Symbol("u")
    body = Call(name, (u,))
    scope = Scope()
    curve = _values(body, scope)
    slope = _values(derivative(body, u, scope), scope)
    top = max(slope, key=lambda p: (p[1], -abs(p[0])))
    return Plot(name, _pieces(curve), _pieces(slope), top)


def _values(e: Expr, scope: Scope) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for k in range(_STEPS + 1):
        x = Fraction(2 * _REACH * k, _STEPS) - _REACH
        found = enclose(e, scope, Point({("u", ()): x}, {}, {}), 64)
        if found is not None:
            out.append((float(x), round(float(found.mid()), 5)))
    return out


def _pieces(points: list[tuple[float, float]]) -> tuple[Points, ...]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if pieces[-1] and abs(point[1] - pieces[-1][-1][1]) > _JUMP:
            pieces.append([])
        pieces[-1].append(point)
    return tuple(tuple(piece) for piece in pieces if len(piece) > 1)
