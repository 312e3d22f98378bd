"""Derivatives with one rule replaced by a false one.

The right derivative is the tree of rules that :func:`~whygrad.engine.differentiate.apply_derivative`
picks, one node for each rule applied at one place. A mistake takes the place of one node (or of
every node where it fits) and the rest stays: only the nodes above have to be put together again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import ONE, ZERO, Add, Expr, Mul, Partial, Reduce, Symbol, add, mul
from whygrad.core.walk import (
    children,
    holds_partial,
    letters,
    paths,
    rebuild,
    replace_at,
    rewrite_bottom_up,
)
from whygrad.engine.differentiate import Frame, apply_derivative, frame

LARGEST: Final = 400
"""Most nodes of a derivative that are looked at."""


@dataclass(eq=False, slots=True)
class Node:
    """One rule applied to one unevaluated derivative.

    ``new`` is what the rule makes of it; ``kids`` are the derivatives that are left in ``new``.
    """

    partial: Partial
    rule: str
    new: Expr
    parent: Node | None
    slot: tuple[int, ...] = ()
    """Where it stands in the parent's ``new``."""
    kids: list[Node] = field(default_factory=list["Node"])
    value: Expr = ZERO

    @property
    def body(self) -> Expr:
        """What is differentiated."""
        return self.partial.body


class Slopes:
    """The derivatives of one line in one scope (definitions in index form)."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._frames: dict[Symbol, Frame] = {}
        self._done: dict[Expr, Expr] = {}

    def frame(self, wrt: Symbol) -> Frame:
        """What moves with a variable."""
        found = self._frames.get(wrt)
        if found is None:
            found = self._frames[wrt] = frame(self.scope, wrt)
        return found

    def worked(self, e: Expr) -> Expr:
        """``e`` with every derivative in it carried out, the inner ones first."""
        while holds_partial(e):
            path, node = next(
                (p, n) for p, n in paths(e) if isinstance(n, Partial) and not holds_partial(n.body)
            )
            e = replace_at(e, path, self.slope(node))
        return e

    def slope(self, partial: Partial) -> Expr:
        """The right derivative."""
        found = self._done.get(partial)
        if found is None:
            found = self._done[partial] = self.tree(partial).value
        return found

    def tree(self, partial: Partial) -> Node:
        """The rules that make the derivative, as a tree with its values."""
        root = self._node(partial, None, ())
        order, stack = list[Node](), [root]
        while stack:
            node = stack.pop()
            order.append(node)
            if len(order) > LARGEST:
                raise BudgetError(
                    "error/not-finished", "the derivative has too many parts", fix="name parts of it"
                )
            for path, inner in _partials(node.new):
                kid = self._node(inner, node, path)
                node.kids.append(kid)
                stack.append(kid)
        for node in reversed(order):
            node.value = _assembled(node.new, {kid.slot: kid.value for kid in node.kids})
        return root

    def _node(self, partial: Partial, parent: Node | None, slot: tuple[int, ...]) -> Node:
        rule, new, _, _ = apply_derivative(partial, self.frame(partial.wrt), letters(partial))
        return Node(partial, rule, new, parent, slot)

    def changed(self, root: Node, wrong: Mapping[Node, Expr]) -> Expr:
        """The value of the tree with other results at some nodes, the inner ones first."""
        touched: dict[Node, None] = {}
        for node in wrong:
            here: Node | None = node
            while here is not None and here not in touched:
                touched[here] = None
                here = here.parent
        values: dict[Node, Expr] = {}
        for node in sorted(touched, key=_depth, reverse=True):
            new = wrong.get(node)
            if new is None:
                values[node] = _assembled(node.new, {k.slot: values.get(k, k.value) for k in node.kids})
            else:
                known = {kid.partial: values[kid] for kid in node.kids if kid in values}
                values[node] = self.worked(_replaced(new, known) if known else new)
        return values[root]


def _replaced(e: Expr, known: Mapping[Partial, Expr]) -> Expr:
    """``e`` with some derivatives put in."""
    return rewrite_bottom_up(e, lambda node: known.get(node, node) if isinstance(node, Partial) else node)


def _depth(node: Node) -> int:
    count = 0
    above = node.parent
    while above is not None:
        count, above = count + 1, above.parent
    return count


def _partials(e: Expr) -> Iterator[tuple[tuple[int, ...], Partial]]:
    """The outermost derivatives in ``e``."""
    stack: list[tuple[tuple[int, ...], Expr]] = [((), e)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Partial):
            yield path, node
        elif holds_partial(node):
            inside = list(enumerate(children(node)))
            stack.extend(((*path, k), kid) for k, kid in reversed(inside))


def _assembled(new: Expr, values: dict[tuple[int, ...], Expr]) -> Expr:
    """``new`` with its derivatives replaced; zeros and ones are not kept.

    No deeper than the right side of one rule.
    """
    if () in values:
        return values[()]
    if not values:
        return new
    kids = list(children(new))
    below: dict[int, dict[tuple[int, ...], Expr]] = {}
    for path, value in values.items():
        below.setdefault(path[0], {})[path[1:]] = value
    for k, inner in below.items():
        kids[k] = _assembled(kids[k], inner)
    match new:
        case Add():
            return add(*(k for k in kids if k is not ZERO))
        case Mul():
            if any(k is ZERO for k in kids):
                return ZERO
            return mul(*(k for k in kids if k is not ONE))
        case Reduce(op, index, _, where):
            if kids[0] is ZERO and op == "sum":
                return ZERO
            return Reduce(op, index, kids[0], where)
        case _:
            return rebuild(new, tuple(kids))


def nodes(root: Node) -> list[Node]:
    """All nodes, parents first."""
    out, stack = list[Node](), [root]
    while stack:
        node = stack.pop()
        out.append(node)
        stack.extend(reversed(node.kids))
    return out
