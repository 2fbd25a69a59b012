"""Settings for all tests.

The property tests try a little and always the same in `make test`, more in `make test-all`, which gives
`--hypothesis-profile=exhaustive`.
"""

import pytest
from hypothesis import HealthCheck, settings

# A failed assertion of a helper shows its values, as one of a test does.
pytest.register_assert_rewrite("tests.support", "tests.tui")
settings.register_profile(
    "quick", max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("exhaustive", settings.get_profile("quick"), max_examples=400, derandomize=False)
settings.load_profile("quick")
