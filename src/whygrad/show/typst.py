"""Boxes as Typst mathematics, without the dollar signs.

The code needs one definition around it, ``changed(body)``: how what a step touched is shown. It has no comma
of its own, so it can stand as an argument of any function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from whygrad.core.cost import Scope
from whygrad.core.expr import Expr
from whygrad.core.walk import Path
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
from whygrad.show.layout import DEFAULT, Style, layout

MARK: Final = "changed"
"""The function of the document that shows what a step touched."""
_LETTERS: Final = {"ψ′": "psi prime", "𝟏": "bold(upright(1))", "ᵀ": "upright(T)"}
SIGNS: Final = {
    "−": "minus",
    "+": "plus",
    "·": "dot.op",
    "×": "times",
    "⊙": "dot.o",
    "⊘": "slash.o",
    "∘": "compose",
    "=": "eq",
    "<": "lt",
    ">": "gt",
    "<=": "lt.eq",
    ">=": "gt.eq",
    "≤": "lt.eq",
    "≥": "gt.eq",
    "≠": "eq.not",
    "∈": "in",
    "∂": "partial",
    "∇": "nabla",
    ",": "comma",
    ", ": "comma",
    ":": "colon",
    ": ": "colon",
    ";": "semi",
    "/": "slash",
    "(": "paren.l",
    ")": "paren.r",
    "[": "bracket.l",
    "]": "bracket.r",
    "⊤": "top",
}
_FENCES: Final = {
    **{sign: SIGNS[sign] for sign in "()[]"},
    "|": "bar.v",
    "‖": "bar.v.double",
    "⌊": "floor.l",
    "⌋": "floor.r",
}
_BIG: Final = {"sum": "sum", "prod": "product", "max": 'op("max")', "min": 'op("min")'}
_ACCENTS: Final = {"hat": "hat", "bar": "overline", "tilde": "tilde"}
_ESCAPES: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\#$*_`<>@[]~=-+/\"'"})
_GAPS: Final = {"gap": "", "space": "thin"}


def escape(text: str) -> str:
    r"""Running text for Typst's markup.

    >>> escape("x_1 costs $5")
    'x\\_1 costs \\$5'
    """
    return text.translate(_ESCAPES)


def quoted(text: str) -> str:
    r"""A string of Typst.

    >>> quoted('say "a"')
    '"say \\"a\\""'
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def to_typst(e: Expr, scope: Scope | None = None, style: Style = DEFAULT, marks: Iterable[Path] = ()) -> str:
    """Typst mathematics, without dollar signs.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol, div, sub, ONE
    >>> print(to_typst(div(sub(ONE, Symbol("y")), Symbol("sigma"))))
    frac(1 minus y, σ)
    """
    return typst_of(layout(e, scope, style, marks))


def typst_of(box: Box, wraps: Mapping[Box, str] | None = None) -> str:
    """A laid-out formula as Typst mathematics.

    Parameters
    ----------
    box
        The formula.
    wraps
        For some boxes, what opens a call around them: ``"tag(3, "``.
    """
    around = wraps or {}

    def step(node: Box, parts: tuple[_Typ, ...]) -> _Typ:
        made = _spell(node, parts)
        return _Typ(f"{around[node]}{made.code})", made.tall) if made.code and node in around else made

    return spell(box, step, linear=False).code


@dataclass(frozen=True, slots=True)
class _Typ:
    code: str
    tall: bool = False
    """Higher than a line: brackets around it grow."""


def _spell(box: Box, parts: tuple[_Typ, ...]) -> _Typ:
    tall = any(part.tall for part in parts)
    codes = [part.code for part in parts]
    match box:
        case Atom():
            return _Typ(_atom(box))
        case Line():
            return _Typ(" ".join(code for code in codes if code), tall)
        case Fraction():
            return _Typ(f"frac({codes[0]}, {codes[1]})", True)
        case Script(base, sub, sup):
            return _Typ(_script(base, codes, sub is not None, sup is not None), tall and parts[0].tall)
        case BigOp(op, _, _, upper):
            top = "" if upper is None else f", t: {codes[2]}"
            return _Typ(f"attach(limits({_BIG[op]}), b: {codes[0]}{top}) {codes[1]}", True)
        case Fence(left, _, right):
            opening, closing = _FENCES[left], _FENCES[right]
            if left == right:  # Typst cannot know which of two bars opens
                opening, closing = f'class("opening", {opening})', f'class("closing", {closing})'
            inside = f"{opening} {codes[0]} {closing}"
            return _Typ(f"lr({inside})" if tall else inside, tall)
        case Root():
            return _Typ(f"sqrt({codes[0]})", tall)
        case CasesBox():
            return _Typ(_cases(codes), True)
        case Accent(_, mark):
            return _Typ(f"{_ACCENTS[mark]}({codes[0]})")
        case Choice():
            return parts[0]
        case Mark():
            return _Typ(f"{MARK}({codes[0]})" if codes[0] else "", tall)
        case _:
            assert_never(box)


def _script(base: Box, codes: list[str], sub: bool, sup: bool) -> str:
    head = codes[0]
    rest = iter(codes[1:])
    below = f", b: {next(rest)}" if sub else ""
    above = f", t: {next(rest)}" if sup else ""
    if isinstance(base, Atom) and base.role == "partial":
        head = f'class("normal", {head})'
    return f"attach({head or 'zws'}{below}{above})"


def _cases(codes: list[str]) -> str:
    pairs = zip(codes[:-1:2], codes[1:-1:2], strict=True)
    rows = [f'{value} quad & "if" {when}' for value, when in pairs]
    rows.append(f'{codes[-1]} quad & "otherwise"')
    return f"cases({', '.join(rows)})"


def _atom(box: Atom) -> str:
    text = box.text
    match box.role:
        case "name":
            known = _LETTERS.get(text)
            return known if known is not None else text if len(text) == 1 else f"italic({quoted(text)})"
        case "upright":
            return _LETTERS.get(text, f"upright({quoted(text)})")
        case "word":
            return f"upright({quoted(text)})"
        case "function":
            return f"op({quoted(text)})"
        case "number":
            return text if text.isdigit() and len(text) < 20 else quoted(text)
        case "sign":
            return f'class("unary", {SIGNS[text]})'
        case "plus" | "relation" | "times" | "partial" | "comma" | "slash":
            return SIGNS[text] if text in SIGNS else quoted(text)
        case "gap" | "space":
            return _GAPS[box.role]
        case "text":
            return quoted(text)
        case "tight" if text in ("(", ")"):
            # A bracket that another line closes.
            side = "opening" if text == "(" else "closing"
            return f'class("{side}", lr(size: #130%, {SIGNS[text]}))'
        case "tight":
            return SIGNS.get(text, quoted(text)) if text.strip() else ""
        case _:
            assert_never(box.role)
