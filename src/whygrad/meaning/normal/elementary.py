"""Exponentials, logarithms, powers and roots, signs, and the other functions, of polynomials.

sigmoid, tanh, softplus and their kin are rewritten to exponentials; a logarithm is split on the
irreducible factors of its argument (``log`` of an atom means log of its absolute value, which holds
wherever the whole was defined); max, abs and relu are written with the sign of their argument.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Final

import flint

from whygrad.core.cost import Scope
from whygrad.core.expr import Constant, Index, Size, Symbol
from whygrad.core.functions import FUNCTIONS
from whygrad.meaning.facts import (
    NONNEGATIVE,
    POSITIVE,
    REAL,
    UNIT_INTERVAL,
    Range,
    Ranges,
    has_whole_values,
    point,
)
from whygrad.meaning.normal.algebra import Algebra, Budget, UndefinedError, spent
from whygrad.meaning.normal.atoms import (
    FINITE_KINDS,
    UNIT,
    Atom,
    Frozen,
    Mono,
    Poly,
    Rational,
    atom,
    atoms_of,
    constant,
    freeze,
    indices_of,
    number,
    opaque,
    parts_of,
    plus,
    scaled,
    single,
)
from whygrad.meaning.normal.factoring import scale

HALF: Final = Fraction(1, 2)


class Elementary(Algebra):
    """Functions of polynomials.

    Parameters
    ----------
    scope
        What the names are; definitions give ranges even where they are kept opaque.
    budget
        Limits, counted.
    assumed
        Polynomials (in their settled scale) that are positive on the domain in question.
    """

    def __init__(self, scope: Scope, budget: Budget, assumed: frozenset[Frozen] = frozenset()) -> None:
        super().__init__(scope, budget)
        self.assumed = assumed
        self.ranges = Ranges(scope)
        self.kinks = False
        """Whether a comparison was settled off a null set only."""
        self._atom_ranges: dict[Atom, Range] = {}
        self._analytic: dict[Atom, bool] = {}

    def made(self, kind: str, *data: object) -> Atom:
        """An atom, within the limit of depth."""
        a = atom(kind, *data)
        if a.depth > self.budget.depth:
            raise spent(f"functions nested more than {self.budget.depth} deep")
        return a

    # --- ranges and signs -----------------------------------------------------------------------

    def range_of(self, p: Poly) -> Range:
        """Bounds on the values of a polynomial."""
        total = point(Fraction(0))
        for m, c in p.items():
            term = point(Fraction(c))
            for a, e in m:
                term = term * self._power_range(a, e)
            total = total + term
        if self.assumed and p and not total.nonzero:
            c, q = scale(p)
            for sign in (1, -1):
                if freeze(scaled(q, sign)) in self.assumed:
                    return total.within(POSITIVE if c * sign > 0 else -POSITIVE)
        return total

    def _power_range(self, a: Atom, e: Rational) -> Range:
        base = self._atom_range(a)
        if e.denominator == 1:
            return base.power(int(e)) if abs(e) < 50 else REAL
        return POSITIVE if base.positive or a.kind == "exp" else NONNEGATIVE

    def _atom_range(self, a: Atom) -> Range:
        found = self._atom_ranges.get(a)
        if found is None:
            found = self._atom_range_of(a)
            for sign in (1, -1):
                if self.assumed and freeze(scaled(single(a), sign)) in self.assumed:
                    found = found.within(POSITIVE if sign > 0 else -POSITIVE)
            self._atom_ranges[a] = found
        return found

    def _atom_range_of(self, a: Atom) -> Range:
        match a.kind:
            case "expr" | "label":
                return self.ranges.of(a.data[0])
            case "exp":
                return POSITIVE
            case "root":
                return self.range_of(dict(a.data[0]))
            case "inv":
                return self.range_of(dict(a.data[0])).inverse()
            case "sum":
                return _sum_range(self.range_of({a.data[1]: 1}))
            case "prod":
                body = self.range_of(dict(a.data[1]))
                return POSITIVE if body.positive else NONNEGATIVE if body.nonnegative else REAL
            case "max" | "min":
                return self.range_of(dict(a.data[1]))
            case "call":
                return _function_range(a.data[0])
            case "sign":
                return Range(Fraction(-1), Fraction(1), False, False)
            case "log":
                return REAL
            case _:
                return UNIT_INTERVAL

    def sign_of(self, p: Poly) -> int:
        """1 or -1 where the polynomial is known to be positive or negative, else 0."""
        found = self.range_of(p)
        return 1 if found.positive else -1 if found.negative else 0

    # --- exponentials and logarithms --------------------------------------------------------------

    def exp(self, p: Poly) -> Poly:
        """``e^p``: one exponential a term of the exponent."""
        return self.interpolate([p], lambda args: self._exp(args[0]))

    def _exp(self, p: Poly) -> Poly:
        out = number(1)
        for m, c in p.items():
            if len(m) == 1:
                ((a, e),) = m
                if a.kind == "log" and e == 1:
                    out = self.mul(out, self._exp_log(a, c))
                    continue
            out = self.mul(out, single(self.made("exp", m), c))
        return out

    def _exp_log(self, a: Atom, c: Rational) -> Poly:
        """e^(c log|D|) = |D|^c."""
        base = dict(a.data[0])
        sign = self.sign_of(base)
        if sign:
            return self._positive_power(scaled(base, sign), c)
        if c.denominator != 1:
            return single(self.made("exp", frozenset(((a, 1),))), c)
        power = self.int_power(base, int(c))
        return power if c % 2 == 0 else self.mul(power, self.sign_factor(base))

    def log(self, p: Poly) -> Poly:
        """log of the absolute value."""
        return self.interpolate([p], lambda args: self._log(args[0]))

    def _log(self, p: Poly) -> Poly:
        if not p:
            raise UndefinedError("the logarithm of 0")
        p, denominators = self.cleared(p)
        c, mono, parts = self.factors(p)
        out = self._log_number(abs(Fraction(c)))
        for a, e in mono:
            out = plus(out, self._log_atom(a), e)
        for part, power in parts:
            out = plus(out, self._log_of_factor(part), power)
        for bottom, power in denominators:
            out = plus(out, self._log_of_factor(bottom), -power)
        return out

    def _log_of_factor(self, p: Poly) -> Poly:
        return single(self.made("log", freeze(p)))

    def _log_atom(self, a: Atom) -> Poly:
        match a.kind:
            case "exp":
                return {a.data[0]: 1}
            case "root":
                return self._log(dict(a.data[0]))
            case "inv":
                return scaled(self._log_of_factor(dict(a.data[0])), -1)
            case "prod":
                return self.sum_over(self.log(dict(a.data[1])), a.data[0])
            case _:
                return self._log_of_factor(single(a))

    def sum_over(self, p: Poly, index: Index) -> Poly:
        """The sum over all positions of an index; told by the floor above."""
        raise NotImplementedError

    def _log_number(self, c: Fraction) -> Poly:
        out: Poly = {}
        for value, direction in ((c.numerator, 1), (c.denominator, -1)):
            for prime, power in _primes(value):
                log = single(self.made("log", freeze(number(prime))))
                out = plus(out, log, direction * power)
        return out

    # --- powers ---------------------------------------------------------------------------------

    def power(self, base: Poly, exponent: Poly) -> Poly:
        """``base ** exponent``."""
        n = constant(exponent)
        if n is not None and n.denominator == 1:
            return self._whole_power(base, int(n))
        return self.interpolate([base, exponent], lambda args: self._power(args[0], args[1]))

    def _whole_power(self, base: Poly, n: int) -> Poly:
        if abs(n) > 6 and abs(n) * len(base) > 60 and len(base) > 1:
            return single(self.made("call", "pow", freeze(base), freeze(number(n))))
        return self.int_power(base, n)

    def _power(self, base: Poly, exponent: Poly) -> Poly:
        n = constant(exponent)
        if n is not None:
            if n.denominator == 1:
                return self._whole_power(base, int(n))
            return self._rational_power(base, Fraction(n))
        if constant(base) == 1:
            return base
        if self.sign_of(base) <= 0 and self._is_whole(exponent):
            return self._power_of_unknown_sign(base, exponent)
        return self.exp(self.mul(exponent, self.log(base)))

    def _power_of_unknown_sign(self, base: Poly, exponent: Poly) -> Poly:
        """Whole exponents take negative bases too: factors apart, whole parts out, the rest closed."""
        if not base:
            return single(self.made("call", "pow", freeze(base), freeze(exponent)))
        base, denominators = self.cleared(base)
        c, mono, parts = self.factors(base)
        pieces: list[tuple[Poly, Rational]] = [(single(a), e) for a, e in mono]
        pieces += [*parts, *((bottom, -k) for bottom, k in denominators)]
        if any(e.denominator != 1 for _, e in pieces):
            return single(self.made("call", "pow", freeze(base), freeze(exponent)))
        size = number(abs(c))
        out = self.exp(self.mul(exponent, self.log(size))) if abs(c) != 1 else number(1)
        pieces += [(number(-1), 1)] if c < 0 else []
        for piece, e in pieces:
            for m, k in exponent.items():
                k = int(k * e)
                if piece == number(-1):
                    k %= 2
                if m == UNIT:
                    out = self.mul(out, self.int_power(piece, k))
                elif self.sign_of(piece) > 0:
                    out = self.mul(out, self.exp(scaled(self.mul({m: 1}, self.log(piece)), k)))
                elif k:
                    closed = self.made("call", "pow", freeze(piece), freeze({m: 1}))
                    out = self.mul(out, single(closed, k))
        return out

    def _is_whole(self, p: Poly) -> bool:
        """Whether the values of the exponent are whole numbers."""
        return all(
            c.denominator == 1 and all(e > 0 and self._atom_is_whole(a) for a, e in m) for m, c in p.items()
        )

    def _atom_is_whole(self, a: Atom) -> bool:
        if a.kind not in ("expr", "label"):
            return False
        match a.data[0]:
            case Index() | Size():
                return True
            case Symbol(name):
                declared = self.scope.declarations.get(name)
                return declared is not None and has_whole_values(declared)
            case _:
                return False

    def _rational_power(self, p: Poly, r: Fraction) -> Poly:
        """Where p is not negative: each factor that is known not to be taken out of the root."""
        if not p:
            if r > 0:
                return {}
            raise UndefinedError("a negative power of 0")
        p, denominators = self.cleared(p)
        c, mono, parts = self.factors(p)
        pieces: list[tuple[Poly, Rational]] = [(single(a), e) for a, e in mono]
        pieces += [(part, k) for part, k in parts]
        pieces += [(bottom, -k) for bottom, k in denominators]
        out, unknown = number(1), list[tuple[Poly, Rational]]()
        for piece, e in pieces:
            sign = self.sign_of(piece)
            if sign or e.denominator != 1 or self.range_of(piece).nonnegative:
                c = -c if sign < 0 and e % 2 else c
                out = self.mul(out, self._positive_power(scaled(piece, sign or 1), e * r))
            elif e % 2 == 0 and (e * r).denominator == 1:
                power = self.int_power(piece, int(e * r))
                odd = (e * r) % 2
                out = self.mul(out, self.mul(power, self.sign_factor(piece)) if odd else power)
            else:
                unknown.append((piece, e))
        if len(unknown) == 1 and unknown[0][1] % 2:
            ((piece, e),) = unknown
            out = self.mul(out, self._positive_power(scaled(piece, 1 if c > 0 else -1), e * r))
            c = abs(c)
        elif unknown:
            base = self.product([self.int_power(piece, int(e)) for piece, e in unknown])
            if c < 0:
                base = scaled(base, -1)
            out = self.mul(out, self.settle({self.made("root", freeze(base)): r}))
            c = abs(c)
        if c < 0:
            raise UndefinedError("a root of a negative number")
        return self.mul(out, self._number_power(Fraction(c), r))

    def _positive_power(self, p: Poly, r: Rational) -> Poly:
        """``p ** r`` of one irreducible factor that is not negative."""
        if r.denominator == 1:
            return self.int_power(p, int(r))
        if len(p) == 1:
            ((m, c),) = p.items()
            if c == 1 and len(m) == 1:
                ((a, e),) = m
                if not a.special or a.kind == "root":
                    return self.settle({a: e * r})
        return self.settle({self.made("root", freeze(p)): r})

    def _number_power(self, c: Fraction, r: Fraction) -> Poly:
        out = number(1)
        for value, direction in ((c.numerator, 1), (c.denominator, -1)):
            for prime, power in _primes(value):
                root = self.made("root", freeze(number(prime)))
                out = self.mul(out, self.settle({root: direction * power * r}))
        return out

    # --- signs and comparisons ------------------------------------------------------------------

    def sign_factor(self, p: Poly) -> Poly:
        """An s with ``s p = |p|``."""
        return self.interpolate([p], lambda args: self._sign(args[0]))

    def _sign(self, p: Poly) -> Poly:
        """The sign; at zeros of p anything."""
        value = constant(p)
        if value is not None:
            return number((value > 0) - (value < 0))
        known = self.sign_of(p)
        if known:
            return number(known)
        p, denominators = self.cleared(p)
        c, mono, parts = self.factors(p)
        out = number(1 if c > 0 else -1)
        pieces = [(single(a), e) for a, e in mono] + parts + denominators
        for piece, e in pieces:
            known = self.sign_of(piece)
            if e.denominator != 1 or e % 2 == 0 or known > 0:
                continue
            out = scaled(out, -1) if known else self.mul(out, self._sign_of_factor(piece))
        return out

    def _sign_of_factor(self, p: Poly) -> Poly:
        if self.rarely_zero(p):
            return single(self.made("sign", freeze(p)))
        return plus(number(-1), self._positive(p), 2)

    def is_positive(self, p: Poly, *, strict: bool) -> Poly:
        """1 where ``p > 0`` (or ``p >= 0``), else 0; right off a null set."""

        def f(args: list[Poly]) -> Poly:
            (q,) = args
            value = constant(q) if self.cleared(q)[0] else 0
            if value is not None:
                return number(int(value > 0 if strict else value >= 0))
            found = self.range_of(q)
            if found.positive or (not strict and found.nonnegative):
                return number(1)
            if found.negative or (strict and (-found).nonnegative):
                return number(0)
            if self.rarely_zero(q):
                self.kinks = True
                return plus(number(HALF), self._sign(q), HALF)
            if strict:
                return self._positive(q)
            return plus(number(1), self._positive(scaled(q, -1)), -1)

        return self.interpolate([p], f)

    def _positive(self, p: Poly) -> Poly:
        c, q = scale(p)
        return single(self.made("positive", freeze(q if c > 0 else scaled(q, -1))))

    def is_zero_value(self, p: Poly) -> Poly:
        """1 where ``p == 0``, else 0; right off a null set."""

        def f(args: list[Poly]) -> Poly:
            (q,) = args
            value = constant(q) if self.cleared(q)[0] else 0
            if value is not None:
                return number(int(value == 0))
            if self.range_of(q).nonzero:
                return number(0)
            if self.rarely_zero(q):
                self.kinks = True
                return number(0)
            return single(self.made("zero", freeze(scale(q)[1])))

        return self.interpolate([p], f)

    def rarely_zero(self, p: Poly) -> bool:
        """Whether p is 0 on a null set only, whatever the labels and the positions are.

        As a polynomial in what varies continuously, some coefficient must be nonzero for all values
        of the rest; and no two indices may cancel it by being equal.
        """
        p, _ = self.cleared(p)
        if not p or self._may_hide_zero(p):
            return False
        groups: dict[Mono, Poly] = {}
        for m, c in p.items():
            varying = frozenset(x for x in m if self._varies(x[0]))
            groups.setdefault(varying, {})[m - varying] = c
        if not any(g and self._never_zero(q) for g, q in groups.items()):
            if not any(not g and self._never_zero(q) for g, q in groups.items()):
                return False
            if len(groups) == 1:
                return False
        return not self._cancels_on_a_diagonal(p)

    def _may_hide_zero(self, p: Poly) -> bool:
        """Whether p is not analytic, or is built of atoms between which a relation may be unknown."""
        inside = atoms_of(p)
        if not all(self._is_analytic(a) for a in inside):
            return True
        if sum(len(a.data[0]) > 1 for a in inside if a.kind == "sum") > 1:
            return True  # sums over several dummies may be one sum in two orders
        tangled = (b for a in inside if a.kind in ("root", "exp") for b in parts_of(a))
        return any(b.kind in ("root", "log") for b in tangled)

    def _never_zero(self, p: Poly) -> bool:
        if len(p) == 1:
            ((m, _),) = p.items()
            return all(self._atom_never_zero(a) for a, _ in m)
        return self.range_of(p).nonzero

    def _atom_never_zero(self, a: Atom) -> bool:
        if self._atom_range(a).nonzero:
            return True
        if a.kind == "expr" and isinstance(a.data[0], Symbol):
            declared = self.scope.declarations.get(a.data[0].name)
            return declared is not None and bool(declared.values) and 0 not in declared.values
        return False

    def _varies(self, a: Atom) -> bool:
        """Whether an atom is an analytic function of something continuous, and not constant."""
        match a.kind:
            case "expr":
                return isinstance(a.data[0], Symbol) and not self._is_discrete(a)
            case "exp":
                return any(self._varies(b) for b, _ in a.data[0])
            case "log" | "root" | "inv":
                return any(self._varies(b) for b in atoms_of(dict(a.data[0])))
            case "sum":
                return bool(a.data[1]) and all(self._varies(b) for b, _ in a.data[1])
            case _:
                return False

    def _is_analytic(self, a: Atom) -> bool:
        """Whether it has neither kinks nor jumps in what varies continuously."""
        found = self._analytic.get(a)
        if found is None:
            bent = a.kind in ("max", "min", *FINITE_KINDS)
            bent |= a.kind == "call" and a.data[0] not in _ANALYTIC
            found = not bent and all(self._is_analytic(b) for b in parts_of(a))
            self._analytic[a] = found
        return found

    def _is_discrete(self, a: Atom) -> bool:
        """Whether its values may be isolated or tied: labels, whole numbers, sizes, simplices."""
        e = a.data[0]
        match e:
            case Symbol(name):
                declared = self.scope.declarations.get(name)
                return declared is not None and (
                    any(d.kind not in ("real", "interval") for d in declared.domains)
                    or declared.value is not None
                )
            case _:
                return True

    def _cancels_on_a_diagonal(self, p: Poly) -> bool:
        found = sorted(indices_of(p), key=lambda i: (i.dim, i.letter))
        for k, i in enumerate(found):
            for j in found[k + 1 :]:
                if i.dim == j.dim:
                    try:
                        if not self.rename(p, {j: i}):
                            return True
                    except UndefinedError:
                        continue
        return any(_has_fixed_position(a) for a in atoms_of(p))

    # --- functions ------------------------------------------------------------------------------

    def call(self, name: str, args: list[Poly]) -> Poly:
        """An elementary function by name."""
        rewrite = _REWRITES.get(name)
        if rewrite is not None:
            return rewrite(self, args)
        return self.interpolate(args, lambda q: self._call(name, q))

    def _call(self, name: str, args: list[Poly]) -> Poly:
        if len(args) == 1 and name in _PARITY:
            c, q = scale(args[0]) if args[0] else (1, args[0])
            if not q:
                return number(_AT_ZERO[name])
            if c < 0:
                turned = single(self.made("call", name, freeze(scaled(args[0], -1))))
                return scaled(turned, _PARITY[name])
        if len(args) == 1 and name in _SHIFTS:
            return self._shifted(name, args[0])
        return single(self.made("call", name, *(freeze(q) for q in args)))

    def _shifted(self, name: str, p: Poly) -> Poly:
        """Gamma(u + 1) = u Gamma(u), and its logarithm's derivatives (DLMF 5.5.1, 5.5.2, 5.15.5)."""
        whole = floor(p.get(UNIT, 0))
        if len(p) == 1 and UNIT in p:
            whole -= 1
            if p[UNIT] <= 0:
                raise UndefinedError(f"{name} at {p[UNIT]}")
            if name == "lgamma" and p[UNIT] == 1:
                return {}
        if not whole or abs(whole) > 8:
            return single(self.made("call", name, freeze(p)))
        start = plus(p, number(whole), -1)
        out = self._shifted(name, start)
        for k in range(abs(whole)):
            at = plus(start, number(k if whole > 0 else -k - 1))
            out = plus(out, _SHIFTS[name](self, at), 1 if whole > 0 else -1)
        return out


def _has_fixed_position(a: Atom) -> bool:
    """Whether a literal position, as in x[1], could meet an index."""
    return (
        a.kind == "expr"
        and isinstance(a.data[0], Symbol)
        and any(not isinstance(i, Index) for i in a.data[0].indices)
    )


def _sum_range(body: Range) -> Range:
    if body.nonnegative:
        return POSITIVE if body.positive else NONNEGATIVE
    return -_sum_range(-body) if (-body).nonnegative else REAL


def _function_range(name: str) -> Range:
    match FUNCTIONS[name].range if name in FUNCTIONS else "real":
        case "positive":
            return POSITIVE
        case "nonnegative":
            return NONNEGATIVE
        case "abs-below-one" | "sign":
            return Range(Fraction(-1), Fraction(1), name == "sign", name == "sign")
        case "open-unit":
            return Range(Fraction(0), Fraction(1))
        case _:
            return REAL


def _primes(n: int) -> list[tuple[int, int]]:
    """The prime factors of a whole number; a very long one stays whole."""
    if n == 1:
        return []
    if n.bit_length() > 64:
        return [(n, 1)]
    return [(int(p), int(k)) for p, k in flint.fmpz(n).factor()]


Rewrite = Callable[[Elementary, list[Poly]], Poly]


def _sigmoid(on: Elementary, args: list[Poly]) -> Poly:
    """sigma(u) = 1/(1 + e^-u), written as 1 - 1/(1 + e^u)."""
    return plus(number(1), on.inverse(plus(number(1), on.exp(args[0]))), -1)


def _tanh(on: Elementary, args: list[Poly]) -> Poly:
    """tanh u = 1 - 2/(e^2u + 1)."""
    return plus(number(1), on.inverse(plus(number(1), on.exp(scaled(args[0], 2)))), -2)


def _softplus(on: Elementary, args: list[Poly]) -> Poly:
    return on.log(plus(number(1), on.exp(args[0])))


def _cosh(on: Elementary, args: list[Poly]) -> Poly:
    e = on.exp(args[0])
    return scaled(plus(e, on.inverse(e)), HALF)


def _sinh(on: Elementary, args: list[Poly]) -> Poly:
    e = on.exp(args[0])
    return scaled(plus(e, on.inverse(e), -1), HALF)


def _normal_cdf(on: Elementary, args: list[Poly]) -> Poly:
    """Phi(u) = (1 + erf(u/sqrt 2))/2 (DLMF 7.2.1 with the normal density)."""
    root_half = on.power(number(HALF), number(HALF))
    return scaled(plus(number(1), on.call("erf", [on.mul(args[0], root_half)])), HALF)


def _max(on: Elementary, args: list[Poly]) -> Poly:
    """max(u, v) = (u + v + |u - v|)/2."""
    gap = plus(args[0], args[1], -1)
    size = on.mul(gap, on.sign_factor(gap))
    return scaled(plus(plus(args[0], args[1]), size), HALF)


def _min(on: Elementary, args: list[Poly]) -> Poly:
    gap = plus(args[0], args[1], -1)
    size = on.mul(gap, on.sign_factor(gap))
    return scaled(plus(plus(args[0], args[1]), size, -1), HALF)


def _beta(on: Elementary, args: list[Poly]) -> Poly:
    """B(a, b) = Gamma(a) Gamma(b)/Gamma(a + b) (DLMF 5.12.1)."""
    a, b = args
    logs = plus(on.call("lgamma", [a]), on.call("lgamma", [b]))
    return on.exp(plus(logs, on.call("lgamma", [plus(a, b)]), -1))


def _sign(on: Elementary, args: list[Poly]) -> Poly:
    up = on.is_positive(args[0], strict=True)
    return plus(up, on.is_positive(scaled(args[0], -1), strict=True), -1)


_REWRITES: Final[dict[str, Rewrite]] = {
    "exp": lambda on, a: on.exp(a[0]),
    "log": lambda on, a: on.log(a[0]),
    "log1p": lambda on, a: on.log(plus(number(1), a[0])),
    "expm1": lambda on, a: plus(on.exp(a[0]), number(1), -1),
    "sqrt": lambda on, a: on.power(a[0], number(HALF)),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "cosh": _cosh,
    "sinh": _sinh,
    "silu": lambda on, a: on.mul(a[0], _sigmoid(on, a)),
    "gelu": lambda on, a: on.mul(a[0], _normal_cdf(on, a)),
    "Phi": _normal_cdf,
    "erfc": lambda on, a: plus(number(1), on.call("erf", a), -1),
    "Gamma": lambda on, a: on.exp(on.call("lgamma", a)),
    "beta": _beta,
    "tan": lambda on, a: on.mul(on.call("sin", a), on.inverse(on.call("cos", a))),
    "acos": lambda on, a: plus(scaled(opaque(Constant("pi")), HALF), on.call("asin", a), -1),
    "abs": lambda on, a: on.mul(a[0], on.sign_factor(a[0])),
    "relu": lambda on, a: _max(on, [a[0], {}]),
    "sign": _sign,
    "max": _max,
    "min": _min,
    "clip": lambda on, a: _min(on, [_max(on, [a[0], a[1]]), a[2]]),
}
_PARITY: Final = {"erf": -1, "sin": -1, "cos": 1, "atan": -1, "asin": -1}
_AT_ZERO: Final = {"erf": 0, "sin": 0, "cos": 1, "atan": 0, "asin": 0}
_ANALYTIC: Final = frozenset(("erf", "sin", "cos", "asin", "atan", "lgamma", "digamma", "trigamma"))
_SHIFTS: Final[dict[str, Callable[[Elementary, Poly], Poly]]] = {
    "lgamma": lambda on, u: on.log(u),
    "digamma": lambda on, u: on.inverse(u),
    "trigamma": lambda on, u: scaled(on.int_power(u, -2), -1),
}
