"""Random expressions of one scope, in every node the language can say."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from whygrad.core.cost import Declaration, Definition, Scope
from whygrad.core.expr import (
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    mul,
)

AT_I, AT_J, AT_K, AT_L = Index("i", "m"), Index("j", "n"), Index("k", "m"), Index("l", "n")
SCOPE = Scope(
    {
        "x": Declaration("x", "data", ("m", "n"), (), ("i", "j")),
        "y": Declaration("y", "data", ("m",), (), ("i",)),
        "w": Declaration("w", "param", ("n",), (), ("j",)),
        "b": Declaration("b", "param"),
        "u": Declaration("u", "param"),
        "S": Declaration("S", "data", ("n", "n")),
        "dx": Declaration("dx", "param"),
    },
    {
        "z": Definition("z", Symbol("y", (AT_I,)), (AT_I,), ("m",)),
        "h": Definition("h", Symbol("t"), (), (), ("t",)),
    },
)
LETTERS = {"i": "m", "j": "n"}

LEAVES = st.sampled_from(
    [
        Symbol("b"),
        Symbol("u"),
        Symbol("dx"),
        Symbol("y", (AT_I,)),
        Symbol("z", (AT_I,)),
        Symbol("w", (AT_J,)),
        Symbol("x", (AT_I, AT_J)),
        Symbol("x", (AT_I, Number(2))),
        Constant("pi"),
        Constant("e"),
        Size("m"),
        AT_I,
        AT_J,
        Number(2),
        Number(-1),
        Number(-3),
        Number(Fraction(1, 2)),
        Number(Fraction(-2, 3)),
        Number(Fraction(1, 4), True),
        Number(1),
        Entry(Apply("inv", (Symbol("S"),)), (AT_J, AT_J)),
        Apply("norm", (Symbol("w"),)),
        Apply("logdet", (Apply("matmul", (Symbol("S"), Symbol("S"))),)),
        Apply("dot", (Symbol("w"), Symbol("w"))),
        Apply("sum", (Mul((Symbol("y"), Apply("matmul", (Symbol("x"), Symbol("w"))))),)),
    ]
)


def _grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.lists(inner, min_size=2, max_size=4)
    compared = st.tuples(st.sampled_from(["<", "<=", "==", "!="]), inner, inner).map(
        lambda t: Compare(t[0], (t[1], t[2]))
    )
    logic = st.one_of(
        compared,
        st.tuples(st.sampled_from(["and", "or"]), compared, compared).map(lambda t: Compare(t[0], t[1:])),
        compared.map(lambda c: Compare("not", (c,))),
    )
    return st.one_of(
        pairs.map(lambda p: add(*p)),
        pairs.map(lambda p: mul(*p)),
        inner.map(lambda u: mul(Number(-1), u)),
        inner.map(lambda u: Pow(u, Number(-1))),
        st.tuples(inner, st.sampled_from([2, -2, Fraction(1, 2)])).map(lambda t: Pow(t[0], Number(t[1]))),
        st.tuples(inner, inner).map(lambda t: Pow(*t)),
        st.tuples(st.sampled_from(["exp", "log", "sigmoid", "abs", "h", "sqrt"]), inner).map(
            lambda t: Call(t[0], (t[1],))
        ),
        pairs.map(lambda p: Call("max", p[:2])),
        st.tuples(
            st.sampled_from(["sum", "prod", "max"]), st.sampled_from([AT_I, AT_J, AT_K, AT_L]), inner
        ).map(lambda t: Reduce(*t)),
        st.tuples(st.sampled_from([AT_K, AT_L]), inner, logic).map(lambda t: Reduce("sum", *t)),
        logic,
        st.tuples(logic, inner, inner).map(lambda t: Cases(((t[0], t[1]),), t[2])),
        st.tuples(inner, st.sampled_from([Symbol("b"), Symbol("w", (AT_J,)), Symbol("z", (AT_I,))])).map(
            lambda t: Partial(*t)
        ),
    )


EXPRESSIONS = st.recursive(LEAVES, _grow, max_leaves=12)
