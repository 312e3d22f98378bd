"""An automatic derivative of a cost's text: every definition evaluated whole in JAX, float64.

Imports neither rules nor the derivative table: an independent judge.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.scipy.special as special

from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.walk import postorder
from whygrad.meaning.shapes import size_of_dim

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)

CALLS = {
    "exp": jnp.exp,
    "log": jnp.log,
    "sqrt": jnp.sqrt,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "gelu": lambda u: u * special.ndtr(u),
    "cosh": jnp.cosh,
    "sinh": jnp.sinh,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "erf": special.erf,
    "Phi": special.ndtr,
    "lgamma": special.gammaln,
    "digamma": special.digamma,
    "max": jnp.maximum,
    "min": jnp.minimum,
    "log1p": jnp.log1p,
    "expm1": jnp.expm1,
    "Gamma": lambda u: jnp.exp(special.gammaln(u)),
    "floor": jnp.floor,
    "clip": jnp.clip,
    "atan": jnp.arctan,
    "tan": jnp.tan,
    "acos": jnp.arccos,
    "asin": jnp.arcsin,
}
COMPARE = {
    "<": jnp.less, "<=": jnp.less_equal, ">": jnp.greater, ">=": jnp.greater_equal,
    "==": jnp.equal, "!=": jnp.not_equal, "and": jnp.logical_and, "or": jnp.logical_or,
    "not": lambda a: jnp.logical_not(a),
}  # fmt: skip


class Sizes(dict):
    """Sizes by dimension; ``T-2`` is two less than ``T``."""

    def __missing__(self, dim):
        return size_of_dim(dim, self)


class Evaluation:
    """A cost's definitions as arrays at a point; every index letter is an axis of its own.

    An intermediate array has one axis for each letter of the cost, of size 1 where it does not vary.
    """

    def __init__(self, cost, arrays, sizes, *more):
        self.cost, self.arrays, self.sizes = cost, dict(arrays), Sizes(sizes)
        self.definitions = {d.name: d for d in cost.definitions}
        bodies = [d.body for d in cost.definitions] + list(more)
        found = [n for e in bodies for n in postorder(e) if isinstance(n, Index)]
        found += [n.index for e in bodies for n in postorder(e) if isinstance(n, Reduce)]
        found += [i for d in cost.definitions for i in d.indices]
        self.axes = list(dict.fromkeys(found))

    def array(self, name):
        """A declared or defined name as a whole."""
        if name not in self.arrays:
            d = self.definitions[name]
            self.arrays[name] = self.over(d.body, d.indices)
        return self.arrays[name]

    def over(self, e, indices):
        """An expression as an array over ``indices``, in this order."""
        full = jnp.asarray(self.go(e, {}))
        full = jnp.broadcast_to(full, (1,) * (len(self.axes) - full.ndim) + full.shape)
        places = [self.axes.index(i) for i in indices]
        shape = [self.sizes[a.dim] if n in places else 1 for n, a in enumerate(self.axes)]
        full = jnp.broadcast_to(full, shape)
        rest = [n for n in range(len(self.axes)) if n not in places]
        return jnp.transpose(full, (*places, *rest)).reshape([self.sizes[i.dim] for i in indices])

    def along(self, index, values):
        shape = [1] * len(self.axes)
        shape[self.axes.index(index)] = len(values)
        return values.reshape(shape)

    def go(self, e, bound):
        match e:
            case Number(v):
                return float(v)
            case Constant(name):
                return {"pi": jnp.pi, "e": jnp.e}[name]
            case Index(_, dim):
                return self.along(e, jnp.arange(1, self.sizes[dim] + 1))
            case Size(dim):
                return float(self.sizes[dim])
            case Add(terms):
                return sum(self.go(t, bound) for t in terms)
            case Mul(factors):
                out = 1.0
                for f in factors:
                    out = out * self.go(f, bound)
                return out
            case Pow(base, Number(n)) if n.denominator == 1:
                return self.go(base, bound) ** int(n)
            case Pow(base, exponent):
                return self.go(base, bound) ** self.go(exponent, bound)
            case Delta(a, b):
                return 1.0 * (self.go(a, bound) == self.go(b, bound))
            case Call(name, args):
                values = [self.go(a, bound) for a in args]
                if name in self.definitions:
                    d = self.definitions[name]
                    return self.go(d.body, dict(zip(d.parameters, values, strict=True)))
                return CALLS[name](*values)
            case Compare(op, args):
                return 1.0 * COMPARE[op](*(self.go(a, bound) for a in args))
            case Cases(branches, otherwise):
                out = self.go(otherwise, bound)
                for condition, then in reversed(branches):
                    out = jnp.where(self.go(condition, bound) > 0.5, self.go(then, bound), out)
                return out
            case Reduce(op, index, body, where):
                return self.reduced(op, index, self.go(body, bound), where, bound)
            case Symbol(name, indices):
                if name in bound:
                    return bound[name]
                array = self.array(name)
                return self.at(array, indices, bound) if indices else array
            case Apply("det", (array,)):
                return jnp.linalg.det(self.array(array.name))
            case Apply("logdet", (array,)):
                return jnp.linalg.slogdet(self.array(array.name))[1]
            case Entry(Apply("inv", (array,)), indices):
                return self.at(jnp.linalg.inv(self.array(array.name)), indices, bound)
            case _:
                raise TypeError(f"{type(e).__name__} is not evaluated here")

    def at(self, array, indices, bound):
        """Entries of an array; a position outside its range (not counted anyway) is moved inside."""
        places = [jnp.asarray(self.go(i, bound)).astype(int) - 1 for i in indices]
        places = [jnp.clip(p, 0, size - 1) for p, size in zip(places, array.shape, strict=True)]
        return array[tuple(jnp.broadcast_arrays(*places))]

    def reduced(self, op, index, body, where, bound):
        """Every dimension is whole here; shortened ones have a size of their own."""
        axis = self.axes.index(index)
        mask = True if where is None else self.go(where, bound) > 0.5
        empty = {"sum": 0.0, "prod": 1.0, "max": -jnp.inf, "min": jnp.inf}[op]
        ranged = self.along(index, jnp.ones(self.sizes[index.dim]))
        body = jnp.where(mask, body * ranged, empty)
        act = {"sum": jnp.sum, "prod": jnp.prod, "max": jnp.max, "min": jnp.min}[op]
        return act(body, axis=axis, keepdims=True)


def arrays_at(cost, point):
    """The point's values as float64 arrays by name."""
    out = {}
    for d in cost.declarations:
        shape = tuple(size_of_dim(dim, point.sizes) for dim in d.dims)
        flat = [float(point.values[d.name, place]) for place in places(shape)]
        out[d.name] = jnp.array(flat, dtype=jnp.float64).reshape(shape) if shape else jnp.float64(flat[0])
    return out


def places(shape):
    """All positions, counted from 1, in row-major order."""
    out = [()]
    for size in shape:
        out = [(*p, k) for p in out for k in range(1, size + 1)]
    return out


def gradients(cost, point, directions, *, second=True):
    """By automatic differentiation: the gradient by every parameter, and its change along ``directions``."""
    arrays = arrays_at(cost, point)
    goal = next(d for d in cost.definitions if d.name == cost.goal).body

    def f(parameters):
        return Evaluation(cost, {**arrays, **parameters}, point.sizes).over(goal, ())

    start = {name: arrays[name] for name in directions}
    return _run(jax.grad(f), start, directions, second)


def along(results, cost, point, directions, *, second=True):
    """The given gradients (name -> indices, formula) as arrays, and their change along ``directions``."""
    arrays = arrays_at(cost, point)

    def f(parameters):
        more = [formula for _, formula in results.values()]
        letters = [Symbol("", indices) for indices, _ in results.values()]
        here = Evaluation(cost, {**arrays, **parameters}, point.sizes, *more, *letters)
        return {name: here.over(formula, indices) for name, (indices, formula) in results.items()}

    return _run(f, {name: arrays[name] for name in directions}, directions, second)


def _run(f, start, directions, second):
    if not second:
        return (jax.jit(f)(start),)
    return jax.jit(lambda p, v: jax.jvp(f, (p,), (v,)))(start, directions)
