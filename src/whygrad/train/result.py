"""What a fit found, and what may be said about it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost
from whygrad.core.document import Document
from whygrad.train.columns import Recipe
from whygrad.train.data import Dataset
from whygrad.train.files import history_csv, history_svg, write_whole
from whygrad.train.model import Model, model_text
from whygrad.train.predict import predict_arrays
from whygrad.train.record import Log, run_text
from whygrad.train.report import fit_document
from whygrad.train.tolerance import Certificate

Array = NDArray[np.float64]


@dataclass
class Fit:
    """Trained parameters and how they were reached.

    Attributes
    ----------
    parameters
        By name, in the scale that was fitted.
    original
        The same for columns that are not standardised, where that can be said.
    cost_history
        The cost after each update; the first is the start.
    certificate
        What is known about the distance to the minimum.
    exit_status
        0: converged, or the steps asked of gd were done. 1: ended otherwise, see ``reason``.
    said, warnings
        What was taken from the data and how, in sentences.
    """

    cost: Cost
    method: str
    rate: float | None
    lipschitz: float | None
    updates: int
    parameters: dict[str, Array]
    original: dict[str, Array] | None
    objective: float
    cost_history: list[float]
    gradient_norm: float
    converged: bool
    certificate: Certificate
    reason: str
    exit_status: int
    recipe: Recipe
    constants: dict[str, float]
    sizes: dict[str, int]
    rows: int
    seed: int
    header: bool = True
    said: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    log: Log = field(default_factory=Log, repr=False, compare=False)
    """Each pass over the data."""
    dataset: Dataset | None = field(default=None, repr=False, compare=False)
    """What it was fitted to."""

    @cached_property
    def accuracy(self) -> float | None:
        """The share of the labels in the data that are predicted; None where there are none."""
        if self.dataset is None:
            return None
        predicted = predict_arrays(self.model(), self.dataset)
        return predicted.accuracy if predicted is not None else None

    @property
    def status(self) -> int:
        """The exit status."""
        return self.exit_status

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns behind each data name, categories spelled out."""
        return {name: self.recipe.names(name) for name in self.recipe.columns}

    @property
    def history_csv(self) -> str:
        """The cost after each update, as CSV."""
        return history_csv(self.cost_history)

    @property
    def plot_svg(self) -> str:
        """A drawing of the cost history."""
        title = self.cost.title or self.cost.name or self.cost.goal
        return history_svg(self.cost_history, f"{title}: cost history", self.cost.goal)

    def document(self) -> Document:
        """What it shows."""
        return fit_document(self)

    def model(self) -> Model:
        """What is needed to predict, and what a saved model holds."""
        return Model(
            cost=self.cost,
            constants=self.constants,
            parameters=self.parameters,
            original=self.original,
            recipe=self.recipe,
            sizes=self.sizes,
            objective=self.objective,
            certificate={
                "kind": self.certificate.kind,
                "gradient_norm": self.certificate.gradient_norm,
                "gap": self.certificate.gap,
            },
            converged=self.converged,
            reason=self.reason,
            seed=self.seed,
            header=self.header,
        )

    def save(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the model; an existing file is kept unless ``force``."""
        write_whole(path, model_text(self.model()), force=force)

    def save_history(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the cost history as CSV."""
        write_whole(path, self.history_csv, force=force)

    @property
    def record(self) -> str:
        """The run as JSON: history, gradient norms, passes over the data, bytes read, seconds."""
        return run_text(self)

    def save_record(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the record of the run as JSON."""
        write_whole(path, self.record, force=force)

    def save_plot(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the drawing of the cost history."""
        write_whole(path, self.plot_svg, force=force)
