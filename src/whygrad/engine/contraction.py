"""Products of arrays and sums over them, in the notation of matrices.

A :class:`Value` is an array expression with the index letter of each of its axes, at most two of them.
Equal axes multiply entry by entry; a sum over a letter becomes a product of matrices, a quadratic form
around a diagonal, or an inner product. :mod:`whygrad.engine.matrix` decides what is converted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    Add,
    Apply,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Size,
    add,
    factors_of,
    mul,
)


class NoFormError(Exception):
    """This has no matrix form; the message is the reason, in words."""


class Value(NamedTuple):
    """An array expression and the letter of each axis; () is a number."""

    axes: tuple[Index, ...]
    body: Expr


def transpose(v: Value) -> Value:
    """The same entries with the axes in the other order, the transpose written where people write it."""
    if len(v.axes) < 2:
        return v
    return Value(v.axes[::-1], transposed(v.body))


def transposed(body: Expr) -> Expr:
    """``(A B)'`` is ``B' A'``, ``(A')'`` is ``A``, a diagonal matrix is its own transpose."""
    match body:
        case Apply("transpose", (inner,)):
            return inner
        case Apply("matmul", (left, right)):
            return Apply("matmul", (transposed(right), transposed(left)))
        case Apply("outer", (left, right)):
            return Apply("outer", (right, left))
        case Apply("identity" | "diag"):
            return body
        case Mul((*scalars, array)):  # numbers stand before the one array: see contract
            return mul(*scalars, transposed(array))
        case Add(terms) if all(_turns_well(t) for t in terms):
            return add(*(transposed(t) for t in terms))
        case _:
            return Apply("transpose", (body,))


def _turns_well(e: Expr) -> bool:
    """Whether a term is an array (a number may stand among them) whose transpose needs no sign."""
    last = factors_of(e)[-1]
    return isinstance(last, Apply) and last.op in ("transpose", "outer", "identity", "diag")


def parted(v: Value) -> tuple[tuple[Expr, ...], Value]:
    """The numbers in front of an array, and the array."""
    if v.axes and isinstance(v.body, Mul):
        return v.body.factors[:-1], Value(v.axes, v.body.factors[-1])
    return (), v


def matmul(*parts: Expr) -> Expr:
    """A product of matrices, brackets from the right, identities left out."""
    kept = [part for part in parts if not _is_identity(part)] or [parts[0]]
    out = kept[-1]
    for part in reversed(kept[:-1]):
        out = Apply("matmul", (part, out))
    return out


def _is_identity(e: Expr) -> bool:
    return isinstance(e, Apply) and e.op == "identity"


def hadamard(bodies: Sequence[Expr]) -> Expr:
    """Entry by entry: products, and quotients by the entries of inverses."""
    above = [b for b in bodies if _denominator(b) is None]
    below = [d for b in bodies if (d := _denominator(b)) is not None]
    top = _times(above) if above else ONE
    return Apply("entrywise_div", (top, _times(below))) if below else top


def _times(bodies: Sequence[Expr]) -> Expr:
    out = bodies[0]
    for body in bodies[1:]:
        out = Apply("hadamard", (out, body))
    return out


def _denominator(e: Expr) -> Expr | None:
    match e:
        case Apply("entrywise_div", (Number(value), below)) if value == 1:
            return below
        case _:
            return None


def power(v: Value, exponent: Expr) -> Value:
    """A power of every entry."""
    if not v.axes:
        return Value((), Pow(v.body, exponent))
    if exponent is MINUS_ONE:
        return Value(v.axes, Apply("entrywise_div", (ONE, v.body)))
    return Value(v.axes, Apply("entrywise_pow", (v.body, exponent)))


def by_axes(values: Iterable[Value]) -> list[Value]:
    """Values with the same letters multiplied entry by entry, in the order of their first ones."""
    groups: dict[frozenset[Index], list[Value]] = {}
    for v in values:
        groups.setdefault(frozenset(v.axes), []).append(v)
    joined: list[Value] = []
    for group in groups.values():
        axes = group[0].axes
        bodies = [v.body if v.axes == axes else transposed(v.body) for v in group]
        joined.append(Value(axes, bodies[0] if len(bodies) == 1 else hadamard(bodies)))
    return joined


def contract(values: Sequence[Value], dummies: Sequence[Index], over: Sequence[Index]) -> Value:
    """The sum over ``dummies`` of a product of arrays.

    The letter with the smallest result is eliminated first; among equals the one that needs the fewest
    transposes. ``over`` are the letters of the whole result, in its order.

    Raises
    ------
    NoFormError
        If a step would have three axes.
    """
    values, left = _sifted(list(values), list(dummies))
    scalars: list[Expr] = []
    arrays: list[Value] = []
    for v in values:
        numbers, array = parted(v)
        scalars.extend(numbers if v.axes else (v.body,))
        arrays.extend((array,) if v.axes else ())
    arrays = _scaled_both_ways(arrays, left)
    for dummy in tuple(left):
        if not any(dummy in v.axes for v in arrays):
            scalars.append(Size(dummy.dim))
            left.remove(dummy)
    while left:
        arrays, found = _sum_of_all(arrays, left)
        if found is not None:
            scalars.append(found)
            left.clear()
            break
        arrays = by_axes(arrays)
        choices = [choice for dummy in left if (choice := _eliminate(arrays, dummy, over)) is not None]
        if not choices:
            raise NoFormError(f"the sum over {left[0].letter} joins more than two other indices")
        dummy, result, used, _ = min(choices, key=lambda choice: choice[3])
        left.remove(dummy)
        place = arrays.index(used[0])
        arrays = [result if k == place else v for k, v in enumerate(arrays) if k == place or v not in used]
        scalars.extend(v.body for v in arrays if not v.axes)
        arrays = [v for v in arrays if v.axes]
    scalars.sort(key=lambda e: not isinstance(e, Number))  # numbers and signs in front
    numbers = [e for e in scalars if isinstance(e, Number)]
    if len(numbers) > 1:
        value = math.prod((n.value for n in numbers), start=Fraction(1))
        scalars = [*((Number(value),) if value != 1 else ()), *scalars[len(numbers) :]]
    rest = spread(by_axes(arrays), over) if arrays else None
    if rest is None:
        return Value((), mul(*scalars))
    return Value(rest.axes, mul(*scalars, rest.body))


def _sifted(values: list[Value], left: list[Index]) -> tuple[list[Value], list[Index]]:
    """A delta in a sum puts its other letter in the place of the summed one."""
    for v in tuple(values):
        dummy = next((axis for axis in v.axes if axis in left), None) if _is_identity(v.body) else None
        if dummy is None or v not in values:
            continue
        (other,) = (axis for axis in v.axes if axis is not dummy)
        values.remove(v)
        left.remove(dummy)
        values = [_relabelled(w, dummy, other) for w in values]
    return values, left


def _relabelled(v: Value, old: Index, new: Index) -> Value:
    axes = tuple(new if axis is old else axis for axis in v.axes)
    if len(axes) == 2 and axes[0] is axes[1]:
        body = Apply("ones", (Size(new.dim),)) if _is_identity(v.body) else Apply("diag", (v.body,))
        return Value(axes[:1], body)
    return Value(axes, v.body)


def _scaled_both_ways(arrays: list[Value], left: Sequence[Index]) -> list[Value]:
    """``u_i M_ik v_k`` under a sum over i that another matrix takes part in is ``(u v') ⊙ M``.

    It could be written with two diagonals; a layer's error is written so.
    """
    for m in arrays:
        if len(m.axes) != 2 or _is_identity(m.body):
            continue
        for row, column in (m.axes, m.axes[::-1]):
            alike = [v for v in arrays if set(v.axes) == set(m.axes)]
            rest = [v for v in arrays if v not in alike and len(v.axes) == 2]
            shared = row in left and any(row in v.axes for v in rest)
            rows = [v for v in arrays if v.axes == (row,)]
            columns = [v for v in arrays if v.axes == (column,)]
            if column in left or not shared or not (rows and columns) or any(column in v.axes for v in rest):
                continue
            outer = Value((row, column), Apply("outer", (by_axes(rows)[0].body, by_axes(columns)[0].body)))
            (joined,) = by_axes([outer, *alike])
            used = (*rows, *columns, *alike)
            place = arrays.index(alike[0])
            return [joined if k == place else v for k, v in enumerate(arrays) if k == place or v not in used]
    return arrays


def _sum_of_all(arrays: list[Value], left: Sequence[Index]) -> tuple[list[Value], Expr | None]:
    """A matrix summed over both its letters: trace, squared norm, or the sum of its entries."""
    if len(left) != 2 or any(set(v.axes) != set(left) for v in arrays):
        return arrays, None
    if len(arrays) == 2 and arrays[0].axes == arrays[1].axes[::-1]:
        return [], Apply("trace", (matmul(arrays[0].body, arrays[1].body),))
    (whole,) = by_axes(arrays)
    match whole.body:
        case Apply("entrywise_pow", (base, exponent)) if exponent is TWO:
            return [], Pow(Apply("norm", (base,)), TWO)
        case Apply("hadamard", (a, b)) if a is b:
            return [], Pow(Apply("norm", (a,)), TWO)
        case _:
            return [], Apply("sum", (whole.body,))


Choice = tuple[Index, Value, list[Value], tuple[int, int]]
"""A letter, what its elimination gives, from which values, and the cost: axes, then transposes."""


def _eliminate(arrays: Sequence[Value], dummy: Index, over: Sequence[Index]) -> Choice | None:
    used = [v for v in arrays if dummy in v.axes]
    vectors = [v for v in used if len(v.axes) == 1]
    matrices = [v for v in used if len(v.axes) == 2]
    if len(matrices) > 2:
        return None
    if not matrices:
        return dummy, Value((), _sum_of_vector(vectors[0].body)), used, (0, 0)
    weight = vectors[0].body if vectors else None
    if len(matrices) == 1:
        (m,) = matrices
        (other,) = (axis for axis in m.axes if axis is not dummy)
        laid = m if m.axes[1] is dummy else transpose(m)
        by = weight if weight is not None else Apply("ones", (Size(dummy.dim),))
        return dummy, Value((other,), matmul(laid.body, by)), used, (1, int(laid is not m))
    return dummy, _between(matrices, weight, dummy, over), used, (2, _turns(matrices, dummy))


def _turns(matrices: Sequence[Value], dummy: Index) -> int:
    return 1 if matrices[0].axes.index(dummy) == matrices[1].axes.index(dummy) else 0


def _between(matrices: Sequence[Value], weight: Expr | None, dummy: Index, over: Sequence[Index]) -> Value:
    """``M' diag(v) N``; the order is that of the result, or the one with fewer transposes."""
    first, second = matrices

    def rank(left: Value, right: Value) -> tuple[int, int]:
        a, b = (next(axis for axis in v.axes if axis is not dummy) for v in (left, right))
        wrong = int(a in over and b in over and list(over).index(a) > list(over).index(b))
        return wrong, int(left.axes[0] is dummy) + int(right.axes[1] is dummy)

    left, right = min(((first, second), (second, first)), key=lambda pair: rank(*pair))
    if left.axes[0] is dummy:
        left = transpose(left)
    if right.axes[1] is dummy:
        right = transpose(right)
    middle = () if weight is None else (Apply("diag", (weight,)),)
    return Value((left.axes[0], right.axes[1]), matmul(left.body, *middle, right.body))


def _sum_of_vector(body: Expr) -> Expr:
    """The sum of the entries: an inner product where the entries are products."""
    match body:
        case Apply("hadamard", (Apply("matmul") as a, b)) if not (isinstance(b, Apply) and b.op == "matmul"):
            return Apply("dot", (b, a))  # x'(S x), read as x' S x
        case Apply("hadamard", (a, b)):
            return Apply("dot", (a, b))
        case Apply("entrywise_pow", (base, exponent)) if exponent is TWO:
            return Apply("dot", (base, base))
        case Apply("diag", (matrix,)):
            return Apply("trace", (matrix,))
        case _:
            return Apply("sum", (body,))


def spread(values: Sequence[Value], over: Sequence[Index]) -> Value:
    """One array out of factors whose axes differ, without a sum: outer products and diagonals."""
    if len(values) == 1:
        return values[0]
    axes: list[Index] = []
    for v in values:
        axes.extend(axis for axis in v.axes if axis not in axes)
    if len(axes) > 2:
        letters = ", ".join(axis.letter for axis in axes)
        raise NoFormError(f"a value with the indices {letters} is not a matrix")
    matrix = next((v for v in values if len(v.axes) == 2), None)
    if matrix is not None:
        axes = list(matrix.axes)
    elif all(axis in over for axis in axes):
        axes.sort(key=list(over).index)
    at = {v.axes[0]: v.body for v in values if len(v.axes) == 1}
    rows, columns = at.get(axes[0]), at.get(axes[1])
    if matrix is None:
        if rows is None or columns is None:
            raise NoFormError("two factors over one index were not joined")
        return Value(tuple(axes), Apply("outer", (rows, columns)))
    if _is_identity(matrix.body):
        both = [body for body in (rows, columns) if body is not None]
        return Value(tuple(axes), Apply("diag", (hadamard(both) if len(both) > 1 else both[0],)))
    parts = [
        *(() if rows is None else (Apply("diag", (rows,)),)),
        matrix.body,
        *(() if columns is None else (Apply("diag", (columns,)),)),
    ]
    return Value(tuple(axes), matmul(*parts))
