"""Dimensions that are not declared: variables, joined where the mathematics makes them one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from whygrad.core.errors import Span


class MisfitError(Exception):
    """Shapes that cannot fit. ``span`` is the place."""

    def __init__(self, reason: str, span: Span, letter: str = "", dim: str = "") -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span
        self.letter, self.dim = letter, dim
        """The index letter that does not fit, and the dimension it stands on."""


class UnknownError(Exception):
    """Something that this reading cannot give a value."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span


class Dims:
    """Union-find over names of dimensions. Named sizes and numbers are constants: two never join."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}
        self.constants: set[str] = set()
        self.loose = False
        """Nothing is refused: for a line that is known not to fit."""

    def find(self, dim: str) -> str:
        """The representative of a dimension."""
        root = dim
        while (up := self.parent.get(root, root)) != root:
            root = up
        while (up := self.parent.get(dim, dim)) != root:
            self.parent[dim], dim = root, up
        self.parent.setdefault(root, root)  # that it is met, and gets a name in the end
        return root

    def is_constant(self, dim: str) -> bool:
        """Whether a dimension has a size that was named."""
        return dim in self.constants or dim.isdecimal()

    def join(self, a: str, b: str) -> bool:
        """Make two dimensions one; False if both have sizes of their own."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return True
        if self.is_constant(a) and self.is_constant(b):
            return self.loose
        if self.is_constant(b) or (b < a and not self.is_constant(a)):
            a, b = b, a
        self.parent[b] = a
        return True

    def join_all(self, first: Iterable[str], second: Iterable[str], span: Span, what: str) -> None:
        """Join shapes position by position.

        Raises
        ------
        MisfitError
            If they differ.
        """
        a, b = tuple(first), tuple(second)
        if len(a) != len(b):
            if self.loose:
                return
            raise MisfitError(f"in {what} {kind_of(a)} meets {kind_of(b)}", span)
        for x, y in zip(a, b, strict=True):
            if not self.join(x, y):
                raise MisfitError(f"in {what} the sizes {self.find(x)} and {self.find(y)} differ", span)


_KINDS: Final = ("a number", "a vector", "a matrix")


def kind_of(dims: tuple[str, ...]) -> str:
    """A number, a vector, a matrix."""
    return _KINDS[len(dims)] if len(dims) < len(_KINDS) else f"an array with {len(dims)} indices"
