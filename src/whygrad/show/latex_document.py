r"""A document as a complete LaTeX article (pdfLaTeX or LuaLaTeX, amsmath and xcolor only)."""

from __future__ import annotations

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
from whygrad.show.breaking import break_box, print_width
from whygrad.show.latex import MARK_COLOR, SIGNS, escape, latex_of
from whygrad.show.layout import layout
from whygrad.show.rows import CALLOUT_TITLES, is_note, labels_of, said
from whygrad.show.theme import LIGHT

_PREAMBLE: Final = rf"""\documentclass[11pt,a4paper,fleqn,leqno]{{article}}
\usepackage[T1]{{fontenc}}
\usepackage[utf8]{{inputenc}}
\IfFileExists{{lmodern.sty}}{{\usepackage{{lmodern}}}}{{}}
\usepackage{{amsmath,amssymb}}
\usepackage{{xcolor}}
\usepackage[margin=24mm]{{geometry}}
\definecolor{{{MARK_COLOR}}}{{HTML}}{{{LIGHT.changed[1:].upper()}}}
\definecolor{{whyquiet}}{{HTML}}{{{LIGHT.quiet[1:].upper()}}}
\setlength{{\parindent}}{{0pt}}
\setlength{{\parskip}}{{0.6em}}
\setlength{{\mathindent}}{{3em}}
\allowdisplaybreaks
"""
_BESIDE: Final = 40
"""Letters of left-hand side and formula beside which a reason fits; else it stands below."""
_LINE: Final = 66
"""Letters of left-hand side and formula in a line."""


def to_latex_document(doc: Document, *, details: bool = False) -> str:
    r"""A complete article.

    Parameters
    ----------
    doc
        What to show.
    details
        Whether the finer rows below a row are shown.

    Examples
    --------
    >>> article = to_latex_document(Document((Sentence(("50% done",)),)))
    >>> r"50\% done" in article, article.endswith("\\end{document}\n")
    (True, True)
    """
    page = _Page(doc.scope, details)
    body = "\n\n".join(page.block(block) for block in doc.blocks)
    return f"{_PREAMBLE}\\begin{{document}}\n\n{body}\n\n\\end{{document}}\n"


@dataclass(frozen=True, slots=True)
class _Page:
    scope: Scope
    details: bool

    def inline(self, parts: Inline) -> str:
        out: list[str] = []
        for part in parts:
            if isinstance(part, Expr):
                out.append(f"${latex_of(layout(part, self.scope))}$")
            else:
                for k, run in enumerate(part.split("`")):
                    out.append(_code(run) if k % 2 else escape(run))
        return "".join(out)

    def block(self, block: Block) -> str:
        match block:
            case Heading(text, level, aside):
                command = ("section", "subsection", "subsubsection")[min(max(level, 1), 3) - 1]
                title = f"\\{command}*{{{self.inline(text)}}}"
                return f"{title}\n{{\\color{{whyquiet}}{self.inline(aside)}\\par}}" if aside else title
            case Sentence(parts):
                return self.inline(parts)
            case Formula(body):
                first, *rest = break_box(layout(body, self.scope), _LINE)
                lines = [f"& {latex_of(first)}", *(f"& \\quad {latex_of(box)}" for box in rest)]
                return _aligned(lines)
            case Rows():
                title = f"\\subsection*{{{self.inline(block.title)}}}\n" if block.title else ""
                return title + _aligned(self.rows(block))
            case Callout(kind, parts):
                name = f"\\textbf{{{CALLOUT_TITLES[kind]}}} " if CALLOUT_TITLES[kind] else ""
                return name + self.inline(parts)
            case Table():
                return self.table(block)
            case Code(text):
                lines = [escape(line).replace(" ", "~") for line in text.splitlines()]
                return (
                    "{\\ttfamily\\small\\noindent\n" + "\\\\\n".join(line or "~" for line in lines) + "\\par}"
                )
            case _:
                assert_never(block)

    def table(self, block: Table) -> str:
        rows = [block.header, *block.rows] if block.header else list(block.rows)
        count = max((len(row) for row in rows), default=1)
        lines = [" & ".join(self.inline(cell) for cell in row) + r" \\" for row in rows]
        if block.header:
            lines.insert(1, r"\hline")
        body = "\n".join(lines)
        return f"\\begin{{tabular}}{{{'l' * count}}}\n{body}\n\\end{{tabular}}"

    def rows(self, block: Rows) -> list[str]:
        """The lines of an ``align*``."""
        lines: list[str] = []
        lefts = [layout(row.left, self.scope) for row in block.rows if row.left is not None]
        used = min(max(map(print_width, lefts), default=0.0), _LINE / 2)
        for row, label in zip(block.rows, labels_of(block), strict=True):
            lines.extend(self.row(row, label, used))
            if self.details and row.details:
                lines.extend(self.rows(Rows(row.details)))
        return lines

    def row(self, row: Row, label: str, used: float) -> list[str]:
        """The lines of one row; ``used`` is the width of the left-hand sides."""
        parts = said(row)
        reason = self.inline(parts)
        if is_note(row):
            return [f"& {_rlap(_paragraph(0.8, reason, 'normalsize', ''))}"]
        left = "" if row.left is None else latex_of(layout(row.left, self.scope))
        boxes: list[Box] = []
        if row.right is not None:
            boxes = break_box(layout(row.right, self.scope, marks=row.changed), _LINE - used)
        beside = all(print_width(box) <= _BESIDE - used for box in boxes)
        rights = [latex_of(box) for box in boxes] or [f"\\text{{{_code(row.raw)}}}"]
        leads = [_relation(row), *["\\quad"] * (len(rights) - 1)]
        rights = [f"{lead} {right}" for lead, right in zip(leads, rights, strict=True)]
        if not beside:
            # Formulas with their reason below take no width, so that they do not push the others' reasons.
            rights = [_rlap(f"$\\displaystyle {{}}{right}$") for right in rights]
        lines = [f"{left if k == 0 else ''} & {right}" for k, right in enumerate(rights)]
        if reason and beside:
            lines[-1] += f" && {_paragraph(0.36, reason)}"
        elif reason:
            lines.append("& " + _rlap("\\quad " + _paragraph(0.7, reason)))
        if label:
            lines[0] += f" \\tag*{{{escape(label)}}}"
        return lines


def _relation(row: Row) -> str:
    if row.left is row.right is None:
        return ""
    sign = {"<=": "≤", ">=": "≥"}.get(row.relation, row.relation)
    return SIGNS.get(sign, sign) or "\\mathrel{\\phantom{=}}"


def _rlap(code: str) -> str:
    return f"\\rlap{{{code}}}"


def _paragraph(share: float, text: str, size: str = "small", color: str = "whyquiet") -> str:
    ink = f"\\color{{{color}}}" if color else ""
    return f"\\parbox[t]{{{share}\\linewidth}}{{\\raggedright\\{size}\\leavevmode{ink}{{}}{text}}}"


def _code(text: str) -> str:
    """Typewriter text, in which two dashes stay two."""
    return "\\texttt{" + escape(text).replace("--", "-{}-") + "}"


def _aligned(lines: list[str]) -> str:
    body = " \\\\\n".join(f"  {line}" for line in lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"
