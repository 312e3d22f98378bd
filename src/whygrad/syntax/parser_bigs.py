"""Big operators: the letters and ranges below them, and the product they reach over."""

from __future__ import annotations

from fractions import Fraction

from whygrad.core.errors import Span
from whygrad.syntax.cursor import Cursor
from whygrad.syntax.reach import split_after
from whygrad.syntax.surface import Big, Bound, Chain, Logic, Name, Num, Sum, Surface, bare, walk
from whygrad.syntax.tokens import Token
from whygrad.syntax.vocabulary import KEYWORDS


class BigOperators(Cursor):
    r"""``sum_i u``, ``max_{k != i} u``, ``\sum_{i=1}^{m} u``."""

    def big(self, op: str, tight: bool) -> list[tuple[str, Surface]]:
        """A big operator with the product it reaches over, then the factors it leaves."""
        self.enter()
        head = self.advance()
        bound, where = self.binder(head)
        letters = frozenset(b.name.name for b in bound)
        span = self.since(head.start)
        self.bound.append(letters)
        start = self.token.start
        sign = self.signs()
        if self.token.kind == "end":
            self.unexpected("what the operator runs over")
        body = self.product(tight)
        if sign < 0:
            body = Sum(((-1, body),), self.since(start))
        self.bound.pop()
        left: tuple[tuple[str, Surface], ...] = ()
        if op in ("/", "./") or head.text in ("prod", "max", "min"):
            body, left = split_after(body, letters)
        self.depth -= 1
        found = Big(head.text, bound, where, body, Span(head.start, body.span.end), span)
        return [(op, found), *left]

    def binder(self, head: Token) -> tuple[tuple[Bound, ...], Surface | None]:
        """The letters and the range under a big operator."""
        self.accept("_")
        bound: list[Bound] = []
        where: list[Surface] = []
        if self.token.kind == "name" and self.token.text not in KEYWORDS:
            letter = self.advance()
            bound.append(Bound(Name(letter.text, letter.span)))
        elif self.at("{"):
            opened = self.advance()
            held, self.equals = self.equals, True
            while not self.at("}") and self.token.kind != "end":
                self.range(bound, where)
                if not self.accept(",") and not self.accept(":"):
                    break
            self.equals = held
            self.expect("}", opened)
        names = [b.name.name for b in bound]
        twice = next((b.name for b in bound if names.count(b.name.name) > 1), None)
        if twice is not None:
            self.fail(f"{twice.name} is bound twice", "use another letter", twice.span)
        if not bound:
            self.fail(
                f"'{head.text}' does not say which index it runs over",
                f"write {head.text}_i u, or {head.text}(A) for all entries of an array",
                head.span,
            )
        if self.at("^") and (self.latex or bound[-1].low is not None):
            self.advance()
            high = self.atom()
            last = bound[-1]
            bound[-1] = Bound(last.name, last.low or Num(Fraction(1), False, high.span), bare(high))
        condition = None
        if where:
            condition = where[0] if len(where) == 1 else Logic("and", tuple(where), where[0].span)
        return tuple(bound), condition

    def range(self, bound: list[Bound], where: list[Surface]) -> None:
        """One item between the braces: ``i``, ``i = low..high``, ``i in m``, or a condition."""
        token, after = self.token, self.peek()
        if token.kind == "name" and token.text not in KEYWORDS:
            name = Name(token.text, token.span)
            known = {b.name.name for b in bound}
            if after.text in (",", "}", ":"):
                self.advance()
                bound.append(Bound(name))
                return
            if after.text == "in" and after.kind == "name":
                self.advance()
                self.advance()
                dim = self.advance()
                bound.append(Bound(name, dim=Name(dim.text, dim.span)))
                return
            if after.text == "=" and token.text not in known:
                self.advance()
                self.advance()
                low = self.sum()
                high = self.sum() if self.accept("..") else None
                bound.append(Bound(name, low, high))
                return
        condition = self.logic()
        if not bound:
            self.bind_compared(condition, bound)
        where.append(condition)

    def bind_compared(self, condition: Surface, bound: list[Bound]) -> None:
        """``k != i``: the letters that nothing outside binds are summed."""
        fixed = self.fixed.union(*self.bound)
        for node in walk(condition):
            if isinstance(node, Chain):
                for operand in node.operands:
                    known = fixed | {b.name.name for b in bound}
                    if isinstance(operand, Name) and operand.name not in known:
                        bound.append(Bound(operand))
