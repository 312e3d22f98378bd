"""Tables in columns of text, with cells that wrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from whygrad.core.document import Inline, Table
from whygrad.show.lines import Word, wrap
from whygrad.show.text import plain, width

_GAP = 3
_NARROWEST = 5


def table_lines(
    table: Table, words: Callable[[Inline], list[Word]], room: int, ascii: bool = False
) -> list[str]:
    """The lines of a table; the widest columns give way until it fits."""
    count = max([len(table.header), *(len(row) for row in table.rows)], default=0)
    if not count:
        return []
    cells = [[words(cell) for cell in row] + [[]] * (count - len(row)) for row in (table.header, *table.rows)]
    natural = [max(_size(row[k]) for row in cells) for k in range(count)]
    widths = _fit(natural, room - 2 - _GAP * (count - 1))
    out: list[str] = []
    for number, row in enumerate(cells):
        if number == 0 and not any(row):
            continue
        out.extend(_row([wrap(cell, size, size) for cell, size in zip(row, widths, strict=True)], widths))
        if number == 0:
            out.append("  " + (" " * _GAP).join(("-" if ascii else "─") * size for size in widths))
    return out


def _size(cell: Sequence[Word]) -> int:
    return width(plain(wrap(cell, 10**6, 10**6)[0]))


def _fit(natural: list[int], room: int) -> list[int]:
    """Take columns off the widest until the sum fits."""
    widths = [max(1, size) for size in natural]
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda k: widths[k])
        if widths[widest] <= _NARROWEST and sum(widths) <= room + _NARROWEST * len(widths):
            share = max(1, room // len(widths))
            return [min(size, share) for size in widths]
        widths[widest] -= 1
        if widths[widest] < 1:
            return [1] * len(widths)
    return widths


def _row(cells: Sequence[list[str]], widths: Sequence[int]) -> list[str]:
    height = max(len(cell) for cell in cells)
    lines: list[str] = []
    for k in range(height):
        parts = [cell[k] if k < len(cell) else "" for cell in cells]
        padded = [part + " " * (size - width(plain(part))) for part, size in zip(parts, widths, strict=True)]
        lines.append("  " + (" " * _GAP).join(padded).rstrip())
    return lines
