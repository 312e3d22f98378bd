"""Every rule holds: its statement, filled at random, against values and slow derivatives."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.expr import (
    Add,
    Call,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    mul,
)
from whygrad.core.functions import FUNCTIONS
from whygrad.core.walk import free_indices, names, postorder, rewrite_bottom_up
from whygrad.core.walk import letters as letters_in
from whygrad.engine.differentiate import apply_derivative, frame
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Point
from whygrad.rules.derivatives import DERIVATIVE_RULES
from whygrad.rules.functions import FUNCTION_RULES
from whygrad.rules.rule import HOLES, fill, match
from whygrad.rules.sources import SOURCES
from whygrad.rules.table import RULES
from whygrad.show.latex import to_latex
from whygrad.show.text import to_text
from whygrad.syntax.expression import read_expr

T, A, B = Symbol("t"), Symbol("a"), Symbol("b")
ANY = Index("k", "?")
SIMPLEX = Declaration("y", "data", ("?",), (Domain("simplex", dim="?"),))
SCOPE = Scope(
    {name: Declaration(name, "data") for name in ("t", "a", "b")}
    | {"r": Declaration("r", "data", ("?",)), "y": SIMPLEX}
)
INSIDE_ONE = ("asin", "acos")


def point(seed: int) -> Point:
    rng = random.Random(seed)
    draw = lambda low, high: Fraction(rng.randrange(int(low * 2**20), int(high * 2**20)), 2**20)  # noqa: E731
    values = {("t", ()): draw(0.2, 0.8), ("a", ()): draw(0.5, 2), ("b", ()): draw(0.5, 2)}
    values |= {("r", (n,)): draw(0.3, 0.9) for n in (1, 2, 3)}
    y = [draw(0.1, 0.3), draw(0.1, 0.3)]
    values |= {("y", (1,)): y[0], ("y", (2,)): y[1], ("y", (3,)): 1 - y[0] - y[1]}
    letters = [Index(a, "?") for a in "ijkl"]
    positions = {i: rng.choice((1, 2, 3)) for i in letters}
    return Point(values, {"?": 3}, positions, shapes={"t": (), "a": (), "b": (), "r": (3,), "y": (3,)})


def moving(rng: random.Random, *, tame: bool) -> Expr:
    """An expression of t with values in (0, 1) (``tame``) or in (1, 4)."""
    small = [
        Mul((Number(Fraction(1, 2)), T)),
        Pow(T, Number(2)),
        Mul((Number(Fraction(1, 3)), Call("sin", (T,)))),
    ]
    if tame:
        return rng.choice(small)
    return add(Number(1), mul(Number(rng.randrange(1, 3)), rng.choice(small)), A)


def filled(rule, rng: random.Random) -> tuple[Expr, Expr]:
    left, right = rule.sides
    used = {n.name for side in (left, right) for n in postorder(side) if isinstance(n, Hole)}
    arrays = {
        n.array.name for side in (left, right) for n in postorder(side)
        if isinstance(n, Entry) and isinstance(n.array, Hole)
    }  # fmt: skip
    tame = any(rule.id == f"derivative/{f}" for f in INSIDE_ONE)
    constants = {c.hole for c in rule.where if c.kind == "constant"} | ({"c", "n"} & used)
    bindings: dict[str, Expr] = {"x": T}
    for name in used - {"x"}:
        if name in arrays:
            bindings[name] = Symbol("r" if rule.id == "derivative/other-entry" else name)
        elif name == "n" and rule.id == "sum/constant-body":
            bindings[name] = Size("?")
        elif name in constants:
            bindings[name] = rng.choice((Number(3), A, Number(Fraction(5, 2))))
        else:
            bindings[name] = moving(rng, tame=tame)
    if rule.id == "derivative/clip":  # its lower bound lies below its upper one
        bindings["w"] = add(bindings["v"], Number(rng.choice((1, 2))))
    if rule.id in ("derivative/chain", "chain/product"):
        bindings["u"] = Symbol("u")
        bindings["v"] = Call("exp", (mul(A, Symbol("u")),))
    return tuple(_arrays(fill(side, bindings), arrays) for side in (left, right))  # pyright: ignore


def _arrays(e: Expr, arrays: set[str]) -> Expr:
    """Entries of array holes become entries that move with t."""

    def f(node: Expr) -> Expr:
        if isinstance(node, Symbol) and node.name in arrays and len(node.indices) == 1:
            slope = {"u": 1, "v": 2, "w": 3}.get(node.name, 1)
            return Call("exp", (mul(Number(slope), T, Symbol("r", node.indices)),))
        return node

    return rewrite_bottom_up(e, f)


def value(e: Expr, at: Point) -> float:
    found = evaluate(
        e, SCOPE, replace(at, positions={i: at.positions.get(i, 1) for i in free_indices(e)}), 40
    )
    return float(found.mid())


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-13 * max(1.0, abs(a), abs(b))


def follow(e: Expr) -> Expr:
    """Put u = a inner function of t where the chain rule names u."""
    inner = add(Number(1), Pow(T, Number(2)))

    def f(node: Expr) -> Expr:
        return inner if node is Symbol("u") else node

    if isinstance(e, Partial):
        return Partial(rewrite_bottom_up(e.body, f), T) if e.wrt is T else _at_inner(e, inner)
    if isinstance(e, Mul):
        return mul(*(follow(x) for x in e.factors))
    return rewrite_bottom_up(e, f)


def _at_inner(e: Partial, inner: Expr) -> Expr:
    # exp(a u) differentiated by u, at u = inner
    return rewrite_bottom_up(mul(A, e.body), lambda n: inner if n is Symbol("u") else n)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.id)
@pytest.mark.parametrize("seed", range(4))
def test_the_statement_holds(rule, seed):
    rng = random.Random(seed)
    left, right = filled(rule, rng)
    if rule.id in ("derivative/chain", "chain/product"):
        left, right = follow(left), follow(right)
    at = point(seed)
    assert close(value(left, at), value(right, at)), (to_text(left), to_text(right))


def test_a_wrong_statement_would_be_found():
    wrong = replace(
        DERIVATIVE_RULES["derivative/sigmoid"],
        statement="D(sigmoid(u)) = sigmoid(u) * (1 + sigmoid(u)) * D(u)",
    )
    left, right = filled(wrong, random.Random(1))
    assert not close(value(left, point(1)), value(right, point(1)))


@pytest.mark.parametrize("name", FUNCTION_RULES)
def test_function_rules_match_and_fill(name):
    """The engine's own step by this row equals the slow derivative."""
    rng = random.Random(7)
    arity = FUNCTIONS[name].arity
    tame = name in INSIDE_ONE
    args = tuple(moving(rng, tame=tame) for _ in range(arity))
    body = Call(name, args)
    rule, new, bindings, reason = apply_derivative(Partial(body, T), frame(SCOPE, T), frozenset())
    assert rule == FUNCTION_RULES[name].id
    assert set(bindings) >= {"x"} or name in ("sign", "floor")
    assert close(value(Partial(body, T), point(3)), value(new, point(3)))
    assert reason is None or FUNCTION_RULES[name].title in reason[0]


LETTERS = dict.fromkeys("ijkl", "n")
W = Symbol("w", (Index("j", "n"),))


@pytest.mark.parametrize("rule", [r for r in RULES.values() if r.examples], ids=lambda r: r.id)
def test_examples_are_steps_by_their_rule(rule):
    for text in rule.examples:
        e = read_expr(text, letters=LETTERS, open_names=True, lenient=True)
        if rule.room == "derivative" and rule.id != "derivative/chain":
            wrt = W if "w" in names(e) else T
            applied, *_ = apply_derivative(Partial(e, wrt), frame(Scope(), wrt), letters_in(e))
            assert applied == rule.id or (
                applied == "sum/rename" and rule.id.startswith("derivative/through")
            )


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.id)
def test_rows_are_complete(rule):
    assert rule.title
    assert rule.because
    assert rule.source.split(",")[0].strip() in {*SOURCES, "house"}
    for side in rule.sides:
        shown = fill(side, {name: Symbol(name) for name in HOLES})
        assert to_text(shown)
        assert to_latex(shown)


def test_every_function_has_a_row_or_says_so():
    assert set(FUNCTIONS) - set(FUNCTION_RULES) == {"trigamma"}


def test_matching_binds_what_is_left_to_the_last_hole():
    left, _ = RULES["log/product"].sides
    e = Call("log", (Mul((A, B, T)),))
    assert match(left, e) == {"u": A, "v": Mul((B, T))}
    assert match(left, Call("log", (Add((A, B)),))) is None


def test_bound_letters_are_kept_apart():
    w = Symbol("w", (Index("j", "n"),))
    body = Reduce("sum", Index("j", "n"), mul(w, w))
    rule, new, _, _ = apply_derivative(Partial(body, w), frame(Scope(), w), frozenset({"j"}))
    assert rule == "sum/rename"
    assert isinstance(new, Partial)
    assert isinstance(new.body, Reduce)
    assert new.body.index.letter != "j"
