"""A document as text for a terminal or a file: never wider than asked, aligned on its relations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from whygrad.core.cost import Scope
from whygrad.core.document import (
    Block,
    Callout,
    Code,
    Document,
    Formula,
    Heading,
    Inline,
    Row,
    Rows,
    Sentence,
    Table,
)
from whygrad.core.expr import Expr
from whygrad.core.walk import Path
from whygrad.show.glyphs import RELATIONS
from whygrad.show.lines import Word, break_formula, coloured, painted, printable, underline, words, wrap
from whygrad.show.rows import is_note, labels_of, said
from whygrad.show.tables import table_lines
from whygrad.show.text import MARK_OFF, MARK_ON, breakable, plain, to_ascii, width

PREFIX: Final[dict[str, str]] = {
    "proved": "proved: ",
    "convention": "convention: ",
    "warning": "warning: ",
    "hint": "hint: ",
    "reading": "",
    "next": "",
    "mistake": "",
    "fact": "",
}
"""What a callout of each kind begins with."""
_MIN_REASON: Final = 22
"""A narrower column of reasons is not worth reading; they go below instead."""


@dataclass(frozen=True, slots=True)
class _Page:
    scope: Scope
    width: int
    color: bool
    ascii: bool
    details: bool

    def formula(self, e: Expr | None, marks: Iterable[Path] = ()) -> str:
        return "" if e is None else breakable(e, self.scope, marks=marks, ascii=self.ascii)

    def text(self, raw: str) -> str:
        """Text as given, on one line."""
        return to_ascii(printable(raw)) if self.ascii else printable(raw)

    def words(self, parts: Inline) -> list[Word]:
        return words(parts, self.scope, ascii=self.ascii)

    def sentence(self, parts: Inline, first: int, rest: int) -> list[str]:
        return wrap(self.words(parts), first, rest)


def to_terminal(
    doc: Document, *, width: int = 80, color: bool = False, ascii: bool = False, details: bool = False
) -> str:
    """Lay a document out as text.

    Parameters
    ----------
    doc
        What to show.
    width
        Columns; no line is longer (at least 20).
    color
        Whether to use the colours of ANSI terminals.
    ascii
        Whether to keep to ASCII, for terminals without UTF-8.
    details
        Whether the finer rows below a row are shown.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol, mul
    >>> row = Row(mul(Symbol("f"), Symbol("x")), Symbol("z"), label="1", reason=("by definition",))
    >>> print(to_terminal(Document((Heading(("A product",)), Rows((row,))))))
    A product
      1  z = f x   by definition
    """
    page = _Page(doc.scope, max(width, 20), color, ascii, details)
    out: list[str] = []
    before: Block | None = None
    for block in doc.blocks:
        if before is not None and _apart(before, block):
            out.append("")
        out.extend(_block(block, page))
        before = block
    return "\n".join(text.rstrip() for text in out)


def _apart(before: Block, block: Block) -> bool:
    """Whether a blank line stands between two blocks."""
    match before, block:
        case (_, Heading()) | (_, Rows(title=(_, *_))):
            return True
        case (Heading(), _):
            return False
        case (Callout(), Callout()) | (Sentence(), _) | (Rows(), Rows()) | (Rows(), Formula()):
            return False
        case _:
            return True


def _block(block: Block, page: _Page) -> list[str]:
    match block:
        case Heading():
            return _heading(block, page)
        case Sentence(parts):
            return [coloured(text, page.color) for text in page.sentence(parts, page.width, page.width)]
        case Formula(body):
            cut = break_formula(page.formula(body), page.width - 4, page.width - 6)
            return [("      " if k else "    ") + coloured(text, page.color) for k, text in enumerate(cut)]
        case Rows():
            return _rows(block, page)
        case Callout(kind, parts):
            text = page.sentence((PREFIX[kind], *parts), page.width, page.width - 2)
            role = {"warning": "wrong", "proved": "right"}.get(kind, "")
            shown = [("  " if k else "") + coloured(line, page.color) for k, line in enumerate(text)]
            return [painted(line, role, page.color) for line in shown] if role else shown
        case Table():
            return [
                coloured(text, page.color) for text in table_lines(block, page.words, page.width, page.ascii)
            ]
        case Code(text, "csv"):
            return text.splitlines()  # a table for programs: as it is, so that it can go into a file
        case Code(text):
            return [cut for line in text.splitlines() for cut in _verbatim(line, page)]
        case _:
            assert_never(block)


def _verbatim(text: str, page: _Page) -> list[str]:
    room = page.width - 4
    if text.startswith("# "):  # a comment may be cut between words and is still a comment
        return ["    " + line for line in textwrap.wrap(page.text(text), room, subsequent_indent="# ")]
    return ["    " + cut for cut in break_formula(page.text(text.expandtabs(4)), room, room)]


def _heading(block: Heading, page: _Page) -> list[str]:
    title = page.sentence(block.text, page.width, page.width - 2)
    title[1:] = ["  " + text for text in title[1:]]
    lines = [painted(coloured(text, False), "title", page.color) for text in title]
    if block.aside:
        aside = page.sentence(block.aside, page.width, page.width - 4)
        free = page.width - width(plain(title[-1]))
        size = width(plain(aside[0]))
        if len(aside) == 1 and size + 3 <= free:
            lines[-1] += " " * (free - size) + painted(coloured(aside[0], False), "reason", page.color)
        else:
            aside = page.sentence(block.aside, page.width - 2, page.width - 2)
            lines += [painted(f"  {coloured(t, False)}", "reason", page.color) for t in aside]
    return lines


@dataclass(frozen=True, slots=True)
class _Set:
    """A row whose formula is set: its lines, where the last one ends, and what is said beside it."""

    lines: tuple[str, ...]
    end: int
    row: Row
    said: tuple[Word, ...]
    below: str = ""
    """The line that points at the marked parts."""

    def wrapped(self, room: int) -> list[str]:
        """What is said, in lines of at most ``room`` columns."""
        return wrap(self.said, room, room)


def _rows(block: Rows, page: _Page, indent: int = 2) -> list[str]:
    out: list[str] = []
    if block.title:
        title = page.sentence(block.title, page.width - indent + 2, page.width - indent)
        out += [
            " " * (indent - 2) + ("  " if k else "") + painted(coloured(t, False), "title", page.color)
            for k, t in enumerate(title)
        ]
    labels = labels_of(block)
    label_width = max((width(label) for label in labels), default=0)
    start = indent + (label_width + 2 if label_width else 0)
    start = min(start, page.width // 3)
    lefts = [
        "" if row.left is None else breakable(row.left, page.scope, ascii=page.ascii) for row in block.rows
    ]
    cap = max(8, (page.width - start) * 2 // 5)
    left_width = max((w for text in lefts if (w := width(plain(text))) <= cap), default=0)
    sets = [
        _set(row, label, left, (indent, start, left_width), page)
        for row, label, left in zip(block.rows, labels, lefts, strict=True)
    ]
    column = _reason_column(sets, page)
    inner = start + (left_width + 3 if left_width else 2)
    for item in sets:
        below = start + 2 if item.row.right is None and not item.row.raw else min(inner + 2, page.width // 2)
        out.extend(_with_reason(item, column, below, page))
        if page.details and item.row.details:
            out.extend(_rows(Rows(item.row.details), page, min(start, page.width // 3)))
    return out


def _set(row: Row, label: str, left: str, columns: tuple[int, int, int], page: _Page) -> _Set:
    """Set label, left side, relation and right side; break what is too long."""
    indent, start, left_width = columns
    head = " " * indent + label
    head += " " * max(0, start - width(head))
    lines: list[str] = []
    if width(plain(left)) > left_width:
        cut = break_formula(left, page.width - start, page.width - start - 2)
        lines = [(head if k == 0 else " " * (start + 2)) + text for k, text in enumerate(cut)]
        head = " " * start
        left = ""
    sign = "" if row.left is row.right is None else row.relation
    relation = page.text(RELATIONS.get(sign, sign))
    head += left + " " * (left_width - width(plain(left)))
    if left_width or lines:
        head += " " if left_width else ""
    head += f"{relation} " if relation else ""
    at = width(plain(head))
    spelled = _own(row, page) if row.right is None else page.formula(row.right, row.changed)
    cut = break_formula(spelled, page.width - at, page.width - at - 2)
    lines.append(head + cut[0])
    lines += [" " * (at + 2) + text for text in cut[1:]]
    lines[-1] = lines[-1].rstrip()
    marked = row.verdict and MARK_ON in lines[-1]
    below = underline(lines[-1], ascii=page.ascii) if marked else ""
    end = width(plain(lines[-1]))
    return _Set(tuple(lines), end, row, tuple(page.words(said(row))), below)


def _own(row: Row, page: _Page) -> str:
    """A person's own text, with what is pointed out between marks."""
    out, at = "", 0
    for begin, end in row.marked:
        out += page.text(row.raw[at:begin]) + MARK_ON + page.text(row.raw[begin:end]) + MARK_OFF
        at = end
    return out + page.text(row.raw[at:]).rstrip()


def _reason_column(sets: Sequence[_Set], page: _Page) -> int:
    """The column for reasons that needs fewest lines, the leftmost of these; or the width: none."""
    spoken = [item for item in sets if item.said and not is_note(item.row)]
    ends = {item.end + 3 for item in spoken if item.end + 3 + _MIN_REASON <= page.width}
    # A formula that reaches into the column costs as much as two further lines.
    cost = {
        column: sum(len(_beside(item, column, page)) + 2 * (item.end + 3 > column) for item in spoken)
        for column in sorted(ends)
    }
    return min(cost, key=lambda column: cost[column], default=page.width)


def _beside(item: _Set, column: int, page: _Page) -> list[tuple[int, str]]:
    """The lines of what is said, each with its column; the first stands beside the formula's end.

    A formula that reaches into the column has a short reason right after it, else the column begins
    on the next line (an empty first line).
    """
    if item.end + 3 <= column < page.width:
        return [(column, text) for text in item.wrapped(page.width - column)]
    whole = item.wrapped(10**6)[0]
    if item.end + 3 + width(plain(whole)) <= page.width:
        return [(item.end + 3, whole)]
    if column + _MIN_REASON > page.width:
        return []
    return [(item.end, ""), *((column, text) for text in item.wrapped(page.width - column))]


def _with_reason(item: _Set, column: int, below: int, page: _Page) -> list[str]:
    """The row's lines with what is said beside the last one or below it."""
    lines = [coloured(text, page.color) for text in item.lines]
    pointer = [item.below] if item.below else []
    if not item.said:
        return [*lines, *pointer]
    if is_note(item.row):
        return [" " * below + coloured(text, page.color) for text in item.wrapped(page.width - below)]
    role = "wrong" if item.row.verdict.isupper() else "right" if item.row.verdict else "reason"
    beside = _beside(item, column, page)
    if not beside:
        beside = [(item.end, ""), *((below, text) for text in item.wrapped(page.width - below))]
    at, first = beside[0]
    lines[-1] += " " * (at - item.end) + painted(coloured(first, False), role, page.color)
    for at, text in beside[1:]:
        lead = pointer.pop() if pointer and width(pointer[0]) < at else ""
        lines.append(lead + " " * (at - width(lead)) + painted(coloured(text, False), role, page.color))
    return [*lines, *pointer]
