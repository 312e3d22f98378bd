"""Inputs nobody would write, by the hundred thousand: does `check` crash, hang or grow?

Four kinds of input: lines of recorded derivations with random edits, random runs of the signs of
mathematics, brackets nested deep, and large numbers and exponents. Each has a seed of its own. Counted
are crashes (anything but an answer or a refusal), refusals that give no reason, inputs that took longer
than a few seconds, and the largest memory of the process.

Run: ``python benchmarks/fuzz_check.py --count 1000000`` (hours), ``--again 1:17`` for one input.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from whygrad.core.errors import WhygradError
from whygrad.engine.check import check_record, check_text

RECORDS = Path(__file__).parents[1] / "tests" / "check" / "data" / "derivations.jsonl"
SLOW_S = 5.0
SIGNS = (
    r"\frac{ } { ( ) [ ] \sum_{i=1}^m \sum_i \partial ^ _ & \\ = \begin{cases} \end{cases} | || \left("
    r" \right) \left \right d e^{ \log \ln \exp \text{ x w y w_i x_{ij} z^{(i)} ^{99999} \over \nabla"
    r" \hat{ 1/ - + * \cdot T ^T ∂ √ ½ \def\x{\x}\x \ é ∑ \max \min \langle \rangle : ; , . ' \mathbf{"
    r" \lim ∂L/∂w dL/dw δ_{ij} \delta_{ij} \sigma( sigmoid( ≤ \le \neq 1[ 2 0 0.5 10^{ ^{-1} if"
    r" otherwise $ $$ \[ \] \( \) # % ~ Σ_k ² ᵀ \top \mathrm{softmax} \begin{align} \end{align}"
    r" \begin{pmatrix} \end{pmatrix} \newcommand{\y}{y}"
).split(" ")


def inputs(seed: int, number: int, records: list[dict[str, Any]]) -> tuple[str, dict[str, Any] | str]:
    """Input ``number``: its kind, and a record or a text."""
    rng = random.Random(f"{seed}:{number}")
    kind = rng.choices(("edited", "signs", "deep", "large"), (4, 5, 1, 1))[0]
    match kind:
        case "edited":
            return kind, _edited(rng, rng.choice(records))
        case "signs":
            lines = [_signs(rng) for _ in range(rng.randint(1, 4))]
            return kind, rng.choice(("\n= ", " = ", "\n\n", " \\\\ ")).join(lines)
        case "deep":
            n = rng.randint(2, 400)
            first, last = rng.choice(_PAIRS)
            return kind, f"y = {first * n}x{last * rng.choice((n, n, n - 1, n + 1))} = x"
        case _:
            digits = "9" * rng.randint(1, 70)
            form = rng.choice(
                ("x^{%s}", "e^{%s x}", "%s x", "x_{%s}", "(1+x)^%s", "1/%s^%s", "%s!", "2^2^%s")
            )
            text = form.replace("%s", digits)
            return kind, f"d/dx {text} = {text} x^{{{digits}}} = {_signs(rng)}"


_PAIRS = (
    ("(", ")"), ("[", "]"), ("{", "}"), ("|", "|"), (r"\left(", r"\right)"), (r"\frac{1}{", "}"),
    ("e^{", "}"), (r"\sqrt{", "}"), ("-", ""), (r"\hat{", "}"), ("x_{", "}"), (r"\sum_i ", ""),
    (r"\partial/\partial x ", ""), ("log ", ""), ("||", "||"), (r"\text{", "}"), ("((", ")"), ("x^", ""),
)  # fmt: skip


def _signs(rng: random.Random) -> str:
    glue = rng.choice(("", " "))
    return glue.join(rng.choice(SIGNS) for _ in range(rng.randint(1, 14)))


def _edited(rng: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    record = dict(record)
    begin = rng.randrange(max(1, len(record["lines"]) - 2))
    record["lines"] = record["lines"][begin : begin + 3]
    for _ in range(rng.randint(1, 3)):
        key = rng.choice(("lines", "lines", "context", "assumptions"))
        texts = list(record[key]) or [""]
        place = rng.randrange(len(texts))
        text = texts[place]
        at = rng.randrange(len(text) + 1)
        match rng.randrange(5):
            case 0:
                text = text[:at] + rng.choice(SIGNS) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randint(1, 4) :]
            case 2:
                text = text[:at] + text[at : at + 3] * rng.randint(2, 20) + text[at:]
            case 3:
                other = rng.randrange(len(text) + 1)
                text = text[: min(at, other)] + text[max(at, other) :]
            case _:
                text = (
                    text[:at] + chr(rng.choice((rng.randint(32, 126), rng.randint(160, 0x2FFF)))) + text[at:]
                )
        texts[place] = text
        record[key] = texts
    return record


def ask(given: dict[str, Any] | str) -> str:
    """What came of an input: "answered", or the id of the refusal, "" where it has no reason."""
    try:
        (check_text(given) if isinstance(given, str) else check_record(given)).json()
    except WhygradError as error:
        return error.id if error.reason else ""
    return "answered"


def main() -> int:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description="Inputs nobody would write.")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", default="", metavar="SEED:NUMBER")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    records = [json.loads(line) for line in RECORDS.read_text(encoding="utf8").splitlines()]
    if args.again:
        seed, number = map(int, args.again.split(":"))
        print(json.dumps(inputs(seed, number, records), ensure_ascii=False, indent=1))
        print(ask(inputs(seed, number, records)[1]))
        return 0
    told: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    bad: list[dict[str, Any]] = []
    slowest = 0.0
    begun = time.process_time()
    for number in range(args.first, args.first + args.count):
        kind, given = inputs(args.seed, number, records)
        kinds[kind] += 1
        start = time.process_time()
        try:
            came = ask(given)
            told[came] += 1
            if not came:
                bad.append({"number": number, "what": "a refusal without a reason", "input": given})
        except Exception:  # noqa: BLE001  a crash is what is looked for
            bad.append({"number": number, "what": traceback.format_exc()[-800:], "input": given})
        took = time.process_time() - start
        slowest = max(slowest, took)
        if took > SLOW_S:
            bad.append({"number": number, "what": f"took {took:.1f} s", "input": given})
        done = number - args.first + 1
        if args.out and (done % 1000 == 0 or done == args.count or bad):
            shown = {
                "inputs": done,
                "seed": args.seed,
                "kinds": dict(kinds),
                "answers": dict(told),
                "failures": len(bad),
                "slowest_s": round(slowest, 2),
                "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "seconds": round(time.process_time() - begun),
                "examples": bad[:40],
            }
            args.out.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    print(f"{args.count} inputs, {len(bad)} failures, slowest {slowest:.2f} s")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
