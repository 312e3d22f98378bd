"""What is shown, before any medium: headings, sentences, formulas, groups of rows.

``engine/narrate.py`` makes documents; ``show`` spells them. Nothing here knows a medium.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from whygrad.core.cost import Scope
from whygrad.core.expr import Expr
from whygrad.core.walk import Path

Inline = tuple[str | Expr, ...]
"""Running text with formulas in it. Text is plain; a piece in backquotes is code."""

Relation = Literal["=", "", "<", "<=", ">", ">=", "∈", ":"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; ``aside`` stands at the right end of the line (sizes, domains)."""

    text: Inline
    level: int = 1
    aside: Inline = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line or paragraph of text."""

    parts: Inline


@dataclass(frozen=True, slots=True)
class Formula:
    """A displayed formula on its own."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a derivation: ``label  left = right    reason``.

    ``left`` is None for a line that continues the one above (only "=" is shown). ``changed`` are
    paths in ``right`` that this step touched. ``verdict`` marks a checked line. ``details`` are the
    finer rows that open below it.
    """

    right: Expr | None
    left: Expr | None = None
    relation: Relation = "="
    label: str = ""
    id: str = ""
    reason: Inline = ()
    rule: str = ""
    changed: tuple[Path, ...] = ()
    verdict: str = ""
    evidence: str = ""
    details: tuple[Row, ...] = ()
    raw: str = ""
    """The person's own text, where it is shown as it was written."""
    marked: tuple[tuple[int, int], ...] = ()
    """Where in ``raw`` the places stand that are pointed out: begin and end of each."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows aligned on their relation, with an optional heading line of their own."""

    rows: tuple[Row, ...]
    title: Inline = ()
    id: str = ""
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Callout:
    """A remark set apart: proved, convention, warning, hint, reading, next."""

    kind: Literal["proved", "convention", "warning", "hint", "reading", "next", "mistake", "fact"]
    parts: Inline


@dataclass(frozen=True, slots=True)
class Table:
    """A table of inline cells."""

    header: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A listing: a cost's text, a command, a program."""

    text: str
    language: str = ""


Block = Heading | Sentence | Formula | Rows | Callout | Table | Code


@dataclass(frozen=True, slots=True)
class Document:
    """Blocks in reading order, and what renderers need to spell names (``scope``)."""

    blocks: tuple[Block, ...]
    scope: Scope = field(default_factory=Scope)
    title: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The versioned JSON of the object it shows."""
    later: Callable[[], Mapping[str, Any]] | None = field(default=None, compare=False)
    """Makes ``data`` when it is asked for: a derivation's takes longer than showing it."""
