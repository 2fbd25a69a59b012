"""What only `make test-all` runs: the marker, and loops that take every point there instead of some."""

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

T = TypeVar("T")
EVERY = bool(os.environ.get("CRASH_EVERY"))
"""Whether a loop over fault points takes each of them, as `make crash` and `make test-all` do."""

exhaustive = pytest.mark.exhaustive


def points(last: int, some: int, *, first: int = 1, every: int = 1) -> range:
    """The fault points from *first* to *last*: each *every*-th of them, or for `make test` each *some*-th."""
    return range(first, last + 1, every if EVERY else some)


def mostly_exhaustive(values: Iterable[T], always: Callable[[T], bool]) -> list[T | ParameterSet]:
    """*values* as parameters (a tuple: of several names), of which `make test` takes those for which *always* is true."""
    return [
        value if always(value) else pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=exhaustive)
        for value in values
    ]
