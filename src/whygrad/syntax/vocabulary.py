"""Which names can be called, under which spellings, and what the language calls them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from whygrad.core.functions import FUNCTIONS

ALIASES: Final[dict[str, str]] = {
    "ln": "log",
    "sigma": "sigmoid",
    "logistic": "sigmoid",
    "expit": "sigmoid",
    "sgn": "sign",
    "absolute": "abs",
    "fabs": "abs",
    "maximum": "max",
    "minimum": "min",
    "arctan": "atan",
    "arcsin": "asin",
    "arccos": "acos",
    "tg": "tan",
    "swish": "silu",
    "gammaln": "lgamma",
    "loggamma": "lgamma",
    "psi": "digamma",
    "gamma": "Gamma",
    "tr": "trace",
    "Tr": "trace",
    "inverse": "inv",
    "transpose": "transpose",
    "ReLU": "relu",
}
"""Other names of functions; each holds only where the name is not declared."""

SAID: Final[dict[str, str]] = {
    "sigma": "the sigmoid 1/(1 + e^(-u))",
    "psi": "the digamma function",
    "gamma": "the gamma function",
}
"""Aliases that could be something else, and the words that say how they were read."""

ARRAY_FUNCTIONS: Final = frozenset(
    "softmax logsumexp norm trace det logdet inv diag sum mean max min var transpose dot outer"
    " identity eye ones zeros matmul hadamard entrywise_div entrywise_pow norm1 norm2".split()
)
"""Functions of whole arrays."""

SPECIAL: Final = frozenset({"log2", "log10", "delta", "kronecker", "size", "D"})
"""Written as calls, and turned into other nodes: ``delta(i, j)``, ``size(m-1)``; ``D(u)`` in rules."""

_BRACKETS_NEEDED: Final = frozenset(
    "sigma psi gamma beta Gamma Phi delta D max min maximum minimum clip sum mean var dot outer diag inv"
    " identity eye ones zeros norm transpose softmax logsumexp inverse logistic sign matmul hadamard"
    " entrywise_div entrywise_pow norm1 norm2 kronecker size".split()
)
_ARITY: Final[dict[str, int]] = {"beta": 2, "gamma": 1, "Gamma": 1, "psi": 1, "delta": 2}

KEYWORDS: Final = frozenset({"if", "else", "and", "or", "not", "in", "otherwise"})
FUNCTION_NAMES: Final = frozenset(FUNCTIONS) | ARRAY_FUNCTIONS | frozenset(ALIASES)
"""Every spelling of every function, for suggestions."""


class Vocabulary:
    """What the parser must know of names: which can be called, which are declared.

    Parameters
    ----------
    declared
        Names that are declared or defined; they are never built-in functions.
    called
        Names the text itself defines with arguments.
    rules
        Whether ``D(u)`` is the derivative of a rule's statement.
    """

    __slots__ = ("called", "declared", "special")

    def __init__(
        self, declared: Collection[str] = (), called: Collection[str] = (), *, rules: bool = False
    ) -> None:
        self.declared = frozenset(declared)
        self.called = frozenset(called)
        self.special = SPECIAL if rules else SPECIAL - {"D"}

    def is_function(self, name: str) -> bool:
        """Whether ``name(`` begins a call."""
        if name in self.called:
            return True
        return name not in self.declared and (name in FUNCTION_NAMES or name in self.special)

    def is_prefix(self, name: str) -> bool:
        """Whether ``name u`` is a call without brackets."""
        return name not in _BRACKETS_NEEDED and name not in self.called and self.is_builtin(name)

    def is_builtin(self, name: str) -> bool:
        """Whether it is a function of the language here."""
        return name not in self.declared and name in FUNCTION_NAMES

    def arity_fits(self, name: str, count: int) -> bool:
        """Whether a name that may also be a letter is called with its number of arguments."""
        return name in self.called or _ARITY.get(name, count) == count
