"""Two costs side by side: the same steps, down to the form they share, and why they share it.

A step is paired by its role, not by its names: the score of one cost with the score of the other, the
output, the label, the parameter. The common form is proved with the names of the first cost put in the
place of the second's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from whygrad.core.cost import Cost, Declaration, Scope
from whygrad.core.derivation import Derivation, Evidence, Stage
from whygrad.core.errors import UsageError
from whygrad.core.expr import ONE, Expr, Index, Partial, Reduce, Size, Symbol, div, mul
from whygrad.core.walk import names, rewrite_bottom_up, substitute
from whygrad.engine.derive import derive
from whygrad.engine.measure import cost_of
from whygrad.engine.pairs import Pairing, pairs
from whygrad.engine.score import Scored, reached
from whygrad.engine.tidy import tidy
from whygrad.meaning.equal import same_value
from whygrad.meaning.normal_form import factored, normalise

Sameness = Literal["same", "alike", "constant", "factor", "different"]
Equation = tuple[Expr, Expr]
"""Left side and right side."""


@dataclass(frozen=True, slots=True)
class Step2:
    """One step of both: what it is, an equation of each, whether both are the same formula."""

    role: str
    first: Equation | None
    second: Equation | None
    same: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two costs, step by step.

    Attributes
    ----------
    verdict
        ``same``: both gradients are one formula in score, output, label and data; ``constant``: they
        differ by a constant; ``alike``: both are output − label, of one number and of one for each class;
        ``factor``: by ``ratio``; ``different``: by more than a factor.
    ratio
        The slope ∂L/∂z of the first over that of the second, where that is short.
    """

    first: Pairing
    second: Pairing
    derivations: tuple[Derivation, Derivation]
    steps: tuple[Step2, ...]
    verdict: Sameness
    ratio: Expr
    scope: Scope
    evidence: Evidence


def compare(a: Cost, b: Cost) -> Comparison:
    r"""Compare two costs that are sums over examples of a loss of a score.

    Raises
    ------
    UsageError
        If one of them is not.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> head = "data x[i], y[i]\nparam w\nz[i] = w x[i]\n"
    >>> squared = read_cost(head + "J = mean_i 1/2 (z[i] - y[i])^2")
    >>> counts = read_cost(head + "f[i] = exp(z[i])\nJ = mean_i f[i] - y[i] log f[i]")
    >>> compare(squared, counts).verdict
    'same'
    """
    one, two = pairs(a), pairs(b)
    for pairing in (one, two):
        if pairing.found is None:
            name = pairing.cost.title or pairing.cost.name or "one cost"
            raise UsageError(
                "error/usage",
                f"{name} cannot be laid beside another: {pairing.reason}",
                fix="compare costs that end in a sum or mean over examples of a loss",
            )
    return _Compare(one, two).comparison()


class _Compare:
    def __init__(self, one: Pairing, two: Pairing) -> None:
        assert one.found is not None
        assert two.found is not None
        self.one, self.two = one, two
        self.f, self.s = one.found, two.found
        self.derivations = derive(self.f.cost), derive(self.s.cost)
        self.roles = _roles(self.f, self.s)
        self.scope = _opaque(self.f, self.s, self.roles)
        self.letters = self._letters()

    def comparison(self) -> Comparison:
        """The steps, then the verdict."""
        steps = tuple(self._steps())
        verdict, ratio, evidence = self._verdict()
        scope = Scope({**self.s.scope.declarations, **self.f.scope.declarations}, {})
        return Comparison(self.one, self.two, self.derivations, steps, verdict, ratio, scope, evidence)

    # --- the steps --------------------------------------------------------------------------------

    def _steps(self) -> Iterator[Step2]:
        yield self._step("score", *(_definition(x, x.score) for x in (self.f, self.s)))
        if any(x.output is not x.score for x in (self.f, self.s)):
            yield self._step("output", *(_output(x) for x in (self.f, self.s)))
        yield self._step("loss", *(_definition(x, x.loss) for x in (self.f, self.s)))
        if any(x.output is not x.score for x in (self.f, self.s)):
            yield self._step("slope of loss", *(_slope_by_output(p) for p in (self.one, self.two)))
            yield self._step("slope of output", *(_output_slope(p) for p in (self.one, self.two)))
        yield self._step("their product", *(_equation(p.stages[-1]) for p in (self.one, self.two)))
        for k, (p, q) in enumerate(self._parameters()):
            if k == 0:
                yield self._step(
                    "slope of score", *(self._score_slope(d, name) for d, name in ((0, p), (1, q)))
                )
            yield self._step("gradient", *(self._gradient(d, name) for d, name in ((0, p), (1, q))))

    def _step(self, role: str, first: Equation | None, second: Equation | None) -> Step2:
        same = first is not None and second is not None and self._same(first[1], second[1])
        return Step2(role, first, second, same)

    def _same(self, first: Expr, second: Expr) -> bool:
        return same_value(first, self._renamed(second), self.scope).proved

    def _renamed(self, e: Expr) -> Expr:
        """A formula of the second cost in the names, sizes and letters of the first."""
        return substitute(rewrite_bottom_up(e, self.roles.renamed), self.letters)

    def _letters(self) -> dict[Expr, Expr]:
        """Letters of the second score and parameters -> those of the first."""
        pairs_ = list(zip(self.s.score.indices, self.f.score.indices, strict=False))
        for mine, theirs in self._parameters():
            one, two = (
                next(p.wrt for p in d.parameters if p.wrt.name == name)
                for d, name in zip(self.derivations, (mine, theirs), strict=True)
            )
            pairs_.extend(zip(two.indices, one.indices, strict=False))
        return {self.roles.renamed(a): b for a, b in pairs_ if self.roles.renamed(a) is not b}

    def _parameters(self) -> list[tuple[str, str]]:
        """Parameters of one role: by the order in which the scores hold them."""
        if len(self.f.score.indices) != len(self.s.score.indices):
            return []
        mine = [p.wrt.name for p in self.derivations[1].parameters]
        theirs = {p.wrt.name for p in self.derivations[0].parameters}
        return [(self.roles.names[q], q) for q in mine if self.roles.names.get(q) in theirs]

    def _score_slope(self, side: int, name: str) -> Equation | None:
        found = (self.f, self.s)[side]
        for parameter in self.derivations[side].parameters:
            for stage in parameter.stages:
                left = stage.left
                if isinstance(left, Partial) and left.body is found.score and left.wrt.name == name:
                    return left, stage.result
        return None

    def _gradient(self, side: int, name: str) -> Equation | None:
        for parameter in self.derivations[side].parameters:
            if parameter.wrt.name == name:
                last = parameter.stages[-1]
                return last.left, last.result
        return None

    # --- the verdict ------------------------------------------------------------------------------

    def _verdict(self) -> tuple[Sameness, Expr, Evidence]:
        first = self.one.stages[-1].result
        second = self._renamed(self.two.stages[-1].result)
        verdict = same_value(first, second, self.scope)
        if verdict.proved:
            return "same", ONE, verdict.evidence
        one, two = (p.factor if p.factor is not None else p.constant for p in (self.one, self.two))
        both = all(p.answer in ("yes", "factor") for p in (self.one, self.two))
        if both:
            ratio = self._short(div(one, self._renamed(two)) if two is not ONE else one)
            checked = same_value(first, mul(ratio, second), self.scope)
            if checked.proved:
                moving = frozenset((self.f.score.name, self.f.output.name))
                fixed = not names(ratio) & moving
                return ("constant" if fixed else "factor"), ratio, checked.evidence
        both = {self.one.answer, self.two.answer} == {"yes"} and self.one.constant is self.two.constant
        if both and len(self.f.score.indices) != len(self.s.score.indices):
            return "alike", ONE, self.one.evidence
        return "different", ONE, same_value(first, second, self.scope).evidence

    def _short(self, e: Expr) -> Expr:
        plain = tidy(e)
        other = factored(normalise(plain, self.scope))
        return other if cost_of(other) < cost_of(plain) else plain


def _definition(found: Scored, symbol: Symbol) -> Equation | None:
    d = found.scope.definitions.get(symbol.name)
    return None if d is None else (symbol, d.body)


def _output(found: Scored) -> Equation | None:
    """The output's definition; the score itself where nothing is between."""
    return (found.output, found.score) if found.output is found.score else _definition(found, found.output)


def _equation(stage: Stage) -> Equation:
    return stage.left, stage.result


def _slope_by_output(pairing: Pairing) -> Equation | None:
    """∂L/∂f; where the output is the score itself, its slope."""
    found = pairing.found
    assert found is not None
    for stage in pairing.stages:
        left = stage.left
        if isinstance(left, Partial) and left.body is found.loss and left.wrt.name == found.output.name:
            return left, stage.result
    return None


def _output_slope(pairing: Pairing) -> Equation | None:
    """∂f/∂z; 1 where the output is the score itself."""
    found = pairing.found
    assert found is not None
    if found.output is found.score:
        return Partial(found.output, found.score), ONE
    for stage in pairing.stages:
        left = stage.left
        if (
            isinstance(left, Partial)
            and isinstance(left.body, Symbol)
            and left.body.name == found.output.name
        ):
            return left, stage.result
    return None


# --- roles ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Roles:
    """Names and sizes of the second cost -> those of one role in the first."""

    names: Mapping[str, str]
    dims: Mapping[str, str]

    def renamed(self, node: Expr) -> Expr:
        """One node with its name or size replaced."""
        match node:
            case Symbol(name, indices) if name in self.names:
                return Symbol(self.names[name], indices)
            case Index(letter, dim) if dim in self.dims:
                return Index(letter, self.dims[dim])
            case Size(dim) if dim in self.dims:
                return Size(self.dims[dim])
            case Reduce(op, index, body, where) if index.dim in self.dims:
                return Reduce(op, Index(index.letter, self.dims[index.dim]), body, where)
            case _:
                return node


def _roles(first: Scored, second: Scored) -> Roles:
    """What plays the part of what."""
    out: dict[str, str] = {second.loss.name: first.loss.name, second.output.name: first.output.name}
    if second.output is not second.score:  # where the first has no name between, the score keeps apart
        alike = len(first.score.indices) == len(second.score.indices) and first.output is not first.score
        out[second.score.name] = first.score.name if alike else second.score.name + "′"
    for mine, theirs in zip(first.labels, second.labels, strict=False):
        out.setdefault(theirs.name, mine.name)
    for kind in ("param", "data"):
        for d in _held(second, kind):
            free = (o for o in _held(first, kind) if o.name not in out.values())
            match = next((o for o in free if len(o.dims) == len(d.dims)), None)
            if match is not None and d.name not in out:
                out[d.name] = match.name
    return Roles(out, dict(zip(_dims(second), _dims(first), strict=False)))


def _held(found: Scored, kind: str) -> list[Declaration]:
    inside = reached(found.scope, found.score.name)
    return [d for d in found.cost.declarations if d.kind == kind and d.name in inside]


def _dims(found: Scored) -> list[str]:
    """The example's dimension, then those of the score, then those of what it holds."""
    out = dict.fromkeys(i.dim for i in found.score.indices if isinstance(i, Index))
    for kind in ("param", "data"):
        for d in _held(found, kind):
            out |= dict.fromkeys(d.dims)
    return list(out)


def _opaque(first: Scored, second: Scored, roles: Roles) -> Scope:
    """Every name of the first cost as a free array, and what the second has beyond."""
    out: dict[str, Declaration] = {}
    for d in first.cost.definitions:
        if not d.is_function:
            out[d.name] = Declaration(d.name, "data", d.dims)
    out |= first.scope.declarations
    for d in (*second.cost.declarations, *second.cost.definitions):
        name = roles.names.get(d.name, d.name)
        dims = tuple(roles.dims.get(dim, dim) for dim in d.dims)
        out.setdefault(name, Declaration(name, "data", dims))
    return Scope(out, {})
