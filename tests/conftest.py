"""What all tests share: fixed seeds, printed, and property tests that draw the same cases each time."""

import os

import hypothesis
import pytest

SEED = int(os.environ.get("WHYGRAD_SEED", "20260101"))

hypothesis.settings.register_profile(
    "whygrad", deadline=None, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.load_profile("whygrad")


def pytest_report_header() -> str:
    """Print the seed, so that a failure can be drawn again."""
    return f"seed: {SEED} (set WHYGRAD_SEED for another)"


@pytest.fixture
def seed() -> int:
    """Return the seed of every random draw in the tests."""
    return SEED
