"""``same_value``: are two expressions equal in value? With evidence, or "undecided".

The plans are tried in turn, cheapest first; a proof under any of them is a proof, and a normal form
that is not 0 refutes nothing. Only enclosures that do not touch refute.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.derivation import Evidence
from whygrad.core.expr import ZERO, Expr
from whygrad.meaning.normal_form import Budget
from whygrad.meaning.question import Question, Readers, Verdict


def same_value(
    a: Expr,
    b: Expr,
    scope: Scope,
    *,
    facts: Sequence[Expr] = (),
    sample: bool = True,
    budget: Budget | None = None,
) -> Verdict:
    """Decide whether two expressions have one value wherever both are defined.

    Parameters
    ----------
    a, b
        Expressions, whole arrays included.
    scope
        What the names are. Definitions are kept opaque first and written out where that is not
        enough.
    facts
        What else is known: comparisons ``u > v``, ``u >= v``, or ``name == value``.
    sample
        Whether to fall back on numbers: to refute, and where nothing is proved to test.
    budget
        Limits of each normal form.

    Returns
    -------
    Verdict
        ``equal`` by proof or by a strong test (``evidence.kind`` says which), ``different`` with a
        point, ``ill-typed``, or ``undecided``.

    Examples
    --------
    >>> from whygrad.core.expr import Call, Number, Symbol, neg, sub
    >>> z = Symbol("z")
    >>> left, right = Call("sigmoid", (neg(z),)), sub(Number(1), Call("sigmoid", (z,)))
    >>> same_value(left, right, Scope()).proved
    True
    >>> same_value(left, neg(right), Scope()).kind
    'different'
    """
    return judge_of(scope).same_value(a, b, facts=facts, sample=sample, budget=budget)


_KEPT: Final = 8
_judges: OrderedDict[int, Judge]


def judge_of(scope: Scope) -> Judge:
    """The judge of a scope; the last few are kept, with all that they have read."""
    found = _judges.get(id(scope))
    if found is None:
        found = _judges[id(scope)] = Judge(scope)  # it holds the scope, so the id stays its own
        if len(_judges) > _KEPT:
            _judges.popitem(last=False)
    else:
        _judges.move_to_end(id(scope))
    return found


class Judge(Readers):
    """Answers questions of one scope; what it has read it remembers."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._verdicts: dict[tuple[Expr, Expr, tuple[Expr, ...], bool, Budget | None], Verdict] = {}

    def same_value(
        self,
        a: Expr,
        b: Expr,
        *,
        facts: Sequence[Expr] = (),
        sample: bool = True,
        budget: Budget | None = None,
    ) -> Verdict:
        """See :func:`same_value`."""
        if a is b:
            return Verdict("equal", Evidence("proved", "written alike"))
        key = (a, b, tuple(facts), sample, budget)
        found = self._verdicts.get(key)
        if found is None:
            question = Question(self, a, b, tuple(facts), budget)
            found = self._verdicts[key] = question.answer(sample=sample)
        return found


def is_zero(e: Expr, scope: Scope) -> Verdict:
    """Whether an expression is 0 wherever it is defined."""
    return same_value(e, ZERO, scope)


_judges = OrderedDict()
__all__ = ["Judge", "Verdict", "is_zero", "judge_of", "same_value"]
