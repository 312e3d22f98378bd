"""Which term of one line became which term of the next.

A subtree that stands in both lines moved; what is left was changed. Lines are interned, so "the same" is an
identity; where a term stands several times, the occurrence at the most similar place is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whygrad.core.expr import MINUS_ONE, Constant, Expr, Index, Number, Size, Symbol
from whygrad.core.walk import Path, children, size_of


@dataclass(frozen=True, slots=True)
class Move:
    """A term at ``before`` in one line and at ``after`` in the next.

    ``copy``: the term at ``before`` went elsewhere too (multiplying out doubles a factor).
    """

    before: Path
    after: Path
    copy: bool = False


def moves(before: Expr, after: Expr) -> tuple[Move, ...]:
    """The terms of ``before`` found again in ``after``, whole ones first.

    Parameters
    ----------
    before, after
        Two lines of a derivation.

    Returns
    -------
    tuple of Move
        No two overlap in ``after``, and none but copies overlap in ``before``.

    Examples
    --------
    >>> from whygrad.core.expr import add, mul
    >>> a, b, c = map(Symbol, "abc")
    >>> [(m.before, m.after, m.copy) for m in moves(mul(a, add(b, c)), add(mul(a, b), mul(a, c)))]
    [((0,), (0, 0), False), ((1, 0), (0, 1), False), ((1, 1), (1, 1), False), ((0,), (1, 0), True)]
    """
    places: dict[Expr, list[Path]] = {}
    for path, node in _terms(before):
        places.setdefault(node, []).append(path)
    found: list[Move] = []
    used: list[Path] = []
    taken: list[Path] = []
    candidates = [(path, node) for path, node in _terms(after) if node in places]
    candidates.sort(key=lambda c: -size_of(c[1]))  # stable: of equals the first in reading order
    late: list[tuple[Path, Expr]] = []
    for path, node in candidates:
        if _overlaps(path, taken):
            continue
        free = [p for p in places[node] if not _overlaps(p, used)]
        if not free:
            late.append((path, node))
            continue
        if not _telling(node) and path not in free:
            continue
        start = min(free, key=lambda p: (_distance(p, path), p))
        found.append(Move(start, path))
        used.append(start)
        taken.append(path)
    for path, node in late:
        if _telling(node) and not _overlaps(path, taken):
            start = min(places[node], key=lambda p: (_distance(p, path), p))
            found.append(Move(start, path, copy=True))
            taken.append(path)
    return tuple(found)


def changed(before: Expr, after: Expr) -> tuple[Path, ...]:
    """The parts of ``after`` that differ from what stood at their place; () where the line is new as a whole.

    Examples
    --------
    >>> from whygrad.core.expr import add, mul
    >>> a, b, c = map(Symbol, "abc")
    >>> changed(add(a, mul(b, c)), add(a, mul(c, b), c))
    ((1,), (2,))
    >>> changed(mul(add(b, c), a), mul(add(b, b), a))
    ((0, 1),)
    """
    path: Path = ()
    while type(before) is type(after) and before is not after:
        old, new = list(children(before)), list(enumerate(children(after)))
        for entry in tuple(new):
            if entry[1] in old:
                old.remove(entry[1])
                new.remove(entry)
        fresh = [(k, kid) for k, kid in new if kid is not MINUS_ONE and not isinstance(kid, Index)]
        common = len(new) < len(children(after))
        if len(new) == len(old) == 1 and not isinstance(after, Symbol):
            path, before, after = (*path, new[0][0]), old[0], new[0][1]
            continue
        if common and fresh:
            return tuple((*path, k) for k, _ in fresh)
        break
    return (path,) if path and before is not after else ()


def _terms(e: Expr) -> Iterator[tuple[Path, Expr]]:
    """Every occurrence in reading order; a name is whole, with its positions."""
    stack: list[tuple[Path, Expr]] = [((), e)]
    while stack:
        path, node = stack.pop()
        if node is not MINUS_ONE:
            yield path, node
        if not isinstance(node, Symbol):
            stack.extend(reversed([((*path, k), kid) for k, kid in enumerate(children(node))]))


def _telling(node: Expr) -> bool:
    """Whether the term is recognised elsewhere; a 1 is a 1 anywhere."""
    return not isinstance(node, Number | Constant | Size | Index)


def _overlaps(path: Path, others: list[Path]) -> bool:
    return any(path[: len(p)] == p or p[: len(path)] == path for p in others)


def _distance(a: Path, b: Path) -> int:
    shared = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return len(a) + len(b) - 2 * shared
