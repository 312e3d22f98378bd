"""Floors on derivations that people posted: pairs right, no false accusation, the first wrong line found."""

from __future__ import annotations

from pathlib import Path

import pytest
from scoring import Figures, records, score

POSTED = records(Path(__file__).parent / "data" / "derivations.jsonl")
UNSEEN = records(Path(__file__).parent / "chains.jsonl")


@pytest.fixture(scope="module")
def posted() -> Figures:
    """The figures of all posted chains."""
    return score(POSTED)


def test_nobody_is_accused_falsely(posted: Figures) -> None:
    assert posted.false_accusations == []


def test_pairs_are_right(posted: Figures) -> None:
    assert posted.right / posted.pairs >= 0.94, posted.undecided
    assert len(posted.missed) <= 1


def test_first_wrong_line_is_found(posted: Figures) -> None:
    assert posted.found / posted.wrong_chains >= 0.8


def test_mistake_is_named(posted: Figures) -> None:
    assert posted.named / posted.wrong_chains >= 0.6
    assert posted.wrong_names / posted.wrong_chains <= 0.3


def test_blocks_as_posted_are_laid_out_as_recorded() -> None:
    figures = score([r for r in POSTED if r.get("raw")], raw=True)
    assert figures.pairs == figures.right > 0


def test_chains_in_other_notations() -> None:
    figures = score(UNSEEN)
    assert figures.false_accusations == []
    assert figures.right / figures.pairs >= 0.97
    assert figures.found / figures.wrong_chains >= 0.9
