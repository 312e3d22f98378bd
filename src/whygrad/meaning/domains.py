"""Conditions as statements about polynomials, so that two wordings of one meet."""

from __future__ import annotations

from whygrad.core.errors import BudgetError
from whygrad.core.expr import Expr, Index
from whygrad.meaning.conditions import Condition
from whygrad.meaning.normal.atoms import Frozen, Poly, freeze, indices_of, scaled
from whygrad.meaning.normal.factoring import scale
from whygrad.meaning.normal.read import Reader
from whygrad.meaning.normal_form import UndefinedError


def positives(reader: Reader, e: Expr) -> set[Frozen]:
    """What is positive where ``e`` is, as far as one factor tells."""
    p = reader.read(e)
    if not p or reader.range_of(p).nonzero:
        return set()
    c, q = scale(p)
    out = {freeze(scaled(q, 1 if c > 0 else -1))}
    q, denominators = reader.cleared(p)
    c, mono, parts = reader.factors(q)
    pieces: list[tuple[Poly, object]] = [({frozenset(((a, 1),)): 1}, e) for a, e in mono]
    pieces += [*parts, *denominators]
    unknown: list[Poly] = []
    for piece, power in pieces:
        sign = reader.sign_of(piece)
        if power not in (1, -1) and not (isinstance(power, int) and power % 2):
            continue
        if sign < 0:
            c = -c
        if not sign:
            unknown.append(piece)
    if len(unknown) == 1:
        out.add(freeze(scaled(unknown[0], 1 if c > 0 else -1)))
    return out


def keys(reader: Reader, c: Condition) -> list[tuple[str, Frozen] | None]:
    """A condition by what it says of which polynomial, so that two wordings of one meet."""
    try:
        p = reader.read(c.value)
    except (BudgetError, UndefinedError):
        return [(c.relation, frozenset())]
    found = reader.range_of(p)
    known = {"!= 0": found.nonzero, "> 0": found.positive, ">= 0": found.nonnegative}
    if known[c.relation]:
        return []
    if c.relation != "!= 0" and (found.negative or (c.relation == "> 0" and (-found).nonnegative)):
        return [] if c.guarded else [None]
    if not p or (c.bound and not c.guarded and _meets_itself(reader, p, c.bound)):
        return [None] if c.relation != ">= 0" else []
    if c.relation != "!= 0":
        k, q = scale(p)
        return [(c.relation, freeze(scaled(q, 1 if k > 0 else -1)))]
    q, denominators = reader.cleared(p)
    _, mono, parts = reader.factors(q)
    pieces: list[Poly] = [{frozenset(((a, 1),)): 1} for a, _ in mono]
    pieces += [part for part, _ in parts]
    pieces += [bottom for bottom, _ in denominators]
    return [("!= 0", freeze(q)) for q in pieces if not reader.range_of(q).nonzero]


def _meets_itself(reader: Reader, p: Poly, bound: frozenset[Index]) -> bool:
    """Whether p is 0 where an index that runs over all positions meets another one."""
    inside = indices_of(p)
    return any(
        i is not k and i.dim == k.dim and not reader.rename(p, {i: k})
        for i in sorted(bound & inside, key=lambda i: i.letter)
        for k in sorted(inside, key=lambda i: i.letter)
    )


def implied(key: tuple[str, Frozen], by: dict[tuple[str, Frozen], Condition]) -> bool:
    """Whether a condition follows from one of others."""
    relation, p = key
    if key in by:
        return True
    turned = freeze(scaled(dict(p), -1))
    if relation == "!= 0":
        return any((r, q) in by for r in ("> 0", "!= 0") for q in (p, turned))
    return relation == ">= 0" and ("> 0", p) in by
