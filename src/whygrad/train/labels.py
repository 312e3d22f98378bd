"""Targets: labels and classes as the cost declares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Declaration
from whygrad.core.errors import DataError
from whygrad.train.numbers import Marks, Numbers, is_missing, parse_numbers
from whygrad.train.table import Column, Table

TRUTH: Final = {"true": 1.0, "false": 0.0}
MOST_CLASSES: Final = 1000
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labels:
    """Values for the cost (NaN: missing) and the names of the classes in its order."""

    values: Array
    classes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def is_binary(d: Declaration) -> bool:
    """Whether a name is declared ``in {0,1}`` or ``in {-1,1}``."""
    return set(d.values) in ({Fraction(0), Fraction(1)}, {Fraction(-1), Fraction(1)})


def written(column: Column) -> Sequence[str]:
    """The cells of a column as text."""
    if column.values is None:
        return [cell.strip() for cell in column.cells]
    return ["" if np.isnan(v) else f"{v:g}" for v in column.values.tolist()]


def numbers(column: Column, marks: Marks) -> Numbers:
    """The cells of a column as numbers."""
    if column.values is not None:
        values = column.values
        found = Numbers(values.copy())
        found.missing = np.flatnonzero(np.isnan(values)).tolist()
        found.infinite = np.flatnonzero(np.isinf(values)).tolist()
        return found
    return parse_numbers(column.name, column.cells, marks)


def binary(d: Declaration, column: Column, table: Table, marks: Marks, positive: str | None) -> Labels:
    """A column as labels of a name declared with two values."""
    low, high = (float(v) for v in sorted(d.values))
    cells = written(column)
    present = [row for row, cell in enumerate(cells) if not is_missing(cell)]
    if positive is not None:
        return _by_positive(column, cells, present, (low, high), positive)
    found = numbers(column, marks)
    values = found.values.copy()
    for row in found.text:
        truth = TRUTH.get(cells[row].lower())
        if truth is not None:
            values[row] = high if truth else low
    wrong = [row for row in present if values[row] not in (low, high)]
    if wrong:
        raise _misfit(d, column, table, cells, present, wrong[0])
    if present and len({values[row] for row in present}) < 2:
        raise single_class(column, cells[present[0]])
    return Labels(values, (_spelled(cells, values, low), _spelled(cells, values, high)))


def _spelled(cells: Sequence[str], values: Array, value: float) -> str:
    return cells[int(np.flatnonzero(values == value)[0])] if (values == value).any() else f"{value:g}"


def single_class(column: Column, value: str) -> DataError:
    """The error for a label that is the same in each row."""
    return DataError(
        "error/data-constant",
        f"column {column.name!r} is {value} in each row",
        fix="two classes are needed; is the target another column (--target)?",
    )


def _found(cells: Sequence[str], present: Sequence[int]) -> str:
    seen = list(dict.fromkeys(cells[row] for row in present))
    shown = ", ".join(seen[:5])
    return f"{shown}, … ({len(seen)} values)" if len(seen) > 5 else shown


def _misfit(
    d: Declaration,
    column: Column,
    table: Table,
    cells: Sequence[str],
    present: Sequence[int],
    row: int,
) -> DataError:
    declared = ", ".join(str(v) for v in sorted(d.values))
    kinds = list(dict.fromkeys(cells[r] for r in present))
    if len(kinds) == 2:
        fix = f"say which value counts as {max(d.values)}: --positive {_quoted(kinds[-1])}"
    elif len(kinds) == 1:
        fix = "two classes are needed; is the target another column (--target)?"
    else:
        fix = (
            f"mend {table.place(row)}, or choose another column with --target; "
            "a column of two values can be read with --positive VALUE"
        )
    return DataError(
        "error/data-label",
        f"{d.name} is declared in {{{declared}}}, and column {column.name!r} holds "
        f"{_found(cells, present)}; the first that does not fit is {cells[row]} in {table.place(row)}",
        fix=fix,
    )


def _quoted(value: str) -> str:
    return f"'{value}'" if " " in value else value


def same_value(cell: str, value: str) -> bool:
    """Whether a cell is this value, as text or as a number."""
    if cell == value.strip():
        return True
    try:
        return float(cell) == float(value)
    except ValueError:
        return False


def _by_positive(
    column: Column,
    cells: Sequence[str],
    present: Sequence[int],
    ends: tuple[float, float],
    positive: str,
) -> Labels:
    kinds = list(dict.fromkeys(cells[row] for row in present))
    chosen = [kind for kind in kinds if same_value(kind, positive)]
    others = [kind for kind in kinds if kind not in chosen]
    if not chosen:
        raise DataError(
            "error/data-label",
            f"column {column.name!r} does not hold {positive}; it holds {_found(cells, present)}",
            fix=f"give one of these: --positive {_quoted(kinds[0]) if kinds else 'VALUE'}",
        )
    if not others:
        raise single_class(column, positive)
    if len({*map(_number_or_text, others)}) > 1:
        raise DataError(
            "error/data-label",
            f"column {column.name!r} has more than two values: {_found(cells, present)}",
            fix="--positive needs a column of two values; for more, use a cost with onehot classes",
        )
    values = np.full(len(cells), np.nan)
    for row in present:
        values[row] = ends[1] if cells[row] in chosen else ends[0]
    said = f"{column.name}: {chosen[0]} counts as {ends[1]:g}, {others[0]} as {ends[0]:g}"
    return Labels(values, (others[0], chosen[0]), (said,))


def _number_or_text(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def classes(
    column: Column, marks: Marks, known: Sequence[str] | None = None, table: Table | None = None
) -> Labels:
    """A column of classes as one-hot rows; ``known`` are the classes of a model, in order."""
    cells = written(column)
    present = [row for row, cell in enumerate(cells) if not is_missing(cell)]
    names = list(known) if known is not None else _sorted_classes(cells, present)
    place = {_number_or_text(name): k for k, name in enumerate(names)}
    table_place = table.place if table is not None else str
    values = np.full((len(cells), len(names)), np.nan)
    for row in present:
        key = _number_or_text(cells[row])
        if key not in place:
            raise DataError(
                "error/data-label",
                f"column {column.name!r} holds {cells[row]} in {table_place(row)}, a class that is not known",
                fix=f"the classes are {', '.join(names)}",
            )
        values[row] = 0.0
        values[row, place[key]] = 1.0
    if known is None and len(names) < 2:
        raise single_class(column, names[0] if names else "missing")
    if known is None and len(names) > MOST_CLASSES:
        raise DataError(
            "error/data-label",
            f"column {column.name!r} has {len(names)} different values, more than classes can be",
            fix="is the target another column (--target)?",
        )
    said = () if known is not None else (f"classes of {column.name}: {_listed(names)}",)
    return Labels(values, tuple(names), said)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:11])}, … {names[-1]}"


def _sorted_classes(cells: Sequence[str], present: Sequence[int]) -> list[str]:
    """Numbers by size, then text by letters; spellings of one number are one class."""
    kinds: dict[float | str, str] = {}
    for row in present:
        kinds.setdefault(_number_or_text(cells[row]), cells[row])
    numeric = sorted(key for key in kinds if isinstance(key, float))
    textual = sorted(key for key in kinds if isinstance(key, str))
    return [kinds[key] for key in (*numeric, *textual)]
