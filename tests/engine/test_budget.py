"""Work is counted, so that no cost hangs: a long one is refused, or left unsimplified."""

import pytest

import whygrad as wg
from whygrad.core.derivation import Derivation
from whygrad.core.errors import BudgetError


def derived(body: str) -> Derivation:
    return wg.derive(f"param w\nJ = {body}")


def test_a_tower_of_powers_ends() -> None:
    made = derived("^".join(["w"] * 40))
    assert made.parameters[0].evidence.kind in ("proved", "sampled", "undecided")


def test_a_hundred_terms_are_collected() -> None:
    assert str(derived(" + ".join(["w^2"] * 100)).result) == str(derived("100 w^2").result)


@pytest.mark.slow
def test_ten_thousand_terms_are_refused() -> None:
    with pytest.raises(BudgetError, match="not done after"):
        derived("+".join(["w^2"] * 10_000))
