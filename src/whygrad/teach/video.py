"""The video: every shot encoded once, then joined without encoding again.

A broken-off run goes on where it was: shots are kept beside the file until it is whole, each under a digest
of everything its frames depend on. The picture is VP9 (or AV1) in MP4, royalty-free and encoded by libraries
under BSD licences; H.264, by a library under the GPL, only on request (docs/decisions/0007-video.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final, Literal

from whygrad.core.errors import UsageError
from whygrad.teach.files import library, refuse_existing, write
from whygrad.teach.film import Film, Look, Shot
from whygrad.teach.lesson import Lesson
from whygrad.teach.masks import Canvas
from whygrad.teach.press import Wish, told

Codec = Literal["vp9", "av1", "h264"]
Progress = Callable[[int, int], None]
"""Told how many frames of how many are done."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """How a codec is asked for: the library's name in FFmpeg, its options, its licence."""

    name: str
    options: dict[str, str]
    licence: str


ENCODERS: Final[dict[str, Encoder]] = {
    "vp9": Encoder(
        "libvpx-vp9",
        {"deadline": "realtime", "cpu-used": "7", "crf": "24", "b": "0", "lag-in-frames": "0"},
        "BSD-3-Clause",
    ),
    "av1": Encoder("libsvtav1", {"preset": "11", "crf": "30"}, "BSD-3-Clause-Clear"),
    "h264": Encoder("libx264", {"preset": "fast", "crf": "18", "bf": "0"}, "GPL-2.0-or-later"),
}
_VERSION: Final = 1
"""Rises when the same digest should give other pictures."""
_WORKERS: Final = 2
_BT709: Final = 1
_VIDEO_RANGE: Final = 1
"""What players take colours of this size for (ITU-T H.273, tables 2 to 4)."""
_FOLDER: Final = "{name}.parts"


class StoppedError(Exception):
    """Another shot failed, so this one need not be finished."""


def video(
    lesson: Lesson,
    out: Path | None = None,
    wish: Wish | None = None,
    *,
    look: Look | None = None,
    codec: Codec = "vp9",
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Make the video of a lesson, with subtitles beside it.

    Parameters
    ----------
    lesson
        What it is about.
    out
        A file that ends in ``.mp4``, or a folder.
    wish
        Which parameter, which route, whose symbols.
    look
        Size and frames a second.
    codec
        ``"vp9"``, ``"av1"`` or ``"h264"``.
    force
        Whether an existing file is replaced.
    progress
        Told how many frames are done.

    Returns
    -------
    The MP4 and the ``.srt``.

    Raises
    ------
    UsageError
        If a file exists and ``force`` is off, the ending is another, or PyAV is missing.
    """
    path = _path(lesson, out)
    subtitles = path.with_suffix(".srt")
    for one in (path, subtitles):
        refuse_existing(one, force)
    av: Any = library("av", "a video")
    look = look or Look()
    shots = shots_of(lesson, wish or Wish(), look)
    folder = path.with_name(_FOLDER.format(name=path.name))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            "error/no-file", f"{folder} cannot be made: {error.strerror}", fix="another folder: -o ~/lesson/"
        ) from error
    parts = _encoded(av, shots, look, ENCODERS[codec], folder, progress)
    whole = folder / "whole.mp4"
    _joined(av, parts, shots, look, whole, lesson.title)
    whole.replace(path)
    write(subtitles, srt(shots, look), force=True)
    for part in folder.iterdir():
        part.unlink()
    folder.rmdir()
    return path, subtitles


def shots_of(lesson: Lesson, wish: Wish, look: Look) -> list[Shot]:
    """What is seen, in order; nothing is drawn yet."""
    it = told(lesson, wish)
    return Film(it.story, lesson.words, look, it.circuit, wish.draft).shots()


def _path(lesson: Lesson, out: Path | None) -> Path:
    usual = f"{lesson.name}-video.mp4"
    path = Path(usual) if out is None else out
    if path.is_dir() or not path.suffix:
        path = path / usual
    if path.suffix != ".mp4":
        raise UsageError(
            "error/usage",
            f"a video cannot be written as {path.suffix}",
            fix="a file that ends in .mp4, or a folder",
        )
    return path


def frames_of(shot: Shot, look: Look) -> int:
    """How many frames a shot has."""
    return round(shot.seconds * look.fps)


# --- encoding -------------------------------------------------------------------------------------


def _encoded(
    av: Any, shots: Sequence[Shot], look: Look, encoder: Encoder, folder: Path, progress: Progress | None
) -> list[Path]:
    """Every shot as a file; those that are there already are kept."""
    total = sum(frames_of(shot, look) for shot in shots)
    done, lock, stop = [0], Lock(), Event()

    def count(frames: int) -> None:
        if stop.is_set():
            raise StoppedError
        with lock:
            done[0] += frames
            if progress is not None:
                progress(done[0], total)

    def part(shot: Shot) -> Path:
        name = f"{shot.key}-{look.height}-{look.fps}-{encoder.name}-{_VERSION}.mp4"
        made = folder / name
        if made.exists():
            count(frames_of(shot, look))
            return made
        beside = made.with_suffix(".part")
        _encode(av, shot, look, encoder, beside, count)
        beside.replace(made)
        return made

    with ThreadPoolExecutor(_WORKERS) as pool:
        jobs = [pool.submit(part, shot) for shot in shots]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
            failed = [e for job in jobs if job.done() and (e := job.exception()) is not None]
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
        for error in sorted(failed, key=lambda e: isinstance(e, StoppedError)):
            raise error
    return [job.result() for job in jobs]


def _encode(
    av: Any, shot: Shot, look: Look, encoder: Encoder, path: Path, count: Callable[[int], None]
) -> None:
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream(encoder.name, rate=look.fps, options=dict(encoder.options))
        stream.width, stream.height, stream.pix_fmt = look.width, look.height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _VIDEO_RANGE
        number = 0
        for canvas, times in _exactly(shot.frames(frames_of(shot, look)), frames_of(shot, look)):
            picture = av.VideoFrame.from_ndarray(canvas, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=_BT709
            )
            for _ in range(times):
                picture.pts = number
                picture.time_base = Fraction(1, look.fps)
                number += 1
                for packet in stream.encode(picture):
                    file.mux(packet)
            count(times)
        for packet in stream.encode():
            file.mux(packet)


def _exactly(frames: Iterator[tuple[Canvas, int]], count: int) -> Iterator[tuple[Canvas, int]]:
    """As many frames as were promised: with few a second, fades alone can come to more."""
    left = count
    last: Canvas | None = None
    for canvas, times in frames:
        shown = min(max(times, 0), left)
        if shown:
            yield canvas, shown
            last = canvas
        left -= shown
    if left and last is not None:
        yield last, left


def _joined(
    av: Any, parts: Sequence[Path], shots: Sequence[Shot], look: Look, path: Path, title: str
) -> None:
    """The shots one after another, with chapters; nothing is encoded again."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        file.metadata["title"] = title
        file.set_chapters(list(_chapters(shots, look)))
        stream: Any = None
        start = 0
        for part, shot in zip(parts, shots, strict=True):
            with av.open(str(part)) as source:
                taken = source.streams.video[0]
                if stream is None:
                    stream = _like(file, taken, look)
                for packet in source.demux(taken):
                    if packet.dts is None:
                        continue
                    shift = round(Fraction(start, look.fps) / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    file.mux(packet)
            start += frames_of(shot, look)


def _like(file: Any, taken: Any, look: Look) -> Any:
    """A stream of the same kind; a template will not do where FFmpeg decodes with another library."""
    if taken.codec_context.name in ("vp9", "h264"):
        return file.add_stream_from_template(taken)
    return file.add_mux_stream("av1", rate=look.fps, width=look.width, height=look.height)


def _starts(shots: Sequence[Shot], look: Look) -> Iterator[tuple[Shot, int, int]]:
    """Each shot with its first frame and the one after its last."""
    at = 0
    for shot in shots:
        end = at + frames_of(shot, look)
        yield shot, at, end
        at = end


def _chapters(shots: Sequence[Shot], look: Look) -> Iterator[dict[str, Any]]:
    grouped = groupby(_starts(shots, look), key=lambda entry: entry[0].chapter)
    for number, (chapter, entries) in enumerate(grouped):
        inside = list(entries)
        yield {
            "id": number,
            "start": inside[0][1],
            "end": inside[-1][2],
            "time_base": Fraction(1, look.fps),
            "metadata": {"title": chapter},
        }


# --- subtitles ------------------------------------------------------------------------------------


def srt(shots: Sequence[Shot], look: Look) -> str:
    """The captions as SubRip subtitles."""
    out: list[str] = []
    for shot, start, end in _starts(shots, look):
        if shot.caption.text:
            times = f"{_clock(start / look.fps)} --> {_clock(end / look.fps)}"
            out.append(f"{len(out) + 1}\n{times}\n{shot.caption.text}\n")
    return "\n".join(out)


def _clock(seconds: float) -> str:
    """Hours, minutes, seconds as SubRip writes them.

    >>> _clock(3723.5)
    '01:02:03,500'
    """
    milliseconds = round(1000 * seconds)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
