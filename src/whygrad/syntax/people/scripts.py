"""A name taken apart: its positions, its label, its powers and transposes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from whygrad.syntax.people import tree as t
from whygrad.syntax.people.tree import Tree

INDEX_LETTERS: Final = frozenset("ijklmnpqrstabc")


LAYERS: Final = frozenset({"l", "L"})


class Parts(NamedTuple):
    """A name taken apart: what it is, its positions, and what is done to it."""

    name: str
    sups: tuple[Tree, ...]
    """Example positions."""
    subs: tuple[Tree, ...]
    """Subscript positions."""
    power: Tree | None
    transposed: bool
    primes: int
    inverse: bool = False


@dataclass(slots=True)
class Use:
    """How a name is used."""

    sups: int = 0
    subs: set[int] = field(default_factory=set[int])
    bare: int = 0
    indexed: int = 0
    transposed: bool = False
    inverted: bool = False
    normed: bool = False
    applied: bool = False
    """Whether it stands before another name where arrays are: the X of ``||Xw - y||``."""
    dotted: bool = False
    bold: bool = False
    numbers: set[int] = field(default_factory=set[int])
    letters: set[str] = field(default_factory=set[str])
    hidden: bool = False
    called: int = 0
    """How often a bracket follows."""
    not_called: int = 0
    numbered: int = 0
    """How often it stands with numbers for its subscripts: ``W_2``."""
    argued_not: int = 0
    """How often that bracket holds no list of names."""
    beside_matrix: bool = False

    @property
    def slots(self) -> int:
        """The number of subscript positions."""
        return max(self.subs, default=0)


@dataclass(slots=True)
class Letters:
    """Which letters are indices."""

    bound: set[str] = field(default_factory=set[str])
    examples: set[str] = field(default_factory=set[str])
    """Letters seen in ``^{(i)}``."""
    variables: set[str] = field(default_factory=set[str])
    """Letters that are names of values, whatever else they could be."""
    called: set[str] = field(default_factory=set[str])
    uses: dict[str, Use] = field(default_factory=dict[str, Use])
    primes: str = ""
    """What a prime means: ``transpose``, ``derivative``, or nothing known."""
    superindex: set[str] = field(default_factory=set[str])
    """Names whose bare superscript letter is an index."""
    matrix_text: bool = False
    pointers: set[str] = field(default_factory=set[str])
    """Names that are compared with index letters and nothing else: a class, a position."""
    layered: set[str] = field(default_factory=set[str])
    """Names whose positions always begin with a number: ``W_{1,jk}`` and ``W_{2,kl}`` are two names."""
    pointed: set[str] = field(default_factory=set[str])
    """Names of which a position is looked up somewhere (``E_{t_i,j}``): the v of ``E_{vj}`` is one, too."""
    labelled: set[str] = field(default_factory=set[str])
    """Names whose single letters below are labels: W_c beside W_e, where neither is summed over."""
    subscripted: set[str] = field(default_factory=set[str])
    """Letters that stand alone in a subscript somewhere."""

    def is_index(self, letter: str) -> bool:
        """Whether a letter in a subscript is a position."""
        plain = letter.rstrip("'")
        if plain in self.pointers:
            return True
        if plain in self.bound or letter in self.bound or plain in self.examples:
            return True
        return plain in INDEX_LETTERS and plain not in self.variables


def name_parts(tree: Tree, letters: Letters) -> Parts | None:
    """A name with its scripts taken apart; None if the base is not a name."""
    primes, power, transposed, inverse = 0, None, False, False
    sups: list[Tree] = []
    subs: list[Tree] = []
    label = ""
    layers: list[t.Script] = []
    node = tree
    while isinstance(node, t.Script):
        layers.append(node)
        node = t.unbraced(node.base)
    if not isinstance(node, t.Name):
        return None
    name = node.name
    for script in reversed(layers):
        primes += script.primes
        if script.sub is not None:
            found, text = positions(script.sub, letters, name)
            subs += found
            label += text
        if script.sup is not None:
            got = superscript(script.sup, name, letters)
            if (got.power is not None and power is not None) or (got.power is not None and transposed):
                return None
            sups += got.sups
            label += got.label
            transposed ^= got.transposed
            inverse |= got.inverse
            power = got.power if got.power is not None else power
    if primes and letters.primes == "transpose":
        transposed ^= bool(primes % 2)
        primes = 0
    if label and name not in letters.called:
        name = f"{name}_{label}"
    return Parts(name, tuple(sups), tuple(subs), power, transposed, primes, inverse)


def positions(sub: Tree, letters: Letters, base: str = "") -> tuple[list[Tree], str]:
    """The index positions in a subscript, or the label it is."""
    items = script_items(sub)
    found: list[Tree] = []
    labels: list[str] = []
    if base in letters.labelled and len(items) == 1:
        return [], spell(items[0])
    if base in letters.layered:
        return items[1:], spell(items[0])
    every = base in letters.pointed or (base == "delta" and len(items) == 2)
    for item in items:
        kind = _position_kind(item, letters) or ("letter" if every and isinstance(item, t.Name) else "")
        if not kind and looked_up(item, letters, alone=len(items) == 1):
            kind = "looked up"
        if kind:
            found.append(item)
        else:
            labels.append(spell(item))
    if (
        labels
        and found
        and not all(_is_index_name(x, letters) or looked_up(x, letters, alone=False) for x in found)
    ):
        return [], "".join(spell(x) for x in items)
    return found, "".join(labels)


def looked_up(item: Tree, letters: Letters, *, alone: bool) -> bool:
    """Whether an index is itself the entry of an array: the row of ``E_{t_i + 1, j}``."""
    item = t.bare(item)
    if isinstance(item, t.Sum):
        return any(looked_up(x, letters, alone=False) for _, x in item.terms)
    if alone or not isinstance(item, t.Script) or item.sub is None or not isinstance(item.base, t.Name):
        return False
    inside = script_items(item.sub)
    return all(isinstance(x, t.Name) and letters.is_index(x.name) for x in map(t.bare, inside))


def _is_index_name(item: Tree, letters: Letters) -> bool:
    inside = t.bare(item)
    return isinstance(inside, t.Name) and letters.is_index(inside.name)


def script_items(sub: Tree) -> list[Tree]:
    """The parts of a subscript, each a position or a label."""
    sub = t.unbraced(sub)
    if isinstance(sub, t.Group) and sub.bracket == "{":
        out: list[Tree] = []
        for item in sub.items:
            out += script_items(item)
        return out
    if isinstance(sub, t.Product) and all(
        op == "" and isinstance(t.unbraced(f), t.Name | t.Script | t.Num) for op, f in sub.factors
    ):
        return [f for _, f in sub.factors]
    if isinstance(sub, t.Group) and len(sub.items) == 1:
        return [sub.items[0]]
    if isinstance(sub, t.Group):
        return list(sub.items)
    return [sub]


def _position_kind(item: Tree, letters: Letters) -> str:
    item = t.bare(item)
    match item:
        case t.Name(name):
            return "letter" if letters.is_index(name) else ""
        case t.Script(t.Name(name), None, None, primes) if primes:
            return "letter" if letters.is_index(name) else ""
        case t.Num(value) if value.denominator == 1 and value >= 0:
            return "number"
        case t.Sum(terms):
            kinds = [_position_kind(x, letters) for _, x in terms]
            return "offset" if all(kinds) and "letter" in kinds else ""
        case t.Script(t.Name(), sub) if sub is not None:
            return ""
        case _:
            return ""


class Super(NamedTuple):
    """What a superscript says."""

    sups: tuple[Tree, ...] = ()
    label: str = ""
    power: Tree | None = None
    transposed: bool = False
    inverse: bool = False


def superscript(sup: Tree, name: str, letters: Letters) -> Super:
    """What a superscript on a name is: an example, a label, a transpose, or a power."""
    braced = isinstance(sup, t.Group) and sup.bracket == "{"
    sup = t.unbraced(sup)
    match sup:
        case t.Name("⊤" | "T" | "t") if sup.name == "⊤" or sup.name not in letters.variables:
            return Super(transposed=True)
        case t.Name("*" | "+" | "-" | "·"):
            return Super(label={"*": "star", "+": "plus", "-": "minus", "·": "dot"}[sup.name])
        case t.Name(letter):
            if name in letters.superindex and letters.is_index(letter):
                return Super(sups=(sup,))
            if letter in LAYERS and letter not in letters.bound and letter not in letters.variables:
                return Super(label=letter)
            return Super(power=sup)
        case t.Group((item,), "(" | "["):
            inside = t.bare(item)
            if (
                isinstance(inside, t.Name)
                and sup.bracket == "("
                and (letters.is_index(inside.name) and inside.name not in LAYERS - letters.bound)
            ):
                return Super(sups=(item,))
            label = isinstance(inside, t.Num) and (braced or sup.bracket == "[")
            label |= isinstance(inside, t.Name) and (sup.bracket == "[" or inside.name in LAYERS | {"t", "k"})
            label |= isinstance(inside, t.Sum) and _is_label(inside)
            if label and name != "e":
                return Super(label=spell(inside))
            return Super(power=sup)
        case t.Script(base, None, power, 0) if power is not None:
            first = superscript(base, name, letters)
            return first._replace(power=power) if first.sups or first.label else Super(power=sup)
        case t.Product(factors) if len(factors) == 2:
            one, two = (superscript(f, name, letters) for _, f in factors)
            if one.sups and (two.transposed or two.power is not None):
                return one._replace(transposed=two.transposed, power=two.power)
            return Super(power=sup)
        case t.Group(items) if len(items) == 2:
            one, two = (superscript(f, name, letters) for f in items)
            if one.sups and two.transposed:
                return one._replace(transposed=True)
            return Super(label="".join(spell(x) for x in items))
        case t.Sum(((-1, t.Name("⊤" | "T")),)):
            return Super(transposed=True, inverse=True)
        case t.Sum() if _is_layer(sup, letters):
            return Super(label=spell(sup))
        case t.Words(text):
            return Super(label=text)
        case _:
            return Super(power=sup)


def _is_label(tree: t.Sum) -> bool:
    """``l - 1``, ``t + 1``: a step, a layer."""
    names = [t.bare(x) for _, x in tree.terms]
    return (
        len(names) == 2
        and isinstance(names[0], t.Name)
        and isinstance(names[1], t.Num)
        and (names[0].name in ("l", "L", "t", "k"))
    )


def _is_layer(tree: t.Sum, letters: Letters) -> bool:
    names = [x.name for _, x in tree.terms if isinstance(x, t.Name)]
    return bool(names) and set(names) <= LAYERS - letters.bound - letters.variables


def spell(tree: Tree) -> str:
    """A label as text."""
    match tree:
        case t.Name(name):
            return name
        case t.Num(value):
            return str(value)
        case t.Words(text):
            return "".join(c for c in text if c.isalnum())
        case t.Sum(terms):
            return "".join(("m" if s < 0 else "p" if k else "") + spell(x) for k, (s, x) in enumerate(terms))
        case t.Script(base, sub, sup, primes):
            parts = [spell(x) for x in (base, sub, sup) if x is not None]
            return "".join(parts) + "'" * primes
        case _:
            return "".join(spell(x) for x in t.parts(tree))
