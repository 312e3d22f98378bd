"""``why``: a step opened, an expression differentiated rule by rule, the page of a rule or error."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Derivation, Stage, Step
from whygrad.core.document import Block, Callout, Code, Document, Heading, Row, Rows, Sentence
from whygrad.core.error_pages import ERRORS
from whygrad.core.errors import UsageError
from whygrad.core.expr import Expr, Partial, Symbol
from whygrad.core.walk import postorder, symbols
from whygrad.engine.differentiate import differentiate, frame
from whygrad.engine.moves import Context
from whygrad.engine.narrate import cost_blocks, evidence_callout, full_rows, opened
from whygrad.engine.second import Second
from whygrad.engine.simplify import simplify
from whygrad.engine.stages import proved
from whygrad.engine.trace import Trace, tidy_steps
from whygrad.rules.rule import HOLES, fill
from whygrad.rules.sources import citation
from whygrad.rules.table import RULES


def near(id: str, known: Sequence[str]) -> str:
    """The ids closest to an unknown one, for "did you mean"."""
    tails = {k.rsplit("/", 1)[-1]: k for k in known}
    found = difflib.get_close_matches(id, known, 3, 0.5)
    found += [tails[t] for t in difflib.get_close_matches(id.rsplit("/", 1)[-1], list(tails), 3, 0.5)]
    return " or ".join(dict.fromkeys(found))


def unknown(id: str, known: Sequence[str], what: str) -> UsageError:
    """The error for an id that names nothing."""
    close = near(id, known)
    fix = f"did you mean {close}?" if close else f"{what}: {', '.join(list(known)[:12])}, ..."
    return UsageError("error/unknown-id", f"{id} names nothing here", fix=fix)


def page(id: str) -> Document:
    """The page of a rule or an error.

    Raises
    ------
    UsageError
        ``error/unknown-id``, with near ids.
    """
    if id in ERRORS:
        return _error_page(id)
    if id in RULES:
        return _rule_page(id)
    raise unknown(id, [*RULES, *ERRORS], "ids look like")


def _error_page(id: str) -> Document:
    row = ERRORS[id]
    blocks: list[Block] = [Heading((row.title,), aside=(id,)), Sentence((row.meaning,))]
    if row.wrong:
        blocks.extend((Sentence(("For example",)), Code(row.wrong)))
    if row.right:
        blocks.extend((Sentence(("Write instead",)), Code(row.right)))
    return Document(tuple(blocks), title=row.title)


def _rule_page(id: str) -> Document:
    rule = RULES[id]
    left, right = rule.sides
    holes = {name: Symbol(name) for name in HOLES}
    shown = Row(fill(right, holes), fill(left, holes), id=id)
    blocks: list[Block] = [
        Heading((rule.title,), aside=(id,)),
        Rows((shown,)),
        Sentence((rule.because.replace("{", "").replace("}", ""),)),
    ]
    conditions = [c.sentence for c in rule.where if c.sentence]
    if conditions:
        blocks.append(Callout("convention", (f"where {', '.join(conditions)}",)))
    if rule.examples and rule.id.startswith("derivative/"):
        blocks.append(Sentence((f'For example: `whygrad why "d/dt ({rule.examples[0]})"`',)))
    if rule.source:
        blocks.append(Sentence((f"Source: {citation(rule.source)}",)))
    if rule.see:
        blocks.append(Sentence((f"See also {', '.join(rule.see)}",)))
    return Document(tuple(blocks), title=rule.title)


def open_step(derivation: Derivation, id: str) -> Document:
    """A stage or step of a derivation, down to single rules.

    Raises
    ------
    UsageError
        ``error/unknown-id``, with near ids.
    """
    cost = derivation.cost
    stages = {s.id: s for p in derivation.parameters for s in p.stages}
    if isinstance(derivation.hessian, Second):
        stages |= {s.id: s for s in derivation.hessian.all_stages}
    stage_id = next(
        (s for s in sorted(stages, key=len, reverse=True) if id == s or id.startswith(s + ".")), None
    )
    if stage_id is None:
        raise unknown(id, list(stages), "the steps are")
    stage = stages[stage_id]
    numbers = [part for part in id[len(stage_id) :].split(".") if part]
    if not numbers:
        return _document(cost, id, _stage_blocks(stage, cost.scope))
    step = _step(stage, numbers, id)
    rows = _step_rows(step, id, stage.left)
    return _document(cost, id, [Rows(tuple(rows), (f"step {id}",), id=id), *_rule_callouts(step)])


def _stage_blocks(stage: Stage, scope: Scope) -> list[Block]:
    rows = full_rows(stage, scope)
    if not stage.steps:  # found at once, and held against what it stands for
        made = Row(stage.result, stage.left, id=stage.id, evidence=stage.evidence.kind)
        why = f": {stage.evidence.why}" if stage.evidence.why else ""
        said = "the two sides have one value" + why
        return [Rows((made,), id=stage.id), evidence_callout(said, {stage.evidence.kind})]
    blocks: list[Block] = [Rows(tuple(rows), (stage.left, " step by step"), id=stage.id)]
    weak = {r.evidence for r in rows} - {"", "proved", "definition"}
    claim = "each line equals the one before"
    if weak:
        claim = f"{claim}, but where {' or '.join(sorted(weak))} is written"
    blocks.append(evidence_callout(claim, weak))
    if stage.uses:
        blocks.append(Callout("next", (f"it rests on {', '.join(stage.uses)}",)))
    rules = list(dict.fromkeys(r.rule for r in rows if r.rule and not RULES[r.rule].minor))
    if rules:
        blocks.append(Callout("next", ("rules: " + ", ".join(f"`whygrad why {r}`" for r in rules[:4]),)))
    return blocks


def _step(stage: Stage, numbers: list[str], id: str) -> Step:
    steps: Sequence[Step] = stage.steps
    found: Step | None = None
    for n in numbers:
        if not n.isdigit() or not 1 <= int(n) <= len(steps):
            known = [f"{stage.id}.{k + 1}" for k in range(len(stage.steps))]
            raise unknown(id, known, "its steps are")
        found = steps[int(n) - 1]
        steps = opened(found)
    assert found is not None
    return found


def _step_rows(step: Step, id: str, left: Expr) -> list[Row]:
    rows = [Row(step.before, left, id=f"{id}.before", reason=("the line before",))]
    small = opened(step)
    for n, part in enumerate(small or (step,), 1):
        rows.append(
            Row(part.after, None, id=f"{id}.{n}" if small else id, reason=part.reason, rule=part.rule)
        )
    return rows


def _rule_callouts(step: Step) -> list[Block]:
    rules = list(dict.fromkeys([step.rule, *(s.rule for s in step.substeps)]))
    shown = [r for r in rules if not RULES[r].minor and RULES[r].source != "house"]
    if not shown:
        return []
    return [Callout("next", ("rules: " + ", ".join(f"`whygrad why {r}`" for r in shown[:4]),))]


def _document(cost: Cost, id: str, blocks: list[Block]) -> Document:
    return Document((*cost_blocks(cost), *blocks), cost.scope, f"{cost.title or cost.name}: {id}")


def explain(e: Expr, scope: Scope) -> Document:
    """An expression's derivative, one rule at a time.

    An expression without a derivative in it is differentiated by its only name.
    """
    if not any(isinstance(n, Partial) for n in postorder(e)):
        free = [s for s in symbols(e) if s.name not in scope.definitions]
        if len(free) != 1:
            raise UsageError(
                "error/usage",
                "it is not said by which name to differentiate",
                fix="write d/dz (...), or give an expression with one name",
            )
        e = Partial(e, free[0])
    rows = [*_explain_rows(e, scope)]
    result = rows[-1].right
    assert result is not None
    evidence = proved(e, result, scope)
    word = {"proved": "proved", "sampled": "sampled at random points (not a proof)"}.get(
        evidence.kind, "not decided"
    )
    claim = "the first line equals the last"
    blocks: list[Block] = [
        Rows(tuple(rows), id="why"),
        evidence_callout(claim if word == "proved" else f"{word}: {claim}", {evidence.kind}),
    ]
    rules = list(dict.fromkeys(r.rule for r in rows if r.rule and not RULES[r.rule].minor))
    if any("chain rule" in part for r in rows for part in r.reason if isinstance(part, str)):
        rules.insert(0, "derivative/chain")
    if rules:
        blocks.append(Callout("next", ("rules: " + ", ".join(f"`whygrad why {r}`" for r in rules[:4]),)))
    return Document(tuple(blocks), scope, "why")


def _explain_rows(e: Expr, scope: Scope) -> list[Row]:
    trace = Trace(e)
    for wrt in dict.fromkeys(n.wrt for n in postorder(e) if isinstance(n, Partial)):
        worked = differentiate(trace.line, frame(scope, wrt))
        trace.run(worked.steps)
    trace.run(simplify(trace.line, Context(scope)))
    rows: list[Row] = []
    for step in trace.steps:
        parts = tidy_steps(step.before, step.after) if step.rule == "algebra/tidy" else (step,)
        for part in parts:
            rows.append(
                Row(
                    part.after,
                    e if not rows else None,
                    id=f"why.{len(rows) + 1}",
                    reason=part.reason,
                    rule=part.rule,
                    changed=(part.at,) if part.at else (),
                )
            )
    return rows or [Row(e, e)]
