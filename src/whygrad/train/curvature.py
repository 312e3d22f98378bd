"""What the shape of a cost says about its curvature.

Many costs are a scaled sum over rows of a loss of one linear form of the parameters, plus a penalty:
J = c Σ_i ℓ_i(z_i) + R, with z_i = a_i · θ. Where that can be read off the formulas, the second
derivative ℓ'' along z bounds the Hessian: c Aᵀ diag(ℓ'') A + ∇²R. If ℓ'' lies between 0 and β, then J
is convex and its gradient is Lipschitz with L = c β λ_max(AᵀA) + λ_max(∇²R) (Boyd and Vandenberghe,
Convex Optimization, sec. 9.1.2 and 9.3; Nesterov, Lectures on Convex Optimization, th. 2.1.14: steps
below 2/L decrease J and converge where a minimiser exists).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Cost, Declaration, Domain, Scope
from whygrad.core.errors import BudgetError, NoRuleError
from whygrad.core.expr import (
    Add,
    Call,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Symbol,
    add,
    factors_of,
    mul,
    terms_of,
)
from whygrad.core.walk import (
    free_indices,
    letters,
    names,
    postorder,
    rewrite_bottom_up,
    same_form,
    substitute,
)
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.lower.stabilise import Stabiliser, negate
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.facts import Ranges
from whygrad.train.kinks import bend_of
from whygrad.train.objective import Bound, indices_of

Array = NDArray[np.float64]
FORM = "linear form"
"""The name under which the linear form stands in a loss: a space keeps it apart from any other."""
MOST_UNFOLDED = 100


@dataclass(frozen=True)
class Structure:
    """J = ``scale`` Σ_i ``loss``(FORM) + ``penalty``, with FORM_i = ``form`` linear in the parameters."""

    row: Index
    scale: Expr
    loss: Expr
    """In the symbol FORM[i] and data."""
    form: Expr
    penalty: Expr
    scope: Scope
    """Declares FORM as data, too, so that the loss can be computed for given values of it."""
    first: Expr = field(compare=False, kw_only=True)
    second: Expr = field(compare=False, kw_only=True)
    """ℓ' and ℓ'' along the form."""
    low: Fraction | None = field(compare=False, kw_only=True)
    high: Fraction | None = field(compare=False, kw_only=True)
    """Proved bounds of ℓ'', where there are any."""

    @property
    def convex(self) -> bool:
        """Whether ℓ'' >= 0 everywhere is proved."""
        return self.low is not None and self.low >= 0


def structure_of(cost: Cost) -> Structure | None:
    """Read the structure off a cost in index form; None where it has another.

    It is recognised by its formulas, never by its name.
    """
    parameters = frozenset(d.name for d in cost.parameters)
    try:
        return _Reader(cost, parameters).structure()
    except (NoRuleError, BudgetError):
        return None


class _Reader:
    def __init__(self, cost: Cost, parameters: frozenset[str]) -> None:
        self.cost, self.scope, self.parameters = cost, cost.scope, parameters
        self.dependent = self._dependent()

    def _dependent(self) -> frozenset[str]:
        """The names that depend on a parameter."""
        found = set(self.parameters)
        for d in self.cost.definitions:
            if names(d.body) & found or any(
                isinstance(n, Call) and n.name in found for n in postorder(d.body)
            ):
                found.add(d.name)
        return frozenset(found)

    def depends(self, e: Expr) -> bool:
        """Whether a formula depends on the parameters."""
        return bool(names(e) & self.dependent)

    # --- taking the cost apart ------------------------------------------------------------------

    def structure(self) -> Structure | None:
        """Data terms and penalty, then the loss and its form."""
        terms = terms_of(self._unfolded_goal())
        data: list[tuple[Expr, Index, Expr]] = []
        penalty: list[Expr] = []
        for term in terms:
            if not self.depends(term):
                continue
            found = self._data_term(term)
            if found is None:
                penalty.append(term)
            else:
                data.append(found)
        if not data or any(self._has_rows(term, data[0][1]) for term in penalty):
            return None
        merged = self._merged(data)
        if merged is None:
            return None
        scale, row, body = merged
        return self._with_loss(scale, row, body, add(*penalty))

    def _unfolded_goal(self) -> Expr:
        """The goal with scalar definitions put in, products with a sum multiplied out."""
        e = self.cost.definition(self.cost.goal).body
        for _ in range(MOST_UNFOLDED):
            new = rewrite_bottom_up(e, self._put_scalar)
            if new is e:
                break
            e = new
        return add(*(part for term in terms_of(e) for part in self._distributed(term)))

    def _put_scalar(self, e: Expr) -> Expr:
        if isinstance(e, Symbol) and not e.indices and e.name in self.scope.definitions:
            definition = self.scope.definitions[e.name]
            if self.depends(e) and not definition.is_function and not definition.dims:
                return definition.body
        return e

    def _distributed(self, term: Expr) -> list[Expr]:
        """``c (a + b)`` as ``c a`` and ``c b``."""
        factors = factors_of(term)
        sums = [f for f in factors if isinstance(f, Add) and self.depends(f)]
        if len(sums) != 1:
            return [term]
        rest = [f for f in factors if f is not sums[0]]
        return [mul(*rest, t) for t in terms_of(sums[0])]

    def _data_term(self, term: Expr) -> tuple[Expr, Index, Expr] | None:
        """Scale, row index and body of a term that is a scaled sum over rows."""
        factors = factors_of(term)
        sums = [f for f in factors if isinstance(f, Reduce) and f.op == "sum" and self.depends(f)]
        scale = [f for f in factors if f not in sums]
        if len(sums) != 1 or any(self.depends(f) for f in scale) or sums[0].where is not None:
            return None
        total = sums[0]
        return (mul(*scale), total.index, total.body) if self._over_rows(total) else None

    def _over_rows(self, total: Reduce) -> bool:
        """Whether the sum runs over a dimension that is no parameter's."""
        own = {dim for d in self.cost.parameters for dim in d.dims}
        return total.index.dim not in own

    def _has_rows(self, e: Expr, row: Index) -> bool:
        reached = [e, *(d.body for d in self.cost.definitions if d.name in names(e))]
        return any(isinstance(n, Reduce) and n.index.dim == row.dim for b in reached for n in postorder(b))

    def _merged(self, data: list[tuple[Expr, Index, Expr]]) -> tuple[Expr, Index, Expr] | None:
        """Several data terms as one: their bodies added with their scales relative to the first's."""
        scale, row, body = data[0]
        bodies = [body]
        for other_scale, other_row, other in data[1:]:
            if other_row.dim != row.dim:
                return None
            if not same_form(other_scale, scale):
                if not same_form(negate(other_scale), scale):
                    return None
                other = negate(other)
            bodies.append(substitute(other, {other_row: row}))
        return scale, row, add(*bodies)

    # --- the loss and its linear form -----------------------------------------------------------

    def _with_loss(self, scale: Expr, row: Index, body: Expr, penalty: Expr) -> Structure | None:
        body = self._unfolded_loss(body)
        form = self._form_of(body, row)
        if form is None:
            return None
        symbol = Symbol(FORM, (row,))
        loss = substitute(body, {form: symbol})
        if self.depends(loss):
            return None
        scope = self._with_form(row)
        loss = Stabiliser(scope).stable(loss)
        first = Stabiliser(scope).stable(derivative(loss, symbol, scope))
        second = Stabiliser(scope).stable(derivative(first, symbol, scope))
        low, high = bounds(second, scope)
        return Structure(
            row, scale, loss, form, penalty, scope, first=first, second=second, low=low, high=high
        )

    def _with_form(self, row: Index) -> Scope:
        declared = Declaration(FORM, "data", (row.dim,), (Domain("real"),))
        kept = {k: d for k, d in self.scope.definitions.items() if k not in self.dependent}
        kept |= {k: d for k, d in self.scope.definitions.items() if d.is_function}
        return Scope({**self.scope.declarations, FORM: declared}, kept)

    def _unfolded_loss(self, e: Expr) -> Expr:
        """The loss with every definition put in that is not itself linear in the parameters."""

        def put(node: Expr) -> Expr:
            if isinstance(node, Symbol) and node.name in self.scope.definitions:
                definition = self.scope.definitions[node.name]
                if self.depends(node) and not self._linear(definition.body) and definition.indices:
                    pairs = zip(definition.indices, node.indices, strict=True)
                    return substitute(definition.body, dict(pairs))
            if isinstance(node, Call) and node.name in self.scope.definitions:
                definition = self.scope.definitions[node.name]
                given = (Symbol(p) for p in definition.parameters)
                return substitute(definition.body, dict(zip(given, node.args, strict=True)))
            return node

        for _ in range(MOST_UNFOLDED):
            new = rewrite_bottom_up(e, put)
            if new is e:
                break
            e = new
        return e

    def _form_of(self, e: Expr, row: Index) -> Expr | None:
        """The one linear form through which the parameters enter."""
        forms = list(dict.fromkeys(self._largest_linear(e)))
        if not forms:
            return None
        # -z, y - z and the like are seen as the one definition they hold.
        inner = {
            n: None
            for form in forms
            for n in postorder(form)
            if isinstance(n, Symbol) and n.name in self.scope.definitions and self.depends(n)
        }
        if not self.depends(substitute(e, {n: Symbol("") for n in inner})):
            forms = list(inner)
        if len(forms) != 1 or not free_indices(forms[0]) <= {row}:
            return None
        return forms[0]

    def _largest_linear(self, e: Expr) -> list[Expr]:
        """The largest subexpressions that are linear in the parameters, from the left."""
        found: list[Expr] = []
        stack = [e]
        while stack:
            node = stack.pop()
            if not self.depends(node):
                continue
            if self._linear(node):
                found.append(node)
                continue
            if isinstance(node, Symbol):
                return [Symbol(""), Symbol(" ")]  # not linear and not to be opened: no one form
            stack.extend(reversed(_parts(node)))
        return found

    def _linear(self, e: Expr) -> bool:
        """Whether a formula is linear (with a constant) in the parameters, by its shape."""
        stack = [e]
        while stack:
            node = stack.pop()
            if not self.depends(node):
                continue
            match node:
                case Symbol(name) if name in self.scope.definitions:
                    stack.append(self.scope.definitions[name].body)
                case Symbol():
                    pass
                case Add(terms):
                    stack.extend(terms)
                case Mul(factors):
                    moving = [f for f in factors if self.depends(f)]
                    if len(moving) != 1:
                        return False
                    stack.append(moving[0])
                case Reduce("sum", _, body, where):
                    if where is not None and self.depends(where):
                        return False
                    stack.append(body)
                case _:
                    return False
        return True


def _parts(e: Expr) -> list[Expr]:
    match e:
        case Add(terms):
            return list(terms)
        case Mul(factors):
            return list(factors)
        case Pow(base, exponent):
            return [base, exponent]
        case Call(_, args):
            return list(args)
        case _:
            return [n for n in postorder(e) if n is not e and isinstance(n, Symbol)]


# --- bounds -------------------------------------------------------------------------------------


def bounds(e: Expr, scope: Scope) -> tuple[Fraction | None, Fraction | None]:
    """Numbers between which a formula lies for all values of what it holds.

    Products of a sigmoid and the sigmoid of the opposite are known to lie in (0, 1/4].
    """
    logistic = Declaration(
        "sigmoid pair", "data", (), (Domain("interval", (), Fraction(0), Fraction(1, 4), (False, True)),)
    )
    pair = Symbol("sigmoid pair")
    within = Scope({**scope.declarations, "sigmoid pair": logistic}, scope.definitions)

    def paired(node: Expr) -> Expr:
        if not isinstance(node, Mul):
            return node
        factors = list(node.factors)
        for f in node.factors:
            if not (isinstance(f, Call) and f.name == "sigmoid") or f not in factors:
                continue
            other = Call("sigmoid", (negate(f.args[0]),))
            partner = next((g for g in factors if g is not f and same_form(g, other)), None)
            if partner is not None:
                factors.remove(f)
                factors.remove(partner)
                factors.append(pair)
        return mul(*factors)

    found = Ranges(within).of(rewrite_bottom_up(collected(rewrite_bottom_up(e, paired)), _squared))
    return found.low, found.high


def _squared(e: Expr) -> Expr:
    """Equal factors as a power, so that a square is seen not to be negative."""
    if not isinstance(e, Mul):
        return e
    counts = Counter(f for f in e.factors if not isinstance(f, Number))
    numbers = [f for f in e.factors if isinstance(f, Number)]
    return mul(*numbers, *(f if n == 1 else Pow(f, Number(n)) for f, n in counts.items()))


def collected(e: Expr) -> Expr:
    """Terms of a sum that differ by a number and a common factor, put together: y u + (1 − y) u is u."""

    def step(node: Expr) -> Expr:
        if not isinstance(node, Add):
            return node
        shared = Counter(f for f in factors_of(node.terms[0]) if not isinstance(f, Number))
        for term in node.terms[1:]:
            shared &= Counter(factors_of(term))
        common = list(shared.elements())
        if not common:
            return node
        left: list[Expr] = []
        for term in node.terms:
            rest = list(factors_of(term))
            for f in common:
                rest.remove(f)
            left.append(mul(*rest))
        return mul(_summed(left), *common)

    return rewrite_bottom_up(e, step)


def _summed(terms: list[Expr]) -> Expr:
    """The sum of terms with equal ones counted together and numbers added."""
    number = Fraction(0)
    counts: dict[Expr, Fraction] = {}
    for term in (t for whole in terms for t in terms_of(whole)):
        factors = factors_of(term)
        scale = Fraction(1)
        for f in factors:
            scale *= f.value if isinstance(f, Number) else 1
        rest = mul(*(f for f in factors if not isinstance(f, Number)))
        if isinstance(rest, Number):
            number += scale
        else:
            counts[rest] = counts.get(rest, Fraction(0)) + scale
    kept = [t if c == 1 else mul(Number(c), t) for t, c in counts.items() if c]
    return add(*([Number(number)] if number or not kept else []), *kept)


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
