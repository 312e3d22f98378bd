"""How long the media of a lesson take, and the memory of the heaviest.

Every medium is made several times, each time from the text of the cost on (nothing is kept: the derivation
is made again), in a process that has the libraries loaded; medians of wall and processor time; then by the
command line, started anew. The video is made once, in a process of its own, whose peak memory is asked for.

Run: ``python benchmarks/teach.py --write`` (extras ``teach`` and ``video``); it writes
``benchmarks/teach.json`` and ``docs/benchmarks-teach.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import whygrad as wg
from whygrad.show.circuit import circuit_svg
from whygrad.teach.exercises import exercises
from whygrad.teach.lesson import Lesson
from whygrad.teach.notebook import notebook
from whygrad.teach.press import handout, slides

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "benchmarks-teach.md"
TYPED = "data x[i], t[i]\nparam a, c\nr[i] = a exp(-c x[i]) - t[i]\nJ = sum_i r[i]^2"
COSTS = {
    "logistic": "logistic",
    "logistic-l2": "logistic-l2",
    "softmax": "softmax",
    "network-sigmoid": "network-sigmoid",
    "typed in": TYPED,
    "transformer-block": "transformer-block",
}
BOUNDS_MS = {"circuit": 100, "notebook": 200, "slides": 1000}
MEDIA: dict[str, Callable[[Lesson], object]] = {
    "circuit": lambda lesson: circuit_svg(lesson.circuit, steps=True, words=lesson.words),
    "notebook": notebook,
    "slides": slides,
    "handout": handout,
    "exercises": lambda lesson: exercises(lesson, seed=0, level="normal", count=6),
}
VIDEO = """\
import sys, time
from pathlib import Path
import av
import whygrad as wg
began, used = time.monotonic(), time.process_time()
wg.lesson("video", "logistic", sys.argv[1], force=True)
wall, cpu = time.monotonic() - began, time.process_time() - used
with av.open(sys.argv[1]) as file:
    seconds = float(file.duration) / 1e6
    height = file.streams.video[0].height
status = Path("/proc/self/status").read_text().split("VmHWM:")[1]
peak = int(status.split()[0]) / 1024
print(wall, cpu, seconds, height, peak)
"""


def lesson_of(text: str) -> Lesson:
    """Everything from the text on is made again."""
    cost = wg.load_cost(text)
    return Lesson(cost, cost.source)


def timed(make: Callable[[Lesson], object], text: str, rounds: int) -> dict[str, float]:
    """Medians in milliseconds, the first round not counted."""
    wall, cpu = list[float](), list[float]()
    for _ in range(rounds + 1):
        began, used = time.perf_counter(), time.process_time()
        make(lesson_of(text))
        wall.append(1e3 * (time.perf_counter() - began))
        cpu.append(1e3 * (time.process_time() - used))
    return {"wall_ms": statistics.median(wall[1:]), "cpu_ms": statistics.median(cpu[1:])}


def from_the_shell(folder: str, rounds: int) -> dict[str, float]:
    """The command line, started anew: median wall time in milliseconds."""
    found: dict[str, float] = {}
    commands = {
        "circuit": ["circuit", "logistic", "-o", f"{folder}/c.svg", "--force"],
        "notebook": ["teach", "notebook", "logistic", "-o", f"{folder}/n.ipynb", "--force"],
        "slides": ["teach", "slides", "logistic", "-o", f"{folder}/s.pdf", "--force"],
    }
    for name, words in commands.items():
        spent = list[float]()
        for _ in range(rounds):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "whygrad", *words], check=True, capture_output=True)
            spent.append(1e3 * (time.perf_counter() - began))
        found[name] = statistics.median(spent)
    return found


def video(folder: str) -> dict[str, float]:
    """The whole film of the logistic cost at 720 lines."""
    done = subprocess.run(
        [sys.executable, "-c", VIDEO, f"{folder}/v.mp4"], check=True, capture_output=True, text=True
    )
    names = ("wall_s", "cpu_s", "film_s", "height", "peak_mb")
    return dict(zip(names, map(float, done.stdout.split()), strict=True))


def measured(rounds: int) -> dict[str, Any]:
    """All of it."""
    media = {
        name: {cost: timed(make, text, rounds) for cost, text in COSTS.items()}
        for name, make in MEDIA.items()
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # Asked for of Linux (VmHWM): what getrusage says of a child begins with its parent's.
    with tempfile.TemporaryDirectory() as folder:
        shell, film = from_the_shell(folder, rounds), video(folder)
    return {
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "rounds": rounds,
        "media": media,
        "peak_mb": peak,
        "shell_ms": shell,
        "video": film,
    }


def table(found: dict[str, Any]) -> str:
    """The figures as a page of the documentation."""
    film = found["video"]
    minute = 60 * film["wall_s"] / film["film_s"]
    lines = [
        "# Benchmarks of `teach` and `circuit`",
        "",
        f"Written by `python benchmarks/teach.py --write` on {found['machine']}, {found['cores']} cores "
        f"shared with other work (load {found['load']:.1f}). From the text of the cost to the bytes of the "
        f"medium, derivation included; medians of {found['rounds']} rounds, wall time in ms (processor time "
        "in brackets).",
        "",
        "| medium | " + " | ".join(COSTS) + " | bound |",
        "|---|" + "---|" * (len(COSTS) + 1),
    ]
    for name, row in found["media"].items():
        cells = [f"{one['wall_ms']:.0f} ({one['cpu_ms']:.0f})" for one in row.values()]
        lines.append(f"| {name} | {' | '.join(cells)} | {BOUNDS_MS.get(name, '')} |")
    shell = ", ".join(f"{name} {ms:.0f} ms" for name, ms in found["shell_ms"].items())
    lines += [
        "",
        f"From the shell, Python's start included, logistic: {shell}.",
        "",
        f"Video of `logistic`, {film['height']:.0f} lines, 30 frames a second: {film['film_s']:.0f} s of "
        f"film in {film['wall_s']:.0f} s ({film['cpu_s']:.0f} s of processor time), {minute:.0f} s for a "
        f"minute of film (bound: 60). Memory at most: video {film['peak_mb']:.0f} MB, all other media in one "
        f"process {found['peak_mb']:.0f} MB (bound: 1000).",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = measured(options.rounds)
    if options.write:
        (ROOT / "benchmarks" / "teach.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(table(found), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
