"""Fits against the course's numbers, independent optimisers, and the truth about what was reached."""

import warnings

import numpy as np
import pytest
from flint import arb, ctx
from scipy import optimize

from whygrad import costs
from whygrad.core.errors import UsageError, WhygradError
from whygrad.syntax.cost_text import read_cost
from whygrad.train.data import prepare
from whygrad.train.fit import fit
from whygrad.train.objective import Objective

from .files import DATA, LINEAR, LOGISTIC, RIDGE, SOFTMAX, SVM, cost, noisy, write

LAB, CANCER = DATA / "course-lab.csv", DATA / "breast-cancer.csv"
LOG, LIN = cost(LOGISTIC), cost(LINEAR)


def gallery(name, **constants):
    return read_cost(costs.text(name), name=name, constants=constants or None)


# --- the course lab -----------------------------------------------------------------------------


def test_the_course_lab():
    """The numbers that the course's notebook prints for rate 0.1 and 10,000 steps from 0."""
    r = fit(gallery("logistic"), LAB, method="gd", rate=0.1, steps=10_000)
    assert np.allclose(r.parameters["w"], [5.28123, 5.07816], atol=5e-6)
    assert np.isclose(r.parameters["b"], -14.22241, atol=5e-6)
    assert round(r.cost_history[1], 10) == 0.6846104686
    assert round(r.cost_history[9001], 10) == 0.0190301371
    assert len(r.cost_history) == 10_001
    assert r.updates == 10_000
    assert r.cost_history[0] == pytest.approx(np.log(2), abs=1e-15)
    assert r.accuracy == 1.0


def test_the_course_lab_gradient():
    d = prepare(LOG, LAB)
    on = Objective(LOG).bind(d.arrays, d.sizes, {})
    _, gradient = on.value_and_gradient(np.array([2.0, 3.0, 1.0]))
    assert np.round(gradient, 9).tolist() == [0.498333393, 0.498839430, 0.498618065]


def test_separable_data_have_no_minimiser():
    """gd: the steps asked are done, so 0, and it is said. auto: 1. Never a cost below the infimum."""
    r = fit(LOG, LAB, method="gd", rate=0.1, steps=50)
    assert r.exit_status == 0
    assert not r.converged
    assert "no minimiser exists" in r.reason
    assert "separable" in r.reason
    assert "x1 up" in r.reason
    r = fit(LOG, LAB)
    assert r.exit_status == 1
    assert not r.converged
    assert "no minimiser exists" in r.reason
    assert r.objective >= 0
    assert np.isfinite(r.parameters["w"]).all()


# --- an independent optimiser -------------------------------------------------------------------


def logistic_l2(x, y, lam):
    """Written independently: value and gradient of mean log(1 + e^{-s z}) + λ/(2m)|w|²."""
    s, m = 2 * y - 1, len(y)

    def f(theta):
        z = x @ theta[:-1] + theta[-1]
        value = np.logaddexp(0, -s * z).mean() + lam / (2 * m) * theta[:-1] @ theta[:-1]
        slope = -s * np.exp(-np.logaddexp(0, s * z)) / m
        return value, np.r_[x.T @ slope + lam / m * theta[:-1], slope.sum()]

    return f


def test_breast_cancer_against_lbfgs():
    raw = np.genfromtxt(CANCER, delimiter=",", skip_header=1)
    x = (raw[:, :-1] - raw[:, :-1].mean(0)) / raw[:, :-1].std(0)
    f = logistic_l2(x, raw[:, -1], 1.0)
    best = optimize.minimize(
        f, np.zeros(31), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 0, "gtol": 1e-12}
    )
    r = fit(gallery("logistic-l2", **{"lambda": 1}), CANCER, standardise=True)
    assert r.converged
    assert r.exit_status == 0
    assert abs(r.objective - best.fun) < 1e-8
    assert abs(f(np.r_[r.parameters["w"], r.parameters["b"]])[0] - r.objective) < 1e-14
    assert r.accuracy == pytest.approx(0.98769771529)
    # Both scales: the same scores from the columns as they are.
    z = x @ r.parameters["w"] + r.parameters["b"]
    assert np.allclose(raw[:, :-1] @ r.original["w"] + r.original["b"], z, atol=1e-10)


@pytest.mark.parametrize(
    "name", ["linear", "ridge", "logistic", "logistic-l2", "poisson", "huber", "softmax"]
)
def test_auto_is_no_worse_than_scipy(name, seed):
    x, y = noisy(seed)
    values = {"lambda": 2, "delta": 1}
    declared = {d.name for d in gallery(name).declarations if d.kind == "const"}
    task = gallery(name, **{k: v for k, v in values.items() if k in declared})
    y = {"poisson": np.floor(3 * y + x[:, 0] ** 2), "softmax": np.digitize(x[:, 0] + y, [0, 1])}.get(name, y)
    y = x @ [1, 0.2, 3] + y if name in ("linear", "ridge", "huber") else y
    r = fit(task, (x, y))
    assert r.converged, r.reason
    assert r.exit_status == 0
    d = prepare(task, (x, y))
    on = Objective(task).bind(d.arrays, d.sizes, r.constants)
    start = on.layout.join(r.parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for origin in (np.zeros(on.layout.size), start):
            other = optimize.minimize(on.value_and_gradient, origin, jac=True, method="BFGS")
            assert r.objective <= other.fun + 1e-10 * (1 + abs(other.fun))
    if r.certificate.gap is not None:
        assert r.objective - other.fun <= 10 * max(r.certificate.gap, r.certificate.rounding) + 1e-14


def test_columns_of_any_size_reach_the_true_optimum(seed):
    """1e8 beside 1e-8, and a Unix time: the optimum of the same columns on a common scale."""
    x, y = noisy(seed)
    plain = fit(LOG, (x, y)).objective
    odd = x * np.array([1e8, 1e-8, 1.0]) + np.array([0.0, 0.0, 1.7e9])
    r = fit(LOG, (odd, y))
    assert r.converged
    shifted = fit(LOG, (x + np.array([0, 0, 1e3]), y))
    assert abs(r.objective - plain) < 1e-6
    assert abs(shifted.objective - plain) < 1e-12


# --- gradient descent ---------------------------------------------------------------------------


def curvature(x, m_beta, lam=0.0):
    a = np.c_[x, np.ones(len(x))]
    return np.linalg.eigvalsh(a.T @ a)[-1] / m_beta + lam


@pytest.mark.parametrize("factor", [1.0, 1.99])
@pytest.mark.parametrize("name", ["linear", "logistic", "logistic-l2", "ridge", "huber"])
def test_steps_below_two_over_L_only_go_down(name, factor, seed):
    x, y = noisy(seed)
    x = x / x.std(0)
    m = len(y)
    values = {"lambda": 3, "delta": 1}
    declared = {d.name for d in gallery(name).declarations if d.kind == "const"}
    task = gallery(name, **{k: v for k, v in values.items() if k in declared})
    wanted = curvature(
        x, 4 * m if "logistic" in name else m, 3 / m if name in ("ridge", "logistic-l2") else 0.0
    )
    r = fit(task, (x, y), method="gd", steps=300, rate=factor / wanted)
    assert r.lipschitz == pytest.approx(wanted, rel=1e-9)
    falls = np.diff(r.cost_history)
    assert (falls <= 1e-15 * abs(r.cost_history[0])).all()
    assert "below 2/L" in " ".join(r.said)
    assert "not necessary" in " ".join(r.said)


@pytest.mark.parametrize(
    "loss",
    [
        "f[i] = 1/(1 + e^(-z[i]))\nL[i] = -y[i] log f[i] - (1-y[i]) log(1 - f[i])",
        "L[i] = log(1 + exp(z[i])) - y[i] z[i]",
        "L[i] = softplus((1 - 2 y[i]) z[i])",
    ],
)
def test_the_bound_is_read_off_the_formulas_not_the_name(loss, seed):
    head = "data x[i,j], y[i] in {0,1}\nparam v[j], c\nz[i] = sum_j v[j] x[i,j] + c\n"
    x, y = noisy(seed)
    r = fit(cost(head + loss + "\nQ = mean_i L[i]"), (x, y), method="gd", steps=1)
    assert r.lipschitz == pytest.approx(curvature(x, 4 * len(y)), rel=1e-9)


def test_no_rate_where_there_is_no_bound(seed):
    x, y = noisy(seed)
    with pytest.raises(UsageError, match=r"--rate 0\.1"):
        fit(gallery("poisson"), (x, y), method="gd")
    assert fit(gallery("poisson"), (x / x.std(0), y), method="gd", rate=0.01, steps=5).updates == 5


def test_divergence_is_reported_with_what_works(seed):
    x, y = noisy(seed)
    r = fit(LIN, (x, y), method="gd", rate=100.0, steps=10_000)
    assert r.exit_status == 1
    assert not r.converged
    assert "larger instead of smaller" in r.reason
    assert "every rate below" in r.reason
    assert any("not below 2/L" in w for w in r.warnings)
    assert r.objective == min(c for c in r.cost_history if np.isfinite(c))
    assert np.isfinite(r.parameters["w"]).all()


def test_interrupt_keeps_the_best(seed):
    x, y = noisy(seed)

    def stop(step, cost, gradient):
        if step >= 100:
            raise KeyboardInterrupt

    r = fit(LOG, (x, y), method="gd", rate=1e-4, steps=2000, progress=stop)
    assert r.exit_status == 1
    assert "stopped" in r.reason
    assert 100 <= r.updates < 2000
    assert r.objective == min(r.cost_history)


def test_progress_is_told(seed):
    x, y = noisy(seed)
    told = []
    fit(LOG, (x, y), method="gd", rate=1e-4, steps=200, progress=lambda *a: told.append(a))
    assert 3 <= len(told) <= 60
    assert told[-1][0] <= 200
    assert all(np.isfinite(c) and g >= 0 for _, c, g in told)


def test_init_and_seed(seed):
    x, y = noisy(seed)
    r = fit(LIN, (x, y), method="gd", rate=1e-6, steps=1, init={"w": [1, 2, 3], "b": 4})
    assert np.allclose(r.parameters["w"], [1, 2, 3], atol=1e-2)
    with pytest.raises(UsageError, match="shape"):
        fit(LIN, (x, y), init={"w": [1]})
    with pytest.raises(UsageError, match="not a parameter"):
        fit(LIN, (x, y), init={"q": 1})
    neuron = gallery("neuron-tanh-squared")
    one, two = (fit(neuron, (x, y), method="gd", rate=0.01, steps=3, seed=s) for s in (0, 0))
    other = fit(neuron, (x, y), method="gd", rate=0.01, steps=3, seed=1)
    assert one.cost_history == two.cost_history != other.cost_history
    assert "seed 0" in " ".join(one.said)


def test_bounds_are_kept_by_projection(seed):
    x, y = noisy(seed)
    x = x / x.std(0)
    text = LINEAR.replace("param w[j], b", "param w[j] >= 0, b")
    y = x @ [1.0, -2.0, 0.5] + 0.1 * y
    r = fit(cost(text), (x, y), method="gd")
    assert r.converged
    assert (r.parameters["w"] >= 0).all()
    assert r.parameters["w"][1] == 0.0
    best = optimize.lsq_linear(
        np.c_[x, np.ones(len(x))], y, bounds=([0, 0, 0, -np.inf], [np.inf] * 4), tol=1e-14
    )
    assert np.allclose(np.r_[r.parameters["w"], r.parameters["b"]], best.x, atol=1e-6)


# --- what may be said ---------------------------------------------------------------------------


def test_quasi_separable_data(seed):
    """One column tells class 1 in some rows and nothing in the others."""
    x, y = noisy(seed, m=60, n=2)
    flag = np.where(np.arange(60) < 5, 1.0, 0.0)
    y = np.where(flag == 1, 1.0, y)
    r = fit(LOG, (np.c_[x, flag], y))
    assert r.exit_status == 1
    assert "quasi-separable" in r.reason
    assert "x3 up" in r.reason
    regular = gallery("logistic-l2", **{"lambda": 1})
    assert fit(regular, (np.c_[x, flag], y)).converged


def test_nearly_separable_data_are_not_called_separable(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.normal(size=(50, 1)), axis=0)
    y = (np.arange(50) >= 25).astype(float)
    assert "no minimiser" in fit(LOG, (x, y)).reason
    y[24], y[25] = 1, 0
    r = fit(LOG, (x, y))
    assert r.converged
    assert r.exit_status == 0


def test_counts_that_are_zero_have_no_minimiser():
    """Poisson with a group that never counts anything: its weight goes to minus infinity."""
    x = np.array([[0.0], [0], [0], [1], [1]])
    r = fit(gallery("poisson"), (x, [1, 2, 1, 0, 0]))
    assert r.exit_status == 1
    assert "no minimiser exists" in r.reason
    assert "x1 down" in r.reason


def test_dependent_columns_give_the_smallest_weights(seed):
    x, y = noisy(seed, n=2)
    twice = np.c_[x, 2 * x[:, 0]]
    r = fit(LOG, (twice, y))
    assert r.exit_status == 0
    assert r.converged
    assert any("not unique" in w and "x1" in w and "x3" in w for w in r.warnings)
    single = fit(LOG, (x, y))
    assert r.objective == pytest.approx(single.objective, rel=1e-12)
    # Of all w with w1 + 2 w3 fixed, the shortest is proportional to (1, 2).
    assert r.parameters["w"][2] == pytest.approx(2 * r.parameters["w"][0], rel=1e-6)
    assert r.parameters["w"][1] == pytest.approx(single.parameters["w"][1], rel=1e-6)


def test_kinks_never_converge_on_a_guess(seed):
    x, y = noisy(seed)
    for task, labels in ((cost(SVM), 2 * y - 1), (gallery("hinge"), 2 * y - 1)):
        r = fit(task, (x / x.std(0), labels))
        assert r.exit_status == 1
        assert not r.converged
        assert r.certificate.kind == "none"
    absolute = cost("data x[i,j], y[i]\nparam w[j]\nJ = mean_i abs(y[i] - sum_j w[j] x[i,j])")
    assert not fit(absolute, (x, y)).converged


def test_a_gradient_that_is_a_convention_is_no_certificate(seed):
    """At w = 0 every relu stands on its bend, and the gradient is 0 by convention only."""
    x, y = noisy(seed)
    r = fit(
        gallery("neuron-relu-squared"),
        (x, y),
        method="gd",
        rate=0.1,
        steps=100,
        init={"w": [0, 0, 0], "b": 0},
    )
    assert not r.converged
    assert r.certificate.kind == "none"


def test_not_convex_is_called_stationary_or_a_local_minimum(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(100, 2))
    y = np.tanh(x @ [1.0, -2.0]) + 0.1 * rng.normal(size=100)
    r = fit(gallery("neuron-tanh-squared"), (x, y))
    assert r.converged
    assert r.certificate.kind == "local-minimum"
    assert "best of 5 starts, seed 0" in r.said
    flat = cost(
        "data x[i,j], y[i]\nparam U[j,k]: (n, 2), v[k]\n"
        "J = mean_i (y[i] - sum_k v[k] tanh(sum_j U[j,k] x[i,j]))^2"
    )
    assert fit(flat, (x, y)).certificate.kind in ("local-minimum", "stationary", "none")


def test_the_certificate_of_a_quadratic_is_the_distance(seed):
    x, y = noisy(seed)
    r = fit(cost(RIDGE, **{"lambda": 0.1}), (x, y), method="gd", steps=40)
    best = fit(cost(RIDGE, **{"lambda": 0.1}), (x, y))
    assert r.certificate.kind == "quadratic"
    assert r.certificate.gap == pytest.approx(r.objective - best.objective, rel=1e-6, abs=1e-13)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"rate": -1, "method": "gd"}, "above 0"),
        ({"rate": "fast", "method": "gd"}, "above 0"),
        ({"rate": float("nan"), "method": "gd"}, "above 0"),
        ({"steps": 0}, "at least 1"),
        ({"method": "magic"}, "no method"),
    ],
)
def test_options_that_do_not_fit(options, reason):
    with pytest.raises(UsageError, match=reason):
        fit(LOG, LAB, **options)


def test_a_rate_means_gradient_descent():
    plain = fit(LOG, LAB, rate=0.1, steps=50)
    asked = fit(LOG, LAB, method="gd", rate=0.1, steps=50)
    assert (plain.method, plain.exit_status, plain.cost_history) == ("gd", 0, asked.cost_history)
    assert any("a rate was given" in said for said in plain.said)
    assert not any("a rate was given" in said for said in asked.said)


def test_a_column_called_like_the_intercept_is_told_apart():
    columns = {"a": [1.0, 1.0, 2.0], "b": [2.0, 3.0, 5.0], "y": [0.0, 1.0, 1.0]}
    assert "the parameter b " in fit(LOG, columns).reason


def test_constants_need_values_in_their_domain():
    with pytest.raises(UsageError, match=r"lambda has no value[\s\S]*--set lambda=1"):
        fit(gallery("logistic-l2"), LAB)
    with pytest.raises(WhygradError, match="lambda"):
        fit(gallery("logistic-l2", **{"lambda": -1}), LAB)


def test_open_domains_are_refused_for_now():
    task = cost("data x[i]\nparam s > 0\nJ = mean_i (x[i]^2/s + log s)")
    with pytest.raises(UsageError, match="open interval"):
        fit(task, {"x": [1.0, 2.0]})


def test_several_names_of_one_value_a_row(seed):
    """Weights are data names in the cost."""
    x, y = noisy(seed, n=2)
    text = LOGISTIC.replace("y[i] in {0,1}", "y[i] in {0,1}, c[i] >= 0")
    text = text.replace("J = mean_i L[i]", "J = (sum_i c[i] L[i])/(sum_i c[i])")
    c = np.where(np.arange(len(y)) % 3 == 0, 2.0, 1.0)
    weighted = fit(cost(text), {"x": x, "y": y, "c": c})
    take = np.repeat(np.arange(len(y)), c.astype(int))
    repeated = fit(LOG, (x[take], y[take]))
    assert weighted.converged
    assert np.allclose(weighted.parameters["w"], repeated.parameters["w"], rtol=1e-6)


# --- files out ----------------------------------------------------------------------------------


def test_history_and_plot(tmp_path):
    import xml.etree.ElementTree as ET

    r = fit(LOG, LAB, method="gd", rate=0.1, steps=30)
    r.save_history(tmp_path / "h.csv")
    back = np.genfromtxt(tmp_path / "h.csv", delimiter=",", skip_header=1)
    assert np.array_equal(back[:, 1], r.cost_history)
    assert back[-1, 0] == 30
    r.save_plot(tmp_path / "p.svg")
    root = ET.parse(tmp_path / "p.svg").getroot()
    line = next(n for n in root.iter() if n.tag.endswith("polyline"))
    points = [tuple(map(float, p.split(","))) for p in line.attrib["points"].split()]
    assert len(points) == 31
    heights = [y for _, y in points]
    assert heights == sorted(heights)  # the cost falls, and y grows downwards
    with pytest.raises(UsageError, match="exists"):
        r.save_plot(tmp_path / "p.svg")
    r.save_plot(tmp_path / "p.svg", force=True)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_the_value_is_close_to_fifty_digits():
    """The printed cost of the lab, in ball arithmetic from the parameters that were found."""
    r = fit(LOG, LAB, method="gd", rate=0.1, steps=500)
    raw = np.genfromtxt(LAB, delimiter=",", skip_header=1)
    with ctx.workdps(60):
        total = arb(0)
        for x1, x2, y in raw.tolist():
            z = arb(x1) * r.parameters["w"][0].item() + arb(x2) * r.parameters["w"][1].item()
            z += r.parameters["b"].item()
            total += (1 + (-z if y else z).exp()).log()
        assert abs(float(total / 6) - r.objective) < 1e-15


def test_a_file_with_categories_trains(tmp_path):
    text = "city,size,price\n" + "".join(
        f"{c},{s},{p}\n"
        for c, s, p in [
            ("A", 1, 10),
            ("B", 2, 25),
            ("A", 3, 31),
            ("C", 4, 38),
            ("B", 1, 14),
            ("C", 2, 19),
            ("A", 5, 52),
        ]
    )
    r = fit(LIN, write(tmp_path, text), categories="drop-first")
    assert r.columns["x"] == ("city=B", "city=C", "size")
    assert r.converged
    full = fit(LIN, write(tmp_path, text), categories="all")
    assert full.objective == pytest.approx(r.objective, rel=1e-10)
    assert any("not unique" in w for w in full.warnings)


def test_softmax_classes(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(90, 2))
    k = np.array(["red", "green", "blue"])[np.digitize(x[:, 0] + 0.5 * rng.normal(size=90), [-0.5, 0.5])]
    r = fit(cost(SOFTMAX), (x, k))
    assert r.recipe.classes["Y"] == ("blue", "green", "red")
    assert r.parameters["W"].shape == (2, 3)
    assert r.accuracy > 0.6
