"""Fits over Dask arrays: as on one machine, by any scheduler."""

import numpy as np
import pytest

import whygrad as wg
from whygrad.core.errors import UsageError

da = pytest.importorskip("dask.array")


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_chunks_change_nothing(scheduler):
    import dask

    from whygrad.interop.dask import fit_dask

    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 4))
    y = (x[:, 0] + rng.logistic(size=3000) > 0).astype(float)
    cost = wg.load_cost("logistic-l2", constants={"lambda": "1"})
    with dask.config.set(scheduler=scheduler):
        many = fit_dask(cost, {"x": da.from_array(x, chunks=(170, -1)), "y": da.from_array(y, chunks=170)})
        one = fit_dask(cost, {"x": da.from_array(x, chunks=(3000, -1)), "y": da.from_array(y, chunks=3000)})
    for name in one.parameters:
        np.testing.assert_allclose(many.parameters[name], one.parameters[name], rtol=1e-10, atol=1e-12)
    here = wg.fit(cost, {"x": x, "y": y})
    np.testing.assert_allclose(many.parameters["w"], here.parameters["w"], atol=1e-6)


def test_chunks_that_do_not_lie_alike_are_refused():
    from whygrad.interop.dask import fit_dask

    cost = wg.load_cost("linear")
    data = {"x": da.zeros((10, 2), chunks=(5, -1)), "y": da.zeros(10, chunks=3)}
    with pytest.raises(UsageError, match="chunked alike"):
        fit_dask(cost, data)
