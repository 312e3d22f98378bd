"""One expression in a given scope: a typed question, a line of somebody's work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from whygrad.core.cost import Reading, Scope
from whygrad.core.errors import LanguageError, WhygradError
from whygrad.core.expr import Expr
from whygrad.syntax.context import scope_context
from whygrad.syntax.parser import Parser
from whygrad.syntax.parser_latex import LatexParser
from whygrad.syntax.resolve import Resolver
from whygrad.syntax.shifts import uses
from whygrad.syntax.surface import free_names
from whygrad.syntax.tokens import Token, check_size
from whygrad.syntax.tokens_latex import is_latex, tokenize_latex
from whygrad.syntax.tokens_plain import tokenize
from whygrad.syntax.values import WILD
from whygrad.syntax.vocabulary import Vocabulary


class Read(NamedTuple):
    """An expression, its shape, and how its ambiguities were settled."""

    expr: Expr
    dims: tuple[str, ...]
    readings: tuple[Reading, ...]


def read_expr(
    text: str,
    scope: Scope | None = None,
    *,
    letters: Mapping[str, str] | None = None,
    open_names: bool = False,
    lenient: bool = False,
) -> Expr:
    """Read one expression; index letters may stand free.

    Parameters
    ----------
    text
        In plain notation or LaTeX. ``d/dz u`` and ``∂u/∂z`` are derivatives.
    scope
        What its names are.
    letters
        The dimension of free letters that no use tells, e.g. ``{"i": "m"}``.
    open_names
        Undeclared names are scalars (with indices: arrays), not errors.
    lenient
        Take the first of two readings where a cost would be refused.

    Raises
    ------
    WhygradError
        As :func:`whygrad.syntax.cost_text.read_cost`.

    Examples
    --------
    >>> read_expr("d/dz (1 + e^(-z))", open_names=True).wrt
    Symbol('z', ())
    """
    return read(text, scope, letters=letters, open_names=open_names, lenient=lenient).expr


def read(
    text: str,
    scope: Scope | None = None,
    *,
    letters: Mapping[str, str] | None = None,
    open_names: bool = False,
    lenient: bool = False,
) -> Read:
    """The same, with the shape and the readings."""
    check_size(text)
    scope = Scope() if scope is None else scope
    words = scope_vocabulary(scope)
    try:
        tokens, latex = expression_tokens(text, words)
        if tokens[0].kind == "end":
            raise LanguageError(
                "error/syntax",
                "there is no formula here",
                fix="write an expression, like (f - y) x",
            )
        context = scope_context(text, words, scope, letters or {})
        context.open_names, context.free_letters, context.latex = open_names, True, latex
        fixed = letters or {}
        parser = make_parser(latex)(
            tokens, text, words, fixed=fixed, latex=latex, derivatives=True, lenient=lenient
        )
        resolver = Resolver(context)
        resolver.letters.update(letters or {})
        resolver.root = parser.whole()
        for name in free_names(resolver.root) - words.declared - resolver.letters.keys():
            # A free letter's dimension is known before a bare use of it (delta, a comparison) is met.
            places = uses(resolver, name, resolver.root)
            if places:
                resolver.letters[name] = places[0].dim
        found = resolver.value(resolver.root)
    except WhygradError as error:
        error.source = error.source or text
        raise
    dims = tuple(d for d in found.shape if d != WILD)
    return Read(found.expr, dims, tuple(context.readings))


def scope_vocabulary(scope: Scope) -> Vocabulary:
    """What can be called in a scope."""
    called = {d.name for d in scope.definitions.values() if d.is_function}
    return Vocabulary({*scope.declarations, *scope.definitions} - called, called)


def expression_tokens(text: str, words: Vocabulary) -> tuple[list[Token], bool]:
    """The tokens of an expression and whether it is LaTeX; line breaks are spaces."""
    if is_latex(text):
        tokens, _ = tokenize_latex(text, names=words.declared)
        return [t for t in tokens if t.kind != "line"], True
    tokens, _ = tokenize(text)
    return [t for t in tokens if t.kind != "line"], False


def make_parser(latex: bool) -> type[Parser]:
    """The parser of a notation."""
    return LatexParser if latex else Parser
