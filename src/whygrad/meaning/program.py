"""Flat programs of ball arithmetic: what :mod:`whygrad.meaning.unroll` makes and an enclosure runs.

Every value is a list: one ball for each position of the index letters it depends on (its *axes*), the
last letter running fastest. The program is made once and run at many points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Final, NamedTuple

from flint import arb, ctx

from whygrad.core.expr import Index
from whygrad.meaning.balls import NAN, ONE, ZERO, ball, determinant, log_determinant, matrix_inverse
from whygrad.meaning.sample import Point

Values = list[list[arb]]
Step = Callable[[Values], list[arb]]


class Slot(NamedTuple):
    """Where a value lies, and the letters it depends on."""

    number: int
    axes: tuple[Index, ...]


class Program:
    """Ready to run: constants, inputs, steps, and where the outputs are."""

    __slots__ = (
        "_constants",
        "axes",
        "constants",
        "count",
        "inputs",
        "outputs",
        "shape",
        "steps",
        "summands",
    )

    def __init__(self) -> None:
        self.count = 0
        self.constants: list[tuple[int, Callable[[], list[arb]]]] = []
        self.inputs: list[tuple[int, list[tuple[str, tuple[int, ...]]]]] = []
        self.steps: list[tuple[int, Step]] = []
        self.outputs: list[int] = []
        self.axes: tuple[Index, ...] = ()
        self.shape: tuple[int, ...] = ()
        self.summands: set[int] = set()
        """Slots that are terms of a sum: how large they are says how much could cancel."""
        self._constants: dict[int, list[tuple[int, list[arb]]]] = {}

    def run(self, point: Point, bits: int) -> Values:
        """All values at a point, with ``bits`` of working precision."""
        with ctx.workprec(bits):
            v: Values = [[]] * self.count
            ready = self._constants.get(bits)
            if ready is None:
                ready = self._constants[bits] = [(slot, make()) for slot, make in self.constants]
            for slot, value in ready:
                v[slot] = value
            given = point.values
            for slot, keys in self.inputs:
                v[slot] = [ball(given[key]) if key in given else NAN for key in keys]
            for slot, step in self.steps:
                v[slot] = step(v)
        return v

    def flat(self, positions: Mapping[Index, int]) -> int:
        """Where in the list of an output the entry at these positions stands."""
        flat = 0
        for axis, size in zip(self.axes, self.shape, strict=True):
            flat = flat * size + positions[axis] - 1
        return flat

    def positions(self, flat: int) -> dict[Index, int]:
        """The positions of an entry of an output."""
        found: dict[Index, int] = {}
        for axis, size in zip(reversed(self.axes), reversed(self.shape), strict=True):
            flat, found[axis] = flat // size, flat % size + 1
        return found


@lru_cache(maxsize=4096)
def gather(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Flat position in the source for each position of ``shape``; a stride for each of its axes."""
    flat = [0]
    for size, stride in zip(shape, strides, strict=True):
        flat = [base + k * stride for base in flat for k in range(size)]
    return tuple(flat)


def chunks(values: list[arb], n: int) -> list[list[arb]]:
    """Consecutive pieces of length n."""
    return [values[k : k + n] for k in range(0, len(values), n)]


def flat_position(row: Sequence[int], shape: Sequence[int]) -> int:
    """The flat position, -1 outside."""
    flat = 0
    for position, size in zip(row, shape, strict=True):
        if not 1 <= position <= size:
            return -1
        flat = flat * size + position - 1
    return flat


def pick(table: int, numbers: Sequence[int], shape: tuple[int, ...]) -> Step:
    """Look up positions that are known only when the program runs."""

    def step(v: Values) -> list[arb]:
        out: list[arb] = []
        for places in zip(*(v[n] for n in numbers), strict=True):
            whole = [place.unique_fmpz() if place.is_exact() else None for place in places]
            flat = -1 if None in whole else flat_position([int(w) for w in whole if w is not None], shape)
            out.append(v[table][flat] if flat >= 0 else NAN)
        return out

    return step


def times(a: int, b: int) -> Step:
    """The product of two slots."""
    return lambda v: [x * y for x, y in zip(v[a], v[b], strict=True)]


def select(guard: int, value: int, otherwise: int | None) -> Step:
    """``value`` where ``guard`` is 1, ``otherwise`` (None: 0) where it is 0, nan where it cannot be told."""

    def step(v: Values) -> list[arb]:
        others = v[otherwise] if otherwise is not None else [ZERO] * len(v[value])
        return [
            y if g.is_zero() else x if g.is_finite() else NAN
            for g, x, y in zip(v[guard], v[value], others, strict=True)
        ]

    return step


JOIN: Final[dict[str, Callable[[list[arb]], arb]]] = {
    "sum": lambda xs: sum(xs, ZERO),
    "prod": lambda xs: reduce(lambda a, b: a * b, xs, ONE),
    "max": lambda xs: reduce(arb.max, xs) if xs else NAN,
    "min": lambda xs: reduce(arb.min, xs) if xs else NAN,
}
MATRIX: Final[dict[str, Callable[[Sequence[arb], int], list[arb]]]] = {
    "inv": matrix_inverse,
    "det": determinant,
    "logdet": log_determinant,
}
