"""A wide circuit in several bands, one below the other, as a long sum is broken into lines.

Cut where few wires cross: what is used again in a later band stands at its left as a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

WIDEST: Final = 1700.0
"""A band is no wider, unless one gate alone is: room for a neuron with all its numbers."""
_CHANNEL: Final = 40.0
_BAND: Final = 1.5
"""What one more band costs, in copies."""


def bands(
    gates: Sequence[str],
    sources: Mapping[str, Sequence[str]],
    widths: Mapping[str, float],
    widest: float = WIDEST,
) -> list[list[str]]:
    """Split gates into bands of neighbouring layers.

    Parameters
    ----------
    gates
        In the order of the forward pass.
    sources
        What each gate uses, inputs and gates.
    widths
        Of everything that is drawn.
    widest
        How wide a band should be at most.

    Returns
    -------
    list[list[str]]
        Each gate once; a gate's sources are in its own band, or in one before it.

    Examples
    --------
    >>> gates = ["z", "f", "L"]
    >>> uses = {"z": ["w"], "f": ["z"], "L": ["f"]}
    >>> bands(gates, uses, dict.fromkeys([*gates, "w"], 100.0), 350.0)
    [['z'], ['f', 'L']]
    """
    layers = _layers(gates, sources)
    inputs = set(widths) - set(gates)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(layers) + 1):
        found: list[tuple[float, int]] = []
        for start in range(end - 1, -1, -1):
            inside = {gate for layer in layers[start:end] for gate in layer}
            used = {s for gate in inside for s in sources[gate]}
            copies = used - inside - inputs
            first = (widths[s] for gate in layers[start] for s in sources[gate] if s in inputs)
            reach = max(first, default=0.0) if start == 0 else max((*first, 60.0))
            reach += sum(max(widths[gate] for gate in layer) + _CHANNEL for layer in layers[start:end])
            if reach > widest and end - start > 1:
                break
            found.append((best[start][0] + len(copies) + _BAND, start))
        best.append(min(found))
    cuts, end = list[list[str]](), len(layers)
    while end:
        start = best[end][1]
        inside = {gate for layer in layers[start:end] for gate in layer}
        cuts.append([gate for gate in gates if gate in inside])
        end = start
    return cuts[::-1]


def _layers(gates: Sequence[str], sources: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Gates by the number of steps to the root, the farthest first."""
    far = dict.fromkeys(gates, 0)
    for gate in reversed(gates):
        for source in sources[gate]:
            if source in far:
                far[source] = max(far[source], far[gate] + 1)
    last = max(far.values(), default=-1)
    return [[gate for gate in gates if far[gate] == k] for k in range(last, -1, -1)]
