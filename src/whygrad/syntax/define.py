"""One definition: its letters, its right-hand side, its shape; and recurrences, unrolled."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from whygrad.core.cost import Definition
from whygrad.core.errors import LanguageError, OpenSizeError, Span
from whygrad.core.expr import ZERO, Cases, Compare, Expr, Index, Number, Symbol
from whygrad.meaning.shapes import base_dim
from whygrad.syntax.arrays import entry, fresh
from whygrad.syntax.context import Context
from whygrad.syntax.infer import Body
from whygrad.syntax.node import changed
from whygrad.syntax.resolve import Resolver
from whygrad.syntax.shifts import uses
from whygrad.syntax.surface import Num, replace_names
from whygrad.syntax.values import KEPT, WILD, Val

MOST_STEPS: Final = 64
"""A recurrence is unrolled over at most so many positions."""


def define(body: Body, context: Context) -> list[Definition]:
    """One line, resolved; a recurrence gives several definitions."""
    if body.step is not None:
        return [_step(body, *body.step, context)]
    if body.name in context.steps:
        found = _unrolled(body, context)
    else:
        found = [_one(body, context)]
    context.later.discard(body.name)
    return found


def _step(body: Body, axis: int, position: int, context: Context) -> Definition:
    """``h[1] = ...`` defines the name ``h_1``."""
    name = f"{body.name}_{position}"
    if context.steps.setdefault(body.name, axis) != axis or context.dims_of(name) is not None:
        raise LanguageError(
            "error/defined-twice",
            f"{context.source[body.span.start : body.span.end]} is already defined",
            fix="remove one of the two lines",
            source=context.source,
            span=body.span,
        )
    return _one(changed(body, name=name, step=None), context)


def _unrolled(body: Body, context: Context) -> list[Definition]:
    """``h[t] = ... h[t-1]``: one definition for each position, then h itself by cases."""
    axis = context.steps[body.name]
    resolver = Resolver(context)
    resolver.root = body.surface
    letter, span = body.letters[axis] if axis < len(body.letters) else ("", body.span)
    found = uses(resolver, letter, body.surface)
    dim = found[0].dim if found else context.letters.get(letter, "")
    if not dim.isdigit() or int(dim) > MOST_STEPS:
        error = OpenSizeError(
            "error/ambiguous",
            f"{body.name} is given step by step, and "
            + (f"{dim} steps are too many" if dim.isdigit() else "how many steps there are is not a number"),
            fix=f"give {letter or 'its letter'} a size of at most {MOST_STEPS}: "
            + (f"const {dim} = 4, or --set {dim}=4" if dim.isidentifier() else "data x[t]: (4,)"),
            source=context.source,
            span=span,
        )
        error.size = dim
        raise error
    others = tuple(pair for k, pair in enumerate(body.letters) if k != axis)
    out: list[Definition] = []
    for position in range(1, int(dim) + 1):
        name = f"{body.name}_{position}"
        if name in context.definitions:
            continue
        mapping = {letter: Num(Fraction(position), False, span)}
        surface = replace_names(body.surface, mapping)
        out.append(_one(Body(name, body.span, others, (), surface), context))
        context.definitions[name] = out[-1]
    steps = [context.definitions[f"{body.name}_{k}"] for k in range(1, int(dim) + 1)]
    last = steps[-1]
    index = Index(letter, dim)
    values = [Symbol(step.name, last.indices) for step in steps]
    pairs = [(Compare("==", (index, Number(k + 1))), v) for k, v in enumerate(values[:-1])]
    indices = (*last.indices[:axis], index, *last.indices[axis:])
    context.say(f"{body.name}[{letter}]", f"unrolled over {dim} positions", body.span)
    whole: Expr = Cases(pairs, values[-1]) if pairs else values[-1]
    dims = tuple(i.dim for i in indices)
    return [*out, Definition(body.name, whole, indices, dims, (), body.span)]


def _one(body: Body, context: Context) -> Definition:
    """One definition."""
    resolver = Resolver(context, body.parameters)
    resolver.root = body.surface
    for letter, span in body.letters:
        resolver.letters[letter] = _left_dimension(resolver, letter, span, body)
    found = resolver.value(body.surface)
    indices: list[Index] = []
    for letter, span in body.letters:
        dim = resolver.letters[letter]
        if dim is None:
            resolver.nothing_says(letter, span)
        indices.append(Index(letter, dim))
        if letter not in context.letters:
            context.letters[letter] = dim
            context.soft.add(letter)
    expr = found.expr
    dims = tuple(index.dim for index in indices)
    if body.letters or body.parameters:
        if found.shape and context.latex and not body.parameters:
            for dim in found.shape:
                index = fresh(resolver, dim, found.expr)
                indices.append(index)
                resolver.letters[index.letter] = dim
            at = tuple(indices[len(body.letters) :])
            found = Val(entry(resolver, found, at), (), found.span)
            dims = tuple(index.dim for index in indices)
        if found.shape:
            resolver.whole_array(body.surface, found)
        expr = _guarded(found.expr, body, indices, resolver)
    else:
        dims = _array_dims(resolver, body, found)
    return Definition(body.name, expr, tuple(indices), dims, body.parameters, body.span)


def _guarded(e: Expr, body: Body, indices: list[Index], r: Resolver) -> Expr:
    """The right-hand side where all its entries exist, 0 beyond: the name ends early."""
    for axis, index in enumerate(indices):
        found = uses(r, index.letter, body.surface)
        for limit in dict.fromkeys(use.limit for use in found if use.limit is not None):
            r.context.limits[body.name, axis] = limit
            how = "ending where all its uses exist"
            r.context.say(f"{body.name}[{index.letter}]", how, body.span)
            condition = Compare("<=", (index, limit))
            if not (isinstance(e, Cases) and e.branches[0][0] is condition):
                e = Cases(((condition, e),), ZERO)
    return e


def _left_dimension(r: Resolver, letter: str, span: Span, body: Body) -> str | None:
    """The dimension of a letter on the left: where the right-hand side uses it, or as declared."""
    found = uses(r, letter, body.surface)
    declared = r.context.letters.get(letter) if letter not in r.context.soft else None
    if not found:
        return r.context.letters.get(letter)
    dim = found[0].dim
    if declared is not None and base_dim(declared) != base_dim(dim):
        r.misfit(
            f"{letter} is declared over {declared}; this place runs over {dim}",
            f"use another letter here, over {dim}",
            found[0].span,
            "error/index-dimension",
        )
    if any(use.shift < 0 for use in found):
        shift = -min(use.shift for use in found)
        r.refuse(
            "error/domain",
            f"{letter} - {shift} has no position when {letter} is {shift}",
            f"count forwards: {body.name}[{letter}] = ... {letter}+{shift} ... {letter}",
            next(use.span for use in found if use.shift < 0),
        )
    most = max(use.shift + _lost(use.dim) for use in found if base_dim(use.dim) == base_dim(dim))
    if most == 0:
        return base_dim(dim)
    check_left(r, letter, base_dim(dim), most, span)
    short = f"{base_dim(dim)}-{most}"
    if any(use.shift for use in found):
        r.context.say(f"{body.name}[{letter}]", f"having {entries(base_dim(dim), most)} entries", body.span)
    return short


def check_left(r: Resolver, letter: str, base: str, lost: int, span: Span) -> None:
    """Refuse a range without a position."""
    if base.isdecimal() and int(base) <= lost:
        r.refuse(
            "error/domain",
            f"{letter} has no position: of {base} entries {lost} are cut off",
            "use more entries, or look less far ahead",
            span,
        )


def entries(base: str, lost: int) -> str:
    """How many entries are left, as it is said: "T - 2", or 8 of 10."""
    return str(int(base) - lost) if base.isdecimal() else f"{base} - {lost}"


def _lost(dim: str) -> int:
    lost = dim[len(base_dim(dim)) :]
    return int(lost[1:]) if lost[:1] == "-" and lost[1:].isdigit() else 0


def _array_dims(resolver: Resolver, body: Body, found: Val) -> tuple[str, ...]:
    """The shape of an array definition; a kept axis is remembered, an open size refused."""
    if WILD in found.shape:
        resolver.misfit(
            "the size of I, ones or zeros cannot be told from its place",
            "write it: identity(n), ones(m)",
            found.span,
        )
    if KEPT in found.shape:
        resolver.context.columns.add(body.name)
        return tuple(d for d in found.shape if d != KEPT)
    return found.shape
