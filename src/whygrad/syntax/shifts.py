"""Where an index letter is used, and how far it may run: ``x[i]``, ``x[i+1]``, ``x[t+s]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whygrad.core.errors import Span
from whygrad.core.expr import Expr, Number, Size, add, neg
from whygrad.syntax.node import Node
from whygrad.syntax.surface import Big, Indexed, Name, Num, Script, Sum, Surface, bare, parts

if TYPE_CHECKING:
    from whygrad.syntax.resolve import Resolver


class Use(Node):
    """A letter used as an index: the dimension of the place, and what is added to the letter.

    ``limit`` is the last position, where another letter is added or the name ends early.
    """

    dim: str
    shift: int
    span: Span
    limit: Expr | None = None


def uses(r: Resolver, letter: str, s: Surface) -> list[Use]:
    """Every place inside ``s`` where the letter is an index of a known name.

    The letters a big operator ``s`` itself binds count as free in its parts.
    """
    found: list[Use] = []
    pairs: list[tuple[str, Sum, str]] = []
    stack: list[Surface] = list(parts(s)) if isinstance(s, Big) else [s]
    stack.reverse()
    while stack:
        node = stack.pop()
        if isinstance(node, Big) and any(b.name.name == letter for b in node.bound):
            continue
        if isinstance(node, Indexed | Script):
            _use(r, letter, node, found, pairs)
        stack.extend(reversed(parts(node)))
    if pairs:
        own = any(use.shift == 0 and use.limit is None for use in found)
        found.extend(use for pair in pairs for use in _together(r, letter, pair, own))
    return found


def _use(
    r: Resolver, letter: str, node: Indexed | Script, found: list[Use], pairs: list[tuple[str, Sum, str]]
) -> None:
    """The uses in the indices of one name."""
    name = node.name if isinstance(node, Script) else node.base
    if not isinstance(name, Name):
        return
    indices = (*node.sups, *node.subs) if isinstance(node, Script) else node.indices
    dims = r.context.dims_of(name.name)
    if dims is None or (len(dims) != len(indices) and not r.context.latex):
        return  # a wrong number of indices is said where it stands
    for axis, (index, dim) in enumerate(zip(indices, dims, strict=False)):
        inside = bare(index)
        shift = _shift(inside, letter)
        if shift is not None:
            found.append(Use(dim, shift, index.span, r.context.limits.get((name.name, axis))))
        elif isinstance(inside, Sum):
            other = _other(inside, letter)
            if other:
                pairs.append((dim, inside, other))


def _shift(index: Surface, letter: str) -> int | None:
    """What is added to the letter in ``i``, ``i+1``, ``i-2``; None if it is something else."""
    if isinstance(index, Name):
        return 0 if index.name == letter else None
    if not isinstance(index, Sum):
        return None
    total, seen = 0, 0
    for sign, term in index.terms:
        match bare(term):
            case Name(name) if name == letter and sign > 0:
                seen += 1
            case Num(value, False) if value.denominator == 1 and value < 10**6:
                total += sign * int(value)
            case _:
                return None
    return total if seen == 1 else None


def _other(index: Sum, letter: str) -> str:
    """The other letter of ``t + s - 1``, or nothing."""
    names = [t.name for sign, t in index.terms if isinstance(t, Name) and sign > 0]
    whole = all(isinstance(t, Num) or (isinstance(t, Name) and sign > 0) for sign, t in index.terms)
    if whole and len(names) == 2 and letter in names and names[0] != names[1]:
        return names[1] if names[0] == letter else names[0]
    return ""


def _together(r: Resolver, letter: str, pair: tuple[str, Sum, str], own: bool) -> list[Use]:
    """``x[t+s]``: the letter with a name of its own (``k[s]``) runs whole, the other is shortened."""
    dim, index, other = pair
    theirs = next((use.dim for use in uses_of(r, other) if use.shift == 0 and use.limit is None), None)
    if own == (theirs is not None):
        how = "both have names of their own" if own else "neither has a name of its own"
        r.refuse(
            "error/ambiguous",
            f"in `{r.text(index.span)}` either letter may stop early: {how}",
            f"write the range of one: sum_{{{other}=1..m}}, or index one declared name with {other} alone",
            index.span,
        )
    if theirs is None:
        return []
    added = sum(sign * int(t.value) for sign, t in index.terms if isinstance(t, Num))
    if theirs.isdecimal():  # x[t+s-1] with three entries k[s] is x[t], x[t+1], x[t+2]
        return [Use(dim, 1 + added, index.span), Use(dim, int(theirs) + added, index.span)]
    limit = add(Size(dim), neg(Size(theirs)), *((Number(-added),) if added else ()))
    return [Use(dim, 0, index.span, limit)]


def uses_of(r: Resolver, letter: str) -> list[Use]:
    """The places of the whole right-hand side where a letter stands alone as an index."""
    found: list[Use] = []
    stack = [] if r.root is None else [r.root]
    while stack:
        node = stack.pop()
        if isinstance(node, Indexed | Script):
            _use(r, letter, node, found, [])
        stack.extend(parts(node))
    return found
