"""A change whose restart would fail is refused before anything is touched; one that removes the fault is not."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.doctor_runs import NAME, Call, settle
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice, practice

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts, and a service with another account")

FAULTS = {
    "conf-unreadable": "doctor.conf-unreadable",
    "masked": "doctor.unit-masked",
    "unit-missing": "doctor.unit-missing",
    "unit-broken": "doctor.unit-broken",
    "account-missing": "doctor.account-missing",
    "port-taken": "doctor.port-taken",
}
UNUSABLE = {
    "missing-brace": "hocon.missing-brace",
    "conf-utf-16": "hocon.utf-16",
    "conf-missing": "conf.missing",
    "wrong-block": "conf.setting-ambiguous",
    "masked-by-include": "hocon.shadowed",
}
"""An application.conf from which no plan can be made: exit 2, as for every unusable input."""


def with_new_password(made: Practice) -> str:
    """Answers that change something in a deployment that is set up."""
    (made.root / "new-password").write_text("An0ther-Passw0rd\n")
    return made.answers(keystore_password='{ file = "new-password" }')


def refused(made: Practice, call: Call, code: str, answers: str) -> None:
    """Both commands end with 1, name *code*, and no file of the product is touched; no change is on record."""
    before = made.tree()
    told = call.json("plan", "--answers", answers)
    found = {finding["code"]: finding for finding in told["findings"]}
    assert found[code]["severity"] == "blocker", found
    assert call("plan", "--answers", answers)[0] == 1
    done = call("apply", "--answers", answers, "--yes", "--wait", "4")
    assert done[0] == 1, done
    assert f"[{code}]" in done[2]
    assert made.tree() == before
    assert not call.json("history")["changes"]


@pytest.mark.parametrize("fault", mostly_exhaustive(FAULTS, lambda fault: fault not in {"unit-missing", "unit-broken"}))
def test_a_fault_that_stops_the_restart_stops_the_change(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=[fault], configured=True) as made:
        settle(made)
        refused(made, Call(made, capsys), FAULTS[fault], with_new_password(made))


@pytest.mark.parametrize(
    "fault", mostly_exhaustive(UNUSABLE, {"missing-brace", "conf-utf-16", "masked-by-include"}.__contains__)
)
def test_a_configuration_that_does_not_load_stops_the_change(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=[fault], configured=True) as made:
        before = made.tree()
        call = Call(made, capsys)
        for words in (["plan"], ["apply", "--yes"]):
            code, _, err = call(*words, "--answers", with_new_password(made))
            assert (code, err.split()[1]) == (2, UNUSABLE[fault])
        assert made.tree() == before


def test_an_included_file_that_does_not_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        made.start()
        conf = made.deployment.conf
        (conf.parent / "local.conf").write_text("broken {\n")
        conf.write_text('include "local.conf"\n' + conf.read_text())
        call = Call(made, capsys)
        assert call.json("doctor")["root_causes"] == ["doctor.include-broken"]
        answers = with_new_password(made)
        refused(made, call, "doctor.include-broken", answers)
        # Without systemd there is no unit to look at; the settings are judged all the same.
        code, out, _ = call("--restart-command", "true", "plan", "--answers", answers)
        assert (code, "[doctor.include-broken]" in out) == (1, True)


@contextmanager
def listener(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


@exhaustive
def test_the_port_of_a_stopped_service_has_another_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also when the doctor has nothing in the journal to go by; and no longer when the other program is gone."""
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        call, answers = Call(made, capsys), with_new_password(made)
        with listener(made.deployment.port):
            refused(made, call, "doctor.port-taken", answers)
        assert call("plan", "--answers", answers)[0] == 0


@exhaustive
def test_the_service_itself_may_have_the_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, configured=True) as made:
        code, out, err = Call(made, capsys)("apply", "--answers", with_new_password(made), "--yes")
        assert code == 0, out + err


def test_a_unit_file_that_systemd_has_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, configured=True) as made:
        stand_in = made.deployment.systemctl
        real = stand_in.with_name("systemctl-itself")
        stand_in.rename(real)
        stand_in.write_text(f'#!/bin/sh\n"{real}" "$@" | sed s/^NeedDaemonReload=no/NeedDaemonReload=yes/\n')
        stand_in.chmod(0o755)
        refused(made, Call(made, capsys), "restart.unit-changed", with_new_password(made))


@as_root
@pytest.mark.parametrize("where", ["var/lib/cloudstream-wizard", "opt/hcp/ssl"])
def test_no_room_for_the_record_or_for_the_files(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with practice(tmp_path / "x", java=None, configured=False) as made:
        folder = made.root / where
        folder.mkdir(parents=True, mode=0o700 if "var" in where else 0o755)
        answers = (made.root / "answers.toml").read_text()
        if "ssl" in where:
            answers = answers.replace("[primary]", '[primary]\nkeystore-path = "/opt/hcp/ssl/primary-host.pfx"', 1)
        path = made.root / "changed.toml"
        path.write_text(answers)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
        try:
            refused(made, Call(made, capsys), "restart.no-room", str(path))
        finally:
            subprocess.run(["umount", folder], check=True)


def test_a_kept_plan_is_checked_when_it_is_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, configured=False) as made:
        call, kept = Call(made, capsys), str(tmp_path / "plan.json")
        assert call("plan", "--answers", str(made.root / "answers.toml"), "--out", kept)[0] == 0
        before = made.tree()
        made.systemctl("mask")
        secret = f"primary.keystore-password=file:{made.root}/secrets/primary"
        code, _, err = call("apply", "--plan", kept, "--yes", "--secret", secret)
        assert code == 1, err
        assert "[doctor.unit-masked]" in err
        assert made.tree() == before


@exhaustive
@pytest.mark.parametrize(("kind", "repair"), [("conf-unreadable", "conf-unreadable"), ("conf-utf-16", "conf-utf16")])
def test_the_repair_of_the_fault_itself_is_made(
    kind: str, repair: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=[kind], configured=True) as made:
        settle(made)
        code, out, err = Call(made, capsys)("doctor", "--servername", NAME, "--fix", f"doctor.{repair}", "--yes")
        assert code == 0, out + err


def test_another_repair_waits_for_the_fault_to_be_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-password"], configured=True) as made:
        settle(made)
        made.systemctl("mask")
        before, call = made.tree(), Call(made, capsys)
        code, out, err = call("doctor", "--servername", NAME, "--fix", "doctor.password-wrong", "--yes")
        assert code == 1, out + err
        assert "[doctor.unit-masked]" in out
        assert made.tree() == before
        made.systemctl("unmask")
        code, out, err = call("doctor", "--servername", NAME, "--fix", "doctor.password-wrong", "--yes")
        assert code == 0, out + err


def test_an_undo_is_refused_while_its_restart_would_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, configured=False) as made:
        call = Call(made, capsys)
        assert call("apply", "--answers", str(made.root / "answers.toml"), "--yes")[0] == 0
        made.systemctl("stop")
        before = made.tree()
        with listener(made.deployment.port):
            code, _, err = call("rollback", "--yes")
            assert (code, err.split()[1]) == (2, "doctor.port-taken")
        assert made.tree() == before
        assert call("rollback", "--yes")[0] == 0


@as_root
def test_an_undo_that_would_bring_an_unreadable_file_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["conf-unreadable"], configured=True) as made:
        settle(made)
        call = Call(made, capsys)
        assert call("doctor", "--servername", NAME, "--fix", "doctor.conf-unreadable", "--yes")[0] == 0
        before = made.tree()
        code, _, err = call("rollback", "--yes")
        assert (code, err.split()[1]) == (2, "doctor.conf-unreadable")
        assert made.tree() == before
