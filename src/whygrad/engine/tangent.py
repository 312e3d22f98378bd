"""Derivatives along a direction: how every name changes when the parameters change by Δ.

For a direction (Δw, Δb) each name N of the cost changes at the rate ΔN = d/dε N(w + ε Δw, b + ε Δb) at
ε = 0. The rate of a gradient is the Hessian times the direction, at the price of one more gradient
(Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation, 1994).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from whygrad.core.cost import Cost, Declaration, Definition, Scope
from whygrad.core.expr import ZERO, Call, Expr, Partial, Symbol, add, mul
from whygrad.core.walk import names, postorder, rewrite_bottom_up, substitute
from whygrad.engine.differentiate import Frame, calls, differentiate, letters_of
from whygrad.engine.moves import Context
from whygrad.engine.score import reached
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy

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


def tangents(cost: Cost, parameters: Iterable[str]) -> Tangents:
    r"""The changes of all names of a cost in index form for changes of these parameters.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nz[i] = w x[i]\nJ = mean_i 1/2 (z[i] - y[i])^2"
    >>> t = tangents(read_cost(text), ("w",))
    >>> [d.name for d in t.changes], t.changes[0].body.factors[0].name
    (['Δz'], 'Δw')
    """
    chosen = tuple(parameters)
    needed = reached(cost.scope, cost.goal)
    declared = tuple(replace(d, name=MARK + d.name, kind="data", domains=())
                     for d in cost.declarations if d.name in chosen)  # fmt: skip
    moving = {d.name for d in cost.declarations if d.name in chosen}
    made: list[Definition] = []
    current = replace(cost, declarations=(*cost.declarations, *declared))
    plain = frozenset(d.name for d in cost.definitions if not d.is_function and d.name != cost.goal)
    for d in cost.definitions:
        if d.is_function or d.name == cost.goal or not (names(d.body) | calls(d.body)) & moving:
            continue
        moving.add(d.name)
        if d.name not in needed:
            continue
        body = _along(d.body, current.scope, frozenset(moving) - {d.name}, Context(current.scope, plain))
        made.append(Definition(MARK + d.name, body, d.indices, d.dims))
        current = replace(current, definitions=(*current.definitions, made[-1]))
    return Tangents(current, chosen, frozenset(moving), tuple(made))


def _along(e: Expr, scope: Scope, moving: frozenset[str], context: Context) -> Expr:
    step = Symbol(_free_name(scope))

    def shifted(node: Expr) -> Expr:
        if isinstance(node, Symbol) and node.name in moving:
            return add(node, mul(step, Symbol(MARK + node.name, node.indices)))
        return node

    line = rewrite_bottom_up(e, shifted)
    functions = frozenset(d.name for d in scope.definitions.values() if d.is_function)
    stepped = frozenset((step.name,)) | frozenset(
        n.name
        for n in postorder(line)
        if isinstance(n, Call) and n.name in functions and step.name in names(n)
    )
    arrays = {
        d.name: Declaration(d.name, "data", d.dims) for d in scope.definitions.values() if not d.is_function
    }
    kept = {k: d for k, d in scope.definitions.items() if d.is_function}
    opaque = Scope({**arrays, **scope.declarations}, kept)
    trace = differentiate(Partial(line, step), Frame(opaque, step, stepped, reserved=letters_of(scope)))
    at_zero = tidy(substitute(tidy(trace.line), {step: ZERO}))
    steps = simplify(at_zero, context)
    return steps[-1].after if steps else at_zero


def _free_name(scope: Scope) -> str:
    name = "ε"
    while name in scope.declarations or name in scope.definitions:
        name += "′"
    return name
