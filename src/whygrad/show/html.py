"""A document as one web page: native MathML, no script, opens and closes by itself."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
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
from whygrad.show.breaking import break_box, print_width
from whygrad.show.glyphs import RELATIONS
from whygrad.show.layout import layout
from whygrad.show.mathml import math_element, to_mathml
from whygrad.show.page_style import STYLE_SHEET
from whygrad.show.rows import CALLOUT_TITLES, is_note, labels_of

_BESIDE: Final = 60
"""A formula longer than this many letters has its reason below it."""


@dataclass(slots=True)
class _Page:
    scope: Scope
    seen: set[str] = field(default_factory=set[str])

    def anchor(self, name: str) -> str:
        """An id attribute, given once."""
        if not name or name in self.seen:
            return ""
        self.seen.add(name)
        return f' id="{escape(name)}"'

    def inline(self, parts: Inline) -> str:
        """Running text with formulas; what stands in backquotes is code."""
        out: list[str] = []
        for part in parts:
            if isinstance(part, Expr):
                out.append(to_mathml(part, self.scope))
            else:
                for k, run in enumerate(part.split("`")):
                    out.append(f"<code>{escape(run)}</code>" if k % 2 else escape(run))
        return "".join(out)


def to_html(doc: Document, *, lang: str = "en") -> str:
    """A complete page.

    Parameters
    ----------
    doc
        What to show.
    lang
        The language of its text.

    Examples
    --------
    >>> page = to_html(Document((Heading(("A & B",)),), title="A & B"))
    >>> page.startswith("<!doctype html>"), "<title>A &amp; B</title>" in page, "<script" in page
    (True, True, False)
    """
    page = _Page(doc.scope)
    body = "\n".join(_block(block, page) for block in doc.blocks)
    digest = base64.b64encode(hashlib.sha256(STYLE_SHEET.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="{escape(lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(doc.title or 'Derivation')}</title>\n<style>{STYLE_SHEET}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block, page: _Page) -> str:
    match block:
        case Heading(text, level, aside):
            tag = f"h{min(max(level, 1), 6)}"
            beside = f'<p class="aside">{page.inline(aside)}</p>' if aside else ""
            return f'<header class="level-{level}"><{tag}>{page.inline(text)}</{tag}>{beside}</header>'
        case Sentence(parts):
            return f"<p>{page.inline(parts)}</p>"
        case Formula(body):
            lines = break_box(layout(body, page.scope))
            shown = "<br>".join(math_element(box, block=True) for box in lines)
            return f'<div class="formula scroll">{shown}</div>'
        case Rows():
            title = f'<h2 class="title">{page.inline(block.title)}</h2>' if block.title else ""
            return f'{title}<div class="scroll"{page.anchor(block.id)}>{_rows(block, page)}</div>'
        case Callout(kind, parts):
            name = f'<span class="kind">{CALLOUT_TITLES[kind]}</span>' if CALLOUT_TITLES[kind] else ""
            return f'<p class="callout {kind}" role="note">{name}{page.inline(parts)}</p>'
        case Table():
            return _table(block, page)
        case Code(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case _:
            assert_never(block)


def _table(block: Table, page: _Page) -> str:
    head = "".join(f'<th scope="col">{page.inline(cell)}</th>' for cell in block.header)
    rows = ["".join(f"<td>{page.inline(cell)}</td>" for cell in row) for row in block.rows]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="scroll"><table class="data">{top}<tbody>{body}</tbody></table></div>'


def _rows(block: Rows, page: _Page) -> str:
    """A table with a formula in each cell, so that the relations stand below one another."""
    out: list[str] = []
    for row, label in zip(block.rows, labels_of(block), strict=True):
        out.extend(_row(row, label, page))
        if row.details:
            inner = _rows(Rows(row.details), page)
            opens = f'<details><summary>smaller steps</summary><div class="scroll">{inner}</div></details>'
            out.append(f'<tr class="opens"><td></td><td colspan="4">{opens}</td></tr>')
    return f'<table class="rows" role="presentation"><tbody>{"".join(out)}</tbody></table>'


def _own(row: Row) -> str:
    """A person's own text, with what is pointed out marked."""
    out, at = "", 0
    for begin, end in row.marked:
        out += f'{escape(row.raw[at:begin])}<mark class="changed">{escape(row.raw[begin:end])}</mark>'
        at = end
    return out + escape(row.raw[at:])


def _row(row: Row, label: str, page: _Page) -> list[str]:
    said = _said(row, page)
    if is_note(row):
        return [_cells(('<td colspan="4" class="reason note">', said), lead=1)]
    boxes = [] if row.right is None else break_box(layout(row.right, page.scope, marks=row.changed))
    rights = [math_element(box, block=True) for box in boxes]
    rights = rights or [f'<span class="raw">{_own(row)}</span>']
    beside = all(print_width(box) <= _BESIDE for box in boxes)
    rule = f' title="{escape(row.rule)}"' if row.rule else ""
    span = "" if beside else ' colspan="2"'
    lines: list[str] = []
    for k, right in enumerate(rights):
        here = [(f'<td class="right{" more" if k else ""}"{span}>', right)]
        if beside and k == len(rights) - 1:
            here.append((f'<td class="reason"{rule}>', said))
        lines.append(
            _cells(*here, lead=3) if k else _cells(*_head(row, label, page), *here, row=row, page=page)
        )
    if said and not beside:
        lines.append(_cells((f'<td class="reason below" colspan="2"{rule}>', said), lead=3))
    return lines


def _head(row: Row, label: str, page: _Page) -> list[tuple[str, str]]:
    """The cells before the right-hand side: number, left-hand side, relation."""
    left = "" if row.left is None else to_mathml(row.left, page.scope, block=True)
    sign = "" if row.left is row.right is None else RELATIONS.get(row.relation, row.relation)
    relation = f"<math><mo>{escape(sign)}</mo></math>" if sign else ""
    number = escape(label)
    if row.id and label and row.id not in page.seen:
        number = f'<a href="#{escape(row.id)}">{number}</a>'
    return [('<td class="label">', number), ('<td class="left">', left), ('<td class="relation">', relation)]


def _cells(*cells: tuple[str, str], lead: int = 0, row: Row | None = None, page: _Page | None = None) -> str:
    """A table row: ``lead`` empty cells, then opening tags with what they hold."""
    anchor = page.anchor(row.id) if row and page else ""
    return f"<tr{anchor}>{lead * '<td></td>'}{''.join(f'{tag}{inner}</td>' for tag, inner in cells)}</tr>"


def _said(row: Row, page: _Page) -> str:
    """Verdict, reason and how it is known, where that is not a proof."""
    parts: list[str] = []
    if row.verdict:
        wrong = " wrong" if row.verdict.isupper() else ""
        parts.append(f'<span class="verdict{wrong}">{escape(row.verdict)}</span>')
    if row.reason:
        parts.append(page.inline(row.reason))
    text = ": ".join(parts)
    if row.evidence not in ("", "proved", "definition"):
        text += f' <span class="evidence">({escape(row.evidence)})</span>'
    return text
