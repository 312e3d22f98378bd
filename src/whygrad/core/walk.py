"""The only recursion in the project: children, paths, folds and hygienic substitution.

Everything here is iterative, so a tree ten thousand levels deep is no deeper than one of ten, and
memoised on the interned node, so a shared subtree is visited once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, TypeVar, cast

from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    mul,
)

T = TypeVar("T")
Path = tuple[int, ...]
"""Positions of children from the root: ``()`` is the root, ``(1, 0)`` the first child of its second."""


def children(e: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions, in the order :func:`rebuild` takes them back.

    The index a ``Reduce`` binds is not a child; its ``where`` (if any) follows the body.
    ``Cases`` lists condition, value, condition, value, ..., otherwise.
    """
    return _CHILDREN[type(e)](e)


def _none(e: Expr) -> tuple[Expr, ...]:
    return ()


# A table by class, not a match: this is the innermost call of every walk.
_CHILDREN: dict[type[Expr], Callable[[Any], tuple[Expr, ...]]] = {
    Number: _none,
    Constant: _none,
    Index: _none,
    Size: _none,
    Hole: _none,
    Symbol: attrgetter("indices"),
    Add: attrgetter("terms"),
    Mul: attrgetter("factors"),
    Pow: attrgetter("base", "exponent"),
    Call: attrgetter("args"),
    Apply: attrgetter("args"),
    Compare: attrgetter("args"),
    Delta: attrgetter("left", "right"),
    Partial: attrgetter("body", "wrt"),
    Reduce: lambda e: (e.body,) if e.where is None else (e.body, e.where),
    Entry: lambda e: (e.array, *e.indices),
    Cases: lambda e: (*(part for branch in e.branches for part in branch), e.otherwise),
}


def rebuild(e: Expr, new: tuple[Expr, ...]) -> Expr:
    """``e`` with other children; sums and products are flattened again, nothing else happens."""
    match e:
        case Symbol():
            return Symbol(e.name, new)
        case Add():
            return add(*new)
        case Mul():
            return mul(*new)
        case Pow():
            return Pow(*new)
        case Call():
            return Call(e.name, new)
        case Apply():
            return Apply(e.op, new)
        case Compare():
            return Compare(e.op, new)
        case Reduce():
            return Reduce(e.op, e.index, new[0], new[1] if len(new) > 1 else None)
        case Delta():
            return Delta(*new)
        case Partial():
            return Partial(new[0], cast("Symbol", new[1]))
        case Entry():
            return Entry(new[0], new[1:])
        case Cases():
            pairs = tuple(zip(new[:-1:2], new[1:-1:2], strict=True))
            return Cases(pairs, new[-1])
        case _:
            return e


def postorder(e: Expr) -> Iterator[Expr]:
    """Every distinct node once, children before parents."""
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(e, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(children(node)))


def fold(e: Expr, f: Callable[[Expr, tuple[T, ...]], T], memo: str | None = None) -> T:
    """Combine bottom-up: ``f(node, results of its children)``.

    With ``memo`` the result is kept on the node under that key: use it only for functions of the
    node alone.
    """
    if memo is not None:
        return _fold_kept(e, f, memo)
    done: dict[Expr, T] = {}
    stack = [e]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        kids = _CHILDREN[type(node)](node)
        if not kids:
            done[node] = f(node, ())
            stack.pop()
            continue
        missing = [kid for kid in kids if kid not in done]
        if missing:
            stack.extend(missing[::-1])
        else:
            done[node] = f(node, tuple([done[kid] for kid in kids]))
            stack.pop()
    return done[e]


def _fold_kept(e: Expr, f: Callable[[Expr, tuple[T, ...]], T], memo: str) -> T:
    stack = [e]
    while stack:
        node = stack[-1]
        if memo in node.memo:
            stack.pop()
            continue
        kids = _CHILDREN[type(node)](node)
        missing = [kid for kid in kids if memo not in kid.memo]
        if missing:
            stack.extend(missing[::-1])
        else:
            node.memo[memo] = f(node, tuple([kid.memo[memo] for kid in kids]))
            stack.pop()
    return e.memo[memo]


def rewrite_bottom_up(e: Expr, f: Callable[[Expr], Expr]) -> Expr:
    """Rebuild with ``f`` applied to every node after its children."""
    # Nodes are interned, so tuples of them are compared by identity.
    return fold(e, lambda node, kids: f(node if kids == children(node) else rebuild(node, kids)))


def at(e: Expr, path: Path) -> Expr:
    """The subexpression at ``path``."""
    for position in path:
        e = children(e)[position]
    return e


def replace_at(e: Expr, path: Path, new: Expr) -> Expr:
    """``e`` with the subexpression at ``path`` replaced (no renaming: a bound letter may capture)."""
    spine = [e]
    for position in path:
        spine.append(children(spine[-1])[position])
    for node, position in zip(reversed(spine[:-1]), reversed(path), strict=True):
        kids = list(children(node))
        kids[position] = new
        new = rebuild(node, tuple(kids))
    return new


def paths(e: Expr) -> Iterator[tuple[Path, Expr]]:
    """Every occurrence with its path, parents before children, left to right."""
    stack: list[tuple[Path, Expr]] = [((), e)]
    while stack:
        item = stack.pop()
        yield item
        path, node = item
        kids = _CHILDREN[type(node)](node)
        if kids:
            k = len(kids)
            for kid in kids[::-1]:
                k -= 1
                stack.append(((*path, k), kid))


def _free(node: Expr, kids: tuple[frozenset[Index], ...]) -> frozenset[Index]:
    if isinstance(node, Index):
        return frozenset((node,))
    union = frozenset[Index]().union(*kids)
    return union - {node.index} if isinstance(node, Reduce) else union


def free_indices(e: Expr) -> frozenset[Index]:
    """The indices not bound inside ``e``."""
    return fold(e, _free, memo="free_indices")


def ordered_free_indices(e: Expr) -> tuple[Index, ...]:
    """The free indices in order of first appearance."""
    free, seen = free_indices(e), dict[Index, None]()
    for _, node in paths(e):
        if isinstance(node, Index) and node in free:
            seen.setdefault(node)
    return tuple(seen)


def _letters(node: Expr, kids: tuple[frozenset[str], ...]) -> frozenset[str]:
    union = frozenset[str]().union(*kids)
    if isinstance(node, Index):
        return frozenset((node.letter,))
    return union | {node.index.letter} if isinstance(node, Reduce) else union


def letters(e: Expr) -> frozenset[str]:
    """Every index letter in ``e``, free or bound."""
    return fold(e, _letters, memo="letters")


def _names(node: Expr, kids: tuple[frozenset[str], ...]) -> frozenset[str]:
    union = frozenset[str]().union(*kids)
    return union | {node.name} if isinstance(node, Symbol) else union


def names(e: Expr) -> frozenset[str]:
    """The names of all symbols in ``e``."""
    return fold(e, _names, memo="names")


def symbols(e: Expr) -> tuple[Symbol, ...]:
    """The distinct symbols in ``e``, in order of first appearance."""
    return tuple(dict.fromkeys(node for _, node in paths(e) if isinstance(node, Symbol)))


def _partial_inside(node: Expr, kids: tuple[bool, ...]) -> bool:
    return isinstance(node, Partial) or any(kids)


def holds_partial(e: Expr) -> bool:
    """Whether an unevaluated derivative stands in ``e``."""
    return fold(e, _partial_inside, memo="holds_partial")


def size_of(e: Expr) -> int:
    """Number of nodes, shared ones counted each time."""
    return fold(e, lambda _, kids: 1 + sum(kids), memo="size")


LETTERS: tuple[str, ...] = tuple("kljipqrstuvabcdgho")
"""Where fresh index letters come from, in this order; then k1, k2, ..."""


def fresh_index(index: Index, avoid: Iterable[str]) -> Index:
    """An index over the same dimension whose letter is not in ``avoid``."""
    taken = set(avoid)
    if index.letter not in taken:
        return index
    for letter in LETTERS:
        if letter not in taken:
            return Index(letter, index.dim)
    number = 1
    while f"k{number}" in taken:
        number += 1
    return Index(f"k{number}", index.dim)


def substitute(e: Expr, mapping: Mapping[Expr, Expr]) -> Expr:
    """Replace whole subexpressions; a bound index that would capture is renamed first.

    Keys are nodes (usually a Symbol or an Index). A key under a binder of one of its own indices is
    not replaced there.

    >>> i, j = Index("i", "m"), Index("j", "n")
    >>> total = Reduce("sum", j, Symbol("w", (j,)))
    >>> substitute(Mul((Symbol("a"), total)), {Symbol("a"): Symbol("x", (j,))}).factors[1] is total
    True
    """
    if not mapping:
        return e
    return _substitute(e, dict(mapping), {})


def _substitute(e: Expr, mapping: dict[Expr, Expr], cache: dict[tuple[Expr, int], Expr]) -> Expr:
    # Explicit stack of (node, mapping in force); a Reduce may change the mapping for its children.
    maps: dict[int, dict[Expr, Expr]] = {id(mapping): mapping}
    plans: dict[tuple[Expr, int], tuple[Expr, dict[Expr, Expr]]] = {}
    stack: list[tuple[Expr, dict[Expr, Expr], bool]] = [(e, mapping, False)]
    while stack:
        node, current, ready = stack.pop()
        key = (node, id(current))
        if key in cache:
            continue
        if node in current:
            cache[key] = current[node]
            continue
        if not ready:
            inner_node, inner = _under(node, current)
            maps[id(inner)] = inner
            plans[key] = (inner_node, inner)
            stack.append((node, current, True))
            stack.extend((kid, inner, False) for kid in children(inner_node))
        else:
            inner_node, inner = plans[key]
            old = children(inner_node)
            new = tuple(cache[(kid, id(inner))] for kid in old)
            same = all(a is b for a, b in zip(new, old, strict=True))
            cache[key] = inner_node if same else rebuild(inner_node, new)
    return cache[(e, id(mapping))]


def _under(node: Expr, mapping: dict[Expr, Expr]) -> tuple[Expr, dict[Expr, Expr]]:
    """The node (its bound letter renamed if need be) and the mapping that holds below it."""
    if not isinstance(node, Reduce):
        return node, mapping
    inner = {k: v for k, v in mapping.items() if node.index not in free_indices(k)}
    inside = names_and_indices(node)
    used = {k: v for k, v in inner.items() if k in inside}
    if not used:
        return node, {}
    if any(node.index in free_indices(v) for v in used.values()):
        avoid = letters(node).union(*(letters(v) for v in used.values()))
        renamed = rename_bound(node, fresh_index(node.index, avoid))
        return renamed, used
    return node, (mapping if len(inner) == len(mapping) else inner)


def names_and_indices(e: Expr) -> frozenset[Expr]:
    """Every distinct subexpression (for membership tests)."""
    return frozenset(postorder(e))


def rename_bound(e: Reduce, index: Index) -> Reduce:
    """``e`` with its bound index renamed to ``index``, whose letter must not occur free inside."""
    swap: dict[Expr, Expr] = {e.index: index}
    where = None if e.where is None else substitute(e.where, swap)
    return Reduce(e.op, index, substitute(e.body, swap), where)


def canonical(e: Expr) -> Expr:
    """A representative of all expressions alike up to order and names of bound indices.

    Bound letters become ``#depth`` and commutative arguments are sorted; for comparing, not showing.
    """
    found = e.memo.get("canonical")
    if found is None:
        found = fold(e, _canonical_step)
        e.memo["canonical"] = found
    return found


def _canonical_step(node: Expr, kids: tuple[Expr, ...]) -> Expr:
    out = rebuild(node, kids)
    match out:
        case Add(terms):
            return Add(sorted(terms, key=sort_key))
        case Mul(factors):
            return Mul(sorted(factors, key=sort_key))
        case Number(value):
            return Number(value)
        case Delta(left, right):
            return Delta(*sorted((left, right), key=sort_key))
        case Reduce():
            depth = fold(out.body, _depth)
            mark = Index(f"#{depth}", out.index.dim)
            return _resort(rename_bound(out, mark))
        case _:
            return out


def _depth(node: Expr, kids: tuple[int, ...]) -> int:
    return max(kids, default=0) + (1 if isinstance(node, Reduce) else 0)


def _resort(e: Reduce) -> Reduce:
    """Sort again: the marks may have changed the order inside."""

    def f(node: Expr) -> Expr:
        match node:
            case Add(terms):
                return Add(sorted(terms, key=sort_key))
            case Mul(factors):
                return Mul(sorted(factors, key=sort_key))
            case Delta(left, right):
                return Delta(*sorted((left, right), key=sort_key))
            case _:
                return node

    where = None if e.where is None else rewrite_bottom_up(e.where, f)
    return Reduce(e.op, e.index, rewrite_bottom_up(e.body, f), where)


def sort_key(e: Expr) -> str:
    """A total order on expressions that does not depend on the process (their repr)."""

    def f(node: Expr, kids: tuple[str, ...]) -> str:
        head = type(node).__name__
        match node:
            case Number(value):
                head += f" {value}"
            case Constant(name) | Hole(name) | Symbol(name) | Call(name):
                head += f" {name}"
            case Index(letter, dim):
                head += f" {letter}:{dim}"
            case Size(dim):
                head += f" {dim}"
            case Apply(op) | Compare(op):
                head += f" {op}"
            case Reduce(op, index):
                head += f" {op} {index.letter}:{index.dim}"
            case _:
                pass
        return f"{head}({','.join(kids)})" if kids else head

    return fold(e, f, memo="sort_key")


def same_form(a: Expr, b: Expr) -> bool:
    """Alike up to the order of terms and factors and the names of bound indices.

    >>> i, k = Index("i", "m"), Index("k", "m")
    >>> same_form(Reduce("sum", i, Symbol("y", (i,))), Reduce("sum", k, Symbol("y", (k,))))
    True
    """
    return a is b or canonical(a) is canonical(b)
