"""One mistake: a false statement, what is true instead, and words that help."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from whygrad.core.expr import Expr
from whygrad.rules.rule import HOLES
from whygrad.syntax.statement import read_statement

Family = Literal[
    "sign",
    "missing_chain_factor",
    "missing_inner_derivative",
    "wrong_log_rule",
    "wrong_exp_rule",
    "dropped_term",
    "dropped_sum_or_mean",
    "index_confusion",
    "wrong_transpose_or_shape",
    "wrong_product_or_quotient_rule",
    "power_rule",
    "algebra_slip",
    "regulariser",
    "other",
]


@dataclass(frozen=True, slots=True)
class Example:
    """Two lines, the second of which does not follow, in the cost language.

    ``given`` declares and defines the names; ``letters`` says over which dimension free index
    letters run ("k: n").
    """

    before: str
    after: str
    given: str = "param w"
    wrt: str = "w"
    letters: str = ""


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes
    ----------
    id
        Public and never reused, e.g. ``mistake/log/one-over-lost``.
    family
        What it is counted under.
    title
        A few words, lower case.
    statement
        What was taken for true. It is false.
    instead_of
        What is true.
    because
        Why, in a sentence.
    hint
        Where to look, in at most twenty words, without the answer.
    examples
        Lines in which it was made.
    source
        Where the right rule is stated, see :mod:`whygrad.rules.sources`.
    statements
        False equations that matching runs.
    """

    id: str
    family: Family
    title: str
    statement: str
    instead_of: str
    because: str
    hint: str
    examples: tuple[Example, ...]
    source: str = "spivak2008, ch. 10"
    statements: tuple[str, ...] = ()

    @cached_property
    def sides(self) -> tuple[tuple[Expr, Expr], ...]:
        """Both sides of each statement that can be run, as patterns."""
        return tuple(read_statement(s, HOLES) for s in self.statements)


def mistake(
    id: str,
    family: Family,
    title: str,
    statement: str,
    instead_of: str,
    because: str,
    hint: str,
    *examples: Example,
    run: tuple[str, ...] = (),
    source: str = "spivak2008, ch. 10",
) -> Mistake:
    """A row; its id without the room's name."""
    return Mistake(
        f"mistake/{id}", family, title, statement, instead_of, because, hint, examples, source, run
    )
