"""Which declaration would settle a line that could not be judged: one to paste, tried before it is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from whygrad.core.cost import Declaration, Domain
from whygrad.core.errors import WhygradError
from whygrad.core.report import Pair
from whygrad.core.walk import names
from whygrad.syntax.people.chain import Read
from whygrad.syntax.people.declared import settle

MOST: Final = 3
"""Most declarations tried for one chain."""
_WORD: Final = re.compile(r"[^\W\d]\w*")
_SIZES: Final = ("m", "n", "p", "q", "K", "r")


def declaration(names: Iterable[Declaration], domain: Domain | None = None) -> str:
    """A line of the language of costs that declares some names as they are, or "".

    >>> declaration([Declaration("y", "data", ("m",))], Domain("symmetric"))
    'data y: (m,) symmetric'
    """
    parts: list[str] = []
    for one in names:
        if not _WORD.fullmatch(one.name):
            return ""
        dims = [d if d.isdecimal() or _WORD.fullmatch(d) else _SIZES[k % 6] for k, d in enumerate(one.dims)]
        shape = f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(dims)})"
        said = _said(domain) if domain is not None else ""
        parts.append(f"{one.name}: {shape}{said}")
    line = f"data {', '.join(parts)}" if parts else ""
    try:
        settle([line] if line else [])
    except WhygradError:
        return ""
    return line


def _said(domain: Domain) -> str:
    if domain.kind == "finite":
        return f" in {{{','.join(str(v) for v in domain.values)}}}"
    return f" {domain.kind}" if domain.kind in ("simplex", "onehot", "symmetric", "spd", "integer") else ""


def with_settling(
    read: Read, pairs: Sequence[Pair], others: Sequence[Read], again: Callable[[str], Sequence[Pair]]
) -> list[Pair]:
    """The pairs; those that are undecided with the declaration that would decide them, where one would.

    Parameters
    ----------
    read, pairs
        The reading that was taken, and what was found.
    others
        Other likely readings of the chain.
    again
        The verdicts with one more line of context.
    """
    out = list(pairs)
    tried: dict[str, Sequence[Pair]] = {}
    for k, pair in enumerate(out):
        if pair.verdict != "undecided":
            continue
        for line in dict.fromkeys(_candidates(read, k, pair, others)):
            if line not in tried:
                if len(tried) == MOST:
                    break
                try:
                    tried[line] = again(line)
                except WhygradError:
                    tried[line] = ()
            found = tried[line]
            if len(found) == len(out) and found[k].verdict not in ("undecided", "unreadable"):
                out[k] = replace(pair, settles=(line,))
                break
        else:
            out[k] = replace(pair, settles=())
    return out


def _candidates(read: Read, k: int, pair: Pair, others: Sequence[Read]) -> Iterator[str]:
    """Declarations that might decide pair k, the likeliest first."""
    yield from pair.settles
    used = _names_of(read, k)
    declared = read.scope.declarations
    unknown = [declared[n] for n in used if n in declared and n.split("_")[0] not in read.known]
    if unknown and len(unknown) <= 6:
        line = declaration(unknown)
        if line:
            yield line
    for other in others:
        there = other.scope.declarations
        changed = [
            there[n]
            for n in _names_of(other, k)
            if n in there and n in declared and len(there[n].dims) != len(declared[n].dims)
        ]
        line = declaration(changed) if changed else ""
        if line:
            yield line


def _names_of(read: Read, k: int) -> list[str]:
    values = (read.lines[n].value for n in (k, k + 1))
    found: set[str] = set()
    for value in values:
        if value is not None:
            found |= names(value.expr)
    return sorted(n for n in found if "·" not in n)
