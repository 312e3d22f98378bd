"""A cost as a circuit: gates joined by wires, values forward, gradients back.

``engine/circuit_graph.py`` makes one from a cost; ``show/circuit.py`` draws it. Nothing here knows how
it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from whygrad.core.cost import Scope
from whygrad.core.expr import Expr, Index, Partial, Symbol

NodeKind = Literal["data", "param", "const", "gate", "root"]
Parts = Literal["none", "sigmoid", "all"]
"""How far gates are taken apart: a gate for each definition; σ in its parts; a gate for each operation."""


@dataclass(frozen=True, slots=True)
class Node:
    """An input or a gate, with the wire that leaves it.

    ``gradient`` is ∂R/∂symbol (R: the root), ``paths`` the chain rule it comes from (∂R/∂f · ∂f/∂z, a sum
    over all ways); both are None where nothing is asked for (data). ``value`` and ``slope`` are numbers as
    text, "" without a point. ``once_for`` names the parameters for which this gradient is worked out once.
    """

    name: str
    kind: NodeKind
    symbol: Symbol
    operation: Expr | None = None
    gradient_left: Partial | None = None
    gradient: Expr | None = None
    paths: Expr | None = None
    value: str = ""
    slope: str = ""
    stage: str = ""
    """The stage of the derivation that has this gradient, or ""."""
    once_for: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """The use of ``source`` by the gate ``target``.

    ``left`` = ``local`` is the local derivative, None for data; ``product`` is what flows back along this
    wire alone, ∂R/∂target · ∂target/∂source, summed over ``summed``.
    """

    source: str
    target: str
    left: Partial | None = None
    local: Expr | None = None
    product: Expr | None = None
    summed: tuple[Index, ...] = ()
    local_value: str = ""
    stage: str = ""
    shown: Partial | None = None
    """How ``left`` is written: where the root is reached by other ways too, the derivative of those of its
    terms that hold the input."""


@dataclass(frozen=True, slots=True)
class Result:
    """What comes out for a parameter: ∂J/∂w_j, by index and, where there is one, in matrix notation."""

    left: Expr
    value: Expr
    matrix_left: Expr | None = None
    matrix: Expr | None = None
    number: str = ""
    assembled: Expr | None = None
    """The same in terms of the root's gradient: 1/m Σ_i ∂L_i/∂w_j; None where the root is the cost."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """Nodes in the order of the forward pass, their wires, and what comes out."""

    name: str
    title: str
    scope: Scope
    root: Symbol
    goal: Expr
    """How the cost is made of the root: 1/m Σ_i L_i; the root's own body when the root is the cost."""
    goal_name: Symbol
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    results: tuple[Result, ...]
    parts: Parts = "none"
    at: tuple[tuple[str, str], ...] = ()
    aside: frozenset[str] = frozenset()
    """Gates that the cost has no name for: the parts of its definitions."""

    def node(self, name: str) -> Node:
        """The node of a name."""
        return next(n for n in self.nodes if n.name == name)

    def into(self, name: str) -> tuple[Wire, ...]:
        """The wires into a gate, in the order of its operation."""
        return tuple(w for w in self.wires if w.target == name)

    @property
    def backward(self) -> tuple[Node, ...]:
        """The nodes that get a gradient, in the order of the backward pass, the root first."""
        return tuple(n for n in reversed(self.nodes) if n.gradient is not None)
