"""How far a sum reaches.

``sum_i`` takes the product that follows, and each further term in which its letter is free and not
bound by an operator of its own. It stops at the first other term and at the closing bracket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whygrad.core.errors import Span
from whygrad.syntax.node import changed
from whygrad.syntax.surface import Big, Product, Sum, Surface, free_names

if TYPE_CHECKING:
    from whygrad.syntax.cursor import Cursor


class _Open:
    """A big operator at the end of a term, and the terms in its reach so far."""

    __slots__ = ("big", "letters", "shell", "terms")

    def __init__(self, shell: Surface, big: Big) -> None:
        self.shell, self.big = shell, big
        self.letters = frozenset(b.name.name for b in big.bound)
        body = big.body
        self.terms: list[tuple[int, Surface]] = [(1, body)]
        if isinstance(body, Sum):
            self.terms = list(body.terms)

    def closed(self) -> Surface:
        """The term with everything in reach put inside."""
        span = self.big.body.span.to(self.terms[-1][1].span)
        big = changed(self.big, body=_sum(self.terms, span), span=self.big.span.to(span))
        if not isinstance(self.shell, Product):
            return big
        factors = (*self.shell.factors[:-1], (self.shell.factors[-1][0], big))
        return Product(factors, self.shell.span.to(big.span))


class Terms:
    """The terms of a sum as they are read; ``open`` are the big operators that may still reach on."""

    def __init__(self, parser: Cursor, sign: int, first: Surface) -> None:
        self.parser = parser
        self.terms: list[tuple[int, Surface]] = []
        self.open: list[_Open] = []
        self._add(self.terms, sign, first)

    def _add(self, terms: list[tuple[int, Surface]], sign: int, term: Surface) -> None:
        terms.append((sign, term))
        big = _ending(term)
        while big is not None:
            self.open.append(_Open(term, big))
            term = self.open[-1].terms[-1][1]
            big = _ending(term)

    def append(self, sign: int, term: Surface) -> None:
        """One more term, inside the innermost operator whose letter it carries."""
        free = free_names(term) if self.open else frozenset[str]()
        level = len(self.open)
        while level and not (free & self.open[level - 1].letters):
            level -= 1
        self._close_to(level)
        if level:
            self._check(free & self.open[level - 1].letters, self.open[level - 1], term)
        self._add(self.open[-1].terms if level else self.terms, sign, term)

    def _close_to(self, level: int) -> None:
        while len(self.open) > level:
            done = self.open.pop().closed()
            terms = self.open[-1].terms if self.open else self.terms
            terms[-1] = (terms[-1][0], done)

    def close(self, start: int) -> Surface:
        """The whole sum."""
        self._close_to(0)
        return _sum(self.terms, self.parser.since(start))

    def _check(self, letters: frozenset[str], reached: _Open, term: Surface) -> None:
        """A letter that also stands outside makes two readings."""
        both = letters & self.parser.fixed.union(*self.parser.bound)
        if not both or self.parser.lenient:
            return
        letter, op = sorted(both)[0], reached.big.op
        self.parser.fail(
            f"{letter} stands on the left and is bound by {op}_{letter}: this term may be inside"
            f" {op}_{letter} or outside",
            f"write {op}_{letter} (... + ...) or ({op}_{letter} ...) + ..., or another letter",
            term.span,
            "error/ambiguous",
        )


def _sum(terms: list[tuple[int, Surface]], span: Span) -> Surface:
    return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Sum(tuple(terms), span)


def _ending(term: Surface) -> Big | None:
    """The sum or mean that ends a term, whose reach is still open."""
    if isinstance(term, Product):
        op, term = term.factors[-1]
        if op in ("/", "./"):
            return None
    return term if isinstance(term, Big) and term.op in ("sum", "mean") else None


def split_after(body: Surface, letters: frozenset[str]) -> tuple[Surface, tuple[tuple[str, Surface], ...]]:
    """The body up to the last factor that carries a letter, and the factors left over."""
    if not isinstance(body, Product):
        return body, ()
    factors = body.factors
    last = len(factors)
    while last > 1 and not (free_names(factors[last - 1][1]) & letters):
        last -= 1
    if last == len(factors):
        return body, ()
    kept = factors[:last]
    span = kept[0][1].span.to(kept[-1][1].span)
    return (kept[0][1] if last == 1 else Product(kept, span)), factors[last:]
