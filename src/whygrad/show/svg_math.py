"""Boxes as outlines: formulas set as TeX sets them, measured to a thousandth of an em.

A drawing cannot ask for a font: what is not installed is replaced by something wider, and labels run
into each other. So the letters are outlines (``tex_glyphs.json``, MathJax's TeX font, Apache-2.0), the same
in every viewer, and their measures are known before anything is placed. The rules of spacing are those of
The TeXbook, chapters 17 and 18, in short: scripts are 0.7 as large and closer, the axis is at 0.25 em.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, assert_never

from whygrad.core.cost import Scope
from whygrad.core.document import Inline
from whygrad.core.expr import Expr
from whygrad.show.boxes import (
    Accent,
    Atom,
    BigOp,
    Box,
    CasesBox,
    Choice,
    Fence,
    Fraction,
    Line,
    Mark,
    Root,
    Script,
    spell,
)
from whygrad.show.layout import DEFAULT, Style, layout

_SCRIPT: Final = 0.7
_NESTED: Final = 0.86
"""What stands above and below a bar is this much smaller: a fraction beside a wire must not tower over it."""
_AXIS: Final = 0.25
_BAR: Final = 0.04
_THIN, _MEDIUM, _THICK = 3 / 18, 4 / 18, 5 / 18
_SAME: Final = {"·": "⋅", "ᵀ": "⊤", "‖": "∥", "Σ": "∑", "Π": "∏", "\u00a0": " "}
_SIZES: Final = ("normal", "size1", "size2", "size3", "size4")
FALLBACK_WIDTH: Final = 0.62


class Glyph(NamedTuple):
    """One letter or stroke: which, where its origin is, how large. ``font`` "rule" is a filled bar."""

    font: str
    char: str
    x: float
    y: float
    across: float
    up: float
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """Something set: how wide, how far above and below the line it stands on (y grows upwards), in em."""

    width: float
    above: float
    below: float
    glyphs: tuple[Glyph, ...] = ()

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.above + self.below

    def moved(self, dx: float, dy: float = 0.0, scale: float = 1.0) -> tuple[Glyph, ...]:
        """The letters scaled, then shifted."""
        return tuple(
            Glyph(
                g.font, g.char, dx + scale * g.x, dy + scale * g.y, scale * g.across, scale * g.up, g.changed
            )
            for g in self.glyphs
        )

    def scaled(self, scale: float) -> Drawn:
        """The same in another size."""
        return Drawn(scale * self.width, scale * self.above, scale * self.below, self.moved(0, 0, scale))


NOTHING: Final = Drawn(0.0, 0.0, 0.0)


class _Outline(NamedTuple):
    width: float
    above: float
    below: float
    path: str


@cache
def _font() -> dict[str, dict[str, _Outline]]:
    text = files("whygrad.show").joinpath("tex_glyphs.json").read_text(encoding="utf-8")
    return {
        name: {c: _Outline(w / 1000, h / 1000, d / 1000, path) for c, (w, h, d, path) in table.items()}
        for name, table in json.loads(text).items()
    }


def outline(font: str, char: str) -> str:
    """The path of a letter, a thousand units to the em, y upwards; "" for a space or an unknown one."""
    found = _font().get(font, {}).get(char)
    return "" if found is None else found.path


def _letter(char: str, font: str = "normal") -> Drawn:
    char = _SAME.get(char, char)
    tables = _font()
    for name in (font, "normal", "italic"):
        found = tables[name].get(char)
        if found is not None:
            return Drawn(found.width, found.above, found.below, (Glyph(name, char, 0, 0, 1, 1),))
    return Drawn(FALLBACK_WIDTH, 0.7, 0.2, (Glyph("text", char, 0, 0, 1, 1),))


def _word(text: str, font: str = "normal") -> Drawn:
    if text == "𝟏":
        return _letter("1", "bold")
    return beside([_letter(c, font) for c in text])


def beside(parts: Iterable[Drawn]) -> Drawn:
    """Parts one after the other on one line."""
    x = above = below = 0.0
    glyphs: list[Glyph] = []
    for part in parts:
        glyphs.extend(part.moved(x))
        x, above, below = x + part.width, max(above, part.above), max(below, part.below)
    return Drawn(x, above, below, tuple(glyphs))


def _space(width: float) -> Drawn:
    return Drawn(width, 0.0, 0.0)


def set_words(text: str) -> Drawn:
    """Upright words.

    >>> 2 < set_words("chain").width < 2.5
    True
    """
    return _word(text)


def set_inline(parts: Inline, scope: Scope | None = None) -> Drawn:
    """Running text with formulas in it, on one line."""
    return beside(_word(p) if isinstance(p, str) else set_math(p, scope) for p in parts)


def set_math(e: Expr, scope: Scope | None = None, style: Style = DEFAULT) -> Drawn:
    """A formula, set and measured.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol, Pow, TWO
    >>> x = set_math(Symbol("x"))
    >>> square = set_math(Pow(Symbol("x"), TWO))
    >>> square.width > x.width, square.above > x.above, square.below == x.below
    (True, True, True)
    """
    return set_box(layout(e, scope, style))


def set_box(box: Box) -> Drawn:
    """A laid-out formula, set and measured."""
    return spell(box, _both, linear=False).full


class _Set(NamedTuple):
    """A box in running size and as it stands in a script, where signs have no room around them."""

    full: Drawn
    script: Drawn
    first: str = ""


def _both(box: Box, parts: tuple[_Set, ...]) -> _Set:
    first = box.role if isinstance(box, Atom) else parts[0].first if parts else ""
    if isinstance(box, BigOp):
        first = "function"
    full = _set(box, parts, lambda part: part.full, tight=False)
    return _Set(full, _set(box, parts, lambda part: part.script, tight=True), first)


def _set(box: Box, parts: tuple[_Set, ...], take: Callable[[_Set], Drawn], *, tight: bool) -> Drawn:
    kids = [take(part) for part in parts]
    match box:
        case Atom(text, role):
            return _atom(text, role, tight)
        case Line():
            return _line(box, parts, kids)
        case Fraction():
            return _fraction(kids[0], kids[1])
        case Script(_, sub, sup):
            small = [part.script for part in parts[1:]]
            return _script(
                kids[0], small[0] if sub is not None else None, small[-1] if sup is not None else None
            )
        case BigOp():
            return _big(box, kids[1], [part.script for part in (parts[0], *parts[2:])])
        case Fence(left, _, right):
            return _fence(left, kids[0], right)
        case Root():
            return _root(kids[0])
        case CasesBox():
            return _cases(kids)
        case Accent(_, mark):
            return _accent(kids[0], mark)
        case Choice():
            return kids[0]
        case Mark():
            pointed = tuple(g._replace(changed=True) for g in kids[0].glyphs)
            return Drawn(kids[0].width, kids[0].above, kids[0].below, pointed)
        case _:
            assert_never(box)


_AROUND: Final = {"plus": _MEDIUM, "times": _MEDIUM, "relation": _THICK}


def _atom(text: str, role: str, tight: bool) -> Drawn:
    match role:
        case "plus" | "relation" | "times":
            room = _space(0.0 if tight else _AROUND[role])
            return beside((room, _word(text.strip()), room))
        case "gap":
            return _space(0.0 if tight else 0.06)
        case "space":
            return _space(_THIN)
        case "comma":
            return beside((_word(text.strip()), _space(_THIN if text.endswith(" ") else 0.0)))
        case "tight":
            return _space(_THIN) if text == " " else _word(text)
        case "name":
            return _word(text, "italic")
        case "partial":
            return _word(text, "italic" if text == "∂" else "normal")
        case _:
            return _word(text)


def _line(box: Line, parts: tuple[_Set, ...], kids: list[Drawn]) -> Drawn:
    out: list[Drawn] = []
    for k, part in enumerate(box.parts):
        chosen = part.stacked if isinstance(part, Choice) else part
        gap = isinstance(chosen, Atom) and chosen.role == "gap"
        words = gap and k + 1 < len(parts) and parts[k + 1].first == "function"
        out.append(_space(_THIN) if words else kids[k])
    return beside(out)


def _rule(x: float, y: float, width: float, height: float) -> Glyph:
    return Glyph("rule", "", x, y, width, height)


def _fraction(over: Drawn, under: Drawn) -> Drawn:
    top, bottom = over.scaled(_NESTED), under.scaled(_NESTED)
    inner = max(top.width, bottom.width)
    width = inner + 0.16
    up = _AXIS + 0.14 + top.below
    down = _AXIS - 0.14 - bottom.above
    glyphs = (
        *top.moved((width - top.width) / 2, up),
        _rule(0.05, _AXIS - _BAR / 2, width - 0.1, _BAR),
        *bottom.moved((width - bottom.width) / 2, down),
    )
    return Drawn(width, up + top.above, bottom.below - down, glyphs)


def _script(base: Drawn, sub: Drawn | None, sup: Drawn | None) -> Drawn:
    glyphs: list[Glyph] = list(base.glyphs)
    above, below, room = base.above, base.below, 0.0
    low = sub.scaled(_SCRIPT) if sub is not None else None
    high = sup.scaled(_SCRIPT) if sup is not None else None
    up = max(0.36 if low is None else 0.41, base.above - 0.36)
    down = max(0.15 if high is None else 0.25, base.below - 0.02)
    if low is not None:
        if high is not None:  # the two may not touch
            down = max(down, low.above - (up - high.below) + 0.1)
        glyphs.extend(low.moved(base.width + 0.02, -down))
        below, room = max(below, down + low.below), low.width
    if high is not None:
        up = max(up, high.below + 0.1)
        glyphs.extend(high.moved(base.width + 0.06, up))
        above, room = max(above, up + high.above), max(room, high.width + 0.04)
    return Drawn(base.width + room + 0.05, above, below, tuple(glyphs))


def _big(box: BigOp, body: Drawn, limits: Sequence[Drawn]) -> Drawn:
    sign = _centred(_letter("∑" if box.op == "sum" else "∏", "size1")) if box.op in ("sum", "prod") else None
    head = sign or _word(box.op)
    low = limits[0].scaled(_SCRIPT)
    high = limits[1].scaled(_SCRIPT) if len(limits) > 1 else NOTHING
    width = max(head.width, low.width, high.width)
    down = head.below + 0.08 + low.above
    glyphs = [*head.moved((width - head.width) / 2), *low.moved((width - low.width) / 2, -down)]
    above = head.above
    if high.width:
        up = head.above + 0.1 + high.below
        glyphs.extend(high.moved((width - high.width) / 2, up))
        above = up + high.above
    return beside((Drawn(width, above, down + low.below, tuple(glyphs)), _space(_THIN), body))


def _centred(sign: Drawn) -> Drawn:
    """A sign moved so that its middle is on the axis."""
    shift = _AXIS - (sign.above - sign.below) / 2
    return Drawn(sign.width, sign.above + shift, sign.below - shift, sign.moved(0, shift))


def _tall(char: str, height: float) -> Drawn:
    """A bracket at least so high about the axis: the smallest that fits, else the largest stretched."""
    found = _letter(char)
    for size in _SIZES:
        if _SAME.get(char, char) in _font()[size]:
            found = _letter(char, size)
            if found.height >= height:
                return _centred(found)
    stretch = max(1.0, height / found.height)
    glyphs = tuple(g._replace(up=stretch * g.up) for g in found.glyphs)
    return _centred(Drawn(found.width, stretch * found.above, stretch * found.below, glyphs))


def _fence(left: str, body: Drawn, right: str) -> Drawn:
    reach = 2 * max(body.above - _AXIS, body.below + _AXIS)
    height = max(1.0, 0.92 * reach) if reach > 1.05 else 1.0
    return beside((_tall(left, height), body, _tall(right, height)))


def _root(body: Drawn) -> Drawn:
    height = body.height + 0.2
    sign = _letter("√")
    for size in _SIZES:
        sign = _letter("√", size)
        if sign.height >= height:
            break
    stretch = max(1.0, height / sign.height)
    top = body.above + 0.12 + max(0.0, (stretch * sign.height - height) / 2)
    shift = top - stretch * sign.above
    glyphs = (
        *(g._replace(y=shift, up=stretch * g.up) for g in sign.glyphs),
        _rule(sign.width - 0.02, top - _BAR, body.width + 0.08, _BAR),
        *body.moved(sign.width + 0.02),
    )
    below = max(body.below, stretch * sign.height - top)
    return Drawn(sign.width + body.width + 0.08, top + 0.04, below, glyphs)


def _accent(base: Drawn, mark: str) -> Drawn:
    sign = _letter({"hat": "ˆ", "bar": "¯", "tilde": "˜"}[mark])
    up = max(0.0, base.above - 0.43)
    glyphs = (*base.glyphs, *sign.moved((base.width - sign.width) / 2 + 0.04, up))
    return Drawn(max(base.width, sign.width), up + sign.above, base.below, glyphs)


def _cases(kids: Sequence[Drawn]) -> Drawn:
    pairs = [*zip(kids[:-1:2], kids[1:-1:2], strict=True)]
    rows = [(value, beside((_word("if "), when))) for value, when in pairs]
    rows.append((kids[-1], _word("otherwise")))
    column = max(value.width for value, _ in rows) + 1.0
    stacked = stack([beside((v, _space(column - v.width), when)) for v, when in rows], gap=0.3)
    body = Drawn(stacked.width, stacked.height / 2 + _AXIS, stacked.height / 2 - _AXIS,
                 stacked.moved(0, stacked.height / 2 + _AXIS - stacked.above))  # fmt: skip
    return beside((_tall("{", body.height), _space(0.1), body))


def stack(lines: Sequence[Drawn], gap: float = 0.25, *, centred: bool = False) -> Drawn:
    """Lines below one another; the first gives the line it all stands on."""
    width = max((line.width for line in lines), default=0.0)
    y = 0.0
    glyphs: list[Glyph] = []
    for k, line in enumerate(lines):
        if k:
            y -= lines[k - 1].below + gap + line.above
        glyphs.extend(line.moved((width - line.width) / 2 if centred else 0.0, y))
    below = lines[-1].below - y if lines else 0.0
    return Drawn(width, lines[0].above if lines else 0.0, below, tuple(glyphs))
