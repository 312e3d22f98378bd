"""The Hessian times a vector, at the price of a gradient and never formed.

H v is how the gradient changes as the parameters move along v: d/dt ∇J(θ + t v) at t = 0 (B. A. Pearlmutter,
Fast exact multiplication by the Hessian, Neural Computation 6, 1994). Taken of the formulas, it is again a
sum over rows of a function of linear forms where the gradient is, so that one pass over the data serves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from whygrad.core.cost import Declaration, Scope
from whygrad.core.errors import BudgetError, NoRuleError
from whygrad.core.expr import Add, Expr, Index, Mul, Number, Symbol, add, mul
from whygrad.core.walk import rewrite_bottom_up
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.meaning.differentiate import derivative
from whygrad.train.objective import Objective

STEP: Final = Symbol("step along")
"""t; a space keeps it apart from any other name."""


def direction_of(name: str) -> str:
    """Under which name the direction of a parameter is given."""
    return f"{name}_direction"


def hessian_product(objective: Objective) -> Program | None:
    """A program of parameters, data and directions whose outputs are H v, by parameter.

    None where the second derivatives cannot be had.
    """
    names = frozenset(objective.names)
    declared = {d.name: d for d in objective.cost.parameters}

    def moved(e: Expr) -> Expr:
        return rewrite_bottom_up(e, lambda n: _moved(n, names))

    directions = {direction_of(n): Declaration(direction_of(n), "param", d.dims) for n, d in declared.items()}
    scope = objective.scope
    along = Scope(
        {**scope.declarations, **directions, STEP.name: Declaration(STEP.name, "param", ())},
        {name: replace(d, body=moved(d.body)) for name, d in scope.definitions.items()},
    )
    outputs: dict[str, Expr] = {}
    axes: dict[str, tuple[Index, ...]] = {}
    try:
        for name, gradient in objective.gradients.items():
            change = derivative(moved(gradient), STEP, along)
            outputs[f"H {name}"] = rewrite_bottom_up(change, _at_rest)
            axes[f"H {name}"] = objective.orders[name]
        still = Scope({**scope.declarations, **directions}, dict(scope.definitions))
        return lower(outputs, still, axes=axes)
    except (NoRuleError, BudgetError):
        return None


def _moved(e: Expr, names: frozenset[str]) -> Expr:
    if isinstance(e, Symbol) and e.name in names:
        return add(e, mul(STEP, Symbol(direction_of(e.name), e.indices)))
    return e


def _at_rest(e: Expr) -> Expr:
    """With t = 0, and what that leaves out left out."""
    match e:
        case Symbol() if e is STEP:
            return Number(0)
        case Mul(factors) if any(isinstance(f, Number) and f.value == 0 for f in factors):
            return Number(0)
        case Add(terms):
            return add(*(t for t in terms if not (isinstance(t, Number) and t.value == 0)))
        case _:
            return e
