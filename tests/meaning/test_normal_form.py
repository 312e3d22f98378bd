"""Normal forms: shuffling changes nothing, closed forms keep the value, limits end loudly."""

import random
from fractions import Fraction

import pytest
from flint import ctx

from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import (
    ONE,
    TWO,
    Call,
    Compare,
    Index,
    Number,
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
from whygrad.core.walk import free_indices, same_form
from whygrad.meaning.normal.atoms import poly_key
from whygrad.meaning.normal_form import (
    Budget,
    UndefinedError,
    expanded,
    factored,
    normalise,
)

from .pairs import SCOPE, I, J, K, L, draw_values, evaluate, keep, random_expr
from .pairs import UndefinedError as Nowhere


def s(name, *indices):
    return Symbol(name, indices)


def total(index, body):
    return Reduce("sum", index, body)


def form(e, scope=Scope(), **more):  # noqa: B008
    return poly_key(normalise(e, scope, **more).poly)


def test_shuffled_sums_have_one_form(seed):
    """Order, bound letters and the order of nested sums leave the form alone."""
    rng = random.Random(seed)
    one, two, three = Index("a", "n"), Index("b", "n"), Index("c", "n")
    for _ in range(60):
        pool = [
            s("A", *rng.sample((one, two, three), 2))
            if rng.random() < 0.6
            else s("w", rng.choice((one, two, three)))
            for _ in range(rng.randint(3, 6))
        ]
        letters = [one, two, three]
        forms = set()
        for _ in range(4):
            rng.shuffle(pool)
            rng.shuffle(letters)
            body = mul(*pool)
            for k in letters:
                body = total(k, body)
            forms.add(form(body))
            swap = dict(zip((one, two, three), rng.sample((one, two, three), 3), strict=True))
            pool = [s(f.name, *(swap[k] for k in f.indices)) for f in pool]
        assert len(forms) == 1


def test_networks_that_differ_are_told_apart():
    a, b, c = Index("a", "n"), Index("b", "n"), Index("c", "n")
    ring = mul(s("A", a, b), s("A", b, c), s("A", c, a))
    other = mul(s("A", a, b), s("A", b, c), s("A", a, c))
    wrap = lambda body: total(a, total(b, total(c, body)))  # noqa: E731
    assert form(wrap(ring)) != form(wrap(other))
    star = mul(s("A", a, b), s("A", a, c))
    path = mul(s("A", a, b), s("A", b, c))
    assert form(wrap(star)) != form(wrap(path))


def test_the_key_does_not_depend_on_what_was_read_before():
    e = add(total(J, mul(s("w", J), s("x", I, J))), Call("exp", (s("b"),)))
    first = form(e, SCOPE)
    form(mul(Call("tanh", (s("q"),)), total(K, s("r", K))), SCOPE)
    assert form(e, SCOPE) == first


def test_closed_forms_keep_the_value(seed):
    """By proof where the normal form gives one, by numbers always."""
    rng = random.Random(seed)
    checked = 0
    for _ in range(60):
        e = random_expr(rng, 4, rng.choice([(), (I,), (I, J), (I, L)]))
        for unfinished in (normalise(e, SCOPE), normalise(e, SCOPE, labels=True)):
            for closed in (factored(unfinished), expanded(unfinished)):
                assert free_indices(closed) <= free_indices(e)
                checked += _agree(e, closed, rng)
    assert checked > 100


def _agree(a, b, rng):
    """The number of points (0 or 1) at which both were found to be equal."""
    with ctx.workprec(300):
        positions = {i: rng.randint(1, 2) for i in (I, L, J, K)}
        for _ in range(6):
            values = draw_values(rng)
            try:
                gap = evaluate(a, values, positions) - evaluate(b, values, positions)
            except Nowhere:
                continue
            if gap.is_finite():
                assert gap.contains(0), (a, b)
                return 1
    return 0


def test_closed_forms_are_settled(seed):
    """The same value gives the same closed form, however it was written."""
    rng = random.Random(seed)
    for _ in range(40):
        e = random_expr(rng, 3, (I,))
        kept = keep(e, rng, 3)
        left, right = normalise(e, SCOPE), normalise(kept, SCOPE)
        if left.poly == right.poly:
            assert factored(left) is factored(right)
            assert expanded(left) is expanded(right)


def test_the_closed_form_of_the_logistic_gradient():
    y, f, x = s("y", I), s("f", I), s("x", I, J)
    unit = Scope({"f": Declaration("f", "data", ("m",), (Domain("interval", (), Fraction(0), Fraction(1)),))})
    slope = add(neg(div(y, f)), div(sub(ONE, y), sub(ONE, f)))
    e = total(I, mul(slope, f, sub(ONE, f), x))
    assert same_form(factored(normalise(e, unit)), total(I, mul(sub(f, y), x)))


def test_bound_letters_are_those_of_the_declarations():
    scope = Scope({"x": Declaration("x", "data", ("m", "n"), letters=("i", "j"))})
    found = factored(normalise(total(L, total(K, s("x", L, K))), scope))
    assert found is total(I, total(J, s("x", I, J)))
    shadowed = factored(normalise(mul(s("x", I, J), total(K, s("x", I, K))), scope))
    assert not any(k.index is J for k in (shadowed.factors) if isinstance(k, Reduce))


def test_relations_of_functions():
    z = s("z")
    zero = [
        sub(Call("erfc", (z,)), sub(ONE, Call("erf", (z,)))),
        add(Call("erf", (z,)), Call("erf", (neg(z),))),
        sub(add(Pow(Call("sin", (z,)), TWO), Pow(Call("cos", (z,)), TWO)), ONE),
        sub(
            Call("lgamma", (add(z, TWO),)),
            add(Call("lgamma", (z,)), Call("log", (z,)), Call("log", (add(z, ONE),))),
        ),
        sub(Call("digamma", (add(z, ONE),)), add(Call("digamma", (z,)), inverse(z))),
        sub(Call("trigamma", (add(z, ONE),)), sub(Call("trigamma", (z,)), Pow(z, Number(-2)))),
        sub(Call("Gamma", (add(z, ONE),)), mul(z, Call("Gamma", (z,)))),
        sub(Call("lgamma", (Number(4),)), Call("log", (Number(6),))),
        sub(Call("cosh", (z,)), div(add(Call("exp", (z,)), Call("exp", (neg(z),))), TWO)),
        sub(Call("Phi", (z,)), sub(ONE, Call("Phi", (neg(z),)))),
        sub(Call("gelu", (z,)), mul(z, Call("Phi", (z,)))),
        sub(Call("expm1", (Call("log1p", (z,)),)), z),
    ]
    scope = Scope({"z": Declaration("z", "data", (), (Domain("interval", (), Fraction(0)),))})
    for e in zero:
        assert normalise(e, scope).is_zero(), e


def test_a_nonzero_form_says_nothing():
    z = s("z")
    assert normalise(sub(Call("erf", (z,)), z), Scope()).is_zero() is None
    assert normalise(ONE, Scope()).is_zero() is False
    assert normalise(sub(z, z), Scope()).is_zero() is True


def test_nothing_is_made_of_a_division_by_zero():
    z = s("z")
    with pytest.raises(UndefinedError):
        normalise(inverse(sub(z, z)), Scope())
    with pytest.raises(UndefinedError):
        normalise(Call("log", (sub(z, z),)), Scope())


def test_limits_end_loudly():
    terms = add(*(s(f"a{k}") for k in range(10)))
    with pytest.raises(BudgetError):
        normalise(Pow(terms, Number(5)), Scope(), budget=Budget(products=1000))
    with pytest.raises(BudgetError):
        normalise(Pow(terms, Number(6)), Scope(), budget=Budget(terms=100))
    with pytest.raises(BudgetError):
        normalise(Pow(Number(3), Pow(Number(10), Number(9))), Scope())
    tower = s("z")
    for _ in range(60):
        tower = Call("erf", (tower,))
    with pytest.raises(BudgetError):
        normalise(tower, Scope())


def test_steep_polynomials_are_not_factored_for_ever():
    steep = Call("tanh", (Pow(Number(4), Number(6)),))
    assert normalise(sub(steep, steep), Scope()).is_zero()
    z = s("z")
    high = inverse(sub(Pow(z, Number(900)), Number(2)))
    assert normalise(sub(high, mul(TWO, high)), Scope()).is_zero() is None


def test_sums_over_pairs_in_order():
    """sum_{i<l} u is half the sum over i != l for a symmetric u, and i > l is i < l renamed."""
    inside = Compare("<", (I, L))
    u = Pow(sub(s("v", I), s("v", L)), TWO)
    pairs = total(I, Reduce("sum", L, u, Compare("<", (L, I))))
    assert normalise(sub(pairs, div(total(I, total(L, u)), TWO)), SCOPE).is_zero()
    bent = mul(s("v", I), s("d", L))
    left = total(I, total(L, mul(bent, inside)))
    right = total(L, total(I, mul(s("v", L), s("d", I), Compare("<", (L, I)))))
    assert normalise(sub(left, right), SCOPE).is_zero()
    swapped = total(I, total(L, mul(bent, Compare(">", (I, L)))))
    assert normalise(sub(left, swapped), SCOPE).is_zero() is None


def test_comparisons_of_positions():
    below = Compare("<", (J, K))
    assert normalise(sub(add(below, Compare(">=", (J, K))), ONE), Scope()).is_zero()
    assert normalise(sub(Compare("!=", (J, K)), add(below, Compare("<", (K, J)))), Scope()).is_zero()
    assert normalise(sub(below, Compare("<=", (J, K))), Scope()).is_zero() is None
