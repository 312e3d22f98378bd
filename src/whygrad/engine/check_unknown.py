"""Names that nobody defined and that may be related: what a refutation must not rest on.

Where a text says neither what ``f`` is nor what ``z`` is, ``f`` may stand for ``sigma(z)``: a line that is
right if it does is not accused.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from whygrad.core.expr import ZERO, Add, Call, Expr, Mul, Partial, Pow, Symbol
from whygrad.core.walk import free_indices, names, postorder, substitute
from whygrad.engine.check_judge import Case, Judge
from whygrad.meaning.conditions import formula
from whygrad.syntax.people.chain import Read
from whygrad.syntax.people.resolve import Val

MOST: Final = 24
"""Most relations tried for one pair."""


def unsaid(read: Read, before: Val, after: Val, court: Judge, case: Case) -> str:
    """What the text leaves open between its names, if the pair might be right because of it."""
    left, right = names(before.expr), names(after.expr)
    open_names = frozenset(n for n in left | right if _is_open(n, read))
    if not open_names:
        return ""
    for name in sorted(open_names | frozenset(read.setting.recursive)):
        if _shifted(before.expr, name) != _shifted(after.expr, name):
            return f"nothing says what {_spelled(name)} is at its other positions"
    dropped, new = (left - right) & open_names, (right - left) & open_names
    if (dropped and right - left) or (new and left - right):
        both = sorted(_spelled(n) for n in left ^ right)
        return f"nothing says how {', '.join(both)} are related"
    for name, meant in islice(_relations(before.expr, after.expr, open_names), MOST):
        if _right_if(name, meant, before, after, court, case):
            return f"right if {_spelled(name)} = {formula(meant)}: say what {_spelled(name)} is"
    return ""


def _shifted(e: Expr, name: str) -> frozenset[Expr]:
    """A name at positions that are worked out: ``v_{t-1}``."""
    return frozenset(
        node
        for node in postorder(e)
        if isinstance(node, Symbol) and node.name == name and any(isinstance(i, Add) for i in node.indices)
    )


def _is_open(name: str, read: Read) -> bool:
    """Whether nothing in the text says what a name is."""
    if name in read.opaque:
        return True
    if name not in read.scope.declarations or any(name == w.name for w in read.wrt):
        return False
    parts = name.split("_")
    return not any("_".join(parts[:k]) in read.known for k in range(1, len(parts) + 1))


def _relations(a: Expr, b: Expr, open_names: frozenset[str]) -> Iterator[tuple[str, Expr]]:
    """A name and what it may stand for: something that is written out in one of the lines."""
    parts = dict.fromkeys((*postorder(a), *postorder(b)))
    by = {node.wrt.name for node in parts if isinstance(node, Partial)}
    used = (names(a) | names(b)) - by
    for part in parts:
        inside = names(part)
        whole = isinstance(part, Call) or (isinstance(part, Add | Mul | Pow) and len(inside) > 1)
        if not whole or not inside or free_indices(part):
            continue
        for name in sorted((open_names & used) - inside):
            yield name, part


def _right_if(name: str, meant: Expr, before: Val, after: Val, court: Judge, case: Case) -> bool:
    """Whether the pair is right, and says something, where a name stands for a part."""
    swap: dict[Expr, Expr] = {Symbol(name): meant}
    one, two = (v._replace(expr=substitute(v.expr, swap)) for v in (before, after))
    if court.pair(one, two, case).verdict != "equal":
        return False
    return one.rank > 0 or court.pair(one, Val(ZERO), case).verdict != "equal"


def _spelled(name: str) -> str:
    return name.split("_")[0] or name


__all__ = ["unsaid"]
