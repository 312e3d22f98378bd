"""A program as machine code: one pass over rows, with NumPy for the little that is before and after it.

Serves programs that :func:`whygrad.lower.fuse.fuse` takes apart. Everything else, and every machine
without llvmlite, is NumPy's (:mod:`whygrad.backends.numpy_backend`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.native.kernel import MOST_ROWS, Slots, interleaved, kernel, supported
from whygrad.backends.native.machine import Code, Machine, code, machine
from whygrad.backends.native.pool import cores, together
from whygrad.backends.numpy_backend import binder
from whygrad.lower.fuse import Fused, RowLoop, fuse
from whygrad.lower.program import Input, Length, Map, Program

Array = NDArray[np.float64]
Evaluate = Callable[..., tuple[Any, ...]]
NAME: Final = "whygrad_rows"
BLOCK_BYTES: Final = 32 * 1024
"""Of a matrix: about the first cache, so that the second use finds what the first has read."""
CHUNK_ENTRIES: Final = 1 << 18
LEAST_ENTRIES: Final = 500_000
"""Of the data, below which a fit is over before this pays."""
ENTRIES_A_THREAD: Final = 100_000
SPARSE_CHUNKS: Final = 8
SPARSE_ENTRIES: Final = 256


def plan(program: Program, free: Sequence[str]) -> Fused | None:
    """The program in three parts, if there is machine code for it here, where ``free`` varies."""
    found = fuse(program)
    if found is None or not supported(found.loop):
        return None
    return None if {*found.loop.matrices, *found.loop.rows} & set(free) else found


def native_source(program: Program, lanes: int = 4) -> str | None:
    """The pass over rows in LLVM's assembly language, for vectors of so many doubles, or None."""
    found = fuse(program)
    if found is None or not supported(found.loop):
        return None
    return kernel(found.loop, lanes, frozenset(), frozenset(), NAME)


def bind_native(
    program: Program,
    free: Sequence[str],
    arrays: Mapping[str, Any],
    sizes: Mapping[str, int],
    *,
    threads: int | None = None,
) -> Evaluate | None:
    """The program on data, as :func:`whygrad.backends.numpy_backend.binder` gives it; None where it cannot.

    Parameters
    ----------
    free
        The inputs that the result takes, in order.
    threads
        By default as many as there are processors. The result does not depend on it.
    """
    here = machine()
    found = plan(program, free) if here is not None else None
    if here is None or found is None:
        return None
    return _Rows(here, found, free, arrays, sizes, threads).function()


def bind_large(
    program: Program, free: Sequence[str], arrays: Mapping[str, Any], sizes: Mapping[str, int]
) -> Evaluate | None:
    """As :func:`bind_native`, where there are so many data that making code pays."""
    given = [a for name, a in arrays.items() if name not in free]
    most = max((np.size(a) for a in given), default=0)
    large = most >= LEAST_ENTRIES or any(hasattr(a, "tocsr") for a in given)
    return bind_native(program, free, arrays, sizes) if large else None


def _row_bytes(matrix: _Matrix, rows: int) -> int:
    if matrix.sparse:
        return -(-matrix.data.size * (matrix.data.itemsize + 4) // max(1, rows))
    return matrix.width * matrix.data.itemsize


@dataclass(frozen=True)
class _Matrix:
    """A matrix, by which of its two ways it lies in memory, and how far apart its rows or columns are."""

    data: NDArray[Any]
    by_column: bool
    lead: int
    width: int
    sparse: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None
    """Where each row's entries begin, and the column of each entry, where only these are kept."""

    @property
    def single(self) -> bool:
        """Whether it is of single precision."""
        return self.data.dtype == np.float32


def _matrix(value: Any) -> _Matrix:
    if hasattr(value, "tocsr"):
        table = value.tocsr()
        kind = np.float32 if table.dtype == np.float32 else np.float64
        starts = np.ascontiguousarray(table.indptr, dtype=np.int64)
        columns = np.ascontiguousarray(table.indices, dtype=np.int32)
        data = np.ascontiguousarray(table.data, dtype=kind)
        return _Matrix(data, False, 0, int(table.shape[1]), (starts, columns))
    kind = np.float32 if getattr(value, "dtype", None) == np.float32 else np.float64
    data: NDArray[Any] = np.asarray(value, dtype=kind)
    size = data.itemsize
    rows, columns = data.strides
    if columns == size and rows >= size * data.shape[1] and rows % size == 0:
        return _Matrix(data, False, rows // size, data.shape[1])
    if rows == size and columns >= size * data.shape[0] and columns % size == 0:
        return _Matrix(data, True, columns // size, data.shape[1])
    return _Matrix(np.ascontiguousarray(data), False, data.shape[1], data.shape[1])


def _compiled(here: Machine, loop: RowLoop, matrices: Mapping[str, _Matrix]) -> Code:
    by_column = frozenset(x for x, a in matrices.items() if a.by_column)
    single = frozenset(x for x, a in matrices.items() if a.single)
    sparse = frozenset(x for x, a in matrices.items() if a.sparse)
    key = f"{loop!r} {here.lanes} {sorted(by_column)} {sorted(single)} {sorted(sparse)}"
    return code(here, key, lambda: kernel(loop, here.lanes, by_column, single, NAME, sparse), NAME)


class _Rows:
    """One program on data."""

    def __init__(
        self,
        here: Machine,
        fused: Fused,
        free: Sequence[str],
        arrays: Mapping[str, Any],
        sizes: Mapping[str, int],
        threads: int | None,
    ) -> None:
        self.loop, self.lock = fused.loop, threading.Lock()
        self.fused, self.free = fused, tuple(free)
        loop = fused.loop
        self.given = tuple(fused.before.outputs)
        self.before = binder(fused.before, free)(arrays, sizes)
        self.after = binder(fused.after, (*(t.name for t in loop.totals), *free))(arrays, sizes)
        self.matrices = {x: _matrix(arrays[x]) for x in loop.matrices}
        self.rows = {x: np.ascontiguousarray(arrays[x], dtype=np.float64) for x in loop.rows}
        self.code = _compiled(here, loop, self.matrices)
        self.places = Slots.of(loop, frozenset(x for x, a in self.matrices.items() if a.sparse)).places
        self.slots = np.zeros(len(self.places), dtype=np.int64)
        self.numbers = self.slots.view(np.float64)
        self.vectors = {name: np.zeros(self._width(name)) for name in self._vectors()}
        self._shape(sizes[loop.dim], threads)
        self._fill()

    def _vectors(self) -> list[str]:
        return list(dict.fromkeys(f.vector for f in self.loop.forms))

    def _width(self, vector: str) -> int:
        matrix = next(f.matrix for f in self.loop.forms if f.vector == vector)
        return self.matrices[matrix].width

    def _shape(self, rows: int, threads: int | None) -> None:
        """Rows of blocks and chunks, and the memory of chunks."""
        tables = self.matrices.values()
        width = sum(-(-a.data.size // max(1, rows)) if a.sparse else a.width for a in tables)
        size = max(1, sum(_row_bytes(a, rows) for a in tables))
        block = max(8, min(64, BLOCK_BYTES // size // 8 * 8))
        if any(a.by_column for a in tables):
            block = MOST_ROWS  # what lies together in a column must be long
        self.chunk = max(1, CHUNK_ENTRIES // (block * max(1, width))) * block
        if any(a.sparse for a in tables):
            # What a block has looked up in the vector is still in the first cache when it is added to.
            block = max(8, min(64, SPARSE_ENTRIES // max(1, width) // 8 * 8))
            # Each chunk has totals of its own for every column, of which there may be many.
            self.chunk = max(self.chunk, -(-rows // (SPARSE_CHUNKS * block)) * block)
        self.chunks = -(-rows // self.chunk)
        many = rows * width // ENTRIES_A_THREAD
        self.threads = max(1, min(cores() if threads is None else threads, self.chunks, many))
        self.block, self.count = block, rows
        at = 0
        paired = interleaved(self.loop, frozenset(x for x, a in self.matrices.items() if a.sparse))
        self.parts: list[tuple[int, int | None]] = []
        self.steps: list[int] = []
        for t in self.loop.totals:
            entries = self.matrices[t.matrix].width if t.matrix else None
            step = 2 if t.name in paired else 1
            self.slots[self.places[f"total {t.name}"]] = at
            self.parts.append((at + step - 1, entries))
            self.steps.append(step)
            at += 1 if entries is None else step * entries
        self.stride = -(-at // 8) * 8
        self.partial = np.zeros((max(1, self.chunks), self.stride))
        self.counter = np.zeros(1, dtype=np.int64)

    def _fill(self) -> None:
        put = {
            "rows": self.count,
            "block": self.block,
            "chunk rows": self.chunk,
            "chunks": self.chunks,
            "counter": self.counter.ctypes.data,
            "partial": self.partial.ctypes.data,
            "stride": self.stride,
        }
        for name, a in self.matrices.items():
            put |= {f"matrix {name}": a.data.ctypes.data, f"width {name}": a.width}
            if a.sparse:
                put |= {f"starts {name}": a.sparse[0].ctypes.data, f"columns {name}": a.sparse[1].ctypes.data}
            else:
                put[f"lead {name}"] = a.lead
        put |= {f"row {name}": a.ctypes.data for name, a in self.rows.items()}
        put |= {f"vector {name}": a.ctypes.data for name, a in self.vectors.items()}
        for name, value in put.items():
            self.slots[self.places[name]] = value
        self.argument = self.slots.ctypes.data

    def _run(self) -> None:
        self.code.call(self.argument)

    def function(self) -> Evaluate:
        """The function of the parameters: a short way where they go into the pass as they are."""
        quick = _Quick.of(self)
        return self.evaluate if quick is None else quick.evaluate

    def evaluate(self, *parameters: Any) -> tuple[Any, ...]:
        """The outputs at these values of the free inputs."""
        with self.lock, np.errstate(all="ignore"):
            given = self.before(*parameters)
            for name, value in zip(self.given, given, strict=True):
                if name in self.vectors:
                    self.vectors[name][:] = value
                else:
                    self.numbers[self.places[f"scalar {name}"]] = value
            self.counter[0] = 0
            together(self._run, self.threads)
            whole = self.partial[0] if self.chunks == 1 else self.partial.sum(axis=0)
            pairs = zip(self.parts, self.steps, strict=True)
            totals = [
                whole[at] if size is None else whole[at : at + step * size : step].copy()
                for (at, size), step in pairs
            ]
            return self.after(*totals, *parameters)


class _Quick:
    """Few data: what is done in Python at each call is all that counts.

    For one chunk, where each parameter is a vector or a number of the pass, and nothing but a division by
    a size comes after it (which cannot warn, so warnings need not be turned off and on again).
    """

    def __init__(self, rows: _Rows, free: Sequence[str]) -> None:
        space: dict[str, Any] = {
            "after": rows.after,
            "argument": rows.argument,
            "call": rows.code.short,
            "counter": memoryview(cast("Any", rows.counter)),
            "fitting": _fitting,
            "lock": rows.lock,
            "keeper": rows,  # of the memory and the code that stand behind the numbers below
            "numbers": memoryview(cast("Any", rows.numbers)),
            "totals": memoryview(rows.partial[0]),
        }
        names = [f"p{k}" for k in range(len(free))]
        puts: list[str] = []
        for k, name in enumerate(free):
            vector = rows.vectors.get(name)
            if vector is None:
                puts.append(f"numbers[{rows.places[f'scalar {name}']}] = p{k}")
            else:
                space |= {f"v{k}": vector, f"s{k}": vector.shape}
                puts += [f"if getattr(p{k}, 'shape', None) != s{k}:", f"    p{k} = fitting(p{k}, s{k})"]
                puts.append(f"v{k}[:] = p{k}")
        for k, (at, size) in enumerate(rows.parts):
            space[f"t{k}"] = rows.partial[0][at : at + (size or 1)]
        totals = [f"totals[{at}]" if n is None else f"t{k}" for k, (at, n) in enumerate(rows.parts)]
        lines = [*puts, "counter[0] = 0", "call(argument)", f"return after({', '.join([*totals, *names])})"]
        body = "\n".join(f"        {line}" for line in lines)
        exec(f"def evaluate({', '.join(names)}):\n    with lock:\n{body}\n", space)
        self.evaluate: Evaluate = space["evaluate"]

    @classmethod
    def of(cls, rows: _Rows) -> _Quick | None:
        """None where it takes the long way."""
        before, after, free = rows.fused.before, rows.fused.after, rows.free
        plain = all(isinstance(i.operation, Input) for i in before.instructions)
        known = {f"scalar {name}" for name in free} & set(rows.places) | rows.vectors.keys()
        if rows.chunks != 1 or max(rows.steps) > 1 or not plain or set(rows.given) - set(free):
            return None
        if any(name not in known and f"scalar {name}" not in known for name in free):
            return None
        lengths = {i.name for i in after.instructions if isinstance(i.operation, Length)}
        made = {i.name for i in after.instructions if isinstance(i.operation, Map)}
        quiet = all(
            isinstance(i.operation, Input | Length)
            or (
                isinstance(i.operation, Map)
                and i.operation.function == "div"
                and i.operation.args[1].value in lengths
            )
            for i in after.instructions
        )
        fresh = all(o.value in made for o in after.outputs.values())
        return cls(rows, free) if quiet and fresh else None


def _fitting(value: Any, shape: tuple[int, ...]) -> Array:
    found = np.asarray(value, dtype=np.float64)
    if found.shape != shape:
        raise ValueError(f"a parameter has shape {found.shape}, and {shape} is needed")
    return found
