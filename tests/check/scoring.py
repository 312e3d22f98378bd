"""Figures of the checker on recorded chains."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whygrad.engine.check import check_record


@dataclass
class Figures:
    """Counts over some chains."""

    pairs: int = 0
    right: int = 0
    false_accusations: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    wrong_chains: int = 0
    found: int = 0
    named: int = 0
    wrong_names: int = 0


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines() if line.strip()]


def score(chains: list[dict[str, Any]], *, raw: bool = False) -> Figures:
    """Check every chain and count."""
    figures = Figures()
    for record in chains:
        sent = {k: record[k] for k in ("id", "context", "assumptions", "wrt", "mode", "lines") if k in record}
        if raw:
            del sent["lines"]
            sent["raw"] = record["raw"]
        answer = check_record(sent).record()
        _count(figures, record, answer)
    return figures


def _count(figures: Figures, record: dict[str, Any], answer: dict[str, Any]) -> None:
    for k, truth in enumerate(record["truth"]):
        if truth is None:
            continue
        verdicts = answer["verdicts"]
        verdict = verdicts[k] if k < len(verdicts) else "unreadable"
        says = {"equal": True, "different": False, "ill-typed": False}.get(verdict)
        figures.pairs += 1
        figures.right += says is truth
        where = f"{record['id']} line {k + 2}"
        if says is None:
            figures.undecided.append(where)
        elif truth and not says:
            figures.false_accusations.append(where)
        elif says and not truth:
            figures.missed.append(where)
    if record["first_wrong"] is not None:
        figures.wrong_chains += 1
        hit = answer["first_wrong"] == record["first_wrong"]
        figures.found += hit
        mistake = record.get("mistake") or {}
        tags = {mistake.get("tag"), *mistake.get("accept", ())}
        family = (answer["mistake"] or {}).get("family")
        figures.named += bool(hit and family in tags)
        figures.wrong_names += bool(hit and family and family not in tags)
