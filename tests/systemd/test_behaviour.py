"""What systemd 252 does, measured: the real one does it, and the one of the practice deployment does the same."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.listening import wait_listening
from tests.support.practice import company
from tests.systemd.manager import FILE, FOLDER, Manager, Real, Simulated, until
from wizard.errors import WizardError
from wizard.host.machine import UNIT
from wizard.sandbox.build import create
from wizard.sandbox.service import systemctl as stand_in

LOOP = "Restart=always\nRestartSec=4"
"""Long enough to do something meanwhile."""
NO_LOOP = "Restart=always\nRestartSec=900"
"""The first restart comes after the test."""
NO_LIMIT = "StartLimitIntervalSec=0"
LONG = "StartLimitIntervalSec=3600\nStartLimitBurst=3"


@pytest.fixture(scope="module")
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Real:
    return Real(request.getfixturevalue("machine"), tmp_path_factory.mktemp("programs"))


@pytest.fixture(params=["real", "simulated"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    if request.param == "real":
        one = request.getfixturevalue("real")
        yield one
        one.clear()
        return
    made = create(tmp_path / "x", find_jre=False, pki=company())
    yield Simulated(made)
    if made.systemctl.exists():
        subprocess.run([made.systemctl, "stop", UNIT], check=False, capture_output=True, timeout=60)


def in_auto_restart(manager: Manager, at_least: int = 0) -> None:
    until(lambda: manager.show("SubState") == ["auto-restart"] and manager.count() >= at_least)


def _restarted_and_listening(manager: Manager) -> None:
    service = manager.service()
    service.restart(60)
    wait_listening(service, 1)


def state(manager: Manager) -> list[str]:
    return manager.show("ActiveState", "SubState")


def test_a_restart_keeps_the_count_of_a_crash_loop(manager: Manager) -> None:
    manager.behave("fail")
    manager.define(NO_LIMIT, LOOP)
    manager.do("start", UNIT)
    in_auto_restart(manager, 1)
    # From now on it stays in auto-restart, however long the commands take.
    manager.define(NO_LIMIT, NO_LOOP)
    in_auto_restart(manager, 1)
    counted = manager.count()
    manager.do("restart", UNIT)
    assert manager.count() >= counted
    in_auto_restart(manager)
    manager.do("reset-failed", UNIT)
    assert manager.count() == 0
    manager.do("restart", UNIT)
    assert manager.count() == 0


def test_a_stop_and_a_start_begin_the_count_anew(manager: Manager) -> None:
    manager.behave("fail")
    manager.define(NO_LIMIT, LOOP)
    manager.do("start", UNIT)
    in_auto_restart(manager)
    manager.behave("run")
    until(lambda: state(manager) == ["active", "running"])
    assert manager.count() >= 1
    manager.do("stop", UNIT)
    manager.do("start", UNIT)
    assert (state(manager), manager.count()) == (["active", "running"], 0)


def test_the_start_limit_counts_starts_by_hand(manager: Manager) -> None:
    manager.behave("fail")
    manager.define(LONG)
    for _ in range(3):
        assert manager.do("restart", UNIT).returncode == 0
        until(lambda: state(manager) == ["failed", "failed"])
    assert manager.do("restart", UNIT).returncode == 1
    assert manager.do("start", UNIT).returncode == 1
    assert "Start request repeated too quickly" in manager.journal()
    # Usually the result of the last run stays.
    assert manager.show("ActiveState", "Result", "NRestarts") == ["failed", "exit-code", "0"]
    assert manager.do("restart", UNIT, "--no-block").returncode == 0
    until(lambda: manager.show("Job") == [""])
    assert state(manager) == ["failed", "failed"]
    manager.behave("run")
    assert manager.do("reset-failed", UNIT).returncode == 0
    assert manager.show("ActiveState", "Result") == ["inactive", "success"]
    assert manager.do("restart", UNIT).returncode == 0
    assert state(manager) == ["active", "running"]


def test_the_start_limit_has_a_result_of_its_own_after_a_good_end(manager: Manager) -> None:
    manager.behave("end")
    manager.define(LONG)
    for _ in range(3):
        assert manager.do("start", UNIT).returncode == 0
        until(lambda: state(manager) == ["inactive", "dead"])
    assert manager.do("start", UNIT).returncode == 1
    assert manager.show("ActiveState", "Result") == ["failed", "start-limit-hit"]


@pytest.mark.parametrize(("section", "codes"), [("unit", [0, 0]), ("service", [0, 1])])
def test_the_interval_of_the_start_limit_is_known_in_one_section_alone(
    manager: Manager, section: str, codes: list[int]
) -> None:
    """An interval of 0 is no limit at all; in [Service] it is ignored, and the burst is not."""
    manager.behave("end")
    lines = "StartLimitIntervalSec=0\nStartLimitBurst=1"
    manager.define(lines if section == "unit" else "", lines if section == "service" else "")
    seen = []
    for _ in codes:
        seen.append(manager.do("start", UNIT).returncode)
        until(lambda: state(manager)[0] in {"failed", "inactive"})
    assert seen == codes


def test_an_automatic_restart_meets_the_limit_too(manager: Manager) -> None:
    manager.behave("fail")
    manager.define(LONG, "Restart=always\nRestartSec=10ms")
    manager.do("start", UNIT)
    until(lambda: state(manager) == ["failed", "failed"])
    assert manager.show("Result", "NRestarts", "Job") == ["exit-code", "3", ""]


@pytest.mark.parametrize(
    ("how", "unit", "code", "line"),
    [
        ("run", "ConditionPathExists=/nowhere", 0, "skipped because of an unmet condition check"),
        ("run", "Requires=needed.service\nAfter=needed.service", 1, "Dependency failed for"),
        ("end", "", 0, ""),
    ],
)
def test_an_inactive_unit_without_a_job_is_final(manager: Manager, how: str, unit: str, code: int, line: str) -> None:
    manager.path(f"{FOLDER}/needed.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/false\n")
    manager.behave(how)
    manager.define(unit)
    assert manager.do("start", UNIT).returncode == code
    until(lambda: manager.show("ActiveState", "SubState", "Job", "Result") == ["inactive", "dead", "", "success"])
    until(lambda: line in manager.journal())
    if "Condition" in unit:
        assert manager.show("ConditionResult") == ["no"]
        assert manager.show("ConditionTimestampMonotonic") != ["0"]

    with pytest.raises(WizardError) as refused:
        _restarted_and_listening(manager)
    assert refused.value.code == ("service.not-started" if unit else "service.stopped")
    assert line in refused.value.hint


def test_a_requirement_that_does_not_exist_refuses_the_start(manager: Manager) -> None:
    manager.behave("run")
    manager.define("Requires=nowhere.service")
    assert manager.do("start", UNIT).returncode == 5


def test_the_states_during_a_restart(manager: Manager) -> None:
    manager.behave("run")
    manager.define(NO_LIMIT)
    manager.do("start", UNIT)
    before = manager.show("InvocationID")
    manager.do("restart", UNIT, "--no-block")
    seen = []
    while manager.show("InvocationID") == before:
        seen.append(state(manager)[0])
    assert not set(seen) - {"active", "deactivating"}
    assert state(manager) == ["active", "running"]


def test_a_slow_stop_shows_and_has_a_limit_of_its_own(manager: Manager) -> None:
    manager.behave("stop-slowly")
    manager.define(NO_LIMIT, "TimeoutStopSec=30")
    manager.do("start", UNIT)
    assert manager.show("TimeoutStopUSec") == ["30s"]
    manager.ready()
    said: list[str] = []
    # Shorter than the stop takes, and long enough for the start.
    after = manager.service().restart(0.9, said.append)
    assert after is not None
    assert after.running
    # Between the two it may be seen as dead for a moment.
    assert f"{UNIT} is deactivating (stop-sigterm)" in said[:-1]
    assert said[-1] == f"{UNIT} is active (running)"

    manager.ready()
    manager.do("restart", UNIT, "--no-block")
    until(lambda: state(manager) == ["deactivating", "stop-sigterm"])
    assert manager.show("Job") != [""]


def test_a_stop_that_does_not_end_is_named(manager: Manager) -> None:
    manager.behave("stop-slowly")
    manager.define(NO_LIMIT, "TimeoutStopSec=infinity")
    manager.do("start", UNIT)
    manager.ready()
    with pytest.raises(WizardError) as refused:
        manager.service().restart(0.3)
    assert refused.value.code == "service.stop-timeout"


def test_the_environment_is_quoted_and_each_file_has_a_line(manager: Manager) -> None:
    manager.define(service='Environment="X=a b" Y=c\nEnvironmentFile=-/etc/none\nEnvironmentFile=/etc/hosts')
    assert manager.show("Environment") == ['"X=a b" Y=c']
    assert manager.show("EnvironmentFiles") == ["/etc/none (ignore_errors=yes)\n/etc/hosts (ignore_errors=no)"]
    unit = manager.service().show()
    assert (unit.environment, unit.environment_files) == ({"X": "a b", "Y": "c"}, ("/etc/none", "/etc/hosts"))
    manager.define()
    assert "EnvironmentFiles" not in manager.do("show", UNIT, "-p", "EnvironmentFiles").stdout


def test_what_is_said_of_the_unit_file(manager: Manager) -> None:
    manager.behave("run")
    manager.define()
    manager.do("start", UNIT)
    assert manager.show("UnitFileState", "NeedDaemonReload", "DropInPaths") == ["enabled", "no", ""]
    manager.do("disable", UNIT)
    assert manager.show("UnitFileState") == ["disabled"]
    assert manager.do("is-enabled", UNIT).returncode == 1
    drop_in = manager.path(f"{FILE}.d/more.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nEnvironment=A=b\n")
    manager.path(FILE).write_text(manager.path(FILE).read_text() + "# changed\n")
    assert manager.show("NeedDaemonReload", "Environment") == ["yes", ""]
    assert manager.service().show().needs_reload
    manager.do("daemon-reload")
    assert manager.show("NeedDaemonReload", "Environment") == ["no", "A=b"]
    assert manager.show("DropInPaths") == [f"/{FILE}.d/more.conf"]
    manager.define(install=False)
    assert manager.show("UnitFileState") == ["static"]


def test_a_masked_unit_may_still_run(manager: Manager) -> None:
    manager.behave("run")
    manager.define(service="User=root")
    manager.do("start", UNIT)
    manager.path(FILE).unlink()
    manager.path(FILE).symlink_to(os.devnull)
    manager.do("daemon-reload")
    seen = manager.show("LoadState", "ActiveState", "FragmentPath", "User", "Type", "UnitFileState")
    assert seen == ["masked", "active", f"/{FILE}", "", "", "masked"]
    assert manager.do("restart", UNIT).returncode == 1
    assert manager.do("is-enabled", UNIT).returncode == 1
    with pytest.raises(WizardError) as refused:
        manager.service().restart(20)
    assert refused.value.code == "service.masked"


def test_a_unit_that_is_not_there(manager: Manager) -> None:
    manager.path(FILE).unlink(missing_ok=True)
    manager.do("daemon-reload")
    assert manager.show("LoadState", "Type", "ActiveState") == ["not-found", "", "inactive"]
    codes = {
        verb: manager.do(verb, UNIT).returncode
        for verb in ("restart", "stop", "is-active", "is-failed", "is-enabled", "reset-failed", "status")
    }
    assert codes == {
        "restart": 5,
        "stop": 5,
        "is-active": 3,
        "is-failed": 1,
        "is-enabled": 1,
        "reset-failed": 1,
        "status": 4,
    }
    with pytest.raises(WizardError) as refused:
        manager.service().restart(20)
    assert refused.value.code == "service.unit-missing"


def test_a_unit_with_a_bad_setting(manager: Manager) -> None:
    manager.path(FILE).write_text("[Service]\nUser=root\n")
    manager.do("daemon-reload")
    assert manager.show("LoadState") == ["bad-setting"]
    assert manager.do("restart", UNIT).returncode == 1
    unit = manager.service().show()
    assert unit.load_error == f"Unit {UNIT}.service has a bad unit file setting."
    with pytest.raises(WizardError) as refused:
        manager.service().restart(20)
    assert refused.value.code == "service.unit-broken"


def test_the_journal_does_not_know_an_alias(manager: Manager) -> None:
    alias = "practice-alias"
    manager.behave("fail")
    manager.define()
    manager.path(f"{FOLDER}/{alias}.service").symlink_to(f"{UNIT}.service")
    manager.do("daemon-reload")
    manager.do("start", alias)
    until(lambda: manager.show("ActiveState") == ["failed"])
    assert manager.show("Id", "LoadState", unit=alias) == [f"{UNIT}.service", "loaded"]
    until(lambda: "Main process exited" in manager.journal())
    assert manager.journal(alias) == ""
    assert any("Main process exited" in line for line in manager.service(alias).journal_tail())
    manager.behave("run")
    after = manager.service(alias).restart(20)
    assert after is not None
    assert (after.running, after.id) == (True, f"{UNIT}.service")


def test_a_sysv_script_has_neither_account_nor_process(manager: Manager) -> None:
    manager.behave("run")
    if isinstance(manager, Real):
        manager.path(FILE).unlink(missing_ok=True)
        manager.path("etc/init.d").mkdir(exist_ok=True)
        script = manager.path(f"etc/init.d/{UNIT}")
        info = "### BEGIN INIT INFO\n# Provides: x\n# Default-Start: 3\n# Default-Stop: 0\n### END INIT INFO\n"
        script.write_text(f'#!/bin/sh\n{info}[ "$1" != start ] || {manager.program} >/dev/null 2>&1 &\n')
        script.chmod(0o755)
        manager.do("daemon-reload")
    else:
        manager.define(f"SourcePath=/etc/init.d/{UNIT}", "Type=forking\nGuessMainPID=no")
    manager.do("start", UNIT)
    seen = manager.show("User", "MainPID", "ActiveState", "SourcePath")
    assert seen == ["", "0", "active", f"/etc/init.d/{UNIT}"]
    after = manager.service().restart(20)
    assert after is not None
    assert (after.running, after.source) == (True, f"/etc/init.d/{UNIT}")
    if isinstance(manager, Real):
        manager.do("stop", UNIT)
        manager.path(f"etc/init.d/{UNIT}").unlink()


def test_an_account_that_exists_only_while_the_service_runs(manager: Manager) -> None:
    manager.behave("run")
    manager.define(service="DynamicUser=yes")
    manager.do("start", UNIT)
    assert manager.show("DynamicUser", "User") == ["yes", UNIT]
    assert manager.service().show().dynamic_user


def test_without_rights(manager: Manager, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    manager.behave("run")
    manager.define()
    manager.do("start", UNIT)
    if isinstance(manager, Real):
        nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        done = manager.machine.run(*nobody, "systemctl", "restart", UNIT, "--no-block", "--no-ask-password")
        code, text = done.returncode, done.stderr
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 65534)
        code = stand_in.systemctl(str(manager.path("")), ["restart", UNIT, "--no-block", "--no-ask-password"])
        text = capsys.readouterr().err
        monkeypatch.undo()
    assert code == 1
    assert "Interactive authentication required." in text
    assert manager.show("ActiveState") == ["active"]
