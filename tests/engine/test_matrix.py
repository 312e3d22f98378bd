"""Matrix forms: the ones people write, each with the value of the index form, and why there is none."""

import itertools
import random

import pytest

from whygrad.core import walk
from whygrad.core.cost import Declaration, Definition, Scope
from whygrad.core.expr import (
    ONE,
    TWO,
    ZERO,
    Apply,
    Call,
    Compare,
    Delta,
    Entry,
    Expr,
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
from whygrad.engine.matrix import Matrix, NoMatrix, to_matrix
from whygrad.meaning import oracle, sample

i, i2 = Index("i", "m"), Index("r", "m")
j, l = Index("j", "n"), Index("l", "n")  # noqa: E741
k, q = Index("k", "c"), Index("q", "c")
h = Index("h", "h")
SHAPES = {
    "x": "mn", "y": "m", "g": "m", "w": "n", "b": "", "lam": "", "W": "nc", "Y": "mc", "V": "ch",
    "G": "mh", "Q": "nn", "T": "mnc", "U": "nh",
}  # fmt: skip
SCOPE = Scope(
    {name: Declaration(name, "data", tuple(dims)) for name, dims in SHAPES.items()},
    {
        "f": Definition("f", Call("sigmoid", (Symbol("y", (i,)),)), (i,), ("m",)),
        "P": Definition("P", Call("exp", (Symbol("Y", (i, k)),)), (i, k), ("m", "c")),
        "p": Definition("p", Call("exp", (Symbol("b"),)), (k,), ("c",)),
    },
)


def S(name: str, *indices: Expr) -> Symbol:
    return Symbol(name, indices)


def A(op: str, *args: Expr) -> Apply:
    return Apply(op, args)  # type: ignore[arg-type]


def T(e: Expr) -> Apply:
    return A("transpose", e)


def total(index: Index, *factors: Expr) -> Reduce:
    return Reduce("sum", index, mul(*factors))


PER_M = inverse(Size("m"))
RESIDUAL = sub(S("f", i), S("y", i))
X, F, P, W = S("x"), S("f"), S("P"), S("W")

WRITTEN = [
    ("linear and logistic", mul(PER_M, total(i, RESIDUAL, S("x", i, j))), (j,),
     mul(PER_M, A("matmul", T(X), sub(F, S("y")))), "(n) = (n,m) (m)"),
    ("factors the other way round", mul(PER_M, total(i, S("x", i, j), RESIDUAL)), (j,),
     mul(PER_M, A("matmul", T(X), sub(F, S("y")))), "(n) = (n,m) (m)"),
    ("softmax", mul(PER_M, total(i, sub(S("P", i, k), S("Y", i, k)), S("x", i, j))), (j, k),
     mul(PER_M, A("matmul", T(X), sub(P, S("Y")))), "(n,c) = (n,m) (m,c)"),
    ("penalty", mul(S("lam"), PER_M, S("w", j)), (j,), mul(S("lam"), PER_M, S("w")), "(n) = (n)"),
    ("intercept", mul(PER_M, Reduce("sum", i, RESIDUAL)), (), A("mean", sub(F, S("y"))), "() = mean (m)"),
    ("intercepts", total(i, sub(S("P", i, k), S("Y", i, k))), (k,),
     A("matmul", T(sub(P, S("Y"))), A("ones", Size("m"))), "(c) = (c,m) (m)"),
    ("Hessian", mul(PER_M, total(i, S("f", i), sub(ONE, S("f", i)), S("x", i, j), S("x", i, l))), (j, l),
     mul(PER_M, A("matmul", T(X), A("matmul", A("diag", A("hadamard", F, sub(ONE, F))), X))),
     "(n,n) = (n,m) (m,m) (m,n)"),
    ("step of a ReLU", mul(total(h, S("G", i, h), S("V", k, h)), Compare(">", (S("Y", i, k), ZERO))), (i, k),
     A("hadamard", A("matmul", S("G"), T(S("V"))), Compare(">", (S("Y"), ZERO))),
     "(m,c) = (m,h) (h,c) ⊙ (m,c)"),
    ("linear model", add(total(j, S("x", i, j), S("w", j)), S("b")), (i,),
     add(A("matmul", X, S("w")), S("b")), "(m) = (m,n) (n)"),
    ("layer", add(total(j, S("x", i, j), S("W", j, k)), S("p", k)), (i, k),
     add(A("matmul", X, W), S("p")), "(m,c) = (m,n) (n,c) + (c)"),
    ("softmax Jacobian", mul(S("p", k), sub(Delta(k, q), S("p", q))), (k, q),
     add(A("diag", S("p")), neg(A("outer", S("p"), S("p")))), "(c,c) = (c,c) + (c) (c)ᵀ"),
    ("quadratic form", Reduce("sum", j, total(l, S("w", j), S("Q", j, l), S("w", l))), (),
     A("dot", S("w"), A("matmul", S("Q"), S("w"))), "() = (n)·(n,n) (n)"),
    ("squares", total(j, Pow(S("w", j), TWO)), (), A("dot", S("w"), S("w")), "() = (n)·(n)"),
    ("Frobenius", Reduce("sum", j, total(k, Pow(S("W", j, k), TWO))), (),
     Pow(A("norm", W), TWO), "() = norm (n,c)"),
    ("trace", total(j, S("Q", j, j)), (), A("trace", S("Q")), "() = trace (n,n)"),
    ("normal equations", total(i, S("x", i, j), total(l, S("x", i, l), S("w", l))), (j,),
     A("matmul", T(X), A("matmul", X, S("w"))), "(n) = (n,m) (m,n) (n)"),
    ("ridge Hessian", add(total(i, S("x", i, j), S("x", i, l)), mul(S("lam"), Delta(j, l))), (j, l),
     add(A("matmul", T(X), X), mul(S("lam"), A("identity", Size("n")))), "(n,n) = (n,m) (m,n) + (n,n)"),
    ("quotient", div(RESIDUAL, mul(S("f", i), sub(ONE, S("f", i)))), (i,),
     A("entrywise_div", sub(F, S("y")), A("hadamard", F, sub(ONE, F))), "(m) = (m)"),
    ("inverse", total(j, Entry(A("inv", S("Q")), (l, j)), S("w", j)), (l,),
     A("matmul", A("inv", S("Q")), S("w")), "(n) = (n,n) (n)"),
    ("a sum over a letter that is not there", total(i, S("b"), S("w", j)), (j,),
     mul(S("b"), Size("m"), S("w")), "(n) = (n)"),
    ("a row added to a square matrix", add(S("Q", j, l), S("w", l)), (j, l),
     add(S("Q"), A("outer", A("ones", Size("n")), S("w"))), "(n,n) = (n,n) + (n) (n)ᵀ"),
    ("a column added to a matrix", add(S("x", i, j), S("y", i)), (i, j),
     add(X, A("outer", S("y"), A("ones", Size("n")))), "(m,n) = (m,n) + (m) (n)ᵀ"),
    ("delta in a sum", total(i, Delta(i, i2), S("x", i, j)), (i2, j), X, "(m,n) = (m,n)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "e", "over", "expected", "shapes"), WRITTEN, ids=[w[0] for w in WRITTEN])
def test_as_people_write_it(name, e, over, expected, shapes):
    form = to_matrix(e, SCOPE, over)
    assert isinstance(form, Matrix), form
    assert form.body is expected
    assert form.shapes == shapes
    assert form.evidence.kind == "proved"


def agrees(e: Expr, body: Expr, over: tuple[Index, ...], seed: int) -> bool:
    """Whether the oracle finds the same entries, arrays by their own loops, all dimensions distinct."""
    letters = tuple(Symbol("", (index,)) for index in over)
    point = sample.draw_point([e, body, *letters], SCOPE, seed, {"m": 3, "n": 2, "c": 4, "h": 5})
    array = oracle.evaluate_array(body, SCOPE, point, digits=12)
    if array.shape != tuple(point.sizes[index.dim] for index in over):
        return False
    for place in itertools.product(*(range(1, n + 1) for n in array.shape)):
        here = sample.Point(point.values, point.sizes, dict(zip(over, place, strict=True)))
        entry = oracle.evaluate(e, SCOPE, here, digits=12)
        expected = oracle.part(array, place).items[0]
        if entry.is_finite() and not entry.overlaps(expected):
            return False
    return True


@pytest.mark.parametrize(("name", "e", "over", "expected", "shapes"), WRITTEN, ids=[w[0] for w in WRITTEN])
def test_written_forms_have_the_value(name, e, over, expected, shapes, seed):
    assert agrees(e, expected, over, seed)


def everyone_with_everyone() -> Expr:
    """Four letters, each beside each other one: whichever goes first joins the other three."""
    entries = [S("x", i, j), S("Y", i, k), S("G", i, h), S("W", j, k), S("U", j, h), S("V", k, h)]
    e = mul(*entries)
    for index in (i, j, k, h):
        e = Reduce("sum", index, e)
    return e


@pytest.mark.parametrize(
    ("e", "over", "words"),
    [
        (Reduce("prod", i, S("y", i)), (), "product over an index"),
        (total(i, i, S("y", i)), (), "stands as a number"),
        (S("T", i, j, k), (i, j), "free"),
        (total(k, S("T", i, j, k), S("p", k)), (i, j), "3 indices"),
        (total(i, S("x", i, j), S("Y", i, k), S("G", i, h)), (j, k), "free"),
        (everyone_with_everyone(), (), "more than two"),
        (Reduce("sum", i, S("y", i), Compare("!=", (i, i2))), (i2,), "stands as a number"),
        (Symbol("y", (add(i, ONE),)), (i,), "shifted"),
        (Partial(S("b"), S("w", j)), (j,), "derivative"),
        (mul(S("y", i), S("w", j), S("p", k)), (i, j), "free"),
    ],
)
def test_none_says_why(e, over, words):
    form = to_matrix(e, SCOPE, over)
    assert isinstance(form, NoMatrix)
    assert words in form.reason


def random_sum(rng: random.Random) -> tuple[Expr, tuple[Index, ...]]:
    """A sum of products of entries at random letters, summed over all but a few of them."""
    pool = {"m": [i], "n": [j, l], "c": [k], "h": [h]}
    over = tuple(rng.sample([i, j, k, l], rng.choice((0, 1, 1, 2, 2))))
    terms: list[Expr] = []
    for _ in range(rng.choice((1, 1, 2))):
        factors: list[Expr] = [rng.choice((ONE, Number(-2), S("lam"), PER_M))]
        for name in rng.sample(
            ["x", "y", "g", "w", "W", "Y", "V", "G", "Q", "f", "P", "p"], rng.randint(1, 4)
        ):
            dims = SCOPE.dims_of(name)
            entry: Expr = S(name, *(rng.choice(pool[dim]) for dim in dims))
            entry = rng.choice((entry, entry, Pow(entry, TWO), sub(ONE, entry), Call("tanh", (entry,))))
            factors.append(entry)
        body = mul(*factors) if len(factors) > 1 else factors[0]
        free = sorted(walk.free_indices(body) - set(over), key=lambda x: x.letter)
        rng.shuffle(free)
        for index in free:
            body = Reduce("sum", index, body)
        terms.append(body)
    return add(*terms), over


def test_random_sums_are_right_or_refused(seed):
    rng = random.Random(seed)
    formed = 0
    for number in range(150):
        e, over = random_sum(rng)
        form = to_matrix(e, SCOPE, over)
        if isinstance(form, Matrix):
            formed += 1
            assert agrees(e, form.body, over, seed + number), (e, form.body)
        else:
            assert form.reason != "the matrix form could not be checked", e
    assert formed > 90


def test_a_wrong_form_is_not_let_through(monkeypatch):
    """The conversion is held against the index form, so a broken one gives none."""
    from whygrad.engine import matrix

    monkeypatch.setattr(matrix, "contract", lambda values, dummies, over: matrix.Value((j,), S("w")))
    assert isinstance(to_matrix(total(i, S("y", i), S("x", i, j)), SCOPE, (j,)), NoMatrix)


def test_products_of_many_sums_are_refused_in_time():
    sums = [add(S("y", i), S("w", j), S("p", k), S("b")) for _ in range(12)]
    e = Reduce("sum", i, Reduce("sum", j, Reduce("sum", k, Mul(sums))))
    form = to_matrix(e, SCOPE, ())
    assert isinstance(form, NoMatrix)
    assert "too many" in form.reason
