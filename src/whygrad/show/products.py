"""Products: one sign in front, fractions from runs of factors, and what stands between two factors."""

from __future__ import annotations

from collections.abc import Sequence

from whygrad.core.expr import MINUS_ONE, Mul, Number
from whygrad.show.boxes import Atom, Box, Choice
from whygrad.show.pieces import (
    Level,
    Piece,
    as_value,
    at_least,
    fraction,
    line,
    round_,
    signed,
    tallest,
)


def product(e: Mul, pieces: tuple[Piece, ...]) -> Piece:
    """Lay out a product from its factors.

    A run of ordinary factors followed by inverses is one fraction: ``a b/(c d)``. What follows the
    inverses begins a new factor: ``a/b · c``.
    """
    negative, chunks = _leading_sign(e, pieces)
    dotted = any(piece.product for piece in chunks)
    parts = _fractions(chunks, dotted)
    return _finish(parts, negative, dotted)


def _leading_sign(e: Mul, pieces: tuple[Piece, ...]) -> tuple[bool, list[Piece]]:
    first = pieces[0] if pieces else Piece(Atom("1", "number"), number=True, digit=True)
    if not e.factors:
        return False, [first]
    if e.factors[0] is MINUS_ONE and len(pieces) > 1:
        return True, list(pieces[1:])
    if first.negative and isinstance(e.factors[0], Number):
        unsigned = Piece(first.box, first.level, digit=True, number=True, unit=first.unit, coefficient=True)
        return True, [unsigned, *pieces[1:]]
    return False, list(pieces)


def _fractions(chunks: Sequence[Piece], dotted: bool) -> list[Piece]:
    """Gather runs of factors and the inverses after them."""
    parts: list[Piece] = []
    run: list[Piece] = []
    below: list[Piece] = []

    def close() -> None:
        if below:
            over = _finish(run, False, dotted) if run else Piece(Atom("1", "number"), digit=True, number=True)
            parts.append(fraction(over, _finish(below, False, False)))
        else:
            parts.extend(run)
        run.clear()
        below.clear()

    for piece in chunks:
        if piece.under is not None:
            if run and run[-1].level == Level.FRACTION:
                close()
            below.append(piece.under)
        else:
            if below:
                close()
            run.append(piece)
    close()
    return parts


def _finish(parts: Sequence[Piece], negative: bool, dotted: bool) -> Piece:
    """Join factors into one piece."""
    values = [as_value(piece) for piece in parts]
    if len(values) == 1:
        return _alone(values[0], negative)
    entrywise = sum(value.rank > 0 for value in values) > 1
    boxes: list[Box] = []
    for k, value in enumerate(values):
        last = k == len(values) - 1
        if k:
            arrays = value.rank > 0 and any(before.rank > 0 for before in values[:k])
            boxes.append(between(values[k - 1], value, dotted, entrywise=arrays))
        matrices = entrywise and value.rank > 0 and value.level == Level.PRODUCT and not value.negative
        opens = value.inner and not last and not value.negative
        boxes.append(round_(value.box) if matrices or opens else _factor(value, last=last))
    final = values[-1]
    open_end = final.closed is not None and final.level >= Level.PRODUCT and not final.negative
    box = line(*boxes)
    return Piece(
        box,
        Level.PRODUCT,
        negative,
        closed=line(*boxes[:-1], final.closed) if open_end and final.closed is not None else None,
        binds=final.binds,
        rank=max(value.rank for value in values),
        digit=values[0].digit,
        number=all(value.number for value in values),
        coefficient=all(value.coefficient for value in values),
        big=values[0].big,
        wordy=values[0].wordy,
        tall=tallest(values),
        entrywise=entrywise or any(value.entrywise for value in values),
        product=True,
    )


def _alone(value: Piece, negative: bool) -> Piece:
    """One factor behind the sign, e.g. the whole of ``−(a + b)``."""
    if not negative:
        return value
    if value.negative or value.level < Level.PRODUCT:
        return Piece(round_(signed(value)), Level.CLOSED, True, rank=value.rank, tall=value.tall)
    return Piece(
        value.box,
        min(value.level, Level.PRODUCT) if value.level < Level.FRACTION else Level.PRODUCT,
        True,
        closed=value.closed,
        binds=value.binds,
        rank=value.rank,
        tall=value.tall,
        entrywise=value.entrywise,
        product=value.product,
    )


def _factor(value: Piece, *, last: bool) -> Box:
    """One factor, bracketed if it must be."""
    if value.derivative is not None and value.closed is not None and not last:
        return value.closed
    return at_least(value, Level.PRODUCT, last=last)


def between(a: Piece, b: Piece, dotted: bool = False, *, entrywise: bool = False) -> Box:
    """What stands between two neighbouring factors; ``entrywise``: an array stood before, too."""
    if entrywise and a.derivative is None and b.derivative is None:
        return Atom("⊙", "times")
    dot = Atom("·", "times")
    bracketed = b.negative or b.level < Level.PRODUCT
    if dotted or a.derivative is not None or (b.derivative is not None and not bracketed):
        return dot
    if not (a.negative or b.negative) and ((a.number and b.number) or a.unit or b.unit):
        return dot
    gap = Atom(" ", "space" if a.wordy or (b.wordy and not bracketed) else "gap")
    if bracketed:
        return Choice(dot, gap) if a.level == Level.FRACTION and not a.coefficient else gap
    if b.level == Level.FRACTION and a.level == Level.FRACTION:
        return dot
    if b.digit and b.level != Level.CLOSED:
        return dot
    if b.digit or b.level == Level.FRACTION or a.bare_root:
        return Choice(dot, gap)
    if a.level == Level.FRACTION and not (a.coefficient or b.big):
        return Choice(dot, gap)
    return gap
