"""Penalties with a kink at 0 (L1, elastic net): exact zeros, certified by the duality gap.

J = c Σ_i ℓ_i(a_i · θ + o_i) + Σ_j (½ d_j θ_j² + k_j |θ_j|). With few parameters: Newton's model of the
losses, minimised with the penalty by coordinate descent (Friedman, Hastie and Tibshirani, Regularization
paths for generalized linear models via coordinate descent, J. Statistical Software 33, 2010). With
many: proximal steps whose length follows the curvature seen last (Wright, Nowak and Figueiredo, Sparse
reconstruction by separable approximation, IEEE Trans. Signal Processing 57, 2009).

With u = −c Σ_i ℓ'_i a_i, Fenchel's inequality gives J(θ) − J* ≤ Σ_j (½ d θ² + k |θ| − u θ + s(u)), where s(u)
is the largest value of u t − ½ d t² − k |t|: (|u| − k)₊²/(2 d), and for d = 0 that of t up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature
from whygrad.train.optimise import Progress, Run

Array = NDArray[np.float64]
Function = Callable[[Array], tuple[float, Array]]
MOST_SQUARED: Final = 1500
SWEEPS: Final = 1000
REACH: Final = 100.0
"""The bound, in units of 1 + the largest parameter, up to which the gap holds where d = 0."""


@dataclass(frozen=True)
class Kinked:
    """The penalty's curvature d and kink k, by parameter."""

    curve: Array
    kink: Array

    def value(self, theta: Array) -> float:
        """The penalty."""
        return float((0.5 * self.curve * theta**2 + self.kink * np.abs(theta)).sum())

    def slope(self, theta: Array) -> Array:
        """Its gradient, 0 at the kink."""
        return self.curve * theta + self.kink * np.sign(theta)

    def gap(self, theta: Array, gradient: Array) -> tuple[float, float]:
        """How far above the minimum at most, and for parameters up to which size.

        ``gradient`` is that of the whole cost, by the convention that |θ| is flat at 0.
        """
        u = self.slope(theta) - gradient
        reach = REACH * (1 + float(np.abs(theta).max(initial=0.0)))
        over = np.maximum(np.abs(u) - self.kink, 0)
        curved = self.curve > 0
        best = np.where(curved, over**2 / (2 * np.where(curved, self.curve, 1.0)), over * reach)
        terms = 0.5 * self.curve * theta**2 + self.kink * np.abs(theta) - u * theta + best
        return float(np.maximum(terms, 0).sum()), reach


def minimise_kinked(
    curvature: Curvature,
    penalty: Kinked,
    f: Function,
    theta: Array,
    steps: int,
    *,
    near: Callable[[float, float], bool],
    progress: Progress | None = None,
) -> Run:
    """Minimise; ``run.gap`` is the duality gap where it ended.

    Parameters
    ----------
    f
        Value and gradient of the whole cost.
    near
        Whether a distance above the minimum, at a cost, is small enough.
    """
    few = len(theta) <= MOST_SQUARED and not curvature.design.sparse
    step = _Newton(curvature, penalty) if few else _Spectral(curvature, penalty, theta)
    run = Run(theta, float("nan"), np.zeros_like(theta))
    try:
        with np.errstate(all="ignore"):
            cost, gradient = f(theta)
            for k in range(steps + 1):
                run.history.append(cost)
                run.theta, run.cost, run.gradient, run.updates = theta, cost, gradient, k
                run.best, run.best_cost, run.best_update = theta, cost, k
                run.gap, _ = penalty.gap(theta, gradient)
                if progress is not None:
                    progress(k, cost, float(np.abs(gradient).max()))
                if not np.isfinite(cost):
                    run.ending = "diverged"
                elif near(run.gap, cost):
                    run.ending = "converged"
                elif k < steps:
                    found = step.next(f, theta, cost, gradient)
                    if found is not None:
                        theta, cost, gradient = found
                        continue
                    run.ending = "stalled"
                return run
    except KeyboardInterrupt:
        run.ending = "stopped"
    return run


class _Newton:
    """Newton's model of the losses, and the penalty as it is."""

    def __init__(self, curvature: Curvature, penalty: Kinked) -> None:
        self.curvature, self.penalty = curvature, penalty

    def next(
        self, f: Function, theta: Array, cost: float, gradient: Array
    ) -> tuple[Array, float, Array] | None:
        """The next point, its value and gradient."""
        c, p = self.curvature, self.penalty
        _, second = c.along(c.design.dot(theta) + c.offset)
        hessian = c.design.gram(c.scale * second)
        smooth = gradient - p.slope(theta)
        goal = _coordinates(hessian, smooth, p, theta)
        step = goal - theta
        fall = float(smooth @ step) + p.value(goal) - p.value(theta)
        length = 1.0
        for _ in range(50):
            new = goal if length == 1 else theta + length * step
            value, found = f(new)
            if value <= cost + 1e-4 * length * min(fall, 0.0) + 1e-15 * abs(cost):
                return (new, value, found) if step.any() else None
            length /= 2
        return None


def _coordinates(hessian: Array, smooth: Array, p: Kinked, theta: Array) -> Array:
    """The minimum of a quadratic model with the penalty, one coordinate at a time."""
    goal = theta.copy()
    slope = smooth.copy()  # of the model, without the penalty
    diagonal = np.diag(hessian)
    whole = np.flatnonzero(diagonal + p.curve > 0)
    active = whole
    for sweep in range(SWEEPS):
        largest = 0.0
        for j in active:
            steep = diagonal[j] + p.curve[j]
            old = goal[j]
            wanted = diagonal[j] * old - slope[j]
            new = np.sign(wanted) * max(abs(wanted) - p.kink[j], 0.0) / steep
            if new != old:
                slope += hessian[:, j] * (new - old)
                goal[j] = new
                largest = max(largest, steep * (new - old) ** 2)
        fine = 1e-22 * max(1.0, float(diagonal @ goal**2))
        if largest <= fine and len(active) == len(whole):
            break
        # All coordinates now and then, and between only those that are not 0.
        unfinished = largest > fine and sweep % 10
        active = whole[(goal[whole] != 0) | (p.kink[whole] == 0)] if unfinished else whole
    return goal


class _Spectral:
    """Proximal steps in units of each parameter's curvature."""

    def __init__(self, curvature: Curvature, penalty: Kinked, theta: Array) -> None:
        self.penalty = penalty
        _, second = curvature.along(curvature.design.dot(theta) + curvature.offset)
        diagonal = curvature.design.squares(curvature.scale * second)
        largest = float(diagonal.max(initial=0.0))
        self.metric = np.maximum(diagonal, 1e-8 * largest if largest > 0 else 1.0)
        self.length = 1.0
        self.last: tuple[Array, Array] | None = None
        self.recent: list[float] = []

    def next(
        self, f: Function, theta: Array, cost: float, gradient: Array
    ) -> tuple[Array, float, Array] | None:
        """The next point, its value and gradient."""
        p, smooth = self.penalty, gradient - self.penalty.slope(theta)
        if self.last is not None:
            moved, turned = theta - self.last[0], smooth - self.last[1]
            curved = float(moved @ turned)
            if curved > 0:
                self.length = float((self.metric * moved) @ moved) / curved
        self.last = theta, smooth
        self.recent = [*self.recent[-9:], cost]
        length = min(max(self.length, 1e-10), 1e10)
        for _ in range(80):
            metric = self.metric / length
            wanted = metric * theta - smooth
            new = np.sign(wanted) * np.maximum(np.abs(wanted) - p.kink, 0) / (metric + p.curve)
            value, found = f(new)
            step = new - theta
            if not step.any():
                return None
            if value <= max(self.recent) - 1e-4 * 0.5 * float((metric * step) @ step) + 1e-15 * abs(cost):
                return new, value, found
            length /= 2
        return None
