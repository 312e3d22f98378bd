"""Brackets, signs and fractions: what is written has the value it had, in every medium."""

from __future__ import annotations

from fractions import Fraction

import formulas
import reading
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import golden
from whygrad.core import expr as nodes
from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import (
    APPLY_OPS,
    MINUS_ONE,
    Add,
    Apply,
    Call,
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
    neg,
)
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import postorder
from whygrad.show.boxes import Mark, spell
from whygrad.show.latex import to_latex
from whygrad.show.layout import Style, layout
from whygrad.show.mathml import to_mathml
from whygrad.show.text import MARK_OFF, MARK_ON, breakable, to_text, width

POINT = {"a": Fraction(3, 7), "b": Fraction(-5, 3), "c": Fraction(11, 2), "d": Fraction(-2, 9)}

leaves = st.sampled_from([Symbol(name) for name in POINT]) | st.builds(
    Number, st.integers(-3, 3) | st.sampled_from([Fraction(1, 2), Fraction(-2, 3)])
)


def deeper(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, min_size=2, max_size=3)
    return (
        st.builds(Add, several)
        | st.builds(lambda parts: add(*parts), several)
        | st.builds(Mul, several)
        | st.builds(lambda parts: mul(*parts), several)
        | st.builds(neg, inner)
        | st.builds(lambda u: mul(MINUS_ONE, u), inner)
        | st.builds(lambda u: Pow(u, MINUS_ONE), inner)
        | st.builds(Pow, inner, st.builds(Number, st.integers(-2, 3)))
        | st.builds(
            lambda name, u: Call(name, (u,)), st.sampled_from(["log", "exp", "sigmoid", "abs"]), inner
        )
    )


expressions = st.recursive(leaves, deeper, max_leaves=9)


def expected(e: Expr) -> Fraction:
    try:
        return reading.value(e, POINT)
    except reading.UndefinedError:
        assume(False)
        raise


@settings(max_examples=600)
@given(expressions)
def test_a_line_of_text_has_the_value_of_the_expression(e: Expr) -> None:
    want = expected(e)
    assert reading.text_value(to_text(e), POINT) == want


@settings(max_examples=300)
@given(expressions)
def test_mathml_has_the_value_of_the_expression(e: Expr) -> None:
    want = expected(e)
    assert reading.mathml_value(to_mathml(e), POINT) == want


@settings(max_examples=300)
@given(expressions)
def test_latex_has_the_value_of_the_expression(e: Expr) -> None:
    want = expected(e)
    assert reading.latex_value(to_latex(e), POINT) == want


def test_formulas_are_written_as_a_person_read_them() -> None:
    lines: list[str] = []
    for name, group in formulas.GROUPS.items():
        lines.append(f"## {name}")
        for e in group:
            text, code = to_text(e, formulas.SCOPE), to_latex(e, formulas.SCOPE)
            plain = to_text(e, formulas.SCOPE, ascii=True)
            assert plain.isascii()
            assert "?" not in plain
            lines.extend((text, f"    {plain}", f"    {code}"))
        lines.append("")
    golden.check("formulas.txt", "\n".join(lines))


def test_the_formulas_hold_every_kind_of_node() -> None:
    kinds = {kind for kind in vars(nodes).values() if isinstance(kind, type) and issubclass(kind, Expr)} - {
        Expr
    }
    seen = {type(node) for e in formulas.FORMULAS for node in postorder(e)}
    assert kinds - seen == set()


def test_every_function_is_spelled_in_every_medium() -> None:
    for function in FUNCTIONS.values():
        e = Call(function.name, tuple(Symbol(name) for name in "uvw"[: function.arity]))
        assert all("u" in spelled for spelled in (to_text(e), to_latex(e), to_mathml(e)))


def test_every_array_operation_is_spelled_in_every_medium() -> None:
    for op in APPLY_OPS:
        e = Apply(op, (Symbol("u"), Symbol("v")))  # type: ignore[arg-type]
        assert all(spelled for spelled in (to_text(e), to_latex(e), to_mathml(e)))


def test_deep_and_wide_expressions_need_no_stack() -> None:
    deep: Expr = Symbol("x")
    for _ in range(4000):
        deep = Call("log", (add(Number(1), deep),))
    wide = Add([Symbol(f"x{k}") for k in range(4000)])
    for e in (deep, wide):
        assert to_text(e)
        assert to_latex(e)
        assert to_mathml(e)


def test_shared_subexpressions_are_laid_out_once() -> None:
    e: Expr = Symbol("x")
    for _ in range(60):
        e = Call("max", (e, e))
    assert spell(layout(e), lambda _, parts: 1 + max(parts, default=0), linear=True) > 60


@given(expressions, st.data())
def test_marks_change_nothing_but_what_they_point_out(e: Expr, data: st.DataObject) -> None:
    path = tuple(data.draw(st.lists(st.integers(0, 2), max_size=3)))
    marked = breakable(e, marks=(path,))
    assert marked.replace(MARK_ON, "").replace(MARK_OFF, "") == breakable(e)
    assert marked.count(MARK_ON) == marked.count(MARK_OFF)


def test_only_the_marked_occurrence_is_pointed_out() -> None:
    x = Symbol("x")
    assert breakable(Mul((x, Pow(x, MINUS_ONE))), marks=((0,),)) == f"{MARK_ON}x{MARK_OFF}/x"
    assert breakable(Mul((x, Pow(x, MINUS_ONE))), marks=((1,),)) == f"x/{MARK_ON}x{MARK_OFF}"
    assert isinstance(layout(x, marks=((),)), Mark)


def test_the_sign_that_opens_a_sum_is_pointed_out_with_its_term() -> None:
    e = add(neg(Symbol("a")), Symbol("b"))
    assert breakable(e, marks=((0,),)).startswith(f"{MARK_ON}−a{MARK_OFF}")


def test_a_name_of_the_cost_wins_over_a_sign_of_its_shape() -> None:
    u = Symbol("u")
    taken = Scope({name: Declaration(name, "const") for name in ("sigma", "e", "delta", "Phi")})
    i, j = Index("i", "m"), Index("j", "m")
    assert to_text(Call("sigmoid", (u,))) == "σ(u)"
    assert to_text(Call("sigmoid", (u,)), taken) == "sigmoid(u)"
    assert to_text(Call("exp", (u,)), taken) == "exp(u)"
    assert to_text(nodes.Delta(i, j), taken) == "1[i = j]"
    assert to_text(Call("Phi", (u,)), taken) == "Phi(u)"


def test_a_matrix_named_small_is_a_capital_where_it_stands_whole() -> None:
    both = Scope({"x": Declaration("x", "data", ("m", "n")), "X": Declaration("X", "data", ("m", "n"))})
    alone = Scope({"x": Declaration("x", "data", ("m", "n"))})
    assert to_text(Symbol("x"), alone) == "X"
    assert to_text(Symbol("x"), both) == "x"
    assert to_text(Symbol("x"), alone, Style(capitals=False)) == "x"


def test_styles() -> None:
    i = Index("i", "m")
    assert to_text(Call("log", (Symbol("u"),)), style=Style(log="ln")) == "ln u"
    assert to_latex(Reduce("sum", i, Symbol("y", (i,))), style=Style(limits=True)) == r"\sum_{i=1}^m y_i"


def test_width_counts_columns() -> None:
    assert width(to_text(Symbol("x_hat"))) == 1
    assert width("变量") == 4
    assert width(to_text(Symbol("loss_bar"))) == 4


def test_long_integers_are_written_out() -> None:
    assert len(to_text(Number(7**9000))) == 7606
    assert to_text(Partial(Size("m"), Symbol("x"))) == "∂m/∂x"
