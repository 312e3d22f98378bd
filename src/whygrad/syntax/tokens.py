"""One kind of token for both notations, and the vocabulary that turns a sign into a name.

A token keeps where it stood in the source, also when one macro became several tokens, so that an
error can always point at what the person wrote.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from whygrad.core.errors import LanguageError, Span

MAX_CHARACTERS: Final = 64 * 1024
"""A longer text is refused before it is read."""
MAX_DIGITS: Final = 400
"""A longer number, or a larger power of ten, is refused."""

TokenKind = Literal["number", "name", "big", "op", "macro", "line", "end"]


class Token(NamedTuple):
    """A piece of text: ``text`` is its canonical spelling, ``start`` and ``end`` where it stood."""

    kind: TokenKind
    text: str
    start: int
    end: int
    glued: bool
    """Nothing stands between it and the token before."""

    @property
    def span(self) -> Span:
        """Where it stood."""
        return Span(self.start, self.end)


GREEK: Final[dict[str, str]] = dict(
    zip(
        "αβγδεζηθικλμνξοπρςστυφχψωϵϑϕΓΔΘΛΞΠΣΥΦΨΩ",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma"
        " sigma tau upsilon phi chi psi omega epsilon theta phi Gamma Delta Theta Lambda Xi Pi Sigma"
        " Upsilon Phi Psi Omega".split(),
        strict=True,
    )
)
GREEK_NAMES: Final = frozenset(GREEK.values())

SUPERSCRIPTS: Final[dict[str, str]] = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ⊤ᵢⱼ", "0123456789+-''ij", strict=True))
SUBSCRIPTS: Final[dict[str, str]] = dict(
    zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₚₛₜₓₐₑₕᵣᵤᵥ", "0123456789ijklmnpstxaehruv", strict=True)
)

BIG: Final = frozenset({"sum", "mean", "prod", "max", "min"})


def check_size(source: str) -> None:
    """Refuse a text that is too long.

    Raises
    ------
    LanguageError
        If it has more than 64 kB.
    """
    size = len(source)
    if size <= MAX_CHARACTERS:
        size = len(source.encode("utf-8", "surrogatepass"))
    if size > MAX_CHARACTERS:
        raise LanguageError(
            "error/too-large",
            f"the text has {size} bytes, and at most {MAX_CHARACTERS} are read",
            fix="give the cost alone; data belong in a file",
        )


def check_digits(token: Token, source: str) -> None:
    """Refuse a number whose value would not fit in any reasonable memory."""
    mantissa, _, exponent = token.text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent or "0")) > MAX_DIGITS:
        raise LanguageError(
            "error/syntax",
            f"a number of more than {MAX_DIGITS} digits",
            fix=f"write at most {MAX_DIGITS} digits, and powers of ten up to e{MAX_DIGITS}",
            source=source,
            span=token.span,
        )


def unreadable(source: str, at: int) -> LanguageError:
    """The error for a character that no token begins with."""
    found = source[at]
    shown = found if found.isprintable() else f"U+{ord(found):04X}"
    return LanguageError(
        "error/syntax",
        f"the character '{shown}' means nothing here",
        fix="remove it, or write what it stands for in words (`sum_i`, `sqrt(u)`, `lambda`)",
        source=source,
        span=Span(at, at + 1),
    )
