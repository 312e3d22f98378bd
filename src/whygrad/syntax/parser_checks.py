"""What people write and mean either way: refused, with both readings."""

from __future__ import annotations

from whygrad.syntax.cursor import Cursor
from whygrad.syntax.surface import Num, Power, Sum, Surface
from whygrad.syntax.tokens import Token


class Checks(Cursor):
    """Refusals of two readings."""

    def check_root(self, found: Power) -> None:
        """``u^1/2`` has two readings."""
        e, after = found.exponent, self.peek()
        if self.lenient or not self.at("/") or after.kind != "number" or not isinstance(e, Num):
            return
        if e.value == 1 and not e.decimal:
            u, q = self.text(found.base.span), after.text
            self.fail(
                f"`{u}^1/{q}` can mean {u}^(1/{q}) or ({u}^1)/{q}",
                f"write {u}^(1/{q}) or {u}/{q}",
                found.span.to(after.span),
                "error/ambiguous",
            )

    def check_denominator(self, factors: list[tuple[str, Surface]]) -> None:
        """``lambda/2m`` has two readings (in LaTeX ``/2 m`` too)."""
        op, last = factors[-1]
        token = self.token
        if self.lenient or op != "/" or not isinstance(last, Num) or token.kind != "name":
            return
        if (token.glued or self.latex) and not self.words.is_builtin(token.text):
            top = self.text(factors[-2][1].span)
            q, name = self.text(last.span), self.text(token.span)
            self.fail(
                f"`{top}/{q} {name}` can mean {top}/({q} {name}) or ({top}/{q}) {name}",
                f"write {top}/({q} {name}) or ({top}/{q}) {name}",
                last.span.to(token.span),
                "error/ambiguous",
            )

    def check_raised(self, token: Token, raised: Surface) -> None:
        """``tanh^-1 u`` is the inverse function to some and 1/tanh to others."""
        if isinstance(raised, Sum) and not self.lenient:
            f = token.text
            self.fail(
                f"`{f}^-1 u` can mean 1/{f}(u) or the inverse function",
                f"write 1/{f}(u), or the name of the inverse function",
                token.span.to(raised.span),
                "error/ambiguous",
            )
