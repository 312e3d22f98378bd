"""From an expression to boxes: brackets, signs and fractions are decided here, once.

Every medium spells the same boxes, so a bracket that is missing is missing everywhere, and mended here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction as Rational

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.walk import Path, children, free_indices
from whygrad.meaning.shapes import size_parts
from whygrad.show.arrays import array_operation
from whygrad.show.boxes import Accent, Atom, BigOp, Box, CasesBox, Choice, Fraction, Line, Mark, Role, Script
from whygrad.show.functions import call, derivative
from whygrad.show.glyphs import CONSTANT_GLYPHS, RELATIONS, NameGlyph, name_glyph
from whygrad.show.pieces import (
    Level,
    Piece,
    as_value,
    at_least,
    fraction,
    line,
    marked,
    minus,
    raised,
    round_,
    separated,
    signed,
    tallest,
)
from whygrad.show.products import product
from whygrad.show.raised import raised_examples

ROOT: Path = ()
_Key = tuple[Expr, frozenset[Path]]
"""A node and the paths below it that are pointed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How formulas are written.

    Attributes
    ----------
    log
        The name of the natural logarithm.
    limits
        Whether a plain sum shows where it starts and ends: ``Σ_{i=1}^{m}``.
    capitals
        Whether a matrix named by a small letter is shown whole as its capital (x as X).
    """

    log: str = "log"
    limits: bool = False
    capitals: bool = True


DEFAULT = Style()


def layout(
    e: Expr,
    scope: Scope | None = None,
    style: Style = DEFAULT,
    marks: Iterable[Path] = (),
    names: Mapping[Expr, str] | None = None,
) -> Box:
    """Lay out an expression.

    Parameters
    ----------
    e
        The expression; a comparison is written as a formula, elsewhere as a number 1[…].
    scope
        What its names are: whole matrices get capitals, constants stand as coefficients.
    style
        The conventions.
    marks
        Paths of parts to point out.
    names
        Parts that a page tells by a name: their boxes carry it.
    """
    scope = scope or Scope()
    box = signed(_piece(e, scope, style, frozenset(marks), names or {}))
    return raised_examples(box, scope.raised) if scope.raised else box


def _piece(e: Expr, scope: Scope, style: Style, marks: frozenset[Path], names: Mapping[Expr, str]) -> Piece:
    """Fold with the marks carried down; a subtree without marks is laid out once."""
    done: dict[_Key, Piece] = {}
    root: _Key = (e, marks)
    stack: list[tuple[_Key, bool]] = [(root, False)]
    while stack:
        key, ready = stack.pop()
        if key in done:
            continue
        node, here = key
        kids = [
            (kid, frozenset(p[1:] for p in here if p and p[0] == k) if here else here)
            for k, kid in enumerate(children(node))
        ]
        if ready or not kids:
            piece = _node(node, tuple(done[kid] for kid in kids), scope, style)
            if node in names:
                piece = marked(piece, names[node])
            done[key] = marked(piece) if ROOT in here else piece
        else:
            stack.append((key, True))
            stack.extend((kid, False) for kid in kids)
    return done[root]


def _node(e: Expr, kids: tuple[Piece, ...], scope: Scope, style: Style) -> Piece:
    """One node from its laid-out children."""
    match e:
        case Number():
            return _number(e)
        case Constant(name):
            return Piece(Atom(CONSTANT_GLYPHS[name], "name"), coefficient=True, short=True)
        case Symbol():
            return _symbol(e, kids, scope, style)
        case Size(dim) if (parts := size_parts(dim)) is not None:
            return _node(parts, tuple(_node(kid, (), scope, style) for kid in children(parts)), scope, style)
        case Index(letter) | Size(letter):
            box = _name_box(name_glyph(letter))
            wordy = len(name_glyph(letter).letters) > 1
            return Piece(box, coefficient=isinstance(e, Size), wordy=wordy, short=True)
        case Hole(name):
            return Piece(_name_box(name_glyph(name)), short=True)
        case Add():
            return _sum(e, kids)
        case Mul():
            return product(e, kids)
        case Pow():
            return _power(e, kids)
        case Call():
            return call(e, kids, scope, style.log)
        case Apply():
            return array_operation(e, kids)
        case Reduce():
            return _reduce(e, kids, style)
        case Compare():
            return _compare(e, kids)
        case Cases():
            return _cases(kids)
        case Delta():
            return _delta(e, kids, scope)
        case Partial():
            return derivative(e, kids)
        case Entry():
            base = at_least(kids[0], Level.CLOSED, last=False)
            return Piece(Script(base, sub=_positions(e.indices, kids[1:])), short=True)
        case _:
            raise TypeError(f"{type(e).__name__} has no layout")


def _number(e: Number) -> Piece:
    value = abs(e.value)
    negative = e.value < 0
    if e.decimal and value.denominator != 1:
        return _decimal(value, negative)
    if value.denominator == 1:
        atom = Atom(digits(value.numerator), "number")
        unit = value.numerator in (0, 1)
        return Piece(
            atom,
            Level.ATOM,
            negative,
            digit=True,
            number=True,
            unit=unit,
            coefficient=True,
            short=True,
        )
    over, under = (Atom(digits(part), "number") for part in (value.numerator, value.denominator))
    box = Fraction(over, under)
    return Piece(box, Level.FRACTION, negative, digit=True, number=True, coefficient=True)


def digits(n: int) -> str:
    """The decimal digits of a natural number of any length.

    >>> digits(10**5000) == "1" + 5000 * "0"
    True
    """
    if n.bit_length() < 10_000:
        return str(n)
    block = 10**4000
    parts: list[str] = []
    while n >= block:
        n, low = divmod(n, block)
        parts.append(f"{low:04000d}")
    return str(n) + "".join(reversed(parts))


def _decimal(value: Rational, negative: bool) -> Piece:
    """0.5 as written; very small and large ones as 2.5·10⁻⁷. What does not end is a fraction."""
    places = 0
    rest = value.denominator
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        places = max(places, count)
    if rest != 1:
        return _number(Number(-value if negative else value))
    text = digits(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    whole, tail = text[:-places], text[-places:]
    if whole != "0" or len(tail) - len(tail.lstrip("0")) < 4:
        atom = Atom(f"{whole}.{tail}", "number")
        return Piece(atom, Level.ATOM, negative, digit=True, number=True, coefficient=True, short=True)
    zeros = len(tail) - len(tail.lstrip("0"))
    lead = tail[zeros:]
    ten = Script(Atom("10", "number"), sup=Line((minus(), Atom(str(zeros + 1), "number"))))
    mantissa = lead[0] + ("." + lead[1:] if lead[1:] else "")
    plain = mantissa == "1"
    box: Box = ten if plain else Line((Atom(mantissa, "number"), Atom("·", "times"), ten))
    level = Level.POWER if plain else Level.PRODUCT
    return Piece(box, level, negative, digit=True, number=True, coefficient=True)


def _name_box(glyph: NameGlyph) -> Box:
    """A name without positions."""
    head = _head(glyph)
    if not glyph.below:
        return head
    below = separated((Atom(part, _role(part, "text")) for part in glyph.below), ",")
    tall = Script(head, sub=below)
    if glyph.mark is None and all(part.isdigit() for part in glyph.below):
        return Choice(Atom(glyph.linear, "name"), tall)
    return tall


def _head(glyph: NameGlyph) -> Box:
    if glyph.letters.startswith("Δ") and len(glyph.letters) > 1:  # the change of a name
        return Line((Atom("Δ", "name"), _head(replace(glyph, letters=glyph.letters[1:]))))
    atom = Atom(glyph.letters, "name" if len(glyph.letters) == 1 else "word")
    return atom if glyph.mark is None else Accent(atom, glyph.mark)


def _role(text: str, long: Role) -> Role:
    if text.isdigit():
        return "number"
    return "name" if len(text) == 1 else long


def _symbol(e: Symbol, kids: tuple[Piece, ...], scope: Scope, style: Style) -> Piece:
    dims = scope.dims_of(e.name)
    rank = max(0, len(dims) - len(e.indices))
    name = e.name
    if style.capitals and rank == 2 and not e.indices and len(name) == 1 and name.islower():
        taken = name.upper() in scope.declarations or name.upper() in scope.definitions
        name = name if taken else name.upper()
    glyph = name_glyph(name)
    if not kids:
        box = _name_box(glyph)
    else:
        positions = _positions(e.indices, kids)
        box = Script(_name_box(glyph), sub=positions)
        if glyph.below:
            below = [Atom(part, _role(part, "text")) for part in glyph.below]
            box = Choice(box, Script(_head(glyph), sub=separated((*below, positions), ",")))
    declared = scope.declarations.get(e.name)
    constant = declared is not None and declared.kind == "const" and not e.indices
    return Piece(box, rank=rank, coefficient=constant, wordy=len(glyph.letters) > 1, short=True)


def _positions(indices: tuple[Expr, ...], kids: tuple[Piece, ...]) -> Box:
    """Side by side for single letters, else with commas: ``i+1,j``."""
    single = all(isinstance(index, Index) and len(index.letter) == 1 for index in indices)
    if single:
        return line(*(kid.box for kid in kids))
    return separated((signed(kid) for kid in kids), ",")


def _sum(e: Add, kids: tuple[Piece, ...]) -> Piece:
    pieces = [as_value(kid) for kid in kids]
    free = [frozenset(index.letter for index in free_indices(term)) for term in e.terms]
    boxes: list[Box] = []
    for k, piece in enumerate(pieces):
        if piece.level == Level.SUM:
            box: Box = round_(signed(piece))
        elif any(piece.binds & letters for letters in free[k + 1 :]):
            box = round_(piece.box)
        else:
            box = piece.box
        if boxes:
            boxes.append(Atom("−" if piece.negative else "+", "plus"))
        elif piece.negative:
            # A sign that opens the sum belongs to what is pointed out.
            match box:
                case Mark(body, name):
                    box = Mark(line(minus(), body), name)
                case _:
                    box = line(minus(), box)
        boxes.append(box)
    if not boxes:
        boxes = [Atom("0", "number")]
    return Piece(
        line(*boxes),
        Level.SUM,
        rank=max((piece.rank for piece in pieces), default=0),
        number=all(piece.number for piece in pieces),
        coefficient=all(piece.coefficient for piece in pieces),
        tall=tallest(pieces),
    )


def _power(e: Pow, kids: tuple[Piece, ...]) -> Piece:
    base, exponent = as_value(kids[0]), as_value(kids[1])
    if e.exponent is MINUS_ONE:
        return _one_over(base)
    match e.exponent:
        case Number(n) if n < -1 and n.denominator == 1 and not base.rank:  # 1/s², as on paper
            return _one_over(_raised(base, as_value(_number(Number(-n)))))
        case _:
            return _raised(base, exponent, e.exponent)


def _one_over(base: Piece) -> Piece:
    one = Piece(Atom("1", "number"), digit=True, number=True)
    whole = fraction(one, base)
    return Piece(
        whole.box,
        whole.level,
        under=base,
        rank=base.rank,
        digit=True,
        number=base.number,
        coefficient=base.coefficient,
        tall=base.tall,
    )


def _raised(base: Piece, exponent: Piece, as_written: Expr = ONE) -> Piece:
    below = at_least(base, Level.CLOSED, last=False)
    return Piece(
        raised(below, exponent_box(as_written, exponent)),
        Level.POWER,
        rank=base.rank,
        digit=base.digit and base.level >= Level.CLOSED,
        number=base.number and exponent.number,
        coefficient=base.coefficient and exponent.coefficient,
        wordy=base.wordy,
        tall=max(base.tall, exponent.tall),
        short=base.short and base.level == Level.ATOM and not base.negative,
    )


def exponent_box(e: Expr, piece: Piece) -> Box:
    """An exponent; a number like 1/2 stands in one line."""
    if isinstance(e, Number) and isinstance(piece.box, Fraction):
        flat = Line((piece.box.over, Atom("/", "slash"), piece.box.under))
        return line(minus(), flat) if piece.negative else flat
    return signed(piece)


def _reduce(e: Reduce, kids: tuple[Piece, ...], style: Style) -> Piece:
    body = as_value(kids[0])
    letter = _name_box(name_glyph(e.index.letter))
    upper: Box | None = None
    lower = letter
    if len(kids) > 1:
        lower = kids[1].box
        if not (isinstance(e.where, Compare) and e.where.args[0] is e.index):
            lower = line(letter, Atom(": ", "comma"), lower)
    elif style.limits and e.op in ("sum", "prod"):
        lower = line(letter, Atom("=", "tight"), Atom("1", "number"))
        upper = _name_box(name_glyph(e.index.dim))
    inner = round_(signed(body)) if body.negative or body.level == Level.SUM else body.box
    box = BigOp(e.op, lower, inner, upper)
    return Piece(
        box,
        Level.PRODUCT,
        closed=round_(box),
        binds=frozenset((e.index.letter,)) if e.op == "sum" else frozenset(),
        rank=body.rank,
        big=True,
        tall=max(1, body.tall),
    )


def _compare(e: Compare, kids: tuple[Piece, ...]) -> Piece:
    rank = max(kid.rank for kid in kids)
    if e.op == "not":
        inner = signed(kids[0]) if kids[0].level > Level.COMPARE else round_(kids[0].box)
        return Piece(line(Atom("not ", "text"), inner), Level.NOT, rank=rank)
    if e.op in ("and", "or"):
        level = Level.AND if e.op == "and" else Level.OR
        boxes: list[Box] = []
        for kid in kids:
            box = round_(kid.box) if kid.level <= level else signed(kid)
            boxes.extend((Atom(f" {e.op} ", "text"), box) if boxes else (box,))
        return Piece(line(*boxes), level, rank=rank, tall=tallest(kids))
    sign = Atom(RELATIONS[e.op], "relation")
    sides: list[Box] = []
    for kid in kids:
        box = signed(as_value(kid))
        sides.extend((sign, box) if sides else (box,))
    return Piece(line(*sides), Level.COMPARE, rank=rank, tall=tallest(kids))


def _cases(kids: tuple[Piece, ...]) -> Piece:
    values = [signed(as_value(kid)) for kid in (*kids[1:-1:2], kids[-1])]
    conditions = [signed(kid) for kid in kids[:-1:2]]
    box = CasesBox(tuple(zip(values[:-1], conditions, strict=True)), values[-1])
    return Piece(box, Level.CLOSED, rank=max(kid.rank for kid in kids), tall=2)


def _delta(e: Delta, kids: tuple[Piece, ...], scope: Scope) -> Piece:
    if "delta" in scope.declarations or "delta" in scope.definitions:
        equal = Line((signed(kids[0]), Atom("=", "relation"), signed(kids[1])))
        return as_value(Piece(equal, Level.COMPARE))
    return Piece(Script(Atom("δ", "name"), sub=_positions((e.left, e.right), kids)), short=True)
