"""Exercises that mark themselves: an empty derivation, marks by lines, a class at a glance.

A template says what is given and what is to be shown; the learner writes the lines between, in any
notation that ``check`` reads. Marking takes the answer that ``check --records`` gives (verdicts of the
pairs of lines, the first wrong line, the mistake), so a line that follows from a wrong one is right.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from whygrad.core.cost import Cost, Scope
from whygrad.core.document import Block, Callout, Document, Heading, Inline, Sentence, Table
from whygrad.core.errors import LanguageError, UsageError, WhygradError
from whygrad.core.expr import Expr
from whygrad.engine.derive import derive
from whygrad.engine.diagnose import diagnose
from whygrad.meaning.equal import same_value
from whygrad.rules.mistakes import MISTAKES
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.expression import read_expr
from whygrad.syntax.unparse import to_plain

GIVEN: Final = "# given"
SHOW: Final = "# to show:"
LINES: Final = "# your lines: each begins with =, and what follows a # is not read"

Answer = Mapping[str, Any]
"""What ``check --records`` says about one problem: verdicts, first_wrong, mistake.

``reached``, where it is given, says which lines have the value of line 0: such a line is right, even
after a wrong one that it does not follow from.
"""


@dataclass(frozen=True, slots=True)
class Submission:
    """A template as somebody filled it in. ``lines[0]`` is the derivative, the last one the goal."""

    name: str
    given: str
    lines: tuple[str, ...]
    goal: str


@dataclass(frozen=True, slots=True)
class Marks:
    """Credit by lines.

    ``right`` counts the lines that follow from the line before; lines that could not be decided are
    not counted against anybody. ``shown`` says whether the last line is what was to be shown.
    """

    name: str
    right: int
    wrong: int
    undecided: int
    unreadable: int
    first_wrong: int | None
    mistake: str
    shown: bool
    note: str = ""

    @property
    def counted(self) -> int:
        """Lines that count, and the goal."""
        return self.right + self.wrong + self.unreadable + 1

    @property
    def credit(self) -> float:
        """Between 0 and 1: right lines and the goal, of all that count.

        >>> Marks("a", 3, 1, 0, 0, 2, "", True).credit
        0.8
        """
        if not self.right and not self.wrong and not self.unreadable:
            return 0.0
        return round((self.right + self.shown) / self.counted, 3)


# --- the empty derivation ---------------------------------------------------------------------------
def template(cost: Cost, text: str, wrt: str | None = None, *, blanks: int = 4) -> str:
    r"""The empty derivation of a cost's gradient: given, to show, room for lines.

    Parameters
    ----------
    cost, text
        The cost and the text it came from.
    wrt
        A parameter; the first one when None.
    blanks
        How many empty lines to leave.

    Examples
    --------
    >>> source = "data x, y\nparam w\nJ = (w x - y)^2"
    >>> print(template(read_cost(source), source, blanks=1))
    # Derive the derivative of J by w
    # given
    data x, y
    param w
    J = (w x - y)^2
    # to show: 2 (w x - y) x
    # your lines: each begins with =, and what follows a # is not read
    d/dw J
    =
    """
    derivation = derive(cost, wrt or cost.parameters[0].name, "chain")
    found = derivation.parameters[0]
    scope = derivation.cost.scope
    goal_name = derivation.cost.definition(cost.goal).name
    given = [line for line in text.strip().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    variable = to_plain(found.wrt, scope)
    return "\n".join(
        [
            f"# Derive the derivative of {goal_name} by {variable}",
            GIVEN,
            *given,
            f"{SHOW} {to_plain(found.result, scope)}",
            LINES,
            f"d/d{variable} {goal_name}",
            *["="] * blanks,
        ]
    )


def read_submission(name: str, text: str) -> Submission:
    """A filled-in template taken apart; empty lines and comments are left out.

    Raises
    ------
    LanguageError
        Where "given", "to show" or the lines are not found.
    """
    rows = [row.strip() for row in text.splitlines()]
    given_at = _position(rows, lambda r: r.lower().startswith(GIVEN), "# given", text)
    show_at = _position(rows, lambda r: r.lower().startswith(SHOW), "# to show: ...", text)
    given = [r for r in rows[given_at + 1 : show_at] if r and not r.startswith("#")]
    written = [r.split("#", 1)[0].strip() for r in rows[show_at + 1 :]]
    lines: list[str] = []
    for row in written:
        row = row.removeprefix("=").strip()
        if row:
            lines.append(row)
    if not lines:
        raise LanguageError(
            "error/syntax",
            "there are no lines after 'to show'",
            fix="keep the line that begins the derivation",
        )
    goal = rows[show_at][len(SHOW) :].strip()
    return Submission(name, "\n".join(given), tuple(lines), goal)


def _position(rows: Sequence[str], test: Callable[[str], bool], wanted: str, text: str) -> int:
    for k, row in enumerate(rows):
        if test(row):
            return k
    raise LanguageError(
        "error/syntax",
        f"this is not a filled-in exercise: the line {wanted!r} is missing",
        fix="write into the file that --template made, and leave its lines beginning with # in place",
        source=text,
    )


# --- marking ----------------------------------------------------------------------------------------
Checker = Callable[[Submission], Answer]
"""Judges the lines of a submission, the goal as the last of them."""


def judged(submission: Submission) -> Answer:
    """Lines in the cost language judged by the exact judge; for other notations pass ``check``'s."""
    scope = read_cost(submission.given).scope
    lines = [_read(text, scope) for text in (*submission.lines, submission.goal)]
    verdicts: list[str] = []
    reached: list[bool] = []
    mistake: dict[str, str] | None = None
    first_wrong: int | None = None
    for k in range(1, len(lines)):
        before = next((e for e in reversed(lines[:k]) if e is not None), None)
        after = lines[k]
        if before is None or after is None:
            verdicts.append("unreadable")
            reached.append(False)
            continue
        verdict = same_value(before, after, scope).kind
        verdicts.append(verdict)
        start = lines[0]
        reached.append(
            verdict == "equal" or (start is not None and same_value(start, after, scope).kind == "equal")
        )
        if verdict in ("different", "ill-typed") and first_wrong is None:
            first_wrong = k
            found = diagnose(before, after, scope)
            if found is not None and found.id:
                mistake = {"id": found.id, "family": found.family}
    return {"verdicts": verdicts, "reached": reached, "first_wrong": first_wrong, "mistake": mistake}


def _read(text: str, scope: Scope) -> Expr | None:
    try:
        return read_expr(text, scope, lenient=True)
    except WhygradError:
        return None


def mark(submission: Submission, checker: Checker = judged, *, given: str = "") -> Marks:
    """Marks for one submission.

    Parameters
    ----------
    submission
        From :func:`read_submission`.
    checker
        What judges its lines.
    given
        The text that was given out: a changed one is noted.
    """
    note = ""
    if given and _plain(given) != _plain(submission.given):
        note = "what was given has been changed"
    try:
        answer = checker(submission)
    except WhygradError as error:
        return Marks(submission.name, 0, 0, 0, len(submission.lines), None, "", False, error.reason)
    verdicts = list(answer.get("verdicts") or [])
    last = verdicts[-1] if verdicts else "unreadable"
    reached = [*(answer.get("reached") or ()), *[False] * len(verdicts)]
    steps = ["equal" if ok and v != "undecided" else v for v, ok in zip(verdicts, reached, strict=False)][:-1]
    found: Mapping[str, str] = answer.get("mistake") or {}
    wrong = answer.get("first_wrong")
    started = len(submission.lines) > 1
    return Marks(
        submission.name,
        steps.count("equal"),
        steps.count("different") + steps.count("ill-typed"),
        steps.count("undecided"),
        steps.count("unreadable"),
        wrong if wrong is not None and wrong < len(submission.lines) else None,
        str(found.get("id", "")) if wrong is not None and wrong < len(submission.lines) else "",
        started and last == "equal",
        note or ("" if started else "no line was written"),
    )


def _plain(text: str) -> list[str]:
    return [
        "".join(row.split()) for row in text.splitlines() if row.strip() and not row.strip().startswith("#")
    ]


# --- a class ----------------------------------------------------------------------------------------
COLUMNS: Final = (
    "submission",
    "credit",
    "right",
    "wrong",
    "undecided",
    "unreadable",
    "first_wrong_line",
    "mistake",
    "goal_shown",
    "note",
)


def mark_all(texts: Mapping[str, str], checker: Checker = judged, *, given: str = "") -> list[Marks]:
    """Marks for many submissions, by name; one that cannot be taken apart gets none, and a note.

    Raises
    ------
    UsageError
        If there are none.
    """
    if not texts:
        raise UsageError(
            "error/usage", "there are no submissions", fix="put the filled-in files into one folder"
        )
    out: list[Marks] = []
    for name in sorted(texts):
        try:
            out.append(mark(read_submission(name, texts[name]), checker, given=given))
        except WhygradError as error:
            out.append(Marks(name, 0, 0, 0, 0, None, "", False, error.reason))
    return out


def to_csv(marks: Iterable[Marks]) -> str:
    """One row a submission.

    >>> print(to_csv([Marks("ada.txt", 3, 0, 0, 0, None, "", True)]), end="")
    submission,credit,right,wrong,undecided,unreadable,first_wrong_line,mistake,goal_shown,note
    ada.txt,1.0,3,0,0,0,,,yes,
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for m in marks:
        writer.writerow(
            [
                _cell(m.name),
                m.credit,
                m.right,
                m.wrong,
                m.undecided,
                m.unreadable,
                "" if m.first_wrong is None else m.first_wrong,
                m.mistake,
                "yes" if m.shown else "no",
                _cell(m.note),
            ]
        )
    return out.getvalue()


def _cell(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def class_report(marks: Sequence[Marks], title: str = "") -> Document:
    """Which mistakes were made how often, and where lines went wrong first."""
    count = Counter(m.mistake for m in marks if m.mistake)
    unnamed = sum(1 for m in marks if m.first_wrong is not None and not m.mistake)
    rows: list[tuple[Inline, ...]] = [
        ((MISTAKES[slip].title,), (str(times),), (MISTAKES[slip].hint,), (f"`whygrad why {slip}`",))
        for slip, times in count.most_common()
    ]
    if unnamed:
        rows.append((("a slip without a name",), (str(unnamed),), ("",), ("",)))
    whole = sum(1 for m in marks if m.shown and not m.wrong and not m.unreadable)
    blocks: list[Block] = [
        Heading((title or "Class report",), aside=(f"{len(marks)} submissions",)),
        Sentence(
            (
                f"{whole} of {len(marks)} derivations are right to the end; "
                f"{sum(m.first_wrong is not None for m in marks)} have a wrong line; "
                f"the mean credit is {sum(m.credit for m in marks) / max(len(marks), 1):.2f}.",
            )
        ),
    ]
    if rows:
        blocks.append(Table((("mistake",), ("times",), ("hint",), ("page",)), tuple(rows)))
    first = Counter(m.first_wrong for m in marks if m.first_wrong is not None)
    if first:
        line, times = first.most_common(1)[0]
        blocks.append(
            Callout("hint", (f"most first slips are in line {line} ({times} of {sum(first.values())})",))
        )
    unread = [m.name for m in marks if m.note]
    if unread:
        blocks.append(Callout("warning", (f"look at these by hand: {', '.join(unread[:12])}",)))
    return Document(tuple(blocks), title=title or "Class report")
