"""What people type, to tokens: LaTeX, plain text, and both at once.

Every token keeps where it stood in the source, also through the writer's own macros, so that a caret
can always point at what was written.
"""

from __future__ import annotations

import re
from typing import Final

from whygrad.syntax.people.characters import Token, Words
from whygrad.syntax.people.macros import arguments_at, closing_brace, find_macros
from whygrad.syntax.people.runs import Runs
from whygrad.syntax.people.vocabulary import (
    ACCENTS,
    BIG,
    DROPPED,
    FONTS,
    FUNCTIONS,
    GREEK_COMMANDS,
    OPERATORS,
    TRANSPARENT,
    VARIANTS,
    WITH_ARGUMENT,
)

_INVISIBLE: Final = {"!", ",", ";", ":", ">", " ", "/", "\n", "\t"}


class Lexer(Runs):
    """Turns one text into tokens."""

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
        elif name == "Sigma" and re.match(r"\s*(?:\\limits)?\s*_\s*\{\s*\w+\s*=", self.text[end : end + 30]):
            self.emit("big", "sum", begin, end)
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
            _, self.at = arguments_at(self.text, end, WITH_ARGUMENT[name])
            self.glued = False
        elif name in ("underset", "overset", "stackrel"):
            _, self.at = arguments_at(self.text, end, 1)
        elif name in ("underbrace", "overbrace"):
            self.brace(begin, end)
        elif name in ("th", "st", "nd"):
            self.glued = False
        else:
            self.emit("name", name, begin, end)

    def brace(self, begin: int, end: int) -> None:
        r"""``\\underbrace{u}_{...}``: u counts."""
        found, after = arguments_at(self.text, end, 1)
        rest = re.compile(r"\s*[_^]\s*").match(self.text, after)
        cut = after
        if rest is not None:
            _, cut = arguments_at(self.text, rest.end(), 1)
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
        r"""``\\left.`` is no bracket at all."""
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
        r"""``\\text{...}``: a transpose, a name, or words."""
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
        r"""``\\hat{y}`` is a name of its own; ``\\hat{y_i}`` the same with an index."""
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


__all__ = ["Lexer", "Token", "Words", "closing_brace", "find_macros", "tokenize"]
