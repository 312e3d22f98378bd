"""How names and functions look: the tables, and how a name of the language becomes letters.

A row per function of :mod:`whygrad.core.functions` and per array operation; a test walks them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

GREEK: Final[dict[str, str]] = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Upsilon": "Υ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
AS_OPERATORS: Final = ("Σ", "Π")
"""Letters that a line of text would take for a sum or product sign: there the name is spelled out."""

Shape = Literal["bare", "brackets", "power", "root", "bars", "floor"]


@dataclass(frozen=True, slots=True)
class Glyph:
    """A function's sign. ``bare``: a short argument needs no brackets (log f)."""

    text: str
    shape: Shape = "brackets"
    word: str = ""
    """What to write when a name of the cost already looks like ``text``."""


FUNCTION_GLYPHS: Final[dict[str, Glyph]] = {
    "exp": Glyph("e", "power", "exp"),
    "log": Glyph("log", "bare"),
    "log1p": Glyph("log1p"),
    "expm1": Glyph("expm1"),
    "sqrt": Glyph("√", "root"),
    "abs": Glyph("|", "bars"),
    "sign": Glyph("sign"),
    "sigmoid": Glyph("σ", word="sigmoid"),
    "tanh": Glyph("tanh", "bare"),
    "softplus": Glyph("softplus"),
    "relu": Glyph("ReLU"),
    "gelu": Glyph("GELU"),
    "silu": Glyph("SiLU"),
    "sin": Glyph("sin", "bare"),
    "cos": Glyph("cos", "bare"),
    "tan": Glyph("tan", "bare"),
    "sinh": Glyph("sinh", "bare"),
    "cosh": Glyph("cosh", "bare"),
    "asin": Glyph("arcsin", "bare"),
    "acos": Glyph("arccos", "bare"),
    "atan": Glyph("arctan", "bare"),
    "erf": Glyph("erf"),
    "erfc": Glyph("erfc"),
    "Phi": Glyph("Φ", word="Phi"),
    "lgamma": Glyph("log Γ", word="lgamma"),
    "digamma": Glyph("ψ", word="digamma"),
    "trigamma": Glyph("ψ′", word="trigamma"),
    "Gamma": Glyph("Γ", word="Gamma"),
    "beta": Glyph("B", word="beta"),
    "floor": Glyph("⌊", "floor"),
    "min": Glyph("min"),
    "max": Glyph("max"),
    "clip": Glyph("clip"),
}

ARRAY_CALLS: Final[dict[str, str]] = {
    "det": "det",
    "logdet": "log det",
    "trace": "tr",
    "diag": "diag",
    "softmax": "softmax",
    "logsumexp": "logsumexp",
    "sum": "sum",
    "mean": "mean",
    "max": "max",
    "min": "min",
    "var": "var",
    "sum0": "sum",
    "sum1": "sum",
    "mean0": "mean",
    "mean1": "mean",
    "max0": "max",
    "max1": "max",
    "var0": "var",
    "var1": "var",
    "zeros": "zeros",
    "map": "map",
}
"""Array operations written as calls; a digit at the end of the operation is its axis."""

ARRAY_SIGNS: Final[dict[str, str]] = {
    "matmul": "",
    "dot": "ᵀ",
    "outer": "ᵀ",
    "transpose": "ᵀ",
    "inv": "⁻¹",
    "matpow": "^",
    "norm": "‖",
    "norm1": "‖",
    "norm2": "‖",
    "identity": "I",
    "ones": "𝟏",
    "hadamard": "⊙",
    "entrywise_div": "⊘",
    "entrywise_pow": "∘",
    "stack_row": "[",
}
"""Array operations with a notation of their own (:mod:`whygrad.show.arrays`)."""

BIG_OPS: Final = {"sum": "Σ", "prod": "Π", "max": "max", "min": "min"}
RELATIONS: Final = {
    "<": "<",
    "<=": "≤",
    ">": ">",
    ">=": "≥",
    "==": "=",
    "!=": "≠",
    "=": "=",
    "∈": "∈",
    ":": ":",
}
CONSTANT_GLYPHS: Final = {"pi": "π", "e": "e"}

Mark = Literal["hat", "bar", "tilde"]
SMALL_DIGITS: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ACCENTED: Final = re.compile(r"(?P<base>.+?)_(?P<mark>hat|bar|tilde)(?P<rest>_.*|\d*)")
_SHORT: Final = re.compile(r"(?P<base>[mpqxyz]|" + "|".join(GREEK) + r")(?P<mark>hat|bar|tilde)(?P<rest>\d*)")
_DIGITS: Final = re.compile(r"(?P<base>[^\W\d_]+?)_?(?P<digits>\d+)")


@dataclass(frozen=True, slots=True)
class NameGlyph:
    """A name as letters: ``x_hat`` is x with a hat, ``W1`` is W with subscript 1."""

    letters: str
    mark: Mark | None = None
    below: tuple[str, ...] = ()

    @property
    def linear(self) -> str:
        """The letters with digits written small below, for one line of text."""
        return self.letters + "".join(part.translate(SMALL_DIGITS) for part in self.below if part.isdigit())


def letters_of(word: str) -> str:
    """A Greek letter for its name, anything else as it is.

    >>> letters_of("lambda"), letters_of("loss")
    ('λ', 'loss')
    """
    return GREEK.get(word, word)


@lru_cache(maxsize=1024)
def name_glyph(name: str) -> NameGlyph:
    """Take a name apart.

    >>> name_glyph("x_hat")
    NameGlyph(letters='x', mark='hat', below=())
    >>> name_glyph("lambda_1").linear, name_glyph("W1").linear, name_glyph("w_out").below
    ('λ₁', 'W₁', ('out',))
    """
    if name.startswith("Δ") and len(name) > 1:  # the change of a name along a direction
        inner = name_glyph(name[1:])
        return NameGlyph("Δ" + inner.letters, inner.mark, inner.below)
    accented = _ACCENTED.fullmatch(name) or _SHORT.fullmatch(name)
    if accented is not None:
        inner = name_glyph(accented["base"] + accented["rest"])
        if inner.mark is None and (len(inner.letters) == 1 or accented["mark"] == "bar"):
            mark: Mark = accented["mark"]  # pyright: ignore[reportAssignmentType]
            return NameGlyph(inner.letters, mark, inner.below)
    digits = _DIGITS.fullmatch(name)
    if digits is not None and (len(digits["base"]) == 1 or digits["base"] in GREEK):
        return NameGlyph(letters_of(digits["base"]), None, (digits["digits"],))
    head, *rest = name.split("_")
    if head and all(rest):
        return NameGlyph(letters_of(head), None, tuple(letters_of(part) for part in rest))
    return NameGlyph(name)
