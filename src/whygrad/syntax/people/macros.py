"""The writer's own macros, found and written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from whygrad.core.errors import LanguageError

LIMIT: Final = 200_000
"""Most characters after macros are written out, and most tokens."""


_DEF: Final = re.compile(r"\\def\s*\\([A-Za-z]+)((?:\s*#\d)*)\s*\{")
_NEW: Final = re.compile(
    r"\\(?:re)?newcommand\s*\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*\{"
    r"|\\DeclareMathOperator\s*\*?\s*\{\s*\\([A-Za-z]+)\s*\}\s*\{"
)


def find_macros(text: str) -> tuple[dict[str, tuple[int, str]], str]:
    r"""The macros a text defines, and the text with their definitions blanked out.

    >>> find_macros(r"\def\LR#1{\left(#1\right)} \LR{x}")[0]
    {'LR': (1, '\\left(#1\\right)')}
    """
    found: dict[str, tuple[int, str]] = {}
    out = text
    for pattern in (_DEF, _NEW):
        at = 0
        while (match := pattern.search(out, at)) is not None:
            end = closing_brace(out, match.end() - 1)
            body = out[match.end() : end]
            if pattern is _DEF:
                found[match[1]] = (match[2].count("#"), body)
            elif match[3]:
                found[match[3]] = (0, r"\operatorname{" + body + "}")
            else:
                found[match[1]] = (int(match[2] or 0), body)
            out = out[: match.start()] + " " * (min(end + 1, len(out)) - match.start()) + out[end + 1 :]
            at = match.start() + 1
            if len(found) > 500:
                break
    return found, out


def closing_brace(text: str, at: int) -> int:
    """Where the brace that opens at ``at`` closes (the end of the text if it does not)."""
    level = 0
    k = at
    while k < len(text):
        c = text[k]
        if c == "\\":
            k += 2
            continue
        if c == "{":
            level += 1
        elif c == "}":
            level -= 1
            if level <= 0:
                return k
        k += 1
    return len(text)


def expand(text: str, macros: Mapping[str, tuple[int, str]]) -> tuple[str, list[int]]:
    """The text with the writer's macros written out, and where each character came from."""
    chars, origin = text, list(range(len(text)))
    if not macros:
        return chars, origin
    for _ in range(12):
        out: list[str] = []
        where: list[int] = []
        at, changed = 0, False
        for match in re.finditer(r"\\([A-Za-z]+)", chars):
            if match.start() < at or match[1] not in macros:
                continue
            count, body = macros[match[1]]
            out.append(chars[at : match.start()])
            where += origin[at : match.start()]
            arguments, end = arguments_at(chars, match.end(), count)
            for k, argument in enumerate(arguments, 1):
                body = body.replace(f"#{k}", argument)
            body = f" {body} "
            out.append(body)
            where += [origin[match.start()]] * len(body)
            at, changed = end, True
        if not changed:
            return chars, origin
        out.append(chars[at:])
        where += origin[at:]
        chars, origin = "".join(out), where
        if len(chars) > LIMIT:
            raise LanguageError(
                "error/too-large", "the macros of this text grow too large", fix="write them out"
            )
    return chars, origin


def arguments_at(text: str, at: int, count: int) -> tuple[list[str], int]:
    """So many arguments of a command, and where they end."""
    found: list[str] = []
    for _ in range(count):
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text) and text[at] == "{":
            end = closing_brace(text, at)
            found.append(text[at + 1 : end])
            at = end + 1
        else:
            match = re.compile(r"\\[A-Za-z]+|.", re.S).match(text, at)
            found.append(match.group() if match else "")
            at = match.end() if match else at
    return found, at
