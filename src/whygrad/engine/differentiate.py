"""Unevaluated derivatives worked out one rule at a time.

A line holds ``Partial`` nodes; each step takes the outermost one and applies the one row that fits
it. What is already known (an earlier stage's result) is put in instead of derived again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whygrad.core.cost import Definition, Scope
from whygrad.core.errors import BudgetError, NoRuleError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    mul,
)
from whygrad.core.walk import (
    Path,
    children,
    fold,
    free_indices,
    fresh_index,
    holds_partial,
    letters,
    names,
    rename_bound,
    rewrite_bottom_up,
    size_of,
    substitute,
)
from whygrad.engine.trace import Trace
from whygrad.meaning.shapes import shape_of
from whygrad.meaning.to_index import to_index
from whygrad.rules.functions import FUNCTION_RULES
from whygrad.rules.rule import Bindings, fill, match
from whygrad.rules.table import RULES

Reason = tuple[str | Expr, ...] | None
Applied = tuple[str, Expr, Bindings, Reason]


@dataclass(frozen=True, slots=True)
class Known:
    """A derivative found before: of ``name[indices]``; ``stage`` cites where."""

    indices: tuple[Index, ...]
    value: Expr
    stage: str
    name: Partial | None = None
    """How it is named where its value is long: ∂J/∂z."""

    def at(self, indices: tuple[Expr, ...], wrt: Symbol) -> Expr:
        """The value at other indices.

        A letter shared with the variable (∂e_uv/∂P_uk) means that other entries have derivative 0:
        at e_lv it is δ_lu times the value.
        """
        swap: dict[Expr, Expr] = {}
        deltas: list[Expr] = []
        for mine, other in zip(self.indices, indices, strict=True):
            if mine is other:
                continue
            if mine in wrt.indices:
                deltas.append(Delta(other, mine))
            else:
                swap[mine] = other
        return mul(substitute(self.value, swap), *deltas) if deltas else substitute(self.value, swap)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the derivative rules need to know.

    ``movers`` are the names that move with the variable (itself among them). ``known`` are results
    to put in; ``kept`` names stay as unevaluated factors.
    """

    scope: Scope
    wrt: Symbol
    movers: frozenset[str]
    known: Mapping[str, Known] = field(default_factory=dict[str, Known])
    kept: frozenset[str] = frozenset()
    reserved: Mapping[str, str] = field(default_factory=dict[str, str])
    """Index letters of the cost and their dimensions: not taken for another dimension."""
    linear_only: bool = False
    """Only carry the derivative through sums, constants and names; leave the rest."""

    def moves(self, e: Expr) -> bool:
        """Whether ``e`` depends on the variable."""
        return bool(names(e) & self.movers) or bool(calls(e) & self.movers)


def _calls(node: Expr, kids: tuple[frozenset[str], ...]) -> frozenset[str]:
    union = frozenset[str]().union(*kids)
    return union | {node.name} if isinstance(node, Call) else union


def calls(e: Expr) -> frozenset[str]:
    """The functions called in ``e``."""
    return fold(e, _calls, memo="calls")


def movers(scope: Scope, wrt: str) -> frozenset[str]:
    """``wrt`` and every definition that depends on it, through others."""
    found = {wrt}
    for name, definition in scope.definitions.items():  # in order: what is used stands above
        if name == wrt or name in definition.parameters:
            continue
        body = definition.body
        if (names(body) | calls(body)) & found:
            found.add(name)
    return frozenset(found)


def frame(scope: Scope, wrt: Symbol, known: Mapping[str, Known] | None = None,
          kept: frozenset[str] = frozenset()) -> Frame:  # fmt: skip
    """A frame with the movers worked out."""
    return Frame(scope, wrt, movers(scope, wrt.name), known or {}, kept, letters_of(scope))


def letters_of(scope: Scope) -> dict[str, str]:
    """The index letters that declarations and definitions show, with their dimensions."""
    out: dict[str, str] = {}
    for d in scope.declarations.values():
        out.update(zip(d.letters, d.dims, strict=False))
    for d in scope.definitions.values():
        out.update((i.letter, i.dim) for i in d.indices)
    return out


MOST_NODES = 20_000_000
"""Nodes of all the lines of one derivative together: each step writes the whole line anew."""


def differentiate(line: Expr, frame: Frame, budget: int = 4000) -> Trace:
    """Work out every Partial by ``frame.wrt`` in ``line``; house-keeping is left undone.

    Raises
    ------
    NoRuleError
        For a function without a derivative row.
    BudgetError
        After ``budget`` steps, fewer where the lines are very long; ``partial`` is the trace so far.
    """
    trace = Trace(line)
    written = 0
    while True:
        found = _next_partial(trace.line, frame)
        if found is None:
            return trace
        written += size_of(trace.line)
        if len(trace.steps) >= budget or written > MOST_NODES:
            error = BudgetError(
                "error/not-finished",
                f"the derivative is not done after {len(trace.steps)} steps",
                fix="name intermediate results in the cost, so that each is derived once",
            )
            error.partial = trace
            raise error
        path, node = found
        taken = letters(trace.line)
        rule, new, bindings, reason = apply_derivative(node, frame, taken)
        trace.apply(path, rule, new, bindings, reason)


def _next_partial(line: Expr, frame: Frame) -> tuple[Path, Partial] | None:
    stack: list[tuple[Path, Expr]] = [((), line)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Partial) and node.wrt is frame.wrt and not _is_kept(node, frame):
            return path, node
        inside = [(k, kid) for k, kid in enumerate(children(node)) if holds_partial(kid)]
        stack.extend(((*path, k), kid) for k, kid in reversed(inside))
    return None


def _is_kept(node: Partial, frame: Frame) -> bool:
    body = node.body
    if isinstance(body, Symbol) and body.name in frame.kept:
        return True
    if not frame.linear_only or not frame.moves(body):
        return False
    match body:
        case Add() | Symbol() | Reduce("sum"):
            return False
        case Mul(factors):
            return all(frame.moves(f) for f in factors)
        case _:
            return True


def apply_derivative(node: Partial, frame: Frame, taken: frozenset[str]) -> Applied:
    """The one derivative rule that fits ``node``."""
    body, wrt = node.body, node.wrt
    if not frame.moves(body):
        return "derivative/constant", ZERO, {"c": body, "x": wrt}, None
    match body:
        case Symbol():
            return _symbol(body, wrt, frame)
        case Add(terms):
            return "derivative/sum", add(*(Partial(t, wrt) for t in terms)), {"x": wrt}, None
        case Mul(factors):
            return _product(factors, wrt, frame)
        case Pow():
            return _power(body, wrt, frame)
        case Call():
            return _call(body, wrt, frame)
        case Reduce():
            other = {a for a, dim in frame.reserved.items() if dim != body.index.dim}
            return _reduce(body, wrt, taken | other)
        case Cases(branches, otherwise):
            new = Cases(((c, Partial(v, wrt)) for c, v in branches), Partial(otherwise, wrt))
            return "derivative/cases", new, {"x": wrt}, None
        case Compare():
            return "derivative/step", ZERO, {"u": body}, None
        case Entry() | Apply():
            return _array(body, wrt, frame, taken)
        case _:
            raise NoRuleError(
                "error/no-rule",
                f"no derivative is known for {type(body).__name__.lower()} here",
                fix="write this part with sums over indices",
            )


def _symbol(body: Symbol, wrt: Symbol, frame: Frame) -> Applied:
    if body.name == wrt.name:
        if body is wrt:
            return "derivative/variable", ONE, {"x": wrt}, None
        deltas = [Delta(a, b) for a, b in zip(body.indices, wrt.indices, strict=True) if a is not b]
        return "derivative/other-entry", mul(*deltas), {"u": body, "x": wrt}, None
    known = frame.known.get(body.name)
    if known is not None:
        return "chain/put-in", known.at(body.indices, wrt), {"u": body}, ("put in ", known.stage)
    inside = instantiate(frame.scope.definitions[body.name], body.indices, letters(wrt), frame.reserved)
    return "definition/unfold", Partial(inside, wrt), {"u": body}, None


def instantiate(
    definition: Definition,
    at: tuple[Expr, ...],
    avoid: frozenset[str] = frozenset(),
    reserved: Mapping[str, str] | None = None,
) -> Expr:
    """The body of ``definition`` with its index letters replaced.

    A bound letter that would then also stand free beside its sum (or is one of ``avoid``) is renamed:
    Σ_l e^(z_il) next to a free l is right, and unreadable.
    """
    swap: dict[Expr, Expr] = {a: b for a, b in zip(definition.indices, at, strict=True) if a is not b}
    return apart(substitute(definition.body, swap), avoid, reserved or {})


def apart(e: Expr, avoid: frozenset[str], reserved: Mapping[str, str]) -> Expr:
    """``e`` with every bound letter unlike ``avoid`` and unlike the letters free beside it.

    The letters that stand free in the whole of ``e``, too; and where one letter runs over two
    dimensions, it is renamed where it is bound.
    """
    free = {i.letter for i in free_indices(e)} | avoid
    here = letters(e)
    if not free & here and len(here) == len(indices_in(e)) and not shadows(e):
        return e

    def f(node: Expr) -> Expr:
        if not isinstance(node, Reduce):
            return node
        beside = {i.letter for i in free_indices(node)}
        inside = {i.letter for i in bound_in(node.body)}
        if node.index.letter not in free | beside | inside:
            return node
        other = {a for a, dim in reserved.items() if dim != node.index.dim}
        return rename_bound(node, fresh_index(node.index, free | beside | letters(node) | other))

    return rewrite_bottom_up(e, f)


def _bound_in(node: Expr, kids: tuple[frozenset[Index], ...]) -> frozenset[Index]:
    union = frozenset[Index]().union(*kids)
    return union | {node.index} if isinstance(node, Reduce) else union


def bound_in(e: Expr) -> frozenset[Index]:
    """The indices that are bound somewhere in ``e``."""
    return fold(e, _bound_in, memo="bound_in")


def _shadows(node: Expr, kids: tuple[bool, ...]) -> bool:
    return any(kids) or (isinstance(node, Reduce) and node.index in bound_in(node.body))


def shadows(e: Expr) -> bool:
    """Whether a bound letter is bound again inside."""
    return fold(e, _shadows, memo="shadows")


def _indices_in(node: Expr, kids: tuple[frozenset[Index], ...]) -> frozenset[Index]:
    union = frozenset[Index]().union(*kids)
    if isinstance(node, Index):
        return frozenset((node,))
    return union | {node.index} if isinstance(node, Reduce) else union


def indices_in(e: Expr) -> frozenset[Index]:
    """Every index in ``e``, free or bound."""
    return fold(e, _indices_in, memo="indices_in")


def unfold_call(call: Call, scope: Scope) -> Expr:
    """A function of the cost's own, with its arguments put in."""
    definition = scope.definitions[call.name]
    swap: dict[Expr, Expr] = {Symbol(p): a for p, a in zip(definition.parameters, call.args, strict=True)}
    return substitute(definition.body, swap)


def _is_inverse(e: Expr) -> bool:
    return isinstance(e, Pow) and isinstance(e.exponent, Number) and e.exponent.value < 0


def _product(factors: tuple[Expr, ...], wrt: Symbol, frame: Frame) -> Applied:
    fixed = [f for f in factors if not frame.moves(f)]
    moving = [f for f in factors if frame.moves(f)]
    if fixed:
        c, rest = mul(*fixed), mul(*moving)
        return "derivative/constant-factor", mul(c, Partial(rest, wrt)), {"c": c, "u": rest}, None
    above = [f for f in moving if not _is_inverse(f)]
    below = [f for f in moving if _is_inverse(f)]
    if above and below:
        top = mul(*above)
        bottom = mul(*(_turned(f) for f in below))
        new = mul(
            add(mul(Partial(top, wrt), bottom), mul(MINUS_ONE, top, Partial(bottom, wrt))),
            Pow(bottom, Number(-2)),
        )
        return "derivative/quotient", new, {"u": top, "v": bottom, "x": wrt}, None
    parts = [mul(*moving[:k], Partial(moving[k], wrt), *moving[k + 1 :]) for k in range(len(moving))]
    return "derivative/product", add(*parts), {"x": wrt}, None


def _turned(inverse: Expr) -> Expr:
    assert isinstance(inverse, Pow)
    assert isinstance(inverse.exponent, Number)
    return (
        Pow(inverse.base, Number(-inverse.exponent.value)) if inverse.exponent.value != -1 else inverse.base
    )


def _power(body: Pow, wrt: Symbol, frame: Frame) -> Applied:
    u, n = body.base, body.exponent
    if frame.moves(n):
        rule = "derivative/general-power" if frame.moves(u) else "derivative/exponential"
        return _by_statement(rule, body, wrt, frame)
    if n is MINUS_ONE:
        new = mul(MINUS_ONE, Pow(u, Number(-2)), Partial(u, wrt))
        bindings: Bindings = {"u": u, "x": wrt}
        return (
            "derivative/reciprocal",
            new,
            bindings,
            _chain_reason("derivative/reciprocal", bindings, Pow(_OUTER, n), frame),
        )
    lowered = Number(n.value - 1) if isinstance(n, Number) else add(n, MINUS_ONE)
    bindings = {"u": u, "n": n, "x": wrt}
    new = mul(n, Pow(u, lowered), Partial(u, wrt))
    return (
        "derivative/power",
        new,
        bindings,
        _chain_reason("derivative/power", bindings, Pow(_OUTER, n), frame),
    )


_OUTER = Symbol("u")


def _call(body: Call, wrt: Symbol, frame: Frame) -> Applied:
    if body.name in frame.scope.definitions:
        new = Partial(unfold_call(body, frame.scope), wrt)
        return "definition/function", new, {"u": body}, None
    row = FUNCTION_RULES.get(body.name)
    if row is None:
        raise NoRuleError(
            "error/no-rule",
            f"the derivative of {body.name} is not in the table",
            fix="add a row to rules/functions.py, or write the function out",
        )
    return _by_statement(row.id, body, wrt, frame)


def _by_statement(rule: str, body: Expr, wrt: Symbol, frame: Frame) -> Applied:
    left, right = RULES[rule].sides
    bindings = match(left, Partial(body, wrt))
    assert bindings is not None, rule
    outer = Call(body.name, (_OUTER,)) if isinstance(body, Call) and len(body.args) == 1 else None
    return rule, fill(right, bindings), bindings, _chain_reason(rule, bindings, outer, frame)


def _chain_reason(rule: str, bindings: Bindings, outer: Expr | None, frame: Frame) -> Reason:
    """Name the outer and the inner function when the inside is more than the variable."""
    u = bindings.get("u")
    if outer is None or u is None or u is frame.wrt:
        return None
    return (
        f"{RULES[rule].title}; chain rule with f(u) = ", outer, " outside and ", Call("g", (frame.wrt,)),
        " = ", u, " inside",
    )  # fmt: skip


def _array(body: Entry | Apply, wrt: Symbol, frame: Frame, taken: frozenset[str]) -> Applied:
    """An entry of an inverse, a determinant, its logarithm."""
    whole = body.array if isinstance(body, Entry) else body
    if not isinstance(whole, Apply) or whole.op not in ("inv", "det", "logdet"):
        raise NoRuleError(
            "error/no-rule",
            f"the derivative of {whole.op if isinstance(whole, Apply) else 'an array'} is not in the table",
            fix="write this part with sums over indices",
        )
    (inside,) = whole.args
    dims = shape_of(inside, frame.scope)
    avoid = set(taken | letters(wrt) | letters(body))
    rows = _unused(dims[0], avoid, frame)
    columns = _unused(dims[1], avoid | {rows.letter}, frame)
    slope = Partial(to_index(inside, frame.scope, (rows, columns)), wrt)
    bottom = Apply("inv", (inside,))
    bindings: Bindings = {"u": inside, "x": wrt}
    if isinstance(body, Entry):
        left, right = body.indices
        new = mul(Entry(bottom, (left, rows)), slope, Entry(bottom, (columns, right)))
        return "derivative/inverse", mul(MINUS_ONE, _double(rows, columns, new)), bindings, None
    trace = _double(rows, columns, mul(Entry(bottom, (columns, rows)), slope))
    if whole.op == "logdet":
        return "derivative/logdet", trace, bindings, None
    return "derivative/det", mul(whole, trace), bindings, None


def _unused(dim: str, avoid: set[str], frame: Frame) -> Index:
    own = [a for a, d in frame.reserved.items() if d == dim and a not in avoid]
    other = {a for a, d in frame.reserved.items() if d != dim}
    return fresh_index(Index(own[0] if own else "p", dim), avoid | other)


def _double(rows: Index, columns: Index, body: Expr) -> Expr:
    return Reduce("sum", rows, Reduce("sum", columns, body))


def _reduce(body: Reduce, wrt: Symbol, taken: frozenset[str]) -> Applied:
    if body.index in free_indices(wrt):
        fresh = fresh_index(Index(body.index.letter, body.index.dim), taken | {body.index.letter})
        new = Partial(rename_bound(body, fresh), wrt)
        return "sum/rename", new, {"b": body.index, "c": fresh, "x": wrt}, None
    index, inner, where = body.index, body.body, body.where
    match body.op:
        case "sum":
            new = Reduce("sum", index, Partial(inner, wrt), where)
            return "derivative/through-sum", new, {"x": wrt, "b": index}, None
        case "prod":
            other = fresh_index(Index(index.letter, index.dim), taken | {index.letter})
            swap: dict[Expr, Expr] = {index: other}
            away: Expr = Compare("!=", (other, index))
            if where is not None:
                away = Compare("and", (substitute(where, swap), away))
            rest = Reduce("prod", other, substitute(inner, swap), away)
            new = Reduce("sum", index, mul(Partial(inner, wrt), rest), where)
            return "derivative/through-product", new, {"x": wrt}, None
        case "max" | "min":
            other = fresh_index(Index(index.letter, index.dim), taken | {index.letter})
            best = rename_bound(body, other)
            here = Compare("==", (inner, best))
            new = Reduce("sum", index, mul(here, Partial(inner, wrt)), where)
            return f"derivative/through-{body.op}", new, {"x": wrt}, None
