"""Which certificate was presented: names against the dialled name, and the built-in fallback."""

import ipaddress
from collections.abc import Collection

from cryptography import x509
from cryptography.x509.oid import NameOID

from wizard.certificates.model import Certificate

FALLBACK_NAME = "localhost"
"""The name in the certificate that the product serves when it cannot use its key store (manual)."""


def names_of(leaf: Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The host names and the addresses (text) that *leaf* is for.

    The common name counts only when there is no subject alternative name at all, as in Java's HTTPS check (RFC 2818,
    section 3.1).
    """
    try:
        san = leaf.x509.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(name for name in common_names(leaf) if name), ()
    except ValueError:
        return (), ()
    hosts = tuple(san.get_values_for_type(x509.DNSName))
    return hosts, tuple(str(address) for address in san.get_values_for_type(x509.IPAddress))


def common_names(certificate: Certificate) -> tuple[str, ...]:
    """The common names of the subject, most specific last as in the certificate."""
    try:
        attributes = certificate.x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ()
    return tuple(str(attribute.value) for attribute in attributes)


def covers(leaf: Certificate, name: str) -> bool:
    """Whether *leaf* is for the host name or address *name* (RFC 6125: a wildcard stands for one whole left label)."""
    hosts, addresses = names_of(leaf)
    try:
        wanted = str(ipaddress.ip_address(name))
    except ValueError:
        return any(_same_host(pattern, name) for pattern in hosts)
    return wanted in addresses


def _same_host(pattern: str, name: str) -> bool:
    pattern, name = _plain(pattern), _plain(name)
    if pattern == name:
        return True
    head, _, tail = pattern.partition(".")
    first, _, rest = name.partition(".")
    return head == "*" and "." in tail and bool(first) and rest == tail


def _plain(name: str) -> str:
    name = name.rstrip(".").lower()
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def self_issued(certificate: Certificate) -> bool:
    """Whether subject and issuer are the same name."""
    return certificate.x509.subject == certificate.x509.issuer


def is_fallback(leaf: Certificate, expect: Collection[str], name: str) -> bool:
    """Whether *leaf* is the product's built-in certificate and not one that somebody installed.

    Its common name is `localhost`, and it is none of the expected certificates. Where nothing is expected it must be
    self-issued, or be for another name than the one that was asked for.

    Args:
        leaf: as presented.
        expect: SHA-256 fingerprints of what should be served; empty when unknown.
        name: the server name that was sent, else the dialled host.
    """
    if FALLBACK_NAME not in {common.lower() for common in common_names(leaf)} or leaf.sha256 in expect:
        return False
    return bool(expect) or self_issued(leaf) or not covers(leaf, name)
