"""Facts go to JSON and come back the same; what is no set of facts is refused in words."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from tests.support.doctor_facts import HEALTHY, but
from wizard.doctor.diagnose import diagnose
from wizard.doctor.facts import Judged, Refused, from_json
from wizard.errors import WizardError

SETS = {
    "healthy": HEALTHY,
    "parts missing": but(conf=None, store=None, unit=None, probes=None, change=None, journal=None),
    "judged": but(store__judged=(Judged("validity.days-left", {"name": "x", "days": 3}, "1" * 64),)),
    "refused": but(conf__error=Refused("hocon.escape", "line 3", "Write two.", 3, 7)),
}


@pytest.mark.parametrize("name", SETS)
def test_round_trip(name: str) -> None:
    facts = SETS[name]
    again = from_json(json.loads(json.dumps(asdict(facts))))
    assert again == facts
    assert diagnose(again).as_json() == diagnose(facts).as_json()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"schema": 99},
        {"schema": 1},
        {"schema": 1, "clock": {}, "port": 1},
        {"schema": 1, "clock": {"now": 3}, "port": 1},
        {"schema": 1, "clock": {"now": "x"}, "port": "y"},
        {"schema": 1, "clock": {"now": "x"}, "port": 1, "journal": 3},
        {"schema": 1, "clock": {"now": "x"}, "port": True},
        {"schema": 1, "clock": {"now": "x"}, "port": 1, "conf": "text"},
    ],
)
def test_what_is_no_set_of_facts_is_refused(data: Any) -> None:
    with pytest.raises(WizardError) as refused:
        from_json(data)
    assert refused.value.code == "doctor.facts-unusable"


def test_members_of_a_later_version_are_left_alone() -> None:
    data = asdict(HEALTHY) | {"something": "new"}
    assert from_json(data) == HEALTHY
