"""A file of separated values as a table: cells, names, and the lines they came from.

Separator, encoding and line ends are found out, and said where they are unusual; everything that is
not a table is refused with the line.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whygrad.core.errors import DataError, UsageError
from whygrad.train.numbers import looks_numeric

SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
SAMPLE_LINES: Final = 60
MAGIC: Final[dict[bytes, tuple[str, str]]] = {
    b"PK\x03\x04": ("a zip or Excel file", "save the sheet as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "save the sheet as CSV"),
    b"\x1f\x8b": ("compressed by gzip", "gunzip it first"),
    b"BZh": ("compressed by bzip2", "bunzip2 it first"),
    b"\xfd7zXZ": ("compressed by xz", "unxz it first"),
    b"%PDF": ("a PDF", "copy the table into a CSV file"),
    b"\x89HDF": ("an HDF5 file", "write its table as CSV"),
}
COLUMNAR: Final[dict[bytes, str]] = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"FEA1": "Feather",
    b"\x93NUMPY": "npy",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A named column: cells as text, or ``values`` where it came as numbers (NaN: missing)."""

    name: str
    cells: Sequence[str] = ()
    values: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length; ``lines`` is where each row stands, ``unit`` what that counts."""

    columns: tuple[Column, ...]
    lines: Sequence[int]
    source: str = ""
    separator: str = ","
    unit: str = "line"
    said: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(c.name for c in self.columns)

    def place(self, row: int) -> str:
        """Where a row stands: "line 7"."""
        return f"{self.unit} {self.lines[row]}"


def read_table(
    path: str | os.PathLike[str],
    *,
    separator: str | None = None,
    encoding: str | None = None,
    header: bool = True,
) -> Table:
    """Read a file of separated values.

    Parameters
    ----------
    path
        The file.
    separator, encoding
        Found out when not given.
    header
        Whether the first line names the columns. Without it they are called c1, c2, ...

    Raises
    ------
    DataError
        If the file is missing, empty, binary, wrongly encoded or ragged; with the line.
    """
    said: list[str] = []
    text = _decoded(_bytes(path), str(path), encoding, said)
    separator = _separator(text, separator, said)
    records = _records(text, separator, str(path))
    if not records:
        raise _file_error(f"{path} holds no rows", "a header and at least one row are needed")
    names, body = _header(records, header, str(path))
    _check_widths(names, body, str(path), separator)
    if not body:
        raise _file_error(f"{path} has a header and no rows", "add the rows, or name another file")
    cells = zip(*(row for _, row in body), strict=True)
    columns = [Column(name, column) for name, column in zip(names, cells, strict=True)]
    kept = _without_row_numbers(columns, said)
    return Table(tuple(kept), [line for line, _ in body], str(path), separator, said=said)


def _file_error(reason: str, fix: str) -> DataError:
    return DataError("error/data-file", reason, fix=fix)


# --- bytes to text ------------------------------------------------------------------------------


def _bytes(path: str | os.PathLike[str]) -> bytes:
    try:
        raw = Path(path).read_bytes()
    except IsADirectoryError:
        raise DataError("error/no-file", f"{path} is a folder", fix="name one of the files in it") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            "error/no-file", f"{path}: {reason}", fix="check the path and its permissions"
        ) from None
    for magic, name in COLUMNAR.items():
        if raw.startswith(magic):
            raise DataError(
                "error/missing-extra",
                f"{path} is {name}, and this version reads separated text only",
                fix="write the table as CSV, or give the arrays from Python",
            )
    for magic, (name, fix) in MAGIC.items():
        if raw.startswith(magic):
            raise _file_error(f"{path} is {name}, not text", fix)
    if not raw.strip():
        raise _file_error(f"{path} is empty", "a header and at least one row are needed")
    return raw


BOMS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def _decoded(raw: bytes, path: str, encoding: str | None, said: list[str]) -> str:
    found = next((name for mark, name in BOMS.items() if raw.startswith(mark)), None)
    if found is not None:
        mark = next(mark for mark in BOMS if raw.startswith(mark))
        raw = raw[len(mark) :]
        said.append(f"byte order mark left out ({found})")
    chosen = encoding or found or "utf-8"
    if found is None and encoding is None and b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise _file_error(f"{path} is binary (a zero byte in line {line})", "name a text file")
    try:
        text = raw.decode(chosen)
    except LookupError:
        raise UsageError(
            "error/usage", f"there is no encoding {chosen!r}", fix="for instance --encoding latin-1"
        ) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _file_error(
            f"{path} is not {chosen}: line {line} has a byte that does not fit",
            "give its encoding, for instance --encoding latin-1 (or cp1252)",
        ) from None
    if "\r" in text and "\n" not in text:
        said.append("lines end in a carriage return")
        text = text.replace("\r", "\n")
    return text


# --- text to records ----------------------------------------------------------------------------


def _separator(text: str, given: str | None, said: list[str]) -> str:
    if given is not None:
        given = {"\\t": "\t", "tab": "\t"}.get(given, given)
        if len(given) != 1 or given in '\r\n"':
            raise UsageError(
                "error/usage",
                f"a separator is one character, and {given!r} is not",
                fix="for instance --separator ';' or --separator tab",
            )
        return given
    sample = _sample(text)
    scores = {sep: _score(sample, sep) for sep in SEPARATORS}
    best = max(scores, key=lambda sep: scores[sep])
    if scores[best][2] < 2:
        return ","
    if best != ",":
        said.append(f"separator: {SEPARATORS[best]}")
    return best


def _sample(text: str) -> str:
    cut = 0
    for _ in range(SAMPLE_LINES):
        cut = text.find("\n", cut) + 1
        if cut == 0:
            return text
    return text[:cut]


def _score(sample: str, separator: str) -> tuple[bool, float, int]:
    """How well it splits: all rows alike, share of numbers below the first, width."""
    try:
        rows = [row for _, row in _split(sample, separator, strict=False)]
    except csv.Error:
        return (False, 0.0, 0)
    if not rows:
        return (False, 0.0, 0)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width < 2 or (separator == " " and len(set(map(len, rows))) > 1):
        return (False, 0.0, 0)
    cells = [cell for row in rows[1:] for cell in row]
    numbers = sum(looks_numeric(cell, comma=separator != ",") for cell in cells)
    alike = sum(len(row) == width for row in rows) >= 0.9 * len(rows)
    return (alike, round(numbers / max(1, len(cells)), 1), width)


def _split(text: str, separator: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    """Records with the line each begins on; blank lines are left out."""
    if separator == " ":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, line.split()
        return
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=strict, skipinitialspace=True
    )
    begins = 1
    for row in reader:
        if row and not (len(row) == 1 and not row[0].strip()):
            yield begins, row
        begins = reader.line_num + 1


def _records(text: str, separator: str, path: str) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    try:
        found.extend(_split(text, separator, strict=True))
    except csv.Error as error:
        line = (found[-1][0] + 1) if found else 1
        raise _file_error(
            f"{path} cannot be split into cells from line {line} on ({error})",
            "close the quotes in that line, or write a quote inside quotes twice",
        ) from None
    return found


# --- the header ---------------------------------------------------------------------------------


def _header(
    records: list[tuple[int, list[str]]], header: bool, path: str
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    first = [cell.strip() for cell in records[0][1]]
    if not header:
        return [f"c{n}" for n in range(1, len(first) + 1)], records
    if all(looks_numeric(cell, comma=True) for cell in first if cell) and any(first):
        raise _file_error(
            f"the first line of {path} holds numbers only: no header?",
            "put the names of the columns in the first line, or say --no-header",
        )
    return first, records[1:]


def _check_widths(names: list[str], body: list[tuple[int, list[str]]], path: str, separator: str) -> None:
    width = len(names)
    wrong = [(line, len(row)) for line, row in body if len(row) != width]
    if wrong:
        line, got = wrong[0]
        more = f" (and {len(wrong) - 1} more such lines)" if len(wrong) > 1 else ""
        mark = SEPARATORS.get(separator, separator)
        raise _file_error(
            f"line {line} of {path} has {_count(got, 'cell')}, the first line has {width}{more}",
            f"give each line {width} cells, separated by a {mark}; a cell that holds one needs quotes",
        )


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _without_row_numbers(columns: list[Column], said: list[str]) -> list[Column]:
    """Leave out an unnamed first column that counts the rows, and an unnamed empty last one."""
    if len(columns) > 1 and not columns[0].name:
        for start in (0, 1):
            if all(cell.strip() == str(n) for n, cell in enumerate(columns[0].cells, start)):
                said.append(f"the unnamed first column counts {start}, {start + 1}, …: left out")
                columns = columns[1:]
                break
    last = columns[-1]
    if len(columns) > 1 and not last.name and not any(cell.strip() for cell in last.cells):
        said.append("the unnamed last column is empty: left out")
        columns = columns[:-1]
    return columns
