"""Array form to index form: each array operation by its definition, letters as people choose them.

``X w`` at position i is ``sum_j X[i,j] w[j]``. A conversion is asked for top down, "this expression at
these positions", so that a bound letter is chosen knowing every letter in use around it: no sum hides a
letter of another, though :mod:`whygrad.core.walk` would keep such a thing right.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from typing import Final, cast

from whygrad.core import walk
from whygrad.core.cost import Cost, Definition, Scope
from whygrad.core.errors import BudgetError, ShapeError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Apply,
    ApplyOp,
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
    ReduceOp,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.meaning.shapes import Layout, node_layout

Position = Expr
Task = tuple[Expr, tuple[Position, ...], frozenset[str]]
"""An expression, the positions wanted, the letters in use around it."""
Conversion = Generator[Task, Expr, Expr]

CONVENTIONAL: Final = tuple("ijklpqrstuvabcdgh")
"""Letters for dimensions that no declaration gave a letter, in order of the dimensions."""
LARGEST_POWER: Final = 64


def to_index(e: Expr, scope: Scope, indices: tuple[Index, ...] = ()) -> Expr:
    """Give the entry at ``indices`` of an array expression, in index form.

    ``inv`` and ``det`` have no index form: they stay, as ``inv(S)[j,k]`` and ``det(S)``.

    Parameters
    ----------
    e
        An expression with as many dimensions as there are ``indices`` (its own free letters stay).
    scope
        What its names are; its declarations say which letters people use for a dimension.
    indices
        One index for each dimension.

    Raises
    ------
    ShapeError
        If the number of indices is not the number of dimensions, or shapes do not fit inside.

    Examples
    --------
    >>> from whygrad.core.cost import Declaration
    >>> X, w = Declaration("X", "data", ("m", "n")), Declaration("w", "param", ("n",))
    >>> scope = Scope({"X": X, "w": w})
    >>> i, j = Index("i", "m"), Index("j", "n")
    >>> entry = to_index(Apply("matmul", (Symbol("X"), Symbol("w"))), scope, (i,))
    >>> entry is Reduce("sum", j, Mul((Symbol("X", (i, j)), Symbol("w", (j,)))))
    True
    """
    return Converter(scope).entry(e, indices)


def cost_to_index(cost: Cost) -> Cost:
    """Give every definition by index, names kept: ``z = X w`` becomes ``z[i] = sum_j X[i,j] w[j]``."""
    converter = Converter(cost.scope)
    definitions = tuple(converter.definition(d) for d in cost.definitions)
    same = all(a is b for a, b in zip(definitions, cost.definitions, strict=True))
    return cost if same else replace(cost, definitions=definitions)


def letters_by_dimension(scope: Scope) -> dict[str, tuple[str, ...]]:
    """The letters of each dimension: those of declarations and definitions, else i, j, k, ... in order."""
    found: dict[str, dict[str, None]] = {}
    for declaration in scope.declarations.values():
        for k, dim in enumerate(declaration.dims):
            letters = found.setdefault(dim, {})
            if k < len(declaration.letters):
                letters.setdefault(declaration.letters[k])
    for definition in scope.definitions.values():
        for dim in definition.dims:
            found.setdefault(dim, {})
        for index in definition.indices:
            found.setdefault(index.dim, {}).setdefault(index.letter)
    taken = {letter for letters in found.values() for letter in letters}
    taken.update(scope.declarations, scope.definitions)
    for position, (_, letters) in enumerate(found.items()):
        if not letters:
            wishes = CONVENTIONAL[position:] + CONVENTIONAL[:position]
            letter = next((c for c in wishes if c not in taken), None)
            if letter is not None:
                letters.setdefault(letter)
                taken.add(letter)
    return {dim: tuple(letters) for dim, letters in found.items()}


class Converter:
    """Conversions in one scope; shapes and results are kept."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.letters: Mapping[str, tuple[str, ...]] = letters_by_dimension(scope)
        self._layouts: dict[Expr, Layout] = {}
        self._arrays: dict[Expr, bool] = {}
        self._done: dict[Task, Expr] = {}

    # --- asking -----------------------------------------------------------------------------------
    def entry(self, e: Expr, indices: tuple[Position, ...], avoid: Iterable[str] = ()) -> Expr:
        """The entry of ``e`` at these positions; bound letters keep off ``avoid``."""
        dims = self.layout(e).dims
        if len(dims) != len(indices):
            raise ShapeError(
                "error/rank",
                f"{len(indices)} indices for an expression of shape ({', '.join(dims)})",
                fix="give one index for each dimension",
            )
        around = frozenset(avoid) | _letters(indices) | {i.letter for i in walk.free_indices(e)}
        return self._run((e, indices, around))

    def definition(self, d: Definition) -> Definition:
        """The definition by index."""
        if d.is_function:
            return d
        indices, dims = d.indices, d.dims
        if not indices:
            dims = self.layout(d.body).dims
            taken: set[str] = set()
            chosen: list[Index] = []
            for dim in dims:
                chosen.append(self.fresh(dim, taken))
                taken.add(chosen[-1].letter)
            indices = tuple(chosen)
        body = self.entry(d.body, () if d.indices else indices, {i.letter for i in indices})
        if body is d.body and indices == d.indices:
            return d
        return replace(d, body=body, indices=indices, dims=tuple(dims))

    def layout(self, e: Expr) -> Layout:
        """Dimensions of ``e``, remembered for all its parts."""
        found = self._layouts.get(e)
        if found is None:
            self._look_at(e)
            found = self._layouts[e]
        return found

    def _look_at(self, e: Expr) -> None:
        """Find the layouts below ``e`` and where arrays are, skipping what is known."""
        layouts, arrays = self._layouts, self._arrays
        stack: list[Expr] = [e]
        while stack:
            node = stack[-1]
            if node in layouts:
                stack.pop()
                continue
            kids = walk.children(node)
            missing = [kid for kid in kids if kid not in layouts]
            if missing:
                stack.extend(missing)
                continue
            layouts[node] = layout = node_layout(node, tuple([layouts[kid] for kid in kids]), self.scope)
            arrays[node] = (
                layout.rank > 0 or isinstance(node, (Apply, Entry)) or any(arrays[kid] for kid in kids)
            )
            stack.pop()

    def fresh(self, dim: str, avoid: Iterable[str]) -> Index:
        """An index over ``dim`` by one of its own letters, or one that is nobody's."""
        taken = set(avoid)
        for letter in self.letters.get(dim, ()):
            if letter not in taken:
                return Index(letter, dim)
        reserved = {c for letters in self.letters.values() for c in letters}
        reserved.update(self.scope.declarations, self.scope.definitions)
        own = self.letters.get(dim) or ("k",)
        return walk.fresh_index(Index(own[0], dim), taken | reserved)

    # --- answering --------------------------------------------------------------------------------
    def _run(self, root: Task) -> Expr:
        """Answer a task and all it asks for, on a stack of suspended conversions."""
        done = self._done
        if root in done:
            return done[root]
        stack: list[tuple[Task, Conversion]] = [(root, self._convert(*root))]
        answer: Expr | None = None
        while stack:
            task, conversion = stack[-1]
            try:
                wanted = next(conversion) if answer is None else conversion.send(answer)
            except StopIteration as stop:
                stack.pop()
                done[task] = answer = cast("Expr", stop.value)
                continue
            answer = done.get(wanted)
            if answer is None:
                stack.append((wanted, self._convert(*wanted)))
        return done[root]

    def _plain(self, e: Expr) -> bool:
        """Whether ``e`` holds no array at all, so that it is its own index form."""
        self.layout(e)
        return not self._arrays[e]

    def _convert(self, e: Expr, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        if not at and self._plain(e):
            return e
        match e:
            case Symbol(name, indices):
                return Symbol(name, indices + at)
            case Add() | Mul() | Pow() | Call() | Compare() | Cases():
                parts: list[Expr] = []
                for kid in walk.children(e):
                    rank = self.layout(kid).rank
                    parts.append((yield (kid, at[len(at) - rank :], avoid)))
                return walk.rebuild(e, tuple(parts))
            case Reduce():
                return (yield from self._reduce(e, at, avoid))
            case Partial(body, wrt):
                rank = self.layout(body).rank
                return Partial((yield (body, at[:rank], avoid)), Symbol(wrt.name, wrt.indices + at[rank:]))
            case Entry(array, indices):
                return (yield (array, indices + at, avoid | _letters(indices)))
            case Apply():
                return (yield from self._apply(e, at, avoid))
            case _:
                return e

    def _reduce(self, e: Reduce, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        if e.index.letter in avoid:
            e = walk.rename_bound(e, self.fresh(e.index.dim, avoid | walk.letters(e)))
        inner = avoid | {e.index.letter}
        body = yield (e.body, at, inner)
        where = None if e.where is None else (yield (e.where, (), inner))
        return Reduce(e.op, e.index, body, where)

    def _apply(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        layouts = [self.layout(arg) for arg in e.args]
        op = e.op
        if op in _KEPT:
            return Entry(e, at) if at else e
        if op in ("matmul", "dot", "outer"):
            return (yield from self._product(e, at, avoid))
        if op in _REDUCTIONS:
            return (yield from self._reduction(e, at, avoid))
        if op in ("hadamard", "entrywise_div", "entrywise_pow"):
            parts: list[Expr] = []
            for arg, layout in zip(e.args, layouts, strict=True):
                parts.append((yield (arg, at[len(at) - layout.rank :], avoid)))
            return _ENTRYWISE[op](parts)
        return (yield from self._single(e)(e, at, avoid))

    def _single(self, e: Apply) -> Callable[[Apply, tuple[Position, ...], frozenset[str]], Conversion]:
        """What converts an operation of one array."""
        match e.op:
            case "transpose":
                return self._transpose
            case "trace":
                return self._trace
            case "diag":
                return self._diag
            case "norm" | "norm1" | "norm2":
                return self._norm
            case "softmax" | "logsumexp":
                return self._softmax
            case "matpow":
                return self._matpow
            case _:
                return self._filled

    def _product(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        """Products of two; more of them are taken from the left."""
        args = e.args
        if len(args) != 2:
            if len(args) == 1:
                return (yield (args[0], at, avoid))
            args = (Apply(e.op, args[:-1]), args[-1])
        left, right = args
        a, b = self.layout(left), self.layout(right)
        if not a.rank or not b.rank:
            scaled = (yield (left, at[: a.rank], avoid)), (yield (right, at[: b.rank], avoid))
            return mul(*scaled)
        if e.op == "dot":
            return (yield from self._dot(left, right, a, avoid))
        if e.op == "outer" or (a.rank == b.rank == 1 and b.row and not a.row):
            return mul((yield (left, at[:1], avoid)), (yield (right, at[1:], avoid)))
        k = self.fresh(b.dims[0], avoid)
        inner = avoid | {k.letter}
        first = yield (left, (*at[: a.rank - 1], k), inner)
        second = yield (right, (k, *at[a.rank - 1 :]), inner)
        return Reduce("sum", k, mul(first, second))

    def _dot(self, left: Expr, right: Expr, shape: Layout, avoid: frozenset[str]) -> Conversion:
        over, inner = self._letters_over(shape.dims, avoid)
        first = yield (left, over, inner)
        return _reduced("sum", over, mul(first, (yield (right, over, inner))))

    def _letters_over(
        self, dims: tuple[str, ...], avoid: frozenset[str]
    ) -> tuple[tuple[Index, ...], frozenset[str]]:
        """A fresh index for each dimension, and the letters then in use."""
        over: list[Index] = []
        for dim in dims:
            index = self.fresh(dim, avoid)
            avoid |= {index.letter}
            over.append(index)
        return tuple(over), avoid

    def _reduction(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        (arg,) = e.args
        dims = self.layout(arg).dims
        op, axis = (e.op[:-1], e.op[-1]) if e.op[-1] in "01" else (e.op, "")
        summed = {"": dims, "0": dims[:1], "1": dims[-1:]}[axis]
        over, inner = self._letters_over(summed, avoid)
        place = (*over, *at) if axis == "0" else (*at, *over)
        body = yield (arg, place, inner)
        if op == "var":
            mean = yield (Apply(cast("ApplyOp", "mean" + axis), (arg,)), at, inner)
            body = Pow(add(body, neg(mean)), TWO)
        reduced = _reduced("sum" if op in ("mean", "var") else cast("ReduceOp", op), over, body)
        if op in ("mean", "var"):
            return mul(*(inverse(Size(dim)) for dim in summed), reduced)
        return reduced

    # --- operations of one array --------------------------------------------------------------------
    def _transpose(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        return (yield (e.args[0], at[::-1], avoid))

    def _trace(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        k = self.fresh(self.layout(e.args[0]).dims[0], avoid)
        return Reduce("sum", k, (yield (e.args[0], (k, k), avoid | {k.letter})))

    def _diag(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        if len(at) == 1:
            return (yield (e.args[0], at * 2, avoid))
        entry = yield (e.args[0], at[:1], avoid)
        return entry if at[0] is at[1] else mul(entry, Delta(*at))

    def _norm(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        over, inner = self._letters_over(self.layout(e.args[0]).dims, avoid)
        body = yield (e.args[0], over, inner)
        if e.op == "norm1":
            return _reduced("sum", over, Call("abs", (body,)))
        return Call("sqrt", (_reduced("sum", over, Pow(body, TWO)),))

    def _softmax(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        k = self.fresh(self.layout(e.args[0]).dims[-1], avoid)
        inner = avoid | {k.letter}
        others = at if e.op == "logsumexp" else at[:-1]
        total = Reduce("sum", k, Call("exp", ((yield (e.args[0], (*others, k), inner)),)))
        if e.op == "logsumexp":
            return Call("log", (total,))
        return mul(Call("exp", ((yield (e.args[0], at, avoid)),)), inverse(total))

    def _matpow(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        base, exponent = e.args
        if not isinstance(exponent, Number) or exponent.value.denominator != 1:
            raise ShapeError(
                "error/shape", "a matrix power needs a whole number", fix="write A^2, A^3, ... or inv(A)"
            )
        count = int(exponent.value)
        if count < 0:
            base, count = Apply("inv", (base,)), -count
        if count > LARGEST_POWER:
            raise BudgetError(
                "error/not-finished",
                f"a matrix power {count} is too long to write out",
                fix="name a smaller power and multiply",
            )
        if not count:
            return ONE if at[0] is at[1] else Delta(*at)
        over, inner = self._letters_over(self.layout(base).dims[:1] * (count - 1), avoid)
        stops = (at[0], *over, at[1])
        factors: list[Expr] = []
        for pair in itertools.pairwise(stops):
            factors.append((yield (base, pair, inner)))
        return _reduced("sum", over, mul(*factors))

    def _filled(self, e: Apply, at: tuple[Position, ...], avoid: frozenset[str]) -> Conversion:
        yield from ()
        if e.op == "identity":
            return ONE if at[0] is at[1] else Delta(*at)
        return ONE if e.op == "ones" else ZERO


def _letters(parts: Iterable[Expr]) -> frozenset[str]:
    return frozenset[str]().union(*(walk.letters(part) for part in parts))


def _reduced(op: ReduceOp, over: Iterable[Index], body: Expr) -> Expr:
    for index in reversed(tuple(over)):
        body = Reduce(op, index, body)
    return body


_KEPT: Final = ("inv", "det", "logdet")
_REDUCTIONS: Final = frozenset(
    ("sum", "mean", "max", "min", "var", "sum0", "sum1", "mean0", "mean1", "max0", "max1", "var0", "var1")
)
_ENTRYWISE: Final[dict[str, Callable[[list[Expr]], Expr]]] = {
    "hadamard": lambda parts: mul(*parts),
    "entrywise_div": lambda parts: mul(parts[0], *(Pow(part, MINUS_ONE) for part in parts[1:])),
    "entrywise_pow": lambda parts: Pow(parts[0], parts[1]),
}
