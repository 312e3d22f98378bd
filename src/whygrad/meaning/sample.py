"""Random admissible points: a value for every free name, within what was declared about it.

A point drawn for testing has dyadic values of 24 random bits, so that an accident is not to be feared;
one drawn for showing has small round ones (0.6, 1, 2). Sizes are distinct and at least 2: a dimension of
size 1 hides a forgotten sum, two equal ones hide a transposition.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from whygrad.core import walk
from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import Call, Expr, Index, Reduce, Size, Symbol
from whygrad.meaning.shapes import base_dim, size_of_dim

Key = tuple[str, tuple[int, ...]]
"""A name and its positions, counted from 1."""

_BITS: Final = 24
_ROUND: Final = tuple(Fraction(k, 10) for k in (10, 20, 5, 30, -10, 15, 6, -20, 4, 25, 8, -5))
_ROUND_UNIT: Final = tuple(Fraction(k, 10) for k in (6, 3, 8, 2, 7, 4, 9, 1, 5))


@dataclass(frozen=True, slots=True)
class Point:
    """Values of the free names, sizes of the dimensions, a position for each free index letter.

    Positions count from 1, as on paper.
    """

    values: Mapping[Key, Fraction]
    sizes: Mapping[str, int]
    positions: Mapping[Index, int]
    symbols: tuple[Symbol, ...] = ()
    """The free names as they stand in the expressions, for :meth:`show`."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def show(self) -> dict[str, str]:
        """Name -> value in plain text, as small as may be.

        ``f[i]`` alone when only the entry at the free letters matters, else whole arrays, and sizes
        where an array is long.
        """
        shown: dict[str, str] = {}
        for name in dict.fromkeys(symbol.name for symbol in self.symbols):
            uses = [symbol for symbol in self.symbols if symbol.name == name]
            rank = len(self.shapes.get(name, ()))
            placed = [
                use
                for use in uses
                if len(use.indices) == rank and all(index in self.positions for index in use.indices)
            ]
            if len(placed) == len(uses):
                for use in uses:
                    key = (name, tuple(self.positions[i] for i in use.indices if isinstance(i, Index)))
                    shown[_written(use)] = number_text(self.values[key])
            else:
                shown[name] = self._array(name)
        whole = any(not k.endswith("]") and v.startswith("[") for k, v in shown.items())
        if whole:
            shown.update({index.letter: str(position) for index, position in self.positions.items()})
        used = {i.dim for symbol in self.symbols for i in symbol.indices if isinstance(i, Index)}
        if not whole:
            shown.update({d: str(n) for d, n in self.sizes.items() if d not in used and d not in shown})
        return shown

    def _array(self, name: str) -> str:
        shape = self.shapes[name]
        texts = [number_text(self.values[name, place]) for place in places(shape)]
        for size in reversed(shape):
            texts = ["[" + ", ".join(texts[k : k + size]) + "]" for k in range(0, len(texts), size)]
        return texts[0] if texts else "[]"


def number_text(value: Fraction) -> str:
    """A short decimal when it is exact, else a quotient.

    >>> number_text(Fraction(3, 5)), number_text(Fraction(1, 3))
    ('0.6', '1/3')
    """
    for digits in range(9):
        if (value * 10**digits).denominator == 1:
            return f"{float(value):.{digits}f}"
    return str(value) if value.denominator < 1000 else f"{float(value):.6g}"


def _written(symbol: Symbol) -> str:
    inside = ",".join(i.letter for i in symbol.indices if isinstance(i, Index))
    return f"{symbol.name}[{inside}]" if inside else symbol.name


def places(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All positions of an array, counted from 1, the last running fastest."""
    return itertools.product(*(range(1, size + 1) for size in shape))


def free_symbols(exprs: Iterable[Expr], scope: Scope) -> tuple[Symbol, ...]:
    """The occurrences of names that are not defined, through the definitions, in order.

    Parameters of functions are bound, so they are left out.
    """
    found: dict[Symbol, None] = {}
    stack: list[tuple[Expr, frozenset[str]]] = [(e, frozenset[str]()) for e in reversed(tuple(exprs))]
    followed: set[str] = set()
    while stack:
        e, bound = stack.pop()
        later: list[tuple[Expr, frozenset[str]]] = []
        for node in walk.postorder(e):
            if not isinstance(node, (Symbol, Call)) or node.name in bound:
                continue
            definition = scope.definitions.get(node.name)
            if definition is None:
                if isinstance(node, Symbol):
                    found.setdefault(node)
            elif node.name not in followed:
                followed.add(node.name)
                later.append((definition.body, frozenset(definition.parameters)))
        stack.extend(reversed(later))
    return tuple(found)


def dimensions(exprs: Iterable[Expr], scope: Scope) -> tuple[str, ...]:
    """Every dimension that occurs, through the definitions, in order."""
    found = dimensions_written(exprs, scope)
    return tuple(dict.fromkeys(base for d in found if not (base := base_dim(d)).isdecimal()))


def most_lost(exprs: Iterable[Expr], scope: Scope) -> int:
    """The most entries that a shortened dimension lacks: 2 where one is T - 2, else 0."""
    found = [d for d in dimensions_written(exprs, scope) if not base_dim(d).isdecimal()]
    return max((-size_of_dim(d, {base_dim(d): 0}) for d in found), default=0)


def dimensions_written(exprs: Iterable[Expr], scope: Scope) -> tuple[str, ...]:
    """The same as they are written, shortened ones (T - 2) too."""
    found: dict[str, None] = {}
    todo = list(exprs)
    followed: set[str] = set()
    for e in todo:  # grows while it runs
        for node in walk.postorder(e):
            match node:
                case Index(_, dim) | Size(dim):
                    found.setdefault(dim)
                case Symbol(name) | Call(name):
                    if isinstance(node, Symbol):
                        found.update(dict.fromkeys(scope.dims_of(name)))
                    if name in scope.definitions and name not in followed:
                        followed.add(name)
                        todo.append(scope.definitions[name].body)
                        found.update(dict.fromkeys(i.dim for i in scope.definitions[name].indices))
                case Reduce(_, index):
                    found.setdefault(index.dim)
                case _:
                    pass
    return tuple(found)


def draw_sizes(dims: Sequence[str], seed: int, lost: int = 0) -> dict[str, int]:
    """Distinct sizes from 2 up, small, in random order; more where ``lost`` of the entries are cut off.

    >>> sorted(draw_sizes(("m", "n"), 1).values()) in ([2, 3], [2, 4], [3, 4])
    True
    """
    least = max(2, lost + 1)
    choice = range(least, least + max(3, len(dims)))
    return dict(zip(dims, random.Random(seed).sample(choice, len(dims)), strict=True))


def draw_point(
    exprs: Sequence[Expr],
    scope: Scope,
    seed: int,
    sizes: Mapping[str, int] | None = None,
    *,
    simple: bool = False,
) -> Point:
    """Draw an admissible value for every free name of some expressions.

    Parameters
    ----------
    exprs
        The expressions; names they use through definitions count.
    scope
        Declarations (domains) and definitions. A name that is neither is a free real number, half of
        the time drawn from (0, 1), where logarithms of it and of its complement exist.
    seed
        Same seed, same point.
    sizes
        Sizes of dimensions; those not given are drawn.
    simple
        Small round numbers, for showing.

    Examples
    --------
    >>> from whygrad.core.cost import Domain
    >>> y = Declaration("y", "data", ("m",), (Domain("finite", (Fraction(0), Fraction(1))),))
    >>> point = draw_point([Symbol("y", (Index("i", "m"),))], Scope({"y": y}), seed=1)
    >>> all(value in (0, 1) for value in point.values.values())
    True
    """
    return Sampler(exprs, scope).draw(seed, sizes, simple=simple)


SIZES_TRIED = 40
"""How often sizes are drawn until no free letter's range is empty."""


class Sampler:
    """What some expressions need, looked up once; then points are drawn."""

    def __init__(self, exprs: Sequence[Expr], scope: Scope) -> None:
        self.scope = scope
        self.symbols = free_symbols(exprs, scope)
        self.dimensions = dimensions(exprs, scope)
        self.lost = most_lost(exprs, scope)
        self.letters = sorted(_free(exprs), key=lambda i: (i.letter, i.dim))
        self.names = tuple(dict.fromkeys(symbol.name for symbol in self.symbols))
        self.pointers = {n for s in self.symbols for index in s.indices for n in walk.names(index)}

    def draw(self, seed: int, sizes: Mapping[str, int] | None = None, *, simple: bool = False) -> Point:
        """An admissible point; see :func:`draw_point`."""
        rng = random.Random(seed)
        full = dict(sizes or {})
        if any(dim not in full for dim in self.dimensions):
            given = full
            for _ in range(SIZES_TRIED):
                full = draw_sizes(self.dimensions, rng.randrange(1 << 30), self.lost) | given
                if all(size_of_dim(index.dim, full) > 0 for index in self.letters):
                    break  # every free letter has a position: n - k + 1 is none for k > n
        least = min(full.values(), default=2)
        values: dict[Key, Fraction] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        source = _Source(rng, simple)
        for name in self.names:
            declaration = self.scope.declarations.get(name)
            shape = shapes[name] = _shape(name, self.symbols, declaration, full)
            if declaration is None:
                draw = source.unit if rng.random() < (0.8 if simple else 0.5) else source.real
                drawn = [draw() for _ in places(shape)]
            else:
                drawn = _array(declaration, shape, source, least if name in self.pointers else None)
            values.update(zip([(name, place) for place in places(shape)], drawn, strict=True))
        positions = {index: rng.randint(1, size_of_dim(index.dim, full)) for index in self.letters}
        return Point(values, full, positions, self.symbols, shapes)


def _free(exprs: Iterable[Expr]) -> set[Index]:
    return {index for e in exprs for index in walk.free_indices(e)}


def _shape(
    name: str, symbols: Iterable[Symbol], declaration: Declaration | None, sizes: Mapping[str, int]
) -> tuple[int, ...]:
    """Sizes of a name; of an undeclared one by the letters it is used with."""
    if declaration is not None:
        return tuple(size_of_dim(dim, sizes) for dim in declaration.dims)
    shape: list[int] = []
    for symbol in symbols:
        if symbol.name != name:
            continue
        for k, index in enumerate(symbol.indices):
            dims = [i.dim for i in walk.free_indices(index)]
            size = max((size_of_dim(base_dim(dim), sizes) for dim in dims), default=1)
            if not dims:
                size = max(sizes.values(), default=1)
            if k == len(shape):
                shape.append(size)
            shape[k] = max(shape[k], size)
    return tuple(shape)


class _Source:
    """Random numbers of the two kinds."""

    def __init__(self, rng: random.Random, simple: bool) -> None:
        self.rng, self.simple = rng, simple

    def unit(self) -> Fraction:
        """Inside (0, 1)."""
        if self.simple:
            return self.rng.choice(_ROUND_UNIT)
        return Fraction(self.rng.getrandbits(_BITS) | 1, 1 << _BITS)

    def real(self) -> Fraction:
        """Between -2 and 2, not 0; now and then farther out."""
        if self.simple:
            return self.rng.choice(_ROUND)
        bits = self.rng.getrandbits(_BITS + 1) | 1
        sign = -1 if self.rng.getrandbits(1) else 1
        return Fraction(sign * bits, 1 << (_BITS if self.rng.getrandbits(3) else _BITS - 1))

    def positive(self) -> Fraction:
        """Above 0."""
        if self.simple:
            return abs(self.rng.choice(_ROUND))
        return Fraction(self.rng.getrandbits(_BITS) | 1, 1 << (_BITS - self.rng.getrandbits(1)))

    def within(self, low: Fraction | None, high: Fraction | None) -> Fraction:
        """Inside an interval."""
        if low is None and high is None:
            return self.real()
        if low is None or high is None:
            return low + self.positive() if low is not None else (high or 0) - self.positive()
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> Fraction:
        """A whole number, ends included."""
        return Fraction(self.rng.randint(low, max(low, high)))


def _array(d: Declaration, shape: tuple[int, ...], source: _Source, pointer: int | None) -> list[Fraction]:
    """The entries of a declared name, row by row."""
    if d.value is not None:
        return [d.value for _ in places(shape)]
    for domain in d.domains:
        if domain.kind in ("onehot", "simplex"):
            axis = d.dims.index(domain.dim) if domain.dim in d.dims else len(shape) - 1
            return _lines(shape, axis, source, onehot=domain.kind == "onehot")
    if d.has("spd") and len(shape) == 2:
        return _positive_definite(shape[0], source)
    if d.has("symmetric") and len(shape) == 2:
        return _mirrored({place: _entry(d, source, None) for place in places(shape)})
    return [_entry(d, source, pointer) for _ in places(shape)]


def _entry(d: Declaration, source: _Source, pointer: int | None) -> Fraction:
    if d.values:
        return source.rng.choice(d.values)
    if not d.domains:
        return source.real()
    low = d.low
    high = min((domain.high for domain in d.domains if domain.high is not None), default=None)
    if not d.has("integer"):
        return source.within(low, high)
    # The largest number below an open end is one less, so ends are tried against the declaration.
    first = -3 if low is None else -(-low.numerator // low.denominator)
    last = first + 6 if high is None else high.numerator // high.denominator
    if pointer is not None:
        first = max(first, 0)
        last = min(last, first + pointer - 1)
    first += any(x.low == first and not x.closed[0] for x in d.domains if x.kind == "interval")
    last -= any(x.high == last and not x.closed[1] for x in d.domains if x.kind == "interval")
    return source.whole(first, last)


def _lines(shape: tuple[int, ...], axis: int, source: _Source, *, onehot: bool) -> list[Fraction]:
    """Along one axis, a single 1, or positive numbers that add up to 1."""
    lines: dict[tuple[int, ...], list[Fraction]] = {}
    out: list[Fraction] = []
    for place in places(shape):
        rest = place[:axis] + place[axis + 1 :]
        if rest not in lines:
            n = shape[axis]
            if onehot:
                hot = source.rng.randrange(n)
                lines[rest] = [Fraction(int(k == hot)) for k in range(n)]
            else:
                most = 5 if source.simple else 1 << _BITS
                parts = [Fraction(source.rng.randint(1, most)) for _ in range(n)]
                lines[rest] = [part / sum(parts) for part in parts]
        out.append(lines[rest][place[axis] - 1])
    return out


def _positive_definite(n: int, source: _Source) -> list[Fraction]:
    """A A' + 1/2 for a random A."""
    a = [[source.real() for _ in range(n)] for _ in range(n)]
    return [
        sum((x * y for x, y in zip(a[r], a[c], strict=True)), Fraction(int(r == c), 2))
        for r in range(n)
        for c in range(n)
    ]


def _mirrored(entries: Mapping[tuple[int, ...], Fraction]) -> list[Fraction]:
    return [entries[max(place), min(place)] for place in entries]
