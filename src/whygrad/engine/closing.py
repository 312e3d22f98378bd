"""The last resort: where the moves end in something long, the normal form may be much shorter.

Then one step says so, "algebra (proved)": it does several things at once, and a test counts such steps.
"""

from __future__ import annotations

from whygrad.core.errors import BudgetError
from whygrad.core.expr import Expr, Partial
from whygrad.core.walk import fold
from whygrad.engine.measure import cost_of
from whygrad.engine.moves import Context
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy
from whygrad.engine.trace import Trace
from whygrad.meaning.normal_form import UndefinedError, expanded, factored, normalise

LONG = 18.0
"""Only lines that cost more than this are tried."""
HUGE = 60.0
"""And none that costs more than this."""
MUCH = 0.7
"""The share of the cost that the other form may have, to be taken."""


def close(trace: Trace, context: Context) -> None:
    """Take the expanded or factored normal form where it is much cheaper to read."""
    line = trace.line
    if not LONG < cost_of(line) <= HUGE or fold(line, _derives):
        return
    try:
        normal = normalise(line, context.scope)
        candidates = [tidy(factored(normal)), tidy(expanded(normal))]
    except (BudgetError, UndefinedError):
        return
    found: list[Trace] = []
    for candidate in candidates:
        then = Trace(line)
        then.apply((), "algebra/algebra", candidate)
        then.run(simplify(then.line, context))
        found.append(then)
    best = min(found, key=lambda t: cost_of(t.line))
    if cost_of(best.line) < MUCH * cost_of(line):
        trace.run(best.steps)


def _derives(node: Expr, kids: tuple[bool, ...]) -> bool:
    return isinstance(node, Partial) or any(kids)
