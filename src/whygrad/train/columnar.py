"""Columns from Parquet, Arrow, Feather and npy files, and from the tables of other libraries.

The only place where pyarrow is loaded. What is small, or holds text or gaps, becomes a table like any
other. Numbers in large files are put row by row into a file of the user's cache, once, and read from
there through the memory map: a fit goes over its data several times, and never holds all of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from whygrad.core.errors import DataError
from whygrad.train.memory import Data
from whygrad.train.table import COLUMNAR

LARGE: Final = 4_000_000
"""Entries from which a file is not held in memory."""
BATCH_ENTRIES: Final = 1 << 20
ROOM: Final = 64 << 20
"""Left free on the disk."""
KEPT: Final = 4
"""Converted files in the cache; the least recently used go first."""


@dataclass(frozen=True)
class Columns:
    """A file by columns.

    Attributes
    ----------
    batches
        Gives some rows at a time, as an array with a column for each name asked for.
    plain
        Whether every column holds numbers without gaps.
    """

    names: tuple[str, ...]
    rows: int
    plain: bool
    single: bool
    path: str
    held: Any = field(repr=False)
    kind: str

    def as_mapping(self) -> Data:
        """All columns in memory."""
        if self.kind == "npy":
            return {name: np.asarray(self.held[:, k]) for k, name in enumerate(self.names)}
        return columns_of(self.held.read_all() if self.kind == "Arrow" else self.held.read())

    def batches(self, names: Sequence[str]) -> Iterator[NDArray[Any]]:
        """Rows of these columns, some at a time."""
        count = max(1, BATCH_ENTRIES // max(1, len(names)))
        dtype = np.float32 if self.single else np.float64
        if self.kind == "npy":
            places = [self.names.index(name) for name in names]
            for start in range(0, self.rows, count):
                yield np.ascontiguousarray(self.held[start : start + count][:, places], dtype=dtype)
            return
        if self.kind == "Arrow":
            parts = (self.held.get_batch(k) for k in range(self.held.num_record_batches))
        else:
            parts = self.held.iter_batches(batch_size=count, columns=list(names), use_threads=False)
        for part in parts:
            columns = [part.column(name).to_numpy(zero_copy_only=False) for name in names]
            yield np.stack([np.asarray(c, dtype=dtype) for c in columns], axis=1)


def opened(data: Data) -> Columns | None:
    """The columns of a path to a file of one of these kinds, by its first bytes; None for all else."""
    path = data if isinstance(data, str) else os.fspath(data) if isinstance(data, os.PathLike) else None
    return None if path is None or _kind(path) is None else open_columns(path)


def _kind(path: str | os.PathLike[str]) -> str | None:
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except OSError:
        return None  # said by who reads it as text
    return next((kind for magic, kind in COLUMNAR.items() if start.startswith(magic)), None)


def open_columns(path: str | os.PathLike[str]) -> Columns:
    """A file of columns, its names and its size.

    Raises
    ------
    DataError
        If it is damaged, if it is no table, or if the library that reads it is missing.
    """
    kind = _kind(path)
    try:
        return _open_npy(str(path)) if kind == "npy" else _open_arrow(str(path), str(kind))
    except DataError:
        raise
    except (ValueError, OSError, EOFError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            "error/data-file", f"{path} cannot be read as {kind}: {first}", fix="write the file again"
        ) from None


def _open_npy(path: str) -> Columns:
    held: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    if held.dtype.names:
        names = tuple(str(name) for name in held.dtype.names)
        held = np.stack([np.asarray(held[name], dtype=np.float64) for name in names], axis=1)
    elif held.ndim == 2 and held.dtype.kind in "fiub":
        names = tuple(f"c{k + 1}" for k in range(held.shape[1]))
    else:
        raise DataError(
            "error/data-file",
            f"{path} holds an array of {held.ndim} axes of {held.dtype}, and a table of numbers is needed",
            fix="save a table: rows, and a column for each name",
        )
    return Columns(names, len(held), True, held.dtype == np.float32, path, held, "npy")


def _open_arrow(path: str, kind: str) -> Columns:
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
        ipc: Any = importlib.import_module("pyarrow.ipc")
        types: Any = importlib.import_module("pyarrow.types")
    except ImportError:
        raise DataError(
            "error/missing-extra",
            f"{path} is {kind}, which is read with pyarrow",
            fix="pip install 'whygrad[data]', or write the table as CSV",
        ) from None
    if kind == "Parquet":
        held = parquet.ParquetFile(path, memory_map=False, buffer_size=1 << 20, pre_buffer=False)
        schema, rows = held.schema_arrow, int(held.metadata.num_rows)
        gaps = _parquet_gaps(held)
    else:
        held, kind = ipc.open_file(path), "Arrow"
        schema = held.schema
        batches = [held.get_batch(k) for k in range(held.num_record_batches)]
        rows = sum(int(b.num_rows) for b in batches)
        gaps = any(c.null_count for b in batches for c in b.columns)
    kinds: list[Any] = list(schema.types)
    numbers = all(types.is_floating(t) or types.is_integer(t) or types.is_boolean(t) for t in kinds)
    single = bool(kinds) and all(types.is_float32(t) for t in kinds)
    names = tuple(str(name) for name in schema.names)
    if not rows or not names:
        raise DataError("error/data-file", f"{path} holds no rows", fix="at least one row is needed")
    return Columns(names, rows, numbers and not gaps, single, path, held, kind)


def _parquet_gaps(held: Any) -> bool:
    """Whether a value may be missing, as the file's own statistics tell; without them it may."""
    data = held.metadata
    for g in range(data.num_row_groups):
        group = data.row_group(g)
        for c in range(group.num_columns):
            found = group.column(c).statistics
            if found is None or not found.has_null_count or found.null_count:
                return True
    return False


# --- tables of other libraries ------------------------------------------------------------------


def columns_of(data: Any) -> Data:
    """A table of pandas, polars or pyarrow as columns by name; anything else as it is."""
    names = getattr(data, "column_names", None)
    names = getattr(data, "columns", None) if names is None or callable(names) else names
    if isinstance(data, Mapping | list | tuple | np.ndarray | str | os.PathLike) or names is None:
        return cast("Data", data)
    return {str(name): _plain(data[name]) for name in names}


def _plain(column: Any) -> NDArray[Any]:
    values = np.asarray(column.to_numpy())
    if values.dtype.kind not in "OUSM":
        return values
    return np.array(["" if _gone(v) else str(v) for v in values.tolist()], dtype=object)


def _gone(value: Any) -> bool:
    return value is None or value != value or str(value) in ("NaT", "<NA>")


# --- the cache ----------------------------------------------------------------------------------


def row_major(source: Columns, groups: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], list[str]]:
    """Arrays of groups of columns, from a file in which each group lies row by row.

    Returns
    -------
    The arrays, memory maps of the cache (or of the file itself, where it lies so already), and what is
    to be said.
    """
    if source.kind == "npy":
        direct = {name: _slice(source, columns) for name, columns in groups.items()}
        if all(a is not None for a in direct.values()):
            return direct, [f"{source.path} is read through the memory map"]
    folder = _folder(source, groups)
    if not (folder / "done").exists():
        _convert(source, groups, folder)
        said = f"{source.path} was written row by row to {folder}, from where it is read"
    else:
        os.utime(folder)
        said = f"{source.path} is read from {folder}, where it lies row by row"
    arrays = {name: np.load(folder / f"{k}.npy", mmap_mode="r") for k, name in enumerate(groups)}
    return {name: a[:, 0] if len(groups[name]) == 1 else a for name, a in arrays.items()}, [said]


def _slice(source: Columns, columns: Sequence[str]) -> Any:
    """Columns that stand beside each other in an array of doubles or floats."""
    first = source.names.index(columns[0])
    span = slice(first, first + len(columns))
    if source.names[span] != tuple(columns) or source.held.dtype not in (np.float64, np.float32):
        return None
    part = source.held[:, span]
    return np.ascontiguousarray(part[:, 0]) if len(columns) == 1 else part


def _folder(source: Columns, groups: Mapping[str, Sequence[str]]) -> Path:
    root = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(root) if root and Path(root).is_absolute() else Path.home() / ".cache"
    state = os.stat(source.path)
    told = [
        os.path.abspath(source.path),
        state.st_size,
        state.st_mtime_ns,
        {k: list(v) for k, v in groups.items()},
    ]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    return base / "whygrad" / "data" / digest


def _convert(source: Columns, groups: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Write the groups beside each other; nobody sees the folder before it is whole."""
    size = 4 if source.single else 8
    needed = source.rows * size * sum(map(len, groups.values()))
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_room(folder.parent)
    free = shutil.disk_usage(folder.parent).free
    if needed + ROOM > free:
        raise DataError(
            "error/data-file",
            f"{source.path} takes {needed / 1e9:.1f} GB row by row, and {free / 1e9:.1f} GB are free "
            f"in {folder.parent}",
            fix="make room, or let XDG_CACHE_HOME name another disk",
        )
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        names = [name for columns in groups.values() for name in columns]
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(open(made / f"{k}.npy", "wb")) for k in range(len(groups))]
            for file, columns in zip(files, groups.values(), strict=True):
                head = {"descr": f"<f{size}", "fortran_order": False, "shape": (source.rows, len(columns))}
                np.lib.format.write_array_header_1_0(file, head)
            for part in source.batches(names):
                at = 0
                for file, columns in zip(files, groups.values(), strict=True):
                    np.ascontiguousarray(part[:, at : at + len(columns)]).tofile(file)
                    at += len(columns)
        (made / "done").touch()
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(made, folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _make_room(parent: Path) -> None:
    """Leave only what was used last."""
    kept = [p for p in parent.iterdir() if (p / "done").exists()]
    kept.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for old in kept[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
