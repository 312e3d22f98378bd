"""A chain under one reading: context and lines in, a scope and the lines' values out.

The kinds of the names nobody declared are searched best-first by how likely they are, and settled by
the context and line 0 before the rest. A line that fits under no likely kinds keeps its misfit.
"""

from __future__ import annotations

from dataclasses import replace

from whygrad.syntax.people.context import Context
from whygrad.syntax.people.kinds import search_kinds
from whygrad.syntax.people.prepare import prepare
from whygrad.syntax.people.problem import Chain, Line, Read
from whygrad.syntax.people.read import Style
from whygrad.syntax.people.scoping import finished
from whygrad.syntax.people.settle import setting_of


def readings_of(chain: Chain, style: Style | None = None, *, extra: Context | None = None) -> list[Read]:
    """The likely readings of a chain under one style, the likeliest first."""
    prepared = prepare(chain, style or Style(), extra)
    return search_kinds(prepared)


def reread(read: Read, line: int, text: str, style: Style, *, extra: Context | None = None) -> Read | None:
    """The chain with a text in the place of a line, in the setting of a reading; None if it has no value."""
    lines = (*read.chain.lines[:line], text, *read.chain.lines[line + 1 :])
    prepared = prepare(replace(read.chain, lines=lines), style, extra)
    parsed = prepared.parsed[line]
    if parsed is None or parsed.repairs:
        return None
    found = finished(prepared, setting_of(prepared), read.setting.ranks, read.cost)
    return None if found.lines[line].misfit or found.lines[line].value is None else found


__all__ = ["Chain", "Line", "Read", "readings_of", "reread"]
