"""Which mistake was made: place, fact, cause, hint, counterexample, corrected line.

Two things are kept apart. The *fact* is proved: "with the factor x here, the line is right". The
*cause* is a guess: the row of :mod:`whygrad.rules.mistakes` whose false rule, put in the place of the
right one, makes the very line that was written. A cause is said only where it costs little, and two
are said where they cost nearly the same. Candidates are tried in floats, and what is left is proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.document import Inline
from whygrad.core.errors import WhygradError
from whygrad.core.expr import ONE, ZERO, Expr, Number, Partial, Symbol, factors_of, mul
from whygrad.core.walk import (
    Path,
    canonical,
    free_indices,
    holds_partial,
    names,
    paths,
    replace_at,
    rewrite_bottom_up,
    same_form,
    size_of,
)
from whygrad.engine import diagnose_factors as factors
from whygrad.engine import diagnose_repairs as repairs
from whygrad.engine.diagnose_case import Case, softened
from whygrad.engine.diagnose_matrix import matrix_repairs
from whygrad.engine.diagnose_repairs import Repair
from whygrad.engine.diagnose_rewrites import rewritten
from whygrad.engine.diagnose_rules import lost_factors, wrongs
from whygrad.engine.diagnose_slopes import Node, nodes
from whygrad.engine.differentiate import instantiate
from whygrad.engine.moves import Context
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy
from whygrad.meaning.enclose import difference
from whygrad.rules.mistakes import MISTAKES

SAID: Final = 1.9
"""A cause that costs more is not said."""
NEAR: Final = 0.5
"""Two causes this near are both said."""
MOST_PROOFS: Final = 6
SIMPLIFIED: Final = 80
"""A right line with more parts is shown as it comes out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a line.

    Attributes
    ----------
    id, family
        The row of the table and its family; empty where no cause is likely enough.
    sites
        Paths in the line after: every place where the slip was made.
    fact
        What was proved, in words.
    cause
        The probable cause, or None.
    corrected
        The line after, mended in as few places as possible; else what the line before gives.
    counterexample
        A point where the two lines differ, with both values.
    alternatives
        Other rows that would explain it nearly as well.
    """

    id: str
    family: str
    sites: tuple[Path, ...]
    fact: Inline
    cause: Inline | None
    hint: str
    corrected: Expr
    counterexample: Mapping[str, str] = field(default_factory=dict[str, str])
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A false rule that makes the line that was written."""

    id: str
    cost: float
    line: Expr
    """What it makes of the line before, in index form."""
    algebra: bool = False
    """Whether it is a false rewriting, and no false rule of differentiation."""


def diagnose(
    before: Expr,
    after: Expr,
    scope: Scope,
    *,
    wrt: Symbol | None = None,
    goal: Expr | None = None,
    zeros: frozenset[str] = frozenset(),
) -> Finding | None:
    """Name the mistake in ``after``, which does not follow from ``before``.

    Parameters
    ----------
    before, after
        The two lines; ``after`` is refuted or its shapes do not fit.
    scope
        What their names are.
    wrt
        The variable of the chain.
    goal
        What the chain is about: it takes the place of a line before that cannot be read by index.
    zeros
        Names that are only there to be differentiated by and are then 0: the t of W + t V.

    Returns
    -------
    Finding or None
        None where nothing can be said.

    Examples
    --------
    >>> from whygrad.syntax.expression import read_expr
    >>> a, b = (read_expr(t, open_names=True) for t in ("d/dw exp(-w)", "exp(-w)"))
    >>> diagnose(a, b, Scope()).id
    'mistake/inner/minus-lost'
    """
    found: Finding | None = None
    for line in (before, goal):
        for soft in (True, False):
            if line is None or (found is not None and found.id):
                break
            try:
                case = Case(line, after, scope, soft=soft, zeros=zeros, wrt=wrt)
                found = Diagnosis(case).finding() if case.sieves else found
            except (WhygradError, AssertionError, ValueError):
                break
            if softened(scope) == scope:
                break
        if found is not None:
            break
    return found


class Diagnosis:
    """The search for one step."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.trees: list[tuple[Expr, Path, Node]] = list(self._trees())
        self._wrongs: dict[Node, list[tuple[str, Expr]]] = {}
        self.doubles: list[tuple[Cause, Fraction]] = []
        """False rules that make the line but for a sign or a number."""

    def wrongs(self, node: Node) -> list[tuple[str, Expr]]:
        """The mistakes that fit a node."""
        found = self._wrongs.get(node)
        if found is None:
            found = self._wrongs[node] = list(wrongs(node, self.case.slopes))
        return found

    def _trees(self) -> Iterator[tuple[Expr, Path, Node]]:
        """Each derivative of the line before, inner ones first: its line, its place, its rules."""
        line = self.case.start
        for _ in range(3):
            found = [(p, n) for p, n in paths(line) if isinstance(n, Partial) and not holds_partial(n.body)]
            if not found:
                return
            for path, node in found:
                try:
                    yield line, path, self.case.slopes.tree(node)
                except WhygradError:
                    continue
            known = {node: self.case.slopes.slope(node) for _, node in found}
            line = rewrite_bottom_up(
                line, lambda e, known=known: known.get(e, e) if isinstance(e, Partial) else e
            )

    # --- causes -----------------------------------------------------------------------------------
    def causes(self) -> list[Cause]:
        """The false rules that make the line after, cheapest first."""
        if self.case.wrong is None:
            return []
        found: dict[str, Cause] = {}
        for cause in chain(self._at_one_node(), self._at_every_node(), self._by_algebra()):
            known = found.get(cause.id)
            if known is not None and known.cost <= cause.cost:
                continue
            if self.case.is_after(cause.line):
                found[cause.id] = cause
            elif len(self.doubles) < MOST_PROOFS:
                ratio = self.case.ratio_of_after(cause.line)
                if ratio is not None and ratio != 1 and "/sign/" not in cause.id:
                    self.doubles.append((cause, ratio))
        return sorted(found.values(), key=lambda c: c.cost)

    def _line(self, line: Expr, path: Path, value: Expr) -> Expr | None:
        try:
            return self.case.slopes.worked(replace_at(line, path, value))
        except WhygradError:
            return None

    def _at_one_node(self) -> Iterator[Cause]:
        for line, path, tree in self.trees:
            if path and len(self.trees) > 1:
                made = self._line(line, path, ONE)
                if made is not None and tree.value is not ONE:
                    yield Cause("mistake/chain/factor-lost", 0.95, made)
            for node in nodes(tree):
                for rank, (slip, new) in enumerate(self.wrongs(node)):
                    made = self._changed(line, path, tree, {node: new})
                    if made is not None:
                        yield Cause(slip, _price(slip) + 0.01 * rank, made)

    def _at_every_node(self) -> Iterator[Cause]:
        for line, path, tree in self.trees:
            fits: dict[tuple[str, int], dict[Node, Expr]] = {}
            alike: dict[tuple[str, int, Expr], dict[Node, Expr]] = {}
            for node in nodes(tree):
                count: dict[str, int] = {}
                for slip, new in self.wrongs(node):
                    turn = count[slip] = count.get(slip, -1) + 1
                    fits.setdefault((slip, turn), {})[node] = new
                    alike.setdefault((slip, turn, node.partial), {})[node] = new
            lost: dict[Expr, list[tuple[str, Node, Expr]]] = {}
            for node in nodes(tree):
                for factor, slip, new in lost_factors(node, self.case.slopes):
                    lost.setdefault(canonical(factor), []).append((slip, node, new))
            groups = [(key[0], group) for key, group in fits.items()]
            groups.append(self._all_numbers(lost))
            groups += [(_inner_first(same), {n: new for _, n, new in same}) for same in lost.values()]
            groups += [(key[0], group) for key, group in alike.items()]
            for slip, group in groups:
                if len(group) > 1:
                    made = self._changed(line, path, tree, group)
                    if made is not None:
                        yield Cause(slip, _price(slip) + 0.12, made)

    def _all_numbers(self, lost: Mapping[Expr, list[tuple[str, Node, Expr]]]) -> tuple[str, dict[Node, Expr]]:
        """Every number in front of a derivative lost."""
        found = [one for factor, same in lost.items() if not names(factor) for one in same]
        slip = _inner_first(found) if found else ""
        return slip, {node: new for _, node, new in found}

    def _changed(self, line: Expr, path: Path, tree: Node, wrong: dict[Node, Expr]) -> Expr | None:
        try:
            value = self.case.slopes.changed(tree, wrong)
        except (WhygradError, AssertionError):
            return None
        return self._line(line, path, value)

    def _by_algebra(self) -> Iterator[Cause]:
        starts = [self.case.start]
        if holds_partial(self.case.start):
            starts.append(self.case.right)
        elif (
            isinstance(self.case.start, Symbol) and self.case.start.name in self.case.index_scope.definitions
        ):
            starts.append(self._unfolded())
        for k, start in enumerate(starts):
            for slip, _, line in rewritten(start):
                try:
                    made = self.case.slopes.worked(line)
                except (WhygradError, AssertionError):
                    continue
                yield Cause(slip, _price(slip) + 0.1 * k, made, algebra=True)

    def _unfolded(self) -> Expr:
        """The definition of the name the line before consists of."""
        start = self.case.start
        assert isinstance(start, Symbol)
        return instantiate(self.case.index_scope.definitions[start.name], start.indices)

    # --- repairs ----------------------------------------------------------------------------------
    def repairs(self) -> list[Repair]:
        """The changes that make the line after right, cheapest first; each is tried in floats."""
        case = self.case
        kinds: list[Iterator[Repair]] = [repairs.signs(case), repairs.sums(case), matrix_repairs(case)]
        trees = [tree for _, _, tree in self.trees]
        known = factors.pieces(case, trees)
        kinds += [
            factors.constants(case),
            factors.extra_factors(case),
            repairs.index_letters(case),
            repairs.arguments(case),
            repairs.missing_terms(case, self._terms()),
            factors.factors(case, known),
            repairs.exponents(case),
            repairs.group_signs(case),
            factors.group_factors(case, known),
        ]
        found: dict[str, Repair] = {}
        for repair in chain(*kinds):
            known_repair = found.get(repair.id)
            if known_repair is not None and known_repair.cost <= repair.cost:
                continue
            if case.is_before(repair.corrected):
                found[repair.id] = repair
        return sorted(found.values(), key=lambda r: r.cost)

    def _terms(self) -> list[tuple[Expr, Expr]]:
        """The terms of the right line with what they are derivatives of."""
        out: list[tuple[Expr, Expr]] = []
        for _, path, tree in self.trees:
            if path:
                continue
            top = tree
            while top.rule in ("definition/unfold", "definition/function") and top.kids:
                top = top.kids[0]
            if top.rule == "derivative/sum":
                out.extend((kid.value, kid.body) for kid in top.kids if kid.value is not ZERO)
        out = out or repairs.right_terms(self.case.right)
        return out if len(out) > 1 else []

    # --- putting together -------------------------------------------------------------------------
    def finding(self) -> Finding:
        """Fact and cause."""
        causes = self._proved_causes()
        mends = self._proved_repairs()
        options: dict[str, tuple[float, str]] = {}
        turned = self._minus_was_added()
        costs = [(c.id, c.cost - 0.3 * self._word_for_word(c)) for c in causes]
        costs += [(r.id, r.cost - 0.4 * (turned and r.sites == ((),) and "/sign/" in r.id)) for r in mends]
        for slip, cost in costs:
            family = MISTAKES[slip].family
            if family not in options or cost < options[family][0]:
                options[family] = (cost, slip)
        ranked = sorted(options.values())
        mend = self._best_repair(mends, ranked[0][1] if ranked else "")
        sites, corrected, fact = self._fact(mend)
        near = tuple(slip for cost, slip in ranked[1:] if cost <= ranked[0][0] + NEAR)
        if not ranked or ranked[0][0] > SAID:
            slip, family, hint, cause = "", "", "", self._two_slips()
        else:
            slip = ranked[0][1]
            row = MISTAKES[slip]
            family, hint = row.family, row.hint
            cause = (f"probably: {row.title}. {row.because}",)
        return Finding(slip, family, sites, fact, cause, hint, corrected, self.counterexample(), near)

    def _two_slips(self) -> Inline | None:
        """A false rule and a sign or number beside it that make the line: said, but never as its name."""
        wrong = self.case.wrong
        if wrong is None or wrong is ZERO:
            return None
        for cause, ratio in sorted(self.doubles, key=lambda found: found[0].cost):
            if self.case.proves(mul(Number(ratio), cause.line), wrong):
                title = MISTAKES[cause.id].title
                other: Inline = ("the sign of the whole line",)
                if ratio != -1:
                    other = ("a factor ", Number(ratio), " of the whole line")
                return (f"two slips together would explain it: {title}, and ", *other)
        return None

    def _minus_was_added(self) -> bool:
        """Whether the line begins with a minus: then nothing was lost where it is wrong by a sign."""
        after = self.case.after
        first = factors_of(after)[0]
        return isinstance(first, Number) and first.value < 0

    def _word_for_word(self, cause: Cause) -> bool:
        """Whether the false rule gives the line as it was written, not only its value."""
        wrong = self.case.wrong
        return not cause.algebra and wrong is not None and same_form(tidy(cause.line), tidy(wrong))

    def _proved_causes(self) -> list[Cause]:
        out: list[Cause] = []
        wrong = self.case.wrong
        for cause in self.causes()[:MOST_PROOFS]:
            if out and cause.cost > out[0].cost + NEAR:
                break
            if wrong is not None and self.case.proves(cause.line, wrong):
                out.append(cause)
        return out

    def _proved_repairs(self) -> list[Repair]:
        out: list[Repair] = []
        for repair in self.repairs()[:MOST_PROOFS]:
            if out and repair.cost > out[0].cost + NEAR:
                break
            entry = self.case.entry(repair.corrected)
            if entry is not None and self.case.proves(entry, self.case.right):
                out.append(repair)
        return out

    def _best_repair(self, mends: list[Repair], slip: str) -> Repair | None:
        """The repair that goes with the cause, else the cheapest."""
        if not mends:
            return None
        family = MISTAKES[slip].family if slip else ""
        same = [r for r in mends if r.id == slip] or [r for r in mends if MISTAKES[r.id].family == family]
        return (same or mends)[0]

    def _fact(self, mend: Repair | None) -> tuple[tuple[Path, ...], Expr, Inline]:
        if mend is not None:
            return mend.sites, mend.corrected, mend.fact
        right = self._right()
        if self.case.extra_letters:
            fact: Inline = ("the index ", self.case.extra_letters[0], " is left over: nothing binds it")
        else:
            fact = ("the line before gives ", right)
        return ((),), right, fact

    def _right(self) -> Expr:
        """What the line before gives, as a teacher would write it."""
        case = self.case
        right = tidy(case.right)
        if size_of(right) > SIMPLIFIED:
            return case.named(right)
        try:
            steps = simplify(right, Context(case.index_scope))
        except (WhygradError, AssertionError):
            return case.named(right)
        return case.named(steps[-1].after if steps else right)

    def counterexample(self) -> dict[str, str]:
        """A small point where the two lines differ; sizes where shapes do not fit."""
        case = self.case
        if case.wrong is None or free_indices(case.wrong) - free_indices(case.right):
            return {}
        try:
            found = difference(case.right, case.wrong, case.index_scope)
        except WhygradError:
            return {}
        if found is None:
            return {}
        return {**found.point.show(), "line before": found.values[0], "this line": found.values[1]}


def _inner_first(same: list[tuple[str, Node, Expr]]) -> str:
    """A constant that is lost everywhere is named by the place inside a function."""
    return next((slip for slip, _, _ in same if "/inner/" in slip), same[0][0])


_PRICES: Final[dict[str, float]] = {
    "mistake/quotient/sign": 0.9,
    "mistake/product/half-lost": 1.1,
    "mistake/chain/path-lost": 1.2,
    "mistake/term/lost": 1.2,
    "mistake/term/regulariser-lost": 1.0,
    "mistake/chain/outer-lost": 1.15,
    "mistake/sum/dropped": 1.2,
    "mistake/constant/factor-lost": 1.3,
    "mistake/sign/one-term": 1.1,
    "mistake/sign/whole-line": 1.2,
}


def _price(slip: str) -> float:
    """Minus the log of how often it is made, roughly."""
    return _PRICES.get(slip, 1.0)


__all__ = ["Finding", "diagnose"]
