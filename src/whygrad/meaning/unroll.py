"""Expressions unrolled into flat programs of ball arithmetic, for given sizes.

Every distinct subexpression is one step. A sum is a shorter list than its body; a definition is computed
once for all its positions and looked up.

Nothing branches at run time: an untaken branch, a term times a false condition and an entry outside a
range may be nan, and are then not selected.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from flint import arb

from whygrad.core import walk
from whygrad.core.cost import Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
)
from whygrad.meaning.balls import (
    BALLS,
    COMPARE,
    NAN,
    ONE,
    ZERO,
    ball,
    complement,
    conjunction,
    disjunction,
    power,
)
from whygrad.meaning.program import (
    JOIN,
    MATRIX,
    Program,
    Slot,
    Step,
    chunks,
    flat_position,
    gather,
    pick,
    select,
    times,
)
from whygrad.meaning.shapes import size_of_dim
from whygrad.meaning.static import is_static, static_values
from whygrad.meaning.to_index import Converter

LARGEST: Final = 2_000_000
"""Most balls a program may hold; a larger one is a BudgetError, said and not waited for."""


def _ordered(e: Expr) -> tuple[Index, ...]:
    return tuple(sorted(walk.free_indices(e), key=lambda i: (i.letter, i.dim)))


class Compiler:
    """Makes one program out of several expressions in index form, sharing what they share."""

    def __init__(self, scope: Scope, sizes: Mapping[str, int]) -> None:
        self.scope, self.sizes = scope, sizes
        self.program = Program()
        self.converter = Converter(scope)
        self._slots: dict[Expr, Slot] = {}
        self._aligned: dict[tuple[int, tuple[Index, ...], tuple[Index, ...]], int] = {}
        self._inputs: dict[tuple[str, tuple[tuple[int, ...], ...]], int] = {}
        self._bodies: dict[Expr, tuple[Expr, ...]] = {}
        self._definitions: dict[str, tuple[tuple[Index, ...], Expr]] = {}
        self._held = 0

    def outputs(self, exprs: Sequence[Expr]) -> Program:
        """The program that computes these expressions, for all positions of their letters together."""
        axes, numbers = self.together([self.compile(self.converter.entry(e, ())) for e in exprs])
        self.program.outputs, self.program.axes, self.program.shape = numbers, axes, self.shape(axes)
        return self.program

    def compile(self, e: Expr) -> Slot:
        """The slot of an expression, after those of all it needs."""
        slots = self._slots
        stack: list[tuple[Expr, bool]] = [(e, False)]
        while stack:
            node, ready = stack.pop()
            if node in slots:
                continue
            if ready:
                slots[node] = self._build(node)
                continue
            stack.append((node, True))
            stack.extend((need, False) for need in self._needs(node) if need not in slots)
        return slots[e]

    # --- sizes and places ---------------------------------------------------------------------------
    def size(self, index: Index) -> int:
        """How many positions a letter runs over."""
        return size_of_dim(index.dim, self.sizes)

    def shape(self, axes: Iterable[Index]) -> tuple[int, ...]:
        """The sizes of some letters."""
        return tuple(self.size(axis) for axis in axes)

    def _new(self, axes: Sequence[Index]) -> int:
        self._held += math.prod(self.shape(axes))
        if self._held > LARGEST:
            raise BudgetError(
                "error/not-finished", "the sums are too large to be evaluated", fix="use smaller sizes"
            )
        self.program.count += 1
        return self.program.count - 1

    def _step(self, axes: Sequence[Index], step: Step) -> Slot:
        number = self._new(axes)
        self.program.steps.append((number, step))
        return Slot(number, tuple(axes))

    def _constant(self, axes: Sequence[Index], make: Callable[[], list[arb]]) -> Slot:
        number = self._new(axes)
        self.program.constants.append((number, make))
        return Slot(number, tuple(axes))

    def _exact(self, axes: Sequence[Index], values: Sequence[Fraction]) -> Slot:
        return self._constant(axes, lambda: [ball(value) for value in values])

    def align(self, slot: Slot, axes: tuple[Index, ...]) -> int:
        """The slot that holds the same values for each position of ``axes`` (which include its own)."""
        if slot.axes == axes:
            return slot.number
        key = (slot.number, slot.axes, axes)
        found = self._aligned.get(key)
        if found is None:
            own = self.shape(slot.axes)
            strides: dict[Index, int] = {}
            for k, axis in enumerate(slot.axes):
                strides[axis] = math.prod(own[k + 1 :])
            order = gather(self.shape(axes), tuple(strides.get(axis, 0) for axis in axes))
            n = slot.number
            found = self._step(axes, lambda v: [v[n][k] for k in order]).number
            self._aligned[key] = found
        return found

    def together(self, slots: Sequence[Slot]) -> tuple[tuple[Index, ...], list[int]]:
        """The letters of several slots together, and each slot laid out over them."""
        axes = slots[0].axes
        for slot in slots[1:]:
            if slot.axes != axes:
                axes += tuple(axis for axis in slot.axes if axis not in axes)
        return axes, [self.align(slot, axes) for slot in slots]

    # --- nodes --------------------------------------------------------------------------------------
    def _needs(self, node: Expr) -> tuple[Expr, ...]:
        """What must be compiled before ``node``."""
        if is_static(node):
            return ()
        needs: tuple[Expr, ...]
        match node:
            case Symbol(name, indices):
                needs = tuple(index for index in indices if not is_static(index))
                if name in self.scope.definitions:
                    needs += (self._definition(name)[1],)
            case Call(name, args) if name in self.scope.definitions:
                definition = self.scope.definitions[name]
                mapping: dict[Expr, Expr] = {}
                mapping.update(zip(map(Symbol, definition.parameters), args, strict=True))
                needs = (self.converter.entry(walk.substitute(definition.body, mapping), ()),)
            case Reduce(_, _, body, where):
                needs = (body,) if where is None or is_static(where) else (body, where)
            case Entry(array, indices):
                needs = (self._matrix(array)[2], *(index for index in indices if not is_static(index)))
            case Apply():
                needs = (self._matrix(node)[2],)
            case Partial():
                raise TypeError("derivatives are evaluated before an expression is compiled")
            case _:
                needs = walk.children(node)
        self._bodies[node] = needs
        return needs

    def _definition(self, name: str) -> tuple[tuple[Index, ...], Expr]:
        """The letters and the body, in index form, of a defined name."""
        found = self._definitions.get(name)
        if found is None:
            definition = self.converter.definition(self.scope.definitions[name])
            found = self._definitions[name] = (definition.indices, definition.body)
        return found

    def _matrix(self, e: Expr) -> tuple[Index, Index, Expr]:
        """A row and a column letter and the entry there, of the argument of inv, det or logdet."""
        if not isinstance(e, Apply) or e.op not in ("inv", "det", "logdet"):
            raise TypeError(f"{type(e).__name__} has no entries here")
        (arg,) = e.args
        dims = self.converter.layout(arg).dims
        row, column = Index("#row", dims[0]), Index("#column", dims[1])
        return row, column, self.converter.entry(arg, (row, column))

    def _build(self, node: Expr) -> Slot:
        if is_static(node):
            axes = _ordered(node)
            return self._exact(axes, static_values(node, axes, self.sizes))
        needs = [self._slots[need] for need in self._bodies[node]]
        match node:
            case Constant(name):
                make = arb.pi if name == "pi" else arb.const_e
                return self._constant((), lambda: [make()])
            case Symbol():
                return self._symbol(node, needs)
            case Add():
                return self._add(needs)
            case Mul(factors):
                return self._mul(factors, needs)
            case Pow(base, exponent):
                return self._pow(base, exponent, needs)
            case Call(name):
                return needs[0] if name in self.scope.definitions else self._call(BALLS[name], needs)
            case Reduce():
                return self._reduce(node, needs)
            case Delta():
                return self._call(COMPARE["=="], needs)
            case Compare():
                return self._compare(node, needs)
            case Cases():
                return self._cases(needs)
            case Entry() | Apply():
                return self._entry(node, needs)
            case _:
                raise TypeError(f"{type(node).__name__} has no value")

    def _call(self, f: Callable[..., arb], needs: Sequence[Slot]) -> Slot:
        if len(needs) == 1:
            n = needs[0].number
            return self._step(needs[0].axes, lambda v: [f(x) for x in v[n]])
        axes, numbers = self.together(needs)
        return self._step(axes, lambda v: [f(*xs) for xs in zip(*(v[n] for n in numbers), strict=True)])

    def _add(self, needs: Sequence[Slot]) -> Slot:
        axes, numbers = self.together(needs)
        self.program.summands.update(numbers)
        if len(numbers) == 2:
            a, b = numbers
            return self._step(axes, lambda v: [x + y for x, y in zip(v[a], v[b], strict=True)])
        first = ZERO
        return self._step(
            axes, lambda v: [sum(xs, first) for xs in zip(*(v[n] for n in numbers), strict=True)]
        )

    def _mul(self, factors: Sequence[Expr], needs: Sequence[Slot]) -> Slot:
        """The product, small factors first; conditions select instead of multiplying."""
        guards = [slot for f, slot in zip(factors, needs, strict=True) if isinstance(f, (Compare, Delta))]
        others = [slot for f, slot in zip(factors, needs, strict=True) if not isinstance(f, (Compare, Delta))]
        others.sort(key=lambda slot: len(slot.axes))
        product = others[0] if others else self._exact((), [Fraction(1)])
        for slot in others[1:]:
            axes, (a, b) = self.together((product, slot))
            product = self._step(axes, times(a, b))
        for guard in guards:
            axes, (a, b) = self.together((product, guard))
            product = self._step(axes, select(b, a, None))
        return product

    def _pow(self, base: Expr, exponent: Expr, needs: Sequence[Slot]) -> Slot:
        n, axes = needs[0].number, needs[0].axes
        if isinstance(base, Constant) and base.name == "e":
            return self._call(arb.exp, needs[1:])
        if isinstance(exponent, Number):
            value = exponent.value
            if value == -1:
                return self._step(axes, lambda v: [ONE / x for x in v[n]])
            if value == Fraction(1, 2):
                return self._step(axes, lambda v: [x.sqrt() for x in v[n]])
            if value.denominator == 1:
                whole = int(value)
                return self._step(axes, lambda v: [x**whole for x in v[n]])
        return self._call(power, needs)

    def _compare(self, node: Compare, needs: Sequence[Slot]) -> Slot:
        if node.op == "not":
            return self._call(complement, needs)
        if node.op in ("and", "or"):
            join = conjunction if node.op == "and" else disjunction
            return self._call(lambda *xs: join(xs), needs) if len(needs) > 1 else needs[0]
        test = COMPARE[node.op]
        if len(needs) == 2:
            return self._call(test, needs)
        return self._call(lambda *xs: conjunction([test(a, b) for a, b in itertools.pairwise(xs)]), needs)

    def _cases(self, needs: Sequence[Slot]) -> Slot:
        axes, numbers = self.together(needs)
        out = numbers[-1]
        for guard, value in zip(numbers[-3::-2], numbers[-2::-2], strict=True):
            out = self._step(axes, select(guard, value, out)).number
        return Slot(out, axes)

    # --- sums ---------------------------------------------------------------------------------------
    def _reduce(self, node: Reduce, needs: Sequence[Slot]) -> Slot:
        body, index = needs[0], node.index
        axes = body.axes
        if node.where is not None:
            free = needs[1].axes if len(needs) > 1 else _ordered(node.where)
            axes += tuple(axis for axis in free if axis not in axes)
        rest = tuple(axis for axis in axes if axis is not index)
        laid = self.align(body, (*rest, index))
        n, join = self.size(index), JOIN[node.op]
        if node.op == "sum":
            self.program.summands.add(laid)
        if n == 0:
            empty = math.prod(self.shape(rest))
            return self._step(rest, lambda v: [join([]) for _ in range(empty)])
        if node.where is None:
            return self._step(rest, lambda v: [join(chunk) for chunk in chunks(v[laid], n)])
        if len(needs) == 1:
            held = static_values(node.where, (*rest, index), self.sizes)
            groups = [[k for k in range(at, at + n) if held[k]] for at in range(0, len(held), n)]
            return self._step(rest, lambda v: [join([v[laid][k] for k in group]) for group in groups])
        guard = self.align(needs[1], (*rest, index))
        return self._step(
            rest,
            lambda v: [
                join([x for x, g in zip(xs, gs, strict=True) if not g.is_zero()])
                if all(g.is_finite() for g in gs)
                else NAN
                for xs, gs in zip(chunks(v[laid], n), chunks(v[guard], n), strict=True)
            ],
        )

    # --- looking up ---------------------------------------------------------------------------------
    def _symbol(self, node: Symbol, needs: list[Slot]) -> Slot:
        name = node.name
        if name in self.scope.definitions:
            letters, _ = self._definition(name)
            table = self.align(needs.pop(), letters)
            shape = self.shape(letters)
        else:
            declaration = self.scope.declarations.get(name)
            shape = tuple(size_of_dim(d, self.sizes) for d in declaration.dims) if declaration else None
            table = None
        if needs:
            return self._dynamic(node, table, shape, needs)
        axes, rows = self._static_places(node.indices)
        if table is None:
            keys = tuple(rows)
            number = self._inputs.get((name, keys))
            if number is None:
                number = self._inputs[name, keys] = self._new(axes)
                self.program.inputs.append((number, [(name, key) for key in keys]))
            return Slot(number, axes)
        order = [flat_position(row, shape or ()) for row in rows]
        if order == list(range(math.prod(shape or ()))):
            return Slot(table, axes)
        return self._step(axes, lambda v: [v[table][k] if k >= 0 else NAN for k in order])

    def _static_places(self, indices: Sequence[Expr]) -> tuple[tuple[Index, ...], list[tuple[int, ...]]]:
        """The letters of some positions, and the positions for each of their values (0: not whole)."""
        axes: tuple[Index, ...] = ()
        for index in indices:
            axes += tuple(i for i in _ordered(index) if i not in axes)
        columns = [
            [int(x) if x == int(x) else 0 for x in static_values(i, axes, self.sizes)] for i in indices
        ]
        count = math.prod(self.shape(axes))
        return axes, list(zip(*columns, strict=True)) if columns else [()] * count

    def _dynamic(
        self, node: Symbol, table: int | None, shape: tuple[int, ...] | None, needs: Sequence[Slot]
    ) -> Slot:
        """Positions that depend on values: all entries are at hand, one is picked."""
        if shape is None:
            shape = (max(self.sizes.values(), default=1),) * len(node.indices)
        if table is None:
            keys = list(itertools.product(*(range(1, size + 1) for size in shape)))
            table = self._new(())
            self.program.inputs.append((table, [(node.name, key) for key in keys]))
        slots: list[Slot] = []
        waiting = iter(needs)
        for index in node.indices:
            slots.append(self.compile(index) if is_static(index) else next(waiting))
        axes, numbers = self.together(slots)
        return self._step(axes, pick(table, numbers, shape))

    def _entry(self, node: Expr, needs: list[Slot]) -> Slot:
        array = node.array if isinstance(node, Entry) else node
        row, column, _ = self._matrix(array)
        n = self.size(row)
        outer = tuple(axis for axis in needs[0].axes if axis not in (row, column))
        laid = self.align(needs[0], (*outer, row, column))
        op = array.op if isinstance(array, Apply) else "inv"
        compute = MATRIX[op]
        every = (*outer, row, column) if op == "inv" else outer
        whole = self._step(
            every, lambda v: [x for chunk in chunks(v[laid], n * n) for x in compute(chunk, n)]
        )
        if not isinstance(node, Entry):
            return whole
        slots = [Slot(self._positions_of(outer, axis), outer) for axis in outer]
        waiting = iter(needs[1:])
        for index in node.indices:
            slots.append(self.compile(index) if is_static(index) else next(waiting))
        axes, numbers = self.together(slots)
        return self._step(axes, pick(whole.number, numbers, self.shape(every)))

    def _positions_of(self, axes: tuple[Index, ...], axis: Index) -> int:
        return self.align(self.compile(axis), axes)
