"""Naive formulas to safe ones, by the rows of :mod:`whygrad.rules.stability`.

Rows are matched up to the order of terms and factors, inside longer sums and products, and through
the names of definitions: ``log f[i]`` is the logarithm of a sigmoid when f is defined as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import permutations
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Cases,
    Expr,
    Hole,
    Mul,
    Number,
    Pow,
    Reduce,
    Symbol,
    add,
    factors_of,
    mul,
    sub,
)
from whygrad.core.walk import (
    free_indices,
    fresh_index,
    letters,
    postorder,
    rename_bound,
    rewrite_bottom_up,
    same_form,
    substitute,
)
from whygrad.lower.signs import apart, base_of, is_negative, negate, tidy
from whygrad.rules.rule import fill
from whygrad.rules.stability import STABILITY, StabilityRule

Bindings = dict[str, Expr]
MOST_PASSES: Final = 50
"""Passes over a formula; each rewrites every node once, and real formulas need two or three."""
LONGEST_SUM: Final = 40
"""Terms of a sum within which a row of two terms is looked for."""


class Stabiliser:
    """Rewrites formulas of one scope and remembers which rule made which part.

    ``without`` names rules that are not to be used.

    Attributes
    ----------
    rules
        Rewritten part -> ids of the rules behind it.
    """

    def __init__(self, scope: Scope, *, without: frozenset[str] = frozenset()) -> None:
        self.scope = scope
        self.rows = tuple(row for row in STABILITY if row.id not in without)
        self.rules: dict[Expr, tuple[str, ...]] = {}
        self._bodies: dict[Expr, Expr | None] = {}
        self._names: list[str] = []

    def stable(self, e: Expr) -> Expr:
        """``e`` with every row applied where it fits, inside out, until none does."""
        for _ in range(MOST_PASSES):
            new = rewrite_bottom_up(e, self._node)
            if new is e:
                break
            e = new
        return e

    # --- one node -------------------------------------------------------------------------------

    def _node(self, e: Expr) -> Expr:
        e = tidy(e)
        for row in self.rows:
            found = self._by_code(row, e) if row.code else self._by_row(row, e)
            if found is not None:
                return tidy(found)
        return e

    def _by_code(self, row: StabilityRule, e: Expr) -> Expr | None:
        made = CODE[row.id](self, e)
        if made is None:
            return None
        new, parts = made
        self._remember(parts, row.id)
        return new

    def _by_row(self, row: StabilityRule, e: Expr) -> Expr | None:
        left, right = row.sides
        if isinstance(left, Add):
            return self._in_sum(row, left, right, e)
        if isinstance(left, Mul):
            return self._in_product(row, left, right, e)
        if type(left) is not type(e):
            return None  # a definition's name stays: only inside a formula is it looked through
        for bindings in self._match(left, e, {}):
            if self._admits(row, bindings):
                return self._filled(row, right, bindings)
        return None

    def _in_sum(self, row: StabilityRule, left: Add, right: Expr, e: Expr) -> Expr | None:
        """Find the terms of the row among those of a sum, with either sign."""
        if not isinstance(e, Add) or len(e.terms) > LONGEST_SUM:
            return None
        size = len(left.terms)
        for chosen in permutations(range(len(e.terms)), size):
            terms = [e.terms[n] for n in chosen]
            for sign in (1, -1):
                signed = [t if sign > 0 else negate(t) for t in terms]
                for bindings in self._match_all(left.terms, signed, {}):
                    if not self._admits(row, bindings):
                        continue
                    made = self._filled(row, right, bindings)
                    made = made if sign > 0 else negate(made)
                    kept = [t for n, t in enumerate(e.terms) if n not in chosen]
                    kept.insert(min(chosen), made)
                    return add(*kept)
        return None

    def _in_product(self, row: StabilityRule, left: Mul, right: Expr, e: Expr) -> Expr | None:
        """Find the factors of the row among those of a product."""
        if not isinstance(e, Mul) or len(e.factors) > LONGEST_SUM:
            return None
        whole = list(apart(e.factors))
        for chosen in permutations(range(len(whole)), len(left.factors)):
            factors = [whole[n] for n in chosen]
            for bindings in self._match_all(left.factors, factors, {}):
                if self._admits(row, bindings):
                    made = self._filled(row, right, bindings)
                    kept = [f for n, f in enumerate(whole) if n not in chosen]
                    kept.insert(min(chosen), made)
                    return mul(*kept)
        return None

    def _admits(self, row: StabilityRule, bindings: Bindings) -> bool:
        if row.label:
            label = bindings[row.label]
            if not isinstance(label, Symbol) or label.name not in self.scope.declarations:
                return False
            values = self.scope.declarations[label.name].values
            return set(values) == {Fraction(0), Fraction(1)}
        for condition in row.where:
            if not self._positive(bindings[condition.hole]):
                return False
        # 2 log(2) is a number: nothing to save.
        return not (row.id == "stability/x-log-x" and not isinstance(bindings["u"], Symbol))

    def _positive(self, e: Expr) -> bool:
        """Whether it is a number above 0, or declared to be one."""
        if isinstance(e, Number):
            return e.value > 0
        declared = self.scope.declarations.get(e.name) if isinstance(e, Symbol) else None
        domains = declared.domains if declared is not None else ()
        return any(
            d.kind == "interval" and d.low is not None and (d.low > 0 or (d.low == 0 and not d.closed[0]))
            for d in domains
        )

    def _filled(self, row: StabilityRule, right: Expr, bindings: Bindings) -> Expr:
        new = rewrite_bottom_up(fill(right, bindings), tidy)
        made = (tidy_fill(node, bindings) for node in postorder(right))
        self._remember([node for node in made if isinstance(node, Call | Cases)], row.id)
        return new

    def _remember(self, parts: list[Expr], id: str) -> None:
        for part in parts:
            self.rules[part] = tuple(dict.fromkeys((*self.rules.get(part, ()), id)))

    # --- looking through definitions ------------------------------------------------------------

    def peek(self, e: Expr) -> Expr:
        """What ``e`` stands for: the safe form of a definition's body in place of its name."""
        match e:
            case Mul((Number(), Symbol() as name)) if e.factors[0] is MINUS_ONE:
                body = self.peek(name)
                return e if body is name else negate(body)
            case _:
                pass
        seen = 0
        while isinstance(e, Symbol) and seen < MOST_PASSES:
            if e not in self._bodies:
                self._bodies[e] = self._body(e)
            body = self._bodies[e]
            if body is None:
                return e
            e, seen = body, seen + 1
        return e

    def _body(self, e: Symbol) -> Expr | None:
        definition = self.scope.definitions.get(e.name)
        if definition is None or definition.is_function or e.name in self._names:
            return None
        if len(definition.indices) != len(e.indices):
            return None
        self._names.append(e.name)
        body = self.stable(definition.body)
        self._names.pop()
        return substitute(body, dict(zip(definition.indices, e.indices, strict=True)))

    # --- matching -------------------------------------------------------------------------------

    def _match(self, p: Expr, e: Expr, bindings: Bindings) -> Iterator[Bindings]:
        """Every way to fill the holes of ``p`` so that it is ``e``. Patterns are small and of ours."""
        match p:
            case Hole(name):
                yield from self._bind(name, e, bindings)
            case Mul((Number(), Hole(name))) if p.factors[0] is MINUS_ONE:
                yield from self._bind(name, negate(e), bindings)
            case Number(value):
                if isinstance(e, Number) and e.value == value:
                    yield bindings
            case Add(terms):
                seen = self.peek(e)
                if isinstance(seen, Add) and len(seen.terms) >= len(terms):
                    yield from self._match_parts(terms, seen.terms, bindings, add)
            case Mul(factors):
                seen = self.peek(e)
                if isinstance(seen, Mul) and len(seen.factors) >= len(factors):
                    yield from self._match_parts(factors, seen.factors, bindings, mul)
            case Call(name, args):
                seen = self.peek(e)
                if isinstance(seen, Call) and seen.name == name:
                    yield from self._match_all(args, list(seen.args), bindings)
            case Pow(base, exponent):
                seen = self.peek(e)
                if isinstance(seen, Pow):
                    parts = [seen.base, seen.exponent]
                    yield from self._match_all((base, exponent), parts, bindings)
            case _:
                if p is e:
                    yield bindings

    def _bind(self, name: str, e: Expr, bindings: Bindings) -> Iterator[Bindings]:
        if name not in bindings:
            yield {**bindings, name: e}
        elif same_form(bindings[name], e):
            yield bindings

    def _match_all(
        self, patterns: tuple[Expr, ...], parts: list[Expr], bindings: Bindings
    ) -> Iterator[Bindings]:
        if not patterns:
            yield bindings
            return
        # A part with structure is looked at before a bare hole: it fails sooner.
        order = sorted(range(len(patterns)), key=lambda n: isinstance(patterns[n], Hole))
        first = order[0]
        rest = tuple(q for n, q in enumerate(patterns) if n != first)
        others = [x for n, x in enumerate(parts) if n != first]
        for found in self._match(patterns[first], parts[first], bindings):
            yield from self._match_all(rest, others, found)

    def _match_parts(
        self,
        patterns: tuple[Expr, ...],
        parts: tuple[Expr, ...],
        bindings: Bindings,
        build: Callable[..., Expr],
    ) -> Iterator[Bindings]:
        """Parts in any order; a hole at the end of the pattern takes all that is left."""
        extra = len(parts) - len(patterns)
        if extra and not isinstance(patterns[-1], Hole):
            return
        head = patterns[:-1] if extra else patterns
        if len(parts) > LONGEST_SUM:
            return
        for chosen in permutations(range(len(parts)), len(head)):
            picked = [parts[n] for n in chosen]
            if extra:
                left = build(*(x for n, x in enumerate(parts) if n not in chosen))
                yield from self._match_all(patterns, [*picked, left], bindings)
            else:
                yield from self._match_all(patterns, picked, bindings)


# --- rows that matching cannot express ----------------------------------------------------------

Made = tuple[Expr, list[Expr]]


def exponent_of(e: Expr) -> tuple[Expr, Expr] | None:
    """``e`` as exp(u) times something: (u, something)."""
    factors = e.factors if isinstance(e, Mul) else (e,)
    exponents = [f.args[0] for f in factors if isinstance(f, Call) and f.name == "exp"]
    if not exponents:
        return None
    rest = [f for f in factors if not (isinstance(f, Call) and f.name == "exp")]
    return add(*exponents), mul(*rest)


def _shifted(total: Reduce) -> tuple[Expr, Reduce] | None:
    """The largest exponent in a sum of exponentials, and the sum with it taken off."""
    found = exponent_of(total.body)
    if total.op != "sum" or found is None or total.index not in free_indices(found[0]):
        return None
    exponent, rest = found
    largest = Reduce("max", total.index, exponent, total.where)
    inner = rename_bound(largest, fresh_index(total.index, letters(total)))
    if inner.body is not exponent and same_form(sub(exponent, inner), exponent):
        return None
    if _is_shift(exponent):
        return None
    shifted = mul(Call("exp", (sub(exponent, inner),)), rest) if rest is not ONE else None
    body = shifted or Call("exp", (sub(exponent, inner),))
    return inner, Reduce("sum", total.index, body, total.where)


def _is_shift(exponent: Expr) -> bool:
    """Whether the largest has been taken off already."""
    terms = exponent.terms if isinstance(exponent, Add) else ()
    return any(isinstance(negate(t), Reduce) and _is_max(negate(t)) for t in terms)


def _is_max(e: Expr) -> bool:
    return isinstance(e, Reduce) and e.op == "max"


def _log_sum_exp(at: Stabiliser, e: Expr) -> Made | None:
    if not isinstance(e, Call) or e.name != "log":
        return None
    inside = at.peek(e.args[0])
    if not isinstance(inside, Reduce):
        return None
    found = _shifted(inside)
    if found is None:
        return None
    largest, total = found
    log = Call("log", (total,))
    return add(largest, log), [log]


def _softmax(at: Stabiliser, e: Expr) -> Made | None:
    if not isinstance(e, Mul) or not any(exponent_of(f) for f in e.factors):
        return None
    for n, factor in enumerate(e.factors):
        if not isinstance(factor, Pow) or factor.exponent is not MINUS_ONE:
            continue
        below = at.peek(factor.base)
        found = _shifted(below) if isinstance(below, Reduce) else None
        if found is None:
            continue
        largest, total = found
        pair = exponent_of(mul(*e.factors[:n], *e.factors[n + 1 :]))
        if pair is None:
            continue
        above = Call("exp", (sub(pair[0], largest),))
        return mul(pair[1], above, Pow(total, MINUS_ONE)), [above, total]
    return None


def _cancel(at: Stabiliser, e: Expr) -> Made | None:
    """Take a factor into a sum of which some term is divided by it."""
    if not isinstance(e, Mul):
        return None
    for n, bracket in enumerate(e.factors):
        if not isinstance(bracket, Add):
            continue
        below = {
            f.base
            for t in bracket.terms
            for f in factors_of(t)
            if isinstance(f, Pow) and is_negative(f.exponent)
        }
        inside = [f for k, f in enumerate(e.factors) if k != n and base_of(f)[0] in below]
        inside = [f for f in inside if base_of(f)[1] > 0]
        if inside:
            rest = [f for k, f in enumerate(e.factors) if k != n and f not in inside]
            made = add(*(tidy(mul(*inside, t)) for t in bracket.terms))
            return mul(*rest, made), [made]
    return None


CODE: Final[Mapping[str, Callable[[Stabiliser, Expr], Made | None]]] = {
    "stability/log-sum-exp": _log_sum_exp,
    "stability/softmax": _softmax,
    "stability/cancel": _cancel,
}


# --- numbers in front ---------------------------------------------------------------------------


def tidy_fill(pattern: Expr, bindings: Bindings) -> Expr:
    """A filled part of a pattern, as it stands in the rewritten formula."""
    return rewrite_bottom_up(fill(pattern, bindings), tidy)
