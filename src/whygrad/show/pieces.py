"""Pieces: a laid-out subexpression with what its surroundings must know to place it.

A piece keeps its sign apart, so that a sum can write `` − `` and a product can bracket; its level says
how tightly it holds together; ``closed`` is how it is written when something follows that it would
otherwise swallow (``log f`` before ``y`` becomes ``log(f)``, a sum gets brackets).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from whygrad.core.expr import Symbol
from whygrad.show.boxes import Atom, Box, Choice, Fence, Fraction, Line, Mark, Script


class Level(IntEnum):
    """How tightly a piece holds together, loosest first."""

    OR = 0
    AND = 1
    NOT = 2
    COMPARE = 3
    SUM = 4
    PRODUCT = 5
    FRACTION = 6
    POWER = 7
    CLOSED = 8
    ATOM = 9


@dataclass(frozen=True, slots=True)
class Derivative:
    """What a partial derivative is taken of and by, inner first, to join ∂²J/∂w_j∂w_k."""

    body: Piece
    by: tuple[tuple[Symbol, Box], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A box and how it may stand among others. ``box`` is without the sign that ``negative`` tells."""

    box: Box
    level: Level = Level.ATOM
    negative: bool = False
    closed: Box | None = None
    binds: frozenset[str] = frozenset()
    """Letters whose sum would swallow a term that follows."""
    under: Piece | None = None
    """Of an inverse: what stands below the bar."""
    rank: int = 0
    digit: bool = False
    """Its line of text begins with a digit."""
    number: bool = False
    unit: bool = False
    """It is 0 or 1, which nobody writes as a coefficient unless it matters."""
    coefficient: bool = False
    """Made of numbers, sizes and constants: ``λ/m w_j`` needs no dot."""
    big: bool = False
    """It begins with a sum sign."""
    wordy: bool = False
    """It is or begins with a name of several letters."""
    derivative: Derivative | None = None
    bare_root: bool = False
    raised: bool = False
    """It ends in a transpose or an inverse: a bracket follows closely."""
    tall: int = 0
    """0: fits an exponent; 1: fits one in two-dimensional print; 2: fits none."""
    short: bool = False
    """A name, number or script that a function takes without brackets."""
    entrywise: bool = False
    """An entry-by-entry product: of one strength with a product of matrices, so brackets part them."""
    inner: bool = False
    """An inner product xᵀy: an array behind it would be read into it, so it gets brackets."""
    product: bool = False
    """Written as a product inside another: the factors around it are set off by dots."""


def minus() -> Atom:
    """The sign in front of a term."""
    return Atom("−", "sign")


def line(*parts: Box) -> Box:
    """Boxes side by side; one alone is itself."""
    return parts[0] if len(parts) == 1 else Line(parts)


def raised(base: Box, sup: Box) -> Box:
    """A base with an exponent; one that has a subscript keeps it below the exponent."""
    match base:
        case Mark(body, name) if name:
            return raised(body, sup)
        case Script(inner, sub, None):
            return Script(inner, sub, sup)
        case Choice(linear, stacked):
            return Choice(raised(linear, sup), raised(stacked, sup))
        case _:
            return Script(base, sup=sup)


def round_(box: Box) -> Fence:
    """Round brackets."""
    return Fence("(", box, ")")


def signed(piece: Piece) -> Box:
    """The box with its sign."""
    return line(minus(), piece.box) if piece.negative else piece.box


def marked(piece: Piece, name: str = "") -> Piece:
    """The piece pointed out, or carrying a name."""
    return replace(
        piece,
        box=Mark(piece.box, name),
        closed=None if piece.closed is None else Mark(piece.closed, name),
        under=piece.under if piece.under is None or name else marked(piece.under),
    )


def as_value(piece: Piece) -> Piece:
    """A condition used as a number: 1[u > 0]. Anything else is itself."""
    if piece.level > Level.COMPARE:
        return piece
    box = line(Atom("1", "upright"), Fence("[", piece.box, "]"))
    return Piece(box, Level.CLOSED, rank=piece.rank, digit=True, tall=piece.tall)


def at_least(piece: Piece, level: Level, *, last: bool = True) -> Box:
    """The box, bracketed when it holds together less tightly than ``level`` or has a sign."""
    value = as_value(piece)
    if value.negative or value.level < level:
        return round_(signed(value))
    return value.box if last or value.closed is None else value.closed


def numerator(piece: Piece) -> Box:
    """What stands above a bar; in a line of text a sum or another fraction gets brackets."""
    value = as_value(piece)
    tall = signed(value)
    if value.negative or value.level in (Level.SUM, Level.FRACTION) or value.closed is not None:
        return Choice(value.closed if value.level >= Level.POWER and value.closed else round_(tall), tall)
    return tall


def denominator(piece: Piece) -> Box:
    """What stands below a bar; in a line of text a product gets brackets, too."""
    value = as_value(piece)
    tall = signed(value)
    if value.negative or value.level < Level.POWER:
        return Choice(round_(tall), tall)
    return tall if value.closed is None else Choice(value.closed, tall)


def fraction(over: Piece, under: Piece) -> Piece:
    """``over/under`` as one piece."""
    return Piece(
        Fraction(numerator(over), denominator(under)),
        Level.FRACTION,
        rank=max(over.rank, under.rank),
        digit=over.digit and not over.negative,
        number=over.number and under.number,
        coefficient=as_value(under).coefficient,
        tall=max(over.tall, under.tall),
        wordy=over.wordy,
    )


def separated(boxes: Iterable[Box], mark: str = ", ") -> Box:
    """Boxes with commas between them."""
    parts: list[Box] = []
    for box in boxes:
        parts.extend((Atom(mark, "comma"), box) if parts else (box,))
    return line(*parts)


def tallest(pieces: Sequence[Piece]) -> int:
    """How tall the tallest is."""
    return max((piece.tall for piece in pieces), default=0)
