"""Derivatives along a direction: how every name changes when the parameters change by Δ.

For a direction (Δw, Δb) each name N of the cost changes at the rate ΔN = d/dε N(w + ε Δw, b + ε Δb) at
ε = 0. The rate of a gradient is the Hessian times the direction, at the price of one more gradient
(Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation, 1994).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from whygrad.core.cost import Cost, Declaration, Definition, Domain, Scope
from whygrad.core.derivation import Evidence
from whygrad.core.expr import ZERO, Call, Expr, Partial, Symbol, add, mul
from whygrad.core.walk import names, postorder, rewrite_bottom_up, substitute
from whygrad.engine.differentiate import Frame, calls, differentiate, letters_of, unfold_call
from whygrad.engine.moves import Context
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.equal import same_value

MARK: Final = "Δ"
"""Put before a name: its change."""


@dataclass(frozen=True, slots=True)
class Tangents:
    """A cost with the changes of its names as further names.

    ``cost`` declares ΔP for each parameter P that moves, and defines ΔN for each definition N that
    moves with them, after all of its own definitions.
    """

    cost: Cost
    parameters: tuple[str, ...]
    moving: frozenset[str]
    changes: tuple[Definition, ...]

    @property
    def scope(self) -> Scope:
        """The scope with the changes."""
        return self.cost.scope

    @property
    def context(self) -> Context:
        """What the moves may use: back to every name."""
        plain = (d.name for d in self.cost.definitions if not d.is_function and d.name != self.cost.goal)
        return Context(self.scope, frozenset(plain))

    def change(self, symbol: Symbol) -> Symbol:
        """The change of a name, at its indices."""
        return Symbol(MARK + symbol.name, symbol.indices)

    def along(self, e: Expr) -> Expr:
        """The change of an expression, simplified."""
        return _along(e, self.scope, self.moving, self.context)

    def evidence(self, e: Expr, change: Expr) -> Evidence:
        """How it was checked that ``change`` is the change of ``e``, those of the names in it given."""
        return _judged(e, change, self.scope, self.moving)

    def evidence_of(self, name: str) -> Evidence:
        """The same for the change of a definition."""
        change = self.scope.definitions[MARK + name].body
        return _judged(self.scope.definitions[name].body, change, self.scope, self.moving - {name})


def tangents(cost: Cost, parameters: Iterable[str]) -> Tangents:
    r"""The changes of all names of a cost in index form for changes of these parameters.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nz[i] = w x[i]\nJ = mean_i 1/2 (z[i] - y[i])^2"
    >>> t = tangents(read_cost(text), ("w",))
    >>> [d.name for d in t.changes], [f.name for f in t.changes[0].body.factors]
    (['Δz'], ['x', 'Δw'])
    """
    chosen = tuple(parameters)
    declared = tuple(_declared(d) for d in cost.declarations if d.name in chosen)
    moving = {d.name for d in cost.declarations if d.name in chosen}
    made: list[Definition] = []
    current = replace(cost, declarations=(*cost.declarations, *declared))
    plain = frozenset(d.name for d in cost.definitions if not d.is_function and d.name != cost.goal)
    for d in cost.definitions:
        if d.is_function or d.name == cost.goal or not (names(d.body) | calls(d.body)) & moving:
            continue
        moving.add(d.name)
        body = _along(d.body, current.scope, frozenset(moving) - {d.name}, Context(current.scope, plain))
        made.append(Definition(MARK + d.name, body, d.indices, d.dims))
        current = replace(current, definitions=(*current.definitions, made[-1]))
    return Tangents(current, chosen, frozenset(moving), tuple(made))


def _declared(d: Declaration) -> Declaration:
    """The change of a parameter; that of a symmetric matrix is symmetric, too."""
    mirrored = any(x.kind in ("spd", "symmetric") for x in d.domains)
    return Declaration(MARK + d.name, "data", d.dims, (Domain("symmetric"),) if mirrored else (), d.letters)


@dataclass(frozen=True, slots=True)
class _Shifted:
    """A line in which every moving name N stands as N + ε ΔN, to be differentiated by ε at ε = 0."""

    line: Expr
    step: Symbol
    scope: Scope

    def at_zero(self, worked: Expr) -> Expr:
        """The derivative where ε is 0."""
        return tidy(substitute(tidy(worked), {self.step: ZERO}))


def _shift(e: Expr, scope: Scope, moving: frozenset[str]) -> _Shifted:
    step = Symbol(_free_name(scope))

    def shifted(node: Expr) -> Expr:
        if isinstance(node, Symbol) and node.name in moving:
            return add(node, mul(step, Symbol(MARK + node.name, node.indices)))
        return node

    def opened(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name in scope.definitions:
            return unfold_call(node, scope) if names(scope.definitions[node.name].body) & moving else node
        return node

    line = rewrite_bottom_up(rewrite_bottom_up(e, opened), shifted)
    plain = [d for d in scope.definitions.values() if not d.is_function]
    arrays = {d.name: Declaration(d.name, "data", d.dims) for d in plain}
    kept = {k: d for k, d in scope.definitions.items() if d.is_function}
    return _Shifted(line, step, Scope({**arrays, **scope.declarations}, kept))


def _along(e: Expr, scope: Scope, moving: frozenset[str], context: Context) -> Expr:
    made = _shift(e, scope, moving)
    stepped = frozenset(
        n.name
        for n in postorder(made.line)
        if isinstance(n, Call) and n.name in made.scope.definitions and made.step.name in names(n)
    )
    using = Frame(made.scope, made.step, stepped | {made.step.name}, reserved=letters_of(scope))
    at_zero = made.at_zero(differentiate(Partial(made.line, made.step), using).line)
    steps = simplify(at_zero, context)
    return steps[-1].after if steps else at_zero


def _judged(e: Expr, change: Expr, scope: Scope, moving: frozenset[str]) -> Evidence:
    """The change against that of the differentiator of the judges, which shares no table with the rules."""
    made = _shift(e, scope, moving)
    expected = made.at_zero(derivative(made.line, made.step, made.scope))
    return same_value(expected, change, scope).evidence


def _free_name(scope: Scope) -> str:
    name = "ε"
    while name in scope.declarations or name in scope.definitions:
        name += "′"
    return name
