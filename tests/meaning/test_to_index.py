"""Array form to index form: the letters people write, and the value the oracle finds for the arrays."""

import random

import pytest

from whygrad.core import walk
from whygrad.core.cost import Cost, Declaration, Definition
from whygrad.core.errors import BudgetError, ShapeError
from whygrad.core.expr import (
    ONE,
    Call,
    Delta,
    Entry,
    Index,
    Mul,
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
from whygrad.meaning import oracle, sample
from whygrad.meaning.to_index import cost_to_index, to_index

from .arrays import SCOPE, A, I, J, K, S, T, declare, random_array, scope_of


def test_linear_model_reads_as_written():
    e = add(A("matmul", S("X"), S("w")), S("b"))
    assert to_index(e, SCOPE, (I,)) is add(Reduce("sum", J, mul(S("X", I, J), S("w", J))), S("b"))


def test_gradient_of_least_squares():
    e = A("matmul", T(S("X")), sub(A("matmul", S("X"), S("w")), S("y")))
    got = to_index(e, SCOPE, (J,))
    inner = next(node for _, node in walk.paths(got) if isinstance(node, Reduce) and node.index.dim == "n")
    expected = Reduce(
        "sum",
        I,
        mul(
            S("X", I, J),
            sub(Reduce("sum", inner.index, mul(S("X", I, inner.index), S("w", inner.index))), S("y", I)),
        ),
    )
    assert got is expected
    assert inner.index.letter not in ("i", "j")


def test_operations():
    q = Index("q", "n")
    exp = Call("exp", (S("w", q),))
    exps = Reduce("sum", J, Call("exp", (S("w", J),)))
    cases = [
        (A("inv", S("Q")), (J, K), Entry(A("inv", S("Q")), (J, K))),
        (A("identity", Size("n")), (J, K), Delta(J, K)),
        (A("identity", Size("n")), (J, J), ONE),
        (A("ones", Size("m")), (I,), ONE),
        (A("diag", S("w")), (J, K), mul(S("w", J), Delta(J, K))),
        (A("trace", S("Q")), (), Reduce("sum", J, S("Q", J, J))),
        (A("outer", S("y"), S("w")), (I, J), mul(S("y", I), S("w", J))),
        (A("mean", S("y")), (), mul(inverse(Size("m")), Reduce("sum", I, S("y", I)))),
        (A("norm", S("w")), (), Call("sqrt", (Reduce("sum", J, Pow(S("w", J), Number(2))),))),
        (A("max", S("w")), (), Reduce("max", J, S("w", J))),
        (A("softmax", S("w")), (q,), mul(exp, inverse(exps))),
        (Partial(A("sum", S("w")), S("w")), (q,), Partial(Reduce("sum", J, S("w", J)), S("w", q))),
    ]
    for e, at, expected in cases:
        assert to_index(e, SCOPE, at) is expected


def test_a_sum_hides_no_letter_in_use():
    bound = Reduce("sum", J, mul(S("w", J), S("X")))  # an array under a letter of its own
    got = to_index(bound, SCOPE, (I, J))
    assert isinstance(got, Reduce)
    assert got.index is not J
    assert J in walk.free_indices(got)


def test_letters_of_the_declarations():
    scope = scope_of(
        Declaration("X", "data", ("m", "n"), letters=("a", "d")),
        Declaration("w", "param", ("n",), letters=("d",)),
    )
    got = to_index(A("matmul", S("X"), S("w")), scope, (Index("a", "m"),))
    assert isinstance(got, Reduce)
    assert got.index is Index("d", "n")


def test_wrong_rank_and_limits():
    with pytest.raises(ShapeError):
        to_index(S("X"), SCOPE, (I,))
    with pytest.raises(BudgetError):
        to_index(A("matpow", S("Q"), Number(1000)), SCOPE, (J, K))
    assert to_index(S("b"), SCOPE, ()) is S("b")


def test_index_form_is_left_alone():
    e = Reduce("sum", J, mul(S("X", I, J), S("w", J)))
    assert to_index(e, SCOPE, ()) is e


def test_cost_to_index():
    declarations = (
        declare("X", "m", "n"),
        declare("y", "m"),
        declare("w", "n", kind="param"),
        declare("b", kind="param"),
    )
    z = add(A("matmul", S("X"), S("w")), S("b"))
    cost = Cost(
        "c",
        "",
        declarations,
        (
            Definition("z", z, (), ("m",)),
            Definition("J", A("mean", Pow(sub(S("z"), S("y")), Number(2)))),
        ),
        "J",
    )
    got = cost_to_index(cost)
    assert got.definition("z").indices == (I,)
    assert got.definition("z").body is add(Reduce("sum", J, mul(S("X", I, J), S("w", J))), S("b"))
    assert got.definition("J").body is mul(
        inverse(Size("m")), Reduce("sum", I, Pow(sub(S("z", I), S("y", I)), Number(2)))
    )
    assert cost_to_index(got) is got


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_index_form_has_the_value_of_the_arrays(seed, depth):
    """The oracle evaluates arrays by its own loops and index form by its own sums."""
    rng = random.Random(seed + depth)
    for k in range((80, 60, 15)[depth - 1]):
        dims = rng.choice([(), ("m",), ("n",), ("m", "n"), ("n", "n")])
        e = random_array(rng, dims, depth)
        letters = tuple(
            Index(letter, dim)
            for letter, dim in zip("ij" if dims != ("n", "n") else "jk", dims, strict=False)
        )
        by_index = to_index(e, SCOPE, letters)
        assert walk.free_indices(by_index) <= set(letters)
        point = sample.draw_point(
            [e, *(Symbol("", (i,)) for i in letters)], SCOPE, seed + k, {"m": 3, "n": 2}
        )
        place = tuple(point.positions[i] for i in letters)
        array = oracle.evaluate_array(e, SCOPE, point, digits=15)
        entry = oracle.evaluate(by_index, SCOPE, point, digits=15)
        expected = oracle.part(array, place).items[0]
        assert entry.overlaps(expected) or (entry.is_nan() and expected.is_nan()), e


def test_depth_is_no_limit():
    e = S("w")
    for _ in range(3000):
        e = Call("tanh", (Mul((S("b"), e)),))
    assert walk.size_of(to_index(e, SCOPE, (J,))) > 3000
