"""Fits and predictions as documents, and as versioned JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from whygrad.core.document import Block, Callout, Code, Document, Heading, Inline, Sentence, Table

if TYPE_CHECKING:
    from whygrad.train.predict import Predictions
    from whygrad.train.result import Fit

Array = NDArray[np.float64]
MOST_PARAMETERS: Final = 60
MOST_ROWS: Final = 100


def number(value: float) -> str:
    """A number for a table.

    >>> number(5.281230289), number(1e-12), number(3.0)
    ('5.281230', '1.000000e-12', '3.000000')
    """
    if not math.isfinite(value):
        return str(value)
    small = value != 0 and (abs(value) < 1e-4 or abs(value) >= 1e7)
    return f"{value:.6e}" if small else f"{value:.6f}"


# --- fits ---------------------------------------------------------------------------------------


def fit_document(fit: Fit) -> Document:
    """What a fit shows."""
    title = fit.cost.title or fit.cost.name or f"Fit of {fit.cost.goal}"
    blocks: list[Block] = [Heading((title,), aside=(_size(fit),))]
    blocks += [Callout("reading", (text,)) for text in fit.said]
    blocks += [Sentence((text,)) for text in _course(fit)]
    blocks.append(_parameters(fit))
    blocks.append(_ending(fit))
    blocks += [Callout("warning", (text,)) for text in fit.warnings]
    return Document(tuple(blocks), fit.cost.scope, title, fit_data(fit))


def _size(fit: Fit) -> str:
    columns = sum(len(c) for name, c in fit.columns.items() if name not in fit.recipe.target)
    return f"{_count(fit.rows, 'row')}, {_count(columns, 'column')}"


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _course(fit: Fit) -> Iterator[str]:
    goal, costs = fit.cost.goal, fit.cost_history
    rate = "" if fit.rate is None else f", rate {fit.rate:.6g}"
    updates = _count(fit.updates, "update")
    yield f"{goal} = {fit.objective:.10g} after {updates}{rate} ({costs[0]:.10g} at the start)"
    if fit.accuracy is not None:
        yield f"{100 * fit.accuracy:.4g}% of the {fit.rows} labels are right"


def _parameters(fit: Fit) -> Table:
    rows = list(_entries(fit))
    both = fit.original is not None
    header: tuple[Inline, ...] = (("parameter",), ("column",), ("value",))
    header += ((("in original units",),)) if both else ()
    shown = [tuple((cell,) for cell in row) for row in rows[:MOST_PARAMETERS]]
    if len(rows) > MOST_PARAMETERS:
        rest = (f"… {len(rows) - MOST_PARAMETERS} more",)
        shown.append((rest, *(("",) for _ in header[1:])))
    return Table(header, tuple(shown))


def _entries(fit: Fit) -> Iterator[tuple[str, ...]]:
    for d in fit.cost.parameters:
        value: Array = fit.parameters[d.name]
        columns = _columns_along(fit, d.dims[0]) if d.dims else None
        places: list[tuple[int, ...]] = list(np.ndindex(*value.shape))
        for place in places:
            name = d.name if not place else f"{d.name}[{','.join(str(p + 1) for p in place)}]"
            column = columns[place[0]] if columns and len(columns) == value.shape[0] else ""
            row = (name, column, number(float(value[place])))
            original = fit.original
            yield row if original is None else (*row, number(float(original[d.name][place])))


def _columns_along(fit: Fit, dim: str) -> tuple[str, ...] | None:
    for d in fit.cost.declarations:
        if d.kind == "data" and len(d.dims) == 2 and d.dims[1] == dim and d.name in fit.columns:
            return fit.columns[d.name]
    return None


def _ending(fit: Fit) -> Callout:
    if fit.converged:
        return Callout("fact", (f"converged: {fit.certificate.sentence}",))
    return Callout("warning", (f"not converged: {fit.reason}; {fit.certificate.sentence}",))


def fit_data(fit: Fit) -> Mapping[str, Any]:
    """The fit as JSON data, format whygrad-fit/1."""
    return {
        "format": "whygrad-fit/1",
        "cost": fit.cost.source,
        "name": fit.cost.name,
        "method": fit.method,
        "rate": fit.rate,
        "lipschitz": fit.lipschitz,
        "updates": fit.updates,
        "rows": fit.rows,
        "columns": {name: list(columns) for name, columns in fit.columns.items()},
        "classes": {name: list(names) for name, names in fit.recipe.classes.items()},
        "constants": dict(fit.constants),
        "parameters": {name: value.tolist() for name, value in fit.parameters.items()},
        "original": None
        if fit.original is None
        else {name: value.tolist() for name, value in fit.original.items()},
        "objective": _finite(fit.objective),
        "start": _finite(fit.cost_history[0]),
        "gradient_norm": _finite(fit.gradient_norm),
        "converged": fit.converged,
        "certificate": {"kind": fit.certificate.kind, "gap": _finite(fit.certificate.gap)},
        "reason": fit.reason,
        "accuracy": fit.accuracy,
        "exit_status": fit.exit_status,
        "seed": fit.seed,
        "said": list(fit.said),
        "warnings": list(fit.warnings),
    }


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


# --- predictions --------------------------------------------------------------------------------


def prediction_document(found: Predictions) -> Document:
    """What predictions show: a table, or CSV where there are many rows."""
    blocks: list[Block] = [Callout("reading", (text,)) for text in found.said]
    if found.rows > MOST_ROWS:
        blocks.append(Code(found.csv.rstrip("\n"), "csv"))
    else:
        blocks.append(_table(found))
    if found.accuracy is not None:
        blocks.append(Sentence((f"{100 * found.accuracy:.4g}% of the labels in the data are predicted",)))
    blocks += [Callout("warning", (text,)) for text in found.warnings]
    return Document(tuple(blocks), title="Predictions", data=prediction_data(found))


def _table(found: Predictions) -> Table:
    values = found.values.reshape(found.rows, -1)
    names = [found.name]
    if values.shape[1] > 1:
        keys = found.classes if len(found.classes) == values.shape[1] else range(1, values.shape[1] + 1)
        names = [f"{found.name} of {key}" for key in keys]
    header: list[Inline] = [("row",), *((name,) for name in names)]
    header += [("label",)] if found.labels is not None else []
    rows: list[tuple[Inline, ...]] = []
    for k in range(found.rows):
        row: list[Inline] = [(str(k + 1),), *((number(float(v)),) for v in values[k])]
        row += [(found.labels[k],)] if found.labels is not None else []
        rows.append(tuple(row))
    return Table(tuple(header), tuple(rows))


def prediction_data(found: Predictions) -> Mapping[str, Any]:
    """The predictions as JSON data, format whygrad-predictions/1."""
    return {
        "format": "whygrad-predictions/1",
        "name": found.name,
        "values": [_listed(v) for v in np.asarray(found.values)],
        "labels": None if found.labels is None else list(found.labels),
        "classes": list(found.classes),
        "probabilities": None
        if found.probabilities is None
        else [_listed(row) for row in found.probabilities],
        "accuracy": found.accuracy,
        "said": list(found.said),
        "warnings": list(found.warnings),
    }


def _listed(value: Any) -> Any:
    """Nested lists of numbers, with None for what is not finite."""
    array = np.asarray(value, dtype=float)
    return _finite(float(array)) if array.ndim == 0 else [_listed(v) for v in array]
