"""List when each known certificate expires, and who is cut off then."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wizard.certificates.chain import assemble
from wizard.certificates.fields import CLIENT_AUTH, SERVER_AUTH, usages
from wizard.certificates.model import Certificate
from wizard.certificates.reading import read_partly
from wizard.doctor.collect.files import certificate_facts
from wizard.doctor.facts import CertificateFacts, DoctorFacts
from wizard.errors import WizardError
from wizard.host.files import expand_inputs, home_expanded, is_taken, read_input
from wizard.planning.judge import suggested_host
from wizard.printable import printable
from wizard.reports.calendar import Seen

HERE = "this machine"
GATEWAYS = "gateways and local-storage clients"
PRIMARY = "the primary (it no longer accepts certificates under this root)"


@dataclass(frozen=True, slots=True)
class Place:
    """A chain somewhere: where, for whom it matters, its certificates, the lowest first, and whose it is."""

    where: str
    for_whom: str
    chain: tuple[CertificateFacts, ...]
    machine: str = HERE


@dataclass(frozen=True, slots=True)
class Link:
    """A link and its end.

    Attributes:
        where: the place.
        for_whom: who is cut off when it ends.
        ends: the first moment on which any certificate of it is not valid any more.
        begins: the moment from which all of it is valid.
        first: the certificate that ends first.
        days: whole days from now until then; negative when it is over.
    """

    where: str
    for_whom: str
    ends: datetime
    begins: datetime
    first: CertificateFacts
    days: int

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "where": self.where,
            "for": self.for_whom,
            "ends": self.first.not_after,
            "days": self.days,
            "certificate": {
                "subject": self.first.subject,
                "sha256": self.first.sha256,
                "not_before": self.first.not_before,
                "not_after": self.first.not_after,
            },
        }


def places(facts: DoctorFacts) -> list[Place]:
    """Every chain that a diagnosis saw: configured, presented, trusted."""
    found: list[Place] = []
    if facts.store is not None and facts.store.chain:
        found.append(Place(printable(facts.store.file.path), GATEWAYS, facts.store.chain))
    found += [
        Place(f"presented at {seen.endpoint}", GATEWAYS, seen.chain, _machine(seen.endpoint))
        for seen in facts.probes or ()
        if seen.chain and not seen.fallback
    ]
    if facts.cacerts is not None:
        path = facts.cacerts.file.path
        found += [Place(f"{path}, {alias}", PRIMARY, (anchor,)) for alias, anchor in facts.cacerts.ours]
    return found


def seen_in(found: Iterable[Place]) -> list[Seen]:
    """Each certificate of *found* on its machine, for the calendar."""
    return [
        Seen(place.machine, each.name or each.subject, each.sha256, _moment(each.not_before), _moment(each.not_after))
        for place in found
        for each in place.chain
    ]


def _machine(endpoint: str) -> str:
    host = endpoint.rpartition(":")[0].strip("[]")
    return HERE if host in {"localhost", "127.0.0.1", "::1"} else host


def timeline(found: Iterable[Place], now: datetime) -> list[Link]:
    """Each place as a link, the one that ends first at the front."""
    links = [_link(place, now) for place in found if place.chain]
    return sorted(links, key=lambda link: (link.ends, link.where))


def _link(place: Place, now: datetime) -> Link:
    first = min(place.chain, key=lambda certificate: _moment(certificate.not_after))
    ends = _moment(first.not_after)
    begins = max(_moment(certificate.not_before) for certificate in place.chain)
    days = (ends - now).days
    return Link(place.where, place.for_whom, ends, begins, first, days)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def chains_in(paths: Sequence[str], base: Path) -> list[Place]:
    """One place for each chain in the files and folders *paths*; files that do not open are left out.

    Raises:
        WizardError: a path that was named does not exist.
    """
    found: list[Place] = []
    for file in expand_inputs(_with_packs(paths, base), base):
        try:
            bundle, _refusal = read_partly(read_input(file), name=str(file))
        except WizardError:
            continue
        for chain in assemble(bundle) if bundle is not None else ():
            certificates = tuple(certificate_facts(each) for each in chain.certificates)
            if certificates:
                machine = printable(suggested_host(chain.leaf)) or printable(file.parent.name)
                found.append(Place(printable(str(file)), _for_whom(chain.leaf), certificates, machine))
    return found


def _with_packs(paths: Sequence[str], base: Path) -> list[str]:
    """*paths*, and the folders in those that are folders: each machine's bundle is one."""
    result = list(paths)
    for path in paths:
        with suppress(OSError):
            found = sorted((base / home_expanded(Path(path))).iterdir())
            result += [str(each) for each in found if os.path.isdir(each) and not each.is_symlink() and is_taken(each)]
    return result


def _for_whom(leaf: Certificate | None) -> str:
    if leaf is None:
        return "everything under this CA"
    allowed = usages(leaf)
    if allowed is not None and SERVER_AUTH in allowed and CLIENT_AUTH not in allowed:
        return GATEWAYS
    return "everything that uses this certificate"
