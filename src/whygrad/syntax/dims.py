"""Names for the dimensions that a text leaves unnamed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_CONVENTIONAL: Final[dict[str, tuple[str, ...]]] = {
    "i": ("m",),
    "j": ("n",),
    "k": ("K",),
    "c": ("K", "C"),
    "l": ("K", "L"),
    "a": ("A",),
    "t": ("T",),
    "s": ("S",),
    "d": ("D",),
    "h": ("H",),
}
_FREE: Final = "pqrdhsuvgMNPQRDHSUVG"
RESERVED: Final = frozenset({"e", "pi", "I", "E"})


def auto_dim(letter: str, taken: Collection[str]) -> str:
    """A name for the dimension of an index letter: m for i, n for j, K for k, else its capital.

    Examples
    --------
    >>> auto_dim("i", ()), auto_dim("k", ()), auto_dim("c", ("K",)), auto_dim("i", ("m",))
    ('m', 'K', 'C', 'p')
    """
    wishes = _CONVENTIONAL.get(letter, (letter.upper(),) if letter.islower() else ())
    for name in (*wishes, *_FREE):
        if name not in taken and name not in RESERVED and name != letter:
            return name
    number = 1
    while f"n{number}" in taken:
        number += 1
    return f"n{number}"
