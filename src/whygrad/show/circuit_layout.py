"""Where gates stand: layers from the inputs to the root, few crossings, straight wires.

The method of Sugiyama, Tagawa and Toda (1981): layers by longest path, crossings lessened by medians and
by swapping neighbours (Gansner, Koutsofios, North and Vo 1993), then heights by least squares. Wires end at
ports whose order is that of the operation, which a library for plain nodes does not know; see
``docs/decisions/0006-circuits.md``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 12
_SETTLING = 24
_CHANNEL = 34.0
_WIRE_ROOM = 16.0
"""A wire that passes a column takes as much height."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something with a size; ``outlet`` is how far below its top its wire leaves."""

    name: str
    width: float
    height: float
    outlet: float


@dataclass(frozen=True, slots=True)
class Link:
    """A wire from a block's outlet to a port ``port`` below the top of another."""

    source: str
    target: str
    port: float


@dataclass(frozen=True, slots=True)
class Placed:
    """The top left corner of every block, the points of every wire, and the size of it all."""

    corners: Mapping[str, tuple[float, float]]
    wires: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float


@dataclass(slots=True)
class _Slot:
    """A block, or a wire passing a column."""

    name: str
    width: float
    height: float
    outlet: float
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class _Edge:
    """A piece of a wire between two neighbouring columns."""

    source: str
    target: str
    port: float


def arrange(blocks: Sequence[Block], links: Sequence[Link], *, gap: float = 18.0) -> Placed:
    """Place blocks from left to right, each left of everything it feeds.

    Parameters
    ----------
    blocks
        In the order of the forward pass.
    links
        A block's links in the order of its ports; no cycles.
    gap
        The least distance of two blocks in a column.

    Examples
    --------
    >>> a, b = Block("a", 10, 10, 5), Block("b", 20, 30, 15)
    >>> placed = arrange([a, b], [Link("a", "b", 15)])
    >>> placed.corners["a"][0] < placed.corners["b"][0]
    True
    """
    slots = {b.name: _Slot(b.name, b.width, b.height, b.outlet) for b in blocks}
    layer = _layers(blocks, links)
    edges, chains = _split(links, layer, slots)
    columns = _columns(blocks, links, layer, slots, edges)
    _uncross(columns, edges)
    _settle(columns, edges, slots, gap)
    return _placed(blocks, links, columns, slots, chains, layer)


def _layers(blocks: Sequence[Block], links: Sequence[Link]) -> dict[str, int]:
    """How many columns a block is left of the last one."""
    users: dict[str, list[str]] = {b.name: [] for b in blocks}
    for link in links:
        users[link.source].append(link.target)
    layer: dict[str, int] = {}
    for block in reversed(blocks):
        layer[block.name] = max((layer[user] + 1 for user in users[block.name]), default=0)
    return layer


def _split(
    links: Sequence[Link], layer: dict[str, int], slots: dict[str, _Slot]
) -> tuple[list[_Edge], list[list[str]]]:
    """Wires over several columns cut at each; the pieces and, for each wire, what it passes."""
    edges: list[_Edge] = []
    chains: list[list[str]] = []
    for number, link in enumerate(links):
        before, chain = link.source, [link.source]
        for column in range(layer[link.source] - 1, layer[link.target], -1):
            name = f"wire {number} {column}"
            slots[name] = _Slot(name, 0.0, _WIRE_ROOM, _WIRE_ROOM / 2)
            layer[name] = column
            edges.append(_Edge(before, name, _WIRE_ROOM / 2))
            before = name
            chain.append(name)
        edges.append(_Edge(before, link.target, link.port))
        chain.append(link.target)
        chains.append(chain)
    return edges, chains


def _columns(
    blocks: Sequence[Block], links: Sequence[Link], layer: Mapping[str, int], slots: Mapping[str, _Slot],
    edges: Sequence[_Edge],
) -> list[list[str]]:  # fmt: skip
    """The columns, left to right, in the order of a walk from the root through the ports."""
    sources: dict[str, list[str]] = {name: [] for name in slots}
    for edge in sorted(edges, key=lambda e: e.port):
        sources[edge.target].append(edge.source)
    fed = {link.source for link in links}
    seen: dict[str, None] = {}
    stack = [b.name for b in blocks if b.name not in fed]
    while stack:
        name = stack.pop()
        if name not in seen:
            seen[name] = None
            stack.extend(reversed(sources[name]))
    last = max(layer.values(), default=0)
    columns: list[list[str]] = [[] for _ in range(last + 1)]
    for name in (*seen, *(n for n in slots if n not in seen)):
        columns[last - layer[name]].append(name)
    return columns


def crossings(left: Sequence[str], right: Sequence[str], edges: Iterable[_Edge]) -> int:
    """How often wires between two neighbouring columns cross."""
    row = {name: k for k, name in enumerate(left)}
    place = {name: k for k, name in enumerate(right)}
    ends = sorted((row[e.source], place[e.target], e.port) for e in edges if e.source in row)
    count = 0
    for k, (a, *first) in enumerate(ends):
        count += sum(b > a and other < first for b, *other in ends[k + 1 :])
    return count


def _uncross(columns: list[list[str]], edges: Sequence[_Edge]) -> None:
    """Sort columns by the median of their neighbours and swap neighbours, while it lessens crossings."""
    best, fewest = [list(c) for c in columns], _total(columns, edges)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        backwards = sweep % 2 == 0
        order = range(len(columns) - 2, -1, -1) if backwards else range(1, len(columns))
        for k in order:
            fixed = columns[k + 1 if backwards else k - 1]
            _by_median(columns[k], fixed, edges, backwards)
        _swap_neighbours(columns, edges)
        now = _total(columns, edges)
        if now < fewest:
            best, fewest = [list(c) for c in columns], now
    columns[:] = best


def _total(columns: Sequence[Sequence[str]], edges: Sequence[_Edge]) -> int:
    return sum(crossings(a, b, edges) for a, b in itertools.pairwise(columns))


def _by_median(column: list[str], fixed: Sequence[str], edges: Sequence[_Edge], backwards: bool) -> None:
    place = {name: k for k, name in enumerate(fixed)}
    where: dict[str, list[float]] = {name: [] for name in column}
    for e in edges:
        mine, other = (e.source, e.target) if backwards else (e.target, e.source)
        if mine in where and other in place:
            where[mine].append(place[other] + (e.port / 1e4 if backwards else 0.0))
    keys = {name: (sorted(w)[len(w) // 2] if w else float(k)) for k, (name, w) in enumerate(where.items())}
    column.sort(key=lambda name: keys[name])


def _swap_neighbours(columns: list[list[str]], edges: Sequence[_Edge]) -> None:
    for k, column in enumerate(columns):
        for row in range(len(column) - 1):
            near = [c for c in (k - 1, k) if 0 <= c < len(columns) - 1]
            before = sum(crossings(columns[c], columns[c + 1], edges) for c in near)
            column[row], column[row + 1] = column[row + 1], column[row]
            if sum(crossings(columns[c], columns[c + 1], edges) for c in near) >= before:
                column[row], column[row + 1] = column[row + 1], column[row]


def _settle(
    columns: Sequence[Sequence[str]], edges: Sequence[_Edge], slots: Mapping[str, _Slot], gap: float
) -> None:
    """Heights: each block where its wires would be straight, as far as its neighbours allow."""
    for column in columns:
        top = 0.0
        for name in column:
            slots[name].y = top
            top += slots[name].height + gap
    for sweep in range(_SETTLING):
        backwards = sweep % 2 == 0
        for column in reversed(columns) if backwards else columns:
            wanted = [_wanted(name, edges, slots, backwards) for name in column]
            _spread([slots[name] for name in column], wanted, gap)
    lowest = min((s.y for s in slots.values()), default=0.0)
    for slot in slots.values():
        slot.y -= lowest


def _wanted(name: str, edges: Sequence[_Edge], slots: Mapping[str, _Slot], backwards: bool) -> float:
    slot = slots[name]
    after = [slots[e.target].y + e.port - slot.outlet for e in edges if e.source == name]
    before = [slots[e.source].y + slots[e.source].outlet - e.port for e in edges if e.target == name]
    found = (after or before) if backwards else (before or after)
    return sum(found) / len(found) if found else slot.y


def _spread(column: Sequence[_Slot], wanted: Sequence[float], gap: float) -> None:
    """The heights nearest to those wanted (least squares) that keep order and distance: pooling."""
    offsets: list[float] = []
    offset = 0.0
    for slot in column:
        offsets.append(offset)
        offset += slot.height + gap
    pools: list[tuple[float, int]] = []
    for want, shift in zip(wanted, offsets, strict=True):
        total, count = want - shift, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            other, many = pools.pop()
            total, count = total + other, count + many
        pools.append((total, count))
    levels = [total / count for total, count in pools for _ in range(count)]
    for slot, level, shift in zip(column, levels, offsets, strict=True):
        slot.y = level + shift


def _placed(
    blocks: Sequence[Block], links: Sequence[Link], columns: Sequence[Sequence[str]],
    slots: Mapping[str, _Slot], chains: Sequence[Sequence[str]], layer: Mapping[str, int],
) -> Placed:  # fmt: skip
    lefts: list[float] = []
    rights: list[float] = []
    x = 0.0
    for column in columns:
        lefts.append(x)
        x += max((slots[name].width for name in column), default=0.0)
        rights.append(x)
        x += _CHANNEL + 1.5 * len(column)
    last = len(columns) - 1
    corners = {b.name: (rights[last - layer[b.name]] - b.width, slots[b.name].y) for b in blocks}
    wires: list[tuple[tuple[float, float], ...]] = []
    for link, chain in zip(links, chains, strict=True):
        points = [(rights[last - layer[link.source]], slots[link.source].y + slots[link.source].outlet)]
        for name in chain[1:-1]:
            column, y = last - layer[name], slots[name].y + slots[name].outlet
            points.extend(((lefts[column], y), (rights[column], y)))
        # The curve ends where the column begins: before a narrow block another may stand beside the wire.
        x, y = corners[link.target]
        points.extend(((min(lefts[last - layer[link.target]], x), y + link.port), (x, y + link.port)))
        wires.append(tuple(points))
    height = max((slots[b.name].y + b.height for b in blocks), default=0.0)
    return Placed(corners, tuple(wires), rights[-1] if rights else 0.0, height)
