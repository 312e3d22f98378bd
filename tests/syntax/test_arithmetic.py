"""Python's own parser is the judge of what binds tighter, wherever both languages agree."""

from __future__ import annotations

import ast
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from whygrad.core.expr import Add, Call, Cases, Compare, Expr, Mul, Number, Pow, Symbol
from whygrad.core.walk import fold
from whygrad.syntax.expression import read_expr

VALUES = {"a": Fraction(3, 2), "b": Fraction(-2, 5), "c": Fraction(7)}

atoms = st.sampled_from(["a", "b", "c", "2", "3", "1/2", "0.25", "5"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from([" + ", " - ", " * ", "*", "/", " / ", "-", "+"]), inner).map(
        "".join
    )
    return st.one_of(
        binary,
        inner.map(lambda u: f"-{u}"),
        inner.map(lambda u: f"({u})"),
        st.tuples(
            st.sampled_from(["a", "c", "(a - b)", "2"]), st.sampled_from(["^2", "^3", "^-1", "^2^2"])
        ).map("".join),
        st.tuples(inner, inner, inner).map(
            lambda t: f"({t[0]} if {t[1]} < {t[2]} and not {t[1]} == 1 else {t[2]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        inner.map(lambda u: f"abs({u})"),
    )


texts = st.recursive(atoms, _grow, max_leaves=8)


def value(e: Expr) -> Fraction:
    """Exact value, by the obvious rules."""

    def f(node: Expr, kids: tuple[Fraction, ...]) -> Fraction:
        match node:
            case Number(number):
                return number
            case Symbol(name):
                return VALUES[name]
            case Add():
                return sum(kids, Fraction(0))
            case Mul():
                out = Fraction(1)
                for kid in kids:
                    out *= kid
                return out
            case Pow():
                return kids[0] ** int(kids[1])
            case Call(name):
                return max(kids) if name == "max" else abs(kids[0])
            case Compare(op):
                tests = {
                    "<": kids[0] < kids[-1],
                    "==": kids[0] == kids[-1],
                    "not": not kids[0],
                    "and": all(kids),
                }
                return Fraction(int(tests[op]))
            case Cases():
                return kids[1] if kids[0] else kids[2]
            case _:
                raise TypeError(type(node).__name__)

    return fold(e, f)


@settings(max_examples=300)
@given(texts)
def test_precedence_is_that_of_python(text: str) -> None:
    python = _exact(text.replace("^", "**"))
    try:
        expected = eval(python, {**VALUES, "F": Fraction})
    except ZeroDivisionError:
        assume(False)
        raise
    try:
        found = value(read_expr(text, open_names=True))
    except ZeroDivisionError:
        assume(False)
        raise
    assert found == expected, text


class _Numbers(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.parse(f"F('{node.value}')", mode="eval").body


def _exact(text: str) -> str:
    """The text with every number a Fraction, so that Python computes exactly."""
    return ast.unparse(_Numbers().visit(ast.parse(text, mode="eval")))
