"""Exponentials, logarithms, powers and roots of polynomials.

A logarithm is split on the irreducible factors of its argument: the ``log`` of an atom means log of its
absolute value, which holds wherever the whole was defined.
"""

from __future__ import annotations

from fractions import Fraction

import flint

from whygrad.core.expr import Index, Size, Symbol
from whygrad.meaning.facts import has_whole_values
from whygrad.meaning.normal.atoms import (
    UNIT,
    Atom,
    Poly,
    Rational,
    constant,
    freeze,
    number,
    plus,
    scaled,
    single,
)
from whygrad.meaning.normal.reduction import UndefinedError
from whygrad.meaning.normal.signs import Signed


class Elementary(Signed):
    """Exponentials, logarithms and powers."""

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


def _primes(n: int) -> list[tuple[int, int]]:
    """The prime factors of a whole number; a very long one stays whole."""
    if n == 1:
        return []
    if n.bit_length() > 64:
        return [(n, 1)]
    return [(int(p), int(k)) for p, k in flint.fmpz(n).factor()]
