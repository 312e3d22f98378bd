"""C and JavaScript: a program as readable loops over flat arrays.

Arrays lie row by row. Results that have no name in the cost and are used once stand inside the line
that uses them; neighbouring lines over the same axes share a loop. Rule ids of
:mod:`whygrad.rules.stability` and shapes are comments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from whygrad.backends.loops_expressions import Dialect, Expressions, unused
from whygrad.core.expr import Index
from whygrad.lower.program import (
    Const,
    Einsum,
    Fold,
    Gather,
    Input,
    Instruction,
    Length,
    Matrix,
    Position,
    Program,
    operands,
)

MOST_INSIDE: Final = 6
"""Operations that a line may take in."""


class Loops(Expressions):
    """The body of a function that computes one program."""

    def __init__(self, program: Program, dialect: Dialect, out: str = "{}") -> None:
        super().__init__(program, dialect, out)
        self.weight: dict[str, int] = {}
        self.arrays: list[tuple[str, str]] = []
        """Arrays to be made: name and number of entries."""
        self.lines = self._lines()

    # --- statements -----------------------------------------------------------------------------

    def _lines(self) -> list[str]:
        found: list[str] = []
        group: list[Instruction] = []
        for i in self.program.instructions:
            if isinstance(i.operation, Input):
                continue
            if self._goes_inside(i):
                self.inside.add(i.name)
                continue
            if group and not (self._elementwise(i) and self._joins(i, group)):
                found += self._group(group)
                group = []
            if self._elementwise(i):
                group.append(i)
            else:
                found += self._summed(i)
        return found + self._group(group)

    def _elementwise(self, i: Instruction) -> bool:
        match i.operation:
            case Einsum(args):
                return all(axis in i.axes for o in args for axis in o.axes)
            case Fold() | Matrix():
                return False
            case _:
                return True

    def _goes_inside(self, i: Instruction) -> bool:
        if isinstance(i.operation, Const | Length | Position):
            self.weight[i.name] = 0
            return True
        within = [o.value for o in operands(i.operation) if o.value in self.inside]
        self.weight[i.name] = 1 + sum(self.weight[name] for name in within)
        if i.defines or self.uses[i.name] != 1 or i.name not in self.reader or not self._elementwise(i):
            return False
        reader = self.reader[i.name]
        if self.weight[i.name] > MOST_INSIDE or isinstance(reader.operation, Matrix):
            return False
        if isinstance(reader.operation, Gather) and reader.operation.array == i.name:
            return False
        around = {a for o in operands(reader.operation) for a in o.axes} | set(reader.axes)
        return len(set(i.axes)) == len(around)

    def _joins(self, i: Instruction, group: list[Instruction]) -> bool:
        """Whether it can stand in the same loop: it reads of the others only the same entry."""
        if i.axes != group[0].axes:
            return False
        own = {g.name for g in group}
        todo = list(operands(i.operation))
        if isinstance(i.operation, Gather) and i.operation.array in own:
            return False
        while todo:
            o = todo.pop()
            if o.value in self.inside:
                inner = self.by_name[o.value]
                # Inside an inlined part letters are its own; it is let in only where they are the same.
                if inner.axes != o.axes and any(p.value in own for p in operands(inner.operation)):
                    return False
                if isinstance(inner.operation, Gather) and inner.operation.array in own:
                    return False
                todo += operands(inner.operation)
            elif o.value in own and o.axes != i.axes:
                return False
        return True

    def _group(self, group: list[Instruction]) -> list[str]:
        if not group:
            return []
        axes, body = group[0].axes, list[str]()
        place = {axis: self.letters[axis] for axis in axes}
        for i in group:
            text, _ = self._operation(i, place)
            name = self.names[i.name]
            if axes:
                self._array(i)
                body.append(f"{name}[{self._flat(axes, axes, place)}] = {text};{self._comment(i)}")
            else:
                body.append(f"const {self.dialect.number}{name} = {text};{self._comment(i)}")
        return self.nest(axes, body)

    def _array(self, i: Instruction) -> None:
        if i.name not in self.direct:
            self.arrays.append((self.names[i.name], self.entries(i.axes)))

    def copied(self) -> Iterator[tuple[str, tuple[Index, ...], list[str]]]:
        """Outputs that are no array of the program's own: name, axes, and lines that fill it.

        For a number there are no axes, and the one line is its value.
        """
        for name, o in self.program.outputs.items():
            order = self.program.orders[name]
            if o.value in self.direct and self.direct[o.value] == name:
                continue
            place = {axis: self.letters[axis] for axis in (*order, *o.axes)}
            value = self.value(o, place, 0)
            entry = f"{self.names[f'out {name}']}[{self._flat(order, order, place)}]" if order else ""
            yield name, order, self.nest(order, [f"{entry} = {value};"]) if order else [value]

    def _comment(self, i: Instruction) -> str:
        inner = [i, *(self.by_name[n] for n in self._within(i))]
        rules = list(dict.fromkeys(rule for part in reversed(inner) for rule in part.rules))
        shape = [f"({', '.join(i.dims)})"] if i.axes else []
        words = "  ".join([*shape, ", ".join(rules)]).strip()
        return f"  /* {words} */" if words else ""

    def _within(self, i: Instruction) -> list[str]:
        """The parts that stand inside a line."""
        found: list[str] = []
        todo = [o.value for o in operands(i.operation)]
        while todo:
            name = todo.pop()
            if name in self.inside:
                found.append(name)
                todo += [o.value for o in operands(self.by_name[name].operation)]
        return found

    def nest(self, axes: Iterable[Index], body: list[str]) -> list[str]:
        """Lines inside loops over axes."""
        heads = [
            f"for ({self.dialect.size} {v} = 0; {v} < {self.size(axis.dim)}; {v}++)"
            for axis, v in ((a, self.letters[a]) for a in axes)
        ]
        if not heads:
            return body
        if len(body) == 1 and len(heads[0] + body[0]) < 80 and len(heads) == 1:
            return [f"{heads[0]} {body[0]}"]
        lines = [f"{'    ' * n}{head} {{" for n, head in enumerate(heads)]
        lines += [f"{'    ' * len(heads)}{line}" for line in body]
        return lines + [f"{'    ' * n}}}" for n in reversed(range(len(heads)))]

    # --- sums -----------------------------------------------------------------------------------

    def _summed(self, i: Instruction) -> list[str]:
        if isinstance(i.operation, Matrix):
            return self._matrix(i, i.operation)
        args = tuple(operands(i.operation))
        widest = max(args, key=lambda o: len(o.axes))
        around = tuple(dict.fromkeys(a for o in (widest, *args) for a in o.axes))
        around += tuple(a for a in i.axes if a not in around)
        place = {axis: self.letters[axis] for axis in around}
        op = i.operation.op if isinstance(i.operation, Fold) else "sum"
        body = (
            self._product(args, place)[0]
            if isinstance(i.operation, Einsum)
            else self.value(args[0], place, 5)
        )
        name = self.names[i.name]
        first = {
            "sum": "0.0",
            "prod": "1.0",
            "max": f"-{self.dialect.infinity}",
            "min": self.dialect.infinity,
        }[op]
        if not i.axes:
            head = [f"{self.dialect.number or 'let '}{name} = {first};{self._comment(i)}"]
            return head + self.nest(around, [_taken_in(op, name, body)])
        self._array(i)
        entry = f"{name}[{self._flat(i.axes, i.axes, place)}]"
        outer = around[: len(i.axes)]
        if set(outer) == set(i.axes):
            total = unused("total", set(self.names.values()) | set(self.letters.values()))
            inner = self.nest(around[len(i.axes) :], [_taken_in(op, total, body)])
            lines = [
                f"{self.dialect.number or 'let '}{total} = {first};",
                *inner,
                f"{entry} = {total};{self._comment(i)}",
            ]
            return self.nest(outer, lines)
        start = self.nest(i.axes, [f"{entry} = {first};{self._comment(i)}"])
        return start + self.nest(around, [_taken_in(op, entry, body)])

    def _matrix(self, i: Instruction, operation: Matrix) -> list[str]:
        rows, columns = operation.order
        place = {axis: self.letters[axis] for axis in operation.order}
        r, c, n = place[rows], place[columns], self.size(rows.dim)
        work = f"{self.names[i.name]}_work"
        held = self.value(operation.arg, place, 0)
        if operation.op != "inv":
            self.arrays.append((work, f"{n} * {n}"))
            lines = self.nest(operation.order, [f"{work}[{r} * {n} + {c}] = {held};"])
            return [*lines, f"const {self.dialect.number}{self.names[i.name]} = {operation.op}({work}, {n});"]
        self.arrays.append((work, f"2 * {n} * {n}"))
        self._array(i)
        fill = [
            f"{work}[{r} * 2 * {n} + {c}] = {held};",
            f"{work}[{r} * 2 * {n} + {n} + {c}] = {r} == {c} ? 1.0 : 0.0;",
        ]
        ok = f"{self.names[i.name]}_ok"
        entry = f"{self.names[i.name]}[{self._flat(i.axes, i.axes, place)}]"
        return [
            *self.nest(operation.order, fill),
            f"const {self.dialect.number}{ok} = inv({work}, {n});",
            *self.nest(operation.order, [f"{entry} = {ok} * {work}[{r} * 2 * {n} + {n} + {c}];"]),
        ]


def _taken_in(op: str, name: str, body: str) -> str:
    match op:
        case "sum":
            return f"{name} += {body};"
        case "prod":
            return f"{name} *= {body};"
        case _:
            return f"{name} = {'larger' if op == 'max' else 'smaller'}({name}, {body});"
