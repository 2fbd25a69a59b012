"""How long the property tests try: `make test` a little and always the same, `make test-all` with `--hypothesis-profile=exhaustive`."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "quick", max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("exhaustive", settings.get_profile("quick"), max_examples=400, derandomize=False)
settings.load_profile("quick")
