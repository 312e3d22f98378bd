"""Own symbols reach every medium, and change nothing but how things are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache

import pytest
from costs import COSTS, IDS, TYPED, lesson

import whygrad as wg
from whygrad.cli import main
from whygrad.core.document import Rows
from whygrad.core.expr import Expr, Symbol
from whygrad.core.walk import postorder
from whygrad.engine.serialise import derivation_from_json, derivation_to_json
from whygrad.show.circuit import picture
from whygrad.show.json_doc import document_from_json, document_to_json
from whygrad.teach.exercises import exercises
from whygrad.teach.lesson import Lesson
from whygrad.teach.notation import Notation
from whygrad.teach.notebook import notebook
from whygrad.teach.press import Wish, told
from whygrad.teach.sheet import sheet_markdown, sheet_moodle, sheet_notebook, sheet_typst
from whygrad.teach.slides import Deck

OWN: dict[str, dict[str, str]] = {
    "logistic": {"w": "theta", "f": "h"},
    "logistic-l2": {"w": "theta", "f": "h"},
    "softmax": {"W": "Theta", "P": "h"},
    "network-sigmoid": {"W": "Theta", "a": "h", "f": "g"},
    TYPED: {"a": "theta", "r": "rho"},
}
EACH = pytest.mark.parametrize("text", COSTS, ids=IDS)


@cache
def renamed(text: str) -> Lesson:
    words = [f"{old}={new}" for old, new in OWN[text].items()]
    return replace(lesson(text), notation=",".join([*words, "superscript"]))


def names_in(value: object) -> Iterator[str]:
    """Every name in a formula anywhere in an object."""
    if isinstance(value, Expr):
        yield from (n.name for n in postorder(value) if isinstance(n, Symbol))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from names_in(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from names_in(part)
    elif is_dataclass(value):
        for f in fields(value):
            yield from names_in(getattr(value, f.name))


def in_math(pieces: list[str], name: str) -> bool:
    """Whether a name of one letter stands by itself in one of some formulas."""
    assert pieces
    return any(re.search(rf"(?<![A-Za-z\\.]){name}(?![A-Za-z])", piece) for piece in pieces)


@EACH
def test_renamed_back_it_is_the_same(text):
    own, plain = renamed(text), lesson(text)
    back = Notation({new: old for old, new in own.own.names.items()})
    there = replace(own.shown, cost=replace(own.shown.cost, raised=()))
    assert own.own.raised
    assert there != plain.derivation
    assert back.of(there) == plain.derivation
    assert own.derivation == plain.derivation
    assert derivation_from_json(json.loads(json.dumps(derivation_to_json(own.shown)))) == own.shown
    kept = replace(own.document, later=None)
    assert document_from_json(json.loads(json.dumps(document_to_json(kept)))) == kept


@EACH
def test_no_medium_has_an_old_symbol_or_another_step(text):
    own, plain = renamed(text), lesson(text)
    rows = [[(r.id, r.rule) for r in steps(one.document)] for one in (own, plain)]
    assert rows[0] == rows[1]
    sheets = [exercises(one, count=6) for one in (own, plain)]
    same = [[(e.kind, e.start, e.wrt, e.wrong_line) for e in sheet] for sheet in sheets]
    assert same[0] == same[1]
    stories = [told(one, Wish()).story for one in (own, plain)]
    lines = [[(x.id, x.rule) for s in story.scenes() for x in s.lines] for story in stories]
    assert lines[0] == lines[1]
    stages = [[wire.stage for wire in one.drawn.wires] for one in (own, plain)]
    assert stages[0] == stages[1]
    for made in (own.shown, own.document, own.drawn, sheets[0], stories[0]):
        assert not set(names_in(made)) & OWN[text].keys()
        assert set(names_in(made)) & set(OWN[text].values())


@EACH
def test_no_formula_that_is_read_has_an_old_symbol(text):
    own = renamed(text)
    found = exercises(own, count=6)
    book = json.loads(notebook(own))["cells"]
    sheet = json.loads(sheet_notebook(own, found, seed=0, level="normal"))["cells"]
    cells = ["".join(c["source"]) for c in (*book, *sheet) if c["cell_type"] == "markdown"]
    plain = "\n\n".join((*cells, sheet_markdown(own, found, seed=0, level="normal")))
    told_ = told(own, Wish())
    typed = sheet_typst(own, found, seed=0, level="normal") + Deck(told_.story, own.words).source()
    moodle = sheet_moodle(own, found, seed=0, level="normal")
    read = {
        "markdown": re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", plain, re.S),
        "typst": [(piece, "") for piece in re.findall(r"\$(.+?)\$", typed)],
        "moodle": re.findall(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", moodle, re.S),
        "circuit": [(label.says, "") for label in picture(own.drawn).labels if "=" in label.says],
    }
    for medium, pieces in read.items():
        whole = ["".join(pair) for pair in pieces]
        assert not [old for old in OWN[text] if in_math(whole, old)], medium
    code = "".join("".join(c["source"]) for c in book if c["cell_type"] == "code")
    assert f"notation={own.notation!r}" in code
    assert own.source.strip() in code
    for old in OWN[text]:
        assert sum(f"is `{old}`" in cell for cell in cells) >= 2


def steps(document) -> list:
    """The rows below the cost, whose rows have the names as ids."""
    blocks = [b for b in document.blocks if isinstance(b, Rows) and b.id != "cost"]
    return [row for block in blocks for row in block.rows]


@pytest.mark.parametrize("format", ["text", "latex", "markdown", "html"])
@pytest.mark.parametrize("order", [[], ["--order", "2"]])
def test_derive_in_every_format(format, order, capsys):
    words = ["derive", "logistic", "--format", format, "--notation", "theta,h,superscript", *order]
    assert main(words) == 0
    said = capsys.readouterr().out
    theta, raised = {
        "text": ("θ_j", "h⁽ⁱ⁾"), "html": ("<mi>θ</mi>", "<mo"),
    }.get(format, (r"\theta_j", "h^{(i)}"))  # fmt: skip
    assert theta in said
    assert raised in said
    if format == "text":
        assert not re.search(r"\b[wf]_|w⁽|f⁽", said)


def test_a_circuit_takes_values_by_either_name(tmp_path, capsys):
    circuits = [
        wg.circuit("logistic", at={name: 2, "b": 1, "x": 0.5, "y": 1}, notation="theta")
        for name in ("w", "theta")
    ]
    assert circuits[0] == circuits[1]
    assert dict(circuits[0].at)["theta"] == "2"
    out = tmp_path / "c.svg"
    assert main(["circuit", "logistic", "--notation", "theta", "--parts", "all", "-o", str(out)]) == 0
    assert main(["circuit", "logistic", "--notation", "w=y", "-o", str(out), "--force"]) == 2
    assert "Fix:" in capsys.readouterr().err


def test_an_exercise_as_it_was_given_out_is_no_mistake():
    for text in ("∂J/∂w_j", "d/dw J\n=\n=", ""):
        report = wg.check(text, cost="logistic")
        assert "to be filled in" in report.notes[0]
        assert "hint: your lines" in wg.render(wg.document(report))
    assert "no derivation" in wg.check("The weather is nice today.").notes[0]
