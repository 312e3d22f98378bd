"""One gate of a drawn circuit: its card, its ports, what stands at the wire that leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from whygrad.core.circuit import Circuit, Node, Wire
from whygrad.core.cost import Scope
from whygrad.core.expr import Expr, Partial
from whygrad.show.boxes import Box
from whygrad.show.breaking import break_box
from whygrad.show.circuit_layout import Block
from whygrad.show.circuit_paper import Label
from whygrad.show.layout import layout
from whygrad.show.svg_math import Drawn, beside, set_box, set_words, stack
from whygrad.show.text import to_text

TEXT: Final = 15.0
_HEAD: Final = 18.0
_SMALL: Final = 12.5
_PAD: Final = 10.0
_WIDEST: Final = 21.0
"""A gradient wider than so many em is left to its number or to the list of steps."""
_CROWDED: Final = 8.0
"""The same for a gate that the cost does not name, where the number says it."""
_EQUALS: Final = "="


@dataclass(frozen=True, slots=True)
class Hand:
    """How the formulas of a circuit are written."""

    scope: Scope

    def box(self, e: Expr) -> Box:
        """A formula laid out."""
        return layout(e, self.scope)

    def math(self, e: Expr) -> Drawn:
        """A formula as outlines."""
        return set_box(self.box(e))

    def text(self, e: Expr) -> str:
        """A formula as plain text."""
        return to_text(e, self.scope)


@dataclass(frozen=True, slots=True)
class Shape:
    """A node with the room its parts need, relative to its top left corner."""

    node: Node
    block: Block
    card: tuple[float, float, float, float]
    labels: tuple[Label, ...]
    ports: Mapping[str, float]
    stub: tuple[float, float]
    tint: tuple[float, float, float, float] | None
    again: bool = False
    """Whether it is a copy of a gate, or of a parameter, in a band above."""


def equation(hand: Hand, left: Expr, *rights: Expr | str) -> Drawn:
    """A formula and what it equals, on one line."""
    parts = [hand.math(left)]
    for right in rights:
        parts.append(set_words(f" {_EQUALS} "))
        parts.append(_number(right) if isinstance(right, str) else hand.math(right))
    return beside(parts)


def _number(text: str) -> Drawn:
    return set_words(text)


def says(hand: Hand, left: Expr, *rights: Expr | str) -> str:
    """The same in plain text."""
    parts = [hand.text(left), *(r if isinstance(r, str) else hand.text(r) for r in rights)]
    return " = ".join(parts)


def shape_of(
    node: Node,
    circuit: Circuit,
    numbers: Mapping[tuple[str, str], int],
    steps: bool,
    words: Mapping[str, str],
) -> Shape:
    """Everything of one node, placed within its own block."""
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
    labels.extend(shifted(label, 0.0, card_top) for label in card_labels)
    left = width + _PAD
    y = outlet - 4 - rise
    for label in above:
        labels.append(shifted(label, left, y))
        y += label.size * label.drawn.height + 3
    y = outlet + 7
    tint: tuple[float, float, float, float] | None = None
    for k, label in enumerate(below):
        labels.append(shifted(label, left, y))
        y += label.size * label.drawn.height + 5
        if tint_rows and k + 1 == tint_rows:
            tint = (left - 5, outlet + 3, reach + 10, y - outlet - 5)
    block = Block(node.name, width + stub, total, outlet)
    placed_ports = {name: card_top + port for name, port in ports.items()}
    return Shape(
        node, block, (0.0, card_top, width, height), tuple(labels), placed_ports, (width, outlet), tint
    )


def copy_of(node: Node, circuit: Circuit) -> Shape:
    """What a band above has already: its symbol, without labels."""
    labels, width, height, ports = _inside(replace(node, operation=None), circuit)
    block = Block(node.name, width, height, height / 2)
    card = (0.0, 0.0, width, height)
    return Shape(
        node, block, card, tuple(labels), ports, (width, height / 2), None, node.kind not in ("data", "const")
    )


def shifted(label: Label, dx: float, dy: float) -> Label:
    """The label moved."""
    return Label(label.drawn, label.x + dx, label.y + dy, label.size, label.role, label.says, label.step)


def _inside(node: Node, circuit: Circuit) -> tuple[list[Label], float, float, dict[str, float]]:
    """What stands in the card: the operation, and a row for each port."""
    hand = Hand(circuit.scope)
    if node.operation is None:
        drawn = hand.math(node.symbol)
        width = max(34.0, _HEAD * drawn.width + 2 * _PAD)
        height = max(30.0, _HEAD * drawn.height + 12)
        x, y = (width - _HEAD * drawn.width) / 2, (height - _HEAD * drawn.height) / 2
        return [Label(drawn, x, y, _HEAD, "ink", hand.text(node.symbol))], width, height, {}
    head = _broken(node.operation, hand)
    labels: list[Label] = []
    rows: list[tuple[Wire, Drawn, str, str]] = []
    for wire in circuit.into(node.name):
        if wire.left is None or wire.local is None:
            symbol = circuit.node(wire.source).symbol
            rows.append((wire, hand.math(symbol), "quiet", hand.text(symbol)))
        else:
            drawn, said = _local(wire.shown or wire.left, wire.local, wire.local_value, hand)
            rows.append((wire, drawn, "local", said))
    inner = max(_HEAD * head.width, *(TEXT * drawn.width for _, drawn, _, _ in rows))
    width = inner + 2 * _PAD + 4
    labels.append(Label(head, (width - _HEAD * head.width) / 2, 9.0, _HEAD, "ink", hand.text(node.operation)))
    y = 9.0 + _HEAD * head.height + 14
    ports: dict[str, float] = {}
    for wire, drawn, role, said in rows:
        height = max(TEXT * drawn.height, 14.0)
        labels.append(Label(drawn, _PAD + 2, y + (height - TEXT * drawn.height) / 2, TEXT, role, said))
        ports[wire.source] = y + height / 2
        y += height + 7
    return labels, width, y + 2, ports


def _broken(e: Expr, hand: Hand) -> Drawn:
    return stack([set_box(box) for box in break_box(hand.box(e))], 0.3)


def _local(left: Partial, local: Expr, value: str, hand: Hand) -> tuple[Drawn, str]:
    tail = (value,) if value and hand.text(local) != value else ()
    return equation(hand, left, local, *tail), says(hand, left, local, *tail)


def _outside(
    node: Node,
    circuit: Circuit,
    numbers: Mapping[tuple[str, str], int],
    steps: bool,
    words: Mapping[str, str],
) -> tuple[list[Label], list[Label], int]:
    """What stands at the wire that leaves: above it the value, below it the gradient; tinted rows."""
    hand = Hand(circuit.scope)
    above: list[Label] = []
    forward = numbers.get(("forward", node.name), 0)
    value = (node.value,) if node.value else ()
    if node.operation is not None:
        drawn, said = equation(hand, node.symbol, *value), says(hand, node.symbol, *value)
        above.append(_at_wire(drawn, "forward", said, forward, steps))
    elif value:
        above.append(Label(_number(node.value), 0, 0, TEXT, "forward", node.value))
    if node.gradient is None or node.gradient_left is None:
        return above, [], 0
    step = numbers["backward", node.name]
    below = [_at_wire(drawn, "backward", said, step, steps and not k)
             for k, (drawn, said) in enumerate(_gradient_lines(node, hand, circuit.aside))]  # fmt: skip
    tinted = 0
    if node.once_for:
        tinted = len(below) + 1
        below.append(_once(node, hand, step, words))
    return above, below, tinted


def _at_wire(drawn: Drawn, role: str, said: str, step: int, numbered: bool) -> Label:
    if role == "backward" and step and not said.startswith("= "):
        drawn = beside((set_words("← "), drawn))
    if numbered:
        drawn = beside((set_words(f"{step}. ").scaled(0.85), drawn))
    return Label(drawn, 0, 0, TEXT, role, said, step)


def _gradient_lines(node: Node, hand: Hand, aside: frozenset[str]) -> list[tuple[Drawn, str]]:
    """The gradient: the chain rule on the first line, what comes of it below."""
    left, paths, found = node.gradient_left, node.paths, node.gradient
    assert left is not None
    assert found is not None
    slope = (node.slope,) if node.slope and hand.text(found) != node.slope else ()
    result = equation(hand, found, *slope)
    first = [left] if paths is None or paths is left else [left, paths]
    if result.width > (_CROWDED if node.name in aside else _WIDEST):
        if node.slope:
            result = _number(node.slope)
        else:
            lines = [equation(hand, *first)]
            return [(lines[0], says(hand, *first, found))]
    if len(first) == 1:
        return [
            (
                beside((equation(hand, left), set_words(f" {_EQUALS} "), result)),
                says(hand, left, found, *slope),
            )
        ]
    whole = equation(hand, *first)
    second = beside((set_words(f"{_EQUALS} "), result))
    if whole.width + second.width < 13:
        return [(beside((whole, set_words(" "), second)), says(hand, *first, found, *slope))]
    return [(whole, says(hand, *first)), (second, "= " + says(hand, found, *slope))]


def _once(node: Node, hand: Hand, step: int, words: Mapping[str, str]) -> Label:
    before, _, after = words["once"].partition("{names}")
    parts = [set_words(before)]
    for k, symbol in enumerate(node.once_for):
        last = k == len(node.once_for) - 1
        parts.append(set_words("" if not k else words["and"] if last else ", "))
        parts.append(hand.math(symbol))
    names = [hand.text(s) for s in node.once_for]
    said = words["once"].format(names=words["and"].join(filter(None, (", ".join(names[:-1]), names[-1]))))
    return Label(beside((*parts, set_words(after))), 0, 0, _SMALL, "once", said, step)
