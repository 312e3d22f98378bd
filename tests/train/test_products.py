"""The Hessian times a vector: equal to differences of the gradient, by machine code and by NumPy."""

import numpy as np
import pytest

from whygrad import costs
from whygrad.backends.native.machine import machine
from whygrad.backends.native.native_backend import bind_native
from whygrad.backends.numpy_backend import binder
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective
from whygrad.train.products import direction_of, hessian_product

from ..backends.test_native import setting

NATIVE = ("logistic", "logistic-l2", "poisson", "ridge")
OTHER = ("softmax", "student-t", "probit")


@pytest.mark.parametrize("name", [*NATIVE, *OTHER])
def test_it_is_how_the_gradient_changes(name):
    program, names, given, sizes, theta = setting(costs.text(name), 23, 4)
    objective = Objective(read_cost(costs.text(name)))
    product = hessian_product(objective)
    assert product is not None
    rng = np.random.default_rng(0)
    v = [np.asarray(rng.normal(size=np.shape(t)))[()] for t in theta]
    free = [*names, *map(direction_of, names)]
    found = binder(product, free)(given, sizes)(*theta, *v)
    gradient = binder(program, names)(given, sizes)

    def at(t):
        return gradient(*(p + t * d for p, d in zip(theta, v, strict=True)))[1:]

    h = 1e-5
    wanted = [(a - b) / (2 * h) for a, b in zip(at(h), at(-h), strict=True)]
    for a, b in zip(found, wanted, strict=True):
        scale = float(np.abs(b).max(initial=0.0)) + 1e-6
        assert np.allclose(np.broadcast_to(a, np.shape(b)), b, rtol=1e-4, atol=1e-5 * scale)
    if name in NATIVE and machine() is not None:
        made = bind_native(product, free, given, sizes)
        assert made is not None
        for a, b in zip(made(*theta, *v), found, strict=True):
            assert np.allclose(a, b, rtol=1e-11, atol=1e-13)
