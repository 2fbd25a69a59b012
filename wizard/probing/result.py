"""The result of a probe, and the findings in it. Every finding about one endpoint names it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.certificates.names import certificate_json
from wizard.findings import Code, Finding, Locator
from wizard.host.machine import now_utc
from wizard.printable import printable
from wizard.probing.revocation.ocsp import OcspAnswer
from wizard.probing.trust import SYSTEM_ROOTS, Verdict, issued_by_name, names_of
from wizard.questions.answers import endpoint


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One endpoint at one moment, as a client sees it.

    Attributes:
        host: that was connected to.
        port: that was connected to.
        address: the IP address that answered, or the last one tried; "" when the name has none.
        addresses: all addresses of the host, in the resolver's order.
        servername: sent as SNI; None when none was sent.
        reachable: TCP connected.
        phase: where the probe ended: resolve, connect, hello, certificate, client-auth, application.
        error: code of what went wrong; None also when the server merely demands a client certificate.
        detail: words for the error.
        reason: OpenSSL's own text behind it, "" when there is none.
        protocol: `TLSv1.2`, `TLSv1.3`, or an old one; None before the server's hello.
        cipher: OpenSSL's name of the suite.
        chain: certificates as presented, the leaf first.
        fallback: the leaf is the product's built-in certificate (`identity.is_fallback` says how that is decided).
        matches_expected: the leaf is one of the expected; None without expectation or without a leaf.
        name_matches: the leaf is for the server name (else the host); None without a leaf.
        client_auth: none, optional, required or unknown. "Optional" means not enforced by the handshake.
        acceptable_cas: distinguished names (RFC 4514) that the server named when it asked.
        client_certificate: accepted, rejected, not_sent or unknown.
        alert: name of the fatal alert that the server sent, None when it sent none.
        warned: name of an alert that was only a warning, such as `unrecognized_name`.
        lowered: old protocols or weak parameters had to be offered before the server answered.
        inspected: the expected leaf was replaced by one from another issuer for the same name.
        trust: trust set's name to the verdict on the presented chain.
        staple: the OCSP response that came along, None when there was none.
        expect: the fingerprints that were expected.
        client_issuer: distinguished names of the CAs of the client certificate that was offered.
        first: the first bytes that the server sent (for what is not TLS).
        seconds: duration of each phase that was entered.
        findings: all that is worth saying, the worst first.
    """

    host: str
    port: int
    servername: str | None = None
    address: str = ""
    addresses: tuple[str, ...] = ()
    reachable: bool = False
    phase: str = "resolve"
    error: str | None = None
    detail: str = ""
    reason: str = ""
    protocol: str | None = None
    cipher: str | None = None
    chain: tuple[Certificate, ...] = ()
    fallback: bool = False
    matches_expected: bool | None = None
    name_matches: bool | None = None
    client_auth: str = "unknown"
    acceptable_cas: tuple[str, ...] = ()
    client_certificate: str = "not_sent"
    alert: str | None = None
    warned: str | None = None
    lowered: bool = False
    inspected: bool = False
    trust: Mapping[str, Verdict] = field(default_factory=dict)
    staple: OcspAnswer | None = None
    expect: tuple[str, ...] = ()
    client_issuer: frozenset[str] = frozenset()
    first: bytes = b""
    seconds: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def endpoint(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return endpoint(self.host, self.port)

    @property
    def leaf(self) -> Certificate | None:
        """The presented end-entity certificate."""
        return self.chain[0] if self.chain else None

    @property
    def name(self) -> str:
        """The name that the leaf should be for."""
        return self.servername or self.host

    @property
    def own_ca_named(self) -> bool | None:
        """Whether our CA is among those that the server names; None when it names none, or none of ours is known.

        Ours is that of the client certificate; without one, that of the presented certificate.
        """
        presented = () if self.fallback else self.chain
        ours = self.client_issuer or frozenset(map(names.issuer, presented))
        return not ours.isdisjoint(self.acceptable_cas) if self.acceptable_cas and ours else None

    def as_json(self) -> dict[str, Any]:
        """The `probe` object of the contract, without the `schema` member."""
        return {
            "host": self.host,
            "port": self.port,
            "address": self.address,
            "addresses": list(self.addresses),
            "servername": self.servername,
            "reachable": self.reachable,
            "phase": self.phase,
            "error": self.error,
            "detail": printable(self.detail),
            "protocol": self.protocol,
            "cipher": self.cipher,
            "chain": [certificate_json(certificate) for certificate in self.chain],
            "fallback": self.fallback,
            "matches_expected": self.matches_expected,
            "name_matches": self.name_matches,
            "client_auth": self.client_auth,
            "acceptable_cas": list(self.acceptable_cas),
            "own_ca_named": self.own_ca_named,
            "client_certificate": self.client_certificate,
            "alert": self.alert,
            "warned": self.warned,
            "lowered": self.lowered,
            "trust": {name: verdict.as_json() for name, verdict in self.trust.items()},
            "staple": self.staple.as_json() if self.staple else None,
            "seconds": {phase: round(value, 4) for phase, value in self.seconds.items()},
            "findings": [finding.as_json() for finding in self.findings],
        }


def findings(
    result: ProbeResult, expected_chain: Sequence[Certificate] = (), *, now: datetime | None = None
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


def _found(result: ProbeResult, spec: Code, **facts: str | int) -> Finding:
    caused_by = codes.PROBE_FALLBACK_CERTIFICATE.code if result.fallback and spec in _BY_FALLBACK else None
    return Finding(
        spec, Locator("endpoint", endpoint=result.endpoint), {"endpoint": result.endpoint, **facts}, caused_by
    )


_BY_FALLBACK = frozenset(
    {
        codes.PROBE_UNEXPECTED_CERTIFICATE,
        codes.PROBE_NAME_MISMATCH,
        codes.PROBE_UNTRUSTED,
        codes.PROBE_CHAIN_INCOMPLETE,
        codes.PROBE_LEAF_ONLY,
        codes.PROBE_EXPIRED,
        codes.PROBE_NOT_YET_VALID,
    }
)
"""What the built-in certificate brings along."""


def _connection(result: ProbeResult) -> Iterator[Finding]:
    if result.error is not None:
        yield _found(
            result,
            codes.ALL[result.error],
            host=result.host,
            address=result.address,
            detail=result.detail,
            phase=result.phase,
            alert=result.alert or "",
            protocol=result.protocol or "TLS 1.1 or older",
        )
    elif result.lowered:
        old = result.protocol not in {"TLSv1.2", "TLSv1.3"}
        detail = result.reason or "nothing else was accepted"
        spec = codes.PROBE_OLD_PROTOCOL_ONLY if old else codes.PROBE_WEAK_PARAMETERS_ONLY
        yield _found(result, spec, protocol=result.protocol or "an old version", detail=detail)


def _identity(result: ProbeResult, expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
    leaf = result.leaf
    if leaf is None:
        return
    subject = names.subject(leaf)
    if result.fallback:
        yield _found(result, codes.PROBE_FALLBACK_CERTIFICATE, subject=subject, sha256=leaf.sha256)
    elif result.inspected and expected_chain:
        yield _found(
            result, codes.PROBE_INSPECTED, issuer=names.issuer(leaf), expected_issuer=names.issuer(expected_chain[0])
        )
    elif result.matches_expected is False:
        yield _found(result, codes.PROBE_UNEXPECTED_CERTIFICATE, subject=subject, sha256=leaf.sha256)
    if result.warned == "unrecognized_name":
        yield _found(result, codes.PROBE_NAME_UNKNOWN, name=result.servername or "")
    if not result.name_matches:
        carried = ", ".join(names_of(leaf)[:5]) or "no name at all"
        yield _found(result, codes.PROBE_NAME_MISMATCH, names=carried, name=result.name)


def _dates(result: ProbeResult, now: datetime) -> Iterator[Finding]:
    for certificate in result.chain:
        try:
            until, since = fields.not_after(certificate), fields.not_before(certificate)
        except fields.NOT_PARSED:
            yield _found(result, codes.PROBE_CERTIFICATE_UNREADABLE)
            continue
        subject = names.subject(certificate)
        if now > until:
            yield _found(result, codes.PROBE_EXPIRED, subject=subject, date=f"{until:%Y-%m-%d}")
        elif now < since:
            date = f"{since:%Y-%m-%d %H:%M} UTC"
            yield _found(result, codes.PROBE_NOT_YET_VALID, subject=subject, date=date)


def _order(result: ProbeResult, expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
    if not result.chain:
        return
    path = _path(result.chain)
    positions = [result.chain.index(certificate) for certificate in path]
    if positions != sorted(positions):
        yield _found(result, codes.PROBE_CHAIN_DISORDERED)
    for place, extra in enumerate(result.chain):
        if place not in positions:
            yield _found(result, codes.PROBE_CHAIN_EXTRA, subject=names.subject(extra))
    last = path[-1]
    subject, missing = names.subject(last), names.issuer(last)
    if fields.self_issued(last):
        if len(path) > 1:
            yield _found(result, codes.PROBE_ROOT_SENT, subject=subject)
        return
    known = [*expected_chain, *(certificate for verdict in result.trust.values() for certificate in verdict.path)]
    issuer = next((one for one in known if issued_by_name(last, one)), None)
    if issuer is not None and not fields.self_issued(issuer):
        yield _found(result, codes.PROBE_CHAIN_INCOMPLETE, subject=subject, missing=missing)
    elif issuer is None and len(path) == 1:
        yield _found(result, codes.PROBE_LEAF_ONLY, subject=subject, missing=missing)


def _path(chain: Sequence[Certificate]) -> list[Certificate]:
    """The path from the leaf upwards, followed by issuer names as far as the sent certificates reach."""
    path = [chain[0]]
    while not fields.self_issued(path[-1]):
        above = next((one for one in chain if one not in path and issued_by_name(path[-1], one)), None)
        if above is None:
            break
        path.append(above)
    return path


def _trust(result: ProbeResult) -> Iterator[Finding]:
    # Sets are shown side by side; one that believes is enough, and a private chain is mostly not among the system's.
    asked = [(name, verdict) for name, verdict in result.trust.items() if name != SYSTEM_ROOTS]
    if asked and not any(verdict.ok for verdict in result.trust.values()):
        name, verdict = asked[0]
        yield _found(result, codes.PROBE_UNTRUSTED, trust=name, reason=verdict.reason)
    if result.staple is not None and result.staple.status in {"revoked", "unusable"}:
        clock = "Check the clocks of the server and of this machine first. " if result.staple.by_clock else ""
        yield _found(result, codes.PROBE_STAPLE_BAD, detail=result.staple.detail, clock=clock)


def _client(result: ProbeResult) -> Iterator[Finding]:
    if result.client_auth == "none":
        yield _found(result, codes.PROBE_CLIENT_AUTH_NONE)
    if result.client_issuer and result.acceptable_cas and result.client_issuer.isdisjoint(result.acceptable_cas):
        yield _found(result, codes.PROBE_CLIENT_AUTHORITY_UNLISTED, issuer=min(result.client_issuer))
