"""Lines of a derivation as a person sees them."""

from itertools import pairwise

import pytest

import whygrad as wg
from whygrad.engine.narrate import full_rows
from whygrad.show.text import to_text


@pytest.mark.parametrize("name", ["logistic", "focal", "quantile", "neuron-sigmoid-squared", "softmax"])
@pytest.mark.parametrize("route", ["chain", "substitution"])
def test_no_line_looks_like_the_one_before(name: str, route: str) -> None:
    made = wg.derive(name, route=route)
    for parameter in made.parameters:
        for stage in parameter.stages:
            shown = [to_text(row.right, made.cost.scope) for row in full_rows(stage, made.cost.scope)]
            assert all(a != b for a, b in pairwise(shown)), stage.id
