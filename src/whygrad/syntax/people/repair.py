"""Brackets that do not pair: the smallest change that makes them, said aloud.

A closing bracket that nothing opened is dropped. One that closes another kind closes it all the same
(``[0, 1)``). An opening one that nothing closes is closed at the end of the formula; where the text
begins with it, it may as well be dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from whygrad.core.errors import Span
from whygrad.syntax.people.lex import Token

CLOSING: Final[dict[str, str]] = {"(": ")", "[": "]", "{": "}", "⟨": "⟩"}
_CLOSERS: Final = {close: opened for opened, close in CLOSING.items()}


@dataclass(frozen=True, slots=True)
class Repair:
    """What was changed: ``sentence`` says it, ``span`` is the place in the line."""

    sentence: str
    span: Span


def mend(tokens: list[Token]) -> tuple[list[Token], list[Repair]]:
    """The tokens with their brackets paired, and what that took.

    >>> from whygrad.syntax.people.lex import tokenize
    >>> mended, repairs = mend(tokenize("(1 - y) b]"))
    >>> "".join(t.text for t in mended), repairs[0].sentence
    ('(1-y)b', 'the stray ] is left out')
    """
    out: list[Token] = []
    repairs: list[Repair] = []
    stack: list[int] = []
    for token in tokens:
        text = token.text if token.kind == "op" else ""
        if text in CLOSING:
            stack.append(len(out))
            out.append(token)
        elif text in _CLOSERS:
            _close(token, stack, out, repairs)
        elif token.kind == "end":
            _finish(token, stack, out, repairs)
            out.append(token)
        else:
            out.append(token)
    return out, repairs


def _close(token: Token, stack: list[int], out: list[Token], repairs: list[Repair]) -> None:
    wanted = _CLOSERS[token.text]
    kinds = [out[k].text for k in stack]
    if not stack or ("{" in (wanted, kinds[-1]) and wanted not in kinds):
        repairs.append(Repair(f"the stray {token.text} is left out", token.span))
        return
    if kinds[-1] == wanted:
        stack.pop()
        out.append(token)
        return
    if "{" not in (kinds[-1], wanted) and wanted not in kinds:
        opened = out[stack.pop()].text
        out.append(token._replace(text=CLOSING[opened]))  # [0, 1)
        repairs.append(Repair(f"{opened} closed by {token.text}", token.span))
        return
    while stack and out[stack[-1]].text != wanted:  # close what stands open inside
        opened = out[stack.pop()].text
        out.append(Token("op", CLOSING[opened], token.start, token.start, True))
        repairs.append(Repair(f"the missing {CLOSING[opened]} is put in", token.span))
    if stack:
        stack.pop()
        out.append(token)


def _finish(token: Token, stack: list[int], out: list[Token], repairs: list[Repair]) -> None:
    while stack:
        opened = out[stack.pop()]
        out.append(Token("op", CLOSING[opened.text], token.start, token.start, True))
        repairs.append(Repair(f"the missing {CLOSING[opened.text]} is put in at the end", opened.span))
