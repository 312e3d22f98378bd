"""The promises of the first release: what each takes, and what SymPy takes for the like.

Every row is measured in turns (ours, SymPy's, ours, ...), and the medians are printed. Processor time of
this process, or of the children where a row is a command; on a machine with nothing else to do that is
the time on the clock. *first* is a fresh interpreter, where nothing was read, compared or remembered yet.

SymPy differentiates and explains nothing; for equality it is asked to simplify a difference to 0.

Run: ``python benchmarks/issue2.py`` (extra ``bench``).
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sympy as sp
from sympy.core.cache import clear_cache

import whygrad as wg
from whygrad import costs
from whygrad.meaning.equal import same_value

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 11
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
TEXT = costs.text("logistic-l2")

FIRST = """
import time, whygrad as wg
from whygrad import api
cost = wg.load_cost("logistic-l2")
start = time.process_time()
wg.derive(cost)
print((time.process_time() - start) * 1e3)
"""

SYMPY = """
import sympy as sp
m, n, i, j, k = sp.symbols("m n i j k", integer=True, positive=True)
w, x, y = (sp.IndexedBase(a) for a in "wxy")
z = sp.Sum(w[j] * x[i, j], (j, 1, n))
f = 1 / (1 + sp.exp(-z))
J = sp.Sum(-(y[i] * sp.log(f) + (1 - y[i]) * sp.log(1 - f)), (i, 1, m)) / m
print(sp.diff(J, w[k]))
"""


def own(act: Callable[[], object]) -> float:
    """Milliseconds of processor time of one call here."""
    start = time.process_time()
    act()
    return (time.process_time() - start) * 1e3


def child(*words: str) -> float:
    """Milliseconds of processor time of a fresh interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], env=ENVIRONMENT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def first() -> float:
    """Milliseconds of the first derivation of a fresh interpreter, which says so itself."""
    done = subprocess.run([sys.executable, "-c", FIRST], env=ENVIRONMENT, check=True, capture_output=True)
    return float(done.stdout)


def sympy_gradient() -> object:
    """The gradient of the regularised cost, with SymPy's caches empty."""
    m, n, i, j, k = sp.symbols("m n i j k", integer=True, positive=True)
    w, x, y = (sp.IndexedBase(a) for a in "wxy")
    z = sp.Sum(w[j] * x[i, j], (j, 1, n)) + sp.Symbol("b", real=True)
    f = 1 / (1 + sp.exp(-z))
    loss = sp.Sum(-(y[i] * sp.log(f) + (1 - y[i]) * sp.log(1 - f)), (i, 1, m)) / m
    clear_cache()
    return sp.diff(loss + sp.Symbol("lambda") / (2 * m) * sp.Sum(w[j] ** 2, (j, 1, n)), w[k])


def sympy_equal() -> object:
    """Whether the loss is log(1 + e^-z) + (1 - y) z, by simplifying a difference."""
    y, z = sp.symbols("y z", real=True)
    f = 1 / (1 + sp.exp(-z))
    first_line = -(y * sp.log(f) + (1 - y) * sp.log(1 - f))
    clear_cache()
    return sp.simplify(sp.expand_log(first_line - (sp.log(1 + sp.exp(-z)) + (1 - y) * z), force=True))


def equalities() -> list[Callable[[], object]]:
    """Every visible pair of lines of the substitution, each for a judge that has read nothing."""
    derivation = wg.derive("logistic-l2", route="substitution")
    scope = derivation.cost.scope
    steps = [s for p in derivation.parameters for stage in p.stages for s in stage.steps if not s.minor]
    pairs = [(s.before, s.after) for s in steps if s.rule.partition("/")[0] in ("algebra", "log", "exp")]
    return [lambda a=a, b=b: same_value(a, b, scope.without("none")) for a, b in pairs]


def row(what: str, wanted: str, ours: Callable[[], float], theirs: Callable[[], float] | None) -> None:
    """Measure in turns and print one line."""
    here: list[float] = []
    there: list[float] = []
    for _ in range(ROUNDS):
        here.append(ours())
        if theirs is not None:
            there.append(theirs())
    other = f"{statistics.median(there):10.1f}" if there else f"{'—':>10}"
    print(f"{what:<58}{statistics.median(here):10.2f}{other}{wanted:>10}", flush=True)


def main() -> None:
    """Print the table."""
    wg.derive("softmax")  # the tables are read once
    print(f"{'milliseconds, medians of ' + str(ROUNDS):<58}{'whygrad':>10}{'SymPy':>10}{'promised':>10}")
    rounds = iter(range(10_000))
    row(
        "derive logistic-l2, with evidence, in a running process",
        "< 20",
        lambda: own(lambda: wg.derive(f"{TEXT}\n# {next(rounds)}")),
        lambda: own(sympy_gradient),
    )
    row("the same, the first of a process", "", first, None)
    asked = equalities()
    row(
        f"two lines of its substitution equal, the slowest of {len(asked)}",
        "< 2",
        lambda: max(own(a) for a in asked),
        lambda: own(sympy_equal),
    )
    empty = statistics.median(child("-c", "pass") for _ in range(ROUNDS))
    row(
        "import, beyond an empty interpreter",
        "< 80",
        lambda: child("-c", "import whygrad") - empty,
        lambda: child("-c", "import sympy") - empty,
    )
    row("derive logistic, from the shell", "< 300", lambda: child("-m", "whygrad", "derive", "logistic"),
        lambda: child("-c", SYMPY))  # fmt: skip


if __name__ == "__main__":
    main()
