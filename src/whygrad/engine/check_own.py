r"""The corrected line in the person's own notation.

Only what is wrong is written anew, in the text as it stands; what the person has spelled somewhere is
taken from there. Each text is read back in the same setting, and taken only if it has the value meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.errors import Span, WhygradError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Apply,
    Call,
    Constant,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    mul,
)
from whygrad.core.walk import (
    canonical,
    children,
    fold,
    free_indices,
    postorder,
    rebuild,
    rename_bound,
    rewrite_bottom_up,
)
from whygrad.engine.check_cost import Style as Positions
from whygrad.engine.check_cost import spelled, style_of
from whygrad.engine.check_judge import Case, Judge
from whygrad.engine.tidy import tidy
from whygrad.meaning.to_index import Converter
from whygrad.syntax.people.chain import Read, reread
from whygrad.syntax.people.context import Context
from whygrad.syntax.people.read import Style
from whygrad.syntax.people.resolve import Val

MOST: Final = 12
"""Most texts read back for one line."""
_DEEP: Final = 60


def in_own_words(
    read: Read, k: int, line: Expr, corrected: Expr, style: Style, case: Case, given: Context | None
) -> str:
    """Line k as the person would write it, corrected; "" where that does not read back.

    Parameters
    ----------
    read, style, case, given
        The reading that was taken.
    k
        The line.
    line
        What it was read as.
    corrected
        What it should be.
    """
    source = read.lines[k].source
    if "\\" not in source:
        return ""
    court = Judge(read.scope, read.zeros, read.opaque, frozenset(), read.setting.row_gradient)
    value = read.lines[k].value
    same_letters = value is not None and free_indices(corrected) == free_indices(line)
    meant = Val(corrected, value.dims if same_letters and value is not None else ())
    tried: set[str] = set()
    for text in _texts(read, k, line, corrected):
        if text in tried or text == source or _halves(text) != _halves(source):
            continue
        tried.add(text)
        if len(tried) > MOST:
            return ""
        try:
            again = reread(read, k, text, style, extra=given)
            if again is not None and _agrees(court, meant, again, k, case):
                return text
        except (WhygradError, ArithmeticError, LookupError, TypeError, ValueError):
            continue
    return ""


def _halves(text: str) -> int:
    r"""How many ``\left`` lack their ``\right``: readers do not mind, LaTeX does."""
    return len(re.findall(r"\\left(?![A-Za-z])", text)) - len(re.findall(r"\\right(?![A-Za-z])", text))


def _agrees(court: Judge, meant: Val, again: Read, k: int, case: Case) -> bool:
    """Whether a text that was read back has the value meant, and follows from the line before."""
    found, before = again.lines[k].value, again.lines[k - 1].value
    if found is None or court.pair(meant, found, case).verdict != "equal":
        return False
    own = Judge(again.scope, again.zeros, again.opaque, frozenset(), again.setting.row_gradient)
    return before is None or own.pair(before, found, case).verdict == "equal"


def _renamed(line: Expr, corrected: Expr) -> Expr:
    """The corrected line with the letters that the person's line sums over."""
    letters: dict[str, list[Index]] = {}
    taken = {i.letter for i in free_indices(corrected)}
    for node in postorder(line):
        if isinstance(node, Reduce) and node.index not in letters.get(node.index.dim, ()):
            letters.setdefault(node.index.dim, []).append(node.index)

    def again(node: Expr) -> Expr:
        if not isinstance(node, Reduce):
            return node
        for index in letters.get(node.index.dim, ()):
            if index.letter not in taken and not any(
                isinstance(x, Index) and x.letter == index.letter for x in postorder(node.body)
            ):
                return rename_bound(node, index)
        return node

    return rewrite_bottom_up(corrected, again)


def _texts(read: Read, k: int, line: Expr, corrected: Expr) -> Iterator[str]:
    """Texts that may say it, those that change least first."""
    source, spans = read.lines[k].source, read.lines[k].spans
    spell = _speller(read, k)
    corrected = _renamed(line, corrected)
    for patches in _patches(line, corrected):
        for way in ("wide", "bare", "brackets"):  # what needs none reads back without
            found = _patched(source, spans.get, patches, spell, way)
            if found is not None:
                yield found
    yield spell(tidy(corrected), 0)


Patch = tuple[Expr, Expr]


def _patches(old: Expr, new: Expr) -> Iterator[list[Patch]]:
    """What to write in the place of what: the smallest parts first, then what is around them."""
    levels: list[list[Patch]] = [[(old, new)]]
    for _ in range(_DEEP):
        finer: list[Patch] = []
        for a, b in levels[-1]:
            finer += _inside(a, b) or [(a, b)]
        if finer == levels[-1]:
            break
        levels.append(finer)
    return reversed(levels)


def _inside(a: Expr, b: Expr) -> list[Patch]:
    """The parts in which two expressions differ; empty where they differ as a whole."""
    if isinstance(a, Add | Mul) and type(a) is type(b):
        mine, yours = list(children(a)), list(children(b))
        for part in list(mine):
            if part in yours:
                mine.remove(part)
                yours.remove(part)
        join: Callable[..., Expr] = add if isinstance(a, Add) else mul
        if len(mine) == len(yours) > 1:
            return list(zip(mine, yours, strict=True))
        if len(mine) == 1:
            return [(mine[0], join(*yours) if yours else ZERO if isinstance(a, Add) else ONE)]
        if not mine and yours:
            beside = next((c for c in reversed(children(a)) if not isinstance(c, Number)), children(a)[-1])
            return [(beside, join(beside, *yours))]
        return []
    mine, yours = list(children(a)), list(children(b))
    if not mine or len(mine) != len(yours) or type(a) is not type(b):
        return []
    try:
        alike = rebuild(a, tuple(yours)) == b
    except (TypeError, ValueError):
        return []
    return [(x, y) for x, y in zip(mine, yours, strict=True) if x != y] if alike else []


def _patched(
    source: str,
    place: Callable[[Expr], Span | None],
    patches: list[Patch],
    spell: Callable[[Expr, int], str],
    way: str,
) -> str | None:
    """The text with some of its parts written anew; None where one has no place."""
    edits: list[tuple[Span, str]] = []
    for old, untidy in patches:
        new = tidy(untidy)
        span = place(old)
        if span is None:
            return None
        if way == "wide":
            span = _around(source, span)
        brackets = way == "brackets"
        strength = 0 if not brackets else 1 if isinstance(old, Add) else 2 if isinstance(old, Mul) else 3
        edits.append((span, "" if new is ONE and not brackets else spell(new, strength)))
    edits.sort(key=lambda edit: -edit[0].start)
    last = len(source)
    for span, text in edits:
        if span.end > last:
            return None
        source, last = _put(source[: span.start], text, source[span.end :]), span.start
    return source


_OPENED: Final = re.compile(r"(?:\\left\s*|\\[Bb]igg?l?\s*)?[(\[]\s*$")
_CLOSED: Final = re.compile(r"\s*(?:\\right\s*|\\[Bb]igg?r?\s*)?[)\]]")


def _around(source: str, span: Span) -> Span:
    """The place with the brackets around it, if it fills them."""
    opened, closed = _OPENED.search(source[: span.start]), _CLOSED.match(source[span.end :])
    if opened is None or closed is None:
        return span
    return Span(opened.start(), span.end + closed.end())


def _put(before: str, text: str, after: str) -> str:
    """The parts joined, two signs in a row made one."""
    bare = before.rstrip()
    if text.startswith("-") and bare.endswith(("+", "-")):
        sign = "-" if bare.endswith("+") else "+"
        return f"{bare[:-1]}{sign} {text[1:]}{after}"
    if not text:
        return f"{bare} {after.lstrip()}".strip()
    glue = " " if re.search(r"\\[A-Za-z]+$", before) and text[:1].isalpha() else ""
    return f"{before}{glue}{text}{after}"


def _speller(read: Read, k: int) -> Callable[[Expr, int], str]:
    """Writes an expression as the person does: what they have spelled in any line is taken from there."""
    own: dict[Expr, str] = {}
    order = [k, *(n for n in range(len(read.lines)) if n != k)]
    for n in order:
        line = read.lines[n]
        for e, span in line.spans.items():
            text = " ".join(line.source[span.start : span.end].split())
            if text and _balanced(text) and not isinstance(e, Index | Number | Constant | Size):
                own.setdefault(e, text)
    lines = [line.source for line in read.lines]
    positions = style_of(lines)
    natural = any(r"\ln" in x for x in lines) and not any(r"\log" in x for x in lines)
    examples = _examples(read.scope, read)

    by_index = _by_index(own, read.scope)

    def one(e: Expr, kids: tuple[tuple[str, int], ...]) -> tuple[str, int]:
        if e in own:
            return own[e], _strength(e, own[e])
        if isinstance(e, Reduce | Add | Call) and (text := by_index.get(canonical(e))):
            return text, _strength(e, text)
        return _spelled(e, kids, positions, examples, natural)

    def spell(e: Expr, strength: int) -> str:
        text, has = fold(e, one)
        return text if has >= strength else rf"\left({text}\right)"

    return spell


def _by_index(own: dict[Expr, str], scope: Scope) -> dict[Expr, str]:
    """What the person wrote with arrays, under the sums that it stands for."""
    found: dict[Expr, str] = {}
    converter = Converter(scope)
    for e, text in own.items():
        if any(isinstance(node, Apply) for node in postorder(e)):
            try:
                found.setdefault(canonical(converter.entry(e, ())), text)
            except (WhygradError, ValueError, LookupError):
                continue
    return found


def _spelled(
    e: Expr, kids: tuple[tuple[str, int], ...], positions: Positions, examples: frozenset[str], natural: bool
) -> tuple[str, int]:
    """What the person has not spelled: text and strength, as in :mod:`whygrad.engine.check_cost`."""
    match e:
        case Mul(factors):
            return _product(factors, kids)
        case Pow(_, exponent) if isinstance(exponent, Number) and exponent.value < 0:
            return rf"\frac{{1}}{{{_power(kids[0], -exponent.value)}}}", 3
        case Number(value) if value.denominator == 1 and value < 0:
            return str(value), 1
        case Number(value) if value.denominator != 1:
            sign = "-" if value < 0 else ""
            return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}", 1 if sign else 3
        case Call("log") if natural:
            return rf"\ln({kids[0][0]})", 4
        case _:
            return spelled(e, kids, positions, examples)


def _power(base: tuple[str, int], exponent: object) -> str:
    if exponent == 1:
        return base[0]
    return f"{base[0] if base[1] >= 4 else f'({base[0]})'}^{{{exponent}}}"


def _product(factors: tuple[Expr, ...], kids: tuple[tuple[str, int], ...]) -> tuple[str, int]:
    """A product; what is divided by stands below a bar."""
    top: list[tuple[str, bool]] = []
    below: list[str] = []
    sign = ""
    parts = sorted(zip(factors, kids, strict=True), key=lambda part: not isinstance(part[0], Number))
    for n, (factor, (text, strength)) in enumerate(parts):
        if factor is MINUS_ONE and not n:
            sign = "-"
            continue
        if isinstance(factor, Pow) and isinstance(factor.exponent, Number) and factor.exponent.value < 0:
            inner = re.fullmatch(r"\\frac\{1\}\{(.*)\}", text)
            if inner is not None and _balanced(inner[1]):
                below.append(inner[1])
                continue
        if isinstance(factor, Number) and factor.value < 0 and not n:
            sign, text, strength = "-", text.removeprefix("-"), 3
        last = n == len(factors) - 1 and isinstance(factor, Reduce)
        top.append((text, strength >= 2 or last))
    alone = len(top) == 1 and bool(below)
    above = " ".join(text if fits or alone else f"({text})" for text, fits in top) or "1"
    if not below:
        return sign + above, 1 if sign else 2
    under = below[0] if len(below) == 1 else " ".join(f"({x})" for x in below)
    return rf"{sign}\frac{{{above}}}{{{under}}}", 1 if sign else 3


def _strength(e: Expr, text: str) -> int:
    if isinstance(e, Symbol | Call) and not text.startswith("-"):
        return 4 if _whole(text) else 3
    if isinstance(e, Add | Reduce) or text.startswith("-"):
        return 1
    return 2 if isinstance(e, Mul | Apply) or "/" in text else 3


def _whole(text: str) -> bool:
    """Whether a power may be put on it as it stands."""
    return "^" not in text and not re.search(r"\s", text)


def _balanced(text: str) -> bool:
    level = 0
    for n, c in enumerate(text):
        if n and text[n - 1] == "\\":
            continue
        level += (c in "({[") - (c in ")}]")
        if level < 0:
            return False
    return not level and text.count(r"\left") == text.count(r"\right")


def _examples(scope: Scope, read: Read) -> frozenset[str]:
    """The dimensions that superscripts in brackets run over."""
    used = {name for name, use in read.setting.letters.uses.items() if use.sups}
    return frozenset(d.dims[0] for n, d in scope.declarations.items() if n in used and d.dims)
