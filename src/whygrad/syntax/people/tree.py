"""The tree of a formula as it was written, before anybody decides what a letter or a bracket means.

A letter before a bracket is two factors here, a superscript is not yet a power, a sum holds what it may
reach: :mod:`whygrad.syntax.people.resolve` decides, for a whole chain at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from whygrad.core.errors import Span


@dataclass(frozen=True, slots=True)
class Num:
    """A number."""

    value: Fraction
    decimal: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A letter, a Greek letter, or a word."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Script:
    """``base`` with a subscript, a superscript and primes, as written."""

    base: Tree
    sub: Tree | None
    sup: Tree | None
    primes: int
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """Brackets around one or more parts: ``(u)``, ``[u]``, ``(x, y)``, ``(x | mu)``.

    ``braces`` are the invisible ones of LaTeX.
    """

    items: tuple[Tree, ...]
    bracket: str
    span: Span
    separator: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms with their signs."""

    terms: tuple[tuple[int, Tree], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Product:
    """Factors, each with the operator before it: ``""`` where nothing stands, ``* · × / ⊙ ⊗ :``."""

    factors: tuple[tuple[str, Tree], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Quotient:
    """A fraction with a bar."""

    top: Tree
    bottom: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Root:
    """A root; ``degree`` None for the square root."""

    body: Tree
    degree: Tree | None
    span: Span


@dataclass(frozen=True, slots=True)
class Func:
    """A known function with its argument; ``open`` when no bracket says where that ends."""

    name: str
    args: tuple[Tree, ...]
    sub: Tree | None
    sup: Tree | None
    primes: int
    open: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Binder:
    """What stands under a big operator."""

    letters: tuple[str, ...]
    where: Tree | None
    low: Tree | None
    high: Tree | None
    over: str = ""
    """The set the letter runs through, as written."""


@dataclass(frozen=True, slots=True)
class Big:
    """A sum, product, maximum or minimum with what it may reach over."""

    op: str
    binder: Binder
    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Deriv:
    """A derivative: ``body`` None for an operator that stands before its operand.

    ``wrt`` are the variables, one for each order; empty where the text does not say.
    """

    body: Tree | None
    wrt: tuple[Tree, ...]
    sign: str
    order: int
    span: Span


@dataclass(frozen=True, slots=True)
class Applied:
    """An operator of differentiation before ``operand`` (the factors that follow it)."""

    operator: Deriv
    operand: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Differential:
    """``dX``."""

    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Bars:
    """``|u|`` or ``||u||``."""

    body: Tree
    double: bool
    sub: Tree | None
    sup: Tree | None
    span: Span


@dataclass(frozen=True, slots=True)
class Inner:
    """An inner product in angles."""

    left: Tree
    right: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Relation:
    """``a < b <= c``, ``i != j``, ``x in M``."""

    operands: tuple[Tree, ...]
    ops: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Branches:
    """Values with their conditions; a condition None is "otherwise"."""

    rows: tuple[tuple[Tree, Tree | None], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entrywise:
    """A power that is taken entry by entry: the ``∘2`` of ``x^{∘2}``."""

    power: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Words:
    """Words inside a formula."""

    text: str
    span: Span


Tree = (
    Num
    | Name
    | Script
    | Group
    | Sum
    | Product
    | Quotient
    | Root
    | Func
    | Big
    | Deriv
    | Applied
    | Differential
    | Bars
    | Inner
    | Relation
    | Branches
    | Entrywise
    | Words
)


def parts(t: Tree) -> tuple[Tree, ...]:
    """The direct parts, in written order."""
    match t:
        case Num() | Name() | Words():
            return ()
        case Script(base, sub, sup):
            return tuple(x for x in (base, sub, sup) if x is not None)
        case Group(items):
            return items
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Quotient(top, bottom):
            return (top, bottom)
        case Root(body, degree):
            return (body,) if degree is None else (degree, body)
        case Func(_, args, sub, sup):
            return tuple(x for x in (sub, sup, *args) if x is not None)
        case Big(_, binder, body):
            around = (binder.where, binder.low, binder.high)
            return (*(x for x in around if x is not None), body)
        case Deriv(body, wrt):
            return wrt if body is None else (body, *wrt)
        case Applied(operator, operand):
            return (operator, operand)
        case Differential(body) | Entrywise(body):
            return (body,)
        case Bars(body, _, sub, sup):
            return tuple(x for x in (body, sub, sup) if x is not None)
        case Inner(left, right):
            return (left, right)
        case Relation(operands):
            return operands
        case Branches(rows):
            return tuple(x for row in rows for x in row if x is not None)


def walk(t: Tree) -> Iterator[Tree]:
    """Every node, parents before parts, left to right."""
    stack = [t]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(parts(node)))


def bare(t: Tree) -> Tree:
    """What stands inside brackets around a single thing."""
    while isinstance(t, Group) and len(t.items) == 1:
        t = t.items[0]
    return t


def unbraced(t: Tree) -> Tree:
    """What stands inside the invisible braces of LaTeX."""
    while isinstance(t, Group) and len(t.items) == 1 and t.bracket == "{":
        t = t.items[0]
    return t


def names_in(t: Tree) -> frozenset[str]:
    """Every name in it that no operator inside binds."""
    found: set[str] = set()
    stack: list[tuple[Tree, frozenset[str]]] = [(t, frozenset())]
    while stack:
        node, bound = stack.pop()
        if isinstance(node, Name):
            if node.name not in bound:
                found.add(node.name)
            continue
        if isinstance(node, Script) and node.primes and isinstance(node.base, Name):
            found.add(node.base.name + "'" * node.primes)
        if isinstance(node, Bars):  # the F of a Frobenius norm is no name
            node = replace(node, sub=None)
        inside = bound | frozenset(node.binder.letters) if isinstance(node, Big) else bound
        stack.extend((part, inside) for part in parts(node))
    return frozenset(found)
