"""Numbers and signs of a product put in order, as rules expect them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from whygrad.core.expr import (
    ONE,
    Add,
    Call,
    Constant,
    Expr,
    Mul,
    Number,
    Pow,
    add,
    mul,
    neg,
)


def negate(e: Expr) -> Expr:
    """``-e``, with the minus taken into a sum whose terms all have one.

    >>> from whygrad.core.expr import ONE, Symbol
    >>> z = Symbol("z")
    >>> negate(negate(z)) is z, negate(Add((neg(z), Number(-1)))) is Add((z, ONE))
    (True, True)
    """
    if isinstance(e, Add) and all(is_negative(t) for t in e.terms):
        return add(*(tidy(neg(t)) for t in e.terms))
    return tidy(neg(e))


def is_negative(e: Expr) -> bool:
    """Whether a formula begins with a number below 0."""
    match e:
        case Number(value):
            return value < 0
        case Mul((Number(value), *_)):
            return value < 0
        case _:
            return False


def base_of(e: Expr) -> tuple[Expr, Fraction]:
    """A factor as a power with a number for exponent."""
    if isinstance(e, Pow) and isinstance(e.exponent, Number):
        return e.base, e.exponent.value
    return e, Fraction(1)


def apart(factors: Iterable[Expr]) -> Iterator[Expr]:
    """Factors with squares and cubes taken apart."""
    for f in factors:
        base, power = base_of(f)
        yield from [base] * int(power) if power in (2, 3) else [f]


def _cancelled(factors: tuple[Expr, ...]) -> Expr:
    """A product with powers of one base put together, where one of them divides."""
    powers: dict[Expr, Fraction] = {}
    for base, power in map(base_of, factors):
        powers[base] = powers.get(base, Fraction(0)) + power
    return mul(*(b if p == 1 else Pow(b, Number(p)) for b, p in powers.items() if p))


def _divides_itself(factors: tuple[Expr, ...]) -> bool:
    powers = [base_of(f) for f in factors if not isinstance(f, Number)]
    above = {base for base, power in powers if power > 0}
    return any(power < 0 and base in above for base, power in powers)


def tidy(e: Expr) -> Expr:
    """Numbers of a product multiplied and put first; e^u as exp(u); u^1 as u; u/u cancelled."""
    match e:
        case Mul(factors) if _divides_itself(factors):
            numbers = [f for f in factors if isinstance(f, Number)]
            rest = tuple(f for f in factors if not isinstance(f, Number))
            return tidy(mul(*numbers, _cancelled(rest)))
        case Pow(Constant("e"), exponent):
            return Call("exp", (exponent,))
        case Pow(base, Number(value)) if value == 1:
            return base
        case Pow(_, Number(value)) if value == 0:
            return ONE
        case Call("log", (Constant("e"),)):
            return ONE
        case Mul(factors) if any(isinstance(f, Number) for f in factors):
            numbers = [f for f in factors if isinstance(f, Number)]
            rest = [f for f in factors if not isinstance(f, Number)]
            value = Fraction(1)
            for number in numbers:
                value *= number.value
            if value == 1 and rest:
                return mul(*rest)
            if len(numbers) == 1 and factors[0] is numbers[0]:
                return e
            return mul(Number(value), *rest)
        case _:
            return e
