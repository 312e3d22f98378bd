"""Audits of objectives: no right one is accused, wrong ones are explained in the right words."""

import re
import textwrap

import objectives
import pytest

import whygrad as wg
from whygrad.core.errors import UsageError

RIGHT = list(objectives.rights())
WRONG = [*objectives.slips_people_make(), *objectives.edits()]
LEAST_EXPLAINED = 0.9


def audited(folder, number, written):
    path = folder / f"objective{number}.py"
    path.write_text(written.text)
    for library in ("xgboost", "lightgbm"):  # they are imported, and not used
        (folder / f"{library}.py").touch()
    return wg.audit(f"{path}:f", wg.load_cost(written.cost, constants=dict(written.constants)))


def explained(folder, rows):
    failures = []
    for number, written in enumerate(rows):
        found = audited(folder, number, written)
        assert not found.right, written
        if not re.search(written.words, found.words):
            failures.append((written.cost, written.slip, found.words))
    return failures


def test_no_right_objective_is_accused(tmp_path):
    for number, written in enumerate(RIGHT[::30]):
        found = audited(tmp_path, number, written)
        assert found.right, (written, found.words)


def test_wrong_objectives_are_explained(tmp_path):
    rows = WRONG[::30]
    failures = explained(tmp_path, rows)
    assert len(failures) <= (1 - LEAST_EXPLAINED) * len(rows), failures


@pytest.mark.long
def test_no_right_objective_is_accused_of_all(tmp_path):
    for number, written in enumerate(RIGHT):
        found = audited(tmp_path, number, written)
        assert found.right, (written, found.words)


@pytest.mark.long
def test_wrong_objectives_are_explained_of_all(tmp_path):
    failures = explained(tmp_path, WRONG)
    assert len(failures) <= (1 - LEAST_EXPLAINED) * len(WRONG), failures


# Each is written after a question that was asked in public; the thread is named.
THREADS = {
    "xgboost 3037: predictions taken for probabilities": (
        "logistic",
        "def f(preds, dtrain):\n    y = dtrain.get_label()\n    return preds - y, preds*(1 - preds)",
        "link is missing",
    ),
    "xgboost 2602: the hessian of softmax with a factor 2": (
        "softmax",
        "def f(preds, dtrain):\n    y = np.eye(preds.shape[1])[dtrain.get_label().astype(int)]\n"
        "    e = np.exp(preds - preds.max(1, keepdims=True))\n"
        "    p = e/e.sum(1, keepdims=True)\n"
        "    return p - y, 2*p*(1 - p)",
        "2 times too large",
    ),
    "xgboost 4402: the residual the wrong way round": (
        "linear",
        "def f(y_true, y_pred):\n    return y_true - y_pred, np.ones_like(y_true)",
        "sign",
    ),
    "xgboost 2995: the derivative of log cosh without its inside": (
        "log-cosh",
        "def f(y_true, y_pred):\n    return np.tanh(y_pred), 1 - np.tanh(y_pred)**2",
        "missing|left out",
    ),
    "xgboost 5769: the derivative by the probability": (
        "logistic",
        "def f(preds, dtrain):\n    y = dtrain.get_label()\n    p = 1/(1 + np.exp(-preds))\n"
        "    return (p - y)/(p*(1 - p)), p*(1 - p)",
        r"∂f/∂z .* is missing|turned over|divides",
    ),
    "lightgbm 1154: the weight on the gradient only": (
        "logistic",
        "def f(y_true, y_pred, weight=None):\n    p = 1/(1 + np.exp(-y_pred))\n"
        "    g, h = p - y_true, p*(1 - p)\n"
        "    return (g if weight is None else g*weight), h",
        "hessian is not multiplied",
    ),
    "lightgbm 2156: labels -1 and 1": (
        "logistic",
        "def f(y_true, y_pred):\n    y = 2*y_true - 1\n    p = 1/(1 + np.exp(-y_pred))\n"
        "    return p - y, p*(1 - p)",
        "taken for|sign|too large",
    ),
    "lightgbm 3500: twice the squared error's gradient": (
        "linear",
        "def f(y_true, y_pred):\n    return 2*(y_pred - y_true), np.ones_like(y_true)",
        "2 times too large",
    ),
    "the mean of a minibatch forgotten": (
        "logistic",
        "def f(w, b, X, y):\n    p = 1/(1 + np.exp(-(X @ w + b)))\n    return X.T @ (p - y), (p - y).sum()",
        "sum stands where",
    ),
    "a naive exponential overflows": (
        "logistic",
        "def f(y_true, y_pred):\n    p = np.exp(y_pred)/(1 + np.exp(y_pred))\n"
        "    return p - y_true, p*(1 - p)",
        "not safe beyond",
    ),
}


@pytest.mark.parametrize("thread", THREADS)
def test_mistakes_asked_about_in_public(tmp_path, thread):
    cost, text, words = THREADS[thread]
    path = tmp_path / "asked.py"
    path.write_text(f"import numpy as np\n\n\n{text}\n")
    found = wg.audit(f"{path}:f", cost)
    assert found.status == 1
    assert re.search(words, found.words), found.words


FORGOTTEN = """
import torch

class Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y_pred, y_true):
        ctx.save_for_backward(y_pred, y_true)
        return 0.5*(y_pred - y_true)**2

    @staticmethod
    def backward(ctx, grad_output):
        y_pred, y_true = ctx.saved_tensors
        return {above}(y_pred - y_true), None
"""


@pytest.mark.slow
@pytest.mark.parametrize(("above", "right"), [("", False), ("grad_output*", True)])
def test_the_gradient_from_above(tmp_path, above, right):
    """PyTorch 4355: grad_output is not multiplied."""
    pytest.importorskip("torch")
    path = tmp_path / "loss.py"
    path.write_text(FORGOTTEN.format(above=above))
    found = wg.audit(f"{path}:Loss", "linear")
    assert found.right is right, found.words
    assert right or "grad_output" in found.words


def test_what_cannot_be_told_is_asked(tmp_path):
    path = tmp_path / "two.py"
    path.write_text("def f(a, q):\n    return a - q\n")
    with pytest.raises(UsageError, match=r"what is|which argument"):
        wg.audit(f"{path}:f", "logistic")
    with pytest.raises(UsageError, match="It has: f"):
        wg.audit(f"{path}:g", "logistic")


def test_a_file_that_never_ends_or_fails_is_a_refusal(tmp_path):
    path = tmp_path / "fails.py"
    path.write_text("raise SystemExit(3)\n\ndef f(y_true, y_pred):\n    return y_pred\n")
    with pytest.raises(UsageError, match="cannot be run"):
        wg.audit(f"{path}:f", "linear")


def test_an_error_of_the_function_is_a_finding(tmp_path):
    path = tmp_path / "fails.py"
    path.write_text("def f(y_true, y_pred):\n    return y_true.nothing\n")
    found = wg.audit(f"{path}:f", "linear")
    assert found.status == 1
    assert "AttributeError" in found.words


def test_the_stated_stand_in_is_right(tmp_path):
    text = '''
        import numpy as np

        def f(y_true, y_pred):
            """Gradient, and an upper bound of the hessian."""
            p = 1/(1 + np.exp(-y_pred))
            return p - y_true, np.full(len(p), 0.25)

        def g(y_true, y_pred):
            p = 1/(1 + np.exp(-y_pred))
            return p - y_true, np.full(len(p), 0.25)
    '''
    path = tmp_path / "bound.py"
    path.write_text(textwrap.dedent(text))
    assert wg.audit(f"{path}:f", "logistic").right
    assert not wg.audit(f"{path}:g", "logistic").right


def gradient_of_linear(w, b, x, y):
    r = x @ w + b - y
    return x.T @ r / len(y), r.mean()


def test_assert_gradient():
    wg.assert_gradient("linear", gradient_of_linear)
    with pytest.raises(AssertionError, match="times too"):
        wg.assert_gradient("data x[i,j], y[i]\nparam w[j], b\nJ = mean_i (sum_j w[j] x[i,j] + b - y[i])^2",
                           gradient_of_linear)  # fmt: skip
