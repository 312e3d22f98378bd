"""Back to names: recognise the body of a definition inside a line.

A definition ``P[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])`` is a pattern whose index letters may stand
for any index; a product matches when its factors are among those of a longer product.
"""

from __future__ import annotations

from dataclasses import replace

from whygrad.core.cost import Definition, Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    mul,
    sub,
)
from whygrad.core.walk import (
    canonical,
    children,
    free_indices,
    fresh_index,
    letters,
    rename_bound,
    size_of,
)
from whygrad.engine.products import Power, is_data, negated, powers_of

Renaming = dict[Index, Expr]
_LARGEST = 200  # nodes of a definition's body that is looked for


def unify(pattern: Expr, e: Expr, free: frozenset[Index], known: Renaming) -> Renaming | None:
    """Extend ``known`` so that ``pattern`` with its ``free`` indices replaced is ``e``."""
    if isinstance(pattern, Index):
        if pattern in known:
            return known if known[pattern] is e else None
        if pattern in free:
            fits = isinstance(e, Number) or (isinstance(e, Index) and e.dim == pattern.dim)
            return {**known, pattern: e} if fits else None
        return known if pattern is e else None
    if type(pattern) is not type(e) or not _same_head(pattern, e):
        return None
    if isinstance(pattern, Reduce):
        assert isinstance(e, Reduce)
        if e.index in known.values():  # a bound letter that also stands free outside
            e = rename_bound(e, fresh_index(e.index, letters(e) | {i.letter for i in _indices(known)}))
        outer = known.get(pattern.index)  # the letter may stand free outside its own sum, too
        inside = {**known, pattern.index: e.index}
        found = unify(pattern.body, e.body, free, inside)
        if found is not None and pattern.where is not None and e.where is not None:
            found = unify(pattern.where, e.where, free, found)
        if found is None or any(v is e.index for k, v in found.items() if k is not pattern.index):
            return None
        found = {k: v for k, v in found.items() if k is not pattern.index}
        return found if outer is None else {**found, pattern.index: outer}
    if isinstance(pattern, Add | Mul):
        return _unify_bag(children(pattern), list(children(e)), free, known)
    for p, x in zip(children(pattern), children(e), strict=True):
        step = unify(p, x, free, known)
        if step is None:
            return None
        known = step
    return known


def _indices(known: Renaming) -> list[Index]:
    return [v for v in known.values() if isinstance(v, Index)]


def _unify_bag(
    patterns: tuple[Expr, ...], items: list[Expr], free: frozenset[Index], known: Renaming
) -> Renaming | None:
    if not patterns:
        return known if not items else None
    for k, item in enumerate(items):
        step = unify(patterns[0], item, free, known)
        if step is not None:
            rest = _unify_bag(patterns[1:], items[:k] + items[k + 1 :], free, step)
            if rest is not None:
                return rest
    return None


def _same_head(a: Expr, b: Expr) -> bool:
    if len(children(a)) != len(children(b)):
        return False
    match a, b:
        case (Number(x), Number(y)):
            return x == y
        case (Symbol(x), Symbol(y)) | (Call(x), Call(y)) | (Constant(x), Constant(y)):
            return x == y
        case (Apply(x), Apply(y)) | (Compare(x), Compare(y)):
            return x == y
        case (Size(x), Size(y)):
            return x == y
        case (Reduce(x), Reduce(y)):
            return x == y and a.index.dim == b.index.dim  # pyright: ignore
        case (Add() | Mul() | Pow() | Delta() | Cases() | Entry(), _):
            return True
        case _:
            return a is b


def match_definition(e: Expr, definition: Definition) -> tuple[Symbol, list[Power]] | None:
    """The name that stands for ``e`` (or for some of its factors), and the factors left over."""
    body = definition.body
    free = frozenset(definition.indices)
    if isinstance(body, Mul) or (isinstance(body, Pow) and body.exponent == Number(-1)):
        return _match_factors(e, powers_of(body), definition)
    found = unify(body, e, free, {})
    return None if found is None else (_name(definition, found), [])


def _name(definition: Definition, found: Renaming) -> Symbol:
    return Symbol(definition.name, tuple(found.get(i, i) for i in definition.indices))


def _match_factors(e: Expr, wanted: list[Power], definition: Definition) -> tuple[Symbol, list[Power]] | None:
    have = powers_of(e)
    if len(have) < len(wanted):
        return None
    free = frozenset(definition.indices)

    def search(k: int, left: list[Power], known: Renaming) -> tuple[Renaming, list[Power]] | None:
        if k == len(wanted):
            return known, left
        want = wanted[k]
        for n, power in enumerate(left):
            if abs(power.exponent) < abs(want.exponent) or power.exponent * want.exponent < 0:
                continue
            step = unify(want.base, power.base, free, known)
            if step is None:
                continue
            rest = power.exponent - want.exponent
            kept = [Power(power.base, rest)] if rest != 0 else []
            found = search(k + 1, left[:n] + kept + left[n + 1 :], step)
            if found is not None:
                return found
        return None

    found = search(0, have, {})
    if found is None:
        return None
    known, left = found
    if any(isinstance(p.base, Number) and p.exponent < 0 for p in left):
        return None
    return _name(definition, known), left


def _match_terms(e: Add, definition: Definition) -> tuple[Expr, Symbol] | None:
    """Some terms of a longer sum are the body (or minus the body) of a definition."""
    body = definition.body
    assert isinstance(body, Add)
    if len(e.terms) <= len(body.terms):
        return None
    for sign in (1, -1):
        wanted = body.terms if sign == 1 else tuple(negated(t) for t in body.terms)
        found = _search_terms(wanted, e.terms, frozenset(definition.indices))
        if found is not None:
            known, used = found
            symbol = _name(definition, known)
            first = min(used)
            name = symbol if sign == 1 else negated(symbol)
            kept = [name if n == first else t for n, t in enumerate(e.terms) if n == first or n not in used]
            return add(*kept), symbol
    return None


def _search_terms(
    wanted: tuple[Expr, ...], terms: tuple[Expr, ...], free: frozenset[Index]
) -> tuple[Renaming, tuple[int, ...]] | None:
    stack: list[tuple[int, Renaming, tuple[int, ...]]] = [(0, {}, ())]
    while stack:
        k, known, used = stack.pop()
        if k == len(wanted):
            return known, used
        for n in range(len(terms) - 1, -1, -1):
            if n not in used:
                step = unify(wanted[k], terms[n], free, known)
                if step is not None:
                    stack.append((k + 1, step, (*used, n)))
    return None


def flipped(definition: Definition) -> Definition | None:
    """For a body 1/(1 + E) the pattern E/(1 + E), which is one minus the name."""
    match definition.body:
        case Pow(Add((first, second)), exponent) if first is ONE and exponent is MINUS_ONE:
            return replace(definition, body=mul(second, definition.body))
        case _:
            return None


def _fold_complement(e: Expr, definition: Definition, scope: Scope) -> tuple[Expr, Symbol, Expr] | None:
    pattern = flipped(definition)
    found = _match_factors(e, powers_of(pattern.body), definition) if pattern is not None else None
    if found is None or not _settled(found[0]):
        return None
    symbol, left = found
    front = [p.expr() for p in left if not is_data(p.base, scope)]
    back = [p.expr() for p in left if is_data(p.base, scope)]
    return mul(*front, sub(ONE, symbol), *back), symbol, e


def fold_node(e: Expr, scope: Scope, allowed: frozenset[str]) -> tuple[Expr, Symbol, Expr] | None:
    """``e`` with a definition's body replaced by its name: new node, name, what was replaced."""
    if isinstance(e, Symbol | Number | Index | Size | Constant):
        return None
    for name in allowed:
        whole = _fold_complement(e, scope.definitions[name], scope) if isinstance(e, Mul) else None
        if whole is not None:
            return whole
    for name in allowed:
        definition = scope.definitions[name]
        if definition.is_function or definition.by_array or size_of(definition.body) > _LARGEST:
            continue
        if isinstance(definition.body, Symbol | Number):
            continue
        found = match_definition(e, definition)
        if found is None:
            if isinstance(e, Add) and isinstance(definition.body, Add):
                part = _match_terms(e, definition)
                if part is not None and _settled(part[1]):
                    return part[0], part[1], e
            continue
        symbol, left = found
        if not _settled(symbol):
            continue
        new = mul(symbol, *(p.expr() for p in left)) if left else symbol
        if canonical(new) is not canonical(e):
            return new, symbol, e
    return None


def _settled(symbol: Symbol) -> bool:
    """Whether every index of the name was found, each its own."""
    found = [i for i in symbol.indices if isinstance(i, Index)]
    return len(free_indices(symbol)) == len(found)
