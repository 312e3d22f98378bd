"""Files written whole or not at all, and the cost history as CSV and as a drawing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from whygrad.core.errors import UsageError


def refuse_existing(path: str | os.PathLike[str], force: bool) -> None:
    """Raise unless ``path`` may be written: it is free, or ``force`` is given."""
    if os.path.exists(path) and not force:
        raise UsageError(
            "error/exists", f"{path} exists", fix="choose another name, or say --force to replace it"
        )


def write_whole(path: str | os.PathLike[str], text: str, *, force: bool = False) -> None:
    """Write a text file so that nobody ever sees half of it."""
    refuse_existing(path, force)
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise UsageError(
            "error/no-file", f"{path}: {error.strerror or error}", fix="name a folder that can be written"
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The permissions that new files do not get."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def history_csv(history: Sequence[float]) -> str:
    """The cost after each update, update 0 being the start.

    >>> print(history_csv([0.7, 0.5]), end="")
    update,cost
    0,0.7
    1,0.5
    """
    return "".join(["update,cost\n", *(f"{k},{cost!r}\n" for k, cost in enumerate(history))])


# --- the drawing --------------------------------------------------------------------------------

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 40, 52
MOST_POINTS = 600
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def history_svg(history: Sequence[float], title: str, cost: str = "J") -> str:
    """Draw the cost against the number of updates.

    The vertical scale is logarithmic where the cost falls by more than a factor of 20.
    """
    costs = np.asarray(history, dtype=float)
    steps = np.arange(len(costs), dtype=float)
    keep = np.isfinite(costs)
    steps, costs = _thinned(steps[keep], costs[keep])
    if not len(costs):
        steps, costs = np.zeros(1), np.zeros(1)
    logarithmic = bool(costs.min() > 0 and costs.max() > 20 * costs.min())
    marks = _decades(costs) if logarithmic else _ticks(float(costs.min()), float(costs.max()))
    heights = np.log10(costs) if logarithmic else costs
    places = [float(np.log10(v)) if logarithmic else v for v in marks]
    low, high = min(heights.min(), *places), max(heights.max(), *places)
    right = max(float(steps.max()), 1.0)

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / right

    def y(value: float) -> float:
        span = high - low or 1.0
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / span

    points = " ".join(f"{x(s):.1f},{y(h):.1f}" for s, h in zip(steps, heights, strict=True))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        '<g font-family="sans-serif" font-size="12" fill="#333333">',
        f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>',
    ]
    for value, place in zip(marks, places, strict=True):
        height = f"{y(place):.1f}"
        lines.append(f'<line x1="{LEFT}" y1="{height}" x2="{WIDTH - RIGHT}" y2="{height}" stroke="#dddddd"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y(place) + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for value in _ticks(0.0, right):
        lines.append(
            f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:g}</text>'
        )
    scale = " (logarithmic)" if logarithmic else ""
    lines += [
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">updates</text>',
        f'<text x="{LEFT - 8}" y="{TOP - 8}" text-anchor="end">{escape(cost)}{scale}</text>',
        "</g>",
        f'<polyline points="{points}" fill="none" stroke="#1f5fbf" stroke-width="2" '
        'stroke-linejoin="round"/>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _thinned(steps: Numbers, costs: Numbers) -> tuple[Numbers, Numbers]:
    """Few enough points to draw: of each stretch its lowest and highest."""
    if len(costs) <= MOST_POINTS:
        return steps, costs
    kept = {0, len(costs) - 1}
    for stretch in np.array_split(np.arange(len(costs)), MOST_POINTS // 2):
        kept.add(int(stretch[np.argmin(costs[stretch])]))
        kept.add(int(stretch[np.argmax(costs[stretch])]))
    chosen = np.array(sorted(kept))
    return steps[chosen], costs[chosen]


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers between two."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(s * power) for s in (1, 2, 5, 10) if s * power >= rough)
    first = np.ceil(low / step - 1e-9) * step
    return [float(first + k * step) for k in range(12) if first + k * step <= high + 1e-9 * span]


def _decades(costs: Numbers) -> list[float]:
    """Powers of ten that span the costs, at most seven."""
    low, high = np.floor(np.log10(costs.min())), np.ceil(np.log10(costs.max()))
    stride = max(1, int(np.ceil((high - low) / 6)))
    return [float(10.0**k) for k in range(int(low), int(high) + 1, stride)]
