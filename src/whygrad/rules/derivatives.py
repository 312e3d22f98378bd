"""The rules of differentiation that are not about one function."""

from __future__ import annotations

from typing import Final

from whygrad.rules.functions import FUNCTION_RULES
from whygrad.rules.rule import Rule, constant, nonzero, positive

_SPIVAK = "spivak2008, ch. 10"

STRUCTURE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "derivative/constant",
        "constant",
        "D(c) = 0",
        "{c} does not hold the variable, so its derivative is 0.",
        where=(constant("c"),),
        minor=True,
        examples=("5", "a + 2"),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/variable",
        "derivative of the variable",
        "D(x) = 1",
        "The variable changes at the rate of itself: 1.",
        minor=True,
        examples=("t",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/other-entry",
        "derivative of one entry by another",
        "D(w[k], w[j]) = delta[k,j]",
        "{u} moves with {x} only where both are the same entry: Kronecker's delta, 1 there and 0 elsewhere.",
        examples=("w[k]",),
        source="graham1994, sec. 2.1",
    ),
    Rule(
        "derivative/sum",
        "sum rule",
        "D(u + v) = D(u) + D(v)",
        "Differentiate term by term.",
        examples=("t^2 + exp(t)",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/constant-factor",
        "constant factor",
        "D(c * u) = c * D(u)",
        "{c} does not hold the variable; it waits in front.",
        where=(constant("c"),),
        examples=("3 t^2", "a exp(t)"),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/product",
        "product rule",
        "D(u * v) = D(u) * v + u * D(v)",
        "Each factor is differentiated once while the others stay.",
        examples=("t exp(t)", "t exp(t) sin(t)"),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/quotient",
        "quotient rule",
        "D(u / v) = (D(u) * v - u * D(v)) / v^2",
        "Derivative of the top times the bottom, minus top times derivative of the bottom, over the bottom squared.",
        where=(nonzero("v"),),
        examples=("t/(1 + t^2)",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/reciprocal",
        "derivative of one over",
        "D(1 / u) = -1/u^2 * D(u)",
        "One over {u} is the power -1: bring -1 down, lower the exponent to -2.",
        where=(nonzero("u"),),
        examples=("1/(1 + t^2)",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/power",
        "power rule",
        "D(u^n) = n * u^(n - 1) * D(u)",
        "Bring the exponent {n} down, lower it by one, and multiply by the derivative of {u}.",
        where=(constant("n"), positive("u")),
        examples=("t^3", "(1 + t^2)^a"),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/exponential",
        "derivative of a power with the variable in the exponent",
        "D(c^u) = log(c) * c^u * D(u)",
        "c^u is e^(u log c).",
        where=(constant("c"), positive("c")),
        examples=("2^t",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/general-power",
        "derivative of a power with the variable above and below",
        "D(u^v) = u^v * (D(v) * log(u) + v * D(u) / u)",
        "u^v is e^(v log u); product rule in the exponent.",
        where=(positive("u"),),
        examples=("(1 + t^2)^t",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/chain",
        "chain rule",
        "D(exp(u)) = exp(u) * D(u)",
        "Outer derivative at the inner function, times the inner derivative: one factor for each link.",
        examples=("exp(-t)", "log(1 + t^2)"),
        source=_SPIVAK,
        see=("derivative/exp", "chain/product"),
    ),
    Rule(
        "derivative/through-sum",
        "derivative through a sum",
        "D(sum_k u[k]) = sum_k D(u[k])",
        "A sum is differentiated term by term; its bound letter is not the one differentiated by.",
        examples=("sum_k w[k] a[k]",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/through-product",
        "derivative through a product over an index",
        "D(prod_k u[k]) = sum_l D(u[l]) * prod_k (u[k] if k != l else 1)",
        "The product rule with many factors: each is differentiated once while the others stay.",
        examples=("prod_k w[k]",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/through-max",
        "derivative through a maximum over an index",
        "D(max_k u[k]) = sum_l (u[l] == max_k u[k]) * D(u[l])",
        "Only the entry that attains the maximum counts (where one does, alone).",
        examples=("max_k w[k] a[k]",),
        source="boyd2004, sec. 3.2.3",
    ),
    Rule(
        "derivative/through-min",
        "derivative through a minimum over an index",
        "D(min_k u[k]) = sum_l (u[l] == min_k u[k]) * D(u[l])",
        "Only the entry that attains the minimum counts (where one does, alone).",
        examples=("min_k w[k] a[k]",),
        source="boyd2004, sec. 3.2.3",
    ),
    Rule(
        "derivative/cases",
        "derivative of cases",
        "D(u if a > 0 else v) = (D(u) if a > 0 else D(v))",
        "Each branch is differentiated on its own; the conditions stay. At the border the branch taken counts.",
        examples=("(t^2 if t > 0 else 0)",),
        source=_SPIVAK,
    ),
    Rule(
        "derivative/step",
        "derivative of a condition",
        "D(u > v) = 0",
        "A condition is 0 or 1 and does not move between its jumps.",
        minor=True,
        examples=("(t > 0)",),
        source=_SPIVAK,
    ),
)

DERIVATIVE_RULES: Final[dict[str, Rule]] = {
    rule.id: rule for rule in (*STRUCTURE_RULES, *FUNCTION_RULES.values())
}
"""Every derivative rule by id."""
