"""From a Derivation to a Document: which lines are shown, what stands beside them.

*full* shows every step with its small steps; *normal* one line for each step that is not
house-keeping; *brief* one line for each stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from whygrad.core.cost import Cost, Declaration, Scope
from whygrad.core.derivation import Derivation, Evaluation, ParameterDerivation, Stage, Step
from whygrad.core.document import Block, Callout, Document, Heading, Inline, Row, Rows, Table
from whygrad.core.expr import Call, Compare, Expr, Mul, Number, Partial, Pow, Symbol, mul
from whygrad.core.walk import Path, rewrite_bottom_up
from whygrad.engine.stages import checked
from whygrad.engine.trace import tidy_steps

Level = Literal["brief", "normal", "full"]

ROUTES = {
    "chain": "by the chain rule",
    "substitution": "by substitution, everything written out",
    "backprop": "by backpropagation, from the cost backwards",
}


def narrate(
    derivation: Derivation, level: Level = "normal", *, name: str = "", folded: bool = True
) -> Document:
    """The derivation as a document.

    Parameters
    ----------
    derivation
        From :func:`whygrad.engine.derive.derive`.
    level
        How much is shown.
    name
        How the cost was called on the command line, for the hints at the end.
    folded
        Whether the lines of *normal* hold their small steps; text has nowhere to fold them.
    """
    cost = derivation.cost
    blocks: list[Block] = [*cost_blocks(cost)]
    for parameter in derivation.parameters:
        blocks.extend(parameter_blocks(derivation, parameter, level, folded))
    blocks.append(evidence_callout(evidence_sentence(derivation), evidence_kinds(derivation)))
    blocks.extend(Callout("convention", (note,)) for note in derivation.notes)
    if derivation.evaluation is not None:
        blocks.append(evaluation_table(derivation.evaluation))
    hint = _next(derivation, name or cost.name)
    if hint:
        blocks.append(Callout("next", (hint,)))
    return Document(tuple(blocks), cost.scope, cost.title or cost.name)


def cost_blocks(cost: Cost) -> list[Block]:
    """The cost itself: title, sizes, definitions, readings."""
    rows: list[Row] = []
    for d in cost.definitions:
        left: Expr = (
            Call(d.name, tuple(Symbol(p) for p in d.parameters))
            if d.is_function
            else Symbol(d.name, d.indices)
        )
        rows.append(Row(d.body, left, id=d.name))
    blocks: list[Block] = [
        Heading((cost.title or cost.name or "Your cost",), aside=(sizes(cost),)),
        Rows(tuple(rows), id="cost"),
    ]
    blocks.extend(Callout("reading", (reading.sentence,)) for reading in cost.readings)
    return blocks


def sizes(cost: Cost) -> str:
    """The sizes and labels in words: "m examples, n features, y in {0,1}"."""
    words: dict[str, str] = {}
    labels: list[str] = []
    for d in cost.declarations:
        if d.kind != "data":
            continue
        if d.dims:
            words.setdefault(d.dims[0], "examples")
        if len(d.dims) > 1:
            last = "classes" if d.has("onehot") or d.has("simplex") else "features"
            words.setdefault(d.dims[1], last)
        label = _domain(d)
        if label:
            labels.append(label)
    return ", ".join([*(f"{dim} {what}" for dim, what in words.items()), *labels])


def _domain(d: Declaration) -> str:
    if d.values:
        return f"{d.name} in {{{','.join(str(v) for v in d.values)}}}"
    if d.has("onehot"):
        return f"{d.name} one-hot"
    if d.has("simplex"):
        return f"{d.name} sums to 1"
    return ""


def parameter_blocks(
    derivation: Derivation, parameter: ParameterDerivation, level: Level, folded: bool = True
) -> list[Block]:
    """Heading and stages of one parameter."""
    target = Partial(Symbol(derivation.cost.goal), parameter.wrt)
    title: Inline = (target, f" {ROUTES[derivation.route]}")
    if parameter.chain:
        title = (*title, ": ", mul(*parameter.chain))
    rows: list[Row] = []
    for stage in parameter.stages:
        rows.extend(stage_rows(stage, level, derivation.cost.scope, folded))
    return [Rows(tuple(rows), title, id=derivation.route, numbered=True)]


def number_of(stage_id: str) -> str:
    """The stage's number: ``chain.4`` is 4."""
    return stage_id.rsplit(".", 1)[-1]


def stage_rows(stage: Stage, level: Level, scope: Scope, folded: bool = True) -> list[Row]:
    """The lines of one stage."""
    label = number_of(stage.id)
    if stage.reused:
        return [Row(as_value(stage.result), stage.left, label=label, id=stage.id, reason=("from above",))]
    groups = visible(stage.steps)
    rows: list[Row] = []
    if level == "brief":
        reason = _brief_reason(stage, groups)
        rows.append(
            Row(
                as_value(stage.result),
                stage.left,
                label=label,
                id=stage.id,
                reason=reason,
                evidence=stage.evidence.kind,
            )
        )
    elif level == "full":
        rows.extend(full_rows(stage, scope))
    else:
        rows.extend(_normal_rows(stage, groups, label, scope if folded else None))
    if not rows:
        rows.append(Row(stage.result, stage.left, label=label, id=stage.id, evidence=stage.evidence.kind))
    if stage.matrix is not None and stage.matrix_left is not None:
        rows.append(
            Row(
                stage.matrix,
                stage.matrix_left,
                id=f"{stage.id}.matrix",
                reason=(stage.matrix_shapes,),
                evidence=stage.matrix_evidence,
            )
        )
    return rows


def as_value(e: Expr) -> Expr:
    """A condition that stands as a number is shown as one: 1[z > 0], not z > 0."""
    return Mul((e,)) if isinstance(e, Compare) else e


def visible(steps: Sequence[Step]) -> list[tuple[int, Step, Expr]]:
    """The steps that are shown at *normal*, each with its number and the line it ends in.

    House-keeping after a step belongs to its line; house-keeping before the first is not shown.
    """
    out: list[tuple[int, Step, Expr]] = []
    for n, step in enumerate(steps):
        if not step.minor:
            out.append((n + 1, step, step.after))
        elif out:
            number, last, _ = out[-1]
            out[-1] = (number, last, step.after)
    return out


def _normal_rows(
    stage: Stage, groups: list[tuple[int, Step, Expr]], label: str, scope: Scope | None
) -> list[Row]:
    rows: list[Row] = []
    for n, (number, step, line) in enumerate(groups):
        rows.append(
            Row(
                as_value(line),
                stage.left if n == 0 else None,
                label=label if n == 0 else "",
                id=f"{stage.id}.{number}",
                reason=step.reason,
                rule=step.rule,
                changed=_changed(step),
                evidence=step.evidence.kind,
                details=() if scope is None else detail_rows(step, f"{stage.id}.{number}", scope, stage.left),
            )
        )
    return rows


def _changed(step: Step) -> tuple[Path, ...]:
    return (step.at,) if step.at else ()


def detail_rows(step: Step, id: str, scope: Scope, left: Expr) -> tuple[Row, ...]:
    """The small steps below a line, each checked like every line that is shown."""
    return tuple(
        Row(
            as_value(small.after),
            id=f"{id}.{n}",
            reason=small.reason,
            rule=small.rule,
            changed=_changed(small),
            evidence=checked(small, scope, left).evidence.kind,
        )
        for n, small in enumerate(opened(step), 1)
    )


def opened(step: Step) -> tuple[Step, ...]:
    """The small steps of a step, house-keeping taken apart."""
    out: list[Step] = []
    for small in step.substeps:
        out.extend(tidy_steps(small.before, small.after) if small.rule == "algebra/tidy" else (small,))
    if not step.substeps and step.rule == "algebra/tidy":
        out.extend(tidy_steps(step.before, step.after))
    return tuple(out)


def full_rows(stage: Stage, scope: Scope) -> list[Row]:
    """Every step and small step of a stage as a line of its own."""
    rows: list[Row] = []
    for number, step in enumerate(stage.steps, 1):
        step_id = f"{stage.id}.{number}"
        small = opened(step)
        parts = small or (step,)
        for n, part in enumerate(parts, 1):
            if rows and part.rule in ALIKE and written_alike(part.before, part.after):
                continue
            part = checked(part, scope, stage.left)
            rows.append(
                Row(
                    as_value(part.after),
                    stage.left if not rows else None,
                    label=number_of(stage.id) if not rows else "",
                    id=f"{step_id}.{n}" if small else step_id,
                    reason=part.reason,
                    rule=part.rule,
                    changed=_changed(part),
                    evidence=part.evidence.kind,
                )
            )
    return rows


ALIKE = frozenset(("algebra/one-factor", "algebra/power-of-power"))
"""Rules whose two sides may be written alike."""


def written_alike(a: Expr, b: Expr) -> bool:
    """Whether two lines look the same on paper: −(1) is −1, 1 · x⁻¹ is 1/x, 1/x² is x⁻²."""
    return rewrite_bottom_up(a, _as_on_paper) == rewrite_bottom_up(b, _as_on_paper)


def _as_on_paper(e: Expr) -> Expr:
    match e:
        case Mul((Number(minus), Number(one))) if (minus, one) == (-1, 1):
            return Number(-1)
        case Mul((Number(one), Pow(_, Number(exponent)) as power)) if one == 1 and exponent < 0:
            return power
        case Pow(Pow(base, Number(a)), Number(n)) if n == -1 and a.denominator == 1:
            return Pow(base, Number(-a))
        case _:
            return e


def _brief_reason(stage: Stage, groups: list[tuple[int, Step, Expr]]) -> Inline:
    cited = " · ".join(number_of(u) for u in stage.uses)
    if cited:
        return (cited,) if len(stage.uses) > 1 else (f"from {cited}",)
    return groups[0][1].reason if groups else ()


def evidence_kinds(derivation: Derivation) -> set[str]:
    """The kinds of evidence of everything that is claimed."""
    stages = {s.evidence.kind for p in derivation.parameters for s in p.stages}
    wholes = {p.evidence.kind for p in derivation.parameters}
    return stages | {"stages" if kind == "definition" else kind for kind in wholes}


def evidence_callout(text: str, kinds: Iterable[str]) -> Callout:
    """What was proved and how; marked as proved only where all of it is."""
    weak = set(kinds) - {"proved", "definition"}
    if not weak:
        return Callout("proved", (text,))
    return Callout("fact" if weak <= {"sampled", "stages"} else "warning", (text,))


def evidence_sentence(derivation: Derivation) -> str:
    """What was proved, and how."""
    stages = [s for p in derivation.parameters for s in p.stages]
    kinds = {s.evidence.kind for s in stages}
    finals = {p.evidence.kind for p in derivation.parameters}
    facts = sorted(
        {u for s in stages for u in s.evidence.uses}
        | {u for p in derivation.parameters for u in p.evidence.uses}
    )
    using = f" (uses {', '.join(facts)})" if facts else ""
    lines = "each line equals the one before"
    last = "the last equals the derivative of J written out".replace("J", derivation.cost.goal)
    if "refuted" in kinds | finals:
        return "REFUTED: a line does not equal the one before; please report this"
    if kinds <= {"proved", "definition"} and finals <= {"proved"}:
        return f"{lines}; {last}{using}"
    parts = [f"{_word(kinds)}: {lines}"]
    for kind in ("proved", "sampled", "definition", "undecided"):
        of = [p.wrt.name for p in derivation.parameters if p.evidence.kind == kind]
        if of:
            which = "" if len(of) == len(derivation.parameters) else f" (for {', '.join(of)})"
            parts.append(f"{_whole(kind)}{last}{which}" if kind != "definition" else f"{BY_STAGES}{which}")
    return "; ".join(parts) + using


BY_STAGES = "the last follows from its stages by the chain rule, and was not compared as a whole"


def _whole(kind: str) -> str:
    words = {"proved": "proved", "sampled": "sampled at random points (not a proof)"}
    return f"{words.get(kind, 'not decided')}: "


def _word(kinds: set[str]) -> str:
    if kinds <= {"proved", "definition"}:
        return "proved"
    if "undecided" in kinds:
        return "not decided for every line"
    return "sampled at random points (not a proof)"


def evaluation_table(evaluation: Evaluation) -> Table:
    """The values at a point."""
    rows = tuple(
        ((number_of(stage) if stage else "",), (left,), (formula,), (value,))
        for stage, left, formula, value in evaluation.rows
    )
    return Table((("",), ("what",), ("formula",), ("value",)), rows)


def _next(derivation: Derivation, name: str) -> str:
    if not name or not derivation.parameters:
        return ""
    stages = derivation.parameters[0].stages
    long = max(stages, key=lambda s: len(visible(s.steps)))
    parts = [f"open a step: `whygrad why {name} {long.id}`"]
    reused = [number_of(s.id) for p in derivation.parameters for s in p.stages if s.reused]
    if not reused and len(derivation.cost.parameters) > 1 and len(derivation.parameters) == 1:
        shown = derivation.parameters[0].wrt.name
        other = next((p.name for p in derivation.cost.parameters if p.name != shown), None)
        if other is not None:
            parts.append(f"another parameter: `whygrad derive {name} --wrt {other}`")
    return "   ".join(parts)
