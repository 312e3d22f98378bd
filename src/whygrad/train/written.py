"""What is written of a cost before any array is there: its program, and the comments above its code.

Nothing here needs NumPy, so that a page can write and run the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from whygrad.core.cost import Cost, Declaration, Scope
from whygrad.core.derivation import Stage, Step
from whygrad.core.errors import BudgetError, NoRuleError, UsageError
from whygrad.core.expr import Expr, Index, Symbol
from whygrad.engine.derive import closed, derive
from whygrad.lower.lower import lower
from whygrad.lower.program import Const, Input, Instruction, Program
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.to_index import cost_to_index
from whygrad.show.text import to_text


def gradient_of(cost: Cost, name: str) -> tuple[Expr, Scope, tuple[Index, ...]]:
    """The derivative of the cost by one parameter, the scope of its names, and the letters of its entries.

    The letters stand in the order of the parameter's dimensions, of which two may be alike. Where no closed
    form is reached within its budget, the plain derivative serves.
    """
    try:
        derivation = derive(cost, name)
        found = derivation.parameters[-1]
        whole = closed(found.result, found.stages, {}, None)
        if whole is not None:
            return whole, derivation.cost.scope, _letters(found.wrt, cost.scope.declarations[name])
    except (NoRuleError, BudgetError):
        pass
    order = indices_of(cost.scope.declarations[name])
    return derivative(Symbol(cost.goal), Symbol(name, order), cost.scope), cost.scope, order


def _letters(wrt: Symbol, d: Declaration) -> tuple[Index, ...]:
    letters = tuple(i for i in wrt.indices if isinstance(i, Index))
    if tuple(i.dim for i in letters) != d.dims:
        raise RuntimeError(f"the derivative by {d.name} runs over {letters}")
    return letters


def indices_of(d: Declaration, avoid: frozenset[str] = frozenset()) -> tuple[Index, ...]:
    """Letters for the entries of a parameter, none of them in ``avoid``.

    >>> indices_of(Declaration("w", "param", ("n",), letters=("j",)), frozenset("j"))
    (Index('p1', 'n'),)
    """
    found: list[Index] = []
    for n, dim in enumerate(d.dims):
        wanted = d.letters[n] if n < len(d.letters) else f"p{n + 1}"
        taken = avoid | {index.letter for index in found}
        number = 1
        while wanted in taken:
            wanted, number = f"p{number}", number + 1
        found.append(Index(wanted, dim))
    return tuple(found)


class Written:
    """A cost lowered once: its value and its gradients as a program."""

    def __init__(self, cost: Cost) -> None:
        self.cost = cost_to_index(cost)
        self.goal = Symbol(cost.goal)
        if not cost.parameters:
            raise UsageError(
                "error/no-parameter",
                "the cost has no parameter to fit",
                fix="declare one, for instance param w[j], b",
            )
        self.names = tuple(d.name for d in cost.parameters)
        self.gradients: dict[str, Expr] = {}
        self.orders: dict[str, tuple[Index, ...]] = {}
        for d in self.cost.parameters:
            self.gradients[d.name], self.scope, self.orders[d.name] = gradient_of(self.cost, d.name)
        self.program = self._program()

    def _program(self) -> Program:
        outputs: dict[str, Expr] = {self.cost.goal: self.goal}
        axes: dict[str, tuple[Index, ...]] = {}
        for name, e in self.gradients.items():
            outputs[f"d{self.cost.goal}_d{name}"] = e
            axes[f"d{self.cost.goal}_d{name}"] = self.orders[name]
        return lower(outputs, self.scope, axes=axes)


def comments_of(cost: Cost, *, rules: bool = True) -> list[str]:
    """The cost's text; with ``rules`` each stage of its derivation, with the rules it was reached by."""
    return [*_title(cost), *(_stages(cost) if rules else ())]


def with_constants(program: Program, cost: Cost) -> Program:
    """The program with those constants put in that have a value."""
    values = {d.name: d.value for d in cost.declarations if d.value is not None}
    lines: list[Instruction] = []
    for i in program.instructions:
        value = values.get(i.operation.name) if isinstance(i.operation, Input) else None
        lines.append(i if value is None else replace(i, operation=Const(Fraction(value))))
    return replace(program, instructions=tuple(lines))


def identifier(name: str) -> str:
    """A name that every language takes."""
    safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return safe if safe[:1].isalpha() else f"f_{safe}"


def _title(cost: Cost) -> Iterator[str]:
    if cost.title:
        yield cost.title
    yield from (
        line for line in cost.source.splitlines() if line.strip() and not line.lstrip().startswith("#")
    )


def _stages(cost: Cost) -> Iterator[str]:
    """Each stage of the derivation: its id, its result, and the rules it was reached by."""
    derivation = derive(cost)
    scope = derivation.cost.scope
    for parameter in derivation.parameters:
        yield ""
        yield f"gradient by {to_text(parameter.wrt, scope)}:"
        for stage in parameter.stages:
            if stage.reused:
                continue
            result = f"{to_text(stage.left, scope)} = {to_text(stage.result, scope)}"
            yield f"  {stage.id}  {result}  {', '.join(_rules(stage))}".rstrip()


def _rules(stage: Stage) -> list[str]:
    """The rules of a stage, each once in order, those of the smallest steps; house-keeping is left out."""
    found = dict.fromkeys([stage.start_rule] if stage.start_rule else [])
    todo: list[Step] = list(reversed(stage.steps))
    while todo:
        step = todo.pop()
        if step.substeps:
            todo += reversed(step.substeps)
        elif not step.minor:
            found[step.rule] = None
    return list(found)
