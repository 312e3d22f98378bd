"""Models: saved whole, read back equal, and predicting the same."""

import json

import numpy as np
import pytest

from whygrad import costs
from whygrad.core.errors import DataError, UsageError
from whygrad.syntax.cost_text import read_cost
from whygrad.train.fit import fit
from whygrad.train.model import load_model
from whygrad.train.predict import predict, prediction_of

from .files import COX, DATA, LINEAR, LOGISTIC, RIDGE, SOFTMAX, SVM, cost, noisy, write

CANCER, LAB = DATA / "breast-cancer.csv", DATA / "course-lab.csv"


def test_a_model_is_saved_and_predicts_the_same(tmp_path):
    task = read_cost(costs.text("logistic-l2"), name="logistic-l2", constants={"lambda": 1})
    r = fit(task, CANCER, standardise=True)
    path = tmp_path / "model.json"
    r.save(path)
    whole = json.loads(path.read_text())
    assert {
        "format", "cost", "constants", "parameters", "columns", "classes", "standardise",
        "objective", "certificate", "converged", "seed",
    } <= set(whole)  # fmt: skip
    assert whole["constants"] == {"lambda": 1}
    assert whole["converged"] is True
    assert whole["columns"]["x"][0] == "mean radius"
    assert len(whole["parameters"]["w"]) == 30
    p = predict(path, CANCER)
    assert p.name == "f"
    assert p.accuracy == r.accuracy
    raw = np.genfromtxt(CANCER, delimiter=",", skip_header=1)[:, :-1]
    z = raw @ np.array(whole["standardise"]["parameters"]["w"]) + whole["standardise"]["parameters"]["b"]
    assert np.allclose(p.values, 1 / (1 + np.exp(-z)), atol=1e-12)
    assert np.allclose(p.probabilities[:, 1], p.values)
    assert p.labels == tuple("1" if v > 0.5 else "0" for v in p.values)


def test_predictions_in_original_units_and_any_order_of_columns(tmp_path):
    x, y = noisy(1, n=2)
    path = write(
        tmp_path,
        "a,b,out\n" + "".join(f"{p!r},{q!r},{int(t)}\n" for (p, q), t in zip(x.tolist(), y, strict=True)),
    )
    r = fit(cost(LOGISTIC), path, standardise=True)
    one = predict(r.model(), write(tmp_path, "b,other,a\n1.5,9,2\n", "n.csv"))
    z = np.array([2, 1.5]) @ r.original["w"] + r.original["b"]
    assert one.values[0] == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-12)
    assert one.accuracy is None
    assert one.csv.splitlines()[0] == "f,label"


def test_labels_come_back_as_the_file_writes_them(tmp_path):
    text = "a,ill\n1,no\n2,yes\n3,no\n4,yes\n5,yes\n0,no\n"
    r = fit(cost(LOGISTIC), write(tmp_path, text), positive="yes")
    p = predict(r.model(), write(tmp_path, "a\n-9\n9\n", "n.csv"))
    assert p.labels == ("no", "yes")
    assert p.classes == ("no", "yes")
    with pytest.raises(DataError, match="maybe in line 2"):
        predict(r.model(), write(tmp_path, "a,ill\n1,maybe\n", "n.csv"))


def test_scores_are_classified_by_the_smaller_loss(tmp_path):
    """A cost that names no probability: softplus of the margin, and the hinge."""
    x, y = noisy(2)
    text = (
        "data x[i,j], y[i] in {0,1}\nparam w[j], b\nz[i] = sum_j w[j] x[i,j] + b\n"
        "J = mean_i (softplus(z[i]) - y[i] z[i])"
    )
    r = fit(cost(text), (x, y))
    p = predict(r.model(), (x, y))
    assert p.name == "z"
    assert p.labels == tuple("1" if v > 0 else "0" for v in p.values)
    assert np.allclose(p.probabilities[:, 1], 1 / (1 + np.exp(-p.values)), atol=1e-12)
    r = fit(cost(SVM), (x / x.std(0), 2 * y - 1), method="gd", rate=0.1, steps=200)
    p = predict(r.model(), (x / x.std(0), 2 * y - 1))
    assert p.labels == tuple("1" if v > 0 else "-1" for v in p.values)
    assert p.probabilities is None
    assert p.accuracy == np.mean((p.values > 0) == (y == 1)) == r.accuracy


def test_classes_and_probabilities_of_softmax(tmp_path):
    rows = [(0, "u"), (1, "u"), (2, "v"), (3, "v"), (4, "w"), (5, "w"), (2, "u"), (4, "v"), (3, "w")]
    path = write(tmp_path, "a,kind\n" + "".join(f"{a},{k}\n" for a, k in rows))
    r = fit(cost(SOFTMAX), path)
    r.save(tmp_path / "m.json")
    p = predict(tmp_path / "m.json", path)
    assert p.classes == ("u", "v", "w")
    assert p.values.shape == (9, 3)
    assert np.allclose(p.probabilities.sum(axis=1), 1)
    assert p.labels == tuple("uvw"[k] for k in p.values.argmax(axis=1))
    assert p.csv.splitlines()[0] == "P[u],P[v],P[w],label"


@pytest.mark.parametrize(
    ("text", "target", "name"),
    [
        (LOGISTIC, ("y",), "f"),
        (SOFTMAX, ("Y",), "P"),
        (SVM, ("y",), "z"),
        (LINEAR, ("y",), "f"),
        (COX, ("time", "event"), "s"),
        ("data x[i,j], y[i]\nparam w[j]\nJ = mean_i (y[i] - sum_j w[j] x[i,j])^2", ("y",), None),
        (LINEAR.replace("J =", "r[i] = f[i] - y[i]\nJ ="), ("y",), "f"),
    ],
)
def test_what_is_predicted_is_the_deepest_name_without_the_target(text, target, name):
    found = prediction_of(cost(text), target)
    assert (found.name if found else None) == name


def test_a_cost_that_names_no_prediction(tmp_path):
    task = cost("data x[i,j], y[i]\nparam w[j]\nJ = mean_i (y[i] - sum_j w[j] x[i,j])^2")
    r = fit(task, ([[1.0], [2.0], [3.0]], [1, 2, 4]))
    assert r.accuracy is None
    with pytest.raises(DataError, match="names no prediction"):
        predict(r.model(), ([[1.0]], [1]))


def test_categories_and_means_survive_the_file(tmp_path):
    text = "city,a,y\nRome,1,3\nOslo,,4\nRome,3,9\nBonn,4,1\nBonn,2,2\n"
    r = fit(cost(RIDGE, **{"lambda": 0.1}), write(tmp_path, text), categories="drop-first", missing="mean")
    r.save(tmp_path / "m.json")
    back = load_model(tmp_path / "m.json")
    assert back.recipe == r.recipe
    assert back.constants == {"lambda": 0.1}
    assert (
        back.cost.scope.declarations["lambda"].value.limit_denominator(10)
        == back.cost.scope.declarations["lambda"].value
    )
    p = predict(back, write(tmp_path, "a,city\n?,Rome\n2.5,Rome\n", "n.csv"))
    assert p.values[0] == p.values[1]
    with pytest.raises(DataError, match="Paris"):
        predict(back, write(tmp_path, "a,city\n1,Paris\n", "n.csv"))


def test_files_are_kept_unless_forced(tmp_path):
    r = fit(cost(LOGISTIC), LAB, method="gd", rate=0.1, steps=3)
    path = write(tmp_path, "precious", "m.json")
    with pytest.raises(UsageError) as caught:
        r.save(path)
    assert caught.value.id == "error/exists"
    assert path.read_text() == "precious"
    r.save(path, force=True)
    assert load_model(path).parameters.keys() == r.parameters.keys()
    with pytest.raises(UsageError):
        r.save(tmp_path / "no" / "m.json")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.json"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a model"),
        ('{"format": "other/9"}', "other/9"),
        ('{"format": "whygrad-model/1"}', "missing"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, text, reason):
    with pytest.raises(DataError, match=reason) as caught:
        load_model(write(tmp_path, text, "m.json"))
    assert caught.value.id == "error/model"
    with pytest.raises(DataError):
        load_model(tmp_path / "absent.json")


def test_a_model_that_was_tampered_with(tmp_path):
    r = fit(cost(LOGISTIC), LAB, method="gd", rate=0.1, steps=3)
    r.save(tmp_path / "m.json")
    whole = json.loads((tmp_path / "m.json").read_text())
    for change in (
        {"parameters": {"w": [1], "b": 0}},
        {"parameters": {"w": [1, "x"], "b": 0}},
        {"cost": "J = ("},
        {"classes": 3},
        {"standardise": []},
        {"standardise": 5},
        {"sizes": {}},
    ):
        path = write(tmp_path, json.dumps({**whole, **change}), "bad.json")
        if change == {"standardise": []}:
            load_model(path)
            continue
        with pytest.raises(DataError) as caught:
            load_model(path)
        assert caught.value.id == "error/model"


def test_a_cost_without_text_cannot_be_saved(tmp_path):
    from dataclasses import replace

    r = fit(replace(cost(LOGISTIC), source=""), LAB, method="gd", rate=0.1, steps=3)
    with pytest.raises(DataError, match="no text"):
        r.save(tmp_path / "m.json")
    assert list(tmp_path.iterdir()) == []
