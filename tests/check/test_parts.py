"""Several derivations in one text, and notebooks."""

from __future__ import annotations

import json

import whygrad

TEXT = r"""Let $z = wx + b$, $f = \sigma(z)$, $L = -y\log f - (1-y)\log(1-f)$.

$$\frac{\partial L}{\partial f} = -\frac{y}{f} + \frac{1-y}{1-f}$$
$$\frac{\partial f}{\partial z} = f(1-f) = f - f^2$$
$$\frac{\partial L}{\partial z} = \left(-\frac{y}{f} + \frac{1-y}{1-f}\right) f = f - y$$
"""


def test_every_derivation_is_a_part() -> None:
    report = whygrad.check(TEXT)
    assert [part.verdicts for part in report.parts] == [
        ("equal",),
        ("equal", "equal"),
        ("different", "different"),
    ]
    assert report.status == 1
    assert report.verdicts == report.parts[2].verdicts
    found = report.json()
    assert [part["first_wrong"] for part in found["parts"]] == [None, None, 1]
    shown = whygrad.render(whygrad.document(report), "text")
    assert "Derivation 3" in shown
    assert "3 derivations, a mistake in derivation 3" in shown


def test_a_single_derivation_has_no_parts() -> None:
    report = whygrad.check("x + x = 2x")
    assert report.parts == ()
    assert "parts" not in report.json()


def test_code_cells_that_hold_mathematics_are_read() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["J = (w x - y)^2\n"]},
        {"cell_type": "code", "source": ["# dJ/dw = 2 (w x - y) x\n", "#  = 2 w x^2 - 2 y\n"]},
        {"cell_type": "code", "source": ["import numpy as np\n", "x = 3\n", "x + x == 7"]},
    ]
    report = whygrad.check(json.dumps({"cells": cells}))
    assert report.verdicts == ("equal", "different")
    assert report.parts == ()


def test_every_derivative_line_of_a_list_stands_alone() -> None:
    report = whygrad.check("J = (y - a x - b)^2\n\ndJ/da = -2 (y - a x - b) x\ndJ/db = 2 (y - a x - b)\n")
    assert [part.verdicts for part in report.parts] == [("equal",), ("different",)]


def test_brackets_of_the_corrected_line_are_whole() -> None:
    report = whygrad.check(TEXT)
    assert report.mistake is not None
    own = report.mistake.texts.get("own", "")
    assert own.count(r"\left") == own.count(r"\right")
