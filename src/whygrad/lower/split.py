"""Cutting a program along the examples: before, what happens to some rows, totals, after.

A cost that is a sum over examples has a value and a gradient that are sums over blocks of rows, however
many layers stand in between. :func:`split` finds what is worked out once (formulas of the parameters
alone), what is worked out for a block of rows, and what is made of the totals (penalties, the division
by m). From one block in the cache to a file that is read piece by piece it is the same program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whygrad.core.expr import Index
from whygrad.lower.finish import used
from whygrad.lower.program import (
    Const,
    Einsum,
    Fold,
    Gather,
    Input,
    Instruction,
    Matrix,
    Operand,
    Position,
    Program,
    operands,
)


@dataclass(frozen=True, slots=True)
class Split:
    """A program in parts.

    Attributes
    ----------
    dim
        The dimension of the examples.
    data
        The inputs that run over it, on their first axis; a block takes some of their rows.
    before
        Its outputs go into ``rows`` beside the data.
    rows
        Its outputs are the block's share of each total.
    after
        Takes the totals, and whatever else it needs, to the outputs.
    """

    dim: str
    data: tuple[str, ...]
    before: Program
    rows: Program
    after: Program

    @property
    def totals(self) -> tuple[str, ...]:
        """The names of the sums over examples."""
        return tuple(self.rows.outputs)


def split(program: Program) -> Split | None:
    """The parts, along the first dimension for which there are any; None where there is none.

    Examples
    --------
    >>> from whygrad.core.cost import Declaration, Scope
    >>> from whygrad.core.expr import Call, Mul, Reduce, Symbol
    >>> from whygrad.lower.lower import lower
    >>> declared = Declaration("x", "data", ("m", "n")), Declaration("w", "param", ("n", "k"))
    >>> i, j, k = Index("i", "m"), Index("j", "n"), Index("k", "k")
    >>> z = Reduce("sum", j, Mul((Symbol("x", (i, j)), Symbol("w", (j, k)))))
    >>> goal = Reduce("sum", i, Reduce("max", k, Call("exp", (z,))))
    >>> found = split(lower({"J": goal}, Scope({d.name: d for d in declared})))
    >>> found.dim, found.data
    ('m', ('x',))
    """
    tried: set[str] = set()
    for i in program.instructions:
        if isinstance(i.operation, Input) and i.axes and i.axes[0].dim not in tried:
            tried.add(i.axes[0].dim)
            found = _Cutter(program, i.axes[0].dim).cut()
            if found is not None:
                return found
    return None


@dataclass
class _Cutter:
    program: Program
    dim: str
    inside: list[Instruction] = field(default_factory=list[Instruction])
    outside: list[Instruction] = field(default_factory=list[Instruction])
    totals: dict[str, Operand] = field(default_factory=dict[str, Operand])
    late: set[str] = field(default_factory=set[str])
    """Totals and what depends on them."""

    def cut(self) -> Split | None:
        if not all(map(self._sort, self.program.instructions)) or not self.totals:
            return None
        return None if any(self._own(o.axes) for o in self.program.outputs.values()) else self._parts()

    def _own(self, axes: tuple[Index, ...]) -> set[Index]:
        return {axis for axis in axes if axis.dim == self.dim}

    def _sort(self, i: Instruction) -> bool:
        """Put an instruction where it belongs; False where there is no place for it."""
        reads, own = list(operands(i.operation)), self._own(i.axes)
        letters = own.union(*(self._own(o.axes) for o in reads))
        rowwise = {r.name for r in self.inside}
        if isinstance(i.operation, Gather) and i.operation.array in rowwise:
            return False
        if not letters:
            if any(o.value in self.late for o in reads):
                self.late.add(i.name)
            self.outside.append(i)
            return True
        if len(letters) > 1 or any(o.value in self.late for o in reads):
            return False
        if isinstance(i.operation, Position | Matrix) or any(_twice(o.axes, self.dim) for o in reads):
            return False
        if isinstance(i.operation, Input) and (i.axes[0].dim != self.dim or _twice(i.axes, self.dim)):
            return False
        self.inside.append(i)
        if own:
            return not (isinstance(i.operation, Fold) and self._own(i.operation.arg.axes) - own)
        self.totals[i.name] = Operand(i.name, i.axes)
        self.late.add(i.name)
        return isinstance(i.operation, Einsum) or (
            isinstance(i.operation, Fold) and i.operation.op == "sum" and _whole(i.operation, self.dim)
        )

    def _parts(self) -> Split:
        known = {i.name: i for i in self.program.instructions}
        names = {i.name for i in self.inside}
        reads = dict.fromkeys(o.value for i in self.inside for o in operands(i.operation))
        needed = [known[name] for name in reads if name not in names]
        constants = [i for i in needed if isinstance(i.operation, Const)]
        given = [i for i in needed if not isinstance(i.operation, Const)]
        early = [i for i in self.outside if i.name not in self.late]
        results = {i.name: Operand(i.name, i.axes) for i in given}
        before = Program(used(early, results.values()), results, {n: o.axes for n, o in results.items()})
        taken = [Instruction(i.name, Input(i.name), i.axes) for i in given]
        orders = {name: o.axes for name, o in self.totals.items()}
        rows = Program((*constants, *taken, *self.inside), dict(self.totals), orders)
        totals = [Instruction(name, Input(name), o.axes) for name, o in self.totals.items()]
        after = used([*totals, *self.outside], self.program.outputs.values())
        data = tuple(i.operation.name for i in self.inside if isinstance(i.operation, Input))
        whole = Program(after, self.program.outputs, self.program.orders)
        return Split(self.dim, data, before, rows, whole)


def _twice(axes: tuple[Index, ...], dim: str) -> bool:
    return sum(axis.dim == dim for axis in axes) > 1


def _whole(fold: Fold, dim: str) -> bool:
    """Whether the sum of the blocks' sums is the sum."""
    return any(axis.dim == dim for axis in fold.arg.axes)
