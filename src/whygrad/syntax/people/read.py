r"""Tokens to tree, by precedence climbing. It decides no kinds.

From loose to tight: relations, sums, the product ``:``, products and quotients, scripts. A derivative
operator takes the factors that follow it; a sum takes its product, and each further term that carries
its letter (:func:`reach`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from whygrad.core.errors import Span
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.brackets import Brackets
from whygrad.syntax.people.cursor import Style
from whygrad.syntax.people.lex import Token, Words, tokenize
from whygrad.syntax.people.reach import binder_of, reach
from whygrad.syntax.people.repair import Repair, mend
from whygrad.syntax.people.tree import Tree

RELATIONS: Final = frozenset({"=", "<", ">", "<=", ">=", "!=", "∈", "∉", "≈", "~", "⊂"})


_TIMES: Final = frozenset({"*", "·", "×", "⊙", "⊗", "⊘", "/", "."})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula that was read."""

    tree: Tree
    repairs: tuple[Repair, ...]
    source: str


def parse(source: str, words: Words | None = None, style: Style | None = None) -> Parsed:
    r"""Read one formula, with relations in it or not.

    >>> type(parse(r"-y\log\hat{y} + (1-y)b]").tree).__name__
    'Sum'

    Raises
    ------
    LanguageError
        With the place that could not be read.
    """
    tokens, repairs = mend(_trimmed(_positions(tokenize(_worded(source), words))))
    reader = Reader(tokens, source, style or Style())
    if words is not None:
        reader.choices = words.choices
    return Parsed(reader.whole(), tuple(repairs), source)


_WORDED: Final = re.compile(
    r"^\s*(?:the\s+)?(?:partial\s+)?(?:derivative|gradient)\s+of\s+(?P<body>.+?)\s+"
    r"(?:w\.?\s?r\.?\s?t\.?|with\s+respect\s+to|in|by)\s+(?P<wrt>.+?)\s*(?:is)?\s*$",
    re.IGNORECASE,
)


def _worded(source: str) -> str:
    """``derivative of l w.r.t. w`` in signs, of the same length where that is possible."""
    found = _WORDED.match(source) if len(source) < 300 else None
    if found is None:
        return source
    return rf"\frac{{\partial}}{{\partial {found['wrt']}}} {found['body']}"


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without the ends that are punctuation, and without remarks after an arrow."""
    for k, token in enumerate(tokens):
        if token.kind == "op" and token.text in ("→", "⇒") and k:
            tokens = [*tokens[:k], tokens[-1]]
            break
    while len(tokens) > 1 and (
        tokens[-2].text in (",", ".", ";", "\\\\", "&", ":", "?", "!", "…") or tokens[-2].kind == "text"
    ):
        if tokens[-2].text == "!" and len(tokens) > 2 and tokens[-2].glued:
            break
        del tokens[-2]
    while len(tokens) > 1 and tokens[0].text in ("&", "\\\\", ",", ";", "⇒", "→"):
        del tokens[0]
    return [x for x in tokens if x.text != "&" or x.kind != "op" or _in_environment(tokens)]


_POSITIONS: Final = frozenset("ijklmnpqrstc")
_EXPECTED: Final = frozenset({"E", "P", "V", "E_bb", "P_bb"})


def _positions(tokens: list[Token]) -> list[Token]:
    """``x[i,j]`` as ``x_{i,j}``: square brackets right after a name, with nothing but positions inside."""
    out: list[Token] = []
    k = 0
    while k < len(tokens):
        token = tokens[k]
        out.append(token)
        k += 1
        if token.kind != "name" or token.text in _EXPECTED or k >= len(tokens):
            continue
        opened = tokens[k]
        if opened.kind != "op" or opened.text != "[" or not opened.glued:
            continue
        end = k + 1
        while end + 1 < len(tokens) and _is_position(tokens[end]) and tokens[end + 1].text == ",":
            end += 2
        closed = tokens[end + 1] if end + 1 < len(tokens) else None
        if not _is_position(tokens[end]) or closed is None or closed.text != "]":
            continue
        out.append(opened._replace(text="_", end=opened.start))
        out.append(opened._replace(text="{"))
        out += tokens[k + 1 : end + 1]
        out.append(closed._replace(text="}"))
        k = end + 2
    return out


def _is_position(token: Token) -> bool:
    whole = token.kind == "number" and token.text.isdecimal()
    return whole or (token.kind == "name" and token.text in _POSITIONS)


def _in_environment(tokens: list[Token]) -> bool:
    return any(x.kind == "cmd" and x.text == "begin" for x in tokens)


class Reader(Brackets):
    """Reads one list of tokens."""

    def whole(self) -> Tree:
        """Everything, to the end."""
        if self.token.kind == "end":
            self.fail("nothing is written here")
        found = self.relation()
        while self.at(",", ";", "."):
            self.advance()
        if self.token.kind == "text" or (self.at("|") and self.peek().text == "_"):
            self.k = len(self.tokens) - 1  # a remark
        if self.token.kind != "end":
            self.fail(f"'{self.token.text}' cannot stand here")
        return found

    def relation(self) -> Tree:
        """Sums with relations between them."""
        start = self.token.start
        operands, ops = [self.sum()], list[str]()
        if self.at(":") and self.peek().text == "=":
            self.advance()
        while self.token.kind == "op" and self.token.text in RELATIONS:
            op = self.advance().text
            if op == "<" and self.at("="):
                self.advance()
                op = "<="
            elif op == ">" and self.at("="):
                self.advance()
                op = ">="
            ops.append(op)
            operands.append(self.sum())
        return operands[0] if not ops else t.Relation(tuple(operands), tuple(ops), self.since(start))

    def sum(self) -> Tree:
        """Terms."""
        self.enter()
        start = self.token.start
        terms: list[tuple[int, Tree]] = []
        while True:
            sign = 1
            signs = 0
            while self.at("+", "-", "±"):
                sign = -sign if self.advance().text == "-" else sign
                signs += 1
            if terms and not signs:
                break
            terms.append((sign, self.frobenius()))
            if not self.at("+", "-", "±"):
                break
        self.depth -= 1
        written = len(terms)
        terms = reach(terms, stops=self.style.sum_stops)
        if len(terms) < written or self.style.sum_stops:
            self.choices.add("sum_stops")
        if len(terms) == 1 and terms[0][0] > 0:
            return terms[0][1]
        return t.Sum(tuple(terms), self.since(start))

    def frobenius(self) -> Tree:
        """``a b : c d``, looser than a product."""
        start = self.token.start
        found = [self.product()]
        while self.at(":") and self.starts(self.peek()):
            self.advance()
            found.append(self.product())
        if len(found) == 1:
            return found[0]
        factors = tuple((":" if k else "", f) for k, f in enumerate(found))
        return t.Product(factors, self.since(start))

    def product(self) -> Tree:
        """Factors."""
        self.enter()
        start = self.token.start
        factors: list[tuple[str, Tree]] = [("", self.factor())]
        while True:
            token = self.token
            if token.kind == "op" and token.text in _TIMES:
                if token.text == "." and not self.starts(self.peek()):
                    break
                op = self.advance().text
                sign = self.sign()
                found = self.factor()
                if op == "/" and self.starts(self.token) and self.token.glued:
                    self.choices.add("slash_wide")
                    found = self.wide_denominator(found) if self.style.slash_wide else found
                factors.append((op, found if sign > 0 else self.negative(found)))
            elif self.starts(token):
                factors.append(("", self.factor()))
            else:
                break
        self.depth -= 1
        return self.assemble(factors, start)

    def wide_denominator(self, first: Tree) -> Tree:
        """``a/b c`` read as a/(b c)."""
        found: list[tuple[str, Tree]] = [("", first)]
        while self.starts(self.token) and self.token.glued:
            found.append(("", self.factor()))
        if len(found) == 1:
            return first
        return t.Product(tuple(found), Span(first.span.start, found[-1][1].span.end))

    def assemble(self, factors: list[tuple[str, Tree]], start: int) -> Tree:
        """A product in which operators take what follows them."""
        k = 0
        while k + 1 < len(factors):
            op, factor = factors[k]
            if isinstance(factor, t.Deriv) and factor.body is None:
                operand, after = self.operand(factors[k + 1 :])
                applied = t.Applied(factor, operand, Span(factor.span.start, operand.span.end))
                factors = [*factors[:k], (op, applied), *after]
            elif isinstance(factor, t.Big):
                body = [("", factor.body), *factors[k + 1 :]]
                whole = self.assemble(body, factor.body.span.start)
                big = replace(factor, body=whole, span=Span(factor.span.start, whole.span.end))
                factors = [*factors[:k], (op, big)]
            k += 1
        return factors[0][1] if len(factors) == 1 else t.Product(tuple(factors), self.since(start))

    def operand(self, rest: list[tuple[str, Tree]]) -> tuple[Tree, list[tuple[str, Tree]]]:
        """What an operator of differentiation acts on, and the factors left over.

        It takes what follows; an explicit sign of multiplication after a bracket ends it.
        """
        rest = [("", rest[0][1]), *rest[1:]]
        size = len(rest)
        if size > 1:
            self.choices.add("operator_tight")
        if self.style.operator_tight and not isinstance(rest[0][1], t.Big):
            size = 1 + call_size(rest)
        else:
            for k in range(1, len(rest)):
                after_bracket = is_closed(rest[k - 1][1]) and (k > 1 or is_whole(rest[0][1]))
                if rest[k][0] in ("·", "×", "*", ".") and after_bracket:
                    size = k
                    break
                factor = rest[k][1]
                if isinstance(factor, t.Deriv) and factor.body is None:
                    size = k
                    break
        taken, after = rest[:size], rest[size:]
        tree = self.assemble(list(taken), taken[0][1].span.start)
        if len(taken) > 1:
            tree = replace(tree, span=Span(taken[0][1].span.start, taken[-1][1].span.end))
        return tree, after

    def factor(self) -> Tree:
        """One factor with its scripts."""
        return self.scripts(self.primary())

    def primary(self) -> Tree:
        """One factor without its scripts."""
        token = self.token
        match token.kind:
            case "number":
                self.advance()
                return t.Num(Fraction(token.text), "." in token.text, token.span)
            case "name":
                found = self.inline_derivative()
                if found is not None:
                    return found
                self.advance()
                return t.Name(token.text, token.span)
            case "func":
                return self.function()
            case "big":
                return self.big()
            case "cmd":
                return self.command()
            case "op":
                return self.sign_primary(token)
            case "text":
                self.fail(f"the words '{token.text[:40]}' stand in the formula", "write formulas only")
            case _:
                self.fail("a number, a name or a bracket is missing here")

    def sign_primary(self, token: Token) -> Tree:
        """A factor that begins with a sign."""
        match token.text:
            case "(" | "[" | "{":
                return self.group()
            case "|" | "||":
                return self.between_bars()
            case "⟨":
                return self.inner()
            case "∂":
                found = self.inline_derivative()
                if found is not None:
                    return found
                self.advance()
                return t.Differential(self.factor(), self.since(token.start))
            case "∇":
                return self.nabla()
            case "∞":
                self.advance()
                return t.Name("infty", token.span)
            case _:
                self.fail(f"'{token.text}' cannot stand here")

    def function(self) -> Tree:
        """A known function with its argument."""
        token = self.advance()
        sub = sup = None
        primes = 0
        while self.at("_", "^", "'"):
            mark = self.advance().text
            if mark == "'":
                primes += 1
                continue
            if mark == "^" and self.at("'"):
                self.advance()
                primes += 1
                continue
            found = self.script_argument(mark == "^")
            sub, sup = (sub, found) if mark == "^" else (found, sup)
        opened = self.token
        if opened.kind == "op" and opened.text in ("(", "[", "{"):
            group = self.group()
            if self.at("_") and token.text == "softmax" and sub is None:  # softmax(z)_j
                self.advance()
                sub = self.script_argument()
            elif self.at("_") and isinstance(group, t.Group):  # log[softmax(z)]_j
                self.advance()
                group = t.Script(group, self.script_argument(), None, 0, self.since(opened.start))
            if isinstance(group, t.Group):
                inside = t.unbraced(group)
                args = group.items
                if isinstance(inside, t.Group) and inside.bracket != "{" and opened.text == "{":
                    args = inside.items
                if token.text in ("max", "min") and len(args) == 1:
                    only = t.bare(args[0])
                    args = only.items if isinstance(only, t.Group) else args
                return t.Func(token.text, args, sub, sup, primes, False, self.since(token.start))
            return t.Func(token.text, (group,), sub, sup, primes, False, self.since(token.start))
        if not self.starts(self.token) and not self.at("-"):
            return t.Name(token.text, token.span)
        argument = self.open_argument()
        return t.Func(token.text, (argument,), sub, sup, primes, True, self.since(token.start))

    def open_argument(self) -> Tree:
        """The factors a function without brackets takes."""
        self.enter()
        start = self.token.start
        sign = self.sign()
        factors: list[tuple[str, Tree]] = []
        while self.starts(self.token):
            token = self.token
            if factors and token.kind in ("func", "big"):
                break
            bracket = factors and token.kind == "op" and token.text in ("(", "[")
            if bracket:
                self.choices.add("open_wide")
            if bracket and not self.style.open_wide:
                called = isinstance(factors[-1][1], t.Name | t.Script) and token.glued
                if not called:
                    break
            factors.append(("", self.factor()))
            if token.kind == "func":
                break
        self.depth -= 1
        found = self.assemble(factors, start)
        return found if sign > 0 else self.negative(found)

    def big(self) -> Tree:
        """A big operator; its body is the product that follows."""
        self.enter()
        head = self.advance()
        sub = sup = None
        while self.at("_", "^"):
            up = self.advance().text == "^"
            found = self.script_argument(up)
            sub, sup = (sub, found) if up else (found, sup)
        binder = binder_of(sub, sup)
        sign = self.sign()
        if not self.starts(self.token):
            self.fail(f"the {head.text} has nothing to run over")
        body = self.factor()
        if sign < 0:
            body = self.negative(self.product_from(body))
        self.depth -= 1
        return t.Big(head.text, binder, body, self.since(head.start))

    def product_from(self, first: Tree) -> Tree:
        """The rest of a product whose first factor has been read."""
        factors: list[tuple[str, Tree]] = [("", first)]
        while self.starts(self.token) or (self.at(*_TIMES) and self.starts(self.peek())):
            op = self.advance().text if self.at(*_TIMES) else ""
            factors.append((op, self.factor()))
        return self.assemble(factors, first.span.start)


def is_closed(tree: Tree) -> bool:
    """Whether a factor ends in a bracket or a fraction."""
    match tree:
        case t.Group() | t.Quotient() | t.Bars() | t.Inner():
            return True
        case t.Func(open=False):
            return True
        case t.Script(base):
            return is_closed(base)
        case _:
            return False


def is_whole(tree: Tree) -> bool:
    return isinstance(tree, t.Group | t.Script | t.Bars | t.Inner | t.Func)


def call_size(rest: list[tuple[str, Tree]]) -> int:
    """How many brackets after a name belong to it."""
    named = isinstance(rest[0][1], t.Name | t.Script)
    if named and len(rest) > 1 and rest[1][0] == "":
        second = rest[1][1]
        second = second.base if isinstance(second, t.Script) else second
        if isinstance(second, t.Group):
            return 1
    return 0


__all__ = ["Parsed", "Reader", "Style", "parse"]
