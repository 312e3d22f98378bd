"""What fits and predictions show, in each format and as JSON."""

import json

import numpy as np
import pytest

from whygrad.api import document, render
from whygrad.train.fit import fit
from whygrad.train.predict import predict

from .files import DATA, LOGISTIC, cost, noisy

LAB = DATA / "course-lab.csv"


@pytest.mark.parametrize("format", ["text", "latex", "markdown", "html", "json"])
def test_each_format(format, seed):
    r = fit(cost(LOGISTIC), noisy(seed), standardise=True)
    text = render(document(r), format)
    assert f"{r.parameters['w'][0]:.6f}" in text or format == "json"
    assert render(document(predict(r.model(), noisy(seed))), format)


def test_the_text_says_what_was_reached(seed):
    text = render(document(fit(cost(LOGISTIC), LAB, method="gd", rate=0.1, steps=20)), "text")
    assert "6 rows, 2 columns" in text
    assert "after 20 updates, rate 0.1" in text
    assert "no minimiser" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    text = render(document(fit(cost(LOGISTIC), noisy(seed))), "text")
    assert "converged: " in text


def test_json_is_versioned_and_whole(seed):
    r = fit(cost(LOGISTIC), noisy(seed), standardise=True)
    found = json.loads(render(document(r), "json"))
    assert found["format"] == "whygrad-fit/1"
    assert found["parameters"]["w"] == r.parameters["w"].tolist()
    assert found["original"]["b"] == float(r.original["b"])
    found = json.loads(render(document(predict(r.model(), noisy(seed))), "json"))
    assert found["format"] == "whygrad-predictions/1"
    assert len(found["labels"]) == 80
    assert found["accuracy"] == r.accuracy


def test_many_rows_are_printed_as_csv(seed):
    x, y = noisy(seed, m=300)
    r = fit(cost(LOGISTIC), (x, y))
    text = render(document(predict(r.model(), (x, y))), "text")
    assert "f,label" in text
    assert sum(line.strip().endswith((",0", ",1")) for line in text.splitlines()) == 300
    values = predict(r.model(), (x, y)).csv.splitlines()[1:]
    assert np.isclose(float(values[0].split(",")[0]), predict(r.model(), (x, y)).values[0])


def test_many_predictions_are_csv_that_a_file_can_take():
    x = np.linspace(-1, 1, 400)
    found = predict(
        fit(cost(LOGISTIC), ({"x": x[:, None], "y": (x > 0.1).astype(float)}), steps=3).model(),
        {"x": x[:, None]},
    )
    text = render(document(found), "text", width=10)
    assert text.startswith(found.csv.rstrip())
