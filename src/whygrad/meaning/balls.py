"""Ball arithmetic: for each elementary function an enclosure of its values, nan where it has none.

A ball is a midpoint with a rigorous error bound (python-flint's ``arb``; F. Johansson, "Arb: efficient
arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Comput. 66, 2017). A ball that is
not finite says "undefined or undecided here": arithmetic carries it on, so nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from flint import arb, arb_mat

NAN: Final = arb("nan")
ONE: Final = arb(1)
ZERO: Final = arb(0)
HALF: Final = ONE / 2


def ball(value: Fraction) -> arb:
    """The ball of an exact rational at the working precision."""
    return arb(value.numerator) / value.denominator if value.denominator != 1 else arb(value.numerator)


def _sigmoid(x: arb) -> arb:
    return ONE / (ONE + (-x).exp())


def _normal_cdf(x: arb) -> arb:
    return HALF * (-x / arb(2).sqrt()).erfc()


def _softplus(x: arb) -> arb:
    return x.exp().log1p()


def _relu(x: arb) -> arb:
    return x.max(ZERO)


def _gelu(x: arb) -> arb:
    return x * _normal_cdf(x)


def _silu(x: arb) -> arb:
    return x * _sigmoid(x)


def _abs(x: arb) -> arb:
    return abs(x)


def _trigamma(x: arb) -> arb:
    return arb(2).zeta(x)


def _clip(x: arb, low: arb, high: arb) -> arb:
    return x.max(low).min(high)


def _on_positive(f: Callable[[arb], arb]) -> Callable[[arb], arb]:
    def guarded(x: arb) -> arb:
        return f(x) if x > 0 else NAN

    return guarded


def _beta(a: arb, b: arb) -> arb:
    if not (a > 0 and b > 0):
        return NAN
    return (a.lgamma() + b.lgamma() - (a + b).lgamma()).exp()


def _sign(x: arb) -> arb:
    s = x.sgn()
    return s if s.is_exact() else NAN


def _floor(x: arb) -> arb:
    whole = x.floor()
    return whole if whole.is_exact() else NAN


BALLS: Final[dict[str, Callable[..., arb]]] = {
    "exp": arb.exp,
    "log": arb.log,
    "log1p": arb.log1p,
    "expm1": arb.expm1,
    "sqrt": arb.sqrt,
    "abs": _abs,
    "sign": _sign,
    "sigmoid": _sigmoid,
    "tanh": arb.tanh,
    "softplus": _softplus,
    "relu": _relu,
    "gelu": _gelu,
    "silu": _silu,
    "sin": arb.sin,
    "cos": arb.cos,
    "tan": arb.tan,
    "sinh": arb.sinh,
    "cosh": arb.cosh,
    "asin": arb.asin,
    "acos": arb.acos,
    "atan": arb.atan,
    "erf": arb.erf,
    "erfc": arb.erfc,
    "Phi": _normal_cdf,
    "lgamma": _on_positive(arb.lgamma),
    "digamma": _on_positive(arb.digamma),
    "trigamma": _on_positive(_trigamma),
    "Gamma": _on_positive(arb.gamma),
    "beta": _beta,
    "floor": _floor,
    "min": arb.min,
    "max": arb.max,
    "clip": _clip,
}
"""One row for each function of :mod:`whygrad.core.functions`."""


def power(x: arb, y: arb) -> arb:
    """``x ** y``: any base for an integer exponent (not 0 below 0), else a base > 0 (0 if y > 0)."""
    if y.is_integer():
        return x**y
    if x.is_zero() and y > 0:
        return ZERO
    return x**y if x > 0 else NAN


def truth(held: bool, failed: bool) -> arb:
    """1, 0, or nan when the balls cannot tell."""
    return ONE if held else ZERO if failed else NAN


COMPARE: Final[dict[str, Callable[[arb, arb], arb]]] = {
    "<": lambda a, b: truth(a < b, a >= b),
    "<=": lambda a, b: truth(a <= b, a > b),
    ">": lambda a, b: truth(a > b, a <= b),
    ">=": lambda a, b: truth(a >= b, a < b),
    "==": lambda a, b: truth(a == b, a < b or a > b),
    "!=": lambda a, b: truth(a < b or a > b, a == b),
}


def complement(x: arb) -> arb:
    """``not``."""
    return ONE - x


def conjunction(parts: Sequence[arb]) -> arb:
    """``and``: false as soon as one part is, whatever the others are."""
    if any(part.is_zero() for part in parts):
        return ZERO
    return ONE if all(part.is_finite() for part in parts) else NAN


def disjunction(parts: Sequence[arb]) -> arb:
    """``or``: true as soon as one part is."""
    return ONE - conjunction([complement(part) for part in parts])


def matrix_inverse(entries: Sequence[arb], n: int) -> list[arb]:
    """The inverse, row by row; nan where the balls cannot exclude a singular matrix."""
    try:
        inverse = arb_mat(n, n, list(entries)).inv()
    except ZeroDivisionError:
        return [NAN] * (n * n)
    return list(inverse.entries())


def determinant(entries: Sequence[arb], n: int) -> list[arb]:
    """The determinant."""
    return [arb_mat(n, n, list(entries)).det()]


def log_determinant(entries: Sequence[arb], n: int) -> list[arb]:
    """The logarithm of a positive determinant."""
    return [determinant(entries, n)[0].log()]
