"""A direct differentiator, independent of the rules that explain.

The rules of :mod:`whygrad.rules` derive in steps a person follows; this module has its own table and
takes no steps, so that each can judge the other. Nothing is simplified beyond zeros, ones and deltas
of equal positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final

from whygrad.core.cost import Definition, Scope
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
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
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    div,
    inverse,
    mul,
    neg,
    sub,
)
from whygrad.core.walk import (
    children,
    fold,
    free_indices,
    fresh_index,
    holds_partial,
    letters,
    names,
    postorder,
    rewrite_bottom_up,
    substitute,
)
from whygrad.meaning.shapes import shape_of
from whygrad.meaning.to_index import Converter, to_index


def derivative(e: Expr, wrt: Symbol, scope: Scope) -> Expr:
    """The derivative of an expression with respect to one entry of a name.

    Parameters
    ----------
    e
        A scalar expression; the definitions it names are followed down to ``wrt``.
    wrt
        A parameter, or a definition, which is then taken as a free array. Its indices are the
        entry's, whatever letters are bound in ``e``.
    scope
        What the names are.

    Raises
    ------
    NoRuleError
        If a function has no derivative here.

    Examples
    --------
    >>> k, j = Index("k", "n"), Index("j", "n")
    >>> square = Reduce("sum", k, Pow(Symbol("w", (k,)), TWO))
    >>> print(derivative(square, Symbol("w", (j,)), Scope()).op)
    sum
    """
    return Differentiator(scope, wrt).of(e)


def evaluate_partials(e: Expr, scope: Scope) -> Expr:
    """Every unevaluated derivative in ``e`` carried out, the inner ones first."""
    if not holds_partial(e):
        return e

    def f(node: Expr) -> Expr:
        return derivative(node.body, node.wrt, scope) if isinstance(node, Partial) else node

    return rewrite_bottom_up(e, f)


class Differentiator:
    """Derivatives with respect to one name; those of definitions are remembered."""

    def __init__(self, scope: Scope, wrt: Symbol) -> None:
        self.scope = scope
        self.wrt = wrt
        self.marks = tuple(_mark(i, k) for k, i in enumerate(wrt.indices))
        self._converter = Converter(scope)
        self._functions = any(d.is_function for d in scope.definitions.values())
        self._depends: dict[str, bool] = {wrt.name: True}
        self._inside: set[Expr] = set()
        self._definitions: dict[str, tuple[Definition, Expr]] = {}

    def of(self, e: Expr) -> Expr:
        """The derivative, at the entry asked for."""
        e = evaluate_partials(self._plain(e), self.scope)
        found = self._fold(e)
        placed = substitute(found, dict(zip(self.marks, self.wrt.indices, strict=True)))
        return rewrite_bottom_up(placed, _equal_positions)

    def _plain(self, e: Expr) -> Expr:
        """Functions that the cost defines are written out, array operations by index."""

        def f(node: Expr) -> Expr:
            if isinstance(node, Call):
                definition = self.scope.definitions.get(node.name)
                if definition is not None and definition.is_function:
                    given = zip(definition.parameters, node.args, strict=True)
                    return self._plain(substitute(definition.body, {Symbol(p): a for p, a in given}))
            return node

        if self._functions:
            e = rewrite_bottom_up(e, f)
        return to_index(e, self.scope) if _has_arrays(e) else e

    def _fold(self, e: Expr) -> Expr:
        self._prepare(names(e))
        return self._folded(e)

    def _folded(self, e: Expr) -> Expr:
        for node in postorder(e):
            if isinstance(node, Apply | Entry):  # what is inside is differentiated entry by entry: see _array
                self._inside.update(
                    n for kid in children(node) for n in postorder(kid) if isinstance(n, Apply)
                )
        return fold(e, self._step)

    # --- definitions ------------------------------------------------------------------------------

    def depends(self, name: str) -> bool:
        """Whether a name is ``wrt`` or defined through it."""
        stack = [(name, False)]
        while stack:
            name, ready = stack.pop()
            if name in self._depends:
                continue
            definition = self.scope.definitions.get(name)
            if definition is None:
                self._depends[name] = False
                continue
            used = _used_names(definition, self.scope)
            if ready:
                self._depends[name] = any(self._depends.get(n, False) for n in used)
            else:
                stack.append((name, True))
                stack.extend((n, False) for n in used if n != name)
        return self._depends[name]

    def _prepare(self, wanted: Iterable[str]) -> None:
        """Derivatives of the definitions that are needed, those below first."""
        stack = [(name, False) for name in sorted(wanted)]
        while stack:
            name, ready = stack.pop()
            known = name == self.wrt.name or name in self._definitions
            if known or name not in self.scope.definitions or not self.depends(name):
                continue
            definition = self._converter.definition(self.scope.definitions[name])
            body = evaluate_partials(self._plain(definition.body), self.scope)
            if ready:
                self._definitions[name] = definition, self._folded(body)
            else:
                stack.append((name, True))
                stack.extend((n, False) for n in sorted(names(body)) if n != name)

    def _symbol(self, e: Symbol) -> Expr:
        if e.name == self.wrt.name:
            if len(e.indices) != len(self.marks):
                return ZERO  # the whole array, inside an array operation: see _array
            return mul(*(Delta(i, k) for i, k in zip(e.indices, self.marks, strict=True)))
        if e.name not in self._definitions or len(e.indices) != len(self._definitions[e.name][0].indices):
            return ZERO
        definition, found = self._definitions[e.name]
        return substitute(found, dict(zip(definition.indices, e.indices, strict=True)))

    # --- one node ---------------------------------------------------------------------------------

    def _step(self, e: Expr, kids: tuple[Expr, ...]) -> Expr:
        match e:
            case Symbol():
                return self._symbol(e)
            case Apply() if e in self._inside and e.op not in ("inv", "det", "logdet"):
                return ZERO
            case Entry() | Apply():
                return self._array(e)
            case Add():
                return _plus(kids)
            case Mul():
                return _plus(_replaced(e.factors, k, kid) for k, kid in enumerate(kids))
            case _ if all(kid is ZERO for kid in kids):
                return ZERO
            case Pow(base, exponent):
                return _power(base, exponent, *kids)
            case Call(name, args):
                partials = _partials(name, args)
                return _plus(_times(p, kid) for p, kid in zip(partials, kids, strict=True))
            case Reduce():
                return _reduce(e, kids[0])
            case Cases(branches):
                values = kids[1:-1:2]
                conditions = [condition for condition, _ in branches]
                return Cases(zip(conditions, values, strict=True), kids[-1])
            case _:
                return ZERO

    def _array(self, e: Entry | Apply) -> Expr:
        """Entries of inverses, determinants and their logarithms.

        d inv(S) = -inv(S) dS inv(S), d logdet S = tr(inv(S) dS) (Petersen and Pedersen 2012, 2.1-2.2).
        """
        if not any(self.depends(n) for n in names(e)):
            return ZERO
        whole = e.array if isinstance(e, Entry) else e
        if not isinstance(whole, Apply) or whole.op not in ("inv", "det", "logdet"):
            raise _no_rule(whole.op if isinstance(whole, Apply) else "an array")
        (inside,) = whole.args
        rows, columns = shape_of(inside, self.scope)
        avoid = letters(e) | {i.letter for i in self.marks}
        p = fresh_index(Index("p", rows), avoid)
        q = fresh_index(Index("q", columns), avoid | {p.letter})
        change = self._fold(self._plain(to_index(inside, self.scope, (p, q))))
        bottom = Apply("inv", (inside,))
        if isinstance(e, Entry):
            left, right = e.indices
            body = mul(Entry(bottom, (left, p)), change, Entry(bottom, (q, right)))
            return neg(Reduce("sum", p, Reduce("sum", q, body)))
        trace = Reduce("sum", p, Reduce("sum", q, _times(Entry(bottom, (q, p)), change)))
        return mul(whole, trace) if whole.op == "det" else trace


def _mark(position: Expr, k: int) -> Index:
    """A letter that occurs nowhere, for one index of ``wrt``."""
    return Index(f"@{k}", position.dim if isinstance(position, Index) else f"@{k}")


def _used_names(definition: Definition, scope: Scope) -> frozenset[str]:
    """The names in a body, also through the functions that it calls."""

    def f(node: Expr, kids: tuple[frozenset[str], ...]) -> frozenset[str]:
        out = frozenset[str]().union(*kids)
        if isinstance(node, Symbol):
            return out | {node.name}
        if isinstance(node, Call) and node.name in scope.definitions:
            return out | {node.name}
        return out

    return fold(definition.body, f) - frozenset(definition.parameters)


def _has_arrays(e: Expr) -> bool:
    return fold(e, lambda node, kids: isinstance(node, Apply) or any(kids))


def _equal_positions(e: Expr) -> Expr:
    """A delta of equal positions is 1, of different numbers 0."""
    match e:
        case Delta(left, right) if left is right:
            return ONE
        case Delta(Number(a), Number(b)):
            return ONE if a == b else ZERO
        case Mul(factors) if ONE in factors or ZERO in factors:
            return _times(*factors)
        case _:
            return e


def _plus(terms: Iterable[Expr]) -> Expr:
    return add(*(t for t in terms if t is not ZERO))


def _times(*factors: Expr) -> Expr:
    if ZERO in factors:
        return ZERO
    return mul(*(f for f in factors if f is not ONE))


def _replaced(factors: tuple[Expr, ...], k: int, new: Expr) -> Expr:
    return _times(*factors[:k], new, *factors[k + 1 :])


def _power(base: Expr, exponent: Expr, du: Expr, dv: Expr) -> Expr:
    """d u^v = v u^(v-1) du + u^v log u dv."""
    lowered = Number(exponent.value - 1) if isinstance(exponent, Number) else add(exponent, MINUS_ONE)
    below = ONE if lowered is ZERO else base if lowered is ONE else Pow(base, lowered)
    left = _times(exponent, below, du)
    return _plus((left, _times(Pow(base, exponent), Call("log", (base,)), dv)))


def _reduce(e: Reduce, du: Expr) -> Expr:
    if e.op == "sum":
        return Reduce("sum", e.index, du, e.where)
    if e.op == "prod":
        avoid = letters(e) | letters(du)
        k = fresh_index(Index("k", e.index.dim), avoid)
        body = substitute(e.body, {e.index: k})
        apart: Expr = Compare("!=", (k, e.index))
        if e.where is not None:
            apart = Compare("and", (apart, substitute(e.where, {e.index: k})))
        others = Reduce("prod", k, body, apart)
        return Reduce("sum", e.index, _times(du, others), e.where)
    # At the position where the extreme is attained (one, off a null set).
    fresh = fresh_index(e.index, letters(du) | letters(e.body) | {i.letter for i in free_indices(e)})
    best = Reduce(
        e.op,
        fresh,
        substitute(e.body, {e.index: fresh}),
        None if e.where is None else substitute(e.where, {e.index: fresh}),
    )
    return Reduce("sum", e.index, _times(Compare("==", (e.body, best)), du), e.where)


def _no_rule(name: str) -> NoRuleError:
    return NoRuleError(
        "error/no-rule",
        f"{name} has no derivative row",
        fix="write it by functions that have one (whygrad why error/no-rule)",
    )


def _partials(name: str, args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The derivative of a function by each of its arguments."""
    if name in _SEVERAL:
        return _SEVERAL[name](*args)
    if name in _ONE and len(args) == 1:
        return (_ONE[name](args[0]),)
    raise _no_rule(name)


def _call(name: str, *args: Expr) -> Expr:
    return Call(name, args)


def _square(u: Expr) -> Expr:
    return Pow(u, TWO)


def _gauss(u: Expr, factor: Expr) -> Expr:
    """e^(factor u^2)."""
    return _call("exp", mul(factor, _square(u)))


_PI: Final = Constant("pi")
_HALF: Final = Number(Fraction(1, 2))


def _density(u: Expr) -> Expr:
    """The normal density, e^(-u^2/2)/sqrt(2 pi)."""
    return div(_gauss(u, neg(_HALF)), _call("sqrt", mul(TWO, _PI)))


def _erf_slope(u: Expr) -> Expr:
    return mul(TWO, inverse(_call("sqrt", _PI)), _gauss(u, MINUS_ONE))


def _sigmoid_slope(u: Expr) -> Expr:
    s = _call("sigmoid", u)
    return mul(s, sub(ONE, s))


def _circle(u: Expr) -> Expr:
    return inverse(_call("sqrt", sub(ONE, _square(u))))


_ONE: Final[dict[str, Callable[[Expr], Expr]]] = {
    "exp": lambda u: _call("exp", u),
    "log": lambda u: inverse(u),
    "log1p": lambda u: inverse(add(ONE, u)),
    "expm1": lambda u: _call("exp", u),
    "sqrt": lambda u: mul(_HALF, inverse(_call("sqrt", u))),
    "abs": lambda u: _call("sign", u),
    "sign": lambda u: ZERO,
    "floor": lambda u: ZERO,
    "sigmoid": _sigmoid_slope,
    "tanh": lambda u: sub(ONE, _square(_call("tanh", u))),
    "softplus": lambda u: _call("sigmoid", u),
    "relu": lambda u: Compare(">", (u, ZERO)),
    "gelu": lambda u: add(_call("Phi", u), mul(u, _density(u))),
    "silu": lambda u: add(_call("sigmoid", u), mul(u, _sigmoid_slope(u))),
    "sin": lambda u: _call("cos", u),
    "cos": lambda u: neg(_call("sin", u)),
    "tan": lambda u: inverse(_square(_call("cos", u))),
    "sinh": lambda u: _call("cosh", u),
    "cosh": lambda u: _call("sinh", u),
    "asin": _circle,
    "acos": lambda u: neg(_circle(u)),
    "atan": lambda u: inverse(add(ONE, _square(u))),
    "erf": _erf_slope,
    "erfc": lambda u: neg(_erf_slope(u)),
    "Phi": _density,
    "lgamma": lambda u: _call("digamma", u),
    "digamma": lambda u: _call("trigamma", u),
    "Gamma": lambda u: mul(_call("Gamma", u), _call("digamma", u)),
}


def _beta_slopes(a: Expr, b: Expr) -> tuple[Expr, ...]:
    whole, both = _call("beta", a, b), _call("digamma", add(a, b))
    return (
        mul(whole, sub(_call("digamma", a), both)),
        mul(whole, sub(_call("digamma", b), both)),
    )


def _max_slopes(u: Expr, v: Expr) -> tuple[Expr, ...]:
    return Compare(">=", (u, v)), Compare("<", (u, v))


def _min_slopes(u: Expr, v: Expr) -> tuple[Expr, ...]:
    return Compare("<=", (u, v)), Compare(">", (u, v))


def _clip_slopes(u: Expr, low: Expr, high: Expr) -> tuple[Expr, ...]:
    inside = mul(Compare(">", (u, low)), Compare("<", (u, high)))
    above = mul(Compare(">", (u, low)), Compare(">=", (u, high)))
    return inside, Compare("<=", (u, low)), above


# The conventions at the kinks are those of core.functions.
_SEVERAL: Final[dict[str, Callable[..., tuple[Expr, ...]]]] = {
    "max": _max_slopes,
    "min": _min_slopes,
    "clip": _clip_slopes,
    "beta": _beta_slopes,
}

__all__ = ["Differentiator", "derivative", "evaluate_partials"]
