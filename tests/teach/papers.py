"""What the tests of slides, handout and video share: the lines of a derivation, and looking at pages."""

from __future__ import annotations

from collections.abc import Iterator

import whygrad as wg
from whygrad.engine.narrate import as_value
from whygrad.engine.serialise import derivation_from_json
from whygrad.teach.masks import decoded
from whygrad.teach.typst_page import pictures


def steps_of(text: str, route: str = "chain") -> list[tuple[str, str, object]]:
    """Ids, rules and lines that ``derive --format json`` holds, house-keeping folded into the line before."""
    import json

    data = json.loads(wg.render(wg.document(wg.derive(text, route=route)), "json"))
    derivation = derivation_from_json(data)
    out: list[tuple[str, str, object]] = []
    for parameter in derivation.parameters:
        for stage in parameter.stages:
            if stage.reused:
                continue
            rows: list[tuple[str, str, object]] = []
            for number, step in enumerate(stage.steps, 1):
                if not step.minor:
                    rows.append((f"{stage.id}.{number}", step.rule, as_value(step.after)))
                elif rows:
                    rows[-1] = (*rows[-1][:2], as_value(step.after))
            out.extend(rows or [(stage.id, "", as_value(stage.result))])
    return out


def pages(source: str, ppi: float = 40) -> Iterator[object]:
    """Every page as pixels."""
    for png in pictures(source, ppi=ppi):
        yield decoded(png, "rgb24")
