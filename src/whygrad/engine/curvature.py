"""Order 2: the Hessian, its products with a direction, what it says about convexity and step sizes.

For J = c Σ_i L_i(z_i) + R with z linear in the parameters, a direction Δ changes z by Δz = A Δ, and
Δᵀ H Δ = c Σ_i d_i Δz_i² + Δᵀ ∇²R Δ with d = ∂²L/∂z²: a Gram form. If d >= 0, J is convex; if d <= β,
its gradient is Lipschitz with L = c β λ_max(AᵀA) + λ_max(∇²R), and every step below 2/L decreases J
(Boyd and Vandenberghe, Convex Optimization, sec. 9.1.2 and 9.3; Nesterov, Lectures on Convex
Optimization, th. 2.1.14). Where J is not convex, a point and a direction are shown at which an
enclosure of Δᵀ H Δ is negative, or two points between which J lies above its chord.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from whygrad.core.cost import Cost, Definition, Scope
from whygrad.core.derivation import Derivation, Evidence, ParameterDerivation, Stage, Step
from whygrad.core.errors import BudgetError, NoRuleError, WhygradError
from whygrad.core.expr import (
    ONE,
    TWO,
    ZERO,
    Delta,
    Expr,
    Index,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    factors_of,
    mul,
    sub,
)
from whygrad.core.walk import fresh_index, letters, names, same_form, symbols
from whygrad.engine.convexity import curve_of, grows_without_bound, kinks, slope_joint, span, span_by_labels
from whygrad.engine.differentiate import Known, frame, movers
from whygrad.engine.graph import build
from whygrad.engine.matrix import NoMatrix, to_matrix
from whygrad.engine.pairs import slope_stages
from whygrad.engine.score import Scored, is_linear, reached, scored
from whygrad.engine.second import UNDECIDED, Claim, Lipschitz, Second, Strong, Text
from whygrad.engine.stages import Maker, product_stage, proved, total_stage, weakest, work_out
from whygrad.engine.tangent import MARK, Tangents, tangents
from whygrad.engine.tidy import tidy
from whygrad.meaning.enclose import compiled, enclose  # pyright: ignore
from whygrad.meaning.equal import same_value
from whygrad.meaning.facts import Range, Ranges
from whygrad.meaning.sample import Point, Sampler, draw_sizes
from whygrad.meaning.shapes import base_dim

MOST_BLOCKS: Final = 6
MOST_LINKS: Final = 4
TRIES: Final = 60
VARIANCE: Final = Evidence(
    "definition", "a variance is at most a quarter of the squared range, so at most half the sum of squares"
)
"""Popoviciu's inequality; Böhning, "Multinomial logistic regression algorithm", 1992."""


def with_hessian(derivation: Derivation) -> Derivation:
    r"""The derivation with its Hessian and what that says.

    Parameters
    ----------
    derivation
        Of order 1, by any route.

    Examples
    --------
    >>> from whygrad.engine.derive import derive
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i], y[i]\nparam w\nJ = mean_i 1/2 (w x[i] - y[i])^2"
    >>> found = with_hessian(derive(read_cost(text))).hessian
    >>> found.claims[0].kind, found.lipschitz.bound
    ('convex', Number(Fraction(1, 1), False))
    """
    return replace(derivation, hessian=_Order2(derivation).second())


class _Order2:
    """The work for one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.cost = derivation.cost
        self.scope = self.cost.scope
        self.chosen = [p for p in derivation.parameters if p.result is not ZERO]
        names_chosen = [p.wrt.name for p in self.chosen]
        self.parameters = tuple(d.name for d in self.cost.parameters if d.name in names_chosen) or tuple(
            names_chosen
        )
        self.found = self._scored()
        folding = frozenset(
            d.name for d in self.cost.definitions if not d.is_function and d.name != self.cost.goal
        )
        self.maker = Maker(self.scope, "hessian", folding)
        self.slope: Expr | None = None
        self.curvature: Expr | None = None

    def _scored(self) -> Scored | None:
        """The cost as a sum of losses of a score of its own names."""
        return scored(self.cost)

    def second(self) -> Second:
        """Everything."""
        stages = self._curvature_stages()
        blocks, no_blocks = self._blocks()
        try:
            along = tangents(self.cost, self.parameters)
            products = self._products(along)
        except (NoRuleError, BudgetError) as error:
            along, products, no_products = None, (), error.reason
        else:
            no_products = ""
        gram = self._gram(along, products) if along is not None else None
        claims = tuple(self._claims(along, products))
        strong = tuple(self._strong())
        used = self._used(along, products) if along is not None else ()
        bends, steps = self._kinks(), self._lipschitz(claims, strong)
        shown = {s.id for s in (*stages, *blocks)}
        between = tuple(s for s in self.maker.done if blocks and s.steps and s.id not in shown)
        return Second(stages, self.curvature, blocks, no_blocks, used, products, no_products,
                      gram, claims, strong, steps, bends, between)  # fmt: skip

    # --- the loss of one example ------------------------------------------------------------------

    @property
    def narrow(self) -> bool:
        """Whether the score of an example is one number."""
        return self.found is not None and len(self.found.score.indices) == len(self.found.loss.indices)

    def _curvature_stages(self) -> tuple[Stage, ...]:
        """d = ∂²L/∂z², worked out from ∂L/∂z."""
        found = self.found
        if found is None:
            return ()
        try:
            self.slope = slope_stages(found)[-1].result
        except NoRuleError:
            return ()
        score = found.score
        other = score
        if not self.narrow:
            index = score.indices[-1]
            assert isinstance(index, Index)
            other = Symbol(
                score.name, (*score.indices[:-1], fresh_index(index, letters(self.slope) | letters(score)))
            )
        line = Partial(self.slope, other)
        folding = frozenset(d.name for d in found.cost.definitions if not d.is_function) - {
            found.cost.goal,
            score.name,
        }
        context = replace(self.maker.context, scope=found.flat, foldable=folding)
        worked = work_out(line, frame(found.flat, other), context)
        left = Partial(Partial(found.loss, score), other)
        evidence = proved(left, worked.result, found.flat)
        steps = tuple(
            replace(s, evidence=proved(s.before, s.after, found.flat)) if not s.minor else s
            for s in worked.steps
        )
        self.curvature = worked.result
        return (Stage("hessian.1", left, line, worked.result, steps, evidence=evidence),)

    # --- blocks -----------------------------------------------------------------------------------

    def _blocks(self) -> tuple[tuple[Stage, ...], str]:
        found = self.found
        count = len(self.chosen) * (len(self.chosen) + 1) // 2
        if count > MOST_BLOCKS:
            return (), f"it has {count} blocks; the product with a direction says the same in fewer lines"
        if found is not None and not set(self.parameters) <= found.linear and len(self.chosen) > 1:
            return (), "the score is not linear in all parameters; the product with a direction is shorter"
        if any(
            d.name in self.parameters and (d.has("spd") or d.has("symmetric")) for d in self.cost.declarations
        ):
            return (), "entries of a symmetric matrix move together; the product with a direction says how"
        if self.curvature is not None:
            self.maker.done.append(Stage("hessian.1", ZERO, ZERO, ZERO))
        out: list[Stage] = []
        try:
            for k, first in enumerate(self.chosen):
                for second in self.chosen[k:]:
                    out.append(self._block(first, second))
        except (NoRuleError, BudgetError) as error:
            return (), error.reason
        return tuple(out), ""

    def _block(self, first: ParameterDerivation, second: ParameterDerivation) -> Stage:
        """∂²J/∂q∂p from ∂J/∂p."""
        p, q = first.wrt, self._apart(second.wrt, first)
        gradient = first.result
        known = self._known(gradient, q)
        line = Partial(gradient, q)
        if known:
            stage = total_stage(self.maker, line, known, self.scope)
        else:
            local = work_out(line, frame(self.scope, q), self.maker.context)
            stage = self.maker.keep(line, local.steps, local.result, scope=self.scope)
        left = Partial(Partial(Symbol(self.cost.goal), p), q)
        evidence = proved(left, stage.result, self.scope)
        made = replace(stage, left=left, start=line, start_reason=_put_in(known, q), evidence=evidence)
        return self._with_matrix(made, p, q)

    def _apart(self, wrt: Symbol, first: ParameterDerivation) -> Symbol:
        """The second variable with letters unlike those of the first and of the gradient."""
        taken = set(letters(first.result)) | {i.letter for i in first.wrt.indices if isinstance(i, Index)}
        taken |= {i.letter for d in self.cost.definitions for i in d.indices}
        out: list[Expr] = []
        for i in wrt.indices:
            assert isinstance(i, Index)
            fresh = fresh_index(i, taken)
            taken.add(fresh.letter)
            out.append(fresh)
        return Symbol(wrt.name, out)

    def _known(self, gradient: Expr, q: Symbol) -> dict[str, Known]:
        """∂N/∂q for the names the gradient holds, by the chain rule from N down to q."""
        moving = movers(self.scope, q.name)
        known: dict[str, Known] = {}
        for d in self.cost.definitions:
            if d.name not in names(gradient) or d.name not in moving or d.is_function:
                continue
            graph = build(self.cost, d.name, q.name, q)
            path = graph.path
            if path is None or len(path) > MOST_LINKS or any(link.summed for link in path):
                continue
            stages = [self.maker.local(link.upper, link.lower)[0] for link in path]
            last = stages[-1]
            if len(path) > 1:
                left = Partial(graph.root, graph.target)
                last = product_stage(self.maker, left, list(zip(path, stages, strict=True)), self.scope)
            indices = tuple(i for i in graph.root.indices if isinstance(i, Index))
            known[d.name] = Known(indices, last.result, last.id)
        return known

    def _with_matrix(self, stage: Stage, p: Symbol, q: Symbol) -> Stage:
        over = tuple(i for i in (*p.indices, *q.indices) if isinstance(i, Index))
        found = to_matrix(stage.result, self.scope, over)
        if isinstance(found, NoMatrix):
            return replace(stage, no_matrix=found.reason)
        if not over or found.body is stage.result:
            return stage
        left = Partial(Partial(Symbol(self.cost.goal), Symbol(p.name)), Symbol(q.name))
        return replace(stage, matrix_left=left, matrix=found.body, matrix_shapes=found.shapes)

    # --- along a direction ------------------------------------------------------------------------

    def _products(self, along: Tangents) -> tuple[Stage, ...]:
        """(H Δ) for each parameter: the change of its gradient."""
        out: list[Stage] = []
        for k, p in enumerate(self.chosen):
            result = along.along(p.result)
            left = self._times_direction(p, along)
            evidence = self._judged(left, p, result, along)
            stage = Stage(f"product.{k + 1}", left, left, result, (), evidence=evidence)
            over = tuple(i for i in p.wrt.indices if isinstance(i, Index))
            found = to_matrix(result, along.scope, over)
            if not isinstance(found, NoMatrix) and over and found.body is not result:
                stage = replace(stage, matrix=found.body, matrix_shapes=found.shapes)
            out.append(stage)
        return tuple(out)

    def _times_direction(self, p: ParameterDerivation, along: Tangents) -> Expr:
        """Σ_q ∂²J/∂q∂p Δq."""
        terms: list[Expr] = []
        for other in self.chosen:
            q = self._apart(other.wrt, p)
            term = mul(Partial(Partial(Symbol(self.cost.goal), p.wrt), q), along.change(q))
            for index in reversed(q.indices):
                assert isinstance(index, Index)
                term = Reduce("sum", index, term)
            terms.append(term)
        return add(*terms)

    def _judged(self, left: Expr, p: ParameterDerivation, result: Expr, along: Tangents) -> Evidence:
        """Against the second derivatives; where names are many, each change on its own."""
        try:
            if self.found is not None and set(self.parameters) <= self.found.linear:
                return proved(left, result, along.scope)
            needed, used = set(names(result)), list[str]()
            for d in reversed(along.changes):
                if d.name in needed:
                    needed |= names(d.body)
                    used.append(d.name.removeprefix(MARK))
            evidence = [along.evidence(p.result, result), *(along.evidence_of(name) for name in used)]
        except WhygradError as error:
            return Evidence("undecided", error.reason)
        found = weakest(evidence)
        return replace(found, why="each change on its own") if found.kind == "proved" else found

    def _used(self, along: Tangents, products: Sequence[Stage]) -> tuple[Definition, ...]:
        """The changes that the products use, in order."""
        needed: set[str] = set()
        for stage in products:
            needed |= names(stage.result)
        for d in reversed(along.changes):
            if d.name in needed:
                needed |= names(d.body)
        return tuple(d for d in along.changes if d.name in needed)

    # --- the Gram form ----------------------------------------------------------------------------

    def _form(self, along: Tangents, products: Sequence[Stage]) -> Expr:
        """Σ_p Δp (H Δ)_p."""
        terms: list[Expr] = []
        for p, stage in zip(self.chosen, products, strict=True):
            term = mul(along.change(p.wrt), stage.result)
            for index in reversed(p.wrt.indices):
                assert isinstance(index, Index)
                term = Reduce("sum", index, term)
            terms.append(term)
        return add(*terms)

    def _gram(self, along: Tangents, products: Sequence[Stage]) -> Stage | None:
        """Δᵀ H Δ = c Σ_i d_i Δz_i² + Δᵀ ∇²R Δ, where the score is linear in all parameters."""
        found = self.found
        if found is None or self.curvature is None or not set(self.parameters) <= found.linear:
            return None
        if found.added and found.score.name in found.added:
            return None
        start = self._form(along, products)
        rest = along.along(along.along(found.penalty)) if found.penalty is not ZERO else ZERO
        for body in self._squares(along, found):
            inner = Reduce("sum", found.row, body)
            target = inner if found.scale is ONE else mul(found.scale, inner)
            whole = target if rest is ZERO else add(target, rest)
            verdict = same_value(start, whole, along.scope)
            if verdict.proved:
                said: Text = (
                    "the sums change places; what stands with each example is ",
                    along.change(found.score),
                )
                step = Step("algebra/algebra", (), start, whole, {}, said, evidence=verdict.evidence)
                return Stage("gram.1", start, start, whole, (step,), evidence=verdict.evidence)
        return None

    def _squares(self, along: Tangents, found: Scored) -> Iterator[Expr]:
        """What may stand for the loss of one example: d Δz², Σ_k d Δz_k², a variance with weights P."""
        change = along.change(found.score)
        assert self.curvature is not None
        if self.narrow:
            d = self.curvature
            yield Pow(change, TWO) if d is ONE else mul(d, Pow(change, TWO))
            return
        index = found.score.indices[-1]
        assert isinstance(index, Index)
        plain = [f for f in factors_of(self.curvature) if not isinstance(f, Delta)]
        if len(plain) < len(factors_of(self.curvature)):
            d = mul(*plain)
            square = Pow(change, TWO)
            yield Reduce("sum", index, square if d is ONE else mul(d, square))
        weight = found.output
        other = fresh_index(index, letters(change))
        mean = Reduce("sum", other, mul(_at(weight, other), _at(change, other)))
        variance = Reduce("sum", index, mul(weight, Pow(sub(change, mean), TWO)))
        yield variance
        constant = self._row_weight()
        if constant is not None:
            yield mul(constant, variance)

    def _row_weight(self) -> Expr | None:
        """A factor of the slope that belongs to the example alone: a weight."""
        assert self.slope is not None
        assert self.found is not None
        moving = frozenset((*self.parameters, self.found.score.name))
        fixed = [f for f in factors_of(self.slope) if names(f) and not _moves(f, self.found.flat, moving)]
        return mul(*fixed) if fixed else None

    # --- convexity --------------------------------------------------------------------------------

    def _kinks(self) -> tuple[Expr, ...]:
        return kinks(Symbol(self.cost.goal), self.scope, frozenset(self.parameters))

    def _claims(self, along: Tangents | None, products: Sequence[Stage]) -> Iterator[Claim]:
        whole = self._claim(frozenset(self.parameters))
        if whole is None:
            whole = self._refuted(along, products)
        yield whole
        if whole.kind == "convex" or len(self.parameters) < 2:
            return
        together = frozenset(self.parameters) & (
            self.found.linear if self.found is not None else frozenset[str]()
        )
        groups = [together] if 1 < len(together) < len(self.parameters) else []
        groups += [frozenset((name,)) for name in self.parameters if not groups or name not in together]
        for group in groups:
            some = self._claim(group)
            if some is not None:
                yield replace(some, alone=True)

    def _claim(self, group: frozenset[str]) -> Claim | None:
        """Convex in ``group``, by the Gram form or by the rules of composition."""
        ordered = tuple(p for p in self.parameters if p in group)
        loss = self._loss_convex(group)
        rest = self._penalty_convex(group)
        if loss is not None and rest is not None:
            why, evidence = loss
            return Claim("convex", ordered, (*why, *rest), evidence)
        curve, reasons = curve_of(Symbol(self.cost.goal), self.scope, group)
        if curve in ("convex", "affine", "constant"):
            said = "; ".join(reasons) or "it is linear"
            return Claim("convex", ordered, (said,), Evidence("proved", "rules of composition"))
        return None

    def _loss_convex(self, group: frozenset[str]) -> tuple[Text, Evidence] | None:
        """The loss is convex in its score, and the score linear in the group."""
        found = self.found
        if found is None or self.curvature is None:
            return None
        score = found.scope.definitions[found.score.name].body
        if not is_linear(score, found.scope, group) or not Ranges(found.scope).of(found.scale).nonnegative:
            return None
        inside = [p for p in found.parameters if p in group]
        linear: Text = (found.score, f" is linear in {', '.join(inside)}; ")
        variable = frozenset((found.score.name,))
        if not kinks(found.loss, found.flat, variable) and self._separate(found):
            sign = self._sign_reason(found)
            if sign is not None:
                return (*linear, *sign), Evidence("proved", "ranges")
        curve, reasons = curve_of(found.loss, found.flat, variable)
        if curve in ("convex", "affine"):
            said = "; ".join(reasons) or "the loss is linear"
            return (*linear, said), Evidence("proved", "rules of composition")
        return None

    def _sign_reason(self, found: Scored) -> Text | None:
        """Why the curvature is not negative."""
        assert self.curvature is not None
        left = self._curvature_symbol(found)
        if self.narrow:
            if span(self.curvature, found.flat).range.nonnegative:
                return left, " = ", self.curvature, " ≥ 0"
            if self._bounds(found).nonnegative:
                labels = ", ".join(s.name for s in found.labels)
                return left, " = ", self.curvature, f" ≥ 0 for each value of {labels}"
            return None
        plain = [f for f in factors_of(self.curvature) if not isinstance(f, Delta)]
        if len(plain) < len(factors_of(self.curvature)) and span(mul(*plain), found.flat).range.nonnegative:
            return "the curvature along each score is ", mul(*plain), " ≥ 0"
        if self._variance(found):
            return (
                "the curvature along a change of the scores is a variance with the weights ",
                found.output,
                " ≥ 0",
            )
        return None

    def _variance(self, found: Scored) -> bool:
        """Σ_k Σ_l v_k D_kl v_l = w Σ_k P_k (v_k − Σ_l P_l v_l)² with P >= 0, whatever v."""
        assert self.curvature is not None
        one, two = found.score.indices[-1], self._second_letter(found)
        assert isinstance(one, Index)
        assert isinstance(two, Index)
        v = Symbol(_free_name("v", found.scope), (one,))
        form = Reduce("sum", one, Reduce("sum", two, mul(v, self.curvature, _at(v, two))))
        third = fresh_index(one, {one.letter, two.letter} | letters(self.curvature))
        mean = Reduce("sum", third, mul(_at(found.output, third), _at(v, third)))
        target: Expr = Reduce("sum", one, mul(found.output, Pow(sub(v, mean), TWO)))
        weight = self._row_weight()
        if weight is not None:
            target = mul(weight, target)
            if not span_by_labels(weight, found.flat).nonnegative:
                return False
        positive = Ranges(found.flat).of(found.output).nonnegative
        return positive and same_value(form, target, found.flat).proved

    def _second_letter(self, found: Scored) -> Expr:
        assert self.slope is not None
        index = found.score.indices[-1]
        assert isinstance(index, Index)
        return fresh_index(index, letters(self.slope) | letters(found.score))

    def _curvature_symbol(self, found: Scored) -> Expr:
        return Partial(Partial(found.loss, found.score), found.score)

    def _bounds(self, found: Scored) -> Range:
        assert self.curvature is not None
        inside = span(self.curvature, found.flat).range
        return inside.within(span_by_labels(self.curvature, found.flat))

    def _separate(self, found: Scored) -> bool:
        """Whether the loss of an example holds the scores of that example alone."""
        opened = {found.loss.name}
        stack, row = [(found.loss.name, found.row)], found.row
        while stack:
            name, letter = stack.pop()
            for s in symbols(found.flat.definitions[name].body):
                if s.name == found.score.name:
                    if not s.indices or s.indices[0] is not letter:
                        return False
                elif s.name in found.flat.definitions and found.score.name in reached(found.flat, s.name):
                    d = found.flat.definitions[s.name]
                    places = [k for k, i in enumerate(s.indices) if i is letter]
                    if len(places) != 1 or d.indices[places[0]].dim != row.dim:
                        return False
                    if s.name not in opened:
                        opened.add(s.name)
                        stack.append((s.name, d.indices[places[0]]))
        return True

    def _penalty_convex(self, group: frozenset[str]) -> Text | None:
        found = self.found
        if found is None:
            return None
        if found.penalty is ZERO or not names(found.penalty) & group:
            return ()
        curve, _ = curve_of(found.penalty, found.scope, group)
        return ("; the penalty is convex",) if curve in ("convex", "affine", "constant") else None

    # --- not convex -------------------------------------------------------------------------------

    def _refuted(self, along: Tangents | None, products: Sequence[Stage]) -> Claim:
        """A direction with negative curvature, or a chord below the cost; else undecided."""
        if along is not None and not self._kinks():
            found = _negative(self._form(along, products), along.scope)
            if found is not None:
                point, value = found
                shown = point.show()
                why: Text = ("along the direction Δ at this point the curvature is negative",)
                evidence = Evidence(
                    "refuted", "an enclosure of the curvature is negative", shown, (value, "0")
                )
                return Claim("not convex", self.parameters, why, evidence)
        chord = _below_chord(self.cost, self.parameters)
        if chord is not None:
            shown, values = chord
            why = ("halfway between two points the cost is above its mean there",)
            evidence = Evidence("refuted", "enclosures of the cost at three points", shown, values)
            return Claim("not convex", self.parameters, why, evidence)
        why = ("no proof was found, and no point where it fails",)
        return Claim("undecided", self.parameters, why, UNDECIDED)

    # --- strong convexity, step sizes ---------------------------------------------------------------

    def _strong(self) -> Iterator[Strong]:
        """Parameters on which ∇²R is a constant times the identity."""
        found = self.found
        if found is None or found.penalty is ZERO:
            return
        for p in self.chosen:
            if p.wrt.name not in names(found.penalty):
                continue
            q = self._apart(p.wrt, p)
            body = Partial(Partial(found.penalty, p.wrt), q)
            first = work_out(
                Partial(found.penalty, p.wrt), frame(self.scope, p.wrt), self.maker.context
            ).result
            second = work_out(Partial(first, q), frame(self.scope, q), self.maker.context).result
            factors = factors_of(second)
            deltas = [f for f in factors if isinstance(f, Delta)]
            modulus = mul(*(f for f in factors if f not in deltas))
            if len(deltas) != len(p.wrt.indices) or _moves(modulus, self.scope, frozenset(self.parameters)):
                continue
            evidence = proved(body, second, self.scope)
            yield Strong(p.wrt.name, tidy(modulus), evidence, Ranges(self.scope).of(modulus).positive)

    def _lipschitz(self, claims: Sequence[Claim], strong: Sequence[Strong]) -> Lipschitz | None:
        """The Lipschitz constant of the gradient, or why there is none."""
        found = self.found
        if found is None or self.curvature is None or not claims or claims[0].kind != "convex":
            return None
        if not set(self.parameters) <= found.linear or self.slope is None or not self._separate(found):
            return None
        if kinks(found.penalty, found.scope, frozenset(self.parameters)):
            return Lipschitz(reason=("the penalty has kinks",))
        bends = kinks(found.loss, found.flat, frozenset((found.score.name,)))
        if bends:
            joint = (
                slope_joint(found.loss, self.slope, found.score, found.flat) if self.narrow else "undecided"
            )
            if joint == "jumps":
                return Lipschitz(reason=("the gradient jumps at the kinks of ", bends[0]), none=True)
            if joint == "undecided":
                return Lipschitz(reason=("the slope at the kinks of ", bends[0], " was not decided"))
        covered = {s.name: s.modulus for s in strong}
        rest = [p for p in self.parameters if p in names(found.penalty) and p not in covered]
        if rest:
            return None
        bound, square = self._bound(found)
        if bound is None:
            if grows_without_bound(self.curvature, found.score, found.flat):
                return Lipschitz(reason=("the curvature ", self.curvature, " has no upper bound"), none=True)
            return Lipschitz(reason=("no upper bound of the curvature was found",))
        ridge = next(iter(covered.values()), ZERO)
        if any(not same_form(m, ridge) for m in covered.values()):
            return None
        evidence = Evidence("proved", "ranges") if self.narrow else VARIANCE
        if square is not None:
            evidence = proved(self.curvature, square, found.flat)
        return Lipschitz(found.scale, Number(bound), ridge, square, evidence)

    def _bound(self, found: Scored) -> tuple[Fraction | None, Expr | None]:
        assert self.curvature is not None
        if self.narrow:
            plain = span(self.curvature, found.flat)
            return self._bounds(found).high, plain.square
        plain_factors = [f for f in factors_of(self.curvature) if not isinstance(f, Delta)]
        if len(plain_factors) < len(factors_of(self.curvature)):
            return span(mul(*plain_factors), found.flat).range.high, None
        weight = self._row_weight()
        if weight is None and self._variance(found):
            return Fraction(1, 2), None
        return None, None


def _put_in(known: Mapping[str, Known], q: Symbol) -> Text:
    """The derivatives that were put into the gradient."""
    out: list[str | Expr] = []
    for name, found in known.items():
        out.extend(("; " if out else "with ", Partial(Symbol(name, found.indices), q), " = ", found.value))
    return tuple(out)


def _moves(e: Expr, scope: Scope, moving: frozenset[str]) -> bool:
    return any(reached(scope, n) & moving for n in names(e))


def _at(symbol: Symbol, index: Expr) -> Symbol:
    """The symbol with another last index."""
    return Symbol(symbol.name, (*symbol.indices[:-1], index))


def _free_name(wanted: str, scope: Scope) -> str:
    while wanted in scope.declarations or wanted in scope.definitions:
        wanted += "′"
    return wanted


# --- searching ------------------------------------------------------------------------------------


def _sizes(dims: Sequence[str], scope: Scope) -> Iterator[dict[str, int]]:
    """Small ones first: one example reads best."""
    named = {dim for d in (*scope.declarations.values(), *scope.definitions.values()) for dim in d.dims}
    shortened = any(base_dim(dim) != dim for dim in named)  # a size that is another's, less something
    if not shortened:
        yield dict.fromkeys(dims, 1)
        yield dict.fromkeys(dims, 2)
    for seed in range(2):
        drawn = draw_sizes(dims, seed) if dims else {}
        yield {dim: size + 3 * shortened for dim, size in drawn.items()}


def _negative(form: Expr, scope: Scope) -> tuple[Point, str] | None:
    """A point at which an enclosure of ``form`` lies below 0."""
    sampler = Sampler((form,), scope)
    for sizes in _sizes(sampler.dimensions, scope):
        if compiled((form,), scope, sizes) is None:
            return None
        for seed in range(TRIES):
            point = sampler.draw(seed, sizes, simple=True)
            value = _enclosed(form, scope, point)
            if value is not None and value < 0:
                return point, _short(value)
    return None


def _below_chord(cost: Cost, parameters: Sequence[str]) -> tuple[Mapping[str, str], tuple[str, str]] | None:
    """Two points between which the cost lies above its chord: the midpoint against the mean."""
    goal, scope = Symbol(cost.goal), cost.scope
    sampler = Sampler((goal,), scope)
    for sizes in _sizes(sampler.dimensions, scope):
        if compiled((goal,), scope, sizes) is None:
            return None
        for seed in range(TRIES):
            a = sampler.draw(seed, sizes, simple=True)
            b = sampler.draw(seed + 1000, sizes, simple=True)
            far = {k: (b.values[k] if k[0] in parameters else v) for k, v in a.values.items()}
            middle = {k: (v + far[k]) / 2 for k, v in a.values.items()}
            one, two, half = (_enclosed(goal, scope, replace(a, values=v)) for v in (a.values, far, middle))
            if one is None or two is None or half is None:
                continue
            mean = (one + two) / 2
            if half > mean:
                return _shown(a, far, parameters), (_short(half), _short(mean))
    return None


def _enclosed(e: Expr, scope: Scope, point: Point) -> Any:  # Any: a ball; its arithmetic has no types
    return enclose(e, scope, point)  # pyright: ignore[reportUnknownVariableType]


def _short(ball: Any) -> str:
    return f"{float(ball.mid()):.4g}"


def _shown(
    a: Point, far: Mapping[tuple[str, tuple[int, ...]], Fraction], parameters: Sequence[str]
) -> Mapping[str, str]:
    first, second = a.show(), replace(a, values=far).show()
    out = {k: v for k, v in first.items() if k.split("[")[0] not in parameters}
    out |= {k: f"{v} and {second[k]}" for k, v in first.items() if k not in out}
    return out
