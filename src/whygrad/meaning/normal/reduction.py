"""Relations between the atoms of one monomial, and the limits on all this work.

Each gives a monomial as a sum of others that has the same value wherever the first is defined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from whygrad.core.errors import BudgetError
from whygrad.core.expr import Expr, Index, Number, Symbol
from whygrad.core.walk import free_indices, sort_key, substitute
from whygrad.meaning.normal.atoms import BITS, SIGNS, Atom, Mono, Poly, Rational, atom, atoms_of, gather

Draft = dict[Atom, Rational]
"""A monomial in the making."""
Renaming = Mapping[Index, Expr]


class UndefinedError(Exception):
    """A part of the expression is defined nowhere, e.g. 1/0."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a normal form may cost, counted.

    Attributes
    ----------
    products
        Products of two terms, and reductions.
    terms
        Terms of one polynomial.
    depth
        Functions inside functions.
    choices
        Sign patterns and label values tried for one argument.
    labellings
        Orders of the dummies of one sum.
    """

    products: int = 150_000
    terms: int = 3_000
    depth: int = 40
    choices: int = 64
    labellings: int = 720


def spent(what: str) -> BudgetError:
    """The error of a limit that was reached."""
    return BudgetError(
        "error/not-finished",
        f"the normal form needs {what}",
        fix="compare smaller parts, or name intermediate results",
    )


@dataclass(frozen=True, slots=True)
class Reduction:
    """How a product with u = 1/D reduces: the powers of ``head`` beside u stay in [0, degree).

    D = lead head^degree + low = constant + high, where lead and (if any) constant are monomials.
    """

    head: Atom
    degree: Rational
    lead: tuple[Mono, Rational]
    low: Poly
    constant: tuple[Mono, Rational] | None
    high: Poly


def renamed_expr(e: Expr, names: Renaming) -> Expr:
    """An expression with indices replaced."""
    return substitute(e, {i: x for i, x in names.items() if i in free_indices(e)})


def merged(d: Draft, m: Mono) -> Draft:
    """The product of a draft and a monomial."""
    out = dict(d)
    for a, e in m:
        e = out.get(a, 0) + e
        if e:
            out[a] = e
        else:
            del out[a]
    return out


def number_power(c: Rational, n: int) -> Rational:
    """A power of a number, unless its digits would fill pages."""
    if c not in (1, -1) and n * (abs(c.numerator) + c.denominator).bit_length() > 20_000:
        raise spent(f"the power {n} of a number")
    return c**n


def may_replace(gone: Index, keep: Expr) -> bool:
    """Whether one position can stand for the other: an index of another dimension cannot."""
    return not isinstance(keep, Index) or keep.dim == gone.dim


def reduce_finite(d: Draft, a: Atom, e: Rational) -> list[tuple[Draft, Rational]] | None:
    """Powers of an atom with k values are polynomials of degree below k in it."""
    count = len(a.values)
    if 0 < e < count and e.denominator == 1:
        return None
    if e < 0 and 0 in a.values:
        raise UndefinedError("a division by something that can be 0")
    if e.denominator != 1:
        raise UndefinedError("a root of a name with finitely many values")
    rest = {b: f for b, f in d.items() if b is not a}
    out: list[tuple[Draft, Rational]] = []
    coefficients: list[Rational] = [0] * count
    for basis, v in zip(lagrange_basis(a.values), a.values, strict=True):
        power = Fraction(number_power(v, abs(int(e))))
        power = power if e > 0 else 1 / power
        for k, c in enumerate(basis):
            coefficients[k] += c * power
    for k, c in enumerate(coefficients):
        if c:
            out.append(({**rest, a: k} if k else rest, int(c) if c.denominator == 1 else c))
    return out


def reduce_onehot(d: Draft, a: Atom) -> list[tuple[Draft, Rational]] | None:
    """Of the entries Y_ik and Y_il of one row only one is 1: the product is delta_kl Y_ik."""
    mine: Symbol = a.data[0]
    for b in d:
        if b is a or b.kind != "label" or not b.data[2]:
            continue
        other: Symbol = b.data[0]
        if other.name == mine.name and other.indices[:-1] == mine.indices[:-1]:
            keep, gone = sorted((mine, other), key=sort_key)
            left, right = keep.indices[-1], gone.indices[-1]
            if not all(isinstance(k, Index | Number) for k in (left, right)):
                continue
            rest = {c: e for c, e in d.items() if c.data[0] is not gone}
            return [(merged(rest, frozenset(((equal_positions(left, right), 1),))), 1)]
    return None


def equal_positions(left: Expr, right: Expr) -> Atom:
    """The delta of two different positions; the last of them is the one that is replaced."""
    return atom("delta", *sorted((left, right), key=position_order))


def position_order(e: Expr) -> tuple[int, int, str]:
    """Numbers, then expressions, then free letters, then dummies."""
    if isinstance(e, Index):
        return (3 if e.letter.startswith("#") else 2), len(e.letter), sort_key(e)
    return (0 if isinstance(e, Number) else 1), 0, sort_key(e)


_BASES: dict[tuple[Rational, ...], list[list[Rational]]] = {
    BITS: [[1, -1], [0, 1]],
    SIGNS: [[Fraction(1, 2), Fraction(-1, 2)], [Fraction(1, 2), Fraction(1, 2)]],
}


def lagrange_basis(values: tuple[Rational, ...]) -> list[list[Rational]]:
    """For each value the polynomial that is 1 there and 0 at the others, by coefficients."""
    found = _BASES.get(values)
    if found is not None:
        return found
    out: list[list[Rational]] = []
    for v in values:
        poly: list[Rational] = [Fraction(1)]
        for w in values:
            if w != v:
                bottom = Fraction(v) - w
                shifted = [Fraction(0), *poly]
                poly = [(s - w * p) / bottom for s, p in zip(shifted, [*poly, Fraction(0)], strict=True)]
        out.append(poly)
    return out


def at_value(p: Poly, a: Atom, v: Rational) -> Poly:
    """``p`` where the atom has this value."""
    return gather((frozenset(x for x in m if x[0] is not a), c * _value_of(m, a, v)) for m, c in p.items())


def _value_of(m: Mono, a: Atom, v: Rational) -> Rational:
    for b, e in m:
        if b is a:
            return v ** int(e)
    return 1


def plan_reduction(p: Poly) -> Reduction | None:
    """Choose the head: free in as many indices as can be, leading term and constant monomials."""
    found: list[tuple[bool, int, str, Reduction]] = []
    for a in atoms_of(p):
        if a.special:
            continue
        powers = {m: dict(m).get(a, 0) for m in p}
        degree = max(powers.values())
        leads = [m for m, e in powers.items() if e == degree]
        ends = [m for m, e in powers.items() if e == 0]
        if len(leads) != 1 or degree <= 0 or any(b.special for b, _ in leads[0]):
            continue
        lead, low = leads[0], {m: c for m, c in p.items() if m != leads[0]}
        constant_term: tuple[Mono, Rational] | None = None
        high: Poly = {}
        if len(ends) == 1 and not any(b.special for b, _ in ends[0]):
            constant_term = (ends[0], p[ends[0]])
            high = {m: c for m, c in p.items() if m != ends[0]}
        how = Reduction(a, degree, (lead, p[lead]), low, constant_term, high)
        found.append((constant_term is not None, len(a.indices), a.key, how))
    if not found:
        return None
    return max(found, key=lambda item: item[:3])[3]
