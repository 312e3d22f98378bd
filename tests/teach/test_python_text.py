"""Formulas as loops have the values of the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from costs import COSTS, IDS, lesson

import whygrad as wg
from whygrad.backends.numpy_names import HELPERS
from whygrad.core.cost import Declaration, Scope
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import Apply, Index, Number, Pow, Symbol, add, div, mul, neg, sub
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Sampler, draw_sizes
from whygrad.teach.python_text import PythonNames, Spelling

MORE = (
    "huber",
    "triplet",
    "cox",
    "attention",
    "layer-norm",
    "hinge",
    "causal-attention",
    "negative-binomial",
)


@pytest.mark.parametrize("name", [*COSTS, *MORE], ids=[*IDS, *MORE])
def test_loops_have_the_oracles_values(name):
    derivation = wg.derive(name)
    scope = derivation.cost.scope
    from scipy import special

    for parameter in derivation.parameters:
        space = {"np": np, "math": math, "special": special}
        exec("\n".join(HELPERS.values()), space)
        names = PythonNames(scope)
        sampler = Sampler((parameter.result,), scope)
        point = sampler.draw(3, draw_sizes(sampler.dimensions, 3))
        for declared in scope.declarations.values():
            shape = tuple(point.sizes.get(d, 1) for d in declared.dims)
            table = np.zeros(shape)
            for place in np.ndindex(*shape):
                key = (declared.name, tuple(k + 1 for k in place))
                table[place] = float(point.values.get(key, 0))
            space[names.name(declared.name)] = table
        for dim, size in point.sizes.items():
            space[names.size(dim)] = size
        spell = Spelling(names)
        for d in derivation.cost.definitions:
            if d.is_function:
                continue
            table = np.zeros(tuple(point.sizes.get(k, 1) for k in d.dims))
            space[names.name(d.name)] = table
            for place in np.ndindex(*table.shape):
                here = {names.letter(i): k for i, k in zip(d.indices, place, strict=True)}
                table[place] = eval(spell.text(d.body), {**space, **here})
        here = {names.letter(i): k - 1 for i, k in point.positions.items()}
        got = eval(spell.text(parameter.result), {**space, **here})
        want = float(evaluate(parameter.result, scope, point, 30).mid())
        assert float(got) == pytest.approx(want, rel=1e-8, abs=1e-10)


def test_brackets():
    x, y, z = (Symbol(n) for n in "xyz")
    spell = Spelling(PythonNames(Scope()))
    space = {"x": 2.0, "y": 5.0, "z": 7.0}
    for e, value in (
        (sub(x, sub(y, z)), 4.0),
        (div(x, mul(y, z)), 2 / 35),
        (mul(div(x, y), z), 14 / 5),
        (neg(add(x, y)), -7.0),
        (Pow(neg(x), Number(2)), 4.0),
        (neg(Pow(x, Number(2))), -4.0),
        (Pow(x, neg(y)), 2.0**-5),
        (mul(neg(x), neg(y)), 10.0),
        (div(div(x, y), z), 2 / 35),
        (div(x, div(y, z)), 14 / 5),
        (Pow(Pow(x, Number(2)), Number(3)), 64.0),
        (Pow(x, Pow(Number(2), Number(3))), 256.0),
    ):
        assert eval(spell.text(e), {}, space) == pytest.approx(value), spell.text(e)


def test_no_two_names_alike():
    kinds = {
        "i": "data",
        "lambda": "const",
        "lambda_": "data",
        "range": "const",
        "n": "param",
        "path": "data",
    }
    scope = Scope({name: Declaration(name, kind) for name, kind in kinds.items()})
    names = PythonNames(scope)
    given = [names.name(n) for n in scope.declarations]
    given += [names.letter(Index("i", "n")), names.letter(Index("k", "n")), names.size("n")]
    assert len(set(given)) == len(given)
    assert all(n.isidentifier() for n in given)
    assert not {"lambda", "range", "path"} & set(given)


def test_arrays_are_refused():
    with pytest.raises(NoRuleError):
        Spelling(PythonNames(Scope())).text(Apply("inv", (Symbol("A"),)))


def test_every_lesson_has_a_program():
    from whygrad.teach.program import Programs, can_loop

    for text in COSTS:
        made = lesson(text)
        assert can_loop(Programs(made.derivation, made.circuit))
