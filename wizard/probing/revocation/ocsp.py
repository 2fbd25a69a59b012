"""OCSP (RFC 6960) without any network: the request for a certificate, and the check of a response."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.printable import printable, rfc3339

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far our clock and the responder's may be apart."""

STALE_AFTER = timedelta(days=7)
"""The age from which a response without a next update is not believed any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a revocation list or a responder says about one certificate.

    Attributes:
        status: good (not on the list), revoked, unknown (the responder does not know the certificate), unreachable, or
            unusable (something came that must not be believed).
        detail: words for everything but good.
        this_update: from when it holds.
        next_update: until when, or when the next list is due; None when it does not say.
        by_clock: it must not be believed because of a date, so that a wrong clock here may be the reason.
    """

    status: str
    detail: str = ""
    this_update: datetime | None = None
    next_update: datetime | None = None
    by_clock: bool = field(default=False, kw_only=True)

    def as_json(self) -> dict[str, Any]:
        """For the contract; times in RFC 3339."""
        return {
            "status": self.status,
            "detail": printable(self.detail),
            "this_update": rfc3339(self.this_update) if self.this_update else None,
            "next_update": rfc3339(self.next_update) if self.next_update else None,
        }


@dataclass(frozen=True, slots=True)
class OcspAnswer(Answer):
    """What a responder says.

    Attributes:
        revoked_at: when it was revoked.
        delegated: signed by a responder that the issuer appointed, not by the issuer itself.
        nonce: the response carried our nonce; None when none was sent.
    """

    revoked_at: datetime | None = None
    delegated: bool = False
    nonce: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """As that of any answer, with what only a responder says."""
        revoked_at = rfc3339(self.revoked_at) if self.revoked_at else None
        return Answer.as_json(self) | {"revoked_at": revoked_at, "delegated": self.delegated, "nonce": self.nonce}


def request(certificate: Certificate, issuer: Certificate, nonce: bytes) -> bytes:
    """The DER of a request for *certificate*; certificate ids with SHA-1, which every responder knows (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate.x509, issuer.x509, hashes.SHA1())  # noqa: S303
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(serialization.Encoding.DER)


def judge(
    response: bytes, certificate: Certificate, issuer: Certificate, now: datetime, nonce: bytes | None = None
) -> OcspAnswer:
    """Read a DER *response* about *certificate* and decide whether it may be believed at *now* (aware, UTC)."""
    try:
        parsed = ocsp.load_der_ocsp_response(response)
    except (*fields.NOT_PARSED, UnsupportedAlgorithm):
        return OcspAnswer("unusable", "the answer is not an OCSP response")
    try:
        return _judge(parsed, certificate, issuer, now, nonce)
    except (*fields.NOT_PARSED, UnsupportedAlgorithm):
        return OcspAnswer("unusable", "the response is damaged, or its signature is of an unknown kind")


def _judge(
    response: ocsp.OCSPResponse, certificate: Certificate, issuer: Certificate, now: datetime, nonce: bytes | None
) -> OcspAnswer:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return OcspAnswer("unusable", f"the responder says {response.response_status.name.lower().replace('_', ' ')}")
    single = next((one for one in response.responses if _about(one, certificate, issuer)), None)
    if single is None:
        return OcspAnswer("unusable", "the response is about another certificate")
    signer, why = _signer(response, issuer)
    if signer is None:
        return OcspAnswer("unusable", why)
    if signer != issuer and not signer.x509.not_valid_before_utc <= now <= signer.x509.not_valid_after_utc:
        return _by_clock(f"the response is signed by {names.subject(signer)}, which is not valid now")
    ours: bool | None = None
    if nonce is not None:
        theirs = _nonce(response)
        if theirs is not None and theirs != nonce:
            return OcspAnswer("unusable", "the response answers another request (its nonce differs)")
        ours = theirs is not None
    this_update, next_update = single.this_update_utc, single.next_update_utc
    if this_update > now + CLOCK_TOLERANCE:
        return _by_clock(f"the response is from the future ({this_update:%Y-%m-%d %H:%M} UTC)")
    if (next_update or this_update + STALE_AFTER) < now - CLOCK_TOLERANCE:
        return _by_clock(f"the response is out of date ({this_update:%Y-%m-%d %H:%M} UTC)")
    status = single.certificate_status.name.lower()
    detail = ""
    if status == "revoked":
        reason = single.revocation_reason.value if single.revocation_reason else "no reason given"
        detail = f"revoked on {single.revocation_time_utc:%Y-%m-%d} ({reason})"
    elif status == "unknown":
        detail = "the responder does not know this certificate"
    return OcspAnswer(
        status,
        detail,
        this_update,
        next_update,
        single.revocation_time_utc,
        delegated=signer.der != issuer.der,
        nonce=ours,
    )


def _by_clock(detail: str) -> OcspAnswer:
    return OcspAnswer("unusable", detail, by_clock=True)


def _about(single: ocsp.OCSPSingleResponse, certificate: Certificate, issuer: Certificate) -> bool:
    if single.serial_number != certificate.x509.serial_number:
        return False
    expected = ocsp.OCSPRequestBuilder().add_certificate(certificate.x509, issuer.x509, single.hash_algorithm).build()
    return (expected.issuer_key_hash, expected.issuer_name_hash) == (single.issuer_key_hash, single.issuer_name_hash)


def _signer(response: ocsp.OCSPResponse, issuer: Certificate) -> tuple[Certificate | None, str]:
    """The issuer, or a delegate that it authorised (RFC 6960, section 4.2.2.2), whose key made the signature."""
    if _signed_by(response, issuer):
        return issuer, ""
    why = "the response is not signed by the issuer or by a responder that it authorised"
    for candidate in (Certificate(parsed) for parsed in response.certificates):
        if not _signed_by(response, candidate):
            continue
        name = names.subject(candidate)
        try:
            candidate.x509.verify_directly_issued_by(issuer.x509)
            usages = candidate.x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (InvalidSignature, ValueError, TypeError):
            why = f"the response is signed by {name}, which the issuer did not issue"
            continue
        except x509.ExtensionNotFound:
            usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
            why = f"the response is signed by {name}, which is not allowed to sign OCSP responses"
        else:
            return candidate, ""
    return None, why


def _signed_by(response: ocsp.OCSPResponse, candidate: Certificate) -> bool:
    key = candidate.x509.public_key()
    signature, text, digest = response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
    try:
        match key:
            case rsa.RSAPublicKey() if digest is not None:
                key.verify(signature, text, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() if digest is not None:
                key.verify(signature, text, ec.ECDSA(digest))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, text)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _nonce(response: ocsp.OCSPResponse) -> bytes | None:
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None
