"""Laws: what is printed reads back; the notations agree; shapes are those of the type checker."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from tests.syntax.costs import EVERY, LATEX, PLAIN
from tests.syntax.draw import AT_I, AT_K, EXPRESSIONS, LETTERS, SCOPE

from whygrad.core.cost import Cost, Scope
from whygrad.core.expr import Constant, Expr, Number, Pow, Reduce, Symbol, add, mul
from whygrad.core.walk import rewrite_bottom_up, same_form, substitute, symbols
from whygrad.meaning.shapes import check_indices, shape_of
from whygrad.meaning.to_index import cost_to_index
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.expression import read_expr
from whygrad.syntax.unparse import cost_to_plain, to_plain


@settings(max_examples=400)
@given(EXPRESSIONS)
def test_a_printed_expression_reads_back(e: Expr) -> None:
    text = to_plain(e, SCOPE)
    assert same_form(read_expr(text, SCOPE, letters=LETTERS), e), text


Y, TOTAL = Symbol("y", (AT_I,)), Reduce("sum", AT_I, Symbol("y", (AT_I,)))


@pytest.mark.parametrize(
    "e",
    [
        add(TOTAL, Y),
        add(mul(Number(-2), TOTAL), Y),
        add(TOTAL, Symbol("b"), Y),
        mul(TOTAL, Y),
        Pow(TOTAL, Number(2)),
        mul(Y, Pow(TOTAL, Number(-1))),
        Reduce("sum", AT_I, mul(Y, Pow(TOTAL, Number(-1)))),
        Reduce("prod", AT_I, add(Y, Number(1))),
        mul(Reduce("max", AT_I, Y), Y),
        Reduce("sum", AT_I, add(Y, TOTAL)),
        Reduce("sum", AT_I, Number(1)),
        Reduce("sum", AT_K, Symbol("b")),
        mul(Number(2), Pow(Number(3), Number(-1))),
        mul(Number(-1), Number(2), Symbol("b")),
        Pow(Number(-2), Number(2)),
        mul(Symbol("u"), Number(-1)),
        Pow(Constant("e"), Symbol("b")),
        Pow(Symbol("b"), Number(-1)),
        mul(Number(1), Pow(Symbol("b"), Number(-1))),
    ],
    ids=lambda e: to_plain(e, SCOPE),
)
def test_what_could_be_misread_is_bracketed(e: Expr) -> None:
    assert same_form(read_expr(to_plain(e, SCOPE), SCOPE, letters=LETTERS), e)


@pytest.mark.long
@settings(max_examples=5_000)
@given(EXPRESSIONS)
def test_many_printed_expressions_read_back(e: Expr) -> None:
    test_a_printed_expression_reads_back.hypothesis.inner_test(e)


@pytest.mark.parametrize("name", EVERY)
def test_a_printed_cost_reads_back(name: str) -> None:
    cost = read_cost(EVERY[name])
    again = read_cost(cost_to_plain(cost))
    assert [d.name for d in again.definitions] == [d.name for d in cost.definitions]
    for old, new in zip(cost.definitions, again.definitions, strict=True):
        assert same_form(old.body, new.body), cost_to_plain(cost)
        assert (old.dims, old.parameters) == (new.dims, new.parameters)
    for old, new in zip(cost.declarations, again.declarations, strict=True):
        assert (old.name, old.kind, old.dims, old.domains) == (new.name, new.kind, new.dims, new.domains)
    assert cost_to_plain(again) == cost_to_plain(cost)


@pytest.mark.parametrize("name", EVERY)
def test_shapes_are_those_of_the_type_checker(name: str) -> None:
    cost = read_cost(EVERY[name])
    seen = Scope({d.name: d for d in cost.declarations})
    for definition in cost.definitions:
        if not definition.parameters:
            assert shape_of(definition.body, seen) == (() if definition.indices else definition.dims)
            check_indices(definition.body, seen)
        seen = Scope(seen.declarations, {**seen.definitions, definition.name: definition})


def written_out(cost: Cost) -> Expr:
    """The cost in index form with every intermediate put in."""
    cost = cost_to_index(cost)
    scope = cost.scope

    def put_in(node: Expr) -> Expr:
        if not isinstance(node, Symbol) or node.name not in scope.definitions:
            return node
        definition = scope.definitions[node.name]
        return substitute(definition.body, dict(zip(definition.indices, node.indices, strict=True)))

    body = cost.definition(cost.goal).body
    for _ in cost.definitions:
        body = rewrite_bottom_up(body, put_in)
    return body


ARRAY_LOGISTIC = """
    data  x: (m, n), y: (m,) in {0,1}
    param w: (n,), b: ()
    z = x w + b
    f = 1/(1 + e^(-z))
    J = mean(-(y * log(f) + (1-y) * log(1-f)))
"""


def test_three_notations_are_one_cost() -> None:
    index = (
        PLAIN["logistic"]
        .replace("sigmoid(z[i])", "1/(1 + e^(-z[i]))")
        .replace(
            "L[i] = -(y[i] log f[i] + (1-y[i]) log(1-f[i]))", "L[i] = y[i] log f[i] + (1-y[i]) log(1-f[i])"
        )
    )
    by_index = written_out(read_cost(index.replace("J = mean_i", "J = -mean_i")))
    by_latex = written_out(read_cost(LATEX["logistic"]))
    assert same_form(by_index, by_latex)
    inside = written_out(read_cost(PLAIN["logistic"].replace("sigmoid(z[i])", "1/(1 + e^(-z[i]))")))
    assert same_form(inside, written_out(read_cost(ARRAY_LOGISTIC)))
    assert not same_form(by_index, inside)  # the minus stands outside the mean there


@pytest.mark.parametrize("name", ["ridge", "softmax", "huber", "bold", "course", "gaussian", "hinge"])
def test_latex_and_index_form_agree(name: str) -> None:
    plain = {
        "bold": PLAIN["logistic"]
        .replace("L[i] = -(", "L[i] = (")
        .replace("J = mean", "J = -mean")
        .replace("f[i] = sigmoid(z[i])", "f[i] = sigmoid(sum_j w[j] x[i,j] + b)"),
        "course": """
            data x[i], y[i]
            param w, b
            f[i] = 1/(1 + e^(-(w x[i] + b)))
            J = mean_i (-y[i] log f[i] - (1 - y[i]) log(1 - f[i]))
        """,
        "gaussian": "data x[i]; param mu, sigma; J = m log(sigma) + sum_i (x[i] - mu)^2/(2 sigma^2)",
        "hinge": """
            data x[i,j], y[i]
            param w[j], b
            const lambda
            J = mean_i max(0, 1 - y[i] (sum_j w[j] x[i,j] + b)) + lambda norm(w)^2
        """,
        "ridge": """
            data x[i,j], y[i]
            param theta[j]
            const lambda
            J = 1/(2 m) sum_i (sum_j theta[j] x[i,j] - y[i])^2 + lambda/(2 m) sum_j theta[j]^2
        """,
        "softmax": PLAIN["softmax"].replace("+ lambda/(2 m) sum_k sum_j W[k,j]^2", ""),
        "huber": """
            data x[i,j], y[i]
            param w[j], b
            const delta > 0
            r[i] = y[i] - sum_j w[j] x[i,j] - b
            J = mean_i (1/2 r[i]^2 if abs(r[i]) <= delta else delta (abs(r[i]) - 1/2 delta))
        """,
    }[name]
    assert same_form(written_out(read_cost(plain)), written_out(read_cost(LATEX[name])))


def test_a_symbol_stays_itself_without_a_scope() -> None:
    e = read_expr("2 x - y^2/3", open_names=True)
    assert to_plain(e) == "2 x - y^2/3"
    assert Symbol("x") in symbols(e)
