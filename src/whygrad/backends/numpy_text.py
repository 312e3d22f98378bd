"""NumPy: a program as readable source. Written without NumPy, so that a page can show it, too.

The source that is shown is the source that runs. Results that have no name in the cost and are used
once stand inside the line that uses them; rule ids of :mod:`whygrad.rules.stability` and shapes are
comments.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

from whygrad.backends.numpy_names import BINARY, HELPERS, IMPORTS, NAMES
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

ATOM: Final = 9
LONGEST_LINE: Final = 88


def numpy_source(program: Program, name: str = "evaluate") -> str:
    """The program as a Python module with one function of its inputs and sizes.

    Examples
    --------
    >>> from whygrad.core.cost import Scope
    >>> from whygrad.core.expr import Mul, Reduce, Symbol
    >>> from whygrad.lower.lower import lower
    >>> i = Index("i", "m")
    >>> total = Reduce("sum", i, Mul((Symbol("a", (i,)), Symbol("y", (i,)))))
    >>> print(numpy_source(lower({"J": total}, Scope())))
    def evaluate(a, y):
        J = a @ y
        return J
    """
    return Writer(program, ()).flat(name)


class Writer:
    """Spells one program."""

    def __init__(self, program: Program, free: Sequence[str]) -> None:
        self.program = program
        self.free = tuple(free)
        self.by_name = {i.name: i for i in program.instructions}
        reads = [o.value for i in program.instructions for o in operands(i.operation)]
        self.uses = Counter(reads)
        self.reader = {o.value: i.name for i in program.instructions for o in operands(i.operation)}
        self.asked = {o.value for o in program.outputs.values()}
        self.varying = program.varying(free)
        self.dims = self._dims()
        self.python = self._python_names()
        self.text: dict[str, tuple[str, int]] = {}
        self.pending: dict[str, tuple[str, ...]] = {}

    def _dims(self) -> tuple[str, ...]:
        """The dimensions whose size is needed: as numbers, and to spread a result that is constant."""
        found = [
            i.operation.dim for i in self.program.instructions if isinstance(i.operation, Length | Position)
        ]
        for name, held in self.program.outputs.items():
            found += [axis.dim for axis in self.program.orders[name] if axis not in held.axes]
        return tuple(dict.fromkeys(found))

    def _python_names(self) -> dict[str, str]:
        """A Python identifier for every result, input and dimension."""
        taken = {"np", "special", "bind", "evaluate", "e", *HELPERS}
        found: dict[str, str] = {}
        wanted = [i.name for i in self.program.instructions if not _is_temporary(i)]
        wanted += [f"dim {dim}" for dim in self.dims]
        wanted += [i.name for i in self.program.instructions if _is_temporary(i)]
        for name in dict.fromkeys(wanted):
            plain = name.removeprefix("dim ")
            safe = "".join(c if c.isalnum() or c == "_" else "_" for c in plain)
            safe = safe if safe.isidentifier() else f"v_{safe}"
            while safe in taken or keyword.iskeyword(safe):
                safe += "_"
            taken.add(safe)
            found[name] = safe
        return found

    # --- modules --------------------------------------------------------------------------------

    def flat(self, name: str) -> str:
        """One function."""
        inputs = [self.python[x] for x in self.program.inputs]
        head = ", ".join([*inputs, *(self.python[f"dim {d}"] for d in self.dims)])
        body = self._lines(self.program.instructions)
        lines = [f"def {name}({head}):", *_indent(body), f"    return {self._results()}"]
        return "\n".join([*self._preamble(lines), *lines]).lstrip("\n")

    def nested(self) -> str:
        """A function of everything but the free inputs that returns a function of these."""
        given = [self.python[x] for x in self.program.inputs if x not in self.free]
        head = ", ".join([*given, *(self.python[f"dim {d}"] for d in self.dims)])
        fixed = [i for i in self.program.instructions if i.name not in self.varying]
        moving = [i for i in self.program.instructions if i.name in self.varying]
        outer = self._lines(fixed)
        inner = self._lines(moving)
        unread = {x for x in self.free if x not in self.program.inputs}
        names = ", ".join(f"_{x}" if x in unread else self.python[x] for x in self.free)
        comma = "," if len(self.program.outputs) == 1 else ""
        lines = [f"def bind({head}):", *_indent(outer), f"    def evaluate({names}):"]
        lines += _indent(_indent(inner))
        lines += [f"        return {self._results()}{comma}", "    return evaluate"]
        return "\n".join([*self._preamble(lines), *lines])

    def _results(self) -> str:
        return ", ".join(self._output(name) for name in self.program.outputs)

    def _output(self, name: str) -> str:
        value, held = self.program.outputs[name].value, self.program.outputs[name].axes
        wanted = self.program.orders[name]
        text, _ = self.text[value]
        if held == wanted:
            return text
        turned = _aligned(self._as_atom(value), held, wanted)
        if set(wanted) == set(held):
            return turned
        # The formula does not depend on a letter it is asked for: it is the same all along.
        shape = ", ".join(
            self.python[f"dim {a.dim}"] if a not in held else f"np.shape({text})[{held.index(a)}]"
            for a in wanted
        )
        return f"np.broadcast_to({turned}, ({shape},))"

    def _preamble(self, lines: Iterable[str]) -> list[str]:
        body = "\n".join(lines)
        used = [name for name in HELPERS if f"{name}(" in body]
        used += [n for name in used for n in HELPERS if f"{n}(" in HELPERS[name] and n not in used]
        helpers = [HELPERS[name] for name in HELPERS if name in used]
        text = "\n".join([*helpers, body])
        imports = [line for mark, line in IMPORTS.items() if mark in text]
        spaced = [part for helper in helpers for part in ("", "", *helper.splitlines())]
        return [*imports, *spaced, "", ""]

    # --- lines ----------------------------------------------------------------------------------

    def _lines(self, instructions: Iterable[Instruction]) -> list[str]:
        found: list[str] = []
        for i in instructions:
            if isinstance(i.operation, Input):
                self.text[i.name] = (self.python[i.name], ATOM)
                continue
            text, strength = self._spell(i)
            rules = (*self._inherited(i), *i.rules)
            if self._stands_inside(i, text):
                self.text[i.name] = (text, strength)
                self.pending[i.name] = rules
                continue
            comment = self._comment(i, rules)
            found.append(f"{self.python[i.name]} = {text}{comment}")
            self.text[i.name] = (self.python[i.name], ATOM)
        return found

    def _inherited(self, i: Instruction) -> tuple[str, ...]:
        """Rules of the parts that stand inside this line."""
        return tuple(r for o in operands(i.operation) for r in self.pending.pop(o.value, ()))

    def _stands_inside(self, i: Instruction, text: str) -> bool:
        if isinstance(i.operation, Const | Length):
            return True
        if not _is_temporary(i) or i.name in self.asked or len(text) > LONGEST_LINE // 2:
            return False
        # A result that the second of two steps takes from the first must have a name there.
        handed_over = (i.name in self.varying) != (self.reader.get(i.name) in self.varying)
        return self.uses[i.name] == 1 and not handed_over

    def _comment(self, i: Instruction, rules: tuple[str, ...]) -> str:
        shape = f"({', '.join(i.dims)})" if i.axes else ""
        said = ", ".join(dict.fromkeys(rules))
        words = "  ".join(word for word in (shape, said) if word)
        return f"  # {words}" if words else ""

    # --- operations -----------------------------------------------------------------------------

    def _spell(self, i: Instruction) -> tuple[str, int]:
        match i.operation:
            case Input(name):
                return self.python[name], ATOM
            case Const(value):
                return _constant(value)
            case Length(dim):
                return self.python[f"dim {dim}"], ATOM
            case Position(dim):
                return f"np.arange(1.0, {self.python[f'dim {dim}']} + 1)", ATOM
            case Map(function, args):
                return self._map(function, args, i.axes)
            case Einsum(args):
                return self._einsum(args, i.axes)
            case Fold(op, arg):
                return self._fold(op, arg, i.axes)
            case Gather(array, positions):
                at = ", ".join(self._on(o, i.axes) for o in positions)
                return f"take({self._as_atom(array)}, {at})", ATOM
            case Matrix(op, arg, order):
                return f"{op}({self._on(arg, order)})", ATOM
            case Where(condition, then, other):
                parts = (self._on(o, i.axes) for o in (condition, then, other))
                return f"np.where({', '.join(parts)})", ATOM

    def _as_atom(self, name: str) -> str:
        text, strength = self.text[name]
        return text if strength == ATOM else f"({text})"

    def _on(self, o: Operand, axes: tuple[Index, ...]) -> str:
        """An operand, spread over ``axes``, as an argument of a function."""
        if _fits(o.axes, axes):
            return self.text[o.value][0]
        return _aligned(self._as_atom(o.value), o.axes, axes)

    def _map(self, function: str, args: tuple[Operand, ...], axes: tuple[Index, ...]) -> tuple[str, int]:
        if function not in BINARY:
            return f"{NAMES[function]}({', '.join(self._on(o, axes) for o in args)})", ATOM
        sign, strength, left, right = BINARY[function]
        parts = [self._inside(o, axes, s) for o, s in zip(args, (left, right), strict=False)]
        if len(parts) == 1:
            return f"{sign}{parts[0]}", strength
        return f"{parts[0]} {sign} {parts[1]}", strength

    def _inside(self, o: Operand, axes: tuple[Index, ...], needed: int) -> str:
        """An operand within an operator that binds with strength ``needed``."""
        text, strength = self.text[o.value]
        if not _fits(o.axes, axes):
            return _aligned(self._as_atom(o.value), o.axes, axes)
        return text if strength >= needed else f"({text})"

    def _einsum(self, args: tuple[Operand, ...], axes: tuple[Index, ...]) -> tuple[str, int]:
        if len(args) == 2:
            found = self._matmul(*args, axes)
            if found:
                return found, BINARY["mul"][1]
        letters = dict[Index, str]()
        for o in args:
            for axis in o.axes:
                letters.setdefault(axis, "ijklmnopqrstuvwabcdefgh"[len(letters)])
        words = ",".join("".join(letters[a] for a in o.axes) for o in args)
        out = "".join(letters[a] for a in axes)
        best = ", optimize=True" if len(args) > 2 else ""
        inside = ", ".join(self.text[o.value][0] for o in args)
        return f'np.einsum("{words}->{out}", {inside}{best})', ATOM

    def _matmul(self, a: Operand, b: Operand, axes: tuple[Index, ...]) -> str | None:
        """``a @ b`` where one letter is summed and no other is shared."""
        shared = [axis for axis in a.axes if axis in b.axes]
        if len(shared) != 1 or shared[0] in axes or max(len(a.axes), len(b.axes)) > 2:
            return None
        k = shared[0]
        if len(a.axes) == 1 and len(b.axes) == 2 and b.axes[1] is k:
            return self._matmul(b, a, axes)  # a row times a transpose is a matrix times a column
        if len(b.axes) == 1 and len(a.axes) == 2 and a.axes[0] is k:
            return self._matmul(b, a, axes)
        left, right = self._as_atom(a.value), self._as_atom(b.value)
        if len(a.axes) == 2 and a.axes[1] is not k:
            left = f"{left}.T"
        if len(b.axes) == 2 and b.axes[0] is not k:
            right = f"{right}.T"
        return f"{left} @ {right}"

    def _fold(self, op: str, arg: Operand, axes: tuple[Index, ...]) -> tuple[str, int]:
        gone = [n for n, axis in enumerate(arg.axes) if axis not in axes]
        place = "" if len(gone) == len(arg.axes) else f"axis={gone[0] if len(gone) == 1 else tuple(gone)}"
        return f"{self._as_atom(arg.value)}.{op}({place})", ATOM


def _is_temporary(i: Instruction) -> bool:
    return not i.defines and not isinstance(i.operation, Input)


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _constant(value: Fraction | str) -> tuple[str, int]:
    if isinstance(value, str):
        return {"pi": "np.pi", "e": "np.e", "inf": "np.inf", "-inf": "-np.inf"}[value], ATOM
    if value.denominator == 1 and abs(value) < 10**15:
        return f"{value.numerator}", ATOM if value >= 0 else BINARY["neg"][1]
    number = float(value)
    return repr(number), ATOM if number >= 0 else BINARY["neg"][1]


def _fits(own: tuple[Index, ...], axes: tuple[Index, ...]) -> bool:
    """Whether NumPy's own broadcasting puts ``own`` in its place among ``axes``."""
    return not own or own == axes[len(axes) - len(own) :]


def _aligned(text: str, own: tuple[Index, ...], axes: tuple[Index, ...]) -> str:
    """``text``, transposed and with new axes so that it spreads over ``axes``."""
    order = sorted(range(len(own)), key=lambda n: axes.index(own[n]))
    if order != sorted(order):
        text = f"{text}.T" if len(own) == 2 else f"{text}.transpose({', '.join(map(str, order))})"
    kept = set(own)
    marks = [":" if axis in kept else "None" for axis in axes]
    while marks and marks[0] == "None":
        marks.pop(0)
    return text if "None" not in marks else f"{text}[{', '.join(marks)}]"
