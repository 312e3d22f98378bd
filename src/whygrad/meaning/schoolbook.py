"""Arrays and functions by the book, for the oracle.

Every operation is its schoolbook definition: a product of matrices is sums of products, a determinant
the sum over permutations, an inverse the adjugate over the determinant, cos is sin a quarter turn on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Final, NamedTuple

from flint import arb

Place = tuple[int, ...]
NAN: Final = arb("nan")


class Array(NamedTuple):
    """Entries, the last position running fastest; a number has no shape. ``row``: a lying vector."""

    shape: Place
    items: tuple[arb, ...]
    row: bool = False


# --- numbers and arrays ---------------------------------------------------------------------------
def number(x: arb) -> Array:
    """A number as an array without a shape."""
    return Array((), (x,))


def places(shape: Place) -> Iterator[Place]:
    """All positions, counted from 1."""
    return itertools.product(*(range(1, n + 1) for n in shape))


def at(a: Array, place: Place) -> arb:
    """The entry at a place, nan outside."""
    flat = 0
    for position, n in zip(place, a.shape, strict=True):
        if not 1 <= position <= n:
            return NAN
        flat = flat * n + position - 1
    return a.items[flat]


def part(a: Array, place: Place) -> Array:
    """What is left when the first positions are fixed."""
    shape = a.shape[len(place) :]
    return Array(shape, tuple(at(a, place + more) for more in places(shape)))


def spread(a: Array, place: Place) -> Array:
    """The entry that meets ``place`` when arrays are laid on each other from the last position on."""
    return number(at(a, place[len(place) - len(a.shape) :]))


def entrywise(f: Callable[..., arb], kids: Sequence[Array]) -> Array:
    """Apply a function entry by entry, arrays laid on each other from the last position on."""
    shape = max((kid.shape for kid in kids), key=len)
    items = (f(*(spread(kid, place).items[0] for kid in kids)) for place in places(shape))
    row = len(shape) == 1 and all(kid.row for kid in kids if kid.shape)
    return Array(shape, tuple(items), row)


def times(x: arb, y: arb) -> arb:
    """A product."""
    return x * y


def _over(x: arb, y: arb) -> arb:
    return x / y


def power(x: arb, y: arb) -> arb:
    """Repeated multiplication for a whole exponent, else exp(y log x)."""
    whole = y.unique_fmpz() if y.is_exact() else None
    if whole is not None:
        out = arb(1)
        for _ in range(abs(int(whole))):
            out = out * x
        return out if whole >= 0 else 1 / out
    if x.is_zero():
        return arb(0) if y > 0 else NAN
    return (y * x.log()).exp()


def order_of(a: arb, b: arb) -> int:
    """-1, 0, 1; numbers that cannot be told apart at this precision are taken as equal."""
    return -1 if a < b else 1 if a > b else 0


_TESTS: Final[dict[str, Callable[[int], bool]]] = {
    "<": lambda s: s < 0,
    "<=": lambda s: s <= 0,
    ">": lambda s: s > 0,
    ">=": lambda s: s >= 0,
    "==": lambda s: s == 0,
    "!=": lambda s: s != 0,
}


def compare(op: str, xs: Sequence[arb]) -> arb:
    """A comparison, a chain of them, or a connective: 1 or 0."""
    if op == "not":
        return 1 - xs[0]
    if op == "and":
        return arb(int(not any(x.is_zero() for x in xs)))
    if op == "or":
        return arb(int(any(not x.is_zero() for x in xs)))
    if any(x.is_nan() for x in xs):
        return NAN
    return arb(int(all(_TESTS[op](order_of(a, b)) for a, b in itertools.pairwise(xs))))


JOIN: Final[dict[str, Callable[[arb, arb], arb]]] = {
    "sum": lambda a, b: a + b,
    "prod": lambda a, b: a * b,
    "max": lambda a, b: a if order_of(a, b) > 0 else b,
    "min": lambda a, b: a if order_of(a, b) < 0 else b,
}


def _cdf(x: arb) -> arb:
    return (1 + (x / arb(2).sqrt()).erf()) / 2


def _if_positive(f: Callable[[arb], arb]) -> Callable[[arb], arb]:
    return lambda x: f(x) if x > 0 else NAN


_ONE: Final[dict[str, Callable[[arb], arb]]] = {
    "exp": arb.exp,
    "log": arb.log,
    "log1p": lambda x: (1 + x).log(),
    "expm1": lambda x: x.exp() - 1,
    "sqrt": lambda x: x if x.is_zero() else (x.log() / 2).exp(),
    "abs": lambda x: x if order_of(x, arb(0)) >= 0 else -x,
    "sign": lambda x: arb(order_of(x, arb(0))),
    "sigmoid": lambda x: x.exp() / (1 + x.exp()),
    "tanh": lambda x: 1 - 2 / (1 + (2 * x).exp()),
    "softplus": lambda x: (1 + x.exp()).log(),
    "relu": lambda x: x if order_of(x, arb(0)) > 0 else arb(0),
    "gelu": lambda x: x * _cdf(x),
    "silu": lambda x: x / (1 + (-x).exp()),
    "sin": arb.sin,
    "cos": lambda x: (x + arb.pi() / 2).sin(),
    "tan": lambda x: x.sin() / x.cos(),
    "sinh": lambda x: (x.exp() - (-x).exp()) / 2,
    "cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "asin": arb.asin,
    "acos": lambda x: arb.pi() / 2 - x.asin(),
    "atan": arb.atan,
    "erf": arb.erf,
    "erfc": lambda x: 1 - x.erf(),
    "Phi": _cdf,
    "lgamma": _if_positive(lambda x: x.gamma().log()),
    "digamma": _if_positive(arb.digamma),
    "trigamma": _if_positive(lambda x: arb(2).zeta(x + 1) + 1 / (x * x)),
    "Gamma": _if_positive(arb.gamma),
    "floor": lambda x: x.floor(),
}
_TWO: Final[dict[str, Callable[[arb, arb], arb]]] = {
    "beta": lambda a, b: a.gamma() * b.gamma() / (a + b).gamma() if a > 0 and b > 0 else NAN,
    "min": JOIN["min"],
    "max": JOIN["max"],
}


def _clip(x: arb, low: arb, high: arb) -> arb:
    return JOIN["min"](JOIN["max"](x, low), high)


FUNCTIONS: Final[dict[str, Callable[..., arb]]] = {**_ONE, **_TWO, "clip": _clip}


# --- array operations, by the book ----------------------------------------------------------------
def _product(a: Array, b: Array) -> Array:
    if not a.shape or not b.shape:
        return entrywise(times, [a, b])
    if len(a.shape) == len(b.shape) == 1 and b.row and not a.row:
        return _outer(a, b)
    rows, columns = a.shape[:-1], b.shape[1:]
    items: list[arb] = []
    for r in places(rows):
        for c in places(columns):
            items.append(sum((at(a, (*r, k)) * at(b, (k, *c)) for k in range(1, b.shape[0] + 1)), arb(0)))
    return Array(rows + columns, tuple(items), row=len(a.shape) == 1)


def _outer(a: Array, b: Array) -> Array:
    return Array(a.shape + b.shape, tuple(x * y for x in a.items for y in b.items))


def _transposed(a: Array) -> Array:
    if len(a.shape) < 2:
        return Array(a.shape, a.items, not a.row)
    shape = a.shape[::-1]
    return Array(shape, tuple(at(a, (c, r)) for r, c in places(shape)))


def _rows(a: Array) -> list[list[arb]]:
    n = a.shape[-1]
    return [list(a.items[k : k + n]) for k in range(0, len(a.items), n)]


def _determinant(rows: Sequence[Sequence[arb]]) -> arb:
    """Leibniz: the sum over permutations."""
    total = arb(0)
    for order in itertools.permutations(range(len(rows))):
        inversions = sum(order[a] > order[b] for a in range(len(order)) for b in range(a + 1, len(order)))
        product = arb(-1 if inversions % 2 else 1)
        for r, c in enumerate(order):
            product = product * rows[r][c]
        total = total + product
    return total


def _inverse(a: Array) -> Array:
    """Adjugate over determinant."""
    rows, n = _rows(a), a.shape[0]
    det = _determinant(rows)
    items: list[arb] = []
    for r, c in itertools.product(range(n), repeat=2):
        minor = [[rows[p][q] for q in range(n) if q != r] for p in range(n) if p != c]
        items.append((-1) ** (r + c) * _determinant(minor) / det)
    return Array(a.shape, tuple(items))


def _diagonal(a: Array) -> Array:
    n = a.shape[0]
    if len(a.shape) == 2:
        return Array((n,), tuple(at(a, (k, k)) for k in range(1, n + 1)))
    return Array((n, n), tuple(a.items[r] if r == c else arb(0) for r in range(n) for c in range(n)))


def _matrix_power(a: Array, exponent: Array) -> Array:
    count = int(exponent.items[0].unique_fmpz() or 0)
    n = a.shape[0]
    out = _diagonal(Array((n,), (arb(1),) * n))
    for _ in range(abs(count)):
        out = _product(out, a if count > 0 else _inverse(a))
    return out


def _mean(xs: Sequence[arb]) -> arb:
    return sum(xs, arb(0)) / len(xs)


def _variance(xs: Sequence[arb]) -> arb:
    return _mean([(x - _mean(xs)) * (x - _mean(xs)) for x in xs])


def _extreme(op: str) -> Callable[[Sequence[arb]], arb]:
    return lambda xs: reduce(JOIN[op], xs)


_SUMMARIES: Final[dict[str, Callable[[Sequence[arb]], arb]]] = {
    "sum": lambda xs: sum(xs, arb(0)),
    "mean": _mean,
    "var": _variance,
    "max": _extreme("max"),
    "min": _extreme("min"),
}


def _over_all(f: Callable[[Sequence[arb]], arb]) -> Callable[[Array], Array]:
    return lambda a: number(f(a.items))


def _over_columns(f: Callable[[Sequence[arb]], arb]) -> Callable[[Array], Array]:
    def run(a: Array) -> Array:
        n = len(a.items) // a.shape[0]
        return Array(a.shape[1:], tuple(f(a.items[k::n]) for k in range(n)))

    return run


def _over_rows(f: Callable[[Sequence[arb]], arb]) -> Callable[[Array], Array]:
    return lambda a: Array(a.shape[:-1], tuple(f(row) for row in _rows(a)))


def _softmax(a: Array) -> Array:
    items: list[arb] = []
    for row in _rows(a):
        total = sum((x.exp() for x in row), arb(0))
        items.extend(x.exp() / total for x in row)
    return Array(a.shape, tuple(items), a.row)


def _norm(xs: Sequence[arb]) -> arb:
    return sum((x * x for x in xs), arb(0)).sqrt()


_OF_ONE: Final[dict[str, Callable[[Array], Array]]] = {
    "transpose": _transposed,
    "inv": _inverse,
    "det": lambda a: number(_determinant(_rows(a))),
    "logdet": lambda a: number(_determinant(_rows(a)).log()),
    "trace": lambda a: number(sum(_diagonal(a).items, arb(0))),
    "diag": _diagonal,
    "norm": _over_all(_norm),
    "norm1": _over_all(lambda xs: sum((abs(x) for x in xs), arb(0))),
    "norm2": _over_all(_norm),
    "softmax": _softmax,
    "logsumexp": _over_rows(lambda xs: sum((x.exp() for x in xs), arb(0)).log()),
    **{op: _over_all(f) for op, f in _SUMMARIES.items()},
    **{op + "0": _over_columns(f) for op, f in _SUMMARIES.items()},
    **{op + "1": _over_rows(f) for op, f in _SUMMARIES.items()},
}
_OF_TWO: Final[dict[str, Callable[[Array, Array], Array]]] = {
    "matmul": _product,
    "dot": lambda a, b: number(sum((x * y for x, y in zip(a.items, b.items, strict=True)), arb(0))),
    "outer": _outer,
    "matpow": _matrix_power,
    "hadamard": lambda a, b: entrywise(times, [a, b]),
    "entrywise_div": lambda a, b: entrywise(_over, [a, b]),
    "entrywise_pow": lambda a, b: entrywise(power, [a, b]),
}


def operate(op: str, kids: Sequence[Array]) -> Array:
    """An array operation; of more than two arrays, from the left."""
    if op in _OF_ONE:
        return _OF_ONE[op](kids[0])
    return reduce(_OF_TWO[op], kids)
