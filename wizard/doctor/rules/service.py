"""The service: known to systemd, allowed to start, running, and started after the last change."""

from collections.abc import Iterator
from datetime import UTC, datetime

from wizard import codes
from wizard.doctor.facts import DoctorFacts, UnitFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule
from wizard.findings import Code, Finding, Locator

_CRASHES = 3
_STARTING_S = 300.0
_FRESH_S = 60.0


def _unit(facts: DoctorFacts) -> UnitFacts:
    assert facts.unit is not None  # noqa: S101 - the rule's needs
    return facts.unit


def _loaded(facts: DoctorFacts) -> UnitFacts:
    unit = _unit(facts)
    if unit.load != "loaded":
        raise NotApplicable("systemd has no such unit loaded")
    return unit


def _found(which: Code, unit: UnitFacts, **values: str | int) -> Finding:
    return Finding(which, Locator("unit", path=unit.name), {"unit": unit.name, **values})


def now_of(facts: DoctorFacts) -> datetime:
    """The moment of the diagnosis."""
    return datetime.fromisoformat(facts.clock.now)


def _load(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _unit(facts)
    if unit.load != "loaded":
        which = {"not-found": codes.DOCTOR_UNIT_MISSING, "masked": codes.DOCTOR_UNIT_MASKED}.get(
            unit.load, codes.DOCTOR_UNIT_BROKEN
        )
        yield _found(which, unit, load=unit.load)


def _account(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if not unit.user_known:
        yield _found(codes.DOCTOR_ACCOUNT_MISSING, unit, user=unit.user)


def _state(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    lines = " | ".join(line for line in (facts.journal or ())[-3:]) or "(none)"
    fresh = unit.started and now_of(facts).timestamp() - unit.started < _FRESH_S
    if unit.restarts >= _CRASHES and (not unit.running or fresh or unit.sub == "auto-restart"):
        yield _found(codes.DOCTOR_CRASH_LOOP, unit, restarts=unit.restarts, lines=lines)
    elif unit.active == "failed":
        which = codes.DOCTOR_CRASH_LOOP if unit.result == "start-limit-hit" else codes.DOCTOR_SERVICE_FAILED
        yield _found(which, unit, result=unit.result, restarts=unit.restarts, lines=lines)
    elif unit.active in {"inactive", "deactivating"}:
        yield _found(codes.DOCTOR_SERVICE_STOPPED, unit, active=unit.active, sub=unit.sub)


def _starting(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if not facts.probes:
        raise CouldNotLook("the port was not probed")
    age = now_of(facts).timestamp() - unit.started
    busy = unit.running or unit.active in {"activating", "reloading"}
    if busy and unit.restarts < _CRASHES and age < _STARTING_S and facts.probes[0].error == codes.PROBE_REFUSED.code:
        yield _found(codes.DOCTOR_SERVICE_STARTING, unit, seconds=max(0, round(age)), port=facts.port)


def _reload(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if unit.needs_reload:
        yield _found(codes.DOCTOR_UNIT_CHANGED, unit)


def _stale(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if not unit.running or not unit.started:
        raise NotApplicable("the service is not running")
    seen = facts.probes[0] if facts.probes else None
    if seen is None or seen.leaf is None:
        raise CouldNotLook("no certificate is presented")
    store, conf = facts.store, facts.conf
    if store is None or conf is None or not store.usable or store.leaf is None or conf.error is not None:
        raise NotApplicable("the installed certificate could not be presented anyway")
    served = seen.leaf.sha256 == store.leaf.sha256
    newest = max((conf.file, store.file), key=lambda file: file.mtime)
    if not served and newest.mtime > unit.started:
        yield _stale_finding(unit, newest.path, newest.mtime)
        return
    trust = facts.cacerts
    if trust is None or not trust.has_root or trust.file.mtime <= unit.started or not seen.acceptable_cas:
        return
    if store.complete and store.chain[-1].subject not in seen.acceptable_cas:
        yield _stale_finding(unit, trust.file.path, trust.file.mtime)


def _stale_finding(unit: UnitFacts, path: str, changed: float) -> Finding:
    return _found(codes.DOCTOR_NOT_RESTARTED, unit, started=_moment(unit.started), path=path, changed=_moment(changed))


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _start(facts: DoctorFacts) -> Iterator[Finding]:
    unit = facts.unit
    assert unit is not None  # noqa: S101 - the rule's needs
    if unit.start_unknown:
        yield _found(codes.DOCTOR_START_UNDETERMINED, unit, seen=unit.start_unknown)


RULES = (
    Rule("doctor.start-undetermined", ("unit",), _start),
    Rule("doctor.unit", ("unit",), _load),
    Rule("doctor.account-missing", ("unit",), _account),
    Rule("doctor.service-state", ("unit",), _state),
    Rule("doctor.service-starting", ("unit",), _starting),
    Rule("doctor.unit-changed", ("unit",), _reload),
    Rule("doctor.not-restarted", ("unit",), _stale),
)
