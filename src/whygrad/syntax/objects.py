"""Costs from Python objects: the same cost as the text, read by the same reader.

A :class:`Term` holds a piece of the plain language and how tightly it holds together; operators put
terms together with the brackets they need. :class:`CostBuilder` collects the lines and reads them, so
objects and text cannot differ, and an error shows the line as it would be written.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final, TypeAlias, Union

from whygrad.core.cost import Cost, Kind
from whygrad.core.errors import LanguageError
from whygrad.core.expr import Number
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.unparse import ATOM, CHOICE, COMPARE, POWER, PRODUCT, SUM, Piece, number
from whygrad.syntax.vocabulary import FUNCTION_NAMES

Operand: TypeAlias = Union["Term", int, float, Fraction]
"""What an operator takes."""


class Term:
    """A formula, or an index letter.

    Examples
    --------
    >>> w, x, b = Term("w"), Term("x"), Term("b")
    >>> (w * x + b) ** 2 / 2
    Term('(w * x + b)^2 / 2')
    """

    __slots__ = ("level", "text")
    __array_ufunc__ = None
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, text: str, level: int = ATOM) -> None:
        self.text, self.level = text, level

    def __repr__(self) -> str:
        return f"Term({self.text!r})"

    def at(self, level: int) -> str:
        """The text, in brackets where it is not tight enough."""
        return self.text if self.level >= level else f"({self.text})"

    def __getitem__(self, at: Operand | tuple[Operand, ...]) -> Term:
        places = at if isinstance(at, tuple) else (at,)
        return Term(f"{self.at(ATOM)}[{','.join(term(p).text for p in places)}]")

    def __add__(self, other: Operand) -> Term:
        return Term(f"{self.at(SUM)} + {term(other).at(PRODUCT)}", SUM)

    def __radd__(self, other: Operand) -> Term:
        return term(other) + self

    def __sub__(self, other: Operand) -> Term:
        return Term(f"{self.at(SUM)} - {term(other).at(PRODUCT)}", SUM)

    def __rsub__(self, other: Operand) -> Term:
        return term(other) - self

    def __mul__(self, other: Operand) -> Term:
        return Term(f"{self.at(PRODUCT)} * {term(other).at(POWER)}", PRODUCT)

    def __rmul__(self, other: Operand) -> Term:
        return term(other) * self

    def __matmul__(self, other: Term) -> Term:
        return Term(f"{self.at(PRODUCT)} @ {other.at(POWER)}", PRODUCT)

    def __truediv__(self, other: Operand) -> Term:
        return Term(f"{self.at(PRODUCT)} / {term(other).at(POWER)}", PRODUCT)

    def __rtruediv__(self, other: Operand) -> Term:
        return term(other) / self

    def __pow__(self, other: Operand) -> Term:
        exponent = term(other)
        shown = exponent.text if exponent.level == ATOM else f"({exponent.text})"
        return Term(f"{self.at(ATOM)}^{shown}", POWER)

    def __rpow__(self, other: Operand) -> Term:
        return term(other) ** self

    def __neg__(self) -> Term:
        return Term(f"-{self.at(PRODUCT)}", SUM)

    def __lt__(self, other: Operand) -> Term:
        return _compare(self, "<", other)

    def __le__(self, other: Operand) -> Term:
        return _compare(self, "<=", other)

    def __gt__(self, other: Operand) -> Term:
        return _compare(self, ">", other)

    def __ge__(self, other: Operand) -> Term:
        return _compare(self, ">=", other)

    def __eq__(self, other: object) -> Term:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _compare(self, "==", other)

    def __ne__(self, other: object) -> Term:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _compare(self, "!=", other)

    def __bool__(self) -> bool:
        raise LanguageError(
            "error/syntax",
            f"`{self.text}` has no value yet, so Python cannot decide by it",
            fix="use where(condition, value, other) for branches, a & b for `and`, a | b for `or`",
        )

    def __and__(self, other: Term) -> Term:
        return Term(f"({self.at(COMPARE)} and {other.at(COMPARE)})")

    def __or__(self, other: Term) -> Term:
        return Term(f"({self.at(COMPARE)} or {other.at(COMPARE)})")

    def __abs__(self) -> Term:
        return Term(f"abs({self.text})")

    @property
    def T(self) -> Term:
        """The transpose."""
        return Term(f"{self.at(ATOM)}'")


def _compare(left: Term, op: str, right: object) -> Term:
    return Term(f"{left.at(SUM)} {op} {term(right).at(SUM)}", COMPARE)


def term(value: object) -> Term:
    """A term of a number; a term itself.

    >>> term(0.5), term(Fraction(-1, 3))
    (Term('0.5'), Term('-1/3'))
    """
    if isinstance(value, Term):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise LanguageError(
            "error/syntax",
            f"{value!r} cannot stand in a formula",
            fix="use names of the cost, and numbers",
        )
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise LanguageError("error/domain", f"{value} is not a number", fix="use a finite number")
        return _of(number(Number(Fraction(repr(value)), True)))
    return _of(number(Number(Fraction(value))))


def _of(piece: Piece) -> Term:
    return Term(piece.text, piece.level)


def _over(op: str) -> Callable[..., Term]:
    def run(letters: Term | tuple[Term, ...], body: Operand, where: Term | None = None) -> Term:
        several = letters if isinstance(letters, tuple) else (letters,)
        under = ",".join(letter.text for letter in several)
        condition = "" if where is None else f": {where.text}"
        return Term(f"({op}_{{{under}{condition}}} ({term(body).text}))")

    run.__doc__ = f"``{op}_i u``, over one letter or a tuple of letters, where a condition holds."
    return run


sum_over: Final = _over("sum")
mean_over: Final = _over("mean")
prod_over: Final = _over("prod")
max_over: Final = _over("max")
min_over: Final = _over("min")


def where(condition: Term, value: Operand, otherwise: Operand) -> Term:
    """``value if condition else otherwise``."""
    a, b = term(value).at(SUM), term(otherwise).at(SUM)
    return Term(f"{a} if {condition.text} else {b}", CHOICE)


class Functions:
    """Every function of the language, by attribute: ``fn.log(u)``, ``fn.sum(A, axis=0)``."""

    def __getattr__(self, name: str) -> Callable[..., Term]:
        if name not in FUNCTION_NAMES:
            raise AttributeError(f"{name} is not a function of the language")

        def call(*args: Operand, **named: object) -> Term:
            inside = [term(a).text for a in args]
            inside += [f"{key}={value}" for key, value in named.items()]
            return Term(f"{name}({', '.join(inside)})")

        return call


fn: Final = Functions()


class CostBuilder:
    """Builds a cost from objects.

    Parameters
    ----------
    name, title
        What the cost is called.

    Examples
    --------
    >>> c = CostBuilder("mine")
    >>> i, j = c.letters("i j")
    >>> x, y = c.data("x[i,j]"), c.data("y[i]", "in {0,1}")
    >>> w, b = c.param("w[j]"), c.param("b")
    >>> z = c.define("z[i]", sum_over(j, w[j] * x[i, j]) + b)
    >>> cost = c.minimise(mean_over(i, fn.softplus(z[i]) - y[i] * z[i]))
    >>> cost.goal, cost.dims
    ('J', ('m', 'n'))
    """

    def __init__(self, name: str = "", title: str = "") -> None:
        self.name, self.title = name, title
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        """The cost so far, in the plain language."""
        return "\n".join(self.lines)

    def letters(self, names: str) -> tuple[Term, ...]:
        """Index letters."""
        return tuple(Term(name) for name in names.replace(",", " ").split())

    def data(self, name: str, domain: str = "", *, sizes: str = "") -> Term:
        """Declare data: ``c.data("y[i]", "in {0,1}")``, ``c.data("X", sizes="(m, n)")``."""
        return self._declare("data", name, domain, sizes)

    def param(self, name: str, domain: str = "", *, sizes: str = "") -> Term:
        """Declare a parameter."""
        return self._declare("param", name, domain, sizes)

    def const(self, name: str, domain: str = "", *, sizes: str = "") -> Term:
        """Declare a constant."""
        return self._declare("const", name, domain, sizes)

    def _declare(self, kind: Kind, name: str, domain: str, sizes: str) -> Term:
        self.lines.append(f"{kind} {name}{f': {sizes}' if sizes else ''} {domain}".rstrip())
        return Term(name.partition("[")[0])

    def define(self, head: str, body: Operand) -> Term:
        """Define an intermediate: ``c.define("z[i]", ...)``; whole arrays by name alone."""
        self.lines.append(f"{head} = {term(body).text}")
        return Term(head.partition("[")[0])

    def function(self, name: str, body: Callable[..., Term], *arguments: str) -> Callable[..., Term]:
        """Define a function: ``h = c.function("h", lambda t: t**2, "t")``, then ``h(u)``."""
        inside = body(*(Term(a) for a in arguments))
        self.lines.append(f"{name}({', '.join(arguments)}) = {inside.text}")

        def call(*args: Operand) -> Term:
            return Term(f"{name}({', '.join(term(a).text for a in args)})")

        return call

    def minimise(self, body: Operand, name: str = "J") -> Cost:
        """Read the cost whose last line is this."""
        lines = [*self.lines, f"{name} = {term(body).text}"]
        return read_cost("\n".join(lines), name=self.name, title=self.title)
