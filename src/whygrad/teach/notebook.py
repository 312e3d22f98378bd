"""A lesson as a notebook for Jupyter and Colab: derived, checked with numbers, coded, trained with.

It is written without being run; a test runs it from top to bottom.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whygrad import __version__
from whygrad.core.document import Inline, Row, Rows
from whygrad.core.expr import Expr
from whygrad.show.latex import to_latex
from whygrad.show.rows import labels_of
from whygrad.teach.exercises import exercises
from whygrad.teach.lesson import Lesson
from whygrad.teach.program import Classifier, Programs, can_loop
from whygrad.teach.sheet import check_cell
from whygrad.teach.words import Words

_CHECKING = '''\
def check(name, gate, derivative, moved, place, sizes, tiny=1e-6):
    """Hold a local derivative against the slope of its gate, at up to twenty positions."""
    worst = 0.0
    for letters in list(np.ndindex(*sizes))[:: max(1, int(np.prod(sizes)) // 20)]:
        at = place(*letters)
        before = moved[at]
        moved[at] = before + tiny
        up = gate(*letters)
        moved[at] = before - tiny
        down = gate(*letters)
        moved[at] = before
        slope = (up - down) / (2 * tiny)
        worst = max(worst, abs(slope - derivative(*letters)) / max(1, abs(slope)))
    print(f"{name}: {'agrees' if worst < 1e-4 else 'DIFFERS'}, largest relative difference {worst:.1e}")
    assert worst < 1e-4
'''
_PLOT_STYLE = (
    'plt.rcParams.update({"figure.figsize": (6, 3.6), "axes.spines.top": False, "axes.spines.right": False})'
)


def notebook(lesson: Lesson, *, wheel: str = "") -> str:
    """The notebook as the text of an ``.ipynb`` file.

    Parameters
    ----------
    lesson
        What it is about.
    wheel
        A file or address to install whygrad from, instead of the package index.
    """
    made = _Cells(lesson.words)
    _opening(made, lesson, wheel)
    _derivation(made, lesson)
    programs = Programs(lesson.derivation, lesson.circuit)
    _code(made, programs)
    _training(made, programs)
    _exercises(made, lesson)
    return _book(made)


def _book(made: _Cells) -> str:
    """The cells as nbformat 4.5 writes them; in a browser there is no such library."""
    cells: list[dict[str, Any]] = []
    for k, (kind, text) in enumerate(made.cells):
        cell: dict[str, Any] = {"id": f"cell-{k}", "metadata": {}, "source": text.splitlines(keepends=True)}
        code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append({**cell, **({"cell_type": "markdown"} if kind == "text" else code)})
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
        "whygrad": {"version": __version__},
    }
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass(slots=True)
class _Cells:
    words: Words
    cells: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def text(self, *paragraphs: str) -> None:
        """A cell of Markdown."""
        self.cells.append(("text", "\n\n".join(p for p in paragraphs if p)))

    def code(self, text: str) -> None:
        """A cell of Python."""
        self.cells.append(("code", text.strip("\n")))

    def section(self, title: str, text: str = "") -> None:
        """A heading and what is to be said below it."""
        self.text(f"## {self.words[title]}", self.words[text] if text else "")


def _opening(made: _Cells, lesson: Lesson, wheel: str) -> None:
    words = lesson.words
    made.text(f"# {lesson.title}", words["contents"], f"*{words['made by'].format(version=__version__)}*")
    made.text(words["install"])
    wanted = wheel or "whygrad[notebook]"
    made.code(
        f'try:\n    import whygrad\nexcept ImportError:\n    %pip install -q "{wanted}"'
        + ("\n    %pip install -q anywidget matplotlib" if wheel else "")
    )
    made.code(
        "import math\n\nimport matplotlib.pyplot as plt\nimport numpy as np\n\nimport whygrad as wg\n"
        f"import whygrad.notebook as wn  # results show themselves\n\n{_PLOT_STYLE}"
    )
    made.section("cost", "cost text")
    made.code(f'COST = """\\\n{lesson.source.strip()}\n"""\n\ncost = wg.load_cost(COST)\ncost')


# --- the derivation -----------------------------------------------------------------------------


def _derivation(made: _Cells, lesson: Lesson) -> None:
    words = lesson.words
    made.section("derivation", "derivation text")
    if lesson.key:
        made.text(_inline(lesson.key, lesson))
    for block in lesson.document.blocks:
        if isinstance(block, Rows) and block.id != "cost":
            title = f"### {_inline(block.title, lesson)}" if block.title else ""
            lines = ["|  |  |  |  |", "|--:|--:|:--|:--|"]
            lines += [
                _row(row, label, lesson) for row, label in zip(block.rows, labels_of(block), strict=True)
            ]
            made.text(title, "\n".join(lines))
    made.text(words["open steps"])
    own = f", notation={lesson.notation!r}" if lesson.own else ""
    made.code(f"derivation = wg.derive(cost{own})\nderivation")
    made.text(words["explore"])
    made.code("wn.explore(derivation)")
    made.section("circuit title", "circuit text")
    point = ", ".join(f'"{n}": {_plain(v)}' for n, v in lesson.circuit.at)
    at = f", at={{{point}}}" if point else ""
    made.code(f"wg.circuit(cost{at}{own})")


def _plain(value: str) -> str:
    return value.replace("−", "-")


def _row(row: Row, label: str, lesson: Lesson) -> str:
    left = _math(row.left, lesson) if row.left is not None else ""
    right = (
        f"$\\displaystyle = {to_latex(row.right, lesson.document.scope)}$"
        if row.right is not None
        else row.raw
    )
    rule = f" <small>`{row.rule}`</small>" if row.rule else ""
    number = f"<a id='{row.id}'></a>{label}" if row.id else label
    reason = _inline(row.reason, lesson).replace("|", "\\|")
    return f"| {number} | {left} | {_cell(right)} | {reason}{rule} |"


def _math(e: Expr, lesson: Lesson) -> str:
    return _cell(f"$\\displaystyle {to_latex(e, lesson.document.scope)}$")


def _cell(text: str) -> str:
    """A bar would end the cell."""
    return text.replace("|", "\\vert ")


def _inline(parts: Inline, lesson: Lesson) -> str:
    return "".join(f"${to_latex(p, lesson.document.scope)}$" if isinstance(p, Expr) else p for p in parts)


# --- the code -----------------------------------------------------------------------------------


def _code(made: _Cells, programs: Programs) -> None:
    made.section("data", "data text")
    made.code(programs.data_cell())
    looped = can_loop(programs)
    if looped:
        made.section("forward title", "forward text")
        goal = programs.names.name(programs.circuit.goal_name.name)
        parts = (programs.helpers(), f'{programs.forward_cell()}\n\nprint("{goal} =", {goal})')
        made.code("\n\n\n".join(filter(None, parts)))
        made.section("local title", "local text")
        made.code(f"{_CHECKING}\n\n{programs.local_cell()}")
        made.section("loops title", "loops text")
        made.code(programs.loops_cell())
    made.section("vector title", "vector text")
    source = programs.vector_program()
    made.code(_without(source.text, "import numpy as np"))
    made.section("compare title", "compare text")
    made.code(_comparison(programs, source.call, looped))


def _comparison(programs: Programs, call: str, looped: bool) -> str:
    names = programs.parameters
    given = ", ".join(f'"{d.name}": {programs.names.name(d.name)}' for d in programs.by_index.declarations)
    lines = [
        f"J, *by_arrays = {call}",
        "evaluate = wn.evaluator(cost)  # the program that whygrad runs, made safe for large numbers",
        f"theirs = evaluate({{{given}}})",
        "",
        "",
        "def slopes(array, tiny=1e-6):",
        '    """The slope of the cost by each entry of an array."""',
        "    out = np.zeros(array.shape)",
        "    for at in np.ndindex(*array.shape):",
        "        before = array[at]",
        "        array[at] = before + tiny",
        f"        up = {call}[0]",
        "        array[at] = before - tiny",
        f"        down = {call}[0]",
        "        array[at] = before",
        "        out[at] = (up - down) / (2 * tiny)",
        "    return out",
        "",
        "",
    ]
    originals = [r.left.wrt.name for r in programs.circuit.results]  # pyright: ignore
    loops = ", ".join(f"dJ_d{n}" for n in names) if looped else ""
    tuples = f"[{', '.join(names)}]"
    lines.append(f"for name, array, arrays, loops in zip({originals!r}, {tuples}, by_arrays, "
                 f"{f'[{loops}]' if looped else 'by_arrays'}):")  # fmt: skip
    lines += [
        '    ways = {"arrays": arrays, "whygrad": theirs[name], "slopes": slopes(array)}',
        "    size = np.max(np.abs(loops))",
        "    apart = {way: np.max(np.abs(value - loops)) / max(1, size) for way, value in ways.items()}",
        '    print(name, {way: f"{value:.1e}" for way, value in apart.items()})',
        "    assert max(apart.values()) < 1e-4",
    ]
    return "\n".join(lines)


def _training(made: _Cells, programs: Programs) -> None:
    words = made.words
    source = programs.vector_program()
    names = programs.parameters
    made.section("descent title", "descent text")
    made.code(_descent(words, names, source.call))
    pair = programs.two_weights()
    if pair is not None:
        made.section("contour title", "contour text")
        made.code(_contour(pair, source.call))
    found = programs.classifier()
    if found is not None:
        made.section("boundary title", "boundary text")
        made.code(_boundary(words, found, source.text))


def _descent(words: Words, names: Sequence[str], call: str) -> str:
    listed = ", ".join(names)
    return f"""\
parameters = [{listed}]
rate, history, path = 1.0, [], []
for update in range(200):
    J, *gradient = {call}
    history.append(float(J))
    path.append([array.copy() for array in parameters])
    while True:
        for array, last, slope in zip(parameters, path[-1], gradient):
            array[...] = last - rate * slope
        if {call}[0] <= J + 1e-12 * abs(J) or rate < 1e-12:
            break
        rate /= 2
print(f"J fell from {{history[0]:.6f}} to {{history[-1]:.6f}}; rate {{rate:g}}")
plt.plot(history)
plt.xlabel("{words["updates"]}")
plt.ylabel("{words["cost curve"]}")
plt.show()"""


def _contour(pair: tuple[str, str], call: str) -> str:
    first, second = pair
    names = [p.partition("[")[0] for p in pair]
    entries = [p.partition("[")[2] for p in pair]
    return f"""\
place = {{id(array): k for k, array in enumerate(parameters)}}
along = np.array([step[place[id({names[0]})]][{entries[0]} for step in path])
across = np.array([step[place[id({names[1]})]][{entries[1]} for step in path])


def around(values):
    middle, reach = (values.max() + values.min()) / 2, max(np.ptp(values), 0.5)
    return np.linspace(middle - 1.2 * reach, middle + 1.2 * reach, 41)


level = np.zeros((41, 41))
with np.errstate(all="ignore"):
    for row, high in enumerate(around(across)):
        for column, wide in enumerate(around(along)):
            {first}, {second} = wide, high
            level[row, column] = {call}[0]
{first}, {second} = along[-1], across[-1]
plt.contour(around(along), around(across), level, levels=20, cmap="viridis")
plt.plot(along, across, "o-", color="tab:red", markersize=3)
plt.xlabel("{first.removesuffix("[()]")}")
plt.ylabel("{second.removesuffix("[()]")}")
plt.show()"""


def _without(source: str, known: str) -> str:
    """A module without the imports and functions that stand in a cell above."""
    blocks = [b for b in source.split("\n\n\n") if b.strip() and b.strip() not in known]
    return "\n\n\n".join(blocks)


def _boundary(words: Words, found: Classifier, above: str) -> str:
    x, y = found.x, found.y
    low, high = (words["class"].format(value=v) for v in found.labels)
    call = ", ".join("grid" if a == x else a for a in found.source.arguments)
    return f"""\
{_without(found.source.text, above)}


first, second = (np.linspace({x}[:, k].min() - 0.5, {x}[:, k].max() + 0.5, 200) for k in (0, 1))
grid = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
shown = score({call}).reshape(200, 200)
plt.contourf(first, second, shown, levels=20, cmap="RdBu_r", alpha=0.5)
plt.contour(first, second, shown, levels=[{found.border}], colors="black")
for label, name, mark in (({found.labels[0]}, "{low}", "o"), ({found.labels[1]}, "{high}", "^")):
    plt.plot(*{x}[{y} == label].T, mark, label=name)
plt.legend()
plt.show()"""


# --- exercises ----------------------------------------------------------------------------------


def _exercises(made: _Cells, lesson: Lesson) -> None:
    found = exercises(lesson, seed=0, level="normal", count=3)
    if not found:
        return
    made.section("exercises", "exercises text")
    if lesson.key:
        made.text(_inline(lesson.key, lesson))
    for number, exercise in enumerate(found, start=1):
        made.text(
            f"### {lesson.words['exercise'].format(number=number)}", exercise.task_markdown(lesson.words)
        )
        made.code(check_cell(exercise, lesson.words))
        made.text(
            f"<details><summary>{lesson.words['solution']}</summary>\n\n{exercise.answer_markdown(lesson.words)}\n\n</details>"
        )


def outline(text: str) -> Mapping[str, int]:
    """How many cells of each kind a notebook has."""
    cells = json.loads(text)["cells"]
    return {kind: sum(c["cell_type"] == kind for c in cells) for kind in ("markdown", "code")}
