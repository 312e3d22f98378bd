"""One pass over the context and the lines: what the letters are, as far as their use tells.

A name is its base letter with the labels that belong to it (``mu_B``, ``W_2``). Its subscripts that are
index letters, and superscripts that name an example (``x^{(i)}``), are positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from whygrad.syntax.people import tree as t
from whygrad.syntax.people.tree import Tree

INDEX_LETTERS: Final = frozenset("ijklmnpqrstabc")
_LAYERS: Final = frozenset({"l", "L"})


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
    items = _items(sub)
    found: list[Tree] = []
    labels: list[str] = []
    for item in items:
        kind = _position_kind(item, letters)
        if kind:
            found.append(item)
        else:
            labels.append(spell(item))
    if labels and found and not all(_is_index_name(x, letters) for x in found):
        return [], "".join(spell(x) for x in items)
    return found, "".join(labels)


def _is_index_name(item: Tree, letters: Letters) -> bool:
    inside = t.bare(item)
    return isinstance(inside, t.Name) and letters.is_index(inside.name)


def _items(sub: Tree) -> list[Tree]:
    sub = t.unbraced(sub)
    if isinstance(sub, t.Group) and sub.bracket == "{":
        out: list[Tree] = []
        for item in sub.items:
            out += _items(item)
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
            if letter in _LAYERS and letter not in letters.bound and letter not in letters.variables:
                return Super(label=letter)
            return Super(power=sup)
        case t.Group((item,), "(" | "["):
            inside = t.bare(item)
            if (
                isinstance(inside, t.Name)
                and sup.bracket == "("
                and (letters.is_index(inside.name) and inside.name not in _LAYERS - letters.bound)
            ):
                return Super(sups=(item,))
            label = isinstance(inside, t.Num) and (braced or sup.bracket == "[")
            label |= isinstance(inside, t.Name) and (
                sup.bracket == "[" or inside.name in _LAYERS | {"t", "k"}
            )
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
    return bool(names) and set(names) <= _LAYERS - letters.bound - letters.variables


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


# --- the pass -------------------------------------------------------------------------------------
def scan(trees: Iterable[Tree], *, bold: Iterable[str] = (), variables: Iterable[str] = ()) -> Letters:
    """Look over all trees of a chain."""
    letters = Letters(variables=set(variables))
    all_trees = list(trees)
    for tree in all_trees:
        _binders(tree, letters)
    for tree in all_trees:
        _superindices(tree, letters)
    letters.pointers = _pointers(all_trees, letters)
    letters.primes = _prime_meaning(all_trees, letters)
    for tree in all_trees:
        _calls(tree, letters)
    _function_labels(all_trees, letters)
    for tree in all_trees:
        _uses(tree, letters)
    for name in bold:
        letters.uses.setdefault(name, Use()).bold = True
    return letters


def _pointers(trees: list[Tree], letters: Letters) -> set[str]:
    """Names of which every use is a comparison with an index letter: ``1{y = k}``."""
    compared: dict[str, int] = {}
    all_uses: dict[str, int] = {}
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Name):
                all_uses[node.name] = all_uses.get(node.name, 0) + 1
            if isinstance(node, t.Relation) and len(node.operands) == 2 and node is not tree:
                a, b = (t.bare(x) for x in node.operands)
                if isinstance(a, t.Name) and isinstance(b, t.Name):
                    for one, other in ((a, b), (b, a)):
                        if letters.is_index(other.name) and not letters.is_index(one.name):
                            compared[one.name] = compared.get(one.name, 0) + 1
    return {n for n, count in compared.items() if count == all_uses.get(n)}


def _binders(tree: Tree, letters: Letters) -> None:
    for node in t.walk(tree):
        match node:
            case t.Big(_, binder):
                letters.bound.update(binder.letters)
            case t.Script(_, sub, sup):
                if sub is not None:
                    letters.subscripted.update(x.name for x in _items(sub) if isinstance(x, t.Name))
                if sup is None:
                    continue
                inside = t.unbraced(sup)
                inside = t.unbraced(inside.base) if isinstance(inside, t.Script) else inside
                if isinstance(inside, t.Product):
                    inside = inside.factors[0][1]
                if isinstance(inside, t.Group) and inside.bracket == "(" and len(inside.items) == 1:
                    only = t.bare(inside.items[0])
                    if isinstance(only, t.Name) and only.name in INDEX_LETTERS - _LAYERS:
                        letters.examples.add(only.name)
            case _:
                pass


def _superindices(tree: Tree, letters: Letters) -> None:
    """Names with ``^i`` where i is a bound letter or the letter of an example."""
    for node in t.walk(tree):
        if isinstance(node, t.Script) and isinstance(t.unbraced(node.base), t.Name) and node.sup is not None:
            base = t.unbraced(node.base)
            sup = t.unbraced(node.sup)
            if not isinstance(base, t.Name) or base.name == "e" or not isinstance(sup, t.Name):
                continue
            letter = sup.name
            if letter in letters.bound or letter in letters.examples or letter in ("i", "j"):
                if letter not in ("T", "t") and letter.islower():
                    letters.superindex.add(base.name)


def _prime_meaning(trees: list[Tree], letters: Letters) -> str:
    """A prime is a transpose in matrix text without other transposes, else a derivative."""
    other = capital = calls = 0
    repeated = _multiplied_by_itself(trees)
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Script):
                sup = None if node.sup is None else t.unbraced(node.sup)
                other += isinstance(sup, t.Name) and sup.name in ("T", "⊤")
                if node.primes:
                    base = t.unbraced(node.base)
                    group = isinstance(base, t.Group)
                    capital += group or (isinstance(base, t.Name) and base.name[:1].isupper())
                    capital += isinstance(base, t.Name) and base.name in repeated
            if isinstance(node, t.Product):
                for (_, a), (op, b) in zip(node.factors, node.factors[1:], strict=False):
                    grouped = isinstance(a, t.Script) and a.primes and isinstance(t.unbraced(a.base), t.Group)
                    capital += 2 if grouped and op == "" and isinstance(_under(b), t.Group) else 0
                    calls += (
                        isinstance(a, t.Script) and a.primes > 0 and op == "" and isinstance(_under(b), t.Group)
                        and isinstance(a.base, t.Name) and not a.base.name[:1].isupper()
                    )  # fmt: skip
            if isinstance(node, t.Func) and node.primes:
                calls += 1
    if other or calls:
        return "derivative"
    return "transpose" if capital > 1 else "derivative"


def _multiplied_by_itself(trees: list[Tree]) -> frozenset[str]:
    """Names u of a product ``u' u``."""
    found: set[str] = set()
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Product):
                names = [
                    t.unbraced(f.base) if isinstance(f, t.Script) and f.primes else f for _, f in node.factors
                ]
                primed = [isinstance(f, t.Script) and f.primes > 0 for _, f in node.factors]
                for k, first in enumerate(names):
                    if primed[k] and isinstance(first, t.Name):
                        if any(isinstance(x, t.Name) and x.name == first.name for x in names[k + 1 :]):
                            found.add(first.name)
    return frozenset(found)


def _under(tree: Tree) -> Tree:
    return tree.base if isinstance(tree, t.Script) else tree


def _calls(tree: Tree, letters: Letters) -> None:
    """Count how often a bracket follows a name, and what it looks like."""
    for name, follows, group in calls_in(tree):
        use = letters.uses.setdefault(name, Use())
        if follows:
            use.called += 1
            if group is not None and not argument_like(group):
                use.not_called += 1
                use.argued_not += 1
        else:
            use.not_called += 1


def _function_labels(trees: list[Tree], letters: Letters) -> None:
    """``h_theta(x)``: the label of a function that has only one says what it is made of."""
    labels: dict[str, set[str]] = {}
    for tree in trees:
        for node in t.walk(tree):
            if (
                isinstance(node, t.Script)
                and node.sub is not None
                and isinstance(t.unbraced(node.base), t.Name)
            ):
                found, label = positions(node.sub, letters)
                base = t.unbraced(node.base)
                if isinstance(base, t.Name) and (label or not found):
                    labels.setdefault(base.name, set()).add(label)
    for name, found in labels.items():
        use = letters.uses.get(name)
        if use is not None and use.called > use.argued_not and len(found) == 1:
            letters.called.add(name)


def calls_in(tree: Tree) -> Iterator[tuple[str, bool, t.Group | None]]:
    """Each name with whether a bracket follows it, and that bracket."""
    stack: list[tuple[Tree, t.Group | None]] = [(tree, None)]
    while stack:
        node, after = stack.pop()
        if isinstance(node, t.Product):
            factors = node.factors
            for k, (_, factor) in enumerate(factors):
                following = None
                if k + 1 < len(factors) and factors[k + 1][0] == "":
                    under = _under(factors[k + 1][1])
                    if isinstance(under, t.Group) and under.bracket in ("(", "["):
                        following = under
                stack.append((factor, following))
            continue
        if isinstance(node, t.Name):
            yield node.name, after is not None, after
            continue
        if isinstance(node, t.Script):
            base = t.unbraced(node.base)
            if isinstance(base, t.Name):
                yield base.name, after is not None, after
            else:
                stack.append((base, None))
            if node.sup is not None and not isinstance(t.unbraced(node.sup), t.Name | t.Words):
                stack.append((node.sup, None))
            continue
        stack.extend((x, None) for x in t.parts(node))


def argument_like(group: t.Group) -> bool:
    """Whether brackets look like the arguments of a function: names, perhaps several."""
    if len(group.items) > 1 or not group.items:
        return True
    item = t.bare(group.items[0])
    return isinstance(item, t.Name | t.Script | t.Relation)


def _uses(tree: Tree, letters: Letters) -> None:
    """Count the uses of each name."""
    stack: list[tuple[Tree, bool]] = [(tree, False)]
    while stack:
        node, dotted = stack.pop()
        if isinstance(node, t.Name | t.Script):
            found = name_parts(node, letters)
            if found is not None:
                _count(found, letters, dotted)
                inner = [x for x in (found.power,) if x is not None]
                stack.extend((x, False) for x in inner)
                continue
            if isinstance(node, t.Script):
                stack.append((node.base, False))
                if node.primes and letters.primes == "transpose":
                    letters.matrix_text = True
                    for name in _inside_names(node.base, letters):
                        letters.uses.setdefault(name, Use()).beside_matrix = True
                if node.sup is not None:
                    got = superscript(node.sup, "", letters)
                    if got.transposed:
                        letters.matrix_text = True
                        for name in _inside_names(node.base, letters):
                            letters.uses.setdefault(name, Use()).beside_matrix = True
                    elif got.power is not None:
                        stack.append((got.power, False))
                continue
        if isinstance(node, t.Product):
            dots = {k for k, (op, _) in enumerate(node.factors) if op == "·"}
            for k, (_, factor) in enumerate(node.factors):
                stack.append((factor, k in dots or k + 1 in dots))
            continue
        if isinstance(node, t.Bars) and node.double or isinstance(node, t.Inner):
            letters.matrix_text = True
            for name in _inside_names(node, letters):
                letters.uses.setdefault(name, Use()).normed = True
        if isinstance(node, t.Func) and node.name in ("trace", "det", "diag", "logdet", "vec"):
            letters.matrix_text = True
        if isinstance(node, t.Deriv) and node.sign == "∇":
            letters.matrix_text = True
        if isinstance(node, t.Big):
            stack.append((node.body, False))
            continue
        if isinstance(node, t.Branches):
            stack.extend((v, False) for v, _ in node.rows)
            stack.extend((c, False) for _, c in node.rows if c is not None and not about_letters(c, letters))
            continue
        stack.extend((x, False) for x in t.parts(node))


def about_letters(condition: Tree, letters: Letters) -> bool:
    """Whether a condition compares index letters."""
    if not isinstance(condition, t.Relation):
        return False
    inside = [t.bare(x) for x in condition.operands]
    return all(isinstance(x, t.Num) or (isinstance(x, t.Name) and letters.is_index(x.name)) for x in inside)


def _inside_names(tree: Tree, letters: Letters) -> Iterator[str]:
    for node in t.walk(tree):
        if isinstance(node, t.Name):
            yield node.name


def _count(found: Parts, letters: Letters, dotted: bool) -> None:
    use = letters.uses.setdefault(found.name, Use())
    use.sups = max(use.sups, len(found.sups))
    use.transposed |= found.transposed
    use.dotted |= dotted
    if found.transposed:
        letters.matrix_text = True
    if isinstance(found.power, t.Sum):
        (first, *rest) = found.power.terms
        use.inverted |= not rest and first[0] < 0
    numbers = [x for x in found.subs if isinstance(t.bare(x), t.Num)]
    use.numbers.update(int(n.value) for x in numbers if isinstance(n := t.bare(x), t.Num))
    if numbers and len(numbers) == len(found.subs):
        use.numbered += 1
        return
    if not found.sups or found.subs:
        use.subs.add(len(found.subs))
    for x in found.subs:
        inside = t.bare(x)
        if isinstance(inside, t.Name):
            use.letters.add(inside.name)
    if found.subs:
        use.indexed += 1
    elif not found.sups:
        use.bare += 1
