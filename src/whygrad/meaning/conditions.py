"""Where an expression is defined, and what of that is not already known.

An equality of two expressions holds where both are defined. A condition that both sides ask for is
the domain of both; one that only one side asks for (``x/x`` asks ``x != 0``, ``1`` does not) is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    sub,
)
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import children, fold, free_indices
from whygrad.meaning.facts import Ranges, is_whole

Relation = Literal["!= 0", "> 0", ">= 0"]


@dataclass(frozen=True, slots=True)
class Condition:
    """``value`` must be as ``relation`` says; ``guarded`` where a branch is taken only."""

    relation: Relation
    value: Expr
    guarded: bool = False
    bound: frozenset[Index] = frozenset()
    """Indices in it that run over all positions."""

    @property
    def text(self) -> str:
        """In plain text."""
        where = " where its branch is taken" if self.guarded else ""
        return f"{formula(self.value)} {self.relation}{where}"


def conditions(e: Expr, ranges: Ranges) -> list[Condition]:
    """What must hold for ``e`` to be defined and does not follow from the declarations."""
    out: dict[Condition, None] = {}
    for asked in _asked(e, ranges.scope):
        found = ranges.of(asked.value)
        known = {
            "!= 0": found.nonzero,
            "> 0": found.positive,
            ">= 0": found.nonnegative,
        }[asked.relation]
        if not known:
            out.setdefault(asked)
    return list(out)


def _asked(e: Expr, scope: Scope) -> Iterator[Condition]:
    seen: set[tuple[Expr, bool, frozenset[Index]]] = set()
    stack: list[tuple[Expr, bool, frozenset[Index]]] = [(e, False, frozenset())]
    while stack:
        node, guarded, bound = stack.pop()
        bound &= free_indices(node)
        if (node, guarded, bound) in seen:
            continue
        seen.add((node, guarded, bound))
        for relation, value in _of_node(node, scope):
            yield Condition(relation, value, guarded, bound & free_indices(value))
        if isinstance(node, Reduce):
            guarded = guarded or node.where is not None
            bound = bound | {node.index}
        guarded = guarded or isinstance(node, Cases)
        stack.extend((kid, guarded, bound) for kid in children(node))


def _of_node(node: Expr, scope: Scope) -> Iterator[tuple[Relation, Expr]]:
    match node:
        case Pow(base, Number(value)):
            if value.denominator != 1:
                yield ("> 0" if value < 0 else ">= 0", base)
            elif value < 0:
                yield ("!= 0", base)
        case Pow(_, exponent) if is_whole(exponent, scope):
            return
        case Pow(base, _):
            yield ("> 0", base)
        case Call(name, args) if name in FUNCTIONS:
            match FUNCTIONS[name].domain:
                case "positive":
                    for u in args:
                        yield ("> 0", u)
                case "nonnegative":
                    yield (">= 0", args[0])
                case "above-minus-one":
                    yield ("> 0", add(ONE, args[0]))
                case "abs-below-one":
                    yield ("> 0", sub(ONE, args[0]))
                    yield ("> 0", add(ONE, args[0]))
                case _:
                    return
        case Entry(Apply("inv", (inside,))):
            yield ("!= 0", Apply("det", (inside,)))
        case Apply("logdet", (inside,)):
            yield ("> 0", Apply("det", (inside,)))
        case _:
            return


def formula(e: Expr) -> str:
    """A formula in plain text, fully usable as input, with no more brackets than it needs.

    >>> x = Symbol("x", (Index("i", "m"),))
    >>> formula(Pow(sub(ONE, x), MINUS_ONE))
    '1/(1 - x[i])'
    """
    return fold(e, _spelled)[0]


# Binding strengths: sum 1, product 2, power 3, atom 4.
def _spelled(e: Expr, kids: tuple[tuple[str, int], ...]) -> tuple[str, int]:
    texts = [text for text, _ in kids]
    match e:
        case Number(value):
            whole = value.denominator == 1 and value >= 0
            return str(value), 4 if whole else 2
        case Constant(name) | Hole(name):
            return name, 4
        case Index(letter):
            return letter, 4
        case Size(dim):
            return dim, 4
        case Symbol(name):
            return (f"{name}[{','.join(texts)}]" if texts else name), 4
        case Entry():
            return f"{texts[0]}[{','.join(texts[1:])}]", 4
        case Add():
            return _spelled_sum(kids), 1
        case Mul():
            return _spelled_product(e, kids), 2
        case Pow(_, exponent):
            if exponent is MINUS_ONE:
                return f"1/{_inside(kids[0], 3)}", 2
            return f"{_inside(kids[0], 4)}^{_inside(kids[1], 4)}", 3
        case Call(name):
            return f"{name}({', '.join(texts)})", 4
        case Apply(op):
            return f"{op}({', '.join(texts)})", 4
        case Delta():
            return f"({texts[0]} == {texts[1]})", 4
        case Compare(op):
            inside = f"not {texts[0]}" if op == "not" else f" {op} ".join(texts)
            return f"({inside})", 4
        case Reduce(op, index):
            where = f" {texts[1]}" if len(texts) > 1 else ""
            return f"{op}_{{{index.letter}{where}}} {_inside(kids[0], 2)}", 2
        case Cases():
            parts = [f"{v} if {c} else " for c, v in zip(texts[:-1:2], texts[1:-1:2], strict=True)]
            return f"({''.join(parts)}{texts[-1]})", 4
        case Partial():
            return f"D({texts[0]}, {texts[1]})", 4
        case _:
            return repr(e), 4


def _inside(kid: tuple[str, int], strength: int) -> str:
    return kid[0] if kid[1] >= strength else f"({kid[0]})"


def _spelled_sum(kids: tuple[tuple[str, int], ...]) -> str:
    out = _inside(kids[0], 2)
    for kid in kids[1:]:
        text = _inside(kid, 2)
        out += f" - {text[1:]}" if text.startswith("-") else f" + {text}"
    return out


def _spelled_product(e: Mul, kids: tuple[tuple[str, int], ...]) -> str:
    out = ""
    for factor, kid in zip(e.factors, kids, strict=True):
        if factor is MINUS_ONE and not out:
            out = "-"
        elif isinstance(factor, Pow) and factor.exponent is MINUS_ONE and out not in ("", "-"):
            out += kid[0][1:]  # 1/u after something is /u
        else:
            gap = "" if out in ("", "-") else " "
            out += gap + _inside(kid, 2 if not out and not isinstance(factor, Add) else 3)
    return out
