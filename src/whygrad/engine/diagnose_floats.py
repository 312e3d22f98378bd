"""Values in plain floats at one point: the sieve that lets few candidates through to a proof.

A value is a table over the free index letters. Tables are kept by node, so that a candidate that
differs from a line in one place costs the nodes above that place and nothing else. Nothing here
decides anything: what passes is proved, what fails is forgotten.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Final, cast

from whygrad.core.cost import Scope
from whygrad.core.errors import WhygradError
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
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.walk import children
from whygrad.engine.differentiate import instantiate, unfold_call
from whygrad.meaning.sample import Point
from whygrad.meaning.shapes import size_of_dim

Axes = tuple[Index, ...]
Table = tuple[Axes, list[float]]
NAN: Final = math.nan
MOST_ENTRIES: Final = 50_000
"""Largest table."""


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _digamma(x: float) -> float:
    h = 1e-5
    return (math.lgamma(x + h) - math.lgamma(x - h)) / (2 * h)


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def _softplus(x: float) -> float:
    return math.log1p(math.exp(x)) if x < 700 else x


def _relu(x: float) -> float:
    return max(x, 0.0)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _gelu(x: float) -> float:
    return x * _normal(x)


def _silu(x: float) -> float:
    return x * _sigmoid(x)


def _beta(a: float, b: float) -> float:
    return math.exp(math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))


def _floor(x: float) -> float:
    return float(math.floor(x))


def _larger(a: float, b: float) -> float:
    return max(a, b)


def _smaller(a: float, b: float) -> float:
    return min(a, b)


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def _all(*xs: float) -> bool:
    return all(xs)


def _any(*xs: float) -> bool:
    return any(xs)


FLOATS: Final[dict[str, Callable[..., float]]] = {
    "exp": math.exp,
    "log": math.log,
    "log1p": math.log1p,
    "expm1": math.expm1,
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "sign": _sign,
    "sigmoid": _sigmoid,
    "tanh": math.tanh,
    "softplus": _softplus,
    "relu": _relu,
    "gelu": _gelu,
    "silu": _silu,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "erf": math.erf,
    "erfc": math.erfc,
    "Phi": _normal,
    "lgamma": math.lgamma,
    "Gamma": math.gamma,
    "digamma": _digamma,
    "beta": _beta,
    "floor": _floor,
    "max": _larger,
    "min": _smaller,
    "clip": _clip,
}
_COMPARE: Final[dict[str, Callable[..., bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "and": _all,
    "or": _any,
    "not": operator.not_,
}


def _power(x: float, y: float) -> float:
    value = x**y
    return cast("float", value) if not isinstance(value, complex) else NAN


def _mul(*xs: float) -> float:
    value = 1.0
    for x in xs:
        if x == 0.0:
            return 0.0  # a term that is switched off may be undefined elsewhere
        value *= x
    return value


class Floats:
    """Tables of the expressions of one scope (definitions in index form) at one point."""

    def __init__(self, scope: Scope, point: Point) -> None:
        self.scope, self.point = scope, point
        self.count = 0
        """How many tables were computed, large ones counted several times."""
        self._tables: dict[Expr, Table] = {}
        self._inverses: dict[str, tuple[list[list[float]], float]] = {}
        self._gathers: dict[tuple[Axes, Axes], list[int]] = {}

    def size(self, index: Index) -> int:
        """Positions of an index letter."""
        return size_of_dim(index.dim, self.point.sizes)

    def table(self, e: Expr) -> Table | None:
        """The values of a scalar expression in index form, or None where it cannot be computed."""
        try:
            return self._table(e)
        except (KeyError, IndexError, TypeError, AssertionError, WhygradError, RecursionError):
            return None

    def _table(self, root: Expr) -> Table:
        done = self._tables
        stack: list[tuple[Expr, tuple[Expr, ...] | None]] = [(root, None)]
        while stack:
            node, needs = stack.pop()
            if node in done:
                continue
            if needs is None:
                needs = self._needs(node)
                if len(stack) > 5000:
                    raise TypeError("too deep")
                stack.append((node, needs))
                stack.extend((need, None) for need in needs if need not in done)
            else:
                value = done[node] = self._value(node, tuple(done[need] for need in needs))
                self.count += 1 + len(value[1]) // 24
        return done[root]

    def _needs(self, node: Expr) -> tuple[Expr, ...]:
        match node:
            case Symbol(name, indices) if name in self.scope.definitions:
                return (instantiate(self.scope.definitions[name], indices),)
            case Call(name) if name in self.scope.definitions:
                return (unfold_call(node, self.scope),)
            case Entry(Apply("inv", (Symbol(_, ()),)), indices):
                return indices
            case Apply("det" | "logdet", (Symbol(_, ()),)):
                return ()
            case Entry(Apply("inv" | "det" | "logdet", (array,))):
                raise TypeError(array)
            case _:
                return children(node)

    # --- tables -----------------------------------------------------------------------------------
    def spread(self, table: Table, axes: Axes) -> list[float]:
        """The values of a table over more axes."""
        own, values = table
        if own == axes:
            return values
        key = (own, axes)
        places = self._gathers.get(key)
        if places is None:
            places = self._gathers[key] = self._places(own, axes)
        return [values[k] for k in places]

    def _places(self, own: Axes, axes: Axes) -> list[int]:
        if math.prod(map(self.size, axes)) > MOST_ENTRIES:
            raise TypeError("too large")
        strides: dict[Index, int] = {}
        stride = 1
        for axis in reversed(own):
            strides[axis] = stride
            stride *= self.size(axis)
        flat = [0]
        for axis in axes:
            step = strides.get(axis, 0)
            flat = [base + step * k for base in flat for k in range(self.size(axis))]
        return flat

    def _join(self, f: Callable[..., float], tables: tuple[Table, ...]) -> Table:
        axes = tables[0][0]
        if any(t[0] != axes for t in tables[1:]):
            union: dict[Index, None] = {}
            for own, _ in tables:
                union.update(dict.fromkeys(own))
            axes = tuple(sorted(union, key=lambda i: (i.letter, i.dim)))
        columns = [self.spread(t, axes) for t in tables]
        return axes, [_safe(f, row) for row in zip(*columns, strict=True)]

    def _value(self, node: Expr, kids: tuple[Table, ...]) -> Table:
        match node:
            case Number(value):
                return (), [float(value)]
            case Constant(name):
                return (), [math.pi if name == "pi" else math.e]
            case Index():
                return (node,), [float(k + 1) for k in range(self.size(node))]
            case Size(dim):
                return (), [float(size_of_dim(dim, self.point.sizes))]
            case Symbol():
                return self._symbol(node, kids)
            case Add():
                return self._join(lambda *xs: sum(xs), kids)
            case Mul():
                return self._join(_mul, kids)
            case Pow():
                return self._join(_power, kids)
            case Call(name):
                if name in self.scope.definitions:
                    return kids[0]
                return self._join(FLOATS[name], kids)
            case Compare(op):
                return self._join(lambda *xs: float(_COMPARE[op](*xs)), kids)
            case Delta():
                return self._join(_same, kids)
            case Cases():
                return self._join(_choose, kids)
            case Reduce():
                return self._reduce(node, kids)
            case Entry(Apply("inv", (Symbol(name, ()),))):
                inverse, _ = self._inverted(name)

                def place(i: float, k: float) -> float:
                    return inverse[int(i) - 1][int(k) - 1]

                return self._join(place, kids)
            case Apply("det" | "logdet" as op, (Symbol(name, ()),)):
                _, det = self._inverted(name)
                return (), [det if op == "det" else math.log(det)]
            case _:
                raise TypeError(node)

    def _inverted(self, name: str) -> tuple[list[list[float]], float]:
        """The inverse of a declared square matrix, and its determinant: by elimination."""
        found = self._inverses.get(name)
        if found is not None:
            return found
        n = math.isqrt(sum(1 for other, _ in self.point.values if other == name))
        rows = [
            [float(self.point.values[name, (i + 1, k + 1)]) for k in range(n)]
            + [float(i == k) for k in range(n)]
            for i in range(n)
        ]
        det = 1.0
        for k in range(n):
            pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
            if not rows[pivot][k]:
                raise TypeError("singular")
            det *= rows[pivot][k] * (1 if pivot == k else -1)
            rows[k], rows[pivot] = rows[pivot], rows[k]
            rows[k] = [x / rows[k][k] for x in rows[k]]
            for i in range(n):
                if i != k:
                    rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
        found = self._inverses[name] = [row[n:] for row in rows], det
        return found

    def _symbol(self, node: Symbol, kids: tuple[Table, ...]) -> Table:
        if node.name in self.scope.definitions:
            return kids[0]
        values = self.point.values
        if not node.indices:
            return (), [float(values[node.name, ()])]
        name = node.name
        return self._join(lambda *at: float(values[name, tuple(int(p) for p in at)]), kids)

    def _reduce(self, node: Reduce, kids: tuple[Table, ...]) -> Table:
        index = node.index
        axes = tuple(sorted({a for own, _ in kids for a in own} - {index}, key=lambda i: (i.letter, i.dim)))
        inner = (*axes, index)
        n = self.size(index)
        body = self.spread(kids[0], inner)
        chosen = self.spread(kids[1], inner) if len(kids) > 1 else None
        out: list[float] = []
        for start in range(0, len(body), n):
            part = body[start : start + n]
            if chosen is not None:
                part = [x for x, ok in zip(part, chosen[start : start + n], strict=True) if ok]
            out.append(_joined(node.op, part))
        return axes, out


def _same(a: float, b: float) -> float:
    return float(a == b)


def _joined(op: str, part: list[float]) -> float:
    match op:
        case "sum":
            return sum(part)
        case "prod":
            return math.prod(part)
        case "max":
            return max(part) if part else NAN
        case _:
            return min(part) if part else NAN


def _choose(*row: float) -> float:
    for k in range(0, len(row) - 1, 2):
        if row[k]:
            return row[k + 1]
    return row[-1]


def _safe(f: Callable[..., float], row: tuple[float, ...]) -> float:
    try:
        return f(*row)
    except (ValueError, ZeroDivisionError, OverflowError):
        return NAN


def agree(floats: Floats, a: Table, b: Table) -> bool:
    """Whether two tables show one value, at their common axes and wherever both are defined."""
    axes = a[0] if a[0] == b[0] else tuple(sorted({*a[0], *b[0]}, key=lambda i: (i.letter, i.dim)))
    seen = False
    for x, y in zip(floats.spread(a, axes), floats.spread(b, axes), strict=True):
        if math.isnan(x) or math.isnan(y) or math.isinf(x) or math.isinf(y):
            continue
        if abs(x - y) > 1e-9 * (1e-3 + abs(x) + abs(y)) * (1 if abs(x) < 1e6 else 1e2):
            return False
        seen = True
    return seen
