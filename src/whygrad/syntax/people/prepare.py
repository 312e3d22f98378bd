"""What does not depend on the kinds of the names: trees, context, phrases, letters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from whygrad.core.errors import Span, WhygradError
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.context import Context, asides, interpret, read_lines
from whygrad.syntax.people.declared import is_declaration, merged, settle
from whygrad.syntax.people.lex import Words, find_macros
from whygrad.syntax.people.phrases import Said, understand
from whygrad.syntax.people.problem import Chain
from whygrad.syntax.people.read import Parsed, Style, parse
from whygrad.syntax.people.scan import scan
from whygrad.syntax.people.scripts import Letters
from whygrad.syntax.people.tree import Tree
from whygrad.syntax.people.vocabulary import BIG, FUNCTIONS
from whygrad.syntax.tokens import GREEK_NAMES


@dataclass(slots=True)
class Prepared:
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
    choices: set[str] = field(default_factory=set[str])
    """The choices of the style that make a difference here."""


def prepare(chain: Chain, style: Style, extra: Context | None) -> Prepared:
    """Read everything once: trees of the context and the lines, phrases, letters, names."""
    macros: dict[str, tuple[int, str]] = {}
    texts: list[str] = []
    for line in chain.context:
        found, rest = find_macros(line)
        macros |= found
        if rest.strip():
            texts.append(rest)
    stated = [text for text in texts if is_declaration(text)]
    settled = settle(stated)
    texts = [*(text for text in texts if text not in stated), *settled.formulas]
    spoken = [text for text in texts if _is_phrase(text)]
    spoken += [part for text in texts for aside in asides(text) for part in aside.split(",")]
    texts = [text for text in texts if text not in spoken]
    said = understand([*chain.assumptions, *spoken])
    words = Words(_long_names([*texts, *chain.lines]), macros, letters=_summed([*texts, *chain.lines]))
    style = replace(style, differentials=_has_differentials([*texts, *chain.lines]))
    parsed, errors = _parsed(chain.lines, words, style)
    trees, unread = read_lines([*texts, *_readable(said.formulas)], words, style)
    wrt = _wrt(chain.wrt, words, style)
    lines = [p.tree for p in parsed if p is not None]
    told = [x.operands[0] if isinstance(x, t.Relation) and "∈" in x.ops else x for x in trees]
    everything = [*told, *lines, *wrt]
    variables = _variables(everything, wrt) | (set(settled.kinds) - {"T"})
    letters = scan(everything, bold=words.bold, variables=variables, indices=settled.letters)
    context = extra or Context()
    context = Context(
        list(context.trees), list(unread), dict(context.meant), dict(context.kinds), list(context.facts),
        dict(context.differentials), style.latest,
    )  # fmt: skip
    interpret(trees, letters, context)
    words.choices |= {"latest"} if context.twice else set()
    context.kinds |= {n: merged(k, context.kinds.get(n)) for n, k in settled.kinds.items()}
    _losses(said, letters, context, words, style)
    bold = frozenset(words.bold)
    prepared = Prepared(
        chain, parsed, errors, context, said, letters, style, wrt, bold, choices=words.choices
    )
    prepared.alias = _aliases(letters, context) | _capitals(letters, context)
    return prepared


def _parsed(
    lines: Iterable[str], words: Words, style: Style
) -> tuple[list[Parsed | None], list[tuple[str, Span | None]]]:
    """The trees of the lines; of one that cannot be read why, and where."""
    parsed: list[Parsed | None] = []
    errors: list[tuple[str, Span | None]] = []
    for line in lines:
        try:
            parsed.append(parse(find_macros(line)[1], words, style))
            errors.append(("", None))
        except WhygradError as error:
            parsed.append(None)
            errors.append((error.reason, error.span))
    return parsed, errors


_SPOKEN: Final = re.compile(r"(?<![\\A-Za-z])(?:is|are|denotes?|means?|stands? for)(?![A-Za-z])")


def _is_phrase(text: str) -> bool:
    """Whether a line of context is a sentence and no formula."""
    return "=" not in text and bool(_SPOKEN.search(text))


def _readable(formulas: Iterable[str]) -> list[str]:
    return [f for f in formulas if len(f) < 400]


def _long_names(texts: Iterable[str]) -> frozenset[str]:
    """Words that are defined: ``loss = ...``."""
    found: set[str] = set()
    for text in texts:
        acronym = re.match(r"\s*([A-Z]{2,5})\s*(?:\([^()]*\))?\s*(?:&?=|:=)", text)
        if acronym is not None and (
            len(acronym[1]) > 2 or acronym[1] in ("KL", "CE", "LL", "SE") or "(" in acronym[0]
        ):
            found.add(acronym[1])
        found.update(
            re.findall(r"\\(?:text|mathrm|operatorname|textrm)\{([A-Za-z]{2,12})\}\s*(?:&?=|:=)", text)
        )
        indexed = re.match(r"\s*([A-Za-z]{3,})_(?:[a-z]{1,3}|\{[a-z]{1,3}\})\s*:?=[^=]", text)  # near_i = ...
        if indexed is not None and indexed[1] not in {*GREEK_NAMES, *FUNCTIONS, *BIG}:
            found.add(indexed[1])
        if "\\" in text:
            continue
        found |= _plain_words(text)
        for match in re.finditer(r"(?<![\\A-Za-z_])([A-Za-z]{2,}(?:_[A-Za-z]{2,})?)\s*(?=:?=[^=])", text):
            word = match[1]
            if word not in GREEK_NAMES and (len(word) > 2 or text.strip().startswith(word)):
                found.add(word)
    return frozenset(found)


_BELOW: Final = re.compile(r"(?:[Σ∑Π∏]|\bsum|\bprod|\bmean)_?\s*[({]?\s*([a-z])(?![A-Za-z])")


def _summed(texts: Iterable[str]) -> frozenset[str]:
    """Letters that stand below a sum of plain text."""
    return frozenset(letter for text in texts for letter in _BELOW.findall(text))


def _plain_words(text: str) -> set[str]:
    """Words that stand between operators: ``(pred - target)^2``."""
    if re.search(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}", text):
        return set()  # a sentence
    words = re.findall(r"(?<![\\A-Za-z_])([A-Za-z]{3,})(?=\s*(?:[-+*/)=^,\]]|$))", text)
    return {
        w
        for w in words
        if not (w[0] == "d" and w[1:] in GREEK_NAMES)
        and w not in GREEK_NAMES
        and w not in FUNCTIONS
        and w not in BIG
        and any(c in "aeiou" for c in w[1:])
    }


def _has_differentials(texts: Iterable[str]) -> bool:
    """Whether the text writes ``dX`` for a change."""
    for text in (raw.rstrip(" ,.;") for raw in texts):
        if re.search(
            r"(?:^|[=&\s(:+-])\s*(?:d|\\mathrm\{d\}\s*|\\operatorname\{d\}\s*)[A-Za-z\\(]?[A-Za-z]*\s*(?:&?=|$)",
            text,
        ) and not re.search(r"\\frac\s*\{?\s*d", text):
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
                stack.append((node.sup, isinstance(sup, (t.Name, t.Group))))
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
        if name in context.kinds and context.kinds[name].declared:
            continue
        if use.sups and not use.indexed and use.bare:
            continue
        found[name] = name.upper()
        big.subs |= use.subs
        big.sups = max(big.sups, use.sups)
        big.letters |= use.letters
    return found


def _capitals(letters: Letters, context: Context) -> dict[str, str]:
    """``H`` beside ``h_ij = ...``: the whole of what is defined by its entries."""
    found: dict[str, str] = {}
    for name, meant in context.meant.items():
        big, use = letters.uses.get(name.upper()), letters.uses.get(name)
        if len(name) != 1 or not name.islower() or big is None or use is None:
            continue
        if big.indexed or big.sups or not big.bare or name.upper() in context.meant:
            continue
        if len(meant.subs) + len(meant.sups) == 2 and not meant.parameters:
            found[name.upper()] = name
    return found


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
