"""Estimators for scikit-learn: any cost that is a sum over rows, the gallery's or one's own.

scikit-learn is imported by this module and by nothing else of whygrad: ``from whygrad.interop.sklearn import
WhygradClassifier``.
"""

# pyright: basic
# scikit-learn has no types.

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
from scipy.sparse import issparse

from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.cost import Cost, Declaration, Definition
from whygrad.core.errors import UsageError, WhygradError
from whygrad.core.expr import ZERO, Expr, Index, Reduce, Size, Symbol, add, mul
from whygrad.core.extras import command
from whygrad.core.walk import rewrite_bottom_up
from whygrad.costs import header, names, text
from whygrad.engine.score import Scored, scored
from whygrad.lower.lower import lower
from whygrad.syntax.cost_text import read_cost, set_constants
from whygrad.train.fit import fit as fit_cost

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        _check_sample_weight,  # pyright: ignore[reportPrivateUsage]  scikit-learn names it for estimators
        check_is_fitted,
        validate_data,
    )
except ImportError as error:
    raise UsageError(
        "error/missing-extra", f"scikit-learn 1.6 or newer is needed ({error})", fix=command("sklearn")
    ) from None

WEIGHT = "sample_weight"
MOST_DENSE = 10_000_000
"""Entries up to which sparse rows are fitted as dense ones."""
SOFTMAX_L2 = """data  x[i,j], Y[i,k] onehot(k)
const lambda >= 0
param W[j,k], b[k]
z[i,k] = sum_j x[i,j] W[j,k] + b[k]
P[i,k] = exp(z[i,k]) / sum_l exp(z[i,l])
L[i] = -sum_k Y[i,k] log P[i,k]
J = mean_i L[i] + lambda/(2 m) sum_{j,k} W[j,k]^2"""


@lru_cache(maxsize=64)
def _cost(source: str, constants: tuple[tuple[str, str], ...]) -> Cost:
    from fractions import Fraction  # noqa: PLC0415

    body = text(source) if source in names() else source
    title, _ = header(body)
    cost = read_cost(body, name=source if source in names() else "", title=title)
    return set_constants(cost, {name: Fraction(value) for name, value in constants})


@lru_cache(maxsize=64)
def _weighted(cost_key: tuple[str, tuple[tuple[str, str], ...]], intercept: bool) -> tuple[Cost, Scored]:
    """The cost with a weight for every row: a weight of 2 is the row twice."""
    found = scored(_cost(*cost_key))
    if found is None:
        raise UsageError(
            "error/usage",
            "this cost is no sum over rows of a loss of one score",
            fix="fit it with whygrad.fit; an estimator needs rows",
        )
    inner, row = found.cost, found.row
    weight = Symbol(WEIGHT, (row,))
    total = Reduce("sum", row, weight)

    def counted(e: Expr) -> Expr:
        return total if isinstance(e, Size) and e.dim == row.dim else e

    body = mul(rewrite_bottom_up(found.scale, counted), Reduce("sum", row, mul(weight, found.loss)))
    if found.penalty is not ZERO:
        body = add(body, rewrite_bottom_up(found.penalty, counted))
    goal = inner.definition(inner.goal)
    definitions = tuple(d if d.name != inner.goal else Definition(goal.name, body) for d in inner.definitions)
    declared = (*inner.declarations, Declaration(WEIGHT, "data", (row.dim,), (), (row.letter,)))
    made = replace(inner, declarations=declared, definitions=definitions, source="")
    return made, replace(found, cost=made)


class _Whygrad(BaseEstimator):  # pyright: ignore[reportUntypedBaseClass]
    """What both estimators share."""

    cost: str
    constants: Mapping[str, float] | None
    tol: float
    max_iter: int | None
    random_state: Any

    def _key(self, cost: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        if not isinstance(cost, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError("error/usage", "cost is a text", fix="a gallery name, or a cost as text")
        return cost, tuple(sorted((n, repr(v)) for n, v in (self.constants or {}).items()))

    def _fitted(self, cost: str, x: Any, y: Any, weight: Any, start: Mapping[str, Any] | None = None) -> Any:
        """One fit of the cost; its parameters by name."""
        made, found = _weighted(self._key(cost), True)
        data = [d for d in made.declarations if d.kind == "data" and d.name != WEIGHT]
        label = found.labels[0].name if found.labels else ""
        wide = [d for d in data if d.name != label]
        if len(wide) != 1 or not label:
            raise UsageError(
                "error/usage",
                f"an estimator has X and y, and this cost has the data {', '.join(d.name for d in data)}",
                fix="fit it with whygrad.fit",
            )
        if issparse(x) and x.shape[0] * x.shape[1] <= MOST_DENSE:
            x = x.toarray()  # small enough that every certificate can be had
        arrays = {wide[0].name: x, label: y, WEIGHT: weight}
        options = {"seed": self._seed(), "init": start, "tolerance": self.tol, "steps": self.max_iter}
        try:
            with np.errstate(all="ignore"):
                result = fit_cost(made, arrays, **options)
        except WhygradError as error:
            raise ValueError(f"{error.reason}. {error.fix}") from error
        if result.exit_status:
            warnings.warn(result.reason, ConvergenceWarning, stacklevel=4)
        self.n_iter_ = max(1, int(result.updates), getattr(self, "n_iter_", 1))
        return result.parameters

    def _seed(self) -> int:
        state = self.random_state
        if state is None or isinstance(state, int | np.integer):
            return int(state or 0)
        return int(state.randint(2**31 - 1))

    def _outputs(self, cost: str, parameters: Mapping[str, Any], x: Any) -> tuple[Any, Any]:
        """Score and output of every row."""
        made, _ = _weighted(self._key(cost), True)
        program = _program(self._key(cost))
        wide = next(
            d for d in made.declarations if d.kind == "data" and len(d.dims) == 2 and not d.has("onehot")
        )
        constants = {d.name: float(d.value) for d in made.declarations if d.value is not None}
        arrays = {**parameters, **constants, wide.name: x}
        sizes = dict(zip(wide.dims, x.shape, strict=True))
        for d in made.parameters:
            sizes |= dict(zip(d.dims, np.shape(parameters[d.name]), strict=True))
        run = compile_numpy(program)(arrays, sizes)
        return np.asarray(run["score"]), np.asarray(run["output"])

    def __sklearn_tags__(self) -> Any:
        """Sparse rows are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@lru_cache(maxsize=64)
def _program(key: tuple[str, tuple[tuple[str, str], ...]]) -> Any:
    made, found = _weighted(key, True)
    score = made.scope.definitions[found.score.name]
    output = made.scope.definitions[found.output.name]
    here = Symbol(score.name, score.indices)
    there = Symbol(output.name, output.indices)
    axes = {"score": score.indices, "output": output.indices}
    return lower(
        {"score": here, "output": there}, made.scope, axes=cast("dict[str, tuple[Index, ...]]", axes)
    )


def _linear(parameters: Mapping[str, Any]) -> tuple[Any, Any]:
    """Weights and intercept, where the parameters are these."""
    wide = [v for v in parameters.values() if np.ndim(v) >= 1]
    scalars = [v for v in parameters.values() if np.ndim(v) == 0]
    return (wide[0] if len(wide) == 1 else None), (float(scalars[0]) if len(scalars) == 1 else 0.0)


class WhygradRegressor(RegressorMixin, _Whygrad):  # pyright: ignore[reportUntypedBaseClass]
    """Any cost with a real target as a regressor.

    Parameters
    ----------
    cost
        A gallery name or a cost's text.
    constants
        Values for its constants.
    tol
        How near the minimum counts as converged.
    max_iter
        The largest number of updates.
    warm_start
        Whether a fit begins where the last one ended.
    random_state
        For costs that are started at random.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = WhygradRegressor("linear").fit(x, [1.0, 3.0, 5.0, 7.0])
    >>> [round(float(v), 6) for v in model.predict(x[:2])]
    [1.0, 3.0]
    """

    def __init__(
        self,
        cost: str = "linear",
        constants: Mapping[str, float] | None = None,
        *,
        tol: float = 1e-8,
        max_iter: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.cost = cost
        self.constants = constants
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> WhygradRegressor:
        """Train on rows."""
        X, y = validate_data(self, X, y, accept_sparse="csr", y_numeric=True, dtype=np.float64)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        start = self.parameters_ if self.warm_start and hasattr(self, "parameters_") else None
        self.n_iter_ = 1
        y = np.asarray(y, dtype=np.float64)
        self.parameters_ = self._fitted(self.cost, X, y, weight, start)
        coef, self.intercept_ = _linear(self.parameters_)
        if coef is not None and np.ndim(coef) == 1:
            self.coef_ = coef
        return self

    def predict(self, X: Any) -> Any:
        """The output of every row: what the cost compares with y."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False, dtype=np.float64)
        return self._outputs(self.cost, self.parameters_, X)[1]


class WhygradClassifier(ClassifierMixin, _Whygrad):  # pyright: ignore[reportUntypedBaseClass]
    """Any cost of labels as a classifier.

    Parameters
    ----------
    cost
        A gallery name or a cost's text. ``"auto"``: logistic regression, for more than two classes softmax,
        both with λ/(2m) times the squared weights, λ = 1. A cost of two labels is fitted for each class
        against the rest where there are more than two.
    constants, tol, max_iter, warm_start, random_state
        As for :class:`WhygradRegressor`.

    Examples
    --------
    >>> x = [[0.0], [1.0], [2.0], [3.0]]
    >>> WhygradClassifier().fit(x, ["no", "no", "yes", "yes"]).predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    """

    def __init__(
        self,
        cost: str = "auto",
        constants: Mapping[str, float] | None = None,
        *,
        tol: float = 1e-8,
        max_iter: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.cost = cost
        self.constants = constants
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.random_state = random_state

    def _key(self, cost: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        if self.cost == "auto" and self.constants is None:
            return cost, (("lambda", "1"),)
        return super()._key(cost)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> WhygradClassifier:
        """Train on rows."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_classification_targets(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        self.classes_, at = np.unique(y, return_inverse=True)
        present = np.unique(at[weight > 0])
        if len(present) < 2:
            raise ValueError(
                f"a classifier needs two classes, and there is only one class: {self.classes_[0]!r}"
            )
        start = self.parameters_ if self.warm_start and hasattr(self, "parameters_") else None
        self.n_iter_ = 1
        self._train(X, at, weight, start)
        return self

    def _train(self, X: Any, at: Any, weight: Any, start: Any) -> None:
        count = len(self.classes_)
        chosen = self.cost
        if chosen == "auto":
            chosen = "logistic-l2" if count == 2 else SOFTMAX_L2
        self.cost_ = chosen
        made, found = _weighted(self._key(chosen), True)
        label = made.scope.declarations[found.labels[0].name]
        self.joint_ = label.has("onehot")
        if self.joint_:
            self.parameters_: Any = self._fitted(chosen, X, np.eye(count)[at], weight, start)
            return
        if len(label.values) != 2:
            raise ValueError(f"{label.name} is no label of two values or one-hot: take WhygradRegressor")
        low, high = (float(v) for v in sorted(label.values))
        targets = range(1, 2) if count == 2 else range(count)
        starts = start if isinstance(start, list) else [None] * len(targets)
        self.parameters_ = [
            self._fitted(chosen, X, np.where(at == k, high, low), weight, s)
            for k, s in zip(targets, starts, strict=True)
        ]

    def _raw(self, X: Any) -> tuple[Any, Any]:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False, dtype=np.float64)
        if self.joint_:
            return self._outputs(self.cost_, self.parameters_, X)
        pairs = [self._outputs(self.cost_, p, X) for p in self.parameters_]
        score, output = (np.stack([p[k] for p in pairs], axis=1) for k in (0, 1))
        return score, output

    def decision_function(self, X: Any) -> Any:
        """The score of every row, for several classes of each."""
        score, _ = self._raw(X)
        if self.joint_ and score.shape[1] == 2:
            return score[:, 1] - score[:, 0]
        return score[:, 0] if score.shape[1] == 1 else score

    def predict_proba(self, X: Any) -> Any:
        """The probability of every class, where the cost's output is one."""
        check_is_fitted(self)
        if not self._has_probabilities():
            raise AttributeError("this cost gives a score, not a probability")
        _, output = self._raw(X)
        if self.joint_:
            return output
        if output.shape[1] == 1:
            return np.hstack([1 - output, output])
        total = output.sum(axis=1, keepdims=True)
        return np.where(total > 0, output / np.where(total > 0, total, 1), 1 / output.shape[1])

    def _has_probabilities(self) -> bool:
        made, found = _weighted(self._key(self.cost_), True)
        label = made.scope.declarations[found.labels[0].name]
        return found.output.name != found.score.name and min(label.values, default=0) == 0

    def predict(self, X: Any) -> Any:
        """The class of every row."""
        score, output = self._raw(X)
        if score.shape[1] > 1:
            return self.classes_[score.argmax(axis=1)]
        likely = output[:, 0] > 0.5 if self._has_probabilities() else score[:, 0] > 0
        return self.classes_[likely.astype(int)]


class LogisticRegression(WhygradClassifier):
    """scikit-learn's L2-penalised logistic regression, minimised by :func:`whygrad.fit`.

    The objective is C Σ_i c_i L_i + ½ ‖w‖², for more than two classes softmax; the intercept is not
    penalised. Coefficients are those of ``sklearn.linear_model.LogisticRegression`` at its tightest ``tol``.

    Parameters
    ----------
    C
        Inverse strength of the penalty.
    fit_intercept
        Whether there is one.
    class_weight
        ``None``, ``"balanced"`` or weights by class.
    tol, max_iter, warm_start, random_state
        As for :class:`WhygradRegressor`.
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        tol: float = 1e-10,
        max_iter: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.random_state = random_state

    def _key(self, cost: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        return cost, (("lambda", repr(1 / float(self.C))),)

    def _train(self, X: Any, at: Any, weight: Any, start: Any) -> None:
        if self.class_weight is not None:
            from sklearn.utils import compute_class_weight  # noqa: PLC0415

            chosen = self.class_weight
            by_class = compute_class_weight(
                chosen, classes=self.classes_, y=self.classes_[at], sample_weight=weight
            )
            weight = weight * by_class[at]
        count = len(self.classes_)
        source = SOFTMAX_L2 if count > 2 else text("logistic-l2")
        if not self.fit_intercept:
            source = source.replace(", b[k]", "").replace(" + b[k]", "").replace("w[j], b", "w[j]")
            source = source.replace(" + b\n", "\n")
        self.cost_ = source
        self.joint_ = count > 2
        y = np.eye(count)[at] if count > 2 else at.astype(np.float64)
        found = self._fitted(source, X, y, weight, start[0] if isinstance(start, list) else start)
        if count > 2:
            if self.fit_intercept:
                found["b"] = found["b"] - found["b"].mean()
            self.parameters_: Any = found
            self.coef_, intercept = found["W"].T, found.get("b", np.zeros(count))
        else:
            self.parameters_ = [found]
            self.coef_, intercept = found["w"][None, :], np.atleast_1d(found.get("b", 0.0))
        self.intercept_ = np.asarray(intercept, dtype=np.float64)


__all__ = ["LogisticRegression", "WhygradClassifier", "WhygradRegressor"]
