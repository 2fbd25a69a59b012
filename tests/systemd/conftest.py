"""One systemd for each module; without root or systemd its tests are skipped, and say what is missing."""

from collections.abc import Iterator

import pytest

from tests.support.booted_systemd import Booted, booted, missing


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    lacking = missing()
    if lacking:
        pytest.skip(f"no real systemd to compare with: {lacking}")
    with booted(tmp_path_factory.mktemp("systemd")) as running:
        yield running
