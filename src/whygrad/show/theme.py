"""The colours, once: for terminals, web pages and print.

Contrast of each ink on its paper is at least 4.5 to 1 (WCAG 2.2, 1.4.3); a test measures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``."""

    paper: str
    raised: str
    ink: str
    quiet: str
    rule: str
    changed: str
    changed_paper: str
    right: str
    wrong: str
    accent: str


LIGHT: Final = Palette(
    paper="#fdfcf9",
    raised="#f5f3ec",
    ink="#1d1f24",
    quiet="#5c616b",
    rule="#e2dfd5",
    changed="#8a3b00",
    changed_paper="#fbeedb",
    right="#1f6b3a",
    wrong="#b3261e",
    accent="#2a4d8f",
)
DARK: Final = Palette(
    paper="#15171b",
    raised="#1d2026",
    ink="#e8e6e0",
    quiet="#a2a7b1",
    rule="#31353d",
    changed="#f2b26b",
    changed_paper="#37291a",
    right="#7fcf98",
    wrong="#ff8f85",
    accent="#9dbcf2",
)

RESET: Final = "\x1b[0m"
ANSI: Final[dict[str, str]] = {
    "title": "\x1b[1m",
    "reason": "\x1b[2m",
    "changed": "\x1b[36m",
    "right": "\x1b[32m",
    "wrong": "\x1b[31m",
    "code": "\x1b[33m",
}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, relative luminance).

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
