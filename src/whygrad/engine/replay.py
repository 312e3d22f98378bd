"""Replay: whether a step's rule at its place turns the line before into the line after again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from whygrad.core.derivation import Step
from whygrad.core.expr import Add, Expr, Number, Partial, Reduce, add, mul, terms_of
from whygrad.core.walk import (
    Path,
    at,
    letters,
    paths,
    postorder,
    replace_at,
    rewrite_bottom_up,
    same_form,
    substitute,
)
from whygrad.engine import conditions, logs, moves, positions, sums
from whygrad.engine.differentiate import apply_derivative, frame
from whygrad.engine.moves import Context, Moved
from whygrad.engine.products import Monomial, Power, collect, expand, monomial
from whygrad.engine.stages import changed_part
from whygrad.engine.tidy import tidy, tidy_node

ALGEBRA: tuple[Callable[[Expr, Context], Moved | None], ...] = (
    moves.fold_definition,
    moves.is_sigmoid,
    moves.abs_sign,
    sums.constant_out,
    sums.sift,
    positions.one_case,
    positions.one_position,
    positions.in_range,
    positions.join_cases,
    sums.to_one,
    sums.to_zero,
    sums.symmetric,
    sums.split,
    sums.push_in,
    conditions.turn_condition,
    conditions.positive_part,
    conditions.other_case,
    conditions.is_tanh,
    logs.log_rules,
    logs.complement,
    logs.exponentials,
)

RATIONAL = frozenset(
    f"algebra/{name}"
    for name in ("cancel", "multiply-in", "minus-in", "minus-front", "turn-bracket", "factor-out",
                 "multiply-out", "collect", "multiply-out-collect", "common-denominator", "split-fraction",
                 "divide", "order")
)  # fmt: skip
"""Rules about sums, products and quotients: their two sides are one rational form."""

BY_VALUE = ("algebra/algebra", "chain/product", "chain/paths", "chain/put-in", "definition/unfold",
            "definition/fold", "definition/fold-complement")  # fmt: skip
"""Steps that quote the cost or an earlier stage: they are held by their evidence, not by a pattern."""


def replays(step: Step, context: Context) -> bool:
    """Whether applying the step's rule again gives the same line.

    A step with small steps is the chain of those; a step that quotes a definition or an earlier
    stage is checked by value where it was made.
    """
    if step.substeps:
        return step.substeps[0].before is step.before and step.substeps[-1].after is step.after
    if step.rule in BY_VALUE:
        return True
    if step.rule == "algebra/tidy":
        return tidy(step.before) is step.after
    if step.rule == "sum/symmetric":
        return sums.sorted_pairs(step.before, context) is sums.sorted_pairs(step.after, context)
    if step.rule == "sum/rename":
        return same_form(step.before, step.after)
    node = at(step.before, step.at)
    if step.rule.startswith("derivative/"):
        return _derivative_replays(step, node, context)
    house = tidy_node(node)
    if house is not None and house[0] == step.rule and _gives(step, step.at, house[1]):
        return True
    return _algebra_replays(step, context)


def _gives(step: Step, path: Path, new: Expr) -> bool:
    line = replace_at(step.before, path, new)
    return line is step.after or tidy(line) is tidy(step.after)


def _derivative_replays(step: Step, node: Expr, context: Context) -> bool:
    if not isinstance(node, Partial):
        return False
    using = frame(context.scope, node.wrt)
    rule, made, _, _ = apply_derivative(node, using, letters(step.before))
    return rule == step.rule and replace_at(step.before, step.at, made) is step.after


def _algebra_replays(step: Step, context: Context) -> bool:
    """Polynomial rules: both parts are one rational form. Others: the move gives the line again."""
    if step.rule in RATIONAL:
        before, after = changed_part(step)
        return same_rational(before, after) or same_rational(linear(before), linear(after))
    if step.rule == "sum/split":
        before, after = changed_part(step)
        return _splits(before, after) or same_rational(linear(before), linear(after))
    places = [step.at[:depth] for depth in range(len(step.at), -1, -1)]
    places += [(*step.at, *path) for path, _ in paths(at(step.before, step.at))]
    for path in places:
        node = at(step.before, path)
        for fractions in (False, True):
            using = Context(context.scope, context.foldable, fractions=fractions)
            for move in ALGEBRA:
                moved = move(node, using)
                if moved and any(m.rule == step.rule and _gives(step, path, m.new) for m in moved):
                    return True
    return False


def same_rational(a: Expr, b: Expr) -> bool:
    """Whether two forms agree once denominators are cleared and everything is multiplied out."""
    while (
        isinstance(a, Reduce)
        and isinstance(b, Reduce)
        and (a.op, a.index, a.where) == (b.op, b.index, b.where)
    ):
        a, b = a.body, b.body
    left, right = expand(a), expand(b)
    if left is None or right is None:
        return False
    below: dict[Expr, Power] = {}
    for m in (*left, *right):
        for p in m.powers:
            old = below.get(p.key)
            if p.exponent < 0 and (old is None or p.exponent < -old.exponent):
                below[p.key] = Power(p.base, -p.exponent)
    clear = [p.expr() for p in below.values()]
    return _cleared(left, clear) == _cleared(right, clear)


def linear(e: Expr) -> Expr:
    """``e`` with every sum over an index taken term by term, its numbers in front."""

    def f(node: Expr) -> Expr:
        if not isinstance(node, Reduce) or node.op != "sum":
            return node
        opened = expand(node.body)
        if opened is None:
            return node
        bare = [Reduce("sum", node.index, Monomial(Fraction(1), m.powers).expr(), node.where) for m in opened]
        return add(*(mul(Number(m.number), r) for m, r in zip(opened, bare, strict=True)))

    return rewrite_bottom_up(e, f)


def _cleared(monomials: list[Monomial], clear: list[Expr]) -> frozenset[tuple[object, object]]:
    opened: list[Monomial] = []
    for m in monomials:
        joined = monomial(mul(m.expr(), *clear)).expr()
        opened.extend(expand(joined) or [])
    return frozenset((m.key, m.number) for m in collect(opened))


def _splits(before: Expr, after: Expr) -> bool:
    """Σ (u + v) against Σ u + Σ v, with factors pulled out of either allowed."""
    pairs = [n for n in postorder(before) if isinstance(n, Reduce) and n.op == "sum"]
    for node in pairs:
        body = node.body
        opened = expand(body) if not isinstance(body, Add) else None
        terms = [m.expr() for m in collect(opened)] if opened is not None else list(terms_of(body))
        parts = add(*(Reduce("sum", node.index, t, node.where) for t in terms))
        if same_rational(substitute(before, {node: parts}), after):
            return True
    return False
