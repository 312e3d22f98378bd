"""A report as a document: each line with its verdict, the place that is wrong, what puts it right."""

from __future__ import annotations

from whygrad.core.document import (
    Block,
    Callout,
    Code,
    Document,
    Formula,
    Heading,
    Inline,
    Row,
    Rows,
    Sentence,
)
from whygrad.core.report import WRONG, CheckedLine, Finding, Pair, Report


def report_document(report: Report, *, hint: bool = False) -> Document:
    """What a report shows.

    Parameters
    ----------
    report
        From :func:`whygrad.engine.check.check_chain`.
    hint
        The place and a question, not the answer.

    Examples
    --------
    >>> from whygrad.engine.check import check_chain
    >>> from whygrad.syntax.people.chain import Chain
    >>> made = report_document(check_chain(Chain(("2 x + 2", "2 (x + 1)"))))
    >>> made.blocks[0].rows[1].verdict
    'right'
    """
    hint = hint or report.hint_only
    blocks: list[Block] = []
    if report.picture:
        blocks += [Sentence(("Read in the picture:",)), Code(report.picture, "latex")]
    if not report.parts:
        blocks += _judged(report, "check", hint)
        said = summary_of(report).split(": whygrad")[0] if hint else summary_of(report)
        return Document((*blocks, Sentence((said,))), report.scope, "check", report.json())
    for k, part in enumerate(report.parts, 1):
        blocks.append(Heading((f"Derivation {k}",), 2))
        blocks += _judged(part, f"check.{k}", hint)
    said = _summary_of_parts(report.parts)
    blocks.append(Sentence((said.split(": whygrad")[0] if hint else said,)))
    return Document(tuple(blocks), report.scope, "check", report.json())


def _judged(report: Report, id: str, hint: bool) -> list[Block]:
    """One derivation: its lines, its first mistake, how it was read."""
    blocks: list[Block] = [Rows(tuple(_rows(report)), numbered=False, id=id)]
    first = report.first_wrong
    if first is not None:
        blocks += wrong_blocks(report, first, hint)
    blocks += _after(report)
    blocks += [Callout("reading", (reading.sentence,)) for reading in report.readings]
    blocks += [
        Callout("reading", (f"line {k + 1}: {repair}",))
        for k, line in enumerate(report.lines)
        for repair in line.repairs
    ]
    kind = "convention" if report.lines else "hint"  # with no lines, the notes say what to write
    return [*blocks, *(Callout(kind, (note,)) for note in report.notes)]


def _summary_of_parts(parts: tuple[Report, ...]) -> str:
    """What comes of several derivations, in a sentence."""
    wrong = [str(k) for k, part in enumerate(parts, 1) if part.first_wrong is not None]
    if not wrong:
        sure = all(v == "equal" for part in parts for v in part.verdicts)
        more = "every line is right" if sure else "no line is wrong; not every line could be judged"
        return f"{len(parts)} derivations: {more}."
    slips = dict.fromkeys(p.mistake.id for p in parts if p.mistake is not None and p.mistake.id)
    name = ": " + ", ".join(f"whygrad why {slip}" for slip in slips) if slips else ""
    where = f"derivation {wrong[0]}" if len(wrong) == 1 else f"derivations {', '.join(wrong)}"
    return f"{len(parts)} derivations, a mistake in {where}{name}"


def _rows(report: Report) -> list[Row]:
    rows: list[Row] = []
    first = report.first_wrong
    spelled = any("\\" in line.source for line in report.lines) and report.mode != "equation"
    for k, line in enumerate(report.lines):
        pair = report.pairs[k - 1] if k else None
        verdict, reason = (
            ("", ()) if pair is None else _verdict(pair, k == first, first is not None, report, k)
        )
        changed = ()
        if k == first and report.mistake is not None and line.expr is not None:
            changed = report.mistake.paths
        readable = line.expr is not None and spelled
        sign = "" if k == 0 or report.mode == "equation" or readable else "= "
        rows.append(
            Row(
                line.expr if readable else None,
                relation="" if k == 0 or report.mode == "equation" else "=",
                label=str(k + 1),
                raw=sign + _one_line(line),
                reason=reason,
                verdict=verdict,
                changed=changed,
                marked=_marked(line, report.mistake, len(sign)) if k == first and not readable else (),
            )
        )
    return rows


def _one_line(line: CheckedLine) -> str:
    """The person's own text."""
    return " ".join(line.source.split())


def _marked(line: CheckedLine, found: Finding | None, shift: int) -> tuple[tuple[int, int], ...]:
    """The places of a mistake in a line as it is shown, blanks in a row made one."""
    places: list[tuple[int, int]] = []
    for site in sorted(found.sites if found is not None else (), key=lambda s: s.start):
        begin, end = (len(" ".join(line.source[:n].split())) for n in (site.start, site.end))
        before = line.source[: site.start]
        begin += bool(before.strip()) and before[-1].isspace()
        if end > begin and (not places or shift + begin >= places[-1][1]):
            places.append((shift + begin, shift + end))
    return tuple(places)


def _verdict(pair: Pair, first: bool, after_wrong: bool, report: Report, k: int) -> tuple[str, Inline]:
    """The mark of a line and what is said beside it."""
    e = pair.evidence
    said = "; ".join(pair.notes)
    if pair.verdict == "equal":
        word = "right"
        wrong_at = report.first_wrong
        if wrong_at is not None and k > wrong_at:
            word = f"follows from line {k}"
        if e.kind == "definition":
            said = said or "says what line 1 is"
        elif e.kind == "sampled":
            said = "; ".join(x for x in (said, "tested by numbers, not proved") if x)
        if e.conditions:
            said = "; ".join(x for x in (said, "where " + ", ".join(e.conditions)) if x)
        if e.uses:
            said = "; ".join(x for x in (said, "uses " + ", ".join(e.uses)) if x)
        return word, (said,) if said else ()
    if pair.verdict in WRONG:
        if first:
            return "WRONG", (
                "the first wrong line" if pair.verdict == "different" else "the shapes do not fit",
            )
        goal = report.goals[k] if k < len(report.goals) else None
        if goal:
            return "right again", (f"the value of line 1, though it does not follow from line {k}",)
        return "WRONG", (f"does not follow from line {k}",)
    if pair.verdict == "unreadable":
        return "not read", (e.why,) if e.why else ()
    return "undecided", (e.why,) if e.why else ()


def wrong_blocks(report: Report, k: int, hint: bool) -> list[Block]:
    """What is known about the first wrong line."""
    blocks: list[Block] = []
    pair, found = report.pairs[k - 1], report.mistake
    place = _place(report.lines[k], found)
    if place:
        blocks.append(Sentence((f"In line {k + 1} look at: `{place}`",)))
    if found is not None and not hint:
        if found.fact:
            blocks.append(Callout("fact", _said(found.fact)))
        if found.cause:
            blocks.append(Callout("mistake", _said(found.cause)))
    if found is not None and found.hint:
        blocks.append(Callout("hint", (found.hint,)))
    if pair.verdict == "ill-typed" and pair.evidence.why:
        blocks.append(Callout("fact", (_sentence(pair.evidence.why),)))
    example = example_sentence(pair, k)
    if example:
        blocks.append(Sentence((example,)))
    if found is not None and found.corrected is not None and not hint:
        blocks.append(Sentence(("Corrected:",)))
        blocks.append(Formula(found.corrected))
        if found.texts.get("own"):
            blocks += [Sentence(("In your notation:",)), Code(found.texts["own"], "latex")]
    return blocks


def _said(parts: Inline) -> Inline:
    """Running text as a sentence: it begins with a capital and ends with a full stop."""
    first, last = parts[0], parts[-1]
    begins = (first[:1].upper() + first[1:],) if isinstance(first, str) else (first,)
    ends = "" if isinstance(last, str) and last.endswith((".", "?", "!")) else "."
    return (*begins, *parts[1:], *((ends,) if ends else ()))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _place(line: CheckedLine, found: Finding | None) -> str:
    """The part of the text that is wrong."""
    if found is None or not found.sites:
        return ""
    parts = [" ".join(line.source[s.start : s.end].split()) for s in found.sites]
    return "` and `".join(dict.fromkeys(p for p in parts if p))


def example_sentence(pair: Pair, k: int) -> str:
    """The point at which the two lines differ."""
    e = pair.evidence
    if e.point is None or e.values is None:
        return ""
    shown = [(n, v) for n, v in e.point.items() if "·" not in n]
    if not shown or len(shown) > 8 or sum(len(v) for _, v in shown) > 120:
        return (
            f"At a point that was tried, line {k} gives {e.values[0]} and line {k + 1} gives {e.values[1]}."
        )
    where = ", ".join(f"{n} = {_number(v)}" for n, v in shown)
    before, after = map(_number, e.values)
    return f"With {where}: line {k} gives {before}, line {k + 1} gives {after}."


def _number(text: str) -> str:
    """A number with the sign that formulas have."""
    return text.replace("-", "−") if not text.lstrip("-")[:1].isalpha() else text


def _after(report: Report) -> list[Block]:
    """What settles a line that could not be judged."""
    blocks: list[Block] = []
    settled: dict[str, list[str]] = {}
    open_lines: list[str] = []
    for k, pair in enumerate(report.pairs):
        if pair.verdict != "undecided":
            continue
        for line in pair.settles:
            settled.setdefault(line, []).append(str(k + 2))
        if not pair.settles:
            open_lines.append(str(k + 2))
    for line, at in settled.items():
        text = (
            f"Line {', '.join(at)}: if it is so, this line at the top of the text (or as --context)"
            " settles it."
        )
        blocks += [Callout("next", (text,)), Code(line)]
    if open_lines:
        text = (
            f"Line {', '.join(open_lines)}: say what the names are (context, --cost, a declaration at the"
            " top) to have it judged."
        )
        blocks.append(Callout("next", (text,)))
    return blocks


def summary_of(report: Report) -> str:
    """What comes of it all, in a sentence."""
    wrong = sum(v in WRONG for v in report.verdicts)
    if not wrong:
        if all(v == "equal" for v in report.verdicts):
            return "Every line is right." if report.pairs else "There is no step to check."
        return "No line is wrong; not every line could be judged."
    name = f": whygrad why {report.mistake.id}" if report.mistake is not None and report.mistake.id else ""
    again = sum(
        v in WRONG and bool(report.goals[k + 1 : k + 2] and report.goals[k + 1])
        for k, v in enumerate(report.verdicts)
    )
    count = max(1, wrong - again)
    return f"{count} mistake{'' if count == 1 else 's'}{name}"
