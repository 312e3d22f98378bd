"""Naming a mistake: the founding cases, places, facts that hold, and silence where nothing fits."""

from __future__ import annotations

import pytest

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    TWO,
    Apply,
    Call,
    Expr,
    Partial,
    Pow,
    Symbol,
    add,
    mul,
    neg,
)
from whygrad.core.walk import at, paths, symbols
from whygrad.engine.diagnose import Finding, diagnose
from whygrad.meaning.equal import same_value
from whygrad.rules.mistakes import MISTAKES
from whygrad.show.text import to_text
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.expression import read_expr

LOGISTIC = """data x, y in {0,1}
param w, b
z = w x + b
f = sigmoid(z)
L = -(y log(f) + (1 - y) log(1 - f))"""
PENALTY = "const lambda\nparam w[j]\ndata x[i,j]"
MATRIX = "data X: (m, n), y: (m,)\nparam w: (n,)"


def scope_of(given: str) -> Scope:
    return read_cost(f"{given}\nwhole = 0").scope


def named(given: str, before: str, after: str, **letters: str) -> tuple[Finding, Scope]:
    scope = scope_of(given)
    lines = [read_expr(t, scope, letters=letters, lenient=True) for t in (before, after)]
    found = diagnose(lines[0], lines[1], scope)
    assert found is not None
    return found, scope


def fact_of(found: Finding, scope: Scope) -> str:
    return "".join(p if isinstance(p, str) else to_text(p, scope) for p in found.fact)


@pytest.mark.parametrize(
    ("after", "marked"),
    [
        ("(-y/f f (1 - f) + (1 - y)/(1 - f)) x", 1),
        ("(-y/f + (1 - y)/(1 - f) f (1 - f)) x", 1),
        ("(-y/f + (1 - y)/(1 - f)) x", 2),
        ("(-y (1 - f) + (1 - y)/(1 - f)) x", 1),
    ],
)
def test_founding_case_the_chain_factor_left_out_at_each_place(after: str, marked: int) -> None:
    found, scope = named(LOGISTIC, "d/dw L", after)
    assert found.id == "mistake/chain/factor-lost"
    assert len(found.sites) == marked
    assert "f (1 − f)" in fact_of(found, scope)
    line = read_expr(after, scope)
    for site in found.sites:
        assert {s.name for s in symbols(at(line, site))} & {"y", "f"}


@pytest.mark.parametrize("after", ["(-y (1 - f) + (1 - y)/(1 - f)) x", "(-y (1 - f) + (1 - y)) x"])
def test_founding_case_from_the_multiplied_line(after: str) -> None:
    found, _ = named(LOGISTIC, "(-y/f + (1 - y)/(1 - f)) f (1 - f) x", after)
    assert found.family == "missing_chain_factor"


def test_regulariser_case_start_and_end() -> None:
    found, scope = named(PENALTY, "d/dw[k] (lambda/(2 m) sum_j w[j]^2)", "n lambda/m w[k]", k="n")
    assert found.id == "mistake/index/delta-squared"
    assert "only where n = 1" in fact_of(found, scope)
    assert "one term" in MISTAKES[found.id].because
    assert to_text(found.corrected, scope) == "λ/m w_k"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sum_j (delta[j,k] w[j] + w[j] delta[j,k])", "n w[k] + n w[k]"),
        (
            "sum_j sum_l delta[j,l] (delta[j,k] w[l] + w[j] delta[l,k])",
            "sum_l n (delta[l,k] w[l] + w[l] delta[l,k])",
        ),
    ],
)
def test_regulariser_case_on_the_way(before: str, after: str) -> None:
    found, _ = named(PENALTY, before, after, k="n")
    assert found.id == "mistake/index/delta-squared"


@pytest.mark.parametrize(
    ("before", "after", "id"),
    [
        ("d/dz L", "y - f", "mistake/sign/whole-line"),
        ("d/dz L", "f + y", "mistake/sign/one-term"),
        ("d/df L", "-y/f + 1/(1 - f)", "mistake/constant/factor-lost"),
        ("d/df L", "-y/f - (1 - y)/(1 - f)", "mistake/inner/minus-lost"),
        ("d/dw L", "f - y", "mistake/inner/data-lost"),
        ("d/df L", "-y + (1 - y)/(1 - f)", "mistake/log/one-over-lost"),
    ],
)
def test_logistic(before: str, after: str, id: str) -> None:
    found, _ = named(LOGISTIC, before, after)
    assert found.id == id


@pytest.mark.parametrize(
    ("after", "family"),
    [
        ("2 X' norm(X w - y)", "wrong_transpose_or_shape"),
        ("-2 X' (X w - y)", "sign"),
        ("2 (X' X w + X' y)", "sign"),
        ("X' (X w - y)", "power_rule"),
    ],
)
def test_least_squares_with_matrices(after: str, family: str) -> None:
    found, scope = named(MATRIX, "d/dw norm(X w - y)^2", after)
    assert found.family == family
    assert to_text(found.corrected, scope).replace("2 (Xᵀ X w − Xᵀ y)", "2 Xᵀ(X w − y)") == "2 Xᵀ(X w − y)"


def test_lines_whose_shapes_do_not_fit() -> None:
    """2 X (X w - y) cannot be read as a cost; somebody wrote it all the same."""
    scope = scope_of(MATRIX)
    X, w, y = Symbol("X"), Symbol("w"), Symbol("y")
    residual = add(Apply("matmul", (X, w)), neg(y))
    before = Partial(Pow(Apply("norm", (residual,)), TWO), w)
    for after in (
        mul(TWO, Apply("matmul", (X, residual))),
        mul(TWO, Apply("matmul", (residual, X))),
    ):
        found = diagnose(before, after, scope)
        assert found is not None
        assert found.id == "mistake/shape/transpose-or-order"
        assert to_text(found.corrected, scope) == "2 Xᵀ(X w − y)"


def test_a_gram_matrix_written_as_a_square() -> None:
    scope = scope_of(MATRIX)
    X, w, y = Symbol("X"), Symbol("w"), Symbol("y")
    right = add(
        mul(TWO, Apply("matmul", (Apply("transpose", (X,)), X, w))),
        mul(MINUS_ONE, TWO, Apply("matmul", (Apply("transpose", (X,)), y))),
    )
    wrong = add(
        mul(TWO, Apply("matmul", (Apply("matpow", (X, TWO)), w))),
        mul(MINUS_ONE, TWO, Apply("matmul", (Apply("transpose", (X,)), y))),
    )
    found = diagnose(right, wrong, scope)
    assert found is not None
    assert found.id == "mistake/shape/square-for-gram"


def test_no_cause_is_said_where_none_is_likely() -> None:
    found, _ = named("data x\nparam w", "d/dw (w x)^3", "atan(x) + 17 w")
    assert found.id == ""
    assert found.cause is None


def test_the_corrected_line_and_the_places_belong_together() -> None:
    for before, after in (("d/dz L", "f + y"), ("d/dw L", "(f + y) x")):
        found, scope = named(LOGISTIC, before, after)
        line = read_expr(after, scope)
        assert [p for p, _ in paths(line) if p in found.sites] == list(found.sites)
        assert same_value(read_expr(before, scope), found.corrected, scope).kind == "equal"


def test_the_counterexample_shows_both_values() -> None:
    found, _ = named("param w", "d/dw exp(-w)", "exp(-w)")
    assert found.counterexample["line before"] != found.counterexample["this line"]
    assert "w" in found.counterexample


def test_it_is_silent_about_what_it_cannot_differentiate() -> None:
    unknown: Expr = Partial(Call("trigamma", (Symbol("w"),)), Symbol("w"))
    assert diagnose(unknown, Symbol("w"), Scope()) is None


def test_two_causes_as_likely_are_both_said() -> None:
    found, _ = named(LOGISTIC, "d/df L", "-y/f - (1 - y)/(1 - f)")
    assert "mistake/sign/one-term" in found.alternatives


def test_along_a_direction_the_parameter_is_zero() -> None:
    """d/dt (w + t v - y)^2 at t = 0, with the minus turned."""
    scope = scope_of("data v, y\nparam w, t")
    before = read_expr("d/dt (y - (w + t v))^2", scope)
    found = diagnose(before, read_expr("2 (y - w) v", scope), scope, zeros=frozenset("t"))
    assert found is not None
    assert found.family == "sign"


def test_no_name_of_the_variable_of_differentiation_is_edited() -> None:
    scope = scope_of("data x, y\nparam w, b")
    before = read_expr("d/dw (w x - y)^2", scope)
    after = read_expr("2 (w x + y) d/dw (w x - y)", scope)
    found = diagnose(before, after, scope)
    assert found is not None
    assert found.id == "mistake/sign/one-term"
    assert to_text(found.corrected, scope).startswith("2 (w x − y)")


def test_work_is_counted_and_ends() -> None:
    """A long line without an explanation costs no more than the budget allows."""
    given = "data " + ", ".join(f"x{k}" for k in range(1, 13)) + "\nparam w"
    before = "d/dw (" + " + ".join(f"tanh(w x{k})^{k}" for k in range(1, 13)) + ")"
    after = " + ".join(f"sin(w x{k})^{k}" for k in range(1, 13))
    found, _ = named(given, before, after)
    assert found.id == ""
