r"""Letters that count the terms of a sum: the m of ``\frac{1}{m} \sum_i u_i``.

People write how many terms there are below the sum's factor and leave it out above the sum.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Final

from whygrad.syntax.people import tree as t
from whygrad.syntax.people.tree import Tree

COUNTING: Final = frozenset("m n N M T B S K P D J".split())


def counted(every: Iterable[Tree], taken: Container[str]) -> dict[str, str]:
    """The letter of each sum without an upper limit, with the name that counts its terms.

    ``taken`` are names that are something else.
    """
    trees = list(every)
    found: dict[str, str] = {}
    limited: set[str] = set()
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Big) and (node.binder.high is not None or node.binder.over):
                limited |= set(node.binder.letters)
            if not isinstance(node, t.Product | t.Quotient):
                continue
            names = [n for n in _below(node) if n in COUNTING and n not in taken]
            total = next((x for x in t.walk(node) if isinstance(x, t.Big)), None)
            if len(names) != 1 or total is None or total.op != "sum" or len(total.binder.letters) > 1:
                continue
            if any(isinstance(x, t.Name) and x.name == names[0] for x in t.walk(total.body)):
                continue
            letter = total.binder.letters[0] if total.binder.letters else "s*"
            found.setdefault(letter, names[0])
    for letter, name in _classes(trees, taken):
        found.setdefault(letter, name)
    kept = {letter: name for letter, name in found.items() if letter not in limited}
    first: dict[str, str] = {}
    for letter, name in kept.items():
        first.setdefault(name, letter)  # the cost's own sum comes before the penalty's
    return {letter: name for name, letter in first.items()}


def _classes(trees: list[Tree], taken: Container[str]) -> Iterator[tuple[str, str]]:
    """A capital K that is only ever divided by counts what the letter k runs over."""
    summed: set[str] = set()
    whole: dict[str, int] = {}
    below: dict[str, int] = {}
    for tree in trees:
        divisors: list[Tree] = []
        for node in t.walk(tree):
            if isinstance(node, t.Big):
                summed |= set(node.binder.letters)
            elif isinstance(node, t.Name):
                whole[node.name] = whole.get(node.name, 0) + 1
            elif isinstance(node, t.Quotient):
                divisors.append(node.bottom)
            elif isinstance(node, t.Product):
                divisors += [f for op, f in node.factors if op == "/"]
        inside = {x for d in divisors for x in t.walk(d) if isinstance(x, t.Name)}
        for name in inside:
            below[name.name] = below.get(name.name, 0) + 1
    for name in ("K", "C"):
        divides = name in whole and whole[name] == below.get(name)
        if divides and name not in taken and name.lower() in summed:
            yield name.lower(), name


def _below(node: t.Product | t.Quotient) -> Iterator[str]:
    """Names that the whole is divided by."""
    bottoms: list[Tree] = []
    if isinstance(node, t.Quotient):
        bottoms.append(node.bottom)
    else:
        for op, factor in node.factors:
            inside = t.bare(factor)
            if op == "/":
                bottoms.append(inside)
            elif isinstance(inside, t.Quotient):
                bottoms.append(inside.bottom)
            elif isinstance(inside, t.Product):
                bottoms += [f for o, f in inside.factors if o == "/"]
    for bottom in bottoms:
        inside = t.bare(bottom)
        parts = [f for _, f in inside.factors] if isinstance(inside, t.Product) else [inside]
        for part in map(t.bare, parts):
            if isinstance(part, t.Name):
                yield part.name


__all__ = ["counted"]
