"""What each argument of a function stands for, from its signature, imports and docstring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from whygrad.core.cost import Cost
from whygrad.core.errors import UsageError
from whygrad.interop.audit.source import Function

ROWS = ("dtrain", "dtest", "dmatrix", "train_data", "train_set", "dataset", "data", "lgb_train", "dval")
MARGIN = (
    *("preds", "pred", "predt", "prediction", "predictions", "y_pred", "ypred", "y_hat", "yhat", "margin"),
    *(
        "margins",
        "logits",
        "logit",
        "score",
        "scores",
        "raw",
        "raw_score",
        "approx",
        "output",
        "outputs",
        "inputs",
    ),
    *("input", "pred_y", "f", "z", "u", "p", "s", "x"),
)
LABEL = ("y_true", "ytrue", "y", "label", "labels", "target", "targets", "true", "actual", "t", "dy", "yy")
WEIGHT = ("sample_weight", "weight", "weights", "w", "sample_weights")
FLAT = ("theta", "params", "parameters", "flat", "thetas", "coef", "coefs")
ALIASES: Mapping[str, tuple[str, ...]] = {
    "w": ("weights", "weight", "W", "theta", "beta", "coef"),
    "W": ("weights", "w", "theta"),
    "b": ("bias", "intercept", "b0", "c"),
    "x": ("X", "features", "inputs", "data", "A"),
    "X": ("x", "features", "inputs", "data"),
    "y": ("Y", "target", "targets", "label", "labels", "y_true", "t"),
    "Y": ("y", "target", "targets", "labels", "onehot", "T"),
    "lambda": ("lam", "lambda_", "lmbda", "reg", "l2", "alpha", "lamb", "lambd"),
    "tau": ("quantile", "q", "alpha", "level"),
    "delta": ("d", "threshold", "huber_slope"),
    "gamma": ("gamma_", "focus"),
    "p": ("power", "rho"),
}


@dataclass(frozen=True)
class Reading:
    """How a function is called.

    ``kind`` is ``"margin"`` (one row's score) or ``"parameters"``; ``roles`` give each argument's meaning:
    a name of the cost, or ``rows``, ``weight``, ``size DIM``, ``flat``, ``skip``.
    """

    kind: str
    roles: tuple[tuple[str, str], ...]
    framework: str
    """``numpy``, ``torch`` or ``jax``: what arrays are."""
    library: str = ""
    """``xgboost`` or ``lightgbm`` where the signature is theirs."""


def read_convention(function: Function, cost: Cost, margin: str, label: str) -> Reading:
    """Find out how to call a function.

    Raises
    ------
    UsageError
        If an argument's meaning cannot be told; the error asks.
    """
    framework = "numpy"
    if function.autograd or "torch" in function.imports:
        framework = "torch"
    elif "jax" in function.imports:
        framework = "jax"
    library = next((n for n in ("xgboost", "lightgbm") if n in function.imports), "")
    given = function.arguments
    parameters = [d.name for d in cost.parameters]
    named = {a: _cost_name(a, cost) for a in given}
    taken = [n for n in named.values() if n]
    by_rows = any(a.lower() in ROWS and _takes_rows(a, function) for a in given)
    pair = any(a.lower() in ("y_true", "y_pred", "preds", "predt") for a in given)
    if (
        not by_rows
        and not pair
        and (any(p in taken for p in parameters if p != margin) or any(a in FLAT for a in given))
    ):
        return Reading("parameters", _parameter_roles(function, cost, named), framework)
    if not margin:
        raise _ask(function, "the cost has no score of one row, and no argument is one of its parameters",
                   f"call the arguments as in the cost: {', '.join(parameters)}")  # fmt: skip
    return Reading("margin", _margin_roles(function, cost, margin, label, by_rows), framework, library)


def _takes_rows(argument: str, function: Function) -> bool:
    return (
        f"{argument}.get_label" in function.text
        or f"{argument}.label" in function.text
        or (f"{argument}.get_weight" in function.text)
    )


def _ask(function: Function, why: str, fix: str) -> UsageError:
    return UsageError("error/audit", f"{function.name}({', '.join(function.arguments)}): {why}", fix=fix)


def _cost_name(argument: str, cost: Cost) -> str:
    declared = {d.name for d in cost.declarations}
    if argument in declared:
        return argument
    if argument.rstrip("_") in declared:
        return argument.rstrip("_")
    folded = {n.lower(): n for n in declared}
    if argument.lower() in folded:
        return folded[argument.lower()]
    for name in declared:
        others = ALIASES.get(name, ())
        if argument in others and not any(argument == o for o in declared):
            return name
    return ""


def _parameter_roles(function: Function, cost: Cost, named: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    roles: list[tuple[str, str]] = []
    used: set[str] = set()
    for k, argument in enumerate(function.arguments):
        name = named[argument]
        if name and name not in used:
            roles.append((argument, name))
            used.add(name)
        elif argument in FLAT:
            roles.append((argument, "flat"))
        elif argument in cost.dims:
            roles.append((argument, f"size {argument}"))
        elif k >= function.required:
            roles.append((argument, "skip"))
        else:
            left = [d.name for d in cost.declarations if d.name not in used]
            raise _ask(
                function, f"what is {argument}?", f"call it as in the cost, where {', '.join(left)} are left"
            )
    return tuple(roles)


def _margin_roles(
    function: Function, cost: Cost, margin: str, label: str, by_rows: bool
) -> tuple[tuple[str, str], ...]:
    roles: dict[str, str] = {}
    arguments = list(function.arguments)
    constants = {d.name for d in cost.declarations if d.kind == "const"}
    for a in arguments:
        low = a.lower()
        if by_rows and low in ROWS and _takes_rows(a, function):
            roles[a] = "rows"
        elif a == margin or (low in MARGIN and margin not in roles.values() and low != label.lower()):
            if margin not in arguments or a == margin:
                roles[a] = margin
        elif (a == label or low in LABEL) and label not in roles.values():
            roles[a] = label
        elif low in WEIGHT and function.arguments.index(a) >= 2:
            roles[a] = "weight"
        elif _cost_name(a, cost) in constants:
            roles[a] = _cost_name(a, cost)
        else:
            found = _cost_name(a, cost)
            if found:
                roles[a] = found
    for k, a in enumerate(arguments):
        if a not in roles:
            if k < function.required:
                raise _ask(
                    function,
                    f"what is {a}?",
                    f"name the arguments for what they are: the score {margin} (or y_pred), the label "
                    f"{label} (or y_true), dtrain",
                )
            roles[a] = "skip"
    if margin not in roles.values():
        raise _ask(function, "which argument is the score?", f"call it {margin}, y_pred or preds")
    return tuple((a, roles[a]) for a in arguments)
