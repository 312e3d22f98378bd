"""Derivatives in all their spellings: fractions, slashes, nabla, differentials."""

from __future__ import annotations

from dataclasses import replace

from whygrad.core.errors import Span
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.cursor import Cursor
from whygrad.syntax.people.lex import Token
from whygrad.syntax.people.repair import CLOSING
from whygrad.syntax.people.tree import Tree


class Derivatives(Cursor):
    """Fractions that are derivatives, and fractions that are not."""

    def tokens_of_argument(self) -> list[Token]:
        """The tokens of one argument of a command."""
        token = self.token
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.tokens[self.k] = token._replace(text=token.text[1:], start=token.start + 1, glued=True)
            return [token._replace(text=token.text[0], end=token.start + 1)]
        if not self.at("{"):
            self.advance()
            return [token]
        begin = self.k + 1
        level = 0
        while self.token.kind != "end":
            text = self.token.text if self.token.kind == "op" else ""
            level += (text == "{") - (text == "}")
            self.k += 1
            if level == 0:
                break
        return self.tokens[begin : self.k - 1]

    def quotient(self, top: list[Token], bottom: list[Token], start: int) -> Tree:
        """A fraction, or a derivative written as one."""
        found = self.derivative_of(top, bottom, start)
        if found is not None:
            return found
        above = self.part(top).whole()
        below = self.part(bottom).whole()
        return t.Quotient(above, below, self.since(start))

    def derivative_of(self, top: list[Token], bottom: list[Token], start: int) -> t.Deriv | None:
        """``∂A / ∂b``, ``d / dx``, ``∂² J / ∂a ∂b``."""
        top, bottom = stripped(top), stripped(bottom)
        sign = d_sign(top)
        if not sign or d_sign(bottom) != sign or len(bottom) < 2:
            return None
        if sign == "d" and len(top) > 1 and top[1].text in ("+", "-", "*", "·", "_"):
            return None
        rest = top[1:]
        order = 1
        if len(rest) > 1 and rest[0].text == "^":
            digits, rest = exponent_of(rest[1:])
            order = int(digits) if digits.isdigit() else 1
        wrt = self.variables(bottom, sign, order)
        if wrt is None or order > 8:
            return None
        rest = stripped(rest)
        body = self.part(rest).whole() if rest else None
        return t.Deriv(body, wrt, sign, max(order, len(wrt)), Span(start, start))

    def variables(self, bottom: list[Token], sign: str, order: int) -> tuple[Tree, ...] | None:
        """The variables of a denominator, each as often as it says."""
        found: list[Tree] = []
        pieces: list[list[Token]] = []
        level = 0
        for token in bottom:
            text = token.text if token.kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            if level == 0 and is_d(token, sign) and not (pieces and not pieces[-1]):
                pieces.append([])  # after another d it is the name: d J / d d_i
            elif pieces:
                pieces[-1].append(token)
        for piece in pieces:
            if not piece:
                return None
            tree = self.part(stripped(piece)).whole()
            times = 1
            match tree:
                case t.Script(base, sub, t.Num(value), primes, span) if value.denominator == 1 and (
                    order > 1 or value != 2 or len(pieces) > 1
                ):  # d/d sigma^2 is by the square
                    times = int(value)
                    tree = base if sub is None and not primes else t.Script(base, sub, None, primes, span)
                case _:
                    pass
            if times > 8:
                return None
            found += [t.bare(tree)] * times
        return tuple(found)

    def inline_derivative(self) -> Tree | None:
        """``∂L/∂w``, ``dL/dw``, ``d/dz``, or ``dX`` as a differential; None if none stands here."""
        first = self.token
        sign = "∂" if first.text == "∂" and first.kind == "op" else "d" if first.text == "d" else ""
        if not sign or (sign == "d" and first.kind != "name"):
            return None
        k = self.k + 1
        if not (self.tokens[k].kind == "op" and self.tokens[k].text == "/"):
            k = self.skip_factor(k)
        slash, after = (
            self.tokens[min(k, len(self.tokens) - 1)],
            self.tokens[min(k + 1, len(self.tokens) - 1)],
        )
        bracket = after.text == "("
        lead = self.tokens[min(k + 2, len(self.tokens) - 1)] if bracket else after
        if slash.text == "/" and is_d(lead, sign) and k + 2 < len(self.tokens):
            top = self.tokens[self.k : k]
            end = self.skip_factor(k + 2 + bracket, called=k > self.k + 1)
            if end > k + 2:
                while (
                    is_d(self.tokens[end], sign) and end + 1 < len(self.tokens) - 1 and self.tokens[end].glued
                ):
                    if self.tokens[end + 1].text == "/":
                        break
                    end = self.skip_factor(end + 1, called=False)
                bottom = self.tokens[k + 1 + bracket : end]
                found = self.derivative_of(top, bottom, first.start)
                if found is not None:
                    self.k = end + bracket
                    return replace(found, span=self.since(first.start))
        return self.differential(first, sign)

    def differential(self, first: Token, sign: str) -> Tree | None:
        """``dX`` where the chain speaks of differentials."""
        after = self.peek()
        if sign == "d" and self.style.differentials and after.kind == "name" and after.glued:
            self.advance()
            name = self.advance()
            body = self.scripts(t.Name(name.text, name.span))
            return t.Differential(body, self.since(first.start))
        if sign == "d" and self.style.differentials and after.text in ("(", "|", "||", "{") and after.glued:
            self.advance()
            return t.Differential(self.factor(), self.since(first.start))
        return None

    def nabla(self) -> Tree:
        """``∇_w``, ``∇``, ``∇²``."""
        token = self.advance()
        wrt: tuple[Tree, ...] = ()
        order = 1
        while self.at("_", "^"):
            if self.advance().text == "_":
                wrt = (t.bare(self.script_argument()),)
            else:
                found = t.bare(self.script_argument(up=True))
                if isinstance(found, t.Num) and found.value in (1, 2):
                    order = int(found.value)
        return t.Deriv(None, wrt * order, "∇", order, self.since(token.start))


def stripped(tokens: list[Token]) -> list[Token]:
    """Without braces around the whole."""
    while len(tokens) > 1 and tokens[0].text == "{" and tokens[0].kind == "op":
        level, k = 0, 0
        for k, token in enumerate(tokens):  # noqa: B007  where the brace closes
            if token.kind == "op":
                level += (token.text == "{") - (token.text == "}")
            if not level:
                break
        if k != len(tokens) - 1:
            break
        tokens = tokens[1:-1]
    return tokens


def is_d(token: Token, sign: str) -> bool:
    """Whether a token is the d of a derivative."""
    if sign == "∂":
        return token.kind == "op" and token.text == "∂"
    return token.kind == "name" and token.text == sign


def d_sign(tokens: list[Token]) -> str:
    """The sign a numerator or denominator of a derivative begins with."""
    if not tokens:
        return ""
    first = tokens[0]
    if first.kind == "op" and first.text == "∂":
        return "∂"
    if first.kind == "name" and first.text in ("d", "delta"):
        return first.text
    return ""


def exponent_of(tokens: list[Token]) -> tuple[str, list[Token]]:
    """What stands after ``^``, and the tokens after it."""
    if tokens and tokens[0].text == "{":
        k = next((k for k, x in enumerate(tokens) if x.text == "}"), len(tokens) - 1)
        return "".join(x.text for x in tokens[1:k]), tokens[k + 1 :]
    return (tokens[0].text, tokens[1:]) if tokens else ("", tokens)
