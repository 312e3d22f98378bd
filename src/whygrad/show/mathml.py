"""Boxes as presentation MathML (MathML Core), which browsers set themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
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

_THIN: Final = '<mspace width="0.17em"></mspace>'
_TIMES: Final = "<mo>\u2062</mo>"
_BIG: Final = {"sum": "<mo>∑</mo>", "prod": "<mo>∏</mo>"}
_ACCENTS: Final = {"hat": "^", "bar": "¯", "tilde": "~"}
_UPRIGHT: Final = {"1": "<mn>𝟏</mn>", "𝟏": "<mn>𝟏</mn>", "ᵀ": '<mi mathvariant="normal">⊤</mi>'}


def to_mathml(
    e: Expr,
    scope: Scope | None = None,
    style: Style = DEFAULT,
    marks: Iterable[Path] = (),
    *,
    block: bool = False,
) -> str:
    """A ``<math>`` element; ``block`` sets it large, as in a display.

    Examples
    --------
    >>> from whygrad.core.expr import Pow, Symbol, TWO
    >>> to_mathml(Pow(Symbol("x"), TWO))
    '<math><msup><mi>x</mi><mn>2</mn></msup></math>'
    """
    return math_element(layout(e, scope, style, marks), block=block)


def math_element(box: Box, *, block: bool = False) -> str:
    """A laid-out formula as a ``<math>`` element."""
    large = ' displaystyle="true"' if block else ""
    return f"<math{large}>{spell(box, _spell, linear=False).code}</math>"


@dataclass(frozen=True, slots=True)
class _Ml:
    code: str
    tall: bool = False
    first: str = ""
    """The role of the first atom: a thin space stands before log and Σ."""


def _spell(box: Box, parts: tuple[_Ml, ...]) -> _Ml:
    tall = any(part.tall for part in parts)
    codes = [part.code for part in parts]
    first = parts[0].first if parts else ""
    match box:
        case Atom(text, role):
            return _Ml(_atom(text, role), first=role)
        case Line():
            return _Ml(_line(box, parts), tall, first)
        case Fraction():
            return _Ml(f"<mfrac>{codes[0]}{codes[1]}</mfrac>", True)
        case Script(_, sub, sup):
            tag = "msubsup" if sub is not None and sup is not None else "msup" if sub is None else "msub"
            return _Ml(f"<{tag}>{''.join(codes)}</{tag}>", parts[0].tall, first)
        case BigOp():
            return _Ml(_big(box, codes), True, "function")
        case Fence(left, _, right):
            stretch = "" if tall else ' stretchy="false"'
            opening = f'<mo form="prefix"{stretch}>{escape(left)}</mo>'
            closing = f'<mo form="postfix"{stretch}>{escape(right)}</mo>'
            return _Ml(f"<mrow>{opening}{codes[0]}{closing}</mrow>", tall)
        case Root():
            return _Ml(f"<msqrt>{codes[0]}</msqrt>", tall)
        case CasesBox():
            return _Ml(_cases(codes), True)
        case Accent(_, mark):
            sign = f'<mo stretchy="{"true" if mark == "bar" else "false"}">{_ACCENTS[mark]}</mo>'
            return _Ml(f'<mover accent="true">{codes[0]}{sign}</mover>')
        case Choice():
            return parts[0]
        case Mark(_, name):
            said = f'data-part="{escape(name)}"' if name else 'class="changed"'
            return _Ml(f"<mrow {said}>{codes[0]}</mrow>", tall, first)
        case _:
            assert_never(box)


def _atom(text: str, role: str) -> str:
    shown = escape(text)
    match role:
        case "number":
            return f"<mn>{shown}</mn>"
        case "upright":
            return _UPRIGHT.get(text, f'<mi mathvariant="normal">{shown}</mi>')
        case "partial":
            return f"<mi>{shown}</mi>" if text == "∂" else f'<mi mathvariant="normal">{shown}</mi>'
        case "sign":
            return f'<mo form="prefix">{shown}</mo>'
        case "plus" | "relation" | "times":
            return f'<mo form="infix">{shown}</mo>'
        case "slash":
            return f'<mo lspace="0" rspace="0">{shown}</mo>'
        case "gap":
            return _TIMES
        case "space":
            return _THIN
        case "comma":
            tail = "0.17em" if text.endswith(" ") else "0"
            return f'<mo separator="true" lspace="0" rspace="{tail}">{shown.rstrip()}</mo>'
        case "text":
            return f"<mtext>{shown.replace(' ', chr(0xA0))}</mtext>"
        case "tight":
            return _THIN if text == " " else f'<mo lspace="0" rspace="0">{shown}</mo>' if text else ""
        case _:
            return f"<mi>{shown}</mi>"


def _line(box: Line, parts: tuple[_Ml, ...]) -> str:
    out: list[str] = []
    for k, part in enumerate(parts):
        atom = box.parts[k]
        gap = isinstance(atom, Choice | Atom) and part.code == _TIMES
        words = gap and k + 1 < len(parts) and parts[k + 1].first == "function"
        out.append(_THIN if words else part.code)
    return f"<mrow>{''.join(out)}</mrow>"


def _big(box: BigOp, codes: list[str]) -> str:
    word = f'<mo movablelimits="true" lspace="0" rspace="0">{box.op}</mo>'
    sign = _BIG.get(box.op, word)
    limits = f"{sign}{codes[0]}"
    head = (
        f"<munder>{limits}</munder>" if box.upper is None else f"<munderover>{limits}{codes[2]}</munderover>"
    )
    space = "" if box.op in _BIG else _THIN
    return f"<mrow>{head}{space}{codes[1]}</mrow>"


def _cases(codes: list[str]) -> str:
    pairs = zip(codes[:-1:2], codes[1:-1:2], strict=True)
    rows = [f"<mtr><mtd>{value}</mtd><mtd><mtext>if\u00a0</mtext>{when}</mtd></mtr>" for value, when in pairs]
    rows.append(f"<mtr><mtd>{codes[-1]}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>")
    brace = '<mo form="prefix" stretchy="true">{</mo>'
    return f'<mrow>{brace}<mtable class="cases">{"".join(rows)}</mtable></mrow>'
