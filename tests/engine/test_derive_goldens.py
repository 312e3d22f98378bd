"""The final forms of the gallery are those that were read: see tools/derivation_goldens.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from whygrad import costs

ROOT = Path(__file__).parents[2]
GOLDENS = ROOT / "tests" / "golden" / "derivations"
QUICK = ("logistic", "logistic-l2", "softmax", "hinge", "quantile", "batch-norm", "attention", "logdet",
         "gaussian-process", "bpr", "entropy", "probit")  # fmt: skip


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.long) for n in costs.names()]
)
def test_final_forms_are_the_golden_ones(name):
    assert tool("derivation_goldens").golden(name) == (GOLDENS / f"{name}.txt").read_text(encoding="utf-8")


def test_every_cost_has_a_golden_and_a_row():
    assert sorted(p.stem for p in GOLDENS.glob("*.txt")) == sorted(costs.names())
    table = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    for name in costs.names():
        assert f"| `{name}` |" in table
    assert len(costs.names()) >= 50
