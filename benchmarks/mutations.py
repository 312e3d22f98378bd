"""Wrong and right derivations made from the gallery's, judged and named.

Three kinds of lines take the place of one line of a derivation:

- wrong ones by the rows of the table of mistakes,
- wrong ones by random edits of the tree, which know neither rules nor mistakes,
- right ones by rewritings that keep the value.

What is true is decided by the slow oracle at 50 digits; mutants that are right by accident are left
out of the wrong ones. Counted are verdicts that contradict the oracle, lines left undecided, the
first wrong line, and whether the family of the mistake is among the first two said.

Run: ``python benchmarks/mutations.py --rows 15000 --random 5000 --right 20000``
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import product

from flint import arb

from whygrad import costs
from whygrad.core.cost import Scope
from whygrad.core.derivation import Step
from whygrad.core.errors import WhygradError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Expr,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.walk import (
    Path,
    free_indices,
    fresh_index,
    letters,
    paths,
    postorder,
    rename_bound,
    replace_at,
)
from whygrad.engine.check import check_chain
from whygrad.engine.derive import derive
from whygrad.engine.diagnose import diagnose
from whygrad.engine.moves import Context
from whygrad.engine.narrate import opened
from whygrad.engine.simplify import simplify
from whygrad.engine.tidy import tidy
from whygrad.meaning.equal import same_value
from whygrad.meaning.oracle import evaluate
from whygrad.meaning.sample import Sampler, draw_sizes
from whygrad.rules.mistakes import MISTAKES
from whygrad.show.latex import to_latex
from whygrad.show.text import to_text
from whygrad.syntax.cost_text import read_cost
from whygrad.syntax.people.chain import Chain as Written

ROUTES = ("chain", "substitution", "backprop")
POINTS = 3


@dataclass(frozen=True)
class Chain:
    """Lines of one stage of a derivation, each equal to the one before."""

    name: str
    scope: Scope
    lines: tuple[Expr, ...]


@dataclass
class Tally:
    """What came out for one kind of mutant."""

    tried: int = 0
    wrong_verdicts: int = 0
    undecided: int = 0
    errors: int = 0
    first_found: int = 0
    named: int = 0
    family_first: int = 0
    family_two: int = 0
    misnamed: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list[str])
    families: Counter[str] = field(default_factory=Counter[str])


# --- right derivations --------------------------------------------------------------------------------
@cache
def chains(only: tuple[str, ...] = ()) -> tuple[Chain, ...]:
    """Every stage of every gallery derivation by every route, coarse and fine."""
    found: dict[tuple[Expr, ...], Chain] = {}
    for name, route in product(only or costs.names(), ROUTES):
        cost = read_cost(costs.text(name), name=name)
        try:
            derivation = derive(cost, None, route)
        except (WhygradError, ValueError, AssertionError, IndexError, KeyError) as error:
            print(f"{name} by {route} is left out: {error}", file=sys.stderr)
        else:
            for parameter in derivation.parameters:
                for stage in parameter.stages:
                    for level in ("brief", "normal", "full"):
                        lines = tuple(dict.fromkeys(_lines(stage.start, stage.steps, level)))
                        start = (stage.left,) if isinstance(stage.left, Partial) else ()
                        lines = tuple(dict.fromkeys((*start, *lines)))
                        if len(lines) > 1:
                            found.setdefault(
                                lines, Chain(f"{name}/{stage.id}/{level}", derivation.cost.scope, lines)
                            )
    return tuple(found.values())


def _lines(start: Expr, steps: tuple[Step, ...], level: str) -> Iterator[Expr]:
    yield start
    for step in steps:
        if level == "full":
            for part in opened(step) or (step,):
                yield part.after
        elif level == "normal" and not step.minor:
            yield step.after
    if steps:
        yield steps[-1].after


# --- what is true ---------------------------------------------------------------------------------------
def truth(a: Expr, b: Expr, scope: Scope) -> bool | None:
    """Whether two lines have one value, by the oracle; None where it cannot tell."""
    sampler = Sampler((a, b), scope)
    told = 0
    for seed in range(4 * POINTS):
        try:
            point = sampler.draw(seed + 100, draw_sizes(sampler.dimensions, seed % 2))
            x, y = (evaluate(e, scope, point, 50) for e in (a, b))
        except (WhygradError, ValueError, KeyError, IndexError, ArithmeticError, AssertionError):
            return None
        if not (x.is_finite() and y.is_finite()):
            continue
        scale = max(arb(1), abs(x), abs(y), key=lambda v: float(v.mid()))
        if abs(x - y) > scale * arb(10) ** -30:
            return False
        told += 1
        if told == POINTS:
            return True
    return None


# --- wrong lines by the rows of the table -----------------------------------------------------------------
def by_rows(chain: Chain, k: int, rng: random.Random) -> tuple[str, Expr] | None:
    """Line ``k`` as somebody would write it who made a mistake of the table."""
    from whygrad.engine.diagnose_rewrites import rewritten  # noqa: PLC0415
    from whygrad.engine.diagnose_rules import wrongs  # noqa: PLC0415
    from whygrad.engine.diagnose_slopes import Slopes, holds_partial, nodes  # noqa: PLC0415

    before = chain.lines[k - 1]
    slopes = Slopes(chain.scope)
    options: list[tuple[str, Callable[[], Expr]]] = []
    if holds_partial(before):
        path, partial = next(
            (p, n) for p, n in paths(before) if isinstance(n, Partial) and not holds_partial(n.body)
        )
        tree = slopes.tree(partial)
        for node in nodes(tree):
            for slip, new in wrongs(node, slopes):
                options.append(
                    (
                        slip,
                        lambda node=node, new=new: replace_at(
                            before, path, slopes.changed(tree, {node: new})
                        ),
                    )
                )
    else:
        options.extend((slip, lambda line=line: line) for slip, _, line in rewritten(before))
    options.extend((slip, lambda line=line: line) for slip, line in _slips(chain.lines[k]))
    if not options:
        return None
    ids = sorted({slip for slip, _ in options})
    chosen = rng.choice(ids)
    slip, make = rng.choice([o for o in options if o[0] == chosen])
    line = slopes.worked(make())
    steps = simplify(tidy(line), Context(chain.scope)) if rng.random() < 0.7 else []
    return slip, steps[-1].after if steps else tidy(line)


def _slips(line: Expr) -> Iterator[tuple[str, Expr]]:
    """Signs, exponents, letters, terms and factors of the right line itself."""
    for path, node in paths(line):
        match node:
            case Add(terms):
                for k, term in enumerate(terms):
                    yield "mistake/sign/one-term", replace_at(line, (*path, k), neg(term))
                    rest = add(*(t for n, t in enumerate(terms) if n != k))
                    yield "mistake/term/lost", replace_at(line, path, rest)
            case Pow(base, Number(value)) if value not in (1, -1):
                for step in (-1, 1):
                    if value + step:
                        yield (
                            "mistake/power/exponent-off",
                            replace_at(line, path, Pow(base, Number(value + step))),
                        )
            case Mul(factors):
                for k, factor in enumerate(factors):
                    if isinstance(factor, Number) and factor is not MINUS_ONE:
                        rest = mul(*(f for n, f in enumerate(factors) if n != k))
                        yield "mistake/constant/factor-lost", replace_at(line, path, rest)
            case _:
                continue
    if not isinstance(line, Partial):
        yield "mistake/sign/whole-line", neg(line)


# --- wrong lines by random edits ------------------------------------------------------------------------
def by_edits(chain: Chain, k: int, rng: random.Random) -> tuple[str, Expr] | None:
    """Line ``k`` with one or two random changes of its tree."""
    line = chain.lines[k]
    for _ in range(rng.choice((1, 1, 1, 2))):
        line = _edited(line, rng) or line
    return None if line is chain.lines[k] else ("", line)


def _edited(line: Expr, rng: random.Random) -> Expr | None:
    places = [(p, n) for p, n in paths(line) if not isinstance(n, Index) and _outside_partial(line, p)]
    path, node = rng.choice(places)
    symbols = [n for n in postorder(line) if isinstance(n, Symbol)]
    options: list[Expr] = [neg(node), mul(Number(rng.choice((2, 3))), node), add(node, ONE)]
    match node:
        case Number(value):
            options += [Number(value + 1), Number(value - 1), Number(-value)]
        case Add(terms) | Mul(terms):
            build = add if isinstance(node, Add) else mul
            k = rng.randrange(len(terms))
            options += [build(*terms[:k], *terms[k + 1 :])] * 3
            options.append(build(*terms, terms[k]))
        case Pow(base, exponent):
            options += [base, inverse(node), Pow(base, add(exponent, ONE))]
        case Call(name, (argument,)):
            options += [
                argument,
                Call(rng.choice([n for n in ("exp", "sigmoid", "tanh") if n != name]), (argument,)),
            ]
        case Symbol(_, indices):
            other = [s for s in symbols if s is not node and len(s.indices) == len(indices)]
            options += [rng.choice(other)] * 2 if other else []
        case Reduce(op, _, body) if op == "sum" and node.index not in free_indices(body):
            options.append(body)
        case _:
            pass
    return replace_at(line, path, rng.choice(options))


def _outside_partial(line: Expr, path: Path) -> bool:
    """Derivatives are left whole: what is in them belongs to the line before, too."""
    from whygrad.core.walk import at  # noqa: PLC0415

    return not any(isinstance(at(line, path[:n]), Partial | Symbol) for n in range(len(path)))


# --- right lines --------------------------------------------------------------------------------------------
def by_rewriting(chain: Chain, k: int, rng: random.Random) -> tuple[str, Expr] | None:
    """Line ``k`` written otherwise: order, brackets, signs, fractions, other words for a function."""
    line = chain.lines[k]
    for _ in range(rng.randint(1, 4)):
        path, node = rng.choice([(p, n) for p, n in paths(line) if _outside_partial(line, p)])
        line = replace_at(line, path, _rewritten(node, rng))
    return "", line


def _rewritten(node: Expr, rng: random.Random) -> Expr:
    match node:
        case Add(terms):
            shuffled = rng.sample(terms, len(terms))
            return rng.choice((Add(shuffled), neg(add(*(neg(t) for t in terms)))))
        case Mul(factors):
            k = next((k for k, f in enumerate(factors) if isinstance(f, Add)), None)
            if k is not None and rng.random() < 0.5:
                rest = (*factors[:k], *factors[k + 1 :])
                bracket = factors[k]
                assert isinstance(bracket, Add)
                return add(*(mul(*rest, t) for t in bracket.terms))
            return Mul(rng.sample(factors, len(factors)))
        case Pow(base, Number(value)) if value == 2:
            return mul(base, base)
        case Pow(Mul(factors), exponent) if exponent is MINUS_ONE:
            return mul(*(inverse(f) for f in factors))
        case Call("sigmoid", (u,)):
            return rng.choice(
                (inverse(add(ONE, Call("exp", (neg(u),)))), add(ONE, neg(Call("sigmoid", (neg(u),)))))
            )
        case Call("tanh", (u,)):
            two = mul(Number(2), u)
            return add(mul(Number(2), Call("sigmoid", (two,))), MINUS_ONE)
        case Call("exp", (Add(terms),)):
            return mul(*(Call("exp", (t,)) for t in terms))
        case Number(value) if value.denominator == 1 and abs(value) > 1:
            return Number(Fraction(value))
        case Reduce(op, index) if op == "sum":
            return rename_bound(node, fresh_index(Index("r", index.dim), letters(node)))
        case _:
            return node


# --- judging ------------------------------------------------------------------------------------------------
Maker = Callable[[Chain, int, random.Random], "tuple[str, Expr] | None"]
MAKERS: dict[str, tuple[Maker, bool]] = {
    "rows": (by_rows, False),
    "random": (by_edits, False),
    "right": (by_rewriting, True),
}


def run(kind: str, count: int, seed: int = 1, only: tuple[str, ...] = ()) -> Tally:
    """Make and judge ``count`` mutants of one kind, of the costs in ``only`` or of all."""
    maker, right = MAKERS[kind]
    rng = random.Random(seed)
    tally = Tally()
    all_chains = chains(only)
    tries = 0
    while tally.tried < count and tries < 20 * count:
        tries += 1
        chain = rng.choice(all_chains)
        k = rng.randrange(1, len(chain.lines))
        try:
            made = maker(chain, k, rng)
        except (WhygradError, AssertionError, StopIteration):
            continue
        if made is None or made[1] is chain.lines[k]:
            continue
        if truth(chain.lines[k - 1], made[1], chain.scope) is not right:
            continue
        try:
            _judge(tally, chain, k, made, right=right)
        except (ValueError, IndexError, KeyError, AttributeError, AssertionError, TypeError) as error:
            tally.errors += 1
            tally.examples.append(f"{type(error).__name__} {error}: {chain.name}")
    return tally


def _judge(tally: Tally, chain: Chain, k: int, made: tuple[str, Expr], *, right: bool) -> None:
    slip, line = made
    before = chain.lines[k - 1]
    tally.tried += 1
    start = time.perf_counter()
    verdict = same_value(before, line, chain.scope)
    found = diagnose(before, line, chain.scope) if verdict.kind in ("different", "ill-typed") else None
    tally.seconds += time.perf_counter() - start
    says = {"equal": True, "different": False, "ill-typed": False}.get(verdict.kind)
    tally.undecided += says is None
    if says is not None and says is not right:
        tally.wrong_verdicts += 1
        tally.examples.append(f"verdict {verdict.kind}: {chain.name} {before!r} -> {line!r}")
    if right:
        return
    tally.first_found += says is False
    if found is None or not found.id:
        return
    tally.named += 1
    if slip:
        said = [MISTAKES[n].family for n in (found.id, *found.alternatives)]
        wanted = MISTAKES[slip].family
        tally.family_first += said[0] == wanted
        tally.family_two += wanted in said[:2]
        tally.misnamed += wanted not in said
        if wanted not in said:
            tally.families[f"{slip} named {found.id}"] += 1


# --- as somebody would write it -------------------------------------------------------------------------
def spelled(chain: Chain, lines: Sequence[Expr], spelling: str) -> Written:
    """Lines, definitions and what a reader would know, as LaTeX or in Unicode."""

    def say(e: Expr) -> str:
        return to_latex(e, chain.scope) if spelling == "latex" else to_text(e, chain.scope)

    context = [f"{say(Symbol(d.name, d.indices))} = {say(d.body)}" for d in chain.scope.definitions.values()]
    known: list[str] = []
    for d in chain.scope.declarations.values():
        if d.values:
            known.append(f"{d.name} in {{{','.join(map(str, d.values))}}}")
        if d.has("onehot"):
            known.append(f"{d.name} is one-hot")
        if d.positive:
            known.append(f"{d.name} > 0")
    return Written(tuple(say(e) for e in lines), tuple(context), tuple(known))


def run_spelled(kind: str, count: int, spelling: str, seed: int = 1, only: tuple[str, ...] = ()) -> Tally:
    """Print derivations with one line changed and let the checker read and judge them."""
    maker, right = MAKERS[kind]
    rng = random.Random(seed)
    tally = Tally()
    for _ in range(20 * count):
        if tally.tried >= count:
            break
        chain = rng.choice(chains(only))
        k = rng.randrange(1, len(chain.lines))
        try:
            made = maker(chain, k, rng)
        except (WhygradError, AssertionError, StopIteration):
            continue
        if made is None or truth(chain.lines[k - 1], made[1], chain.scope) is not right:
            continue
        tally.tried += 1
        start = time.perf_counter()
        written = spelled(chain, (*chain.lines[:k], made[1]), spelling)
        report = check_chain(written)
        tally.seconds += time.perf_counter() - start
        wanted = None if right else k
        tally.first_found += report.first_wrong == wanted
        tally.undecided += any(v in ("undecided", "unreadable") for v in report.verdicts)
        false = report.first_wrong is not None and report.first_wrong != wanted
        missed = not right and report.verdicts[k - 1] == "equal"
        tally.wrong_verdicts += false or missed
        if false or missed:
            at = report.first_wrong or k
            tally.examples.append(
                f"{chain.name} {report.verdicts[at - 1]}: {written.lines[at - 1]}  ->  {written.lines[at]}"
            )
    return tally


def main() -> int:
    """Run the three kinds and print the figures."""
    parser = argparse.ArgumentParser(description="Judge and name mutants of the gallery's derivations.")
    parser.add_argument("--rows", type=int, default=15000)
    parser.add_argument("--random", type=int, default=5000)
    parser.add_argument("--right", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="names of costs, with commas")
    parser.add_argument(
        "--spelled", choices=("latex", "text"), help="print the lines and let the checker read them"
    )
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    failed = 0
    for kind in MAKERS:
        only = tuple(filter(None, args.only.split(",")))
        if args.spelled:
            tally = run_spelled(kind, getattr(args, kind), args.spelled, args.seed, only)
        else:
            tally = run(kind, getattr(args, kind), args.seed, only)
        n = max(tally.tried, 1)
        figures = {
            "kind": kind,
            "tried": tally.tried,
            "wrong_verdicts": tally.wrong_verdicts,
            "errors": tally.errors,
            "undecided": round(tally.undecided / n, 4),
            "first_wrong_found": round(tally.first_found / n, 4),
            "named": round(tally.named / n, 4),
            "family_first": round(tally.family_first / n, 4),
            "family_first_two": round(tally.family_two / n, 4),
            "misnamed": round(tally.misnamed / n, 4),
            "ms_each": round(1000 * tally.seconds / n, 2),
        }
        print(json.dumps(figures))
        failed += tally.wrong_verdicts
        if args.show:
            for line in tally.examples[:20]:
                print("  ", line)
            for text, times in tally.families.most_common(25):
                print("  ", times, text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
