"""A derivative by a name that stands written out in what is differentiated.

People write ``d/dz log(1 + e^{wx+b})`` with ``z = wx + b`` given: the z is there, unnamed. Here it gets
its name again, so that the derivative follows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from whygrad.core.cost import Definition, Scope
from whygrad.core.expr import Expr, Index, Partial, Symbol
from whygrad.core.walk import (
    canonical,
    free_indices,
    names,
    postorder,
    rewrite_bottom_up,
    size_of,
    substitute,
    symbols,
)

LARGEST = 4_000
"""An expression that grows beyond this when written out is left alone."""


def named_again(e: Expr, scope: Scope) -> Expr:
    """``e`` with the variables of its derivatives named where they stand written out.

    Examples
    --------
    >>> from whygrad.core.expr import Call, add
    >>> z, w, b = Symbol("z"), Symbol("w"), Symbol("b")
    >>> scope = Scope({}, {"z": Definition("z", add(w, b))})
    >>> named_again(Partial(Call("exp", (add(w, b),)), z), scope).body is Call("exp", (z,))
    True
    """

    def again(node: Expr) -> Expr:
        if not isinstance(node, Partial) or node.wrt.name not in scope.definitions:
            return node
        if node.wrt.name in _reached(node.body, scope.definitions):
            return node
        definition = scope.definitions[node.wrt.name]
        body = _written_out(node.body, scope, node.wrt.name)
        pattern = _written_out(definition.body, scope, node.wrt.name)
        if body is None or pattern is None or isinstance(pattern, Symbol):
            return node
        return Partial(_replaced(body, pattern, definition), node.wrt)

    return rewrite_bottom_up(e, again)


def _reached(e: Expr, definitions: Mapping[str, Definition]) -> frozenset[str]:
    seen: set[str] = set()
    stack = list(names(e))
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            if name in definitions:
                stack += names(definitions[name].body)
    return frozenset(seen)


def _written_out(e: Expr, scope: Scope, but: str) -> Expr | None:
    """With every definition in place, but one."""
    for _ in range(24):
        found: dict[Expr, Expr] = {}
        for s in symbols(e):
            definition = scope.definitions.get(s.name)
            if definition is None or s.name == but or definition.is_function:
                continue
            if len(s.indices) == len(definition.indices):
                swap: dict[Expr, Expr] = dict(zip(definition.indices, s.indices, strict=True))
                found[s] = substitute(definition.body, swap)
        if not found:
            return e
        e = substitute(e, found)
        if size_of(e) > LARGEST:
            return None
    return None


def _replaced(body: Expr, pattern: Expr, definition: Definition) -> Expr:
    """Parts of ``body`` that are the definition at some positions, by its name."""
    letters = {node for node in postorder(body) if isinstance(node, Index)}
    own = list(definition.indices)
    forms: dict[Expr, Expr] = {}
    if not own:
        forms[canonical(pattern)] = Symbol(definition.name)
    elif len(own) == 1:
        for letter in letters | free_indices(body):
            if letter.dim == own[0].dim:
                swapped = substitute(pattern, {own[0]: letter})
                forms[canonical(swapped)] = Symbol(definition.name, (letter,))

    def again(node: Expr) -> Expr:
        return forms.get(canonical(node), node) if not isinstance(node, Symbol | Index) else node

    return rewrite_bottom_up(body, again)


__all__ = ["named_again"]
