"""Activation and loss as a pair: ∂L/∂z = c (f − y) and why, or which factor is left.

With the loss of one example L and its score z, the slope g = ∂L/∂z is worked out. The label enters it
linearly where ∂g/∂y holds no y; then g = h (f − y) with h = −∂g/∂y. If h is a constant c, then
L = c (A(z) − y z) + a part without z, with c A′(z) = g + c y: the negative log-likelihood of an
exponential family in its natural parameter, and f = A′(z) its mean (the canonical link; McCullagh and
Nelder, Generalized Linear Models, sec. 2.2; Bishop 2006, sec. 4.3.6). Otherwise h is what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Evidence, Stage, Step
from whygrad.core.errors import BudgetError, NoRuleError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Call,
    Cases,
    Constant,
    Expr,
    Index,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    div,
    factors_of,
    mul,
    neg,
    sub,
)
from whygrad.core.walk import free_indices, fresh_index, letters, names, paths, same_form, substitute
from whygrad.engine.differentiate import calls, frame
from whygrad.engine.graph import build
from whygrad.engine.measure import cost_of
from whygrad.engine.products import is_negative
from whygrad.engine.score import Scored, reached, scored
from whygrad.engine.simplify import simplify
from whygrad.engine.stages import (
    Maker,
    product_stage,
    proved,
    total_stage,
    with_evidence,
    work_out,
    worst,
)
from whygrad.engine.tidy import tidy
from whygrad.meaning.equal import same_value
from whygrad.meaning.normal_form import UndefinedError, expanded, factored, normalise

Answer = Literal["yes", "factor", "no", "none"]
PROVED: Final = ("proved", "definition")
UNDECIDED: Final = Evidence("undecided")
LONGEST_OUTPUT: Final = 6.0
"""Reading cost of an output without a name: a longer one explains nothing."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What ∂L/∂z is to f − y.

    Attributes
    ----------
    answer
        ``yes``: ∂L/∂z = c (f − y); ``factor``: ∂L/∂z = ``factor`` (f − y); ``no``: neither;
        ``none``: the cost is not a sum over examples of a loss of one score, ``reason`` says why.
    label
        y, or the number or delta that takes its place where the cost has no label.
    output
        f: a name of the cost, or the expression found.
    stages
        The slope, step by step.
    why
        For ``yes``: that the label enters as −c y z, A, and the loss written with A.
    rest
        The loss is c (A − y z) + rest; None where A is not in the table.
    """

    cost: Cost
    answer: Answer
    reason: str = ""
    found: Scored | None = None
    label: Expr = ZERO
    output: Expr = ZERO
    constant: Expr = ONE
    factor: Expr | None = None
    activation_slope: bool = False
    """Whether the factor left is ∂f/∂z itself."""
    stages: tuple[Stage, ...] = ()
    why: tuple[Stage, ...] = ()
    family: str = ""
    mate: Stage | None = None
    """For ``factor``: a loss that would pair with the activation, and its slope."""
    only_difference: bool = False
    """Whether the slope depends on f and y only through f − y."""
    branches: tuple[tuple[Expr | None, Expr, bool], ...] = ()
    """(condition, slope, whether it is f − y) where the slope is a formula in cases."""
    coded: str = ""
    """How the label was coded to 0 and 1, where it has two other values."""
    evidence: Evidence = UNDECIDED


@dataclass(frozen=True, slots=True)
class Family:
    """A row: A(z), its slope, and the distribution that has it as log-normaliser."""

    name: str
    potential: Callable[[Symbol], Expr]
    slope: Callable[[Symbol], Expr]
    classes: bool = False


def _phi(z: Expr) -> Expr:
    """The density of the normal distribution."""
    half = mul(MINUS_ONE, Pow(z, TWO), Pow(TWO, MINUS_ONE))
    return div(Call("exp", (half,)), Call("sqrt", (mul(TWO, Constant("pi")),)))


def _last(z: Symbol) -> tuple[Index, Symbol]:
    """A letter to sum over beside the last index of z, and z there."""
    index = z.indices[-1]
    assert isinstance(index, Index)
    other = fresh_index(index, letters(z))
    return other, Symbol(z.name, (*z.indices[:-1], other))


def _log_sum_exp(z: Symbol) -> Expr:
    index, here = _last(z)
    return Call("log", (Reduce("sum", index, Call("exp", (here,))),))


def _softmax(z: Symbol) -> Expr:
    index, here = _last(z)
    return div(Call("exp", (z,)), Reduce("sum", index, Call("exp", (here,))))


FAMILIES: Final[tuple[Family, ...]] = (
    Family("the normal distribution", lambda z: mul(Pow(TWO, MINUS_ONE), Pow(z, TWO)), lambda z: z),
    Family("the Bernoulli distribution",
           lambda z: Call("log", (add(ONE, Call("exp", (z,))),)), lambda z: Call("sigmoid", (z,))),
    Family("the Poisson distribution", lambda z: Call("exp", (z,)), lambda z: Call("exp", (z,))),
    Family("the categorical distribution", _log_sum_exp, _softmax, classes=True),
    Family("the exponential distribution",
           lambda z: neg(Call("log", (neg(z),))), lambda z: neg(div(ONE, z))),
    Family("", lambda z: Call("log", (Call("cosh", (z,)),)), lambda z: Call("tanh", (z,))),
    Family("",
           lambda z: mul(Pow(TWO, MINUS_ONE), Pow(Call("relu", (z,)), TWO)), lambda z: Call("relu", (z,))),
    Family("", lambda z: add(mul(z, Call("Phi", (z,))), _phi(z)), lambda z: Call("Phi", (z,))),
    Family("", lambda z: add(z, Call("exp", (neg(z),))), lambda z: sub(ONE, Call("exp", (neg(z),)))),
)  # fmt: skip
"""A with its slope. Those without a name are no log-normaliser in use, but a loss A(z) − y z all the same."""


def pairs(cost: Cost) -> Pairing:
    r"""Answer whether ∂L/∂z = c (f − y) for the loss of one example, and why.

    Parameters
    ----------
    cost
        Any cost.

    Returns
    -------
    Pairing
        With proved steps; see there.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nz[i] = w x[i]\nf[i] = tanh(z[i])\nJ = mean_i 1/2 (f[i] - y[i])^2"
    >>> found = pairs(read_cost(text))
    >>> found.answer, found.activation_slope
    ('factor', True)
    """
    found = scored(cost)
    if found is None:
        return Pairing(cost, "none", "it is not a sum over examples of a loss of one score")
    try:
        return _Pairs(found).answer()
    except NoRuleError as error:
        return Pairing(cost, "none", error.reason, found)


def slope_stages(found: Scored, route: str = "pairs") -> tuple[Stage, ...]:
    """The stages that lead to ∂L/∂z, numbered by ``route``: local derivatives, then their product."""
    left = Partial(found.loss, found.score)
    maker = _maker(found, route)
    graph = build(found.cost, found.loss.name, found.score.name, found.score)
    path = graph.path
    if path is None or graph.root is not found.loss or graph.target is not found.score:
        return (total_stage(maker, left, {}, found.flat),)
    stages = [maker.local(link.upper, link.lower)[0] for link in path]
    if len(path) > 1:
        stages.append(product_stage(maker, left, list(zip(path, stages, strict=True)), found.flat))
    return tuple(stages)


def _maker(found: Scored, route: str) -> Maker:
    left_out = (found.cost.goal, found.score.name)
    folding = frozenset(
        d.name for d in found.cost.definitions if not d.is_function and d.name not in left_out
    )
    return Maker(found.flat, route, folding)


class _Pairs:
    """The question for one cost."""

    def __init__(self, found: Scored) -> None:
        self.found, self.scope = found, found.flat  # below the score nothing matters
        self.score, self.loss = found.score, found.loss
        self.maker = _maker(found, "pairs")
        self.stages = slope_stages(found)
        self.maker.done.extend(self.stages)
        self.slope = self.stages[-1].result
        self.moving = frozenset((*(p.name for p in found.cost.parameters), found.score.name))

    def moves(self, e: Expr) -> bool:
        """Whether ``e`` moves with a parameter."""
        return any(reached(self.scope, n) & self.moving for n in names(e) | calls(e))

    def answer(self) -> Pairing:
        """The first label that gives an answer; the plain no is kept for the end."""
        answers: list[Pairing] = []
        for y in self.found.labels:
            made = self._with_label(y)
            if made.answer == "yes":
                return made
            answers.append(made)
        answers.extend(self._with_fixed())
        order = {"yes": 0, "factor": 1, "no": 2, "none": 3}
        return min(answers, key=lambda a: order[a.answer], default=self._no(ZERO))

    # --- with a label -----------------------------------------------------------------------------

    def _with_label(self, y: Symbol) -> Pairing:
        by_label = self._worked(Partial(self.slope, y), y)
        h = self._shortest(neg(by_label.result))
        if not self._depends(h, y) and h is not ZERO:
            if not self.moves(h):
                made = self._canonical(y, h)
            else:
                made = self._factored(y, h)
            if made is not None:
                return made
        return self._by_values(y) or self._no(y)

    def _depends(self, e: Expr, y: Symbol) -> bool:
        return any(y.name in reached(self.scope, n) for n in names(e) | calls(e))

    def _worked(self, line: Partial, wrt: Symbol) -> Stage:
        """A derivative of the slope as a stage that is not yet filed."""
        local = work_out(line, frame(self.scope, wrt), self.maker.context)
        return Stage("", line, line, local.result, local.steps)

    def _simple(self, e: Expr) -> Expr:
        steps = simplify(e, self.maker.context)
        return steps[-1].after if steps else tidy(e)

    def _shortest(self, e: Expr) -> Expr:
        """The form that is cheapest to read."""
        simple = self._simple(e)
        try:
            other = self._simple(factored(normalise(e, self.scope)))
        except (BudgetError, UndefinedError):
            return simple
        shorter = cost_of(other) < cost_of(simple) - 0.05 and not is_negative(other)
        return other if shorter and same_value(e, other, self.scope).proved else simple

    def _outputs(self) -> Iterator[Expr]:
        """What f may be: the named output, other names between, the score."""
        yield self.found.output
        for d in reversed(self.found.cost.definitions):
            dims = tuple(i.dim for i in self.score.indices if isinstance(i, Index))
            between = d.dims == dims and not d.is_function and d.name != self.loss.name
            known = d.name == self.found.output.name
            if between and not known and self.score.name in reached(self.scope, d.name):
                yield Symbol(d.name, self.score.indices)
        yield self.score

    def _canonical(self, y: Symbol, c: Expr) -> Pairing | None:
        """∂L/∂z = c (f − y) with a constant c."""
        named = self._named(y, c)
        if named is None:
            f = self._simple(add(div(self.slope, c) if c is not ONE else self.slope, y))
            if self._depends(f, y):
                return None
            named = f, proved(self.slope, mul(c, sub(f, y)), self.scope)
            if named[1].kind not in PROVED:
                return None
        f, evidence = named
        stages = self._ending(mul(c, sub(f, y)) if c is not ONE else sub(f, y), evidence)
        why, family = self._why(y, c, f)
        return Pairing(self.found.cost, "yes", "", self.found, y, f, c, None, stages=stages, why=why,
                       family=family, evidence=worst_of(stages, evidence))  # fmt: skip

    def _named(self, y: Expr, h: Expr) -> tuple[Expr, Evidence] | None:
        """The name f for which the slope is proved to be h (f − y)."""
        unnamed = (row.slope(self.score) for row in self._families())
        for f in dict.fromkeys((*self._outputs(), *unnamed)):
            if isinstance(y, Symbol) and self._depends(f, y):
                continue
            verdict = same_value(self.slope, mul(h, sub(f, y)), self.scope)
            if verdict.proved:
                return f, verdict.evidence
        return None

    def _unnamed(self, y: Symbol, h: Expr) -> tuple[Expr, Evidence] | None:
        """f = y + slope/h where that holds no label."""
        f = self._settled(add(y, div(self.slope, h)), fixed=False)
        if f is None or self._depends(f, y) or cost_of(f) > LONGEST_OUTPUT:
            return None
        evidence = proved(self.slope, mul(h, sub(f, y)), self.scope)
        return (f, evidence) if evidence.kind in PROVED else None

    def _factored(self, y: Symbol, h: Expr) -> Pairing | None:
        """∂L/∂z = h (f − y) where h moves with the parameters."""
        named = self._named(y, h) or self._unnamed(y, h)
        if named is None:
            return None
        f, evidence = named
        stages = self._ending(mul(h, sub(f, y)), evidence)
        own = f is not self.score and same_value(h, Partial(f, self.score), self.scope).proved
        return Pairing(self.found.cost, "factor", "", self.found, y, f, ONE, h, own, stages=stages,
                       mate=self._mate(y, f), evidence=worst_of(stages, evidence))  # fmt: skip

    def _ending(self, target: Expr, evidence: Evidence) -> tuple[Stage, ...]:
        """The slope's stages, the last one led on to ``target`` where it ends in another form."""
        target = tidy(target)
        last = self.stages[-1]
        if same_form(last.result, target) or _same_factors(last.result, target):
            return self.stages
        step = Step("algebra/algebra", (), last.result, target, {}, ("put with f − y",), evidence=evidence)
        ended = replace(last, result=target, steps=(*last.steps, step))
        return (*self.stages[:-1], ended)

    # --- two values -------------------------------------------------------------------------------

    def _by_values(self, y: Symbol) -> Pairing | None:
        """A label with two values that enters in another way: y in {-1, 1} is 2t − 1 with t in {0, 1}."""
        values = self.scope.declarations[y.name].values
        if len(values) != 2:
            return None
        low, high = (Number(v) for v in sorted(values))
        slope = self._unlabelled(y)
        at_low, at_high = (self._simple(substitute(slope, {y: v})) for v in (low, high))
        c = self._settled(sub(at_low, at_high))
        if c is None or c is ZERO:
            return None
        if self.moves(c):
            return self._by_classes(y, at_low, at_high)
        step = high.value - low.value
        t = mul(Pow(Number(step), MINUS_ONE), sub(y, low)) if step != 1 else sub(y, low)
        f = self._family_slope(at_low, c) or self._simple(div(at_low, c))
        target = tidy(mul(c, sub(f, t)))
        evidence = proved(slope, target, self.scope)
        if evidence.kind not in PROVED:
            return None
        stages = self._ending(target, evidence)
        said = f"{low.value} counts as 0, {high.value} as 1"
        return Pairing(self.found.cost, "yes", "", self.found, t, f, c, None, stages=stages,
                       coded=said, evidence=worst_of(stages, evidence))  # fmt: skip

    def _by_classes(self, y: Symbol, at_low: Expr, at_high: Expr) -> Pairing | None:
        """c (f − y) with a c for each of the two labels 0 and 1."""
        if sorted(self.scope.declarations[y.name].values) != [0, 1]:
            return None
        for f in dict.fromkeys(self._outputs()):
            low, high = (self._settled(div(v, w)) for v, w in ((at_low, f), (at_high, sub(f, ONE))))
            if low is None or high is None or self.moves(low) or self.moves(high):
                continue
            c = add(mul(high, y), mul(low, sub(ONE, y)))
            target = mul(c, sub(f, y))
            evidence = proved(self.slope, target, self.scope)
            if evidence.kind in PROVED:
                stages = self._ending(target, evidence)
                return Pairing(self.found.cost, "yes", "", self.found, y, f, c, None, stages=stages,
                               evidence=worst_of(stages, evidence))  # fmt: skip
        return None

    def _unlabelled(self, y: Symbol) -> Expr:
        """The slope with the names that hold the label written out."""
        e = self.slope
        for d in reversed(self.found.cost.definitions):
            if d.name in names(e) and y.name in reached(self.scope, d.name) and not d.is_function:
                spots = {n for _, n in paths(e) if isinstance(n, Symbol) and n.name == d.name}
                e = substitute(
                    e, {s: substitute(d.body, dict(zip(d.indices, s.indices, strict=True))) for s in spots}
                )
        return e

    def _family_slope(self, value: Expr, c: Expr) -> Expr | None:
        for row in self._families():
            if same_value(value, mul(c, row.slope(self.score)), self.scope).proved:
                return row.slope(self.score)
        return None

    # --- a label of another form ------------------------------------------------------------------

    def _with_fixed(self) -> Iterator[Pairing]:
        """The slope is f less something fixed: 1 for a pair's winner, a δ, a smoothed label."""
        for f in dict.fromkeys((*self._outputs(), *(row.slope(self.score) for row in self._families()))):
            fixed = self._settled(sub(f, self.slope))
            if fixed is None or self.moves(fixed):
                continue
            verdict = same_value(self.slope, sub(f, fixed), self.scope)
            if verdict.proved:
                stages = self._ending(sub(f, fixed), verdict.evidence)
                yield Pairing(self.found.cost, "yes", "", self.found, fixed, f, ONE, stages=stages,
                              evidence=worst_of(stages, verdict.evidence))  # fmt: skip
                return

    def _settled(self, e: Expr, *, fixed: bool = True) -> Expr | None:
        """The simplest form found, one without parameters if there is one."""
        try:
            plain = expanded(normalise(e, self.scope, unfold=True, labels=True))
        except (BudgetError, UndefinedError):
            return None
        return plain if fixed and self.moves(plain) else self._simple(plain)

    # --- why, or why not --------------------------------------------------------------------------

    def _families(self) -> Sequence[Family]:
        deep = len(self.score.indices) > len(self.loss.indices)
        return [row for row in FAMILIES if deep or not row.classes]

    def _why(self, y: Symbol, c: Expr, f: Expr) -> tuple[tuple[Stage, ...], str]:
        """∂²L/∂z∂y = −c; A′ = f; L = c (A − y z) + rest."""
        left = Partial(Partial(self.loss, self.score), y)
        target = mul(c, sub(f, y)) if c is not ONE else sub(f, y)
        local = work_out(Partial(target, y), frame(self.scope, y), self.maker.context)
        evidence = proved(Partial(target, y), local.result, self.scope)
        said: tuple[str | Expr, ...] = (f, " does not hold ", y)
        step = Step("chain/differentiate", (), Partial(target, y), local.result, {}, said, evidence=evidence)
        stages = [Stage(self._id(0), left, Partial(target, y), local.result, (step,), evidence=evidence)]
        for row in self._families():
            if not same_value(f, row.slope(self.score), self.scope).proved:
                continue
            written = self._written_with(row, y, c)
            stages.append(self._potential(row, f, len(stages)))
            if written is not None:
                stages.append(written)
                return tuple(stages), row.name
            return tuple(stages), ""
        return tuple(stages), ""

    def _id(self, k: int) -> str:
        return f"pairs.{len(self.stages) + 1 + k}"

    def _potential(self, row: Family, f: Expr, k: int) -> Stage:
        """A′(z) = f."""
        potential = row.potential(self.score)
        left = Partial(potential, self.score)
        evidence = proved(left, f, self.scope)
        local = work_out(left, frame(self.scope.opaque(), self.score), self.maker.context)
        steps = list(local.steps)
        line = steps[-1].after if steps else left
        if line is not f:
            steps.append(
                Step("definition/fold", (), line, f, {"u": f}, (f, " by its definition"), evidence=evidence)
            )
        shown = with_evidence(steps, self.scope, left)
        return Stage(self._id(k), left, left, f, shown, evidence=evidence)

    def _written_with(self, row: Family, y: Symbol, c: Expr) -> Stage | None:
        """L = c (A(z) − y z) + what holds no z, proved with the names written out."""
        potential, product = row.potential(self.score), mul(y, self.score)
        index = self.score.indices[-1] if len(self.score.indices) > len(self.loss.indices) else None
        inside = isinstance(index, Index) and index in free_indices(c)  # a weight for each class
        if inside and row.classes:
            return None
        core = sub(potential, product)
        if isinstance(index, Index) and row.classes:
            core = sub(potential, Reduce("sum", index, product))
        elif isinstance(index, Index):
            core = Reduce("sum", index, mul(c, core) if inside else core)
        core = core if c is ONE or inside else mul(c, core)
        for rest in self._rests(core):
            whole = core if rest is ZERO else add(core, rest)
            verdict = same_value(self.loss, whole, self.scope)
            if verdict.proved:
                said = ("names written out",)
                step = Step("algebra/algebra", (), self.loss, whole, {}, said, evidence=verdict.evidence)
                return Stage(self._id(2), self.loss, self.loss, whole, (step,), evidence=verdict.evidence)
        return None

    def _rests(self, core: Expr) -> Iterator[Expr]:
        """Nothing; or the loss less the rest at z = 0, where A(0) is a number."""
        yield ZERO
        gap = sub(_written_out(self.loss, self.scope), core)
        spots = {n for _, n in paths(gap) if isinstance(n, Symbol) and n.name == self.score.name}
        at_zero = tidy(substitute(gap, dict.fromkeys(spots, ZERO)))
        try:
            yield self._simple(factored(normalise(at_zero, self.scope, labels=True)))
        except (BudgetError, UndefinedError):
            return

    def _mate(self, y: Symbol, f: Expr) -> Stage | None:
        """A(z) − y z has the slope f − y for this activation."""
        if f is self.score:
            return None
        for row in self._families():
            if row.classes or not same_value(f, row.slope(self.score), self.scope).proved:
                continue
            loss = sub(row.potential(self.score), mul(y, self.score))
            left, result = Partial(loss, self.score), sub(f, y)
            evidence = proved(left, result, self.scope)
            if evidence.kind == "proved":
                return Stage("mate", left, left, result, (), evidence=evidence)
        return None

    def _no(self, y: Expr) -> Pairing:
        """No factor without the label: the slope is shown as it is, by branches where it has some."""
        f = self.found.output
        only = False
        if isinstance(y, Symbol) and f is self.score:
            total = add(Partial(self.slope, self.score), Partial(self.slope, y))
            only = same_value(total, ZERO, self.scope).proved
        evidence = worst(tuple(s for stage in self.stages for s in stage.steps))
        return Pairing(self.found.cost, "no", "", self.found, y, f, stages=self.stages, only_difference=only,
                       branches=tuple(self._branches(f, y)), evidence=evidence)  # fmt: skip

    def _branches(self, f: Expr, y: Expr) -> Iterator[tuple[Expr | None, Expr, bool]]:
        factors = factors_of(self.slope)
        place = next((k for k, e in enumerate(factors) if isinstance(e, Cases)), None)
        if place is None:
            return
        chosen = factors[place]
        assert isinstance(chosen, Cases)
        for condition, value in (*chosen.branches, (None, chosen.otherwise)):
            line = tidy(mul(*factors[:place], value, *factors[place + 1 :]))
            yield condition, line, same_value(line, sub(f, y), self.scope).proved


def _same_factors(a: Expr, b: Expr) -> bool:
    return same_form(mul(*factors_of(a)), mul(*factors_of(b)))


def _written_out(e: Expr, scope: Scope) -> Expr:
    """``e`` with its definitions put in."""
    for d in reversed(tuple(scope.definitions.values())):
        if d.is_function or d.name not in names(e):
            continue
        spots = {n for _, n in paths(e) if isinstance(n, Symbol) and n.name == d.name}
        e = substitute(
            e, {s: substitute(d.body, dict(zip(d.indices, s.indices, strict=True))) for s in spots}
        )
    return e


def worst_of(stages: Sequence[Stage], last: Evidence) -> Evidence:
    """The weakest evidence of some stages and a conclusion."""
    order = {"proved": 0, "definition": 0, "sampled": 1, "undecided": 2, "refuted": 3}
    return max((*(s.evidence for s in stages), last), key=lambda e: order[e.kind])
