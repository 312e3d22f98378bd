"""Right derivations: every stage of the gallery's, by every route, coarse and fine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from whygrad import costs
from whygrad.core.cost import Scope
from whygrad.core.derivation import Step
from whygrad.core.errors import WhygradError
from whygrad.core.expr import Expr, Partial
from whygrad.core.walk import size_of
from whygrad.engine.derive import derive
from whygrad.engine.narrate import opened
from whygrad.syntax.cost_text import read_cost

ROUTES: Final = ("chain", "substitution", "backprop")
LEVELS: Final = ("brief", "normal", "full")
LARGEST: Final = 400
"""Lines with more parts than this are nobody's handwriting."""


@dataclass(frozen=True)
class Derived:
    """Lines of one stage of a derivation, each equal to the one before."""

    name: str
    scope: Scope
    lines: tuple[Expr, ...]
    wrt: str


@cache
def of_cost(name: str) -> tuple[Derived, ...]:
    """The stages of one cost of the gallery."""
    found: dict[tuple[Expr, ...], Derived] = {}
    cost = read_cost(costs.text(name), name=name)
    for route in ROUTES:
        try:
            derivation = derive(cost, None, route)
        except (WhygradError, ValueError, AssertionError, IndexError, KeyError) as error:
            print(f"{name} by {route} is left out: {error}", file=sys.stderr)
            continue
        scope = derivation.cost.scope
        for parameter in derivation.parameters:
            for stage in parameter.stages:
                for level in LEVELS:
                    start = (stage.left,) if isinstance(stage.left, Partial) else ()
                    lines = tuple(dict.fromkeys((*start, *_lines(stage.start, stage.steps, level))))
                    if len(lines) > 1 and max(map(size_of, lines)) <= LARGEST:
                        label = f"{name}/{route}/{stage.id}/{level}"
                        found.setdefault(lines, Derived(label, scope, lines, parameter.wrt.name))
    return tuple(found.values())


def _lines(start: Expr, steps: tuple[Step, ...], level: str) -> Iterator[Expr]:
    yield start
    for step in steps:
        if level == "full":
            for part in opened(step) or (step,):
                yield part.after
        elif level == "normal" and not step.minor:
            yield step.after
    if steps:
        yield steps[-1].after
