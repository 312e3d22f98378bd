"""The handout: two pages, the derivation in one column and the reasons in the margin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from whygrad.core.circuit import Circuit
from whygrad.core.derivation import Derivation
from whygrad.core.errors import BudgetError
from whygrad.engine.narrate import Level
from whygrad.show.typst import escape, quoted
from whygrad.teach.inserts import Inserts
from whygrad.teach.plots import plot
from whygrad.teach.slide_theme import PLOT, circuits, curves
from whygrad.teach.story import Line, Part, Scene, Story, tell
from whygrad.teach.typst_page import LIBRARY, Compiled, Speller, compiled, require_fit, told
from whygrad.teach.words import ENGLISH, Words

PAGES: Final = 2
_SIZES: Final = (10.5, 9.8, 9.0, 8.4)
"""Letter sizes in points, tried in turn until two pages are enough."""
_HOPELESS: Final = 4
"""With more pages than these, smaller letters do not help."""
_ROOM: Final = (735.0, 420.0)
_SMALLEST_CIRCUIT: Final = 0.45

_THEME: Final = (
    LIBRARY
    + PLOT
    + """\
#let margin-width = 4.5cm
#set page(paper: "a4", margin: (x: 1.8cm, top: 1.6cm, bottom: 1.7cm), footer: context {
  text(size: 7.5pt, fill: quiet)[#running #h(1fr) #counter(page).display() / #counter(page).final().first()]
})
#set text(font: "Libertinus Serif", fill: ink)
#show raw: set text(font: "DejaVu Sans Mono", size: 0.85em)
#let row(id, left: none, ways: (), because: []) = (id: id, left: left, ways: ways, because: because)
#let aside(body) = text(size: 0.82em, style: "italic", fill: quiet, body)
#let hairline = line(length: 100%, stroke: 0.6pt + hair)
#let heading-of(body) = block(above: 1.4em, below: 1em, text(size: 1.12em, fill: accent, body))
// The lines of a stage, its number before them, the reasons in the margin.
#let lines(number, rows, extra: none) = context {
  let left-width = calc.max(0pt, ..rows.filter(r => r.left != none).map(r => measure(r.left).width))
  block(above: 0.55em, below: 0.55em, width: 100%, breakable: true, grid(
    columns: (1.5em, 1fr, margin-width), column-gutter: (0.3em, 1.2em), row-gutter: 0.55em,
    align: (right + horizon, left + horizon, left + horizon),
    ..rows.enumerate().map(((k, r)) => (
      if k == 0 { text(fill: accent, weight: "bold", size: 0.9em, number) } else { [] },
      fit(r.id, r.ways, left: r.left, left-width: left-width),
      if k == 0 and extra != none { stack(spacing: 0.5em, aside(r.because), extra) }
      else { aside(r.because) },
    )).flatten(),
  ))
}
#let result(body) = block(breakable: false, above: 0.9em, below: 0.9em, width: 100% - margin-width - 1.2em,
  fill: raised, stroke: 0.6pt + hair, radius: 3pt, inset: (x: 1em, y: 0.7em), body)
"""
)


@dataclass(slots=True)
class Handout:
    """The handout of a story as Typst code.

    Parameters
    ----------
    story
        What is told.
    words, circuit, inserts
        As for :class:`whygrad.teach.slides.Deck`.
    size
        Of the letters, in points.
    """

    story: Story
    words: Words = field(default_factory=lambda: ENGLISH)
    circuit: Circuit | None = None
    inserts: Inserts = field(default_factory=Inserts)
    size: float = _SIZES[0]

    @property
    def spell(self) -> Speller:
        """How its formulas are written."""
        return Speller(self.story.scope)

    def source(self) -> str:
        r"""The whole document, self-contained.

        Examples
        --------
        >>> from whygrad.engine.derive import derive
        >>> from whygrad.syntax.cost_text import read_cost
        >>> story = tell(derive(read_cost("param w\nJ = (w - 3)^2")))
        >>> "// insert after chain.1" in Handout(story).source()
        True
        """
        story, words = self.story, self.words
        title = quoted(story.title)
        parts = [
            f"#set document(title: {title})\n#let running = {title}\n{_THEME}#set text(size: {self.size}pt)",
            f"#text(size: 1.9em, {title})\n\n#text(fill: quiet)[{escape(story.sizes)}]\n#hairline",
            self.lines("", story.definitions),
            self.inserts.at("cost"),
        ]
        for part in story.parts:
            parts.extend(self.part(part))
        parts.append(f"#hairline\n{self.end()}")
        parts.append(self.inserts.at("end"))
        drawn = "" if self.circuit is None else self.drawn(self.circuit)
        if drawn:
            title = f"#text(size: 1.3em)[{escape(words['slide circuit'])}]"
            parts.append(f"#page(flipped: true)[{title}\n#hairline\n#align(center + horizon, {drawn})]")
        parts += [self.inserts.at(place) for place in self.inserts.lost()]
        parts.append("#context [#metadata((pages: counter(page).final().first()))<told>]\n")
        return "\n".join(parts)

    def drawn(self, circuit: Circuit) -> str:
        """The circuit on a page of its own, lying; "" where it would be too small to read."""
        return "".join(circuits(circuit, _ROOM, _SMALLEST_CIRCUIT, self.words))

    def part(self, part: Part) -> Iterator[str]:
        """All about one parameter."""
        spell, words = self.spell, self.words
        title = escape(words["slide plan"]).format(target=spell.math(part.target))
        if part.chain is not None:
            title += f" #h(1em) #text(fill: ink)[{spell.math(part.chain)}]"
        yield f"#heading-of[{title}]"
        again = [scene for scene in part.scenes if scene.reused]
        if again:
            numbers = ", ".join(scene.number for scene in again)
            note = f"{escape(words['slide reused'])}: {escape(words['slide by'].format(number=numbers))}."
            yield f"#block(below: 0.4em, text(fill: quiet, size: 0.92em)[{note}])"
        for scene in part.scenes:
            if not scene.reused:
                yield self.scene(scene)
                yield self.inserts.at(scene.id)
        rows = [Line(part.result.id, part.result.right, part.target)]
        if part.matrix is not None:
            rows.append(part.matrix)
        body = "".join(
            f"fit({quoted(line.id)}, {spell.ways(line.right)}, "
            f"left: {spell.display(line.left or part.target)}, left-width: wide),"
            for line in rows
        )
        lefts = "".join(f"{spell.display(line.left or part.target)}," for line in rows)
        yield (
            f"#result(context {{ let wide = calc.max(..({lefts}).map(l => measure(l).width))\n"
            f"stack(spacing: 0.6em, {body}) }})"
        )

    def scene(self, scene: Scene) -> str:
        """One stage, with the plot of a new function beside it."""
        extra = ""
        if scene.functions:
            drawn = ", ".join(curves(plot(name), "(3.6cm, 1.5cm)") for name in scene.functions)
            extra = f"pad(left: 1.4em, stack(spacing: 0.4em, {drawn}))"
        return self.lines(scene.number, [line for line in scene.lines if not line.is_matrix], extra)

    def lines(self, number: str, lines: Sequence[Line], extra: str = "") -> str:
        """A stage's lines."""
        spell = self.spell
        rows = "".join(
            f"\n  row({quoted(line.id)}, "
            + (f"left: {spell.display(line.left)}, " if line.left is not None else "")
            + f"ways: {spell.ways(line.right)}, because: [{spell.inline(line.reason)}]),"
            for line in lines
        )
        return f"#lines([{escape(number)}], ({rows}\n)" + (f", extra: {extra})" if extra else ")")

    def end(self) -> str:
        """What was checked."""
        story, words = self.story, self.words
        said = [story.checked(words)]
        said += [words["slide convention"].format(sentence=note) for note in story.conventions]
        if story.name and story.parts:
            step = story.parts[0].scenes[-1].id
            said.append(words["slide more"].format(name=story.name, step=step))
        return "\n\n".join(f"#text(size: 0.85em, fill: quiet)[{escape(one)}]" for one in said)


def two_pages(
    made: Derivation,
    *,
    words: Words = ENGLISH,
    circuit: Circuit | None = None,
    inserts: dict[str, str] | None = None,
    draft: bool = False,
) -> tuple[str, Compiled]:
    """The source and the PDF of a handout that takes two pages at most.

    Smaller letters are tried first, then the circuit is left out, then the lines within the stages.

    Raises
    ------
    BudgetError
        If it cannot be done, unless ``draft``: then it takes the pages it takes.
    """
    source, pages = "", 0
    hopeless: set[Level] = set()
    for level, drawn, size in _attempts(circuit):
        if level in hopeless:
            continue
        story = tell(made, level)
        handout = Handout(story, words, drawn, Inserts(inserts or {}), size)
        source = handout.source()
        said = told(source)
        pages = next(one["pages"] for one in said if "pages" in one)
        if pages <= PAGES:
            break
        if pages > _HOPELESS:
            hopeless.add(level)
    else:
        if not draft:
            raise BudgetError(
                "error/too-large",
                f"the handout would take {pages} pages, even with a line for each stage",
                fix="one parameter at a time: --wrt NAME; or --draft for as many pages as it takes",
            )
    done = compiled(source)
    require_fit(done, "handout", draft)
    return source, done


def _attempts(circuit: Circuit | None) -> Iterator[tuple[Level, Circuit | None, float]]:
    for size in _SIZES[:2]:
        yield "normal", circuit, size
    for size in _SIZES:
        yield "normal", None, size
    for size in _SIZES[1:]:
        yield "brief", None, size
