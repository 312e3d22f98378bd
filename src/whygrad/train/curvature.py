"""What the shape of a cost says about its curvature.

Many costs are a scaled sum over rows of a loss of one linear form of the parameters, plus a penalty:
J = c Σ_i ℓ_i(z_i) + R, with z_i = a_i · θ. Where that can be read off the formulas, the second
derivative ℓ'' along z bounds the Hessian: c Aᵀ diag(ℓ'') A + ∇²R. If ℓ'' lies between 0 and β, then J
is convex and its gradient is Lipschitz with L = c β λ_max(AᵀA) + λ_max(∇²R) (Boyd and Vandenberghe,
Convex Optimization, sec. 9.1.2 and 9.3; Nesterov, Lectures on Convex Optimization, th. 2.1.14: steps
below 2/L decrease J and converge where a minimiser exists).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Scope
from whygrad.core.expr import Expr, Index, Number, Reduce, Symbol, factors_of, terms_of
from whygrad.core.walk import letters, names
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.lower.sift import sift
from whygrad.meaning.differentiate import derivative
from whygrad.train.design import Design, is_sparse
from whygrad.train.kinks import bend_of
from whygrad.train.objective import Bound, indices_of
from whygrad.train.structure import FORM, Structure

Array = NDArray[np.float64]
MOST_FORMED: Final = 3000
"""Parameters above which no square matrix of them is formed."""
MOST_BENT: Final = 2000
"""Rows on which bends are looked for."""


class Curvature:
    """A structure on data: rows a_i of the linear form, bounds, and the Hessian."""

    def __init__(self, structure: Structure, bound: Bound) -> None:
        self.structure, self.bound = structure, bound
        self.layout = bound.layout
        self.scope = bound.objective.cost.scope
        self.design = self._design()
        self.scale = float(self._run(lower({"scale": structure.scale}, self.scope))["scale"])
        parts = self._penalty_parts()
        self.diagonal = None if parts is None else parts[0]
        """Of ∇²R away from kinks, where it is the same everywhere and has nothing else."""
        self.kink = None if parts is None or not parts[1].any() else parts[1]
        """The weights of the |θ_j| in R, where there are such."""
        self.bend = bend_of(
            structure.loss,
            structure.first,
            Symbol(FORM, (structure.row,)),
            structure.row,
            structure.scope,
            *self.of(slice(0, MOST_BENT)),
        )
        parts = {"loss": structure.loss, "first": structure.first, "second": structure.second}
        self._second = compile_numpy(
            lower(parts, structure.scope, axes=dict.fromkeys(parts, (structure.row,)))
        )

    def _run(self, program: Program, theta: Array | None = None) -> dict[str, Any]:
        at = np.zeros(self.layout.size) if theta is None else theta
        given = {**self.bound.given, **self.layout.named(at)}
        return compile_numpy(program)(given, self.bound.sizes)

    def of(self, chosen: Any) -> tuple[dict[str, Any], dict[str, int]]:
        """The data that have one number a row, of some of the rows, and the sizes."""
        row = self.structure.row.dim
        declared = self.bound.objective.cost.declarations
        over = {d.name for d in declared if d.dims == (row,)}
        others = {d.name for d in declared if row in d.dims} - over
        given = {k: v[chosen] if k in over else v for k, v in self.bound.given.items() if k not in others}
        every = range(self.bound.sizes[row])
        return given, {**self.bound.sizes, row: len(every[chosen] if isinstance(chosen, slice) else chosen)}

    def _design(self) -> Design:
        """The rows of the form, by parameter: data as they lie, one row that stands for all, or computed."""
        s, parts = self.structure, list[Any]()
        m = self.bound.sizes[s.row.dim]
        for d, shape in zip(self.bound.objective.cost.parameters, self.layout.shapes, strict=True):
            indices = indices_of(d, letters(s.form) | {s.row.letter})
            slope = sift(derivative(s.form, Symbol(d.name, indices), self.scope))
            width = int(np.prod(shape))
            match slope:
                case Symbol(name, axes) if axes == (s.row, *indices) and name in self.bound.given:
                    found = _lying(self.bound.given[name])
                    parts.append(found if found.shape == (m, width) else found.reshape(m, width))
                case Number(value):
                    parts.append(np.full(width, float(value)))
                case _:
                    found = self._run(lower({"slope": slope}, self.scope, axes={"slope": (s.row, *indices)}))
                    parts.append(np.broadcast_to(found["slope"], (m, *shape)).reshape(m, width))
        return Design(parts, m)

    @property
    def rows(self) -> Array:
        """The rows of the form, side by side."""
        return self.design.whole

    @cached_property
    def offset(self) -> Array:
        """The part of the form without parameters."""
        s = self.structure
        m = self.bound.sizes[s.row.dim]
        if _without_offset(s.form, self.scope, frozenset(self.layout.names)):
            return np.zeros(m)
        found = self._run(lower({"offset": s.form}, self.scope, axes={"offset": (s.row,)}))
        return np.broadcast_to(found["offset"], (m,)) + 0.0

    @cached_property
    def penalty(self) -> Array | None:
        """∇²R where it is the same everywhere and not too large, else None."""
        if self.diagonal is not None:
            return np.diag(self.diagonal) if self.layout.size <= MOST_FORMED else None
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
        if self.layout.size > MOST_FORMED:
            return None
        program = lower(outputs, scope, axes=axes)
        moving = program.varying(self.layout.names)
        if any(o.value in moving for o in program.outputs.values()):
            return None
        found = self._run(program)
        lengths = [int(np.prod(shape)) for shape in self.layout.shapes]
        sides = list(zip(self.layout.names, lengths, strict=True))
        blocks = [[np.reshape(found[f"{a} {b}"], (ka, kb)) for b, kb in sides] for a, ka in sides]
        return np.block(blocks)

    def _penalty_parts(self) -> tuple[Array, Array] | None:
        """d and k where R = Σ_j (½ d_j θ_j² + s_j θ_j + k_j |θ_j|), told by its slopes at random points."""
        rng, size = np.random.default_rng(0), self.layout.size
        zero = self.penalty_slope(np.zeros(size))
        one, two = (self.penalty_slope(np.full(size, t)) - zero for t in (1.0, 2.0))
        curve, kink = two - one, 2 * one - two
        curve[np.abs(curve) <= 1e-14 * np.abs(one)] = 0.0
        kink[np.abs(kink) <= 1e-14 * np.abs(one)] = 0.0
        for scale in (1.0, 1e3):
            aside = scale * rng.normal(size=size)
            wanted = curve * aside + kink * np.sign(aside)
            if not np.allclose(self.penalty_slope(aside) - zero, wanted, rtol=1e-9, atol=1e-12):
                return None
        return curve, kink

    @cached_property
    def _slopes(self) -> Callable[[Mapping[str, Any], Mapping[str, int]], dict[str, Any]]:
        """∇R by parameter."""
        outputs: dict[str, Expr] = {}
        axes: dict[str, tuple[Index, ...]] = {}
        for d in self.bound.objective.cost.parameters:
            axes[d.name] = indices_of(d, letters(self.structure.penalty))
            outputs[d.name] = derivative(self.structure.penalty, Symbol(d.name, axes[d.name]), self.scope)
        return compile_numpy(lower(outputs, self.scope, axes=axes))

    def penalty_slope(self, theta: Array) -> Array:
        """∇R at a point."""
        found = self._slopes({**self.bound.given, **self.layout.named(theta)}, self.bound.sizes)
        pairs = zip(self.layout.names, self.layout.shapes, strict=True)
        return np.concatenate([np.broadcast_to(found[name], shape).ravel() for name, shape in pairs])

    @property
    def smooth(self) -> bool:
        """Whether nothing bends on these data, so that second derivatives tell all."""
        return self.bend == "none" and self.kink is None

    @property
    def convex(self) -> bool:
        """Whether the cost is convex."""
        if self.bend == "other" or not self.structure.convex or self.scale < 0:
            return False
        if self.diagonal is not None:
            return bool((self.diagonal >= 0).all() and (self.kink is None or (self.kink >= 0).all()))
        if self.penalty is None:
            return False
        lowest = np.linalg.eigvalsh(self.penalty).min()
        return bool(lowest >= -1e-13 * np.abs(self.penalty).max())

    def lipschitz(self) -> float | None:
        """L = c β λ_max(AᵀA) + λ_max(∇²R): the largest curvature, or None where it has no bound."""
        high = self.structure.high
        if high is None or self.penalty is None or not self.convex or not self.smooth:
            return None
        design = self.design
        wide = not design.sparse and design.count < design.size
        square = self.rows @ self.rows.T if wide else design.gram(np.ones(design.count))
        largest = float(np.linalg.eigvalsh(square)[-1])
        regular = float(np.linalg.eigvalsh(self.penalty)[-1]) if self.layout.size else 0.0
        found = self.scale * float(high) * largest + regular
        return found if found > 0 else None

    def along(self, z: Array, chosen: Any = None) -> tuple[Array, Array]:
        """ℓ' and ℓ'' at given values of the form, on all rows or some."""
        return self.losses(z, chosen)[1:]

    def losses(self, z: Array, chosen: Any = None) -> tuple[Array, Array, Array]:
        """ℓ, ℓ' and ℓ'' at given values of the form, on all rows or some."""
        given, sizes = (self.bound.given, self.bound.sizes) if chosen is None else self.of(chosen)
        found = self._second({**_arrays(given), FORM: z}, sizes)
        loss, first, second = (np.broadcast_to(found[k], z.shape) + 0.0 for k in ("loss", "first", "second"))
        return loss, first, second

    def hessian(self, theta: Array) -> Array | None:
        """The matrix c Aᵀ diag(ℓ'') A + ∇²R."""
        if self.penalty is None:
            return None
        _, second = self.along(self.design.dot(theta) + self.offset)
        return self.design.gram(self.scale * second) + self.penalty


def _lying(value: Any) -> Any:
    return value if is_sparse(value) else np.asarray(value)


def _arrays(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a loss of one number a row can need: no matrix of the data."""
    return {name: value for name, value in given.items() if not is_sparse(value)}


def _without_offset(form: Expr, scope: Scope, parameters: frozenset[str]) -> bool:
    """Whether it is plain to see that a linear form is 0 where its parameters are."""
    if isinstance(form, Symbol) and form.name in scope.definitions:
        form = scope.definitions[form.name].body
    return all(_moves(term, parameters) for term in terms_of(form))


def _moves(term: Expr, parameters: frozenset[str]) -> bool:
    """Whether a term is a product, or a sum of products, with a parameter as a factor."""
    factors = factors_of(term.body if isinstance(term, Reduce) and term.op == "sum" else term)
    others = [f for f in factors if not (isinstance(f, Symbol) and f.name in parameters)]
    plain = all(isinstance(f, Symbol | Number) and not names(f) & parameters for f in others)
    return len(others) == len(factors) - 1 and plain
