"""A few threads that run one function together and then wait for the next."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache


def cores() -> int:
    """The number of processors this process may use; ``WHYGRAD_THREADS`` lowers it."""
    asked = os.environ.get("WHYGRAD_THREADS", "")
    affinity = getattr(os, "sched_getaffinity", None)
    there = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(there, int(asked))) if asked.isdecimal() else there


@lru_cache(maxsize=1)
def _helpers(process: int, count: int) -> ThreadPoolExecutor:
    """The threads beside the caller's. A process that was forked makes its own."""
    return ThreadPoolExecutor(count, thread_name_prefix=f"whygrad-{process}")


@lru_cache(maxsize=1)
def _lock() -> threading.Lock:
    return threading.Lock()


def _after_fork() -> None:
    """A child has none of the threads, and a lock that was held while it was made is never let go there."""
    _lock.cache_clear()
    _helpers.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def together(work: Callable[[], None], threads: int) -> None:
    """Run ``work`` in so many threads, the caller's among them, and wait for all."""
    if threads <= 1:
        work()
        return
    with _lock():
        helpers = _helpers(os.getpid(), threads - 1)
    others = [helpers.submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        for other in others:
            other.result()
