"""Atoms and the polynomials over them.

A value is a Laurent polynomial: a mapping from monomials to rational coefficients. A monomial is a
frozen set of (atom, exponent); exponents may be negative, and rational for atoms that are positive
wherever they occur under a root. Atoms are interned, so comparing monomials compares identities.

The kinds of atom and what their data hold:

======== =============================================== =======================================
kind     data                                            means
======== =============================================== =======================================
expr     (Expr,)                                         an opaque expression: x[i,j], m, pi
label    (Expr, values, onehot)                          a name with finitely many values
exp      (monomial,)                                     e to that monomial (coefficient 1)
log      (polynomial,)                                   log of its absolute value
root     (polynomial,)                                   the polynomial, under a fractional exponent
inv      (polynomial,)                                   one over an irreducible of several terms
sum      (dummies, monomial)                             the sum over all positions of the dummies
prod     (dummy, polynomial)                             the product over all positions
max, min (dummy, polynomial)                             the largest, the smallest
sign     (polynomial,)                                   -1 or 1, off the zeros of the polynomial
positive (polynomial,)                                   1 where it is > 0, else 0
zero     (polynomial,)                                   1 where it is 0, else 0
before   (index, index)                                  1 where the first position is smaller
delta    (index, index)                                  1 where the positions agree, else 0
call     (name, *polynomials)                            any other function
======== =============================================== =======================================
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final
from weakref import WeakValueDictionary

from whygrad.core.expr import Expr, Index
from whygrad.core.walk import free_indices, names, sort_key

Rational = int | Fraction
Mono = frozenset[tuple["Atom", Rational]]
Poly = dict[Mono, Rational]
"""Never changed once it has been handed on."""
Frozen = frozenset[tuple[Mono, Rational]]

UNIT: Final[Mono] = frozenset()
SIGNS: Final = (-1, 1)
BITS: Final = (0, 1)
_FINITE: Final[dict[str, tuple[Rational, ...]]] = {
    "sign": SIGNS,
    "positive": BITS,
    "zero": BITS,
    "before": BITS,
    "delta": BITS,
}
FINITE_KINDS: Final = tuple(_FINITE)
_SPECIAL: Final = frozenset((*_FINITE, "label", "root", "inv"))


class Atom:
    """An interned generator: equality is identity."""

    __slots__ = (
        "__weakref__",
        "data",
        "depth",
        "indices",
        "kind",
        "level",
        "name",
        "plan",
        "special",
        "values",
    )
    kind: str
    data: tuple[Any, ...]
    indices: frozenset[Index]
    """The indices free in it."""
    level: int
    """How many sums are nested inside; it numbers the dummies of the next one."""
    depth: int
    special: bool
    """Whether a product with it may simplify."""
    values: tuple[Rational, ...]
    """All the values it can take, or ()."""
    plan: Any
    """For an inverse: how products with it reduce."""
    name: str | None

    def __lt__(self, other: Atom) -> bool:
        return self.key < other.key

    def __repr__(self) -> str:
        return f"<{self.key}>"

    @property
    def key(self) -> str:
        """A name that orders atoms the same way in every process."""
        if self.name is None:
            self.name = _key_of(self)
        return self.name


_TABLE: WeakValueDictionary[tuple[Any, ...], Atom] = WeakValueDictionary()


def atom(kind: str, *data: Any) -> Atom:
    """The one atom of this kind with these data."""
    found = _TABLE.get((kind, data))
    if found is None:
        found = object.__new__(Atom)
        found.kind, found.data, found.plan, found.name = kind, data, None, None
        found.values = data[1] if kind == "label" else _FINITE.get(kind, ())
        found.special = kind in _SPECIAL
        _describe(found)
        _TABLE[(kind, data)] = found
    return found


def _describe(a: Atom) -> None:
    """Fill in what is known from the contents."""
    match a.kind:
        case "expr" | "label":
            a.indices, a.level, a.depth = free_indices(a.data[0]), 0, 0
        case "delta" | "before":
            a.indices = free_indices(a.data[0]) | free_indices(a.data[1])
            a.level = a.depth = 0
        case "sum":
            _take(a, parts_of(a))
            a.indices -= frozenset(a.data[0])
            a.level += 1
        case "prod" | "max" | "min":
            _take(a, parts_of(a))
            a.indices -= {a.data[0]}
            a.level += 1
        case _:
            _take(a, parts_of(a))


def _take(a: Atom, inside: list[Atom]) -> None:
    a.indices = frozenset[Index]().union(*(x.indices for x in inside))
    a.level = max((x.level for x in inside), default=0)
    a.depth = 1 + max((x.depth for x in inside), default=0)


def _key_of(a: Atom) -> str:
    match a.kind:
        case "expr" | "label":
            return sort_key(a.data[0])
        case "delta" | "before":
            return f"{a.kind}({sort_key(a.data[0])},{sort_key(a.data[1])})"
        case "sum":
            dummies = ",".join(f"{d.letter}:{d.dim}" for d in a.data[0])
            return f"sum[{dummies}]({mono_key(a.data[1])})"
        case "exp":
            return f"exp({mono_key(a.data[0])})"
        case "prod" | "max" | "min":
            d = a.data[0]
            return f"{a.kind}[{d.letter}:{d.dim}]({poly_key(a.data[1])})"
        case "call":
            return f"{a.data[0]}({';'.join(poly_key(p) for p in a.data[1:])})"
        case _:
            return f"{a.kind}({poly_key(a.data[0])})"


def parts_of(a: Atom) -> list[Atom]:
    """The atoms inside an atom."""
    match a.kind:
        case "expr" | "label" | "delta" | "before":
            return []
        case "exp":
            return [b for b, _ in a.data[0]]
        case "sum":
            return [b for b, _ in a.data[1]]
        case "prod" | "max" | "min":
            return [b for m, _ in a.data[1] for b, _ in m]
        case _:
            polys = a.data[1:] if a.kind == "call" else a.data
            return [b for p in polys for m, _ in p for b, _ in m]


def names_in(a: Atom) -> frozenset[str]:
    """The names of the symbols inside an atom."""
    seen: set[Atom] = set()
    stack = [a]
    out: frozenset[str] = frozenset()
    while stack:
        a = stack.pop()
        if a in seen:
            continue
        seen.add(a)
        if a.kind in ("expr", "label"):
            out |= names(a.data[0])
        stack.extend(parts_of(a))
    return out


def mono_key(m: Mono) -> str:
    """A name of the monomial that does not depend on the process."""
    return "*".join(sorted(f"{a.key}^{e}" for a, e in m))


def poly_key(p: Frozen | Poly) -> str:
    """A name of the polynomial that does not depend on the process."""
    items = p.items() if isinstance(p, dict) else p
    return "+".join(sorted(f"{c} {mono_key(m)}" for m, c in items))


def number(c: Rational) -> Poly:
    """A constant polynomial."""
    return {UNIT: c} if c else {}


def single(a: Atom, exponent: Rational = 1) -> Poly:
    """The polynomial of one atom."""
    return {frozenset(((a, exponent),)): 1}


def opaque(e: Expr) -> Poly:
    """An expression as an atom of its own."""
    return single(atom("expr", e))


def freeze(p: Poly) -> Frozen:
    """A hashable copy."""
    return frozenset(p.items())


def atoms_of(p: Poly | Iterable[Mono]) -> set[Atom]:
    """The atoms that occur in it."""
    return {a for m in p for a, _ in m}


def indices_of(p: Poly) -> frozenset[Index]:
    """The indices free in it."""
    return frozenset[Index]().union(*(a.indices for a in atoms_of(p)))


def constant(p: Poly) -> Rational | None:
    """The number that it is, or None."""
    if not p:
        return 0
    return p.get(UNIT) if len(p) == 1 else None


def plus(p: Poly, q: Poly, factor: Rational = 1) -> Poly:
    """``p + factor q``."""
    if not q:
        return p
    if not p and factor == 1:
        return q
    out = dict(p)
    for m, c in q.items():
        total = out.get(m, 0) + factor * c
        if total:
            out[m] = total
        else:
            out.pop(m, None)
    return out


def scaled(p: Poly, factor: Rational) -> Poly:
    """``factor p``."""
    if factor == 1:
        return p
    return {m: c * factor for m, c in p.items()} if factor else {}


def gather(terms: Iterable[tuple[Mono, Rational]]) -> Poly:
    """The sum of the terms, like ones collected."""
    out: Poly = {}
    for m, c in terms:
        total = out.get(m, 0) + c
        if total:
            out[m] = total
        else:
            out.pop(m, None)
    return out
