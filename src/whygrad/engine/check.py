"""Read a person's own derivation: which lines follow, and which is the first that does not.

One reading holds for the whole chain. A line is accused only where no likely reading of the chain
makes all of it right; when something that is not known takes part, the verdict is "undecided".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, cast

from whygrad.core.cost import Reading
from whygrad.core.derivation import Evidence
from whygrad.core.document import Inline
from whygrad.core.errors import Span, WhygradError
from whygrad.core.expr import Expr, Partial, Symbol, neg
from whygrad.core.report import WRONG, CheckedLine, Finding, Pair, Report
from whygrad.core.walk import Path, at, free_indices, names, postorder
from whygrad.engine.check_equations import judge_equations
from whygrad.engine.check_judge import Case, Judge, told_apart
from whygrad.engine.check_local import NOTE, along_paths
from whygrad.engine.check_more import given_more
from whygrad.engine.check_own import in_own_words
from whygrad.engine.check_settle import with_settling
from whygrad.engine.check_unknown import unsaid
from whygrad.engine.diagnose import diagnose
from whygrad.meaning.conditions import formula
from whygrad.syntax.people.chain import Chain, Line, Read, readings_of
from whygrad.syntax.people.context import Context
from whygrad.syntax.people.declared import take_declarations
from whygrad.syntax.people.layout import read_page
from whygrad.syntax.people.read import Style

STYLES: Final = (
    Style(),
    Style(open_wide=False),
    Style(operator_tight=True),
    Style(slash_wide=True),
    Style(sum_stops=True),
    Style(entrywise=True),
    Style(latest=True),
    Style(letters_apart=True),
)
"""Readings of the notation, the likeliest first."""


@dataclass(slots=True)
class Judged:
    """A chain judged under one reading."""

    read: Read
    pairs: list[Pair]
    case: Case
    style: Style
    one_case: bool = False
    """Whether it is right in one case only, which the text does not name."""

    @property
    def wrong(self) -> int:
        """How many pairs it accuses."""
        return sum(p.verdict in WRONG for p in self.pairs)

    @property
    def open(self) -> int:
        """How many pairs it cannot judge."""
        return sum(p.verdict in ("undecided", "unreadable") for p in self.pairs)


def check_chain(chain: Chain, *, id: str = "", given: Context | None = None) -> Report:
    r"""Judge every line of a chain against the one before.

    Parameters
    ----------
    chain
        What was written: lines, context, what a reader would know.
    id
        The name of the record, kept in the report.
    given
        Definitions that are known beforehand, such as those of a gallery cost.

    Returns
    -------
    Report
        Verdicts with evidence, the first wrong line, the readings that were taken.

    Examples
    --------
    >>> lines = (r"\\frac{d}{dw}(y - w)^2", "2(y - w)", "-2(y - w)")
    >>> check_chain(Chain(lines)).verdicts
    ('different', 'different')
    """
    judged = list(_judgements(chain, given))
    best = _best(judged)
    if any(pair.verdict == "undecided" for pair in best.pairs):

        def again(line: str) -> list[Pair]:
            said = replace(chain, context=(*chain.context, line))
            return _best(list(_judgements(said, given))).pairs

        others = [j.read for j in judged if j is not best]
        best = replace(best, pairs=with_settling(best.read, best.pairs, others, again))
    return _report(chain, best, id, given)


def _judgements(chain: Chain, given: Context | None) -> Iterator[Judged]:
    """The chain under one reading after another, until one finds nothing wrong."""
    seen: set[tuple[object, ...]] = set()
    styles = STYLES
    likeliest = readings_of(chain, styles[0], extra=given)
    if _letters_clash(likeliest):
        styles = tuple(replace(style, letters_apart=True) for style in STYLES[:-1])
        likeliest = readings_of(chain, styles[0], extra=given)
    met: set[str] = set()
    for style in styles:
        if style is styles[0]:
            reads = likeliest
        elif any(getattr(style, choice) != getattr(styles[0], choice) for choice in met):
            reads = readings_of(chain, style, extra=given)
        else:
            continue  # it reads nothing otherwise: no choice of it was met
        for read in reads:
            met |= read.choices
            bodies = tuple(d.body for d in read.scope.definitions.values())
            key = (tuple(line.value for line in read.lines), bodies)
            if key in seen:
                continue
            seen.add(key)
            found = judge(read, style)
            yield found
            if not found.wrong and not found.open:
                return
            for case in _cases(read, found):
                again = judge(read, style, case)
                if not again.wrong:
                    yield _unless_case(found, case)
                    return
        if len(seen) > 24:
            return


def _letters_clash(reads: Sequence[Read]) -> bool:
    """Whether line 0 has no value because a letter runs over several dimensions in the definitions."""
    first = reads[0].lines[0] if reads and reads[0].lines else None
    return first is not None and first.misfit and "runs over two dimensions" in first.error


def _unless_case(found: Judged, case: Case) -> Judged:
    """What is right in one case only, which the text does not name, is left open."""
    why = f"right for {case.text}; the text does not say whether that is meant"
    pairs = [Pair("undecided", Evidence("undecided", why)) if p.verdict in WRONG else p for p in found.pairs]
    return replace(found, pairs=pairs, one_case=True)


def _best(judged: Sequence[Judged]) -> Judged:
    """The reading that accuses least without judging less; of those that accuse nothing the most decided."""
    first = judged[0]
    fair = [j for j in judged if j.open <= first.open or j.one_case]
    return min(fair, key=lambda j: (j.wrong, j.open))


def judge(read: Read, style: Style, case: Case | None = None) -> Judged:
    """Every pair of a chain under one reading."""
    said = case or Case(tuple(read.setting.equal_letters), tuple(read.setting.unequal_letters))
    if read.chain.mode == "equation":
        return Judged(read, judge_equations(read), said, style)
    first = read.lines[0].value if read.lines else None
    own = frozenset(i.letter for i in free_indices(first.expr)) if first is not None else frozenset[str]()
    court = Judge(read.scope, read.zeros, read.opaque, own, read.setting.row_gradient)
    pairs = [_pair(read, k, court, said) for k in range(len(read.lines) - 1)]
    return Judged(read, pairs, said, style)


def _pair(read: Read, k: int, court: Judge, case: Case) -> Pair:
    """Line k + 1 against line k."""
    before, after = read.lines[k], read.lines[k + 1]
    if after.parsed is None or (before.parsed is None and k):
        line = after if after.parsed is None else before
        return Pair("unreadable", Evidence("undecided", line.error))
    if k == 0 and read.goal and read.described:
        why = f"what the text says of {_spelled(read.goal)} was not understood"
        return Pair("undecided", Evidence("undecided", why))
    if k == 0 and read.goal and after.value is not None:
        return Pair("equal", Evidence("definition", f"line 1 says what {_spelled(read.goal)} is"))
    if before.parsed is None:
        return Pair("unreadable", Evidence("undecided", before.error))
    if after.value is None:
        if after.misfit and before.value is not None:
            return Pair("ill-typed", Evidence("refuted", after.error))
        return Pair("undecided", Evidence("undecided", after.error))
    if before.value is None:
        return Pair("undecided", Evidence("undecided", before.error))
    found = court.pair(before.value, after.value, case)
    if found.verdict == "different":
        found = _by_paths(read, k, court, case) or found
    if found.verdict in WRONG:
        why = _not_known(read, k, court)
        if not why and any(_patched(line) for line in (before, after)):
            why = "a bracket that is missing was put in: say where it belongs"
        if not why and found.verdict == "different":
            why = unsaid(read, before.value, after.value, court, case)
        if why:
            return Pair("undecided", Evidence("undecided", why))
    if found.verdict == "different":
        found = given_more(read, before.value, after.value, case, found)
    if after.misfit:  # a letter was put right: only if that makes the line right was it a slip
        if found.verdict == "equal":
            return replace(found, notes=(*found.notes, f"a letter put right: {after.error}"))
        return Pair("ill-typed", Evidence("refuted", after.error))
    if before.misfit and found.verdict == "different":
        return Pair("undecided", Evidence("undecided", f"the line before does not fit: {before.error}"))
    return found


def _by_paths(read: Read, k: int, court: Judge, case: Case) -> Pair | None:
    """The pair with derivatives along one of several paths, where that makes it right."""
    first, before, after = (read.lines[n].value for n in (0, k, k + 1))
    if first is None or before is None or after is None:
        return None
    inside = (*postorder(before.expr), *postorder(after.expr))
    slopes = [n for n in inside if isinstance(n, Partial)]
    wrt = {n.wrt.name for n in slopes} - {n.body.name for n in slopes if isinstance(n.body, Symbol)}
    if isinstance(first.expr, Partial):
        wrt = {first.expr.wrt.name}
    else:
        wrt = wrt & {x.name for x in read.wrt} or wrt - set(read.scope.definitions) or wrt
    if len(wrt) != 1:
        return None
    (name,) = wrt
    lefts = [before, *(before._replace(expr=e) for e in along_paths(before.expr, name, read.scope))]
    rights = [after, *(after._replace(expr=e) for e in along_paths(after.expr, name, read.scope))]
    for a, b in product(lefts, rights):
        if (a, b) != (before, after):
            found = court.pair(a, b, case)
            if found.verdict == "equal":
                return replace(found, notes=(*found.notes, NOTE))
    return None


def _not_known(read: Read, k: int, court: Judge) -> str:
    """What in a line nobody has spoken of before, on which its refutation would rest."""
    values = [line.value for line in read.lines[: k + 2]]
    *earlier, last = (frozenset[str]() if v is None else names(v.expr) for v in values)
    known = read.known.union(*earlier)
    declared = read.scope.declarations
    fresh = {n for n in last - known if n in declared and not _spoken_of(n, known)}
    fresh = {n for n in fresh if n not in _COUNTS or declared[n].dims}
    if fresh:
        return f"nothing says what {', '.join(sorted(_spelled(n) for n in fresh))} is"
    both = [v.expr for v in values[-2:] if v is not None]
    used = {
        f
        for f in read.functions
        for e in both
        if any(x == f or x.startswith(f"{f}·") for x in court.depends(e))
    }
    if used:
        return f"nothing says what the function {', '.join(sorted(used))} is"
    return ""


def _patched(line: Line) -> bool:
    """Whether a brace or bracket that was never closed stands in a line: the rest of it may be missing."""
    return line.source.count("{") != line.source.count("}")


_COUNTS: Final = frozenset("m n d p N M K D".split())
"""Letters that count, where nothing else is said of them."""


def _spoken_of(name: str, known: frozenset[str]) -> bool:
    """Whether a name, or the one whose entry or part it is, has been met."""
    parts = name.split("_")
    return any("_".join(parts[:k]) in known for k in range(1, len(parts) + 1))


def _spelled(name: str) -> str:
    return name.split("_")[0] or name


def _cases(read: Read, found: Judged) -> Iterator[Case]:
    """Cases of two free letters over one dimension that might make a whole chain right."""
    if not found.wrong or found.case.text or read.chain.mode == "equation" or read.setting.general:
        return
    letters: dict[str, str] = {}
    own: set[str] = set()
    for k, line in enumerate(read.lines):
        if line.value is not None:
            for index in free_indices(line.value.expr):
                own |= {index.letter} if not k else set()
                if index.letter in own or not told_apart(index, line.value.expr):
                    letters.setdefault(index.letter, index.dim)
    ordered = sorted(letters)
    for k, a in enumerate(ordered):
        for b in ordered[k + 1 :]:
            if letters[a] == letters[b]:
                yield Case(equal=((a, b),))
                yield Case(unequal=((a, b),))


def _report(chain: Chain, best: Judged, id: str, given: Context | None) -> Report:
    """The report of the reading that was taken."""
    read = best.read
    lines: list[CheckedLine] = []
    readings: list[Reading] = list(read.readings)
    for line in read.lines:
        repairs = tuple(r.sentence for r in line.parsed.repairs) if line.parsed is not None else ()
        expr = line.value.expr if line.value is not None else None
        lines.append(CheckedLine(line.source, expr, line.error, line.span, repairs))
    if best.case.text:
        readings.append(Reading("the lines", f"the case {best.case.text}"))
    made = Report(tuple(lines), tuple(best.pairs), read.scope, chain.mode, id, readings=tuple(readings))
    return replace(made, mistake=_mistake(made, best, given), goals=_goals(made, best))


def _mistake(report: Report, best: Judged, given: Context | None) -> Finding | None:
    """The mistake of the first wrong line, if it can be named."""
    k = report.first_wrong
    if k is None or report.mode == "equation":
        return None
    read = best.read
    before, after = read.lines[k - 1], read.lines[k]
    left = before.value.expr if before.value is not None else before.loose
    right = after.loose if after.loose is not None else after.value.expr if after.value is not None else None
    if left is None or right is None:
        return None
    first = read.lines[0].value
    goal = first.expr if first is not None and k > 1 else None
    wrt = read.wrt[0] if read.wrt else None
    try:
        found = diagnose(left, right, read.scope, wrt=wrt, goal=goal, zeros=read.zeros)
    except (WhygradError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return None  # a line nobody has a name for is still a wrong line
    if found is None:
        return None
    texts = {
        "fact": _text(found.fact),
        "cause": _text(found.cause or ()),
        "corrected": formula(found.corrected),
    }
    own = in_own_words(read, k, right, found.corrected, best.style, best.case, given)
    return Finding(
        found.id,
        found.family,
        tuple(_spans(right, found.sites, after)),
        found.sites,
        found.fact,
        found.cause or (),
        found.hint,
        found.corrected,
        found.counterexample,
        found.alternatives,
        {**texts, "own": own} if own else texts,
    )


def _text(parts: Inline) -> str:
    """Running text with its formulas in plain spelling."""
    return "".join(part if isinstance(part, str) else formula(part) for part in parts)


def _spans(line: Expr, sites: Iterable[Path], read: Line) -> Iterator[Span]:
    """Where the parts at some paths stand in the text."""
    for site in sites:
        for depth in range(len(site), -1, -1):
            try:
                part = at(line, site[:depth])
            except (IndexError, ValueError):
                continue
            span = read.spans.get(part) or read.spans.get(neg(part))
            if span is not None:
                yield span
                break


def _goals(report: Report, best: Judged) -> tuple[bool | None, ...]:
    """Whether each line after a wrong one has the value of line 0 after all."""
    k = report.first_wrong
    read = best.read
    if k is None or report.mode == "equation" or read.goal:
        return ()
    first = read.lines[0].value
    out: list[bool | None] = [None] * len(read.lines)
    if first is None:
        return tuple(out)
    court = Judge(read.scope, read.zeros, read.opaque, frozenset(), read.setting.row_gradient)
    for n in range(k, len(read.lines)):
        value = read.lines[n].value
        if value is not None and not read.lines[n].misfit:
            verdict = court.pair(first, value, best.case).verdict
            out[n] = {"equal": True, "different": False, "ill-typed": False}.get(verdict)
    return tuple(out)


# --- texts ----------------------------------------------------------------------------------------
def check_text(
    text: str,
    *,
    context: Sequence[str] = (),
    assumptions: Sequence[str] = (),
    wrt: str = "",
    mode: str = "",
    id: str = "",
    given: Context | None = None,
) -> Report:
    r"""Find the derivation in a text and judge it; definitions and phrases around it are used.

    Where a text has several, the report is about the first with a wrong line, else the longest; all are
    its ``parts``.

    Examples
    --------
    >>> check_text("L = (y - w x)^2\n\ndL/dw = 2(y - w x)(-x)\n      = -2x(y - w x)").verdicts
    ('equal', 'equal')
    """
    declared, text = take_declarations(text)
    page = read_page(text)
    reports: list[Report] = []
    known = [*context, *declared, *page.context]
    phrases = [*assumptions, *page.phrases[:60]]
    for laid in page.chains[:40]:
        kind = mode or ("equation" if laid.equations else "expr")
        said = (*phrases, laid.case) if laid.case else tuple(phrases)
        chain = Chain(tuple(piece.bare for piece in laid.lines), tuple(known), said, wrt, kind)
        made = check_chain(chain, id=id, given=given)
        lines = tuple(
            replace(line, start=piece.start) for line, piece in zip(made.lines, laid.lines, strict=True)
        )
        reports.append(replace(made, lines=lines))
        right = all(v == "equal" for v in made.verdicts)
        if right and len(laid.lines) > 1 and not laid.case:
            known.append(f"{laid.lines[0].bare} = {laid.lines[-1].bare}")
    if not reports:
        return Report((), (), id=id, notes=(_nothing(text),))
    wrong = [r for r in reports if r.first_wrong is not None]
    chosen = wrong[0] if wrong else max(reports, key=lambda r: len(r.lines))
    return replace(chosen, parts=tuple(reports)) if len(reports) > 1 else chosen


_ASKED: Final = re.compile(r"(∂|∇|d\w*/d)[^=]*")
"""The first line of an exercise: a derivative."""


def _nothing(text: str) -> str:
    """What to say where there is nothing to judge: an exercise as it was given out is no mistake."""
    written = [bare for line in text.splitlines() if (bare := line.split("#", 1)[0].strip(" =\t"))]
    if not written or (len(written) == 1 and _ASKED.fullmatch(written[0])):
        return "your lines are still to be filled in: one a line, each after an equals sign"
    return "no derivation was found: lines with = between them"


def check_record(record: Mapping[str, object], given: Context | None = None) -> Report:
    """Judge one problem: ``id, context, assumptions, wrt, mode`` and ``lines``, or ``raw``."""

    def texts(key: str) -> tuple[str, ...]:
        value = record.get(key) or ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list | tuple):
            return ()
        return tuple(str(x) for x in cast("list[object]", value))

    name, wrt = str(record.get("id", "")), str(record.get("wrt") or "")
    mode = str(record.get("mode") or "")
    lines = texts("lines")
    if not lines and record.get("raw"):
        return check_text(
            str(record["raw"]),
            context=texts("context"),
            assumptions=texts("assumptions"),
            wrt=wrt,
            mode=mode,
            id=name,
            given=given,
        )
    chain = Chain(lines, texts("context"), texts("assumptions"), wrt, mode or "expr")
    return check_chain(chain, id=name, given=given)
