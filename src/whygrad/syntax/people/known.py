"""Functions everybody knows, by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.errors import Span, WhygradError
from whygrad.core.expr import (
    ONE,
    TWO,
    Apply,
    Call,
    Expr,
    Pow,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.walk import substitute
from whygrad.meaning.differentiate import derivative
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.base import Val
from whygrad.syntax.people.dims import MisfitError, UnknownError
from whygrad.syntax.people.names import Names
from whygrad.syntax.people.scripts import Parts, spell
from whygrad.syntax.people.tree import Tree
from whygrad.syntax.people.vocabulary import ENTRYWISE


class Known(Names):
    """Elementary functions, norms, traces, extremes."""

    def function(self, tree: t.Func) -> Val:
        """A function by its name."""
        value = self.plain_function(tree)
        if tree.sup is None:
            return value
        sup = t.unbraced(tree.sup)
        if isinstance(sup, t.Sum) and len(sup.terms) == 1 and tree.name in _INVERSES:
            argument = self.value(tree.args[0])
            return Val(Call(_INVERSES[tree.name], (argument.expr,)), argument.dims, argument.row)
        return self.raise_to(value, tree.sup, tree.span)

    def plain_function(self, tree: t.Func) -> Val:
        """A function without what is done to its value."""
        name, args, span = tree.name, tree.args, tree.span
        if name in self.s.meant and self.s.meant[name].parameters:
            return self.apply(self.s.meant[name], Parts(name, (), (), None, False, tree.primes), args, span)
        if name in ENTRYWISE:
            if name == "log" and tree.sub is not None:
                return self.log_to_base(tree)
            return self.builtin(name, args, tree.primes, span)
        if name in ("softmax", "logsumexp"):
            value = self.builtin(name, args, 0, span)
            return value if tree.sub is None else self.indexed(value, tree.sub, span)
        if name in ("max", "min"):
            return self.extreme(name, args, span)
        maker = _MAKERS.get(name)
        if maker is None or len(args) != 1:
            raise UnknownError(f"{name} is not read here", span)
        return maker(self, self.value(args[0]), span)

    def log_to_base(self, tree: t.Func) -> Val:
        """``log_2 u``."""
        argument = self.value(tree.args[0])
        base = t.bare(tree.sub) if tree.sub is not None else None
        if isinstance(base, t.Name) and base.name == "e":
            return Val(Call("log", (argument.expr,)), argument.dims, argument.row)
        if base is None:
            raise UnknownError("a logarithm without its base", tree.span)
        bottom = Call("log", (self.number(base),))
        return Val(mul(Call("log", (argument.expr,)), inverse(bottom)), argument.dims, argument.row)

    def extreme(self, name: str, args: tuple[Tree, ...], span: Span) -> Val:
        """``max(0, u)``, or the largest entry of an array."""
        values = [self.value(x) for x in args]
        if len(values) == 1 and values[0].rank:
            return Val(Apply("max" if name == "max" else "min", (values[0].expr,)))
        if len(values) < 2:
            raise UnknownError(f"{name} of one number", span)
        found = values[0]
        for other in values[1:]:
            if found.rank and other.rank:
                self.s.dims.join_all(found.dims, other.dims, span, name)
            wide = found if found.rank else other
            found = Val(Call(name, (found.expr, other.expr)), wide.dims, wide.row)
        return found

    def bars(self, tree: t.Bars) -> Val:
        """A norm with its index and power, an absolute value, a determinant."""
        value = self.value(tree.body)
        power = None if tree.sup is None else t.unbraced(tree.sup)
        kind = "" if tree.sub is None else spell(t.bare(tree.sub))
        if not value.rank:
            if isinstance(power, t.Num) and power.value == 2:
                return Val(Pow(value.expr, TWO))
            value = Val(Call("abs", (value.expr,)))
        elif kind == "1":
            value = Val(Apply("norm1", (self.upright(value),)))
        elif value.rank == 2 and not tree.double:
            value = self.square(value, "det", tree.span)
        elif value.rank == 2 and kind == "2":
            raise UnknownError("the spectral norm of a matrix is not computed", tree.span)
        else:
            if isinstance(power, t.Num) and power.value == 2:
                inside = self.upright(value)
                return Val(Apply("dot", (inside, inside)))
            value = Val(Apply("norm", (self.upright(value),)))
        return value if power is None else self.raise_to(value, power, tree.span)

    def builtin(self, name: str, items: tuple[Tree, ...], primes: int, span: Span) -> Val:
        """A known function at its argument."""
        if len(items) != 1:
            raise UnknownError(f"{name} takes one argument", span)
        held, self.entries = self.entries, name in ENTRYWISE
        argument = self.value(items[0])
        self.entries = held
        if name in ("softmax", "logsumexp"):
            return self.along(name, argument, span)
        if primes:
            mark = Symbol("u·")
            body = self.derivatives(Call(name, (mark,)), mark, primes, span)
            return self.mapped(body, mark, argument)
        return Val(Call(name, (argument.expr,)), argument.dims, argument.row)

    def along(self, name: str, argument: Val, span: Span) -> Val:
        """``softmax`` and ``logsumexp`` of a vector."""
        if argument.rank not in (1, 2):
            raise MisfitError(f"{name} takes a vector", span)
        op = "softmax" if name == "softmax" else "logsumexp"
        dims = argument.dims if name == "softmax" else argument.dims[:-1]
        return Val(Apply(op, (argument.expr,)), dims)

    def derivatives(self, body: Expr, mark: Symbol, order: int, span: Span) -> Expr:
        """The derivative of a function of one number, ``mark`` its argument."""
        scope = self.scope_of_functions()
        try:
            for _ in range(order):
                body = derivative(body, mark, scope)
        except (WhygradError, ValueError) as error:
            raise UnknownError(str(error), span) from error
        return body

    def scope_of_functions(self) -> Scope:
        """The functions of numbers known so far."""
        from whygrad.core.cost import Definition  # noqa: PLC0415

        return Scope({}, {n: Definition(n, b, parameters=p) for n, (p, b) in self.functions.items()})

    def mapped(self, body: Expr, mark: Symbol, argument: Val) -> Val:
        """A function of a number on every entry of a value."""
        return Val(substitute(body, {mark: argument.expr}), argument.dims, argument.row)


_INVERSES: Final = {"tanh": "atanh", "sin": "asin", "cos": "acos", "tan": "atan"}


def _trace(r: Known, v: Val, span: Span) -> Val:
    return r.square(v, "trace", span)


def _reciprocal(name: str) -> Callable[[Known, Val, Span], Val]:
    def make(r: Known, v: Val, span: Span) -> Val:
        return r.quotient(Val(ONE), Val(Call(name, (v.expr,)), v.dims), span)

    return make


def _logit(r: Known, v: Val, span: Span) -> Val:
    return Val(Call("log", (mul(v.expr, inverse(add(ONE, neg(v.expr)))),)))


_MAKERS: Final[dict[str, Callable[[Known, Val, Span], Val]]] = {
    "trace": _trace,
    "det": lambda r, v, span: r.square(v, "det", span),
    "logdet": lambda r, v, span: r.square(v, "logdet", span),
    "diag": lambda r, v, span: r.diag(v, span),
    "norm": lambda r, v, span: r.norm(v, span),
    "sech": _reciprocal("cosh"),
    "coth": _reciprocal("tanh"),
    "csc": _reciprocal("sin"),
    "logit": _logit,
}
