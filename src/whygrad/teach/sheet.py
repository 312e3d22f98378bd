"""An exercise sheet in every form: Markdown, notebook, PDF, Moodle XML."""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from collections.abc import Sequence
from typing import Any, Final

from whygrad.core.cost import Scope
from whygrad.core.document import Block, Document, Formula, Inline, Rows, Sentence
from whygrad.core.expr import Expr
from whygrad.show.breaking import break_box
from whygrad.show.html import to_html
from whygrad.show.latex import latex_of, to_latex
from whygrad.show.layout import layout
from whygrad.show.rows import labels_of
from whygrad.show.svg_math import Drawn, Pen, beside, set_box, set_math, set_words
from whygrad.teach.exercises import Exercise
from whygrad.teach.files import library
from whygrad.teach.lesson import Lesson
from whygrad.teach.pictures import typst_pages
from whygrad.teach.words import Words

FORMS: Final = (".md", ".ipynb", ".pdf", ".xml")


def sheet_markdown(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    """The sheet, with the solutions at its end."""
    words = lesson.words
    out = [f"# {_title(lesson)}", _about(lesson, seed, level)]
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


def sheet_notebook(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    """The sheet as a notebook whose cells check the answers."""
    format: Any = library("nbformat", "a notebook").v4
    words = lesson.words
    texts: list[tuple[str, str]] = [
        ("text", f"# {_title(lesson)}\n\n{_about(lesson, seed, level)}\n\n{words['exercises text']}"),
        ("code", 'try:\n    import whygrad\nexcept ImportError:\n    %pip install -q "whygrad[notebook]"'),
        ("code", f'import whygrad as wg\nimport whygrad.notebook\n\nCOST = """\n{lesson.source.strip()}\n"""\ncost = wg.load_cost(COST)'),
    ]
    for number, exercise in enumerate(found, start=1):
        texts.append(("text", f"## {words['exercise'].format(number=number)}\n\n{exercise.task_markdown(words)}"))
        texts.append(("code", check_cell(exercise, words)))
        solution = exercise.answer_markdown(words)
        texts.append(("text", f"<details><summary>{words['solution']}</summary>\n\n{solution}\n\n</details>"))
    cells = [
        (format.new_markdown_cell if kind == "text" else format.new_code_cell)(text, id=f"cell-{k}")
        for k, (kind, text) in enumerate(texts)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return format.writes(format.new_notebook(cells=cells, metadata={"kernelspec": kernel})) + "\n"


def check_cell(exercise: Exercise, words: Words) -> str:
    """The cell that judges an answer."""
    wrt = f" --wrt {exercise.wrt}" if exercise.wrt else ""
    return f"%%whygrad check --cost cost{wrt}\n{exercise.start}\n# {words['your lines']}"


# --- Moodle -------------------------------------------------------------------------------------


def sheet_moodle(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> str:
    """The sheet in Moodle's XML, for its question bank.

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
                    lines.append(f"<li>{label} \\( {_escaped(left)} = {_escaped(right)} \\) {_moodle_inline(row.reason, scope)}</li>")
                out.append(f'<ul style="list-style:none">{"".join(lines)}</ul>')
            case _:
                inner = to_html(Document((block,), scope)).partition("<main>")[2].partition("</main>")[0]
                out.append(inner)
    return "".join(out)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _moodle_inline(parts: Inline, scope: Scope) -> str:
    return "".join(f"\\({_escaped(to_latex(p, scope))}\\)" if isinstance(p, Expr) else _escaped(p) for p in parts)


# --- PDF ----------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _EDGE, _SIZE = 595.0, 842.0, 60.0, 10.5


class _Paper:
    """Pages of A4 on which lines are put down from the top."""

    def __init__(self) -> None:
        self.pages: list[list[tuple[Drawn, float, float, float]]] = [[]]
        self.y = _EDGE

    def put(self, drawn: Drawn, size: float = _SIZE, indent: float = 0.0, gap: float = 6.0) -> None:
        """One line; it begins a new page where this one is full, and is made smaller where it is too wide."""
        room = _WIDTH - 2 * _EDGE - indent
        size = min(size, room / drawn.width) if drawn.width else size
        if self.y + size * drawn.height > _HEIGHT - _EDGE:
            self.new_page()
        self.pages[-1].append((drawn, _EDGE + indent, self.y + size * drawn.above, size))
        self.y += size * max(drawn.height, 1.0) + gap

    def new_page(self) -> None:
        """Go on at the top of the next page."""
        if self.pages[-1]:
            self.pages.append([])
        self.y = _EDGE

    def svgs(self) -> list[str]:
        """The pages."""
        out: list[str] = []
        for page in self.pages:
            pen = Pen("g", {})
            body = "".join(pen.place(drawn, x, y, size) for drawn, x, y, size in page)
            out.append(
                f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{_WIDTH}" '
                f'height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{pen.definitions()}{body}</svg>'
            )
        return out


def sheet_pages(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> list[str]:
    """The sheet as pages of A4, each an SVG."""
    words, paper = lesson.words, _Paper()
    paper.put(set_words(_title(lesson)), 19, gap=10)
    _paragraph(paper, (_about(lesson, seed, level),), Scope())
    for number, exercise in enumerate(found, start=1):
        _heading(paper, words["exercise"].format(number=number))
        _blocks(paper, (Sentence((words[exercise.kind],)), *exercise.task), exercise.scope)
        paper.y += 60 if exercise.kind == "whole" else 24
    paper.new_page()
    paper.put(set_words(words["solutions"]), 19, gap=10)
    for number, exercise in enumerate(found, start=1):
        _heading(paper, words["exercise"].format(number=number))
        _blocks(paper, exercise.answer, exercise.scope)
    return paper.svgs()


def sheet_pdf(lesson: Lesson, found: Sequence[Exercise], *, seed: int, level: str) -> bytes:
    """The sheet for the printer."""
    return typst_pages(sheet_pages(lesson, found, seed=seed, level=level))


def _heading(paper: _Paper, text: str) -> None:
    paper.y += 10
    if paper.y > _HEIGHT - _EDGE - 90:
        paper.new_page()
    paper.put(set_words(text), 13)


def _blocks(paper: _Paper, blocks: Sequence[Block], scope: Scope) -> None:
    for block in blocks:
        match block:
            case Sentence(parts):
                _paragraph(paper, parts, scope)
            case Formula(body):
                paper.put(set_math(body, scope), 12, 24, 10)
            case Rows():
                for row, label in zip(block.rows, labels_of(block), strict=True):
                    if row.right is None:
                        continue
                    left = () if row.left is None else (set_math(row.left, scope),)
                    boxes = [set_box(box) for box in break_box(layout(row.right, scope), 60)]
                    paper.put(beside((_padded(set_words(label)), *left, set_words(" = "), boxes[0])), indent=14)
                    for box in boxes[1:]:
                        paper.put(box, indent=60)
                    if row.reason:
                        _paragraph(paper, row.reason, scope, 8.5, 60)
            case _:
                pass


def _padded(label: Drawn) -> Drawn:
    return Drawn(max(label.width + 0.6, 1.6), label.above, label.below, label.glyphs)


def _paragraph(paper: _Paper, parts: Inline, scope: Scope, size: float = _SIZE, indent: float = 0.0) -> None:
    """Running text, filled into lines."""
    room = (_WIDTH - 2 * _EDGE - indent) / size
    line: list[Drawn] = []
    used = 0.0
    for word, glued in _words(parts, scope):
        gap = 0.0 if glued or not line else 0.3
        if line and used + gap + word.width > room:
            paper.put(beside(line), size, indent, 3)
            line, used, gap = [], 0.0, 0.0
        line += [Drawn(gap, 0, 0), word] if gap else [word]
        used += gap + word.width
    if line:
        paper.put(beside(line), size, indent)


def _words(parts: Inline, scope: Scope) -> list[tuple[Drawn, bool]]:
    """Words and formulas, and whether each is glued to the one before."""
    out: list[tuple[Drawn, bool]] = []
    open_ = False
    for part in parts:
        if isinstance(part, Expr):
            out.append((set_math(part, scope), open_))
            open_ = True
            continue
        for k, word in enumerate(part.split(" ")):
            if k:
                open_ = False
            if word:
                out.append((set_words(word.replace("`", "")), open_))
                open_ = True
    return out
