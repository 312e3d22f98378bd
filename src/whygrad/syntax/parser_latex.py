"""What LaTeX has beside the plain notation: fractions, roots, cases, indicators, ``∂`` fractions."""

from __future__ import annotations

from fractions import Fraction

from whygrad.syntax.parser import Parser
from whygrad.syntax.surface import Called, Choice, Diff, Name, Num, Paren, Power, Product, Surface, bare


class LatexParser(Parser):
    """The parser with the macro tokens of LaTeX."""

    def macro(self) -> Surface:
        """One construct."""
        match self.token.text:
            case "frac":
                return self.fraction()
            case "sqrt":
                return self.root()
            case "cases":
                return self.cases()
            case _:
                return self.indicator()

    def argument(self) -> Surface:
        """``{u}``, or one token."""
        if self.at("{"):
            return bare(self.brackets())
        return self.atom()

    def fraction(self) -> Surface:
        r"""``\frac{a}{b}``, or a derivative written as one."""
        self.enter()
        start = self.advance().start
        if self.derivatives and self.is_derivative():
            found = self.derivative(start)
        else:
            top = self.argument()
            below = self.argument()
            # In brackets: ``\frac{1}{2} x`` is one factor beside another.
            found = Paren(
                Product((("", _grouped(top)), ("/", _grouped(below))), self.since(start)), self.since(start)
            )
        self.depth -= 1
        return found

    def is_derivative(self) -> bool:
        """Whether both groups begin with ``∂`` or ``d``."""
        if not (self.at("{") and self.peek().text in ("∂", "d")):
            return False
        after = self.after_bracket(0)
        return self.peek(after).text == "{" and self.peek(after + 1).text == self.peek().text

    def derivative(self, start: int) -> Surface:
        r"""``\frac{\partial L}{\partial z}`` or ``\frac{d}{dz}`` with what follows."""
        opened = self.advance()
        self.advance()
        body = None if self.at("}") else self.product()
        self.expect("}", opened)
        opened = self.advance()
        self.advance()
        wrt = bare(self.postfix())
        self.expect("}", opened)
        if body is None:
            body = self.product()
        return Diff(body, wrt, self.since(start))

    def root(self) -> Surface:
        r"""``\sqrt{u}``, ``\sqrt[3]{u}``."""
        self.enter()
        token = self.advance()
        degree: Surface | None = None
        if self.at("["):
            degree = bare(self.brackets())
        inside = self.argument()
        self.depth -= 1
        span = self.since(token.start)
        if degree is None:
            return Called(Name("sqrt", token.span), (inside,), (), span)
        one = Num(Fraction(1), False, span)
        exponent = Product((("", one), ("/", degree)), degree.span)
        return Power(_grouped(inside), exponent, False, span)

    def cases(self) -> Surface:
        r"""``\begin{cases} u & \text{if } c \\ v & \text{otherwise} \end{cases}``."""
        self.enter()
        opened = self.advance()
        held, self.equals = self.equals, True
        pairs: list[tuple[Surface, Surface]] = []
        otherwise: Surface | None = None
        while not self.at("endcases"):
            value = self.sum()
            self.accept(",")
            self.accept("&")
            if self.token.kind == "name" and self.token.text in ("otherwise", "else"):
                self.advance()
                otherwise = value
            else:
                while self.token.kind == "name" and self.token.text in ("if", "for", "when", "where"):
                    self.advance()
                pairs.append((self.logic(), value))
            while self.at(",") or self.at("."):
                self.advance()
            if not self.accept("\\\\"):
                break
        self.equals = held
        if not self.at("endcases"):
            self.fail(
                "these cases are not closed where they should",
                "write `value & \\text{if } condition \\\\` for each, then \\end{cases}",
            )
        self.advance()
        self.depth -= 1
        span = self.since(opened.start)
        if not pairs:
            self.fail("the cases have no condition", "write `value & \\text{if } condition`", opened.span)
        return Paren(Choice(tuple(pairs), otherwise, span), span)

    def indicator(self) -> Surface:
        r"""``\mathbb{1}[y = k]`` is the condition as a number."""
        token = self.advance()
        if self.at("_"):
            self.advance()
        if self.token.text not in ("(", "[", "{"):
            self.fail("an indicator without its condition", "write \\mathbb{1}[y = k]", token.span)
        held, self.equals = self.equals, True
        opened = self.advance()
        body = self.expression()
        self.equals = held
        self.expect({"(": ")", "[": "]", "{": "}"}[opened.text], opened)
        return Paren(body, self.since(token.start))


def _grouped(s: Surface) -> Surface:
    """In brackets unless it is a number, so that literals stay literals."""
    return s if isinstance(s, Num) else Paren(s, s.span)
