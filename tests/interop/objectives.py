"""Hand-written objectives of 20 losses, right and wrong, in four styles. Imports nothing of whygrad.

A loss is written as people write it: the slope g of one row's loss by its margin z, and the curvature h,
in NumPy. A style wraps them as a function of a file. Wrong ones come from a list of what people do, and
from edits of the text by its syntax tree alone; each says which words must be among those that explain it.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass

PRE = {
    "logistic": "p = 1/(1 + np.exp(-z))",
    "poisson": "p = np.exp(z)",
    "gamma": "p = np.exp(z)",
    "negative-binomial": "p = np.exp(z)",
    "cloglog": "e = np.exp(z); p = -np.expm1(-e)",
    "probit": "p = norm.cdf(z); n = norm.pdf(z)",
    "neuron-sigmoid-squared": "p = 1/(1 + np.exp(-z))",
    "neuron-tanh-squared": "p = np.tanh(z)",
    "class-weights": "p = 1/(1 + np.exp(-z))",
    "softmax": "e = np.exp(z - z.max(axis=1, keepdims=True)); p = e/e.sum(axis=1, keepdims=True)",
    "label-smoothing": "e = np.exp(z - z.max(axis=1, keepdims=True)); p = e/e.sum(axis=1, keepdims=True); "
    "q = (1 - epsilon)*y + epsilon/y.shape[1]",
}


@dataclass(frozen=True)
class Loss:
    """A loss: slope and curvature of one row by its margin."""

    cost: str
    slope: str
    curve: str
    constants: tuple[tuple[str, str], ...] = ()
    link: bool = False
    labels: bool = False

    @property
    def first(self) -> str:
        return PRE.get(self.cost, "")


LOSSES = (
    Loss("logistic", "p - y", "p*(1 - p)", link=True, labels=True),
    Loss("linear", "z - y", "np.ones(len(z))"),
    Loss("poisson", "p - y", "p", link=True),
    Loss("gamma", "1 - y/p", "y/p", link=True),
    Loss(
        "tweedie",
        "-y*np.exp((1 - p)*z) + np.exp((2 - p)*z)",
        "-y*(1 - p)*np.exp((1 - p)*z) + (2 - p)*np.exp((2 - p)*z)",
        (("p", "1.5"),),
    ),
    Loss(
        "huber",
        "np.where(np.abs(z - y) <= delta, z - y, delta*np.sign(z - y))",
        "np.where(np.abs(z - y) <= delta, 1.0, 0.0)",
        (("delta", "1.25"),),
    ),
    Loss("quantile", "np.where(y < z, 1 - tau, -tau)", "np.ones(len(z))", (("tau", "0.3"),)),
    Loss("absolute", "np.sign(z - y)", "np.ones(len(z))"),
    Loss("log-cosh", "np.tanh(z - y)", "1 - np.tanh(z - y)**2"),
    Loss("hinge", "np.where(y*z < 1, -y, 0.0)", "np.ones(len(z))"),
    Loss("squared-hinge", "-y*np.maximum(0, 1 - y*z)", "np.where(y*z < 1, y*y, 0.0)"),
    Loss("negative-binomial", "r*(p - y)/(r + p)", "r*p*(r + y)/(r + p)**2", (("r", "2"),), link=True),
    Loss("cloglog", "(p - y)/p*e", "e*(p - y)/p + e*y*e*(1 - p)/p**2", link=True, labels=True),
    Loss(
        "student-t",
        "(nu + 1)*(z - y)/(nu + (z - y)**2)",
        "(nu + 1)*(nu - (z - y)**2)/(nu + (z - y)**2)**2",
        (("nu", "3"),),
    ),
    Loss(
        "class-weights",
        "a*y*(p - 1) + c*(1 - y)*p",
        "(a*y + c*(1 - y))*p*(1 - p)",
        (("a", "2"), ("c", "0.5")),
        link=True,
        labels=True,
    ),
    Loss(
        "neuron-sigmoid-squared", "(p - y)*p*(1 - p)", "p*(1 - p)*(p*(1 - p) + (p - y)*(1 - 2*p))", link=True
    ),
    Loss("neuron-tanh-squared", "(p - y)*(1 - p**2)", "(1 - p**2)*(1 - p**2 - 2*p*(p - y))", link=True),
    Loss("softmax", "p - y", "p*(1 - p)", link=True),
    Loss("label-smoothing", "p - q", "p*(1 - p)", (("epsilon", "0.1"),), link=True),
    Loss(
        "epsilon-insensitive",
        "np.where(np.abs(z - y) > epsilon, np.sign(z - y), 0.0)",
        "np.ones(len(z))",
        (("epsilon", "0.4"),),
    ),
)
CLASSES = ("softmax", "label-smoothing")
STYLES = ("xgboost", "lightgbm", "numpy", "parameters")


@dataclass(frozen=True)
class Written:
    """A file, and what must be said of its function ``f``; ``words`` is empty for a right one."""

    cost: str
    constants: tuple[tuple[str, str], ...]
    style: str
    text: str
    words: str = ""
    slip: str = ""


def rename(expression: str, names: dict[str, str]) -> str:
    tree = ast.parse(expression)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
    return ast.unparse(tree)


def written(
    loss: Loss,
    style: str,
    slope: str,
    curve: str,
    *,
    first: str | None = None,
    head: str = "",
    scale: str = "len(y)",
) -> str:
    """The text of a file with a function f."""
    own = loss.first if first is None else first
    body = [s for s in (f"{head}{own}").split("; ") if s]
    fixed = [f"{n} = {v}" for n, v in loss.constants]
    imports = ["import numpy as np"]
    if "norm." in own:
        imports.append("from scipy.stats import norm")
    classes = loss.cost in CLASSES
    hot = ["y = np.eye(z.shape[1])[y.astype(int)]"] if classes else []
    if style == "xgboost":
        imports.append("import xgboost as xgb")
        lines = [
            "def f(preds, dtrain):",
            "    z = preds.astype(float)",
            "    y = dtrain.get_label()",
            *(f"    {h}" for h in hot),
        ]
        end = ["    return g, h"]
    elif style == "lightgbm":
        imports.append("import lightgbm as lgb")
        lines = ["def f(y_true, y_pred):", "    z, y = y_pred, y_true", *(f"    {h}" for h in hot)]
        end = ["    return g, h"]
    elif style == "numpy":
        name = "Y" if classes else "y"
        margin = {
            "linear": "f",
            "huber": "f",
            "quantile": "f",
            "absolute": "f",
            "log-cosh": "f",
            "student-t": "f",
            "epsilon-insensitive": "f",
        }.get(loss.cost, "z")
        lines = [f"def f({name}, {margin}):", f"    z, y = {margin}, {name}"]
        end = ["    return g, h"]
    else:
        w, y = ("W", "Y") if classes else ("w", "y")
        lines = [f"def f(x, {y}, {w}, b):", f"    y, w = {y}, {w}", "    z = x @ w + b"]
        end = [f"    return x.T @ g / {scale}, g.sum(axis=0) / {scale}"]
    inside = [*(f"    {s}" for s in (*fixed, *body)), f"    g = {slope}"]
    if style != "parameters":
        inside.append(f"    h = {curve}")
    return "\n".join([*imports, "", "", *lines, *inside, *end]) + "\n"


def rights(seed: int = 0) -> Iterator[Written]:
    """Right ones: every loss in every style, and rewritten in ways that change no value."""
    for loss in LOSSES:
        for style in STYLES:
            for k, change in enumerate(
                (
                    lambda e: e,
                    lambda e: f"-(-({e}))",
                    lambda e: f"0.5*({e}) + ({e})/2",
                    lambda e: f"({e})*np.ones_like(z)",
                )
            ):
                if loss.cost in CLASSES and k == 3 and style == "parameters":
                    continue
                yield Written(
                    loss.cost,
                    loss.constants,
                    style,
                    written(loss, style, change(loss.slope), change(loss.curve)),
                )


def said(loss: Loss, style: str, slope: str, curve: str, words: str, slip: str, **more: str) -> Written:
    return Written(loss.cost, loss.constants, style, written(loss, style, slope, curve, **more), words, slip)


def slips_people_make() -> Iterator[Written]:
    """From the table of what goes wrong in real objectives."""
    for k, loss in enumerate(LOSSES):
        s, c = loss.slope, loss.curve
        style = STYLES[k % 4]
        other = STYLES[(k + 1) % 3]
        for way in (style, STYLES[(k + 3) % 4]):
            yield said(loss, way, f"-({s})", c, "sign", "sign flipped")
        yield said(loss, STYLES[(k + 2) % 4], f"({s})/2", c, "2 times too small", "half")
        yield said(loss, other, f"2*({s})", c, "2 times too large", "twice")
        yield said(loss, "parameters", s, c, "sum stands where", "sum for mean", scale="1")
        if c not in ("np.ones(len(z))",) and "np.where" not in c:
            yield said(loss, other, s, f"2*({c})", "2 times too large", "hessian twice")
            yield said(loss, STYLES[(k + 2) % 3], s, f"-({c})", "sign", "hessian's sign")
            yield said(
                loss,
                other,
                s,
                f"({s})**2 + 0*z",
                "square of the gradient|the factor|stands|missing",
                "hessian is the gradient squared",
            )
        if loss.link and "p = 1/(1 + np.exp(-z))" in loss.first:
            yield said(loss, other, s, c, "link is missing", "probability for margin", first="p = z")
            yield said(
                loss,
                STYLES[(k + 2) % 3],
                s,
                c,
                "link is applied twice",
                "link twice",
                first="p = 1/(1 + np.exp(-1/(1 + np.exp(-z))))",
            )
            yield said(
                loss,
                other,
                f"({s})*p*(1 - p)",
                c,
                "stands in it, and should not|twice",
                "local factor too much",
            )
        if loss.labels:
            yield said(
                loss, other, s, c, "taken for|wrong sign|exchanged", "labels recoded", head="y = 2*y - 1; "
            )
            yield said(loss, STYLES[(k + 2) % 3], s, c, "exchanged", "classes exchanged", head="y = 1 - y; ")
        if loss.cost.startswith("neuron"):
            yield said(loss, other, "p - y", c, "factor .* is missing", "local factor missing")
        if loss.cost == "quantile":
            for way in STYLES:
                yield said(loss, way, "np.where(y < z, tau, -(1 - tau))", c, "exchanged", "tau and 1 - tau")
        if loss.constants and loss.cost in ("huber", "epsilon-insensitive"):
            name = loss.constants[0][0]
            yield said(loss, other, s.replace("np.abs(z - y)", "(z - y)"), c, "abs|condition", "missing abs")
            del name


class Edit(ast.NodeTransformer):
    """Changes the n-th place of one kind in an expression."""

    def __init__(self, kind: str, place: int) -> None:
        self.kind, self.place, self.done = kind, place, ""

    def _here(self) -> bool:
        self.place -= 1
        return self.place == -1

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if self.kind == "sign" and isinstance(node.op, ast.Add | ast.Sub) and self._here():
            self.done = "sign|wrong|missing|stands|times|factor|exponent"
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            return node
        if self.kind == "factor" and isinstance(node.op, ast.Mult) and self._here():
            self.done = "missing|left out|times too|stands|exponent|sign"
            return self.generic_visit(node.left if self.place % 2 else node.right)
        if self.kind == "term" and isinstance(node.op, ast.Add | ast.Sub) and self._here():
            self.done = "missing|left out|stands|times too|taken as 0|another condition|factor|sign"
            return node.left
        if self.kind == "divide" and isinstance(node.op, ast.Div) and self._here():
            self.done = "missing|divide|turned over|times too|stands|factor|exponent|left out"
            node.op = ast.Mult()
            return node
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self.kind == "number" and isinstance(node.value, int | float) and node.value and self._here():
            self.done = (
                "stands where|stands twice|times too|missing|exponent|too large|bend|sign|wrong|left out"
            )
            return ast.Constant(2 * node.value)
        return node


def edits(seed: int = 0) -> Iterator[Written]:
    """Wrong ones by edits of the tree of the slope or the curvature, blind to what they mean."""
    rng = random.Random(seed)
    for loss in LOSSES:
        found: list[Written] = []
        for which, text in (("slope", loss.slope), ("curve", loss.curve)):
            if which == "curve" and ("np.ones" in text or "np.where" in text):
                continue
            for kind in ("sign", "factor", "term", "divide", "number"):
                for place in range(4):
                    edit = Edit(kind, place)
                    tree = edit.visit(ast.fix_missing_locations(copy.deepcopy(ast.parse(text, mode="eval"))))
                    if not edit.done:
                        break
                    new = ast.unparse(ast.fix_missing_locations(tree))
                    style = rng.choice(STYLES[:3] if which == "curve" else STYLES)
                    slope, curve = (new, loss.curve) if which == "slope" else (loss.slope, new)
                    if style == "parameters" and "z" not in new and "p" not in new:
                        style = "numpy"
                    if style != "parameters":
                        slope, curve = f"({slope}) + 0*z", f"({curve}) + 0*z"
                    found.append(
                        said(loss, style, slope, curve, edit.done, f"{kind} {place} of the {which}: {new}")
                    )
        rng.shuffle(found)
        yield from found[:14]
