"""Moves with cases over positions: a name given step by step, and cases under a range that decides them."""

from __future__ import annotations

from whygrad.core.expr import (
    ONE,
    ZERO,
    Cases,
    Compare,
    Expr,
    Index,
    Mul,
    Number,
    Reduce,
    Symbol,
    factors_of,
    mul,
)
from whygrad.core.walk import canonical, rewrite_bottom_up, substitute
from whygrad.engine.moves import Context, Moved, Small


def one_position(e: Expr, context: Context) -> Moved | None:
    """h_3 of a name that is given position by position is the name of that position."""
    if not isinstance(e, Symbol) or not any(isinstance(i, Number) for i in e.indices):
        return None
    definition = context.scope.definitions.get(e.name)
    if definition is None or not isinstance(definition.body, Cases):
        return None
    swap: dict[Expr, Expr] = dict(zip(definition.indices, e.indices, strict=True))
    for condition, value in definition.body.branches:
        if not isinstance(value, Symbol) or _position(condition) is None:
            return None
        letter, k = _position(condition) or (None, 0)
        if letter is not None and swap.get(letter) == Number(k):
            return [Small("definition/at-position", substitute(value, swap), {"u": e})]
    otherwise = definition.body.otherwise
    letters = {i for i in definition.indices if isinstance(swap[i], Number)}
    count = len(definition.body.branches) + 1
    if isinstance(otherwise, Symbol) and {i.dim for i in letters} == {str(count)}:
        return [Small("definition/at-position", substitute(otherwise, swap), {"u": e})]
    return None


def _position(condition: Expr) -> tuple[Index, int] | None:
    """The letter and the number of ``t = 3``."""
    match condition:
        case Compare("==", (Index() as letter, Number(value))) if value.denominator == 1:
            return letter, int(value)
        case _:
            return None


def one_case(e: Expr, context: Context) -> Moved | None:
    """Σ_t u_t {v if t = 3; 0 otherwise} = u_3 v."""
    del context
    if not isinstance(e, Reduce) or e.op != "sum" or e.where is not None:
        return None
    factors = factors_of(e.body)
    for n, f in enumerate(factors):
        place = _only_place(f, e.index) if isinstance(f, Cases) else None
        if place is None:
            continue
        position, value = place
        swap: dict[Expr, Expr] = {e.index: Number(position)}
        kept = [substitute(value if k == n else g, swap) for k, g in enumerate(factors)]
        return [
            Small(
                "sum/one-case", mul(*(g for g in kept if g is not ONE)), {"a": e.index, "b": Number(position)}
            )
        ]
    return None


def _only_place(e: Cases, letter: Index) -> tuple[int, Expr] | None:
    """The one position at which cases over ``letter`` are not 0, and the value there."""
    places: dict[int, Expr] = {}
    for condition, value in e.branches:
        found = _position(condition)
        if found is None or found[0] is not letter:
            return None
        places.setdefault(found[1], value)
    if e.otherwise is not ZERO:
        if not letter.dim.isdecimal():
            return None
        rest = set(range(1, int(letter.dim) + 1)) - set(places)
        if len(rest) != 1:
            return None
        places[rest.pop()] = e.otherwise
    held = [(k, v) for k, v in places.items() if v is not ZERO]
    return held[0] if len(held) == 1 else None


def in_range(e: Expr, context: Context) -> Moved | None:
    """Under a sum over t ≤ n the cases {u if t ≤ n; 0 otherwise} are u."""
    del context
    if not isinstance(e, Reduce) or e.where is None:
        return None
    joined = isinstance(e.where, Compare) and e.where.op == "and"
    held = {canonical(c) for c in (e.where.args if joined and isinstance(e.where, Compare) else (e.where,))}

    def f(node: Expr) -> Expr:
        match node:
            case Cases(((condition, value), *_), _) if canonical(condition) in held:
                return value
            case _:
                return node

    body = rewrite_bottom_up(e.body, f)
    if body is e.body:
        return None
    return [Small("sum/case-in-range", Reduce(e.op, e.index, body, e.where), {"u": e.where})]


def join_cases(e: Expr, context: Context) -> Moved | None:
    """{u if c; 0 otherwise} {v if c; 0 otherwise} = {u v if c; 0 otherwise}."""
    del context
    if not isinstance(e, Mul):
        return None
    for n, f in enumerate(e.factors):
        if not isinstance(f, Cases):
            continue
        conditions = [canonical(c) for c, _ in f.branches]
        for k in range(n + 1, len(e.factors)):
            g = e.factors[k]
            if not isinstance(g, Cases) or [canonical(c) for c, _ in g.branches] != conditions:
                continue
            pairs = zip(f.branches, g.branches, strict=True)
            joined = Cases([(c, _times(u, v)) for (c, u), (_, v) in pairs], _times(f.otherwise, g.otherwise))
            kept = [joined if m == n else h for m, h in enumerate(e.factors) if m != k]
            return [Small("algebra/join-cases", mul(*kept), {})]
    return None


def _times(u: Expr, v: Expr) -> Expr:
    if u is ZERO or v is ZERO:
        return ZERO
    return mul(*(x for x in (u, v) if x is not ONE))
