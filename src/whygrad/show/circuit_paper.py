"""A placed circuit written down as SVG: labels, cards, wires, in the colours of the viewer's scheme."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from html import escape
from typing import Final

from whygrad.show.svg_math import Drawn
from whygrad.show.svg_pen import Pen
from whygrad.show.theme import DARK, LIGHT, Palette


@dataclass(frozen=True, slots=True)
class Label:
    """Something written: where (top left), how large, and in which colour."""

    drawn: Drawn
    x: float
    y: float
    size: float
    role: str
    says: str
    step: int = 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x, self.y, self.x + self.size * self.drawn.width, self.y + self.size * self.drawn.height


@dataclass(frozen=True, slots=True)
class Card:
    """The frame of a gate or an input."""

    x: float
    y: float
    width: float
    height: float
    role: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A wire, or the stub that carries its labels."""

    points: tuple[tuple[float, float], ...]
    role: str
    curved: bool
    goes_on: bool = False
    """Whether it ends in an arrow: it goes on in a band below."""


@dataclass(slots=True)
class Picture:
    """Everything placed; :func:`to_svg` writes it down."""

    title: str
    says: str
    width: float = 0.0
    height: float = 0.0
    labels: list[Label] = field(default_factory=list[Label])
    cards: list[Card] = field(default_factory=list[Card])
    tints: list[Card] = field(default_factory=list[Card])
    strokes: list[Stroke] = field(default_factory=list[Stroke])
    steps: int = 0

    @property
    def shown(self) -> frozenset[int]:
        """The steps that something in it belongs to: all of them, or those of its band."""
        return frozenset(label.step for label in self.labels)


COLOURS: Final = {
    "ink": "ink", "title": "ink", "quiet": "quiet", "local": "accent", "forward": "right",
    "backward": "wrong", "once": "wrong",
}  # fmt: skip


def _scheme(palette: Palette) -> str:
    rules = [f".wg-{role}{{fill:{getattr(palette, colour)}}}" for role, colour in COLOURS.items()]
    rules += [
        f".wg-paper{{fill:{palette.paper}}}",
        f".wg-card{{fill:{palette.raised};stroke:{palette.rule}}}",
        f".wg-card-param{{fill:{palette.paper};stroke:{palette.accent}}}",
        f".wg-card-data,.wg-card-const{{fill:{palette.paper};stroke:{palette.rule}}}",
        f".wg-card-again{{fill:{palette.paper};stroke:{palette.quiet};stroke-dasharray:4 3}}",
        f".wg-card-root{{fill:{palette.raised};stroke:{palette.ink}}}",
        f".wg-tint{{fill:{palette.changed_paper}}}",
        f".wg-wire{{fill:none;stroke:{palette.quiet}}}",
        f".wg-data{{fill:none;stroke:{palette.quiet};stroke-dasharray:2 3}}",
        f".wg-tip{{fill:{palette.quiet}}}",
    ]
    return "".join(rules)


_STYLE: Final = _scheme(LIGHT) + f"@media (prefers-color-scheme:dark){{{_scheme(DARK)}}}"


def to_svg(made: Picture, *, upto: int | None = None) -> str:
    """Write a picture down as SVG."""
    pen = Pen(f"wg{zlib.crc32(repr((made.title, made.width, len(made.labels))).encode()):x}-", {})
    body: list[str] = [f'<rect class="wg-paper" width="{made.width:.1f}" height="{made.height:.1f}" rx="6"/>']
    body.extend(
        f'<rect class="wg-tint" x="{c.x:.1f}" y="{c.y:.1f}" width="{c.width:.1f}" '
        f'height="{c.height:.1f}" rx="5"/>'
        for c in made.tints
        if upto is None or c.step <= upto
    )
    body.extend(_stroke(s) for s in made.strokes)
    body.extend(_card(c) for c in made.cards)
    body.extend(_label(label, pen, upto) for label in made.labels)
    inner = "".join(body)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'width="{made.width:.0f}" height="{made.height:.0f}" '
        f'viewBox="0 0 {made.width:.1f} {made.height:.1f}">'
        f"<title>{escape(made.title)}</title><desc>{escape(_description(made))}</desc>"
        f"<style>{_STYLE}</style>{pen.definitions()}{inner}</svg>\n"
    )


def _description(made: Picture) -> str:
    """The drawing in words, for those who do not see it."""
    said = [label.says for label in made.labels if label.role in ("forward", "backward", "once")]
    return f"{made.says} {'; '.join(said)}."


def _label(label: Label, pen: Pen, upto: int | None) -> str:
    hidden = ' visibility="hidden"' if upto is not None and label.step > upto else ""
    step = f' data-step="{label.step}"' if label.step else ""
    shapes = pen.place(label.drawn, label.x, label.y + label.size * label.drawn.above, label.size)
    return f'<g class="wg-{label.role}"{step}{hidden}><title>{escape(label.says)}</title>{shapes}</g>'


def _card(card: Card) -> str:
    round_ = 15.0 if card.role in ("param", "data", "const", "again") else 7.0
    return (
        f'<rect class="wg-card wg-card-{card.role}" x="{card.x:.1f}" y="{card.y:.1f}" '
        f'width="{card.width:.1f}" height="{card.height:.1f}" rx="{round_}"/>'
    )


def _stroke(stroke: Stroke) -> str:
    points = stroke.points
    if not stroke.curved:
        (x, y), (end, _) = points
        line = f'<path class="wg-{stroke.role}" d="M{x:.1f} {y:.1f}H{end:.1f}"/>'
        return line + _tip(end, y) if stroke.goes_on else line
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for k in range(1, len(points), 2):
        path.append(curve(points[k - 1], points[k]))
        if k + 1 < len(points):
            path.append(f"H{points[k + 1][0]:.1f}")
    return f'<path class="wg-{stroke.role}" d="{"".join(path)}"/>{_tip(*points[-1])}'


def _tip(x: float, y: float) -> str:
    return f'<path class="wg-tip" d="M{x:.1f} {y:.1f}l-7 -3.5v7z"/>'


def curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A wire through a channel: level at both ends."""
    middle = (start[0] + end[0]) / 2
    return f"C{middle:.1f} {start[1]:.1f} {middle:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
