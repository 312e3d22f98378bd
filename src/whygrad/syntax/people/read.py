r"""Tokens to tree, by precedence climbing. It decides no kinds.

From loose to tight: relations, sums, the product ``:``, products and quotients, scripts. A derivative
operator takes the factors that follow it; a sum takes its product, and each further term that carries
its letter (:func:`reach`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, NoReturn

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.lex import Token, Words, tokenize
from whygrad.syntax.people.repair import CLOSING, Repair, mend
from whygrad.syntax.people.tree import Tree

MAX_DEPTH: Final = 60
RELATIONS: Final = frozenset({"=", "<", ">", "<=", ">=", "!=", "∈", "∉", "≈", "~", "⊂"})
_TIMES: Final = frozenset({"*", "·", "×", "⊙", "⊗", "/", "."})


@dataclass(frozen=True, slots=True)
class Style:
    """Choices of reading that hold for a whole chain.

    ``open_wide``: a function without brackets takes all factors that follow, bracketed ones too.
    ``operator_tight``: a derivative operator takes one factor and not the product.
    ``slash_wide``: ``a/b c`` is a/(b c).
    ``sum_stops``: a sum takes its product only.
    ``entrywise``: the square of a vector is taken entry by entry, and is not its squared length.
    """

    open_wide: bool = True
    operator_tight: bool = False
    slash_wide: bool = False
    sum_stops: bool = False
    entrywise: bool = False
    differentials: bool = False


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
    tokens, repairs = mend(_trimmed(tokenize(_worded(source), words)))
    reader = Reader(tokens, source, style or Style())
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


def _in_environment(tokens: list[Token]) -> bool:
    return any(x.kind == "cmd" and x.text == "begin" for x in tokens)


class Reader:
    """Reads one list of tokens."""

    def __init__(self, tokens: list[Token], source: str, style: Style) -> None:
        self.tokens, self.source, self.style = tokens, source, style
        self.k = 0
        self.depth = 0
        self.bars: list[str] = []
        self.rows = 0

    # --- moving ----------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The token in hand."""
        return self.tokens[self.k]

    def peek(self, ahead: int = 1) -> Token:
        """A token further on."""
        return self.tokens[min(self.k + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Take a token."""
        token = self.tokens[self.k]
        if token.kind != "end":
            self.k += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of these operators is in hand."""
        token = self.tokens[self.k]
        return token.kind == "op" and token.text in texts

    def accept(self, text: str) -> bool:
        """Take an operator if it is in hand."""
        if self.at(text):
            self.k += 1
            return True
        return False

    def since(self, start: int) -> Span:
        """From ``start`` to the last token taken."""
        return Span(start, max(start, self.tokens[max(0, self.k - 1)].end))

    def fail(self, reason: str, fix: str = "write it another way") -> NoReturn:
        """It cannot be read here."""
        token = self.token
        span = Span(token.start, max(token.end, token.start + 1))
        raise LanguageError("error/syntax", reason, fix=fix, source=self.source, span=span)

    def enter(self) -> None:
        """One level deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("the brackets are nested too deep")

    # --- loose to tight --------------------------------------------------------------------------

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
        terms = reach(terms, stops=self.style.sum_stops)
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
                if op == "/" and self.style.slash_wide:
                    found = self.wide_denominator(found)
                factors.append((op, found if sign > 0 else self.negative(found)))
            elif self.starts(token):
                factors.append(("", self.factor()))
            else:
                break
        self.depth -= 1
        return self.assemble(factors, start)

    def sign(self) -> int:
        """Signs before a factor, as in ``a · -b``."""
        sign = 1
        while self.at("+", "-"):
            sign = -sign if self.advance().text == "-" else sign
        return sign

    def negative(self, found: Tree) -> Tree:
        """The negative of a factor."""
        return t.Sum(((-1, found),), found.span)

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
        if self.style.operator_tight:
            size = 1 + _call_size(rest)
        else:
            for k in range(1, len(rest)):
                after_bracket = _is_closed(rest[k - 1][1]) and (k > 1 or _is_whole(rest[0][1]))
                if rest[k][0] in ("·", "×", "*", ".") and after_bracket:
                    size = k
                    break
                if isinstance(rest[k][1], t.Deriv) and rest[k][1].body is None and k:
                    size = k
                    break
        taken, after = rest[:size], rest[size:]
        tree = self.assemble(list(taken), taken[0][1].span.start)
        if len(taken) > 1:
            tree = replace(tree, span=Span(taken[0][1].span.start, taken[-1][1].span.end))
        return tree, after

    # --- factors ---------------------------------------------------------------------------------

    def starts(self, token: Token) -> bool:
        """Whether a factor begins with this token."""
        match token.kind:
            case "number" | "name" | "func" | "big":
                return True
            case "cmd":
                return token.text in ("frac", "begin", "binom", "eqalign", "cases")
            case "op":
                if token.text in ("|", "||"):
                    return token.text not in self.bars and self.bar_closes(token)
                return token.text in ("(", "[", "{", "⟨", "∂", "∇", "∞")
            case _:
                return False

    def bar_closes(self, token: Token) -> bool:
        """Whether a bar that opens here closes before the bracket around it does."""
        k = self.k if self.tokens[self.k] is token else self.k + 1
        level = 0
        for other in self.tokens[k + 1 :]:
            if other.kind != "op":
                continue
            level += (other.text in CLOSING) - (other.text in (")", "]", "}", "⟩"))
            if level < 0:
                return False
            if other.text == token.text and not level:
                return True
        return False

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

    def scripts(self, base: Tree) -> Tree:
        """Subscripts, superscripts and primes after a factor."""
        sub: Tree | None = None
        sup: Tree | None = None
        primes = 0
        while True:
            if self.at("'") and self.token.kind == "op":
                self.advance()
                primes += 1
            elif self.at("_"):
                self.advance()
                found = self.script_argument()
                sub = found if sub is None else t.Group((sub, found), "{", found.span, ",")
            elif self.at("^"):
                self.advance()
                found = self.script_argument(up=True)
                if isinstance(found, t.Name) and found.name == "'":
                    primes += 1
                elif sup is None:
                    sup = found
                else:
                    base = t.Script(base, sub, sup, primes, self.since(base.span.start))
                    sub, sup, primes = None, found, 0
            else:
                break
        if sub is None and sup is None and not primes:
            return base
        return t.Script(base, sub, sup, primes, self.since(base.span.start))

    def script_argument(self, up: bool = False) -> Tree:
        """What stands after ``_`` or ``^``."""
        token = self.token
        if self.at("{"):
            return self.script_group()
        if up and self.at("-", "+"):
            sign = self.sign()
            found = self.script_argument(up)
            return found if sign > 0 else self.negative(found)
        if token.kind == "number":
            self.advance()
            found: Tree = t.Num(Fraction(token.text), False, token.span)
            if (
                up
                and token.text == "1"
                and self.at("/")
                and self.peek().kind == "number"
                and self.peek().glued
                and self.token.glued
            ):
                self.advance()
                low = self.advance()
                bottom = t.Num(Fraction(low.text), False, low.span)
                return t.Fraction_(found, bottom, self.since(token.start))
            return found
        if token.kind in ("name", "text"):
            self.advance()
            if token.kind == "text":
                return t.Words(token.text, token.span)
            return t.Name(token.text, token.span)
        if token.kind == "op" and token.text in ("'", "⊤", "*", "·", "×", "+", "-"):
            self.advance()
            return t.Name(token.text, token.span)
        if token.kind in ("func", "cmd", "op"):
            return self.primary()
        self.fail("an index or an exponent is missing here")

    def script_group(self) -> Tree:
        """``{...}`` after ``_`` or ``^``: a list, a relation, words, a transpose."""
        opened = self.advance()
        held, self.bars = self.bars, []
        items: list[Tree] = []
        separator = ""
        while not self.at("}") and self.token.kind != "end":
            token = self.token
            if token.kind == "text":
                self.advance()
                items.append(t.Words(token.text, token.span))
            elif token.kind == "op" and token.text in ("'", "⊤", "*", "·") and self.closes(1):
                self.advance()
                items.append(t.Name(token.text, token.span))
            elif token.kind == "op" and token.text in ("'", "⊤"):
                self.advance()
                items.append(t.Name(token.text, token.span))
            elif token.kind == "op" and token.text == "-" and self.peek().text in ("⊤",):
                self.advance()
                top = self.advance()
                items.append(self.negative(t.Name(top.text, top.span)))
            elif token.kind == "op" and token.text in ("-", "+") and self.closes(1):
                self.advance()
                items.append(t.Name(token.text, token.span))
            elif token.kind == "op" and token.text in (",", ";", "|", "\\\\", ":", "…"):
                self.advance()
                separator = separator or token.text
            else:
                items.append(self.relation())
        self.bars = held
        self.accept("}")
        span = self.since(opened.start)
        if not items:
            return t.Words("", span)
        return t.Group(tuple(items), "{", span, separator)

    def closes(self, ahead: int) -> bool:
        """Whether a brace closes there."""
        return self.peek(ahead).text == "}"

    def group(self) -> Tree:
        """Brackets with one or more parts."""
        opened = self.advance()
        if opened.text == "{" and self.has_over():
            return self.over(opened)
        close = CLOSING[opened.text]
        held, self.bars = self.bars, []
        items: list[Tree] = []
        separator = ""
        while not self.at(close) and self.token.kind != "end":
            if self.token.kind == "op" and self.token.text in (",", ";", "|", "||", ":", "\\\\", "&"):
                separator = self.advance().text if not separator else separator or self.advance().text
                if self.token.kind == "op" and self.token.text == separator and items:
                    self.advance()
                continue
            if self.token.kind == "text":
                word = self.advance()
                items.append(t.Words(word.text, word.span))
                continue
            items.append(self.relation())
            if self.at(",", ";", "|", "||", ":", "\\\\", "…"):
                separator = self.advance().text
            elif not self.at(close) and self.token.kind != "text":
                break
        self.bars = held
        if not self.accept(close):
            self.fail(f"'{self.token.text or 'the end'}' stands where {close} should")
        span = self.since(opened.start)
        if not items:
            return t.Group((), opened.text, span, separator)
        return t.Group(tuple(items), opened.text, span, separator)

    def has_over(self) -> bool:
        """Whether ``\\over`` stands at this level."""
        level, k = 0, self.k
        while k < len(self.tokens):
            token = self.tokens[k]
            if token.kind == "op" and token.text in CLOSING:
                level += 1
            elif token.kind == "op" and token.text in (")", "]", "}", "⟩"):
                level -= 1
                if level < 0:
                    return False
            elif token.kind == "cmd" and token.text == "over" and level == 0:
                return True
            k += 1
        return False

    def over(self, opened: Token) -> Tree:
        """``{a \\over b}``."""
        middle = self.k
        level = 0
        while not (self.tokens[middle].kind == "cmd" and self.tokens[middle].text == "over" and not level):
            text = self.tokens[middle].text if self.tokens[middle].kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            middle += 1
        end, level = middle + 1, 0
        while True:
            text = self.tokens[end].text if self.tokens[end].kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            if level < 0 or self.tokens[end].kind == "end":
                break
            end += 1
        top, bottom = self.tokens[self.k : middle], self.tokens[middle + 1 : end]
        found = self.quotient(top, bottom, opened.start)
        self.k = end
        self.accept("}")
        return replace(found, span=self.since(opened.start))

    def part(self, tokens: list[Token]) -> Reader:
        """A reader of some of the tokens."""
        last = tokens[-1].end if tokens else self.token.start
        found = Reader([*tokens, Token("end", "", last, last, False)], self.source, self.style)
        found.depth = self.depth + 1
        if found.depth > MAX_DEPTH:
            self.fail("the brackets are nested too deep")
        return found

    def between_bars(self) -> Tree:
        """``|u|``, ``||u||`` with scripts."""
        opened = self.advance()
        self.bars.append(opened.text)
        body = self.relation()
        self.bars.pop()
        if not self.accept(opened.text):
            self.fail(f"the bar {opened.text} is not closed")
        sub = sup = None
        while self.at("_", "^"):
            up = self.advance().text == "^"
            found = self.script_argument(up)
            sub, sup = (sub, found) if up else (found, sup)
        return t.Bars(body, opened.text == "||", sub, sup, self.since(opened.start))

    def inner(self) -> Tree:
        """``⟨a, b⟩``, with a subscript that says nothing."""
        opened = self.advance()
        left = self.relation()
        if not (self.accept(",") or self.accept("|")):
            self.fail("an inner product has two parts with a comma between")
        right = self.relation()
        if not self.accept("⟩"):
            self.fail("the angle is not closed")
        if self.at("_"):
            self.advance()
            self.script_argument()
        return t.Inner(left, right, self.since(opened.start))

    # --- functions -------------------------------------------------------------------------------

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
            if self.at("_") and isinstance(group, t.Group):  # log[softmax(z)]_j
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
            if factors and token.kind == "op" and token.text in ("(", "[") and not self.style.open_wide:
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
        return t.Big(head.text, binder, body, self.since(head.start))

    def product_from(self, first: Tree) -> Tree:
        """The rest of a product whose first factor has been read."""
        factors: list[tuple[str, Tree]] = [("", first)]
        while self.starts(self.token) or (self.at(*_TIMES) and self.starts(self.peek())):
            op = self.advance().text if self.at(*_TIMES) else ""
            factors.append((op, self.factor()))
        return self.assemble(factors, first.span.start)

    # --- commands --------------------------------------------------------------------------------

    def command(self) -> Tree:
        """Fractions and environments."""
        token = self.token
        match token.text:
            case "frac":
                self.advance()
                top, bottom = self.tokens_of_argument(), self.tokens_of_argument()
                return replace(self.quotient(top, bottom, token.start), span=self.since(token.start))
            case "begin":
                return self.environment()
            case "cases" | "eqalign" if self.peek().text == "{":
                self.advance()
                return self.rows_between(self.advance(), "}")
            case _:
                self.fail(f"\\{token.text} is not read")

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
        return t.Fraction_(above, below, self.since(start))

    def derivative_of(self, top: list[Token], bottom: list[Token], start: int) -> t.Deriv | None:
        """``∂A / ∂b``, ``d / dx``, ``∂² J / ∂a ∂b``."""
        top, bottom = _stripped(top), _stripped(bottom)
        sign = _d_sign(top)
        if not sign or _d_sign(bottom) != sign or len(bottom) < 2:
            return None
        if sign == "d" and len(top) > 1 and top[1].text in ("+", "-", "*", "·", "_"):
            return None
        rest = top[1:]
        order = 1
        if len(rest) > 1 and rest[0].text == "^":
            digits, rest = _exponent(rest[1:])
            order = int(digits) if digits.isdigit() else 1
        wrt = self.variables(bottom, sign, order)
        if wrt is None or order > 8:
            return None
        rest = _stripped(rest)
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
            if level == 0 and _is_d(token, sign):
                pieces.append([])
            elif pieces:
                pieces[-1].append(token)
        for piece in pieces:
            if not piece:
                return None
            tree = self.part(_stripped(piece)).whole()
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
        if slash.text == "/" and _is_d(lead, sign) and k + 2 < len(self.tokens):
            top = self.tokens[self.k : k]
            end = self.skip_factor(k + 2 + bracket, called=k > self.k + 1)
            if end > k + 2:
                while (
                    _is_d(self.tokens[end], sign)
                    and end + 1 < len(self.tokens) - 1
                    and self.tokens[end].glued
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

    def skip_factor(self, k: int, *, called: bool = True) -> int:
        """Where the factor that begins at token ``k`` ends, scripts and a bracket after it too."""
        token = self.tokens[min(k, len(self.tokens) - 1)]
        if token.kind == "end":
            return k
        k = self.skip_one(k)
        while self.tokens[k].kind == "op" and self.tokens[k].text in ("_", "^", "'"):
            if self.tokens[k].text == "'":
                k += 1
            else:
                k = self.skip_one(k + 1)
        opened = self.tokens[k]
        opens = opened.kind == "op" and opened.text in ("(", "[") and opened.glued
        if called and opens and token.kind in ("name", "func"):
            k = self.skip_one(k)
        return k

    def skip_one(self, k: int) -> int:
        """Past a token or a bracketed group."""
        level = 0
        while self.tokens[k].kind != "end":
            text = self.tokens[k].text if self.tokens[k].kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            k += 1
            if level <= 0:
                break
        return min(k, len(self.tokens) - 1)

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

    def environment(self) -> Tree:
        """``cases`` and ``array`` with conditions, rows of alternatives."""
        self.advance()
        name = self.tokens_of_argument()
        word = "".join(x.text for x in name)
        if word in ("array", "darray") and self.at("{"):
            self.tokens_of_argument()
        return self.rows_between(self.token, word)

    def rows_between(self, opened: Token, name: str) -> Tree:
        """Rows of cells up to the end of the environment."""
        rows: list[list[list[Token]]] = [[[]]]
        level = 0
        while self.token.kind != "end":
            token = self.advance()
            if name == "}" and token.text == "}" and not level:
                break
            if token.kind == "cmd" and token.text == "end":
                self.tokens_of_argument()
                break
            text = token.text if token.kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            if text == "\\\\" and not level:
                rows.append([[]])
            elif text == "&" and not level:
                rows[-1].append([])
            else:
                rows[-1][-1].append(token)
        if self.at(")") and not _opened(self.tokens[: self.k]):
            self.advance()
        found = [self.branch(row) for row in rows if any(cell for cell in row)]
        if not found or name in ("bmatrix", "pmatrix", "matrix", "vmatrix"):
            self.fail("a written-out array is not read", "name it and give its entries by index")
        return t.Branches(tuple(found), self.since(opened.start))

    def branch(self, cells: list[list[Token]]) -> tuple[Tree, Tree | None]:
        """A value with its condition."""
        cells = [cell for cell in cells if cell]
        value = self.part(_without_ends(cells[0])).whole()
        words = [x for cell in cells[1:] for x in cell]
        condition = [x for x in words if x.kind != "text" or x.text in ("and",)]
        condition = [x for x in condition if x.kind != "text" and x.text not in (",",)]
        if not condition:
            return value, None
        return value, self.part(_without_ends(condition)).relation()


# --- small questions ----------------------------------------------------------------------------
def _without_ends(tokens: list[Token]) -> list[Token]:
    while tokens and (tokens[-1].text in (",", ".", ";", ":") or tokens[-1].kind == "text"):
        tokens = tokens[:-1]
    while tokens and (tokens[0].text in (",", ".", ";", ":") or tokens[0].kind == "text"):
        tokens = tokens[1:]
    return tokens


def _opened(tokens: list[Token]) -> bool:
    level = 0
    for token in tokens:
        if token.kind == "op":
            level += (token.text == "(") - (token.text == ")")
    return level > 0


def _stripped(tokens: list[Token]) -> list[Token]:
    """Without braces around the whole."""
    while len(tokens) > 1 and tokens[0].text == "{" and tokens[0].kind == "op":
        level = 0
        for k, token in enumerate(tokens):
            if token.kind == "op":
                level += (token.text == "{") - (token.text == "}")
            if not level:
                break
        if k != len(tokens) - 1:
            break
        tokens = tokens[1:-1]
    return tokens


def _is_d(token: Token, sign: str) -> bool:
    if sign == "∂":
        return token.kind == "op" and token.text == "∂"
    return token.kind == "name" and token.text == sign


def _d_sign(tokens: list[Token]) -> str:
    """The sign a numerator or denominator of a derivative begins with."""
    if not tokens:
        return ""
    first = tokens[0]
    if first.kind == "op" and first.text == "∂":
        return "∂"
    if first.kind == "name" and first.text in ("d", "delta"):
        return first.text
    return ""


def _exponent(tokens: list[Token]) -> tuple[str, list[Token]]:
    if tokens and tokens[0].text == "{":
        k = next((k for k, x in enumerate(tokens) if x.text == "}"), len(tokens) - 1)
        return "".join(x.text for x in tokens[1:k]), tokens[k + 1 :]
    return (tokens[0].text, tokens[1:]) if tokens else ("", tokens)


def _is_closed(tree: Tree) -> bool:
    """Whether a factor ends in a bracket or a fraction."""
    match tree:
        case t.Group() | t.Fraction_() | t.Bars() | t.Inner():
            return True
        case t.Func(open=False):
            return True
        case t.Script(base):
            return _is_closed(base)
        case _:
            return False


def _is_whole(tree: Tree) -> bool:
    return isinstance(tree, t.Group | t.Script | t.Bars | t.Inner | t.Func)


def _call_size(rest: list[tuple[str, Tree]]) -> int:
    """How many brackets after a name belong to it."""
    named = isinstance(rest[0][1], t.Name | t.Script)
    if named and len(rest) > 1 and rest[1][0] == "":
        second = rest[1][1]
        second = second.base if isinstance(second, t.Script) else second
        if isinstance(second, t.Group):
            return 1
    return 0


def binder_of(sub: Tree | None, sup: Tree | None) -> t.Binder:
    """The letters, limits and conditions under and over a big operator."""
    letters: list[str] = []
    where: Tree | None = None
    low: Tree | None = None
    over = ""
    items = sub.items if isinstance(sub, t.Group) and sub.bracket == "{" else () if sub is None else (sub,)
    for item in items:
        match item:
            case t.Relation((first, second), ("=",)):
                letters += [name for x in (first,) if (name := _letter(x))]
                low = second
            case t.Relation((first, second), ("∈",)):
                letters += [name for x in (first,) if (name := _letter(x))]
                over = _set_name(second)
            case t.Relation((first, second), ("!=",)):
                own = _letter(first)
                other = _letter(second)
                bound = own if own and own not in letters else other
                if own in letters or (other in letters and other):
                    bound = ""
                if bound:
                    letters.append(bound)
                where = item
            case t.Relation(operands):
                if not letters:
                    letters += [name for x in operands[1:2] or operands[:1] if (name := _letter(x))][:1]
                    if len(operands) == 2:
                        name = _letter(operands[0])
                        letters = [name] if name else letters
                where = item
            case t.Words():
                over = item.text
            case _:
                letters += _letters(item)
    return t.Binder(tuple(dict.fromkeys(letters)), where, low, None if sup is None else t.bare(sup), over)


def _set_name(tree: Tree) -> str:
    tree = t.bare(tree)
    match tree:
        case t.Name(name):
            return name
        case t.Script(t.Name(name)):
            return name + "_set"
        case _:
            return "set"


def _letter(tree: Tree) -> str:
    tree = t.bare(tree)
    match tree:
        case t.Name(name):
            return name
        case t.Script(t.Name(name), None, None, primes):
            return name + "'" * primes
        case t.Script(t.Name(), sub, None, 0) if sub is not None:
            return _letter(sub)
        case t.Script(t.Name(), None, sup, 0) if sup is not None:
            return _letter(sup)
        case _:
            return ""


def _letters(tree: Tree) -> list[str]:
    match tree:
        case t.Product(factors):
            return [name for _, f in factors if (name := _letter(f))]
        case t.Group(items):
            return [name for f in items if (name := _letter(f))]
        case _:
            name = _letter(tree)
            return [name] if name else []


# --- the reach of a sum ---------------------------------------------------------------------------
def reach(terms: list[tuple[int, Tree]], *, stops: bool = False) -> list[tuple[int, Tree]]:
    """Put into a sum that ends a term each further term that carries its letter."""
    out: list[tuple[int, Tree]] = []
    for sign, term in terms:
        if out and not stops:
            letters = _open_letters(out[-1][1])
            if letters and letters & t.names_in(term):
                out[-1] = (out[-1][0], _absorb(out[-1][1], sign, term))
                continue
        out.append((sign, term))
    return out


def _open_letters(term: Tree) -> frozenset[str]:
    """The letters of the sums that end a term and may reach on."""
    found: frozenset[str] = frozenset()
    while True:
        match term:
            case t.Product(factors) if factors[-1][0] != "/":
                term = factors[-1][1]
            case t.Applied(_, operand):
                term = operand
            case t.Big("sum", binder, body):
                found |= frozenset(binder.letters)
                term = body
            case t.Sum(terms):
                term = terms[-1][1]
            case _:
                return found


def _absorb(term: Tree, sign: int, more: Tree) -> Tree:
    """``term`` with ``more`` inside its last sum that carries a letter of it."""
    span = Span(term.span.start, more.span.end)
    free = t.names_in(more)
    match term:
        case t.Product(factors):
            last = _absorb(factors[-1][1], sign, more)
            return t.Product((*factors[:-1], (factors[-1][0], last)), span)
        case t.Applied(operator, operand):
            return t.Applied(operator, _absorb(operand, sign, more), span)
        case t.Big(op, binder, body):
            if _open_letters(body) & free:
                return t.Big(op, binder, _absorb(body, sign, more), span)
            terms = body.terms if isinstance(body, t.Sum) else ((1, body),)
            return t.Big(op, binder, t.Sum((*terms, (sign, more)), Span(body.span.start, span.end)), span)
        case t.Sum(terms):
            last = _absorb(terms[-1][1], sign, more)
            return t.Sum((*terms[:-1], (terms[-1][0], last)), span)
        case _:
            raise AssertionError("only terms that end in a sum absorb")
