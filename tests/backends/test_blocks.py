"""A program over blocks of rows gives what it gives over all rows, whatever the blocks and threads."""

import numpy as np
import pytest

from whygrad import costs
from whygrad.backends.blocks import Blocks, bind_blocks
from whygrad.backends.numpy_backend import binder
from whygrad.lower.split import split
from whygrad.syntax.cost_text import read_cost
from whygrad.train.objective import Objective

from .test_native import agree, setting

CUT = ("logistic", "softmax", "probit", "focal", "network-relu", "student-t", "network-gelu", "ridge")
WHOLE = ("attention", "batch-norm", "cox", "logdet")
"""In these an example's loss depends on other examples, or there are none."""


def known(names):
    return [name for name in names if name in costs.names()]


@pytest.mark.parametrize("name", known(CUT))
@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_change_nothing(name, block):
    program, free, given, sizes, theta = setting(costs.text(name), 61, 5)
    made = bind_blocks(program, free, given, sizes, block=block)
    assert made is not None, name
    with np.errstate(all="ignore"):
        agree(made(*theta), binder(program, free)(given, sizes)(*theta), 61)


def test_threads_do_not_change_a_bit():
    program, free, given, sizes, theta = setting(costs.text("softmax"), 1000, 5)
    one, two, three = (
        bind_blocks(program, free, given, sizes, block=10, threads=k)(*theta) for k in (1, 2, 3)
    )
    for other in (two, three):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", known(WHOLE))
def test_what_is_no_sum_over_examples_is_not_cut(name):
    assert split(Objective(read_cost(costs.text(name))).program) is None


@pytest.mark.parametrize("name", known(CUT))
def test_the_mean_over_samples_is_the_whole(name):
    """Each row alone, scaled to all rows: the mean of these is the value, so a sample is unbiased."""
    program, free, given, sizes, theta = setting(costs.text(name), 12, 3)
    parts = split(program)
    held = Blocks(parts, free, given, sizes)
    with np.errstate(all="ignore"):
        wanted = binder(program, free)(given, sizes)(*theta)
        single = [held.on(np.array([k]), *theta) for k in range(12)]
    for k, value in enumerate(wanted):
        assert np.allclose(np.mean([s[k] for s in single], axis=0), value, rtol=1e-10, atol=1e-12)
