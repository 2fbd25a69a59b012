"""Identify the presented certificate: compare its names with the connection host name, detect the fallback."""

from collections.abc import Collection

from cryptography import x509
from cryptography.x509.oid import NameOID

from wizard.certificates import fields, hostnames
from wizard.certificates.model import Certificate

FALLBACK_NAME = "localhost"
"""The name in the certificate that the product presents when it cannot use its key store (manual)."""


def names_of(leaf: Certificate) -> list[str]:
    """The host names and addresses that *leaf* is for.

    The common name counts only when there is no subject alternative name at all, as in Java's HTTPS check (RFC 2818,
    section 3.1).
    """
    if fields.extension(leaf, x509.SubjectAlternativeName) is not None:
        return fields.names(leaf)
    return list(common_names(leaf))


def common_names(certificate: Certificate) -> tuple[str, ...]:
    """The common names of the subject, in the order of the certificate."""
    try:
        attributes = certificate.x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except fields.NOT_PARSED:
        return ()
    return tuple(str(attribute.value) for attribute in attributes)


def covers(leaf: Certificate, name: str) -> bool:
    """Whether *leaf* is for the host name or address *name*: by its alternative names, else its common name."""
    if fields.extension(leaf, x509.SubjectAlternativeName) is not None:
        return fields.matches(leaf, name)
    return hostnames.matches(name, common_names(leaf), ())


def issued_by_name(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether *issuer* carries the name that *certificate* gives for its issuer."""
    try:
        return certificate.x509.issuer == issuer.x509.subject
    except fields.NOT_PARSED:
        return False


def is_fallback(leaf: Certificate, expect: Collection[str], name: str) -> bool:
    """Whether *leaf* is the product's built-in certificate and not one that somebody installed.

    Its common name is `localhost`, and it is none of the expected certificates. Where nothing is expected it must be
    self-issued, or be for another name than the one that was asked for.

    Args:
        leaf: as presented.
        expect: SHA-256 fingerprints of what should be presented; empty when unknown.
        name: the server name that was sent, else the connection host name.
    """
    if FALLBACK_NAME not in {common.lower() for common in common_names(leaf)} or leaf.sha256 in expect:
        return False
    return bool(expect) or fields.self_issued(leaf) or not covers(leaf, name)
