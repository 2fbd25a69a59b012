"""The line for monitoring: dates against limits, findings, drift, and what could not be seen."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.support.doctor_facts import CACERTS, CONF, FALLBACK, HEALTHY, LEAF, MIDDLE, NOW, PROBE, ROOT, but
from wizard.doctor.diagnose import diagnose
from wizard.doctor.facts import ChangedFile, DoctorFacts
from wizard.doctor.status import State, Status, status
from wizard.doctor.timeline import Place, places, timeline

MOMENT = datetime.fromisoformat(NOW)


def ending(date: str) -> DoctorFacts:
    leaf = replace(LEAF, not_after=f"{date}T12:00:00Z")
    seen = replace(PROBE, chain=(leaf, MIDDLE))
    return but(store__chain=(leaf, MIDDLE, ROOT), probes=(seen,), without_name=replace(seen, servername=None))


def of(facts: DoctorFacts, warn: int = 30, critical: int = 7) -> Status:
    return status(diagnose(facts), MOMENT, warn=warn, critical=critical)


@pytest.mark.parametrize(
    ("date", "state", "days"),
    [
        ("2027-11-24", State.OK, 365),
        ("2026-12-24", State.OK, 30),
        ("2026-12-23", State.WARNING, 29),
        ("2026-12-01", State.WARNING, 7),
        ("2026-11-30", State.CRITICAL, 6),
        ("2026-11-24", State.CRITICAL, 0),
        ("2026-11-20", State.CRITICAL, -4),
    ],
)
def test_days_left_against_the_limits(date: str, state: State, days: int) -> None:
    judged = of(ending(date))
    assert (judged.state, judged.days) == (state, days)
    assert judged.first_line.startswith(f"CLOUDSTREAM TLS {state.name} - ")
    assert judged.first_line.endswith(f"| days={days};30:;7:")


def test_limits_are_the_callers() -> None:
    assert of(ending("2026-12-24"), warn=31).state is State.WARNING
    assert of(ending("2026-12-24"), warn=60, critical=40).state is State.CRITICAL


def test_each_link_is_told_with_its_first_end_and_for_whom() -> None:
    root = replace(ROOT, not_after="2027-01-01T00:00:00Z")
    links = of(but(store__chain=(LEAF, MIDDLE, root))).links
    assert (links[0].first.name, links[0].where) == ("Acme-CA-Root", "/opt/hcp/conf/primary-host.pfx")
    assert {link.where for link in links} == {
        "/opt/hcp/conf/primary-host.pfx",
        "presented at localhost:2560",
        f"{CACERTS}, cloudstream-acme",
    }
    assert all(link.for_whom for link in links)


def test_a_future_certificate_is_critical() -> None:
    leaf = replace(LEAF, not_before="2026-12-01T00:00:00Z")
    assert of(but(store__chain=(leaf, MIDDLE, ROOT))).state is State.CRITICAL


def test_a_root_cause_is_told_before_the_dates() -> None:
    judged = of(but(probes=(replace(PROBE, chain=(FALLBACK,), fallback=True),)))
    assert judged.state is State.CRITICAL
    assert "[doctor.fallback-served]" in judged.first_line


@pytest.mark.parametrize(
    ("uploads", "state"),
    [((), State.WARNING), ((ROOT.sha256,), State.WARNING), ((MIDDLE.sha256,), State.OK), (("all",), State.OK)],
)
def test_the_wait_for_the_upload_is_a_note_until_it_is_ticked(uploads: tuple[str, ...], state: State) -> None:
    """`doctor.ca-not-accepted` for the intermediate; *uploads* are the items that are open."""
    facts = but(probes=(replace(PROBE, acceptable_cas=("CN=Acme-CA-Root",)),))
    judged = status(diagnose(facts), MOMENT, uploads=uploads)
    assert (judged.state, bool(judged.notes)) == (state, state is State.OK)
    assert judged.as_json()["notes"] == list(judged.notes)
    if judged.notes:
        assert "Acme-CA-Intermediate" in judged.notes[0]
        drifted = replace(
            facts, change=but(change__files=(ChangedFile(CONF, "a" * 64, "b" * 64, 0o640, 0o640),)).change
        )
        assert status(diagnose(drifted), MOMENT, uploads=uploads).state is State.WARNING


def test_drift_is_a_warning() -> None:
    judged = of(but(change__files=(ChangedFile(CONF, "a" * 64, "b" * 64, 0o640, 0o640),)))
    assert judged.state is State.WARNING
    assert judged.drift == (f"{CONF} is not as change 0001-20261124T100000Z left it: its content changed",)


def test_a_replaced_cacerts_is_critical_and_drift() -> None:
    gone = ChangedFile(CACERTS, "a" * 64, "b" * 64, 0, 0, "cloudstream-acme", "3" * 64, trust_present=False)
    judged = of(but(change__files=(gone,), cacerts__has_root=False))
    assert judged.state is State.CRITICAL
    assert "no longer contains the root" in judged.drift[0]


def test_nothing_seen_is_unknown() -> None:
    blind = but(conf=None, store=None, cacerts=None, unit=None, probes=None, listening=None, change=None, java=None)
    assert of(blind).state is State.UNKNOWN
    assert of(replace(HEALTHY, probes=None)).state is State.UNKNOWN


def test_further_places_count() -> None:
    soon = replace(LEAF, not_after="2026-11-26T00:00:00Z")
    judged = status(diagnose(HEALTHY), MOMENT, further=[Place("pack/gateway.pfx", "whoever", (soon, MIDDLE))])
    assert judged.state is State.CRITICAL
    assert judged.links[0].where == "pack/gateway.pfx"


def test_the_timeline_is_sorted_and_skips_the_built_in_certificate() -> None:
    facts = but(probes=(replace(PROBE, chain=(FALLBACK,), fallback=True),))
    assert all("served" not in place.where for place in places(facts))
    ends = [link.ends for link in timeline(places(HEALTHY), MOMENT)]
    assert ends == sorted(ends)
