"""The smallest change of a line that makes it right: one sign, factor, exponent, index or term.

Each repair is a fact ("with this factor here the line is right"); the id it carries is what it would
be called if nothing more is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Final

from whygrad.core.document import Inline
from whygrad.core.errors import WhygradError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    factors_of,
    inverse,
    mul,
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
    symbols,
)
from whygrad.engine.diagnose_case import Case
from whygrad.engine.diagnose_rules import term_id
from whygrad.engine.diagnose_slopes import Node, nodes
from whygrad.engine.differentiate import instantiate

LARGEST: Final = 900
"""Most candidates of one kind that are tried for a line."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A change of the line after."""

    id: str
    sites: tuple[Path, ...]
    corrected: Expr
    fact: Inline
    cost: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A factor that may be missing, and what its absence is called."""

    value: Expr
    id: str


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
            yield Repair("mistake/sign/bracket-turned", (path,), replace_at(line, path, _turned(node)),
                         ("with ", _turned(node), " here, the line is right"), 1.1)  # fmt: skip
        elif not path:
            name = _in_the_name(case)
            id = "mistake/sign/in-the-name" if name else "mistake/sign/whole-line"
            yield Repair(id, ((),), new, ("with the other sign, the whole line is right",), 1.35)
        else:
            yield Repair("mistake/sign/one-term", (path,), new, ("with ", neg(node), " here, the line is right"),
                         1.4 + 0.02 * len(path))  # fmt: skip


def group_signs(case: Case) -> Iterator[Repair]:
    """The sign of neighbouring terms, as of a bracket that was taken away."""
    for sites, group, first, last, path in groups(case.after):
        turned = add(*(neg(t) for t in terms_of(group)))
        new = replace_at(case.after, path, add(*first, turned, *last))
        yield Repair("mistake/sign/one-term", sites, new, ("with ", turned, " here, the line is right"), 1.5)


def _signed(line: Expr, path: Path) -> bool:
    """Terms of sums, exponents, arguments of functions."""
    above = at(line, path[:-1])
    return isinstance(above, Add | Call) or (isinstance(above, Pow) and path[-1] == 1) or (
        isinstance(above, Mul) and isinstance(at(line, path), Add)
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


# --- factors ----------------------------------------------------------------------------------------
def pieces(case: Case, trees: Iterable[Node]) -> list[Piece]:
    """Factors that may be missing: links of the chain, inner and outer derivatives, sizes, data."""
    found: dict[Expr, Piece] = {}

    def put(value: Expr, id: str) -> None:
        if value is not ONE and not isinstance(value, Number):
            value = case.named(value)
            found.setdefault(canonical(value), Piece(value, id))

    for tree in trees:
        for node in nodes(tree):
            outer = _outer(node)
            if outer is not None:
                put(*outer)
            if node.rule == "definition/unfold":
                link = _link(node)
                if link is not None:
                    put(link, "mistake/chain/factor-lost")
            if outer is not None and len(node.kids) == 1:
                put(node.kids[0].value, _inner_id(case, node.kids[0]))
    for line in (case.start, case.right):
        for node in postorder(line):
            if isinstance(node, Mul):
                for factor in node.factors:
                    if not isinstance(factor, Partial | Reduce):
                        put(factor, factor_id(case, factor))
                for pair in combinations(node.factors, 2):
                    if len(node.factors) < 7 and not any(isinstance(f, Partial | Reduce | Number) for f in pair):
                        put(mul(*pair), factor_id(case, mul(*pair)))
            elif isinstance(node, Pow) and node.exponent is MINUS_ONE:
                put(node, "mistake/log/one-over-lost" if _has_log(case) else "mistake/constant/factor-lost")
    for symbol in (*symbols(case.right), *symbols(case.start)):
        if symbol.name in case.scope.declarations:
            put(symbol, factor_id(case, symbol))
        elif symbol.name in case.scope.definitions:
            link = _written_link(case, symbol)
            if link is not None:
                put(link, "mistake/chain/factor-lost")
            put(symbol, "mistake/chain/factor-lost")
    for dim in _dims(case):
        put(inverse(Size(dim)), _size_id(case, dim))
    return list(found.values())


def _has_log(case: Case) -> bool:
    return any(isinstance(n, Call) and n.name == "log" for n in postorder(case.start))


def _dims(case: Case) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for line in (case.start, case.right, case.after):
        for node in postorder(line):
            if isinstance(node, Size):
                found.setdefault(node.dim)
            elif isinstance(node, Index | Reduce):
                found.setdefault(node.index.dim if isinstance(node, Reduce) else node.dim)
    return tuple(found)


def factor_id(case: Case, factor: Expr) -> str:
    """What losing this factor is called."""
    declared = case.scope.declarations
    used = names(factor)
    if any(isinstance(n, Size) for n in postorder(factor)) and not used:
        return "mistake/sum/mean-dropped"
    if not used:
        return "mistake/constant/factor-lost"
    if isinstance(factor, Symbol) and factor.name in declared:
        kind = declared[factor.name].kind
        if kind == "data" and case.has_derivative:
            return "mistake/inner/data-lost"
        return "mistake/constant/factor-lost" if kind == "const" or not case.has_derivative else "mistake/chain/factor-lost"
    if isinstance(factor, Add) and all(n in declared and declared[n].kind != "param" for n in used):
        return "mistake/constant/factor-lost"
    return "mistake/chain/factor-lost"


def _outer(node: Node) -> tuple[Expr, str] | None:
    """The derivative of the outer function at a node."""
    if len(node.kids) != 1 or not isinstance(node.body, Call | Pow):
        return None
    factors = [f for f in factors_of(node.new) if not isinstance(f, Partial)]
    if len(factors) == len(factors_of(node.new)) or any(isinstance(f, Add) and _partial(f) for f in factors):
        return None
    if isinstance(node.body, Call) and node.body.name == "log":
        return mul(*factors), "mistake/log/one-over-lost"
    return mul(*factors), "mistake/chain/outer-lost"


def _partial(e: Expr) -> bool:
    return any(isinstance(n, Partial) for n in postorder(e))


def _link(node: Node) -> Expr | None:
    """The local derivative of a defined name by what it is made of, in its own name: f (1 - f)."""
    assert isinstance(node.body, Symbol)
    kid = node.kids[0] if node.kids else None
    if kid is None:
        return None
    outer = _outer(kid)
    return None if outer is None else substitute(outer[0], {kid.body: node.body})


def _written_link(case: Case, symbol: Symbol) -> Expr | None:
    """The local derivative of a name that is a function of one other name."""
    body = instantiate(case.index_scope.definitions[symbol.name], symbol.indices)
    if not isinstance(body, Call) or len(body.args) != 1 or not isinstance(body.args[0], Symbol):
        return None
    try:
        slope = case.slopes.slope(Partial(body, body.args[0]))
    except (WhygradError, KeyError):
        return None
    return substitute(slope, {body: symbol})


def _inner_id(case: Case, kid: Node) -> str:
    used = names(kid.value)
    declared = case.scope.declarations
    if used and all(n in declared and declared[n].kind == "data" for n in used):
        return "mistake/inner/data-lost"
    if not used:
        return "mistake/inner/constant-lost"
    return "mistake/inner/derivative-lost"


def factors(case: Case, known: list[Piece]) -> Iterator[Repair]:
    """One factor too few or too many, at one place."""
    places = list(linear_places(case.after))
    count = 0
    for path, node in places:
        for piece in known:
            count += 1
            if count > LARGEST:
                return
            sites = site_of(case.after, path)
            size = 1.6 + 0.02 * len(path)
            new = replace_at(case.after, path, times(node, piece.value))
            yield Repair(piece.id, sites, new, factor_fact(piece.value), size)
            less = without(node, piece.value)
            if less is not None:
                yield Repair(piece.id, sites, replace_at(case.after, path, less),
                             ("without the factor ", piece.value, " here, the line is right"), size + 0.6)  # fmt: skip


def group_factors(case: Case, known: list[Piece]) -> Iterator[Repair]:
    """One factor too few at neighbouring terms."""
    for count, ((sites, group, first, last, path), piece) in enumerate(product(list(groups(case.after)), known)):
        if count > LARGEST // 3:
            return
        new = replace_at(case.after, path, add(*first, mul(group, piece.value), *last))
        yield Repair(piece.id, sites, new, factor_fact(piece.value), 1.75)


def times(node: Expr, factor: Expr) -> Expr:
    """``node`` with one more factor: 1/n of n u is u, a fraction goes last."""
    if isinstance(factor, Pow) and factor.exponent is MINUS_ONE:
        less = without(node, factor.base)
        if less is not None:
            return less
    return mul(node, factor)


def factor_fact(factor: Expr) -> Inline:
    """In words; a size too many is right where the size is 1."""
    sizes = [f for f in factors_of(factor) if isinstance(f, Pow) and isinstance(f.base, Size)]
    if sizes and isinstance(sizes[0], Pow):
        size = sizes[0].base
        return ("divided by ", size, " here, the line is right; as it stands, it is right only where ", size, " = 1")
    return ("with the factor ", factor, " here, the line is right")


def without(node: Expr, factor: Expr) -> Expr | None:
    """``node`` less one factor that is written in it."""
    own = list(factors_of(node))
    gone = [canonical(f) for f in factors_of(factor)]
    for wanted in gone:
        k = next((k for k, f in enumerate(own) if canonical(f) is wanted), None)
        if k is None:
            return None
        del own[k]
    return mul(*own)


def constants(case: Case) -> Iterator[Repair]:
    """A number or a size that every entry is out by."""
    for path, node in linear_places(case.after):
        if any(isinstance(at(case.after, path[:k]), Reduce) for k in range(1, len(path))):
            continue
        if path and not isinstance(at(case.after, path[:-1]), Add):
            continue
        ratio = _ratio(case, path, node)
        if ratio is None:
            continue
        value, id = ratio
        if id == "mistake/sign/one-term":
            continue
        sites = site_of(case.after, path) if len(path) else ((),)
        factor = value.factors if isinstance(value, Mul) else (value,)
        new = node
        for f in factor:
            new = mul(f, new) if isinstance(f, Number) else times(new, f)
        yield Repair(id, sites, replace_at(case.after, path, new), factor_fact(value), 1.55 + 0.02 * len(path))


def _ratio(case: Case, path: Path, node: Expr) -> tuple[Expr, str] | None:
    """The constant by which a term must be multiplied."""
    rest = case.entry(replace_at(case.after, path, Number(0))) if path else None
    term = case.entry(node) if not path else None
    found: list[set[tuple[str, Fraction]]] = []
    for sieve in case.sieves:
        floats = sieve.floats
        whole = sieve.after
        if whole is None:
            return None
        axes = sieve.before[0] if sieve.before[0] == whole[0] else None
        if axes is None:
            return None
        if path:
            if rest is None:
                return None
            less = floats.table(rest)
            if less is None:
                return None
            base = floats.spread(less, axes)
        else:
            base = [0.0] * len(whole[1])
        ratios = [
            (b - r) / (a - r)
            for b, a, r in zip(sieve.before[1], whole[1], base, strict=True)
            if a == a and r == r and abs(a - r) > 1e-12
        ]
        if not ratios or any(abs(q - ratios[0]) > 1e-9 * (1 + abs(q)) for q in ratios):
            return None
        sizes = floats.point.sizes
        options = {("", ratios[0])}
        options |= {(d, ratios[0] * n) for d, n in sizes.items()}
        options |= {(d + "^", ratios[0] / n) for d, n in sizes.items()}
        found.append({(d, Fraction(q).limit_denominator(48)) for d, q in options
                      if abs(q - Fraction(q).limit_denominator(48)) < 1e-9 and 1e-3 < abs(q) < 100})  # fmt: skip
    del term
    both = set.intersection(*found) if found else set[tuple[str, Fraction]]()
    if len(both) != 1 and not any(d == "" for d, _ in both):
        both = set(sorted(both)[:1])
    for dim, q in sorted(both):
        if not dim:
            if q == 1:
                return None
            if q == -1:
                return MINUS_ONE, "mistake/sign/one-term"
            return Number(q), "mistake/constant/factor-lost"
        number = () if q == 1 else (Number(q),)
        if dim.endswith("^"):
            return mul(*number, Size(dim[:-1])), "mistake/index/sum-added"
        return mul(*number, inverse(Size(dim))), _size_id(case, dim)
    return None


def _size_id(case: Case, dim: str) -> str:
    """1/m is missing: of a mean where the line before has one; else a delta was counted n times."""
    means = any(isinstance(n, Pow) and Size(dim) in postorder(n.base) for n in postorder(case.start))
    if means:
        return "mistake/sum/mean-dropped"
    lines = (*postorder(case.start), *postorder(case.right), *postorder(case.after))
    deltas = any(isinstance(n, Delta) and dim in (i.dim for i in free_indices(n)) for n in lines)
    wrt = [n.wrt for n in postorder(case.start) if isinstance(n, Partial)]
    entries = any(i.dim == dim for symbol in wrt for i in free_indices(symbol))
    return "mistake/index/delta-squared" if deltas or entries else "mistake/index/sum-added"


# --- exponents, letters, arguments, terms -----------------------------------------------------------
def exponents(case: Case) -> Iterator[Repair]:
    """One exponent off by one, or of the wrong sign."""
    for path, node in editable(case.after):
        match node:
            case Pow(base, Number(value)):
                wanted = [value + 1, value - 1, -value, 2 * value, value / 2]
            case Symbol() | Call() | Add() if not path or not isinstance(at(case.after, path[:-1]), Pow | Entry):
                base, wanted = node, [Fraction(2), Fraction(-1)]
            case _:
                continue
        for exponent in wanted:
            new = Pow(base, Number(exponent)) if exponent != 1 else base
            if exponent != 0:
                yield Repair("mistake/power/exponent-off", (path,), replace_at(case.after, path, new),
                             ("with ", new, " here, the line is right"), 1.75)  # fmt: skip


def index_letters(case: Case) -> Iterator[Repair]:
    """One index letter wrong, at one place or at each."""
    free = free_indices(case.right) | free_indices(case.start) | set(case.letters)
    for path, node in paths(case.after):
        if not isinstance(node, Index) or not path:
            continue
        scope = free | _bound_above(case.after, path)
        for letter in sorted(scope, key=lambda i: i.letter):
            if letter is not node and letter.dim == node.dim:
                new = replace_at(case.after, path, letter)
                yield Repair("mistake/index/wrong-letter", (path[:-1],), new,
                             ("with ", at(new, path[:-1]), " here, the line is right"), 1.5)  # fmt: skip
    for old in sorted(free_indices(case.after), key=lambda i: i.letter):
        for letter in sorted(free, key=lambda i: i.letter):
            if letter is not old and letter.dim == old.dim:
                places = tuple(p for p, n in paths(case.after) if isinstance(n, Symbol) and old in n.indices)
                new = substitute(case.after, {old: letter})
                yield Repair("mistake/index/wrong-letter", places, new,
                             ("with the index ", letter, " in the place of ", old, ", the line is right"), 1.6)  # fmt: skip


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
            yield Repair("mistake/index/sum-added", (path,), replace_at(line, path, node.body),
                         ("without this sum the line is right",), 1.3)  # fmt: skip
        for letter in sorted(free, key=lambda i: i.letter):
            if letter.dim == node.index.dim:
                new = substitute(node.body, {node.index: letter})
                yield Repair("mistake/index/sum-kept", (path,), replace_at(line, path, new),
                             ("with ", new, " in the place of this sum, the line is right"), 1.3)  # fmt: skip
    for index in case.extra_letters:
        for path, node in linear_places(line):
            if index in free_indices(node):
                new = replace_at(line, path, Reduce("sum", index, node))
                yield Repair("mistake/sum/dropped", (path,), new,
                             ("with the sum over ", index, " here, the line is right"), 1.2)  # fmt: skip


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
                yield Repair("mistake/argument/lost", tuple(chosen), new,
                             ("with ", Call(name, (argument,)), " here, the line is right"), 1.45)  # fmt: skip


def _outermost(places: list[Path]) -> list[Path]:
    """The places that do not stand inside another."""
    return [p for p in places if not any(p != q and p[: len(q)] == q for q in places)]


def missing_terms(case: Case, bodies: Iterable[tuple[Expr, Expr]]) -> Iterator[Repair]:
    """A term of the right line added, or one of the written line left out.

    ``bodies`` are terms with what they are the derivative of.
    """
    for term, origin in bodies:
        new = add(case.after, term)
        yield Repair(term_id(origin, case.slopes), ((),), new, ("with the term ", term, " added, the line is right"), 1.5)
    for path, node in paths(case.after):
        if isinstance(node, Add):
            for k, term in enumerate(node.terms):
                rest = add(*(t for n, t in enumerate(node.terms) if n != k))
                constant = isinstance(term, Number) or not names(term)
                id = "mistake/constant/kept" if constant and case.has_derivative else "mistake/term/lost"
                yield Repair(id, ((*path, k),), replace_at(case.after, path, rest),
                             ("without ", term, " the line is right"), 1.9)  # fmt: skip


def right_terms(right: Expr) -> list[tuple[Expr, Expr]]:
    """The terms of the right line, multiplied out as far as one level, each with itself as origin."""
    out: list[tuple[Expr, Expr]] = []
    for term in terms_of(right):
        out.append((term, term))
        inside = [f for f in factors_of(term) if isinstance(f, Add)]
        if len(inside) == 1:
            rest = mul(*(f for f in factors_of(term) if f is not inside[0]))
            out.extend((mul(rest, t), t) for t in inside[0].terms)
    return out
