"""The corrected line in the person's notation: only the mistake is written anew, and it reads back."""

from __future__ import annotations

from pathlib import Path

import pytest
from scoring import records

import whygrad
from whygrad.engine.check import check_chain, check_record
from whygrad.syntax.people.chain import Chain

HERE = Path(__file__).parent
CHAINS = records(HERE / "data" / "derivations.jsonl")


@pytest.mark.parametrize(
    ("before", "wrong", "own"),
    [
        (r"\frac{d}{dw}(y - w)^2", "2(y - w)\\,", r"-2(y - w)\,"),
        (
            r"\frac{\partial}{\partial \theta_j} \frac{1}{2m}\sum_{i=1}^m (\theta^T x^{(i)} - y^{(i)})^2",
            r"\frac{1}{m}\sum_{i=1}^m (\theta^T x^{(i)} - y^{(i)})",
            r"\frac{1}{m}\sum_{i=1}^m (\theta^T x^{(i)} - y^{(i)}) x_{j}^{(i)}",
        ),
        (
            r"\frac{\partial}{\partial w} \left((y - wx)^2 + \frac{\lambda}{2} w^2\right)",
            "-2x(y - wx) \\,",
            r"-2x(y - wx) + \lambda w\,",
        ),
        (
            r"\frac{d}{d\hat{y}} (y \ln \hat{y})",
            r"\frac{y}{\hat{y}} + \ln \hat{y}",
            r"\frac{y}{\hat{y}}",
        ),
    ],
)
def test_the_writers_spelling_is_kept(before: str, wrong: str, own: str) -> None:
    report = check_chain(Chain((before, wrong)))
    assert report.mistake is not None
    found = report.mistake.record()["corrected"]
    assert check_chain(Chain((before, found))).verdicts == ("equal",)
    assert found.replace(" ", "") == own.replace(" ", "")
    shown = whygrad.render(whygrad.document(report), "text")
    assert found in shown


def test_every_corrected_line_reads_back() -> None:
    count = 0
    for record in CHAINS:
        report = check_record(record)
        if report.mistake is None or "own" not in report.mistake.texts:
            continue
        k = report.first_wrong
        assert k is not None
        own = report.mistake.texts["own"]
        lines = list(record["lines"])
        assert own != lines[k]
        again = check_record({**record, "lines": [*lines[:k], own, *lines[k + 1 :]]})
        assert again.verdicts[k - 1] in ("equal", "undecided")
        count += again.verdicts[k - 1] == "equal"
    assert count >= 5


def test_plain_lines_keep_the_plain_form() -> None:
    report = check_chain(Chain(("d/dw (y - w)^2", "2(y - w)")))
    assert report.mistake is not None
    assert "own" not in report.mistake.texts
    assert report.mistake.record()["corrected"] == report.mistake.texts["corrected"]
