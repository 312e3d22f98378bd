"""Python objects build the cost that the text says."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tests.syntax.costs import PLAIN

from whygrad.core.errors import LanguageError
from whygrad.core.walk import same_form
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.objects import CostBuilder, Term, fn, max_over, mean_over, sum_over, term, where


def test_the_logistic_cost_is_that_of_the_text() -> None:
    c = CostBuilder("mine", "Mine")
    i, j = c.letters("i, j")
    x, y = c.data("x[i,j]"), c.data("y[i]", "in {0,1}")
    w, b = c.param("w[j]"), c.param("b")
    z = c.define("z[i]", sum_over(j, w[j] * x[i, j]) + b)
    f = c.define("f[i]", fn.sigmoid(z[i]))
    loss = c.define("L[i]", -(y[i] * fn.log(f[i]) + (1 - y[i]) * fn.log(1 - f[i])))
    cost = c.minimise(mean_over(i, loss[i]))
    text = read_cost(PLAIN["logistic"])
    assert [(d.name, d.kind, d.dims, d.domains) for d in cost.declarations] == [
        (d.name, d.kind, d.dims, d.domains) for d in text.declarations
    ]
    assert [d.name for d in cost.definitions] == [d.name for d in text.definitions]
    assert all(same_form(a.body, b.body) for a, b in zip(cost.definitions, text.definitions, strict=True))
    assert (cost.name, cost.title) == ("mine", "Mine")


def test_arrays_branches_functions_and_ranges() -> None:
    c = CostBuilder()
    x, y = c.data("X", sizes="(m, n)"), c.data("y", sizes="(m,)")
    w, delta = c.param("w", sizes="(n,)"), c.const("delta", "> 0")
    k, q = Term("k"), c.param("q[k]")
    h = c.function("h", lambda t: t**2 / (1 + t**2), "t")
    r = c.define("r", x @ w - y)
    cost = c.minimise(
        fn.mean(where(abs(r) <= delta, r**2 / 2, delta * (abs(r) - delta / 2)))
        + 0.1 * (w.T @ w)
        + h(delta)
        + max_over(k, q[k])
        + sum_over(k, q[k], where=k != 1)
    )
    text = read_cost("""
        data X: (m, n)
        data y: (m,)
        param w: (n,)
        const delta > 0
        param q[k]
        h(t) = t^2/(1 + t^2)
        r = X w - y
        J = mean(r^2/2 if abs(r) <= delta else delta * (abs(r) - delta/2)) + 0.1 * (w' w) + h(delta)
            + max_k q[k] + sum_{k: k != 1} q[k]
    """)
    assert same_form(cost.definitions[-1].body, text.definitions[-1].body)


def test_brackets_are_put_where_they_are_needed() -> None:
    a, b = Term("a"), Term("b")
    assert ((a + b) * (a - b) / (a * b)).text == "(a + b) * (a - b) / (a * b)"
    assert ((-a) ** 2).text == "(-a)^2"
    assert (2 ** (a + 1)).text == "2^(a + 1)"
    assert (a - (b - a)).text == "a - (b - a)"
    assert (a - (-b)).text == "a - (-b)"
    assert (term(Fraction(1, 2)) * a).text == "1/2 * a"
    assert (a / Fraction(1, 2)).text == "a / (1/2)"


def test_python_cannot_decide_by_a_formula() -> None:
    with pytest.raises(LanguageError, match="has no value yet"):
        bool(Term("a") < 1)
    with pytest.raises(LanguageError, match="cannot stand in a formula"):
        Term("a") + "b"  # pyright: ignore
    with pytest.raises(AttributeError):
        fn.sigmod(Term("a"))
