"""Fitting: a cost and data in, parameters and what may be said about them out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.blocks import Blocks
from whygrad.core.cost import Cost
from whygrad.core.errors import UsageError
from whygrad.lower.split import split
from whygrad.meaning.to_index import cost_to_index
from whygrad.train.arrays import refuse_not_finite
from whygrad.train.columns import Categories, Missing
from whygrad.train.convexity import is_convex
from whygrad.train.curvature import Curvature
from whygrad.train.data import Dataset, Reading, prepare
from whygrad.train.existence import Existence, existence
from whygrad.train.kinks import Kinks
from whygrad.train.model import Model, load_model
from whygrad.train.objective import objective_of
from whygrad.train.optimise import Progress, Run, gradient_descent, lbfgs, newton
from whygrad.train.proximal import Kinked, minimise_kinked
from whygrad.train.result import Fit
from whygrad.train.scaled import MOST_FREE, minimise_scaled
from whygrad.train.start import (
    checked_rate,
    checked_steps,
    constants_of,
    projection,
    random_start,
    start_of,
)
from whygrad.train.structure import Structure, structure_of
from whygrad.train.tall import is_tall, minimise_tall
from whygrad.train.tolerance import Certificate, Judge
from whygrad.train.updates import ADAM_RATE, BETA, Adam, Momentum, Plain, batches, update
from whygrad.train.whitened import Whitened

Array = NDArray[np.float64]
Method: TypeAlias = Literal["auto", "gd", "momentum", "adam", "lbfgs", "newton"]
METHODS: Final = get_args(Method)
TAUGHT: Final = ("gd", "momentum", "adam")
"""Methods that make the updates asked for, on the columns as given."""
TURNS: Final = 20
"""Turns through the data with batches, where no number of updates is given."""
GD_STEPS = 10_000
AUTO_STEPS = 500
STARTS = 5
FAR_DOWN = 1e-4
"""Share of the first cost below which the end is looked at more closely: data may be separable."""
MOST_WHITENED = 1000
"""Parameters up to which ``auto`` takes Newton's method in whitened coordinates."""


def fit(
    cost: Cost,
    data: Any,
    *,
    method: str = "auto",
    rate: float | str | None = None,
    steps: int | None = None,
    target: str | None = None,
    bind: Mapping[str, str | Sequence[str]] | None = None,
    standardise: bool = False,
    positive: str | None = None,
    missing: Missing | None = None,
    categories: Categories | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
    init: Mapping[str, Any] | Model | str | os.PathLike[str] | None = None,
    tolerance: float = 1e-8,
    batch: int | None = None,
) -> Fit:
    """Train the parameters of a cost on data.

    Parameters
    ----------
    cost
        Its constants must have values.
    data
        A CSV, Parquet, Arrow or npy file, columns by name, arrays by data name, a pair (X, y), or a
        table of pandas, polars or pyarrow.
    method
        ``gd``, ``momentum``, ``adam``: updates as they are taught, on the columns as given. ``newton``,
        ``lbfgs``: these. ``auto``, by the cost and the shape of the data: Newton's method, on a sample
        and then L-BFGS where rows are many, L-BFGS measured by curvature where parameters are many or
        rows sparse, proximal steps for L1 and elastic net.
    rate
        The step of gd; without it (or ``"1/L"``) 1/L, where L bounds the curvature. With ``auto``, a
        rate means gd.
    steps
        The number of updates of gd (10,000), or the largest number for ``auto``.
    progress
        Called now and then with the update, the cost and the size of the gradient.
    init
        Parameters to start from, by name, or a model (or its path) whose parameters they are, so that a
        fit that was stopped goes on; otherwise 0 for convex costs, random by ``seed`` for others.
    tolerance
        How near the minimum, relative to where it started, counts as converged.
    batch
        Rows to take at a time for gd, momentum and adam; all without it.

    Returns
    -------
    Fit
        ``exit_status`` 0 when converged, or when the steps asked of gd were done; else 1.

    Raises
    ------
    DataError, UsageError
        When the data or an option do not fit; nothing is written then.
    """
    _check_method(method)
    chosen_rate, chosen_steps = checked_rate(rate), checked_steps(steps)
    if batch is not None and (batch < 1 or method not in ("auto", *TAUGHT)):
        raise UsageError(
            "error/usage",
            "a batch is at least 1 row, for gd, momentum and adam",
            fix="for instance --batch 32",
        )
    reading = Reading(separator, decimal, encoding, header)
    constants = constants_of(cost)
    dataset = prepare(
        cost,
        data,
        target=target,
        bind=bind,
        positive=positive,
        missing=missing,
        categories=categories,
        standardise=standardise,
        reading=reading,
    )
    by_rate = method == "auto" and (rate is not None or batch is not None)
    method = "gd" if by_rate else method
    if isinstance(init, str | os.PathLike):
        init = load_model(init)
    start = init.parameters if isinstance(init, Model) else init
    task = _Task(cost, dataset, constants, start, seed, tolerance, progress, method)
    if by_rate:
        task.said.append(
            f"method: gradient descent (gd), since a {'batch' if rate is None else 'rate'} was given"
        )
    if method in TAUGHT and (method != "gd" or batch is not None):
        task.update(method, chosen_rate, chosen_steps, batch)
    elif method == "gd" or task.project is not None:
        task.descend(chosen_rate, chosen_steps, method)
    elif method in ("newton", "lbfgs"):
        task.minimise_by(method, chosen_steps or AUTO_STEPS)
    else:
        task.minimise(chosen_steps or AUTO_STEPS)
    return task.result(method, reading)


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise UsageError(
            "error/usage", f"there is no method {method!r}", fix=f"choose one of {', '.join(METHODS)}"
        )


@lru_cache(maxsize=16)
def _structure(cost: Cost) -> Structure | None:
    return structure_of(cost_to_index(cost))


@dataclass(slots=True)
class _Outcome:
    """What an optimiser's end means."""

    converged: bool
    reason: str
    status: int


class _Task:
    """One fit, from start to result."""

    def __init__(
        self,
        cost: Cost,
        dataset: Dataset,
        constants: Mapping[str, float],
        init: Mapping[str, Any] | None,
        seed: int,
        tolerance: float,
        progress: Progress | None,
        method: str,
    ) -> None:
        self.cost, self.dataset, self.seed, self.progress = cost, dataset, seed, progress
        self.constants = dict(constants)
        self.said, self.warnings = list(dataset.said), list(dataset.warnings)
        self.objective = objective_of(cost)
        self.bound = self.objective.bind(dataset.arrays, dataset.sizes, constants)
        self.structure = _structure(cost)
        curvature = Curvature(self.structure, self.bound) if self.structure else None
        self.convex = (curvature is not None and curvature.convex) or is_convex(self.objective.cost)
        self.curvature = curvature if curvature is not None and curvature.smooth else None
        kinked = curvature is not None and curvature.bend == "none" and curvature.kink is not None
        self.kinked = curvature if kinked else None
        self.project = projection(cost, self.bound.layout)
        self.theta, started = start_of(cost, self.bound.layout, init, self.convex, seed)
        self.started = init is not None
        if started:
            self.said.append(started)
        with np.errstate(all="ignore"):
            self.first, slope = self.bound.value_and_gradient(self.theta)
        if dataset.unchecked and not (np.isfinite(self.first) and np.isfinite(slope).all()):
            refuse_not_finite(dataset)
        aside = np.random.default_rng(seed).normal(size=self.bound.layout.size)
        self.bound.checked(self.theta + 0.1 * aside)  # aside, where nothing is 0 by symmetry
        kinks = (
            None
            if self.curvature is not None
            else Kinks(self.objective.cost, self.bound.given, self.bound.sizes)
        )
        self.judge = Judge(self.bound, self.curvature, self.first, tolerance, convex=self.convex, kinks=kinks)
        self.tall = self.curvature is not None and self.project is None and is_tall(self.curvature)
        self.existence = Existence("unknown", "")
        known = self.curvature is not None and self.curvature.penalty is not None
        dense = self.curvature is not None and not self.curvature.design.sparse
        asked = self.project is None and (not self.tall or method != "auto")
        if self.curvature is not None and known and dense and asked:
            self.existence = existence(self.curvature)
        self.certificate: Certificate | None = None
        self.rate: float | None = None
        self.lipschitz: float | None = None
        self.run: Run | None = None
        self.outcome = _Outcome(False, "", 1)

    # --- gradient descent -----------------------------------------------------------------------

    def descend(self, rate: float | None, steps: int | None, method: str) -> None:
        """Gradient descent on the columns as given."""
        self.lipschitz = self.curvature.lipschitz() if self.curvature is not None else None
        if rate is None:
            if self.lipschitz is None or not self.lipschitz > 0:
                raise UsageError(
                    "error/usage",
                    "no rate was given, and the curvature of this cost has no bound to take one from",
                    fix="give one, for instance --rate 0.1",
                )
            rate = 1 / self.lipschitz
            self.said.append(f"rate {rate:.6g} = 1/L, L = {self.lipschitz:.6g} the largest curvature")
        elif self.lipschitz is not None and rate >= 2 / self.lipschitz:
            self.warnings.append(
                f"the rate {rate:g} is not below 2/L = {2 / self.lipschitz:.6g}: convergence is not sure"
            )
        if self.lipschitz is not None:
            where = "" if self.existence.answer == "exists" else ", where a minimiser exists"
            self.said.append(
                f"every rate below 2/L = {2 / self.lipschitz:.6g} converges{where} "
                "(sufficient, not necessary)"
            )
        self.rate = rate
        asked = steps or GD_STEPS
        self.run = gradient_descent(
            self.bound.value_and_gradient,
            self.theta,
            rate,
            asked,
            converged=self._gd_converged,
            project=self.project,
            progress=self.progress,
        )
        self.outcome = self._gd_outcome(self.run, asked, steps is not None or method == "gd")

    def update(self, method: str, rate: float | None, steps: int | None, batch: int | None) -> None:
        """Updates by momentum, Adam, or batches of rows."""
        if rate is None and method == "adam":
            rate = ADAM_RATE
        elif rate is None:
            self.lipschitz = self.curvature.lipschitz() if self.curvature is not None else None
            if not self.lipschitz:
                raise UsageError(
                    "error/usage",
                    f"no rate was given for {method}, and the curvature of this cost has no bound",
                    fix="give one, for instance --rate 0.01",
                )
            rate = (1 - BETA if method == "momentum" else 1.0) / self.lipschitz
            self.said.append(f"rate {rate:.6g}, L = {self.lipschitz:.6g} the largest curvature")
        self.rate = rate
        rules = {"momentum": Momentum, "adam": Adam, "gd": Plain}
        part, turn = (None, 1) if batch is None else self._batches(batch)
        asked = steps or (GD_STEPS if batch is None else TURNS * turn)
        run = update(
            self.bound.value_and_gradient,
            self.theta,
            rules[method](rate),
            asked,
            turn=turn,
            part=part,
            project=self.project,
            progress=self.progress,
        )
        if batch is not None:
            self.said.append(f"the history holds the cost of each batch, of all rows after {turn} updates")
            run.take_best()
            run.cost, run.gradient = self.bound.value_and_gradient(run.theta)
        if run.ending == "steps" and self._gd_converged(run.theta, run.cost, run.gradient):
            run.ending = "converged"
        self.run = run
        self.outcome = self._gd_outcome(run, asked, done_is_enough=True)

    def _batches(self, size: int) -> tuple[Callable[[Array], tuple[float, Array]], int]:
        """Value and gradient on the next batch, and how many batches make a turn through the data."""
        program, names = self.objective.program, self.objective.names
        parts = split(program)
        if parts is None:
            raise UsageError(
                "error/usage",
                "in this cost the loss of an example depends on other examples, so no batch stands for all",
                fix="leave --batch out",
            )
        held = Blocks(parts, names, self.bound.given, self.bound.sizes, threads=1)
        rows = batches(held.count, min(size, held.count), self.seed)
        split_theta = self.bound.layout.split

        def part(theta: Array) -> tuple[float, Array]:
            value, *slopes = held.on(next(rows), *split_theta(theta))
            return float(value), np.concatenate([np.ravel(s) for s in slopes])

        return part, -(-held.count // size)

    def minimise_by(self, method: str, steps: int) -> None:
        """Newton's method or L-BFGS because it was asked for."""
        known = self.curvature is not None and self.convex and self.curvature.penalty is not None
        if method == "newton" and known and self.curvature is not None:
            self.run = self._newton(self.curvature, steps)
        elif method == "newton":
            run = newton(
                self.bound.value_and_gradient, self.judge.hessian, self.theta, steps, converged=self._flat
            )
            self.run = self._ended(run, run.theta)
        else:
            self.run = self._from_starts(max(steps, 10 * AUTO_STEPS))
        self.outcome = self._auto_outcome(self.run)

    def _gd_converged(self, theta: Array, cost: float, gradient: Array) -> bool:
        if self.existence.answer == "none":
            return False
        if self.project is not None:
            moved = self.project(theta - gradient) - theta
            return float(np.abs(moved).max()) <= self.judge.tolerance * max(1.0, abs(self.first))
        return self.judge.converged(theta, cost, gradient)

    def _gd_outcome(self, run: Run, asked: int, done_is_enough: bool) -> _Outcome:
        if run.ending == "converged":
            return _Outcome(True, "converged", 0)
        if run.ending == "diverged":
            run.take_best()
            return _Outcome(False, self._diverged(run), 1)
        if run.ending == "stopped":
            run.take_best()
            return _Outcome(False, f"stopped after {run.updates} updates", 1)
        reason = f"the {asked} steps are done"
        if self.existence.answer == "none":
            reason += f"; {self._no_minimiser()}"
        elif run.cost > self.first:
            reason += f"; the cost rose from {self.first:.6g} to {run.cost:.6g}: take a smaller --rate"
        return _Outcome(False, reason, 0 if done_is_enough else 1)

    def _diverged(self, run: Run) -> str:
        advice = "take a smaller --rate"
        if self.lipschitz:
            advice = f"every rate below {2 / self.lipschitz:.4g} converges; 1/L is {1 / self.lipschitz:.4g}"
        costs = [c for c in run.history if np.isfinite(c)]
        if not costs:
            return "the cost is not a finite number at the start: start elsewhere (init)"
        return (
            f"the steps got larger instead of smaller: the cost rose from {costs[0]:.4g} to "
            f"{max(costs):.4g} and overflowed at update {run.updates}; {advice} (whygrad why error/rate)"
        )

    def _no_minimiser(self) -> str:
        return self.existence.sentence(self.entries())

    # --- auto -----------------------------------------------------------------------------------

    def minimise(self, steps: int) -> None:
        """Newton's method in whitened coordinates, or L-BFGS from several starts."""
        if self.kinked is not None and self.kinked.kink is not None and self.convex:
            self._minimise_kinked(self.kinked, max(steps, 10 * AUTO_STEPS))
            return
        few = self.bound.layout.size <= MOST_WHITENED
        if self.curvature is not None and self.convex and self.tall and few:
            if self._minimise_tall(self.curvature, steps):
                return
            self.existence = existence(self.curvature)
        if self.curvature is not None and self.convex and (not few or self.curvature.design.sparse):
            self._minimise_scaled(self.curvature, max(steps, 10 * AUTO_STEPS))
            return
        if self.curvature is not None and self.convex and few:
            self.said.append("method: Newton's method on columns scaled inside")
            self.run = self._newton(self.curvature, steps)
        else:
            self.said.append("method: L-BFGS")
            self.run = self._from_starts(max(steps, 10 * AUTO_STEPS))
        self.outcome = self._auto_outcome(self.run)

    def _near(self, gap: float, cost: float) -> bool:
        return gap <= self.judge.rounding(cost) or self.judge.near(gap, cost, gap)

    def _minimise_kinked(self, curvature: Curvature, steps: int) -> None:
        """Proximal steps, where the penalty has a kink at 0."""
        self.said.append("method: proximal steps (the penalty has a kink at 0)")
        if curvature.kink is None or curvature.diagonal is None:
            raise RuntimeError("the penalty has no kink")
        penalty = Kinked(curvature.diagonal, curvature.kink)
        run = minimise_kinked(
            curvature,
            penalty,
            self.bound.value_and_gradient,
            self.theta,
            steps,
            near=self._near,
            progress=self.progress,
        )
        self.run = run
        gap, reach = penalty.gap(run.theta, run.gradient)
        rounding = self.judge.rounding(run.cost)
        norm = float(np.abs(run.gradient).max(initial=0.0))
        self.certificate = Certificate("duality-gap", norm, gap, rounding, f"{reach:.0f}")
        weights = int((curvature.kink > 0).sum())
        zeros = int(((run.theta == 0) & (curvature.kink > 0)).sum())
        self.said.append(f"{zeros} of the {weights} penalised parameters are exactly 0")
        self.outcome = self._auto_outcome(run)

    def _minimise_scaled(self, curvature: Curvature, steps: int) -> None:
        """L-BFGS with each parameter measured by its curvature."""
        self.said.append("method: L-BFGS, each parameter measured by its own curvature")
        run = minimise_scaled(
            curvature,
            self.bound.value_and_gradient,
            self.theta,
            steps,
            near=self._near,
            progress=self.progress,
        )
        self.run = run
        if run.ending == "converged":
            seen = curvature.diagonal is not None and (curvature.diagonal <= 0).sum() <= MOST_FREE
            by = "the penalty alone" if seen else "the last updates of L-BFGS"
            self.certificate = self.judge.estimated(run.gap, run.cost, run.gradient, by)
            if run.cost < FAR_DOWN * abs(self.first) and self.judge.still_falls(run.theta, run.cost):
                run.ending = "falling"
                self.certificate = None
        else:
            self.run = self._ended(run, run.theta)
        self.outcome = self._auto_outcome(run)

    def _minimise_tall(self, curvature: Curvature, steps: int) -> bool:
        """Newton's method on a sample, L-BFGS on all rows; whether that served."""
        found = minimise_tall(
            curvature,
            self.bound.value_and_gradient,
            self.theta,
            steps,
            near=self._near,
            seed=self.seed,
            progress=self.progress,
        )
        if found is None:
            return False
        run = found.run
        done = self._near(found.gap, run.cost)
        if run.ending != "stopped" and (not done or run.cost < FAR_DOWN * abs(self.first)):
            # Only where the end looks like it, since it is dear, is it asked whether there is a minimum.
            self.existence = existence(curvature)
            if not done and self.existence.answer != "none":
                return False
        self.run = run
        rows = "" if found.sampled == curvature.design.count else f"{found.sampled} "
        self.said.append(
            f"method: L-BFGS in coordinates in which {rows or 'all '}rows make the cost round, "
            f"{len(run.history)} passes over the data"
        )
        if done:
            run.ending = "converged"
        by = f"{found.sampled} rows taken at random" if rows else ""
        self.certificate = self.judge.estimated(found.gap, run.cost, run.gradient, by)
        self.outcome = self._auto_outcome(run)
        return True

    def _newton(self, curvature: Curvature, steps: int) -> Run:
        inside = Whitened(curvature, self.theta)
        size = int(inside.back.shape[1])

        def converged(phi: Array, cost: float, gradient: Array) -> bool:
            # Newton's method is nearly free at its end, so it goes on to rounding.
            gap = 0.5 * float(gradient @ np.linalg.pinv(inside.hessian(phi)) @ gradient)
            return gap <= 1e-4 * self.judge.tolerance * min(max(self.first - cost, 0), abs(cost) + 1e-300)

        run = newton(
            inside.value_and_gradient,
            inside.hessian,
            np.zeros(size),
            steps if self.existence.answer != "none" else min(steps, 25),
            converged=converged,
            progress=self.progress,
        )
        run.take_best()
        theta = inside.theta(run.theta)
        weights = np.concatenate([np.full(int(np.prod(s)), bool(s)) for s in self.bound.layout.shapes])
        if inside.loose.shape[1]:
            theta = inside.of_least_norm(theta, weights)
            self.warnings.append(self._not_unique(inside))
        return self._ended(run, theta)

    def _ended(self, run: Run, theta: Array) -> Run:
        cost, gradient = self.bound.value_and_gradient(theta)
        run.theta, run.cost, run.gradient = theta, cost, gradient
        if run.ending == "stopped" or self.existence.answer == "none":
            return run
        if self.judge.converged(theta, cost, gradient):
            run.ending = "converged"
        elif self.convex and self.judge.still_falls(theta, cost):
            run.ending = "falling"
        elif run.ending == "converged":
            run.ending = "stalled"
        return run

    def _not_unique(self, inside: Whitened) -> str:
        strength = np.abs(inside.loose).max(axis=1)
        names = self.entries()
        strong = [n for n, s in zip(names, strength, strict=True) if s > 1e-6 * strength.max()]
        shown = ", ".join(strong[:6]) + (", …" if len(strong) > 6 else "")
        return f"the minimiser is not unique (dependent: {shown}): the one with the smallest weights is given"

    def _from_starts(self, steps: int) -> Run:
        many = 1 if self.convex or self.started else STARTS
        best: Run | None = None
        for k in range(many):
            layout = self.bound.layout
            start = self.theta if k == 0 else layout.join(random_start(layout, self.seed + k))
            run = lbfgs(
                self.bound.value_and_gradient,
                start,
                steps,
                converged=self._flat,
                progress=self.progress,
            )
            run = self._ended(run, run.theta)
            if best is None or not np.isfinite(best.cost) or run.cost < best.cost:
                best = run
            if run.ending == "stopped":
                break
        if many > 1:
            self.said.append(f"best of {many} starts, seed {self.seed}")
        if best is None:
            raise RuntimeError("no start")
        return best

    def _flat(self, theta: Array, cost: float, gradient: Array) -> bool:
        norm = float(np.abs(gradient).max()) if len(gradient) else 0.0
        return norm <= 1e-3 * self.judge.tolerance * max(1.0, abs(self.first))

    def _auto_outcome(self, run: Run) -> _Outcome:
        if self.existence.answer == "none":
            return _Outcome(False, self._no_minimiser(), 1)
        if run.ending == "converged":
            return _Outcome(True, "converged", 0)
        reasons = {
            "steps": f"the limit of {run.updates} updates was reached",
            "stopped": f"stopped after {run.updates} updates",
            "diverged": "the cost or its gradient is not a finite number there",
            "falling": "the cost still falls when the parameters are 100 times as large: "
            "no minimiser was found, and probably none exists (separable classes?)",
            "stalled": "no step lowers the cost any more, and the gradient is not 0: "
            "a kink, or the limit of rounding",
        }
        return _Outcome(False, reasons.get(run.ending, run.ending), 1)

    # --- result ---------------------------------------------------------------------------------

    def entries(self) -> list[str]:
        """A name for each number of the vector of parameters: its column where it has one."""
        found: list[str] = []
        recipe = self.dataset.recipe
        taken = {column for names in recipe.columns.values() for column in names}
        for d, shape in zip(self.cost.parameters, self.bound.layout.shapes, strict=True):
            columns = self._columns_along(d.dims[0], recipe) if len(d.dims) == 1 else None
            if not shape:
                found.append(f"the parameter {d.name}" if d.name in taken else d.name)
            elif columns is not None and len(columns) == shape[0]:
                found += list(columns)
            else:
                found += [f"{d.name}[{','.join(str(k + 1) for k in at)}]" for at in np.ndindex(*shape)]
        return found

    def _columns_along(self, dim: str, recipe: Any) -> tuple[str, ...] | None:
        for d in self.cost.declarations:
            if d.kind == "data" and len(d.dims) == 2 and d.dims[1] == dim and d.name in recipe.columns:
                return recipe.names(d.name)
        return None

    def result(self, method: str, reading: Reading) -> Fit:
        """Everything put together."""
        run = self.run
        if run is None:
            raise RuntimeError("nothing was run")
        with np.errstate(all="ignore"):
            certificate = self.certificate or self.judge.certificate(run.theta, run.cost, run.gradient)
        if self.existence.answer == "none" or self.project is not None:
            certificate = Certificate("none", certificate.gradient_norm)
        if self.existence.answer == "unknown" and self.existence.why and self.convex:
            self.said.append(f"whether a minimiser exists is not known: {self.existence.why}")
        parameters = self.bound.layout.named(run.theta)
        found = Fit(
            cost=self.cost,
            method=method,
            rate=self.rate,
            lipschitz=self.lipschitz,
            updates=run.updates,
            parameters=parameters,
            original=self._original(parameters),
            objective=run.cost,
            cost_history=[float(c) for c in run.history],
            gradient_norm=certificate.gradient_norm,
            converged=self.outcome.converged,
            certificate=certificate,
            reason=self.outcome.reason,
            exit_status=self.outcome.status,
            recipe=self.dataset.recipe,
            constants=self.constants,
            sizes=self.bound.sizes,
            rows=self.dataset.rows,
            seed=self.seed,
            header=reading.header,
            said=self.said,
            warnings=self.warnings,
            log=self.bound.log,
        )
        found.dataset = self.dataset
        return found

    def _original(self, parameters: Mapping[str, Array]) -> dict[str, Array] | None:
        """The parameters for columns that are not standardised, where x enters by w·x + b alone."""
        recipe = self.dataset.recipe
        if not recipe.mean or self.curvature is None or len(recipe.mean) > 1:
            return None
        (name, mean), (_, scale) = next(iter(recipe.mean.items())), next(iter(recipe.scale.items()))
        rows, at = self.curvature.rows, 0
        weights = intercept = None
        for parameter, shape in zip(self.bound.layout.names, self.bound.layout.shapes, strict=True):
            length = int(np.prod(shape))
            block = rows[:, at : at + length]
            at += length
            if np.array_equal(block, self.dataset.arrays[name]):
                weights = parameter
            elif not shape and (block == 1).all():
                intercept = parameter
        if weights is None or intercept is None:
            return None
        shifted = parameters[weights] / np.array(scale)
        found = {k: v.copy() for k, v in parameters.items()}
        found[weights] = shifted
        found[intercept] = np.asarray(parameters[intercept] - shifted @ np.array(mean))
        return found
