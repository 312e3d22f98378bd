"""NumPy: a program as a callable. The source that is shown is the source that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_text import Writer, numpy_source
from whygrad.core.errors import UsageError
from whygrad.lower.program import Program
from whygrad.meaning.shapes import size_of_dim

__all__ = ["Array", "Evaluate", "binder", "compile_numpy", "numpy_source"]

Array = NDArray[np.float64]
Evaluate = Callable[..., tuple[Any, ...]]


def compile_numpy(
    program: Program,
) -> Callable[[Mapping[str, Any], Mapping[str, int]], dict[str, Any]]:
    """A callable: arrays by name and sizes by dimension to outputs by name.

    Floating-point warnings are off inside: a branch that is not taken may overflow.
    """
    bind = binder(program, ())

    def run(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            return dict(zip(program.outputs, bind(arrays, sizes)(), strict=True))

    return run


def binder(
    program: Program, free: Sequence[str]
) -> Callable[[Mapping[str, Any], Mapping[str, int]], Evaluate]:
    """Like :func:`compile_numpy` in two steps, for calling often.

    First everything but ``free`` is given, and what depends on it alone is computed once; the result
    takes the arrays of ``free`` in order and returns the outputs in order.
    """
    if not program.outputs:
        return lambda arrays, sizes: lambda *parameters: ()
    writer = Writer(program, free)
    source = writer.nested()
    space: dict[str, Any] = {}
    try:
        exec(compile(source, "<whygrad numpy>", "exec"), space)
    except ModuleNotFoundError as error:
        raise UsageError(
            "error/missing-extra",
            f"this cost needs {error.name} for one of its functions",
            fix="pip install scipy",
        ) from None
    make = space["bind"]
    given = [name for name in program.inputs if name not in set(free)]
    dims = writer.dims

    def bind(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Evaluate:
        with np.errstate(all="ignore"):
            made: Evaluate = make(
                *(_number(arrays[x]) for x in given), *(size_of_dim(d, sizes) for d in dims)
            )
        return made

    return bind


def _number(value: Any) -> Any:
    """As NumPy's own, for which 1/0 is infinite. Sparse matrices stay so: a product with one is one line."""
    if hasattr(value, "tocsr"):
        return value
    return np.asarray(value, dtype=np.float64)[()]
