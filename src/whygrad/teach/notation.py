"""A teacher's own symbols: ``--notation theta,h,superscript``.

Names are changed in what is finished (a derivation, an exercise), so its steps, rules and ids stay what they
are. Its cost says which letters are of examples, and :func:`whygrad.show.layout.layout` writes them above.
Whatever is made from the derivation then has these symbols, in every medium; code keeps the cost's names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, TypeVar, cast

from whygrad.core.cost import Cost, Declaration, Definition, Scope
from whygrad.core.derivation import Derivation, Evaluation, Evidence
from whygrad.core.errors import UsageError
from whygrad.core.expr import Call, Expr, Index, Symbol
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import rewrite_bottom_up
from whygrad.engine.second import Claim, Strong
from whygrad.engine.tangent import MARK

SUPERSCRIPT: Final = "superscript"
_FOR_WEIGHTS: Final = ("theta", "beta", "w", "W")
_FOR_PREDICTION: Final = ("h", "f", "p", "a", "y_hat", "yhat", "g")
_USUAL_PREDICTIONS: Final = ("f", "h", "p", "P", "a", "y_hat", "yhat", "yh", "F", "A")
T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Notation:
    """How names are written.

    Attributes
    ----------
    names
        From the cost's names to the teacher's.
    raised
        The letters that run over the examples, where they stand above, in brackets: x⁽ⁱ⁾.
    functions
        Which of the names are functions of arguments: the f of a rule's f(u) is none of them.
    """

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    raised: tuple[str, ...] = ()
    functions: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.names or self.raised)

    def of(self, made: T) -> T:
        """The same derivation, exercise, scope or formula in these symbols."""
        if not self:
            return made
        changes = {MARK + old: MARK + new for old, new in self.names.items()}
        return _renamed(made, replace(self, names={**self.names, **changes}))

    def point(self, at: Mapping[str, V]) -> dict[str, V]:
        """Values by these names; given by the cost's names or by these."""
        return {self.names.get(name, name): value for name, value in at.items()}


def in_own_symbols(made: Derivation, words: str) -> Derivation:
    r"""A derivation in a teacher's own symbols.

    Parameters
    ----------
    made
        From :func:`whygrad.engine.derive.derive`.
    words
        What stands after ``--notation``; see :func:`notation`.

    Examples
    --------
    >>> from whygrad.engine.derive import derive
    >>> from whygrad.show.text import to_text
    >>> from whygrad.syntax.cost_text import read_cost
    >>> text = "data x[i,j], y[i]\nparam w[j]\nf[i] = sum_j w[j] x[i,j]\nJ = mean_i (f[i] - y[i])^2"
    >>> cost = read_cost(text)
    >>> made = in_own_symbols(derive(cost), "theta,h,superscript")
    >>> to_text(made.result, made.cost.scope)
    '2/m Σ_i (h⁽ⁱ⁾ − y⁽ⁱ⁾) x_j⁽ⁱ⁾'
    """
    return notation(words, made.cost, made).of(made)


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
    _refuse_clashes(names, cost, derivation)
    functions = frozenset(d.name for d in cost.definitions if d.is_function)
    return Notation(names, _example_letters(cost, derivation) if superscript else (), functions)


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


def _refuse_clashes(names: Mapping[str, str], cost: Cost, derivation: Derivation | None) -> None:
    letters = {letter for d in cost.declarations for letter in d.letters}
    letters |= {index.letter for one in _formulas(cost, derivation) for index in _indices(one)}
    after = [names.get(name, name) for name in _known(cost)]
    for name in names.values():
        if after.count(name) > 1 or name in letters or name in cost.dims or name in FUNCTIONS:
            raise UsageError(
                "error/defined-twice",
                f"{name} already stands for something else in this cost",
                fix="take another letter, or give that one a new name too: a=b,b=c",
            )


def _example_letters(cost: Cost, derivation: Derivation | None) -> tuple[str, ...]:
    """The letters over the first dimension of the data."""
    dim = next((d.dims[0] for d in cost.declarations if d.kind == "data" and d.dims), "")
    letters = {
        d.letters[0] for d in cost.declarations if d.kind == "data" and d.dims[:1] == (dim,) and d.letters
    }
    exprs = _formulas(cost, derivation)
    return tuple(sorted(letters | {e.letter for one in exprs for e in _indices(one) if e.dim == dim}))


def _formulas(cost: Cost, derivation: Derivation | None) -> list[Expr]:
    found: list[Expr] = [e for d in cost.definitions for e in (*d.indices, d.body)]
    if derivation is not None:
        found += [e for p in derivation.parameters for s in p.stages for e in (s.left, s.start, s.result)]
    return found


def _indices(e: Expr) -> list[Index]:
    found: list[Index] = []

    def look(node: Expr) -> Expr:
        if isinstance(node, Index):
            found.append(node)
        return node

    rewrite_bottom_up(e, look)
    return found


def _renamed(value: T, own: Notation) -> T:
    """Any part of a derivation in other symbols; as deep as dataclasses stand in one another."""
    names = own.names
    found: Any = value
    match found:
        case Expr():
            found = _expr(found, own)
        case tuple():
            found = tuple(_renamed(v, own) for v in cast("tuple[Any, ...]", found))
        case Mapping():
            found = {key: _renamed(v, own) for key, v in cast("Mapping[str, Any]", found).items()}
        case Cost():
            found = replace(
                found,
                declarations=_renamed(found.declarations, own),
                definitions=_renamed(found.definitions, own),
                goal=names.get(found.goal, found.goal),
                raised=own.raised,
            )
        case Scope(declarations, definitions):
            declared = {d.name: d for d in _renamed(tuple(declarations.values()), own)}
            defined = {d.name: d for d in _renamed(tuple(definitions.values()), own)}
            found = Scope(declared, defined, own.raised)
        case Declaration(name):
            found = replace(found, name=names.get(name, name))
        case Definition(name, body):
            parameters = tuple(names.get(p, p) for p in found.parameters)
            found = replace(found, name=names.get(name, name), body=_expr(body, own), parameters=parameters)
        case Evidence():
            uses, conditions = (
                tuple(_words(text, names) for text in texts) for texts in (found.uses, found.conditions)
            )
            point = None if found.point is None else {_words(k, names): v for k, v in found.point.items()}
            found = replace(found, uses=uses, conditions=conditions, point=point)
        case Evaluation():
            found = Evaluation(own.point(found.point), _renamed(found.rows, own))
        case Claim():
            whole = tuple(names.get(name, name) for name in found.names)
            found = replace(found, names=whole, why=_renamed(found.why, own))
        case Strong():
            found = replace(found, name=names.get(found.name, found.name), modulus=_expr(found.modulus, own))
        case _ if is_dataclass(found) and not isinstance(found, type):
            found = replace(found, **{f.name: _renamed(getattr(found, f.name), own) for f in fields(found)})
        case _:
            pass
    return found


def _words(text: str, names: Mapping[str, str]) -> str:
    """A fact in words, "y in {0,1}", with the names changed."""
    return re.sub(r"[^\W\d]\w*", lambda found: names.get(found[0], found[0]), text)


def _expr(e: Expr, own: Notation) -> Expr:
    names = own.names

    def step(node: Expr) -> Expr:
        match node:
            case Symbol(name, indices) if name in names:
                return Symbol(names[name], indices)
            case Call(name, args) if name in names and name in own.functions:
                return Call(names[name], args)
            case _:
                return node

    return rewrite_bottom_up(e, step)
