"""The evidence of the small steps: checked when they are shown or kept, not before.

Every line that stands at the normal level is checked as it is made. The small steps folded below it
are about four times as many, and most readers never open them.
"""

from __future__ import annotations

from dataclasses import replace

from whygrad.core.cost import Scope
from whygrad.core.derivation import Derivation, ParameterDerivation, Stage, Step
from whygrad.core.expr import Expr
from whygrad.engine.stages import checked


def with_small_evidence(derivation: Derivation) -> Derivation:
    """The derivation with every step checked, however small.

    Examples
    --------
    >>> from whygrad.engine.derive import derive
    >>> from whygrad.syntax.cost_text import read_cost
    >>> made = with_small_evidence(derive(read_cost("data x; param w; J = (w x)^2")))
    >>> {step.evidence.kind for step in made.parameters[0].stages[0].steps}
    {'proved'}
    """
    scope = derivation.cost.scope
    return replace(derivation, parameters=tuple(_parameter(p, scope) for p in derivation.parameters))


def _parameter(parameter: ParameterDerivation, scope: Scope) -> ParameterDerivation:
    return replace(parameter, stages=tuple(_stage(s, scope) for s in parameter.stages))


def _stage(stage: Stage, scope: Scope) -> Stage:
    return replace(stage, steps=tuple(with_evidence_below(s, scope, stage.left) for s in stage.steps))


def with_evidence_below(step: Step, scope: Scope, left: Expr) -> Step:
    """The step and all its small steps, checked."""
    below = tuple(with_evidence_below(small, scope, left) for small in step.substeps)
    return replace(checked(step, scope, left), substeps=below)
