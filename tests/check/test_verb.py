"""The verb ``check``: files, records, formats, exit statuses; and texts without what a reader would know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scoring import records, score

import whygrad
from whygrad.cli import main

HERE = Path(__file__).parent
WRONG = "∂L/∂b = ∂L/∂f · ∂f/∂b\n = -y/f + (1 - y)/(1 - f) · f(1 - f)\n = f - y\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["check", *arguments])
    return status, capsys.readouterr().out


def test_a_wrong_line_is_shown_with_its_place_and_what_puts_it_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text(WRONG, encoding="utf8")
    status, out = run(capsys, str(file), "--cost", "logistic")
    assert status == 1
    assert "WRONG" in out
    assert "mistake/chain/factor-lost" in out
    assert "With the factor f (1 − f) here, the line is right." in out
    status, hinted = run(capsys, str(file), "--cost", "logistic", "--hint")
    assert status == 1
    assert "with the factor" not in hinted.lower()


def test_statuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.md"
    file.write_text("$$2(x + 1) = 2x + 2$$", encoding="utf8")
    assert run(capsys, str(file))[0] == 0
    file.write_text("no mathematics here", encoding="utf8")
    assert run(capsys, str(file))[0] == 2


def test_records_are_answered_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "r.jsonl"
    one = {"id": "a", "lines": ["x + x", "2x", "3x"]}
    two = {"id": "b", "raw": r"\begin{align} x + x &= 2x \end{align}"}
    file.write_text(f"{json.dumps(one)}\n{json.dumps(two)}\n", encoding="utf8")
    status, out = run(capsys, "--records", str(file))
    answers = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [a["verdicts"] for a in answers] == [["equal", "different"], ["equal"]]
    assert answers[0]["first_wrong"] == 2
    assert answers[0]["evidence"][1]["kind"] == "refuted"
    assert set(answers[0]) == {"id", "verdicts", "first_wrong", "mistake", "readings", "evidence"}


def test_json_of_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.tex"
    file.write_text(r"\begin{align} L &= (y-w)^2 \\ &= (w-y)^2 \\ &= w^2 - y^2 \end{align}", encoding="utf8")
    status, out = run(capsys, str(file), "--format", "json")
    found = json.loads(out)
    assert status == 1
    assert found["format"] == "whygrad-report/1"
    assert found["verdicts"] == ["equal", "equal", "different"]
    assert found["first_wrong"] == 3


def test_html_is_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x + x = 2x", encoding="utf8")
    _, out = run(capsys, str(file), "--format", "html")
    assert out.lstrip().lower().startswith("<!doctype html>")


def test_from_python() -> None:
    report = whygrad.check(["d/dw (y - w)^2", "-2(y - w)"])
    assert report.first_wrong is None
    assert whygrad.check("a = b + b = 2b = 3b").first_wrong == 3


@pytest.mark.parametrize("dropped", ["assumptions", "wrt"])
def test_nobody_is_accused_for_what_was_left_unsaid(dropped: str) -> None:
    chains = [dict(r) for r in records(HERE / "data" / "derivations.jsonl")]
    for record in chains:
        record[dropped] = [] if dropped == "assumptions" else ""
    assert score(chains).false_accusations == []
