"""From a raw derivative to the form a teacher writes, one named step at a time.

Moves are tried in an order; one is taken when it makes the line cheaper to read
(:mod:`whygrad.engine.measure`), so the walk always ends. Each taken move is one step of the line;
its small steps are kept below it.
"""

from __future__ import annotations

from collections.abc import Callable

from whygrad.core.derivation import Step
from whygrad.core.expr import Add, Call, Compare, Expr, Mul, Pow, Reduce, Symbol
from whygrad.core.walk import Path, paths, replace_at, size_of
from whygrad.engine import conditions, logs, moves, positions, sums
from whygrad.engine.measure import cost_of
from whygrad.engine.moves import Context, Moved
from whygrad.engine.tidy import tidy
from whygrad.engine.trace import Trace, reason_of
from whygrad.rules.table import RULES

Move = Callable[[Expr, Context], Moved | None]

ALWAYS: tuple[Move, ...] = (
    sums.sift,
    positions.one_case,
    positions.one_position,
    positions.in_range,
    positions.join_cases,
    sums.to_one,
    sums.to_zero,
    moves.cancel,
    moves.abs_sign,
    conditions.positive_part,
    moves.order_factors,
    sums.constant_out,
    sums.symmetric,
    moves.order_terms,
)
"""Taken wherever they fit."""

SUBSTITUTION: tuple[Move, ...] = (logs.log_rules, logs.complement, logs.exponentials)
"""Taken wherever they fit, where everything is written out."""

NATURAL: tuple[Move, ...] = (
    moves.fold_definition,
    moves.fold_complement,
    moves.multiply_in,
    sums.split,
    sums.push_in,
    moves.split_fraction,
    moves.is_sigmoid,
    conditions.is_tanh,
    conditions.turn_condition,
)
"""Tried first, in this order, each where the line becomes cheaper."""

RIVALS: tuple[Move, ...] = (
    moves.multiply_out_collect,
    moves.factor_out,
    moves.turn_bracket,
    moves.minus_in,
    moves.minus_front,
    moves.group,
    moves.common_denominator,
    conditions.other_case,
)
"""Of these the one that makes the line cheapest is taken."""


LONGEST_TRIED = 500
"""Nodes of a line up to which moves are tried for their looks: a longer one is left as the rules gave it.
(The longest line of the gallery has 368.)"""


def simplify(line: Expr, context: Context, *, limit: int = 60) -> list[Step]:
    """Steps from ``line`` to its simplest form.

    The lines between hold no unevaluated derivative of the part that changes.
    """
    trace = Trace(line)
    trace.tidy()
    for _ in range(limit):
        if not (_take_always(trace, context) or _take_line(trace, context) or _take_tried(trace, context)):
            break
    return merged(trace.steps)


MERGED = ("sum/sift", "sum/constant-out", "algebra/turn-bracket")
"""Several of these in a row are one line to a reader."""


def merged(steps: list[Step]) -> list[Step]:
    """Neighbouring steps by one rule of ``MERGED`` as one step that holds them."""
    out: list[Step] = []
    run: list[Step] = []
    for step in steps:
        head = next((s for s in run if not s.minor), None)
        if head is not None and (step.minor or step.rule == head.rule):
            run.append(step)
            continue
        out.extend(_joined(run))
        run = [step] if not step.minor and step.rule in MERGED else []
        if not run:
            out.append(step)
    out.extend(_joined(run))
    return out


def _joined(run: list[Step]) -> list[Step]:
    heads = [s for s in run if not s.minor]
    if len(heads) < 2:
        return run
    first = heads[0]
    if first.rule == "sum/sift":
        reason: list[str | Expr] = ["the deltas keep only "]
        for n, s in enumerate(heads):
            reason.extend((", " if n else "", s.bindings["a"], " = ", s.bindings["b"]))
    elif first.rule == "sum/constant-out":
        reason = ["what does not hold the summed index comes out of the sum"]
    else:
        reason = list(reason_of(first.rule, first.bindings))
    words = (
        tuple(dict.fromkeys(r for r in reason if r != ""))
        if len(reason) == 1
        else tuple(r for r in reason if r != "")
    )
    return [Step(first.rule, (), run[0].before, run[-1].after, {}, words, tuple(run))]


ON: dict[Move, tuple[type[Expr], ...]] = {
    sums.sift: (Reduce,),
    positions.one_case: (Reduce,),
    positions.one_position: (Symbol,),
    positions.in_range: (Reduce,),
    positions.join_cases: (Mul,),
    sums.to_one: (Reduce,),
    sums.to_zero: (Reduce,),
    sums.constant_out: (Reduce,),
    sums.symmetric: (Reduce,),
    sums.split: (Reduce,),
    sums.push_in: (Mul,),
    moves.cancel: (Mul,),
    moves.abs_sign: (Mul,),
    moves.order_factors: (Mul,),
    moves.order_terms: (Add,),
    moves.fold_complement: (Call,),
    moves.multiply_in: (Mul,),
    moves.split_fraction: (Mul,),
    moves.is_sigmoid: (Mul, Pow),
    moves.multiply_out_collect: (Add, Mul),
    moves.factor_out: (Add,),
    moves.turn_bracket: (Mul,),
    moves.minus_in: (Mul,),
    moves.minus_front: (Mul,),
    moves.group: (Add,),
    moves.common_denominator: (Add,),
    conditions.positive_part: (Mul,),
    conditions.is_tanh: (Mul,),
    conditions.turn_condition: (Compare,),
    conditions.other_case: (Add,),
    logs.log_rules: (Call,),
    logs.complement: (Add,),
    logs.exponentials: (Mul, Pow),
}
"""The kinds of nodes that a move can fit; a move that is not here is tried on all."""


Places = list[tuple[Path, Expr]]


def _by_kind(places: Places) -> dict[tuple[type[Expr], ...], Places]:
    """The places of a line, all of them under the key ()."""
    return {(): places}


def _for(move: Move, places: dict[tuple[type[Expr], ...], Places]) -> Places:
    """Those that the move can fit, in the same order."""
    kinds = ON.get(move, ())
    found = places.get(kinds)
    if found is None:
        found = places[kinds] = [item for item in places[()] if type(item[1]) in kinds]
    return found


def fitting(move: Move, node: Expr, context: Context) -> Moved | None:
    """What ``move`` makes of ``node``; asked once for each context."""
    key = (move, node)
    if key not in context.memo:
        context.memo[key] = move(node, context)
    return context.memo[key]


def first_fitting(line: Expr, tried: tuple[Move, ...], context: Context) -> tuple[Path, Moved] | None:
    """The first of these moves that fits somewhere, outermost places first."""
    places = _by_kind(list(paths(line)))
    for move in tried:
        for path, node in _for(move, places):
            moved = fitting(move, node, context)
            if moved is not None:
                return path, moved
    return None


def _take_always(trace: Trace, context: Context) -> bool:
    found = first_fitting(trace.line, (*SUBSTITUTION, *ALWAYS) if context.fractions else ALWAYS, context)
    if found is None:
        return False
    _record(trace, *found)
    return True


def _take_line(trace: Trace, context: Context) -> bool:
    """Letters of symmetric names in order."""
    moved = sums.symmetric_line(trace.line, context)
    if not moved:
        return False
    _record(trace, (), moved)
    return True


def _take_tried(trace: Trace, context: Context) -> bool:
    if size_of(trace.line) > LONGEST_TRIED:
        return False
    kinds = _by_kind(sorted(paths(trace.line), key=lambda item: -len(item[0])))
    now = cost_of(trace.line)
    for move in (moves.common_denominator, *NATURAL) if context.fractions else NATURAL:
        found = _for(move, kinds)
        for path, node in reversed(found) if move is moves.is_sigmoid else found:
            moved = fitting(move, node, context)
            cut = _best_prefix(trace.line, path, moved, now)[1] if moved else 0
            if moved and cut:
                _record(trace, path, moved[:cut])
                return True
    best = now - 1e-9
    chosen: tuple[Path, Moved] | None = None
    for move in RIVALS:
        for path, node in _for(move, kinds):
            moved = fitting(move, node, context)
            if not moved:
                continue
            cost, cut = _best_prefix(trace.line, path, moved, best)
            if cut:
                best, chosen = cost, (path, moved[:cut])
    if chosen is None:
        return False
    _record(trace, *chosen)
    return True


def _best_prefix(line: Expr, path: Path, moved: Moved, now: float) -> tuple[float, int]:
    """The cheapest line on the way and how many small steps lead there (0: none is cheaper)."""
    best, cut = now - 1e-9, 0
    for k, small in enumerate(moved):
        cost = cost_of(tidy(replace_at(line, path, small.new)))
        if cost < best:
            best, cut = cost, k + 1
    return best, cut


def _record(trace: Trace, path: Path, moved: Moved) -> None:
    """One step for the whole move; its small steps below it when there are several."""
    if len(moved) == 1 or moved[0].rule == "algebra/common-denominator":
        trace.apply_all(path, moved)
    else:
        inner = Trace(trace.line)
        inner.apply_all(path, moved)
        last = moved[-1]
        trace.apply(
            path,
            _headline(moved),
            last.new,
            last.bindings,
            _joined_reason(moved),
            substeps=tuple(inner.steps),
        )
    trace.tidy()


def _headline(moved: Moved) -> str:
    """The rule that names a move of several small steps."""
    rules = [small.rule for small in moved]
    if "algebra/collect" in rules:
        return "algebra/multiply-out-collect" if "algebra/multiply-out" in rules else "algebra/collect"
    return rules[-1] if rules[-1] != "algebra/factor-out" or len(rules) == 1 else rules[0]


def _joined_reason(moved: Moved) -> tuple[str | Expr, ...]:
    """What the small steps did, in a few words."""
    parts: list[str | Expr] = []
    for rule, _, bindings, _ in moved:
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
