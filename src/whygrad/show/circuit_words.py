"""What a drawn circuit says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CIRCUIT_WORDS: Final[Mapping[str, str]] = {
    "circuit": "The circuit of {title}: values forward, gradients back.",
    "forward": "value, forward",
    "backward": "gradient, backward",
    "local": "local derivative",
    "once": "worked out once, used for {names}",
    "and": " and ",
    "at": "at {values}",
    "forward pass": "Forward",
    "backward pass": "Backward",
    "result": "Altogether",
}
"""English; :mod:`whygrad.teach.words` has the tables of all languages."""
