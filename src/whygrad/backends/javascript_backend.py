"""JavaScript: a program as a module with one function, for a page or node."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from whygrad.backends.loops import Loops
from whygrad.backends.loops_expressions import Dialect
from whygrad.backends.loops_helpers import HELPERS, JAVASCRIPT_HAS, javascript, needed
from whygrad.core.expr import Index
from whygrad.lower.program import Input, Program

KEYWORDS: Final = (
    "await break case catch class const continue debugger default delete do else enum export extends false "
    "finally for function if implements import in instanceof interface let new null package private "
    "protected public return static super switch this throw true try typeof var void while with yield eval "
    "arguments undefined NaN Infinity Math Float64Array given total abs"
)
JAVASCRIPT_DIALECT: Final = Dialect(
    reserved=frozenset((*KEYWORDS.split(), *JAVASCRIPT_HAS, *HELPERS)),
    size="let",
    number="",
    real="{}",
    infinity="Infinity",
    pi="Math.PI",
    e="Math.E",
)


def javascript_source(program: Program, name: str = "evaluate", comments: Sequence[str] = ()) -> str:
    """The program as a module that exports one function of an object of its inputs and sizes.

    Arrays are Float64Arrays (or others that are read by number), row by row; the result is an object
    of the outputs.

    Examples
    --------
    >>> from whygrad.core.cost import Declaration, Scope
    >>> from whygrad.core.expr import Mul, Reduce, Symbol
    >>> from whygrad.lower.lower import lower
    >>> i = Index("i", "m")
    >>> total = Reduce("sum", i, Mul((Symbol("a", (i,)), Symbol("y", (i,)))))
    >>> scope = Scope({name: Declaration(name, "data", ("m",)) for name in "ay"})
    >>> print(javascript_source(lower({"J": total}, scope), "inner"), end="")
    /** Sizes m; a (m), y (m). Gives J. */
    export function inner({ m, a, y }) {
        let J = 0.0;
        for (let i = 0; i < m; i++) J += a[i] * y[i];
        return { J };
    }
    """
    loops = Loops(program, JAVASCRIPT_DIALECT)
    made = [f"const {array} = new Float64Array({size});" for array, size in loops.arrays]
    for value, output in loops.direct.items():
        size = loops.entries(loops.by_name[value].axes)
        made.append(f"const {loops.names[f'out {output}']} = new Float64Array({size});")
    body = [re.sub(r" (==|!=) ", r" \1= ", line) for line in loops.lines]
    results = {output: loops.names.get(f"out {output}", "") for output in loops.program.outputs}
    for output, axes, lines in loops.copied():
        if axes:
            made.append(f"const {results[output]} = new Float64Array({loops.entries(axes)});")
            body += lines
        else:
            results[output] = lines[0]
    pairs = [_pair(key, value) for key, value in results.items()]
    body = [*made, *body, f"return {{ {', '.join(pairs)} }};"]
    text = "\n".join(body)
    helpers = [javascript(HELPERS[helper]) for helper in needed(text, JAVASCRIPT_HAS)]
    lines = [f"// {line}".rstrip() for line in comments]
    lines += _functions("\n".join([text, *helpers]))
    lines += [part for helper in helpers for part in (helper, "")]
    lines += [_words(loops), f"export function {name}({{ {', '.join(_given(loops))} }}) {{"]
    return "\n".join([*lines, *(f"    {line}" for line in body), "}", ""])


def _pair(key: str, value: str) -> str:
    shown = key if key.isascii() and key.isidentifier() else f'"{key}"'
    return key if key == value else f"{shown}: {value}"


def _functions(text: str) -> list[str]:
    used = [f for f in sorted(JAVASCRIPT_HAS) if re.search(rf"\b{f}\(", text)]
    if not used:
        return []
    names = ", ".join("abs: fabs" if f == "fabs" else f for f in used)
    return [f"const {{ {names} }} = Math;", ""]


def _given(loops: Loops) -> list[str]:
    found = [_pair(dim, loops.names[f"dim {dim}"]) for dim in loops.sizes]
    inputs = [i for i in loops.program.instructions if isinstance(i.operation, Input)]
    return found + [_pair(i.name, loops.names[i.name]) for i in inputs]


def _words(loops: Loops) -> str:
    def shown(name: str, axes: tuple[Index, ...]) -> str:
        return f"{name} ({', '.join(axis.dim for axis in axes)})" if axes else name

    inputs = [shown(i.name, i.axes) for i in loops.program.instructions if isinstance(i.operation, Input)]
    outputs = [shown(n, loops.program.orders[n]) for n in loops.program.outputs]
    sizes = f"Sizes {', '.join(loops.sizes)}; " if loops.sizes else ""
    return f"/** {sizes}{', '.join(inputs)}. Gives {', '.join(outputs)}. */"
