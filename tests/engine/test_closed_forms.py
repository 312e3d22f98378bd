"""The closed forms people are proud of: reached by the engine, and equal to them as they stand in print."""

from __future__ import annotations

import pytest

import whygrad as wg
from whygrad.core.expr import Apply, Partial
from whygrad.core.walk import postorder
from whygrad.engine.derive import closed
from whygrad.meaning.equal import same_value
from whygrad.show.text import to_text
from whygrad.syntax.cost_text import read_cost

NORM = """mu = mean_i x[i]
v = mean_i (x[i] - mu)^2
s = sqrt(v + eps)
h[i] = (x[i] - mu)/s
"""
ROWS = """mu[i] = mean_j x[i,j]
v[i] = mean_j (x[i,j] - mu[i])^2
s[i] = sqrt(v[i] + eps)
h[i,j] = (x[i,j] - mu[i])/s[i]
"""
PRINTED = {
    "batch norm": (
        "data g[i]\nconst eps > 0\nparam x[i], gamma\n" + NORM + "J = sum_i g[i] gamma h[i]",
        "x",
        "F[i] = gamma/(s m) (m g[i] - (sum_k g[k]) - h[i] sum_k g[k] h[k])",
        "γ/s · (g_i − (h_i Σ_k g_k h_k)/m − (Σ_k g_k)/m)",
    ),
    "layer norm": (
        "data g[i,j]\nconst eps > 0\nparam x[i,j]: (m, n), gamma[j]\n"
        + ROWS
        + "J = sum_i sum_j g[i,j] gamma[j] h[i,j]",
        "x",
        "F[i,j] = 1/(n s[i]) (n g[i,j] gamma[j] - (sum_k g[i,k] gamma[k])"
        " - h[i,j] sum_k g[i,k] gamma[k] h[i,k])",
        "",
    ),
    "rms norm": (
        "data g[i,j]\nconst eps > 0\nparam x[i,j]: (m, n)\ns[i] = sqrt(mean_j x[i,j]^2 + eps)\n"
        "h[i,j] = x[i,j]/s[i]\nJ = sum_i sum_j g[i,j] h[i,j]",
        "x",
        "F[i,j] = 1/s[i] (g[i,j] - h[i,j] (mean_k g[i,k] h[i,k]))",
        "",
    ),
    "softmax, backwards": (
        "data g[i,k]\nparam z[i,k]: (m, K)\np[i,k] = exp(z[i,k])/sum_l exp(z[i,l])\n"
        "J = sum_i sum_k g[i,k] p[i,k]",
        "z",
        "F[i,k] = p[i,k] (g[i,k] - sum_l g[i,l] p[i,l])",
        "p_ik (g_ik − Σ_l g_il p_il)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("route", ["chain", "backprop", "substitution"])
@pytest.mark.parametrize("name", PRINTED)
def test_the_closed_form_is_the_one_in_print(name: str, route: str) -> None:
    text, wrt, printed, shown = PRINTED[name]
    derivation = wg.derive(text, wrt, route=route)
    (p,) = derivation.parameters
    assert p.evidence.kind == "proved"
    whole = closed(p.result, p.stages, {}, None)
    assert whole is not None
    scope = read_cost(f"{text}\n{printed}\nK = 0").scope
    body = scope.definitions["F"].body
    assert same_value(whole, body, scope).proved
    if shown and route != "substitution":
        assert to_text(p.result, derivation.cost.scope) == shown


def test_the_lemmas_of_normalisation_are_proved() -> None:
    scope = read_cost("const eps > 0\nparam x[i]\n" + NORM + "J = sum_i h[i]^2").scope
    lemmas = read_cost(
        "const eps > 0\nparam x[i]\n" + NORM + "a = sum_i h[i]\nb = sum_i h[i]^2\nc = m (1 - eps/s^2)\nJ = 0"
    ).scope.definitions
    assert same_value(lemmas["a"].body, read_cost("J = 0").definition("J").body, scope).proved
    assert same_value(lemmas["b"].body, lemmas["c"].body, scope).proved


def test_the_gradient_of_a_gaussian_process_is_a_trace() -> None:
    derivation = wg.derive("gaussian-process")
    for p in derivation.parameters:
        forms = [
            part
            for stage in p.stages
            for step in stage.steps
            for part in step.reason
            if not isinstance(part, str) and any(isinstance(n, Partial) for n in postorder(part))
        ]
        (form,) = forms
        assert any(isinstance(n, Apply) and n.op == "trace" for n in postorder(form))
        said = to_text(form, derivation.cost.scope)
        assert said == f"1/2 tr((A − α αᵀ) (∂K/∂{p.wrt.name}))"


def test_the_gradient_of_a_log_determinant() -> None:
    derivation = wg.derive("logdet")
    last = derivation.parameters[0].stages[-1]
    assert last.matrix is not None
    assert to_text(last.matrix, derivation.cost.scope) == "X⁻ᵀ"


ARRAYS = "data A: (n, n), B: (n, n), S: (n, n) symmetric, a: (n,), b: (n,), y: (m,), Z: (m, n)\nconst c > 0\n"
MATRICES = [
    ("X: (n, n)", "trace(A X B X')", "Aᵀ X Bᵀ + A X B"),
    ("X: (n, n)", "trace(inv(X) A)", "−X⁻ᵀ Aᵀ X⁻ᵀ"),
    ("X: (n, n)", "a' inv(X) b", "−X⁻ᵀ a (X⁻¹ b)ᵀ"),
    ("X: (n, n)", "det(X)", "det(X) X⁻ᵀ"),
    ("X: (m, n)", "logdet(X' X)", "2 X (Xᵀ X)⁻¹"),
    ("X: (m, n)", "logdet(I + X' X)", "2 X (I_n + Xᵀ X)⁻¹"),
    ("X: (n, n)", "log(det(A X B))", "Aᵀ (A X B)⁻ᵀ Bᵀ"),
    ("x: (n,)", "exp(-(x - a)' S (x - a))", "−2 e^(−(x − a)ᵀ S (x − a)) S (x − a)"),
    ("x: (n,)", "norm(Z x - y) + c norm(x, 1)", "Zᵀ(Z x − y)/‖Z x − y‖ + c sign(x)"),
    ("X: (n, n)", "trace((X * A) B)", "A ⊙ Bᵀ"),
    ("X: (n, n)", "sum(exp(X A))", "e^(X A) Aᵀ"),
    ("x: (n,)", "a' x b' x", "(bᵀ x) a + (aᵀ x) b"),
    ("X: (n, k)", "norm(S - X X')^2 / 4", "(X Xᵀ − S) X"),
]


@pytest.mark.parametrize(("declared", "formula", "shown"), MATRICES)
def test_array_expressions_are_written_as_people_write_them(declared: str, formula: str, shown: str) -> None:
    derivation = wg.derive(f"{ARRAYS}param {declared}\nJ = {formula}")
    (p,) = derivation.parameters
    assert p.evidence.kind == "proved"
    matrix = p.stages[-1].matrix
    assert matrix is not None
    assert to_text(matrix, derivation.cost.scope) == shown
