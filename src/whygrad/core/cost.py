"""A cost: declarations, then definitions in order, with the text they came from.

A :class:`Scope` is what an expression needs to be understood: which names are declared (kind, dims,
domain) and which are defined. A :class:`Cost` is a scope with a goal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

from whygrad.core.errors import Span
from whygrad.core.expr import Expr, Index

Kind = Literal["data", "param", "const"]
DomainKind = Literal["real", "finite", "interval", "integer", "onehot", "simplex", "symmetric", "spd"]


@dataclass(frozen=True, slots=True)
class Domain:
    """Where the entries of a name live. A name may have several (``integer >= 0``).

    ``finite``: one of ``values``. ``interval``: between ``low`` and ``high`` (None: unbounded),
    ends included as ``closed`` says. ``onehot``/``simplex``: along the dimension ``dim`` (the last).
    """

    kind: DomainKind = "real"
    values: tuple[Fraction, ...] = ()
    low: Fraction | None = None
    high: Fraction | None = None
    closed: tuple[bool, bool] = (False, False)
    dim: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared name. ``dims`` are names of dimensions, ``letters`` the index letters it showed."""

    name: str
    kind: Kind
    dims: tuple[str, ...] = ()
    domains: tuple[Domain, ...] = ()
    letters: tuple[str, ...] = ()
    span: Span | None = None
    value: Fraction | None = None
    """The value ``--set`` gave a constant."""

    @property
    def values(self) -> tuple[Fraction, ...]:
        """The finite set of values, or ()."""
        return next((d.values for d in self.domains if d.kind == "finite"), ())

    def has(self, kind: DomainKind) -> bool:
        """Whether one of the domains is of this kind."""
        return any(d.kind == kind for d in self.domains)

    @property
    def low(self) -> Fraction | None:
        """The largest stated lower bound, or None."""
        lows = [d.low for d in self.domains if d.low is not None]
        lows += [Fraction(0) for d in self.domains if d.kind in ("onehot", "simplex")]
        lows += [min(d.values) for d in self.domains if d.kind == "finite" and d.values]
        return max(lows, default=None)

    @property
    def positive(self) -> bool:
        """Whether every entry is > 0."""
        return any(
            (d.low is not None and (d.low > 0 or (d.low == 0 and not d.closed[0])))
            or (d.kind == "finite" and bool(d.values) and min(d.values) > 0)
            for d in self.domains
        )

    @property
    def nonnegative(self) -> bool:
        """Whether every entry is >= 0."""
        return self.low is not None and self.low >= 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: by index, by array, or a function of arguments.

    ``name[indices] = body``; ``name = array expression`` (``indices`` empty, ``dims`` its shape); or
    ``name(parameters) = body`` of scalars (its parameters are Symbols in the body).
    ``dims`` is the shape: the dims of ``indices`` in index form, the inferred shape in array form.
    """

    name: str
    body: Expr
    indices: tuple[Index, ...] = ()
    dims: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    span: Span | None = None

    @property
    def is_function(self) -> bool:
        """Whether it is a function of arguments."""
        return bool(self.parameters)

    @property
    def by_array(self) -> bool:
        """Whether the body stands for a whole array, without index letters."""
        return bool(self.dims) and not self.indices


@dataclass(frozen=True, slots=True)
class Reading:
    """One ambiguity and how it was settled, said in the output once.

    >>> Reading("log", "natural logarithm").sentence
    'log read as natural logarithm'
    """

    what: str
    how: str
    span: Span | None = None

    @property
    def sentence(self) -> str:
        """In a few words."""
        return f"{self.what} read as {self.how}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Names and what they are."""

    declarations: Mapping[str, Declaration] = field(default_factory=dict[str, Declaration])
    definitions: Mapping[str, Definition] = field(default_factory=dict[str, Definition])
    raised: tuple[str, ...] = ()
    """Letters of examples that are written above a name, in brackets: x⁽ⁱ⁾."""

    def dims_of(self, name: str) -> tuple[str, ...]:
        """The dimensions of a declared or defined name (unknown names are scalars)."""
        if name in self.declarations:
            return self.declarations[name].dims
        if name in self.definitions:
            return self.definitions[name].dims
        return ()

    def without(self, *names: str) -> Scope:
        """The same scope where these definitions are opaque (free variables)."""
        kept = {k: v for k, v in self.definitions.items() if k not in names}
        return Scope(self.declarations, kept, self.raised)

    def opaque(self) -> Scope:
        """The same scope with every definition opaque."""
        return Scope(self.declarations, {}, self.raised)


@dataclass(frozen=True)
class Cost:
    """Declarations and definitions in order; ``goal`` names the one to minimise."""

    name: str
    title: str
    declarations: tuple[Declaration, ...]
    definitions: tuple[Definition, ...]
    goal: str
    readings: tuple[Reading, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()
    """What the file's comments say: scale, labels, source."""
    raised: tuple[str, ...] = ()
    """Letters of examples that are written above a name, in brackets: x⁽ⁱ⁾."""

    @cached_property
    def scope(self) -> Scope:
        """What its expressions mean (one object, so that judges may remember it)."""
        declarations = {d.name: d for d in self.declarations}
        return Scope(declarations, {d.name: d for d in self.definitions}, self.raised)

    @property
    def parameters(self) -> tuple[Declaration, ...]:
        """The declared parameters in order."""
        return tuple(d for d in self.declarations if d.kind == "param")

    @property
    def dims(self) -> tuple[str, ...]:
        """Every dimension, in order of first declaration."""
        seen = dict.fromkeys(dim for d in self.declarations for dim in d.dims)
        seen |= dict.fromkeys(dim for d in self.definitions for dim in d.dims)
        return tuple(seen)

    def definition(self, name: str) -> Definition:
        """The definition of ``name``."""
        return next(d for d in self.definitions if d.name == name)

    def with_values(self, values: Mapping[str, Fraction]) -> Cost:
        """The same cost with constants given values."""
        changed = tuple(
            replace(d, value=values[d.name]) if d.name in values else d for d in self.declarations
        )
        return replace(self, declarations=changed)
