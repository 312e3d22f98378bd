"""Signs, bounds and convexity, proved by ranges and by the rules of convex analysis.

:func:`span` encloses an expression between two exact numbers: interval arithmetic, sharpened where a
part is a polynomial of degree 2 in one bounded value, f (1 − f) = 1/4 − (f − 1/2)². :func:`curve_of`
knows which ways of composing keep convexity (Boyd and Vandenberghe, Convex Optimization, sec. 3.2); it
alone speaks about kinks, where a second derivative says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, assert_never

from whygrad.core.cost import Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    factors_of,
    mul,
    neg,
    sub,
)
from whygrad.core.walk import fold, names, postorder, rewrite_bottom_up, same_form, substitute
from whygrad.engine.differentiate import calls
from whygrad.engine.score import reached
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.equal import same_value
from whygrad.meaning.facts import REAL, Range, Ranges, point
from whygrad.meaning.normal_form import UndefinedError, factored, normalise

KINKED: Final = frozenset(("abs", "relu", "sign", "max", "min", "clip", "floor"))


# --- bounds ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """All values lie in ``range``; ``square`` is the expression with the square completed, if it was."""

    range: Range
    square: Expr | None = None


def span(e: Expr, scope: Scope) -> Span:
    """Bounds of an expression in index form, for all values of the names that are not defined.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol
    >>> s = Call("sigmoid", (Symbol("z"),))
    >>> found = span(mul(s, sub(ONE, s)), Scope())
    >>> found.range.low, found.range.high, found.square is not None
    (Fraction(0, 1), Fraction(1, 4), True)
    """
    return _Spans(scope).of(_one_voice(e))


def span_by_labels(e: Expr, scope: Scope) -> Range:
    """The same, with each value of each label put in on its own."""
    labels = [s for s in _symbols(e) if s.name in scope.declarations and scope.declarations[s.name].values]
    lines = [e]
    for label in labels[:2]:
        values = scope.declarations[label.name].values
        lines = [substitute(line, {label: Number(v)}) for line in lines for v in values]
        if len(lines) > 16:
            return span(e, scope).range
    ranges = [_sharpest(_settled(line), scope) for line in lines]
    found = ranges[0]
    for other in ranges[1:]:
        found = found.union(other)
    return found


def _sharpest(e: Expr, scope: Scope) -> Range:
    """The range of ``e``, and of its factored normal form."""
    found = span(e, scope).range
    try:
        return found.within(span(factored(normalise(e, scope)), scope).range)
    except (BudgetError, UndefinedError):
        return found


def _settled(e: Expr) -> Expr:
    """Numbers worked out where a label was put in: 0 u = 0, 1 u = u, 0 + u = u."""

    def f(node: Expr) -> Expr:
        match node:
            case Mul(factors) if any(isinstance(x, Number) and x.value == 0 for x in factors):
                return Number(0)
            case Mul(factors):
                value = Fraction(1)
                for x in factors:
                    value *= x.value if isinstance(x, Number) else 1
                rest = [x for x in factors if not isinstance(x, Number)]
                return mul(*((Number(value),) if value != 1 or not rest else ()), *rest)
            case Add(terms):
                value = sum((x.value for x in terms if isinstance(x, Number)), Fraction(0))
                rest = [x for x in terms if not isinstance(x, Number)]
                return add(*((Number(value),) if value != 0 or not rest else ()), *rest)
            case Pow(Number(base), Number(n)) if n.denominator == 1 and (base != 0 or n > 0):
                return Number(base ** int(n))
            case _:
                return node

    return rewrite_bottom_up(e, f)


def _symbols(e: Expr) -> list[Symbol]:
    return [n for n in postorder(e) if isinstance(n, Symbol)]


def _one_voice(e: Expr) -> Expr:
    """σ(−u) as 1 − σ(u), sinh u/cosh u as tanh u, so that one value stands for both."""

    def f(node: Expr) -> Expr:
        match node:
            case Call("sigmoid", (Mul((first, *rest)),)) if first is MINUS_ONE:
                return sub(ONE, Call("sigmoid", (mul(*rest),)))
            case Mul(factors):
                return mul(*_tangents(list(factors)))
            case _:
                return node

    return rewrite_bottom_up(e, f)


def _tangents(factors: list[Expr]) -> list[Expr]:
    """Each sinh u (power n) with cosh u (power −n) as tanh u (power n)."""
    for k, top in enumerate(factors):
        base, n = _power(top)
        if not (isinstance(base, Call) and base.name == "sinh"):
            continue
        for q, below in enumerate(factors):
            other, p = _power(below)
            if isinstance(other, Call) and other.name == "cosh" and other.args == base.args and p == -n:
                tanh = Call("tanh", base.args)
                rest = [f for i, f in enumerate(factors) if i not in (k, q)]
                return _tangents([*rest, tanh if n == 1 else Pow(tanh, Number(n))])
    return factors


def _power(e: Expr) -> tuple[Expr, Fraction]:
    match e:
        case Pow(base, Number(n)):
            return base, n
        case _:
            return e, Fraction(1)


class _Spans:
    """Spans of expressions in one scope."""

    def __init__(self, scope: Scope) -> None:
        self.ranges = Ranges(scope)

    def of(self, e: Expr) -> Span:
        """Try the whole as a polynomial, then each product's parts."""
        plain = self.ranges.of(e)
        best = Span(plain)
        for t in self._atoms(e):
            found = self._quadratic(e, t)
            if found is not None:
                best = Span(best.range.within(found.range), found.square or best.square)
        if isinstance(e, Mul):
            grouped = self._grouped(e)
            best = Span(best.range.within(grouped.range), best.square or grouped.square)
        elif isinstance(e, Pow) and isinstance(e.exponent, Number) and e.exponent.value.denominator == 1:
            inner = self._base(e)
            best = Span(best.range.within(inner), best.square)
        return best

    def _base(self, e: Pow) -> Range:
        assert isinstance(e.exponent, Number)
        n = e.exponent.value.numerator
        return self.ranges.of(e.base).power(n) if abs(n) < 50 else REAL

    def _atoms(self, e: Expr) -> Iterator[Expr]:
        for node in dict.fromkeys(postorder(e)):
            if isinstance(node, Call | Symbol):
                found = self.ranges.of(node)
                if found.low is not None and found.high is not None:
                    yield node

    def _grouped(self, e: Mul) -> Span:
        """Factors that are polynomials in one value are bounded together."""
        left = list(e.factors)
        total, square = point(Fraction(1)), None
        outside: list[Expr] = []
        for t in self._atoms(e):
            group = [f for f in left if _polynomial(f, t) is not None and t in set(postorder(f))]
            if len(group) < 2:
                continue
            found = self._quadratic(mul(*group), t)
            if found is None:
                continue
            left = [f for f in left if f not in group]
            total = total * found.range
            if found.square is not None:
                square, outside = found.square, left
        for f in _squared(left):
            total = total * self.ranges.of(f)
        whole = None if square is None else mul(*outside, square) if outside else square
        return Span(total, whole)

    def _quadratic(self, e: Expr, t: Expr) -> Span | None:
        """a t² + b t + c = a (t + b/2a)² + c − b²/4a on the range of t."""
        p = _polynomial(e, t)
        if p is None or len(p) > 3:
            return None
        inside = self.ranges.of(t)
        if inside.low is None or inside.high is None:
            return None
        c, b, a = (*p, *[Fraction(0)] * (3 - len(p)))
        ends = [c + b * v + a * v * v for v in (inside.low, inside.high)]
        low, high, square = min(ends), max(ends), None
        if a:
            at = -b / (2 * a)
            if inside.low < at < inside.high:
                top = c - b * b / (4 * a)
                low, high = min(low, top), max(high, top)
                shifted = sub(t, Number(at)) if at > 0 else add(t, Number(-at)) if at else t
                square = add(
                    Number(top), mul(Number(a), Pow(shifted, TWO)) if a != -1 else neg(Pow(shifted, TWO))
                )
        return Span(Range(low, high, False, False), square)


def _squared(factors: Sequence[Expr]) -> list[Expr]:
    """Equal factors as one power, so that a square is seen."""
    out: dict[Expr, Fraction] = {}
    for f in factors:
        base, n = _power(f)
        out[base] = out.get(base, Fraction(0)) + n
    return [b if n == 1 else Pow(b, Number(n)) for b, n in out.items() if n]


def _polynomial(e: Expr, t: Expr) -> list[Fraction] | None:
    """Coefficients of ``e`` as a polynomial in ``t`` with rational coefficients, lowest first."""

    def f(node: Expr, kids: tuple[list[Fraction] | None, ...]) -> list[Fraction] | None:
        if node is t:
            return [Fraction(0), Fraction(1)]
        match node:
            case Number(value):
                return [value]
            case Add():
                out: list[Fraction] = []
                for kid in kids:
                    if kid is None:
                        return None
                    out = [x + y for x, y in _zip(out, kid)]
                return out
            case Mul():
                product = [Fraction(1)]
                for kid in kids:
                    if kid is None or len(product) + len(kid) > 8:
                        return None
                    product = _times(product, kid)
                return product
            case Pow(_, Number(n)) if n.denominator == 1 and 0 <= n <= 4 and kids[0] is not None:
                power = [Fraction(1)]
                for _ in range(int(n)):
                    power = _times(power, kids[0])
                return power
            case _:
                return None

    return fold(e, f)


def _zip(a: list[Fraction], b: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    n = max(len(a), len(b))
    pad = [Fraction(0)] * n
    return list(zip([*a, *pad][:n], [*b, *pad][:n], strict=True))


def _times(a: list[Fraction], b: list[Fraction]) -> list[Fraction]:
    out = [Fraction(0)] * (len(a) + len(b) - 1)
    for k, x in enumerate(a):
        for q, y in enumerate(b):
            out[k + q] += x * y
    return out


# --- convexity by rules ---------------------------------------------------------------------------

Curve = Literal["constant", "affine", "convex", "concave", "unknown"]
_CONVEX: Final = frozenset(("exp", "softplus", "cosh", "abs", "relu"))
_CONCAVE: Final = frozenset(("log", "sqrt", "log1p"))
_RISING: Final = frozenset(("exp", "softplus", "relu", "log", "sqrt", "log1p"))


def curve_of(e: Expr, scope: Scope, variables: frozenset[str]) -> tuple[Curve, tuple[str, ...]]:
    """How ``e`` bends in the entries of ``variables``, and the rules that say so.

    Examples
    --------
    >>> z = Symbol("z")
    >>> hinge = Call("max", (Number(0), sub(ONE, z)))
    >>> curve_of(hinge, Scope(), frozenset("z"))[0]
    'convex'
    """
    return _Curves(scope, variables).of(e)


def kinks(e: Expr, scope: Scope, variables: frozenset[str]) -> tuple[Expr, ...]:
    """The parts of ``e`` that bend or switch with ``variables``, definitions opened."""
    found: dict[Expr, None] = {}
    stack, seen = [e], set[str]()
    while stack:
        for node in postorder(stack.pop()):
            used = names(node) | calls(node)
            moves = any(reached(scope, n) & variables for n in used)
            if moves and (
                isinstance(node, Compare | Cases) or (isinstance(node, Call) and node.name in KINKED)
            ):
                found.setdefault(node)
            if moves and isinstance(node, Reduce) and node.op in ("max", "min"):
                found.setdefault(node)
            if not isinstance(node, Symbol | Call) or node.name in seen or node.name in variables:
                continue
            if node.name in scope.definitions:
                seen.add(node.name)
                stack.append(scope.definitions[node.name].body)
    return tuple(found)


class _Curves:
    def __init__(self, scope: Scope, variables: frozenset[str]) -> None:
        self.scope, self.variables = scope, variables
        self.ranges = Ranges(scope)
        self.reasons: dict[str, None] = {}

    def of(self, e: Expr) -> tuple[Curve, tuple[str, ...]]:
        """The curve of the whole, definitions opened."""
        found = fold(self.opened(e), self._step)
        return found, tuple(self.reasons)

    def opened(self, e: Expr) -> Expr:
        """``e`` with every definition put in that moves with the variables."""
        for d in reversed(tuple(self.scope.definitions.values())):
            if d.is_function or d.name in self.variables or d.name not in names(e):
                continue
            if not reached(self.scope, d.name) & self.variables:
                continue
            spots = {n for n in _symbols(e) if n.name == d.name and len(n.indices) == len(d.indices)}
            e = rewrite_bottom_up(
                e, lambda n, d=d, spots=spots: _put(n, d.indices, d.body) if n in spots else n
            )
        return e

    def _step(self, e: Expr, kids: tuple[Curve, ...]) -> Curve:
        if isinstance(e, Symbol):
            if e.name in self.variables:
                return "affine"
            return "unknown" if reached(self.scope, e.name) & self.variables else "constant"
        if all(kid == "constant" for kid in kids):
            return "constant"
        match e:
            case Add():
                return _sum(kids)
            case Mul(factors):
                return self._product(factors, kids)
            case Pow(base, Number(n)):
                return self._power(base, n, kids[0])
            case Call(name, args):
                return self._call(name, args, kids)
            case Reduce("sum"):
                if kids[0] == "unknown":
                    return self._quadratic_form(e)
                return kids[0] if len(kids) == 1 or kids[1] == "constant" else "unknown"
            case Reduce("max") if kids[0] in ("affine", "convex"):
                return self._said("the largest of convex functions is convex", "convex")
            case Reduce("min") if kids[0] in ("affine", "concave"):
                return self._said("the least of concave functions is concave", "concave")
            case Cases():
                return self._cases(e, kids)
            case Apply("logdet", (Symbol(name),)) if self._definite(name):
                return self._said("log det of a positive definite matrix is concave", "concave")
            case _:
                return "unknown"

    def _fixed(self, e: Expr | None) -> bool:
        return e is None or fold(e, self._step) == "constant"

    def _definite(self, name: str) -> bool:
        declared = self.scope.declarations.get(name)
        return declared is not None and declared.has("spd")

    def _said(self, reason: str, curve: Curve) -> Curve:
        self.reasons.setdefault(reason)
        return curve

    def _product(self, factors: tuple[Expr, ...], kids: tuple[Curve, ...]) -> Curve:
        moving = [k for k, kid in enumerate(kids) if kid != "constant"]
        curve = kids[moving[0]]
        if len(moving) == 2 and curve == "affine" and same_form(*(factors[k] for k in moving)):
            curve = self._said("the square of a linear function is convex", "convex")
        elif len(moving) != 1:
            return "unknown"
        if curve == "affine":
            return curve
        sign = self.ranges.of(mul(*(f for k, f in enumerate(factors) if k not in moving)))
        if sign.nonnegative:
            return curve
        return _flipped(curve) if (-sign).nonnegative else "unknown"

    def _power(self, base: Expr, n: Fraction, curve: Curve) -> Curve:
        even = n.denominator == 1 and n > 0 and n.numerator % 2 == 0
        if n == 1:
            return curve
        if even and curve == "affine":
            return self._said("the square of a linear function is convex", "convex")
        if n >= 1 and curve in ("convex", "affine") and self.ranges.of(base).nonnegative:
            return self._said(
                "a power of at least 1 of a convex function that is not negative is convex", "convex"
            )
        if n < 0 and curve in ("concave", "affine") and self.ranges.of(base).positive:
            return self._said("one over a positive concave function is convex", "convex")
        if n == Fraction(1, 2):
            return self._root(base, curve)
        return "unknown"

    def _root(self, base: Expr, curve: Curve) -> Curve:
        """√(Σ u²) of linear u is a norm; √ of a concave function is concave."""
        inner = base
        while isinstance(inner, Reduce) and inner.op == "sum":
            inner = inner.body
        if isinstance(inner, Pow) and inner.exponent is TWO and fold(inner.base, self._step) == "affine":
            return self._said("the length of a linear vector is convex", "convex")
        return "concave" if curve in ("affine", "concave") else "unknown"

    def _call(self, name: str, args: tuple[Expr, ...], kids: tuple[Curve, ...]) -> Curve:
        if name in ("max", "min"):
            wanted: Curve = "convex" if name == "max" else "concave"
            if all(kid in ("constant", "affine", wanted) for kid in kids):
                which = "larger" if name == "max" else "smaller"
                return self._said(f"the {which} of two {wanted} functions is {wanted}", wanted)
            return "unknown"
        if len(kids) != 1 or name not in _CONVEX | _CONCAVE:
            return "unknown"
        if name == "log" and isinstance(args[0], Mul | Pow):
            return self._log_of_product(args[0])
        if name == "log" and self._is_log_sum_exp(args[0]):
            return self._said("the log of a sum of exponentials of linear functions is convex", "convex")
        if name == "log" and self._is_distribution(args[0]):
            return self._said("the log of a distribution function of a linear function is concave", "concave")
        if name == "sqrt":
            return self._root(args[0], kids[0])
        curve: Curve = "convex" if name in _CONVEX else "concave"
        if kids[0] == "affine":
            return self._said(f"{_WORDS.get(name, name)} of a linear function is {curve}", curve)
        if kids[0] == curve and name in _RISING:
            return self._said(
                f"{_WORDS.get(name, name)} is {curve} and rises, so it keeps {curve} functions", curve
            )
        return "unknown"

    def _log_of_product(self, e: Expr) -> Curve:
        """Log of a product is a sum of logs, log of a power a multiple of one; log e^u is u."""
        curves: list[Curve] = []
        for f in factors_of(e):
            base, n = _power(f)
            inner = fold(base, self._step)
            if inner == "constant":
                curves.append("constant")
            elif isinstance(base, Call) and base.name == "exp":
                curve = fold(base.args[0], self._step)
                curves.append(curve if n > 0 else _flipped(curve))
            else:
                curve = self._call("log", (base,), (inner,))
                curves.append(curve if n > 0 else _flipped(curve))
        return _sum(tuple(curves))

    def _quadratic_form(self, e: Reduce) -> Curve:
        """Σ_j Σ_k w_j G_jk w_k with G positive definite."""
        bound: list[Index] = []
        stack: list[Expr] = [e]
        factors: list[Expr] = []
        while stack:
            node = stack.pop()
            if (
                isinstance(node, Reduce)
                and node.op == "sum"
                and node.where is None
                and node.index not in bound
            ):
                bound.append(node.index)
                stack.append(node.body)
            elif isinstance(node, Mul):
                stack.extend(node.factors)
            else:
                factors.append(node)
        moving = [f for f in factors if isinstance(f, Symbol) and f.name in self.variables]
        definite = [f for f in factors if isinstance(f, Symbol) and self._definite(f.name)]
        rest = [f for f in factors if f not in moving and f not in definite]
        if len(moving) != 2 or len(definite) != 1 or len({f.name for f in moving}) != 1:
            return "unknown"
        letters = [f.indices for f in moving]
        if any(len(i) != 1 for i in letters) or {letters[0][0], letters[1][0]} != set(definite[0].indices):
            return "unknown"
        if set(bound) != set(definite[0].indices) or any(fold(f, self._step) != "constant" for f in rest):
            return "unknown"
        if not self.ranges.of(mul(*rest)).nonnegative:
            return "unknown"
        return self._said("the quadratic form of a positive definite matrix is convex", "convex")

    def _is_distribution(self, e: Expr) -> bool:
        """A normal, logistic or extreme-value distribution function of a linear argument, or 1 less it.

        They are log-concave (Bagnoli and Bergstrom, "Log-concave probability and its applications",
        Economic Theory, 2005).
        """
        inner = e
        while (other := _complement(inner)) is not None:
            inner = other
        match inner:
            case Call("Phi" | "sigmoid", (u,)):
                return fold(u, self._step) == "affine"
            case Call("exp", (Mul((minus, Call("exp", (u,)))),)) if minus is MINUS_ONE:
                return fold(u, self._step) == "affine"
            case _:
                return False

    def _is_log_sum_exp(self, e: Expr) -> bool:
        terms = e.terms if isinstance(e, Add) else (e,)
        for term in terms:
            inner = term
            while isinstance(inner, Reduce) and inner.op == "sum" and self._fixed(inner.where):
                inner = inner.body
            factors = factors_of(inner)
            moving = [f for f in factors if fold(f, self._step) != "constant"]
            fixed = mul(*(f for f in factors if f not in moving))
            if not self.ranges.of(fixed).nonnegative:
                return False
            if moving and not (
                len(moving) == 1
                and isinstance(moving[0], Call)
                and moving[0].name == "exp"
                and fold(moving[0].args[0], self._step) == "affine"
            ):
                return False
        return True

    def _cases(self, e: Cases, kids: tuple[Curve, ...]) -> Curve:
        """Convex branches of one variable that meet with equal values and slopes."""
        if len(e.branches) != 1 or len(self.variables) != 1:
            return "unknown"
        ((condition, inside),) = e.branches
        outside = e.otherwise
        if not all(k in ("constant", "affine", "convex") for k in kids[1:]) or not isinstance(
            condition, Compare
        ):
            return "unknown"
        score = next((n for n in _symbols(e) if n.name in self.variables), None)
        if score is None:
            return "unknown"
        pieces = (inside, outside, Partial(inside, score), Partial(outside, score))
        lines = [derivative(p.body, p.wrt, self.scope) if isinstance(p, Partial) else p for p in pieces]
        places = meetings(condition)
        for u in places:
            if any(_joint(a, b, u, score, self.scope) != "joins" for a, b in (lines[:2], lines[2:])):
                return "unknown"
        if not places:
            return "unknown"
        return self._said("the pieces are convex and meet with equal values and slopes", "convex")


# --- where formulas switch ------------------------------------------------------------------------


def meetings(node: Expr) -> tuple[Expr, ...]:
    """Expressions that are 0 where ``node`` switches; |u| <= c switches where u − c or −u − c is 0."""
    match node:
        case Call("abs" | "relu" | "sign" | "floor", (u,)):
            return (u,)
        case Call("max" | "min", (a, b)):
            places = [sub(a, b)]
        case Compare(op, (a, b)) if op not in ("and", "or", "not"):
            places = [sub(a, b)]
        case _:
            return ()
    out: list[Expr] = []
    for place in places:
        inner = next((n for n in postorder(place) if isinstance(n, Call) and n.name == "abs"), None)
        signs = (ONE,) if inner is None else (ONE, MINUS_ONE)
        for sign in signs:
            out.append(place if inner is None else substitute(place, {inner: mul(sign, inner.args[0])}))
    return tuple(out)


Joint = Literal["joins", "jumps", "undecided"]


def slope_joint(loss: Expr, slope: Expr, score: Symbol, scope: Scope) -> Joint:
    """Whether the slope of a loss of one score is continuous where its formulas switch.

    ``joins`` and ``jumps`` are proved, each place on its own.
    """
    variables = frozenset((score.name,))
    curves = _Curves(scope, variables)
    opened = curves.opened(slope)
    found: list[Joint] = []
    for node in kinks(loss, scope, variables):
        if isinstance(node, Cases):
            continue
        places = meetings(curves.opened(node))
        found.extend(_joint(opened, opened, u, score, scope) for u in places)
        if not places:
            found.append("undecided")
    if "jumps" in found:
        return "jumps"
    return "undecided" if "undecided" in found else "joins"


def _joint(below: Expr, above: Expr, u: Expr, score: Symbol, scope: Scope) -> Joint:
    """Whether an expression for u < 0 and one for u > 0 agree at u = 0; u is linear in the score."""
    rate = derivative(u, score, scope)
    if any(isinstance(n, Symbol) and n.name == score.name for n in postorder(rate)):
        return "undecided"
    sides = [_on_side(e, u, sign, scope) for e, sign in ((below, -1), (above, 1))]
    if any(_switches(n) and score.name in names(n) for side in sides for n in postorder(side)):
        return "undecided"  # which formula holds there is not known
    place = sub(score, mul(u, Pow(rate, MINUS_ONE)))
    left, right = (substitute(side, {score: place}) for side in sides)
    verdict = same_value(left, right, scope)
    if verdict.proved:
        return "joins"
    return "jumps" if verdict.kind == "different" else "undecided"


def grows_without_bound(e: Expr, score: Symbol, scope: Scope) -> bool:
    """Whether ``e`` is a positive constant times exponentials of the score that all rise or all fall."""
    opened = _Curves(scope, frozenset((score.name,))).opened(e)
    ranges, rates = Ranges(scope), list[int]()
    for f in factors_of(opened):
        if score.name not in names(f):
            if not ranges.of(f).positive:
                return False
            continue
        base, n = _power(f)
        if not (isinstance(base, Call) and base.name == "exp"):
            return False
        rate = ranges.of(mul(Number(n), factored(normalise(derivative(base.args[0], score, scope), scope))))
        if not rate.nonzero:
            return False
        rates.append(1 if rate.positive else -1)
    return bool(rates) and len(set(rates)) == 1


def _switches(node: Expr) -> bool:
    return isinstance(node, Compare | Cases) or (isinstance(node, Call) and node.name in KINKED)


def _on_side(e: Expr, u: Expr, sign: int, scope: Scope) -> Expr:
    """``e`` beside u = 0, with what depends on the sign of ``u`` settled."""

    def same(a: Expr, b: Expr) -> bool:
        return same_form(a, b) or same_value(a, b, scope).proved

    def direction(v: Expr) -> int:
        """The sign of ``v``: that of u or −u, or of what is left where u is 0; 0 if it is not known."""
        if same(v, u):
            return sign
        return -sign if same(v, neg(u)) else _offset_sign(v, u, scope)

    def settled(node: Expr) -> Expr:
        match node:
            case Call("abs", (v,)):
                s = direction(v)
                return node if not s else v if s > 0 else neg(v)
            case Call("sign", (v,)):
                s = direction(v)
                return Number(s) if s else node
            case Call("relu", (v,)):
                s = direction(v)
                return node if not s else v if s > 0 else Number(0)
            case Call("max" | "min" as name, (a, b)):
                s = direction(sub(a, b)) * (1 if name == "max" else -1)
                return node if not s else a if s > 0 else b
            case Compare("<" | "<=" | ">" | ">=" as op, (a, b)):
                s = direction(sub(a, b))
                return node if not s else Number(int((s > 0) == (op[0] == ">")))
            case Cases(branches, otherwise) if len(branches) == 1 and isinstance(branches[0][0], Number):
                return branches[0][1] if branches[0][0].value else otherwise
            case _:
                return node

    return rewrite_bottom_up(e, settled)


def _offset_sign(v: Expr, u: Expr, scope: Scope) -> int:
    """The sign of v at u = 0, where v is u + c or −u + c and the sign of c is known."""
    ranges = Ranges(scope)
    for c in (sub(v, u), add(v, u)):
        found = ranges.of(factored(normalise(c, scope)))
        if found.nonzero:
            return 1 if found.positive else -1
    return 0


def _complement(e: Expr) -> Expr | None:
    """u of 1 − u."""
    match e:
        case Add((first, Mul((minus, inner)))) if first is ONE and minus is MINUS_ONE:
            return inner
        case _:
            return None


def _put(node: Expr, indices: tuple[Expr, ...], body: Expr) -> Expr:
    assert isinstance(node, Symbol)
    return substitute(body, {a: b for a, b in zip(indices, node.indices, strict=True) if a is not b})


def _sum(kids: tuple[Curve, ...]) -> Curve:
    kinds = {kid for kid in kids if kid != "constant"}
    if kinds <= {"affine"}:
        return "affine"
    if kinds <= {"affine", "convex"}:
        return "convex"
    return "concave" if kinds <= {"affine", "concave"} else "unknown"


def _flipped(curve: Curve) -> Curve:
    match curve:
        case "convex":
            return "concave"
        case "concave":
            return "convex"
        case "constant" | "affine" | "unknown":
            return curve
        case _:
            assert_never(curve)


_WORDS: Final = {
    "abs": "the absolute value",
    "relu": "ReLU",
    "exp": "the exponential",
    "log": "the logarithm",
    "sqrt": "the root",
}
