"""Laws every derivation keeps, over the whole gallery and all routes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from functools import cache

import jax.numpy as jnp
import jax_judge
import jsonschema
import pytest

import whygrad as wg
from whygrad import costs
from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.expr import Index, Partial
from whygrad.core.walk import at, replace_at
from whygrad.engine.cotangents import has_cotangents
from whygrad.engine.derive import closed
from whygrad.engine.moves import Context
from whygrad.engine.narrate import opened
from whygrad.engine.replay import replays
from whygrad.engine.serialise import derivation_from_json, derivation_to_json
from whygrad.engine.stages import changed_part, checked
from whygrad.meaning.equal import same_value
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.oracle import gradient as slow_gradient
from whygrad.meaning.sample import draw_point
from whygrad.meaning.to_index import to_index
from whygrad.rules.table import RULES

ROUTES = ("chain", "substitution", "backprop")
GALLERY = costs.names()
CORE = (
    "hinge",
    "huber",
    "linear",
    "logistic",
    "logistic-l2",
    "neuron-relu-squared",
    "neuron-sigmoid-squared",
    "neuron-tanh-squared",
    "poisson",
    "ridge",
    "softmax",
    "batch-norm",
    "gaussian-process",
)
EVERY = [(name, route) for name in GALLERY for route in ROUTES]
DRAWN = [(name, route) for name in CORE for route in ROUTES]
CAREFUL = [pytest.param(*pair, marks=() if pair in DRAWN else pytest.mark.long) for pair in EVERY]
"""Every pair; those outside the core only in long runs."""
HEAVY = (
    "transformer-block",
    "autoencoder",
    "causal-attention",
    "triplet",
    "variational",
    "network-tanh",
    "recurrent",
    "lstm",
    "network-silu",
    "network-gelu",
    "contrastive",
    "embedding",
    "ordinal",
)
"""Compiled by JAX in long runs only."""
SAMPLED = frozenset[str]()
"""Costs with a line that is only tested at random points; the number may fall, not rise."""

WHOLE = {
    "transformer-block": "definition",  # by its stages
}
"""Costs with a gradient that is not proved as a whole, and how it is held; may fall, not rise."""


UNIT = Domain("interval", low=Fraction(0), high=Fraction(1))
"""Where entries of defined names are drawn: every gallery cost has values there."""


@cache
def derived(name, route):
    return wg.derive(name, route=route)


def all_steps(derivation):
    for parameter in derivation.parameters:
        for stage in parameter.stages:
            for step in stage.steps:
                yield stage, step
                for small in opened(step):
                    yield stage, small


@pytest.mark.parametrize(("name", "route"), EVERY)
def test_everything_shown_is_proved(name, route):
    kinds = {"proved", "definition"} | ({"sampled"} if name in SAMPLED else set())
    for parameter in derived(name, route).parameters:
        assert parameter.evidence.kind in ("proved", WHOLE.get(name))
        for stage in parameter.stages:
            assert stage.evidence.kind in kinds, (stage.id, stage.evidence)


@pytest.mark.parametrize(("name", "route"), CAREFUL)
def test_small_steps_are_proved_too(name, route):
    derivation = derived(name, route)
    for stage, step in all_steps(derivation):
        evidence = checked(replace(step, minor=False), derivation.cost.scope, stage.left).evidence
        allowed = ("proved", "definition", *(("sampled",) if name in SAMPLED else ()))
        assert evidence.kind in allowed, (stage.id, step.rule, evidence)


@pytest.mark.parametrize(("name", "route"), EVERY)
def test_lines_chain_up(name, route):
    for parameter in derived(name, route).parameters:
        for stage in parameter.stages:
            line = stage.left
            for step in stage.steps:
                assert step.before is line
                inner = step.before
                for small in step.substeps:
                    assert small.before is inner
                    inner = small.after
                if step.substeps:
                    assert inner is step.after
                line = step.after
            assert line is stage.result


@pytest.mark.parametrize(("name", "route"), EVERY)
def test_a_step_changes_only_its_place(name, route):
    for _, step in all_steps(derived(name, route)):
        assert step.rule in RULES
        before, after = changed_part(step)
        if step.at and not step.substeps:
            # a product may be spliced into the product above it, no further
            places = [step.at[:k] for k in range(max(0, len(step.at) - 2), len(step.at) + 1)]
            assert any(
                at(step.before, p) is before and replace_at(step.before, p, after) is step.after
                for p in places
            )


@pytest.mark.parametrize(("name", "route"), CAREFUL)
def test_steps_replay(name, route):
    derivation = derived(name, route)
    scope = derivation.cost.scope
    folding = frozenset(n for n, d in scope.definitions.items() if not d.is_function)
    for stage, step in all_steps(derivation):
        assert replays(step, Context(scope, folding)), (stage.id, step.rule)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in CORE else pytest.mark.long) for name in GALLERY]
)
def test_routes_agree(name):
    first = derived(name, "chain")
    for route in ROUTES[1:]:
        other = derived(name, route)
        for a, b in zip(first.parameters, other.parameters, strict=True):
            assert a.wrt is b.wrt
            verdict = same_value(a.result, b.result, first.cost.scope)
            assert verdict.kind == "equal"
            assert verdict.evidence.kind == "proved" or name in SAMPLED or name not in CORE


def far_from_kinks(cost, seed):
    bodies = [d.body for d in cost.definitions if not d.is_function]
    return draw_point(bodies, cost.scope, seed)


@pytest.mark.parametrize("name", CORE)
def test_gradient_equals_the_slow_derivative(name):
    derivation = derived(name, "chain")
    cost = derivation.cost
    point = far_from_kinks(cost, 4)
    goal = cost.definition(cost.goal).body
    for parameter in derivation.parameters:
        by_oracle = slow_gradient(goal, parameter.wrt.name, cost.scope, point)
        letters = [i for i in parameter.wrt.indices if isinstance(i, Index)]
        for place, expected in by_oracle.items():
            here = replace(point, positions=dict(zip(letters, place, strict=True)))
            ours = evaluate(parameter.result, cost.scope, here, 40)
            assert abs(float((ours - expected).mid())) <= 1e-25 * max(1.0, abs(float(expected.mid())))


def compared_with_automatic(name, *, second):
    """To 1e-10 of the largest entry, at a random point away from kinks, along a random direction."""
    cost = derived(name, "chain").cost
    results = {}
    for parameter in derived(name, "chain").parameters:
        whole = closed(parameter.result, parameter.stages, {}, None)
        results[parameter.wrt.name] = (parameter.wrt.indices, whole)
    for seed in range(3, 9):
        point = far_from_kinks(cost, seed)
        rng = random.Random(seed)
        arrays = jax_judge.arrays_at(cost, point)
        directions = {}
        for n in results:
            v = jnp.array([rng.uniform(-1, 1) for _ in range(arrays[n].size)]).reshape(arrays[n].shape)
            d = cost.scope.declarations[n]
            directions[n] = v + v.T if d.has("spd") or d.has("symmetric") else v  # they stay symmetric
        expected = jax_judge.gradients(cost, point, directions, second=second)
        if all(bool(jnp.all(jnp.isfinite(v))) for e in expected for v in e.values()):
            break  # the cost itself overflows at some points
    ours = jax_judge.along(results, cost, point, directions, second=second)
    for e, o in zip(expected, ours, strict=True):
        for n in results:
            largest = max(1.0, float(jnp.max(jnp.abs(e[n]))))
            assert e[n].shape == o[n].shape
            assert float(jnp.max(jnp.abs(e[n] - o[n]))) <= 1e-10 * largest, n


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in HEAVY else ()) for name in GALLERY]
)
def test_gradient_equals_the_automatic_one(name):
    compared_with_automatic(name, second=False)


@pytest.mark.long
@pytest.mark.parametrize("name", GALLERY)
def test_hessian_vector_product_equals_the_automatic_one(name):
    compared_with_automatic(name, second=True)


@pytest.mark.parametrize("name", GALLERY)
def test_matrix_form_is_the_index_form(name):
    """Evaluated entry by entry at distinct sizes (those of the point)."""
    derivation = derived(name, "chain")
    for parameter in derivation.parameters:
        stage = parameter.stages[-1]
        assert (
            stage.matrix is not None
            or stage.no_matrix
            or not parameter.wrt.indices
            or stage.matrix_left is None
        )
        if stage.matrix is None or has_cotangents(stage.result):
            continue
        cost = derivation.cost
        over = tuple(i for i in parameter.wrt.indices if isinstance(i, Index))
        held = Scope(
            {
                **cost.scope.declarations,
                **{d.name: Declaration(d.name, "data", d.dims, (UNIT,)) for d in cost.definitions},
            },
            {},
        )
        back = to_index(stage.matrix, held, over)
        assert same_at_some_point(back, stage.result, held, over)


def same_at_some_point(a, b, scope, over):
    """Whether both agree at the first point where they have values (free entries may leave a domain)."""
    for seed in range(7, 40):
        point = draw_point([a, b], scope, seed)
        found = []
        for place in jax_judge.places(tuple(point.sizes.get(i.dim, 2) for i in over))[:3]:
            here = replace(point, positions=dict(zip(over, place, strict=True)))
            found.append((evaluate(a, scope, here, 40), evaluate(b, scope, here, 40)))
        if all(x.is_finite() and y.is_finite() for x, y in found):
            return all(abs(float((x - y).mid())) <= 1e-20 * max(1.0, abs(float(x.mid()))) for x, y in found)
    return False


@pytest.mark.parametrize(("name", "route"), CAREFUL)
def test_json_round_trips_and_follows_its_schema(name, route, schema):
    derivation = derived(name, route)
    text = json.dumps(derivation_to_json(derivation))
    data = json.loads(text)
    jsonschema.validate(data, schema)
    assert derivation_from_json(data) == derivation


def test_big_algebra_steps_are_few():
    """Steps that do several things at once; the number may fall, not rise."""
    big = [
        (name, route, stage.id)
        for name, route in EVERY
        for stage, step in all_steps(derived(name, route))
        if step.rule == "algebra/algebra"
    ]
    assert len(big) <= 6, big
    assert not [name for name, _, _ in big if name in CORE]


def test_reuse_is_visible():
    derivation = derived("logistic", "chain")
    second = derivation.parameters[1]
    assert [s.reused for s in second.stages] == [True, True, False, False, False]
    new = [s.left for s in second.stages if not s.reused]
    assert isinstance(new[0], Partial)
    assert new[0].body.name == "z"
    assert wg.derive("logistic", "b").parameters[0] == second


def test_levels_share_ids():
    derivation = derived("logistic-l2", "chain")
    ids = {}
    for level in ("brief", "normal", "full"):
        document = wg.document(derivation, level)
        ids[level] = {
            row.id
            for block in document.blocks
            if hasattr(block, "rows")
            for row in block.rows
            if hasattr(row, "id")
        }
    stages = {s.id for p in derivation.parameters for s in p.stages}
    for level, found in ids.items():
        roots = {".".join(i.split(".")[:2]) for i in found if i.startswith("chain.")}
        assert roots == stages, level
