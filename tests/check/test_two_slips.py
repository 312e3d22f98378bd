"""Two slips in one line are said together, and never as the name of a mistake."""

from __future__ import annotations

import pytest

import whygrad


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("L = (y - σ(w x))^2\n\ndL/dw = 2 (y - σ(w x)) σ(w x) x", "the sign of the whole line"),
        ("L = log(1 + e^(-w x))\n\ndL/dw = 2 e^(-w x)/(1+e^(-w x))", "a factor 2 of the whole line"),
    ],
)
def test_two_slips_are_said(text: str, said: str) -> None:
    mistake = whygrad.check(text).mistake
    assert mistake is not None
    assert (mistake.id, mistake.family) == ("", "")
    assert mistake.texts["cause"].startswith("two slips together would explain it: ")
    assert said in mistake.texts["cause"]


def test_one_slip_is_not_two() -> None:
    mistake = whygrad.check("L = (y - σ(w x))^2\n\ndL/dw = -2 (y - σ(w x)) σ(w x) x").mistake
    assert mistake is not None
    assert mistake.id
    assert "two slips" not in mistake.texts["cause"]


def test_a_hint_keeps_the_name_to_itself() -> None:
    report = whygrad.check("L = (y - w x)^2\n\ndL/dw = 2 (y - w x) x", hint=True)
    shown = whygrad.render(whygrad.document(report), "text")
    assert "mistake/" not in shown
    assert "1 mistake" in shown


def test_the_place_is_marked_under_the_persons_own_text() -> None:
    shown = whygrad.render(
        whygrad.document(whygrad.check("L = (y - w x)^2\n\ndL/dw = 2 (y - w x) x")), "text"
    )
    lines = shown.splitlines()
    k = next(k for k, line in enumerate(lines) if "WRONG" in line)
    mark = lines[k + 1]
    assert set(mark.strip()) == {"‾"}
    begin, end = mark.index("‾"), mark.rindex("‾") + 1
    assert lines[k][begin:end] in "2 (y - w x) x"
