"""One mutant made, spelled, checked and compared with the truth."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from mutants.derivations import Derived, of_cost
from mutants.edits import by_edits
from mutants.rewrites import by_rewriting
from mutants.rows import by_rows
from mutants.spelling import Written, spelled
from mutants.truth import same
from whygrad.core.cost import Scope
from whygrad.core.errors import WhygradError
from whygrad.core.expr import Expr
from whygrad.core.report import Report
from whygrad.core.walk import size_of
from whygrad.engine.check import check_chain, check_text
from whygrad.rules.mistakes import MISTAKES
from whygrad.syntax.people.chain import Chain

KINDS: Final = ("rows", "random", "right")
BEFORE: Final = 3
"""Most lines shown before the one that was changed."""
ATTEMPTS: Final = 40
SAYS: Final = {"equal": True, "different": False, "ill-typed": False}


@dataclass
class Tally:
    """What came out for one kind of mutant."""

    tried: int = 0
    pairs: int = 0
    wrong_verdicts: int = 0
    undecided: int = 0
    """Chains with a line, up to the changed one, that was left open."""
    errors: int = 0
    found: int = 0
    """Wrong chains whose first wrong line was found."""
    named: int = 0
    first: int = 0
    """Chains whose family was said first, of those made by a row."""
    first_two: int = 0
    misnamed: int = 0
    seconds: float = 0.0
    failures: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    open: Counter[str] = field(default_factory=Counter[str])
    names: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: Tally) -> None:
        """Join the counts of another run."""
        for key, value in vars(other).items():
            setattr(self, key, getattr(self, key) + value)


@dataclass(frozen=True)
class Mutant:
    """Some lines of a derivation with one of them changed."""

    chain: Derived
    lines: tuple[Expr, ...]
    at: int
    """Which of the lines was changed."""
    slip: str
    truth: tuple[bool | None, ...]
    """Of each pair."""


def mutant(kind: str, name: str, rng: random.Random) -> Mutant | None:
    """A mutant of a cost's derivations, or None where none came out."""
    right = kind == "right"
    for _ in range(ATTEMPTS):
        chain = rng.choice(of_cost(name))
        k = rng.randrange(1, len(chain.lines))
        line = chain.lines[k]
        slip = ""
        try:
            match kind:
                case "rows":
                    made = by_rows(chain, k, rng)
                    if made is None:
                        continue
                    slip, line = made
                case "random":
                    line = by_edits(line, rng)
                case _:
                    line = by_rewriting(line, rng, {*chain.scope.declarations, *chain.scope.definitions})
        except (WhygradError, AssertionError, StopIteration):
            continue
        if line is chain.lines[k] or size_of(line) > 400:
            continue
        if same(chain.lines[k], line, chain.scope) is not right:
            continue
        if not right and same(chain.lines[k - 1], line, chain.scope) is not False:
            continue
        start = max(0, k - rng.randint(1, BEFORE))
        after = chain.lines[k + 1 : k + 2] if rng.random() < 0.5 else ()
        lines = (*chain.lines[start:k], line, *after)
        truth = (
            [True] * (k - start - 1) + [right] + [_expected(line, a, chain.scope, right=right) for a in after]
        )
        return Mutant(chain, lines, k - start, slip, tuple(truth))
    return None


def _expected(line: Expr, after: Expr, scope: Scope, *, right: bool) -> bool | None:
    """Whether the next line follows; None where the oracle does not say what was to be expected.

    It takes ∂J/∂w whole where a derivation means one path of several.
    """
    return right if same(line, after, scope) is right else None


def report_of(written: Written) -> Report:
    """The checker's answer."""
    if written.text:
        return check_text(written.text, wrt=written.wrt)
    return check_chain(Chain(written.lines, written.context, written.known, written.wrt))


def judge(tally: Tally, kind: str, number: int, seed: int, names: tuple[str, ...]) -> bool:
    """Make and judge mutant ``number``; whether there was one."""
    rng = random.Random(f"{seed}:{kind}:{number}")
    name = names[number % len(names)]
    made = mutant(kind, name, rng)
    if made is None:
        return False
    written = spelled(made.lines, made.chain.scope, made.chain.wrt, rng)
    tally.tried += 1
    what = {"kind": kind, "number": number, "seed": seed, "chain": made.chain.name, "hand": written.hand}
    start = time.process_time()
    try:
        report = report_of(written)
    except Exception as error:  # noqa: BLE001  a crash is a failure like another, and is written down
        tally.errors += 1
        tally.failures.append({**what, "error": f"{type(error).__name__}: {error}", "lines": written.lines})
        return True
    tally.seconds += time.process_time() - start
    _compare(tally, made, written, report, what)
    return True


def _compare(tally: Tally, made: Mutant, written: Written, report: Report, what: dict[str, Any]) -> None:
    verdicts = report.verdicts
    if len(verdicts) != len(made.truth):
        tally.undecided += 1
        tally.open[f"the text was cut otherwise: {len(verdicts)} pairs for {len(made.truth)}"] += 1
        tally.failures.append({**what, "cut": len(verdicts), "text": written.text, "lines": written.lines})
        return
    tally.pairs += len(verdicts)
    for k, (truth, verdict) in enumerate(zip(made.truth, verdicts, strict=True)):
        says = SAYS.get(verdict)
        if truth is not None and says is not None and says is not truth:
            tally.wrong_verdicts += 1
            shown = {"pair": written.lines[k : k + 2], "said": verdict, "why": report.pairs[k].evidence.why}
            tally.failures.append({**what, **shown, "context": written.context, "wrt": written.wrt})
    left = [k for k, v in enumerate(verdicts[: made.at]) if v not in SAYS]
    tally.undecided += bool(left)
    if left:
        tally.open[report.pairs[left[0]].evidence.why] += 1
        shown = {"open": written.lines[left[0] : left[0] + 2], "why": report.pairs[left[0]].evidence.why}
        tally.failures.append({**what, **shown, "context": written.context, "wrt": written.wrt})
    if made.truth[made.at - 1]:
        return
    tally.found += report.first_wrong == made.at
    mistake = report.mistake
    said = [MISTAKES[n].family for n in (mistake.id, *mistake.also)] if mistake and mistake.id else []
    tally.named += bool(said)
    if made.slip:
        wanted = MISTAKES[made.slip].family
        tally.first += said[:1] == [wanted]
        tally.first_two += wanted in said[:2]
        tally.misnamed += bool(said) and wanted not in said
        if wanted not in said[:2]:
            tally.names[f"{made.slip} -> {mistake.id if mistake else ''}"] += 1
