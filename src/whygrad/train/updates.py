"""Updates as they are taught, by the gradient of all rows or of a few at a time.

gd: θ ← θ − r g. momentum: v ← β v + g, θ ← θ − r v (B. T. Polyak, 1964). adam: steps r m̂/(√v̂ + ε) of the
running means of g and g² (Kingma and Ba, Adam, ICLR 2015, algorithm 1). With a batch, the rows are
shuffled by the seed, each is used once a turn through the data, and the batch's sums stand for those of
all rows, penalties and all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from whygrad.train.optimise import Function, Progress, Project, Run

Array = NDArray[np.float64]
BETA: Final = 0.9
BETA_SQUARES: Final = 0.999
EPSILON: Final = 1e-8
ADAM_RATE: Final = 1e-3


class Rule(Protocol):
    """How a gradient becomes a change of the parameters."""

    def __call__(self, gradient: Array) -> Array:
        """What is added to the parameters."""
        ...


class Plain:
    """−r g."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, gradient: Array) -> Array:
        """What is added to the parameters."""
        return -self.rate * gradient


class Momentum:
    """−r v, v ← β v + g."""

    def __init__(self, rate: float, beta: float = BETA) -> None:
        self.rate, self.beta = rate, beta
        self.velocity: Array | float = 0.0

    def __call__(self, gradient: Array) -> Array:
        """What is added to the parameters."""
        self.velocity = self.beta * self.velocity + gradient
        return -self.rate * self.velocity


class Adam:
    """−r m̂/(√v̂ + ε)."""

    def __init__(self, rate: float) -> None:
        self.rate, self.count = rate, 0
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0

    def __call__(self, gradient: Array) -> Array:
        """What is added to the parameters."""
        self.count += 1
        self.mean = BETA * self.mean + (1 - BETA) * gradient
        self.square = BETA_SQUARES * self.square + (1 - BETA_SQUARES) * gradient**2
        mean = self.mean / (1 - BETA**self.count)
        square = self.square / (1 - BETA_SQUARES**self.count)
        return -self.rate * mean / (np.sqrt(square) + EPSILON)


def batches(count: int, size: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Rows of batches, without end: each row once in a turn, the turns shuffled apart."""
    generator = np.random.default_rng(seed)
    while True:
        order = generator.permutation(count)
        for start in range(0, count, size):
            yield np.sort(order[start : start + size])


def update(
    f: Function,
    theta: Array,
    rule: Rule,
    steps: int,
    *,
    turn: int,
    part: Callable[[Array], tuple[float, Array]] | None = None,
    project: Project | None = None,
    progress: Progress | None = None,
) -> Run:
    """``steps`` updates by a rule; ends at the best point seen of those at which the whole cost was asked.

    Parameters
    ----------
    f
        Value and gradient on all rows.
    turn
        Updates after which the whole cost is asked, where ``part`` serves between.
    part
        Value and gradient on the next few rows. The history then holds these values, and the whole cost
        where that was asked.
    """
    run = Run(theta, float("nan"), np.zeros_like(theta))
    try:
        with np.errstate(all="ignore"):
            for step in range(steps + 1):
                whole = part is None or step % turn == 0 or step == steps
                cost, gradient = f(theta) if whole or part is None else part(theta)
                run.history.append(cost)
                run.updates = step
                if whole:
                    run.theta, run.cost, run.gradient = theta, cost, gradient
                    if cost < run.best_cost:
                        run.best, run.best_cost, run.best_update = theta, cost, step
                    if progress is not None and step % max(1, steps // 20) < max(turn, 1):
                        progress(step, cost, float(np.abs(gradient).max(initial=0.0)))
                if not np.isfinite(cost) or not np.isfinite(gradient).all():
                    run.theta, run.cost, run.gradient, run.ending = theta, cost, gradient, "diverged"
                    break
                if step == steps:
                    break
                theta = theta + rule(part(theta)[1] if whole and part is not None else gradient)
                if project is not None:
                    theta = project(theta)
    except KeyboardInterrupt:
        run.ending = "stopped"
    return run
