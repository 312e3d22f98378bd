"""``--at``: numbers beside each formula, for one example or for a whole table."""

import pytest

import whygrad as wg
from whygrad.core.derivation import Evaluation
from whygrad.core.errors import WhygradError

LAB = {
    "x": [[0.5, 1.5], [1, 1], [1.5, 0.5], [3, 0.5], [2, 2], [1, 2.5]],
    "y": [0, 0, 0, 1, 1, 1],
    "w": [2, 3],
    "b": 1,
}


def rows(at: object, wrt: str | None = None) -> list[tuple[str, str]]:
    made = wg.derive("logistic", wrt, at=at).evaluation  # type: ignore[arg-type]
    assert isinstance(made, Evaluation)
    return [(stage, value) for stage, _, _, value in made.rows]


def test_the_course_lab_at_its_point() -> None:
    found = dict(rows(LAB))
    assert found["chain.5"].startswith("[0.498333393")
    assert "0.4988394" in found["chain.5"]
    assert found["chain.8"].startswith("0.498618065")


def test_text_reads_as_lists() -> None:
    table = "[" + "; ".join(", ".join(map(str, row)) for row in LAB["x"]) + "]"  # type: ignore[union-attr]
    text = {"x": table, "y": str(LAB["y"]), "w": "[2, 3]", "b": "1"}
    assert rows(text) == rows(LAB)
    assert rows({**text, "x": str(LAB["x"])}) == rows(LAB)


def test_product_and_closed_form_have_one_value() -> None:
    found = rows({"w": 2, "b": 1, "x": 0.5, "y": 1}, "w")
    product, closed = next(found[k : k + 2] for k, (stage, _) in enumerate(found) if stage == "chain.4")
    assert product[1] == closed[1] == "−0.05960146101"
    assert [stage for stage, _ in rows(LAB, "b")][4:6] == ["chain.1", "chain.2"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"y": 0.5}, "not one of 0, 1"),
        ({"w": [1, 2, 3]}, "3 values along n where 2 are needed"),
        ({"w": [[2, 3]]}, "a list over n"),
        ({"b": [1]}, "one number"),
        ({"w": [1, [2]]}, "different lengths"),
        ({"w": "[1, 2"}, "brackets"),
        ({"w": "[1, a]"}, "not a number"),
        ({"w": []}, "different lengths"),
        ({"q": 1}, "not declared"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, object], reason: str) -> None:
    with pytest.raises(WhygradError, match=reason):
        rows({**LAB, **change})
