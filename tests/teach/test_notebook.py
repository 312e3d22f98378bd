"""Notebooks: they run from top to bottom and hold the derivation, rule for rule."""

from __future__ import annotations

import json
import re
import sys

import pytest
from costs import COSTS, IDS, TYPED, lesson

import whygrad as wg
from whygrad.core.errors import UsageError
from whygrad.core.report import Report
from whygrad.show.latex import to_latex

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("matplotlib")


def made(text: str, **options: str):
    from whygrad.teach.notebook import notebook

    book = nbformat.reads(notebook(lesson(text), **options), as_version=4)
    nbformat.validate(book)
    return book


@pytest.mark.slow
@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_runs_from_top_to_bottom(text, monkeypatch):
    client = pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", ":".join(p for p in sys.path if p))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    book = made(text)
    client.NotebookClient(book, timeout=180, kernel_name="python3").execute()
    code = [c for c in book.cells if c.cell_type == "code"]
    shown = [o.data for c in code for o in c.outputs if "data" in o]
    kinds = {kind for data in shown for kind in data}
    assert {"text/html", "image/svg+xml", "image/png", "application/vnd.jupyter.widget-view+json"} <= kinds
    said = "".join(o.text for c in code for o in c.outputs if o.output_type == "stream")
    assert "agrees" in said
    assert "DIFFERS" not in said
    assert "J fell from" in said
    pages = "".join(data.get("text/html", "") for data in shown)
    assert "<details>" in pages
    assert "<math" in pages
    checked = [c for c in code if c.source.startswith("%%whygrad check")]
    assert len(checked) == 3
    assert all(c.outputs for c in checked)


@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_cells_run(text, monkeypatch, capsys):
    """The same without a kernel, so that it can run at every change."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    space: dict[str, object] = {}
    for cell in made(text).cells:
        magic = "%" in cell.source.splitlines()[0] or "%pip" in cell.source or "explore" in cell.source
        if cell.cell_type == "code" and not magic:
            exec(compile(cell.source, "cell", "exec"), space)
    said = capsys.readouterr().out
    assert "agrees" in said
    assert "DIFFERS" not in said


@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_same_steps_rules_and_results_as_the_derivation(text):
    """Every stage, every visible step's rule and line, every result stands in it, in order."""
    derivation = wg.derive(text)
    scope = wg.document(derivation).scope
    shown = "\n".join(c.source for c in made(text).cells if c.cell_type == "markdown")
    place = 0
    for parameter in derivation.parameters:
        for stage in parameter.stages:
            if stage.reused:
                place = shown.index(f"<a id='{stage.id}'>", place)
            else:
                for number, step in enumerate(stage.steps, start=1):
                    if not step.minor:
                        place = shown.index(f"<a id='{stage.id}.{number}'>", place)
                        line = shown[place:].partition("\n")[0]
                        assert line.endswith(f"<small>`{step.rule}`</small> |")
            line = shown[place:].partition("\n")[0]
            assert to_latex(stage.result, scope).replace("|", "\\vert ") in line


def test_the_same_derivation_as_json():
    """The notebook makes its derivation from the cost text in it: as JSON it is that of the command line."""
    from whygrad.engine.serialise import derivation_to_json

    cell = next(c.source for c in made("logistic").cells if c.source.startswith("COST = "))
    space: dict[str, object] = {"wg": wg}
    exec(cell, space)
    mine = derivation_to_json(wg.derive(space["cost"]))
    theirs = json.loads(wg.render(wg.document(wg.derive("logistic")), "json"))
    steps = [_steps(d) for d in (mine, theirs)]
    assert steps[0] == steps[1]


def _steps(data):
    """Stage ids, rules and results, out of the versioned JSON."""
    out: list[object] = []
    stack: list[object] = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            out.extend((k, json.dumps(node[k])) for k in ("rule", "id", "result") if k in node)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return out


def test_install_from_a_wheel():
    cell = made("logistic", wheel="https://example.org/whygrad.whl").cells[2].source
    assert '"https://example.org/whygrad.whl"' in cell
    assert '"whygrad[notebook]"' in made("logistic").cells[2].source


def test_a_contour_needs_two_weights():
    titles = [c.source for c in made("softmax").cells if c.cell_type == "markdown"]
    assert not any("path on the cost" in t for t in titles)
    assert any("path on the cost" in c.source for c in made(TYPED).cells)


def test_one_table_does_not_end_a_cell():
    """A bar in a formula would end the cell of the table it stands in."""
    for cell in made("network-sigmoid").cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if line.startswith("|"):
                assert line.replace("\\|", "").count("|") == 5, line


# --- results show themselves ----------------------------------------------------------------------


def test_bundles():
    from whygrad.notebook import bundle

    derivation = wg.derive("logistic")
    page = bundle(derivation)
    assert page["text/latex"].startswith("$$")
    assert "<details>" in page["text/html"]
    assert "<!doctype" not in page["text/html"]
    assert bundle(wg.circuit("logistic"))["image/svg+xml"].startswith("<svg")
    assert "Logistic" in bundle(wg.load_cost("logistic"))["text/html"]
    assert "WRONG" in bundle(wg.check(["2 x", "3 x"]))["text/plain"]
    assert bundle(3) is None


def test_style_stays_inside():
    """No rule of ours may reach the page around it."""
    from whygrad.notebook import _scoped

    depth = 0
    heads: list[str] = []
    head = ""
    for c in _scoped():
        if c == "{":
            if depth == 0:
                heads.append(head.strip())
            depth, head = depth + 1, ""
        elif c == "}":
            depth, head = depth - 1, ""
        else:
            head += c
    assert depth == 0
    assert all(h == ".whygrad" or h.startswith("@media") for h in heads), heads
    assert not re.search(r":root|(?<!t)body\{|html\{", _scoped())


def test_magic():
    from whygrad.notebook import run_cell

    right = run_cell("check --cost logistic --wrt b", "∂L_i/∂b\n= f_i - y_i  # done\n", {})
    assert isinstance(right, Report)
    assert right.verdicts == ("equal",)
    cost = wg.load_cost("logistic")
    wrong = run_cell("check --cost mine", "∂f_i/∂z_i\n= f_i", {"mine": cost})
    assert isinstance(wrong, Report)
    assert wrong.first_wrong == 1
    assert run_cell("derive", "param w\nJ = (w - 3)^2", {}).parameters
    for line in ("", "chekc", "check --wrong 1"):
        with pytest.raises(UsageError):
            run_cell(line, "x", {})


def test_explorer_has_every_visible_step():
    pytest.importorskip("anywidget")
    from whygrad.notebook import explore

    derivation = wg.derive("logistic")
    steps = [(s.id, t.rule) for p in derivation.parameters for s in p.stages if not s.reused
             for t in s.steps if not t.minor]  # fmt: skip
    widget = explore(derivation)
    assert [(s["stage"], s["rule"]) for s in widget.steps] == steps
    assert all("<math" in s["before"] and "<math" in s["after"] for s in widget.steps)


def test_without_anywidget(monkeypatch):
    import importlib

    from whygrad.notebook import explore

    load = importlib.import_module

    def missing(name, *rest):
        if name == "anywidget":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError) as caught:
        explore(wg.derive("logistic"))
    assert caught.value.fix == 'pip install "whygrad[notebook]"'


def test_evaluator_agrees_with_slopes():
    import numpy as np

    from whygrad.notebook import evaluator

    rng = np.random.default_rng(1)
    arrays = {
        "x": rng.normal(size=(7, 2)),
        "y": rng.integers(0, 2, 7).astype(float),
        "w": rng.normal(size=2),
        "b": 0.3,
    }
    evaluate = evaluator("logistic")
    found = evaluate(arrays)
    for k in range(2):
        up, down = ({**arrays, "w": arrays["w"] + s * 1e-6 * np.eye(2)[k]} for s in (1, -1))
        slope = (evaluate(up)["J"] - evaluate(down)["J"]) / 2e-6
        assert found["w"][k] == pytest.approx(float(slope), rel=1e-6)
