"""What order 2 adds to a derivation, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from whygrad.core.cost import Definition
from whygrad.core.derivation import Evidence, Stage
from whygrad.core.expr import ONE, ZERO, Expr

Text = tuple[str | Expr, ...]
"""Words with formulas in them."""

UNDECIDED: Final = Evidence("undecided")


@dataclass(frozen=True, slots=True)
class Claim:
    """Convex, not convex or undecided, in these parameters, the others held."""

    kind: Literal["convex", "not convex", "undecided"]
    names: tuple[str, ...]
    why: Text
    evidence: Evidence
    alone: bool = False
    """Whether other parameters are held."""


@dataclass(frozen=True, slots=True)
class Strong:
    """∇²R is ``modulus`` times the identity on this parameter."""

    name: str
    modulus: Expr
    evidence: Evidence
    positive: bool


@dataclass(frozen=True, slots=True)
class Lipschitz:
    """L = ``scale`` · ``bound`` · λ_max(AᵀA) + ``ridge``; without meaning where there is a ``reason``."""

    scale: Expr = ONE
    bound: Expr = ONE
    ridge: Expr = ZERO
    square: Expr | None = None
    """The curvature with its square completed, from which the bound is read."""
    evidence: Evidence = UNDECIDED
    reason: Text = ()
    none: bool = False
    """Whether it is proved that there is none."""


@dataclass(frozen=True, slots=True)
class Second:
    """What order 2 adds to a derivation.

    Attributes
    ----------
    curvature
        ∂²L/∂z² of the loss of one example along its score, where the cost is a sum of such losses.
    blocks
        ∂²J/∂q∂p for the parameters, index and matrix form.
    no_blocks
        Why they are not written out, where they are not.
    changes
        The change of every name along a direction Δ.
    products
        The Hessian times Δ, for each parameter.
    gram
        Δᵀ H Δ as a sum of squares.
    """

    stages: tuple[Stage, ...]
    curvature: Expr | None = None
    blocks: tuple[Stage, ...] = ()
    no_blocks: str = ""
    changes: tuple[Definition, ...] = ()
    products: tuple[Stage, ...] = ()
    no_products: str = ""
    gram: Stage | None = None
    claims: tuple[Claim, ...] = ()
    strong: tuple[Strong, ...] = ()
    lipschitz: Lipschitz | None = None
    kinks: tuple[Expr, ...] = ()
    """Where formulas of the cost switch; second derivatives hold beside these places."""
    locals: tuple[Stage, ...] = ()
    """The derivatives of the names in between that the blocks rest on."""

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """Every stage that can be opened."""
        gram = () if self.gram is None else (self.gram,)
        return (*self.stages, *self.locals, *self.blocks, *self.products, *gram)
