"""Costs of several kinds, in every notation; tests read, print, mutate and compare them."""

from __future__ import annotations

PLAIN: dict[str, str] = {
    "logistic": """
        data  x[i,j], y[i] in {0,1}
        param w[j], b
        z[i] = sum_j w[j] x[i,j] + b
        f[i] = sigmoid(z[i])
        L[i] = -(y[i] log f[i] + (1-y[i]) log(1-f[i]))
        J = mean_i L[i]
    """,
    "softmax": """
        data x[i,j], Y[i,k] onehot(k)
        param W[k,j], b[k]
        const lambda >= 0
        z[i,k] = sum_j W[k,j] x[i,j] + b[k]
        P[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])
        J = -mean_i sum_k Y[i,k] log P[i,k] + lambda/(2 m) sum_k sum_j W[k,j]^2
    """,
    "huber": """
        data x[i], y[i]
        param w, b
        const delta > 0
        r[i] = y[i] - w x[i] - b
        L[i] = r[i]^2/2 if abs(r[i]) <= delta else delta (abs(r[i]) - delta/2)
        mean_i L[i]
    """,
    "hinge": """
        data x[i,j], y[i] in {-1,1}
        param w[j], b
        z[i] = sum_j w[j] x[i,j] + b
        J = mean_i max(0, 1 - y[i] z[i]) + 0.5 sum_j w[j]^2
    """,
    "poisson": """
        data x[i,j], y[i] integer >= 0
        param w[j], b
        h(t) = t^2/(1 + t^2)
        eta[i] = Σ_j w[j]·x[i,j] + b
        J = mean_i exp(eta[i]) - y[i] eta[i] + h(b)
    """,
    "pairs": """
        data t[a,k]
        param s[a]
        J = sum_a sum_{c != a} (s[a] - s[c])^2 sum_k (t[a,k] - t[c,k])^2 + mean_{a<c} (s[a] - s[c])^2
    """,
    "autoregression": """
        data x[i]
        param mu, s > 0
        J = sum_i (x[i+1] - mu x[i])^2 / (2 s^2) + m log s
    """,
    "cox": """
        data x[i], t[i], e[i]
        param w
        J = -sum_i e[i] (w x[i] - log(sum_{k: t[k] >= t[i]} e^(w x[k])))
    """,
    "embedding": """
        data t[i] integer >= 0, y[i]
        param E[v,j], w[j]
        z[i] = sum_j E[t[i],j] w[j]
        J = mean_i (y[i] - z[i])^2
    """,
    "labels": """
        data x[i,j], y[i] integer
        param W[k,j]
        z[i,k] = sum_j W[k,j] x[i,j]
        J = -mean_i sum_k (y[i] == k) z[i,k] + prod_k W[k,1] + max_k W[k,2]
    """,
    "convolution": """
        data x[t], y[t]
        param k[s]
        z[t] = sum_s k[s] x[t+s-1]
        J = mean_t (z[t] - y[t])^2
    """,
    "recurrence": """
        data x[t]: (4,), y[k]
        param a, U[k]
        h[1,k] = 0
        h[t,k] = tanh(a h[t-1,k] + U[k] x[t])
        J = sum_k (h[4,k] - y[k])^2 + sum_t sum_k h[t,k]^2
    """,
    "mixed": """
        data S: (n, n), mu[j]: (n,)
        param b: (n,)
        P = inv(S)
        r[j] = mu[j] - b[j]
        J = sum_j sum_k r[j] P[j,k] r[k] + logdet(P) + log|S|
    """,
    "covariance": """
        data S: (n, n) spd, X: (m, n)
        param P: (n, n) spd
        J = trace(S P) - logdet(P) + norm(X P)^2 + sum(X.^2 + 1) + trace(P^-1 S') + sum(P^3)
    """,
    "least squares": """
        data X: (m, n), y: (m,)
        param w: (n,)
        r = X w - y
        J = 1/m r' r + 0.1 * w' w + sum(y * X w)
    """,
    "softmax by array": """
        data X: (m, n), y: (m,), Y: (m,k)
        param W: (n,k), b: (k,)
        Z = X W + b
        P = exp(Z)/sum(exp(Z), axis=1, keepdims=True)
        J = -sum(Y * log(P))/m + y' (X W) ones
    """,
}

LATEX: dict[str, str] = {
    "logistic": r"""
        f_{w,b}(x^{(i)}) = \frac{1}{1+e^{-(w\cdot x^{(i)}+b)}}
        J(w,b) = -\frac{1}{m}\sum_{i=1}^{m}\left[y^{(i)}\log f_{w,b}(x^{(i)})
            + (1-y^{(i)})\log(1-f_{w,b}(x^{(i)}))\right]
    """,
    "ridge": r"""
        \begin{align}
        h_\theta(x) &= \theta^T x \\
        J(\theta) &= \frac{1}{2m}\sum_{i=1}^m \left(h_\theta(x^{(i)}) - y^{(i)}\right)^2
            + \frac{\lambda}{2m}\sum_{j=1}^n \theta_j^2
        \end{align}
    """,
    "loss": r"""
        z^{(i)} = \sum_{j} w_j x_j^{(i)} + b
        a^{(i)} = \sigma(z^{(i)})
        L(a, y) = -\left(y\log a + (1-y)\log(1-a)\right)
        J(w, b) = \frac{1}{m} \sum_{i=1}^{m} L(a^{(i)}, y^{(i)}) + \frac{\lambda}{2m}\|w\|_2^2
    """,
    "one feature": r"J(w,b) = \frac1{2n}\sum_{i=1}^n (y_i - (w x_i + b))^2",
    "softmax": r"""
        data x[i,j], Y[i,k] onehot(k)
        param W[k,j], b[k]
        z_k^{(i)} = \sum_j W_{kj} x_j^{(i)} + b_k
        \hat{p}_{ik} = \frac{e^{z_{ik}}}{\sum_{l} e^{z_{il}}}
        J = -\frac{1}{m}\sum_i\sum_k Y_{ik}\log\hat{p}_{ik}
    """,
    "huber": r"""
        data x[i,j], y[i]
        param w[j], b
        const \delta > 0
        r_i = y_i - w^\top x_i - b
        L_i = \begin{cases} \frac{1}{2} r_i^2 & \text{if } |r_i| \le \delta \\
              \delta\left(|r_i| - \frac{1}{2}\delta\right) & \text{otherwise} \end{cases}
        J = \frac1m\sum_{i=1}^m L_i
    """,
    "matrices": r"""
        data S: (n, n) spd
        param P: (n, n) spd, A: (n,n)
        J = \operatorname{tr}(S P) - \log\det P + \|A\|^2 + |P| + \mathrm{tr}(A^\top P^{-1} A^{-\top})
    """,
    "network": r"""
        data x[i,j]: (m, n), y[i]
        param W[k,j]: (K, n), v[k]
        h^{(i)} = \tanh(W x^{(i)})
        J = \frac{1}{m}\sum_i (v^\top h^{(i)} - y^{(i)})^2 + \sum_k W_k x^{(1)}
    """,
    "bold": r"""
        $$\mathcal{L}(\mathbf{w}, b) = -\frac{1}{m}\sum_{i=1}^{m}\Bigl[ y^{(i)}
        \log\bigl(\sigma(\mathbf{w}^\top \mathbf{x}^{(i)} + b)\bigr)
        + (1-y^{(i)}) \log\bigl(1-\sigma(\mathbf{w}^\top \mathbf{x}^{(i)} + b)\bigr) \Bigr]$$
    """,
    "aligned": r"""
        \begin{aligned}
        \hat{y}^{(i)} &= w x^{(i)} + b, \\
        J(w, b) &= \frac{1}{2m} \sum_{i=1}^{m} \left(\hat{y}^{(i)} - y^{(i)}\right)^2.
        \end{aligned}
    """,
    "gaussian": r"J(\mu,\sigma) = m\ln\sigma + \sum_{i=1}^m \frac{(x_i-\mu)^2}{2\sigma^2}",
    "course": r"""
        f_{w,b}(x) = \frac{1}{1+e^{-(wx+b)}}
        L(f_{w,b}(x), y) = -y\log(f_{w,b}(x)) - (1-y)\log(1-f_{w,b}(x))
        J(w,b) = \frac{1}{m}\sum_{i=1}^{m} L(f_{w,b}(x^{(i)}), y^{(i)})
    """,
    "hinge": r"L = \frac{1}{m}\sum_{i=1}^{m} \max(0, 1 - y_i (w^T x_i + b)) + \lambda \lVert w \rVert^2",
    "means": r"""
        data y[i], x[i,j]
        param \mu[j]
        J = \sum_i \|x^{(i)} - \mu\|^2
    """,
}

EVERY: dict[str, str] = {**PLAIN, **{f"latex {name}": text for name, text in LATEX.items()}}
