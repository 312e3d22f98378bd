"""Symbols at their positions: what is written, and what people leave out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from whygrad.core.cost import Domain
from whygrad.core.errors import Span
from whygrad.core.expr import (
    Call,
    Compare,
    Delta,
    Expr,
    Index,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.arithmetic import Arithmetic
from whygrad.syntax.people.base import Val
from whygrad.syntax.people.dims import MisfitError, UnknownError, kind_of
from whygrad.syntax.people.scripts import Parts, positions, spell
from whygrad.syntax.people.setting import Kinds
from whygrad.syntax.people.tree import Tree

MOST_INDICES: Final = 5
"""Most indices of a name."""


class NoUse:
    """A name of which no use was seen."""

    slots: int = 0
    sups: int = 0
    bare: int = 0
    numbers: frozenset[int] = frozenset()
    subs: frozenset[int] = frozenset()


NO_USE: Final = NoUse()


class Positions(Arithmetic):
    """Undefined names with their indices, and conditions on positions."""

    def mean_of(self, name: str, span: Span) -> Val | None:
        """A bar over a name with examples: their mean, unless the text defines it."""
        use = self.s.letters.uses.get(name)
        if use is None or name in self.s.meant or (use.slots, use.sups) not in ((1, 0), (0, 1)) or use.bare:
            return None
        dims = self.dims_of(name, use.sups, use.slots)
        self.s.say(f"{name} with a bar", f"the mean of {name}", span)
        index = Index(f"{name}~", self.s.dims.find(dims[0]))
        total = Reduce("sum", index, Symbol(name, (index,)))
        return Val(mul(inverse(Size(index.dim)), total), dims[1:])

    def placed(self, name: str, found: Parts, span: Span) -> Val:
        """An undefined name: its symbol with its positions."""
        use = self.s.letters.uses.get(name, NO_USE)
        if name == "delta" and len(found.subs) == 2 and not found.sups:
            return self.delta_of(found.subs, span)
        shown = self.numbered(name, found)
        if shown is not None:
            return shown
        subs = found.subs
        first = tuple(t.bare(x) for x in subs)
        self.declared_positions(name, found, span)
        if self.is_entry(name, found):
            return self.symbol(name, (), subs, 0, len(subs), span)
        if subs and all(isinstance(x, t.Num) for x in first) and name not in self.s.numbered:
            whole = "_".join((name, *(spell(x) for x in first)))
            if not (use.subs - {0}) or 0 in use.numbers:
                return self.symbol(whole, found.sups, (), 1 if found.sups else 0, 0, span)
        if name in self.s.squares and not subs and not found.sups:
            self.dims_of(f"{name}2", 0, 0)
            return Val(Pow(Symbol(f"{name}2"), Number(Fraction(1, 2))))
        if max(use.slots, len(subs)) + len(found.sups) > MOST_INDICES:
            raise UnknownError(f"{name} has more than {MOST_INDICES} indices", span)
        sups = max(use.sups, len(found.sups), int(name in self.s.hidden))
        if found.name == name and name in self.s.alias.values() and not found.sups and not subs:
            return Val(Symbol(name), self.dims_of(name, sups, use.slots))  # the whole array
        return self.symbol(name, found.sups, subs, sups, max(use.slots, len(subs)), span)

    def declared_positions(self, name: str, found: Parts, span: Span) -> None:
        """Leave open what has more indices than its declaration gave it."""
        said = self.s.kinds.get(name)
        if said is None or not said.declared or said.rank is None:
            return
        used = len(found.sups) + len(found.subs)
        if used > said.rank:
            raise UnknownError(f"{name} is declared with {said.rank} indices and used with {used}", span)

    def is_entry(self, name: str, found: Parts) -> bool:
        """Whether ``x_2`` is an entry, for x was declared with as many indices."""
        said, use = self.s.kinds.get(name), self.s.letters.uses.get(name, NO_USE)
        if said is None or not said.declared or not found.subs or found.sups or 0 in use.numbers:
            return False
        if not all(isinstance(t.bare(x), t.Num) for x in found.subs):
            return False
        return name not in self.s.numbered and said.rank == len(found.subs)

    def numbered(self, name: str, found: Parts) -> Val | None:
        """``theta_0`` as an entry of theta."""
        first = self.s.numbered.get(name)
        if first is None or len(found.subs) != 1:
            return None
        at = t.bare(found.subs[0])
        if not isinstance(at, t.Num):
            return None
        dim = self.dims_of(name, 0, 1)[0]
        return Val(Symbol(name, (Number(at.value - first[0] + 1),))) if dim else None

    def dims_of(self, name: str, sups: int, subs: int) -> tuple[str, ...]:
        """The dimensions of an undefined name: examples, subscripts, then what is left."""
        if name not in self.used:
            said = self.s.kinds.get(name)
            left = self.s.ranks.get(name, self.s.ranks.get(name.split("_")[0], 0))
            count = sups + subs + left
            if said is not None and said.declared and said.rank is not None:
                count = said.rank
            dims = tuple(f"{name}.{k}" for k in range(count))
            if said is not None and len(said.sizes) == count:
                for dim, size in zip(dims, said.sizes, strict=True):
                    self.s.dims.join(dim, size)
            if name in self.s.numbered:
                self.s.dims.join(dims[0], str(self.s.numbered[name][1]))
            self.used[name] = dims
        return self.used[name]

    def symbol(
        self,
        name: str,
        at_sups: tuple[Tree, ...],
        at_subs: tuple[Tree, ...],
        sups: int,
        subs: int,
        span: Span,
    ) -> Val:
        """A symbol with the positions that are written and those that were dropped."""
        dims = self.dims_of(name, sups, subs)
        sups = min(sups, len(dims))
        if len(at_subs) > len(dims) - sups:
            raise MisfitError(f"{name} has no {len(at_subs)} indices", span)
        if sups and not at_sups:
            hidden = self.example(name, dims[0], span)
            if hidden is not None:
                at = [hidden]
            elif at_subs:
                raise UnknownError(f"nothing says for which example {name} stands", span)
            else:
                return Val(Symbol(name), dims)
        else:
            at = [self.position(x, d) for x, d in zip(at_sups, dims, strict=False)]
        at += self.at(at_subs, dims[len(at) :], name, span)
        return Val(Symbol(name, at), dims[len(at) :])

    def example(self, name: str, dim: str, span: Span) -> Expr | None:
        """The example a name without its index belongs to: the sum's around it, else any."""
        if name in self.s.hidden:
            if "s*" in self.bound:
                return self.bound["s*"]
            self.free.add("s*")
            self.s.dims.join(dim, "@s*")
            return Index("s", self.s.dims.find(dim))
        for letter, index in reversed(self.bound.items()):
            if letter in self.s.letters.examples or letter in self.s.letters.bound:
                self.s.dims.join(dim, index.dim)
                self.s.say(f"{name} inside the sum", f"{name} of example {letter}", span)
                return Index(index.letter, self.s.dims.find(index.dim))
        return None

    def at(self, items: tuple[Tree, ...], dims: tuple[str, ...], name: str, span: Span) -> list[Expr]:
        """Positions of subscripts."""
        if len(items) > len(dims):
            raise MisfitError(f"{name} has {len(dims)} indices and is used with {len(items)}", span)
        return [self.position(x, d) for x, d in zip(items, dims, strict=False)]

    def looked_up(self, item: Tree, low: int) -> Expr:
        """An index that is the entry of an array of positions from ``low`` on: the t_i of ``E_{t_i,j}``."""
        value = self.value(item)
        if value.rank or not isinstance(value.expr, Symbol) or value.expr.name in self.s.meant:
            raise UnknownError("this index is not read", item.span)
        said = self.s.kinds.get(value.expr.name, Kinds())
        if not said.domains:
            whole = Domain("integer"), Domain("interval", low=Fraction(low), closed=(True, False))
            self.s.kinds[value.expr.name] = replace(said, domains=whole)
        return value.expr

    def position(self, item: Tree, dim: str) -> Expr:
        """An index position on a dimension."""
        inside = t.bare(item)
        match inside:
            case t.Script(t.Name(), sub, None, 0) if sub is not None:
                return self.looked_up(inside, 1)
            case t.Num(value):
                return Number(max(value, Fraction(1)))
            case t.Name(letter):
                return self.letter(letter, dim, item.span)
            case t.Script(t.Name(letter), None, None, primes):
                return self.letter(letter + "'" * primes, dim, item.span)
            case t.Sum(terms):
                parts: list[Expr] = []
                for sign, term in terms:
                    inner = t.bare(term)
                    if isinstance(inner, t.Script) and not inner.primes and inner.sub is not None:
                        found = self.looked_up(term, 0)
                        parts.append(found if sign > 0 else neg(found))
                        continue
                    part = (
                        self.position(term, dim) if not isinstance(t.bare(term), t.Num) else self.number(term)
                    )
                    parts.append(part if sign > 0 else neg(part))
                return add(*parts)
            case _:
                raise UnknownError("this index is not read", item.span)

    def letter(self, letter: str, dim: str, span: Span) -> Expr:
        """An index letter on a dimension."""
        if letter in self.positions_of:
            found = self.positions_of[letter]
            for index in (found,) if isinstance(found, Index) else ():
                self.join(index.dim, dim, letter, span)
                return Index(index.letter, self.s.dims.find(dim))
            return found
        if letter in self.bound:
            index = self.bound[letter]
            self.join(index.dim, dim, letter, span)
            return Index(index.letter, self.s.dims.find(dim))
        self.free.add(letter)
        self.join(self.ring(letter), dim, letter, span)
        return Index(letter, self.s.dims.find(dim))

    def join(self, a: str, b: str, letter: str, span: Span) -> None:
        """An index letter runs over one dimension."""
        if not self.s.dims.join(a, b):
            self.s.choices.add("letters_apart")
            sizes = f"{self.s.dims.find(a)} and {self.s.dims.find(b)}"
            raise MisfitError(f"{letter} runs over two dimensions, {sizes}", span, letter, b)

    def entry(self, e: Expr, at: list[Expr]) -> Expr:
        """The entry of an array at positions."""
        from whygrad.core.expr import Entry  # noqa: PLC0415

        if isinstance(e, Symbol):
            return Symbol(e.name, (*e.indices, *at))
        return Entry(e, at)

    def indexed(self, value: Val, sub: Tree, span: Span) -> Val:
        """Entries of an array in brackets: ``[Xw]_i``."""
        found, label = positions(sub, self.s.letters)
        if label or not found:
            return value
        if len(found) > value.rank:
            if value.rank == 0:
                raise MisfitError("a number has no entries", span)
            raise MisfitError(f"{kind_of(value.dims)} has no {len(found)} indices", span)
        at = [self.position(x, d) for x, d in zip(found, value.dims, strict=False)]
        return Val(self.entry(value.expr, at), value.dims[len(at) :])

    def delta_of(self, items: tuple[Tree, ...], span: Span) -> Val:
        """``delta(j, k)``."""
        letters = [spell(t.bare(x)) for x in items]
        own = next((x for x in letters if not x.isdigit()), letters[0])
        dim = self.bound[own].dim if own in self.bound else self.ring(own)
        return Val(Delta(self.position(items[0], dim), self.position(items[1], dim)))

    def condition(self, tree: Tree, *, each: bool = False) -> Expr:
        """A comparison of values or of positions; with ``each`` of arrays, entry by entry."""
        tree = t.bare(tree)
        if not isinstance(tree, t.Relation):
            raise UnknownError("a condition is a comparison", tree.span)
        out: list[Expr] = []
        pairs = zip(tree.operands, tree.operands[1:], tree.ops, strict=False)
        for left, right, op in pairs:
            if op not in ("=", "!=", "<", ">", "<=", ">="):
                raise UnknownError(f"the condition {op} is not read", tree.span)
            a, b = t.bare(left), t.bare(right)
            if self.is_letter(a) or self.is_letter(b):
                own = spell(a) if self.is_letter(a) else spell(b)
                dim = self.bound[own].dim if own in self.bound else self.ring(own)
                sides = [self.side(x, dim) for x in (a, b)]
            else:
                sides = [self.each(x) if each else self.number(x) for x in (a, b)]
            out.append(Compare("==" if op == "=" else op, tuple(sides)))  # pyright: ignore
        return out[0] if len(out) == 1 else Compare("and", tuple(out))

    def condition_value(self, tree: t.Relation) -> Val:
        """A comparison as numbers 0 and 1: of arrays one for each entry."""
        if len(tree.operands) == 2 and tree.ops[0] in ("<", ">", "<=", ">="):
            a, b = (self.compared(x) for x in tree.operands)
            if a.rank or b.rank:
                if a.rank and b.rank:
                    self.s.dims.join_all(a.dims, b.dims, tree.span, "a comparison")
                wide = a if a.rank else b
                op = tree.ops[0]
                return Val(Compare(op, (a.expr, b.expr)), wide.dims)  # pyright: ignore[reportArgumentType]
        return Val(self.condition(tree))

    def compared(self, tree: Tree) -> Val:
        """A side of a comparison; bars around an array are no length there."""
        if isinstance(tree, t.Bars) and not tree.double and tree.sub is None and tree.sup is None:
            inside = self.value(tree.body)
            if inside.rank:
                return Val(Call("abs", (inside.expr,)), inside.dims)
        if self.is_letter(t.bare(tree)):
            return Val(Number(0))  # a position: for :meth:`condition`
        return self.value(tree)

    def each(self, tree: Tree) -> Expr:
        """A side of a comparison entry by entry: the bars of ``|r| <= d`` are no length."""
        if isinstance(tree, t.Bars) and not tree.double and tree.sub is None and tree.sup is None:
            inside = self.value(tree.body)
            if inside.rank:
                return Call("abs", (inside.expr,))
        return self.value(tree).expr

    def side(self, tree: Tree, dim: str) -> Expr:
        """A side of a comparison of positions."""
        if self.is_letter(tree):
            return self.position(tree, dim)
        if isinstance(tree, t.Num):
            return Number(tree.value)
        return self.number(tree)

    def is_letter(self, tree: Tree) -> bool:
        """Whether a name is an index letter here."""
        if not isinstance(tree, t.Name):
            return False
        name = tree.name
        if name in self.bound or name in self.positions_of:
            return True
        if name in self.s.letters.pointers:
            return True
        use = self.s.letters.uses.get(name)
        return self.s.letters.is_index(name) and (
            name in self.s.letters.subscripted or use is None or not (use.bare or use.indexed)
        )
