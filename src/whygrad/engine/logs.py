"""Logarithms, exponentials and functions written out: the moves of route substitution."""

from __future__ import annotations

from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Expr,
    Mul,
    Number,
    Pow,
    add,
    mul,
    neg,
    terms_of,
)
from whygrad.core.walk import canonical
from whygrad.engine.moves import Context, Moved, Small
from whygrad.engine.products import negated
from whygrad.rules.rule import fill, match
from whygrad.rules.table import RULES

WRITTEN_OUT: tuple[str, ...] = ("sigmoid", "softplus", "silu", "log1p", "expm1")


def log_rules(e: Expr, context: Context) -> Moved | None:
    """log of one over, of a quotient, of a power, of an exponential."""
    del context
    if not isinstance(e, Call) or e.name not in ("log", "exp"):
        return None
    (u,) = e.args
    if e.name == "exp":
        if isinstance(u, Call) and u.name == "log":
            return [Small("exp/log", u.args[0], {"u": u.args[0]})]
        return None
    match u:
        case Call("exp", (inner,)):
            return [Small("log/exp", inner, {"u": inner})]
        case Pow(base, exponent) if exponent is MINUS_ONE:
            return [Small("log/reciprocal", neg(Call("log", (base,))), {"u": base})]
        case Mul(factors):
            above = [f for f in factors if not _below(f)]
            below = [f.base for f in factors if isinstance(f, Pow) and _below(f)]
            if above and below and not any(isinstance(f, Number) and f.value < 0 for f in above):
                top, bottom = mul(*above), mul(*below)
                new = add(Call("log", (top,)), neg(Call("log", (bottom,))))
                return [Small("log/quotient", new, {"u": top, "v": bottom})]
            return None
        case _:
            return None


def _below(f: Expr) -> bool:
    return isinstance(f, Pow) and f.exponent is MINUS_ONE


def complement(e: Expr, context: Context) -> Moved | None:
    """1 − u/(u + v) = v/(u + v)."""
    del context
    if not isinstance(e, Add):
        return None
    terms = e.terms
    for n, t in enumerate(terms):
        if t is not ONE:
            continue
        for k, s in enumerate(terms):
            inverse = _minus_over(s)
            if inverse is None:
                continue
            top, bottom = inverse
            left = list(terms_of(bottom))
            for part in terms_of(top):
                if part not in left:
                    break
                left.remove(part)
            else:
                new = mul(add(*left), Pow(bottom, MINUS_ONE))
                kept = [new if m == min(n, k) else r for m, r in enumerate(terms) if m != max(n, k)]
                return [Small("function/sigmoid-complement", add(*kept), {"u": top, "w": bottom})]
    return None


def _minus_over(e: Expr) -> tuple[Expr, Expr] | None:
    """top and bottom of a term −top/bottom whose bottom is a sum."""
    match e:
        case Mul((Number(value), *rest)) if value == -1:
            bottoms = [f.base for f in rest if isinstance(f, Pow) and f.exponent is MINUS_ONE]
            tops = [f for f in rest if not _below(f)]
            if len(bottoms) == 1 and isinstance(bottoms[0], Add):
                return mul(*tops), bottoms[0]
            return None
        case _:
            return None


def exponentials(e: Expr, context: Context) -> Moved | None:
    """e^u e^v = e^(u+v) where the exponents cancel; 1/e^u = e^(−u)."""
    del context
    match e:
        case Pow(Call("exp", (u,)), exponent) if exponent is MINUS_ONE:
            return [Small("exp/sign", Call("exp", (negated(u),)), {"u": u})]
        case Mul(factors):
            found = [f for f in factors if isinstance(f, Call) and f.name == "exp"]
            for n, f in enumerate(found):
                for g in found[n + 1 :]:
                    if canonical(neg(f.args[0])) is canonical(g.args[0]):
                        rest = [h for h in factors if h is not f and h is not g]
                        return [Small("exp/product", mul(*rest), {"u": f.args[0], "v": g.args[0]})]
            return None
        case _:
            return None


def write_out(e: Expr, context: Context) -> Moved | None:
    """σ(u) = 1/(1 + e^(−u)) and its like, by the row's statement."""
    del context
    if not isinstance(e, Call) or e.name not in WRITTEN_OUT:
        return None
    rule = RULES[f"function/{e.name}"]
    left, right = rule.sides
    bindings = match(left, e)
    return None if bindings is None else [Small(rule.id, fill(right, bindings), bindings)]
