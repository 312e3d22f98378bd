"""A cost read as a sum over examples of a loss of a score: J = c Σ_i L_i(z_i) + R.

The *score* z is the last name that all parameters pass through, the *output* f what is compared with
the label y. They are recognised by the formulas, never by their names; a score or a loss that the cost
does not name is given one. What pairs, curvature, and fit's step size say rests on this reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from whygrad.core.cost import Cost, Declaration, Definition, Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ZERO,
    Add,
    Expr,
    Index,
    Mul,
    Reduce,
    Symbol,
    add,
    factors_of,
    mul,
    neg,
    terms_of,
)
from whygrad.core.walk import (
    canonical,
    children,
    free_indices,
    names,
    postorder,
    rewrite_bottom_up,
    same_form,
    substitute,
)
from whygrad.engine.differentiate import calls
from whygrad.meaning.to_index import cost_to_index

MOST_UNFOLDED = 100


@dataclass(frozen=True, slots=True)
class Scored:
    """The goal is ``scale`` Σ_row ``loss`` + ``penalty``; the loss holds the parameters in ``score`` only.

    Attributes
    ----------
    cost
        In index form, with definitions for a loss or a score that had no name (``added``).
    output
        The name nearest the loss that has the score's indices and no label; often an activation of the
        score, or the score itself.
    labels
        Data that the loss compares with the output, the likeliest first.
    linear
        The parameters in which the score is linear, the others held.
    """

    cost: Cost
    scale: Expr
    row: Index
    loss: Symbol
    score: Symbol
    output: Symbol
    labels: tuple[Symbol, ...]
    penalty: Expr
    linear: frozenset[str]
    added: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """The scope of the cost."""
        return self.cost.scope

    @property
    def flat(self) -> Scope:
        """The scope in which the score is a free array: what stands above it is a function of it."""
        d = self.scope.definitions[self.score.name]
        declared = Declaration(d.name, "data", d.dims, (), tuple(i.letter for i in d.indices))
        kept = {k: v for k, v in self.scope.definitions.items() if k != d.name}
        return Scope({**self.scope.declarations, d.name: declared}, kept)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that the score moves with."""
        moving = reached(self.scope, self.score.name)
        return tuple(p.name for p in self.cost.parameters if p.name in moving)


def scored(cost: Cost) -> Scored | None:
    r"""Read a cost as a sum of losses of a score; None where it is not one.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nJ = mean_i (w x[i] - y[i])^2"
    >>> found = scored(read_cost(text))
    >>> found.loss.name, found.score.name, found.labels[0].name, found.linear
    ('L', 'z', 'y', frozenset({'w'}))
    """
    return _Reader(cost_to_index(cost)).read()


def reached(scope: Scope, start: str, stop: Iterable[str] = ()) -> frozenset[str]:
    """Every name that ``start`` rests on, itself among them; what is in ``stop`` is not opened."""
    closed, found, stack = frozenset(stop), set[str](), [start]
    while stack:
        name = stack.pop()
        if name in found:
            continue
        found.add(name)
        definition = scope.definitions.get(name)
        if definition is not None and name not in closed:
            own = frozenset(definition.parameters)
            stack.extend((names(definition.body) - own) | calls(definition.body))
    return frozenset(found)


def is_linear(e: Expr, scope: Scope, variables: frozenset[str]) -> bool:
    """Whether ``e`` is linear, with a constant, in the entries of ``variables``; seen by its shape."""

    def moves(node: Expr) -> bool:
        used = names(node) | calls(node)
        return any(reached(scope, n) & variables for n in used)

    stack = [e]
    while stack:
        node = stack.pop()
        if not moves(node):
            continue
        match node:
            case Symbol(name) if name in scope.definitions and name not in variables:
                stack.append(scope.definitions[name].body)
            case Symbol(_, indices):
                if any(moves(i) for i in indices):
                    return False
            case Add(terms):
                stack.extend(terms)
            case Mul(factors):
                moving = [f for f in factors if moves(f)]
                if len(moving) != 1:
                    return False
                stack.append(moving[0])
            case Reduce("sum", _, body, where):
                if where is not None and moves(where):
                    return False
                stack.append(body)
            case _:
                return False
    return True


class _Reader:
    """Takes one cost apart."""

    def __init__(self, cost: Cost) -> None:
        self.cost, self.scope = cost, cost.scope
        self.parameters = frozenset(d.name for d in cost.parameters)
        self.data = frozenset(d.name for d in cost.declarations if d.kind == "data")
        self.added: list[str] = []

    def moves(self, e: Expr) -> bool:
        """Whether ``e`` moves with a parameter."""
        return any(reached(self.scope, n) & self.parameters for n in names(e) | calls(e))

    def holds_data(self, e: Expr) -> bool:
        """Whether ``e`` rests on data."""
        return any(reached(self.scope, n) & self.data for n in names(e) | calls(e))

    def read(self) -> Scored | None:
        """The reading, or None."""
        if not self.parameters or self.cost.definition(self.cost.goal).indices:
            return None
        split = self._split()
        if split is None:
            return None
        scale, row, body, penalty = split
        loss = self._named_loss(scale, row, body, penalty)
        score = self._score(loss, row) or self._named_score(loss, row)
        if score is None:
            return None
        labels = self._labels(loss, score)
        output = self._output(loss, score, labels)
        linear = frozenset(p for p in self.parameters if self._linear_in(score, p))
        joint = self._jointly(score, linear)
        return Scored(self.cost, scale, row, loss, score, output, labels, penalty, joint, tuple(self.added))

    # --- the sum over examples --------------------------------------------------------------------

    def _split(self) -> tuple[Expr, Index, Expr, Expr] | None:
        """Scale, row letter, body of the sum over examples, and the rest of the goal."""
        found: list[tuple[Expr, tuple[Expr, Index, Expr]]] = []
        rest: list[Expr] = []
        for term in self._terms():
            taken = self._data_term(term) if self.moves(term) else None
            if taken is not None:
                found.append((term, taken))
            elif self.moves(term):
                if self.holds_data(term):
                    return None
                rest.append(term)
        own = {dim for d in self.cost.parameters for dim in d.dims}
        outside = [(t, x) for t, x in found if x[1].dim not in own]
        data = [x for _, x in (outside or found)]  # w' G w with data G is a penalty
        rest.extend(t for t, x in found if x not in data)
        merged = _merged(data) if data else None
        if merged is None or (outside and any(self._over(t, merged[1].dim) for t in rest)):
            return None
        return (*merged, add(*rest))

    def _over(self, e: Expr, dim: str) -> bool:
        """Whether a sum over ``dim`` stands in ``e`` or below it."""
        bodies = [e, *(self.scope.definitions[n].body for n in self._below(e))]
        return any(isinstance(n, Reduce) and n.index.dim == dim for b in bodies for n in postorder(b))

    def _below(self, e: Expr) -> frozenset[str]:
        inside = frozenset[str]().union(*(reached(self.scope, n) for n in names(e) | calls(e)))
        return frozenset(n for n in inside if n in self.scope.definitions)

    def _terms(self) -> list[Expr]:
        """The goal's terms, with scalar definitions put in and sums in products multiplied out."""
        e = self.cost.definition(self.cost.goal).body
        for _ in range(MOST_UNFOLDED):
            new = rewrite_bottom_up(e, self._put_scalar)
            if new is e:
                break
            e = new
        return [part for term in terms_of(e) for part in self._distributed(term)]

    def _put_scalar(self, e: Expr) -> Expr:
        if isinstance(e, Symbol) and not e.indices and e.name in self.scope.definitions:
            definition = self.scope.definitions[e.name]
            if self.moves(e) and not definition.is_function and not definition.dims:
                return definition.body
        return e

    def _distributed(self, term: Expr) -> list[Expr]:
        factors = factors_of(term)
        sums = [f for f in factors if isinstance(f, Add) and self.moves(f)]
        if len(sums) != 1:
            return [term]
        rest = [f for f in factors if f is not sums[0]]
        return [mul(*rest, t) for t in sums[0].terms]

    def _data_term(self, term: Expr) -> tuple[Expr, Index, Expr] | None:
        """A term that is a scaled sum over examples."""
        factors = factors_of(term)
        sums = [f for f in factors if isinstance(f, Reduce) and f.op == "sum" and self.moves(f)]
        scale = [f for f in factors if f not in sums]
        if len(sums) != 1 or any(self.moves(f) for f in scale) or sums[0].where is not None:
            return None
        total = sums[0]
        return (mul(*scale), total.index, total.body) if self.holds_data(total.body) else None

    # --- names for what has none ------------------------------------------------------------------

    def _named_loss(self, scale: Expr, row: Index, body: Expr, penalty: Expr) -> Symbol:
        """The loss's own name, or a new one put into the cost."""
        definition = self.scope.definitions.get(body.name) if isinstance(body, Symbol) else None
        if (
            isinstance(body, Symbol)
            and definition is not None
            and body.indices == definition.indices == (row,)
        ):
            return body
        loss = Symbol(self._free(("L", "l", "loss")), (row,))
        self._define(Definition(loss.name, body, (row,), (row.dim,)), before=self.cost.goal)
        goal = self.cost.definition(self.cost.goal)
        total = add(*(t for t in (mul(scale, Reduce("sum", row, loss)), penalty) if t is not ZERO))
        self._replace(replace(goal, body=total))
        return loss

    def _free(self, wanted: tuple[str, ...]) -> str:
        taken = {d.name for d in (*self.cost.declarations, *self.cost.definitions)} | set(self.cost.dims)
        number, found = 0, next((n for n in wanted if n not in taken), "")
        while not found:
            number += 1
            found = "" if f"{wanted[0]}{number}" in taken else f"{wanted[0]}{number}"
        self.added.append(found)
        return found

    def _define(self, new: Definition, before: str) -> None:
        kept = list(self.cost.definitions)
        place = next(k for k, d in enumerate(kept) if d.name == before)
        self._set((*kept[:place], new, *kept[place:]))

    def _replace(self, new: Definition) -> None:
        self._set(tuple(new if d.name == new.name else d for d in self.cost.definitions))

    def _set(self, definitions: tuple[Definition, ...]) -> None:
        self.cost = replace(self.cost, definitions=definitions)
        self.scope = self.cost.scope

    # --- the score --------------------------------------------------------------------------------

    def _score(self, loss: Symbol, row: Index) -> Symbol | None:
        """The first definition through which the loss reaches every parameter."""
        below = reached(self.scope, loss.name)
        for d in self.cost.definitions:
            if d.name not in below or d.is_function or d.name == loss.name or row.dim not in d.dims:
                continue
            moving = reached(self.scope, d.name) & self.parameters
            if moving and not reached(self.scope, loss.name, (d.name,)) & self.parameters:
                return self._without_label(d, loss)
        return None

    def _without_label(self, d: Definition, loss: Symbol) -> Symbol | None:
        """The definition as a score; one that already compares with the label is none."""
        labelled = self.data & reached(self.scope, loss.name) & _compared(d, self.scope, self.parameters)
        return None if labelled else Symbol(d.name, d.indices)

    def _named_score(self, loss: Symbol, row: Index) -> Symbol | None:
        """The one largest linear form that the loss holds, as a definition of its own."""
        body = self._opened(self.scope.definitions[loss.name].body)
        forms = list({canonical(f): f for f in self._forms(body)}.values())
        if len(forms) != 1 or row not in free_indices(forms[0]):
            return None
        form = forms[0]
        indices = (row, *sorted(free_indices(form) - {row}, key=lambda i: i.letter))
        score = Symbol(self._free(("z", "s", "score")), indices)
        self._define(Definition(score.name, form, indices, tuple(i.dim for i in indices)), before=loss.name)
        new = rewrite_bottom_up(body, lambda n: _put(n, form, score))
        self._replace(replace(self.cost.definition(loss.name), body=new))
        return None if self.parameters & reached(self.scope, loss.name, (score.name,)) else score

    def _opened(self, e: Expr) -> Expr:
        """``e`` with every moving definition that is not linear put in."""

        def put(node: Expr) -> Expr:
            d = self.scope.definitions.get(node.name) if isinstance(node, Symbol) else None
            if d is None or not isinstance(node, Symbol) or not self.moves(node) or d.is_function:
                return node
            if is_linear(d.body, self.scope, self.parameters) and not self._label_in(d.body):
                return node
            return substitute(d.body, dict(zip(d.indices, node.indices, strict=True)))

        for _ in range(MOST_UNFOLDED):
            new = rewrite_bottom_up(e, put)
            if new is e:
                break
            e = new
        return e

    def _label_in(self, e: Expr) -> bool:
        return any(not self.moves(t) and names(t) & self.data for t in terms_of(e))

    def _forms(self, e: Expr) -> list[Expr]:
        """The largest parts that are linear in the parameters, terms without one left outside."""
        found: list[Expr] = []
        stack = [e]
        while stack:
            node = stack.pop()
            if not self.moves(node):
                continue
            if isinstance(node, Add):
                moving = [t for t in node.terms if self.moves(t)]
                beside = [t for t in node.terms if t not in moving]
                compared = len(moving) == 1 and any(self._is_datum(t) for t in beside)
                if compared or all(is_linear(t, self.scope, self.parameters) for t in moving):
                    found.append(_positive(add(*moving)))
                    continue
            if is_linear(node, self.scope, self.parameters):
                inner = [f for f in factors_of(node) if self.moves(f)]
                if isinstance(node, Mul) and len(inner) == 1 and isinstance(inner[0], Add | Reduce | Symbol):
                    stack.append(inner[0])  # y (w x + b): the form is in the bracket
                else:
                    found.append(_positive(node))
                continue
            stack.extend(reversed(children(node)))
        return found

    def _is_datum(self, e: Expr) -> bool:
        """Whether ``e`` is data standing alone, or its negative."""
        plain = neg(e) if _led_by_minus(e) else e
        return isinstance(plain, Symbol) and plain.name in self.data

    def _linear_in(self, score: Symbol, parameter: str) -> bool:
        body = self.scope.definitions[score.name].body
        return parameter in reached(self.scope, score.name) and is_linear(
            body, self.scope, frozenset((parameter,))
        )

    def _jointly(self, score: Symbol, linear: frozenset[str]) -> frozenset[str]:
        """The largest group, in order, in which the score is linear together."""
        group: list[str] = []
        body = self.scope.definitions[score.name].body
        for p in (d.name for d in reversed(self.cost.parameters)):
            if p in linear and is_linear(body, self.scope, frozenset((*group, p))):
                group.append(p)
        return frozenset(group)

    # --- labels and output ------------------------------------------------------------------------

    def _labels(self, loss: Symbol, score: Symbol) -> tuple[Symbol, ...]:
        """The data the loss holds beside the score, with its indices or the example's."""
        below = reached(self.scope, loss.name, (score.name,))
        shapes = (score.indices, score.indices[:1], loss.indices)
        dims = [tuple(i.dim for i in shape if isinstance(i, Index)) for shape in shapes]
        found: list[tuple[int, int, Symbol]] = []
        for d in self.cost.declarations:
            if d.kind != "data" or d.name not in below or d.dims not in dims:
                continue
            place = dims.index(d.dims)
            marked = not (d.values or d.has("onehot") or d.has("simplex"))
            found.append((place, marked, Symbol(d.name, shapes[place])))
        return tuple(symbol for _, _, symbol in sorted(found, key=lambda item: item[:2]))

    def _output(self, loss: Symbol, score: Symbol, labels: tuple[Symbol, ...]) -> Symbol:
        """The definition nearest the loss that moves with the score, has its indices, and no label."""
        held = {s.name for s in labels}
        dims = tuple(i.dim for i in score.indices if isinstance(i, Index))
        below = reached(self.scope, loss.name)
        found = score
        for d in self.cost.definitions:
            inner = reached(self.scope, d.name)
            shaped = d.name in below and d.dims == dims and d.name != loss.name and not d.is_function
            if shaped and score.name in inner and not inner & held:
                found = Symbol(d.name, score.indices)
        return found


def _compared(d: Definition, scope: Scope, parameters: frozenset[str]) -> frozenset[str]:
    """The names that stand in ``d`` as terms of their own, beside what moves: y in f − y."""

    def moves(e: Expr) -> bool:
        return any(reached(scope, n) & parameters for n in names(e) | calls(e))

    beside: set[str] = set()
    factors = [f for f in factors_of(d.body) if moves(f)]
    terms = terms_of(factors[0] if len(factors) == 1 else d.body)
    moving = [t for t in terms if moves(t)]
    if len(moving) == 1 and len(terms) > 1:
        for t in terms:  # of the other sign: y in f − y, not x in x + f
            plain = neg(t) if _led_by_minus(t) else t
            opposite = _led_by_minus(t) != _led_by_minus(moving[0])
            if (
                t not in moving
                and opposite
                and isinstance(plain, Symbol)
                and len(plain.indices) == len(d.indices)
            ):
                beside |= names(t)
    return frozenset(beside)


def _put(node: Expr, form: Expr, score: Symbol) -> Expr:
    """The score where the form stands: as a whole, as terms of a longer sum, or negated."""
    if node is form or same_form(node, form):
        return score
    if isinstance(node, Add) and isinstance(form, Add):
        rest = list(node.terms)
        for sign in (1, -1):
            terms = form.terms if sign == 1 else tuple(neg(t) for t in form.terms)
            if all(t in rest for t in terms):
                place = node.terms.index(terms[0])
                kept = [t for t in rest if t not in terms]
                return add(*kept[:place], score if sign == 1 else neg(score), *kept[place:])
    return node


def _positive(e: Expr) -> Expr:
    """``e`` or its negation, so that y − z and z have one form."""
    first = terms_of(e)[0]
    return add(*(neg(t) for t in terms_of(e))) if _led_by_minus(first) else e


def _led_by_minus(e: Expr) -> bool:
    return len(factors_of(e)) > 1 and factors_of(e)[0] is MINUS_ONE


def _merged(data: list[tuple[Expr, Index, Expr]]) -> tuple[Expr, Index, Expr] | None:
    """Several sums over the examples as one, their scales alike up to sign."""
    scale, row, body = data[0]
    bodies = [body]
    for other_scale, other_row, other in data[1:]:
        if other_row.dim != row.dim:
            return None
        here = substitute(other, {other_row: row})
        if same_form(other_scale, scale):
            bodies.append(here)
        elif same_form(neg(other_scale), scale):
            bodies.append(neg(here))
        else:
            return None
    if _led_by_minus(scale) and len(bodies) == 1:
        return neg(scale), row, neg(bodies[0])
    return scale, row, add(*bodies)
