"""What declarations and definitions say about the range of a value.

Interval arithmetic over exact rationals: ``sigmoid(z)`` lies in (0, 1), so ``1 - f`` is positive.
Everything returned is true at each admissible point where the expression is defined; it need not be
tight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import children, fold, names


@dataclass(frozen=True, slots=True)
class Range:
    """All values between ``low`` and ``high`` (None: unbounded); an open end is not attained."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = True
    high_open: bool = True

    @property
    def positive(self) -> bool:
        """Whether every value is > 0."""
        return self.low is not None and (self.low > 0 or (self.low == 0 and self.low_open))

    @property
    def negative(self) -> bool:
        """Whether every value is < 0."""
        return (-self).positive

    @property
    def nonnegative(self) -> bool:
        """Whether every value is >= 0."""
        return self.low is not None and self.low >= 0

    @property
    def nonzero(self) -> bool:
        """Whether no value is 0."""
        return self.positive or self.negative

    def __neg__(self) -> Range:
        low = None if self.high is None else -self.high
        high = None if self.low is None else -self.low
        return Range(low, high, self.high_open, self.low_open)

    def __add__(self, other: Range) -> Range:
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        low_open = self.low_open or other.low_open
        return Range(low, high, low_open, self.high_open or other.high_open)

    def __mul__(self, other: Range) -> Range:
        ends = [_end_product(a, b) for a in self._ends() for b in other._ends()]
        low, low_open = min((e for e in ends), key=lambda e: (e[0], e[1]))
        high, high_open = max((e for e in ends), key=lambda e: (e[0], not e[1]))
        # A product of an open 0 end with anything never attains 0; an attained 0 wins above.
        return Range(_finite(low), _finite(high), low_open, high_open)

    def _ends(self) -> tuple[tuple[Fraction | float, bool], tuple[Fraction | float, bool]]:
        low = -_INFINITY if self.low is None else self.low
        high = _INFINITY if self.high is None else self.high
        return (low, self.low_open), (high, self.high_open)

    def union(self, other: Range) -> Range:
        """The smallest range that holds both."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        low_open = all(r.low_open for r in (self, other) if r.low == low)
        high_open = all(r.high_open for r in (self, other) if r.high == high)
        return Range(low, high, low_open, high_open)

    def within(self, other: Range) -> Range:
        """What is in both."""
        lows = [(r.low, r.low_open) for r in (self, other) if r.low is not None]
        highs = [(r.high, not r.high_open) for r in (self, other) if r.high is not None]
        low, low_open = max(lows, default=(None, True))
        high, high_closed = min(highs, default=(None, False))
        return Range(low, high, low_open, not high_closed)

    def inverse(self) -> Range:
        """The range of 1/u where u is not 0."""
        if self.nonnegative:
            low = Fraction(0) if self.high is None else 1 / self.high if self.high else None
            high = None if not self.low else 1 / self.low
            low_open = self.high is None or self.high_open
            return Range(low, high, low_open, self.low_open)
        if (-self).nonnegative:
            return -((-self).inverse())
        return REAL

    def power(self, n: int) -> Range:
        """The range of the n-th power."""
        if n < 0:
            return self.power(-n).inverse()
        if n == 0:
            return point(Fraction(1))
        if n % 2 == 0:
            size = self.magnitude()
            high = None if size.high is None else size.high**n
            return Range((size.low or Fraction(0)) ** n, high, size.low_open, size.high_open)
        low = None if self.low is None else self.low**n
        high = None if self.high is None else self.high**n
        return Range(low, high, self.low_open, self.high_open)

    def magnitude(self) -> Range:
        """The range of the absolute value."""
        if self.nonnegative:
            return self
        if (-self).nonnegative:
            return -self
        if self.low is None or self.high is None:
            return Range(Fraction(0), None, False)
        high = max(-self.low, self.high)
        ends = ((-self.low, self.low_open), (self.high, self.high_open))
        return Range(Fraction(0), high, False, all(o for e, o in ends if e == high))


_INFINITY = float("inf")


def _end_product(
    a: tuple[Fraction | float, bool], b: tuple[Fraction | float, bool]
) -> tuple[Fraction | float, bool]:
    """The product of two ends: a 0 that is attained gives an attained 0."""
    (x, x_open), (y, y_open) = a, b
    if x == 0 or y == 0:
        attained = (x == 0 and not x_open) or (y == 0 and not y_open)
        return Fraction(0), not attained
    return x * y, x_open or y_open


def _finite(x: Fraction | float) -> Fraction | None:
    return x if isinstance(x, Fraction) else None


def point(value: Fraction) -> Range:
    """One value."""
    return Range(value, value, False, False)


REAL = Range()
POSITIVE = Range(Fraction(0))
NONNEGATIVE = Range(Fraction(0), None, False)
UNIT_INTERVAL = Range(Fraction(0), Fraction(1), False, False)
_ONE = Fraction(1)
_RANGES: dict[str, Range] = {
    "real": REAL,
    "positive": POSITIVE,
    "nonnegative": NONNEGATIVE,
    "open-unit": Range(Fraction(0), _ONE),
    "abs-below-one": Range(-_ONE, _ONE),
    "sign": Range(-_ONE, _ONE, False, False),
    "integer": REAL,
}


def declared_range(declaration: Declaration) -> Range:
    """Where the entries of a declared name live."""
    out = REAL
    for domain in declaration.domains:
        out = out.within(_domain_range(domain))
    if declaration.value is not None:
        out = point(declaration.value)
    return out


def _domain_range(domain: Domain) -> Range:
    match domain.kind:
        case "finite":
            return Range(min(domain.values), max(domain.values), False, False)
        case "interval" | "integer":
            low_open, high_open = not domain.closed[0], not domain.closed[1]
            return Range(domain.low, domain.high, low_open, high_open)
        case "onehot" | "simplex":
            return UNIT_INTERVAL
        case _:
            return REAL


def is_whole(e: Expr, scope: Scope) -> bool:
    """Whether the values of an expression are surely whole numbers."""

    def f(node: Expr, kids: tuple[bool, ...]) -> bool:
        match node:
            case Number(value):
                return value.denominator == 1
            case Index() | Size() | Delta() | Compare():
                return True
            case Symbol(name):
                return name in scope.declarations and has_whole_values(scope.declarations[name])
            case Add() | Mul():
                return all(kids)
            case _:
                return False

    return fold(e, f)


def has_whole_values(declaration: Declaration) -> bool:
    """Whether the entries of a declared name are whole numbers."""
    return any(
        d.kind in ("integer", "onehot") or (d.kind == "finite" and all(v.denominator == 1 for v in d.values))
        for d in declaration.domains
    )


class Ranges:
    """The ranges of expressions in one scope, remembered by name."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._names: dict[str, Range] = {}
        self._found: dict[Expr, Range] = {}

    def of(self, e: Expr) -> Range:
        """The range of an expression in index form."""
        found = self._found.get(e)
        if found is None:
            self._settle(names(e))
            stack = [(e, False)]
            while stack:
                node, ready = stack.pop()
                if node in self._found:
                    continue
                kids = children(node)
                if ready or not kids:
                    self._found[node] = self._step(node, tuple(self._found[kid] for kid in kids))
                else:
                    stack.append((node, True))
                    stack.extend((kid, False) for kid in kids)
            found = self._found[e]
        return found

    def of_name(self, name: str) -> Range:
        """The range of the entries of a name."""
        self._settle((name,))
        return self._names.get(name, REAL)

    def _settle(self, wanted: Iterable[str]) -> None:
        """Ranges of the definitions, those that others need first."""
        stack = [(name, False) for name in wanted]
        open_names: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if name in self._names:
                continue
            definition = self.scope.definitions.get(name)
            if name in self.scope.declarations:
                self._names[name] = declared_range(self.scope.declarations[name])
            elif definition is None or definition.is_function:
                self._names[name] = REAL
            elif ready:
                self._names[name] = fold(definition.body, self._step)
            elif name in open_names:
                self._names[name] = REAL  # defined by itself
            else:
                open_names.add(name)
                stack.append((name, True))
                stack.extend((used, False) for used in names(definition.body))

    def _step(self, e: Expr, kids: tuple[Range, ...]) -> Range:
        match e:
            case Number(value):
                return point(value)
            case Constant(name):
                return Range(Fraction(3), Fraction(4)) if name == "pi" else Range(Fraction(2), Fraction(3))
            case Symbol(name):
                return self._names.get(name, REAL)
            case Index() | Size():
                return Range(Fraction(1), None, False)
            case Delta() | Compare():
                return UNIT_INTERVAL
            case Add():
                return _sum(kids)
            case Mul():
                return _product(kids)
            case Pow():
                return _power(kids[0], kids[1], e.exponent)
            case Call(name):
                return _call(name, kids)
            case Cases():
                out = kids[-1]
                for value in kids[1:-1:2]:
                    out = out.union(value)
                return out
            case Apply("det", (Symbol(name),)) if _is_spd(self.scope, name):
                return POSITIVE
            case Reduce(op):
                return _reduce(op, kids[0], e.where is not None)
            case _:
                return REAL


def _is_spd(scope: Scope, name: str) -> bool:
    return name in scope.declarations and scope.declarations[name].has("spd")


def _sum(kids: tuple[Range, ...]) -> Range:
    out = point(Fraction(0))
    for kid in kids:
        out = out + kid
    return out


def _product(kids: tuple[Range, ...]) -> Range:
    out = point(_ONE)
    for kid in kids:
        out = out * kid
    return out


def _power(base: Range, exponent: Range, written: Expr) -> Range:
    if isinstance(written, Number) and written.value.denominator == 1:
        n = written.value.numerator
        return base.power(n) if abs(n) < 50 else REAL
    if base.positive:
        if base.high is not None and base.high <= 1 and exponent.nonnegative:
            return Range(Fraction(0), _ONE, True, False)
        return POSITIVE
    return NONNEGATIVE if base.nonnegative else REAL


def _call(name: str, kids: tuple[Range, ...]) -> Range:
    match name, kids:
        case "abs", (u,):
            return u.magnitude()
        case "relu", (u,):
            return Range(max(u.low or Fraction(0), Fraction(0)), u.high, u.positive and u.low_open)
        case "max", (u, v):
            lows = [(r.low, r.low_open) for r in (u, v) if r.low is not None]
            low, low_open = max(lows, default=(None, True))
            return Range(low, u.union(v).high, low_open, u.union(v).high_open)
        case "min", (u, v):
            return -_call("max", (-u, -v))
        case "log", (u,):
            return NONNEGATIVE if u.low is not None and u.low >= 1 else REAL
        case "log1p", (u,):
            return POSITIVE if u.positive else NONNEGATIVE if u.nonnegative else REAL
        case "sqrt", (u,):
            return POSITIVE if u.positive else NONNEGATIVE
        case (("tanh" | "sinh" | "erf" | "expm1" | "atan" | "sign"), (u,)) if u.positive:
            return POSITIVE
        case _:
            return _RANGES[FUNCTIONS[name].range] if name in FUNCTIONS else REAL


def _reduce(op: str, body: Range, restricted: bool) -> Range:
    if op in ("max", "min"):
        return body
    if op == "prod":
        return POSITIVE if body.positive else NONNEGATIVE if body.nonnegative else REAL
    if body.nonnegative:
        return POSITIVE if body.positive and not restricted else NONNEGATIVE
    if (-body).nonnegative:
        return -_reduce(op, -body, restricted)
    return REAL
