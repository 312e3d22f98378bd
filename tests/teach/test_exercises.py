"""Exercises: the same by seed, wrong where they say so, right where they say so, in every form."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml

import pytest
from costs import COSTS, IDS, lesson

import whygrad as wg
from whygrad.core.errors import UsageError, WhygradError
from whygrad.core.expr import Expr
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Sampler, draw_sizes
from whygrad.rules.mistakes import MISTAKES
from whygrad.show.text import to_text
from whygrad.teach.exercises import LEVELS, exercises, is_right
from whygrad.teach.sheet import sheet_markdown, sheet_moodle, sheet_notebook, sheet_pdf
from whygrad.teach.words import ENGLISH


def same(a: Expr, b: Expr, scope) -> bool:
    """Whether two expressions have one value at every one of some points, by the oracle."""
    sampler = Sampler((a, b), scope)
    told = 0
    for seed in range(40):
        point = sampler.draw(seed, draw_sizes(sampler.dimensions, seed % 2))
        x, y = (evaluate(e, scope, point, 24) for e in (a, b))
        if not (x.is_finite() and y.is_finite()):
            continue
        told += 1
        if abs(float((x - y).mid())) > 1e-12 * max(1.0, abs(float(x.mid()))):
            return False
        if told == 12:
            break
    assert told
    return True


@pytest.mark.parametrize("text", COSTS, ids=IDS)
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_planted_is_the_only_wrong_line(text, level):
    found = [
        e
        for seed in range(2)
        for e in exercises(lesson(text), seed=seed, level=level, kinds=("mistake",), count=3)
    ]
    if text == "logistic":
        assert found
    for exercise in found:
        assert exercise.id in MISTAKES
        place = exercise.wrong_line - 1
        lines = exercise.lines
        for k in range(1, len(lines)):
            agree = same(lines[k - 1], lines[k], exercise.scope)
            assert agree == (k != place), (exercise.id, k)
        assert exercise.right is not None
        assert not same(lines[place], exercise.right, exercise.scope)
        if place:
            assert same(lines[place - 1], exercise.right, exercise.scope)


@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_factors(text):
    for exercise in exercises(lesson(text), seed=1, kinds=("factor",), count=4):
        assert exercise.right is not None
        assert is_right(exercise, exercise.right)
        right = [c for c in exercise.choices if c.right]
        assert len(right) <= 1
        for choice in exercise.choices:
            (e,) = choice.text
            assert isinstance(e, Expr)
            assert same(e, exercise.right, exercise.scope) == choice.right


def test_by_seed():
    sheets = [
        [
            to_text(e.lines[-1], e.scope) if e.lines else e.id
            for e in exercises(lesson("logistic"), seed=s, level="easy")
        ]
        for s in (0, 0, 1, 2)
    ]
    assert sheets[0] == sheets[1]
    assert len({tuple(s) for s in sheets}) > 1
    with pytest.raises(UsageError):
        exercises(lesson("logistic"), level="hardest")


def test_check_accepts_the_right_answer_and_finds_the_wrong_one():
    judged = 0
    for exercise in exercises(lesson("logistic"), seed=0, level="normal", count=9):
        if exercise.kind == "factor":
            assert exercise.right is not None
            answer = f"{exercise.start}\n= {to_text(exercise.right, exercise.scope)}"
            assert wg.check(answer, cost="logistic").verdicts == ("equal",)
            judged += 1
        if exercise.kind == "mistake" and exercise.start.startswith("∂L"):
            lines = [exercise.start, *(f"= {to_text(e, exercise.scope)}" for e in exercise.lines)]
            report = wg.check("\n".join(lines), cost="logistic", wrt=exercise.wrt)
            assert report.first_wrong == exercise.wrong_line
            judged += 1
    assert judged


def test_moodle():
    made = lesson("logistic")
    found = exercises(made, seed=2)
    quiz = Xml.fromstring(sheet_moodle(made, found, seed=2, level="normal"))
    questions = [q for q in quiz if q.get("type") != "category"]
    assert len(questions) == len(found)
    for question in questions:
        assert question.find("questiontext/text").text
        if question.get("type") == "multichoice":
            fractions = [a.get("fraction") for a in question.findall("answer")]
            assert fractions.count("100") == 1
            assert set(fractions) == {"0", "100"}
        else:
            assert question.find("graderinfo/text").text
    text = Xml.tostring(quiz, encoding="unicode")
    assert r"\(" in text
    assert "\\frac" in text


def test_markdown_keeps_the_solutions_for_the_end():
    made = lesson("logistic")
    found = exercises(made, seed=0)
    sheet = sheet_markdown(made, found, seed=0, level="normal")
    tasks, solutions = sheet.split(f"# {ENGLISH['solutions']}\n")
    assert tasks.count("## Exercise") == solutions.count("## Exercise") == len(found)
    assert "first wrong one" not in tasks


def test_notebook_form():
    nbformat = pytest.importorskip("nbformat")
    made = lesson("softmax")
    found = exercises(made, seed=0)
    book = nbformat.reads(sheet_notebook(made, found, seed=0, level="normal"), as_version=4)
    nbformat.validate(book)
    cells = [c.source for c in book.cells if c.source.startswith("%%whygrad check")]
    assert len(cells) == len(found)
    from whygrad.notebook import run_cell

    for cell in cells:
        line, _, body = cell.partition("\n")
        run_cell(line.removeprefix("%%whygrad "), body, {"cost": made.cost})


def test_pdf():
    pytest.importorskip("typst")
    made = lesson("logistic")
    for level in LEVELS:
        try:
            pdf = sheet_pdf(made, exercises(made, seed=0, level=level), seed=0, level=level)
        except WhygradError as error:
            pytest.fail(str(error))
        assert pdf.startswith(b"%PDF")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 2
