"""Route substitution: no named intermediates; everything written out, down to the closed form."""

from __future__ import annotations

from dataclasses import replace

from whygrad.core.cost import Cost, Definition, Scope
from whygrad.core.derivation import Stage
from whygrad.core.expr import MINUS_ONE, ONE, Add, Expr, Partial, Pow, Reduce, Symbol, mul, sub
from whygrad.core.walk import (
    canonical,
    fold,
    names,
    paths,
    postorder,
    replace_at,
    rewrite_bottom_up,
    size_of,
    symbols,
)
from whygrad.engine.closing import close
from whygrad.engine.differentiate import (
    calls,
    differentiate,
    frame,
    instantiate,
    unfold_call,
)
from whygrad.engine.fold import unify
from whygrad.engine.logs import write_out
from whygrad.engine.moves import Context, fold_definition
from whygrad.engine.simplify import simplify
from whygrad.engine.stages import Maker, settle, titles
from whygrad.engine.tidy import tidy
from whygrad.engine.trace import Trace

LARGEST = 70
"""Nodes of a loss written out; beyond that the route goes one layer at a time."""

DEEPEST = 3
"""Sums inside each other in a loss written out; beyond that, too."""


def written_out(e: Expr, scope: Scope, limit: int = LARGEST) -> Expr | None:
    """``e`` with every definition put in, or None when that has more than ``limit`` nodes."""
    for _ in range(len(scope.definitions) + 1):
        if size_of(e) > limit:
            return None
        new = rewrite_bottom_up(e, lambda node: _put_in(node, scope))
        if new is e:
            inside = names(e) & frozenset(scope.definitions)  # a whole array, as in inv(K)
            return None if inside else e
        e = new
    return None


def _put_in(node: Expr, scope: Scope) -> Expr:
    if isinstance(node, Symbol) and node.name in scope.definitions:
        if len(node.indices) < len(scope.definitions[node.name].indices):
            return node
        return instantiate(scope.definitions[node.name], node.indices)
    for name in calls(node) & frozenset(scope.definitions):
        if getattr(node, "name", None) == name:
            return unfold_call(node, scope)  # pyright: ignore[reportArgumentType]
    return node


def functions_out(e: Expr, context: Context) -> Expr:
    """The functions that are short for exponentials, written out."""

    def f(node: Expr) -> Expr:
        moved = write_out(node, context)
        return node if moved is None else moved[-1][1]

    return rewrite_bottom_up(e, f)


def scores(cost: Cost, scope: Scope) -> tuple[Definition, ...]:
    """Definitions that are sums such as Σ_j w_j x_ij + b, written out.

    They stay whole when brackets are multiplied out.
    """
    out: list[Definition] = []
    for d in cost.definitions:
        body = None if d.is_function else written_out(d.body, scope)
        if isinstance(body, Add):
            out.append(replace(d, body=body))
    return tuple(out)


def whole(cost: Cost, root: str, context: Context) -> Expr | None:
    """The root written out whole, functions too."""
    definition = cost.definition(root)
    body = written_out(definition.body, cost.scope)
    if body is None or sums_inside(body) > DEEPEST:
        return None
    return functions_out(body, context)


def sums_inside(e: Expr) -> int:
    """The most sums that stand inside each other."""
    return fold(e, _sums_deep)


def _sums_deep(node: Expr, kids: tuple[int, ...]) -> int:
    """How many sums stand inside each other."""
    return max(kids, default=0) + isinstance(node, Reduce)


def expanded_scope(cost: Cost, root: str, context: Context) -> Scope:
    """Definitions with their bodies written out, largest first: the patterns to fold back to."""
    patterns: dict[str, Definition] = {}
    for d in cost.definitions:
        if d.is_function or d.name in (root, cost.goal):
            continue
        body = written_out(d.body, cost.scope)
        if body is not None:
            patterns[d.name] = replace(d, body=tidy(functions_out(body, context)))
    ordered = dict(sorted(patterns.items(), key=lambda item: -size_of(item[1].body)))
    return Scope(cost.scope.declarations, ordered)


def protected_in(e: Expr, forms: tuple[Definition, ...]) -> frozenset[Expr]:
    """The canonical forms of sums in ``e`` that are instances of ``forms``."""
    return frozenset(
        canonical(n)
        for n in postorder(e)
        if isinstance(n, Add) and any(unify(d.body, n, frozenset(d.indices), {}) is not None for d in forms)
    )


def substitution_stages(cost: Cost, wrt: Symbol, maker: Maker, root: str) -> list[Stage] | None:
    """The loss written out and simplified, its derivative, then the cost's; None if too large."""
    context = Context(cost.scope, fractions=True)
    written = whole(cost, root, context)
    if written is None:
        return None
    forms = scores(cost, cost.scope)
    definition = cost.definition(root)
    symbol = Symbol(root, definition.indices)
    stages: list[Stage] = []
    loss = next((s for s in maker.done if s.left is symbol), None)
    if loss is None:
        trace = Trace(symbol)
        trace.apply((), "definition/unfold", written, {"u": symbol}, ("everything written out",), minor=False)
        using = replace(context, protected=protected_in(written, forms))
        trace.run(simplify(trace.line, using))
        loss = maker.keep(symbol, trace.steps, trace.line, scope=cost.scope)
    else:
        loss = replace(loss, reused=True)
    stages.append(loss)
    stages.append(_derivative(cost, Partial(symbol, wrt), loss, maker, root, forms))
    return stages


def _derivative(
    cost: Cost, left: Partial, loss: Stage, maker: Maker, root: str, forms: tuple[Definition, ...]
) -> Stage:
    scope = Scope(cost.scope.declarations, {})
    worked = differentiate(Partial(loss.result, left.wrt), frame(scope, left.wrt))
    settle(worked, Context(cost.scope))
    trace = Trace(left)
    trace.apply((), "chain/put-in", Partial(loss.result, left.wrt), {}, ("put in ", loss.id), minor=True)
    trace.apply(
        (), "chain/differentiate", worked.line, {}, titles(worked.steps), substeps=tuple(worked.steps)
    )
    context = Context(cost.scope, fractions=True, protected=protected_in(worked.line, forms))
    trace.run(simplify(trace.line, context))
    patterns = expanded_scope(cost, root, context)
    fold_back(trace, patterns)
    names_only = Context(cost.scope, frozenset(patterns.definitions))
    trace.run(simplify(trace.line, names_only))
    close(trace, names_only)
    return maker.keep(left, trace.steps, trace.line, scope=cost.scope, uses=(loss.id,))


def fold_back(trace: Trace, patterns: Scope) -> None:
    """Back to the names, largest bodies first; each name is one step.

    For a name f = 1/(1 + E), E/(1 + E) is 1 − f.
    """
    for name, definition in patterns.definitions.items():
        flipped = _complement(definition)
        if flipped is None:
            continue
        only = Context(Scope(patterns.declarations, {name: flipped}), frozenset((name,)))
        new = _fold_all(trace.line, only)
        if new is not trace.line:
            u = next(s for s in symbols(new) if s.name == name)
            opened = rewrite_bottom_up(new, lambda e, name=name: sub(ONE, e) if _named(e, name) else e)
            trace.apply((), "definition/fold-complement", opened, {"u": u, "v": sub(ONE, u)})
            trace.tidy()
    for name in patterns.definitions:
        only = Context(patterns, frozenset((name,)))
        new = _fold_all(trace.line, only)
        if new is not trace.line:
            found = next((s for s in symbols(new) if s.name == name), Symbol(name))
            trace.apply((), "definition/fold", new, {"u": found})
            trace.tidy()


def _named(e: Expr, name: str) -> bool:
    return isinstance(e, Symbol) and e.name == name


def _complement(definition: Definition) -> Definition | None:
    """E/(1 + E) for a body 1/(1 + E)."""
    match definition.body:
        case Pow(Add((first, second)), exponent) if first is ONE and exponent is MINUS_ONE:
            return replace(definition, body=mul(second, definition.body))
        case _:
            return None


def _fold_all(line: Expr, context: Context) -> Expr:
    for _ in range(40):
        for path, node in paths(line):
            moved = fold_definition(node, context)
            if moved is not None:
                line = replace_at(line, path, moved[-1][1])
                break
        else:
            return line
    return line
