"""What C and JavaScript call by name: each function's spelling, and as source those that a language lacks.

The helpers are written once, in C; :func:`javascript` respells them. Formulas by number are those of the
NIST Digital Library of Mathematical Functions (dlmf.nist.gov).
"""

from __future__ import annotations

import re
from typing import Final

OPERATORS: Final[dict[str, tuple[str, int, int, int]]] = {
    # sign, its strength, the strength its left and right operands must have
    "or": ("||", 1, 1, 2),
    "and": ("&&", 2, 2, 3),
    "eq": ("==", 3, 4, 4),
    "ne": ("!=", 3, 4, 4),
    "lt": ("<", 3, 4, 4),
    "le": ("<=", 3, 4, 4),
    "gt": (">", 3, 4, 4),
    "ge": (">=", 3, 4, 4),
    "add": ("+", 4, 4, 5),
    "sub": ("-", 4, 4, 5),
    "mul": ("*", 5, 5, 6),
    "div": ("/", 5, 5, 6),
    "neg": ("-", 6, 7, 7),
    "not": ("!", 6, 7, 7),
}
"""Operators of both languages, from the weakest."""

RENAMED: Final[dict[str, str]] = {
    "abs": "fabs",
    "min": "smaller",
    "max": "larger",
    "Gamma": "tgamma",
    "Phi": "normal_cdf",
    "beta": "beta_function",
}
"""Functions whose name is another one than the program's."""

C_HAS: Final = frozenset(
    "exp log log1p expm1 sqrt fabs sin cos tan sinh cosh tanh asin acos atan "
    "erf erfc lgamma tgamma floor pow".split()
)
"""What math.h declares."""

JAVASCRIPT_HAS: Final = C_HAS - {"erf", "erfc", "lgamma", "tgamma"}
"""What JavaScript's Math has (fabs is its abs)."""

HELPERS: Final[dict[str, str]] = {
    "sign": """\
static double sign(double u) {
    return u > 0.0 ? 1.0 : u < 0.0 ? -1.0 : u;
}""",
    "sigmoid": """\
/* 1/(1 + e^-u), from e^-|u|, which cannot overflow. */
static double sigmoid(double u) {
    double t = exp(-fabs(u));
    return (u >= 0.0 ? 1.0 : t) / (1.0 + t);
}""",
    "softplus": """\
/* log(1 + e^u) as max(u, 0) + log1p(e^-|u|). */
static double softplus(double u) {
    return (u > 0.0 ? u : 0.0) + log1p(exp(-fabs(u)));
}""",
    "relu": """\
static double relu(double u) {
    return u < 0.0 ? 0.0 : u;
}""",
    "silu": """\
static double silu(double u) {
    return u * sigmoid(u);
}""",
    "normal_cdf": """\
/* The normal distribution function. */
static double normal_cdf(double u) {
    return 0.5 * erfc(-u * sqrt(0.5));
}""",
    "gelu": """\
static double gelu(double u) {
    return u * normal_cdf(u);
}""",
    "smaller": """\
static double smaller(double a, double b) {
    return a < b || a != a ? a : b;
}""",
    "larger": """\
static double larger(double a, double b) {
    return a > b || a != a ? a : b;
}""",
    "clip": """\
static double clip(double u, double low, double high) {
    return smaller(larger(u, low), high);
}""",
    "erf": """\
/* DLMF 7.6.2, whose terms are all of one sign; beyond 1 from erfc. */
static double erf(double u) {
    if (!(fabs(u) < 1.0)) return u > 0.0 ? 1.0 - erfc(u) : u < 0.0 ? erfc(-u) - 1.0 : u;
    double term = u;
    double sum = u;
    for (double k = 1.0; k < 30.0; k += 1.0) {
        term *= 2.0 * u * u / (2.0 * k + 1.0);
        sum += term;
    }
    return 1.1283791670955126 * exp(-u * u) * sum;
}""",
    "erfc": """\
/* The continued fraction DLMF 7.9.3, from its 200th denominator up; below 1 from erf. */
static double erfc(double u) {
    if (u < 1.0) return u > -1.0 ? 1.0 - erf(u) : 2.0 - erfc(-u);
    double f = u;
    for (double k = 200.0; k > 0.0; k -= 1.0) f = u + 0.5 * k / f;
    return exp(-u * u) / (1.7724538509055160 * f);
}""",
    "lgamma": """\
/* Stirling's series, DLMF 5.11.1, after 5.5.1 has taken u > 0 beyond 15. */
static double lgamma(double u) {
    double shift = 1.0;
    while (u < 15.0) {
        shift *= u;
        u += 1.0;
    }
    double r = 1.0 / (u * u);
    double tail = 1.0 / 1188.0 + r * (-691.0 / 360360.0 + r / 156.0);
    tail = 1.0 / 12.0 + r * (-1.0 / 360.0 + r * (1.0 / 1260.0 + r * (-1.0 / 1680.0 + r * tail)));
    return (u - 0.5) * log(u) - u + 0.9189385332046727 + tail / u - log(shift);
}""",
    "tgamma": """\
static double tgamma(double u) {
    return exp(lgamma(u));
}""",
    "digamma": """\
/* DLMF 5.11.2, after 5.5.2 has taken u > 0 beyond 15. */
static double digamma(double u) {
    double shift = 0.0;
    while (u < 15.0) {
        shift += 1.0 / u;
        u += 1.0;
    }
    double r = 1.0 / (u * u);
    double tail = 1.0 / 240.0 + r * (-1.0 / 132.0 + r * 691.0 / 32760.0);
    tail = r * (1.0 / 12.0 + r * (-1.0 / 120.0 + r * (1.0 / 252.0 - r * tail)));
    return log(u) - 0.5 / u - tail - shift;
}""",
    "trigamma": """\
/* The derivative of digamma's series. */
static double trigamma(double u) {
    double shift = 0.0;
    while (u < 15.0) {
        shift += 1.0 / (u * u);
        u += 1.0;
    }
    double r = 1.0 / (u * u);
    double tail = 1.0 / 42.0 + r * (-1.0 / 30.0 + r * (5.0 / 66.0 - r * 691.0 / 2730.0));
    tail = 1.0 / 6.0 + r * (-1.0 / 30.0 + r * tail);
    return 1.0 / u + 0.5 * r + r * tail / u + shift;
}""",
    "beta_function": """\
static double beta_function(double u, double v) {
    return exp(lgamma(u) + lgamma(v) - lgamma(u + v));
}""",
    "place": """\
/* A position counted from 0; outside, the nearest one. */
static size_t place(double p, size_t n) {
    double last = (double)n - 1.0;
    return (size_t)(p < 0.0 ? 0.0 : p > last ? last : floor(p));
}""",
    "eliminate": """\
/* Gauss's elimination with the largest pivots, of n columns of the n x columns array a, and above the
   diagonal too where whole is 1; gives the sign of the exchanges of rows. */
static double eliminate(double *a, size_t n, size_t columns, int whole) {
    double sign = 1.0;
    for (size_t k = 0; k < n; k++) {
        size_t p = k;
        for (size_t r = k + 1; r < n; r++) {
            if (fabs(a[r * columns + k]) > fabs(a[p * columns + k])) p = r;
        }
        if (a[p * columns + k] == 0.0) return whole ? NAN : 0.0;
        if (p != k) sign = -sign;
        for (size_t c = 0; c < columns; c++) {
            double held = a[p * columns + c];
            a[p * columns + c] = a[k * columns + c];
            a[k * columns + c] = held;
        }
        for (size_t r = whole ? 0 : k + 1; r < n; r++) {
            double factor = r == k ? 0.0 : a[r * columns + k] / a[k * columns + k];
            for (size_t c = k; c < columns; c++) a[r * columns + c] -= factor * a[k * columns + c];
        }
    }
    return sign;
}""",
    "det": """\
static double det(double *a, size_t n) {
    double found = eliminate(a, n, n, 0);
    for (size_t k = 0; k < n; k++) found *= a[k * n + k];
    return found;
}""",
    "logdet": """\
/* The logarithm of the determinant, without computing the determinant. */
static double logdet(double *a, size_t n) {
    double sign = eliminate(a, n, n, 0);
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        sum += log(fabs(a[k * n + k]));
        if (a[k * n + k] < 0.0) sign = -sign;
    }
    return sign > 0.0 ? sum : NAN;
}""",
    "inv": """\
/* The right half of a, which holds a matrix and the identity, becomes the inverse (times ok, NAN if none). */
static double inv(double *a, size_t n) {
    double ok = eliminate(a, n, 2 * n, 1);
    for (size_t r = 0; r < n; r++) {
        for (size_t c = n; c < 2 * n; c++) a[r * 2 * n + c] /= a[r * 2 * n + r];
    }
    return ok == ok ? 1.0 : NAN;
}""",
}
"""By name, those that use others after them."""


def needed(text: str, has: frozenset[str]) -> list[str]:
    """The helpers that a text calls, and those that they call, in the order of the table."""
    found: set[str] = set()
    todo = [text]
    while todo:
        body = todo.pop()
        for name in HELPERS:
            if name not in found and name not in has and re.search(rf"\b{name}\(", body):
                found.add(name)
                todo.append(HELPERS[name])
    return [name for name in HELPERS if name in found]


def javascript(text: str) -> str:
    """A helper in JavaScript."""
    head = re.compile(r"^static (?:double|size_t) (\w+)\((.*)\) \{$", re.MULTILINE)
    casts = re.compile(r"\((?:size_t|double)\)")
    kinds = re.compile(r"(?:const )?(?:double|size_t|int) \*?")

    def plain(found: re.Match[str]) -> str:
        return f"function {found[1]}({kinds.sub('', found[2])}) {{"

    return kinds.sub("let ", casts.sub("", head.sub(plain, text))).replace("NAN", "NaN")
