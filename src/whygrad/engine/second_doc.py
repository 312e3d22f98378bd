"""Documents of order 2, of pairs and of comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from whygrad.core.cost import Scope
from whygrad.core.derivation import Derivation, Evidence, Stage
from whygrad.core.document import Block, Callout, Document, Heading, Inline, Row, Rows, Sentence, Table
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Apply,
    Call,
    Expr,
    Number,
    Partial,
    Pow,
    Symbol,
    factors_of,
    mul,
)
from whygrad.core.walk import names
from whygrad.engine.compare import Comparison, Equation, Step2
from whygrad.engine.narrate import Level, evidence_callout, number_of, stage_rows
from whygrad.engine.pairs import Pairing
from whygrad.engine.score import Scored, reached
from whygrad.engine.second import Claim, Second
from whygrad.engine.serialise import object_to_json
from whygrad.engine.tidy import tidy
from whygrad.meaning.facts import Ranges

PROVED: Final = ("proved", "definition")


def word(evidence: Evidence) -> str:
    """How a claim was checked."""
    return {"proved": "proved", "definition": "proved", "sampled": "sampled at random points (not a proof)",
            "refuted": "refuted", "undecided": "not decided"}[evidence.kind]  # fmt: skip


def document_of(result: Pairing | Comparison, level: Level = "normal") -> Document:
    """What ``pairs`` and ``compare`` show, with the JSON of what they found."""
    if isinstance(result, Pairing):
        return replace(pairs_document(result, level), later=partial(object_to_json, "pairs", result))
    return replace(compare_document(result), later=partial(object_to_json, "compare", result))


# --- order 2 --------------------------------------------------------------------------------------


def with_second(made: Document, derivation: Derivation, level: Level = "normal") -> Document:
    """The document of a derivation with its Hessian put before the hints at the end."""
    second = derivation.hessian
    if not isinstance(second, Second):
        return made
    last = next(
        (k for k, b in enumerate(made.blocks) if isinstance(b, Callout) and b.kind == "next"),
        len(made.blocks),
    )
    blocks = (*made.blocks[:last], *second_blocks(second, derivation, level), *made.blocks[last:])
    return replace(made, blocks=blocks)


def second_blocks(second: Second, derivation: Derivation, level: Level = "normal") -> list[Block]:
    """The Hessian, its product with a direction, and what it says."""
    scope = derivation.cost.scope
    blocks: list[Block] = [Heading(("Order 2: the Hessian",), level=2)]
    rows: list[Row] = []
    for stage in second.stages:
        rows.extend(stage_rows(stage, level, scope))
    for stage in second.blocks:
        rows.extend(_block_rows(stage))
    if rows:
        blocks.append(Rows(tuple(rows), id="hessian"))
    if second.no_blocks:
        blocks.append(Sentence((f"Not written out entry by entry: {second.no_blocks}.",)))
    blocks.extend(_direction(second, derivation))
    blocks.extend(Callout("fact", parts) for parts in _facts(second, derivation))
    blocks.append(evidence_callout(_evidence(second), _kinds(second)))
    opened = next((s.id for s in (*second.blocks, *second.stages, *second.products)), "")
    if opened and derivation.cost.name:
        hint = f"open a step of the Hessian: `whygrad why {derivation.cost.name} {opened}`"
        blocks.append(Callout("next", (hint,)))
    return blocks


def _block_rows(stage: Stage) -> list[Row]:
    """One block, in index form and in matrix form."""
    reason: Inline = (
        () if stage.matrix is not None or not stage.no_matrix else (f"index form: {stage.no_matrix}",)
    )
    reason = reason or stage.start_reason
    label = number_of(stage.id)
    rows = [
        Row(stage.result, stage.left, label=label, id=stage.id, reason=reason, evidence=stage.evidence.kind)
    ]
    if stage.matrix is not None and stage.result is not ZERO:
        said = (stage.matrix_shapes,)
        rows.append(
            Row(stage.matrix, stage.matrix_left, id=f"{stage.id}.matrix", reason=said, evidence="proved")
        )
    return rows


def _direction(second: Second, derivation: Derivation) -> Iterator[Block]:
    if second.no_products:
        yield Sentence((f"No product with a direction: {second.no_products}.",))
        return
    rows = [Row(d.body, Symbol(d.name, d.indices), id=d.name) for d in second.changes]
    for stage, parameter in zip(second.products, derivation.parameters, strict=False):
        left = Call("Δ", (Partial(Symbol(derivation.cost.goal), parameter.wrt),))
        rows.append(Row(stage.result, left, id=stage.id, evidence=stage.evidence.kind))
        if stage.matrix is not None and stage.result is not ZERO:
            rows.append(Row(stage.matrix, None, id=f"{stage.id}.matrix", reason=(stage.matrix_shapes,)))
    if second.gram is not None and second.curvature is not ZERO:
        form = Apply(
            "matmul", (Apply("transpose", (Symbol("Δ"),)), Apply("matmul", (Symbol("H"), Symbol("Δ"))))
        )
        rows.append(Row(second.gram.result, form, id=second.gram.id, reason=("a weighted sum of squares",),
                        evidence=second.gram.evidence.kind))  # fmt: skip
    title: Inline = ("Along a direction Δ: the change of each name, then of the gradient, which is H Δ",)
    yield Rows(tuple(rows), title, id="direction")


def _facts(second: Second, derivation: Derivation) -> Iterator[Inline]:
    if second.kinks:
        yield ("where formulas switch (", *_listed(second.kinks[:2]), ") second derivatives do not exist; "
               "the formulas hold beside these places")  # fmt: skip
    for claim in second.claims:
        yield _claim(claim)
    yield from _strong(second, derivation)
    yield from _steps(second, derivation)


def _listed(parts: Sequence[Expr]) -> Inline:
    out: list[str | Expr] = []
    for k, part in enumerate(parts):
        out.extend((", ", part) if k else (part,))
    return tuple(out)


def _claim(claim: Claim) -> Inline:
    where = f"in {_names(claim.names)}" + (", the others held" if claim.alone else "")
    if claim.kind == "convex":
        return (f"convex {where}: ", *claim.why)
    if claim.kind == "undecided":
        return (f"convex {where}? Not decided: ", *claim.why)
    point = ", ".join(f"{k} = {v}" for k, v in (claim.evidence.point or {}).items())
    values = claim.evidence.values or ("", "")
    compared = f"{values[0]} < 0" if values[1] == "0" else f"{values[0]} > {values[1]}"
    return (f"not convex {where}: ", *claim.why, f" ({compared}) at {point}")


def _names(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _strong(second: Second, derivation: Derivation) -> Iterator[Inline]:
    convex = any(c.kind == "convex" and not c.alone for c in second.claims)
    for s in second.strong:
        if not convex:
            return
        where: Inline = () if s.positive else (" where ", _undecided_part(s.modulus, derivation), " > 0")
        yield (
            f"strongly convex in {s.name}",
            *where,
            ": the penalty adds ",
            s.modulus,
            " times the identity",
        )
    covered = {s.name for s in second.strong}
    if convex and covered:
        rest = [p.wrt.name for p in derivation.parameters if p.wrt.name not in covered]
        if rest:
            yield (f"the penalty does not hold {_names(rest)}: there the data alone decide",)


def _undecided_part(e: Expr, derivation: Derivation) -> Expr:
    """The factors that are not known to be positive."""
    ranges = Ranges(derivation.cost.scope)
    return mul(*(f for f in factors_of(e) if not ranges.of(f).positive))


def _front(bound: Expr, scale: Expr) -> Expr:
    """1/4 · 1/m as 1/(4 m)."""
    match bound, scale:
        case Number(value), Pow(base, exponent) if exponent is MINUS_ONE and value.numerator == 1 != value:
            return Pow(mul(Number(value.denominator), base), MINUS_ONE)
        case _:
            return scale if bound is ONE else tidy(mul(bound, scale))


def _steps(second: Second, derivation: Derivation) -> Iterator[Inline]:
    found = second.lipschitz
    if found is None:
        return
    if found.reason:
        if found.none:
            yield (
                "the gradient has no Lipschitz constant: ",
                *found.reason,
                "; no fixed step is safe everywhere",
            )
        else:
            yield ("no Lipschitz constant of the gradient is given: ", *found.reason)
        return
    front = _front(found.bound, found.scale)
    ridge: Inline = () if found.ridge is ZERO else (" + ", found.ridge)
    head: Inline = ("the gradient is Lipschitz with L = ", front, " λ_max(AᵀA)", *ridge)
    yield (*head, ", where A Δ is ", *_scores(second, derivation), *_why_bound(second))
    yield ("every step below 2/L converges where a minimiser exists (sufficient, not necessary)",)


def _scores(second: Second, derivation: Derivation) -> Inline:
    """Δz for all examples, with the change that A makes."""
    moving = {p.wrt.name for p in derivation.parameters}
    for d in second.changes:
        if names(d.body) & {f"Δ{p}" for p in moving}:
            return (Symbol(d.name, d.indices), " for all examples")
    return ("the change of the score",)


def _why_bound(second: Second) -> Inline:
    found = second.lipschitz
    assert found is not None
    assert second.curvature is not None
    if found.evidence.kind == "definition":
        return (": ", found.evidence.why)
    if found.square is not None:
        return (": ", second.curvature, " = ", found.square, " ≤ ", found.bound)
    same = isinstance(second.curvature, Number)
    return (": the curvature is ", second.curvature) if same else (": ", second.curvature, " ≤ ", found.bound)


def _kinds(second: Second) -> set[str]:
    found = {s.evidence.kind for s in (*second.blocks, *second.products)}
    return found | ({second.gram.evidence.kind} if second.gram is not None else set[str]())


def _evidence(second: Second) -> str:
    parts: list[str] = []
    if second.blocks:
        kinds = {s.evidence.kind for s in second.blocks}
        parts.append(_said(kinds, "each block equals the second derivative of the cost written out"))
    if second.products:
        kinds = {s.evidence.kind for s in second.products}
        alone = any(s.evidence.why == "each change on its own" for s in second.products)
        what = (
            "each change equals the derivative along Δ"
            if alone
            else "H Δ equals the second derivatives times Δ"
        )
        parts.append(_said(kinds, what))
    if second.gram is not None:
        parts.append(_said({second.gram.evidence.kind}, "the weighted squares equal Δᵀ H Δ"))
    return "; ".join(parts) or "nothing to prove"


def _said(kinds: set[str], what: str) -> str:
    if kinds <= {"proved", "definition"}:
        return what
    if "refuted" in kinds:
        return f"REFUTED, please report it: {what}"
    return f"{'not decided for every line' if 'undecided' in kinds else 'sampled (not a proof)'}: {what}"


# --- pairs ----------------------------------------------------------------------------------------


def pairs_document(p: Pairing, level: Level = "normal") -> Document:
    """Whether the slope is f − y, with its steps and the reason."""
    title = p.cost.title or p.cost.name or "Your cost"
    blocks: list[Block] = [Heading((f"{title}: activation and loss",))]
    if p.found is None:
        blocks.append(Sentence((f"This cost has no pair of activation and loss: {p.reason}.",)))
        return Document(tuple(blocks), p.cost.scope, title)
    scope = p.found.scope
    blocks.append(Rows(tuple(_loss_rows(p.found)), id="cost"))
    slope = Partial(p.found.loss, p.found.score)
    rows = [row for stage in p.stages for row in stage_rows(stage, level, scope)]
    blocks.append(
        Rows(tuple(rows), (slope, ", the slope of the loss along its score"), id="pairs", numbered=True)
    )
    blocks.append(Callout("fact", _answer(p)))
    blocks.extend(_why_blocks(p, level, scope))
    blocks.append(evidence_callout(_pair_evidence(p), {p.evidence.kind, *(s.evidence.kind for s in p.why)}))
    if p.cost.name:
        blocks.append(Callout("next", (f"the gradient: `whygrad derive {p.cost.name}`",)))
    return Document(tuple(blocks), scope, title)


def _loss_rows(found: Scored) -> Iterator[Row]:
    wanted = reached(found.scope, found.loss.name, (found.score.name,))
    for d in found.cost.definitions:
        if d.name in wanted and not d.is_function:
            yield Row(d.body, Symbol(d.name, d.indices), id=d.name)


def _difference(p: Pairing) -> Inline:
    if p.label is ZERO:
        return (p.output,)
    return (
        (p.output, " − ", p.label)
        if isinstance(p.label, Symbol | Number)
        else (p.output, " − (", p.label, ")")
    )


def _answer(p: Pairing) -> Inline:
    assert p.found is not None
    slope = Partial(p.found.loss, p.found.score)
    result = p.stages[-1].result
    if p.answer == "yes":
        coded: Inline = (f"; {p.coded}",) if p.coded else ()
        by_label = isinstance(p.label, Symbol) and p.label.name in names(p.constant)
        front = "; each label has its weight, " if by_label else "; the constant in front is "
        constant: Inline = () if p.constant is ONE else (front, p.constant)
        fixed = not isinstance(p.label, Symbol)
        plays: Inline = ("; ", p.label, " takes the place of the label") if fixed and not p.coded else ()
        return ("yes: ", slope, " = ", result, *constant, *coded, *plays)
    if p.answer == "factor":
        assert p.factor is not None
        return ("no: ", slope, " is ", *_difference(p), " times ", p.factor, *_own(p))
    if p.only_difference:
        return ("no: ", slope, " depends on ", p.output, " and ", p.label, " only through ", *_difference(p),
                ", and is not a multiple of it")  # fmt: skip
    return ("no: ", slope, " = ", result, " is no multiple of output minus label")


def _own(p: Pairing) -> Inline:
    assert p.found is not None
    if not p.activation_slope:
        return ()
    return (
        ", the slope ",
        Partial(p.output, p.found.score),
        " of the activation, which nothing in the loss cancels",
    )


def _why_blocks(p: Pairing, level: Level, scope: Scope) -> Iterator[Block]:
    assert p.found is not None
    if p.why:
        rows = [row for stage in p.why for row in _why_rows(stage, level, scope)]
        yield Rows(
            tuple(rows), ("Why: the label enters the loss only times the score",), id="why", numbered=True
        )
        yield Sentence(_reason(p))
    if p.mate is not None:
        left = p.mate.left
        assert isinstance(left, Partial)
        yield Callout(
            "fact",
            ("the loss that pairs with this activation is ", left.body, ": its slope is ", p.mate.result),
        )
    if p.branches:
        yield Rows(tuple(_branch_rows(p)), ("Case by case",), id="branches")


def _branch_rows(p: Pairing) -> Iterator[Row]:
    for k, (condition, value, yes) in enumerate(p.branches):
        where: Inline = ("where ", condition) if condition is not None else ("elsewhere",)
        reason: Inline = (*where, ": output less label" if yes else ": not a multiple of it")
        yield Row(value, None, "", id=f"branch.{k + 1}", reason=reason)


def _why_rows(stage: Stage, level: Level, scope: Scope) -> list[Row]:
    if stage.left is not stage.start:  # the mixed derivative starts from what is known
        label = stage.id.rsplit(".", 1)[-1]
        return [Row(stage.start, stage.left, label=label, id=stage.id),
                *(Row(s.after, None, id=f"{stage.id}.{k + 1}", reason=s.reason, evidence=s.evidence.kind)
                  for k, s in enumerate(stage.steps))]  # fmt: skip
    return stage_rows(stage, level, scope)


def _reason(p: Pairing) -> Inline:
    assert p.found is not None
    z = p.found.score
    if not p.family:
        return ("So the loss is a function A of ", z, " less ", p.label, " times ", z,
                ", and the slope is A′ less the label, whatever A is.")  # fmt: skip
    return ("This is the negative log-likelihood of ", p.family, " in its natural parameter ", z,
            ": A less label times ", z, ". Its mean is A′ = ", p.output,
            ". So every such pair (the canonical link) has the slope mean − label: no luck.")  # fmt: skip


def _pair_evidence(p: Pairing) -> str:
    kinds = {p.evidence.kind, *(s.evidence.kind for s in p.why)}
    if kinds <= {"proved", "definition"}:
        return "each line equals the one before; the answer holds with the cost written out"
    return f"{word(p.evidence)}: each line equals the one before"


# --- compare --------------------------------------------------------------------------------------


def compare_document(c: Comparison) -> Document:
    """The two costs side by side."""
    titles = [p.cost.title or p.cost.name or "the cost" for p in (c.first, c.second)]
    head: tuple[Inline, ...] = (("",), (titles[0],), (titles[1],), ("",))
    rows = tuple(_compared(step) for step in c.steps)
    blocks: list[Block] = [Heading((f"{titles[0]} and {titles[1]}",)), Table(head, rows)]
    blocks.append(Callout("fact", _verdict(c)))
    blocks.extend(_common_reason(c, titles))
    blocks.append(Callout("proved", (_compare_evidence(c),)))
    names_ = [p.cost.name for p in (c.first, c.second)]
    if all(names_):
        blocks.append(
            Callout("next", (f"each on its own: `whygrad pairs {names_[0]}`   `whygrad pairs {names_[1]}`",))
        )
    return Document(tuple(blocks), c.scope, f"{titles[0]} and {titles[1]}")


def _compared(step: Step2) -> tuple[Inline, ...]:
    mark = "same" if step.same else ""
    return ((step.role,), _cell(step.first), _cell(step.second), (mark,))


def _cell(equation: Equation | None) -> Inline:
    if equation is None:
        return ("(none)",)
    left, right = equation
    if left is right:
        return ("the score itself",)
    return (right,) if isinstance(left, Partial) and left.body is left.wrt else (left, " = ", right)


def _verdict(c: Comparison) -> Inline:
    assert c.first.found is not None
    slope = Partial(c.first.found.loss, c.first.found.score)
    common = c.first.stages[-1].result
    match c.verdict:
        case "same":
            return (
                "the same from ",
                slope,
                " = ",
                common,
                " on: output less label, times what the score holds",
            )
        case "alike":
            return ("the same form: output less label; one of them for each class",)
        case "constant":
            return ("the same up to a constant: the first slope is ", c.ratio, " times the second")
        case "factor":
            return ("not the same: the first slope is ", c.ratio, " times the second")
        case "different":
            return ("not the same: the slopes differ by more than a factor",)


def _common_reason(c: Comparison, titles: Sequence[str]) -> Iterator[Block]:
    rows: list[Row] = []
    for title, p in zip(titles, (c.first, c.second), strict=True):
        for stage in p.why[1:]:
            rows.append(Row(stage.result, stage.left, id=f"{title}.{stage.id}", reason=(title,)))
    both = c.first.answer == c.second.answer == "yes"
    if both and rows:
        said = ("Why it is no luck: each loss is A(z) − y z and a part without z, and A′(z) is the output",)
        yield Rows(tuple(rows), said, id="why")
        family = [p.family for p in (c.first, c.second)]
        if all(family):
            of = " and of ".join(family)
            said = f"Both are negative log-likelihoods in the natural parameter z: of {of}."
            yield Sentence((said, " There the slope is always mean − label."))
    for title, p in zip(titles, (c.first, c.second), strict=True):
        if p.answer == "factor" and p.factor is not None:
            yield Sentence((f"{title}: the factor ", p.factor, " is left", *_own(p), "."))


def _compare_evidence(c: Comparison) -> str:
    if c.verdict in ("same", "alike", "constant", "factor"):
        return "rows marked the same are one formula with the names of the first cost put in"
    return (
        f"{word(c.evidence)}: the two slopes are different formulas"
        if c.evidence.kind == "refuted"
        else word(c.evidence)
    )
