"""Cells as numbers: what is missing, what is text, and which mark is the decimal one.

A column whose every comma has exactly three digits after it can be read two ways (1,234 is 1234 or
1.234). Quotes in a file separated by commas, and the other columns, may settle it; otherwise it is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from whygrad.core.errors import DataError

MISSING: Final = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))
INFINITE: Final = frozenset(("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"))
EXACT: Final = 2.0**53
NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INTEGER: Final = re.compile(r"[+-]?\d+")
GROUPS: Final = re.compile(r"[+-]?[1-9]\d{0,2}([ '’\u00a0\u202f_]\d{3})+([.,]\d+)?")
MARKS: Final = re.compile(r"[ '’\u00a0\u202f_]")

ONE_GROUP: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
COMMA_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}((,\d{3}){2,}|(,\d{3})+\.\d*)")
COMMA_DECIMAL: Final = re.compile(r"[+-]?(\d*,\d+|\d+,)([eE][+-]?\d+)?|[+-]?\d{1,3}(\.\d{3})+,\d*")
POINT_DECIMAL: Final = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
POINT_GROUPS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")

Comma = Literal["none", "decimal", "thousands", "either", "mixed"]


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value.

    >>> [is_missing(cell) for cell in ("", " NA", "n/a", "?", "0", "no")]
    [True, True, True, True, False, False]
    """
    return cell.strip().lower() in MISSING


def looks_numeric(cell: str, *, comma: bool = False) -> bool:
    """Whether a cell is a number or missing; ``comma``: also with a decimal comma."""
    cell = cell.strip()
    if is_missing(cell) or NUMBER.fullmatch(cell):
        return True
    return comma and bool(COMMA_DECIMAL.fullmatch(cell))


@dataclass(slots=True)
class Numbers:
    """A column as numbers (NaN where there is none), with the rows that are not."""

    values: NDArray[np.float64]
    missing: list[int] = field(default_factory=list[int])
    text: list[int] = field(default_factory=list[int])
    infinite: list[int] = field(default_factory=list[int])
    said: list[str] = field(default_factory=list[str])
    large: bool = False


def comma_of(cells: Iterable[str]) -> Comma:
    """What the commas of a column are.

    >>> comma_of(["1,5", "2"]), comma_of(["1,234,567"]), comma_of(["1,234", "5,678"])
    ('decimal', 'thousands', 'either')
    """
    found: set[Comma] = set()
    for cell in cells:
        cell = cell.strip()
        if "," not in cell:
            continue
        if ONE_GROUP.fullmatch(cell):
            found.add("either")
        elif COMMA_THOUSANDS.fullmatch(cell):
            found.add("thousands")
        elif COMMA_DECIMAL.fullmatch(cell):
            found.add("decimal")
    if {"decimal", "thousands"} <= found:
        return "mixed"
    order: tuple[Comma, ...] = ("decimal", "thousands", "either")
    for comma in order:
        if comma in found:
            return comma
    return "none"


@dataclass(frozen=True, slots=True)
class Marks:
    """How a table writes numbers: what the other columns say about a doubtful one."""

    separator: str = ","
    decimal: str | None = None
    commas: frozenset[Comma] = frozenset()
    points: bool = False
    """Whether some column has numbers with a decimal point."""

    def comma_in(self, name: str, own: Comma) -> Comma:
        """What the commas of one column are, settled by everything known."""
        if self.decimal is not None:
            return "decimal" if self.decimal == "," else "thousands"
        if own != "either":
            return own
        if "decimal" in self.commas:
            return "decimal"
        if self.separator == "," or self.points or "thousands" in self.commas:
            return "thousands"
        raise DataError(
            "error/data",
            f"every comma in column {name!r} has three digits after it: "
            "1,234 may mean 1234 (thousands) or 1.234 (a decimal comma)",
            fix="say --decimal . (the comma groups thousands) or --decimal , (it is the decimal mark)",
        )


def marks_of(columns: Iterable[Sequence[str]], separator: str, decimal: str | None) -> Marks:
    """What the columns of a table say together about its decimal mark."""
    commas: set[Comma] = set()
    points = False
    for cells in columns:
        commas.add(comma_of(cells))
        points = points or any(
            POINT_DECIMAL.fullmatch(c.strip()) and not POINT_GROUPS.fullmatch(c.strip())
            for c in cells
            if "." in c
        )
    return Marks(separator, decimal, frozenset(commas), points)


def parse_numbers(name: str, cells: Sequence[str], marks: Marks) -> Numbers:
    """Read a column. The quick way serves plain numbers; the other looks at each cell."""
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        return _cell_by_cell(name, cells, marks)
    # NaN, infinity and integers that floats cannot hold are looked at one by one.
    plain = bool((np.abs(values) < EXACT).all()) and "_" not in "".join(cells)
    if not plain or (marks.decimal == "," or "decimal" in marks.commas):
        return _cell_by_cell(name, cells, marks)
    return Numbers(values)


def _cell_by_cell(name: str, cells: Sequence[str], marks: Marks) -> Numbers:
    comma = marks.comma_in(name, comma_of(cells))
    grouped_points = _points_group(cells, marks, comma)
    found = Numbers(np.full(len(cells), np.nan))
    said: dict[str, None] = {}
    for row, cell in enumerate(cells):
        cell = cell.strip()
        if is_missing(cell):
            found.missing.append(row)
            continue
        if cell.lower() in INFINITE:
            found.infinite.append(row)
            continue
        plain = _plain(cell, comma, grouped_points, said)
        if plain is None:
            found.text.append(row)
            continue
        value = float(plain)
        if not np.isfinite(value):
            found.infinite.append(row)
            continue
        found.values[row] = value
        found.large = found.large or (abs(value) >= EXACT and bool(INTEGER.fullmatch(plain)))
    found.said = [f"column {name!r}: {what}" for what in said]
    return found


def _points_group(cells: Sequence[str], marks: Marks, comma: Comma) -> bool:
    """Whether points group thousands here: the decimal mark is a comma, and each has three digits."""
    if not (comma == "decimal" or marks.decimal == "," or "decimal" in marks.commas):
        return False
    pointed = [cell.strip() for cell in cells if "." in cell and "," not in cell]
    return all(POINT_GROUPS.fullmatch(cell) for cell in pointed)


def _plain(cell: str, comma: Comma, grouped_points: bool, said: dict[str, None]) -> str | None:
    """The cell as Python writes numbers, or None when it is text."""
    if "−" in cell:
        cell = cell.replace("−", "-")
        said["a minus sign (−) read as -"] = None
    if GROUPS.fullmatch(cell):
        cell = MARKS.sub("", cell)
        said["spaces or quotes inside numbers read as thousands"] = None
    if "," in cell:
        if comma == "decimal" and COMMA_DECIMAL.fullmatch(cell):
            cell = cell.replace(".", "").replace(",", ".")
            said["decimal comma"] = None
        elif comma == "thousands" and (ONE_GROUP.fullmatch(cell) or COMMA_THOUSANDS.fullmatch(cell)):
            cell = cell.replace(",", "")
            said["commas read as thousands"] = None
        else:
            return None
    elif grouped_points and POINT_GROUPS.fullmatch(cell):
        cell = cell.replace(".", "")
        said["points read as thousands"] = None
    return cell if NUMBER.fullmatch(cell) else None
