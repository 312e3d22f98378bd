"""NumPy's table: how each elementwise function of a program is spelled."""

from __future__ import annotations

from typing import Final

BINARY: Final[dict[str, tuple[str, int, int, int]]] = {
    # sign, its strength, the strength its left and right operands must have
    "or": ("|", 1, 1, 2),
    "and": ("&", 2, 2, 3),
    "lt": ("<", 0, 4, 4),
    "le": ("<=", 0, 4, 4),
    "gt": (">", 0, 4, 4),
    "ge": (">=", 0, 4, 4),
    "eq": ("==", 0, 4, 4),
    "ne": ("!=", 0, 4, 4),
    "add": ("+", 4, 4, 5),
    "sub": ("-", 4, 4, 5),
    "mul": ("*", 5, 5, 6),
    "div": ("/", 5, 5, 6),
    "neg": ("-", 6, 6, 6),
    "pow": ("**", 7, 8, 7),
}
"""Operators of Python, from the weakest."""

NAMES: Final[dict[str, str]] = {
    "exp": "np.exp",
    "log": "np.log",
    "log1p": "np.log1p",
    "expm1": "np.expm1",
    "sqrt": "np.sqrt",
    "abs": "np.abs",
    "sign": "np.sign",
    "sigmoid": "sigmoid",
    "tanh": "np.tanh",
    "softplus": "softplus",
    "relu": "relu",
    "gelu": "gelu",
    "silu": "silu",
    "sin": "np.sin",
    "cos": "np.cos",
    "tan": "np.tan",
    "sinh": "np.sinh",
    "cosh": "np.cosh",
    "asin": "np.arcsin",
    "acos": "np.arccos",
    "atan": "np.arctan",
    "erf": "special.erf",
    "erfc": "special.erfc",
    "Phi": "special.ndtr",
    "lgamma": "special.gammaln",
    "digamma": "special.digamma",
    "trigamma": "trigamma",
    "Gamma": "special.gamma",
    "beta": "special.beta",
    "floor": "np.floor",
    "min": "np.minimum",
    "max": "np.maximum",
    "clip": "np.clip",
    "not": "np.logical_not",
}
"""Functions that are written as calls."""

HELPERS: Final[dict[str, str]] = {
    "sigmoid": '''\
def sigmoid(u):
    """1/(1 + e^-u), from e^-|u|, which cannot overflow."""
    t = np.exp(-np.abs(u))
    return np.where(np.greater_equal(u, 0), 1, t) / (1 + t)''',
    "softplus": '''\
def softplus(u):
    """log(1 + e^u) as max(u, 0) + log1p(e^-|u|)."""
    return np.logaddexp(0, u)''',
    "relu": '''\
def relu(u):
    """The larger of u and 0."""
    return np.maximum(u, 0)''',
    "gelu": '''\
def gelu(u):
    """u times the normal distribution function."""
    return u * special.ndtr(u)''',
    "silu": '''\
def silu(u):
    """u times its sigmoid."""
    return u * sigmoid(u)''',
    "trigamma": '''\
def trigamma(u):
    """The second derivative of log Gamma."""
    return special.polygamma(1, u)''',
    "inv": '''\
def inv(a):
    """The inverse; not a number where there is none."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return np.full_like(a, np.nan)''',
    "det": '''\
def det(a):
    """The determinant."""
    return np.linalg.det(a)''',
    "logdet": '''\
def logdet(a):
    """The logarithm of the determinant, without computing the determinant."""
    sign, size = np.linalg.slogdet(a)
    return size if sign > 0 else np.nan''',
    "take": '''\
def take(array, *at):
    """Entries at positions counted from 0; outside, the nearest entry."""
    sides = zip(at, array.shape)
    return array[tuple(np.clip(np.asarray(p).astype(int), 0, n - 1) for p, n in sides)]''',
}
"""Functions that NumPy does not have, as source."""

IMPORTS: Final[dict[str, str]] = {
    "np.": "import numpy as np",
    "special.": "from scipy import special",
}
"""What a module begins with, by what occurs in it."""
