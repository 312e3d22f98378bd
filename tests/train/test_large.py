"""Fits of many rows: the minimum that another solver finds, from arrays as they lie."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from whygrad import costs
from whygrad.core.errors import DataError
from whygrad.train.fit import fit
from whygrad.train.predict import predict

from .files import LINEAR, LOGISTIC, cost

M, N = 20_000, 12


def made(kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels of a kind that is known to be hard for some solver."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(M, N)), rng.normal(size=N) / np.sqrt(N)
    shift = -5.0 if kind == "rare" else 0.0
    steep = 15.0 if kind == "near separable" else 1.0
    if kind == "heavy tails":
        x *= np.exp(rng.normal(size=M))[:, None]
    y = (rng.random(M) < 1 / (1 + np.exp(-steep * (x @ w) - shift))) * 1.0
    if kind == "ill-conditioned":
        x = x * np.exp(4 * rng.normal(size=N))
        x[:, 1] = x[:, 0] + 1e-4 * x[:, 1]
    if kind == "a rare column":
        x[:, 3] = 0.0
        x[17, 3] = 1.0
    if kind == "sorted":
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    return x, y


def value(x, y, w, b, strength):
    z = x @ w + b
    return np.mean(np.logaddexp(0, z) - y * z) + strength / (2 * len(y)) * w @ w


KINDS = (
    "plain",
    "rare",
    "near separable",
    "heavy tails",
    "ill-conditioned",
    "a rare column",
    "sorted",
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_solver_finds_less(kind):
    x, y = made(kind)
    found = fit(cost(costs.text("logistic-l2"), **{"lambda": 1}), (x, y))
    other = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=500).fit(x, y)
    own = value(x, y, found.parameters["w"], found.parameters["b"], 1.0)
    least = value(x, y, other.coef_[0], other.intercept_[0], 1.0)
    assert found.converged
    assert np.isclose(own, found.objective, rtol=1e-12)
    assert own - least <= 1e-8 * min(own, np.log(2) - own)


def test_the_sample_is_by_seed():
    x, y = made("plain")
    one, two, other = (fit(cost(LOGISTIC), (x, y), seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.parameters["w"], two.parameters["w"])
    assert not np.array_equal(one.parameters["w"], other.parameters["w"])
    assert np.allclose(one.parameters["w"], other.parameters["w"], rtol=1e-3, atol=1e-4)


def test_a_certificate_says_how_many_rows_it_is_of():
    x, y = made("heavy tails")
    found = fit(cost(LOGISTIC), (x, y))
    best = min(fit(cost(LOGISTIC), (x, y), seed=s, tolerance=1e-13).objective for s in range(3))
    assert found.certificate.gap is not None
    assert found.objective - best <= 10 * found.certificate.gap + 1e-15
    if found.certificate.by:
        assert "rows taken at random" in found.certificate.sentence


def test_separable_data_have_no_minimiser():
    x, _ = made("plain")
    found = fit(cost(LOGISTIC), (x, (x[:, 0] + x[:, 1] > 0) * 1.0))
    assert found.exit_status == 1
    assert "no minimiser exists" in found.reason


def test_dependent_columns_are_named():
    x, y = made("plain")
    x[:, 5] = x[:, 2] - x[:, 3]
    found = fit(cost(LOGISTIC), (x, y))
    assert any("not unique" in w for w in found.warnings)


def test_arrays_are_not_copied_and_not_changed():
    x, y = made("plain")
    before = x.copy()
    found = fit(cost(LINEAR), (x, y))
    assert found.dataset.arrays["x"] is x
    assert np.array_equal(x, before)
    exact, *_ = np.linalg.lstsq(np.c_[x, np.ones(M)], y, rcond=None)
    assert np.allclose(found.parameters["w"], exact[:-1], atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_place(bad):
    x, y = made("plain")
    x[M - 7, 4] = bad
    with pytest.raises(DataError, match=rf"'x5'.*row {M - 6}"):
        fit(cost(LOGISTIC), (x, y))


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_sparse_rows_give_the_minimum_of_dense_ones(kind):
    x, y = made("plain")
    x = x[:2000].astype(kind)
    y = y[:2000]
    x[np.random.default_rng(0).random(x.shape) < 0.7] = 0
    text = cost(costs.text("logistic-l2"), **{"lambda": 1})
    thin, thick = fit(text, (sparse.csr_matrix(x), y)), fit(text, (x.astype(np.float64), y))
    assert thin.converged
    assert thin.objective - thick.objective <= 1e-8 * thick.objective
    assert np.isclose(thin.accuracy, thick.accuracy)


def test_more_parameters_than_are_squared():
    rng = np.random.default_rng(0)
    m, n = 500, 4000
    x = sparse.random_array((m, n), density=0.01, rng=rng, format="csr")
    y = (rng.random(m) < 1 / (1 + np.exp(-5 * (x @ rng.normal(size=n))))) * 1.0
    found = fit(cost(costs.text("logistic-l2"), **{"lambda": 1}), (x, y))
    other = LogisticRegression(C=1.0, solver="newton-cg", tol=1e-10, max_iter=500).fit(x, y)
    least = value(x, y, other.coef_[0], other.intercept_[0], 1.0)
    assert found.converged
    assert found.objective - least <= 1e-8 * least
    assert found.objective - least <= found.certificate.gap + 1e-14


def test_labels_that_do_not_fit_are_refused():
    x, y = made("plain")
    with pytest.raises(DataError):
        fit(cost(LOGISTIC), (x, y + 1))
    with pytest.raises(DataError):
        fit(cost(LOGISTIC), (x, np.ones(M)))
    with pytest.raises(DataError):
        fit(cost(LOGISTIC), (x, y[:-1]))


def test_single_precision_gives_the_same_minimum():
    x, y = made("plain")
    x = x.astype(np.float32)
    small, large = fit(cost(LOGISTIC), (x, y)), fit(cost(LOGISTIC), (x.astype(np.float64), y))
    assert small.converged
    assert np.isclose(small.objective, large.objective, rtol=1e-10)


def test_predictions_and_accuracy_of_arrays(tmp_path):
    x, y = made("plain")
    found = fit(cost(LOGISTIC), (x, y))
    right = np.mean((x @ found.parameters["w"] + found.parameters["b"] > 0) == (y == 1))
    assert np.isclose(found.accuracy, right)
    found.save(tmp_path / "m.json")
    assert np.isclose(predict(tmp_path / "m.json", (x, y)).accuracy, right)
