# pyright: basic, reportMissingImports=false
# Dask has no types.
"""Fitting rows that lie on several machines: a pass over the data is one task a chunk, reduced as a tree.

The program of a cost is cut along its rows (:mod:`whygrad.lower.split`): each chunk gives its share of the
totals, parameters are sent once a pass, and what is made of the totals is made here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Cost
from whygrad.core.errors import UsageError
from whygrad.core.extras import command
from whygrad.lower.program import Program
from whygrad.lower.split import Split, split
from whygrad.train.objective import Layout, Objective
from whygrad.train.optimise import lbfgs
from whygrad.train.start import constants_of

FAN_IN = 8


@dataclass(frozen=True)
class DaskFit:
    """Parameters by name, the cost there, the size of its gradient, and passes over the data."""

    parameters: dict[str, Any]
    objective: float
    gradient_norm: float
    passes: int
    converged: bool


def _share(program: Program, before: Mapping[str, Any], names: Sequence[str], *chunks: Any) -> dict[str, Any]:
    """One chunk's share of the totals."""
    arrays = {**before, **{n: np.asarray(c, dtype=np.float64) for n, c in zip(names, chunks, strict=True)}}
    return compile_numpy(program)(arrays, _sizes(program, arrays))


def _sizes(program: Program, arrays: Mapping[str, Any]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for i in program.instructions:
        if i.name in arrays:
            sizes |= dict(zip(i.dims, np.shape(arrays[i.name]), strict=True))
    return sizes


def _plus(shares: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shares added up, in their order."""
    return {name: sum((s[name] for s in shares[1:]), start=shares[0][name]) for name in shares[0]}


def fit_dask(
    cost: Cost, data: Mapping[str, Any], *, client: Any = None, steps: int = 500, tolerance: float = 1e-10
) -> DaskFit:
    """Minimise a cost over Dask arrays.

    Parameters
    ----------
    cost
        A sum over rows; its constants have values.
    data
        Dask arrays by the cost's names, chunked alike along the rows and not along columns.
    client
        A ``distributed.Client``; without it the scheduler that Dask has chosen.
    steps
        The largest number of updates.
    tolerance
        Of the gradient's size, relative to where it started.

    Raises
    ------
    UsageError
        If the cost is no sum over rows, or the chunks do not lie alike.
    """
    try:
        dask = importlib.import_module("dask")
    except ImportError as error:
        raise UsageError("error/missing-extra", f"Dask is needed ({error})", fix=command("dask")) from None
    objective = Objective(cost)
    parts = split(objective.program)
    if parts is None or set(parts.data) != set(data):
        wanted = ", ".join(parts.data) if parts is not None else "none"
        raise UsageError(
            "error/usage",
            f"rows of {wanted} are needed",
            fix="give the cost's data by name, all over the rows",
        )
    job = _Job(dask, client, parts, dict(constants_of(cost)), dict(data), objective)
    run = lbfgs(
        job.value_and_gradient,
        np.zeros(job.layout.size),
        steps,
        converged=lambda _t, _c, g: float(np.abs(g).max()) <= tolerance * job.first,
    )
    named = job.layout.named(run.theta)
    size = float(np.abs(run.gradient).max())
    return DaskFit(named, float(run.cost), size, job.passes, size <= tolerance * job.first)


class _Job:
    """The chunks of one fit, and a pass over them."""

    def __init__(
        self,
        dask: Any,
        client: Any,
        parts: Split,
        constants: dict[str, Any],
        data: dict[str, Any],
        objective: Objective,
    ) -> None:
        self.dask, self.client, self.parts, self.constants = dask, client, parts, constants
        self.names, self.objective = list(parts.data), objective
        rows = {n: tuple(data[n].chunks[0]) for n in self.names}
        if len(set(rows.values())) != 1 or any(len(c) != 1 for n in self.names for c in data[n].chunks[1:]):
            raise UsageError(
                "error/usage",
                "the arrays are not chunked alike along the rows",
                fix="x.rechunk((rows, -1)) and y.rechunk(rows) with the same rows",
            )
        self.sizes = self._dimensions(data)
        shapes = tuple(tuple(self.sizes[d] for d in p.dims) for p in objective.cost.parameters)
        self.layout = Layout(objective.names, shapes)
        columns = [data[n].to_delayed().ravel() for n in self.names]
        self.chunks = list(zip(*columns, strict=True))
        self.passes, self.first = 0, np.inf

    def _dimensions(self, data: dict[str, Any]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for d in self.objective.cost.declarations:
            if d.name in data:
                sizes |= dict(zip(d.dims, (int(s) for s in data[d.name].shape), strict=True))
        return sizes

    def value_and_gradient(self, theta: Any) -> tuple[float, Any]:
        """One pass."""
        self.passes += 1
        given = {**self.constants, **dict(zip(self.layout.names, self.layout.split(theta), strict=True))}
        before = dict(compile_numpy(self.parts.before)(given, self.sizes))
        needed = set(self.parts.rows.inputs)
        sent = {n: v for n, v in {**given, **before}.items() if n in needed}
        # A list, since a mapping would be sent name by name.
        broadcast = (
            sent if self.client is None else self.client.scatter([sent], broadcast=True, hash=False)[0]
        )
        share, plus = self.dask.delayed(_share), self.dask.delayed(_plus)
        layer = [share(self.parts.rows, broadcast, self.names, *chunk) for chunk in self.chunks]
        while len(layer) > 1:
            layer = [plus(layer[k : k + FAN_IN]) for k in range(0, len(layer), FAN_IN)]
        get = layer[0].compute if self.client is None else (lambda: self.client.compute(layer[0]).result())
        totals = get()
        found = compile_numpy(self.parts.after)({**given, **before, **totals}, self.sizes)
        flat = np.concatenate([np.ravel(found[n]) for n in list(found)[1:]])
        if self.passes == 1:
            self.first = max(float(np.abs(flat).max()), 1e-300)
        return float(next(iter(found.values()))), flat
