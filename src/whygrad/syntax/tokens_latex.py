"""LaTeX to the tokens of the plain notation; what has no plain sign becomes a ``macro`` token."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.tokens import GREEK_NAMES, Token, TokenKind, check_digits, unreadable
from whygrad.syntax.tokens_plain import SIGNS, canonical_name
from whygrad.syntax.vocabulary import FUNCTION_NAMES

_PATTERN: Final = re.compile(
    r"""
      (?P<space>[ \t\r\f\v\u00a0~]+)
    | (?P<comment>(?<!\\)%[^\n]*|\#[^\n]*)
    | (?P<line>\n)
    | (?P<break>\\\\(?:\[[^\]\n]{0,12}\])?)
    | (?P<macro>\\(?:[A-Za-z]+\*?|[^A-Za-z\n]))
    | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    | (?P<word>[A-Za-z]+)
    | (?P<op><=|>=|==|!=|:=|[-+*/^_@'()\[\]{},:=<>|&;?])
    | (?P<sign>[−–·⋅×∗÷≤≥≠∂∣‖])
    | (?P<stop>[.!](?=\s|\\|\$|$))
    | (?P<dollar>\$+)
    | (?P<letter>[\u0370-\u03ff\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f])
    """,
    re.VERBOSE,
)

_SKIP: Final = frozenset(
    r"""\left \right \big \Big \bigg \Bigg \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl \Biggr
    \limits \nolimits \displaystyle \textstyle \scriptstyle \nonumber \notag \quad \qquad \, \; \! \: \>
    \( \) \[ \] \middle \mathopen \mathclose \thinspace \enspace""".split()
) | {"\\ "}
_OPS: Final[dict[str, str]] = {
    r"\cdot": "·", r"\bullet": "·", r"\times": "*", r"\ast": "*", r"\odot": ".*", r"\circ": ".*",
    r"\div": "/", r"\le": "<=", r"\leq": "<=", r"\leqslant": "<=", r"\lt": "<", r"\ge": ">=",
    r"\geq": ">=", r"\geqslant": ">=", r"\gt": ">", r"\ne": "!=", r"\neq": "!=", r"\equiv": "=",
    r"\triangleq": "=", r"\coloneqq": "=", r"\doteq": "=", r"\partial": "∂", r"\{": "(", r"\}": ")",
    r"\lbrace": "(", r"\rbrace": ")", r"\lbrack": "[", r"\rbrack": "]", r"\lparen": "(", r"\rparen": ")",
    r"\lvert": "|", r"\rvert": "|", r"\vert": "|", r"\mid": "|", r"\|": "||", r"\lVert": "||",
    r"\rVert": "||", r"\Vert": "||", r"\colon": ":", r"\ldots": "..", r"\dots": "..", r"\cdots": "..",
    r"\prime": "'", r"\%": "%", r"\_": "_",
}  # fmt: skip
_NAMES: Final[dict[str, str]] = {
    r"\in": "in", r"\land": "and", r"\wedge": "and", r"\lor": "or", r"\vee": "or", r"\lnot": "not",
    r"\neg": "not", r"\top": "⊤", r"\intercal": "⊤", r"\ell": "ell", r"\infty": "inf",
    r"\varepsilon": "epsilon", r"\vartheta": "theta", r"\varphi": "phi", r"\varrho": "rho",
    r"\varsigma": "sigma", r"\imath": "i", r"\jmath": "j",
}  # fmt: skip
_FUNCTIONS: Final = frozenset(
    "log ln exp sin cos tan sinh cosh tanh arcsin arccos arctan det max min".split()
)
_FONTS: Final = frozenset(
    r"""\mathbf \boldsymbol \bm \vec \mathcal \mathit \mathsf \mathfrak \mathscr \pmb \mathnormal
    \underline \bf""".split()
)
_UPRIGHT: Final = frozenset(r"\mathrm \text \operatorname \textrm \textit \textbf \mbox \rm".split())
_MARKS: Final[dict[str, str]] = {
    r"\hat": "_hat", r"\widehat": "_hat", r"\bar": "_bar", r"\overline": "_bar", r"\tilde": "_tilde",
    r"\widetilde": "_tilde", r"\dot": "_dot", r"\check": "_check",
}  # fmt: skip
_FRACTIONS: Final = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"})
_FONT_ARGUMENT: Final = re.compile(r"\s*\{\s*(\\?[A-Za-z]+)\s*\}")
_WITH_ARGUMENT: Final = frozenset({r"\label", r"\tag", r"\ref", r"\eqref", r"\vspace", r"\hspace", r"\color"})

_LATEX: Final = re.compile(r"\\[A-Za-z]|\^\{\(|\\\\|\$[^$\n]+\$")


def is_latex(text: str) -> bool:
    r"""Whether a text is written in LaTeX.

    >>> is_latex(r"\frac{1}{m}"), is_latex("1/m sum_{k != i} x[k]")
    (True, False)
    """
    return _LATEX.search(text) is not None


INDEX_LETTERS: Final = frozenset("ijklmnpqrstuvabcdh")
"""A subscript of these is an index; any other word or letter is part of the name."""


def tokenize_latex(
    source: str, start: int = 0, end: int | None = None, *, names: Collection[str] = ()
) -> tuple[list[Token], list[str]]:
    r"""The tokens of ``source[start:end]`` and its comments.

    ``names`` are declared: a word among them is one name, and ``x_1`` a position of it.

    Examples
    --------
    >>> tokens, _ = tokenize_latex(r"\hat{y} = \sigma(w_j x_j^{(i)})")
    >>> " ".join(t.text for t in tokens).rstrip()
    'y_hat = sigma ( w _ j x _ j ^ { ( i ) } )'
    """
    lexer = _Lexer(source, start, len(source) if end is None else end, frozenset(names))
    lexer.run()
    lexer.tokens.append(Token("end", "", lexer.stop, lexer.stop, False))
    return _labels(lexer.tokens, lexer.names), lexer.notes


class _Lexer:
    r"""One pass; ``environments`` are the open ``\begin``, ``digits`` the short arguments of a fraction."""

    def __init__(self, source: str, start: int, stop: int, names: frozenset[str]) -> None:
        self.source, self.at, self.stop, self.names = source, start, stop, names
        self.tokens: list[Token] = []
        self.notes: list[str] = []
        self.environments: list[tuple[str, int]] = []
        self.digits = 0
        self.glued = False

    def emit(self, kind: TokenKind, text: str, begin: int, end: int) -> None:
        """One token."""
        self.tokens.append(Token(kind, text, begin, end, self.glued))
        self.glued = True

    def fail(self, reason: str, fix: str, begin: int, end: int) -> LanguageError:
        """The error for a place."""
        return LanguageError("error/syntax", reason, fix=fix, source=self.source, span=Span(begin, end))

    def run(self) -> None:
        """Read to the end."""
        while self.at < self.stop:
            found = _PATTERN.match(self.source, self.at, self.stop)
            if found is None:
                raise unreadable(self.source, self.at)
            begin, self.at = self.at, found.end()
            self.one(found.lastgroup or "", found.group(), begin)

        if self.environments:
            name, begin = self.environments[-1]
            raise LanguageError(
                "error/unbalanced",
                f"\\begin{{{name}}} is never closed",
                fix=f"add \\end{{{name}}}",
                source=self.source,
                span=Span(begin, min(self.stop, begin + len(name) + 8)),
            )

    def in_cases(self) -> bool:
        r"""Whether ``&`` and ``\\`` divide cases here."""
        return bool(self.environments) and self.environments[-1][0] == "cases"

    def one(self, kind: str, text: str, begin: int) -> None:
        """What one match becomes."""
        match kind:
            case "space":
                self.glued = False
            case "comment":
                self.notes.append(text.lstrip("#% ").rstrip())
            case "line":
                self.emit("line", "\n", begin, self.at)
                self.glued = False
            case "break":
                cases = self.in_cases()
                self.emit("op" if cases else "line", "\\\\", begin, self.at)
            case "number":
                self.number(text, begin)
            case "word":
                self.word(text, begin)
            case "op" | "sign":
                self.op(text, begin)
            case "letter":
                self.emit("name", canonical_name(text), begin, self.at)
            case "macro":
                self.macro(text, begin)
            case _:
                self.glued = False

    def number(self, text: str, begin: int) -> None:
        r"""Digits; the short arguments of ``\frac12`` are one digit each."""
        if self.digits and text.isdigit():
            self.at = begin + 1
            self.digits -= 1
            text = text[0]
        self.emit("number", text, begin, self.at)
        check_digits(self.tokens[-1], self.source)

    def word(self, text: str, begin: int) -> None:
        """Letters: a known word, or one name a letter."""
        if text in self.names or (len(text) > 1 and text in FUNCTION_NAMES):
            self.emit("name", text, begin, self.at)
            return
        for k, letter in enumerate(text):
            self.emit("name", letter, begin + k, begin + k + 1)
        self.digits = max(0, self.digits - len(text))

    def op(self, text: str, begin: int) -> None:
        """A sign; ``&`` matters in cases only."""
        self.digits = 0
        if text == "&" and not self.in_cases():
            self.glued = False
            return
        if text == ";":
            self.emit("line", ";", begin, self.at)
            return
        self.emit("op", SIGNS.get(text, text), begin, self.at)

    def macro(self, text: str, begin: int) -> None:
        """A command."""
        if text in _SKIP:
            self.glued = False
            if text in (r"\left", r"\right") and self.source[self.at : self.at + 1] == ".":
                self.at += 1
        elif text in _OPS:
            self.emit("op", _OPS[text], begin, self.at)
        elif text in _NAMES:
            self.emit("name", _NAMES[text], begin, self.at)
        elif text in _FRACTIONS:
            self.emit("macro", "frac", begin, self.at)
            self.digits = 2
        elif text == r"\sqrt":
            self.emit("macro", "sqrt", begin, self.at)
        elif text in (r"\sum", r"\prod"):
            self.emit("big", text[1:], begin, self.at)
        elif text[1:] in _FUNCTIONS:
            under = re.match(r"\s*(?:\\limits\s*)?_", self.source[self.at : self.at + 40])
            big = text[1:] in ("max", "min") and under is not None
            self.emit("big" if big else "name", text[1:], begin, self.at)
        elif text[1:] in GREEK_NAMES:
            self.emit("name", text[1:], begin, self.at)
        elif text in _FONTS:
            self.font()
        elif text in _UPRIGHT or text == r"\mathbb":
            self.upright(text, begin)
        elif text in _MARKS:
            self.marked(text, begin)
        elif text in (r"\begin", r"\end"):
            self.environment(text, begin)
        elif text in _WITH_ARGUMENT:
            self.at = self.group(begin)[1]
        else:
            raise self.fail(
                f"the command {text} is not known",
                "write it with known commands, or give it a name with \\mathrm{...}",
                begin,
                self.at,
            )

    def group(self, begin: int) -> tuple[str, int]:
        """The text of ``{...}`` after a command, and where it ends."""
        found = re.compile(r"\s*\{([^{}]*)\}").match(self.source, self.at, self.stop)
        if found is None:
            raise self.fail(
                f"{self.source[begin : self.at]} needs an argument in braces",
                f"write {self.source[begin : self.at]}{{...}}",
                begin,
                self.at,
            )
        return found[1], found.end()

    def font(self) -> None:
        r"""``\mathbf{w}`` is w."""
        found = _FONT_ARGUMENT.match(self.source, self.at, self.stop)
        if found is None:
            self.glued = False
            return
        begin, self.at = found.start(1), found.end()
        if found[1].startswith("\\"):
            self.macro(found[1], begin)
        else:
            self.word(found[1], begin)

    def upright(self, text: str, begin: int) -> None:
        r"""``\text{if}``, ``\operatorname{tr}``, ``\mathrm{T}``, ``\mathbb{1}``."""
        if self.source[self.at : self.at + 1].isalpha() or re.match(
            r"\s+[A-Za-z]", self.source[self.at : self.at + 4]
        ):
            self.glued = False
            return
        inside, self.at = self.group(begin)
        if text == r"\mathbb" and inside.strip() in ("1", "I"):
            self.emit("macro", "indicator", begin, self.at)
            return
        self.glued = False
        for found in re.finditer(r"[A-Za-z][A-Za-z0-9_]*|\\[A-Za-z]+|[0-9]+|\S", inside):
            word = found.group()
            named = (word[0].isascii() and word[0].isalpha()) or word[0] == "\\"
            kind: TokenKind = "name" if named else "op"
            if word.isascii() and word.isdigit():
                kind = "number"
            if word[0] in "-.,;:" and kind == "op":
                continue
            self.emit(kind, canonical_name(word) if kind == "name" else word, begin, self.at)

    def marked(self, text: str, begin: int) -> None:
        r"""``\hat{y}`` is the name ``y_hat``."""
        found = re.compile(r"\s*(?:\{\s*(\\?[A-Za-z]+)\s*\}|(\\?[A-Za-z]))").match(
            self.source, self.at, self.stop
        )
        if found is None:
            found = re.compile(
                r"\s*\{\s*\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*(\\?[A-Za-z]+)\s*\}\s*\}()"
            ).match(self.source, self.at, self.stop)
        if found is None:
            raise self.fail(
                f"{text} stands over something that is not a name",
                f"give it a name of its own: {text}{{y}}",
                begin,
                self.at,
            )
        self.at = found.end()
        base = (found[1] or found[2]).lstrip("\\")
        self.emit("name", base + _MARKS[text], begin, self.at)

    def environment(self, text: str, begin: int) -> None:
        r"""``\begin{cases}`` and the environments that only lay lines out."""
        name, self.at = self.group(begin)
        name = name.strip().rstrip("*")
        if text == r"\begin":
            self.environments.append((name, begin))
            if name == "cases":
                self.emit("macro", "cases", begin, self.at)
            return
        if not self.environments or self.environments.pop()[0] != name:
            raise LanguageError(
                "error/unbalanced",
                f"\\end{{{name}}} has no \\begin{{{name}}}",
                fix=f"add \\begin{{{name}}}, or remove it",
                source=self.source,
                span=Span(begin, self.at),
            )
        self.emit(
            "op" if name == "cases" else "line", "endcases" if name == "cases" else "\\\\", begin, self.at
        )


def _labels(tokens: list[Token], names: frozenset[str]) -> list[Token]:
    r"""Subscripts that are part of a name joined to it: ``w_0``, ``\sigma_y``, ``L_{reg}``."""
    out: list[Token] = []
    k = 0
    while k < len(tokens):
        token = tokens[k]
        found = _label(tokens, k, names) if token.kind == "name" else None
        if found is None:
            out.append(token)
            k += 1
            continue
        label, after = found
        out.append(token._replace(text=f"{token.text}_{label}", end=tokens[after - 1].end))
        k = after
    return out


def _label(tokens: list[Token], k: int, names: frozenset[str]) -> tuple[str, int] | None:
    """The label after the name at ``k`` and the position behind it, if its subscript is one."""
    if tokens[k + 1].text != "_" or tokens[k + 1].kind != "op":
        return None
    at = k + 2
    braces = tokens[at].text == "{"
    parts: list[Token] = []
    if braces:
        at += 1
        while at < len(tokens) and tokens[at].kind in ("name", "number"):
            parts.append(tokens[at])
            at += 1
        if at >= len(tokens) or tokens[at].text != "}":
            return None
        at += 1
    elif tokens[at].kind in ("name", "number"):
        parts = [tokens[at]]
        at += 1
    if not parts or (tokens[at].text == "(" and tokens[at].kind == "op"):
        return None
    text = "".join(part.text for part in parts)
    if tokens[k].text in names and (text.isdigit() or all(part.text in INDEX_LETTERS for part in parts)):
        return None
    if all(part.kind == "name" and part.text in INDEX_LETTERS for part in parts) and len(parts) <= 3:
        return None
    return text, at
