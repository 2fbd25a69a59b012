"""The facts of this machine: for the first screen, the doctor and the report."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from wizard.errors import WizardError
from wizard.host import accounts
from wizard.host import jre as java
from wizard.host.access import Access, readable_as
from wizard.host.clock import before_files, now_utc
from wizard.host.files import FileState, Kind, look
from wizard.host.machine import Machine
from wizard.host.service_processes import account_of, processes
from wizard.host.sockets import Listener, of_processes
from wizard.host.systemd import Service, UnitState
from wizard.times import rfc3339

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""The wizard is younger than this, so a clock that shows less is wrong."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at a machine. What could not be seen is None or empty, and `reasons` says why.

    Attributes:
        at: when, UTC.
        hostname: the machine's own name.
        root_rights: whether this run may change everything.
        installed: whether the product's home is there.
        conf: application.conf.
        conf_text_readable: whether this account can read it.
        conf_for_service: whether the service's account can read it.
        cacerts: the JRE's trust store.
        cacerts_kind: `jks`, `pkcs12`, `other`, `empty`; "" when it is absent or cannot be read.
        jre: the product's Java.
        profile: what PKCS12 encryption it reads.
        unit: the service as systemd shows it.
        account: the account that the service runs as.
        ports: TCP ports on which the running service listens.
        selinux: `enforcing`, `permissive`, or "" where there is none.
        clock_ok: False when the clock cannot be right.
        reasons: name of a member to why it is not known.
    """

    at: datetime
    hostname: str
    root_rights: bool
    installed: bool
    conf: FileState
    conf_text_readable: bool
    conf_for_service: Access
    cacerts: FileState
    cacerts_kind: str
    jre: java.Jre | None
    profile: java.ProfileChoice
    unit: UnitState | None
    account: accounts.Account | None
    ports: tuple[Listener, ...]
    selinux: str
    clock_ok: bool
    reasons: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """The `facts` object of `doctor --json`: flat, without secrets."""
        return {
            "at": rfc3339(self.at),
            "hostname": self.hostname,
            "root_rights": self.root_rights,
            "installed": self.installed,
            "conf": {"kind": str(self.conf.kind), "mode": f"{self.conf.mode:04o}", "sha256": self.conf.sha256},
            "conf_readable": self.conf_text_readable,
            "conf_for_service": self.conf_for_service.ok,
            "cacerts": {"kind": str(self.cacerts.kind), "format": self.cacerts_kind, "sha256": self.cacerts.sha256},
            "jre": None if self.jre is None else {"version": self.jre.version, "keytool": self.jre.keytool is not None},
            "profile": str(self.profile.profile),
            "unit": None if self.unit is None else dict(self.unit.properties),
            "account": None if self.account is None else self.account.name,
            "ports": [listener.port for listener in self.ports],
            "selinux": self.selinux,
            "clock_ok": self.clock_ok,
            "reasons": dict(self.reasons),
        }


def collect(machine: Machine) -> Facts:
    """Read everything once; starts systemctl, and Java only when the JRE does not tell its version otherwise.

    Never raises for what the machine is like: that is what `reasons` is for.
    """
    reasons: dict[str, str] = {}

    def tried(name: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except WizardError as problem:
            reasons[name] = problem.message
            return None

    conf, cacerts = look(machine.real(machine.conf)), look(machine.real(machine.cacerts))
    unit = None if machine.restart_command else tried("unit", Service(machine).show)
    if machine.restart_command:
        reasons["unit"] = "a restart command is used instead of systemd"
    known = unit is not None and unit.load == "loaded"
    account = account_of(machine, unit) if unit is not None and known else None
    if account is None:
        reasons["account"] = (
            f"the account {unit.user} is not known here" if unit and known else "the service has no known account"
        )
    found = java.find(machine)
    if found is None:
        reasons["jre"] = f"{machine.jre_home} is missing"
    elif found.reason:
        reasons["jre"] = found.reason
    ports = tuple(of_processes(processes(unit))) if unit is not None else ()
    if not ports:
        reasons["ports"] = "its sockets cannot be read" if unit and unit.running else "the service is not running"
    kind = _store_kind(machine.real(machine.cacerts), cacerts, reasons)
    now = now_utc()
    return Facts(
        at=now,
        hostname=socket.gethostname(),
        root_rights=accounts.is_root(),
        installed=machine.real(machine.hcp_home).is_dir(),
        conf=conf,
        conf_text_readable=bool(conf.sha256) or os.access(machine.real(machine.conf), os.R_OK),
        conf_for_service=readable_as(machine, machine.conf, account),
        cacerts=cacerts,
        cacerts_kind=kind,
        jre=found,
        profile=java.choose_profile(found),
        unit=unit,
        account=account,
        ports=ports,
        selinux=_selinux(),
        clock_ok=_clock_ok(now, conf, cacerts, reasons),
        reasons=reasons,
    )


def _store_kind(path: Path, state: FileState, reasons: dict[str, str]) -> str:
    """By the first bytes, because the name and the vendor's version do not tell (domain: FEED or 30)."""
    if state.kind is Kind.ABSENT:
        reasons["cacerts_kind"] = "cacerts is missing"
        return ""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as problem:
        reasons["cacerts_kind"] = (problem.strerror or "it cannot be read").lower()
        return ""
    if not start:
        return "empty"
    return {b"\xfe\xed": "jks", b"0\x82": "pkcs12", b"0\x83": "pkcs12", b"0\x80": "pkcs12"}.get(start[:2], "other")


def _selinux() -> str:
    try:
        return {"1": "enforcing", "0": "permissive"}[
            Path("/sys/fs/selinux/enforce").read_text(encoding="ascii").strip()
        ]
    except (OSError, KeyError):
        return ""


def _clock_ok(now: datetime, conf: FileState, cacerts: FileState, reasons: dict[str, str]) -> bool:
    newest = max(conf.mtime, cacerts.mtime)
    if now < _EARLIEST:
        reasons["clock_ok"] = f"the clock says {now:%Y-%m-%d}, which is before this program was released"
    elif before_files(now, newest):
        reasons["clock_ok"] = "files of the product have a later date than the clock shows"
    return "clock_ok" not in reasons
