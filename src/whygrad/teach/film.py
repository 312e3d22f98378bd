"""The film of a story: scenes, shots and their timing. Every frame is made from masks, nothing is morphed.

A line of a derivation grows out of the line before: each term that stands in both flies from its old place to
its new one, what is new fades in, coloured, and the reason stands below as long as it takes to read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from whygrad.core.circuit import Circuit
from whygrad.core.document import Inline
from whygrad.core.errors import BudgetError
from whygrad.core.expr import Expr
from whygrad.core.walk import Path
from whygrad.show.breaking import break_box, print_width
from whygrad.show.circuit import pieces, to_svg
from whygrad.show.layout import layout
from whygrad.show.theme import LIGHT
from whygrad.show.typst import escape, quoted
from whygrad.teach.masks import Canvas, Mask, band, decoded, draw, masks, mixed, rgb, union
from whygrad.teach.matching import Move, moves
from whygrad.teach.story import Line, Part, Scene, Story
from whygrad.teach.terms import FIXED, Key, terms
from whygrad.teach.typst_page import LIBRARY, Speller, pictures
from whygrad.teach.words import Words

WIDTH, HEIGHT = 1280, 720
"""The frame in points, whatever its size in pixels."""
_LETTERS: Final = 46
_WIDEST: Final = 92.0
_MOST_ROWS: Final = 5
"""A line of the film with more or longer rows would be too small to read."""
_LEFT: Final = 70
_TOP, _BOTTOM = 205, 600
_TOP_ALONE: Final = 135
"""Where the lines begin below a given line, and without one."""
_GAP: Final = 34
_FLY_S: Final = 1.1
_FADE_S: Final = 0.4
_LETTERS_A_SECOND: Final = 15.0
"""Reading speed: subtitles for adults have 15 to 20 letters a second, and formulas take longer than words."""
_LEAST_CAPTION_S: Final = 2.2

_PAPER, _INK, _QUIET = rgb(LIGHT.paper), rgb(LIGHT.ink), rgb(LIGHT.quiet)
_FRESH, _TINT = rgb(LIGHT.changed), rgb(LIGHT.changed_paper)

_PAGES: Final = (
    LIBRARY
    + f"""\
#let nothing = rgb(0, 0, 0, 0)
#set page(width: {WIDTH}pt, height: auto, margin: (x: {_LEFT}pt, y: 24pt), fill: none)
#set text(font: "Libertinus Serif", size: 42pt, fill: black)
// A line once for each of its terms, the others without ink; all in the same places.
#let line-of(lefts, left, count, ways, size: 1em) = context {{
  let left-width = calc.max(0pt, ..lefts.map(l => measure(l).width))
  let room = {WIDTH - 2 * _LEFT}pt
  let plain = whole((ways)((k, body) => body), 1.0, left, left-width)
  let scale = calc.min(1.0, room / measure(plain).width)
  for shown in range(count) {{
    let tag(k, body) = text(fill: if k == shown {{ black }} else {{ nothing }}, body)
    if shown > 0 {{ pagebreak() }}
    set text(size: size * scale, fill: nothing)
    let paint = if shown == 0 {{ black }} else {{ nothing }}
    let first = if left == none {{ none }} else {{ text(fill: paint, left) }}
    whole((ways)(tag), 1.0, first, left-width * scale)
  }}
}}
#let words(body, size: 26pt) = {{ set text(size: size, style: "italic"); set par(leading: 0.4em)
  align(center, body) }}
"""
)


@dataclass(frozen=True, slots=True)
class Caption:
    """What is said and for how long it must stand."""

    shown: str
    """Typst."""
    text: str

    @property
    def needs_s(self) -> float:
        """Seconds to read it."""
        return max(_LEAST_CAPTION_S, 0.6 + len(self.text) / _LETTERS_A_SECOND) if self.text else 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """Some seconds of film: frames made when asked for, with how often each is shown."""

    id: str
    chapter: str
    caption: Caption
    seconds: float
    key: str
    """A digest of everything its frames depend on."""
    frames: Callable[[int], Iterator[tuple[Canvas, int]]] = field(compare=False)
    """From the number of frames to the frames."""


@dataclass(frozen=True, slots=True)
class Look:
    """Size and speed."""

    height: int = 720
    fps: int = 30

    @property
    def width(self) -> int:
        """In pixels; even, as the encoders want it."""
        return round(self.height * WIDTH / HEIGHT / 2) * 2

    @property
    def scale(self) -> float:
        """Pixels per point."""
        return self.height / HEIGHT


NO_CAPTION: Final = Caption("", "")


@dataclass(slots=True)
class Film:
    """Makes the shots of a story."""

    story: Story
    words: Words
    look: Look
    circuit: Circuit | None = None
    draft: bool = False

    @property
    def spell(self) -> Speller:
        """How formulas are written."""
        return Speller(self.story.scope)

    def shots(self) -> list[Shot]:
        """All shots in order.

        Raises
        ------
        BudgetError
            If a line cannot be read on a screen, unless this is a draft.
        """
        if not self.draft:
            self._require_fit()
        return list(self._shots())

    def _require_fit(self) -> None:
        lines = [line for scene in self.story.scenes() if not scene.reused for line in scene.lines]
        for line in (*self.story.definitions, *lines):
            rows = break_box(layout(line.right, self.story.scope), _LETTERS)
            if len(rows) > _MOST_ROWS or max(map(print_width, rows)) > _WIDEST:
                raise BudgetError(
                    "error/too-large",
                    f"{line.id} cannot be read on a screen, in whichever way it is broken",
                    fix="give parts of the cost a name, or --lines brief; or --draft to see it as it is",
                )

    def _shots(self) -> Iterator[Shot]:
        words, story, spell = self.words, self.story, self.spell
        goal = story.definitions[-1]
        left = "" if goal.left is None else spell.display(goal.left)[1:-1]
        title = (
            f"#v(190pt)#align(center)[#text(size: 64pt, {quoted(story.title)})\n\n"
            f"#text(size: 24pt)[{escape(story.sizes)}]\n\n#v(20pt)"
            f"#text(size: 44pt)[${left} = {spell.display(goal.right)[1:]}]]"
        )
        yield self._still("title", story.title, title, NO_CAPTION, 2.6)
        board = Board(self, "cost", f"[{escape(words['slide cost'])}]", story.definitions, None, fly=False)
        yield from board.shots(words["slide cost"])
        yield from self._circuit()
        for part in story.parts:
            yield from self._part(part)
        yield self._ending()

    def _part(self, part: Part) -> Iterator[Shot]:
        spell, words = self.spell, self.words
        target = spell.math(part.target)
        title = words["slide plan"].format(target=target)
        chapter = words["slide plan"].format(target=spell.plain((part.target,)))
        if part.chain is not None:
            body = (
                f"#v(60pt)#text(size: 40pt)[{title}]\n\n#v(110pt)"
                f"#align(center, text(size: 54pt)[{spell.display(part.chain)}])"
            )
            note = Caption(escape(words["slide plan note"]), words["slide plan note"])
            yield self._still(f"plan-{part.result.id}", chapter, body, note, note.needs_s + 0.8)
        again = [Line(s.id, s.result, s.left) for s in part.scenes if s.reused]
        if again:
            note = Caption(escape(words["slide reused note"]), words["slide reused note"])
            board = Board(
                self, f"again-{part.result.id}", f"[{escape(words['slide reused'])}]", again, None, fly=False
            )
            yield from board.shots(chapter, together=note)
        for scene in part.scenes:
            if not scene.reused:
                yield from self._scene(scene)
        yield self._result(part, chapter)

    def _scene(self, scene: Scene) -> Iterator[Shot]:
        number = self.words["slide step"].format(number=scene.number)
        title = f"[#text(fill: black)[{escape(number)}] #h(0.4em) {self.spell.math(scene.left)}]"
        chapter = f"{number}: {self.spell.plain((scene.left,))}"
        lines = [line for line in scene.lines if not line.is_matrix]
        yield from Board(self, scene.id, title, lines, scene.given).shots(chapter)

    def _result(self, part: Part, chapter: str) -> Shot:
        spell = self.spell
        rows = [part.result, *([part.matrix] if part.matrix else [])]
        body = ", ".join(
            f"align(center, fit-whole({quoted(r.id)}, {spell.ways(r.right)}, "
            f"{'[]' if r.left is None else spell.display(r.left)}))"
            for r in rows
        )
        caption = NO_CAPTION
        if part.matrix is not None:
            word = self.words["slide matrix"]
            said = f"{word} {_one_line(spell, part.matrix.reason)}".strip()
            caption = Caption(f"{escape(word)} {spell.inline(part.matrix.reason)}", said)
        text = self.words["slide result"]
        shown = f"#v(60pt)#text(size: 40pt)[{escape(text)}]\n\n#v(70pt)#set par(leading: 0pt)\n"
        shown += f"#align(center, text(size: 46pt, stack(spacing: 34pt, {body})))"
        return self._still(
            f"result-{part.result.id}", chapter, shown, caption, max(3.6, caption.needs_s + 0.8)
        )

    def _ending(self) -> Shot:
        story, words = self.story, self.words
        said = story.checked(words)
        body = (
            f"#v(230pt)#align(center)[#text(size: 52pt, {quoted(story.title)})\n\n#v(16pt)"
            f"#text(size: 24pt)[{escape(said)}]]"
        )
        return self._still("end", words["slide results"], body, NO_CAPTION, Caption("", said).needs_s + 0.4)

    def _still(self, id: str, chapter: str, body: str, caption: Caption, seconds: float) -> Shot:
        source = f"{_PAGES}#set page(height: {HEIGHT}pt, margin: (x: {_LEFT}pt, y: 0pt))\n{body}"

        def frames(count: int) -> Iterator[tuple[Canvas, int]]:
            ink = masks(source, self.look.scale)[0]
            drawn = [] if ink is None else [ink]
            fade = min(self.steps(_FADE_S), count // 3)
            for k in range(fade):
                yield self.page(drawn, caption, k / fade), 1
            yield self.page(drawn, caption, 1.0), count - 2 * fade
            for k in range(fade):
                yield self.page(drawn, caption, 1 - (k + 1) / fade), 1

        return Shot(id, chapter, caption, seconds, self.digest(source, caption, seconds), frames)

    def _circuit(self) -> Iterator[Shot]:
        if self.circuit is None:
            return
        made, scale = pieces(self.circuit, (1150.0, 480.0), whole=0.62, words=self.words)
        steps = made[0].steps
        if scale < 0.5 or not steps:
            return
        # In several pieces: the one that holds the step is seen.
        last = made[0]
        seen = [last := next((one for one in made if k in one.shown), last) for k in range(steps + 1)]
        title, note = self.words["slide circuit"], self.words["slide circuit note"]
        caption = Caption(escape(note), note)
        sources = [
            f"{_PAGES}#set page(height: {HEIGHT}pt, margin: (x: {_LEFT}pt, y: 0pt), fill: paper)\n"
            f"#v(44pt)#text(size: 40pt)[{escape(title)}]\n\n#v(10pt)"
            f"#align(center, image(bytes({quoted(to_svg(one, upto=k))}), "
            f'format: "svg", width: {scale * one.width:.0f}pt))'
            for k, one in enumerate(seen)
        ]
        seconds = max(caption.needs_s, 1.1 * steps + 1.4)

        def frames(count: int) -> Iterator[tuple[Canvas, int]]:
            pages = [decoded(pictures(source, ppi=72 * self.look.scale)[0], "rgb24") for source in sources]
            stills = [self.captioned(self.fitted(page), caption, 1.0) for page in pages]
            blank = self.captioned(self.blank(), NO_CAPTION, 0)
            fade = self.steps(_FADE_S)
            each = (count - fade) // len(stills)
            before, left = blank, count - fade
            for k, still in enumerate(stills):
                for n in range(fade):
                    yield mixed(before, still, (n + 1) / fade), 1
                held = (each if k < len(stills) - 1 else left) - fade
                yield still, max(held, 1)
                left -= fade + max(held, 1)
                before = still
            for n in range(fade):
                yield mixed(before, blank, (n + 1) / fade), 1

        yield Shot(
            "circuit", title, caption, seconds, self.digest("".join(sources), caption, seconds), frames
        )

    # --- what all shots share ---------------------------------------------------------------------

    def digest(self, *parts: object) -> str:
        """A name for everything a shot depends on."""
        said = repr((parts, self.look, self.story.title))
        return hashlib.sha256(said.encode()).hexdigest()[:24]

    def steps(self, seconds: float) -> int:
        """Seconds as a number of frames."""
        return max(2, round(seconds * self.look.fps))

    def blank(self) -> Canvas:
        """Paper."""
        return np.full((self.look.height, self.look.width, 3), _PAPER, np.uint8)

    def fitted(self, page: Canvas) -> Canvas:
        """A rendered page, cut or filled to the size of a frame."""
        out = self.blank()
        height, width = min(out.shape[0], page.shape[0]), min(out.shape[1], page.shape[1])
        out[:height, :width] = page[:height, :width]
        return out

    def page(self, drawn: Sequence[Mask], caption: Caption, opacity: float) -> Canvas:
        """A frame with some ink on it."""
        canvas = self.blank()
        for mask in drawn:
            draw(canvas, mask, _INK, opacity)
        return self.captioned(canvas, caption, opacity)

    def captioned(self, canvas: Canvas, caption: Caption, opacity: float) -> Canvas:
        """The same canvas with the caption at its foot."""
        ink = self.caption_ink(caption)
        if ink is not None:
            top = round(self.look.height - 22 * self.look.scale) - ink.ink.shape[0]
            draw(canvas, Mask(ink.x, top, ink.ink), _FRESH, opacity)
        return canvas

    def caption_ink(self, caption: Caption) -> Mask | None:
        """The ink of a caption."""
        return masks(f"{_PAGES}#words[{caption.shown}]", self.look.scale)[0] if caption.shown else None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line with the ink of its terms, measured from its own top."""

    keys: tuple[Key, ...]
    inks: tuple[Mask | None, ...]
    top: int
    height: int

    def of(self, place: int, path: Path) -> list[Mask]:
        """The ink of what came from (0) or goes to (1) a part."""
        found = zip(self.keys, self.inks[FIXED:], strict=True)
        return [ink.moved(0, self.top) for key, ink in found if key[place] == path and ink is not None]


@dataclass
class Board:
    """A heading, a first line to start from, and lines below it, each growing out of the one before."""

    film: Film
    id: str
    title: str
    lines: Sequence[Line]
    given: tuple[Expr, Expr] | None
    fly: bool = True

    def shots(self, chapter: str, together: Caption | None = None) -> Iterator[Shot]:
        """One shot a line; or one for all of them, with a caption."""
        if together is not None:
            seconds = together.needs_s + 1.0
            digest = self.film.digest(self.source, together, seconds)
            yield Shot(self.id, chapter, together, seconds, digest, lambda count: self._all(together, count))
            return
        for k, line in enumerate(self.lines):
            caption = self.caption(line)
            seconds = (_FLY_S if self.fly else _FADE_S) + max(caption.needs_s, 1.2 if not self.fly else 1.6)
            if k == 0:
                seconds += _FADE_S * 2
            if k == len(self.lines) - 1:
                seconds += _FADE_S + 0.4
            digest = self.film.digest(self.source, k, caption, seconds)
            yield Shot(line.id, chapter, caption, seconds, digest, self._frames(k, caption))

    def caption(self, line: Line) -> Caption:
        """The reason of a line."""
        spell = self.film.spell
        return Caption(spell.inline(line.reason), _one_line(spell, line.reason))

    def _frames(self, k: int, caption: Caption) -> Callable[[int], Iterator[tuple[Canvas, int]]]:
        return lambda count: self._line(k, caption, count)

    # --- the ink ----------------------------------------------------------------------------------

    @cached_property
    def _moves(self) -> list[tuple[Move, ...]]:
        """From each line (the given one first) to the next."""
        if not self.fly:
            return [() for _ in self.lines]
        before = [None if self.given is None else self.given[1], *(line.right for line in self.lines)]
        return [
            () if old is None else moves(old, line.right)
            for old, line in zip(before, self.lines, strict=False)
        ]

    @cached_property
    def _coded(self) -> tuple[str, tuple[tuple[Key, ...], ...]]:
        """Typst code of all lines, and the keys of their terms."""
        film, spell = self.film, self.film.spell
        rows: list[tuple[str, str, float]] = []
        keys: list[tuple[Key, ...]] = []

        def add(right: Expr, left: Expr | None, k: int, new: Sequence[Path], size: float) -> None:
            came = self._moves[k - 1] if k else ()
            goes = self._moves[k] if k < len(self._moves) else ()
            made = terms(
                right,
                lambda e, marks: layout(e, film.story.scope, marks=marks),
                _LETTERS,
                arriving=[move.after for move in came],
                leaving=[move.before for move in goes],
                new=new,
            )
            keys.append(made.keys)
            rows.append(("none" if left is None else spell.display(left), made.code, size))

        if self.given is not None:
            add(self.given[1], self.given[0], 0, (), 0.72)
        for k, line in enumerate(self.lines, 1):
            add(line.right, line.left, k, line.marks, 1.0)
        shown = rows if self.given is None else rows[1:]
        lefts = "".join(f"{left}," for left, _, _ in shown if left != "none")
        code = [f"#text(size: 40pt, {self.title})"]
        for (left, way, size), its in zip(rows, keys, strict=True):
            own = f"({left},)" if size < 1 and left != "none" else f"({lefts})"
            code.append(
                f"#pagebreak()\n#line-of({own}, {left}, {len(its) + FIXED}, {way}, size: {42 * size:g}pt)"
            )
        return _PAGES + "\n".join(code), tuple(keys)

    @property
    def source(self) -> str:
        """The Typst document from which the ink is taken."""
        return self._coded[0]

    @cached_property
    def _placed(self) -> tuple[Mask | None, list[_Placed]]:
        """The heading, and all lines below one another."""
        source, keys = self._coded
        scale = self.film.look.scale
        title, *pages = masks(source, scale)
        lines: list[_Placed] = []
        top = round((_TOP_ALONE if self.given is None else 122) * scale)
        start = 0
        for k, its in enumerate(keys):
            inks = pages[start : start + len(its) + FIXED]
            start += len(inks)
            box = union(
                [ink for ink in inks if ink is not None] or [Mask(0, 0, np.zeros((1, 1), np.float32))]
            )
            inks = [None if ink is None else ink.moved(0, -int(box[1])) for ink in inks]
            if k == 1 and self.given is not None:
                top = max(top, round(_TOP * scale))
            lines.append(_Placed(its, tuple(inks), top, int(box[3] - box[1])))
            top += int(box[3] - box[1]) + round(_GAP * scale)
        if title is not None:
            title = Mask(title.x, round(34 * scale), title.ink)
        return title, lines

    # --- the frames -------------------------------------------------------------------------------

    @property
    def _own(self) -> list[_Placed]:
        """The lines without the given one."""
        return self._placed[1][1:] if self.given is not None else self._placed[1]

    def _scroll(self, k: int) -> int:
        """How far the board has moved up when line ``k`` stands."""
        if k < 0:
            return 0
        line = self._own[k]
        return max(0, line.top + line.height - round(_BOTTOM * self.film.look.scale))

    def _line(self, k: int, caption: Caption, count: int) -> Iterator[tuple[Canvas, int]]:
        """A line grows out of the one before, then stands while its reason is read."""
        film = self.film
        last = k == len(self.lines) - 1
        enter = 2 * film.steps(_FADE_S) if k == 0 else 0
        leave = film.steps(_FADE_S) if last else 0
        fly = min(film.steps(_FLY_S if self.fly else _FADE_S), count - enter - leave - 1)
        for n in range(enter):
            yield self._frame(k, 0.0, caption, 0.0, min(1.0, 2 * (n + 1) / enter)), 1
        for n in range(fly):
            yield self._frame(k, (n + 1) / fly, caption, min(1.0, 2 * (n + 1) / fly), 1.0), 1
        yield self._frame(k, 1.0, caption, 1.0, 1.0), count - enter - fly - leave
        for n in range(leave):
            share = 1 - (n + 1) / leave
            yield self._frame(k, 1.0, caption, share, share), 1

    def _all(self, caption: Caption, count: int) -> Iterator[tuple[Canvas, int]]:
        fade = self.film.steps(_FADE_S)
        last = len(self.lines) - 1
        for n in range(fade):
            yield self._frame(last, 1.0, caption, (n + 1) / fade, (n + 1) / fade, dim=False), 1
        yield self._frame(last, 1.0, caption, 1.0, 1.0, dim=False), count - 2 * fade
        for n in range(fade):
            share = 1 - (n + 1) / fade
            yield self._frame(last, 1.0, caption, share, share, dim=False), 1

    def _frame(
        self, k: int, share: float, caption: Caption, said: float, opacity: float, *, dim: bool = True
    ) -> Canvas:
        film = self.film
        canvas = film.blank()
        eased = _eased(share)
        scroll = self._scroll(k - 1) + (self._scroll(k) - self._scroll(k - 1)) * eased
        title, lines = self._placed
        own = self._own
        ceiling = round(((_TOP_ALONE if self.given is None else _TOP) - 12) * film.look.scale)
        for n in range(k):
            colour = _mix(_INK, _QUIET, (1.0 if n < k - 1 else eased) if dim else 0.0)
            self._old(canvas, own[n], colour, scroll, ceiling, opacity)
        self._arrive(canvas, k, share, scroll, opacity)
        if self.given is not None:
            self._old(canvas, lines[0], _QUIET, 0, 0, opacity)
        if title is not None:
            draw(canvas, title, _INK, opacity)
        return film.captioned(canvas, caption, said)

    def _old(
        self,
        canvas: Canvas,
        line: _Placed,
        colour: tuple[int, int, int],
        scroll: float,
        ceiling: int,
        opacity: float,
    ) -> None:
        above = ceiling - (line.top - scroll)
        visible = opacity * min(1.0, max(0.0, 1 - above / (0.25 * line.height + 1)))
        for ink in line.inks:
            if ink is not None:
                draw(canvas, ink, colour, visible, 0, line.top - scroll)

    def _arrive(self, canvas: Canvas, k: int, share: float, scroll: float, opacity: float) -> None:
        """The line that comes: terms fly, what is new fades in."""
        line = self._own[k]
        lines = self._placed[1]
        before = lines[lines.index(line) - 1] if lines.index(line) > 0 else None
        # A given line does not scroll with the board.
        lift = 0.0 if before is lines[0] and self.given is not None else scroll
        starts = {move.after: move.before for move in (self._moves[k] if before is not None else ())}
        eased, late = _eased(share), _eased(max(0.0, 2 * share - 1))
        fresh = [
            ink for key, ink in zip(line.keys, line.inks[FIXED:], strict=True) if key[2] and ink is not None
        ]
        if fresh:
            x0, y0, x1, y1 = union(fresh)
            box = (x0, y0 + line.top - scroll, x1, y1 + line.top - scroll)
            band(canvas, box, _TINT, late * opacity, round(7 * self.film.look.scale))
        for ink in line.inks[:FIXED]:
            if ink is not None:
                draw(canvas, ink, _INK, late * opacity, 0, line.top - scroll)
        for key, ink in zip(line.keys, line.inks[FIXED:], strict=True):
            if ink is None:
                continue
            colour = _mix(_INK, _FRESH, late) if key[2] else _INK
            start = None if key[0] is None or before is None else starts.get(key[0])
            sources = [] if start is None or before is None else before.of(1, start)
            if not sources or key[0] is None:
                draw(canvas, ink, colour, late * opacity, 0, line.top - scroll)
                continue
            old, new = union(sources), union(line.of(0, key[0]))
            dx = (old[0] - new[0]) * (1 - eased)
            dy = (old[1] - lift - (new[1] - scroll)) * (1 - eased)
            alike = (
                abs((old[2] - old[0]) - (new[2] - new[0])) < 3
                and abs((old[3] - old[1]) - (new[3] - new[1])) < 3
            )
            seen = 1.0 if alike else _eased(min(1.0, 1.6 * share))
            if share > 0:
                draw(canvas, ink, colour, seen * opacity, dx, line.top - scroll + dy)


def _one_line(spell: Speller, reason: Inline) -> str:
    return " ".join(spell.plain(reason).split())


def _eased(share: float) -> float:
    """Slow at both ends."""
    return share * share * (3 - 2 * share)


def _mix(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    r, g, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return r, g, blue
