"""Slides: PDF by Typst, the Typst and Beamer sources for a teacher who edits, notes for the speaker.

One idea a slide, the lines of a stage uncovered one by one, the new part coloured, the reason beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from whygrad.core.circuit import Circuit
from whygrad.core.expr import Call
from whygrad.show.typst import escape, quoted
from whygrad.teach.inserts import Inserts
from whygrad.teach.plots import VARIABLE, plot
from whygrad.teach.slide_theme import SLIDES, circuits, curves
from whygrad.teach.story import Line, Part, Scene, Story
from whygrad.teach.typst_page import Compiled, Speller, compiled, require_fit
from whygrad.teach.words import ENGLISH, Words

_SMALLEST_CIRCUIT: Final = 0.5
"""A circuit that must shrink to less than this cannot be read from the last row."""
_WHOLE: Final = 0.62
"""One that must shrink to less than this takes a slide for each band."""
_ROOM: Final = (860.0, 400.0)
"""Points of a slide that a circuit may take."""
_REUSED: Final = 4
_RESULTS: Final = 4
"""So many gradients stand on a page."""


@dataclass(slots=True)
class Deck:
    """The slides of a story as Typst code.

    Parameters
    ----------
    story
        What is told.
    words
        In which language.
    circuit
        Drawn after the cost, if it can be read on a slide.
    inserts
        What a teacher added to an earlier source.
    """

    story: Story
    words: Words = field(default_factory=lambda: ENGLISH)
    circuit: Circuit | None = None
    inserts: Inserts = field(default_factory=Inserts)

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
        >>> from whygrad.teach.story import tell
        >>> story = tell(derive(read_cost("param w\nJ = (w - 3)^2")))
        >>> "// insert after chain.1" in Deck(story).source()
        True
        """
        parts = [self._head(), *self._opening()]
        for part in self.story.parts:
            parts.extend(self._part(part))
        parts.extend(self._end())
        parts += [self.inserts.at(place) for place in self.inserts.lost()]
        return "\n".join(parts)

    def _head(self) -> str:
        title = quoted(self.story.title)
        return (
            f"#set document(title: {title})\n#let running = {title}\n{SLIDES}"
            "// Add your own between a line 'insert after' and its 'end':"
            " #slide[A title][Anything], and it stays when the slides are made again.\n"
        )

    def _opening(self) -> Iterator[str]:
        story, words, spell = self.story, self.words, self.spell
        goal = story.definitions[-1]
        yield (
            f"#title-page({quoted(story.title)}, [{escape(story.sizes)}], "
            f"{_equation(spell, goal)}, note: {quoted(words['slide cost note'])})\n"
        )
        yield self.inserts.at("title")
        rows = "".join(self._row(line, f'"{words["slide cost note"]}"') for line in story.definitions)
        yield f'#steps("cost", [{escape(words["slide cost"])}], ({rows}\n))\n'
        yield self.inserts.at("cost")
        drawn = (
            [] if self.circuit is None else circuits(self.circuit, _ROOM, _SMALLEST_CIRCUIT, words, _WHOLE)
        )
        for k, one in enumerate(drawn, 1):
            note, title = quoted(words["slide circuit note"]), escape(words["slide circuit"])
            name = "circuit" if k == 1 else f"circuit-{k}"
            yield f'#page-of("{name}", [{title}], note: {note}, align(center + horizon, {one}))\n'
        if drawn:
            yield self.inserts.at("circuit")

    def _part(self, part: Part) -> Iterator[str]:
        spell, words = self.spell, self.words
        key = part.result.id
        if part.chain is not None:
            factors = spell.display(part.chain)
            plan = f'#align(center + horizon, text(size: 1.35em, fit("plan", (({factors},),))))'
            title = escape(words["slide plan"]).format(target=spell.math(part.target))
            note = quoted(words["slide plan note"])
            yield f'#page-of("plan-{key}", [{title}], note: {note}, [{plan}])\n'
            yield self.inserts.at(f"plan-{key}")
        reused = [scene for scene in part.scenes if scene.reused]
        if reused:
            yield from self._reused(key, reused)
        for scene in part.scenes:
            if not scene.reused:
                yield from self._scene(scene)
        yield self._result(part, key)

    def _reused(self, key: str, reused: list[Scene]) -> Iterator[str]:
        for k in range(0, len(reused), _REUSED):
            yield self._again(f"again-{key}" + (f"-{k // _REUSED + 1}" if k else ""), reused[k : k + _REUSED])
        yield self.inserts.at(f"again-{key}")

    def _again(self, id: str, scenes: list[Scene]) -> str:
        words, spell = self.words, self.spell
        lefts = ", ".join(spell.display(s.left) for s in scenes)
        rows = "".join(
            f"  fit({quoted(s.id)}, {spell.ways(s.result)}, left: {spell.display(s.left)}, left-width: wide),"
            f" text(size: 0.68em, fill: quiet)[{escape(words['slide by'].format(number=s.number))}],\n"
            for s in scenes
        )
        grid = (
            f"context {{ let wide = calc.max(..({lefts},).map(l => measure(l).width))\n"
            f"grid(columns: (1fr, 4cm), row-gutter: 0.8em, align: left + horizon,\n{rows}) }}"
        )
        note = quoted(words["slide reused note"])
        return f'#page-of("{id}", [{escape(words["slide reused"])}], note: {note}, {grid})\n'

    def _scene(self, scene: Scene) -> Iterator[str]:
        spell, words = self.spell, self.words
        for name in scene.functions:
            yield self._plot(name, scene)
        number = escape(words["slide step"].format(number=scene.number))
        title = f"[#text(fill: quiet)[{number}] #h(0.5em) {spell.math(scene.left)}]"
        given = ""
        if scene.given is not None:
            left, right = scene.given
            spell.ways(right)
            word = "" if left is scene.left else f"{escape(words['slide where'])} #h(0.3em) "
            where = f"[{word}{spell.display(left)}]"
            more = f"left: {where}, left-width: measure({where}).width"
            given = f"fit({quoted(scene.id)}, {spell.ways(right)}, {more})"
        rows = "".join(self._row(line) for line in scene.lines)
        name = scene.id.replace(".", "-")
        yield f"#let {name} = ({rows}\n)"
        told = f'#steps("{scene.id}", {title}, {name}{f", given: context {given}" if given else ""}'
        start = 0
        for k, line in enumerate(scene.lines[:-1], 1):
            if self.inserts.has(line.id):
                yield f"{told}, from: {start}, to: {k})"
                yield self.inserts.at(line.id)
                start = k
        yield told + (f", from: {start})" if start else ")")
        yield self.inserts.at(scene.id)

    def _row(self, line: Line, note: str = "") -> str:
        spell = self.spell
        left = f"left: {spell.display(line.left)}, " if line.left is not None else ""
        because = f"because: [{self._because(line)}], " if line.reason else ""
        return (
            f"\n  row({quoted(line.id)}, {left}ways: changed => {spell.ways(line.right, line.marks)}, "
            f"{because}note: {note or quoted(self._note(line))}),"
        )

    def _because(self, line: Line) -> str:
        reason = self.spell.inline(line.reason)
        return f"{escape(self.words['slide matrix'])} {reason}" if line.is_matrix else reason

    def _note(self, line: Line) -> str:
        said: list[str] = []
        if line.reason:
            said.append(self.words["slide why"].format(reason=self.spell.plain(line.reason).rstrip(".")))
        if len(line.details) > 1:
            said += [self.words["slide small"], self.spell.small_steps(line.details)]
        return "\n".join(said)

    def _plot(self, name: str, scene: Scene) -> str:
        spell, words = self.spell, self.words
        made = plot(name)
        function = Call(name, (VARIABLE,))
        slope = f"[{escape(words['slide plot slope'])}]"
        what = spell.math(function)
        title = words["slide plot"].replace("{name}", what)
        top = escape(words["slide plot top"]).format(
            place=f"${_number(made.steepest[0])}$", value=f"${_number(made.steepest[1])}$"
        )
        body = (
            f"align(center, stack(spacing: 1.1em, {curves(made)}, plot-names({what}, {slope}), "
            f"text(size: 0.8em, fill: quiet)[{top}]))"
        )
        note = quoted(words["slide plot note"])
        return f'#page-of("plot-{name}", [{title}], note: {note}, {body})\n' + self.inserts.at(f"plot-{name}")

    def _result(self, part: Part, key: str) -> str:
        spell = self.spell
        lines = [f"{_fitted(spell, part.result)}"]
        if part.matrix is not None:
            lines.append(_fitted(spell, part.matrix))
            shapes = spell.plain(part.matrix.reason)
            if shapes:
                lines.append(f"text(size: 0.72em, fill: quiet)[{escape(shapes)}]")
        body = (
            f'largest("result-{key}", (1.3em, 1.15em, 1em, 0.88em, 0.76em), '
            f"align(center + horizon, result(stack(spacing: 1.1em, {', '.join(lines)}))))"
        )
        title = escape(self.words["slide result"])
        made = f'#page-of("result-{key}", [{title}], note: "", measured: true, {body})\n'
        return made + self.inserts.at(f"result-{key}")

    def _end(self) -> Iterator[str]:
        story, words, spell = self.story, self.words, self.spell
        title = escape(words["slide results"])
        said = [story.checked(words)]
        said += [words["slide convention"].format(sentence=note) for note in story.conventions]
        small = "".join(f"text(size: 0.68em, fill: quiet)[{escape(one)}]," for one in said)
        groups = [story.parts[k : k + _RESULTS] for k in range(0, len(story.parts), _RESULTS)]
        for k, group in enumerate(groups):
            lefts = ", ".join(spell.display(part.result.left or part.target) for part in group)
            cells = "".join(
                f"fit({quoted(part.result.id)}, {spell.ways(part.result.right)}, "
                f"left: {spell.display(part.result.left or part.target)}, left-width: wide),\n"
                for part in group
            )
            place = "end" if group is groups[-1] else f"end-{k + 1}"
            body = (
                f'largest("{place}", (1em, 0.88em, 0.76em), context {{ '
                f"let wide = calc.max(..({lefts},).map(l => measure(l).width))\n"
                f"stack(spacing: 0.8em, {cells} v(1em), {small if group is groups[-1] else ''}) }})"
            )
            yield f'#page-of("{place}", [{title}], note: "", measured: true, {body})\n'
        yield self.inserts.at("end")

    def compiled(self, source: str, draft: bool = False) -> Compiled:
        """The PDF of the source; refused if anything runs off a page.

        Raises
        ------
        BudgetError
            If a line fits in no way, unless ``draft``.
        """
        made = compiled(source)
        require_fit(made, "slide", draft)
        return made


def _equation(spell: Speller, line: Line) -> str:
    left = "" if line.left is None else spell.display(line.left)[1:-1]
    return f"${left} = {spell.display(line.right)[1:]}"


def _fitted(spell: Speller, line: Line) -> str:
    left = "none" if line.left is None else spell.display(line.left)
    return (
        f"context {{ let left = {left}; "
        f"fit({quoted(line.id)}, {spell.ways(line.right)}, left: left, left-width: measure(left).width) }}"
    )


def _number(value: float) -> str:
    text = f"{value:.4g}"
    return text.replace("-", "minus ")


def speaker_notes(made: Compiled) -> str:
    """Notes for pdfpc, the presenter console, as its JSON.

    References
    ----------
    pdfpc, "The .pdfpc file format", version 2.
    """
    pages = [
        {"idx": p["page"] - 1, "label": str(p["label"]), "overlay": p["overlay"], "note": p["note"]}
        for p in made.pages
    ]
    return json.dumps(
        {"pdfpcFormat": 2, "disableMarkdown": True, "pages": pages}, ensure_ascii=False, indent=1
    )
