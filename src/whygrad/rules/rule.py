"""Rules as rows: a statement that is matched, shown and tested, and the words that explain it.

A statement is written in the project's own language: ``D(log(u)) = 1/u * D(u)``. The letters of
:data:`HOLES` stand for any expression, ``D`` for the derivative by the variable at hand. Where
matching cannot say what a rule does (sums of any length, index binders) the engine has a *move*
under the rule's id; the row still has the statement, for the page and for the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    mul,
)
from whygrad.core.walk import children, rebuild
from whygrad.syntax.statement import read_statement

HOLES: tuple[str, ...] = ("u", "v", "w", "a", "b", "c", "n", "x")
"""Letters that stand for expressions in statements; ``x`` is the variable of differentiation."""

Bindings = dict[str, Expr]


@dataclass(frozen=True, slots=True)
class Condition:
    """A side condition as data, so that a page can print it."""

    kind: Literal["constant", "positive", "nonzero", "integer", "any"]
    hole: str

    @property
    def sentence(self) -> str:
        """In words."""
        return {
            "constant": f"{self.hole} does not hold the variable",
            "positive": f"{self.hole} > 0",
            "nonzero": f"{self.hole} is not 0",
            "integer": f"{self.hole} is an integer",
            "any": "",
        }[self.kind]


def constant(hole: str) -> Condition:
    """The hole does not hold the variable of differentiation."""
    return Condition("constant", hole)


def positive(hole: str) -> Condition:
    """The hole is positive."""
    return Condition("positive", hole)


def nonzero(hole: str) -> Condition:
    """The hole is not zero."""
    return Condition("nonzero", hole)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    id
        Public and never reused, e.g. ``derivative/power``.
    title
        The name a teacher uses, lower case ("power rule", "derivative of log").
    statement
        An equation in the plain language.
    because
        The reason in a sentence; ``{u}`` is what hole ``u`` stood for.
    where
        Side conditions.
    minor
        House-keeping the normal view folds away.
    examples
        Expressions it applies to, in the plain language.
    source
        Where it is stated, see :mod:`whygrad.rules.sources`.
    """

    id: str
    title: str
    statement: str
    because: str
    where: tuple[Condition, ...] = ()
    minor: bool = False
    examples: tuple[str, ...] = ()
    source: str = ""
    see: tuple[str, ...] = ()
    brief: str = ""
    """The reason in a few words, to stand beside a line; empty: ``because``."""
    aliases: tuple[str, ...] = field(default=())

    @cached_property
    def sides(self) -> tuple[Expr, Expr]:
        """Both sides of the statement as patterns."""
        return read_statement(self.statement, HOLES)

    @property
    def room(self) -> str:
        """The part of the id before the slash."""
        return self.id.split("/", 1)[0]


def match(pattern: Expr, e: Expr) -> Bindings | None:
    """What the holes must stand for so that ``pattern`` is ``e``, or None.

    A hole at the end of a sum or product takes all that is left.
    """
    bindings: Bindings = {}
    todo: list[tuple[Expr, Expr]] = [(pattern, e)]
    while todo:
        p, x = todo.pop()
        match p:
            case Hole(name):
                if bindings.setdefault(name, x) is not x:
                    return None
            case Call("D", (body,)):
                if not isinstance(x, Partial) or bindings.setdefault("x", x.wrt) is not x.wrt:
                    return None
                todo.append((body, x.body))
            case Number(value):
                if not isinstance(x, Number) or x.value != value:
                    return None
            case Add(parts) | Mul(parts):
                more = _match_parts(p, parts, x)
                if more is None:
                    return None
                todo.extend(more)
            case _:
                if not _same_head(p, x):
                    return None
                todo.extend(zip(children(p), children(x), strict=True))
    return bindings


def _match_parts(p: Expr, parts: tuple[Expr, ...], x: Expr) -> list[tuple[Expr, Expr]] | None:
    if type(x) is not type(p):
        return None
    whole = children(x)
    if len(whole) < len(parts):
        return None
    if len(whole) > len(parts):
        if not isinstance(parts[-1], Hole):
            return None
        build = add if isinstance(p, Add) else mul
        cut = len(parts) - 1
        whole = (*whole[:cut], build(*whole[cut:]))
    return list(zip(parts, whole, strict=True))


def _same_head(p: Expr, x: Expr) -> bool:
    if type(p) is not type(x) or len(children(p)) != len(children(x)):
        return False
    match p, x:
        case (Call(a), Call(b)) | (Symbol(a), Symbol(b)) | (Constant(a), Constant(b)):
            return a == b
        case (Size(a), Size(b)):
            return a == b
        case (Apply(a), Apply(b)) | (Compare(a), Compare(b)):
            return a == b
        case (Reduce(a), Reduce(b)):
            return a == b and p.index is x.index  # pyright: ignore[reportAttributeAccessIssue]
        case (Index(), Index()):
            return p is x
        case (Pow() | Cases() | Delta() | Entry() | Partial(), _):
            return True
        case _:
            return p is x


def fill(pattern: Expr, bindings: Mapping[str, Expr]) -> Expr:
    """``pattern`` with its holes filled; ``D(u)`` becomes the derivative by ``bindings["x"]``."""
    done: dict[Expr, Expr] = {}
    stack: list[tuple[Expr, bool]] = [(pattern, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        kids = children(node)
        if isinstance(node, Hole):
            done[node] = bindings[node.name]
        elif ready or not kids:
            new = tuple(done[kid] for kid in kids)
            if isinstance(node, Call) and node.name == "D":
                wrt = bindings["x"] if len(new) == 1 else new[1]
                assert isinstance(wrt, Symbol)
                done[node] = Partial(new[0], wrt)
            elif isinstance(node, Entry) and isinstance(new[0], Symbol) and not new[0].indices:
                done[node] = Symbol(new[0].name, new[1:])
            else:
                done[node] = rebuild(node, new) if kids else node
        else:
            stack.append((node, True))
            stack.extend((kid, False) for kid in kids)
    return done[pattern]
