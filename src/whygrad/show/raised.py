"""An example's index above its name, in brackets, as many teachers write it: x_j⁽ⁱ⁾."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

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
    inside,
)
from whygrad.show.glyphs import name_glyph


def raised_examples(box: Box, letters: Iterable[str]) -> Box:
    """The example's index above in brackets, where a name has it first: x_ij becomes x_j⁽ⁱ⁾."""
    shown = {name_glyph(letter).letters for letter in letters}
    done: dict[Box, Box] = {}
    stack: list[tuple[Box, bool]] = [(box, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        # Whoever spells it chooses between a line and two-dimensional print, so both are kept.
        parts = (node.linear, node.stacked) if isinstance(node, Choice) else inside(node, linear=False)
        if ready or not parts:
            done[node] = _raised(node, tuple(done[part] for part in parts), shown)
        else:
            stack.append((node, True))
            stack.extend((part, False) for part in parts)
    return done[box]


def _raised(box: Box, parts: tuple[Box, ...], shown: set[str]) -> Box:
    match box:
        case Choice():
            return Choice(*parts)
        case Mark(_, name):
            return Mark(parts[0], name)
        case Script():
            return _script(cast("Script", rebuilt(box, parts)), box.base, shown)
        case Atom():
            return box
        case _:
            return rebuilt(box, parts)


def rebuilt(box: Box, parts: tuple[Box, ...]) -> Box:
    """The box with other parts, in the order of :func:`whygrad.show.boxes.inside`; a choice is settled."""
    match box:
        case Script(_, sub, sup):
            rest = list(parts[1:])
            below = rest.pop(0) if sub is not None else None
            return Script(parts[0], below, rest.pop(0) if sup is not None else None)
        case Atom(text, role):
            return Atom(text, role)
        case Line():
            return Line(parts)
        case Fraction():
            return Fraction(*parts)
        case BigOp(op, _, _, upper):
            return BigOp(op, parts[0], parts[1], None if upper is None else parts[2])
        case Fence(left, _, right):
            return Fence(left, parts[0], right)
        case Root(_, bare):
            return Root(parts[0], bare)
        case CasesBox():
            pairs = tuple(zip(parts[:-1:2], parts[1:-1:2], strict=True))
            return CasesBox(pairs, parts[-1])
        case Accent(base, mark):
            return Accent(base, mark)
        case Choice():
            return parts[0]
        case Mark():
            return Mark(parts[0])


def _script(made: Script, written: Box, shown: set[str]) -> Script:
    below = made.sub
    places: Sequence[Box] = below.parts if isinstance(below, Line) else () if below is None else (below,)
    first = places[0] if places else None
    is_name = isinstance(written, Accent) or (isinstance(written, Atom) and written.role in ("name", "word"))
    delta = isinstance(written, Atom) and written.text == "δ"
    if not is_name or delta or not (isinstance(first, Atom) and first.text in shown):
        return made
    rest = places[1:]
    if rest and isinstance(rest[0], Atom) and rest[0].role == "comma":
        rest = rest[1:]
    sub = None if not rest else rest[0] if len(rest) == 1 else Line(tuple(rest))
    named = Script(made.base, sub, Fence("(", first, ")"))
    return named if made.sup is None else Script(Fence("(", named, ")"), sup=made.sup)
