"""An SVG as PNG or PDF, by Typst: no browser, no TeX, no network."""

from __future__ import annotations

from typing import Any, Literal

from whygrad.teach.files import library

PictureFormat = Literal["svg", "png", "pdf"]


def convert(svg: str, format: PictureFormat, *, dpi: int = 192) -> bytes:
    """The picture in another format.

    Parameters
    ----------
    svg
        A self-contained SVG.
    format
        ``"svg"``, ``"png"`` or ``"pdf"``.
    dpi
        Pixels per inch of a PNG; 96 is the size of the SVG on a screen.

    Raises
    ------
    UsageError
        If Typst is not installed.
    """
    if format == "svg":
        return svg.encode()
    typst: Any = library("typst", f"a picture as {format.upper()}")
    return typst.compile(typst_page(svg).encode(), format=format, ppi=dpi)


def typst_page(svg: str) -> str:
    """A Typst document of one page, as large as the picture."""
    return f"#set page(width: auto, height: auto, margin: 0pt)\n{_image(svg)}"


def _image(svg: str) -> str:
    quoted = svg.replace("\\", "\\\\").replace('"', '\\"')
    return f'#image(bytes("{quoted}"), format: "svg")\n'
