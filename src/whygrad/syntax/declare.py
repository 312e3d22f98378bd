"""Lines that declare: ``data x[i,j]: (m, n), y[i] in {0,1}``, ``param w[j], b``, ``const lambda >= 0``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NoReturn, cast

from whygrad.core.cost import Domain, DomainKind, Kind
from whygrad.core.errors import LanguageError, ShapeError, Span
from whygrad.syntax.tokens import Token
from whygrad.syntax.vocabulary import KEYWORDS

KINDS: Final = frozenset({"data", "param", "const"})
KIND_WORDS: Final[dict[str, Kind]] = {
    "data": "data",
    "param": "param",
    "params": "param",
    "parameter": "param",
    "parameters": "param",
    "const": "const",
    "consts": "const",
    "constant": "const",
    "constants": "const",
}
_PROPERTIES: Final = ("integer", "onehot", "simplex", "symmetric", "spd", "real", "positive")
_MOST_VALUES: Final = 1000
_MOST_LETTERS: Final = 8


@dataclass(slots=True)
class Declared:
    """One declared name as written; ``dims`` are None until they are said or found."""

    name: str
    kind: Kind
    span: Span
    letters: tuple[str, ...] = ()
    letter_spans: tuple[Span, ...] = ()
    dims: tuple[str, ...] | None = None
    domains: list[Domain] = field(default_factory=list[Domain])
    along: dict[int, tuple[str, Span]] = field(default_factory=dict[int, tuple[str, Span]])
    """For the domain at this position, the letter or size that ``onehot(k)`` named."""
    value: Fraction | None = None


class Line:
    """Reads the declarations of one line."""

    def __init__(self, tokens: Sequence[Token], source: str) -> None:
        self.tokens, self.source, self.position = tokens, source, 0

    @property
    def token(self) -> Token:
        """The current token."""
        return self.tokens[self.position]

    def advance(self) -> Token:
        """Take it."""
        taken = self.token
        if taken.kind != "end":
            self.position += 1
        return taken

    def accept(self, text: str) -> bool:
        """Take the sign if it is next."""
        if self.token.text == text and self.token.kind in ("op", "name"):
            self.advance()
            return True
        return False

    def fail(self, reason: str, fix: str, span: Span | None = None, id: str = "error/syntax") -> NoReturn:
        """Refuse, with the place."""
        where = self.token.span if span is None else span
        raise LanguageError(id, reason, fix=fix, source=self.source, span=where)

    def expect(self, text: str, fix: str) -> None:
        """Take the sign, or say what is missing."""
        if not self.accept(text):
            found = f"'{self.token.text}'" if self.token.text else "the end of the line"
            self.fail(f"{found} stands where '{text}' should", fix)

    def declarations(self) -> list[Declared]:
        """Every name of the line."""
        kind = KIND_WORDS[self.advance().text]
        found = [self.one(kind)]
        while self.accept(","):
            if self.token.kind == "end":
                break
            found.append(self.one(kind))
        if self.token.kind != "end":
            self.fail(
                f"'{self.token.text}' is not part of a declaration",
                "declare like `data x[i,j]: (m, n), y[i] in {0,1}`, one `,` between names",
            )
        return found

    def one(self, kind: Kind) -> Declared:
        """A name, its letters, its sizes, its domains, its value."""
        token = self.advance()
        if token.kind != "name" or token.text in KEYWORDS:
            shown = f"'{token.text}'" if token.text else "the end of the line"
            self.fail(
                f"{shown} stands where a name should",
                f"write `{kind} name`, `{kind} name[i]` or `{kind} name: (m, n)`",
                token.span,
            )
        out = Declared(token.text, kind, token.span)
        if self.accept("["):
            self.letters(out)
        if self.accept(":"):
            self.dims(out)
        while self.domain(out):
            pass
        if self.accept("="):
            if kind != "const":
                self.fail(f"{kind} {out.name} has no value yet", "only a const may have a value here")
            out.value = self.number()
        return out

    def letters(self, out: Declared) -> None:
        """``[i,j]``."""
        letters: list[str] = []
        spans: list[Span] = []
        while self.token.text != "]":
            token = self.advance()
            if token.kind != "name":
                self.fail(
                    f"'{token.text}' stands where an index letter should",
                    f"write letters, `{out.name}[i,j]`; sizes come after a colon, `{out.name}: (m, n)`",
                    token.span,
                )
            if token.text in letters:
                self.fail(
                    f"the letter {token.text} stands twice in {out.name}",
                    f"two letters may share a size: {out.name}[i,k]: (m, m)",
                    token.span,
                )
            if len(letters) == _MOST_LETTERS:
                self.fail(
                    f"{out.name} has more than {_MOST_LETTERS} indices",
                    "split it into several names",
                    token.span,
                )
            letters.append(token.text)
            spans.append(token.span)
            if not self.accept(","):
                break
        self.expect("]", f"close the index: {out.name}[i,j]")
        out.letters, out.letter_spans = tuple(letters), tuple(spans)

    def dims(self, out: Declared) -> None:
        """``(m, n)``, ``(n,)``, ``()`` or ``n``."""
        start = self.token
        dims: list[str] = []
        if self.accept("("):
            while self.token.text != ")":
                dims.append(self.size())
                if not self.accept(","):
                    break
            self.expect(")", f"close the sizes: {out.name}: (m, n)")
        else:
            dims.append(self.size())
        out.dims = tuple(dims)
        if out.letters and len(out.letters) != len(dims):
            raise ShapeError(
                "error/rank",
                f"{out.name} has {out.letters} as letters and {tuple(dims)} as sizes".replace("'", ""),
                fix=f"write one size for each letter: {out.name}[{','.join(out.letters)}]: (...)",
                source=self.source,
                span=start.span,
            )

    def size(self) -> str:
        """The name of a size, or a whole number."""
        token = self.advance()
        if token.kind == "number" and token.text.isdigit() and 0 < int(token.text) < 10**9:
            return str(int(token.text))
        if token.kind != "name" or token.text in KEYWORDS:
            shown = f"'{token.text}'" if token.text else "the end of the line"
            self.fail(f"{shown} stands where a size should", "name the size: (m, n)", token.span)
        return token.text

    # --- domains ---------------------------------------------------------------------------------

    def domain(self, out: Declared) -> bool:
        """One domain after the name, if there is one."""
        token = self.token
        if token.text in (">", ">=", "<", "<="):
            self.advance()
            value = self.number()
            closed = token.text.endswith("=")
            if token.text[0] == ">":
                out.domains.append(Domain("interval", low=value, closed=(closed, False)))
            else:
                out.domains.append(Domain("interval", high=value, closed=(False, closed)))
            return True
        if self.accept("in"):
            out.domains.append(self.set(out))
            return True
        if self.accept("and"):
            return self.domain(out) or self.fail("a domain should follow 'and'", "write `>= 0 and <= 1`")
        if token.kind == "name" and token.text in _PROPERTIES:
            self.advance()
            out.domains.append(self.property(out, token))
            return True
        if token.kind == "name" and token.text not in KEYWORDS:
            self.fail(
                f"'{token.text}' is not a domain",
                "domains are `in {0,1}`, `in (0,1)`, `> 0`, `>= 0`, `integer`, `onehot(k)`,"
                " `simplex(k)`, `symmetric`, `spd`; names are separated by commas",
            )
        return False

    def property(self, out: Declared, token: Token) -> Domain:
        """``integer``, ``onehot(k)``, ``spd``, ..."""
        if token.text == "positive":
            return Domain("interval", low=Fraction(0))
        if token.text in ("onehot", "simplex") and self.accept("("):
            along = self.advance()
            if along.kind != "name":
                self.fail("a letter should stand here", f"write {token.text}(k)", along.span)
            self.expect(")", f"write {token.text}(k)")
            out.along[len(out.domains)] = (along.text, along.span)
        return Domain(cast("DomainKind", token.text))

    def set(self, out: Declared) -> Domain:
        """What follows ``in``."""
        token = self.advance()
        if token.text == "{":
            return self.finite(token)
        if token.text in ("(", "["):
            low = self.number()
            self.expect(",", "write an interval: (0, 1)")
            high = self.number()
            closing = self.advance()
            if closing.text not in (")", "]"):
                self.fail(
                    "the interval is never closed",
                    "write (0, 1), [0, 1] or [0, 1)",
                    token.span,
                    "error/unbalanced",
                )
            if low is not None and high is not None and low >= high:
                self.fail(
                    "the interval holds nothing",
                    "write the smaller end first",
                    token.span.to(closing.span),
                    "error/domain",
                )
            closed = (
                token.text == "[" and low is not None,
                closing.text == "]" and high is not None,
            )
            return Domain("interval", low=low, high=high, closed=closed)
        if token.text in ("integer", "integers", "Z", "N"):
            if token.text == "N":
                out.domains.append(Domain("interval", low=Fraction(0), closed=(True, False)))
            return Domain("integer")
        if token.text in ("R", "real", "reals"):
            return Domain("real")
        if token.text in _PROPERTIES:
            return self.property(out, token)
        self.fail("a set should stand here", "write {0,1}, (0,1), [0,1] or integer", token.span)

    def finite(self, opened: Token) -> Domain:
        """``{0, 1}``, ``{1..5}``."""
        values: list[Fraction] = []
        while self.token.text != "}":
            value = self.number() or Fraction(0)
            if self.accept(".."):
                self.accept(",")
                last = self.number() or Fraction(0)
                span = opened.span.to(self.token.span)
                if value.denominator != 1 or last.denominator != 1 or last - value > _MOST_VALUES:
                    self.fail("this range is not of few whole numbers", "write `integer`", span)
                values.extend(Fraction(v) for v in range(int(value), int(last) + 1))
            else:
                values.append(value)
            if not self.accept(","):
                break
        if not self.accept("}"):
            self.fail("the set is never closed", "close it: {0,1}", opened.span, "error/unbalanced")
        if not values:
            self.fail("the set is empty", "write its values: {0,1}", opened.span, "error/domain")
        return Domain("finite", values=tuple(dict.fromkeys(values)))

    def number(self) -> Fraction | None:
        """A number with a sign, a quotient, or ``inf`` (None)."""
        sign = 1
        while self.token.text in ("+", "-"):
            sign = -sign if self.advance().text == "-" else sign
        token = self.advance()
        if token.text in ("inf", "infinity", "oo"):
            return None
        if token.kind != "number":
            shown = f"'{token.text}'" if token.text else "the end of the line"
            self.fail(f"{shown} stands where a number should", "write a number", token.span)
        value = sign * Fraction(token.text)
        if self.token.text == "/" and self.tokens[self.position + 1].kind == "number":
            self.advance()
            below = Fraction(self.advance().text)
            if below == 0:
                self.fail("division by 0", "write a number", token.span, "error/domain")
            value /= below
        return value
