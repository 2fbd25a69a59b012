"""Practice deployments for the screens: one for each test, or one for a file whose tests change nothing."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import Practice, practice


@pytest.fixture(autouse=True)
def nothing_stays_frozen() -> Iterator[None]:
    """The program tells the collector to leave alone what is there at its start; here it starts again and again."""
    yield
    gc.unfreeze()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Practice]:
    """A deployment without Java whose server is not started."""
    with practice(tmp_path / "p", java=None, start=False) as deployment:
        yield deployment


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Practice]:
    """A deployment with a running server."""
    with practice(tmp_path / "p", java=None) as deployment:
        yield deployment
