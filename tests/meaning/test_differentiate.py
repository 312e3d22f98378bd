"""The direct differentiator against flint's power series and against finite differences."""

import random
from fractions import Fraction

import pytest
from flint import arb, arb_series, ctx

from whygrad.core.cost import Declaration, Definition, Scope
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import (
    ONE,
    TWO,
    ZERO,
    Apply,
    Call,
    Compare,
    Delta,
    Entry,
    Index,
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
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import free_indices, postorder
from whygrad.meaning.differentiate import derivative, evaluate_partials
from whygrad.meaning.equal import same_value

from .pairs import SCOPE, SIZES, I, J, K, L, UndefinedError, draw_values, evaluate, random_expr


def s(name, *indices):
    return Symbol(name, indices)


z = Symbol("z")

SERIES = {
    "exp": lambda u: u.exp(),
    "log": lambda u: u.log(),
    "log1p": lambda u: (1 + u).log(),
    "expm1": lambda u: u.exp() - 1,
    "sqrt": lambda u: u.sqrt(),
    "sigmoid": lambda u: 1 / (1 + (-u).exp()),
    "tanh": lambda u: ((2 * u).exp() - 1) / ((2 * u).exp() + 1),
    "softplus": lambda u: (1 + u.exp()).log(),
    "silu": lambda u: u / (1 + (-u).exp()),
    "gelu": lambda u: u * (1 + (u / arb(2).sqrt()).erf()) / 2,
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "sinh": lambda u: (u.exp() - (-u).exp()) / 2,
    "cosh": lambda u: (u.exp() + (-u).exp()) / 2,
    "asin": lambda u: u.asin(),
    "acos": lambda u: u.acos(),
    "atan": lambda u: u.atan(),
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
    "Phi": lambda u: (1 + (u / arb(2).sqrt()).erf()) / 2,
    "lgamma": lambda u: u.lgamma(),
    "digamma": lambda u: u.lgamma().derivative(),
    "Gamma": lambda u: u.gamma(),
}


@pytest.mark.parametrize("name", sorted(SERIES))
def test_each_function_against_its_power_series(name):
    """The coefficient of t in f(a + t), to 50 digits."""
    found = derivative(Call(name, (z,)), z, Scope())
    with ctx.workprec(250):
        for a in (Fraction(1, 3), Fraction(3, 4)):
            point = arb(a.numerator) / a.denominator
            before, ctx.cap = ctx.cap, 3
            try:
                expected = SERIES[name](arb_series([point, 1]))[1]
            finally:
                ctx.cap = before
            got = evaluate(found, {("z", ()): point}, {})
            assert abs(got - expected) < arb(10) ** -50


def test_every_function_has_a_row_or_says_so():
    for name, function in FUNCTIONS.items():
        args = tuple(Symbol(f"u{k}") for k in range(function.arity))
        e = Call(name, args)
        if name == "trigamma":
            with pytest.raises(NoRuleError):
                derivative(e, args[0], Scope())
        else:
            for u in args:
                derivative(e, u, Scope())


def test_kinks_follow_the_conventions():
    u, v, w = Symbol("u"), Symbol("v"), Symbol("w")
    at_zero = {("u", ()): arb(0), ("v", ()): arb(0), ("w", ()): arb(1)}
    by = lambda e, x: evaluate(derivative(e, x, Scope()), at_zero, {})  # noqa: E731
    assert by(Call("relu", (u,)), u) == 0
    assert (by(Call("max", (u, v)), u), by(Call("max", (u, v)), v)) == (1, 0)
    assert (by(Call("min", (u, v)), u), by(Call("min", (u, v)), v)) == (1, 0)
    assert by(Call("clip", (u, v, w)), u) == 0
    assert derivative(Call("abs", (u,)), u, Scope()) is Call("sign", (u,))


def test_random_expressions_against_finite_differences(seed):
    rng = random.Random(seed)
    checked = 0
    for _ in range(120):
        e = random_expr(rng, 4, rng.choice([(), (I,), (J,), (I, J)]))
        name = rng.choice(["w", "x", "v", "a", "b"])
        dims = SCOPE.declarations[name].dims
        places = {"m": (L, I), "n": (K, J)}
        wrt = Symbol(name, [rng.choice(places[d]) for d in dims])
        found = derivative(e, wrt, SCOPE)
        positions = {i: rng.randint(1, SIZES[i.dim]) for i in (I, J, K, L)}
        with ctx.workprec(400):
            values = draw_values(rng)
            key = (name, tuple(positions[i] for i in wrt.indices))
            try:
                exact = evaluate(found, values, positions)
                quotient = _quotient(e, values, positions, key)
            except UndefinedError:
                continue
            scale = 1 + abs(exact)
            assert abs(exact - quotient) < scale * arb(10) ** -15, (e, wrt)
            checked += 1
    assert checked > 60


def _quotient(e, values, positions, key, step=30):
    """A central difference: its error is of the order of the square of the step."""
    h = arb(10) ** -step
    up = evaluate(e, {**values, key: values[key] + h}, positions)
    down = evaluate(e, {**values, key: values[key] - h}, positions)
    return (up - down) / (2 * h)


def test_the_index_of_wrt_is_not_captured():
    """d/dw_j of sum_j w_j^2 is 2 w_j, also where the bound letter is the one asked for."""
    square = Reduce("sum", J, Pow(s("w", J), TWO))
    for index in (J, K):
        found = derivative(square, s("w", index), SCOPE)
        assert free_indices(found) == {index}
        assert same_value(found, mul(TWO, s("w", index)), SCOPE).proved
    first = derivative(square, s("w", ONE), SCOPE)
    assert same_value(first, mul(TWO, s("w", ONE)), SCOPE).proved


def test_definitions_are_followed():
    scope = Scope(
        SCOPE.declarations,
        {
            "z": Definition("z", Reduce("sum", J, mul(s("w", J), s("x", I, J))), (I,), ("m",)),
            "f": Definition("f", Call("sigmoid", (s("z", I),)), (I,), ("m",)),
            "J": Definition("J", Reduce("sum", I, Pow(sub(s("f", I), s("v", I)), TWO))),
        },
    )
    by_f = derivative(s("J"), s("f", L), scope)
    assert same_value(by_f, mul(TWO, sub(s("f", L), s("v", L))), scope).proved
    by_z = derivative(s("J"), s("z", L), scope)
    slope = mul(s("f", L), sub(ONE, s("f", L)))
    assert same_value(by_z, mul(TWO, sub(s("f", L), s("v", L)), slope), scope).proved
    by_w = derivative(s("J"), s("w", K), scope)
    each = mul(TWO, sub(s("f", I), s("v", I)), s("f", I), sub(ONE, s("f", I)), s("x", I, K))
    assert same_value(by_w, Reduce("sum", I, each), scope).proved
    assert derivative(s("f", I), s("b"), scope) is ZERO
    assert derivative(s("z", I), s("z", L), scope) is Delta(I, L)


def test_shared_layers_stay_small():
    """Forty layers that each use the one before twice: the derivative shares its parts."""
    definitions = {"h0": Definition("h0", Symbol("a"))}
    for k in range(1, 41):
        below = Symbol(f"h{k - 1}")
        definitions[f"h{k}"] = Definition(f"h{k}", mul(Call("tanh", (below,)), below))
    found = derivative(Symbol("h40"), Symbol("a"), Scope({}, definitions))
    assert sum(1 for _ in postorder(found)) < 2000


def test_products_and_maxima_over_an_index():
    p = Reduce("prod", K, s("w", K))
    found = derivative(p, s("w", J), SCOPE)
    others = Reduce("prod", K, s("w", K), Compare("!=", (K, J)))
    assert _agrees(found, others)
    best = Reduce("max", K, Pow(s("w", K), TWO))
    slope = derivative(best, s("w", J), SCOPE)
    expected = mul(TWO, s("w", J), Compare("==", (Pow(s("w", J), TWO), best)))
    assert same_value(slope, expected, SCOPE).proved


def _agrees(a, b):
    return same_value(a, b, SCOPE).kind == "equal"


def test_inner_derivatives_are_evaluated_first():
    w = s("w", J)
    cube = Reduce("sum", J, Pow(w, Number(3)))
    second = Partial(Partial(cube, s("w", J)), s("w", K))
    found = evaluate_partials(second, SCOPE)
    assert not any(isinstance(node, Partial) for node in postorder(found))
    assert same_value(found, mul(Number(6), w, Delta(J, K)), SCOPE).proved
    half_done = mul(Partial(cube, s("w", K)), s("b"))
    assert same_value(half_done, mul(Number(3), s("b"), Pow(s("w", K), TWO)), SCOPE).proved


def test_inverses_and_determinants():
    scope = Scope({n: Declaration(n, "param", ("n", "n")) for n in "SA"} | {"t": Declaration("t", "param")})
    S = Symbol("S")
    p, q = Index("p", "n"), Index("q", "n")
    bottom = lambda i, k: Entry(Apply("inv", (S,)), (i, k))  # noqa: E731
    slope = derivative(Apply("logdet", (S,)), Symbol("S", (J, K)), scope)
    assert same_value(slope, bottom(K, J), scope).proved
    entry = derivative(bottom(p, q), Symbol("S", (J, K)), scope)
    assert same_value(entry, neg(mul(bottom(p, J), bottom(K, q))), scope).proved
    line = Apply("inv", (add(S, mul(Symbol("t"), Symbol("A"))),))
    found = derivative(Entry(line, (p, q)), Symbol("t"), scope)
    left, right = Entry(line, (p, J)), Entry(line, (K, q))
    expected = neg(Reduce("sum", J, Reduce("sum", K, mul(left, Symbol("A", (J, K)), right))))
    assert same_value(found, expected, scope).proved


def test_quotients_and_powers_with_variable_exponents():
    u = Symbol("u")
    found = derivative(Pow(u, u), u, Scope())
    assert same_value(found, mul(Pow(u, u), add(Call("log", (u,)), ONE)), Scope()).proved
    q = derivative(div(u, add(ONE, u)), u, Scope())
    assert same_value(q, inverse(Pow(add(ONE, u), TWO)), Scope()).proved
