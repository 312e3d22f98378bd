"""One question, one table: every table has a row for everything that it is asked about."""

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from whygrad.backends import numpy_names
from whygrad.core.error_pages import ERRORS
from whygrad.core.expr import APPLY_OPS
from whygrad.core.functions import FUNCTIONS
from whygrad.lower import program
from whygrad.meaning.balls import BALLS
from whygrad.rules.functions import FUNCTION_RULES
from whygrad.rules.sources import SOURCES
from whygrad.rules.table import RULES
from whygrad.show.glyphs import ARRAY_CALLS, ARRAY_SIGNS, FUNCTION_GLYPHS

NO_DERIVATIVE = {"trigamma": "stands only in derivatives; its own would need the polygamma functions"}
"""Functions without a derivative row, and why."""

SOURCE = Path(__file__).resolve().parents[2] / "src" / "whygrad"


@pytest.mark.parametrize(
    ("asked", "table"),
    [
        pytest.param(FUNCTIONS, {**FUNCTION_RULES, **NO_DERIVATIVE}, id="its derivative: rules/functions.py"),
        pytest.param(FUNCTIONS, BALLS, id="its enclosure: meaning/balls.py"),
        pytest.param(FUNCTIONS, FUNCTION_GLYPHS, id="how it is written: show/glyphs.py"),
        pytest.param(FUNCTIONS, program.FUNCTIONS, id="its operation in a program: lower/program.py"),
        pytest.param(
            program.FUNCTIONS,
            {**numpy_names.BINARY, **numpy_names.NAMES},
            id="NumPy: backends/numpy_names.py",
        ),
        pytest.param(APPLY_OPS, {**ARRAY_CALLS, **ARRAY_SIGNS}, id="array operations: show/glyphs.py"),
    ],
)
def test_no_row_is_missing(asked: Collection[str], table: Collection[str]) -> None:
    assert sorted(set(asked) - set(table)) == []


def test_every_rule_names_a_source_that_is_listed() -> None:
    cited = {rule.id: rule.source.partition(",")[0].strip() for rule in RULES.values()}
    assert {rule: key for rule, key in cited.items() if key not in {*SOURCES, "house"}} == {}


def test_ids_are_the_keys_of_their_rows() -> None:
    assert {key: rule.id for key, rule in RULES.items() if key != rule.id} == {}


def test_every_error_that_is_raised_has_a_page_and_every_page_an_error() -> None:
    pages = SOURCE / "core" / "error_pages.py"
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if path != pages]
    raised = set(re.findall(r"[\"' ](error/[a-z-]+)[\"')]", "\n".join(texts)))
    assert sorted(raised - set(ERRORS)) == []
    assert sorted(set(ERRORS) - raised) == []
