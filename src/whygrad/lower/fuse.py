"""Finding in a program one pass over rows: linear forms of each row, a function of them, sums.

A cost that is a sum over rows of a smooth function of few linear forms reads its data twice when it is
computed array by array: once for X w, once for Xᵀ r. :func:`fuse` takes such a program apart into what
comes before (formulas of the parameters), a :class:`RowLoop` that a backend runs block by block, reading
the data once, and what comes after (penalties, the division by m).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from whygrad.core.expr import Index
from whygrad.lower.finish import used
from whygrad.lower.program import (
    Const,
    Einsum,
    Fold,
    Gather,
    Input,
    Instruction,
    Map,
    Operand,
    Program,
    Where,
    operands,
)


@dataclass(frozen=True, slots=True)
class Form:
    """``name[i] = Σ_j matrix[i, j] vector[j]``."""

    name: str
    matrix: str
    vector: str


@dataclass(frozen=True, slots=True)
class Total:
    """``name = Σ_i p_i``, p the product of numbers of the row; or ``name[j] = Σ_i p_i matrix[i, j]``."""

    name: str
    factors: tuple[str, ...]
    matrix: str = ""


@dataclass(frozen=True, slots=True)
class RowLoop:
    """What happens to each row: forms, then ``body`` in order (numbers of the row), then totals.

    ``rows`` are inputs with a number for each row, ``scalars`` numbers that are the same for all, and
    ``constants`` those of them that the formula itself has.
    """

    dim: str
    forms: tuple[Form, ...]
    rows: tuple[str, ...]
    scalars: tuple[str, ...]
    constants: tuple[tuple[str, Fraction | str], ...]
    body: tuple[Instruction, ...]
    totals: tuple[Total, ...]

    @property
    def matrices(self) -> tuple[str, ...]:
        """The matrices that are read, each once."""
        return tuple(
            dict.fromkeys([f.matrix for f in self.forms] + [t.matrix for t in self.totals if t.matrix])
        )


@dataclass(frozen=True, slots=True)
class Fused:
    """A program in three parts.

    ``before`` has as outputs what the loop needs of formulas (vectors and scalars), ``after`` takes the
    totals as inputs.
    """

    before: Program
    loop: RowLoop
    after: Program


def fuse(program: Program) -> Fused | None:
    """The three parts, or None where the program is not of that form.

    Examples
    --------
    >>> from whygrad.core.cost import Declaration, Scope
    >>> from whygrad.core.expr import Call, Mul, Reduce, Symbol
    >>> from whygrad.lower.lower import lower
    >>> declared = Declaration("x", "data", ("m", "n")), Declaration("w", "param", ("n",))
    >>> i, j = Index("i", "m"), Index("j", "n")
    >>> z = Reduce("sum", j, Mul((Symbol("x", (i, j)), Symbol("w", (j,)))))
    >>> goal = Reduce("sum", i, Call("exp", (z,)))
    >>> found = fuse(lower({"J": goal}, Scope({d.name: d for d in declared})))
    >>> found.loop.forms[0].matrix, found.loop.forms[0].vector
    ('x', 'w')
    """
    for i in program.instructions:
        if isinstance(i.operation, Input) and len(i.axes) == 2:
            found = _Reader(program, i.axes[0].dim).fused()
            if found is not None:
                return found
    return None


@dataclass
class _Reader:
    """Sorts the instructions by whether they run over ``dim``."""

    program: Program
    dim: str
    matrices: set[str] = field(default_factory=set[str])
    rows: set[str] = field(default_factory=set[str])
    """Results with a number for each row."""
    late: set[str] = field(default_factory=set[str])
    """Totals and what depends on them."""
    forms: list[Form] = field(default_factory=list[Form])
    totals: list[Total] = field(default_factory=list[Total])
    body: list[Instruction] = field(default_factory=list[Instruction])
    taken: set[str] = field(default_factory=set[str])
    """Inputs with a number for each row."""
    outside: list[Instruction] = field(default_factory=list[Instruction])

    def fused(self) -> Fused | None:
        for i in self.program.instructions:
            if not self._sort(i):
                return None
        if not self.forms or any(o.value in self.rows for o in self.program.outputs.values()):
            return None
        return self._parts()

    def _runs(self, axes: tuple[Index, ...]) -> bool:
        return any(axis.dim == self.dim for axis in axes)

    def _sort(self, i: Instruction) -> bool:
        """Put an instruction where it belongs; False where there is no place for it."""
        reads = list(operands(i.operation))
        inside = [o for o in reads if self._runs(o.axes)]
        if not inside and not self._runs(i.axes):
            if isinstance(i.operation, Gather) and i.operation.array in (self.rows | self.matrices):
                return False
            if any(o.value in self.late for o in reads):
                self.late.add(i.name)
            self.outside.append(i)
            return True
        if isinstance(i.operation, Input):
            return self._input(i)
        if any(o.value in self.late for o in reads):
            return False
        if i.axes and i.axes[0].dim == self.dim and len(i.axes) == 1:
            return self._row(i, reads)
        return not self._runs(i.axes) and self._total(i, reads)

    def _input(self, i: Instruction) -> bool:
        if i.axes[0].dim != self.dim or len(i.axes) > 2 or self._runs(i.axes[1:]):
            return False
        (self.matrices if len(i.axes) == 2 else self.rows).add(i.name)
        if len(i.axes) == 1:
            self.taken.add(i.name)
        return True

    def _row(self, i: Instruction, reads: list[Operand]) -> bool:
        """A result with a number for each row: a linear form, or a function of such numbers."""
        row = i.axes[0]
        match i.operation:
            case Einsum((a, b)) if {len(a.axes), len(b.axes)} == {1, 2}:
                matrix, vector = (a, b) if len(a.axes) == 2 else (b, a)
                fits = matrix.value in self.matrices and matrix.axes == (row, *vector.axes)
                self.forms.append(Form(i.name, matrix.value, vector.value))
                self.rows.add(i.name)
                return fits
            case Map() | Where():
                self.rows.add(i.name)
                self.body.append(i)
                return all(o.axes in ((), (row,)) for o in reads)
            case _:
                return False

    def _total(self, i: Instruction, reads: list[Operand]) -> bool:
        match i.operation:
            case Fold("sum", arg):
                args = (arg,)
            case Einsum(args):
                pass
            case _:
                return False
        whole = [o for o in args if len(o.axes) == 2]
        factors = [o for o in args if len(o.axes) < 2]
        row = next(axis for o in args for axis in o.axes if axis.dim == self.dim)
        if any(o.axes not in ((), (row,)) for o in factors) or len(whole) > 1:
            return False
        if not all(o.value in self.rows or not o.axes for o in factors):
            return False
        if whole and (whole[0].value not in self.matrices or whole[0].axes != (row, *i.axes)):
            return False
        names = tuple(o.value for o in factors)
        self.totals.append(Total(i.name, names, whole[0].value if whole else ""))
        self.late.add(i.name)
        return bool(names)

    # --- the parts ------------------------------------------------------------------------------

    def _parts(self) -> Fused:
        known = {i.name: i for i in self.program.instructions}
        early = [i for i in self.outside if i.name not in self.late]
        needed = [f.vector for f in self.forms]
        needed += [o.value for i in self.body for o in operands(i.operation)]
        needed += [name for t in self.totals for name in t.factors]
        outside = dict.fromkeys(name for name in needed if name not in self.rows)
        constants = {name: made.value for name in outside if isinstance(made := known[name].operation, Const)}
        before = {name: Operand(name, known[name].axes) for name in outside if name not in constants}
        scalars = tuple(name for name, o in before.items() if not o.axes)
        loop = RowLoop(
            self.dim,
            tuple(self.forms),
            tuple(i.name for i in self.program.instructions if i.name in self.taken),
            scalars,
            tuple(constants.items()),
            tuple(self.body),
            tuple(self.totals),
        )
        orders = {name: o.axes for name, o in before.items()}
        return Fused(Program(used(early, before.values()), before, orders), loop, self._after(known))

    def _after(self, known: dict[str, Instruction]) -> Program:
        given = [Instruction(t.name, Input(t.name), known[t.name].axes) for t in self.totals]
        rest = used([*given, *self.outside], self.program.outputs.values())
        return Program(rest, self.program.outputs, self.program.orders)
