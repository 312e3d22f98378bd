"""Final forms of every gallery cost as text: written to tests/golden/derivations, one file a cost.

Run ``python tools/derivation_goldens.py`` after a change of the engine and read what changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOLDENS = ROOT / "tests" / "golden" / "derivations"


def golden(name: str) -> str:
    """The results of one cost: by route where they differ, with the matrix form and the evidence."""
    import whygrad as wg
    from whygrad.show.text import to_text

    lines: list[str] = []
    for route in ("chain", "backprop", "substitution"):
        derivation = wg.derive(name, route=route)
        scope = derivation.cost.scope
        if not lines:
            lines.extend([derivation.cost.title, ""])
            for d in derivation.cost.definitions:
                lines.append(f"  {d.name} = {to_text(d.body, scope)}")
            lines.append("")
        lines.append(route)
        for p in derivation.parameters:
            last = p.stages[-1]
            lines.append(f"  d/d {to_text(p.wrt, scope)} = {to_text(p.result, scope)}    [{p.evidence.kind}]")
            if last.matrix is not None:
                lines.append(f"      {to_text(last.matrix, scope)}    {last.matrix_shapes}".rstrip())
            elif last.no_matrix:
                lines.append(f"      no matrix form: {last.no_matrix}")
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    """Write the goldens of ``names`` (all when empty); those of costs that are gone are removed."""
    from whygrad import costs

    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in names or costs.names():
        (GOLDENS / f"{name}.txt").write_text(golden(name), encoding="utf-8")
    for old in GOLDENS.glob("*.txt"):
        if old.stem not in costs.names():
            old.unlink()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    main(sys.argv[1:])
