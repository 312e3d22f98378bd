"""Cotangents as names: ∂J/∂z stands for itself in a line, and is written out only where asked.

A network's derivation has one line for each definition; a result may hold earlier cotangents as
factors. To the judges and to the matrix form they are arrays of free entries: what holds for those
holds for the cotangents.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import Call, Expr, Partial, Reduce, Symbol
from whygrad.core.walk import fold, rewrite_bottom_up, substitute
from whygrad.engine.differentiate import Known, apart

_scopes: OrderedDict[int, tuple[Scope, Scope]] = OrderedDict()
_KEPT = 16


def is_cotangent(e: Expr) -> bool:
    """Whether ``e`` is ∂J/∂z for a number J."""
    return isinstance(e, Partial) and isinstance(e.body, Symbol) and not e.body.indices


def has_cotangents(e: Expr) -> bool:
    """Whether a cotangent stands in ``e``."""
    return fold(e, lambda node, kids: is_cotangent(node) or any(kids), memo="has_cotangents")


class Cotangents:
    """Hides cotangents behind names of a wider scope, and brings them back."""

    def __init__(self, scope: Scope) -> None:
        self._base = scope

    @staticmethod
    def inside(e: Expr) -> bool:
        """Whether there are any in ``e``."""
        return has_cotangents(e)

    @property
    def scope(self) -> Scope:
        """The scope with a declared name for every cotangent; one for each scope."""
        found = _scopes.get(id(self._base))
        if found is not None:
            return found[1]
        declarations = dict(self._base.declarations)
        goals = [d.name for d in self._base.definitions.values() if not d.dims and not d.is_function]
        for goal in goals:
            for name in (*self._base.declarations, *self._base.definitions):
                hidden = _name(goal, name)
                declarations[hidden] = Declaration(hidden, "data", self._base.dims_of(name))
        wider = Scope(declarations, self._base.definitions)
        _scopes[id(self._base)] = self._base, wider
        if len(_scopes) > _KEPT:
            _scopes.popitem(last=False)
        return wider

    def hidden(self, e: Expr) -> Expr:
        """``e`` with names in the place of cotangents."""
        if not has_cotangents(e):
            return e

        def f(node: Expr) -> Expr:
            if isinstance(node, Partial) and is_cotangent(node) and isinstance(node.body, Symbol):
                return Symbol(_name(node.body.name, node.wrt.name), node.wrt.indices)
            return node

        return rewrite_bottom_up(e, f)

    @staticmethod
    def arrays(e: Expr) -> Expr:
        """Whole arrays of hidden names as gradients: ∇_z J."""

        def f(node: Expr) -> Expr:
            if isinstance(node, Symbol) and node.name.startswith("∂"):
                goal, name = node.name[1:].split("/∂")
                return Call("nabla", (Symbol(goal), Symbol(name))) if not node.indices else node
            return node

        return rewrite_bottom_up(e, f)


def _name(goal: str, name: str) -> str:
    return f"∂{goal}/∂{name}"


def measure(e: Expr, known: Mapping[str, Known]) -> tuple[int, int]:
    """Nodes and sums inside each other of ``e`` written out, found without writing it out."""
    done: dict[str, tuple[int, int]] = {}

    def f(node: Expr, kids: tuple[tuple[int, int], ...]) -> tuple[int, int]:
        if isinstance(node, Partial) and is_cotangent(node) and node.wrt.name in known:
            name = node.wrt.name
            if name not in done:
                done[name] = fold(known[name].value, f)
            return done[name]
        deep = max((k[1] for k in kids), default=0) + isinstance(node, Reduce)
        return 1 + sum(k[0] for k in kids), deep

    return fold(e, f)


def written_out(e: Expr, known: Mapping[str, Known], reserved: Mapping[str, str]) -> Expr:
    """``e`` with every cotangent replaced by its value, down to the cost's own names."""
    values: dict[str, Expr] = {}

    def f(node: Expr) -> Expr:
        if not (isinstance(node, Partial) and is_cotangent(node) and node.wrt.name in known):
            return node
        k = known[node.wrt.name]
        if node.wrt.name not in values:
            values[node.wrt.name] = rewrite_bottom_up(k.value, f)
        swap: dict[Expr, Expr] = dict(zip(k.indices, node.wrt.indices, strict=True))
        return substitute(values[node.wrt.name], swap)

    return apart(rewrite_bottom_up(e, f), frozenset(), reserved)
