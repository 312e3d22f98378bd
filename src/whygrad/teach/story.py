"""A derivation as it is told: the cost, the plan, each stage line by line, what comes out.

Slides, handout and video show the same story, so they cannot differ in a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Derivation, ParameterDerivation, Stage
from whygrad.core.document import Inline, Row
from whygrad.core.expr import Call, Expr, Partial, Reduce, Symbol, factors_of, mul
from whygrad.core.walk import Path, postorder
from whygrad.engine.narrate import (
    Level,
    as_value,
    evidence_callout,
    evidence_kinds,
    evidence_sentence,
    number_of,
    sizes,
    stage_rows,
)
from whygrad.show.text import to_text
from whygrad.teach.matching import changed

MOST_MARKED = 3
"""With more new parts than these a line is new as a whole, and nothing is pointed out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its reason; ``marks`` are the parts of ``right`` that are new."""

    id: str
    right: Expr
    left: Expr | None = None
    reason: Inline = ()
    rule: str = ""
    marks: tuple[Path, ...] = ()
    details: tuple[Row, ...] = ()

    @property
    def is_matrix(self) -> bool:
        """Whether it says the same once more, in matrix notation."""
        return self.id.endswith(".matrix")


@dataclass(frozen=True, slots=True)
class Scene:
    """One stage: what is derived, the definition it starts from, its lines."""

    id: str
    number: str
    left: Expr
    lines: tuple[Line, ...]
    given: tuple[Expr, Expr] | None = None
    functions: tuple[str, ...] = ()
    """Functions of one variable whose derivative is taken here for the first time."""
    reused: bool = False

    @property
    def result(self) -> Expr:
        """What the stage ends in, by index."""
        return next(line.right for line in reversed(self.lines) if not line.is_matrix)


@dataclass(frozen=True, slots=True)
class Part:
    """All about one parameter."""

    target: Expr
    chain: Expr | None
    scenes: tuple[Scene, ...]
    result: Line
    matrix: Line | None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that is told, in order."""

    title: str
    sizes: str
    name: str
    route: str
    goal: Expr
    definitions: tuple[Line, ...]
    parts: tuple[Part, ...]
    proved: bool
    evidence: str
    conventions: tuple[str, ...]
    scope: Scope

    def checked(self, words: Mapping[str, str]) -> str:
        """How it was checked, in a sentence; called a proof only where all of it is one."""
        sentence = self.evidence[:1].lower() + self.evidence[1:]
        return words["slide proved" if self.proved else "slide checked"].format(sentence=sentence)

    def scenes(self) -> Iterator[Scene]:
        """The scenes of all parts."""
        for part in self.parts:
            yield from part.scenes


PLOTTED = ("sigmoid", "tanh", "relu", "gelu", "silu", "softplus", "Phi", "erf", "abs")
"""Functions whose shape says why their derivative is what it is."""


def tell(made: Derivation, level: Level = "normal") -> Story:
    r"""Make the story of a derivation.

    Parameters
    ----------
    made
        The derivation.
    level
        How many lines a stage has.

    Examples
    --------
    >>> from whygrad.engine.derive import derive
    >>> from whygrad.syntax.cost_text import read_cost
    >>> story = tell(derive(read_cost("param w\nJ = (w - 3)^2")))
    >>> [scene.id for scene in story.scenes()]
    ['chain.1']
    """
    cost = made.cost
    seen: set[str] = set()
    parts = tuple(_part(made, parameter, level, seen) for parameter in made.parameters)
    evidence = evidence_sentence(made)
    return Story(
        title=cost.title or to_text(Symbol(cost.goal), cost.scope),
        sizes=sizes(cost),
        name=cost.name,
        route=made.route,
        goal=Symbol(cost.goal),
        definitions=tuple(_definitions(cost)),
        parts=parts,
        proved=evidence_callout(evidence, evidence_kinds(made)).kind == "proved",
        evidence=evidence,
        conventions=made.notes,
        scope=cost.scope,
    )


def _definitions(cost: Cost) -> Iterator[Line]:
    for d in cost.definitions:
        left = Call(d.name, [Symbol(p) for p in d.parameters]) if d.is_function else Symbol(d.name, d.indices)
        yield Line(d.name, d.body, left)


def _part(made: Derivation, parameter: ParameterDerivation, level: Level, seen: set[str]) -> Part:
    target = Partial(Symbol(made.cost.goal), parameter.wrt)
    scenes = tuple(_scene(made.cost, stage, level, seen) for stage in parameter.stages)
    last = parameter.stages[-1]
    matrix = None
    if last.matrix is not None and last.matrix_left is not None:
        matrix = Line(f"{last.id}.matrix", last.matrix, last.matrix_left, (last.matrix_shapes,))
    chain = mul(*parameter.chain) if parameter.chain else None
    return Part(target, chain, scenes, Line(last.id, as_value(parameter.result), target), matrix)


def _scene(cost: Cost, stage: Stage, level: Level, seen: set[str]) -> Scene:
    given = None if stage.reused else _given(cost, stage)
    lines = list(_lines(stage_rows(stage, level, cost.scope), given))
    functions: list[str] = []
    if given is not None:
        for node in postorder(given[1]):
            if isinstance(node, Call) and node.name in PLOTTED and node.name not in seen:
                seen.add(node.name)
                functions.append(node.name)
    return Scene(
        stage.id, number_of(stage.id), stage.left, tuple(lines), given, tuple(functions), stage.reused
    )


def _given(cost: Cost, stage: Stage) -> tuple[Expr, Expr] | None:
    """What the lines of a stage start from: the chain rule, or the definition that the derivative opens."""
    left = stage.left
    if stage.steps and stage.steps[0].minor:
        chain = product = stage.steps[0].after
        while isinstance(product, Reduce) and product.op == "sum":
            product = product.body
        if all(isinstance(factor, Partial) for factor in factors_of(product)) and chain is not left:
            return left, chain
    if not (isinstance(left, Partial) and isinstance(left.body, Symbol)):
        return None
    users = _users(cost, stage, left)
    if len(users) > 1:
        return None
    definition = cost.scope.definitions.get(users[0] if users else left.body.name)
    if definition is None or definition.is_function or definition.by_array:
        return None
    return Symbol(definition.name, definition.indices), definition.body


def _users(cost: Cost, stage: Stage, left: Partial) -> list[str]:
    """The names through which a cotangent comes back: ∂J/∂K by ∂S/∂K, where S is made of K itself."""
    if not stage.steps:
        return []
    of = left.wrt.name
    through = {
        node.body.name: None
        for node in postorder(stage.steps[0].after)
        if isinstance(node, Partial) and node.wrt is left.wrt and isinstance(node.body, Symbol)
    }
    return [name for name in through if _is_made_of(cost, name, of)]


def _is_made_of(cost: Cost, name: str, part: str) -> bool:
    definition = cost.scope.definitions.get(name)
    if definition is None:
        return False
    return any(isinstance(node, Symbol) and node.name == part for node in postorder(definition.body))


def _lines(rows: Sequence[Row], given: tuple[Expr, Expr] | None) -> Iterator[Line]:
    before = None if given is None else given[1]
    for row in rows:
        if row.right is None:
            continue
        marks: tuple[Path, ...] = ()
        line = Line(row.id, row.right, row.left, row.reason, row.rule, (), row.details)
        if before is not None and row.left is None:
            marks = changed(before, row.right)
        yield replace(line, marks=marks if len(marks) <= MOST_MARKED else ())
        before = row.right
