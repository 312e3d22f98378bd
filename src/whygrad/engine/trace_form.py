"""∂J/∂a of a number a inside a matrix K as it is written in matrices: 1/2 tr((K⁻¹ − α αᵀ) ∂K/∂a)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeGuard

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import Apply, Expr, Index, Mul, Number, Partial, Reduce, Symbol, mul
from whygrad.core.walk import rewrite_bottom_up, substitute
from whygrad.engine.contraction import transposed
from whygrad.engine.cotangents import has_cotangents
from whygrad.engine.matrix import NoMatrix, to_matrix
from whygrad.meaning.equal import same_value
from whygrad.meaning.to_index import to_index

SLOPE: Final = "the slope of a matrix"
"""A name that no cost can have."""


def _is_scaled(e: Expr) -> TypeGuard[Mul]:
    return isinstance(e, Mul) and len(e.factors) == 2 and isinstance(e.factors[0], Number)


def trace_form(value: Expr, upper: Symbol, summed: Sequence[Index], wrt: Symbol, scope: Scope) -> Expr | None:
    """Σ_i Σ_l ``value`` ∂K_il/∂a as a trace, the slope of K kept as one array; None if it is none.

    Proved with a free array in the place of the slope.
    """
    pair = upper.indices
    if wrt.indices or len(pair) != 2 or set(summed) != set(pair) or has_cotangents(value):
        return None
    i, j = pair
    if not (isinstance(i, Index) and isinstance(j, Index)) or i.dim != j.dim:
        return None
    free = Declaration(SLOPE, "data", (i.dim, j.dim))
    wide = Scope({**scope.declarations, SLOPE: free}, scope.definitions)
    front, rest = (value.factors[:1], value.factors[1]) if _is_scaled(value) else ((), value)
    found = to_matrix(rest, scope, (i, j))
    if isinstance(found, NoMatrix):
        return None
    turned = substitute(rest, {i: j, j: i})
    symmetric = same_value(rest, turned, scope).proved
    inside = Apply("matmul", (found.body if symmetric else transposed(found.body), Symbol(SLOPE)))
    whole = mul(*front, Apply("trace", (inside,)))
    by_index = Reduce("sum", i, Reduce("sum", j, mul(value, Symbol(SLOPE, (i, j)))))
    if not same_value(by_index, to_index(whole, wide, ()), wide).proved:
        return None
    return rewrite_bottom_up(whole, lambda n: Partial(Symbol(upper.name), wrt) if n is Symbol(SLOPE) else n)
