"""Mutated inputs: whatever is typed, the answer is a cost or an error of ours, and soon."""

from __future__ import annotations

import random

import pytest
from tests.syntax.costs import EVERY

from whygrad.core.errors import WhygradError
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.expression import read_expr
from whygrad.syntax.malformed import MALFORMED
from whygrad.syntax.statement import read_statement
from whygrad.syntax.unparse import cost_to_plain, to_plain

GOOD = [*EVERY.values()]
SEEDS = [*GOOD, *(row.text for row in MALFORMED if len(row.text) < 500)]
PIECES = [
    *"()[]{}+-*/^_'|,:;=<>&.\\%#?@~! \n\0é∂Σσλ²ᵀ‖−·0123456789ijkmnxywbzeTd",
    *["sum_i ", "mean_{i}", "sum_{k != i}", "max_", "d/dz ", "∂f/∂", "log ", "exp(", "if ", " else ", "not "],
    *[
        " and ",
        "in {0,1}",
        "data ",
        "param ",
        "const ",
        "axis=1",
        "keepdims=True",
        "softmax(",
        "inv(",
        "diag(",
    ],
    *[
        "\\frac",
        "\\frac{1}{m}",
        "\\sum_{i=1}^{m}",
        "\\begin{cases}",
        "\\end{cases}",
        "^{(i)}",
        "\\left(",
        "\\hat",
    ],
    *[
        "\\text{if}",
        "\\|",
        "\\\\",
        "^\\top",
        "1e9",
        "..",
        ".^",
        "ones ",
        "I ",
        "delta(i,j)",
        "x[i+1]",
        "[t-1]",
        "size(",
    ],
]


def mutate(text: str, draw: random.Random) -> str:
    """A few edits: put in, take out, double, exchange."""
    for _ in range(draw.choice((1, 1, 1, 2, 6))):
        a = draw.randrange(len(text) + 1)
        b = min(len(text), a + draw.choice((1, 1, 2, 5, 20)))
        match draw.randrange(5):
            case 0:
                text = text[:a] + draw.choice(PIECES) + text[a:]
            case 1:
                text = text[:a] + text[b:]
            case 2:
                text = text[:b] + text[a:b] * draw.choice((1, 1, 2, 30)) + text[b:]
            case 3:
                text = text[:a] + draw.choice(PIECES) + text[b:]
            case _:
                other = draw.choice(SEEDS)
                c = draw.randrange(len(other) + 1)
                text = text[:a] + other[c : c + draw.choice((2, 8, 40))] + text[b:]
    return text


def try_reading(text: str, kind: int) -> bool:
    """Read ``text`` as a cost, an expression or a statement; whether it could be read."""
    try:
        if kind < 6:
            cost_to_plain(read_cost(text))
        elif kind < 9:
            to_plain(read_expr(text, open_names=kind == 7))
        else:
            read_statement(text, ("u", "v", "x"))
        return True
    except WhygradError as error:
        refused = error
    assert "Fix: " in refused.render()
    span = refused.span
    assert span is None or 0 <= span.start <= span.end <= len(refused.source) + 1
    return False


def run(count: int, seed: int) -> int:
    draw = random.Random(seed)
    read = 0
    for _ in range(count):
        good = draw.random() < 0.8
        text = mutate(draw.choice(GOOD if good else SEEDS), draw)
        kind = draw.randrange(10)
        if kind >= 6:
            lines = [line for line in text.splitlines() if line.strip()] or [""]
            text = draw.choice(lines).partition("=")[2] if kind < 9 else draw.choice(lines)
        try:
            read += try_reading(text, kind)
        except Exception as error:
            raise AssertionError(f"kind {kind}, seed {seed}: {text!r}") from error
    return read


def test_mutated_inputs_are_read_or_refused(seed: int) -> None:
    read = run(2_000, seed)
    assert 100 < read < 1_800  # else the mutations are too wild, or too tame, to find anything


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_many_mutated_inputs_are_read_or_refused(seed: int, part: int) -> None:
    run(10_000, seed + 1 + part)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "(" * 60_000,
        "param b\nJ = " + "b^" * 30_000 + "b",
        "param b\nJ = " + "-" * 60_000 + "b",
        "param b\nJ = " + "log " * 15_000 + "b",
        "param b\nJ = " + "b + " * 15_000 + "b",
        "param b\nJ = " + "b " * 30_000,
        "data x[i]\nparam b\nJ = " + "sum_i " * 10_000 + "x[i]",
        "data x[i]\nparam b\nJ = sum_i x[i]" + " + x[i]" * 9_000,
        "data x[i]\nparam b\nJ = " + " + ".join(["sum_i x[i]"] * 5_000),
        "param b\nJ = " + "b if b > 0 else " * 4_000 + "b",
        "param b\nJ = b" + " and b" * 10_000,
        "param b\nJ = " + "not " * 15_000 + "b",
        "param b\n" + "J = b\n" * 10_000,
        "\n".join(f"a{k} = {f'a{k - 1}' if k else '1'} + 1" for k in range(3_000)),
        "param b\nJ = b" + "'" * 60_000,
        "param b\nJ = " + "d(" * 30_000,
        "param b\nJ = " + "|" * 60_000,
        "param b\nJ = " + "\\frac" * 10_000,
        "J(w) = " + "\\frac{1}{" * 5_000 + "w" + "}" * 5_000,
        "J(w) = w" + "_{i" * 15_000,
        "J(w) = w" + "^{(i)}" * 10_000,
        "\\begin{cases}" * 4_000,
        "param " + ",".join(f"b{k}" for k in range(9_000)) + "\nJ = b1",
        "data x[" + ",".join(f"i{k}" for k in range(9_000)) + "]\nparam b\nJ = b",
        "param " + "b" * 60_000 + "\nJ = " + "c" * 5_000,
        "J = 1" + "0" * 60_000,
        "data y in {" + ",".join(map(str, range(9_000))) + "}\nparam b\nJ = b",
        "\x00" * 60_000,
        " \n" * 30_000,
        "#" * 60_000,
        ";" * 60_000,
    ],
    ids=lambda text: repr(text[:25]),
)
def test_large_inputs_end(text: str) -> None:
    try_reading(text, 0)
    try_reading(text.partition("=")[2], 7)
