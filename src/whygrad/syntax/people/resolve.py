"""Tree to expression under one setting: every part gets its value and its shape.

Numbers, vectors and matrices stand side by side; a vector is a column unless it was transposed. Index
letters are positions, a bound letter and a free one of the same name run over one dimension. What the
text leaves out (a dropped index, a dot between two columns) is put in as people mean it and said.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from whygrad.core.expr import (
    Number,
    inverse,
)
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.base import LIMIT, Val
from whygrad.syntax.people.dims import UnknownError
from whygrad.syntax.people.operators import Operators
from whygrad.syntax.people.tree import Tree


class Resolver(Operators):
    """Resolves trees under one setting."""

    def value(self, tree: Tree) -> Val:
        """The value of a part."""
        found = self.of_tree(tree)
        self.spans.setdefault(found.expr, tree.span)
        return found

    def of_tree(self, tree: Tree) -> Val:
        """The value of a part, by what it is."""
        self.count += 1
        if self.count > LIMIT:
            raise UnknownError("the text is too long to be worked out", tree.span)
        match tree:
            case t.Num(value, decimal):
                return Val(Number(value, decimal))
            case t.Name() | t.Script():
                return self.scripted(tree)
            case t.Group():
                return self.group(tree)
            case t.Sum():
                return self.sum(tree)
            case t.Product():
                return self.product(tree)
            case t.Quotient(top, bottom, span):
                return self.quotient(self.value(top), self.value(bottom), span)
            case t.Root(body, degree, span):
                return self.power(self.value(body), self._root(degree), span)
            case t.Func():
                return self.function(tree)
            case t.Big():
                return self.big(tree)
            case t.Deriv():
                return self.derivative(tree)
            case t.Applied(operator, operand):
                return self.derivative(replace(operator, body=operand, span=tree.span))
            case t.Differential():
                return self.differential(tree)
            case t.Bars():
                return self.bars(tree)
            case t.Inner(left, right, span):
                return self.inner(self.value(left), self.value(right), span)
            case t.Relation():
                return self.condition_value(tree)
            case t.Entrywise():
                raise UnknownError("a power of nothing", tree.span)
            case t.Branches():
                return self.branches(tree)
            case t.Words():
                raise UnknownError(f"the words '{tree.text[:30]}' stand in the formula", tree.span)
            case _:
                assert_never(tree)

    def _root(self, degree: Tree | None) -> Val:
        if degree is None:
            return Val(Number(Fraction(1, 2)))
        return Val(inverse(self.value(degree).expr))


__all__ = ["Resolver", "Val"]
