"""Bounds on the values of polynomials, from what is declared and defined."""

from __future__ import annotations

from fractions import Fraction

from whygrad.core.cost import Scope
from whygrad.core.functions import FUNCTIONS
from whygrad.meaning.facts import (
    NONNEGATIVE,
    POSITIVE,
    REAL,
    UNIT_INTERVAL,
    Range,
    Ranges,
    point,
)
from whygrad.meaning.normal.algebra import Algebra
from whygrad.meaning.normal.atoms import (
    Atom,
    Frozen,
    Poly,
    Rational,
    atom,
    freeze,
    scaled,
    single,
)
from whygrad.meaning.normal.factoring import scale
from whygrad.meaning.normal.reduction import Budget, spent


class Bounded(Algebra):
    """Arithmetic over atoms that knows bounds of their values.

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
