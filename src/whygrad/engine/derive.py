"""The gradient of a cost, derived by a route: chain, substitution or backprop.

All routes use the same rows and the same simplifier; they differ in what is named on the way. Each
stage is checked by the judges as it is made, and the result of each route against the derivative of
the cost written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Derivation, Evidence, ParameterDerivation, Route, Stage
from whygrad.core.errors import NoRuleError, NotScalarError, Span, UsageError
from whygrad.core.expr import Call, Expr, Index, Partial, Reduce, Symbol
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import fold, free_indices, letters, paths, postorder, size_of
from whygrad.engine.cotangents import Cotangents, has_cotangents, measure, written_out
from whygrad.engine.differentiate import Known, calls, movers
from whygrad.engine.graph import Graph, build, parameter_indices, uses
from whygrad.engine.matrix import NoMatrix, to_matrix
from whygrad.engine.stages import Maker, paths_stage, product_stage, proved, total_stage, weakest
from whygrad.engine.substitution import substitution_stages
from whygrad.meaning.enclose import difference, sampled_equal
from whygrad.meaning.equal import same_value
from whygrad.meaning.normal_form import Budget
from whygrad.meaning.to_index import cost_to_index

LONGEST_CHAIN = 6
"""More links than this are read better one cotangent at a time."""

LARGEST_RESULT = 160
"""Nodes of a gradient written out; a longer one keeps its cotangents as names."""

DEEPEST_RESULT = 3
"""And so does one with more sums than this inside each other."""

LARGEST_PROOF = 105
"""Nodes of a gradient, cotangents written out, that is proved as a whole against the cost's derivative."""

LARGEST_COST = 125
"""Nodes of a cost written out; the gradient of a larger one rests on its stages, or on a short proof."""

SHORT: Final = Budget(products=2_000, terms=200)
"""What a proof about a part of a large cost may take."""

DEEPEST_PROOF = 3
"""Sums inside each other of such a gradient: what is proved of it grows as a power of them."""

LARGEST_SAMPLE = 400
"""Nodes of one that is at least held against it at random points; a larger one rests on its stages."""

MOST_SUMS = 1
"""And so are products under more sums than this."""


def derive(cost: Cost, wrt: str | None = None, route: Route = "chain") -> Derivation:
    """Derive the gradient of ``cost`` and keep every step.

    Parameters
    ----------
    cost
        A cost whose goal is a number.
    wrt
        A parameter (or a definition taken as variable); all parameters when None.
    route
        ``"chain"``, ``"substitution"`` or ``"backprop"``.

    Returns
    -------
    Derivation
        For each parameter its stages and result; the result has the parameter's indices
        (denominator layout).

    Raises
    ------
    NotScalarError
        If the goal has a free index.
    UsageError
        If ``wrt`` names nothing of the cost.
    NoRuleError, BudgetError
        From the rules.
    """
    by_index = cost_to_index(cost)
    goal = by_index.definition(by_index.goal)
    if goal.indices:
        raise NotScalarError(
            "error/not-scalar",
            f"{goal.name} has the index {', '.join(i.letter for i in goal.indices)}",
            fix=f"end with a sum or a mean over {goal.indices[0].letter}",
            source=cost.source,
            span=goal.span,
        )
    targets = _targets(by_index, wrt)
    folding = frozenset(d.name for d in by_index.definitions if not d.is_function and d.name != goal.name)
    maker = Maker(by_index.scope, route, folding, whole_size=written_size(by_index.scope, goal.name))
    made: list[ParameterDerivation] = []
    shown = [wrt] if wrt is not None else targets
    for name in targets:
        try:
            derivation = _one(by_index, name, route, maker)
        except NoRuleError as error:
            raise _placed(error, cost) from error
        if name in shown:
            made.append(derivation)
    return Derivation(by_index, route, tuple(made), notes=_notes(by_index))


def _placed(error: NoRuleError, cost: Cost) -> NoRuleError:
    """The error with the place in the cost's text where its function is called."""
    called = {n.name for d in cost.definitions for n in postorder(d.body) if isinstance(n, Call)}
    unknown = next((name for name in sorted(called) if f"derivative of {name} " in error.reason), None)
    found = re.search(rf"\b{re.escape(unknown)}\b(?=\s*[(\[])", cost.source) if unknown else None
    if found is not None:
        error.in_source(cost.source, Span(*found.span()))
    return error


def _targets(cost: Cost, wrt: str | None) -> list[str]:
    """The names to differentiate by, in order; earlier ones are derived so that ids stay the same."""
    moving = [p.name for p in cost.parameters]
    if wrt is None:
        if not moving:
            raise UsageError(
                "error/no-parameter",
                "the cost declares no parameter",
                fix="declare one (param w[j]) or say which name to differentiate by (--wrt w)",
            )
        return moving
    known = [
        *moving,
        *(d.name for d in cost.definitions if not d.is_function),
        *(d.name for d in cost.declarations),
    ]
    if wrt not in known:
        raise UsageError(
            "error/no-parameter",
            f"{wrt} is not a name of this cost",
            fix=f"use one of {', '.join(dict.fromkeys(known))}",
        )
    return moving[: moving.index(wrt) + 1] if wrt in moving else [wrt]


def wrt_symbol(cost: Cost, name: str) -> Symbol:
    """The name with index letters that nothing in the cost holds free."""
    definition = next((d for d in cost.definitions if d.name == name), None)
    indices = definition.indices if definition is not None else parameter_indices(cost, name)
    return Symbol(name, indices)


def _one(cost: Cost, name: str, route: Route, maker: Maker) -> ParameterDerivation:
    scope = cost.scope
    wrt = wrt_symbol(cost, name)
    if name not in movers_of_goal(cost):
        left = Partial(Symbol(cost.goal), wrt)
        stage = total_stage(maker, left, {}, scope)
        return ParameterDerivation(wrt, (), (stage,), stage.result, stage.evidence)
    if route == "substitution":
        stages, chain = _substitution(cost, wrt, maker)
    elif route == "chain":
        stages, chain = _chain(cost, wrt, maker)
    else:
        stages, chain = _reverse(cost, build(cost, cost.goal, name, wrt), maker, cost.goal), ()
    final = stages[-1] = with_matrix(stages[-1], cost)
    if has_cotangents(final.result):
        whole = closed(final.result, stages, maker.reserved)
        if whole is not None:
            written = maker.written_out(final, whole, tuple(s.id for s in stages[:-1]))
            final = with_matrix(written, cost)
            stages.append(final)
    evidence = whole_evidence(final, stages, scope, maker.reserved, maker.whole_size)
    return ParameterDerivation(final.left.wrt, chain, tuple(stages), final.result, evidence)  # pyright: ignore


def whole_evidence(
    final: Stage, stages: Sequence[Stage], scope: Scope, reserved: Mapping[str, str], written: int = 0
) -> Evidence:
    """The result as a whole against the derivative of the cost written out.

    Stages that are each proved do not make a proof of the whole: putting them together is a step of
    its own, so what was not compared as a whole says so (kind ``definition``: by the chain rule).
    """
    result = closed(final.result, stages, reserved, LARGEST_SAMPLE, None) if written <= LARGEST_COST else None
    if result is not None and size_of(result) <= LARGEST_PROOF and sums_inside(result) <= DEEPEST_PROOF:
        return proved(final.left, result, scope)
    short = final.result if result is None else result
    if not has_cotangents(short) and size_of(short) <= LARGEST_PROOF:
        found = same_value(final.left, short, scope, sample=False, budget=SHORT)
        if found.proved:
            return found.evidence
    if result is not None and sampled_equal(final.left, result, scope):
        return Evidence("sampled", "equal at random points; too long to be proved as a whole")
    if result is not None:
        apart = difference(final.left, result, scope)
        if apart is not None:
            return Evidence(
                "refuted", "the whole differs from the cost's derivative", difference=str(apart.difference)
            )
    by_stages = weakest([s.evidence for s in stages])
    if by_stages.kind in ("proved", "definition"):
        return Evidence("definition", "by the chain rule from its stages; not compared as a whole")
    return by_stages


def sums_inside(e: Expr) -> int:
    """How many sums stand inside each other."""
    return fold(e, lambda node, kids: max(kids, default=0) + isinstance(node, Reduce))


def written_size(scope: Scope, goal: str) -> int:
    """How many nodes the goal has when every definition is put in, without putting any in."""
    sizes: dict[str, int] = {}
    for name, d in scope.definitions.items():
        uses_of = (n.name for _, n in paths(d.body) if isinstance(n, Symbol | Call))
        sizes[name] = size_of(d.body) + sum(sizes.get(n, 0) for n in uses_of)
    return sizes[goal]


def closed(
    e: Expr,
    stages: Sequence[Stage],
    reserved: Mapping[str, str],
    limit: int | None = LARGEST_RESULT,
    deepest: int | None = DEEPEST_RESULT,
) -> Expr | None:
    """``e`` with its cotangents written out; None if that has more than ``limit`` nodes or is deeper."""
    if not has_cotangents(e):
        return e
    known = {
        s.left.wrt.name: Known(tuple(i for i in s.left.wrt.indices if isinstance(i, Index)), s.result, s.id)
        for s in stages
        if isinstance(s.left, Partial)
    }
    nodes, deep = measure(e, known)
    if limit is not None and (nodes > limit or (deepest is not None and deep > deepest)):
        return None
    return written_out(e, known, reserved)


def with_matrix(stage: Stage, cost: Cost) -> Stage:
    """The stage with its result in matrix notation, or the reason why there is none."""
    assert isinstance(stage.left, Partial)
    wrt = stage.left.wrt
    over = tuple(i for i in wrt.indices if isinstance(i, Index))
    named = Cotangents(cost.scope)
    result = named.hidden(stage.result)
    found = to_matrix(result, named.scope if has_cotangents(stage.result) else cost.scope, over)
    if isinstance(found, NoMatrix):
        return replace(stage, no_matrix=found.reason)
    left = Call("nabla", (Symbol(cost.goal), Symbol(wrt.name))) if over else stage.left
    if found.body is result:
        return stage
    body = named.arrays(found.body)
    return replace(
        stage,
        matrix_left=left,
        matrix=body,
        matrix_shapes=found.shapes if over else "",
        matrix_evidence=found.evidence.kind,
    )


def movers_of_goal(cost: Cost) -> frozenset[str]:
    """The names that the goal depends on."""
    found = {cost.goal}
    for definition in reversed(cost.definitions):
        if definition.name in found:
            found |= uses(definition)
    return frozenset(found)


def loss_level(cost: Cost, wrt: Symbol) -> str:
    """The definition the goal sums up (the loss of one example), or the goal itself.

    It is the only definition through which the goal depends on ``wrt``, it has an index that is none
    of the variable's, and everything below it down to the parameter keeps that index.
    """
    goal = cost.definition(cost.goal)
    name = wrt.name
    moving = movers(cost.scope, name)
    through = [d.name for d in cost.definitions if d.name in uses(goal) & moving and d.name != goal.name]
    if len(through) != 1 or through[0] == name:
        return goal.name
    loss = cost.definition(through[0])
    if not loss.indices or loss.is_function or letters(wrt) & {i.letter for i in loss.indices}:
        return goal.name
    graph = build(cost, loss.name, name)
    kept = frozenset(loss.indices)
    inner = [graph.symbols[n] for n in graph.order if n != name]
    return loss.name if all(kept <= free_indices(s) for s in inner) else goal.name


def _chain(cost: Cost, wrt: Symbol, maker: Maker) -> tuple[list[Stage], tuple[Expr, ...]]:
    root = loss_level(cost, wrt)
    graph = build(cost, root, wrt.name, wrt, apart=True)
    path = graph.path
    if path is None or len(path) > LONGEST_CHAIN or sum(len(link.summed) for link in path) > MOST_SUMS:
        return _reverse(cost, build(cost, cost.goal, wrt.name, wrt), maker, cost.goal), ()
    chain = tuple(Partial(link.upper, link.lower) for link in path) if len(path) > 1 else ()
    stages = _links(cost, graph, maker)
    if root == cost.goal:
        return stages, chain
    left = Partial(Symbol(cost.goal), graph.target)
    stages.append(total_stage(maker, left, _known(stages[-1]), cost.scope))
    return stages, chain


def _known(stage: Stage) -> dict[str, Known]:
    """The stage's result, at the indices it was derived at."""
    assert isinstance(stage.left, Partial)
    assert isinstance(stage.left.body, Symbol)
    body = stage.left.body
    indices = tuple(i for i in body.indices if isinstance(i, Index))
    return {body.name: Known(indices, stage.result, stage.id)}


def _substitution(cost: Cost, wrt: Symbol, maker: Maker) -> tuple[list[Stage], tuple[Expr, ...]]:
    root = loss_level(cost, wrt)
    stages = substitution_stages(cost, wrt, maker, root)
    if stages is None:  # written out it would be too long: one layer at a time
        return _chain(cost, wrt, maker)
    if root == cost.goal:
        return stages, ()
    left = Partial(Symbol(cost.goal), wrt)
    stages.append(total_stage(maker, left, _known(stages[-1]), cost.scope))
    return stages, ()


def _links(cost: Cost, graph: Graph, maker: Maker) -> list[Stage]:
    """Each local derivative on its own, then their product."""
    path = graph.path
    assert path is not None
    made: list[tuple[Stage, bool]] = []
    for link in path:
        if link.upper.name == cost.goal and len(path) == 1:
            return [total_stage(maker, Partial(link.upper, link.lower), {}, cost.scope)]
        made.append(maker.local(link.upper, link.lower))
    stages = [replace(stage, reused=True) if old else stage for stage, old in made]
    if len(path) == 1:
        return stages
    left = Partial(graph.root, graph.target)
    before = _same_prefix(maker, graph, stages)
    pairs = list(zip(path, stages, strict=True))
    stages.append(product_stage(maker, left, pairs, cost.scope, as_in=before))
    return stages


def _same_prefix(maker: Maker, graph: Graph, stages: list[Stage]) -> str:
    """The number of an earlier product that began with the same links, or ""."""
    ids = tuple(s.id for s in stages)
    for stage in maker.done:
        same = stage.uses[:-1] == ids[:-1] and len(stage.uses) == len(ids) > 1
        if same and isinstance(stage.left, Partial) and stage.left.body is graph.root:
            return stage.id.rsplit(".", 1)[-1]
    return ""


def _reverse(cost: Cost, graph: Graph, maker: Maker, root: str) -> list[Stage]:
    """Cotangents from the root down: ∂R/∂u for every definition, then for the parameter."""
    stages: list[Stage] = []
    known: dict[str, Known] = {}
    for name in graph.order:
        lower = graph.symbols[name]
        left = Partial(graph.root, lower)
        before = maker.by_name.get((graph.root, name), ())
        old = next((s for s in before if _same_cotangent(s.left, left)), None)
        if old is not None and isinstance(old.left, Partial):
            stage = replace(old, reused=True)
            lower = old.left.wrt
        else:
            links = [
                (link, None if link.upper.name == root else known[link.upper.name])
                for link in graph.links[name]
            ]
            stage = paths_stage(maker, left, links, cost.scope)
        stages.append(stage)
        indices = tuple(i for i in lower.indices if isinstance(i, Index))
        known[name] = Known(indices, stage.result, stage.id, Partial(graph.root, Symbol(name, indices)))
    if any(has_cotangents(s.result) for s in stages):
        return [s if s.reused else with_matrix(s, cost) for s in stages]
    return stages


def _same_cotangent(old: Expr, new: Partial) -> bool:
    """Whether an earlier stage is this one up to the letters of its own indices."""
    if not isinstance(old, Partial) or old.body is not new.body or old.wrt.name != new.wrt.name:
        return False
    fixed = free_indices(new.body)
    return all(a is b or (a not in fixed and b not in fixed and isinstance(a, Index))
               for a, b in zip(old.wrt.indices, new.wrt.indices, strict=True))  # fmt: skip


def _notes(cost: Cost) -> tuple[str, ...]:
    """Conventions at kinks of the functions the cost uses."""
    used: set[str] = set()
    for d in cost.definitions:
        used |= calls(d.body)
    return tuple(
        f"{name}: {FUNCTIONS[name].convention}"
        for name in FUNCTIONS
        if name in used and FUNCTIONS[name].convention
    )


def gradient(cost: Cost, name: str) -> tuple[Expr, Scope]:
    """The gradient with respect to one parameter and the scope of its names, without the narration."""
    derivation = derive(cost, name)
    found = derivation.parameters[-1]
    whole = closed(found.result, found.stages, {}, None)
    assert whole is not None
    return whole, derivation.cost.scope
