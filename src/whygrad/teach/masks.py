"""What is drawn in a video: the ink of each term as a mask, placed, coloured when it is drawn."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.teach.files import library
from whygrad.teach.typst_page import pictures

Canvas = NDArray[np.uint8]
"""Height, width, red-green-blue."""
Ink = NDArray[np.float32]
"""Coverage from 0 to 1."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Ink whose top left corner stands at ``x``, ``y`` (pixels, whole numbers at rest)."""

    x: int
    y: int
    ink: Ink

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        height, width = self.ink.shape
        return self.x, self.y, self.x + width, self.y + height

    def moved(self, dx: int, dy: int) -> Mask:
        """The same ink elsewhere."""
        return Mask(self.x + dx, self.y + dy, self.ink)


def masks(source: str, scale: float) -> list[Mask | None]:
    """The ink of every page; None for an empty one.

    Parameters
    ----------
    source
        A document whose pages have black ink on nothing.
    scale
        Pixels per point.
    """
    return [_trimmed(_alpha(png)) for png in pictures(source, ppi=72 * scale)]


def decoded(png: bytes, format: str = "rgba") -> NDArray[Any]:
    """The pixels of a PNG."""
    av: Any = library("av", "a video")
    with av.open(io.BytesIO(png)) as file:
        return next(file.decode(video=0)).to_ndarray(format=format)


def _alpha(png: bytes) -> Ink:
    return decoded(png)[:, :, 3].astype(np.float32) / 255.0


def _trimmed(ink: Ink) -> Mask | None:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return Mask(left, top, np.ascontiguousarray(ink[top : rows[-1] + 1, left : columns[-1] + 1]))


def union(found: Iterable[Mask]) -> tuple[float, float, float, float]:
    """The box around several masks."""
    boxes = [mask.box for mask in found]
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def draw(
    canvas: Canvas, mask: Mask, colour: Colour, opacity: float = 1.0, dx: float = 0.0, dy: float = 0.0
) -> None:
    """Draw ink onto the canvas, moved by any distance; what falls outside is cut off."""
    if opacity <= 0.003:
        return
    left, top = int(np.floor(mask.x + dx)), int(np.floor(mask.y + dy))
    ink = _between(mask.ink, mask.x + dx - left, mask.y + dy - top)
    height, width = ink.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, canvas.shape[1]), min(top + height, canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = canvas[y0:y1, x0:x1]
    cover = (ink[y0 - top : y1 - top, x0 - left : x1 - left] * opacity)[:, :, None]
    part[...] = (part + (np.array(colour, np.float32) - part) * cover + 0.5).astype(np.uint8)


def _between(ink: Ink, fx: float, fy: float) -> Ink:
    """The ink moved by a fraction of a pixel."""
    if fx < 0.02 and fy < 0.02:
        return ink
    wide = np.zeros((ink.shape[0] + 1, ink.shape[1] + 1), np.float32)
    wide[:-1, :-1] += ink * ((1 - fx) * (1 - fy))
    wide[:-1, 1:] += ink * (fx * (1 - fy))
    wide[1:, :-1] += ink * ((1 - fx) * fy)
    wide[1:, 1:] += ink * (fx * fy)
    return wide


def band(
    canvas: Canvas, box: tuple[float, float, float, float], colour: Colour, opacity: float, pad: int
) -> None:
    """A tinted band behind what is pointed out."""
    if opacity <= 0.003:
        return
    x0, y0 = max(int(box[0]) - pad, 0), max(int(box[1]) - pad, 0)
    x1, y1 = int(box[2]) + pad, int(box[3]) + pad
    part = canvas[y0:y1, x0:x1]
    part[...] = (part + (np.array(colour, np.float32) - part) * opacity + 0.5).astype(np.uint8)


def mixed(a: Canvas, b: Canvas, share: float) -> Canvas:
    """One picture fading into another."""
    return (a + (b.astype(np.float32) - a) * share + 0.5).astype(np.uint8)


def rgb(colour: str) -> Colour:
    """A colour written ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
