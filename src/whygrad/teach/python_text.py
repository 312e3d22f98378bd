"""Formulas as plain Python with loops, the way a first program is written.

What is vectorised comes from :mod:`whygrad.backends.numpy_backend`; this is the other one, which shows every
index.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from whygrad.backends.numpy_names import NAMES
from whygrad.core.cost import Scope
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import (
    MINUS_ONE,
    Add,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.walk import children, fold

_CHOICE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_WORDS: Final = {"sum": "sum", "prod": "math.prod", "max": "max", "min": "min"}
_TAKEN: Final = frozenset(
    "np math plt wg wn rng special sum max min range float check slope sigmoid softplus relu gelu silu "
    "trigamma COST cost derivation evaluate theirs slopes ways apart size name array arrays loops by_arrays "
    "parameters rate history path update gradient last place along across around level row column wide high "
    "first second grid shown score mark label out before up down at tiny".split()
)
"""What a lesson's own code calls things."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of Python and how tightly it holds together."""

    text: str
    level: int = _ATOM

    def at(self, level: int) -> str:
        """The text, in brackets if it is looser than ``level``."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(slots=True)
class PythonNames:
    """Identifiers for the names, letters and sizes of a cost; no two alike."""

    scope: Scope
    names: dict[str, str] = field(default_factory=dict[str, str])
    letters: dict[str, str] = field(default_factory=dict[str, str])
    sizes: dict[str, str] = field(default_factory=dict[str, str])

    def name(self, name: str) -> str:
        """Of a declared or defined name."""
        return self._given(self.names, name)

    def letter(self, index: Index) -> str:
        """Of an index letter."""
        for name in (*self.scope.declarations, *self.scope.definitions):
            self.name(name)
        return self._given(self.letters, index.letter)

    def size(self, dim: str) -> str:
        """Of a dimension's size."""
        for name in (*self.scope.declarations, *self.scope.definitions):
            self.name(name)
        return self._given(self.sizes, dim)

    def _given(self, table: dict[str, str], name: str) -> str:
        found = table.get(name)
        if found is None:
            safe = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
            safe = safe if safe.isidentifier() else f"v_{safe}"
            used = {*self.names.values(), *self.letters.values(), *self.sizes.values(), *_TAKEN}
            while safe in used or keyword.iskeyword(safe):
                safe += "_"
            found = table[name] = safe
        return found


@dataclass(frozen=True, slots=True)
class Spelling:
    """Spells formulas; ``known`` says how an unevaluated derivative is written."""

    names: PythonNames
    known: Mapping[Expr, str] = field(default_factory=dict[Expr, str])

    def text(self, e: Expr) -> str:
        """One expression of Python.

        Raises
        ------
        NoRuleError
            For what a program of loops does not show: operations on whole arrays, shifted positions.

        Examples
        --------
        >>> i = Index("i", "m")
        >>> total = Reduce("sum", i, Mul((Symbol("a", (i,)), Pow(Symbol("b"), MINUS_ONE))))
        >>> Spelling(PythonNames(Scope())).text(total)
        'sum(a[i] / b for i in range(m))'
        """
        return fold(e, self._step).text

    def _step(self, e: Expr, kids: tuple[Text, ...]) -> Text:
        if e in self.known:
            return Text(self.known[e])
        match e:
            case Number(value):
                return _number(value)
            case Constant(name):
                return Text({"pi": "math.pi", "e": "math.e"}[name])
            case Index():
                return Text(f"{self.names.letter(e)} + 1", _SUM)
            case Size(dim):
                return Text(self.names.size(dim))
            case Symbol():
                return Text(self.names.name(e.name) + self.places(e.indices))
            case Add(terms):
                return _sum(terms, kids)
            case Mul(factors):
                return _product(factors, kids)
            case Pow(_, exponent):
                if exponent is MINUS_ONE:
                    return Text(f"1 / {kids[0].at(_SIGN)}", _PRODUCT)
                return Text(f"{kids[0].at(_ATOM)} ** {kids[1].at(_SIGN)}", _POWER)
            case Call(name):
                called = self.names.name(name) if name in self.names.scope.definitions else NAMES[name]
                return Text(f"{called}({', '.join(kid.text for kid in kids)})")
            case Reduce():
                return self._reduce(e, kids)
            case Compare(op):
                return _compare(op, kids)
            case Cases():
                return _cases(kids)
            case Delta(left, right):
                sides = [self._position(side) for side in (left, right)]
                return Text(f"({sides[0]} == {sides[1]})")
            case _:
                raise _refused(e)

    def places(self, indices: Sequence[Expr]) -> str:
        """``[i, j]``, or nothing."""
        return f"[{', '.join(self._position(e) for e in indices)}]" if indices else ""

    def _position(self, e: Expr) -> str:
        match e:
            case Index():
                return self.names.letter(e)
            case Number(value) if value.denominator == 1:
                return str(value - 1)
            case _:
                raise _refused(e)

    def _reduce(self, e: Reduce, kids: tuple[Text, ...]) -> Text:
        letter, size = self.names.letter(e.index), self.names.size(e.index.dim)
        body, *rest = kids
        where = f" if {rest[0].text}" if rest else ""
        return Text(f"{_WORDS[e.op]}({body.text} for {letter} in range({size}){where})")


def _refused(e: Expr) -> NoRuleError:
    return NoRuleError(
        "error/no-code", f"{type(e).__name__} has no form with loops", fix="use the vectorised program"
    )


def _as_number(e: Expr, text: Text) -> Text:
    """A condition counts 0 or 1; NumPy takes no minus of a truth value."""
    return (
        Text(f"float({text.text.removeprefix('(').removesuffix(')')})")
        if isinstance(e, Compare | Delta)
        else text
    )


def _number(value: Fraction) -> Text:
    if value.denominator == 1:
        return Text(str(value.numerator), _ATOM if value >= 0 else _SIGN)
    return Text(f"{value.numerator} / {value.denominator}", _PRODUCT)


def _sum(terms: Sequence[Expr], kids: Sequence[Text]) -> Text:
    out = ""
    for term, kid in zip(terms, map(_as_number, terms, kids), strict=True):
        part = kid.at(_SUM) if not out else kid.at(_PRODUCT)
        negative = part.startswith("-") and isinstance(term, Mul | Number)
        out += part if not out else f" - {part[1:]}" if negative else f" + {part}"
    return Text(out, _SUM)


def _product(factors: Sequence[Expr], kids: Sequence[Text]) -> Text:
    sign, out = "", ""
    for k, (factor, kid) in enumerate(zip(factors, map(_as_number, factors, kids), strict=True)):
        last = _SIGN if out else _PRODUCT
        if factor is MINUS_ONE and k == 0:
            sign = "-"
        elif isinstance(factor, Pow) and factor.exponent is MINUS_ONE:
            base = kid.text.removeprefix("1 / ")
            out = f"{out or '1'} / {base}"
        else:
            out = f"{out} * {kid.at(last)}" if out else kid.at(last)
    return Text(sign + (out or "1"), _PRODUCT if out else _SIGN)


def _compare(op: str, kids: Sequence[Text]) -> Text:
    if op == "not":
        return Text(f"not {kids[0].at(_COMPARE)}", _NOT)
    level = {"and": _AND, "or": _OR}.get(op, _COMPARE)
    return Text(f"({f' {op} '.join(kid.at(level + 1) for kid in kids)})")


def _cases(kids: Sequence[Text]) -> Text:
    text = kids[-1].at(_OR)
    for when, value in reversed([*zip(kids[:-1:2], kids[1:-1:2], strict=True)]):
        text = f"{value.at(_OR)} if {when.at(_OR)} else {text}"
    return Text(f"({text})")


def mentions_partial(e: Expr) -> bool:
    """Whether an unevaluated derivative stands in it."""
    return fold(e, lambda node, kids: isinstance(node, Partial) or any(kids)) if children(e) else False
