"""Code for the page: what ``compile`` writes, and what gradient descent in a browser needs besides.

Descent runs the same text as ``whygrad compile --to javascript``. Two small modules stand beside it: one
for what the model says of an example, and one for the numbers behind "every rate below this converges".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from whygrad.backends.javascript_backend import javascript_source
from whygrad.backends.numpy_text import numpy_source
from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import BudgetError, NoRuleError, UsageError, WhygradError
from whygrad.core.expr import Call, Symbol, mul
from whygrad.core.walk import names, postorder
from whygrad.engine.curvature import with_hessian
from whygrad.engine.derive import derive
from whygrad.engine.second import Second
from whygrad.engine.tangent import MARK
from whygrad.lower.lower import lower
from whygrad.lower.program import Input, Program
from whygrad.show.text import to_text
from whygrad.train.written import Written, comments_of, identifier, with_constants

Json = dict[str, Any]
TARGETS: Final = ("y", "t", "c", "target", "label")
"""Names of a target, where several columns could be it."""
SQUASHING: Final = ("sigmoid", "Phi")
"""Functions whose value is a probability."""


def code(cost: Cost, to: Literal["python", "javascript"]) -> str:
    """The text that ``compile`` writes.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> "dJ_dw" in code(read_cost("param w; J = (w - 3)^2"), "python")
    True
    """
    written = Written(cost)
    program = with_constants(written.program, cost)
    name, comments = identifier(cost.name or "evaluate"), comments_of(cost)
    if to == "javascript":
        return javascript_source(program, name, comments)
    body = numpy_source(program, name).rstrip()
    return "\n".join([*(f"# {line}".rstrip() for line in comments), body, ""])


@dataclass(frozen=True, slots=True)
class Roles:
    """Which data name holds the columns of a table, and which the target."""

    rows: str
    features: Declaration
    target: Declaration | None


def roles(cost: Cost) -> Roles:
    """What the columns of a table are.

    Raises
    ------
    UsageError
        Where one table cannot fill the data of the cost.
    """
    data = [d for d in cost.declarations if d.kind == "data"]
    rows = data[0].dims[0] if data and data[0].dims else ""
    if not rows or len(data) > 2 or any(d.dims[:1] != (rows,) or len(d.dims) > 2 for d in data):
        wanted = ", ".join(d.name for d in data) or "no data"
        raise UsageError(
            "error/usage",
            f"this cost does not take one table of columns and a target ({wanted})",
            fix="try descent on a cost such as linear, logistic, softmax or network-sigmoid",
        )
    if len(data) == 1:
        return Roles(rows, data[0], None)
    by_name = [d for d in data if d.name in TARGETS]
    narrow = [d for d in data if len(d.dims) == 1 or d.has("onehot")]
    target = by_name[0] if len(by_name) == 1 else narrow[-1] if narrow else data[-1]
    return Roles(rows, next(d for d in data if d is not target), target)


def descent(cost: Cost) -> Json:
    """Everything that descent in a page needs."""
    taken = roles(cost)
    written = Written(cost)
    program = with_constants(written.program, cost)
    fixed = {d.name for d in cost.declarations if d.value is not None}
    return {
        "source": javascript_source(program, "evaluate", comments_of(cost)),
        "goal": cost.goal,
        "rows": taken.rows,
        "features": _named(taken.features),
        "target": None if taken.target is None else _named(taken.target),
        "parameters": [{**_named(d), "gradient": f"d{cost.goal}_d{d.name}"} for d in cost.parameters],
        "constants": [_named(d) for d in cost.declarations if d.kind == "const" and d.name not in fixed],
        "linear": _starts_at_zero(written),
        "prediction": _prediction(written, cost, taken),
        "rate": _rate(cost, written),
    }


def _named(d: Declaration) -> Json:
    return {
        "name": d.name,
        "dims": list(d.dims),
        "values": [float(v) for v in d.values],
        "onehot": d.has("onehot"),
        "positive": d.positive,
    }


def _starts_at_zero(written: Written) -> bool:
    """Whether descent may start at 0: a network whose weights are all 0 never leaves it."""
    weights = [d for d in written.cost.parameters if d.dims]
    others = {d.name: {w.name for w in weights if w is not d} for d in weights}
    return all(not names(written.gradients[d.name]) & others[d.name] for d in weights)


def _prediction(written: Written, cost: Cost, taken: Roles) -> Json | None:
    """The last definition that runs along the examples and does not know the target."""
    unknown = {taken.target.name} if taken.target is not None else set[str]()
    hidden = set(unknown)
    found = None
    for d in written.cost.definitions:
        if names(d.body) & hidden:
            hidden.add(d.name)
        elif not d.is_function and d.indices and d.indices[0].dim == taken.rows:
            found = d
    if found is None:
        return None
    try:
        e = Symbol(found.name, found.indices)
        program = lower({"prediction": e}, written.scope, axes={"prediction": found.indices})
    except (NoRuleError, BudgetError):
        return None
    program = with_constants(program, cost)
    return {
        "source": javascript_source(program, "predict", [f"{found.name}, as the cost defines it"]),
        "name": found.name,
        "text": to_text(e, cost.scope),
        "needs_target": bool(set(_inputs(program)) & unknown),
        "squashed": any(isinstance(n, Call) and n.name in SQUASHING for n in postorder(found.body)),
    }


def _inputs(program: Program) -> list[str]:
    return [i.operation.name for i in program.instructions if isinstance(i.operation, Input)]


def _rate(cost: Cost, written: Written) -> Json:
    """What is known of the learning rates that must converge: L = front λ_max(AᵀA) + ridge."""
    try:
        second = with_hessian(derive(cost)).hessian
        found = second.lipschitz if isinstance(second, Second) else None
        if not isinstance(second, Second) or found is None:
            return {"why": "no bound on the curvature is known for this cost"}
        if found.reason:
            reason = "".join(p if isinstance(p, str) else to_text(p, cost.scope) for p in found.reason)
            return {"why": reason}
        moved = {f"{MARK}{d.name}" for d in cost.parameters}
        score = next((d for d in second.changes if names(d.body) & moved), None)
        definition = None if score is None else written.scope.definitions.get(score.name.removeprefix(MARK))
        if definition is None:
            return {"why": "no bound on the curvature is known for this cost"}
        outputs = {
            "score": Symbol(definition.name, definition.indices),
            "front": mul(found.bound, found.scale),
            "ridge": found.ridge,
        }
        program = with_constants(lower(outputs, written.scope, axes={"score": definition.indices}), cost)
    except WhygradError as error:
        return {"why": error.reason}
    said = f"The gradient is Lipschitz with front λ_max(AᵀA) + ridge; A Δ is Δ{definition.name}."
    return {
        "source": javascript_source(program, "curvature", [said]),
        "evidence": found.evidence.kind,
        "convex": any(claim.kind == "convex" for claim in second.claims),
    }
