"""Names given step by step and looked at ahead: derived, proved as a whole, equal to plain loops."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from math import tanh
from typing import Any

import pytest

import whygrad as wg
from whygrad.core.derivation import Derivation
from whygrad.core.errors import LanguageError
from whygrad.core.expr import Cases, Delta, Index
from whygrad.core.walk import postorder
from whygrad.engine.derive import closed
from whygrad.engine.stages import proved
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.positions import by_positions
from whygrad.meaning.sample import Point
from whygrad.syntax.cost_text import read_cost

HEAD = "data x[t]: (T,), y[t]\nparam w, u\nh[1] = tanh(u x[1])\nh[t] = tanh(w h[t-1] + u x[t])\n"
Values = dict[str, Any]


def states(v: Values) -> list[float]:
    out = [tanh(v["u"] * v["x"][0])]
    for x in v["x"][1:]:
        out.append(tanh(v["w"] * out[-1] + v["u"] * x))
    return out


def every(v: Values) -> float:
    return sum((h - y) ** 2 for h, y in zip(states(v), v["y"], strict=True)) / 2


def last(v: Values) -> float:
    return (states(v)[-1] - v["y"][-1]) ** 2 / 2


def filtered(v: Values) -> float:
    taps = len(v["k"])
    rest = [
        sum(v["k"][s] * v["x"][t + s] for s in range(taps)) - v["y"][t] for t in range(len(v["x"]) - taps + 1)
    ]
    return sum(r * r for r in rest) / len(rest)


def slope(f: Callable[[Values], float], v: Values, name: str, at: int | None, step: float = 1e-6) -> float:
    def moved(by: float) -> Values:
        out = dict(v)
        if at is None:
            out[name] = v[name] + by
        else:
            out[name] = [x + by * (k == at) for k, x in enumerate(v[name])]
        return out

    return (f(moved(step)) - f(moved(-step))) / (2 * step)


def computed(derivation: Derivation, k: int, v: Values, at: dict[Index, int] | None = None) -> float:
    """The value of the k-th gradient, by the slow oracle."""
    p = derivation.parameters[k]
    values: dict[tuple[str, tuple[int, ...]], Fraction] = {}
    for name, value in v.items():
        if isinstance(value, list):
            values |= {(name, (n,)): Fraction(x) for n, x in enumerate(value, 1)}
        else:
            values[name, ()] = Fraction(value)
    sizes = {d: len(v["x"]) for d in derivation.cost.dims if d.isidentifier()}
    whole = closed(p.result, p.stages, {}, None)
    assert whole is not None
    return float(evaluate(whole, derivation.cost.scope, Point(values, sizes, at or {}), 60).mid())


CASES = {
    "sum of all": (HEAD + "J = 1/2 sum_t (h[t] - y[t])^2", every),
    "the last": (HEAD + "J = 1/2 (h[T] - y[T])^2", last),
}


@pytest.mark.parametrize("steps", [2, 3])
@pytest.mark.parametrize("name", CASES)
def test_backpropagation_through_time(name: str, steps: int) -> None:
    text, loops = CASES[name]
    cost = wg.load_cost(text, constants={"T": steps})
    derivation = wg.derive(cost, route="backprop")
    rng = random.Random(steps)
    v: Values = {"w": 0.7, "u": -1.1}
    v |= {a: [rng.uniform(-1, 1) for _ in range(steps)] for a in "xy"}
    for p in derivation.parameters:
        assert p.evidence.kind == "proved"
        for stage in p.stages[1:]:  # the first may be the derivative by all steps together
            assert not any(isinstance(n, Cases | Delta) for n in postorder(stage.result)), stage.id
        ours = computed(derivation, derivation.parameters.index(p), v)
        assert ours == pytest.approx(slope(loops, v, p.wrt.name, None), rel=1e-6)


WINDOWS = ["data x[t]: (n,), y[t]\nparam k[s]: (p,)", "data x[t], y[t]\nparam k[s]: (3,)"]


@pytest.mark.parametrize("sizes", WINDOWS)
def test_a_window_of_named_or_given_length(sizes: str) -> None:
    text = f"{sizes}\nz[t] = sum_s k[s] x[t+s-1]\nJ = mean_t (z[t] - y[t])^2"
    derivation = wg.derive(text)
    (p,) = derivation.parameters
    assert p.evidence.kind == "proved"
    assert not any(isinstance(n, Cases) for n in postorder(p.result))  # the range says where x exists
    if "3" in sizes:
        rng = random.Random(1)
        v: Values = {a: [rng.uniform(-1, 1) for _ in range(n)] for a, n in (("x", 6), ("y", 6), ("k", 3))}
        for s in range(3):
            ours = computed(derivation, 0, v, {p.wrt.indices[0]: s + 1})
            assert ours == pytest.approx(slope(filtered, v, "k", s), rel=1e-6)


def test_a_size_by_const_by_set_and_written_are_one_cost() -> None:
    text = HEAD + "J = 1/2 sum_t (h[t] - y[t])^2"
    by_set = wg.load_cost(text, constants={"T": 3})
    by_const = read_cost("const T = 3\n" + text)
    written = read_cost(text.replace("(T,)", "(3,)"))
    bodies = [{d.name: d.body for d in c.definitions} for c in (by_set, by_const, written)]
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize(
    ("constants", "words"),
    [({}, "--set T=4"), ({"T": 65}, "65 steps are too many"), ({"T": "2.5"}, "not a whole number")],
)
def test_a_size_that_does_not_do_is_refused(constants: dict[str, Any], words: str) -> None:
    with pytest.raises(LanguageError) as caught:
        wg.load_cost(HEAD + "J = h[1]", constants=constants)
    assert words in caught.value.reason + caught.value.fix


def test_a_window_longer_than_the_data_is_refused() -> None:
    text = "data x[t]: (3,)\nparam k[s]: (3,)\nz[t] = sum_s k[s] x[t+s]\nJ = sum_t z[t]^2"
    with pytest.raises(LanguageError, match="no position"):
        read_cost(text)


def test_written_out_sums_keep_their_value() -> None:
    cost = read_cost("data x[t]: (3,)\nparam w\nJ = sum_t (w x[t])^2 + sum_{t: t >= 2} x[t]")
    goal = cost.definition("J").body
    assert proved(goal, by_positions(goal, cost.scope), cost.scope).kind == "proved"
