"""Walks: what is taken apart is put together again, at any depth, and no letter is caught."""

from hypothesis import given
from hypothesis import strategies as st

from whygrad.core.expr import (
    Add,
    Call,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    mul,
)
from whygrad.core.expr_json import expr_from_json, expr_to_json
from whygrad.core.walk import (
    at,
    children,
    fold,
    free_indices,
    holds_partial,
    paths,
    postorder,
    replace_at,
    rewrite_bottom_up,
    same_form,
    size_of,
    substitute,
)

A, J, K = (Index(letter, "n") for letter in "ajk")
LEAVES = st.sampled_from([Number(2), Number(3), Symbol("b"), *(Symbol("w", (i,)) for i in (A, J, K))])


def bigger(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda parts: add(*parts)),
        some.map(lambda parts: mul(*parts)),
        inner.map(lambda e: Pow(e, Number(2))),
        inner.map(lambda e: Call("exp", (e,))),
        st.tuples(st.sampled_from([A, J, K]), inner).map(lambda p: Reduce("sum", p[0], p[1])),
        inner.map(lambda e: Partial(e, Symbol("w", (J,)))),
    )


EXPRESSIONS = st.recursive(LEAVES, bigger, max_leaves=12)


@given(EXPRESSIONS)
def test_paths_lead_where_they_say(e: Expr) -> None:
    found = list(paths(e))
    assert len(found) == size_of(e)
    assert [path for path, _ in found] == sorted(path for path, _ in found)  # parents first, left to right
    for path, node in found:
        assert at(e, path) is node
        assert replace_at(e, path, node) is e


@given(EXPRESSIONS)
def test_rewriting_by_nothing_is_nothing(e: Expr) -> None:
    assert rewrite_bottom_up(e, lambda node: node) is e
    assert substitute(e, {}) is e
    assert same_form(e, e)
    assert expr_from_json(expr_to_json(e)) is e


@given(EXPRESSIONS)
def test_a_fold_sees_each_child_before_its_parent(e: Expr) -> None:
    done: set[Expr] = set()
    for node in postorder(e):
        assert done.issuperset(children(node))
        done.add(node)
    assert holds_partial(e) == any(isinstance(node, Partial) for node in done)
    assert fold(e, lambda _, kids: 1 + sum(kids)) == size_of(e)


@given(EXPRESSIONS, st.sampled_from([A, J, K]), st.sampled_from([A, J, K]))
def test_what_is_put_in_stays_free(e: Expr, old: Index, new: Index) -> None:
    """After [old := new] the free indices are the old ones with ``old`` renamed: none was caught."""
    renamed = {new if i is old else i for i in free_indices(e)}
    assert free_indices(substitute(e, {old: new})) == renamed


def test_the_sum_does_not_catch_the_letter_of_the_derivative() -> None:
    total = Reduce("sum", J, Mul((Symbol("x", (J,)), Delta(J, K))))
    assert free_indices(substitute(total, {K: J})) == {J}
    assert same_form(substitute(total, {K: J}), Reduce("sum", A, Mul((Symbol("x", (A,)), Delta(A, J)))))


def test_depth_costs_no_stack() -> None:
    e: Expr = Symbol("b")
    for _ in range(20_000):
        e = Call("exp", (Add((e, Number(1))),))
    assert size_of(e) == 60_001
    assert rewrite_bottom_up(e, lambda node: node) is e


def test_sharing_costs_no_time() -> None:
    e: Expr = Symbol("b")
    for _ in range(2_000):
        e = Mul((e, e))
    assert size_of(e) == 2**2_001 - 1
    assert len(list(postorder(e))) == 2_001
