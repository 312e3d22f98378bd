"""The record of a run: each time the cost was asked, and what reading the data took.

Kept beside the model: how the cost fell, how steep it was, how often the data were read, and when.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from whygrad.train.result import Fit

FORMAT: Final = "whygrad-run/1"


@dataclass(slots=True)
class Log:
    """What was asked of a cost: seconds since the start, value, largest entry of the gradient.

    Attributes
    ----------
    bytes
        Of the data that one pass reads.
    """

    bytes: int = 0
    begun: float = field(default_factory=time.perf_counter)
    seconds: list[float] = field(default_factory=list[float])
    costs: list[float] = field(default_factory=list[float])
    slopes: list[float] = field(default_factory=list[float])

    def add(self, cost: float, slope: float) -> None:
        """One more pass over the data."""
        self.seconds.append(time.perf_counter() - self.begun)
        self.costs.append(cost)
        self.slopes.append(slope)


def run_text(fit: Fit) -> str:
    """The record as JSON, versioned."""
    log = fit.log
    whole: dict[str, Any] = {
        "format": FORMAT,
        "cost": fit.cost.name or fit.cost.title,
        "method": fit.method,
        "rate": fit.rate,
        "seed": fit.seed,
        "rows": fit.rows,
        "sizes": dict(fit.sizes),
        "updates": fit.updates,
        "converged": fit.converged,
        "reason": fit.reason,
        "objective": fit.objective,
        "certificate": {
            "kind": fit.certificate.kind,
            "gap": fit.certificate.gap,
            "gradient_norm": fit.certificate.gradient_norm,
            "sentence": fit.certificate.sentence,
        },
        "history": fit.cost_history,
        "passes": len(log.costs),
        "bytes_read": len(log.costs) * log.bytes,
        "seconds": log.seconds,
        "costs": log.costs,
        "gradient_norms": log.slopes,
        "said": fit.said,
        "warnings": fit.warnings,
    }
    return json.dumps(_finite(whole), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [_finite(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return value
