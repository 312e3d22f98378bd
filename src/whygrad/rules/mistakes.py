"""The mistakes people make, as rows: a false statement, what is true instead, and words that help.

A row's ``statements`` are false equations in the language of rules. Those that matching can run are
run as they stand: ``D(log(u)) = D(u)`` takes the place of the right rule at one step, and if the
line a person wrote comes out, that is probably what happened. Where matching cannot say it (an
index, a term of any sum, the order of matrices) the engine has a search under the row's id.

The order of rows is the order of trial.
"""

from __future__ import annotations

from typing import Final

from whygrad.rules.mistake import Example, Family, Mistake
from whygrad.rules.mistakes_calculus import CALCULUS
from whygrad.rules.mistakes_sums import SUMS

MISTAKES: Final[dict[str, Mistake]] = {row.id: row for row in (*CALCULUS, *SUMS)}
"""Every mistake by id, in order of trial."""

__all__ = ["MISTAKES", "Example", "Family", "Mistake"]
