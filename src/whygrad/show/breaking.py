"""Long formulas in two-dimensional print: cut into lines before a + or −, else before a factor.

The choice of the stacked side is final here: what is broken is for two-dimensional print.
"""

from __future__ import annotations

from typing import assert_never

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
from whygrad.show.pieces import line
from whygrad.show.text import width

LIMIT = 84
"""Letters that fit a line of a page beside a left-hand side, about."""
_OPENED = 6
"""So many brackets are opened at most."""
_SCRIPT = 0.8
_ROLE_WIDTH = {"plus": 2.6, "relation": 3.0, "times": 1.9, "gap": 0.0, "space": 0.4, "tight": 0.3}


def print_width(box: Box) -> float:
    """How wide the box is in print, in letters, about."""
    return spell(box, _width, linear=False)


def _width(box: Box, parts: tuple[float, ...]) -> float:
    match box:
        case Atom(text, role):
            capitals = sum(c.isupper() for c in text)
            return _ROLE_WIDTH.get(role, width(text) + 0.35 * capitals)
        case Line() | Mark() | Choice():
            return sum(parts)
        case Fraction():
            return max(parts) + 1.0
        case Script():
            return parts[0] + _SCRIPT * max(parts[1:], default=0.0)
        case BigOp():
            return max(3.3, _SCRIPT * parts[0]) + parts[1]
        case Fence():
            return parts[0] + 2.2
        case Root():
            return parts[0] + 1.9
        case CasesBox():
            return 6.0 + max(parts[:-1:2]) + max(parts[1:-1:2])
        case Accent():
            return parts[0]
        case _:
            assert_never(box)


def break_box(box: Box, limit: float = LIMIT) -> list[Box]:
    """The box as lines of about ``limit`` letters.

    It is cut before a + or −, and where that is not enough before a factor; a long bracket or the
    body of a sum is cut like the rest.
    """
    ruler = _Ruler()
    if ruler.of(box) <= limit:
        return [box]
    parts = _parts(box)
    lines = ruler.lines(parts, limit)
    for _ in range(_OPENED):
        opened = None if all(ruler.total(one) <= limit for one in lines) else ruler.open_widest(parts)
        if opened is None:
            break
        parts = opened
        lines = ruler.lines(parts, limit)
    return [line(*one) for one in lines]


class _Ruler:
    """Measures boxes once."""

    def __init__(self) -> None:
        self.known: dict[Box, float] = {}

    def of(self, box: Box) -> float:
        return spell(box, _width, linear=False, done=self.known)

    def total(self, parts: tuple[Box, ...]) -> float:
        return sum(map(self.of, parts))

    def lines(self, parts: tuple[Box, ...], limit: float) -> list[tuple[Box, ...]]:
        """Cut before signs, and before factors where that is not enough."""
        lines: list[tuple[Box, ...]] = []
        for chunk in self.filled(_cut(parts, "plus"), limit):
            fits = self.total(chunk) <= limit
            lines.extend([chunk] if fits else self.filled(_cut(chunk, "times", "gap", "space"), limit))
        return lines

    def filled(self, chunks: list[tuple[Box, ...]], limit: float) -> list[tuple[Box, ...]]:
        """Neighbouring chunks joined as long as they fit."""
        lines: list[tuple[Box, ...]] = []
        used = 0.0
        for chunk in chunks:
            size = self.total(chunk)
            if lines and used + size <= limit:
                lines[-1] += chunk
                used += size
            else:
                lines.append(chunk)
                used = size
        return lines

    def open_widest(self, parts: tuple[Box, ...]) -> tuple[Box, ...] | None:
        """The widest bracket or sum taken apart; None where there is none with something to cut."""
        for k in sorted(range(len(parts)), key=lambda k: -self.of(parts[k])):
            inner = _inner(parts[k])
            if inner:
                return parts[:k] + inner + parts[k + 1 :]
        return None


def _parts(box: Box) -> tuple[Box, ...]:
    """What stands side by side in a box, each part pointed out if the whole was."""
    out: list[Box] = []
    stack: list[tuple[Box, bool]] = [(box, False)]
    while stack:
        node, pointed = stack.pop()
        match node:
            case Line(parts):
                stack.extend((part, pointed) for part in reversed(parts))
            case Mark(body, name) if _is_line(body):
                stack.append((body, pointed or not name))
            case Choice(_, stacked) if _is_line(stacked):
                stack.append((stacked, pointed))
            case _:
                out.append(Mark(node) if pointed and not _is_cut(node) else node)
    return tuple(out)


def _is_line(box: Box) -> bool:
    match box:
        case Mark(body):
            return _is_line(body)
        case Choice(_, stacked):
            return _is_line(stacked)
        case _:
            return isinstance(box, Line)


def _is_cut(box: Box) -> bool:
    return isinstance(box, Atom) and box.role in ("plus", "times", "gap", "space")


def _inner(box: Box) -> tuple[Box, ...]:
    match box:
        case Fence("(", body, ")"):
            parts = _parts(body)
            if any(isinstance(part, Atom) and part.role == "plus" for part in parts):
                return (Atom("(", "tight"), *parts, Atom(")", "tight"))
            return ()
        case BigOp(op, lower, body, upper):
            return (BigOp(op, lower, Atom("", "tight"), upper), *_parts(body))
        case Mark(body, name):
            return tuple(part if name or _is_cut(part) else Mark(part) for part in _inner(body))
        case Choice(_, stacked):
            return _inner(stacked)
        case _:
            return ()


def _cut(parts: tuple[Box, ...], *roles: str) -> list[tuple[Box, ...]]:
    """Pieces that begin with an atom of one of the roles, but for the first."""
    chunks: list[list[Box]] = [[]]
    for part in parts:
        if isinstance(part, Atom) and part.role in roles and chunks[-1]:
            chunks.append([])
        chunks[-1].append(part)
    return [tuple(chunk) for chunk in chunks]
