"""Content, factors and scale of a Laurent polynomial (factoring by flint)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm

import flint

from whygrad.meaning.normal.atoms import (
    UNIT,
    Atom,
    Mono,
    Poly,
    Rational,
    atoms_of,
    mono_key,
)

LONGEST, WIDEST, STEEPEST = 300, 24, 24
"""Terms, atoms and degrees up to which a polynomial is factored."""


def content(p: Poly) -> Mono:
    """The largest monomial (exponents of any sign) that divides every term."""
    monos = [dict(m) for m in p]
    out: dict[Atom, Rational] = {}
    for a in atoms_of(p):
        least = min(m.get(a, 0) for m in monos)
        if least:
            out[a] = least
    return frozenset(out.items())


def divided(p: Poly, by: Mono) -> Poly:
    """``p`` over a monomial, term by term."""
    if not by:
        return p
    out: Poly = {}
    for m, c in p.items():
        d = dict(m)
        for a, e in by:
            e = d.get(a, 0) - e
            if e:
                d[a] = e
            else:
                d.pop(a, None)
        out[frozenset(d.items())] = c
    return out


def scale(p: Poly) -> tuple[Rational, Poly]:
    """``(c, q)`` with ``p = c q``, integers without a common factor in q, and its sign settled."""
    bottom = lcm(*(Fraction(c).denominator for c in p.values()))
    top = gcd(*(int(c * bottom) for c in p.values()))
    first = p.get(UNIT)
    if first is None:
        first = p[max(p, key=mono_key)]
    c = Fraction(top if first > 0 else -top, bottom)
    if c == 1:
        return 1, p
    return _plain(c), {m: _plain(v / c) for m, v in p.items()}


def _plain(c: Rational) -> Rational:
    return int(c) if isinstance(c, Fraction) and c.denominator == 1 else c


def factors(p: Poly) -> tuple[Rational, Mono, list[tuple[Poly, int]]]:
    """``p`` as a number, a monomial and irreducible factors of several terms with their powers."""
    mono = content(p)
    p = divided(p, mono)
    if len(p) == 1:
        return p[UNIT], mono, []
    c, p = scale(p)
    if len(p) == 2 and UNIT in p and _is_linear(p):
        return c, mono, [(p, 1)]
    if _is_linear(p):
        return c, mono, [(p, 1)]
    number, parts = _factors(p)
    out: list[tuple[Poly, int]] = []
    c *= number
    for part, power in parts:
        if len(part) == 1:
            # A single generator to an integer power cannot remain: the content was taken out.
            ((m, v),) = part.items()
            c *= v**power
            mono = _joined(mono, m, power)
            continue
        v, part = scale(part)
        c *= v**power
        out.append((part, power))
    out.sort(key=lambda item: max(mono_key(m) for m in item[0]))
    return _plain(c), mono, out


def _joined(m: Mono, by: Mono, power: int) -> Mono:
    d = dict(m)
    for a, e in by:
        d[a] = d.get(a, 0) + e * power
    return frozenset((a, e) for a, e in d.items() if e)


def _is_linear(p: Poly) -> bool:
    """Whether some atom stands in one term only, to the first power: then p is irreducible."""
    seen: dict[Atom, Rational] = {}
    for m in p:
        for a, e in m:
            seen[a] = 0 if a in seen else e
    return any(e == 1 for e in seen.values())


def _factors(p: Poly) -> tuple[Rational, list[tuple[Poly, int]]]:
    gens, denominators = generators(p)
    poly, _ = to_flint(p, gens, denominators)
    if len(p) > LONGEST or len(gens) > WIDEST or max(poly.degrees()) > STEEPEST:
        return 1, [(p, 1)]  # not worth it: a factor that is not found costs completeness only
    number, parts = poly.factor()
    back = [(from_flint(part, gens, denominators), int(power)) for part, power in parts]
    return _rational(number), back


def generators(p: Iterable[Mono]) -> tuple[list[Atom], list[int]]:
    """The atoms in a settled order, and the common denominator of each one's exponents."""
    bottoms: dict[Atom, int] = {}
    for m in p:
        for a, e in m:
            bottoms[a] = lcm(bottoms.get(a, 1), e.denominator)
    gens = sorted(bottoms)
    return gens, [bottoms[a] for a in gens]


def to_flint(p: Poly, gens: list[Atom], bottoms: list[int]) -> tuple[flint.fmpq_mpoly, flint.fmpq_mpoly_ctx]:
    """A polynomial without negative exponents as flint's."""
    ctx = flint.fmpq_mpoly_ctx.get([f"a{k}" for k in range(len(gens))], flint.Ordering.lex)
    terms = {
        tuple(int(d.get(a, 0) * b) for a, b in zip(gens, bottoms, strict=True)): flint.fmpq(
            c.numerator, c.denominator
        )
        for d, c in ((dict(m), c) for m, c in p.items())
    }
    return ctx.from_dict(terms), ctx


def from_flint(q: flint.fmpq_mpoly, gens: list[Atom], bottoms: list[int]) -> Poly:
    """Back from flint's."""
    out: Poly = {}
    for powers, c in q.to_dict().items():
        m = frozenset(
            (a, _plain(Fraction(int(e), b))) for a, b, e in zip(gens, bottoms, powers, strict=True) if e
        )
        out[m] = _rational(c)
    return out


def _rational(c: flint.fmpq) -> Rational:
    return int(c.p) if c.q == 1 else Fraction(int(c.p), int(c.q))
