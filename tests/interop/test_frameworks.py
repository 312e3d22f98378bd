"""PyTorch and JAX modules: against the frameworks' own judges."""

import numpy as np
import pytest
from points import arrays_of

import whygrad as wg
from whygrad import costs
from whygrad.interop.frameworks import compile_framework
from whygrad.meaning.sample import draw_point
from whygrad.train.compiled import compile_cost

FEW = ("logistic", "softmax", "hinge", "lasso", "logdet", "batch-norm")


def at_a_point(name):
    """A cost's arrays at a random admissible point where its value is finite."""
    cost = wg.load_cost(name)
    bodies = [d.body for d in cost.definitions if not d.is_function]
    numpy = compile_cost(cost, rules=False)
    for seed in range(3, 30):
        point = draw_point(bodies, cost.scope, seed)
        if point is None:
            continue
        arrays = arrays_of(cost, point)
        found = numpy(**{n: arrays[n] for n in numpy.program.inputs})
        if all(np.isfinite(v).all() for v in found.values()):
            return cost, arrays, list(found.values())
    pytest.skip(f"no point for {name}")


EVERY = [pytest.param(n, marks=() if n in FEW else pytest.mark.long) for n in costs.names()]


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_torch(name):
    torch = pytest.importorskip("torch")
    cost, arrays, found = at_a_point(name)
    made = compile_framework(cost, "torch")
    f, count = getattr(made.module, made.name), len(made.parameters)
    given = [
        torch.tensor(arrays[n], dtype=torch.float64, requires_grad=n in made.parameters)
        for n in made.arguments
    ]
    value = f(*given)
    parts = [value, *torch.autograd.grad(value, given[:count])]
    for a, b in zip(parts, found, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b, rtol=1e-10, atol=1e-12)
    assert torch.autograd.gradcheck(f, given)
    assert torch.autograd.gradgradcheck(f, given)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_jax(name):
    jax = pytest.importorskip("jax")
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    cost, arrays, found = at_a_point(name)
    made = compile_framework(cost, "jax")
    f, count = getattr(made.module, made.name), len(made.parameters)
    given = [jax.numpy.asarray(arrays[n]) for n in made.arguments]
    of_parameters = jax.jit(lambda *parameters: f(*parameters, *given[count:]))
    parts = [of_parameters(*given[:count]), *jax.grad(of_parameters, tuple(range(count)))(*given[:count])]
    for a, b in zip(parts, found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    check_grads(of_parameters, tuple(given[:count]), order=2, modes=["rev"], atol=1e-5, rtol=1e-5)


def test_jax_maps_over_a_batch():
    jax = pytest.importorskip("jax")
    made = wg.compile("linear", "jax")
    x, y = np.ones((5, 3)), np.zeros(5)
    many = jax.vmap(jax.grad(made.module.linear), (0, None, None, None))(np.eye(3), 0.0, x, y)
    np.testing.assert_allclose(many, np.ones((3, 3)), rtol=1e-6)


def test_a_gradient_for_data_is_refused():
    jax = pytest.importorskip("jax")
    made = wg.compile("linear", "jax")
    with pytest.raises(ValueError, match="only w, b have derivatives"):
        jax.grad(made.module.linear, 2)(np.zeros(3), 0.0, np.ones((5, 3)), np.zeros(5))


def test_torch_refuses_data_and_compiles():
    torch = pytest.importorskip("torch")
    made = wg.compile("logistic", "torch")
    loss = made.module.LogisticLoss(torch.zeros(3), torch.zeros(()))
    x, y = torch.ones(5, 3), torch.tensor([0, 1, 1, 1, 0])
    loss(x, y).backward()
    np.testing.assert_allclose(loss.w.grad.numpy(), np.full(3, -0.1), rtol=1e-6)
    with pytest.raises(ValueError, match="only w, b have derivatives"):
        loss(x.requires_grad_(), y)


def test_writing_imports_no_framework():
    import subprocess
    import sys

    code = (
        "import sys, whygrad as wg\n"
        "for to in ('torch', 'jax', 'xgboost', 'lightgbm'): wg.compile('logistic', to).source\n"
        "print([n for n in ('torch', 'jax', 'xgboost', 'lightgbm', 'sklearn', 'dask') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
