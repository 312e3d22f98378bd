"""The media of a lesson: a row each, and the one command that makes them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from whygrad import __version__
from whygrad.core.errors import BudgetError, UsageError
from whygrad.show.circuit import circuit_svg
from whygrad.show.html import to_html
from whygrad.show.page_style import STYLE_SHEET
from whygrad.teach.exercises import exercises
from whygrad.teach.files import refuse_existing, write
from whygrad.teach.film import Look
from whygrad.teach.lesson import Lesson
from whygrad.teach.notebook import notebook
from whygrad.teach.press import PAPERS, SOURCES, Wish, handout, press, slides
from whygrad.teach.sheet import FORMS, sheet_markdown, sheet_moodle, sheet_notebook, sheet_pdf
from whygrad.teach.video import Codec, Progress, video


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be asked of a medium."""

    seed: int = 0
    level: str = "normal"
    count: int = 6
    wheel: str = ""
    wish: Wish = field(default_factory=Wish)
    """Of slides, handout and video."""
    look: Look = field(default_factory=Look)
    codec: Codec = "vp9"
    note: Callable[[str], object] = lambda _: None
    """Told what ``all`` leaves out, and why."""
    progress: Progress | None = None
    """Of the video: size and speed, encoding, who is told how far it is."""


@dataclass(frozen=True, slots=True)
class Medium:
    """One thing that ``teach`` makes: its name, the endings of its file, the key of its title."""

    name: str
    suffixes: tuple[str, ...]
    title: str
    make: Callable[[Lesson, Options, str], str | bytes]
    """The content, for an ending."""
    verb: bool = True
    """Whether it can be asked for by itself; otherwise it comes with ``all``."""

    def file(self, lesson: Lesson) -> str:
        """The usual name of its file."""
        return f"{lesson.name}-{self.name}{self.suffixes[0]}"


def _exercises(lesson: Lesson, options: Options, suffix: str) -> str | bytes:
    found = exercises(lesson, seed=options.seed, level=options.level, count=options.count)
    forms: dict[str, Callable[..., str | bytes]] = dict(
        zip(FORMS, (sheet_markdown, sheet_notebook, sheet_pdf, sheet_moodle), strict=True)
    )
    return forms[suffix](lesson, found, seed=options.seed, level=options.level)


MEDIA: Final[tuple[Medium, ...]] = (
    Medium("derivation", (".html",), "lesson derivation", lambda lesson, _, __: to_html(lesson.document),
           verb=False),
    Medium("circuit", (".svg",), "lesson circuit",
           lambda lesson, _, __: circuit_svg(lesson.drawn, steps=True, words=lesson.words), verb=False),
    Medium("notebook", (".ipynb",), "lesson notebook",
           lambda lesson, options, _: notebook(lesson, wheel=options.wheel)),
    Medium("exercises", FORMS, "lesson exercises", _exercises),
    Medium("moodle", (".xml",), "lesson moodle", _exercises, verb=False),
    Medium("slides", (".pdf",), "lesson slides",
           lambda lesson, options, _: slides(lesson, options.wish)[".pdf"], verb=False),
    Medium("handout", (".pdf",), "lesson handout",
           lambda lesson, options, _: handout(lesson, options.wish)[".pdf"], verb=False),
    Medium("data", (".json",), "lesson data",
           lambda lesson, _, __: json.dumps(lesson.data, ensure_ascii=False),
           verb=False),
)  # fmt: skip
"""A further medium is a further row."""

VERBS: Final[tuple[str, ...]] = (*(m.name for m in MEDIA if m.verb), *PAPERS, "video", "all")


def teach(
    what: str, lesson: Lesson, out: Path | None, options: Options, *, force: bool = False
) -> tuple[Path, ...]:
    """Make one medium, or all with an index page.

    Parameters
    ----------
    what
        One of ``VERBS``.
    lesson
        What it is about.
    out
        A file, or a folder; for ``"all"`` a folder. Without it, a file of the usual name here.

    Returns
    -------
    What was written.

    Raises
    ------
    UsageError
        If a file exists and ``force`` is off, the folder cannot be written, the ending is unknown, or a
        library is missing.
    """
    if what == "all":
        return _all(lesson, out or Path(f"{lesson.name}-lesson"), options, force)
    if what in PAPERS:
        return press(what, lesson, out, options.wish, force=force)
    if what == "video":
        return _video(lesson, out, options, force)
    medium = next((m for m in MEDIA if m.verb and m.name == what), None)
    if medium is None:
        raise UsageError(
            "error/usage", f"there is nothing called {what!r} to make", fix=f"one of {', '.join(VERBS)}"
        )
    path = Path(medium.file(lesson)) if out is None else out
    if path.is_dir() or (out is not None and not path.suffix):
        path = path / medium.file(lesson)
    if path.suffix not in medium.suffixes:
        raise UsageError(
            "error/usage",
            f"{what} cannot be written as {path.suffix or path.name}",
            fix=f"a file that ends in {' or '.join(medium.suffixes)}",
        )
    refuse_existing(path, force)
    return (write(path, medium.make(lesson, options, path.suffix), force=force),)


def _all(lesson: Lesson, folder: Path, options: Options, force: bool) -> tuple[Path, ...]:
    """Every medium into one folder; nothing is written before all of it but the video is made.

    A cost too large for a slide can have a notebook: what it is too large for is left out, and said, with
    what to do (asked for alone, it is refused).
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("error/exists", f"{folder} is a file", fix="name a folder: -o lesson/")
    index, film = folder / "index.html", folder / f"{lesson.name}-video.mp4"
    paths = {medium: folder / medium.file(lesson) for medium in MEDIA}
    beside = [
        paths[m].with_suffix(suffix) for m in MEDIA if m.name in PAPERS for suffix in (*SOURCES, ".pdfpc")
    ]
    for path in (*paths.values(), *beside, index, film, film.with_suffix(".srt")):
        refuse_existing(path, force)
    words = lesson.words
    made: dict[Path, str | bytes] = {}
    files: dict[str, str] = {}
    missing: dict[str, BudgetError | UsageError] = {}
    for medium, path in paths.items():
        try:
            if medium.name in PAPERS:
                papers = PAPERS[medium.name](lesson, options.wish, _sources(path))
                made |= {path.with_suffix(suffix): content for suffix, content in papers.items()}
            else:
                made[path] = medium.make(lesson, options, path.suffix)
        except BudgetError as error:
            missing[words[medium.title]] = error
        else:
            files[path.name] = words[medium.title]
    files |= {path.name: words[f"lesson {path.suffix}"] for path in made if path.name not in files}
    written = [write(path, content, force=True) for path, content in made.items()]
    try:
        written += _video(lesson, film, options, force)
        files |= {film.name: words["lesson video"], film.with_suffix(".srt").name: words["lesson subtitles"]}
    except (BudgetError, UsageError) as error:
        if error.id not in ("error/too-large", "error/missing-extra"):
            raise
        missing[words["lesson video"]] = error
    for what, error in missing.items():
        options.note(words["lesson left out"].format(what=what, why=error.reason, fix=error.fix))
    written.append(write(index, index_page(lesson, files, missing), force=force))
    return tuple(written)


def _sources(pdf: Path) -> dict[str, str]:
    """What stands beside an earlier PDF: a teacher's own text in it is kept."""
    beside = (pdf.with_suffix(suffix) for suffix in SOURCES)
    return {path.suffix: path.read_text(encoding="utf-8") for path in beside if path.exists()}


def _video(lesson: Lesson, out: Path | None, options: Options, force: bool) -> tuple[Path, ...]:
    return video(
        lesson,
        out,
        options.wish,
        look=options.look,
        codec=options.codec,
        force=force,
        progress=options.progress,
    )


def index_page(
    lesson: Lesson, files: Mapping[str, str], missing: Mapping[str, BudgetError | UsageError] | None = None
) -> str:
    """The page that leads to all of it, with the circuit on it.

    Parameters
    ----------
    lesson
        What it is about.
    files
        Titles by the name of the file, in the order they are listed.
    missing
        What could not be made, and why.
    """
    words = lesson.words
    title = words["lesson"].format(title=lesson.title)
    order = {medium.file(lesson).partition(".")[0]: k for k, medium in enumerate(MEDIA)}
    rows = "".join(
        f'<li><a href="{escape(name)}">{escape(files[name])}</a> <code>{escape(name)}</code></li>'
        for name in sorted(files, key=lambda name: order.get(name.partition(".")[0], len(order)))
    )
    gaps = "".join(
        f"<li>{escape(words['lesson left out'].format(what=what, why=error.reason, fix=error.fix))}</li>"
        for what, error in (missing or {}).items()
    )
    left_out = f"<p>{escape(words['lesson missing'])}</p>\n<ul>{gaps}</ul>\n" if gaps else ""
    cost = to_html(lesson.document).partition("<main>")[2].partition("</main>")[0].partition("<h2")[0]
    source = escape(lesson.source.strip())
    return (
        f'<!doctype html>\n<html lang="{words["language"]}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE_SHEET}\nsvg{{max-width:100%;height:auto}}"
        "li{margin:.4rem 0}a{color:var(--accent)}</style>\n</head>\n<body>\n<main>\n"
        f"{cost}<p>{words['lesson text']}</p>\n<ul>{rows}</ul>\n{left_out}"
        f"{circuit_svg(lesson.drawn, words=words)}\n"
        f"<h2 class='title'>{words['cost']}</h2>\n<pre><code>{source}</code></pre>\n"
        f"<p class='callout next'>{words['made by'].format(version=__version__)}</p>\n"
        "</main>\n</body>\n</html>\n"
    )
