"""``--at``: the local derivatives, their product and the closed form, with their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Derivation, Evaluation, ParameterDerivation
from whygrad.core.errors import UsageError
from whygrad.core.expr import Expr, Mul, Partial, Symbol
from whygrad.core.walk import free_indices
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Point

Values = Mapping[str, Fraction | tuple[Fraction, ...]]


def with_evaluation(derivation: Derivation, at: Values) -> Derivation:
    """The derivation with its numbers at a point.

    A number for a name with indices stands at every position; a tuple fills its last dimension, whose
    size it sets. Other sizes are 1: one example.

    Raises
    ------
    UsageError
        If a name has no value, or a value no name.
    """
    cost = derivation.cost
    point = point_at(cost, at)
    rows: list[tuple[str, Expr, Expr, str]] = []
    for definition in cost.definitions:
        if not definition.is_function:
            symbol = Symbol(definition.name, definition.indices)
            rows.append(("", symbol, definition.body, _value(symbol, cost.scope, point)))
    for parameter in derivation.parameters:
        rows.extend(_parameter_rows(parameter, cost.scope, point))
    shown = {k: v for k, v in at.items() if isinstance(v, Fraction)}
    return replace(derivation, evaluation=Evaluation(shown, tuple(rows)))


def _parameter_rows(
    parameter: ParameterDerivation, scope: Scope, point: Point
) -> list[tuple[str, Expr, Expr, str]]:
    rows: list[tuple[str, Expr, Expr, str]] = []
    for stage in parameter.stages:
        product = next((s.after for s in stage.steps if s.rule == "chain/product"), None)
        if isinstance(product, Mul) and all(isinstance(f, Partial) for f in product.factors):
            rows.append((stage.id, stage.left, product, _value(product, scope, point)))
            rows.append(("", stage.left, stage.result, _value(stage.result, scope, point)))
        else:
            rows.append((stage.id, stage.left, stage.result, _value(stage.result, scope, point)))
    return rows


def point_at(cost: Cost, at: Values) -> Point:
    """The values spread over one example."""
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
    for name, value in at.items():
        if isinstance(value, tuple):
            _set_size(sizes, known[name].dims, value, name)
    values: dict[tuple[str, tuple[int, ...]], Fraction] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, d in known.items():
        value = at.get(name, d.value)
        shape = tuple(sizes[dim] for dim in d.dims)
        shapes[name] = shape
        for place in _places(shape):
            entry = value[(place[-1] if place else 1) - 1] if isinstance(value, tuple) else value
            assert entry is not None
            values[name, place] = entry
    return Point(values, sizes, {}, shapes=shapes)


def _set_size(sizes: dict[str, int], dims: tuple[str, ...], value: tuple[Fraction, ...], name: str) -> None:
    if not dims:
        raise UsageError("error/shape", f"{name} is one number", fix=f"write {name}={value[0]}")
    old = sizes[dims[-1]]
    if old not in (1, len(value)):
        raise UsageError("error/shape", f"{name} has {len(value)} values where {old} are needed",
                         fix="give lists of one length")  # fmt: skip
    sizes[dims[-1]] = len(value)


def _places(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    out: list[tuple[int, ...]] = [()]
    for size in shape:
        out = [(*place, k) for place in out for k in range(1, size + 1)]
    return out


def _value(e: Expr, scope: Scope, point: Point) -> str:
    positions = dict.fromkeys(free_indices(e), 1)
    here = replace(point, positions=positions)
    found = evaluate(e, scope, here, 30)
    return _number(str(found.mid().str(20, radius=False)))


def _number(text: str) -> str:
    """Ten significant digits, plainly."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:.10g}"
