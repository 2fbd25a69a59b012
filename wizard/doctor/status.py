"""Compute the result of `status`: one state for monitoring, from dates, drift and what the server presents."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from wizard import codes
from wizard.doctor.diagnose import Diagnosis
from wizard.doctor.rules.clock_and_changes import differs
from wizard.doctor.timeline import Link, Place, places, seen_in, timeline
from wizard.findings import Severity
from wizard.reports.calendar import Ending, calendar

WARN_DAYS, CRITICAL_DAYS = 30, 7


class State(IntEnum):
    """As the Nagios plugin guidelines number them; also the exit code of `status`."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Status:
    """The state that monitoring gets.

    Attributes:
        state: the one word.
        reason: why, in one line without the word.
        links: all of them, the first to end in front.
        drift: what is not as the applied changes left it, one line each.
        notes: what is still to come and worth no warning, one line each.
        calendar: every certificate once, with its machines and its end, the first to end in front.
        root_change: the phase of a change of the root, and what blocks the next one; None when none is under way.
        days: until the first link ends; None when no certificate was found.
    """

    state: State
    reason: str
    links: tuple[Link, ...]
    drift: tuple[str, ...]
    days: int | None
    limits: tuple[int, int]
    calendar: tuple[Ending, ...] = ()
    notes: tuple[str, ...] = ()
    root_change: dict[str, Any] | None = None

    @property
    def first_line(self) -> str:
        """The line that monitoring shows, with performance data behind the bar."""
        data = "" if self.days is None else f" | days={self.days};{self.limits[0]}:;{self.limits[1]}:"
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
            "notes": list(self.notes),
            "calendar": [each.as_json() for each in self.calendar],
            "root_change": self.root_change,
        }


def status(
    diagnosis: Diagnosis,
    now: datetime,
    *,
    warn: int = WARN_DAYS,
    critical: int = CRITICAL_DAYS,
    further: Sequence[Place] = (),
    uploads: Collection[str] = (),
) -> Status:
    """Check a diagnosis for monitoring.

    Args:
        diagnosis: of the machine.
        now: aware.
        warn: fewer whole days than this left are a warning.
        critical: likewise, critical.
        further: other chains that the wizard knows (bundles, input files).
        uploads: fingerprints of the CA certificates whose upload to the portal is not ticked yet, or `all`.
    """
    found = [*places(diagnosis.facts), *further]
    links = tuple(timeline(found, now))
    drift = _drift(diagnosis)
    days = links[0].days if links else None
    notes = _waits(diagnosis, uploads)
    candidates = [*_by_dates(links, now, warn, critical), *_by_findings(diagnosis, waits=bool(notes))]
    if drift:
        candidates.append((State.WARNING, drift[0]))
    worst = max(candidates, key=lambda each: _ORDER[each[0]], default=None)
    if worst is not None and _ORDER[worst[0]] > _ORDER[State.UNKNOWN]:
        state, reason = worst
    elif not links:
        state, reason = State.UNKNOWN, _nothing(diagnosis)
    elif not any(seen.leaf is not None for seen in diagnosis.facts.probes or ()):
        state, reason = State.UNKNOWN, "the presented certificate could not be read"
    else:
        first = links[0]
        state, reason = State.OK, f"{first.first.name} is valid until {first.ends:%Y-%m-%d}, {first.days} days"
    return Status(state, reason, links, drift, days, (warn, critical), calendar(seen_in(found), now), notes)


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


def _by_findings(diagnosis: Diagnosis, *, waits: bool) -> list[tuple[State, str]]:
    causes = [code for code in diagnosis.root_causes if not (waits and code == codes.DOCTOR_CA_NOT_ACCEPTED.code)]
    worst = next((each for each in diagnosis.findings if causes and each.code == causes[0]), None)
    # Dates are checked by the limits that were given, not by those of the rules. If nothing was ever set up, there is
    # nothing to monitor: unknown, not a warning.
    if worst is None or worst.code.startswith("validity.") or worst.code == codes.DOCTOR_NOT_SET_UP.code:
        return []
    state = State.CRITICAL if worst.severity >= Severity.ERROR else State.WARNING
    return [(state, f"{worst.message} [{worst.code}]")]


def _waits(diagnosis: Diagnosis, uploads: Collection[str]) -> tuple[str, ...]:
    """That CA certificates are still to be uploaded, when the server lacks no other one than these."""
    store, probes = diagnosis.facts.store, diagnosis.facts.probes
    if not uploads or store is None or not probes or not probes[0].acceptable_cas:
        return ()
    named = set(probes[0].acceptable_cas)
    missing = [each for each in store.chain[1:] if each.subject not in named]
    if not missing or ("all" not in uploads and any(each.sha256 not in uploads for each in missing)):
        return ()
    names = ", ".join(each.name for each in missing)
    return (f"the server does not name {names} yet; the upload to the portal is still on the checklist",)


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
            found.append(f"{file.path} no longer contains the root that change {name} imported ({file.trust_alias})")
        what = differs(file)
        if what:
            found.append(f"{file.path} is not as change {name} left it: {what}")
    return tuple(found)


def _nothing(diagnosis: Diagnosis) -> str:
    conf = diagnosis.facts.conf
    if conf is not None and conf.store_file is not None and conf.store_file.empty:
        return "no key store is configured; the built-in certificate is in use"
    return "no certificate could be read"
