"""``compile`` gives functions and sources of value and gradient."""

import numpy as np
import pytest

from whygrad import costs
from whygrad.backends.native.machine import machine
from whygrad.backends.native.native_backend import bind_large
from whygrad.cli import main
from whygrad.core.errors import UsageError
from whygrad.syntax.cost_text import read_cost
from whygrad.train.compiled import TARGETS, compile_cost
from whygrad.train.fit import fit

from .files import LOGISTIC, RIDGE, SOFTMAX, cost

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(50, 3)), RNG.choice([0.0, 1.0], size=50)
Y6 = np.tile(Y, 6)
TEXTS = {"logistic": LOGISTIC, "ridge": RIDGE}
CONSTANTS = {"ridge": {"lambda": 0.1}, "huber": {"delta": 1}}
needs_llvm = pytest.mark.skipif(machine() is None, reason="llvmlite is not installed (extra: native)")


def by_hand(w: np.ndarray, b: float) -> tuple[float, np.ndarray, float]:
    z = X @ w + b
    rest = 1 / (1 + np.exp(-z)) - Y
    return np.mean(np.logaddexp(0, z) - Y * z), X.T @ rest / 50, rest.mean()


@pytest.mark.parametrize("to", ["numpy", pytest.param("native", marks=needs_llvm)])
def test_a_callable_and_a_bound_one(to):
    made = compile_cost(cost(LOGISTIC), to, rules=False)
    w, b = np.array([0.5, -1.0, 2.0]), 0.25
    wanted = by_hand(w, b)
    found = made(x=X, y=Y, w=w, b=b)
    assert list(found) == ["J", "dJ_dw", "dJ_db"]
    for a, v in zip(found.values(), wanted, strict=True):
        assert np.allclose(a, v, rtol=1e-13)
    bound = made.bind(x=X, y=Y)
    for a, v in zip(bound(w, b), wanted, strict=True):
        assert np.allclose(a, v, rtol=1e-13)


@needs_llvm
@pytest.mark.parametrize("name", ["logistic", "ridge", "poisson", "huber"])
def test_a_fit_by_machine_code_is_the_fit_by_numpy(name, monkeypatch):
    used = []
    monkeypatch.setattr("whygrad.backends.native.native_backend.LEAST_ENTRIES", 1)
    made = bind_large
    monkeypatch.setattr("whygrad.train.objective.bind_large", lambda *a: used.append(made(*a)) or used[-1])
    text = cost(
        {"logistic": LOGISTIC, "ridge": RIDGE}.get(name) or costs.text(name), **CONSTANTS.get(name, {})
    )
    x = RNG.normal(size=(300, 4))
    y = {"logistic": Y6, "poisson": np.floor(np.exp(x[:, 0] / 2 + 0.3))}.get(
        name, x[:, 1] - 1 + RNG.normal(size=300)
    )
    fast = fit(text, (x, y))
    assert used[0] is not None
    monkeypatch.setattr("whygrad.train.objective.bind_large", lambda *_: None)
    slow = fit(text, (x, y))
    assert fast.converged == slow.converged
    assert np.isclose(fast.objective, slow.objective, rtol=1e-12)
    assert np.allclose(fast.parameters["w"], slow.parameters["w"], rtol=1e-6)


@pytest.mark.parametrize("to", TARGETS)
def test_rules_and_stages_stand_in_each_source(to):
    if to == "native" and machine() is None:
        pytest.skip("llvmlite is not installed (extra: native)")
    made = compile_cost(read_cost(costs.text("logistic"), name="logistic"), to)
    assert "chain.4" in made.source
    assert "derivative/log" in made.source
    assert made.source == compile_cost(read_cost(costs.text("logistic"), name="logistic"), to).source
    assert bool(made.header) == (to == "c")


def test_numpy_source_is_a_module():
    space: dict = {}
    exec(compile_cost(cost(LOGISTIC), "numpy", name="f-1").source, space)
    value, *_ = space["f_1"](np.zeros(3), X, 0.0, Y, 50)
    assert np.isclose(value, np.log(2))


def test_a_constant_with_a_value_is_put_in():
    made = compile_cost(cost(RIDGE, **{"lambda": 0.5}), "numpy", rules=False)
    assert made.program.inputs.count("lambda") == 0
    w = np.array([1.0, 2.0, -1.0])
    found = made(x=X, y=Y, w=w, b=0.0)
    assert np.isclose(found["J"], np.mean((X @ w - Y) ** 2) / 2 + 0.25 * 6)
    assert "lambda_" in compile_cost(cost(RIDGE), "numpy", rules=False).source


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="no target"):
        compile_cost(cost(LOGISTIC), "fortran", rules=False)
    with pytest.raises(UsageError, match="missing"):
        compile_cost(cost(LOGISTIC), "numpy", rules=False)(x=X, y=Y, w=np.zeros(3))
    with pytest.raises(UsageError, match="along m"):
        compile_cost(cost(LOGISTIC), "numpy", rules=False)(x=X, y=Y[:-1], w=np.zeros(3), b=0.0)
    with pytest.raises(UsageError, match="shape"):
        compile_cost(cost(LOGISTIC), "numpy", rules=False)(x=X, y=X, w=np.zeros(3), b=0.0)
    with pytest.raises(UsageError, match="not a function"):
        compile_cost(cost(LOGISTIC), "c", rules=False)(x=X, y=Y, w=np.zeros(3), b=0.0)


@needs_llvm
def test_machine_code_for_another_kind_of_cost_is_refused():
    with pytest.raises(UsageError, match="linear forms"):
        compile_cost(cost(SOFTMAX), "native", rules=False)


def test_the_command_writes_source_and_header(tmp_path, capsys):
    assert main(["compile", "logistic", "--to", "c", "-o", str(tmp_path / "a.c")]) == 0
    assert "int logistic(" in (tmp_path / "a.c").read_text(encoding="utf-8")
    assert "int logistic(" in (tmp_path / "a.h").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["compile", "ridge", "--set", "lambda=0.1", "--name", "f", "--to", "javascript"]) == 0
    assert "export function f({ n, m, w, x, b, y })" in capsys.readouterr().out
    (tmp_path / "b.h").write_text("mine", encoding="utf-8")
    assert main(["compile", "logistic", "--to", "c", "-o", str(tmp_path / "b.c")]) == 2
    assert not (tmp_path / "b.c").exists()
