"""A list of instructions as a program: what is used, with its nameless results counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from whygrad.core.expr import (
    Index,
)
from whygrad.lower.builder import is_nameless
from whygrad.lower.program import (
    Instruction,
    Operand,
    Program,
    operands,
    with_operands,
)


def used(instructions: Iterable[Instruction], results: Iterable[Operand]) -> tuple[Instruction, ...]:
    """The instructions that a result depends on."""
    needed = {o.value for o in results}
    kept: list[Instruction] = []
    for i in reversed(list(instructions)):
        if i.name in needed:
            kept.append(i)
            needed.update(o.value for o in operands(i.operation))
    return tuple(reversed(kept))


def numbered(
    instructions: tuple[Instruction, ...],
    results: dict[str, Operand],
    orders: dict[str, tuple[Index, ...]],
) -> Program:
    """The program with its nameless results counted from 1."""
    kept = {i.name for i in instructions}
    nameless = [i.name for i in instructions if is_nameless(i.name)]
    free = (f"t{n}" for n in range(1, 2 * len(instructions) + 2))
    fresh = (name for name in free if name not in kept)
    new = dict(zip(nameless, fresh, strict=False))

    def renamed(operand: Operand) -> Operand:
        return replace(operand, value=new.get(operand.value, operand.value))

    lines = tuple(
        replace(i, name=new.get(i.name, i.name), operation=with_operands(i.operation, renamed))
        for i in instructions
    )
    return Program(lines, {name: renamed(o) for name, o in results.items()}, orders)
