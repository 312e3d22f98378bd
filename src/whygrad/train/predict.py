"""Predictions of a trained cost, and how many labels they get right."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Cost, Declaration, Definition
from whygrad.core.document import Document
from whygrad.core.errors import DataError
from whygrad.core.expr import Call, Symbol
from whygrad.core.walk import names, postorder
from whygrad.lower.lower import lower
from whygrad.meaning.to_index import cost_to_index
from whygrad.train.data import Dataset, Reading, apply
from whygrad.train.labels import is_binary
from whygrad.train.model import Model, load_model
from whygrad.train.report import prediction_document
from whygrad.train.structure import FORM, Structure, structure_of

Array = NDArray[np.float64]


@dataclass
class Predictions:
    """One prediction a row.

    Attributes
    ----------
    name
        The definition of the cost that is predicted: f, P, z, ...
    values
        Its values.
    labels
        The class of each row as the file writes it, where the target has labels or classes.
    probabilities
        One column a class, where the cost gives probabilities.
    accuracy
        The share of right labels, where the data hold the target.
    """

    name: str
    values: Array
    rows: int
    labels: tuple[str, ...] | None = None
    classes: tuple[str, ...] = ()
    probabilities: Array | None = None
    accuracy: float | None = None
    said: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def document(self) -> Document:
        """What it shows."""
        return prediction_document(self)

    @property
    def csv(self) -> str:
        """The predictions as CSV: value, probabilities, label."""
        values = self.values.reshape(self.rows, -1)
        width = values.shape[1]
        head = [self.name] if width == 1 else [f"{self.name}[{k + 1}]" for k in range(width)]
        if width > 1 and len(self.classes) == width:
            head = [f"{self.name}[{_cell(c)}]" for c in self.classes]
        head += ["label"] if self.labels is not None else []
        lines = [",".join(head)]
        for k in range(self.rows):
            cells = [repr(float(v)) for v in values[k]]
            cells += [_cell(self.labels[k])] if self.labels is not None else []
            lines.append(",".join(cells))
        return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def predict(
    model: Model | str | os.PathLike[str],
    data: Any,
    *,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
) -> Predictions:
    """Apply a trained model to data in original units.

    Parameters
    ----------
    model
        A model, or the path of one that was saved.
    data
        A file or arrays with the same columns; the target may be absent.

    Raises
    ------
    DataError
        For a column that is absent, a level or class the model has not seen, missing values.
    """
    if not isinstance(model, Model):
        model = load_model(model)
    own = model.header if header is None else header
    dataset = apply(model.cost, data, model.recipe, Reading(separator, decimal, encoding, own))
    _check_widths(model, dataset)
    found = predict_arrays(model, dataset)
    if found is None:
        raise DataError(
            "error/model",
            "the cost names no prediction: no definition depends on the data and the parameters "
            "and not on the target",
            fix="give it a name in the cost, for instance z[i] = sum_j w[j] x[i,j] + b, and fit again",
        )
    return found


def _check_widths(model: Model, dataset: Dataset) -> None:
    for dim, size in dataset.sizes.items():
        row = any(d.dims and d.dims[0] == dim for d in model.cost.declarations if d.kind == "data")
        if not row and model.sizes.get(dim, size) != size:
            raise DataError(
                "error/data-column",
                f"the data have {size} along {dim}, and the model was fitted with {model.sizes[dim]}",
                fix="give the columns the model was fitted with",
            )


def predict_arrays(model: Model, dataset: Dataset) -> Predictions | None:
    """Predictions for prepared arrays; None where the cost names nothing to predict."""
    cost = cost_to_index(model.cost)
    definition = prediction_of(cost, dataset.recipe.target)
    if definition is None:
        return None
    e = Symbol(definition.name, definition.indices)
    program = lower({definition.name: e}, cost.scope, axes={definition.name: definition.indices})
    sizes = {**model.sizes, **dataset.sizes}
    given: dict[str, Any] = {**dataset.arrays, **model.constants, **model.parameters}
    values = np.asarray(compile_numpy(program)(given, sizes)[definition.name], dtype=float)
    found = Predictions(definition.name, values, dataset.rows, said=dataset.said, warnings=dataset.warnings)
    target = next((cost.scope.declarations[t] for t in dataset.recipe.target), None)
    if target is not None and len(dataset.recipe.target) == 1:
        _classify(found, cost, target, definition, given, sizes, dataset)
    return found


def prediction_of(cost: Cost, target: Sequence[str]) -> Definition | None:
    """The last definition that depends on data over the rows and on parameters, and not on the target.

    The last is the deepest: what stands below it is built from it.
    """
    parameters = {d.name for d in cost.parameters}
    data = {d.name for d in cost.declarations if d.kind == "data"} - set(target)
    rows = {d.dims[0] for d in cost.declarations if d.kind == "data" and d.dims}
    reach: dict[str, frozenset[str]] = {}
    found: Definition | None = None
    for d in cost.definitions:
        used = set(names(d.body)) | {n.name for n in postorder(d.body) if isinstance(n, Call)}
        reached = frozenset(used).union(*(reach.get(name, frozenset()) for name in used))
        reach[d.name] = reached
        over_rows = bool(d.dims) and d.dims[0] in rows and not d.is_function
        if over_rows and reached & parameters and reached & data and not reached & set(target):
            found = d
    return found


# --- classes ------------------------------------------------------------------------------------


def _classify(
    found: Predictions,
    cost: Cost,
    target: Declaration,
    definition: Definition,
    given: Mapping[str, Any],
    sizes: Mapping[str, int],
    dataset: Dataset,
) -> None:
    names = dataset.recipe.classes.get(target.name, ())
    truth = dataset.arrays.get(target.name)
    if is_binary(target) and found.values.ndim == 1:
        low, high = (float(v) for v in sorted(target.values))
        losses = _losses(cost, target, (low, high), given, sizes)
        chance, chosen = _binary(found.values, losses, low)
        names = names or (f"{low:g}", f"{high:g}")
        found.classes = tuple(names)
        found.labels = tuple(names[int(k)] for k in chosen)
        if chance is not None:
            found.probabilities = np.stack([1 - chance, chance], axis=1)
        actual = None if truth is None else (truth == high)
    elif target.has("onehot") and found.values.ndim == 2 and definition.dims[1] == target.dims[1]:
        chosen = found.values.argmax(axis=1)
        found.classes = tuple(names)
        places: list[int] = [int(k) for k in chosen]
        found.labels = tuple(names[k] if names else str(k) for k in places)
        if _are_probabilities(found.values):
            found.probabilities = found.values
        actual = None if truth is None else truth.argmax(axis=1)
    else:
        return
    if actual is not None and truth is not None:
        known = ~np.isnan(truth if truth.ndim == 1 else truth[:, 0])
        if known.any():
            found.accuracy = float((chosen[known] == actual[known]).mean())


def _are_probabilities(values: Array) -> bool:
    return bool((values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-9))


def _losses(
    cost: Cost,
    target: Declaration,
    labels: tuple[float, float],
    given: Mapping[str, Any],
    sizes: Mapping[str, int],
) -> tuple[Array, Array] | None:
    """The loss of each row were its label the one or the other; None where the cost is of another form."""
    structure = structure_of(cost)
    if structure is None or target.name in names(structure.form):
        return None
    form = _run(structure, "form", cost, given, sizes)
    found = [
        _run(structure, "loss", cost, {**given, FORM: form, target.name: np.full(form.shape, y)}, sizes)
        for y in labels
    ]
    return found[0], found[1]


def _run(
    structure: Structure, part: str, cost: Cost, given: Mapping[str, Any], sizes: Mapping[str, int]
) -> Array:
    e, scope = (structure.form, cost.scope) if part == "form" else (structure.loss, structure.scope)
    program = lower({part: e}, scope, axes={part: (structure.row,)})
    return np.asarray(compile_numpy(program)(given, sizes)[part], dtype=float)


def _binary(
    values: Array, losses: tuple[Array, Array] | None, low: float
) -> tuple[Array | None, NDArray[np.bool_]]:
    """The chance of the higher label, where the cost gives one, and whether it is chosen."""
    within = bool(((values >= 0) & (values <= 1)).all())
    if losses is None:
        middle = 0.5 if within and low == 0 else (low + 1) / 2 if low == 0 else 0.0
        return None, values > middle
    # The label with the smaller loss is the more likely one.
    chosen = losses[1] < losses[0]
    likely = np.exp(-losses[1])
    if within and np.array_equal(values > 0.5, chosen):
        return values, chosen
    if np.allclose(likely + np.exp(-losses[0]), 1, atol=1e-9):
        return likely, chosen
    return None, chosen
