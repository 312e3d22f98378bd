"""Updates by momentum, Adam and batches do what their formulas say; a run is recorded, stopped, resumed."""

import json

import numpy as np
import pytest

from whygrad import costs
from whygrad.core.errors import UsageError
from whygrad.train.fit import fit

from .files import COX, LINEAR, LOGISTIC, RIDGE, cost

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3 + RNG.normal(size=60)


def slope(w, b, x=X, y=Y, strength=0.0):
    rest = x @ w + b - y
    return x.T @ rest / len(y) + strength * w, rest.mean()


def test_momentum_is_its_formula():
    found = fit(cost(LINEAR), (X, Y), method="momentum", rate=0.05, steps=40)
    w, b, v, u = np.zeros(3), 0.0, np.zeros(3), 0.0
    for _ in range(40):
        g, h = slope(w, b)
        v, u = 0.9 * v + g, 0.9 * u + h
        w, b = w - 0.05 * v, b - 0.05 * u
    assert np.allclose(found.parameters["w"], w, rtol=1e-12)
    assert np.isclose(found.parameters["b"], b)
    assert found.updates == 40


def test_adam_is_its_formula():
    found = fit(cost(LINEAR), (X, Y), method="adam", rate=0.1, steps=30)
    theta, mean, square = np.zeros(4), np.zeros(4), np.zeros(4)
    for t in range(1, 31):
        g = np.r_[slope(theta[:3], theta[3])]
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        theta = theta - 0.1 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
    assert np.allclose(np.r_[found.parameters["w"], found.parameters["b"]], theta, rtol=1e-10)


@pytest.mark.parametrize("method", ["gd", "momentum", "adam"])
def test_batches_go_through_all_rows_and_reach_the_minimum(method):
    rates = {"gd": 0.05, "momentum": 0.005, "adam": 0.02}
    least = fit(cost(RIDGE, **{"lambda": 0.1}), (X, Y))
    found = fit(
        cost(RIDGE, **{"lambda": 0.1}), (X, Y), method=method, rate=rates[method], steps=2000, batch=16
    )
    assert found.exit_status == 0
    assert found.objective - least.objective <= 0.02 * (found.cost_history[0] - least.objective)
    again = fit(
        cost(RIDGE, **{"lambda": 0.1}), (X, Y), method=method, rate=rates[method], steps=2000, batch=16
    )
    assert np.array_equal(found.parameters["w"], again.parameters["w"])


def test_a_batch_of_all_rows_is_gd():
    one = fit(cost(LOGISTIC), (X, (Y > 0) * 1.0), method="gd", rate=0.5, steps=25)
    two = fit(cost(LOGISTIC), (X, (Y > 0) * 1.0), method="gd", rate=0.5, steps=25, batch=60)
    assert np.isclose(one.objective, two.objective, rtol=1e-12)


def test_a_network_learns_by_batches():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    given = {"x": x, "y": (x[:, 0] * x[:, 1] > 0) * 1.0}
    text = """data x[i,j], y[i] in {0,1}
param A[j,k]: (n, 6), a[k], v[k], c
h[i,k] = tanh(sum_j A[j,k] x[i,j] + a[k])
z[i] = sum_k v[k] h[i,k] + c
J = mean_i (softplus(z[i]) - y[i] z[i])"""
    found = fit(cost(text), given, method="adam", rate=0.02, steps=1500, batch=20)
    assert found.objective < 0.5 * found.cost_history[0]


def test_where_examples_depend_on_each_other_there_are_no_batches():
    times = np.arange(1.0, 61.0)
    with pytest.raises(UsageError, match="other examples"):
        fit(cost(COX), {"x": X, "time": times, "event": np.r_[0.0, np.ones(59)]}, batch=5, rate=0.1)


@pytest.mark.parametrize("method", ["newton", "lbfgs"])
def test_a_method_by_name_finds_the_minimum(method):
    text = cost(costs.text("ridge"), **{"lambda": 1})
    assert np.isclose(fit(text, (X, Y), method=method).objective, fit(text, (X, Y)).objective, rtol=1e-7)


def test_a_run_is_recorded(tmp_path):
    found = fit(cost(LOGISTIC), (X, (RNG.normal(size=60) < Y) * 1.0))
    found.save_record(tmp_path / "run.json")
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["format"] == "whygrad-run/1"
    assert told["passes"] == len(told["costs"]) == len(told["seconds"]) == len(told["gradient_norms"])
    assert told["bytes_read"] == told["passes"] * (X.nbytes + Y.nbytes)
    assert told["history"] == found.cost_history
    assert told["seconds"] == sorted(told["seconds"])


def test_stopped_is_the_best_so_far_and_goes_on(tmp_path):
    asked = []

    def stop(step, cost_now, size):
        asked.append(cost_now)
        if len(asked) == 4:
            raise KeyboardInterrupt

    text = cost(LINEAR)
    found = fit(text, (X, Y), method="gd", rate=0.05, steps=2000, progress=stop)
    assert found.exit_status == 1
    assert "stopped" in found.reason
    assert found.objective == min(found.cost_history)
    found.save(tmp_path / "m.json")
    further = fit(text, (X, Y), method="gd", rate=0.05, steps=10, init=tmp_path / "m.json")
    assert further.cost_history[0] == pytest.approx(found.objective, rel=1e-14)


def test_options_that_do_not_fit():
    with pytest.raises(UsageError, match="momentum"):
        fit(cost(LINEAR), (X, Y), method="sgd")
    with pytest.raises(UsageError, match="batch"):
        fit(cost(LINEAR), (X, Y), method="newton", batch=3)
    with pytest.raises(UsageError, match="batch"):
        fit(cost(LINEAR), (X, Y), batch=0)
