"""The service through systemctl: against a scripted program for odd answers; the sandbox has the real state machine."""

import time
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.host.systemd import Service


def machine(tmp_path: Path, script: str, **changes: object) -> Machine:
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return Machine(root=tmp_path, systemctl=str(program), **changes)  # type: ignore[arg-type]


SHOW = """cat <<'END'
Type=simple
LoadState=loaded
ActiveState=active
SubState=running
Result=success
User=hcp
Group=
MainPID=4711
NRestarts=2
ExecMainStartTimestamp=Tue 2026-11-24 03:00:00 CET
ExecMainStartTimestampMonotonic=@@
Environment="A=one two" B=x=y
EnvironmentFiles=/etc/default/hcp (ignore_errors=no)
EnvironmentFiles=/etc/hcp.env (ignore_errors=yes)
FragmentPath=/usr/lib/systemd/system/hcp-server.service
NeedDaemonReload=yes
InvocationID=abc
END
"""


def test_properties_are_parsed(tmp_path: Path) -> None:
    earliest = time.time() - 5
    stamp = int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6) - 5_000_000
    state = Service(machine(tmp_path, SHOW.replace("@@", str(stamp)))).show()
    assert (state.load, state.active, state.sub, state.running) == ("loaded", "active", "running", True)
    assert (state.user, state.pid, state.restarts, state.invocation) == ("hcp", 4711, 2, "abc")
    assert earliest - 1 < state.started < time.time() - 4
    assert state.environment == {"A": "one two", "B": "x=y"}
    assert state.environment_files == ("/etc/default/hcp", "/etc/hcp.env")
    assert (state.needs_reload, state.fragment) == (True, "/usr/lib/systemd/system/hcp-server.service")
    assert "Environment" not in state.properties
    assert "one two" not in repr(state)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1", "service.offline"),
        ("echo 'Failed to connect to bus: No medium found' >&2; exit 1", "service.offline"),
        ("echo 'Failed to restart: Access denied' >&2; exit 4", "service.no-rights"),
        ("echo 'Interactive authentication required.' >&2; exit 1", "service.no-rights"),
        ("echo 'no idea' >&2; exit 1", "service.systemctl-failed"),
    ],
)
def test_refusals_of_systemctl(tmp_path: Path, script: str, code: str) -> None:
    with pytest.raises(WizardError) as refused:
        Service(machine(tmp_path, script)).show()
    assert refused.value.code == code
    assert refused.value.hint


def test_without_systemctl(tmp_path: Path) -> None:
    with pytest.raises(WizardError) as refused:
        Service(Machine(root=tmp_path, systemctl=str(tmp_path / "none"))).show()
    assert refused.value.code == "service.no-systemctl"
    assert Service(Machine(root=tmp_path, systemctl=str(tmp_path / "none"))).journal_tail() == []


def test_an_old_process_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    script = f'[ "$1" = show ] || exit 0\n{SHOW.replace("@@", "1")}'
    with pytest.raises(WizardError) as refused:
        Service(machine(tmp_path, script)).restart(0.4)
    assert refused.value.code == "service.start-timeout"


def test_the_restart_command_is_used_instead(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    good = machine(tmp_path, "exit 9", restart_command=("sh", "-c", f"echo done > {mark}"))
    assert Service(good).restart(5) is None
    assert mark.read_text() == "done\n"
    bad = machine(tmp_path, "exit 9", restart_command=("sh", "-c", "echo no luck >&2; exit 7"))
    with pytest.raises(WizardError) as refused:
        Service(bad).restart(5)
    assert refused.value.code == "service.restart-command"
    assert "no luck" in refused.value.message
    assert "7" in refused.value.message


def test_a_journal_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    here = machine(tmp_path, "exit 0")
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nprintf 'one\\033[2J\\ntwo\\n'\n")
    program.chmod(0o755)
    assert Service(here).journal_tail(5) == ["one\\x1b[2J", "two"]
