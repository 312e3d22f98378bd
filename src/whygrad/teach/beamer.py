r"""The slides as a Beamer source, for a teacher who keeps lectures in LaTeX (amsmath and xcolor only)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from whygrad.core.document import Inline
from whygrad.core.expr import Expr
from whygrad.core.walk import Path
from whygrad.show.breaking import break_box
from whygrad.show.latex import MARK_COLOR, escape, latex_of
from whygrad.show.theme import LIGHT
from whygrad.teach.inserts import Inserts
from whygrad.teach.notation import Notation
from whygrad.teach.story import Line, Part, Scene, Story
from whygrad.teach.words import ENGLISH, Words

_LINE: Final = 44
"""Letters of a formula in a line of a frame."""
_ON_A_FRAME: Final = 5
"""Lines on a frame before the next one begins."""

_PREAMBLE: Final = rf"""\documentclass[aspectratio=169,11pt]{{beamer}}
\usepackage[T1]{{fontenc}}
\usepackage[utf8]{{inputenc}}
\usepackage{{amsmath,amssymb}}
\usefonttheme[onlymath]{{serif}}
\setbeamertemplate{{navigation symbols}}{{}}
\setbeamertemplate{{footline}}{{\hfill\insertframenumber\hspace*{{1em}}\vspace*{{1ex}}}}
\setbeamercovered{{invisible}}
\definecolor{{{MARK_COLOR}}}{{HTML}}{{{LIGHT.changed[1:].upper()}}}
\definecolor{{whypaper}}{{HTML}}{{{LIGHT.paper[1:].upper()}}}
\definecolor{{whyink}}{{HTML}}{{{LIGHT.ink[1:].upper()}}}
\definecolor{{whyquiet}}{{HTML}}{{{LIGHT.quiet[1:].upper()}}}
\setbeamercolor{{background canvas}}{{bg=whypaper}}
\setbeamercolor{{normal text}}{{fg=whyink}}
\setbeamercolor{{frametitle}}{{fg=whyink}}
\setbeamercolor{{title}}{{fg=whyink}}
\newcommand{{\whyreason}}[1]{{{{\footnotesize\itshape\color{{whyquiet}}#1}}}}
\renewcommand{{\arraystretch}}{{1.9}}
"""


@dataclass(slots=True)
class Beamer:
    """The story as frames; the parameters are those of :class:`whygrad.teach.slides.Deck`."""

    story: Story
    notation: Notation = field(default_factory=Notation)
    words: Words = field(default_factory=lambda: ENGLISH)
    inserts: Inserts = field(default_factory=lambda: Inserts(comment="%"))

    def source(self) -> str:
        r"""The whole document.

        Examples
        --------
        >>> from whygrad.engine.derive import derive
        >>> from whygrad.syntax.cost_text import read_cost
        >>> from whygrad.teach.story import tell
        >>> source = Beamer(tell(derive(read_cost("param w\nJ = (w - 3)^2")))).source()
        >>> source.startswith("\\documentclass"), "% insert after chain.1" in source
        (True, True)
        """
        story, words = self.story, self.words
        parts = [
            _PREAMBLE,
            f"\\title{{{escape(story.title)}}}\n\\subtitle{{{escape(story.sizes)}}}\n\\date{{}}\n",
            "\\begin{document}\n\n\\begin{frame}\n\\titlepage\n\\end{frame}\n",
            self.inserts.at("title"),
            self.frame(escape(words["slide cost"]), self.rows(story.definitions), words["slide cost note"]),
            self.inserts.at("cost"),
        ]
        for part in story.parts:
            parts.extend(self.part(part))
        results = "\n".join(f"\\[ {self.equation(part.result)} \\]" for part in story.parts)
        parts += [self.frame(escape(words["slide results"]), results, story.evidence), self.inserts.at("end")]
        parts += [self.inserts.at(place) for place in self.inserts.lost()]
        return "\n".join([*parts, "\\end{document}\n"])

    def part(self, part: Part) -> Iterator[str]:
        """The frames of one parameter."""
        words, key = self.words, part.result.id
        if part.chain is not None:
            title = f"${self.math(part.target)}$".join(map(escape, words["slide plan"].split("{target}")))
            yield self.frame(title, f"\\[ {self.math(part.chain)} \\]", words["slide plan note"])
            yield self.inserts.at(f"plan-{key}")
        again = [Line(s.id, s.result, s.left) for s in part.scenes if s.reused]
        if again:
            yield self.frame(escape(words["slide reused"]), self.rows(again), words["slide reused note"])
            yield self.inserts.at(f"again-{key}")
        for scene in part.scenes:
            if not scene.reused:
                yield from self.scene(scene)
        lines = [part.result, *([part.matrix] if part.matrix else [])]
        body = "\n".join(f"\\[ {self.equation(line)} \\]" for line in lines)
        yield self.frame(escape(words["slide result"]), body, "")
        yield self.inserts.at(f"result-{key}")

    def scene(self, scene: Scene) -> Iterator[str]:
        """The frames of one stage."""
        number = escape(self.words["slide step"].format(number=scene.number))
        title = f"{{\\color{{whyquiet}}{number}}}\\quad ${self.math(scene.left)}$"
        given = ""
        if scene.given is not None:
            left, right = scene.given
            word = "" if left is scene.left else escape(self.words["slide where"])
            box = self.notation.box(right, self.story.scope)
            first, *rest = break_box(box, 1.6 * _LINE)
            more = "".join(f"\\\\ & \\quad {latex_of(one)}" for one in rest)
            given = (
                f"{{\\small\\color{{whyquiet}}{word} $\\begin{{aligned}}[t] "
                f"{self.math(left)} &= {latex_of(first)}"
                f"{more}\\end{{aligned}}$\\par}}\n\\medskip\n"
            )
        for k in range(0, len(scene.lines), _ON_A_FRAME):
            lines = scene.lines[k : k + _ON_A_FRAME]
            note = "\\par ".join(self.inline(line.reason) for line in lines if line.reason)
            yield self.frame(title, given + self.rows(lines), note, written=True)
            for line in lines[:-1]:
                if self.inserts.has(line.id):
                    yield self.inserts.at(line.id)
        yield self.inserts.at(scene.id)

    def rows(self, lines: Sequence[Line]) -> str:
        """Lines uncovered one by one, with their reasons."""
        out = ["\\begin{tabular}{@{}r@{\\;}l@{\\quad}p{0.3\\linewidth}@{}}"]
        for k, line in enumerate(lines, 1):
            out.extend(self.row(line, k))
        return "\n".join([*out, "\\end{tabular}"])

    def row(self, line: Line, k: int) -> Iterator[str]:
        """The lines of one row, seen from overlay ``k`` on; what is new is coloured on that overlay only."""
        left = "" if line.left is None else self.math(line.left)
        plain = self.broken(line.right, ())
        marked = self.broken(line.right, line.marks) if line.marks else plain
        reason = f"\\uncover<{k}->{{\\whyreason{{{self.inline(line.reason)}}}}}" if line.reason else ""
        for n, (one, other) in enumerate(zip(plain, marked, strict=True)):
            lead = "= " if n == 0 else "\\quad "
            shown = one if one == other else f"\\alt<{k}>{{{other}}}{{{one}}}"
            first = f"\\uncover<{k}->{{$\\displaystyle {left}$}}" if n == 0 and left else ""
            beside = reason if n == 0 else ""
            yield f"{first} & \\uncover<{k}->{{$\\displaystyle {lead}{shown}$}} & {beside} \\\\"

    def broken(self, e: Expr, marks: Sequence[Path]) -> list[str]:
        """A formula in lines that fit."""
        return [latex_of(box) for box in break_box(self.notation.box(e, self.story.scope, marks), _LINE)]

    def frame(self, title: str, body: str, note: str, *, written: bool = False) -> str:
        """One frame; ``written``: the note is LaTeX already."""
        said = f"\\note{{{note if written else escape(note)}}}\n" if note else ""
        return f"\\begin{{frame}}\n\\frametitle{{{title}}}\n{body}\n{said}\\end{{frame}}\n"

    def math(self, e: Expr) -> str:
        """A formula without dollar signs."""
        return latex_of(self.notation.box(e, self.story.scope))

    def equation(self, line: Line) -> str:
        """A whole equation, in lines that fit."""
        left = "" if line.left is None else self.math(line.left)
        rows = " \\\\ & \\quad ".join(self.broken(line.right, ()))
        return f"\\begin{{aligned}} {left} &= {rows} \\end{{aligned}}"

    def inline(self, parts: Inline) -> str:
        """A sentence with formulas."""
        return "".join(
            f"${self.math(p)}$" if isinstance(p, Expr) else escape(p.replace("`", "")) for p in parts
        )
