"""Settings for all tests.

The property tests try a little and always the same in `make test`, more in `make test-all`, which gives
`--hypothesis-profile=exhaustive`.
"""

import gc
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from wizard.cli import output
from wizard.self_start import COLLECTOR

# A failed assertion of a helper shows its values, as one of a test does.
# As the program does: test modules stay, and the collector would walk them again and again.
gc.set_threshold(*COLLECTOR)
pytest.register_assert_rewrite("tests.support", "tests.tui")
settings.register_profile(
    "quick", max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("exhaustive", settings.get_profile("quick"), max_examples=400, derandomize=False)
settings.load_profile("quick")


SLOW = ("integration", "terminal", "tui", "crash", "systemd", "oracle", "hostile")
"""Folders whose modules take long, the longest first: begun last, one of them would run alone at the end."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Write an IPv6 address without two colons: pytest-xdist takes them for the end of a file's name, and would run the
    test in another process than the rest of its file."""
    text = val.decode("ascii", "backslashreplace") if isinstance(val, bytes) else val
    return text.replace("::", ":_:") if isinstance(text, str) and "::" in text else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    folders = [item.path.parent.name for item in items]
    rank = {name: SLOW.index(name) if name in SLOW else len(SLOW) for name in set(folders)}
    items[:] = [item for _, item in sorted(zip(folders, items, strict=True), key=lambda pair: rank[pair[0]])]


@pytest.fixture(autouse=True)
def output_follows_the_schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a command prints with --json is compared with the schema that comes with the program."""
    wrong: list[str] = []

    def compared(members: dict[str, Any], **options: Any) -> str:
        from tests.support.output_schema import problems  # noqa: PLC0415 - few test files print JSON

        text = json.dumps(members, **options)
        wrong.extend(problems(json.loads(text)))
        return text

    monkeypatch.setattr(output, "load", lambda _name: compared)
    yield
    # Not where it was found: the command would report it as a bug of its own.
    assert wrong == []
