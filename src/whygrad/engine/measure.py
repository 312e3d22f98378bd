"""How much a reader has to read: the cost by which forms are compared.

Weights from a study of forms teachers chose: leaf 1 (+0.1 an index), number 0.8, a minus 0.3,
addition 0.4 a term, product 0.1 a factor, sum sign 1.6, inverse 0.4, power 0.5, function 1,
delta 1.4. Smaller is better; ties keep the written form.
"""

from __future__ import annotations

from whygrad.core.expr import (
    MINUS_ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
)
from whygrad.core.walk import children, fold

_UNSIFTED = 9.0
"""A sum that a delta could still sift."""


def _delta_indices(node: Expr, kids: tuple[frozenset[Expr], ...]) -> frozenset[Expr]:
    union = frozenset[Expr]().union(*kids)
    return union.union((node.left, node.right)) if isinstance(node, Delta) else union


def delta_indices(e: Expr) -> frozenset[Expr]:
    """The positions that stand in a delta somewhere in ``e``."""
    return fold(e, _delta_indices, memo="delta_indices")


def _node_cost(node: Expr, kids: tuple[float, ...]) -> float:
    total = sum(kids)
    match node:
        case Number(value):
            return 0.3 if node is MINUS_ONE else 0.8 + 0.05 * (len(str(value)) - 1)
        case Symbol(_, indices):
            plain = sum(1 for i in indices if isinstance(i, Index))
            return 1.0 + 0.1 * len(indices) + (total - plain)
        case Add(terms):
            return total + 0.4 * len(terms) + 0.8 * sum(t is MINUS_ONE for t in terms)
        case Mul(factors):
            return total + 0.1 * len(factors)
        case Pow(_, exponent):
            if exponent is MINUS_ONE:
                return total - 0.3 + 0.4
            return total + 0.5
        case Call() | Apply() | Compare() | Entry():
            return total + 1.0
        case Reduce(_, index, body):
            waiting = _UNSIFTED if index in delta_indices(body) else 0.0
            return total + 1.6 + waiting
        case Delta():
            return 1.4
        case Partial(Symbol(), Symbol(_, indices)):
            return 1.3 + 0.1 * len(indices)  # a cotangent, read as a name
        case Partial():
            return total + 3.0
        case Cases():
            return total + 1.0
        case _:
            return 1.0


def cost_of(e: Expr) -> float:
    """The reading cost of ``e``."""
    return fold(e, _node_cost, memo="reading_cost")


def numbers_of_nodes(e: Expr) -> int:
    """Distinct nodes, a measure of work."""
    seen: set[Expr] = {e}
    stack = [e]
    while stack:
        for kid in children(stack.pop()):
            if kid not in seen:
                seen.add(kid)
                stack.append(kid)
    return len(seen)
