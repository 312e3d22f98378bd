"""Boxes: what a formula looks like before any medium spells it.

:mod:`whygrad.show.layout` decides every bracket, sign and fraction once; ``text.py``, ``latex.py`` and
``mathml.py`` only spell these boxes. Where one line of characters needs more than two-dimensional
print does (``(a + b)/c`` against a fraction bar), a :class:`Choice` holds both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")

Role = Literal[
    "name",  # a variable: one letter, slanted
    "word",  # a longer name, upright
    "function",  # log, max, tr: upright, an operator
    "number",
    "upright",  # ones, identity and other fixed symbols of one letter
    "sign",  # a minus in front
    "plus",  # between terms
    "relation",  # between sides
    "times",  # an explicit product sign
    "gap",  # a product without a sign
    "space",  # a product without a sign next to a longer name
    "comma",
    "slash",
    "partial",
    "text",  # words: if, and, otherwise
    "tight",  # nothing, or what stands without any space
]


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """Characters that stand together, and what they are."""

    text: str
    role: Role


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Boxes side by side."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fraction:
    """One box over another."""

    over: Box
    under: Box


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """A base with something below or above its right end."""

    base: Box
    sub: Box | None = None
    sup: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BigOp:
    """A sum, product, maximum or minimum: the sign, what runs, what it takes."""

    op: str
    lower: Box
    body: Box
    upper: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fence:
    """Something in brackets."""

    left: str
    body: Box
    right: str


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """A square root; ``bare``: one line needs no brackets."""

    body: Box
    bare: bool


@dataclass(frozen=True, slots=True, eq=False)
class CasesBox:
    """Values with their conditions; the last value stands otherwise."""

    branches: tuple[tuple[Box, Box], ...]
    otherwise: Box


@dataclass(frozen=True, slots=True, eq=False)
class Accent:
    """A hat, bar or tilde over a letter."""

    base: Atom
    mark: Literal["hat", "bar", "tilde"]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What stands in a line of characters, and what in two-dimensional print."""

    linear: Box
    stacked: Box


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A part to point out: what a step touched; or, with a name, one that a page tells by it."""

    body: Box
    name: str = ""


Box = Atom | Line | Fraction | Script | BigOp | Fence | Root | CasesBox | Accent | Choice | Mark


def inside(box: Box, linear: bool) -> tuple[Box, ...]:
    """The boxes a box is made of, in reading order."""
    match box:
        case Line(parts):
            return parts
        case Fraction(over, under):
            return (over, under)
        case Script(base, sub, sup):
            return (base, *(part for part in (sub, sup) if part is not None))
        case BigOp(_, lower, body, upper):
            return (lower, body) if upper is None else (lower, body, upper)
        case Fence(_, body, _) | Root(body) | Mark(body):
            return (body,)
        case CasesBox(branches, otherwise):
            return (*(part for branch in branches for part in branch), otherwise)
        case Accent(base):
            return (base,)
        case Choice(flat, tall):
            return (flat if linear else tall,)
        case Atom():
            return ()


def spell(
    box: Box, f: Callable[[Box, tuple[T, ...]], T], *, linear: bool, done: dict[Box, T] | None = None
) -> T:
    """Combine bottom-up, as :func:`whygrad.core.walk.fold` does; deep boxes need no deep stack.

    ``done`` keeps the results of the parts for a later call with the same ``f``.
    """
    done = {} if done is None else done
    stack: list[tuple[Box, bool]] = [(box, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        parts = inside(node, linear)
        if ready or not parts:
            done[node] = f(node, tuple(done[part] for part in parts))
        else:
            stack.append((node, True))
            stack.extend((part, False) for part in parts)
    return done[box]
