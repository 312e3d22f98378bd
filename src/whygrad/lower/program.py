"""A program: the formula as a list of array operations, each result named once.

A :class:`Program` is what a backend reads. Every :class:`Instruction` has one result, an array whose
axes run along named dimensions; its operands say, axis by axis, which index letter they carry, so
that alignment is a matter of letters and never of position. There are ten kinds of operation and a
closed list of elementwise functions (:data:`FUNCTIONS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from whygrad.core.expr import Index, ReduceOp

FUNCTIONS: Final[dict[str, int]] = {
    # arithmetic
    "add": 2,
    "sub": 2,
    "mul": 2,
    "div": 2,
    "pow": 2,
    "neg": 1,
    # elementary functions, by the names of core.functions
    "exp": 1,
    "log": 1,
    "log1p": 1,
    "expm1": 1,
    "sqrt": 1,
    "abs": 1,
    "sign": 1,
    "sigmoid": 1,
    "tanh": 1,
    "softplus": 1,
    "relu": 1,
    "gelu": 1,
    "silu": 1,
    "sin": 1,
    "cos": 1,
    "tan": 1,
    "sinh": 1,
    "cosh": 1,
    "asin": 1,
    "acos": 1,
    "atan": 1,
    "erf": 1,
    "erfc": 1,
    "Phi": 1,
    "lgamma": 1,
    "digamma": 1,
    "trigamma": 1,
    "Gamma": 1,
    "floor": 1,
    "beta": 2,
    "min": 2,
    "max": 2,
    "clip": 3,
    # conditions, with 0 and 1 as false and true
    "lt": 2,
    "le": 2,
    "gt": 2,
    "ge": 2,
    "eq": 2,
    "ne": 2,
    "and": 2,
    "or": 2,
    "not": 1,
}
"""The elementwise functions a program may use, with their number of arguments."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A result of an earlier instruction, its axes labelled by index letters (repeated: the diagonal)."""

    value: str
    axes: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """An array given from outside: data, a parameter, or a constant's value."""

    name: str


@dataclass(frozen=True, slots=True)
class Const:
    """An exact number, or ``pi`` or ``e`` by name."""

    value: Fraction | str


@dataclass(frozen=True, slots=True)
class Length:
    """The number of positions along a dimension."""

    dim: str


@dataclass(frozen=True, slots=True)
class Position:
    """1, 2, ... along a dimension."""

    dim: str


@dataclass(frozen=True, slots=True)
class Map:
    """An elementwise function of operands spread over each other's axes."""

    function: str
    args: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Einsum:
    """The product of the operands, summed over every letter the result does not carry."""

    args: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Sum, product, maximum or minimum along the letters the result does not carry."""

    op: ReduceOp
    arg: Operand


@dataclass(frozen=True, slots=True)
class Gather:
    """Entries of an array at computed positions, counting from 0 and clipped to the array."""

    array: str
    positions: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """``then`` where the condition holds, else ``other``; the branch not taken need not be defined."""

    condition: Operand
    then: Operand
    other: Operand


@dataclass(frozen=True, slots=True)
class Matrix:
    """The inverse, determinant or log-determinant of a square matrix (rows and columns in this order)."""

    op: Literal["inv", "det", "logdet"]
    arg: Operand
    order: tuple[Index, Index]


Operation: TypeAlias = Input | Const | Length | Position | Map | Einsum | Fold | Gather | Where | Matrix


@dataclass(frozen=True, slots=True)
class Instruction:
    """``name = operation``, an array with ``axes`` (a letter over a dimension each).

    ``rules`` are the ids of the stability rules that gave this formula its form; ``defines`` is the
    name of the cost this is the value of.
    """

    name: str
    operation: Operation
    axes: tuple[Index, ...] = ()
    rules: tuple[str, ...] = ()
    defines: str = ""

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions of the result."""
        return tuple(axis.dim for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Program:
    """Instructions in order, and which of their results are asked for.

    An output is an operand, its axes labelled; ``orders`` says in which order they are wanted (a
    letter that the operand does not carry: the result is the same all along it).
    """

    instructions: tuple[Instruction, ...]
    outputs: dict[str, Operand]
    orders: dict[str, tuple[Index, ...]]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the arrays it takes."""
        return tuple(i.operation.name for i in self.instructions if isinstance(i.operation, Input))

    @property
    def rules(self) -> tuple[str, ...]:
        """The stability rules used, each once."""
        return tuple(dict.fromkeys(rule for i in self.instructions for rule in i.rules))

    def varying(self, names: Iterable[str]) -> frozenset[str]:
        """The results that depend on these inputs."""
        chosen, found = frozenset(names), set[str]()
        for i in self.instructions:
            depends = any(o.value in found for o in operands(i.operation))
            if depends or (isinstance(i.operation, Input) and i.operation.name in chosen):
                found.add(i.name)
        return frozenset(found)


def operands(operation: Operation) -> Iterator[Operand]:
    """What an operation reads."""
    match operation:
        case Map(_, args) | Einsum(args):
            yield from args
        case Fold(_, arg) | Matrix(_, arg):
            yield arg
        case Gather(array, positions):
            yield Operand(array)
            yield from positions
        case Where(condition, then, other):
            yield from (condition, then, other)
        case Input() | Const() | Length() | Position():
            return


def with_operands(operation: Operation, f: Callable[[Operand], Operand]) -> Operation:
    """The operation with another operand in the place of each."""
    match operation:
        case Map(function, args):
            return Map(function, tuple(map(f, args)))
        case Einsum(args):
            return Einsum(tuple(map(f, args)))
        case Fold(op, arg):
            return Fold(op, f(arg))
        case Gather(array, positions):
            return Gather(f(Operand(array)).value, tuple(map(f, positions)))
        case Where(condition, then, other):
            return Where(f(condition), f(then), f(other))
        case Matrix(op, arg, order):
            return Matrix(op, f(arg), order)
        case Input() | Const() | Length() | Position():
            return operation
