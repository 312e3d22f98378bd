"""Whether ∂L/∂z is c (f − y): over the gallery, against JAX, and on costs of one's own."""

from __future__ import annotations

from functools import cache

import hessian_judge
import jax
import jax_judge
import numpy as np
import pytest

import whygrad as wg
from whygrad import costs
from whygrad.core.expr import Number, Symbol
from whygrad.core.walk import names
from whygrad.engine.score import scored
from whygrad.meaning.sample import draw_point

GALLERY = costs.names()

YES = """linear ridge lasso logistic logistic-l2 poisson softmax network-sigmoid network-tanh bpr dpo
infonce label-smoothing class-weights matrix-factorisation pca distillation""".split()
FACTOR = """neuron-sigmoid-squared neuron-tanh-squared neuron-relu-squared probit cloglog gamma
negative-binomial tweedie""".split()
NO = "hinge squared-hinge huber quantile absolute student-t focal log-cosh".split()
EXPECTED = dict.fromkeys(YES, "yes") | dict.fromkeys(FACTOR, "factor") | dict.fromkeys(NO, "no")
LARGE = ("network-tanh", "infonce", "network-sigmoid", "distillation", "pca", "label-smoothing")
JUDGED = [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in (*YES, *FACTOR)]


@cache
def paired(text):
    return wg.pairs(text)


@pytest.mark.parametrize("name", GALLERY)
def test_the_answer_is_proved_or_says_why_not(name):
    found = paired(name)
    assert found.answer == EXPECTED.get(name, found.answer)
    if found.answer == "none":
        assert found.reason
        return
    if found.answer in ("yes", "factor"):
        assert found.evidence.kind in ("proved", "definition")
    for stage in (*found.stages, *found.why):
        assert stage.evidence.kind in ("proved", "definition"), stage.id
    assert wg.render(wg.document(found)).strip()


@pytest.mark.parametrize("name", JUDGED)
def test_the_slope_is_what_jax_finds(name):
    """∂L/∂z by JAX, with the score as the variable, equals constant · (output − label), factor included."""
    found = paired(name)
    reading, cost = found.found, found.found.cost
    bodies = [d.body for d in cost.definitions if not d.is_function]
    for seed in range(8):
        point = draw_point(bodies, cost.scope, seed)
        if np.isfinite(hessian_judge.goal_value(cost, point)):
            break
    arrays = jax_judge.arrays_at(cost, point)
    z = reading.score
    scores = hessian_judge.value(z, cost, arrays, point.sizes, z.indices)

    def total(values):
        """The losses of all examples; a score moves the loss of its own example alone."""
        loss = hessian_judge.value(
            reading.loss, cost, {**arrays, z.name: values}, point.sizes, reading.loss.indices
        )
        return loss.sum()

    expected = np.asarray(jax.grad(total)(scores))
    front = found.constant if found.factor is None else found.factor
    parts = [
        hessian_judge.value(e, cost, arrays, point.sizes, z.indices)
        for e in (front, found.output, found.label)
    ]
    ours = np.asarray(parts[0] * (parts[1] - parts[2]))
    assert np.allclose(ours, expected, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("name", YES)
def test_a_constant_is_constant(name):
    found = paired(name)
    moving = {found.found.score.name, found.found.output.name, *found.found.parameters}
    assert not names(found.constant) & moving
    assert not names(found.label) & moving


LEFT = {"neuron-sigmoid-squared": "f_i (1 − f_i)", "neuron-tanh-squared": "1 − f_i²", "gamma": "1/f_i"}


@pytest.mark.parametrize(("name", "factor"), LEFT.items())
def test_the_factor_left(name, factor):
    text = wg.render(wg.document(paired(name)), width=110)
    assert f"times {factor}" in text


def test_the_activation_is_to_blame_in_a_squared_neuron():
    for name in ("neuron-sigmoid-squared", "neuron-tanh-squared", "neuron-relu-squared"):
        assert paired(name).activation_slope
        assert paired(name).mate is not None
    assert not paired("gamma").activation_slope


OF = {"logistic": "Bernoulli", "linear": "normal", "poisson": "Poisson", "softmax": "categorical"}


@pytest.mark.parametrize(("name", "family"), OF.items())
def test_why_is_an_exponential_family(name, family):
    found = paired(name)
    assert found.family == f"the {family} distribution"
    mixed, potential, written = found.why
    assert isinstance(mixed.result, Number)
    assert potential.result is found.output
    assert written.left is found.found.loss
    assert all(s.evidence.kind == "proved" for s in found.why)


HEAD = "data x[i,j], y[i]{}\nparam w[j], b\nz[i] = sum_j w[j] x[i,j] + b\n"


@pytest.mark.parametrize(("labels", "loss", "answer"), [
    ("", "softplus(z[i]) - y[i] z[i]", "yes"),
    ("", "1/2 z[i]^2 - y[i] z[i]", "yes"),
    ("", "log(cosh(z[i])) - y[i] z[i]", "yes"),
    (" in {-1,1}", "log(1 + exp(-y[i] z[i]))", "yes"),
    (" in {0,1}", "log(1 + exp(-(2 y[i] - 1) z[i]))", "yes"),
    ("", "3 exp(z[i]) - 3 y[i] z[i]", "yes"),
    (" in {-1,1}", "exp(-y[i] z[i])", "no"),
    ("", "(z[i]^2 - y[i])^2", "factor"),
    ("", "(y[i] - z[i])^4", "no"),
    ("", "exp(z[i])/y[i] - z[i]", "no"),
])  # fmt: skip
def test_costs_of_ones_own(labels, loss, answer):
    found = paired(HEAD.format(labels) + f"L[i] = {loss}\nJ = mean_i L[i]")
    assert found.answer == answer


def test_labels_of_minus_one_and_one_are_coded():
    found = paired(HEAD.format(" in {-1,1}") + "J = mean_i log(1 + exp(-y[i] z[i]))")
    assert found.coded == "-1 counts as 0, 1 as 1"


@pytest.mark.parametrize(("text", "score", "linear"), [
    ("data x[i], y[i]\nparam w\nJ = mean_i (w x[i] - y[i])^2", "w x[i]", {"w"}),
    ("data X: (m, n), y: (m,)\nparam w: (n,), b: ()\nJ = mean((y - X w - b)^2)", "", {"w", "b"}),
    ("data r[u,v]\nparam P[u,k], Q[v,k]\nJ = sum_u sum_v (r[u,v] - sum_k P[u,k] Q[v,k])^2", "", {"Q"}),
])  # fmt: skip
def test_a_score_without_a_name_gets_one(text, score, linear):
    found = scored(wg.load_cost(text))
    assert found is not None
    assert found.linear == frozenset(linear)
    assert found.added
    assert isinstance(found.score, Symbol)
    assert found.labels
    assert score is not None


NAMED = ("pca", "cox", "matrix-factorisation", "factorisation-machine", "infonce", "residual-block")


@pytest.mark.parametrize("name", [n for n in NAMED if n in GALLERY])
def test_the_reading_keeps_the_cost(name):
    """With loss and score named, the goal has the value it had."""
    found = scored(wg.load_cost(name))
    if found is None or not found.added:
        pytest.skip("nothing was named")
    before = wg.derive(name).cost
    bodies = [d.body for d in before.definitions if not d.is_function]
    try:
        point = draw_point(bodies, before.scope, 3)
        one, two = (hessian_judge.goal_value(c, point) for c in (before, found.cost))
    except (TypeError, KeyError, ValueError):
        pytest.skip("array operations the automatic judge does not read")
    assert np.isclose(one, two, rtol=1e-12, equal_nan=True)
