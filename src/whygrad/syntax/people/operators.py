"""Sums over letters, cases, derivatives and differentials."""

from __future__ import annotations

from whygrad.core.errors import Span
from whygrad.core.expr import (
    Apply,
    Cases,
    Compare,
    Expr,
    Index,
    Number,
    Partial,
    Reduce,
    Size,
    Symbol,
    add,
    inverse,
    mul,
)
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.base import Val
from whygrad.syntax.people.calls import Calls
from whygrad.syntax.people.dims import UnknownError
from whygrad.syntax.people.scripts import Parts, name_parts, spell
from whygrad.syntax.people.tree import Tree


class Operators(Calls):
    """What binds a letter or differentiates."""

    def big(self, tree: t.Big) -> Val:
        """A sum, product, maximum over its letters."""
        if tree.op not in ("sum", "prod", "max", "min", "mean"):
            raise UnknownError(f"{tree.op} is not a value", tree.span)
        if tree.op in ("sum", "mean") and not tree.binder.letters and tree.binder.where is None:
            whole = self.value(tree.body)
            if tree.op == "sum" and whole.rank in (1, 2) and isinstance(tree.body, t.Group):
                return self.total_of(whole)
            if tree.op == "mean" and whole.rank == 1:  # of the entries of a vector
                index = Index("s", self.s.dims.find(whole.dims[0]))
                entries = Reduce("sum", index, self.entry(self.upright(whole), [index]))
                return Val(mul(inverse(Size(index.dim)), entries))
        held = dict(self.bound)
        held_positions = dict(self.positions_of)
        letters = self.unlike(tree.binder) or tree.binder.letters or self.unnamed(tree)
        indices: list[Index] = []
        for letter in letters:
            dim = self.range_of(letter, tree.binder, tree.span)
            self.positions_of.pop(letter, None)
            self.bound.pop(letter, None)
            self.bound[letter] = Index("s" if letter == "s*" else letter, dim)
            indices.append(self.bound[letter])
        body = self.value(tree.body)
        where = None if tree.binder.where is None else self.condition(tree.binder.where)
        where = self.lower_limit(tree.binder, indices, where)
        self.bound = held
        self.positions_of = held_positions
        found = body.expr
        for k, index in enumerate(reversed(indices)):
            real = Index(index.letter, self.s.dims.find(index.dim))
            op = "sum" if tree.op == "mean" else tree.op
            found = Reduce(op, real, found, where if k == 0 else None)  # pyright: ignore[reportArgumentType]
            if tree.op == "mean":
                found = mul(inverse(Size(real.dim)), found)
        return Val(found, body.dims, body.row)

    def total_of(self, value: Val) -> Val:
        """The sum of all entries of an array."""
        letters = [Index(f"s{k}", self.s.dims.find(d)) for k, d in enumerate(value.dims)]
        found = self.entry(self.upright(value) if value.rank == 1 else value.expr, list[Expr](letters))
        for index in reversed(letters):
            found = Reduce("sum", index, found)
        return Val(found)

    def unlike(self, binder: t.Binder) -> tuple[str, ...]:
        """``i != j`` below a sum binds both letters where neither is fixed outside."""
        where = binder.where
        if not isinstance(where, t.Relation) or where.ops != ("!=",) or len(binder.letters) != 1:
            return ()
        names = [x.name for x in map(t.bare, where.operands) if isinstance(x, t.Name)]
        fixed = set(self.bound) | set(self.positions_of) | self.fixed
        if len(names) == 2 and not set(names) & fixed and all(self.s.letters.is_index(n) for n in names):
            return tuple(names)
        return ()

    def unnamed(self, tree: t.Big) -> tuple[str, ...]:
        """A sum that names no index runs over the examples."""
        self.s.say("a sum without an index", "over the examples", tree.span)
        return ("s*",)

    def range_of(self, letter: str, binder: t.Binder, span: Span) -> str:
        """The dimension a bound letter runs over."""
        own = f"@{letter}#{self.tag}.{span.start}" if self.s.style.letters_apart else f"@{letter}"
        if binder.over:
            own = f"@{letter}:{binder.over}"
        high = binder.high
        if isinstance(high, t.Num) and high.value.denominator == 1 and 0 < high.value < 50:
            low = binder.low
            count = high.value + (1 if isinstance(low, t.Num) and low.value == 0 else 0)
            return str(int(count))
        size = self.size_name(high) or ("" if binder.over else self.s.counts.get(letter, ""))
        if size:
            self.s.dims.constants.add(size)
            if not self.s.dims.join(own, size):
                return size
        return self.s.dims.find(own)

    def size_name(self, high: Tree | None) -> str:
        """The size an upper limit names: ``m``, ``m - 1`` where counting began at 0."""
        match high:
            case t.Name(name) if name != "infty":
                return name
            case t.Sum(((1, t.Name(name)), (-1, t.Num(value)))) if value == 1:
                return name
            case t.Bars(t.Name(name)):
                return f"size_{name}"
            case _:
                return ""

    def lower_limit(self, binder: t.Binder, indices: list[Index], where: Expr | None) -> Expr | None:
        """A lower limit above 1 leaves positions out."""
        low = binder.low
        if isinstance(low, t.Num) and low.value > 1 and indices:
            left = Compare(
                ">=", (Index(indices[-1].letter, self.s.dims.find(indices[-1].dim)), Number(low.value))
            )
            return left if where is None else Compare("and", (where, left))
        return where

    def branches(self, tree: t.Branches) -> Val:
        """Values with conditions; the last one may stand for "otherwise"."""
        values = [self.value(v) for v, _ in tree.rows]
        wide = max(values, key=lambda v: v.rank)
        each = wide.rank > 0
        rows = [
            (None if c is None else self.condition(c, each=each), value, v)
            for value, (v, c) in zip(values, tree.rows, strict=True)
        ]
        for _, v, at in rows:
            if v.rank:
                self.s.dims.join_all(wide.dims, v.dims, at.span, "cases")
        if wide.rank:  # shape a number like the rest
            pass
        *firsts, last = rows
        found = [(c, v.expr) for c, v, _ in firsts if c is not None]
        if last[0] is not None and not found:
            return Val(Cases(((last[0], last[1].expr),), Number(0)), wide.dims)
        if not found:
            return last[1]
        return Val(Cases(found, last[1].expr), wide.dims)

    def derivative(self, tree: t.Deriv) -> Val:
        """A derivative of what follows."""
        if tree.body is None:
            raise UnknownError("a derivative of nothing", tree.span)
        wrt = tree.wrt
        if not wrt:
            if not self.s.wrt:
                raise UnknownError("nothing says by what is differentiated", tree.span)
            wrt = self.s.wrt[:1] * tree.order
        fact = self.fact(tree, wrt)
        if fact is not None:
            return fact
        return self.differentiate(self.value(tree.body), wrt, tree.span)

    def fact(self, tree: t.Deriv, wrt: tuple[Tree, ...]) -> Val | None:
        """A derivative the context gives, used where what is differentiated is not defined."""
        if len(wrt) != 1 or tree.body is None:
            return None
        body = t.bare(tree.body)
        found = name_parts(body, self.s.letters) if isinstance(body, t.Name | t.Script) else None
        if found is None or self.s.real(found.name) in self.s.meant:
            return None
        key = spell(tree.body), spell(wrt[0])
        for left, right in self.s.facts:
            if not isinstance(left, t.Deriv) or left.body is None or len(left.wrt) != 1:
                continue
            if (spell(left.body), spell(left.wrt[0])) != key or left is tree:
                continue
            if key in self.given_open:
                return None
            self.given_open.add(key)
            try:
                return self.value(right)
            finally:
                self.given_open.discard(key)
        return None

    def differentiate(self, body: Val, wrt: tuple[Tree, ...], span: Span) -> Val:
        """The unevaluated derivative, its shape that of the body and the variable."""
        for variable in wrt:
            by = self.variable(variable)
            dims = body.dims + by.dims
            if len(dims) > 2:
                raise UnknownError("a derivative with more than two indices", span)
            if not isinstance(by.expr, Symbol):
                raise UnknownError("a derivative by something that is not a name", span)
            row = body.rank == 0 and by.rank == 1 and self.s.row_gradient
            body = Val(Partial(body.expr, by.expr), dims, row)
        return body

    def variable(self, tree: Tree) -> Val:
        """What is differentiated by: a name, at its positions or whole."""
        inside = t.bare(tree)
        if isinstance(inside, t.Product) and len(inside.factors) == 2:
            inside = inside.factors[0][1]  # ∂/∂h(x)
        found = name_parts(inside, self.s.letters) if isinstance(inside, t.Name | t.Script) else None
        if found is None:
            raise UnknownError("a derivative by something that is not a name", tree.span)
        if found.name in self.s.squares and found.power is not None:
            self.s.say(f"the derivative by {found.name}^2", "by the square as one variable", tree.span)
            self.dims_of(f"{found.name}2", 0, 0)
            return Val(Symbol(f"{found.name}2"))
        if found.transposed:
            value = self.name(found._replace(transposed=False), tree)
            return Val(value.expr, value.dims, not value.row)
        value = self.name(found, tree)
        if isinstance(value.expr, Apply) and value.expr.op == "transpose":
            return Val(value.expr.args[0], value.dims)
        return value

    def differential(self, tree: t.Differential) -> Val:
        """``dX``: given, or through what X is made of, or a change of its own."""
        inside = t.bare(tree.body)
        found = name_parts(inside, self.s.letters) if isinstance(inside, t.Name | t.Script) else None
        if found is not None and not found.subs and not found.sups and found.power is None:
            given = self.s.differentials.get(found.name)
            if given is not None and ("d", found.name) not in self.given_open:
                self.given_open.add(("d", found.name))
                try:
                    value = self.value(given)
                finally:
                    self.given_open.discard(("d", found.name))
                return self.transpose(value, tree.span) if found.transposed else value
            if found.name not in self.s.meant:
                base = self.placed(found.name, found._replace(transposed=False, primes=0), tree.span)
                name = f"d{found.name}"
                if name not in self.used:
                    self.used[name] = base.dims
                value = Val(Symbol(name), base.dims)
                return self.transpose(value, tree.span) if found.transposed else value
        return self.total(self.value(inside), tree.span)

    def total(self, value: Val, span: Span) -> Val:
        """The total differential, by every name whose change the chain speaks of."""
        terms: list[Expr] = []
        for name in sorted(n for n in self.s.goals.get("d", ()) if n not in self.s.meant):
            base = self.placed(name, Parts(name, (), (), None, False, 0), span)
            change = f"d{name}"
            self.used.setdefault(change, base.dims)
            letters = [Index(f"{name}{k}~", self.s.dims.find(d)) for k, d in enumerate(base.dims)]
            term: Expr = mul(Partial(value.expr, Symbol(name, letters)), Symbol(change, letters))
            for index in reversed(letters):
                term = Reduce("sum", index, term)
            terms.append(term)
        if not terms:
            raise UnknownError("nothing says whose change this differential is", span)
        return Val(add(*terms), value.dims)
