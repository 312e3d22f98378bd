"""Array formulas read back: brackets part products of matrices from products entry by entry."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import Add, Apply, Expr, Mul, Number, Symbol, inverse, mul, neg
from whygrad.core.walk import fold
from whygrad.show.text import to_text

Matrix = tuple[tuple[Fraction, ...], ...]
Value = Fraction | Matrix


def matrix(*entries: int) -> Matrix:
    a, b, c, d = map(Fraction, entries)
    return ((a, b), (c, d))


NAMES: dict[str, Matrix] = {"A": matrix(1, 2, 3, -5), "B": matrix(2, -1, 7, 4), "C": matrix(-3, 5, 1, 6)}
SCOPE = Scope({name: Declaration(name, "data", ("n", "n")) for name in NAMES})


def matmul(a: Matrix, b: Matrix) -> Matrix:
    return tuple(tuple(sum(a[i][k] * b[k][j] for k in range(2)) for j in range(2)) for i in range(2))


def transpose(a: Matrix) -> Matrix:
    return ((a[0][0], a[1][0]), (a[0][1], a[1][1]))


def each(a: Value, b: Value, op: str) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b if op == "*" else a + b
    left = a if not isinstance(a, Fraction) else ((a, a), (a, a))
    right = b if not isinstance(b, Fraction) else ((b, b), (b, b))
    rows = [
        [(x * y if op == "*" else x + y) for x, y in zip(*pair, strict=True)]
        for pair in zip(left, right, strict=True)
    ]
    return tuple(map(tuple, rows))


def value(e: Expr) -> Value:
    def step(node: Expr, kids: tuple[Value, ...]) -> Value:
        match node:
            case Number(number):
                return number
            case Symbol(name):
                return NAMES[name]
            case Apply("transpose"):
                return transpose(kids[0])  # type: ignore[arg-type]
            case Apply("matmul"):
                return matmul(kids[0], kids[1])  # type: ignore[arg-type]
            case Add() | Mul() | Apply("hadamard"):
                total = kids[0]
                for kid in kids[1:]:
                    total = each(total, kid, "+" if isinstance(node, Add) else "*")
                return total
            case _:
                raise AssertionError(node)

    return fold(e, step)


class Reader:
    """Juxtaposition and ⊙ have one strength, from left to right; a number scales."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = re.findall(r"[ABC]|\d+(?:/\d+)?|[−+()⊙·ᵀ]", text)
        assert "".join(self.tokens) == text.replace(" ", "")
        self.next = 0

    def peek(self) -> str:
        return self.tokens[self.next] if self.next < len(self.tokens) else ""

    def take(self) -> str:
        self.next += 1
        return self.tokens[self.next - 1]

    def sum(self) -> Value:
        negative = self.peek() == "−" and bool(self.take())
        total = self.product()
        total = each(Fraction(-1), total, "*") if negative else total
        while self.peek() in ("+", "−"):
            sign = Fraction(1 if self.take() == "+" else -1)
            total = each(total, each(sign, self.product(), "*"), "+")
        return total

    def product(self) -> Value:
        total = self.factor()
        while self.peek() and self.peek() not in "+−)":
            entrywise = self.peek() in ("⊙", "·")
            if entrywise:
                self.take()
            factor = self.factor()
            scalar = isinstance(total, Fraction) or isinstance(factor, Fraction)
            total = each(total, factor, "*") if entrywise or scalar else matmul(total, factor)  # type: ignore[arg-type]
        return total

    def factor(self) -> Value:
        token = self.take()
        if token == "(":
            result = self.sum()
            assert self.take() == ")"
        else:
            result = NAMES[token] if token in NAMES else Fraction(token)
        while self.peek() == "ᵀ":
            self.take()
            assert not isinstance(result, Fraction)
            result = transpose(result)
        return result


def deeper(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pair = st.tuples(inner, inner)
    numbers = st.builds(Number, st.sampled_from([2, -3, Fraction(1, 2)]))
    return (
        st.builds(lambda p: Apply("matmul", p), pair)
        | st.builds(lambda p: Apply("hadamard", p), pair)
        | st.builds(lambda p: mul(*p), pair)
        | st.builds(Add, pair)
        | st.builds(neg, inner)
        | st.builds(lambda u: Apply("transpose", (u,)), inner)
        | st.builds(mul, numbers, inner)
    )


arrays = st.recursive(st.sampled_from([Symbol(name) for name in NAMES]), deeper, max_leaves=6)


@settings(max_examples=500)
@given(arrays)
def test_an_array_formula_has_the_value_it_had(e: Expr) -> None:
    reader = Reader(to_text(e, SCOPE))
    assert reader.sum() == value(e)
    assert reader.next == len(reader.tokens)


A, B, C = (Symbol(name) for name in NAMES)


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (Apply("matmul", (A, Apply("hadamard", (B, C)))), "A (B ⊙ C)"),
        (Apply("hadamard", (Apply("matmul", (A, B)), C)), "(A B) ⊙ C"),
        (Mul((Apply("matmul", (A, B)), C)), "(A B) ⊙ C"),
        (Mul((inverse(Number(2)), Apply("matmul", (A, B)))), "1/2 A B"),
        (Apply("matmul", (Apply("transpose", (A,)), Apply("hadamard", (B, C)))), "Aᵀ(B ⊙ C)"),
        (Apply("matmul", (A, Mul((Number(2), B)))), "A (2 B)"),
    ],
)
def test_products_of_two_kinds(e: Expr, text: str) -> None:
    assert to_text(e, SCOPE) == text
