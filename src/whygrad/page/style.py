"""The colours of the page, from the one table that every medium takes them from."""

from __future__ import annotations

from typing import Final

from whygrad.show.circuit_paper import COLOURS
from whygrad.show.theme import DARK, LIGHT, Palette

_NAMES: Final = tuple(Palette.__slots__)  # pyright: ignore[reportAttributeAccessIssue]


def _variables(palette: Palette) -> str:
    return "".join(f"--{name.replace('_', '-')}:{getattr(palette, name)};" for name in _NAMES)


def theme_css() -> str:
    """Variables for light and dark, as the system or the reader has it, and the colours of circuits.

    Examples
    --------
    >>> "--paper:#fdfcf9" in theme_css()
    True
    """
    roles = "".join(f".wg-{role}{{fill:var(--{colour})}}" for role, colour in COLOURS.items())
    cards = (
        ".wg-paper{fill:none}.wg-card{fill:var(--raised);stroke:var(--rule)}"
        ".wg-card-param{fill:var(--paper);stroke:var(--accent)}"
        ".wg-card-data,.wg-card-const{fill:var(--paper);stroke:var(--rule)}.wg-card-root{stroke:var(--ink)}"
        ".wg-tint{fill:var(--changed-paper)}.wg-wire{fill:none;stroke:var(--quiet)}"
        ".wg-data{fill:none;stroke:var(--quiet);stroke-dasharray:2 3}.wg-tip{fill:var(--quiet)}"
    )
    return (
        f":root{{{_variables(LIGHT)}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{_variables(DARK)}}}}}"
        f":root[data-theme=dark]{{{_variables(DARK)}}}"
        f"@media print{{:root,:root[data-theme=dark]{{{_variables(LIGHT)}}}}}{roles}{cards}"
    )
