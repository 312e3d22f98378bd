"""Boxes as LaTeX mathematics (amsmath)."""

from __future__ import annotations

from collections.abc import Iterable
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
from whygrad.show.glyphs import GREEK
from whygrad.show.layout import DEFAULT, Style, layout

_SAME_AS_LATIN: Final = {"ο": "o"}
LETTERS: Final = {
    **{letter: f"\\{name}" for name, letter in GREEK.items()},
    **_SAME_AS_LATIN,
    "ε": "\\varepsilon",
    "φ": "\\varphi",
    "ψ′": "\\psi'",
    "𝟏": "\\mathbf{1}",
    "1": "\\mathbf{1}",
    "I": "I",
    "ᵀ": "\\top",
}
_OPERATORS: Final = frozenset(
    [
        "log",
        "ln",
        "exp",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "arcsin",
        "arccos",
        "arctan",
        "max",
        "min",
        "det",
    ]
)
SIGNS: Final = {
    "−": "-",
    "·": "\\cdot",
    "⊙": "\\odot",
    "⊘": "\\oslash",
    "∘": "\\circ",
    "≤": "\\le",
    "≥": "\\ge",
    "≠": "\\ne",
    "∈": "\\in",
    "∂": "\\partial",
    "∇": "\\nabla",
}
_FENCES: Final = {
    "(": "(",
    ")": ")",
    "[": "[",
    "]": "]",
    "|": ("\\lvert", "\\rvert"),
    "‖": ("\\lVert", "\\rVert"),
    "⌊": "\\lfloor",
    "⌋": "\\rfloor",
}
_ACCENTS: Final = {"hat": "hat", "bar": "bar", "tilde": "tilde"}
_WIDE_ACCENTS: Final = {"hat": "widehat", "bar": "overline", "tilde": "widetilde"}
_BIG: Final = {"sum": "\\sum", "prod": "\\prod", "max": "\\max", "min": "\\min"}
_ESCAPES: Final = str.maketrans(
    {
        "\\": "\\textbackslash{}",
        "{": "\\{",
        "}": "\\}",
        "$": "\\$",
        "&": "\\&",
        "#": "\\#",
        "%": "\\%",
        "_": "\\_",
        "^": "\\textasciicircum{}",
        "~": "\\textasciitilde{}",
        "<": "\\textless{}",
        ">": "\\textgreater{}",
        "|": "\\textbar{}",
        "\u0302": "",
        "\u0303": "",
        "\u0304": "",
        **{letter: f"\\ensuremath{{\\{name}}}" for name, letter in GREEK.items()},
        **{sign: f"\\ensuremath{{{code}}}" for sign, code in SIGNS.items()},
        **{small: f"\\textsuperscript{{{k}}}" for k, small in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
        **{small: f"\\textsubscript{{{k}}}" for k, small in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        "⁻": "\\textsuperscript{-}",
        "ᵀ": "\\ensuremath{^\\top}",
        "√": "\\ensuremath{\\surd}",
        "∞": "\\ensuremath{\\infty}",
        "→": "\\ensuremath{\\to}",
        "⇒": "\\ensuremath{\\Rightarrow}",
        "×": "\\ensuremath{\\times}",
        "…": "\\dots{}",
        "‖": "\\ensuremath{\\Vert}",
    }
)
MARK_COLOR: Final = "whychanged"


def escape(text: str) -> str:
    r"""Running text for LaTeX.

    >>> escape("50% of x_1")
    '50\\% of x\\_1'
    """
    return text.translate(_ESCAPES)


def to_latex(e: Expr, scope: Scope | None = None, style: Style = DEFAULT, marks: Iterable[Path] = ()) -> str:
    r"""LaTeX mathematics, without dollar signs.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol, div, sub, ONE
    >>> print(to_latex(div(sub(ONE, Symbol("y")), Symbol("sigma"))))
    \frac{1 - y}{\sigma}
    """
    return latex_of(layout(e, scope, style, marks))


def latex_of(box: Box) -> str:
    """A laid-out formula as LaTeX."""
    return spell(box, _spell, linear=False).code


@dataclass(frozen=True, slots=True)
class _Tex:
    code: str
    tall: bool = False
    """Higher than a line: brackets around it grow."""


def _spell(box: Box, parts: tuple[_Tex, ...]) -> _Tex:
    tall = any(part.tall for part in parts)
    codes = [part.code for part in parts]
    match box:
        case Atom():
            return _Tex(_atom(box))
        case Line():
            return _Tex(_line(codes), tall)
        case Fraction():
            return _Tex(f"\\frac{{{codes[0]}}}{{{codes[1]}}}", True)
        case Script(base, sub, sup):
            head = codes.pop(0)
            if not isinstance(base, Atom | Fence | Accent):
                head = f"{{{head}}}"
            below = f"_{_group(codes.pop(0))}" if sub is not None else ""
            above = f"^{_group(codes.pop(0))}" if sup is not None else ""
            return _Tex(f"{head}{below}{above}", tall and parts[0].tall)
        case BigOp(op, _, _, upper):
            limits = f"_{_group(codes[0])}" + ("" if upper is None else f"^{_group(codes[2])}")
            return _Tex(f"{_BIG[op]}{limits} {codes[1]}", True)
        case Fence(left, _, right):
            return _Tex(_fence(left, codes[0], right, tall), tall)
        case Root():
            return _Tex(f"\\sqrt{{{codes[0]}}}", tall)
        case CasesBox():
            return _Tex(_cases(codes), True)
        case Accent(base, mark):
            names = _WIDE_ACCENTS if len(base.text) > 1 else _ACCENTS
            return _Tex(f"\\{names[mark]}{{{codes[0]}}}")
        case Choice():
            return parts[0]
        case Mark():
            return _Tex(f"{{\\color{{{MARK_COLOR}}}{codes[0]}}}", tall)
        case _:
            assert_never(box)


def _atom(box: Atom) -> str:
    text = box.text
    match box.role:
        case "name":
            return LETTERS.get(text, escape(text)) if text != "I" and text != "1" else text
        case "upright":
            return LETTERS[text]
        case "word":
            return f"\\mathrm{{{escape(text)}}}"
        case "function":
            return f"\\{text}" if text in _OPERATORS else f"\\operatorname{{{escape(text)}}}"
        case "number" | "slash":
            return text
        case "sign" | "partial":
            return SIGNS[text]
        case "plus" | "relation" | "times":
            return f" {SIGNS.get(text, text)} "
        case "gap":
            return " "
        case "space":
            return "\\,"
        case "comma":
            return text
        case "text":
            return f"\\text{{{escape(text)}}}"
        case "tight" if text in ("(", ")"):
            # A bracket that another line closes.
            return f"\\bigl{text}" if text == "(" else f"\\bigr{text}"
        case "tight":
            return SIGNS.get(text, text)
        case _:
            assert_never(box.role)


def _line(codes: list[str]) -> str:
    """Put together; a command must not swallow the letter after it."""
    out: list[str] = []
    for code in codes:
        if out and code[:1].isalpha() and _ends_in_command(out[-1]):
            out.append(" ")
        out.append(code)
    return "".join(out)


def _ends_in_command(code: str) -> bool:
    head = code.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return head.endswith("\\") and len(head) < len(code)


def _group(code: str) -> str:
    return code if len(code) == 1 else f"{{{code}}}"


def _fence(left: str, body: str, right: str, tall: bool) -> str:
    opening, closing = _FENCES[left], _FENCES[right]
    opening = opening if isinstance(opening, str) else opening[0]
    closing = closing if isinstance(closing, str) else closing[1]
    space = " " if opening.startswith("\\") else ""
    if tall:
        return f"\\left{opening}{space}{body}\\right{closing}"
    end = " " if closing.startswith("\\") and _ends_in_command(body) else ""
    return f"{opening}{space}{body}{end}{closing}"


def _cases(codes: list[str]) -> str:
    pairs = zip(codes[:-1:2], codes[1:-1:2], strict=True)
    rows = [f"{value} & \\text{{if }} {when}" for value, when in pairs]
    rows.append(f"{codes[-1]} & \\text{{otherwise}}")
    return "\\begin{cases} " + " \\\\ ".join(rows) + " \\end{cases}"
