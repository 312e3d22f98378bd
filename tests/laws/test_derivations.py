"""Laws every derivation keeps, over the whole gallery and all routes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import jax_judge
import jsonschema
import pytest

import whygrad as wg
from whygrad import costs
from whygrad.core.expr import Index, Partial
from whygrad.core.walk import at, replace_at
from whygrad.engine.moves import Context
from whygrad.engine.narrate import opened
from whygrad.engine.replay import replays
from whygrad.engine.serialise import derivation_from_json, derivation_to_json
from whygrad.engine.stages import changed_part, checked
from whygrad.meaning.equal import same_value
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.oracle import gradient as slow_gradient
from whygrad.meaning.sample import draw_point
from whygrad.rules.table import RULES

ROUTES = ("chain", "substitution", "backprop")
GALLERY = costs.names()
EVERY = [(name, route) for name in GALLERY for route in ROUTES]


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
    for parameter in derived(name, route).parameters:
        assert parameter.evidence.kind == "proved"
        for stage in parameter.stages:
            assert stage.evidence.kind in ("proved", "definition"), (stage.id, stage.evidence)


@pytest.mark.parametrize(("name", "route"), EVERY)
def test_small_steps_are_proved_too(name, route):
    derivation = derived(name, route)
    for stage, step in all_steps(derivation):
        evidence = checked(replace(step, minor=False), derivation.cost.scope, stage.left).evidence
        assert evidence.kind in ("proved", "definition"), (stage.id, step.rule, evidence)


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
            assert any(at(step.before, p) is before and replace_at(step.before, p, after) is step.after
                       for p in places)  # fmt: skip


@pytest.mark.parametrize(("name", "route"), EVERY)
def test_steps_replay(name, route):
    derivation = derived(name, route)
    scope = derivation.cost.scope
    folding = frozenset(n for n, d in scope.definitions.items() if not d.is_function)
    for stage, step in all_steps(derivation):
        assert replays(step, Context(scope, folding)), (stage.id, step.rule)


@pytest.mark.parametrize("name", GALLERY)
def test_routes_agree(name):
    first = derived(name, "chain")
    for route in ROUTES[1:]:
        other = derived(name, route)
        for a, b in zip(first.parameters, other.parameters, strict=True):
            assert a.wrt is b.wrt
            verdict = same_value(a.result, b.result, first.cost.scope)
            assert verdict.kind == "equal"
            assert verdict.evidence.kind == "proved"


def far_from_kinks(cost, seed):
    bodies = [d.body for d in cost.definitions if not d.is_function]
    return draw_point(bodies, cost.scope, seed)


@pytest.mark.parametrize("name", GALLERY)
@pytest.mark.parametrize("seed", [3, 4])
def test_gradient_equals_automatic_and_slow_derivatives(name, seed):
    derivation = derived(name, "chain")
    cost = derivation.cost
    point = far_from_kinks(cost, seed)
    goal = cost.definition(cost.goal).body
    for parameter in derivation.parameters:
        wrt = parameter.wrt
        by_jax = jax_judge.gradient(cost, wrt.name, point)
        by_oracle = slow_gradient(goal, wrt.name, cost.scope, point)
        largest = max(1.0, *(abs(v) for v in by_jax.values()))
        for place, expected in by_jax.items():
            letters = [i for i in wrt.indices if isinstance(i, Index)]
            here = replace(point, positions=dict(zip(letters, place, strict=True)))
            ours = evaluate(parameter.result, cost.scope, here, 40)
            assert abs(float(ours.mid()) - expected) <= 1e-12 * largest
            assert abs(float((ours - by_oracle[place]).mid())) <= 1e-25 * largest


@pytest.mark.parametrize(("name", "route"), EVERY)
def test_json_round_trips_and_follows_its_schema(name, route, schema):
    derivation = derived(name, route)
    text = json.dumps(derivation_to_json(derivation))
    data = json.loads(text)
    jsonschema.validate(data, schema)
    assert derivation_from_json(data) == derivation


def test_big_algebra_steps_are_few():
    big = [step.rule for name, route in EVERY for _, step in all_steps(derived(name, route))
           if step.rule == "algebra/algebra"]  # fmt: skip
    assert len(big) <= 0


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
        ids[level] = {row.id for block in document.blocks if hasattr(block, "rows") for row in block.rows
                      if hasattr(row, "id")}  # fmt: skip
    stages = {s.id for p in derivation.parameters for s in p.stages}
    for level, found in ids.items():
        roots = {".".join(i.split(".")[:2]) for i in found if i.startswith("chain.")}
        assert roots == stages, level
