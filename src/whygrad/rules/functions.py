"""The derivative of every elementary function: one row each, run from its statement alone."""

from __future__ import annotations

from typing import Final

from whygrad.rules.rule import Rule, nonzero, positive


def _row(
    name: str,
    statement: str,
    because: str,
    *where: object,
    title: str = "",
    source: str = "spivak2008, ch. 10",
    example: str = "",
    id: str = "",
) -> Rule:
    return Rule(
        id=f"derivative/{id or name}",
        title=title or f"derivative of {name}",
        statement=statement,
        because=because,
        where=tuple(w for w in where),  # pyright: ignore[reportArgumentType]
        examples=(example or f"{name}(3 t)",),
        source=source,
        brief=title or f"derivative of {name}",
    )


FUNCTION_RULES: Final[dict[str, Rule]] = {
    "exp": _row(
        "exp",
        "D(exp(u)) = exp(u) * D(u)",
        "The exponential is its own derivative; multiply by the derivative of the exponent {u}.",
    ),
    "log": _row(
        "log",
        "D(log(u)) = 1/u * D(u)",
        "The derivative of log is one over what stands inside, {u}; multiply by the derivative of that.",
        positive("u"),
        example="log(2 + t^2)",
    ),
    "log1p": _row("log1p", "D(log1p(u)) = 1/(1 + u) * D(u)", "log1p(u) is log(1 + u).", example="log1p(t^2)"),
    "expm1": _row("expm1", "D(expm1(u)) = exp(u) * D(u)", "expm1(u) is exp(u) - 1; the constant falls away."),
    "sqrt": _row(
        "sqrt",
        "D(sqrt(u)) = 1/(2 * sqrt(u)) * D(u)",
        "A root is the power 1/2: bring 1/2 down and lower the exponent to -1/2.",
        positive("u"),
        title="derivative of the root",
        example="sqrt(1 + t^2)",
    ),
    "abs": _row(
        "abs",
        "D(abs(u)) = sign(u) * D(u)",
        "|u| is u where u is positive and -u where it is negative: slope +1 or -1, the sign of {u}.",
        nonzero("u"),
        title="derivative of |u|",
    ),
    "sign": _row(
        "sign",
        "D(sign(u)) = 0",
        "The sign is constant on both sides of 0.",
        nonzero("u"),
    ),
    "sigmoid": _row(
        "sigmoid",
        "D(sigmoid(u)) = sigmoid(u) * (1 - sigmoid(u)) * D(u)",
        "The sigmoid's derivative is itself times one minus itself.",
        title="derivative of σ",
        source="bishop2006, eq. 4.88",
    ),
    "tanh": _row(
        "tanh",
        "D(tanh(u)) = (1 - tanh(u)^2) * D(u)",
        "The derivative of tanh is one minus its square.",
        source="dlmf, 4.34.9",
    ),
    "softplus": _row(
        "softplus",
        "D(softplus(u)) = sigmoid(u) * D(u)",
        "softplus is log(1 + e^u); its slope is the sigmoid.",
        source="goodfellow2016, eq. 3.41",
    ),
    "relu": _row(
        "relu",
        "D(relu(u)) = (u > 0) * D(u)",
        "ReLU passes positive values with slope 1 and stops the others with slope 0.",
        nonzero("u"),
        title="derivative of ReLU",
        source="goodfellow2016, sec. 6.3.1",
    ),
    "gelu": _row(
        "gelu",
        "D(gelu(u)) = (Phi(u) + u * exp(-u^2/2)/sqrt(2*pi)) * D(u)",
        "gelu(u) is u times the normal distribution function; product rule.",
        title="derivative of GELU",
        source="hendrycks2016",
    ),
    "silu": _row(
        "silu",
        "D(silu(u)) = (sigmoid(u) + u * sigmoid(u) * (1 - sigmoid(u))) * D(u)",
        "silu(u) is u times sigmoid(u); product rule.",
        title="derivative of SiLU",
        source="hendrycks2016",
    ),
    "sin": _row("sin", "D(sin(u)) = cos(u) * D(u)", "The slope of sin is cos."),
    "cos": _row("cos", "D(cos(u)) = -sin(u) * D(u)", "The slope of cos is minus sin."),
    "tan": _row(
        "tan",
        "D(tan(u)) = (1 + tan(u)^2) * D(u)",
        "tan is sin over cos; quotient rule.",
        example="tan(t/4)",
    ),
    "sinh": _row("sinh", "D(sinh(u)) = cosh(u) * D(u)", "The slope of sinh is cosh."),
    "cosh": _row("cosh", "D(cosh(u)) = sinh(u) * D(u)", "The slope of cosh is sinh."),
    "asin": _row("asin", "D(asin(u)) = 1/sqrt(1 - u^2) * D(u)", "From sin(asin u) = u.", example="asin(t/4)"),
    "acos": _row(
        "acos",
        "D(acos(u)) = -1/sqrt(1 - u^2) * D(u)",
        "acos u is pi/2 - asin u.",
        example="acos(t/4)",
    ),
    "atan": _row("atan", "D(atan(u)) = 1/(1 + u^2) * D(u)", "From tan(atan u) = u."),
    "erf": _row(
        "erf",
        "D(erf(u)) = 2/sqrt(pi) * exp(-u^2) * D(u)",
        "erf is an integral; its slope is what is integrated.",
        source="dlmf, 7.2.1",
    ),
    "erfc": _row(
        "erfc",
        "D(erfc(u)) = -2/sqrt(pi) * exp(-u^2) * D(u)",
        "erfc is 1 - erf.",
        source="dlmf, 7.2.2",
    ),
    "Phi": _row(
        "Phi",
        "D(Phi(u)) = exp(-u^2/2)/sqrt(2*pi) * D(u)",
        "The slope of a distribution function is its density.",
        title="derivative of Φ",
        source="dlmf, 7.2.1",
    ),
    "lgamma": _row(
        "lgamma",
        "D(lgamma(u)) = digamma(u) * D(u)",
        "The digamma function is defined as this derivative.",
        positive("u"),
        source="dlmf, 5.2.2",
        example="lgamma(2 + t^2)",
    ),
    "digamma": _row(
        "digamma",
        "D(digamma(u)) = trigamma(u) * D(u)",
        "The trigamma function is defined as this derivative.",
        positive("u"),
        source="dlmf, 5.15.1",
        example="digamma(2 + t^2)",
    ),
    "Gamma": _row(
        "Gamma",
        "D(Gamma(u)) = Gamma(u) * digamma(u) * D(u)",
        "log Γ has the derivative digamma; multiply by Γ itself.",
        positive("u"),
        source="dlmf, 5.2.2",
        example="Gamma(2 + t^2)",
        id="gamma",
    ),
    "beta": _row(
        "beta",
        "D(beta(u, v)) = beta(u, v) * ((digamma(u) - digamma(u + v)) * D(u)"
        " + (digamma(v) - digamma(u + v)) * D(v))",
        "B(u, v) is Γ(u)Γ(v)/Γ(u + v); differentiate its logarithm.",
        positive("u"),
        positive("v"),
        source="dlmf, 5.12.1",
        example="beta(2 + t^2, 3)",
    ),
    "floor": _row(
        "floor",
        "D(floor(u)) = 0",
        "floor is constant between integers.",
        title="derivative of floor",
    ),
    "max": _row(
        "max",
        "D(max(u, v)) = D(u) * (u >= v) + D(v) * (v > u)",
        "The larger one counts, the other has no influence.",
        title="derivative of max",
        example="max(t, 2 - t)",
    ),
    "min": _row(
        "min",
        "D(min(u, v)) = D(u) * (u <= v) + D(v) * (v < u)",
        "The smaller one counts, the other has no influence.",
        title="derivative of min",
        example="min(t, 2 - t)",
    ),
    "clip": _row(
        "clip",
        "D(clip(u, v, w)) = (u > v) * (u < w) * D(u) + (u <= v) * D(v) + (u >= w) * D(w)",
        "Between the bounds clip passes u; outside it stands still at a bound.",
        title="derivative of clip",
        example="clip(t, 0, 2)",
    ),
}
"""Function name -> its row. ``trigamma`` has none: asking for it is an error that says so."""
