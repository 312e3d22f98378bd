"""Moves with bound indices: pull out, split, sift a delta, sums that are one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from whygrad.core.cost import Definition, Scope
from whygrad.core.expr import (
    ONE,
    ZERO,
    Add,
    Apply,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    factors_of,
    mul,
    terms_of,
)
from whygrad.core.walk import (
    canonical,
    children,
    fold,
    free_indices,
    names,
    postorder,
    rebuild,
    substitute,
)
from whygrad.engine.fold import fold_node
from whygrad.engine.moves import Context, Moved, Small
from whygrad.engine.products import collect, expand, monomial, total
from whygrad.engine.tidy import tidy
from whygrad.meaning.enclose import difference
from whygrad.meaning.equal import same_value


def constant_out(e: Expr, context: Context) -> Moved | None:
    """Σ_k c u_k = c Σ_k u_k; a sum of nothing but constants is their number times."""
    del context
    if not isinstance(e, Reduce) or e.op != "sum":
        return None
    if e.index not in free_indices(e.body):
        if e.where is not None:
            return None
        new = mul(Size(e.index.dim), e.body)
        return [Small("sum/constant-body", new, {"c": e.body, "n": Size(e.index.dim), "b": e.index})]
    factors = factors_of(e.body)
    out = [f for f in factors if e.index not in free_indices(f)]
    if not out:
        return None
    kept = [f for f in factors if e.index in free_indices(f)]
    new = mul(*out, Reduce("sum", e.index, mul(*kept), e.where))
    return [Small("sum/constant-out", new, {"c": mul(*out), "b": e.index})]


def sift(e: Expr, context: Context) -> Moved | None:
    """Σ_k δ_kj u_k = u_j."""
    del context
    if not isinstance(e, Reduce) or e.op != "sum":
        return None
    factors = factors_of(e.body)
    for n, f in enumerate(factors):
        if not isinstance(f, Delta) or e.index not in (f.left, f.right):
            continue
        other = f.right if f.left is e.index else f.left
        if e.index in free_indices(other) or _dim(other) not in (None, e.index.dim):
            continue
        swap: dict[Expr, Expr] = {e.index: other}
        rest = [substitute(g, swap) for k, g in enumerate(factors) if k != n]
        if e.where is not None:
            rest.append(substitute(e.where, swap))
        if not isinstance(other, Index):
            continue  # a shifted or gathered position may fall outside the range
        return [Small("sum/sift", mul(*rest), {"a": e.index, "b": other})]
    return None


def _dim(e: Expr) -> str | None:
    return e.dim if isinstance(e, Index) else None


def to_one(e: Expr, context: Context) -> Moved | None:
    """Σ_k Y_ik = 1 where declared (onehot, simplex) or by the definition's form (softmax)."""
    if not isinstance(e, Reduce) or e.op != "sum" or e.where is not None:
        return None
    body = e.body
    if not isinstance(body, Symbol) or not body.indices or body.indices[-1] is not e.index:
        return None
    if any(e.index in free_indices(i) for i in body.indices[:-1]):
        return None
    declaration = context.scope.declarations.get(body.name)
    if declaration is not None and (declaration.has("onehot") or declaration.has("simplex")):
        return [Small("sum/to-one", ONE, {"a": body})]
    definition = context.scope.definitions.get(body.name)
    if definition is not None and (sums_to_one(definition) or _blends_labels(e, definition, context.scope)):
        return [Small("sum/to-one", ONE, {"a": body})]
    return None


def _blends_labels(e: Expr, definition: Definition, scope: Scope) -> bool:
    """Whether a name made of labels (smoothed ones, say) is proved to sum to one."""
    used = [scope.declarations.get(n) for n in names(definition.body)]
    if not any(d is not None and (d.has("onehot") or d.has("simplex")) for d in used):
        return False
    return same_value(e, ONE, scope, sample=False).proved


def to_zero(e: Expr, context: Context) -> Moved | None:
    """Σ_i x̂_i = 0 where x̂ was centred: a lemma about a definition, proved when it is used."""
    if not isinstance(e, Reduce) or e.op != "sum" or e.where is not None:
        return None
    inside = e.body
    if isinstance(inside, Symbol) and inside.name in context.scope.definitions:
        inside = context.scope.definitions[inside.name].body
    if not any(_takes_mean_off(n, context) for n in postorder(inside)):
        return None
    if difference(e, ZERO, context.scope, tries=2) is not None:
        return None  # numbers refute most of them, sooner than any plan of a proof
    verdict = same_value(e, ZERO, context.scope)
    return [Small("sum/to-zero", ZERO, {"a": e.body})] if verdict.proved else None


def _takes_mean_off(e: Expr, context: Context) -> bool:
    """Whether ``e`` is a difference of an entry and a name that is defined by a sum."""
    if not isinstance(e, Add) or len(e.terms) != 2:
        return False
    found = [s for t in e.terms for s in factors_of(t) if isinstance(s, Symbol)]
    means = [context.scope.definitions.get(s.name) for s in found]
    return any(d is not None and _is_mean(d.body) for d in means)


def _is_mean(e: Expr) -> bool:
    """Whether ``e`` is a sum over so many times a number or a size."""
    factors = factors_of(e)
    return len(factors) > 1 and any(isinstance(f, Reduce) for f in factors)


def symmetric(e: Expr, context: Context) -> Moved | None:
    """Σ_j S_jk u_j = Σ_j S_kj u_j for a symmetric S: the summed letter second, as in S u."""
    if not isinstance(e, Reduce) or e.op != "sum":
        return None
    free, found = free_indices(e), list[Expr]()

    def f(node: Expr) -> Expr:
        pair = _symmetric_pair(node, context.scope)
        if pair is None or pair[0] is not e.index or pair[1] not in free:
            return node
        found.append(node)
        return _turned(node)

    body = _outside_derivatives(e.body, f)
    if not found:
        return None
    return [Small("sum/symmetric", Reduce("sum", e.index, body, e.where), {"a": found[0]})]


def symmetric_line(line: Expr, context: Context) -> Moved | None:
    """S_jk for S_kj, of a symmetric S with letters that stand free in the whole line."""
    free, found = free_indices(line), list[Expr]()

    def f(node: Expr) -> Expr:
        pair = _symmetric_pair(node, context.scope)
        if pair is None or not free.issuperset(pair) or pair[0].letter <= pair[1].letter:
            return node
        found.append(node)
        return _turned(node)

    new = _outside_derivatives(line, f)
    return None if new is line else [Small("sum/symmetric", new, {"a": found[0]})]


def sorted_pairs(e: Expr, context: Context) -> Expr:
    """``e`` with the letters of every symmetric name in order."""

    def f(node: Expr) -> Expr:
        pair = _symmetric_pair(node, context.scope)
        return node if pair is None or pair[0].letter <= pair[1].letter else _turned(node)

    return _outside_derivatives(e, f)


def _outside_derivatives(e: Expr, f: Callable[[Expr], Expr]) -> Expr:
    """``f`` on every node that is not inside a derivative: ∂J/∂S_jk is not ∂J/∂S_kj."""

    def step(node: Expr, kids: tuple[Expr, ...]) -> Expr:
        if isinstance(node, Partial):
            return node
        old = children(node)
        same = all(a is b for a, b in zip(kids, old, strict=True))
        return f(node if same else rebuild(node, kids))

    return fold(e, step)


def _symmetric_pair(e: Expr, scope: Scope) -> tuple[Index, Index] | None:
    match e:
        case Symbol(name, (Index() as a, Index() as b)) if a.dim == b.dim and is_symmetric(name, scope):
            return a, b
        case Entry(Apply("inv", (Symbol(name, ()),)), (Index() as a, Index() as b)) if is_symmetric(
            name, scope
        ):
            return a, b
        case _:
            return None


def _turned(e: Expr) -> Expr:
    assert isinstance(e, Symbol | Entry)
    return Symbol(e.name, e.indices[::-1]) if isinstance(e, Symbol) else Entry(e.array, e.indices[::-1])


def is_symmetric(name: str, scope: Scope) -> bool:
    """Whether a matrix is symmetric: declared so, or proved of its definition (remembered there)."""
    declaration = scope.declarations.get(name)
    if declaration is not None:
        return declaration.has("symmetric") or declaration.has("spd")
    definition = scope.definitions.get(name)
    if definition is None or len(definition.indices) != 2:
        return False
    a, b = definition.indices
    if a.dim != b.dim:
        return False
    known = _symmetric.get(id(definition))
    if known is None or known[0] is not definition:
        swap: dict[Expr, Expr] = {a: Index("#1", a.dim), b: a}
        turned = substitute(substitute(definition.body, swap), {Index("#1", a.dim): b})
        answer = (
            _inverse_of_symmetric(definition.body, scope)
            or same_value(definition.body, turned, scope.opaque(), sample=False).proved
        )
        known = _symmetric[id(definition)] = (definition, answer)
        if len(_symmetric) > _KEPT:
            _symmetric.popitem(last=False)
    return known[1]


def _inverse_of_symmetric(body: Expr, scope: Scope) -> bool:
    match body:
        case Entry(Apply("inv", (Symbol(name, ()),)), _):
            return is_symmetric(name, scope)
        case _:
            return False


_KEPT = 256
_symmetric: OrderedDict[int, tuple[Definition, bool]] = OrderedDict()


def push_in(e: Expr, context: Context) -> Moved | None:
    """(Σ_q e^(z_q) u_q)/D = Σ_q P_q u_q where e^(z_q)/D is a name."""
    if not isinstance(e, Mul):
        return None
    for n, f in enumerate(e.factors):
        if not isinstance(f, Reduce) or f.op != "sum" or f.where is not None:
            continue
        for k, g in enumerate(e.factors):
            if not _below(g) or f.index in free_indices(g):
                continue
            inside = mul(*factors_of(f.body), g)
            found = fold_node(inside, context.scope, context.foldable)
            if found is None:
                continue
            rest = [h for m, h in enumerate(e.factors) if m not in (n, k)]
            before, after = rest[: n - (k < n)], rest[n - (k < n) :]
            pushed = mul(*before, Reduce("sum", f.index, inside), *after)
            named = mul(*before, Reduce("sum", f.index, tidy(found[0])), *after)
            return [Small("sum/push-in", pushed, {"c": g}), Small("definition/fold", named, {"u": found[1]})]
    return None


def _below(e: Expr) -> bool:
    return isinstance(e, Pow) and isinstance(e.exponent, Number) and e.exponent.value < 0


def sums_to_one(definition: Definition) -> bool:
    """Whether the body is u_k / Σ_l u_l in its last index."""
    if not definition.indices:
        return False
    last = definition.indices[-1]
    factors = factors_of(definition.body)
    for n, f in enumerate(factors):
        if isinstance(f, Pow) and isinstance(f.base, Reduce) and f.base.op == "sum" and f.base.where is None:
            inner = f.base
            rest = [g for k, g in enumerate(factors) if k != n]
            if f.exponent.value != -1 or inner.index.dim != last.dim:  # pyright: ignore
                continue
            whole = Reduce("sum", last, mul(*rest))
            if last not in free_indices(inner) and canonical(whole) is canonical(inner):
                return True
    return False


def split(e: Expr, context: Context) -> Moved | None:
    """Multiply out under the sum and take the terms one by one, where deltas or constants wait."""
    if not isinstance(e, Reduce) or e.op != "sum":
        return None
    if not any(isinstance(f, Add) for f in factors_of(e.body)):
        return None
    waiting = _bracket_of_deltas(e)
    if waiting is not None:  # only the bracket with the deltas is multiplied out
        factors = factors_of(e.body)
        opened = [mul(*factors[:waiting], t, *factors[waiting + 1 :]) for t in terms_of(factors[waiting])]
        monomials = [monomial(t) for t in opened]
    else:
        opened = expand(e.body, context.protected)
        if opened is None or len(opened) > 24:
            return None
        monomials = collect(opened)
    if not any(_loosens(m.expr(), e.index) for m in monomials):
        return None
    body = total(monomials)
    small: Moved = []
    if not isinstance(e.body, Add):
        small.append(Small("algebra/multiply-out", Reduce("sum", e.index, body, e.where), {}))
    parts: list[Expr] = [Reduce("sum", e.index, t, e.where) for t in terms_of(body)]
    small.append(Small("sum/split", add(*parts), {}))
    done: list[Expr] = []
    for part in parts:
        done.append(settle_sum(part, context, small, parts, done))
    return small


def _bracket_of_deltas(e: Reduce) -> int | None:
    """The place of the one factor that is a sum with deltas of the summed index."""

    def waits(f: Expr) -> bool:
        deltas = (g for t in terms_of(f) for g in factors_of(t) if isinstance(g, Delta))
        return isinstance(f, Add) and any(e.index in (g.left, g.right) for g in deltas)

    found = [n for n, f in enumerate(factors_of(e.body)) if waits(f)]
    return found[0] if len(found) == 1 else None


def _loosens(e: Expr, index: Index) -> bool:
    """Whether the sum of ``e`` over ``index`` becomes simpler: a delta, or a factor without it."""
    return any(
        (isinstance(f, Delta) and index in (f.left, f.right)) or index not in free_indices(f)
        for f in factors_of(e)
        if not _is_minus(f)
    )


def _is_minus(e: Expr) -> bool:
    return not free_indices(e) and not isinstance(e, Symbol | Mul)


def settle_sum(part: Expr, context: Context, small: Moved, parts: list[Expr], done: list[Expr]) -> Expr:
    """Pull out, sift, sum to one - inside one of several terms; each is a small step of the whole."""
    current = part
    for _ in range(6):
        moved = _inner_sum_move(current, context)
        if moved is None:
            return current
        rule, new, bindings = moved
        current = tidy(new)
        whole = add(*done, current, *parts[len(done) + 1 :])
        small.append(Small(rule, tidy(whole), bindings))
    return current


def _inner_sum_move(e: Expr, context: Context) -> tuple[str, Expr, dict[str, Expr]] | None:
    factors = factors_of(e)
    for n, f in enumerate(factors):
        for move in (sift, to_one, constant_out):
            moved = move(f, context)
            if moved is not None:
                rule, new, bindings, _ = moved[0]
                return rule, mul(*factors[:n], new, *factors[n + 1 :]), bindings
    return None
