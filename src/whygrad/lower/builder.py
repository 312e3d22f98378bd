"""Building instructions: naming, sharing, products kept open until their use is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from whygrad.core.expr import Index
from whygrad.lower.program import (
    Const,
    Einsum,
    Fold,
    Input,
    Instruction,
    Length,
    Map,
    Operand,
    Operation,
    Where,
    operands,
    with_operands,
)


@dataclass(frozen=True, slots=True)
class Product:
    """``coefficient`` times factors, each an operand and whether it divides.

    Kept open, because a sum around it becomes one contraction and a minus before it a subtraction.
    """

    coefficient: Fraction = Fraction(1)
    factors: tuple[tuple[Operand, bool], ...] = ()

    def times(self, other: Product) -> Product:
        """The product of both."""
        return Product(self.coefficient * other.coefficient, self.factors + other.factors)

    def inverted(self) -> Product:
        """One over it."""
        return Product(1 / self.coefficient, tuple((o, not d) for o, d in self.factors))


def single(operand: Operand) -> Product:
    """An operand alone."""
    return Product(Fraction(1), ((operand, False),))


def unique(groups: Iterable[Iterable[Index]]) -> tuple[Index, ...]:
    """The letters of all groups, each once, in order."""
    return tuple(dict.fromkeys(letter for group in groups for letter in group))


def is_nameless(name: str) -> bool:
    """Whether it is a number given to a result that the cost has no name for."""
    return name.startswith("%")


Key: TypeAlias = tuple[Operation, tuple[tuple[str, tuple[int, ...]], ...], tuple[str, ...]]


def _key(operation: Operation, axes: tuple[Index, ...]) -> Key:
    """An operation with its letters counted in order of appearance, so that their names do not tell."""
    letters: dict[Index, int] = {}
    reads = [
        (o.value, tuple(letters.setdefault(a, len(letters)) for a in o.axes)) for o in operands(operation)
    ]
    own = ("", tuple(letters.setdefault(a, len(letters)) for a in axes))
    return with_operands(operation, lambda o: Operand(o.value)), (*reads, own), tuple(a.dim for a in letters)


class Builder:
    """Collects instructions; the same operation asked for twice, under any letters, is one instruction."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._known: dict[Key, str] = {}
        self._place: dict[str, int] = {}
        self._conditions: set[str] = set()
        self._count = 0

    # --- instructions ---------------------------------------------------------------------------

    def emit(self, operation: Operation, axes: tuple[Index, ...] = (), name: str = "") -> Operand:
        """The result of ``operation``, under ``name`` or a new one."""
        key = _key(operation, axes)
        if key not in self._known:
            new = name or self._fresh()
            self._known[key] = new
            self._place[new] = len(self.instructions)
            self.instructions.append(Instruction(new, operation, axes))
        return Operand(self._known[key], axes)

    def _fresh(self) -> str:
        self._count += 1
        return f"%{self._count}"

    def call(self, function: str, *args: Operand) -> Operand:
        """An elementwise function; the axes are those of the first of the largest rank, then the rest."""
        widest = max(args, key=lambda o: len(o.axes))
        return self.emit(Map(function, args), unique((widest.axes, *(o.axes for o in args))))

    def condition(self, function: str, *args: Operand) -> Operand:
        """The same for a function whose result is true or false."""
        found = self.call(function, *args)
        self._conditions.add(found.value)
        return found

    def where(self, condition: Operand, then: Operand, other: Operand) -> Operand:
        """``then`` where the condition holds, else ``other``."""
        axes = unique((then.axes, condition.axes, other.axes))
        return self.emit(Where(condition, then, other), axes)

    def number(self, value: Fraction | int | str) -> Operand:
        """A constant."""
        return self.emit(Const(value if isinstance(value, str) else Fraction(value)))

    def note(self, name: str, rules: tuple[str, ...] = (), defines: str = "") -> None:
        """Remember where an instruction comes from."""
        place = self._place[name]
        old = self.instructions[place]
        merged = tuple(dict.fromkeys(old.rules + rules))
        self.instructions[place] = replace(old, rules=merged, defines=defines or old.defines)

    def rename(self, operand: Operand, name: str) -> Operand:
        """Give the latest instruction the name of what it defines, when it has only a number."""
        last = self.instructions[-1]
        if last.name != operand.value or not is_nameless(last.name) or name in self._place:
            return operand
        place = self._place.pop(last.name)
        self._place[name] = place
        self._known[_key(last.operation, last.axes)] = name
        self.instructions[place] = replace(last, name=name)
        if last.name in self._conditions:
            self._conditions.add(name)
        return replace(operand, value=name)

    # --- products -------------------------------------------------------------------------------

    def is_condition(self, operand: Operand) -> bool:
        """Whether it is true or false rather than a number."""
        return operand.value in self._conditions

    def truth(self, product: Product) -> Operand:
        """A product as a condition."""
        match product.factors:
            case ((operand, False),) if product.coefficient == 1 and self.is_condition(operand):
                return operand
            case _:
                return self.condition("ne", self.force(product), self.number(0))

    def numeric(self, operand: Operand) -> Operand:
        """A condition as 0 or 1."""
        if not self.is_condition(operand):
            return operand
        return self.where(operand, self.number(1), self.number(0))

    def force(self, product: Product) -> Operand:
        """A product as one operand. False conditions make it 0 whatever the other factors are."""
        guards = [o for o, divides in product.factors if self.is_condition(o) and not divides]
        rest = [(self.numeric(o), d) for o, d in product.factors if not self.is_condition(o) or d]
        if not guards:
            return self._plain(product.coefficient, rest)
        guard = self.all_of(guards)
        return self.where(guard, self._plain(product.coefficient, rest), self.number(0))

    def all_of(self, conditions: list[Operand]) -> Operand:
        """The conjunction."""
        found = conditions[0]
        for other in conditions[1:]:
            found = self.condition("and", found, other)
        return found

    def _plain(self, coefficient: Fraction, factors: list[tuple[Operand, bool]]) -> Operand:
        above = self._chain([o for o, divides in factors if not divides])
        below = self._chain([o for o, divides in factors if divides])
        size = abs(coefficient)
        if size != 1 or (above is None and below is None):
            scale = self.number(size)
            above = scale if above is None else self.call("mul", scale, above)
        if below is not None:
            above = self.call("div", self.number(1) if above is None else above, below)
        found = self.number(1) if above is None else above
        return self.call("neg", found) if coefficient < 0 else found

    def _chain(self, factors: list[Operand]) -> Operand | None:
        # Small ranks first: scalars and vectors are multiplied before a matrix is touched.
        found: Operand | None = None
        for o in sorted(factors, key=lambda o: len(o.axes)):
            found = o if found is None else self.call("mul", found, o)
        return found

    # --- sums -----------------------------------------------------------------------------------

    def sum_over(self, index: Index, product: Product, where: Operand | None) -> Product:
        """The sum of a product along ``index``, over the positions where the condition holds."""
        inside = [f for f in product.factors if index in f[0].axes]
        outside = tuple(f for f in product.factors if index not in f[0].axes)
        guards = [o for o, divides in inside if self.is_condition(o) and not divides]
        inside = [f for f in inside if not self.is_condition(f[0]) or f[1]]
        if where is not None:
            # What stands outside may be undefined where nothing is counted, so it comes in.
            guards.append(where)
            inside, outside = [*inside, *outside], ()
        if guards:
            inside = self._guarded(self.all_of(guards), inside)
        if not any(index in o.axes for o, _ in inside):
            found = self.emit(Length(index.dim))
            return Product(product.coefficient, (*outside, *inside, (found, False)))
        found = self._contract(index, inside)
        return Product(product.coefficient, (*outside, (found, False)))

    def _guarded(self, guard: Operand, inside: list[tuple[Operand, bool]]) -> list[tuple[Operand, bool]]:
        """Factors that are 0 where the condition fails, even where one of them is not a number.

        Arrays from outside are numbers everywhere, so only the others need to be masked.
        """
        free = [(o, d) for o, d in inside if self._from_outside(o) and not d]
        held = [(self.numeric(o), d) for o, d in inside if not (self._from_outside(o) and not d)]
        body = self._plain(Fraction(1), held)
        return [(self.where(guard, body, self.number(0)), False), *free]

    def _from_outside(self, operand: Operand) -> bool:
        return isinstance(self.instructions[self._place[operand.value]].operation, Input)

    def _contract(self, index: Index, inside: list[tuple[Operand, bool]]) -> Operand:
        groups: dict[frozenset[Index], list[tuple[Operand, bool]]] = {}
        for o, divides in inside:
            groups.setdefault(frozenset(o.axes), []).append((self.numeric(o), divides))
        parts = [self._plain(Fraction(1), group) for group in groups.values()]
        divided = any(divides for _, divides in inside)
        if len(groups) == 1 and len(parts[0].axes) == 1 and len(inside) > 1 and not divided:
            # A dot product needs no array of products.
            parts = [self._plain(Fraction(1), inside[:-1]), self.numeric(inside[-1][0])]
        while len(parts) > 2:
            parts.sort(key=lambda o: len(o.axes))
            parts = [self.call("mul", parts[0], parts[1]), *parts[2:]]
        axes = tuple(a for a in unique(o.axes for o in parts) if a is not index)
        if len(parts) == 1:
            return self.emit(Fold("sum", parts[0]), axes)
        return self.emit(Einsum(tuple(parts)), axes)
