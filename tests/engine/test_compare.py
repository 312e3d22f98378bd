"""Two costs side by side: what they share, and that it is shared."""

from __future__ import annotations

import pytest

import whygrad as wg
from whygrad.core.document import Table
from whygrad.core.errors import UsageError

SAME = [("logistic", "linear"), ("linear", "logistic"), ("logistic", "poisson"), ("softmax", "distillation")]
FACTOR = [("neuron-sigmoid-squared", "logistic"), ("neuron-tanh-squared", "linear"), ("gamma", "poisson")]


@pytest.mark.parametrize("pair", SAME)
def test_the_same_and_why(pair):
    found = wg.compare(*pair)
    assert found.verdict == "same"
    assert found.evidence.kind == "proved"
    product = next(s for s in found.steps if s.role == "their product")
    assert product.same
    assert found.first.why
    assert found.second.why


@pytest.mark.parametrize("pair", FACTOR)
def test_a_factor_apart(pair):
    found = wg.compare(*pair)
    assert found.verdict == "factor"
    assert found.evidence.kind == "proved"
    assert not next(s for s in found.steps if s.role == "their product").same


def test_one_class_and_many_are_alike():
    assert wg.compare("softmax", "logistic").verdict == "alike"


def test_different_slopes_are_refuted():
    found = wg.compare("huber", "linear")
    assert found.verdict == "different"
    assert found.evidence.kind == "refuted"


def test_scale_alone_is_a_constant():
    head = "data x[i], y[i]\nparam w\nf[i] = w x[i]\n"
    found = wg.compare(head + "J = mean_i (f[i] - y[i])^2", head + "J = mean_i 1/2 (f[i] - y[i])^2")
    assert found.verdict == "constant"


def test_a_cost_without_a_score_is_refused():
    with pytest.raises(UsageError, match="laid beside"):
        wg.compare("logistic", "logdet")


def test_names_do_not_matter():
    other = ("data u[n,k], t[n] in {0,1}\nparam v[k], c\na[n] = sum_k v[k] u[n,k] + c\np[n] = sigmoid(a[n])\n"
             "l[n] = -(t[n] log p[n] + (1 - t[n]) log(1 - p[n]))\nC = mean_n l[n]")  # fmt: skip
    found = wg.compare("logistic", other)
    assert found.verdict == "same"
    assert all(step.same for step in found.steps if step.first is not None)


def test_it_is_shown_side_by_side():
    document = wg.document(wg.compare("logistic", "linear"))
    table = next(b for b in document.blocks if isinstance(b, Table))
    assert table.header[1] == ("Logistic regression",)
    assert table.header[2] == ("Linear regression",)
    text = wg.render(document)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "∂L_i/∂z_i = f_i − y_i" in text
    for medium in ("latex", "markdown", "html", "json"):
        assert wg.render(document, medium)
