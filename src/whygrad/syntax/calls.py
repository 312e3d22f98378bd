"""Calls: elementary functions, functions of whole arrays, and the text's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from whygrad.core.errors import Span
from whygrad.core.expr import Apply, ApplyOp, Call, Delta, Expr, Number, Size, Symbol, div
from whygrad.core.functions import FUNCTIONS
from whygrad.meaning.shapes import base_dim
from whygrad.syntax import arrays
from whygrad.syntax.context import near_names
from whygrad.syntax.surface import Called, Indexed, Name, Num, Script, Sum, Surface, bare, walk
from whygrad.syntax.values import KEPT, WILD, Val, matrix_product, shown, transpose
from whygrad.syntax.vocabulary import ALIASES, SAID

if TYPE_CHECKING:
    from whygrad.syntax.resolve import Resolver

_REDUCING: Final = frozenset({"sum", "mean", "max", "min", "var"})


def called(r: Resolver, s: Called) -> Val:
    """The value of ``name(args)``."""
    written = s.name.name
    definition = r.context.definitions.get(written)
    if definition is not None or written in r.context.words.called:
        return own(r, s)
    name = ALIASES.get(written, written)
    if written in SAID:
        r.tell(f"{written}(u)", SAID[written], s.span)
    if written == "size":
        return _size(r, s)
    if written in ("delta", "kronecker"):
        return delta(r, s.args, s.span)
    if written == "D" and r.context.statement:
        return Val(Call("D", tuple(r.value(a).expr for a in s.args)), (), s.span)
    if written in ("log2", "log10"):
        return _log_base(r, s, int(written[3:]))
    if written == "log" and r.context.latex and not (s.args and _is_det(s.args[0])):
        r.tell("log", "the natural logarithm", s.span)
    args = [r.value(a) for a in s.args]
    if r.context.latex and name == "log" and len(s.args) == 1 and _is_det(s.args[0]):
        return Val(Apply("logdet", args[0].expr.args), (), s.span)  # pyright: ignore
    special = _ARRAY.get(name)
    if special is not None and (name not in FUNCTIONS or len(args) == 1):
        return special(r, name, args, s)
    if s.named:
        _refuse_named(r, s)
    return elementary(r, name, args, s)


def _is_det(s: Surface) -> bool:
    return isinstance(s, Called) and s.name.name == "det"


def _refuse_named(r: Resolver, s: Called) -> None:
    key = s.named[0][0]
    r.refuse(
        "error/syntax",
        f"{s.name.name} has no option {key.name}",
        "leave it away; axis= and keepdims= belong to sum, mean, max, var, softmax, logsumexp",
        key.span,
    )


def elementary(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """An elementary function, entry by entry."""
    function = FUNCTIONS.get(name)
    if function is None:
        r.refuse(
            "error/unknown-name",
            f"{name} is not a function of the language",
            f"did you mean {' or '.join(near_names(name, FUNCTIONS)) or 'another'}?",
            s.name.span,
        )
    many = name in ("max", "min") and len(args) > 2
    if len(args) != function.arity and not many:
        wants = _arguments(function.arity)
        example = ", ".join("uvw"[: function.arity])
        r.refuse(
            "error/syntax",
            f"{s.name.name} takes {wants} and has {len(args)}",
            f"write {s.name.name}({example})",
            s.span,
        )
    exprs, shape, row = r.together(args, s.span)
    out = Call(name, exprs[-2:] if many else exprs)
    for e in reversed(exprs[:-2] if many else []):
        out = Call(name, (e, out))
    return Val(out, shape, s.span, row)


def _arguments(number: int) -> str:
    return "one argument" if number == 1 else f"{number} arguments"


def own(r: Resolver, s: Called) -> Val:
    """A function the text defines; or, in LaTeX, an intermediate at an example: ``f(x^{(i)})``."""
    name = s.name.name
    definition = r.context.definitions.get(name)
    if definition is None:
        raise r.context.unknown(name, s.name.span)
    if not definition.is_function:
        return at_example(r, s, len(definition.dims))
    if len(s.args) != len(definition.parameters) or s.named:
        wants = ", ".join(definition.parameters)
        r.refuse(
            "error/syntax",
            f"{name} has {_arguments(len(definition.parameters))} and is called with {len(s.args)}",
            f"write {name}({wants})",
            s.span,
        )
    args = [r.value(a) for a in s.args]
    exprs, shape, row = r.together(args, s.span)
    return Val(Call(name, exprs), shape, s.span, row)


def at_example(r: Resolver, s: Called, rank: int) -> Val:
    """``f_{w,b}(x^{(i)})``: the value of f at example i. The letter is found in the argument."""
    from_argument = example_letters(s.args)
    name = s.name.name
    dims = r.context.dims_of(name) or ()
    if not dims:
        return Val(Symbol(name), (), s.span)
    if not from_argument:
        r.refuse(
            "error/syntax",
            f"{name} is a value for each example; its argument names none",
            f"write {name}(x^{{(i)}})",
            s.span,
        )
    at = r.position(from_argument[0], dims[0])
    letter = bare(from_argument[0])
    shown = letter.name if isinstance(letter, Name) else r.text(letter.span)
    r.tell(r.text(s.span), f"{name} of example {shown}", s.span)
    return Val(Symbol(name, (at,)), dims[1:], s.span)


def example_letters(args: Sequence[Surface]) -> list[Surface]:
    """The positions in ``x^{(i)}`` or ``x[i]`` among arguments."""
    found: list[Surface] = []
    for arg in args:
        for node in walk(arg):
            if isinstance(node, Script) and node.sups:
                found.append(node.sups[0])
            elif isinstance(node, Indexed) and node.indices:
                found.append(node.indices[0])
    return found


def delta(r: Resolver, args: Sequence[Surface], span: Span) -> Val:
    """``delta(j, k)``: 1 where the two letters agree."""
    if len(args) != 2:
        r.refuse("error/syntax", "delta takes two index letters", "write delta(j, k)", span)
    sides: list[Expr] = []
    known = [inside.name for inside in map(bare, args) if isinstance(inside, Name)]
    dims = [r.letters.get(n) or r.context.letters.get(n) for n in known]
    dim = next((d for d in dims if d), "?" if r.context.statement else "")
    if not dim:
        r.refuse(
            "error/ambiguous",
            "nothing says over which dimension these letters run",
            "use them as indices of a declared name too",
            span,
        )
    sides = [r.position(a, dim) for a in args]
    return Val(Delta(sides[0], sides[1]), (), span)


def _log_base(r: Resolver, s: Called, base: int) -> Val:
    if len(s.args) != 1:
        r.refuse("error/syntax", "a logarithm takes one argument", f"write {s.name.name}(u)", s.span)
    v = r.value(s.args[0])
    r.tell(s.name.name, f"log(u)/log({base})", s.span)
    return v._replace(expr=div(Call("log", (v.expr,)), Call("log", (Number(base),))), span=s.span)


def _size(r: Resolver, s: Called) -> Val:
    """``size(m-1)``: the number of positions along a dimension that has no name of its own."""
    dim = r.text(s.args[0].span).replace(" ", "") if len(s.args) == 1 else ""
    if base_dim(dim) not in r.context.sizes and not dim.isdigit():
        r.refuse("error/unknown-name", f"{dim or 'this'} is not a size", "write size(m)", s.span)
    return Val(Size(dim), (), s.span)


# --- functions of whole arrays -----------------------------------------------------------------


def _axis(r: Resolver, s: Called) -> tuple[int | None, bool]:
    """The options ``axis`` and ``keepdims``."""
    axis: int | None = None
    keep = False
    for key, value in s.named:
        inside = bare(value)
        if key.name == "axis":
            sign = 1
            if isinstance(inside, Sum) and len(inside.terms) == 1:
                sign, inside = inside.terms[0]
            if not isinstance(inside, Num) or inside.value not in (0, 1):
                r.refuse("error/syntax", "an axis is 0, 1 or -1", "write axis=0 or axis=1", value.span)
            axis = sign * int(inside.value)
        elif key.name == "keepdims":
            keep = isinstance(inside, Name) and inside.name == "True"
        else:
            _refuse_named(r, s)
    return axis, keep


def _need(r: Resolver, args: list[Val], s: Called, ranks: tuple[int, ...], what: str) -> Val:
    """The one argument, of a rank that fits."""
    if len(args) != 1:
        r.refuse("error/syntax", f"{s.name.name} takes {what}", f"write {s.name.name}(A)", s.span)
    v = args[0]
    if len(v.shape) not in ranks:
        fix = f"give it {what}"
        if not v.shape and s.name.name in _REDUCING:
            fix = f"write {s.name.name}_i u to run over an index letter"
        r.misfit(f"{s.name.name} takes {what}; this is {shown(v)}", fix, s.span)
    return v


def _reduce(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """``sum``, ``mean``, ``max``, ``min``, ``var``: over all entries or along an axis."""
    v = _need(r, args, s, (1, 2), "a vector or a matrix")
    axis, keep = _axis(r, s)
    if axis is None:
        if keep:
            r.refuse("error/syntax", "keepdims without axis", "write axis=1, keepdims=True", s.span)
        return Val(Apply(_op(name), (v.expr,)), (), s.span)
    if len(v.shape) == 1:
        if axis == 1:
            r.misfit("a vector has one axis, 0", "leave axis away", s.span)
        return Val(Apply(_op(name), (v.expr,)), (), s.span)
    if name == "min":
        r.refuse("error/syntax", "min has no axis", "write -max(-A, axis=...)", s.span)
    if axis == 0:
        return Val(Apply(_op(name + "0"), (v.expr,)), v.shape[1:], s.span)
    shape = (v.shape[0], KEPT) if keep else v.shape[:1]
    return Val(Apply(_op(name + "1"), (v.expr,)), shape, s.span)


def _op(name: str) -> ApplyOp:
    return name  # pyright: ignore[reportReturnType]


def _last_axis(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """``softmax`` and ``logsumexp`` along the last axis."""
    v = _need(r, args, s, (1, 2), "a vector or a matrix")
    axis, keep = _axis(r, s)
    if len(v.shape) == 2:
        if axis is None:
            r.tell(f"{name} of a matrix", f"along the last axis, {v.shape[1]}", s.span)
        elif axis == 0:
            if name == "softmax":
                turned = Apply("softmax", (Apply("transpose", (v.expr,)),))
                return Val(Apply("transpose", (turned,)), v.shape, s.span)
            return Val(Apply("logsumexp", (Apply("transpose", (v.expr,)),)), v.shape[1:], s.span)
    shape = v.shape if name == "softmax" else v.shape[:-1]
    if keep and name == "logsumexp" and len(v.shape) == 2:
        shape = (v.shape[0], KEPT)
    return Val(Apply(_op(name), (v.expr,)), shape, s.span, v.row and name == "softmax")


def _norm(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    p = ""
    if len(args) == 2:
        p = r.text(s.args[1].span).strip("'\"")
        args = args[:1]
    v = _need(r, args, s, (0, 1, 2), "a vector or a matrix")
    return arrays.norm(r, v, p, s.span)


def _square(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """``trace``, ``det``, ``logdet``, ``inv`` of a square matrix."""
    v = _need(r, args, s, (2,), "a square matrix")
    if v.shape[0] != v.shape[1]:
        r.misfit(f"{name} takes a square matrix; this is {shown(v)}", "check its two sizes", s.span)
    return Val(Apply(_op(name), (v.expr,)), v.shape if name == "inv" else (), s.span)


def _diag(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    v = _need(r, args, s, (1, 2), "a vector or a square matrix")
    if len(v.shape) == 1:
        return Val(Apply("diag", (v.expr,)), v.shape * 2, s.span)
    if v.shape[0] != v.shape[1]:
        r.misfit(f"diag of {shown(v)}", "diag takes a vector or a square matrix", s.span)
    return Val(Apply("diag", (v.expr,)), v.shape[:1], s.span)


def _transpose(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    v = _need(r, args, s, (0, 1, 2), "a vector or a matrix")
    turned = transpose(v, s.span)
    return turned._replace(expr=Apply("transpose", (v.expr,))) if len(v.shape) == 1 else turned


def _written_norm(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    v = _need(r, args, s, (1, 2), "a vector or a matrix")
    return Val(Apply(_op(name), (v.expr,)), (), s.span)


def _entrywise(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """``hadamard(a, b)`` and the like, kept as operations."""
    if len(args) < 2:
        r.refuse("error/syntax", f"{name} takes two arrays", f"write {name}(a, b)", s.span)
    exprs, shape, row = r.together(args, s.span)
    return Val(Apply(_op(name), exprs), shape, s.span, row)


def _pair(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """``dot(a, b)``, ``outer(a, b)``."""
    if len(args) != 2:
        r.refuse("error/syntax", f"{name} takes two arrays", f"write {name}(a, b)", s.span)
    a, b = args
    if name == "matmul":
        a = a._replace(row=len(a.shape) == 1 and (a.row or not b.row))
        found = matrix_product(a, b, lambda x, y: arrays.dot(r, x, y), True)
        return found._replace(expr=Apply("matmul", (a.expr, b.expr))) if not a.mixed else found
    if name == "outer":
        if len(a.shape) != 1 or len(b.shape) != 1:
            r.misfit("outer takes two vectors", "write outer(a, b)", s.span)
        return Val(Apply("outer", (a.expr, b.expr)), (a.shape[0], b.shape[0]), s.span)
    if len(a.shape) == len(b.shape) == 1:
        a, b = a._replace(row=True), b._replace(row=False)
    return matrix_product(a, b, lambda x, y: arrays.dot(r, x, y), True)


def _filled(r: Resolver, name: str, args: list[Val], s: Called) -> Val:
    """``I``, ``ones(m)``, ``zeros(m, n)`` with sizes."""
    sizes: list[str] = []
    for v in args:
        if isinstance(v.expr, Size):
            sizes.append(v.expr.dim)
        elif isinstance(v.expr, Number) and v.expr.value.denominator == 1 and v.expr.value > 0:
            sizes.append(str(v.expr.value))
        else:
            r.refuse("error/syntax", "a size is a name or a whole number", f"write {name}(m)", v.span)
    if name in ("identity", "eye"):
        dim = sizes[0] if sizes else WILD
        return Val(Apply("identity", (Size(dim),)), (dim, dim), s.span)
    sizes = sizes or [WILD]
    return Val(Apply(_op(name), tuple(Size(d) for d in sizes)), tuple(sizes), s.span)


Maker = Callable[["Resolver", str, list[Val], Called], Val]
_ARRAY: Final[dict[str, Maker]] = {
    "sum": _reduce,
    "mean": _reduce,
    "max": _reduce,
    "min": _reduce,
    "var": _reduce,
    "softmax": _last_axis,
    "logsumexp": _last_axis,
    "norm": _norm,
    "trace": _square,
    "det": _square,
    "logdet": _square,
    "inv": _square,
    "diag": _diag,
    "transpose": _transpose,
    "dot": _pair,
    "outer": _pair,
    "matmul": _pair,
    "hadamard": _entrywise,
    "entrywise_div": _entrywise,
    "entrywise_pow": _entrywise,
    "norm1": _written_norm,
    "norm2": _written_norm,
    "identity": _filled,
    "eye": _filled,
    "ones": _filled,
    "zeros": _filled,
}
