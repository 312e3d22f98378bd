"""A circuit as one SVG: cards for gates, values above the wires, gradients below them.

In the manner of the notes of CS231n ("Backpropagation, Intuitions"): a card holds the operation and, at each
port, the local derivative by that input; on the wire that leaves it stand its value and, below, the gradient
that comes back, as the product of the chain rule and its result. A wide circuit goes on in a band below,
where a dashed card is what the bands above have worked out. All letters are outlines, so every label's
size is known before it is placed. The drawing follows the viewer's light or dark scheme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from whygrad.core.circuit import Circuit
from whygrad.core.expr import Expr, Symbol
from whygrad.show.breaking import break_box
from whygrad.show.circuit_bands import WIDEST, bands
from whygrad.show.circuit_gate import TEXT, Hand, Shape, copy_of, equation, says, shape_of, shifted
from whygrad.show.circuit_layout import Link, Placed, arrange
from whygrad.show.circuit_paper import Card, Label, Picture, Stroke, to_svg
from whygrad.show.circuit_words import CIRCUIT_WORDS
from whygrad.show.svg_math import Drawn, beside, set_box, set_words, stack
from whygrad.show.text import to_text

__all__ = ["Picture", "circuit_svg", "picture", "pieces", "step_numbers", "to_svg"]

_MARGIN: Final = 28.0
_BETWEEN: Final = 44.0
"""From one band to the next."""
_NARROWER: Final = (1200.0, 950.0, 750.0)
"""Other widths of bands, tried where a page is to be filled."""
_LEAST_WIDTH: Final = 900.0


def circuit_svg(
    circuit: Circuit,
    *,
    steps: bool = False,
    upto: int | None = None,
    widest: float = WIDEST,
    words: Mapping[str, str] = CIRCUIT_WORDS,
) -> str:
    """Draw a circuit.

    Parameters
    ----------
    circuit
        From :func:`whygrad.engine.circuit_graph.circuit`.
    steps
        Number the steps of both passes and list them below.
    upto
        Show only the first so many steps (the place of everything stays): the frames of a film.
    widest
        A circuit wider than this goes on in a band below.
    words
        The table of words of a language.

    Returns
    -------
    str
        A self-contained SVG; it needs no font and no script.
    """
    return to_svg(picture(circuit, steps=steps, widest=widest, words=words), upto=upto)


def picture(
    circuit: Circuit, *, steps: bool = False, widest: float = WIDEST, words: Mapping[str, str] = CIRCUIT_WORDS
) -> Picture:
    """Place everything."""
    numbers = step_numbers(circuit)
    made = {node.name: shape_of(node, circuit, numbers, steps, words) for node in circuit.nodes}
    out = _blank(circuit, words)
    title = set_words(out.title)
    out.labels.append(Label(title, _MARGIN, 20.0, 22.0, "title", out.title))
    level = _legend(out, circuit, words, 20.0 + 22 * title.height + 9)
    split = _bands(circuit, made, widest)
    level, width = _graph(out, circuit, made, split, range(len(split)), level)
    panels = (_results(circuit, words), *(_passes(circuit, numbers, words) if steps else ()))
    bottom = _put_panels(out, panels, level + 26, max(width, _LEAST_WIDTH))
    _close(out, width, bottom - 8)
    return out


def pieces(
    circuit: Circuit,
    room: tuple[float, float],
    *,
    whole: float = 0.0,
    words: Mapping[str, str] = CIRCUIT_WORDS,
) -> tuple[list[Picture], float]:
    """Draw the gates and wires alone, as large as a page lets them be.

    Parameters
    ----------
    circuit
        From :func:`whygrad.engine.circuit_graph.circuit`.
    room
        Width and height of the page.
    whole
        Where it must shrink to less than this to fit one page, it takes several.
    words
        The table of words of a language.

    Returns
    -------
    tuple[list[Picture], float]
        The pictures in order, and the scale at which each of them fits.
    """
    numbers = step_numbers(circuit)
    made = {node.name: shape_of(node, circuit, numbers, False, words) for node in circuit.nodes}
    splits = dict.fromkeys(tuple(map(tuple, _bands(circuit, made, w))) for w in (WIDEST, *_NARROWER))

    def drawn(split: Sequence[Sequence[str]], which: Sequence[int]) -> Picture:
        out = _blank(circuit, words)
        level, width = _graph(out, circuit, made, split, which, _legend(out, circuit, words, 8.0))
        _close(out, width, level)
        return out

    def scale(one: Picture) -> float:
        return min(room[0] / one.width, room[1] / one.height)

    def packed(split: Sequence[Sequence[str]]) -> list[Picture]:
        """As few pictures as will do: bands are put on one as long as it need not shrink too much."""
        found: list[Picture] = []
        first = 0
        for k in range(len(split)):
            more = drawn(split, range(first, k + 1))
            if found and first < k and scale(more) >= whole:
                found[-1] = more
            else:
                first = k
                found.append(drawn(split, [k]))
        return found

    best = max((drawn(split, range(len(split))) for split in splits), key=scale)
    if scale(best) >= whole:
        return [best], scale(best)
    ways = [(made, min(map(scale, made))) for made in map(packed, splits)]
    # Few pictures among those that are large enough; where none is, the largest.
    return min(ways, key=lambda way: (way[1] < whole, len(way[0]) if way[1] >= whole else -way[1], -way[1]))


def _blank(circuit: Circuit, words: Mapping[str, str]) -> Picture:
    title = circuit.title or to_text(circuit.goal_name, circuit.scope)
    return Picture(title, words["circuit"].format(title=title), steps=len(step_numbers(circuit)))


def _close(out: Picture, width: float, bottom: float) -> None:
    right = max((label.box[2] for label in out.labels), default=0.0)
    out.width, out.height = max(width + _MARGIN, right) + _MARGIN, bottom + _MARGIN


def _graph(
    out: Picture, circuit: Circuit, made: Mapping[str, Shape], split: Sequence[Sequence[str]],
    which: Sequence[int], level: float,
) -> tuple[float, float]:  # fmt: skip
    """Draw some of the bands below one another; where they end, and the width of the widest."""
    again: frozenset[str] = frozenset()
    width = 0.0
    for k, band in enumerate(split):
        shapes, links = _band(circuit, made, band, again)
        again |= {shape.node.name for shape in shapes.values()}
        if k not in which:
            continue
        level += _BETWEEN if width else 0.0
        placed = arrange([shape.block for shape in shapes.values()], links)
        _draw_nodes(out, shapes, placed, level, _leaving(circuit, band))
        for link, points in zip(links, placed.wires, strict=True):
            moved = tuple((x + _MARGIN, y + level) for x, y in points)
            role = "data" if shapes[link.source].node.gradient is None else "wire"
            out.strokes.append(Stroke(moved, role, True))
        level, width = level + placed.height, max(width, placed.width)
    return level, width


def step_numbers(circuit: Circuit) -> dict[tuple[str, str], int]:
    """The number of each step: ("forward", z), ..., then ("backward", f), ... from the root."""
    forward = [("forward", n.name) for n in circuit.nodes if n.operation is not None]
    backward = [("backward", n.name) for n in circuit.backward]
    return {key: k for k, key in enumerate((*forward, *backward), start=1)}


def _bands(circuit: Circuit, made: Mapping[str, Shape], widest: float) -> list[list[str]]:
    """The gates of each band, from the top."""
    gates = [node.name for node in circuit.nodes if node.operation is not None]
    sources = {gate: [wire.source for wire in circuit.into(gate)] for gate in gates}
    return bands(gates, sources, {name: shape.block.width for name, shape in made.items()}, widest)


def _band(
    circuit: Circuit, made: Mapping[str, Shape], band: Sequence[str], again: frozenset[str]
) -> tuple[dict[str, Shape], list[Link]]:
    """What stands in a band: its gates, their inputs, and copies of what a band above it has already."""
    shapes: dict[str, Shape] = {}
    links: list[Link] = []
    for gate in band:
        for wire in circuit.into(gate):
            source = circuit.node(wire.source)
            # A constant stands at each gate that uses it, so that no wire runs far.
            key = f"{source.name} at {gate}" if source.kind == "const" else source.name
            if key not in shapes:
                shape = copy_of(source, circuit) if source.name in again else made[source.name]
                shapes[key] = _named(shape, key)
            links.append(Link(key, gate, made[gate].ports[source.name]))
        shapes[gate] = made[gate]
    return shapes, links


def _leaving(circuit: Circuit, band: Sequence[str]) -> frozenset[str]:
    """The gates of a band whose wires go on in a later one only."""
    here = {wire.source for gate in band for wire in circuit.into(gate)}
    used = {wire.source for wire in circuit.wires}
    return frozenset(gate for gate in band if gate in used - here)


def _named(shape: Shape, name: str) -> Shape:
    return replace(shape, block=replace(shape.block, name=name))


def _draw_nodes(
    out: Picture, shapes: Mapping[str, Shape], placed: Placed, top: float, leaving: frozenset[str]
) -> None:
    for key, shape in shapes.items():
        node = shape.node
        x, y = placed.corners[key]
        x, y = x + _MARGIN, y + top
        cx, cy, width, height = shape.card
        out.cards.append(Card(x + cx, y + cy, width, height, "again" if shape.again else node.kind))
        if shape.tint is not None:
            tx, ty, tw, th = shape.tint
            step = max(label.step for label in shape.labels if label.role == "once")
            out.tints.append(Card(x + tx, y + ty, tw, th, "once", step))
        start, level = shape.stub
        end = x + shape.block.width
        if end > x + start:
            role = "data" if node.gradient is None else "wire"
            out.strokes.append(
                Stroke(((x + start, y + level), (end, y + level)), role, False, key in leaving)
            )
        out.labels.extend(shifted(label, x, y) for label in shape.labels)


# --- heading and panels -------------------------------------------------------------------------


def _legend(out: Picture, circuit: Circuit, words: Mapping[str, str], y: float) -> float:
    """What the colours mean, and the point; where the drawing begins."""
    x = _MARGIN
    parts: list[tuple[Drawn, str, str]] = [
        (set_words(words["forward"]), "forward", words["forward"]),
        (set_words(words["backward"]), "backward", words["backward"]),
        (set_words(words["local"]), "local", words["local"]),
    ]
    if circuit.at:
        values = ", ".join(f"{to_text(Symbol(name))} = {value}" for name, value in circuit.at)
        from_words = words["at"].format(values=values)
        parts.append((set_words(from_words), "quiet", from_words))
    tall = max(drawn.above for drawn, _, _ in parts)
    for drawn, role, said in parts:
        out.labels.append(Label(drawn, x, y + 14 * (tall - drawn.above), 14.0, role, said))
        x += 14 * drawn.width + 26
    return y + 14 + 30


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    lines: tuple[tuple[Drawn, str, str, int], ...]


def _results(circuit: Circuit, words: Mapping[str, str]) -> _Panel:
    """The cost of the root, and the gradient of the cost by each parameter."""
    hand = Hand(circuit.scope)
    lines: list[tuple[Drawn, str, str, int]] = []
    if circuit.root.name != circuit.goal_name.name:
        lines.append(
            (
                equation(hand, circuit.goal_name, circuit.goal),
                "forward",
                says(hand, circuit.goal_name, circuit.goal),
                0,
            )
        )
    for result in circuit.results:
        tail = (result.number,) if result.number else ()
        rows = [set_box(box) for box in break_box(hand.box(result.value))]
        drawn = stack([beside((hand.math(result.left), set_words(" = "), rows[0])),
                       *(beside((set_words("      "), row)) for row in rows[1:])], 0.3)  # fmt: skip
        if tail:
            number = set_words(f" = {result.number}")
            drawn = stack([drawn, number], 0.3) if len(rows) > 1 else beside((drawn, number))
        elif result.matrix is not None and result.matrix_left is not None and len(rows) == 1:
            matrix = equation(hand, result.matrix_left, result.matrix)
            if drawn.width + matrix.width < 60:
                drawn = beside((drawn, set_words("      "), matrix))
        lines.append((drawn, "backward", says(hand, result.left, result.value, *tail), 0))
    return _Panel(words["result"], tuple(lines))


def _passes(
    circuit: Circuit, numbers: Mapping[tuple[str, str], int], words: Mapping[str, str]
) -> tuple[_Panel, _Panel]:
    """The steps of both passes, one line each."""
    hand = Hand(circuit.scope)
    forward: list[tuple[Drawn, str, str, int]] = []
    backward: list[tuple[Drawn, str, str, int]] = []
    for (way, name), step in numbers.items():
        node = circuit.node(name)
        if way == "forward":
            assert node.operation is not None
            parts: list[Expr | str] = [node.symbol, node.operation, *([node.value] if node.value else [])]
        else:
            assert node.gradient_left is not None
            assert node.gradient is not None
            chain = [] if node.paths is None or node.paths is node.gradient_left else [node.paths]
            plain = node.slope and node.slope != hand.text(node.gradient)
            parts = [node.gradient_left, *chain, node.gradient, *([node.slope] if plain else [])]
        head, *rest = parts
        assert isinstance(head, Expr)
        drawn = beside((set_words(f"{step}.  "), equation(hand, head, *rest)))
        line = (drawn, way, f"{step}. {says(hand, head, *rest)}", step)
        (forward if way == "forward" else backward).append(line)
    return _Panel(words["forward pass"], tuple(forward)), _Panel(words["backward pass"], tuple(backward))


def _put_panels(out: Picture, panels: Sequence[_Panel], top: float, width: float) -> float:
    """Write panels side by side while there is room, then below; where it all ends."""
    x, y, bottom = _MARGIN, top, top
    for panel in panels:
        wide = max((TEXT * drawn.width for drawn, *_ in panel.lines), default=0.0) + 12
        if x > _MARGIN and x + wide > _MARGIN + width:
            x, y = _MARGIN, bottom + 12
        title = set_words(panel.title)
        out.labels.append(Label(title, x, y, TEXT, "title", panel.title))
        level = y + TEXT * title.height + 8
        for drawn, role, said, step in panel.lines:
            label = Label(drawn, x + 12, level, TEXT, role, said, step)
            out.labels.append(label)
            level = label.box[3] + 7
        x, bottom = x + wide + 56, max(bottom, level)
    return bottom
