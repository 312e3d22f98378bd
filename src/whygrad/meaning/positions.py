"""Sums over so many positions as a number says, written out: Σ_t u_t with three entries is u_1 + u_2 + u_3.

What a position decides is then decided: of cases one is left, and ``h[3]`` of a name that is given
position by position is the name of that position.
"""

from __future__ import annotations

from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import (
    ONE,
    ZERO,
    Cases,
    Compare,
    Delta,
    Expr,
    Number,
    Reduce,
    Symbol,
    add,
    mul,
)
from whygrad.core.walk import postorder, rewrite_bottom_up, size_of, substitute

LONGEST: Final = 64
"""Most positions that are written out."""

LARGEST: Final = 4000
"""Most nodes of what is written out; more is a BudgetError."""


def has_positions(e: Expr) -> bool:
    """Whether a sum in ``e`` runs over a number of positions that is written as one."""
    return any(isinstance(n, Reduce) and n.op == "sum" and n.index.dim.isdecimal() for n in postorder(e))


def by_positions(e: Expr, scope: Scope) -> Expr:
    """``e`` with such sums written out.

    Examples
    --------
    >>> from whygrad.core.expr import Index
    >>> t = Index("t", "2")
    >>> by_positions(Reduce("sum", t, Symbol("u", (t,))), Scope()) is add(
    ...     Symbol("u", (ONE,)), Symbol("u", (Number(2),)))
    True
    """

    def f(node: Expr) -> Expr:
        match node:
            case Reduce("sum", index, body, where) if index.dim.isdecimal() and int(index.dim) <= LONGEST:
                if size_of(body) * int(index.dim) > LARGEST:
                    raise BudgetError(
                        "error/not-finished",
                        "the sums are too long to be written out",
                        fix="use fewer positions",
                    )
                one = body if where is None else mul(where, body)
                terms = [substitute(one, {index: Number(k)}) for k in range(1, int(index.dim) + 1)]
                return add(*(rewrite_bottom_up(term, f) for term in terms))
            case _:
                return _decided(node, scope)

    return rewrite_bottom_up(e, f)


def _decided(e: Expr, scope: Scope) -> Expr:
    """What whole numbers as positions decide."""
    match e:
        case Compare("==", (Number(a), Number(b))) | Delta(Number(a), Number(b)):
            return ONE if a == b else ZERO
        case Cases(branches, otherwise):
            kept: list[tuple[Expr, Expr]] = []
            for condition, value in branches:
                if condition is ONE:
                    return Cases(kept, value) if kept else value
                if condition is not ZERO:
                    kept.append((condition, value))
            return Cases(kept, otherwise) if kept else otherwise
        case Symbol(name, indices) if any(isinstance(i, Number) for i in indices):
            definition = scope.definitions.get(name)
            if definition is None or not isinstance(definition.body, Cases):
                return e
            swap: dict[Expr, Expr] = dict(zip(definition.indices, indices, strict=False))
            inside = rewrite_bottom_up(substitute(definition.body, swap), lambda n: _decided_here(n))
            return inside if isinstance(inside, Symbol) else e
        case _:
            return e


def _decided_here(e: Expr) -> Expr:
    return _decided(e, Scope()) if isinstance(e, Compare | Delta | Cases) else e
