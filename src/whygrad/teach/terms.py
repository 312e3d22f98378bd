"""The terms of a formula, told apart: which letters and signs belong to which part.

The layout does not say which box came from which part of an expression. But it can point out a part, and the
letters and signs of a formula stand in the same order whether a part is pointed out or not. So each part in
question is pointed out once, and the letters inside are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from whygrad.core.expr import Expr
from whygrad.core.walk import Path
from whygrad.show.boxes import Accent, Atom, BigOp, Box, CasesBox, Fence, Fraction, Mark, Root, inside
from whygrad.show.breaking import break_box
from whygrad.show.raised import rebuilt
from whygrad.show.typst import typst_of

Layout = Callable[[Expr, Sequence[Path]], Box]
Key = tuple[Path | None, Path | None, bool]
"""The part it came from, the part it goes to, whether it is new."""
FIXED: Final = 2
"""The left side and the relation are the first two terms of a line."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A line whose terms have numbers: ``code`` is a function of ``tag``; ``keys`` start at ``FIXED``."""

    code: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class _Letter:
    box: Box
    kind: str
    pointed: bool


def terms(
    e: Expr,
    layout: Layout,
    limit: float,
    *,
    arriving: Sequence[Path] = (),
    leaving: Sequence[Path] = (),
    new: Sequence[Path] = (),
) -> Terms:
    """Tell the terms of a line apart.

    Parameters
    ----------
    e
        The right-hand side.
    layout
        Lays an expression out with parts pointed out.
    limit
        Letters in a line; longer formulas are broken.
    arriving, leaving
        The parts that came from the line before, and that go to the next; no two of a kind overlap.
    new
        The parts to colour.
    """

    def broken(marks: Sequence[Path]) -> list[Box]:
        return [_distinct(one) for one in break_box(layout(e, marks), limit)]

    lines = broken(())
    letters = [letter for one in lines for letter in _letters(one)]

    def within(path: Path) -> frozenset[int]:
        pointed = [letter for one in broken((path,)) for letter in _letters(one)]
        if [p.kind for p in pointed] != [p.kind for p in letters]:
            return frozenset()
        return frozenset(k for k, p in enumerate(pointed) if p.pointed)

    came = {path: within(path) for path in dict.fromkeys(arriving)}
    goes = {path: within(path) for path in dict.fromkeys(leaving)}
    fresh = frozenset[int]().union(*(within(path) for path in new))
    keys: dict[Key, int] = {}
    wraps: dict[Box, str] = {}
    for k, letter in enumerate(letters):
        source = next((path for path, its in came.items() if k in its), None)
        target = next((path for path, its in goes.items() if k in its), None)
        number = keys.setdefault((source, target, k in fresh), len(keys) + FIXED)
        wraps[letter.box] = f"tag(#{number}, "
    ways = "".join(
        f"$display({'tag(#1, eq) ' if n == 0 else ''}{typst_of(one, wraps)})$," for n, one in enumerate(lines)
    )
    return Terms(f"tag => ({ways})", tuple(keys))


def _letters(box: Box) -> list[_Letter]:
    """What has ink, in reading order; the bar of a fraction and the like come before what they hold."""
    out: list[_Letter] = []
    stack: list[tuple[Box, bool]] = [(box, False)]
    while stack:
        node, pointed = stack.pop()
        match node:
            case Mark(body):
                stack.append((body, True))
                continue
            case Atom(text, role):
                if text.strip() and role not in ("gap", "space"):
                    out.append(_Letter(node, text, pointed))
                continue
            case Accent():
                out.append(_Letter(node, "accent", pointed))
                continue
            case Fraction() | BigOp() | Fence() | Root() | CasesBox():
                out.append(_Letter(node, type(node).__name__, pointed))
            case _:
                pass
        stack.extend((part, pointed) for part in reversed(inside(node, linear=False)))
    return out


def _distinct(box: Box) -> Box:
    """The same formula in which no box stands twice, so that each can be told apart."""
    done: list[Box] = []
    stack: list[tuple[Box, bool]] = [(box, False)]
    while stack:
        node, ready = stack.pop()
        parts = inside(node, linear=False)
        if ready:
            kept = done[len(done) - len(parts) :] if parts else []
            del done[len(done) - len(kept) :]
            done.append(rebuilt(node, tuple(kept)))
        else:
            stack.append((node, True))
            stack.extend((part, False) for part in reversed(parts))
    return done[0]
