"""whygrad: from a machine-learning cost function to its gradient, derived, explained and proved.

The verbs are attributes of this module and load what they need when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whygrad.api import (
        assert_gradient,
        audit,
        check,
        check_records,
        circuit,
        compare,
        compile,  # noqa: A004  the verb
        derive,
        document,
        draw,
        exercise,
        fit,
        gallery,
        lesson,
        load_cost,
        mark,
        pairs,
        predict,
        render,
        why,
    )
    from whygrad.syntax.objects import (
        CostBuilder,
        fn,
        max_over,
        mean_over,
        min_over,
        prod_over,
        sum_over,
        where,
    )

__version__ = "0.1.0"

__all__ = [
    "assert_gradient",
    "audit",
    "CostBuilder",
    "__version__",
    "check",
    "check_records",
    "circuit",
    "compare",
    "compile",
    "derive",
    "document",
    "draw",
    "exercise",
    "fit",
    "fn",
    "gallery",
    "lesson",
    "load_cost",
    "mark",
    "max_over",
    "mean_over",
    "min_over",
    "pairs",
    "predict",
    "prod_over",
    "render",
    "sum_over",
    "where",
    "why",
]

_OBJECTS = ("CostBuilder", "fn", "max_over", "mean_over", "min_over", "prod_over", "sum_over", "where")
"""The words that build a cost from Python objects."""


def __getattr__(name: str) -> Any:
    """Load a verb from :mod:`whygrad.api` at first use (PEP 562)."""
    if name in _OBJECTS:
        from whygrad.syntax import objects  # noqa: PLC0415  as below

        return getattr(objects, name)
    if name in __all__:
        from whygrad import api  # noqa: PLC0415  the one late import: keeps `import whygrad` light

        return getattr(api, name)
    raise AttributeError(f"module 'whygrad' has no attribute {name!r}")
