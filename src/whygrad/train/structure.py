"""The shape of a cost: a scaled sum over rows of a loss of one linear form, plus a penalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from whygrad.core.cost import Cost, Declaration, Domain, Scope
from whygrad.core.errors import BudgetError, NoRuleError
from whygrad.core.expr import Call, Expr, Index, Symbol
from whygrad.core.walk import names, rewrite_bottom_up, substitute
from whygrad.engine.differentiate import calls
from whygrad.engine.score import Scored, reached, scored
from whygrad.lower.stabilise import Stabiliser
from whygrad.meaning.differentiate import derivative
from whygrad.train.bounds import bounds

FORM: Final = "linear form"
"""The name under which the linear form stands in a loss: a space keeps it apart from any other."""

MOST_UNFOLDED: Final = 100


@dataclass(frozen=True)
class Structure:
    """J = ``scale`` Σ_i ``loss``(FORM) + ``penalty``, with FORM_i = ``form`` linear in the parameters."""

    row: Index
    scale: Expr
    loss: Expr
    """In the symbol FORM[i] and data."""
    form: Expr
    penalty: Expr
    scope: Scope
    """Declares FORM as data, too, so that the loss can be computed for given values of it."""
    first: Expr = field(compare=False, kw_only=True)
    second: Expr = field(compare=False, kw_only=True)
    """ℓ' and ℓ'' along the form."""
    low: Fraction | None = field(compare=False, kw_only=True)
    high: Fraction | None = field(compare=False, kw_only=True)
    """Proved bounds of ℓ'', where there are any."""

    @property
    def convex(self) -> bool:
        """Whether ℓ'' >= 0 everywhere is proved."""
        return self.low is not None and self.low >= 0


def structure_of(cost: Cost) -> Structure | None:
    """Read the structure off a cost in index form; None where it has another.

    It is the engine's reading (:func:`whygrad.engine.score.scored`) where the score of an example is one
    number that is linear in all parameters.
    """
    try:
        found = scored(cost)
        if found is None or found.score.indices != (found.row,) or not _one_form(found):
            return None
        return _structure(found)
    except (NoRuleError, BudgetError):
        return None


def _one_form(found: Scored) -> bool:
    """Whether every parameter of the sum over rows enters by the score, and the score is linear in them."""
    moving = reached(found.scope, found.loss.name)
    inside = {d.name for d in found.cost.parameters if d.name in moving}
    return bool(inside) and inside <= found.linear


def _structure(found: Scored) -> Structure | None:
    symbol = Symbol(FORM, (found.row,))
    body = rewrite_bottom_up(_written_out(found), lambda n: symbol if n is found.score else n)
    if found.score.name in reached_by(body, found.scope):
        return None  # the score of another row takes part
    scope = _with_form(found)
    loss = Stabiliser(scope).stable(body)
    first = Stabiliser(scope).stable(derivative(loss, symbol, scope))
    second = Stabiliser(scope).stable(derivative(first, symbol, scope))
    low, high = bounds(second, scope)
    definition = found.scope.definitions[found.score.name]
    named = found.score.name not in found.added
    form = found.score if named else substitute(definition.body, {definition.indices[0]: found.row})
    return Structure(
        found.row,
        found.scale,
        loss,
        form,
        found.penalty,
        scope,
        first=first,
        second=second,
        low=low,
        high=high,
    )


def reached_by(e: Expr, scope: Scope) -> frozenset[str]:
    """Every name that a formula rests on."""
    return frozenset[str]().union(*(reached(scope, n) for n in names(e) | calls(e)))


def _written_out(found: Scored) -> Expr:
    """The loss with every name put in that rests on the score."""
    scope, score = found.scope, found.score.name

    def put(node: Expr) -> Expr:
        definition = scope.definitions.get(node.name) if isinstance(node, Symbol | Call) else None
        if definition is None or definition.name == score:
            return node
        if isinstance(node, Call):
            given = (Symbol(p) for p in definition.parameters)
            return substitute(definition.body, dict(zip(given, node.args, strict=True)))
        if not isinstance(node, Symbol) or score not in reached(scope, node.name):
            return node
        return substitute(definition.body, dict(zip(definition.indices, node.indices, strict=True)))

    e: Expr = found.loss
    for _ in range(MOST_UNFOLDED):
        new = rewrite_bottom_up(e, put)
        if new is e:
            break
        e = new
    return e


def _with_form(found: Scored) -> Scope:
    """The scope in which the form is data, without what rests on a parameter."""
    parameters = {d.name for d in found.cost.parameters}
    declared = Declaration(FORM, "data", (found.row.dim,), (Domain("real"),))
    kept = {
        k: d
        for k, d in found.scope.definitions.items()
        if d.is_function or not reached(found.scope, k) & parameters
    }
    return Scope({**found.scope.declarations, FORM: declared}, kept)
