"""A chain under one reading: context and lines in, a scope and the lines' values out.

The kinds of the names nobody declared are searched best-first by how likely they are, and settled by
the context and line 0 before the rest. A line that fits under no likely kinds keeps its misfit.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from whygrad.core.cost import Declaration, Definition, Domain, Reading, Scope
from whygrad.core.errors import LanguageError, Span, WhygradError
from whygrad.core.expr import ONE, Apply, Call, Expr, Index, Number, Partial, Pow, Symbol, add, mul, neg
from whygrad.core.walk import free_indices, names, substitute
from whygrad.meaning.to_index import Converter
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.context import Context, interpret, read_lines
from whygrad.syntax.people.dims import Dims, Misfit, Unknown
from whygrad.syntax.people.lex import Words, find_macros
from whygrad.syntax.people.phrases import Said, understand
from whygrad.syntax.people.read import Parsed, Style, parse
from whygrad.syntax.people.resolve import Resolver, Val
from whygrad.syntax.people.scan import Letters, Use, name_parts, scan, spell
from whygrad.syntax.people.setting import Kinds, Meant, Setting
from whygrad.syntax.people.tree import Tree
from whygrad.syntax.people.vocabulary import BIG, FUNCTIONS
from whygrad.syntax.tokens import GREEK_NAMES

SEARCHED: Final = 48
"""Most kind assignments tried."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a person wrote: context, what they would say about it, and the lines."""

    lines: tuple[str, ...]
    context: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    wrt: str = ""
    mode: str = "expr"


@dataclass(frozen=True, slots=True)
class Line:
    """A line under a reading: its tree, then its value or why it has none."""

    source: str
    parsed: Parsed | None
    error: str = ""
    span: Span | None = None
    value: Val | None = None
    misfit: bool = False
    """Whether it has no value because shapes do not fit."""
    loose: Expr | None = None
    """What such a line says, shapes aside."""
    spans: Mapping[Expr, Span] = field(default_factory=dict[Expr, Span])
    """Where its parts stand."""


@dataclass(slots=True)
class Read:
    """A chain under one reading."""

    chain: Chain
    setting: Setting
    lines: list[Line]
    scope: Scope
    cost: float
    """How unlikely the reading is."""
    opaque: frozenset[str] = frozenset()
    """Names of general forms of what is not defined."""
    goal: str = ""
    """The undefined name that line 0 is about."""
    zeros: frozenset[str] = frozenset()
    """Parameters of a direction, set to 0 after differentiation."""
    wrt: tuple[Symbol, ...] = ()
    parsed_lines: tuple[Parsed | None, ...] = ()
    readings: tuple[Reading, ...] = ()


@dataclass(slots=True)
class _Prepared:
    """What does not depend on the kinds."""

    chain: Chain
    parsed: list[Parsed | None]
    errors: list[tuple[str, Span | None]]
    context: Context
    said: Said
    letters: Letters
    style: Style
    wrt: tuple[Tree, ...]
    bold: frozenset[str]
    alias: dict[str, str] = field(default_factory=dict[str, str])


def readings_of(chain: Chain, style: Style | None = None, *, extra: Context | None = None) -> list[Read]:
    """The likely readings of a chain under one style, the likeliest first."""
    prepared = _prepare(chain, style or Style(), extra)
    return _search(prepared)


# --- preparing ------------------------------------------------------------------------------------
def _prepare(chain: Chain, style: Style, extra: Context | None) -> _Prepared:
    macros: dict[str, tuple[int, str]] = {}
    texts: list[str] = []
    for line in chain.context:
        found, rest = find_macros(line)
        macros |= found
        if rest.strip():
            texts.append(rest)
    spoken = [text for text in texts if _is_phrase(text)]
    texts = [text for text in texts if text not in spoken]
    said = understand([*chain.assumptions, *spoken])
    words = Words(_long_names([*texts, *chain.lines]), macros)
    style = replace(style, differentials=_has_differentials([*texts, *chain.lines]))
    parsed: list[Parsed | None] = []
    errors: list[tuple[str, Span | None]] = []
    for line in chain.lines:
        try:
            parsed.append(parse(find_macros(line)[1], words, style))
            errors.append(("", None))
        except WhygradError as error:
            parsed.append(None)
            errors.append((error.reason, error.span))
    trees, unread = read_lines([*texts, *_readable(said.formulas)], words, style)
    wrt = _wrt(chain.wrt, words, style)
    lines = [p.tree for p in parsed if p is not None]
    told = [x.operands[0] if isinstance(x, t.Relation) and "∈" in x.ops else x for x in trees]
    everything = [*told, *lines, *wrt]
    letters = scan(everything, bold=words.bold, variables=_variables(everything, wrt))
    context = extra or Context()
    context = Context(
        list(context.trees), list(unread), dict(context.meant), dict(context.kinds), list(context.facts),
        dict(context.differentials),
    )  # fmt: skip
    interpret(trees, letters, context)
    _equations_among(lines, chain, letters, context)
    _losses(said, letters, context, words, style)
    prepared = _Prepared(chain, parsed, errors, context, said, letters, style, wrt, frozenset(words.bold))
    prepared.alias = _aliases(letters, context)
    return prepared


_SPOKEN: Final = re.compile(r"(?<![\\A-Za-z])(?:is|are|denotes?|means?|stands? for)(?![A-Za-z])")


def _is_phrase(text: str) -> bool:
    """Whether a line of context is a sentence and no formula."""
    return "=" not in text and bool(_SPOKEN.search(text))


def _readable(formulas: Iterable[str]) -> list[str]:
    return [f for f in formulas if len(f) < 400]


_COMPOUND: Final = re.compile(r"(?<![\\A-Za-z_])([A-Za-z]{2,})(?=\s*(?:=|:=))")


def _long_names(texts: Iterable[str]) -> frozenset[str]:
    """Words that are defined: ``loss = ...``."""
    found: set[str] = set()
    for text in texts:
        acronym = re.match(r"\s*([A-Z]{2,5})\s*(?:\([^()]*\))?\s*(?:&?=|:=)", text)
        if acronym is not None and (
            len(acronym[1]) > 2 or acronym[1] in ("KL", "CE", "LL", "SE") or "(" in acronym[0]
        ):
            found.add(acronym[1])
        found.update(re.findall(r"\\(?:text|mathrm|operatorname|textrm)\{([A-Za-z]{2,12})\}\s*(?:&?=|:=)", text))
        if "\\" in text:
            continue
        found |= _plain_words(text)
        for match in re.finditer(r"(?<![\\A-Za-z_])([A-Za-z]{2,}(?:_[A-Za-z]{2,})?)\s*(?=:?=[^=])", text):
            word = match[1]
            if word not in GREEK_NAMES and (len(word) > 2 or text.strip().startswith(word)):
                found.add(word)
    return frozenset(found)


def _plain_words(text: str) -> set[str]:
    """Words that stand between operators: ``(pred - target)^2``."""
    if re.search(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}", text):
        return set()  # a sentence
    words = re.findall(r"(?<![\\A-Za-z_])([A-Za-z]{3,})(?=\s*(?:[-+*/)=^,\]]|$))", text)
    return {
        w
        for w in words
        if not (w[0] == "d" and w[1:] in GREEK_NAMES) and w not in GREEK_NAMES and w not in FUNCTIONS and w not in BIG and any(c in "aeiou" for c in w[1:])
    }


def _has_differentials(texts: Iterable[str]) -> bool:
    """Whether the text writes ``dX`` for a change."""
    for text in texts:
        if re.search(
            r"(?:^|[=&\s(:+-])\s*(?:d|\\mathrm\{d\}\s*|\\operatorname\{d\}\s*)[A-Za-z\\(]?[A-Za-z]*\s*(?:&?=|$)",
            text,
        ):
            if not re.search(r"\\frac\s*\{?\s*d", text):
                return True
        if re.search(r"[:)}\s\w]\s*d[a-zA-Z]\s*$", text) and ":" in text:
            return True
    return False


def _wrt(text: str, words: Words, style: Style) -> tuple[Tree, ...]:
    text = re.split(r"\bin direction\b|\bin the direction\b|\s/\s", text.strip())[0]
    found: list[Tree] = []
    for piece in re.split(r",(?![^{]*\})", text):
        if piece.strip() in ("", "-"):
            continue
        try:
            tree = parse(piece, words, style).tree
        except WhygradError:
            continue
        if isinstance(tree, t.Product) and isinstance(tree.factors[0][1], t.Name | t.Script):
            tree = tree.factors[0][1]
        found.append(tree)
    return tuple(found)


def _variables(trees: list[Tree], wrt: tuple[Tree, ...]) -> set[str]:
    """Letters that are surely values: what is differentiated by, what stands in a product with a sign."""
    bases: dict[str, int] = {}
    subscripts: set[str] = set()
    bound: set[str] = set()
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Big):
                bound.update(node.binder.letters)
    stack: list[tuple[Tree, bool]] = [(tree, False) for tree in trees]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, t.Name):
            if inside:
                subscripts.add(node.name)
            else:
                bases[node.name] = bases.get(node.name, 0) + 1
            continue
        if isinstance(node, t.Script):
            stack.append((node.base, inside))
            if node.sub is not None:
                stack.append((node.sub, True))
            if node.sup is not None:
                sup = t.unbraced(node.sup)
                stack.append((node.sup, isinstance(sup, t.Name) or (isinstance(sup, t.Group))))
            continue
        if isinstance(node, t.Big):
            stack.append((node.body, inside))
            continue
        if isinstance(node, t.Branches):
            stack.extend((v, inside) for v, _ in node.rows)
            for _, c in node.rows:
                if c is not None and not all(isinstance(t.bare(x), t.Name | t.Num) for x in t.parts(c)):
                    stack.append((c, inside))
            continue
        stack.extend((x, inside) for x in t.parts(node) if not isinstance(node, t.Relation) or not inside)
    return {n for n in bases if n not in bound and n not in subscripts} - {"i", "j"} | {
        n for n in ("t",) if n in bases and n not in subscripts
    }


def _aliases(letters: Letters, context: Context) -> dict[str, str]:
    """``a_ij`` beside ``A``: one name, if a is always indexed and A never."""
    found: dict[str, str] = {}
    for name, use in letters.uses.items():
        if len(name) != 1 or not name.islower() or use.bare or not (use.indexed or use.sups):
            continue
        big = letters.uses.get(name.upper())
        if big is None or big.indexed or big.sups or not big.bare or name in context.meant:
            continue
        if use.sups and not use.indexed and use.bare:
            continue
        found[name] = name.upper()
        big.subs |= use.subs
        big.sups = max(big.sups, use.sups)
        big.letters |= use.letters
    return found


def _equations_among(lines: list[Tree], chain: Chain, letters: Letters, context: Context) -> None:
    """In a chain of values a line that holds an equation defines nothing."""


def _losses(said: Said, letters: Letters, context: Context, words: Words, style: Style) -> None:
    """``L is the logistic loss of f``."""
    for name, kind, of in said.losses:
        if name in context.meant:
            continue
        p = of or next(
            (x for x in ("f", "a", "p", "h", "y_hat") if x in letters.uses or x in context.meant), "f"
        )
        shown = rf"\hat{{{p[0]}}}" if p.endswith("_hat") else p
        if "log" in kind or "cross" in kind:
            text = f"{name} = -(y \\log {shown} + (1 - y) \\log(1 - {shown}))"
        else:
            text = f"{name} = (y - {shown})^2"
        try:
            interpret([parse(text, words, style).tree], letters, context)
        except WhygradError:
            continue


# --- the search of kinds --------------------------------------------------------------------------
def _setting(p: _Prepared) -> Setting:
    """The setting without kinds."""
    letters, said, context = p.letters, p.said, p.context
    s = Setting(letters, p.style)
    s.meant = dict(context.meant)
    s.facts = list(context.facts)
    s.differentials = dict(context.differentials)
    s.alias = dict(p.alias)
    s.wrt = p.wrt
    s.operators = set(said.operators)
    if "D" in letters.uses and "D" not in s.meant and p.wrt and _begins_with_d(p) and "D" not in said.ranks:
        s.operators.add("D")
    s.values = {n for n in said.values if n not in s.meant}
    s.products = set(said.products)
    s.equal_letters, s.unequal_letters = list(said.equal), list(said.unequal)
    s.row_gradient = said.row
    s.general = said.general
    for name, kinds in context.kinds.items():
        s.kinds[name] = kinds
    for name, rank in said.ranks.items():
        s.kinds.setdefault(name, Kinds(rank))
    for name, sizes in said.sizes.items():
        s.kinds.setdefault(name, Kinds(len(sizes), sizes))
    for name, domains in said.domains.items():
        for real in (name, p.alias.get(name, name)):
            old = s.kinds.get(real, Kinds())
            square = any(d.kind in ("symmetric", "spd") for d in domains)
            rank = old.rank if old.rank is not None or not square else 2
            s.kinds[real] = replace(old, domains=old.domains or domains, rank=rank)
    _builtins(s)
    _limits(p, s)
    s.called = _called(p, s)
    s.hidden = _hidden(p, s)
    s.numbered = _numbered(p, s)
    s.squares = _squares(p)
    s.goals = _goals(p, s)
    s.differentiated = _differentiated(p)
    _cycles(p, s)
    return s


def _begins_with_d(p: _Prepared) -> bool:
    """Whether line 0 is ``D(...)`` and the context has no D."""
    first = p.parsed[0].tree if p.parsed and p.parsed[0] is not None else None
    if not isinstance(first, t.Product) or any("D" in t.names_in(x) for x in p.context.trees):
        return False
    lead = first.factors[0][1]
    return isinstance(lead, t.Name) and lead.name == "D" and isinstance(first.factors[1][1], t.Group)


def _builtins(s: Setting) -> None:
    """Definitions that repeat what a known function is anyway."""
    for name in ("sigma", "softmax", "sigmoid", "log", "exp", "tanh", "relu"):
        meant = s.meant.get(name)
        if meant is None or not meant.parameters:
            continue
        if name in ("log", "exp", "tanh"):
            del s.meant[name]
        elif name == "softmax":
            del s.meant[name]
        elif name in ("sigma", "sigmoid") and _is_logistic(meant):
            del s.meant[name]


def _is_logistic(meant: Meant) -> bool:
    """Whether a definition is that of the logistic function."""
    if len(meant.parameters) != 1:
        return False
    setting = Setting(Letters())
    resolver = Resolver(setting)
    resolver.arguments = {spell(meant.parameters[0]): Val(Symbol("u"))}
    try:
        value = resolver.value(meant.body)
    except (Misfit, Unknown):
        return False
    from whygrad.meaning.equal import same_value  # noqa: PLC0415

    return same_value(value.expr, Call("sigmoid", (Symbol("u"),)), Scope(), sample=False).proved


def _limits(p: _Prepared, s: Setting) -> None:
    """Upper limits name sizes."""
    resolver = Resolver(s)
    trees = [*p.context.trees, *(x.tree for x in p.parsed if x is not None)]
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Big):
                size = resolver.size_name(node.binder.high)
                if size and size not in s.meant:
                    s.sizes.add(size)
    for kinds in s.kinds.values():
        for size in kinds.sizes:
            if not size.isdecimal():
                s.dims.constants.add(size)
                s.sizes.add(size)


def _called(p: _Prepared, s: Setting) -> set[str]:
    """Undefined letters that are always followed by brackets that look like arguments."""
    found = set(p.said.called & set())
    for name, use in p.letters.uses.items():
        if name in s.meant or name in s.values or name in s.products or name in s.operators:
            continue
        if use.called and not use.not_called and name not in ("e", "sigma", "delta", "ones"):
            found.add(name)
    return found


def _hidden(p: _Prepared, s: Setting) -> set[str]:
    """Names in a sum without an index that are neither differentiated by nor parameters."""
    trees = [*(m.body for m in s.meant.values()), *(x.tree for x in p.parsed if x is not None)]
    found: set[str] = set()
    parameters = {n for w in p.wrt for n in t.names_in(w)}
    for meant in s.meant.values():
        parameters |= {spell(x) for x in meant.parameters}
    parameters |= {"b", "w", "theta", "e", "pi"}
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Big) and not node.binder.letters and node.op in ("sum", "mean"):
                for name in t.names_in(node.body):
                    use = p.letters.uses.get(name)
                    indexed = use is not None and (use.indexed or use.sups)
                    if name not in parameters | s.sizes and name not in s.meant and not indexed:
                        found.add(name)
    return found - s.called


def _numbered(p: _Prepared, s: Setting) -> dict[str, tuple[int, int]]:
    """Names whose entries are numbered and that are used with a letter, too: entries of a short array."""
    found: dict[str, tuple[int, int]] = {}
    bound = p.letters.bound
    for name, use in p.letters.uses.items():
        if not use.numbers or name in s.meant or use.slots != 1 or use.sups:
            continue
        if use.letters & bound or len(use.numbers) < 2:
            continue
        first = min(use.numbers)
        if first in (0, 1) and use.numbers == set(range(first, first + len(use.numbers))):
            found[name] = first, len(use.numbers)
    return found


def _goals(p: _Prepared, s: Setting) -> dict[str, tuple[str, ...]]:
    """Undefined names whose derivatives stand in lines beyond line 0, and by what."""
    found: dict[str, set[str]] = {}
    first: dict[str, set[int]] = {}
    changes: set[str] = set()
    for k, line in enumerate(p.parsed):
        for node in t.walk(line.tree) if line is not None else ():
            body: Tree | None = None
            wrt: tuple[Tree, ...] = ()
            if isinstance(node, t.Deriv) and node.body is not None:
                body, wrt = t.bare(node.body), node.wrt
            elif isinstance(node, t.Applied):
                body, wrt = t.bare(node.operand), node.operator.wrt
            elif isinstance(node, t.Differential):
                inside = t.bare(node.body)
                parts = name_parts(inside, p.letters) if isinstance(inside, t.Name | t.Script) else None
                if parts is not None:
                    changes.add(parts.name)
            if body is None:
                continue
            if isinstance(body, t.Product):
                called = len(body.factors) == 2 and isinstance(body.factors[1][1], t.Group)
                body = body.factors[0][1] if called else body
            parts = name_parts(body, p.letters) if isinstance(body, t.Name | t.Script) else None
            if parts is None or s.real(parts.name) in s.meant or parts.name in s.called:
                continue
            if parts.subs or parts.sups or parts.name in ("sigma", "softmax"):
                continue
            for variable in wrt or p.wrt[:1]:
                inside = t.bare(variable)
                by = name_parts(inside, p.letters) if isinstance(inside, t.Name | t.Script) else None
                if by is not None and by.name != parts.name:
                    found.setdefault(parts.name, set()).add(s.real(by.name))
                    first.setdefault(parts.name, set()).add(k)
    kept = {n: tuple(sorted(v)) for n, v in found.items() if first[n] != {0}}
    if changes:
        kept["d"] = tuple(sorted(changes))
    return kept


def _squares(p: _Prepared) -> set[str]:
    """Names whose square is differentiated by: ``d/d sigma^2``."""
    found: set[str] = set()
    wrt = list(p.wrt)
    for line in p.parsed:
        for node in t.walk(line.tree) if line is not None else ():
            if isinstance(node, t.Deriv):
                wrt += node.wrt
    for w in wrt:
        match t.bare(w):
            case t.Script(t.Name(name), _, t.Num(value), 0) if value == 2:
                found.add(name)
            case _:
                pass
    return found


def _differentiated(p: _Prepared) -> set[str]:
    """Names that are differentiated somewhere: a number, most likely."""
    found: set[str] = set()
    for line in p.parsed:
        for node in t.walk(line.tree) if line is not None else ():
            body = (
                node.body
                if isinstance(node, t.Deriv)
                else node.operand
                if isinstance(node, t.Applied)
                else None
            )
            inside = None if body is None else t.bare(body)
            if (
                isinstance(inside, t.Product)
                and len(inside.factors) == 2
                and isinstance(inside.factors[1][1], t.Group)
            ):
                inside = inside.factors[0][1]
            if isinstance(inside, t.Name):
                found.add(inside.name)
    return found


def _cycles(p: _Prepared, s: Setting) -> None:
    """Definitions that go round: the one of what is differentiated by is dropped."""
    for w in p.wrt:
        for name in t.names_in(w):
            if name in s.meant and _reaches(name, name, s):
                s.recursive[name] = s.meant.pop(name)
                s.say(f"the definition of {name}", "left out, it goes round")
    for name in list(s.meant):
        if name in s.meant and _reaches(name, name, s):
            s.recursive[name] = s.meant.pop(name)


def _reaches(start: str, goal: str, s: Setting) -> bool:
    seen: set[str] = set()
    stack = [x for x in t.names_in(s.meant[start].body)]
    own = {spell(x) for x in s.meant[start].parameters}
    while stack:
        name = s.real(stack.pop())
        if name in own and name != goal:
            continue
        if name == goal and goal not in own:
            return True
        if name not in seen and name in s.meant:
            seen.add(name)
            stack += t.names_in(s.meant[name].body)
    return False


_NUMBERS: Final = frozenset("N K M T C L J E".split())
"""Capital letters that are numbers as often as matrices."""
_SMALL: Final = frozenset("lambda alpha eta epsilon gamma eps lr C c".split())


def _candidates(name: str, use: Use, s: Setting, p: _Prepared) -> list[tuple[float, int]]:
    """Ranks a name may have beyond its positions, with how unlikely each is."""
    said = s.kinds.get(name)
    if name in s.differentiated and not use.indexed and not use.transposed:
        return [(0.0, 0), (2.0, 1)]
    slots = use.slots + max(use.sups, int(name in s.hidden))
    letters = p.letters
    if said is not None and said.rank is not None:
        return [(0.0, max(0, said.rank - slots))]
    if p.said.all_scalar or name in _SMALL and not use.transposed:
        return [(0.0, 0)]
    base = name.split("_")[0]
    upper = base[:1].isupper() and len(base) == 1 or (base in GREEK_NAMES and base[0].isupper())
    matrix_text = letters.matrix_text
    vectorish = use.transposed or use.normed or (use.dotted and matrix_text)
    bold = use.bold or name in p.bold
    if slots:
        whole = 0 in use.subs and use.slots > 0
        first = 0.0 if whole or not (vectorish or bold) else 1.0
        second = 1.5 if not (vectorish or bold) else 0.3
        if use.sups and matrix_text and not use.slots:
            second = min(second, 0.7)
        if whole:
            second += 2.0
        return [(first, 0), (second, 1)] + ([(5.0, 2)] if slots == 1 and upper else [])
    if bold:
        return [(0.0, 2), (1.2, 1), (4.0, 0)] if upper else [(0.0, 1), (3.0, 0), (4.0, 2)]
    if p.said.all_vectors and not upper:
        return [(0.0, 1), (3.0, 0)]
    if upper:
        if use.transposed or use.inverted:
            return [(0.0, 2), (1.8, 1), (4.0, 0)]
        if matrix_text:
            if base in _NUMBERS:
                return [(0.4, 0), (0.8, 2), (2.4, 1)]
            return [(0.4, 2), (2.0, 1), (2.6, 0)]
        return [(0.0, 0), (2.6, 2), (2.6, 1)]
    if vectorish:
        return [(0.0, 1), (2.2, 0), (3.5, 2)]
    if use.beside_matrix:
        return [(0.3, 1), (0.6, 0), (4.0, 2)]
    if matrix_text:
        return [(0.0, 0), (0.5, 1), (4.0, 2)]
    return [(0.0, 0), (2.5, 1), (6.0, 2)]


def _search(p: _Prepared) -> list[Read]:
    """Try kinds, the likeliest first."""
    base = _setting(p)
    open_names = _open_names(p, base)
    options = {n: sorted(_candidates(n, p.letters.uses.get(n, Use()), base, p)) for n in open_names}
    order = sorted(options)
    start = tuple(0 for _ in order)
    heap = [(sum(options[n][0][0] for n in order), start)]
    seen = {start}
    found: list[tuple[float, float, dict[str, int]]] = []
    best = float("inf")
    for _ in range(SEARCHED):
        if not heap:
            break
        cost, choice = heapq.heappop(heap)
        if cost >= best + 1.0:
            break
        ranks = {n: options[n][k][1] for n, k in zip(order, choice, strict=True)}
        penalty = _try(p, base, ranks)
        found.append((cost + penalty, cost, ranks))
        best = min(best, cost + penalty)
        for k, name in enumerate(order):
            if choice[k] + 1 < len(options[name]):
                other = (*choice[:k], choice[k] + 1, *choice[k + 1 :])
                if other not in seen:
                    seen.add(other)
                    step = options[name][choice[k] + 1][0] - options[name][choice[k]][0]
                    heapq.heappush(heap, (cost + step, other))
    found.sort(key=lambda x: x[0])
    return [_finish(p, base, ranks, total) for total, _, ranks in found[:4] if total <= found[0][0] + 0.9]


def _open_names(p: _Prepared, s: Setting) -> list[str]:
    """The names whose kinds nothing settles."""
    out: list[str] = []
    for name in p.letters.uses:
        use = p.letters.uses[name]
        if not (use.bare or use.indexed or use.sups or use.subs or use.numbered):
            continue
        if name in p.letters.pointers or name in p.alias or name in s.meant or name in s.called or name in s.operators:
            continue
        if name in ("e", "pi", "ones", "infty", "sigma", "I") and not p.letters.uses[name].slots:
            if not (name == "sigma" and p.letters.uses[name].not_called):
                continue
        if name in s.sizes and not (p.letters.uses[name].indexed):
            continue
        out.append(name)
    return out


def _fresh(base: Setting, ranks: Mapping[str, int], dims: Dims | None = None) -> Setting:
    """The setting with kinds, its dimensions unjoined (or those given)."""
    new = Dims()
    new.constants = set(base.dims.constants)
    return replace(base, ranks=dict(ranks), dims=dims or new, readings=dict(base.readings))


def _try(p: _Prepared, base: Setting, ranks: Mapping[str, int]) -> float:
    """How badly the text fits under these kinds."""
    s = _fresh(base, ranks)
    resolver, values = _resolve(p, s)
    penalty = resolver.strain
    for name in s.meant:
        try:
            resolver.definition(s.meant[name])
        except Misfit:
            penalty += 4.0 if s.meant[name].parameters else 6.0
        except Unknown:
            penalty += 0.3
    for k, (value, misfit, _, _) in enumerate(values):
        if value is None or misfit:
            penalty += (6.0 if k == 0 else 1.3) if misfit else 0.3
    ranks_of = [(v.rank, len(free_indices(v.expr))) for v, _, _, _ in values if v is not None]
    if p.chain.mode != "equation":
        for (a, fa), (b, fb) in zip(ranks_of, ranks_of[1:], strict=False):
            if a != b and not (a + fa == b + fb):
                penalty += 1.5
    return penalty


def _resolve(p: _Prepared, s: Setting) -> tuple[Resolver, list[tuple[Val | None, bool, str, Span | None]]]:
    """The values of the lines under a setting."""
    resolver = Resolver(s)
    out: list[tuple[Val | None, bool, str, Span | None]] = []
    for name in s.meant:
        meant = s.meant[name]
        if not meant.parameters:
            try:
                resolver.definition(meant)
            except (Misfit, Unknown):
                _reset(resolver)
    resolver.fixed = {spell(t.bare(x)) for w in p.wrt for x in _subscripts(w, p.letters)}
    resolver.free = set()
    for k, parsed in enumerate(p.parsed):
        if k == 1:
            resolver.fixed |= resolver.free
        resolver.tag = f"line {k}"
        if parsed is None:
            out.append((None, False, "", None))
            continue
        resolver.count = 0
        try:
            out.append((_line_value(resolver, parsed.tree, p.chain.mode), False, "", None))
        except Misfit as error:
            _reset(resolver)
            mended = _other_letter(resolver, parsed.tree, p.chain.mode, error)
            out.append((mended, True, error.reason, error.span))
        except Unknown as error:
            _reset(resolver)
            out.append((None, False, error.reason, error.span))
        except WhygradError as error:
            _reset(resolver)
            out.append((None, False, error.reason, error.span))
    return resolver, out


def _subscripts(tree: Tree, letters: Letters) -> tuple[Tree, ...]:
    found = name_parts(tree, letters) if isinstance(tree, t.Name | t.Script) else None
    return () if found is None else (*found.subs, *found.sups)


def _other_letter(resolver: Resolver, tree: Tree, mode: str, error: Misfit) -> Val | None:
    """A line whose one letter runs over the wrong dimension, with the letter that fits there.

    It is for the judge to say whether that makes the line right, and then a slip of the pen.
    """
    if not error.letter:
        return None
    dims = resolver.s.dims
    fitting = [
        x[1:]
        for x in list(dims.parent)
        if x.startswith("@") and ":" not in x and dims.find(x) == dims.find(error.dim)
    ]
    for letter in sorted(set(fitting))[:4]:
        if letter == error.letter or "'" in letter or "*" in letter:
            continue
        try:
            return _line_value(resolver, _renamed(tree, error.span, letter), mode)
        except (Misfit, Unknown, WhygradError):
            _reset(resolver)
    return None


def _renamed(tree: Tree, span: Span, letter: str) -> Tree:
    """The tree with the name at a place replaced."""
    if isinstance(tree, t.Name):
        return t.Name(letter, tree.span) if tree.span == span else tree
    if not (tree.span.start <= span.start and span.end <= tree.span.end) or not t.parts(tree):
        return tree

    def again(x: Tree) -> Tree:
        return _renamed(x, span, letter)

    match tree:
        case t.Script(base, sub, sup, primes, at):
            return t.Script(
                again(base),
                None if sub is None else again(sub),
                None if sup is None else again(sup),
                primes,
                at,
            )
        case t.Group(items):
            return replace(tree, items=tuple(again(x) for x in items))
        case t.Sum(terms):
            return replace(tree, terms=tuple((s, again(x)) for s, x in terms))
        case t.Product(factors):
            return replace(tree, factors=tuple((op, again(x)) for op, x in factors))
        case t.Fraction_(top, bottom):
            return replace(tree, top=again(top), bottom=again(bottom))
        case t.Func(args=args):
            return replace(tree, args=tuple(again(x) for x in args))
        case t.Big(body=body):
            return replace(tree, body=again(body))
        case t.Applied(operator, operand):
            return replace(tree, operator=again(operator), operand=again(operand))
        case t.Deriv(body, wrt):
            inner = None if body is None else again(body)
            return replace(tree, body=inner, wrt=tuple(again(x) for x in wrt))
        case _:
            return tree


def _reset(resolver: Resolver) -> None:
    resolver.bound, resolver.arguments, resolver.positions_of = {}, {}, {}
    resolver.open = set()


def _line_value(resolver: Resolver, tree: Tree, mode: str) -> Val:
    """The value of a line; of an equation the difference of its sides."""
    if isinstance(tree, t.Name | t.Script) and resolver.s.recursive:
        found = name_parts(tree, resolver.s.letters)
        meant = resolver.s.recursive.get(found.name) if found is not None else None
        if found is not None and meant is not None and not found.power and not found.transposed:
            if [spell(x) for x in (*meant.sups, *meant.subs)] == [spell(x) for x in (*found.sups, *found.subs)]:
                return resolver.value(meant.body)
    if mode != "equation" or not isinstance(tree, t.Relation):
        if isinstance(tree, t.Relation):
            tree = tree.operands[-1] if tree.ops[-1] == "=" else tree
        return resolver.value(tree)
    left, right = resolver.value(tree.operands[0]), resolver.value(tree.operands[-1])
    if left.rank and right.rank:
        resolver.s.dims.join_all(left.dims, right.dims, tree.span, "an equation")
    elif left.rank != right.rank and not (Number(0) in (left.expr, right.expr)):
        raise Misfit("the two sides have different shapes", tree.span)
    wide = left if left.rank else right
    e = left.expr
    f = right.expr
    if left.row != right.row and left.rank == right.rank == 1:
        e, f = resolver.upright(left), resolver.upright(right)
    return Val(e if f is Number(0) else add(e, neg(f)), wide.dims)


def _finish(p: _Prepared, base: Setting, ranks: Mapping[str, int], cost: float) -> Read:
    """Resolve again with the dimensions that were found, and build the scope."""
    first = _fresh(base, ranks)
    _resolve(p, first)
    _name_dims(first, p)
    s = _fresh(base, ranks, first.dims)
    resolver, values = _resolve(p, s)
    goal_names = _generic_goals(resolver, s)
    lines: list[Line] = []
    for parsed, (reason, place), (value, misfit, why, span), source in zip(
        p.parsed, p.errors, values, p.chain.lines, strict=True
    ):
        if value is not None:
            value = value._replace(dims=tuple(s.dims.find(d) for d in value.dims))
        spans, loose = _places(resolver, parsed, p, loosely=misfit)
        lines.append(Line(source, parsed, reason or why, place or span, value, misfit, loose, spans))
    scope = _scope(resolver, s)
    opaque = frozenset(n for n in resolver.opaque) | frozenset(goal_names)
    goal = _goal(p, s)
    wrt = tuple(x for w in p.wrt if (x := _symbol(resolver, w)) is not None)
    return Read(
        p.chain,
        s,
        lines,
        scope,
        cost,
        opaque,
        goal,
        _zeros(p, s),
        wrt,
        tuple(p.parsed),
        tuple(s.readings.values()),
    )


def _places(
    resolver: Resolver, parsed: Parsed | None, p: _Prepared, *, loosely: bool
) -> tuple[dict[Expr, Span], Expr | None]:
    """Where the parts of a line stand; of one that does not fit also what it says, shapes aside."""
    if parsed is None:
        return {}, None
    s = resolver.s
    kept = s.dims
    copy = Dims()
    copy.parent, copy.constants, copy.loose = dict(kept.parent), set(kept.constants), loosely
    s.dims = copy
    resolver.spans, resolver.count = {}, 0
    try:
        value = _line_value(resolver, parsed.tree, p.chain.mode)
    except (Misfit, Unknown, WhygradError):
        _reset(resolver)
        return dict(resolver.spans), None
    finally:
        s.dims = kept
    return dict(resolver.spans), value.expr if loosely else None


def _symbol(resolver: Resolver, tree: Tree) -> Symbol | None:
    try:
        found = resolver.variable(tree).expr
    except (Misfit, Unknown, WhygradError):
        return None
    return found if isinstance(found, Symbol) else None


def _name_dims(s: Setting, p: _Prepared) -> None:
    """Give every dimension a letter."""
    roots = dict.fromkeys(s.dims.find(d) for d in list(s.dims.parent) + list(s.dims.parent.values()))
    taken = set(p.letters.uses) | s.dims.constants | s.sizes | set(s.meant) | p.letters.bound
    pool = [c for c in ("m", "n", "p", "q", "K", "r", "N", "M", "P", "Q") if c not in taken]
    extra = 1
    for root in roots:
        if s.dims.is_constant(root) or root in s.sizes:
            continue
        if pool:
            letter = pool.pop(0)
        else:
            letter = f"n{extra}"
            extra += 1
        s.dims.constants.add(letter)
        s.dims.join(root, letter)


def _generic_goals(resolver: Resolver, s: Setting) -> list[str]:
    """Give each undefined quantity whose derivatives are used a general form."""
    done: list[str] = []
    for name, wrt in s.goals.items():
        if name == "d":
            continue
        below = [w for w in wrt if not any(w != v and _depends(v, w, s) for v in wrt)]
        terms: list[Expr] = []
        for w in below:
            dims = resolver.used.get(w)
            if dims is None and w in resolver.defined:
                _, own, left = resolver.defined[w]
                dims = tuple(i.dim for i in own) + left
            if dims is None:
                continue
            dims = tuple(s.dims.find(d) for d in dims)
            for k in (1, 2):
                weights = f"{name}·{w}{k}"
                resolver.used[weights] = dims
                power = Symbol(w) if k == 1 else Pow(Symbol(w), Number(2))
                if dims:
                    array = Symbol(w) if k == 1 else Apply("hadamard", (Symbol(w), Symbol(w)))
                    terms.append(Apply("dot", (Symbol(weights), array)))
                else:
                    terms.append(mul(Symbol(weights), power))
        if not terms:
            continue
        form = add(*terms)
        square = mul(Symbol(f"{name}·c"), Pow(form, Number(2)))
        resolver.defined[name] = add(form, square), (), ()
        done.append(name)
    return done


def _depends(name: str, on: str, s: Setting) -> bool:
    """Whether a defined name is made of another."""
    seen: set[str] = set()
    stack = [name]
    while stack:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        inside = set(s.goals.get(one, ()))
        if one in s.meant:
            inside |= {s.real(n) for n in t.names_in(s.meant[one].body)}
        if on in inside:
            return True
        stack += inside
    return False


def _scope(resolver: Resolver, s: Setting) -> Scope:
    """Declarations and definitions of everything met."""
    declarations: dict[str, Declaration] = {}
    for name, dims in resolver.used.items():
        said = s.kinds.get(name)
        real = tuple(s.dims.find(d) for d in dims)
        domains = said.domains if said is not None else ()
        domains = tuple(
            replace(d, dim=real[-1]) if d.kind in ("onehot", "simplex") and real else d for d in domains
        )
        if any(d.kind in ("onehot", "simplex") for d in domains) and not real:
            domains = ()
        declarations[name] = Declaration(name, "data", real, domains)
    for name, left in list(resolver.defined.items()):
        declarations.pop(name, None)
    definitions: dict[str, Definition] = {}
    for name, (parameters, body) in resolver.functions.items():
        definitions[name] = Definition(name, body, parameters=parameters)
    plain = {
        name: Definition(
            name, e, own, tuple(s.dims.find(i.dim) for i in own) + tuple(s.dims.find(d) for d in left)
        )
        for name, (e, own, left) in resolver.defined.items()
    }
    rough = Scope(declarations, {**plain, **definitions})
    for name, definition in plain.items():
        definitions[name] = _by_index(definition, resolver.defined[name][2], rough, s)
    return Scope(declarations, definitions)


def _by_index(definition: Definition, left: tuple[str, ...], scope: Scope, s: Setting) -> Definition:
    """A definition with own indices and an array body, written out by index."""
    own = tuple(Index(i.letter, s.dims.find(i.dim)) for i in definition.indices)
    if not own:
        return Converter(scope).definition(definition)
    converter = Converter(scope)
    taken = {i.letter for i in own}
    more: list[Index] = []
    for dim in left:
        index = converter.fresh(s.dims.find(dim), taken)
        taken.add(index.letter)
        more.append(index)
    body = converter.entry(definition.body, tuple(more), taken)
    return Definition(definition.name, body, (*own, *more), definition.dims)


def _goal(p: _Prepared, s: Setting) -> str:
    """The undefined name that line 0 names or differentiates, if it is about one."""
    first = p.parsed[0].tree if p.parsed and p.parsed[0] is not None else None
    if first is None:
        return ""
    node = t.bare(first)
    while True:
        if isinstance(node, t.Deriv) and node.body is not None:
            node = t.bare(node.body)
        elif isinstance(node, t.Applied):
            node = t.bare(node.operand)
        elif isinstance(node, t.Differential):
            node = t.bare(node.body)
        elif (
            isinstance(node, t.Product) and len(node.factors) == 2 and isinstance(node.factors[1][1], t.Group)
        ):
            node = node.factors[0][1]
        elif isinstance(node, t.Func) and node.name in ("log", "exp"):
            node = t.bare(node.args[0])
        else:
            break
    found = name_parts(node, p.letters) if isinstance(node, t.Name | t.Script) else None
    if found is None or s.real(found.name) in s.meant or found.name in s.values:
        return ""
    if found.name in ("sigma",) or any(
        isinstance(f, t.Deriv) and f.body is not None and spell(f.body) == spell(node) for f, _ in s.facts
    ):
        return ""
    later = [x.tree for x in p.parsed[1:2] if x is not None]
    if any(found.name in t.names_in(x) for x in later):
        return ""
    return found.name


def _zeros(p: _Prepared, s: Setting) -> frozenset[str]:
    """A letter that is differentiated by in line 0 and stands nowhere else: the derivative is at 0."""
    first = p.parsed[0].tree if p.parsed and p.parsed[0] is not None else None
    if first is None:
        return frozenset()
    wrt = {
        w.name
        for node in t.walk(first)
        if isinstance(node, t.Deriv)
        for w in node.wrt
        if isinstance(w, t.Name)
    }
    later: set[str] = set()
    for x in p.parsed[1:]:
        if x is not None:
            later |= t.names_in(x.tree)
    declared = {n for m in s.meant.values() for n in t.names_in(m.body)}
    return frozenset(w for w in wrt if w in ("t", "epsilon", "alpha", "h", "s") and w not in later | declared)


__all__ = ["Chain", "LanguageError", "Line", "Read", "readings_of"]
_ = (Callable, Iterable, ONE, Partial, names, substitute, Domain)
