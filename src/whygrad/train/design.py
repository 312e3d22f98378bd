"""The rows a_i of a linear form, as they lie in memory: never all of them copied.

Most forms are x_i · w + b: the data's own matrix beside a column of ones. Such a matrix is kept as it
is (an array, a memory map, a sparse matrix), and what needs the rows side by side takes some at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BLOCK_ENTRIES: Final = 1 << 17
"""Of the rows that are put side by side at a time: 1 MB."""


def is_sparse(value: Any) -> bool:
    """Whether it is one of SciPy's sparse matrices or arrays, told without importing SciPy."""
    return hasattr(value, "tocsr") and hasattr(value, "nnz")


class Design:
    """Columns side by side: matrices of ``count`` rows, or one row that stands for all."""

    def __init__(self, parts: Sequence[Any], count: int) -> None:
        self.parts, self.count = list(parts), count
        self.widths = [int(p.shape[-1]) for p in self.parts]
        self.sparse = any(is_sparse(p) for p in self.parts)

    @property
    def size(self) -> int:
        """The number of columns."""
        return sum(self.widths)

    @cached_property
    def whole(self) -> Array:
        """All rows side by side, copied."""
        return self.take(slice(0, self.count))

    def take(self, chosen: Any) -> Array:
        """Some rows, side by side."""
        count = len(range(*chosen.indices(self.count))) if isinstance(chosen, slice) else len(chosen)
        found = np.empty((count, self.size))
        at = 0
        for part, width in zip(self.parts, self.widths, strict=True):
            piece = part if part.ndim == 1 else part[chosen]
            found[:, at : at + width] = piece.toarray() if is_sparse(piece) else piece
            at += width
        return found

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """All rows, some at a time."""
        step = max(1, BLOCK_ENTRIES // max(1, self.size))
        for start in range(0, self.count, step):
            chosen = slice(start, min(start + step, self.count))
            yield chosen, self.take(chosen)

    def dot(self, theta: Array) -> Array:
        """The form's value on each row."""
        found = np.zeros(self.count)
        for part, weights in zip(self.parts, self._split(theta), strict=True):
            found += part @ weights
        return found

    def gram(self, weights: Array) -> Array:
        """Aᵀ diag(weights) A."""
        if self.sparse:
            return self._sparse_gram(weights)
        found = np.zeros((self.size, self.size))
        for chosen, rows in self.blocks():
            found += rows.T @ (rows * weights[chosen, None])
        return found

    def _sparse_gram(self, weights: Array) -> Array:
        tables = [p if p.ndim == 2 else np.broadcast_to(p, (self.count, len(p))) for p in self.parts]
        turned = [_weighted(t, weights) for t in tables]
        rows = [[_dense(a.T @ b) for b in turned] for a in tables]
        return np.block(rows)

    def squares(self, weights: Array) -> Array:
        """The diagonal of Aᵀ diag(weights) A, for weights that are nowhere negative."""
        found: list[Array] = []
        for part in self.parts:
            if part.ndim == 1:
                found.append(part**2 * weights.sum())
            elif is_sparse(part):
                found.append(np.asarray(part.power(2).T @ weights).ravel())
            else:
                found.append(_squares(part, weights))
        return np.concatenate(found)

    def _split(self, theta: Array) -> list[Array]:
        return np.split(theta, np.cumsum(self.widths)[:-1])


def _squares(part: Any, weights: Array) -> Array:
    step = max(1, BLOCK_ENTRIES // max(1, part.shape[1]))
    found = np.zeros(part.shape[1])
    for start in range(0, len(weights), step):
        piece = np.asarray(part[start : start + step], dtype=np.float64)
        found += weights[start : start + step] @ piece**2
    return found


def _weighted(table: Any, weights: Array) -> Any:
    return table.multiply(weights[:, None]).tocsr() if is_sparse(table) else table * weights[:, None]


def _dense(value: Any) -> Array:
    return np.asarray(value.toarray() if is_sparse(value) else value, dtype=np.float64)
