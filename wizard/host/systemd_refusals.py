"""The ways in which a service refuses, in words."""

import re

from wizard.errors import WizardError
from wizard.findings import FindingSpec
from wizard.host.catalogue import refusal
from wizard.host.processes import Completed
from wizard.printable import printable

_WHY = "The new certificate is served only after a restart."
_SOURCE = "systemctl(1), systemd.service(5)"

_TABLE: dict[str, tuple[str, str, str]] = {
    "no-systemctl": (
        "No systemctl on this machine",
        "the program systemctl cannot be used",
        "Name it with --systemctl, or give --restart-command.",
    ),
    "offline": (
        "systemd does not run here",
        "systemctl is there, but systemd is not the first process of this machine",
        "Inside a container or an image, give --restart-command, or restart the service from outside.",
    ),
    "no-rights": (
        "Not allowed to restart the service",
        "systemd does not let this account restart the unit",
        "Run the wizard as root.",
    ),
    "unit-missing": (
        "The service unit does not exist",
        "systemd does not know the unit",
        "Check that the product is installed; systemctl list-unit-files shows the units.",
    ),
    "masked": (
        "The service unit is masked",
        "the unit is masked, so systemd will not start it",
        "Find out who masked it and why, then run systemctl unmask.",
    ),
    "unit-broken": (
        "systemd cannot read the service unit",
        "the unit file is there, but systemd finds it broken",
        "See what is wrong with it: systemd-analyze verify, then systemctl daemon-reload.",
    ),
    "stopped": (
        "The service does not run",
        "the unit is inactive: it ended by itself, or somebody stopped it",
        "Read its last journal lines below, then start it.",
    ),
    "not-started": (
        "systemd did not start the service",
        "systemd left the unit inactive",
        "Correct what its last journal lines below name, then start it; waiting is no help.",
    ),
    "failed": (
        "The service did not come back",
        "the unit failed to start",
        "Remove the cause that its journal names; then systemctl reset-failed and restart.",
    ),
    "crash-loop": (
        "The service crashes and restarts again and again",
        "the unit starts, ends and is started again",
        "Remove the cause that its journal names; then systemctl reset-failed and restart.",
    ),
    "stop-timeout": (
        "The service took too long to stop",
        "the old process did not end in time, so the new one could not start",
        "Wait for its end: systemctl status shows it. Then systemctl restart.",
    ),
    "start-timeout": (
        "The service took too long to start",
        "the unit did not come up in time",
        "It may still come up: wait and look at systemctl status, or allow more time with --wait.",
    ),
    "port-closed": (
        "The port stays closed",
        "the service runs, but nothing takes connections on its port",
        "Read its last journal lines below, and check the port in its settings.",
    ),
    "systemctl-failed": (
        "systemctl refused",
        "systemctl ended with an error",
        "Run the same systemctl command by hand.",
    ),
    "restart-command": (
        "The restart command failed",
        "the restart command that was given ended with an error",
        "Run the command by hand to see why.",
    ),
}

REFUSALS: tuple[FindingSpec, ...] = tuple(
    refusal(f"service.{name}", title, message, _WHY, fix, source=_SOURCE)
    for name, (title, message, fix) in _TABLE.items()
)

_ANSWERS = (
    (r"not been booted with systemd|Failed to connect to bus|Host is down|No such file or directory.*bus", "offline"),
    (r"Access denied|[Ii]nteractive authentication|[Pp]ermission denied|not authorized", "no-rights"),
    (r"is masked", "masked"),
    (r"bad unit file setting|not loaded properly", "unit-broken"),
    (r"not found|not loaded|No such (unit|file)", "unit-missing"),
)


def refused(
    answer: Completed | None, unit: str, name: str = "", evidence: str = "", journal: list[str] | None = None
) -> WizardError:
    """The refusal for what systemctl answered, or for the case *name*.

    Args:
        answer: a run of systemctl that ended with an error; read only to tell the cases apart.
        unit: the unit concerned.
        name: key of the case when the state already tells it.
        evidence: goes into the message.
        journal: the unit's last lines, for the hint.
    """
    if answer is not None and not name:
        evidence = printable(" ".join((answer.stderr or answer.stdout).split()), limit=200)
        name = next((case for pattern, case in _ANSWERS if re.search(pattern, evidence)), "systemctl-failed")
    _, message, fix = _TABLE[name]
    tail = "".join(f"\n  {line}" for line in journal or ())
    text = f"{unit}: {message}" + (f" ({evidence})" if evidence else "")
    return WizardError(f"service.{name}", text, fix + tail, unit)
