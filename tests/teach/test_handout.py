"""The handout: two pages at most, the same steps, reasons in the margin."""

from __future__ import annotations

import re

import numpy as np
import pytest
from costs import COSTS, IDS, lesson
from papers import pages, steps_of

import whygrad as wg
from whygrad.core.errors import BudgetError
from whygrad.teach.handout import PAGES
from whygrad.teach.inserts import read_inserts
from whygrad.teach.press import Wish, handout

pytest.importorskip("typst")


@pytest.fixture(scope="module", params=COSTS, ids=IDS)
def made(request):
    return request.param, handout(lesson(request.param))


def test_the_steps_are_those_of_the_derivation(made):
    text, files = made
    found = re.findall(r'\n  row\("([\w.]+)"', files[".typ"])
    names = {d.name for d in wg.load_cost(text).definitions}
    assert [row for row in found if row not in names] == [row for row, _, _ in steps_of(text)]


def test_two_pages_with_ink_inside(made):
    shown = list(pages(made[1][".typ"]))
    assert 1 <= len(shown) <= PAGES
    for page in shown:
        ink = page.min(axis=2) < 200
        height, width = ink.shape
        assert ink.any()
        assert not ink[:, : round(0.05 * width)].any()
        assert not ink[:, width - round(0.05 * width) :].any()
        assert not ink[height - round(0.02 * height) :].any()


def test_reasons_stand_in_the_margin():
    first = next(iter(pages(handout(lesson("logistic"))[".typ"], ppi=60)))
    ink = first.min(axis=2) < 200
    width = ink.shape[1]
    margin = ink[:, round(0.70 * width) : round(0.93 * width)]
    assert np.count_nonzero(margin.any(axis=1)) > 60


@pytest.mark.slow
def test_too_long_for_two_pages():
    numbers = range(16)
    lines = [
        "data x[i], y[i]",
        f"param {', '.join(f'w{k}' for k in numbers)}",
        *(f"g{k}[i] = w{k} x[i]^{k + 1}" for k in numbers),
        f"f[i] = {' + '.join(f'g{k}[i]' for k in numbers)}",
        "J = mean_i (y[i] - f[i])^2",
    ]
    text = "\n".join(lines)
    with pytest.raises(BudgetError) as caught:
        handout(lesson(text))
    assert "--wrt" in caught.value.fix
    assert handout(lesson(text), Wish(wrt="w3"))[".pdf"].startswith(b"%PDF")


def test_inserts_survive():
    old = {".typ": "// insert after chain.2\nNote well.\n// end\n"}
    source = handout(lesson("logistic"), None, old)[".typ"]
    assert read_inserts(source) == {"chain.2": "Note well."}
    assert source.index('row("chain.2') < source.index("Note well.") < source.index('row("chain.3')
