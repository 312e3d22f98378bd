"""A chain under one reading: context and lines in, a scope and the lines' values out.

The kinds of the names nobody declared are searched best-first by how likely they are, and settled by
the context and line 0 before the rest. A line that fits under no likely kinds keeps its misfit.
"""

from __future__ import annotations

from whygrad.syntax.people.context import Context
from whygrad.syntax.people.kinds import search_kinds
from whygrad.syntax.people.prepare import prepare
from whygrad.syntax.people.problem import Chain, Line, Read
from whygrad.syntax.people.read import Style


def readings_of(chain: Chain, style: Style | None = None, *, extra: Context | None = None) -> list[Read]:
    """The likely readings of a chain under one style, the likeliest first."""
    prepared = prepare(chain, style or Style(), extra)
    return search_kinds(prepared)


__all__ = ["Chain", "Line", "Read", "readings_of"]
