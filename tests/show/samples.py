"""Documents and formulas of product.md, built by hand."""

from __future__ import annotations

from whygrad.core.cost import Declaration, Definition, Domain, Scope
from whygrad.core.document import (
    Callout,
    Code,
    Document,
    Formula,
    Heading,
    Row,
    Rows,
    Sentence,
    Table,
)
from whygrad.core.expr import (
    ONE,
    TWO,
    Apply,
    Call,
    Expr,
    Index,
    Mul,
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
m = Size("m")
x, y, w, b = Symbol("x", (i, j)), Symbol("y", (i,)), Symbol("w", (j,)), Symbol("b")
z, f, L, J = Symbol("z", (i,)), Symbol("f", (i,)), Symbol("L", (i,)), Symbol("J")
lam = Symbol("lambda")

z_body = add(Reduce("sum", j, mul(w, x)), b)
f_body = Call("sigmoid", (z,))
L_body = neg(add(mul(y, Call("log", (f,))), mul(sub(ONE, y), Call("log", (sub(ONE, f),)))))
J_body = mul(inverse(m), Reduce("sum", i, L))

LOGISTIC = Scope(
    {
        "x": Declaration("x", "data", ("m", "n")),
        "y": Declaration("y", "data", ("m",), (Domain("finite", (0, 1)),)),  # type: ignore[arg-type]
        "w": Declaration("w", "param", ("n",)),
        "b": Declaration("b", "param"),
    },
    {
        "z": Definition("z", z_body, (i,), ("m",)),
        "f": Definition("f", f_body, (i,), ("m",)),
        "L": Definition("L", L_body, (i,), ("m",)),
        "J": Definition("J", J_body),
    },
)

df: Expr = add(neg(div(y, f)), div(sub(ONE, y), sub(ONE, f)))
dz: Expr = mul(f, sub(ONE, f))
matrix: Expr = mul(
    inverse(m), Apply("matmul", (Apply("transpose", (Symbol("x"),)), sub(Symbol("f"), Symbol("y"))))
)


def derive_logistic() -> Document:
    """The first console example."""
    definitions = Rows((Row(z_body, z), Row(f_body, f), Row(L_body, L), Row(J_body, J)))
    steps = Rows(
        (
            Row(df, Partial(L, f), label="1", id="chain.1", rule="derivative/log",
                reason=("derivative of log, twice; ", sub(ONE, Symbol("f")), " inside gives −1"),
                details=(
                    Row(neg(add(div(y, f), mul(sub(ONE, y), Partial(Call("log", (sub(ONE, f),)), f)))),
                        Partial(L, f), label="1.1", reason=("derivative of log",)),
                    Row(neg(sub(div(y, f), div(sub(ONE, y), sub(ONE, f)))), label="1.2",
                        reason=("the chain rule; inside, ", Partial(sub(ONE, f), f), " is −1")),
                )),
            Row(dz, Partial(f, z), label="2", id="chain.2", reason=("derivative of σ",)),
            Row(x, Partial(z, w), label="3", id="chain.3",
                reason=("of ", Reduce("sum", k, mul(Symbol("w", (k,)), Symbol("x", (i, k)))),
                        " only the term k = j holds ", w)),
            Row(Mul((df, dz, x)), Partial(L, w), label="4", id="chain.4", reason=("1 · 2 · 3",)),
            Row(mul(add(neg(mul(y, sub(ONE, f))), mul(sub(ONE, y), f)), x), changed=((0,),),
                reason=(f, " cancels in the first term, ", sub(ONE, f), " in the second")),
            Row(mul(sub(f, y), x), changed=((0,),), reason=(mul(y, f), " cancels")),
            Row(mul(inverse(m), Reduce("sum", i, mul(sub(f, y), x))), Partial(J, w), label="5",
                id="chain.5", reason=("the mean passes through",)),
            Row(matrix, Call("nabla", (J, Symbol("w"))), reason=("(n) = (n,m) (m)",)),
        ),
        title=(Partial(J, w), " by the chain rule: ",
               mul(Partial(Symbol("L"), Symbol("f")), Partial(Symbol("f"), Symbol("z")),
                   Partial(Symbol("z"), w))),
        id="chain",
    )  # fmt: skip
    return Document(
        (
            Heading(("Logistic regression",), aside=("m examples, n features, y in {0,1}",)),
            definitions,
            steps,
            Callout("proved", ("each line equals the one before; the last equals the derivative of ", J,
                               " written out")),
            Callout("next", ("open a step: `whygrad why logistic chain.4`      "
                             "b reuses 1 and 2: `whygrad derive logistic --wrt b`",)),
        ),
        LOGISTIC,
        "Logistic regression: its gradient by the chain rule",
    )  # fmt: skip


def check_logistic() -> Document:
    """The console example of a checked derivation."""
    F, Y, B = Symbol("f"), Symbol("y"), Symbol("b")
    loss = Symbol("L")
    factor = mul(F, sub(ONE, F))
    wrong = add(neg(div(Y, F)), Mul((sub(ONE, Y), inverse(sub(ONE, F)), F, sub(ONE, F))))
    right = add(Mul((neg(ONE), Y, inverse(F), F, sub(ONE, F))),
                Mul((sub(ONE, Y), inverse(sub(ONE, F)), F, sub(ONE, F))))  # fmt: skip
    rows = Rows(
        (
            Row(mul(Partial(loss, F), Partial(F, B)), Partial(loss, B), label="1", verdict="right",
                reason=("chain rule",)),
            Row(wrong, label="2", verdict="WRONG", reason=("the first wrong line",), changed=((0,),)),
            Row(None, reason=("Times ", factor, " here, the line is right.")),
            Row(None, reason=("Probably the factor ", Partial(F, B), " was left out of this term: the chain "
                              "rule multiplies every term.")),
            Row(None, reason=("With ", F, " = 0.6, ", Y, " = 1: the line before gives −0.4, this −1.667.",)),
            Row(right, relation="", reason=("corrected",)),
            Row(add(neg(div(Y, F)), mul(sub(ONE, Y), F)), label="3", verdict="follows from line 2"),
            Row(sub(F, Y), label="4", verdict="the right answer",
                reason=("it does not follow from line 3",)),
        )
    )  # fmt: skip
    return Document(
        (rows, Callout("next", ("1 mistake: `whygrad why mistake/chain/factor-lost`",))),
        Scope({n: Declaration(n, "data") for n in "fyL"} | {"b": Declaration("b", "param")}),
        "A checked derivation",
    )


def every_block() -> Document:
    """One of everything, with text that needs escaping in each medium."""
    penalty = mul(lam, inverse(mul(TWO, m)), Reduce("sum", j, Pow(w, TWO)))
    return Document(
        (
            Heading(("Ridge & <friends>, 100% of $x_1$",), aside=("n > 0",)),
            Sentence(("The penalty ", penalty, " pulls each ", w, " to 0; see `fit --set lambda=1 <a&b>`.")),
            Formula(add(J_body, penalty)),
            Heading(("Values",), level=2),
            Table(
                (("step",), ("formula",), ("value",)),
                ((("1",), (Partial(L, f),), ("−0.4",)), (("2",), (dz,), ("0.24",))),
            ),
            Code("data x[i,j], y[i] in {0,1}\nparam w[j], b\nJ = mean_i (z[i] - y[i])^2  # <h>", "whygrad"),
            *(Callout(kind, ("of kind ", f, " & more")) for kind in
              ("proved", "convention", "warning", "hint", "reading", "next", "mistake", "fact")),
            Rows((Row(None, raw="y == <f> \\frac{1}{", label="1", verdict="UNREADABLE"),
                  Row(dz, Partial(f, z), relation="<=", evidence="sampled", reason=("a bound",)))),
        ),
        LOGISTIC,
        "One of everything <&>",
    )  # fmt: skip
