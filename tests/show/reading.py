"""An independent reader of what was written: text, LaTeX or MathML back to a value.

It knows only what a person knows about brackets and precedence (fineprint: ``a/b c`` is ``(a/b) c``,
``−u²`` is ``−(u²)``, a function without brackets takes the one factor that follows), so a bracket that
is missing or a fraction that swallows a factor changes the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from xml.etree import ElementTree

from whygrad.core.expr import Add, Call, Expr, Mul, Number, Pow, Symbol
from whygrad.core.walk import fold

FUNCTIONS = {
    "log": lambda u: u * u + 3 * u + 7,
    "σ": lambda u: u * u - 5 * u + 11,
    "e": lambda u: u * u + 2 * u + 13,
}
"""Any functions will do, as long as both sides take the same."""
FUNCTIONS["exp"] = FUNCTIONS["e"]
_NAMES = {"log": "log", "sigmoid": "σ", "exp": "e"}
_TOKEN = re.compile(r"\s*(log|exp|[a-dσe]|\d+|[-−+/·()^|])")
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))


class UndefinedError(Exception):
    """A division by zero at this point."""


def value(e: Expr, at: Mapping[str, Fraction]) -> Fraction:
    """The value of an expression of +, ·, powers, log, exp, σ, |u| at a point."""

    def step(node: Expr, kids: tuple[Fraction, ...]) -> Fraction:
        match node:
            case Number(number):
                return number
            case Symbol(name):
                return at[name]
            case Add():
                return sum(kids, Fraction(0))
            case Mul():
                product = Fraction(1)
                for kid in kids:
                    product *= kid
                return product
            case Pow():
                return power(kids[0], kids[1])
            case Call("abs"):
                return abs(kids[0])
            case Call(name):
                return FUNCTIONS[_NAMES[name]](kids[0])
            case _:
                raise AssertionError(node)

    return fold(e, step)


def power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > 9:
        raise UndefinedError
    if base == 0 and exponent < 0:
        raise UndefinedError
    return base ** int(exponent)


def text_value(text: str, at: Mapping[str, Fraction]) -> Fraction:
    """The value of a line of text."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: "^(" + "".join(_RAISED[c] for c in found[0]) + ")", text)
    return _Reader(text, at).whole()


def latex_value(code: str, at: Mapping[str, Fraction]) -> Fraction:
    """The value of LaTeX mathematics."""
    code = code.replace("\\left", "").replace("\\right", "").replace("\\cdot", "·").replace("\\,", " ")
    code = (
        code.replace("\\sigma", "σ")
        .replace("\\log", "log")
        .replace("\\exp", "exp")
        .replace("\\lvert", "|")
        .replace("\\rvert", "|")
    )
    code = re.sub(r"\^(\w)", r"^{\1}", code)
    while "\\frac" in code:
        code = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"<(\1)/(\2)>", _inner_groups(code))
        code = code.replace("<", "(").replace(">", ")")
    code = code.replace("{", "(").replace("}", ")")
    assert "\\" not in code, code
    return _Reader(code, at).whole()


def _inner_groups(code: str) -> str:
    """Groups that are not arguments of a fraction become brackets, innermost first."""
    return re.sub(
        r"(?<![}c])\{([^{}]*)\}(?!\{)|\^\{([^{}]*)\}",
        lambda g: f"({g[1]})" if g[1] is not None else f"^({g[2]})",
        code,
    )


def mathml_value(code: str, at: Mapping[str, Fraction]) -> Fraction:
    """The value of presentation MathML."""
    return _Reader(_flat(ElementTree.fromstring(code)), at).whole()


def _flat(node: ElementTree.Element) -> str:
    parts = [_flat(child) for child in node]
    match node.tag:
        case "mfrac":
            return f"(({parts[0]})/({parts[1]}))"
        case "msup":
            return f"(({parts[0]})^({parts[1]}))" if parts[0] != "e" else f"e^({parts[1]})"
        case "mspace":
            return " "
        case "mo":
            return (node.text or "").replace("\u2062", " ")
        case _:
            return (node.text or "") + "".join(f" {part} " for part in parts)


class _Reader:
    """Precedence climbing over the tokens of one line."""

    def __init__(self, text: str, at: Mapping[str, Fraction]) -> None:
        self.tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            assert found, f"cannot read {text[position:]!r}"
            self.tokens.append(found[1].replace("−", "-"))
            position = found.end()
        self.at, self.next, self.bars = at, 0, 0

    def whole(self) -> Fraction:
        result = self.sum()
        assert self.next == len(self.tokens), self.tokens[self.next :]
        return result

    def peek(self) -> str:
        return self.tokens[self.next] if self.next < len(self.tokens) else ""

    def take(self, token: str = "") -> str:
        found = self.peek()
        assert found == (token or found) != "", (found, token)
        self.next += 1
        return found

    def sum(self) -> Fraction:
        total = self.signed()
        while self.peek() in ("+", "-"):
            sign = self.take()
            term = self.product()
            total += term if sign == "+" else -term
        return total

    def signed(self) -> Fraction:
        if self.peek() == "-":
            self.take()
            return -self.product()
        return self.product()

    def product(self) -> Fraction:
        result = self.factor()
        while self.peek() and self.peek() not in "+-)" and not (self.peek() == "|" and self.bars):
            if self.peek() == "/":
                self.take()
                below = self.factor()
                if below == 0:
                    raise UndefinedError
                result /= below
            else:
                if self.peek() == "·":
                    self.take()
                result *= self.factor()
        return result

    def factor(self) -> Fraction:
        base = self.atom()
        if self.peek() == "^":
            self.take()
            return power(base, self.exponent())
        return base

    def exponent(self) -> Fraction:
        return self.atom()

    def atom(self) -> Fraction:
        token = self.take()
        if token == "(":
            bars, self.bars = self.bars, 0
            result = self.sum()
            self.bars = bars
            self.take(")")
            return result
        if token == "|":
            self.bars += 1
            result = self.sum()
            self.bars -= 1
            self.take("|")
            return abs(result)
        if token == "e":
            self.take("^")
            return FUNCTIONS["e"](self.exponent())
        if token in FUNCTIONS:
            return FUNCTIONS[token](self.atom() if self.peek() == "(" else self.factor())
        return Fraction(int(token)) if token.isdigit() else self.at[token]
