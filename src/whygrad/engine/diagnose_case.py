"""A wrong line and the line before it, ready to be tried against: index forms, floats, proofs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Final

from whygrad.core.cost import Declaration, Definition, Domain, Scope
from whygrad.core.errors import WhygradError
from whygrad.core.expr import ZERO, Call, Delta, Expr, Index, Number, Partial, Symbol
from whygrad.core.walk import free_indices, holds_partial, letters, postorder, size_of, substitute, symbols
from whygrad.engine.diagnose_floats import Floats, Table, agree
from whygrad.engine.diagnose_slopes import Slopes
from whygrad.engine.differentiate import instantiate
from whygrad.engine.moves import Context
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy
from whygrad.meaning.differentiate import evaluate_partials
from whygrad.meaning.equal import Verdict, same_value
from whygrad.meaning.sample import Sampler, draw_sizes
from whygrad.meaning.to_index import Converter

POINTS: Final = 3
BUDGET: Final = 3_500
"""Most tables that are computed for one line."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """The values of both lines at one point."""

    floats: Floats
    before: Table
    after: Table | None


class Case:
    """One wrong step.

    Raises
    ------
    WhygradError
        Where the line before itself cannot be brought into index form.
    """

    def __init__(
        self,
        before: Expr,
        after: Expr,
        scope: Scope,
        *,
        soft: bool = True,
        zeros: frozenset[str] = frozenset(),
        wrt: Symbol | None = None,
    ) -> None:
        self.before, self.after, self.scope = before, after, scope
        self.soft, self.zeros = soft, zeros
        self.converter = Converter(scope)
        self.letters = self._letters()
        self.index_scope = Scope(
            scope.declarations,
            {name: self._by_index(d) for name, d in scope.definitions.items()},
        )
        self.slopes = Slopes(self.index_scope)
        self.start = self.converter.entry(before, self.letters, letters(after))
        """The line before in index form, its derivatives not worked out."""
        if wrt is not None and not self.letters and not holds_partial(self.start):
            self.start = self._as_derivative(wrt)
        self.right = self.at_zero(self.slopes.worked(self.start))
        """The same with its derivatives worked out."""

    def _by_index(self, d: Definition) -> Definition:
        """A definition in index form, derivatives in it worked out."""
        found = self.converter.definition(d)
        body = evaluate_partials(found.body, self.scope)
        return found if body is found.body else replace(found, body=body)

    def _as_derivative(self, wrt: Symbol) -> Expr:
        """A line that is the derivative of a defined function, worked out as it was read: as a derivative.

        f'(x) is read as what it is; which rule was missed shows only in the derivative of f.
        """
        known = {*self.scope.declarations, *self.scope.definitions}
        for definition in self.index_scope.definitions.values():
            if definition.indices:
                continue
            own = [s for s in symbols(definition.body) if s.name not in known and not s.indices]
            body = substitute(definition.body, {own[0]: wrt}) if len(own) == 1 else definition.body
            if wrt not in symbols(body):
                continue
            candidate = Partial(body, wrt)
            right = self.slopes.worked(candidate)
            point = Sampler((right, self.start), self.index_scope).draw(3)
            floats = Floats(self.index_scope, point)
            worked, read = floats.table(right), floats.table(self.start)
            if worked is not None and read is not None and agree(floats, worked, read):
                return candidate
        return self.start

    def at_zero(self, e: Expr) -> Expr:
        """At 0 of what is only there to be differentiated by: the t of W + t V."""
        return substitute(e, {Symbol(name): ZERO for name in self.zeros}) if self.zeros else e

    def _letters(self) -> tuple[Index, ...]:
        """A letter for each dimension of the line before; those of an after by entries, if it is one."""
        taken = {*letters(self.before), *letters(self.after)}
        dims = self.converter.layout(self.before).dims
        spare = sorted(free_indices(self.after) - free_indices(self.before), key=lambda i: i.letter)
        if dims and sorted(i.dim for i in spare) == sorted(dims):
            own = {i.dim: i for i in spare}
            if len(own) == len(spare):
                return tuple(own[dim] for dim in dims)
        found: list[Index] = []
        for dim in dims:
            found.append(self.converter.fresh(dim, taken))
            taken.add(found[-1].letter)
        return tuple(found)

    @cached_property
    def wrong(self) -> Expr | None:
        """The line after in index form, None where its shapes do not fit."""
        return self.entry(self.after)

    @cached_property
    def has_derivative(self) -> bool:
        """Whether a derivative is to be worked out in this step."""
        return holds_partial(self.start)

    @cached_property
    def parts(self) -> tuple[Expr, ...]:
        """Every node of the line before, and of the definitions it uses."""
        found: dict[Expr, None] = {}
        stack: list[Expr] = [self.start]
        seen: set[str] = set()
        while stack:
            for node in postorder(stack.pop()):
                found.setdefault(node)
                name = node.name if isinstance(node, Symbol | Call) else ""
                if name in self.index_scope.definitions and name not in seen:
                    seen.add(name)
                    stack.append(self.index_scope.definitions[name].body)
        return tuple(found)

    @cached_property
    def moving(self) -> frozenset[str]:
        """The names that depend on a variable of differentiation."""
        variables = {n.wrt for n in self.parts if isinstance(n, Partial)}
        return frozenset[str]().union(*(self.slopes.frame(v).movers for v in variables))

    def sifted(self, e: Expr) -> Expr:
        """``e`` without the sums that a delta undoes: x_ij for Σ_k x_ik δ_kj."""
        if size_of(e) > 40 or not any(isinstance(n, Delta) for n in postorder(e)):
            return e
        try:
            steps = simplify(tidy(e), Context(self.index_scope))
        except (WhygradError, AssertionError):
            return e
        return steps[-1].after if steps else tidy(e)

    @cached_property
    def extra_letters(self) -> tuple[Index, ...]:
        """Free letters of the line after that the line before does not have."""
        before = free_indices(self.start) | set(self.letters)
        return tuple(sorted(free_indices(self.after) - before, key=lambda i: i.letter))

    def entry(self, e: Expr) -> Expr | None:
        """``e`` in index form at the letters of the line before; None where shapes do not fit."""
        try:
            dims = self.converter.layout(e).dims
            if not dims and set(self.letters) <= free_indices(e):
                index = self.converter.entry(e, ())
            elif dims == tuple(i.dim for i in self.letters):
                index = self.converter.entry(e, self.letters)
            else:
                return None
            return self.at_zero(self.slopes.worked(index) if holds_partial(index) else index)
        except WhygradError:
            return None

    @cached_property
    def sieves(self) -> tuple[Sieve, ...]:
        """Points at which candidates are tried."""
        wrong = self.wrong
        lines = (self.right,) if wrong is None else (self.right, wrong)
        scope = softened(self.index_scope) if self.soft else self.index_scope
        sampler = Sampler((*lines, *self.letters), scope)
        found: list[Sieve] = []
        for seed in range(4 * POINTS):
            sizes = {dim: n + seed // 2 for dim, n in draw_sizes(sampler.dimensions, seed % 2 + 11).items()}
            try:
                floats = Floats(self.index_scope, sampler.draw(seed, sizes))
            except ValueError:  # a range that is empty at these sizes
                continue
            before = floats.table(self.right)
            after = None if wrong is None else floats.table(wrong)
            if before is not None and all(x == x for x in before[1]):
                found.append(Sieve(floats, before, after))
            if len(found) == POINTS:
                break
        return tuple(found)

    def _is_spent(self) -> bool:
        """Whether enough has been computed for one line; the candidates tried first are the likeliest."""
        return sum(sieve.floats.count for sieve in self.sieves) > BUDGET

    def is_after(self, e: Expr) -> bool:
        """Whether ``e`` (index form) has the values of the line after."""
        if not self.sieves or self._is_spent():
            return False
        for sieve in self.sieves:
            table = sieve.floats.table(e)
            if table is None or sieve.after is None or not agree(sieve.floats, table, sieve.after):
                return False
        return True

    def ratio_of_after(self, e: Expr) -> Fraction | None:
        """The small number that the line after is of ``e`` (index form) everywhere; None where it is none."""
        if not self.sieves or self._is_spent():
            return None
        found: set[Fraction] = set()
        for sieve in self.sieves:
            table = sieve.floats.table(e)
            if table is None or sieve.after is None or table[0] != sieve.after[0]:
                return None
            for x, y in zip(table[1], sieve.after[1], strict=True):
                if not (math.isfinite(x) and math.isfinite(y)) or (x == 0) != (y == 0):
                    return None
                if x:
                    near = Fraction(y / x).limit_denominator(4)
                    if abs(y / x - near) > 1e-9 or abs(near) > 4:
                        return None
                    found.add(near)
            if len(found) > 1:
                return None
        return found.pop() if found else None

    def is_before(self, e: Expr | None) -> bool:
        """Whether ``e`` (any form) has the values of the line before."""
        if e is None or not self.sieves or self._is_spent():
            return False
        index = self.entry(e)
        if index is None:
            return False
        if free_indices(index) - free_indices(self.right) - set(self.letters):
            return False
        for sieve in self.sieves:
            table = sieve.floats.table(index)
            if table is None or not agree(sieve.floats, table, sieve.before):
                return False
        return True

    @cached_property
    def names_of(self) -> dict[Expr, Expr]:
        """What a definition stands for, at the places where it was put in -> its name there."""
        found: dict[Expr, Expr] = {}
        for e in (
            self.before,
            self.after,
            self.start,
            *(d.body for d in self.index_scope.definitions.values()),
        ):
            for symbol in symbols(e):
                definition = self.index_scope.definitions.get(symbol.name)
                if definition is None or len(definition.indices) != len(symbol.indices):
                    continue
                body = instantiate(definition, symbol.indices)
                if not isinstance(body, Symbol | Number):
                    found.setdefault(body, symbol)
        return found

    def named(self, e: Expr) -> Expr:
        """``e`` with what has a name called by it: f (1 - f) for sigmoid(z) (1 - sigmoid(z))."""
        for _ in range(3):
            new = substitute(e, self.names_of)
            if new is e:
                break
            e = new
        return e

    def proves(self, a: Expr, b: Expr) -> bool:
        """Whether two expressions in index form are equal, by the judge."""
        verdict: Verdict = same_value(a, b, self.index_scope)
        return verdict.kind == "equal"


def softened(scope: Scope) -> Scope:
    """Labels as numbers between their values, so that y^2 = y explains nothing by accident."""
    changed: dict[str, Declaration] = {}
    for name, declaration in scope.declarations.items():
        values = declaration.values
        soft = Domain("interval", low=min(values), high=max(values)) if len(values) > 1 else None
        if declaration.has("onehot"):
            soft = Domain("simplex", dim=next(d.dim for d in declaration.domains if d.kind == "onehot"))
        changed[name] = declaration if soft is None else replace(declaration, domains=(soft,))
    return Scope(changed, scope.definitions)
