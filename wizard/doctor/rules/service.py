"""The service: known to systemd, allowed to start, running, and started after the last change."""

from collections.abc import Iterator
from datetime import UTC, datetime

from wizard.doctor.facts import DoctorFacts, UnitFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, spec
from wizard.findings import Finding, FindingSpec, Locator, Severity

_SYSTEMD = "systemctl(1), systemd.service(5)"
_DOWN = "Nothing is served, so no gateway and no client can connect."

UNIT_MISSING = spec(
    "unit-missing",
    Severity.BLOCKER,
    "the service unit does not exist",
    "systemd does not know the unit {unit}.",
    why=_DOWN,
    fix="Check that the product is installed: systemctl list-unit-files.",
    source=_SYSTEMD,
)
UNIT_BROKEN = spec(
    "unit-broken",
    Severity.BLOCKER,
    "systemd cannot read the service unit",
    "The unit {unit} is there, but systemd says {load}.",
    why=_DOWN,
    fix="See what is wrong with it: systemd-analyze verify, journalctl -u.",
    source=_SYSTEMD,
)
MASKED = spec(
    "unit-masked",
    Severity.BLOCKER,
    "the service unit is masked",
    "The unit {unit} is masked, so systemd will not start it.",
    why=_DOWN,
    fix="Find out who masked it and why, then: systemctl unmask {unit}",
    source=_SYSTEMD,
)
NO_ACCOUNT = spec(
    "account-missing",
    Severity.BLOCKER,
    "the service's account does not exist",
    "The unit {unit} runs as {user}, and there is no such account.",
    why=_DOWN,
    fix="Create the account as the product's installer does, or correct User= in the unit.",
    source="systemd.exec(5)",
)
CRASHES = spec(
    "crash-loop",
    Severity.ERROR,
    "the service crashes and is started again and again",
    "{unit} was started again {restarts} times; its last lines: {lines}",
    why=_DOWN,
    fix="The last lines of its journal name the cause: journalctl -u {unit}",
    source=_SYSTEMD,
)
FAILED = spec(
    "service-failed",
    Severity.ERROR,
    "the service did not start",
    "{unit} is failed ({result}); its last lines: {lines}",
    why=_DOWN,
    fix="The last lines of its journal name the cause: journalctl -u {unit}",
    source=_SYSTEMD,
)
STOPPED = spec(
    "service-stopped",
    Severity.ERROR,
    "the service does not run",
    "{unit} is {active} ({sub}).",
    why=_DOWN,
    fix="Start it.",
    source=_SYSTEMD,
)
STARTING = spec(
    "service-starting",
    Severity.WARNING,
    "the service is still starting",
    "{unit} was started {seconds} s ago and does not listen on port {port} yet.",
    why="A start may take minutes. " + _DOWN,
    fix="Wait, then look again.",
    source=_SYSTEMD,
)
RELOAD = spec(
    "unit-changed",
    Severity.NOTE,
    "the unit file changed since systemd read it",
    "The file of {unit} changed, and systemd has not read it since.",
    why="The next start still uses the old unit.",
    fix="systemctl daemon-reload",
    source=_SYSTEMD,
)
STALE = spec(
    "not-restarted",
    Severity.ERROR,
    "the service was not restarted since the change",
    "{unit} started at {started}; {path} was changed at {changed}. What it serves is not what is installed.",
    why="The server reads settings and key store only when it starts.",
    fix="Restart it.",
    source="manual, Primary server setup: restart the service",
)
START_UNKNOWN = spec(
    "start-undetermined",
    Severity.WARNING,
    "how Java is started cannot be determined",
    "Which options {unit} gives to Java cannot be determined: {seen}.",
    why="An option such as -Dconfig.file makes the server read other settings than those of application.conf.",
    fix="Start the service and look again: a running Java shows its options. Or read the script.",
    source="systemd.exec(5); Lightbend config, ConfigFactory.load()",
)
SPECS = (
    START_UNKNOWN,
    UNIT_MISSING,
    UNIT_BROKEN,
    MASKED,
    NO_ACCOUNT,
    CRASHES,
    FAILED,
    STOPPED,
    STARTING,
    RELOAD,
    STALE,
)

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


def _found(which: FindingSpec, unit: UnitFacts, **values: str | int) -> Finding:
    return Finding(which, Locator("unit", path=unit.name), {"unit": unit.name, **values})


def now_of(facts: DoctorFacts) -> datetime:
    """The moment of the examination."""
    return datetime.fromisoformat(facts.clock.now)


def _load(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _unit(facts)
    if unit.load != "loaded":
        which = {"not-found": UNIT_MISSING, "masked": MASKED}.get(unit.load, UNIT_BROKEN)
        yield _found(which, unit, load=unit.load)


def _account(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if not unit.user_known:
        yield _found(NO_ACCOUNT, unit, user=unit.user)


def _state(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    lines = " | ".join(line for line in (facts.journal or ())[-3:]) or "(none)"
    fresh = unit.started and now_of(facts).timestamp() - unit.started < _FRESH_S
    if unit.restarts >= _CRASHES and (not unit.running or fresh or unit.sub == "auto-restart"):
        yield _found(CRASHES, unit, restarts=unit.restarts, lines=lines)
    elif unit.active == "failed":
        which = CRASHES if unit.result == "start-limit-hit" else FAILED
        yield _found(which, unit, result=unit.result, restarts=unit.restarts, lines=lines)
    elif unit.active in {"inactive", "deactivating"}:
        yield _found(STOPPED, unit, active=unit.active, sub=unit.sub)


def _starting(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if not facts.probes:
        raise CouldNotLook("the port was not probed")
    age = now_of(facts).timestamp() - unit.started
    busy = unit.running or unit.active in {"activating", "reloading"}
    if busy and unit.restarts < _CRASHES and age < _STARTING_S and facts.probes[0].error == "probe.refused":
        yield _found(STARTING, unit, seconds=max(0, round(age)), port=facts.port)


def _reload(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if unit.needs_reload:
        yield _found(RELOAD, unit)


def _stale(facts: DoctorFacts) -> Iterator[Finding]:
    unit = _loaded(facts)
    if not unit.running or not unit.started:
        raise NotApplicable("the service does not run")
    seen = facts.probes[0] if facts.probes else None
    if seen is None or seen.leaf is None:
        raise CouldNotLook("no certificate is served")
    store, conf = facts.store, facts.conf
    if store is None or conf is None or not store.usable or store.leaf is None or conf.error is not None:
        raise NotApplicable("what is installed could not be served anyway")
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
    return _found(STALE, unit, started=_moment(unit.started), path=path, changed=_moment(changed))


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _start(facts: DoctorFacts) -> Iterator[Finding]:
    unit = facts.unit
    assert unit is not None  # noqa: S101 - the rule's needs
    if unit.start_unknown:
        yield _found(START_UNKNOWN, unit, seen=unit.start_unknown)


RULES = (
    Rule("doctor.start-undetermined", ("unit",), _start),
    Rule("doctor.unit", ("unit",), _load),
    Rule("doctor.account-missing", ("unit",), _account),
    Rule("doctor.service-state", ("unit",), _state),
    Rule("doctor.service-starting", ("unit",), _starting),
    Rule("doctor.unit-changed", ("unit",), _reload),
    Rule("doctor.not-restarted", ("unit",), _stale),
)
