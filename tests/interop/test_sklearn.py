"""Estimators: scikit-learn's own checks, and its own logistic regression."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.linear_model import LogisticRegression as Theirs
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from whygrad.interop.sklearn import LogisticRegression, WhygradClassifier, WhygradRegressor


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "estimator", [WhygradRegressor(), WhygradClassifier(), LogisticRegression()], ids=repr
)
def test_check_estimator(estimator):
    found = check_estimator(estimator, on_fail=None)
    failed = [(row["check_name"], row["exception"]) for row in found if row["status"] == "failed"]
    assert not failed
    assert len(found) > 50


def drawn(classes=2):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * [1, 5, 0.2, 1]
    return x, np.digitize(x[:, 0] - 0.3 * x[:, 1] + rng.logistic(size=300), [0, 1.5][: classes - 1])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("options", [{}, {"C": 0.03}, {"fit_intercept": False}, {"class_weight": "balanced"}])
def test_coefficients_of_scikit_learn(classes, options):
    x, y = drawn(classes)
    weight = np.random.default_rng(1).uniform(0.2, 3, 300)
    ours = LogisticRegression(**options).fit(x, y, sample_weight=weight)
    theirs = Theirs(**options, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-6)


def test_pipelines_searches_and_pickles():
    x, y = drawn()
    grid = {"logisticregression__C": [0.1, 1.0]}
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), grid, cv=3).fit(x, y)
    assert search.best_score_ > 0.7
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(x), search.predict(x))


@pytest.mark.parametrize("cost", ["squared-hinge", "probit", "cloglog"])
def test_any_cost_of_labels(cost):
    x, y = drawn()
    model = WhygradClassifier(cost).fit(x, y)
    assert model.score(x, y) > 0.7
    if cost == "squared-hinge":
        with pytest.raises(AttributeError, match="score, not a probability"):
            model.predict_proba(x)


def test_weights_are_rows():
    x, y = drawn()
    twice = WhygradRegressor("ridge", {"lambda": 2}).fit(np.vstack([x, x[:50]]), np.r_[y, y[:50]])
    weight = np.r_[np.full(50, 2.0), np.ones(250)]
    once = WhygradRegressor("ridge", {"lambda": 2}).fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(once.coef_, twice.coef_, rtol=1e-8)
