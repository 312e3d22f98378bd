"""Many rows, few parameters: Newton's method on a sample, then L-BFGS on all rows in its coordinates.

A twentieth of the rows, taken at random, tells the curvature well. Newton's method on them costs little;
with L Lᵀ the Hessian found there, the whole cost in the coordinates Lᵀ(θ − θ_s) is nearly ½|ψ|², so
that L-BFGS needs a handful of passes over all rows, each of which is one read of the data (compare
Byrd, Chin, Neveitt and Nocedal, On the use of stochastic Hessian information, SIAM J. Optim. 21, 2011).
Where the sample misled, the Hessian of all rows takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature
from whygrad.train.optimise import Progress, Run, lbfgs

Array = NDArray[np.float64]
LEAST_ENTRIES: Final = 200_000
"""Of the rows, below which all of them are few."""
ROWS_A_PARAMETER: Final = 10
SHARE: Final = 20
FIRST_SHARE: Final = 5
"""Of the sample, the part on which Newton's method begins."""
FEWEST: Final = 2000
NEWTON_STEPS: Final = 25
SETTLED: Final = 0.25
SLOW: Final = 0.1
"""Share of the decrement that a step may leave before the Hessian is formed anew."""
PATIENCE: Final = 12
"""Updates of L-BFGS after which the coordinates are made again from all rows."""
ROUNDS: Final = 4
STEEPEST: Final = 1e-7
"""Smallest pivot, of columns scaled to unit length, with which a Hessian is trusted."""


def is_tall(curvature: Curvature) -> bool:
    """Whether there are so many more rows than parameters that a sample tells the curvature."""
    m, n = curvature.design.count, curvature.design.size
    enough = m * n >= LEAST_ENTRIES and m >= 2 * _sample_size(m, n)
    return enough and not curvature.design.sparse and curvature.penalty is not None


def _sample_size(m: int, n: int) -> int:
    return min(m, max(ROWS_A_PARAMETER * n, m // SHARE, FEWEST))


@dataclass(slots=True)
class Tall:
    """How it went: ``gap`` is what the curvature says is left above the minimum.

    ``sampled`` is the number of rows that the curvature is of; ``updates`` in ``run`` are those on all rows.
    """

    run: Run
    gap: float
    sampled: int


def minimise_tall(
    curvature: Curvature,
    f: Callable[[Array], tuple[float, Array]],
    theta: Array,
    steps: int,
    *,
    near: Callable[[float, float], bool],
    seed: int,
    progress: Progress | None = None,
) -> Tall | None:
    """Minimise a convex cost of one linear form; None where its curvature cannot be had so.

    Parameters
    ----------
    f
        Value and gradient on all rows.
    near
        Whether a distance above the minimum, at a cost, is small enough.
    """
    m = curvature.design.count
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.choice(m, _sample_size(m, curvature.design.size), replace=False))
    first = np.sort(generator.permutation(chosen)[: max(FEWEST, len(chosen) // FIRST_SHARE)])
    begun: tuple[Array, Array] | None = (
        _newton(curvature, theta, first) if 2 * len(first) <= len(chosen) else (theta, theta)
    )
    found = None if begun is None else _newton(curvature, begun[0], chosen)
    sampled = len(chosen)
    if found is None:
        back, sampled = _coordinates(curvature, theta), m
        if back is None:
            return None
        found = theta, back
    start, back = found
    history: list[float] = []
    done = 0
    while True:
        run, gap = _on_all(f, start, back, min(PATIENCE, steps - done), near, progress)
        history += run.history[1:] if history else run.history
        done += run.updates
        start = run.theta
        if run.ending != "steps" or done >= steps or done >= ROUNDS * PATIENCE:
            break
        made = _coordinates(curvature, start)
        if made is None:
            break
        back, sampled = made, m
    run.history, run.updates, run.best = history, done, start
    return Tall(run, gap, sampled)


def _on_all(
    f: Callable[[Array], tuple[float, Array]],
    start: Array,
    back: NDArray[np.float64],
    steps: int,
    near: Callable[[float, float], bool],
    progress: Progress | None,
) -> tuple[Run, float]:
    """L-BFGS in coordinates; its end in those of the cost, and what the coordinates say is left."""
    plain: dict[bytes, Array] = {}

    def inside(psi: Array) -> tuple[float, Array]:
        cost, gradient = f(start + back @ psi)
        turned = back.T @ gradient
        plain[turned.tobytes()] = gradient
        return cost, turned

    def converged(_: Array, cost: float, gradient: Array) -> bool:
        return near(5 * float(gradient @ gradient), cost)  # ten times what is left, since it is an estimate

    middle: Array = np.zeros(int(back.shape[1]), dtype=np.float64)
    run = lbfgs(inside, middle, steps, converged=converged, progress=progress, whole=True)
    gap = 0.5 * float(run.gradient @ run.gradient)
    run.theta = np.asarray(start + back @ run.theta, dtype=np.float64)
    run.gradient = plain.get(run.gradient.tobytes(), np.full_like(start, np.nan))
    return run, gap


def _newton(curvature: Curvature, theta: Array, chosen: NDArray[np.intp]) -> tuple[Array, Array] | None:
    """The minimum on some rows that stand for all, and coordinates in which the cost is round there."""
    part = _Part.of(curvature, theta, chosen)
    if part is None:
        return None
    phi, inverse = part.origin, part.inverse(part.origin)
    before = np.inf
    value, gradient = part.value(phi)
    fresh = True
    for _ in range(NEWTON_STEPS):
        if inverse is None:
            return None
        half = inverse @ gradient
        decrement = float(half @ half)
        if fresh and decrement <= part.settled:
            break
        if not fresh and (decrement > SLOW * before or decrement <= part.settled):
            inverse, fresh = part.inverse(phi), True  # another curvature, or that of the end is wanted
            continue
        step = -(inverse.T @ half)
        length, found = 1.0, part.value(phi + step)
        while not found[0] <= value - 1e-4 * length * decrement and length > 1e-6:
            length /= 2
            found = part.value(phi + length * step)
        if length <= 1e-6:
            break
        value, gradient = found
        phi, before, fresh = phi + length * step, decrement, False
    if inverse is None:
        return None
    return phi / part.sizes, np.asarray(inverse.T / part.sizes[:, None], dtype=np.float64)


@dataclass(slots=True)
class _Part:
    """The cost as some rows tell it, in columns scaled to unit length."""

    curvature: Curvature
    chosen: NDArray[np.intp]
    rows: Array
    offset: Array
    sizes: Array
    scale: float
    penalty: Array
    slope: Array
    origin: Array

    @classmethod
    def of(cls, curvature: Curvature, theta: Array, chosen: NDArray[np.intp]) -> _Part | None:
        """None where a column is 0 on these rows."""
        penalty = curvature.penalty
        rows, count = curvature.design.take(chosen), len(chosen)
        sizes = np.sqrt(np.einsum("ij,ij->j", rows, rows) / count)
        if penalty is None or not np.isfinite(sizes).all() or (sizes == 0).any():
            return None
        rows /= sizes
        scale = curvature.scale * curvature.design.count / count
        inner, slope = penalty / sizes[:, None] / sizes, curvature.penalty_slope(theta) / sizes
        offset = curvature.offset[chosen]
        return cls(curvature, chosen, rows, offset, sizes, scale, inner, slope, theta * sizes)

    @property
    def settled(self) -> float:
        """A decrement that says no more about all rows than chance does.

        The minimum on s rows of n parameters lies about n/(2 s) above that on all, a row's loss being 1.
        """
        return SETTLED * self.scale * self.rows.shape[1]

    def value(self, phi: Array) -> tuple[float, Array]:
        """Value and gradient."""
        loss, one, _ = self.curvature.losses(self.rows @ phi + self.offset, self.chosen)
        moved = phi - self.origin
        regular = self.penalty @ moved
        whole = self.scale * loss.sum() + float(moved @ (self.slope + 0.5 * regular))
        return whole, self.scale * (self.rows.T @ one) + self.slope + regular

    def inverse(self, phi: Array) -> Array | None:
        """Of the Hessian's Cholesky factor."""
        _, _, two = self.curvature.losses(self.rows @ phi + self.offset, self.chosen)
        triangle = _triangle(self.rows.T @ (self.rows * (self.scale * two)[:, None]) + self.penalty)
        return None if triangle is None else np.asarray(np.linalg.inv(triangle), dtype=np.float64)


def _triangle(hessian: Array) -> Array | None:
    """Its Cholesky factor, if no direction is flat."""
    diagonal = np.sqrt(np.diag(hessian))
    if not np.isfinite(hessian).all() or (diagonal == 0).any():
        return None
    try:
        found = np.linalg.cholesky(hessian / diagonal[:, None] / diagonal)
    except np.linalg.LinAlgError:
        return None
    whole = np.asarray(found * diagonal[:, None], dtype=np.float64)
    return whole if np.diag(found).min() > STEEPEST else None


def _coordinates(curvature: Curvature, theta: Array) -> Array | None:
    """Coordinates in which the cost on all rows is round at a point."""
    hessian = curvature.hessian(theta)
    triangle = None if hessian is None else _triangle(hessian)
    return None if triangle is None else np.asarray(np.linalg.inv(triangle).T, dtype=np.float64)
