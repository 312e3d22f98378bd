"""A line that does not follow is never called proved, whatever made it."""

from dataclasses import replace

import pytest

from whygrad.core.derivation import Evidence, Step
from whygrad.core.expr import Expr, Number, Symbol, add, mul
from whygrad.core.walk import at, replace_at
from whygrad.engine.derive import derive
from whygrad.engine.narrate import evidence_sentence, narrate
from whygrad.engine.small_steps import with_evidence_below
from whygrad.engine.stages import checked, proved
from whygrad.show.render import render
from whygrad.syntax.cost_text import read_cost

COST = read_cost("data x[i], y[i]\nparam w\nL[i] = (w x[i] - y[i])^2\nJ = mean_i L[i]")
SLIPS = [lambda e: add(e, Number(1)), lambda e: mul(Number(-1), e), lambda e: mul(Number(2), e)]


@pytest.mark.parametrize("slip", SLIPS, ids=["one more", "the sign", "twice"])
@pytest.mark.parametrize("route", ["chain", "substitution", "backprop"])
def test_a_wrong_line_is_refuted(route, slip) -> None:
    """Each visible step, spoilt in the part that it rewrote."""
    derivation = derive(COST, None, route)
    spoilt = 0
    for stage in derivation.parameters[0].stages:
        for step in stage.steps:
            if step.minor or step.evidence.kind != "proved":
                continue
            wrong = _spoilt(step, slip)
            found = checked(wrong, derivation.cost.scope, stage.left).evidence
            assert found.kind == "refuted", (step.rule, found)
            spoilt += 1
    assert spoilt >= 2


def _spoilt(step: Step, slip) -> Step:
    bare = replace(step, evidence=Evidence("undecided"))
    try:
        part = at(step.after, step.at)
    except IndexError:
        return replace(bare, after=slip(step.after))
    return replace(bare, after=replace_at(step.after, step.at, slip(part)))


def test_two_lines_are_compared_by_value() -> None:
    w, x = Symbol("w"), Symbol("x")
    scope = read_cost("data x\nparam w\nJ = w x").scope
    assert proved(mul(w, x), mul(x, w), scope).kind == "proved"
    assert proved(mul(w, x), mul(w, w), scope).kind == "refuted"


def test_a_refuted_line_is_said_aloud() -> None:
    made = derive(COST)
    first = made.parameters[0]
    stage = replace(first.stages[-1], evidence=Evidence("refuted"))
    broken = replace(made, parameters=(replace(first, stages=(*first.stages[:-1], stage)),))
    assert "REFUTED" in evidence_sentence(broken)
    assert "\nwarning: REFUTED" in render(narrate(broken), "text")
    assert "\nproved: each line" in render(narrate(made), "text")


def test_what_was_sampled_is_not_headed_as_proved() -> None:
    made = derive(COST)
    first = made.parameters[0]
    text = render(narrate(replace(made, parameters=(replace(first, evidence=Evidence("sampled")),))), "text")
    assert "proved: proved" not in text
    assert "sampled at random points (not a proof): the last" in " ".join(text.split())


def test_small_steps_are_compared_too() -> None:
    w: Expr = Symbol("w")
    scope = COST.scope
    wrong = Step("algebra/collect", (), add(w, w), mul(Number(3), w))
    whole = Step("algebra/collect", (), add(w, w), mul(Number(2), w), substeps=(wrong,))
    found = with_evidence_below(whole, scope, w)
    assert found.evidence.kind == "proved"
    assert found.substeps[0].evidence.kind == "refuted"
