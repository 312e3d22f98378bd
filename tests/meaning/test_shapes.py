"""The type checker: what fits, what does not, and that the message names the two sizes."""

import random

import pytest

from whygrad.core.errors import ShapeError
from whygrad.core.expr import Index, Number, Partial, Reduce, Size, add, mul
from whygrad.meaning import oracle, sample
from whygrad.meaning.shapes import check_indices, shape_of, size_of_dim

from .arrays import SCOPE, A, I, J, K, S, T, random_array


@pytest.mark.parametrize(
    ("e", "dims"),
    [
        (S("b"), ()),
        (S("X"), ("m", "n")),
        (S("X", I), ("n",)),
        (S("X", I, J), ()),
        (T(S("X")), ("n", "m")),
        (A("matmul", S("X"), S("w")), ("m",)),
        (A("matmul", S("y"), S("X")), ("n",)),
        (A("matmul", T(S("w")), S("w")), ()),
        (A("matmul", S("w"), T(S("w"))), ("n", "n")),
        (A("matmul", S("y"), T(S("w"))), ("m", "n")),
        (A("matmul", T(S("y")), S("X"), S("w")), ()),
        (add(S("X"), S("w")), ("m", "n")),
        (add(A("matmul", S("X"), S("w")), S("b")), ("m",)),
        (mul(S("b"), S("X")), ("m", "n")),
        (A("softmax", S("X")), ("m", "n")),
        (A("logsumexp", S("X")), ("m",)),
        (A("logsumexp", S("w")), ()),
        (A("sum0", S("X")), ("n",)),
        (A("mean1", S("X")), ("m",)),
        (A("diag", S("w")), ("n", "n")),
        (A("diag", S("Q")), ("n",)),
        (A("inv", S("Q")), ("n", "n")),
        (A("logdet", S("Q")), ()),
        (A("identity", Size("n")), ("n", "n")),
        (A("ones", Size("m"), Size("n")), ("m", "n")),
        (Partial(A("sum", S("X")), S("w")), ("n",)),
        (Reduce("sum", I, S("X", I)), ("n",)),
    ],
)
def test_shape(e, dims):
    assert shape_of(e, SCOPE) == dims


@pytest.mark.parametrize(
    ("e", "words"),
    [
        (A("matmul", S("X"), S("y")), "sizes n and m are different"),
        (add(S("X"), S("y")), "sizes n and m are different"),
        (add(S("y"), S("w")), "are different"),
        (add(S("Q"), S("w")), "one size name"),
        (A("dot", S("y"), S("w")), "sizes m and n are different"),
        (A("det", S("X")), "square"),
        (A("trace", S("X")), "square"),
        (A("matpow", S("X"), Number(2)), "square"),
        (A("softmax", S("b")), "vector"),
        (A("outer", S("X"), S("w")), "vector"),
    ],
)
def test_misfit_names_the_sizes(e, words):
    with pytest.raises(ShapeError) as caught:
        shape_of(e, SCOPE)
    assert caught.value.id == "error/shape"
    assert words in str(caught.value)


def test_indices():
    check_indices(Reduce("sum", J, mul(S("X", I, J), S("w", J))), SCOPE)
    check_indices(A("matmul", S("X", I), S("w")), SCOPE)
    check_indices(S("X", I, Number(1)), SCOPE)
    for e, page in [
        (S("w", I), "error/index-dimension"),
        (S("X", J, I), "error/index-dimension"),
        (add(S("w", Index("i", "n")), S("y", I)), "error/index-dimension"),
        (S("w", J, K), "error/rank"),
        (S("b", I), "error/rank"),
        (add(S("X", I), S("b")), "error/rank"),
    ]:
        with pytest.raises(ShapeError) as caught:
            check_indices(e, SCOPE)
        assert caught.value.id == page


def test_shortened_dimensions():
    assert size_of_dim("m-1", {"m": 4}) == 3
    assert size_of_dim("m - 1 + 2", {"m": 4}) == 5
    check_indices(S("y", Index("t", "m-1")), SCOPE)


def test_shapes_are_those_of_the_values(seed):
    """The oracle computes arrays without looking at shapes: the sizes of its results must agree."""
    rng = random.Random(seed)
    for k in range(120):
        dims = rng.choice([(), ("m",), ("n",), ("m", "n"), ("n", "n")])
        e = random_array(rng, dims, rng.choice((1, 2)))
        assert shape_of(e, SCOPE) == dims
        point = sample.draw_point([e], SCOPE, seed + k, {"m": 3, "n": 2})
        got = oracle.evaluate_array(e, SCOPE, point, digits=5)
        assert got.shape == tuple(point.sizes[dim] for dim in dims)
