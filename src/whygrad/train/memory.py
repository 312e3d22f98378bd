"""Data given from Python as arrays or columns, as a table like any other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import DataError
from whygrad.train.roles import shape_of
from whygrad.train.table import Column, Table

Array = NDArray[np.float64]
Data: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any]
"""A path, columns or arrays by name, or a pair (X, y)."""


def extra_arrays(cost: Cost, data: Data) -> dict[str, Array]:
    """Arrays given by name that do not run over the rows, or have more than two axes."""
    if not isinstance(data, Mapping):
        return {}
    given = {d.name: d for d in shape_of(cost).given}
    return {name: _floats(name, data[name]) for name in given if name in data}


def table_of(cost: Cost, data: Data) -> tuple[Table, dict[str, tuple[str, ...]]]:
    """The table, and the columns already bound to data names."""
    shape = shape_of(cost)
    declared = {d.name: d for d in (*shape.single, *shape.wide)}
    if isinstance(data, Mapping):
        named = {name: data[name] for name in declared if name in data}
        if any(np.ndim(named[name]) == 2 for name in named):
            return _from_arrays(named, declared)
        extra = {d.name for d in shape.given}
        columns = [_column(name, values) for name, values in data.items() if name not in extra]
        return _as_table(columns), {}
    if isinstance(data, str | os.PathLike) or len(data) != 2:
        raise DataError(
            "error/data",
            "data is neither a path, nor columns by name, nor a pair (X, y)",
            fix="for instance fit(cost, (X, y))",
        )
    wide = [d for d in shape.wide if not d.has("onehot")]
    if len(wide) != 1 or len(shape.targets) != 1:
        raise DataError(
            "error/data",
            "a pair (X, y) needs a cost with one x[i,j] and one target",
            fix=f"give the arrays by name: {', '.join(declared)}",
        )
    return _from_arrays({wide[0].name: data[0], shape.targets[0].name: data[1]}, declared)


def _from_arrays(
    named: Mapping[str, Any], declared: Mapping[str, Declaration]
) -> tuple[Table, dict[str, tuple[str, ...]]]:
    columns: list[Column] = []
    bound: dict[str, tuple[str, ...]] = {}
    for name, values in named.items():
        array = np.asarray(values)
        if array.ndim == 1:
            columns.append(_column(name, array))
            bound[name] = (name,)
            continue
        if array.ndim != 2 or len(declared[name].dims) != 2:
            raise DataError(
                "error/shape",
                f"{name} has {array.ndim} axes, and is declared with {len(declared[name].dims)}",
                fix=f"give an array over {', '.join(declared[name].dims)}",
            )
        names = tuple(f"{name}{k}" for k in range(1, array.shape[1] + 1))
        columns.extend(_column(c, array[:, k]) for k, c in enumerate(names))
        bound[name] = names
    return _as_table(columns), bound


def _as_table(columns: list[Column]) -> Table:
    lengths = {_length(c) for c in columns}
    if len(lengths) != 1:
        found = ", ".join(f"{c.name}: {_length(c)}" for c in columns[:4])
        raise DataError(
            "error/shape",
            f"the columns have different lengths ({found})" if columns else "there are no columns",
            fix="give each column one value a row",
        )
    rows = lengths.pop()
    if not rows:
        raise DataError("error/data", "there are no rows", fix="give at least one row")
    return Table(tuple(columns), range(1, rows + 1), "the given arrays", unit="row")


def _length(column: Column) -> int:
    return len(column.cells) if column.values is None else len(column.values)


def _column(name: str, values: Any) -> Column:
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError("error/shape", f"column {name!r} has {array.ndim} axes", fix="give one value a row")
    if array.dtype.kind in "fiub":
        return Column(name, values=array.astype(np.float64))
    return Column(name, ["" if v is None else str(v) for v in array.tolist()])


def _floats(name: str, values: Any) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "error/data-text", f"{name} holds something that is no number", fix="give numbers"
        ) from None
