"""A page that is built once, and served on loopback."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import environment
import page as builder
from whygrad.page import server


@pytest.fixture(scope="session")
def built() -> Path:
    """Return the folder of the page of this checkout; skip where it cannot be built."""
    try:
        return builder.ensure(dev=True)
    except environment.SetUpError as error:
        pytest.skip(f"the page cannot be built here: {str(error).splitlines()[0]}")


@pytest.fixture(scope="session")
def tools() -> Path:
    """Return the folder of what the page is built with."""
    try:
        return builder.ensure_tools(dev=True)
    except environment.SetUpError as error:
        pytest.skip(f"the tools of the page cannot be had here: {str(error).splitlines()[0]}")


@pytest.fixture(scope="module")
def site(built: Path) -> Iterator[str]:
    """Serve the page the way `whygrad page` does, on a free port."""
    found: list[str] = []
    ready, done = threading.Event(), threading.Event()

    def until(running: server.Server) -> None:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        ready.set()
        done.wait()
        running.shutdown()

    worker = threading.Thread(
        target=server.serve, args=(lambda: built, 0), kwargs={"started": found.append, "until": until}
    )
    worker.start()
    ready.wait(10)
    yield found[0]
    done.set()
    worker.join(10)
