"""The surface tree: what was written, before anybody decides what kind a name is.

Sums and products are n-ary, so that a long line is wide and not deep; the depth of a tree is
limited by the parser. Every node has the span of its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from whygrad.core.errors import Span
from whygrad.syntax.node import Node, changed


class Num(Node):
    """A number; ``decimal`` when it was written with a point or an exponent."""

    value: Fraction
    decimal: bool
    span: Span


class Name(Node):
    """A name or an index letter."""

    name: str
    span: Span


class Mark(Node):
    """A hole of a rule's statement, ``?u``."""

    name: str
    span: Span


class Paren(Node):
    """Something in brackets of any kind."""

    body: Surface
    span: Span


class Indexed(Node):
    """``base[indices]``."""

    base: Surface
    indices: tuple[Surface, ...]
    span: Span


class Script(Node):
    """A name with ``_`` and example superscripts: ``x_j^{(i)}``."""

    name: Name
    subs: tuple[Surface, ...]
    sups: tuple[Surface, ...]
    span: Span


class Called(Node):
    """``name(args, key=value)``, or a function applied without brackets."""

    name: Name
    args: tuple[Surface, ...]
    named: tuple[tuple[Name, Surface], ...]
    span: Span


class Sum(Node):
    """Terms with their signs (+1 or -1)."""

    terms: tuple[tuple[int, Surface], ...]
    span: Span


class Product(Node):
    """Factors, each with the operator before it: ``""`` (juxtaposed), ``* / @ · .* ./``."""

    factors: tuple[tuple[str, Surface], ...]
    span: Span


class Power(Node):
    """``base^exponent``; ``entrywise`` for ``.^``."""

    base: Surface
    exponent: Surface
    entrywise: bool
    span: Span


class Transposed(Node):
    """``base'``."""

    base: Surface
    span: Span


class Bars(Node):
    """``|u|``, or ``||u||`` (``double``) with an optional subscript ``p``."""

    body: Surface
    double: bool
    p: Surface | None
    span: Span


class Chain(Node):
    """``a < b <= c``."""

    operands: tuple[Surface, ...]
    ops: tuple[str, ...]
    span: Span


class Logic(Node):
    """``and``, ``or``, ``not``."""

    op: str
    args: tuple[Surface, ...]
    span: Span


class Choice(Node):
    """``value if condition else otherwise``: (condition, value) pairs. ``otherwise`` may be absent."""

    branches: tuple[tuple[Surface, Surface], ...]
    otherwise: Surface | None
    span: Span


class Bound(Node):
    """A letter a big operator binds, with its range: ``i``, ``i=low..high``, ``i in dim``."""

    name: Name
    low: Surface | None = None
    high: Surface | None = None
    dim: Name | None = None


class Big(Node):
    """``sum``, ``mean``, ``prod``, ``max``, ``min`` over letters, where a condition holds."""

    op: str
    bound: tuple[Bound, ...]
    where: Surface | None
    body: Surface
    span: Span
    head: Span


class Diff(Node):
    """``d/dz body``, ``∂body/∂z``."""

    body: Surface
    wrt: Surface
    span: Span


Surface = (
    Num
    | Name
    | Mark
    | Paren
    | Indexed
    | Script
    | Called
    | Sum
    | Product
    | Power
    | Transposed
    | Bars
    | Chain
    | Logic
    | Choice
    | Big
    | Diff
)


def parts(s: Surface) -> tuple[Surface, ...]:
    """The direct parts of a surface, in written order (ranges of a big operator before its body)."""
    match s:
        case Num() | Name() | Mark():
            return ()
        case Paren(body) | Transposed(body):
            return (body,)
        case Indexed(base, indices):
            return (base, *indices)
        case Script(name, subs, sups):
            return (name, *subs, *sups)
        case Called():
            return (*s.args, *(value for _, value in s.named))
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Power(base, exponent):
            return (base, exponent)
        case Bars(body, _, p):
            return (body,) if p is None else (body, p)
        case Chain(operands):
            return operands
        case Logic(_, args):
            return args
        case Choice(branches, otherwise):
            inside = tuple(part for branch in branches for part in branch)
            return inside if otherwise is None else (*inside, otherwise)
        case Big():
            limits = [x for b in s.bound for x in (b.low, b.high) if x is not None]
            return (*limits, *(() if s.where is None else (s.where,)), s.body)
        case Diff(body, wrt):
            return (body, wrt)


def walk(s: Surface) -> Iterator[Surface]:
    """Every node, parents before parts, left to right."""
    stack = [s]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(parts(node)))


def free_names(s: Surface) -> frozenset[str]:
    """The names in ``s`` that no big operator inside it binds."""
    found: set[str] = set()
    stack: list[tuple[Surface, frozenset[str]]] = [(s, frozenset())]
    while stack:
        node, bound = stack.pop()
        if isinstance(node, Name):
            if node.name not in bound:
                found.add(node.name)
            continue
        if isinstance(node, Big):
            bound = bound | {b.name.name for b in node.bound}
        stack.extend((part, bound) for part in parts(node))
    return frozenset(found)


def bare(s: Surface) -> Surface:
    """``s`` without the brackets around it."""
    while isinstance(s, Paren):
        s = s.body
    return s


def replace_names(s: Surface, new: Mapping[str, Surface]) -> Surface:
    """``s`` with free names replaced by surfaces (the depth of a tree is limited by the parser)."""
    if not new:
        return s
    match s:
        case Name(name):
            return new.get(name, s)
        case Num() | Mark() | Script():
            return s
        case Paren(body):
            return changed(s, body=replace_names(body, new))
        case Transposed(base):
            return changed(s, base=replace_names(base, new))
        case Indexed():
            return changed(s, indices=tuple(replace_names(i, new) for i in s.indices))
        case Called():
            return changed(s, args=tuple(replace_names(a, new) for a in s.args))
        case Sum(terms):
            return Sum(tuple((sign, replace_names(t, new)) for sign, t in terms), s.span)
        case Product(factors):
            return Product(tuple((op, replace_names(f, new)) for op, f in factors), s.span)
        case Power(base, exponent):
            return changed(s, base=replace_names(base, new), exponent=replace_names(exponent, new))
        case Bars(body):
            return changed(s, body=replace_names(body, new))
        case Chain(operands):
            return changed(s, operands=tuple(replace_names(o, new) for o in operands))
        case Logic(_, args):
            return changed(s, args=tuple(replace_names(a, new) for a in args))
        case Choice(branches, otherwise):
            pairs = tuple((replace_names(c, new), replace_names(v, new)) for c, v in branches)
            last = None if otherwise is None else replace_names(otherwise, new)
            return Choice(pairs, last, s.span)
        case Big():
            bound = {b.name.name for b in s.bound}
            inner = {k: v for k, v in new.items() if k not in bound}
            where = None if s.where is None else replace_names(s.where, inner)
            return changed(s, where=where, body=replace_names(s.body, inner))
        case Diff(body):
            return changed(s, body=replace_names(body, new))
