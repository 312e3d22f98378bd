"""Many parameters: L-BFGS with each one measured by its own curvature.

A Hessian of many thousand columns is not formed, but its diagonal costs one pass, and columns that are
rare or of small numbers are what makes such costs slow. How far the minimum is, is told by the curvature
that L-BFGS has gathered on its way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature
from whygrad.train.optimise import Progress, Run, lbfgs

Array = NDArray[np.float64]


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

    def inside(psi: Array) -> tuple[float, Array]:
        cost, gradient = f(theta + units * psi)
        return cost, units * gradient

    def never(_: Array, __: float, gradient: Array) -> bool:
        return not gradient.any()

    start: Array = np.zeros(len(theta), dtype=np.float64)
    run = lbfgs(
        inside,
        start,
        steps,
        converged=never,
        near=lambda gap, cost: near(10 * gap, cost),
        progress=progress,
        whole=True,
    )
    run.theta, run.gradient = theta + units * run.theta, run.gradient / units
    run.best = run.theta
    return run


def _units(curvature: Curvature, theta: Array) -> Array:
    """One over the square root of the Hessian's diagonal; 1 where nothing curves."""
    _, second = curvature.along(curvature.design.dot(theta) + curvature.offset)
    diagonal = curvature.design.squares(curvature.scale * second)
    if curvature.diagonal is not None:
        diagonal = diagonal + curvature.diagonal
    usable = np.isfinite(diagonal) & (diagonal > 0)
    return np.where(usable, 1 / np.sqrt(np.where(usable, diagonal, 1.0)), 1.0)
