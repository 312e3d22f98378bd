"""Malformed costs: the error, its place, its way out, and the whole message as a golden.

`python tests/syntax/test_malformed.py` writes the goldens; a person reads the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from whygrad.core.errors import WhygradError
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.malformed import MALFORMED, Malformed

GOLDENS = Path(__file__).parents[1] / "golden" / "errors"
NOWHERE = {"empty", "only-comment", "too-large"}
"""Nothing in the text is the place of these."""


def message(row: Malformed) -> tuple[WhygradError, str]:
    with pytest.raises(WhygradError) as caught:
        read_cost(row.text)
    text = row.text if len(row.text) < 400 else row.text[:60] + " ..."
    return caught.value, f"{text}\n{'-' * 40}\n{caught.value.render()}\n"


@pytest.mark.parametrize("row", MALFORMED, ids=lambda row: row.name)
def test_error_is_named_placed_and_mended(row: Malformed) -> None:
    error, shown = message(row)
    assert error.id == row.id
    assert row.advice in error.fix
    if row.name not in NOWHERE:
        assert error.span is not None
        assert "^" in shown
        assert 0 <= error.span.start <= len(row.text)
    assert shown == (GOLDENS / f"{row.name}.txt").read_text(encoding="utf-8")


def test_there_are_fifty_of_them_and_no_golden_is_left_over() -> None:
    names = [row.name for row in MALFORMED]
    assert len(set(names)) == len(names) >= 50
    assert {path.stem for path in GOLDENS.glob("*.txt")} == set(names)


if __name__ == "__main__":
    for golden in GOLDENS.glob("*.txt"):
        golden.unlink()
    for entry in MALFORMED:
        (GOLDENS / f"{entry.name}.txt").write_text(message(entry)[1], encoding="utf-8")
