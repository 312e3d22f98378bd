"""Wrong lines by the rows of the table of mistakes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from mutants.derivations import Derived
from whygrad.core.expr import MINUS_ONE, Add, Expr, Mul, Number, Partial, Pow, add, mul, neg
from whygrad.core.walk import holds_partial, paths, replace_at
from whygrad.engine.diagnose_rewrites import rewritten
from whygrad.engine.diagnose_rules import wrongs
from whygrad.engine.diagnose_slopes import Slopes, nodes
from whygrad.engine.moves import Context
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy


def by_rows(chain: Derived, k: int, rng: random.Random) -> tuple[str, Expr] | None:
    """Line ``k`` as somebody would write it who made a mistake of the table, with the mistake's id."""
    before = chain.lines[k - 1]
    slopes = Slopes(chain.scope)
    options: list[tuple[str, Callable[[], Expr]]] = []
    if holds_partial(before):
        path, inner = next(
            (p, n) for p, n in paths(before) if isinstance(n, Partial) and not holds_partial(n.body)
        )
        tree = slopes.tree(inner)
        for node in nodes(tree):
            for slip, new in wrongs(node, slopes):

                def changed(node=node, new=new) -> Expr:  # type: ignore[no-untyped-def]
                    return replace_at(before, path, slopes.changed(tree, {node: new}))

                options.append((slip, changed))
    else:
        options += [(slip, partial(_itself, line)) for slip, _, line in rewritten(before)]
    options += [(slip, partial(_itself, line)) for slip, line in _slips(chain.lines[k])]
    if not options:
        return None
    chosen = rng.choice(sorted({slip for slip, _ in options}))
    slip, make = rng.choice([o for o in options if o[0] == chosen])
    line = slopes.worked(make())
    steps = simplify(tidy(line), Context(chain.scope)) if rng.random() < 0.7 else []
    return slip, steps[-1].after if steps else tidy(line)


def _itself(line: Expr) -> Expr:
    return line


def _slips(line: Expr) -> Iterator[tuple[str, Expr]]:
    """Signs, exponents, letters, terms and factors of the right line itself."""
    for path, node in paths(line):
        match node:
            case Add(terms):
                for k, term in enumerate(terms):
                    yield "mistake/sign/one-term", replace_at(line, (*path, k), neg(term))
                    rest = add(*(t for n, t in enumerate(terms) if n != k))
                    yield "mistake/term/lost", replace_at(line, path, rest)
            case Pow(base, Number(value)) if value not in (1, -1):
                for step in (-1, 1):
                    if value + step:
                        new = Pow(base, Number(value + step))
                        yield "mistake/power/exponent-off", replace_at(line, path, new)
            case Mul(factors):
                for k, factor in enumerate(factors):
                    if isinstance(factor, Number) and factor is not MINUS_ONE:
                        rest = mul(*(f for n, f in enumerate(factors) if n != k))
                        yield "mistake/constant/factor-lost", replace_at(line, path, rest)
            case _:
                continue
    if not isinstance(line, Partial):
        yield "mistake/sign/whole-line", neg(line)
