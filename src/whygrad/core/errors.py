"""Errors that show the place, the reason and the way out.

Each has an id of :mod:`whygrad.core.error_pages`, which ``whygrad why error/...`` explains. The
classes inherit the builtin a caller would expect, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from whygrad.core.error_pages import ERRORS


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this one to the end of the other."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class WhygradError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    id
        A key of ``ERRORS``, e.g. ``"error/unknown-name"``.
    reason
        What is wrong, in one sentence about this input.
    fix
        What to write instead.
    source, span
        The text and the place in it, for the caret.
    """

    def __init__(self, id: str, reason: str, *, fix: str, source: str = "", span: Span | None = None) -> None:
        if id not in ERRORS:
            raise KeyError(f"{id} has no page in core/error_pages.py")
        super().__init__(reason)
        self.id, self.reason, self.fix, self.source, self.span = id, reason, fix, source, span

    def in_source(self, source: str, span: Span | None) -> WhygradError:
        """The same error with a place, if it had none."""
        if self.span is None:
            self.source, self.span = source, span
        return self

    def __str__(self) -> str:
        return self.render()

    def render(self) -> str:
        """Title and reason, the line with a caret, the fix, the page."""
        lines = [f"{ERRORS[self.id].title}: {self.reason}"]
        if self.span is not None and self.source:
            lines.extend(caret(self.source, self.span))
        lines.append(f"  Fix: {self.fix}")
        lines.append(f"  More: whygrad why {self.id}")
        return "\n".join(lines)


def caret(source: str, span: Span, width: int = 76) -> list[str]:
    """The line of ``source`` that holds ``span``, and a line of carets under it."""
    start = min(max(span.start, 0), len(source))
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", start)
    last = len(source) if last < 0 else last
    line = "".join(c if c.isprintable() else " " for c in source[first:last])
    begin, length = start - first, max(1, min(span.end, last) - start)
    if len(line) > width:
        cut = max(0, min(begin - width // 3, len(line) - width))
        line, begin = line[cut : cut + width], begin - cut
        length = min(length, width - begin)
    number = source.count("\n", 0, first) + 1
    head = f"  {number} | " if "\n" in source.strip("\n") else "  "
    return [head + line, " " * (len(head) + begin) + "^" * max(1, length)]


class LanguageError(WhygradError, ValueError):
    """The text of a cost cannot be read, or says something impossible."""


class OpenSizeError(LanguageError):
    """A size is only a name where a number is needed; ``size`` is that name."""

    size: str = ""


class ShapeError(WhygradError, ValueError):
    """Indices or shapes do not fit."""


class NotScalarError(WhygradError, ValueError):
    """A cost with a free index."""


class NoRuleError(WhygradError, ValueError):
    """A function without a derivative row."""


class BudgetError(WhygradError, RuntimeError):
    """A counted limit was reached; ``partial`` is what had been done."""

    partial: object = None


class DataError(WhygradError, ValueError):
    """A file or a value in it cannot be used."""


class UsageError(WhygradError, ValueError):
    """An option or argument that does not fit."""
