"""Order 2 against JAX's Hessian, convexity against eigenvalues and chords, bounds against values."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache

import hessian_judge
import jax
import jax.numpy as jnp
import jax_judge
import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import whygrad as wg
from whygrad import costs
from whygrad.core.cost import Cost, Scope
from whygrad.core.document import Rows
from whygrad.core.expr import (
    ONE,
    Add,
    Call,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Symbol,
    add,
    mul,
    neg,
    sub,
)
from whygrad.core.walk import names
from whygrad.engine.convexity import curve_of, span
from whygrad.engine.score import scored
from whygrad.engine.second import Second
from whygrad.engine.serialise import derivation_from_json, derivation_to_json
from whygrad.engine.tangent import tangents
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import draw_point

GALLERY = costs.names()
CORE = ("logistic", "logistic-l2", "softmax", "linear", "ridge", "poisson", "huber", "hinge", "squared-hinge",
        "log-cosh", "neuron-sigmoid-squared", "neuron-tanh-squared", "matrix-factorisation", "class-weights",
        "least-squares", "tikhonov", "precision")  # fmt: skip
EVERY = [n if n in CORE else pytest.param(n, marks=pytest.mark.slow) for n in GALLERY]
LONG = ("gaussian-process", "focal", "ordinal", "causal-attention", "contrastive", "recurrent", "lstm")


@cache
def derived(text):
    return wg.derive(text, order=2)


def second(text):
    found = derived(text).hessian
    assert isinstance(found, Second)
    return found


def parameters(text):
    return tuple(p.wrt.name for p in derived(text).parameters)


def judged_by_jax(cost):
    """Whether the automatic judge reads every part of the cost."""
    for seed in range(1, 9):
        try:
            hessian_judge.goal_value(cost, draw_point([d.body for d in cost.definitions], cost.scope, seed))
        except ValueError:  # a size too small for x[t+2]
            continue
        except (TypeError, KeyError):
            return False
        return True
    return False


def point_of(text, seed, scope=None, extra=()):
    cost = derived(text).cost
    bodies = [d.body for d in cost.definitions if not d.is_function]
    return draw_point([*bodies, *extra], scope or cost.scope, seed)


def tame(text, seed, scope=None, extra=()):
    """A point at which the cost is a moderate number in floats, too."""
    cost = derived(text).cost
    for k in range(20):
        try:
            point = point_of(text, seed + 50 * k, scope, extra)
        except ValueError:  # a size too small for x[t+2]
            continue
        value = hessian_judge.goal_value(cost, point)
        if np.isfinite(value) and abs(value) < 1e4:
            return point
    return pytest.skip("no moderate point")


@cache
def whole_hessian(name, seed):
    cost = derived(name).cost
    point = tame(name, seed)
    return (point, *hessian_judge.hessian(cost, parameters(name), point))


def close(ours, expected, largest):
    return abs(ours - expected) <= 1e-10 * max(1.0, largest)


# --- the Hessian ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_blocks_equal_jax(name):
    derivation = derived(name)
    cost, found = derivation.cost, second(name)
    if not found.blocks or not judged_by_jax(cost):
        pytest.skip("no blocks, or array operations the automatic judge does not read")
    point, matrix, starts, shapes = whole_hessian(name, 5)
    largest = float(jnp.abs(matrix).max())
    for stage in found.blocks:
        assert isinstance(stage.left, Partial)
        q, inner = stage.left.wrt, stage.left.body
        assert isinstance(inner, Partial)
        p = inner.wrt
        for place in jax_judge.places((*shapes[p.name], *shapes[q.name])):
            at = dict(zip((*p.indices, *q.indices), place, strict=True))
            ours = float(evaluate(stage.result, cost.scope, replace(point, positions=at), 40).mid())
            rank = len(p.indices)
            row = starts[p.name] + hessian_judge.offset(place[:rank], shapes[p.name])
            column = starts[q.name] + hessian_judge.offset(place[rank:], shapes[q.name])
            assert close(ours, float(matrix[row, column]), largest), (stage.left, place)


@pytest.mark.parametrize("name", EVERY)
def test_products_equal_jax(name):
    derivation = derived(name)
    cost, found = derivation.cost, second(name)
    if not found.products or not judged_by_jax(cost):
        pytest.skip("no products, or array operations the automatic judge does not read")
    along = tangents(cost, parameters(name))
    point = tame(name, 6, along.scope, [s.result for s in found.products])
    values = dict(point.values)
    direction = {}
    for p in parameters(name):
        d = next(x for x in cost.declarations if x.name == p)
        shape = tuple(point.sizes[dim] for dim in d.dims)
        places = jax_judge.places(shape)
        for k, place in enumerate(places):
            values.setdefault((f"Δ{p}", place), Fraction(k + 1, 4))
        direction[p] = np.array([float(values[f"Δ{p}", place]) for place in places]).reshape(shape)
    point = replace(point, values=values)
    product, starts, shapes = hessian_judge.hessian_times(cost, parameters(name), point, direction)
    largest = float(jnp.abs(product).max())
    for stage, parameter in zip(found.products, derivation.parameters, strict=True):
        wrt = parameter.wrt
        for place in jax_judge.places(shapes[wrt.name]):
            at = {i: k for i, k in zip(wrt.indices, place, strict=True) if isinstance(i, Index)}
            ours = float(evaluate(stage.result, along.scope, replace(point, positions=at), 40).mid())
            expected = float(product[starts[wrt.name] + hessian_judge.offset(place, shapes[wrt.name])])
            assert close(ours, expected, largest), (wrt, place)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in GALLERY]
)
def test_everything_shown_is_proved_or_says_so(name):
    found = second(name)
    kinds = {s.evidence.kind for s in (*found.stages, *found.blocks, *found.products)}
    assert "refuted" not in kinds
    if found.gram is not None:
        assert found.gram.evidence.kind == "proved"
    for claim in found.claims:
        wanted = {"convex": "proved", "not convex": "refuted", "undecided": "undecided"}[claim.kind]
        assert claim.evidence.kind == wanted
        assert (claim.evidence.point is not None) == (claim.kind == "not convex")


def test_the_forms_a_teacher_writes():
    block = second("logistic").blocks[0]
    text = wg.render(wg.document(derived("logistic")), "text", width=100)
    assert "∂²J/∂w_k∂w_j = 1/m Σ_i x_ij f_i (1 − f_i) x_ik" in text
    assert "∂²J/∂w²      = 1/m Xᵀ diag(f ⊙ (1 − f)) X" in text
    assert block.evidence.kind == "proved"
    assert block.matrix is not None


# --- convexity ------------------------------------------------------------------------------------


def eigenvalues(name, group, seed):
    """Of the block of some parameters; a symmetric matrix moves in symmetric directions."""
    _, matrix, starts, shapes = whole_hessian(name, seed)
    whole = np.asarray(matrix)
    for d in derived(name).cost.parameters:
        if d.has("spd") or d.has("symmetric"):
            n = shapes[d.name][0]
            swap = np.eye(len(whole))
            for r in range(n):
                for c in range(n):
                    k, q = starts[d.name] + r * n + c, starts[d.name] + c * n + r
                    swap[k] = 0
                    swap[k, k] += 0.5
                    swap[k, q] += 0.5
            whole = swap @ whole @ swap.T
    kept = [k for n in group for k in range(starts[n], starts[n] + int(np.prod(shapes[n])))]
    return np.linalg.eigvalsh(whole[np.ix_(kept, kept)])


@pytest.mark.parametrize("name", EVERY)
def test_convex_claims_hold_at_random_points(name):
    cost = derived(name).cost
    convex = [c for c in second(name).claims if c.kind == "convex"]
    if not convex or not judged_by_jax(cost):
        pytest.skip("nothing convex is claimed")
    for claim in convex:
        for seed in (5, 7):
            found = eigenvalues(name, claim.names, seed)
            assert found.min() >= -1e-9 * max(1.0, np.abs(found).max()), (claim.names, seed)


@pytest.mark.parametrize("name", EVERY)
def test_convex_claims_lie_below_their_chords(name):
    """Kinks, too: the cost halfway between two points is at most the mean of its values there."""
    cost = derived(name).cost
    convex = [c for c in second(name).claims if c.kind == "convex"]
    if not convex or not judged_by_jax(cost):
        pytest.skip("nothing convex is claimed")
    for claim in convex:
        for seed in range(2):
            point = tame(name, seed)
            other = {**point.values, **_others(point, name, seed, claim)}
            half = {k: (v + other[k]) / 2 for k, v in point.values.items()}
            one, two, middle = (hessian_judge.goal_value(cost, replace(point, values=v))
                                for v in (point.values, other, half))  # fmt: skip
            if not np.isfinite((one, two)).all():
                continue
            assert middle <= (one + two) / 2 + 1e-9 * max(1.0, abs(one), abs(two)), (claim.names, seed)


def _others(point, name, seed, claim):
    rng = np.random.default_rng(seed)
    out = {}
    for (n, place), value in point.values.items():
        if n in claim.names:
            low = value > 0 and bool(derived(name).cost.scope.declarations[n].domains)
            out[n, place] = Fraction(float(rng.uniform(0.1, 2) if low else rng.normal()))
    return out


@pytest.mark.parametrize("name", ["neuron-sigmoid-squared", "neuron-tanh-squared", "neuron-relu-squared",
                                  "matrix-factorisation", "network-sigmoid", "student-t"])  # fmt: skip
def test_what_is_not_convex_is_refuted(name):
    claim = second(name).claims[0]
    assert claim.kind == "not convex"
    assert claim.evidence.values is not None


def test_convex_in_one_factor_at_a_time():
    found = {(c.names, c.kind) for c in second("matrix-factorisation").claims}
    assert found == {(("U", "V"), "not convex"), (("U",), "convex"), (("V",), "convex")}


# --- step sizes -----------------------------------------------------------------------------------


def largest_curvature(name, seed):
    """L from what is said, with A taken from JAX."""
    found = second(name).lipschitz
    cost = derived(name).cost
    reading = scored(cost)
    assert found is not None
    assert reading is not None
    point = tame(name, seed)
    arrays = jax_judge.arrays_at(cost, point)
    flat = jnp.concatenate([arrays[n].reshape(-1) for n in parameters(name)])

    def scores(theta):
        given, at = dict(arrays), 0
        for n in parameters(name):
            size = int(np.prod(arrays[n].shape))
            given[n] = theta[at : at + size].reshape(arrays[n].shape)
            at += size
        score = reading.score
        return hessian_judge.value(score, reading.cost, given, point.sizes, score.indices).reshape(-1)

    a = np.asarray(jax.jacobian(scores)(flat))
    number = [
        float(evaluate(e, cost.scope, point, 30).mid()) for e in (found.scale, found.bound, found.ridge)
    ]
    top = number[0] * number[1] * np.linalg.eigvalsh(a.T @ a)[-1] + number[2]
    return top, eigenvalues(name, parameters(name), seed)[-1]


@pytest.mark.parametrize("name", EVERY)
def test_the_lipschitz_constant_bounds_every_eigenvalue(name):
    found = second(name).lipschitz
    if found is None or found.reason or not judged_by_jax(derived(name).cost):
        pytest.skip("no constant is given")
    for seed in (5, 7):
        bound, largest = largest_curvature(name, seed)
        assert largest <= bound * (1 + 1e-12), seed


BOUNDS = {"logistic": Fraction(1, 4), "linear": 1, "softmax": Fraction(1, 2), "huber": 1, "squared-hinge": 1,
          "log-cosh": 1}  # fmt: skip


@pytest.mark.parametrize(("name", "bound"), BOUNDS.items())
def test_bounds_of_the_curvature(name, bound):
    found = second(name).lipschitz
    assert found is not None
    assert found.bound == Number(bound)


@pytest.mark.parametrize("name", ["hinge", "absolute", "poisson", "quantile"])
def test_no_constant_where_slopes_jump_or_curvature_grows(name):
    found = second(name).lipschitz
    assert found is not None
    assert found.none


def test_the_penalty_makes_strongly_convex_in_what_it_holds():
    (strong,) = second("ridge").strong
    assert strong.name == "w"
    assert not strong.positive  # lambda >= 0 may be 0
    text = wg.render(wg.document(derived("ridge")), "text", width=100)
    assert "strongly convex in w where λ > 0" in text


# --- costs of one's own ---------------------------------------------------------------------------

HEAD = "data x[i,j], y[i]\nparam w[j], b\nz[i] = sum_j w[j] x[i,j] + b\n"


@pytest.mark.parametrize(("loss", "kind"), [
    ("-abs(z[i] - y[i])", "not convex"),
    ("min(z[i], y[i])", "not convex"),
    ("z[i]^2 if z[i] > 0 else -z[i]^2", "not convex"),
    ("z[i]^3", "not convex"),
    ("z[i]^4 - z[i]^2", "not convex"),
    ("relu(z[i]) + abs(z[i])", "convex"),
    ("exp(z[i]) - y[i] z[i]", "convex"),
    ("max(z[i], max(2 z[i], 3 - z[i]))", "convex"),
    ("relu(z[i])^2", "convex"),
])  # fmt: skip
def test_kinks_and_signs_decide(loss, kind):
    found = second(HEAD + f"L[i] = {loss}\nJ = mean_i L[i]")
    assert found.claims[0].kind == kind


def test_one_line_is_read_like_named_steps():
    named = second("logistic")
    one = second("data x[i,j], y[i] in {0,1}\nparam w[j], b\n"
                 "J = mean_i log(1 + exp(sum_j w[j] x[i,j] + b)) - y[i] (sum_j w[j] x[i,j] + b)")  # fmt: skip
    assert one.claims[0].kind == named.claims[0].kind == "convex"
    assert one.lipschitz is not None
    assert one.lipschitz.bound == Number(Fraction(1, 4))


def test_json_holds_it_and_follows_the_schema(schema_of_derivations):
    for name in ("softmax", "network-tanh", "huber", "neuron-relu-squared"):
        data = json.loads(json.dumps(derivation_to_json(derived(name))))
        jsonschema.validate(data, schema_of_derivations)
        assert derivation_from_json(data) == derived(name)


# --- the tools ------------------------------------------------------------------------------------

Z = Symbol("z")


@st.composite
def functions_of_z(draw, depth=4):
    """Expressions in z and constants, kinks among them."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([Z, Number(2), Number(-1), neg(Z), add(Z, ONE), sub(ONE, Z)]))
    inner = functions_of_z(depth=depth - 1)
    kind = draw(st.sampled_from(["add", "mul", "call", "pair", "pow"]))
    match kind:
        case "add":
            return Add((draw(inner), draw(inner)))
        case "mul":
            return Mul((Number(draw(st.sampled_from([2, -1, 3]))), draw(inner)))
        case "call":
            name = draw(st.sampled_from(["exp", "abs", "relu", "softplus", "cosh", "tanh", "sigmoid"]))
            return Call(name, (draw(inner),))
        case "pair":
            return Call(draw(st.sampled_from(["max", "min"])), (draw(inner), draw(inner)))
        case _:
            return Pow(draw(inner), Number(draw(st.sampled_from([2, 3, 4]))))


NOTHING = Cost("", "", (), (), "")


def at(e, z):
    return float(hessian_judge.value(e, NOTHING, {"z": jnp.float64(z)}, {}))


@settings(max_examples=150, deadline=None)
@given(functions_of_z(), st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_what_the_rules_call_convex_lies_below_chords(e, places):
    curve, _ = curve_of(e, Scope(), frozenset("z"))
    if curve not in ("convex", "concave", "affine") or "z" not in names(e):
        return
    for a, b in zip(places[::2], places[1::2], strict=True):
        one, two, half = at(e, a), at(e, b), at(e, (a + b) / 2)
        if not all(np.isfinite((one, two, half))) or max(abs(one), abs(two)) > 1e12:
            continue
        slack = 1e-9 * max(1.0, abs(one), abs(two))
        if curve in ("convex", "affine"):
            assert half <= (one + two) / 2 + slack
        if curve in ("concave", "affine"):
            assert half >= (one + two) / 2 - slack


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=3, max_size=3), st.floats(-4, 4))
def test_spans_hold_every_value(coefficients, z):
    s = Call("sigmoid", (Z,))
    a, b, c = (Number(k) for k in coefficients)
    for e in (add(mul(a, s, s), mul(b, s), c), mul(s, sub(ONE, s)), mul(add(s, a), add(s, b)),
              mul(Pow(Call("sinh", (Z,)), Number(2)), Pow(Call("cosh", (Z,)), Number(-2)))):  # fmt: skip
        found, value = span(e, Scope()).range, at(e, z)
        assert found.low is None or value >= float(found.low) - 1e-9
        assert found.high is None or value <= float(found.high) + 1e-9


def test_a_square_is_completed():
    s = Call("sigmoid", (Z,))
    found = span(mul(s, sub(ONE, s)), Scope())
    assert (found.range.low, found.range.high) == (0, Fraction(1, 4))
    assert found.square is sub(Number(Fraction(1, 4)), Pow(sub(s, Number(Fraction(1, 2))), Number(2)))


@pytest.mark.parametrize("name", ["logistic", "linear", "poisson"])
def test_every_stage_of_order_2_can_be_opened(name: str) -> None:
    derivation = wg.derive(name, order=2)
    stages = derivation.hessian.all_stages
    assert len({s.id for s in stages}) == len(stages)
    for stage in stages:
        page = wg.why(name, stage.id)
        rows = [row for block in page.blocks if isinstance(block, Rows) for row in block.rows]
        assert rows[-1].right is stage.result
        assert all(row.evidence in ("", "proved", "definition") for row in rows)
        for used in stage.uses:
            assert used in {s.id for s in stages}
    rest = derivation_from_json(derivation_to_json(derivation)).hessian
    assert [s.id for s in rest.all_stages] == [s.id for s in stages]
