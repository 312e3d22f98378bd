"""The video: right length, something to see, the same steps, time to read; resumable."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pytest
from costs import COSTS, IDS, lesson
from papers import steps_of

from whygrad.cli import main
from whygrad.core.errors import BudgetError, UsageError
from whygrad.core.walk import at
from whygrad.show.layout import layout
from whygrad.teach.film import Board, Film, Look
from whygrad.teach.matching import moves
from whygrad.teach.press import Wish, told
from whygrad.teach.terms import FIXED, terms
from whygrad.teach.video import ENCODERS, shots_of, srt, video

av = pytest.importorskip("av")
pytest.importorskip("typst")
SMALL = Look(height=120, fps=5)


@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_the_steps_are_those_of_the_derivation(text):
    ids = [shot.id for shot in shots_of(lesson(text), Wish(), SMALL)]
    expected = [row for row, _, _ in steps_of(text)]
    assert [row for row in ids if row in expected] == expected


def test_length_of_the_logistic_film():
    seconds = sum(shot.seconds for shot in shots_of(lesson("logistic"), Wish(), Look()))
    assert 60 <= seconds <= 120


@pytest.mark.parametrize("text", COSTS, ids=IDS)
def test_captions_can_be_read(text):
    """At most 20 letters a second, the fastest that guidelines for subtitles allow; ours is slower."""
    shots = shots_of(lesson(text), Wish(), Look())
    for shot in shots:
        if shot.caption.text:
            assert shot.seconds >= len(shot.caption.text) / 20
            assert shot.seconds >= shot.caption.needs_s
    stamps = re.findall(r"(\d+):(\d+):(\d+),(\d+)", srt(shots, Look()))
    times = [int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in stamps]
    assert times == sorted(times)
    assert times[-1] <= sum(shot.seconds for shot in shots) + 0.1


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "w.mp4"
    seen: list[tuple[int, int]] = []
    video(lesson("logistic"), path, Wish(wrt="w"), look=SMALL, progress=lambda *now: seen.append(now))
    return path, seen


def test_decoded(film):
    path, seen = film
    shots = shots_of(lesson("logistic"), Wish(wrt="w"), SMALL)
    frames = [round(shot.seconds * SMALL.fps) for shot in shots]
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.height) == (SMALL.width, SMALL.height)
        chapters = file.chapters()
        times, inks = [], []
        for frame in file.decode(stream):
            times.append(frame.time)
            pixels = frame.to_ndarray(format="gray")
            inks.append(int(np.count_nonzero(pixels < 215)))
    assert len(times) == sum(frames)
    assert times == pytest.approx([k / SMALL.fps for k in range(len(times))], abs=1e-3)
    start = 0
    for count in frames:
        assert max(inks[start : start + count]) > 30, "nothing to be seen"
        start += count
    assert [c["metadata"]["title"] for c in chapters][:2] == ["Logistic regression", "The cost"]
    assert all(a["end"] == b["start"] for a, b in pairwise(chapters))
    assert seen[-1][0] == seen[-1][1] == sum(frames)
    assert path.with_suffix(".srt").read_text().startswith("1\n00:00:")
    assert not path.with_name("w.mp4.parts").exists()


@pytest.mark.slow
def test_goes_on_where_it_broke_off(tmp_path):
    path = tmp_path / "a.mp4"
    look = Look(height=60, fps=3)

    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        video(lesson("logistic"), path, Wish(wrt="b"), look=look, progress=stop)
    assert not path.exists()
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("a.mp4.parts/*.mp4")}
    assert kept
    done: list[int] = []
    video(lesson("logistic"), path, Wish(wrt="b"), look=look, progress=lambda now, _: done.append(now))
    assert path.stat().st_size > 1000
    assert not list(tmp_path.glob("*.parts"))


@pytest.mark.slow
@pytest.mark.parametrize("codec", ENCODERS)
def test_encoders(codec, tmp_path):
    path = tmp_path / "a.mp4"
    typed = "param w\nJ = (w - 3)^2"
    video(lesson(typed), path, look=Look(height=90, fps=2), codec=codec)
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) > 10


def test_terms_move_as_the_derivation_says():
    """Every term that flies has the same letters where it leaves and where it arrives."""
    it = told(lesson("logistic"), Wish(wrt="w"))
    film = Film(it.story, lesson("logistic").words, SMALL)
    flown = 0
    for scene in it.story.scenes():
        lines = [line for line in scene.lines if not line.is_matrix]
        board = Board(film, scene.id, "[]", lines, scene.given)
        _title, placed = board._placed
        shift = 1 if scene.given is not None else 0
        for k, moved in enumerate(board._moves):
            before = placed[k - 1 + shift] if k - 1 + shift >= 0 else None
            for move in moved:
                assert before is not None
                sources, targets = before.of(1, move.before), placed[k + shift].of(0, move.after)
                assert bool(sources) == bool(targets)
                flown += bool(targets)
    assert flown > 8


def test_terms_take_every_letter_once():
    it = told(lesson("logistic"), Wish(wrt="w"))

    def lay(e, marks):
        return layout(e, it.story.scope, marks=marks)

    for scene in it.story.scenes():
        for before, after in zip(scene.lines, scene.lines[1:], strict=False):
            found = moves(before.right, after.right)
            made = terms(after.right, lay, 40, arriving=[m.after for m in found])
            assert {key[0] for key in made.keys} - {None} == {m.after for m in found}
            assert all(at(before.right, m.before) is at(after.right, m.after) for m in found)
            numbers = {int(n) for n in re.findall(r"tag\(#(\d+)", made.code)}
            assert numbers == {1, *range(FIXED, FIXED + len(made.keys))}


def test_refusals(tmp_path, capsys, monkeypatch):
    path = tmp_path / "a.mp4"
    path.write_text("mine")
    assert main(["teach", "video", "logistic", "-o", str(path)]) == 2
    assert path.read_text() == "mine"
    with pytest.raises(UsageError):
        video(lesson("logistic"), tmp_path / "a.avi")
    with pytest.raises(BudgetError):
        shots_of(
            lesson(f"data x\nparam w\nJ = {' + '.join(f'exp({k} w x)' for k in range(2, 90))}"), Wish(), SMALL
        )
    import importlib

    load = importlib.import_module

    def missing(name, *rest):
        if name == "av":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert main(["teach", "video", "logistic", "-o", str(tmp_path / "b.mp4")]) == 2
    assert 'pip install "whygrad[video]"' in capsys.readouterr().err


def test_same_results_as_json():
    it = told(lesson("logistic"), Wish())
    assert [part.result.right for part in it.story.parts] == [p.result for p in it.derivation.parameters]
    assert json.dumps([line[0] for line in steps_of("logistic")])
