"""Certificate revocation lists (RFC 5280, section 5) without any network."""

from contextlib import suppress
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from wizard.certificates import fields
from wizard.certificates.model import Certificate
from wizard.probing.revocation.ocsp import CLOCK_TOLERANCE, Answer


def distribution_points(certificate: Certificate) -> list[str]:
    """Where the certificate says that its list can be fetched, http only."""
    found = fields.extension(certificate, x509.CRLDistributionPoints)
    return [
        name.value
        for point in found or ()
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier) and name.value.lower().startswith("http:")
    ]


def judge_list(data: bytes, certificate: Certificate, issuer: Certificate, now: datetime) -> Answer:
    """Look *certificate* up in the list *data* (DER or PEM) and decide whether the list may be believed at *now*."""
    try:
        pem = data.lstrip().startswith(b"-----BEGIN")
        revoked = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
    except (*fields.NOT_PARSED, UnsupportedAlgorithm):
        return Answer("unusable", "the answer is not a revocation list")
    try:
        return _judged(revoked, certificate, issuer, now)
    except (*fields.NOT_PARSED, UnsupportedAlgorithm):
        return Answer("unusable", "the list is damaged, or its signature is of an unknown kind")


def _judged(
    revoked: x509.CertificateRevocationList, certificate: Certificate, issuer: Certificate, now: datetime
) -> Answer:
    if revoked.issuer != certificate.x509.issuer:
        return Answer("unusable", "the list comes from another CA")
    if not revoked.is_signature_valid(issuer.x509.public_key()):  # type: ignore[arg-type]
        return Answer("unusable", "the list is not signed by the issuer")
    scope = _out_of_scope(revoked, certificate)
    if scope:
        return Answer("unusable", scope)
    since, until = revoked.last_update_utc, revoked.next_update_utc
    wrong = f"from the future ({since:%Y-%m-%d %H:%M} UTC)" if since > now + CLOCK_TOLERANCE else ""
    if not wrong and until is not None and until < now - CLOCK_TOLERANCE:
        wrong = f"out of date (next was due {until:%Y-%m-%d})"
    if wrong:
        return Answer("unusable", f"the list is {wrong}", since, until, by_clock=True)
    entry = revoked.get_revoked_certificate_by_serial_number(fields.serial(certificate))
    if entry is None:
        return Answer("good", "", since, until)
    reason = "no reason given"
    with suppress(x509.ExtensionNotFound):
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    return Answer("revoked", f"revoked on {entry.revocation_date_utc:%Y-%m-%d} ({reason})", since, until)


def _out_of_scope(revoked: x509.CertificateRevocationList, certificate: Certificate) -> str:
    """Why the list does not speak for the certificate; "" when it does."""
    extensions = {type(each.value): each for each in revoked.extensions}
    if x509.DeltaCRLIndicator in extensions:
        return "the list contains only changes to another list"
    scope = extensions.get(x509.IssuingDistributionPoint)
    if scope is None or not isinstance(scope.value, x509.IssuingDistributionPoint):
        return ""
    point, authority = scope.value, fields.is_ca(certificate)
    if point.indirect_crl or point.only_contains_attribute_certs or point.only_some_reasons:
        return "the list is of a kind that does not cover this certificate alone"
    if (point.only_contains_ca_certs and not authority) or (point.only_contains_user_certs and authority):
        return "the list is for other certificates of this CA"
    return ""
