"""Chains made for these tests: each step is said to be what it is."""

from __future__ import annotations

import pytest
from written import CHAINS, Written
from written_hard import HARD
from written_more import MORE

from whygrad.engine.check import check_chain
from whygrad.syntax.people.chain import Chain

ALL = (*CHAINS, *MORE, *HARD)


@pytest.mark.parametrize("written", ALL, ids=[w.id for w in ALL])
def test_verdicts(written: Written) -> None:
    chain = Chain(written.lines, written.context, written.assumptions, written.wrt, written.mode)
    report = check_chain(chain)
    says = [{"equal": True, "different": False, "ill-typed": False}.get(v) for v in report.verdicts]
    for k, (said, truth) in enumerate(zip(says, written.truth, strict=True)):
        if truth is None:
            assert said is not False, f"accused: {written.lines[k + 1]}"
        else:
            assert said is truth, (written.lines[k + 1], report.pairs[k].evidence)


def test_a_wrong_sign_anywhere_is_refuted() -> None:
    """Each right chain of numbers, with a minus put before its last line, is refuted there."""
    tried = 0
    for written in ALL:
        if written.mode != "expr" or not all(written.truth) or written.lines[-1] == "0":
            continue
        lines = (*written.lines[:-1], f"-({written.lines[-1]})")
        chain = Chain(lines, written.context, written.assumptions, written.wrt)
        verdict = check_chain(chain).verdicts[-1]
        assert verdict != "equal", written.id
        tried += verdict in ("different", "ill-typed")
    assert tried > 40
