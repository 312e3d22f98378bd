"""What `derive` writes, pasted into `check --cost`: nobody is accused, and nearly every line is right."""

from __future__ import annotations

from typing import Any

import pytest

import whygrad
from whygrad import costs

SOME = ("logistic", "softmax", "ridge", "huber", "gaussian", "hinge", "attention", "layer-norm", "recurrent")


def verdicts(name: str, form: Any, cost: str | None) -> list[str]:
    shown = whygrad.render(whygrad.document(whygrad.derive(name)), form)
    report = whygrad.check(shown, cost=cost)
    return [v for part in report.parts or (report,) for v in part.verdicts]


@pytest.mark.parametrize("form", ["text", "latex"])
@pytest.mark.parametrize("name", SOME)
def test_some_costs_read_back(name: str, form: str) -> None:
    found = verdicts(name, form, name)
    assert len(found) > 2
    assert not {"different", "ill-typed", "unreadable"} & set(found)
    assert found.count("equal") >= 0.9 * len(found)


@pytest.mark.long
@pytest.mark.parametrize("form", ["text", "latex"])
@pytest.mark.parametrize("name", costs.names())
def test_every_cost_reads_back(name: str, form: str) -> None:
    assert not {"different", "ill-typed"} & set(verdicts(name, form, name))


def test_the_gradient_by_b_of_the_logistic_cost() -> None:
    report = whygrad.check("∂J/∂b = 1/m Σ_i (f_i − y_i)", cost="logistic")
    assert report.verdicts == ("equal",)
    wrong = whygrad.check("∂J/∂b = 1/m Σ_i (f_i + y_i)", cost="logistic")
    assert wrong.first_wrong == 1
