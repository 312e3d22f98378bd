"""The statements of rules: ``D(u^n) = n * u^(n - 1) * D(u)``."""

from __future__ import annotations

from collections.abc import Collection

from whygrad.core.errors import LanguageError, WhygradError
from whygrad.core.expr import Expr
from whygrad.syntax.context import Context
from whygrad.syntax.lines import end_token, equals_at
from whygrad.syntax.parser import Parser
from whygrad.syntax.resolve import Resolver
from whygrad.syntax.tokens import Token
from whygrad.syntax.tokens_plain import tokenize
from whygrad.syntax.vocabulary import Vocabulary


def read_statement(text: str, holes: Collection[str]) -> tuple[Expr, Expr]:
    """Read a rule's statement: the two sides of its equation.

    Names in ``holes`` become :class:`~whygrad.core.expr.Hole`; ``D(u)`` is ``Call("D", (u,))``; the
    letters i, j, k, l and those of sums are indices over the dimension ``"?"``.

    Examples
    --------
    >>> left, right = read_statement("D(u + v) = D(u) + D(v)", ("u", "v"))
    >>> left
    Call('D', (Add((Hole('u'), Hole('v'))),))
    """
    tokens, _ = tokenize(text)
    tokens = [t for t in tokens if t.kind != "line"]
    at = equals_at(tokens)
    if at is None or at == 0 or at >= len(tokens) - 2:
        raise LanguageError(
            "error/syntax",
            "a statement has two sides",
            fix="write `left = right`",
            source=text,
            span=tokens[-1].span if at is None else tokens[at].span,
        )
    left = [*tokens[:at], end_token(tokens[:at])]
    return _side(left, text, holes), _side(tokens[at + 1 :], text, holes)


def read_pattern(text: str, holes: Collection[str]) -> Expr:
    """Read one side of a statement, or a condition on its holes."""
    tokens, _ = tokenize(text)
    return _side([t for t in tokens if t.kind != "line"], text, holes)


def _side(tokens: list[Token], text: str, holes: Collection[str]) -> Expr:
    words = Vocabulary(holes, rules=True)
    context = Context(text, words, holes=frozenset(holes), statement=True)
    try:
        surface = Parser(tokens, text, words, derivatives=True).whole()
        return Resolver(context).value(surface).expr
    except WhygradError as error:
        error.source = error.source or text
        raise
