"""Probe one server or many, each phase within its time limit; the result, and the findings in it."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from OpenSSL import SSL, crypto

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.certificates.model import Certificate
from wizard.certificates.names import certificate_json
from wizard.findings import Code, Finding, Locator
from wizard.host.machine import now_utc
from wizard.printable import endpoint, printable
from wizard.probing.handshake import (
    LOWERED_HELPS,
    Outcome,
    alert_of,
    connect,
    do_handshake,
    recognise,
    require_server_name,
    resolve,
)
from wizard.probing.revocation.ocsp import OcspAnswer, judge
from wizard.probing.trust import (
    SYSTEM_ROOTS,
    ClientIdentity,
    TrustSet,
    Verdict,
    Version,
    context,
    covers,
    is_fallback,
    issued_by_name,
    names_of,
    upwards,
)

_SAME = (
    "host", "port", "address", "servername", "reachable", "phase", "error", "protocol", "cipher", "fallback",
    "matches_expected", "name_matches", "client_auth", "own_ca_named", "client_certificate", "alert", "warned",
    "lowered",
)  # fmt: skip
"""The members of a result that JSON has as they are."""


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
            **{name: getattr(self, name) for name in _SAME},
            "addresses": list(self.addresses),
            "detail": printable(self.detail),
            "chain": [certificate_json(certificate) for certificate in self.chain],
            "acceptable_cas": list(self.acceptable_cas),
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
        until, since = fields.not_after(certificate), fields.not_before(certificate)
        subject = names.subject(certificate)
        if now > until:
            yield _found(result, codes.PROBE_EXPIRED, subject=subject, date=f"{until:%Y-%m-%d}")
        elif now < since:
            date = f"{since:%Y-%m-%d %H:%M} UTC"
            yield _found(result, codes.PROBE_NOT_YET_VALID, subject=subject, date=date)


def _order(result: ProbeResult, expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
    if not result.chain:
        return
    path = upwards(result.chain, issued_by_name)
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


__all__ = ["ClientIdentity", "ProbeResult", "TrustSet", "probe"]


def probe(  # noqa: PLR0913 - public: each argument is an option of the command
    host: str,
    port: int,
    *,
    servername: str | None = None,
    expect: Collection[str] = (),
    expected_chain: Sequence[Certificate] = (),
    client: ClientIdentity | None = None,
    tls: Version | None = None,
    timeout_s: float = 10,
    trust: Mapping[str, TrustSet] | None = None,
    address: str | None = None,
) -> ProbeResult:
    """Connect to *host*:*port* as a TLS client and report the result.

    Network failures do not raise: the result reports them as findings.

    Args:
        host: name or IP address to connect to; its addresses are tried in turn until one accepts the connection.
        port: TCP port.
        servername: sent as SNI and compared with the leaf's names; None sends none.
        expect: SHA-256 fingerprints (lower-case hex), one of which the presented leaf should have.
        expected_chain: the chain that should be presented, the leaf first: adds to *expect*, and its issuer is what
            tells an inspecting middlebox.
        client: presented when the server asks for a certificate. A second handshake without it then tells whether
            the server demands or only likes one.
        tls: this version only.
        timeout_s: the longest wait in each phase, in seconds.
        trust: names to trust sets; the presented chain is verified against each on its own.
        address: connect only to this one of the host's addresses.

    Raises:
        WizardError: `probe.client-unusable` when *client* cannot be used for TLS at all, `probe.bad-servername`.
    """
    require_server_name(servername)
    wanted = tuple(dict.fromkeys([*expect, *(certificate.sha256 for certificate in expected_chain[:1])]))
    issuers = () if client is None else (client.leaf, *client.issuers)
    authorities = frozenset(names.issuer(certificate) for certificate in issuers)
    result = ProbeResult(host, port, servername, expect=wanted, client_issuer=authorities)
    made = context(tls, client=client)
    result, outcome = _meet(result, made, timeout_s, address)
    if outcome is not None:
        if tls is None and (result.error in LOWERED_HELPS or _version_refused(outcome)):
            result, outcome = _again_lowered(result, outcome, client, timeout_s)
        result = _read(result, outcome, presented_client=client is not None)
        if client is not None and outcome.trace.request:
            result = replace(result, client_auth=_client_auth_alone(result, tls, timeout_s))
        result = _judged(result, expected_chain, trust or {}, outcome.trace.staple)
    return replace(result, findings=findings(result, expected_chain))


def _meet(
    result: ProbeResult, made: SSL.Context, timeout_s: float, pinned: str | None
) -> tuple[ProbeResult, Outcome | None]:
    started = time.monotonic()
    try:
        addresses = resolve(pinned or result.host, result.port, timeout_s)
    except OSError as error:
        code, detail = codes.PROBE_UNRESOLVED.code, str(error.strerror or error)
        return replace(result, error=code, detail=detail, seconds={"resolve": time.monotonic() - started}), None
    resolved = time.monotonic()
    result = replace(
        result,
        phase="connect",
        addresses=tuple(address.text for address in addresses),
        seconds={"resolve": resolved - started},
    )
    for address in addresses:
        result = replace(result, address=address.text)
        try:
            sock = connect(address, timeout_s)
        except OSError as error:
            code, detail = _unreachable(error, timeout_s)
            result = replace(result, error=code, detail=detail)
            continue
        with sock:
            connected = time.monotonic()
            outcome = do_handshake(sock, made, result.servername, timeout_s)
        seconds = {**result.seconds, "connect": connected - resolved, **outcome.seconds}
        return replace(result, reachable=True, error=outcome.error, detail=outcome.detail, seconds=seconds), outcome
    return replace(result, seconds={**result.seconds, "connect": time.monotonic() - resolved}), None


def _unreachable(error: OSError, timeout_s: float) -> tuple[str, str]:
    if isinstance(error, ConnectionRefusedError):
        return codes.PROBE_REFUSED.code, "nothing listens there"
    if isinstance(error, TimeoutError):
        return codes.PROBE_CONNECT_TIMEOUT.code, f"no answer within {timeout_s:g} s"
    return codes.PROBE_NO_ROUTE.code, error.strerror or str(error)


def _version_refused(outcome: Outcome) -> bool:
    # 70 protocol_version, or 40 handshake_failure before any hello: an old server may say either.
    return outcome.trace.alert in {40, 70, 71} and not outcome.trace.server_hello


def _again_lowered(
    result: ProbeResult, outcome: Outcome, client: ClientIdentity | None, timeout_s: float
) -> tuple[ProbeResult, Outcome]:
    second, better = _meet(result, context(None, lowered=True, client=client), timeout_s, result.address)
    if better is None or not better.trace.certificate:
        return result, outcome
    return replace(second, lowered=True, addresses=result.addresses), better


def _read(result: ProbeResult, outcome: Outcome, *, presented_client: bool) -> ProbeResult:
    trace, connection = outcome.trace, outcome.connection
    error, detail = result.error, result.detail
    if not trace.server_hello and outcome.first and outcome.first[:1] not in {b"\x15", b"\x16"}:
        error, detail = recognise(outcome.first)
    elif trace.alert is not None and not trace.request:
        error, detail = codes.PROBE_ALERT.code, f"the server {alert_of(trace.alert).words}"
    chain = _presented(connection) if trace.certificate else ()
    if trace.certificate and not chain and error is None:
        error = codes.PROBE_CERTIFICATE_UNREADABLE.code
        detail = "the certificate that the server presents cannot be parsed"
    auth, verdict = _client_side(outcome, presented_client=presented_client)
    if verdict == "rejected":
        reason = f"the server {alert_of(trace.alert).words}" if trace.alert else "the server closed the connection"
        error, detail = codes.PROBE_CLIENT_REJECTED.code, reason
    elif auth == "required" and error == codes.PROBE_CLOSED.code:
        error, detail = None, ""
    phase = trace.phase
    if verdict == "rejected" or (auth == "required" and phase == "application"):
        phase = "client-auth"
    return replace(
        result,
        phase=phase,
        error=error,
        detail=detail,
        reason=outcome.reason,
        protocol=connection.get_protocol_version_name() if trace.server_hello else None,
        cipher=connection.get_cipher_name() if trace.server_hello else None,
        chain=chain,
        client_auth=auth,
        acceptable_cas=_acceptable(connection) if trace.request else (),
        client_certificate=verdict,
        alert=alert_of(trace.alert).name if trace.alert is not None else None,
        warned=alert_of(trace.warned).name if trace.warned is not None else None,
    )


def _client_side(outcome: Outcome, *, presented_client: bool) -> tuple[str, str]:
    """Client authentication as far as this one handshake tells, and what became of our certificate."""
    trace = outcome.trace
    if not trace.request:
        if trace.finished:
            return "none", "not_sent"
        return "unknown", "not_sent" if not presented_client else "unknown"
    ended = trace.alert is not None or outcome.closed
    if not trace.proved:
        # A server that ends the connection after our empty answer demands a certificate.
        auth = "required" if ended and trace.certificate else "optional" if trace.finished else "unknown"
        return auth, "not_sent"
    if trace.alert is not None or (outcome.closed and not outcome.settled):
        return "unknown", "rejected"
    # Quiet after the handshake counts as accepted too: a refusal comes at once.
    return "unknown", "accepted" if trace.finished else "unknown"


def _client_auth_alone(result: ProbeResult, tls: Version | None, timeout_s: float) -> str:
    """What the server does without a client certificate: a handshake of its own."""
    _, outcome = _meet(result, context(tls, lowered=result.lowered), timeout_s, result.address)
    return "unknown" if outcome is None else _client_side(outcome, presented_client=False)[0]


def _presented(connection: SSL.Connection) -> tuple[Certificate, ...]:
    try:
        with odd_certificates_allowed():
            chain = connection.get_peer_cert_chain(as_cryptography=True)
    except (*fields.NOT_PARSED, crypto.Error):
        return ()
    return tuple(Certificate(parsed) for parsed in chain or ())


def _acceptable(connection: SSL.Connection) -> tuple[str, ...]:
    try:
        listed = connection.get_client_ca_list(as_cryptography=True)
        return tuple(names.readable(name) for name in listed)
    except (ValueError, SSL.Error):
        return ()


def _judged(
    result: ProbeResult, expected_chain: Sequence[Certificate], trust: Mapping[str, TrustSet], staple: bytes
) -> ProbeResult:
    leaf = result.leaf
    if leaf is None:
        return result
    facts: dict[str, Any] = {
        "name_matches": covers(leaf, result.name),
        "fallback": is_fallback(leaf, result.expect, result.name),
        "matches_expected": leaf.sha256 in result.expect if result.expect else None,
        "trust": {name: anchors.verdict(result.chain) for name, anchors in trust.items()},
    }
    facts["inspected"] = bool(
        expected_chain
        and not facts["matches_expected"]
        and not facts["fallback"]
        and facts["name_matches"]
        and names.issuer(leaf) != names.issuer(expected_chain[0])
    )
    if staple:
        facts["staple"] = _stapled(staple, leaf, [*result.chain[1:], *expected_chain[1:]])
    return replace(result, **facts)


def _stapled(staple: bytes, leaf: Certificate, issuers: Sequence[Certificate]) -> OcspAnswer:
    issuer = next((one for one in issuers if issued_by_name(leaf, one)), None)
    if issuer is None:
        return OcspAnswer("unusable", "the issuer that should have signed it is not known")
    return judge(staple, leaf, issuer, now_utc())


Progress = Callable[[int, int, ProbeResult], None]
"""Called in the caller's thread with how many are done, how many there are, and the one that just ended."""

WORKERS = 128
"""Most of a probe is waiting, so many may wait at once; each holds one socket and one thread."""


class Target(NamedTuple):
    """One endpoint to look at; the members mean what they mean for `probe`."""

    host: str
    port: int
    servername: str | None = None
    expect: tuple[str, ...] = ()
    expected_chain: tuple[Certificate, ...] = ()
    tls: Version | None = None
    address: str | None = None


def probe_many(
    targets: Sequence[Target],
    *,
    workers: int = WORKERS,
    progress: Progress | None = None,
    client: ClientIdentity | None = None,
    timeout_s: float = 10,
    trust: Mapping[str, TrustSet] | None = None,
) -> tuple[ProbeResult, ...]:
    """Probe all *targets*, at most *workers* at the same time; results in the order of the targets.

    An exception in *progress* stops the rest that has not begun and comes out here.
    """

    def look(target: Target) -> ProbeResult:
        return probe(**target._asdict(), client=client, timeout_s=timeout_s, trust=trust)

    if len(targets) == 1:
        only = look(targets[0])
        if progress is not None:
            progress(1, 1, only)
        return (only,)
    results: dict[int, ProbeResult] = {}
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(targets))), thread_name_prefix="probe") as pool:
        running = {pool.submit(look, target): place for place, target in enumerate(targets)}
        try:
            for future in as_completed(running):
                result = results[running[future]] = future.result()
                if progress is not None:
                    progress(len(results), len(targets), result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(results[place] for place in range(len(targets)))
