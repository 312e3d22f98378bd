"""What the text leaves unsaid is read where it is said anywhere, and nobody is accused for the rest."""

from __future__ import annotations

import pytest

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import Index, Number, Size, Symbol, add, mul
from whygrad.engine.check import check_chain, check_text
from whygrad.meaning.equal import same_value
from whygrad.meaning.sample import draw_point
from whygrad.syntax.people.chain import Chain
from whygrad.syntax.people.layout import read_page

SLIP = r"""
$$\frac{\partial L}{\partial w} = (f-y)\frac{\partial f}{\partial w}$$
$$= (f-y) \sigma(z)(1-\sigma(z))$$
$$= (f-y) f (1-f)$$
"""
DEFINITIONS = [
    r"$$z = wx + b,\quad f = \sigma(z),\quad L = \frac12 (f-y)^2$$",
    r"$$z = wx + b; f = \sigma(z); L = \frac12 (f-y)^2$$",
    r"$$L = \frac12 (f-y)^2 \text{ where } f = \sigma(z) \text{ with } z = wx + b$$",
    r"Let $z = wx + b$ and $f = \sigma(z), L = \frac12 (f-y)^2$.",
    "Let z = wx + b, f = σ(z) and L = (f - y)^2/2.\n",
    r"\begin{align} z &= wx + b, & f &= \sigma(z), \\ L &= \tfrac12 (f-y)^2 \end{align}",
    r"\[ L = \frac12 (f-y)^2, \qquad f = \sigma(z), \qquad z = wx+b, \qquad y \in \mathbb{R} \]",
]


@pytest.mark.parametrize("given", DEFINITIONS)
def test_definitions_beside_one_another_are_read(given: str) -> None:
    report = check_text(given + SLIP)
    assert report.verdicts == ("equal", "different", "equal")
    assert report.mistake is not None
    assert report.mistake.id == "mistake/inner/data-lost"


def test_names_that_may_be_related_accuse_nobody() -> None:
    report = check_text(SLIP.replace("1-\\sigma(z))", "1-\\sigma(z)) x").replace("(1-f)", "(1-f) x"))
    assert report.first_wrong is None
    assert "f = sigmoid(z)" in report.pairs[-1].evidence.why


def test_a_slip_beside_undefined_names_is_found_all_the_same() -> None:
    lines = ("(f - y) x f (1 - f)", "(f - y) x f - (f - y) f^2")
    assert check_chain(Chain(lines)).verdicts == ("different",)


def test_a_comma_inside_brackets_separates_nothing() -> None:
    page = read_page("$$f(x, y) = x + y = y + x$$")
    assert [piece.bare for piece in page.chains[0].lines] == ["f(x, y)", "x + y", "y + x"]


def test_a_letter_whose_range_may_be_empty_is_given_a_position() -> None:
    place = Index("i", "n-k+1")
    u = Symbol("u", (place,))
    scope = Scope({"u": Declaration("u", "data", ("n-k+1",))})
    for seed in range(40):
        point = draw_point([mul(u, Size("n"), Size("k"))], scope, seed)
        assert point.positions[place] >= 1
    assert same_value(mul(Number(2), u), add(u, u), scope).kind == "equal"


def test_what_a_definition_is_made_of_does_not_move() -> None:
    given = r"$z_i = \sum_j w_j x_{ij} + b$. "
    lines = r"$$\frac{\partial z_i}{\partial w_j} = x_{ij} + \frac{\partial b}{\partial w_j} = x_{ij}$$"
    right = check_text(given + lines)
    assert right.verdicts == ("equal", "equal")


def test_a_count_is_the_number_of_terms() -> None:
    report = check_text("J = 1/m sum_i (y_i - w x_i)^2\n\ndJ/dw = 1/m sum_i 2 (y_i - w x_i) x_i")
    assert report.first_wrong == 1
    assert "m" not in (report.pairs[0].evidence.point or {})


@pytest.mark.parametrize("wrong", [r"2(Xw-y)X = 2 X X w - 2 X y", r"2X(Xw-y)"])
def test_a_capital_before_a_vector_is_a_matrix(wrong: str) -> None:
    report = check_text(rf"\nabla_w \|Xw-y\|^2 = {wrong}")
    assert report.first_wrong == 1
    assert report.mistake is not None
    assert report.mistake.id == "mistake/shape/transpose-or-order"
