"""Is any certificate revoked? OCSP first, CRL as second choice; good, revoked, unknown and unreachable kept apart."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.chain import signed_by
from wizard.certificates.model import Certificate, Chain
from wizard.findings import Finding, Locator
from wizard.host.machine import now_utc
from wizard.probing.revocation import crl, ocsp
from wizard.probing.revocation.fetch import MOST_CRL, MOST_OCSP, NotFetchedError, fetch
from wizard.probing.revocation.ocsp import Answer, OcspAnswer
from wizard.probing.trust import issued_by_name

_BY_STATUS = {
    "revoked": codes.REVOCATION_REVOKED,
    "unknown": codes.REVOCATION_UNKNOWN,
    "unreachable": codes.REVOCATION_UNREACHABLE,
    "unusable": codes.REVOCATION_UNUSABLE,
}
_CONCLUSIVE = frozenset({"good", "revoked"})


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known about one certificate.

    Attributes:
        certificate: the one asked about.
        responder: the OCSP address that was asked last, "" when there is none.
        own_address: whether the address comes from the certificate and not from the operator.
        ocsp: the responder's answer; None when none could be asked.
        crl_url: the list that was fetched last, "" when none was.
        crl: what the list says; None when it was not needed or there is none.
    """

    certificate: Certificate
    responder: str = ""
    own_address: bool = False
    ocsp: OcspAnswer | None = None
    crl_url: str = ""
    crl: Answer | None = None

    @property
    def status(self) -> str:
        """good, revoked, unknown, unreachable, unusable, or unchecked when the certificate names nobody to ask."""
        statuses = [answer.status for answer in (self.ocsp, self.crl) if answer is not None]
        for word in ("revoked", "good", "unknown", "unusable", "unreachable"):
            if word in statuses:
                return word
        return "unchecked"

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "sha256": self.certificate.sha256,
            "subject": names.subject(self.certificate),
            "status": self.status,
            "responder": self.responder or None,
            "ocsp": self.ocsp.as_json() if self.ocsp else None,
            "crl_url": self.crl_url or None,
            "crl": self.crl.as_json() if self.crl else None,
        }


def check_revocation(
    certificates: Iterable[Certificate],
    issuers: Iterable[Certificate] = (),
    *,
    responder: str | None = None,
    timeout_s: float = 5,
    now: datetime | None = None,
) -> tuple[Revocation, ...]:
    """Ask about every certificate that is not self-issued, all at once; never raises for what the network does.

    Args:
        certificates: leaves and intermediates, of one chain or of many; roots are passed over.
        issuers: more CA certificates among which issuers are looked for.
        responder: an OCSP address for certificates that name none (the portal's own OCSP address).
        timeout_s: for each request, in seconds.
        now: aware; None means the present.
    """
    given = tuple(dict.fromkeys(certificates))
    asked = [one for one in given if not fields.self_issued(one)]
    pile = (*given, *issuers)
    moment = now or now_utc()

    def one(certificate: Certificate) -> Revocation:
        issuer = next((each for each in pile if _issued(each, certificate)), None)
        return _asked(certificate, issuer, responder, timeout_s, moment)

    with ThreadPoolExecutor(max_workers=16, thread_name_prefix="revocation") as pool:
        return tuple(pool.map(one, asked))


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    return issued_by_name(certificate, issuer) and signed_by(certificate, issuer) is True


def _asked(
    certificate: Certificate, issuer: Certificate | None, responder: str | None, timeout_s: float, now: datetime
) -> Revocation:
    own = fields.responders(certificate)
    places = own or ([responder] if responder else [])
    place, answered, unknown = "", None, "its issuer's certificate is not available"
    for place in places:
        answered = _ocsp(place, certificate, issuer, timeout_s, now) if issuer else OcspAnswer("unusable", unknown)
        if answered.status in _CONCLUSIVE:
            return Revocation(certificate, place, bool(own), answered)
    listed, answer = "", None
    for listed in crl.distribution_points(certificate):
        answer = _crl(listed, certificate, issuer, timeout_s, now) if issuer else Answer("unusable", unknown)
        if answer.status in _CONCLUSIVE:
            break
    return Revocation(certificate, place, bool(own), answered, listed, answer)


def _ocsp(place: str, certificate: Certificate, issuer: Certificate, timeout_s: float, now: datetime) -> OcspAnswer:
    nonce = os.urandom(16)
    try:
        question = ocsp.request(certificate, issuer, nonce)
        answer = fetch(place, body=question, limit=MOST_OCSP, timeout_s=timeout_s)
    except NotFetchedError as error:
        return OcspAnswer("unreachable", str(error))
    except (ValueError, UnsupportedAlgorithm):
        return OcspAnswer("unusable", "no request can be made for this certificate")
    return ocsp.judge(answer, certificate, issuer, now, nonce)


def _crl(place: str, certificate: Certificate, issuer: Certificate, timeout_s: float, now: datetime) -> Answer:
    try:
        data = fetch(place, limit=MOST_CRL, timeout_s=timeout_s)
    except NotFetchedError as error:
        return Answer("unreachable", str(error))
    return crl.judge_list(data, certificate, issuer, now)


def revocation_findings(results: Sequence[Revocation]) -> tuple[Finding, ...]:
    """The findings about *results*, the worst first."""
    found = [finding for result in results if (finding := _finding(result)) is not None]
    return tuple(sorted(found, key=lambda finding: -finding.severity))


def chain_findings(chain: Chain, *, responder: str | None = None, timeout_s: float = 5) -> tuple[Finding, ...]:
    """Ask the OCSP responders and CRLs about a chain before it is used. Takes seconds and never raises."""
    certificates = [each for each in (chain.leaf, *chain.intermediates) if each is not None]
    asked = check_revocation(certificates, chain.authorities, responder=responder, timeout_s=timeout_s)
    return revocation_findings(asked)


def _finding(result: Revocation) -> Finding | None:
    locator = Locator("certificate", path=result.certificate.origin, sha256=result.certificate.sha256)
    subject = names.subject(result.certificate)
    status = result.status
    if status == "good":
        return None
    if status == "unchecked":
        return Finding(codes.REVOCATION_NO_RESPONDER, locator, {"subject": subject})
    by_list = result.crl is not None and result.crl.status == status
    answer = result.crl if by_list else result.ocsp
    place = result.crl_url if by_list else result.responder
    detail = answer.detail if answer else ""
    clock = "Check the clock of this machine first. " if answer is not None and answer.by_clock else ""
    told = {"subject": subject, "place": place, "detail": detail, "clock": clock}
    return Finding(_BY_STATUS[status], locator, told)


@dataclass(frozen=True, slots=True)
class Advice:
    """What to set in the portal, and why. The PKI administrator's word goes before it (manual).

    Attributes:
        check: whether to turn the revocation check on: on, off, or unchanged when nothing was learnt, as when a
            responder fails.
        url: the own OCSP address to enter, "" to leave it empty.
        why: one or two sentences with the evidence.
    """

    check: str
    url: str
    why: str


def advice(results: Sequence[Revocation]) -> Advice:
    """The two OCSP settings of the account, from what the responders really answered to this machine."""
    if not results:
        return Advice("unchanged", "", "There is no certificate whose revocation could be checked.")
    total = len(results)
    mute = [one for one in results if one.ocsp is None]
    unknown = [one for one in results if one.ocsp is not None and one.ocsp.status == "unknown"]
    failing = [one for one in results if one.ocsp is not None and one.ocsp.status in {"unreachable", "unusable"}]
    own = next((one.responder for one in results if one.ocsp is not None and not one.own_address), "")
    if len(mute) == total:
        return Advice(
            "off", "", f"None of the {total} certificates names an OCSP responder, so no responder can be asked."
        )
    if unknown:
        why = f"{len(unknown)} of {total} certificates are not known to their responder, {unknown[0].responder}."
        return Advice("off", "", why)
    if mute:
        why = f"{len(mute)} of {total} certificates name no OCSP responder. It is not documented whether they pass."
        return Advice("off", "", why)
    if failing:
        # A responder that fails at this moment, or towards this machine, says nothing about the certificates.
        worst = failing[0]
        reason = worst.ocsp.detail if worst.ocsp else ""
        why = f"{len(failing)} of {total} certificates get no usable OCSP answer; {worst.responder}: {reason}."
        return Advice("unchanged", "", why)
    revoked = sum(one.status == "revoked" for one in results)
    note = f" {revoked} of them are revoked and would be refused." if revoked else ""
    return Advice("on", own, f"All {total} certificates get a signed OCSP answer from this machine.{note}")
