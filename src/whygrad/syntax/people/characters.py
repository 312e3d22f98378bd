"""One character after the other to tokens: numbers, signs, letters of every alphabet."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.people.macros import LIMIT, expand
from whygrad.syntax.people.vocabulary import (
    SIGNS,
)
from whygrad.syntax.tokens import GREEK, SUBSCRIPTS, SUPERSCRIPTS, check_size

MAX_NUMBER: Final = 60
"""Most digits of a number."""


class Token(NamedTuple):
    """A piece of a formula. ``kind``: number, name, func, big, op, text, env, end."""

    kind: str
    text: str
    start: int
    end: int
    glued: bool
    """Nothing stands between it and the token before."""

    @property
    def span(self) -> Span:
        """Where it stood."""
        return Span(self.start, self.end)


@dataclass(slots=True)
class Words:
    """Words that the text has made names: they are not split into letters.

    ``macros`` are the writer's own: name -> (number of arguments, body).
    """

    names: frozenset[str] = frozenset()
    macros: Mapping[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    bold: set[str] = field(default_factory=set[str])
    """Names seen in bold type, kept while lexing."""
    choices: set[str] = field(default_factory=set[str])
    """The choices of a :class:`Style` that make a difference in what was read, kept while reading."""
    letters: frozenset[str] = frozenset()
    """Letters that stand alone below a sum somewhere in the text."""


_SUPER = "".join(c for c in SUPERSCRIPTS if c not in "⊤ᵀ")
_PATTERN: Final = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<comment>(?<!\\)%[^\n]*)
    | (?P<line>\\\\(?:\s*\[[^\]\n]{{0,12}}\])?)
    | (?P<command>\\(?:[A-Za-z]+\*?|.))
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+(?![A-Za-z\d]))?|\.\d+)
    | (?P<word>[A-Za-z]+)
    | (?P<greek>[{"".join(GREEK)}])
    | (?P<super>[{_SUPER}]+)
    | (?P<sub>[{"".join(SUBSCRIPTS)}]+)
    | (?P<bigsign>[∑∏])
    | (?P<root>√)
    | (?P<op>\*\*|<=|>=|!=|==|:=|\|\||[-+*/^_=<>(){{}}\[\]|,;:.!&'~?@\#$"])
    | (?P<sign>[{re.escape("".join(c for c in SIGNS if len(c) == 1))}])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_FRACTIONS: Final = {
    c: ("(", a, "/", b, ")")
    for c, a, b in (("½", "1", "2"), ("⅓", "1", "3"), ("¼", "1", "4"), ("⅔", "2", "3"), ("¾", "3", "4"))
}


_BELOW: Final = re.compile(
    r"\s*(?:_\s*\{[^{}]*\}|_\(\w\s*=[^()]*\)|_\w+(?:=\w+)?|[ᵢⱼₖₗₘₙₜ]+(?:₌[₀-₉])?)"
    r"(?:\s*\^\s*(?:\{[^{}]*\}|\w)|[ᴺⁿᵐᴷ])?\s*[\w(\[{|\\∂½‖⟨√-]"
)
"""What stands below a sum, perhaps above it, and the beginning of what is summed."""


_CONDITION: Final = re.compile(r"\[[^\[\]]*(?:[<>≤≥≠]|\\[lg]e|\\neq?\b|(?<![:!])=)[^\[\]]*\]")
"""The condition of an indicator: ``1[y z < 1]``."""


_EMPTY: Final = re.compile(r"\s*\}")


class Characters(ABC):
    """Turns one text into tokens."""

    def __init__(self, source: str, words: Words) -> None:
        check_size(source)
        self.source = source
        self.words = words
        self.text: str
        self.origin: list[int]
        self.text, self.origin = expand(source, words.macros)
        self.tokens: list[Token] = []
        self.at: int = 0
        self.glued = False

    def run(self) -> list[Token]:
        """All tokens, the end last."""
        while self.at < len(self.text):
            self.step()
            if len(self.tokens) > LIMIT:
                raise LanguageError("error/too-large", "the text is too long", fix="give one derivation")
        self.emit("end", "", len(self.text), len(self.text))
        return self.tokens

    def place(self, at: int) -> int:
        """Where a character of the expanded text came from."""
        if at < len(self.origin):
            return self.origin[at]
        return len(self.source)

    def emit(self, kind: str, text: str, begin: int, end: int) -> None:
        """Add a token."""
        start = self.place(begin)
        stop = self.place(end - 1) + 1 if end > begin else start
        self.tokens.append(Token(kind, text, start, max(start, stop), self.glued))
        self.glued = True

    def step(self) -> None:
        """Read one piece."""
        match = _PATTERN.match(self.text, self.at)
        if match is None:
            raise AssertionError("the pattern matches every character")
        begin, end = match.span()
        self.at = end
        text, kind = match.group(), match.lastgroup
        match kind:
            case "space" | "comment":
                self.glued = False
            case "line":
                self.emit("op", "\\\\", begin, end)
            case "command":
                self.command(text[1:], begin, end)
            case "number" if text in ("𝟏", "𝟙") or (text == "1" and _CONDITION.match(self.text, end)):
                self.letter("ones", begin, end)
            case "number":
                self.number(text, begin, end)
            case "word":
                self.word(text, begin)
            case "greek" if text in "ΣΠ" and self.is_big(end):
                self.emit("big", "sum" if text == "Σ" else "prod", begin, end)
            case "greek":
                self.letter(GREEK[text], begin, end)
            case "super":
                self.superscript(text, begin, end)
            case "sub":
                self.subscript(text, begin, end)
            case "bigsign":
                self.emit("big", "sum" if text == "∑" else "prod", begin, end)
            case "root":
                self.emit("func", "sqrt", begin, end)
            case "op" if text == "{" and self.empty_braces(end):
                self.glued = False
            case "op":
                self.op(text, begin, end)
            case "sign":
                self.sign(SIGNS[text], begin, end)
            case _:
                self.other(text, begin, end)

    def empty_braces(self, end: int) -> bool:
        """Whether braces hold nothing and belong to nothing: they only keep a distance, and are taken."""
        rest = _EMPTY.match(self.text, end)
        last = self.tokens[-1] if self.tokens else None
        if rest is None or self.after_script() or (last is not None and last.kind in ("cmd", "func")):
            return False
        if last is not None and last.text == "}" and self.glued:  # the second argument of a fraction
            return False
        self.at = rest.end()
        return True

    def number(self, text: str, begin: int, end: int) -> None:
        """A number of reasonable length."""
        mantissa, _, exponent = text.lower().partition("e")
        if len(mantissa) > MAX_NUMBER or abs(int(exponent or 0)) > MAX_NUMBER:
            raise LanguageError(
                "error/syntax",
                f"a number of more than {MAX_NUMBER} digits",
                fix="write a shorter number",
                source=self.source,
                span=Span(self.place(begin), self.place(end - 1) + 1),
            )
        self.emit("number", text, begin, end)

    def op(self, text: str, begin: int, end: int) -> None:
        """An ASCII sign."""
        if text in ("~", '"', "$", "#"):
            self.glued = False
            return
        self.emit("op", {"**": "^", "==": "=", ":=": "="}.get(text, text), begin, end)

    def sign(self, text: str, begin: int, end: int) -> None:
        """A sign of mathematics."""
        if text == " ":
            self.glued = False
        elif text == "''":
            self.emit("op", "'", begin, end)
            self.emit("op", "'", begin, end)
        elif text == "⊤":
            if [x.text for x in self.tokens[-4:]] == ["^", "{", "-", "}"]:  # X⁻ᵀ
                closing = self.tokens.pop()
                self.emit("op", "⊤", begin, end)
                self.tokens.append(closing)
                return
            braced = len(self.tokens) > 1 and self.tokens[-1].text == "{" and self.tokens[-2].text == "^"
            if not (self.tokens and self.tokens[-1].text in ("^", "-")) and not braced:
                self.emit("op", "^", begin, end)
            self.emit("op", "⊤", begin, end)
        else:
            self.emit("op", text, begin, end)

    def other(self, text: str, begin: int, end: int) -> None:
        """Letters of other alphabets: accents become decorations, styles are dropped."""
        flat = unicodedata.normalize("NFKD", text)
        marks = {"\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0303": "tilde", "\u0307": "dot"}
        if text in marks:  # a combining mark after its letter
            if self.tokens and self.tokens[-1].kind == "name":
                last = self.tokens.pop()
                self.tokens.append(last._replace(text=f"{last.text}_{marks[text]}"))
            return
        if flat and flat[0].isascii() and flat[0].isalpha():
            name = flat[0] + "".join("_" + marks[c] for c in flat[1:] if c in marks)
            self.letter(name, begin, end)
        elif flat and flat[0] in GREEK:
            self.letter(GREEK[flat[0]], begin, end)
        elif text in _FRACTIONS:
            for kind, piece in zip(("op", "number", "op", "number", "op"), _FRACTIONS[text], strict=True):
                self.emit(kind, piece, begin, end)
        elif flat.isdecimal():
            self.emit("number", str(int(flat)), begin, end)
        elif flat.isspace() or unicodedata.category(text[0]).startswith(("C", "Z")):
            self.glued = False
        else:
            self.emit("text", text, begin, end)

    def superscript(self, text: str, begin: int, end: int) -> None:
        """``²`` is ``^{2}``."""
        signs = "".join(SUPERSCRIPTS[c] for c in text)
        self.emit("op", "^", begin, begin)
        self.emit("op", "{", begin, begin)
        self.plain(signs, begin, end)
        self.emit("op", "}", end, end)

    def subscript(self, text: str, begin: int, end: int) -> None:
        """``ᵢ`` is ``_{i}``; digits before further positions belong to the name: ``A₁_il``."""
        digits = "".join(SUBSCRIPTS[c] for c in text)
        last = self.tokens[-1] if self.tokens else None
        if digits.isdigit() and self.text[end : end + 1] == "_" and last is not None and last.kind == "name":
            self.tokens[-1] = last._replace(text=f"{last.text}_{digits}", end=self.place(end - 1) + 1)
            return
        self.emit("op", "_", begin, begin)
        self.emit("op", "{", begin, begin)
        self.plain("".join(SUBSCRIPTS[c] for c in text), begin, end)
        self.emit("op", "}", end, end)

    def plain(self, signs: str, begin: int, end: int) -> None:
        """Digits, signs and letters that all stand at one place."""
        for piece in re.findall(r"\d+|.", signs):
            kind = "number" if piece.isdigit() else "name" if piece.isalpha() else "op"
            self.emit(kind, piece, begin, end)

    def letter(self, name: str, begin: int, end: int) -> None:
        """One name."""
        self.emit("name", name, begin, end)

    def after_script(self) -> bool:
        """Whether one letter is wanted: a ``_`` or ``^`` stands before."""
        return bool(self.tokens) and self.tokens[-1].text in ("_", "^") and self.tokens[-1].kind == "op"

    def is_big(self, end: int) -> bool:
        """Whether a capital sigma is a sum: a letter stands below it, and what is summed follows."""
        return "Σ⁻" not in self.text and "Σ^" not in self.text and bool(_BELOW.match(self.text, end))

    def binds(self, end: int) -> bool:
        """Whether a subscript follows."""
        return self.text[end : end + 4].lstrip().startswith("_")

    @abstractmethod
    def word(self, text: str, begin: int) -> None:
        """A run of letters."""

    @abstractmethod
    def command(self, name: str, begin: int, end: int) -> None:
        """A LaTeX command."""
