"""Functions and derivatives: log f_i, σ(z_i), e^(−z), √u, |u|, ∂L/∂f, ∂²J/∂w_j∂w_k, ∇_w J."""

from __future__ import annotations

from whygrad.core.cost import Scope
from whygrad.core.expr import Call, Partial, Symbol
from whygrad.show.boxes import Atom, Box, Choice, Fence, Fraction, Line, Root, Script
from whygrad.show.glyphs import FUNCTION_GLYPHS, Glyph, letters_of, name_glyph
from whygrad.show.pieces import (
    Derivative,
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


def call(e: Call, kids: tuple[Piece, ...], scope: Scope, log: str) -> Piece:
    """Lay out a function of its arguments."""
    pieces = tuple(as_value(kid) for kid in kids)
    if e.name in ("nabla", "nabla2") and len(pieces) == 2:
        return _nabla(e.name, pieces)
    glyph = None if e.name in scope.definitions else FUNCTION_GLYPHS.get(e.name)
    if glyph is None:
        return _bracketed(_own_name(e.name), pieces)
    if e.name == "log":
        glyph = Glyph(log, "bare")
    return _glyph(e.name, glyph, pieces, scope)


def _own_name(name: str) -> Box:
    """The name of a function that the cost defines."""
    glyph = name_glyph(name)
    text = glyph.linear if glyph.below else letters_of(name)
    return Atom(text, "name" if len(glyph.letters) == 1 else "function")


def _glyph(name: str, glyph: Glyph, pieces: tuple[Piece, ...], scope: Scope) -> Piece:
    u = pieces[0]
    match glyph.shape:
        case "power" if u.tall < 2 and not _taken("e", scope):
            box: Box = Script(Atom("e", "name"), sup=signed(u))
            if u.tall:
                box = Choice(_bracketed(_head(name, glyph, scope), pieces).box, box)
            return Piece(box, Level.POWER, rank=u.rank, tall=u.tall + 1)
        case "root":
            bare = u.short and not u.negative and u.level == Level.ATOM
            return Piece(Root(signed(u), bare), Level.CLOSED, rank=u.rank, bare_root=bare, tall=u.tall)
        case "bars":
            return Piece(Fence("|", signed(u), "|"), Level.CLOSED, rank=u.rank, tall=u.tall)
        case "floor":
            return Piece(Fence("⌊", signed(u), "⌋"), Level.CLOSED, rank=u.rank, tall=u.tall)
        case "bare" if u.short and not u.negative and u.level >= Level.POWER:
            head = Atom(glyph.text, "function")
            box = line(head, Atom(" ", "tight"), u.box)
            closed = line(head, round_(u.box))
            return Piece(box, Level.POWER, closed=closed, rank=u.rank)
        case _:
            return _bracketed(_head(name, glyph, scope), pieces)


def _taken(letter: str, scope: Scope) -> bool:
    """Whether a name of the cost would look like this letter."""
    names = (*scope.declarations, *scope.definitions)
    return any(letters_of(name) == letter for name in names)


def _head(name: str, glyph: Glyph, scope: Scope) -> Box:
    text = glyph.text
    if glyph.shape == "power" or (glyph.word and _taken(text, scope)):
        text = glyph.word
    parts: list[Box] = []
    for word in text.split(" "):
        atom = Atom(word, "name" if len(word.rstrip("′")) == 1 else "function")
        parts.extend((Atom(" ", "tight"), atom) if parts else (atom,))
    return line(*parts)


def _bracketed(head: Box, pieces: tuple[Piece, ...]) -> Piece:
    box = line(head, round_(separated(signed(piece) for piece in pieces)))
    rank = max((piece.rank for piece in pieces), default=0)
    return Piece(box, Level.CLOSED, rank=rank, tall=tallest(pieces))


def _nabla(name: str, pieces: tuple[Piece, ...]) -> Piece:
    body, by = pieces
    sign = Script(Atom("∇", "partial"), sub=signed(by), sup=Atom("2", "number") if name == "nabla2" else None)
    box = line(sign, Atom(" ", "gap"), at_least(body, Level.CLOSED))
    return Piece(box, Level.POWER, closed=round_(box), rank=by.rank, tall=body.tall)


def derivative(e: Partial, kids: tuple[Piece, ...]) -> Piece:
    """∂L_i/∂f_i for a name, ∂/∂w_j (…) for anything else; nested ones are joined."""
    body, by = as_value(kids[0]), signed(kids[1])
    taken: tuple[tuple[Symbol, Box], ...] = ((e.wrt, by),)
    if body.derivative is not None:
        taken = (*body.derivative.by, (e.wrt, by))
        body = body.derivative.body
    order = len(taken)
    d = Atom("∂", "partial")
    sign: Box = d if order == 1 else Script(d, sup=Atom(str(order), "number"))
    below = _below(taken)
    rank = body.rank + kids[1].rank
    known = Derivative(body, taken)
    if body.level == Level.ATOM and not body.negative and not body.number:
        box: Box = Fraction(line(sign, body.box), below)
        return Piece(box, Level.FRACTION, rank=rank, derivative=known)
    operator = Fraction(sign, below)
    bare = not body.negative and (body.big or body.level in (Level.POWER, Level.CLOSED))
    gap = Atom(" ", "space")
    box = line(operator, gap, body.box if bare else round_(signed(body)))
    closed = round_(box) if bare else None
    return Piece(box, Level.PRODUCT, closed=closed, rank=rank, derivative=known, tall=2, binds=body.binds)


def _below(taken: tuple[tuple[Symbol, Box], ...]) -> Box:
    """∂w_j∂w_k, outermost first; ∂w² where all are one."""
    d = Atom("∂", "partial")
    if len(taken) > 1 and all(symbol is taken[0][0] for symbol, _ in taken):
        by = taken[0][1]
        power = Atom(str(len(taken)), "number")
        return Line((d, raised(by, power)))
    parts: list[Box] = []
    for _, by in reversed(taken):
        parts.extend((d, by))
    return Line(tuple(parts))
