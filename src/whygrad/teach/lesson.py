"""What every medium of a lesson is made from: one cost, one derivation, one circuit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from whygrad.core.circuit import Circuit
from whygrad.core.cost import Cost
from whygrad.core.derivation import Derivation
from whygrad.core.document import Document, Inline
from whygrad.core.errors import UsageError
from whygrad.core.expr import Expr, Index, Symbol
from whygrad.engine.circuit_graph import circuit
from whygrad.engine.derive import derive
from whygrad.engine.evaluate import Values
from whygrad.engine.narrate import narrate
from whygrad.engine.serialise import derivation_to_json
from whygrad.engine.small_steps import with_small_evidence
from whygrad.show.text import to_text
from whygrad.syntax.unparse import to_plain
from whygrad.teach.notation import Notation, notation
from whygrad.teach.words import ENGLISH, Words

_VALUES = (Fraction(2), Fraction(1, 2), Fraction(1), Fraction(-1), Fraction(3, 2))


@dataclass(frozen=True)
class Lesson:
    r"""A cost with all that is shown of it.

    Parameters
    ----------
    cost
        As it was read.
    source
        Its text, for whoever wants to change it.
    words
        The table of a language.
    at
        Where the circuit has numbers; simple ones are found when none are given.
    notation
        A teacher's own symbols, as :func:`whygrad.teach.notation.notation` reads them.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> Lesson(read_cost("param w\nJ = (w - 3)^2"), "").title
    'J'
    """

    cost: Cost
    source: str
    words: Words = field(default_factory=lambda: ENGLISH)
    at: Values | None = None
    notation: str = ""

    @property
    def title(self) -> str:
        """The cost's title, else its name."""
        return self.cost.title or to_text(self.drawn.goal_name, self.drawn.scope)

    @property
    def name(self) -> str:
        """A name for files."""
        return self.cost.name or "cost"

    @cached_property
    def derivation(self) -> Derivation:
        """The gradient by the chain rule, in the cost's own names."""
        return derive(self.cost)

    @cached_property
    def own(self) -> Notation:
        """The symbols it is shown in."""
        return notation(self.notation, self.derivation.cost, self.derivation)

    @cached_property
    def shown(self) -> Derivation:
        """The derivation in these symbols."""
        return self.own.of(self.derivation)

    @cached_property
    def document(self) -> Document:
        """The derivation in words and formulas, with its data."""
        made = narrate(self.shown, "normal", name=self.cost.name)
        return replace(made, later=lambda: self.data)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What ``derive --format json`` writes: every step, the small ones checked, too."""
        return derivation_to_json(with_small_evidence(self.derivation))

    @cached_property
    def circuit(self) -> Circuit:
        """A gate for each definition, with numbers if simple ones fit; in the cost's own names."""
        return self._circuit(Notation())

    @cached_property
    def drawn(self) -> Circuit:
        """The circuit in the symbols it is shown in."""
        return self._circuit(self.own) if self.own else self.circuit

    @cached_property
    def key(self) -> Inline:
        """Which symbol is which name, in a sentence; nothing where they are the same."""
        pairs: list[tuple[Expr, str]] = [(Symbol(new), old) for old, new in self.own.names.items()]
        for d in self.derivation.cost.declarations:
            if d.kind == "data" and d.letters[:1] and d.letters[0] in self.own.raised:
                entry = Symbol(d.name, [Index(*pair) for pair in zip(d.letters, d.dims, strict=True)])
                pairs.append((self.own.of(entry), to_plain(entry, self.derivation.cost.scope)))
                break
        said = [part for symbol, name in pairs for part in (", ", symbol, f" {self.words['is']} `{name}`")]
        return (self.words["own symbols"], " ", *said[1:], ".") if said else ()

    def _circuit(self, own: Notation) -> Circuit:
        cost, derivation = own.of(self.cost), own.of(self.derivation)
        plain = circuit(cost, derivation=derivation)
        point = self.at if self.at is not None else simple_point(self.cost)
        if point is None:
            return plain
        try:
            return circuit(cost, derivation=derivation, at=own.point(point))
        except UsageError:
            if self.at is not None:
                raise
            return plain


def simple_point(cost: Cost) -> dict[str, Fraction] | None:
    """A small number for every name, inside its domain; None where one number cannot say it.

    A matrix of weights is a layer: one number for it would show a network that nobody has.
    """
    out: dict[str, Fraction] = {}
    for k, d in enumerate((*cost.parameters, *(d for d in cost.declarations if d.kind != "param"))):
        if any(domain.kind in ("onehot", "simplex", "spd", "symmetric") for domain in d.domains):
            return None
        if d.values:
            out[d.name] = max(d.values)
        elif d.low is not None:
            out[d.name] = d.low + (Fraction(1, 2) if d.positive or d.kind == "const" else 1)
        else:
            out[d.name] = _VALUES[k % len(_VALUES)]
    large = any(len(d.dims) > (1 if d.kind == "param" else 2) for d in cost.declarations)
    return None if large else out
