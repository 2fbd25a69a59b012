"""Probe one server or many: each phase within its time limit."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any

from OpenSSL import SSL, crypto

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.certificates.model import Certificate
from wizard.host.machine import now_utc
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
from wizard.probing.result import ProbeResult, findings
from wizard.probing.revocation.ocsp import OcspAnswer, judge
from wizard.probing.trust import ClientIdentity, TrustSet, Version, context, covers, is_fallback, issued_by_name

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
        error, detail = (
            codes.PROBE_CERTIFICATE_UNREADABLE.code,
            "the certificate that the server presents cannot be parsed",
        )
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
        first=outcome.first if not trace.server_hello else b"",
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


@dataclass(frozen=True, slots=True)
class Target:
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
        return probe(
            target.host,
            target.port,
            servername=target.servername,
            expect=target.expect,
            expected_chain=target.expected_chain,
            client=client,
            tls=target.tls,
            timeout_s=timeout_s,
            trust=trust,
            address=target.address,
        )

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
