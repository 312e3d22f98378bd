"""Wrong lines by random edits of the tree, which know neither rules nor mistakes.

Only :mod:`whygrad.core` is imported: what a rule or a mistake is, nothing here can know.
"""

from __future__ import annotations

import random

from whygrad.core.expr import (
    ONE,
    Add,
    Call,
    Compare,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.walk import Path, at, free_indices, paths, postorder, replace_at


def by_edits(line: Expr, rng: random.Random) -> Expr:
    """A line with one or two random changes."""
    for _ in range(rng.choice((1, 1, 1, 2))):
        line = _edited(line, rng)
    return line


def _edited(line: Expr, rng: random.Random) -> Expr:
    places = [
        (p, n) for p, n in paths(line) if not isinstance(n, Index | Compare) and outside_partial(line, p)
    ]
    path, node = rng.choice(places)
    symbols = [n for n in postorder(line) if isinstance(n, Symbol)]
    options: list[Expr] = [neg(node), mul(Number(rng.choice((2, 3))), node), add(node, ONE)]
    match node:
        case Number(value):
            options += [Number(value + 1), Number(value - 1), Number(-value)]
        case Add(terms) | Mul(terms):
            build = add if isinstance(node, Add) else mul
            k = rng.randrange(len(terms))
            options += [build(*terms[:k], *terms[k + 1 :])] * 3
            options.append(build(*terms, terms[k]))
        case Pow(base, exponent):
            options += [base, inverse(node), Pow(base, add(exponent, ONE))]
        case Call(name, (argument,)):
            others = [n for n in ("exp", "sigmoid", "tanh") if n != name]
            options += [argument, Call(rng.choice(others), (argument,))]
        case Symbol(_, indices):
            other = [s for s in symbols if s is not node and len(s.indices) == len(indices)]
            options += [rng.choice(other)] * 2 if other else []
        case Reduce(op, _, body) if op == "sum" and node.index not in free_indices(body):
            options.append(body)
        case _:
            pass
    return replace_at(line, path, rng.choice(options))


def outside_partial(line: Expr, path: Path) -> bool:
    """Derivatives are left whole: what is in them belongs to the line before, too. So are positions."""
    return not any(isinstance(at(line, path[:n]), Partial | Symbol | Delta) for n in range(len(path)))
