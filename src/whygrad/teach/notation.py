"""A teacher's own symbols: ``--notation theta,h,superscript``.

Names are changed in the finished derivation, so its steps, rules and ids stay what they are. The place of an
example's index is a matter of layout, so it is changed in the laid-out formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, TypeVar, cast

from whygrad.core.cost import Cost, Declaration, Definition, Scope
from whygrad.core.derivation import Derivation, Evidence
from whygrad.core.errors import UsageError
from whygrad.core.expr import Call, Expr, Index, Symbol
from whygrad.core.walk import Path, rewrite_bottom_up
from whygrad.show.boxes import Box
from whygrad.show.layout import layout
from whygrad.show.raised import raised_examples

SUPERSCRIPT: Final = "superscript"
_FOR_WEIGHTS: Final = ("theta", "beta", "w", "W")
_FOR_PREDICTION: Final = ("h", "f", "p", "a", "y_hat", "yhat", "g")
_USUAL_PREDICTIONS: Final = ("f", "h", "p", "P", "a", "y_hat", "yhat", "yh", "F", "A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notation:
    """How names are written.

    Attributes
    ----------
    names
        From the cost's names to the teacher's.
    superscript
        Whether the example stands above, in brackets: x⁽ⁱ⁾.
    letters
        The letters that run over the examples.
    """

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    superscript: bool = False
    letters: frozenset[str] = frozenset()

    def derivation(self, made: Derivation) -> Derivation:
        """The same derivation with these names."""
        return _renamed(made, self.names) if self.names else made

    def box(self, e: Expr, scope: Scope, marks: Iterable[Path] = ()) -> Box:
        """A formula laid out."""
        box = layout(e, scope, marks=marks)
        return raised_examples(box, self.letters) if self.superscript else box


def notation(words: str, cost: Cost, derivation: Derivation | None = None) -> Notation:
    r"""Read what stands after ``--notation``.

    Parameters
    ----------
    words
        Parts with commas between: ``w=theta`` gives one name another; ``theta`` alone is for the weights,
        ``h`` alone for the prediction; ``superscript`` puts the example above.
    cost
        The cost whose names these are.
    derivation
        Where index letters are looked up.

    Raises
    ------
    UsageError
        If a word is none of these, or a name would stand for two things.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> cost = read_cost("data x[i,j]\nparam w[j]\nf[i] = sum_j w[j] x[i,j]\nJ = mean_i f[i]^2")
    >>> dict(notation("theta,h", cost).names)
    {'w': 'theta', 'f': 'h'}
    """
    names: dict[str, str] = {}
    superscript = False
    for word in (part.strip() for part in words.split(",") if part.strip()):
        if word == SUPERSCRIPT:
            superscript = True
            continue
        old, new = _pair(word, cost)
        if old != new:
            names[old] = new
    _refuse_clashes(names, cost)
    return Notation(names, superscript, _example_letters(cost, derivation) if superscript else frozenset())


def _pair(word: str, cost: Cost) -> tuple[str, str]:
    old, equals, new = (part.strip() for part in word.partition("="))
    known = _known(cost)
    if equals:
        if old not in known:
            raise UsageError(
                "error/unknown-name", f"{old} is no name of this cost", fix=f"one of {', '.join(known)}"
            )
        if not new.isidentifier():
            raise UsageError("error/usage", f"{new!r} is no name", fix=f"letters and digits: {old}=theta")
        return old, new
    if word in _FOR_WEIGHTS and cost.parameters:
        weights = max(cost.parameters, key=lambda d: bool(d.dims))
        return weights.name, word
    prediction = next((name for name in _USUAL_PREDICTIONS if cost.scope.definitions.get(name)), None)
    if word in _FOR_PREDICTION and prediction is not None:
        return prediction, word
    example = next(iter(known), "w")
    raise UsageError(
        "error/usage",
        f"--notation does not say what is to be called {word}",
        fix=f"--notation {example}={word}; or superscript",
    )


def _known(cost: Cost) -> list[str]:
    return [d.name for d in (*cost.declarations, *cost.definitions)]


def _refuse_clashes(names: Mapping[str, str], cost: Cost) -> None:
    letters = {letter for d in cost.declarations for letter in d.letters}
    letters |= {index.letter for d in cost.definitions for index in d.indices}
    after = [names.get(name, name) for name in _known(cost)]
    for name in names.values():
        if after.count(name) > 1 or name in letters or name in cost.dims:
            raise UsageError(
                "error/defined-twice",
                f"{name} already stands for something else in this cost",
                fix="take another letter, or give that one a new name too: a=b,b=c",
            )


def _example_letters(cost: Cost, derivation: Derivation | None) -> frozenset[str]:
    """The letters over the first dimension of the data."""
    dim = next((d.dims[0] for d in cost.declarations if d.kind == "data" and d.dims), "")
    letters = {
        d.letters[0] for d in cost.declarations if d.kind == "data" and d.dims[:1] == (dim,) and d.letters
    }
    exprs = [d.body for d in cost.definitions]
    if derivation is not None:
        exprs += [stage.result for p in derivation.parameters for stage in p.stages]
    return frozenset(letters | {e.letter for one in exprs for e in _indices(one) if e.dim == dim})


def _indices(e: Expr) -> list[Index]:
    found: list[Index] = []

    def look(node: Expr) -> Expr:
        if isinstance(node, Index):
            found.append(node)
        return node

    rewrite_bottom_up(e, look)
    return found


def _renamed(value: T, names: Mapping[str, str]) -> T:
    """Any part of a derivation with other names; as deep as dataclasses stand in one another."""
    match value:
        case Expr():
            return cast("T", _expr(value, names))
        case tuple():
            return cast("T", tuple(_renamed(v, names) for v in cast("tuple[Any, ...]", value)))
        case Cost():
            return cast("T", _cost(value, names))
        case Evidence(uses=uses) if uses:
            return cast("T", replace(value, uses=tuple(_words(use, names) for use in uses)))
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed: dict[str, Any] = {}
            for f in fields(value):
                old = getattr(value, f.name)
                if isinstance(old, Expr | tuple | Cost) or is_dataclass(old):
                    changed[f.name] = _renamed(cast("Any", old), names)
            return replace(value, **changed)
        case _:
            return value


def _words(text: str, names: Mapping[str, str]) -> str:
    """A fact in words, "y in {0,1}", with the names changed."""
    return re.sub(r"[^\W\d]\w*", lambda found: names.get(found[0], found[0]), text)


def _cost(cost: Cost, names: Mapping[str, str]) -> Cost:
    def named(d: Declaration) -> Declaration:
        return replace(d, name=names.get(d.name, d.name))

    def defined(d: Definition) -> Definition:
        return replace(d, name=names.get(d.name, d.name), body=_expr(d.body, names))

    return replace(
        cost,
        declarations=tuple(map(named, cost.declarations)),
        definitions=tuple(map(defined, cost.definitions)),
        goal=names.get(cost.goal, cost.goal),
    )


def _expr(e: Expr, names: Mapping[str, str]) -> Expr:
    def step(node: Expr) -> Expr:
        match node:
            case Symbol(name, indices) if name in names:
                return Symbol(names[name], indices)
            case Call(name, args) if name in names:
                return Call(names[name], args)
            case _:
                return node

    return rewrite_bottom_up(e, step)
