"""Moving through the tokens of one formula."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.lex import Token
from whygrad.syntax.people.repair import CLOSING
from whygrad.syntax.people.tree import Tree

MAX_DEPTH: Final = 60


@dataclass(frozen=True, slots=True)
class Style:
    """Choices of reading that hold for a whole chain.

    ``open_wide``: a function without brackets takes all factors that follow, bracketed ones too.
    ``operator_tight``: a derivative operator takes one factor and not the product.
    ``slash_wide``: ``a/b c`` is a/(b c).
    ``sum_stops``: a sum takes its product only.
    ``latest``: of two definitions of a name the last counts.
    ``letters_apart``: an index letter may run over another dimension in each sum and definition.
    ``entrywise``: the square of a vector is taken entry by entry, and is not its squared length.
    """

    open_wide: bool = True
    operator_tight: bool = False
    slash_wide: bool = False
    sum_stops: bool = False
    entrywise: bool = False
    letters_apart: bool = False
    latest: bool = False
    differentials: bool = False


class Cursor(ABC):
    """A list of tokens with a place in it; the parts of the reader build on one another."""

    def __init__(self, tokens: list[Token], source: str, style: Style) -> None:
        self.tokens, self.source, self.style = tokens, source, style
        self.k = 0
        self.depth = 0
        self.bars: list[str] = []
        self.choices: set[str] = set()
        """The choices of the style that were met; one set for all parts of a text."""
        self.rows = 0

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

    def sign(self) -> int:
        """Signs before a factor, as in ``a · -b``."""
        sign = 1
        while self.at("+", "-"):
            sign = -sign if self.advance().text == "-" else sign
        return sign

    def negative(self, found: Tree) -> Tree:
        """The negative of a factor."""
        return t.Sum(((-1, found),), found.span)

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

    def closes(self, ahead: int) -> bool:
        """Whether a brace closes there."""
        return self.peek(ahead).text == "}"

    def part(self, tokens: list[Token]) -> Self:
        """A reader of some of the tokens."""
        last = tokens[-1].end if tokens else self.token.start
        found = type(self)([*tokens, Token("end", "", last, last, False)], self.source, self.style)
        found.depth = self.depth + 1
        found.choices = self.choices
        if found.depth > MAX_DEPTH:
            self.fail("the brackets are nested too deep")
        return found

    @abstractmethod
    def whole(self) -> Tree:
        """Everything, to the end."""

    @abstractmethod
    def scripts(self, base: Tree) -> Tree:
        """Subscripts, superscripts and primes after a factor."""

    @abstractmethod
    def script_argument(self, up: bool = False) -> Tree:
        """What stands after ``_`` or ``^``."""

    @abstractmethod
    def relation(self) -> Tree:
        """Sums with relations between them."""

    @abstractmethod
    def factor(self) -> Tree:
        """One factor with its scripts."""

    @abstractmethod
    def primary(self) -> Tree:
        """One factor without its scripts."""
