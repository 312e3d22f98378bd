"""Products as lists of powers, sums as lists of monomials: the bookkeeping behind the moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Expr,
    Mul,
    Number,
    Pow,
    Symbol,
    add,
    factors_of,
    mul,
)
from whygrad.core.walk import canonical


@dataclass(frozen=True, slots=True)
class Power:
    """``base ** exponent`` with a rational exponent."""

    base: Expr
    exponent: Fraction

    @property
    def key(self) -> Expr:
        """Alike bases have one key."""
        return canonical(self.base)

    def expr(self) -> Expr:
        """As an expression."""
        return self.base if self.exponent == 1 else Pow(self.base, Number(self.exponent))


@dataclass(frozen=True, slots=True)
class Monomial:
    """A number times powers in written order."""

    number: Fraction
    powers: tuple[Power, ...]

    @property
    def key(self) -> frozenset[tuple[Expr, Fraction]]:
        """Alike monomials (up to the number and order) have one key."""
        return frozenset((p.key, p.exponent) for p in self.powers)

    def expr(self) -> Expr:
        """As an expression: the number first; 1/2 stays a number."""
        head = () if self.number == 1 else (Number(self.number),)
        return mul(*head, *(p.expr() for p in self.powers))

    def without(self, keys: set[Expr]) -> Monomial:
        """Without the powers of these bases."""
        return Monomial(self.number, tuple(p for p in self.powers if p.key not in keys))


def powers_of(e: Expr) -> list[Power]:
    """The factors of ``e`` as powers; a power of a product is taken apart."""
    out: list[Power] = []
    for f in factors_of(e):
        match f:
            case Pow(Mul(inner), Number(n)) if n.denominator == 1:
                for g in inner:
                    base = powers_of(g)
                    out.extend(Power(p.base, p.exponent * n) for p in base)
            case Pow(Pow(base, Number(a)), Number(n)) if a.denominator == n.denominator == 1:
                out.append(Power(base, a * n))
            case Pow(base, Number(n)):
                out.append(Power(base, n))
            case _:
                out.append(Power(f, Fraction(1)))
    return out


def monomial(e: Expr) -> Monomial:
    """``e`` as number times powers, alike bases joined at their first place, cancelled ones gone."""
    number = Fraction(1)
    order: list[Expr] = []
    bases: dict[Expr, Expr] = {}
    exponents: dict[Expr, Fraction] = {}
    for p in powers_of(e):
        if isinstance(p.base, Number) and p.exponent.denominator == 1 and (p.base.value or p.exponent > 0):
            number *= p.base.value ** int(p.exponent)
            continue
        key = p.key
        if key not in exponents:
            order.append(key)
            bases[key] = p.base
            exponents[key] = Fraction(0)
        exponents[key] += p.exponent
    powers = tuple(Power(bases[k], exponents[k]) for k in order if exponents[k] != 0)
    return Monomial(number, powers)


def expand(e: Expr, protected: frozenset[Expr] = frozenset(), limit: int = 300) -> list[Monomial] | None:
    """``e`` multiplied out into monomials, or None when there would be more than ``limit``.

    Sums in ``protected`` (by canonical form) are kept whole.
    """
    done: dict[Expr, list[Monomial]] = {}
    stack: list[tuple[Expr, bool]] = [(e, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        parts = _parts(node, protected)
        if parts is None:
            done[node] = [monomial(node)]
        elif ready:
            combined = _combine(node, [done[p] for p in parts], limit)
            if combined is None:
                return None
            done[node] = combined
        else:
            stack.append((node, True))
            stack.extend((p, False) for p in parts)
    return done[e]


def _parts(node: Expr, protected: frozenset[Expr]) -> tuple[Expr, ...] | None:
    if canonical(node) in protected:
        return None
    match node:
        case Add(terms):
            return terms
        case Mul(factors):
            return factors
        case Pow(Add() as base, Number(n)) if n.denominator == 1 and 2 <= n <= 3:
            return None if canonical(base) in protected else (base,) * int(n)
        case _:
            return None


def _combine(node: Expr, parts: list[list[Monomial]], limit: int) -> list[Monomial] | None:
    if isinstance(node, Add):
        flat = [m for part in parts for m in part]
        return flat if len(flat) <= limit else None
    out = [Monomial(Fraction(1), ())]
    for part in parts:
        if len(out) * len(part) > limit:
            return None
        out = [_times(a, b) for a in out for b in part]
    return out


def _times(a: Monomial, b: Monomial) -> Monomial:
    """The product, alike bases joined at their first place."""
    if not b.powers or not a.powers:
        return Monomial(a.number * b.number, a.powers or b.powers)
    joined = {p.key: p for p in a.powers}
    number = a.number * b.number
    for p in b.powers:
        old = joined.get(p.key)
        joined[p.key] = p if old is None else Power(old.base, old.exponent + p.exponent)
    kept: list[Power] = []
    for p in joined.values():
        if isinstance(p.base, Number) and p.exponent.denominator == 1:
            number *= p.base.value ** int(p.exponent)
        elif p.exponent != 0:
            kept.append(p)
    return Monomial(number, tuple(kept))


def collect(monomials: Sequence[Monomial]) -> list[Monomial]:
    """Like monomials counted together, zeros gone, in order of first appearance."""
    totals: dict[frozenset[tuple[Expr, Fraction]], Monomial] = {}
    for m in monomials:
        key = m.key
        old = totals.get(key)
        totals[key] = m if old is None else Monomial(old.number + m.number, old.powers)
    return [m for m in totals.values() if m.number != 0]


def total(monomials: Sequence[Monomial]) -> Expr:
    """The sum of monomials."""
    return add(*(m.expr() for m in monomials)) if monomials else ZERO


def rank(e: Expr, scope: Scope) -> int:
    """How a teacher orders: numbers, then computed names, parameters, then data."""
    match e:
        case Number():
            return 0
        case Symbol(name):
            declaration = scope.declarations.get(name)
            if declaration is None:
                return 1
            return {"param": 2, "const": 2, "data": 3}[declaration.kind]
        case _:
            return 1


def is_data(e: Expr, scope: Scope) -> bool:
    """Whether ``e`` is an entry of data (or a power of one)."""
    return rank(e.base if isinstance(e, Pow) else e, scope) == 3


def oriented(monomials: Sequence[Monomial], scope: Scope) -> list[Monomial]:
    """A positive term first, computed before data: f − y, 1 − f, p − Y."""
    if len(monomials) < 2 or (monomials[0].number > 0 and not _is_data_term(monomials[0], scope)):
        return list(monomials)
    positive = [m for m in monomials if m.number > 0]
    if not positive:
        return list(monomials)
    best = min(positive, key=lambda m: (_is_data_term(m, scope), monomials.index(m)))
    if monomials[0].number > 0 and _is_data_term(best, scope):
        return list(monomials)
    return [best, *(m for m in monomials if m is not best)]


def _is_data_term(m: Monomial, scope: Scope) -> bool:
    return bool(m.powers) and all(rank(p.base, scope) == 3 for p in m.powers)


def negated(e: Expr) -> Expr:
    """``-e`` with the minus taken into a sum, term by term."""
    if isinstance(e, Add):
        return add(*(negated(t) for t in e.terms))
    m = factors_of(e)
    if isinstance(m[0], Number):
        head = Number(-m[0].value, m[0].decimal)
        return mul(*m[1:]) if head.value == 1 and len(m) > 1 else mul(head, *m[1:])
    return mul(MINUS_ONE, e)


def is_negative(e: Expr) -> bool:
    """Whether ``e`` is written with a minus in front."""
    head = factors_of(e)[0]
    return isinstance(head, Number) and head.value < 0


def one_if_empty(factors: Sequence[Expr]) -> Expr:
    """The product of ``factors``, 1 when there are none."""
    return mul(*factors) if factors else ONE
