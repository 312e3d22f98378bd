"""Expressions as JSON: nested lists, the head first, that read back to the same nodes.

=================  ==================================================================
``3``              an integer (exact up to 2^53; larger ones as ``["num", "..."]``)
``["num", "1/2"]`` a rational number; ``["dec", "1/2"]`` one written 0.5
``["const", "pi"]``  a constant
``["sym", "x", i, j]``  a name at positions; ``["idx", "i", "m"]`` a letter over a dimension
``["size", "m"]``  a size; ``["delta", a, b]`` Kronecker's delta
``["add", ...]``, ``["mul", ...]``, ``["pow", base, exponent]``
``["call", "log", u]``, ``["apply", "matmul", a, b]``, ``["entry", array, i, ...]``
``["reduce", "sum", index, body]``  and ``where`` as a fifth
``["cmp", "<=", a, b]``, ``["cases", condition, value, ..., otherwise]``
``["partial", body, wrt]``, ``["hole", "u"]``
``["let", [shared, ...], body]``  in which ``["ref", k]`` is the k-th of ``shared``
=================  ==================================================================

``let`` stands only outermost. It keeps shared subexpressions single and nesting shallow, whatever the
expression. The heads are stable: :data:`VERSION` rises when one changes its meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, TypeAlias, Union, cast, get_args

from whygrad.core.errors import UsageError
from whygrad.core.expr import (
    APPLY_OPS,
    Add,
    Apply,
    ApplyOp,
    Call,
    Cases,
    Compare,
    CompareOp,
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
    ReduceOp,
    Size,
    Symbol,
)
from whygrad.core.functions import CONSTANTS
from whygrad.core.walk import children, postorder, size_of

VERSION: Final = 1
Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]

_PLAIN_INTEGERS: Final = 2**53
_SHARED_SIZE: Final = 8
"""A subexpression of at least so many nodes that occurs twice is written once."""
_DEEPEST: Final = 40
"""Lists nest no deeper than this, so that any JSON reader takes them."""
_HEADS: Final[dict[type[Expr], str]] = {
    Add: "add",
    Mul: "mul",
    Pow: "pow",
    Delta: "delta",
    Partial: "partial",
    Cases: "cases",
}


def expr_to_json(e: Expr) -> Json:
    """The expression as nested lists.

    >>> expr_to_json(Mul((Number(2), Pow(Symbol("x", (Index("i", "m"),)), Number(Fraction(1, 2))))))
    ['mul', 2, ['pow', ['sym', 'x', ['idx', 'i', 'm']], ['num', '1/2']]]
    """
    uses = Counter(kid for node in postorder(e) for kid in children(node))
    done: dict[Expr, Json] = {}
    height: dict[Expr, int] = {}
    shared: list[Json] = []
    for node in postorder(e):
        kids = children(node)
        done[node] = _write(node, [done[kid] for kid in kids])
        height[node] = 1 + max((height[kid] for kid in kids), default=0)
        often = uses[node] > 1 and size_of(node) >= _SHARED_SIZE
        if node is not e and (often or height[node] >= _DEEPEST):
            shared.append(done[node])
            done[node] = ["ref", len(shared) - 1]
            height[node] = 1
    return ["let", shared, done[e]] if shared else done[e]


def _write(node: Expr, kids: list[Json]) -> Json:
    match node:
        case Number(value, decimal):
            plain = not decimal and value.denominator == 1 and abs(value) < _PLAIN_INTEGERS
            return value.numerator if plain else ["dec" if decimal else "num", _rational(value)]
        case Constant(name):
            return ["const", name]
        case Symbol(name):
            return ["sym", name, *kids]
        case Index(letter, dim):
            return ["idx", letter, dim]
        case Size(dim):
            return ["size", dim]
        case Call(name):
            return ["call", name, *kids]
        case Apply(op):
            return ["apply", op, *kids]
        case Compare(op):
            return ["cmp", op, *kids]
        case Entry():
            return ["entry", *kids]
        case Reduce(op, index):
            return ["reduce", op, ["idx", index.letter, index.dim], *kids]
        case Hole(name):
            return ["hole", name]
        case _:
            return [_HEADS[type(node)], *kids]


def _rational(value: Fraction) -> str:
    top = _integer(value.numerator)
    return top if value.denominator == 1 else f"{top}/{_integer(value.denominator)}"


def _integer(n: int) -> str:
    """Decimal digits; hexadecimal ones where Python would refuse to count the decimal ones."""
    return str(n) if n.bit_length() < 12_000 else hex(n)


def expr_from_json(data: Json) -> Expr:
    """The expression that :func:`expr_to_json` wrote.

    Raises
    ------
    UsageError
        If the data is not of this form.

    Examples
    --------
    >>> expr_from_json(["add", ["sym", "x"], 1]) is Add((Symbol("x"), Number(1)))
    True
    """
    shared: list[Expr] = []
    if isinstance(data, list) and data[:1] == ["let"]:
        if len(data) != 3 or not isinstance(data[1], list):
            raise _malformed(data)
        for item in data[1]:
            shared.append(_read(item, shared))
        data = data[2]
    return _read(data, shared)


def _read(data: Json, shared: Sequence[Expr]) -> Expr:
    """One tree, with an explicit stack: (data, None) is to be opened, (data, n) has n parts read."""
    values: list[Expr] = []
    stack: list[tuple[Json, int]] = [(data, -1)]
    while stack:
        node, parts = stack.pop()
        if parts >= 0:
            kids = tuple(values[len(values) - parts :])
            del values[len(values) - parts :]
            values.append(_build(cast("list[Json]", node), kids))
            continue
        leaf = _leaf(node, shared)
        if leaf is not None:
            values.append(leaf)
            continue
        inner = cast("list[Json]", node)[_FIRST_CHILD.get(str(cast("list[Json]", node)[0]), 1) :]
        stack.append((node, len(inner)))
        stack.extend((item, -1) for item in reversed(inner))
    return values[0]


_FIRST_CHILD: Final = {"sym": 2, "call": 2, "apply": 2, "cmp": 2, "reduce": 2}


def _leaf(data: Json, shared: Sequence[Expr]) -> Expr | None:
    """What has no parts; None for the rest."""
    if isinstance(data, int) and not isinstance(data, bool):
        return Number(data)
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise _malformed(data)
    match data:
        case ["num" | "dec" as head, str(text)]:
            return Number(_parsed(text, data), head == "dec")
        case ["const", str(name)] if name in CONSTANTS:
            return Constant(name)
        case ["idx", str(letter), str(dim)]:
            return Index(letter, dim)
        case ["size", str(dim)]:
            return Size(dim)
        case ["hole", str(name)]:
            return Hole(name)
        case ["ref", int(k)] if not isinstance(k, bool) and 0 <= k < len(shared):
            return shared[k]
        case [("num" | "dec" | "const" | "idx" | "size" | "hole" | "ref" | "let"), *_]:
            raise _malformed(data)
        case _:
            return None


def _parsed(text: str, data: Json) -> Fraction:
    top, _, below = text.partition("/")
    try:
        return Fraction(int(top, 0), int(below or "1", 0))
    except (ValueError, ZeroDivisionError):
        raise _malformed(data) from None


def _build(data: list[Json], kids: tuple[Expr, ...]) -> Expr:
    match data[0], data[1] if len(data) > 1 else None, kids:
        case "sym", str(name), _:
            return Symbol(name, kids)
        case "call", str(name), _:
            return Call(name, kids)
        case "apply", str(op), _ if op in APPLY_OPS:
            return Apply(cast("ApplyOp", op), kids)
        case "cmp", str(op), _ if op in get_args(CompareOp) and len(kids) >= (1 if op == "not" else 2):
            return Compare(cast("CompareOp", op), kids)
        case "reduce", str(op), (Index() as index, body, *rest) if op in get_args(ReduceOp) and len(rest) < 2:
            return Reduce(cast("ReduceOp", op), index, body, rest[0] if rest else None)
        case "add", _, _:
            return Add(kids)
        case "mul", _, _:
            return Mul(kids)
        case "pow", _, (base, exponent):
            return Pow(base, exponent)
        case "delta", _, (left, right):
            return Delta(left, right)
        case "partial", _, (body, Symbol() as wrt):
            return Partial(body, wrt)
        case "entry", _, (array, *indices):
            return Entry(array, indices)
        case "cases", _, (*parts, otherwise) if len(parts) % 2 == 0:
            return Cases(tuple(zip(parts[::2], parts[1::2], strict=True)), otherwise)
        case _:
            raise _malformed(data)


def _malformed(data: Json) -> UsageError:
    shown = str(data[0] if isinstance(data, list) and data else data)[:40]
    return UsageError(
        "error/usage",
        f"this JSON is not an expression of version {VERSION}, at {shown!r}",
        fix="pass what expr_to_json wrote",
    )
