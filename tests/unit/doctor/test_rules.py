"""Each finding of the doctor: facts that fire it, while the healthy server is silent; and what it points to."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.codes_in import codes_in
from tests.support.doctor_cases import CASES, FALLS_BACK, SYMPTOMS, judgement, unopened
from tests.support.doctor_facts import HEALTHY, LEAF, MIDDLE, PROBE, ROOT, but, file
from wizard.doctor.diagnose import RULES, diagnose
from wizard.doctor.facts import DoctorFacts, Judged, Place, SettingFacts
from wizard.doctor.repair.choose import _BY_HAND
from wizard.doctor.rule import Result, Rule
from wizard.findings import Severity


def test_the_healthy_server_has_no_headline_and_nothing_unseen() -> None:
    diagnosis = diagnose(HEALTHY)
    assert diagnosis.root_causes == ()
    assert not diagnosis.findings
    assert {outcome.result for outcome in diagnosis.outcomes} <= {Result.PASS, Result.NOT_APPLICABLE}


@pytest.mark.parametrize("code", CASES)
def test_a_rule_fires(code: str) -> None:
    facts, cause = CASES[code]
    diagnosis = diagnose(facts)
    found = {finding.code: finding for finding in diagnosis.findings}
    assert code in found, sorted(found)
    finding = found[code]
    assert finding.caused_by == cause
    assert "{" not in finding.message + finding.fix
    if finding.severity >= Severity.WARNING:
        assert diagnosis.root_causes == (code,), diagnosis.root_causes
        assert diagnosis.repairs[0].code == code
        assert diagnosis.repairs[0].summary
        assert diagnosis.repairs[0].automatic or diagnosis.repairs[0].steps
    assert all(outcome.result is not Result.BROKEN for outcome in diagnosis.outcomes)


@pytest.mark.parametrize("code", SYMPTOMS)
def test_a_symptom_points_to_its_cause(code: str) -> None:
    facts, cause = SYMPTOMS[code]
    diagnosis = diagnose(facts)
    found = {finding.code: finding for finding in diagnosis.findings}
    assert found[code].caused_by == cause
    assert diagnosis.root_causes == (cause,)


def test_every_finding_has_a_case() -> None:
    assert {code for code in codes_in("wizard/doctor/rules") if code.startswith("doctor.")} == set(CASES)


def test_findings_of_the_certificate_rules_are_told_and_tied_to_what_is_served() -> None:
    facts = but(
        store__judged=(
            judgement("validity.leaf-expired"),
            Judged("key.missing", {"name": "primary-host"}),
        )
    )
    diagnosis = diagnose(facts)
    assert diagnosis.root_causes == ("validity.leaf-expired",)
    assert "csr --role primary --host primary-host" in " ".join(diagnosis.repairs[0].steps)


def test_a_judgement_that_does_not_fill_its_finding_was_not_looked_at() -> None:
    facts = but(store__judged=(Judged("chain.incomplete", {"name": "primary-host"}),))
    outcomes = {outcome.rule: outcome for outcome in diagnose(facts).outcomes}
    assert outcomes["doctor.certificates"].result is Result.NOT_RUN


def test_a_wrong_clock_explains_a_certificate_that_is_not_valid_yet() -> None:
    facts = but(clock__now="2019-01-01T00:00:00+00:00", store__judged=(judgement("validity.leaf-not-yet-valid"),))
    assert diagnose(facts).root_causes == ("doctor.clock-wrong",)


def test_two_faults_give_two_headlines_in_the_order_of_the_causes() -> None:
    facts = but(cacerts__has_root=False, change=None, **unopened("reading.damaged"))
    assert diagnose(but(**unopened("reading.damaged"), unit__load="masked")).root_causes == (
        "doctor.store-damaged",
        "doctor.unit-masked",
    )
    assert diagnose(facts).root_causes == ("doctor.store-damaged",)


def test_a_part_that_was_not_seen_says_why() -> None:
    facts = replace(but(unit=None, listening=None), unseen={"unit": "systemctl is not there"})
    outcomes = {outcome.rule: outcome for outcome in diagnose(facts).outcomes}
    assert outcomes["doctor.unit"].result is Result.NOT_RUN
    assert outcomes["doctor.unit"].reason == "systemctl is not there"
    assert outcomes["doctor.certificates"].result is Result.PASS


def test_a_broken_rule_is_an_outcome_and_does_not_stop_the_others() -> None:
    def crash(_: DoctorFacts) -> Any:
        raise KeyError("x")

    outcome, findings = Rule("doctor.crash", (), crash).run(HEALTHY)
    assert (outcome.result, outcome.reason, findings) == (Result.BROKEN, "KeyError", [])


def test_rules_are_named_once() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("path", "names", "fires"),
    [
        ("/opt/hcp/conf/primary-host.pfx", ("primary-host",), False),
        ("/opt/hcp/conf/primary-host.pfx", ("primary-host.acme.test",), False),
        ("/opt/hcp/conf/print.acme.test.pfx", ("print.acme.test",), False),
        ("/opt/hcp/conf/keystore.pfx", ("print.acme.test",), False),
        ("/opt/hcp/conf/acme-2026.pfx", ("print.acme.test",), False),
        ("/opt/hcp/conf/old-server.pfx", ("print.acme.test",), False),
        ("/opt/hcp/conf/primary-host.pfx", ("gateway-host",), True),
    ],
)
def test_a_store_named_after_another_host(path: str, names: tuple[str, ...], fires: bool) -> None:
    leaf = replace(LEAF, san=names, name=names[0])
    facts = but(name_from="leaf", store__file=file(path), store__chain=(leaf, MIDDLE, ROOT))
    served = replace(facts, probes=(replace(PROBE, chain=(leaf, MIDDLE)),), without_name=None)
    assert ("doctor.store-named-otherwise" in diagnose(served).root_causes) is fires


@pytest.mark.parametrize(
    ("names", "own", "here", "fires"),
    [
        (("primary-host",), ("primary-host",), None, False),
        (("primary-host.acme.test",), ("primary-host",), None, False),
        (("primary-host",), ("primary-host.acme.test",), None, False),
        (("*.acme.test",), ("srv7.acme.test",), None, False),
        (("*.acme.test",), ("srv7",), None, False),
        (("*.acme.test",), ("srv7.example.test",), None, True),
        (("print.acme.test",), ("srv7",), True, False),
        (("print.acme.test",), ("srv7",), False, True),
        (("print.acme.test",), ("srv7",), None, True),
        (("gateway-host", "primary-host"), ("primary-host",), None, False),
    ],
)
def test_a_certificate_for_another_host(
    names: tuple[str, ...], own: tuple[str, ...], here: bool | None, *, fires: bool
) -> None:
    leaf = replace(LEAF, san=names, name=names[0])
    path = "/opt/hcp/conf/keystore.pfx"
    facts = but(
        name_from="leaf", own_names=own, is_here=here, store__file=file(path), store__chain=(leaf, MIDDLE, ROOT)
    )
    served = replace(facts, probes=(replace(PROBE, chain=(leaf, MIDDLE)),), without_name=None)
    assert ("doctor.for-another-host" in diagnose(served).root_causes) is fires
    # Whoever gives the name, or set the server up with it, is not asked again.
    assert diagnose(replace(served, name_from="plan")).root_causes == ()


@pytest.mark.parametrize(
    "facts",
    [
        but(store__keys=2),
        but(store__format="jks"),
        but(conf__store_file__elsewhere=(Place(60, "web.default-keystore-file", "/web.pfx"),)),
        but(java__reads_modern=False, java__version="11.0.5"),
    ],
    ids=["two keys", "JKS", "two objects", "old Java"],
)
def test_what_is_odd_but_served_right_is_no_fault(facts: DoctorFacts) -> None:
    assert diagnose(facts).root_causes == ()


def test_the_setting_of_an_untouched_installation_is_no_error_and_not_good() -> None:
    facts = but(conf__store_file=SettingFacts("hcp.x", empty=True, line=3), store=None, change=None, probes=FALLS_BACK)
    diagnosis = diagnose(facts)
    assert diagnosis.root_causes == ("doctor.not-set-up",)
    assert not diagnosis.bad


def test_each_step_by_hand_is_a_sentence_or_a_command() -> None:
    for steps in _BY_HAND.values():
        for step in steps:
            assert step.startswith("$ ") or (step[0].isupper() and step.endswith((".", ":", "}"))), step
