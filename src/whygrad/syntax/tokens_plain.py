"""Plain text to tokens: ASCII, and the mathematical signs people paste."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from whygrad.syntax.tokens import (
    BIG,
    GREEK,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    Token,
    check_digits,
    unreadable,
)

SIGNS: Final[dict[str, str]] = {
    "−": "-", "–": "-", "—": "-", "·": "·", "⋅": "·", "∙": "·", "×": "*", "∗": "*", "÷": "/", "⁄": "/",
    "∕": "/", "⊙": ".*", "∘": ".*", "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=",
    "‖": "||", "∥": "||", "∂": "∂", "’": "'", "′": "'", "**": "^", "≔": "=", ":=": "=", "∣": "|",
    "…": "..", "...": "..", "=<": "<=", "=>": ">=", "<>": "!=",
}  # fmt: skip
_WORDS: Final[dict[str, str]] = {"∈": "in", "√": "sqrt", "∧": "and", "&&": "and", "∨": "or", "¬": "not"}
_BIGSIGNS: Final[dict[str, str]] = {"∑": "sum", "∏": "prod", "Σ": "sum", "Π": "prod"}

_GREEK_CLASS = "".join(GREEK)
_SUB_CLASS = "".join(SUBSCRIPTS)
_SUPER_CLASS = "".join(SUPERSCRIPTS)

_PATTERN: Final = re.compile(
    rf"""
      (?P<space>[ \t\r\f\v\u00a0\u2009\u202f]+)
    | (?P<comment>[\#%][^\n]*)
    | (?P<line>[\n;])
    | (?P<number>(?:[0-9]+(?:\.(?![.*/^])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<bigsign>[∑∏][{_SUB_CLASS}]? | [ΣΠ](?:(?=_)|[{_SUB_CLASS}]))
    | (?P<name>(?:[A-Za-z][A-Za-z0-9]*\u0302?|\\[A-Za-z]+|[{_GREEK_CLASS}]
               |[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff])
               (?:_[A-Za-z0-9]+)*[{_SUB_CLASS}]*)
    | (?P<under>_)
    | (?P<super>[{_SUPER_CLASS}]+)
    | (?P<op>\*\*|\.\*|\./|\.\^|<=|>=|==|!=|:=|=<|=>|<>|\.\.\.?|\|\||[-+*/^@'()\[\]{{}},:=<>|?]|&(?!&)
            |[−–—·⋅∙×∗÷⁄∕⊙∘≤⩽≥⩾≠‖∥∂’′≔∣…])
    | (?P<word>[∈√∧∨¬]|&&)
    """,
    re.VERBOSE,
)
_SHORT_BIG: Final = re.compile(r"(sum|mean|prod|max|min)_([a-z]\d*|[ijklmnpqrst]{2,3})\Z")


def tokenize(source: str, start: int = 0, end: int | None = None) -> tuple[list[Token], list[str]]:
    """The tokens of ``source[start:end]`` and its comments.

    Examples
    --------
    >>> tokens, notes = tokenize("z[i] = 2x  # a line")
    >>> [t.text for t in tokens], notes
    (['z', '[', 'i', ']', '=', '2', 'x', ''], ['a line'])
    """
    tokens: list[Token] = []
    notes: list[str] = []
    at, stop, glued = start, len(source) if end is None else end, False
    while at < stop:
        found = _PATTERN.match(source, at, stop)
        if found is None:
            raise unreadable(source, at)
        begin, at = at, found.end()
        text, kind = found.group(), found.lastgroup
        if kind == "space":
            glued = False
            continue
        if kind == "comment":
            notes.append(text.lstrip("#% ").rstrip())
            continue
        if kind == "number":
            tokens.append(Token("number", text, begin, at, glued))
            check_digits(tokens[-1], source)
        elif kind == "op":
            tokens.append(Token("op", SIGNS.get(text, text), begin, at, glued))
        elif kind == "name":
            _name(tokens, text, begin, at, glued)
        elif kind == "line":
            tokens.append(Token("line", text, begin, at, glued))
        elif kind == "bigsign":
            tokens.append(Token("big", _BIGSIGNS[text[0]], begin, at, glued))
            if len(text) > 1:
                tokens.append(Token("name", SUBSCRIPTS[text[1]], begin, at, True))
        elif kind == "under":
            if glued and tokens[-1].text in BIG:
                tokens[-1] = tokens[-1]._replace(kind="big")
            else:
                tokens.append(Token("op", "_", begin, at, glued))
        elif kind == "super":
            _superscript(tokens, text, begin, at)
        else:
            tokens.append(Token("name", _WORDS[text], begin, at, glued))
        glued = kind != "line"
    tokens.append(Token("end", "", stop, stop, False))
    return tokens, notes


def _name(tokens: list[Token], text: str, begin: int, end: int, glued: bool) -> None:
    """A name, or a big operator with its letter (``sum_i``, ``Σᵢ``)."""
    plain = canonical_name(text)
    short = _SHORT_BIG.match(plain)
    if short is None:
        tokens.append(Token("name", plain, begin, end, glued))
        return
    tokens.append(Token("big", short[1], begin, end, glued))
    letters = (short[2],) if short[2][1:].isdigit() or len(short[2]) == 1 else tuple(short[2])
    if len(letters) == 1:
        tokens.append(Token("name", letters[0], begin, end, True))
        return
    tokens.append(Token("op", "{", begin, end, True))
    for k, letter in enumerate(letters):
        if k:
            tokens.append(Token("op", ",", begin, end, True))
        tokens.append(Token("name", letter, begin, end, True))
    tokens.append(Token("op", "}", begin, end, True))


def _superscript(tokens: list[Token], text: str, begin: int, end: int) -> None:
    """``²`` is ``^2``, ``⁻¹`` is ``^-1``, ``ᵀ`` a transpose."""
    signs = "".join(SUPERSCRIPTS[c] for c in text)
    if signs.startswith("'"):
        tokens.append(Token("op", "'", begin, end, True))
        return
    tokens.append(Token("op", "^", begin, end, True))
    if signs[0] in "+-":
        tokens.append(Token("op", signs[0], begin, end, True))
        signs = signs[1:]
    if signs.isdigit():
        tokens.append(Token("number", signs, begin, end, True))
    elif signs:
        tokens.append(Token("name", signs.strip("'+-") or "T", begin, end, True))


def canonical_name(text: str) -> str:
    r"""One spelling for a name: ``λ`` and ``\lambda`` are ``lambda``, ``ŷ`` is ``y_hat``.

    >>> canonical_name("λ"), canonical_name("zᵢ"), canonical_name("ŷ")
    ('lambda', 'z_i', 'y_hat')
    """
    if text.isascii() and not text.startswith("\\"):
        return text
    base = text.rstrip("".join(SUBSCRIPTS))
    subscript = "".join(SUBSCRIPTS[c] for c in text[len(base) :])
    head, _, rest = base.partition("_")
    head = head.removeprefix("\\")
    if len(head) == 1 and not head.isascii():
        head = GREEK.get(head) or _decorated(head)
    elif head.endswith("\u0302"):
        head = head[:-1] + "_hat"
    return "_".join(part for part in (head, rest, subscript) if part)


_MARKS: Final = {"\u0302": "_hat", "\u0304": "_bar", "\u0303": "_tilde", "\u0307": "_dot"}


def _decorated(letter: str) -> str:
    """``ŷ`` is y with a hat."""
    parts = unicodedata.normalize("NFKD", letter)
    return parts[0] + "".join(_MARKS.get(c, "") for c in parts[1:])
