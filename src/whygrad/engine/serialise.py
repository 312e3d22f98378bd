"""A Derivation as JSON and back: versioned, whole, stable.

The schema stands in ``docs/derivation.schema.json``; ``version`` rises when a field changes meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, Final, cast

from whygrad.core.cost import Cost, Declaration, Definition, Domain, Reading
from whygrad.core.derivation import (
    Derivation,
    Evaluation,
    Evidence,
    ParameterDerivation,
    Stage,
    Step,
)
from whygrad.core.errors import Span
from whygrad.core.expr import Expr
from whygrad.core.expr_json import expr_from_json, expr_to_json
from whygrad.engine.second import Claim, Lipschitz, Second, Strong

VERSION: Final = 1

_TYPES: Final = {
    t.__name__: t
    for t in (Cost, Declaration, Definition, Domain, Reading, Span, Derivation, Evaluation, Evidence,
              ParameterDerivation, Stage, Step, Second, Claim, Strong, Lipschitz)
}  # fmt: skip


def derivation_to_json(derivation: Derivation) -> dict[str, Any]:
    """The derivation as plain JSON values."""
    return {"format": "whygrad/derivation", "version": VERSION, "derivation": _out(derivation)}


def object_to_json(format: str, value: object) -> dict[str, Any]:
    """What another verb found (a pairing, a comparison) as plain JSON values."""
    return {"format": f"whygrad/{format}", "version": VERSION, format: _out(value)}


def derivation_from_json(data: Mapping[str, Any]) -> Derivation:
    """The derivation back from :func:`derivation_to_json`.

    Raises
    ------
    ValueError
        If it is not such an object, or of a later version.
    """
    if data.get("format") != "whygrad/derivation" or data.get("version") != VERSION:
        raise ValueError("not a derivation of version 1")
    made = _in(data["derivation"])
    assert isinstance(made, Derivation)
    return made


def _out(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Fraction():
            return {"fraction": str(value)}
        case Expr():
            return {"expr": expr_to_json(value)}
        case frozenset():
            return sorted(_out(v) for v in value)  # pyright: ignore
        case tuple() | list():
            return [_out(v) for v in cast("Sequence[Any]", value)]
        case Mapping():
            return {"map": [[k, _out(v)] for k, v in cast("Mapping[str, Any]", value).items()]}
        case _:
            assert is_dataclass(value), type(value)
            name = type(value).__name__
            return {"type": name} | {f.name: _out(getattr(value, f.name)) for f in fields(value)}


def _in(value: Any) -> Any:
    match value:
        case list():
            return tuple(_in(v) for v in cast("list[Any]", value))
        case {"fraction": text}:
            return Fraction(text)
        case {"expr": data}:
            return expr_from_json(data)
        case {"map": pairs}:
            return {k: _in(v) for k, v in pairs}
        case {"type": name}:
            cls = _TYPES[name]
            return cls(**{f.name: _in(value[f.name]) for f in fields(cls) if f.name in value})
        case _:
            return value
