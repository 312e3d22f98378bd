"""The command line's manners: arguments, streams, exit statuses. The verbs have tests of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from whygrad import __version__
from whygrad.cli import VERBS, pairs, spread
from whygrad.core.error_pages import ERRORS
from whygrad.core.errors import UsageError


def run(*words: str, stdin: bytes = b"", **environment: str) -> tuple[int, str, str]:
    """Run a command, piped: its status, what it printed, what it reported."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "whygrad", *words],
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=60,
    )
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--bind x=age,bmi y=outcome COST", "--bind x=age,bmi --bind y=outcome COST"),
        ("--set lambda=1 mu=2 logistic", "--set lambda=1 --set mu=2 logistic"),
        ("--set lambda=1 --data f a=b", "--set lambda=1 --data f a=b"),
        ("COST --set lambda=1", "COST --set lambda=1"),
    ],
)
def test_options_with_several_values(given: str, meant: str) -> None:
    assert list(spread(given.split())) == meant.split()


def test_a_cost_after_an_option_with_values_stays_a_cost() -> None:
    words = ["--set", "lambda=1", "J = (w - 1)^2"]
    assert list(spread(words)) == words


@pytest.mark.parametrize(
    ("words", "option", "meaning"),
    [
        (["w=2,b=-1, x=0.5"], "--at", {"w": "2", "b": "-1", "x": "0.5"}),
        (["w=[2, 3],b=1"], "--at", {"w": "[2, 3]", "b": "1"}),
        (["X=[[1,2],[3,4]],y=[0,1]"], "--at", {"X": "[[1,2],[3,4]]", "y": "[0,1]"}),
        (["x=age,bmi", "y=the outcome"], "--bind", {"x": "age,bmi", "y": "the outcome"}),
        (["w_1=1e-3"], "--at", {"w_1": "1e-3"}),
        ([], "--set", {}),
    ],
)
def test_pairs(words: Sequence[str], option: str, meaning: dict[str, str]) -> None:
    assert pairs(words, option) == meaning


@pytest.mark.parametrize("word", ["3", "w=", "=3", "w=1,,b=2", "w=1,w=2"])
def test_pairs_that_are_none_are_refused(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        pairs([word], "--at")
    assert "--at" in str(caught.value)
    assert "Fix: " in str(caught.value)


def test_version_and_help_need_no_verb() -> None:
    assert run("--version") == (0, f"whygrad {__version__}\n", "")
    assert run()[0] == 0
    status, output, _ = run("--help")
    assert status == 0
    for verb in VERBS:
        assert verb.name in output
        assert run(verb.name, "--help")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["derve", "logistic"],
        ["derive"],
        ["derive", "logistic", "--route", "bus"],
        ["derive", "logistic", "--order", "two"],
        ["derive", "logistic", "--at", "3"],
        ["derive", "logistic", "--unknown"],
        ["derive", "logistic", "linear"],
        ["derive", "logistic", "--rou", "chain"],
        ["derive", ""],
        ["derive", "--"],
        ["fit", "logistic"],
        ["predict"],
        ["why"],
        ["gallery", "no-such-cost"],
        ["why", "derivative/no-such-rule"],
        ["--unknown"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_refused_with_a_way_out(words: list[str]) -> None:
    status, output, report = run(*words)
    assert (status, output) == (2, "")
    assert "Fix: " in report
    assert report.splitlines()[-1].removeprefix("  More: whygrad why ") in ERRORS
    assert "Traceback" not in report


@pytest.mark.parametrize("stdin", [b"\xff\xfe", b"x" * 70_000, b"", b"\x00"])
def test_standard_input_that_is_no_cost(stdin: bytes) -> None:
    status, output, report = run("derive", "-", stdin=stdin)
    assert (status, output) == (2, "")
    assert "Fix: " in report


def test_a_cost_from_standard_input() -> None:
    status, output, _ = run("derive", "-", stdin=b"\xef\xbb\xbfparam w\r\nJ = (w - 1)^2\r\n")
    assert status == 0
    assert "w" in output


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
def test_output_is_utf8_in_any_locale(locale: dict[str, str]) -> None:
    status, output, report = run("derive", "logistic", **locale)
    assert (status, report) == (0, "")
    assert "Σ" in output


def test_an_undecodable_argument_is_echoed() -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"whygrad", b"derive", b"\xff"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"internal" not in done.stderr


def test_an_error_of_ours_is_one_line_unless_asked(tmp_path: Path) -> None:
    code = (
        "import sys\nimport whygrad.api as api\nfrom whygrad.cli import main\n"
        "def broken(*_, **__):\n    raise RuntimeError('oh')\n"
        "api.gallery = broken\nsys.exit(main(['gallery']))\n"
    )
    for debug, lines in (("", 1), ("1", None)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, "WHYGRAD_DEBUG": debug},
        )
        if lines:
            assert done.returncode == 3
            assert len(done.stderr.splitlines()) == lines
            assert "RuntimeError: oh" in done.stderr
        else:
            assert "Traceback" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="no such pipes and signals on Windows")
def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "whygrad", "gallery"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="no such pipes and signals on Windows")
def test_an_interrupt_is_quiet() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "whygrad", "derive", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, report = process.communicate(timeout=10)
    assert (process.returncode, output, report) == (130, b"", b"")


# Processor time, best of several: other programs may share the machine.


@pytest.mark.speed
def test_the_command_line_answers_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    run("derive", "logistic")
    times: list[float] = []
    for _ in range(5):
        before = os.times()
        assert run("derive", "logistic")[0] == 0
        after = os.times()
        times.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert min(times) < 0.3


@pytest.mark.speed
def test_the_package_imports_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    code = "import time; t = time.process_time(); import whygrad; print(time.process_time() - t)"
    best = min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(5)
    )
    assert best < 0.08
