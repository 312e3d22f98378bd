"""The state of a resolver, and what its parts ask of one another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, NamedTuple

from whygrad.core.errors import Span
from whygrad.core.expr import (
    Expr,
    Index,
)
from whygrad.syntax.people.dims import MisfitError, kind_of
from whygrad.syntax.people.scripts import Parts
from whygrad.syntax.people.setting import Meant, Setting
from whygrad.syntax.people.tree import Tree


class Val(NamedTuple):
    """A value: expression, dimensions, and whether a vector lies down."""

    expr: Expr
    dims: tuple[str, ...] = ()
    row: bool = False

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.dims)


LIMIT: Final = 20_000
"""Most parts resolved for one line."""


class Base(ABC):
    """What is known while a chain is resolved; the parts of the resolver build on one another."""

    def __init__(self, setting: Setting) -> None:
        self.s = setting
        self.bound: dict[str, Index] = {}
        self.arguments: dict[str, Val] = {}
        self.positions_of: dict[str, Expr] = {}
        self.defined: dict[str, tuple[Expr, tuple[Index, ...], tuple[str, ...]]] = {}
        self.functions: dict[str, tuple[tuple[str, ...], Expr]] = {}
        self.open: set[str] = set()
        self.used: dict[str, tuple[str, ...]] = {}
        """Dimensions of every undefined name that was met."""
        self.opaque: set[str] = set()
        """Functions of which nothing is known that were given a general form."""
        self.count: int = 0
        self.spans: dict[Expr, Span] = {}
        """Where the parts of the line in hand stand."""
        self.fixed: set[str] = set()
        """Letters that line 0 leaves free."""
        self.tag = ""
        """Where a name without dimensions of its own stands: a line or a definition."""
        self.strain: float = 0.0
        """How much had to be read into shapes, for comparing kinds."""
        self.free: set[str] = set()
        self.calls = 0
        """How many functions of the writer stand around one another."""
        self.entries = False
        """Whether a function of every entry is around: a number beside a matrix is added to each."""
        self.given_open: set[tuple[str, str]] = set()
        """Facts and differentials that are being used, so that none is used inside itself."""

    def ring(self, letter: str) -> str:
        """The dimension a free index letter runs over: one in the whole text, or in each definition."""
        apart = self.s.style.letters_apart and self.tag and not self.tag.startswith("line ")
        return f"@{letter}#{self.tag}" if apart else f"@{letter}"

    def number(self, tree: Tree) -> Expr:
        """The value of a part that must be one number."""
        found = self.value(tree)
        if found.dims:
            raise MisfitError(f"{kind_of(found.dims)} stands where a number should", tree.span)
        return found.expr

    @abstractmethod
    def value(self, tree: Tree) -> Val:
        """The value of a part."""

    @abstractmethod
    def call_of(self, tree: Tree, after: Tree) -> Val | None:
        """``f(x)``, or None where a name before a bracket is a factor."""

    @abstractmethod
    def meaning(self, name: str, found: Parts, span: Span) -> Val:
        """A defined name at its positions."""

    @abstractmethod
    def apply(self, meant: Meant, found: Parts, items: tuple[Tree, ...], span: Span) -> Val:
        """A function the person defined, at its arguments."""

    @abstractmethod
    def differentiate(self, body: Val, wrt: tuple[Tree, ...], span: Span) -> Val:
        """The unevaluated derivative, its shape that of the body and the variable."""
