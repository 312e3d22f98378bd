"""Moves with conditions as numbers: 1 − u > 0 is u < 1, of two cases one holds, positive parts."""

from __future__ import annotations

from whygrad.core.expr import (
    ONE,
    ZERO,
    Add,
    Call,
    Compare,
    CompareOp,
    Expr,
    Mul,
    Number,
    Pow,
    add,
    factors_of,
    mul,
    terms_of,
)
from whygrad.core.walk import canonical
from whygrad.engine.moves import Context, Moved, Small
from whygrad.engine.products import Monomial, collect, expand, negated, total
from whygrad.engine.tidy import tidy

FLIPPED: dict[str, CompareOp] = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
OTHER: dict[str, CompareOp] = {"<": ">=", ">": "<=", "<=": ">", ">=": "<"}


def _difference(e: Compare) -> list[Monomial] | None:
    """The left side minus the right, collected."""
    a, b = e.args
    opened = expand(add(*terms_of(a), *terms_of(negated(b))))
    return None if opened is None else collect(opened)


def turn_condition(e: Expr, context: Context) -> Moved | None:
    """1 − y z > 0 is y z < 1; τ r ≥ (τ − 1) r is r ≥ 0."""
    del context
    if not isinstance(e, Compare) or e.op not in FLIPPED or len(e.args) != 2:
        return None
    parts = _difference(e)
    if not parts or len(parts) > 4:
        return None
    left = [m for m in parts if m.number > 0]
    right = [Monomial(-m.number, m.powers) for m in parts if m.number < 0]
    op: CompareOp = e.op
    if not left or all(not m.powers for m in left):
        left, right, op = right, left, FLIPPED[op]
    new = Compare(op, (total(left), total(right)))
    return None if new is e else [Small("algebra/turn-condition", new, {"u": e})]


def positive_part(e: Expr, context: Context) -> Moved | None:
    """max(0, u) · 1[u > 0] = max(0, u): the other factor is 0 anyway."""
    del context
    if not isinstance(e, Mul):
        return None
    for n, f in enumerate(e.factors):
        if not isinstance(f, Compare) or f.op != ">" or f.args[1] is not ZERO:
            continue
        for k, g in enumerate(e.factors):
            base = (
                g.base
                if isinstance(g, Pow) and isinstance(g.exponent, Number) and g.exponent.value > 0
                else g
            )
            if k != n and canonical(_positive(base)) is canonical(f.args[0]):
                kept = [h for m, h in enumerate(e.factors) if m != n]
                return [Small("algebra/positive-part", mul(*kept), {"u": f.args[0]})]
    return None


def _positive(e: Expr) -> Expr:
    """u for max(0, u), max(u, 0) and relu(u)."""
    match e:
        case Call("relu", (u,)):
            return u
        case Call("max", (zero, u)) if zero is ZERO:
            return u
        case Call("max", (u, zero)) if zero is ZERO:
            return u
        case _:
            return ONE


def other_case(e: Expr, context: Context) -> Moved | None:
    """a 1[u ≥ v] + b 1[u < v] = a + (b − a) 1[u < v], in the shorter of two ways."""
    if not isinstance(e, Add):
        return None
    for n, t in enumerate(e.terms):
        for c in factors_of(t):
            if not isinstance(c, Compare) or c.op not in OTHER or len(c.args) != 2:
                continue
            other = Compare(OTHER[c.op], c.args)
            k = next((m for m, s in enumerate(e.terms) if m != n and other in factors_of(s)), None)
            if k is None:
                continue
            swapped = mul(*(add(ONE, negated(other)) if f is c else f for f in factors_of(t)))
            terms = [swapped if m == n else s for m, s in enumerate(e.terms)]
            opened = expand(add(*terms), context.protected)
            if opened is None:
                continue
            return [
                Small("algebra/other-case", add(*terms), {"u": c, "v": other}),
                Small("algebra/collect", tidy(total(collect(opened))), {}),
            ]
    return None


def is_tanh(e: Expr, context: Context) -> Moved | None:
    """sinh u / cosh u = tanh u."""
    del context
    if not isinstance(e, Mul):
        return None
    for n, f in enumerate(e.factors):
        if not isinstance(f, Call) or f.name != "sinh":
            continue
        below = Pow(Call("cosh", f.args), Number(-1))
        if below in e.factors:
            k = e.factors.index(below)
            first = min(n, k)
            kept = [
                Call("tanh", f.args) if m == first else h
                for m, h in enumerate(e.factors)
                if m not in (n, k) or m == first
            ]
            return [Small("function/is-tanh", mul(*kept), {"u": f.args[0]})]
    return None
