"""Sums, means, products and maxima over index letters: ranges, conditions, numbers of terms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whygrad.core.expr import (
    ONE,
    Add,
    Compare,
    Expr,
    Index,
    Number,
    Reduce,
    ReduceOp,
    Size,
    div,
    inverse,
    mul,
)
from whygrad.meaning.shapes import base_dim
from whygrad.syntax.context import STATEMENT_DIM
from whygrad.syntax.shifts import Use, uses
from whygrad.syntax.surface import Big, Bound, Name
from whygrad.syntax.values import Val

if TYPE_CHECKING:
    from whygrad.syntax.resolve import Resolver


@dataclass(slots=True)
class Range:
    """Where a bound letter runs: a dimension, conditions on it, and how many positions that is."""

    letter: str
    dim: str | None
    conditions: list[Expr] = field(default_factory=list[Expr])
    taken: Expr | None = None
    """The number of positions, when there is a plain expression for it."""


def big(r: Resolver, s: Big) -> Val:
    """A big operator with its body."""
    held = dict(r.letters)
    ranges = [_range(r, bound, s) for bound in s.bound]
    where = None if s.where is None else r.number(s.where)
    body = r.number(s.body)
    indices: list[Index] = []
    for one in ranges:
        dim = r.letters[one.letter]
        if dim is None and r.context.statement:
            dim = STATEMENT_DIM
        if dim is None:
            r.nothing_says(one.letter, s.head)
        indices.append(Index(one.letter, dim))
        del r.letters[one.letter]
        if one.letter in held:
            r.letters[one.letter] = held[one.letter]
    if where is not None and where not in ranges[-1].conditions:
        ranges[-1].conditions.append(where)
    op: ReduceOp = "sum" if s.op == "mean" else s.op  # pyright: ignore[reportAssignmentType]
    out, ones = body, ONE
    for one, index in reversed(list(zip(ranges, indices, strict=True))):
        condition = _all(one.conditions)
        out = Reduce(op, index, out, condition)
        ones = Reduce("sum", index, ones, condition)
    if s.op == "mean":
        counts = [_count(one, index, where) for one, index in zip(ranges, indices, strict=True)]
        known = [count for count in counts if count is not None]
        taken = known if len(known) == len(counts) else [_pairs(indices, where) or ones]
        out = mul(*(inverse(count) for count in taken), out)
    return Val(out, (), s.span)


def _all(conditions: list[Expr]) -> Expr | None:
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else Compare("and", conditions)


def _count(one: Range, index: Index, where: Expr | None) -> Expr | None:
    """How many positions a mean divides by, when that is a plain expression."""
    size = Size(index.dim)
    if not one.conditions:
        return size
    if one.taken is not None and where is None:
        return one.taken
    if one.conditions == [where] and isinstance(where, Compare) and where.op == "!=":
        a, b = where.args
        other = b if a is index else a if b is index else None
        if isinstance(other, Index) and other.dim == index.dim:
            return Add((size, Number(-1)))
    return None


def _pairs(indices: list[Index], where: Expr | None) -> Expr | None:
    """The number of pairs ``i < k`` over one dimension."""
    if len(indices) == 2 and isinstance(where, Compare) and set(where.args) == set(indices):
        size = Size(indices[0].dim)
        less = Add((size, Number(-1 if where.op in ("<", ">") else 1)))
        if indices[0].dim == indices[1].dim and where.op in ("<", ">", "<=", ">="):
            return div(mul(size, less), Number(2))
    return None


def _range(r: Resolver, bound: Bound, s: Big) -> Range:
    """The range of one letter; the letter is in force afterwards."""
    context, letter = r.context, bound.name.name
    found = uses(r, letter, s)
    dim = _dimension(r, bound, found)
    out = Range(letter, dim)
    r.letters.pop(letter, None)
    low = None if bound.low is None else r.number(bound.low)
    high = None if bound.high is None else r.number(bound.high)
    if dim is not None and bound.low is None and bound.dim is None:
        dim = _shortened(r, letter, dim, found)
    if dim is not None and isinstance(high, Add):
        match high.terms:
            case (Size(name), Number(value)) if (
                name == base_dim(dim) and value < 0 and value.denominator == 1
            ):
                dim, high = f"{name}{value}", None
            case _:
                pass
    r.letters[letter] = dim
    if dim is None and low is None:
        return out
    if dim is None:
        r.nothing_says(letter, bound.name.span)
    index = Index(letter, dim)
    if bound.low is None and bound.dim is None:
        for limit in dict.fromkeys(use.limit for use in found if use.limit is not None):
            out.conditions.append(Compare("<=", (index, limit)))
            out.taken = limit if out.taken is None else None
            context.say(f"the range of {letter}", "the positions where all its uses exist")
        below = min((use.shift for use in found), default=0)
        low = Number(1 - below) if below < 0 else None
        if low is not None:
            context.say(f"the range of {letter}", f"{letter} from {1 - below}, where all its uses exist")
    size = Size(dim)
    if low is not None and low is not ONE:
        out.conditions.append(Compare(">=", (index, low)))
    if high is not None and high is not size:
        out.conditions.append(Compare("<=", (index, high)))
    if isinstance(low, Number) and low.value.denominator == 1:
        end = size if high is None else high
        if isinstance(end, Number):
            out.taken = Number(end.value - low.value + 1)
        else:
            out.taken = end if low is ONE else Add((end, Number(1 - low.value)))
    return out


def _dimension(r: Resolver, bound: Bound, found: list[Use]) -> str | None:
    """The dimension a letter runs over: said, used, or declared."""
    context, letter = r.context, bound.name.name
    if bound.dim is not None:
        name = bound.dim.name
        if name not in context.sizes:
            r.refuse(
                "error/unknown-name",
                f"{name} is not a size",
                f"name it in a declaration: data x[{letter}]: ({name},)",
                bound.dim.span,
            )
        return name
    declared = context.letters.get(letter)
    first = found[0].dim if found else None
    if declared is not None and letter not in context.soft:
        wrong = next((use for use in found if base_dim(use.dim) != base_dim(declared)), None)
        if wrong is not None:
            r.misfit(
                f"{letter} is declared over {declared}; this place runs over {wrong.dim}",
                f"use another letter here, over {wrong.dim}",
                wrong.span,
                "error/index-dimension",
            )
    if isinstance(bound.high, Name) and bound.high.name in context.sizes and first is None:
        return bound.high.name
    return first or declared


def _shortened(r: Resolver, letter: str, dim: str, found: list[Use]) -> str:
    """The dimension less the entries that a shifted use or a shorter name does not have."""
    base = base_dim(dim)
    most = 0
    for use in found:
        if base_dim(use.dim) == base:
            lost = use.dim[len(base) :]
            most = max(most, use.shift + (int(lost[1:]) if lost[:1] == "-" and lost[1:].isdigit() else 0))
    if most <= 0:
        return base if any(use.dim == base for use in found) else dim
    short = f"{base}-{most}"
    if any(use.shift == 0 and use.dim == base for use in found):
        last = str(int(base) - most) if base.isdecimal() else f"{base} - {most}"
        r.context.say(f"the range of {letter}", f"1 to {last}, where all its uses exist")
    return short
