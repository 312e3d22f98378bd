"""Where a parser stands in its tokens, what it may refuse, and the grammar its parts share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Final, NoReturn

from whygrad.core.errors import BudgetError, LanguageError, Span
from whygrad.syntax.surface import Surface
from whygrad.syntax.tokens import Token
from whygrad.syntax.vocabulary import Vocabulary

MAX_POSTFIXES: Final = 16
"""A name may carry so many indices, primes and powers, one after the other."""

MAX_DEPTH: Final = 80
"""Brackets, exponents and operators may be nested this deep."""

CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


class Cursor(ABC):
    """A position in tokens.

    Parameters
    ----------
    tokens
        Ending with a token of kind ``end``.
    source
        The text, for errors.
    words
        What is known of names.
    fixed
        Index letters that stand on the left-hand side.
    latex
        Whether ``[`` groups, and subscripts and superscripts are those of LaTeX.
    derivatives
        Whether ``d/dz u`` and ``∂u/∂z`` are read.
    lenient
        Take the first reading where a cost would be refused for having two.
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        source: str,
        words: Vocabulary,
        *,
        fixed: Collection[str] = (),
        latex: bool = False,
        derivatives: bool = False,
        lenient: bool = False,
    ) -> None:
        self.tokens, self.source, self.words = tokens, source, words
        self.fixed = frozenset(fixed)
        self.latex, self.derivatives, self.lenient = latex, derivatives, lenient
        self.position: int = 0
        self.depth: int = 0
        self.token: Token = tokens[0]
        self.bound: list[frozenset[str]] = []
        self.bars: list[str] = []
        self.partners: dict[int, int] = {}
        self.equals = False
        """Whether ``=`` compares (in a range or a branch)."""

    # --- moving ---------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Take the current token."""
        taken = self.token
        if taken.kind != "end":
            self.position += 1
            self.token = self.tokens[self.position]
        return taken

    def peek(self, ahead: int = 1) -> Token:
        """A token further on."""
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)]

    def at(self, text: str) -> bool:
        """Whether the current token is this sign."""
        return self.token.text == text and self.token.kind == "op"

    def word(self, text: str) -> bool:
        """Whether the current token is this keyword."""
        return self.token.text == text and self.token.kind == "name"

    def accept(self, text: str) -> bool:
        """Take the sign if it is next."""
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str, opened: Token) -> Token:
        """Take the closing partner of ``opened``."""
        if self.at(text):
            return self.advance()
        if self.token.kind == "end" or self.token.text in (")", "]", "}", "="):
            self.fail(
                f"'{opened.text}' is never closed by '{text}'",
                f"add '{text}', or remove the '{opened.text}'",
                opened.span,
                "error/unbalanced",
            )
        self.unexpected(f"'{text}'")

    def fail(self, reason: str, fix: str, span: Span | None = None, id: str = "error/syntax") -> NoReturn:
        """Refuse, with the place."""
        where = self.token.span if span is None else span
        raise LanguageError(id, reason, fix=fix, source=self.source, span=where)

    def unexpected(self, wanted: str) -> NoReturn:
        """Refuse the current token."""
        token = self.token
        if token.text in (")", "]", "}") and token.kind == "op":
            self.fail(
                f"'{token.text}' closes nothing",
                f"remove the '{token.text}', or open its partner before it",
                id="error/unbalanced",
            )
        if token.kind == "end":
            self.fail(
                f"the formula stops where {wanted} should follow",
                f"write {wanted} here, or remove what asks for it",
            )
        advice = f"write {wanted} here"
        if token.text == "=":
            advice = "a definition has one '='; a comparison is written '=='"
        self.fail(f"'{token.text}' stands where {wanted} should", advice)

    def enter(self) -> None:
        """Count one level of nesting; every caller leaves by ``self.depth -= 1``."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.too_deep()

    def too_deep(self) -> NoReturn:
        """Refuse what is nested too deeply."""
        raise BudgetError(
            "error/not-finished",
            f"the formula is nested more than {MAX_DEPTH} levels deep",
            fix="give parts of it names: `u = ...`, then use u",
            source=self.source,
            span=self.token.span,
        )

    def count_postfixes(self, number: int) -> int:
        """One more index, prime or power on the same operand."""
        if number >= MAX_POSTFIXES:
            self.too_deep()
        return number + 1

    def since(self, start: int) -> Span:
        """From ``start`` to the token before the current one."""
        end = self.tokens[self.position - 1].end if self.position else start
        return Span(start, max(start, end))

    def text(self, span: Span) -> str:
        """What was written there."""
        return self.source[span.start : span.end]

    def after_bracket(self, ahead: int) -> int:
        """How far ahead the bracket that opens there has closed; the end if it never does."""
        if not self.partners:
            opened: list[int] = []
            for k, token in enumerate(self.tokens):
                if token.text in CLOSING:
                    opened.append(k)
                elif token.text in (")", "]", "}") and opened:
                    self.partners[opened.pop()] = k + 1
            self.partners.setdefault(-1, -1)
        after = self.partners.get(self.position + ahead, len(self.tokens) - 1)
        return after - self.position

    # --- the grammar, in parser.py ---------------------------------------------------------------

    @abstractmethod
    def expression(self) -> Surface:
        """Anything."""

    @abstractmethod
    def logic(self) -> Surface:
        """Comparisons."""

    @abstractmethod
    def sum(self) -> Surface:
        """Terms."""

    @abstractmethod
    def product(self, tight: bool = False) -> Surface:
        """Factors."""

    @abstractmethod
    def postfix(self) -> Surface:
        """An atom with what follows it."""

    @abstractmethod
    def atom(self) -> Surface:
        """One operand."""

    @abstractmethod
    def signs(self) -> int:
        """Signs."""
