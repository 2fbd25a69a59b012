"""One company for all practice deployments of these tests: making keys is what takes time."""

import pytest

from wizard.sandbox import pki as practice
from wizard.sandbox.pki import Pki


@pytest.fixture(scope="session")
def company() -> Pki:
    return practice.make()
