"""whygrad: from a machine-learning cost function to its gradient, derived, explained and proved.

The verbs are attributes of this module and load what they need when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whygrad.api import (
        check,
        check_records,
        compare,
        derive,
        document,
        fit,
        gallery,
        load_cost,
        pairs,
        predict,
        render,
        why,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "check",
    "check_records",
    "compare",
    "derive",
    "document",
    "fit",
    "gallery",
    "load_cost",
    "pairs",
    "predict",
    "render",
    "why",
]


def __getattr__(name: str) -> Any:
    """Load a verb from :mod:`whygrad.api` at first use (PEP 562)."""
    if name in __all__:
        from whygrad import api  # noqa: PLC0415  the one late import: keeps `import whygrad` light

        return getattr(api, name)
    raise AttributeError(f"module 'whygrad' has no attribute {name!r}")
