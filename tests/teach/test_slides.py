"""Slides: the steps of the derivation and no other, nothing off the page, a teacher's own text kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from costs import COSTS, IDS, lesson
from papers import pages, steps_of

import whygrad as wg
from whygrad.cli import main
from whygrad.core.errors import BudgetError, UsageError
from whygrad.core.expr import Symbol, add, mul
from whygrad.core.walk import at
from whygrad.show.breaking import print_width
from whygrad.show.latex import to_latex
from whygrad.show.layout import layout
from whygrad.teach.inserts import Inserts, read_inserts
from whygrad.teach.matching import changed, moves
from whygrad.teach.notation import notation
from whygrad.teach.plots import plot
from whygrad.teach.press import Wish, slides, told
from whygrad.teach.story import PLOTTED

pytest.importorskip("typst")
ROUTES = ("chain", "substitution", "backprop")


@pytest.fixture(scope="module", params=COSTS, ids=IDS)
def made(request):
    return request.param, slides(lesson(request.param))


def test_the_steps_are_those_of_the_derivation(made):
    text, files = made
    expected = steps_of(text)
    found = re.findall(r'\n  row\("([\w.]+)"', files[".typ"])
    names = {d.name for d in wg.load_cost(text).definitions}
    assert [row for row in found if row not in names and not row.endswith(".matrix")] == [
        row for row, _, _ in expected
    ]
    story = told(lesson(text), Wish()).story
    lines = [
        line for scene in story.scenes() if not scene.reused for line in scene.lines if not line.is_matrix
    ]
    assert [(line.id, line.rule, line.right) for line in lines] == expected


@pytest.mark.parametrize("route", ROUTES)
def test_every_route(route):
    story = told(lesson("logistic"), Wish(route=route)).story
    lines = [
        line for scene in story.scenes() if not scene.reused for line in scene.lines if not line.is_matrix
    ]
    assert [(line.id, line.rule, line.right) for line in lines] == steps_of("logistic", route)
    assert slides(lesson("logistic"), Wish(route=route))[".pdf"].startswith(b"%PDF")


def test_ink_stays_inside_the_margins(made):
    """A second judge: the pixels at the edge of every page are paper, and no page is empty."""
    for page in pages(made[1][".typ"], ppi=60):
        paper = page[0, 0].astype(int)
        different = np.abs(page.astype(int) - paper).max(axis=2) > 40
        height, width = different.shape
        assert different.any()
        assert not different[:, : round(0.03 * width)].any()
        assert not different[:, width - round(0.03 * width) :].any()
        assert not different[: round(0.02 * height)].any()
        assert not different[height - round(0.02 * height) :].any()
        between = different[round(0.941 * height) : round(0.945 * height)]
        assert not between.any(), "something reaches into the foot of the page"


def test_notes_for_every_page(made):
    files = made[1]
    notes = json.loads(files[".pdfpc"])
    count = len(list(pages(files[".typ"], ppi=8)))
    assert [page["idx"] for page in notes["pages"]] == list(range(count))
    overlays = [(page["label"], page["overlay"]) for page in notes["pages"]]
    assert len(set(overlays)) == len(overlays)


def test_the_reason_is_among_the_notes():
    notes = json.loads(slides(lesson("logistic"))[".pdfpc"])
    assert any("derivative of log" in page["note"] for page in notes["pages"])


def test_beamer_source_is_balanced(made):
    source = made[1][".tex"]
    assert source.count("\\begin{frame}") == source.count("\\end{frame}") > 5
    bare = re.sub(r"\\[{}\\]", "", source)
    assert bare.count("{") == bare.count("}")
    assert source.count("$") % 2 == 0
    for environment in ("tabular", "aligned"):
        assert source.count(f"\\begin{{{environment}}}") == source.count(f"\\end{{{environment}}}")


def test_beamer_has_the_same_steps(made):
    """Every stage of the derivation, and every line that is short enough to stand unbroken, in order."""
    text, files = made
    source, scope = files[".tex"], told(lesson(text), Wish()).story.scope
    place = seen = 0
    for step, _, right in steps_of(text):
        stage = step.rpartition(".")[0] if step.count(".") > 1 else step
        assert f"% insert after {stage}\n" in source
        if print_width(layout(right, scope)) < 20:
            place = source.index(to_latex(right, scope), place) + 1
            seen += 1
    assert seen > 3


def test_inserts_survive(tmp_path):
    out = tmp_path / "a.pdf"
    assert main(["teach", "slides", "logistic", "-o", str(out)]) == 0
    source = out.with_suffix(".typ")
    own = "#slide[Mind the sign][It is $1 - f$ that is differentiated.]"
    text = source.read_text().replace("// insert after chain.4\n", f"// insert after chain.4\n{own}\n")
    between = "// insert after chain.4.3\n#slide[Look twice][]\n// end\n"
    gone = "// insert after chain.99\n#slide[Nobody][]\n// end\n"
    source.write_text(text + between + gone)
    before = out.read_bytes()
    assert main(["teach", "slides", "logistic", "-o", str(out)]) == 2
    assert out.read_bytes() == before
    assert main(["teach", "slides", "logistic", "-o", str(out), "--force"]) == 0
    again = source.read_text()
    assert read_inserts(again) == {
        "chain.4": own, "chain.4.3": "#slide[Look twice][]", "chain.99": "#slide[Nobody][]"
    }  # fmt: skip
    assert again.index('row("chain.4.3"') < again.index("Look twice") < again.index("Mind the sign")
    assert again.index("Mind the sign") < again.index('"chain.5"')
    assert out.read_bytes() != before
    assert main(["teach", "slides", "logistic", "-o", str(out), "--force"]) == 0
    assert source.read_text() == again


def test_each_insert_is_given_once():
    inserts = Inserts({"a": "mine"})
    assert "mine" in inserts.at("a")
    assert "mine" not in inserts.at("a")
    assert list(Inserts({"b": "x"}).lost()) == ["b"]


def test_own_notation():
    own = replace(lesson("logistic"), notation="theta,h,superscript")
    files = slides(own)
    assert "attach(θ, b: j)" in files[".typ"]
    assert "attach(h, t: paren.l i paren.r)" in files[".typ"]
    assert "\\theta_j" in files[".tex"]
    assert "h^{(i)}" in files[".tex"]
    assert not re.search(r"attach\([wf], ", files[".typ"])
    drawn = told(own, Wish()).circuit
    assert drawn is not None
    assert drawn.scope.raised == ("i",)
    plain = told(lesson("logistic"), Wish()).story
    renamed = told(own, Wish()).story
    rules = [[line.rule for scene in story.scenes() for line in scene.lines] for story in (plain, renamed)]
    assert rules[0] == rules[1]


@pytest.mark.parametrize("words", ["omega,w=y", "nothing", "w=1x", "q=theta", "w=i", "w=m"])
def test_notation_that_cannot_be(words):
    cost = wg.load_cost("logistic")
    with pytest.raises(UsageError) as caught:
        notation(words, cost)
    assert caught.value.fix


@pytest.mark.slow
def test_what_does_not_fit_is_refused_and_said():
    wide = lesson(f"data x\nparam w\nJ = ({' + '.join(f'exp({k} w x)' for k in range(2, 24))})^2")
    with pytest.raises(BudgetError) as caught:
        slides(wide)
    assert "too wide or too high" in str(caught.value)
    assert "--draft" in caught.value.fix
    assert slides(wide, Wish(draft=True))[".pdf"].startswith(b"%PDF")


@pytest.mark.slow
def test_a_transformer_block_fits():
    """The widest of the gallery: long lists go on, results are set smaller, the circuit takes pages."""
    source = slides(lesson("transformer-block"))[".typ"]
    assert '#page-of("circuit-2"' in source
    assert '#page-of("again-chain.11-2"' in source


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says how much memory is used")
def test_memory_is_given_back():
    """What Typst remembers of earlier documents is let go; without that each of these keeps 55 MB."""

    def used_mb() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    def again(times: int) -> float:
        for _ in range(times):
            slides(lesson("logistic"))
        return used_mb()

    before = again(2)
    assert again(5) - before < 120


def test_changed_parts_are_new(made):
    story = told(lesson(made[0]), Wish()).story
    for scene in story.scenes():
        for before, after in zip(scene.lines, scene.lines[1:], strict=False):
            for path in after.marks:
                assert at(after.right, path) is not before.right


def test_moves_match_like_with_like():
    a, b, c = map(Symbol, "abc")
    for before, after in ((mul(a, add(b, c)), add(mul(a, b), mul(a, c))), (add(a, b, a), add(b, a))):
        found = moves(before, after)
        assert all(at(before, m.before) is at(after, m.after) for m in found)
        taken = [m.after for m in found]
        assert len(set(taken)) == len(taken)
    assert changed(add(a, b), add(a, b)) == ()


@pytest.mark.parametrize("name", PLOTTED)
def test_the_dashed_curve_is_the_slope(name):
    """The slope from differences of the curve, where neither has a kink nearby."""
    made = plot(name)
    curve = dict(point for piece in made.curve for point in piece)
    slope = dict(point for piece in made.slope for point in piece)
    for x in (-4.0, -1.5, 0.5, 2.0):
        step = 0.1
        difference = (curve[round(x + step, 1)] - curve[round(x - step, 1)]) / (2 * step)
        assert abs(difference - slope[x]) < 5e-3
