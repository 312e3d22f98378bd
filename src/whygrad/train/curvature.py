"""What the shape of a cost says about its curvature.

Many costs are a scaled sum over rows of a loss of one linear form of the parameters, plus a penalty:
J = c Σ_i ℓ_i(z_i) + R, with z_i = a_i · θ. Where that can be read off the formulas, the second
derivative ℓ'' along z bounds the Hessian: c Aᵀ diag(ℓ'') A + ∇²R. If ℓ'' lies between 0 and β, then J
is convex and its gradient is Lipschitz with L = c β λ_max(AᵀA) + λ_max(∇²R) (Boyd and Vandenberghe,
Convex Optimization, sec. 9.1.2 and 9.3; Nesterov, Lectures on Convex Optimization, th. 2.1.14: steps
below 2/L decrease J and converge where a minimiser exists).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.expr import (
    Expr,
    Index,
    Symbol,
)
from whygrad.core.walk import (
    letters,
)
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.meaning.differentiate import derivative
from whygrad.train.kinks import bend_of
from whygrad.train.objective import Bound, indices_of
from whygrad.train.structure import FORM, Structure

Array = NDArray[np.float64]


# --- bounds -------------------------------------------------------------------------------------


# --- on data ------------------------------------------------------------------------------------


class Curvature:
    """A structure on data: rows a_i of the linear form, bounds, and the Hessian."""

    def __init__(self, structure: Structure, bound: Bound) -> None:
        self.structure, self.bound = structure, bound
        self.layout = bound.layout
        self.scale, self.rows, self.offset = self._rows()
        self.penalty = self._penalty()
        self.bend = bend_of(
            structure.loss,
            structure.first,
            Symbol(FORM, (structure.row,)),
            structure.row,
            structure.scope,
            bound.given,
            bound.sizes,
        )
        self._second = compile_numpy(
            lower(
                {"first": structure.first, "second": structure.second},
                structure.scope,
                axes={"first": (structure.row,), "second": (structure.row,)},
            )
        )

    def _run(self, program: Program, theta: Array | None = None) -> dict[str, Any]:
        at = np.zeros(self.layout.size) if theta is None else theta
        given = {**self.bound.given, **self.layout.named(at)}
        return compile_numpy(program)(given, self.bound.sizes)

    def _rows(self) -> tuple[float, Array, Array]:
        """c, A and the part of the form without parameters."""
        s = self.structure
        scope = self.bound.objective.cost.scope
        outputs: dict[str, Expr] = {"scale of the sum": s.scale, "offset": s.form}
        axes: dict[str, tuple[Index, ...]] = {"offset": (s.row,)}
        for d in self.bound.objective.cost.parameters:
            indices = indices_of(d, letters(s.form) | {s.row.letter})
            outputs[f"by {d.name}"] = derivative(s.form, Symbol(d.name, indices), scope)
            axes[f"by {d.name}"] = (s.row, *indices)
        found = self._run(lower(outputs, scope, axes=axes))
        m = self.bound.sizes[s.row.dim]
        parts = [
            np.broadcast_to(found[f"by {name}"], (m, *shape)).reshape(m, -1)
            for name, shape in zip(self.layout.names, self.layout.shapes, strict=True)
        ]
        rows = np.ascontiguousarray(np.concatenate(parts, axis=1), dtype=float)
        return float(found["scale of the sum"]), rows, np.broadcast_to(found["offset"], (m,)) + 0.0

    def _penalty(self) -> Array | None:
        """∇²R where it is the same everywhere, else None."""
        s, declared = self.structure, self.bound.objective.cost.parameters
        scope = self.bound.objective.cost.scope
        outputs: dict[str, Expr] = {}
        axes: dict[str, tuple[Index, ...]] = {}
        for row in declared:
            own = indices_of(row, letters(s.penalty))
            e = derivative(s.penalty, Symbol(row.name, own), scope)
            for column in declared:
                other = indices_of(column, letters(e) | {i.letter for i in own})
                second = derivative(e, Symbol(column.name, other), scope)
                outputs[f"{row.name} {column.name}"] = second
                axes[f"{row.name} {column.name}"] = (*own, *other)
        program = lower(outputs, scope, axes=axes)
        moving = program.varying(self.layout.names)
        if any(o.value in moving for o in program.outputs.values()):
            return None
        if self.layout.size > 3000:
            return None
        found = self._run(program)
        lengths = [int(np.prod(shape)) for shape in self.layout.shapes]
        sides = list(zip(self.layout.names, lengths, strict=True))
        blocks = [[np.reshape(found[f"{a} {b}"], (ka, kb)) for b, kb in sides] for a, ka in sides]
        return np.block(blocks)

    @property
    def smooth(self) -> bool:
        """Whether the loss has no bend on these data, so that second derivatives tell all."""
        return self.bend == "none"

    @property
    def convex(self) -> bool:
        """Whether the cost is convex."""
        if self.bend == "other" or self.penalty is None or not self.structure.convex or self.scale < 0:
            return False
        lowest = np.linalg.eigvalsh(self.penalty).min()
        return bool(lowest >= -1e-13 * np.abs(self.penalty).max())

    def lipschitz(self) -> float | None:
        """L = c β λ_max(AᵀA) + λ_max(∇²R): the largest curvature, or None where it has no bound."""
        high = self.structure.high
        if high is None or self.penalty is None or not self.convex or not self.smooth:
            return None
        small = self.rows if self.rows.shape[0] >= self.rows.shape[1] else self.rows.T
        largest = float(np.linalg.eigvalsh(small.T @ small)[-1])
        regular = float(np.linalg.eigvalsh(self.penalty)[-1]) if self.layout.size else 0.0
        found = self.scale * float(high) * largest + regular
        return found if found > 0 else None

    def along(self, z: Array) -> tuple[Array, Array]:
        """ℓ' and ℓ'' at given values of the form."""
        given = {**self.bound.given, FORM: z}
        found = self._second(given, self.bound.sizes)
        first = np.broadcast_to(found["first"], z.shape)
        return first + 0.0, np.broadcast_to(found["second"], z.shape) + 0.0

    def hessian(self, theta: Array) -> Array | None:
        """The matrix c Aᵀ diag(ℓ'') A + ∇²R."""
        if self.penalty is None:
            return None
        _, second = self.along(self.rows @ theta + self.offset)
        weighted = self.rows * (self.scale * second)[:, None]
        return self.rows.T @ weighted + self.penalty
