"""Costs that every medium is made for, and lessons made once."""

from __future__ import annotations

from functools import cache

import whygrad as wg
from whygrad.teach.lesson import Lesson

TYPED = "data x[i], t[i]\nparam a, c\nr[i] = a exp(-c x[i]) - t[i]\nJ = sum_i r[i]^2"
"""A cost as it is typed on a command line."""
COSTS = ("logistic", "logistic-l2", "softmax", "network-sigmoid", TYPED)
IDS = ("logistic", "logistic-l2", "softmax", "network-sigmoid", "typed")


@cache
def lesson(text: str) -> Lesson:
    cost = wg.load_cost(text)
    return Lesson(cost, cost.source)
