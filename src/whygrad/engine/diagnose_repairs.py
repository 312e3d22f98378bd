"""The smallest change of a line that makes it right: one sign, factor, exponent, index or term.

Each repair is a fact ("with this factor here the line is right"); the id it carries is what it would
be called if nothing more is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from whygrad.core.document import Inline
from whygrad.core.expr import (
    Add,
    Call,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    factors_of,
    neg,
    terms_of,
)
from whygrad.core.walk import (
    Path,
    at,
    canonical,
    free_indices,
    names,
    paths,
    postorder,
    replace_at,
    substitute,
)
from whygrad.engine.diagnose_case import Case
from whygrad.engine.diagnose_rules import term_id


@dataclass(frozen=True, slots=True)
class Repair:
    """A change of the line after."""

    id: str
    sites: tuple[Path, ...]
    corrected: Expr
    fact: Inline
    cost: float


# --- places -----------------------------------------------------------------------------------------
def linear_places(line: Expr) -> Iterator[tuple[Path, Expr]]:
    """The whole line, its terms, and the terms inside its products and sums."""
    stack: list[tuple[Path, Expr]] = [((), line)]
    while stack:
        path, node = stack.pop()
        yield path, node
        match node:
            case Add(terms):
                stack.extend(((*path, k), t) for k, t in reversed(list(enumerate(terms))))
            case Reduce("sum"):
                stack.append(((*path, 0), node.body))
            case Mul(factors):
                for k, factor in enumerate(factors):
                    if isinstance(factor, Add) or (isinstance(factor, Reduce) and factor.op == "sum"):
                        stack.append(((*path, k), factor))
            case _:
                pass


def editable(line: Expr) -> Iterator[tuple[Path, Expr]]:
    """Every place but variables of differentiation."""
    for path, node in paths(line):
        if not any(step == 1 and isinstance(at(line, path[:k]), Partial) for k, step in enumerate(path)):
            yield path, node


def site_of(line: Expr, path: Path) -> tuple[Path, ...]:
    """The places to mark: of a sum each of its terms."""
    node = at(line, path)
    if isinstance(node, Mul):
        inside = [k for k, f in enumerate(node.factors) if isinstance(f, Add) and len(names(f)) > 1]
        if len(inside) == 1:
            path, node = (*path, inside[0]), node.factors[inside[0]]
    if isinstance(node, Add):
        return tuple((*path, k) for k in range(len(node.terms)))
    return (path,)


def groups(line: Expr) -> Iterator[tuple[tuple[Path, ...], Expr, tuple[Expr, ...], tuple[Expr, ...], Path]]:
    """Neighbouring terms that may have stood in one bracket: a + b - c as a + (b - c).

    Gives the places of the terms, the group, the terms before and after it, and the sum's place.
    """
    for path, node in linear_places(line):
        if isinstance(node, Add) and 3 <= len(node.terms) <= 8:
            terms = node.terms
            for size in range(2, len(terms)):
                for k in range(len(terms) - size + 1):
                    places = tuple((*path, n) for n in range(k, k + size))
                    yield places, add(*terms[k : k + size]), terms[:k], terms[k + size :], path


# --- signs ------------------------------------------------------------------------------------------
def signs(case: Case) -> Iterator[Repair]:
    """One sign, of a term or of the line."""
    line = case.after
    turned = _differences(case.before)
    for path, node in editable(line):
        if isinstance(node, Partial | Index) or (path and not _signed(line, path)):
            continue
        new = replace_at(line, path, neg(node))
        if isinstance(node, Add) and path and any(canonical(_turned(d)) is canonical(node) for d in turned):
            yield Repair(
                "mistake/sign/bracket-turned",
                (path,),
                replace_at(line, path, _turned(node)),
                ("with ", _turned(node), " here, the line is right"),
                0.9,
            )
        elif not path:
            name = _in_the_name(case)
            slip = "mistake/sign/in-the-name" if name else "mistake/sign/whole-line"
            yield Repair(slip, ((),), new, ("with the other sign, the whole line is right",), 1.35)
        else:
            yield Repair(
                "mistake/sign/one-term",
                (path,),
                new,
                ("with ", neg(node), " here, the line is right"),
                1.4 + 0.02 * len(path),
            )


def group_signs(case: Case) -> Iterator[Repair]:
    """The sign of neighbouring terms, as of a bracket that was taken away."""
    for sites, group, first, last, path in groups(case.after):
        turned = add(*(neg(t) for t in terms_of(group)))
        new = replace_at(case.after, path, add(*first, turned, *last))
        yield Repair("mistake/sign/one-term", sites, new, ("with ", turned, " here, the line is right"), 1.5)


def _signed(line: Expr, path: Path) -> bool:
    """Terms of sums, exponents, arguments of functions."""
    above = at(line, path[:-1])
    return (
        isinstance(above, Add | Call)
        or (isinstance(above, Pow) and path[-1] == 1)
        or (isinstance(above, Mul) and isinstance(at(line, path), Add))
    )


def _differences(e: Expr) -> list[Add]:
    return [n for n in postorder(e) if isinstance(n, Add) and len(n.terms) == 2]


def _turned(e: Add) -> Expr:
    first, second = (neg(t) for t in e.terms)
    return add(second, first)


def _in_the_name(case: Case) -> bool:
    """A name of a difference that the line before did not use."""
    fresh = names(case.after) - names(case.before)
    definitions = case.scope.definitions
    return any(n in definitions and isinstance(definitions[n].body, Add) for n in fresh)


# --- exponents, letters, arguments, terms -----------------------------------------------------------
def exponents(case: Case) -> Iterator[Repair]:
    """One exponent off by one, or of the wrong sign."""
    for path, node in editable(case.after):
        match node:
            case Pow(base, Number(value)):
                wanted = [value + 1, value - 1, -value, 2 * value, value / 2]
            case Symbol() | Call() | Add() if not path or not isinstance(
                at(case.after, path[:-1]), Pow | Entry
            ):
                base, wanted = node, [Fraction(2), Fraction(-1)]
            case _:
                continue
        for exponent in wanted:
            new = Pow(base, Number(exponent)) if exponent != 1 else base
            if exponent != 0:
                yield Repair(
                    "mistake/power/exponent-off",
                    (path,),
                    replace_at(case.after, path, new),
                    ("with ", new, " here, the line is right"),
                    1.75,
                )


def index_letters(case: Case) -> Iterator[Repair]:
    """One index letter wrong, at one place or at each."""
    free = free_indices(case.right) | free_indices(case.start) | set(case.letters)
    for path, node in editable(case.after):
        if not isinstance(node, Index) or not path:
            continue
        scope = free | _bound_above(case.after, path)
        for letter in sorted(scope, key=lambda i: i.letter):
            if letter is not node and letter.dim == node.dim:
                new = replace_at(case.after, path, letter)
                yield Repair(
                    "mistake/index/wrong-letter",
                    (path[:-1],),
                    new,
                    ("with ", at(new, path[:-1]), " here, the line is right"),
                    1.5,
                )
    for old in sorted(free_indices(case.after), key=lambda i: i.letter):
        for letter in sorted(free, key=lambda i: i.letter):
            if letter is not old and letter.dim == old.dim:
                places = tuple(p for p, n in paths(case.after) if isinstance(n, Symbol) and old in n.indices)
                new = substitute(case.after, {old: letter})
                yield Repair(
                    "mistake/index/wrong-letter",
                    places,
                    new,
                    ("with the index ", letter, " in the place of ", old, ", the line is right"),
                    1.6,
                )


def _bound_above(line: Expr, path: Path) -> set[Index]:
    found: set[Index] = set()
    for k in range(len(path)):
        node = at(line, path[:k])
        if isinstance(node, Reduce):
            found.add(node.index)
    return found


def sums(case: Case) -> Iterator[Repair]:
    """A sum too few or too many."""
    line = case.after
    free = free_indices(case.start) | set(case.letters)
    for path, node in paths(line):
        if not isinstance(node, Reduce) or node.op != "sum":
            continue
        if node.index not in free_indices(node.body):
            yield Repair(
                "mistake/index/sum-added",
                (path,),
                replace_at(line, path, node.body),
                ("without this sum the line is right",),
                1.3,
            )
        for letter in sorted(free, key=lambda i: i.letter):
            if letter.dim == node.index.dim:
                new = substitute(node.body, {node.index: letter})
                yield Repair(
                    "mistake/index/sum-kept",
                    (path,),
                    replace_at(line, path, new),
                    ("with ", new, " in the place of this sum, the line is right"),
                    1.3,
                )
    for index in case.extra_letters:
        for path, node in linear_places(line):
            if index in free_indices(node):
                new = replace_at(line, path, Reduce("sum", index, node))
                yield Repair(
                    "mistake/sum/dropped",
                    (path,),
                    new,
                    ("with the sum over ", index, " here, the line is right"),
                    1.2,
                )


def arguments(case: Case) -> Iterator[Repair]:
    """A function with the argument of another line."""
    known: dict[str, dict[Expr, None]] = {}
    bodies = [d.body for d in case.scope.definitions.values()]
    for e in (case.before, case.start, case.right, *bodies):
        for node in postorder(e):
            if isinstance(node, Call) and len(node.args) == 1:
                known.setdefault(node.name, {}).setdefault(node.args[0])
    for name, options in known.items():
        wrong = _outermost([p for p, n in editable(case.after) if isinstance(n, Call) and n.name == name])
        for argument in options:
            places = [p for p in wrong if at(case.after, p).args[0] is not argument]  # pyright: ignore
            for chosen in ([places] if len(places) > 1 else []) + [[p] for p in places]:
                new = case.after
                for path in chosen:
                    new = replace_at(new, path, Call(name, (argument,)))
                wrong_one = at(case.after, chosen[0]) if len(chosen) == 1 else None
                slip = _argument_id(wrong_one, argument) if isinstance(wrong_one, Call) else "argument/lost"
                fact: Inline = ("with ", Call(name, (argument,)), " here, the line is right")
                yield Repair(f"mistake/{slip}", tuple(chosen), new, fact, 1.45)


def _argument_id(wrong: Call, right: Expr) -> str:
    """What is wrong with one argument: a term of it is lost, a factor, a sign, or all of it."""
    (written,) = wrong.args
    terms = {canonical(t) for t in terms_of(written)}
    wanted = {canonical(t) for t in terms_of(right)}
    if terms < wanted:
        return "term/lost"
    if len(terms) == len(wanted) and {canonical(neg(t)) for t in terms - wanted} == wanted - terms:
        return "sign/one-term"
    factors = {canonical(f) for f in factors_of(written)}
    if factors < {canonical(f) for f in factors_of(right)}:
        return "constant/factor-lost"
    return "argument/lost"


def _outermost(places: list[Path]) -> list[Path]:
    """The places that do not stand inside another."""
    return [p for p in places if not any(p != q and p[: len(q)] == q for q in places)]


def missing_terms(case: Case, bodies: Iterable[tuple[Expr, Expr]]) -> Iterator[Repair]:
    """A term of the right line added, or one of the written line left out.

    ``bodies`` are terms with what they are the derivative of.
    """
    for value, origin in bodies:
        term = case.sifted(value)
        new = add(case.after, term)
        yield Repair(
            term_id(origin, case.slopes),
            ((),),
            new,
            ("with the term ", term, " added, the line is right"),
            1.6,
        )
    for path, node in paths(case.after):
        if isinstance(node, Add):
            for k, term in enumerate(node.terms):
                rest = add(*(t for n, t in enumerate(node.terms) if n != k))
                constant = isinstance(term, Number) or not names(term)
                slip = "mistake/constant/kept" if constant and case.has_derivative else "mistake/term/lost"
                yield Repair(
                    slip,
                    ((*path, k),),
                    replace_at(case.after, path, rest),
                    ("without ", term, " the line is right"),
                    1.9,
                )


def right_terms(right: Expr) -> list[tuple[Expr, Expr]]:
    """Each term of the right line, at any depth of products and sums, with what it is multiplied by.

    The term itself goes with it: a penalty is known by what stands in it.
    """
    out: list[tuple[Expr, Expr]] = []
    for path, node in linear_places(right):
        if isinstance(node, Add):
            out.extend((replace_at(right, path, term), term) for term in node.terms)
    return out
