"""Slips with matrices: order, transposes, a square, a length, a variable kept.

A term is taken as its leaves, whatever their order and transposition, and put together again in
every way whose shapes fit; few do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from typing import Final

from whygrad.core.errors import WhygradError
from whygrad.core.expr import (
    TWO,
    Add,
    Apply,
    Expr,
    Mul,
    Pow,
    Size,
    Symbol,
    add,
    mul,
)
from whygrad.core.walk import Path, at, postorder, replace_at
from whygrad.engine.diagnose_case import Case
from whygrad.engine.diagnose_repairs import Repair, editable

MOST_LEAVES: Final = 5
LARGEST: Final = 900
_PRODUCTS: Final = ("matmul", "dot", "outer", "hadamard")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One factor with its rows and columns ("1" for a side of a vector)."""

    value: Expr
    rows: str
    columns: str
    symmetric: bool = False

    def turned(self) -> Leaf:
        """Its transpose."""
        value = self.value
        flipped = (
            value.args[0]
            if isinstance(value, Apply) and value.op == "transpose"
            else Apply("transpose", (value,))
        )
        return Leaf(flipped, self.columns, self.rows, self.symmetric)


@dataclass(slots=True)
class Term:
    """A product as numbers and leaves."""

    scalars: list[Expr]
    leaves: list[Leaf]
    squared: bool = False


def matrix_repairs(case: Case) -> Iterator[Repair]:
    """What makes the line right by rearranging, dropping or adding a factor of one term."""
    if not _has_arrays(case):
        return
    count = 0
    for path, node in _places(case.after):
        term = _term(case, node)
        if term is None or not term.leaves or len(term.leaves) > MOST_LEAVES:
            continue
        for slip, cost, new in _edits(case, term, node):
            count += 1
            if count > LARGEST:
                return
            yield Repair(
                slip,
                (path,),
                replace_at(case.after, path, new),
                ("with ", new, " here, the line is right"),
                cost + 0.02 * len(path),
            )
    yield from _identities(case)


def _has_arrays(case: Case) -> bool:
    return any(
        isinstance(n, Apply) or (isinstance(n, Symbol) and len(n.indices) < len(case.scope.dims_of(n.name)))
        for n in postorder(case.after)
    )


def _places(line: Expr) -> list[tuple[Path, Expr]]:
    """Terms and products, outermost first."""
    found = [
        (p, n)
        for p, n in editable(line)
        if isinstance(n, Apply | Mul | Symbol | Pow) and (not p or not _product_above(line, p))
    ]
    return sorted(found, key=lambda item: len(item[0]))


def _product_above(line: Expr, path: Path) -> bool:
    above = at(line, path[:-1])
    return isinstance(above, Mul) or (isinstance(above, Apply) and above.op in (*_PRODUCTS, "transpose"))


def _leaf(case: Case, e: Expr) -> Leaf | Expr | None:
    """A leaf, a number, or None where its own shapes do not fit."""
    try:
        layout = case.converter.layout(e)
    except WhygradError:
        return None
    if layout.rank == 0:
        return e
    if layout.rank == 1:
        return Leaf(e, "1", layout.dims[0]) if layout.row else Leaf(e, layout.dims[0], "1")
    declared = case.scope.declarations.get(e.name) if isinstance(e, Symbol) else None
    symmetric = declared is not None and (declared.has("symmetric") or declared.has("spd"))
    return Leaf(e, layout.dims[0], layout.dims[1], symmetric) if layout.rank == 2 else None


def _term(case: Case, node: Expr) -> Term | None:
    """The numbers and leaves of a product."""
    term = Term([], [])
    stack: list[tuple[Expr, bool]] = [(node, False)]
    while stack:
        e, turned = stack.pop()
        match e:
            case Apply("matmul" | "dot" | "hadamard", args):
                parts = [(a, turned) for a in args]
                if e.op == "dot":
                    parts[0] = (args[0], not turned)
            case Apply("outer", (a, b)):
                parts = [(a, turned), (b, not turned)]
            case Mul(factors):
                parts = [(f, turned) for f in factors]
            case Apply("transpose", (a,)) if isinstance(a, Apply) and a.op in (*_PRODUCTS, "transpose"):
                parts = [(a, not turned)]
            case Pow(base, exponent) if exponent is TWO and isinstance(_leaf(case, base), Leaf):
                parts, term.squared = [(base, turned), (base, turned)], True
            case Apply("matpow", (base, exponent)) if exponent is TWO:
                parts, term.squared = [(base, turned), (base, turned)], True
            case _:
                leaf = _leaf(case, e)
                if leaf is None:
                    return None
                if isinstance(leaf, Leaf):
                    term.leaves.append(leaf.turned() if turned else leaf)
                else:
                    term.scalars.append(leaf)
                continue
        stack.extend(reversed(parts))
    if not term.squared:
        term.squared = any(
            a.value is b.value and a.rows != "1" and a.columns != "1"
            for a, b in zip(term.leaves, term.leaves[1:], strict=False)
        )
    return term


Edit = tuple[str, float, Expr]


def _edits(case: Case, term: Term, node: Expr) -> Iterator[Edit]:
    leaves, scalars = term.leaves, term.scalars
    for k, number in enumerate(scalars):  # a length in the place of the vector
        if isinstance(number, Apply) and number.op in ("norm", "norm1", "norm2"):
            leaf = _leaf(case, number.args[0])
            if isinstance(leaf, Leaf):
                others = [s for n, s in enumerate(scalars) if n != k]
                for new in _arranged([*leaves, leaf], others):
                    yield "mistake/shape/norm-for-residual", 1.0, new
    rearranged = "mistake/shape/square-for-gram" if term.squared else _order_id(case, node)
    for new in _arranged(leaves, scalars):
        yield rearranged, 1.0, new
    for leaf in leaves:  # 2 A x in the place of (A + A') x
        if leaf.rows == leaf.columns and not leaf.symmetric:
            both = Leaf(add(leaf.value, leaf.turned().value), leaf.rows, leaf.columns)
            swapped = [both if x is leaf else x for x in leaves]
            halved = [s for s in scalars if s is not TWO] if TWO in scalars else scalars
            for new in _arranged(swapped, halved):
                slip = "mistake/shape/transpose-or-order" if TWO in scalars else "mistake/product/half-lost"
                yield slip, 1.1, new
    for k in range(len(leaves)):  # the variable of a linear term kept
        fewer = leaves[:k] + leaves[k + 1 :]
        if fewer:
            for new in _arranged(fewer, scalars):
                yield "mistake/shape/linear-kept", 1.3, new
    if len(leaves) < MOST_LEAVES:
        for extra in _known_leaves(case):
            for new in _arranged([*leaves, extra], scalars):
                yield "mistake/inner/derivative-lost", 1.5, new


def _order_id(case: Case, node: Expr) -> str:
    try:
        rank = case.converter.layout(node).rank
    except WhygradError:
        return "mistake/shape/transpose-or-order"
    if len(case.letters) == 2 and rank != 2:
        return "mistake/shape/inner-for-outer"
    return "mistake/shape/transpose-or-order"


def _known_leaves(case: Case) -> list[Leaf]:
    found: dict[Expr, Leaf] = {}
    for e in postorder(case.before):
        if isinstance(e, Symbol) and not e.indices:
            leaf = _leaf(case, e)
            if isinstance(leaf, Leaf):
                found.setdefault(e, leaf)
    return list(found.values())


def _arranged(leaves: list[Leaf], scalars: list[Expr]) -> Iterator[Expr]:
    """The leaves in every order and transposition whose shapes fit."""
    seen: set[Expr] = set()
    for order in permutations(leaves):
        for turns in product((False, True), repeat=len(order)):
            if any(t and leaf.symmetric for t, leaf in zip(turns, order, strict=True)):
                continue
            chain = [leaf.turned() if t else leaf for t, leaf in zip(turns, order, strict=True)]
            if any(a.columns != b.rows for a, b in pairwise(chain)):
                continue
            if chain[0].rows == "1" and chain[-1].columns != "1":
                continue  # a row; the column says the same
            new = _built(chain, scalars)
            if new not in seen:
                seen.add(new)
                yield new


def _built(chain: list[Leaf], scalars: list[Expr]) -> Expr:
    """The product; a column times a row is an outer product, the rest is written side by side."""
    done: list[Expr] = []
    last = chain[0]
    for leaf in chain:
        if done and last.columns == "1" and last.rows != "1" and leaf.rows == "1":
            left = done[0] if len(done) == 1 else Apply("matmul", done)
            done = [Apply("outer", (left, leaf.turned().value))]
        else:
            done.append(leaf.value)
        last = Leaf(leaf.value, chain[0].rows, leaf.columns)
    value = done[0] if len(done) == 1 else Apply("matmul", done)
    return mul(*scalars, value)


def _identities(case: Case) -> Iterator[Repair]:
    """A number where a multiple of the identity is due."""
    if len(case.letters) != 2 or case.letters[0].dim != case.letters[1].dim:
        return
    identity = Apply("identity", (Size(case.letters[0].dim),))
    for path, node in editable(case.after):
        if path and not isinstance(at(case.after, path[:-1]), Add):
            continue
        new = mul(node, identity)
        yield Repair(
            "mistake/shape/identity-lost",
            (path,),
            replace_at(case.after, path, new),
            ("with the identity here, ", new, ", the line is right"),
            1.2,
        )
