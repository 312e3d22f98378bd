"""What is read off the formulas: linear forms, curvature, convexity, bends, existence."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whygrad import costs
from whygrad.meaning.to_index import cost_to_index
from whygrad.train.convexity import is_convex
from whygrad.train.curvature import Curvature
from whygrad.train.data import prepare
from whygrad.train.existence import existence
from whygrad.train.fit import fit
from whygrad.train.objective import Objective
from whygrad.train.start import constants_of
from whygrad.train.structure import structure_of

from .files import LINEAR, LOGISTIC, RIDGE, SOFTMAX, SVM, cost, noisy

HEAD = "data x[i,j], y[i]\nparam w[j], b\nz[i] = sum_j w[j] x[i,j] + b\nJ = mean_i "
LABELS = HEAD.replace("y[i]\n", "y[i] in {0,1}\n")


def structure(text, **constants):
    return structure_of(cost_to_index(cost(text, **constants)))


def on_data(task, x, y):
    d = prepare(task, (x, y))
    bound = Objective(task).bind(d.arrays, d.sizes, constants_of(task))
    return Curvature(structure_of(cost_to_index(task)), bound)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (LOGISTIC, 0, Fraction(1, 4)),
        (LINEAR, 2, 2),
        (RIDGE, 2, 2),
        (HEAD + "(z[i] - y[i])^2", 2, 2),
        (LABELS + "(softplus(z[i]) - y[i] z[i])", 0, Fraction(1, 4)),
        (LABELS + "log(1 + exp((1 - 2 y[i]) z[i]))", 0, Fraction(1, 4)),
        (HEAD.replace("y[i]\n", "y[i] in {-1,1}\n") + "log(1 + exp(-y[i] z[i]))", 0, Fraction(1, 4)),
        (HEAD + "(exp(z[i]) - y[i] z[i])", 0, None),
        (HEAD + "(z[i] - y[i])^4", 0, None),
        (HEAD.replace("z[i] = sum_j w[j] x[i,j] + b\n", "") + "(sum_j w[j] x[i,j] + b - y[i])^2", 2, 2),
    ],
)
def test_bounds_of_the_second_derivative(text, low, high):
    found = structure(text)
    assert found is not None
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        SOFTMAX,
        "data x[i,j], y[i]\nparam U[j,k]: (n, 2), v[k]\n"
        "J = mean_i (y[i] - sum_k v[k] tanh(sum_j U[j,k] x[i,j]))^2",
        "data x[i]\nparam a, b\nJ = mean_i (x[i] - a b)^2",
        "data x[i]\nparam a, b\nJ = mean_i (exp(a x[i]) + exp(b x[i]))",
        "param w[j]\nJ = sum_j w[j]^2",
    ],
)
def test_other_costs_have_no_such_structure(text):
    assert structure(text) is None


def test_a_loss_that_is_not_convex_is_not_called_so():
    found = structure(HEAD + "(tanh(z[i]) - y[i])^2")
    assert found is not None
    assert not found.convex


@pytest.mark.parametrize("text", [LOGISTIC, LINEAR, RIDGE, LABELS + "(softplus(z[i]) - y[i] z[i])"])
def test_the_structured_hessian_equals_the_derived_one(text, seed):
    task = cost(text, **({"lambda": Fraction(1, 3)} if "lambda" in text else {}))
    curvature = on_data(task, *noisy(seed))
    theta = np.array([0.3, -0.02, 0.5, 0.1])
    assert np.allclose(curvature.hessian(theta), curvature.bound.hessian(theta), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["logistic", "logistic-l2", "linear", "huber"])
def test_no_curvature_exceeds_the_bound(name, seed):
    """Along random lines the gradient never changes faster than L times the distance."""
    values = {"lambda": 2, "delta": 1}
    text = costs.text(name)
    task = cost(text, **{k: v for k, v in values.items() if f"const {k}" in text})
    curvature = on_data(task, *noisy(seed))
    most, rng = curvature.lipschitz(), np.random.default_rng(seed)
    assert most is not None
    largest = 0.0
    for _ in range(300):
        a, b = rng.normal(size=(2, 4)) * rng.choice([0.1, 1.0, 10.0])
        ga, gb = (curvature.bound.value_and_gradient(t)[1] for t in (a, b))
        largest = max(largest, np.linalg.norm(ga - gb) / np.linalg.norm(a - b))
    assert largest <= most * (1 + 1e-12)
    assert largest >= 0.05 * most  # the bound is of use


@pytest.mark.parametrize(
    ("loss", "bend"),
    [
        ("max(0, 1 - z[i])", "convex"),
        ("abs(z[i] - y[i])", "convex"),
        ("(0.9 (y[i] - z[i]) if y[i] > z[i] else 0.1 (z[i] - y[i]))", "convex"),
        ("(1/2 (z[i]-y[i])^2 if abs(z[i]-y[i]) <= 1 else abs(z[i]-y[i]) - 1/2)", "none"),
        ("max(0, 1 - z[i])^2", "none"),
        ("min(z[i]^2, 1)", "other"),
        ("(relu(z[i]) - y[i])^2", "other"),
        ("softplus(z[i])", "none"),
    ],
)
def test_bends_are_seen(loss, bend, seed):
    x, y = noisy(seed)
    assert on_data(cost(HEAD + loss), x, y).bend == bend


# --- convexity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", costs.names())
def test_what_is_called_convex_is(name):
    """A chord of the cost never lies below it: tried on random chords."""
    from tests.lower.points import arrays_of, draw

    task, point = draw(costs.text(name), 3)
    if not task.parameters or not is_convex(cost_to_index(task)):
        return
    objective = Objective(task)
    given = arrays_of(task, point)
    on = objective.bind({k: v for k, v in given.items() if k not in objective.names}, point.sizes, {})
    rng = np.random.default_rng(1)
    for _ in range(60):
        a, b = rng.normal(size=(2, on.layout.size)) * 2
        t = rng.uniform()
        ends = [on.value_and_gradient(p)[0] for p in (a, b)]
        middle = on.value_and_gradient(t * a + (1 - t) * b)[0]
        assert middle <= t * ends[0] + (1 - t) * ends[1] + 1e-9 * (1 + abs(ends[0]) + abs(ends[1]))


def test_what_should_be_called_convex_is():
    for name in ("linear", "ridge", "logistic", "logistic-l2", "poisson", "hinge", "softmax", "lasso"):
        assert is_convex(cost_to_index(cost(costs.text(name)))), name
    for text in (LOGISTIC, LINEAR, RIDGE, SVM, SOFTMAX):
        assert is_convex(cost_to_index(cost(text)))


@pytest.mark.parametrize(
    "body",
    ["a b", "(a b)^2", "-a^2", "log(1 + a^2)", "exp(-a^2)", "min(a, b)", "tanh(a)", "a^3", "1/a", "-exp(a)"],
)
def test_what_is_not_convex_is_not_called_so(body):
    assert not is_convex(cost(f"param a, b\nJ = {body} + b^2"))


# --- existence ----------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=3, max_size=9).filter(
        lambda rows: len({y for _, y in rows}) == 2
    )
)
def test_existence_in_one_dimension(rows):
    """With one column the classes are (quasi-)separable just when their ranges do not cross."""
    x = np.array([[float(v)] for v, _ in rows])
    y = np.array([float(t) for _, t in rows])
    zeros, ones = x[y == 0, 0], x[y == 1, 0]
    apart = max(zeros) <= min(ones) or max(ones) <= min(zeros)
    strictly = max(zeros) < min(ones) or max(ones) < min(zeros)
    if np.ptp(x) == 0:
        apart = strictly = False
    found = existence(on_data(cost(LOGISTIC), x, y))
    assert found.answer == ("none" if apart else "exists")
    if apart:
        assert found.complete == strictly
        margins = (2 * y - 1) * (x[:, 0] * found.direction[0] + found.direction[1])
        assert margins.min() >= -1e-9
        assert margins.max() > 0


def test_the_direction_lowers_the_cost_for_ever(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 3))
    y = (x @ [1.0, -2.0, 0.5] > 0.3).astype(float)
    curvature = on_data(cost(LOGISTIC), x, y)
    found = existence(curvature)
    assert found.answer == "none"
    assert found.complete
    values = [curvature.bound.value_and_gradient(t * found.direction)[0] for t in (1, 10, 100, 1e4)]
    assert values == sorted(values, reverse=True)


def test_a_penalty_or_a_square_settles_existence(seed):
    x, y = noisy(seed)
    assert existence(on_data(cost(LINEAR), x, y)).answer == "exists"
    rng = np.random.default_rng(seed)
    separable = (rng.normal(size=(30, 2)) + np.where(np.arange(30) < 15, 5, -5)[:, None], np.arange(30) < 15)
    l2 = cost(costs.text("logistic-l2"), **{"lambda": 1})
    assert existence(on_data(l2, *separable)).answer == "exists"
    zero = cost(costs.text("logistic-l2"), **{"lambda": 0})
    assert existence(on_data(zero, *separable)).answer == "none"


def test_a_large_sample_gives_the_same_answer(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5000, 3))
    score = x @ [1.0, 2, 3]
    assert existence(on_data(cost(LOGISTIC), x, (score > 0).astype(float))).answer == "none"
    y = (score > 0).astype(float)
    y[np.argmax(score)] = 0
    y[np.argmin(score)] = 1
    assert existence(on_data(cost(LOGISTIC), x, y)).answer == "exists"


def test_separable_classes_are_not_called_converged():
    """Softmax has no linear programme here; moving on outwards shows it."""
    x = np.array([[-3.0], [-2.5], [0.0], [0.2], [2.8], [3.0]])
    r = fit(cost(costs.text("softmax")), (x, ["a", "a", "b", "b", "c", "c"]))
    assert not r.converged
    assert r.exit_status == 1
