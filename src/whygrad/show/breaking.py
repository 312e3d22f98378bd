"""Long formulas in two-dimensional print: cut into lines before a + or −, else before a factor."""

from __future__ import annotations

from whygrad.show.boxes import Atom, Box, Line, spell
from whygrad.show.pieces import line
from whygrad.show.text import linear, plain, width

LIMIT = 84
"""Columns of text that fit a page beside a left-hand side, about."""


def text_width(box: Box) -> int:
    """How many columns the box would take in a line of text."""
    return width(plain(spell(box, linear, linear=True)))


def break_box(box: Box, limit: int = LIMIT) -> list[Box]:
    """The box as lines of about ``limit`` columns; brackets are never cut."""
    if not isinstance(box, Line) or text_width(box) <= limit:
        return [box]
    lines: list[Box] = []
    for chunk in _filled(_cut(box.parts, "plus"), limit):
        if text_width(line(*chunk)) <= limit:
            lines.append(line(*chunk))
        else:
            lines.extend(line(*part) for part in _filled(_cut(chunk, "times", "gap", "space"), limit))
    return lines


def _cut(parts: tuple[Box, ...], *roles: str) -> list[tuple[Box, ...]]:
    """Pieces that begin with an atom of one of the roles, but for the first."""
    chunks: list[list[Box]] = [[]]
    for part in parts:
        if isinstance(part, Atom) and part.role in roles and chunks[-1]:
            chunks.append([])
        chunks[-1].append(part)
    return [tuple(chunk) for chunk in chunks]


def _filled(chunks: list[tuple[Box, ...]], limit: int) -> list[tuple[Box, ...]]:
    """Neighbouring chunks joined as long as they fit."""
    lines: list[tuple[Box, ...]] = []
    used = 0
    for chunk in chunks:
        size = text_width(line(*chunk))
        if lines and used + size <= limit:
            lines[-1] += chunk
            used += size
        else:
            lines.append(chunk)
            used = size
    return lines
