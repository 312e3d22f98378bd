"""A short declaration settles kinds, shapes and domains; an open line says which one would."""

from __future__ import annotations

import random

import pytest

import whygrad
from whygrad.core.errors import LanguageError
from whygrad.engine.check import check_text
from whygrad.syntax.people.declared import is_declaration, settle, take_declarations

LAYOUTS = (
    "{}\n\n",
    "# My derivation\n\n{}\n\n",
    "% {}\n\n",
    "<!-- {} -->\n\n",
    "<!--\n{}\n-->\n\n",
    "```\n{}\n```\n\n",
    "```whygrad\n{}\n```\n\n",
    "\\documentclass{{article}}\n\\begin{{document}}\n% {}\n",
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_declaration_is_read_in_every_layout(layout: str) -> None:
    report = check_text(layout.format("data A: (n, n), x: (n,)") + "$$a x = x a$$")
    assert report.verdicts == ("equal",)
    found, rest = take_declarations(layout.format("data A: (n, n), x: (n,)") + "$$a x = x a$$")
    assert found == ["data A: (n, n), x: (n,)"]
    assert rest.endswith("$$a x = x a$$")
    assert len(rest) == len(layout.format(found[0])) + len("$$a x = x a$$")


@pytest.mark.parametrize(
    ("declared", "text", "verdict"),
    [
        # kinds: two vectors side by side are an inner product, two numbers are not
        ("data x: (), w: ()", "(w x)^2 = w^2 x^2", "equal"),
        ("data x: (n,), w: (n,)", "(w x)^2 = w^2 x^2", "different"),
        # domains
        ("data y: () in {0,1}", "y^2 + y = 2y", "equal"),
        ("data y: () real", "y^2 + y = 2y", "different"),
        ("data t: () in {-1,1}", "t^2 x = x", "equal"),
        ("data A: (n, n) symmetric, x: (n,)", r"\frac{d}{dx} x^T A x = 2 A x", "equal"),
        ("data A: (n, n), x: (n,)", r"\frac{d}{dx} x^T A x = 2 A x", "different"),
        # shapes by letters, and letters nobody takes for an index
        ("data x[i,j], w[j]", r"\sum_j x_{ij} w_j = (x w)_i", "equal"),
        ("param w[u,v]", r"\frac{d}{d w_{uv}} \sum_{u,v} w_{uv}^2 = 2 w_{uv}", "equal"),
        # entries of a declared vector, a constant with a value
        ("data x: (3,)", r"\frac{d}{dx_1} (x_1^2 + x_2 x_1) = 2 x_1 + x_2", "equal"),
        ("const lambda = 2", r"\lambda x = 2 x", "equal"),
        (r"const \lambda \ge 0", r"\lambda x = x \lambda", "equal"),
    ],
)
def test_it_wins_over_what_would_be_inferred(declared: str, text: str, verdict: str) -> None:
    assert check_text(f"{declared}\n\n{text}").verdicts == (verdict,)
    assert check_text(text, context=[declared]).verdicts == (verdict,)


def test_the_scope_has_what_was_declared() -> None:
    text = "data x[i,j]: (m, n), y[i] in {0,1}\nparam w[j]\n\nL = (y_i - x_{ij} w_j)^2 = (x_{ij} w_j - y_i)^2"
    declared = check_text(text).scope.declarations
    assert declared["x"].dims == ("m", "n")
    assert (declared["y"].dims, declared["w"].dims) == (("m",), ("n",))
    assert (declared["y"].kind, declared["w"].kind) == ("data", "param")
    assert [str(v) for v in declared["y"].values] == ["0", "1"]


@pytest.mark.parametrize(
    "line",
    [
        "data x, y are measured",
        "data points x_i are given as in the book",
        "data: we have two of them",
        "constant c in the equation",
        "parameters w and b",
        "the data x: (n,)",
    ],
)
def test_sentences_are_no_declarations(line: str) -> None:
    assert not is_declaration(line)
    assert take_declarations(f"{line}\n\na = a")[0] == []


def test_a_broken_one_is_refused_with_its_place() -> None:
    text = "\nparam w: (n,\n\na = a"
    with pytest.raises(LanguageError, match="a size should") as caught:
        check_text(text)
    assert caught.value.span is not None
    assert text[: caught.value.span.start].endswith("(n,")
    with pytest.raises(LanguageError, match="twice"):
        settle(["data x: (n,)", "param x"])


def test_more_indices_than_declared_accuse_nobody() -> None:
    assert check_text("data y: ()\n\ny_i + y_i = 3 y_i").verdicts == ("undecided",)


@pytest.mark.parametrize(
    "text",
    [
        "y^2 + y = 2y",
        r"\frac{d}{dw} w^T S w = 2 S w",
        "y^2 = y",
        "L = (y - w)^2\n\nd L/dw = -2(y - w) = -2(y - v)",
    ],
)
def test_an_open_line_says_which_declaration_settles_it(text: str) -> None:
    report = check_text(text)
    (k,) = (k for k, pair in enumerate(report.pairs) if pair.verdict == "undecided")
    (line,) = report.pairs[k].settles
    assert is_declaration(line)
    shown = whygrad.render(whygrad.document(report), "text")
    assert line in shown
    again = check_text(f"{line}\n\n{text}")
    assert again.verdicts[k] in ("equal", "different", "ill-typed")
    assert report.json()["settles"] == {str(k + 1): [line]}


def test_random_tops_never_crash() -> None:
    rng = random.Random(5)
    pieces = "data param const x y[i ] ( ) : , in {0,1} >= 0 \n % <!-- --> ``` = \\ $ n onehot(k) ;".split(
        " "
    )
    for _ in range(300):
        text = " ".join(rng.choice(pieces) for _ in range(rng.randint(1, 14))) + "\n\nx + x = 2x"
        refused: LanguageError | None = None
        verdicts: tuple[str, ...] = ()
        try:
            verdicts = tuple(check_text(text).verdicts)
        except LanguageError as error:
            refused = error
        assert "different" not in verdicts[-1:]
        assert refused is None or (refused.reason and refused.span is not None)
