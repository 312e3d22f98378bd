r"""Malformed costs: what each is called, the error it raises, and what the advice must say.

Every row is a mistake people make. A test reads each row's text, compares the error's id, looks for
the advice, and compares the whole message with ``tests/golden/errors/NAME.txt``.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Malformed(NamedTuple):
    """A text that cannot be a cost."""

    name: str
    text: str
    id: str
    advice: str
    """A part of the way out that the message must show."""


_XY = "data x[i,j], y[i]\nparam w[j], b\n"
_MAT = "data X: (m, n), y: (m,)\nparam w: (n,), A: (n, n), B: (n, n)\n"

MALFORMED: Final[tuple[Malformed, ...]] = (
    # --- reading ---------------------------------------------------------------------------------
    Malformed("unfinished", _XY + "J = mean_i (y[i] - ", "error/syntax", "remove what asks for it"),
    Malformed("bracket-open", _XY + "J = mean_i (y[i] - b", "error/unbalanced", "add ')'"),
    Malformed("bracket-closed", _XY + "J = mean_i y[i] - b)", "error/unbalanced", "remove the ')'"),
    Malformed("bracket-kinds", _XY + "J = mean_i (y[i] - b]", "error/unbalanced", "add ')'"),
    Malformed("index-open", _XY + "J = mean_i (y[i - b)^2", "error/unbalanced", "add ']'"),
    Malformed(
        "two-operators",
        _XY + "J = mean_i y[i] * / b",
        "error/syntax",
        "a number, a name or a bracket",
    ),
    Malformed("stray-character", _XY + "J = mean_i (y[i] - b)^2 $", "error/syntax", "remove it"),
    Malformed("question", _XY + "J = mean_i (y[i] ~ b)", "error/syntax", "remove it"),
    Malformed("empty", "", "error/no-cost", "J = ..."),
    Malformed("only-comment", "# squared error, to be written\n", "error/no-cost", "J = ..."),
    Malformed("no-left", _XY + "= mean_i y[i]", "error/syntax", "name = formula"),
    Malformed("no-right", _XY + "J =", "error/syntax", "name = formula"),
    Malformed("left-is-formula", _XY + "y[i] - b = 0", "error/syntax", "name = ..."),
    Malformed("two-equals", _XY + "J = L = mean_i (y[i] - b)^2", "error/syntax", "one '='"),
    Malformed(
        "bare-line",
        _XY + "mean_i y[i]\nJ = b^2",
        "error/syntax",
        "begin with data, param or const",
    ),
    Malformed("sum-without-letter", _XY + "J = sum_{} (y[i] - b)^2", "error/syntax", "sum_i u"),
    Malformed("sum-of-number", _XY + "J = sum((y[i] - b)^2)", "error/free-index", "sum over it"),
    Malformed("function-bare", _XY + "J = mean_i log", "error/syntax", "log(u)"),
    Malformed("function-arguments", _XY + "J = mean_i exp(y[i], b)", "error/syntax", "exp(u)"),
    Malformed("comma", _XY + "J = mean_i (y[i], b)", "error/syntax", "one expression in brackets"),
    Malformed("if-without-else", _XY + "J = mean_i (b if y[i] > 0)", "error/syntax", "else other"),
    Malformed("single-equals", _XY + "J = mean_i (b if y[i] = 0 else 1)", "error/syntax", "'=='"),
    Malformed(
        "division-by-zero",
        _XY + "J = mean_i y[i] b/0",
        "error/domain",
        "divide by something else",
    ),
    Malformed("huge-number", _XY + "J = b^2 1e99999", "error/syntax", "at most 400 digits"),
    Malformed(
        "deep",
        "param b\nJ = " + "(" * 100 + "b" + ")" * 100,
        "error/not-finished",
        "give parts of it names",
    ),
    Malformed(
        "too-large",
        "param b\nJ = b" + " + b" * 20000,
        "error/too-large",
        "data belong in a file",
    ),
    # --- two readings ----------------------------------------------------------------------------
    Malformed("log-quotient", _XY + "J = mean_i log b/y[i]", "error/ambiguous", "log(b/y[i])"),
    Malformed("power-quotient", _XY + "J = mean_i y[i] b^1/2", "error/ambiguous", "b^(1/2)"),
    Malformed(
        "lambda-over-2m",
        _XY + "const lambda\nJ = lambda/2m sum_j w[j]^2",
        "error/ambiguous",
        "lambda/(2 m)",
    ),
    Malformed("rows-or-columns", _XY + "J = 1/n sum_i (y[i] - b)^2", "error/ambiguous", "mean_i"),
    Malformed(
        "left-and-bound",
        _XY + "z[i] = sum_i x[i,1] b + y[i]\nJ = mean_i z[i]",
        "error/ambiguous",
        "sum_i (... + ...)",
    ),
    Malformed("inverse-or-reciprocal", _XY + "J = mean_i tanh^-1 b", "error/ambiguous", "1/tanh(u)"),
    Malformed("matrix-norm", _MAT + "J = norm(A, 2)", "error/ambiguous", "norm(A)"),
    Malformed("letter-without-dimension", "param b\nJ = sum_k b^2", "error/ambiguous", "{k in m}"),
    Malformed("declared-e", "data e: (n,)\nparam w: (n,)\nJ = sum(e^w)", "error/ambiguous", "exp(u)"),
    Malformed(
        "declared-t",
        "data A: (n, n), T: ()\nparam w: (n,)\nJ = w' A^T w",
        "error/ambiguous",
        "A'",
    ),
    Malformed("bars-of-vector", _MAT + "J = sum(|w|)", "error/ambiguous", "norm(u) or abs(u)"),
    # --- names -----------------------------------------------------------------------------------
    Malformed("unknown-name", _XY + "J = mean_i (y[i] - q)^2", "error/unknown-name", "param q"),
    Malformed("unknown-indexed", _XY + "J = mean_i L[i]", "error/unknown-name", "define it above"),
    Malformed(
        "misspelt-function",
        _XY + "J = mean_i sigmod(b y[i])",
        "error/unknown-name",
        "did you mean sigmoid",
    ),
    Malformed(
        "misspelt-name",
        "data x[i]\nparam alpha\nJ = mean_i (x[i] - alhpa)^2",
        "error/unknown-name",
        "did you mean alpha",
    ),
    Malformed(
        "used-above",
        _XY + "J = mean_i L[i]\nL[i] = (y[i] - b)^2",
        "error/cycle",
        "move the line",
    ),
    Malformed("by-itself", _XY + "b2 = b2 + 1\nJ = b2^2", "error/cycle", "no name may use itself"),
    Malformed(
        "declared-twice",
        "data x[i], x[j]\nparam b\nJ = b^2",
        "error/defined-twice",
        "another name",
    ),
    Malformed("defined-twice", "param b\na = b\na = b^2\nJ = a", "error/defined-twice", "remove one"),
    Malformed("declared-and-defined", "param b\nb = 3\nJ = b^2", "error/defined-twice", "another name"),
    Malformed("own-function-arguments", "param b\nh(t) = t^2\nJ = h(b, b)", "error/syntax", "h(t)"),
    # --- indices ---------------------------------------------------------------------------------
    Malformed("too-few-indices", _XY + "J = sum_j x[j] w[j]", "error/rank", "x[i, j]"),
    Malformed("too-many-indices", _XY + "J = sum_i sum_j y[i,j]", "error/rank", "y[i]"),
    Malformed("index-on-number", _XY + "J = mean_i y[i] b[i]", "error/rank", "write b"),
    Malformed("bare-array", _XY + "z[i] = y[i] - w\nJ = mean_i z[i]^2", "error/rank", "w[j]"),
    Malformed(
        "two-dimensions",
        "data x[i,j], A[j,k]\nparam w[k]\nJ = sum_i sum_j x[i,j] w[j]",
        "error/index-dimension",
        "another letter",
    ),
    Malformed("free-index", _XY + "J = (y[i] - b)^2", "error/free-index", "sum_i"),
    Malformed("free-on-right", _XY + "z[i] = w[j] x[i,j]\nJ = mean_i z[i]", "error/free-index", "sum_j"),
    Malformed("not-scalar", _XY + "L[i] = (y[i] - b)^2", "error/not-scalar", "J = mean_i L[i]"),
    Malformed("array-not-scalar", _MAT + "r = X w - y", "error/not-scalar", "J = mean(r)"),
    Malformed("position-zero", _XY + "J = y[0] b", "error/domain", "1 or more"),
    Malformed(
        "steps-of-a-name",
        "data y[t]\nparam a\nh[1] = a\nh[t] = a h[t-1] + y[t]\nJ = h[2]",
        "error/ambiguous",
        "--set T=4",
    ),
    Malformed(
        "step-unknown", "data y[t]: (4,)\nparam a\nh[2] = a\nh[t] = a h[t-1]\nJ = h[2]", "error/cycle", "h[1]"
    ),
    Malformed("step-last", "param a\nh[1] = a", "error/no-cost", "all positions"),
    Malformed(
        "either-stops-early",
        "data x[t], y[t]\nparam k[s]\nJ = sum_t (y[t] - sum_s k[s] x[t+s])",
        "error/ambiguous",
        "the range",
    ),
    Malformed(
        "backwards",
        "data y[t]\nparam a\nr[t] = y[t] - a y[t-1]\nJ = mean_t r[t]^2",
        "error/domain",
        "count forwards",
    ),
    # --- shapes ----------------------------------------------------------------------------------
    Malformed("shapes-of-product", _MAT + "J = sum((X y - w)^2)", "error/shape", "the sizes that meet"),
    Malformed("shapes-of-sum", _MAT + "J = sum(X w - w)", "error/shape", "the same"),
    Malformed("two-columns", _MAT + "J = w w", "error/shape", "a' b"),
    Malformed("row-times-entries", _MAT + "J = sum(w' * w)", "error/shape", "w' w"),
    Malformed("trace-of-rectangle", _MAT + "J = trace(X)", "error/shape", "two sizes"),
    Malformed("inverse-of-rectangle", _MAT + "J = sum(X^-1)", "error/shape", "each entry"),
    Malformed(
        "row-per-column",
        "data Z: (m, k), v: (m,)\nparam b\nJ = b sum(Z + v)",
        "error/shape",
        "outer",
    ),
    Malformed("same-size-broadcast", _MAT + "J = sum(A + w)", "error/shape", "which axis"),
    # --- declarations ----------------------------------------------------------------------------
    Malformed("declares-nothing", "data\nparam b\nJ = b^2", "error/syntax", "data name"),
    Malformed("no-definition", _XY, "error/no-cost", "J = ..."),
    Malformed(
        "domain-unknown",
        "data y[i] binary\nparam b\nJ = mean_i (y[i] - b)^2",
        "error/syntax",
        "in {0,1}",
    ),
    Malformed("domain-set-open", "data y[i] in {0,1\nparam b\nJ = b^2", "error/unbalanced", "{0,1}"),
    Malformed("domain-interval-empty", "param p in (1,0)\nJ = p^2", "error/domain", "smaller end first"),
    Malformed(
        "letters-and-sizes",
        "data x[i,j]: (m,)\nparam b\nJ = b^2",
        "error/rank",
        "one size for each letter",
    ),
    Malformed(
        "letter-two-sizes",
        "data x[i]: (m,), y[i]: (n,)\nparam b\nJ = b^2",
        "error/index-dimension",
        "another letter",
    ),
    Malformed("onehot-of-number", "data y onehot\nparam b\nJ = b y", "error/shape", "y[k]"),
    Malformed("spd-of-vector", "data s[i] spd\nparam b\nJ = b sum_i s[i]", "error/shape", "(n, n) spd"),
    Malformed("value-of-param", "param b = 3\nJ = b^2", "error/syntax", "const"),
    Malformed("function-last", "param b\nh(t) = t^2", "error/no-cost", "add the cost below"),
    # --- LaTeX -----------------------------------------------------------------------------------
    Malformed("latex-unknown-command", r"J(w) = \foo{w}", "error/syntax", "known commands"),
    Malformed(
        "latex-bracket",
        r"J(w) = \frac{1}{m}\sum_{i=1}^{m} \left(w x^{(i)} - y^{(i)}",
        "error/unbalanced",
        "add ')'",
    ),
    Malformed("latex-frac", r"J(w) = \frac{w}", "error/syntax", "remove what asks for it"),
    Malformed("latex-two-m", r"J(w) = \lambda/2 m \sum_j w_j^2", "error/ambiguous", r"\lambda/(2 m)"),
    Malformed("latex-bare-sum", r"J(w) = \sum (w x^{(i)} - y^{(i)})^2", "error/syntax", "sum_i"),
    Malformed(
        "latex-cases-open",
        "param r\nJ = \\begin{cases} r & r > 0 \\\\ 0",
        "error/unbalanced",
        "\\end{cases}",
    ),
    Malformed(
        "latex-unknown-letter",
        r"J(w) = \sum_{i=1}^m (w x^{(i)} - \rho)^2",
        "error/unknown-name",
        "const rho",
    ),
    Malformed("latex-second-side", "J(w) = w^2 \\\\ = w \\cdot w", "error/syntax", "one"),
)  # fmt: skip
"""The rows, in the order of the pages of errors."""
