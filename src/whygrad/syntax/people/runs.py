"""Runs of letters: words that are names or functions, and letters side by side."""

from __future__ import annotations

import re

from whygrad.syntax.people.characters import Characters
from whygrad.syntax.people.vocabulary import (
    BIG,
    FUNCTIONS,
    LOST_BACKSLASH,
    VARIANTS,
)
from whygrad.syntax.tokens import GREEK_NAMES


class Runs(Characters):
    """Takes runs of letters apart."""

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
        if text == "if" and "{" in self.text and ("otherwise" in self.text or "else" in self.text):
            self.emit("text", text, begin, end)
            return
        if text in ("pi", "tr") and [x.text for x in self.tokens[-2:]] == ["_", "{"]:  # p and i, t and r
            for k, c in enumerate(text):
                self.letter(c, begin + k, begin + k + 1)
            self.at = end
            return
        if self.after_script():
            again = len(text) > 1 and "{" not in self.text and self.text[end : end + 1] == "_"
            if again and set(text[:-1]) <= set("ijklmnpqrst"):  # p_ip_j: the last letter has one of its own
                text, end = text[:-1], end - 1
                if len(text) == 1:
                    self.piece(text, begin)
                    self.at = end
                    return
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
        if self.positions(text):
            self.emit("op", "{", begin, begin)
            for k, c in enumerate(text):
                self.letter(c, begin + k, begin + k + 1)
            self.emit("op", "}", end, end)
            return True
        if text in GREEK_NAMES:
            self.letter(text, begin, end)
            return True
        known = [w for w in FUNCTIONS if text.endswith(w) and len(w) > 1]
        if known:
            return False
        if len(text) >= 3 and "\\" not in self.text:
            self.emit("text", text, begin, end)
            return True
        return False

    def positions(self, text: str) -> bool:
        """Whether a run after ``_`` in plain text is letters side by side: ``x_ij``, ``q_ikl``, ``O_ic``."""
        if "\\" in self.text or len(text) > 4:
            return False
        if set(text) <= set("ijklmnpqrst") and len(text) == 2:
            return True
        if len(set(text)) < len(text) or text in FUNCTIONS or text in BIG:
            return False
        summed = bool(set(text) & self.words.letters)
        return set(text) <= set("ijklpq") or (summed and set(text) <= set("ijklmnpqrst") | self.words.letters)

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

    def next_piece(self, run: str, begin: int) -> int:
        """Take the next letter or word off a run of letters; where the run goes on."""
        if run in self.words.names or len(run) == 1:
            self.piece(run, begin)
            return begin + len(run)
        if run[0] == "d" and (run[1:] in GREEK_NAMES or (len(run) > 2 and run[1:] in self.words.names)):
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
