"""A circuit as one SVG: cards for gates, values above the wires, gradients below them.

In the manner of the notes of CS231n ("Backpropagation, Intuitions"): a card holds the operation and, at each
port, the local derivative by that input; on the wire that leaves it stand its value and, below, the gradient
that comes back, as the product of the chain rule and its result. All letters are outlines, so every label's
size is known before it is placed. The drawing follows the viewer's light or dark scheme.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final

from whygrad.core.circuit import Circuit, Node, Wire
from whygrad.core.cost import Scope
from whygrad.core.expr import Expr, Partial
from whygrad.show.breaking import break_box
from whygrad.show.circuit_layout import Block, Link, Placed, arrange
from whygrad.show.circuit_words import CIRCUIT_WORDS
from whygrad.show.layout import layout
from whygrad.show.svg_math import Drawn, Pen, beside, set_box, set_math, set_words, stack
from whygrad.show.text import to_text
from whygrad.show.theme import DARK, LIGHT, Palette

_TEXT: Final = 15.0
_HEAD: Final = 18.0
_SMALL: Final = 12.5
_PAD: Final = 10.0
_MARGIN: Final = 28.0
_WIDEST: Final = 21.0
"""A gradient wider than so many em is left to its number or to the list of steps."""
_CROWDED: Final = 8.0
"""The same for a gate that the cost does not name, where the number says it."""
_LEAST_WIDTH: Final = 900.0
_EQUALS: Final = "="


@dataclass(frozen=True, slots=True)
class Label:
    """Something written: where (top left), how large, and in which colour."""

    drawn: Drawn
    x: float
    y: float
    size: float
    role: str
    says: str
    step: int = 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x, self.y, self.x + self.size * self.drawn.width, self.y + self.size * self.drawn.height


@dataclass(frozen=True, slots=True)
class Card:
    """The frame of a gate or an input."""

    x: float
    y: float
    width: float
    height: float
    role: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A wire, or the stub that carries its labels."""

    points: tuple[tuple[float, float], ...]
    role: str
    curved: bool


@dataclass(slots=True)
class Picture:
    """Everything placed; :func:`to_svg` writes it down."""

    title: str
    says: str
    width: float = 0.0
    height: float = 0.0
    labels: list[Label] = field(default_factory=list[Label])
    cards: list[Card] = field(default_factory=list[Card])
    tints: list[Card] = field(default_factory=list[Card])
    strokes: list[Stroke] = field(default_factory=list[Stroke])
    steps: int = 0


def circuit_svg(
    circuit: Circuit,
    *,
    steps: bool = False,
    upto: int | None = None,
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
    words
        The table of words of a language.

    Returns
    -------
    str
        A self-contained SVG; it needs no font and no script.
    """
    return to_svg(picture(circuit, steps=steps, words=words), upto=upto)


def picture(circuit: Circuit, *, steps: bool = False, words: Mapping[str, str] = CIRCUIT_WORDS) -> Picture:
    """Place everything."""
    title = circuit.title or to_text(circuit.goal_name, circuit.scope)
    out = Picture(title, words["circuit"].format(title=title))
    numbers = step_numbers(circuit)
    out.steps = len(numbers)
    shapes: dict[str, _Shape] = {}
    for node in circuit.nodes:
        made = _shape(node, circuit, numbers, steps, words)
        shapes |= {key: _named(made, key) for key in _copies(node, circuit)}
    blocks = [shape.block for shape in shapes.values()]
    links = [
        Link(_copy(circuit.node(w.source), w.target), w.target, shapes[w.target].ports[w.source])
        for n in circuit.nodes
        for w in circuit.into(n.name)
    ]
    placed = arrange(blocks, links)
    top = _heading(out, circuit, words)
    _draw_nodes(out, shapes, placed, top)
    for link, points in zip(links, placed.wires, strict=True):
        moved = tuple((x + _MARGIN, y + top) for x, y in points)
        role = "data" if shapes[link.source].node.gradient is None else "wire"
        out.strokes.append(Stroke(moved, role, True))
    panels = (_results(circuit, words), *(_passes(circuit, numbers, words) if steps else ()))
    bottom = _put_panels(out, panels, top + placed.height + 26, max(placed.width, _LEAST_WIDTH))
    right = max((label.box[2] for label in out.labels), default=0.0)
    out.width, out.height = max(placed.width + _MARGIN, right) + _MARGIN, bottom + _MARGIN - 8
    return out


def step_numbers(circuit: Circuit) -> dict[tuple[str, str], int]:
    """The number of each step: ("forward", z), ..., then ("backward", f), ... from the root."""
    forward = [("forward", n.name) for n in circuit.nodes if n.operation is not None]
    backward = [("backward", n.name) for n in circuit.backward]
    return {key: k for k, key in enumerate((*forward, *backward), start=1)}


# --- one node ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """A node with the room its parts need, relative to its top left corner."""

    node: Node
    block: Block
    card: tuple[float, float, float, float]
    labels: tuple[Label, ...]
    ports: Mapping[str, float]
    stub: tuple[float, float]
    tint: tuple[float, float, float, float] | None


def _equation(scope: Scope, left: Expr, *rights: Expr | str) -> Drawn:
    parts = [set_math(left, scope)]
    for right in rights:
        parts.append(set_words(f" {_EQUALS} "))
        parts.append(_number(right) if isinstance(right, str) else set_math(right, scope))
    return beside(parts)


def _number(text: str) -> Drawn:
    return set_words(text)


def _says(scope: Scope, left: Expr, *rights: Expr | str) -> str:
    parts = [to_text(left, scope), *(r if isinstance(r, str) else to_text(r, scope) for r in rights)]
    return " = ".join(parts)


def _shape(
    node: Node,
    circuit: Circuit,
    numbers: Mapping[tuple[str, str], int],
    steps: bool,
    words: Mapping[str, str],
) -> _Shape:
    labels: list[Label] = []
    card_labels, width, height, ports = _inside(node, circuit)
    above, below, tint_rows = _outside(node, circuit, numbers, steps, words)
    reach = max((label.size * label.drawn.width for label in (*above, *below)), default=0.0)
    stub = reach + 2 * _PAD if above or below else 0.0
    rise = sum(label.size * label.drawn.height + 3 for label in above)
    fall = sum(label.size * label.drawn.height + 5 for label in below)
    outlet = max(height / 2, rise + 4)
    card_top = outlet - height / 2
    total = max(card_top + height, outlet + 5 + fall)
    labels.extend(_shifted(label, 0.0, card_top) for label in card_labels)
    left = width + _PAD
    y = outlet - 4 - rise
    for label in above:
        labels.append(_shifted(label, left, y))
        y += label.size * label.drawn.height + 3
    y = outlet + 7
    tint: tuple[float, float, float, float] | None = None
    for k, label in enumerate(below):
        labels.append(_shifted(label, left, y))
        y += label.size * label.drawn.height + 5
        if tint_rows and k + 1 == tint_rows:
            tint = (left - 5, outlet + 3, reach + 10, y - outlet - 5)
    block = Block(node.name, width + stub, total, outlet)
    placed_ports = {name: card_top + port for name, port in ports.items()}
    return _Shape(
        node, block, (0.0, card_top, width, height), tuple(labels), placed_ports, (width, outlet), tint
    )


def _shifted(label: Label, dx: float, dy: float) -> Label:
    return Label(label.drawn, label.x + dx, label.y + dy, label.size, label.role, label.says, label.step)


def _inside(node: Node, circuit: Circuit) -> tuple[list[Label], float, float, dict[str, float]]:
    """What stands in the card: the operation, and a row for each port."""
    scope = circuit.scope
    if node.operation is None:
        drawn = set_math(node.symbol, scope)
        width = max(34.0, _HEAD * drawn.width + 2 * _PAD)
        height = max(30.0, _HEAD * drawn.height + 12)
        x, y = (width - _HEAD * drawn.width) / 2, (height - _HEAD * drawn.height) / 2
        return [Label(drawn, x, y, _HEAD, "ink", to_text(node.symbol, scope))], width, height, {}
    head = _broken(node.operation, scope)
    labels: list[Label] = []
    rows: list[tuple[Wire, Drawn, str, str]] = []
    for wire in circuit.into(node.name):
        if wire.left is None or wire.local is None:
            symbol = circuit.node(wire.source).symbol
            rows.append((wire, set_math(symbol, scope), "quiet", to_text(symbol, scope)))
        else:
            drawn, said = _local(wire.shown or wire.left, wire.local, wire.local_value, scope)
            rows.append((wire, drawn, "local", said))
    inner = max(_HEAD * head.width, *(_TEXT * drawn.width for _, drawn, _, _ in rows))
    width = inner + 2 * _PAD + 4
    labels.append(
        Label(head, (width - _HEAD * head.width) / 2, 9.0, _HEAD, "ink", to_text(node.operation, scope))
    )
    y = 9.0 + _HEAD * head.height + 14
    ports: dict[str, float] = {}
    for wire, drawn, role, said in rows:
        height = max(_TEXT * drawn.height, 14.0)
        labels.append(Label(drawn, _PAD + 2, y + (height - _TEXT * drawn.height) / 2, _TEXT, role, said))
        ports[wire.source] = y + height / 2
        y += height + 7
    return labels, width, y + 2, ports


def _broken(e: Expr, scope: Scope) -> Drawn:
    return stack([set_box(box) for box in break_box(layout(e, scope))], 0.3)


def _local(left: Partial, local: Expr, value: str, scope: Scope) -> tuple[Drawn, str]:
    tail = (value,) if value and to_text(local, scope) != value else ()
    return _equation(scope, left, local, *tail), _says(scope, left, local, *tail)


def _outside(
    node: Node,
    circuit: Circuit,
    numbers: Mapping[tuple[str, str], int],
    steps: bool,
    words: Mapping[str, str],
) -> tuple[list[Label], list[Label], int]:
    """What stands at the wire that leaves: above it the value, below it the gradient; tinted rows."""
    scope = circuit.scope
    above: list[Label] = []
    forward = numbers.get(("forward", node.name), 0)
    value = (node.value,) if node.value else ()
    if node.operation is not None:
        drawn, said = _equation(scope, node.symbol, *value), _says(scope, node.symbol, *value)
        above.append(_at_wire(drawn, "forward", said, forward, steps))
    elif value:
        above.append(Label(_number(node.value), 0, 0, _TEXT, "forward", node.value))
    if node.gradient is None or node.gradient_left is None:
        return above, [], 0
    step = numbers["backward", node.name]
    below = [_at_wire(drawn, "backward", said, step, steps and not k)
             for k, (drawn, said) in enumerate(_gradient_lines(node, scope, circuit.aside))]  # fmt: skip
    tinted = 0
    if node.once_for:
        tinted = len(below) + 1
        below.append(_once(node, scope, step, words))
    return above, below, tinted


def _at_wire(drawn: Drawn, role: str, said: str, step: int, numbered: bool) -> Label:
    if role == "backward" and step and not said.startswith("= "):
        drawn = beside((set_words("← "), drawn))
    if numbered:
        drawn = beside((set_words(f"{step}. ").scaled(0.85), drawn))
    return Label(drawn, 0, 0, _TEXT, role, said, step)


def _gradient_lines(node: Node, scope: Scope, aside: frozenset[str]) -> list[tuple[Drawn, str]]:
    """The gradient: the chain rule on the first line, what comes of it below."""
    left, paths, found = node.gradient_left, node.paths, node.gradient
    assert left is not None
    assert found is not None
    slope = (node.slope,) if node.slope and to_text(found, scope) != node.slope else ()
    result = _equation(scope, found, *slope)
    first = [left] if paths is None or paths is left else [left, paths]
    if result.width > (_CROWDED if node.name in aside else _WIDEST):
        if node.slope:
            result = _number(node.slope)
        else:
            lines = [_equation(scope, *first)]
            return [(lines[0], _says(scope, *first, found))]
    if len(first) == 1:
        return [
            (
                beside((_equation(scope, left), set_words(f" {_EQUALS} "), result)),
                _says(scope, left, found, *slope),
            )
        ]
    whole = _equation(scope, *first)
    second = beside((set_words(f"{_EQUALS} "), result))
    if whole.width + second.width < 13:
        return [(beside((whole, set_words(" "), second)), _says(scope, *first, found, *slope))]
    return [(whole, _says(scope, *first)), (second, "= " + _says(scope, found, *slope))]


def _once(node: Node, scope: Scope, step: int, words: Mapping[str, str]) -> Label:
    before, _, after = words["once"].partition("{names}")
    parts = [set_words(before)]
    for k, symbol in enumerate(node.once_for):
        last = k == len(node.once_for) - 1
        parts.append(set_words("" if not k else words["and"] if last else ", "))
        parts.append(set_math(symbol, scope))
    names = [to_text(s, scope) for s in node.once_for]
    said = words["once"].format(names=words["and"].join(filter(None, (", ".join(names[:-1]), names[-1]))))
    return Label(beside((*parts, set_words(after))), 0, 0, _SMALL, "once", said, step)


def _copy(node: Node, target: str) -> str:
    """The block that a wire leaves: a constant stands at each gate that uses it, so that no wire runs far."""
    return f"{node.name} at {target}" if node.kind == "const" else node.name


def _copies(node: Node, circuit: Circuit) -> list[str]:
    """The blocks a node is drawn as."""
    if node.kind != "const":
        return [node.name]
    return [_copy(node, w.target) for w in circuit.wires if w.source == node.name]


def _named(shape: _Shape, name: str) -> _Shape:
    return replace(shape, block=replace(shape.block, name=name))


def _draw_nodes(out: Picture, shapes: Mapping[str, _Shape], placed: Placed, top: float) -> None:
    for key, shape in shapes.items():
        node = shape.node
        x, y = placed.corners[key]
        x, y = x + _MARGIN, y + top
        cx, cy, width, height = shape.card
        out.cards.append(Card(x + cx, y + cy, width, height, node.kind))
        if shape.tint is not None:
            tx, ty, tw, th = shape.tint
            out.tints.append(Card(x + tx, y + ty, tw, th, "once"))
        start, level = shape.stub
        end = x + shape.block.width
        if end > x + start:
            role = "data" if node.gradient is None else "wire"
            out.strokes.append(Stroke(((x + start, y + level), (end, y + level)), role, False))
        out.labels.extend(_shifted(label, x, y) for label in shape.labels)


# --- heading and panels -------------------------------------------------------------------------


def _heading(out: Picture, circuit: Circuit, words: Mapping[str, str]) -> float:
    title = set_words(out.title)
    out.labels.append(Label(title, _MARGIN, 20.0, 22.0, "title", out.title))
    y = 20.0 + 22 * title.height + 9
    x = _MARGIN
    parts: list[tuple[Drawn, str, str]] = [
        (set_words(words["forward"]), "forward", words["forward"]),
        (set_words(words["backward"]), "backward", words["backward"]),
        (set_words(words["local"]), "local", words["local"]),
    ]
    if circuit.at:
        from_words = words["at"].format(values=", ".join(f"{n} = {v}" for n, v in circuit.at))
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
    scope = circuit.scope
    lines: list[tuple[Drawn, str, str, int]] = []
    if circuit.root.name != circuit.goal_name.name:
        lines.append(
            (
                _equation(scope, circuit.goal_name, circuit.goal),
                "forward",
                _says(scope, circuit.goal_name, circuit.goal),
                0,
            )
        )
    for result in circuit.results:
        tail = (result.number,) if result.number else ()
        rows = [set_box(box) for box in break_box(layout(result.value, scope))]
        drawn = stack([beside((set_math(result.left, scope), set_words(" = "), rows[0])),
                       *(beside((set_words("      "), row)) for row in rows[1:])], 0.3)  # fmt: skip
        if tail:
            number = set_words(f" = {result.number}")
            drawn = stack([drawn, number], 0.3) if len(rows) > 1 else beside((drawn, number))
        elif result.matrix is not None and result.matrix_left is not None and len(rows) == 1:
            matrix = _equation(scope, result.matrix_left, result.matrix)
            if drawn.width + matrix.width < 60:
                drawn = beside((drawn, set_words("      "), matrix))
        lines.append((drawn, "backward", _says(scope, result.left, result.value, *tail), 0))
    return _Panel(words["result"], tuple(lines))


def _passes(
    circuit: Circuit, numbers: Mapping[tuple[str, str], int], words: Mapping[str, str]
) -> tuple[_Panel, _Panel]:
    """The steps of both passes, one line each."""
    scope = circuit.scope
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
            plain = node.slope and node.slope != to_text(node.gradient, scope)
            parts = [node.gradient_left, *chain, node.gradient, *([node.slope] if plain else [])]
        head, *rest = parts
        assert isinstance(head, Expr)
        drawn = beside((set_words(f"{step}.  "), _equation(scope, head, *rest)))
        line = (drawn, way, f"{step}. {_says(scope, head, *rest)}", step)
        (forward if way == "forward" else backward).append(line)
    return _Panel(words["forward pass"], tuple(forward)), _Panel(words["backward pass"], tuple(backward))


def _put_panels(out: Picture, panels: Sequence[_Panel], top: float, width: float) -> float:
    """Write panels side by side while there is room, then below; where it all ends."""
    x, y, bottom = _MARGIN, top, top
    for panel in panels:
        wide = max((_TEXT * drawn.width for drawn, *_ in panel.lines), default=0.0) + 12
        if x > _MARGIN and x + wide > _MARGIN + width:
            x, y = _MARGIN, bottom + 12
        title = set_words(panel.title)
        out.labels.append(Label(title, x, y, _TEXT, "title", panel.title))
        level = y + _TEXT * title.height + 8
        for drawn, role, said, step in panel.lines:
            label = Label(drawn, x + 12, level, _TEXT, role, said, step)
            out.labels.append(label)
            level = label.box[3] + 7
        x, bottom = x + wide + 56, max(bottom, level)
    return bottom


# --- writing ------------------------------------------------------------------------------------

_COLOURS: Final = {
    "ink": "ink", "title": "ink", "quiet": "quiet", "local": "accent", "forward": "right",
    "backward": "wrong", "once": "wrong",
}  # fmt: skip


def _scheme(palette: Palette) -> str:
    rules = [f".wg-{role}{{fill:{getattr(palette, colour)}}}" for role, colour in _COLOURS.items()]
    rules += [
        f".wg-paper{{fill:{palette.paper}}}",
        f".wg-card{{fill:{palette.raised};stroke:{palette.rule}}}",
        f".wg-card-param{{fill:{palette.paper};stroke:{palette.accent}}}",
        f".wg-card-data,.wg-card-const{{fill:{palette.paper};stroke:{palette.rule}}}",
        f".wg-card-root{{fill:{palette.raised};stroke:{palette.ink}}}",
        f".wg-tint{{fill:{palette.changed_paper}}}",
        f".wg-wire{{fill:none;stroke:{palette.quiet}}}",
        f".wg-data{{fill:none;stroke:{palette.quiet};stroke-dasharray:2 3}}",
        f".wg-tip{{fill:{palette.quiet}}}",
    ]
    return "".join(rules)


_STYLE: Final = _scheme(LIGHT) + f"@media (prefers-color-scheme:dark){{{_scheme(DARK)}}}"


def to_svg(made: Picture, *, upto: int | None = None) -> str:
    """Write a picture down as SVG."""
    pen = Pen(f"wg{zlib.crc32(repr((made.title, made.width, len(made.labels))).encode()):x}-", {})
    body: list[str] = [f'<rect class="wg-paper" width="{made.width:.1f}" height="{made.height:.1f}" rx="6"/>']
    body.extend(
        f'<rect class="wg-tint" x="{c.x:.1f}" y="{c.y:.1f}" width="{c.width:.1f}" '
        f'height="{c.height:.1f}" rx="5"/>'
        for c in made.tints
    )
    body.extend(_stroke(s) for s in made.strokes)
    body.extend(_card(c) for c in made.cards)
    body.extend(_label(label, pen, upto) for label in made.labels)
    inner = "".join(body)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'width="{made.width:.0f}" height="{made.height:.0f}" '
        f'viewBox="0 0 {made.width:.1f} {made.height:.1f}">'
        f"<title>{escape(made.title)}</title><desc>{escape(_description(made))}</desc>"
        f"<style>{_STYLE}</style>{pen.definitions()}{inner}</svg>\n"
    )


def _description(made: Picture) -> str:
    """The drawing in words, for those who do not see it."""
    said = [label.says for label in made.labels if label.role in ("forward", "backward", "once")]
    return f"{made.says} {'; '.join(said)}."


def _label(label: Label, pen: Pen, upto: int | None) -> str:
    hidden = ' visibility="hidden"' if upto is not None and label.step > upto else ""
    step = f' data-step="{label.step}"' if label.step else ""
    shapes = pen.place(label.drawn, label.x, label.y + label.size * label.drawn.above, label.size)
    return f'<g class="wg-{label.role}"{step}{hidden}><title>{escape(label.says)}</title>{shapes}</g>'


def _card(card: Card) -> str:
    round_ = 15.0 if card.role in ("param", "data", "const") else 7.0
    return (
        f'<rect class="wg-card wg-card-{card.role}" x="{card.x:.1f}" y="{card.y:.1f}" '
        f'width="{card.width:.1f}" height="{card.height:.1f}" rx="{round_}"/>'
    )


def _stroke(stroke: Stroke) -> str:
    points = stroke.points
    if not stroke.curved:
        (x, y), (end, _) = points
        return f'<path class="wg-{stroke.role}" d="M{x:.1f} {y:.1f}H{end:.1f}"/>'
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for k in range(1, len(points), 2):
        path.append(curve(points[k - 1], points[k]))
        if k + 1 < len(points):
            path.append(f"H{points[k + 1][0]:.1f}")
    x, y = points[-1]
    tip = f'<path class="wg-tip" d="M{x:.1f} {y:.1f}l-7 -3.5v7z"/>'
    return f'<path class="wg-{stroke.role}" d="{"".join(path)}"/>{tip}'


def curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A wire through a channel: level at both ends."""
    middle = (start[0] + end[0]) / 2
    return f"C{middle:.1f} {start[1]:.1f} {middle:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def sizes(labels: Sequence[Label]) -> list[tuple[float, float, float, float]]:
    """The boxes of labels, for whoever wants to measure a drawing."""
    return [label.box for label in labels]
