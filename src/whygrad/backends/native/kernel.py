"""One pass over rows as code: forms, the function of them, and totals, block by block.

A block of rows is read from memory for its linear forms; when its totals are added up, it is still in
the cache. Blocks make up chunks; each chunk adds into memory of its own, and chunks are taken from a
common counter, so that threads share the work and the sum does not depend on who did it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from whygrad.backends.native.functions import Functions
from whygrad.backends.native.ir import Ir
from whygrad.lower.fuse import Form, RowLoop, Total
from whygrad.lower.program import Instruction, Map, Where, operands

MOST_ROWS: Final = 256
"""Of a block."""
GROUPS: Final = 8
"""Vectors of rows of a column at a time: as many sums run beside each other, and few pages are turned."""
FIRST: Final = ("rows", "block", "chunk rows", "chunks", "counter", "partial", "stride")
"""Slots of the function's argument, 8 bytes each, before those of arrays."""


WORDS: Final = {
    "rows": "how many rows there are",
    "block": "rows of a block, which stays in the first cache",
    "chunk": "rows of a chunk, which one thread takes at a time",
    "chunks": "how many chunks there are",
    "counter": "the next chunk that nobody has taken",
    "partial": "memory for the totals of each chunk",
    "stride": "numbers of a chunk's totals",
    "matrix": "{}: where its first row begins",
    "width": "{}: columns",
    "lead": "{}: numbers from one row (or column) to the next",
    "starts": "{}: where each row's entries begin",
    "columns": "{}: the column of each entry",
    "vector": "{}, a number for each column",
    "row": "{}, a number for each row",
    "scalar": "{}, the same for all rows",
    "total": "{}: its place among a chunk's totals",
}
"""What slots hold, for who reads the text."""


@dataclass(frozen=True)
class Slots:
    """Where each thing stands in the argument."""

    places: dict[str, int]

    @classmethod
    def of(cls, loop: RowLoop, sparse: frozenset[str] = frozenset()) -> Slots:
        """The order in which things stand."""
        names = list(FIRST)
        for x in loop.matrices:
            own = ("matrix", "width", *(("starts", "columns") if x in sparse else ("lead",)))
            names += [f"{what} {x}" for what in own]
        names += [f"vector {x}" for x in dict.fromkeys(f.vector for f in loop.forms)]
        names += [f"row {x}" for x in loop.rows] + [f"scalar {x}" for x in loop.scalars]
        names += [f"total {t.name}" for t in loop.totals]
        return cls({name: n for n, name in enumerate(names)})


def supported(loop: RowLoop) -> bool:
    """Whether each function of the rows is one that there is code for."""
    functions, numbers = Functions(Ir(2)), _numbers(loop)
    return all(
        functions.has(i.operation.function) or _small_power(i.operation, numbers) is not None
        for i in loop.body
        if isinstance(i.operation, Map)
    )


def _numbers(loop: RowLoop) -> dict[str, float]:
    named = {"pi": math.pi, "e": math.e, "inf": math.inf, "-inf": -math.inf}
    return {name: named[v] if isinstance(v, str) else float(v) for name, v in loop.constants}


def _small_power(operation: Map, numbers: dict[str, float]) -> int | None:
    """The exponent of a power that a few products give."""
    exponent = numbers.get(operation.args[1].value, 0.0) if operation.function == "pow" else 0.0
    return int(exponent) if 1 <= exponent <= 8 and exponent.is_integer() else None


def interleaved(loop: RowLoop, sparse: frozenset[str]) -> dict[str, str]:
    """Totals over a sparse matrix that stand beside the vector of its one form, entry by entry.

    An entry's column is looked up in both, and so one piece of the cache holds both. By name of the total,
    the vector.
    """
    found: dict[str, str] = {}
    for x in sparse:
        vectors = {f.vector for f in loop.forms if f.matrix == x}
        totals = [t.name for t in loop.totals if t.matrix == x]
        if len(vectors) == 1 and len(totals) == 1:
            found[totals[0]] = vectors.pop()
    return found


def kernel(
    loop: RowLoop,
    lanes: int,
    by_column: frozenset[str],
    single: frozenset[str],
    name: str,
    sparse: frozenset[str] = frozenset(),
) -> str:
    """The module of the pass, a function of one pointer to slots.

    Parameters
    ----------
    by_column
        The matrices that lie column by column.
    single
        Those of single precision. All is computed in double precision.
    sparse
        Those of which only entries are kept, row by row, each with its column.
    """
    return _Kernel(loop, lanes, by_column, single, sparse).text(name)


class _Kernel:
    def __init__(
        self,
        loop: RowLoop,
        lanes: int,
        by_column: frozenset[str],
        single: frozenset[str],
        sparse: frozenset[str],
    ) -> None:
        self.sparse, self.paired = sparse, interleaved(loop, sparse)
        self.loop, self.by_column, self.numbers = loop, by_column, _numbers(loop)
        self.ir, self.lanes = Ir(lanes), lanes
        self.kinds = {x: "float" if x in single else "double" for x in loop.matrices}
        self.slots = Slots.of(loop, sparse)
        self.known: dict[str, str] = {}
        self.buffers: dict[tuple[str, str], str] = {}
        """Of each form, by matrix and vector."""
        self.weights: dict[str, str] = {}
        """Of each total over a matrix, what its rows are multiplied by."""
        self.sums: dict[str, str] = {}

    def text(self, name: str) -> str:
        ir = self.ir
        for slot in self.slots.places:
            self.known[slot] = self._slot(slot)
        for x in self.loop.scalars:
            self.known[f"splat {x}"] = ir.splat(self.known[f"scalar {x}"])
        for form in self.loop.forms:
            if (form.matrix, form.vector) not in self.buffers:
                self.buffers[(form.matrix, form.vector)] = self._buffer(MOST_ROWS)
        for t in self.loop.totals:
            (self.weights if t.matrix else self.sums)[t.name] = self._buffer(
                MOST_ROWS if t.matrix else self.lanes
            )
        again, work, end = (ir.label(word) for word in ("next", "chunk", "end"))
        ir.do(f"br label %{again}")
        ir.start(again)
        chunk = ir.let(f"atomicrmw add ptr {self.known['counter']}, i64 1 monotonic")
        more = ir.let(f"icmp slt i64 {chunk}, {self.known['chunks']}")
        ir.do(f"br i1 {more}, label %{work}, label %{end}")
        ir.start(work)
        self._chunk(chunk)
        ir.do(f"br label %{again}")
        ir.start(end)
        ir.do("ret void")
        return ir.text(name)

    def _slot(self, slot: str) -> str:
        ir = self.ir
        what = slot.split(" ")[0]
        kind = {"scalar": "double"}.get(what, "i64")
        ir.note(WORDS.get(what, "{}").format(slot))
        if what in ("counter", "partial", "matrix", "vector", "row", "starts", "columns"):
            kind = "ptr"
        return ir.load(ir.at("%slots", str(self.slots.places[slot]), "i64"), kind)

    def _buffer(self, entries: int) -> str:
        return self.ir.let(f"alloca double, i64 {entries}, align 64")

    # --- chunks and blocks ----------------------------------------------------------------------

    def _chunk(self, chunk: str) -> None:
        ir, known = self.ir, self.known
        base = ir.at(known["partial"], ir.let(f"mul i64 {chunk}, {known['stride']}"))
        for t in self.loop.totals:
            known[f"into {t.name}"] = ir.at(base, known[f"total {t.name}"])
        zero = f"{ir.reals} zeroinitializer"
        for place in self.sums.values():
            ir.do(f"store {zero}, ptr {place}, align 64")

        def clear(at: str, _: tuple[str, ...]) -> tuple[str, ...]:
            ir.do(f"store {zero}, ptr {ir.at(base, at)}, align 8")
            return ()

        ir.loop("0", known["stride"], self.lanes, clear)
        for total, vector in self.paired.items():
            self._beside(total, vector)
        first = ir.let(f"mul i64 {chunk}, {known['chunk rows']}")
        stop = self._least(ir.let(f"add i64 {first}, {known['chunk rows']}"), known["rows"])

        def block(row: str, _: tuple[str, ...]) -> tuple[str, ...]:
            self._block(row, self._least(known["block"], ir.let(f"sub i64 {stop}, {row}")))
            return ()

        ir.loop(first, stop, known["block"], block)
        for name, place in self.sums.items():
            ir.store("double", ir.sum(ir.load(place, ir.reals)), known[f"into {name}"])

    def _beside(self, total: str, vector: str) -> None:
        """Copy a vector to the even places, of which the total has the odd ones."""
        ir, into = self.ir, self.known[f"into {total}"]
        matrix = next(t.matrix for t in self.loop.totals if t.name == total)

        def entry(at: str, _: tuple[str, ...]) -> tuple[str, ...]:
            value = ir.load(ir.at(self.known[f"vector {vector}"], at), "double")
            ir.store("double", value, ir.at(into, ir.let(f"shl i64 {at}, 1")))
            return ()

        ir.loop("0", self.known[f"width {matrix}"], 1, entry)

    def _least(self, a: str, b: str) -> str:
        smaller = self.ir.let(f"icmp slt i64 {a}, {b}")
        return self.ir.let(f"select i1 {smaller}, i64 {a}, i64 {b}")

    def _block(self, row: str, count: str) -> None:
        ir = self.ir
        for (matrix, vector), buffer in self.buffers.items():
            form = Form("", matrix, vector)
            names = ", ".join(f.name for f in self.loop.forms if (f.matrix, f.vector) == (matrix, vector))
            ir.note(f"{names} = {matrix} {vector}, of the rows of the block  ({self.loop.dim})")
            if matrix in self.sparse:
                self._form_of_entries(form, row, count, buffer)
                continue
            start = self._rows_of(matrix, row)
            (self._form_by_column if matrix in self.by_column else self._form)(form, start, count, buffer)

        def lanes(at: str, _: tuple[str, ...]) -> tuple[str, ...]:
            self._function(row, at, count)
            return ()

        ir.note(f"what follows from them, {self.lanes} rows at a time")
        ir.loop("0", count, self.lanes, lanes)
        for t in self.loop.totals:
            if t.matrix:
                ir.note(f"{t.name} += ({' '.join(t.factors)}) {t.matrix}, of the rows of the block")
            if t.matrix in self.sparse:
                self._total_of_entries(t, row, count)
            elif t.matrix:
                start = self._rows_of(t.matrix, row)
                (self._total_by_column if t.matrix in self.by_column else self._total)(t, start, count)

    def _rows_of(self, matrix: str, row: str) -> str:
        """Where a block's part of a matrix begins."""
        ir, kind = self.ir, self.kinds[matrix]
        if matrix not in self.by_column:
            row = ir.let(f"mul i64 {row}, {self.known[f'lead {matrix}']}")
        return ir.at(self.known[f"matrix {matrix}"], row, kind)

    # --- the function of the forms --------------------------------------------------------------

    def _function(self, row: str, at: str, count: str) -> None:
        ir, functions = self.ir, Functions(self.ir)
        flags = ir.first_lanes(ir.let(f"sub i64 {count}, {at}"))
        values = {x: self.known[f"splat {x}"] for x in self.loop.scalars}
        place = ir.let(f"add i64 {row}, {at}")
        values |= {x: ir.constant(number) for x, number in self.numbers.items()}
        for x in self.loop.rows:
            values[x] = ir.load_where(ir.at(self.known[f"row {x}"], place), flags)
        for form in self.loop.forms:
            values[form.name] = ir.load(ir.at(self.buffers[(form.matrix, form.vector)], at), ir.reals)
        for i in self.loop.body:
            args = [values[o.value] for o in operands(i.operation)]
            ir.note(_words(i))
            if isinstance(i.operation, Where):
                values[i.name] = ir.select(*args)
            elif isinstance(i.operation, Map):
                power = _small_power(i.operation, self.numbers)
                name = i.operation.function
                values[i.name] = (
                    functions(name, *args) if power is None else _power(functions, args[0], power)
                )
        for t in self.loop.totals:
            found = values[t.factors[0]]
            for factor in t.factors[1:]:
                found = functions("mul", found, values[factor])
            ir.note(f"{'weight of' if t.matrix else 'into'} {t.name}: {' '.join(t.factors)}")
            found = ir.select(flags, found, ir.constant(0.0))
            if t.matrix:
                ir.do(f"store {ir.reals} {found}, ptr {ir.at(self.weights[t.name], at)}, align 8")
            else:
                so_far = ir.load(self.sums[t.name], ir.reals)
                ir.do(f"store {ir.reals} {ir.op('fadd', so_far, found)}, ptr {self.sums[t.name]}, align 64")

    # --- matrices that lie row by row -----------------------------------------------------------

    def _whole(self, width: str, step: int) -> str:
        """The largest multiple of a power of two that is not above ``width``."""
        return self.ir.let(f"and i64 {width}, -{step}")

    def _form(self, form: Form, start: str, count: str, buffer: str) -> None:
        four = self._whole(count, 4)
        self._dots(form, start, "0", four, 4, buffer)
        self._dots(form, start, four, count, 1, buffer)

    def _dots(self, form: Form, start: str, first: str, stop: str, together: int, buffer: str) -> None:
        """Forms of several rows at a time, so that each entry of the vector is loaded once for them."""
        ir, lead, kind = self.ir, self.known[f"lead {form.matrix}"], self.kinds[form.matrix]
        width, vector = self.known[f"width {form.matrix}"], self.known[f"vector {form.vector}"]
        whole = self._whole(width, self.lanes)
        left = ir.first_lanes(ir.let(f"sub i64 {width}, {whole}"))

        def rows(row: str, _: tuple[str, ...]) -> tuple[str, ...]:
            heads: list[str] = []
            for k in range(together):
                number = ir.let(f"add i64 {row}, {k}")
                heads.append(ir.at(start, ir.let(f"mul i64 {number}, {lead}"), kind))

            def add(at: str, held: tuple[str, ...]) -> tuple[str, ...]:
                w = ir.load(ir.at(vector, at), ir.reals)
                xs = [ir.load_reals(ir.at(head, at, kind), kind) for head in heads]
                return tuple(ir.fma(x, w, h) for x, h in zip(xs, held, strict=True))

            held = ir.loop("0", whole, self.lanes, add, [(ir.reals, "zeroinitializer")] * together)
            w = ir.load_where(ir.at(vector, whole), left)
            for k, (head, h) in enumerate(zip(heads, held, strict=True)):
                x = ir.load_where(ir.at(head, whole, kind), left, kind)
                number = ir.let(f"add i64 {row}, {k}")
                ir.store("double", ir.sum(ir.fma(x, w, h)), ir.at(buffer, number))
            return ()

        ir.loop(first, stop, together, rows)

    def _total(self, t: Total, start: str, count: str) -> None:
        width = self.known[f"width {t.matrix}"]
        four, one = self._whole(width, 4 * self.lanes), self._whole(width, self.lanes)
        self._columns(t, start, count, ("0", four), 4)
        self._columns(t, start, count, (four, one), 1)
        left = self.ir.first_lanes(self.ir.let(f"sub i64 {width}, {one}"))
        some = self.ir.let(f"icmp slt i64 {one}, {width}")
        self.ir.when(some, lambda: self._last_columns(t, start, count, one, left))

    def _columns(self, t: Total, start: str, count: str, span: tuple[str, str], vectors: int) -> None:
        ir, into, kind = self.ir, self.known[f"into {t.name}"], self.kinds[t.matrix]
        lead, weights = self.known[f"lead {t.matrix}"], self.weights[t.name]

        def column(at: str, _: tuple[str, ...]) -> tuple[str, ...]:
            places = [ir.at(into, ir.let(f"add i64 {at}, {k * self.lanes}")) for k in range(vectors)]

            def row(number: str, held: tuple[str, ...]) -> tuple[str, ...]:
                weight = ir.splat(ir.load(ir.at(weights, number), "double"))
                head = ir.at(ir.at(start, ir.let(f"mul i64 {number}, {lead}"), kind), at, kind)
                parts = [ir.at(head, str(k * self.lanes), kind) for k in range(vectors)]
                xs = [ir.load_reals(part, kind) for part in parts]
                return tuple(ir.fma(weight, x, h) for x, h in zip(xs, held, strict=True))

            sums = ir.loop("0", count, 1, row, [(ir.reals, ir.load(p, ir.reals)) for p in places])
            for place, value in zip(places, sums, strict=True):
                ir.store(ir.reals, value, place)
            return ()

        ir.loop(span[0], span[1], vectors * self.lanes, column)

    def _last_columns(self, t: Total, start: str, count: str, at: str, flags: str) -> None:
        ir, lead, kind = self.ir, self.known[f"lead {t.matrix}"], self.kinds[t.matrix]
        place = ir.at(self.known[f"into {t.name}"], at)

        def row(number: str, held: tuple[str, ...]) -> tuple[str, ...]:
            weight = ir.splat(ir.load(ir.at(self.weights[t.name], number), "double"))
            head = ir.at(ir.at(start, ir.let(f"mul i64 {number}, {lead}"), kind), at, kind)
            return (ir.fma(weight, ir.load_where(head, flags, kind), held[0]),)

        (found,) = ir.loop("0", count, 1, row, [(ir.reals, ir.load_where(place, flags))])
        ir.store_where(found, place, flags)

    # --- matrices of which only entries are kept ------------------------------------------------

    def _entries(self, matrix: str, row: str) -> tuple[str, str]:
        """Where a row's entries begin and end."""
        ir, starts = self.ir, self.known[f"starts {matrix}"]
        after = ir.let(f"add i64 {row}, 1")
        return ir.load(ir.at(starts, row, "i64"), "i64"), ir.load(ir.at(starts, after, "i64"), "i64")

    def _entry(self, matrix: str, at: str, paired: bool) -> tuple[str, str]:
        """An entry, and the place of its column."""
        ir, kind = self.ir, self.kinds[matrix]
        value = ir.let(f"load {kind}, ptr {ir.at(self.known[f'matrix {matrix}'], at, kind)}, align 4")
        if kind == "float":
            value = ir.let(f"fpext float {value} to double")
        narrow = ir.let(f"load i32, ptr {ir.at(self.known[f'columns {matrix}'], at, 'i32')}, align 4")
        column = ir.let(f"zext i32 {narrow} to i64")
        return value, ir.let(f"shl i64 {column}, 1") if paired else column

    def _form_of_entries(self, form: Form, first: str, count: str, buffer: str) -> None:
        ir = self.ir
        totals = [t for t, v in self.paired.items() if v == form.vector]
        source = self.known[f"into {totals[0]}" if totals else f"vector {form.vector}"]
        ir.declared["llvm.fma.f64"] = "declare double @llvm.fma.f64(double, double, double)"

        def add(at: str, held: tuple[str, ...]) -> tuple[str, ...]:
            new: list[str] = []
            for k, h in enumerate(held):
                place = ir.let(f"add i64 {at}, {k}")
                value, column = self._entry(form.matrix, place, bool(totals))
                w = ir.load(ir.at(source, column), "double")
                new.append(ir.let(f"call double @llvm.fma.f64(double {value}, double {w}, double {h})"))
            return tuple(new)

        def row(number: str, _: tuple[str, ...]) -> tuple[str, ...]:
            start, stop = self._entries(form.matrix, ir.let(f"add i64 {first}, {number}"))
            four = ir.let(f"add i64 {start}, {self._whole(ir.let(f'sub i64 {stop}, {start}'), 4)}")
            held = ir.loop(start, four, 4, add, [("double", "0.0")] * 4)
            pairs = [ir.let(f"fadd double {held[k]}, {held[k + 1]}") for k in (0, 2)]
            whole = ir.let(f"fadd double {pairs[0]}, {pairs[1]}")
            (whole,) = ir.loop(four, stop, 1, add, [("double", whole)])
            ir.store("double", whole, ir.at(buffer, number))
            return ()

        ir.loop("0", count, 1, row)

    def _total_of_entries(self, t: Total, first: str, count: str) -> None:
        ir, into, paired = self.ir, self.known[f"into {t.name}"], t.name in self.paired
        if paired:
            into = ir.at(into, "1")
        ir.declared["llvm.fma.f64"] = "declare double @llvm.fma.f64(double, double, double)"

        def row(number: str, _: tuple[str, ...]) -> tuple[str, ...]:
            start, stop = self._entries(t.matrix, ir.let(f"add i64 {first}, {number}"))
            weight = ir.load(ir.at(self.weights[t.name], number), "double")

            def entry(at: str, _: tuple[str, ...]) -> tuple[str, ...]:
                value, column = self._entry(t.matrix, at, paired)
                place = ir.at(into, column)
                before = ir.load(place, "double")
                args = f"double {weight}, double {value}, double {before}"
                ir.store("double", ir.let(f"call double @llvm.fma.f64({args})"), place)
                return ()

            ir.loop(start, stop, 1, entry)
            return ()

        ir.loop("0", count, 1, row)

    # --- matrices that lie column by column -----------------------------------------------------

    def _form_by_column(self, form: Form, start: str, count: str, buffer: str) -> None:
        four = self._whole(count, GROUPS * self.lanes)
        self._rows_by_column(form, start, "0", four, None, buffer)
        self._rows_by_column(form, start, four, count, count, buffer)

    def _flags_of(self, groups: list[str], count: str | None) -> list[str | None]:
        """For each group of lanes, which of them are rows of the block; None for all."""
        if count is None:
            return [None] * len(groups)
        return [self.ir.first_lanes(self.ir.let(f"sub i64 {count}, {g}")) for g in groups]

    def _groups(self, at: str) -> list[str]:
        return [self.ir.let(f"add i64 {at}, {k * self.lanes}") for k in range(GROUPS)]

    def _some(self, place: str, flags: str | None, kind: str) -> str:
        return self.ir.load_reals(place, kind) if flags is None else self.ir.load_where(place, flags, kind)

    def _rows_by_column(
        self, form: Form, start: str, first: str, stop: str, count: str | None, buffer: str
    ) -> None:
        """Forms of some rows; with ``count`` rows beyond it are left out."""
        ir, lead, kind = self.ir, self.known[f"lead {form.matrix}"], self.kinds[form.matrix]
        width, vector = self.known[f"width {form.matrix}"], self.known[f"vector {form.vector}"]

        def some_rows(at: str, _: tuple[str, ...]) -> tuple[str, ...]:
            groups = self._groups(at)
            flags = self._flags_of(groups, count)

            def column(j: str, held: tuple[str, ...]) -> tuple[str, ...]:
                w = ir.splat(ir.load(ir.at(vector, j), "double"))
                head = ir.at(start, ir.let(f"mul i64 {j}, {lead}"), kind)
                pairs = zip(groups, flags, strict=True)
                xs = [self._some(ir.at(head, g, kind), f, kind) for g, f in pairs]
                return tuple(ir.fma(x, w, h) for x, h in zip(xs, held, strict=True))

            found = ir.loop("0", width, 1, column, [(ir.reals, "zeroinitializer")] * GROUPS)
            for g, value in zip(groups, found, strict=True):
                ir.store(ir.reals, value, ir.at(buffer, g))
            return ()

        ir.loop(first, stop, GROUPS * self.lanes, some_rows)

    def _total_by_column(self, t: Total, start: str, count: str) -> None:
        ir, lead, kind = self.ir, self.known[f"lead {t.matrix}"], self.kinds[t.matrix]
        weights, into = self.weights[t.name], self.known[f"into {t.name}"]
        four = self._whole(count, GROUPS * self.lanes)

        def column(j: str, _: tuple[str, ...]) -> tuple[str, ...]:
            head = ir.at(start, ir.let(f"mul i64 {j}, {lead}"), kind)

            def rows(at: str, held: tuple[str, ...], count: str | None = None) -> tuple[str, ...]:
                groups, new = self._groups(at), list[str]()
                for g, f, h in zip(groups, self._flags_of(groups, count), held, strict=True):
                    weight = self._some(ir.at(weights, g), f, "double")
                    new.append(ir.fma(weight, self._some(ir.at(head, g, kind), f, kind), h))
                return tuple(new)

            def last(at: str, held: tuple[str, ...]) -> tuple[str, ...]:
                return rows(at, held, count)

            sums = ir.loop("0", four, GROUPS * self.lanes, rows, [(ir.reals, "zeroinitializer")] * GROUPS)
            sums = ir.loop(four, count, GROUPS * self.lanes, last, [(ir.reals, s) for s in sums])
            parts = list(sums)
            while len(parts) > 1:
                parts = [ir.op("fadd", u, v) for u, v in zip(parts[::2], parts[1::2], strict=True)]
            whole = parts[0]
            place = ir.at(into, j)
            so_far = ir.load(place, "double")
            ir.store("double", ir.let(f"fadd double {so_far}, {ir.sum(whole)}"), place)
            return ()

        ir.loop("0", self.known[f"width {t.matrix}"], 1, column)


def _power(functions: Functions, base: str, exponent: int) -> str:
    found = base
    for _ in range(exponent - 1):
        found = functions("mul", found, base)
    return found


def _words(i: Instruction) -> str:
    """An instruction on rows as a person would write it, with the stability rules that gave it its form."""
    names = ", ".join(o.value for o in operands(i.operation))
    what = i.operation.function if isinstance(i.operation, Map) else "where"
    return f"{i.name} = {what}({names})" + "".join(f"  {rule}" for rule in i.rules)
