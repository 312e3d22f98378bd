"""What all tests share: fixed seeds, printed; draws that are the same each time; a browser."""

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

import browser as browsers

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a browser with a profile of its own that reaches no other machine; skip where there is none.

    One for each module, closed after it: while it is open an event loop runs in this thread, so that a
    module that uses it holds no test that runs one of its own (a notebook's kernel does).
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = browsers.find()
    if program is None:
        pytest.skip("no browser: ./check installs one, or WHYGRAD_BROWSER names one")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=browsers.flags())
        yield opened
        opened.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """Open an empty page of the browser; afterwards it must have logged no error and missed no file.

    A test that provokes an error takes it out of ``tab.errors``.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.errors = []
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.on("requestfailed", lambda request: opened.errors.append(f"not loaded: {request.url}"))
    opened.on("console", lambda line: opened.errors.append(line.text) if line.type == "error" else None)
    yield opened
    found = list(opened.errors)
    context.close()
    assert not found
