"""What was left undeclared: sizes, dimensions of letters, and names with one usual meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from whygrad.core.cost import Declaration, Domain, Kind
from whygrad.core.errors import LanguageError, ShapeError, Span
from whygrad.core.functions import CONSTANTS
from whygrad.syntax.context import Context
from whygrad.syntax.declare import Declared
from whygrad.syntax.dims import auto_dim
from whygrad.syntax.node import Node
from whygrad.syntax.surface import Big, Called, Indexed, Name, Script, Surface, bare, parts

Role = Literal["value", "index", "base"]

USUAL: Final[dict[str, Kind]] = {
    "x": "data",
    "X": "data",
    "y": "data",
    "Y": "data",
    "w": "param",
    "W": "param",
    "b": "param",
    "theta": "param",
    "lambda": "const",
    "epsilon": "const",
    "eps": "const",
}
"""Names that mean one thing to everybody; any other must be declared."""

WHOLE: Final = frozenset("XYW")
"""Matrices: without indices their sizes cannot be told, so they must be declared."""

_BUILT_IN: Final = frozenset({*CONSTANTS, "I", "ones", "zeros", "T", "⊤", "True", "False"})


class Body(Node):
    """A definition as read: the name, its letters or arguments, the right-hand side."""

    name: str
    span: Span
    letters: tuple[tuple[str, Span], ...]
    parameters: tuple[str, ...]
    surface: Surface
    step: tuple[int, int] | None = None
    """The axis and the position, of ``h[1] = ...``."""


class Usage(Node):
    """A name as used: alone, as an index letter, or with indices."""

    name: str
    role: Role
    span: Span
    indices: tuple[Surface, ...] = ()
    sups: int = 0
    """How many of the indices are example superscripts."""


def census(s: Surface, bound: frozenset[str]) -> list[Usage]:
    """Every use of a name that nothing binds, in written order."""
    found: list[Usage] = []
    stack: list[tuple[Surface, frozenset[str], Role]] = [(s, bound, "value")]
    while stack:
        node, inside, role = stack.pop()
        inner: list[tuple[Surface, frozenset[str], Role]] = []
        match node:
            case Name(name, span):
                if name not in inside:
                    found.append(Usage(name, role, span))
            case Indexed(Name(name, span), indices):
                if name not in inside:
                    found.append(Usage(name, "base", span, indices))
                inner = [(i, inside, "index" if isinstance(bare(i), Name) else "value") for i in indices]
            case Script(base, subs, sups):
                found.append(Usage(base.name, "base", base.span, (*sups, *subs), len(sups)))
                inner = [(i, inside, "index") for i in (*sups, *subs)]
            case Called():
                inner = [(a, inside, "value") for a in node.args]
            case Big():
                inside = inside | {b.name.name for b in node.bound}
                inner = [(part, inside, "value") for part in parts(node)]
            case _:
                inner = [(part, inside, "value") for part in parts(node)]
        stack.extend(reversed(inner))
    return found


def undeclared(bodies: Sequence[Body], declared: Iterable[str], context: Context) -> dict[str, list[Usage]]:
    """The uses of names that are neither declared, defined, nor built in; index letters left out."""
    known = {*declared, *(body.name for body in bodies), *_BUILT_IN}
    found: dict[str, list[Usage]] = {}
    for body in bodies:
        bound = frozenset({*body.parameters, *(letter for letter, _ in body.letters)})
        for usage in census(body.surface, bound):
            name = usage.name
            if usage.role == "index" or name in known:
                continue
            if name.partition("_")[0] in known and "_" in name:
                continue
            found.setdefault(name, []).append(usage)
    return found


def usual_declarations(missing: dict[str, list[Usage]], context: Context) -> list[Declared]:
    """Declarations of undeclared names that have one usual meaning, said aloud."""
    found: list[Declared] = []
    for name, usages in missing.items():
        kind = USUAL.get(name)
        if kind is None:
            continue
        indexed = next((u for u in usages if u.role == "base"), None)
        if indexed is None and name in WHOLE:
            continue
        out = Declared(name, kind, usages[0].span)
        if indexed is not None:
            out.letters = index_letters(indexed.indices)
            out.letter_spans = tuple(i.span for i in indexed.indices)
        shown = f"{name}[{','.join(out.letters)}]" if out.letters else name
        context.say(name, f"{_KIND_WORDS[kind]} {shown}", usages[0].span)
        found.append(out)
    return found


_KIND_WORDS: Final[dict[Kind, str]] = {"data": "data", "param": "parameter", "const": "constant"}


def index_letters(indices: Sequence[Surface]) -> tuple[str, ...]:
    """The letters of a use, with others where it has none."""
    letters: list[str] = []
    for index in indices:
        inside = bare(index)
        name = inside.name if isinstance(inside, Name) else ""
        if not name or name in letters:
            name = _other_letter(letters)
        letters.append(name)
    return tuple(letters)


def _other_letter(letters: Sequence[str]) -> str:
    """A letter that is not among these."""
    return next((c for c in "ijklpqrstuv" if c not in letters), f"k{len(letters)}")


def assign_sizes(
    declared: list[Declared],
    missing: dict[str, list[Usage]],
    taken: set[str],
    context: Context,
    limits: Mapping[str, str] | None = None,
) -> None:
    """Give each index letter and each declared name its dimensions, and collect the sizes.

    ``limits`` are sizes that sums name (LaTeX: i runs to m); declarations come first.
    """
    letters: dict[str, str] = {}
    for one in declared:
        for letter, span, dim in zip(one.letters, one.letter_spans, one.dims or (), strict=False):
            if letters.setdefault(letter, dim) != dim:
                raise ShapeError(
                    "error/index-dimension",
                    f"{letter} runs over {letters[letter]}, and here over {dim}",
                    fix=f"use another letter for {dim}",
                    source=context.source,
                    span=span,
                )
    for letter, dim in (limits or {}).items():
        letters.setdefault(letter, dim)
    explicit = {*letters.values(), *(dim for one in declared for dim in one.dims or ())}
    taken = taken | explicit
    order = list(dict.fromkeys(c for one in declared if one.dims is None for c in one.letters))
    open_letters = [c for c in order if c not in letters]
    wishes = _wished_sizes(declared, missing, open_letters, taken, context)
    taken |= set(wishes.values())
    values = {name for name, usages in missing.items() if any(u.role == "value" for u in usages)}
    for letter in open_letters:
        dim = wishes.get(letter) or auto_dim(letter, taken)
        letters[letter] = dim
        taken.add(dim)
        if dim in values:
            context.say(dim, f"the size of {letter}", missing[dim][0].span)
    for one in declared:
        if one.dims is None:
            one.dims = tuple(letters[c] for c in one.letters)
        context.sizes.update(one.dims)
    context.sizes.update((limits or {}).values())
    context.letters.update(letters)


def _wished_sizes(
    declared: list[Declared],
    missing: dict[str, list[Usage]],
    open_letters: list[str],
    taken: set[str],
    context: Context,
) -> dict[str, str]:
    """Undeclared ``m``, ``N``, ``n`` beside data are the number of examples, where one reading fits."""
    data = [one for one in declared if one.kind == "data" and one.letters]
    if not data or data[0].letters[0] not in open_letters:
        return {}
    first = data[0].letters[0]
    for name in ("m", "N", "M", "n"):
        usage = next((u for u in missing.get(name, ()) if u.role == "value"), None)
        if usage is None or name in taken or any(auto_dim(c, taken) == name for c in open_letters[:1]):
            continue
        wide = next((one for one in data if len(one.letters) > 1), None)
        if name == "n" and wide is not None:
            shown = f"{wide.name}[{','.join(wide.letters)}]"
            raise LanguageError(
                "error/ambiguous",
                f"n can be the number of rows or of columns of {shown}",
                fix=f"write mean_{first} u, or name the sizes: data {shown}: (n, p)",
                source=context.source,
                span=usage.span,
            )
        return {first: name}
    return {}


def settle(one: Declared, context: Context) -> Declaration:
    """A declaration with its dimensions and domains."""
    domains: list[Domain] = []
    dims = one.dims or ()
    for k, domain in enumerate(one.domains):
        if domain.kind in ("onehot", "simplex"):
            domain = Domain(domain.kind, dim=_along(one, k, dims, context))
        if domain.kind in ("symmetric", "spd") and (len(dims) != 2 or dims[0] != dims[1]):
            raise ShapeError(
                "error/shape",
                f"{one.name} is declared {domain.kind} and is not a square matrix",
                fix=f"declare {one.name}: (n, n) {domain.kind}",
                source=context.source,
                span=one.span,
            )
        domains.append(domain)
    return Declaration(one.name, one.kind, dims, tuple(domains), one.letters, one.span, one.value)


def _along(one: Declared, k: int, dims: tuple[str, ...], context: Context) -> str:
    """The dimension along which a one-hot or simplex array sums to 1."""
    if not dims:
        raise ShapeError(
            "error/shape",
            f"{one.name} is a number; onehot and simplex are for arrays",
            fix=f"give it an index: {one.name}[k]",
            source=context.source,
            span=one.span,
        )
    if k not in one.along:
        return dims[-1]
    name, span = one.along[k]
    dim = dims[one.letters.index(name)] if name in one.letters else name
    if dim not in dims:
        raise LanguageError(
            "error/unknown-name",
            f"{name} is not an index of {one.name}",
            fix=f"name the index that sums to 1: {one.letters[-1] if one.letters else dims[-1]}",
            source=context.source,
            span=span,
        )
    return dim
