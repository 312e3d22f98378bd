"""Names with their scripts: what each superscript and prime does."""

from __future__ import annotations

from fractions import Fraction

from whygrad.core.errors import Span
from whygrad.core.expr import (
    MINUS_ONE,
    Apply,
    Constant,
    Expr,
    Number,
    Pow,
    Size,
)
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.base import Val
from whygrad.syntax.people.dims import UnknownError
from whygrad.syntax.people.positions import NO_USE, Positions
from whygrad.syntax.people.scripts import Parts, name_parts
from whygrad.syntax.people.tree import Tree


class Names(Positions):
    """A name, its meaning, and the powers, primes and transposes on it."""

    def scripted(self, tree: t.Name | t.Script) -> Val:
        """A name, or anything else with scripts."""
        found = name_parts(tree, self.s.letters)
        if found is None:
            return self.raised(tree)
        return self.finish(self.name(found, tree), found, tree)

    def finish(self, value: Val, found: Parts, tree: Tree) -> Val:
        """Primes, powers and transposes of a name."""
        if found.primes:
            value = self.primed(found, value, tree.span)
        if found.inverse:
            value = self.power(value, Val(MINUS_ONE), tree.span)
        if found.transposed:
            value = self.transpose(value, tree.span)
        if found.power is not None:
            power = t.bare(found.power)
            if found.name in self.s.squares and isinstance(power, t.Num) and isinstance(value.expr, Pow):
                return Val(_half_power(value.expr.base, power.value))
            value = self.raise_to(value, found.power, tree.span)
        return value

    def primed(self, found: Parts, value: Val, span: Span) -> Val:
        """``J'``: the derivative by what the chain differentiates by."""
        if found.name not in self.s.meant or not self.s.wrt:
            raise UnknownError(f"nothing says what the prime of {found.name} means", span)
        for _ in range(found.primes):
            value = self.differentiate(value, self.s.wrt[:1], span)
        return value

    def raised(self, tree: t.Name | t.Script) -> Val:
        """Scripts on brackets, fractions and functions."""
        if not isinstance(tree, t.Script):
            raise UnknownError("this cannot be read", tree.span)
        base = t.unbraced(tree.base)
        if isinstance(base, t.Product) and base.factors and tree.sub is None:
            value = self.value(base)
        elif isinstance(base, t.Script | t.Name) and name_parts(base, self.s.letters) is not None:
            value = self.scripted(base)
        else:
            value = self.value(base)
        if tree.sub is not None:
            value = self.indexed(value, tree.sub, tree.span)
        if tree.primes % 2 and (self.s.letters.primes == "transpose" or value.rank):
            value = self.transpose(value, tree.span)
        elif tree.primes:
            for _ in range(tree.primes):
                value = self.differentiate(value, self.s.wrt[:1], tree.span)
        if tree.sup is not None:
            value = self.raise_to(value, tree.sup, tree.span)
        return value

    def raise_to(self, value: Val, sup: Tree, span: Span) -> Val:
        """A superscript: transpose, inverse or power."""
        inside = t.unbraced(sup)
        match inside:
            case t.Name("⊤" | "T" | "t") if inside.name == "⊤" or inside.name not in self.s.letters.variables:
                return self.transpose(value, span)
            case t.Sum(((-1, t.Name("⊤" | "T")),)):
                return self.transpose(self.power(value, Val(MINUS_ONE), span), span)
            case t.Name("*" | "+"):
                return value
            case t.Entrywise(power):
                return self.entrywise_power(value, self.number(power))
            case _:
                held, self.entries = self.entries, value.expr is Constant("e")
                exponent = self.value(inside)
                self.entries = held
                return self.power(value, exponent, span)

    def name(self, found: Parts, tree: Tree) -> Val:
        """What a name is, at its positions."""
        name, span = found.name, tree.span
        if not found.sups and not found.subs:
            special = self.special(name, span)
            if special is not None:
                return special
        if name in self.arguments and not found.sups:
            value = self.arguments[name]
            if found.subs:
                at = self.at(found.subs, value.dims, name, span)
                return Val(self.entry(value.expr, at), value.dims[len(at) :])
            return value
        name = self.s.real(name)
        if name in self.s.values:
            return self.placed(name, found, span)
        if name in self.s.meant and name not in self.open:
            return self.meaning(name, found, span)
        return self.placed(name, found, span)

    def special(self, name: str, span: Span) -> Val | None:
        """Constants, sizes, index letters as numbers, fixed arrays."""
        known = name in self.arguments or name in self.s.meant or name in self.s.kinds
        is_size = name in self.s.sizes and self.s.letters.uses.get(name) is None
        if name in self.bound and name not in self.s.letters.variables and not is_size:
            return Val(self.bound[name])
        if known:
            return None
        if name in self.s.sizes:
            return Val(Size(self.s.dims.find(name)))
        if name == "e":
            return Val(Constant("e"))
        if name == "pi" and not self.s.letters.uses.get("pi", NO_USE).slots:
            return Val(Constant("pi"))
        if name in ("I", "I_bb") and self.s.letters.matrix_text:
            dim = f"I#{self.tag}.{span.start}"
            return Val(Apply("identity", (Size(self.s.dims.find(dim)),)), (dim, dim))
        if name.endswith("_bar"):
            mean = self.mean_of(name.removesuffix("_bar"), span)
            if mean is not None:
                return mean
        if name == "ones":
            dim = f"ones#{self.tag}.{span.start}"
            return Val(Apply("ones", (Size(self.s.dims.find(dim)),)), (dim,))
        if name == "infty":
            raise UnknownError("infinity is not a value", span)
        return None


def _half_power(base: Expr, power: Fraction) -> Expr:
    """``sigma^n`` in terms of its square."""
    half = power / 2
    return base if half == 1 else Pow(base, Number(half))
