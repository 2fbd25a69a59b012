"""List when each known certificate expires, and who is cut off then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wizard.doctor.facts import CertificateFacts, DoctorFacts
from wizard.printable import printable
from wizard.reports.calendar import Ending, Seen, calendar

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


def ends(found: Iterable[Place], now: datetime) -> tuple[Ending, ...]:
    """Each certificate of *found* with its end and the machines that have it, the first to end in front."""
    seen = [
        Seen(place.machine, each.name or each.subject, each.sha256, _moment(each.not_before), _moment(each.not_after))
        for place in found
        for each in place.chain
    ]
    return calendar(seen, now)


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
