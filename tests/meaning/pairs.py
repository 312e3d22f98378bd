"""Random expressions, changes that keep their value, changes that do not, and numbers to judge both.

The numbers are midpoints of 300-bit balls, by an evaluator of its own: no module of ``meaning`` takes part.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

from flint import arb, ctx

from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    div,
    inverse,
    mul,
    neg,
    sub,
)
from whygrad.core.walk import (
    Path,
    at,
    children,
    free_indices,
    fresh_index,
    letters,
    paths,
    rebuild,
    rename_bound,
    replace_at,
    substitute,
)

I, L = Index("i", "m"), Index("l", "m")  # noqa: E741
J, K = Index("j", "n"), Index("k", "n")
SIZES = {"m": 3, "n": 2}
POSITIVE = Domain("interval", (), Fraction(0), None)
SCOPE = Scope(
    {
        "x": Declaration("x", "data", ("m", "n")),
        "w": Declaration("w", "param", ("n",)),
        "v": Declaration("v", "param", ("m",)),
        "a": Declaration("a", "param"),
        "b": Declaration("b", "param"),
        "c": Declaration("c", "const", (), (POSITIVE,)),
        "d": Declaration("d", "const", ("m",), (POSITIVE,)),
        "y": Declaration("y", "data", ("m",), (Domain("finite", (Fraction(0), Fraction(1))),)),
    }
)
Values = dict[tuple[str, tuple[int, ...]], arb]


def call(name: str, *args: Expr) -> Expr:
    return Call(name, args)


# --- numbers --------------------------------------------------------------------------------------


class UndefinedError(Exception):
    """No real number, or too near a jump to tell."""


def draw_values(rng: random.Random) -> Values:
    """Values of all names, within their declarations."""
    out: Values = {}
    for name, d in SCOPE.declarations.items():
        shape = [SIZES[dim] for dim in d.dims]
        places: list[tuple[int, ...]] = [()]
        for n in shape:
            places = [(*p, k) for p in places for k in range(1, n + 1)]
        for place in places:
            if d.values:
                value = rng.choice(d.values)
            else:
                value = Fraction(rng.randint(-(10**9), 10**9), 6 * 10**8)
                value = abs(value) if d.positive else value
            out[name, place] = arb(value.numerator) / value.denominator
    return out


FUNCTIONS: dict[str, Callable[[arb], arb]] = {
    "exp": lambda u: u.exp(),
    "log": lambda u: _need(u > 0, u).log(),
    "log1p": lambda u: _need(u > -1, u).log1p(),
    "expm1": lambda u: u.expm1(),
    "sqrt": lambda u: _need(u > 0, u).sqrt(),
    "abs": lambda u: abs(u),
    "sign": lambda u: arb(1 if _truth(u > 0, u < 0) else -1),
    "sigmoid": lambda u: 1 / (1 + (-u).exp()),
    "tanh": lambda u: u.tanh(),
    "softplus": lambda u: (1 + u.exp()).log(),
    "relu": lambda u: u if _truth(u > 0, u < 0) else arb(0),
    "silu": lambda u: u / (1 + (-u).exp()),
    "gelu": lambda u: u * (1 + (u / arb(2).sqrt()).erf()) / 2,
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "sinh": lambda u: u.sinh(),
    "cosh": lambda u: u.cosh(),
    "asin": lambda u: _need(abs(u) < 1, u).asin(),
    "acos": lambda u: _need(abs(u) < 1, u).acos(),
    "atan": lambda u: u.atan(),
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
    "Phi": lambda u: (1 + (u / arb(2).sqrt()).erf()) / 2,
    "lgamma": lambda u: _need(u > 0, u).lgamma(),
    "digamma": lambda u: _need(u > 0, u).digamma(),
    "trigamma": lambda u: arb(2).zeta(_need(u > 0, u)),
    "Gamma": lambda u: _need(u > 0, u).gamma(),
}


def _need(holds: bool, u: arb) -> arb:
    if not holds:
        raise UndefinedError
    return u


def _truth(holds: bool, fails: bool) -> bool:
    if holds == fails:
        raise UndefinedError
    return holds


def evaluate(e: Expr, values: Values, positions: dict[Index, int]) -> arb:
    """The value by plain recursion (these trees are small)."""

    def value(u: Expr) -> arb:
        return evaluate(u, values, positions)

    match e:
        case Number(q):
            return arb(q.numerator) / q.denominator
        case Constant(name):
            return arb.pi() if name == "pi" else arb(1).exp()
        case Index():
            return arb(positions[e])
        case Size(dim):
            return arb(SIZES[dim])
        case Symbol(name, indices):
            return values[name, tuple(positions[i] for i in indices if isinstance(i, Index))]
        case Add(terms):
            return sum((value(t) for t in terms), arb(0))
        case Mul(factors):
            out = arb(1)
            for f in factors:
                out *= value(f)
            return out
        case Pow(base, exponent):
            return _power(value(base), exponent, value)
        case Call("max" | "min" as name, (u, v)):
            a, b = value(u), value(v)
            return a if _truth(a > b, a < b) == (name == "max") else b
        case Call(name, (u,)):
            return FUNCTIONS[name](value(u))
        case Delta(left, right):
            return arb(int(positions[left] == positions[right]))  # pyright: ignore
        case Compare():
            return arb(int(_holds(e, value)))
        case Cases(((condition, then),), otherwise):
            return value(then) if value(condition) != 0 else value(otherwise)
        case Reduce():
            return _reduce(e, values, positions)
        case _:
            raise TypeError(e)


def _power(base: arb, exponent: Expr, value: Callable[[Expr], arb]) -> arb:
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        n = exponent.value.numerator
        if n < 0:
            return 1 / _need(abs(base) > 0, base) ** -n
        return base**n
    return (value(exponent) * _need(base > 0, base).log()).exp()


def _holds(e: Compare, value: Callable[[Expr], arb]) -> bool:
    u, v = (value(a) for a in e.args)
    if u.is_exact() and v.is_exact() and (u - v).is_zero():
        return e.op in ("<=", ">=", "==")
    less = _truth(u < v, u > v)
    return less if e.op in ("<", "<=") else not less if e.op in (">", ">=") else e.op == "!="


def _reduce(e: Reduce, values: Values, positions: dict[Index, int]) -> arb:
    found: list[arb] = []
    for k in range(1, SIZES[e.index.dim] + 1):
        here = {**positions, e.index: k}
        if e.where is None or evaluate(e.where, values, here) != 0:
            found.append(evaluate(e.body, values, here))
    if e.op == "sum":
        return sum(found, arb(0))
    if e.op == "prod":
        out = arb(1)
        for u in found:
            out *= u
        return out
    best = found[0]
    for u in found[1:]:
        best = u if _truth(u > best, u < best) == (e.op == "max") else best
    return best


def differ(a: Expr, b: Expr, rng: random.Random, tries: int = 12) -> bool | None:
    """Whether two expressions differ at a random point; None if hardly any point has both."""
    seen = 0
    free = free_indices(a) | free_indices(b)
    with ctx.workprec(300):
        for _ in range(tries):
            values = draw_values(rng)
            positions = {i: rng.randint(1, SIZES[i.dim]) for i in free}
            try:
                gap = evaluate(a, values, positions) - evaluate(b, values, positions)
            except UndefinedError:
                continue
            if not gap.is_finite():
                continue
            seen += 1
            if not gap.contains(0):
                return True
    return False if seen >= 2 else None


# --- random expressions ---------------------------------------------------------------------------


def random_expr(rng: random.Random, depth: int, scope: tuple[Index, ...] = ()) -> Expr:
    """A value over the names of the scope with these indices free."""
    if depth <= 0 or rng.random() < 0.1:
        return _leaf(rng, scope)
    kind = rng.choice("ammmpffssdlkr")
    u = lambda: random_expr(rng, depth - 1, scope)  # noqa: E731
    match kind:
        case "a":
            return add(*(u() for _ in range(rng.randint(2, 3))))
        case "m":
            return mul(*(u() for _ in range(rng.randint(2, 3))))
        case "p":
            return Pow(u(), Number(rng.choice([2, 2, 3])))
        case "f":
            name = rng.choice(["exp", "sigmoid", "tanh", "softplus", "erf", "relu", "abs", "sin"])
            return call(name, random_expr(rng, depth - 2, scope))
        case "d":
            return div(u(), add(ONE, call("exp", random_expr(rng, depth - 2, scope))))
        case "l":
            return call("log", add(ONE, Pow(random_expr(rng, depth - 2, scope), TWO)))
        case "k":
            test = Compare(rng.choice([">", "<"]), (random_expr(rng, 1, scope), ZERO))
            return Cases([(test, u())], random_expr(rng, depth - 2, scope))
        case _:
            free = [i for i in (I, L, J, K) if i not in scope]
            if not free:
                return u()
            index = rng.choice(free)
            others = [i for i in scope if i.dim == index.dim]
            if kind == "r":
                op = rng.choice(["max", "prod", "sum"])
                where = None
                if others and op == "sum":
                    where = Compare(rng.choice(["!=", "<", "<="]), (index, rng.choice(others)))
                return Reduce(op, index, random_expr(rng, depth - 2, (*scope, index)), where)
            return Reduce("sum", index, random_expr(rng, depth - 1, (*scope, index)))


def _leaf(rng: random.Random, scope: tuple[Index, ...]) -> Expr:
    ms = [i for i in scope if i.dim == "m"]
    ns = [i for i in scope if i.dim == "n"]
    choices: list[Expr] = [Symbol("a"), Symbol("b"), Symbol("c"), Number(rng.randint(1, 3))]
    for i in ms:
        choices += [Symbol("v", (i,)), Symbol("y", (i,)), Symbol("d", (i,))]
    for j in ns:
        choices += [Symbol("w", (j,)), Symbol("w", (j,))]
    for i in ms:
        for j in ns:
            choices += [Symbol("x", (i, j))] * 3
    return rng.choice(choices)


# --- changes that keep the value --------------------------------------------------------------------


def _expand(e: Expr, rng: random.Random) -> Expr | None:
    match e:
        case Mul(factors):
            for k, f in enumerate(factors):
                if isinstance(f, Add):
                    return add(*(mul(*factors[:k], t, *factors[k + 1 :]) for t in f.terms))
            return None
        case Pow(base, Number(n)) if n.denominator == 1 and 2 <= n <= 3:
            return mul(*([base] * int(n)))
        case _:
            return None


def _shuffle(e: Expr, rng: random.Random) -> Expr | None:
    if isinstance(e, Add | Mul):
        kids = list(children(e))
        rng.shuffle(kids)
        return rebuild(e, tuple(kids))
    return None


def _linear(e: Expr, rng: random.Random) -> Expr | None:
    match e:
        case Reduce("sum", index, Add(terms), None):
            return add(*(Reduce("sum", index, t) for t in terms))
        case Reduce("sum", index, Mul(factors), None):
            out = [f for f in factors if index not in free_indices(f)]
            inside = [f for f in factors if index in free_indices(f)]
            body = mul(*inside) if inside else ONE
            return mul(*out, Reduce("sum", index, body)) if out else None
        case Reduce("sum", index, body, None) if index not in free_indices(body):
            return mul(Size(index.dim), body)
        case Reduce("sum", index, Reduce("sum", other, body, None), None):
            return Reduce("sum", other, Reduce("sum", index, body))
        case _:
            return None


def _rename(e: Expr, rng: random.Random) -> Expr | None:
    if isinstance(e, Reduce):
        return rename_bound(e, fresh_index(Index(rng.choice("ijklpq"), e.index.dim), letters(e)))
    return None


def _detour(e: Expr, rng: random.Random) -> Expr | None:
    """A sifted sum, a full sum minus its diagonal, a guard both ways, a fraction widened."""
    ways: list[Expr] = [
        sub(add(e, Symbol("a")), Symbol("a")),
        div(mul(e, Symbol("c")), Symbol("c")),
        div(mul(e, call("exp", Symbol("b"))), call("exp", Symbol("b"))),
        neg(neg(e)) if not isinstance(e, Number) else mul(MINUS_ONE, neg(e)),
        Cases([(Compare(">", (Symbol("a"), ZERO)), e)], e),
        mul(e, add(call("sigmoid", Symbol("b")), call("sigmoid", neg(Symbol("b"))))),
    ]
    for i in sorted(free_indices(e), key=lambda i: i.letter):
        fresh = fresh_index(Index("q", i.dim), letters(e))
        moved = substitute(e, {i: fresh})
        ways.append(Reduce("sum", fresh, mul(Delta(fresh, i), moved)))
        apart = Reduce("sum", fresh, moved, Compare("!=", (fresh, i)))
        ways.append(sub(Reduce("sum", fresh, moved), apart))
    return rng.choice(ways)


def _function(e: Expr, rng: random.Random) -> Expr | None:
    one_plus: Expr
    match e:
        case Call("sigmoid", (u,)):
            return rng.choice(
                [
                    inverse(add(ONE, call("exp", neg(u)))),
                    div(call("exp", u), add(ONE, call("exp", u))),
                    sub(ONE, call("sigmoid", neg(u))),
                    div(add(ONE, call("tanh", div(u, TWO))), TWO),
                ]
            )
        case Call("tanh", (u,)):
            up, down = call("exp", u), call("exp", neg(u))
            return rng.choice(
                [
                    div(sub(up, down), add(up, down)),
                    sub(mul(TWO, call("sigmoid", mul(TWO, u))), ONE),
                    neg(call("tanh", neg(u))),
                ]
            )
        case Call("softplus", (u,)):
            one_plus = add(ONE, call("exp", u))
            return rng.choice(
                [
                    call("log", one_plus),
                    add(u, call("log", add(ONE, call("exp", neg(u))))),
                    neg(call("log", call("sigmoid", neg(u)))),
                    add(call("relu", u), call("log", add(ONE, call("exp", neg(call("abs", u)))))),
                ]
            )
        case Call("exp", (Add((first, *rest)),)):
            return mul(call("exp", first), call("exp", add(*rest)))
        case Call("exp", (u,)):
            return rng.choice([inverse(call("exp", neg(u))), Pow(call("exp", div(u, TWO)), TWO)])
        case Call("log", (u,)):
            return sub(call("log", mul(Symbol("c"), u)), call("log", Symbol("c")))
        case Call("relu", (u,)):
            return rng.choice(
                [
                    div(add(u, call("abs", u)), TWO),
                    call("max", u, ZERO),
                    Cases([(Compare(">", (u, ZERO)), u)], ZERO),
                ]
            )
        case Call("abs", (u,)):
            return rng.choice([call("max", u, neg(u)), call("sqrt", Pow(u, TWO)), call("abs", neg(u))])
        case Call("erf" | "sin" as name, (u,)):
            return neg(call(name, neg(u)))
        case Symbol("y"):
            return rng.choice([Pow(e, TWO), sub(ONE, Pow(sub(ONE, e), TWO))])
        case Cases(((Compare(op, (u, v)), then),), otherwise):
            turned = Compare({">": "<=", "<": ">=", ">=": "<", "<=": ">"}[op], (u, v))
            return Cases([(turned, otherwise)], then)
        case _:
            return None


KEEPING = (_expand, _shuffle, _linear, _rename, _detour, _function, _function)


def keep(e: Expr, rng: random.Random, changes: int) -> Expr:
    """The same value written otherwise."""
    done = 0
    for _ in range(40):
        if done >= changes:
            break
        path, node = rng.choice(_values_in(e))
        new = rng.choice(KEEPING)(node, rng)
        if new is not None and new is not node:
            e = replace_at(e, path, new)
            done += 1
    return e


def _values_in(e: Expr) -> list[tuple[Path, Expr]]:
    """Where a value stands (not an index, nor a condition)."""
    out: list[tuple[Path, Expr]] = []
    for path, node in paths(e):
        above = [at(e, path[:k]) for k in range(len(path))]
        inside = any(isinstance(u, Symbol | Delta | Compare) for u in above)
        if not inside and not isinstance(node, Index | Compare | Delta):
            out.append((path, node))
    return out


# --- changes that do not ------------------------------------------------------------------------------


def mutate(e: Expr, rng: random.Random) -> Expr:
    """One slip at a random place."""
    for _ in range(60):
        path, node = rng.choice(list(paths(e)))
        new = _slip(node, rng)
        if new is not None and new is not node:
            try:
                return replace_at(e, path, new)
            except (AttributeError, TypeError):
                continue
    return add(e, ONE)


def _slip(node: Expr, rng: random.Random) -> Expr | None:
    match node:
        case Index(_, dim):
            return rng.choice([i for i in (I, L, J, K) if i.dim == dim])
        case Number(value):
            return Number(value + rng.choice([-1, 1, 2]))
        case Add(terms) | Mul(terms) if rng.random() < 0.5:
            k = rng.randrange(len(terms))
            rest = terms[:k] + terms[k + 1 :]
            return add(*rest) if isinstance(node, Add) else mul(*rest)
        case Add(terms):
            k = rng.randrange(len(terms))
            return add(*terms[:k], neg(terms[k]), *terms[k + 1 :])
        case Pow(base, Number(n)):
            return Pow(base, Number(n + rng.choice([-1, 1])))
        case Call(name, (u,)) if name in FUNCTIONS:
            near = ["exp", "sigmoid", "tanh", "softplus", "relu", "abs", "erf", "expm1", "sin", "cos"]
            return rng.choice([call(rng.choice(near), u), call(name, neg(u)), u])
        case Compare(op, args) if len(args) == 2:
            return Compare({">": "<", "<": ">", "<=": ">", ">=": "<", "!=": "=="}.get(op, ">"), args)
        case Delta():
            return ONE
        case Cases(((condition, then),), otherwise):
            return Cases([(condition, otherwise)], then)
        case Reduce("sum", index, body, where):
            return rng.choice([Reduce("prod", index, body, where), Reduce("sum", index, body)])
        case Symbol(name, indices):
            near = {"v": "d", "d": "v", "a": "b", "b": "a", "y": "v", "c": "a"}
            return Symbol(near.get(name, name), indices)
        case _:
            return None
