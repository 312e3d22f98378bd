"""Enclosures: around the true value, None where there is none, and never a false refutation."""

import random
from fractions import Fraction

import pytest

from whygrad.core.cost import Definition, Domain, Scope
from whygrad.core.expr import (
    ONE,
    TWO,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Index,
    Mul,
    Number,
    Partial,
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
from whygrad.core.functions import FUNCTIONS
from whygrad.meaning import oracle, sample
from whygrad.meaning.enclose import BALLS, difference, enclose, sampled_equal
from whygrad.meaning.sample import Point, draw_point

from .arrays import (
    BINARY,
    LOGISTIC,
    SCOPE,
    A,
    I,
    J,
    L,
    S,
    T,
    cross_entropy,
    declare,
    mean,
    random_array,
    scope_of,
)

U, V = S("u"), S("v")


def point_of(**values):
    return Point({(name, ()): Fraction(value) for name, value in values.items()}, {"m": 3, "n": 2}, {})


def test_every_function_has_a_ball():
    assert set(BALLS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_agree_with_the_book(name, seed):
    """Two tables written apart (balls, schoolbook) give one value, and are undefined together."""
    rng = random.Random(seed)
    args = tuple(S(f"u{k}") for k in range(FUNCTIONS[name].arity))
    defined = 0
    for _ in range(40):
        values = {a.name: Fraction(rng.randint(-3000, 3000), rng.choice((997, 2000))) for a in args}
        point = point_of(**values)
        ball = enclose(Call(name, args), Scope(), point)
        book = oracle.evaluate(Call(name, args), Scope(), point, digits=20)
        assert (ball is None) == (not book.is_finite()), values
        if ball is not None:
            defined += 1
            assert ball.overlaps(book)
            assert ball.rad() < 1e-30
    assert defined >= 5


@pytest.mark.parametrize(
    ("e", "at"),
    [
        (Call("log", (U,)), -1),
        (Call("log", (U,)), 0),
        (inverse(U), 0),
        (Call("sqrt", (U,)), -1),
        (Pow(U, Number(Fraction(1, 3))), -1),
        (Pow(U, Number(Fraction(-1, 2))), 0),
        (Call("asin", (U,)), 2),
        (Call("lgamma", (U,)), -1),
        (Mul((Number(0), inverse(U))), 0),
        (div(U, U), 0),
    ],
)
def test_undefined_is_none(e, at):
    assert enclose(e, Scope(), point_of(u=at)) is None


def test_a_guard_that_cannot_be_told_is_none():
    third = mul(inverse(Number(3)), U)  # not exact in binary, so u/3 < 1/3 cannot be told at u = 1
    e = Cases(((Compare("<", (third, inverse(Number(3)))), ONE),), TWO)
    assert enclose(e, Scope(), point_of(u=1)) is None
    assert enclose(e, Scope(), point_of(u=2)) == 2


def test_untaken_branches_need_no_value():
    log = Call("log", (U,))
    cases = Cases(((Compare(">", (U, Number(0))), log),), Number(7))
    assert enclose(cases, Scope(), point_of(u=-1)) == 7
    assert enclose(Mul((Compare(">", (U, Number(0))), log)), Scope(), point_of(u=-1)) == 0
    scope = scope_of(declare("y", "m"))
    point = draw_point([S("y", I)], scope, 1, {"m": 3})
    shifted = Reduce("sum", I, Symbol("y", (add(I, Number(1)),)), Compare("<", (I, Size("m"))))
    expected = point.values["y", (2,)] + point.values["y", (3,)]
    assert enclose(shifted, scope, point).contains(arb_of(expected))
    whole = Reduce("sum", I, Symbol("y", (add(I, Number(1)),)))
    assert enclose(whole, scope, point) is None


def arb_of(value):
    from flint import arb

    return arb(value.numerator) / value.denominator


def test_ranges_pointers_products_and_letters_as_numbers():
    scope = scope_of(declare("y", "m"), declare("t", "m"))
    values = {("y", (k,)): Fraction(v) for k, v in enumerate((2, 5, 11), 1)}
    values |= {("t", (k,)): Fraction(v) for k, v in enumerate((2, 0, 1), 1)}
    point = Point(values, {"m": 3}, {I: 2})
    y = S("y", L)
    checks = {
        Reduce("sum", L, y, Compare("!=", (L, I))): 13,
        Reduce("prod", L, y, Compare("<=", (L, I))): 10,
        Reduce("max", L, y): 11,
        Reduce("min", L, y, Compare(">", (L, I))): 11,
        Reduce("sum", L, mul(L, y)): 45,
        Reduce("sum", L, mul(Delta(L, I), y)): 5,
        Reduce("sum", L, y, Compare(">=", (S("t", L), S("t", I)))): 18,
        Reduce("sum", L, Symbol("y", (add(S("t", L), ONE),))): 18,
        Reduce("sum", L, ONE): 3,
        mul(Size("m"), Symbol("y", (Number(3),))): 33,
        Compare("<", (Number(1), I, Size("m"))): 1,
        Compare("and", (Compare("<", (I, ONE)), Compare(">", (I, ONE)))): 0,
        Compare("not", (Compare("<", (I, ONE)),)): 1,
        Pow(Constant("e"), Number(0)): 1,
    }
    for e, expected in checks.items():
        got = enclose(e, scope, point)
        assert got is not None, e
        assert got.contains(expected), e
        assert got.rad() < 1e-30
        assert oracle.evaluate(e, scope, point).overlaps(got)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_agrees_with_the_oracle_on_random_arrays(depth, seed):
    rng = random.Random(seed + 100 * depth)
    told = 0
    for k in range((60, 40, 10)[depth - 1]):
        e = random_array(rng, (), depth)
        point = draw_point([e], SCOPE, seed + k, {"m": 3, "n": 2})
        ball = enclose(e, SCOPE, point)
        book = oracle.evaluate(e, SCOPE, point, digits=30)
        if ball is not None:
            told += 1
            assert ball.overlaps(book), e
        else:
            assert not book.is_finite() or "Compare" in repr(e) or "det" in repr(e) or "inv" in repr(e), e
    assert told >= 8


def test_definitions_functions_and_arrays_inside_them():
    h = Definition("h", div(Pow(S("t"), TWO), add(ONE, Pow(S("t"), TWO))), parameters=("t",))
    z = Definition("z", A("matmul", S("X"), S("w")), (), ("m",))
    scope = scope_of(*SCOPE.declarations.values(), definitions=(z, h))
    e = Reduce("sum", I, Call("h", (S("z", I),)))
    point = draw_point([e], scope, 4)
    assert enclose(e, scope, point).overlaps(oracle.evaluate(e, scope, point))
    assert enclose(A("sum", Call("h", (S("z"),))), scope, point).overlaps(enclose(e, scope, point))


def test_refutation_is_shown_at_a_readable_point():
    y, f = S("y", I), S("f", I)
    scope = scope_of(declare("y", "m", domains=(BINARY,)))
    before = mul(add(neg(div(y, f)), div(sub(ONE, y), sub(ONE, f))), f, sub(ONE, f))
    slip = add(neg(div(y, f)), mul(div(sub(ONE, y), sub(ONE, f)), f, sub(ONE, f)))
    assert sampled_equal(before, sub(f, y), scope)
    found = difference(before, slip, scope)
    assert found is not None
    assert set(found.point.show()) == {"f[i]", "y[i]"}
    assert found.values[0] != found.values[1]
    here = found.point.values
    at = found.point.positions[I]
    yv, fv = here["y", (at,)], here["f", (at,)]
    assert float(found.values[0]) == pytest.approx(float(fv - yv), rel=1e-3)
    assert float(found.values[1]) == pytest.approx(float(-yv / fv + (1 - yv) * fv), rel=1e-3)


def test_a_forgotten_size_is_refuted():
    """A dimension of size 1, or two of one size, would hide these."""
    w = S("w", J)
    assert difference(Reduce("sum", J, w), mul(Size("n"), w), SCOPE) is not None
    assert difference(Size("n"), Size("m"), SCOPE) is not None
    assert difference(A("matmul", S("Q"), S("w")), A("matmul", T(S("Q")), S("w")), SCOPE) is not None


def test_equal_pairs():
    z = S("z", I)
    loss = mean(I, cross_entropy(S("y", I), S("f", I)))
    stable = mean(I, sub(Call("softplus", (z,)), mul(S("y", I), z)))
    assert sampled_equal(loss, stable, LOGISTIC)
    assert difference(loss, stable, LOGISTIC) is None
    assert not sampled_equal(loss, mul(TWO, stable), LOGISTIC)
    inv = A("matmul", A("inv", S("R")), S("R"))
    assert sampled_equal(inv, A("identity", Size("m")), SCOPE)
    assert sampled_equal(A("logdet", A("matmul", S("R"), S("R"))), mul(TWO, A("logdet", S("R"))), SCOPE)


def test_cancellation_does_not_pass_for_equality():
    """1 and 1 + 2^-200 differ; the difference is far below any double."""
    tiny = Pow(TWO, Number(-200))
    a, b = add(U, tiny), U
    assert not sampled_equal(a, b, Scope())
    assert difference(a, b, Scope()) is not None
    # and heavy cancellation with equality is recognised by raising the precision
    huge = Pow(TWO, Number(150))
    assert sampled_equal(sub(add(huge, Call("exp", (U,))), huge), Call("exp", (U,)), Scope())


def test_labels_are_respected():
    y = S("y", I)
    assert sampled_equal(Pow(y, TWO), y, scope_of(declare("y", "m", domains=(BINARY,))))
    assert difference(Pow(y, TWO), y, scope_of(declare("y", "m"))) is not None
    k = Index("k", "k")
    total = Reduce("sum", k, S("Y", I, k))
    onehot = scope_of(declare("Y", "m", "k", domains=(Domain("onehot"),)))
    assert sampled_equal(total, ONE, onehot)
    assert difference(total, ONE, scope_of(declare("Y", "m", "k"))) is not None


def test_nowhere_defined_is_not_equal():
    e = Call("log", (neg(Pow(U, TWO)),))
    assert not sampled_equal(e, e, Scope())
    assert difference(e, ONE, Scope()) is None


def test_too_large_is_undecided():
    e = ONE
    for k in range(12):
        e = Reduce("sum", Index(f"a{k}", "m"), mul(S("y", Index(f"a{k}", "m")), e))
    nested = S("y", I)
    for k in range(12):
        nested = mul(nested, S("y", Index(f"a{k}", "m")))
    for k in range(12):
        nested = Reduce("sum", Index(f"a{k}", "m"), nested)
    point = draw_point([nested], SCOPE, 1, {"m": 4})
    assert enclose(nested, SCOPE, point) is None
    assert enclose(e, SCOPE, point) is not None


def test_no_false_refutation(seed):
    """A shuffled sum or product has the same value, whatever is inside."""
    rng = random.Random(seed)
    for k in range(40):
        terms = [random_array(rng, (), 1) for _ in range(4)]
        shuffled = rng.sample(terms, 4)
        a = add(mul(terms[0], terms[1]), mul(terms[2], terms[3]), *terms)
        pairs = add(*shuffled, mul(terms[3], terms[2]), mul(terms[1], terms[0]))
        assert difference(a, pairs, SCOPE, seed=k, tries=6) is None
        assert difference(a, add(pairs, Number(Fraction(1, 10**9))), SCOPE, seed=k, tries=12) is not None


def test_depth_is_no_limit():
    e = U
    for _ in range(2000):
        e = Call("tanh", (add(e, V),))
    value = enclose(e, Scope(), point_of(u=1, v=2))
    assert value is not None
    assert 0.99 < float(value) < 1
    assert sample.free_symbols([e], Scope()) == (U, V)


def test_derivatives_are_carried_out():
    loss = mean(I, cross_entropy(S("y", I), S("f", I)))
    gradient = mean(I, mul(sub(S("f", I), S("y", I)), S("x", I, J)))
    assert sampled_equal(Partial(loss, S("w", J)), gradient, LOGISTIC)
    assert difference(Partial(loss, S("w", J)), mul(TWO, gradient), LOGISTIC) is not None
    slope = Definition("g", Partial(S("f", I), S("z", I)), (I,), ("m",))
    scope = scope_of(*LOGISTIC.declarations.values(), definitions=(*LOGISTIC.definitions.values(), slope))
    assert sampled_equal(S("g", I), mul(S("f", I), sub(ONE, S("f", I))), scope)
