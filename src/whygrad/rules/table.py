"""All rules in one table."""

from __future__ import annotations

from typing import Final

from whygrad.rules.algebra import ALGEBRA_RULES
from whygrad.rules.derivatives import DERIVATIVE_RULES
from whygrad.rules.rule import Rule

RULES: Final[dict[str, Rule]] = {**DERIVATIVE_RULES, **ALGEBRA_RULES}
"""Rule id -> row."""
