"""A resolved part with its shape, and how values combine: entry by entry, and as matrices.

A shape is a tuple of dimensions: ``()`` a number, ``(m,)`` a vector, ``(m, n)`` a matrix. Two marks
stand for what is not settled yet: ``?`` a size that the place will give (``I``, ``ones``), ``1`` an
axis that ``keepdims=True`` kept. A vector is a column unless ``row``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn

from whygrad.core.errors import ShapeError, Span
from whygrad.core.expr import MINUS_ONE, Apply, Expr, Pow, Size, add, inverse, mul, neg
from whygrad.core.walk import free_indices, substitute

WILD: Final = "?"
KEPT: Final = "1"
Shape = tuple[str, ...]
Tell = Callable[[str, str, Span], None]
"""Says a reading: what, how, where."""


class Val(NamedTuple):
    """An expression with its shape and place."""

    expr: Expr
    shape: Shape
    span: Span
    row: bool = False

    @property
    def mixed(self) -> bool:
        """An array that is a part of another, picked by an index letter."""
        return bool(self.shape) and bool(free_indices(self.expr))


def shown(v: Val) -> str:
    """The shape in words."""
    if not v.shape:
        return "a number"
    if len(v.shape) == 1:
        return f"(1, {v.shape[0]})" if v.row else f"({v.shape[0]},)"
    return f"({', '.join(v.shape)})"


def refuse(a: Val, b: Val, how: str, fix: str) -> NoReturn:
    """Two shapes that do not fit."""
    raise ShapeError(
        "error/shape",
        f"{shown(a)} {how} {shown(b)} do not fit",
        fix=fix,
        span=a.span.to(b.span),
    )


def place(v: Val, dim: str) -> Val:
    """A value of open size, put where ``dim`` is the size."""
    if WILD not in v.shape:
        return v
    shape = tuple(dim if d == WILD else d for d in v.shape)
    return v._replace(expr=substitute(v.expr, {Size(WILD): Size(dim)}), shape=shape)


# --- entry by entry ----------------------------------------------------------------------------


def spread(values: Sequence[Val], tell: Tell) -> tuple[list[Expr], Shape, bool]:
    """The expressions brought to one shape: a number spreads, a vector acts on every row."""
    arrays = [v for v in values if v.shape]
    if not arrays:
        return [v.expr for v in values], (), False
    target = max(arrays, key=_known_rank)
    if WILD in target.shape:
        return [v.expr for v in values], target.shape, target.row
    rank = len(target.shape)
    kept = rank == 2 and KEPT in target.shape
    if kept and any(len(v.shape) == 1 for v in arrays):
        other = next(v for v in arrays if len(v.shape) == 1)
        refuse(target, other, "with", "leave keepdims=True away")
    out = [_fit(v, target, tell) for v in values]
    return out, target.shape, target.row


def _known_rank(v: Val) -> tuple[int, bool, bool]:
    return len(v.shape), KEPT not in v.shape, WILD not in v.shape


def _fit(v: Val, target: Val, tell: Tell) -> Expr:
    """One value brought to the shape of ``target``."""
    if v.shape == target.shape:
        if len(v.shape) == 1 and v.row != target.row:
            refuse(v, target, "with", "write `a' b` for the dot product, or leave the ' away")
        return v.expr
    if not v.shape:
        return v.expr
    if WILD in v.shape and len(v.shape) == len(target.shape):
        known = target.shape[v.shape.index(WILD)]
        return _fit(place(v, known), target, tell)
    if len(target.shape) == 2:
        rows, columns = target.shape
        if v.shape == (rows, KEPT):
            return Apply("outer", (v.expr, Apply("ones", (Size(columns),))))
        if v.shape in ((WILD,), (columns,)):
            v = place(v, columns)
            if rows == columns and not v.row:
                refuse(v, target, "with", "say which axis: outer(ones, v) or outer(v, ones)")
            if not v.row:
                tell("a vector beside a matrix", "acting on every row", v.span)
            return v.expr
        if v.shape == (rows,):
            refuse(v, target, "with", f"write outer(v, ones({columns})) for a value for each row")
    refuse(v, target, "entry by entry with", "make the shapes the same")


def entrywise_sum(terms: Sequence[tuple[int, Val]], span: Span, tell: Tell) -> Val:
    """``a + b - c``."""
    exprs, shape, row = spread([v for _, v in terms], tell)
    signed = [e if sign > 0 else neg(e) for (sign, _), e in zip(terms, exprs, strict=True)]
    return Val(add(*signed), shape, span, row)


def entrywise_product(a: Val, b: Val, divide: bool, tell: Tell) -> Val:
    """``a * b`` or ``a / b`` entry by entry."""
    if a.row != b.row and len(a.shape) == 1 and len(b.shape) == 1:
        refuse(a, b, "entry by entry with", "write `w' w` for the dot product, `w * w` for entries")
    (x, y), shape, row = spread((a, b), tell)
    return Val(mul(x, inverse(y) if divide else y), shape, a.span.to(b.span), row)


# --- matrices ----------------------------------------------------------------------------------


def matrix_product(a: Val, b: Val, dot: Callable[[Val, Val], Val], at_sign: bool) -> Val:
    """``a b`` of two arrays. ``dot`` makes the inner product of two vectors."""
    span = a.span.to(b.span)
    if KEPT in a.shape or KEPT in b.shape:
        refuse(a, b, "times", "leave keepdims=True away")
    match len(a.shape), len(b.shape):
        case 1, 1:
            if b.row and not a.row:
                return Val(Apply("outer", (a.expr, b.expr)), (a.shape[0], b.shape[0]), span)
            if not a.row and not b.row and not at_sign:
                refuse(a, b, "times", "write a' b for the dot product or a * b for each entry")
            a, b = _meet(a, b, 0, 0)
            return dot(a, b)._replace(span=span)
        case 2, 1:
            if b.row:
                refuse(a, b, "times", "leave the ' of the vector away")
            a, b = _meet(a, b, 1, 0)
            return Val(Apply("matmul", (a.expr, b.expr)), (a.shape[0],), span)
        case 1, 2:
            if not a.row and not at_sign:
                refuse(a, b, "times", "a column cannot stand on the left of a matrix: write a' B")
            a, b = _meet(a, b, 0, 0)
            return Val(Apply("matmul", (a.expr, b.expr)), (b.shape[1],), span, True)
        case 2, 2:
            a, b = _meet(a, b, 1, 0)
            return Val(Apply("matmul", (a.expr, b.expr)), (a.shape[0], b.shape[1]), span)
        case _:
            refuse(a, b, "times", "products are of vectors and matrices; use index letters here")


def _meet(a: Val, b: Val, axis: int, other: int) -> tuple[Val, Val]:
    """The two inner sizes made one, or refused."""
    if a.shape[axis] == WILD:
        a = place(a, b.shape[other])
    if b.shape[other] == WILD:
        b = place(b, a.shape[axis])
    if a.shape[axis] != b.shape[other]:
        left, right = a.shape[axis], b.shape[other]
        fix = f"the sizes that meet must be one: {left} is not {right}"
        if len(a.shape) == 2 and a.shape[0] == right:
            fix += "; transpose the matrix: A' b"
        refuse(a, b, "times", fix)
    return a, b


def transpose(v: Val, span: Span) -> Val:
    """``v'``."""
    match len(v.shape):
        case 0:
            return v
        case 1:
            return v._replace(row=not v.row, span=span)
        case 2:
            return Val(Apply("transpose", (v.expr,)), (v.shape[1], v.shape[0]), span)
        case _:
            raise ShapeError(
                "error/shape",
                "only a vector or a matrix can be transposed",
                fix="write it with index letters",
                span=span,
            )


class Product:
    """A product read left to right: numbers before the array, the array, numbers after it."""

    def __init__(self, tell: Tell, dot: Callable[[Val, Val], Val]) -> None:
        self.tell, self.dot = tell, dot
        self.before: list[Expr] = []
        self.array: Val | None = None
        self.after: list[Expr] = []

    def times(self, op: str, v: Val) -> None:
        """One more factor with the operator before it."""
        divide = op in ("/", "./")
        if not v.shape:
            numbers = self.before if self.array is None else self.after
            numbers.append(Pow(v.expr, MINUS_ONE) if divide else v.expr)
        elif self.array is None:
            self.array = v._replace(expr=inverse(v.expr)) if divide else v
        elif op in ("*", "/", ".*", "./"):
            if op == "*" and v.shape == self.array.shape and len(set(v.shape)) < len(v.shape) == 2:
                self.tell("* between two square matrices", "entry by entry (@ is their product)", v.span)
            self._take(entrywise_product(self.array, v, divide, self.tell))
        elif op == "·" and len(v.shape) == len(self.array.shape) == 1:
            self._take(self.dot(*_meet(self.array, v, 0, 0)))
        else:
            # A row picked by a letter (LaTeX ``W_j x``) lies down by itself.
            lies = op in ("@", "·") or self.array.mixed
            self._take(matrix_product(self.array, v, self.dot, lies))

    def _take(self, v: Val) -> None:
        """The array so far; a number joins the numbers."""
        if v.shape:
            self.array = v
        else:
            self.before += [v.expr, *self.after]
            self.array, self.after = None, []

    def value(self, span: Span) -> Val:
        """The whole product."""
        if self.array is None:
            return Val(mul(*self.before, *self.after), (), span)
        expr = self.array.expr
        if self.before or self.after:
            expr = mul(*self.before, expr, *self.after)
        return Val(expr, self.array.shape, span, self.array.row)
