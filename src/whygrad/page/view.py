"""A document as the page takes it: its blocks as data, its formulas as trees of MathML.

The page decides which elements stand around them and how they open; every word, sign and bracket
comes from here. Parts of formulas carry names (``data-part``), the same name for the same expression, so
that the page can show where a term came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

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
from whygrad.core.expr import Add, Call, Cases, Expr, Mul, Partial, Pow, Reduce, Symbol
from whygrad.core.walk import Path, postorder, size_of
from whygrad.page.trees import Tree, tree_of
from whygrad.rules.table import RULES
from whygrad.show.breaking import break_box
from whygrad.show.glyphs import RELATIONS
from whygrad.show.layout import layout
from whygrad.show.mathml import math_element
from whygrad.show.rows import CALLOUT_TITLES, is_note, labels_of

FORMAT: Final = "whygrad-view/1"
LARGEST_NAMED: Final = 400
"""Formulas with more nodes than this carry no names: nobody points at one of so many terms."""
_POINTED: Final = (Add, Mul, Pow, Call, Reduce, Partial, Cases, Symbol)

Json = dict[str, Any]


@dataclass(slots=True)
class Parts:
    """The names of parts, the same for the same expression; and the way back."""

    names: dict[Expr, str] = field(default_factory=dict[Expr, str])

    def of(self, e: Expr) -> dict[Expr, str]:
        """The names of the parts of one formula, new ones given where needed."""
        if size_of(e) > LARGEST_NAMED:
            return {}
        found: dict[Expr, str] = {}
        for node in postorder(e):
            if isinstance(node, _POINTED):
                found[node] = self.names.setdefault(node, f"p{len(self.names)}")
        return found

    def find(self, name: str) -> Expr | None:
        """The expression that carries a name."""
        return next((e for e, known in self.names.items() if known == name), None)


@dataclass(frozen=True, slots=True)
class View:
    """How documents are shown: ``width`` is how many letters fit beside a left-hand side, about."""

    scope: Scope
    width: float = 84.0
    parts: Parts = field(default_factory=Parts)

    def document(self, doc: Document) -> Json:
        """A whole document."""
        blocks = [self.block(block) for block in doc.blocks]
        return {"format": FORMAT, "title": doc.title, "blocks": blocks}

    def math(self, e: Expr, *, block: bool = False) -> Tree:
        """A formula in one line; ``block`` sets it large."""
        return tree_of(math_element(layout(e, self.scope, names=self.parts.of(e)), block=block))

    def lines(self, e: Expr, *, marks: Iterable[Path] = ()) -> list[Tree]:
        """A displayed formula, in as many lines as it needs."""
        box = layout(e, self.scope, marks=marks, names=self.parts.of(e))
        return [tree_of(math_element(one, block=True)) for one in break_box(box, self.width)]

    def inline(self, parts: Inline) -> list[Any]:
        """Running text: strings, ``{"code": …}`` for what stands in backquotes, ``{"math": …}``."""
        out: list[Any] = []
        for part in parts:
            if isinstance(part, Expr):
                out.append({"math": self.math(part)})
            else:
                runs = part.split("`")
                out.extend({"code": run} if k % 2 else run for k, run in enumerate(runs) if run)
        return out

    def block(self, block: Block) -> Json:
        """One block, with its kind."""
        match block:
            case Heading(text, level, aside):
                return {
                    "kind": "heading",
                    "level": level,
                    "text": self.inline(text),
                    "aside": self.inline(aside),
                }
            case Sentence(parts):
                return {"kind": "sentence", "parts": self.inline(parts)}
            case Formula(body):
                return {"kind": "formula", "lines": self.lines(body)}
            case Rows():
                rows = self.rows(block.rows, labels_of(block))
                return {"kind": "rows", "id": block.id, "title": self.inline(block.title), "rows": rows}
            case Callout(kind, parts):
                title = CALLOUT_TITLES[kind]
                return {"kind": "callout", "callout": kind, "title": title, "parts": self.inline(parts)}
            case Table(header, rows):
                return {
                    "kind": "table",
                    "header": [self.inline(cell) for cell in header],
                    "rows": [[self.inline(cell) for cell in row] for row in rows],
                }
            case Code(text, language):
                return {"kind": "code", "text": text, "language": language}
            case _:
                assert_never(block)

    def rows(self, rows: Sequence[Row], labels: Sequence[str]) -> list[Json]:
        """Rows with the labels they are shown with."""
        return [self.row(row, label) for row, label in zip(rows, labels, strict=True)]

    def row(self, row: Row, label: str) -> Json:
        """One row; what is empty is left out."""
        sign = "" if row.left is row.right is None else RELATIONS.get(row.relation, row.relation)
        made: Json = {"label": label, "id": row.id, "relation": sign, "reason": self.inline(row.reason)}
        if row.left is not None:
            made["left"] = self.math(row.left, block=True)
        if row.right is not None:
            made["lines"] = self.lines(row.right, marks=row.changed)
            made["part"] = self.parts.names.get(row.right, "")
        if is_note(row):
            made["note"] = True
        if row.details:
            inner = Rows(row.details)
            made["details"] = self.rows(inner.rows, labels_of(inner))
        if row.rule in RULES and not RULES[row.rule].minor and RULES[row.rule].source != "house":
            made["page"] = row.rule
        for name in ("rule", "raw", "verdict", "evidence"):
            value: str = getattr(row, name)
            if value:
                made[name] = value
        return made
