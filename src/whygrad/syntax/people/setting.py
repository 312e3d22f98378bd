"""What a chain is about: definitions, functions, kinds, domains, and the choices of one reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from whygrad.core.cost import Domain, Kind, Reading
from whygrad.core.errors import Span
from whygrad.syntax.people.dims import Dims
from whygrad.syntax.people.read import Style
from whygrad.syntax.people.scripts import Letters
from whygrad.syntax.people.tree import Tree


@dataclass(frozen=True, slots=True)
class Meant:
    """A definition as the person wrote it: ``name_{subs}^{(sups)}(parameters) = body``."""

    name: str
    body: Tree
    sups: tuple[Tree, ...] = ()
    subs: tuple[Tree, ...] = ()
    parameters: tuple[Tree, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Kinds:
    """What is said about a name: its shape as size names, or its rank alone."""

    rank: int | None = None
    sizes: tuple[str, ...] = ()
    domains: tuple[Domain, ...] = ()
    kind: Kind | Literal[""] = ""
    """The kind it was declared with; "" where it was not."""

    @property
    def declared(self) -> bool:
        """Whether a declaration says it."""
        return bool(self.kind)


@dataclass(slots=True)
class Setting:
    """One reading of a chain. ``ranks`` is the rank of each undefined name beyond its positions."""

    letters: Letters
    style: Style = field(default_factory=Style)
    meant: dict[str, Meant] = field(default_factory=dict[str, Meant])
    kinds: dict[str, Kinds] = field(default_factory=dict[str, Kinds])
    ranks: dict[str, int] = field(default_factory=dict[str, int])
    alias: dict[str, str] = field(default_factory=dict[str, str])
    sizes: set[str] = field(default_factory=set[str])
    wrt: tuple[Tree, ...] = ()
    facts: list[tuple[Tree, Tree]] = field(default_factory=list[tuple[Tree, Tree]])
    differentials: dict[str, Tree] = field(default_factory=dict[str, Tree])
    goals: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Undefined names that are differentiated, and what they depend on."""
    counts: dict[str, str] = field(default_factory=dict[str, str])
    """Letters of sums with the name that counts their terms."""
    hidden: set[str] = field(default_factory=set[str])
    """Names to which a sum without an index gives an example axis."""
    numbered: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Names whose numbered entries are positions: first number, how many."""
    operators: set[str] = field(default_factory=set[str])
    """Letters that are an operator of differentiation."""
    equal_letters: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unequal_letters: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    values: set[str] = field(default_factory=set[str])
    """Functions that stand for a value, whatever their argument."""
    products: set[str] = field(default_factory=set[str])
    """Letters before a bracket that are factors."""
    called: set[str] = field(default_factory=set[str])
    """Undefined letters that are functions."""
    differentiated: set[str] = field(default_factory=set[str])
    """Names that are differentiated somewhere."""
    row_gradient: bool = False
    recursive: dict[str, Meant] = field(default_factory=dict[str, Meant])
    """Definitions that go round, as ``h_t = f(h_{t-1})``: known only where they stand."""
    squares: set[str] = field(default_factory=set[str])
    """Names whose square is what is differentiated by."""
    general: bool = False
    """Whether the lines are said to hold for all positions."""
    choices: set[str] = field(default_factory=set[str])
    """The choices of the style that were met."""
    readings: dict[str, Reading] = field(default_factory=dict[str, Reading])
    dims: Dims = field(default_factory=Dims)

    def say(self, what: str, how: str, span: Span | None = None) -> None:
        """Keep a reading, once."""
        self.readings.setdefault(what, Reading(what, how, span))

    def real(self, name: str) -> str:
        """The name that is meant: ``x`` may be a row of ``X``."""
        return self.alias.get(name, name)
