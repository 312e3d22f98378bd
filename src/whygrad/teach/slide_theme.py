"""The Typst code of the slides' theme: 16:9, warm paper, one idea a slide."""

from __future__ import annotations

from typing import Final

from whygrad.core.circuit import Circuit
from whygrad.show.circuit import pieces, to_svg
from whygrad.show.typst import quoted
from whygrad.teach.plots import Plot, Points
from whygrad.teach.typst_page import LIBRARY
from whygrad.teach.words import Words

PLOT: Final = """\
// A function (whole line) and its derivative (dashed), from points; `size` is the length of the axes.
#let plot(low, high, curve-pieces, slope-pieces, peak, size: (19cm, 8.4cm)) = {
  let (w, h) = size
  let pen = calc.max(1.2pt, w / 19cm * 2.4pt)
  let lo = calc.min(low, 0)
  let hi = calc.max(high, 1)
  let x(v) = (v + 6) / 12 * w
  let y(v) = h - (v - lo) / (hi - lo) * h
  let line(points, ..look) = place(top + left, curve(
    ..look, curve.move((x(points.at(0).at(0)), y(points.at(0).at(1)))),
    ..points.slice(1).map(p => curve.line((x(p.at(0)), y(p.at(1))))),
  ))
  let label(dx, dy, body) = place(top + left, dx: dx, dy: dy, text(size: 0.62em, fill: quiet, body))
  box(width: w, height: h + 1.2em, {
    for v in (hi, (hi + lo) / 2) {
      line(((-6, v), (6, v)), stroke: (paint: hair, thickness: 0.6pt))
    }
    line(((-6, 0), (6, 0)), stroke: 0.8pt + quiet)
    line(((0, lo), (0, hi)), stroke: 0.8pt + quiet)
    for v in (-6, -3, 3, 6) { label(x(v) - 0.5em, y(0) + 0.35em, [#v]) }
    for v in (hi, (hi + lo) / 2) {
      place(top + left, dx: -4.4em, dy: y(v) - 0.35em, box(width: 4em, align(right,
        text(size: 0.62em, fill: quiet)[#calc.round(v, digits: 2)])))
    }
    for piece in curve-pieces { line(piece, stroke: (paint: accent, thickness: pen, join: "round")) }
    for piece in slope-pieces {
      line(piece, stroke: (paint: fresh, thickness: pen, dash: (3 * pen, 1.7 * pen), join: "round"))
    }
    let (a, b) = peak
    place(top + left, dx: x(a) - 1.45 * pen, dy: y(b) - 1.45 * pen, circle(radius: 1.45 * pen, fill: fresh))
  })
}
#let plot-names(name, slope) = stack(dir: ltr, spacing: 2em,
  [#box(baseline: -0.25em, curve(stroke: 2.4pt + accent,
    curve.move((0pt, 0pt)), curve.line((1.6em, 0pt)))) #h(0.3em) #name],
  [#box(baseline: -0.25em, curve(stroke: (paint: fresh, thickness: 2.4pt, dash: (7pt, 4pt)),
    curve.move((0pt, 0pt)), curve.line((1.6em, 0pt)))) #h(0.3em) #slope])
"""

SLIDES: Final = (
    LIBRARY
    + PLOT
    + """\
#let margins = (x: 1.7cm, top: 1.25cm, bottom: 1.15cm)
#let room = (width: 33.867cm - 2 * margins.x, height: 19.05cm - margins.top - margins.bottom)
#set page(width: 33.867cm, height: 19.05cm, margin: margins, fill: paper)
#set text(font: "Libertinus Serif", size: 28pt, fill: ink, number-type: "lining")
#show math.equation: set text(size: 1.02em)
#show raw: set text(font: "DejaVu Sans Mono", size: 0.8em)
#set par(leading: 0.55em)
#let slide-number = counter("slide")
// One page. `note` is what the speaker sees; `step` counts what is uncovered on the same slide.
#let page-of(id, title, body, note: "", step: 0, measured: false) = {
  pagebreak(weak: true)
  if step == 0 { slide-number.step() }
  context {
    let label = slide-number.get().first()
    [#metadata((page: here().page(), slide: id, label: label, overlay: step, note: note))<told>]
  }
  place(bottom + left, dy: 0.55cm, text(size: 0.55em, fill: quiet, running))
  place(bottom + right, dy: 0.55cm, context text(size: 0.55em, fill: quiet, slide-number.display()))
  let head = if title != none {
    text(size: 1.22em, title)
    v(0.5em, weak: true)
    curve(stroke: 0.9pt + hair, curve.move((0pt, 0pt)), curve.line((room.width, 0pt)))
  }
  grid(columns: 1fr, rows: (auto, 1fr), row-gutter: 1.1em, head, if measured { body } else {
    layout(size => {
      let tall = measure(width: size.width, body).height
      if tall > size.height { [#metadata((id: id, high: (tall - size.height).pt()))<told>] }
      block(width: size.width, height: size.height, body)
    })
  })
}
// A slide of a teacher's own: any content under a heading.
#let slide(title, body, note: "") = page-of("own", title, body, note: note)
#let row(id, left: none, ways: () => (), because: [], note: "") = (
  id: id, left: left, ways: ways, because: because, note: note)
#let because-width = 8.4cm
// A line with its reason beside it, or below where it needs the whole width.
#let shown(row, left-width, width, now) = {
  let paint = if now { ink } else { quiet }
  let ways = (row.ways)(if now { mark } else { same })
  let because = text(size: 0.68em, style: "italic", fill: if now { fresh } else { quiet }, row.because)
  let side = width - because-width - 1em.to-absolute()
  let beside = fitted(ways, side, left: row.left, left-width: left-width, least: 0.9)
  if beside != none {
    block(width: width, grid(columns: (1fr, because-width), column-gutter: 1em, align: left + horizon,
      text(fill: paint, beside), because))
  } else {
    block(width: width, stack(spacing: 0.5em,
      text(fill: paint, fit-in(row.id, ways, width, left: row.left, left-width: left-width, least: 0.6)),
      pad(left: left-width + 1.6em, because)))
  }
}
// The lines of a stage, uncovered one by one; when the board is full the oldest lines go, the first stays.
#let steps(id, title, rows, given: none, from: 0, to: none) = {
  let end = if to == none { rows.len() } else { to }
  for k in range(from, end) {
    page-of(id, title, note: rows.at(k).note, step: k, measured: true, grid(
      columns: 1fr, rows: (auto, 1fr), row-gutter: if given == none { 0pt } else { 1.35em },
      if given != none { text(size: 0.82em, fill: quiet, given) },
      layout(size => {
        let left-width = calc.max(0pt, ..rows.filter(r => r.left != none).map(r => measure(r.left).width))
        let gap = 1.1em.to-absolute()
        let room = size.height
        let first = k
        // The oldest line that is left says what it is equal to.
        let headed(n) = {
          let what = rows.slice(0, n + 1).filter(r => r.left != none)
          if what.len() == 0 { rows.at(n) } else { (..rows.at(n), left: what.last().left) }
        }
        let set-line(row, n) = shown(row, left-width, size.width, n == k)
        // The newest line must stand; older ones as long as there is room.
        for n in range(k, -1, step: -1) {
          let high = measure(set-line(headed(n), n)).height
          if n == k and high > room { [#metadata((id: rows.at(n).id, high: (high - room).pt()))<told>] }
          if n < k and high > room { break }
          first = n
          room -= measure(set-line(rows.at(n), n)).height + gap
        }
        stack(spacing: gap, set-line(headed(first), first),
          ..range(first + 1, k + 1).map(n => set-line(rows.at(n), n)))
      }),
    ))
  }
}
#let result(body) = align(center, block(fill: raised, stroke: 0.8pt + hair, radius: 6pt,
  inset: (x: 1.6em, y: 1em), body))
// A body in the first letter size whose height fits; for a page that is `measured`.
#let largest(id, sizes, body) = layout(room => {
  let tall = 0pt
  for size in sizes {
    let made = text(size: size, body)
    tall = measure(block(width: room.width, made)).height
    if tall <= room.height { return block(width: room.width, height: room.height, made) }
  }
  [#metadata((id: id, high: (tall - room.height).pt()))<told>]
  block(width: room.width, text(size: sizes.last(), body))
})
#let title-page(title, aside, goal, note: "") = page-of("title", none, note: note, align(center + horizon, {
  text(size: 2.1em, par(leading: 0.35em, title))
  v(0.8em, weak: true)
  text(fill: quiet, aside)
  v(1.6em, weak: true)
  text(size: 1.25em, goal)
}))
"""
)
"""Everything before the first slide; ``running`` (the foot of each page) is defined before it."""


def _points(pieces: tuple[Points, ...]) -> str:
    return "(" + "".join("(" + "".join(f"({x:g},{y:g})," for x, y in piece) + ")," for piece in pieces) + ")"


def curves(made: Plot, size: str = "") -> str:
    """A call of the theme's ``plot``."""
    more = f", size: {size}" if size else ""
    a, b = made.steepest
    pieces = f"{_points(made.curve)}, {_points(made.slope)}"
    return f"plot({made.low:g}, {made.high:g}, {pieces}, ({a:g}, {b:g}){more})"


def circuits(
    circuit: Circuit, room: tuple[float, float], smallest: float, words: Words, whole: float = 0.0
) -> list[str]:
    """A circuit as pictures in Typst code, as large as there is room.

    Parameters
    ----------
    circuit
        What is drawn.
    room
        Width and height in points.
    smallest
        Where it must shrink to less than this it cannot be read, and there is none.
    words
        In which language.
    whole
        Where it must shrink to less than this for one page, it takes several.
    """
    made, scale = pieces(circuit, room, whole=whole, words=words)
    if scale < smallest:
        return []
    return [
        f'image(bytes({quoted(to_svg(one))}), format: "svg", width: {min(scale, 1.25) * one.width:.1f}pt)'
        for one in made
    ]
