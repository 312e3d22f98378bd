"""Chains of equations: whether what solves one line solves the next.

A line is ``E = 0``. The next follows if it is E times a factor, or if it holds once the line before is
solved for a name in which it is linear. It is refuted only where every way of solving refutes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from whygrad.core.cost import Definition, Scope
from whygrad.core.derivation import Evidence
from whygrad.core.errors import WhygradError
from whygrad.core.expr import (
    ONE,
    ZERO,
    Apply,
    Expr,
    Index,
    Number,
    Partial,
    Size,
    Symbol,
    add,
    div,
    inverse,
    mul,
    neg,
)
from whygrad.core.report import Pair
from whygrad.core.walk import free_indices, postorder, substitute, symbols
from whygrad.engine.check_judge import Judge
from whygrad.meaning.equal import Verdict, same_value
from whygrad.meaning.shapes import shape_of
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.chain import Line, Read
from whygrad.syntax.people.resolve import Val

_FACTORS: Final = tuple(
    Number(Fraction(n, d)) for n, d in ((1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2))
)


def judge_equations(read: Read) -> list[Pair]:
    """Every pair of a chain of equations."""
    court = Judge(read.scope, read.zeros, read.opaque)
    return [_pair(read, k, court) for k in range(len(read.lines) - 1)]


def _pair(read: Read, k: int, court: Judge) -> Pair:
    before, after = read.lines[k], read.lines[k + 1]
    for line in (after, before):
        if line.parsed is None:
            return Pair("unreadable", Evidence("undecided", line.error))
    if after.value is None and after.misfit and before.value is not None:
        return Pair("ill-typed", Evidence("refuted", after.error))
    if before.value is None or after.value is None:
        return Pair("undecided", Evidence("undecided", after.error or before.error))
    found = _Step(read, before, after, court).judged()
    if found.verdict != "equal" and k and read.lines[0].value is not None:
        again = _Step(read, read.lines[0], after, court).judged()
        if again.verdict == "equal":
            return replace(again, notes=(*again.notes, "it follows from line 1"))
    return found


class _Step:
    """One equation and the next."""

    def __init__(self, read: Read, before: Line, after: Line, court: Judge) -> None:
        self.read, self.court, self.scope = read, court, read.scope
        self.before, self.after = before, after
        if before.value is None or after.value is None:
            raise AssertionError("both lines have values")
        self.a, self.b = before.value, after.value
        self.refuted: Verdict | None = None

    def judged(self) -> Pair:
        """The verdict."""
        try:
            for way in (self.multiples, self.solutions, self.eliminations, self.linear_systems):
                for note, verdict in way():
                    if verdict.kind == "equal":
                        return Pair("equal", verdict.evidence, (note,) if note else ())
                    if verdict.kind == "different":
                        self.refuted = verdict
        except (WhygradError, ValueError, KeyError, RecursionError, AttributeError) as error:
            why = getattr(error, "reason", str(error))
            return Pair("undecided", Evidence("undecided", why))
        if self.refuted is not None:
            return Pair("different", self.refuted.evidence)
        return Pair("undecided", Evidence("undecided", "the line before could not be solved"))

    def entries(self, a: Val, b: Val) -> tuple[Expr, Expr] | None:
        """Entries at common positions."""
        for left, right, note in self.court.forms(a, b):
            if not note:
                return left, right
        return None

    # --- ways --------------------------------------------------------------------------------------

    def multiples(self) -> Iterator[tuple[str, Verdict]]:
        """The next line is a multiple of this one."""
        pair = self.entries(self.a, self.b)
        if pair is None:
            return
        a, b = pair
        for factor in (*_FACTORS[:2], *self.factors()):
            found = same_value(mul(factor, a), b, self.scope)
            if found.kind == "equal":
                yield "", found
                return

    def factors(self) -> Iterator[Expr]:
        """Factors a line may be multiplied by: small numbers, sizes and scalars of the line."""
        names = [s for s in symbols(self.a.expr) if not s.indices and not shape_of(s, self.scope)]
        sizes: list[Expr] = [*names]
        sizes += [node for node in postorder(self.a.expr) if isinstance(node, Size)]
        yield from _FACTORS[2:]
        for size in sizes[:4]:
            for factor in _FACTORS:
                yield mul(factor, size)
                yield mul(factor, inverse(size))

    def solutions(self) -> Iterator[tuple[str, Verdict]]:
        """The next line gives a name its value, which solves this line."""
        tree = self.after.parsed.tree if self.after.parsed is not None else None
        if not isinstance(tree, t.Relation):
            return
        found = self.explicit()
        if found is None:
            return
        name, value = found
        expr = substitute(self.a.expr, {name: value})
        yield "it solves the line before", self.is_zero(Val(expr, self.a.dims, self.a.row))

    def explicit(self) -> tuple[Symbol, Expr] | None:
        """``w = u`` where u is free of w."""
        e = self.b.expr
        if isinstance(e, Symbol):
            return e, ZERO
        terms = getattr(e, "terms", ())
        if len(terms) < 2 or not isinstance(terms[0], Symbol):
            return None
        name = terms[0]
        rest = add(*(neg(term) for term in terms[1:]))
        if any(isinstance(node, Symbol) and node.name == name.name for node in postorder(rest)):
            return None
        if name.name in self.scope.definitions or self.through(rest, name.name):
            return None
        return name, rest

    def through(self, e: Expr, name: str) -> bool:
        """Whether an expression depends on a name."""
        return name in self.court.depends(e)

    def eliminations(self) -> Iterator[tuple[str, Verdict]]:
        """This line solved for a scalar in which it is linear, put into the next."""
        if self.a.dims or self.b.dims:
            return
        a, b = self.unfolded(self.a), self.unfolded(self.b)
        wrt = {s.name for s in self.read.wrt}
        names = [s for s in symbols(a) if s.name not in self.scope.definitions]
        names = sorted((s for s in names if not s.indices), key=lambda s: s.name in wrt)
        for name in names[:6]:
            low = substitute(a, {name: ZERO})
            slope = add(substitute(a, {name: ONE}), neg(low))
            if not same_value(a, add(low, mul(slope, name)), self.scope, sample=False).proved:
                continue
            if same_value(slope, ZERO, self.scope).kind != "different":
                continue
            solution = neg(div(low, slope))
            verdict = same_value(substitute(b, {name: solution}), ZERO, self.open_scope(name))
            yield f"with {name.name} from the line before", verdict

    def open_scope(self, name: Symbol) -> Scope:
        """The scope."""
        return self.scope

    def unfolded(self, v: Val) -> Expr:
        """With definitions written out, so that a name is seen wherever it stands."""
        e = self.court.entry(v, ())
        for _ in range(20):
            found: dict[Expr, Expr] = {}
            for s in symbols(e):
                definition = self.scope.definitions.get(s.name)
                if (
                    definition is not None
                    and not definition.is_function
                    and len(s.indices) == len(definition.indices)
                ):
                    swap: dict[Expr, Expr] = dict(zip(definition.indices, s.indices, strict=True))
                    found[s] = substitute(definition.body, swap)
            if not found:
                break
            e = self.court.plain(substitute(e, found))
        return e

    def linear_systems(self) -> Iterator[tuple[str, Verdict]]:
        """A vector equation linear in a vector: solved with the inverse of its matrix."""
        if self.a.rank != 1:
            return
        for name in self.read.wrt[:1] or ():
            if name.indices or shape_of(name, self.scope) == ():
                continue
            dims = shape_of(name, self.scope)
            if len(dims) != 1:
                continue
            yield from self.solved(name, dims[0])

    def solved(self, name: Symbol, dim: str) -> Iterator[tuple[str, Verdict]]:
        """``M w + c = 0``, so ``w = -M^-1 c``."""
        (row,) = self.court.letters(self.a.dims, self.a)
        (column,) = (Index("c~", dim),)
        entry = self.court.entry(self.a, (row,))
        matrix = self.court.plain(Partial(entry, Symbol(name.name, (column,))))
        if name in symbols(matrix) or any(s.name == name.name for s in symbols(matrix)):
            return
        zero = Apply("zeros", (Size(dim),))
        rest = self.court.entry(Val(substitute(self.a.expr, {name: zero}), self.a.dims, self.a.row), (row,))
        if not isinstance(row, Index) or free_indices(rest) - {row} or free_indices(matrix) - {row, column}:
            return
        definitions = dict(self.scope.definitions)
        definitions["M·"] = Definition("M·", matrix, (row, column), (row.dim, dim))
        definitions["c·"] = Definition("c·", rest, (row,), (row.dim,))
        scope = Scope(self.scope.declarations, definitions)
        solution = neg(Apply("matmul", (Apply("inv", (Symbol("M·"),)), Symbol("c·"))))
        court = Judge(scope, self.court.zeros, self.court.opaque)
        put = Val(substitute(self.b.expr, {name: solution}), self.b.dims, self.b.row)
        at = court.letters(put.dims, put)
        yield "with the line before solved", same_value(court.entry(put, at), ZERO, scope)

    def is_zero(self, v: Val) -> Verdict:
        """Whether a value is 0 everywhere."""
        at = self.court.letters(v.dims, v)
        return same_value(self.court.entry(v, at), ZERO, self.scope)
