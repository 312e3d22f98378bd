"""What was derived: stages of steps, each step a rule at a place, with its evidence.

A :class:`Derivation` is the one object behind every output. A *stage* is one numbered result
("∂f_i/∂z_i = f_i (1 − f_i)"); its *steps* lead from the unevaluated derivative to the result, each
rewriting the whole line by one rule at one path. A step may hold substeps: the smaller steps that
make it up. Ids (``chain.4``, ``chain.4.2``, ``chain.4.2.1``) number stages and steps the same at
every level of detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from whygrad.core.cost import Cost
from whygrad.core.expr import Expr, Symbol
from whygrad.core.walk import Path

EvidenceKind = Literal["proved", "sampled", "refuted", "definition", "undecided"]
Route = Literal["chain", "substitution", "backprop"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a claim was checked.

    ``conditions`` are side conditions that could not be discharged from the declarations and are
    stated (each a formula in plain text: "1 - f[i] > 0"). ``uses`` are facts it rests on
    ("y in {0,1}").
    """

    kind: EvidenceKind
    why: str = ""
    point: Mapping[str, str] | None = None
    """An admissible point, name -> value, for a refutation."""
    values: tuple[str, str] | None = None
    """What the two sides give there."""
    difference: str | None = None
    conditions: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One rule applied at one place of a line.

    Attributes
    ----------
    rule
        Id of a row of the rule tables.
    at
        Path of the rewritten part in ``before``.
    before, after
        The whole line before and after.
    bindings
        What the rule's holes stood for, by hole name (and extra words a reason needs).
    reason
        The reason in words with formulas in it, ready to show.
    substeps
        The smaller steps it is made of; they chain from ``before`` to ``after``.
    minor
        House-keeping that the normal view folds away.
    """

    rule: str
    at: Path
    before: Expr
    after: Expr
    bindings: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    reason: tuple[str | Expr, ...] = ()
    substeps: tuple[Step, ...] = ()
    evidence: Evidence = Evidence("undecided")
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One numbered result.

    ``left`` is what is computed (usually a Partial); ``start`` the first right-hand side;
    ``steps`` lead from ``start`` to ``result``. ``uses`` cites earlier stages by id (of this
    derivation, or ``w:chain.1`` of the derivation for another parameter). ``matrix`` is the same
    result in matrix notation with its shape note, when there is one; else ``no_matrix`` says why.
    """

    id: str
    left: Expr
    start: Expr
    result: Expr
    steps: tuple[Step, ...] = ()
    uses: tuple[str, ...] = ()
    start_reason: tuple[str | Expr, ...] = ()
    start_rule: str = ""
    evidence: Evidence = Evidence("undecided")
    matrix_left: Expr | None = None
    matrix: Expr | None = None
    matrix_shapes: str = ""
    matrix_evidence: EvidenceKind = "proved"
    """How the matrix form was found to be the index form."""
    no_matrix: str = ""
    reused: bool = False
    """Already derived for another parameter; shown as a citation."""


@dataclass(frozen=True, slots=True)
class ParameterDerivation:
    """Everything about the derivative with respect to one parameter by one route."""

    wrt: Symbol
    """The parameter with its fresh index, e.g. ``w[j]``."""
    chain: tuple[Expr, ...]
    """The factors of the chain rule, for the heading: ∂L/∂f, ∂f/∂z, ∂z/∂w_j."""
    stages: tuple[Stage, ...]
    result: Expr
    evidence: Evidence
    """The result against the derivative of the cost written out."""
    matrix: Expr | None = None
    gradient_of: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``--at``: local derivatives, their product and the closed form, with values."""

    point: Mapping[str, Fraction]
    rows: tuple[tuple[str, Expr, Expr, str], ...]
    """(stage id or "", left, formula, value as text)."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """The derivation of a cost's gradient by one route."""

    cost: Cost
    route: Route
    parameters: tuple[ParameterDerivation, ...]
    evaluation: Evaluation | None = None
    notes: tuple[str, ...] = ()
    """Conventions at kinks, label facts used, readings."""
    hessian: object = None

    @property
    def result(self) -> Expr:
        """The gradient with respect to the first parameter."""
        return self.parameters[0].result
