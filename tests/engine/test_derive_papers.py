"""Costs of papers that are in no list: derived, proved, and equal to an automatic derivative."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import jax.numpy as jnp
import pytest

import whygrad as wg
from whygrad.engine.derive import closed
from whygrad.meaning.sample import draw_point

LAWS = Path(__file__).parents[1] / "laws" / "jax_judge.py"
COSTS = {
    "gru": """# Cho et al. 2014, eq. 5-8
        data  x: (n,), p: (k,), y: (k,)
        param A: (k, n), B: (k, k), C: (k, n), D: (k, k), E: (k, n), F: (k, k)
        r = sigmoid(A x + B p)
        u = sigmoid(C x + D p)
        c = tanh(E x + F (r * p))
        h = u * p + (1 - u) * c
        J = 1/2 sum((h - y)^2)""",
    "t-sne": """# van der Maaten and Hinton 2008, eq. 4; P not symmetric
        data  P[i,j]: (m, m) > 0
        param y[i,k]
        q[i,j] = 1/(1 + sum_k (y[i,k] - y[j,k])^2)
        Z = sum_i sum_{j: j != i} q[i,j]
        J = sum_i sum_{j: j != i} P[i,j] (log P[i,j] - log q[i,j] + log Z)""",
    "bradley-terry": """# Bradley and Terry 1952
        data  n[i,j]: (m, m) >= 0
        param s[i]: (m,)
        J = -sum_i sum_j n[i,j] log sigmoid(s[i] - s[j])""",
    "glove": """# Pennington et al. 2014, eq. 8
        data  X[i,j] > 0, F[i,j] >= 0
        param U[i,k], V[j,k], b[i], c[j]
        r[i,j] = sum_k U[i,k] V[j,k] + b[i] + c[j] - log X[i,j]
        J = sum_i sum_j F[i,j] r[i,j]^2""",
    "nmf": """# Lee and Seung 2001, eq. 3
        data  V[i,j] > 0
        param W[i,k] > 0, H[k,j] > 0
        R[i,j] = sum_k W[i,k] H[k,j]
        J = sum_i sum_j (V[i,j] log(V[i,j]/R[i,j]) - V[i,j] + R[i,j])""",
    "zero-inflated-poisson": """# Lambert 1992
        data  x[i,j], y[i] integer >= 0, d[i] in {0,1}
        param w[j], v[j]
        z[i] = sum_j w[j] x[i,j]
        u[i] = sum_j v[j] x[i,j]
        L[i] = log(1 + exp(u[i])) - d[i] log(exp(u[i]) + exp(-exp(z[i]))) - (1 - d[i]) (y[i] z[i] - exp(z[i]))
        J = mean_i L[i]""",
    "barlow-twins": """# Zbontar et al. 2021, eq. 1
        data  X: (m, n), Y: (m, n)
        const lambda >= 0
        param W: (n, k)
        A = X W
        B = Y W
        C = A' B / m
        J = sum((diag(C) - 1)^2) + lambda (sum(C * C) - sum(diag(C)^2))""",
    "ising": """# Besag 1975, pseudo-likelihood
        data  s[i,j]: (m, n) in {-1,1}
        param W: (n, n)
        h[i,j] = sum_{k: k != j} W[j,k] s[i,k]
        J = mean_i sum_j log(1 + exp(-2 s[i,j] h[i,j]))""",
}


WHOLE = {"t-sne": "definition"}
"""Gradients that are not proved as a whole, but line by line, and how the whole is held."""


def judge():
    spec = importlib.util.spec_from_file_location("jax_judge_of_papers", LAWS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(name):
    return "\n".join(line.strip() for line in COSTS[name].splitlines())


@pytest.mark.parametrize("route", ["chain", "backprop"])
@pytest.mark.parametrize("name", COSTS)
def test_the_gradient_is_the_automatic_one(name, route):
    derivation = wg.derive(text(name), route=route)
    cost = derivation.cost
    results = {}
    for p in derivation.parameters:
        assert p.evidence.kind in ("proved", WHOLE.get(name))
        for stage in p.stages:
            assert stage.evidence.kind in ("proved", "definition"), stage.id
        results[p.wrt.name] = (p.wrt.indices, closed(p.result, p.stages, {}, None))
    jax = judge()
    point = draw_point([d.body for d in cost.definitions], cost.scope, random.Random(name).randrange(99))
    (expected,) = jax.gradients(cost, point, results, second=False)
    (ours,) = jax.along(results, cost, point, results, second=False)
    for n in results:
        largest = max(1.0, float(jnp.max(jnp.abs(expected[n]))))
        assert float(jnp.max(jnp.abs(expected[n] - ours[n]))) <= 1e-10 * largest, n
