"""The page of every error: one row each, printed by ``whygrad why error/...``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error means, an input that raises it, and the same input mended."""

    title: str
    meaning: str
    wrong: str = ""
    right: str = ""


ERRORS: Final[dict[str, ErrorPage]] = {
    # --- reading a text -------------------------------------------------------------------------
    "error/syntax": ErrorPage(
        "Cannot read this",
        "The text is not a formula of the language at the marked place.",
        "J = mean_i (y[i] - ",
        "J = mean_i (y[i] - f[i])^2",
    ),
    "error/unbalanced": ErrorPage(
        "Bracket without its partner",
        "Every bracket that opens must close, with its own kind.",
        "J = mean_i (y[i]",
        "J = mean_i (y[i])",
    ),
    "error/unknown-name": ErrorPage(
        "Unknown name",
        "A name is used that is neither declared nor defined, and no single reading fits it.",
        "J = mean_i L[i]",
        "L[i] = (y[i] - b)^2\nJ = mean_i L[i]",
    ),
    "error/ambiguous": ErrorPage(
        "Two readings",
        "People write this and mean either of two things. Brackets say which.",
        "J = mean_i log p[i]/q[i]",
        "J = mean_i log(p[i]/q[i])",
    ),
    "error/too-large": ErrorPage(
        "Input too large",
        "A text over 64 kB is refused before it is read.",
    ),
    "error/not-finished": ErrorPage(
        "A limit was reached",
        "Work is budgeted by counting steps, so that nothing hangs. This input needs more than that.",
    ),
    # --- declarations and shapes ----------------------------------------------------------------
    "error/index-dimension": ErrorPage(
        "Index over two dimensions",
        "An index letter belongs to the dimension it is first used on.",
        "data x[i,j], A[j,k]\nparam w[k]\nJ = sum_i sum_j x[i,j] w[j]",
        "data x[i,j]\nparam w[j]\nJ = sum_i sum_j x[i,j] w[j]",
    ),
    "error/shape": ErrorPage(
        "Shapes do not fit",
        "The sizes of two arrays that meet here are different.",
        "data X: (m, n), y: (m,)\nparam w: (n,)\nJ = sum((X y - w)^2)",
        "data X: (m, n), y: (m,)\nparam w: (n,)\nJ = sum((X w - y)^2)",
    ),
    "error/rank": ErrorPage(
        "Wrong number of indices",
        "A name is used with more or fewer indices than it was declared with.",
        "data x[i,j]\nparam w[j]\nJ = sum_j x[j] w[j]",
        "data x[i,j]\nparam w[j]\nJ = sum_i sum_j x[i,j] w[j]",
    ),
    "error/free-index": ErrorPage(
        "An index is left over",
        "The right-hand side has an index that the left-hand side does not have and no sum binds.",
        "data x[i]\nparam w\nJ = (w - x[i])^2",
        "data x[i]\nparam w\nJ = sum_i (w - x[i])^2",
    ),
    "error/not-scalar": ErrorPage(
        "The cost is not a number",
        "A gradient is taken of one number; the last definition has an index.",
        "data x[i]\nparam w\nJ[i] = (w - x[i])^2",
        "data x[i]\nparam w\nL[i] = (w - x[i])^2\nJ = mean_i L[i]",
    ),
    "error/defined-twice": ErrorPage(
        "Defined twice",
        "A name has one declaration or one definition.",
        "param w\nw = 3\nJ = w^2",
        "param w\nJ = w^2",
    ),
    "error/cycle": ErrorPage(
        "Defined by itself",
        "A definition may use only what stands above it.",
        "a = b + 1\nb = a\nJ = a",
        "param b\na = b + 1\nJ = a^2",
    ),
    "error/domain": ErrorPage(
        "Outside its domain",
        "A value or declaration contradicts the domain declared for the name.",
        "const lambda >= 0   with --set lambda=-1",
        "--set lambda=1",
    ),
    "error/no-cost": ErrorPage(
        "No cost here",
        "A cost is a list of definitions; its last one is the number to minimise.",
        "param w[j]",
        "param w[j]\nJ = sum_j w[j]^2",
    ),
    # --- deriving -------------------------------------------------------------------------------
    "error/no-parameter": ErrorPage(
        "Nothing to differentiate by",
        "The name after --wrt must be a parameter or a definition of the cost.",
    ),
    "error/no-rule": ErrorPage(
        "No derivative is known",
        "The function has no row in the table of derivatives.",
    ),
    "error/no-code": ErrorPage(
        "This cannot be computed",
        "Numbers are computed from index form: sums, products and elementary functions of entries.",
    ),
    "error/unknown-id": ErrorPage(
        "No such page or step",
        "The id names no step, rule, mistake or error.",
    ),
    # --- command line ---------------------------------------------------------------------------
    "error/usage": ErrorPage(
        "This command cannot run as written",
        "An option is missing, unknown, or has a value that does not fit.",
    ),
    "error/ocr": ErrorPage(
        "The picture was not read",
        "A picture is read by a program of your own: --ocr 'program {file}' names it, and it prints the"
        " LaTeX. It runs without a shell, for a minute at most, and may print 64 kB.",
    ),
    "error/no-file": ErrorPage("Cannot open the file", "The path does not exist or cannot be read."),
    "error/exists": ErrorPage("The file exists", "Nothing is overwritten unless --force is given."),
    "error/missing-extra": ErrorPage(
        "An optional library is missing", "This needs a library that is not installed."
    ),
    # --- data -----------------------------------------------------------------------------------
    "error/audit": ErrorPage(
        "This function cannot be audited",
        "What its arguments or results are cannot be told, or it cannot be run.",
    ),
    "error/data": ErrorPage("The data cannot be used", "A file or a value in it does not fit the cost."),
    "error/data-missing": ErrorPage(
        "Values are missing", "Cells are empty or say NA, and nothing was said about them."
    ),
    "error/data-text": ErrorPage("Text where numbers are needed", "A column holds words."),
    "error/data-label": ErrorPage("Labels do not fit", "The target has values the cost does not know."),
    "error/data-column": ErrorPage("No such column", "A name is not a column of the file."),
    "error/data-file": ErrorPage("The file cannot be read", "It is not a table as expected."),
    "error/data-constant": ErrorPage(
        "The target never changes", "Nothing can be learned from one class or one value."
    ),
    "error/model": ErrorPage("The model cannot be used", "The file is not a model or does not fit."),
    "error/rate": ErrorPage(
        "The rate does not work",
        "The steps got larger instead of smaller. A step of gradient descent goes down as long as the "
        "rate is below 2/L, where L is the largest curvature of the cost; above it, it may overshoot by "
        "more each time. fit says L where it is known, and takes 1/L when no rate is given.",
        "--rate 100",
        "--rate 0.1",
    ),
}
