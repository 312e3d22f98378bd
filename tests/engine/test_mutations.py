"""A draw of the mutations of ``benchmarks/mutations.py``: verdicts against the oracle, names."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FEW = ("linear", "logistic-l2", "softmax")
MANY = (
    *FEW,
    "poisson",
    "hinge",
    "huber",
    "ridge",
    "logistic",
    "neuron-tanh-squared",
    "neuron-sigmoid-squared",
)


def mutations() -> ModuleType:
    """The benchmark as a module."""
    known = sys.modules.get("mutations")
    if known is not None:
        return known
    path = Path(__file__).parents[2] / "benchmarks" / "mutations.py"
    spec = importlib.util.spec_from_file_location("mutations", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module
    spec.loader.exec_module(module)
    return module


def _judged(kind: str, count: int, only: tuple[str, ...]) -> None:
    tally = mutations().run(kind, count, 7, only)
    assert tally.tried == count
    assert tally.wrong_verdicts == 0, tally.examples
    assert tally.errors == 0, tally.examples
    assert tally.undecided <= 0.02 * count
    if kind == "rows":
        assert tally.first_found >= 0.98 * count
        assert tally.family_two >= 0.85 * count, tally.families
        assert tally.misnamed <= 0.05 * count, tally.families


@pytest.mark.parametrize(("kind", "count"), [("rows", 60), ("random", 40), ("right", 60)])
def test_a_small_draw(kind: str, count: int) -> None:
    _judged(kind, count, FEW)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "count"), [("rows", 1500), ("random", 500), ("right", 1500)])
def test_a_large_draw(kind: str, count: int) -> None:
    _judged(kind, count, MANY)
