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
    "arcface": """# Deng et al. 2019, eq. 3
        data  h[i,j]: (m, p) in (-0.4,0.4), Y[i,k]: (m, K) onehot(k)
        const s > 0, a > 0
        param W[j,k]
        n[k] = sqrt(sum_j W[j,k]^2)
        c[i,k] = sum_j h[i,j] W[j,k] / n[k]
        t[i,k] = s (Y[i,k] cos(acos(c[i,k]) + a) + (1 - Y[i,k]) c[i,k])
        J = mean_i (log sum_k exp(t[i,k]) - sum_k Y[i,k] t[i,k])""",
    "vicreg": """# Bardes, Ponce and LeCun 2022, eq. 1-4
        data  X: (m, n), Y: (m, n)
        const lambda > 0, mu > 0, nu > 0, eps > 0
        param W: (n, k)
        A[i,q] = sum_j X[i,j] W[j,q]
        B[i,q] = sum_j Y[i,j] W[j,q]
        a[q] = mean_i A[i,q]
        v[q] = 1/(m - 1) sum_i (A[i,q] - a[q])^2
        C[q,r] = 1/(m - 1) sum_i (A[i,q] - a[q]) (A[i,r] - a[r])
        I = mean_i sum_q (A[i,q] - B[i,q])^2
        V = mean_q max(0, 1 - sqrt(v[q] + eps))
        U = 1/k sum_q sum_{r != q} C[q,r]^2
        J = lambda I + mu V + nu U""",
    "simclr": """# Chen et al. 2020, eq. 1 (two views as U and V)
        data  X: (m, n), Y: (m, n)
        const T > 0
        param W: (n, k)
        A = X W
        B = Y W
        p[i] = sqrt(sum_q A[i,q]^2)
        r[i] = sqrt(sum_q B[i,q]^2)
        S[i,l] = sum_q A[i,q] B[l,q] / (p[i] r[l])
        J = -mean_i log(exp(S[i,i]/T) / sum_l exp(S[i,l]/T))""",
    "mixture-density": """# Bishop 1994, eq. 22-29: a mixture density network with a linear layer
        data  x[i,j], y[i]
        param A[j,k], M[j,k], S[j,k]
        a[i,k] = sum_j x[i,j] A[j,k]
        mu[i,k] = sum_j x[i,j] M[j,k]
        s[i,k] = exp(sum_j x[i,j] S[j,k])
        p[i,k] = exp(a[i,k]) / sum_l exp(a[i,l])
        L[i] = -log sum_k (p[i,k] / s[i,k] exp(-(y[i] - mu[i,k])^2 / (2 s[i,k]^2)))
        J = mean_i L[i]""",
    "factor-analysis": """# Rubin and Thayer 1982: factor analysis, marginal likelihood
        data  S: (n, n) symmetric
        param W: (n, k), psi: (n,) > 0
        C = W W' + diag(psi)
        J = 1/2 logdet(C) + 1/2 trace(inv(C) S)""",
    "crf": """# Lafferty, McCallum and Pereira 2001: a linear-chain conditional random field, four positions
        data  x[t,j]: (4, n), Y[t,k]: (4, K) onehot(k)
        param W[j,k], G[l,k]: (K, K)
        u[t,k] = sum_j x[t,j] W[j,k]
        a[1,k] = u[1,k]
        a[t,k] = u[t,k] + log sum_l exp(a[t-1,l] + G[l,k])
        Z = log sum_k exp(a[4,k])
        J = Z - sum_t sum_k Y[t,k] u[t,k] - sum_{t: t < 4} sum_l sum_k Y[t,l] G[l,k] Y[t+1,k]""",
    "ppo": """# Schulman et al. 2017, eq. 7
        data  x[i,j], A[i,k] onehot(k), g[i], q[i] > 0
        const eps in (0,1)
        param W[j,k]
        z[i,k] = sum_j x[i,j] W[j,k]
        P[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])
        r[i] = sum_k A[i,k] P[i,k] / q[i]
        J = -mean_i min(r[i] g[i], clip(r[i], 1 - eps, 1 + eps) g[i])""",
}


WHOLE = {
    "t-sne": "sampled",
    "arcface": "definition",
    "vicreg": "definition",
    "simclr": "definition",
    "crf": "sampled",
}
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
    seeds = random.Random(name)
    for _ in range(9):  # at some points exp(-u²) is 0 in float64, and has no logarithm
        point = draw_point([d.body for d in cost.definitions], cost.scope, seeds.randrange(99))
        (expected,) = jax.gradients(cost, point, results, second=False)
        if all(bool(jnp.all(jnp.isfinite(expected[n]))) for n in results):
            break
    (ours,) = jax.along(results, cost, point, results, second=False)
    for n in results:
        largest = max(1.0, float(jnp.max(jnp.abs(expected[n]))))
        assert float(jnp.max(jnp.abs(expected[n] - ours[n]))) <= 1e-10 * largest, n
