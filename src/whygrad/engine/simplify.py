"""From a raw derivative to the form a teacher writes, one named step at a time.

Moves are tried in an order; one is taken when it makes the line cheaper to read
(:mod:`whygrad.engine.measure`), so the walk always ends. Each taken move is one step of the line;
its small steps are kept below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from whygrad.core.derivation import Step
from whygrad.core.expr import Expr
from whygrad.core.walk import Path, paths, replace_at
from whygrad.engine import logs, moves, sums
from whygrad.engine.measure import cost_of
from whygrad.engine.moves import Context, Moved
from whygrad.engine.tidy import tidy
from whygrad.engine.trace import Trace, reason_of
from whygrad.rules.table import RULES

Move = Callable[[Expr, Context], Moved | None]

ALWAYS: tuple[Move, ...] = (sums.sift, sums.to_one, moves.cancel, moves.abs_sign, sums.constant_out)
"""Taken wherever they fit."""

SUBSTITUTION: tuple[Move, ...] = (logs.log_rules, logs.complement, logs.exponentials)
"""Taken wherever they fit, where everything is written out."""

TRIED: tuple[Move, ...] = (
    moves.fold_definition,
    moves.multiply_in,
    sums.split,
    moves.split_fraction,
    moves.turn_bracket,
    moves.minus_in,
    moves.factor_out,
    moves.group,
    moves.multiply_out_collect,
)
"""Taken where the line becomes cheaper; inner places first."""


def simplify(line: Expr, context: Context, *, limit: int = 60) -> list[Step]:
    """Steps from ``line`` to its simplest form.

    The lines between hold no unevaluated derivative of the part that changes.
    """
    trace = Trace(line)
    trace.tidy()
    for _ in range(limit):
        if not (_take_always(trace, context) or _take_tried(trace, context)):
            break
    return trace.steps


def first_fitting(
    line: Expr, tried: tuple[Move, ...], context: Context
) -> tuple[Path, Moved] | None:
    """The first of these moves that fits somewhere, outermost places first."""
    for move in tried:
        for path, node in paths(line):
            moved = move(node, context)
            if moved is not None:
                return path, moved
    return None


def _take_always(trace: Trace, context: Context) -> bool:
    found = first_fitting(
        trace.line, (*SUBSTITUTION, *ALWAYS) if context.fractions else ALWAYS, context
    )
    if found is None:
        return False
    _record(trace, *found)
    return True


def _take_tried(trace: Trace, context: Context) -> bool:
    tried = (*TRIED, moves.common_denominator) if context.fractions else TRIED
    now = cost_of(trace.line)
    for move in tried:
        for path, node in _inner_first(trace.line):
            moved = move(node, context)
            if moved is None:
                continue
            cut = _best_prefix(trace.line, path, moved, now, move is moves.minus_in)
            if cut:
                _record(trace, path, moved[:cut])
                return True
    return False


def _best_prefix(line: Expr, path: Path, moved: Moved, now: float, even: bool) -> int:
    """How many of the small steps to take: the cheapest line, if cheaper than now (0: none)."""
    best, at = now - 1e-9, 0
    if even:
        best += 0.5  # a minus taken in may cost a sign and is still the written habit
    for k, (_, new, _) in enumerate(moved):
        cost = cost_of(tidy(replace_at(line, path, new)))
        if cost < best:
            best, at = cost, k + 1
    return at


def _inner_first(line: Expr) -> Iterator[tuple[Path, Expr]]:
    return iter(sorted(paths(line), key=lambda item: -len(item[0])))


def _record(trace: Trace, path: Path, moved: Moved) -> None:
    """One step for the whole move; its small steps below it when there are several."""
    rule, new, bindings = moved[-1]
    if len(moved) == 1:
        trace.apply(path, rule, new, bindings)
    else:
        small = Trace(trace.line)
        for inner_rule, inner_new, inner_bindings in moved:
            small.apply(path, inner_rule, inner_new, inner_bindings)
        headline = _headline(moved)
        reason = _joined_reason(moved)
        trace.apply(path, headline, new, bindings, reason, substeps=tuple(small.steps))
    trace.tidy()


def _headline(moved: Moved) -> str:
    """The rule that names a move of several small steps."""
    rules = [rule for rule, _, _ in moved]
    if "algebra/collect" in rules:
        return "algebra/multiply-out-collect" if "algebra/multiply-out" in rules else "algebra/collect"
    return rules[-1] if rules[-1] != "algebra/factor-out" or len(rules) == 1 else rules[0]


def _joined_reason(moved: Moved) -> tuple[str | Expr, ...]:
    """What the small steps did, in a few words."""
    parts: list[str | Expr] = []
    for rule, _, bindings in moved:
        if parts:
            parts.append("; ")
        if rule == "algebra/collect" and "u" in bindings:
            parts.extend((bindings["u"], " cancels"))
        elif rule == "algebra/factor-out":
            parts.extend((bindings["w"], " is common"))
        elif rule in ("sum/sift", "sum/to-one", "definition/fold"):
            parts.extend(reason_of(rule, bindings))
        else:
            parts.append(RULES[rule].title)
    return tuple(parts)
