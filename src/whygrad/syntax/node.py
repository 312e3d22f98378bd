"""Records without the start-up cost of dataclasses, which took longer to make than a cost to read."""

from __future__ import annotations

from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T", bound="Node")


@dataclass_transform(frozen_default=True)
class Node:
    """A frozen record: its fields are its annotations, in order; class values are defaults.

    Examples
    --------
    >>> class Point(Node):
    ...     x: int
    ...     y: int = 0
    >>> Point(1), changed(Point(1, 2), x=5).x
    (Point(x=1, y=0), 5)
    """

    __match_args__ = ()

    def __init_subclass__(cls) -> None:
        cls.__match_args__ = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        self.__dict__.update(zip(self.__match_args__, values, strict=False))
        if named:
            self.__dict__.update(named)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({inside})"


def changed(node: T, **new: Any) -> T:
    """The same record with other values."""
    out = object.__new__(type(node))
    out.__dict__.update(node.__dict__, **new)
    return out
