"""What is folded below a line was checked, too."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import whygrad as wg

COSTS = ("logistic-l2", "ridge", "softmax", "huber", "poisson", "neuron-relu-squared")


@pytest.mark.parametrize("route", ["chain", "substitution", "backprop"])
@pytest.mark.parametrize("name", COSTS)
def test_no_small_step_is_shown_unchecked(name: str, route: Any) -> None:
    document = wg.document(wg.derive(name, route=route))
    text = wg.render(document, "markdown")
    assert "Smaller steps" in text
    for word in ("undecided", "refuted"):
        assert f"({word})" not in text, text


def test_json_holds_no_unchecked_step() -> None:
    data = json.loads(wg.render(wg.document(wg.derive("logistic-l2")), "json"))
    steps = [d for d in dicts(data) if d.get("type") == "Step"]
    assert len(steps) > 50
    assert {step["evidence"]["kind"] for step in steps} <= {"proved", "definition"}


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, dict):
            yield top
            stack.extend(top.values())
        elif isinstance(top, list):
            stack.extend(top)
