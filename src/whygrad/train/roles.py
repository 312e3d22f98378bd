"""Which column each data name of a cost stands for.

The *target* is the one data name with only the row index (or the one that is one-hot). ``--bind``
names columns; a target without one takes the column of its name, or the last; the one name with a
column index takes all that is left.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import DataError, UsageError
from whygrad.train.table import Table


@dataclass(frozen=True, slots=True)
class Shape:
    """The data names of a cost by what they need from a table.

    ``row`` is the dimension of the examples; ``single`` names take one column, ``wide`` ones several;
    ``given`` do not run over rows, so they cannot come from a table.
    """

    row: str
    single: tuple[Declaration, ...]
    wide: tuple[Declaration, ...]
    given: tuple[Declaration, ...]

    @property
    def targets(self) -> tuple[Declaration, ...]:
        """What could be the target."""
        classes = tuple(d for d in self.wide if d.has("onehot"))
        return self.single + classes


def shape_of(cost: Cost) -> Shape:
    """Sort the data names of a cost."""
    data = [d for d in cost.declarations if d.kind == "data"]
    rows = [d.dims[0] for d in data if d.dims]
    if not rows:
        raise UsageError(
            "error/data",
            f"the cost {cost.name or cost.goal} has no data with an index to run over the rows",
            fix="declare it, for instance data x[i,j], y[i]",
        )
    # Labels say it best: y[i] has the row index alone.
    alone = [d.dims[0] for d in data if len(d.dims) == 1]
    row = next((r for r in alone if rows.count(r) > 1), alone[0] if alone else rows[0])
    single = tuple(d for d in data if d.dims == (row,))
    wide = tuple(d for d in data if len(d.dims) == 2 and d.dims[0] == row and d.dims[1] != row)
    taken = {d.name for d in single + wide}
    return Shape(row, single, wide, tuple(d for d in data if d.name not in taken))


@dataclass(slots=True)
class Roles:
    """Columns by data name."""

    columns: dict[str, tuple[str, ...]]
    target: tuple[str, ...]
    """Data names that are targets: none, one, or several (time and event)."""
    said: list[str] = field(default_factory=list[str])


def read_columns(text: str) -> tuple[str, ...]:
    """The columns of ``--bind``: separated by commas, quotes around odd names.

    >>> read_columns('age,"weight, kg"')
    ('age', 'weight, kg')
    """
    row = next(csv.reader([text], skipinitialspace=True))
    return tuple(cell.strip() for cell in row)


def assign(
    shape: Shape,
    table: Table,
    *,
    target: str | None = None,
    bind: Mapping[str, str | Sequence[str]] | None = None,
    need_target: bool = True,
) -> Roles:
    """Give each data name its columns.

    With ``need_target`` off (prediction) a missing target column is no error.
    """
    if shape.given:
        raise DataError(
            "error/data",
            f"{shape.given[0].name} does not run over the rows, so no column can be it",
            fix="give the arrays from Python: fit(cost, {'" + shape.given[0].name + "': ...})",
        )
    roles = Roles({}, tuple(d.name for d in shape.targets))
    by_name = {d.name: d for d in shape.single + shape.wide}
    for name, columns in (bind or {}).items():
        if name not in by_name:
            raise UsageError(
                "error/usage",
                f"--bind: {name} is not a data name of the cost",
                fix=f"its data names are {', '.join(by_name)}",
            )
        chosen = read_columns(columns) if isinstance(columns, str) else tuple(columns)
        roles.columns[name] = tuple(find_column(table, c) for c in chosen)
        _check_number(by_name[name], roles.columns[name])
    _bind_targets(shape, table, target, roles, need_target)
    _bind_rest(shape, table, roles, bind or {})
    roles.said.extend(summary([d.name for d in shape.single + shape.wide], roles))
    return roles


def _check_number(d: Declaration, columns: tuple[str, ...]) -> None:
    if len(d.dims) == 1 and len(columns) != 1:
        raise UsageError(
            "error/usage",
            f"{d.name} has one value a row, and {len(columns)} columns are bound to it",
            fix=f"bind one column: --bind {d.name}={columns[0]}",
        )


def find_column(table: Table, name: str) -> str:
    """The name of a column that is there once; else an error with near names."""
    found = table.names.count(name)
    if found == 1 and name:
        return name
    if found > 1:
        raise DataError(
            "error/data-column",
            f"{found} columns are called {name!r}",
            fix="give each column a name of its own",
        )
    near = difflib.get_close_matches(name, table.names, 3)
    folded = [c for c in table.names if c.casefold() == name.casefold()]
    names = list(dict.fromkeys(folded + near)) or list(table.names[:8])
    word = "near names" if folded or near else "the columns"
    raise DataError(
        "error/data-column",
        f"there is no column {name!r}",
        fix=f"{word}: {', '.join(names)}",
    )


def _bind_targets(shape: Shape, table: Table, target: str | None, roles: Roles, need_target: bool) -> None:
    free = [d for d in shape.targets if d.name not in roles.columns]
    if target is not None:
        wanted = (target,) if target in table.names else read_columns(target)
        _take_wanted(free, wanted, table, roles)
        free = [d for d in free if d.name not in roles.columns]
    taken = {c for columns in roles.columns.values() for c in columns}
    for d in list(free):
        if table.names.count(d.name) == 1 and d.name not in taken:
            roles.columns[d.name] = (d.name,)
            free.remove(d)
    if not free or not need_target:
        return
    if len(shape.targets) > 1:
        names = ", ".join(d.name for d in free)
        raise UsageError(
            "error/data-column",
            f"{names}: no column has this name, and the cost has several names with one value a row",
            fix=f"say which columns they are: --bind {' '.join(f'{d.name}=COLUMN' for d in free)}",
        )
    last = next((c for c in reversed(table.names) if c not in taken), None)
    if last is None:
        raise DataError(
            "error/data-column",
            f"no column is left for {free[0].name}",
            fix=f"bind it: --bind {free[0].name}=COLUMN",
        )
    if not last:
        raise DataError(
            "error/data-column",
            "the last column, which would be the target, has no name",
            fix="name it in the first line, or say --target COLUMN",
        )
    roles.columns[free[0].name] = (find_column(table, last),)


def _take_wanted(free: list[Declaration], wanted: tuple[str, ...], table: Table, roles: Roles) -> None:
    columns = tuple(find_column(table, c) for c in wanted)
    if not free:
        raise UsageError(
            "error/usage",
            "the cost has no target left for --target",
            fix="leave --target out, or take the name out of --bind",
        )
    wide = len(free) == 1 and len(free[0].dims) == 2
    if len(free) == 1 and (wide or len(columns) == 1):
        roles.columns[free[0].name] = columns
        return
    names = [d.name for d in free]
    if len(columns) == 1 and "y" in names and len(free) > 1:
        roles.columns["y"] = columns
        return
    if len(columns) != len(free):
        raise UsageError(
            "error/usage",
            f"--target gives {len(columns)} columns for {', '.join(names)}",
            fix=f"bind each: --bind {' '.join(f'{name}=COLUMN' for name in names)}",
        )
    for d, column in zip(free, columns, strict=True):
        roles.columns[d.name] = (column,)


def _bind_rest(shape: Shape, table: Table, roles: Roles, bind: Mapping[str, str | Sequence[str]]) -> None:
    free = [d for d in shape.wide if d.name not in roles.columns and not d.has("onehot")]
    if not free:
        return
    if len(free) > 1:
        names = " ".join(f"{d.name}=COLUMN,COLUMN" for d in free)
        raise UsageError(
            "error/data-column",
            f"several names take columns: {', '.join(d.name for d in free)}",
            fix=f"say which: --bind {names}",
        )
    taken = {c for columns in roles.columns.values() for c in columns}
    rest = [c for c in table.names if c not in taken]
    if not rest:
        raise DataError(
            "error/data-column",
            f"no column is left for {free[0].name}",
            fix="the table needs a column beside the target",
        )
    if "" in rest:
        place = table.names.index("") + 1
        raise DataError(
            "error/data-column",
            f"column {place} has no name",
            fix=f"name it in the first line, or say which to use: --bind {free[0].name}=COLUMN,COLUMN",
        )
    roles.columns[free[0].name] = tuple(find_column(table, c) for c in rest)


MOST_LISTED = 6


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, the middle left out where there are many."""
    if len(names) <= MOST_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:3])}, … {names[-1]} ({len(names)} columns)"


def summary(declared: Sequence[str], roles: Roles) -> list[str]:
    """What each data name stands for, in sentences."""
    target = list(roles.target)
    return [
        f"{name} = {listed(roles.columns[name])}{' (target)' if [name] == target else ''}"
        for name in declared
        if name in roles.columns
    ]
