"""Machine code gives what NumPy gives, in any layout, for any number of rows, columns and threads."""

import ctypes
import mmap
import multiprocessing
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from whygrad import costs
from whygrad.backends.native import machine as machine_module
from whygrad.backends.native.machine import cache_folder, code, machine
from whygrad.backends.native.native_backend import bind_native, native_source, plan
from whygrad.backends.numpy_backend import binder
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective

needs_llvm = pytest.mark.skipif(machine() is None, reason="llvmlite is not installed (extra: native)")

COVERED = (
    *(
        "absolute",
        "class-weights",
        "cloglog",
        "elastic-net",
        "epsilon-insensitive",
        "gamma",
        "gaussian",
        "hinge",
    ),
    *("huber", "lasso", "linear", "log-cosh", "logistic", "logistic-l2", "negative-binomial"),
    *(
        "neuron-relu-squared",
        "neuron-sigmoid-squared",
        "neuron-tanh-squared",
        "ordinal",
        "poisson",
        "quantile",
    ),
    *("ridge", "squared-hinge", "student-t"),
)
TWO_FORMS = """data x[i,j], u[i,k], y[i]
param v[k], w[j], c
s[i] = sum_k u[i,k] v[k]
J = mean_i ((y[i] - sum_j x[i,j] w[j] - c)^2 exp(-2 s[i]) + s[i]) + sum_j w[j]^2"""
TEXTS = {name: costs.text(name) for name in COVERED} | {"two forms": TWO_FORMS}


def setting(text: str, m: int, n: int, seed: int = 0):
    """A program, its free names, data, sizes, parameters."""
    cost = read_cost(text)
    objective = Objective(cost)
    rng = np.random.default_rng(seed)
    sizes = {dim: m if k == 0 else n + k - 1 for k, dim in enumerate(cost.dims)}
    given, theta = {}, []
    for d in cost.declarations:
        shape = tuple(sizes[dim] for dim in d.dims)
        value = rng.normal(size=shape) if len(shape) < 2 else rng.normal(size=shape) / np.sqrt(n)
        if d.values:
            value = rng.choice([float(v) for v in d.values], size=shape)
        elif d.low is not None:
            value = np.abs(value) + 0.1
        if d.kind == "param":
            theta.append(np.asarray(value, dtype=float)[()])
        else:
            given[d.name] = np.asarray(value, dtype=float)
    return objective.program, objective.names, given, sizes, theta


def agree(found, wanted, rows: int) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.allclose(a, b, rtol=1e-12, atol=1e-13 * max(1.0, float(np.abs(b).max()))), rows


@needs_llvm
@pytest.mark.parametrize("name", TEXTS)
def test_equals_numpy(name):
    for m, n in ((1, 1), (7, 3), (300, 21)):
        program, free, given, sizes, theta = setting(TEXTS[name], m, n)
        made = bind_native(program, free, given, sizes)
        assert made is not None
        with np.errstate(all="ignore"):
            agree(made(*theta), binder(program, free)(given, sizes)(*theta), m)


@needs_llvm
@pytest.mark.parametrize("layout", ["rows", "columns", "part of rows", "part of columns", "every second"])
def test_any_layout(layout):
    for m, n in ((5, 9), (263, 40), (1030, 131)):
        program, free, given, sizes, theta = setting(TEXTS["logistic"], m, n)
        x = given["x"]
        wide = np.full((m + 3, n + 5), np.nan)  # what is not in the view must not be read as numbers
        given["x"] = {
            "rows": lambda x=x: np.ascontiguousarray(x),
            "columns": lambda x=x: np.asfortranarray(x),
            "part of rows": lambda wide=wide, m=m, n=n: wide[1 : m + 1, 2 : n + 2],
            "part of columns": lambda wide=wide, m=m, n=n: np.asfortranarray(wide)[1 : m + 1, 2 : n + 2],
            "every second": lambda m=m, n=n: np.full((2 * m, 2 * n), np.nan)[::2, ::2],
        }[layout]()
        given["x"][:] = x
        found = bind_native(program, free, given, sizes)(*theta)
        agree(found, binder(program, free)(given, sizes)(*theta), m)


@needs_llvm
@pytest.mark.parametrize("order", ["C", "F"])
def test_single_precision_is_read_as_it_is(order):
    """Data of single precision give what the same numbers in double precision give."""
    for m, n in ((5, 9), (263, 40), (70, 131)):
        program, free, given, sizes, theta = setting(TEXTS["logistic"], m, n)
        given["x"] = np.array(given["x"], dtype=np.float32, order=order)
        made = bind_native(program, free, given, sizes)
        agree(made(*theta), binder(program, free)(given, sizes)(*theta), m)
        # Numbers put into the array afterwards are seen, so it was not copied.
        given["x"] *= 2
        agree(made(*theta), binder(program, free)(given, sizes)(*theta), m)


@needs_llvm
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["logistic", "poisson", "two forms", "ridge"])
def test_a_sparse_matrix_is_the_dense_one(name, kind):
    for m, n in ((1, 1), (40, 9), (700, 60)):
        program, free, given, sizes, theta = setting(TEXTS[name], m, n)
        x = given["x"].astype(kind)
        x[np.random.default_rng(1).random(x.shape) < 0.8] = 0
        x[m // 2] = 0  # a row without entries
        wanted = binder(program, free)({**given, "x": x}, sizes)(*theta)
        for table in (sparse.csr_matrix(x), sparse.csr_array(x), sparse.coo_matrix(x)):
            one, two = (
                bind_native(program, free, {**given, "x": table}, sizes, threads=k)(*theta) for k in (1, 2)
            )
            agree(one, wanted, m)
            assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        agree(binder(program, free)({**given, "x": sparse.csr_matrix(x)}, sizes)(*theta), wanted, m)


@needs_llvm
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_threads_of_its_own():
    program, free, given, sizes, theta = setting(TEXTS["logistic"], 30_000, 40)
    made = bind_native(program, free, given, sizes, threads=2)
    wanted = made(*theta)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=lambda: theirs.send(made(*theta)))
    child.start()
    try:
        assert ours.poll(60)
        assert all(np.array_equal(a, b) for a, b in zip(wanted, ours.recv(), strict=True))
    finally:
        child.kill()
        child.join()


@needs_llvm
@pytest.mark.skipif(sys.platform != "linux", reason="guarded memory is asked of Linux here")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_nothing_beyond_the_data_is_read(order, kind):
    """The data end where memory that may not be touched begins."""
    for m, n in ((3, 5), (37, 9), (300, 33)):
        program, free, given, sizes, theta = setting(TEXTS["logistic"], m, n)
        given["x"] = guarded(given["x"].astype(kind), order)
        given["y"] = guarded(given["y"], "C")
        found = bind_native(program, free, given, sizes)(*theta)
        agree(found, binder(program, free)(given, sizes)(*theta), m)


def guarded(a: np.ndarray, order: str) -> np.ndarray:
    page = mmap.PAGESIZE
    room = -(-a.nbytes // page) * page
    held = mmap.mmap(-1, room + page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(held))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + room), page, 0) == 0
    made = np.frombuffer(held, dtype=a.dtype, count=a.size, offset=room - a.nbytes)
    made = made.reshape(a.shape, order=order)
    made[...] = a
    return made


@needs_llvm
def test_threads_do_not_change_a_bit():
    program, free, given, sizes, theta = setting(TEXTS["logistic"], 30_000, 40)
    one, *others = (bind_native(program, free, given, sizes, threads=k)(*theta) for k in (1, 2, 3, 2))
    for other in others:
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@needs_llvm
def test_a_second_point_does_not_remember_the_first():
    program, free, given, sizes, theta = setting(TEXTS["logistic-l2"], 50, 4)
    made = bind_native(program, free, given, sizes)
    first = made(*theta)
    made(*(t + 1.0 for t in theta))
    assert all(np.array_equal(a, b) for a, b in zip(first, made(*theta), strict=True))


@needs_llvm
def test_margins_far_out_lose_nothing():
    program, free, _, _, _ = setting(TEXTS["logistic"], 4, 1)
    given = {"x": np.array([[1e4], [-1e4], [800.0], [-40.0]]), "y": np.array([1.0, 0.0, 0.0, 1.0])}
    sizes = {"m": 4, "n": 1}
    value, slope, _ = bind_native(program, free, given, sizes)(np.array([1.0]), 0.0)
    assert np.isclose(value, (800 + 40 + np.exp(-40.0)) / 4, rtol=1e-15)
    assert np.isclose(slope[0], (800.0 + 40.0) / 4, rtol=1e-15)


@needs_llvm
def test_not_a_number_is_not_hidden():
    program, free, given, sizes, theta = setting(TEXTS["logistic"], 20, 3)
    given["x"][7, 1] = np.nan
    assert np.isnan(bind_native(program, free, given, sizes)(*theta)[0])


def test_what_is_not_one_pass_is_left_to_numpy():
    for name in ("softmax", "attention", "batch-norm", "cox", "focal", "probit", "logdet"):
        assert plan(Objective(read_cost(costs.text(name))).program, ()) is None, name


def test_data_that_vary_are_left_to_numpy():
    program = Objective(read_cost(costs.text("logistic"))).program
    assert plan(program, ("w", "b")) is not None
    assert plan(program, ("x",)) is None


def test_source_is_stable():
    program = Objective(read_cost(costs.text("logistic"))).program
    assert native_source(program) == native_source(program)
    assert "llvm.fma.v4f64" in native_source(program)


# --- the cache ----------------------------------------------------------------------------------

MODULE = "define void @f(ptr %p) {\n  store i64 7, ptr %p\n  ret void\n}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "whygrad" / "native"


@needs_llvm
def test_an_object_is_kept_and_used(folder):
    first = code(machine(), "key", lambda: MODULE, "f")
    assert not first.cached
    second = code(machine(), "key", lambda: pytest.fail("written again"), "f")
    assert second.cached
    assert not code(machine(), "other", lambda: MODULE, "f").cached
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


@needs_llvm
def test_a_damaged_object_is_made_again(folder):
    code(machine(), "key", lambda: MODULE, "f")
    (held,) = folder.iterdir()
    whole = held.read_bytes()
    for damaged in (b"", whole[:-1], whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
        held.write_bytes(damaged)
        assert not code(machine(), "key", lambda: MODULE, "f").cached
    other = folder / "other.o"
    held.rename(other)
    code(machine(), "another", lambda: MODULE, "f")
    (fresh,) = (p for p in folder.iterdir() if p != other)
    fresh.write_bytes(other.read_bytes())  # an object under another's name
    assert not code(machine(), "another", lambda: MODULE, "f").cached


@pytest.mark.skipif(os.name != "posix", reason="bits of permission")
def test_a_folder_that_others_may_write_is_not_used(folder):
    assert cache_folder() == folder
    folder.chmod(0o770)
    assert cache_folder() is None


def test_without_llvmlite_there_is_no_machine(monkeypatch):
    monkeypatch.setattr(
        machine_module.importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError)
    )
    assert machine.__wrapped__() is None
