"""One door to every medium."""

from __future__ import annotations

from typing import Final, Literal, get_args

from whygrad.core.document import Document
from whygrad.core.errors import UsageError
from whygrad.show.html import to_html
from whygrad.show.latex_document import to_latex_document
from whygrad.show.markdown import to_markdown
from whygrad.show.terminal import to_terminal

Format = Literal["text", "latex", "markdown", "html"]
FORMATS: Final[tuple[str, ...]] = get_args(Format)


def render(
    doc: Document,
    format: str,
    *,
    width: int = 80,
    color: bool = False,
    ascii: bool = False,
    details: bool = False,
) -> str:
    """A document in a format.

    Parameters
    ----------
    doc
        What to show.
    format
        One of ``FORMATS``.
    width, color, ascii
        For ``text``: columns, whether to use colour, whether to keep to ASCII.
    details
        Whether the finer rows below each row are shown, where a medium cannot open and close them.

    Raises
    ------
    UsageError
        If the format is none of ``FORMATS``.

    Examples
    --------
    >>> from whygrad.core.document import Sentence
    >>> render(Document((Sentence(("Read me.",)),)), "text")
    'Read me.'
    """
    match format:
        case "text":
            return to_terminal(doc, width=width, color=color, ascii=ascii, details=details)
        case "latex":
            return to_latex_document(doc, details=details)
        case "markdown":
            return to_markdown(doc)
        case "html":
            return to_html(doc)
        case _:
            raise UsageError(
                "error/usage",
                f"there is no format {format!r}",
                fix="one of " + ", ".join(FORMATS),
            )
