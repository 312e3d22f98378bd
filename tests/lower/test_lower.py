"""Lowered programs give what the slow oracle gives."""

import numpy as np
import pytest

from whygrad import costs
from whygrad.backends.numpy_backend import compile_numpy, numpy_source
from whygrad.core.cost import Declaration, Scope
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import (
    Apply,
    Call,
    Delta,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    mul,
)
from whygrad.lower.lower import lower
from whygrad.lower.program import Einsum, Fold, Map, operands
from whygrad.lower.sift import sift
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.oracle import gradient as slow_gradient
from whygrad.meaning.to_index import cost_to_index
from whygrad.train.objective import indices_of

from .points import arrays_of, draw

CUSTOM = {
    "ranges": """data x[i], t[i]
param a
J = sum_i sum_{k != i} (x[i] - a x[k])^2 + sum_{i < k} t[i] x[k] a""",
    "cases": """data x[i,j], y[i]
param w[j]
r[i] = y[i] - sum_j w[j] x[i,j]
J = mean_i (r[i]^2 if r[i] > 0 else 3 r[i]^2)""",
    "comparison": """data x[i], t[i]
param a
J = sum_i (t[i] > 1) exp(a x[i])""",
    "largest": """data x[i,j]
param w[j]
J = sum_i max_j (w[j] x[i,j])""",
    "product": """data x[i,j]
param w[j]
J = sum_i prod_j (1 + (w[j] x[i,j])^2)""",
    "two letters, one size": """data x[i,j]
param w[j]
J = sum_i sum_j sum_k x[i,j] x[i,k] w[j] w[k] + sum_i x[i,1] w[2]""",
    "shifted": """data x[t]: (T)
param a
J = sum_{t=2..T} (x[t] - a x[t-1])^2""",
    "own function": """data x[i], y[i]
param a
h(t) = t^2/(1 + t^2)
J = mean_i h(a x[i] - y[i])""",
    "matrix": """data X: (m, n), y: (m,)
param w: (n,)
J = mean((X w - y).^2) + norm(w)""",
    "factorisation": """data R[i,j]
param U[i,k], V[j,k]
J = sum_i sum_j (R[i,j] - sum_k U[i,k] V[j,k])^2""",
    "position": """data x[i]
param a
J = sum_i (x[i] - a i)^2""",
    "prior": """data x[i,k]
param s[k] > 0
J = sum_i sum_k (x[i,k]^2/s[k] + log s[k])/2 + sqrt(sum_k s[k])""",
}
TEXTS = CUSTOM | {name: costs.text(name) for name in costs.names()}
SEEDS = (1, 2, 3)


@pytest.mark.parametrize("name", TEXTS)
def test_values_equal_the_oracle_as_written(name):
    cost, point = draw(TEXTS[name], 5)
    indexed = cost_to_index(cost)
    run = compile_numpy(lower({"value": Symbol(cost.goal)}, indexed.scope, stable=False))
    found = float(run(arrays_of(cost, point), point.sizes)["value"])
    value = float(evaluate(Symbol(cost.goal), indexed.scope, point))
    assert not np.isfinite(found) or np.isclose(found, value, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", TEXTS)
def test_values_and_gradients_equal_the_oracle(name):
    for seed in SEEDS if name in CUSTOM else SEEDS[:1]:
        cost, point = draw(TEXTS[name], seed)
        indexed = cost_to_index(cost)
        goal = Symbol(cost.goal)
        outputs, axes = {"value": goal}, {}
        for d in indexed.parameters:
            indices = indices_of(d)
            outputs[d.name] = derivative(goal, Symbol(d.name, indices), indexed.scope)
            axes[d.name] = indices
        run = compile_numpy(lower(outputs, indexed.scope, axes=axes))
        found = run(arrays_of(cost, point), point.sizes)
        value = float(evaluate(goal, indexed.scope, point))
        assert np.isclose(found["value"], value, rtol=1e-9, atol=1e-9, equal_nan=True)
        if not np.isfinite(value):
            continue
        for d in indexed.parameters:
            slopes = slow_gradient(goal, d.name, indexed.scope, point)
            for place, slope in slopes.items():
                got = found[d.name][tuple(p - 1 for p in place)] if place else found[d.name]
                assert np.isclose(float(got), float(slope), rtol=1e-7, atol=1e-8), (d.name, place)


def test_what_is_written_twice_is_computed_once():
    i = Index("i", "m")
    u = Call("exp", (Symbol("x", (i,)),))
    program = lower({"J": Reduce("sum", i, add(u, Pow(u, Number(2))))}, Scope())
    maps = [k.operation.function for k in program.instructions if isinstance(k.operation, Map)]
    assert maps.count("exp") == 1


def test_a_sum_of_a_product_is_one_contraction():
    i, j = Index("i", "m"), Index("j", "n")
    e = Reduce("sum", i, mul(Symbol("r", (i,)), Symbol("c", (i,)), Symbol("x", (i, j))))
    program = lower({"g": e}, Scope())
    assert [k.operation for k in program.instructions if isinstance(k.operation, Fold)] == []
    (contraction,) = [k for k in program.instructions if isinstance(k.operation, Einsum)]
    assert contraction.dims == ("n",)


def test_no_instruction_is_left_over_and_each_is_defined_before_it_is_read():
    for text in TEXTS.values():
        cost = cost_to_index(draw(text, 1)[0])
        program = lower({"J": Symbol(cost.goal)}, cost.scope)
        seen: set[str] = set()
        read = {o.value for i in program.instructions for o in operands(i.operation)}
        for i in program.instructions:
            assert {o.value for o in operands(i.operation)} <= seen
            assert i.name in read or i.name in {o.value for o in program.outputs.values()}
            assert i.name not in seen
            seen.add(i.name)


def test_results_that_depend_on_a_parameter_are_known():
    cost = cost_to_index(draw(costs.text("logistic"), 1)[0])
    program = lower({"J": Symbol(cost.goal)}, cost.scope)
    varying = program.varying(("w", "b"))
    assert {"w", "b", "z", "L", "J"} <= varying
    assert not {"x", "y"} & varying


def test_a_delta_sifts_its_sum():
    i, j, k = Index("i", "m"), Index("j", "n"), Index("k", "n")
    x = Symbol("x", (i, k))
    body = mul(x, add(Delta(k, j), mul(Symbol("u", (k,)), Number(0))))
    assert sift(Reduce("sum", k, body)) is Symbol("x", (i, j))


def test_a_delta_of_other_dimension_stays():
    j, k = Index("j", "p"), Index("k", "n")
    e = Reduce("sum", k, Mul((Symbol("x", (k,)), Delta(k, j))))
    assert sift(e) is e


def test_undefined_where_a_condition_is_false_does_not_spread():
    text = "data x[i], t[i]\nparam a\nJ = sum_i (t[i] > 0) log(a t[i]) + (log(a) if a > 0 else 0)"
    cost = cost_to_index(draw(text, 1)[0])
    run = compile_numpy(lower({"J": Symbol("J")}, cost.scope))
    given = {"x": np.zeros(3), "t": np.array([-1.0, 0.0, 2.0]), "a": 1.0}
    assert np.isclose(run(given, {"m": 3, cost.dims[0]: 3})["J"], np.log(2.0))


@pytest.mark.parametrize(
    "e",
    [
        Apply("trace", (Symbol("S"),)),
        Partial(Symbol("a"), Symbol("a")),
        Symbol("x"),
        add(Symbol("x"), Symbol("a")),
        Call("unheard-of", (Symbol("a"),)),
    ],
    ids=["array operation", "unevaluated", "whole array", "whole array in a sum", "unknown function"],
)
def test_what_cannot_be_computed_is_refused(e):
    scope = Scope({"x": Declaration("x", "data", ("m",))})
    with pytest.raises(NoRuleError, match="cannot be computed"):
        lower({"J": e}, scope)


def test_a_deep_formula_needs_no_stack():
    e = Symbol("a")
    for _ in range(5000):
        e = Call("tanh", (e,))
    program = lower({"J": e}, Scope())
    assert sum(isinstance(i.operation, Map) for i in program.instructions) == 5000
    assert "np.tanh" in numpy_source(program)
