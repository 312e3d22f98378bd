"""What every medium needs to know of a group of rows."""

from __future__ import annotations

from typing import Final

from whygrad.core.document import Inline, Row, Rows


def labels_of(block: Rows) -> list[str]:
    """The rows' labels; where none is given and they are numbered, those with a left side count."""
    if not block.numbered or any(row.label for row in block.rows):
        return [row.label for row in block.rows]
    labels: list[str] = []
    count = 0
    for row in block.rows:
        counted = row.left is not None or not labels
        count += counted
        labels.append(str(count) if counted else "")
    return labels


def is_note(row: Row) -> bool:
    """Whether the row is only a remark below the one above."""
    return row.right is None and not row.raw


def said(row: Row) -> Inline:
    """Verdict, reason, and how it is known where that is not a proof."""
    parts: Inline = row.reason
    if row.verdict:
        parts = (row.verdict + (": " if row.reason else ""), *row.reason)
    if row.evidence not in ("", "proved", "definition"):
        parts = (*parts, f" ({row.evidence})" if parts else f"({row.evidence})")
    return parts


CALLOUT_TITLES: Final[dict[str, str]] = {
    "proved": "Proved.",
    "convention": "Convention.",
    "warning": "Warning.",
    "hint": "Hint.",
    "reading": "",
    "next": "",
    "mistake": "Mistake.",
    "fact": "",
}
"""What a callout of each kind begins with, on paper and on a page."""
