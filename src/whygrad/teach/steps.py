"""The steps of a derivation one by one, as whatever shows one at a time needs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whygrad.core.cost import Scope
from whygrad.core.derivation import Derivation, Stage, Step
from whygrad.core.document import Inline, Rows
from whygrad.core.expr import Expr
from whygrad.core.walk import Path, at
from whygrad.engine.narrate import detail_rows, visible


@dataclass(frozen=True, slots=True)
class Shown:
    """One step: of which stage, by which rule, from what to what, and why."""

    stage: str
    rule: str
    left: Expr
    before: Expr
    after: Expr
    changed_before: tuple[Path, ...]
    changed_after: tuple[Path, ...]
    reason: Inline
    finer: Rows
    scope: Scope


def shown_steps(derivation: Derivation) -> tuple[Shown, ...]:
    r"""Every step that the normal view shows, in order; a stage that is reused comes once.

    Examples
    --------
    >>> from whygrad.engine.derive import derive
    >>> from whygrad.syntax.cost_text import read_cost
    >>> found = shown_steps(derive(read_cost("param w\nJ = (w - 3)^2")))
    >>> found[0].stage
    'chain.1'
    """
    scope = derivation.cost.scope
    out: list[Shown] = []
    for parameter in derivation.parameters:
        for stage in parameter.stages:
            if not stage.reused:
                out.extend(_of_stage(stage, scope))
    return tuple(out)


def _of_stage(stage: Stage, scope: Scope) -> Iterator[Shown]:
    before = stage.start
    for number, step, line in visible(stage.steps):
        name = f"{stage.id}.{number}"
        yield Shown(
            stage.id, step.rule, stage.left, before, line, (step.at,) if before is step.before else (),
            _touched(step, line), step.reason,
            Rows(detail_rows(step, name, scope, stage.left) if step.substeps else ()), scope,
        )  # fmt: skip
        before = line


def _touched(step: Step, line: Expr) -> tuple[Path, ...]:
    """Where the line was touched: the path itself while it is there and nothing came after."""
    if line is not step.after:
        return ()
    try:
        at(line, step.at)
    except IndexError:
        return ()
    return (step.at,)
