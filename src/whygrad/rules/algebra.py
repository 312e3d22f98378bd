"""Rules that keep the value: house-keeping, algebra, logarithms, sums, definitions, the chain."""

from __future__ import annotations

from typing import Final

from whygrad.rules.rule import Rule, nonzero, positive

_ALGEBRA = "spivak2008, ch. 1"
_SUMS = "graham1994, ch. 2"

HOUSEKEEPING: Final[tuple[Rule, ...]] = (
    Rule("algebra/tidy", "tidy up", "1 * u = u", "House-keeping: ones, zeros, signs and numbers.",
         minor=True, examples=("1 * t + 0",), source=_ALGEBRA),
    Rule("algebra/one-factor", "a factor 1", "1 * u = u", "A factor 1 changes nothing.",
         minor=True, examples=("1 * t",), source=_ALGEBRA),
    Rule("algebra/zero-factor", "a factor 0", "0 * u = 0", "A factor 0 makes the product 0.",
         minor=True, examples=("0 * t",), source=_ALGEBRA),
    Rule("algebra/zero-term", "a term 0", "u + 0 = u", "A term 0 changes nothing.",
         minor=True, examples=("t + 0",), source=_ALGEBRA),
    Rule("algebra/numbers", "numbers worked out", "2 * 3 = 6", "The numbers are worked out and stand in front.",
         minor=True, examples=("2 * 3 * t", "t * 2 * 1/2"), source=_ALGEBRA),
    Rule("algebra/minus-front", "minus to the front", "u * (-v) = -(u * v)", "The minus of a factor is the minus of the product.",
         minor=True, examples=("t * (-1)",), source=_ALGEBRA),
    Rule("algebra/power-one", "exponent 1", "u^1 = u", "The power 1 is the thing itself.",
         minor=True, examples=("t^1",), source=_ALGEBRA),
    Rule("algebra/power-zero", "exponent 0", "u^0 = 1", "The power 0 is 1.",
         where=(nonzero("u"),), minor=True, examples=("t^0",), source=_ALGEBRA),
    Rule("algebra/power-of-power", "power of a power", "(u^2)^3 = u^6", "Exponents multiply.",
         minor=True, examples=("(t^2)^3",), source=_ALGEBRA),
    Rule("algebra/same-base", "powers of one base", "u * u = u^2", "Exponents of one base add up.",
         minor=True, examples=("t * t",), source=_ALGEBRA),
    Rule("algebra/known-value", "a known value", "log(1) = 0", "log 1 = 0, e^0 = 1, tanh 0 = 0.",
         minor=True, examples=("log(1) + t",), source=_ALGEBRA),
    Rule("algebra/same-branches", "one value in every case", "(u if a > 0 else u) = u",
         "All cases say the same.", minor=True, examples=("(t if t > 0 else t)",), source=_ALGEBRA),
    Rule("algebra/condition-known", "a condition that is settled", "(2 > 1) * u = u",
         "The condition holds, or does not, whatever the variables.", minor=True,
         examples=("(2 > 1) * t",), source=_ALGEBRA),
    Rule("algebra/double-fraction", "one over a fraction", "1/(u/v) = v/u",
         "One over a fraction turns it round.", where=(nonzero("u"), nonzero("v")), minor=True,
         examples=("1/(1/t)",), source=_ALGEBRA),
)

ALGEBRA: Final[tuple[Rule, ...]] = (
    Rule("algebra/cancel", "cancel", "(u * v) / u = v", "{u} stands above and below and cancels.",
         where=(nonzero("u"),), examples=("a t / t",), source=_ALGEBRA),
    Rule("algebra/multiply-in", "multiply in and cancel", "(a/u + b/v) * u * v = a*v + b*u",
         "Each term is multiplied by the factors outside; what stands above and below cancels.",
         where=(nonzero("u"), nonzero("v")), examples=("(a/t + b/(1 + t^2)) * t * (1 + t^2)",), source=_ALGEBRA),
    Rule("algebra/minus-in", "minus into the bracket", "-(u + v) = -u - v",
         "A minus in front of a bracket turns every sign inside.", examples=("-(t - a)",), source=_ALGEBRA),
    Rule("algebra/multiply-out", "multiply out", "(u + v) * w = u*w + v*w",
         "Every term of the bracket is multiplied.", examples=("(t + a) * b",), source=_ALGEBRA),
    Rule("algebra/collect", "collect like terms", "a*u + b*u = (a + b)*u",
         "Terms with the same factors are counted together.", examples=("2 t + 3 t", "t - t + a"), source=_ALGEBRA),
    Rule("algebra/multiply-out-collect", "multiply out and collect", "a*(1 - u) - (1 - a)*u = a - u",
         "Multiplied out, {u} cancels.", examples=("a (1 - t) - (1 - a) t",), source=_ALGEBRA),
    Rule("algebra/factor-out", "factor out", "u*w + v*w = (u + v)*w",
         "{w} is a factor of every term.", examples=("a t + b t",), source=_ALGEBRA),
    Rule("algebra/common-denominator", "common denominator", "u + v/w = (u*w + v)/w",
         "Every term is brought over {w}.", where=(nonzero("w"),), examples=("a + b/(1 + t^2)",), source=_ALGEBRA),
    Rule("algebra/split-fraction", "split the fraction", "(u + v)/w = u/w + v/w",
         "A fraction with a sum above is a sum of fractions.", where=(nonzero("w"),),
         examples=("(a + t)/t",), source=_ALGEBRA),
    Rule("algebra/divide", "write the numerator with the denominator", "u = (u - a*v) + a*v",
         "The numerator is written as a multiple of {w} and a rest.", examples=("(t^2 + 1 + a)/(1 + t^2)",), source=_ALGEBRA),
    Rule("algebra/turn-bracket", "turn the bracket", "-(u - v) = v - u",
         "A minus turns the difference round.", examples=("-(a - t)",), source=_ALGEBRA),
    Rule("algebra/abs-sign", "absolute value and sign", "abs(u) * sign(u) = u", "|u| times its sign is u.",
         examples=("abs(t) sign(t)",), source=_ALGEBRA),
    Rule("algebra/algebra", "algebra (proved)", "u = u",
         "Several small steps at once; the two forms were proved equal.", examples=(), source=_ALGEBRA),
)

LOGS: Final[tuple[Rule, ...]] = (
    Rule("log/product", "log of a product", "log(u * v) = log(u) + log(v)",
         "The logarithm turns a product into a sum.", where=(positive("u"), positive("v")),
         examples=("log(2 exp(t))",), source="dlmf, 4.8.1"),
    Rule("log/quotient", "log of a quotient", "log(u / v) = log(u) - log(v)",
         "The logarithm turns a quotient into a difference.", where=(positive("u"), positive("v")),
         examples=("log(exp(t)/2)",), source="dlmf, 4.8.1"),
    Rule("log/reciprocal", "log of one over", "log(1 / u) = -log(u)",
         "The log of one over {u} is minus the log of {u}.", where=(positive("u"),),
         examples=("log(1/(1 + t^2))",), source="dlmf, 4.8.1"),
    Rule("log/power", "log of a power", "log(u^n) = n * log(u)",
         "The exponent comes down in front.", where=(positive("u"),), examples=("log((1 + t^2)^3)",), source="dlmf, 4.8.3"),
    Rule("log/exp", "log of an exponential", "log(exp(u)) = u",
         "log and exp undo each other.", examples=("log(exp(t))",), source="dlmf, 4.2.6"),
    Rule("exp/log", "exponential of a log", "exp(log(u)) = u",
         "exp and log undo each other.", where=(positive("u"),), examples=("exp(log(1 + t^2))",), source="dlmf, 4.2.6"),
    Rule("exp/product", "product of exponentials", "exp(u) * exp(v) = exp(u + v)",
         "The exponents add up.", examples=("exp(t) exp(a)",), source="dlmf, 4.8.7"),
    Rule("exp/sign", "one over an exponential", "1/exp(u) = exp(-u)",
         "One over e^u is e to the minus u.", examples=("1/exp(t)",), source="dlmf, 4.8.7"),
)

FUNCTIONS: Final[tuple[Rule, ...]] = (
    Rule("function/sigmoid", "σ written out", "sigmoid(u) = 1/(1 + exp(-u))",
         "What the sigmoid is.", examples=("sigmoid(t)",), source="bishop2006, eq. 4.59"),
    Rule("function/softplus", "softplus written out", "softplus(u) = log(1 + exp(u))",
         "What softplus is.", examples=("softplus(t)",), source="goodfellow2016, eq. 3.31"),
    Rule("function/tanh", "tanh written out", "tanh(u) = (exp(u) - exp(-u))/(exp(u) + exp(-u))",
         "What tanh is.", examples=("tanh(t)",), source="dlmf, 4.28.2"),
    Rule("function/silu", "silu written out", "silu(u) = u/(1 + exp(-u))",
         "What silu is.", examples=("silu(t)",), source="hendrycks2016"),
    Rule("function/gelu", "gelu written out", "gelu(u) = u * Phi(u)",
         "What gelu is.", examples=("gelu(t)",), source="hendrycks2016"),
    Rule("function/log1p", "log1p written out", "log1p(u) = log(1 + u)", "What log1p is.",
         examples=("log1p(t^2)",), source="dlmf, 4.2"),
    Rule("function/expm1", "expm1 written out", "expm1(u) = exp(u) - 1", "What expm1 is.",
         examples=("expm1(t)",), source="dlmf, 4.2"),
    Rule("function/sigmoid-complement", "one minus σ", "1 - 1/(1 + exp(-u)) = exp(-u)/(1 + exp(-u))",
         "Over the common denominator, 1 + e^(-u) - 1 is left above.", examples=("1 - 1/(1 + exp(-t))",),
         source="bishop2006, eq. 4.60"),
)

SUMS: Final[tuple[Rule, ...]] = (
    Rule("sum/rename", "rename the bound index", "sum_j u[j] = sum_k u[k]",
         "The letter {b} is already taken by the variable, so the sum's own letter becomes {c}; a bound letter is only a name.",
         examples=("sum_k a[k]",), source=_SUMS),
    Rule("sum/sift", "the delta sifts the sum", "sum_k delta[k,j] * u[k] = u[j]",
         "Of all terms only {a} = {b} is left: everywhere else the delta is 0.",
         examples=("sum_k delta[k,j] a[k]",), source=_SUMS),
    Rule("sum/constant-out", "pull out of the sum", "sum_k c * u[k] = c * sum_k u[k]",
         "{c} does not hold the summed index.", examples=("sum_k b a[k]",), source=_SUMS),
    Rule("sum/split", "split the sum", "sum_k (u[k] + v[k]) = sum_k u[k] + sum_k v[k]",
         "A sum of sums is taken one by one.", examples=("sum_k (a[k] + a[k]^2)",), source=_SUMS),
    Rule("sum/constant-body", "sum of a constant", "sum_k c = n * c",
         "The same term is counted once for every position.", examples=("sum_k b",), source=_SUMS),
    Rule("sum/to-one", "entries sum to one", "sum_k y[k] = 1",
         "{a} has entries that sum to 1 (declared).", examples=(), source="bishop2006, sec. 4.3.4"),
    Rule("sum/delta-value", "the delta's value", "delta[k,j] * u[k] = delta[k,j] * u[j]",
         "Where the delta is not 0 the two letters are one.", examples=("delta[k,j] a[k]",), source=_SUMS),
)

DEFINITIONS: Final[tuple[Rule, ...]] = (
    Rule("definition/unfold", "put in the definition", "u = u", "The definition of {u} is put in.",
         minor=True, source="house"),
    Rule("definition/fold", "back to the name", "u = u", "{u} by its definition.", source="house"),
    Rule("definition/fold-complement", "one minus the name", "u = u", "{v} is {u} by the definition.", source="house"),
    Rule("definition/function", "put in the function", "u = u", "The definition of the function is put in.", source="house"),
)

CHAIN: Final[tuple[Rule, ...]] = (
    Rule("chain/product", "chain rule", "D(exp(u)) = exp(u) * D(u)",
         "One local derivative for each link, multiplied.", examples=("exp(-t)",), source="spivak2008, ch. 10",
         see=("derivative/chain",)),
    Rule("chain/paths", "chain rule along every path", "D(u * v) = v * D(u) + u * D(v)",
         "The variable acts along several paths: their contributions are added.", examples=("t exp(t)",),
         source="griewank2008, ch. 3"),
    Rule("chain/put-in", "put in the local derivatives", "u = u", "The results above are put in.", source="house"),
    Rule("chain/differentiate", "differentiate", "u = u", "Differentiated by the rules named.", source="house"),
)

ALGEBRA_RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for rule in (*HOUSEKEEPING, *ALGEBRA, *LOGS, *FUNCTIONS, *SUMS, *DEFINITIONS, *CHAIN)
}
"""Every value-keeping rule by id."""

