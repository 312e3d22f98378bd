"""What was found in a person's derivation: a verdict for each pair of lines, and the first wrong one.

``different`` and ``ill-typed`` are the only accusations, and only a ``refuted`` or ill-typed pair may
carry a mistake. What each verdict promises is in ``docs/judge.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from whygrad.core.cost import Reading, Scope
from whygrad.core.derivation import Evidence
from whygrad.core.document import Inline
from whygrad.core.errors import Span
from whygrad.core.expr import Expr
from whygrad.core.walk import Path

PairVerdict = Literal["equal", "different", "ill-typed", "unreadable", "undecided"]
WRONG: Final = ("different", "ill-typed")
FORMAT: Final = "whygrad-report/1"


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """One line: the text as written, what it was read as, and where it could not be."""

    source: str
    expr: Expr | None = None
    error: str = ""
    span: Span | None = None
    repairs: tuple[str, ...] = ()
    start: int = 0
    """Where it began in the text that was checked."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line against the one before: its verdict, the evidence, and what has to be said with it."""

    verdict: PairVerdict
    evidence: Evidence
    notes: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    """Of an undecided pair: the declaration that would decide it, to paste at the top of the text."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake: where, what is proved about it, and what probably happened.

    ``fact`` is proved. ``cause`` is a guess, "" when none is likely enough.
    """

    id: str
    family: str
    sites: tuple[Span, ...] = ()
    """Places in the person's line."""
    paths: tuple[Path, ...] = ()
    """The same places in the expression that was read."""
    fact: Inline = ()
    cause: Inline = ()
    hint: str = ""
    corrected: Expr | None = None
    counterexample: Mapping[str, str] = field(default_factory=dict[str, str])
    also: tuple[str, ...] = ()
    """Other causes nearly as likely."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """``fact``, ``cause`` and ``corrected`` in plain text; ``own``, corrected in the person's notation."""

    def record(self) -> dict[str, Any]:
        """The JSON of a record's ``mistake``."""
        return {
            "id": self.id,
            "family": self.family,
            "sites": [[s.start, s.end] for s in self.sites],
            "fact": self.texts.get("fact", ""),
            "cause": self.texts.get("cause", ""),
            "corrected": self.texts.get("own", self.texts.get("corrected", "")),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a chain.

    ``pairs[k]`` is about ``lines[k + 1]`` against ``lines[k]``; ``goals[k]`` says whether a line has the
    value of line 0, for the lines after a wrong one.
    """

    lines: tuple[CheckedLine, ...]
    pairs: tuple[Pair, ...]
    scope: Scope = field(default_factory=Scope)
    mode: str = "expr"
    id: str = ""
    mistake: Finding | None = None
    readings: tuple[Reading, ...] = ()
    notes: tuple[str, ...] = ()
    goals: tuple[bool | None, ...] = ()
    hint_only: bool = False
    picture: str = ""
    """What a program read in a picture: the text that was checked."""
    parts: tuple[Report, ...] = ()
    """Of a text with several derivations every report, in order; the report itself is that of the first
    with a wrong line, else of the longest."""

    @property
    def verdicts(self) -> tuple[PairVerdict, ...]:
        """One verdict for each pair of consecutive lines."""
        return tuple(pair.verdict for pair in self.pairs)

    @property
    def first_wrong(self) -> int | None:
        """The index of the first line whose pair is different or ill-typed.

        >>> Report((), ()).first_wrong is None
        True
        """
        return next((k + 1 for k, v in enumerate(self.verdicts) if v in WRONG), None)

    @property
    def status(self) -> int:
        """The exit status: 0 all right, 1 a wrong line, 2 not read."""
        if self.first_wrong is not None:
            return 1
        unread = not self.pairs or all(v == "unreadable" for v in self.verdicts)
        return 2 if unread else 0

    def record(self) -> dict[str, Any]:
        """The object written for one record of ``check --records``."""
        return {
            "id": self.id,
            "verdicts": list(self.verdicts),
            "first_wrong": self.first_wrong,
            "mistake": None if self.mistake is None else self.mistake.record(),
            "readings": [reading.sentence for reading in self.readings],
            "evidence": [_evidence(pair) for pair in self.pairs],
        }

    def json(self) -> dict[str, Any]:
        """The versioned object of ``check --format json``."""
        more: dict[str, Any] = {}
        if self.picture:
            more["picture"] = self.picture
        if self.parts:
            more["parts"] = [part._shown() for part in self.parts]
        return {"format": FORMAT, **self._shown(), **more}

    def _shown(self) -> dict[str, Any]:
        """The record with the lines it is about."""
        lines: list[dict[str, Any]] = []
        for line in self.lines:
            shown: dict[str, Any] = {"text": line.source, "start": line.start, "repairs": list(line.repairs)}
            if line.error:
                shown["error"] = line.error
            if line.span is not None:
                shown["span"] = [line.span.start, line.span.end]
            lines.append(shown)
        settles = {str(k + 1): list(pair.settles) for k, pair in enumerate(self.pairs) if pair.settles}
        return {**self.record(), "lines": lines, "notes": list(self.notes), "settles": settles}


def _evidence(pair: Pair) -> dict[str, Any]:
    e = pair.evidence
    kind = {"definition": "proved"}.get(e.kind, e.kind)
    out: dict[str, Any] = {"kind": kind}
    if e.point is not None:
        out["point"] = dict(e.point)
    if e.difference is not None:
        out["difference"] = e.difference
    if e.values is not None:
        out["values"] = list(e.values)
    why = "; ".join(x for x in (e.why, *pair.notes) if x)
    if e.kind == "definition":
        why = "by definition" + (f"; {why}" if why else "")
    if why:
        out["why"] = why
    if e.conditions:
        out["conditions"] = list(e.conditions)
    if e.uses:
        out["uses"] = list(e.uses)
    return out
