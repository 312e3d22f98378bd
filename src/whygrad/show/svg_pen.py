"""Set formulas written down: outlines defined once, used where the letters stand."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from whygrad.show.svg_math import FALLBACK_WIDTH, Drawn, outline


@dataclass(slots=True)
class Pen:
    """Writes outlines into one SVG and keeps which letters its definitions need."""

    prefix: str
    used: dict[tuple[str, str], str]

    def place(self, drawn: Drawn, x: float, y: float, size: float) -> str:
        """The letters with their origin at (x, y) of the drawing, y downwards, ``size`` units to the em."""
        out: list[str] = []
        for g in drawn.glyphs:
            left, base = x + size * g.x, y - size * g.y
            extra = ' class="wg-changed"' if g.changed else ""
            if g.font == "rule":
                top = base - size * g.up
                out.append(f'<rect{extra} x="{left:.2f}" y="{top:.2f}" width="{size * g.across:.2f}" '
                           f'height="{size * g.up:.2f}"/>')  # fmt: skip
            elif g.font == "text":
                width = size * g.across * FALLBACK_WIDTH
                out.append(f'<text{extra} x="{left:.2f}" y="{base:.2f}" font-size="{0.9 * size * g.up:.2f}" '
                           f'textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs">'
                           f"{escape(g.char)}</text>")  # fmt: skip
            elif outline(g.font, g.char):
                key = (g.font, g.char)
                name = self.used.setdefault(key, f"{self.prefix}{len(self.used)}")
                across, up = size * g.across / 1000, size * g.up / 1000
                out.append(f'<use{extra} xlink:href="#{name}" '
                           f'transform="matrix({across:.5g} 0 0 {-up:.5g} {left:.2f} '
                           f'{base:.2f})"/>')  # fmt: skip
        return "".join(out)

    def definitions(self) -> str:
        """The outlines that were used."""
        shapes = (f'<path id="{name}" d="{outline(*key)}"/>' for key, name in self.used.items())
        return f"<defs>{''.join(shapes)}</defs>"


def formula_svg(drawn: Drawn, title: str, *, size: float = 20.0, prefix: str = "g") -> str:
    """One formula as an SVG of its own, in the colour of the text around it.

    >>> from whygrad.core.expr import Symbol
    >>> from whygrad.show.svg_math import set_math
    >>> formula_svg(set_math(Symbol("x")), "x").startswith("<svg")
    True
    """
    pen = Pen(prefix, {})
    inner = pen.place(drawn, 0, size * drawn.above, size)
    width, height = size * drawn.width, size * drawn.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'width="{width:.2f}" height="{height:.2f}" viewBox="0 0 {width:.2f} {height:.2f}" '
        f'fill="currentColor">'
        f"<title>{escape(title)}</title>{pen.definitions()}{inner}</svg>"
    )
