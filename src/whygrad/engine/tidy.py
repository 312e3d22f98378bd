"""House-keeping: ones, zeros, signs, numbers, powers of one base.

:func:`tidy_node` does one thing to one node; :func:`tidy` does it everywhere until nothing is left.
A line keeps its written order: only what a rule touches moves.
"""

from __future__ import annotations

from fractions import Fraction

from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Cases,
    Compare,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    add,
    mul,
    neg,
)
from whygrad.core.walk import Path, canonical, children, fold, names, paths, rebuild, size_of

Tidied = tuple[str, Expr]
"""A rule id and the new node."""

_KNOWN: dict[tuple[str, int], int] = {
    ("log", 1): 0,
    ("log1p", 0): 0,
    ("exp", 0): 1,
    ("expm1", 0): 0,
    ("sqrt", 0): 0,
    ("sqrt", 1): 1,
    ("tanh", 0): 0,
    ("sin", 0): 0,
    ("cos", 0): 1,
    ("relu", 0): 0,
    ("abs", 0): 0,
    ("erf", 0): 0,
}


def tidy_node(e: Expr) -> Tidied | None:
    """One piece of house-keeping at the top of ``e``, or None."""
    match e:
        case Mul(factors):
            return _tidy_mul(factors)
        case Add(terms):
            return _tidy_add(terms)
        case Pow(base, exponent):
            return _tidy_pow(base, exponent)
        case Call(name, (Number(value),)) if value.denominator == 1 and (name, int(value)) in _KNOWN:
            return "algebra/known-value", Number(_KNOWN[(name, int(value))])
        case Reduce("sum", _, body) if body is ZERO:
            return "algebra/zero-factor", ZERO
        case Reduce("prod", _, body) if body is ONE:
            return "algebra/one-factor", ONE
        case Delta(left, right) if left is right:
            return "algebra/known-value", ONE
        case Delta(Number(a), Number(b)):
            return "algebra/known-value", ONE if a == b else ZERO
        case Compare():
            value = known_condition(e)
            return None if value is None else ("algebra/condition-known", ONE if value else ZERO)
        case Cases(branches, otherwise):
            return _tidy_cases(branches, otherwise)
        case _:
            return None


def known_condition(e: Compare) -> bool | None:
    """The truth of a comparison between numbers (or of a thing with itself), else None."""
    if len(e.args) != 2 or e.op in ("and", "or"):
        return None
    a, b = e.args
    if isinstance(a, Number) and isinstance(b, Number):
        x, y = a.value, b.value
        return {
            "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "==": x == y, "!=": x != y,
        }[e.op]  # fmt: skip
    if a is b and isinstance(a, Index):
        return e.op in ("<=", ">=", "==")
    return None


def _number(e: Expr) -> Fraction | None:
    """The value of a number or of one over a number."""
    match e:
        case Number(value):
            return value
        case Pow(Number(value), Number(n)) if value != 0 and n.denominator == 1 and abs(n) <= 64:
            return value ** int(n)
        case _:
            return None


def _tidy_mul(factors: tuple[Expr, ...]) -> Tidied | None:
    if ZERO in factors:
        return "algebra/zero-factor", ZERO
    if ONE in factors:
        return "algebra/one-factor", mul(*(f for f in factors if f is not ONE))
    return _numbers_in_front(factors) or _inner_numbers(factors) or _same_base(factors)


def _numbers_in_front(factors: tuple[Expr, ...]) -> Tidied | None:
    values = [(k, v) for k, f in enumerate(factors) if (v := _number(f)) is not None]
    if not values:
        return None
    if len(values) == 1 and values[0][0] == 0:
        first = factors[0]
        if isinstance(first, Number):
            return None
    if len(values) == 1 and isinstance(factors[values[0][0]], Pow):
        return None  # a/2 stays as written until there is a second number
    product = Fraction(1)
    for _, v in values:
        product *= v
    rest = [f for k, f in enumerate(factors) if k not in {k for k, _ in values}]
    signs_only = all(v == -1 for _, v in values) or (len(values) == 1 and product == -1)
    rule = "algebra/minus-front" if signs_only else "algebra/numbers"
    decimal = any(isinstance(factors[k], Number) and factors[k].decimal for k, _ in values)  # pyright: ignore
    head = () if product == 1 else (Number(product, decimal and product.denominator != 1),)
    return rule, mul(*head, *rest)


def _inner_numbers(factors: tuple[Expr, ...]) -> Tidied | None:
    """A number in front meets the number of a denominator: 2 · 1/(2m) = 1/m."""
    head = factors[0]
    if not isinstance(head, Number) or head.value in (1, -1):
        return None
    for k, f in enumerate(factors):
        match f:
            case Pow(Mul((Number(c), *rest)), Number(n)) if n == -1 and c not in (0, 1, -1):
                value = head.value / c
                if value.denominator >= head.value.denominator * c.numerator:
                    continue  # nothing cancels
                others = [*factors[1:k], Pow(mul(*rest), MINUS_ONE), *factors[k + 1 :]]
                front = () if value == 1 else (Number(value),)
                return "algebra/numbers", mul(*front, *others)
            case _:
                pass
    return None


def _same_base(factors: tuple[Expr, ...]) -> Tidied | None:
    """u · u = u²; only powers of the same sign (cancelling is a step of its own)."""
    seen: dict[tuple[Expr, bool], int] = {}
    looks = [_look(f.base if isinstance(f, Pow) else f) for f in factors]
    if len(set(looks)) == len(looks):
        return None  # no two can be alike
    for k, f in enumerate(factors):
        base, exponent = (f.base, f.exponent) if isinstance(f, Pow) else (f, ONE)
        if not isinstance(exponent, Number) or isinstance(base, Number) or looks.count(looks[k]) == 1:
            continue
        key = (canonical(base), exponent.value > 0)
        if key not in seen:
            seen[key] = k
            continue
        first = factors[seen[key]]
        old = first.exponent if isinstance(first, Pow) else ONE
        assert isinstance(old, Number)
        base = first.base if isinstance(first, Pow) else first
        joined = Pow(base, Number(old.value + exponent.value))
        new = [*factors[: seen[key]], joined, *factors[seen[key] + 1 : k], *factors[k + 1 :]]
        return "algebra/same-base", mul(*new)
    return None


def _look(e: Expr) -> tuple[type[Expr], int, frozenset[str]]:
    """What alike expressions have in common, cheaply."""
    return type(e), size_of(e), names(e)


def _tidy_add(terms: tuple[Expr, ...]) -> Tidied | None:
    if ZERO in terms:
        return "algebra/zero-term", add(*(t for t in terms if t is not ZERO))
    numbers = [k for k, t in enumerate(terms) if isinstance(t, Number)]
    if len(numbers) > 1:
        total = sum((t.value for t in terms if isinstance(t, Number)), Fraction(0))
        kept = list(terms)
        kept[numbers[0]] = Number(total)
        return "algebra/numbers", add(*(t for k, t in enumerate(kept) if k not in numbers[1:]))
    return None


def _tidy_pow(base: Expr, exponent: Expr) -> Tidied | None:
    match base, exponent:
        case _, Number(n) if n == 1:
            return "algebra/power-one", base
        case _, Number(n) if n == 0:
            return "algebra/power-zero", ONE
        case Number(b), Number(n) if b == 1 and n.denominator == 1:
            return "algebra/numbers", ONE
        case Number(b), Number(n) if n.denominator == 1 and 0 < n <= 64:
            return "algebra/numbers", Number(b ** int(n))
        case Number(b), Number(n) if n == -1 and b == -1:
            return "algebra/numbers", MINUS_ONE
        case Number(b), Number(n) if n == -1 and b != 0 and b.denominator != 1:
            return "algebra/numbers", Number(1 / b)
        case Number(b), Number(n) if n == 0:
            return "algebra/power-zero", ONE
        case Call("sqrt", (inner,)), Number(n) if n == 2:
            return "algebra/root-squared", inner
        case Pow(inner, Number(a)), Number(n) if a.denominator == 1 and n.denominator == 1:
            rule = "algebra/double-fraction" if a == n == -1 else "algebra/power-of-power"
            return rule, Pow(inner, Number(a * n))
        case Mul(factors), Number(n) if n == -1 and factors[0] is MINUS_ONE:
            return "algebra/minus-front", neg(Pow(mul(*factors[1:]), exponent))
        case Mul(factors), Number(n) if n == -1 and any(_is_inverse(f) for f in factors):
            up = [f.base for f in factors if isinstance(f, Pow) and _is_inverse(f)]
            down = [f for f in factors if not _is_inverse(f)]
            return "algebra/double-fraction", mul(*up, Pow(mul(*down), MINUS_ONE)) if down else mul(*up)
        case _:
            return None


def _is_inverse(e: Expr) -> bool:
    return isinstance(e, Pow) and e.exponent is MINUS_ONE


def _tidy_cases(branches: tuple[tuple[Expr, Expr], ...], otherwise: Expr) -> Tidied | None:
    if all(value is otherwise for _, value in branches):
        return "algebra/same-branches", otherwise
    kept: list[tuple[Expr, Expr]] = []
    for condition, value in branches:
        if condition is ZERO:
            return "algebra/condition-known", _cases([*kept, *_after(branches, condition, value)], otherwise)
        if condition is ONE:
            return "algebra/condition-known", _cases(kept, value)
        kept.append((condition, value))
    return None


def _after(
    branches: tuple[tuple[Expr, Expr], ...], condition: Expr, value: Expr
) -> tuple[tuple[Expr, Expr], ...]:
    return branches[branches.index((condition, value)) + 1 :]


def _cases(branches: list[tuple[Expr, Expr]], otherwise: Expr) -> Expr:
    return Cases(branches, otherwise) if branches else otherwise


def _settle(node: Expr, kids: tuple[Expr, ...]) -> Expr:
    old = children(node)
    same = all(a is b for a, b in zip(kids, old, strict=True))
    out = node if same else rebuild(node, kids)
    for _ in range(200):
        done = tidy_node(out)
        if done is None:
            return out
        new = done[1]
        # What a rule built may hold new nodes one level down; they are settled before going on.
        inner = children(new)
        fixed = tuple(_settle_shallow(kid) for kid in inner)
        out = new if all(a is b for a, b in zip(fixed, inner, strict=True)) else rebuild(new, fixed)
    return out


def _settle_shallow(e: Expr) -> Expr:
    for _ in range(50):
        done = tidy_node(e)
        if done is None:
            return e
        e = done[1]
    return e


def tidy(e: Expr) -> Expr:
    """House-keeping everywhere."""
    return fold(e, _settle, memo="tidy")


def next_tidy(e: Expr) -> tuple[Path, str, Expr] | None:
    """The next single piece of house-keeping, innermost first: path, rule id, new node there."""
    best: tuple[Path, str, Expr] | None = None
    for path, node in paths(e):
        if best is not None and len(path) <= len(best[0]):
            continue
        done = tidy_node(node)
        if done is not None:
            best = (path, *done)
    return best
