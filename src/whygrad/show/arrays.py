"""Array operations in the notation of a page: Xᵀ(f − y), ‖w‖², tr(A B), a ⊙ b."""

from __future__ import annotations

from dataclasses import replace

from whygrad.core.expr import Apply
from whygrad.show.boxes import Atom, Box, Choice, Fence, Line, Script
from whygrad.show.glyphs import ARRAY_CALLS
from whygrad.show.pieces import (
    Level,
    Piece,
    as_value,
    at_least,
    line,
    raised,
    round_,
    separated,
    signed,
    tallest,
)


def array_operation(e: Apply, pieces: tuple[Piece, ...]) -> Piece:
    """Lay out an array operation from its arguments."""
    pieces = tuple(as_value(piece) for piece in pieces)
    match e.op:
        case "matmul":
            first = pieces[0]
            row = first.rank == 1 and len(pieces) > 1 and not first.raised
            return _juxtaposed((_transposed(first), *pieces[1:]) if row else pieces, _matmul_rank(pieces))
        case "dot":
            return _juxtaposed((_transposed(pieces[0]), *pieces[1:]), 0)
        case "outer":
            return _juxtaposed((*pieces[:-1], _transposed(pieces[-1])), 2)
        case "transpose":
            inner = e.args[0]
            if isinstance(inner, Apply) and inner.op == "inv":
                return _inverse_transpose(pieces[0])
            return _transposed(pieces[0])
        case "inv":
            return _raised(pieces[0], Line((Atom("−", "sign"), Atom("1", "number"))), 2)
        case "matpow":
            return _raised(pieces[0], signed(pieces[1]), 2)
        case "norm" | "norm1" | "norm2":
            bars = Fence("‖", signed(pieces[0]), "‖")
            which = e.op.removeprefix("norm")
            box = Script(bars, sub=Atom(which, "number")) if which else bars
            return Piece(box, Level.CLOSED, tall=pieces[0].tall)
        case "identity" | "ones":
            return _fixed(e.op, pieces)
        case "hadamard" | "entrywise_div" | "entrywise_pow":
            return _entrywise(e, pieces)
        case "stack_row":
            box = Fence("[", separated(signed(piece) for piece in pieces), "]")
            return Piece(
                box,
                Level.CLOSED,
                rank=1 + max((p.rank for p in pieces), default=0),
                tall=tallest(pieces),
            )
        case _:
            return _call(e, pieces)


def _matmul_rank(pieces: tuple[Piece, ...]) -> int:
    outer = [piece.rank for piece in pieces]
    return max(0, sum(outer) - 2 * (len(outer) - 1))


def _raised(piece: Piece, exponent: Box, rank: int) -> Piece:
    box = raised(at_least(piece, Level.CLOSED), exponent)
    return Piece(box, Level.POWER, rank=rank, raised=True, wordy=piece.wordy, tall=piece.tall)


def _transposed(piece: Piece) -> Piece:
    return _raised(piece, Atom("ᵀ", "upright"), piece.rank)


def _inverse_transpose(piece: Piece) -> Piece:
    """X⁻ᵀ, the way people write the transpose of an inverse; what is pointed out keeps its place."""
    sup = Line((Atom("−", "sign"), Atom("ᵀ", "upright")))
    match piece.box:
        case Script(base, sub, Line()):
            return replace(piece, box=Script(base, sub, sup))
        case Choice(Script(base, sub, Line()), Script(tall, below, Line())):
            return replace(piece, box=Choice(Script(base, sub, sup), Script(tall, below, sup)))
        case _:
            return _transposed(piece)


def _juxtaposed(pieces: tuple[Piece, ...], rank: int) -> Piece:
    """A product of arrays. A bracket stands close behind a transpose: Xᵀ(f − y)."""
    boxes: list[Box] = []
    before: Piece | None = None
    for k, piece in enumerate(pieces):
        loose = piece.entrywise or piece.level < Level.PRODUCT or (k > 0 and piece.product)
        fenced = loose or piece.negative or (k > 0 and piece.level == Level.FRACTION)
        box = round_(signed(piece)) if fenced else at_least(piece, Level.PRODUCT, last=k == len(pieces) - 1)
        if before is not None:
            gap = Atom(" ", "space" if before.wordy or (piece.wordy and not fenced) else "gap")
            close = fenced and before.raised
            boxes.append(Choice(Atom("", "tight"), gap) if close else gap)
        boxes.append(box)
        before = piece
    last, first = pieces[-1], pieces[0]
    return Piece(
        line(*boxes),
        Level.PRODUCT,
        closed=round_(line(*boxes)) if last.closed is not None and last.level >= Level.PRODUCT else None,
        binds=last.binds,
        rank=rank,
        raised=last.raised,
        wordy=first.wordy,
        tall=tallest(pieces),
        inner=rank == 0,
    )


def _entrywise(e: Apply, pieces: tuple[Piece, ...]) -> Piece:
    op = e.op
    rank = max(piece.rank for piece in pieces)
    if op == "entrywise_pow":
        exponent = Line((Atom("∘", "tight"), at_least(pieces[1], Level.POWER)))
        return _raised(pieces[0], exponent, rank)
    sign = Atom("⊙" if op == "hadamard" else "⊘", "times")
    boxes: list[Box] = []
    chained = op == "hadamard" and isinstance(e.args[0], Apply) and e.args[0].op == "hadamard"
    for k, piece in enumerate(pieces):
        # Both signs and a product of matrices have one strength: brackets say what comes first. Only a
        # chain of one sign, read from the left, needs none.
        box = signed(piece) if chained and k == 0 else at_least(piece, Level.POWER, last=False)
        boxes.extend((sign, box) if boxes else (box,))
    return Piece(
        line(*boxes),
        Level.PRODUCT,
        rank=rank,
        wordy=pieces[0].wordy,
        tall=tallest(pieces),
        entrywise=True,
    )


def _fixed(op: str, pieces: tuple[Piece, ...]) -> Piece:
    """The identity matrix and the array of ones; their size is shown where it is more than one letter."""
    if op == "identity":
        box: Box = Atom("I", "upright")
        return Piece(Script(box, sub=signed(pieces[0])) if pieces else box, rank=2)
    box = Atom("𝟏", "upright")
    if len(pieces) > 1:
        box = Script(box, sub=separated((signed(piece) for piece in pieces), ","))
    return Piece(box, rank=max(1, len(pieces)))


def _call(e: Apply, pieces: tuple[Piece, ...]) -> Piece:
    axis = e.op[-1] if e.op[-1] in "01" else ""
    arguments = [signed(piece) for piece in pieces]
    if axis:
        arguments.append(line(Atom("axis", "text"), Atom("=", "tight"), Atom(axis, "number")))
    words = ARRAY_CALLS[e.op].split(" ")
    heads: list[Box] = []
    for word in words:
        heads.extend((Atom(" ", "tight"), Atom(word, "function")) if heads else (Atom(word, "function"),))
    inner = max((piece.rank for piece in pieces), default=0)
    rank = {
        "softmax": inner,
        "map": inner,
        "logsumexp": max(0, inner - 1),
        "diag": 2 if inner == 1 else 1,
        "zeros": len(pieces),
    }.get(e.op, max(0, inner - 1) if axis else 0)
    return Piece(line(*heads, round_(separated(arguments))), Level.CLOSED, rank=rank, tall=tallest(pieces))
