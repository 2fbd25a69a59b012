"""Faults of the service, its port and its Java."""

import json
import os
import shutil

from wizard.sandbox.deployment import Deployment
from wizard.sandbox.faults.fault import Act, Fault
from wizard.sandbox.pki import Pki


def _behave(**acts: float) -> Act:
    def act(deployment: Deployment, _: Pki) -> None:
        path = deployment.root / "etc/practice.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps(known | acts), encoding="utf-8")

    return act


def _masked(deployment: Deployment, _: Pki) -> None:
    deployment.unit_file.rename(deployment.unit_file.with_name(deployment.unit_file.name + ".kept"))
    deployment.unit_file.symlink_to(os.devnull)


def _unit_missing(deployment: Deployment, _: Pki) -> None:
    deployment.unit_file.unlink()


def _crash_loop(deployment: Deployment, pki: Pki) -> None:
    with deployment.unit_file.open("a", encoding="utf-8") as stream:
        stream.write("\n[Service]\nRestart=always\nRestartSec=50ms\n\n[Unit]\nStartLimitIntervalSec=0\n")
    _behave(die_after=0.02)(deployment, pki)


def _account_missing(deployment: Deployment, _: Pki) -> None:
    passwd = deployment.root / "etc/passwd"
    passwd.write_text(passwd.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def _unit_broken(deployment: Deployment, _: Pki) -> None:
    lines = deployment.unit_file.read_text(encoding="utf-8").splitlines(keepends=True)
    deployment.unit_file.write_text("".join(line for line in lines if "ExecStart=" not in line), encoding="utf-8")


def _no_java(deployment: Deployment, _: Pki) -> None:
    shutil.rmtree(deployment.root / "opt/hcp/jre")


def _no_keytool(deployment: Deployment, _: Pki) -> None:
    (deployment.root / "opt/hcp/jre/bin/keytool").unlink(missing_ok=True)


FAULTS = (
    Fault(
        "not-restarted",
        "The service has not been restarted since the set-up.",
        "doctor.not-restarted",
        _behave(stale=1),
    ),
    Fault("masked", "The unit is masked.", "doctor.unit-masked", _masked, "down"),
    Fault("unit-missing", "The unit does not exist.", "doctor.unit-missing", _unit_missing, "down"),
    Fault("crash-loop", "The service crashes and restarts repeatedly.", "doctor.crash-loop", _crash_loop, "down"),
    Fault(
        "slow-start",
        "The service takes eight seconds to start.",
        "doctor.service-starting",
        _behave(start_delay=8),
        "right",
    ),
    Fault(
        "stopped",
        "The service stops by itself, without an error.",
        "doctor.service-stopped",
        _behave(quit_after=0.02),
        "down",
    ),
    Fault(
        "account-missing",
        "The account of the service does not exist.",
        "doctor.account-missing",
        _account_missing,
        "down",
    ),
    Fault("unit-broken", "The unit file has no command to start.", "doctor.unit-broken", _unit_broken, "down"),
    Fault("port-taken", "Another program listens on the port.", "doctor.port-taken", _behave(squatter=1), "down"),
    Fault("no-java", "The product's Java is missing.", "doctor.jre-missing", _no_java, "right"),
    Fault("no-keytool", "The product's Java has no keytool.", "doctor.keytool-missing", _no_keytool, "right"),
)
