r"""The slides as a Beamer source, for a teacher who keeps lectures in LaTeX (amsmath and xcolor only)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from whygrad.core.document import Inline
from whygrad.core.expr import Call, Expr
from whygrad.core.walk import Path
from whygrad.show.boxes import Box
from whygrad.show.breaking import break_box
from whygrad.show.latex import MARK_COLOR, escape, latex_of
from whygrad.show.layout import layout
from whygrad.show.svg_math import set_box
from whygrad.show.text import to_text
from whygrad.show.theme import LIGHT
from whygrad.teach.inserts import Inserts
from whygrad.teach.plots import VARIABLE, Points, plot
from whygrad.teach.story import Line, Part, Scene, Story
from whygrad.teach.words import ENGLISH, Words

_LINES: Final = (44, 38, 33, 28, 24, 20)
"""Letters of a formula in a line of a frame: as many as fit its width."""
_WIDTH: Final = 398.0
"""Points of width that a frame has; 0.3 of it for the reasons, and the gaps between."""
_ASIDE: Final = 160.0
_ROOM: Final = 172.0
"""Points of height for the lines of a frame, of the 256 that it has."""
_EM: Final = 10.95
_STRUT: Final = (18.1, 7.8)
"""Above and below the base line of a row that holds nothing tall: 1.9 times the usual."""
_REASON: Final = (11.0, 27)
"""Distance of two lines of a reason, in points, and the letters of one."""
_WIDER: Final = 1.1
_TALLER: Final = 1.25
"""TeX's fractions in a display, compared with those in a drawing, where they are set smaller."""

_PREAMBLE: Final = rf"""\documentclass[aspectratio=169,11pt]{{beamer}}
\usepackage[T1]{{fontenc}}
\usepackage[utf8]{{inputenc}}
\usepackage{{amsmath,amssymb}}
\usefonttheme[onlymath]{{serif}}
\setbeamertemplate{{navigation symbols}}{{}}
\setbeamertemplate{{footline}}{{\hfill\insertframenumber\hspace*{{1em}}\vspace*{{1ex}}}}
\setbeamercovered{{invisible}}
\usepackage{{tikz}}
\definecolor{{{MARK_COLOR}}}{{HTML}}{{{LIGHT.changed[1:].upper()}}}
\definecolor{{whypaper}}{{HTML}}{{{LIGHT.paper[1:].upper()}}}
\definecolor{{whyink}}{{HTML}}{{{LIGHT.ink[1:].upper()}}}
\definecolor{{whyquiet}}{{HTML}}{{{LIGHT.quiet[1:].upper()}}}
\setbeamercolor{{background canvas}}{{bg=whypaper}}
\setbeamercolor{{normal text}}{{fg=whyink}}
\setbeamercolor{{frametitle}}{{fg=whyink}}
\setbeamercolor{{title}}{{fg=whyink}}
\newcommand{{\whyreason}}[1]{{{{\footnotesize\raggedright\itshape\color{{whyquiet}}#1}}}}
\renewcommand{{\arraystretch}}{{1.9}}
"""


@dataclass(slots=True)
class Beamer:
    """The story as frames; the parameters are those of :class:`whygrad.teach.slides.Deck`."""

    story: Story
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
            *self.frames(escape(words["slide cost"]), story.definitions, words["slide cost note"]),
            self.inserts.at("cost"),
            self.circuit(),
        ]
        for part in story.parts:
            parts.extend(self.part(part))
        results = [part.result for part in story.parts]
        for first, last in self.split(results, _ROOM, _WIDTH):
            body = "\n".join(f"\\[ {self.equation(line)} \\]" for line in results[first:last])
            if last == len(results):
                body += f"\n\\whyreason{{{escape(story.checked(words))}}}"
            parts.append(self.frame(escape(words["slide results"]), body, story.evidence))
        parts.append(self.inserts.at("end"))
        parts += [self.inserts.at(place) for place in self.inserts.lost()]
        return "\n".join([*parts, "\\end{document}\n"])

    def part(self, part: Part) -> Iterator[str]:
        """The frames of one parameter."""
        words, key = self.words, part.result.id
        if part.chain is not None:
            title = filled(words["slide plan"], target=f"${self.math(part.target)}$")
            yield self.frame(title, f"\\[ {self.math(part.chain)} \\]", words["slide plan note"])
            yield self.inserts.at(f"plan-{key}")
        again = [Line(s.id, s.result, s.left) for s in part.scenes if s.reused]
        if again:
            yield from self.frames(escape(words["slide reused"]), again, words["slide reused note"])
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
        yield from map(self.plot, scene.functions)
        number = escape(self.words["slide step"].format(number=scene.number))
        title = f"{{\\color{{whyquiet}}{number}}}\\quad ${self.math(scene.left)}$"
        given = ""
        if scene.given is not None:
            left, right = scene.given
            word = "" if left is scene.left else escape(self.words["slide where"])
            box = layout(right, self.story.scope)
            first, *rest = break_box(box, 1.6 * _LINES[0])
            more = "".join(f"\\\\ & \\quad {latex_of(one)}" for one in rest)
            given = (
                f"{{\\small\\color{{whyquiet}}{word} $\\begin{{aligned}}[t] "
                f"{self.math(left)} &= {latex_of(first)}"
                f"{more}\\end{{aligned}}$\\par}}\n\\medskip\n"
            )
        lines = [replace(line, left=line.left or scene.left) for line in scene.lines]
        given_high = self.high(scene.given[1], (), _WIDTH) if scene.given else 0.0
        for first, last in self.split(lines, _ROOM - given_high, self.beside(lines)):
            note = "\\par ".join(self.inline(line.reason) for line in lines[first:last] if line.reason)
            # The left side stands where a frame begins; below it, it is understood.
            shown = [lines[first], *scene.lines[first + 1 : last]]
            yield self.frame(title, given + self.rows(shown), note, written=True)
            for line in scene.lines[first : min(last, len(scene.lines) - 1)]:
                if self.inserts.has(line.id):
                    yield self.inserts.at(line.id)
        yield self.inserts.at(scene.id)

    def frames(self, title: str, lines: Sequence[Line], note: str) -> Iterator[str]:
        """Lines on as many frames as they need."""
        for first, last in self.split(lines, _ROOM, self.beside(lines)):
            yield self.frame(title, self.rows(lines[first:last]), note)

    def split(self, lines: Sequence[Line], room: float, width: float) -> Iterator[tuple[int, int]]:
        """Where frames begin and end, by the measured height of the lines; each has one at least."""
        first, used = 0, 0.0
        for k, line in enumerate(lines):
            high = self.high(line.right, line.reason, width)
            if k > first and used + high > room:
                yield first, k
                first, used = k, 0.0
            used += high
        if lines:
            yield first, len(lines)

    def beside(self, lines: Sequence[Line]) -> float:
        """Points of width that formulas have between the widest left side and the reasons."""
        scope = self.story.scope
        lefts = [self.wide(layout(line.left, scope)) for line in lines if line.left is not None]
        return _WIDTH - _ASIDE - max(lefts, default=0.0)

    def high(self, e: Expr, reason: Inline, width: float) -> float:
        """Points of height that a formula in a row takes, with its reason."""
        said = "".join(to_text(p, self.story.scope) if isinstance(p, Expr) else p for p in reason)
        letter, wide = _REASON
        found = 0.0
        for k, box in enumerate(self.broken(e, (), width)):
            drawn = set_box(box)
            below = letter * (len(said) // wide) + _STRUT[1] if k == 0 else 0.0
            found += max(_STRUT[0], _TALLER * _EM * drawn.above)
            found += max(_STRUT[1], _TALLER * _EM * drawn.below, below)
        return found

    def circuit(self) -> str:
        """A frame for the circuit, where its picture lies beside the source."""
        file = f"{self.story.name or 'cost'}-circuit.pdf"
        look = "width=\\linewidth,height=0.8\\textheight,keepaspectratio"
        picture = f"\\centering\\includegraphics[{look}]{{{file}}}"
        frame = self.frame(escape(self.words["slide circuit"]), picture, self.words["slide circuit note"])
        made = f"% whygrad circuit {self.story.name or 'COST'} -o {file}"
        return f"{made}\n\\IfFileExists{{{file}}}{{%\n{frame}}}{{}}\n{self.inserts.at('circuit')}"

    def plot(self, name: str) -> str:
        """A frame with the curve of a function and that of its derivative."""
        made, words = plot(name), self.words
        function = self.math(Call(name, (VARIABLE,)))
        place, value = (f"${number:.4g}$" for number in made.steepest)
        top = filled(words["slide plot top"], place=place, value=value)
        curves = [
            f"\\draw[thick,{look}] plot coordinates {{{_points(piece)}}};"
            for pieces, look in ((made.curve, "whyink"), (made.slope, f"{MARK_COLOR},dashed"))
            for piece in pieces
        ]
        scale = 4.2 / max(made.high - made.low, 0.1)
        body = "\n".join([
            "\\centering",
            f"\\begin{{tikzpicture}}[x=8mm,y={scale:.3g}cm]",
            f"\\draw[whyquiet] (-6,0) -- (6,0) (0,{made.low:g}) -- (0,{made.high:g});",
            *curves,
            "\\end{tikzpicture}",
            "",
            f"\\medskip ${function}$,\\quad {{\\color{{{MARK_COLOR}}}{escape(words['slide plot slope'])}}}"
            f" ({top})",
        ])  # fmt: skip
        title = filled(words["slide plot"], name=f"${function}$")
        return self.frame(title, body, words["slide plot note"]) + self.inserts.at(f"plot-{name}")

    def rows(self, lines: Sequence[Line]) -> str:
        """Lines uncovered one by one, with their reasons."""
        out = ["\\begin{tabular}{@{}r@{\\;}l@{\\quad}p{0.3\\linewidth}@{}}"]
        width = self.beside(lines)
        for k, line in enumerate(lines, 1):
            out.extend(self.row(line, k, width))
        return "\n".join([*out, "\\end{tabular}"])

    def row(self, line: Line, k: int, width: float) -> Iterator[str]:
        """The lines of one row, seen from overlay ``k`` on; what is new is coloured on that overlay only."""
        left = "" if line.left is None else self.math(line.left)
        rows = self.broken(line.right, (), width)
        small = width / max(map(self.wide, rows))
        plain = [latex_of(box) for box in rows]
        marked = [latex_of(box) for box in self.broken(line.right, line.marks, width)]
        reason = f"\\uncover<{k}->{{\\whyreason{{{self.inline(line.reason)}}}}}" if line.reason else ""
        for n, (one, other) in enumerate(zip(plain, marked, strict=True)):
            lead = "= " if n == 0 else "\\quad "
            shown = one if one == other else f"\\alt<{k}>{{{other}}}{{{one}}}"
            first = f"\\uncover<{k}->{{$\\displaystyle {left}$}}" if n == 0 and left else ""
            beside = reason if n == 0 else ""
            formula = f"$\\displaystyle {lead}{shown}$"
            if small < 1:  # what cannot be broken further
                formula = f"\\scalebox{{{small:.2f}}}{{{formula}}}"
            yield f"{first} & \\uncover<{k}->{{{formula}}} & {beside} \\\\"

    def broken(self, e: Expr, marks: Sequence[Path], width: float) -> list[Box]:
        """A formula in lines that fit a width in points."""
        box = layout(e, self.story.scope, marks=marks)
        rows = [box]
        for letters in _LINES:
            rows = break_box(box, letters)
            if max(map(self.wide, rows)) <= width:
                break
        return rows

    @staticmethod
    def wide(box: Box) -> float:
        """Points of width that a formula takes."""
        return _WIDER * _EM * set_box(box).width

    def frame(self, title: str, body: str, note: str, *, written: bool = False) -> str:
        """One frame; ``written``: the note is LaTeX already."""
        said = f"\\note{{{note if written else escape(note)}}}\n" if note else ""
        return f"\\begin{{frame}}\n\\frametitle{{{title}}}\n{body}\n{said}\\end{{frame}}\n"

    def math(self, e: Expr) -> str:
        """A formula without dollar signs."""
        return latex_of(layout(e, self.story.scope))

    def equation(self, line: Line) -> str:
        """A whole equation, in lines that fit."""
        left = "" if line.left is None else self.math(line.left)
        width = _WIDTH - (0.0 if line.left is None else self.wide(layout(line.left, self.story.scope)))
        rows = " \\\\ & \\quad ".join(map(latex_of, self.broken(line.right, (), 0.9 * width)))
        return f"\\begin{{aligned}} {left} &= {rows} \\end{{aligned}}"

    def inline(self, parts: Inline) -> str:
        """A sentence with formulas."""
        return "".join(
            f"${self.math(p)}$" if isinstance(p, Expr) else escape(p.replace("`", "")) for p in parts
        )


def filled(sentence: str, **parts: str) -> str:
    r"""A sentence of the table as LaTeX, with LaTeX in its places.

    Examples
    --------
    >>> filled("100 % of {what}", what="$x$")
    '100 \\% of $x$'
    """
    pieces = re.split(r"\{(\w+)\}", sentence)
    return "".join(parts[piece] if k % 2 else escape(piece) for k, piece in enumerate(pieces))


def _points(piece: Points) -> str:
    """Every fourth point of a curve, and its end."""
    return " ".join(f"({x:g},{y:g})" for x, y in (*piece[:-1:4], piece[-1]))
