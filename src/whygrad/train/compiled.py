"""``compile``: a cost's value and gradient as code, with the derivation's rules as comments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from whygrad.backends.c_backend import c_source
from whygrad.backends.javascript_backend import javascript_source
from whygrad.backends.native.machine import machine
from whygrad.backends.native.native_backend import bind_native, native_source
from whygrad.backends.numpy_backend import binder, numpy_source
from whygrad.core.cost import Cost
from whygrad.core.errors import UsageError
from whygrad.core.extras import command
from whygrad.lower.program import Input, Program
from whygrad.train.objective import Bound, Objective
from whygrad.train.written import comments_of, identifier, with_constants

Target: TypeAlias = Literal["numpy", "native", "c", "javascript"]
TARGETS: Final[tuple[Target, ...]] = ("numpy", "native", "c", "javascript")
MARKS: Final[Mapping[Target, str]] = {"numpy": "# ", "native": "; "}
"""What begins a comment, in the languages whose writers take none."""


@dataclass(frozen=True)
class Compiled:
    """A cost's value and gradient as code.

    Attributes
    ----------
    source
        The text, the same each time.
    header
        For C.
    """

    cost: Cost
    to: Target
    source: str
    header: str = ""
    objective: Objective = field(repr=False, compare=False, kw_only=True)
    program: Program = field(repr=False, compare=False, kw_only=True)
    """The instructions it was written from."""

    def __call__(self, **arrays: Any) -> dict[str, Any]:
        """Value and gradient: arrays and numbers by the cost's names in, ``{"J": …, "dJ_dw": …}`` out."""
        self._check(arrays, self.program.inputs)
        free = [name for name in self.objective.names if name in self.program.inputs]
        given = {name: value for name, value in arrays.items() if name not in free}
        found = self._bind(given, free, _sizes(self.program, arrays))(*(arrays[name] for name in free))
        return dict(zip(self.program.outputs, found, strict=True))

    def bind(self, **data: Any) -> Callable[..., tuple[Any, ...]]:
        """A function of the parameters alone, in the cost's order, for calling often on the same data.

        It returns the outputs in order. What depends on the data alone is computed once.
        """
        free = self.objective.names
        self._check(data, [name for name in self.program.inputs if name not in free])
        sizes = Bound.with_free_sizes(self.objective, _sizes(self.program, data))
        return self._bind(data, free, sizes)

    def _check(self, given: Mapping[str, Any], wanted: Any) -> None:
        if self.to not in ("numpy", "native"):
            raise UsageError(
                "error/usage",
                f"{self.to} is a text, not a function",
                fix="to='numpy' or to='native' can be called",
            )
        missing = [name for name in wanted if name not in given]
        if missing:
            raise UsageError(
                "error/usage", f"{', '.join(missing)} is missing", fix=f"give {', '.join(wanted)} by name"
            )

    def _bind(
        self, given: Mapping[str, Any], free: Any, sizes: Mapping[str, int]
    ) -> Callable[..., tuple[Any, ...]]:
        native = bind_native(self.program, free, given, sizes) if self.to == "native" else None
        if native is not None:
            return native
        evaluate = binder(self.program, free)(given, sizes)

        def run(*parameters: Any) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                return evaluate(*(np.asarray(p, dtype=np.float64)[()] for p in parameters))

        return run


def compile_cost(cost: Cost, to: str = "numpy", *, name: str = "", rules: bool = True) -> Compiled:
    """The value and gradient of a cost as code.

    Parameters
    ----------
    cost
        The cost; constants without a value stay arguments.
    to
        ``"numpy"``, ``"native"`` (LLVM, by llvmlite), ``"c"`` or ``"javascript"``.
    name
        Of the function; the cost's own without it.
    rules
        Whether the derivation's stages and rules stand above the code.

    Raises
    ------
    UsageError
        For another language, and for ``"native"`` where the cost is no sum over rows of a function of
        linear forms, or llvmlite is missing.
    """
    known: dict[str, Target] = {t: t for t in TARGETS}
    target = known.get(to)
    if target is None:
        raise UsageError("error/usage", f"there is no target {to!r}", fix=f"one of {', '.join(TARGETS)}")
    objective = Objective(cost)
    chosen = identifier(name or cost.name or "evaluate")
    comments = comments_of(cost, rules=rules)
    program = with_constants(objective.program, cost)
    source, header = _written(program, target, chosen, comments)
    return Compiled(cost, target, source, header, objective=objective, program=program)


def _written(program: Program, to: Target, name: str, comments: list[str]) -> tuple[str, str]:
    if to == "c":
        return c_source(program, name, comments)
    if to == "javascript":
        return javascript_source(program, name, comments), ""
    if to == "numpy":
        body = numpy_source(program, name)
    else:
        here = machine()
        if here is None:
            raise UsageError(
                "error/missing-extra",
                "machine code needs llvmlite and a processor with vectors",
                fix=f"{command('native')}; or --to numpy",
            )
        found = native_source(program, here.lanes)
        if found is None:
            raise UsageError(
                "error/usage",
                "machine code is for sums over rows of a function of linear forms, and this is no such cost",
                fix="--to numpy, c or javascript",
            )
        body = found
    return "\n".join([*(f"{MARKS[to]}{line}".rstrip() for line in comments), body.rstrip(), ""]), ""


def _sizes(program: Program, arrays: Mapping[str, Any]) -> dict[str, int]:
    """The size of each dimension, which all arrays must agree on."""
    sizes: dict[str, int] = {}
    for i in program.instructions:
        if not isinstance(i.operation, Input) or i.operation.name not in arrays:
            continue
        name, shape = i.operation.name, np.shape(arrays[i.operation.name])
        if len(shape) != len(i.axes):
            raise UsageError(
                "error/usage", f"{name} has shape {shape}", fix=f"its dimensions are ({', '.join(i.dims)})"
            )
        for dim, size in zip(i.dims, shape, strict=True):
            wanted = int(dim) if dim.isdecimal() else sizes.setdefault(dim, size)
            if wanted != size:
                raise UsageError(
                    "error/usage",
                    f"{name} has {size} along {dim}, and {wanted} were expected",
                    fix="give arrays whose sizes fit",
                )
    return sizes
