"""Names and expressions of C and JavaScript: what stands on the right of a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, assert_never

from whygrad.backends.loops_helpers import OPERATORS, RENAMED
from whygrad.core.expr import Index
from whygrad.lower.program import (
    Const,
    Einsum,
    Fold,
    Gather,
    Input,
    Instruction,
    Length,
    Map,
    Matrix,
    Operand,
    Position,
    Program,
    Where,
    operands,
)

Place = Mapping[Index, str]
ATOM: Final = 9


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the languages."""

    reserved: frozenset[str]
    size: str
    """What declares a loop's counter."""
    number: str
    """What declares a number."""
    real: str
    """A count as a number, around ``{}``."""
    infinity: str
    pi: str
    e: str


class Expressions:
    """Names and expressions of one program in one language."""

    def __init__(self, program: Program, dialect: Dialect, out: str = "{}") -> None:
        self.program, self.dialect = program, dialect
        self.by_name = {i.name: i for i in program.instructions}
        self.uses = Counter(o.value for i in program.instructions for o in operands(i.operation))
        self.uses.update(o.value for o in program.outputs.values())
        self.reader = {o.value: i for i in program.instructions for o in operands(i.operation)}
        self.sizes = self._sizes()
        self.direct = self._direct()
        self.names: dict[str, str] = {}
        self.letters: dict[Index, str] = {}
        self._name(out)
        self.inside: set[str] = set()
        """Results that stand in the line that uses them."""

    # --- names ----------------------------------------------------------------------------------

    def _sizes(self) -> tuple[str, ...]:
        """The dimensions, without what an offset makes of them."""
        dims = [axis.dim for i in self.program.instructions for axis in i.axes]
        dims += [a.dim for i in self.program.instructions for o in operands(i.operation) for a in o.axes]
        dims += [i.operation.dim for i in self.program.instructions if isinstance(i.operation, Length)]
        dims += [axis.dim for order in self.program.orders.values() for axis in order]
        plain = [re.split(r"[+-]", dim)[0] for dim in dims]
        return tuple(dict.fromkeys(dim for dim in plain if dim and not dim.isdecimal()))

    def _direct(self) -> dict[str, str]:
        """The arrays that are outputs as they are, by instruction."""
        found: dict[str, str] = {}
        for name, o in self.program.outputs.items():
            made = self.by_name[o.value]
            fits = bool(o.axes) and o.axes == self.program.orders[name] and len(o.axes) == len(made.axes)
            if fits and o.value not in found and not isinstance(made.operation, Input | Position):
                found[o.value] = name
        return found

    def _name(self, out: str) -> None:
        taken = set(self.dialect.reserved)
        wanted = [(f"in {name}", name) for name in self.program.inputs]
        wanted += [(f"dim {dim}", dim) for dim in self.sizes]
        arrays_only = out == "{}"  # a number that is returned needs no name beside its own
        wanted += [
            (f"out {name}", out.format(name))
            for name, order in self.program.orders.items()
            if order or not arrays_only
        ]
        wanted += [
            (i.name, i.name)
            for i in self.program.instructions
            if not isinstance(i.operation, Input) and i.name not in self.direct
        ]
        for key, name in wanted:
            self.names[key] = unused(name, taken)
        for value, name in self.direct.items():
            self.names[value] = self.names[f"out {name}"]
        for i in self.program.instructions:
            for axis in (*i.axes, *(a for o in operands(i.operation) for a in o.axes)):
                if axis not in self.letters and not isinstance(i.operation, Input):
                    self.letters[axis] = unused(axis.letter, taken)
            if isinstance(i.operation, Input):
                self.names[i.name] = self.names[f"in {i.operation.name}"]
        for order in self.program.orders.values():
            for axis in order:
                if axis not in self.letters:
                    self.letters[axis] = unused(axis.letter, taken)

    def size(self, dim: str) -> str:
        """The number of positions along a dimension, as source."""
        base, *offset = re.split(r"(?=[+-])", dim)
        text = base if base.isdecimal() else self.names[f"dim {base}"]
        return " ".join([text, *(f"{part[0]} {part[1:]}" for part in offset)])

    def entries(self, axes: Iterable[Index]) -> str:
        """The number of entries of an array, as source."""
        sides = [self.size(axis.dim) for axis in axes]
        return " * ".join(s if s.isalnum() or len(sides) == 1 else f"({s})" for s in sides) or "1"

    # --- expressions ----------------------------------------------------------------------------

    def value(self, o: Operand, place: Place, needed: int) -> str:
        """An operand at a place, within an operator of strength ``needed``."""
        i = self.by_name[o.value]
        if o.value not in self.inside:
            name = self.names[o.value]
            return f"{name}[{self._flat(i.axes, o.axes, place)}]" if i.axes else name
        inner = {own: place[axis] for own, axis in zip(i.axes, o.axes, strict=True)}
        text, strength = self._operation(i, inner)
        return text if strength >= needed else f"({text})"

    def _flat(self, axes: tuple[Index, ...], letters: tuple[Index, ...], place: Place) -> str:
        """The position of an entry in a flat array."""
        found = place[letters[0]]
        for axis, letter in zip(axes[1:], letters[1:], strict=True):
            size = self.size(axis.dim)
            side = size if size.isalnum() else f"({size})"
            found = f"({found})" if "+" in found else found
            found = f"{found} * {side} + {place[letter]}"
        return found

    def _operation(self, i: Instruction, place: Place) -> tuple[str, int]:
        match i.operation:
            case Const(value):
                return self._constant(value)
            case Length(dim):
                return self.dialect.real.format(self.size(dim)), ATOM if self.size(dim).isalnum() else 0
            case Position():
                return self.dialect.real.format(f"({place[i.axes[0]]} + 1)"), ATOM
            case Map(function, args):
                return self._map(function, args, place)
            case Einsum(args):
                return self._product(args, place)
            case Gather(array, positions):
                return self._gather(self.by_name[array], positions, place)
            case Where(condition, then, other):
                parts = [self.value(o, place, 1) for o in (condition, then, other)]
                return f"{parts[0]} ? {parts[1]} : {parts[2]}", 0
            case Input() | Fold() | Matrix():
                raise TypeError(f"{i.name} has no expression")
            case _:
                assert_never(i.operation)

    def _map(self, function: str, args: tuple[Operand, ...], place: Place) -> tuple[str, int]:
        if function not in OPERATORS:
            inside = ", ".join(self.value(o, place, 0) for o in args)
            return f"{RENAMED.get(function, function)}({inside})", ATOM
        sign, strength, left, right = OPERATORS[function]
        parts = [self.value(o, place, s) for o, s in zip(args, (left, right), strict=False)]
        return (f"{sign}{parts[0]}" if len(parts) == 1 else f"{parts[0]} {sign} {parts[1]}"), strength

    def _product(self, args: tuple[Operand, ...], place: Place) -> tuple[str, int]:
        if len(args) == 1:
            return self.value(args[0], place, 5), 5
        return " * ".join([self.value(args[0], place, 5), *(self.value(o, place, 6) for o in args[1:])]), 5

    def _gather(self, array: Instruction, positions: tuple[Operand, ...], place: Place) -> tuple[str, int]:
        found = ""
        for axis, o in zip(array.axes, positions, strict=True):
            at = f"place({self.value(o, place, 0)}, {self.size(axis.dim)})"
            side = self.size(axis.dim)
            side = side if side.isalnum() else f"({side})"
            found = at if not found else f"({found}) * {side} + {at}"
        return f"{self.names[array.name]}[{found}]", ATOM

    def _constant(self, value: Fraction | str) -> tuple[str, int]:
        if isinstance(value, str):
            named = {"pi": self.dialect.pi, "e": self.dialect.e, "inf": self.dialect.infinity}
            return (f"-{named['inf']}", 6) if value == "-inf" else (named[value], ATOM)
        number = float(value)
        return repr(number), ATOM if number >= 0 else 6


def unused(name: str, taken: set[str]) -> str:
    """An identifier that is not taken; it is taken then."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    safe = safe if safe[:1].isalpha() else f"v{safe}"
    while safe in taken:
        safe += "_"
    taken.add(safe)
    return safe
