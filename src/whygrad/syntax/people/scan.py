"""One pass over the context and the lines: what the letters are, as far as their use tells.

A name is its base letter with the labels that belong to it (``mu_B``, ``W_2``). Its subscripts that are
index letters, and superscripts that name an example (``x^{(i)}``), are positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whygrad.syntax.people import tree as t
from whygrad.syntax.people.scripts import (
    INDEX_LETTERS,
    LAYERS,
    Letters,
    Parts,
    Use,
    looked_up,
    name_parts,
    positions,
    script_items,
    superscript,
)
from whygrad.syntax.people.tree import Tree


def scan(
    trees: Iterable[Tree],
    *,
    bold: Iterable[str] = (),
    variables: Iterable[str] = (),
    indices: Iterable[str] = (),
) -> Letters:
    """Look over all trees of a chain; ``variables`` and ``indices`` are letters known to be so."""
    letters = Letters(variables=set(variables), bound=set(indices) - INDEX_LETTERS)
    all_trees = list(trees)
    for tree in all_trees:
        _binders(tree, letters)
    for tree in all_trees:
        _superindices(tree, letters)
    letters.pointers = _pointers(all_trees, letters)
    letters.primes = _prime_meaning(all_trees, letters)
    letters.layered = _layered(all_trees)
    letters.pointed = _pointed(all_trees, letters)
    letters.labelled = _labelled(all_trees, letters)
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


def _layered(trees: list[Tree]) -> set[str]:
    """Names that always stand with a number before their positions, and with two numbers at least."""
    numbers: dict[str, set[str]] = {}
    other: set[str] = set()
    for tree in trees:
        for node in t.walk(tree):
            if not isinstance(node, t.Script) or node.sub is None or not isinstance(node.base, t.Name):
                continue
            first, *rest = script_items(node.sub)
            if not rest and isinstance(first, t.Num):
                continue  # the whole array
            if rest and isinstance(first, t.Num) and not any(isinstance(x, t.Num) for x in rest):
                numbers.setdefault(node.base.name, set()).add(str(first.value))
            else:
                other.add(node.base.name)
    return {name for name, seen in numbers.items() if len(seen) > 1 and name not in other}


def _labelled(trees: list[Tree], letters: Letters) -> set[str]:
    """Names that stand with letters below them that are no positions, and with no position."""
    below: dict[str, set[str]] = {}
    elsewhere: set[str] = set()
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Script) and node.sub is not None and isinstance(node.base, t.Name):
                items = script_items(node.sub)
                single = items[0].name if len(items) == 1 and isinstance(items[0], t.Name) else ""
                below.setdefault(node.base.name, set()).add(single)
    for found in below.values():
        if "" in found or all(map(letters.is_index, found)):
            elsewhere |= found
    taken = elsewhere | letters.bound | letters.examples
    return {
        name
        for name, found in below.items()
        if len(found) > 1 and not found & taken and not all(map(letters.is_index, found))
    }


def _pointed(trees: list[Tree], letters: Letters) -> set[str]:
    """Names one position of which is itself the entry of an array."""
    found: set[str] = set()
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Script) and node.sub is not None and isinstance(node.base, t.Name):
                items = script_items(node.sub)
                if len(items) > 1 and any(looked_up(x, letters, alone=False) for x in items):
                    found.add(node.base.name)
    return found


def _binders(tree: Tree, letters: Letters) -> None:
    for node in t.walk(tree):
        match node:
            case t.Big(_, binder):
                letters.bound.update(binder.letters)
            case t.Script(_, sub, sup):
                if sub is not None:
                    letters.subscripted.update(x.name for x in script_items(sub) if isinstance(x, t.Name))
                if sup is None:
                    continue
                inside = t.unbraced(sup)
                inside = t.unbraced(inside.base) if isinstance(inside, t.Script) else inside
                if isinstance(inside, t.Product):
                    inside = inside.factors[0][1]
                if isinstance(inside, t.Group) and inside.bracket == "(" and len(inside.items) == 1:
                    only = t.bare(inside.items[0])
                    if isinstance(only, t.Name) and only.name in INDEX_LETTERS - LAYERS:
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
            index = letter in letters.bound or letter in letters.examples or letter in ("i", "j")
            if index and letter not in ("T", "t") and letter.islower():
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
                    if not isinstance(a, t.Script) or not a.primes or not isinstance(a.base, t.Name):
                        continue
                    if op == "" and isinstance(_under(b), t.Group):
                        calls += not a.base.name[:1].isupper()
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
                    if not primed[k] or not isinstance(first, t.Name):
                        continue
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
                stack.extend((x, False) for x in _scripted(node, letters))
                continue
        if isinstance(node, t.Product):
            dots = {k for k, (op, _) in enumerate(node.factors) if op == "·"}
            for k, (_, factor) in enumerate(node.factors):
                stack.append((factor, k in dots or k + 1 in dots))
            continue
        _signs_of_arrays(node, letters)
        if isinstance(node, t.Big):
            stack.append((node.body, False))
            continue
        if isinstance(node, t.Branches):
            stack.extend((v, False) for v, _ in node.rows)
            stack.extend((c, False) for _, c in node.rows if c is not None and not about_letters(c, letters))
            continue
        stack.extend((x, False) for x in t.parts(node))


def _scripted(node: t.Script, letters: Letters) -> list[Tree]:
    """What is inside a bracket with scripts; a transpose on it says that arrays are inside."""
    inside: list[Tree] = [node.base]
    got = None if node.sup is None else superscript(node.sup, "", letters)
    primed = node.primes and letters.primes == "transpose"
    if primed or (got is not None and got.transposed):
        letters.matrix_text = True
        for name in _inside_names(node.base):
            letters.uses.setdefault(name, Use()).beside_matrix = True
        _applied(node.base, letters)
    if got is not None and got.power is not None:
        inside.append(got.power)
    return inside


def _signs_of_arrays(node: Tree, letters: Letters) -> None:
    """Norms, traces, nablas: the text speaks of vectors and matrices."""
    match node:
        case t.Bars(double=True) | t.Inner():
            letters.matrix_text = True
            for name in _inside_names(node):
                letters.uses.setdefault(name, Use()).normed = True
            _applied(node, letters)
        case t.Func("trace" | "det" | "diag" | "logdet" | "vec") | t.Deriv(sign="∇"):
            letters.matrix_text = True
        case _:
            pass


def _applied(tree: Tree, letters: Letters) -> None:
    """Capital letters before a small one, where vectors are: ``Xw``."""
    for node in t.walk(tree):
        if isinstance(node, t.Product):
            for (_, a), (op, b) in zip(node.factors, node.factors[1:], strict=False):
                small = isinstance(b, t.Name) and b.name[:1].islower()
                if op == "" and small and isinstance(a, t.Name) and len(a.name) == 1 and a.name.isupper():
                    letters.uses.setdefault(a.name, Use()).applied = True


def about_letters(condition: Tree, letters: Letters) -> bool:
    """Whether a condition compares index letters."""
    if not isinstance(condition, t.Relation):
        return False
    inside = [t.bare(x) for x in condition.operands]
    return all(isinstance(x, t.Num) or (isinstance(x, t.Name) and letters.is_index(x.name)) for x in inside)


def _inside_names(tree: Tree) -> Iterator[str]:
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
