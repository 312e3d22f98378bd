"""Fitting text and formulas into columns: where lines are broken, and how they are coloured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whygrad.core.cost import Scope
from whygrad.core.document import Inline
from whygrad.core.expr import Expr
from whygrad.show.text import (
    BREAK_OVER,
    BREAK_PRODUCT,
    BREAK_SUM,
    MARK_OFF,
    MARK_ON,
    breakable,
    plain,
    to_ascii,
    width,
)
from whygrad.show.theme import ANSI, RESET

_BREAKS = (BREAK_SUM, BREAK_PRODUCT, BREAK_OVER)
_OPENING, _CLOSING = "([{", ")]}"


def break_formula(spelled: str, first: int, rest: int) -> list[str]:
    """Cut a spelled formula into lines of at most ``first`` and then ``rest`` columns.

    It is cut before a + or − outside all brackets if there is one not too far left, else before a
    factor there, else at the shallowest place there is.
    """
    lines: list[str] = []
    room = max(first, 1)
    while width(plain(spelled)) > room:
        cut = _best_cut(spelled, room)
        head, tail = spelled[:cut], spelled[cut:]
        lines.append(head)
        spelled = tail[1:] if tail[:1] in _BREAKS else tail
        room = max(rest, 1)
    lines.append(spelled)
    return _reopened(lines)


def _best_cut(spelled: str, room: int) -> int:
    depth = column = 0
    best: tuple[int, int, int] | None = None
    hard = 1
    for position, c in enumerate(spelled):
        if c in _BREAKS:
            rank = 2 * depth + (c != BREAK_SUM)
            # A break far left wastes the line: it is taken only when it is a good deal shallower.
            found = (rank + (3 if 3 * column < room else 0), -column, position)
            if position and column and (best is None or found[:2] < best[:2]):
                best = found
        depth += (c in _OPENING) - (c in _CLOSING)
        column += width(plain(c))
        if column <= room:
            hard = position + 1
        else:
            break
    return hard if best is None else best[2]


def _reopened(lines: list[str]) -> list[str]:
    """Close the marks at the end of each line and open them again on the next."""
    out: list[str] = []
    depth = 0
    for text in lines:
        opened = MARK_ON * depth + text
        depth += text.count(MARK_ON) - text.count(MARK_OFF)
        out.append(opened + MARK_OFF * depth)
    return out


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of running text that is not cut, and the number of spaces before it (0: glued)."""

    text: str
    gap: int = 1


_WIDE_GAP = 3
"""This many spaces in a text are kept, and are where its line is broken first."""


def words(parts: Inline, scope: Scope, *, ascii: bool = False) -> list[Word]:
    """Running text as words; a formula or a piece of code is one word, broken only if it must be."""
    out: list[Word] = []
    gap = 0
    for part in parts:
        if isinstance(part, Expr):
            out.append(Word(breakable(part, scope, ascii=ascii), gap))
            gap = 0
            continue
        for k, run in enumerate(part.split("`")):
            shown = printable(run)
            shown = to_ascii(shown) if ascii else shown
            if k % 2:
                out.append(Word(shown.replace(" ", BREAK_PRODUCT), gap))
                gap = 0
                continue
            for n, word in enumerate(shown.split(" ")):
                gap += 1 if n else 0
                if word:
                    out.append(Word(word, gap))
                    gap = 0
    return out


def printable(text: str) -> str:
    """Text on one line, without what would move the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)


def wrap(text: Sequence[Word], first: int, rest: int) -> list[str]:
    """Fill lines of at most ``first`` and then ``rest`` columns."""
    lines: list[str] = [""]
    used, room = 0, max(first, 1)
    for stretch in _stretches(text):
        whole = sum(width(plain(joined)) + gap for joined, gap in stretch)
        if used and used + whole > room and len(lines[-1]) > 0 and stretch[0][1] >= _WIDE_GAP:
            lines.append("")
            used, room = 0, max(rest, 1)
        for joined, gap in stretch:
            size = width(plain(joined))
            if used and used + gap + size > room:
                lines.append("")
                used, room = 0, max(rest, 1)
            if size > room:
                *cut, joined = break_formula(joined, room, max(rest, 1))
                lines[-1:] = [*cut, ""]
                size, room = width(plain(joined)), max(rest, 1)
            lines[-1] += " " * (gap if used else 0) + joined
            used += size + (gap if used else 0)
    return lines


def _stretches(text: Iterable[Word]) -> list[list[tuple[str, int]]]:
    """Glued words joined, with their gaps; a wide gap begins a new stretch."""
    out: list[list[tuple[str, int]]] = []
    for word in text:
        if out and word.gap == 0:
            before, gap = out[-1][-1]
            out[-1][-1] = (before + word.text, gap)
        elif out and word.gap < _WIDE_GAP:
            out[-1].append((word.text, 1))
        else:
            out.append([(word.text, word.gap)])
    return out


def coloured(spelled: str, color: bool) -> str:
    """Control characters out; marked parts coloured if asked."""
    if not color:
        return plain(spelled)
    out: list[str] = []
    depth = 0
    for c in spelled:
        if c == MARK_ON:
            out.append(ANSI["changed"] if depth == 0 else "")
            depth += 1
        elif c == MARK_OFF:
            depth -= 1
            out.append("\x1b[39m" if depth == 0 else "")
        else:
            out.append(plain(c))
    return "".join(out)


def painted(text: str, role: str, color: bool) -> str:
    """``text`` in the colour of a role."""
    return f"{ANSI[role]}{text}{RESET}" if color and text else text


def underline(spelled: str, *, ascii: bool = False) -> str:
    """A line that points out the marked parts from below, or nothing."""
    out: list[str] = []
    depth = 0
    for c in spelled:
        if c in (MARK_ON, MARK_OFF):
            depth += 1 if c == MARK_ON else -1
        else:
            out.append(("^" if ascii else "‾") * width(plain(c)) if depth else " " * width(plain(c)))
    return "".join(out).rstrip()
