"""One question, "are these two equal in value?", and the plans that may answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from whygrad.core.cost import Scope
from whygrad.core.derivation import Evidence
from whygrad.core.errors import BudgetError, NoRuleError, ShapeError, WhygradError
from whygrad.core.expr import ZERO, Call, Compare, Expr, Index, Number, Symbol, sub
from whygrad.core.walk import canonical, names, postorder, same_form, substitute
from whygrad.meaning.conditions import Condition, conditions, formula
from whygrad.meaning.differentiate import evaluate_partials
from whygrad.meaning.domains import implied, keys, positives
from whygrad.meaning.enclose import difference, entries, sampled_equal
from whygrad.meaning.facts import Ranges
from whygrad.meaning.normal.atoms import Frozen, freeze, plus, scaled
from whygrad.meaning.normal.read import Reader
from whygrad.meaning.normal_form import Budget, Normal, UndefinedError, index_form, reader_for
from whygrad.meaning.positions import by_positions, has_positions
from whygrad.meaning.shapes import shape_of

VerdictKind = Literal["equal", "different", "undecided", "ill-typed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and how."""

    kind: VerdictKind
    evidence: Evidence

    @property
    def proved(self) -> bool:
        """Whether the two are proved equal."""
        return self.kind == "equal" and self.evidence.kind in ("proved", "definition")


class Readers:
    """What reads the expressions of a scope, one reader a plan; each remembers what it has read."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.ranges = Ranges(scope)
        self._readers: dict[tuple[bool, bool, frozenset[Frozen], Budget | None], Reader] = {}
        self._evaluated: dict[Expr, Expr] = {}

    def evaluated(self, e: Expr) -> Expr:
        """The expression with its derivatives carried out."""
        found = self._evaluated.get(e)
        if found is None:
            found = self._evaluated[e] = evaluate_partials(e, self.scope)
        return found

    def reader(
        self, *, unfold: bool, labels: bool, assumed: frozenset[Frozen], budget: Budget | None
    ) -> Reader:
        """The reader of a plan, its budget full again."""
        key = (unfold, labels, assumed, budget)
        found = self._readers.get(key)
        if found is None:
            if len(self._readers) > 16:
                self._readers.clear()
            found = self._readers[key] = reader_for(
                self.scope, unfold=unfold, labels=labels, assumed=assumed, budget=budget
            )
        found.spent = 0
        return found


class Question:
    """One pair of expressions."""

    def __init__(
        self, judge: Readers, a: Expr, b: Expr, facts: tuple[Expr, ...], budget: Budget | None
    ) -> None:
        self.judge = judge
        self.a, self.b = a, b
        self.facts = facts
        self.budget = budget
        self.why: list[str] = []
        self._asked: tuple[list[Condition], list[Condition]] | None = None

    def answer(self, *, sample: bool) -> Verdict:
        """Try the plans."""
        if same_form(self.a, self.b):
            return Verdict("equal", Evidence("proved", "alike up to order and names of indices"))
        try:
            self._to_entries()
        except (ShapeError, NoRuleError) as error:
            kind: VerdictKind = "ill-typed" if isinstance(error, ShapeError) else "undecided"
            return Verdict(kind, Evidence("undecided", error.reason))
        if same_form(self.a, self.b):
            return Verdict("equal", Evidence("proved", "alike written out by index"))
        return self._by_plans(sample)

    def _to_entries(self) -> None:
        """Both as scalars in index form, without unevaluated derivatives."""
        scope = self.judge.scope
        a, b = (self.judge.evaluated(e) for e in (self.a, self.b))
        shapes = shape_of(a, scope), shape_of(b, scope)
        if shapes[0] != shapes[1] and b is ZERO:
            b = sub(a, a)  # "= 0" is said of arrays, too
            shapes = shapes[0], shapes[0]
        if shapes[0] != shapes[1]:
            raise ShapeError(
                "error/shape",
                f"the shapes {_shape(shapes[0])} and {_shape(shapes[1])} differ",
                fix="give both sides one shape",
            )
        if shapes[0]:
            a, b = entries((a, b), scope)
        self.a, self.b = index_form(a, scope), index_form(b, scope)
        for fact in self.facts:
            match fact:
                case Compare("==", (Symbol() as left, right)):
                    self.a, self.b = (substitute(e, {left: right}) for e in (self.a, self.b))
                case _:
                    continue

    def _by_plans(self, sample: bool) -> Verdict:
        used = names(self.a) | names(self.b)
        unfolds = any(n in self.judge.scope.definitions for n in used) or self._calls_defined()
        found = self._prove(unfold=False, labels=False, at_once=unfolds)
        if found is not None:
            return found
        if sample:
            refuted = self._refute(tries=2)
            if refuted is not None:
                return refuted
        labels = self._has_labels(unfolds)
        if unfolds:  # a difference that is nothing once names are written out needs no further looking
            found = self._prove(unfold=True, labels=False, at_once=True)
            if found is not None:
                return found
            found = self._prove(unfold=False, labels=False)
            if found is not None:
                return found
        for by_labels in (False, True) if labels else (False,):
            for unfold in (False, True) if unfolds else (False,):
                if not by_labels and not unfold:
                    continue
                found = self._prove(unfold=unfold, labels=by_labels)
                if found is not None:
                    return found
        found = self._prove_by_positions(unfolds) or self._prove_on_domain(unfolds, labels)
        if found is not None:
            return found
        return self._by_numbers() if sample else self._undecided()

    # --- proofs -----------------------------------------------------------------------------------

    def _prove(
        self,
        *,
        unfold: bool,
        labels: bool,
        assumed: frozenset[Frozen] = frozenset(),
        at_once: bool = False,
    ) -> Verdict | None:
        """By one plan; ``at_once``: only if nothing is left of the difference as it is read."""
        assumed |= self._known(unfold=unfold, labels=labels)
        reader = self.judge.reader(unfold=unfold, labels=labels, assumed=assumed, budget=self.budget)
        try:
            gap = plus(reader.read(self.a), reader.read(self.b), -1)
            if gap and (at_once or not Normal(gap, reader).is_zero()):
                return None
            return self._proved(unfold=unfold, labels=labels, reader=reader)
        except (BudgetError, UndefinedError, WhygradError) as error:
            self.why.append(str(error.reason if isinstance(error, WhygradError) else error))
            return None

    def _prove_by_positions(self, unfolds: bool) -> Verdict | None:
        """With sums over a number of positions written out."""
        scope = self.judge.scope
        if not (has_positions(self.a) or has_positions(self.b)):
            return None
        held = self.a, self.b
        try:
            self.a, self.b = by_positions(self.a, scope), by_positions(self.b, scope)
            for unfold in (False, True) if unfolds else (False,):
                found = self._prove(unfold=unfold, labels=False)
                if found is not None:
                    return found
        except BudgetError as error:
            self.why.append(error.reason)
        finally:
            self.a, self.b = held
        return None

    def _prove_on_domain(self, unfolds: bool, labels: bool) -> Verdict | None:
        """With what both sides ask for taken as known: they are compared only where it holds."""
        for unfold in (False, True) if unfolds else (False,):
            assumed = self._domain(unfold=unfold)
            if assumed is None:
                self.why.append("the two sides are defined nowhere together")
                return None
            if not assumed:
                continue
            for by_labels in (False, True) if labels else (False,):
                found = self._prove(unfold=unfold, labels=by_labels, assumed=assumed)
                if found is not None:
                    return found
        return None

    def _proved(self, *, unfold: bool, labels: bool, reader: Reader) -> Verdict | None:
        if self._domain(unfold=False) is None:
            self.why.append("the two sides are defined nowhere together")
            return None
        stated = self._stated()
        if stated is None:
            self.why.append("a side is defined nowhere")
            return None
        how = "the normal form of the difference is 0"
        if unfold:
            how += ", names written out"
        uses = self._facts_used(reader)
        uses += [formula(fact).strip("()") for fact in self.facts]
        notes = ("equal off the kinks",) if reader.kinks and self._bends() else ()
        evidence = Evidence("proved", how, conditions=stated, uses=tuple(uses), notes=notes)
        return Verdict("equal", evidence)

    def _facts_used(self, reader: Reader) -> list[str]:
        """The declared facts this proof used: read anew, as a reader remembers those of others, too."""
        if not reader.uses:
            return []
        again = reader.renewed()
        again.read(self.a)
        again.read(self.b)
        return sorted(use for use in again.uses if _concerns(use, self._all_names()))

    def _known(self, *, unfold: bool, labels: bool) -> frozenset[Frozen]:
        """The comparisons given as facts, as polynomials that are positive."""
        if not self.facts:
            return frozenset()
        reader = self.judge.reader(unfold=unfold, labels=labels, assumed=frozenset(), budget=self.budget)
        out: set[Frozen] = set()
        for fact in self.facts:
            match fact:
                case Compare(">" | ">=", (left, right)):
                    out |= positives(reader, sub(left, right))
                case Compare("<" | "<=", (left, right)):
                    out |= positives(reader, sub(right, left))
                case _:
                    continue
        return frozenset(out)

    # --- domains ----------------------------------------------------------------------------------

    def _domain(self, *, unfold: bool) -> frozenset[Frozen] | None:
        """What both sides ask to be positive; None if that contradicts itself."""
        asked = [c for side in self._conditions() for c in side]
        asked = [c for c in asked if c.relation != "!= 0" and not c.guarded]
        if not asked:
            return frozenset()
        reader = self.judge.reader(unfold=unfold, labels=False, assumed=frozenset(), budget=self.budget)
        out: set[Frozen] = set()
        for c in asked:
            try:
                out |= positives(reader, c.value)
            except (BudgetError, UndefinedError):
                continue
        if any(freeze(scaled(dict(p), -1)) in out for p in out):
            return None
        return frozenset(out)

    def _stated(self) -> tuple[str, ...] | None:
        """The conditions that only one side asks for; None if a side is defined nowhere."""
        sides = self._conditions()
        if not any(sides):
            return ()
        reader = self.judge.reader(unfold=False, labels=False, assumed=frozenset(), budget=self.budget)
        keyed: list[dict[tuple[str, Frozen], Condition]] = []
        for side in sides:
            own: dict[tuple[str, Frozen], Condition] = {}
            for c in side:
                for key in keys(reader, c):
                    if key is None:
                        return None
                    own.setdefault(key, c)
            keyed.append(own)
        left, right = keyed
        odd = [c for key, c in left.items() if not implied(key, right)]
        odd += [c for key, c in right.items() if not implied(key, left)]
        return tuple(c.text for c in self._without_implied(odd))

    def _without_implied(self, stated: list[Condition]) -> list[Condition]:
        """Without those that follow from the others, longer ones tried first."""
        kept = list(dict.fromkeys(stated))
        for c in sorted(kept, key=lambda c: -len(c.text)):
            if len(kept) == 1:
                break
            reader = self.judge.reader(unfold=False, labels=False, assumed=frozenset(), budget=self.budget)
            others = [positives(reader, o.value) for o in kept if o is not c and o.relation != "!= 0"]
            assumed = frozenset[Frozen]().union(*others)
            if not assumed:
                continue
            reader = self.judge.reader(unfold=False, labels=False, assumed=assumed, budget=self.budget)
            try:
                found = reader.range_of(reader.read(c.value))
            except (BudgetError, UndefinedError):
                continue
            if found.positive or (c.relation == "!= 0" and found.nonzero):
                kept.remove(c)
        return kept

    def _conditions(self) -> tuple[list[Condition], list[Condition]]:
        """What each side asks for and the declarations do not give."""
        if self._asked is None:
            ranges = self.judge.ranges
            self._asked = conditions(self.a, ranges), conditions(self.b, ranges)
        return self._asked

    def _bends(self) -> bool:
        """Whether the two sides decide between branches in different words."""
        return _decisions(self.a) != _decisions(self.b)

    # --- what is in the expressions ---------------------------------------------------------------

    def _calls_defined(self) -> bool:
        definitions = self.judge.scope.definitions
        return any(
            isinstance(node, Call) and node.name in definitions
            for e in (self.a, self.b)
            for node in postorder(e)
        )

    def _all_names(self) -> frozenset[str]:
        """The names in both, through definitions."""
        seen: set[str] = set()
        stack = list(names(self.a) | names(self.b))
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                definition = self.judge.scope.definitions.get(name)
                if definition is not None:
                    stack.extend(names(definition.body))
        return frozenset(seen)

    def _has_labels(self, unfolds: bool) -> bool:
        used = self._all_names() if unfolds else names(self.a) | names(self.b)
        declared = self.judge.scope.declarations
        return any(n in declared and (declared[n].values or declared[n].has("onehot")) for n in used)

    # --- numbers ----------------------------------------------------------------------------------

    def _refute(self, tries: int) -> Verdict | None:
        try:
            found = difference(self.a, self.b, self.judge.scope, tries=tries)
        except WhygradError as error:
            self.why.append(error.reason)
            return None
        if found is None:
            return None
        evidence = Evidence(
            "refuted",
            "the two sides differ at this point",
            point=found.point.show(),
            values=found.values,
            difference=found.difference,
        )
        return Verdict("different", evidence)

    def _by_numbers(self) -> Verdict:
        refuted = self._refute(tries=24)
        if refuted is not None:
            return refuted
        try:
            if sampled_equal(self.a, self.b, self.judge.scope):
                why = "equal to 100 bits at 12 random points, over two assignments of sizes"
                return Verdict("equal", Evidence("sampled", why))
        except WhygradError as error:
            self.why.append(error.reason)
        return self._undecided()

    def _undecided(self) -> Verdict:
        why = "; ".join(dict.fromkeys(self.why)) or "no plan proves it, no point refutes it"
        return Verdict("undecided", Evidence("undecided", why))


def _decisions(e: Expr) -> frozenset[Expr]:
    """The comparisons of values in it, and what else chooses between branches."""
    return frozenset(
        canonical(node)
        for node in postorder(e)
        if (isinstance(node, Compare) and not all(isinstance(x, Index | Number) for x in node.args))
        or (isinstance(node, Call) and node.name in ("sign", "floor"))
    )


def _concerns(use: str, used: frozenset[str]) -> bool:
    """Whether a fact is about one of these names."""
    words = use.split()
    name = words[1].split("[")[0] if words[0].startswith("sum_") else words[0]
    return name in used


def _shape(dims: tuple[str, ...]) -> str:
    return f"({', '.join(dims)})" if dims else "of a number"
