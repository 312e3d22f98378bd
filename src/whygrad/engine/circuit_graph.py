"""From a cost to its circuit: local derivatives on the wires, their products back to the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from whygrad.core.circuit import Circuit, Node, NodeKind, Parts, Result, Wire
from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Derivation, Stage
from whygrad.core.errors import BudgetError, UsageError
from whygrad.core.expr import ONE, Expr, Index, Partial, Reduce, Symbol, add, mul, terms_of
from whygrad.core.walk import names, ordered_free_indices, rewrite_bottom_up, substitute, symbols
from whygrad.engine.circuit_parts import taken_apart
from whygrad.engine.derive import loss_level, movers_of_goal, wrt_symbol
from whygrad.engine.differentiate import Known, frame
from whygrad.engine.evaluate import Value, Values, point_at
from whygrad.engine.graph import Link, body_at, build, local_scope
from whygrad.engine.moves import Context
from whygrad.engine.simplify import simplify
from whygrad.engine.stages import work_out
from whygrad.engine.trace import Trace
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Point
from whygrad.meaning.shapes import size_of_dim
from whygrad.meaning.to_index import cost_to_index

MOST_GATES = 120
_SHOWN_ENTRIES = 4


def circuit(cost: Cost, *, parts: Parts = "none", at: Values | None = None,
            derivation: Derivation | None = None) -> Circuit:  # fmt: skip
    """The circuit of a cost: a gate for each definition, or for each operation.

    Parameters
    ----------
    cost
        What to draw.
    parts
        How far gates are taken apart (:data:`whygrad.core.circuit.Parts`).
    at
        Values for every declared name, as ``derive --at`` takes them; then every wire has its numbers.
    derivation
        The derivation of the same cost by the chain rule, if it is at hand: what it has is taken from it,
        and nodes and wires say from which stage.

    Returns
    -------
    Circuit
        Its root is the loss of one example where the cost is a mean of these, else the cost itself.

    Raises
    ------
    BudgetError
        If there would be more than ``MOST_GATES`` gates.
    UsageError
        From ``at``.
    """
    by_index = cost_to_index(cost) if derivation is None else derivation.cost
    apart = taken_apart(by_index, parts)
    if len(apart.definitions) > MOST_GATES:
        raise BudgetError(
            "error/too-large",
            f"the circuit would have {len(apart.definitions)} gates; more than {MOST_GATES} cannot be read",
            fix="leave --parts out: then each definition is one gate",
        )
    point = None if at is None else point_at(by_index, at)
    stages = {} if derivation is None else {s.left: s for p in derivation.parameters for s in p.stages}
    moving = [p.name for p in by_index.parameters if p.name in movers_of_goal(by_index)]
    if not moving:
        raise UsageError("error/no-parameter", "no parameter moves the cost", fix="declare one: param w[j]")
    root = _root(by_index, moving)
    wiring = _Wiring(by_index, root, stages)
    for name in moving:
        wiring.back_to(name)
    results = tuple(wiring.result(name) for name in moving)
    if parts != "none":
        wiring = _Wiring(apart, root, {}, whole=wiring.known)
        for name in moving:
            wiring.back_to(name)
    written = {d.name: d.body for d in cost.definitions if d.by_array and parts == "none"}
    made = _drawn(wiring, written, results, parts, by_index.scope)
    return made if point is None else _with_numbers(made, wiring.cost, point, at or {})


def _root(cost: Cost, moving: Sequence[str]) -> str:
    """The loss of one example, if every parameter is reached through it."""
    levels = {loss_level(cost, wrt_symbol(cost, name)) for name in moving}
    return levels.pop() if len(levels) == 1 else cost.goal


@dataclass(slots=True)
class _Wiring:
    """What has been found so far: gradients by name, wires by their two ends.

    ``whole`` has the gradients of the cost that was taken apart: a name of it keeps its formula.
    """

    cost: Cost
    root: str
    derived: Mapping[Expr, Stage]
    """The stages of a derivation by what they compute."""
    whole: Mapping[str, Known] = field(default_factory=dict[str, Known])
    known: dict[str, Known] = field(default_factory=dict[str, Known])
    lefts: dict[str, Partial] = field(default_factory=dict[str, Partial])
    paths: dict[str, Expr] = field(default_factory=dict[str, Expr])
    written: dict[str, Symbol] = field(default_factory=dict[str, Symbol])
    wires: dict[tuple[str, str], Wire] = field(default_factory=dict[tuple[str, str], Wire])
    stages: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def context(self) -> Context:
        """What simplification may fold."""
        goal = self.cost.goal
        foldable = frozenset(d.name for d in self.cost.definitions if not d.is_function and d.name != goal)
        return Context(self.cost.scope, foldable)

    def back_to(self, name: str) -> None:
        """Work out the gradients between the root and a parameter that are not known yet."""
        graph = build(self.cost, self.root, name, wrt_symbol(self.cost, name))
        self.written.setdefault(self.root, graph.root)
        for node in graph.order:
            if node not in self.known:
                self._gradient(graph.root, graph.symbols[node], graph.links[node])

    def _gradient(self, root: Symbol, lower: Symbol, links: Sequence[Link]) -> None:
        shown: list[Expr] = []
        values: list[Expr] = []
        for link in links:
            direct = link.upper.name == root.name
            left, local, stage = self._local(link, known=not direct or len(links) == 1)
            drawn = self._own_terms(link) if direct and len(links) > 1 else left
            if direct:
                term: Expr = drawn
                value = local
            else:
                above = self.known[link.upper.name]
                swap: dict[Expr, Expr] = dict(zip(above.indices, link.upper.indices, strict=True))
                term = mul(Partial(root, link.upper), left)
                value = mul(substitute(above.value, swap), local)
            for index in reversed(link.summed):
                term, value = Reduce("sum", index, term), Reduce("sum", index, value)
            shown.append(term)
            values.append(value)
            ends = (lower.name, link.upper.name)
            self.wires[ends] = Wire(*ends, left, local, term, link.summed, stage=stage, shown=drawn)
        left = Partial(root, lower)
        found, self.stages[lower.name] = self._stage(left)
        if found is None and lower.name in self.whole:
            before = self.whole[lower.name]
            found = substitute(before.value, dict(zip(before.indices, lower.indices, strict=True)))
        if found is None:
            trace = Trace(add(*values))
            trace.tidy()
            trace.run(simplify(trace.line, self.context))
            found = trace.line
        own = tuple(i for i in lower.indices if isinstance(i, Index))
        self.known[lower.name] = Known(own, found, self.stages[lower.name])
        self.lefts[lower.name], self.written[lower.name] = left, lower
        self.paths[lower.name] = add(*shown)

    def _own_terms(self, link: Link) -> Partial:
        """The root's derivative through itself: of those of its terms that hold the input."""
        terms = terms_of(body_at(self.cost.scope, link.upper))
        return Partial(add(*(t for t in terms if link.lower.name in names(t))), link.lower)

    def _local(self, link: Link, known: bool) -> tuple[Partial, Expr, str]:
        """The derivative with everything else held; the derivation has it only where there is one way."""
        left = Partial(link.upper, link.lower)
        found, stage = self._stage(left) if known else (None, "")
        if found is None:
            scope = local_scope(self.cost.scope, link.upper.name)
            found = work_out(left, frame(scope, link.lower), self.context).result
        return left, found, stage

    def _stage(self, left: Partial) -> tuple[Expr | None, str]:
        """What the derivation has for it, and the number of its stage."""
        stage = self.derived.get(left)
        return (None, "") if stage is None else (stage.result, stage.id)

    def result(self, name: str) -> Result:
        """The gradient of the cost itself."""
        left = Partial(Symbol(self.cost.goal), wrt_symbol(self.cost, name))
        stage = self.derived.get(left)
        if self.root == self.cost.goal:
            value = self.known[name].value
            return (
                Result(left, value)
                if stage is None
                else Result(left, stage.result, stage.matrix_left, stage.matrix)
            )
        above = self.known[name]
        swap: dict[Expr, Expr] = dict(zip(above.indices, left.wrt.indices, strict=True))
        root = self.written[self.root]
        assembled = self._assembled(left, substitute(self.lefts[name], swap))
        if stage is not None:
            return Result(left, stage.result, stage.matrix_left, stage.matrix, assembled=assembled)
        letters = tuple(i for i in root.indices if isinstance(i, Index))
        inside = Known(letters, substitute(above.value, swap), "")
        using = frame(self.cost.scope, left.wrt, {self.root: inside})
        return Result(left, work_out(left, using, self.context).result, assembled=assembled)

    def _assembled(self, left: Partial, inner: Expr) -> Expr:
        """The cost's derivative with the root's left standing: a name stands for it on the way."""
        free = ordered_free_indices(inner)
        stand_in = Symbol("root gradient", free)
        letters = tuple(i for i in self.written[self.root].indices if isinstance(i, Index))
        using = frame(self.cost.scope, left.wrt, {self.root: Known(letters, stand_in, "")})
        found = work_out(left, using, self.context).result
        return rewrite_bottom_up(
            found,
            lambda e: (
                substitute(inner, dict(zip(free, e.indices, strict=True)))
                if isinstance(e, Symbol) and e.name == stand_in.name
                else e
            ),
        )


def _drawn(
    wiring: _Wiring, written: Mapping[str, Expr], results: tuple[Result, ...], parts: Parts, named: Scope
) -> Circuit:
    cost = wiring.cost
    nodes = _nodes(wiring)
    wires = _in_order(wiring, nodes)
    shared = _shared(nodes, wires)
    nodes = [
        replace(n, once_for=shared.get(n.name, ()), operation=written.get(n.name, n.operation)) for n in nodes
    ]
    return Circuit(
        cost.name, cost.title, cost.scope, wiring.written[wiring.root], cost.definition(cost.goal).body,
        Symbol(cost.goal), tuple(nodes), tuple(wires), results, parts,
        aside=frozenset(n.name for n in nodes if n.name not in named.definitions and n.operation is not None),
    )  # fmt: skip


def _with_numbers(made: Circuit, cost: Cost, point: Point, at: Values) -> Circuit:
    numbers = _Numbers(cost, point)
    nodes = tuple(
        replace(n, value=numbers.of(n.symbol, n.symbol),
                slope="" if n.gradient is None else numbers.of(n.gradient, n.symbol))
        for n in made.nodes
    )  # fmt: skip
    wires = tuple(w if w.local is None else replace(w, local_value=numbers.of(w.local)) for w in made.wires)
    results = tuple(replace(r, number=numbers.of(r.value)) for r in made.results)
    given = tuple((name, _plain(value)) for name, value in at.items())
    return replace(made, nodes=nodes, wires=wires, results=results, at=given)


def _nodes(wiring: _Wiring) -> list[Node]:
    """Inputs where they are first used, gates in the order of their definitions, up to the root."""
    cost = wiring.cost
    needed = {wiring.root}
    for d in reversed(cost.definitions):
        if d.name in needed:
            needed |= {s.name for s in symbols(d.body)}
    kinds: dict[str, NodeKind] = {d.name: d.kind for d in cost.declarations}
    out: dict[str, Node] = {}
    for d in cost.definitions:
        if d.name not in needed or d.is_function:
            continue
        for symbol in symbols(d.body):
            if symbol.name in kinds and symbol.name not in out:
                kind: NodeKind = kinds[symbol.name]
                out[symbol.name] = _node(wiring, symbol.name, kind, wiring.written.get(symbol.name, symbol))
        symbol = wiring.written.get(d.name, Symbol(d.name, d.indices))
        body = substitute(d.body, dict(zip(d.indices, symbol.indices, strict=True)))
        gate: NodeKind = "root" if d.name == wiring.root else "gate"
        out[d.name] = _node(wiring, d.name, gate, symbol, body)
    return list(out.values())


def _node(wiring: _Wiring, name: str, kind: NodeKind, symbol: Symbol, body: Expr | None = None) -> Node:
    if name == wiring.root:
        return Node(name, kind, symbol, body, Partial(symbol, symbol), ONE, None)
    known = wiring.known.get(name)
    if known is None:
        return Node(name, kind, symbol, body)
    return Node(
        name, kind, symbol, body, wiring.lefts[name], known.value, wiring.paths[name], stage=known.stage
    )


def _in_order(wiring: _Wiring, nodes: Sequence[Node]) -> list[Wire]:
    """Every wire, a gate's in the order in which its operation names its inputs."""
    out: list[Wire] = []
    present = {n.name for n in nodes}
    for node in nodes:
        if node.operation is None:
            continue
        for source in dict.fromkeys(s.name for s in symbols(node.operation)):
            if source in present:
                out.append(wiring.wires.get((source, node.name), Wire(source, node.name)))
    return out


def _shared(nodes: Sequence[Node], wires: Sequence[Wire]) -> dict[str, tuple[Symbol, ...]]:
    """The gates whose gradient flows on along several wires, with the parameters it then serves."""
    below: dict[str, dict[str, Symbol]] = {}
    out: dict[str, tuple[Symbol, ...]] = {}
    for node in nodes:
        if node.kind == "param" and node.gradient is not None:
            below[node.name] = {node.name: node.symbol}
            continue
        ways = [below[w.source] for w in wires if w.target == node.name and below.get(w.source)]
        served = {name: symbol for way in ways for name, symbol in way.items()}
        below[node.name] = served
        if node.kind == "gate" and all(len(way) < len(served) for way in ways) and served:
            out[node.name] = tuple(served.values())
    return out


@dataclass(slots=True)
class _Numbers:
    """Values at a point, as text."""

    cost: Cost
    point: Point

    def of(self, e: Expr, order: Expr | None = None) -> str:
        """The value at every position of its letters, first those of ``order``; their shape when many."""
        free = ordered_free_indices(e)
        first = ordered_free_indices(order) if order is not None else ()
        letters = [i for i in first if i in free] + [i for i in free if i not in first]
        sizes = [size_of_dim(i.dim, self.point.sizes) for i in letters]
        letters = [i for i, n in zip(letters, sizes, strict=True) if n > 1]
        count = 1
        for n in sizes:
            count *= n
        if count > _SHOWN_ENTRIES:
            return "×".join(str(n) for n in sizes if n > 1)
        places: list[Mapping[Index, int]] = [dict.fromkeys(free, 1)]
        for letter in letters:
            size = size_of_dim(letter.dim, self.point.sizes)
            places = [{**place, letter: k} for place in places for k in range(1, size + 1)]
        found = [self._number(e, place) for place in places]
        return found[0] if len(found) == 1 else f"({', '.join(found)})"

    def _number(self, e: Expr, place: Mapping[Index, int]) -> str:
        value = evaluate(e, self.cost.scope, replace(self.point, positions=dict(place)), 30)
        if value.contains(0) and float(value.rad()) < _NOTHING:
            return "0"
        return _four(float(str(value.mid().str(20, radius=False))))


_NOTHING = 1e-20
"""Of a number that may be 0 and is less than this: what is left of terms that cancel."""


def _four(value: float) -> str:
    """Four significant digits with a real minus sign.

    >>> _four(-0.04742587), _four(2.0)
    ('−0.04743', '2')
    """
    return f"{value:.4g}".replace("-", "−").replace("e−0", "e−")


def _plain(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_plain(v) for v in value) + "]"
    return _four(float(value))
