"""Formulas one by one: what each is, and the line of text a teacher would write for it."""

from __future__ import annotations

from fractions import Fraction

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    div,
    inverse,
    mul,
    neg,
    sub,
)

i, j, k = Index("i", "m"), Index("j", "n"), Index("k", "n")
m, n = Size("m"), Size("n")
x, y, w, b = Symbol("x", (i, j)), Symbol("y", (i,)), Symbol("w", (j,)), Symbol("b")
z, f, L, J = Symbol("z", (i,)), Symbol("f", (i,)), Symbol("L", (i,)), Symbol("J")
X, Y, W, F, S = Symbol("x"), Symbol("y"), Symbol("w"), Symbol("f"), Symbol("S")
lam = Symbol("lambda")
half = Number(Fraction(1, 2))

SCOPE = Scope(
    {
        "x": Declaration("x", "data", ("m", "n")),
        "y": Declaration("y", "data", ("m",)),
        "f": Declaration("f", "data", ("m",)),
        "w": Declaration("w", "param", ("n",)),
        "S": Declaration("S", "const", ("n", "n")),
        "b": Declaration("b", "param"),
        "lambda": Declaration("lambda", "const"),
    }
)


def log(u: Expr) -> Expr:
    return Call("log", (u,))


def exp(u: Expr) -> Expr:
    return Call("exp", (u,))


def transpose(u: Expr) -> Expr:
    return Apply("transpose", (u,))


def total(body: Expr) -> Expr:
    return Reduce("sum", i, body)


GROUPS: dict[str, list[Expr]] = {
    "sums and signs": [
        sub(f, y),
        sub(f, sub(y, ONE)),
        Add((f, Add((y, ONE)), neg(Add((y, ONE))))),
        neg(add(mul(y, log(f)), mul(sub(ONE, y), log(sub(ONE, f))))),
        add(neg(div(y, f)), div(sub(ONE, y), sub(ONE, f))),
        sub(ONE, mul(TWO, f)),
        Add((ONE, Number(-2))),
        Add(()),
    ],
    "products": [
        mul(f, sub(ONE, f)),
        mul(sub(f, y), x),
        Mul((add(neg(div(y, f)), div(sub(ONE, y), sub(ONE, f))), Mul((f, sub(ONE, f))), x)),
        mul(TWO, Number(3)),
        mul(TWO, f),
        mul(f, TWO),
        mul(ONE, f),
        mul(x, MINUS_ONE),
        Mul((MINUS_ONE, MINUS_ONE, x)),
        neg(mul(Symbol("alpha"), neg(Symbol("beta")))),
        mul(log(f), y),
        mul(Symbol("loss"), Symbol("weight")),
        Mul(()),
    ],
    "fractions": [
        Mul((f, inverse(y), z)),
        Mul((f, z, inverse(y))),
        div(div(y, f), z),
        div(y, div(f, z)),
        div(y, mul(f, z)),
        div(log(f), m),
        div(total(f), m),
        div(ONE, add(ONE, exp(neg(Symbol("z"))))),
        mul(inverse(m), total(mul(sub(f, y), x))),
        mul(lam, inverse(m), w),
        mul(lam, inverse(mul(TWO, m)), Reduce("sum", j, Pow(w, TWO))),
        mul(half, inverse(m), total(Pow(sub(f, y), TWO))),
        mul(half, f),
        mul(exp(neg(z)), inverse(Pow(add(ONE, exp(neg(z))), TWO))),
    ],
    "numbers": [
        Number(Fraction(-1, 3)),
        Number(Fraction(1, 2), True),
        Number(Fraction(1, 3), True),
        Number(Fraction(1, 10**7), True),
        Number(Fraction(-25, 10**8), True),
        Number(Fraction(123456, 1000), True),
        Constant("pi"),
        mul(TWO, Constant("pi"), Constant("e")),
    ],
    "powers and roots": [
        Pow(w, TWO),
        Pow(f, Number(-2)),
        Pow(f, half),
        Pow(f, n),
        Pow(f, sub(n, ONE)),
        Pow(Pow(f, TWO), TWO),
        Pow(neg(ONE), TWO),
        Pow(div(y, f), TWO),
        Pow(mul(y, f), TWO),
        Pow(log(f), TWO),
        Pow(exp(neg(z)), TWO),
        Call("sqrt", (f,)),
        Call("sqrt", (add(f, ONE),)),
        mul(Call("sqrt", (TWO,)), f),
    ],
    "functions": [
        log(f),
        log(mul(y, f)),
        log(neg(f)),
        exp(z),
        exp(Reduce("sum", j, w)),
        Call("sigmoid", (z,)),
        Call("relu", (z,)),
        Call("softplus", (neg(z),)),
        Call("tanh", (z,)),
        Call("max", (ZERO, sub(ONE, mul(y, z)))),
        Call("abs", (sub(f, y),)),
        Call("floor", (z,)),
        Call("lgamma", (z,)),
        Call("trigamma", (z,)),
        Call("h", (Symbol("t"),)),
    ],
    "derivatives": [
        Partial(L, f),
        mul(Partial(L, f), Partial(f, z), Partial(z, w)),
        mul(sub(f, y), Partial(f, z)),
        Partial(add(ONE, exp(neg(Symbol("z")))), Symbol("z")),
        Partial(Reduce("sum", k, mul(Symbol("w", (k,)), Symbol("x", (i, k)))), w),
        Partial(Pow(add(ONE, b), TWO), b),
        Partial(log(f), f),
        mul(Partial(log(f), f), y),
        Partial(Partial(J, Symbol("w", (k,))), w),
        Partial(Partial(J, b), b),
        mul(inverse(m), Partial(total(L), w)),
        Pow(Partial(L, f), TWO),
        Call("nabla", (J, W)),
        Call("nabla2", (J, W)),
    ],
    "sums over an index": [
        total(L),
        total(neg(L)),
        mul(total(f), b),
        add(total(f), b),
        add(total(f), y),
        Reduce("sum", k, Symbol("z", (i, k)), Compare("!=", (k, i))),
        Reduce("sum", k, Symbol("z", (i, k)), Compare(">=", (Symbol("t", (k,)), Symbol("t", (i,))))),
        Reduce("max", k, Symbol("z", (i, k))),
        Reduce("prod", k, add(Symbol("z", (i, k)), ONE)),
        total(Reduce("sum", j, x)),
    ],
    "conditions": [
        Compare(">", (z, ZERO)),
        mul(x, Compare(">", (z, ZERO))),
        Compare(
            "and", (Compare(">", (z, ZERO)), Compare("or", (Compare("<", (f, ONE)), Compare("==", (i, j)))))
        ),
        Compare("not", (Compare(">", (z, ZERO)),)),
        Compare("==", (Reduce("sum", k, Symbol("p", (i, k))), ONE)),
        Cases(((Compare(">", (z, ZERO)), z),), ZERO),
        Delta(k, j),
        mul(w, Delta(k, j)),
        Delta(add(k, ONE), j),
    ],
    "names": [
        Symbol("x_hat", (i,)),
        Symbol("z_bar", (i,)),
        Symbol("loss_bar", (i,)),
        Symbol("xhat"),
        Symbol("what"),
        Symbol("W1"),
        Symbol("W1", (k, j)),
        Symbol("theta0"),
        Symbol("lambda_1"),
        Symbol("sigma2"),
        Symbol("w_out", (j,)),
        Symbol("x", (add(i, ONE), j)),
        Symbol("x", (ONE,)),
        Symbol("x", (Index("k1", "n"), j)),
        Symbol("E", (Symbol("t", (i,)), j)),
        Symbol("Sigma", (j, k)),
        Hole("u"),
    ],
    "arrays": [
        mul(inverse(m), Apply("matmul", (transpose(X), sub(F, Y)))),
        mul(inverse(m), Apply("matmul", (transpose(Apply("ones", (m,))), sub(F, Y)))),
        Apply("matmul", (W, transpose(X))),
        Apply("matmul", (sub(X, X), W)),
        Apply("dot", (W, W)),
        Apply("outer", (W, W)),
        Apply("inv", (S,)),
        transpose(Apply("inv", (S,))),
        Apply("trace", (Apply("matmul", (transpose(X), X)),)),
        Apply("logdet", (S,)),
        Pow(Apply("norm", (W,)), TWO),
        Apply("norm1", (W,)),
        Apply("hadamard", (Y, Apply("matmul", (X, W)))),
        Apply("entrywise_div", (Y, F)),
        Apply("entrywise_pow", (Y, TWO)),
        mul(Y, log(F)),
        Apply("matpow", (S, TWO)),
        Apply("identity", (n,)),
        Apply("diag", (Y,)),
        Apply("softmax", (X,)),
        Apply("sum0", (X,)),
        Apply("stack_row", (b, b)),
        Entry(Apply("inv", (S,)), (j, k)),
        Entry(Apply("softmax", (X,)), (i, k)),
    ],
}
FORMULAS: list[Expr] = [e for group in GROUPS.values() for e in group]
