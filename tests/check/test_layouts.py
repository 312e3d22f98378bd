"""Layouts: what is a line, what is context, what is prose."""

from __future__ import annotations

import json

import pytest

from whygrad.engine.check import check_text
from whygrad.syntax.people.layout import notebook_text, read_page

LINES = ["L", "a + b", "b + a"]
LAYOUTS = (
    r"\begin{align} L &= a + b \\ &= b + a \end{align}",
    r"\begin{align*} L &= a + b && \text{by definition} \\[4pt] &= b + a \tag{2} \end{align*}",
    r"$$\begin{aligned} L &= a + b \\ L &= b + a \end{aligned}$$",
    r"\eqalign{ L &= a + b \\ &= b + a }",
    r"\begin{eqnarray} L &=& a + b \nonumber \\ &=& b + a \end{eqnarray}",
    r"\begin{equation}\begin{split} L &= a + b \\ &= b + a \end{split}\end{equation}",
    r"\[ L = a + b = b + a \]",
    r"\[ \begin{array}{rcl} L &=& a + b \\ &=& b + a \end{array} \]",
    "L = a + b\n  = b + a",
    "L = a + b\nL = b + a",
    "We find\n\nL = a + b\n= b + a\n\nand are done.",
    "$L = a + b$\n$= b + a$",
    r"First, $$L = a + b$$ and then $$= b + a.$$",
    r"L = a + b \newline = b + a",
    r"\begin{align} L &= a \\ &\quad + b \\ &= b + a \end{align}",
    "```math\nL = a + b = b + a\n```",
    r"$$L \overset{\text{def}}{=} a + b \stackrel{(1)}{=} b + a$$",
)


@pytest.mark.parametrize("text", LAYOUTS)
def test_lines_of_a_layout(text: str) -> None:
    page = read_page(text)
    assert len(page.chains) == 1
    found = [" ".join(piece.bare.replace(r"\quad", "").split()) for piece in page.chains[0].lines]
    assert found == LINES


def test_definitions_around_a_chain_are_context() -> None:
    page = read_page("z = wx + b\nf = sigmoid(z)\n\nd f/dw = f(1-f) * dz/dw\n = f(1-f) x")
    assert page.context == ["z = wx + b", "f = sigmoid(z)"]
    assert len(page.chains[0].lines) == 3


def test_equations_one_below_the_other_are_a_chain_of_equations() -> None:
    page = read_page("2x + 4 = 10\n2x = 6\nx = 3")
    assert page.chains[0].equations
    assert check_text("2x + 4 = 10\n2x = 6\nx = 3").verdicts == ("equal", "equal")


def test_a_formula_in_a_sentence() -> None:
    text = r"So I wrote ln(\frac{1}{1 + e^{-z}}) = -ln(1 + e^{-z}) because of the rule."
    assert check_text(text).verdicts == ("equal",)


def test_cells_of_a_notebook() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Notes\n", "$$L = (y - w)^2$$"]},
        {"cell_type": "code", "source": "x = 1"},
        {"cell_type": "markdown", "source": r"$$\frac{dL}{dw} = 2(y-w) = 2y - 2w$$"},
    ]
    report = check_text(notebook_text(json.dumps({"cells": cells})))
    assert report.verdicts == ("different", "equal")


def test_places_point_into_the_text() -> None:
    text = "Some words.\n\nL = a + b\n  = b + a"
    report = check_text(text)
    for line in report.lines:
        assert text[line.start :].lstrip().startswith(line.source[:1])
