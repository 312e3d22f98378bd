"""A line being rewritten: each change becomes a Step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from whygrad.core.derivation import Evidence, Step
from whygrad.core.expr import Expr
from whygrad.core.walk import Path, at, children, replace_at
from whygrad.engine.tidy import next_tidy, tidy
from whygrad.rules.table import RULES

UNDECIDED = Evidence("undecided")
_HOLE = re.compile(r"\{(\w+)\}")


def reason_of(rule_id: str, bindings: Mapping[str, Expr]) -> tuple[str | Expr, ...]:
    """The rule's reason, in few words, with formulas in the place of its holes.

    >>> from whygrad.core.expr import Symbol
    >>> reason_of("log/exp", {})
    ('log and exp undo each other',)
    """
    parts: list[str | Expr] = []
    for k, piece in enumerate(_HOLE.split(RULES[rule_id].brief or RULES[rule_id].because)):
        if k % 2 == 0:
            parts.append(piece)
        else:
            parts.append(bindings.get(piece, piece))
    return tuple(p for p in parts if p != "")


class Trace:
    """Collects the steps that lead from ``line`` onwards."""

    def __init__(self, line: Expr) -> None:
        self.line = line
        self.steps: list[Step] = []

    def apply(
        self,
        path: Path,
        rule: str,
        new: Expr,
        bindings: Mapping[str, Expr] | None = None,
        reason: tuple[str | Expr, ...] | None = None,
        *,
        substeps: tuple[Step, ...] = (),
        minor: bool | None = None,
        evidence: Evidence = UNDECIDED,
    ) -> None:
        """Rewrite the part at ``path`` to ``new`` by ``rule``; nothing happens if it is the same."""
        after = replace_at(self.line, path, new)
        if after is self.line:
            return
        bound = dict(bindings or {})
        self.steps.append(
            Step(
                rule,
                path,
                self.line,
                after,
                bound,
                reason_of(rule, bound) if reason is None else reason,
                substeps,
                evidence,
                minor=RULES[rule].minor if minor is None else minor,
            )
        )
        self.line = after

    def apply_all(
        self, path: Path, small: Sequence[tuple[str, Expr, Mapping[str, Expr], tuple[str | Expr, ...] | None]]
    ) -> None:
        """Several rewrites, one after the other, of the part at ``path``.

        A product put into a product becomes part of it: the next rewrite is then one of the whole
        product.
        """
        start, where = self.line, path
        for rule, new, bindings, reason in small:
            after = replace_at(start, path, new)
            self.apply(where, rule, new if where == path else at(after, where), bindings, reason)
            if path and not _stands(after, path, new):
                where = path[:-1]

    def tidy(self) -> None:
        """House-keeping on the whole line as one minor step (its parts: :func:`tidy_steps`)."""
        self.apply((), "algebra/tidy", tidy(self.line))

    def run(self, steps: tuple[Step, ...] | list[Step]) -> None:
        """Append steps made elsewhere for this very line."""
        for step in steps:
            assert step.before is self.line
            self.steps.append(step)
            self.line = step.after


def _stands(line: Expr, path: Path, part: Expr) -> bool:
    """Whether ``part`` is still one child at ``path``."""
    kids = children(at(line, path[:-1]))
    return path[-1] < len(kids) and kids[path[-1]] is part


def tidy_steps(before: Expr, after: Expr, limit: int = 400) -> tuple[Step, ...]:
    """The single pieces of house-keeping from ``before`` to ``after``."""
    trace = Trace(before)
    for _ in range(limit):
        if trace.line is after:
            break
        found = next_tidy(trace.line)
        if found is None:
            break
        path, rule, new = found
        trace.apply(path, rule, new)
    if trace.line is not after:  # the order of house-keeping differed; the last move joins them
        trace.apply((), "algebra/tidy", after)
    return tuple(trace.steps)


def lift(steps: tuple[Step, ...], line: Expr, path: Path) -> tuple[Step, ...]:
    """Steps made on the part of ``line`` at ``path``, as steps of the whole line.

    A part that was spliced into the product or sum above it is found at that.
    """
    out: list[Step] = []
    for step in steps:
        before, after = replace_at(line, path, step.before), replace_at(line, path, step.after)
        place = (*path, *step.at) if not path or _stands(before, path, step.before) else path[:-1]
        small = lift(step.substeps, line, path)
        out.append(replace(step, at=place, before=before, after=after, substeps=small))
    return tuple(out)
