"""One column at a time: numbers, categories, labels, as a recipe says or as one is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Declaration
from whygrad.core.errors import DataError
from whygrad.train.labels import binary, classes, is_binary, numbers, written
from whygrad.train.numbers import Marks, Numbers, is_missing
from whygrad.train.table import Column, Table

Array = NDArray[np.float64]


Missing: TypeAlias = Literal["drop", "mean"]


Categories: TypeAlias = Literal["drop-first", "all"]


SENTINELS: Final = (-9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0)


MOST_LEVELS: Final = 50


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
class Work:
    """A table under way, and what is to be said about it."""

    table: Table
    marks: Marks
    recipe: Recipe
    said: list[str]
    warnings: list[str]

    def column(self, name: str) -> Column:
        """The column of a name."""
        return next(c for c in self.table.columns if c.name == name)


@dataclass(slots=True)
class Part:
    """One column as one or more columns of an array."""

    column: str
    values: Array
    """(rows, width), NaN where missing."""
    missing: list[int]
    categorical: bool = False


def _read(work: Work, column: Column) -> Numbers:
    found = numbers(column, work.marks)
    work.said.extend(found.said)
    if found.infinite:
        row = found.infinite[0]
        raise DataError(
            "error/data",
            f"column {column.name!r} has {count(len(found.infinite), 'value')} that "
            f"{'is' if len(found.infinite) == 1 else 'are'} infinite or too large, "
            f"first in {work.table.place(row)}",
            fix="mend or leave out these rows",
        )
    if found.large:
        work.warnings.append(
            f"column {column.name!r} has integers over 2^53: read as floats, their last digits are lost"
        )
    return found


def count(n: int, word: str) -> str:
    """A number of things: "1 row", "2 rows"."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def part_of(work: Work, name: str, categories: Categories | None) -> Part:
    """Read a column; text becomes categories where these were asked for, else an error."""
    column = work.column(name)
    found = _read(work, column)
    if not found.text:
        _warn_sentinel(work, name, found.values)
        return Part(name, found.values[:, None], found.missing)
    if categories is None:
        raise _text_error(work, column, found)
    return _levels(work, column, found, categories)


def _text_error(work: Work, column: Column, found: Numbers) -> DataError:
    row = found.text[0]
    return DataError(
        "error/data-text",
        f"column {column.name!r} holds text in {count(len(found.text), 'row')}: "
        f"{written(column)[row]!r} in {work.table.place(row)}",
        fix="leave it out (--bind names the columns to use), or say --categories drop-first "
        "(or all) to give each of its values a column",
    )


def _levels(work: Work, column: Column, found: Numbers, categories: Categories) -> Part:
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
    return Part(column.name, _dummies(cells, levels, missing), missing, categorical=True)


def _dummies(cells: Sequence[str], levels: Sequence[str], missing: Sequence[int]) -> Array:
    values = np.zeros((len(cells), len(levels)))
    for k, level in enumerate(levels):
        values[:, k] = [cell == level for cell in cells]
    values[list(missing)] = np.nan
    return values


def known_part(work: Work, name: str, own: str) -> Part:
    """A column of further data; ``own`` is the name it had when the model was fitted."""
    column = work.column(name)
    levels = work.recipe.levels.get(own)
    if levels is None:
        found = _read(work, column)
        if found.text:
            raise _text_error(work, column, found)
        return Part(own, found.values[:, None], found.missing)
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
    return Part(own, _dummies(cells, levels, missing), missing, categorical=True)


def _warn_sentinel(work: Work, name: str, values: Array) -> None:
    present = values[~np.isnan(values)]
    for mark in SENTINELS:
        hits = int((present == mark).sum())
        rest = present[present != mark]
        if not hits or len(rest) < 3 or hits > 0.5 * len(present):
            continue
        low, high = float(rest.min()), float(rest.max())
        if mark < low - 3 * (high - low) or mark > high + 3 * (high - low):
            work.warnings.append(
                f"column {name!r} is {mark:g} in {count(hits, 'row')} and otherwise between {low:g} "
                f"and {high:g}: does {mark:g} stand for a missing value?"
            )


def target_of(d: Declaration, work: Work, positive: str | None) -> Array:
    """Read a target as its declaration asks: labels, classes or numbers."""
    names = work.recipe.columns[d.name]
    if is_binary(d):
        found = binary(d, work.column(names[0]), work.table, work.marks, positive)
    elif d.has("onehot") and len(names) == 1:
        found = classes(work.column(names[0]), work.marks, table=work.table)
    else:
        parts = [part_of(work, name, None).values for name in names]
        return parts[0][:, 0] if len(d.dims) == 1 else np.concatenate(parts, axis=1)
    work.recipe.classes[d.name] = found.classes
    work.said.extend(found.said)
    return found.values


def known_target(d: Declaration, work: Work, names: Sequence[str]) -> Array:
    """Read a target again, with the labels or classes of the recipe."""
    known = work.recipe.classes.get(d.name)
    column = work.column(names[0])
    if known is None:
        parts = [part_of(work, name, None).values for name in names]
        return parts[0][:, 0] if len(d.dims) == 1 else np.concatenate(parts, axis=1)
    onehot = classes(column, work.marks, known, work.table).values
    if not is_binary(d):
        return onehot
    low, high = (float(v) for v in sorted(d.values))
    return np.where(onehot[:, 1] == 1, high, np.where(onehot[:, 0] == 1, low, np.nan))
