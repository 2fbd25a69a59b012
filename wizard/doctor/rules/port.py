"""The port: which program listens there, and whether it offers the TLS that gateways need."""

from collections.abc import Iterator

from wizard import codes
from wizard.doctor.facts import DoctorFacts, ProbeFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule
from wizard.findings import Code, Finding, Locator

_TAKEN = ("BindException", "Address already in use", "EADDRINUSE")


_TLS_ERRORS = (
    codes.PROBE_NOT_TLS.code,
    codes.PROBE_HTTP.code,
    codes.PROBE_PROXY.code,
    codes.PROBE_SILENT.code,
    codes.PROBE_CLOSED.code,
    codes.PROBE_HANDSHAKE.code,
)


def _found(which: Code, seen: ProbeFacts, **values: str | int) -> Finding:
    return Finding(which, Locator("endpoint", endpoint=seen.endpoint), {"endpoint": seen.endpoint, **values})


def _nodes(facts: DoctorFacts) -> tuple[ProbeFacts, ...]:
    assert facts.probes is not None  # noqa: S101 - the rule's needs
    return facts.probes


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


def _answers(facts: DoctorFacts) -> Iterator[Finding]:
    for seen in _nodes(facts):
        if not seen.reachable:
            yield _found(codes.DOCTOR_NOTHING_LISTENS, seen, detail=seen.detail or str(seen.error))
        elif seen.leaf is None and seen.error in _TLS_ERRORS:
            yield _found(codes.DOCTOR_NOT_TLS, seen, detail=seen.detail or str(seen.error))


def _tls(facts: DoctorFacts) -> tuple[ProbeFacts, ...]:
    answering = tuple(seen for seen in _nodes(facts) if seen.leaf is not None)
    if not answering:
        raise CouldNotLook("no certificate is presented")
    return answering


def _versions(facts: DoctorFacts) -> Iterator[Finding]:
    seen = _tls(facts)[0]
    assert facts.versions is not None  # noqa: S101 - the rule's needs
    if seen.lowered:
        yield _found(codes.DOCTOR_TLS_OLD, seen, protocol=seen.protocol or "an old version")
    elif facts.versions and "1.2" not in facts.versions:
        yield _found(codes.DOCTOR_TLS12_OFF, seen, versions=", ".join(f"TLS {version}" for version in facts.versions))


def _client_auth(facts: DoctorFacts) -> Iterator[Finding]:
    for seen in _tls(facts):
        if seen.client_auth == "none":
            yield _found(codes.DOCTOR_CLIENT_AUTH_OFF, seen)
        elif seen.client_auth == "required" and seen.alert:
            yield _found(codes.DOCTOR_ALERT_NORMAL, seen, alert=seen.alert)


def _applicable(facts: DoctorFacts) -> Iterator[Finding]:
    if not facts.probes:
        raise NotApplicable("no node was probed")
    return _answers(facts)


RULES = (
    Rule("doctor.port-taken", (), _taken),
    Rule("doctor.nothing-listens", ("probes",), _applicable),
    Rule("doctor.tls-versions", ("probes", "versions"), _versions),
    Rule("doctor.client-auth", ("probes",), _client_auth),
)
