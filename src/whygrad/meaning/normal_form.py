"""The exact judge: one form for each value, as far as that goes.

A value is a Laurent polynomial over atoms (:mod:`whygrad.meaning.normal.atoms`). If the form of a
difference is empty, the two sides are equal wherever both are defined: a proof. A form that is not
empty proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whygrad.core.cost import Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import Apply, Expr, Partial, Size
from whygrad.core.walk import fold
from whygrad.meaning.differentiate import evaluate_partials
from whygrad.meaning.normal.atoms import (
    Atom,
    Frozen,
    Mono,
    Poly,
    atom,
    atoms_of,
    constant,
    opaque,
    plus,
)
from whygrad.meaning.normal.read import Reader
from whygrad.meaning.normal.reduction import Budget, UndefinedError
from whygrad.meaning.normal.write import expanded_expr, factored_expr
from whygrad.meaning.to_index import to_index

__all__ = [
    "Budget",
    "Normal",
    "UndefinedError",
    "expanded",
    "factored",
    "index_form",
    "normalise",
    "reader_for",
]


@dataclass(frozen=True, slots=True)
class Normal:
    """The normal form of an expression.

    Attributes
    ----------
    poly
        The Laurent polynomial.
    reader
        What made it: normal forms by one reader can be combined.
    """

    poly: Poly
    reader: Reader = field(repr=False)

    def is_zero(self) -> bool | None:
        """True: proved 0. False: a number that is not 0. None: not decided."""
        if not self.poly:
            return True
        if constant(self.poly) is not None:
            return False
        try:
            return True if vanishes(self.reader, self.poly) else None
        except (BudgetError, UndefinedError):
            return None

    def minus(self, other: Normal) -> Normal:
        """The difference of two forms by one reader."""
        return Normal(plus(self.poly, other.poly, -1), self.reader)

    @property
    def uses(self) -> tuple[str, ...]:
        """The declared facts that it rests on."""
        return tuple(sorted(self.reader.uses))


def reader_for(
    scope: Scope,
    *,
    unfold: bool = False,
    labels: bool = False,
    assumed: frozenset[Frozen] = frozenset(),
    budget: Budget | None = None,
) -> Reader:
    """What reads expressions of a scope into normal forms (see :class:`Reader`)."""
    return Reader(scope, budget or Budget(), unfold=unfold, labels=labels, assumed=assumed)


def normalise(
    e: Expr,
    scope: Scope,
    *,
    unfold: bool = False,
    labels: bool = False,
    budget: Budget | None = None,
) -> Normal:
    """Bring an expression into normal form.

    Parameters
    ----------
    e
        A scalar expression, free indices allowed.
    scope
        What its names are.
    unfold
        Whether defined names are written out; otherwise they are opaque.
    labels
        Whether names with finitely many values are known to have only these.
    budget
        Limits, counted.

    Raises
    ------
    BudgetError
        If a limit is reached.
    UndefinedError
        If a part of it is defined nowhere, as 1/0.

    Examples
    --------
    >>> from whygrad.core.expr import Call, Number, Symbol, add, neg
    >>> z = Symbol("z")
    >>> u = add(Call("sigmoid", (z,)), Call("sigmoid", (neg(z),)), Number(-1))
    >>> normalise(u, Scope()).is_zero()
    True
    """
    reader = reader_for(scope, unfold=unfold, labels=labels, budget=budget)
    return Normal(reader.read(index_form(e, scope)), reader)


def _needs_conversion(node: Expr, kids: tuple[bool, ...]) -> bool:
    return isinstance(node, Apply | Partial) or any(kids)


def index_form(e: Expr, scope: Scope) -> Expr:
    """The expression without array operations and unevaluated derivatives."""
    if not fold(e, _needs_conversion, memo="needs_conversion"):
        return e
    return to_index(evaluate_partials(e, scope), scope)


def expanded(normal: Normal) -> Expr:
    """An expression of the same value: a sum of terms, in a settled order."""
    return expanded_expr(normal.reader, normal.poly)


def factored(normal: Normal) -> Expr:
    """An expression of the same value: number, factors, denominators, in a settled order.

    Examples
    --------
    >>> from whygrad.core.expr import Number, Symbol, add, mul, neg
    >>> f, y, x = Symbol("f"), Symbol("y"), Symbol("x")
    >>> e = add(mul(f, x), neg(mul(y, x)))
    >>> factored(normalise(e, Scope())) is mul(x, add(f, mul(Number(-1), y)))
    True
    """
    return factored_expr(normal.reader, normal.poly)


# --- the zero test -------------------------------------------------------------------------------


def vanishes(reader: Reader, p: Poly, depth: int = 4) -> bool:
    """Whether the polynomial is 0: denominators cleared, then sums over one dimension joined."""
    p, _ = reader.cleared(p)
    p = without_sines(reader, p)
    if not p:
        return True
    if depth == 0:
        return False
    dims = sorted({d.dim for a in atoms_of(p) if a.kind == "sum" for d in a.data[0]})
    return any(_vanishes_joined(reader, p, dim, depth) for dim in dims)


def without_sines(reader: Reader, p: Poly) -> Poly:
    """Every sin^2 as 1 - cos^2."""
    while True:
        square = next(((m, a) for m in p for a, e in m if _is_sine(a) and e >= 2), None)
        if square is None:
            return p
        m, a = square
        factors = dict(m)
        factors[a] -= 2
        rest = reader.settle({b: e for b, e in factors.items() if e})
        cosine: Poly = {frozenset(((atom("call", "cos", a.data[1]), 2),)): 1}
        c = p[m]
        p = plus({n: d for n, d in p.items() if n is not m}, rest, c)
        p = plus(p, reader.mul(rest, cosine), -c)


def _is_sine(a: Atom) -> bool:
    return a.kind == "call" and a.data[0] == "sin"


def _vanishes_joined(reader: Reader, p: Poly, dim: str, depth: int) -> bool:
    """Write p as one sum over ``dim`` and test its body, with whatever is left over."""
    index = next(d for a in atoms_of(p) if a.kind == "sum" for d in a.data[0] if d.dim == dim)
    index = reader.fresh(index)
    (size,) = (a for m in opaque(Size(dim)) for a, _ in m)
    joined: Poly = {}
    rest: Poly = {}
    moved = 0
    for m, c in p.items():
        body = _opened(reader, m, dim, index, size)
        if body is None:
            rest[m] = c
        else:
            moved += 1
            joined = plus(joined, body, c)
    if moved < 2:
        return False
    return vanishes(reader, joined, depth - 1) and (not rest or vanishes(reader, rest, depth - 1))


def _opened(reader: Reader, m: Mono, dim: str, index: object, size: Atom) -> Poly | None:
    """The body of one term as a sum over ``index``."""
    factors = dict(m)
    sums = sorted(a for a, e in m if a.kind == "sum" and e >= 1 and e.denominator == 1)
    for a in sums:
        here = next((d for d in a.data[0] if d.dim == dim), None)
        if here is None:
            continue
        factors[a] -= 1
        if not factors[a]:
            del factors[a]
        others = tuple(d for d in a.data[0] if d is not here)
        body = reader.rename_mono(a.data[1], {here: index})  # pyright: ignore[reportArgumentType]
        body = reader.spread(others, body)
        return reader.mul(body, reader.settle(factors))
    if factors.get(size, 0) >= 1:
        factors[size] -= 1
        return reader.settle({a: e for a, e in factors.items() if e})
    return None
