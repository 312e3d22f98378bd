"""A cost with data: its value, gradient and Hessian as functions of one vector of parameters.

Where the derivatives come from is settled here and nowhere else: the gradient is the closed form
that ``derive`` reaches, further derivatives are those of :mod:`whygrad.meaning.differentiate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.backends import blocks
from whygrad.backends.native.native_backend import bind_large
from whygrad.backends.numpy_backend import binder
from whygrad.core.cost import Cost
from whygrad.core.errors import BudgetError, NoRuleError, UsageError
from whygrad.core.expr import Expr, Index, Symbol
from whygrad.core.walk import letters
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.lower.split import split
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.shapes import size_of_dim
from whygrad.train.design import is_sparse
from whygrad.train.record import Log
from whygrad.train.written import Written, gradient_of, indices_of

__all__ = ["Array", "Bound", "Layout", "Objective", "gradient_of", "indices_of", "largest_array"]

Array = NDArray[np.float64]
MOST_HESSIAN_ENTRIES = 4_000_000
"""Above this number of entries a Hessian is not formed."""
MOST_ENTRIES = 40_000_000
"""Above this number of entries of an array on the way, neither."""
MOST_CHECKED = 500_000
"""Of entries on the way; with more, the gradient is held against another derivative on the first rows."""


@dataclass(frozen=True)
class Layout:
    """Where each parameter stands in the vector of all."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def split(self, theta: Array) -> list[Any]:
        """The parameters of a vector, as views; scalars as numbers."""
        found: list[Any] = []
        at = 0
        for shape in self.shapes:
            length = int(np.prod(shape))
            part = theta[at : at + length]
            found.append(part.reshape(shape) if shape else part[0])
            at += length
        return found

    def named(self, theta: Array) -> dict[str, Array]:
        """The parameters of a vector by name, copied."""
        parts = self.split(theta)
        return {n: np.array(p, dtype=float) for n, p in zip(self.names, parts, strict=True)}

    def join(self, parts: Mapping[str, Any]) -> Array:
        """The vector of parameters given by name."""
        pieces = [np.asarray(parts[name], dtype=float).ravel() for name in self.names]
        return np.concatenate(pieces) if pieces else np.zeros(0)


def largest_array(program: Program, sizes: Mapping[str, int]) -> int:
    """The number of entries of the largest array on the way to the outputs."""
    return max(math.prod(sizes.get(dim, 1) for dim in i.dims) for i in program.instructions)


class Objective:
    """The formulas of a cost, lowered once: value, gradient, and (on demand) Hessian."""

    def __init__(self, cost: Cost) -> None:
        written = Written(cost)
        self.cost, self.goal, self.names = written.cost, written.goal, written.names
        self.gradients, self.orders = written.gradients, written.orders
        self.scope, self.program = written.scope, written.program

    @cached_property
    def check(self) -> Program | None:
        """The gradient by another way than :func:`gradient_of`; None where there is none."""
        outputs: dict[str, Expr] = {}
        axes: dict[str, tuple[Index, ...]] = {}
        try:
            for d in self.cost.parameters:
                indices = indices_of(d)
                outputs[d.name] = derivative(self.goal, Symbol(d.name, indices), self.cost.scope)
                axes[d.name] = indices
            return lower(outputs, self.cost.scope, axes=axes)
        except (NoRuleError, BudgetError):
            return None

    def hessian_program(self) -> Program | None:
        """The blocks of the Hessian, row by row; None where they cannot be had."""
        outputs: dict[str, Expr] = {}
        axes: dict[str, tuple[Index, ...]] = {}
        try:
            for row in self.cost.parameters:
                e, order = self.gradients[row.name], self.orders[row.name]
                for column in self.cost.parameters:
                    avoid = letters(e) | {i.letter for i in order}
                    other = indices_of(column, avoid)
                    second = derivative(e, Symbol(column.name, other), self.scope)
                    outputs[f"{row.name} {column.name}"] = second
                    axes[f"{row.name} {column.name}"] = (*order, *other)
            return lower(outputs, self.scope, axes=axes)
        except (NoRuleError, BudgetError):
            return None

    def bind(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], constants: Mapping[str, float]
    ) -> Bound:
        """The functions on given data."""
        return Bound(self, {**arrays, **constants}, sizes)


@lru_cache(maxsize=16)
def objective_of(cost: Cost) -> Objective:
    """The formulas of a cost; fitting it again does not derive them again."""
    return Objective(cost)


class Bound:
    """A cost on data: functions of the vector of its parameters."""

    def __init__(self, objective: Objective, given: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
        self.objective, self.given = objective, given
        self.sizes = self.with_free_sizes(objective, sizes)
        declared = objective.cost.parameters
        shapes = tuple(tuple(self.sizes[dim] for dim in d.dims) for d in declared)
        self.layout = Layout(objective.names, shapes)
        program, free = objective.program, objective.names
        self.evaluate = (
            bind_large(program, free, given, self.sizes)
            or blocks.bind_large(program, free, given, self.sizes)
            or binder(program, free)(given, self.sizes)
        )
        self.log = Log(sum(_bytes(a) for a in given.values()))
        self._hessian: Callable[..., tuple[Any, ...]] | None = None
        self._asked = False

    @staticmethod
    def with_free_sizes(objective: Objective, sizes: Mapping[str, int]) -> dict[str, int]:
        """The sizes; a dimension that no data has must have been given."""
        found = dict(sizes)
        for d in objective.cost.parameters:
            for dim in d.dims:
                try:
                    found[dim] = size_of_dim(dim, sizes)
                except KeyError:
                    raise UsageError(
                        "error/usage",
                        f"the size of {dim} is not known: no data runs over it, and {d.name} does",
                        fix="write it as a number where the name is declared, for instance "
                        f"param {d.name}{'[j,k]: (n, 4)' if len(d.dims) == 2 else '[k]: (4)'}",
                    ) from None
        return found

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """The cost and its gradient as one vector."""
        parts = self.evaluate(*self.layout.split(theta))
        cost, gradient = float(parts[0]), np.concatenate([np.ravel(part) for part in parts[1:]])
        self.log.add(cost, float(np.abs(gradient).max(initial=0.0)))
        return cost, gradient

    def checked(self, theta: Array) -> None:
        """Hold the closed form of the gradient against an independent derivative at one point.

        Raises
        ------
        RuntimeError
            If they differ: an error of ours, and no number may be built on it.
        """
        program = self.objective.check
        if program is None:
            return
        given, sizes, evaluate = self.given, self.sizes, self.evaluate
        most = largest_array(program, sizes)
        if most > MOST_CHECKED:
            parts = split(self.objective.program)
            if parts is None:
                return
            count = max(1, sizes[parts.dim] * MOST_CHECKED // most)
            given = {k: v[:count] if k in parts.data else v for k, v in given.items()}
            sizes = {**sizes, parts.dim: count}
            evaluate = binder(self.objective.program, self.objective.names)(given, sizes)
            if largest_array(program, sizes) > MOST_CHECKED:
                return
        given = {k: v.toarray() if is_sparse(v) else v for k, v in given.items()}
        with np.errstate(all="ignore"):
            parts = binder(program, self.objective.names)(given, sizes)(*self.layout.split(theta))
            found = np.concatenate([np.ravel(p) for p in evaluate(*self.layout.split(theta))[1:]])
        wanted = np.concatenate([np.ravel(part) for part in parts]) if parts else np.zeros(0)
        both = np.isfinite(found) & np.isfinite(wanted)
        scale = 1e-6 * (np.abs(wanted[both]) + np.abs(wanted[both]).max(initial=0.0) + 1e-9)
        if (np.abs(found - wanted)[both] > scale).any():
            raise RuntimeError("the closed form of the gradient differs from the derivative")

    def hessian(self, theta: Array) -> Array | None:
        """The matrix of second derivatives; None where it cannot be had."""
        size = self.layout.size
        if size * size > MOST_HESSIAN_ENTRIES:
            return None
        if not self._asked:
            self._asked = True
            program = self.objective.hessian_program()
            if program is not None and largest_array(program, self.sizes) <= MOST_ENTRIES:
                self._hessian = binder(program, self.objective.names)(self.given, self.sizes)
        if self._hessian is None:
            return None
        with np.errstate(all="ignore"):
            blocks = iter(self._hessian(*self.layout.split(theta)))
        lengths = [int(np.prod(shape)) for shape in self.layout.shapes]
        rows = [[np.reshape(next(blocks), (a, b)) for b in lengths] for a in lengths]
        found = np.block(rows) if rows else np.zeros((0, 0))
        return (found + found.T) / 2


def _bytes(value: Any) -> int:
    return value.data.nbytes + value.indices.nbytes if is_sparse(value) else np.asarray(value).nbytes
