"""Wrong and right derivations made from the gallery's, printed in many hands, judged and named.

Three kinds of lines take the place of one line of a derivation:

- wrong ones by the rows of the table of mistakes,
- wrong ones by random edits of the tree, which know neither rules nor mistakes,
- right ones by rewritings that keep the value.

What is true is decided by the slow oracle at 50 digits; mutants that are right by accident are left
out of the wrong ones. Every chain is printed in a hand and a layout drawn for it and read as a person's
is. Counted are verdicts that contradict the oracle, chains left open, the first wrong line, and whether
the family of the mistake is among the first two said. Each mutant has a seed of its own, so that one can
be looked at alone.

Run: ``python benchmarks/mutations.py`` (all of it, hours), ``--rows 100 --random 50 --right 100`` (a draw),
``--again rows:17`` (one mutant). Table: ``docs/benchmarks-check.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mutants.judging import KINDS, Tally, judge

from whygrad import costs


def figures(kind: str, tally: Tally) -> dict[str, Any]:
    """The figures of one kind."""
    n = max(tally.tried, 1)
    shown: dict[str, Any] = {
        "kind": kind,
        "chains": tally.tried,
        "pairs": tally.pairs,
        "wrong_verdicts": tally.wrong_verdicts,
        "errors": tally.errors,
        "undecided": round(tally.undecided / n, 4),
        "ms_each": round(1000 * tally.seconds / n, 1),
    }
    if kind != "right":
        shown |= {"first_wrong_found": round(tally.found / n, 4), "named": round(tally.named / n, 4)}
    if kind == "rows":
        shown |= {
            "family_first": round(tally.first / n, 4),
            "family_first_two": round(tally.first_two / n, 4),
            "misnamed": round(tally.misnamed / n, 4),
        }
    return shown


def run(
    kind: str, first: int, count: int, seed: int, names: tuple[str, ...], log: Path | None, minutes: float
) -> Tally:
    """Judge ``count`` mutants of a kind, beginning with number ``first``, or as many as the time allows."""
    tally = Tally()
    number = first
    ends = time.monotonic() + 60 * minutes
    while tally.tried < count and number < first + 20 * count and time.monotonic() < ends:
        before = len(tally.failures)
        judge(tally, kind, number, seed, names)
        number += 1
        if log is not None:
            with log.open("a", encoding="utf8") as out:
                for failure in tally.failures[before:]:
                    out.write(json.dumps(failure, ensure_ascii=False) + "\n")
                if tally.tried % 200 == 0:
                    out.write(json.dumps(figures(kind, tally)) + "\n")
    return tally


def table(tallies: dict[str, Tally], fuzzed: list[Path]) -> str:
    """The page of figures, in Markdown."""
    rows = [figures(kind, tally) for kind, tally in tallies.items()]
    total = sum(row["chains"] for row in rows)
    words = {
        "rows": "wrong, by the rows of the table of mistakes",
        "random": "wrong, by random edits of the tree",
        "right": "right, rewritten",
    }
    lines = [
        "# The checker on derivations that were made wrong on purpose",
        "",
        "Made by `benchmarks/mutations.py --merge … --table`; do not edit. Lines of the gallery's",
        "derivations (all routes and levels) with one line changed, printed in LaTeX or plain text in hands",
        "and layouts drawn by lot, read and judged as a person's are. The truth is the slow oracle's, at 50",
        "digits.",
        "",
        f"{total:,} of the 40,000 that the whole run makes have been judged.",
        "",
        "| line | chains | wrong verdicts | left open | first wrong line found | named | family first"
        " | among the first two | ms |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        shares = ("first_wrong_found", "named", "family_first", "family_first_two")
        cells = [f"{row[key]:.1%}" if key in row else "–" for key in shares]
        begun = [words[row["kind"]], f"{row['chains']:,}", row["wrong_verdicts"], f"{row['undecided']:.1%}"]
        lines.append("| " + " | ".join(map(str, [*begun, *cells, row["ms_each"]])) + " |")
    runs = [json.loads(path.read_text(encoding="utf8")) for path in fuzzed]
    if runs:
        count, failed = (sum(run[key] for run in runs) for key in ("inputs", "failures"))
        lines += [
            "",
            f"Fuzzing (`benchmarks/fuzz_check.py`): {count:,} of 1,000,000 inputs, {failed} crashes",
            "or hangs,",
            f"the slowest {max(run['slowest_s'] for run in runs)} s of processor time,",
            f"the largest process {max(run['memory_mb'] for run in runs)} MB.",
        ]
    return "\n".join(lines) + "\n"


def _merged(parts: list[Path]) -> dict[str, Tally]:
    tallies = {kind: Tally() for kind in KINDS}
    for part in parts:
        for kind, found in json.loads(part.read_text(encoding="utf8"))["counts"].items():
            told = {**found, "failures": [], "open": Counter(found["open"]), "names": Counter(found["names"])}
            tallies[kind].add(Tally(**told))
    return tallies


def main() -> int:
    """Run, or join runs, and print the figures."""
    parser = argparse.ArgumentParser(description="Judge and name mutants of the gallery's derivations.")
    parser.add_argument("--rows", type=int, default=15000)
    parser.add_argument("--random", type=int, default=5000)
    parser.add_argument("--right", type=int, default=20000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant of each kind")
    parser.add_argument("--minutes", type=float, default=1e9, help="most time for each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--costs", default="", help="names of costs, with commas; all by default")
    parser.add_argument("--again", default="", metavar="KIND:NUMBER", help="one mutant, with what was said")
    parser.add_argument("--log", type=Path, help="failures, one a line, while it runs")
    parser.add_argument("--out", type=Path, help="counts as JSON")
    parser.add_argument("--merge", type=Path, nargs="*", default=[], help="join the counts of runs")
    parser.add_argument("--table", type=Path, help="the page of figures")
    parser.add_argument("--fuzzed", type=Path, nargs="*", default=[], help="figures of fuzz_check.py")
    args = parser.parse_args()
    names = tuple(filter(None, args.costs.split(","))) or costs.names()
    if args.again:
        kind, number = args.again.split(":")
        tally = Tally()
        judge(tally, kind, int(number), args.seed, names)
        print(json.dumps(tally.failures, indent=1, ensure_ascii=False))
        return int(bool(tally.wrong_verdicts))
    if args.merge:
        tallies = _merged(args.merge)
    else:
        tallies = {
            kind: run(kind, args.first, getattr(args, kind), args.seed, names, args.log, args.minutes)
            for kind in KINDS
        }
    for kind, tally in tallies.items():
        print(json.dumps(figures(kind, tally)))
        for text, times in tally.names.most_common(12) + tally.open.most_common(8):
            print("  ", times, text)
    if args.out:
        counts = {kind: {**vars(t), "failures": t.failures[:50]} for kind, t in tallies.items()}
        shown = {"figures": [figures(k, t) for k, t in tallies.items()], "counts": counts}
        args.out.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    if args.table:
        args.table.write_text(table(tallies, args.fuzzed), encoding="utf8")
    return int(any(t.wrong_verdicts or t.errors for t in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
