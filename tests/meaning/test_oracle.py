"""The slow oracle against closed forms found by hand, and against exact rational arithmetic."""

from fractions import Fraction

import pytest
from flint import arb, ctx

from whygrad.core.cost import Scope
from whygrad.core.expr import (
    TWO,
    Call,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    sub,
)
from whygrad.meaning.oracle import evaluate, evaluate_array, gradient
from whygrad.meaning.sample import Point, draw_point

from .arrays import LOGISTIC, SCOPE, A, I, J, K, S, T, cross_entropy, mean


def near(value: arb, expected: arb | float, digits: int = 45) -> bool:
    with ctx.workdps(60):
        return bool(abs(value - expected) <= arb(10) ** -digits * (1 + abs(arb(expected))))


def exact(values, name, rows, columns):
    return [[values[name, (r, c)] for c in range(1, columns + 1)] for r in range(1, rows + 1)]


def test_matrix_product_and_inverse_in_exact_arithmetic():
    point = draw_point([A("sum", A("matmul", S("X"), S("Q")))], SCOPE, 2, {"m": 3, "n": 2})
    x, q = exact(point.values, "X", 3, 2), exact(point.values, "Q", 2, 2)
    got = evaluate_array(A("matmul", S("X"), S("Q")), SCOPE, point)
    assert got.shape == (3, 2)
    expected = [sum(x[r][k] * q[k][c] for k in range(2)) for r in range(3) for c in range(2)]
    assert all(g.contains(arb(e.numerator) / e.denominator) for g, e in zip(got.items, expected, strict=True))
    det = q[0][0] * q[1][1] - q[0][1] * q[1][0]
    inverse_entry = q[1][1] / det
    corner = evaluate_array(A("inv", S("Q")), SCOPE, point).items[0]
    with ctx.workdps(60):
        assert near(corner, arb(inverse_entry.numerator) / inverse_entry.denominator)
        assert near(evaluate(A("det", S("Q")), SCOPE, point), arb(det.numerator) / det.denominator)


def test_known_values():
    at = Point({("u", ()): Fraction(1)}, {"m": 4}, {})
    u = S("u")
    with ctx.workdps(60):
        known = {
            Call("Gamma", (add(u, inverse(TWO)),)): arb.pi().sqrt() / 2,
            Call("digamma", (u,)): -arb.const_euler(),
            Call("trigamma", (u,)): arb.pi() ** 2 / 6,
            Call("beta", (inverse(TWO), inverse(TWO))): arb.pi(),
            mul(Number(4), Call("atan", (u,))): arb.pi(),
            Call("Phi", (sub(u, u),)): arb(1) / 2,
            Reduce("prod", I, I): arb(24),
            Call("softplus", (sub(u, u),)): arb.const_log2(),
        }
    for e, expected in known.items():
        assert near(evaluate(e, Scope(), at), expected), e


def test_gradient_of_logistic_regression():
    loss = mean(I, cross_entropy(S("y", I), S("f", I)))
    point = draw_point([loss], LOGISTIC, 7)
    by_hand = mean(I, mul(sub(S("f", I), S("y", I)), S("x", I, J)))
    slopes = gradient(loss, "w", LOGISTIC, point)
    assert len(slopes) == point.sizes["n"]
    for (j,), slope in slopes.items():
        here = Point(point.values, point.sizes, {J: j})
        assert near(slope, evaluate(by_hand, LOGISTIC, here)), j
    (slope,) = gradient(loss, "b", LOGISTIC, point).values()
    assert near(slope, evaluate(mean(I, sub(S("f", I), S("y", I))), LOGISTIC, point))


def test_gradient_by_a_definition_takes_it_as_free():
    loss = mean(I, cross_entropy(S("y", I), S("f", I)))
    point = draw_point([loss, S("f", I)], LOGISTIC, 7)
    i = point.positions[I]
    slope = gradient(loss, "z", LOGISTIC, point)[(i,)]
    assert near(slope, evaluate(mul(inverse(Size("m")), sub(S("f", I), S("y", I))), LOGISTIC, point))
    partial = Partial(S("f", I), S("z", I))
    assert near(
        evaluate(partial, LOGISTIC, point),
        evaluate(mul(S("f", I), sub(Number(1), S("f", I))), LOGISTIC, point),
    )


def test_gradient_of_matrices():
    """d logdet(Q)/dQ = Q^-T, d tr(Q Q)/dQ = 2 Q'."""
    logdet, trace = A("logdet", A("matmul", S("Q"), T(S("Q")))), A("trace", A("matmul", S("Q"), S("Q")))
    point = draw_point([logdet], SCOPE, 3, {"n": 2})
    for place, slope in gradient(logdet, "Q", SCOPE, point).items():
        whole = evaluate_array(mul(TWO, T(A("inv", S("Q")))), SCOPE, point)
        assert near(slope, whole.items[(place[0] - 1) * 2 + place[1] - 1])
    for place, slope in gradient(trace, "Q", SCOPE, point).items():
        assert near(
            slope, evaluate(mul(TWO, Symbol("Q", (Number(place[1]), Number(place[0])))), SCOPE, point)
        )


def test_second_derivatives():
    e = Partial(Partial(Pow(Reduce("sum", J, S("w", J)), Number(3)), S("w", J)), S("w", K))
    point = draw_point([e], SCOPE, 3)
    assert near(
        evaluate(e, SCOPE, point), evaluate(mul(Number(6), Reduce("sum", J, S("w", J))), SCOPE, point)
    )


def test_undefined_is_not_finite():
    at = Point({("u", ()): Fraction(-1)}, {}, {})
    assert not evaluate(Call("log", (S("u"),)), Scope(), at).is_finite()


@pytest.mark.parametrize("digits", [10, 50, 80])
def test_digits(digits):
    at = Point({("u", ()): Fraction(1, 3)}, {}, {})
    (slope,) = gradient(Call("exp", (S("u"),)), "u", Scope(), at, digits).values()
    with ctx.workdps(3 * digits):
        assert abs(slope - (arb(1) / 3).exp()) < arb(10) ** -digits
