"""Lines of context to definitions, kinds, domains, facts.

A line may define a name or a function (``h_theta(x) = ...``), say where a name lives (``X in R^{n x p}``,
``0 <= p <= 1``), give a derivative or a differential (``ds = (S - s s') dz``), or be none of these, and
is then looked at for its names only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from whygrad.core.cost import Domain
from whygrad.core.errors import WhygradError
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.lex import Words
from whygrad.syntax.people.read import Style, parse
from whygrad.syntax.people.scripts import Letters, name_parts, spell
from whygrad.syntax.people.separate import separated
from whygrad.syntax.people.setting import Kinds, Meant
from whygrad.syntax.people.tree import Tree


@dataclass(slots=True)
class Context:
    """What the lines of context say, in trees."""

    trees: list[Tree] = field(default_factory=list[Tree])
    unread: list[str] = field(default_factory=list[str])
    meant: dict[str, Meant] = field(default_factory=dict[str, Meant])
    kinds: dict[str, Kinds] = field(default_factory=dict[str, Kinds])
    facts: list[tuple[Tree, Tree]] = field(default_factory=list[tuple[Tree, Tree]])
    differentials: dict[str, Tree] = field(default_factory=dict[str, Tree])
    latest: bool = False
    """Whether of two definitions of a name the last one counts."""
    twice: set[str] = field(default_factory=set[str])
    """Names with two definitions."""


def read_lines(lines: list[str], words: Words, style: Style) -> tuple[list[Tree], list[str]]:
    """The trees of some context lines; a line of several statements gives several."""
    found: list[Tree] = []
    unread: list[str] = []
    for line in lines:
        for piece in statements(line):
            try:
                found.append(parse(piece, words, style).tree)
            except WhygradError:
                unread.append(piece)
    return found, unread


_ASIDE = re.compile(r"\((?=[^()]*\b(?:is|are|one|where|for|number|with|here|say|and)\b)[^()]*\)")
_WORDY = re.compile(r"\b(where|with|and|so that|such that|let|define|given)\b", re.IGNORECASE)


def asides(line: str) -> list[str]:
    """What is said in brackets beside a formula: ``(b is one number, b > 0)``."""
    return [found.group().strip("() ") for found in _ASIDE.finditer(line)]


def statements(line: str) -> list[str]:
    r"""A line cut where one statement ends and the next begins.

    >>> statements(r"Y \in R^{n \times K}, X \in R^{n \times p}")
    ['Y \\in R^{n \\times K}', 'X \\in R^{n \\times p}']
    """
    line = _ASIDE.sub(" ", line)
    cut = separated(line)
    if len(cut) > 1:
        return [line[a:b].strip(" ,;.&") for a, b in cut]
    line = re.sub(r"\\(?:text|mbox)\s*\{\s*,?\s*(?:where|with|and|for|,)?\s*\}", " , ", line)
    pieces: list[str] = []
    level, begin = 0, 0
    k = 0
    while k < len(line):
        c = line[k]
        if c == "\\":
            if line[k : k + 2] == "\\\\" and line.count("\\begin", 0, k) <= line.count("\\end", 0, k):
                pieces.append(line[begin:k])
                begin = k + 2
            k += 2
            continue
        level += (c in "([{") - (c in ")]}")
        if c in ",;\n" and level <= 0:
            pieces.append(line[begin:k])
            begin = k + 1
        k += 1
    pieces.append(line[begin:])
    relations = ("=", "\\in", "∈", "<", ">", "\\le", "\\ge", "\\propto", ":")
    whole = [p for p in pieces if p.strip()]
    if len(whole) > 1 and all(re.fullmatch(r"\s*[\\\w{}^]+\s*", p) for p in whole[:-1]) and "in" in line:
        member = re.split(r"(\\in\b|∈)", whole[-1], maxsplit=1)
        if len(member) == 3:  # q, k_j in R^d
            return [f"{p.strip()} {member[1]}{member[2]}" for p in (*whole[:-1], member[0])]
    if sum(any(r in p for r in relations) for p in whole) < len(whole):
        return [line]
    return [p.strip() for p in whole]


def interpret(trees: list[Tree], letters: Letters, context: Context) -> None:
    """Sort the trees by what they say."""
    for tree in trees:
        context.trees.append(tree)
        if not isinstance(tree, t.Relation):
            _sizes_by_colon(tree, context)
            continue
        if "∈" in tree.ops:
            _membership(tree, letters, context)
        elif any(op in ("<", "<=", ">", ">=") for op in tree.ops):
            _bounds(tree, letters, context)
        elif tree.ops[0] == "=" or tree.ops[0] == "~":
            _equation(tree, letters, context)


def _equation(tree: t.Relation, letters: Letters, context: Context) -> None:
    left, right = tree.operands[0], tree.operands[1]
    if tree.ops[0] != "=" or _property(left, right, letters, context):
        return
    if isinstance(left, t.Deriv | t.Applied):
        _fact(left, right, context)
        return
    if isinstance(left, t.Differential):
        found = (
            name_parts(t.bare(left.body), letters)
            if isinstance(t.bare(left.body), t.Name | t.Script)
            else None
        )
        if found is not None:
            context.differentials[found.name] = right
        return
    meant = pattern(left, right, letters)
    if meant is not None and not (isinstance(right, t.Name) and right.name == meant.name):
        if meant.name in context.meant and spell(context.meant[meant.name].body) != spell(right):
            context.twice.add(meant.name)
        if context.latest:
            context.meant[meant.name] = meant
        context.meant.setdefault(meant.name, meant)


def _property(left: Tree, right: Tree, letters: Letters, context: Context) -> bool:
    """``S^T = S``, ``sum_i y_i = 1``: what a name is like."""
    if isinstance(left, t.Script) and isinstance(right, t.Name | t.Script):
        one, two = name_parts(left, letters), name_parts(right, letters)
        if one is not None and two is not None and one.name == two.name and one.transposed != two.transposed:
            context.kinds[one.name] = Kinds(2, (), (Domain("symmetric"),))
            return True
    if isinstance(left, t.Big) and left.op == "sum" and _constant(right) == 1:
        inside = left.body
        found = name_parts(inside, letters) if isinstance(inside, t.Name | t.Script) else None
        if found is not None and found.subs and found.power is None:
            context.kinds.setdefault(found.name, Kinds(None, (), (Domain("simplex"),)))
            return True
    return False


def _fact(left: Tree, right: Tree, context: Context) -> None:
    if isinstance(left, t.Applied):
        left = t.Deriv(left.operand, left.operator.wrt, left.operator.sign, left.operator.order, left.span)
    if isinstance(left, t.Deriv) and left.body is not None and left.wrt:
        context.facts.append((left, right))


def pattern(left: Tree, right: Tree, letters: Letters) -> Meant | None:
    """The definition a left-hand side begins, or None."""
    left = t.unbraced(left)
    while isinstance(left, t.Group) and len(left.items) == 1 and left.bracket in ("{", "("):
        left = left.items[0]
    parameters: tuple[Tree, ...] = ()
    subs: tuple[Tree, ...] = ()
    if isinstance(left, t.Script) and isinstance(t.unbraced(left.base), t.Group):
        return None
    if isinstance(left, t.Func) and left.name == "log" and len(left.args) == 1 and left.sup is None:
        power = t.Func("exp", (right,), None, None, 0, False, right.span)
        return pattern(t.bare(left.args[0]), power, letters)  # log L = ...
    if isinstance(left, t.Func) and not left.open and left.sup is None and left.sub is None:
        return Meant(left.name, right, (), (), left.args)
    if isinstance(left, t.Product):
        if len(left.factors) != 2 or left.factors[1][0] != "":
            return None
        left, group = left.factors[0][1], left.factors[1][1]
        if not isinstance(group, t.Group) or group.bracket == "{":
            return None
        parameters = tuple(
            x.operands[0] if isinstance(x, t.Relation) else x
            for x in group.items
            if not isinstance(x, t.Words)
        )
        if not all(isinstance(t.bare(p), t.Name | t.Script) for p in parameters):
            used = t.names_in(right)
            if not all(n in used for p in parameters for n in t.names_in(p)):
                return None
            parameters = ()  # L(wx) = ...: of what is in it anyway
            if isinstance(left, t.Name) and left.name in ("sigma", "exp", "log"):
                return None
        parameters = tuple(t.bare(p) for p in parameters)
    if not isinstance(left, t.Name | t.Script):
        return None
    found = name_parts(left, letters)
    if found is None or found.power is not None or found.transposed or found.primes or found.inverse:
        return None
    subs = found.subs
    if parameters:
        subs = tuple(x for x in subs if isinstance(t.bare(x), t.Name) and spell(x) in letters.bound)
        if not all(_free_in(spell(x), right) for x in subs):
            subs = ()
    if any(isinstance(t.bare(x), t.Num) for x in subs):
        if len(subs) == 1:
            return Meant(f"{found.name}_{spell(subs[0])}", right, found.sups, (), parameters)
        return None
    return Meant(found.name, right, found.sups, subs, parameters)


def _free_in(letter: str, tree: Tree) -> bool:
    return letter in t.names_in(tree)


def _membership(tree: t.Relation, letters: Letters, context: Context) -> None:
    """``X in R^{n x p}``, ``y in {0, 1}``."""
    left, right = tree.operands[0], tree.operands[1]
    names = [left]
    if isinstance(left, t.Group):
        names = list(left.items)
    right = t.unbraced(right)
    for item in names:
        found = name_parts(item, letters) if isinstance(item, t.Name | t.Script) else None
        if found is None:
            continue
        match right:
            case t.Script(t.Name("R" | "R_bb"), None, sup) if sup is not None:
                sizes = _sizes(sup)
                if sizes is not None:
                    own = tuple(s for s in sizes if s != "1")
                    context.kinds[found.name] = Kinds(len(own), own)
            case t.Name("R" | "R_bb"):
                context.kinds[found.name] = Kinds(0)
            case t.Group(items) if items and all(_constant(x) is not None for x in items):
                values = tuple(sorted(v for x in items if (v := _constant(x)) is not None))
                if right.bracket == "(" and len(values) == 2 and right.separator == ",":
                    domain = Domain("finite", values)
                    context.kinds[found.name] = Kinds(None, (), (domain,))
                elif len(values) == 2 and right.bracket == "[":
                    context.kinds[found.name] = Kinds(
                        None, (), (Domain("interval", low=values[0], high=values[1], closed=(True, True)),)
                    )
            case _:
                pass


def _constant(tree: Tree) -> Fraction | None:
    match t.bare(tree):
        case t.Num(value):
            return value
        case t.Sum(((sign, t.Num(value)),)):
            return sign * value
        case _:
            return None


def _sizes(sup: Tree) -> tuple[str, ...] | None:
    """``n x p``."""
    sup = t.bare(sup)
    if isinstance(sup, t.Product):
        found = [_size(x) for op, x in sup.factors if op in ("", "×", "*")]
        return tuple(found) if all(found) and len(found) == len(sup.factors) else None  # pyright: ignore
    one = _size(sup)
    return None if one is None else (one,)


def _size(tree: Tree) -> str | None:
    match t.bare(tree):
        case t.Name(name):
            return name
        case t.Num(value) if value.denominator == 1:
            return str(value)
        case t.Script(t.Name(name), sub) if sub is not None:
            return f"{name}_{spell(sub)}"
        case t.Sum():
            return spell(tree)
        case _:
            return None


def _sizes_by_colon(tree: Tree, context: Context) -> None:
    """``W : m x n``."""
    match tree:
        case t.Product(((_, t.Name(name)), (":", sizes))):
            found = _sizes(sizes)
            if found is not None and all(s.isdecimal() or len(s) <= 3 for s in found):
                own = tuple(s for s in found if s != "1")
                context.kinds[name] = Kinds(len(own), own)
        case _:
            pass


def _bounds(tree: t.Relation, letters: Letters, context: Context) -> None:
    """``0 <= p <= 1``, ``x > 0``."""
    for k, operand in enumerate(tree.operands):
        found = name_parts(operand, letters) if isinstance(operand, t.Name | t.Script) else None
        if found is None:
            continue
        low = high = None
        closed = [False, False]
        if k > 0 and (v := _constant(tree.operands[k - 1])) is not None:
            op = tree.ops[k - 1]
            if op in ("<", "<="):
                low, closed[0] = v, op == "<="
            elif op in (">", ">="):
                high, closed[1] = v, op == ">="
        if k + 1 < len(tree.operands) and (v := _constant(tree.operands[k + 1])) is not None:
            op = tree.ops[k]
            if op in ("<", "<="):
                high, closed[1] = v, op == "<="
            elif op in (">", ">="):
                low, closed[0] = v, op == ">="
        if low is not None or high is not None:
            domain = Domain("interval", low=low, high=high, closed=(closed[0], closed[1]))
            context.kinds[found.name] = Kinds(None, (), (domain,))
