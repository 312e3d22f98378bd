"""C: a program as one function with its header, in C99 and math.h alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from whygrad.backends.loops import Loops
from whygrad.backends.loops_expressions import Dialect
from whygrad.backends.loops_helpers import C_HAS, HELPERS, needed
from whygrad.core.expr import Index
from whygrad.lower.program import Input, Program

KEYWORDS: Final = (
    "auto break case char const continue default do double else enum extern float for goto if inline int "
    "long register restrict return short signed sizeof static struct switch typedef union unsigned void "
    "volatile while size_t malloc free NULL NAN INFINITY HUGE_VAL work total place y0 y1 yn j0 j1 jn gamma "
    "signgam main abs div index time log10 log2 exp2 logb fma ceil round trunc hypot cbrt fmin fmax fmod "
    "remainder"
)
C_DIALECT: Final = Dialect(
    reserved=frozenset((*KEYWORDS.split(), *C_HAS, *HELPERS)),
    size="size_t",
    number="double ",
    real="(double){}",
    infinity="INFINITY",
    pi="3.141592653589793",
    e="2.718281828459045",
)


def c_source(program: Program, name: str = "evaluate", comments: Sequence[str] = ()) -> tuple[str, str]:
    r"""The program as C, and its header.

    The function takes the sizes, the inputs (arrays row by row) and where the outputs go, all of them
    apart from each other in memory; it returns 0, or 1 when there was no memory for what lies between.

    Examples
    --------
    >>> from whygrad.core.cost import Scope
    >>> from whygrad.core.expr import Mul, Reduce, Symbol
    >>> from whygrad.lower.lower import lower
    >>> i = Index("i", "m")
    >>> total = Reduce("sum", i, Mul((Symbol("a", (i,)), Symbol("y", (i,)))))
    >>> source, header = c_source(lower({"J": total}, Scope()), "inner")
    >>> print("\n".join(source.splitlines()[-6:]))
    int inner(size_t m, const double *a, const double *y, double *out_J) {
        double J = 0.0;
        for (size_t i = 0; i < m; i++) J += a[i] * y[i];
        *out_J = J;
        return 0;
    }
    """
    loops = Loops(program, C_DIALECT, out="out_{}")
    body = list(loops.lines)
    for output, axes, lines in loops.copied():
        body += lines if axes else [f"*{loops.names[f'out {output}']} = {lines[0]};"]
    body = [*_workspace(loops), *body, *(["free(work);"] if loops.arrays else []), "return 0;"]
    signature = _signature(loops, name)
    text = "\n".join(body)
    helpers = [HELPERS[helper] for helper in needed(text, C_HAS)]
    said = "".join(f" * {line}\n" if line else " *\n" for line in _harmless(comments))
    head = f"/*\n{said} */\n" if said else ""
    source = [f"{head}#include <math.h>", "#include <stddef.h>", "#include <stdlib.h>", "", *_spaced(helpers)]
    source += [f"{signature} {{", *(f"    {line}" for line in body), "}", ""]
    return "\n".join(source), _header(loops, name, signature)


def _spaced(helpers: list[str]) -> list[str]:
    return [part for helper in helpers for part in (helper, "")]


def _harmless(comments: Sequence[str]) -> list[str]:
    return [line.replace("*/", "* /").replace("/*", "/ *") for line in comments]


def _workspace(loops: Loops) -> list[str]:
    if not loops.arrays:
        return []
    sizes = " + ".join(size for _, size in loops.arrays)
    lines = [f"double *work = malloc(({sizes} + 1) * sizeof(double));", "if (work == NULL) return 1;"]
    start = "work"
    for name, size in loops.arrays:
        lines.append(f"double *{name} = {start};")
        start = f"{name} + {size}"
    return lines


def _signature(loops: Loops, name: str) -> str:
    words = [f"size_t {loops.names[f'dim {dim}']}" for dim in loops.sizes]
    for i in loops.program.instructions:
        if isinstance(i.operation, Input):
            words.append(f"{'const double *' if i.axes else 'double '}{loops.names[i.name]}")
    words += [f"double *{loops.names[f'out {output}']}" for output in loops.program.outputs]
    line = f"int {name}({', '.join(words)})"
    return line if len(line) < 100 else f"int {name}(\n    " + ",\n    ".join(words) + ")"


def _header(loops: Loops, name: str, signature: str) -> str:
    guard = f"WHYGRAD_{name.upper()}_H"
    inputs = [
        (loops.names[i.name], i.axes) for i in loops.program.instructions if isinstance(i.operation, Input)
    ]
    outputs = [(loops.names[f"out {n}"], loops.program.orders[n]) for n in loops.program.outputs]
    shapes = [f"   {n}: {_shape(axes)}" for n, axes in (*inputs, *outputs)]
    lines = [f"#ifndef {guard}", f"#define {guard}", "", "#include <stddef.h>", ""]
    lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    lines += ["/* Arrays lie row by row, outputs apart from inputs:", *shapes]
    lines += ["   Returns 0, or 1 when there was no memory. */", f"{signature};", ""]
    lines += ["#ifdef __cplusplus", "}", "#endif", "", "#endif", ""]
    return "\n".join(lines)


def _shape(axes: tuple[Index, ...]) -> str:
    return f"({', '.join(axis.dim for axis in axes)})" if axes else "a number"
