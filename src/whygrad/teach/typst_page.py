"""What slides, handout and video share: formulas as Typst code with ways to break them, and the compiler.

A formula is given to Typst in several ways, the unbroken one first; Typst measures them where they stand and
takes the first that fits. What fits in no way leaves a note in the document, and :func:`compiled` finds it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from whygrad.core.cost import Scope
from whygrad.core.document import Inline, Row
from whygrad.core.errors import BudgetError
from whygrad.core.expr import Expr
from whygrad.core.walk import Path as Place
from whygrad.show.boxes import Box
from whygrad.show.breaking import break_box, print_width
from whygrad.show.layout import layout
from whygrad.show.text import to_text
from whygrad.show.theme import LIGHT
from whygrad.show.typst import escape, quoted, typst_of
from whygrad.teach.files import library

_LIMITS: Final = (96, 72, 58, 48, 40, 33, 27, 21)
"""Lengths, in letters, at which a formula may be broken."""
_UNBROKEN: Final = 14
"""A formula in a sentence is not broken when it has fewer letters."""
_NAMED: Final = 3
_REMEMBERED: Final = 10
LARGEST_SOURCE: Final = 4_000_000
"""Characters of Typst beyond which nothing is compiled."""

LIBRARY: Final = f"""\
#let paper = rgb("{LIGHT.paper}")
#let raised = rgb("{LIGHT.raised}")
#let ink = rgb("{LIGHT.ink}")
#let quiet = rgb("{LIGHT.quiet}")
#let hair = rgb("{LIGHT.rule}")
#let accent = rgb("{LIGHT.accent}")
#let fresh = rgb("{LIGHT.changed}")
#let same(body) = body
#let mark(body) = text(fill: fresh, body)
#let changed = same
// A formula in the first way that fits a width, or none; each way is an array of lines. `left` stands before
// the first line, at the right end of `left-width`, so that all share one baseline.
#let whole(way, scale, left, left-width) = {{
  set par(leading: 0pt)  // else tall formulas would be taken for lower than they are
  let before = box(width: left-width, align(right, if left == none {{ [] }} else {{ left }}))
  let before = before + h(0.3em, weak: true)
  stack(spacing: 0.5em, ..way.enumerate().map(((k, line)) => {{
    let line = text(size: scale * 1em, line)
    if k == 0 {{ before + line }} else {{ h(left-width + 1.6em) + line }}
  }}))
}}
#let fitted(ways, width, left: none, left-width: 0pt, least: 0.72) = {{
  if ways.len() > 3 and measure(whole(ways.last(), least, left, left-width)).width > width {{ return none }}
  for scale in (1.0, 0.92, 0.85, 0.78, 0.72, 0.6) {{
    if scale < least {{ return none }}
    for way in ways {{
      let made = whole(way, scale, left, left-width)
      if measure(made).width <= width {{ return made }}
    }}
  }}
}}
#let fit-in(id, ways, width, left: none, left-width: 0pt, least: 0.72) = {{
  let made = fitted(ways, width, left: left, left-width: left-width, least: least)
  if made != none {{ return made }}
  made = whole(ways.last(), least, left, left-width)
  [#metadata((id: id, wide: (measure(made).width - width).pt()))<told>]
  made
}}
// The same, but smaller letters before more lines.
#let fit-whole(id, ways, left) = layout(size => {{
  let left-width = measure(left).width
  let made = fitted((ways.first(),), size.width, left: left, left-width: left-width, least: 0.6)
  if made != none {{ made }} else {{
    text(size: 0.8em, fit-in(id, ways, size.width, left: left, left-width: 0.8 * left-width))
  }}
}})
#let fit(id, ways, ..more) = layout(size => fit-in(id, ways, size.width, ..more))
"""


@dataclass(frozen=True, slots=True)
class Speller:
    """Formulas and sentences of one derivation as Typst code."""

    scope: Scope

    def box(self, e: Expr, marks: Sequence[Place] = ()) -> Box:
        """A formula laid out."""
        return layout(e, self.scope, marks=marks)

    def math(self, e: Expr) -> str:
        """A formula in running text."""
        return f"${typst_of(self.box(e))}$"

    def display(self, e: Expr) -> str:
        """A formula in full height."""
        return f"$display({typst_of(self.box(e))})$"

    def ways(self, e: Expr, marks: Sequence[Place] = (), relation: str = "=") -> str:
        """A formula after its sign, whole and broken, as an array of arrays."""
        return ways(self.box(e, marks), f"{relation} " if relation else "")

    def inline(self, parts: Inline) -> str:
        """A sentence with formulas."""
        out: list[str] = []
        for part in parts:
            if isinstance(part, Expr):
                short = print_width(self.box(part)) < _UNBROKEN
                out.append(f"#box({self.math(part)})" if short else self.math(part))
            else:
                for k, run in enumerate(part.split("`")):
                    out.append(f"#raw({quoted(run)})" if k % 2 else escape(run))
        return "".join(out)

    def plain(self, parts: Inline) -> str:
        """A sentence in plain text."""
        return "".join(to_text(p, self.scope) if isinstance(p, Expr) else p for p in parts)

    def small_steps(self, details: Sequence[Row]) -> str:
        """The finer rows of a line in plain text, for who wants to say more."""
        said = [
            f"({k}) = {to_text(row.right, self.scope)}"
            + (f"  [{self.plain(row.reason)}]" if row.reason else "")
            for k, row in enumerate((r for r in details if r.right is not None), 1)
            if row.right is not None
        ]
        return "\n".join(said)


def ways(box: Box, lead: str = "") -> str:
    """A laid-out formula, whole and broken at several lengths, for ``fit``."""
    seen: list[list[str]] = []
    width = print_width(box)
    for limit in (width + 1, *(limit for limit in _LIMITS if limit < width)):
        lines = [typst_of(one) for one in break_box(box, limit)]
        if lines not in seen:
            seen.append(lines)
    return f"({''.join(_way(lines, lead) for lines in seen)})"


def _way(lines: list[str], lead: str) -> str:
    first, *rest = lines
    made = [f"$display({lead}{first})$", *(f"$display({line})$" for line in rest)]
    return f"({', '.join(made)},), "


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document and what it says of itself."""

    pdf: bytes
    pages: tuple[dict[str, Any], ...]
    """What stands on each page: ``page``, ``slide``, ``note``."""
    over: tuple[dict[str, Any], ...]
    """What did not fit: ``id`` and by how many points."""


def compiler(source: str, path: Path | None = None) -> Any:
    """A Typst compiler with this document; only the fonts inside it, so that every machine makes the same.

    ``path`` is where the document lies; without it, it is handed over, and the compiler can be used once.

    Raises
    ------
    BudgetError
        If the document is too long.
    UsageError
        If Typst is not installed.
    """
    if len(source) > LARGEST_SOURCE:
        raise BudgetError(
            "error/too-large",
            "the derivation is too long for paper",
            fix="fewer lines: --lines brief, or --wrt NAME",
        )
    typst: Any = library("typst", "a PDF")
    return typst.Compiler(source.encode() if path is None else str(path), font_paths=_fonts())


@cache
def _fonts() -> Any:
    """Typst's own fonts, found once: 30 ms."""
    typst: Any = library("typst", "a PDF")
    return typst.Fonts(include_system_fonts=False)


def forget() -> None:
    """Let Typst give back the memory of earlier documents.

    It keeps what the last ten compilations worked out, up to 200 MB for each; eleven of nothing take 6 ms.
    """
    for _ in range(_REMEMBERED + 1):
        compiler(" ").compile(format="svg")


def told(source: str) -> list[dict[str, Any]]:
    """What a document says of itself: the values of its ``<told>`` metadata."""
    return json.loads(compiler(source).query("<told>", field="value"))


def compiled(source: str) -> Compiled:
    """Make the PDF and ask it what stands on each page and what did not fit.

    From a file, as only then Typst lays the document out once for both.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "document.typ")
        path.write_text(source, encoding="utf-8")
        typst = compiler(source, path)
        said: list[dict[str, Any]] = json.loads(typst.query("<told>", field="value"))
        pdf = typst.compile(format="pdf")
    forget()
    pages = tuple(one for one in said if "page" in one)
    return Compiled(pdf, pages, tuple(one for one in said if "wide" in one or "high" in one))


def pictures(source: str, *, ppi: float, format: Literal["png", "svg"] = "png") -> list[bytes]:
    """Every page as a picture."""
    made = compiler(source).compile(format=format, ppi=ppi)
    return list(made) if isinstance(made, list) else [made]  # pyright: ignore


def require_fit(made: Compiled, medium: str, draft: bool) -> None:
    """Refuse a document in which something runs off the page.

    Raises
    ------
    BudgetError
        Says which lines, unless ``draft``.
    """
    if made.over and not draft:
        ids = list(dict.fromkeys(str(one["id"]) for one in made.over))
        named = ", ".join(ids[:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
        raise BudgetError(
            "error/too-large",
            f"too wide or too high for a {medium}, in whichever way it is broken: {named}",
            fix="--lines brief, or give parts of the cost a name; or --draft to see it as it is",
        )


def beside(path: Path, suffix: str) -> Path:
    """The file of the same name with another ending."""
    return path.with_name(path.stem + suffix)
