"""Lines as somebody would write them: LaTeX or plain, in one of several hands and layouts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whygrad.core.cost import Declaration, Scope
from whygrad.core.expr import Call, Expr, Partial, Symbol
from whygrad.core.walk import postorder
from whygrad.show.latex import to_latex
from whygrad.show.layout import Style
from whygrad.show.text import to_text

Hand = tuple[str, Callable[[str], str]]
"""A habit of writing: its name, and what it does to a formula."""


def _changes(*pairs: tuple[str, str]) -> Callable[[str], str]:
    def change(text: str) -> str:
        for old, new in pairs:
            text = re.sub(old, new, text)
        return text

    return change


LATEX: tuple[Hand, ...] = (
    ("plain brackets", _changes((r"\\left(?=[(\[])", ""), (r"\\right(?=[)\]])", ""))),
    ("big brackets", _changes((r"\\left(?=[(\[])", r"\\Big"), (r"\\right(?=[)\]])", r"\\Big"))),
    ("times", _changes((r"\\cdot", r"\\times"))),
    ("stars", _changes((r"\\cdot", "*"))),
    ("thin spaces", _changes((r"\\cdot", r"\\,\\cdot\\,"), (r"\\sum", r"\\, \\sum"))),
    ("commas between letters", _changes((r"_\{([a-z])([a-z])\}", r"_{\1,\2}"))),
    ("bare fractions", _changes((r"\\frac\{(\d)\}\{(\d|[a-zA-Z])\}", r"\\frac\1\2 "))),
    ("display fractions", _changes((r"\\frac", r"\\dfrac"))),
    ("functions in words", _changes((r"\\sigma\s*(?=[(\\])", r"\\operatorname{sigmoid}"))),
    ("exp", _changes((r"e\^\{([^{}]*)\}", r"\\exp(\1)"))),
    ("indicator", _changes((r"\\mathbf\{1\}", r"\\mathbb{1}"))),
)
TEXT: tuple[Hand, ...] = (
    ("stars", _changes((r" · ", " * "))),
    ("exp", _changes((r"\be\^\(([^()]*)\)", r"exp(\1)"))),
    ("word sigmoid", _changes((r"σ\(", "sigmoid("))),
    ("plain minus", _changes(("−", "-"))),
    ("powers by caret", _changes(("²", "^2"), ("³", "^3"))),
    ("d for ∂", _changes((r"∂", "d"))),
    ("sum in letters", _changes((r"Σ_", "sum_"))),
)
LAYOUTS = ("record", "align", "display", "plain", "notebook")


@dataclass(frozen=True)
class Written:
    """A chain as it is handed in: a record, or a text to paste."""

    lines: tuple[str, ...]
    context: tuple[str, ...]
    known: tuple[str, ...]
    wrt: str
    text: str = ""
    """The whole as pasted; empty for a record."""
    hand: str = ""


def spelled(lines: Sequence[Expr], scope: Scope, wrt: str, rng: random.Random) -> Written:
    """Lines, definitions and what a reader would know, in a hand drawn by ``rng``."""
    latex = rng.random() < 0.6
    style = Style(log=rng.choice(("log", "ln")), limits=rng.random() < 0.2)
    habits = rng.sample(LATEX if latex else TEXT, rng.randint(0, 3))

    def say(e: Expr) -> str:
        text = to_latex(e, scope, style) if latex else to_text(e, scope, style)
        for _, change in habits:
            text = change(text)
        return text

    context = tuple(f"{say(Symbol(d.name, d.indices))} = {say(d.body)}" for d in scope.definitions.values())
    known = tuple(filter(None, map(_known, scope.declarations.values())))
    used = {
        n.name
        for e in (*lines, *(d.body for d in scope.definitions.values()))
        for n in postorder(e)
        if isinstance(n, Call)
    }
    if used & {"Phi", "gelu"}:
        known += ("Φ is the standard normal cdf",)
    written = tuple(say(e) for e in lines)
    layout = rng.choice(LAYOUTS if latex else ("record", "plain"))
    if not isinstance(lines[0], Partial):
        layout = "record"  # a page would take J = ... for its definition
    name = wrt if rng.random() < 0.5 else ""
    hand = ", ".join((("latex" if latex else "text"), layout, *(n for n, _ in habits)))
    text = "" if layout == "record" else _laid(layout, written, context, known, latex=latex)
    return Written(written, context, known, name, text, hand)


def _known(d: Declaration) -> str:
    if d.values:
        return f"{d.name} in {{{','.join(map(str, d.values))}}}"
    if d.has("onehot"):
        return f"{d.name} is one-hot"
    if d.has("simplex"):
        return f"{d.name} sums to 1"
    if d.has("spd"):
        return f"{d.name} is positive definite"
    if d.has("symmetric"):
        return f"{d.name} is symmetric"
    return f"{d.name} > 0" if d.positive else ""


def _laid(
    layout: str, lines: tuple[str, ...], context: tuple[str, ...], known: tuple[str, ...], *, latex: bool
) -> str:
    first, *rest = lines
    said = "".join(f"Here {k}.\n" for k in known)
    if not latex:
        body = "\n".join([f"{first} = {rest[0]}", *(f"  = {line}" for line in rest[1:])])
        return "\n".join([*context, "", *said.splitlines(), "", body])
    given = "".join(f"Let ${c}$.\n" for c in context)
    match layout:
        case "align":
            rows = " \\\\\n".join([f"{first} &= {rest[0]}", *(f"&= {line}" for line in rest[1:])])
            body = f"\\begin{{align}}\n{rows}\n\\end{{align}}"
        case "display":
            body = "\n\n".join(
                ["$$" + f"{first} = {rest[0]}" + "$$", *(f"$$= {line}$$" for line in rest[1:])]
            )
        case _:
            body = f"$$\n{first} = " + "\n= ".join(rest) + "\n$$"
    return f"{given}{said}\n{body}\n"
