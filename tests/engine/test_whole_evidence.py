"""What is said of a whole gradient: proved only where it was compared as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

import whygrad as wg
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import TWO, mul
from whygrad.engine.derive import whole_evidence
from whygrad.engine.narrate import BY_STAGES, evidence_sentence


def last(name):
    derivation = wg.derive(name)
    return derivation, derivation.parameters[0]


@pytest.mark.parametrize("name", ["logistic-l2", "batch-norm", "network-tanh", "triplet", "gaussian-process"])
def test_a_wrong_whole_is_refuted_though_every_stage_is_proved(name):
    derivation, parameter = last(name)
    *before, final = parameter.stages
    wrong = replace(final, result=mul(TWO, final.result))
    assert whole_evidence(final, [*before, final], derivation.cost.scope, {}).kind in ("proved", "sampled")
    assert whole_evidence(wrong, [*before, wrong], derivation.cost.scope, {}).kind == "refuted"


def test_what_was_not_compared_as_a_whole_says_so():
    derivation, parameter = last("logistic")
    stages_only = replace(parameter, evidence=replace(parameter.evidence, kind="definition"))
    said = evidence_sentence(replace(derivation, parameters=(stages_only,)))
    assert BY_STAGES in said
    assert "written out" not in said
    assert "written out" in evidence_sentence(derivation)


LONG = """data x[t]: (4,), y[t]
param u, w
h[1] = tanh(u x[1])
h[t] = tanh(w h[t-1] + u x[t])
J = 1/2 sum_t (h[t] - y[t])^2"""
"""Its gradient by u is too long to be proved as a whole."""


def test_nothing_sampled_is_called_proved():
    derivation, parameter = last(LONG)
    assert parameter.evidence.kind == "sampled"
    assert "sampled at random points (not a proof): the last" in evidence_sentence(derivation)


def test_a_function_without_a_derivative_is_pointed_out():
    text = "param v, w\nJ = v^2 + trigamma(w)"
    with pytest.raises(NoRuleError) as caught:
        wg.derive(text)
    error = caught.value
    assert error.id == "error/no-rule"
    assert error.span is not None
    assert text[error.span.start : error.span.end] == "trigamma"
    assert "^" in error.render()
    assert error.fix
