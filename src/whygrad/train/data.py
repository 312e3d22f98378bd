"""From a table to the arrays of a cost: roles, labels, missing values, categories, scale.

:func:`prepare` reads data for fitting and returns a :class:`Dataset`, whose :class:`Recipe` says
how each column was turned into numbers; :func:`apply` turns further data the same way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import DataError, UsageError
from whygrad.train.arrays import as_arrays
from whygrad.train.columnar import LARGE, Columns, columns_of, opened, row_major
from whygrad.train.columns import (
    Array,
    Categories,
    Missing,
    Part,
    Recipe,
    Work,
    known_part,
    known_target,
    part_of,
    target_of,
)
from whygrad.train.domains import outside
from whygrad.train.labels import is_binary
from whygrad.train.memory import Data, extra_arrays, table_of
from whygrad.train.missing import fill_missing, settle_missing
from whygrad.train.numbers import Marks, marks_of
from whygrad.train.roles import Shape, assign, shape_of
from whygrad.train.table import Column, Table, read_table


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is written, where it was said and not found out."""

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool = True


@dataclass(slots=True)
class Dataset:
    """The arrays of a cost's data names, with what was done to get them."""

    arrays: dict[str, Array]
    sizes: dict[str, int]
    recipe: Recipe
    rows: int
    source: str = ""
    said: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    unchecked: bool = False
    """Whether nobody has looked for numbers that are not finite yet: the first value of the cost tells."""


def prepare(
    cost: Cost,
    data: Any,
    *,
    target: str | None = None,
    bind: Mapping[str, str | Sequence[str]] | None = None,
    positive: str | None = None,
    missing: Missing | None = None,
    categories: Categories | None = None,
    standardise: bool = False,
    reading: Reading | None = None,
) -> Dataset:
    """Read data for fitting a cost.

    Parameters
    ----------
    cost
        Whose data names are to be filled.
    data
        A path, columns by name, arrays by data name, a pair (X, y), or a table of another library.
    target, bind, positive, missing, categories, standardise
        As the options of ``fit``.
    reading
        How the file is written, where it is not to be found out.

    Raises
    ------
    DataError
        Naming the column, how many values, the first line and the way out.
    """
    reading = reading or Reading()
    given = columns_of(data)
    source = opened(given)
    if source is not None:
        simple = positive is None and not standardise and categories is None
        if source.plain and simple and source.rows * len(source.names) >= LARGE:
            return _from_columns(cost, source, target, bind or {})
        given = source.as_mapping()
    if target is None and not bind and positive is None and not standardise and categories is None:
        quick = as_arrays(cost, given) if missing is None else None
        if quick is not None:
            return Dataset(*quick, unchecked=True)
    shape = _without(shape_of(cost), extra_arrays(cost, given))
    table, bound = _table(cost, given, reading)
    roles = assign(shape, table, target=target, bind={**bound, **(bind or {})})
    marks = _marks(table, reading)
    recipe = Recipe(roles.columns, roles.target)
    work = Work(table, marks, recipe, [*table.said, *roles.said], list(table.warnings))
    labels = {d.name: target_of(d, work, positive) for d in shape.targets if d.name in roles.columns}
    if positive is not None and not any(is_binary(d) for d in shape.targets):
        raise UsageError(
            "error/usage",
            "--positive is for a label declared in {0,1} or {-1,1}, and the cost has none",
            fix="leave --positive out",
        )
    parts = {
        (d.name, column): part_of(work, column, categories)
        for d in shape.wide
        if d.name not in labels
        for column in roles.columns[d.name]
    }
    keep = settle_missing(work, labels, parts, missing)
    arrays = _arrays(shape, labels, parts, recipe, keep)
    arrays.update(extra_arrays(cost, given))
    rows = int(keep.sum())
    for d in shape.targets:
        if d.name in arrays:
            _check_target(d, arrays[d.name], recipe, work, len(shape.targets))
    _check_domains(cost, arrays, work, np.flatnonzero(keep))
    if standardise:
        _standardise(shape, arrays, recipe, work)
    sizes = _sizes(cost, arrays)
    return Dataset(arrays, sizes, recipe, rows, table.source, work.said, work.warnings)


def apply(cost: Cost, data: Any, recipe: Recipe, reading: Reading | None = None) -> Dataset:
    """Turn further data into arrays as ``recipe`` says; the target may be absent."""
    reading = reading or Reading()
    given = columns_of(data)
    source = opened(given)
    given = given if source is None else source.as_mapping()
    shape = _without(shape_of(cost), extra_arrays(cost, given))
    table, bound = _table(cost, given, reading)
    have = set(table.names)
    wanted = {
        name: bound.get(name, columns)
        for name, columns in recipe.columns.items()
        if name not in recipe.target or set(bound.get(name, columns)) <= have
    }
    roles = assign(shape, table, bind=wanted, need_target=False)
    roles.columns = {name: c for name, c in roles.columns.items() if name in wanted}
    work = Work(table, _marks(table, reading), recipe, [*table.said], list(table.warnings))
    labels = {
        d.name: known_target(d, work, roles.columns[d.name]) for d in shape.targets if d.name in roles.columns
    }
    parts = {
        (name, column): known_part(work, column, own)
        for name, columns in recipe.columns.items()
        if name not in labels and name not in recipe.target
        for own, column in zip(columns, roles.columns[name], strict=True)
    }
    fill_missing(work, parts, recipe)
    keep = np.ones(table.rows, dtype=bool)
    arrays = _arrays(shape, labels, parts, recipe, keep)
    for name, mean in recipe.mean.items():
        arrays[name] = (arrays[name] - np.array(mean)) / np.array(recipe.scale[name])
    arrays.update(extra_arrays(cost, given))
    return Dataset(arrays, _sizes(cost, arrays), recipe, table.rows, table.source, work.said, work.warnings)


def _from_columns(
    cost: Cost, source: Columns, target: str | None, bind: Mapping[str, str | Sequence[str]]
) -> Dataset:
    """A large file of numbers, read through the memory map."""
    shape = shape_of(cost)
    stub = Table(tuple(Column(name) for name in source.names), range(1, source.rows + 1), source.path)
    roles = assign(shape, stub, target=target, bind=bind)
    arrays, said = row_major(source, roles.columns)
    recipe = Recipe(roles.columns, roles.target)
    work = Work(stub, Marks(","), recipe, [*roles.said, *said], [])
    for d in (*shape.single, *shape.wide):
        if d.name in arrays and d.domains and any(domain.kind != "real" for domain in d.domains):
            _check_domains(cost, {d.name: arrays[d.name]}, work, np.arange(source.rows))
    for d in shape.targets:
        if d.name in arrays:
            _check_target(d, arrays[d.name], recipe, work, len(shape.targets))
    sizes = _sizes(cost, arrays)
    return Dataset(arrays, sizes, recipe, source.rows, source.path, work.said, work.warnings, unchecked=True)


# --- columns ------------------------------------------------------------------------------------


def _table(cost: Cost, data: Data, reading: Reading) -> tuple[Table, dict[str, tuple[str, ...]]]:
    if isinstance(data, str | os.PathLike):
        table = read_table(
            data, separator=reading.separator, encoding=reading.encoding, header=reading.header
        )
        return table, {}
    return table_of(cost, data)


def _without(shape: Shape, extra: Mapping[str, Array]) -> Shape:
    given = tuple(d for d in shape.given if d.name not in extra)
    return Shape(shape.row, shape.single, shape.wide, given)


def _marks(table: Table, reading: Reading) -> Marks:
    cells = [c.cells for c in table.columns if c.values is None]
    if reading.decimal is None and not any("," in "".join(column) for column in cells):
        return Marks(table.separator)
    return marks_of(cells, table.separator, reading.decimal)


# --- targets ------------------------------------------------------------------------------------


def _check_target(d: Declaration, values: Array, recipe: Recipe, work: Work, many: int) -> None:
    present = values[~np.isnan(values)] if values.ndim == 1 else values
    if values.ndim == 2 and d.has("onehot") and d.name in recipe.classes:
        empty = np.flatnonzero(values.sum(axis=0) == 0)
        if len(empty):
            work.warnings.append(f"no row of class {recipe.classes[d.name][int(empty[0])]} is left")
        return
    if values.ndim == 1 and many == 1 and (present == present[0]).all():
        column = work.column(recipe.columns[d.name][0])
        raise DataError(
            "error/data-constant",
            f"column {column.name!r}, the target, is {present[0]:g} in each row",
            fix="choose another column with --target",
        )


# --- missing values -----------------------------------------------------------------------------


# --- arrays -------------------------------------------------------------------------------------


def _arrays(
    shape: Shape,
    labels: dict[str, Array],
    parts: dict[tuple[str, str], Part],
    recipe: Recipe,
    keep: NDArray[np.bool_],
) -> dict[str, Array]:
    arrays = {name: np.ascontiguousarray(values[keep]) for name, values in labels.items()}
    for d in shape.wide:
        columns = [p.values for (name, _), p in parts.items() if name == d.name]
        if columns:
            arrays[d.name] = np.ascontiguousarray(np.concatenate(columns, axis=1)[keep])
    return arrays


def _sizes(cost: Cost, arrays: Mapping[str, Array]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for d in cost.declarations:
        if d.kind != "data" or d.name not in arrays:
            continue
        for dim, size in zip(d.dims, arrays[d.name].shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                raise DataError(
                    "error/shape",
                    f"{d.name} has {size} along {dim}, and another name has {sizes[dim]}",
                    fix="give arrays whose sizes fit, or bind other columns",
                )
    return sizes


def _standardise(shape: Shape, arrays: dict[str, Array], recipe: Recipe, work: Work) -> None:
    """(x − mean)/sd with divisor m; a constant column becomes 0."""
    for d in shape.wide:
        if d.name in recipe.target or d.name not in arrays:
            continue
        values = arrays[d.name]
        mean: Array = values.mean(axis=0)
        centred = values - mean
        # Twice, because a mean of large numbers is itself rounded.
        mean = np.add(mean, centred.mean(axis=0))
        centred = values - mean
        deviation = np.sqrt((centred**2).mean(axis=0))
        same = (values == values[0]).all(axis=0)
        for k in np.flatnonzero(same):
            work.warnings.append(f"column {recipe.names(d.name)[k]!r} is constant: it becomes 0")
        mean = np.asarray(np.where(same, values[0], mean))
        scale: Array = np.asarray(np.where(same, 1.0, deviation))
        recipe.mean[d.name], recipe.scale[d.name] = mean.tolist(), scale.tolist()
        arrays[d.name] = np.where(same, 0.0, (values - mean) / scale)
        work.said.append(f"{d.name} standardised: (value − mean)/sd, the sd with divisor m")


def _check_domains(cost: Cost, arrays: Mapping[str, Array], work: Work, rows: NDArray[np.intp]) -> None:
    for d in cost.declarations:
        if d.kind != "data" or d.name not in arrays:
            continue
        wrong = outside(d, arrays[d.name])
        if wrong is not None:
            (row, *others), value, what = wrong
            column = work.recipe.columns.get(d.name, (d.name,))
            k = others[0] if others and others[0] < len(column) else 0
            raise DataError(
                "error/domain",
                f"{d.name} is declared {what}, and column {column[k]!r} holds {value:g} in "
                f"{work.table.place(int(rows[row]))}",
                fix="mend the value, or declare another domain",
            )
