"""What a person wrote, and a line of it under one reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whygrad.core.cost import Reading, Scope
from whygrad.core.errors import Span
from whygrad.core.expr import Expr, Symbol
from whygrad.syntax.people.read import Parsed
from whygrad.syntax.people.resolve import Val
from whygrad.syntax.people.setting import Setting


@dataclass(frozen=True, slots=True)
class Chain:
    """What a person wrote: context, what they would say about it, and the lines."""

    lines: tuple[str, ...]
    context: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    wrt: str = ""
    mode: str = "expr"


@dataclass(frozen=True, slots=True)
class Line:
    """A line under a reading: its tree, then its value or why it has none."""

    source: str
    parsed: Parsed | None
    error: str = ""
    span: Span | None = None
    value: Val | None = None
    misfit: bool = False
    """Whether it has no value because shapes do not fit."""
    loose: Expr | None = None
    """What such a line says, shapes aside."""
    spans: Mapping[Expr, Span] = field(default_factory=dict[Expr, Span])
    """Where its parts stand."""


@dataclass(slots=True)
class Read:
    """A chain under one reading."""

    chain: Chain
    setting: Setting
    lines: list[Line]
    scope: Scope
    cost: float
    """How unlikely the reading is."""
    opaque: frozenset[str] = frozenset()
    """Names of general forms of what is not defined."""
    goal: str = ""
    """The undefined name that line 0 is about."""
    described: bool = False
    """Whether the context speaks of that name in a way that was not understood."""
    known: frozenset[str] = frozenset()
    """The names of the context and of what is differentiated by."""
    zeros: frozenset[str] = frozenset()
    """Parameters of a direction, set to 0 after differentiation."""
    wrt: tuple[Symbol, ...] = ()
    functions: frozenset[str] = frozenset()
    """Functions of which nothing is known."""
    choices: set[str] = field(default_factory=set[str])
    """The choices of the style that make a difference here."""
    readings: tuple[Reading, ...] = ()
