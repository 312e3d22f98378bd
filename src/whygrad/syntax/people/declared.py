r"""Declarations in a person's text: ``data X: (m, n), y: (m,) in {0,1}`` settles what is else inferred.

They are lines of the language of costs. They stand at the top of the text, or in comments of LaTeX or
Markdown, or in a fenced block, or among the lines of context.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final

from whygrad.core.errors import LanguageError, Span, WhygradError
from whygrad.syntax.declare import KIND_WORDS, KINDS, Declared, Line
from whygrad.syntax.lines import split_lines
from whygrad.syntax.people.setting import Kinds
from whygrad.syntax.people.vocabulary import PROSE
from whygrad.syntax.tokens import GREEK_NAMES, check_size
from whygrad.syntax.tokens_plain import tokenize

_HEAD: Final = re.compile(
    rf"\s*(?:{'|'.join(sorted(KIND_WORDS, key=len, reverse=True))})\s+\\?[^\W\d]\w*\s*"
    r"(?:[\[:,<>=∈≤≥]|\\in\b|\\[lg]eq?\b|in\b|integer\b|onehot\b|simplex\b|symmetric\b|spd\b|real\b"
    r"|positive\b|$)"
)
_KNOWN: Final = frozenset(
    "in and integer integers onehot simplex symmetric spd real reals positive inf infinity oo".split()
)
_SIGNS: Final = {
    r"\in": "in",
    r"\geq": ">=",
    r"\leq": "<=",
    r"\ge": ">=",
    r"\le": "<=",
    r"\{": "{",
    r"\}": "}",
}
_BESIDE: Final = re.compile(r"[%#/\s]+")
_PREAMBLE: Final = re.compile(
    r"\s*\\(?:documentclass|usepackage|begin\s*\{document\}|title|author|date|maketitle|section|newcommand)"
)


@dataclass(slots=True)
class Settled:
    """What declarations say."""

    kinds: dict[str, Kinds] = field(default_factory=dict[str, Kinds])
    letters: set[str] = field(default_factory=set[str])
    """The index letters that they show."""
    formulas: list[str] = field(default_factory=list[str])
    """Values of constants, as definitions."""


def is_declaration(line: str) -> bool:
    """Whether a line declares names, and is no sentence that begins with such a word.

    >>> is_declaration("data x[i,j], y[i] in {0,1}"), is_declaration("data x, y are measured")
    (True, False)
    """
    return bool(_HEAD.match(line)) and (not _failure(line) or not _is_prose(line))


def _is_prose(line: str) -> bool:
    """Whether words stand in it that no declaration has."""
    if line.split()[0] not in KINDS:
        return True
    words = [w for w in re.findall(r"[A-Za-z]{2,}", line) if w not in _KNOWN and w not in GREEK_NAMES]
    return any(w.lower() in PROSE for w in words) or bool(
        re.search(r"[A-Za-z]{2,}\s+[A-Za-z]{3,}\s+[A-Za-z]{3,}", line)
    )


def _plain(line: str) -> str:
    """The line without the backslashes of LaTeX, each sign where it was."""

    def sign(found: re.Match[str]) -> str:
        plain = _SIGNS.get(found[0], found[0][1:])
        return plain.rjust(len(found[0]))

    line = re.sub(r"\\(?:[A-Za-z]+|[{}])", sign, line)
    line = re.sub(r",(?=\s*(?:data|param|const)\s)", ";", line)
    return re.sub(r"[\s.;$]+$", lambda found: " " * len(found[0]), line)


def _declared(line: str) -> list[Declared]:
    """The names of a line.

    Raises
    ------
    LanguageError
        With the place in the line.
    """
    plain = _plain(line)
    found: list[Declared] = []
    for tokens in split_lines(tokenize(plain)[0]):
        if tokens[0].text not in KIND_WORDS:
            raise LanguageError(
                "error/syntax",
                f"'{tokens[0].text}' begins no declaration",
                fix="begin with data, param or const: `data x[i,j], y[i] in {0,1}`",
                source=line,
                span=tokens[0].span,
            )
        found += Line(tokens, plain).declarations()
    return found


def _failure(line: str) -> WhygradError | None:
    """Why a line cannot be read as a declaration."""
    try:
        _declared(line)
    except WhygradError as error:
        return error
    return None


def settle(lines: Iterable[str]) -> Settled:
    """What some lines of declarations say, taken together.

    >>> settle(["data X: (m, n), y: (m,) in {0,1}"]).kinds["X"].sizes
    ('m', 'n')
    """
    found: list[tuple[Declared, str]] = []
    for line in lines:
        found += [(one, line) for one in _declared(line)]
    out = Settled()
    sizes: dict[str, str] = {}
    for one, _ in found:
        sizes.update(zip(one.letters, one.dims or (), strict=False))
    for one, line in found:
        if one.name in out.kinds:
            raise LanguageError(
                "error/defined-twice",
                f"{one.name} is declared twice",
                fix="declare a name once",
                source=line,
                span=one.span,
            )
        out.letters.update(one.letters)
        out.kinds[one.name] = _kinds(one, sizes)
        if one.value is not None:
            out.formulas.append(f"{one.name} = {one.value}")
    return out


def _kinds(one: Declared, sizes: dict[str, str]) -> Kinds:
    """Rank, sizes and domains of a declared name; a letter without a size is a size of its own."""
    dims = one.dims
    if dims is None and one.letters:
        dims = tuple(sizes.get(letter, f"[{letter}]") for letter in one.letters)
    if dims is None and one.kind == "const":
        dims = ()
    if dims is not None and len(dims) == 2:
        dims = tuple(d for d in dims if d != "1")  # a column is a vector
    domains = list(one.domains)
    for at, (along, _) in one.along.items():
        if along in one.letters:
            domains[at] = replace(domains[at], dim=f"#{one.letters.index(along)}")
        elif dims is not None and along in dims:
            domains[at] = replace(domains[at], dim=f"#{dims.index(along)}")
    if dims is None and any(d.kind in ("symmetric", "spd") for d in domains):
        return Kinds(2, (), tuple(domains), one.kind)
    return Kinds(None if dims is None else len(dims), dims or (), tuple(domains), one.kind)


# --- in a text ------------------------------------------------------------------------------------
def take_declarations(text: str) -> tuple[list[str], str]:
    r"""The declarations of a text, and the text without them, every place where it was.

    >>> take_declarations("data x: (n,)\n\nL = 2 x")
    (['data x: (n,)'], '            \n\nL = 2 x')

    Raises
    ------
    LanguageError
        If one at the top cannot be read.
    """
    check_size(text)
    lines = text.splitlines(keepends=True)
    starts = [0, *accumulate(len(line) for line in lines)]
    found: list[str] = []
    rest: list[str] = []
    top = True
    k = 0
    while k < len(lines):
        end, pieces = _region(lines, k, top)
        stated = [(x, starts[n] + lines[n].index(x)) for n, x in pieces if x]
        if stated and all(_is_one(x, text, start) for x, start in stated):
            found += [x for x, _ in stated]
            rest += [_blank(line) for line in lines[k:end]]
        else:
            rest += lines[k:end]
            bare = lines[k].strip()
            top = top and (not bare or _is_comment(bare) or bool(_PREAMBLE.match(bare)))
        k = end
    return found, "".join(rest)


def _is_comment(bare: str) -> bool:
    return bare.startswith(("%", "#", "//", "<!--"))


def _region(lines: list[str], k: int, top: bool) -> tuple[int, list[tuple[int, str]]]:
    """Where the fenced block, the comment or the line at k ends, and the lines in it that may declare."""
    bare = lines[k].strip()
    closing = "```" if top and re.fullmatch(r"```(?:whygrad|cost|text)?", bare) else ""
    if bare.startswith("<!--"):
        closing = "-->"
        if bare.endswith("-->"):
            return k + 1, [(k, bare.removeprefix("<!--").removesuffix("-->").strip())]
    if closing:
        ends = (n for n in range(k + 1, len(lines)) if lines[n].rstrip().endswith(closing))
        last = next(ends, None)
        if last is not None:
            pieces = [(k, bare.removeprefix("<!--") if closing == "-->" else "")]
            pieces += [(n, lines[n].strip().removesuffix(closing)) for n in range(k + 1, last + 1)]
            return last + 1, [(n, x.strip()) for n, x in pieces]
    if not (top or _is_comment(bare)):
        return k + 1, []
    return k + 1, [(k, _BESIDE.sub("", bare, count=1) if bare[:1] in ("%", "#", "/") else bare)]


def _is_one(line: str, text: str, start: int) -> bool:
    """Whether a line of the text declares; one that is meant to and cannot be read is refused."""
    if not _HEAD.match(line):
        return False
    error = _failure(line)
    if error is None:
        return True
    if _is_prose(line):
        return False
    span = error.span or Span(0, len(line))
    error.source, error.span = text, Span(start + span.start, start + span.end)
    raise error


def _blank(line: str) -> str:
    return "".join(c if c in "\r\n" else " " for c in line)


def merged(declared: Kinds, old: Kinds | None) -> Kinds:
    """A declaration over what was inferred: what it says wins, what it leaves open stays."""
    if old is None:
        return declared
    out = declared if declared.rank is not None else replace(declared, rank=old.rank, sizes=old.sizes)
    return out if declared.domains else replace(out, domains=old.domains)
