"""Convexity by composition: rules that a formula can be checked against from the inside out.

The rules are those of disciplined convex programming (Grant, Boyd and Ye, Global Optimization, 2006):
sums of convex functions, nonnegative multiples, increasing convex functions of convex ones. Not every
convex formula follows them; none that follows is not convex.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from whygrad.core.cost import Cost
from whygrad.core.expr import (
    Add,
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
    factors_of,
    mul,
)
from whygrad.core.walk import fold, names, rewrite_bottom_up, substitute
from whygrad.lower.stabilise import Stabiliser, exponent_of
from whygrad.meaning.facts import Ranges

Shape: TypeAlias = Literal["constant", "affine", "convex", "concave", "unknown"]

OPPOSITE: Final[dict[Shape, Shape]] = {
    "constant": "constant",
    "affine": "affine",
    "convex": "concave",
    "concave": "convex",
    "unknown": "unknown",
}
GROWING: Final = frozenset(("exp", "softplus", "relu"))
"""Convex functions that grow: convex of a convex argument."""
HIDDEN: Final = frozenset(("stability/softmax", "stability/log-sum-exp", "stability/x-log-x"))
"""Rules that would hide a log-sum-exp."""


def is_convex(cost: Cost) -> bool:
    r"""Whether a cost in index form is convex in its parameters by the rules of composition.

    >>> from whygrad.syntax.cost_text import read_cost
    >>> is_convex(read_cost("data x[i]\nparam a\nJ = mean_i log(1 + exp(a x[i])) + abs(a)"))
    True
    >>> is_convex(read_cost("data x[i]\nparam a, b\nJ = mean_i (a b - x[i])^2"))
    False
    """
    return _Checker(cost).goal() in ("constant", "affine", "convex")


class _Checker:
    def __init__(self, cost: Cost) -> None:
        self.cost, self.scope = cost, cost.scope
        self.parameters = frozenset(d.name for d in cost.parameters)
        self.ranges = Ranges(cost.scope)
        self.stabiliser = Stabiliser(cost.scope, without=HIDDEN)
        self.known: dict[str, Shape] = {}
        self.shapes: dict[Expr, Shape] = {}

    def goal(self) -> Shape:
        """The shape of the goal; what it uses stands above it."""
        for d in self.cost.definitions:
            if not d.is_function:
                body = self.stabiliser.stable(self._inlined(d.body))
                self.known[d.name] = self.shape(body)
        return self.known.get(self.cost.goal, "unknown")

    def _inlined(self, e: Expr) -> Expr:
        """The cost's own functions put in; a call that is left over is unknown."""

        def put(node: Expr) -> Expr:
            if isinstance(node, Call) and node.name in self.scope.definitions:
                d = self.scope.definitions[node.name]
                given = (Symbol(p) for p in d.parameters)
                return substitute(d.body, dict(zip(given, node.args, strict=True)))
            return node

        return rewrite_bottom_up(e, put)

    def shape(self, e: Expr) -> Shape:
        """The shape of a formula."""

        def step(node: Expr, kids: tuple[Shape, ...]) -> Shape:
            found = self._node(node, kids)
            self.shapes[node] = found
            return found

        return fold(e, step)

    def _node(self, e: Expr, kids: tuple[Shape, ...]) -> Shape:
        match e:
            case Number() | Constant() | Size() | Index() | Delta():
                return "constant"
            case Symbol(name):
                if any(kid != "constant" for kid in kids):
                    return "unknown"
                return "affine" if name in self.parameters else self.known.get(name, "constant")
            case Add():
                return _together(kids)
            case Mul(factors):
                return self._product(factors, kids)
            case Pow():
                return self._power(e, kids)
            case Call(name):
                return self._call(e, name, kids)
            case Reduce(op):
                return self._reduce(op, kids)
            case Compare() | Cases():
                return "constant" if all(kid == "constant" for kid in kids) else "unknown"
            case _:
                return "unknown"

    def _product(self, factors: tuple[Expr, ...], kids: tuple[Shape, ...]) -> Shape:
        moving: list[Shape] = [kid for kid in kids if kid != "constant"]
        if not moving:
            return "constant"
        if len(moving) > 1:
            same = [f for f, kid in zip(factors, kids, strict=True) if kid != "constant"]
            squared = len(same) == 2 and same[0] is same[1] and moving[0] == "affine"
            return "convex" if squared and self._sign(factors, kids) > 0 else "unknown"
        if moving[0] == "affine":
            return "affine"
        sign, shape = self._sign(factors, kids), moving[0]
        if sign == 0:
            return "unknown"
        return shape if sign > 0 else OPPOSITE[shape]

    def _sign(self, factors: tuple[Expr, ...], kids: tuple[Shape, ...]) -> int:
        """+1 or -1 where the constant factors are known not to be of the other sign, else 0."""
        fixed = [f for f, kid in zip(factors, kids, strict=True) if kid == "constant"]
        found = self.ranges.of(mul(*fixed))
        return 1 if found.nonnegative else -1 if (-found).nonnegative else 0

    def _power(self, e: Pow, kids: tuple[Shape, ...]) -> Shape:
        base, exponent = kids
        if base == "constant" and exponent == "constant":
            return "constant"
        if not isinstance(e.exponent, Number):
            return "unknown"
        n = e.exponent.value
        if n.denominator == 1 and n > 0 and n % 2 == 0:
            grows = base == "convex" and self.ranges.of(e.base).nonnegative
            return "convex" if base == "affine" or grows else "unknown"
        return "unknown"

    def _call(self, e: Call, name: str, kids: tuple[Shape, ...]) -> Shape:
        if all(kid == "constant" for kid in kids):
            return "constant"
        first = kids[0]
        if name in GROWING:
            return "convex" if first in ("affine", "convex") else "unknown"
        if name == "abs":
            return "convex" if first == "affine" else "unknown"
        if name == "max":
            return "convex" if all(k in ("constant", "affine", "convex") for k in kids) else "unknown"
        if name == "min":
            return "concave" if all(k in ("constant", "affine", "concave") for k in kids) else "unknown"
        if name == "log":
            if self._sums_exponentials(self.stabiliser.peek(e.args[0])):
                return "convex"
            return "concave" if first in ("affine", "concave") else "unknown"
        return "unknown"

    def _sums_exponentials(self, e: Expr) -> bool:
        """Whether a formula is a sum of exponentials of convex formulas, times constants >= 0."""
        parts = e.terms if isinstance(e, Add) else (e.body,) if isinstance(e, Reduce) else ()
        if not parts or (isinstance(e, Reduce) and e.op != "sum"):
            return False
        if isinstance(e, Reduce) and e.where is not None and self._moves(e.where):
            return False
        for part in parts:
            found = exponent_of(part)
            if found is None:
                if self._moves(part) or not self.ranges.of(part).nonnegative:
                    return False
                continue
            exponent, rest = found
            steady = not any(self._moves(f) for f in factors_of(rest))
            if not steady or not self.ranges.of(rest).nonnegative:
                return False
            if self.shape(exponent) not in ("constant", "affine", "convex"):
                return False
        return True

    def _moves(self, e: Expr) -> bool:
        """Whether a formula depends on a parameter, as far as is known."""
        return any(n in self.parameters or self.known.get(n, "constant") != "constant" for n in names(e))

    def _reduce(self, op: str, kids: tuple[Shape, ...]) -> Shape:
        body, where = kids[0], kids[1:]
        if body == "constant" and not where:
            return "constant"
        if any(kid != "constant" for kid in where):
            return "unknown"
        if op == "sum" or body == "constant":
            return body
        if op == "max":
            return "convex" if body in ("affine", "convex") else "unknown"
        return "concave" if op == "min" and body in ("affine", "concave") else "unknown"


def _together(kids: tuple[Shape, ...]) -> Shape:
    found = set(kids) - {"constant"}
    if not found:
        return "constant"
    for shape in ("affine", "convex", "concave"):
        if found <= {"affine", shape}:
            return shape
    return "unknown"
