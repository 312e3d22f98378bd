"""The shape of a cost: a scaled sum over rows of a loss of one linear form, plus a penalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from whygrad.core.cost import Cost, Declaration, Domain, Scope
from whygrad.core.errors import BudgetError, NoRuleError
from whygrad.core.expr import (
    Add,
    Call,
    Expr,
    Index,
    Mul,
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
    names,
    postorder,
    rewrite_bottom_up,
    same_form,
    substitute,
)
from whygrad.lower.signs import negate
from whygrad.lower.stabilise import Stabiliser
from whygrad.meaning.differentiate import derivative
from whygrad.train.bounds import bounds

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
                whole = len(node.indices) != len(definition.indices)
                if self.depends(node) and not self._linear(definition.body) and node.indices and not whole:
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
