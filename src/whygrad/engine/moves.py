"""The moves of algebra: each takes a node and, if it fits, says how it goes on.

A move keeps the value. It returns small steps (rule, new node, bindings) that lead from the node to
its new form; :mod:`whygrad.engine.simplify` decides which are worth taking.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Expr,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    factors_of,
    mul,
    terms_of,
)
from whygrad.core.walk import canonical, free_indices, names, rewrite_bottom_up, symbols
from whygrad.engine.fold import fold_node
from whygrad.engine.measure import cost_of
from whygrad.engine.products import (
    Monomial,
    Power,
    collect,
    expand,
    is_data,
    is_negative,
    monomial,
    negated,
    oriented,
    powers_of,
    rank,
    total,
)
from whygrad.engine.tidy import tidy
from whygrad.rules.rule import Bindings


@dataclass(frozen=True, slots=True)
class Context:
    """What moves may use: names, which of them to fold back to, sums to keep whole."""

    scope: Scope
    foldable: frozenset[str] = frozenset()
    protected: frozenset[Expr] = field(default_factory=frozenset[Expr])
    fractions: bool = False
    """Whether common denominators are wanted (route substitution)."""
    combine: bool = True
    """Whether they may be taken where that is shorter: not in a link, whose next one may cancel them."""
    memo: dict[tuple[object, Expr], list[Small] | None] = field(
        default_factory=dict[tuple[object, Expr], "list[Small] | None"], init=False, compare=False, repr=False
    )
    """What each move made of each node; a move depends on nothing else."""


class Small(NamedTuple):
    """One small step: the rule, the node after it, what its holes stood for, words of its own."""

    rule: str
    new: Expr
    bindings: Bindings
    reason: tuple[str | Expr, ...] | None = None


Moved = list[Small]


def _one(rule: str, new: Expr, **bindings: Expr) -> Moved:
    return [Small(rule, new, bindings)]


# --- products ---------------------------------------------------------------------------------


def cancel(e: Expr, context: Context) -> Moved | None:
    """u v / u = v."""
    del context
    if not isinstance(e, Mul):
        return None
    powers = powers_of(e)
    seen: dict[Expr, Power] = {}
    cancelled: Expr | None = None
    for p in powers:
        other = seen.get(p.key)
        if other is not None and (other.exponent > 0) != (p.exponent > 0):
            cancelled = p.base
            break
        seen.setdefault(p.key, p)
    if cancelled is None or isinstance(cancelled, Number):
        return None
    return _one("algebra/cancel", _joined(e), u=cancelled)


def _joined(e: Expr) -> Expr:
    """``e`` with alike bases joined where one stands above and one below, order kept."""
    return tidy(monomial(e).expr())


def multiply_in(e: Expr, context: Context) -> Moved | None:
    """(a/u + b/v) u v = a v + b u: factors outside meet the denominators inside."""
    del context
    if not isinstance(e, Mul):
        return None
    for k, factor in enumerate(e.factors):
        if not isinstance(factor, Add):
            continue
        below = {p.key for t in factor.terms for p in powers_of(t) if p.exponent < 0}
        below -= {canonical(ONE)}
        outside = [f for n, f in enumerate(e.factors) if n != k]
        involved = [f for f in outside if any(p.exponent > 0 and p.key in below for p in powers_of(f))]
        if not involved:
            continue
        rest = [f for f in outside if f not in involved]
        inside = add(*(_joined(mul(*factors_of(t), *involved)) for t in factor.terms))
        before, after = rest[: _before(e, k, rest)], rest[_before(e, k, rest) :]
        new = mul(*before, inside, *after)
        reason = _where_cancelled(factor.terms, involved)
        return [Small("algebra/multiply-in", new, {"u": mul(*involved)}, reason)]
    return None


_PLACES = ("first", "second", "third", "fourth")


def _where_cancelled(terms: tuple[Expr, ...], involved: list[Expr]) -> tuple[str | Expr, ...] | None:
    """Say where: f cancels in the first term, 1 − f in the second."""
    if len(terms) > len(_PLACES):
        return None
    outside = {p.key: p.base for f in involved for p in powers_of(f)}
    words: list[str | Expr] = []
    for place, t in zip(_PLACES, terms, strict=False):
        gone = [outside[p.key] for p in powers_of(t) if p.exponent < 0 and p.key in outside]
        if gone:
            words.extend((", " if words else "", mul(*gone)))
            words.append(f" in the {place}" if len(words) > 2 else f" cancels in the {place} term")
    return tuple(w for w in words if w != "") or None


def _before(e: Mul, k: int, rest: list[Expr]) -> int:
    """How many of ``rest`` stand before position ``k``."""
    return sum(1 for f in e.factors[:k] if f in rest)


def minus_in(e: Expr, context: Context) -> Moved | None:
    """−(u + v) = −u − v, where it stands alone or among terms and has a minus inside."""
    del context
    match e:
        case Mul((Number(value), Add(terms))) if value == -1 and any(_has_minus(t) for t in terms):
            return _one("algebra/minus-in", negated(Add(terms)), u=Add(terms))
        case _:
            return None


def _has_minus(e: Expr) -> bool:
    return is_negative(e)


def minus_front(e: Expr, context: Context) -> Moved | None:
    """(−u − v) w = −(u + v) w."""
    del context
    if not isinstance(e, Mul) or is_negative(e):
        return None
    for k, f in enumerate(e.factors):
        if isinstance(f, Add) and all(is_negative(t) for t in f.terms):
            new = mul(MINUS_ONE, *e.factors[:k], negated(f), *e.factors[k + 1 :])
            return _one("algebra/minus-front", tidy(new), u=negated(f))
    return None


def turn_bracket(e: Expr, context: Context) -> Moved | None:
    """−(u − v) w = (v − u) w."""
    if not isinstance(e, Mul) or not is_negative(e):
        return None
    for k, f in enumerate(e.factors):
        inside = _turned_sum(f, context)
        if inside is not None:
            kept = [inside if n == k else g for n, g in enumerate(e.factors)]
            kept[0] = negated(e.factors[0])
            return _one("algebra/turn-bracket", tidy(mul(*kept)), u=f, v=inside)
        if isinstance(f, Add) and any(is_negative(t) for t in f.terms) and _turned_reads_better(f, context):
            turned = (
                total(oriented([monomial(t) for t in terms_of(negated(f))], context.scope))
                if not _has_big_terms(f)
                else _positive_first(negated(f))
            )
            head = negated(e.factors[0]) if isinstance(e.factors[0], Number) else e.factors[0]
            kept = [head if n == 0 else turned if n == k else g for n, g in enumerate(e.factors)]
            return _one("algebra/turn-bracket", tidy(mul(*kept)), u=f, v=turned)
    return None


def _positive_first(e: Expr) -> Expr:
    """−y + Σ w x as Σ w x − y."""
    terms = terms_of(e)
    first = next((n for n, t in enumerate(terms) if not is_negative(t)), 0)
    return add(terms[first], *terms[:first], *terms[first + 1 :]) if first else e


def _turned_sum(e: Expr, context: Context) -> Expr | None:
    """Σ (y − f) x as Σ (f − y) x, its minus given to the outside; None where that reads no better."""
    if not isinstance(e, Reduce) or e.op != "sum":
        return None
    moved = turn_bracket(mul(MINUS_ONE, e.body), context)
    if moved is None or is_negative(moved[-1].new):
        return None
    return Reduce("sum", e.index, moved[-1].new, e.where)


def _turned_reads_better(e: Add, context: Context) -> bool:
    """f − y reads better than y − f, and 1 − p than p − 1; between equals a lost minus wins."""
    first = next((t for t in e.terms if not is_negative(t)), None)
    second = next((t for t in e.terms if is_negative(t)), None)
    if first is None or second is None:
        return True
    lead, other = _lead(first, context), _lead(negated(second), context)
    return lead > other or (lead == other and lead < _DATA)  # p − q of the data stays as written


_DATA = 3


def _lead(e: Expr, context: Context) -> int:
    return max(rank(p.base, context.scope) for p in powers_of(e)) if not isinstance(e, Number) else 0


def _has_big_terms(e: Add) -> bool:
    return any(isinstance(g, Add | Reduce) for t in e.terms for g in factors_of(t))


# --- sums of terms ------------------------------------------------------------------------------


def factor_out(e: Expr, context: Context) -> Moved | None:
    """u w + v w = (u + v) w; data stands behind the bracket, the rest in front."""
    if not isinstance(e, Add):
        return None
    monomials = [monomial(t) for t in e.terms]
    common = _common(monomials)
    number = _common_number(monomials)
    if number != 1:
        monomials = [Monomial(m.number / number, m.powers) for m in monomials]
    elif not common:
        return None
    if _parts_of_the_cost(monomials, common):
        return None
    inside = oriented([_divided(m, common) for m in monomials], context.scope)
    sign = -1 if inside and all(m.number < 0 for m in inside) else 1
    if sign < 0:
        inside = [Monomial(-m.number, m.powers) for m in inside]
    back = [p for p in common if is_data(p.base, context.scope)]
    front = [p for p in common if p not in back]
    if not front and not any(isinstance(p.base, Symbol) for p in back):
        front, back = back, front
    head = () if sign * number == 1 else (Number(sign * number),)
    bracket = total(collect(inside))
    new = tidy(mul(*head, *(p.expr() for p in front), bracket, *(p.expr() for p in back)))
    taken = (() if number == 1 else (Number(number),)) + tuple(p.expr() for p in common)
    return _one("algebra/factor-out", new, w=mul(*taken))


def _common_number(monomials: list[Monomial]) -> Fraction:
    """The greatest number in every term: 2 t − 2 s = 2 (t − s), 1/2 t − 1/2 s = 1/2 (t − s)."""
    below = {m.number.denominator for m in monomials}
    if len(below) != 1:
        return Fraction(1)
    return Fraction(gcd(*(abs(m.number.numerator) for m in monomials)), below.pop())


def _parts_of_the_cost(monomials: list[Monomial], common: list[Power]) -> bool:
    """Whether only constants are common to a data term and a penalty: these stay apart."""
    sums = [any(isinstance(p.base, Reduce) for p in m.powers) for m in monomials]
    return any(sums) and all(isinstance(p.base, Size | Number) for p in common)


def _common(monomials: list[Monomial]) -> list[Power]:
    """Powers that every monomial has, with the smallest exponent (above) or all the same (below)."""
    first, *rest = monomials
    out: list[Power] = []
    for p in first.powers:
        lowest = p.exponent
        for m in rest:
            other = next((q for q in m.powers if q.key is p.key), None)
            if other is None or (other.exponent > 0) != (p.exponent > 0):
                break
            lowest = min(lowest, other.exponent) if p.exponent > 0 else max(lowest, other.exponent)
        else:
            out.append(Power(p.base, lowest))
    return out


def _divided(m: Monomial, common: list[Power]) -> Monomial:
    lowered = {p.key: p.exponent for p in common}
    powers = [Power(p.base, p.exponent - lowered.get(p.key, 0)) for p in m.powers]
    return Monomial(m.number, tuple(p for p in powers if p.exponent != 0))


def multiply_out_collect(e: Expr, context: Context) -> Moved | None:
    """Multiply out, count like terms, and take out what is common again."""
    if not isinstance(e, Add | Mul):
        return None
    products = any(isinstance(f, Add) for t in terms_of(e) for f in factors_of(t))
    if not products and isinstance(e, Mul):
        return None
    out = expand(e, context.protected)
    if out is None:
        return None
    collected = collect(out)
    small: Moved = []
    opened = total(oriented(out, context.scope))
    if canonical(opened) is not canonical(e):
        small.append(Small("algebra/multiply-out", opened, {}))
    if len(collected) < len(out):
        gone = _cancelled(out, collected)
        joined = total(oriented(collected, context.scope))
        small.append(Small("algebra/collect", joined, {"u": gone} if gone is not None else {}))
    elif not small:
        return None
    last = small[-1].new
    common = factor_out(last, context)
    if common is not None and cost_of(common[-1].new) < cost_of(last):
        small.extend(common)
    else:
        small.extend(_grouped(oriented(collected, context.scope), cost_of(last)))
    return small


def _grouped(monomials: list[Monomial], now: float) -> Moved:
    """Monomials that share one factor taken together: u − y u + l = l + (1 − y) u."""
    best: tuple[float, Small] | None = None
    shared: dict[tuple[Expr, Fraction], list[int]] = {}
    for n, m in enumerate(monomials):
        for p in m.powers:
            shared.setdefault((p.key, p.exponent), []).append(n)
    for (key, exponent), where in shared.items():
        if not 2 <= len(where) < len(monomials):
            continue
        base = next(p.base for p in monomials[where[0]].powers if p.key is key)
        taken = Power(base, exponent)
        inside = total([_divided(monomials[n], [taken]) for n in where])
        grouped = mul(inside, taken.expr())
        terms = [
            grouped if n == where[-1] else m.expr()
            for n, m in enumerate(monomials)
            if n == where[-1] or n not in where
        ]
        new = tidy(add(*terms))
        cost = cost_of(new)
        if cost < now and (best is None or cost < best[0]):
            best = (cost, Small("algebra/factor-out", new, {"w": taken.expr()}))
    return [] if best is None else [best[1]]


def _cancelled(before: list[Monomial], after: list[Monomial]) -> Expr | None:
    """A monomial that is gone, for the reason's words."""
    left = {m.key for m in after}
    for m in before:
        if m.key not in left:
            return Monomial(abs(m.number), m.powers).expr()
    return None


def group(e: Expr, context: Context) -> Moved | None:
    """Collect terms that share one big factor: y l + (1 − y) l = l."""
    if not isinstance(e, Add) or len(e.terms) < 2:
        return None
    monomials = [monomial(t) for t in e.terms]
    shared: dict[Expr, list[int]] = {}
    for n, m in enumerate(monomials):
        for p in m.powers:
            if not isinstance(p.base, Number):
                shared.setdefault(Pow(p.key, Number(p.exponent)), []).append(n)
    best: tuple[float, Moved] | None = None
    for where in shared.values():
        if not 2 <= len(where) < len(e.terms):
            continue
        picked = add(*(e.terms[n] for n in where))
        moved = factor_out(picked, context)
        if moved is None:
            continue
        inner = moved[-1][1]
        better = multiply_out_collect_inner(inner, context)
        terms = [
            better if n == where[0] else t for n, t in enumerate(e.terms) if n == where[0] or n not in where
        ]
        new = tidy(add(*terms))
        cost = cost_of(new)
        if best is None or cost < best[0]:
            best = (cost, _one("algebra/collect", new, w=moved[-1][2]["w"], u=moved[-1][2]["w"]))
    return None if best is None else best[1]


def multiply_out_collect_inner(e: Expr, context: Context) -> Expr:
    """The sums among the factors of ``e``, each multiplied out and collected where that is shorter."""
    kept: list[Expr] = []
    for f in factors_of(e):
        moved = multiply_out_collect(f, context) if isinstance(f, Add) else None
        kept.append(moved[-1][1] if moved and cost_of(moved[-1][1]) < cost_of(f) else f)
    return tidy(mul(*kept))


# --- fractions -----------------------------------------------------------------------------------


def common_denominator(e: Expr, context: Context) -> Moved | None:
    """u + v/w = (u w + v)/w, then the numerator divided by w again where that is shorter."""
    if not isinstance(e, Add) or not (context.fractions or context.combine):
        return None
    monomials = [monomial(t) for t in e.terms]
    below: dict[Expr, Power] = {}
    for m in monomials:
        for p in m.powers:
            if p.exponent < 0 and (isinstance(p.base, Add) or (not context.fractions and _moving(p.base))):
                old = below.get(p.key)
                if old is None or old.exponent > p.exponent:
                    below[p.key] = p
    if not below:
        return None
    bottom = [Power(p.base, -p.exponent) for p in below.values()]
    factors = [p.expr() for p in bottom]
    top = add(*(_joined(mul(*factors_of(t), *factors)) for t in e.terms))
    denominator = mul(*factors)
    over = mul(top, Pow(denominator, MINUS_ONE))
    small: Moved = [Small("algebra/common-denominator", over, {"w": denominator})]
    small.extend(_numerator(top, denominator, context))
    return small


def _moving(e: Expr) -> bool:
    """Whether it is more than a number, a size or a constant of one value."""
    return bool(free_indices(e)) and not isinstance(e, Reduce)


def _numerator(top: Expr, denominator: Expr, context: Context) -> Moved:
    """Multiply out above; write it with the denominator; split; factor."""
    small: Moved = []
    bottom = Pow(denominator, MINUS_ONE)
    out = expand(top, context.protected)
    if out is None:
        return small
    collected = collect(out)
    opened = total(out)
    if canonical(opened) is not canonical(top):
        small.append(Small("algebra/multiply-out", mul(opened, bottom), {}))
    if len(collected) < len(out):
        joined = total(collected)
        gone = _cancelled(out, collected)
        small.append(
            Small("algebra/collect", tidy(mul(joined, bottom)), {"u": gone} if gone is not None else {})
        )
    small.extend(divide(total(collected), denominator, context))
    return small


def divide(top: Expr, denominator: Expr, context: Context) -> Moved:
    """(q d + r)/d = q + r/d, where the monomials of ``top`` hold ``d`` times a common factor q."""
    if not isinstance(denominator, Add):
        return []
    parts = [monomial(t) for t in denominator.terms]
    left = [monomial(t) for t in terms_of(top)]
    quotients: list[Monomial] = []
    lead = max(parts, key=lambda m: len(m.powers))
    for m in list(left):
        q = _quotient(m, lead)
        if q is None:
            continue
        product = collect([*left, *(_scaled(q, p, -1) for p in parts)])
        if len(product) < len(left) or (len(product) == len(left) and m.key not in {x.key for x in product}):
            left = product
            quotients.append(q)
    if not quotients:
        return []
    bottom = Pow(denominator, MINUS_ONE)
    q = total(quotients)
    written = add(*terms_of(mul(q, denominator)), *terms_of(total(left))) if left else mul(q, denominator)
    small: Moved = [Small("algebra/divide", tidy(mul(written, bottom)), {"w": denominator})]
    split = add(*terms_of(q), mul(total(left), bottom)) if left else q
    small.append(Small("algebra/split-fraction", tidy(split), {"w": denominator}))
    out = factor_out(small[-1][1], context)
    if out is not None:
        small.extend(out)
    return small


def _quotient(m: Monomial, by: Monomial) -> Monomial | None:
    have = {p.key: p for p in m.powers}
    for p in by.powers:
        if p.key not in have or have[p.key].exponent < p.exponent:
            return None
    lowered = {p.key: p.exponent for p in by.powers}
    powers = [Power(p.base, p.exponent - lowered.get(p.key, 0)) for p in m.powers]
    return Monomial(m.number / by.number, tuple(p for p in powers if p.exponent != 0))


def _scaled(q: Monomial, by: Monomial, sign: int) -> Monomial:
    joined = monomial(mul(q.expr(), by.expr()))
    return Monomial(sign * joined.number, joined.powers)


def split_fraction(e: Expr, context: Context) -> Moved | None:
    """(u + v)/w = u/w + v/w where something cancels or becomes a name."""
    if not isinstance(e, Mul):
        return None
    for k, f in enumerate(e.factors):
        if not isinstance(f, Add):
            continue
        rest = [g for n, g in enumerate(e.factors) if n != k]
        below = [
            g for g in rest if isinstance(g, Pow) and isinstance(g.exponent, Number) and g.exponent.value < 0
        ]
        if not below:
            continue
        others = [g for g in rest if g not in below]
        split = add(*(_joined(mul(*factors_of(t), *below)) for t in f.terms))
        small = _one("algebra/split-fraction", tidy(mul(*others, split)), w=mul(*below))
        folded = fold_everywhere(split, context)
        if folded is not split:
            name = next(s for s in symbols(folded) if s.name in context.foldable)
            small.append(Small("definition/fold", tidy(mul(*others, folded)), {"u": name}))
            out = factor_out(folded, context)
            if out is not None:
                small.append(Small(out[0].rule, tidy(mul(*others, out[0].new)), out[0].bindings))
        return small
    return None


# --- names ------------------------------------------------------------------------------------------


def fold_definition(e: Expr, context: Context) -> Moved | None:
    """The body of a definition becomes its name."""
    found = fold_node(e, context.scope, context.foldable)
    if found is None:
        return None
    new, symbol, _ = found
    return _one("definition/fold", tidy(new), u=symbol)


def fold_complement(e: Expr, context: Context) -> Moved | None:
    """u is 1 − f where f is defined as 1 − u."""
    if not isinstance(e, Call):
        return None
    for name in context.foldable:
        d = context.scope.definitions[name]
        match d.body:
            case Add((first, Mul((Number(value), Call() as u)))) if first is ONE and value == -1:
                if u.name != e.name or d.by_array or d.is_function:
                    continue
                only = Scope(context.scope.declarations, {name: replace(d, body=u)})
                found = fold_node(e, only, frozenset((name,)))
                if found is not None:
                    new = add(ONE, mul(MINUS_ONE, found[1]))
                    return _one("definition/fold-complement", new, u=found[1], v=new)
            case _:
                pass
    return None


def fold_everywhere(e: Expr, context: Context) -> Expr:
    """All bodies of foldable definitions replaced, innermost first."""
    for _ in range(8):
        changed = _fold_pass(e, context)
        if changed is e:
            return e
        e = changed
    return e


def _fold_pass(e: Expr, context: Context) -> Expr:
    def f(node: Expr) -> Expr:
        found = fold_node(node, context.scope, context.foldable)
        return node if found is None else tidy(found[0])

    return rewrite_bottom_up(e, f)


def order_terms(e: Expr, context: Context) -> Moved | None:
    """−y + f is written f − y: a positive computed term before a negated entry of data."""
    if not isinstance(e, Add) or not is_negative(e.terms[0]):
        return None
    monomials = [monomial(t) for t in e.terms]
    number = next((m for m in monomials if m.number > 0 and not m.powers), None)
    if number is not None:
        new = total([number, *(m for m in monomials if m is not number)])
        return _one("algebra/order", new) if canonical(new) is canonical(e) else None
    if any(p.exponent < 0 or not isinstance(p.base, Symbol) for m in monomials for p in m.powers):
        return None
    new = total(oriented(monomials, context.scope))
    return (
        None
        if new is e or is_negative(new) or canonical(new) is not canonical(e)
        else _one("algebra/order", new)
    )


def is_sigmoid(e: Expr, context: Context) -> Moved | None:
    """e^u/(1 + e^u) = σ(u), 1/(1 + e^u) = σ(−u)."""
    if context.fractions:
        return None
    powers = powers_of(e) if isinstance(e, Mul | Pow) else []
    for n, p in enumerate(powers):
        inner = _one_plus_exp(p.base) if p.exponent == -1 else None
        if inner is None:
            continue
        rest = [q for k, q in enumerate(powers) if k != n]
        top = next((q for q in rest if q.exponent == 1 and q.base is Call("exp", (inner,))), None)
        if top is not None:
            rest.remove(top)
            rule, argument = "function/is-sigmoid", inner
        else:
            rule, argument = "function/is-sigmoid-of-minus", _plain_negative(inner)
        new = mul(*(q.expr() for q in rest if rest.index(q) < n), Call("sigmoid", (argument,)),
                  *(q.expr() for q in rest if rest.index(q) >= n))  # fmt: skip
        return _one(rule, tidy(new), u=inner)
    return None


def _plain_negative(u: Expr) -> Expr:
    """−u with the minus where one stood before: −(−z) is z."""
    return (
        mul(*factors_of(u)[1:])
        if factors_of(u)[0] is MINUS_ONE
        else negated(u)
        if isinstance(u, Mul)
        else mul(MINUS_ONE, u)
    )


def _one_plus_exp(e: Expr) -> Expr | None:
    match e:
        case Add((first, Call("exp", (u,)))) if first is ONE:
            return u
        case Add((Call("exp", (u,)), second)) if second is ONE:
            return u
        case _:
            return None


def abs_sign(e: Expr, context: Context) -> Moved | None:
    """|u| sign(u) = u."""
    del context
    if not isinstance(e, Mul):
        return None
    for k, f in enumerate(e.factors):
        if isinstance(f, Call) and f.name == "sign":
            for n, g in enumerate(e.factors):
                if isinstance(g, Call) and g.name == "abs" and g.args == f.args:
                    kept = [
                        f.args[0] if m == min(k, n) else h for m, h in enumerate(e.factors) if m != max(k, n)
                    ]
                    return _one("algebra/abs-sign", tidy(mul(*kept)), u=f.args[0])
    return None


def order_factors(e: Expr, context: Context) -> Moved | None:
    """1/(r + f) · u is written u/(r + f): what stands below goes behind the next factor above."""
    if not isinstance(e, Mul):
        return None
    for k, f in enumerate(e.factors[:-1]):
        if not _below(f) or not _varies(f, context):
            continue
        after = e.factors[k + 1]
        if isinstance(after, Reduce) or _below(after) or isinstance(after, Number):
            continue
        new = mul(*e.factors[:k], after, f, *e.factors[k + 2 :])
        if k == 0 or not _numerator_before(e.factors[:k]):
            return _one("algebra/order", new)
    return None


def _below(f: Expr) -> bool:
    return isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0


def _numerator_before(factors: tuple[Expr, ...]) -> bool:
    """Whether the fraction already has something above it: u/(r + f)."""
    last = factors[-1]
    return not _below(last) and not isinstance(last, Number)


def _varies(f: Expr, context: Context) -> bool:
    """Whether what stands below is more than sizes and constants."""
    assert isinstance(f, Pow)
    if not isinstance(f.base, Add | Reduce | Call):
        return False
    kinds = (context.scope.declarations.get(n) for n in names(f.base))
    return any(d is None or d.kind != "const" for d in kinds)


def mentions(e: Expr, name: str) -> bool:
    """Whether the name occurs in ``e``."""
    return name in names(e)
