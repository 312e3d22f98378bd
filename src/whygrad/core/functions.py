"""The elementary functions: what exists, how many arguments, where it is defined, where it bends.

Derivatives are rows in :mod:`whygrad.rules.functions`, enclosures in :mod:`whygrad.meaning.enclose`,
glyphs in :mod:`whygrad.show.layout`; a test walks all tables and names the missing row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

DomainKind = Literal["real", "positive", "nonnegative", "unit", "above-minus-one", "abs-below-one"]
RangeKind = Literal["real", "positive", "nonnegative", "open-unit", "abs-below-one", "sign", "integer"]


@dataclass(frozen=True, slots=True)
class Function:
    """One elementary function of real arguments."""

    name: str
    arity: int
    domain: DomainKind = "real"
    range: RangeKind = "real"
    kinks: tuple[str, ...] = ()
    """Where it is not differentiable, as conditions on the argument ``u`` (or ``u, v``)."""
    convention: str = ""
    """The value the derivative is given at the kink, in words."""


def _f(name: str, arity: int = 1, *rest: str, kinks: tuple[str, ...] = (), says: str = "") -> Function:
    return Function(name, arity, *rest, kinks=kinks, convention=says)  # pyright: ignore


FUNCTIONS: Final[dict[str, Function]] = {
    f.name: f
    for f in (
        _f("exp", 1, "real", "positive"),
        _f("log", 1, "positive"),
        _f("log1p", 1, "above-minus-one"),
        _f("expm1"),
        _f("sqrt", 1, "nonnegative", "nonnegative"),
        _f("abs", 1, "real", "nonnegative", kinks=("u = 0",), says="at 0 the derivative is taken as 0"),
        _f("sign", 1, "real", "sign", kinks=("u = 0",), says="its derivative is taken as 0 everywhere"),
        _f("sigmoid", 1, "real", "open-unit"),
        _f("tanh", 1, "real", "abs-below-one"),
        _f("softplus", 1, "real", "positive"),
        _f("relu", 1, "real", "nonnegative", kinks=("u = 0",), says="at 0 the derivative is taken as 0"),
        _f("gelu"),
        _f("silu"),
        _f("sin"),
        _f("cos"),
        _f("tan"),
        _f("sinh"),
        _f("cosh", 1, "real", "positive"),
        _f("asin", 1, "abs-below-one"),
        _f("acos", 1, "abs-below-one", "positive"),
        _f("atan"),
        _f("erf", 1, "real", "abs-below-one"),
        _f("erfc", 1, "real", "positive"),
        _f("Phi", 1, "real", "open-unit"),
        _f("lgamma", 1, "positive"),
        _f("digamma", 1, "positive"),
        _f("trigamma", 1, "positive", "positive"),
        _f("Gamma", 1, "positive", "positive"),
        _f("beta", 2, "positive", "positive"),
        _f(
            "floor",
            1,
            "real",
            "integer",
            kinks=("u an integer",),
            says="its derivative is taken as 0 everywhere",
        ),
        _f("min", 2, kinks=("u = v",), says="where both are equal the derivative of the first is taken"),
        _f("max", 2, kinks=("u = v",), says="where both are equal the derivative of the first is taken"),
        _f(
            "clip",
            3,
            kinks=("u = v", "u = w"),
            says="at the bounds the derivative is taken as that of the bound",
        ),
    )
}

CONSTANTS: Final[tuple[str, ...]] = ("pi", "e")
