"""From numbers that differ to words: what was done instead of the right thing, at every point alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Scope
from whygrad.core.errors import WhygradError
from whygrad.core.expr import Expr, Index
from whygrad.interop.audit.mutants import Mutant
from whygrad.lower.lower import lower

Array = NDArray[np.float64]
CLOSE = 1e-6
CLOSE_FLOAT32 = 1e-4


@dataclass
class Points:
    """Arrays and sizes at which everything is compared."""

    arrays: list[dict[str, Array]] = field(default_factory=list[dict[str, Array]])
    sizes: list[dict[str, int]] = field(default_factory=list[dict[str, int]])

    def of(self, e: Expr, scope: Scope, axes: tuple[Index, ...], stable: bool = True) -> list[Array] | None:
        """A formula at every point; None where it cannot be computed."""
        try:
            run = compile_numpy(lower({"it": e}, scope, axes={"it": axes}, stable=stable))
            return [np.asarray(run(a, s)["it"], float) for a, s in zip(self.arrays, self.sizes, strict=True)]
        except (WhygradError, ArithmeticError, KeyError, ValueError, TypeError, IndexError):
            return None


def close(found: Sequence[Array], wanted: Sequence[Array], tolerance: float = CLOSE) -> bool:
    """Whether arrays agree at every point, relative to their size."""
    for a, b in zip(found, wanted, strict=True):
        if a.shape != b.shape:
            return False
        both = np.isfinite(a) & np.isfinite(b)
        if not both.all() and (np.isfinite(a) != np.isfinite(b)).any():
            return False
        scale = max(1e-12, float(np.abs(b[both]).max(initial=0.0)))
        if (np.abs(a - b)[both] > tolerance * scale).any():
            return False
    return True


def factor(found: Sequence[Array], wanted: Sequence[Array], tolerance: float) -> list[float] | None:
    """The number by which ``wanted`` must be multiplied at each point, where there is one."""
    out: list[float] = []
    for a, b in zip(found, wanted, strict=True):
        if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
            return None
        size = float((b * b).sum())
        if size == 0:
            return None
        c = float((a * b).sum()) / size
        if np.abs(a - c * b).max(initial=0) > tolerance * max(
            np.abs(a).max(initial=0), np.abs(c * b).max(initial=0)
        ):
            return None
        out.append(c)
    return out


def scale_words(c: Sequence[float], sizes: Sequence[Mapping[str, int]], row: str) -> str | None:
    """A factor, the same or a size at every point, in words."""
    if any(x == 0 for x in c):
        return "it is 0" if all(x == 0 for x in c) else None
    if max(abs(x - c[0]) for x in c) <= 1e-5 * abs(c[0]):
        sign = "the sign is flipped" if c[0] < 0 else ""
        size = abs(c[0])
        if abs(size - 1) < 1e-5:
            return sign
        return " and ".join(w for w in (sign, _times(size)) if w)
    for dim in dict.fromkeys(d for s in sizes for d in s if all(d in t for t in sizes)):
        for sign in (1, -1):
            for base, word in ((1, ""), (2, "2 "), (0.5, "half ")):
                up = [sign * base * s[dim] for s in sizes]
                down = [sign * base / s[dim] for s in sizes]
                flipped = ", and the sign is flipped" if sign < 0 else ""
                if np.allclose(c, up, rtol=1e-5):
                    said = (
                        "a sum stands where the cost has a mean"
                        if dim == row
                        else f"a mean over {dim} is missing"
                    )
                    return f"{word}{dim} times too large: {said}{flipped}"
                if np.allclose(c, down, rtol=1e-5):
                    said = (
                        "a mean stands where the cost has a sum" if dim == row else f"it is divided by {dim}"
                    )
                    return f"{word}{dim} times too small: {said}{flipped}"
    return None


def _times(size: float) -> str:
    if size > 1:
        return f"{_number(size)} times too large"
    return f"{_number(1 / size)} times too small"


def _number(value: float) -> str:
    near = Fraction(value).limit_denominator(12)
    if abs(float(near) - value) < 1e-5 * value:
        return str(near)
    return f"{value:.4g}"


def explain(
    found: Sequence[Array],
    wanted: Sequence[Array],
    points: Points,
    row: str,
    slips: Callable[[], Iterable[Mutant]],
    axes: tuple[Index, ...],
    tolerance: float = CLOSE,
) -> str:
    """What was done instead, in words; empty where nothing that is known fits."""
    shape = _shape_words(found, wanted, tolerance)
    if shape:
        return shape
    c = factor(found, wanted, tolerance)
    if c is not None:
        words = scale_words(c, points.sizes, row)
        if words:
            return words
    kept: list[tuple[Mutant, list[Array]]] = []
    for mutant in slips():
        values = points.of(mutant.body, mutant.scope, axes) or points.of(
            mutant.body, mutant.scope, axes, stable=False
        )
        if values is None or close(values, wanted, tolerance):
            continue
        if close(found, values, tolerance):
            return mutant.words
        kept.append((mutant, values))
    for mutant, values in kept:
        c = factor(found, values, tolerance)
        words = scale_words(c, points.sizes, row) if c is not None else None
        if words:
            return f"{mutant.words}; and then {words}"
    return _entry_words(found, wanted, tolerance)


def _shape_words(found: Sequence[Array], wanted: Sequence[Array], tolerance: float) -> str:
    if all(a.shape == b.shape for a, b in zip(found, wanted, strict=True)):
        square = all(b.ndim == 2 and b.shape[0] == b.shape[1] for b in wanted)
        return "it is transposed" if square and close([a.T for a in found], wanted, tolerance) else ""
    if all(a.ndim == 2 and b.ndim == 2 for a, b in zip(found, wanted, strict=True)):
        if close([a.T for a in found], wanted, tolerance):
            return "it is transposed"
        if all(a.shape == b.T.shape for a, b in zip(found, wanted, strict=True)):
            return "it has the shape of the transpose"
    if all(b.ndim == 1 and a.shape == (len(b), len(b)) for a, b in zip(found, wanted, strict=True)):
        return "(m, 1) meets (m,): the result spread to a table (m, m)"
    if all(b.ndim == 0 and a.ndim == 1 for a, b in zip(found, wanted, strict=True)):
        if close([a.sum() for a in found], wanted, tolerance):
            return "the sum over rows is missing: it is left row by row"
        if close([a.mean() for a in found], wanted, tolerance):
            return "the mean over rows is missing: it is left row by row"
        return "it is left row by row, where the derivative is one number"
    if all(a.ndim == 0 and b.ndim > 0 for a, b in zip(found, wanted, strict=True)):
        if close(found, [np.asarray(b.sum()) for b in wanted], tolerance):
            return "it is summed to one number: the derivative has an entry for each of its variables"
        return "it is one number, where the derivative has several"
    a, b = found[0].shape, wanted[0].shape
    return f"its shape is {a}, and the derivative has the shape {b}"


def _entry_words(found: Sequence[Array], wanted: Sequence[Array], tolerance: float) -> str:
    """Right in some entries only: which."""
    if any(a.shape != b.shape or b.ndim == 0 for a, b in zip(found, wanted, strict=True)):
        return ""
    wrong: list[NDArray[np.bool_]] = []
    for a, b in zip(found, wanted, strict=True):
        scale = tolerance * max(1e-12, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
        wrong.append(~(np.abs(a - b) <= scale))
    share = np.mean([w.mean() for w in wrong])
    if not 0 < share < 0.95:
        return ""
    if all(w.ndim == 2 for w in wrong):
        columns = [set(np.flatnonzero(w.any(axis=0)).tolist()) for w in wrong]
        if all(c == columns[0] for c in columns) and len(columns[0]) < wrong[0].shape[1]:
            return f"only column {', '.join(str(k + 1) for k in sorted(columns[0]))} is wrong"
    return ""
