"""The service: known to systemd, allowed to start, running, started after the last change; and who has its port."""

from collections.abc import Iterator
from datetime import UTC, datetime

from wizard import codes
from wizard.doctor.facts import DoctorFacts, ProbeFacts, UnitFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, answering, at_endpoint
from wizard.findings import Code, Finding, Locator

_CRASHES = 3
_STARTING_S = 300.0
_FRESH_S = 60.0

_TAKEN = ("BindException", "Address already in use", "EADDRINUSE")


_TLS_ERRORS = (
    codes.PROBE_NOT_TLS.code, codes.PROBE_HTTP.code, codes.PROBE_PROXY.code, codes.PROBE_SILENT.code,
    codes.PROBE_CLOSED.code, codes.PROBE_HANDSHAKE.code,
)  # fmt: skip


def _loaded(unit: UnitFacts) -> UnitFacts:
    if unit.load != "loaded":
        raise NotApplicable("systemd has no such unit loaded")
    return unit


def _found(which: Code, unit: UnitFacts, **values: str | int) -> Finding:
    return Finding(which, Locator("unit", path=unit.name), {"unit": unit.name, **values})


def now_of(facts: DoctorFacts) -> datetime:
    """The moment of the diagnosis."""
    return datetime.fromisoformat(facts.clock.now)


def _load(_facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    if unit.load != "loaded":
        which = {"not-found": codes.DOCTOR_UNIT_MISSING, "masked": codes.DOCTOR_UNIT_MASKED}
        yield _found(which.get(unit.load, codes.DOCTOR_UNIT_BROKEN), unit, load=unit.load)


def _account(_facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    if not _loaded(unit).user_known:
        yield _found(codes.DOCTOR_ACCOUNT_MISSING, unit, user=unit.user)


def _state(facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    _loaded(unit)
    lines = " | ".join((facts.journal or ())[-3:]) or "(none)"
    fresh = unit.started and now_of(facts).timestamp() - unit.started < _FRESH_S
    if unit.restarts >= _CRASHES and (not unit.running or fresh or unit.sub == "auto-restart"):
        yield _found(codes.DOCTOR_CRASH_LOOP, unit, restarts=unit.restarts, lines=lines)
    elif unit.active == "failed":
        which = codes.DOCTOR_CRASH_LOOP if unit.result == "start-limit-hit" else codes.DOCTOR_SERVICE_FAILED
        yield _found(which, unit, result=unit.result, restarts=unit.restarts, lines=lines)
    elif unit.active in {"inactive", "deactivating"}:
        yield _found(codes.DOCTOR_SERVICE_STOPPED, unit, active=unit.active, sub=unit.sub)


def _starting(facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    _loaded(unit)
    if not facts.probes:
        raise CouldNotLook("the port was not probed")
    age = now_of(facts).timestamp() - unit.started
    busy = unit.running or unit.active in {"activating", "reloading"}
    if busy and unit.restarts < _CRASHES and age < _STARTING_S and facts.probes[0].error == codes.PROBE_REFUSED.code:
        yield _found(codes.DOCTOR_SERVICE_STARTING, unit, seconds=max(0, round(age)), port=facts.port)


def _reload(_facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    if _loaded(unit).needs_reload:
        yield _found(codes.DOCTOR_UNIT_CHANGED, unit)


def _stale(facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    if not _loaded(unit).running or not unit.started:
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


def _start(_facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    if unit.start_unknown:
        yield _found(codes.DOCTOR_START_UNDETERMINED, unit, seen=unit.start_unknown)


def _taken(facts: DoctorFacts) -> Iterator[Finding]:
    logged = any(word in line for line in (facts.journal or ())[-12:] for word in _TAKEN)
    listening = facts.listening
    if listening is None and not logged:
        raise CouldNotLook(facts.unseen.get("listening", "it is not known which program listens"))
    others = [each for each in (listening.listeners if listening else ()) if each.is_service is False]
    running = facts.unit is not None and facts.unit.running
    tls = bool(facts.probes) and facts.probes[0].leaf is not None  # type: ignore[index]  # not empty, by bool()
    if others and (logged or not tls or not running):
        program = others[0].program or "another process"
        pid = f" (process {others[0].pid})" if others[0].pid else ""
        yield _taken_by(facts, f"{program}{pid}")
    elif logged and not running:
        yield _taken_by(facts, "another process")


def _taken_by(facts: DoctorFacts, program: str) -> Finding:
    where = Locator("endpoint", endpoint=f"localhost:{facts.port}")
    return Finding(codes.DOCTOR_PORT_TAKEN, where, {"port": facts.port, "program": program})


def _answers(_facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    if not probes:
        raise NotApplicable("no node was probed")
    for seen in probes:
        if not seen.reachable:
            yield at_endpoint(codes.DOCTOR_NOTHING_LISTENS, seen, detail=seen.detail or str(seen.error))
        elif seen.leaf is None and seen.error in _TLS_ERRORS:
            yield at_endpoint(codes.DOCTOR_NOT_TLS, seen, detail=seen.detail or str(seen.error))


def _versions(_facts: DoctorFacts, probes: tuple[ProbeFacts, ...], versions: tuple[str, ...]) -> Iterator[Finding]:
    seen, _ = answering(probes)[0]
    if seen.lowered:
        yield at_endpoint(codes.DOCTOR_TLS_OLD, seen, protocol=seen.protocol or "an old version")
    elif versions and "1.2" not in versions:
        yield at_endpoint(codes.DOCTOR_TLS12_OFF, seen, versions=", ".join(f"TLS {each}" for each in versions))


def _client_auth(_facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    for seen, _ in answering(probes):
        if seen.client_auth == "none":
            yield at_endpoint(codes.DOCTOR_CLIENT_AUTH_OFF, seen)
        elif seen.client_auth == "required" and seen.alert:
            yield at_endpoint(codes.DOCTOR_ALERT_NORMAL, seen, alert=seen.alert)


RULES = (
    Rule("doctor.start-undetermined", ("unit",), _start),
    Rule("doctor.unit", ("unit",), _load),
    Rule("doctor.account-missing", ("unit",), _account),
    Rule("doctor.service-state", ("unit",), _state),
    Rule("doctor.service-starting", ("unit",), _starting),
    Rule("doctor.unit-changed", ("unit",), _reload),
    Rule("doctor.not-restarted", ("unit",), _stale),
    Rule("doctor.port-taken", (), _taken),
    Rule("doctor.nothing-listens", ("probes",), _answers),
    Rule("doctor.tls-versions", ("probes", "versions"), _versions),
    Rule("doctor.client-auth", ("probes",), _client_auth),
)
