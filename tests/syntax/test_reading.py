"""What the fine print says of reading, sentence by sentence."""

from __future__ import annotations

from fractions import Fraction

import pytest

from whygrad.core.cost import Declaration, Definition, Scope
from whygrad.core.errors import BudgetError, LanguageError, ShapeError, WhygradError
from whygrad.core.expr import Call, Delta, Expr, Hole, Index, Number, Partial, Symbol
from whygrad.core.walk import same_form
from whygrad.syntax.cost_text import read_cost, set_constants
from whygrad.syntax.expression import read_expr
from whygrad.syntax.statement import read_statement

INDEX = """
data x[i,j], y[i], t[i], E[v,j]
data c[i] integer >= 1
param w[j], b, u, q[k]
const lambda
"""
ARRAY = """
data X: (m, n), y: (m,), v: (m,), S: (n, n), Q: (n, n)
param w: (n,), b: ()
"""


def body(line: str, above: str = INDEX) -> Expr:
    return read_cost(f"{above}\nJ = {line}").definitions[-1].body


def same(a: str, b: str, above: str = INDEX) -> bool:
    return same_form(body(a, above), body(b, above))


@pytest.mark.parametrize(
    ("short", "full"),
    [
        # reach of sums
        ("mean_i y[i] + (lambda/2) sum_j w[j]^2", "(mean_i y[i]) + ((lambda/2) (sum_j w[j]^2))"),
        ("-mean_i y[i] log b + (1 - y[i]) b", "-(mean_i (y[i] log(b) + (1 - y[i]) b))"),
        ("sum_i sum_j x[i,j] + y[i]", "sum_i ((sum_j x[i,j]) + y[i])"),
        ("sum_i sum_j x[i,j] + w[j]", "sum_i (sum_j (x[i,j] + w[j]))"),
        ("sum_i y[i] + sum_i t[i]", "(sum_i y[i]) + (sum_i t[i])"),
        ("sum_i y[i] + b", "(sum_i y[i]) + b"),
        ("sum_i y[i] - b + t[1]", "(sum_i y[i]) - b + t[1]"),
        ("b / sum_i y[i] * u", "b / (sum_i y[i]) * u"),
        ("b / sum_i y[i] t[i] u", "b / (sum_i y[i] t[i]) * u"),
        ("max_k q[k] b + b", "(max_k q[k]) b + b"),
        ("prod_k q[k]^2 b", "(prod_k q[k]^2) * b"),
        ("sum_i y[i] / sum_i t[i]", "(sum_i y[i]) / (sum_i t[i])"),
        ("2 sum_i y[i] b / u", "2 (sum_i (y[i] b / u))"),
        ("log sum_i e^(y[i])", "log(sum_i e^(y[i]))"),
        # ranges
        ("sum_{i,j} x[i,j]", "sum_i sum_j x[i,j]"),
        ("sum_ij x[i,j]", "sum_i sum_j x[i,j]"),
        ("sum_{i<l} (y[i] - y[l])^2", "sum_{i,l: i < l} (y[i] - y[l])^2"),
        ("sum_{i=1..m} y[i]", "sum_i y[i]"),
        ("sum_{i=2..m} y[i]", "sum_{i: i >= 2} y[i]"),
        ("mean_{i=2..m} y[i]", "1/(m - 1) sum_{i: i >= 2} y[i]"),
        ("sum_i mean_{l != i} y[l]", "sum_i 1/(m - 1) sum_{l: l != i} y[l]"),
        ("mean_{l: t[l] >= 0} y[l]", "1/(sum_{l in m: t[l] >= 0} 1) sum_{l: t[l] >= 0} y[l]"),
        # products, quotients, powers
        ("b/u lambda", "(b/u) lambda"),
        ("1/2 u", "u (1/2)"),
        ("-u^2", "-(u^2)"),
        ("u^b^2", "u^(b^2)"),
        ("u^b^2^lambda", "u^(b^(2^lambda))"),
        ("u^b^-2^lambda", "u^(b^(-(2^lambda)))"),
        ("u^-1", "1/u"),
        ("2^-u b", "(2^(-u)) b"),
        ("log u b", "log(u b)"),
        ("log u * b", "log(u) b"),
        ("log u exp b", "log(u) exp(b)"),
        ("log(u) b", "b log(u)"),
        ("log^2 u", "(log(u))^2"),
        ("ln u", "log(u)"),
        ("exp -u", "exp(-u)"),
        ("e^-u", "exp(-u)"),
        ("u - -b", "u + b"),
        ("u * -b", "u * (-b)"),
        ("|u - b| + ‖u‖", "abs(u - b) + abs(u)"),
        ("u² − b·u × 2", "u^2 - b u 2"),
        ("√(u) + √u", "sqrt(u) + sqrt(u)"),
        ("Σ_i y[i] + Σᵢ t[i]", "(sum_i y[i]) + (sum_i t[i])"),
        ("λ u", "lambda u"),
        ("arctan(u) + maximum(u, b, 0)", "atan(u) + max(u, max(b, 0))"),
        ("gamma(u) + beta(u, b)", "Gamma(u) + beta(u, b)"),
        # branches
        ("(b > 0 and u > 0 or not b == u) u", "((b > 0 and u > 0) or (not (b == u))) u"),
        ("(0 < b <= 1) u", "(0 < b and b <= 1) u"),
        # sizes and positions
        ("1/m sum_i y[i]", "mean_i y[i]"),
        ("sum_i E[t[i],1]", "sum_i E[t[i],1]"),
        ("w_1 + x_12", "w[1] + x[1,2]"),
        ("sum_i y_i", "sum_i y[i]"),
    ],
)
def test_two_spellings_of_one_formula(short: str, full: str) -> None:
    assert same(short, full)


@pytest.mark.parametrize(
    ("one", "other"),
    [("b/(u lambda)", "b/u lambda"), ("sum_i y[i] b", "b"), ("(-u)^2", "-u^2"), ("log(u b)", "log(u) b")],
)
def test_different_formulas_differ(one: str, other: str) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("sum(y * X w)", "sum(y * (X w))"),
        ("w' S w", "dot(matmul(w, S), w)"),
        ("(X w)' y / m", "dot(X w, y)/m"),
        ("y' X w", "dot(matmul(y, X), w)"),
        ("sum(S .* Q) + sum(S ⊙ Q)", "sum(S * Q) + sum(S * Q)"),
        ("trace(S @ Q)", "trace(S Q)"),
        ("trace(S^-1) + trace(S^T Q)", "trace(inv(S)) + trace(S' Q)"),
        ("trace(S + b I)", "trace(S + b * identity(n))"),
        ("sum(y v')", "sum(outer(y, v))"),
        ("ones' y", "dot(ones(m), y)"),
        ("w @ w", "w' w"),
        ("norm(w, 1) + norm(w, 2)", "norm1(w) + norm(w)"),
        ("2 w' w b", "2 dot(w, w) b"),
        ("sum((X w - y)^2)", "sum((X w - y).^2)"),
    ],
)
def test_two_spellings_of_one_array_formula(short: str, full: str) -> None:
    assert same(short, full, ARRAY)


@pytest.mark.parametrize(
    ("line", "above", "said"),
    [
        ("sum(y * X w)", ARRAY, "matrix products first"),
        ("sum(S * Q)", ARRAY, "entry by entry (@ is their product)"),
        ("trace(S^-1)", ARRAY, "the inverse matrix"),
        ("sum(w^2)", ARRAY, "a power of each entry"),
        ("norm(S)", ARRAY, "the Frobenius norm"),
        ("sum(X + w)", ARRAY, "acting on every row"),
        ("sum(softmax(X))", ARRAY, "along the last axis, n"),
        ("|S|", ARRAY, "the determinant"),
        ("1/m sum_i y[i]", INDEX, "the size of i"),
        ("sum_i E[t[i],1]", INDEX, "counting from 0, as files do"),
        ("sum_i E[c[i],1]", INDEX, "counting from 1"),
        ("sum_i y[i] y[i+1]", INDEX, "1 to m - 1, where all its uses exist"),
        ("x_12", INDEX, "x[1,2]"),
        ("σ(u)", INDEX, "the sigmoid 1/(1 + e^(-u))"),
        ("2 pi sum_k pi[k]", "data pi[k]", "the constant"),
    ],
)
def test_what_could_be_read_otherwise_is_said(line: str, above: str, said: str) -> None:
    cost = read_cost(f"{above}\nJ = {line}")
    assert said in [reading.how for reading in cost.readings]


def test_a_value_as_position_is_moved_to_count_from_one() -> None:
    entry = next(s for s in _symbols(body("sum_i E[t[i],1]")) if s.name == "E")
    assert same_form(entry.indices[0], read_expr("t[i] + 1", Scope({"t": Declaration("t", "param", ("m",))})))
    exact = next(s for s in _symbols(body("sum_i E[c[i],1]")) if s.name == "E")
    assert exact.indices[0] is Symbol("c", (Index("i", "m"),))


def _symbols(e: Expr) -> list[Symbol]:
    from whygrad.core.walk import symbols

    return list(symbols(e))


def test_numbers_are_exact() -> None:
    assert body("0.1") is Number(Fraction(1, 10), True)
    assert body("1e-6") is Number(Fraction(1, 10**6), True)
    assert body("2e^u") is body("2 e^u")
    assert body("1/2") is Number(Fraction(1, 2))


def test_domains() -> None:
    cost = read_cost("""
        data y[i] integer >= 0, s[i] in {-1,1}, p[i] in (0,1], Y[i,k] onehot(k), Q[k,i] simplex(k)
        data S: (n, n) spd, R in integer, a in {1..4}
        const lambda >= 0 = 1/10
        J = 1
    """)
    of = {d.name: d for d in cost.declarations}
    assert of["y"].has("integer")
    assert of["y"].low == 0
    assert of["s"].values == (-1, 1)
    assert of["p"].domains[0].closed == (False, True)
    assert of["Y"].domains[0].dim == of["Y"].dims[1]
    assert of["Q"].domains[0].dim == of["Q"].dims[0]
    assert of["S"].has("spd")
    assert of["R"].has("integer")
    assert of["a"].values == (1, 2, 3, 4)
    assert of["lambda"].value == Fraction(1, 10)


def test_dimensions_get_the_names_people_use() -> None:
    assert read_cost("data x[i,j], Y[i,k]; param b; J = b").dims == ("m", "n", "K")
    assert read_cost("data x[i], K; param b; J = 1/N sum_i x[i] b").dims == ("N",)
    assert read_cost("data x[i]; param b; J = 1/n sum_i x[i] b").dims == ("n",)
    assert read_cost("data x[i,j]: (p, q), y[i]; param b; J = b").dims == ("p", "q")
    assert "m" not in read_cost("data x[i], m; param b; J = b m sum_i x[i]").dims


def test_a_name_of_its_own_size() -> None:
    cost = read_cost("data x[i]; param a; d[i] = x[i+1] - a x[i]; J = mean_i d[i]^2")
    assert cost.definitions[0].dims == ("m-1",)
    assert cost.definitions[0].indices == (Index("i", "m-1"),)


def test_a_declared_name_wins() -> None:
    assert same("beta", "beta", "param beta")
    assert body("I", "param I") is Symbol("I")
    assert body("sigma (1 + sigma)", "param sigma") is body("sigma * (1 + sigma)", "param sigma")
    assert body("m", "param m; data x[i]") is Symbol("m")


def test_undeclared_names_with_one_usual_meaning() -> None:
    cost = read_cost("J = mean_i (y[i] - sum_j w[j] x[i,j] - b)^2 + lambda sum_j w[j]^2")
    kinds = {d.name: (d.kind, d.dims) for d in cost.declarations}
    assert kinds == {
        "y": ("data", ("m",)),
        "w": ("param", ("n",)),
        "x": ("data", ("m", "n")),
        "b": ("param", ()),
        "lambda": ("const", ()),
    }
    assert {r.what for r in cost.readings} >= set(kinds)


def test_lines_go_on_and_comments_are_kept() -> None:
    cost = read_cost("""
        # Squared error; scale 1/m.
        data y[i];  param b   % the mean
        J = mean_i (y[i]
            - b)^2
            + b^2
    """)
    assert cost.notes == ("Squared error; scale 1/m.", "the mean")
    assert len(cost.definitions) == 1


def test_constants_are_checked() -> None:
    cost = read_cost("param b\nconst lambda >= 0\nJ = lambda b^2")
    assert set_constants(cost, {"lambda": Fraction(0)}).declarations[1].value == 0
    with pytest.raises(LanguageError, match=">= 0"):
        set_constants(cost, {"lambda": Fraction(-1)})
    with pytest.raises(LanguageError, match="not a constant"):
        set_constants(cost, {"lamda": Fraction(1)})


def test_derivatives_in_expressions() -> None:
    z = Symbol("z")
    expected = Partial(read_expr("1 + e^(-z)", open_names=True), z)
    for text in ("d/dz (1 + e^(-z))", "∂/∂z (1 + e^(-z))", "d(1 + e^(-z))/dz", r"\frac{d}{dz}(1+e^{-z})"):
        assert read_expr(text, open_names=True) is expected
    assert read_expr("dL/dz", open_names=True) is Partial(Symbol("L"), z)
    assert read_expr(r"\frac{\partial L}{\partial z} x", open_names=True).factors[0] is Partial(
        Symbol("L"), z
    )
    assert read_expr("∂L[i]/∂w[j]", open_names=True).wrt is Symbol("w", (Index("j", "n"),))


def test_expressions_in_a_scope() -> None:
    i, m = Index("i", "m"), "m"
    scope = Scope(
        {"x": Declaration("x", "data", (m,), (), ("i",)), "d": Declaration("d", "param")},
        {"z": Definition("z", Symbol("x", (i,)), (i,), (m,))},
    )
    assert read_expr("z[i] x_i", scope).factors == (Symbol("z", (i,)), Symbol("x", (i,)))
    assert read_expr("d/d", scope) is read_expr("d * d^-1", scope)
    assert read_expr("delta(i, k) x[k]", scope, letters={"k": "m"}).factors[0] is Delta(i, Index("k", "m"))
    with pytest.raises(LanguageError, match="neither declared nor defined"):
        read_expr("z[i] q", scope)
    with pytest.raises(ShapeError):
        read_expr("x[i,i]", scope)
    with pytest.raises(LanguageError, match="no formula"):
        read_expr("  ")


def test_statements() -> None:
    left, right = read_statement("D(u^n) = n * u^(n - 1) * D(u)", ("u", "n"))
    assert isinstance(left, Call)
    assert left.name == "D"
    assert right.factors[0] is Hole("n")
    left, right = read_statement("sum_k delta(k, j) u = u", ("u",))
    assert left.body.factors[0] is Delta(Index("k", "?"), Index("j", "?"))
    with pytest.raises(LanguageError, match="two sides"):
        read_statement("D(u)", ("u",))
    with pytest.raises(WhygradError):
        read_statement("D(u) = q", ("u",))


def test_nesting_is_counted() -> None:
    with pytest.raises(BudgetError):
        body("(" * 81 + "b" + ")" * 81)
    assert body("(" * 70 + "b" + ")" * 70) is Symbol("b")
