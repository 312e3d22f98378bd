"""Right lines written otherwise: order, brackets, signs, fractions, other words for a function.

Only :mod:`whygrad.core` is imported.
"""

from __future__ import annotations

import random
from collections.abc import Container

from mutants.edits import outside_partial
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.walk import fresh_index, letters, paths, rename_bound, replace_at


def by_rewriting(line: Expr, rng: random.Random, avoid: Container[str]) -> Expr:
    """A line with one to four changes that keep its value; no letter of a sum is one of ``avoid``."""
    for _ in range(rng.randint(1, 4)):
        path, node = rng.choice([(p, n) for p, n in paths(line) if outside_partial(line, p)])
        line = replace_at(line, path, _rewritten(node, rng, avoid))
    return line


def _rewritten(node: Expr, rng: random.Random, avoid: Container[str]) -> Expr:
    match node:
        case Add(terms):
            shuffled = rng.sample(terms, len(terms))
            return rng.choice((Add(shuffled), neg(add(*(neg(t) for t in terms)))))
        case Mul(factors):
            return _product(factors, rng)
        case Pow(base, Number(value)) if value == 2:
            return mul(base, base)
        case Pow(Mul(factors), exponent) if exponent is MINUS_ONE:
            return mul(*(inverse(f) for f in factors))
        case Call("sigmoid", (u,)):
            plain = inverse(add(ONE, Call("exp", (neg(u),))))
            return rng.choice((plain, add(ONE, neg(Call("sigmoid", (neg(u),))))))
        case Call("tanh", (u,)):
            two = mul(Number(2), u)
            return add(mul(Number(2), Call("sigmoid", (two,))), MINUS_ONE)
        case Call("exp", (Add(terms),)):
            return mul(*(Call("exp", (t,)) for t in terms))
        case Reduce(op, index, body) if op == "sum":
            if isinstance(body, Add) and rng.random() < 0.5 and node.where is None:
                return add(*(Reduce("sum", index, term) for term in body.terms))
            letter = rng.choice([c for c in "rsuvq" if c not in avoid] or ["r"])
            return rename_bound(node, fresh_index(Index(letter, index.dim), letters(node)))
        case _:
            return node


def _product(factors: tuple[Expr, ...], rng: random.Random) -> Expr:
    """A product in another order, or multiplied out."""
    k = next((k for k, f in enumerate(factors) if isinstance(f, Add)), None)
    if k is not None and rng.random() < 0.5:
        rest = (*factors[:k], *factors[k + 1 :])
        bracket = factors[k]
        assert isinstance(bracket, Add)
        return add(*(mul(*rest, t) for t in bracket.terms))
    return Mul(rng.sample(factors, len(factors)))
