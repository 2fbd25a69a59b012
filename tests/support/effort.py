"""Says whether a piece of work ends soon, on a machine that may slow down at any moment."""

import gc
import time
from collections.abc import Callable

_USUAL = 0.05
"""Seconds that counting to a million takes on the machine for which the bounds were chosen."""


def _count() -> None:
    number = 0
    while number < 1_000_000:
        number += 1


def _seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def soon(work: Callable[[], object], seconds: float = 1.0) -> bool:
    """Whether *work* takes no more than so much processor time, in the best of eleven tries.

    The first try within the bound ends it, so quick work runs once. In the others the bound is larger where counting
    takes longer than usual, before or after. What *work* raises is raised.
    """
    if _seconds(work) < seconds:
        return True

    def once() -> bool:
        before, took, after = _seconds(_count), _seconds(work), _seconds(_count)
        return took < seconds * max(1.0, before / _USUAL, after / _USUAL)

    # Work that makes many objects has the collector walk whatever earlier tests left, which is no cost of the work.
    gc.collect()
    gc.freeze()
    try:
        return any(once() for _ in range(10))
    finally:
        gc.unfreeze()
