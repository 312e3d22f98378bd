"""What is known while a text is resolved: names, sizes, letters, and the readings made so far."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from whygrad.core.cost import Declaration, Definition, Reading, Scope
from whygrad.core.errors import LanguageError, ShapeError, Span
from whygrad.core.expr import Expr
from whygrad.core.functions import CONSTANTS
from whygrad.syntax.vocabulary import FUNCTION_NAMES, Vocabulary

STATEMENT_DIM = "?"
"""The dimension of the index letters in a rule's statement."""


@dataclass(slots=True)
class Context:
    """Names and what they are, growing line by line.

    ``letters`` says which dimension each index letter runs over; ``later`` are names that stand
    below, ``columns`` names that ``keepdims=True`` made a column of a matrix.
    """

    source: str
    words: Vocabulary
    declarations: dict[str, Declaration] = field(default_factory=dict[str, Declaration])
    definitions: dict[str, Definition] = field(default_factory=dict[str, Definition])
    sizes: set[str] = field(default_factory=set[str])
    letters: dict[str, str] = field(default_factory=dict[str, str])
    soft: set[str] = field(default_factory=set[str])
    """Letters that only definitions showed: another sum may use them over another dimension."""
    later: set[str] = field(default_factory=set[str])
    columns: set[str] = field(default_factory=set[str])
    limits: dict[tuple[str, int], Expr] = field(default_factory=dict[tuple[str, int], Expr])
    """The last position of a name along an axis that ends early."""
    steps: dict[str, int] = field(default_factory=dict[str, int])
    """Names given position by position (``h[1] = ...``), and along which axis."""
    holes: frozenset[str] = frozenset()
    open_names: bool = False
    """Undeclared names are scalars, undeclared letters free indices."""
    free_letters: bool = False
    statement: bool = False
    latex: bool = False
    readings: list[Reading] = field(default_factory=list[Reading])
    open_ranks: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Dimensions of undeclared indexed names in an open expression."""

    def dims_of(self, name: str) -> tuple[str, ...] | None:
        """The dimensions of a known name, else None."""
        found = self.declarations.get(name) or self.definitions.get(name)
        return found.dims if found is not None else self.open_ranks.get(name)

    def scope(self) -> Scope:
        """What is known so far, as a scope."""
        return Scope(dict(self.declarations), dict(self.definitions))

    def say(self, what: str, how: str, span: Span | None = None) -> None:
        """Keep a reading, once."""
        if all((r.what, r.how) != (what, how) for r in self.readings):
            self.readings.append(Reading(what, how, span))

    def unknown(self, name: str, span: Span, indexed: bool = False) -> LanguageError:
        """The error for a name nobody knows, with the names that are near."""
        if name in self.later:
            return LanguageError(
                "error/cycle",
                f"{name} is used above its definition",
                fix=f"move the line that defines {name} above this one; no name may use itself",
                source=self.source,
                span=span,
            )
        near = near_names(name, self.known_names())
        if name in FUNCTION_NAMES:
            fix = f"write {name}(u) for the function; else declare it: `param {name}` or `const {name}`"
        elif name.isupper() and len(name) == 1 and not indexed:
            fix = f"declare it with its sizes: `data {name}: (m, n)` or `param {name}: (n,)`"
        elif near:
            fix = f"did you mean {' or '.join(near)}? Else declare it: `data {name}` or `param {name}`"
        elif indexed:
            fix = f"declare it: `data {name}[i]` or `param {name}[i]` with its letters, or define it above"
        else:
            fix = f"declare it: `data {name}`, `param {name}` or `const {name}`; or define it above"
        return LanguageError(
            "error/unknown-name",
            f"{name} is neither declared nor defined",
            fix=fix,
            source=self.source,
            span=span,
        )

    def known_names(self) -> Iterable[str]:
        """Every name that could be meant."""
        return (*self.declarations, *self.definitions, *self.sizes, *FUNCTION_NAMES, *CONSTANTS)

    def rank_error(self, name: str, given: int, span: Span) -> ShapeError:
        """The error for a wrong number of indices."""
        found = self.declarations.get(name) or self.definitions.get(name)
        dims = self.dims_of(name) or ()
        letters: tuple[str, ...] = getattr(found, "letters", ())
        if isinstance(found, Definition):
            letters = tuple(i.letter for i in found.indices)
        example = f"{name}[{', '.join(letters or dims)}]" if dims else name
        return ShapeError(
            "error/rank",
            f"{name} has {count(len(dims))} and is used with {given}",
            fix=f"write {example}" if given else f"write {example}, or sum over its entries",
            source=self.source,
            span=span,
        )


def count(number: int) -> str:
    """So many indices, in words.

    >>> count(2)
    '2 indices'
    """
    return "no index" if number == 0 else "1 index" if number == 1 else f"{number} indices"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """At most two known names that are spelled like ``name``.

    >>> near_names("lamda", ["lambda", "x"])
    ['lambda']
    """
    if len(name) < 2 or len(name) > 40:
        return [k for k in known if len(name) < 40 and k != name and k.lower() == name.lower()][:1]
    candidates = sorted({k for k in known if len(k) <= 40 and len(k) > 1})
    return difflib.get_close_matches(name, candidates, n=2, cutoff=0.7)


def scope_context(source: str, words: Vocabulary, scope: Scope, letters: Mapping[str, str]) -> Context:
    """The context of one expression in a scope."""
    context = Context(source, words, dict(scope.declarations), dict(scope.definitions))
    for declaration in scope.declarations.values():
        context.sizes.update(declaration.dims)
        if len(declaration.letters) == len(declaration.dims):
            context.letters.update(zip(declaration.letters, declaration.dims, strict=True))
    for definition in scope.definitions.values():
        context.sizes.update(definition.dims)
    for definition in scope.definitions.values():
        for index in definition.indices:
            if index.letter not in context.letters:
                context.soft.add(index.letter)
                context.letters[index.letter] = index.dim
    context.letters.update(letters)
    context.sizes.update(letters.values())
    return context
