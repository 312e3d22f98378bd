"""Numbers between which a second derivative lies, as the engine proves them."""

from __future__ import annotations

from fractions import Fraction

from whygrad.core.cost import Scope
from whygrad.core.expr import Expr
from whygrad.engine.convexity import span_by_labels


def bounds(e: Expr, scope: Scope) -> tuple[Fraction | None, Fraction | None]:
    """Numbers between which a formula lies for all values of what it holds; None where there is none.

    Examples
    --------
    >>> from whygrad.core.expr import ONE, Call, Symbol, mul, sub
    >>> s = Call("sigmoid", (Symbol("z"),))
    >>> bounds(mul(s, sub(ONE, s)), Scope())
    (Fraction(0, 1), Fraction(1, 4))
    """
    found = span_by_labels(e, scope)
    return found.low, found.high
