"""The port: who listens there, and whether it speaks TLS as gateways need it."""

from collections.abc import Iterator

from wizard.doctor.facts import DoctorFacts, ProbeFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, spec
from wizard.findings import Finding, FindingSpec, Locator, Severity

_TAKEN = ("BindException", "Address already in use", "EADDRINUSE")

TAKEN = spec(
    "port-taken",
    Severity.BLOCKER,
    "another program has the port",
    "Port {port} belongs to {program}, not to the service.",
    why="The server cannot listen, so gateways reach somebody else or nobody.",
    fix="Find it with ss -ltnp, and end it or move it; then restart the service.",
    source="bind(2), EADDRINUSE",
)
NOBODY = spec(
    "nothing-listens",
    Severity.ERROR,
    "nothing answers on the port",
    "{endpoint} does not answer: {detail}.",
    why="No gateway and no client can connect.",
    fix="See whether the service runs, and which port application.conf names; --port gives another one.",
    source="connect(2)",
)
NOT_TLS = spec(
    "not-tls",
    Severity.ERROR,
    "what answers does not speak TLS",
    "{endpoint} answers, but not with TLS: {detail}.",
    why="It is not the primary, or something between here and the primary answers.",
    fix="Find out which program listens there: ss -ltnp.",
    source="RFC 8446, section 4.1.2",
)
NO_12 = spec(
    "tls12-off",
    Severity.WARNING,
    "the server does not speak TLS 1.2",
    "{endpoint} speaks {versions}, but not TLS 1.2.",
    why="The vendor's guide names TLS 1.2 for gateways; older ones cannot connect.",
    fix="Allow TLSv1.2 in application.conf (protocols), then restart.",
    source="vendor's gateway guide",
)
OLD = spec(
    "tls-old",
    Severity.WARNING,
    "the server speaks only old TLS",
    "{endpoint} agreed to {protocol} only after older protocols or weak parameters were offered.",
    why="Java 11.0.13, 17 and newer have them switched off; such peers cannot connect.",
    fix="Allow TLSv1.2 and TLSv1.3 in application.conf (protocols), then restart.",
    source="JDK: jdk.tls.disabledAlgorithms; RFC 8996",
)
NO_CLIENT_AUTH = spec(
    "client-auth-off",
    Severity.WARNING,
    "the server asks for no client certificate",
    "{endpoint} completes the handshake without asking for a certificate.",
    why="The link is meant to be mutual TLS; anybody can connect as it is.",
    fix="Set client authentication back to need in application.conf, then restart.",
    source="vendor's PKI page: mutual TLS",
)
ALERT_NORMAL = spec(
    "alert-normal",
    Severity.NOTE,
    "an alert without a client certificate is normal",
    "{endpoint} ends the connection with {alert} because no client certificate was shown.",
    why="That is how mutual TLS refuses; the manual's check prints it on a perfect server too.",
    fix="Nothing. To see it through: cloudstream-wizard probe {endpoint} --client GATEWAY.pfx",
    source="RFC 8446, section 4.4.2.4; manual, check with openssl s_client",
)
SPECS = (TAKEN, NOBODY, NOT_TLS, NO_12, OLD, NO_CLIENT_AUTH, ALERT_NORMAL)

_TLS_ERRORS = ("probe.not-tls", "probe.http", "probe.proxy", "probe.silent", "probe.closed", "probe.handshake")


def _found(which: FindingSpec, seen: ProbeFacts, **values: str | int) -> Finding:
    return Finding(which, Locator("endpoint", endpoint=seen.endpoint), {"endpoint": seen.endpoint, **values})


def _nodes(facts: DoctorFacts) -> tuple[ProbeFacts, ...]:
    assert facts.probes is not None  # noqa: S101 - the rule's needs
    return facts.probes


def _taken(facts: DoctorFacts) -> Iterator[Finding]:
    logged = any(word in line for line in (facts.journal or ())[-12:] for word in _TAKEN)
    listening = facts.listening
    if listening is None and not logged:
        raise CouldNotLook(facts.unseen.get("listening", "who listens is not known"))
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
    return Finding(TAKEN, where, {"port": facts.port, "program": program})


def _answers(facts: DoctorFacts) -> Iterator[Finding]:
    for seen in _nodes(facts):
        if not seen.reachable:
            yield _found(NOBODY, seen, detail=seen.detail or str(seen.error))
        elif seen.leaf is None and seen.error in _TLS_ERRORS:
            yield _found(NOT_TLS, seen, detail=seen.detail or str(seen.error))


def _tls(facts: DoctorFacts) -> tuple[ProbeFacts, ...]:
    answering = tuple(seen for seen in _nodes(facts) if seen.leaf is not None)
    if not answering:
        raise CouldNotLook("no certificate is served")
    return answering


def _versions(facts: DoctorFacts) -> Iterator[Finding]:
    seen = _tls(facts)[0]
    assert facts.versions is not None  # noqa: S101 - the rule's needs
    if seen.lowered:
        yield _found(OLD, seen, protocol=seen.protocol or "an old version")
    elif facts.versions and "1.2" not in facts.versions:
        yield _found(NO_12, seen, versions=", ".join(f"TLS {version}" for version in facts.versions))


def _client_auth(facts: DoctorFacts) -> Iterator[Finding]:
    for seen in _tls(facts):
        if seen.client_auth == "none":
            yield _found(NO_CLIENT_AUTH, seen)
        elif seen.client_auth == "required" and seen.alert:
            yield _found(ALERT_NORMAL, seen, alert=seen.alert)


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
