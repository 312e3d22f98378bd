"""Optimisers: gradient descent as it is taught, Newton's method, and L-BFGS.

Each takes a function of a vector that returns value and gradient, keeps the best point it has seen,
and ends with a reason. An interrupt (Ctrl-C) ends it, too, with what it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function: TypeAlias = Callable[[Array], tuple[float, Array]]
Second: TypeAlias = Callable[[Array], Array | None]
Progress: TypeAlias = Callable[[int, float, float], None]
"""Called now and then with the update, the cost and the size of the gradient."""
Ending: TypeAlias = Literal["converged", "steps", "diverged", "stopped", "stalled", "falling"]
Project: TypeAlias = Callable[[Array], Array]


@dataclass(slots=True)
class Run:
    """How an optimiser went.

    ``history[k]`` is the cost after k updates; ``theta`` where it ended, ``best`` the best it saw.
    """

    theta: Array
    cost: float
    gradient: Array
    history: list[float] = field(default_factory=list[float])
    ending: Ending = "steps"
    updates: int = 0
    best: Array | None = None
    best_cost: float = float("inf")
    best_update: int = 0
    gap: float = float("nan")
    """What is left above the minimum, by the curvature that was gathered."""

    def take_best(self) -> None:
        """End at the best point instead of the last."""
        if self.best is not None:
            self.theta, self.cost = self.best, self.best_cost


def gradient_descent(
    f: Function,
    theta: Array,
    rate: float,
    steps: int,
    *,
    converged: Callable[[Array, float, Array], bool],
    project: Project | None = None,
    progress: Progress | None = None,
) -> Run:
    """θ ← θ − rate ∇J(θ), ``steps`` times.

    ``converged`` is asked at ever larger distances, since it may be dear. ``project`` puts a point
    back into the parameters' domain.
    """
    run = Run(theta, float("nan"), np.zeros_like(theta))
    ask, tell = 16, 1
    step = 0
    try:
        with np.errstate(all="ignore"):
            while True:
                cost, gradient = f(theta)
                run.history.append(cost)
                if cost < run.best_cost:
                    run.best, run.best_cost, run.best_update = theta, cost, step
                run.theta, run.cost, run.gradient, run.updates = theta, cost, gradient, step
                if not np.isfinite(cost) or not np.isfinite(gradient).all():
                    run.ending = "diverged"
                    break
                if progress is not None and step >= tell:
                    progress(step, cost, float(np.abs(gradient).max()))
                    tell = step + max(1, steps // 20)
                if step >= ask or step == steps:
                    ask = step + max(16, step // 4)
                    if converged(theta, cost, gradient):
                        run.ending = "converged"
                        break
                if step == steps:
                    break
                theta = theta - rate * gradient
                if project is not None:
                    theta = project(theta)
                step += 1
    except KeyboardInterrupt:
        run.ending = "stopped"
    return run


def newton(
    f: Function,
    second: Second,
    theta: Array,
    steps: int,
    *,
    converged: Callable[[Array, float, Array], bool],
    progress: Progress | None = None,
) -> Run:
    """Newton's method with a line search (Boyd and Vandenberghe, Convex Optimization, alg. 9.5).

    The Hessian is scaled to a unit diagonal before it is solved, so that columns of very different
    size do no harm; where it is singular, the step is the one of least norm.
    """
    run = Run(theta, float("nan"), np.zeros_like(theta))
    try:
        with np.errstate(all="ignore"):
            cost, gradient = f(theta)
            for step in range(steps + 1):
                run.history.append(cost)
                run.theta, run.cost, run.gradient, run.updates = theta, cost, gradient, step
                run.best, run.best_cost, run.best_update = theta, cost, step
                if progress is not None:
                    progress(step, cost, float(np.abs(gradient).max()))
                if not np.isfinite(cost) or not np.isfinite(gradient).all():
                    run.ending = "diverged"
                    return run
                if converged(theta, cost, gradient):
                    run.ending = "converged"
                    return run
                if step == steps:
                    return run
                found = _line_search(f, theta, cost, gradient, newton_step(second(theta), gradient))
                if found is None:
                    run.ending = "stalled"
                    return run
                theta, cost, gradient = found
    except KeyboardInterrupt:
        run.ending = "stopped"
    return run


def newton_step(hessian: Array | None, gradient: Array) -> Array:
    """−H⁺g; the gradient itself where there is no Hessian or it does not lead downwards."""
    if hessian is None or not np.isfinite(hessian).all():
        return -gradient
    step = -solve(hessian, gradient)
    return step if step @ gradient < 0 else -gradient


def solve(hessian: Array, gradient: Array) -> Array:
    """H⁺g by the eigenvalues of H scaled to a unit diagonal; directions without curvature are left out."""
    diagonal = np.sqrt(np.abs(np.diag(hessian)))
    scale = np.where(diagonal > 0, diagonal, 1.0)
    values, vectors = np.linalg.eigh(hessian / scale[:, None] / scale)
    keep = values > max(1e-13 * float(values[-1]), 0.0) if len(values) else values > 0
    parts = vectors.T @ (gradient / scale)
    return (vectors[:, keep] @ (parts[keep] / values[keep])) / scale


SUFFICIENT = 1e-4
MOST_HALVINGS = 60


def _line_search(
    f: Function, theta: Array, cost: float, gradient: Array, step: Array
) -> tuple[Array, float, Array] | None:
    """Halve the step until the cost falls enough (Armijo); None when it cannot fall any more."""
    slope = float(step @ gradient)
    length = 1.0
    for _ in range(MOST_HALVINGS):
        new = theta + length * step
        value, found = f(new)
        enough = cost + SUFFICIENT * length * slope
        # At the end the cost no longer tells, within its own rounding: the gradient does.
        rounding = 1e-14 * abs(cost)
        near = abs(value - cost) <= rounding and abs(float(step @ found)) < 0.9 * abs(slope)
        if np.isfinite(value) and np.isfinite(found).all() and (value <= enough or near):
            return new, value, found
        length /= 2
    return None


MEMORY = 20
FEWEST_PAIRS = 3
"""Without which the curvature gathered tells nothing."""
STILL = 20
"""Updates in a row without a fall of the cost beyond rounding, after which it is not going anywhere."""


def _stands_still(history: list[float]) -> bool:
    return len(history) > STILL and history[-STILL - 1] - history[-1] <= 1e-12 * abs(history[-1])


def lbfgs(
    f: Function,
    theta: Array,
    steps: int,
    *,
    converged: Callable[[Array, float, Array], bool],
    progress: Progress | None = None,
    whole: bool = False,
    near: Callable[[float, float], bool] | None = None,
) -> Run:
    """L-BFGS with the two-loop recursion (Nocedal and Wright, Numerical Optimization, alg. 7.4).

    With ``whole`` the first step is −g as it is: in coordinates in which the cost is nearly round. ``near``
    is asked whether a distance above the minimum is small enough, at a cost: ½ gᵀHg, H what has been
    gathered of the inverse Hessian.
    """
    run = Run(theta, float("nan"), np.zeros_like(theta))
    pairs: list[tuple[Array, Array, float]] = []
    try:
        with np.errstate(all="ignore"):
            cost, gradient = f(theta)
            for step in range(steps + 1):
                run.history.append(cost)
                run.theta, run.cost, run.gradient, run.updates = theta, cost, gradient, step
                run.best, run.best_cost, run.best_update = theta, cost, step
                if progress is not None and step % 10 == 0:
                    progress(step, cost, float(np.abs(gradient).max()))
                if not np.isfinite(cost) or not np.isfinite(gradient).all():
                    run.ending = "diverged"
                    return run
                if converged(theta, cost, gradient):
                    run.ending = "converged"
                    return run
                if step == steps:
                    return run
                if _stands_still(run.history):
                    run.ending = "stalled"
                    return run
                first = -gradient if whole and not pairs else _direction(gradient, pairs)
                run.gap = -0.5 * float(first @ gradient)
                if near is not None and len(pairs) >= FEWEST_PAIRS and near(run.gap, cost):
                    run.ending = "converged"
                    return run
                found = _wolfe(f, theta, cost, gradient, first)
                if found is None and pairs:
                    pairs.clear()
                    found = _wolfe(f, theta, cost, gradient, _direction(gradient, pairs))
                if found is None:
                    run.ending = "stalled"
                    return run
                moved, turned = found[0] - theta, found[2] - gradient
                curved = float(moved @ turned)
                if curved > 1e-16 * float(turned @ turned):
                    pairs.append((moved, turned, 1.0 / curved))
                    del pairs[:-MEMORY]
                theta, cost, gradient = found
    except KeyboardInterrupt:
        run.ending = "stopped"
    return run


def _direction(gradient: Array, pairs: list[tuple[Array, Array, float]]) -> Array:
    if not pairs:
        return -gradient / max(1.0, float(np.linalg.norm(gradient)))
    q = gradient.copy()
    weights: list[float] = []
    for moved, turned, inverse in reversed(pairs):
        weight = inverse * float(moved @ q)
        weights.append(weight)
        q -= weight * turned
    moved, turned, inverse = pairs[-1]
    q /= inverse * float(turned @ turned)
    for (moved, turned, inverse), weight in zip(pairs, reversed(weights), strict=True):
        q += (weight - inverse * float(turned @ q)) * moved
    return -q if float(q @ gradient) > 0 else -gradient


def _wolfe(
    f: Function, theta: Array, cost: float, gradient: Array, step: Array
) -> tuple[Array, float, Array] | None:
    """A step that lowers the cost enough and flattens the slope (weak Wolfe, by bisection)."""
    slope = float(step @ gradient)
    low, high, length = 0.0, float("inf"), 1.0
    best: tuple[Array, float, Array] | None = None
    for _ in range(MOST_HALVINGS):
        new = theta + length * step
        value, found = f(new)
        finite = np.isfinite(value) and bool(np.isfinite(found).all())
        if not finite or value > cost + SUFFICIENT * length * slope + 1e-15 * abs(cost):
            high = length
        elif float(step @ found) < 0.9 * slope:
            low, best = length, (new, value, found)
        else:
            return new, value, found
        length = 2 * low if high == float("inf") else (low + high) / 2
    return best
