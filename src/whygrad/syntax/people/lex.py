"""What people type, to tokens: LaTeX, plain text, and both at once.

Every token keeps where it stood in the source, also through the writer's own macros, so that a caret
can always point at what was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.people.vocabulary import (
    ACCENTS,
    BIG,
    DROPPED,
    FONTS,
    FUNCTIONS,
    GREEK_COMMANDS,
    LOST_BACKSLASH,
    OPERATORS,
    SIGNS,
    TRANSPARENT,
    VARIANTS,
    WITH_ARGUMENT,
)
from whygrad.syntax.tokens import GREEK, GREEK_NAMES, SUBSCRIPTS, SUPERSCRIPTS, check_size

LIMIT: Final = 200_000
"""Most characters after macros are written out, and most tokens."""
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


_DEF: Final = re.compile(r"\\def\s*\\([A-Za-z]+)((?:\s*#\d)*)\s*\{")
_NEW: Final = re.compile(
    r"\\(?:re)?newcommand\s*\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*\{"
    r"|\\DeclareMathOperator\s*\*?\s*\{\s*\\([A-Za-z]+)\s*\}\s*\{"
)


def find_macros(text: str) -> tuple[dict[str, tuple[int, str]], str]:
    r"""The macros a text defines, and the text with their definitions blanked out.

    >>> find_macros(r"\def\LR#1{\left(#1\right)} \LR{x}")[0]
    {'LR': (1, '\\left(#1\\right)')}
    """
    found: dict[str, tuple[int, str]] = {}
    out = text
    for pattern in (_DEF, _NEW):
        at = 0
        while (match := pattern.search(out, at)) is not None:
            end = closing_brace(out, match.end() - 1)
            body = out[match.end() : end]
            if pattern is _DEF:
                found[match[1]] = (match[2].count("#"), body)
            elif match[3]:
                found[match[3]] = (0, r"\operatorname{" + body + "}")
            else:
                found[match[1]] = (int(match[2] or 0), body)
            out = out[: match.start()] + " " * (min(end + 1, len(out)) - match.start()) + out[end + 1 :]
            at = match.start() + 1
            if len(found) > 500:
                break
    return found, out


def closing_brace(text: str, at: int) -> int:
    """Where the brace that opens at ``at`` closes (the end of the text if it does not)."""
    level = 0
    k = at
    while k < len(text):
        c = text[k]
        if c == "\\":
            k += 2
            continue
        if c == "{":
            level += 1
        elif c == "}":
            level -= 1
            if level <= 0:
                return k
        k += 1
    return len(text)


def _expand(text: str, macros: Mapping[str, tuple[int, str]]) -> tuple[str, list[int]]:
    """The text with the writer's macros written out, and where each character came from."""
    chars, origin = text, list(range(len(text)))
    if not macros:
        return chars, origin
    for _ in range(12):
        out: list[str] = []
        where: list[int] = []
        at, changed = 0, False
        for match in re.finditer(r"\\([A-Za-z]+)", chars):
            if match.start() < at or match[1] not in macros:
                continue
            count, body = macros[match[1]]
            out.append(chars[at : match.start()])
            where += origin[at : match.start()]
            arguments, end = _arguments(chars, match.end(), count)
            for k, argument in enumerate(arguments, 1):
                body = body.replace(f"#{k}", argument)
            body = f" {body} "
            out.append(body)
            where += [origin[match.start()]] * len(body)
            at, changed = end, True
        if not changed:
            return chars, origin
        out.append(chars[at:])
        where += origin[at:]
        chars, origin = "".join(out), where
        if len(chars) > LIMIT:
            raise LanguageError(
                "error/too-large", "the macros of this text grow too large", fix="write them out"
            )
    return chars, origin


def _arguments(text: str, at: int, count: int) -> tuple[list[str], int]:
    found: list[str] = []
    for _ in range(count):
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text) and text[at] == "{":
            end = closing_brace(text, at)
            found.append(text[at + 1 : end])
            at = end + 1
        else:
            match = re.compile(r"\\[A-Za-z]+|.", re.S).match(text, at)
            found.append(match.group() if match else "")
            at = match.end() if match else at
    return found, at


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
_LETTERS: Final = re.compile(r"[A-Za-z]+")
_INVISIBLE: Final = {"!", ",", ";", ":", ">", " ", "/", "\n", "\t"}


class Lexer:
    """Turns one text into tokens."""

    def __init__(self, source: str, words: Words) -> None:
        check_size(source)
        self.source = source
        self.words = words
        self.text, self.origin = _expand(source, words.macros)
        self.tokens: list[Token] = []
        self.at = 0
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
            case "number":
                self.number(text, begin, end)
            case "word":
                self.word(text, begin)
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
            case "op":
                self.op(text, begin, end)
            case "sign":
                self.sign(SIGNS[text], begin, end)
            case _:
                self.other(text, begin, end)

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
            if not (self.tokens and self.tokens[-1].text == "^"):
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
        elif flat.isdigit():
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
        """``ᵢ`` is ``_{i}``."""
        self.emit("op", "_", begin, begin)
        self.emit("op", "{", begin, begin)
        self.plain("".join(SUBSCRIPTS[c] for c in text), begin, end)
        self.emit("op", "}", end, end)

    def plain(self, signs: str, begin: int, end: int) -> None:
        """Digits, signs and letters that all stand at one place."""
        for piece in re.findall(r"\d+|.", signs):
            kind = "number" if piece.isdigit() else "name" if piece.isalpha() else "op"
            self.emit(kind, piece, begin, end)

    # --- words -----------------------------------------------------------------------------------

    def letter(self, name: str, begin: int, end: int) -> None:
        """One name."""
        self.emit("name", name, begin, end)

    def after_script(self) -> bool:
        """Whether one letter is wanted: a ``_`` or ``^`` stands before."""
        return bool(self.tokens) and self.tokens[-1].text in ("_", "^") and self.tokens[-1].kind == "op"

    def word(self, text: str, begin: int) -> None:
        """A run of letters: a known word, or letters, with known words among them."""
        match = re.compile(r"d([A-Za-z]\w*?)_d([A-Za-z][A-Za-z0-9]*)\b").match(self.text, begin)
        if match is not None and not self.after_script():
            self.code_derivative(match)
            return
        compound = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)+(?![A-Za-z_])").match(self.text, begin)
        if compound is not None and compound.group() in self.words.names:
            self.at = compound.end()
            self.letter(compound.group(), begin, self.at)
            return
        at = begin
        end = begin + len(text)
        if self.after_script():
            if not self.glued_word(text, begin, end):
                self.piece(text[0], begin)
                at = begin + 1
            else:
                return
        while at < end:
            at = self.next_piece(text[at - begin :], at)
        self.at = max(self.at, end)
        digits = re.compile(r"\d{1,2}(?![\d.])").match(self.text, self.at)
        last = self.tokens[-1] if self.tokens else None
        plain = "\\" not in self.source and last is not None and last.kind == "name"
        if digits is not None and plain and self.at == end:  # w1
            self.emit("op", "_", digits.start(), digits.start())
            self.emit("number", digits.group(), *digits.span())
            self.at = digits.end()

    def glued_word(self, text: str, begin: int, end: int) -> bool:
        """A word after ``_`` or ``^`` without braces: ``y_hat``, ``x_ij`` in plain text."""
        base = self.tokens[-2] if len(self.tokens) > 1 else None
        if len(text) < 2 or self.tokens[-1].text == "^":
            return False
        if text in ("hat", "bar", "tilde") and base is not None and base.kind == "name":
            self.tokens.pop()
            self.tokens[-1] = base._replace(text=f"{base.text}_{text}")
            return True
        if text in GREEK_NAMES:
            self.letter(text, begin, end)
            return True
        known = [w for w in FUNCTIONS if text.endswith(w) and len(w) > 1]
        if known:
            return False
        if set(text) <= set("ijklmnpqrst") and len(text) == 2 and "\\" not in self.text:  # x_ij
            self.emit("op", "{", begin, begin)
            for k, c in enumerate(text):
                self.letter(c, begin + k, begin + k + 1)
            self.emit("op", "}", end, end)
            return True
        if len(text) >= 3 and "\\" not in self.text:
            self.emit("text", text, begin, end)
            return True
        return False

    def piece(self, text: str, begin: int) -> None:
        """One letter or known word."""
        end = begin + len(text)
        if len(text) == 1:
            self.letter(text, begin, end)
        elif text in GREEK_NAMES:
            self.letter(VARIANTS.get(text, text), begin, end)
        elif text in self.words.names:
            self.letter(text, begin, end)
        elif text in FUNCTIONS and not (text in BIG and self.binds(end)):
            self.emit("func", FUNCTIONS[text], begin, end)
        elif text in BIG:
            self.emit("big", BIG[text], begin, end)
        else:
            self.emit("text", text, begin, end)

    def binds(self, end: int) -> bool:
        """Whether a subscript follows."""
        return self.text[end : end + 4].lstrip().startswith("_")

    def next_piece(self, run: str, begin: int) -> int:
        """Take the next letter or word off a run of letters; where the run goes on."""
        if run in self.words.names or len(run) == 1:
            self.piece(run, begin)
            return begin + len(run)
        if run[0] == "d" and run[1:] in GREEK_NAMES:
            self.letter("d", begin, begin + 1)
            self.piece(run[1:], begin + 1)
            return begin + len(run)
        for size in range(len(run), 1, -1):
            word = run[:size]
            rest = run[size:]
            if word in self.words.names and (len(word) > 2 or not rest):
                self.piece(word, begin)
                return begin + size
            if word in LOST_BACKSLASH and word not in FUNCTIONS and self.looks_lost(word, begin + size):
                self.at = begin + size
                self.command(word, begin, begin + size)
                return self.at if self.at > begin + size else begin + size
            if word in FUNCTIONS and (not rest or (len(word) > 1 and len(rest) <= 2)):
                if word in ("sig", "abs", "norm", "vec", "min", "max", "tr", "Tr", "sign") and rest:
                    continue
                self.piece(word, begin)
                return begin + size
            if word in BIG and word in ("sum", "prod", "mean", "argmax", "argmin") and not rest:
                self.piece(word, begin)
                return begin + size
            if word in GREEK_NAMES and len(word) > 2 and (not rest or len(rest) <= 1):
                self.piece(word, begin)
                return begin + size
            if word in GREEK_NAMES and len(word) == 2 and not rest:
                self.piece(word, begin)
                return begin + size
        inside = [w for w in FUNCTIONS if len(w) > 1 and run.endswith(w) and w not in ("tr", "sig")]
        if len(run) > 3 and not inside and run.isalpha() and self.reads_like_a_word(run, begin):
            self.emit("text", run, begin, begin + len(run))
            return begin + len(run)
        self.letter(run[0], begin, begin + 1)
        return begin + 1

    def looks_lost(self, word: str, end: int) -> bool:
        """Whether a word is a command whose backslash was lost."""
        after = self.text[end : end + 1]
        if word in ("frac", "dfrac", "tfrac", "hat", "bar", "tilde", "mathbf", "mathcal", "mathrm", "text",
                    "operatorname", "boldsymbol"):  # fmt: skip
            return after == "{"
        if word in ("left", "right"):
            return after in ("(", ")", "[", "]", "{", "}", "|", "\\", ".")
        return True

    def reads_like_a_word(self, run: str, begin: int) -> bool:
        """Four letters or more that are no product: a vowel among them, lower case after the first."""
        lower = run[1:]
        return lower.islower() and any(c in "aeiou" for c in run.lower())

    def code_derivative(self, match: re.Match[str]) -> None:
        """``dL_dw`` is ∂L/∂w."""
        begin, end = match.span()
        self.at = end
        for text, kind in (("∂", "op"), (match[1], "name"), ("/", "op"), ("∂", "op"), (match[2], "name")):
            if kind == "name" and len(text) > 1 and text not in self.words.names:
                self.piece(text, begin) if text in GREEK_NAMES else self.letter(text, begin, end)
            else:
                self.emit(kind, text, begin, end)

    # --- commands --------------------------------------------------------------------------------

    def command(self, name: str, begin: int, end: int) -> None:
        """A LaTeX command."""
        if name in _INVISIBLE:
            self.glued = False
            return
        if name in ("{", "}"):
            self.emit("op", "(" if name == "{" else ")", begin, end)
            return
        if name == "|":
            self.emit("op", "||", begin, end)
            return
        if name in ("(", ")", "[", "]"):
            self.glued = False
            return
        if name in ("newline", "cr"):
            self.emit("op", "\\\\", begin, end)
            return
        if name in ("left", "right", "middle"):
            self.skip_dot()
            return
        if name in FONTS:
            self.font(FONTS[name], begin)
            return
        if name in ACCENTS:
            self.accent(ACCENTS[name], begin)
            return
        self.other_command(name, begin, end)

    def other_command(self, name: str, begin: int, end: int) -> None:
        """A command that is neither a bracket nor a style."""
        if name in ("tt", "bf") and re.match(r"\s*1(?![\d.])", self.text[end:]):
            self.at = self.text.index("1", end) + 1
            self.letter("ones", begin, self.at)
        elif name in DROPPED:
            self.glued = False
        elif name in OPERATORS:
            self.sign(OPERATORS[name], begin, end)
        elif name in GREEK_COMMANDS:
            self.letter(VARIANTS.get(name, name), begin, end)
        elif name in ("sum", "prod", "argmax", "argmin"):
            self.emit("big", name, begin, end)
        elif name in ("max", "min") and self.binds(end):
            self.emit("big", name, begin, end)
        elif name in FUNCTIONS:
            self.emit("func", FUNCTIONS[name], begin, end)
        elif name in ("frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"):
            self.emit("cmd", "frac", begin, end)
        elif name in ("lim", "limsup", "liminf", "int", "iint", "oint", "iiint", "bigcup", "bigcap"):
            self.emit("cmd", name, begin, end)
        elif name in ("over", "begin", "end", "binom", "not", "eqalign", "cases", "pmatrix", "substack"):
            self.emit("cmd", name, begin, end)
        elif name in TRANSPARENT:
            self.glued = False
        elif name in WITH_ARGUMENT:
            _, self.at = _arguments(self.text, end, WITH_ARGUMENT[name])
            self.glued = False
        elif name in ("underset", "overset", "stackrel"):
            _, self.at = _arguments(self.text, end, 1)
        elif name in ("underbrace", "overbrace"):
            self.brace(begin, end)
        elif name in ("th", "st", "nd"):
            self.glued = False
        else:
            self.emit("name", name, begin, end)

    def brace(self, begin: int, end: int) -> None:
        """``\\underbrace{u}_{...}``: u counts."""
        found, after = _arguments(self.text, end, 1)
        rest = re.compile(r"\s*[_^]\s*").match(self.text, after)
        cut = after
        if rest is not None:
            _, cut = _arguments(self.text, rest.end(), 1)
        length = len(found[0]) if found else 0
        inside_end = after - 1 if after > end and self.text[after - 1 : after] == "}" else after
        self.emit("op", "{", begin, end)
        keep_text = self.text
        stop = inside_end
        self.at = stop - length if length else stop
        sub_text = keep_text[:stop]
        self.text = sub_text
        while self.at < stop:
            self.step()
        self.text = keep_text
        self.emit("op", "}", stop, stop)
        self.at = max(cut, stop)

    def skip_dot(self) -> None:
        """``\\left.`` is no bracket at all."""
        rest = re.compile(r"\s*\.").match(self.text, self.at)
        if rest is not None:
            self.at = rest.end()
        self.glued = False

    def argument(self) -> tuple[str, int, int]:
        """The text of the next argument with its place."""
        at = self.at
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        if at < len(self.text) and self.text[at] == "{":
            end = closing_brace(self.text, at)
            return self.text[at + 1 : end], at + 1, min(end + 1, len(self.text))
        match = re.compile(r"\\[A-Za-z]+|.", re.S).match(self.text, at)
        if match is None:
            return "", at, at
        return match.group(), at, match.end()

    def font(self, style: str, begin: int) -> None:
        """A letter or word in a certain type."""
        text, start, end = self.argument()
        word = text.strip()
        if style == "text":
            self.at = end
            self.text_words(word, start, end)
            return
        if word == "1" and style in ("double", "bold"):
            self.at = end
            self.letter("ones", begin, end)
        elif re.fullmatch(r"[A-Za-z]", word):
            self.at = end
            if style == "roman" and word in ("T", "t") and self.after_script():
                self.emit("op", "⊤", begin, end)
                return
            name = {"cal": f"{word}_cal", "double": f"{word}_bb"}.get(style, word)
            if style == "bold":
                self.words.bold.add(name)
            self.letter(name, begin, end)
        elif re.fullmatch(r"[A-Za-z]{2,}\*?", word):
            self.at = end
            self.whole_word(word, begin, end)
        elif word.startswith("\\") and word[1:].strip() in GREEK_COMMANDS:
            self.at = end
            name = VARIANTS.get(word[1:], word[1:])
            if style == "bold":
                self.words.bold.add(name)
            self.letter(name, begin, end)
        # Otherwise the braces stay and what is inside is read as it stands.

    def whole_word(self, word: str, begin: int, end: int) -> None:
        """A word in roman type is one name."""
        if word in FUNCTIONS and word not in self.words.names:
            if word in ("max", "min") and self.binds(end):
                self.emit("big", word, begin, end)
            else:
                self.emit("func", FUNCTIONS[word], begin, end)
        elif word in BIG and word not in self.words.names:
            self.emit("big", BIG[word], begin, end)
        elif self.after_script():
            self.emit("text", word, begin, end)
        else:
            self.letter(word, begin, end)

    def text_words(self, word: str, begin: int, end: int) -> None:
        """``\\text{...}``: a transpose, a name, or words."""
        if self.after_script() and word in ("T", "t", "tr", "Tr"):
            self.emit("op", "⊤", begin, end)
        elif re.fullmatch(r"[A-Za-z]", word):
            self.letter(word, begin, end)
        elif word in FUNCTIONS or word in self.words.names or re.fullmatch(r"[A-Z]{2,6}", word):
            self.whole_word(word, begin, end)
        elif word in ("d", r"\partial"):
            self.letter("d", begin, end)
        elif word:
            self.emit("text", word, begin, end)

    def accent(self, mark: str, begin: int) -> None:
        """``\\hat{y}`` is a name of its own; ``\\hat{y_i}`` the same with an index."""
        text, start, end = self.argument()
        match = re.match(
            r"\s*(?:\\(?:mathbf|boldsymbol|bm|textbf|mathrm|vec)\s*)?\{?\s*(\\[A-Za-z]+|[A-Za-z])\s*\}?", text
        )
        if match is None:
            return
        name = match[1].lstrip("\\")
        if match[1].startswith("\\") and name not in GREEK_COMMANDS:
            if name == "mathcal":
                inner = re.match(r"\s*\\mathcal\s*\{?\s*([A-Za-z])\s*\}?", text)
                name = f"{inner[1]}_cal" if inner else name
            else:
                return
        if re.fullmatch(r"[a-z]", name) and mark == "bar" and len(text) > 12:
            return
        name = VARIANTS.get(name, name)
        self.letter(name if mark == "vec" else f"{name}_{mark}", begin, start + match.end())
        self.at = start + match.end()
        close = (
            end - 1 if self.text[end - 1 : end] == "}" and start > 0 and self.text[start - 1] == "{" else end
        )
        if close < end:
            keep = self.text
            self.text = keep[:close]
            while self.at < close:
                self.step()
            self.text = keep
        self.at = end


def tokenize(source: str, words: Words | None = None) -> list[Token]:
    r"""The tokens of a formula in any notation.

    >>> [t.text for t in tokenize(r"-y\log\hat{y_i} + wx")][:-1]
    ['-', 'y', 'log', 'y_hat', '_', 'i', '+', 'w', 'x']
    """
    return Lexer(source, words or Words()).run()


def joined(tokens: Iterable[Token]) -> str:
    """The tokens as text, for messages."""
    return " ".join(t.text for t in tokens)
