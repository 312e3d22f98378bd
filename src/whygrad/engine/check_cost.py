r"""The definitions of a cost in the words of the person who is checked.

A cost says ``z[i] = sum_j w[j] x[i,j] + b``; people write ``z = wx + b`` for one example, or
``z^{(i)} = \\sum_j w_j x_j^{(i)} + b``. The style is taken from the lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from whygrad.core.cost import Cost, Definition
from whygrad.core.expr import (
    MINUS_ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.walk import fold, postorder

Style = Literal["none", "sub", "sup"]


def cost_context(cost: Cost, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    r"""Context lines and phrases that say what a cost defines.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> cost = read_cost("data x[i], y[i] in {0,1}\nparam w\nL[i] = (y[i] - w x[i])^2\nJ = sum_i L[i]")
    >>> cost_context(cost, ["dL/dw"])
    (['L = (y - w x)^{2}'], ['y in {0, 1}'])
    """
    style = style_of(lines)
    examples = _example_dims(cost)
    restated = all(_stands_in(d, lines) for d in cost.definitions)
    context = [] if restated else [_defined(d, style, examples) for d in cost.definitions]
    phrases: list[str] = []
    for declaration in cost.declarations:
        if declaration.values:
            values = ", ".join(str(v) for v in declaration.values)
            phrases.append(f"{_name(declaration.name)} in {{{values}}}")
        elif declaration.has("onehot"):
            phrases.append(f"{_name(declaration.name)} is one-hot")
        elif declaration.has("simplex"):
            phrases.append(f"{_name(declaration.name)} sums to 1")
        elif declaration.has("spd"):
            phrases.append(f"{_name(declaration.name)} is positive definite")
        elif declaration.has("symmetric"):
            phrases.append(f"{_name(declaration.name)} is symmetric")
        elif declaration.positive:
            phrases.append(f"{_name(declaration.name)} > 0")
    used = {n.name for d in cost.definitions for n in postorder(d.body) if isinstance(n, Call)}
    if used & {"Phi", "gelu"}:
        phrases.append("Phi is the standard normal cdf")
    return [c for c in context if c], phrases


def _stands_in(d: Definition, lines: Sequence[str]) -> bool:
    """Whether the text itself has a line that begins ``name =``, with indices or without."""
    base = re.escape(_name(d.name).partition("_")[0])
    head = re.compile(rf"(?:^|[\s$(.,&]){base}[\w{{}}₀-₉,^()]*\s*&?\s*=")
    return any(head.search(line) for line in lines)


def style_of(lines: Sequence[str]) -> Style:
    """How the lines write positions."""
    text = " ".join(lines)
    if re.search(r"\^\{?\([a-z]\)\}?", text):
        return "sup"
    return "sub" if re.search(r"_\{?[ijk]|\[[ijk]|[ᵢⱼₖ]", text) else "none"


def _example_dims(cost: Cost) -> frozenset[str]:
    """Dimensions that only data run over."""
    data = {d for x in cost.declarations if x.kind == "data" for d in x.dims[:1]}
    return frozenset(data - {d for x in cost.declarations if x.kind == "param" for d in x.dims})


def _is_plain(e: Expr) -> bool:
    """Whether an expression keeps its meaning without index letters: no sums but inner products."""

    def plain(node: Expr, kids: tuple[bool, ...]) -> bool:
        if isinstance(node, Reduce):
            inner = isinstance(node.body, Mul) and all(isinstance(f, Symbol) for f in node.body.factors)
            return node.op == "sum" and node.where is None and inner
        return all(kids) and not isinstance(node, Delta | Compare | Size | Entry)

    return fold(e, plain)


def _defined(d: Definition, style: Style, examples: frozenset[str]) -> str:
    if style == "none" and d.indices and not _is_plain(d.body):
        return ""
    if style == "none" and not d.indices and not d.dims and not _is_plain(d.body):
        return ""
    body = latex(d.body, style, examples)
    if d.is_function:
        return f"{_name(d.name)}({', '.join(_name(p) for p in d.parameters)}) = {body}"
    left = latex(Symbol(d.name, d.indices), style, examples)
    return f"{left} = {body}"


_GREEK: Final = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi"
    " omega".split()
)


def _name(name: str) -> str:
    base, _, rest = name.partition("_")
    if rest in ("hat", "bar", "tilde"):
        return rf"\{rest}{{{_name(base)}}}"
    shown = rf"\{base}" if base in _GREEK else base if len(base) == 1 else rf"\mathrm{{{base}}}"
    return f"{shown}_{{{rest}}}" if rest else shown


def latex(e: Expr, style: Style, examples: frozenset[str]) -> str:
    """An expression as a person would type it; strengths: sum 1, product 2, power 3, atom 4."""

    def part(node: Expr, kids: tuple[tuple[str, int], ...]) -> tuple[str, int]:
        return spelled(node, kids, style, examples)

    return fold(e, part)[0]


def spelled(
    e: Expr, kids: tuple[tuple[str, int], ...], style: Style, examples: frozenset[str]
) -> tuple[str, int]:
    """One node, its parts spelled: text and strength."""
    texts = [text for text, _ in kids]
    match e:
        case Number(value):
            return (str(value), 4) if value.denominator == 1 and value >= 0 else (f"({value})", 4)
        case Constant(name):
            return (rf"\{name}" if name == "pi" else name), 4
        case Index(letter):
            return letter, 4
        case Size(dim):
            return dim, 4
        case Symbol(name, indices):
            return _symbol(name, indices, texts, style, examples), 4
        case Add():
            return _sum(kids), 1
        case Mul():
            return _product(e, kids), 2
        case Pow(_, exponent):
            if exponent is MINUS_ONE:
                return rf"\frac{{1}}{{{texts[0]}}}", 3
            return f"{_in(kids[0], 4)}^{{{texts[1]}}}", 3
        case Call(name):
            shown = {"sigmoid": r"\sigma", "relu": r"\mathrm{relu}"}.get(name, rf"\{name}")
            return f"{shown}({', '.join(texts)})", 4
        case Reduce(op, index):
            if style == "none" or (op == "sum" and not texts):
                return texts[0], kids[0][1]
            sign = {"sum": r"\sum", "prod": r"\prod"}.get(op, rf"\{op}")
            return f"{sign}_{{{index.letter}=1}}^{{{index.dim}}} {_in(kids[0], 2)}", 1
        case Delta():
            return rf"\delta_{{{texts[0]}{texts[1]}}}", 4
        case Compare(op):
            return f" {'=' if op == '==' else op} ".join(texts), 0
        case Cases():
            rows = [f"{v} & {c}" for c, v in zip(texts[:-1:2], texts[1:-1:2], strict=True)]
            return r"\begin{cases} " + r" \\ ".join([*rows, texts[-1]]) + r" \end{cases}", 4
        case Entry():
            return f"[{texts[0]}]_{{{','.join(texts[1:])}}}", 4
        case Apply(op):
            return _apply(op, kids), 2
        case _:
            return "", 4


def _symbol(
    name: str, indices: tuple[Expr, ...], texts: list[str], style: Style, examples: frozenset[str]
) -> str:
    shown = _name(name)
    if style == "none" or not indices:
        return shown
    first = indices[0]
    if style == "sup" and isinstance(first, Index) and first.dim in examples:
        rest = "".join(texts[1:])
        return f"{shown}{f'_{{{rest}}}' if rest else ''}^{{({texts[0]})}}"
    return f"{shown}_{{{','.join(texts) if any(len(x) > 1 for x in texts) else ''.join(texts)}}}"


def _in(kid: tuple[str, int], strength: int) -> str:
    return kid[0] if kid[1] >= strength else f"({kid[0]})"


def _sum(kids: tuple[tuple[str, int], ...]) -> str:
    out = _in(kids[0], 1)
    for text, _ in kids[1:]:
        out += f" - {text[1:]}" if text.startswith("-") else f" + {text}"
    return out


def _product(e: Mul, kids: tuple[tuple[str, int], ...]) -> str:
    parts: list[str] = []
    for k, (factor, kid) in enumerate(zip(e.factors, kids, strict=True)):
        if factor is MINUS_ONE and not k:
            continue
        if isinstance(factor, Size) or (isinstance(factor, Pow) and isinstance(factor.base, Size)):
            parts.append(kid[0])
            continue
        parts.append(_in(kid, 2))
    text = " ".join(parts) or "1"
    return f"-{text}" if e.factors[0] is MINUS_ONE else text


def _apply(op: str, kids: tuple[tuple[str, int], ...]) -> str:
    match op:
        case "matmul":
            return " ".join(_in(kid, 2) for kid in kids)
        case "transpose":
            return f"{_in(kids[0], 4)}^T"
        case "dot":
            return f"({kids[0][0]})^T ({kids[1][0]})"
        case "norm":
            return rf"\|{kids[0][0]}\|"
        case "trace":
            return rf"\operatorname{{tr}}({kids[0][0]})"
        case "inv":
            return f"{_in(kids[0], 4)}^{{-1}}"
        case _:
            return rf"\operatorname{{{op}}}({', '.join(k for k, _ in kids)})"
