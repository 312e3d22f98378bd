"""Numbers between which a second derivative lies."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.expr import (
    Add,
    Call,
    Expr,
    Mul,
    Number,
    Pow,
    Symbol,
    add,
    factors_of,
    mul,
    terms_of,
)
from whygrad.core.walk import (
    rewrite_bottom_up,
    same_form,
)
from whygrad.lower.signs import negate
from whygrad.meaning.facts import Ranges


def bounds(e: Expr, scope: Scope) -> tuple[Fraction | None, Fraction | None]:
    """Numbers between which a formula lies for all values of what it holds.

    Products of a sigmoid and the sigmoid of the opposite are known to lie in (0, 1/4].
    """
    logistic = Declaration(
        "sigmoid pair", "data", (), (Domain("interval", (), Fraction(0), Fraction(1, 4), (False, True)),)
    )
    pair = Symbol("sigmoid pair")
    within = Scope({**scope.declarations, "sigmoid pair": logistic}, scope.definitions)

    def paired(node: Expr) -> Expr:
        if not isinstance(node, Mul):
            return node
        factors = list(node.factors)
        for f in node.factors:
            if not (isinstance(f, Call) and f.name == "sigmoid") or f not in factors:
                continue
            other = Call("sigmoid", (negate(f.args[0]),))
            partner = next((g for g in factors if g is not f and same_form(g, other)), None)
            if partner is not None:
                factors.remove(f)
                factors.remove(partner)
                factors.append(pair)
        return mul(*factors)

    found = Ranges(within).of(rewrite_bottom_up(collected(rewrite_bottom_up(e, paired)), _squared))
    return found.low, found.high


def _squared(e: Expr) -> Expr:
    """Equal factors as a power, so that a square is seen not to be negative."""
    if not isinstance(e, Mul):
        return e
    counts = Counter(f for f in e.factors if not isinstance(f, Number))
    numbers = [f for f in e.factors if isinstance(f, Number)]
    return mul(*numbers, *(f if n == 1 else Pow(f, Number(n)) for f, n in counts.items()))


def collected(e: Expr) -> Expr:
    """Terms of a sum that differ by a number and a common factor, put together: y u + (1 − y) u is u."""

    def step(node: Expr) -> Expr:
        if not isinstance(node, Add):
            return node
        shared = Counter(f for f in factors_of(node.terms[0]) if not isinstance(f, Number))
        for term in node.terms[1:]:
            shared &= Counter(factors_of(term))
        common = list(shared.elements())
        if not common:
            return node
        left: list[Expr] = []
        for term in node.terms:
            rest = list(factors_of(term))
            for f in common:
                rest.remove(f)
            left.append(mul(*rest))
        return mul(_summed(left), *common)

    return rewrite_bottom_up(e, step)


def _summed(terms: list[Expr]) -> Expr:
    """The sum of terms with equal ones counted together and numbers added."""
    number = Fraction(0)
    counts: dict[Expr, Fraction] = {}
    for term in (t for whole in terms for t in terms_of(whole)):
        factors = factors_of(term)
        scale = Fraction(1)
        for f in factors:
            scale *= f.value if isinstance(f, Number) else 1
        rest = mul(*(f for f in factors if not isinstance(f, Number)))
        if isinstance(rest, Number):
            number += scale
        else:
            counts[rest] = counts.get(rest, Fraction(0)) + scale
    kept = [t if c == 1 else mul(Number(c), t) for t, c in counts.items() if c]
    return add(*([Number(number)] if number or not kept else []), *kept)
