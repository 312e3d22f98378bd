"""`./whygrad` in a checkout that it has never seen; no network, as the checkout's package needs nothing."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = '[project]\nname = "whygrad"\nversion = "0"\ndependencies = []\n'
PROGRAM = "import os, sys\nprint(sys.argv[1:], os.getcwd())\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="a POSIX shell script; Windows has whygrad.cmd"),
]


def checkout(folder: Path) -> Path:
    """Lay out a checkout whose whygrad prints its arguments."""
    (folder / "src" / "whygrad").mkdir(parents=True)
    (folder / "src" / "whygrad" / "__init__.py").touch()
    (folder / "src" / "whygrad" / "__main__.py").write_text(PROGRAM)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "tools").mkdir()
    for name in ("whygrad", "tools/environment.sh", "tools/environment.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def start(script: Path | str, *words: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start the script without waiting for it."""
    return subprocess.Popen(
        [str(script), *words],
        cwd=cwd,
        env={**os.environ, "WHYGRAD_PYTHON": sys.executable, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(script: Path | str, *words: str, cwd: Path, **environment: str) -> tuple[str, str, int]:
    """Run the script to its end: what it printed, what it reported, its status."""
    process = start(script, *words, cwd=cwd, **environment)
    output, report = process.communicate(timeout=120)
    return output, report, process.returncode


def test_from_first_use_to_a_changed_dependency(tmp_path: Path) -> None:
    """One environment serves several questions, as making it takes seconds."""
    root = checkout(tmp_path / "a check out")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = root / ".whygrad" / "run"

    # A process that is killed while it builds leaves neither a lock nor half an environment.
    killed = start(root / "whygrad", cwd=elsewhere)
    while not list(root.glob(".whygrad/run.new-*")):
        assert killed.poll() is None
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not environment.exists()

    # Two at once: one builds, the other waits, both answer.
    two = [start(root / "whygrad", "a b", str(number), cwd=elsewhere) for number in range(2)]
    ends = [process.communicate(timeout=120) for process in two]
    assert [output for output, _ in ends] == [f"['a b', '{number}'] {elsewhere}\n" for number in range(2)]
    reports = "".join(report for _, report in ends)
    assert reports.count("(first use") == 1
    assert "waiting for another process" in reports
    assert [path.name for path in sorted((root / ".whygrad").iterdir())] == ["lock", "run"]

    # The second use says nothing, needs no other Python, and finds its checkout through symbolic links.
    link = elsewhere / "link"
    link.symlink_to("../elsewhere/relative link")
    (elsewhere / "relative link").symlink_to(root / "whygrad")
    assert run(link, "x", cwd=root, WHYGRAD_PYTHON="false") == (f"['x'] {root}\n", "", 0)
    assert run("./whygrad", "x", cwd=root)[0] == f"['x'] {root}\n"
    assert run("sh", "whygrad", "x", cwd=root)[0] == f"['x'] {root}\n"

    # A file of the user's cannot stand in for a module.
    (elsewhere / "os.py").write_text("raise SystemExit('wrong os')")
    assert run(root / "whygrad", cwd=elsewhere)[2] == 0

    # A checkout that was moved still works; what does not bear on the environment does not renew it.
    moved = root.rename(tmp_path / "moved")
    (moved / "pyproject.toml").write_text(PYPROJECT + "[tool.other]\n")
    assert run(moved / "whygrad", "x", cwd=elsewhere) == (f"['x'] {elsewhere}\n", "", 0)

    # The same environment is not good enough for other dependencies; one that fails leaves the old one alone.
    (moved / "pyproject.toml").write_text(PYPROJECT.replace("[]", '["whygrad-no-such-package"]', 1))
    output, report, status = run(moved / "whygrad", cwd=elsewhere, PIP_NO_INDEX="1")
    assert (output, status) == ("", 2)
    assert "installing whygrad-no-such-package failed" in report
    assert "Fix: pip must reach a package index" in report
    (moved / "pyproject.toml").write_text(PYPROJECT)
    assert run(moved / "whygrad", "x", cwd=elsewhere) == (f"['x'] {elsewhere}\n", "", 0)


def test_extras_are_added_once_and_kept(tmp_path: Path) -> None:
    """An extra is installed on demand, survives a new environment, and a failure leaves all as it was."""
    root = checkout(tmp_path / "c")
    extras = '[project.optional-dependencies]\nnone = []\nodd = ["whygrad-no-such-package"]\n'
    (root / "pyproject.toml").write_text(PYPROJECT + extras)
    assert run(root / "whygrad", cwd=tmp_path)[2] == 0
    python, tool = root / ".whygrad" / "run" / "bin" / "python", str(root / "tools" / "environment.py")

    output, report, status = run(python, tool, "add", "odd", cwd=tmp_path, PIP_NO_INDEX="1")
    assert (output, status) == ("", 2)
    assert "Fix: pip must reach a package index" in report
    output, report, status = run(python, tool, "add", "evn", cwd=tmp_path)
    assert (output, status) == ("", 2)
    assert "Fix: one of none, odd" in report
    assert not (root / ".whygrad" / "extras.json").exists()

    (root / "pyproject.toml").write_text(PYPROJECT + extras.replace('"whygrad-no-such-package"', ""))
    for _ in range(2):
        assert run(python, tool, "add", "odd", cwd=tmp_path)[2] == 0
    assert (root / ".whygrad" / "extras.json").read_text() == '["odd"]\n'
    assert run(root / "whygrad", "x", cwd=tmp_path) == (f"['x'] {tmp_path}\n", "", 0)

    # The extra's requirements are now the environment's: when they change, it is made again with them.
    (root / "pyproject.toml").write_text(PYPROJECT + extras)
    output, report, status = run(root / "whygrad", cwd=tmp_path, PIP_NO_INDEX="1")
    assert (output, status) == ("", 2)
    assert "installing whygrad-no-such-package failed" in report


NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}


def python_of_nobody() -> str | None:
    """Find a Python that a user without rights can run and make environments with."""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            probe = [python, "-c", "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(probe, cwd="/", capture_output=True, check=False, **NOBODY).returncode == 0:
                return python
    return None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become nobody")
def test_a_checkout_that_cannot_be_written() -> None:
    python = python_of_nobody()
    if python is None:
        pytest.skip("no Python that a user without rights can run")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        root = checkout(folder / "check out")
        cache = folder / "cache"
        cache.mkdir()
        os.chown(cache, 65534, 65534)
        for attempt in range(2):
            done = subprocess.run(
                [str(root / "whygrad"), "x"],
                cwd=cache,
                env={"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache), "WHYGRAD_PYTHON": python},
                capture_output=True,
                text=True,
                check=False,
                **NOBODY,
            )
            assert done.stdout == f"['x'] {cache}\n", done.stderr
            assert done.stderr.count("(first use") == (attempt == 0)
        assert not (root / ".whygrad").exists()


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("old", "no Python 3.11 or newer was found on PATH"),
        ("no venv", "apt install python3.11-venv"),
    ],
)
def test_advice_when_there_is_no_usable_python(tmp_path: Path, answer: str, advice: str) -> None:
    root = checkout(tmp_path / "checkout")
    programs = tmp_path / "bin"
    programs.mkdir()
    python = programs / "python3"
    python.write_text(f'#!/bin/sh\ncase $2 in *ensurepip*) echo "{answer}" ;; *) echo 3.11 ;; esac\n')
    python.chmod(0o755)
    for name in ("sh", "cat", "cmp"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    _, report, status = run(root / "whygrad", cwd=tmp_path, PATH=str(programs), WHYGRAD_PYTHON="")
    assert status == 2
    assert advice in report
    assert "Fix" in report
