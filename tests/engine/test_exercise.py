"""Exercises: the template reads back, credit goes by lines, a class is counted."""

from __future__ import annotations

import csv
import io

import pytest

from whygrad import costs
from whygrad.core.document import Table
from whygrad.core.errors import LanguageError, UsageError
from whygrad.engine.exercise import (
    Marks,
    class_report,
    mark,
    mark_all,
    read_submission,
    template,
    to_csv,
)
from whygrad.syntax.cost_text import read_cost

TEXT = costs.text("logistic")
EMPTY = template(read_cost(TEXT), TEXT, blanks=1)
STEPS = (
    "= 1/m sum_i d/dw[j] L[i]",
    "= 1/m sum_i (-y[i]/f[i] + (1 - y[i])/(1 - f[i])) f[i] (1 - f[i]) x[i,j]   # chain rule",
    "= 1/m sum_i (f[i] - y[i]) x[i,j]",
)


def filled(*lines: str) -> str:
    return EMPTY.removesuffix("=") + "\n".join(lines)


@pytest.mark.parametrize("name", ["linear", "ridge", "logistic", "softmax", "poisson", "hinge"])
def test_templates_read_back_and_need_lines(name: str) -> None:
    text = costs.text(name)
    made = template(read_cost(text), text)
    submission = read_submission("empty", made)
    assert len(submission.lines) == 1
    marks = mark(submission, given=text)
    assert marks.credit == 0
    assert marks.note == "no line was written"
    answered = mark(read_submission("bare", made.replace("=\n=", f"= {submission.goal}\n=", 1)))
    assert answered.credit == 1.0


def test_a_right_derivation_has_full_marks() -> None:
    marks = mark(read_submission("a", filled(*STEPS)), given=TEXT)
    assert marks == Marks("a", 3, 0, 0, 0, None, "", True)
    assert marks.credit == 1.0


def test_one_wrong_line_costs_one_line() -> None:
    wrong = "= 1/m sum_i (-y[i]/f[i] + (1 - y[i])/(1 - f[i])) x[i,j]"
    marks = mark(read_submission("b", filled(STEPS[0], wrong, STEPS[2])), given=TEXT)
    assert (marks.right, marks.wrong, marks.first_wrong, marks.shown) == (2, 1, 2, True)
    assert marks.mistake == "mistake/chain/factor-lost"
    assert marks.credit == pytest.approx(3 / 4)


def test_what_follows_from_a_wrong_line_is_right() -> None:
    wrong = "= 1/m sum_i (f[i] + y[i]) x[i,j]"
    same = "= 1/m sum_i f[i] x[i,j] + 1/m sum_i y[i] x[i,j]"
    marks = mark(read_submission("c", filled(STEPS[0], wrong, same)), given=TEXT)
    assert (marks.right, marks.wrong, marks.shown) == (2, 1, False)


def test_unreadable_lines_are_said_and_skipped() -> None:
    marks = mark(read_submission("d", filled(STEPS[0], "= 1/m sum_i (f[i] -", STEPS[2])), given=TEXT)
    assert (marks.right, marks.unreadable, marks.wrong, marks.shown) == (2, 1, 0, True)


def test_a_changed_question_is_noted() -> None:
    marks = mark(read_submission("e", filled(*STEPS).replace("{0,1}", "(0,1)")), given=TEXT)
    assert marks.note == "what was given has been changed"


def test_a_file_that_is_no_submission() -> None:
    with pytest.raises(LanguageError, match="not a filled-in exercise"):
        read_submission("f", "dear teacher")
    with pytest.raises(UsageError):
        mark_all({})


def test_a_class_to_csv_and_report() -> None:
    wrong = "= 1/m sum_i (-y[i]/f[i] + (1 - y[i])/(1 - f[i])) x[i,j]"
    texts = {"=ann.txt": filled(*STEPS), "bob.txt": filled(STEPS[0], wrong), "cyd.txt": "nothing"}
    marks = mark_all(texts, given=TEXT)
    rows = list(csv.DictReader(io.StringIO(to_csv(marks))))
    assert [r["submission"] for r in rows] == ["'=ann.txt", "bob.txt", "cyd.txt"]
    assert [r["goal_shown"] for r in rows] == ["yes", "no", "no"]
    report = class_report(marks)
    tables = [b for b in report.blocks if isinstance(b, Table)]
    assert len(tables) == 1
    assert tables[0].rows[0][1] == ("1",)
    assert "mistake/chain/factor-lost" in str(tables[0].rows[0][3])
