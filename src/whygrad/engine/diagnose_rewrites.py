"""Algebra gone wrong at one place of a line: false rewritings, tried on the line before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    factors_of,
    inverse,
    mul,
    neg,
    terms_of,
)
from whygrad.core.walk import Path, free_indices, paths, replace_at, substitute
from whygrad.rules.mistakes import MISTAKES
from whygrad.rules.rule import fill, match

MOST_TERMS: Final = 9
"""Of longer sums no term is tried as lost; the repairs find it."""

Rewritten = tuple[str, Path, Expr]
"""The id of a mistake, the place in the line before, the whole line it makes."""


def rewritten(line: Expr) -> Iterator[Rewritten]:
    """The lines that one false rewriting makes of ``line``."""
    outer = free_indices(line)
    for path, node in paths(line):
        for slip, new in _at(node, outer):
            yield slip, path, replace_at(line, path, new)
    yield from _deltas(line)


def _at(node: Expr, outer: frozenset[Index]) -> Iterator[tuple[str, Expr]]:
    match node:
        case Add(terms) if len(terms) < MOST_TERMS:
            for k in range(len(terms)):
                yield "mistake/term/lost", add(*(t for n, t in enumerate(terms) if n != k))
        case Call("log", (Add(terms),)):
            yield "mistake/log/sum-split", add(*(Call("log", (t,)) for t in terms))
        case Pow(Add(terms), Number(value) as n) if value not in (1, -1):
            yield "mistake/power/sum-split", add(*(Pow(t, n) for t in terms))
            if len(terms) == 2:  # a minus is often kept outside: (a - b)^2 = a^2 - b^2
                first, second = (_squared(t, n) for t in terms)
                yield "mistake/power/sum-split", add(first, second)
        case Pow(Add(terms), exponent) if exponent is MINUS_ONE:
            yield "mistake/power/sum-split", add(*(inverse(t) for t in terms))
        case Reduce("sum"):
            yield from _sums(node, outer)
        case Mul(factors):
            yield from _products(factors)
        case _:
            yield from _by_statement(node)


def _squared(term: Expr, n: Number) -> Expr:
    factors = factors_of(term)
    if factors[0] is MINUS_ONE:
        return neg(Pow(mul(*factors[1:]), n))
    return Pow(term, n)


def _by_statement(node: Expr) -> Iterator[tuple[str, Expr]]:
    for row in MISTAKES.values():
        for left, right in row.sides:
            if isinstance(left, Call) and left.name == "D":
                continue
            bindings = match(left, node)
            if bindings is not None:
                yield row.id, fill(right, bindings)


def _products(factors: tuple[Expr, ...]) -> Iterator[tuple[str, Expr]]:
    """A factor that reaches only one term of the bracket behind it."""
    for k, factor in enumerate(factors):
        if not isinstance(factor, Add):
            continue
        rest = mul(*factors[:k], *factors[k + 1 :])
        slip = _factor_id(rest)
        for n in range(len(factor.terms)):
            parts = [mul(rest, t) if m == n else t for m, t in enumerate(factor.terms)]
            yield slip, add(*parts)
            if len(parts) > 2:
                parts = [t if m == n else mul(rest, t) for m, t in enumerate(factor.terms)]
                yield slip, add(*parts)


def _factor_id(factor: Expr) -> str:
    if factor is MINUS_ONE:
        return "mistake/sign/one-term"
    numbers = all(
        isinstance(f, Number | Size) or (isinstance(f, Pow) and isinstance(f.base, Number | Size))
        for f in factors_of(factor)
    )
    return "mistake/constant/factor-lost" if numbers else "mistake/chain/factor-lost"


def _sums(node: Reduce, outer: frozenset[Index]) -> Iterator[tuple[str, Expr]]:
    index, body = node.index, node.body
    inner = [f for f in factors_of(body) if index in free_indices(f)]
    fixed = [f for f in factors_of(body) if index not in free_indices(f)]
    if len(inner) == 1:
        match inner[0]:
            case Pow(base, exponent) if index not in free_indices(exponent) and exponent is not MINUS_ONE:
                new = Pow(Reduce("sum", index, base, node.where), exponent)
                yield "mistake/sum/through-function", mul(*fixed, new)
            case Call(name, (argument,)):
                new = Call(name, (Reduce("sum", index, argument, node.where),))
                yield "mistake/sum/through-function", mul(*fixed, new)
            case _:
                pass
    deltas = [f for f in factors_of(body) if isinstance(f, Delta) and index in (f.left, f.right)]
    for delta in deltas:
        other = delta.right if delta.left is index else delta.left
        rest = mul(*(f for f in factors_of(body) if f is not delta))
        yield "mistake/index/delta-squared", mul(Size(index.dim), substitute(rest, {index: other}))
        yield "mistake/index/sum-kept", Reduce("sum", index, rest, node.where)
    if not deltas:
        for letter in outer:
            if letter.dim == index.dim:
                yield "mistake/sum/inner-dropped", substitute(body, {index: letter})
        if len(terms_of(body)) > 1:
            # a sum that reaches only its first term
            first, *rest = terms_of(body)
            yield "mistake/sum/dropped", add(Reduce("sum", index, first, node.where), *rest)
    if index not in outer:
        yield "mistake/sum/dropped", body


def _deltas(line: Expr) -> Iterator[Rewritten]:
    """Deltas taken for 1, alone and with their two letters made one."""
    for path, node in paths(line):
        if not isinstance(node, Delta):
            continue
        if not (isinstance(node.left, Index) and isinstance(node.right, Index)):
            continue
        letters = {node.left, node.right}
        if not letters <= free_indices(line):
            continue
        dropped = replace_at(line, path, ONE)
        alone = not (letters <= free_indices(dropped)) and not any(
            isinstance(n, Symbol) and letters & free_indices(n) for _, n in paths(dropped)
        )
        yield ("mistake/shape/identity-lost" if alone else "mistake/index/off-diagonal"), path, dropped
        yield "mistake/index/off-diagonal", path, substitute(dropped, {node.right: node.left})
        yield "mistake/index/off-diagonal", path, substitute(dropped, {node.left: node.right})
        yield "mistake/index/off-diagonal", path, replace_at(line, path, ZERO)
