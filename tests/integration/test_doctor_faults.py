"""Every practice fault gets its own headline, and the repair that the doctor offers really mends it."""

from pathlib import Path

import pytest

from tests.support.doctor_runs import NAME, Call, examined, settle
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import practice
from wizard.doctor.rule import Result
from wizard.questions.answers import Answers
from wizard.sandbox.faults import FAULTS
from wizard.session.saved_run import save

HEADLINES = {
    "wrong-password": "doctor.password-wrong",
    "blank-in-password": "doctor.password-wrong",
    "wrong-path": "doctor.store-missing",
    "path-is-folder": "doctor.store-is-folder",
    "duplicate-key": "doctor.setting-masked",
    "duplicate-password": "doctor.setting-masked",
    "masked-by-include": "doctor.setting-masked",
    "masked-by-environment": "doctor.setting-masked",
    "overruled-by-option": "doctor.setting-overruled",
    "other-conf": "doctor.conf-not-used",
    "commented-out": "doctor.setting-commented",
    "wrong-block": "doctor.setting-elsewhere",
    "conf-utf-16": "doctor.conf-utf16",
    "smart-quotes": "doctor.typographic-quotes",
    "conf-latin-1": "doctor.conf-not-utf8",
    "missing-brace": "doctor.conf-syntax",
    "backslash-password": "doctor.conf-syntax",
    "at-sign-unquoted": "doctor.conf-syntax",
    "hash-unquoted": "doctor.value-cut",
    "keys-removed": "doctor.setting-missing",
    "conf-unreadable": "doctor.conf-unreadable",
    "clock-behind": "doctor.clock-wrong",
    "conf-missing": "doctor.conf-missing",
    "conf-world-readable": "doctor.conf-world-readable",
    "client-auth-off": "doctor.client-auth-off",
    "tls-1-2-off": "doctor.tls12-off",
    "leaf-only": "chain.incomplete",
    "missing-intermediate": "chain.incomplete",
    "expired": "validity.leaf-expired",
    "not-yet-valid": "validity.leaf-not-yet-valid",
    "ends-soon": "validity.expires-soon",
    "wrong-host": "name.wrong-host",
    "no-san": "name.no-san",
    "client-only": "usage.no-server-auth",
    "weak-key": "strength.weak-key",
    "gateway-certificate": "name.wrong-host",
    "key-password": "doctor.key-password",
    "two-keys": "doctor.store-two-keys",
    "no-private-key": "doctor.store-no-key",
    "key-of-another": "doctor.store-key-mismatch",
    "store-world-readable": "doctor.store-world-readable",
    "old-java": "doctor.store-too-new",
    "umlaut-password": "doctor.password-not-ascii",
    "jks-as-pfx": "doctor.store-not-pkcs12",
    "pem-as-pfx": "doctor.store-not-pkcs12",
    "cut-off": "doctor.store-damaged",
    "text-mode": "doctor.store-damaged",
    "empty-file": "doctor.store-empty",
    "file-gone": "doctor.store-missing",
    "unreadable": "doctor.store-unreadable",
    "closed-folder": "doctor.store-unreadable",
    "root-missing": "doctor.root-not-trusted",
    "other-root": "doctor.root-not-trusted",
    "cacerts-password": "doctor.cacerts-password",
    "cacerts-empty": "doctor.cacerts-empty",
    "cacerts-damaged": "doctor.cacerts-damaged",
    "cacerts-missing": "doctor.cacerts-missing",
    "cacerts-unreadable": "doctor.cacerts-unreadable",
    "nothing-uploaded": "doctor.ca-not-accepted",
    "intermediate-not-uploaded": "doctor.ca-not-accepted",
    "not-restarted": "doctor.not-restarted",
    "masked": "doctor.unit-masked",
    "unit-missing": "doctor.unit-missing",
    "crash-loop": "doctor.crash-loop",
    "slow-start": "doctor.service-starting",
    "stopped": "doctor.service-stopped",
    "account-missing": "doctor.account-missing",
    "unit-broken": "doctor.unit-broken",
    "port-taken": "doctor.port-taken",
    "no-java": "doctor.jre-missing",
    "no-keytool": "doctor.keytool-missing",
}
"""Fault to headline: the table that the doctor is measured by."""

NEEDS_JAVA = {"no-keytool", "nothing-uploaded", "root-missing", "other-root", "old-java"}
IS_STARTING = {"slow-start"}
AGAIN = {
    "wrong-password",
    "blank-in-password",
    "duplicate-password",
    "masked-by-include",
    "overruled-by-option",
    "other-conf",
    "conf-utf-16",
    "backslash-password",
    "at-sign-unquoted",
    "conf-unreadable",
    "missing-intermediate",
    "not-yet-valid",
    "ends-soon",
    "wrong-host",
    "no-san",
    "client-only",
    "weak-key",
    "gateway-certificate",
    "two-keys",
    "pem-as-pfx",
    "text-mode",
    "file-gone",
    "closed-folder",
    "other-root",
    "nothing-uploaded",
    "stopped",
}
"""Faults whose headline another fault or another test shows too."""

MENDED = (
    "wrong-password",
    "wrong-path",
    "path-is-folder",
    "duplicate-key",
    "masked-by-include",
    "masked-by-environment",
    "commented-out",
    "wrong-block",
    "conf-utf-16",
    "smart-quotes",
    "conf-latin-1",
    "backslash-password",
    "hash-unquoted",
    "conf-unreadable",
    "conf-world-readable",
    "key-password",
    "two-keys",
    "umlaut-password",
    "unreadable",
    "root-missing",
    "cacerts-unreadable",
    "not-restarted",
)
"""Faults whose repair is made and proven here: at least one for each way of repairing."""
OFTEN = {"conf-utf-16", "two-keys"}


def test_the_table_names_every_fault() -> None:
    assert {fault.name: fault.code for fault in FAULTS} == HEADLINES


@pytest.mark.parametrize("fault", mostly_exhaustive(HEADLINES, lambda fault: fault not in AGAIN))
def test_one_fault_gives_one_headline(fault: str, tmp_path: Path) -> None:
    java = "17" if fault in NEEDS_JAVA else None
    with practice(tmp_path / "x", java=java, start=False, faults=[fault], configured=True) as made:
        if fault in IS_STARTING:
            made.systemctl("start")
        else:
            settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == (HEADLINES[fault],), [finding.message for finding in diagnosis.findings]
        assert not [each for each in diagnosis.outcomes if each.result is Result.BROKEN]
        repair = diagnosis.repairs[0]
        assert repair.automatic or repair.steps


@pytest.mark.parametrize("fault", mostly_exhaustive(MENDED, OFTEN.__contains__))
def test_the_repair_that_is_offered_ends_the_fault(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    java = "17" if fault in NEEDS_JAVA else None
    with practice(tmp_path / "x", java=java, start=False, faults=[fault], configured=True) as made:
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == (HEADLINES[fault],), [finding.message for finding in diagnosis.findings]
        assert not [each for each in diagnosis.outcomes if each.result is Result.BROKEN]
        repair = diagnosis.repairs[0]
        assert repair.automatic
        call = Call(made, capsys)
        secrets = ("--secret", "primary.key-password=file:" + str(_key_password(tmp_path)))
        code, out, err = call("doctor", "--servername", NAME, "--fix", repair.code, "--yes", *secrets)
        assert code == 0, out + err
        assert "The doctor finds no more problems." in out, out + err
        assert made.served() == "subject=O = Acme, CN = primary-host"


def _key_password(folder: Path) -> Path:
    path = folder / "key-password"
    path.write_text("other-Passw0rd\n")
    return path


@pytest.mark.parametrize(
    ("faults", "roots"),
    [
        (("wrong-password", "root-missing"), ("doctor.password-wrong", "doctor.root-not-trusted")),
        pytest.param(("missing-brace", "masked"), ("doctor.conf-syntax", "doctor.unit-masked"), marks=exhaustive),
        pytest.param(("expired", "conf-world-readable"), ("validity.leaf-expired",), marks=exhaustive),
        pytest.param(("duplicate-key", "unreadable"), ("doctor.setting-masked",), marks=exhaustive),
    ],
)
def test_pairs_of_faults(faults: tuple[str, ...], roots: tuple[str, ...], tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        found = examined(made).root_causes
        assert set(roots) <= set(found), found
        assert found[0] == roots[0]


def test_all_faults_at_once_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults = ("wrong-path", "unreadable", "conf-world-readable", "wrong-host")
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        call = Call(made, capsys)
        code, out, _ = call("doctor")
        assert code == 1
        assert "Repair 3 of 4: cloudstream-wizard" in out
        assert "doctor --fix all" in out
        code, out, err = call("doctor", "--fix", "all", "--yes")
        assert code == 0, out + err
        assert "Repair of doctor.store-missing, doctor.store-unreadable, doctor.conf-world-readable:" in out
        assert out.count("Restart hcp-server") == 1
        # What the wizard cannot repair is named with what to do next.
        assert "[doctor.for-another-host]" in out
        assert "Make a request: cloudstream-wizard" in out
        assert "Undo a change: cloudstream-wizard" in out
        assert made.served() == "subject=O = Acme, CN = primary-host"
        code, _, err = call("doctor", "--fix", "all", "--yes")
        assert (code, err.split()[1]) == (2, "doctor.by-hand")


def test_two_changes_follow_each_other_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults = ("root-missing", "cacerts-unreadable")
    with practice(tmp_path / "x", java="17", start=False, faults=faults, configured=True) as made:
        settle(made)
        call = Call(made, capsys)
        code, out, err = call("doctor", "--fix", "all", "--yes")
        assert code == 0, out + err
        assert out.count("Repair of ") == 2
        assert "The doctor finds no more problems." in out
        code, _, err = call("doctor", "--fix", "all", "--yes")
        assert (code, err.split()[1]) == (2, "rescue.nothing-wrong")


def test_a_password_that_is_not_given_does_not_keep_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = ("key-password", "conf-world-readable")
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        call = Call(made, capsys)
        code, out, err = call("doctor", "--fix", "all", "--yes")
        assert code == 0, out + err
        assert "Left out: " in err
        assert made.deployment.conf.stat().st_mode & 0o777 == 0o640
        secret = ("--secret", "primary.key-password=file:" + str(_key_password(tmp_path)))
        code, out, err = call("doctor", "--fix", "all", "--yes", *secret)
        assert code == 0, out + err
        assert "The doctor finds no more problems." in out


def test_the_host_name_of_the_last_run_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        machine = made.deployment.machine
        assert examined(made, "").root_causes == ()
        save(machine, Answers().put("primary.host", "print.example.test"), "review", tmp_path)
        assert Call(made, capsys).json("doctor")["root_causes"] == ["name.wrong-host"]


def test_a_service_that_somebody_stopped_is_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        made.systemctl("stop")
        call = Call(made, capsys)
        assert call.json("doctor")["root_causes"] == ["doctor.service-stopped"]
        code, out, err = call("doctor", "--fix", "service-stopped", "--yes")
        assert code == 0, out + err
        assert made.served() == "subject=O = Acme, CN = primary-host"


def test_what_needs_a_person_is_not_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["masked"], configured=True) as made:
        before = made.tree()
        call = Call(made, capsys)
        code, _, err = call("doctor", "--fix", "doctor.unit-masked", "--yes")
        assert code == 2
        assert err.startswith("error: doctor.by-hand ")
        assert "hint: systemctl unmask hcp-server" in err
        code, _, err = call("doctor", "--fix", "doctor.password-wrong", "--yes")
        assert (code, err.split()[1]) == (2, "doctor.not-found")
        assert made.tree() == before


def test_a_repair_that_does_not_prove_itself_is_taken_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The practice primary with this fault serves its built-in certificate whatever the files say.
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-password"], configured=True) as made:
        settle(made)
        squat = made.root / "etc/practice.json"
        squat.write_text('{"die_after": 0.01}')
        before = made.tree()
        code, out, err = Call(made, capsys)("doctor", "--servername", NAME, "--fix", "doctor.password-wrong", "--yes")
        assert code in {3, 4}, out + err
        assert made.tree() == before
