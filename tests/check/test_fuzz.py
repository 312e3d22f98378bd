"""Nothing that is typed makes it crash, and what it refuses it refuses with a reason."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from fuzz_check import ask, inputs
from scoring import records

from whygrad.core.errors import LanguageError, WhygradError
from whygrad.engine.check import check_record, check_text

PIECES = (
    r"\frac{ } { ( ) [ ] \sum_{i=1}^m \partial ^ _ & \\ = \begin{cases} \end{cases} | || \left \right d e^{"
    r" \log \text{ x w_i ^{99999} \over \nabla \hat 1/ - T ∂ √ ½ \def\x{\x}\x \ é ∑ \max \langle \rangle :"
    r" \mathbf{ \lim '"
).split(" ")
CHAINS = records(Path(__file__).parent / "data" / "derivations.jsonl")


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(4):
            case 0:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randint(1, 4) :]
            case 2:
                text = text[:at] + text[at : at + 3] * rng.randint(2, 20) + text[at:]
            case _:
                text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 25)))
    return text


def answer_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """The answer, or None where the input is refused with a reason."""
    try:
        return check_record(record).record()
    except WhygradError as error:
        return None if error.reason else {}


@pytest.mark.parametrize("seed", range(60))
def test_mutated_lines_never_crash(seed: int) -> None:
    rng = random.Random(seed)
    record = dict(rng.choice(CHAINS))
    key = rng.choice(("lines", "context", "assumptions"))
    texts = list(record[key]) or [""]
    place = rng.randrange(len(texts))
    texts[place] = mutated(texts[place], rng)
    record[key] = texts
    answer = answer_of(record)
    if answer is not None:
        assert len(answer["verdicts"]) == len(answer["evidence"]) == max(0, len(record["lines"]) - 1)


def test_large_input_is_refused_before_it_is_read() -> None:
    with pytest.raises(LanguageError, match="bytes"):
        check_text("x = y\n" * 20_000)


def test_deep_nesting_is_refused_with_a_place() -> None:
    line = "(" * 500 + "x" + ")" * 500
    report = check_text(f"y = {line}\n= x\n= x")
    assert "unreadable" in report.verdicts
    assert any(line.error and line.span is not None for line in report.lines)


def test_many_lines_stay_within_the_budget() -> None:
    lines = ["y = x + 1"] + [f"= x + {k} - {k - 1}" for k in range(1, 120)]
    assert set(check_text("\n".join(lines)).verdicts) == {"equal"}


@pytest.mark.parametrize("line", ["(a,,b)", "(a||,b)", "(|,a|)", "{,,;}", "f(x;;y|,z) + (1,", "[a:,:b]"])
def test_doubled_separators_end(line: str) -> None:
    assert len(check_record({"lines": ["x", line, line]}).verdicts) == 2


@pytest.mark.parametrize("begin", range(0, 600, 100))
def test_a_draw_of_the_long_run(begin: int) -> None:
    for number in range(begin, begin + 100):
        assert ask(inputs(1, number, CHAINS)[1])


@pytest.mark.parametrize(
    "line",
    ["x" + "^x" * 400, r"\sum_i " * 300 + "x", "y" + "_j" * 40, "|" * 300 + "x", "x = " + "(|x| - " * 90],
)
def test_long_runs_are_refused_or_answered(line: str) -> None:
    assert ask(f"y = {line}\n= x")
    assert ask({"lines": ["y", line, line]})
