"""Precedence climbing over tokens of either notation, to a surface tree.

    expression   sum, comparisons, not, and, or, if ... else
    sum          terms; a big operator at the end of a term may reach over the next one
    product      factors: juxtaposed, * / @ · .* ./ of one strength, left to right
    power        base^exponent, to the right
    postfix      u[i,j]  u'  u_j  u^{(i)}
    atom         number, name, call, brackets, bars

The only recursion is through brackets, exponents, functions and big operators; its depth is counted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from whygrad.syntax.cursor import CLOSING
from whygrad.syntax.parser_bigs import BigOperators
from whygrad.syntax.parser_checks import Checks
from whygrad.syntax.parser_diff import Derivatives
from whygrad.syntax.reach import Terms
from whygrad.syntax.surface import (
    Bars,
    Big,
    Called,
    Chain,
    Choice,
    Indexed,
    Logic,
    Mark,
    Name,
    Num,
    Paren,
    Power,
    Product,
    Script,
    Sum,
    Surface,
    Transposed,
    bare,
)
from whygrad.syntax.tokens import Token
from whygrad.syntax.vocabulary import KEYWORDS

_TIMES: Final = frozenset({"*", "/", "@", "·", ".*", "./"})
_COMPARE: Final = frozenset({"<", "<=", ">", ">=", "==", "!="})
_LOGIC: Final = frozenset({"and", "or"})


class Parser(BigOperators, Derivatives, Checks):
    """Reads one expression from tokens."""

    # --- expressions ----------------------------------------------------------------------------

    def whole(self) -> Surface:
        """One expression and nothing after it."""
        found = self.expression()
        if self.token.kind != "end":
            self.unexpected("an operator or the end of the line")
        return found

    def expression(self) -> Surface:
        """Anything, conditions and branches included."""
        self.enter()
        start = self.token.start
        found = self.logic()
        if self.word("if"):
            found = self.branches(found, start)
        self.depth -= 1
        return found

    def branches(self, value: Surface, start: int) -> Surface:
        """``value if condition else ...``, chained to the right."""
        pairs: list[tuple[Surface, Surface]] = []
        otherwise = value
        while self.word("if"):
            at = self.advance()
            pairs.append((self.logic(), otherwise))
            if self.at("="):
                self.fail("a comparison with a single '='", "write '==' to compare")
            if not self.word("else"):
                self.fail(
                    "this 'if' has no 'else'",
                    "write `value if condition else other`",
                    at.span,
                )
            self.advance()
            otherwise = self.logic()
        return Choice(tuple(pairs), otherwise, self.since(start))

    def logic(self) -> Surface:
        """Comparisons joined by not, and, or."""
        if not (self.token.kind == "name" and self.token.text == "not"):
            first = self.sum()
            token = self.token
            if token.text not in _COMPARE and token.text not in _LOGIC and not self.is_equals():
                return first
        else:
            first = None
        start = self.token.start if first is None else first.span.start
        either: list[Surface] = []
        both: list[Surface] = []
        while True:
            both.append(self.comparison(first))
            first = None
            if self.word("and"):
                self.advance()
                continue
            either.append(both[0] if len(both) == 1 else Logic("and", tuple(both), self.since(start)))
            both = []
            if not self.word("or"):
                break
            self.advance()
        return either[0] if len(either) == 1 else Logic("or", tuple(either), self.since(start))

    def is_equals(self) -> bool:
        """Whether a single ``=`` compares here."""
        return self.equals and self.at("=")

    def comparison(self, first: Surface | None) -> Surface:
        """``not a < b <= c``."""
        start, negations = self.token.start, 0
        while first is None and self.word("not"):
            self.advance()
            negations += 1
        operands = [self.sum() if first is None else first]
        ops: list[str] = []
        while (self.token.kind == "op" and self.token.text in _COMPARE) or self.is_equals():
            text = self.advance().text
            ops.append("==" if text == "=" else text)
            operands.append(self.sum())
        found = operands[0]
        if ops:
            found = Chain(tuple(operands), tuple(ops), self.since(found.span.start))
        if negations % 2:
            found = Logic("not", (found,), self.since(start))
        return found

    def sum(self) -> Surface:
        """Terms; what a big operator at the end of a term reaches over is put inside it."""
        start = self.token.start
        sign = self.signs()
        first = self.product()
        if not (self.token.kind == "op" and self.token.text in "+-"):
            return first if sign > 0 else Sum(((sign, first),), self.since(start))
        terms = Terms(self, sign, first)
        while self.token.kind == "op" and self.token.text in "+-":
            sign = self.signs()
            terms.append(sign, self.product())
        return terms.close(start)

    def signs(self) -> int:
        """The product of the signs that stand here."""
        sign = 1
        while self.token.kind == "op" and self.token.text in ("+", "-"):
            if self.advance().text == "-":
                sign = -sign
        return sign

    def product(self, tight: bool = False) -> Surface:
        """Factors. ``tight``: the argument of a function without brackets."""
        start = self.token.start
        factors: list[tuple[str, Surface]] = []
        op = ""
        while True:
            self.factor(op, factors, tight)
            token = self.token
            if token.kind == "op" and token.text in _TIMES:
                if tight or self.rebinds():
                    break
                op = self.advance().text
            elif self.starts_operand(token):
                if tight and token.kind == "name" and self.words.is_builtin(token.text):
                    break
                self.check_denominator(factors)
                op = ""
            else:
                break
        if len(factors) == 1:
            return factors[0][1]
        return Product(tuple(factors), self.since(start))

    def factor(self, op: str, factors: list[tuple[str, Surface]], tight: bool) -> None:
        """One more factor (and what a big operator leaves over)."""
        if op and self.token.kind == "op" and self.token.text in "+-":
            start = self.token.start
            sign = self.signs()
            self.factor(op, factors, tight)
            if sign < 0:
                held, found = factors[-1]
                factors[-1] = (
                    held,
                    Paren(Sum(((-1, found),), self.since(start)), self.since(start)),
                )
            return
        if self.token.kind == "big":
            factors.extend(self.big(op, tight))
        else:
            factors.append((op, self.power()))

    def starts_operand(self, token: Token) -> bool:
        """Whether a factor may begin here."""
        if token.kind == "op":
            if token.text in ("|", "||"):
                return not (self.bars and self.bars[-1] == token.text)
            return token.text in ("(", "[", "{", "?", "∂")
        if token.kind == "name":
            return token.text not in KEYWORDS
        return token.kind in ("number", "big", "macro")

    def rebinds(self) -> bool:
        """Whether ``/ sum_i`` follows inside a ``sum_i``: the quotient of two sums is meant."""
        if not self.bound or self.token.text not in ("/", "./") or self.peek().kind != "big":
            return False
        ahead = 2
        while self.peek(ahead).text in ("_", "{"):
            ahead += 1
        return self.peek(ahead).text in self.bound[-1]

    # --- powers, postfixes, atoms ----------------------------------------------------------------

    def power(self) -> Surface:
        """``base^exponent`` and transposes after it."""
        start = self.token.start
        found = self.postfix()
        number = 0
        while self.token.kind == "op" and self.token.text in ("^", ".^", "'"):
            number = self.count_postfixes(number)
            if self.accept("'"):
                found = Transposed(found, self.since(start))
                continue
            entrywise = self.advance().text == ".^"
            exponent = self.exponent()
            found = Power(found, exponent, entrywise, self.since(start))
            self.check_root(found)
        return found

    def exponent(self) -> Surface:
        """What stands after ``^``: signs, one operand, and further powers."""
        self.enter()
        start = self.token.start
        sign = self.signs()
        if self.at("'"):
            self.advance()
            found: Surface = Name("⊤", self.since(start))
        elif self.at("{"):
            opened = self.advance()
            found = Name("⊤", opened.span) if self.accept("'") else self.expression()
            self.expect("}", opened)
        else:
            found = self.postfix()
        if self.at("^"):
            self.advance()
            found = Power(found, self.exponent(), False, self.since(start))
        if sign < 0:
            found = Sum(((-1, found),), self.since(start))
        self.depth -= 1
        return found

    def postfix(self) -> Surface:
        """An atom with its indices, scripts and transposes."""
        start = self.token.start
        found = self.atom()
        number = 0
        while self.token.kind == "op":
            number = self.count_postfixes(number)
            text = self.token.text
            if text == "[" and not self.latex and self.token.glued and _can_index(found):
                opened = self.advance()
                indices = self.arguments(opened)
                found = Indexed(found, indices, self.since(start))
            elif text == "'":
                self.advance()
                found = Transposed(found, self.since(start))
            elif text == "_" and isinstance(found, Name | Script):
                found = self.script(found, start)
            elif text == "^" and isinstance(found, Name | Script) and self.is_example():
                found = self.script(found, start)
            else:
                break
        return found

    def is_example(self) -> bool:
        """Whether ``^{(i)}`` follows."""
        texts = [self.peek(k).text for k in (1, 2, 4, 5)]
        return texts == ["{", "(", ")", "}"] and self.peek(3).kind in ("name", "number")

    def script(self, base: Name | Script, start: int) -> Script:
        """Subscripts and example superscripts, added to what is there."""
        if isinstance(base, Name):
            base = Script(base, (), (), base.span)
        subs, sups = base.subs, base.sups
        if self.accept("_"):
            subs += self.subscript()
        else:
            for _ in range(3):
                self.advance()
            sups += (self.atom(),)
            self.advance()
            self.advance()
        return Script(base.name, subs, sups, self.since(start))

    def subscript(self) -> tuple[Surface, ...]:
        """``_j``, ``_{ij}``, ``_{i,j}``, ``_{i+1}``."""
        if not self.at("{"):
            return (self.atom(),)
        opened = self.advance()
        found: list[Surface] = []
        while not self.at("}"):
            part = self.expression()
            if isinstance(part, Product) and all(op == "" for op, _ in part.factors):
                found.extend(factor for _, factor in part.factors)
            else:
                found.append(part)
            self.accept(",")
            if self.token.kind == "end":
                break
        self.expect("}", opened)
        return tuple(found)

    def atom(self) -> Surface:
        """A number, a name, a call, or something in brackets."""
        token = self.token
        match token.kind:
            case "number":
                self.advance()
                decimal = not token.text.isdigit()
                return Num(Fraction(token.text), decimal, token.span)
            case "name" if token.text not in KEYWORDS:
                if self.derivatives and token.text[0] == "d" and self.is_differential():
                    return self.differential()
                self.advance()
                if self.words.is_function(token.text):
                    return self.function(token)
                return Name(token.text, token.span)
            case "big":
                self.fail(
                    f"'{token.text}' needs brackets around it here",
                    f"write ({token.text}_... u)",
                )
            case "macro":
                return self.macro()
            case "op" if token.text in CLOSING:
                return self.brackets()
            case "op" if token.text in ("|", "||"):
                return self.between_bars()
            case "op" if token.text == "?" and self.peek().kind == "name":
                self.advance()
                return Mark(self.advance().text, self.since(token.start))
            case "op" if token.text == "∂" and self.derivatives:
                return self.differential()
            case _:
                pass
        self.unexpected("a number, a name or a bracket")

    def macro(self) -> Surface:
        """A LaTeX construct; the plain notation has none."""
        self.unexpected("a number, a name or a bracket")

    def brackets(self) -> Surface:
        """``( u )``, ``[ u ]``, ``{ u }``."""
        opened = self.advance()
        held, self.bars = self.bars, []
        body = self.expression()
        self.bars = held
        if self.at(","):
            self.fail("a comma between brackets that call nothing", "write one expression in brackets")
        self.expect(CLOSING[opened.text], opened)
        return Paren(body, self.since(opened.start))

    def between_bars(self) -> Surface:
        """``|u|`` and ``||u||``, with ``_p`` after it."""
        opened = self.advance()
        self.bars.append(opened.text)
        body = self.expression()
        self.bars.pop()
        self.expect(opened.text, opened)
        p: Surface | None = None
        if self.at("_"):
            self.advance()
            p = bare(self.atom())
        return Bars(body, opened.text == "||", p, self.since(opened.start))

    def arguments(self, opened: Token) -> tuple[Surface, ...]:
        """Expressions between commas, up to the closing bracket."""
        held, self.bars = self.bars, []
        found: list[Surface] = []
        close = CLOSING[opened.text]
        while not self.at(close):
            found.append(self.expression())
            if not self.accept(","):
                break
        self.expect(close, opened)
        self.bars = held
        return tuple(found)

    # --- functions -------------------------------------------------------------------------------

    def function(self, token: Token) -> Surface:
        """A call: with brackets, with a power before them, or without brackets."""
        name = Name(token.text, token.span)
        if self.at("_") and token.text in self.words.called:
            self.advance()
            self.subscript()
        raised: Surface | None = None
        if self.at("^") and self.words.is_prefix(token.text) and not self.is_example():
            self.advance()
            raised = self.exponent()
            self.check_raised(token, raised)
        if self.token.kind == "op" and self.token.text in CLOSING and not self.is_example():
            found = self.call(name)
        elif self.words.is_prefix(token.text) and (
            self.starts_operand(self.token) or self.at("-") or self.at("+")
        ):
            found = self.open_call(name)
        elif raised is not None or self.words.is_prefix(token.text):
            self.fail(
                f"the function {token.text} has no argument",
                f"write {token.text}(u)",
                token.span,
            )
        else:
            return name
        return found if raised is None else Power(found, raised, False, self.since(token.start))

    def call(self, name: Name) -> Surface:
        """``name(args, key=value)``; a letter with the wrong number of arguments is a factor."""
        at = self.position
        opened = self.advance()
        close = CLOSING[opened.text]
        held, self.bars, self.equals = (self.bars, self.equals), [], False
        args: list[Surface] = []
        named: list[tuple[Name, Surface]] = []
        while not self.at(close):
            if self.token.kind == "name" and self.peek().text == "=":
                key = self.advance()
                self.advance()
                named.append((Name(key.text, key.span), self.expression()))
            else:
                args.append(self.expression())
            if not self.accept(","):
                break
        self.expect(close, opened)
        self.bars, self.equals = held
        if not self.words.arity_fits(name.name, len(args)):
            self.position, self.token = at, self.tokens[at]
            return name
        return Called(name, tuple(args), tuple(named), self.since(name.span.start))

    def open_call(self, name: Name) -> Surface:
        """A function without brackets takes the factors up to the next sign or function."""
        self.enter()
        start = self.token.start
        sign = self.signs()
        argument = self.product(tight=True)
        if sign < 0:
            argument = Sum(((-1, argument),), self.since(start))
        if self.at("/") and not self.lenient and not isinstance(bare(argument), Big):
            f, u = name.name, self.text(argument.span)
            self.advance()
            q = self.text(self.power().span)
            self.fail(
                f"`{f} {u}/{q}` can mean {f}({u}/{q}) or {f}({u})/{q}",
                f"write {f}({u}/{q}) or {f}({u})/{q}",
                self.since(name.span.start),
                "error/ambiguous",
            )
        self.depth -= 1
        return Called(name, (argument,), (), self.since(name.span.start))


def _can_index(found: Surface) -> bool:
    return isinstance(found, Name | Mark | Called | Paren | Transposed | Bars)
