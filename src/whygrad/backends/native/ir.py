"""Writing LLVM's assembly language: values, blocks, loops, vectors of a fixed number of lanes.

Nothing is optimised afterwards, so what is written here is what runs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

Carried = tuple[str, ...]
BYTES = {"double": 8, "float": 4}


def bits(number: float) -> int:
    """The 64 bits of a double.

    >>> hex(bits(1.0))
    '0x3ff0000000000000'
    """
    return int.from_bytes(struct.pack(">d", number), "big")


def real(number: float) -> str:
    """A double as LLVM writes it, exactly."""
    return f"0x{bits(number):016X}"


class Ir:
    """One function, written from top to bottom."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.block = "entry"
        self._count = 0
        self.reals, self.ints, self.flags = (f"<{lanes} x {kind}>" for kind in ("double", "i64", "i1"))

    # --- lines ----------------------------------------------------------------------------------

    def fresh(self) -> str:
        """A new name."""
        self._count += 1
        return f"%v{self._count}"

    def do(self, text: str) -> None:
        """A line without a result."""
        self.lines.append(f"  {text}")

    def note(self, text: str) -> None:
        """A comment for who reads the text."""
        self.lines.append(f"  ; {text}")

    def let(self, text: str) -> str:
        """A line with a result, whose name is returned."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def start(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    def label(self, word: str) -> str:
        """A new label."""
        self._count += 1
        return f"{word}{self._count}"

    def call(self, kind: str, name: str, *args: tuple[str, str]) -> str:
        """A call of a function of LLVM's, declared once."""
        types = ", ".join(t for t, _ in args)
        self.declared[name] = f"declare {kind} @{name}({types})"
        return self.let(f"call {kind} @{name}({', '.join(f'{t} {v}' for t, v in args)})")

    # --- control --------------------------------------------------------------------------------

    def loop(
        self,
        first: str,
        stop: str,
        step: int | str,
        body: Callable[[str, Carried], Carried],
        carried: Sequence[tuple[str, str]] = (),
    ) -> Carried:
        """``for at = first; at < stop; at += step`` with values that go from one turn to the next.

        Parameters
        ----------
        carried
            Type and first value of each; ``body`` gets the present values and returns the next.
        """
        head, inside, done = (self.label(word) for word in ("head", "body", "done"))
        before = self.block
        self.do(f"br label %{head}")
        self.start(head)
        place = len(self.lines)
        at, follows = self.fresh(), self.fresh()
        names = tuple(self.fresh() for _ in carried)
        more = self.let(f"icmp slt i64 {at}, {stop}")
        self.do(f"br i1 {more}, label %{inside}, label %{done}")
        self.start(inside)
        new = body(at, names)
        self.lines.append(f"  {follows} = add i64 {at}, {step}")
        last = self.block
        self.do(f"br label %{head}")
        phis = [f"  {at} = phi i64 [ {first}, %{before} ], [ {follows}, %{last} ]"]
        for (kind, value), name, later in zip(carried, names, new, strict=True):
            phis.append(f"  {name} = phi {kind} [ {value}, %{before} ], [ {later}, %{last} ]")
        self.lines[place:place] = phis
        self.start(done)
        return names

    def when(self, condition: str, body: Callable[[], None]) -> None:
        """Do something if a flag holds."""
        inside, done = self.label("then"), self.label("done")
        self.do(f"br i1 {condition}, label %{inside}, label %{done}")
        self.start(inside)
        body()
        self.do(f"br label %{done}")
        self.start(done)

    # --- numbers --------------------------------------------------------------------------------

    def constant(self, number: float) -> str:
        """A vector of one number."""
        return "<" + ", ".join([f"double {real(number)}"] * self.lanes) + ">"

    def integer(self, number: int) -> str:
        """A vector of one integer."""
        return "<" + ", ".join([f"i64 {number}"] * self.lanes) + ">"

    def splat(self, value: str, kind: str = "double") -> str:
        """A vector of one value that is not known yet."""
        vector = f"<{self.lanes} x {kind}>"
        one = self.let(f"insertelement {vector} poison, {kind} {value}, i32 0")
        return self.let(
            f"shufflevector {vector} {one}, {vector} poison, <{self.lanes} x i32> zeroinitializer"
        )

    def op(self, name: str, a: str, b: str) -> str:
        """``fadd``, ``fsub``, ``fmul`` or ``fdiv``."""
        return self.let(f"{name} {self.reals} {a}, {b}")

    def fma(self, a: str, b: str, c: str) -> str:
        """``a b + c``, rounded once."""
        kind = self.reals
        return self.call(kind, f"llvm.fma.v{self.lanes}f64", (kind, a), (kind, b), (kind, c))

    def unary(self, name: str, a: str) -> str:
        """``fabs``, ``sqrt`` or ``floor``."""
        return self.call(self.reals, f"llvm.{name}.v{self.lanes}f64", (self.reals, a))

    def compare(self, how: str, a: str, b: str) -> str:
        """Flags, ``how`` as LLVM's fcmp has it."""
        return self.let(f"fcmp {how} {self.reals} {a}, {b}")

    def select(self, flags: str, a: str, b: str) -> str:
        """``a`` where the flag holds, else ``b``."""
        return self.let(f"select {self.flags} {flags}, {self.reals} {a}, {self.reals} {b}")

    def as_ints(self, a: str) -> str:
        """The bits."""
        return self.let(f"bitcast {self.reals} {a} to {self.ints}")

    def as_reals(self, a: str) -> str:
        """The doubles of these bits."""
        return self.let(f"bitcast {self.ints} {a} to {self.reals}")

    def int_op(self, name: str, a: str, b: str) -> str:
        """An operation of integers."""
        return self.let(f"{name} {self.ints} {a}, {b}")

    def sum(self, a: str) -> str:
        """The sum of the lanes, pairwise."""
        name = f"llvm.vector.reduce.fadd.v{self.lanes}f64"
        self.declared[name] = f"declare double @{name}(double, {self.reals})"
        return self.let(f"call reassoc double @{name}(double {real(-0.0)}, {self.reals} {a})")

    # --- memory ---------------------------------------------------------------------------------

    def at(self, pointer: str, index: str, kind: str = "double") -> str:
        """The place of an entry."""
        return self.let(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def load(self, pointer: str, kind: str) -> str:
        """What stands there (doubles need not be aligned to vectors)."""
        return self.let(f"load {kind}, ptr {pointer}, align 8")

    def store(self, kind: str, value: str, pointer: str) -> None:
        """Put it there."""
        self.do(f"store {kind} {value}, ptr {pointer}, align 8")

    def first_lanes(self, count: str) -> str:
        """Flags of the first ``count`` lanes."""
        numbers = "<" + ", ".join(f"i64 {n}" for n in range(self.lanes)) + ">"
        return self.let(f"icmp slt {self.ints} {numbers}, {self.splat(count, 'i64')}")

    def load_where(self, pointer: str, flags: str, kind: str = "double") -> str:
        """What stands there in the lanes flagged, 0 in the others, whose memory is not touched."""
        width = BYTES[kind]
        name, vector = f"llvm.masked.load.v{self.lanes}f{8 * width}.p0", f"<{self.lanes} x {kind}>"
        self.declared[name] = f"declare {vector} @{name}(ptr, i32, {self.flags}, {vector})"
        args = f"ptr {pointer}, i32 {width}, {self.flags} {flags}, {vector} zeroinitializer"
        return self.widened(self.let(f"call {vector} @{name}({args})"), kind)

    def load_reals(self, pointer: str, kind: str = "double") -> str:
        """A vector of doubles, from doubles or floats."""
        found = self.let(f"load <{self.lanes} x {kind}>, ptr {pointer}, align {BYTES[kind]}")
        return self.widened(found, kind)

    def widened(self, vector: str, kind: str) -> str:
        """A vector of floats as doubles."""
        if kind == "double":
            return vector
        return self.let(f"fpext <{self.lanes} x {kind}> {vector} to {self.reals}")

    def store_where(self, value: str, pointer: str, flags: str) -> None:
        """Put the lanes flagged there."""
        name = f"llvm.masked.store.v{self.lanes}f64.p0"
        self.declared[name] = f"declare void @{name}({self.reals}, ptr, i32, {self.flags})"
        self.do(f"call void @{name}({self.reals} {value}, ptr {pointer}, i32 8, {self.flags} {flags})")

    def text(self, name: str) -> str:
        """The module with this function of one pointer."""
        width = self.lanes * 64
        head = f'define void @{name}(ptr noalias %slots) "min-legal-vector-width"="{width}" '
        head += f'"prefer-vector-width"="{width}" {{'
        return "\n".join([*self.declared.values(), "", head, "entry:", *self.lines, "}", ""])
