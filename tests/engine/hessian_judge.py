"""Second derivatives by automatic differentiation in JAX: an independent judge."""

from __future__ import annotations

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "laws"))

import jax
import jax.numpy as jnp
import jax_judge


def value(e, cost, arrays, sizes, indices=()):
    """An expression as an array over ``indices``."""
    return jax_judge.Evaluation(cost, arrays, sizes, e, *indices).over(e, indices)


def goal_value(cost, point):
    """The cost at a point, as a float."""
    goal = next(d for d in cost.definitions if d.name == cost.goal).body
    return float(value(goal, cost, jax_judge.arrays_at(cost, point), point.sizes))


def _flat_goal(cost, names, point):
    """The goal as a function of all parameters in one vector, and where each begins."""
    arrays = jax_judge.arrays_at(cost, point)
    goal = next(d for d in cost.definitions if d.name == cost.goal).body
    shapes = {n: arrays[n].shape for n in names}
    starts, total = {}, 0
    for n in names:
        starts[n] = total
        total += math.prod(shapes[n])

    def f(theta):
        given = {n: theta[starts[n] : starts[n] + math.prod(shapes[n])].reshape(shapes[n]) for n in names}
        return value(goal, cost, {**arrays, **given}, point.sizes)

    theta = jnp.concatenate([arrays[n].reshape(-1) for n in names])
    return f, theta, starts, shapes


def offset(place, shape):
    """Where an entry (counted from 1) stands in its flattened array."""
    flat = 0
    for k, size in zip(place, shape, strict=True):
        flat = flat * size + k - 1
    return flat


def hessian(cost, names, point):
    """The whole Hessian over all parameters, with where each parameter begins and its shape."""
    f, theta, starts, shapes = _flat_goal(cost, names, point)
    return jax.jit(jax.hessian(f))(theta), starts, shapes


def hessian_times(cost, names, point, direction):
    """The Hessian times a direction given as arrays by name, by forward over reverse."""
    f, theta, starts, shapes = _flat_goal(cost, names, point)
    delta = jnp.concatenate([jnp.asarray(direction[n], dtype=float).reshape(-1) for n in names])
    return jax.jit(lambda t, v: jax.jvp(jax.grad(f), (t,), (v,))[1])(theta, delta), starts, shapes
