"""Missing values: refused, left out, or filled in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from whygrad.core.errors import DataError
from whygrad.train.columns import (
    Array,
    Missing,
    Part,
    Recipe,
    Work,
    count,
)


def settle_missing(
    work: Work,
    labels: dict[str, Array],
    parts: dict[tuple[str, str], Part],
    how: Missing | None,
) -> NDArray[np.bool_]:
    """The rows to keep; means are filled in where asked."""
    gone = {
        work.recipe.columns[name][0]: np.flatnonzero(np.isnan(_narrow(values)))
        for name, values in labels.items()
    }
    targets = set(gone)
    for part in parts.values():
        gone[part.column] = np.array(part.missing, dtype=int)
    gone = {column: rows for column, rows in gone.items() if len(rows)}
    keep = np.ones(work.table.rows, dtype=bool)
    if not gone:
        return keep
    if how is None:
        raise _missing_error(work, gone)
    if how == "mean":
        blocked = [c for c in gone if c in targets or c in work.recipe.levels]
        if blocked:
            what = "the target" if blocked[0] in targets else "text"
            raise DataError(
                "error/data-missing",
                f"column {blocked[0]!r} has {count(len(gone[blocked[0]]), 'missing value')}, and "
                f"{what} has no mean to fill in",
                fix="say --missing drop to leave these rows out",
            )
        for part in parts.values():
            if part.missing:
                _fill(work, part)
        return keep
    for rows in gone.values():
        keep[rows] = False
    if not keep.any():
        raise DataError(
            "error/data-missing",
            "each row has a missing value, so --missing drop leaves none",
            fix="say --missing mean, or leave columns out with --bind",
        )
    work.said.append(f"{count(int((~keep).sum()), 'row')} with missing values left out")
    return keep


def _narrow(values: Array) -> Array:
    return values if values.ndim == 1 else values[:, 0]


def _missing_error(work: Work, gone: Mapping[str, NDArray[np.int_]]) -> DataError:
    shown = [
        f"column {column!r} in {count(len(rows), 'row')}, first in {work.table.place(int(rows[0]))}"
        for column, rows in list(gone.items())[:4]
    ]
    more = f"; and {len(gone) - 4} more columns" if len(gone) > 4 else ""
    return DataError(
        "error/data-missing",
        f"values are missing: {'; '.join(shown)}{more}",
        fix="say --missing drop (leave these rows out) or --missing mean (fill in the column's mean)",
    )


def _fill(work: Work, part: Part) -> None:
    present = part.values[~np.isnan(part.values)]
    if not len(present):
        raise DataError(
            "error/data-missing",
            f"column {part.column!r} has no value at all",
            fix="leave it out (--bind names the columns to use)",
        )
    mean = float(present.mean())
    work.recipe.fill[part.column] = mean
    part.values[np.isnan(part.values)] = mean
    gone = count(len(part.missing), "missing value")
    work.said.append(f"{part.column}: {gone} filled in with the mean {mean:g}")


def fill_missing(work: Work, parts: dict[tuple[str, str], Part], recipe: Recipe) -> None:
    """Fill in the means of the fit, and refuse where there is none."""
    empty = {p.column: np.array(p.missing) for p in parts.values() if p.missing}
    unknown = {column: rows for column, rows in empty.items() if column not in recipe.fill}
    if unknown:
        error = _missing_error(work, unknown)
        error.fix = "fill them in or leave these rows out; the model has no mean for these columns"
        raise error
    for part in parts.values():
        if part.missing:
            part.values[np.isnan(part.values)] = recipe.fill[part.column]
            gone = count(len(part.missing), "missing value")
            work.said.append(f"{part.column}: {gone} filled in with the mean when fitted")
