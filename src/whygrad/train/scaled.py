"""Many parameters: L-BFGS with each one measured by its own curvature.

A Hessian of many thousand columns is not formed, but its diagonal costs one pass, and columns that are
rare or of small numbers are what makes such costs slow. How far the minimum is, is told by the penalty's
curvature (Boyd and Vandenberghe, Convex Optimization, (9.9)); where some parameter has none, by what
L-BFGS has gathered on its way, which sees too little by far and is asked for more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature
from whygrad.train.optimise import Progress, Run, lbfgs

Array = NDArray[np.float64]
CAUTION: Final = 1000.0
MOST_FREE: Final = 10


def minimise_scaled(
    curvature: Curvature,
    f: Callable[[Array], tuple[float, Array]],
    theta: Array,
    steps: int,
    *,
    near: Callable[[float, float], bool],
    progress: Progress | None = None,
) -> Run:
    """Minimise a convex cost of one linear form; ``run.gap`` is what is left by estimate.

    Parameters
    ----------
    f
        Value and gradient.
    near
        Whether a distance above the minimum, at a cost, is small enough.
    """
    units = _units(curvature, theta)
    bounded = above(curvature, units, np.zeros(len(theta))) is not None

    def inside(psi: Array) -> tuple[float, Array]:
        cost, gradient = f(theta + units * psi)
        return cost, units * gradient

    def converged(_: Array, cost: float, gradient: Array) -> bool:
        bound = above(curvature, units, gradient / units)
        return not gradient.any() or (bound is not None and near(bound, cost))

    start: Array = np.zeros(len(theta), dtype=np.float64)
    run = lbfgs(
        inside,
        start,
        steps,
        converged=converged,
        near=None if bounded else lambda gap, cost: near(CAUTION * gap, cost),
        progress=progress,
        whole=True,
    )
    run.theta, run.gradient = theta + units * run.theta, run.gradient / units
    run.best = run.theta
    if bounded:
        run.gap = above(curvature, units, run.gradient) or 0.0
    return run


def above(curvature: Curvature, units: Array, gradient: Array) -> float | None:
    """How far above the minimum a point is: Σ g²/(2 d), d the penalty's curvature.

    A few parameters without a penalty (intercepts) count by their curvature at the start. None where there
    are more of these.
    """
    d = curvature.diagonal
    if d is None or (d <= 0).sum() > MOST_FREE:
        return None
    return float((gradient**2 / (2 * np.where(d > 0, d, 1 / units**2))).sum())


def _units(curvature: Curvature, theta: Array) -> Array:
    """One over the square root of the Hessian's diagonal; 1 where nothing curves."""
    _, second = curvature.along(curvature.design.dot(theta) + curvature.offset)
    diagonal = curvature.design.squares(curvature.scale * second)
    if curvature.diagonal is not None:
        diagonal = diagonal + curvature.diagonal
    usable = np.isfinite(diagonal) & (diagonal > 0)
    return np.where(usable, 1 / np.sqrt(np.where(usable, diagonal, 1.0)), 1.0)
