"""Derivatives in a formula: ``d/dz u``, ``dL/dz``, ``∂u/∂z``."""

from __future__ import annotations

from whygrad.syntax.cursor import CLOSING, Cursor
from whygrad.syntax.surface import Diff, Surface, bare
from whygrad.syntax.tokens import Token


class Derivatives(Cursor):
    """Quotients of differentials."""

    def is_differential(self) -> bool:
        """Whether ``d/dz``, ``dL/dz``, ``d(u)/dz`` or ``∂`` stands here; looks ahead, moves nothing."""
        first = self.token.text
        if first == "∂":
            return True
        if not self.may_be_d(self.token):
            return False
        ahead = 1
        if self.peek().text in CLOSING or self.peek().text == "_":
            if first == "d" and self.peek().text != "(":
                return False
            ahead += self.peek().text == "_"
            ahead = self.after_bracket(ahead)
        elif first == "d" and self.latex and self.peek().kind == "name":
            ahead = 2
        slash, last = self.peek(ahead), self.peek(ahead + 1)
        if slash.text != "/":
            return False
        bare_d = last.text == "d" and self.peek(ahead + 2).kind == "name"
        return last.text == "∂" or bare_d or (len(last.text) > 1 and self.may_be_d(last))

    def may_be_d(self, token: Token) -> bool:
        """Whether a name may be a d with a name after it."""
        name = token.text
        return (
            token.kind == "name"
            and name[0] == "d"
            and name not in self.words.declared
            and not self.words.is_function(name)
        )

    def differential(self) -> Surface:
        """``d/dz u``, ``dL/dz``, ``d(u)/dz``, and the same with ``∂``."""
        start = self.token.start
        self.take_d()
        if self.accept("/"):
            wrt = self.variable()
            self.enter()
            body = self.product()
            self.depth -= 1
            return Diff(body, wrt, self.since(start))
        body = self.postfix()
        if not self.accept("/"):
            self.fail("a derivative without its denominator", "write ∂u/∂z or d/dz (u)")
        return Diff(body, self.variable(), self.since(start))

    def variable(self) -> Surface:
        """``dz`` or ``∂w[j]`` after the slash, perhaps in brackets."""
        opened = self.advance() if self.at("(") else None
        if not (self.token.text == "∂" or self.may_be_d(self.token)):
            self.fail("the denominator of a derivative is missing its ∂ or d", "write ∂u/∂z or d/dz (u)")
        self.take_d()
        found = self.postfix()
        if opened is not None:
            self.expect(")", opened)
        return bare(found)

    def take_d(self) -> None:
        """Take ``∂``, ``d``, or the d that a name begins with."""
        token = self.token
        if token.text in ("∂", "d"):
            self.advance()
        else:
            self.token = token._replace(text=token.text[1:], start=token.start + 1)
