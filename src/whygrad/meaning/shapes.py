"""The type checker: the dimensions of an expression, and whether its indices fit.

Dimensions are names, so two arrays fit when their names agree, whatever their sizes. A vector is a
column; the transpose of a column is a row (``w' w`` is a number, ``w w'`` a matrix). Arrays of
different rank meet as NumPy lets them: a scalar spreads, a vector of size k acts on every row of an
(m, k), but not on an (k, k), where nobody can tell rows from columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from whygrad.core import walk
from whygrad.core.cost import Scope
from whygrad.core.errors import ShapeError
from whygrad.core.expr import Add, Apply, Entry, Expr, Index, Mul, Number, Partial, Reduce, Size, Symbol

_OFFSET = re.compile(r"(.+?)\s*([-+])\s*(\d+)")


class Layout(NamedTuple):
    """Dimensions of a value; ``row`` says that a vector lies down."""

    dims: tuple[str, ...] = ()
    row: bool = False

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.dims)


SCALAR: Final = Layout()


def shape_of(e: Expr, scope: Scope) -> tuple[str, ...]:
    """Give the dimensions of an expression: () for a number, whole arrays keep theirs.

    Parameters
    ----------
    e
        Any expression, in index form, in array form, or mixed.
    scope
        What its names are.

    Raises
    ------
    ShapeError
        If two sizes that meet do not fit; the message names them.

    Examples
    --------
    >>> from whygrad.core.cost import Declaration
    >>> scope = Scope({"X": Declaration("X", "data", ("m", "n")), "w": Declaration("w", "param", ("n",))})
    >>> shape_of(Apply("matmul", (Symbol("X"), Symbol("w"))), scope)
    ('m',)
    """
    return layout_of(e, scope).dims


def layout_of(e: Expr, scope: Scope) -> Layout:
    """The dimensions and, for a vector, whether it is a row."""
    return walk.fold(e, lambda node, kids: node_layout(node, kids, scope))


def node_layout(node: Expr, kids: tuple[Layout, ...], scope: Scope) -> Layout:
    """The layout of a node from those of its children."""
    match node:
        case Symbol(name, indices):
            dims = scope.dims_of(name)
            if len(indices) > len(dims):
                if name in scope.declarations or name in scope.definitions:
                    raise _rank_error(name, len(indices), dims)
                return SCALAR
            return Layout(dims[len(indices) :])
        case Reduce():
            return kids[0]
        case Partial():
            return Layout(kids[0].dims + kids[1].dims)
        case Entry(_, indices):
            dims = kids[0].dims
            if len(indices) > len(dims):
                raise ShapeError(
                    "error/rank",
                    f"{len(indices)} indices on an expression with {_count(len(dims))} ({_text(dims)})",
                    fix="give one index for each dimension",
                )
            return Layout(dims[len(indices) :])
        case Apply(op, args):
            return _apply(op, args, kids)
        case _:
            # Numbers, letters, sizes and deltas have no arrays below them, so they come out scalar.
            return broadcast(kids, "a product" if isinstance(node, Mul) else _meeting(node))


def _meeting(node: Expr) -> str:
    return "a sum" if isinstance(node, Add) else "an entry-by-entry operation"


def broadcast(parts: Iterable[Layout], what: str) -> Layout:
    """The layout in which values meet entry by entry.

    Raises
    ------
    ShapeError
        If trailing dimensions differ, or a vector meets a matrix with one size name.
    """
    arrays = [part for part in parts if part.rank]
    if not arrays:
        return SCALAR
    widest = max(arrays, key=lambda part: part.rank)
    for part in arrays:
        tail = widest.dims[widest.rank - part.rank :]
        if part.dims != tail:
            x, y = next((x, y) for x, y in zip(reversed(tail), reversed(part.dims), strict=True) if x != y)
            raise _misfit(what, widest.dims, part.dims, (x, y))
        if 0 < part.rank < widest.rank and widest.dims[-1] in widest.dims[:-1]:
            raise ShapeError(
                "error/shape",
                f"in {what} a vector of size {part.dims[-1]} meets a ({_text(widest.dims)}): "
                "rows and columns have one size name, so it cannot be told which it acts on",
                fix="write it out with index letters, or use diag or an outer product with ones",
            )
    return Layout(widest.dims, widest.rank == 1 and all(part.row for part in arrays))


def _matmul(a: Layout, b: Layout) -> Layout:
    if not a.rank or not b.rank:
        return a if a.rank else b
    if a.rank > 2 or b.rank > 2:
        raise _misfit("a matrix product", a.dims, b.dims, (a.dims[-1], b.dims[0]))
    if a.rank == b.rank == 1 and b.row and not a.row:
        return Layout(a.dims + b.dims)
    if b.row and a.rank == 2:
        raise _misfit("a matrix product with a row on the right", a.dims, b.dims, (a.dims[1], "1"))
    if a.dims[-1] != b.dims[0]:
        raise _misfit("a matrix product", a.dims, b.dims, (a.dims[-1], b.dims[0]))
    return Layout(a.dims[:-1] + b.dims[1:], row=a.rank == 1)


def _square(kid: Layout, op: str) -> Layout:
    if kid.rank != 2 or kid.dims[0] != kid.dims[1]:
        raise ShapeError(
            "error/shape",
            f"{op} needs a square matrix, here it is {_describe(kid.dims)}",
            fix="give both dimensions of the matrix one size name",
        )
    return kid


def _need(kid: Layout, ranks: tuple[int, ...], op: str) -> Layout:
    if kid.rank not in ranks:
        kinds = " or ".join(("number", "vector", "matrix")[rank] for rank in ranks)
        raise ShapeError(
            "error/shape", f"{op} needs a {kinds}, here it is {_describe(kid.dims)}", fix=f"give it a {kinds}"
        )
    return kid


def _transpose(kid: Layout) -> Layout:
    if kid.rank == 1:
        return Layout(kid.dims, not kid.row)
    return Layout(_need(kid, (0, 2), "transpose").dims[::-1])


def _diag(kid: Layout) -> Layout:
    if kid.rank == 1:
        return Layout(kid.dims * 2)
    return Layout(_square(kid, "diag").dims[:1])


def _dot(a: Layout, b: Layout) -> Layout:
    if a.dims != b.dims:
        sizes = next((p for p in zip(a.dims, b.dims, strict=False) if p[0] != p[1]), ("1", "1"))
        raise _misfit("an inner product", a.dims, b.dims, sizes)
    return SCALAR


def _outer(a: Layout, b: Layout) -> Layout:
    return Layout(_need(a, (1,), "outer").dims + _need(b, (1,), "outer").dims)


_ALL = (0, 1, 2)
_UNARY: Final[dict[str, Callable[[Layout], Layout]]] = {
    "transpose": _transpose,
    "diag": _diag,
    "inv": lambda a: _square(a, "inv"),
    "det": lambda a: Layout(_square(a, "det").dims[2:]),
    "logdet": lambda a: Layout(_square(a, "logdet").dims[2:]),
    "trace": lambda a: Layout(_square(a, "trace").dims[2:]),
    "norm": lambda a: Layout(_need(a, _ALL, "norm").dims[2:2]),
    "norm1": lambda a: Layout(_need(a, (0, 1), "norm1").dims[1:1]),
    "norm2": lambda a: Layout(_need(a, (0, 1), "norm2").dims[1:1]),
    "softmax": lambda a: _need(a, (1, 2), "softmax"),
    "logsumexp": lambda a: Layout(_need(a, (1, 2), "logsumexp").dims[:-1]),
}
_PAIRS: Final[dict[str, Callable[[Layout, Layout], Layout]]] = {
    "matmul": _matmul,
    "dot": _dot,
    "outer": _outer,
}
_OVER: Final = ("sum", "mean", "max", "min", "var")
_ENTRYWISE: Final = {
    "hadamard": "an entry-by-entry product",
    "entrywise_div": "an entry-by-entry quotient",
    "entrywise_pow": "an entry-by-entry power",
}


def _apply(op: str, args: tuple[Expr, ...], kids: tuple[Layout, ...]) -> Layout:
    if op in _UNARY:
        return _UNARY[op](kids[0])
    if op in _PAIRS:
        out = kids[0]
        for kid in kids[1:]:
            out = _PAIRS[op](out, kid)
        return out
    if op in _OVER:
        return SCALAR
    if op[:-1] in _OVER and op[-1] in "01":
        dims = kids[0].dims
        return Layout(dims[1:] if op[-1] == "0" else dims[:-1])
    if op in _ENTRYWISE:
        return broadcast(kids, _ENTRYWISE[op])
    if op == "matpow":
        return _square(kids[0], "a matrix power")
    if op == "identity":
        return Layout(_size_names(args[:1]) * 2)
    if op in ("ones", "zeros"):
        return Layout(_size_names(args))
    raise ShapeError("error/shape", f"no meaning is given to {op}", fix="write it out with index letters")


def _size_names(args: Iterable[Expr]) -> tuple[str, ...]:
    names: list[str] = []
    for arg in args:
        match arg:
            case Size(dim):
                names.append(dim)
            case Number(value) if value.denominator == 1 and value > 0:
                names.append(str(value))
            case _:
                raise ShapeError(
                    "error/shape", "the size of an array must be the name of a dimension", fix="ones(m)"
                )
    return tuple(names)


def size_of_dim(dim: str, sizes: Mapping[str, int]) -> int:
    """How many positions a dimension has; "3" and "m-1" say so themselves.

    >>> size_of_dim("m-1", {"m": 4})
    3
    """
    if dim in sizes:
        return sizes[dim]
    if dim.isdecimal():
        return int(dim)
    found = _OFFSET.fullmatch(dim)
    if found is None:
        raise KeyError(dim)
    base, sign, offset = found.groups()
    return size_of_dim(base, sizes) + int(sign + offset)


def base_dim(dim: str) -> str:
    """The dimension a shortened one is part of: "m" for "m-1"."""
    while (found := _OFFSET.fullmatch(dim)) is not None:
        dim = found.group(1)
    return dim


def size_parts(dim: str) -> Expr | None:
    """What a shortened dimension says as an expression, None for a plain name.

    >>> size_parts("m-1") == Add((Size("m"), Number(-1))), size_parts("9-2") == Number(7), size_parts("m")
    (True, True, None)
    """
    base = base_dim(dim)
    if base == dim:
        return None
    lost = size_of_dim(dim, {base: 0})
    return Number(int(base) + lost) if base.isdecimal() else Add((Size(base), Number(lost)))


def check_indices(e: Expr, scope: Scope) -> None:
    """Check that each index letter is on its own dimension and each name has its number of indices.

    A name may stand without indices (the whole array is meant); with some of them only inside an
    array operation, as the row of a matrix does.

    Raises
    ------
    ShapeError
        ``error/index-dimension`` or ``error/rank``.

    Examples
    --------
    >>> from whygrad.core.cost import Declaration
    >>> scope = Scope({"w": Declaration("w", "param", ("n",))})
    >>> check_indices(Symbol("w", (Index("i", "m"),)), scope)
    Traceback (most recent call last):
        ...
    whygrad.core.errors.ShapeError: Index over two dimensions: i runs over m; w has n there
      Fix: use a letter over n for w
      More: whygrad why error/index-dimension
    """
    inside = _inside_arrays(e)
    letters: dict[str, str] = {}
    for node in walk.postorder(e):
        if not isinstance(node, Symbol) or not node.indices:
            continue
        dims = scope.dims_of(node.name)
        known = node.name in scope.declarations or node.name in scope.definitions
        given = len(node.indices)
        if known and (given > len(dims) or (given < len(dims) and node not in inside)):
            raise _rank_error(node.name, given, dims)
        for index, dim in zip(node.indices, dims, strict=False):
            if isinstance(index, Index) and known and base_dim(index.dim) != base_dim(dim):
                raise ShapeError(
                    "error/index-dimension",
                    f"{index.letter} runs over {index.dim}; {node.name} has {dim} there",
                    fix=f"use a letter over {dim} for {node.name}",
                )
    for index in walk.free_indices(e):
        other = letters.setdefault(index.letter, index.dim)
        if base_dim(other) != base_dim(index.dim):
            raise ShapeError(
                "error/index-dimension",
                f"{index.letter} runs over {other} and over {index.dim}",
                fix="use two letters",
            )


def _inside_arrays(e: Expr) -> frozenset[Expr]:
    """Nodes below an array operation."""
    found: set[Expr] = set()
    for node in walk.postorder(e):
        if isinstance(node, (Apply, Entry)):
            found.update(walk.postorder(node))
    return frozenset(found)


def _rank_error(name: str, given: int, dims: tuple[str, ...]) -> ShapeError:
    return ShapeError(
        "error/rank",
        f"{name} has {_count(len(dims))} ({_text(dims)}) and is used with {given}",
        fix=f"write {name} with {_count(len(dims))}" if dims else f"write {name} without indices",
    )


def _misfit(what: str, a: tuple[str, ...], b: tuple[str, ...], sizes: tuple[str, str]) -> ShapeError:
    why = "their ranks are different"
    if sizes[0] != sizes[1]:
        why = f"the sizes {sizes[0]} and {sizes[1]} are different"
    return ShapeError(
        "error/shape",
        f"{what} of {_describe(a)} and {_describe(b)}: {why}",
        fix="transpose one of them, or check which sizes the names have",
    )


def _describe(dims: tuple[str, ...]) -> str:
    kinds = ("a number", "a vector", "a matrix")
    kind = kinds[len(dims)] if len(dims) < len(kinds) else "an array"
    return f"{kind} ({_text(dims)})" if dims else kind


def _count(n: int) -> str:
    return ("no index", "one index", "two indices")[n] if n < 3 else f"{n} indices"


def _text(dims: tuple[str, ...]) -> str:
    return ", ".join(dims) if dims else "a number"
