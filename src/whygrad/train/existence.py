"""Whether a minimiser exists, asked before it is looked for.

For J = c Σ_i ℓ_i(a_i · θ) + R with convex ℓ_i, a direction d is one of recession when J does not grow
along it. If one exists along which some row's loss falls for ever, J has no minimiser: with logistic
loss this is separation (Albert and Anderson, Biometrika 71, 1984), and a linear programme finds it.
Rockafellar, Convex Analysis, th. 27.1, is the general fact.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature

Array = NDArray[np.float64]
FAR = 1e8
"""Where the slope of a loss is read as its limit."""
MOST_ENTRIES = 5_000_000
"""Size of the table of rows above which the question is not asked."""
SAMPLE = 1000
"""Rows that are asked first, where there are many more."""
TOLERANCE = 1e-9

Answer = Literal["exists", "none", "unknown"]


@dataclass(frozen=True)
class Existence:
    """The answer; where there is no minimiser, a direction along which the cost falls for ever.

    ``complete`` says that each row's loss falls along it (the classes are separated), not only some.
    """

    answer: Answer
    why: str = ""
    direction: Array | None = None
    complete: bool = False

    def sentence(self, names: Sequence[str]) -> str:
        """In words, the direction named by the columns that carry it."""
        if self.answer != "none" or self.direction is None:
            return self.why
        size = np.abs(self.direction)
        order = np.argsort(-size)
        strong = [k for k in order[:4] if size[k] > 1e-3 * size[order[0]]]
        along = ", ".join(f"{names[k]} {'up' if self.direction[k] > 0 else 'down'}" for k in strong)
        kind = "separable" if self.complete else "quasi-separable"
        rows = "each row's loss falls" if self.complete else "no row's loss grows and some fall"
        return f"no minimiser exists: the data are {kind} ({rows} along {along}, for ever)"


def solver() -> Any:
    """SciPy's linear programmes, or None where SciPy is not installed."""
    try:
        return importlib.import_module("scipy.optimize")
    except ModuleNotFoundError:
        return None


def existence(curvature: Curvature) -> Existence:
    """Ask whether a minimiser exists."""
    if not curvature.convex or curvature.penalty is None:
        return Existence("unknown", "the cost is not of a form for which this is decided")
    rows, penalty = curvature.rows, curvature.penalty
    m, size = rows.shape
    free = np.abs(penalty).sum(axis=0) == 0  # directions that the penalty does not see
    if not free.any() or (not free.all() and np.linalg.matrix_rank(penalty) < (~free).sum()):
        return _all_seen(free, penalty)
    up, down = _limits(curvature, m)
    falls = _falling(up, down)
    if not falls.any():
        return Existence("exists")
    if m > 2 * SAMPLE and _exists_on_a_sample(rows[:, free], falls, free):
        return Existence("exists")
    if m * size > MOST_ENTRIES:
        return Existence("unknown", "the table is too large for the linear programme that decides it")
    return _by_programme(rows[:, free], falls, free)


def _all_seen(free: NDArray[np.bool_], penalty: Array) -> Existence:
    if not free.any() and np.linalg.eigvalsh(penalty)[0] > 0:
        return Existence("exists")
    return Existence("unknown", "the penalty leaves directions free that are not parameters")


def _limits(curvature: Curvature, m: int) -> tuple[Array, Array]:
    """The slope of each row's loss far up and far down along its form."""
    up, _ = curvature.along(np.full(m, FAR))
    down, _ = curvature.along(np.full(m, -FAR))
    return np.nan_to_num(up, nan=np.inf), np.nan_to_num(down, nan=-np.inf)


def _falling(up: Array, down: Array) -> Array:
    """+1 where a row's loss does not grow as its form does, -1 as it falls, 0 where it grows both ways."""
    rises = up > TOLERANCE
    drops = down < -TOLERANCE
    return np.where(~rises & drops, 1.0, np.where(rises & ~drops, -1.0, 0.0))


def _exists_on_a_sample(rows: Array, falls: Array, free: NDArray[np.bool_]) -> bool:
    """Whether some of the rows already leave no direction of recession.

    Every row is one more condition on such a direction. If the sampled rows leave only directions that
    none of them feels, and there are none of these since their rank is full, all rows leave none.
    """
    size = rows.shape[1]
    chosen = np.random.default_rng(0).choice(len(rows), min(len(rows), SAMPLE + 20 * size), replace=False)
    part = rows[chosen]
    lengths = np.sqrt((part**2).sum(axis=0))
    if (lengths == 0).any() or np.linalg.matrix_rank(part / lengths, tol=1e-8) < size:
        return False
    return _by_programme(part, falls[chosen], free).answer == "exists"


def _by_programme(rows: Array, falls: Array, free: NDArray[np.bool_]) -> Existence:
    """Look for d with falls_i a_i·d >= 0, a_i·d = 0 on the other rows, and some falls_i a_i·d > 0."""
    optimize = solver()
    if optimize is None:
        return Existence("unknown", "it was not asked: the linear programme needs SciPy (pip install scipy)")
    largest = np.abs(rows).max(axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    signed = rows / scale * np.where(falls == 0, 1.0, falls)[:, None]
    turning, fixed = signed[falls != 0], signed[falls == 0]
    found = optimize.linprog(
        -turning.sum(axis=0),
        A_ub=-turning,
        b_ub=np.zeros(len(turning)),
        A_eq=fixed if len(fixed) else None,
        b_eq=np.zeros(len(fixed)) if len(fixed) else None,
        bounds=[(-1, 1)] * rows.shape[1],
        method="highs",
    )
    if found.status != 0 or found.x is None:
        return Existence("unknown", f"the linear programme did not finish ({found.message})")
    direction = np.asarray(found.x, dtype=float)
    margins = turning @ direction
    rounding = 1e-7 * max(1.0, float(np.abs(direction).max()))
    if margins.min() < -rounding or margins.max() <= 10 * rounding:
        return Existence("exists")
    complete = _separates(optimize, turning, len(fixed) == 0)
    if complete is not None:
        direction, margins = complete, turning @ complete
    whole = np.zeros(len(free))
    whole[free] = direction / scale
    return Existence("none", "", whole, complete is not None)


def _separates(optimize: Any, turning: Array, alone: bool) -> Array | None:
    """A direction with every margin positive, the smallest as large as can be; None if there is none."""
    if not alone:
        return None
    m, size = turning.shape
    found = optimize.linprog(
        np.r_[np.zeros(size), -1.0],
        A_ub=np.c_[-turning, np.ones(m)],
        b_ub=np.zeros(m),
        bounds=[(-1, 1)] * size + [(None, 1)],
        method="highs",
    )
    if found.status != 0 or found.x is None:
        return None
    direction = np.asarray(found.x[:-1], dtype=float)
    return direction if (turning @ direction).min() > 1e-9 else None
