"""Which definition uses which, and with which index letters each is written along the way.

``f[i] = sigmoid(z[i])`` uses z at its own letter: the link is *aligned*, and ∂f_i/∂z_i is all there
is. ``P[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])`` uses z at k and at every l: that position gets a
letter of its own, over which the chain rule sums.
"""

from __future__ import annotations

from dataclasses import dataclass

from whygrad.core.cost import Cost, Declaration, Definition, Scope
from whygrad.core.expr import Expr, Index, Reduce, Symbol
from whygrad.core.walk import fresh_index, names, postorder, symbols
from whygrad.engine.differentiate import calls, instantiate, letters_of, movers
from whygrad.meaning.to_index import letters_by_dimension


@dataclass(frozen=True, slots=True)
class Link:
    """The use of ``lower`` by ``upper``; the chain rule sums over ``summed``."""

    upper: Symbol
    lower: Symbol
    summed: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The definitions between a root and a target, from the root down, and their links.

    ``symbols`` has every node's way of being written; ``links[name]`` are the uses of a node.
    """

    root: Symbol
    target: Symbol
    order: tuple[str, ...]
    symbols: dict[str, Symbol]
    links: dict[str, tuple[Link, ...]]

    @property
    def path(self) -> tuple[Link, ...] | None:
        """The links from root to target if there is exactly one way, else None."""
        out: list[Link] = []
        name = self.target.name
        while name != self.root.name:
            links = self.links[name]
            if len(links) != 1:
                return None
            out.append(links[0])
            name = links[0].upper.name
        return tuple(reversed(out)) if len(out) == len(self.order) else None


def uses(definition: Definition) -> frozenset[str]:
    """The names a definition's body uses."""
    return names(definition.body) | calls(definition.body)


def below(cost: Cost, goal: str) -> frozenset[str]:
    """The definitions ``goal`` rests on, itself among them."""
    found = {goal}
    for definition in reversed(cost.definitions):
        if definition.name in found:
            found |= uses(definition)
    return frozenset(found)


def build(cost: Cost, root: str, target: str, wrt: Symbol | None = None, *, apart: bool = False) -> Graph:
    """The graph between ``root`` and ``target`` (a parameter or a definition).

    With ``apart`` no letter is used twice along the way, so that all links may be multiplied under one
    sum; otherwise letters repeat from layer to layer.
    """
    scope = cost.scope
    moving, needed = movers(scope, target), below(cost, root)
    between = [
        d for d in reversed(cost.definitions)
        if d.name in moving and d.name in needed and not d.is_function and d.name != target
    ]  # fmt: skip
    names_between = [d.name for d in between if d.name != root]
    order = [*names_between, target]
    written: dict[str, Symbol] = {target: Symbol(target, _own_indices(cost, target)) if wrt is None else wrt}
    reserved = letters_of(scope)
    for definition in reversed(between):
        below_it = [s for name, s in written.items() if apart or name in uses(definition)]
        taken = {i.letter for s in below_it for i in s.indices if isinstance(i, Index)}
        written[definition.name] = _written(definition, written, taken, reserved)
    rooted = frozenset(i for i in written[root].indices if isinstance(i, Index))
    users = {name: [d for d in between if name in uses(d)] for name in order}
    links = {
        name: tuple(_link(d, written[name], written, rooted, reserved) for d in users[name]) for name in order
    }
    return Graph(written[root], written[target], tuple(order), written, links)


def _own_indices(cost: Cost, name: str) -> tuple[Index, ...]:
    """The letters a name is declared or defined with."""
    for d in cost.definitions:
        if d.name == name:
            return d.indices
    declaration = next(d for d in cost.declarations if d.name == name)
    return parameter_indices(cost, declaration.name)


def parameter_indices(cost: Cost, name: str) -> tuple[Index, ...]:
    """Index letters for a declared name: its own if it showed any, else those of its dimensions."""
    declaration = next(d for d in cost.declarations if d.name == name)
    if len(declaration.letters) == len(declaration.dims):
        return tuple(Index(a, d) for a, d in zip(declaration.letters, declaration.dims, strict=True))
    usual = letters_by_dimension(cost.scope)
    out: list[Index] = []
    for dim in declaration.dims:
        taken = {i.letter for i in out}
        letter = next((a for a in usual.get(dim, ()) if a not in taken), None)
        out.append(fresh_index(Index(letter or "j", dim), taken))
    return tuple(out)


def alignment(definition: Definition, lower: str, rank: int) -> list[Index | None]:
    """For each position of ``lower``: the definition's own letter it always stands at, or None."""
    free = frozenset(definition.indices)
    spots = [s for s in symbols(definition.body) if s.name == lower]
    out: list[Index | None] = []
    for q in range(rank):
        found = {s.indices[q] for s in spots if len(s.indices) > q}
        index = next(iter(found)) if len(found) == 1 else None
        bound = isinstance(index, Index) and index in free and not _rebinds(definition.body, index)
        out.append(index if bound and isinstance(index, Index) else None)
    for q, index in enumerate(out):
        if index is not None and index in out[:q]:
            out[q] = None  # a letter carries one position
    return out


def _rebinds(body: Expr, index: Index) -> bool:
    return any(isinstance(n, Reduce) and n.index is index for n in postorder(body))


def _fresh(index: Index, taken: set[str], reserved: dict[str, str]) -> Index:
    """A letter not taken, and not one of another dimension."""
    return fresh_index(index, taken | {a for a, dim in reserved.items() if dim != index.dim})


def _written(
    definition: Definition, written: dict[str, Symbol], taken: set[str], reserved: dict[str, str]
) -> Symbol:
    """The symbol of a node: the letters of what it uses where aligned, else its own or fresh."""
    found: dict[Index, Index] = {}
    for name, lower in written.items():
        if name not in uses(definition):
            continue
        for q, index in enumerate(alignment(definition, name, len(lower.indices))):
            letter = lower.indices[q]
            if index is not None and isinstance(letter, Index) and letter not in found.values():
                found.setdefault(index, letter)
    out: list[Expr] = []
    for index in definition.indices:
        if index in found:
            out.append(found[index])
        else:
            avoid = (
                taken | {i.letter for i in found.values()} | {i.letter for i in out if isinstance(i, Index)}
            )
            out.append(_fresh(index, avoid, reserved))
    return Symbol(definition.name, out)


def _link(
    user: Definition,
    lower: Symbol,
    written: dict[str, Symbol],
    rooted: frozenset[Index],
    reserved: dict[str, str],
) -> Link:
    """How ``user`` is written where it uses ``lower``, and what is summed over."""
    upper = written[user.name]
    place: dict[Index, Expr] = {}
    for q, index in enumerate(alignment(user, lower.name, len(lower.indices))):
        if index is not None:
            place[index] = lower.indices[q]
    taken = {i.letter for i in lower.indices if isinstance(i, Index)} | {i.letter for i in rooted}
    out: list[Expr] = []
    for r, index in enumerate(user.indices):
        if index in place:
            out.append(place[index])
            continue
        mine = upper.indices[r]
        if isinstance(mine, Index) and mine not in rooted and mine.letter in taken:
            mine = _fresh(mine, taken | {i.letter for i in out if isinstance(i, Index)}, reserved)
        out.append(mine)
        if isinstance(mine, Index):
            taken.add(mine.letter)
    summed = [i for i in out if isinstance(i, Index) and i not in lower.indices and i not in rooted]
    return Link(Symbol(user.name, out), lower, tuple(dict.fromkeys(summed)))


def local_scope(scope: Scope, name: str) -> Scope:
    """The scope in which only ``name`` (and functions of arguments) is unfolded; others are arrays."""
    kept = {k: d for k, d in scope.definitions.items() if k == name or d.is_function}
    held = {k: Declaration(k, "data", d.dims) for k, d in scope.definitions.items() if k not in kept}
    return Scope({**scope.declarations, **held}, kept)


def body_at(scope: Scope, symbol: Symbol) -> Expr:
    """The body of a definition at the symbol's indices."""
    return instantiate(scope.definitions[symbol.name], symbol.indices)
