"""Plan the timer that runs `status` regularly: two unit files, which systemd then follows."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.change.plan import LoadTimer, Plan, PutFile, RemoveFile, Step
from wizard.change.targets import find
from wizard.configs.diffs import unified
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.host.systemd import Service, UnitState, unusable

NAME = "cloudstream-wizard-status"
TIMER, SERVICE = f"{NAME}.timer", f"{NAME}.service"
FOLDER = PurePosixPath("/etc/systemd/system")

_SERVICE_TEXT = """\
# Written by cloudstream-wizard timer install. To remove it: timer remove.
[Unit]
Description=Check of the CloudStream certificates

[Service]
Type=oneshot
ExecStart={command}
Nice=10
NoNewPrivileges=yes
ProtectSystem=full
"""
_TIMER_TEXT = """\
# Written by cloudstream-wizard timer install. To remove it: timer remove.
[Unit]
Description=Regular check of the CloudStream certificates

[Timer]
OnCalendar={calendar}
RandomizedDelaySec=15min
Persistent=true

[Install]
WantedBy=timers.target
"""


def plan_timer(machine: Machine, command: Sequence[str], calendar: str) -> Plan:
    """The plan that installs the timer, or changes it; empty when it is there and runs.

    Args:
        machine: that gets it.
        command: what it runs, word by word; the first one is a full path.
        calendar: when, as of systemd.time(7).

    Raises:
        WizardError: `timer.no-systemd`; systemd cannot be asked, or the timer is masked.
    """
    now = _state(machine)
    texts = {
        "service": (SERVICE, _SERVICE_TEXT.format(command=" ".join(map(quoted, command)))),
        "timer": (TIMER, _TIMER_TEXT.format(calendar=calendar)),
    }
    steps: list[Step] = []
    owner = 0 if os.geteuid() == 0 else None
    for name, (file, text) in texts.items():
        expect, old = find(machine, FOLDER / file)
        data = text.encode()
        diff = unified(str(FOLDER / file), old, data)
        summary = f"Write the unit file {file}"
        steps.append(PutFile(name, FOLDER / file, data, 0o644, expect, summary, uid=owner, gid=owner, diff=diff))
    follows = now.running and now.properties.get("UnitFileState") == "enabled" and not now.needs_reload
    return Plan("Check the certificates regularly", (*steps, LoadTimer("load", TIMER, always=not follows)), "timer")


def plan_no_timer(machine: Machine) -> Plan:
    """The plan that stops the timer and removes its files; empty when there is none.

    Raises:
        WizardError: as `plan_timer`.
    """
    now = _state(machine)
    steps: list[Step] = []
    for name, file in (("timer", TIMER), ("service", SERVICE)):
        expect, _ = find(machine, FOLDER / file)
        if expect.exists:
            steps.append(RemoveFile(name, FOLDER / file, expect, f"Remove the unit file {file}"))
    return Plan("No regular check of the certificates", (*steps, LoadTimer("load", TIMER, always=now.running)), "timer")


def quoted(word: str) -> str:
    """A word for `ExecStart=`, which systemd reads as it is given here (systemd.service(5))."""
    escaped = re.sub(r'[\\"]', r"\\\g<0>", word).replace("%", "%%").replace("$", "$$").replace("\n", "\\n")
    return escaped if re.fullmatch(r"[\w./:=@,+-]+", word) else f'"{escaped}"'


def _state(machine: Machine) -> UnitState:
    if machine.restart_command is not None:
        raise WizardError(codes.TIMER_NO_SYSTEMD)
    state = Service(replace(machine, unit=TIMER)).show()
    if state.load == "masked":
        raise unusable(codes.SERVICE_MASKED, TIMER)
    return state
