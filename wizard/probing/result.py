"""The result of a probe."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.certificates.as_json import certificate_json
from wizard.certificates.model import Certificate
from wizard.findings import Finding
from wizard.printable import printable
from wizard.probing.revocation.ocsp import OcspAnswer
from wizard.probing.trust import Verdict
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
            "client_certificate": self.client_certificate,
            "alert": self.alert,
            "warned": self.warned,
            "lowered": self.lowered,
            "trust": {name: verdict.as_json() for name, verdict in self.trust.items()},
            "staple": self.staple.as_json() if self.staple else None,
            "seconds": {phase: round(value, 4) for phase, value in self.seconds.items()},
            "findings": [finding.as_json() for finding in self.findings],
        }
