"""Stability rules hold, are found where people write them, and save the digits they promise."""

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from whygrad import costs
from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.expr import Call, Cases, Hole, Reduce, Symbol
from whygrad.core.walk import names, postorder, rewrite_bottom_up, substitute
from whygrad.lower.lower import lower
from whygrad.lower.stabilise import CODE, Stabiliser
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Point, draw_point
from whygrad.meaning.to_index import cost_to_index
from whygrad.rules.stability import STABILITY
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.statement import read_pattern
from whygrad.train.objective import Objective

LABEL = Declaration("y", "data", (), (Domain("finite", (Fraction(0), Fraction(1))),))
ROWS = {row.id: row for row in STABILITY}


def unhole(e):
    return rewrite_bottom_up(e, lambda n: Symbol(n.name) if isinstance(n, Hole) else n)


def read_expr(text):
    return unhole(read_pattern(text, ("u", "v", "w", "y", "z")))


@pytest.mark.parametrize("id", [row.id for row in STABILITY if not row.code])
def test_each_rule_holds(id):
    """Both sides have one value, to fifty digits, at random points."""
    left, right = (unhole(side) for side in ROWS[id].sides)
    scope = Scope({"y": LABEL} if ROWS[id].label else {})
    tried = 0
    for seed in range(60):
        point = draw_point([left, right], scope, seed)
        a, b = evaluate(left, scope, point), evaluate(right, scope, point)
        if a.is_finite() and b.is_finite():
            tried += 1
            assert abs(a - b) < arb(10) ** -40 * (1 + abs(a)), point.values
    assert tried >= 10


@pytest.mark.parametrize(("id", "text"), [(row.id, text) for row in STABILITY for text in row.examples])
def test_each_example_is_rewritten_by_its_rule(id, text):
    scope = Scope({"y": LABEL})
    at = Stabiliser(scope)
    e = read_expr(text)
    new = at.stable(e)
    assert new is not e
    used = {rule for n in postorder(new) for rule in at.rules.get(n, ())}
    calls = [n for n in postorder(new) if isinstance(n, Call | Cases | Reduce)]
    assert id in used or not calls, (new, used)


def test_rules_without_a_pattern_have_code():
    assert {row.id for row in STABILITY if row.code} == set(CODE)
    assert len(ROWS) == len(STABILITY)


def stable(text: str):
    cost = cost_to_index(read_cost(text))
    return cost, lower({"J": Symbol(cost.goal)}, cost.scope)


LOSSES = {
    "named": "f[i] = sigmoid(z[i])\nL[i] = -(y[i] log f[i] + (1-y[i]) log(1-f[i]))",
    "written out": "f[i] = 1/(1 + e^(-z[i]))\nL[i] = -y[i] log f[i] - (1-y[i]) log(1-f[i])",
    "other fraction": "f[i] = exp(z[i])/(1 + exp(z[i]))\nL[i] = -(y[i] log f[i] + (1-y[i]) log(1-f[i]))",
    "no names": "L[i] = -(y[i] log(1/(1+e^(-z[i]))) + (1-y[i]) log(1-1/(1+e^(-z[i]))))",
    "softplus": "L[i] = softplus(z[i]) - y[i] z[i]",
    "log one plus exp": "L[i] = log(1 + exp(z[i])) - y[i] z[i]",
}
HEAD = "data x[i], y[i] in {0,1}\nparam w, b\nz[i] = w x[i] + b\n"
FAR = (-1e4, -745.2, -37.5, -1.5, -1e-9, 0.0, 1e-9, 0.7, 36.9, 710.5, 1e4)


def exact_loss(z: Fraction, y: int):
    """log(1 + e^{-z}) for y = 1, log(1 + e^z) for y = 0, and the slope, to fifty digits."""
    with ctx.workdps(6000):
        z = arb(z.numerator) / z.denominator
        s = -z if y else z
        value = (1 + s.exp()).log()
        slope = 1 / (1 + (-s).exp()) * (-1 if y else 1)
        return value, slope


@pytest.mark.parametrize("name", LOSSES)
def test_logistic_loss_keeps_its_digits_everywhere(name):
    """|z| up to 1e4, both labels: a few units in the last place, no NaN, no infinity."""
    cost = read_cost(HEAD + LOSSES[name] + "\nJ = sum_i L[i]")
    bound = Objective(cost)
    for y in (0, 1):
        for z in FAR:
            on = bound.bind({"x": np.array([1.0]), "y": np.array([float(y)])}, {"m": 1}, {})
            value, slope = on.value_and_gradient(np.array([0.0, z]))
            with ctx.workdps(6000):
                exact, steep = exact_loss(Fraction(z), y)
                if float(exact) > 1e-300:
                    assert float(abs((arb(value) - exact) / exact)) < 8e-16, (y, z)
                else:
                    assert 0 <= value <= 1e-300
                if float(abs(steep)) > 1e-300:
                    assert float(abs((arb(slope[1]) - steep) / steep)) < 1e-15, (y, z)
                else:
                    assert abs(slope[1]) <= 1e-300


def test_the_naive_formula_does_not():
    """What the rules are for: the same text without them is not a number."""
    cost = cost_to_index(read_cost(HEAD + LOSSES["written out"] + "\nJ = sum_i L[i]"))
    given = {"x": np.array([1.0]), "y": np.array([0.0]), "w": 0.0, "b": 800.0}
    naive = compile_numpy(lower({"J": Symbol("J")}, cost.scope, stable=False))
    safe = compile_numpy(lower({"J": Symbol("J")}, cost.scope))
    assert not np.isfinite(naive(given, {"m": 1})["J"])
    assert safe(given, {"m": 1})["J"] == 800.0


def test_margin_labels():
    text = "data x[i], y[i] in {-1,1}\nparam w\nz[i] = w x[i]\nJ = sum_i log(1 + exp(-y[i] z[i]))"
    on = Objective(read_cost(text)).bind(
        {"x": np.array([1e4, -1e4, 1e-3]), "y": np.array([1.0, 1.0, -1.0])}, {"m": 3}, {}
    )
    value, slope = on.value_and_gradient(np.array([1.0]))
    assert np.isclose(value, 1e4 + np.log1p(np.exp(1e-3)), rtol=1e-15)
    assert np.isfinite(slope).all()


def test_soft_labels_keep_both_terms():
    """The margin form holds for labels 0 and 1 alone: declared in [0, 1] it must not be taken."""
    text = HEAD.replace("in {0,1}", ">= 0") + LOSSES["named"] + "\nJ = sum_i L[i]"
    _cost, program = stable(text)
    assert "stability/cross-entropy" not in program.rules
    given = {"x": np.array([1.0]), "y": np.array([0.25]), "w": 0.0, "b": 50.0}
    assert np.isclose(compile_numpy(program)(given, {"m": 1})["J"], 0.75 * 50.0, rtol=1e-12)


def test_softmax_of_large_scores():
    cost = cost_to_index(read_cost(costs.text("softmax")))
    on = Objective(cost).bind(
        {"x": np.array([[1.0]]), "Y": np.array([[0.0, 1.0, 0.0]])}, {"m": 1, "n": 1, "K": 3}, {}
    )
    value, slope = on.value_and_gradient(on.layout.join({"W": np.zeros((1, 3)), "b": [1e4, 0.0, -1e4]}))
    assert value == 1e4
    assert np.array_equal(slope[-3:], [1.0, -1.0, 0.0])


def test_entropy_at_zero():
    _cost, program = stable("data p[i] >= 0\nparam a\nJ = a sum_i p[i] log p[i]")
    run = compile_numpy(program)
    assert "stability/x-log-x" in program.rules
    assert np.isclose(run({"p": np.array([0.0, 1.0, 0.5]), "a": 1.0}, {"m": 3})["J"], 0.5 * np.log(0.5))


def test_a_definition_is_looked_through_but_keeps_its_name():
    _cost, program = stable(HEAD + LOSSES["named"] + "\nJ = sum_i L[i] + sum_i f[i]")
    defined = {i.defines for i in program.instructions}
    assert {"z", "f", "L", "J"} <= defined


def test_random_formulas_keep_their_value(seed):
    """Stable rewriting never changes what a formula is worth."""
    rng = random.Random(seed)
    pieces = ["sigmoid(u)", "1/(1+exp(-u))", "exp(u)", "log(1+exp(v))", "1", "u", "v", "y", "tanh(v)^2"]
    scope = Scope({"y": LABEL})
    checked = 0
    for _ in range(120):
        text = rng.choice(pieces)
        for _ in range(3):
            text = f"({text}) {rng.choice('+-*')} ({rng.choice(pieces)})"
        e = read_expr(text)
        new = Stabiliser(scope).stable(e)
        point: Point = draw_point([e, new], scope, rng.randrange(1000))
        a, b = evaluate(e, scope, point), evaluate(new, scope, point)
        checked += new is not e
        assert abs(a - b) < arb(10) ** -40 * (1 + abs(a)), text
    assert checked > 40


def test_substituting_changes_no_names():
    assert names(substitute(read_expr("log(1 + exp(u))"), {})) == {"u"}
