"""A factor too few or too many: links of a chain, inner and outer derivatives, constants, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
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
)
from whygrad.core.walk import (
    Path,
    at,
    canonical,
    free_indices,
    names,
    postorder,
    replace_at,
    substitute,
    symbols,
)
from whygrad.engine.diagnose_case import Case, Sieve
from whygrad.engine.diagnose_repairs import Repair, groups, linear_places, site_of
from whygrad.engine.diagnose_rules import is_constant
from whygrad.engine.diagnose_slopes import Node, nodes
from whygrad.engine.differentiate import instantiate

LARGEST: Final = 900
"""Most candidates of one kind that are tried for a line."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A factor that may be missing, and what its absence is called."""

    value: Expr
    id: str


def pieces(case: Case, trees: Iterable[Node]) -> list[Piece]:
    """Factors that may be missing: links of the chain, inner and outer derivatives, sizes, data."""
    found: dict[Expr, Piece] = {}

    def put(value: Expr, slip: str) -> None:
        if value is not ONE and not isinstance(value, Number):
            value = case.named(case.sifted(value))
            found.setdefault(canonical(value), Piece(value, slip))

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
    logs = {n.args[0] for n in case.parts if isinstance(n, Call) and n.name == "log"}
    for line in (case.start, case.right):
        for node in postorder(line):
            if isinstance(node, Mul):
                for factor in node.factors:
                    if not isinstance(factor, Partial | Reduce):
                        put(factor, factor_id(case, factor))
                for pair in combinations(node.factors, 2):
                    if len(node.factors) < 7 and not any(
                        isinstance(f, Partial | Reduce | Number) for f in pair
                    ):
                        put(mul(*pair), factor_id(case, mul(*pair)))
            elif isinstance(node, Pow) and node.exponent is MINUS_ONE:
                put(node, "mistake/log/one-over-lost" if node.base in logs else factor_id(case, node))
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
    if used & set(case.index_scope.definitions) and not case.has_derivative:
        return "mistake/chain/factor-lost"
    if is_constant(factor, case.slopes) or not case.has_derivative:
        return "mistake/constant/factor-lost"
    if any(n in case.moving for n in used):
        return "mistake/chain/factor-lost"
    data = all(n in declared and declared[n].kind == "data" for n in used)
    return f"mistake/{'inner/data' if data and not isinstance(factor, Add) else 'constant/factor'}-lost"


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
    if not used or is_constant(kid.value, case.slopes):
        return "mistake/inner/constant-lost"
    if not used & case.moving:
        return "mistake/inner/data-lost"
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
                yield Repair(
                    piece.id,
                    sites,
                    replace_at(case.after, path, less),
                    ("without the factor ", piece.value, " here, the line is right"),
                    size + 0.6,
                )


def group_factors(case: Case, known: list[Piece]) -> Iterator[Repair]:
    """One factor too few at neighbouring terms."""
    for count, ((sites, group, first, last, path), piece) in enumerate(
        product(list(groups(case.after)), known)
    ):
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
    sizes = [f.base for f in factors_of(factor) if isinstance(f, Pow) and isinstance(f.base, Size)]
    if sizes:
        size = sizes[0]
        return (
            "divided by ",
            size,
            " here, the line is right; as it stands, it is right only where ",
            size,
            " = 1",
        )
    return ("with the factor ", factor, " here, the line is right")


COUNTS: Final = frozenset("nNmMKkdDpP")
"""Names that people give to a number of terms."""


def extra_factors(case: Case) -> Iterator[Repair]:
    """A name that the line before does not have, as a factor too many."""
    fresh = names(case.after) - names(case.start) - names(case.right)
    summed = [n for n in case.parts if isinstance(n, Reduce)]
    for path, node in linear_places(case.after):
        for factor in factors_of(node):
            if isinstance(factor, Symbol) and factor.name in fresh and not factor.indices:
                less = without(node, factor)
                if less is None:
                    continue
                counts = factor.name in COUNTS and bool(summed)
                slip = "index/delta-squared" if counts else "constant/factor-lost"
                fact: Inline = ("without the factor ", factor, " here, the line is right")
                new = replace_at(case.after, path, less)
                yield Repair(f"mistake/{slip}", site_of(case.after, path), new, fact, 1.5)


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
        value, slip = ratio
        sites = site_of(case.after, path) if len(path) else ((),)
        factor = value.factors if isinstance(value, Mul) else (value,)
        new = node
        for f in factor:
            new = mul(f, new) if isinstance(f, Number) else times(new, f)
        yield Repair(
            slip, sites, replace_at(case.after, path, new), factor_fact(value), 1.55 + 0.02 * len(path)
        )


def _ratio(case: Case, path: Path, node: Expr) -> tuple[Expr, str] | None:
    """The constant by which a term must be multiplied: a number, or one with a size."""
    rest = case.entry(replace_at(case.after, path, Number(0))) if path else None
    if path and rest is None:
        return None
    common: set[tuple[str, Fraction]] | None = None
    for sieve in case.sieves:
        ratio = _ratio_at(sieve, rest)
        if ratio is None:
            return None
        options = _as_constants(ratio, sieve.floats.point.sizes)
        common = options if common is None else common & options
    for dim, q in sorted(common or ()):
        if not dim:
            return None if abs(q) == 1 else (Number(q), "mistake/constant/factor-lost")
    for dim, q in sorted(common or ()):
        number = () if q == 1 else (Number(q),)
        if dim.endswith("^"):
            return mul(*number, Size(dim[:-1])), "mistake/index/sum-added"
        return mul(*number, inverse(Size(dim))), _size_id(case, dim)
    return None


def _ratio_at(sieve: Sieve, rest: Expr | None) -> float | None:
    """What every entry of a term must be multiplied by, if it is one number."""
    if sieve.after is None or sieve.before[0] != sieve.after[0]:
        return None
    base = [0.0] * len(sieve.after[1])
    if rest is not None:
        less = sieve.floats.table(rest)
        if less is None or not set(less[0]) <= set(sieve.after[0]):
            return None
        base = sieve.floats.spread(less, sieve.after[0])
    ratios = [
        (b - r) / (a - r)
        for b, a, r in zip(sieve.before[1], sieve.after[1], base, strict=True)
        if math.isfinite(a) and math.isfinite(r) and abs(a - r) > 1e-12
    ]
    if not ratios or any(abs(q - ratios[0]) > 1e-9 * (1 + abs(q)) for q in ratios):
        return None
    return ratios[0]


def _as_constants(ratio: float, sizes: Mapping[str, int]) -> set[tuple[str, Fraction]]:
    """The ratio as q, as q/n ("n") and as q n ("n^") with small fractions q."""
    options = [("", ratio)]
    options += [(dim, ratio * n) for dim, n in sizes.items()]
    options += [(f"{dim}^", ratio / n) for dim, n in sizes.items()]
    small = [
        (dim, value, Fraction(value).limit_denominator(48))
        for dim, value in options
        if 1e-3 < abs(value) < 100
    ]
    return {(dim, q) for dim, value, q in small if abs(value - q) < 1e-9}


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
