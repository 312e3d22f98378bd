"""``compile --to xgboost`` and ``--to lightgbm``: a custom objective from a loss of label and margin."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

import numpy as np

from whygrad.backends.boosting_text import Library, Loss, boosting_source
from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import UsageError
from whygrad.core.expr import ONE, ZERO, Compare
from whygrad.core.walk import postorder
from whygrad.interop.margin import Margin, margin_of
from whygrad.show.text import to_text
from whygrad.train.written import comments_of, identifier, with_constants

LARGEST_MARGIN: Final = 80.0
"""e^80 is the order of what float32 holds; boosting libraries hand over margins as float32."""
LOWEST: Final = 1e-6
LIBRARIES: Final[tuple[Library, ...]] = ("xgboost", "lightgbm")


@dataclass(frozen=True)
class Boosting:
    """A loss as an objective for a boosting library.

    Attributes
    ----------
    source
        The module, which needs NumPy and nothing of whygrad.
    margin
        The loss from which it was written.
    objective, metric
        For the library's own training call; only where the loss needs no data beside label and margin
        (else ``module.make_objective(...)``).
    """

    cost: Cost
    to: Library
    source: str
    margin: Margin = field(repr=False)
    extra: tuple[Declaration, ...] = ()
    """Data of the loss beside label and margin."""
    header: str = ""
    module: ModuleType = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        made = ModuleType(f"whygrad_{self.to}_{identifier(self.cost.name or 'objective')}")
        exec(compile(self.source, f"<whygrad {self.to}>", "exec"), made.__dict__)
        object.__setattr__(self, "module", made)

    def __getattr__(self, name: str) -> Any:
        """``objective``, ``metric``, ``sklearn_objective``, ``sklearn_metric``, ``mean``, of the module."""
        if name in ("objective", "metric", "sklearn_objective", "sklearn_metric", "mean"):
            found = self.__dict__["module"].__dict__.get(name)
            if found is not None:
                return found
            more = ", ".join(d.name for d in self.extra)
            raise AttributeError(f"this loss needs {more}, too: module.make_{name}({more})")
        raise AttributeError(name)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the library must be told beside the objective: where it starts, and no metric of its own."""
        return dict(self.module.PARAMETERS)


def compile_boosting(cost: Cost, library: Library, *, name: str = "") -> Boosting:
    r"""Write the objective.

    Parameters
    ----------
    cost
        A sum over rows of a loss of label and score; its constants need values.
    library
        ``"xgboost"`` or ``"lightgbm"``.
    name
        Of the metric; the cost's own without it.

    Raises
    ------
    UsageError
        If the cost has no margin, or a constant has no value.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nJ = mean_i 1/2 (w x[i] - y[i])^2"
    >>> made = compile_boosting(read_cost(text), "xgboost")
    >>> loss, gradient, hessian = made.module.at([1.0, 2.0], [1.5, 1.5])
    >>> gradient.tolist(), hessian.tolist()
    ([0.5, -0.5], [1.0, 1.0])
    """
    found = margin_of(cost)
    used = set(found.program().inputs)
    open_ones = [d for d in cost.declarations if d.kind == "const" and d.value is None and d.name in used]
    if open_ones:
        names = ", ".join(d.name for d in open_ones)
        raise UsageError(
            "error/usage",
            f"the objective needs a value for {names}",
            fix=" ".join(f"--set {d.name}=1" for d in open_ones),
        )
    loss = _loss(found, cost)
    chosen = identifier(name or cost.name or "loss")
    comments = _comments(cost, found)
    extra = tuple(d for d in cost_data(found) if d.name in loss.extra)
    first = Boosting(cost, library, boosting_source(loss, library, chosen, comments), found, extra)
    comments += ["", _reach(first)]
    return Boosting(cost, library, boosting_source(loss, library, chosen, comments), found, extra)


def cost_data(found: Margin) -> tuple[Declaration, ...]:
    """All data of the loss."""
    return (*found.extra, *(() if found.label is None else (found.label,)))


def _reach(made: Boosting) -> str:
    """How far out the code was found to give finite numbers, tried at margins float32 can hold."""
    found = made.margin
    sides = np.concatenate([s * np.geomspace(0.01, LARGEST_MARGIN, 60) for s in (1, -1)])
    sides = sides[np.argsort(np.abs(sides))].astype(np.float32)
    label = found.label
    values = [float(v) for v in label.values] if label is not None and label.values else [1.0, 0.5, 3.0]
    if label is not None and label.has("integer"):
        values = [0.0, 1.0, 7.0]
    lowest = LARGEST_MARGIN
    for value in [0.0] if found.classes else values:
        z = np.stack([sides, -sides, 0 * sides], 1) if found.classes else sides
        extra = [np.ones((len(z), 3)[: len(d.dims)]) for d in made.extra]
        parts = made.module.at(np.full(len(z), value), z, *extra)
        good = np.all([np.isfinite(np.asarray(p).reshape(len(z), -1)).all(axis=1) for p in parts], axis=0)
        if not good.all():
            lowest = min(lowest, float(np.abs(sides[np.argmin(good)])))
    if lowest < LARGEST_MARGIN:
        return f"Tried: not every result is finite for margins beyond {lowest:.3g}."
    return f"Tried: every result is finite for margins from -{LARGEST_MARGIN:g} to {LARGEST_MARGIN:g}."


def _loss(found: Margin, cost: Cost) -> Loss:
    program = with_constants(found.program(), cost)
    link = found.link()
    label, data = found.label, found.extra
    wide = label is not None and bool(found.classes) and label.dims == (found.row, found.classes)
    if label is not None and label.dims != (found.row,) and not (wide and label.has("onehot")):
        label, data = None, (label, *data)  # soft labels: a table that no column of labels holds
    stand_in, floor, height = "", "", 1.0
    switches = any(isinstance(n, Compare) for n in postorder(found.second))
    if found.flat:
        stand_in = "The second derivative is 0 beside the kinks; 1 stands in, so a leaf is a gradient step."
    elif found.convex and switches and found.most is not None:
        height = found.most
        stand_in = "An upper bound of the second derivative, which is 0 on one side of a kink, stands in."
    elif not found.convex or switches:
        floor = "The second derivative can be 0 or negative, and boosting divides by its sum: raised to this."
    two = (
        tuple(float(v) for v in sorted(label.values)) if label is not None and len(label.values) == 2 else ()
    )
    return Loss(
        program=program,
        link=None if link is None else with_constants(link, cost),
        margin=found.margin.name,
        label=label.name if label is not None else "",
        extra=tuple(d.name for d in data),
        row=found.row,
        classes=found.classes,
        onehot=label is not None and wide,
        labels=two,
        stand_in=stand_in,
        floor=floor,
        lowest=LOWEST,
        height=height,
    )


def _comments(cost: Cost, found: Margin) -> list[str]:
    scope, (scale, penalty) = cost.scope, found.dropped
    lines = comments_of(cost, rules=False)
    z = to_text(found.margin, found.scope)
    lines += ["", f"As a loss of the margin {z}, row by row; the library sums over rows."]
    if scale is not ONE:
        lines.append(f"Left out: the factor {to_text(scale, scope)}.")
    if penalty is not ZERO:
        lines.append(f"Left out: {to_text(penalty, scope)}, which is of weights that trees do not have.")
    lines += comments_of(found.cost)
    over = ", the diagonal" if found.classes else ""
    lines += ["", f"second derivative by {z}{over}:", f"  {to_text(found.second, found.scope)}"]
    return lines
