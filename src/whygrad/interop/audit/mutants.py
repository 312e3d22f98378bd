"""What a hand-written formula might have been instead: one slip at one place, with the words for it.

Every row of the slips is tried at every node of a formula and of the definitions below it; a slip is
reported only where its numbers are those of the code at every point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Cases,
    Compare,
    CompareOp,
    Expr,
    Mul,
    Number,
    Pow,
    Reduce,
    Symbol,
    add,
    inverse,
    mul,
    neg,
    sub,
)
from whygrad.core.walk import (
    Path,
    free_indices,
    names,
    paths,
    postorder,
    replace_at,
    rewrite_bottom_up,
    substitute,
)
from whygrad.engine.score import reached
from whygrad.show.text import to_text

MOST = 1500
HALF = Number(Fraction(1, 2))
SIMILAR = {
    "sigmoid": ("tanh",),
    "tanh": ("sigmoid",),
    "log": ("log1p",),
    "log1p": ("log",),
    "exp": ("expm1",),
    "expm1": ("exp",),
    "sinh": ("cosh",),
    "cosh": ("sinh",),
    "sin": ("cos",),
    "cos": ("sin",),
    "max": ("min",),
    "min": ("max",),
}


@dataclass(frozen=True)
class Mutant:
    """A formula with one slip, the scope of its names, and what the slip is in words."""

    words: str
    body: Expr
    scope: Scope


def mutants(
    e: Expr,
    scope: Scope,
    labels: frozenset[str],
    links: dict[str, Symbol],
    locals_: tuple[tuple[str, Expr], ...] = (),
) -> Iterator[Mutant]:
    """Every single slip in a formula, the likely kinds first.

    Parameters
    ----------
    labels
        Names whose values are labels.
    links
        For an output's name its margin, and the other way round: ``{"f": z, "z": f}``.
    locals_
        Local derivatives of one row by their names, which may be left out or stand once too often.
    """
    found = (
        *_link_slips(e, scope, links),
        *_label_slips(e, scope, labels),
        *_local_slips(e, scope, locals_),
        *_slips(e, scope, "", {}),
        *_below(e, scope),
    )
    yield from found[:MOST]


def _text(e: Expr, scope: Scope) -> str:
    return to_text(e, scope)


def _link_slips(e: Expr, scope: Scope, links: dict[str, Symbol]) -> Iterator[Mutant]:
    for name, (other) in links.items():
        used = {n for n in postorder(e) if isinstance(n, Symbol) and n.name == name}
        if not used:
            continue
        mapping: dict[Expr, Expr] = {n: Symbol(other.name, n.indices) for n in used}
        here, there = _text(next(iter(used)), scope), _text(next(iter(mapping.values())), scope)
        if name in scope.definitions:
            words = f"the margin {there} stands where the prediction {here} is meant: the link is missing"
            yield Mutant(words, substitute(e, mapping), scope)
            d = scope.definitions[name]
            twice = substitute(d.body, {n: Symbol(name, n.indices) for n in _of(d.body, other.name)})
            for n in used:
                put = substitute(twice, dict(zip(d.indices, n.indices, strict=True)))
                yield Mutant(
                    f"the link is applied twice: {here} goes through it once more",
                    substitute(e, {n: put}),
                    scope,
                )
        else:
            words = f"the prediction {there} stands where the margin {here} is meant"
            yield Mutant(words, substitute(e, mapping), scope)


def _local_slips(e: Expr, scope: Scope, locals_: tuple[tuple[str, Expr], ...]) -> Iterator[Mutant]:
    """A local derivative that is left out of the slope of a row, or that stands in it once too often."""
    for name, factor in locals_:
        letters = free_indices(factor)
        sums = [n for n in postorder(e) if isinstance(n, Reduce) and n.op == "sum" and n.index in letters]
        for words, times in (
            (f"the factor {name} is missing", inverse(factor)),
            (f"the factor {name} stands in it, and should not", factor),
        ):
            if letters <= free_indices(e):
                yield Mutant(words, mul(e, times), scope)
            for n in sums:
                if letters - {n.index} <= free_indices(e):
                    yield Mutant(
                        words, substitute(e, {n: Reduce("sum", n.index, mul(n.body, times), n.where)}), scope
                    )


def _of(e: Expr, name: str) -> set[Symbol]:
    return {n for n in postorder(e) if isinstance(n, Symbol) and n.name == name}


def _label_slips(e: Expr, scope: Scope, labels: frozenset[str]) -> Iterator[Mutant]:
    """Labels taken for others, in the formula and in all definitions at once."""
    for name in sorted(labels):
        d = scope.declarations.get(name)
        values = d.values if d is not None else ()
        slips: list[tuple[str, Expr]] = []
        if values == (Fraction(0), Fraction(1)):
            slips.append(("labels {0,1} are taken for {-1,1}", sub(mul(TWO, Symbol(name + "?")), ONE)))
            slips.append(("the two classes are exchanged", sub(ONE, Symbol(name + "?"))))
        elif values == (Fraction(-1), Fraction(1)):
            slips.append(("labels {-1,1} are taken for {0,1}", mul(HALF, add(Symbol(name + "?"), ONE))))
            slips.append(("the two classes are exchanged", neg(Symbol(name + "?"))))
            slips.append(
                (
                    "labels {-1,1} are taken as they are in a formula for {0,1}",
                    sub(mul(TWO, Symbol(name + "?")), ONE),
                )
            )
        for words, new in slips:

            def recoded(body: Expr, name: str = name, new: Expr = new) -> Expr:
                found = _of(body, name)
                return substitute(body, {n: substitute(new, {Symbol(name + "?"): n}) for n in found})

            kept = {k: replace(v, body=recoded(v.body)) for k, v in scope.definitions.items()}
            yield Mutant(words, recoded(e), Scope(scope.declarations, kept))


def _below(e: Expr, scope: Scope) -> Iterator[Mutant]:
    """Slips in the definitions that the formula rests on."""
    below = frozenset[str]().union(*(reached(scope, n) for n in names(e)))
    for name in [d for d in scope.definitions if d in below]:
        d = scope.definitions[name]
        for m in _slips(d.body, scope, f"in {_text(Symbol(d.name, d.indices), scope)}: ", {}):
            changed = {**scope.definitions, name: replace(d, body=m.body)}
            yield Mutant(m.words, e, Scope(scope.declarations, changed))


def _slips(e: Expr, scope: Scope, where: str, _: dict[str, Symbol]) -> Iterator[Mutant]:
    """Slips at every node: at all its places first, then at each place alone."""
    found: dict[Expr, list[Path]] = {}
    for path, node in paths(e):
        found.setdefault(node, []).append(path)
    free = free_indices(e)
    for node in found:
        for words, new in _of_node(node, scope):
            body = substitute(e, {node: new})
            if body is not e and free_indices(body) <= free:
                yield Mutant(where + words, body, scope)
    for node, places in found.items():
        if len(places) < 2:
            continue
        for words, new in _of_node(node, scope):
            for path in places[:4]:
                body = replace_at(e, path, new)
                if body is not e and free_indices(body) <= free:
                    yield Mutant(f"{where}{words}, in one place", body, scope)


def _of_node(node: Expr, scope: Scope) -> Iterator[tuple[str, Expr]]:
    yield from _of_sum(node, scope)
    yield from _of_leaf(node, scope)


def _of_sum(node: Expr, scope: Scope) -> Iterator[tuple[str, Expr]]:
    t = _text
    match node:
        case Add(terms):
            for k, term in enumerate(terms):
                rest = (*terms[:k], *terms[k + 1 :])
                yield (
                    f"the term {t(term, scope)} has the wrong sign",
                    add(*terms[:k], neg(term), *terms[k + 1 :]),
                )
                yield f"the term {t(term, scope)} is missing", add(*rest)
                yield f"the term {t(term, scope)} is 2 times too large", add(*rest, mul(TWO, term))
                yield (
                    f"the term {t(term, scope)} is half as large as it should be",
                    add(*rest, mul(HALF, term)),
                )
        case Mul(factors):
            for k, factor in enumerate(factors):
                rest = (*factors[:k], *factors[k + 1 :])
                if factor is not MINUS_ONE:
                    yield f"the factor {t(factor, scope)} is missing", mul(*rest)
                    if not isinstance(factor, Number):
                        yield f"the factor {t(factor, scope)} stands twice", mul(*factors, factor)
                        yield (
                            (
                                f"{t(factor, scope)} divides where it should multiply"
                                if not isinstance(factor, Pow)
                                else f"{t(factor, scope)} is turned over"
                            ),
                            mul(*rest, inverse(factor)),
                        )
                else:
                    yield f"the sign of {t(node, scope)} is wrong", mul(*rest)
        case Pow(base, Number(value)):
            for k in (value - 1, value + 1):
                if k != 0:
                    yield f"the exponent of {t(node, scope)} is {k}", Pow(base, Number(k)) if k != 1 else base
            yield f"{t(node, scope)} is missing", ONE
        case Pow(base, exponent):
            for k, words in ((MINUS_ONE, "one too small"), (ONE, "one too large")):
                yield f"the exponent of {t(node, scope)} is {words}", Pow(base, add(exponent, k))
        case Call(name, args):
            yield from _of_call(node, name, args, scope)
        case Reduce("sum", index, body, where):
            yield (
                f"the largest term stands instead of the sum {t(node, scope)}",
                Reduce("max", index, body, where),
            )
        case _:
            pass


def _of_leaf(node: Expr, scope: Scope) -> Iterator[tuple[str, Expr]]:
    t = _text
    match node:
        case Cases(branches, otherwise):
            if len(branches) == 1:
                condition, then = branches[0]
                yield "the two branches are exchanged", Cases([(condition, otherwise)], then)
                yield f"the branch where {t(condition, scope)} is left out", otherwise
                yield f"the condition {t(condition, scope)} is left out", then
        case Compare(op, args) if len(args) == 2:
            turned: dict[CompareOp, CompareOp] = {
                "<": ">",
                ">": "<",
                "<=": ">=",
                ">=": "<=",
                "==": "!=",
                "!=": "==",
            }
            if op in turned:
                yield f"the condition {t(node, scope)} is turned round", Compare(turned[op], args)
            for k, arg in enumerate(args):
                for words, new in (
                    (f"the bend {t(arg, scope)} stands at 0", ZERO),
                    ("a sign inside a condition is wrong", neg(arg)),
                ):
                    if arg is not new and arg is not ZERO:
                        yield words, Compare(op, (*args[:k], new, *args[k + 1 :]))
        case Symbol(name, _) if name in scope.declarations and scope.declarations[name].kind == "const":
            d = scope.declarations[name]
            if d.low is not None and d.domains[0].high == 1:
                yield f"{name} and 1 - {name} are exchanged", sub(ONE, node)
            yield f"{name} is left out", ONE
            yield f"{name} is taken as 0", ZERO
            yield f"the square of {name} stands for {name}", Pow(node, TWO)
        case Number(value) if not isinstance(node, Symbol):
            for new in dict.fromkeys((-value, 2 * value, value / 2, value + 1, value - 1)):
                if new != value:
                    yield f"{new} stands where {value} should", Number(new)
        case _:
            if isinstance(node, Symbol):
                yield f"{t(node, scope)} has the wrong sign", neg(node)
                yield f"1 - {t(node, scope)} stands for {t(node, scope)}", sub(ONE, node)
                yield f"{t(node, scope)} stands squared", Pow(node, TWO)


def _of_call(node: Expr, name: str, args: tuple[Expr, ...], scope: Scope) -> Iterator[tuple[str, Expr]]:
    t = _text
    if len(args) == 1:
        yield f"{name} is missing around {t(args[0], scope)}", args[0]
        yield f"the sign inside {t(node, scope)} is wrong", Call(name, (neg(args[0]),))
        yield f"{t(node, scope)} is missing", ONE
        yield f"1 - {t(node, scope)} stands for {t(node, scope)}", sub(ONE, node)
        yield f"{t(node, scope)} stands squared", Pow(node, TWO)
    else:
        for arg in args:
            if arg is not ZERO:
                yield f"{name} is missing: {t(arg, scope)} stands for {t(node, scope)}", arg
    for other in SIMILAR.get(name, ()):
        yield f"{other} stands where {name} should", Call(other, args)


def unfolded(e: Expr, scope: Scope, keep: frozenset[str]) -> Expr:
    """The formula with its definitions put in, but for those to ``keep``."""

    def put(node: Expr) -> Expr:
        d = scope.definitions.get(node.name) if isinstance(node, Symbol) else None
        if d is None or not isinstance(node, Symbol) or d.is_function or node.name in keep:
            return node
        if len(d.indices) != len(node.indices):
            return node
        return substitute(d.body, dict(zip(d.indices, node.indices, strict=True)))

    for _ in range(20):
        new = rewrite_bottom_up(e, put)
        if new is e:
            break
        e = new
    return e
