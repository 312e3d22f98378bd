r"""Costs written in LaTeX: heads such as ``f_{w,b}(x^{(i)})`` and ``J(w,b)``, and what they imply.

Letters in the arguments of the cost are the parameters; a name with an example superscript is data;
``w \cdot x^{(i)}`` and ``w^\top x^{(i)}`` make both vectors; the limit of a sum names a size.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.declare import Declared, Line
from whygrad.syntax.infer import USUAL, WHOLE, Body, Usage, index_letters
from whygrad.syntax.lines import end_token, equals_at, is_declaration, split_lines
from whygrad.syntax.parser_latex import LatexParser
from whygrad.syntax.surface import (
    Bars,
    Big,
    Name,
    Num,
    Power,
    Product,
    Script,
    Surface,
    Transposed,
    bare,
    replace_names,
    walk,
)
from whygrad.syntax.tokens import Token
from whygrad.syntax.tokens_latex import INDEX_LETTERS, tokenize_latex
from whygrad.syntax.tokens_plain import tokenize
from whygrad.syntax.vocabulary import Vocabulary

_DECLARES: Final = re.compile(r"[ \t]*(?:data|param|const)\b[^\n;]*", re.MULTILINE)
_GOES_ON: Final = frozenset({"+", "-", "*", "/", "·", "=", ",", "^", "_", ")", "]", "}"})


@dataclass(slots=True)
class Draft:
    """A definition before it is parsed: its name, letters, arguments and right-hand side."""

    name: str
    span: Span
    line: list[Token]
    letters: tuple[Token, ...] = ()
    arguments: tuple[list[Token], ...] = ()
    under: tuple[Token, ...] = ()
    """The names in the subscript of a call: w and b of ``f_{w,b}(x)``."""
    parameters: tuple[str, ...] = ()
    replaced: dict[str, str] = field(default_factory=dict[str, str])
    """Arguments that stand for an example: x of ``f(x)`` where x^{(i)} is data; with its letter."""


@dataclass(slots=True)
class Source:
    """A text taken apart."""

    declared: list[Declared]
    drafts: list[Draft]
    notes: list[str]


def take_apart(text: str) -> Source:
    """Declaration lines in plain notation, the rest as LaTeX."""
    declared: list[Declared] = []
    spans: list[tuple[int, int]] = []
    notes: list[str] = []
    at = 0
    for found in _DECLARES.finditer(text):
        if text[at : found.start()].rsplit("\n", 1)[-1].strip(" \t;"):
            continue  # the word stands inside a formula
        tokens, said = tokenize(text, found.start(), found.end())
        lines = split_lines(tokens)
        if not lines or not is_declaration(lines[0]):
            continue
        spans.append((at, found.start()))
        declared.extend(Line(lines[0], text).declarations())
        notes.extend(said)
        at = found.end()
    spans.append((at, len(text)))
    names = {one.name for one in declared}
    drafts: list[Draft] = []
    for start, end in spans:
        tokens, said = tokenize_latex(text, start, end, names=names)
        notes.extend(said)
        drafts.extend(_draft(line, text, drafts) for line in _latex_lines(tokens))
    return Source(declared, drafts, notes)


def _latex_lines(tokens: Sequence[Token]) -> list[list[Token]]:
    r"""Formulas: ``\\`` and blank lines end one; a line break does where the next one defines."""
    lines: list[list[Token]] = []
    current: list[Token] = []
    level = 0
    for k, token in enumerate(tokens):
        if token.kind in ("line", "end"):
            if token.kind == "line" and (level > 0 or not current):
                continue
            if token.kind == "line" and not _defines(tokens, k, soft=token.text == "\n"):
                continue
            while current and current[-1].kind == "op" and current[-1].text in (",", ".", ";"):
                current.pop()
            if current:
                lines.append([*current, end_token(current)])
            current, level = [], 0
            continue
        if token.kind == "op":
            level += (token.text in "([{") - (token.text in ")]}")
        elif token.text == "cases" and token.kind == "macro":
            level += 1
        if token.text == "endcases":
            level -= 1
        current.append(token)
    return lines


def _defines(tokens: Sequence[Token], at: int, soft: bool) -> bool:
    """Whether a new formula begins after the break at ``at``."""
    k, seen, level = at, False, 0
    while k < len(tokens) and tokens[k].kind == "line":
        k += 1
    first = tokens[k]
    if first.kind == "end":
        return True
    if first.kind == "op" and (first.text in _GOES_ON) and first.text != "=":
        return False
    if not soft:
        return True
    while k < len(tokens) and tokens[k].kind not in ("line", "end"):
        level += (tokens[k].text in ("(", "[", "{")) - (tokens[k].text in (")", "]", "}"))
        seen = seen or (tokens[k].text == "=" and level == 0 and tokens[k] is not first)
        k += 1
    return seen and first.kind == "name"


def _draft(line: list[Token], text: str, drafts: Sequence[Draft]) -> Draft:
    """A line's head and right-hand side."""
    at = equals_at(line)
    span = line[0].span.to(line[-1].span)
    if at is None:
        if drafts:
            raise LanguageError(
                "error/syntax",
                "this line defines nothing",
                fix="write `name = formula`; a formula goes on where its line ends in an operator",
                source=text,
                span=span,
            )
        return Draft("J", span, line)
    if at == 0 or at == len(line) - 2:
        raise LanguageError(
            "error/syntax",
            "a second right-hand side" if at == 0 else "nothing stands right of '='",
            fix="keep one formula for each name" if at == 0 else "write `name = formula`",
            source=text,
            span=line[at].span,
        )
    return _head(line[:at], line[at + 1 :], text)


def _head(head: list[Token], body: list[Token], text: str) -> Draft:
    r"""``z^{(i)}``, ``J(w,b)``, ``f_{w,b}(x^{(i)})``, ``h_\theta(x)``."""
    first = head[0]
    span = first.span.to(head[-1].span)
    draft = Draft(first.text, span, body)
    if first.kind != "name":
        raise _bad_head(text, span)
    k, sups, subs = 1, list[Token](), list[Token]()
    while k < len(head) and head[k].text in ("_", "^") and head[k].kind == "op":
        above = head[k].text == "^"
        inside, k = _script(head, k + 1)
        good = [t for t in inside if t.text not in ("(", ")", ",")]
        if not good or any(t.kind not in ("name", "number") for t in good):
            raise _bad_head(text, span)
        (sups if above else subs).extend(good)
    if k < len(head) and head[k].text == "(" and head[-1].text == ")":
        draft.arguments = tuple(_between_commas(head[k + 1 : -1]))
        if any(t.text not in INDEX_LETTERS for t in subs) or (subs and not sups):
            draft.under, subs = tuple(subs), []
    elif k < len(head):
        raise _bad_head(text, span)
    draft.letters = (*sups, *subs)
    if any(t.kind != "name" for t in draft.letters):
        raise LanguageError(
            "error/syntax",
            f"{draft.name} is defined at one position only",
            fix=f"define it for a letter: {draft.name}_i = ...",
            source=text,
            span=span,
        )
    return draft


def _bad_head(text: str, span: Span) -> LanguageError:
    return LanguageError(
        "error/syntax",
        "the left-hand side is not a name",
        fix="write `z^{(i)} = ...`, `f(x^{(i)}) = ...`, `J(w,b) = ...` or `J = ...`",
        source=text,
        span=span,
    )


def _script(head: list[Token], k: int) -> tuple[list[Token], int]:
    """The tokens of a script and the position after it."""
    if k >= len(head):
        return [], k
    if head[k].text != "{":
        return [head[k]], k + 1
    level, start = 0, k
    while k < len(head):
        level += (head[k].text == "{") - (head[k].text == "}")
        k += 1
        if level == 0:
            break
    return head[start + 1 : k - 1], k


def _between_commas(tokens: list[Token]) -> list[list[Token]]:
    """Arguments, split at the commas outside brackets (``;`` and ``|`` too)."""
    out: list[list[Token]] = [[]]
    level = 0
    for token in tokens:
        level += (token.text in ("(", "{", "[")) - (token.text in (")", "}", "]"))
        if level == 0 and token.text in (",", ";", "|", ":"):
            out.append([])
        else:
            out[-1].append(token)
    return [part for part in out if part]


# --- what the heads and uses imply ----------------------------------------------------------------


def settle_heads(source: Source, text: str) -> dict[str, None]:
    """Decide what each argument is; the names of parameters that heads tell are returned."""
    known = {one.name: one for one in source.declared}
    indexed = _superscripted(source) | {n for n, one in known.items() if one.kind == "data" and _rank(one)}
    params: dict[str, None] = {}
    for draft in source.drafts:
        params.update((t.text, None) for t in draft.under if t.kind == "name" and t.text not in indexed)
    for draft in source.drafts:
        _settle_arguments(draft, draft is source.drafts[-1], source, known, indexed, params, text)
    return params


def _settle_arguments(
    draft: Draft,
    goal: bool,
    source: Source,
    known: Mapping[str, Declared],
    indexed: set[str],
    params: dict[str, None],
    text: str,
) -> None:
    """What the arguments of one head are: parameters, data at an example, or a function's own."""
    letter = ""
    plain: list[str] = []
    examples: list[str] = []
    for argument in draft.arguments:
        name = argument[0].text
        data = [t.text for t in argument if t.kind == "name" and t.text in indexed]
        if any(t.text == "^" for t in argument):
            letter = next((t.text for t in _after_caret(argument)), letter)
        elif len(argument) > 1 and not data:
            raise LanguageError(
                "error/syntax",
                f"an argument of {draft.name} is not a name",
                fix="write names, or x^{(i)}",
                source=text,
                span=argument[0].span.to(argument[-1].span),
            )
        elif data:
            examples.extend(data)
        elif argument[0].kind == "name":
            if goal or name in params or (name in known and known[name].kind != "data"):
                params[name] = None
            else:
                plain.append(name)
    if plain and not letter:
        draft.parameters = tuple(a[0].text for a in draft.arguments if a[0].text not in params)
    elif letter or (examples and not goal):
        letter = letter or _letter(source)
        draft.letters = (Token("name", letter, draft.span.start, draft.span.end, False), *draft.letters)
        draft.replaced = dict.fromkeys(examples, letter)


def _after_caret(argument: list[Token]) -> list[Token]:
    """The names in the superscript of an argument."""
    at = next(k for k, t in enumerate(argument) if t.text == "^")
    return [t for t in argument[at:] if t.kind == "name"]


def _rank(one: Declared) -> int:
    return max(len(one.letters), len(one.dims or ()))


def _superscripted(source: Source) -> set[str]:
    """The names that carry an example superscript somewhere."""
    defined = {draft.name for draft in source.drafts}
    found: set[str] = set()
    for draft in source.drafts:
        for tokens in (draft.line, *draft.arguments):
            texts = [t.text for t in tokens]
            for k in range(len(texts) - 5):
                if texts[k + 1 : k + 4] == ["^", "{", "("] and tokens[k].kind == "name":
                    found.add(texts[k])
                elif texts[k + 1] == "_" and "^" in texts[k + 2 : k + 8] and tokens[k].kind == "name":
                    after = (
                        k + 3
                        if texts[k + 2] != "{"
                        else texts.index("}", k + 2) + 1
                        if "}" in texts[k:]
                        else k
                    )
                    if texts[after : after + 3] == ["^", "{", "("]:
                        found.add(texts[k])
            if len(texts) >= 5 and texts[1:4] == ["^", "{", "("]:
                found.add(texts[0])
    return found - defined


def _letter(source: Source) -> str:
    """The letter of examples: the first one in a superscript, else i."""
    for draft in source.drafts:
        texts = [t.text for t in draft.line]
        for k in range(len(texts) - 4):
            if texts[k : k + 3] == ["^", "{", "("] and texts[k + 4] == ")":
                return texts[k + 3]
    return "i"


def parse_drafts(source: Source, text: str, params: dict[str, None]) -> tuple[list[Body], Vocabulary]:
    """The surfaces of the right-hand sides."""
    known = {one.name for one in source.declared} | params.keys()
    called = {d.name for d in source.drafts if d.arguments} - known
    words = Vocabulary((known | {d.name for d in source.drafts}) - called, called)
    bodies: list[Body] = []
    for draft in source.drafts:
        arguments = {*draft.parameters, *draft.replaced}
        inner = Vocabulary(words.declared | arguments, words.called - arguments)
        fixed = {t.text for t in draft.letters}
        surface = LatexParser(draft.line, text, inner, fixed=fixed, latex=True).whole()
        mapping: dict[str, Surface] = {}
        for name, letter in draft.replaced.items():
            span = draft.span
            mapping[name] = Script(Name(name, span), (), (Name(letter, span),), span)
        surface = replace_names(surface, mapping)
        letters = tuple((t.text, t.span) for t in draft.letters)
        bodies.append(Body(draft.name, draft.span, letters, draft.parameters, surface))
    return bodies, words


def limits(bodies: Sequence[Body], declared: Sequence[Declared]) -> dict[str, str]:
    r"""The sizes that limits name: ``\sum_{i=1}^{m}`` says that i runs over m."""
    names = {one.name for one in declared} | {body.name for body in bodies}
    found: dict[str, str] = {}
    for body in bodies:
        for node in walk(body.surface):
            if not isinstance(node, Big):
                continue
            for b in node.bound:
                one = isinstance(b.low, Num) and b.low.value == 1
                if one and isinstance(b.high, Name) and b.high.name not in names:
                    found.setdefault(b.name.name, b.high.name)
    return found


def vectors(bodies: Sequence[Body], params: dict[str, None]) -> set[str]:
    """Names that meet in an inner product or a norm, so that they are vectors."""
    found: set[str] = set()
    for body in bodies:
        for node in walk(body.surface):
            match node:
                case Product(factors):
                    for (_, a), (op, b) in itertools.pairwise(factors):
                        turned = isinstance(a, Transposed) or (
                            isinstance(a, Power)
                            and isinstance(a.exponent, Name)
                            and a.exponent.name in ("T", "⊤")
                        )
                        left, right = _base(a), _base(b)
                        if turned and op in ("", "·"):
                            found |= left | right
                        elif op == "·" and left and right and _is_example(a) != _is_example(b):
                            found |= left | right
                case Bars(inside, True):
                    found |= _base(inside)
                case _:
                    pass
    return found


def _is_example(s: Surface) -> bool:
    return isinstance(bare(s), Script)


def _base(s: Surface) -> set[str]:
    """The name of a factor, if it is one."""
    s = bare(s)
    while isinstance(s, Transposed | Power):
        s = bare(s.base)
    if isinstance(s, Script):
        return {s.name.name} if len(s.subs) + len(s.sups) == 1 else set()
    return {s.name} if isinstance(s, Name) else set()


def imply(
    missing: dict[str, list[Usage]], bodies: Sequence[Body], params: dict[str, None]
) -> list[tuple[Declared, str]]:
    """Declarations of what is undeclared, each with the words that say it."""
    arrays = vectors(bodies, params)
    found: list[tuple[Declared, str]] = []
    axis = _axis_letter(missing)
    for name, usages in missing.items():
        span = usages[0].span
        scripts = [u for u in usages if u.role == "base"]
        letters = _letters(scripts)
        examples = any(u.sups for u in scripts)
        if name in arrays and len(letters) < (1 if name in params or not scripts else 2):
            letters = (*letters, axis)
        if not letters and name in WHOLE:
            continue
        if name in params:
            how = f"parameter {_shown(name, letters)}"
            found.append((Declared(name, "param", span, letters, (span,) * len(letters)), how))
        elif examples:
            how = f"data, example {letters[0]}"
            found.append((Declared(name, "data", span, letters, (span,) * len(letters)), how))
        elif name in USUAL:
            kind = USUAL[name]
            words = {"data": "data", "param": "parameter", "const": "constant"}[kind]
            how = f"{words} {_shown(name, letters)}"
            found.append((Declared(name, kind, span, letters, (span,) * len(letters)), how))
    order = ("data", "param", "const")
    rank = {name: k for k, name in enumerate(params)}
    return sorted(found, key=lambda pair: (order.index(pair[0].kind), rank.get(pair[0].name, 0)))


def _shown(name: str, letters: tuple[str, ...]) -> str:
    return f"{name}_{''.join(letters)}" if letters else name


def _letters(scripts: Sequence[Usage]) -> tuple[str, ...]:
    """The letters of the use that shows most."""
    return index_letters(max((u.indices for u in scripts), key=len, default=()))


def _axis_letter(missing: dict[str, list[Usage]]) -> str:
    """The letter of features: the subscript that data or parameters show, else j."""
    for usages in missing.values():
        for usage in usages:
            if usage.sups and len(usage.indices) > 1:
                inside = bare(usage.indices[-1])
                if isinstance(inside, Name):
                    return inside.name
    return "j"
