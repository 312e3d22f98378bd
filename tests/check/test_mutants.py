"""A small draw of the mutants of ``benchmarks/mutations.py``: no verdict against the oracle."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest
from mutants.judging import Tally, judge, mutant
from mutants.truth import same

from whygrad.core.report import Report

SOME = ("logistic", "softmax", "hinge", "gaussian", "ridge", "huber", "poisson", "attention")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(("kind", "count"), [("rows", 40), ("random", 24), ("right", 80)])
def test_no_verdict_contradicts_the_oracle(kind: str, count: int) -> None:
    tally = Tally()
    number = 0
    while tally.tried < count:
        judge(tally, kind, number, 11, SOME)
        number += 1
    assert tally.wrong_verdicts == 0, tally.failures
    assert tally.errors == 0, tally.failures
    assert tally.undecided <= 0.1 * tally.tried
    if kind != "right":
        assert tally.found >= 0.9 * tally.tried
    if kind == "rows":
        assert tally.first_two >= 0.75 * tally.tried


def test_the_figures_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checker that finds everything right is told so."""

    def blind(*_: object, **__: object) -> Report:
        from whygrad.core.derivation import Evidence
        from whygrad.core.report import CheckedLine, Pair

        pairs = (Pair("equal", Evidence("proved")),) * count
        return Report((CheckedLine("x"),) * (count + 1), pairs)

    tally = Tally()
    for number in range(12):
        made = mutant("random", "logistic", random.Random(f"11:random:{number}"))
        assert made is not None
        count = len(made.truth)
        monkeypatch.setattr("mutants.judging.report_of", blind)
        judge(tally, "random", number, 11, ("logistic",))
    assert tally.wrong_verdicts >= tally.tried == 12


@pytest.mark.parametrize("seed", range(6))
def test_mutants_are_what_they_are_said_to_be(seed: int) -> None:
    for kind in ("rows", "random", "right"):
        made = mutant(kind, SOME[seed], random.Random(seed))
        assert made is not None
        before, line = made.lines[made.at - 1], made.lines[made.at]
        if kind != "right":
            assert same(before, line, made.chain.scope) is False


def test_the_random_edits_know_neither_rules_nor_mistakes() -> None:
    for name in ("edits", "rewrites"):
        tree = ast.parse((BENCHMARKS / "mutants" / f"{name}.py").read_text(encoding="utf8"))
        rooms = {
            node.module.split(".")[1]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("whygrad.")
        }
        assert rooms == {"core"}
