"""Turn the results of probes into findings. Every finding about one endpoint names it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.findings import Code, Finding, Locator
from wizard.host.machine import now_utc
from wizard.probing.identity import issued_by_name, names_of
from wizard.probing.trust import SYSTEM_ROOTS

if TYPE_CHECKING:
    from wizard.probing.result import ProbeResult


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


def _found(result: "ProbeResult", spec: Code, **facts: str | int) -> Finding:
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


def _connection(result: "ProbeResult") -> Iterator[Finding]:
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


def _identity(result: "ProbeResult", expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
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


def _dates(result: "ProbeResult", now: datetime) -> Iterator[Finding]:
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


def _order(result: "ProbeResult", expected_chain: Sequence[Certificate]) -> Iterator[Finding]:
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


def _trust(result: "ProbeResult") -> Iterator[Finding]:
    # Sets are shown side by side; one that believes is enough, and a private chain is mostly not among the system's.
    asked = [(name, verdict) for name, verdict in result.trust.items() if name != SYSTEM_ROOTS]
    if asked and not any(verdict.ok for verdict in result.trust.values()):
        name, verdict = asked[0]
        yield _found(result, codes.PROBE_UNTRUSTED, trust=name, reason=verdict.reason)
    if result.staple is not None and result.staple.status in {"revoked", "unusable"}:
        clock = "Check the clocks of the server and of this machine first. " if result.staple.by_clock else ""
        yield _found(result, codes.PROBE_STAPLE_BAD, detail=result.staple.detail, clock=clock)


def _client(result: "ProbeResult") -> Iterator[Finding]:
    if result.client_auth == "none":
        yield _found(result, codes.PROBE_CLIENT_AUTH_NONE)
    if result.client_issuer and result.acceptable_cas and result.client_issuer.isdisjoint(result.acceptable_cas):
        yield _found(result, codes.PROBE_CLIENT_AUTHORITY_UNLISTED, issuer=min(result.client_issuer))
