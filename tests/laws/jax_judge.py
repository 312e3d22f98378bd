"""An automatic derivative of a cost's text: every definition evaluated by loops in JAX, float64.

Imports neither rules nor the derivative table: an independent judge.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.scipy.special as special

from whygrad.core.expr import (
    Add,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
)

jax.config.update("jax_enable_x64", True)

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
}
COMPARE = {
    "<": jnp.less, "<=": jnp.less_equal, ">": jnp.greater, ">=": jnp.greater_equal,
    "==": jnp.equal, "!=": jnp.not_equal, "and": jnp.logical_and, "or": jnp.logical_or,
    "not": lambda a: jnp.logical_not(a),
}  # fmt: skip


def value(e, cost, arrays, sizes, at):
    """The value of ``e`` with its free index letters at positions ``at`` (from 1)."""

    def go(node):
        return value(node, cost, arrays, sizes, at)

    match e:
        case Number(v):
            return float(v)
        case Constant(name):
            return {"pi": jnp.pi, "e": jnp.e}[name]
        case Index():
            return at[e]
        case Size(dim):
            return float(sizes[dim])
        case Add(terms):
            return sum(go(t) for t in terms)
        case Mul(factors):
            out = 1.0
            for f in factors:
                out = out * go(f)
            return out
        case Pow(base, Number(n)) if n.denominator == 1:
            return go(base) ** int(n)
        case Pow(base, exponent):
            return go(base) ** go(exponent)
        case Delta(a, b):
            return 1.0 if go(a) == go(b) else 0.0
        case Call(name, args):
            definition = next((d for d in cost.definitions if d.name == name), None)
            if definition is not None:
                inner = dict(arrays) | {p: go(a) for p, a in zip(definition.parameters, args, strict=True)}
                return value(definition.body, cost, inner, sizes, {})
            return CALLS[name](*(go(a) for a in args))
        case Compare(op, args):
            return 1.0 * COMPARE[op](*(go(a) for a in args))
        case Cases(branches, otherwise):
            out = go(otherwise)
            for condition, then in reversed(branches):
                out = jnp.where(go(condition) > 0.5, go(then), out)
            return out
        case Reduce(op, index, body, where):
            terms = []
            for k in range(1, sizes[index.dim] + 1):
                here = {**at, index: k}
                if where is None or value(where, cost, arrays, sizes, here) > 0.5:
                    terms.append(value(body, cost, arrays, sizes, here))
            if op == "sum":
                return sum(terms)
            if op == "prod":
                return jnp.prod(jnp.stack([jnp.asarray(t) for t in terms]))
            return {"max": jnp.max, "min": jnp.min}[op](jnp.stack([jnp.asarray(t) for t in terms]))
        case Symbol(name, indices):
            positions = tuple(int(go(i)) - 1 for i in indices)
            if name in arrays:
                return arrays[name][positions] if positions else arrays[name]
            definition = next(d for d in cost.definitions if d.name == name)
            here = {i: p + 1 for i, p in zip(definition.indices, positions, strict=True)}
            return value(definition.body, cost, arrays, sizes, here)
        case _:
            raise TypeError(f"{type(e).__name__} is not evaluated here")


def arrays_at(cost, point):
    """The point's values as float64 arrays by name."""
    out = {}
    for d in cost.declarations:
        shape = tuple(point.sizes[dim] for dim in d.dims)
        flat = [float(point.values[d.name, place]) for place in places(shape)]
        out[d.name] = jnp.array(flat, dtype=jnp.float64).reshape(shape) if shape else jnp.float64(flat[0])
    return out


def places(shape):
    """All positions, counted from 1, in row-major order."""
    out = [()]
    for size in shape:
        out = [(*p, k) for p in out for k in range(1, size + 1)]
    return out


def gradient(cost, name, point):
    """The gradient by reverse-mode automatic differentiation, position -> value."""
    arrays = arrays_at(cost, point)
    goal = next(d for d in cost.definitions if d.name == cost.goal).body

    def f(parameter):
        return value(goal, cost, {**arrays, name: parameter}, point.sizes, {})

    found = jax.grad(f)(arrays[name])
    shape = found.shape
    return {place: float(found[tuple(k - 1 for k in place)]) for place in places(shape)}
