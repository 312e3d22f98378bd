r"""Several statements in one row: ``z = wx + b, \quad f = \sigma(z) \text{ and } L = f^2``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_WORDS: Final = (
    r"and|where|with|also|for|so|hence|thus|then|let|if|when|here|recall|note|i\.e\.|e\.g\.|given"
    r"|we have|that is|such that|so that|assuming|using|since|because|as"
)
_TEXT: Final = rf"\\(?:text|mbox|textrm|mathrm|textit|hbox)\s*\{{[\s,;:.]*(?:{_WORDS})?[\s,;:.]*\}}"
_SEPARATOR: Final = re.compile(
    rf"\\qquad(?![A-Za-z])|\\quad(?![A-Za-z])|{_TEXT}|[,;]|(?<=[\w)}}\]])\.\s+(?=[A-Za-z\\∂])|(?<=[\s),])(?:and|where|with)(?=\s)"
)
_OPENING: Final = re.compile(r"\\begin\s*\{|\\end\s*\{")
_SAYS: Final = re.compile(
    r"(?:(?<![<>!:=])=(?!=)|\\(?:in|leq?|geq?|lt|gt|neq?|sim|leqslant|geqslant)(?![A-Za-z])|[∈<>≤≥≠∼~])"
)


def separators(text: str) -> Iterator[tuple[int, int]]:
    """Where signs and words stand, outside brackets, that may end one statement and begin the next."""
    level = nested = k = 0
    while k < len(text):
        found = _OPENING.match(text, k)
        if found is not None:
            nested += 1 if found[0].startswith("\\begin") else -1
            k = found.end()
            continue
        if level <= 0 and not nested:
            found = _SEPARATOR.match(text, k)
            if found is not None:
                yield found.span()
                k = found.end()
                continue
        c = text[k]
        if c == "\\":  # a command; the escaped braces of a set are brackets like any
            level += (text[k + 1 : k + 2] == "{") - (text[k + 1 : k + 2] == "}")
            k += 2
            continue
        level += (c in "({[") - (c in ")}]")
        k += 1


def separated(text: str) -> list[tuple[int, int]]:
    r"""The places of the statements of a row; the row itself where it has only one.

    >>> text = r"z = wx + b,\quad f = \sigma(z), y \in \{0, 1\}"
    >>> [text[a:b].strip() for a, b in separated(text)]
    ['z = wx + b', 'f = \\sigma(z)', 'y \\in \\{0, 1\\}']
    >>> len(separated("f(x, y) = x, 2"))
    1
    """
    pieces: list[tuple[int, int]] = []
    begin = 0
    for a, b in separators(text):
        pieces.append((begin, a))
        begin = b
    pieces.append((begin, len(text)))
    pieces = [(a, b) for a, b in pieces if re.search(r"[^\s&,;.\\]", text[a:b])]
    if len(pieces) < 2 or not all(_says(text[a:b]) for a, b in pieces):
        return [(0, len(text))]
    if not any("=" in text[a:b] for a, b in pieces[:1]):
        return [(0, len(text))]
    return pieces


def _says(text: str) -> bool:
    """Whether a piece is a statement with two sides."""
    found = _SAYS.search(text)
    return found is not None and bool(text[found.end() :].strip(" &,;."))


_NUMBERED: Final = re.compile(r"^(\s*)(\d{1,3})(?=\s{2,}\S.*=)")
_REMARK: Final = re.compile(r"(?<=\S)\s{3,}\S.*$")


def without_columns(text: str) -> str:
    r"""Text in columns (number, formula, remark) with spaces in place of numbers and remarks.

    >>> without_columns("  1  dz/dw = x     of w x\n              = x     again\n").split()
    ['dz/dw', '=', 'x', '=', 'x']
    """
    lines = text.split("\n")
    if not (any(map(_NUMBERED.match, lines)) and any(map(_REMARK.search, lines))):
        return text
    out = ""
    sign = len(text)
    for raw in lines:
        line = _NUMBERED.sub(lambda m: m[1] + " " * len(m[2]), raw)
        indent = len(line) - len(line.lstrip())
        at = line.find("=")
        if at >= 0 and _REMARK.search(line[:at]):
            at = -1  # it stands in a remark
        if indent > sign + _DEEP:
            line = " " * len(line)  # a remark below its formula
        elif at >= 0 or (line[:8].isspace() and "=" in out[-400:]):
            sign = at if at >= 0 else sign
            remark = _REMARK.search(line, max(at + 2, indent))
            if remark is not None:
                line = line[: remark.start()] + " " * (len(line) - remark.start())
        goes_on = line.strip() and at < 0 and line[:8].isspace() and "=" in out[-200:]
        out += (" " if goes_on else "\n") + line
    return out[1:]


_DEEP: Final = 5
"""What begins so far to the right of the equals sign above goes on with a remark."""


__all__ = ["separated", "separators", "without_columns"]
