"""``--at``: the local derivatives, their product and the closed form, with their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice, product
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from whygrad.core.cost import Cost, Declaration, Scope
from whygrad.core.derivation import Derivation, Evaluation, ParameterDerivation
from whygrad.core.errors import UsageError
from whygrad.core.expr import Expr, Mul, Partial, Symbol
from whygrad.core.walk import ordered_free_indices
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Point
from whygrad.syntax.cost_text import outside

Value: TypeAlias = "Fraction | tuple[Value, ...]"
Values = Mapping[str, Value]

MOST_SHOWN = 6
"""Entries of a value that are shown; the rest is a dot-dot-dot."""


@runtime_checkable
class SupportsToList(Protocol):
    """An array."""

    def tolist(self) -> Any: ...  # noqa: D102


def read_value(name: str, value: Any) -> Value:
    """A number, a list or a list of lists, from Python or from text.

    Examples
    --------
    >>> read_value("w", "[2, 3]")
    (Fraction(2, 1), Fraction(3, 1))
    >>> read_value("x", "[0.5, 1; 2, 3]") == read_value("x", [[0.5, 1], [2, 3]])
    True
    """
    if isinstance(value, str) and value.strip().startswith("["):
        value = _nested(name, value)
    elif isinstance(value, SupportsToList):
        value = value.tolist()
    if isinstance(value, list | tuple):
        entries = cast("Sequence[Any]", value)
        return tuple(read_value(name, entry) for entry in entries)
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(
            "error/usage",
            f"{name}={value} is not a number",
            fix=f"write {name}=0.1, or a list: {name}=[1, 2]",
        ) from error


def _nested(name: str, text: str) -> Any:
    """``[1, 2]``, ``[[1, 2], [3, 4]]`` or ``[1, 2; 3, 4]``."""
    inner = text.strip()
    if ";" in inner and inner.count("[") == 1:
        inner = "[[" + inner[1:].replace(";", "],[").rstrip() + "]"
    stack: list[list[Any]] = [[]]
    depth = 0
    for piece in re.findall(r"[\[\],]|[^\[\],]+", inner):
        word = piece.strip()
        if word == "[":
            stack.append([])
            depth += 1
        elif word == "]" and depth:
            depth -= 1
            done = stack.pop()
            stack[-1].append(done)
        elif word and word not in "],":
            stack[-1].append(word)
        elif word == "]":
            depth = -1
            break
    if depth != 0 or len(stack) != 1 or len(stack[0]) != 1 or not isinstance(stack[0][0], list):
        raise UsageError(
            "error/usage",
            f"the brackets of {name}={text} do not fit",
            fix=f"write {name}=[1, 2], and a table as {name}=[1, 2; 3, 4]",
        )
    return stack[0][0]  # pyright: ignore[reportUnknownVariableType]


def with_evaluation(derivation: Derivation, at: Values) -> Derivation:
    """The derivation with its numbers at a point.

    A number for a name with indices stands at every position; a list fills its last dimension, a
    list of lists its last two, and so sets their sizes. Other sizes are 1: one example.

    Raises
    ------
    UsageError
        If a name has no value, or a value no name, or lies outside what was declared.
    """
    cost = derivation.cost
    point = point_at(cost, at)
    rows: list[tuple[str, Expr, Expr, str]] = []
    for definition in cost.definitions:
        if not definition.is_function:
            symbol = Symbol(definition.name, definition.indices)
            rows.append(("", symbol, definition.body, _value(symbol, cost.scope, point)))
    done: set[str] = set()
    for parameter in derivation.parameters:
        rows.extend(_parameter_rows(parameter, cost.scope, point, done))
    shown = {k: v for k, v in at.items() if isinstance(v, Fraction)}
    return replace(derivation, evaluation=Evaluation(shown, tuple(rows)))


def _parameter_rows(
    parameter: ParameterDerivation, scope: Scope, point: Point, done: set[str]
) -> list[tuple[str, Expr, Expr, str]]:
    """The values of the stages whose ids are not ``done``; they are now."""
    rows: list[tuple[str, Expr, Expr, str]] = []
    for stage in parameter.stages:
        if stage.id in done:
            continue
        done.add(stage.id)
        factors = next((s.after for s in stage.steps if s.rule == "chain/product"), None)
        if isinstance(factors, Mul) and all(isinstance(f, Partial) for f in factors.factors):
            rows.append((stage.id, stage.left, factors, _value(factors, scope, point)))
            rows.append(("", stage.left, stage.result, _value(stage.result, scope, point)))
        else:
            rows.append((stage.id, stage.left, stage.result, _value(stage.result, scope, point)))
    return rows


def point_at(cost: Cost, at: Values) -> Point:
    """The values spread over the examples that the lists give, or over one."""
    known = {d.name: d for d in cost.declarations}
    for name in at:
        if name not in known:
            raise UsageError(
                "error/unknown-name", f"{name} is not declared in this cost", fix=f"use {', '.join(known)}"
            )
    missing = [n for n, d in known.items() if n not in at and d.value is None]
    if missing:
        raise UsageError(
            "error/usage",
            f"no value for {', '.join(missing)}",
            fix="give each name a value: --at " + ",".join(f"{n}=..." for n in known),
        )
    sizes = dict.fromkeys(cost.dims, 1)
    given = {name: at.get(name, d.value) for name, d in known.items()}
    for name, value in given.items():
        if value is not None:
            _set_sizes(sizes, known[name], value)
    values: dict[tuple[str, tuple[int, ...]], Fraction] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, d in known.items():
        shape = shapes[name] = tuple(sizes[dim] for dim in d.dims)
        for place in product(*(range(1, size + 1) for size in shape)):
            entry = _entry(given[name], place)
            problem = outside(d, entry)
            if problem:
                raise UsageError(
                    "error/domain",
                    f"{name} = {entry} is not {problem}",
                    fix=f"give a value that is {problem}, as {name} is declared",
                )
            values[name, place] = entry
    return Point(values, sizes, {}, shapes=shapes)


def _set_sizes(sizes: dict[str, int], d: Declaration, value: Value) -> None:
    """Take the sizes of the last dimensions from a list, and hold them against those known."""
    lengths = _lengths(d.name, value)
    if len(lengths) > len(d.dims):
        what = "one number" if not d.dims else f"a list over {', '.join(d.dims)}"
        raise UsageError("error/shape", f"{d.name} is {what}", fix=f"give it as {what}")
    for dim, length in zip(d.dims[len(d.dims) - len(lengths) :], lengths, strict=True):
        if sizes[dim] not in (1, length):
            raise UsageError(
                "error/shape",
                f"{d.name} has {length} values along {dim} where {sizes[dim]} are needed",
                fix="give lists of one length",
            )
        sizes[dim] = length


def _lengths(name: str, value: Value) -> tuple[int, ...]:
    """The shape of a list of lists; each must be as long as its neighbours."""
    lengths: list[int] = []
    level: list[Value] = [value]
    while any(isinstance(v, tuple) for v in level):
        lists = [v for v in level if isinstance(v, tuple)]
        if len(lists) != len(level) or len({len(v) for v in lists}) != 1 or not lists[0]:
            raise UsageError(
                "error/shape", f"the lists of {name} are of different lengths", fix="give rows of one length"
            )
        lengths.append(len(lists[0]))
        level = [entry for v in lists for entry in v]
    return tuple(lengths)


def _entry(value: Value | None, place: tuple[int, ...]) -> Fraction:
    depth = len(_lengths("", value)) if value is not None else 0
    for position in place[len(place) - depth :]:
        assert isinstance(value, tuple)
        value = value[min(position, len(value)) - 1]  # one entry stands at every position
    assert isinstance(value, Fraction)
    return value


def _value(e: Expr, scope: Scope, point: Point) -> str:
    """The value, or the values at the positions of the free indices, as lists."""
    free = ordered_free_indices(e)
    sizes = [point.sizes.get(index.dim, 1) for index in free]
    if all(size == 1 for size in sizes):
        return _number_at(e, scope, point, dict.fromkeys(free, 1))
    wide = [(index, size) for index, size in zip(free, sizes, strict=True) if size > 1]
    whole = 1
    for _, size in wide:
        whole *= size
    fixed = dict.fromkeys(free, 1)
    places = islice(product(*(range(1, size + 1) for _, size in wide)), MOST_SHOWN)
    numbers = (
        _number_at(e, scope, point, fixed | dict(zip((i for i, _ in wide), place, strict=True)))
        for place in places
    )
    return _listed(numbers, [size for _, size in wide], whole)


def _listed(numbers: Iterator[str], sizes: list[int], whole: int) -> str:
    """``[1, 2]``; rows of a table are parted by semicolons, what is left out by a dot-dot-dot."""
    row = sizes[-1]
    text = ""
    for k, number in enumerate(numbers):
        text += "" if k == 0 else "; " if k % row == 0 else ", "
        text += number
    return f"[{text}]" if whole <= MOST_SHOWN else f"[{text}, …]"


def _number_at(e: Expr, scope: Scope, point: Point, positions: dict[Any, int]) -> str:
    found = evaluate(e, scope, replace(point, positions=positions), 30)
    return _number(str(found.mid().str(20, radius=False)))


def _number(text: str) -> str:
    """Ten significant digits, plainly."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:.10g}".replace("-", "−", 1) if value < 0 else f"{value:.10g}"
