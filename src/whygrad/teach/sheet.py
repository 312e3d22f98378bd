"""An exercise sheet in every form: Markdown, notebook, PDF, Moodle XML."""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from collections.abc import Sequence
from typing import Any, Final

from whygrad.core.cost import Scope
from whygrad.core.document import Block, Document, Formula, Inline, Rows, Sentence
from whygrad.core.expr import Expr
from whygrad.show.html import to_html
from whygrad.show.latex import latex_of, to_latex
from whygrad.show.layout import layout
from whygrad.show.markdown import to_markdown
from whygrad.show.rows import labels_of
from whygrad.show.typst import escape
from whygrad.teach.exercises import Exercise
from whygrad.teach.files import library
from whygrad.teach.lesson import Lesson
from whygrad.teach.typst_page import LIBRARY, Speller, compiled, require_fit
from whygrad.teach.words import Words

FORMS: Final = (".md", ".ipynb", ".pdf", ".xml")


def sheet_markdown(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    """The sheet, with the solutions at its end."""
    words = lesson.words
    out = [f"# {_title(lesson)}", _about(lesson, seed, level), *_key(lesson)]
    for number, exercise in enumerate(found, start=1):
        out += [f"## {words['exercise'].format(number=number)}", exercise.task_markdown(words)]
    out.append(f"# {words['solutions']}")
    for number, exercise in enumerate(found, start=1):
        out += [f"## {words['exercise'].format(number=number)}", exercise.answer_markdown(words)]
    return "\n\n".join(out) + "\n"


def _title(lesson: Lesson) -> str:
    return lesson.words["sheet"].format(title=lesson.title)


def _about(lesson: Lesson, seed: int, level: str) -> str:
    return lesson.words["sheet text"].format(seed=seed, level=level, name=lesson.name)


def _key(lesson: Lesson) -> list[str]:
    """Which symbol is which name, where they differ."""
    blocks = (Sentence(lesson.key),)
    return [to_markdown(Document(blocks, lesson.shown.cost.scope)).strip()] if lesson.key else []


def sheet_notebook(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    """The sheet as a notebook whose cells check the answers."""
    v4: Any = library("nbformat", "a notebook").v4
    words = lesson.words
    texts: list[tuple[str, str]] = [
        (
            "text",
            "\n\n".join(
                (f"# {_title(lesson)}", _about(lesson, seed, level), words["exercises text"], *_key(lesson))
            ),
        ),
        ("code", 'try:\n    import whygrad\nexcept ImportError:\n    %pip install -q "whygrad[notebook]"'),
        (
            "code",
            "import whygrad as wg\nimport whygrad.notebook\n\n"
            f'COST = """\\\n{lesson.source.strip()}\n"""\ncost = wg.load_cost(COST)',
        ),
    ]
    for number, exercise in enumerate(found, start=1):
        texts.append(
            ("text", f"## {words['exercise'].format(number=number)}\n\n{exercise.task_markdown(words)}")
        )
        texts.append(("code", check_cell(exercise, words)))
        solution = exercise.answer_markdown(words)
        texts.append(("text", f"<details><summary>{words['solution']}</summary>\n\n{solution}\n\n</details>"))
    cells = [
        (v4.new_markdown_cell if kind == "text" else v4.new_code_cell)(text, id=f"cell-{k}")
        for k, (kind, text) in enumerate(texts)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})) + "\n"


def check_cell(exercise: Exercise, words: Words) -> str:
    """The cell that judges an answer."""
    wrt = f" --wrt {exercise.wrt}" if exercise.wrt else ""
    return f"%%whygrad check --cost cost{wrt}\n{exercise.start}\n# {words['your lines']}"


# --- Moodle -------------------------------------------------------------------------------------


def sheet_moodle(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    r"""The sheet in Moodle's XML, for its question bank.

    A missing factor and a planted mistake are to be chosen, so Moodle marks them; a whole derivation is an
    essay with its solution for whoever marks it. Formulas stand in ``\\( \\)``, which Moodle's filters set.
    """
    words = lesson.words
    quiz = Xml.Element("quiz")
    category = Xml.SubElement(quiz, "question", type="category")
    _text(category, "category", f"$course$/top/{_title(lesson)}")
    for number, exercise in enumerate(found, start=1):
        kind = "multichoice" if exercise.choices else "essay"
        question = Xml.SubElement(quiz, "question", type=kind)
        _text(question, "name", f"{words['exercise'].format(number=number)}: {exercise.id} ({seed}, {level})")
        blocks: tuple[Block, ...] = (Sentence((words[exercise.kind],)), *exercise.task)
        _html(question, "questiontext", moodle_html(blocks, exercise.scope))
        _html(question, "generalfeedback", moodle_html(exercise.answer, exercise.scope))
        Xml.SubElement(question, "defaultgrade").text = "1"
        if kind == "multichoice":
            Xml.SubElement(question, "single").text = "true"
            Xml.SubElement(question, "shuffleanswers").text = "true" if exercise.kind == "factor" else "false"
            for choice in exercise.choices:
                answer = _html(question, "answer", _moodle_inline(choice.text, exercise.scope))
                answer.set("fraction", "100" if choice.right else "0")
        else:
            Xml.SubElement(question, "responseformat").text = "editor"
            Xml.SubElement(question, "responsefieldlines").text = "15"
            _html(question, "graderinfo", moodle_html(exercise.answer, exercise.scope))
    Xml.indent(quiz)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(quiz, encoding="unicode") + "\n"


def _text(parent: Xml.Element, tag: str, text: str) -> None:
    Xml.SubElement(Xml.SubElement(parent, tag), "text").text = text


def _html(parent: Xml.Element, tag: str, text: str) -> Xml.Element:
    element = Xml.SubElement(parent, tag, format="html")
    Xml.SubElement(element, "text").text = text
    return element


def moodle_html(blocks: Sequence[Block], scope: Scope) -> str:
    """Blocks as HTML with LaTeX in it."""
    out: list[str] = []
    for block in blocks:
        match block:
            case Sentence(parts):
                out.append(f"<p>{_moodle_inline(parts, scope)}</p>")
            case Formula(body):
                out.append(f"<p>\\[{_escaped(to_latex(body, scope))}\\]</p>")
            case Rows():
                lines: list[str] = []
                for row, label in zip(block.rows, labels_of(block), strict=True):
                    if row.right is None:
                        continue
                    left = "" if row.left is None else to_latex(row.left, scope)
                    right = latex_of(layout(row.right, scope))
                    lines.append(
                        f"<li>{label} \\( {_escaped(left)} = {_escaped(right)} \\) "
                        f"{_moodle_inline(row.reason, scope)}</li>"
                    )
                out.append(f'<ul style="list-style:none">{"".join(lines)}</ul>')
            case _:
                inner = to_html(Document((block,), scope)).partition("<main>")[2].partition("</main>")[0]
                out.append(inner)
    return "".join(out)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _moodle_inline(parts: Inline, scope: Scope) -> str:
    return "".join(
        f"\\({_escaped(to_latex(p, scope))}\\)" if isinstance(p, Expr) else _escaped(p) for p in parts
    )


# --- PDF ----------------------------------------------------------------------------------------

_SHEET: Final = """\
#set page(paper: "a4", margin: (x: 24mm, y: 22mm), numbering: "1")
#set text(font: "Libertinus Serif", size: 11pt, fill: ink, number-type: "lining")
#show math.equation: set text(size: 1.02em)
#show heading: set block(above: 1.6em, below: 0.8em)
#let row(label, lhs, rhs, why) = block(breakable: false, width: 100%, above: 1.2em, below: 1.2em, {
  grid(columns: (1.8em, auto, 1fr), column-gutter: 0.6em,
    align: (right + horizon, right + horizon, left + horizon),
    text(fill: quiet, label), lhs, rhs)
  if why != [] { block(above: 0.7em, inset: (left: 2.6em), text(size: 0.85em, fill: quiet, why)) }
})
"""


def sheet_typst(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    """The sheet as a Typst document, the solutions on pages of their own."""
    words = lesson.words
    out = [
        LIBRARY,
        _SHEET,
        f"= {escape(_title(lesson))}",
        f"#text(fill: quiet)[{escape(_about(lesson, seed, level))}]",
    ]
    if lesson.key:
        out.append(f"#text(fill: quiet)[{Speller(lesson.shown.cost.scope).inline(lesson.key)}]")
    for number, exercise in enumerate(found, start=1):
        task = _typst_blocks(
            (Sentence((words[exercise.kind],)), *exercise.task), exercise.scope, f"task {number}"
        )
        out.append(_together([f"== {escape(words['exercise'].format(number=number))}", *task]))
        out.append(f"#v({'7em' if exercise.kind == 'whole' else '2.5em'})")
    out += ["#pagebreak()", f"= {escape(words['solutions'])}"]
    for number, exercise in enumerate(found, start=1):
        lines = _typst_blocks(exercise.answer, exercise.scope, f"solution {number}")
        lines = [f"== {escape(words['exercise'].format(number=number))}", *lines]
        out += lines if exercise.kind == "whole" else [_together(lines)]
    return "\n\n".join(out) + "\n"


def _together(lines: Sequence[str]) -> str:
    """What stands on one page."""
    return "#block(breakable: false, width: 100%, above: 2em)[\n" + "\n\n".join(lines) + "\n]"


def sheet_pdf(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> bytes:
    """The sheet for the printer.

    Raises
    ------
    BudgetError
        If a formula does not fit the page in whichever way it is broken.
    UsageError
        If Typst is not installed.
    """
    made = compiled(sheet_typst(lesson, found, seed=seed, level=level))
    require_fit(made, lesson.words["page"], draft=False)
    return made.pdf


def _typst_blocks(blocks: Sequence[Block], scope: Scope, id: str) -> list[str]:
    speller = Speller(scope)
    out: list[str] = []
    for block in blocks:
        match block:
            case Sentence(parts):
                out.append(speller.inline(parts))
            case Formula(body):
                out.append(f"#block(inset: (left: 2em), {speller.display(body)})")
            case Rows():
                for row, label in zip(block.rows, labels_of(block), strict=True):
                    if row.right is None:
                        continue
                    left = "" if row.left is None else speller.display(row.left)
                    right = f'fit("{id} {label}", {speller.ways(row.right)})'
                    why = speller.inline(row.reason)
                    out.append(f"#row([{escape(label)}], [{left}], {right}, [{why}])")
            case _:
                pass
    return out
