"""A text to its lines: which declare, which define, and what the left-hand side of each says."""

from __future__ import annotations

from collections.abc import Sequence

from whygrad.core.errors import LanguageError, Span
from whygrad.syntax.declare import KIND_WORDS
from whygrad.syntax.node import Node
from whygrad.syntax.tokens import Token
from whygrad.syntax.vocabulary import KEYWORDS

_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_GOES_ON = frozenset({"+", "-", "*", "/", "@", "·", ".*", "./", "^", ".^", "=", ",", "<", "<=", ">", ">="})
_GOES_ON_WORDS = frozenset({"and", "or", "else", "if", "not"})


class Head(Node):
    """What stands left of ``=``: a name, its letters or positions, or its arguments."""

    name: str
    span: Span
    indices: tuple[Token, ...] = ()
    arguments: tuple[Token, ...] = ()


def end_token(tokens: Sequence[Token]) -> Token:
    """An end after the last token of a line."""
    at = tokens[-1].end if tokens else 0
    return Token("end", "", at, at, False)


def split_lines(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each line; one goes on inside brackets, after an operator and before one."""
    lines: list[list[Token]] = []
    current: list[Token] = []
    level = 0
    for k, token in enumerate(tokens):
        if token.kind in ("line", "end"):
            if token.text == "\n" and current and (level > 0 or _goes_on(current, tokens, k)):
                continue
            if token.text == ";" and level > 0:
                continue
            if current:
                lines.append([*current, end_token(current)])
            current, level = [], 0
            continue
        if token.kind == "op":
            if token.text in _OPENING:
                level += 1
            elif token.text in _CLOSING:
                level -= 1
        current.append(token)
    return lines


def _goes_on(current: list[Token], tokens: Sequence[Token], at: int) -> bool:
    """Whether the line ends or the next one begins in the middle of a formula."""
    last = current[-1]
    if last.kind == "op" and last.text in _GOES_ON:
        return True
    if last.kind == "name" and last.text in _GOES_ON_WORDS:
        return True
    while at < len(tokens) - 1 and tokens[at].kind == "line" and tokens[at].text == "\n":
        at += 1
    after = tokens[at]
    if after.kind == "op" and after.text in _GOES_ON and after.text != "=":
        return True
    return after.kind == "name" and after.text in ("and", "or", "else", "if")


def is_declaration(line: Sequence[Token]) -> bool:
    """Whether the line declares names: its first word says a kind and a name follows."""
    return (
        line[0].kind == "name"
        and line[0].text in KIND_WORDS
        and (line[1].kind == "name" or line[1].kind == "end" or line[0].text in ("data", "param", "const"))
        and line[1].text not in ("=", "[", "(")
    )


def equals_at(line: Sequence[Token]) -> int | None:
    """The position of the first ``=`` outside brackets."""
    level = 0
    for k, token in enumerate(line):
        if token.kind == "op":
            if token.text in _OPENING:
                level += 1
            elif token.text in _CLOSING:
                level -= 1
            elif token.text == "=" and level <= 0:
                return k
    return None


def read_head(tokens: Sequence[Token], source: str) -> Head:
    """``z[i]``, ``f``, ``h(t)``."""
    first = tokens[0]
    span = first.span.to(tokens[-1].span)

    def fail(reason: str, fix: str, at: Span = span) -> LanguageError:
        return LanguageError("error/syntax", reason, fix=fix, source=source, span=at)

    if first.kind != "name" or first.text in KEYWORDS:
        raise fail(
            "the left-hand side is not a name",
            "a line is `name = ...`, `name[i] = ...`, `h(t) = ...` or a declaration",
        )
    if len(tokens) == 1:
        return Head(first.text, first.span)
    opened, closed = tokens[1].text, tokens[-1].text
    inside = tokens[2:-1]
    if (opened, closed) not in (("[", "]"), ("(", ")")):
        if first.text not in KIND_WORDS and tokens[1].kind == "name":
            raise fail(
                f"the left-hand side `{source[span.start : span.end]}` is not one name",
                "a line that declares begins with data, param or const",
            )
        raise fail(
            "the left-hand side is not a name",
            "a line is `name = ...`, `name[i] = ...` or `h(t) = ...`",
        )
    items: list[Token] = []
    for k, token in enumerate(inside):
        good = token.text == "," if k % 2 else token.kind in ("name", "number")
        if not good or token.text in KEYWORDS:
            what = "index letters" if opened == "[" else "arguments"
            raise fail(
                f"'{token.text}' is not one of the {what} of {first.text}",
                "write names",
                token.span,
            )
        if k % 2 == 0:
            if any(token.text == other.text for other in items):
                raise fail(f"{token.text} stands twice on the left", "use two letters", token.span)
            items.append(token)
    if opened == "[":
        return Head(first.text, span, indices=tuple(items))
    if any(token.kind != "name" for token in items):
        raise fail(f"an argument of {first.text} is not a name", "write names: h(t) = ...")
    return Head(first.text, span, arguments=tuple(items))
