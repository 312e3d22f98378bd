"""Points are admissible, reproducible, of distinct sizes, and readable when asked."""

import random
from fractions import Fraction

import pytest

from whygrad.core.cost import Definition, Domain
from whygrad.core.expr import Call, Index, Number, Reduce, Size, Symbol, add, mul, sub
from whygrad.meaning.sample import dimensions, draw_point, draw_sizes, free_symbols, number_text

from .arrays import LOGISTIC, SCOPE, A, I, J, S, cross_entropy, declare, mean, scope_of

ZERO, ONE, TWO = Fraction(0), Fraction(1), Fraction(2)


def interval(low, high, closed=(False, False)):
    return Domain("interval", (), low, high, closed)


@pytest.mark.parametrize(
    ("domains", "holds"),
    [
        ((), lambda v: v != 0),
        ((Domain("finite", (-ONE, ONE)),), lambda v: v in (-1, 1)),
        ((interval(ZERO, None),), lambda v: v > 0),
        ((interval(ZERO, None, (True, False)),), lambda v: v >= 0),
        ((interval(None, ONE),), lambda v: v < 1),
        ((interval(ZERO, ONE),), lambda v: 0 < v < 1),
        ((interval(ONE, None), interval(None, TWO)), lambda v: 1 < v < 2),
        ((Domain("integer"),), lambda v: v.denominator == 1),
        ((Domain("integer"), interval(ZERO, None, (True, False))), lambda v: v.denominator == 1 and v >= 0),
        ((Domain("integer"), interval(ZERO, None)), lambda v: v.denominator == 1 and v >= 1),
        ((Domain("integer"), interval(ONE, Fraction(3), (True, False))), lambda v: v in (1, 2)),
    ],
)
@pytest.mark.parametrize("simple", [False, True])
def test_domains_of_entries(domains, holds, simple, seed):
    scope = scope_of(declare("u", "m", domains=domains))
    for k in range(40):
        point = draw_point([S("u", I)], scope, seed + k, simple=simple)
        assert all(holds(value) for value in point.values.values())
        assert len(point.values) == point.sizes["m"]


@pytest.mark.parametrize("simple", [False, True])
def test_domains_of_arrays(seed, simple):
    scope = scope_of(
        declare("Y", "m", "k", domains=(Domain("onehot"),)),
        declare("P", "m", "k", domains=(Domain("simplex", dim="k"),)),
        declare("S", "n", "n", domains=(Domain("symmetric"),)),
        declare("R", "n", "n", domains=(Domain("spd"),)),
    )
    e = add(A("sum", S("Y")), A("sum", S("P")), A("sum", S("S")), A("sum", S("R")))
    point = draw_point([e], scope, seed, {"m": 2, "k": 3, "n": 3}, simple=simple)
    at = lambda name, *place: point.values[name, place]  # noqa: E731
    for i in (1, 2):
        assert sorted(at("Y", i, k) for k in (1, 2, 3)) == [0, 0, 1]
        assert sum(at("P", i, k) for k in (1, 2, 3)) == 1
        assert all(at("P", i, k) > 0 for k in (1, 2, 3))
    pairs = [(a, b) for a in (1, 2, 3) for b in (1, 2, 3)]
    assert all(at(name, a, b) == at(name, b, a) for a, b in pairs for name in "SR")
    r = {pair: at("R", *pair) for pair in pairs}
    assert r[1, 1] > 0
    assert r[1, 1] * r[2, 2] - r[1, 2] ** 2 > 0
    determinant = sum(
        r[1, a] * (r[2, b] * r[3, c] - r[2, c] * r[3, b]) for a, b, c in [(1, 2, 3), (2, 3, 1), (3, 1, 2)]
    )
    assert determinant > 0


def test_same_seed_same_point():
    e = mean(I, cross_entropy(S("y", I), S("f", I)))
    a, b, c = (draw_point([e], LOGISTIC, seed) for seed in (5, 5, 6))
    assert a == b
    assert a.values != c.values


def test_names_are_found_through_definitions_and_not_in_functions():
    h = Definition("h", mul(S("t"), S("b")), parameters=("t",))
    scope = scope_of(*LOGISTIC.declarations.values(), definitions=(*LOGISTIC.definitions.values(), h))
    found = {symbol.name for symbol in free_symbols([Call("h", (S("f", I),))], scope)}
    assert found == {"x", "w", "b"}
    assert set(dimensions([S("f", I)], scope)) == {"m", "n"}
    assert set(dimensions([mul(Size("q"), Reduce("sum", Index("r", "s"), S("b")))], scope)) == {"q", "s"}


@pytest.mark.parametrize("count", range(6))
def test_sizes_are_distinct_and_at_least_two(count):
    for seed in range(50):
        sizes = draw_sizes([f"d{k}" for k in range(count)], seed)
        assert len(set(sizes.values())) == count
        assert min(sizes.values(), default=2) >= 2
        assert max(sizes.values(), default=2) <= max(4, count + 1)


def test_given_sizes_and_values_are_kept():
    scope = scope_of(declare("lam", kind="const"), declare("w", "n"))
    scope = scope_of(*scope.declarations.values())
    declared = scope.declarations["lam"]
    from dataclasses import replace

    scope = scope_of(replace(declared, value=Fraction(1, 10)), scope.declarations["w"])
    point = draw_point([mul(S("lam"), S("w", J))], scope, 1, {"n": 7})
    assert point.values["lam", ()] == Fraction(1, 10)
    assert point.sizes["n"] == 7
    assert len(point.values) == 8


def test_positions_used_as_pointers_exist():
    scope = scope_of(
        declare("E", "v", "n"),
        declare("t", "m", domains=(Domain("integer"), interval(ZERO, None, (True, True)))),
    )
    e = Symbol("E", (add(S("t", I), Number(1)), J))
    for seed in range(30):
        point = draw_point([e], scope, seed)
        assert all(0 <= v < point.sizes["v"] for (name, _), v in point.values.items() if name == "t")


def test_show_is_short_for_opaque_names():
    y = LOGISTIC.declarations["y"]
    scope = scope_of(y)
    point = draw_point([sub(S("f", I), S("y", I))], scope, 3, simple=True)
    shown = point.show()
    assert set(shown) == {"f[i]", "y[i]"}
    assert shown["y[i]"] in ("0", "1")
    assert len(shown["f[i]"]) <= 4


def test_show_gives_arrays_and_positions():
    point = draw_point(
        [Reduce("sum", J, mul(S("X", I, J), S("w", J)))], SCOPE, 1, {"m": 2, "n": 2}, simple=True
    )
    shown = point.show()
    assert shown["X"].startswith("[[")
    assert shown["i"] in ("1", "2")


def test_numbers_as_text():
    rng = random.Random(1)
    assert [number_text(Fraction(a, b)) for a, b in [(1, 1), (3, 5), (-1, 8), (2, 3)]] == [
        "1",
        "0.6",
        "-0.125",
        "2/3",
    ]
    for _ in range(50):
        value = Fraction(rng.randint(-(10**6), 10**6), 10 ** rng.randint(0, 6))
        assert Fraction(number_text(value)) == value
