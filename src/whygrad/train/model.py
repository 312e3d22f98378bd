"""A trained model as JSON, versioned, that holds all that prediction needs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost
from whygrad.core.errors import DataError, WhygradError
from whygrad.syntax.cost_text import read_cost, set_constants
from whygrad.train.columns import Recipe

Array = NDArray[np.float64]
FORMAT: Final = "whygrad-model/1"


@dataclass
class Model:
    """A trained cost: parameters, and how columns become its data."""

    cost: Cost
    constants: Mapping[str, float]
    parameters: dict[str, Array]
    recipe: Recipe
    sizes: dict[str, int]
    original: dict[str, Array] | None = None
    objective: float = math.nan
    certificate: dict[str, Any] = field(default_factory=dict[str, Any])
    converged: bool = False
    reason: str = ""
    seed: int = 0
    header: bool = True


def model_text(model: Model) -> str:
    """The model as JSON text.

    Raises
    ------
    DataError
        If the cost has no text (it was built from Python objects): nothing could read it back.
    """
    if not model.cost.source:
        raise DataError(
            "error/model",
            "the cost was built from objects and has no text to save",
            fix="read it from text (load_cost), then fit and save",
        )
    recipe = model.recipe
    standardise: dict[str, Any] | None = None
    if recipe.mean:
        standardise = {"mean": recipe.mean, "sd": recipe.scale}
        if model.original is not None:
            standardise["parameters"] = _listed(model.original)
    whole = {
        "format": FORMAT,
        "cost": model.cost.source,
        "name": model.cost.name,
        "title": model.cost.title,
        "constants": {name: _plain(value) for name, value in model.constants.items()},
        "parameters": _listed(model.parameters),
        "columns": {name: list(recipe.names(name)) for name in recipe.columns},
        "source_columns": {name: list(columns) for name, columns in recipe.columns.items()},
        "target": list(recipe.target),
        "classes": {name: list(names) for name, names in recipe.classes.items()},
        "categories": {
            column: {"levels": list(levels), "left_out": recipe.left_out.get(column)}
            for column, levels in recipe.levels.items()
        },
        "missing": recipe.fill,
        "standardise": standardise,
        "sizes": model.sizes,
        "objective": _finite(model.objective),
        "certificate": {k: _finite(v) for k, v in model.certificate.items()},
        "converged": model.converged,
        "reason": model.reason,
        "seed": model.seed,
        "header": model.header,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _finite(value: Any) -> Any:
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _listed(parameters: Mapping[str, Array]) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in parameters.items()}


def _bad(path: object, reason: str) -> DataError:
    return DataError(
        "error/model", f"{path}: {reason}", fix="name a file that whygrad fit --save wrote, or fit again"
    )


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model that :meth:`Fit.save` wrote.

    Raises
    ------
    DataError
        If the file is missing, is no model, or contradicts itself.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            "error/no-file",
            f"{path}: {error.strerror or error}",
            fix="check the path; whygrad fit --save MODEL.json writes a model",
        ) from None
    except UnicodeDecodeError:
        raise _bad(path, "this is not text") from None
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise _bad(path, f"this is not JSON (line {error.lineno})") from None
    if not isinstance(whole, dict):
        raise _bad(path, "this is not a model")
    found = cast("dict[str, Any]", whole)
    if found.get("format") != FORMAT:
        raise _bad(path, f"its format is {found.get('format')!r}, and {FORMAT!r} is read")
    try:
        return _model(found)
    except WhygradError as error:
        raise _bad(path, f"its cost cannot be read ({error.reason})") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(path, f"a part is missing or of the wrong kind ({error})") from None


def _model(whole: dict[str, Any]) -> Model:
    constants = {name: float(value) for name, value in whole["constants"].items()}
    cost = read_cost(whole["cost"], name=whole["name"], title=whole["title"])
    cost = set_constants(cost, {name: Fraction(repr(v)) for name, v in constants.items()})
    standardise: dict[str, Any] = whole["standardise"] or {}
    recipe = Recipe(
        columns={name: tuple(c) for name, c in whole["source_columns"].items()},
        target=tuple(whole["target"]),
        levels={column: tuple(c["levels"]) for column, c in whole["categories"].items()},
        left_out={
            column: c["left_out"] for column, c in whole["categories"].items() if c["left_out"] is not None
        },
        classes={name: tuple(c) for name, c in whole["classes"].items()},
        fill={name: float(v) for name, v in whole["missing"].items()},
        mean={name: [float(v) for v in values] for name, values in standardise.get("mean", {}).items()},
        scale={name: [float(v) for v in values] for name, values in standardise.get("sd", {}).items()},
    )
    original = standardise.get("parameters")
    model = Model(
        cost=cost,
        constants=constants,
        parameters=_arrays(whole["parameters"]),
        recipe=recipe,
        sizes={dim: int(n) for dim, n in whole["sizes"].items()},
        original=None if original is None else _arrays(original),
        objective=math.nan if whole["objective"] is None else float(whole["objective"]),
        certificate=dict(whole["certificate"]),
        converged=bool(whole["converged"]),
        reason=str(whole["reason"]),
        seed=int(whole["seed"]),
        header=bool(whole["header"]),
    )
    _check_shapes(model)
    return model


def _arrays(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.array(value, dtype=np.float64) for name, value in values.items()}


def _check_shapes(model: Model) -> None:
    for d in model.cost.parameters:
        wanted = tuple(model.sizes[dim] for dim in d.dims)
        if model.parameters[d.name].shape != wanted:
            raise ValueError(f"{d.name} has shape {model.parameters[d.name].shape}, not {wanted}")
        if not np.isfinite(model.parameters[d.name]).all():
            raise ValueError(f"{d.name} is not finite")
