"""The vector functions of the native backend against ball arithmetic, in units in the last place."""

import ctypes
import math
from functools import cache

import numpy as np
import pytest
from flint import arb, ctx

from whygrad.backends.native.functions import Functions
from whygrad.backends.native.ir import Ir
from whygrad.backends.native.machine import code, machine

pytestmark = pytest.mark.skipif(machine() is None, reason="llvmlite is not installed (extra: native)")

BOUNDS = {"exp": 1.5, "log": 1.5, "log1p": 1.5, "expm1": 1.5, "sigmoid": 2.0, "softplus": 1.5, "tanh": 1.5}
EXACT = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "log1p": lambda x: x.log1p(),
    "expm1": lambda x: x.expm1(),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "softplus": lambda x: x.exp().log1p(),
    "tanh": lambda x: x.tanh(),
    "cosh": lambda x: x.cosh(),
}


@cache
def function(name: str):
    """The vector function over arrays whose length is a multiple of the lanes."""
    here = machine()
    ir = Ir(here.lanes)
    source, into, count = (
        ir.load(ir.at("%slots", str(k), "i64"), t) for k, t in enumerate(("ptr", "ptr", "i64"))
    )

    def body(at, _):
        ir.store(ir.reals, Functions(ir)(name, ir.load(ir.at(source, at), ir.reals)), ir.at(into, at))
        return ()

    ir.loop("0", count, here.lanes, body)
    ir.do("ret void")
    made = code(here, f"test {name}", lambda: ir.text("f"), "f")

    def run(x: np.ndarray) -> np.ndarray:
        padded = np.concatenate([x, np.ones(-len(x) % here.lanes)])
        out = np.empty_like(padded)
        slots = (ctypes.c_int64 * 3)(padded.ctypes.data, out.ctypes.data, len(padded))
        made.call(ctypes.addressof(slots))
        return out[: len(x)]

    return run


def points(name: str, count: int) -> np.ndarray:
    """Where the function is neither 0 nor infinite, in all magnitudes."""
    rng = np.random.default_rng(len(name))
    wide = rng.uniform(-700, 700, count)
    tiny = np.exp(rng.uniform(-300, 3, count)) * rng.choice([-1, 1], count)
    near = rng.uniform(-3, 3, count)
    x = np.concatenate([wide, tiny, near])
    if name == "log":
        x = np.abs(np.concatenate([np.exp(wide), 1 + tiny / 100, near, near * 1e-310]))
    if name == "log1p":
        x = np.concatenate([x[x > -1], np.exp(wide), -1 + np.exp(rng.uniform(-36, 0, count))])
    if name in ("sigmoid", "softplus"):
        x = np.concatenate([x, rng.uniform(-745, -690, count)])
    return x


def ulps(name: str, x: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The distance from the exact value in units in its last place."""
    out = np.empty(len(x))
    with ctx.workprec(200):
        for k, (u, v) in enumerate(zip(x, found, strict=True)):
            exact = EXACT[name](arb(float(u)))
            unit = math.ulp(abs(float(exact)))
            out[k] = abs(float((arb(float(v)) - exact) / arb(unit)))
    return out


@pytest.mark.parametrize("name", BOUNDS)
def test_within_its_bound(name):
    x = points(name, 1500)
    worst = ulps(name, x, function(name)(x))
    at = int(np.argmax(worst))
    assert worst[at] <= BOUNDS[name], (float(x[at]), float(worst[at]))


SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -2.0, 1.0, 1e308, -1e308, 800.0, -800.0, 5e-324]
)


@pytest.mark.parametrize("name", [*BOUNDS, "cosh", "sqrt", "abs", "sign", "floor", "relu"])
def test_at_the_ends(name):
    plain = {
        "sigmoid": lambda u: np.where(u >= 0, 1, np.exp(-np.abs(u))) / (1 + np.exp(-np.abs(u))),
        "softplus": lambda u: np.logaddexp(0, u),
        "relu": lambda u: np.maximum(u, 0),
    }
    with np.errstate(all="ignore"):
        wanted = plain.get(name, getattr(np, name, None))(SPECIAL)
    found = function(name)(SPECIAL)
    finite = np.isfinite(wanted)
    assert np.array_equal(np.isnan(found), np.isnan(wanted)), found
    assert np.array_equal(found[~finite & ~np.isnan(wanted)], wanted[~finite & ~np.isnan(wanted)])
    assert np.allclose(found[finite], wanted[finite], rtol=1e-15, atol=0)
