"""The slow oracle: values by loops over indices, derivatives by central differences.

Obvious on purpose, and written without a look at the other judges: an array operation is its schoolbook
definition, an inverse is the adjugate over the determinant, a derivative is (F(p + h) - F(p - h)) / 2h with
h = 10^-50 at three hundred digits. Every compiled program and every derived gradient is held against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import cast

from flint import arb, ctx

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.meaning.sample import Point
from whygrad.meaning.schoolbook import (
    FUNCTIONS,
    JOIN,
    NAN,
    Array,
    Place,
    compare,
    entrywise,
    number,
    operate,
    order_of,
    part,
    places,
    power,
    spread,
    times,
)
from whygrad.meaning.shapes import size_of_dim

Frame = tuple[Mapping[Index, int], Mapping[str, Array]]
"""Where the index letters stand, and the arguments of the function being evaluated."""
Work = Generator[tuple[Expr, Frame], Array, Array]


def evaluate(e: Expr, scope: Scope, point: Point, digits: int = 50) -> arb:
    """Give the value of a scalar expression at a point to ``digits`` digits (nan where it has none).

    Examples
    --------
    >>> from fractions import Fraction
    >>> i = Index("i", "m")
    >>> two = Point({("u", (1,)): Fraction(1, 2), ("u", (2,)): Fraction(3)}, {"m": 2}, {})
    >>> float(evaluate(Reduce("sum", i, Symbol("u", (i,))), Scope(), two))
    3.5
    """
    (value,) = evaluate_array(e, scope, point, digits).items
    return value


def evaluate_array(e: Expr, scope: Scope, point: Point, digits: int = 50) -> Array:
    """The value of any expression, entry by entry."""
    with ctx.workdps(6 * digits):
        return Oracle(scope, point, digits).value(e, (point.positions, {}))


def gradient(e: Expr, wrt: str, scope: Scope, point: Point, digits: int = 50) -> dict[Place, arb]:
    """The derivative of a scalar expression by each entry of the name ``wrt``, by central differences.

    ``wrt`` may be a definition: it is then varied by itself, whatever it is made of.

    Examples
    --------
    >>> from fractions import Fraction
    >>> at = Point({("w", ()): Fraction(3)}, {}, {})
    >>> float(gradient(Pow(Symbol("w"), Number(2)), "w", Scope(), at)[()])
    6.0
    """
    with ctx.workdps(6 * digits):
        oracle = Oracle(scope, point, digits)
        frame: Frame = (point.positions, {})
        return {place: oracle.slope(e, wrt, place, frame).items[0] for place in oracle.places_of(wrt)}


class Oracle:
    """Values at one point; ``moved`` are entries that a difference has pushed aside."""

    def __init__(
        self, scope: Scope, point: Point, digits: int, moved: Mapping[tuple[str, Place], arb] | None = None
    ) -> None:
        self.scope, self.point, self.digits = scope, point, digits
        self.moved = dict(moved or {})
        self._known: dict[tuple[str, Place], Array] = {}

    def value(self, e: Expr, frame: Frame) -> Array:
        """Evaluate on a stack of suspended evaluations, so that depth does not matter."""
        stack: list[Work] = [self._value(e, frame)]
        answer: Array | None = None
        while stack:
            try:
                wanted = next(stack[-1]) if answer is None else stack[-1].send(answer)
            except StopIteration as stop:
                stack.pop()
                answer = cast("Array", stop.value)
                continue
            stack.append(self._value(*wanted))
            answer = None
        return cast("Array", answer)

    def size(self, dim: str) -> int:
        """Positions along a dimension."""
        return size_of_dim(dim, self.point.sizes)

    def places_of(self, name: str) -> list[Place]:
        """All positions of a name."""
        known = name in self.scope.declarations or name in self.scope.definitions
        if not known:
            return [place for other, place in self.point.values if other == name]
        return list(places(tuple(self.size(dim) for dim in self.scope.dims_of(name))))

    def slope(self, e: Expr, name: str, place: Place, frame: Frame) -> Array:
        """(F(p + h) - F(p - h)) / 2h for one entry of a name."""
        h = arb(10) ** -self.digits
        (here,) = self.value(Symbol(name, tuple(Number(p) for p in place)), ({}, {})).items
        sides: list[Array] = []
        for step in (h, -h):
            moved = {**self.moved, (name, place): here + step}
            sides.append(Oracle(self.scope, self.point, self.digits, moved).value(e, frame))
        up, down = sides
        return Array(up.shape, tuple((a - b) / (2 * h) for a, b in zip(up.items, down.items, strict=True)))

    def _value(self, e: Expr, frame: Frame) -> Work:
        match e:
            case Number(value):
                return number(arb(value.numerator) / value.denominator)
            case Constant(name):
                return number(arb.pi() if name == "pi" else arb(1).exp())
            case Index():
                return number(arb(frame[0][e]))
            case Size(dim):
                return number(arb(self.size(dim)))
            case Symbol():
                return (yield from self._symbol(e, frame))
            case Mul():
                return (yield from self._mul(e, frame))
            case Call(name, args) if name in self.scope.definitions:
                return (yield from self._function(name, args, frame))
            case Add() | Pow() | Call() | Compare() | Delta():
                kids = yield from _all(_children(e), frame)
                return entrywise(_operation(e), kids)
            case Cases():
                return (yield from self._cases(e, frame))
            case Reduce():
                return (yield from self._reduce(e, frame))
            case Partial(body, wrt):
                return (yield from self._partial(body, wrt, frame))
            case Entry(array, indices):
                whole = yield (array, frame)
                place = yield from self._place(indices, frame)
                return part(whole, place)
            case Apply(op, args):
                if op in ("identity", "ones", "zeros"):
                    return self._filled(op, args)
                kids = yield from _all(args, frame)
                return operate(op, kids)
            case _:
                raise TypeError(f"{type(e).__name__} has no value")

    # --- names --------------------------------------------------------------------------------------
    def _place(self, indices: Sequence[Expr], frame: Frame) -> Generator[tuple[Expr, Frame], Array, Place]:
        """Positions as whole numbers; 0, which is nowhere, if one is not whole."""
        place: list[int] = []
        for index in indices:
            position = (yield (index, frame)).items[0]
            whole = position.unique_fmpz()
            place.append(0 if whole is None else int(whole))
        return tuple(place)

    def _symbol(self, e: Symbol, frame: Frame) -> Work:
        if e.name in frame[1]:
            return frame[1][e.name]
        place = yield from self._place(e.indices, frame)
        rest = self.scope.dims_of(e.name)[len(place) :]
        shape = tuple(self.size(dim) for dim in rest)
        items: list[arb] = []
        for more in places(shape):
            items.append((yield from self._named(e.name, place + more)))
        return Array(shape, tuple(items))

    def _named(self, name: str, place: Place) -> Generator[tuple[Expr, Frame], Array, arb]:
        """One entry of a name: pushed aside, defined, or given."""
        if (name, place) in self.moved:
            return self.moved[name, place]
        definition = self.scope.definitions.get(name)
        if definition is None:
            given = self.point.values.get((name, place))
            return NAN if given is None else arb(given.numerator) / given.denominator
        if any(not 1 <= p <= self.size(dim) for p, dim in zip(place, definition.dims, strict=True)):
            return NAN
        key = (name, place if definition.indices else ())
        if key not in self._known:
            letters = dict(zip(definition.indices, place, strict=False))
            self._known[key] = yield (definition.body, (letters, {}))
        whole = self._known[key]
        return whole.items[0] if definition.indices else part(whole, place).items[0]

    def _function(self, name: str, args: Sequence[Expr], frame: Frame) -> Work:
        definition = self.scope.definitions[name]
        kids = yield from _all(args, frame)
        shape = max((kid.shape for kid in kids), key=len)
        items: list[arb] = []
        for place in places(shape):
            inside = {p: spread(kid, place) for p, kid in zip(definition.parameters, kids, strict=True)}
            items.append((yield (definition.body, ({}, inside))).items[0])
        return Array(shape, tuple(items))

    # --- loops --------------------------------------------------------------------------------------
    def _mul(self, e: Mul, frame: Frame) -> Work:
        """A product; what stands beside a false condition is not looked at."""
        out = number(arb(1))
        for factor in sorted(e.factors, key=lambda f: not isinstance(f, (Compare, Delta))):
            kid = yield (factor, frame)
            if not kid.shape and kid.items[0].is_zero() and isinstance(factor, (Compare, Delta)):
                return kid
            out = entrywise(times, [out, kid])
        return out

    def _cases(self, e: Cases, frame: Frame) -> Work:
        tested: list[tuple[Array, Expr]] = []
        for condition, value in e.branches:
            test = yield (condition, frame)
            if not test.shape and not tested:
                if not test.items[0].is_zero():
                    return (yield (value, frame))
                continue
            tested.append((test, value))
        out = yield (e.otherwise, frame)
        for test, value in reversed(tested):
            kid = yield (value, frame)
            out = entrywise(_choose, [test, kid, out])
        return out

    def _reduce(self, e: Reduce, frame: Frame) -> Work:
        taken: list[Array] = []
        for position in range(1, self.size(e.index.dim) + 1):
            inner = ({**frame[0], e.index: position}, frame[1])
            if e.where is not None and (yield (e.where, inner)).items[0].is_zero():
                continue
            taken.append((yield (e.body, inner)))
        start = {"sum": arb(0), "prod": arb(1)}.get(e.op, NAN)
        if not taken:
            return number(start)
        out = taken[0]
        for kid in taken[1:]:
            out = entrywise(JOIN[e.op], [out, kid])
        return out

    def _partial(self, body: Expr, wrt: Symbol, frame: Frame) -> Work:
        place = yield from self._place(wrt.indices, frame)
        rest = tuple(self.size(dim) for dim in self.scope.dims_of(wrt.name)[len(place) :])
        slopes = [self.slope(body, wrt.name, place + more, frame) for more in places(rest)]
        count = len(slopes[0].items)
        items = [slope.items[k] for k in range(count) for slope in slopes]
        return Array(slopes[0].shape + rest, tuple(items))

    def _filled(self, op: str, args: Sequence[Expr]) -> Array:
        shape: Place = ()
        for arg in args:
            shape += (self.size(arg.dim) if isinstance(arg, Size) else int(cast("Number", arg).value),)
        if op == "identity":
            shape = shape * 2
            return Array(shape, tuple(arb(int(r == c)) for r, c in places(shape)))
        return Array(shape, (arb(op == "ones"),) * math.prod(shape))


def _all(exprs: Sequence[Expr], frame: Frame) -> Generator[tuple[Expr, Frame], Array, list[Array]]:
    kids: list[Array] = []
    for e in exprs:
        kids.append((yield (e, frame)))
    return kids


def _children(e: Add | Pow | Call | Compare | Delta) -> Sequence[Expr]:
    match e:
        case Add(terms):
            return terms
        case Pow(base, exponent):
            return (base, exponent)
        case Call(_, args) | Compare(_, args):
            return args
        case Delta(left, right):
            return (left, right)


def _choose(test: arb, a: arb, b: arb) -> arb:
    return b if test.is_zero() else a


def _sum(*xs: arb) -> arb:
    return sum(xs, arb(0))


def _delta(a: arb, b: arb) -> arb:
    return arb(int(order_of(a, b) == 0))


def _compare(op: str) -> Callable[..., arb]:
    def test(*xs: arb) -> arb:
        return compare(op, xs)

    return test


def _operation(e: Add | Pow | Call | Compare | Delta) -> Callable[..., arb]:
    match e:
        case Add():
            return _sum
        case Pow():
            return power
        case Call(name):
            return FUNCTIONS[name]
        case Delta():
            return _delta
        case Compare(op):
            return _compare(op)
