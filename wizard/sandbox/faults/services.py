"""Faults of the service, its port and its Java."""

import json
import os
import shutil

from wizard.sandbox.deployment import Deployment
from wizard.sandbox.faults.fault import Act, append, table
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


def _crash_loop(deployment: Deployment, pki: Pki) -> None:
    restart = "\n[Service]\nRestart=always\nRestartSec=50ms\n\n[Unit]\nStartLimitIntervalSec=0\n"
    append(deployment.unit_file, restart)
    _behave(die_after=0.02)(deployment, pki)


def _account_missing(deployment: Deployment, _: Pki) -> None:
    passwd = deployment.root / "etc/passwd"
    passwd.write_text(passwd.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def _unit_broken(deployment: Deployment, _: Pki) -> None:
    lines = deployment.unit_file.read_text(encoding="utf-8").splitlines(keepends=True)
    deployment.unit_file.write_text("".join(line for line in lines if "ExecStart=" not in line), encoding="utf-8")


FAULTS = table(
    """\
not-restarted   doctor.not-restarted    fallback The service has not been restarted since the set-up.
masked          doctor.unit-masked      down     The unit is masked.
unit-missing    doctor.unit-missing     down     The unit does not exist.
crash-loop      doctor.crash-loop       down     The service crashes and restarts repeatedly.
slow-start      doctor.service-starting right    The service takes eight seconds to start.
stopped         doctor.service-stopped  down     The service stops by itself, without an error.
account-missing doctor.account-missing  down     The account of the service does not exist.
unit-broken     doctor.unit-broken      down     The unit file has no command to start.
port-taken      doctor.port-taken       down     Another program listens on the port.
no-java         doctor.jre-missing      right    The product's Java is missing.
no-keytool      doctor.keytool-missing  right    The product's Java has no keytool.
""",
    {
        "not-restarted": _behave(stale=1),
        "masked": _masked,
        "unit-missing": lambda made, _: made.unit_file.unlink(),
        "crash-loop": _crash_loop,
        "slow-start": _behave(start_delay=8),
        "stopped": _behave(quit_after=0.02),
        "account-missing": _account_missing,
        "unit-broken": _unit_broken,
        "port-taken": _behave(squatter=1),
        "no-java": lambda made, _: shutil.rmtree(made.root / "opt/hcp/jre"),
        "no-keytool": lambda made, _: (made.root / "opt/hcp/jre/bin/keytool").unlink(missing_ok=True),
    },
)
