"""The mistakes people make, as rows: a false statement, what is true instead, and words that help.

A row's ``statements`` are false equations in the language of rules. Those that matching can run are
run as they stand: ``D(log(u)) = D(u)`` takes the place of the right rule at one step, and if the
line a person wrote comes out, that is probably what happened. Where matching cannot say it (an
index, a term of any sum, the order of matrices) the engine has a search under the row's id.

The order of rows is the order of trial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from whygrad.core.expr import Expr
from whygrad.rules.rule import HOLES
from whygrad.syntax.statement import read_statement

Family = Literal[
    "sign",
    "missing_chain_factor",
    "missing_inner_derivative",
    "wrong_log_rule",
    "wrong_exp_rule",
    "dropped_term",
    "dropped_sum_or_mean",
    "index_confusion",
    "wrong_transpose_or_shape",
    "wrong_product_or_quotient_rule",
    "power_rule",
    "algebra_slip",
    "regulariser",
    "other",
]


@dataclass(frozen=True, slots=True)
class Example:
    """Two lines, the second of which does not follow, in the cost language.

    ``given`` declares and defines the names; ``letters`` says over which dimension free index
    letters run ("k: n").
    """

    before: str
    after: str
    given: str = "param w"
    wrt: str = "w"
    letters: str = ""


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes
    ----------
    id
        Public and never reused, e.g. ``mistake/log/one-over-lost``.
    family
        What it is counted under.
    title
        A few words, lower case.
    statement
        What was taken for true. It is false.
    instead_of
        What is true.
    because
        Why, in a sentence.
    hint
        Where to look, in at most twenty words, without the answer.
    examples
        Lines in which it was made.
    source
        Where the right rule is stated, see :mod:`whygrad.rules.sources`.
    statements
        False equations that matching runs.
    """

    id: str
    family: Family
    title: str
    statement: str
    instead_of: str
    because: str
    hint: str
    examples: tuple[Example, ...]
    source: str = "spivak2008, ch. 10"
    statements: tuple[str, ...] = ()

    @cached_property
    def sides(self) -> tuple[tuple[Expr, Expr], ...]:
        """Both sides of each statement that can be run, as patterns."""
        return tuple(read_statement(s, HOLES) for s in self.statements)


_SCALAR = "data x, y\nparam w, b"
_NEURON = "data x, y\nparam w, b\nz = w x + b\nf = sigmoid(z)"
_DATA = "data x[i,j], y[i]\nparam w[j]"
_VECTOR = "data a[j]\nparam w[j]\nconst lambda > 0"
_SQUARE = "data X: (n, n), y: (n,), a: (n,)\nparam w: (n,)"


def _m(
    id: str,
    family: Family,
    title: str,
    statement: str,
    instead_of: str,
    because: str,
    hint: str,
    *examples: Example,
    run: tuple[str, ...] = (),
    source: str = "spivak2008, ch. 10",
) -> Mistake:
    return Mistake(
        f"mistake/{id}", family, title, statement, instead_of, because, hint, examples, source, run
    )


_ROWS: Final[tuple[Mistake, ...]] = (
    _m(
        "sign/whole-line",
        "sign",
        "sign of the whole line",
        "u = -u",
        "u = u",
        "Both sides of an equality have one sign; a minus that leaves one place must arrive at another.",
        "Right apart from the sign of the whole line. Follow the minus signs from the line before.",
        Example("d/dw (-w^2)", "2 w"),
        Example("d/dw cos(w)", "sin(w)"),
    ),
    _m(
        "sign/residual-minus",
        "sign",
        "minus inside a difference",
        "D((y - u)^2) = 2 (y - u) D(u)",
        "D((y - u)^2) = -2 (y - u) D(u)",
        "Inside y - u stands -u, so differentiating the bracket gives -D(u).",
        "Look at the derivative of what stands inside the bracket: which sign has the variable there?",
        Example("d/dw (y - w x)^2", "2 (y - w x) x", _SCALAR),
        Example("d/dw 1/2 (y - w x - b)^2", "(y - w x - b) x", _SCALAR),
    ),
    _m(
        "sign/bracket-turned",
        "sign",
        "difference turned round",
        "a (u - v) = a (v - u)",
        "a (u - v) = -a (v - u)",
        "Turning a difference round changes its sign.",
        "A difference was turned round here. What does that do to the sign in front?",
        Example("-(y - w x) x", "-(w x - y) x", _SCALAR),
    ),
    _m(
        "sign/one-term",
        "sign",
        "sign of one term",
        "u - v = u + v",
        "u - v = u + (-v)",
        "A minus before a bracket, or a factor -1, belongs to every term it stands before.",
        "Only this term has the wrong sign; the others are right.",
        Example("x w - (y + b w)", "x w - y + b w", _SCALAR),
        Example("d/dw (w^3 - x w^2)", "3 w^2 + 2 x w", _SCALAR),
    ),
    _m(
        "sign/in-the-name",
        "sign",
        "sign inside a name",
        "e = u - v where e is v - u",
        "e = v - u",
        "A name stands for exactly what it was defined as, its sign included.",
        "Put the definition of the name in and compare the signs.",
        Example("(w x - y) x", "r x", "data x, y\nparam w\nr = y - w x"),
    ),
    _m(
        "inner/minus-lost",
        "missing_inner_derivative",
        "minus of the inner function",
        "D(exp(-u)) = exp(-u) D(u)",
        "D(exp(-u)) = -exp(-u) D(u)",
        "The inside is -u; its derivative is -D(u), and that is a factor of the whole.",
        "What stands inside has a minus. What is its derivative?",
        Example("d/dw exp(-w)", "exp(-w)"),
        Example("d/dw log(1 - w)", "1/(1 - w)", "param w in (0,1)"),
    ),
    _m(
        "inner/data-lost",
        "missing_inner_derivative",
        "data of the weighted sum",
        "D(f(w x)) = f'(w x)",
        "D(f(w x)) = f'(w x) x",
        "Differentiating w x by w leaves x: it multiplies the derivative of the outer function.",
        "The outer function is differentiated. What is the derivative of w x by w?",
        Example("d/dw (w x - y)^2", "2 (w x - y)", _SCALAR),
        Example(
            "d/dw[k] (sum_j x[i,j] w[j] - y[i])^2", "2 (sum_j x[i,j] w[j] - y[i])", _DATA, "w", "k: n, i: m"
        ),
    ),
    _m(
        "inner/constant-lost",
        "missing_inner_derivative",
        "constant of the inner function",
        "D(f(c u)) = f'(c u) D(u)",
        "D(f(c u)) = c f'(c u) D(u)",
        "The inside grows c times as fast as u; that c is a factor of the derivative.",
        "What is the derivative of the inside? Its constant multiplies the whole.",
        Example("d/dw tanh(2 w / 3)", "1 - tanh(2 w / 3)^2"),
        Example("d/dw exp(3 w)", "exp(3 w)"),
    ),
    _m(
        "inner/derivative-lost",
        "missing_inner_derivative",
        "inner derivative",
        "D(f(u)) = f'(u)",
        "D(f(u)) = f'(u) D(u)",
        "A function of a function changes by the product of both rates.",
        "The outer function is differentiated; what is inside depends on the variable, too.",
        Example("d/dw sin(w^2)", "cos(w^2)"),
        Example("d/dw log(1 + w^2)", "1/(1 + w^2)"),
    ),
    _m(
        "inner/name-as-variable",
        "missing_inner_derivative",
        "name taken for the variable",
        "D(s) = 1 where s is a function of the variable",
        "D(s) is the derivative of what s is defined as",
        "A name that depends on the variable is not the variable.",
        "This name depends on the variable. Differentiate its definition.",
        Example("d/dz (s - y)^2", "2 (s - y)", "data y\nparam z\ns = sigmoid(z)", "z"),
    ),
    _m(
        "chain/factor-lost",
        "missing_chain_factor",
        "factor of the chain",
        "dL/df df/dz dz/dw = dL/df dz/dw",
        "one factor for each link",
        "The chain has one local derivative for each link, in every term.",
        "Count the links of the chain and the factors of this line, term by term.",
        Example("(-y/f + (1 - y)/(1 - f)) f (1 - f) x", "(-y/f + (1 - y)/(1 - f)) x", _NEURON),
        Example("d/dw (f - y)^2", "2 (f - y) x", _NEURON),
    ),
    _m(
        "chain/outer-lost",
        "missing_chain_factor",
        "outer derivative",
        "D(f(u)) = D(u)",
        "D(f(u)) = f'(u) D(u)",
        "The outer function has a derivative of its own, taken at the inner function.",
        "The inner derivative is there. What about the function around it?",
        Example("d/dw sin(w^2)", "2 w"),
        Example("d/dw tanh(3 w)", "3"),
    ),
    _m(
        "chain/path-lost",
        "missing_chain_factor",
        "second path to the variable",
        "D(f(u, v)) = f_u D(u) where v depends on it, too",
        "D(f(u, v)) = f_u D(u) + f_v D(v)",
        "The variable acts along every path to it; the contributions add up.",
        "More than one name here depends on the variable. Add up the paths.",
        Example("d/dw (p q)", "2 w q", "param w\np = w^2\nq = sin(w)"),
        source="griewank2008, ch. 3",
    ),
    _m(
        "chain/other-functions-rule",
        "other",
        "derivative of another function",
        "D(sigmoid(u)) = sigmoid(u) D(u)",
        "D(sigmoid(u)) = sigmoid(u) (1 - sigmoid(u)) D(u)",
        "Each function has its own derivative; this one belongs to another.",
        "Look the derivative of this function up: it is that of another function.",
        Example("d/dw tanh(w)", "tanh(w) (1 - tanh(w))"),
        Example("d/dw sigmoid(w)", "1 - sigmoid(w)^2"),
        Example("d/dw sigmoid(w)", "sigmoid(w)"),
        source="bishop2006, eq. 4.88",
        run=(
            "D(sigmoid(u)) = (1 - sigmoid(u)^2) * D(u)",
            "D(sigmoid(u)) = (1 - sigmoid(u)) * D(u)",
            "D(sigmoid(u)) = sigmoid(u) * D(u)",
            "D(tanh(u)) = tanh(u) * (1 - tanh(u)) * D(u)",
            "D(tanh(u)) = (1 - tanh(u)) * D(u)",
            "D(tanh(u)) = 1 / (1 + u^2) * D(u)",
            "D(softplus(u)) = sigmoid(u) * (1 - sigmoid(u)) * D(u)",
        ),
    ),
    _m(
        "log/one-over-lost",
        "wrong_log_rule",
        "one over, from a logarithm",
        "D(log(u)) = D(u)",
        "D(log(u)) = 1/u D(u)",
        "The slope of a logarithm is one over what stands inside.",
        "What is the derivative of a logarithm? Something has to be divided by.",
        Example("d/dw log(2 w)", "2", "param w > 0"),
        Example("d/dw log(1 + w^2)", "2 w"),
        run=("D(log(u)) = D(u)", "D(log(u)) = u * D(u)", "D(log(u)) = log(u) * D(u)"),
    ),
    _m(
        "log/sum-split",
        "wrong_log_rule",
        "logarithm of a sum, split",
        "log(u + v) = log(u) + log(v)",
        "log(u v) = log(u) + log(v)",
        "A logarithm turns a product into a sum; of a sum it makes nothing simpler.",
        "A logarithm splits a product, never a sum.",
        Example("log(1 + exp(-w))", "-w"),
        Example("log(w + x^2)", "log(w) + 2 log(x)", "data x > 0\nparam w > 0"),
    ),
    _m(
        "power/exponent-not-lowered",
        "power_rule",
        "exponent not lowered",
        "D(u^n) = n u^n D(u)",
        "D(u^n) = n u^(n - 1) D(u)",
        "The exponent comes down as a factor and falls by one.",
        "The exponent comes down as a factor. What happens to the exponent itself?",
        Example("d/dw w^3", "3 w^3"),
        Example("d/dw (1 + w^2)^2", "4 w (1 + w^2)^2"),
        run=("D(u^n) = n * u^n * D(u)",),
    ),
    _m(
        "power/factor-lost",
        "power_rule",
        "exponent did not come down",
        "D(u^n) = u^(n - 1) D(u)",
        "D(u^n) = n u^(n - 1) D(u)",
        "The exponent comes down as a factor.",
        "The exponent is lowered. Where did it come down as a factor?",
        Example("d/dw w^3", "w^2"),
        Example("d/dw (w x - y)^2", "(w x - y) x", _SCALAR),
        run=("D(u^n) = u^(n - 1) * D(u)",),
    ),
    _m(
        "power/exponent-off",
        "power_rule",
        "exponent off by one",
        "u^n = u^(n + 1)",
        "u^n",
        "One exponent is not what the rules give: lowering -1 gives -2, lowering 1/2 gives -1/2.",
        "Check the exponent at the marked place.",
        Example("d/dw (1 + w)^(-1)", "-(1 + w)^(-3)", "param w > 0"),
        Example("(1 + w)^2 / (1 + w)^5", "(1 + w)^(-2)", "param w > 0"),
    ),
    _m(
        "power/sum-split",
        "power_rule",
        "power of a sum, split",
        "(u + v)^2 = u^2 + v^2",
        "(u + v)^2 = u^2 + 2 u v + v^2",
        "Multiplying the bracket by itself gives the mixed terms, too.",
        "A power of a sum has mixed terms.",
        Example("(w + x)^2", "w^2 + x^2", _SCALAR),
        Example("(y - w x)^2", "y^2 - w^2 x^2", _SCALAR),
    ),
    _m(
        "product/derivatives-multiplied",
        "wrong_product_or_quotient_rule",
        "derivatives multiplied",
        "D(u v) = D(u) D(v)",
        "D(u v) = D(u) v + u D(v)",
        "Each factor is differentiated once while the other stays.",
        "Both factors depend on the variable. What does the product rule say?",
        Example("d/dw (w^2 exp(w))", "2 w exp(w)"),
        Example("d/dw (w^2 sin(w))", "2 w cos(w)"),
        run=("D(u * v) = D(u) * D(v)",),
    ),
    _m(
        "product/half-lost",
        "wrong_product_or_quotient_rule",
        "half of the product rule",
        "D(u v) = D(u) v",
        "D(u v) = D(u) v + u D(v)",
        "Both factors depend on the variable, so the product rule has two parts.",
        "Only one of the factors was differentiated.",
        Example("d/dw (w^2 sin(w))", "2 w sin(w)"),
        Example("d/dw (w log(w))", "log(w)", "param w > 0"),
        run=("D(u * v) = D(u) * v", "D(u * v) = u * D(v)"),
    ),
    _m(
        "quotient/sign",
        "wrong_product_or_quotient_rule",
        "sign in the quotient rule",
        "D(u / v) = (D(u) v + u D(v)) / v^2",
        "D(u / v) = (D(u) v - u D(v)) / v^2",
        "A larger denominator makes a quotient smaller: its part is subtracted.",
        "Which sign has the second part of the quotient rule?",
        Example("d/dw (w / (1 + w))", "(1 + 2 w) / (1 + w)^2", "param w > 0"),
        Example("d/dw (sin(w) / w)", "(w cos(w) + sin(w)) / w^2", "param w > 0"),
        run=("D(u / v) = (D(u) * v + u * D(v)) / v^2", "D(u / v) = (u * D(v) - D(u) * v) / v^2"),
    ),
    _m(
        "sum/mean-dropped",
        "dropped_sum_or_mean",
        "1/m of a mean",
        "1/m sum_i u[i] = sum_i u[i]",
        "1/m sum_i u[i]",
        "The constant before the sum stays through every step.",
        "Compare what stands in front of the sum with the line before.",
        Example(
            "d/dw 1/m sum_i (w x[i,j] - y[i])^2",
            "2 sum_i (w x[i,j] - y[i]) x[i,j]",
            "data x[i,j], y[i]\nparam w",
            "w",
            "j: n",
        ),
    ),
    _m(
        "sum/dropped",
        "dropped_sum_or_mean",
        "sum dropped",
        "sum_i u[i] = u[i]",
        "sum_i u[i]",
        "Every example contributes; the index of one of them cannot stay over.",
        "An index is left over that nothing binds any more.",
        Example("d/dw sum_i (w - y[i])^2", "2 (w - y[i])", "data y[i]\nparam w", "w", "i: m"),
    ),
    _m(
        "sum/inner-dropped",
        "dropped_sum_or_mean",
        "sum dropped inside a bracket",
        "sum_k x[k] w[k] = x[j] w[j] inside a bracket",
        "only the derivative picks one index out",
        "Differentiating leaves the one term with the variable's index; the function around it keeps the whole sum.",
        "The bracket keeps its whole sum. What does the derivative pick out, and where?",
        Example("d/dw[l] (sum_j a[j] w[j])^2", "2 a[l]^2 w[l]", _VECTOR, "w", "l: n"),
    ),
    _m(
        "sum/through-function",
        "dropped_sum_or_mean",
        "sum moved into a function",
        "sum_i u[i]^2 = (sum_i u[i])^2",
        "sum_i u[i]^2",
        "A sum may move only through what is linear.",
        "A sum may not move inside a function that is not linear.",
        Example("sum_j w[j]^2", "(sum_j w[j])^2", "param w[j]"),
        Example("sum_j exp(w[j])", "exp(sum_j w[j])", "param w[j]"),
    ),
    _m(
        "index/sum-kept",
        "index_confusion",
        "sum kept after differentiating",
        "D(sum_j h(w[j]), w[k]) = sum_j h'(w[j])",
        "D(sum_j h(w[j]), w[k]) = h'(w[k])",
        "Only the term that holds the differentiated entry changes with it.",
        "Which terms of the sum depend on the one entry?",
        Example("d/dw[l] sum_j w[j]^2", "2 sum_j w[j]", "param w[j]", "w", "l: n"),
        Example("d/dw[l] sum_j exp(w[j])", "sum_j exp(w[j])", "param w[j]", "w", "l: n"),
        source="graham1994, sec. 2.1",
    ),
    _m(
        "index/delta-squared",
        "index_confusion",
        "delta summed as a number of terms",
        "sum_k delta[k,j] a[k] = n a[j]",
        "sum_k delta[k,j] a[k] = a[j]",
        "The delta is 1 for one term and 0 for the others: the sum leaves that one term.",
        "For how many of the summed terms is the delta not 0?",
        Example("sum_k delta[k,j] w[k]", "n w[j]", "param w[j]", "w", "k: n, j: n"),
        source="graham1994, sec. 2.1",
    ),
    _m(
        "index/sum-added",
        "index_confusion",
        "sum added",
        "u = sum_k u for u free of k",
        "sum_k u = n u for u free of k",
        "What does not depend on the summed index is added up once for each of its values.",
        "Does what is summed depend on the summed index?",
        Example("d/dw (w^2 + sum_i y[i])", "sum_i 2 w", "data y[i]\nparam w"),
        source="graham1994, sec. 2.1",
    ),
    _m(
        "index/wrong-letter",
        "index_confusion",
        "wrong index letter",
        "u[k] = u[i]",
        "u[i]",
        "An index letter says which entry; two letters are two entries.",
        "Check the index letter at the marked place.",
        Example("d/dw[l] sum_j a[j] w[j]^2", "2 a[l] w[k]", _VECTOR, "w", "l: n, k: n"),
        source="graham1994, sec. 2.1",
    ),
    _m(
        "index/off-diagonal",
        "index_confusion",
        "case of different indices",
        "D(p[a], z[c]) = p[a] (1 - p[a]) for all a and c",
        "D(p[a], z[c]) = p[a] (delta[a,c] - p[c])",
        "For different indices only the sum in the denominator moves: -p[a] p[c].",
        "What if the two indices are different?",
        Example(
            "d/dz[c] p[a]",
            "p[a] (1 - p[a])",
            "param z[k]\np[k] = exp(z[k]) / sum_l exp(z[l])",
            "z",
            "a: K, c: K",
        ),
        source="bishop2006, eq. 4.106",
    ),
    _m(
        "shape/square-for-gram",
        "wrong_transpose_or_shape",
        "square for X'X",
        "X' X = X^2",
        "X' X",
        "Only a square matrix has a square; X' X multiplies columns with columns.",
        "Which of the two factors is transposed?",
        Example("X' X w", "X X w", _SQUARE),
        source="petersen2012, sec. 2.4",
    ),
    _m(
        "shape/linear-kept",
        "wrong_transpose_or_shape",
        "variable kept in a linear term",
        "D(a' w) = a' w",
        "D(a' w) = a",
        "A linear term loses its variable when differentiated.",
        "A linear term has a constant derivative.",
        Example("d/dw (a' w)", "a' w", _SQUARE),
        source="petersen2012, eq. 69",
    ),
    _m(
        "shape/norm-for-residual",
        "wrong_transpose_or_shape",
        "length in the place of the vector",
        "D(norm(X w - y)^2) = 2 X' norm(X w - y)",
        "D(norm(X w - y)^2) = 2 X' (X w - y)",
        "The rule for squares of numbers does not carry over: the vector itself stands there.",
        "A number stands where a vector belongs.",
        Example("d/dw norm(X w - y)^2", "2 X' norm(X w - y)", _SQUARE),
        source="petersen2012, eq. 84",
    ),
    _m(
        "shape/identity-lost",
        "wrong_transpose_or_shape",
        "identity matrix",
        "D(c w) = c by a vector",
        "D(c w) = c I",
        "Each entry moves with itself only: c on the diagonal, 0 elsewhere.",
        "The derivative of a vector by a vector is a matrix. What is off its diagonal?",
        Example("d/dw[l] (2 lambda w[k])", "2 lambda", _VECTOR, "w", "l: n, k: n"),
        source="petersen2012, sec. 2.4",
    ),
    _m(
        "shape/inner-for-outer",
        "wrong_transpose_or_shape",
        "inner for outer product",
        "x y' = x' y",
        "x y'",
        "The derivative by a matrix has its shape: column times row.",
        "A matrix is due. Which order makes one of two vectors?",
        Example("d/dW (a' W y)", "a' y", "data a: (n,), y: (n,)\nparam W: (n, n)", "W"),
        source="petersen2012, eq. 70",
    ),
    _m(
        "shape/transpose-or-order",
        "wrong_transpose_or_shape",
        "transpose or order of factors",
        "X' r = r X",
        "X' r",
        "Matrices do not change places, and a transposed product turns round.",
        "The right factors; check their order and which of them are transposed.",
        Example("d/dw norm(X w - y)^2", "2 X (X w - y)", _SQUARE),
        Example("d/dw (w' X w)", "2 X w", _SQUARE),
        source="petersen2012, sec. 2.4",
    ),
    _m(
        "term/regulariser-lost",
        "regulariser",
        "penalty term",
        "D(u + lambda w^2) = D(u)",
        "D(u + lambda w^2) = D(u) + 2 lambda w",
        "The penalty depends on the variable, so it has a derivative.",
        "The penalty depends on the variable, too.",
        Example("d/dw ((w x - y)^2 + lambda w^2)", "2 (w x - y) x", "data x, y\nconst lambda > 0\nparam w"),
        source="bishop2006, sec. 3.1.4",
    ),
    _m(
        "term/lost",
        "dropped_term",
        "term lost",
        "u + v = u",
        "u + v",
        "Every term of the line before has its image in the next.",
        "One term of the line before has disappeared.",
        Example("d/dw (w^2 + w^3)", "2 w"),
        Example("w (x + y)", "w x", _SCALAR),
    ),
    _m(
        "constant/factor-lost",
        "algebra_slip",
        "constant factor",
        "c u = u",
        "c u",
        "A constant factor stays through every step.",
        "A constant factor has disappeared, or appeared.",
        Example("3 (w + x) / 2", "3 (w + x)", _SCALAR),
        Example("d/dw (5 w^2)", "2 w"),
    ),
    _m(
        "constant/kept",
        "other",
        "constant kept",
        "D(u + c) = D(u) + c",
        "D(u + c) = D(u)",
        "What does not depend on the variable has the derivative 0.",
        "Does each part depend on the variable?",
        Example("d/dw (w^2 + 5)", "2 w + 5"),
        Example("d/dw (w^2 + x)", "2 w + 1", _SCALAR),
    ),
    _m(
        "kink/inside-max",
        "other",
        "derivative inside a maximum",
        "D(max(0, u)) = max(0, D(u))",
        "D(max(0, u)) = D(u) where u > 0, else 0",
        "Which branch counts is decided by u, not by its derivative.",
        "Which branch is active? That is decided before differentiating.",
        Example("d/dw max(0, 1 - x w)", "max(0, -x)", _SCALAR),
        Example("d/dw relu(w x)", "relu(x)", _SCALAR),
        source="boyd2004, sec. 3.2.3",
        run=("D(max(0, u)) = max(0, D(u))", "D(relu(u)) = relu(D(u))", "D(abs(u)) = abs(D(u))"),
    ),
    _m(
        "argument/lost",
        "other",
        "argument of a function",
        "f(u) where f(v) is defined",
        "f(v)",
        "A function keeps its argument when it is copied from line to line.",
        "Compare the argument of the function with its definition.",
        Example("d/dw sigmoid(2 w)", "2 sigmoid(w) (1 - sigmoid(w))"),
    ),
)

MISTAKES: Final[dict[str, Mistake]] = {row.id: row for row in _ROWS}
"""Every mistake by id, in order of trial."""
