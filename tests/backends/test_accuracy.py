"""The naive logistic formula keeps its digits wherever z is; in single precision it overflows nowhere."""

import math

import numpy as np
import pytest
from flint import arb, ctx

from whygrad.backends.native.machine import machine
from whygrad.backends.native.native_backend import bind_native
from whygrad.backends.numpy_backend import binder
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective

NAIVE = """data x[i,j], y[i] in {0,1}
param w[j], b
z[i] = sum_j w[j] x[i,j] + b
f[i] = 1 / (1 + exp(-z[i]))
J = mean_i (-(y[i] log f[i] + (1 - y[i]) log(1 - f[i])))"""
WAYS = ["numpy", pytest.param("native", marks=pytest.mark.skipif(machine() is None, reason="no llvmlite"))]


def bound(way, given, sizes):
    objective = Objective(read_cost(NAIVE))
    if way == "native":
        return bind_native(objective.program, objective.names, given, sizes)
    return binder(objective.program, objective.names)(given, sizes)


def ulps(found: float, exact: arb) -> float:
    unit = math.ulp(abs(float(exact)))
    return abs(float((arb(found) - exact) / arb(unit)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_loss_within_one_and_a_half_ulp_and_slope_within_two(way, label):
    rng = np.random.default_rng(7)
    size = np.concatenate(
        [np.exp(rng.uniform(-40, math.log(1e4), 300)), rng.uniform(0, 40, 300), [1e4, 700.0]]
    )
    x, worst = np.zeros((1, 1)), [0.0, 0.0]
    made = bound(way, {"x": x, "y": np.array([label])}, {"m": 1, "n": 1})
    for z in size * rng.choice([-1.0, 1.0], len(size)):
        x[0, 0] = z
        loss, _, slope = made(np.ones(1), 0.0)
        with ctx.workprec(300):
            margin = arb(z if label == 0 else -z)
            exact = (margin.exp().log1p(), margin.exp() / (1 + margin.exp()))
            for k, (own, true) in enumerate(((loss, exact[0]), (abs(slope), exact[1]))):
                if float(true) > 1e-300:
                    worst[k] = max(worst[k], ulps(float(own), true))
    assert worst[0] <= 1.5, worst
    assert worst[1] <= 2.0, worst


@pytest.mark.parametrize("way", WAYS)
def test_single_precision_overflows_nowhere(way):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 50)).astype(np.float32)
    y = (rng.random(2000) < 0.5).astype(np.float32)
    made = bound(way, {"x": x, "y": y}, {"m": 2000, "n": 50})
    value, slope, offset = made(np.full(50, 30.0), 0.0)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    assert np.isfinite(offset)
