"""A cost taken apart: every operation a definition of its own, so that each becomes a gate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from whygrad.core.circuit import Parts
from whygrad.core.cost import Cost, Definition
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Cases,
    Compare,
    Expr,
    Index,
    Mul,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    inverse,
    neg,
)
from whygrad.core.walk import fold, names, ordered_free_indices, rebuild, substitute

_LETTERS = ("u", "q", "v", "t", "h", "g", "s")


def taken_apart(cost: Cost, parts: Parts) -> Cost:
    """The cost with new definitions between the old ones, in the order of the forward pass.

    Parameters
    ----------
    cost
        By index (:func:`whygrad.meaning.to_index.cost_to_index`).
    parts
        ``"sigmoid"``: σ(z) as −z, e^, 1 +, 1/. ``"all"``: also every other operation. ``"none"``: as it is.
    """
    if parts == "none":
        return cost
    base = _base(cost)
    out: list[Definition] = []
    count = 0
    for definition in cost.definitions:
        if definition.is_function:
            out.append(definition)
            continue
        work = _Work(parts, base, count, cost, definition.indices)
        body = work.body(definition.body)
        count += len(work.made)
        out.extend((*work.made.values(), replace(definition, body=body)))
    return replace(cost, definitions=tuple(out))


def _base(cost: Cost) -> str:
    """A letter that no name of the cost begins with."""
    known = [*(d.name for d in cost.declarations), *(d.name for d in cost.definitions)]
    return next((a for a in _LETTERS if not any(n.lower().startswith(a) for n in known)), "aux")


@dataclass(slots=True)
class _Work:
    """One definition taken apart; ``made`` are the new ones, by body."""

    parts: Parts
    base: str
    start: int
    cost: Cost
    outer: tuple[Index, ...]
    """The letters of the definition, which come first."""
    made: dict[Expr, Definition] = field(default_factory=dict[Expr, Definition])

    def body(self, e: Expr) -> Expr:
        return fold(e, self._step)

    def _step(self, node: Expr, kids: tuple[Expr, ...]) -> Expr:
        """The node over named parts."""
        if isinstance(node, Cases | Compare | Partial):
            return node  # a choice is one gate
        if isinstance(node, Call) and node.name == "sigmoid" and "sigmoid" not in self.cost.scope.definitions:
            return self._sigmoid(kids[0])
        if self.parts != "all":
            return rebuild(node, kids) if kids else node
        match node:
            case Add() | Pow() | Call() | Mul() | Reduce():
                kept = rebuild(node, tuple(self._named(kid, node) for kid in kids))
            case _:
                kept = node
        return kept

    def _sigmoid(self, u: Expr) -> Expr:
        minus = self._new(neg(self._atom(u)))
        return inverse(self._new(add(ONE, self._new(Call("exp", (minus,))))))

    def _named(self, kid: Expr, parent: Expr) -> Expr:
        """The part by name, unless it belongs to its parent's gate: 1 − f, a/b, 1/m Σ."""
        if isinstance(kid, Index) or not names(kid):
            return kid
        match parent, kid:
            case Add(), Mul(factors) if sum(bool(names(f)) for f in factors) == 1 and all(
                isinstance(f, Symbol) or not names(f) for f in factors
            ):
                return kid
            case Mul(), Pow(Symbol(), exponent) if exponent is MINUS_ONE:
                return kid
            case Mul(factors), Reduce(_, _, Symbol()) if sum(bool(names(f)) for f in factors) == 1:
                return kid
            case _:
                return self._atom(kid)

    def _atom(self, e: Expr) -> Expr:
        return e if isinstance(e, Symbol) or not names(e) else self._new(e)

    def _new(self, body: Expr) -> Expr:
        """The name of a part; one that differs only in its letters is the same part at other positions."""
        free = ordered_free_indices(body)
        indices = (*(i for i in self.outer if i in free), *(i for i in free if i not in self.outer))
        marks: dict[Expr, Expr] = {i: Index(f"#{k}", i.dim) for k, i in enumerate(indices)}
        key = substitute(body, marks)
        found = self.made.get(key)
        if found is None:
            name = f"{self.base}{self.start + len(self.made) + 1}"
            found = Definition(name, body, indices, tuple(i.dim for i in indices))
            self.made[key] = found
        return Symbol(found.name, indices)
