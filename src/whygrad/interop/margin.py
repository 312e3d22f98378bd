"""A cost seen from its margin: what boosting libraries and audits ask about one row's score.

Boosting trees predict the score z of each row (the *margin*) and ask for ∂ℓ/∂z and ∂²ℓ/∂z², row by row.
:func:`margin_of` takes a cost J = c Σ_i ℓ_i(z_i) + R apart and returns the cost Σ_i ℓ_i with z as its one
parameter: the scale c is the library's to choose, and R holds weights that trees do not have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from whygrad.core.cost import Cost, Declaration, Definition, Scope
from whygrad.core.errors import NoRuleError, UsageError
from whygrad.core.expr import (
    ONE,
    ZERO,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Reduce,
    Symbol,
    mul,
    terms_of,
)
from whygrad.core.walk import free_indices, names, postorder, rewrite_bottom_up, substitute
from whygrad.engine.curvature import with_hessian
from whygrad.engine.derive import derive, gradient
from whygrad.engine.score import reached, scored
from whygrad.engine.second import Second
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.lower.stabilise import Stabiliser
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.to_index import cost_to_index
from whygrad.train.bounds import bounds


@dataclass(frozen=True)
class Margin:
    """A loss of labels and margin.

    Attributes
    ----------
    cost
        Σ_i ℓ_i with the margin as its one parameter.
    margin, loss
        The margin and the loss of one row, with their letters.
    output
        What the margin predicts: f = σ(z) for the logistic loss; the margin itself where there is no link.
    label
        The data name that is compared with the output; None for a cost without one.
    extra
        The loss's other data.
    dropped
        What the cost has beside Σ_i ℓ_i, in its own terms: (scale, penalty).
    first, second
        ∂ℓ_i/∂z_i and ∂²ℓ_i/∂z_i², for classes only the diagonal.
    flat
        Whether the second derivative is 0 wherever it exists.
    convex
        Whether it is proved >= 0.
    most
        A proved upper bound of it, or None.
    """

    cost: Cost
    margin: Symbol
    loss: Symbol
    output: Symbol
    label: Declaration | None
    extra: tuple[Declaration, ...]
    dropped: tuple[Expr, Expr]
    scope: Scope
    first: Expr
    second: Expr
    order: tuple[Index, ...]
    flat: bool
    convex: bool
    most: float | None = None
    closed: Expr | None = None
    """The second derivative as order 2 writes it, ∂f/∂z = f (1 − f) by its name."""

    @property
    def classes(self) -> str:
        """The dimension of the classes; empty where a row has one margin."""
        return self.order[1].dim if len(self.order) == 2 else ""

    @property
    def row(self) -> str:
        """The dimension of the rows."""
        return self.order[0].dim

    def program(self) -> Program:
        """Loss, gradient and second derivative, row by row."""
        outputs = {"loss": self.loss, "gradient": self.first, "hessian": self.second}
        axes = {"loss": self.order[:1], "gradient": self.order, "hessian": self.order}
        return lower(outputs, self.scope, axes=axes)

    def link(self) -> Program | None:
        """The output from the margin; None where the margin is the output."""
        if self.output.name == self.margin.name:
            return None
        letters = tuple(i for i in self.output.indices if isinstance(i, Index))
        return lower({"output": self.output}, self.scope, axes={"output": letters})


def margin_of(cost: Cost) -> Margin:
    r"""Read a cost as a sum over rows of a loss of its margin.

    Raises
    ------
    UsageError
        If it is none: a loss that looks at several rows, no score, more than one number per row and class.

    Examples
    --------
    >>> from whygrad.show.text import to_text
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nJ = mean_i (w x[i] - y[i])^2"
    >>> found = margin_of(read_cost(text))
    >>> to_text(found.first, found.scope)
    '2 (z_i − y_i)'
    """
    taken = _given_margin(cost) or _scored_margin(cost)
    if taken is None:
        raise _refused(
            "it is not a sum over rows of a loss of one score",
            "write it so: z[i] = ..., L[i] = a formula in z[i] and y[i], J = mean_i L[i]",
        )
    inner, margin, loss, output, dropped = taken
    _refuse_other_rows(inner, loss, margin)
    if len(margin.indices) > 2:
        raise _refused("its score has more than a row and a class", "one or two letters: z[i] or z[i,k]")
    first, scope = gradient(inner, margin.name)
    order = _order(first, margin)
    here = Symbol(margin.name, order)
    order2 = with_hessian(derive(inner)).hessian
    assert isinstance(order2, Second)
    second = _second(order2, first, here, scope)
    proved = any(c.kind == "convex" and not c.alone for c in order2.claims)
    row = order[0]
    assert isinstance(row, Index)
    low, high = bounds(second, scope)
    labels = _labels(cost, inner)
    return Margin(
        inner,
        here,
        Symbol(loss.name, (row,)),
        output,
        labels[0],
        labels[1],
        dropped,
        scope,
        first,
        second,
        order,
        _is_flat(second),
        proved or (low is not None and low >= 0),
        None if high is None else float(high),
        _closed_second(order2, here),
    )


def _refused(why: str, fix: str) -> UsageError:
    return UsageError("error/usage", f"this cost has no margin to boost: {why}", fix=fix)


def _order(first: Expr, margin: Symbol) -> tuple[Index, ...]:
    free = sorted(free_indices(first), key=lambda i: i.letter)
    found: list[Index] = []
    for index in margin.indices:
        assert isinstance(index, Index)
        here = index if index in free else next((i for i in free if i.dim == index.dim), index)
        if here in free:
            free.remove(here)
        found.append(here)
    return tuple(found)


# --- finding the margin -----------------------------------------------------------------------------

Taken = tuple[Cost, Symbol, Symbol, Symbol, tuple[Expr, Expr]]


def _scored_margin(cost: Cost) -> Taken | None:
    found = scored(cost)
    if found is None:
        return None
    score = found.scope.definitions[found.score.name]
    inner = _rebuilt(found.cost, found.loss, found.row, Declaration(
        score.name, "param", score.dims, (), tuple(i.letter for i in score.indices)
    ))  # fmt: skip
    return inner, Symbol(score.name, score.indices), found.loss, found.output, (found.scale, found.penalty)


def _given_margin(cost: Cost) -> Taken | None:
    """A cost whose only parameter is the margin already: ``param z[i]``."""
    if len(cost.parameters) != 1 or not cost.parameters[0].dims:
        return None
    made = cost_to_index(cost)
    parameter = made.parameters[0]
    body = made.definition(made.goal).body
    sums = [n for n in postorder(body) if isinstance(n, Reduce) and n.op == "sum"]
    total = next((n for n in reversed(sums) if n.index.dim == parameter.dims[0]), None)
    if total is None or len(terms_of(body)) != 1:
        return None
    row, loss = total.index, total.body
    if not (isinstance(loss, Symbol) and loss.name in made.scope.definitions):
        name = next(n for n in ("L", "loss", "L1", "row_loss") if n not in made.scope.definitions)
        new = Definition(name, loss, (row,), (row.dim,))
        kept = [d for d in made.definitions if d.name != made.goal]
        made = replace(made, definitions=(*kept, new, made.definition(made.goal)))
        loss = Symbol(name, (row,))
    letters = tuple(Index(w, d) for w, d in zip(parameter.letters, parameter.dims, strict=True))
    margin = Symbol(parameter.name, letters)
    inner = _rebuilt(made, loss, row, parameter)
    output = _output(inner, margin)
    scale = Number(1)
    return inner, margin, loss, output, (scale, ZERO)


def _output(cost: Cost, margin: Symbol) -> Symbol:
    """The last name of the margin's shape that rests on the margin alone."""
    data = {d.name for d in cost.declarations if d.kind == "data"}
    for d in reversed(cost.definitions):
        below = reached(cost.scope, d.name)
        alike = d.dims == tuple(i.dim for i in margin.indices if isinstance(i, Index))
        if alike and margin.name in below and not below & data:
            return Symbol(d.name, d.indices)
    return margin


def _rebuilt(cost: Cost, loss: Symbol, row: Index, margin: Declaration) -> Cost:
    """Σ_row loss with the margin as the one parameter, and only what the loss rests on."""
    goal = cost.definition(cost.goal)
    used = reached(cost.scope, loss.name, (margin.name,))
    definitions = [d for d in cost.definitions if d.name in used and d.name != margin.name]
    calls = {d.name for d in cost.definitions if d.is_function}
    definitions = [d for d in cost.definitions if d in definitions or d.name in calls]
    total = replace(goal, body=Reduce("sum", row, Symbol(loss.name, (row,))))
    kept = [d for d in cost.declarations if d.kind != "param" and d.name in used]
    left = [d.name for d in cost.declarations if d.kind == "param" and d.name in used - {margin.name}]
    if left:
        raise _refused(f"{', '.join(left)} stands beside the score in it", "give it a value as a const")
    made = (*kept, margin)
    return replace(cost, declarations=made, definitions=(*definitions, total), source="", title="", notes=())


def _refuse_other_rows(cost: Cost, loss: Symbol, margin: Symbol) -> None:
    row = margin.indices[0]
    assert isinstance(row, Index)
    below = reached(cost.scope, loss.name)
    for d in cost.definitions:
        if d.name not in below:
            continue
        for node in postorder(d.body):
            over = isinstance(node, Reduce) and node.index.dim == row.dim
            if over and margin.name in frozenset[str]().union(*(reached(cost.scope, n) for n in names(node))):
                raise _refused(
                    f"the loss of one row looks at the others ({d.name})",
                    "a loss of one row's label and score",
                )


def _labels(cost: Cost, inner: Cost) -> tuple[Declaration | None, tuple[Declaration, ...]]:
    data = [d for d in inner.declarations if d.kind == "data"]
    found = scored(cost)
    wanted = [s.name for s in found.labels] if found is not None else []
    first = next((d for name in wanted for d in data if d.name == name), None)
    first = (
        first
        or next((d for d in data if d.name.lower() == "y"), None)
        or (data[0] if len(data) == 1 else None)
    )
    return first, tuple(d for d in data if d is not first)


# --- the second derivative --------------------------------------------------------------------------


def _second(order2: Second, first: Expr, here: Symbol, scope: Scope) -> Expr:
    """Where there are classes, the closed form of order 2 on its diagonal; else that of ``first``."""
    closed = _closed_second(order2, here) if len(here.indices) == 2 else None
    if closed is not None:
        return closed
    try:
        return Stabiliser(scope).stable(derivative(first, here, scope))
    except NoRuleError as error:
        raise _refused(error.reason, "a loss of functions that have two derivatives") from None


def _closed_second(second: Second, here: Symbol) -> Expr | None:
    if len(second.blocks) != 1:
        return None
    left = second.blocks[0].left
    if not (isinstance(left, Partial) and isinstance(left.body, Partial)):
        return None
    onto: dict[Expr, Expr] = {}
    for wrt in (left.wrt, left.body.wrt):
        onto |= dict(zip(wrt.indices, here.indices, strict=True))
    return rewrite_bottom_up(substitute(second.blocks[0].result, onto), _diagonal)


def _diagonal(e: Expr) -> Expr:
    """A delta of a position with itself is 1, and 1 is left out of products."""
    if isinstance(e, Delta) and e.left is e.right:
        return ONE
    return mul(*(f for f in e.factors if f is not ONE)) if isinstance(e, Mul) and ONE in e.factors else e


def _is_flat(e: Expr) -> bool:
    return e is ZERO or (isinstance(e, Number) and e.value == 0)
