"""Objectives for XGBoost and LightGBM as source: a program of one row's loss, and what each library expects.

The derivatives are NumPy's text (:mod:`whygrad.backends.numpy_text`); this file holds how each library
calls an objective and a metric. What is said here of the libraries is in their documentation of custom
objectives: gradients and hessians of a sum over rows, weights multiplied by the objective itself, margins
and not predictions as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from whygrad.backends.numpy_text import Writer
from whygrad.lower.program import Program

Library: TypeAlias = Literal["xgboost", "lightgbm"]


@dataclass(frozen=True)
class Loss:
    """What is to be written: programs, and what stands for what in them.

    ``margin`` and ``label`` are names of the program's inputs; ``extra`` are its other arrays by row;
    ``row`` and ``classes`` are its dimensions. ``labels`` are the two values of a label that has two.
    ``stand_in`` says in words why ``height`` stands in for the second derivative, ``floor`` why that is
    raised to ``lowest``.
    """

    program: Program
    link: Program | None
    margin: str
    label: str
    extra: tuple[str, ...]
    row: str
    classes: str
    onehot: bool
    labels: tuple[float, ...]
    stand_in: str = ""
    floor: str = ""
    lowest: float = 0.0
    height: float = 1.0


PARAMETERS: Final[dict[Library, dict[str, str]]] = {
    "xgboost": {"base_score": "0.0", "disable_default_eval_metric": "True"},
    "lightgbm": {"boost_from_average": "False"},
}
"""What a library must be told so that a margin of 0 is where it starts, and only our metric is shown."""


def boosting_source(loss: Loss, library: Library, name: str, comments: list[str]) -> str:
    """The module: derivatives, objective and metric in the native and the scikit-learn signature."""
    derivatives = _imports(Writer(loss.program, ()).flat("derivatives"))
    head = "\n".join(f"# {line}".rstrip() for line in comments)
    parts = [derivatives, _settings(loss, library, name), _link(loss, derivatives), _rows(loss)]
    parts += [_maker(loss, library), _ends(loss)]
    return head + "\n" + "\n\n\n".join(part for part in parts if part) + "\n"


def _imports(derivatives: str) -> str:
    text = derivatives.strip("\n")
    return text if text.startswith("import numpy") else f"import numpy as np\n\n\n{text}"


def _settings(loss: Loss, library: Library, name: str) -> str:
    lines = [f'NAME = "{name}"', "PARAMETERS = {"]
    lines += [f'    "{key}": {value},' for key, value in PARAMETERS[library].items()]
    lines += [
        "}",
        '"""Give these to the training call, so that it starts at margin 0 and nothing is added."""',
    ]
    if loss.stand_in:
        lines += [f"HESSIAN = {loss.height!r}", f'"""{loss.stand_in}"""']
    elif loss.floor:
        lines += [f"FLOOR = {loss.lowest!r}", f'"""{loss.floor}"""']
    return "\n".join(lines)


def _link(loss: Loss, above: str) -> str:
    if loss.link is None:
        return '''\
def mean(margin):
    """The prediction that belongs to a margin: the margin itself."""
    return np.asarray(margin, dtype=np.float64)'''
    writer = Writer(loss.link, ())
    parts = writer.flat("link").strip("\n").split("\n\n\n")
    own = [part for part in parts if not part.startswith(("import ", "from ")) and part not in above]
    sizes = {loss.row: "len(z)", loss.classes: "z.shape[1]"}
    call = ", ".join(["z", *(sizes[d] for d in writer.dims)])
    own.append(f'''\
def mean(margin):
    """The prediction that belongs to a margin, which is what the library predicts."""
    z = np.asarray(margin, dtype=np.float64)
    with np.errstate(all="ignore"):
        return link({call})''')
    return "\n\n\n".join(own)


def _rows(loss: Loss) -> str:
    """Label, margin and the three results, in float64, row by row."""
    writer = Writer(loss.program, ())
    given = {loss.margin: "z", loss.label: "y", **{name: name for name in loss.extra}}
    sizes = {loss.row: "len(z)", loss.classes: "z.shape[1]"}
    arguments = [given[x] for x in loss.program.inputs] + [sizes[d] for d in writer.dims]
    more = "".join(f", {name}" for name in loss.extra)
    lines = [f"def at(y, margin{more}):", '    """Loss, gradient and hessian of each row, in float64."""']
    lines.append("    z = np.asarray(margin, dtype=np.float64)")
    if loss.label:
        if loss.classes:
            lines.append("    z = z.reshape(len(y), -1)")
        lines.append(f"    y = {_label(loss)}")
    lines += [f"    {name} = np.asarray({name}, dtype=np.float64)" for name in loss.extra]
    lines.append('    with np.errstate(all="ignore"):')
    lines.append(f"        loss, gradient, hessian = derivatives({', '.join(arguments)})")
    if loss.stand_in:
        lines.append("    hessian = np.full_like(z, HESSIAN)")
    elif loss.floor:
        lines.append("    hessian = np.maximum(hessian, FLOOR)")
    lines.append("    gradient, hessian = (np.asarray(r, dtype=np.float64) for r in (gradient, hessian))")
    lines += ["    return loss, gradient, hessian"]
    return _labels(loss) + "\n".join(lines)


def _label(loss: Loss) -> str:
    if loss.onehot:
        return "one_hot(y, z.shape[1])"
    return "label(y)" if loss.labels else "np.asarray(y, dtype=np.float64)"


def _labels(loss: Loss) -> str:
    if loss.onehot:
        return '''\
def one_hot(y, classes):
    """Classes 0, 1, ... as rows with a single 1."""
    at = np.asarray(y).astype(int)
    if not (np.array_equal(at, y) and at.min() >= 0 and at.max() < classes):
        raise ValueError(f"labels are the classes 0 to {classes - 1} here")
    return np.eye(classes)[at]


'''
    if not loss.labels:
        return ""
    low, high = loss.labels
    taken = "    y = np.where(y == 0, -1.0, y)\n" if (low, high) == (-1, 1) else ""
    said = f"labels are {low:g} and {high:g} here"
    return f'''\
def label(y):
    """The labels, which must be {low:g} and {high:g}{"; 0 is taken for -1" if low == -1 else ""}."""
    y = np.asarray(y, dtype=np.float64)
{taken}    if not np.isin(y, ({low:g}, {high:g})).all():
        raise ValueError(f"{said}, and {{y[~np.isin(y, ({low:g}, {high:g}))][0]:g}} was found")
    return y


'''


_READ: Final[dict[Library, str]] = {"xgboost": "dtrain", "lightgbm": "data"}


def _maker(loss: Loss, library: Library) -> str:
    data = _READ[library]
    more = ", ".join(loss.extra)
    inside = "".join(f", {name}" for name in loss.extra)
    spread = "[:, None]" if loss.classes else ""
    higher = ", False" if library == "lightgbm" else ""
    said = f" of {more}, in the order of the rows" if more else ""
    named = "NAME, " if library == "lightgbm" else ""
    return f'''\
def weighted(result, weight):
    """Results times the weight of their row."""
    if weight is None or len(weight) == 0:
        return result
    return result * np.asarray(weight, dtype=np.float64){spread if spread else ""}


def weighted_mean(loss, weight):
    """The mean of the rows' losses."""
    return np.average(loss, weights=None if weight is None or len(weight) == 0 else weight)


def make_objective({more}):
    """The objective{said}."""

    def objective(margin, {data}):
        """Gradient and hessian for the library's own training call."""
        _, gradient, hessian = at({data}.get_label(), margin{inside})
        weight = {data}.get_weight()
        return weighted(gradient, weight).astype(np.float32), weighted(hessian, weight).astype(np.float32)

    return objective


def make_metric({more}):
    """The mean loss as a metric{said}."""

    def metric(margin, {data}):
        """Name and value{", and that higher is not better" if higher else ""}."""
        loss, _, _ = at({data}.get_label(), margin{inside})
        weight = {data}.get_weight()
        return NAME, float(weighted_mean(loss, weight)){higher}

    return metric


def make_sklearn_objective({more}):
    """The objective{said} for the scikit-learn interface."""

    def objective(y_true, y_pred, sample_weight=None):
        """Gradient and hessian."""
        _, gradient, hessian = at(y_true, y_pred{inside})
        return weighted(gradient, sample_weight), weighted(hessian, sample_weight)

    return objective


def make_sklearn_metric({more}):
    """The mean loss{said} for the scikit-learn interface."""

    def metric(y_true, y_pred, sample_weight=None):
        """The mean loss of margins."""
        loss, _, _ = at(y_true, y_pred{inside})
        return {named}float(weighted_mean(loss, sample_weight)){higher}

    return metric'''


def _ends(loss: Loss) -> str:
    if loss.extra:
        return ""
    return """\
objective = make_objective()
metric = make_metric()
sklearn_objective = make_sklearn_objective()
sklearn_metric = make_sklearn_metric()"""
