"""The page of a mistake: what was taken for true, what is true, an example of each."""

from __future__ import annotations

from whygrad.core.cost import Scope
from whygrad.core.document import Block, Callout, Code, Document, Heading, Row, Rows, Sentence
from whygrad.core.errors import UsageError
from whygrad.core.expr import Expr
from whygrad.engine.diagnose import diagnose
from whygrad.engine.why import unknown
from whygrad.rules.mistakes import MISTAKES, Example, Mistake
from whygrad.rules.sources import citation
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.expression import read_expr


def read_example(example: Example) -> tuple[Expr, Expr, Scope]:
    """Both lines of an example and what their names are.

    Examples
    --------
    >>> before, after, scope = read_example(MISTAKES["mistake/log/one-over-lost"].examples[0])
    >>> sorted(scope.declarations)
    ['w']
    """
    scope = read_cost(f"{example.given}\nwhole = 0").scope
    scope = Scope(scope.declarations, {k: d for k, d in scope.definitions.items() if k != "whole"})
    pairs = (part.split(":") for part in example.letters.split(",") if part.strip())
    letters = {letter.strip(): dim.strip() for letter, dim in pairs}
    before, after = (
        read_expr(text, scope, letters=letters, lenient=True) for text in (example.before, example.after)
    )
    return before, after, scope


def mistake_page(id: str) -> Document:
    """The page of a row of the table of mistakes.

    Raises
    ------
    UsageError
        ``error/unknown-id``, with near ids.

    Examples
    --------
    >>> mistake_page("mistake/index/delta-squared").title
    'delta summed as a number of terms'
    """
    row = MISTAKES.get(id)
    if row is None:
        raise _unknown(id)
    blocks: list[Block] = [
        Heading((row.title,), aside=(row.id,)),
        Sentence(("What was taken for true",)),
        Code(row.statement),
        Sentence(("What is true",)),
        Code(row.instead_of),
        Sentence((row.because,)),
        Callout("hint", (row.hint,)),
    ]
    before, after, scope = read_example(row.examples[0])
    blocks.extend(_example(row, before, after, scope))
    blocks.append(Sentence((f"Source of the right rule: {citation(row.source)}",)))
    return Document(tuple(blocks), scope, row.title)


def _unknown(id: str) -> UsageError:
    return unknown(id, list(MISTAKES), "mistakes are")


def _example(row: Mistake, before: Expr, after: Expr, scope: Scope) -> list[Block]:
    found = diagnose(before, after, scope)
    rows = [
        Row(after, before, id="wrong", verdict="different", reason=("wrong",)),
    ]
    if found is not None:
        rows.append(Row(found.corrected, None, id="right", verdict="equal", reason=("right",)))
    blocks: list[Block] = [Rows(tuple(rows), ("For example",), id=row.id)]
    if found is not None and found.counterexample:
        point = {k: v for k, v in found.counterexample.items() if k not in ("line before", "this line")}
        where = ", ".join(f"{name} = {value}" for name, value in point.items())
        values = found.counterexample
        text = f"at {where}: {values['line before']} and not {values['this line']}" if where else ""
        if text:
            blocks.append(Callout("fact", (text,)))
    return blocks
