"""Kronecker deltas put to use before anything is computed.

A sum over k of δ_kj times a body is the body at k = j. Raw derivatives are full of these, and an
array of zeros and ones would be multiplied for each.
"""

from __future__ import annotations

from whygrad.core.expr import (
    ONE,
    ZERO,
    Add,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Reduce,
    add,
    factors_of,
    mul,
)
from whygrad.core.walk import fold, rewrite_bottom_up, substitute

MOST_TERMS = 200
"""Terms that a product may be multiplied out to, to free a delta."""


def sift(e: Expr) -> Expr:
    """``e`` without the sums that a delta settles, and without terms that are 0.

    >>> from whygrad.core.expr import Symbol
    >>> j, k = Index("j", "n"), Index("k", "n")
    >>> sift(Reduce("sum", k, Mul((Symbol("x", (k,)), Delta(k, j))))) is Symbol("x", (j,))
    True
    """
    return rewrite_bottom_up(e, _node) if _has_delta_or_zero(e) else e


def _has_delta_or_zero(e: Expr) -> bool:
    return fold(e, lambda node, kids: isinstance(node, Delta) or _is_zero(node) or any(kids))


def _is_zero(e: Expr) -> bool:
    return isinstance(e, Number) and e.value == 0


def _node(e: Expr) -> Expr:
    match e:
        case Delta(left, right) if left is right:
            return ONE
        case Mul(factors) if any(_is_zero(f) for f in factors):
            return ZERO
        case Mul(factors) if any(_is_one(f) for f in factors):
            return mul(*(f for f in factors if not _is_one(f)))
        case Add(terms) if any(_is_zero(t) for t in terms):
            return add(*(t for t in terms if not _is_zero(t)))
        case Reduce("sum", index, body, where):
            return _sum(index, body, where)
        case _:
            return e


def _is_one(e: Expr) -> bool:
    return isinstance(e, Number) and e.value == 1


def _sum(index: Index, body: Expr, where: Expr | None) -> Expr:
    if _is_zero(body):
        return ZERO
    terms = _freed(body, index)
    if len(terms) > 1:
        return add(*(_sum(index, term, where) for term in terms))
    factors = factors_of(terms[0])
    at = next((n for n, f in enumerate(factors) if _partner(f, index) is not None), None)
    other = None if at is None else _partner(factors[at], index)
    if at is None or other is None:
        return Reduce("sum", index, body, where)
    rest = mul(*factors[:at], *factors[at + 1 :])
    if where is not None:
        rest = mul(where, rest)
    return rewrite_bottom_up(substitute(rest, {index: other}), _node)


def _partner(e: Expr, index: Index) -> Index | None:
    """The other index of a delta that holds ``index``."""
    if not isinstance(e, Delta) or index not in (e.left, e.right):
        return None
    other = e.right if e.left is index else e.left
    return other if isinstance(other, Index) and other.dim == index.dim else None


def _freed(body: Expr, index: Index) -> list[Expr]:
    """The body as terms, multiplied out just where a bracket holds a delta of this index."""
    done: list[Expr] = []
    todo = [body]
    while todo:
        e = todo.pop()
        if isinstance(e, Add) and _holds(e, index):
            todo.extend(reversed(e.terms))
            continue
        bracket = next((f for f in factors_of(e) if isinstance(f, Add) and _holds(f, index)), None)
        if bracket is None or len(done) + len(todo) + len(bracket.terms) > MOST_TERMS:
            done.append(e)
            continue
        rest = list(factors_of(e))
        at = rest.index(bracket)
        todo.extend(mul(*rest[:at], t, *rest[at + 1 :]) for t in reversed(bracket.terms))
    return done


def _holds(e: Expr, index: Index) -> bool:
    """Whether a delta of ``index`` is a factor somewhere in a sum of products."""
    stack = [e]
    while stack:
        node = stack.pop()
        if _partner(node, index) is not None:
            return True
        if isinstance(node, Add):
            stack.extend(node.terms)
        elif isinstance(node, Mul):
            stack.extend(node.factors)
    return False
