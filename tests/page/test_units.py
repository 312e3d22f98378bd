"""The page's own code, run by node: links, tables, descent, the limit on the engine."""

import subprocess
from pathlib import Path

import pytest

import environment
import page as builder

HERE = Path(__file__).resolve().parent


@pytest.mark.slow
def test_the_parts_that_need_no_browser(tools: Path) -> None:
    call = [environment.interpreter(tools), "-I", "-c", builder.CALL.format("node")]
    done = subprocess.run(
        [*call, str(HERE / "units.mjs"), str(builder.PAGE / "src")],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "pass 11" in done.stdout


@pytest.mark.slow
def test_its_types_fit(tools: Path) -> None:
    done = subprocess.run(
        [environment.sys.executable, str(builder.__file__), "--types"],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
