"""Boxes as one line of characters: ``∂L_i/∂f_i = −y_i/f_i + (1 − y_i)/(1 − f_i)``.

Inside, a spelled box carries a few control characters: where a line may be broken, and where a part
that a step touched begins and ends. :func:`plain` takes them out, ``terminal.py`` uses them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
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
from whygrad.show.glyphs import AS_OPERATORS, BIG_OPS, GREEK, SMALL_DIGITS
from whygrad.show.layout import DEFAULT, Style, layout

BREAK_SUM: Final = "\x01"
"""A space before + or −, where a long line is broken first."""
BREAK_PRODUCT: Final = "\x02"
"""A space between factors, where it is broken next."""
BREAK_OVER: Final = "\x05"
"""No space: before the stroke of a fraction, where it is broken as between factors."""
MARK_ON: Final = "\x03"
MARK_OFF: Final = "\x04"
_PLAIN: Final = {1: " ", 2: " ", 3: None, 4: None, 5: None}
_NO_WIDTH: Final = (MARK_ON, MARK_OFF, BREAK_OVER)

_SUPERSCRIPTS: Final = dict(zip("0123456789−ᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ", strict=True))
_SMALL_LETTERS: Final = str.maketrans("()abcdefghijklmnoprstuvwxyz", "⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_OVER: Final = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_UPRIGHT_NAMES: Final = {"Σ": "Sigma", "Π": "Pi"}


def to_text(e: Expr, scope: Scope | None = None, style: Style = DEFAULT, *, ascii: bool = False) -> str:
    """One line of text.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol, div, sub, mul, ONE
    >>> y, f = Symbol("y"), Symbol("f")
    >>> to_text(div(sub(ONE, y), sub(ONE, f)))
    '(1 − y)/(1 − f)'
    >>> to_text(mul(Symbol("lambda"), f), ascii=True)
    'lambda f'
    """
    return plain(breakable(e, scope, style, ascii=ascii))


def breakable(
    e: Expr,
    scope: Scope | None = None,
    style: Style = DEFAULT,
    marks: Iterable[Path] = (),
    *,
    ascii: bool = False,
) -> str:
    """The line with its control characters."""
    spelled = spell(layout(e, scope, style, marks), linear, linear=True)
    return to_ascii(spelled) if ascii else spelled


def plain(spelled: str) -> str:
    r"""A spelled line without control characters.

    >>> plain("a\x01+ b")
    'a + b'
    """
    return spelled.translate(_PLAIN)


@lru_cache(maxsize=4096)
def width(text: str) -> int:
    """How many columns a terminal gives the text: none to combining marks, two to wide letters.

    >>> width("x̂"), width("x_ij")
    (1, 4)
    """
    if text.isascii():
        return len(text) - sum(text.count(c) for c in _NO_WIDTH)
    return sum(map(_columns, text))


@lru_cache(maxsize=1024)
def _columns(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf") or c in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def linear(box: Box, parts: tuple[str, ...]) -> str:
    """Spell one box of a line from its spelled parts (for :func:`whygrad.show.boxes.spell`)."""
    match box:
        case Atom(text, role):
            return _atom(text, role)
        case Line():
            return "".join(parts)
        case Fraction():
            long = any(part.rstrip(MARK_OFF).endswith(")") for part in parts)
            stroke = BREAK_OVER + "/" if long else "/"
            return f"{parts[0]}{stroke}{parts[1]}"
        case Script():
            return _script(box, parts)
        case BigOp(op):
            return f"{BIG_OPS[op]}{_below(parts[0])} {parts[1]}" if box.upper is None else _limits(op, parts)
        case Fence(left, _, right):
            return f"{left}{parts[0]}{right}"
        case Root(_, bare):
            return f"√{parts[0]}" if bare else f"√({parts[0]})"
        case CasesBox():
            return _cases(parts)
        case Accent(base, mark):
            return _accent(base.text, mark)
        case Choice():
            return parts[0]
        case Mark():
            return MARK_ON + parts[0] + MARK_OFF
        case _:
            assert_never(box)


def _atom(text: str, role: str) -> str:
    match role:
        case "plus":
            return f"{BREAK_SUM}{text} "
        case "relation":
            return f"{BREAK_SUM}{text} "
        case "times":
            return f"{BREAK_PRODUCT}{text} "
        case "gap" | "space":
            return BREAK_PRODUCT
        case "comma":
            return text.rstrip() + BREAK_PRODUCT if text.endswith(" ") else text
        case "name":
            return _UPRIGHT_NAMES.get(text, text) if text in AS_OPERATORS else text
        case _:
            return text


def _below(sub: str) -> str:
    """``_j``, ``_ij``, ``_{i+1,j}``: braces where more than letters and digits stand."""
    tight = plain(sub)
    if not any(c in tight for c in ":=≠≤≥<>"):
        tight = tight.replace(" + ", "+").replace(" − ", "−")
    simple = all(c.isalnum() or unicodedata.combining(c) for c in tight)
    return f"_{tight}" if simple else f"_{{{tight}}}"


def _above(sup: str) -> str:
    """A small number or transpose as superscript characters, else after ``^``."""
    bare = plain(sup)
    if bare.startswith("(") and bare.endswith(")"):  # an example: x⁽ⁱ⁾
        small = bare.translate(_SMALL_LETTERS)
        return f"^{sup}" if any(c.isalpha() and c in bare for c in small) else small
    if all(c in _SUPERSCRIPTS for c in bare):
        return "".join(_SUPERSCRIPTS[c] for c in bare)
    if len(bare) == 1 or bare.startswith("∘") or (width(bare) == 1):
        return f"^{sup}"
    return f"^({sup})"


def _script(box: Script, parts: tuple[str, ...]) -> str:
    base, *rest = parts
    below = _below(rest.pop(0)) if box.sub is not None else ""
    if base.endswith("‖"):
        below = below[1:].translate(SMALL_DIGITS)
    above = _above(rest.pop(0)) if box.sup is not None else ""
    if above and below and base.startswith("∇"):
        return f"{base}{above}{below}"
    return f"{base}{below}{above}"


def _limits(op: str, parts: tuple[str, ...]) -> str:
    lower, body, upper = parts
    return f"{BIG_OPS[op]}{_below(lower)}^{upper} {body}"


def _cases(parts: tuple[str, ...]) -> str:
    pairs = zip(parts[:-1:2], parts[1:-1:2], strict=True)
    branches = [f"{value} if {when};{BREAK_SUM}" for value, when in pairs]
    return "{" + "".join(branches) + f"{parts[-1]} otherwise}}"


def _accent(letters: str, mark: str) -> str:
    spelled = _UPRIGHT_NAMES.get(letters, letters)
    if len(spelled) == 1:
        return spelled + _OVER[mark]
    return "".join(c + "\u0305" for c in spelled)


_ASCII: Final = {
    **{ord(letter): name for name, letter in GREEK.items()},
    **{ord(c): str(k) for k, c in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **str.maketrans(
        {
            "−": "-",
            "·": "*",
            "Σ": "sum",
            "Π": "prod",
            "∂": "d",
            "∇": "grad",
            "√": "sqrt",
            "≤": "<=",
            "≥": ">=",
            "≠": "!=",
            "∈": "in",
            "‖": "||",
            "⊙": ".*",
            "⊘": "./",
            "∘": ".",
            "ᵀ": "'",
            "′": "'",
            "𝟏": "ones",
            "⌊": "floor(",
            "⌋": ")",
            "\u0302": "_hat",
            "\u0303": "_tilde",
            "\u0304": "_bar",
            "…": "...",
            "–": "-",
            "—": "-",
            "→": "->",
            "⇒": "=>",
            "×": "x",
            "‾": "^",
            "“": '"',
            "”": '"',
            "’": "'",
        }
    ),
}
_LETTERS: Final = {small: letter for letter, small in _SMALL_LETTERS.items()}
_RAISED: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_LOWERED: Final = {small: plain_ for plain_, small in _SUPERSCRIPTS.items()}
_OVERLINED: Final = re.compile("((?:.\u0305)+)")


def to_ascii(spelled: str) -> str:
    """The same line for a terminal that knows only ASCII; what has no spelling becomes ``?``.

    >>> to_ascii("1/m Σ_i (f_i − y_i) x_ij²")
    '1/m sum_i (f_i - y_i) x_ij^2'
    """
    spelled = _OVERLINED.sub(lambda m: m[1].replace("\u0305", "") + "_bar", spelled)
    spelled = spelled.replace("⁻ᵀ", "^-T").replace("⁽", "^(").translate(_LETTERS)
    spelled = _RAISED.sub(lambda m: "^" + "".join(_LOWERED[c] for c in m[0]), spelled)
    spelled = re.sub(r"√(?=[^(])", "sqrt ", spelled)
    return spelled.translate(_ASCII).encode("ascii", "replace").decode("ascii")
