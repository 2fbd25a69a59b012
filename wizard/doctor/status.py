"""Compute the result of `status`: one state for monitoring, from dates, drift and what the server presents.

Each known chain is a link with the day of its end and who is cut off then.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.fields import CLIENT_AUTH, SERVER_AUTH, usages
from wizard.certificates.model import Certificate
from wizard.certificates.reading import ReadingError, read
from wizard.doctor.collect.files import certificate_facts
from wizard.doctor.diagnose import Diagnosis
from wizard.doctor.facts import CertificateFacts, DoctorFacts
from wizard.doctor.rules.clock_and_changes import differs
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.host.files import expand_inputs, home_expanded, read_input
from wizard.planning.judge import suggested_host
from wizard.printable import printable
from wizard.reports.calendar import Ending, Seen, calendar

WARN_DAYS, CRITICAL_DAYS = 30, 7

HERE = "this machine"
GATEWAYS = "gateways and local-storage clients"
PRIMARY = "the primary (it no longer accepts certificates under this root)"


class State(IntEnum):
    """As the Nagios plugin guidelines number them; also the exit code of `status`."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


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


@dataclass(frozen=True, slots=True)
class Status:
    """The state that monitoring gets.

    Attributes:
        state: the one word.
        reason: why, in one line without the word.
        links: all of them, the first to end in front.
        drift: what is not as the applied changes left it, one line each.
        calendar: every certificate once, with its machines and its end, the first to end in front.
        days: until the first link ends; None when no certificate was found.
    """

    state: State
    reason: str
    links: tuple[Link, ...]
    drift: tuple[str, ...]
    days: int | None
    limits: tuple[int, int]
    calendar: tuple[Ending, ...] = ()

    @property
    def first_line(self) -> str:
        """The line that monitoring shows, with performance data behind the bar."""
        data = "" if self.days is None else f" | days={self.days};{self.limits[0]};{self.limits[1]}"
        return f"CLOUDSTREAM TLS {self.state.name} - {self.reason}{data}"

    def as_json(self) -> dict[str, Any]:
        """The members of `status --json`."""
        return {
            "state": self.state.name.lower(),
            "reason": self.reason,
            "days": self.days,
            "warn": self.limits[0],
            "critical": self.limits[1],
            "links": [link.as_json() for link in self.links],
            "drift": list(self.drift),
            "calendar": [each.as_json() for each in self.calendar],
        }


def status(
    diagnosis: Diagnosis,
    now: datetime,
    *,
    warn: int = WARN_DAYS,
    critical: int = CRITICAL_DAYS,
    further: Sequence[Place] = (),
) -> Status:
    """Judge an examination for monitoring.

    Args:
        diagnosis: of the machine.
        now: aware.
        warn: fewer whole days than this left are a warning.
        critical: likewise, critical.
        further: chains elsewhere that the wizard knows of (hand-off packs, input files).
    """
    found = [*places(diagnosis.facts), *further]
    links = tuple(timeline(found, now))
    drift = _drift(diagnosis)
    days = links[0].days if links else None
    candidates = [*_by_dates(links, now, warn, critical), *_by_findings(diagnosis)]
    if drift:
        candidates.append((State.WARNING, drift[0]))
    worst = max(candidates, key=lambda each: _ORDER[each[0]], default=None)
    if worst is not None and _ORDER[worst[0]] > _ORDER[State.UNKNOWN]:
        state, reason = worst
    elif not links:
        state, reason = State.UNKNOWN, _nothing(diagnosis)
    elif not _served(diagnosis):
        state, reason = State.UNKNOWN, "the served certificate could not be read"
    else:
        first = links[0]
        state, reason = State.OK, f"{first.first.name} is valid until {first.ends:%Y-%m-%d}, {first.days} days"
    return Status(state, reason, links, drift, days, (warn, critical), ends(found, now))


_ORDER = {State.OK: 0, State.UNKNOWN: 1, State.WARNING: 2, State.CRITICAL: 3}


def _by_dates(links: Sequence[Link], now: datetime, warn: int, critical: int) -> list[tuple[State, str]]:
    found = []
    for link in links:
        name = link.first.name
        where = f"{name} ({link.where})"
        if link.ends <= now:
            found.append((State.CRITICAL, f"{where} expired on {link.ends:%Y-%m-%d}; cut off: {link.for_whom}"))
        elif link.begins > now:
            found.append((State.CRITICAL, f"{where} is not valid before {link.begins:%Y-%m-%d}"))
        elif link.days < warn:
            state = State.CRITICAL if link.days < critical else State.WARNING
            text = f"{where} expires on {link.ends:%Y-%m-%d}, in {link.days} days; cut off then: {link.for_whom}"
            found.append((state, text))
    return found


def _by_findings(diagnosis: Diagnosis) -> list[tuple[State, str]]:
    headline = diagnosis.headline
    # Dates are judged by the limits that were given, not by those of the rules.
    dated = ("validity.",)
    # Where nothing was ever set up there is nothing to watch: unknown, not a warning.
    if headline is None or headline.code.startswith(dated) or headline.code == codes.DOCTOR_NOT_SET_UP.code:
        return []
    state = State.CRITICAL if headline.severity >= Severity.ERROR else State.WARNING
    return [(state, f"{headline.message} [{headline.code}]")]


def _drift(diagnosis: Diagnosis) -> tuple[str, ...]:
    change = diagnosis.facts.change
    if change is None:
        return ()
    found = list(change.damaged)
    if not change.id:
        return tuple(found)
    for file in change.files:
        name = file.change or change.id
        if file.trust_present is False:
            found.append(f"{file.path} no longer holds the root that change {name} imported ({file.trust_alias})")
        what = differs(file)
        if what:
            found.append(f"{file.path} is not as change {name} left it: {what}")
    return tuple(found)


def _served(diagnosis: Diagnosis) -> bool:
    return any(seen.leaf is not None for seen in diagnosis.facts.probes or ())


def _nothing(diagnosis: Diagnosis) -> str:
    conf = diagnosis.facts.conf
    if conf is not None and conf.store_file is not None and conf.store_file.empty:
        return "no key store is configured; the built-in certificate is in use"
    return "no certificate could be read"


def places(facts: DoctorFacts) -> list[Place]:
    """Every chain that an examination saw: configured, served, trusted."""
    found: list[Place] = []
    if facts.store is not None and facts.store.chain:
        found.append(Place(printable(facts.store.file.path), GATEWAYS, facts.store.chain))
    found += [
        Place(f"served at {seen.endpoint}", GATEWAYS, seen.chain, _machine(seen.endpoint))
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


def chains_in(paths: Sequence[str], base: Path) -> list[Place]:
    """One place for each chain in the files and folders *paths*; files that do not open are left out.

    Raises:
        WizardError: a path that was named does not exist.
    """
    found: list[Place] = []
    for file in expand_inputs(_with_packs(paths, base), base):
        try:
            bundle = read(read_input(file), name=str(file))
        except ReadingError as error:
            if error.partial is None:
                continue
            bundle = error.partial
        except WizardError:
            continue
        for chain in assemble(bundle):
            certificates = tuple(certificate_facts(each) for each in chain.certificates)
            if certificates:
                machine = printable(suggested_host(chain.leaf)) or printable(file.parent.name)
                found.append(Place(printable(str(file)), _for_whom(chain.leaf), certificates, machine))
    return found


def _with_packs(paths: Sequence[str], base: Path) -> list[str]:
    """*paths*, and the folders in those that are folders: each machine's pack is one."""
    result = list(paths)
    for path in paths:
        with suppress(OSError):
            found = sorted((base / home_expanded(Path(path))).iterdir())
            result += [str(each) for each in found if each.is_dir() and not each.is_symlink() and any(each.iterdir())]
    return result


def _for_whom(leaf: Certificate | None) -> str:
    if leaf is None:
        return "everybody under this authority"
    allowed = usages(leaf)
    if allowed is not None and SERVER_AUTH in allowed and CLIENT_AUTH not in allowed:
        return GATEWAYS
    return "whoever uses this certificate"
