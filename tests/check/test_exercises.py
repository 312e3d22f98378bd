"""Exercises through the command line: an empty derivation, a folder of filled-in ones, the class."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from whygrad.cli import main

RIGHT = """= 1/m sum_i dL[i]/df[i] * df[i]/dz[i] * dz[i]/dw[j]
= 1/m sum_i (-y[i]/f[i] + (1-y[i])/(1-f[i])) f[i](1-f[i]) x[i,j]
= 1/m sum_i (f[i]-y[i]) x[i,j]
"""
LATEX = r"""= \frac1m \sum_i (-\frac{y_i}{f_i} + \frac{1-y_i}{1-f_i}) f_i (1-f_i) x_{ij}  # chain rule
= \frac1m \sum_i (-y_i(1-f_i) + (1-y_i)f_i) x_{ij}
"""
SLIP = """= 1/m sum_i (-y[i]/f[i] + (1-y[i])/(1-f[i])) x[i,j]
= 1/m sum_i (f[i]-y[i]) x[i,j]
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["check", *arguments])
    return status, capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    status, empty = run(capsys, "--template", "logistic", "--wrt", "w")
    assert status == 0
    head = empty.rstrip("=\n ")
    here = tmp_path / "class"
    here.mkdir()
    filled = {"ada": RIGHT, "ben": LATEX, "cy": SLIP, "dan": SLIP.replace("f[i]-y", "y[i]-f"), "eva": ""}
    for name, lines in filled.items():
        (here / f"{name}.txt").write_text(f"{head}\n{lines}", encoding="utf8")
    (here / "fay.txt").write_text("I was ill.", encoding="utf8")
    return here


@pytest.mark.parametrize("given", [("--cost", "logistic"), ()])
def test_a_folder_is_marked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...]
) -> None:
    table = tmp_path / "marks.csv"
    status, report = run(capsys, str(folder), *given, "-o", str(table), "--format", "markdown")
    assert status == 0
    rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(table.read_text("utf8")))}
    assert list(rows) == [f"{name}.txt" for name in ("ada", "ben", "cy", "dan", "eva", "fay")]
    assert rows["ada.txt"]["credit"] == rows["ben.txt"]["credit"] == "1.0"
    assert rows["ada.txt"]["goal_shown"] == "yes"
    assert rows["cy.txt"]["first_wrong_line"] == rows["dan.txt"]["first_wrong_line"] == "1"
    assert rows["cy.txt"]["mistake"] == "mistake/chain/factor-lost"
    assert float(rows["dan.txt"]["credit"]) < float(rows["cy.txt"]["credit"]) < 1
    assert rows["dan.txt"]["wrong"] == "2"
    assert rows["eva.txt"]["note"] == "no line was written"
    assert rows["fay.txt"]["credit"] == "0.0"
    assert "6 submissions" in report
    assert "mistake/chain/factor-lost" in report


def test_without_a_file_the_table_comes_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, str(folder), "--cost", "logistic")
    assert out.startswith("submission,credit,")
    assert "Class report: class" in out


def test_a_template_is_written_and_nothing_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "exercise.txt"
    assert run(capsys, "--template", "softmax", "-o", str(file))[0] == 0
    before = file.read_text(encoding="utf8")
    assert "# to show:" in before
    assert main(["check", "--template", "logistic", "-o", str(file)]) != 0
    assert file.read_text(encoding="utf8") == before


def test_an_empty_folder_or_no_file_is_refused(tmp_path: Path) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert main(["check"]) == 2
