"""What is true of two lines: the slow oracle at 50 digits, at several points and sizes."""

from __future__ import annotations

from typing import Final

from flint import arb

from whygrad.core.cost import Scope
from whygrad.core.errors import WhygradError
from whygrad.core.expr import Expr
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Sampler, draw_sizes

POINTS: Final = 3
DIGITS: Final = 50
TOLERANCE: Final = arb(10) ** -30


def same(a: Expr, b: Expr, scope: Scope) -> bool | None:
    """Whether two lines have one value; None where the oracle cannot tell."""
    sampler = Sampler((a, b), scope)
    told = 0
    for seed in range(4 * POINTS):
        try:
            point = sampler.draw(seed + 100, draw_sizes(sampler.dimensions, seed % 2))
            x, y = (evaluate(e, scope, point, DIGITS) for e in (a, b))
        except (WhygradError, ValueError, KeyError, IndexError, ArithmeticError, AssertionError):
            return None
        if not (x.is_finite() and y.is_finite()):
            continue
        scale = max(arb(1), abs(x), abs(y), key=lambda v: float(v.mid()))
        if abs(x - y) > scale * TOLERANCE:
            return False
        told += 1
        if told == POINTS:
            return True
    return None
