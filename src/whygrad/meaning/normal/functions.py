"""The other functions: rewritten to exponentials, logarithms and signs, or atoms with relations."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import Final

from whygrad.core.expr import Constant
from whygrad.meaning.normal.atoms import (
    UNIT,
    Poly,
    freeze,
    number,
    opaque,
    plus,
    scaled,
    single,
)
from whygrad.meaning.normal.elementary import Elementary
from whygrad.meaning.normal.factoring import scale
from whygrad.meaning.normal.reduction import UndefinedError
from whygrad.meaning.normal.signs import HALF


class Functions(Elementary):
    """Functions by name."""

    def call(self, name: str, args: list[Poly]) -> Poly:
        """An elementary function by name."""
        rewrite = _REWRITES.get(name)
        if rewrite is not None:
            return rewrite(self, args)
        return self.interpolate(args, lambda q: self._call(name, q))

    def _call(self, name: str, args: list[Poly]) -> Poly:
        if len(args) == 1 and name in _PARITY:
            c, q = scale(args[0]) if args[0] else (1, args[0])
            if not q:
                return number(_AT_ZERO[name])
            if c < 0:
                turned = single(self.made("call", name, freeze(scaled(args[0], -1))))
                return scaled(turned, _PARITY[name])
        if len(args) == 1 and name in _SHIFTS:
            return self._shifted(name, args[0])
        return single(self.made("call", name, *(freeze(q) for q in args)))

    def _shifted(self, name: str, p: Poly) -> Poly:
        """Gamma(u + 1) = u Gamma(u), and its logarithm's derivatives (DLMF 5.5.1, 5.5.2, 5.15.5)."""
        whole = floor(p.get(UNIT, 0))
        if len(p) == 1 and UNIT in p:
            whole -= 1
            if p[UNIT] <= 0:
                raise UndefinedError(f"{name} at {p[UNIT]}")
            if name == "lgamma" and p[UNIT] == 1:
                return {}
        if not whole or abs(whole) > 8:
            return single(self.made("call", name, freeze(p)))
        start = plus(p, number(whole), -1)
        out = self._shifted(name, start)
        for k in range(abs(whole)):
            at = plus(start, number(k if whole > 0 else -k - 1))
            out = plus(out, _SHIFTS[name](self, at), 1 if whole > 0 else -1)
        return out


Rewrite = Callable[[Functions, list[Poly]], Poly]


def _sigmoid(on: Functions, args: list[Poly]) -> Poly:
    """sigma(u) = 1/(1 + e^-u), written as 1 - 1/(1 + e^u)."""
    return plus(number(1), on.inverse(plus(number(1), on.exp(args[0]))), -1)


def _tanh(on: Functions, args: list[Poly]) -> Poly:
    """tanh u = 1 - 2/(e^2u + 1)."""
    return plus(number(1), on.inverse(plus(number(1), on.exp(scaled(args[0], 2)))), -2)


def _softplus(on: Functions, args: list[Poly]) -> Poly:
    return on.log(plus(number(1), on.exp(args[0])))


def _cosh(on: Functions, args: list[Poly]) -> Poly:
    e = on.exp(args[0])
    return scaled(plus(e, on.inverse(e)), HALF)


def _sinh(on: Functions, args: list[Poly]) -> Poly:
    e = on.exp(args[0])
    return scaled(plus(e, on.inverse(e), -1), HALF)


def _normal_cdf(on: Functions, args: list[Poly]) -> Poly:
    """Phi(u) = (1 + erf(u/sqrt 2))/2 (DLMF 7.2.1 with the normal density)."""
    root_half = on.power(number(HALF), number(HALF))
    return scaled(plus(number(1), on.call("erf", [on.mul(args[0], root_half)])), HALF)


def _max(on: Functions, args: list[Poly]) -> Poly:
    """max(u, v) = (u + v + |u - v|)/2."""
    gap = plus(args[0], args[1], -1)
    size = on.mul(gap, on.sign_factor(gap))
    return scaled(plus(plus(args[0], args[1]), size), HALF)


def _min(on: Functions, args: list[Poly]) -> Poly:
    gap = plus(args[0], args[1], -1)
    size = on.mul(gap, on.sign_factor(gap))
    return scaled(plus(plus(args[0], args[1]), size, -1), HALF)


def _beta(on: Functions, args: list[Poly]) -> Poly:
    """B(a, b) = Gamma(a) Gamma(b)/Gamma(a + b) (DLMF 5.12.1)."""
    a, b = args
    logs = plus(on.call("lgamma", [a]), on.call("lgamma", [b]))
    return on.exp(plus(logs, on.call("lgamma", [plus(a, b)]), -1))


def _sign(on: Functions, args: list[Poly]) -> Poly:
    up = on.is_positive(args[0], strict=True)
    return plus(up, on.is_positive(scaled(args[0], -1), strict=True), -1)


_REWRITES: Final[dict[str, Rewrite]] = {
    "exp": lambda on, a: on.exp(a[0]),
    "log": lambda on, a: on.log(a[0]),
    "log1p": lambda on, a: on.log(plus(number(1), a[0])),
    "expm1": lambda on, a: plus(on.exp(a[0]), number(1), -1),
    "sqrt": lambda on, a: on.power(a[0], number(HALF)),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "cosh": _cosh,
    "sinh": _sinh,
    "silu": lambda on, a: on.mul(a[0], _sigmoid(on, a)),
    "gelu": lambda on, a: on.mul(a[0], _normal_cdf(on, a)),
    "Phi": _normal_cdf,
    "erfc": lambda on, a: plus(number(1), on.call("erf", a), -1),
    "Gamma": lambda on, a: on.exp(on.call("lgamma", a)),
    "beta": _beta,
    "tan": lambda on, a: on.mul(on.call("sin", a), on.inverse(on.call("cos", a))),
    "acos": lambda on, a: plus(scaled(opaque(Constant("pi")), HALF), on.call("asin", a), -1),
    "abs": lambda on, a: on.mul(a[0], on.sign_factor(a[0])),
    "relu": lambda on, a: _max(on, [a[0], {}]),
    "sign": _sign,
    "max": _max,
    "min": _min,
    "clip": lambda on, a: _min(on, [_max(on, [a[0], a[1]]), a[2]]),
}
_PARITY: Final = {"erf": -1, "sin": -1, "cos": 1, "atan": -1, "asin": -1}
_AT_ZERO: Final = {"erf": 0, "sin": 0, "cos": 1, "atan": 0, "asin": 0}
_SHIFTS: Final[dict[str, Callable[[Functions, Poly], Poly]]] = {
    "lgamma": lambda on, u: on.log(u),
    "digamma": lambda on, u: on.inverse(u),
    "trigamma": lambda on, u: scaled(on.int_power(u, -2), -1),
}
