"""Numbers in memory go to the cost as they lie: large arrays, memory maps, sparse matrices.

A table is read column by column, which is right for files and costs several copies. Arrays of numbers
need none: their shapes and the target are looked at here, and whether every number is finite shows in
the first value and gradient of the cost, at no cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import DataError
from whygrad.train.columns import Recipe
from whygrad.train.design import is_sparse
from whygrad.train.domains import outside
from whygrad.train.roles import Roles, shape_of, summary

if TYPE_CHECKING:
    from whygrad.train.data import Dataset

LEAST_ENTRIES: Final = 100_000
"""Of all arrays, below which they go the way of tables, where more is looked at and warned about."""
F64: Final[np.dtype[Any]] = np.dtype(np.float64)
F32: Final[np.dtype[Any]] = np.dtype(np.float32)
Quick = tuple[dict[str, Any], dict[str, int], Recipe, int, str, list[str]]


def as_arrays(cost: Cost, data: Any) -> Quick | None:
    """Arrays, sizes, recipe, rows, source and what is to be said; None where data are to be read as a table.

    That is so for few data, for anything but numbers, and wherever there is something to refuse.
    """
    shape = shape_of(cost)
    declared = {d.name: d for d in (*shape.single, *shape.wide)}
    named = _named(data, shape.wide, shape.targets)
    if named is None or set(named) != set(declared) or shape.given:
        return None
    found = {name: _number_array(value, declared[name]) for name, value in named.items()}
    arrays = {name: value for name, value in found.items() if value is not None}
    if len(arrays) < len(found):
        return None
    sparse = any(map(is_sparse, arrays.values()))
    entries = sum(a.nnz if is_sparse(a) else a.size for a in arrays.values())
    if not sparse and entries < LEAST_ENTRIES:
        return None
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        for dim, size in zip(declared[name].dims, array.shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                return None
    if not sizes[shape.row] or any(not _fits(d, arrays[d.name]) for d in declared.values()):
        return None
    if len(shape.targets) == 1 and _constant(arrays[shape.targets[0].name]):
        return None
    recipe, said = _recipe(declared, named, arrays, shape.targets)
    return arrays, sizes, recipe, sizes[shape.row], "the given arrays", said


def _named(data: Any, wide: Sequence[Declaration], targets: Sequence[Declaration]) -> dict[str, Any] | None:
    if isinstance(data, Mapping):
        return dict(cast("Mapping[str, Any]", data))
    if isinstance(data, tuple | list) and len(cast("Sequence[Any]", data)) == 2 and len(targets) == 1:
        main = [d for d in wide if not d.has("onehot")]
        return {main[0].name: data[0], targets[0].name: data[1]} if len(main) == 1 else None
    return None


def _number_array(value: Any, d: Declaration) -> Any:
    """The value as it lies, if it is numbers in as many axes as are declared."""
    if is_sparse(value):
        table = value.tocsr()
        return table if len(d.dims) == 2 and table.dtype.kind in "fiub" else None
    plain: Any = value.to_numpy() if hasattr(value, "to_numpy") else value
    if not isinstance(plain, np.ndarray):
        return None
    table = cast("NDArray[Any]", plain)
    if table.ndim != len(d.dims) or table.dtype.kind not in "fiub":
        return None
    return table if table.dtype in (F64, F32) else table.astype(F64)


def _fits(d: Declaration, array: Any) -> bool:
    """Whether the values are in their domain; of those with one number a row, finite, too."""
    if is_sparse(array):
        return all(domain.kind == "real" for domain in d.domains)
    if array.ndim == 1 and not np.isfinite(array).all():
        return False
    return outside(d, array) is None


def _constant(array: Any) -> bool:
    return not is_sparse(array) and array.ndim == 1 and bool((array == array[0]).all())


def _recipe(
    declared: Mapping[str, Declaration],
    named: Mapping[str, Any],
    arrays: Mapping[str, Any],
    targets: Sequence[Declaration],
) -> tuple[Recipe, list[str]]:
    columns: dict[str, tuple[str, ...]] = {}
    for name, array in arrays.items():
        given = getattr(named[name], "columns", None)
        if array.ndim == 1:
            columns[name] = (str(getattr(named[name], "name", None) or name),)
        elif given is not None and len(given) == array.shape[1]:
            columns[name] = tuple(str(c) for c in given)
        else:
            columns[name] = tuple(f"{name}{k}" for k in range(1, array.shape[1] + 1))
    recipe = Recipe(columns, tuple(d.name for d in targets))
    return recipe, summary(list(declared), Roles(columns, recipe.target))


def refuse_not_finite(dataset: Dataset) -> None:
    """Raise if a number of the data is not finite, naming its column.

    Raises
    ------
    DataError
        With the column, how many, and the first row.
    """
    for name, array in dataset.arrays.items():
        table: Any = array
        numbers: Any = table.data if is_sparse(table) else table
        width = numbers.shape[1] if numbers.ndim == 2 else 1
        step = max(1, (1 << 20) // max(1, width))
        for start in range(0, len(numbers), step):
            bad = np.argwhere(~np.isfinite(numbers[start : start + step]))
            if len(bad):
                names = dataset.recipe.columns[name]
                row, column = (start + int(bad[0][0]), int(bad[0][1])) if bad.shape[1] == 2 else (start, -1)
                what = f"column {names[column]!r}" if len(names) > 1 and column >= 0 else name
                where = f", first in row {row + 1}" if column >= 0 else ""
                raise DataError(
                    "error/data",
                    f"{what} holds a value that is missing, infinite or too large{where}",
                    fix="mend or leave out these rows; --missing drop or mean fills or drops missing ones",
                )
