"""The NumPy source reads well, runs as shown, and each function is the one it says."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from whygrad import costs
from whygrad.backends.numpy_backend import binder, compile_numpy, numpy_source
from whygrad.backends.numpy_names import BINARY, HELPERS, NAMES
from whygrad.core.cost import Scope
from whygrad.core.expr import Call, Index, Mul, Number, Pow, Reduce, Symbol, add
from whygrad.core.functions import FUNCTIONS as ELEMENTARY
from whygrad.lower.lower import lower
from whygrad.lower.program import FUNCTIONS
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import draw_point
from whygrad.meaning.to_index import cost_to_index
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective

X = np.array([[0.5, 1.5], [1, 1], [1.5, 0.5], [3, 0.5], [2, 2], [1, 2.5]])
Y = np.array([0, 0, 0, 1, 1, 1.0])


def test_the_table_is_complete():
    assert set(NAMES) | set(BINARY) == set(FUNCTIONS)
    assert not set(NAMES) & set(BINARY)
    assert set(ELEMENTARY) <= set(FUNCTIONS)
    assert all(ELEMENTARY[name].arity == FUNCTIONS[name] for name in ELEMENTARY)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_each_function_equals_the_oracle(name):
    e = Call(name, tuple(Symbol(f"u{k}") for k in range(ELEMENTARY[name].arity)))
    run = compile_numpy(lower({"v": e}, Scope(), stable=False))
    tried = 0
    for seed in range(40):
        point = draw_point([e], Scope(), seed)
        exact = evaluate(e, Scope(), point)
        if exact.is_finite():
            tried += 1
            given = {key[0]: float(value) for key, value in point.values.items()}
            assert np.isclose(float(run(given, {})["v"]), float(exact), rtol=1e-12, atol=1e-14)
    assert tried >= 5


@pytest.mark.parametrize("u", [-1e4, -750.0, -40.0, -1e-12, 0.0, 1e-12, 3.0, 40.0, 750.0, 1e4])
def test_sigmoid_and_softplus_have_no_bad_arguments(u):
    for name, exact in (
        ("sigmoid", lambda z: 1 / (1 + (-z).exp())),
        ("softplus", lambda z: (1 + z.exp()).log()),
    ):
        run = compile_numpy(lower({"v": Call(name, (Symbol("u"),))}, Scope()))
        value = float(run({"u": u}, {})["v"])
        from flint import ctx

        with ctx.workdps(6000):
            ball = exact(arb(u))
            if float(ball) > 1e-300:
                assert float(abs((arb(value) - ball) / ball)) < 5e-16
            else:
                assert 0 <= value < 1e-300


def test_source_runs_and_equals_the_bound_callable():
    objective = Objective(read_cost(costs.text("logistic")))
    source = numpy_source(objective.program)
    space: dict = {}
    exec(source, space)
    order = source[source.index("def evaluate(") :].split("(", 1)[1].split(")", 1)[0].split(", ")
    given = {"x": X, "y": Y, "w": np.array([2.0, 3.0]), "b": 1.0, "m": 6}
    shown = space["evaluate"](*(given[name] for name in order))
    bound = objective.bind({"x": X, "y": Y}, {"m": 6, "n": 2}, {})
    value, gradient = bound.value_and_gradient(np.array([2.0, 3.0, 1.0]))
    assert shown[0] == value
    assert np.array_equal(np.r_[shown[1], shown[2]], gradient)


def test_source_names_the_rules_and_shapes():
    source = numpy_source(Objective(read_cost(costs.text("logistic-l2"))).program)
    assert "stability/cross-entropy" in source
    assert "z = x @ w + b  # (m)" in source
    assert "lambda_" in source
    assert "lambda " not in source
    assert max(map(len, source.splitlines())) < 130


def test_odd_names_become_identifiers():
    text = "data class[i], np[i]\nparam λ\nt1[i] = class[i] λ + np[i]\nJ = sum_i t1[i]^2 exp(t1[i])"
    cost = cost_to_index(read_cost(text))
    program = lower({"J": Symbol("J")}, cost.scope)
    compile(numpy_source(program), "shown", "exec")
    run = compile_numpy(program)
    t = np.array([1.0, 2.0]) * 3 + np.array([0.5, 0.25])
    given = {"class": np.array([1.0, 2.0]), "np": np.array([0.5, 0.25]), "lambda": 3.0}
    assert np.isclose(run(given, {"m": 2})["J"], (t**2 * np.exp(t)).sum())


def test_what_depends_on_data_alone_is_computed_once():
    i, j = Index("i", "m"), Index("j", "n")
    data = Reduce("sum", i, Mul((Symbol("x", (i, j)), Symbol("y", (i,)))))
    e = Reduce("sum", j, Mul((data, Symbol("w", (j,)))))
    make = binder(lower({"J": e}, Scope()), ("w",))
    x, y = X.copy(), Y.copy()
    evaluate_at = make({"x": x, "y": y}, {"m": 6, "n": 2})
    before = evaluate_at(np.array([1.0, 1.0]))
    x[:] = 0  # too late: x'y is already there
    assert evaluate_at(np.array([1.0, 1.0])) == before


def test_an_output_that_does_not_vary_is_spread():
    j = Index("j", "n")
    program = lower({"g": Number(Fraction(1, 2))}, Scope(), axes={"g": (j,)})
    assert np.array_equal(compile_numpy(program)({}, {"n": 3})["g"], [0.5, 0.5, 0.5])


def test_brackets_follow_python():
    a, b, c = (Symbol(x) for x in "abc")
    e = Mul((a, Pow(add(b, Mul((Number(-1), add(c, a)))), Number(3)), Pow(Mul((b, c)), Number(-1))))
    run = compile_numpy(lower({"J": e}, Scope()))
    value = run({"a": 2.0, "b": 5.0, "c": 3.0}, {})["J"]
    assert np.isclose(value, 2.0 * (5.0 - (3.0 + 2.0)) ** 3 / 15.0)
    assert np.isclose(run({"a": 1.0, "b": 7.0, "c": 3.0}, {})["J"], 27.0 / 21.0)


def test_a_helper_is_defined_only_where_it_is_used():
    source = numpy_source(lower({"J": Call("exp", (Symbol("a"),))}, Scope()))
    assert not any(f"def {name}(" in source for name in HELPERS)
