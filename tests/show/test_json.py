"""JSON reads back to the same nodes and documents, and refuses what is not of its form."""

from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from typing import Any

import formulas
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from test_documents import documents
from test_layout import expressions

from whygrad.core.cost import Declaration, Definition, Domain, Scope
from whygrad.core.document import Document
from whygrad.core.errors import Span, UsageError
from whygrad.core.expr import Add, Call, Expr, Number, Symbol, add
from whygrad.core.expr_json import expr_from_json, expr_to_json
from whygrad.show.json_doc import document_from_json, document_to_json


def through_text(data: Any) -> Any:
    return json.loads(json.dumps(data))


@given(expressions)
def test_expressions_round_trip(e: Expr) -> None:
    assert expr_from_json(through_text(expr_to_json(e))) is e


numbers = [Number(3**20000), Number(Fraction(7, 2**60)), Number(2, True)]


@pytest.mark.parametrize("e", [*formulas.FORMULAS, *numbers])
def test_every_kind_of_node_round_trips(e: Expr) -> None:
    assert expr_from_json(through_text(expr_to_json(e))) is e


def test_deep_expressions_nest_no_deeper_than_a_reader_takes() -> None:
    e: Expr = Symbol("x")
    for _ in range(20_000):
        e = Call("log", (add(Number(1), e),))
    assert expr_from_json(through_text(expr_to_json(e))) is e


def test_shared_subexpressions_are_written_once() -> None:
    e: Expr = Symbol("x")
    for _ in range(200):
        e = Add((Call("log", (e,)), Call("exp", (e,))))
    text = json.dumps(expr_to_json(e))
    assert len(text) < 20_000
    assert expr_from_json(json.loads(text)) is e


def test_small_expressions_are_plain_lists() -> None:
    assert expr_to_json(samples.z_body) == [
        "add",
        ["reduce", "sum", ["idx", "j", "n"], ["mul", ["sym", "w", ["idx", "j", "n"]],
         ["sym", "x", ["idx", "i", "m"], ["idx", "j", "n"]]]],
        ["sym", "b"],
    ]  # fmt: skip


MALFORMED = """
null; true; 1.5; "x"; {}; []; [1]; ["nothing"]; ["num"]; ["num", 3]; ["num", "1/0"]; ["num", "x"]; ["sym"];
["const", "tau"]; ["sym", 3]; ["idx", "i"]; ["ref", 0]; ["ref", -1]; ["ref", true]; ["pow", 1]; ["delta", 1];
["reduce", "sum", 1, 2]; ["reduce", "mean", ["idx", "i", "m"], 2]; ["apply", "nothing", 1]; ["cmp", "<", 1];
["cmp", "=", 1, 2]; ["cases", 1, 2]; ["let", [], 1, 2]; ["let", 3, 1]; ["add", ["let", [], 1]]; ["entry"];
["let", [["ref", 0]], 1]; ["partial", 1, 2]
"""


@pytest.mark.parametrize("text", MALFORMED.split(";"), ids=str.strip)
def test_what_is_not_an_expression_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not an expression"):
        expr_from_json(json.loads(text))


words = st.sampled_from(["add", "sym", "let", "ref", "num", "x", "cases"])
json_data = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | words,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(words | st.just("kind"), part, max_size=2),
    max_leaves=12,
)


@given(json_data)
def test_no_data_makes_a_reader_stumble(data: Any) -> None:
    for read in (expr_from_json, document_from_json, lambda d: document_from_json({**FRAME, "blocks": [d]})):
        with contextlib.suppress(UsageError):
            read(data)


FRAME: dict[str, Any] = {"format": "whygrad-document", "version": 1, "scope": {}}


@given(documents)
def test_documents_round_trip(doc: Document) -> None:
    assert document_from_json(through_text(document_to_json(doc))) == doc


@pytest.mark.parametrize("doc", [samples.derive_logistic(), samples.check_logistic(), samples.every_block()])
def test_the_samples_round_trip(doc: Document) -> None:
    assert document_from_json(through_text(document_to_json(doc))) == doc


def test_scopes_round_trip() -> None:
    half = Fraction(1, 2)
    domains = (
        Domain("finite", (Fraction(0), Fraction(1))),
        Domain("interval", low=Fraction(0), high=half, closed=(True, False)),
        Domain("onehot", dim="K"),
    )
    scope = Scope(
        {"y": Declaration("y", "data", ("m",), domains, ("i",), Span(3, 9), half)},
        {"h": Definition("h", Symbol("t"), (), (), ("t",), Span(0, 4))},
    )
    doc = Document((), scope, "", {"any": [1, {"thing": None}]})
    assert document_from_json(through_text(document_to_json(doc))) == doc


def test_a_later_version_is_refused() -> None:
    with pytest.raises(UsageError, match="version 2"):
        document_from_json({**FRAME, "version": 2})
