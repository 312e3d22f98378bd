"""What is written as LaTeX goes through TeX, and nothing runs over a margin."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from costs import COSTS, IDS, lesson

import whygrad as wg
from whygrad import costs
from whygrad.core.errors import BudgetError
from whygrad.teach.press import slides

SLACK_PT = 1.0


def compiled(source: str, folder, needs: str) -> tuple[int, str]:
    """How many pages TeX makes of it, and what it says."""
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("no TeX: pdflatex is not installed (Debian: texlive-latex-recommended)")
    found = subprocess.run(["kpsewhich", needs], capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"no TeX: {needs} is not installed (Debian: texlive-latex-recommended)")
    path = folder / "paper.tex"
    path.write_text(source, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", path.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    said = (folder / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, "\n".join(re.findall(r"^!.*(?:\n.*){4}", said, re.M))
    return int(re.search(r"Output written on paper\.pdf \((\d+) page", said.replace("\n", ""))[1]), said


def overfull(said: str) -> list[str]:
    found = re.findall(r"Overfull \\[hv]box \(([\d.]+)pt.*", said)
    return [points for points in found if float(points) > SLACK_PT]


@pytest.mark.slow
@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_beamer(text, tmp_path):
    source = slides(lesson(text))[".tex"]
    pages, said = compiled(source, tmp_path, "beamer.cls")
    assert pages >= source.count("\\begin{frame}") - 1, "the circuit's frame waits for its picture"
    assert not overfull(said)


@pytest.mark.slow
def test_beamer_in_own_symbols(tmp_path):
    _, said = compiled(
        slides(replace(lesson("logistic-l2"), notation="theta,h,superscript"))[".tex"], tmp_path, "beamer.cls"
    )
    assert not overfull(said)


@pytest.mark.slow
@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_derivation(text, tmp_path):
    _, said = compiled(wg.render(wg.document(wg.derive(text)), "latex"), tmp_path, "amsmath.sty")
    assert not overfull(said)


@pytest.mark.long
@pytest.mark.parametrize("name", costs.names())
def test_the_whole_gallery(name, tmp_path):
    _, said = compiled(wg.render(wg.document(wg.derive(name)), "latex"), tmp_path, "amsmath.sty")
    assert not overfull(said)
    try:
        source = slides(lesson(name))[".tex"]
    except BudgetError:
        return
    _, said = compiled(source, tmp_path, "beamer.cls")
    assert not overfull(said)
