"""Penalties with a kink: exact zeros, the optimality conditions, and the minimum another solver finds."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import ElasticNet, Lasso

from whygrad import costs
from whygrad.train.fit import fit
from whygrad.train.proximal import Kinked

from .files import cost

LOGISTIC_L1 = """data x[i,j], y[i] in {0,1}
const lambda >= 0
param w[j], b
z[i] = sum_j w[j] x[i,j] + b
J = mean_i (softplus(z[i]) - y[i] z[i]) + lambda sum_j abs(w[j])
"""
ELASTIC = """data x[i,j], y[i]
const lambda >= 0, r >= 0
param w[j], b
J = 1/2 mean_i (sum_j w[j] x[i,j] + b - y[i])^2 + lambda (r sum_j abs(w[j]) + (1 - r)/2 sum_j w[j]^2)
"""


def made(m, n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, n)) * np.exp(rng.normal(size=n))
    w = np.where(np.arange(n) < 4, rng.normal(size=n), 0.0)
    return x, x @ w + 0.5 + rng.normal(size=m)


@pytest.mark.parametrize(("m", "n"), [(120, 15), (60, 200), (50, 1700)])
def test_lasso_is_the_lasso_of_another_solver(m, n):
    x, y = made(m, n)
    found = fit(cost(costs.text("lasso"), **{"lambda": 0.1 * m}), (x, y))
    other = Lasso(alpha=0.1, tol=1e-12, max_iter=200_000).fit(x, y)
    least = 0.5 * np.mean((x @ other.coef_ + other.intercept_ - y) ** 2) + 0.1 * np.abs(other.coef_).sum()
    assert found.converged
    assert found.objective - least <= found.certificate.gap + 1e-12
    assert found.objective - least <= 1e-8 * found.cost_history[0]
    assert (found.parameters["w"] == 0).sum() > 0


@pytest.mark.parametrize("r", [1, 0.5, 0.01])
def test_elastic_net(r):
    x, y = made(100, 20)
    found = fit(cost(ELASTIC, r=r, **{"lambda": 0.3}), (x, y))
    other = ElasticNet(alpha=0.3, l1_ratio=r, tol=1e-13, max_iter=200_000).fit(x, y)
    assert found.converged
    assert np.allclose(found.parameters["w"], other.coef_, atol=1e-3)


def test_the_conditions_of_a_minimum_hold():
    x, _ = made(400, 12)
    rng = np.random.default_rng(1)
    y = (rng.random(400) < 1 / (1 + np.exp(-x[:, 0]))) * 1.0
    found = fit(cost(LOGISTIC_L1, **{"lambda": 0.03}), (x, y), tolerance=1e-13)
    w, b = found.parameters["w"], found.parameters["b"]
    slope = x.T @ (1 / (1 + np.exp(-(x @ w + b))) - y) / 400
    assert np.allclose(slope[w != 0], -0.03 * np.sign(w[w != 0]), atol=1e-5)
    assert (np.abs(slope[w == 0]) <= 0.03 + 1e-6).all()


def test_sparse_rows():
    rng = np.random.default_rng(2)
    x = sparse.random_array((300, 500), density=0.05, rng=rng, format="csr")
    y = (rng.random(300) < 0.5) * 1.0
    text = cost(LOGISTIC_L1, **{"lambda": 0.002})
    thin, thick = fit(text, (x, y)), fit(text, (x.toarray(), y))
    assert thin.converged
    assert thick.converged
    assert abs(thin.objective - thick.objective) <= 2e-8 * thick.cost_history[0]


def test_the_gap_bounds_the_distance():
    """Of a cost whose minimum is known: (t − 1)²/2 + |t|/4 is least at 3/4."""
    penalty = Kinked(np.zeros(1), np.full(1, 0.25))
    for t in (-2.0, -0.1, 0.0, 0.3, 0.75, 5.0):
        value = (t - 1) ** 2 / 2 + abs(t) / 4
        gap, _ = penalty.gap(np.array([t]), np.array([t - 1 + np.sign(t) / 4]))
        assert gap >= value - (0.25**2 / 2 + 0.75 / 4) - 1e-15
    assert penalty.gap(np.array([0.75]), np.array([0.0]))[0] <= 1e-15
