"""Small tables and costs that the tests of fitting share."""

from pathlib import Path

import numpy as np

from whygrad.core.cost import Cost
from whygrad.syntax.cost_text import read_cost

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data"

LOGISTIC = """data x[i,j], y[i] in {0,1}
param w[j], b
z[i] = sum_j w[j] x[i,j] + b
f[i] = sigmoid(z[i])
L[i] = -(y[i] log f[i] + (1 - y[i]) log(1 - f[i]))
J = mean_i L[i]
"""
LINEAR = """data x[i,j], y[i]
param w[j], b
f[i] = sum_j w[j] x[i,j] + b
J = 1/2 mean_i (f[i] - y[i])^2
"""
RIDGE = """data x[i,j], y[i]
const lambda >= 0
param w[j], b
f[i] = sum_j w[j] x[i,j] + b
J = 1/2 mean_i (f[i] - y[i])^2 + lambda/2 sum_j w[j]^2
"""
SOFTMAX = """data x[i,j], Y[i,k] onehot(k)
param W[j,k], b[k]
z[i,k] = sum_j x[i,j] W[j,k] + b[k]
P[i,k] = exp(z[i,k])/sum_l exp(z[i,l])
J = -mean_i sum_k Y[i,k] log P[i,k]
"""
SVM = """data x[i,j], y[i] in {-1,1}
param w[j], b
z[i] = sum_j w[j] x[i,j] + b
J = mean_i max(0, 1 - y[i] z[i]) + 1/200 sum_j w[j]^2
"""
COX = """data x[i,j], time[i] > 0, event[i] in {0,1}
param w[j]
s[i] = sum_j w[j] x[i,j]
J = -mean_i event[i] (s[i] - log(sum_k (time[k] >= time[i]) exp(s[k])))
"""


def cost(text: str, **constants) -> Cost:
    return read_cost(text, name="test", constants=constants or None)


def write(folder: Path, text: str | bytes, name: str = "d.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def noisy(seed: int, m: int = 80, n: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Columns of unlike size and labels that are not separable."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, n)) * np.array([1.0, 10.0, 0.1, 5.0, 2.0])[:n]
    score = x @ np.array([1.0, -0.1, 5.0, 0.1, 0.3])[:n]
    return x, (score + 2 * rng.logistic(size=m) > 0).astype(float)
