"""What the tests over a real ssh link begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import Practice, practice
from tests.support.scenarios import furnish
from tests.support.sshd import Sshd, sshd


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An sshd of our own for all tests of a file."""
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Practice]:
    """A practice deployment with the files that the ways ask for."""
    with practice(tmp_path / "p") as made:
        furnish(made)
        yield made
