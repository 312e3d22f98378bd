"""One stage at a time: a local derivative, a product of links, the cost itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from whygrad.core.cost import Scope
from whygrad.core.derivation import Evidence, Stage, Step
from whygrad.core.expr import (
    ONE,
    Expr,
    Mul,
    Number,
    Partial,
    Reduce,
    Size,
    Symbol,
    add,
    factors_of,
    mul,
    terms_of,
)
from whygrad.core.walk import at, free_indices, letters, names, paths, replace_at, substitute
from whygrad.engine.closing import close
from whygrad.engine.cotangents import Cotangents
from whygrad.engine.differentiate import Frame, Known, apart, differentiate, frame, letters_of
from whygrad.engine.graph import Link, body_at, local_scope
from whygrad.engine.measure import cost_of
from whygrad.engine.moves import Context, fold_definition, minus_in
from whygrad.engine.products import powers_of
from whygrad.engine.simplify import ALWAYS, first_fitting, simplify
from whygrad.engine.sums import sorted_pairs
from whygrad.engine.tidy import tidy
from whygrad.engine.trace import Trace, lift
from whygrad.engine.trace_form import trace_form
from whygrad.meaning.differentiate import evaluate_partials
from whygrad.meaning.equal import same_value
from whygrad.rules.table import RULES

MINOR_TITLES = frozenset(("derivative/constant", "derivative/variable", "definition/unfold", "algebra/tidy"))


def proved(before: Expr, after: Expr, scope: Scope) -> Evidence:
    """The judges' evidence that two expressions have one value: a proof first, numbers if there is none."""
    found = same_value(before, after, scope, sample=False)
    return found.evidence if found.proved else same_value(before, after, scope).evidence


def with_evidence(steps: Sequence[Step], scope: Scope, left: Expr | None = None) -> tuple[Step, ...]:
    """Each visible step with its evidence: only the part that changed is compared.

    The factors of a chain rule are direct derivatives (the other paths held), so the line that names
    them holds by the rule; the line where they are put in is compared with ``left`` itself.
    """
    return tuple(step if step.minor else checked(step, scope, left) for step in steps)


BY_RULE = Evidence("definition", "the chain rule")
BY_DEFINITION = Evidence("definition", "the definition")
BY_SYMMETRY = Evidence("proved", "declared symmetric, or proved so; then its inverse is symmetric, too")


def checked(step: Step, scope: Scope, left: Expr | None = None) -> Step:
    """The step with its evidence.

    Cotangents are names to the judges first. A direct derivative holds the other paths: where the
    two sides differ as whole derivatives, they are compared with every definition held.
    """
    del left
    if step.evidence.kind != "undecided" or step.evidence.why:
        return step
    if step.rule in ("chain/product", "chain/paths"):
        return replace(step, evidence=BY_RULE)
    before, after = changed_part(step)
    if step.rule == "definition/unfold" and isinstance(before, Partial):
        return replace(step, evidence=BY_DEFINITION)
    if step.rule == "sum/symmetric":
        context = Context(scope)
        if sorted_pairs(step.before, context) is sorted_pairs(step.after, context):
            return replace(step, evidence=BY_SYMMETRY)
    named = Cotangents(scope)
    if named.inside(before) and named.inside(after):
        short = same_value(named.hidden(before), named.hidden(after), named.scope, sample=False)
        if short.proved:
            return replace(step, evidence=short.evidence)
    evidence = proved(before, after, scope)
    if evidence.kind != "proved" and step.rule.startswith("derivative/"):
        direct = proved(before, after, _held(scope))
        evidence = direct if direct.kind == "proved" else evidence
    return replace(step, evidence=evidence)


def _held(scope: Scope) -> Scope:
    """The scope with every definition held: arrays of free entries."""
    return local_scope(scope, "")


def changed_part(step: Step) -> tuple[Expr, Expr]:
    """What the step rewrote: the part at its path, or the product or sum it was spliced into."""
    for depth in range(len(step.at), 0, -1):
        path = step.at[:depth]
        try:
            before, after = at(step.before, path), at(step.after, path)
        except IndexError:
            continue
        if replace_at(step.before, path, after) is step.after:
            return before, after
    return step.before, step.after


def titles(steps: list[Step]) -> tuple[str | Expr, ...]:
    """What was used, in a few words: "derivative of log, twice"."""
    counts: dict[str, int] = {}
    for step in steps:
        named = step.rule.startswith("derivative/") and step.rule != "derivative/other-entry"
        if step.minor or step.rule in MINOR_TITLES or not named:
            continue
        title = RULES[step.rule].title
        counts[title] = counts.get(title, 0) + 1
    plain = {"sum rule", "constant factor", "derivative through a sum"}
    skip = plain if set(counts) - plain else set[str]()
    words = [f"{title}{_TIMES.get(n, f', {n} times')}" for title, n in counts.items() if title not in skip]
    return (", ".join(words),) if words else ("differentiate",)


_TIMES = {1: "", 2: ", twice", 3: ", three times"}


@dataclass(frozen=True, slots=True)
class Local:
    """A local derivative worked out: its steps and result."""

    steps: tuple[Step, ...]
    result: Expr


def work_out(line: Expr, using: Frame, context: Context) -> Local:
    """Differentiate, settle (sift, fold, minus in) as one visible step; then simplify."""
    trace = differentiate(line, using)
    settled = settle(trace, context)
    whole = Trace(line)
    whole.apply(
        (),
        "chain/differentiate",
        settled.line,
        {},
        _reason(settled.steps, using),
        substeps=tuple(settled.steps),
    )
    whole.run(simplify(whole.line, context))
    return Local(tuple(whole.steps), whole.line)


def settle(trace: Trace, context: Context) -> Trace:
    """House-keeping and the moves that go without saying, on the same trace."""
    trace.tidy()
    for _ in range(40):
        found = first_fitting(trace.line, (*ALWAYS, fold_definition, minus_in), context)
        if found is None:
            break
        path, moved = found
        trace.apply_all(path, moved)
        trace.tidy()
    return trace


def _reason(steps: list[Step], using: Frame) -> tuple[str | Expr, ...]:
    """The words for a local derivative: the rules used, or why one entry is left."""
    sifted = [s for s in steps if s.rule == "sum/sift"]
    rules = [s.rule for s in steps if not s.minor and s.rule not in MINOR_TITLES]
    linear = {"sum/rename", "derivative/through-sum", "derivative/other-entry", "sum/sift",
              "derivative/sum", "derivative/constant-factor", "sum/constant-out"}  # fmt: skip
    if sifted and set(rules) <= linear:
        step = sifted[0]
        summed = next((n for _, n in paths(step.before) if isinstance(n, Reduce)), None)
        start = next((s.after for s in steps if s.rule in ("sum/rename",)), None) or steps[0].after
        body = next((n for _, n in paths(start) if isinstance(n, Reduce)), summed)
        if body is not None:
            return ("of ", body, " only the term ", step.bindings["a"], " = ", step.bindings["b"],
                    " holds ", using.wrt)  # fmt: skip
    if set(rules) <= {"derivative/sum"}:
        return ("only the term ", using.wrt, " moves with ", using.wrt)
    words: list[str | Expr] = list(titles(steps))
    inside = _inside(steps, using)
    if inside is not None:
        words.extend(("; ", inside[0], " inside gives ", inside[1]))
    return tuple(words)


def _inside(steps: list[Step], using: Frame) -> tuple[Expr, Expr] | None:
    """An inner function with a constant slope other than 1: "1 − f inside gives −1"."""
    for step in steps:
        u = step.bindings.get("u")
        named = step.reason and isinstance(step.reason[0], str) and "chain rule" in step.reason[0]
        if not named or u is None or isinstance(u, Symbol):
            continue
        slope = tidy(differentiate(Partial(u, using.wrt), using).line)
        if isinstance(slope, Number) and slope is not ONE:
            return u, slope
    return None


@dataclass(frozen=True, slots=True)
class Worked:
    """A local derivative with the evidence for it."""

    steps: tuple[Step, ...]
    result: Expr
    evidence: Evidence


@dataclass(frozen=True)
class Maker:
    """Makes stages for one cost by one route; hands out ids and keeps what was derived."""

    scope: Scope
    route: str
    foldable: frozenset[str]
    whole_size: int = 0
    """Nodes of the cost written out."""
    done: list[Stage] = field(default_factory=list[Stage])
    locals: dict[tuple[Symbol, Symbol], Stage] = field(default_factory=dict[tuple[Symbol, Symbol], Stage])
    by_name: dict[tuple[Expr, str], list[Stage]] = field(default_factory=dict[tuple[Expr, str], list[Stage]])
    """The finished derivatives by what is differentiated and by which name."""
    worked: dict[Link, Worked] = field(default_factory=dict[Link, "Worked"])
    scopes: dict[str, Scope] = field(default_factory=dict[str, Scope])

    @cached_property
    def reserved(self) -> dict[str, str]:
        """The letters of the cost and their dimensions."""
        return letters_of(self.scope)

    def scope_of(self, name: str) -> Scope:
        """The scope in which only ``name`` is unfolded."""
        if name not in self.scopes:
            self.scopes[name] = local_scope(self.scope, name)
        return self.scopes[name]

    def work(self, link: Link) -> Worked:
        """The local derivative of a link, everything else held, with its evidence."""
        found = self.worked.get(link)
        if found is None:
            scope = self.scope_of(link.upper.name)
            line = Partial(link.upper, link.lower)
            done = work_out(line, frame(scope, link.lower), self.context_of(link.upper))
            body = Partial(body_at(self.scope, link.upper), link.lower)
            direct = evaluate_partials(body, _held(self.scope))  # the other paths held
            turned = next((n for n, s in enumerate(done.steps) if s.rule == "sum/symmetric"), len(done.steps))
            until = done.steps[turned].before if turned < len(done.steps) else done.result
            rest = [checked(s, self.scope).evidence for s in done.steps[turned:] if not s.minor]
            near = same_value(direct, until, scope, sample=False)  # only this name written out
            evidence = near.evidence if near.proved else proved(direct, until, self.scope)
            evidence = weakest([evidence, *rest])
            steps = tuple(
                replace(s, evidence=evidence) if s.rule == "chain/differentiate" else s for s in done.steps
            )
            found = self.worked[link] = Worked(steps, done.result, evidence)
        return found

    @cached_property
    def context(self) -> Context:
        """What the moves may use."""
        return Context(self.scope, self.foldable)

    @cached_property
    def link_context(self) -> Context:
        """The same at a link: fractions stay apart, the next link may cancel them."""
        return replace(self.context, combine=False)

    def context_of(self, name: Symbol) -> Context:
        """What the moves may use where a definition or a parameter is differentiated by."""
        return self.link_context if name.name in self.scope.definitions else self.context

    def next_id(self) -> str:
        """``chain.4``."""
        return f"{self.route}.{len(self.done) + 1}"

    def local(self, upper: Symbol, lower: Symbol) -> tuple[Stage, bool]:
        """The stage of ∂upper/∂lower with everything else held; True if it is reused."""
        found = self.locals.get((upper, lower))
        if found is not None:
            return found, True
        left = Partial(upper, lower)
        scope = local_scope(self.scope, upper.name)
        worked = work_out(left, frame(scope, lower), self.context_of(upper))
        # on the one way there is, the direct derivative is the whole one: one scope, one judge
        stage = self.keep(left, worked.steps, worked.result, scope=self.scope)
        self.locals[(upper, lower)] = stage
        return stage, False

    def written_out(self, stage: Stage, whole: Expr, uses: tuple[str, ...]) -> Stage:
        """The stage's result with its cotangents put in, simplified: one expression."""
        trace = Trace(stage.left)
        trace.apply(
            (), "chain/put-in", stage.result, {}, (f"from {stage.id.rsplit('.', 1)[-1]}",), minor=True
        )
        trace.apply(
            (), "chain/put-in", whole, {}, ("in one expression: the cotangents are put in",), evidence=BY_RULE
        )
        trace.run(simplify(trace.line, self.context))
        close(trace, self.context)
        return self.keep(stage.left, trace.steps, trace.line, scope=self.scope, uses=(*uses, stage.id))

    def keep(
        self, left: Expr, steps: Sequence[Step], result: Expr, *, scope: Scope, uses: tuple[str, ...] = ()
    ) -> Stage:
        """File a finished stage."""
        done = with_evidence(steps, scope, left)
        stage = Stage(self.next_id(), left, left, result, done, uses, evidence=worst(done))
        self.done.append(stage)
        if isinstance(left, Partial):
            self.by_name.setdefault((left.body, left.wrt.name), []).append(stage)
        return stage


_ORDER = {"proved": 0, "definition": 0, "sampled": 1, "undecided": 2, "refuted": 3}


def weakest(found: Sequence[Evidence]) -> Evidence:
    """The weakest of several."""
    return max(found, key=lambda e: _ORDER[e.kind], default=Evidence("proved", "nothing to show"))


def worst(steps: Sequence[Step]) -> Evidence:
    """The weakest evidence among the visible steps."""
    return weakest([s.evidence for s in steps if not s.minor])


def product_stage(
    maker: Maker, left: Expr, links: Sequence[tuple[Link, Stage]], scope: Scope, *, as_in: str = ""
) -> Stage:
    """∂L/∂w as the product of the links' local derivatives, put in and simplified."""
    summed = [i for link, _ in links for i in link.summed]
    assert len(set(summed)) == len(summed), "a letter is summed twice"
    assert not set(summed) & free_indices(left), "a letter is caught"
    partials = mul(*(Partial(link.upper, link.lower) for link, _ in links))
    values = mul(*(stage.result for _, stage in links))
    for index in reversed(summed):
        partials, values = Reduce("sum", index, partials), Reduce("sum", index, values)
    trace = Trace(left)
    trace.apply((), "chain/product", partials, minor=True)
    labels = tuple(stage.id for _, stage in links)
    cited = " · ".join(label.rsplit(".", 1)[-1] for label in labels)
    words = (cited + (f", simplified as in {as_in}" if as_in else ""),)
    evidence = weakest([stage.evidence for _, stage in links])
    trace.apply((), "chain/put-in", values, {}, words, evidence=evidence)
    trace.run(simplify(trace.line, maker.context))
    close(trace, maker.context)
    return maker.keep(left, trace.steps, trace.line, scope=scope, uses=labels)


NAMED = 6.0
"""A cotangent that costs more than this to read may be named where it is used."""
WRITTEN = 13.0
"""Up to this cost a result is written with its cotangents put in."""
TOO_LONG = 24.0
"""A cotangent that costs more than this is never put in."""


def paths_stage(maker: Maker, left: Expr, links: Sequence[tuple[Link, Known | None]], scope: Scope) -> Stage:
    """∂R/∂u as the sum over the users of u: what is known of each, times its local derivative.

    What is known is put in, or, where that reads longer, named: ∂J/∂z is then a factor of the result.
    """
    assert isinstance(left, Partial)
    ordered = sorted(links, key=lambda item: item[1] is None)
    costs = [cost_of(known.value) for _, known in ordered if known is not None]
    long = max(costs, default=0.0)
    if long <= NAMED:
        return _filed(maker, left, _along(maker, left, ordered, named=False), ordered, scope)
    short = _along(maker, left, ordered, named=True)
    if long > TOO_LONG:
        return _filed(maker, left, short, ordered, scope)
    full = _along(maker, left, ordered, named=False)
    better = cost_of(full.line) <= max(cost_of(short.line), WRITTEN)
    return _filed(maker, left, full if better else short, ordered, scope)


def _filed(
    maker: Maker, left: Expr, trace: Trace, links: Sequence[tuple[Link, Known | None]], scope: Scope
) -> Stage:
    cited = tuple(dict.fromkeys(known.stage for _, known in links if known is not None))
    return maker.keep(left, trace.steps, trace.line, scope=scope, uses=cited)


def _along(maker: Maker, left: Partial, links: Sequence[tuple[Link, Known | None]], *, named: bool) -> Trace:
    """The contributions along every link, put in and simplified."""
    shown: list[Expr] = []
    filled: list[Expr] = []
    locals_: list[tuple[Partial, Worked]] = []
    cited: list[str] = []
    small: list[Step] = []
    for link, known in links:
        local = maker.work(link)
        locals_.append((Partial(link.upper, link.lower), local))
        small.extend(s for step in local.steps for s in (step.substeps or (step,)))
        slope = Partial(link.upper, link.lower)
        if known is None:  # the user is the root itself
            term, value = _direct(maker, link, alone=len(links) == 1), slope
        else:
            swap: dict[Expr, Expr] = dict(zip(known.indices, link.upper.indices, strict=True))
            whole = (
                known.name
                if named and known.name is not None and cost_of(known.value) > NAMED
                else known.value
            )
            term = mul(Partial(left.body, link.upper), slope)
            value = mul(
                apart(substitute(whole, swap), letters(link.lower) | letters(link.upper), maker.reserved),
                slope,
            )
            cited.append(known.stage)
        assert not set(link.summed) & free_indices(left), "a letter is caught"
        for index in reversed(link.summed):
            term, value = Reduce("sum", index, term), Reduce("sum", index, value)
        shown.append(term)
        filled.append(value)
    trace = Trace(left)
    trace.apply((), "chain/product" if len(links) == 1 else "chain/paths", add(*shown), minor=False)
    form = _trace(maker, left, links, filled)
    if form is not None:
        numbers = cited[0].rsplit(".", 1)[-1]
        trace.apply((), "chain/put-in", add(*filled), {}, (f"put in {numbers}; this is ", form),
                    minor=False, evidence=BY_RULE)  # fmt: skip
        cited = []
    inner = Trace(trace.line)
    if form is None:
        inner.apply((), "chain/put-in", add(*filled), minor=True, evidence=BY_RULE)
    for slope, local in locals_:
        place = next((path for path, node in paths(inner.line) if node is slope), None)
        if place is not None:
            inner.run(lift(local.steps, inner.line, place))
    evidence = weakest([local.evidence for _, local in locals_])
    trace.apply(
        (),
        "chain/put-in",
        inner.line,
        {},
        _put_in_reason(small, cited),
        substeps=tuple(inner.steps),
        evidence=evidence,
    )
    trace.run(simplify(trace.line, maker.context_of(left.wrt)))
    close(trace, maker.context_of(left.wrt))
    return trace


def _trace(
    maker: Maker, left: Partial, links: Sequence[tuple[Link, Known | None]], filled: Sequence[Expr]
) -> Expr | None:
    """The line with what is known put in, as a trace, where a number moves a whole matrix."""
    if len(links) != 1 or left.wrt.indices or len(links[0][0].summed) != 2:
        return None
    (link, _), slope = links[0], Partial(links[0][0].upper, links[0][0].lower)
    body = filled[0]
    for _ in link.summed:
        assert isinstance(body, Reduce)
        body = body.body
    value = mul(*(f for f in factors_of(body) if f is not slope))
    return trace_form(value, link.upper, link.summed, left.wrt, maker.scope)


def _put_in_reason(small: list[Step], cited: list[str]) -> tuple[str | Expr, ...]:
    reason: tuple[str | Expr, ...] = titles(small)
    if not cited:
        return reason
    numbers = " and ".join(dict.fromkeys(c.rsplit(".", 1)[-1] for c in cited))
    plain = reason == ("differentiate",)
    return (f"put in {numbers}",) if plain else (f"put in {numbers}; ", *reason)


def _direct(maker: Maker, link: Link, *, alone: bool) -> Expr:
    """The derivative of the root through itself: of those of its terms that hold the variable."""
    if alone:
        return Partial(link.upper, link.lower)
    body = body_at(maker.scope, link.upper)
    terms = [t for t in terms_of(body) if link.lower.name in names(t)]
    return Partial(add(*terms), link.lower)


def total_stage(maker: Maker, left: Partial, known: Mapping[str, Known], scope: Scope) -> Stage:
    """The derivative of the cost itself, with what is known of its parts put in.

    First the linear rules carry the derivative inwards (the mean passes through), then the rest is
    differentiated and the known parts are put in, then the line is simplified.
    """
    using = frame(scope, left.wrt, known)
    kept = replace(using, kept=frozenset(known), known={})
    carried = differentiate(left, replace(kept, linear_only=True))
    carried.tidy()
    finished = differentiate(carried.line, using)
    finished.tidy()
    trace = Trace(left)
    both = any(isinstance(n, Partial) and not _is_known(n, known) for _, n in paths(carried.line))
    if both and known:
        trace.apply(
            (),
            "chain/differentiate",
            carried.line,
            {},
            _carry_reason(carried.steps),
            substeps=tuple(carried.steps),
        )
        trace.apply(
            (),
            "chain/differentiate",
            finished.line,
            {},
            _known_reason(finished.steps, known),
            substeps=tuple(finished.steps),
        )
    else:
        steps = (*carried.steps, *finished.steps)
        reason = _carry_reason(carried.steps) if known else _reason(list(steps), using)
        trace.apply((), "chain/differentiate", finished.line, {}, reason, substeps=steps)
    trace.run(simplify(trace.line, maker.context))
    close(trace, maker.context)
    return maker.keep(left, trace.steps, trace.line, scope=scope, uses=tuple(k.stage for k in known.values()))


def _is_known(e: Partial, known: Mapping[str, Known]) -> bool:
    return isinstance(e.body, Symbol) and e.body.name in known


def _carry_reason(steps: Sequence[Step]) -> tuple[str | Expr, ...]:
    """What passed through unchanged, and which letter was renamed."""
    rules = {s.rule for s in steps}
    words: list[str | Expr] = []
    if "derivative/through-sum" in rules:
        words.append("the mean passes through" if _is_mean(steps) else "the sum passes through")
    renamed = next((s for s in steps if s.rule == "sum/rename"), None)
    if renamed is not None:
        words.extend(
            (
                "; " if words else "",
                "the bound ",
                renamed.bindings["b"],
                " is renamed ",
                renamed.bindings["c"],
            )
        )
    return tuple(w for w in words if w != "") or titles(list(steps))


def _is_mean(steps: Sequence[Step]) -> bool:
    for step in steps:
        for _, node in paths(step.before):
            if isinstance(node, Mul) and any(isinstance(f, Reduce) for f in node.factors):
                below = {p.base for p in powers_of(node) if p.exponent < 0}
                sums = {Size(f.index.dim) for f in node.factors if isinstance(f, Reduce)}
                if below & sums:
                    return True
    return False


def _known_reason(steps: Sequence[Step], known: Mapping[str, Known]) -> tuple[str | Expr, ...]:
    """Which results were put in, and which rules did the rest."""
    stages = " and ".join(k.stage.rsplit(".", 1)[-1] for k in known.values())
    rest = [s for s in steps if s.rule not in ("chain/put-in",)]
    words = titles(rest)
    delta = next((s for s in steps if s.rule == "derivative/other-entry"), None)
    tail: tuple[str | Expr, ...] = ()
    if delta is not None:
        tail = ("; ", Partial(delta.bindings["u"], delta.bindings["x"]), " is the delta")  # pyright: ignore
    return (f"put in {stages}", *(("; ", *words) if words != ("differentiate",) else ()), *tail)
