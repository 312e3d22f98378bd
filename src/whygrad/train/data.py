"""From a table to the arrays of a cost: roles, labels, missing values, categories, scale.

:func:`prepare` reads data for fitting and returns a :class:`Dataset`, whose :class:`Recipe` says
how each column was turned into numbers; :func:`apply` turns further data the same way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import DataError, UsageError
from whygrad.train.labels import binary, classes, is_binary, numbers, written
from whygrad.train.memory import Data, extra_arrays, table_of
from whygrad.train.numbers import Marks, Numbers, is_missing, marks_of
from whygrad.train.roles import Shape, assign, shape_of
from whygrad.train.table import Column, Table, read_table

Array = NDArray[np.float64]
Missing: TypeAlias = Literal["drop", "mean"]
Categories: TypeAlias = Literal["drop-first", "all"]

SENTINELS: Final = (-9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0)
MOST_LEVELS: Final = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is written, where it was said and not found out."""

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool = True


@dataclass(slots=True)
class Recipe:
    """How columns become arrays; kept in the model."""

    columns: dict[str, tuple[str, ...]]
    """Data name -> columns of the file."""
    target: tuple[str, ...]
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Column of categories -> the levels that have a column of their own."""
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Target -> its labels or classes as the file writes them, in the order of the cost."""
    fill: dict[str, float] = field(default_factory=dict[str, float])
    """Column -> what its missing values become."""
    mean: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    scale: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Data name -> mean and standard deviation of its columns, where standardised."""

    def names(self, name: str) -> tuple[str, ...]:
        """The columns of a data name's array, categories spelled out."""
        found: list[str] = []
        for column in self.columns[name]:
            levels = self.levels.get(column)
            found += [column] if levels is None else [f"{column}={level}" for level in levels]
        return tuple(found)


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


def prepare(
    cost: Cost,
    data: Data,
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
        A path, columns by name, arrays by data name, or a pair (X, y).
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
    shape = _without(shape_of(cost), extra_arrays(cost, data))
    table, bound = _table(cost, data, reading)
    roles = assign(shape, table, target=target, bind={**bound, **(bind or {})})
    marks = _marks(table, reading)
    recipe = Recipe(roles.columns, roles.target)
    work = _Work(table, marks, recipe, [*table.said, *roles.said], list(table.warnings))
    labels = {d.name: _target(d, work, positive) for d in shape.targets if d.name in roles.columns}
    if positive is not None and not any(is_binary(d) for d in shape.targets):
        raise UsageError(
            "error/usage",
            "--positive is for a label declared in {0,1} or {-1,1}, and the cost has none",
            fix="leave --positive out",
        )
    parts = {
        (d.name, column): _part(work, column, categories)
        for d in shape.wide
        if d.name not in labels
        for column in roles.columns[d.name]
    }
    keep = _settle_missing(work, labels, parts, missing)
    arrays = _arrays(shape, labels, parts, recipe, keep)
    arrays.update(extra_arrays(cost, data))
    rows = int(keep.sum())
    for d in shape.targets:
        if d.name in arrays:
            _check_target(d, arrays[d.name], recipe, work, len(shape.targets))
    _check_domains(cost, arrays, work, np.flatnonzero(keep))
    if standardise:
        _standardise(shape, arrays, recipe, work)
    sizes = _sizes(cost, arrays)
    return Dataset(arrays, sizes, recipe, rows, table.source, work.said, work.warnings)


def apply(cost: Cost, data: Data, recipe: Recipe, reading: Reading | None = None) -> Dataset:
    """Turn further data into arrays as ``recipe`` says; the target may be absent."""
    reading = reading or Reading()
    shape = _without(shape_of(cost), extra_arrays(cost, data))
    table, bound = _table(cost, data, reading)
    have = set(table.names)
    wanted = {
        name: bound.get(name, columns)
        for name, columns in recipe.columns.items()
        if name not in recipe.target or set(bound.get(name, columns)) <= have
    }
    roles = assign(shape, table, bind=wanted, need_target=False)
    roles.columns = {name: c for name, c in roles.columns.items() if name in wanted}
    work = _Work(table, _marks(table, reading), recipe, [*table.said], list(table.warnings))
    labels = {
        d.name: _known_target(d, work, roles.columns[d.name])
        for d in shape.targets
        if d.name in roles.columns
    }
    parts = {
        (name, column): _known_part(work, column, own)
        for name, columns in recipe.columns.items()
        if name not in labels and name not in recipe.target
        for own, column in zip(columns, roles.columns[name], strict=True)
    }
    _fill_missing(work, parts, recipe)
    keep = np.ones(table.rows, dtype=bool)
    arrays = _arrays(shape, labels, parts, recipe, keep)
    for name, mean in recipe.mean.items():
        arrays[name] = (arrays[name] - np.array(mean)) / np.array(recipe.scale[name])
    arrays.update(extra_arrays(cost, data))
    return Dataset(arrays, _sizes(cost, arrays), recipe, table.rows, table.source, work.said, work.warnings)


# --- columns ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    table: Table
    marks: Marks
    recipe: Recipe
    said: list[str]
    warnings: list[str]

    def column(self, name: str) -> Column:
        return next(c for c in self.table.columns if c.name == name)


@dataclass(slots=True)
class _Part:
    """One column as one or more columns of an array."""

    column: str
    values: Array
    """(rows, width), NaN where missing."""
    missing: list[int]
    categorical: bool = False


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


def _read(work: _Work, column: Column) -> Numbers:
    found = numbers(column, work.marks)
    work.said.extend(found.said)
    if found.infinite:
        row = found.infinite[0]
        raise DataError(
            "error/data",
            f"column {column.name!r} has {_count(len(found.infinite), 'value')} that "
            f"{'is' if len(found.infinite) == 1 else 'are'} infinite or too large, "
            f"first in {work.table.place(row)}",
            fix="mend or leave out these rows",
        )
    if found.large:
        work.warnings.append(
            f"column {column.name!r} has integers over 2^53: read as floats, their last digits are lost"
        )
    return found


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _part(work: _Work, name: str, categories: Categories | None) -> _Part:
    column = work.column(name)
    found = _read(work, column)
    if not found.text:
        _warn_sentinel(work, name, found.values)
        return _Part(name, found.values[:, None], found.missing)
    if categories is None:
        raise _text_error(work, column, found)
    return _levels(work, column, found, categories)


def _text_error(work: _Work, column: Column, found: Numbers) -> DataError:
    row = found.text[0]
    return DataError(
        "error/data-text",
        f"column {column.name!r} holds text in {_count(len(found.text), 'row')}: "
        f"{written(column)[row]!r} in {work.table.place(row)}",
        fix="leave it out (--bind names the columns to use), or say --categories drop-first "
        "(or all) to give each of its values a column",
    )


def _levels(work: _Work, column: Column, found: Numbers, categories: Categories) -> _Part:
    cells = written(column)
    present = [row for row, cell in enumerate(cells) if not is_missing(cell)]
    levels = sorted({cells[row] for row in present})
    if len(levels) > MOST_LEVELS and len(levels) > 0.5 * len(present):
        raise DataError(
            "error/data-text",
            f"column {column.name!r} has {len(levels)} different values in {len(present)} rows: "
            f"too many for categories; the first text is {cells[found.text[0]]!r} in "
            f"{work.table.place(found.text[0])}",
            fix="leave it out (--bind names the columns to use), or mend the cells that are not numbers",
        )
    if len(found.text) < len(present):
        work.warnings.append(f"column {column.name!r} mixes numbers and text: read as categories")
    if categories == "drop-first":
        work.recipe.left_out[column.name] = levels[0]
        work.said.append(f"{column.name}: categories {', '.join(levels[1:])}; {levels[0]} is left out")
        levels = levels[1:]
    else:
        work.said.append(f"{column.name}: categories {', '.join(levels)}")
    work.recipe.levels[column.name] = tuple(levels)
    missing = [row for row, cell in enumerate(cells) if is_missing(cell)]
    return _Part(column.name, _dummies(cells, levels, missing), missing, categorical=True)


def _dummies(cells: Sequence[str], levels: Sequence[str], missing: Sequence[int]) -> Array:
    values = np.zeros((len(cells), len(levels)))
    for k, level in enumerate(levels):
        values[:, k] = [cell == level for cell in cells]
    values[list(missing)] = np.nan
    return values


def _known_part(work: _Work, name: str, own: str) -> _Part:
    """A column of further data; ``own`` is the name it had when the model was fitted."""
    column = work.column(name)
    levels = work.recipe.levels.get(own)
    if levels is None:
        found = _read(work, column)
        if found.text:
            raise _text_error(work, column, found)
        return _Part(own, found.values[:, None], found.missing)
    cells = written(column)
    known = {*levels, *filter(None, (work.recipe.left_out.get(own),))}
    missing = [row for row, cell in enumerate(cells) if is_missing(cell)]
    unknown = [row for row, cell in enumerate(cells) if not is_missing(cell) and cell not in known]
    if unknown:
        row = unknown[0]
        raise DataError(
            "error/data-text",
            f"column {name!r} holds {cells[row]!r} in {work.table.place(row)}, "
            "a value the model has not seen",
            fix=f"it knows {', '.join(sorted(known))}; leave the row out, or fit again with it",
        )
    return _Part(own, _dummies(cells, levels, missing), missing, categorical=True)


def _warn_sentinel(work: _Work, name: str, values: Array) -> None:
    present = values[~np.isnan(values)]
    for mark in SENTINELS:
        hits = int((present == mark).sum())
        rest = present[present != mark]
        if not hits or len(rest) < 3 or hits > 0.5 * len(present):
            continue
        low, high = float(rest.min()), float(rest.max())
        if mark < low - 3 * (high - low) or mark > high + 3 * (high - low):
            work.warnings.append(
                f"column {name!r} is {mark:g} in {_count(hits, 'row')} and otherwise between {low:g} "
                f"and {high:g}: does {mark:g} stand for a missing value?"
            )


# --- targets ------------------------------------------------------------------------------------


def _target(d: Declaration, work: _Work, positive: str | None) -> Array:
    names = work.recipe.columns[d.name]
    if is_binary(d):
        found = binary(d, work.column(names[0]), work.table, work.marks, positive)
    elif d.has("onehot") and len(names) == 1:
        found = classes(work.column(names[0]), work.marks, table=work.table)
    else:
        parts = [_part(work, name, None).values for name in names]
        return parts[0][:, 0] if len(d.dims) == 1 else np.concatenate(parts, axis=1)
    work.recipe.classes[d.name] = found.classes
    work.said.extend(found.said)
    return found.values


def _known_target(d: Declaration, work: _Work, names: Sequence[str]) -> Array:
    known = work.recipe.classes.get(d.name)
    column = work.column(names[0])
    if known is None:
        parts = [_part(work, name, None).values for name in names]
        return parts[0][:, 0] if len(d.dims) == 1 else np.concatenate(parts, axis=1)
    onehot = classes(column, work.marks, known, work.table).values
    if not is_binary(d):
        return onehot
    low, high = (float(v) for v in sorted(d.values))
    return np.where(onehot[:, 1] == 1, high, np.where(onehot[:, 0] == 1, low, np.nan))


def _check_target(d: Declaration, values: Array, recipe: Recipe, work: _Work, many: int) -> None:
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


def _settle_missing(
    work: _Work,
    labels: dict[str, Array],
    parts: dict[tuple[str, str], _Part],
    how: Missing | None,
) -> NDArray[np.bool_]:
    """The rows to keep; means are filled in where asked."""
    gone = {
        work.recipe.columns[name][0]: np.flatnonzero(np.isnan(_narrow(values)))
        for name, values in labels.items()
    }
    targets = set(gone)
    for part in parts.values():
        gone[part.column] = np.array(part.missing, dtype=int)
    gone = {column: rows for column, rows in gone.items() if len(rows)}
    keep = np.ones(work.table.rows, dtype=bool)
    if not gone:
        return keep
    if how is None:
        raise _missing_error(work, gone)
    if how == "mean":
        blocked = [c for c in gone if c in targets or c in work.recipe.levels]
        if blocked:
            what = "the target" if blocked[0] in targets else "text"
            raise DataError(
                "error/data-missing",
                f"column {blocked[0]!r} has {_count(len(gone[blocked[0]]), 'missing value')}, and "
                f"{what} has no mean to fill in",
                fix="say --missing drop to leave these rows out",
            )
        for part in parts.values():
            if part.missing:
                _fill(work, part)
        return keep
    for rows in gone.values():
        keep[rows] = False
    if not keep.any():
        raise DataError(
            "error/data-missing",
            "each row has a missing value, so --missing drop leaves none",
            fix="say --missing mean, or leave columns out with --bind",
        )
    work.said.append(f"{_count(int((~keep).sum()), 'row')} with missing values left out")
    return keep


def _narrow(values: Array) -> Array:
    return values if values.ndim == 1 else values[:, 0]


def _missing_error(work: _Work, gone: Mapping[str, NDArray[np.int_]]) -> DataError:
    shown = [
        f"column {column!r} in {_count(len(rows), 'row')}, first in {work.table.place(int(rows[0]))}"
        for column, rows in list(gone.items())[:4]
    ]
    more = f"; and {len(gone) - 4} more columns" if len(gone) > 4 else ""
    return DataError(
        "error/data-missing",
        f"values are missing: {'; '.join(shown)}{more}",
        fix="say --missing drop (leave these rows out) or --missing mean (fill in the column's mean)",
    )


def _fill(work: _Work, part: _Part) -> None:
    present = part.values[~np.isnan(part.values)]
    if not len(present):
        raise DataError(
            "error/data-missing",
            f"column {part.column!r} has no value at all",
            fix="leave it out (--bind names the columns to use)",
        )
    mean = float(present.mean())
    work.recipe.fill[part.column] = mean
    part.values[np.isnan(part.values)] = mean
    count = _count(len(part.missing), "missing value")
    work.said.append(f"{part.column}: {count} filled in with the mean {mean:g}")


def _fill_missing(work: _Work, parts: dict[tuple[str, str], _Part], recipe: Recipe) -> None:
    gone = {p.column: np.array(p.missing) for p in parts.values() if p.missing}
    unknown = {column: rows for column, rows in gone.items() if column not in recipe.fill}
    if unknown:
        error = _missing_error(work, unknown)
        error.fix = "fill them in or leave these rows out; the model has no mean for these columns"
        raise error
    for part in parts.values():
        if part.missing:
            part.values[np.isnan(part.values)] = recipe.fill[part.column]
            count = _count(len(part.missing), "missing value")
            work.said.append(f"{part.column}: {count} filled in with the mean when fitted")


# --- arrays -------------------------------------------------------------------------------------


def _arrays(
    shape: Shape,
    labels: dict[str, Array],
    parts: dict[tuple[str, str], _Part],
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


def _standardise(shape: Shape, arrays: dict[str, Array], recipe: Recipe, work: _Work) -> None:
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


def _check_domains(cost: Cost, arrays: Mapping[str, Array], work: _Work, rows: NDArray[np.intp]) -> None:
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


def outside(d: Declaration, values: Array) -> tuple[tuple[int, ...], float, str] | None:
    """The first entry that contradicts a declared domain: place, value, the domain in words."""
    for domain in d.domains:
        bad = np.zeros(values.shape, dtype=bool)
        what = ""
        if domain.kind == "finite":
            allowed = [float(v) for v in domain.values]
            bad, what = ~np.isin(values, allowed), f"in {{{', '.join(f'{v:g}' for v in allowed)}}}"
        elif domain.kind == "integer":
            bad, what = values != np.floor(values), "integer"
        elif domain.kind == "interval":
            if domain.low is not None:
                low = float(domain.low)
                bad |= values < low if domain.closed[0] else values <= low
                what = f"{'>=' if domain.closed[0] else '>'} {low:g}"
            if domain.high is not None:
                high = float(domain.high)
                bad |= values > high if domain.closed[1] else values >= high
                upper = f"{'<=' if domain.closed[1] else '<'} {high:g}"
                what = f"{what} and {upper}" if what else upper
        elif domain.kind in ("simplex", "onehot") and values.ndim > 0:
            off = np.abs(values.sum(axis=-1, keepdims=True) - 1) > 1e-9
            bad |= (values < 0) | off
            what = f"{domain.kind}({domain.dim})"
        hits = np.argwhere(bad)
        if len(hits):
            place: tuple[int, ...] = tuple(int(n) for n in hits[0])
            return place, float(values[place]), what
    return None
