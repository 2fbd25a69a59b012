"""The certificates that were handed out in bundles, kept in the state folder, so that their ends are watched."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change.durable import put_file
from wizard.change.store import own_folder
from wizard.doctor.collect.files import certificate_facts
from wizard.doctor.facts import CertificateFacts
from wizard.doctor.timeline import Place
from wizard.errors import WizardError
from wizard.handoff.bundle import Pack
from wizard.host.machine import Machine, now_utc
from wizard.printable import printable, rfc3339

NAME = "handed-out.json"
SCHEMA = "cloudstream-wizard/handed-out/1"

_KINDS = {"gateway": "gateway", "client": "Windows client", "node": "cluster node"}
"""The role of a machine in words."""
_PARTS = ("subject", "issuer", "not_before", "not_after", "name")
"""What is kept of a certificate beside its fingerprint."""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """One certificate that went to a machine.

    Attributes:
        machine: its host name.
        role: `gateway`, `client` or `node`.
        chain: the certificate and those above it.
        bundle: the folder that it was put into.
        at: when, RFC 3339, UTC.
    """

    machine: str
    role: str
    chain: tuple[CertificateFacts, ...]
    bundle: str
    at: str

    @property
    def whose(self) -> tuple[str, str]:
        """What tells one machine from another."""
        return self.role, self.machine.lower()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        leaf = self.chain[0]
        return {
            "machine": self.machine,
            "role": self.role,
            "certificate": leaf.name or leaf.subject,
            "sha256": leaf.sha256,
            "not_before": leaf.not_before,
            "not_after": leaf.not_after,
            "bundle": self.bundle,
            "at": self.at,
        }


def load(machine: Machine) -> tuple[HandedOut, ...]:
    """Everything that was handed out from *machine*, the newest at the end.

    Raises:
        WizardError: `inventory.unreadable`.
    """
    path = machine.state_dir / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        certificates = {SCHEMA: data["certificates"]}[data["schema"]]
        known = {digest: _certificate(digest, each) for digest, each in certificates.items()}
        return tuple(
            HandedOut(
                machine=str(each["machine"]),
                role=str(each["role"]),
                chain=tuple(known[digest] for digest in each["chain"]),
                bundle=str(each["bundle"]),
                at=str(each["at"]),
            )
            for each in data["handed-out"]
            if each["chain"]
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WizardError(codes.INVENTORY_UNREADABLE, subject=path, path=path, kind=type(error).__name__) from error


def _certificate(digest: str, kept: dict[str, str]) -> CertificateFacts:
    begins, ends = (rfc3339(datetime.fromisoformat(kept[name])) for name in ("not_before", "not_after"))
    return CertificateFacts(str(kept["subject"]), str(kept["issuer"]), digest, begins, ends, str(kept["name"]))


def newest(entries: Iterable[HandedOut]) -> tuple[HandedOut, ...]:
    """The one of each machine that counts: what was handed out last."""
    return tuple({each.whose: each for each in entries}.values())


def record(machine: Machine, packs: Iterable[Pack], out: Path) -> None:
    """Note the certificates of *packs*, which were written below *out*; what is noted already gets the new place.

    Raises:
        WizardError: the state folder cannot be used, or `inventory.unreadable`.
    """
    at = rfc3339(now_utc())
    made = [
        HandedOut(
            pack.machine or pack.folder,
            pack.role,
            tuple(certificate_facts(each) for each in pack.chain),
            str(out.absolute() / pack.folder),
            at,
        )
        for pack in packs
        if pack.chain
    ]
    if made:
        same = {(each.whose, each.chain[0].sha256) for each in made}
        kept = [each for each in load(machine) if (each.whose, each.chain[0].sha256) not in same]
        _keep(machine, [*kept, *made])


def remove(machine: Machine, name: str) -> int:
    """Forget everything that was handed out to the machine *name*, in any letter case; how many entries went.

    Raises:
        WizardError: as `record`.
    """
    before = load(machine)
    left = [each for each in before if each.machine.lower() != name.lower()]
    if len(left) < len(before):
        _keep(machine, left)
    return len(before) - len(left)


def places(machine: Machine) -> list[Place]:
    """The newest certificate of each machine, as `status` and the calendar watch them.

    Raises:
        WizardError: `inventory.unreadable`.
    """
    return [
        Place(
            f"handed out in {printable(each.bundle)}",
            f"{_KINDS.get(each.role, 'machine')} {printable(each.machine)}",
            each.chain,
            printable(each.machine),
        )
        for each in newest(load(machine))
    ]


def _keep(machine: Machine, entries: Iterable[HandedOut]) -> None:
    listed = tuple(entries)
    certificates = {one.sha256: {name: getattr(one, name) for name in _PARTS} for each in listed for one in each.chain}
    rows = [{**asdict(each), "chain": [one.sha256 for one in each.chain]} for each in listed]
    data = {"schema": SCHEMA, "certificates": certificates, "handed-out": rows}
    put_file(own_folder(machine.state_dir), NAME, (json.dumps(data, indent=1) + "\n").encode(), mode=0o600)
