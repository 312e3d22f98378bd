"""Markup as nested lists, which a page builds its elements from: no text ever becomes markup.

``["msup", {"class": "changed"}, ["mi", "x"], ["mn", "2"]]``: the tag, its attributes where there are
any, then children; a string is text.
"""

from __future__ import annotations

from typing import Final, TypeAlias
from xml.etree import ElementTree

Tree: TypeAlias = "list[str | dict[str, str] | Tree]"

_XLINK: Final = "{http://www.w3.org/1999/xlink}"
_LEFT_OUT: Final = frozenset({"style"})
"""Elements whose rules are in the page's own style sheet."""


def tree_of(markup: str) -> Tree:
    """Read markup of ours: MathML or SVG.

    Examples
    --------
    >>> tree_of('<math><msup><mi>x</mi><mn>2</mn></msup></math>')
    ['math', ['msup', ['mi', 'x'], ['mn', '2']]]
    """
    root = ElementTree.fromstring(markup)
    made: dict[ElementTree.Element, Tree] = {}
    stack: list[tuple[ElementTree.Element, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            made[node] = _node(node, made)
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in node)
    return made[root]


def _node(node: ElementTree.Element, made: dict[ElementTree.Element, Tree]) -> Tree:
    found: Tree = [node.tag.partition("}")[2] or node.tag]
    if node.attrib:
        found.append({name.replace(_XLINK, "xlink:"): value for name, value in node.attrib.items()})
    if node.text:
        found.append(node.text)
    for child in node:
        kid = made[child]
        if kid[0] not in _LEFT_OUT:
            found.append(kid)
        if child.tail:
            found.append(child.tail)
    return found
