r"""A document as Markdown with ``$…$`` mathematics, as GitHub and Jupyter show it.

Rows are tables: text stays text there, and each formula is on its own. GitHub takes a backslash before
punctuation away inside ``$…$``, so ``\,`` and ``\\`` are written ``\thinspace`` and ``\cr``.
"""

from __future__ import annotations

import re
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
from whygrad.show.boxes import Box
from whygrad.show.breaking import break_box
from whygrad.show.latex import SIGNS, latex_of
from whygrad.show.layout import layout
from whygrad.show.rows import CALLOUT_TITLES, is_note, labels_of, said

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<$~]|&(?=#?\w+;))")
_RELATIONS: Final = {"<=": "≤", ">=": "≥"}


def to_markdown(doc: Document) -> str:
    """The document as one Markdown text.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol
    >>> print(to_markdown(Document((Sentence(("Let ", Symbol("x"), " be > 0.")),))), end="")
    Let $x$ be > 0.
    """
    page = _Page(doc.scope)
    return "\n\n".join(page.block(block) for block in doc.blocks) + "\n" if doc.blocks else ""


def escape(text: str) -> str:
    r"""Running text: nothing in it is taken for Markdown.

    >>> print(escape("a_1 < b*c"))
    a\_1 \< b\*c
    """
    return " ".join(_SPECIAL.sub(r"\\\1", text).split("\n"))


@dataclass(frozen=True, slots=True)
class _Page:
    scope: Scope

    def inline(self, parts: Inline) -> str:
        out: list[str] = []
        for part in parts:
            if isinstance(part, Expr):
                out.append(f"${_math(layout(part, self.scope))}$")
            else:
                for k, run in enumerate(part.split("`")):
                    out.append((f"`{run}`" if run else "") if k % 2 else escape(run))
        return "".join(out)

    def block(self, block: Block) -> str:
        match block:
            case Heading(text, level, aside):
                title = "#" * min(max(level, 1), 6) + " " + self.inline(text)
                return f"{title}\n\n*{self.inline(aside)}*" if aside else title
            case Sentence(parts):
                return _guarded(self.inline(parts))
            case Formula(body):
                lines = break_box(layout(body, self.scope))
                return "\n\n".join(f"$$\n{_math(box)}\n$$" for box in lines)
            case Rows():
                return self.rows(block)
            case Callout(kind, parts):
                name = f"**{CALLOUT_TITLES[kind]}** " if CALLOUT_TITLES[kind] else ""
                return f"> {name}{self.inline(parts)}"
            case Table(header, rows):
                return _table([self.cells(row) for row in (header, *rows)], ":--")
            case Code(text, language):
                runs: list[str] = re.findall("`+", text)
                fence = "`" * max([3, *(len(run) + 1 for run in runs)])
                return f"{fence}{language}\n{text}\n{fence}"
            case _:
                assert_never(block)

    def cells(self, row: tuple[Inline, ...]) -> list[str]:
        return [self.inline(cell) for cell in row]

    def rows(self, block: Rows) -> str:
        """Label, left side, relation and right side, reason; finer rows open below the table."""
        table = [["", "", "", ""]]
        below: list[str] = []
        for row, label in zip(block.rows, labels_of(block), strict=True):
            table.extend(self.row(row, label))
            if row.details:
                which = f" of {escape(label)}" if label else ""
                inner = self.rows(Rows(row.details))
                below.append(f"<details>\n<summary>Smaller steps{which}</summary>\n\n{inner}\n\n</details>")
        title = [f"## {self.inline(block.title)}"] if block.title else []
        return "\n\n".join((*title, _table(table, "--:", "--:", ":--", ":--"), *below))

    def row(self, row: Row, label: str) -> list[list[str]]:
        beside = self.inline(said(row))
        if is_note(row):
            return [["", "", "", beside]]
        left = "" if row.left is None else _shown(layout(row.left, self.scope))
        relation = "" if row.left is row.right is None else row.relation
        sign = SIGNS.get(_RELATIONS.get(relation, relation), relation)
        if row.right is None:
            code = f"`{row.raw}`" if "`" not in row.raw else escape(row.raw)
            return [[escape(label), left, code, beside]]
        first, *rest = break_box(layout(row.right, self.scope))
        lines = [[escape(label), left, _shown(first, sign), "" if rest else beside]]
        lines += [["", "", _shown(box, "\\quad"), ""] for box in rest]
        lines[-1][-1] = beside
        return lines


def _shown(box: Box, lead: str = "") -> str:
    return f"$\\displaystyle {lead + ' ' if lead else ''}{_math(box)}$"


def _math(box: Box) -> str:
    code = latex_of(box)
    return code.replace("\\,", "\\thinspace ").replace(" \\\\ ", " \\cr ")


def _guarded(text: str) -> str:
    """A paragraph that does not begin like a list."""
    return re.sub(r"^(\d+)([.)])(?= )", r"\1\\\2", re.sub(r"^([-+>#])", r"\\\1", text))


def _table(rows: list[list[str]], *align: str) -> str:
    count = max(len(row) for row in rows)
    marks = [align[min(k, len(align) - 1)] for k in range(count)]
    padded = [[*row, *[""] * (count - len(row))] for row in rows]
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in padded]
    lines.insert(1, "|" + "|".join(marks) + "|")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A bar inside a cell would end it."""
    return re.sub(r"(?<!\\)\|", r"\\|", text).replace("\n", " ")
