"""A program over blocks of rows: NumPy on pieces that stay in the cache, or that fit in memory.

Serves every cost that :func:`whygrad.lower.split.split` cuts: networks, normalised rows, softmax. What
NumPy would write to memory for all rows at once, and read again, stays in the cache for some rows.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from whygrad.backends.native.pool import cores, together
from whygrad.backends.numpy_backend import Evaluate, binder
from whygrad.lower.program import Program
from whygrad.lower.split import Split, split
from whygrad.meaning.shapes import size_of_dim

BLOCK_BYTES: Final = 1 << 20
"""Of all that is worked out for a block: a part of the second cache."""
FEWEST_ROWS: Final = 16
CHUNKS: Final = 16
"""Parts whose sums are added in order, so that the result does not depend on the number of threads."""
LEAST_ENTRIES: Final = 1 << 18
"""Of the largest array on the way, below which whole arrays are in the cache anyway."""


def bind_blocks(
    program: Program,
    free: Sequence[str],
    arrays: Mapping[str, Any],
    sizes: Mapping[str, int],
    *,
    threads: int | None = None,
    block: int | None = None,
) -> Evaluate | None:
    """The program on data, as :func:`whygrad.backends.numpy_backend.binder` gives it; None where it cannot.

    Parameters
    ----------
    free
        The inputs that the result takes, in order; none of them may run over the rows.
    threads
        By default as many as there are processors. The result does not depend on it.
    block
        Rows of a block; by default as many as fit the cache.
    """
    parts = split(program)
    if parts is None or set(parts.data) & set(free):
        return None
    return Blocks(parts, free, arrays, sizes, threads=threads, block=block).evaluate


class Blocks:
    """A program in parts on data.

    ``rows`` may be asked for some of the rows only (:meth:`on`), whose totals then stand for all.
    """

    def __init__(
        self,
        parts: Split,
        free: Sequence[str],
        arrays: Mapping[str, Any],
        sizes: Mapping[str, int],
        *,
        threads: int | None = None,
        block: int | None = None,
    ) -> None:
        self.parts, self.arrays, self.sizes = parts, arrays, sizes
        self.count = sizes[parts.dim]
        self.before = binder(parts.before, free)(arrays, sizes)
        self.given = tuple(parts.before.outputs)
        self.rows = binder(parts.rows, self.given)
        self.after = binder(parts.after, (*parts.totals, *free))(arrays, sizes)
        self.fixed = {
            name: arrays[name]
            for name in parts.rows.inputs
            if name not in self.given and name not in parts.data
        }
        self.block = block or self._block()
        many = -(-self.count // self.block)
        step = -(-many // CHUNKS) * self.block
        self.chunks = [(k, min(k + step, self.count)) for k in range(0, self.count, step)]
        self.threads = max(1, min(cores() if threads is None else threads, len(self.chunks)))

    def _block(self) -> int:
        """As many rows as fit the cache with all that is worked out of them."""
        own = self.parts.dim
        entries = sum(
            math.prod(size_of_dim(d, self.sizes) for d in i.dims if d != own)
            for i in self.parts.rows.instructions
            if own in i.dims
        )
        return max(FEWEST_ROWS, BLOCK_BYTES // (8 * max(1, entries)))

    def share(self, first: int, stop: int, given: Sequence[Any]) -> list[Any]:
        """The totals of the rows from ``first`` to ``stop``."""
        found: list[Any] | None = None
        for start in range(first, stop, self.block):
            end = min(start + self.block, stop)
            found = _added(found, self._piece(lambda a, s=start, e=end: a[s:e], end - start, given))
        return found or []

    def _piece(self, take: Callable[[Any], Any], count: int, given: Sequence[Any]) -> tuple[Any, ...]:
        arrays = {name: take(self.arrays[name]) for name in self.parts.data}
        return self.rows({**self.fixed, **arrays}, {**self.sizes, self.parts.dim: count})(*given)

    def evaluate(self, *parameters: Any) -> tuple[Any, ...]:
        """The outputs at these values of the free inputs."""
        with np.errstate(all="ignore"):
            given = self.before(*parameters)
            return self.after(*self._totals(given), *parameters)

    def on(self, chosen: Any, *parameters: Any) -> tuple[Any, ...]:
        """The outputs as some rows tell them: their totals, scaled up to the number of all."""
        with np.errstate(all="ignore"):
            given = self.before(*parameters)
            totals = self._piece(lambda a: a[chosen], len(chosen), given)
            scale = self.count / len(chosen)
            return self.after(*(scale * np.asarray(t)[()] for t in totals), *parameters)

    def _totals(self, given: Sequence[Any]) -> list[Any]:
        shares: list[list[Any]] = [[] for _ in self.chunks]
        turn, lock = itertools.count(), threading.Lock()

        def work() -> None:
            with np.errstate(all="ignore"):
                while True:
                    with lock:
                        k = next(turn)
                    if k >= len(self.chunks):
                        return
                    shares[k] = self.share(*self.chunks[k], given)

        together(work, self.threads)
        found: list[Any] | None = None
        for share in shares:
            found = _added(found, share)
        return found or []


def _added(total: list[Any] | None, more: Sequence[Any]) -> list[Any]:
    if total is None:
        return [np.array(a, dtype=np.float64)[()] for a in more]
    for k, a in enumerate(more):
        total[k] += a
    return total


def bind_large(
    program: Program, free: Sequence[str], arrays: Mapping[str, Any], sizes: Mapping[str, int]
) -> Evaluate | None:
    """As :func:`bind_blocks`, where the arrays on the way are so large that it pays."""
    most = max(math.prod(size_of_dim(d, sizes) for d in i.dims) for i in program.instructions)
    return bind_blocks(program, free, arrays, sizes) if most >= LEAST_ENTRIES else None
