"""What may go wrong at one step of a derivative: the mistakes that fit a node of its tree.

Rows whose false statement matching can run are run; the rest are moves here, under the row's slip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Delta,
    Expr,
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
from whygrad.core.walk import names, postorder, same_form
from whygrad.engine.diagnose_slopes import Node, Slopes
from whygrad.rules.mistakes import MISTAKES
from whygrad.rules.rule import fill, match

Wrong = tuple[str, Expr]
"""The id of a mistake and what it makes of the derivative (derivatives may be left in it)."""


def wrongs(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """The mistakes that fit one node."""
    yield from _by_statement(node)
    for found in _MOVES:
        yield from found(node, slopes)


def _by_statement(node: Node) -> Iterator[Wrong]:
    body = node.body
    for slip, left, right in _statements(body.name if isinstance(body, Call) else type(body).__name__):
        bindings = match(left, node.partial)
        if bindings is not None:
            yield slip, fill(right, {**bindings, "x": node.partial.wrt})


@lru_cache(maxsize=256)
def _statements(head: str) -> tuple[tuple[str, Expr, Expr], ...]:
    """The false statements about derivatives of this function or kind of node.

    Products are of any length, so their mistakes are moves.
    """
    found: list[tuple[str, Expr, Expr]] = []
    for row in MISTAKES.values():
        for left, right in row.sides:
            if isinstance(left, Call) and left.name == "D" and not isinstance(left.args[0], Mul):
                body = left.args[0]
                if head == (body.name if isinstance(body, Call) else type(body).__name__):
                    found.append((row.id, left, right))
    return tuple(found)


def _chain(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """f(g): the inner or the outer factor is lost."""
    if node.rule not in _OUTER_RULES and not (isinstance(node.body, Call) and len(node.kids) == 1):
        return
    factors = factors_of(node.new)
    inner = [f for f in factors if isinstance(f, Partial)]
    if len(inner) != 1 or len(node.kids) != 1:
        return
    kid = node.kids[0]
    outer = mul(*(f for f in factors if f is not inner[0]))
    if kid.value is not ONE:
        yield _inner_id(inner[0].body, kid, slopes), outer
        yield from _inner_parts(kid, outer)
    yield (
        (
            "mistake/log/one-over-lost"
            if isinstance(node.body, Call) and node.body.name == "log"
            else "mistake/chain/outer-lost"
        ),
        inner[0],
    )


_OUTER_RULES: Final = frozenset(("derivative/power", "derivative/reciprocal", "derivative/exponential"))


def _inner_parts(kid: Node, outer: Expr) -> Iterator[Wrong]:
    """The inner derivative is there but for its number."""
    factors = factors_of(kid.value)
    numbers = [f for f in factors if isinstance(f, Number)]
    rest = [f for f in factors if not isinstance(f, Number)]
    if numbers and rest:
        yield "mistake/inner/constant-lost", mul(outer, *rest)


def _inner_id(body: Expr, kid: Node, slopes: Slopes) -> str:
    """What the lost inner derivative is."""
    value = kid.value
    if isinstance(body, Symbol) and body.name in slopes.scope.definitions:
        return "mistake/inner/name-as-variable"
    if isinstance(value, Number):
        return f"mistake/inner/{'minus' if value.value == -1 else 'constant'}-lost"
    if not (names(value) & slopes.frame(kid.partial.wrt).movers):
        return "mistake/inner/data-lost"
    return "mistake/inner/derivative-lost"


def _minus(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """The minus of a term is lost where the term is differentiated."""
    body = node.body
    if not isinstance(body, Mul) or not isinstance(body.factors[0], Number) or body.factors[0].value >= 0:
        return
    yield _minus_id(node), Partial(neg(body), node.partial.wrt)


def _minus_id(node: Node) -> str:
    """A minus inside an exponent or of 1 - u is an inner derivative; of a difference, a sign."""
    above = node.parent
    beside: Expr | None = None
    while above is not None:
        if above.rule == "derivative/sum" and beside is None:
            beside = above.body
        elif isinstance(above.body, Call | Pow) and above.rule != "definition/function":
            if beside is None:
                return "mistake/inner/minus-lost"
            others = [t for t in terms_of(beside) if t is not node.body]
            plain = all(isinstance(t, Number) for t in others)
            return "mistake/inner/minus-lost" if plain else "mistake/sign/residual-minus"
        elif above.rule not in ("derivative/sum", "definition/unfold", "derivative/through-sum"):
            break
        above = above.parent
    return "mistake/sign/one-term" if beside is not None else "mistake/sign/whole-line"


def _linear(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """A constant factor is lost where its term is differentiated: w x gives 1."""
    for _, slip, new in lost_factors(node, slopes):
        yield slip, new
    if (
        node.rule == "derivative/through-sum"
        and _inside(node)
        and not isinstance(node.value, Reduce | Number)
    ):
        yield "mistake/inner/data-lost", ONE


def lost_factors(node: Node, slopes: Slopes) -> Iterator[tuple[Expr, str, Expr]]:
    """The constant factors that may be lost at a node, each alone and all at once."""
    if node.rule != "derivative/constant-factor" or not isinstance(node.new, Mul):
        return
    inner = node.new.factors[-1]
    if not isinstance(inner, Partial):
        return
    fixed = constant_factors(node.new.factors[:-1])
    for k, factor in enumerate(fixed):
        if factor is not MINUS_ONE:
            rest = [f for n, f in enumerate(fixed) if n != k]
            yield factor, _lost_id(factor, node, inner, slopes), mul(*rest, inner)
    if len(fixed) > 1:
        signs = [f for f in fixed if f is MINUS_ONE]
        worst = max(fixed, key=lambda f: (bool(names(f)), _sizes(f)))
        yield mul(*fixed), _lost_id(worst, node, inner, slopes), mul(*signs, inner)


def constant_factors(factors: tuple[Expr, ...]) -> list[Expr]:
    """Factors, with 1/(2m) as 1/2 and 1/m and with a sign on its own."""
    out: list[Expr] = []
    for factor in factors:
        match factor:
            case Pow(Mul(inner), exponent) if exponent is MINUS_ONE:
                out.extend(inverse(f) for f in inner)
            case Number(value) if value < 0 and value != -1:
                out.extend((MINUS_ONE, Number(-value)))
            case _:
                out.append(factor)
    return out


def _sizes(e: Expr) -> bool:
    return any(isinstance(n, Size) for n in postorder(e))


def _lost_id(factor: Expr, node: Node, inner: Partial, slopes: Slopes) -> str:
    if _sizes(factor):
        return "mistake/sum/mean-dropped"
    linear = isinstance(inner.body, Symbol | Reduce)
    if linear and names(factor) and not is_constant(factor, slopes):
        return "mistake/inner/data-lost"
    return "mistake/inner/constant-lost" if _inside(node) else "mistake/constant/factor-lost"


CONSTANTS: Final = frozenset(
    ("lambda", "λ", "lam", "alpha", "α", "eta", "η", "gamma", "γ", "tau", "τ", "T", "C", "delta", "δ",
     "epsilon", "ε", "eps", "sigma", "σ", "nu", "ν", "rho", "ρ", "kappa", "κ")
)  # fmt: skip
"""Names that people give to constants, where nothing was declared."""


def is_constant(e: Expr, slopes: Slopes) -> bool:
    """Whether its names are constants of the cost: declared so, or called so."""
    declared = slopes.scope.declarations

    def constant(name: str) -> bool:
        row = declared.get(name)
        if row is not None and row.kind == "const":
            return True
        return (row is None or not row.dims) and name in CONSTANTS

    used = names(e)
    return bool(used) and all(constant(n) for n in used)


def _above(node: Node) -> Iterator[Node]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _inside(node: Node) -> bool:
    """Whether a function stands around it."""
    return any(isinstance(n.body, Call | Pow) and n.rule != "definition/function" for n in _above(node))


def _names(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """A defined name taken for the variable, or its link of the chain left out."""
    if node.rule != "definition/unfold":
        return
    body = node.body
    assert isinstance(body, Symbol)
    lost = isinstance(node.value, Symbol)  # dz/dw = x: what is missed is the x
    yield "mistake/inner/data-lost" if lost else "mistake/inner/name-as-variable", ONE
    if body.indices:
        deltas = [
            Delta(a, b) for a, b in zip(body.indices, node.partial.wrt.indices, strict=False) if a is not b
        ]
        if deltas and len(body.indices) == len(node.partial.wrt.indices):
            yield "mistake/inner/name-as-variable", mul(*deltas)
    definition = node.kids[0] if node.kids else None
    inner = None
    while definition is not None:
        found = [f for f in factors_of(definition.new) if isinstance(f, Partial)]
        if isinstance(definition.body, Call | Pow) and len(found) == 1:
            inner = found[0]
            break
        definition = definition.kids[0] if len(definition.kids) == 1 else None
    if inner is not None:
        yield "mistake/chain/factor-lost", inner
    if _beside_other_movers(node, slopes):
        yield "mistake/chain/path-lost", ZERO


def _beside_other_movers(node: Node, slopes: Slopes) -> bool:
    """Whether the variable reaches the line through other names, too."""
    above = node.parent
    while above is not None:
        if above.rule in ("derivative/product", "derivative/sum", "derivative/quotient"):
            return len([k for k in above.kids if k.rule != "derivative/constant"]) > 1
        above = above.parent
    return False


def _product(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """The product rule with derivatives multiplied or parts left out; the quotient rule's sign."""
    wrt = node.partial.wrt
    if node.rule == "derivative/product" and isinstance(node.body, Mul):
        frame_ = slopes.frame(wrt)
        moving = [f for f in node.body.factors if frame_.moves(f)]
        yield "mistake/product/derivatives-multiplied", mul(*(Partial(f, wrt) for f in moving))
        parts = terms_of(node.new)
        named = all(isinstance(f, Symbol) and f.name != wrt.name for f in moving)
        square = len(moving) == 2 and same_form(*moving)
        slip = "power/factor-lost" if square else "chain/path-lost" if named else "product/half-lost"
        for k in range(len(parts)):
            rest = [p for n, p in enumerate(parts) if n != k]
            yield f"mistake/{slip}", add(*rest)
    if node.rule == "derivative/quotient" and isinstance(node.new, Mul):
        top, bottom = node.new.factors[0], mul(*node.new.factors[1:])
        first, second = terms_of(top)
        yield "mistake/quotient/sign", mul(add(first, neg(second)), bottom)
        yield "mistake/quotient/sign", mul(add(neg(first), second), bottom)
        yield "mistake/product/half-lost", mul(first, bottom)
        yield "mistake/product/half-lost", mul(second, bottom)


def _constants(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """A constant term kept, or turned into 1."""
    parent = node.parent
    if node.rule == "derivative/constant" and parent is not None and parent.rule == "derivative/sum":
        yield "mistake/constant/kept", node.body
        yield "mistake/constant/kept", ONE


def _entries(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """Deltas lost: every entry taken for the one differentiated."""
    if node.rule == "derivative/other-entry":
        summed = any(n.rule == "derivative/through-sum" for n in _above(node))
        yield f"mistake/{'index/sum-kept' if summed else 'shape/identity-lost'}", ONE
    if node.rule == "derivative/through-sum" and isinstance(node.body, Reduce):
        yield "mistake/sum/dropped", Partial(node.body.body, node.partial.wrt)


def _terms(node: Node, slopes: Slopes) -> Iterator[Wrong]:
    """A term of a sum is lost."""
    if node.rule != "derivative/sum" or (node.parent is not None and _inside(node)):
        return
    live = [k for k in node.kids if k.value is not ZERO]
    for kid in live:
        if len(live) > 1:
            yield term_id(kid.body, slopes), add(*(k.partial for k in live if k is not kid))


def term_id(term: Expr, slopes: Slopes) -> str:
    """A penalty is a constant of the cost times a function of parameters alone."""
    declared = slopes.scope.declarations
    used = names(term)
    constants = {n for n in used if is_constant(Symbol(n), slopes)}
    rest = used - constants
    plain = not used & set(slopes.scope.definitions)
    moving = bool(rest) and all(n not in declared or declared[n].kind == "param" for n in rest)
    few = len(rest) == 1  # where nothing was declared
    penalty = bool(constants) and plain and (moving or few)
    return f"mistake/term/{'regulariser-' if penalty else ''}lost"


_MOVES: Final[tuple[Callable[[Node, Slopes], Iterator[Wrong]], ...]] = (
    _chain,
    _minus,
    _linear,
    _names,
    _product,
    _constants,
    _entries,
    _terms,
)
