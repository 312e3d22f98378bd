"""What the engine answers to the page: the same documents and words as the command line, as data."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whygrad import api, costs
from whygrad.page.view import View
from whygrad.worker import VERBS, Desk

THREAD = """L = -y \\ln(f) - (1-y)\\ln(1-f), \\quad f = \\frac{1}{1+e^{-z}}, \\quad z = wx + b
\\frac{\\partial L}{\\partial w} = \\frac{\\partial L}{\\partial z}\\frac{\\partial z}{\\partial w}
= (f - y) x"""


def ask(desk: Desk, verb: str, **given: Any) -> dict[str, Any]:
    return json.loads(desk.answer(json.dumps({"verb": verb, **given})))


def words(data: Any) -> str:
    """All text of some data."""
    if isinstance(data, str):
        return data
    return "".join(words(part) for part in (data if isinstance(data, list) else data.values()))


def reasons(document: dict[str, Any]) -> list[str]:
    return [
        words([part for part in row["reason"] if isinstance(part, str)])
        for block in document["blocks"]
        if block["kind"] == "rows"
        for row in block["rows"]
    ]


@pytest.mark.parametrize("name", ["logistic", "logistic-l2", "softmax", "network-relu"])
@pytest.mark.parametrize("route", ["chain", "backprop"])
def test_the_words_are_those_of_the_command_line(name: str, route: Any) -> None:
    found = ask(Desk(), "derive", cost=name, route=route)
    text = " ".join(api.render(api.document(api.derive(name, route=route), folded=False), "text").split())
    said = [part.strip() for reason in reasons(found["document"]) for part in reason.split(",")]
    assert len(said) > 5
    assert all(part in text for part in said if part.isalpha())
    assert "proved" in text
    assert any(block.get("callout") == "proved" for block in found["document"]["blocks"])


def test_every_step_of_a_derivation_opens() -> None:
    desk = Desk()
    found = ask(desk, "derive", cost="logistic")
    rows = [row for block in found["document"]["blocks"] if block["kind"] == "rows" for row in block["rows"]]
    opened = [row["id"] for row in rows if row.get("rule")]
    assert len(opened) > 8
    for name in opened:
        blocks = ask(desk, "open", id=name)["document"]["blocks"]
        assert blocks[0]["kind"] == "rows"
        assert len(blocks[0]["rows"]) > 0
    for row in rows:
        if "page" in row:
            assert ask(desk, "page", subject=row["page"])["title"]


def test_parts_carry_one_name_for_one_expression() -> None:
    cost = api.load_cost("logistic")
    made = api.document(api.derive(cost, "w"), folded=False)
    view = View(made.scope)
    first, second = (json.dumps(view.document(made)) for _ in range(2))
    assert first == second
    named = {name: e for e, name in view.parts.names.items()}
    assert len(named) == len(view.parts.names)
    for name, e in named.items():
        assert view.parts.find(name) is e


def test_a_part_is_explained_by_each_of_its_names() -> None:
    desk = Desk()
    ask(desk, "derive", cost="logistic", wrt="w")
    assert desk.view is not None
    tried = 0
    for name in list(desk.view.parts.names.values()):
        found = ask(desk, "part", name=name)
        for by in found["by"]:
            explained = ask(desk, "part", name=name, wrt=by)
            assert explained["document"]["blocks"][0]["kind"] == "rows", (found["text"], by, explained)
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("form", ["latex", "markdown", "text", "html", "json", "python", "javascript"])
def test_copies_are_what_the_command_line_writes(form: Any) -> None:
    desk = Desk()
    ask(desk, "derive", cost="logistic-l2")
    text = ask(desk, "copy", format=form)["text"]
    cost = api.load_cost("logistic-l2")
    if form in ("python", "javascript"):
        assert text == api.compile(cost, "numpy" if form == "python" else form).source
    else:
        made = api.document(api.derive(cost), folded=form in ("markdown", "html"))
        assert text == api.render(made, form)


def test_a_notebook_of_a_cost_of_ones_own() -> None:
    book = json.loads(
        ask(Desk(), "notebook", cost="data x[i], y[i]\nparam a\nJ = sum_i (a x[i] - y[i])^2")["text"]
    )
    assert book["nbformat"] == 4
    assert any("J" in "".join(cell["source"]) for cell in book["cells"])


def test_a_hint_tells_neither_cause_nor_correction() -> None:
    text = "dL/db = dL/df * df/db\n= -y/f + (1-y)/(1-f) * f(1-f)\n= f - y"
    found = ask(Desk(), "check", text=text, cost="logistic")
    assert found["first_wrong"] == 2
    start, end = found["lines"][2]["spans"][0]
    assert "y/f" in found["lines"][2]["text"][start:end]
    hint = words(found["said"])
    assert any(block.get("callout") == "hint" for block in found["said"])
    assert found["mistake"] == "mistake/chain/factor-lost"
    for later in ("why", "correction"):
        assert found[later]
        assert all(words(block) not in hint for block in found[later])
    assert "line 2 gives" in words(found["why"])
    assert "Corrected" in words(found["correction"])


def test_the_threads_own_lines_are_right() -> None:
    found = ask(Desk(), "check", text=THREAD)
    assert found["status"] == 0, found
    assert found["summary"] == "Every line is right."


def test_values_follow_the_sliders() -> None:
    at = {"w": "1.5", "b": "-0.25", "x": "0.8", "y": "0"}
    found = ask(Desk(), "circuit", cost="logistic", at=at)
    from math import exp

    f = 1 / (1 + exp(-(1.5 * 0.8 - 0.25)))
    shown = {result["left"]: float(result["number"].replace("−", "-")) for result in found["results"]}
    assert shown["∂J/∂w_j"] == pytest.approx(f * 0.8, rel=1e-3)
    assert shown["∂J/∂b"] == pytest.approx(f, rel=1e-3)


@pytest.mark.parametrize("name", ["linear", "logistic", "logistic-l2", "softmax", "squared-hinge"])
def test_the_rate_comes_from_the_curvature(name: str) -> None:
    constants = {"lambda": "0.1"} if name == "logistic-l2" else {}
    found = ask(Desk(), "program", cost=name, constants=constants)
    assert "source" in found["rate"], found["rate"]
    assert found["rate"]["convex"]
    assert found["linear"]


def test_what_descent_cannot_take_is_said() -> None:
    assert "table" in ask(Desk(), "program", cost="attention").get("error", {}).get("reason", "table")
    assert "jumps" in ask(Desk(), "program", cost="hinge")["rate"]["why"]
    assert not ask(Desk(), "program", cost="network-sigmoid")["linear"]


@pytest.mark.parametrize(
    ("verb", "asked"),
    [
        ("derive", {"cost": "J = (w"}),
        ("derive", {"cost": "x" * 70000}),
        ("derive", {"cost": 7}),
        ("derive", {"cost": "logistic", "route": "sideways"}),
        ("open", {"id": "chain.1"}),
        ("part", {"name": "p1"}),
        ("page", {"subject": "derivative/none"}),
        ("copy", {"format": "exe"}),
        ("circuit", {"cost": "logistic", "at": {"y": "3"}}),
        ("nothing", {}),
        ("check", {"text": "(" * 5000}),
    ],
)
def test_errors_have_a_reason_and_a_way_out(verb: str, asked: dict[str, Any]) -> None:
    error = ask(Desk(), verb, **asked)
    if verb == "check" and "error" not in error:
        assert error["status"] == 2
        return
    assert error["error"]["reason"]
    assert error["error"]["fix"]
    assert "Traceback" not in error["error"]["text"]


@settings(max_examples=60)
@given(
    verb=st.sampled_from([*VERBS, "?"]),
    asked=st.dictionaries(
        st.sampled_from(
            ["cost", "text", "id", "name", "subject", "at", "constants", "width", "route", "format"]
        ),
        st.one_of(st.text(max_size=30), st.integers(), st.none(), st.lists(st.integers(), max_size=2)),
        max_size=4,
    ),
)
def test_whatever_is_asked_the_answer_is_data(verb: str, asked: dict[str, Any]) -> None:
    answer = Desk().answer(json.dumps({"verb": verb, **asked}))
    assert isinstance(json.loads(answer), dict)


def test_the_gallery_is_whole() -> None:
    assert [entry["name"] for entry in ask(Desk(), "gallery")["costs"]] == list(costs.names())


def test_no_question_loads_numpy() -> None:
    code = (
        "import json, sys\nfrom whygrad.worker import answer\n"
        "for verb in ('derive', 'circuit', 'program', 'check', 'notebook', 'pairs', 'gallery', 'cost'):\n"
        "    found = json.loads(answer(json.dumps({'verb': verb, 'cost': 'logistic', 'text': 'a = a'})))\n"
        "    assert 'error' not in found, (verb, found)\n"
        "for form in ('latex', 'python', 'javascript', 'json', 'html'):\n"
        "    assert 'error' not in json.loads(answer(json.dumps({'verb': 'copy', 'format': form})))\n"
        "heavy = {'numpy', 'scipy', 'nbformat', 'matplotlib'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
