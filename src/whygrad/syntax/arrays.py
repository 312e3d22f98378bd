"""Operations of whole arrays as people write them: powers, bars, inner products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whygrad.core.errors import Span
from whygrad.core.expr import MINUS_ONE, TWO, Apply, Call, Expr, Index, Number, Pow, Reduce
from whygrad.core.walk import letters
from whygrad.meaning.to_index import Converter
from whygrad.syntax.surface import Bars, Name, Power, Sum
from whygrad.syntax.values import Val, shown, transpose

if TYPE_CHECKING:
    from whygrad.syntax.resolve import Resolver


def entry(r: Resolver, v: Val, at: tuple[Index, ...]) -> Expr:
    """The entry of an array in which index letters and whole arrays meet."""
    return Converter(r.context.scope()).entry(v.expr, at, r.letters)


def fresh(r: Resolver, dim: str, *near: Expr) -> Index:
    """A letter over ``dim`` that nothing near uses."""
    avoid = set(r.letters).union(*(letters(e) for e in near))
    return Converter(r.context.scope()).fresh(dim, avoid)


def dot(r: Resolver, a: Val, b: Val) -> Val:
    """An inner product: an array operation, or a sum where a letter picks a part of an array.

    >>> from whygrad.syntax.cost_text import read_cost
    >>> cost = read_cost("data x[i,j]; param w[j]; J = w' w + sum_i sum_j w[j] x[i,j]")
    >>> cost.definitions[0].body.terms[0].op
    'dot'
    """
    expr: Expr = Apply("dot", (a.expr, b.expr))
    span = a.span.to(b.span)
    if a.mixed or b.mixed:
        expr = entry(r, Val(expr, (), span), ())
    return Val(expr, (), span)


def power(r: Resolver, s: Power, base: Val) -> Val:
    """``A^2``, ``A^-1``, ``A^T``, ``v^2``, ``A.^2``."""
    exponent = s.exponent
    inverted = isinstance(exponent, Sum) and len(exponent.terms) == 1 and exponent.terms[0][0] < 0
    inside = exponent.terms[0][1] if isinstance(exponent, Sum) and inverted else exponent
    square = len(base.shape) == 2 and base.shape[0] == base.shape[1]
    if isinstance(inside, Name) and inside.name in ("T", "⊤") and not s.entrywise:
        if inside.name == "T" and r.context.dims_of("T") is not None:
            r.refuse(
                "error/ambiguous",
                "T is declared, so `^T` can mean a power or a transpose",
                "write A' for the transpose, u^(T) for the power",
                s.span,
            )
        if not base.shape and "T" in r.context.sizes and inside.name == "T":
            return Val(Pow(base.expr, r.number(s.exponent)), (), s.span)
        if inverted:
            base = invert(r, base, s.span)
        return transpose(base, s.span)
    value = r.value(s.exponent)
    if value.expr is MINUS_ONE and not square and not s.entrywise:
        return invert(r, base, s.span)
    if square and not s.entrywise and isinstance(value.expr, Number):
        whole = value.expr.value.denominator == 1
        if whole:
            n = int(value.expr.value)
            r.tell(r.text(s.span), "the inverse matrix" if n == -1 else "a matrix power", s.span)
            if n == -1:
                return invert(r, base, s.span)
            return Val(Apply("matpow", (base.expr, value.expr)), base.shape, s.span)
        r.misfit(
            "a square matrix to a power that is not whole",
            "write A.^p for each entry",
            s.span,
        )
    if not s.entrywise:
        r.tell(r.text(s.span), "a power of each entry", s.span)
    if base.mixed and not value.shape and len(base.shape) == 1:
        return Val(Pow(base.expr, value.expr), base.shape, s.span, base.row)
    (x, y), shape, row = r.together([base, value], s.span)
    return Val(Pow(x, y), shape, s.span, row)


def invert(r: Resolver, base: Val, span: Span) -> Val:
    """The inverse of a square matrix."""
    if len(base.shape) != 2 or base.shape[0] != base.shape[1]:
        r.misfit(
            f"only a square matrix has an inverse; this is {shown(base)}",
            "write 1/A for one over each entry",
            span,
        )
    return Val(Apply("inv", (base.expr,)), base.shape, span)


def bars(r: Resolver, s: Bars) -> Val:
    """``|u|`` of a number, a determinant ``|A|``, a norm ``||v||``."""
    v = r.value(s.body)
    if s.double:
        p = "" if s.p is None else r.text(s.p.span)
        return norm(r, v, p, s.span)
    if not v.shape:
        return Val(Call("abs", (v.expr,)), (), s.span)
    if len(v.shape) == 2 and v.shape[0] == v.shape[1]:
        r.tell(r.text(s.span), "the determinant", s.span)
        return Val(Apply("det", (v.expr,)), (), s.span)
    r.refuse(
        "error/ambiguous",
        f"`{r.text(s.span)}` of {shown(v)} can mean its norm or each absolute value",
        "write norm(u) or abs(u)",
        s.span,
    )


def norm(r: Resolver, v: Val, p: str, span: Span) -> Val:
    """Euclidean of a vector, Frobenius of a matrix; others as ``p`` says."""
    matrix = len(v.shape) == 2
    if not v.shape:
        return Val(Call("abs", (v.expr,)), (), span)
    if p not in ("", "1", "2", "F"):
        r.refuse("error/syntax", f"a norm of kind {p}", "norms are 1, 2 and F", span)
    if matrix and p in ("1", "2"):
        r.refuse(
            "error/ambiguous",
            f"the {p}-norm of a matrix can mean the operator's norm or the norm of its entries",
            "write norm(A) for the root of the sum of squares, sum(abs(A)) for the sum of sizes",
            span,
        )
    if matrix and p == "":
        r.tell(r.text(span), "the Frobenius norm", span)
    op = "norm1" if p == "1" else "norm"
    expr: Expr = Apply(op, (v.expr,))
    if v.mixed:
        expr = entry(r, Val(expr, (), span), ())
    return Val(expr, (), span)


def squared_norm(r: Resolver, v: Val) -> Expr:
    """``Σ_j u_j²`` of a vector that a letter picks."""
    index = fresh(r, v.shape[0], v.expr)
    inside = entry(r, v, (index,))
    return Reduce("sum", index, Pow(inside, TWO))
