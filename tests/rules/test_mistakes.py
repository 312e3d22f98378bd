"""Every mistake is false, complete, and told from the others."""

from __future__ import annotations

import pytest

from whygrad.core.errors import ShapeError, UsageError
from whygrad.engine.diagnose import diagnose
from whygrad.engine.diagnose_page import mistake_page, read_example
from whygrad.meaning.enclose import difference
from whygrad.meaning.equal import same_value
from whygrad.meaning.shapes import shape_of
from whygrad.rules.mistakes import MISTAKES, Example, Mistake
from whygrad.rules.rule import HOLES
from whygrad.rules.sources import SOURCES

EXAMPLES = [(row, example) for row in MISTAKES.values() for example in row.examples]
IDS = [f"{row.id}-{row.examples.index(example)}" for row, example in EXAMPLES]


def test_the_table_has_forty_four_rows() -> None:
    assert len(MISTAKES) == 44
    assert len({(e.given, e.before, e.after) for _, e in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("row", MISTAKES.values(), ids=list(MISTAKES))
def test_rows_are_complete(row: Mistake) -> None:
    assert row.examples
    assert len(row.hint.split()) <= 20
    assert "you " not in row.hint.lower().split("see")[0]
    assert row.source.split(",")[0] in SOURCES
    assert row.title == row.title.lower().replace("x'x", "X'X")
    for left, right in row.sides:
        assert left is not right
    assert len(HOLES) > 0
    page = mistake_page(row.id)
    assert page.title == row.title
    assert page.blocks


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=IDS)
def test_every_example_is_false(row: Mistake, example: Example) -> None:
    """By the enclosures, or by its shapes."""
    before, after, scope = read_example(example)
    verdict = same_value(before, after, scope)
    assert verdict.kind in ("different", "ill-typed"), row.id
    if verdict.kind == "different":
        assert verdict.evidence.kind == "refuted"


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=IDS)
def test_every_example_is_named_and_no_other(row: Mistake, example: Example) -> None:
    before, after, scope = read_example(example)
    found = diagnose(before, after, scope)
    assert found is not None
    assert found.id == row.id
    assert found.family == row.family
    assert all(MISTAKES[other].family != row.family for other in found.alternatives)


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=IDS)
def test_the_corrected_line_is_right(row: Mistake, example: Example) -> None:
    before, after, scope = read_example(example)
    found = diagnose(before, after, scope)
    assert found is not None
    if shape_of(before, scope) == ():
        assert difference(before, found.corrected, scope, tries=6) is None


def test_an_unknown_page_suggests_near_ones() -> None:
    with pytest.raises(UsageError, match=r"mistake/log/one-over-lost|one-over"):
        mistake_page("mistake/log/one-over-los")


def test_shapes_are_checked() -> None:
    before, _, scope = read_example(MISTAKES["mistake/shape/transpose-or-order"].examples[0])
    try:
        assert shape_of(before, scope)
    except ShapeError:
        pytest.fail("the example does not fit")
