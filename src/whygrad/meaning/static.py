"""What depends on positions and sizes alone: ``i + 1``, ``k != i``, ``delta[i,k]``, ``2/3``, exactly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction

from whygrad.core import walk
from whygrad.core.expr import Add, Compare, Delta, Expr, Index, Mul, Number, Pow, Size
from whygrad.meaning.shapes import size_of_dim


def _static(node: Expr, kids: tuple[bool, ...]) -> bool:
    match node:
        case Number() | Index() | Size():
            return True
        case Pow(_, Number(value)):
            # A large power of a number is left to balls; dividing by zero has no value to give.
            return all(kids) and 0 <= value <= 16 and value.denominator == 1
        case Add() | Mul() | Delta() | Compare():
            return all(kids)
        case _:
            return False


def is_static(e: Expr) -> bool:
    """Whether the value of ``e`` follows from positions and sizes by whole-number arithmetic.

    >>> is_static(Compare("!=", (Index("i", "m"), Index("k", "m"))))
    True
    """
    return walk.fold(e, _static, memo="is_static")


def static_values(e: Expr, axes: Sequence[Index], sizes: Mapping[str, int]) -> list[Fraction]:
    """The values of a static expression for each position of ``axes``, the last running fastest.

    >>> i = Index("i", "m")
    >>> [int(v) for v in static_values(Add((i, Number(1))), (i,), {"m": 3})]
    [2, 3, 4]
    """
    shape = [size_of_dim(axis.dim, sizes) for axis in axes]
    grid = list(itertools.product(*(range(1, n + 1) for n in shape)))
    where = {axis: k for k, axis in enumerate(axes)}

    def step(node: Expr, kids: tuple[list[Fraction], ...]) -> list[Fraction]:
        match node:
            case Number(value):
                return [value] * len(grid)
            case Size(dim):
                return [Fraction(size_of_dim(dim, sizes))] * len(grid)
            case Index():
                return [Fraction(place[where[node]]) for place in grid]
            case Add():
                return [sum(parts, Fraction(0)) for parts in zip(*kids, strict=True)]
            case Mul():
                out = kids[0]
                for kid in kids[1:]:
                    out = [a * b for a, b in zip(out, kid, strict=True)]
                return out
            case Pow():
                return [a ** int(b) for a, b in zip(*kids, strict=True)]
            case Delta():
                return [Fraction(int(a == b)) for a, b in zip(*kids, strict=True)]
            case Compare(op):
                return [Fraction(int(holds(op, parts))) for parts in zip(*kids, strict=True)]
            case _:
                raise TypeError(f"{type(node).__name__} depends on more than positions")

    return walk.fold(e, step)


def holds(op: str, parts: Sequence[Fraction]) -> bool:
    """Whether a comparison (a chain of them, or a connective) of exact numbers holds."""
    pairs = itertools.pairwise(parts)
    match op:
        case "<":
            return all(a < b for a, b in pairs)
        case "<=":
            return all(a <= b for a, b in pairs)
        case ">":
            return all(a > b for a, b in pairs)
        case ">=":
            return all(a >= b for a, b in pairs)
        case "==":
            return all(a == b for a, b in pairs)
        case "!=":
            return all(a != b for a, b in pairs)
        case "and":
            return all(parts)
        case "or":
            return any(parts)
        case _:
            return not parts[0]
