"""Signs and comparisons: 1 where a polynomial is positive, or zero, else 0.

``>`` and ``>=`` are one where they differ on a null set only (at a kink). Whether that is so is asked
with care: a relu is 0 on half a line, a label is 0 at times, x_i - x_k where i = k.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from whygrad.core.expr import Index, Symbol
from whygrad.meaning.normal.atoms import (
    FINITE_KINDS,
    Atom,
    Mono,
    Poly,
    atoms_of,
    constant,
    freeze,
    indices_of,
    number,
    parts_of,
    plus,
    scaled,
    single,
)
from whygrad.meaning.normal.bounds import Bounded
from whygrad.meaning.normal.factoring import scale
from whygrad.meaning.normal.reduction import UndefinedError

HALF: Final = Fraction(1, 2)
_ANALYTIC: Final = frozenset(("erf", "sin", "cos", "asin", "atan", "lgamma", "digamma", "trigamma"))


class Signed(Bounded):
    """Signs and comparisons of polynomials."""

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


def _has_fixed_position(a: Atom) -> bool:
    """Whether a literal position, as in x[1], could meet an index."""
    return (
        a.kind == "expr"
        and isinstance(a.data[0], Symbol)
        and any(not isinstance(i, Index) for i in a.data[0].indices)
    )
