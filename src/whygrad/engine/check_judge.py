"""One pair of lines under one reading: equal, different, ill-typed, undecided - and how it is known.

A line may have the shape of the one before in other words: a gradient by its component j, a matrix in
the other layout, a second derivative by its diagonal. These are tried before shapes are said not to fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.derivation import Evidence
from whygrad.core.errors import WhygradError
from whygrad.core.expr import (
    ONE,
    ZERO,
    Compare,
    Delta,
    Expr,
    Index,
    Number,
    Partial,
    Reduce,
    Symbol,
    add,
    mul,
    neg,
)
from whygrad.core.report import Pair
from whygrad.core.walk import fold, free_indices, names, postorder, substitute
from whygrad.engine.check_fold import named_again
from whygrad.meaning.differentiate import evaluate_partials
from whygrad.meaning.enclose import sampled_equal
from whygrad.meaning.equal import Verdict, same_value
from whygrad.meaning.to_index import Converter
from whygrad.syntax.people.resolve import Val

MOST_SUMS: Final = 12
"""A line with more sums inside one another is not judged."""
MOST_NODES: Final = 60_000
"""A line whose derivative grows beyond this is not judged."""


@dataclass(slots=True)
class Case:
    """Positions taken to be equal, or to differ."""

    equal: tuple[tuple[str, str], ...] = ()
    unequal: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """In words."""
        parts = [f"{a} = {b}" for a, b in self.equal] + [f"{a} ≠ {b}" for a, b in self.unequal]
        return ", ".join(parts)


@dataclass(slots=True)
class Judge:
    """Judges pairs in one scope; what was worked out is kept."""

    scope: Scope
    zeros: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    """The free letters of line 0: they cannot be lost."""
    row_gradient: bool = False
    converter: Converter = field(init=False)
    _named: dict[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    _plain: dict[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    _opaque: dict[Expr, frozenset[str]] = field(default_factory=dict[Expr, frozenset[str]])

    def __post_init__(self) -> None:
        self.converter = Converter(self.scope)

    # --- values ----------------------------------------------------------------------------------

    def plain(self, e: Expr) -> Expr:
        """By index, derivatives carried out, at 0 of what is a direction's parameter."""
        found = self._plain.get(e)
        if found is None:
            found = evaluate_partials(e, self.scope)
            if self.zeros and names(found) & self.zeros:
                found = substitute(found, {Symbol(n): ZERO for n in self.zeros})
            self._plain[e] = found
        return found

    def entry(self, value: Val, at: tuple[Expr, ...]) -> Expr:
        """The entry of a value."""
        if not value.dims:
            return self.plain(self.converter.entry(value.expr, ()))
        return self.plain(self.converter.entry(value.expr, at))

    def depends(self, e: Expr) -> frozenset[str]:
        """The names a value is made of, through definitions."""
        found = self._opaque.get(e)
        if found is None:
            seen: set[str] = set()
            stack = [e]
            while stack:
                for node in postorder(stack.pop()):
                    name = getattr(node, "name", None)
                    if isinstance(name, str) and name not in seen:
                        seen.add(name)
                        definition = self.scope.definitions.get(name)
                        if definition is not None:
                            stack.append(definition.body)
            found = self._opaque[e] = frozenset(seen)
        return found

    # --- a pair ----------------------------------------------------------------------------------

    def pair(self, a: Val, b: Val, case: Case | None = None) -> Pair:
        """Judge two values in a case."""
        case = case or Case()
        if self.opaque and self.unrelated(a, b):
            return Pair("undecided", Evidence("undecided", "the text does not say how its quantities depend"))
        worst: Pair | None = None
        a, b = self.named(a), self.named(b)
        try:
            for left, right, note in self.forms(a, b):
                found = self.judged(left, right, case)
                if note:
                    found = replace(found, notes=(*found.notes, note))
                if found.verdict == "equal":
                    return found
                if worst is None or (worst.verdict == "undecided" and found.verdict == "different"):
                    worst = replace(found, notes=())
        except WhygradError as error:
            return Pair("undecided", Evidence("undecided", error.reason))
        except (RecursionError, MemoryError, KeyError, ValueError, AttributeError, IndexError) as error:
            return Pair("undecided", Evidence("undecided", f"not worked out ({type(error).__name__})"))
        if worst is not None and worst.verdict == "different" and self.detached(a, b):
            why = "the text does not say how what is differentiated depends on the variable"
            return Pair("undecided", Evidence("undecided", why))
        if worst is None:
            why = f"{_shape(a)} cannot equal {_shape(b)}"
            return Pair("ill-typed", Evidence("refuted", why))
        return worst

    def named(self, v: Val) -> Val:
        """A value whose derivatives are by names that stand written out in them."""
        found = self._named.get(v.expr)
        if found is None:
            found = self._named[v.expr] = named_again(v.expr, self.scope)
        return v._replace(expr=found)

    def forms(self, a: Val, b: Val) -> Iterator[tuple[Expr, Expr, str]]:
        """The ways in which two values can be meant to have one shape, the plainest first."""
        a_dims, b_dims = a.dims, b.dims
        if a.rank == b.rank:
            if a_dims == b_dims:
                at = self.letters(a_dims, a, b)
                yield self.entry(a, at), self.entry(b, at), ""
                if a.rank == 2 and a_dims[0] == a_dims[1] and self.row_gradient and _layout_free(a, b):
                    yield self.entry(a, at), self.entry(b, at[::-1]), "in the other layout"
            elif a.rank == 2 and a_dims == b_dims[::-1]:
                at = self.letters(a_dims, a, b)
                if self.row_gradient and _layout_free(a, b):
                    yield self.entry(a, at), self.entry(b, at[::-1]), "in the other layout"
            return
        wide, slim = (a, b) if a.rank > b.rank else (b, a)
        if isinstance(slim.expr, Number) and not slim.expr.value:
            at = self.letters(wide.dims, wide)
            yield self.entry(wide, at), ZERO, ""
            return
        at = self.letters(slim.dims, slim, wide)
        for positions, letters in self.components(wide, slim):
            full = positions
            note = f"by component {', '.join(letters)}"
            left = self.entry(wide, full)
            right = self.entry(slim, at)
            yield (left, right, note) if wide is a else (right, left, note)
            if wide.rank == 2 and slim.rank == 0:
                turned = self.entry(wide, full[::-1])
                yield (turned, right, note) if wide is a else (right, turned, note)
        square = wide.rank == 2 and slim.rank == 1 and wide.dims[0] == wide.dims[1] == slim.dims[0]
        if square and any(isinstance(node, Partial) for node in postorder(wide.expr)):
            i, k = self.letters((wide.dims[0], wide.dims[0]), wide, slim)
            left, right = self.entry(wide, (i, k)), mul(Delta(i, k), self.entry(slim, (i,)))
            note = "the derivative entry by entry, a diagonal matrix"
            yield (left, right, note) if wide is a else (right, left, note)

    def components(self, wide: Val, slim: Val) -> Iterator[tuple[tuple[Expr, ...], tuple[str, ...]]]:
        """Free letters of the slim value that say which component of the wide one is meant."""
        missing = wide.rank - slim.rank
        if slim.rank:
            return
        mine = free_indices(wide.expr)
        own = sorted((i for i in free_indices(slim.expr) if i not in mine), key=lambda i: i.letter)
        if missing == 1:
            for index in own:
                if index.dim == wide.dims[0]:
                    yield (index,), (index.letter,)
        elif missing == 2:
            for i in own:
                for k in own:
                    if i is not k and (i.dim, k.dim) == wide.dims:
                        yield (i, k), (i.letter, k.letter)

    def letters(self, dims: tuple[str, ...], *values: Val) -> tuple[Expr, ...]:
        """Fresh letters for some dimensions."""
        taken = {i.letter for v in values for i in free_indices(v.expr)}
        for v in values:
            taken |= {node.letter for node in postorder(v.expr) if isinstance(node, Index)}
        out: list[Expr] = []
        for dim in dims:
            index = self.converter.fresh(dim, taken)
            taken.add(index.letter)
            out.append(index)
        return tuple(out)

    def judged(self, a: Expr, b: Expr, case: Case) -> Pair:
        """Two entries."""
        a, b, repaired = self.in_case(a, b, case)
        found = self.ask(a, b)
        if found.kind == "different":
            for note, one, two in self.identified(a, b):
                again = self.ask(one, two)
                if again.kind == "equal":
                    return Pair("equal", again.evidence, (note,))
        notes = (f"for {case.text}",) if case.text and repaired else ()
        if found.kind == "different" and self.unknown(a, b):
            why = "it depends on what is not defined in the text"
            return Pair("undecided", Evidence("undecided", why))
        return Pair(found.kind, found.evidence, notes)

    def ask(self, a: Expr, b: Expr) -> Verdict:
        """The judge of values."""
        for e in (a, b):
            if sum(1 for _ in postorder(e)) > MOST_NODES:
                return Verdict("undecided", Evidence("undecided", "the expressions grow too large"))
            if _depth_of_sums(e) > MOST_SUMS:
                return Verdict("undecided", Evidence("undecided", "too many sums stand inside one another"))
        found = same_value(a, b, self.scope)
        if found.kind == "undecided":
            for seed in (7, 23, 41):  # other sizes: an inverse may exist for some only
                if sampled_equal(a, b, self.scope, seed=seed):
                    why = "equal to 100 bits at 12 random points, over two assignments of sizes"
                    return Verdict("equal", Evidence("sampled", why))
        return found

    def unknown(self, a: Expr, b: Expr) -> bool:
        """Whether something undefined, or its derivative, stands on one side only."""
        left, right = self.coefficients(a), self.coefficients(b)
        return left != right

    def coefficients(self, e: Expr) -> frozenset[str]:
        """The undefined quantities whose general form takes part."""
        inside = self.depends(e) if not self._unfolds(e) else names(e)
        return frozenset(n for n in self.opaque if any(x.startswith(f"{n}·") for x in inside))

    def _unfolds(self, e: Expr) -> bool:
        """Whether a general form would be reached only through the name that it stands for."""
        return any(n in names(e) for n in self.opaque)

    def detached(self, *values: Val) -> bool:
        """Whether something is differentiated by a name on which nothing known of it depends."""
        for v in values:
            for node in postorder(v.expr):
                if isinstance(node, Partial) and node.wrt.name not in self.depends(node.body):
                    if self.together({node.wrt.name, *names(node.body)}):
                        continue
                    made_of = self.depends(node.body)
                    if any(n in self.scope.declarations for n in made_of):
                        return True
        return False

    def together(self, some: set[str]) -> bool:
        """Whether one definition is made of all of some names: how they depend on one another is said."""
        return any(some <= self.depends(d.body) | {d.name} for d in self.scope.definitions.values())

    def unrelated(self, a: Val, b: Val) -> bool:
        """Whether an undefined quantity is differentiated by names whose relation is not given."""
        for name in self.opaque:
            one, two = (self.variables(v.expr, name) for v in (a, b))
            for x in one:
                for y in two:
                    related = x == y or x in self.depends(Symbol(y)) or y in self.depends(Symbol(x))
                    if not related:
                        return True
        return False

    def variables(self, e: Expr, name: str) -> frozenset[str]:
        """By what a name is differentiated in a line."""
        return frozenset(
            node.wrt.name
            for node in postorder(e)
            if isinstance(node, Partial) and isinstance(node.body, Symbol) and node.body.name == name
        )

    def in_case(self, a: Expr, b: Expr, case: Case) -> tuple[Expr, Expr, bool]:
        """With positions made equal, or only where they differ."""
        changed = False
        for one, other in case.equal:
            for x in sorted(free_indices(a) | free_indices(b), key=lambda i: i.letter):
                if x.letter == one:
                    y = Index(other, x.dim)
                    a, b = substitute(a, {x: y}), substitute(b, {x: y})
                    changed = True
        for one, other in case.unequal:
            free = {i.letter: i for i in free_indices(a) | free_indices(b)}
            if one in free and other in free:
                apart = add(ONE, neg(Delta(free[one], free[other])))
                a, b = mul(apart, a), mul(apart, b)
                changed = True
        return a, b, changed

    def identified(self, a: Expr, b: Expr) -> Iterator[tuple[str, Expr, Expr]]:
        """One side has a letter that the other lacks: it may be meant as one that both have."""
        left, right = free_indices(a), free_indices(b)
        for extra, own in ((right - left, left), (left - right, right)):
            for x in sorted(extra, key=lambda i: i.letter):
                if told_apart(x, a, b):
                    continue
                for y in sorted(own, key=lambda i: i.letter):
                    if x.dim == y.dim and x is not y and x.letter not in self.own:
                        swap: dict[Expr, Expr] = {x: y}
                        one, two = substitute(a, swap), substitute(b, swap)
                        yield f"{x.letter} read as {y.letter}", one, two


def _depth_of_sums(e: Expr) -> int:
    """How many sums stand inside one another."""
    return fold(e, lambda node, kids: max(kids, default=0) + isinstance(node, Reduce))


def told_apart(x: Index, *lines: Expr) -> bool:
    """Whether a letter is compared in a delta: then it is not meant as another one."""
    for node in (node for e in lines if x in free_indices(e) for node in postorder(e)):
        if isinstance(node, Delta) and x in (node.left, node.right):
            return True
        if isinstance(node, Compare) and node.op == "==" and x in node.args:
            return all(isinstance(a, Index) for a in node.args)
    return False


def _layout_free(a: Val, b: Val) -> bool:
    """Whether a matrix of derivatives takes part, whose layout is a convention."""
    return any(isinstance(node, Partial) for v in (a, b) for node in postorder(v.expr))


def _shape(v: Val) -> str:
    sizes = f" ({', '.join(v.dims)})" if v.dims else ""
    return ("a number", "a vector", "a matrix")[min(v.rank, 2)] + sizes
