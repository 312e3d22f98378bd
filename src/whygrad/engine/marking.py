"""Filled-in exercises marked by ``check``: any notation that it reads, one file or a whole folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from whygrad.core.cost import Cost
from whygrad.core.document import Document
from whygrad.engine.check import check_chain
from whygrad.engine.check_cost import cost_context
from whygrad.engine.exercise import Answer, Checker, Submission, class_report, mark_all, to_csv
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.people.chain import Chain


class Marked(NamedTuple):
    """The marks of many submissions: a table for a spreadsheet, and what the class should hear."""

    csv: str
    report: Document


def checker(cost: Cost | None = None) -> Checker:
    """What judges a submission: as ``check --cost`` does; without a cost by what it says is given."""

    def judge(submission: Submission) -> Answer:
        lines = (*submission.lines, submission.goal)
        known, said = cost_context(cost or read_cost(submission.given), lines)
        report = check_chain(Chain(lines, tuple(known), tuple(said)))
        goals = (*report.goals, *[None] * len(lines))
        reached = [v == "equal" or goals[k + 1] is True for k, v in enumerate(report.verdicts)]
        return {**report.record(), "reached": reached}

    return judge


def mark_texts(texts: Mapping[str, str], cost: Cost | None = None, *, title: str = "") -> Marked:
    """Marks for submissions by name.

    Parameters
    ----------
    texts
        The filled-in templates.
    cost
        What was given out; a submission that gives something else is noted.
    title
        Of the report.
    """
    given = cost.source if cost is not None else ""
    marks = mark_all(texts, checker(cost), given=given)
    return Marked(to_csv(marks), class_report(marks, title))


__all__ = ["Marked", "checker", "mark_texts"]
