"""What goes to paper or screen: slides, handout and video of a lesson, as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from whygrad.core.circuit import Circuit
from whygrad.core.derivation import Derivation, Route
from whygrad.core.errors import BudgetError, UsageError
from whygrad.engine.circuit_graph import circuit
from whygrad.engine.derive import derive
from whygrad.engine.narrate import Level
from whygrad.teach.beamer import Beamer
from whygrad.teach.files import refuse_existing, write
from whygrad.teach.handout import two_pages
from whygrad.teach.inserts import Inserts, read_inserts
from whygrad.teach.lesson import Lesson
from whygrad.teach.notation import in_own_symbols
from whygrad.teach.slides import Deck, speaker_notes
from whygrad.teach.story import Story, tell

Files = dict[str, str | bytes]
"""Contents by ending."""
SOURCES: Final = (".typ", ".tex")
"""What a PDF is made from, kept beside it for a teacher who edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for.

    Attributes
    ----------
    wrt
        The parameter; "" for all of them.
    route
        By the chain rule, by substitution, or by backpropagation.
    lines
        How many lines a stage has.
    draft
        Whether to write even what does not fit.
    """

    wrt: str = ""
    route: Route = "chain"
    lines: Level = "normal"
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A derivation in a teacher's own symbols, ready to be shown."""

    derivation: Derivation
    story: Story
    circuit: Circuit | None = field(default=None)


def told(lesson: Lesson, wish: Wish) -> Told:
    """Derive what is asked for and tell it."""
    plain = wish.route == "chain" and not wish.wrt
    if plain:
        made = lesson.shown
    else:
        made = in_own_symbols(derive(lesson.cost, wish.wrt or None, wish.route), lesson.notation)
    return Told(made, tell(made, wish.lines), _circuit(made))


def _circuit(made: Derivation) -> Circuit | None:
    """The circuit in the same names; None where there are too many gates for a page."""
    try:
        return circuit(made.cost, derivation=made if made.route == "chain" else None)
    except BudgetError:
        return None


def slides(lesson: Lesson, wish: Wish | None = None, old: Mapping[str, str] | None = None) -> Files:
    """The PDF, both sources and the speaker's notes.

    Parameters
    ----------
    lesson
        What it is about.
    wish
        What is asked for.
    old
        Earlier sources by ending; what a teacher added to them is kept.

    Raises
    ------
    BudgetError
        If a line fits a slide in no way, unless it is a draft.
    """
    wish = wish or Wish()
    it = told(lesson, wish)
    inserts = {suffix: Inserts(read_inserts(text)) for suffix, text in (old or {}).items()}
    deck = Deck(it.story, lesson.words, it.circuit, inserts.get(".typ", Inserts()))
    source = deck.source()
    made = deck.compiled(source, wish.draft)
    beamer = Beamer(it.story, lesson.words, inserts.get(".tex", Inserts()))
    beamer.inserts.comment = "%"
    return {".pdf": made.pdf, ".typ": source, ".tex": beamer.source(), ".pdfpc": speaker_notes(made)}


def handout(lesson: Lesson, wish: Wish | None = None, old: Mapping[str, str] | None = None) -> Files:
    """The PDF and its source; parameters as for :func:`slides`.

    Raises
    ------
    BudgetError
        If two pages are too few, unless it is a draft.
    """
    wish = wish or Wish()
    it = told(lesson, wish)
    kept = read_inserts((old or {}).get(".typ", ""))
    source, made = two_pages(
        it.derivation, words=lesson.words, circuit=it.circuit, inserts=kept, draft=wish.draft
    )
    return {".pdf": made.pdf, ".typ": source}


PAPERS: Final[Mapping[str, Callable[[Lesson, Wish, Mapping[str, str]], Files]]] = {
    "slides": slides,
    "handout": handout,
}


def press(
    what: str, lesson: Lesson, out: Path | None, wish: Wish, *, force: bool = False
) -> tuple[Path, ...]:
    """Make slides or a handout and write them: the PDF and, beside it, what it was made from.

    Raises
    ------
    UsageError
        If a file exists and ``force`` is off, or the folder cannot be written.
    """
    usual = f"{lesson.name}-{what}.pdf"
    path = Path(usual) if out is None else out
    if path.is_dir() or not path.suffix:
        path = path / usual
    if path.suffix != ".pdf":
        raise UsageError(
            "error/usage",
            f"{what} cannot be written as {path.suffix}",
            fix="a file that ends in .pdf, or a folder",
        )
    refuse_existing(path, force)
    old: dict[str, str] = {}
    for suffix in SOURCES:
        source = path.with_suffix(suffix)
        if source.exists():
            refuse_existing(source, force)
            old[suffix] = source.read_text(encoding="utf-8")
    made = PAPERS[what](lesson, wish, old)
    return tuple(write(path.with_suffix(suffix), content, force=True) for suffix, content in made.items())
