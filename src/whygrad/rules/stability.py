"""Stability rules: the same value by safer numbers.

A formula copied from a textbook overflows, or loses all its digits to a subtraction, at ordinary
values: 1/(1 + e^{-z}) at z = −1000, log(1 − f) where f has rounded to 1, f − y where f is near y.
Each row turns such a formula into one that is exact to rounding on the whole line. They are used on
the way to numbers only (:mod:`whygrad.lower.stabilise`), never in a derivation, and the ids stand
as comments in the source that is generated.

The order matters: the first row that fits is taken. ``y`` stands for a label in {0, 1}.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from whygrad.core.expr import Expr
from whygrad.rules.rule import HOLES, Condition, Rule
from whygrad.syntax.statement import read_statement

HIGHAM: Final = "N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, SIAM, 2002"
BLANCHARD: Final = (
    "P. Blanchard, D. J. Higham and N. J. Higham, Accurately computing the log-sum-exp and softmax "
    "functions, IMA Journal of Numerical Analysis 41, 2021."
)
MAECHLER: Final = "M. Mächler, Accurately computing log(1 − exp(−|a|)), vignette of Rmpfr, 2012."
COVER: Final = "T. M. Cover and J. A. Thomas, Elements of Information Theory, 2nd edition, Wiley, 2006"


@dataclass(frozen=True)
class StabilityRule(Rule):
    """A rule whose hole ``label`` (if any) must be data declared ``in {0,1}``.

    ``code`` says that matching cannot express it: :mod:`whygrad.lower.stabilise` has a function
    under the rule's id.
    """

    label: str = ""
    code: bool = False

    @cached_property
    def sides(self) -> tuple[Expr, Expr]:
        """Both sides of the statement as patterns; the label is a hole, too."""
        return read_statement(self.statement, (*HOLES, *filter(None, (self.label,))))


STABILITY: Final[tuple[StabilityRule, ...]] = (
    # --- recognise what is written out ----------------------------------------------------------
    StabilityRule(
        "stability/sigmoid-written-out",
        "sigmoid, written out",
        "1/(1 + exp(u)) = sigmoid(-u)",
        "e^{u} overflows for large {u}; the sigmoid is computed from e^{-|u|}, which cannot.",
        examples=("1/(1 + exp(-z))",),
        source=f"{HIGHAM}, ch. 1",
    ),
    StabilityRule(
        "stability/sigmoid-power",
        "power of a sigmoid, written out",
        "(1 + exp(u))^(-n) = sigmoid(-u)^n",
        "e^{u} overflows for large {u}; the sigmoid cannot.",
        where=(Condition("positive", "n"),),
        examples=("(1 + exp(-z))^(-2)",),
        source="goodfellow2016, sec. 3.10",
    ),
    StabilityRule(
        "stability/sigmoid-times-exp",
        "sigmoid times an exponential",
        "exp(u) * sigmoid(-u) = sigmoid(u)",
        "e^{u}/(1 + e^{u}) is infinity over infinity for large {u}; the sigmoid of {u} is 1 there.",
        examples=("exp(z) * sigmoid(-z)",),
        source=BLANCHARD,
    ),
    StabilityRule(
        "stability/softmax",
        "softmax with the largest taken off",
        "exp(u)/sum_k exp(v) = exp(u - max_k v)/sum_k exp(v - max_k v)",
        "Numerator and denominator are both divided by the largest exponential, so none overflows.",
        source=BLANCHARD,
        code=True,
    ),
    StabilityRule(
        "stability/cancel",
        "a factor cancels before it is divided by",
        "u * (v/u + w) = v + u * w",
        "Where {u} has vanished, 0 times infinity is not a number; cancelled, nothing is divided.",
        examples=("sigmoid(z) * (v/sigmoid(z) + w)",),
        source=f"{HIGHAM}, ch. 1",
        code=True,
    ),
    StabilityRule(
        "stability/share-of-exponential",
        "an exponential as a share of itself and a constant",
        "exp(u)/(v + exp(u)) = sigmoid(u - log(v))",
        "e^{u} overflows for large {u}, and infinity by infinity is not a number.",
        where=(Condition("positive", "v"),),
        examples=("exp(u)/(3 + exp(u))",),
        source=f"{HIGHAM}, ch. 1",
    ),
    # --- one minus ------------------------------------------------------------------------------
    StabilityRule(
        "stability/label-minus-sigmoid",
        "sigmoid minus its label",
        "sigmoid(u) - y = (1 - 2 y) * sigmoid((1 - 2 y) * u)",
        "Where the prediction is near its label the difference has no digits left; the sigmoid of "
        "the margin has them all.",
        examples=("sigmoid(z) - y",),
        source=BLANCHARD,
        label="y",
    ),
    StabilityRule(
        "stability/one-minus-sigmoid",
        "one minus a sigmoid",
        "1 - sigmoid(u) = sigmoid(-u)",
        "The sigmoid of {u} rounds to 1 from about 37 on; that of −{u} keeps its digits.",
        examples=("1 - sigmoid(z)",),
        source="goodfellow2016, sec. 3.10",
    ),
    StabilityRule(
        "stability/one-minus-tanh-squared",
        "one minus a squared tanh",
        "1 - tanh(u)^2 = 4 * sigmoid(2 * u) * sigmoid(-2 * u)",
        "tanh rounds to 1 from about 19 on; the product of sigmoids keeps its digits.",
        examples=("1 - tanh(z)^2",),
        source="dlmf, 4.28",
    ),
    StabilityRule(
        "stability/expm1",
        "an exponential minus one",
        "exp(u) - 1 = expm1(u)",
        "For small {u} the subtraction would leave only rounding errors.",
        examples=("exp(u) - 1",),
        source=f"{HIGHAM}, sec. 1.14",
    ),
    StabilityRule(
        "stability/one-plus-expm1",
        "an exponential minus one, plus one",
        "1 + expm1(u) = exp(u)",
        "The subtraction is undone before it costs digits.",
        examples=("1 + expm1(u)",),
        source=f"{HIGHAM}, sec. 1.14",
    ),
    # --- logarithms -----------------------------------------------------------------------------
    StabilityRule(
        "stability/log-exp",
        "logarithm of an exponential",
        "log(exp(u)) = u",
        "The exponential may overflow or vanish on the way; its logarithm is {u} itself.",
        examples=("log(exp(u))",),
        source="dlmf, 4.2",
    ),
    StabilityRule(
        "stability/log-exp-times",
        "logarithm of an exponential factor",
        "log(exp(u) * v) = u + log(v)",
        "The exponent leaves the logarithm before it can overflow or vanish.",
        examples=("log(exp(u) * v)",),
        source="dlmf, 4.8",
    ),
    StabilityRule(
        "stability/log-sigmoid",
        "logarithm of a sigmoid",
        "log(sigmoid(u)) = -softplus(-u)",
        "The sigmoid vanishes for very negative {u} and its logarithm would be −∞.",
        examples=("log(sigmoid(z))",),
        source="goodfellow2016, sec. 3.10",
    ),
    StabilityRule(
        "stability/log-sigmoid-times",
        "logarithm of a product with a sigmoid",
        "log(sigmoid(u) * v) = log(v) - softplus(-u)",
        "The logarithm of the sigmoid is taken on its own, where it is safe.",
        source="goodfellow2016, sec. 3.10",
    ),
    StabilityRule(
        "stability/softplus-written-out",
        "softplus, written out",
        "log(1 + exp(u)) = softplus(u)",
        "e^{u} overflows for large {u}, where the result is simply {u}.",
        examples=("log(1 + exp(u))",),
        source=MAECHLER,
    ),
    StabilityRule(
        "stability/softplus-shifted",
        "logarithm of an exponential and a constant",
        "log(v + exp(u)) = log(v) + softplus(u - log(v))",
        "e^{u} overflows for large {u}, where the result is simply {u}.",
        where=(Condition("positive", "v"),),
        examples=("log(3 + exp(u))",),
        source=MAECHLER,
    ),
    StabilityRule(
        "stability/log-cosh",
        "logarithm of a hyperbolic cosine",
        "log(cosh(u)) = (log1p(expm1(-abs(u))^2/(2*exp(-abs(u)))) if abs(u) < 1 else "
        "abs(u) + log1p(exp(-2*abs(u))) - log(2))",
        "cosh overflows for large {u}, and near 0 it is 1 and all digits of its logarithm are gone.",
        examples=("log(cosh(u))",),
        source="dlmf, 4.28",
    ),
    StabilityRule(
        "stability/log-sum-exp",
        "log-sum-exp with the largest taken out",
        "log(sum_k exp(u)) = max_k u + log(sum_k exp(u - max_k u))",
        "The largest exponent is taken out, so the sum lies between 1 and the number of terms.",
        source=BLANCHARD,
        code=True,
    ),
    StabilityRule(
        "stability/log-inverse",
        "logarithm of an inverse",
        "log(1/u) = -log(u)",
        "The quotient may overflow where the logarithm does not.",
        examples=("log(1/u)",),
        source="dlmf, 4.8",
    ),
    StabilityRule(
        "stability/log1p",
        "logarithm near one",
        "log(1 + u) = log1p(u)",
        "1 + {u} would drop the digits of a small {u}.",
        examples=("log(1 + u)",),
        source=f"{HIGHAM}, sec. 1.14",
    ),
    StabilityRule(
        "stability/x-log-x",
        "u log u at zero",
        "u * log(u) = u * log(1 if u == 0 else u)",
        "At {u} = 0 the product means its limit 0, and not 0 times −∞.",
        examples=("u * log(u)",),
        source=f"{COVER}, sec. 2.1",
    ),
    # --- the margin form of the cross-entropy ---------------------------------------------------
    StabilityRule(
        "stability/cross-entropy",
        "cross-entropy of a label",
        "y * softplus(-u) + (1 - y) * softplus(u) = softplus((1 - 2 y) * u)",
        "One of the two terms is 0; the margin picks the other.",
        examples=("y * softplus(-z) + (1 - y) * softplus(z)",),
        source="goodfellow2016, sec. 6.2",
        label="y",
    ),
    StabilityRule(
        "stability/cross-entropy-slope",
        "slope of the cross-entropy of a label",
        "(1 - y) * sigmoid(u) - y * sigmoid(-u) = (1 - 2 y) * sigmoid((1 - 2 y) * u)",
        "One of the two terms is 0; the margin picks the other.",
        examples=("(1 - y) * sigmoid(z) - y * sigmoid(-z)",),
        source="goodfellow2016, sec. 6.2",
        label="y",
    ),
    StabilityRule(
        "stability/softplus-minus-label",
        "softplus minus its label times the score",
        "softplus(u) - y * u = softplus((1 - 2 y) * u)",
        "For a label 1 and a large {u} two large numbers would cancel.",
        examples=("softplus(z) - y * z",),
        source=BLANCHARD,
        label="y",
    ),
)
"""Every stability rule, in the order in which they are tried."""
