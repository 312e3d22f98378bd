"""Names and random well-shaped expressions that the tests of this room share."""

from __future__ import annotations

import random
from fractions import Fraction

from whygrad.core.cost import Declaration, Definition, Domain, Scope
from whygrad.core.expr import (
    ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    neg,
    sub,
)

I, L = Index("i", "m"), Index("l", "m")  # noqa: E741
J, K = Index("j", "n"), Index("k", "n")
BINARY = Domain("finite", (Fraction(0), Fraction(1)))
POSITIVE = Domain("interval", (), Fraction(0), None)
UNIT = Domain("interval", (), Fraction(0), Fraction(1))


def declare(name: str, *dims: str, kind: str = "data", domains: tuple[Domain, ...] = ()) -> Declaration:
    return Declaration(name, kind, dims, domains)  # type: ignore[arg-type]


def scope_of(*declarations: Declaration, definitions: tuple[Definition, ...] = ()) -> Scope:
    return Scope({d.name: d for d in declarations}, {d.name: d for d in definitions})


def S(name: str, *indices: Expr) -> Symbol:
    return Symbol(name, indices)


def A(op: str, *args: Expr) -> Apply:
    return Apply(op, args)  # type: ignore[arg-type]


def T(e: Expr) -> Apply:
    return A("transpose", e)


SCOPE = scope_of(
    declare("X", "m", "n"),
    declare("y", "m"),
    declare("w", "n", kind="param"),
    declare("b", kind="param"),
    declare("Q", "n", "n"),
    declare("R", "m", "m", domains=(Domain("spd"),)),
    declare("p", "n", domains=(Domain("simplex"),)),
    declare("c", domains=(POSITIVE,)),
)

LOGISTIC = scope_of(
    declare("x", "m", "n"),
    declare("y", "m", domains=(BINARY,)),
    declare("w", "n", kind="param"),
    declare("b", kind="param"),
    definitions=(
        Definition("z", add(Reduce("sum", J, mul(S("w", J), S("x", I, J))), S("b")), (I,), ("m",)),
        Definition("f", Call("sigmoid", (S("z", I),)), (I,), ("m",)),
    ),
)


def cross_entropy(y: Expr, f: Expr) -> Expr:
    logs = add(mul(y, Call("log", (f,))), mul(sub(ONE, y), Call("log", (sub(ONE, f),))))
    return neg(logs)


def mean(index: Index, body: Expr) -> Expr:
    return mul(inverse(Size(index.dim)), Reduce("sum", index, body))


def random_array(rng: random.Random, dims: tuple[str, ...], depth: int) -> Expr:
    """A random expression of the scope SCOPE with these dimensions."""
    leaves: dict[tuple[str, ...], list[Expr]] = {
        (): [S("b"), S("c"), Number(Fraction(rng.randint(-3, 3), 2)), Size("m")],
        ("m",): [S("y"), A("ones", Size("m"))],
        ("n",): [S("w"), S("p")],
        ("m", "n"): [S("X")],
        ("n", "m"): [T(S("X"))],
        ("n", "n"): [S("Q"), A("identity", Size("n"))],
        ("m", "m"): [S("R")],
    }
    if depth == 0:
        return rng.choice(leaves[dims])

    def sub_array(*inner: str) -> Expr:
        return random_array(rng, inner, depth - 1)

    other = rng.choice(("m", "n"))
    match len(dims):
        case 0:
            options = [
                lambda: A(rng.choice(("sum", "mean", "max", "min", "var", "norm")), sub_array("m", "n")),
                lambda: A("dot", sub_array(other), sub_array(other)),
                lambda: A("matmul", T(sub_array(other)), sub_array(other)),
                lambda: A(rng.choice(("trace", "det")), sub_array(other, other)),
                lambda: A("logsumexp", sub_array(other)),
                lambda: A("logdet", S("R")),
                lambda: A("norm1", sub_array(other)),
            ]
        case 1:
            (d,) = dims
            options = [
                lambda: A("matmul", sub_array(d, other), sub_array(other)),
                lambda: T(A("matmul", T(sub_array(other)), sub_array(other, d))),
                lambda: A("softmax", sub_array(d)),
                lambda: A(rng.choice(("sum1", "mean1", "max1", "var1", "logsumexp")), sub_array(d, other)),
                lambda: A(rng.choice(("sum0", "mean0", "max0", "var0")), sub_array(other, d)),
                lambda: A("diag", sub_array(d, d)),
                lambda: A("matmul", A("inv", S("R")), sub_array("m")) if d == "m" else S("w"),
            ]
        case _:
            d, e = dims
            options = [
                lambda: A("matmul", sub_array(d, other), sub_array(other, e)),
                lambda: A("outer", sub_array(d), sub_array(e)),
                lambda: A("matmul", sub_array(d), T(sub_array(e))),
                lambda: T(sub_array(e, d)),
                lambda: A("softmax", sub_array(d, e)),
                lambda: Add((sub_array(d, e), sub_array(e))) if d != e else A("diag", sub_array(d)),
                lambda: A("matpow", sub_array(d, e), Number(rng.choice((0, 2, 3)))) if d == e else S_of(dims),
            ]
    options += [
        lambda: Add((sub_array(*dims), neg(sub_array(*dims)), sub_array())),
        lambda: Mul((sub_array(), sub_array(*dims))),
        lambda: A("hadamard", sub_array(*dims), sub_array(*dims)),
        lambda: A("entrywise_div", sub_array(*dims), add(ONE, Pow(sub_array(*dims), Number(2)))),
        lambda: A("entrywise_pow", sub_array(*dims), Number(2)),
        lambda: Call(rng.choice(("tanh", "sigmoid", "softplus", "relu", "abs", "sin")), (sub_array(*dims),)),
        lambda: Call("max", (sub_array(*dims), sub_array())),
        lambda: Cases(((Compare("<", (sub_array(), sub_array())), sub_array(*dims)),), sub_array(*dims)),
    ]

    def S_of(of: tuple[str, ...]) -> Expr:
        return rng.choice(leaves[of])

    return rng.choice(options)()
