"""Exercises from a cost, by seed and level: a missing factor, a planted mistake, a whole derivation.

Mistakes are planted by the rows of the mistake table, at one step of the derivation; what is planted is
refuted by the judge and named by the same diagnosis that judges an answer, so that the solution is sure.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from whygrad.core.circuit import Wire
from whygrad.core.cost import Scope
from whygrad.core.derivation import Stage
from whygrad.core.document import Block, Document, Formula, Inline, Row, Rows, Sentence
from whygrad.core.errors import UsageError, WhygradError
from whygrad.core.expr import (
    ONE,
    Add,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.walk import holds_partial, paths, replace_at, substitute
from whygrad.engine.diagnose import diagnose
from whygrad.engine.diagnose_rewrites import rewritten
from whygrad.engine.diagnose_rules import wrongs
from whygrad.engine.diagnose_slopes import Slopes, nodes
from whygrad.engine.moves import Context
from whygrad.engine.narrate import opened
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy
from whygrad.meaning.equal import same_value
from whygrad.rules.mistakes import MISTAKES
from whygrad.show.markdown import to_markdown
from whygrad.show.text import to_text
from whygrad.teach.lesson import Lesson
from whygrad.teach.words import Words

Kind = Literal["factor", "mistake", "whole"]
Level = Literal["easy", "normal", "hard"]
LEVELS: Final[tuple[str, ...]] = get_args(Level)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_TRIES: Final = 30
_BLANK: Final = Hole("?")


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer to choose, and whether it is right."""

    text: Inline
    right: bool


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise with its solution.

    ``start`` is the first line for ``check``: what the answer has to be equal to, in the cost's own names, as
    is ``wrt``; the formulas may be in a teacher's symbols. ``choices`` are for
    media that can only compare. ``id`` is the mistake that was planted, or the stage asked for.
    """

    kind: Kind
    id: str
    task: tuple[Block, ...]
    answer: tuple[Block, ...]
    start: str
    scope: Scope
    wrt: str = ""
    lines: tuple[Expr, ...] = ()
    right: Expr | None = None
    wrong_line: int = 0
    choices: tuple[Choice, ...] = ()

    def task_markdown(self, words: Words) -> str:
        """What is asked."""
        return to_markdown(Document((Sentence((words[self.kind],)), *self.task), self.scope)).strip()

    def answer_markdown(self, words: Words) -> str:
        """The solution."""
        return to_markdown(Document(self.answer, self.scope)).strip()


def exercises(
    lesson: Lesson, *, seed: int = 0, level: str = "normal", count: int = 6, kinds: Sequence[Kind] = KINDS
) -> tuple[Exercise, ...]:
    r"""A sheet: the same for the same cost, seed and level.

    Parameters
    ----------
    lesson
        The cost.
    seed
        Another seed, another sheet.
    level
        ``"easy"`` shows every small step, ``"normal"`` those of the derivation, ``"hard"`` only its ends.
    count
        How many, as far as the cost gives as many different ones.
    kinds
        Which kinds, in turn.

    Raises
    ------
    UsageError
        For a level that does not exist.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> found = exercises(Lesson(read_cost("data x, y\nparam w\nJ = (w x - y)^2"), ""), count=2)
    >>> [e.kind for e in found]
    ['mistake', 'whole']
    """
    if level not in LEVELS:
        raise UsageError("error/usage", f"there is no level {level!r}", fix=f"one of {', '.join(LEVELS)}")
    rng = random.Random(f"{seed} {level}")
    makers: dict[Kind, Iterator[Exercise]] = {
        "factor": _factors(lesson, rng),
        "mistake": _mistakes(lesson, rng, level),
        "whole": _whole(lesson, rng),
    }
    out: list[Exercise] = []
    open_: list[Kind] = list(kinds)
    while open_ and len(out) < count:
        for kind in tuple(open_):
            made = next(makers[kind], None)
            if made is None:
                open_.remove(kind)
            elif len(out) < count:
                out.append(made)
    return tuple(out)


# --- the missing factor -------------------------------------------------------------------------


def _factors(lesson: Lesson, rng: random.Random) -> Iterator[Exercise]:
    """∂L/∂z = (f − y)/(f (1 − f)) · ?: the local derivative of one wire is left out."""
    circuit, words, scope = lesson.circuit, lesson.words, lesson.derivation.cost.scope
    wires = [w for w in circuit.wires if w.local is not None and w.target != circuit.root.name]
    rng.shuffle(wires)
    for wire in wires:
        left, above = wire.left, circuit.node(wire.target)
        if left is None or wire.local is None or above.gradient is None or wire.local is ONE:
            continue
        assert isinstance(left.body, Symbol)
        swap: dict[Expr, Expr] = dict(zip(above.symbol.indices, left.body.indices, strict=True))
        known = substitute(above.gradient, swap)
        line: Expr = mul(known, _BLANK)
        for index in reversed(wire.summed):
            line = Reduce("sum", index, line)
        whole = Partial(circuit.root, left.wrt)
        yield lesson.own.of(Exercise(
            "factor",
            wire.stage or to_text(lesson.own.of(left), lesson.own.of(scope)),
            (Rows((Row(line, whole),)),),
            (
                Sentence(
                    (words["factor answer"], " ", wire.local, ". ", words["factor why"], " ", left, ".")
                ),
                Rows((Row(wire.local, left),)),
            ),
            to_text(left, scope),
            scope,
            right=wire.local,
            choices=_choices(wire, scope, rng),
        ))  # fmt: skip


def _choices(wire: Wire, scope: Scope, rng: random.Random) -> tuple[Choice, ...]:
    """The right factor among wrong ones, each refuted by the judge."""
    assert wire.local is not None
    assert wire.left is not None
    right = wire.local
    options: list[Expr] = [tidy(neg(right)), tidy(inverse(right)), wire.left.wrt]
    if isinstance(right, Mul):
        options += [
            tidy(mul(*(f for n, f in enumerate(right.factors) if n != k))) for k in range(len(right.factors))
        ]
    wrong: list[Expr] = []
    for option in dict.fromkeys(options):
        if option is not right and _differ(option, right, scope):
            wrong.append(option)
    chosen = [Choice((e,), False) for e in wrong[:3]] + [Choice((right,), True)]
    rng.shuffle(chosen)
    return tuple(chosen) if wrong else ()


def _differ(a: Expr, b: Expr, scope: Scope) -> bool:
    """Whether two expressions are known to differ; what cannot be judged is not used."""
    try:
        return same_value(a, b, scope).kind == "different"
    except (WhygradError, ValueError):
        return False


# --- the planted mistake ------------------------------------------------------------------------


def _mistakes(lesson: Lesson, rng: random.Random, level: str) -> Iterator[Exercise]:
    """Lines of one stage, with one of them as somebody would write it who made a known mistake."""
    scope = lesson.derivation.cost.scope
    stages = [s for p in lesson.derivation.parameters for s in p.stages if not s.reused]
    chains = [(stage, chain) for stage in stages if len(chain := _lines(stage, level)) > 1]
    long = [c for c in chains if len(c[1]) > 2]
    used: set[str] = set()
    for attempt in range(_TRIES if chains else 0):
        least = 2 if long and attempt < 0.8 * _TRIES else 1
        stage, chain = rng.choice(long if least > 1 else chains)
        k = rng.randrange(1, len(chain))
        planted = _planted(chain[k - 1], chain[k], scope, rng)
        if planted is None:
            continue
        slip, line = planted
        if f"{slip} {stage.id}" in used:
            continue
        made = _with_mistake(lesson, stage, chain, k, slip, line)
        if made is not None and len(made.lines) >= least:
            used.add(f"{slip} {stage.id}")
            yield made


def _lines(stage: Stage, level: str) -> list[Expr]:
    """The lines of a stage, from what is computed to its result."""
    lines: list[Expr] = [stage.left, stage.start]
    for step in stage.steps:
        if level == "easy":
            lines.extend(part.after for part in opened(step) or (step,))
        elif level == "normal" and not step.minor:
            lines.append(step.after)
    lines.append(stage.result)
    return list(dict.fromkeys(lines))


def _planted(before: Expr, right: Expr, scope: Scope, rng: random.Random) -> tuple[str, Expr] | None:
    """The id of a mistake and the line it makes of the line before."""
    slopes = Slopes(scope)
    options: list[tuple[str, Callable[[], Expr]]] = []
    try:
        if holds_partial(before):
            found = next(
                ((p, n) for p, n in paths(before) if isinstance(n, Partial) and not holds_partial(n.body)),
                None,
            )
            if found is not None:
                path, partial = found
                tree = slopes.tree(partial)
                for node in nodes(tree):
                    for slip, new in wrongs(node, slopes):
                        options.append((slip, lambda node=node, new=new: replace_at(
                            before, path, slopes.changed(tree, {node: new}))))  # fmt: skip
        else:
            options.extend((slip, lambda line=line: line) for slip, _, line in rewritten(before))
        options.extend((slip, lambda line=line: line) for slip, line in _slips(right))
        if not options:
            return None
        slip = rng.choice(sorted({slip for slip, _ in options}))
        _, make = rng.choice([o for o in options if o[0] == slip])
        line = tidy(slopes.worked(make()))
    except (WhygradError, AssertionError, ValueError):
        return None
    return (slip, line) if slip in MISTAKES and not holds_partial(line) else None


def _slips(line: Expr) -> Iterator[tuple[str, Expr]]:
    """A sign, a term, an exponent or a number gone wrong in the right line."""
    for path, node in paths(line):
        match node:
            case Add(terms):
                for k, term in enumerate(terms):
                    yield "mistake/sign/one-term", replace_at(line, (*path, k), neg(term))
                    rest = add(*(t for n, t in enumerate(terms) if n != k))
                    yield "mistake/term/lost", replace_at(line, path, rest)
            case Pow(base, Number(value)) if value > 1:
                yield "mistake/power/exponent-off", replace_at(line, path, Pow(base, Number(value + 1)))
            case _:
                continue
    if not holds_partial(line):
        yield "mistake/sign/whole-line", neg(line)


def _with_mistake(
    lesson: Lesson, stage: Stage, chain: Sequence[Expr], k: int, slip: str, line: Expr
) -> Exercise | None:
    """The exercise, if the planted line is refuted and diagnosis names this mistake first."""
    scope, words = lesson.derivation.cost.scope, lesson.words
    before, right = chain[k - 1], chain[k]
    if not _differ(before, line, scope):
        return None
    wrt = stage.left.wrt if isinstance(stage.left, Partial) else None
    found = diagnose(before, line, scope, wrt=wrt, goal=stage.left)
    if found is None or found.id != slip:
        return None
    after: list[Expr] = []
    for step in simplify(line, Context(scope)):
        after.append(step.after)
    shown = [*chain[1:k], line, *after[-2:]] if stage.start is stage.left else [*chain[:k], line, *after[-2:]]
    shown = list(dict.fromkeys(e for e in shown if e is not stage.left))
    place = shown.index(line) + 1
    rows = tuple(Row(e, stage.left if not n else None, label=str(n + 1)) for n, e in enumerate(shown))
    title = MISTAKES[slip].title
    answer: tuple[Block, ...] = (
        Sentence((words["mistake answer"].format(line=place, title=title),)),
        *((Sentence((words["mistake fact"].format(line=place), *found.fact, ".")),) if found.fact else ()),
        Sentence((words["mistake right"],)),
        Rows((Row(right, None, label=str(place)),)),
    )
    choices = tuple(Choice((words["line"].format(number=n + 1),), n + 1 == place) for n in range(len(shown)))
    return lesson.own.of(Exercise(
        "mistake", slip, (Rows(rows),), answer, to_text(stage.left, scope),
        scope, wrt=wrt.name if wrt is not None else "", lines=tuple(shown), right=right, wrong_line=place,
        choices=choices if len(choices) > 1 else (),
    ))  # fmt: skip


# --- the whole derivation -----------------------------------------------------------------------


def _whole(lesson: Lesson, rng: random.Random) -> Iterator[Exercise]:
    """The gradient by one parameter; the solution is the derivation."""
    words, scope = lesson.words, lesson.derivation.cost.scope
    told = list(zip(lesson.derivation.parameters, lesson.shown.parameters, _derivations(lesson), strict=True))
    rng.shuffle(told)
    for named, parameter, rows in told:
        final = parameter.stages[-1]
        yield Exercise(
            "whole",
            final.id,
            (Formula(final.left),),
            (rows, Sentence((words["whole answer"], " ", parameter.result, "."))),
            to_text(named.stages[-1].left, scope),
            lesson.shown.cost.scope,
            wrt=named.wrt.name,
            right=parameter.result,
        )


def _derivations(lesson: Lesson) -> list[Rows]:
    """The rows of each parameter; each stands alone: what is reused has the reason it had the first time."""
    blocks = [b for b in lesson.document.blocks if isinstance(b, Rows) and b.id != "cost"]
    first: dict[tuple[Expr | None, Expr | None], Row] = {}
    for row in (row for block in blocks for row in block.rows):
        first.setdefault((row.left, row.right), row)
    return [
        Rows(
            tuple(_alone(row, first[row.left, row.right] if row.left else row) for row in block.rows),
            id=block.id,
            numbered=block.numbered,
        )
        for block in blocks
    ]


def _alone(row: Row, first: Row) -> Row:
    return Row(row.right, row.left, row.relation, row.label, row.id, first.reason, row.rule)


def is_right(exercise: Exercise, answer: Expr) -> bool:
    r"""Whether an answer has the value of the right one.

    >>> from whygrad.syntax.cost_text import read_cost
    >>> found = exercises(Lesson(read_cost("data x, y\nparam w\nJ = (w x - y)^2"), ""), kinds=("whole",))
    >>> is_right(found[0], found[0].right), is_right(found[0], ONE)
    (True, False)
    """
    assert exercise.right is not None
    return same_value(answer, exercise.right, exercise.scope).kind == "equal"


def indices_of(e: Partial) -> tuple[Index, ...]:
    """The letters of what a derivative is taken by."""
    return tuple(i for i in e.wrt.indices if isinstance(i, Index))
