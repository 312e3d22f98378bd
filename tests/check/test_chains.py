"""The truth of every chain in ``chains.jsonl``, computed again with numbers.

A pair is true when its two lines agree at random points; where a line cannot be computed because
its shapes do not fit, it is ``None``.
"""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHAINS = [
    json.loads(line)
    for line in Path(__file__).with_name("chains.jsonl").read_text(encoding="utf8").splitlines()
]
Array = Any


def derivative(f: Callable[[Any], Any], at: Any) -> Array:
    """The derivative of a number by every entry of ``at`` (a five-point difference)."""
    at, step = np.asarray(at, dtype=float), 1e-3
    out = np.zeros(np.shape(f(at)) + at.shape)
    for place in np.ndindex(at.shape):
        move = np.zeros(at.shape)
        move[place] = step
        values = [np.asarray(f(at + k * move), dtype=float) for k in (-2, -1, 1, 2)]
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
        out[(..., *place)] = slope
    return out


def second(f: Callable[[Any], Any], at: Any) -> Array:
    """The second derivative."""
    return derivative(lambda u: derivative(f, u), at)


def tools(rng: np.random.Generator) -> dict[str, Any]:
    """What the recorded expressions may use."""

    def spd(k: int) -> Array:
        root = rng.normal(size=(k, k))
        return root @ root.T + np.eye(k)

    def onehot(k: int) -> Array:
        return np.eye(k)[rng.integers(k)]

    def shaped(draw: Callable[[Any], Any]) -> Callable[..., Any]:
        return lambda *shape: draw(shape or None)

    return {
        "np": np,
        "log": np.log,
        "exp": np.exp,
        "sqrt": np.sqrt,
        "tanh": np.tanh,
        "pi": np.pi,
        "inv": np.linalg.inv,
        "det": np.linalg.det,
        "tr": np.trace,
        "eye": np.eye,
        "sig": lambda t: 1 / (1 + np.exp(-t)),
        "softmax": lambda t: np.exp(t) / np.sum(np.exp(t)),
        "G": derivative,
        "J": derivative,
        "H": second,
        "n": shaped(lambda s: rng.normal(size=s)),
        "u": lambda low, high, *shape: rng.uniform(low, high, size=shape or None),
        "bern": shaped(lambda s: rng.integers(0, 2, size=s)),
        "pm": shaped(lambda s: 2 * rng.integers(0, 2, size=s) - 1),
        "nat": shaped(lambda s: rng.integers(0, 6, size=s)),
        "nat1": shaped(lambda s: rng.integers(1, 6, size=s)),
        "simplex": lambda k: rng.dirichlet(np.ones(k)),
        "onehot": onehot,
        "spd": spd,
        "diagm": lambda k: np.diag(rng.uniform(0.5, 2, size=k)),
    }


def same(a: Any, b: Any) -> bool:
    """Equal up to the error of differences."""
    if a is None or b is None or np.shape(a) != np.shape(b):
        return False
    return bool(np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-5, atol=1e-6))


@pytest.mark.parametrize("chain", CHAINS, ids=[c["id"] for c in CHAINS])
def test_truth_is_what_numbers_say(chain: dict[str, Any]) -> None:
    truth = [True] * (len(chain["lines"]) - 1)
    for seed in range(6):
        names = tools(np.random.default_rng(seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            point = eval(chain["py"]["sample"], names)
            values = [eval(line, names)(**point) for line in chain["py"]["lines"]]
        if chain["mode"] == "equation":
            start = bool(np.allclose(values[0], 0, atol=1e-7))
            found = [start and bool(np.allclose(v, 0, atol=1e-7)) for v in values[1:]]
        else:
            found = [same(a, b) for a, b in itertools.pairwise(values)]
        truth = [old and new for old, new in zip(truth, found, strict=True)]
    assert truth == chain["truth"]
    wrong = [k + 1 for k, right in enumerate(truth) if not right]
    assert chain["first_wrong"] == (wrong[0] if wrong else None)
    assert (chain["mistake"] is None) is (not wrong)


def test_there_are_sixty_with_twenty_mistakes() -> None:
    assert len(CHAINS) == 60
    assert len({c["id"] for c in CHAINS}) == 60
    assert sum(c["first_wrong"] is not None for c in CHAINS) >= 20
