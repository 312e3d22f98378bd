"""Objectives for boosting: against the built-in ones after 50 rounds, and against finite differences."""

import numpy as np
import pytest

import whygrad as wg
from whygrad.core.errors import UsageError
from whygrad.interop.boosting import compile_boosting

ROUNDS = 50
PSEUDO_HUBER = """data x[i,j], y[i]
const d > 0
param w[j], b
f[i] = sum_j w[j] x[i,j] + b
L[i] = d^2 (sqrt(1 + ((f[i] - y[i])/d)^2) - 1)
J = mean_i L[i]"""


def drawn() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5))
    s = x[:, 0] + 0.5 * x[:, 1] ** 2 - 0.3 * x[:, 2]
    skewed = rng.gamma(2, np.exp(0.4 * s) / 2) + 1e-3
    return {
        "x": x,
        "weight": rng.uniform(0.5, 2, 400),
        "binary": (s + rng.logistic(size=400) > 0.5).astype(float),
        "classes": np.digitize(s, [0, 0.8]).astype(float),
        "counts": rng.poisson(np.exp(0.4 * s)).astype(float),
        "positive": skewed,
        "claims": np.where(rng.random(400) < 0.3, 0, skewed),
        "real": s + rng.normal(size=400),
    }


def twice(objective):
    """XGBoost's softmax hands over twice the second derivative (multiclass_obj.cu: 2 p (1 - p))."""

    def changed(margin, dtrain):
        gradient, hessian = objective(margin, dtrain)
        return gradient, 2 * hessian

    return changed


XGBOOST = [
    ("logistic", {}, "binary:logistic", "binary", 0.5, {}),
    ("softmax", {}, "multi:softprob", "classes", 0.0, {"num_class": 3}),
    ("poisson", {}, "count:poisson", "counts", 1.0, {"max_delta_step": 0}),
    ("gamma", {}, "reg:gamma", "positive", 1.0, {}),
    ("tweedie", {"p": "1.5"}, "reg:tweedie", "claims", 1.0, {"tweedie_variance_power": 1.5}),
    ("linear", {}, "reg:squarederror", "real", 0.0, {}),
    (PSEUDO_HUBER, {"d": "1"}, "reg:pseudohubererror", "real", 0.0, {"huber_slope": 1.0}),
    ("quantile", {"tau": "0.3"}, "reg:quantileerror", "real", 0.0, {"quantile_alpha": 0.3}),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cost", "constants", "builtin", "label", "start", "more"), XGBOOST, ids=lambda v: str(v)[:12]
)
def test_margins_are_those_of_xgboosts_own(cost, constants, builtin, label, start, more):
    xgb = pytest.importorskip("xgboost")
    data = drawn()
    made = wg.compile(wg.load_cost(cost, constants=constants), "xgboost")
    rows = xgb.DMatrix(data["x"], label=data[label], weight=data["weight"])
    shared = {"max_depth": 4, "eta": 0.1, "lambda": 1.0, "min_child_weight": 0.0, "nthread": 1}
    shared |= {"tree_method": "exact", "verbosity": 0}
    objective = twice(made.objective) if builtin == "multi:softprob" else made.objective
    classes = {k: v for k, v in more.items() if k == "num_class"}
    own = {**shared, **classes, **made.parameters, "max_delta_step": 0}
    ours = xgb.train(own, rows, ROUNDS, obj=objective, custom_metric=made.metric)
    theirs = xgb.train({**shared, **more, "objective": builtin, "base_score": start}, rows, ROUNDS)
    a, b = (np.asarray(m.predict(rows, output_margin=True)) for m in (ours, theirs))
    if a.ndim == 2:  # softmax is the same for margins moved together
        a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    assert b.std() > 0.3
    assert np.abs(a - b).max() < 1e-5


LIGHTGBM = [
    ("logistic", {}, "binary", "binary", {}),
    ("softmax", {}, "multiclass", "classes", {"num_class": 3}),
    ("poisson", {}, "poisson", "counts", {"poisson_max_delta_step": 1e-12}),
    ("gamma", {}, "gamma", "positive", {}),
    ("tweedie", {"p": "1.5"}, "tweedie", "claims", {"tweedie_variance_power": 1.5}),
    ("linear", {}, "regression", "real", {}),
    ("huber", {"delta": "0.9"}, "huber", "real", {"alpha": 0.9}),
]
SHARED = {"num_leaves": 15, "learning_rate": 0.1, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
SHARED |= {"deterministic": True, "min_sum_hessian_in_leaf": 0.0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cost", "constants", "builtin", "label", "more"), LIGHTGBM, ids=lambda v: str(v)[:12]
)
def test_margins_are_those_of_lightgbms_own(cost, constants, builtin, label, more):
    lgb = pytest.importorskip("lightgbm")
    data = drawn()
    made = wg.compile(wg.load_cost(cost, constants=constants), "lightgbm")
    rows = lgb.Dataset(data["x"], label=data[label], weight=data["weight"], free_raw_data=False)

    def objective(margin, rows):
        gradient, hessian = made.objective(margin, rows)
        # LightGBM's softmax takes K/(K - 1) of the second derivative (multiclass_objective.hpp).
        return gradient, 1.5 * hessian if builtin == "multiclass" else hessian

    classes = {k: v for k, v in more.items() if k == "num_class"}
    ours = lgb.train({**SHARED, **classes, **made.parameters, "objective": objective}, rows, ROUNDS)
    theirs = lgb.train({**SHARED, **more, "objective": builtin, "boost_from_average": False}, rows, ROUNDS)
    a, b = (np.asarray(m.predict(data["x"], raw_score=True)) for m in (ours, theirs))
    assert b.std() > 0.3
    assert np.abs(a - b).max() < 1e-5


def test_lightgbms_quantile_moves_leaves_to_the_quantile_of_the_residuals():
    """Where it differs from the objective is known: the tree is the same, its leaves are renewed."""
    lgb = pytest.importorskip("lightgbm")
    data = drawn()
    made = wg.compile(wg.load_cost("quantile", constants={"tau": "0.3"}), "lightgbm")
    rows = lgb.Dataset(data["x"], label=data["real"], free_raw_data=False)
    ours = lgb.train({**SHARED, **made.parameters, "objective": made.objective}, rows, 1)
    theirs = lgb.train(
        {**SHARED, "objective": "quantile", "alpha": 0.3, "boost_from_average": False}, rows, 1
    )
    leaves = [m.predict(data["x"], pred_leaf=True).ravel() for m in (ours, theirs)]
    assert (leaves[0] == leaves[1]).all()
    value = theirs.predict(data["x"], raw_score=True)
    for leaf in np.unique(leaves[0]):
        inside = np.sort(data["real"][leaves[0] == leaf])
        step = value[leaves[0] == leaf][0] / SHARED["learning_rate"]
        below = np.mean(inside < step - 1e-6), np.mean(inside <= step + 1e-6)
        assert below[0] - 1 / len(inside) <= 0.3 <= below[1] + 1 / len(inside)


COSTS = (
    "logistic",
    "softmax",
    "poisson",
    "gamma",
    "linear",
    "log-cosh",
    "cloglog",
    "negative-binomial",
    "hinge",
)


@pytest.mark.parametrize("name", COSTS)
def test_gradient_and_hessian_are_differences_of_the_loss(name):
    cost = wg.load_cost(name, constants={"r": "2"} if name == "negative-binomial" else {})
    made = compile_boosting(cost, "xgboost")
    rng = np.random.default_rng(1)
    classes = bool(made.margin.classes)
    z = rng.normal(size=(40, 3) if classes else 40)
    y = rng.integers(0, 3 if classes else 2, 40).astype(float)
    y = y + 1 if name == "gamma" else 2 * y - 1 if name == "hinge" else y
    _, gradient, hessian = made.module.at(y, z)
    h = 1e-5
    for k in range(3 if classes else 1):
        e = np.zeros_like(z)
        e[(slice(None), k) if classes else slice(None)] = h
        up, down = made.module.at(y, z + e)[1], made.module.at(y, z - e)[1]
        loss = [made.module.at(y, z + s * e)[0] for s in (1, -1)]
        at = (slice(None), k) if classes else slice(None)
        np.testing.assert_allclose((loss[0] - loss[1]) / (2 * h), gradient[at], rtol=1e-6, atol=1e-8)
        if name != "hinge":
            np.testing.assert_allclose(((up - down) / (2 * h))[at], hessian[at], rtol=1e-6, atol=1e-8)


def test_far_margins_stay_finite_and_right():
    module = compile_boosting(wg.load_cost("logistic"), "xgboost").module
    z = np.float32([-80, -40, 40, 80])
    _, gradient, hessian = module.at([0, 0, 1, 1], z)
    np.testing.assert_allclose(gradient, [np.exp(-80), np.exp(-40), -np.exp(-40), -np.exp(-80)], rtol=1e-12)
    np.testing.assert_allclose(hessian, np.exp(-np.abs(z.astype(float))), rtol=1e-12)


def test_the_margins_mean_is_the_prediction():
    made = compile_boosting(wg.load_cost("poisson"), "lightgbm")
    np.testing.assert_allclose(made.mean([0.0, 1.0]), [1.0, np.e])
    made = compile_boosting(wg.load_cost("softmax"), "lightgbm")
    np.testing.assert_allclose(made.mean(np.zeros((2, 4))), np.full((2, 4), 0.25))


def test_weights_are_multiplied_on_both():
    made = compile_boosting(wg.load_cost("logistic"), "xgboost")
    plain = made.sklearn_objective([0, 1], [0.5, 0.5])
    weighted = made.sklearn_objective([0, 1], [0.5, 0.5], sample_weight=[2.0, 3.0])
    for a, b in zip(plain, weighted, strict=True):
        np.testing.assert_allclose(np.array([2.0, 3.0]) * a, b)


def test_labels_that_do_not_fit_are_refused():
    made = compile_boosting(wg.load_cost("logistic"), "xgboost")
    with pytest.raises(ValueError, match="labels are 0 and 1 here, and -1"):
        made.module.at([-1, 1], [0.0, 0.0])
    hinge = compile_boosting(wg.load_cost("hinge"), "xgboost")
    np.testing.assert_array_equal(hinge.module.at([0, 1], [0.0, 0.0])[1], [1, -1])


@pytest.mark.parametrize(("cost", "words"), [("cox", "looks at the others"), ("dice", "sum over rows")])
def test_a_cost_without_a_margin_is_refused(cost, words):
    with pytest.raises(UsageError, match=words):
        compile_boosting(wg.load_cost(cost), "xgboost")


def test_a_loss_of_a_margin_is_taken_as_it_is():
    cost = wg.load_cost("data y[i]\nparam z[i]\nJ = sum_i (z[i] - y[i])^2")
    made = compile_boosting(cost, "xgboost")
    assert made.module.at([1.0], [3.0])[1].tolist() == [4.0]
    assert made.module.at([1.0], [3.0])[2].tolist() == [2.0]
