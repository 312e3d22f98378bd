r"""What a teacher added to a source by hand, kept when the source is made again.

In the ``.typ`` and in the ``.tex``, after each slide stands a place for it::

    // insert after chain.4
    // end

Whatever is written between the two lines is found again there, however the rest changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_OPEN = re.compile(r"^(?://|%) insert after (?P<id>[\w.-]+)\s*$")
_END = re.compile(r"^(?://|%) end\s*$")


def read_inserts(source: str) -> dict[str, str]:
    r"""The added text by place; empty places are left out.

    Examples
    --------
    >>> read_inserts("// insert after chain.4\n#slide[Mind the sign]\n// end\n")
    {'chain.4': '#slide[Mind the sign]'}
    """
    found: dict[str, str] = {}
    place, lines = "", list[str]()
    for line in source.splitlines():
        opened = _OPEN.match(line)
        if opened:
            place, lines = opened["id"], []
        elif _END.match(line):
            text = "\n".join(lines).strip("\n")
            if place and text.strip():
                found[place] = f"{found[place]}\n{text}" if place in found else text
            place = ""
        elif place:
            lines.append(line)
    return found


@dataclass(slots=True)
class Inserts:
    """The places of a source that is being made; each added text is given once."""

    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    comment: str = "//"
    used: set[str] = field(default_factory=set[str])

    def at(self, id: str) -> str:
        """The block for one place, with what a teacher wrote there."""
        text = "" if id in self.used else self.texts.get(id, "")
        self.used.add(id)
        return f"{self.comment} insert after {id}\n" + (f"{text}\n" if text else "") + f"{self.comment} end\n"

    def has(self, id: str) -> bool:
        """Whether something was written there."""
        return id in self.texts and id not in self.used

    def lost(self) -> Iterable[str]:
        """Places that are no more; what stood there belongs at the end."""
        return [place for place in self.texts if place not in self.used]
