"""``compile`` for other libraries: which target is written by what."""

from __future__ import annotations

from typing import Any

from whygrad.core.cost import Cost
from whygrad.interop.boosting import compile_boosting


def compile_for(cost: Cost, to: str, *, name: str = "") -> Any:
    """A cost for a framework; the source is written without importing it."""
    if to == "xgboost" or to == "lightgbm":
        return compile_boosting(cost, to, name=name)
    from whygrad.interop.frameworks import compile_framework  # noqa: PLC0415

    return compile_framework(cost, to, name=name)
