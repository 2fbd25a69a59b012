"""Turn the results of probes into findings. Every finding about one endpoint names it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.host.clock import now_utc
from wizard.probing.identity import issued_by_name, names_of
from wizard.probing.trust import SYSTEM_ROOTS

if TYPE_CHECKING:
    from wizard.probing.result import ProbeResult

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_NETWORK = "Gateways and clients on the same path meet the same wall and stay offline."
_HANDSHAKE = "Gateways and clients cannot connect over TLS."

SPECS: tuple[FindingSpec, ...] = (
    FindingSpec(
        "probe.unresolved",
        _ERROR,
        "Name not known",
        "The name {host} has no address here: {detail}.",
        "Gateways and clients connect to this name.",
        "Check the spelling and the DNS entry, or probe by IP address and give the name with --servername.",
        "RFC 1034",
    ),
    FindingSpec(
        "probe.refused",
        _ERROR,
        "Connection refused",
        "{endpoint} refuses the connection: {detail} (address {address}).",
        "The server is not running, or listens elsewhere.",
        "See whether the service runs and listens on this port (ss -ltnp), and wait a little after a restart.",
        "RFC 9293",
    ),
    FindingSpec(
        "probe.connect-timeout",
        _ERROR,
        "No answer",
        "{endpoint} does not answer: {detail} (address {address}).",
        _NETWORK,
        "Ask for the firewall rules between this machine and {endpoint}; the connection must be direct.",
        "vendor's gateway guide: direct outbound TCP",
    ),
    FindingSpec(
        "probe.no-route",
        _ERROR,
        "No way there",
        "{endpoint} cannot be reached: {detail} (address {address}).",
        _NETWORK,
        "Check the route and the address of {host}.",
        "RFC 9293",
    ),
    FindingSpec(
        "probe.not-tls",
        _ERROR,
        "Not a TLS server",
        "What answers on {endpoint} does not speak TLS: {detail}.",
        _HANDSHAKE,
        "Check the port number: the primary's internal TLS port is 2560 unless it was changed.",
        "RFC 8446, section 5",
    ),
    FindingSpec(
        "probe.http",
        _ERROR,
        "HTTP without TLS",
        "What answers on {endpoint} is HTTP without TLS: {detail}.",
        _HANDSHAKE,
        "Check the port number, and whether a load balancer in between expects TLS at all.",
        "RFC 9110",
    ),
    FindingSpec(
        "probe.proxy",
        _ERROR,
        "A proxy answers",
        "A proxy answers in place of {endpoint}: {detail}.",
        "Gateways need a direct connection; a filtering proxy breaks mutual TLS.",
        "Ask the network team to let {endpoint} pass directly.",
        "vendor's gateway guide",
    ),
    FindingSpec(
        "probe.closed",
        _ERROR,
        "Closed without a word",
        "{endpoint} accepts the connection and ends it in the phase {phase} without an alert.",
        "A firewall, a load balancer without a living node, or a server that is still starting does this.",
        "Look at the server's log, probe each node by its IP address, and try again after a minute.",
        "RFC 8446, section 6",
    ),
    FindingSpec(
        "probe.silent",
        _ERROR,
        "Silent after connecting",
        "{endpoint} accepts the connection and then says nothing in the phase {phase}: {detail}.",
        "Either it is no TLS server, or something in between holds the traffic back.",
        "Look at the server's log and its load, and probe from the server itself.",
        "RFC 8446",
    ),
    FindingSpec(
        "probe.alert",
        _ERROR,
        "The server refuses",
        "{endpoint} ends the handshake with the alert {alert}: {detail}.",
        _HANDSHAKE,
        "Read the alert's reason, then the server's log at the same minute.",
        "RFC 8446, section 6",
    ),
    FindingSpec(
        "probe.handshake",
        _ERROR,
        "The handshake fails",
        "The handshake with {endpoint} fails in the phase {phase}: {detail}.",
        _HANDSHAKE,
        "Compare with another client on another machine; if it fails there too, read the server's log.",
        "OpenSSL reason codes",
    ),
    FindingSpec(
        "probe.wrong-key",
        _ERROR,
        "Key and certificate differ",
        "{endpoint} presents a certificate whose key it does not hold: {detail}.",
        "No client can finish a handshake.",
        "Make the key store again from a certificate and its own private key.",
        "RFC 8446, section 4.4.3",
    ),
    FindingSpec(
        "probe.certificate-unreadable",
        _ERROR,
        "Certificate does not parse",
        "{endpoint} presents a certificate that does not parse.",
        "Strict clients refuse it.",
        "Have the certificate issued again.",
        "RFC 5280",
    ),
    FindingSpec(
        "probe.old-protocol-only",
        _ERROR,
        "Only old TLS versions",
        "{endpoint} speaks only {protocol}, which is switched off in current Java and Windows.",
        "Current gateways and clients refuse to connect.",
        "Update the server, or the device in between that ends TLS.",
        "RFC 8996; JDK jdk.tls.disabledAlgorithms",
    ),
    FindingSpec(
        "probe.weak-parameters-only",
        _ERROR,
        "Only weak parameters",
        "{endpoint} agrees only to weak parameters: {detail}.",
        "Current gateways and clients may refuse to connect.",
        "Use a key of at least 2048 bits and SHA-256, and update what ends TLS there.",
        "OpenSSL security levels",
    ),
    FindingSpec(
        "probe.fallback-certificate",
        _ERROR,
        "Built-in certificate served",
        "{endpoint} serves the built-in certificate {subject} and not the installed one.",
        "The server could not use its key store, and every gateway with the trusted policy is refused.",
        "Check default-keystore-file and default-keystore-password, that the service can read the file, that the "
        "password opens it, and that the service was restarted.",
        "manual, Primary server setup",
    ),
    FindingSpec(
        "probe.unexpected-certificate",
        _ERROR,
        "Another certificate served",
        "{endpoint} serves {subject} (SHA-256 {sha256}), which is not the expected certificate.",
        "What was installed is not what clients get.",
        "Check that the service was restarted, and that this node and this server name use the new key store.",
        "measured",
    ),
    FindingSpec(
        "probe.inspected",
        _ERROR,
        "TLS is inspected on the way",
        "The certificate at {endpoint} comes from {issuer}, not from {expected_issuer}: something between replaces it.",
        "Mutual TLS cannot pass a device that opens the connection.",
        "Ask the network team to exempt {endpoint} from TLS inspection, and probe from the server itself.",
        "vendor's gateway guide",
    ),
    FindingSpec(
        "probe.name-mismatch",
        _ERROR,
        "Name not in the certificate",
        "The certificate at {endpoint} is for {names} and not for {name}.",
        "Clients that check host names refuse it.",
        "If gateways connect to another name, probe with that one as --servername; else have the certificate issued "
        "with {name} as subject alternative name.",
        "RFC 6125",
    ),
    FindingSpec(
        "probe.name-unknown",
        _WARNING,
        "Server name not known there",
        "{endpoint} warns that it does not know the server name {name}.",
        "A server that chooses its certificate by name then serves its default one.",
        "Probe with the name in the certificate and with the name that gateways connect to, and compare.",
        "RFC 6066, section 3",
    ),
    FindingSpec(
        "probe.expired",
        _ERROR,
        "Certificate expired",
        "{subject}, presented by {endpoint}, expired on {date}.",
        "Every client that checks dates refuses it.",
        "Install a renewed certificate; if the date is a surprise, check the clock of both machines.",
        "RFC 5280, section 4.1.2.5",
    ),
    FindingSpec(
        "probe.not-yet-valid",
        _ERROR,
        "Certificate not valid yet",
        "{subject}, presented by {endpoint}, is valid only from {date}.",
        "Every client that checks dates refuses it.",
        "Check the clocks of both machines, or wait.",
        "RFC 5280, section 4.1.2.5",
    ),
    FindingSpec(
        "probe.chain-incomplete",
        _ERROR,
        "Intermediate not sent",
        "{endpoint} does not send the certificate of {missing}, the issuer of {subject}.",
        "Java builds no path with the root alone and refuses the server (PKIX path building failed).",
        "Put the whole chain into the key store.",
        "RFC 8446, section 4.4.2; measured with Java",
    ),
    FindingSpec(
        "probe.leaf-only",
        _WARNING,
        "Only the leaf is sent",
        "{endpoint} sends one certificate alone; that is right only if {missing} is a root.",
        "With an intermediate in between, Java refuses the server.",
        "Compare with the chain of the PKI team; put every intermediate into the key store.",
        "RFC 8446, section 4.4.2",
    ),
    FindingSpec(
        "probe.chain-disordered",
        _WARNING,
        "Chain out of order",
        "{endpoint} sends its certificates out of order.",
        "TLS 1.2 demands the order leaf to root, and strict clients refuse another one.",
        "Make the key store again with the chain in order.",
        "RFC 5246, section 7.4.2",
    ),
    FindingSpec(
        "probe.chain-extra",
        _WARNING,
        "Certificate too many",
        "{endpoint} also sends {subject}, which is no part of its chain.",
        "It costs time in every handshake and confuses strict clients.",
        "Make the key store again without it.",
        "RFC 8446, section 4.4.2",
    ),
    FindingSpec(
        "probe.root-sent",
        _NOTE,
        "Root sent along",
        "{endpoint} also sends its root {subject}.",
        "Nobody needs it: clients use the root that they have. It does no harm.",
        "Nothing must be done.",
        "RFC 8446, section 4.4.2",
    ),
    FindingSpec(
        "probe.untrusted",
        _ERROR,
        "Chain not trusted",
        "Measured by {trust}, the chain of {endpoint} is not trusted: {reason}.",
        "Whoever trusts just these roots refuses the server.",
        "Send the missing intermediate, or add the root to that trust store.",
        "RFC 5280, section 6",
    ),
    FindingSpec(
        "probe.client-rejected",
        _ERROR,
        "Client certificate rejected",
        "{endpoint} rejects the client certificate: {detail}.",
        "A gateway or client with this certificate stays offline.",
        "Upload root and intermediates of the client's chain to the portal, check its dates and that its extended key "
        "usage has clientAuth, and read the server's log.",
        "RFC 8446, section 4.4.2.4; measured with Java",
    ),
    FindingSpec(
        "probe.client-authority-unlisted",
        _WARNING,
        "Client's authority not listed",
        "{endpoint} names the authorities that it accepts, and {issuer} is not among them.",
        "Many clients then send no certificate at all.",
        "Upload root and intermediates of the client's chain to the portal.",
        "RFC 8446, section 4.2.4",
    ),
    FindingSpec(
        "probe.client-auth-none",
        _WARNING,
        "No client certificate asked for",
        "{endpoint} does not ask for a client certificate.",
        "The primary uses mutual TLS: this is another service, another port, or a device in between ends TLS.",
        "Check the port, and whether a load balancer ends TLS in front of the primary.",
        "manual, Certificates overview",
    ),
    FindingSpec(
        "probe.staple-bad",
        _ERROR,
        "OCSP staple is bad",
        "The OCSP response that {endpoint} sends along does not speak for its certificate: {detail}.",
        "Clients that look at the staple refuse the server.",
        "{clock}Renew the certificate if it was revoked; otherwise ask the PKI team about the responder.",
        "RFC 6960",
    ),
)

_BY_CODE = {spec.code: spec for spec in SPECS}


def findings(
    result: "ProbeResult", expected_chain: Sequence[Certificate] = (), *, now: datetime | None = None
) -> tuple[Finding, ...]:
    """Everything that is worth saying about *result*, the worst first.

    Args:
        result: what was seen.
        expected_chain: as given to the probe.
        now: aware; for the dates. None means the present.
    """
    found = [
        *_connection(result),
        *_identity(result, expected_chain),
        *_dates(result, now or now_utc()),
        *_order(result, expected_chain),
        *_trust(result),
        *_client(result),
    ]
    return tuple(sorted(found, key=lambda finding: -finding.severity))


def _found(result: "ProbeResult", code: str, **facts: str | int) -> Finding:
    caused_by = "probe.fallback-certificate" if result.fallback and code in _BY_FALLBACK else None
    return Finding(
        _BY_CODE[code], Locator("endpoint", endpoint=result.endpoint), {"endpoint": result.endpoint, **facts}, caused_by
    )


_BY_FALLBACK = frozenset(
    {
        "probe.unexpected-certificate",
        "probe.name-mismatch",
        "probe.untrusted",
        "probe.chain-incomplete",
        "probe.leaf-only",
        "probe.expired",
        "probe.not-yet-valid",
    }
)
"""What the built-in certificate brings along."""


def _connection(result: "ProbeResult") -> Iterator[Finding]:
    if result.error is not None:
        yield _found(
            result,
            result.error,
            host=result.host,
            address=result.address,
            detail=result.detail,
            phase=result.phase,
            alert=result.alert or "",
            protocol=result.protocol or "TLS 1.1 or older",
        )
    elif result.lowered:
        old = result.protocol not in {"TLSv1.2", "TLSv1.3"}
        detail = result.reason or "nothing else was agreed to"
        code = "probe.old-protocol-only" if old else "probe.weak-parameters-only"
        yield _found(result, code, protocol=result.protocol or "an old version", detail=detail)


def _identity(result: "ProbeResult", expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
    leaf = result.leaf
    if leaf is None:
        return
    subject = names.subject(leaf)
    if result.fallback:
        yield _found(result, "probe.fallback-certificate", subject=subject, sha256=leaf.sha256)
    elif result.inspected and expected_chain:
        yield _found(
            result,
            "probe.inspected",
            issuer=names.issuer(leaf),
            expected_issuer=names.issuer(expected_chain[0]),
        )
    elif result.matches_expected is False:
        yield _found(result, "probe.unexpected-certificate", subject=subject, sha256=leaf.sha256)
    if result.warned == "unrecognized_name":
        yield _found(result, "probe.name-unknown", name=result.servername or "")
    if not result.name_matches:
        carried = ", ".join(names_of(leaf)[:5]) or "no name at all"
        yield _found(result, "probe.name-mismatch", names=carried, name=result.name)


def _dates(result: "ProbeResult", now: datetime) -> Iterator[Finding]:
    for certificate in result.chain:
        try:
            until, since = fields.not_after(certificate), fields.not_before(certificate)
        except fields.NOT_PARSED:
            yield _found(result, "probe.certificate-unreadable")
            continue
        subject = names.subject(certificate)
        if now > until:
            yield _found(result, "probe.expired", subject=subject, date=f"{until:%Y-%m-%d}")
        elif now < since:
            date = f"{since:%Y-%m-%d %H:%M} UTC"
            yield _found(result, "probe.not-yet-valid", subject=subject, date=date)


def _order(result: "ProbeResult", expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
    if not result.chain:
        return
    path = _path(result.chain)
    positions = [result.chain.index(certificate) for certificate in path]
    if positions != sorted(positions):
        yield _found(result, "probe.chain-disordered")
    for place, extra in enumerate(result.chain):
        if place not in positions:
            yield _found(result, "probe.chain-extra", subject=names.subject(extra))
    last = path[-1]
    subject, missing = names.subject(last), names.issuer(last)
    if fields.self_issued(last):
        if len(path) > 1:
            yield _found(result, "probe.root-sent", subject=subject)
        return
    known = [*expected_chain, *(certificate for verdict in result.trust.values() for certificate in verdict.path)]
    issuer = next((one for one in known if issued_by_name(last, one)), None)
    if issuer is not None and not fields.self_issued(issuer):
        yield _found(result, "probe.chain-incomplete", subject=subject, missing=missing)
    elif issuer is None and len(path) == 1:
        yield _found(result, "probe.leaf-only", subject=subject, missing=missing)


def _path(chain: Sequence[Certificate]) -> list[Certificate]:
    """The path from the leaf upwards, followed by issuer names as far as the sent certificates reach."""
    path = [chain[0]]
    while not fields.self_issued(path[-1]):
        above = next((one for one in chain if one not in path and issued_by_name(path[-1], one)), None)
        if above is None:
            break
        path.append(above)
    return path


def _trust(result: "ProbeResult") -> Iterator[Finding]:
    # Sets are shown side by side; one that believes is enough, and a private chain is mostly not among the system's.
    asked = [(name, verdict) for name, verdict in result.trust.items() if name != SYSTEM_ROOTS]
    if asked and not any(verdict.ok for verdict in result.trust.values()):
        name, verdict = asked[0]
        yield _found(result, "probe.untrusted", trust=name, reason=verdict.reason)
    if result.staple is not None and result.staple.status in {"revoked", "unusable"}:
        clock = "Check the clocks of the server and of this machine first. " if result.staple.by_clock else ""
        yield _found(result, "probe.staple-bad", detail=result.staple.detail, clock=clock)


def _client(result: "ProbeResult") -> Iterator[Finding]:
    if result.client_auth == "none":
        yield _found(result, "probe.client-auth-none")
    if result.client_issuer and result.acceptable_cas and result.client_issuer.isdisjoint(result.acceptable_cas):
        yield _found(result, "probe.client-authority-unlisted", issuer=min(result.client_issuer))
