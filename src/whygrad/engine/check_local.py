"""Derivatives along one of several paths, the other names held.

``∂J/∂z = ∂J/∂L · ∂L/∂z + ∂J/∂s · ∂s/∂z`` where L is made of z and of s: in the first product ∂L/∂z is
taken with s held, or the path through s would count twice. So it is with ``... + ∂J/∂w`` for the part of
J in which w itself stands. A reading of last resort: nothing is accused that is right under it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import ZERO, Add, Expr, Partial, Symbol
from whygrad.core.walk import at, paths, replace_at
from whygrad.engine.differentiate import instantiate
from whygrad.meaning.differentiate import derivative

NOTE = "derivatives along one of several paths are taken with the other names held"


def along_paths(e: Expr, wrt: str, scope: Scope) -> Iterator[Expr]:
    """``e`` with its derivatives by ``wrt`` in sums of several terms taken along one path only.

    Examples
    --------
    >>> from whygrad.core.cost import Definition
    >>> from whygrad.core.expr import add, mul
    >>> w, s, J = Symbol("w"), Symbol("s"), Symbol("J")
    >>> scope = Scope({"w": Declaration("w", "param")}, {
    ...     "s": Definition("s", mul(w, w)), "J": Definition("J", add(s, w))})
    >>> line = add(mul(Partial(J, s), Partial(s, w)), Partial(J, w))
    >>> [str(found.terms[1]) for found in along_paths(line, "w", scope)]
    ['Number(Fraction(1, 1), False)', 'Number(Fraction(1, 1), False)']
    """
    places = [
        (path, node)
        for path, node in paths(e)
        if isinstance(node, Partial)
        and node.wrt.name == wrt
        and _is_entry(node.body, scope)
        and any(isinstance(at(e, path[:n]), Add) for n in range(len(path)))
    ]
    if not places:
        return
    links = {node.body.name for _, node in places if isinstance(node.body, Symbol)}
    links |= {n.wrt.name for _, n in paths(e) if isinstance(n, Partial) and n.wrt.name in scope.definitions}
    for held in (links, set(scope.definitions)):
        inner = _holding(held, scope)
        new: Expr | None = e
        for path, node in places:
            body = node.body
            if isinstance(body, Symbol):
                body = instantiate(scope.definitions[body.name], body.indices)
            slope = derivative(body, node.wrt, inner)
            new = replace_at(new, path, slope) if new is not None and slope is not ZERO else None
        if new is not None:  # along no path at all would make everything 0
            yield new


def _is_entry(body: Expr, scope: Scope) -> bool:
    """Whether what is differentiated is a number: no whole array, and no name without a definition."""
    if not isinstance(body, Symbol):
        return True
    definition = scope.definitions.get(body.name)
    return definition is not None and len(definition.indices) == len(body.indices)


def _holding(held: set[str], scope: Scope) -> Scope:
    """A scope in which some definitions are quantities of their own."""
    kept = {n: d for n, d in scope.definitions.items() if n not in held or d.is_function}
    data = {
        n: Declaration(n, "data", scope.definitions[n].dims)
        for n in held
        if n in scope.definitions and n not in kept
    }
    return replace(scope, declarations={**scope.declarations, **data}, definitions=kept)


__all__ = ["NOTE", "along_paths"]
