"""Declared domains, held against numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Declaration

Array = NDArray[np.float64]


def outside(d: Declaration, values: Array) -> tuple[tuple[int, ...], float, str] | None:
    """The first entry that contradicts a declared domain: place, value, the domain in words."""
    for domain in d.domains:
        bad = np.zeros(values.shape, dtype=bool)
        what = ""
        if domain.kind == "finite":
            allowed = [float(v) for v in domain.values]
            bad, what = ~np.isin(values, allowed), f"in {{{', '.join(f'{v:g}' for v in allowed)}}}"
        elif domain.kind == "integer":
            bad, what = values != np.floor(values), "integer"
        elif domain.kind == "interval":
            if domain.low is not None:
                low = float(domain.low)
                bad |= values < low if domain.closed[0] else values <= low
                what = f"{'>=' if domain.closed[0] else '>'} {low:g}"
            if domain.high is not None:
                high = float(domain.high)
                bad |= values > high if domain.closed[1] else values >= high
                upper = f"{'<=' if domain.closed[1] else '<'} {high:g}"
                what = f"{what} and {upper}" if what else upper
        elif domain.kind in ("simplex", "onehot") and values.ndim > 0:
            off = np.abs(values.sum(axis=-1, keepdims=True) - 1) > 1e-9
            bad |= (values < 0) | off
            what = f"{domain.kind}({domain.dim})"
        hits = np.argwhere(bad)
        if len(hits):
            place: tuple[int, ...] = tuple(int(n) for n in hits[0])
            return place, float(values[place]), what
    return None
