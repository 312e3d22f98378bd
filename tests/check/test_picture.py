"""Pictures: read by a program that the user names, shown before they are judged."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from whygrad.cli import main
from whygrad.core.errors import UsageError
from whygrad.syntax.people.picture import LARGEST, PICTURES, read_picture

TEXT = r"\begin{align} L &= (y-w)^2 \\ &= w^2 - y^2 \end{align}"


def program(tmp_path: Path, body: str) -> str:
    """A program of the user's: Python that gets the picture as its argument."""
    file = tmp_path / "reads it.py"
    file.write_text(f"import sys, time\nfile = sys.argv[1]\n{body}\n", encoding="utf8")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(file))} {{file}}"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "my board; $(touch x).png"
    file.write_bytes(b"\x89PNG " + TEXT.encode())
    return file


def test_what_was_read_is_shown_and_then_judged(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reads = program(tmp_path, "sys.stdout.buffer.write(open(file, 'rb').read()[5:])")
    assert main(["check", str(picture), "--ocr", reads]) == 1
    out = capsys.readouterr().out
    assert out.index(TEXT) < out.index("WRONG")
    assert not (tmp_path / "x").exists()  # no shell ran
    assert main(["check", str(picture), "--ocr", reads, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["picture"] == TEXT


@pytest.mark.parametrize("ending", sorted(PICTURES))
def test_without_a_program_a_picture_is_refused_with_the_way_out(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"a{ending.upper()}"
    file.write_bytes(b"\xff\xd8")
    assert main(["check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "--ocr 'program {file}'" in said
    assert "error/ocr" in said


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit('no model')", "status 1: no model"),
        ("pass", "printed nothing"),
        (f"sys.stdout.write('x' * {LARGEST + 1})", "more than 64 kB"),
        ("while True: print('x' * 1000)", "more than 64 kB"),
        ("sys.stdout.buffer.write(bytes([255, 254, 0]))", "not UTF-8"),
        ("time.sleep(600)", "stopped after 0.5 seconds"),
    ],
)
def test_a_program_that_fails_is_named_with_its_place(
    body: str, reason: str, tmp_path: Path, picture: Path
) -> None:
    command = program(tmp_path, body)
    seconds = 0.5 if "sleep" in body else 60.0
    with pytest.raises(UsageError, match=reason) as caught:
        read_picture(str(picture), command, seconds=seconds)
    assert caught.value.id == "error/ocr"
    assert caught.value.span is not None
    assert caught.value.fix


@pytest.mark.parametrize(
    ("command", "reason", "place"),
    [
        ("no-such-program-here {file}", "cannot be started", "no-such-program-here"),
        ("'unclosed {file}", "cannot be read", "'unclosed {file}"),
        ("prog --in", "where the picture goes", " --in"),
        ("", "where the picture goes", ""),
    ],
)
def test_a_command_line_that_cannot_run(command: str, reason: str, place: str, picture: Path) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        read_picture(str(picture), command)
    span = caught.value.span
    assert span is not None
    assert command[span.start : span.end] == place


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="is no file"):
        read_picture("nowhere.png", "prog {file}")
