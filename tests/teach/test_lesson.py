"""``teach``: everything by one command, nothing overwritten, nothing half done."""

from __future__ import annotations

import importlib
import json
import os
import re
from pathlib import Path

import pytest
from costs import COSTS, IDS

import whygrad as wg
from whygrad.cli import main
from whygrad.core.errors import BudgetError, UsageError
from whygrad.teach.media import MEDIA


@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_all(text, tmp_path):
    pytest.importorskip("nbformat")
    written = wg.lesson("all", text, tmp_path / "lesson", height=90, fps=4)
    assert {p.suffix for p in written} >= {".html", ".svg", ".ipynb", ".md", ".xml", ".json", ".pdf", ".typ"}
    assert all(p.stat().st_size > 500 for p in written)
    index = (tmp_path / "lesson" / "index.html").read_text()
    links = re.findall(r'href="([^"#]+)"', index)
    assert {tmp_path / "lesson" / name for name in links} == {p for p in written if p.name != "index.html"}
    data = next(p for p in written if p.suffix == ".json")
    assert json.loads(data.read_text()) == json.loads(wg.render(wg.document(wg.derive(text)), "json"))


def test_what_all_leaves_out_is_said(tmp_path, monkeypatch, capsys):
    """A cost too large for paper has a lesson all the same, and the index says what it lacks and why."""
    pytest.importorskip("nbformat")
    import whygrad.teach.media as media

    def too_large(*_):
        raise BudgetError("error/too-large", "it is far too wide", fix="--lines brief")

    def absent(*_, **__):
        raise UsageError("error/missing-extra", "a video needs av", fix="pip install av")

    monkeypatch.setattr(media, "PAPERS", {"slides": too_large, "handout": media.PAPERS["handout"]})
    monkeypatch.setattr(media, "video", absent)
    assert main(["teach", "all", "logistic", "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    index = (tmp_path / "index.html").read_text()
    for text in (said, index):
        assert "Slides: it is far too wide. To have it: --lines brief" in text
        assert "Video: a video needs av. To have it: pip install av" in text
    assert "logistic-slides.pdf" not in index
    assert "logistic-handout.pdf" in index


def test_existing_files_are_kept(tmp_path, capsys):
    pytest.importorskip("nbformat")
    book = tmp_path / "a.ipynb"
    book.write_text("mine")
    assert main(["teach", "notebook", "logistic", "-o", str(book)]) == 2
    assert book.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert main(["teach", "notebook", "logistic", "-o", str(book), "--force"]) == 0
    assert book.read_text() != "mine"


def test_all_writes_nothing_when_one_file_exists(tmp_path):
    folder = tmp_path / "lesson"
    folder.mkdir()
    (folder / "index.html").write_text("mine")
    with pytest.raises(UsageError):
        wg.lesson("all", "logistic", folder)
    assert [p.name for p in folder.iterdir()] == ["index.html"]


@pytest.mark.parametrize("what", ["exercises", "notebook", "slides", "handout", "video", "all"])
def test_a_folder_that_cannot_be_written(what, tmp_path, capsys):
    """Nobody may make a folder in /proc, not even root, for whom other folders are open."""
    pytest.importorskip("nbformat")
    pytest.importorskip("av")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    for place in (Path("/proc/whygrad"), *([folder / "x"] if not os.access(folder, os.W_OK) else [])):
        if place.parent.exists():
            ends = {"all": "", "notebook": "a.ipynb", "exercises": "a.md", "video": "a.mp4"}
            out = place / ends.get(what, "a.pdf")
            assert main(["teach", what, "logistic", "-o", str(out), "--height", "60", "--fps", "2"]) == 2
            said = capsys.readouterr().err
            assert "another folder" in said or "a folder of yours" in said
            assert not place.exists()


def test_a_file_in_the_way_of_a_folder(tmp_path, capsys):
    (tmp_path / "x").write_text("")
    assert main(["teach", "exercises", "logistic", "-o", str(tmp_path / "x" / "a.md")]) == 2
    assert main(["teach", "all", "logistic", "-o", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("Fix:") == 2


def test_a_missing_extra(tmp_path, monkeypatch, capsys):
    load = importlib.import_module

    def missing(name, *rest):
        if name in ("nbformat", "typst"):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert main(["teach", "exercises", "logistic", "-o", str(tmp_path / "a.ipynb")]) == 2
    assert main(["circuit", "logistic", "-o", str(tmp_path / "a.png")]) == 2
    said = capsys.readouterr().err
    assert said.count('pip install "whygrad[teach]"') == 2
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_made(capsys):
    assert main(["teach", "opera", "logistic"]) == 2
    assert "notebook" in capsys.readouterr().err
    assert main(["teach", "exercises", "logistic", "-o", "sheet.docx"]) == 2
    assert ".pdf" in capsys.readouterr().err


def test_names_of_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert wg.lesson("exercises", "logistic") == (Path("logistic-exercises.md"),)
    assert wg.lesson("exercises", "logistic", "folder") == (Path("folder/logistic-exercises.md"),)
    assert wg.lesson("exercises", "logistic", "sheet.xml") == (Path("sheet.xml"),)
    assert len({m.file(_named()) for m in MEDIA}) == len(MEDIA)


def _named():
    from costs import lesson

    return lesson("logistic")


def test_circuit_on_the_command_line(tmp_path, capsysbinary):
    assert main(["circuit", "logistic", "--at", "w=2,b=1,x=0.5,y=1", "--steps"]) == 0
    svg = capsysbinary.readouterr().out
    assert svg.startswith(b"<svg")
    assert "−0.1192".encode() in svg
    out = tmp_path / "c.svg"
    assert main(["circuit", "logistic", "--parts", "-o", str(out)]) == 0
    assert main(["circuit", "logistic", "-o", str(out)]) == 2
    assert main(["circuit", "logistic", "-o", str(tmp_path / "c.bmp")]) == 2
    assert main(["circuit", "logistic", "-o", str(tmp_path / "no" / "c.svg")]) == 2
    assert main(["circuit", "logistic", "--at", "w=2"]) == 2
    assert b"no value for" in capsysbinary.readouterr().err
