"""The few parts of a certificate that chain building needs, cut out of its DER bytes.

`cryptography` builds objects for names and extensions, at several microseconds each. A pile of ten thousand
certificates is sorted by comparing bytes instead; only what then looks like an issuer is parsed.
"""

import re
from typing import NamedTuple

from wizard.certificates import look
from wizard.certificates.model import Certificate

KEY_ID = re.compile(rb"\x06\x03\x55\x1d\x23\x04(.)\x30(.)\x80(.)", re.DOTALL)
"""authorityKeyIdentifier, not critical, with its key identifier first: the form of nearly every certificate."""
SAYS_CA = re.compile(rb"\x55\x1d\x13(?:\x01\x01.)?\x04.\x30.\x01\x01[^\0]", re.DOTALL)
"""basicConstraints with a true `cA`. Without this no certificate is a CA; with it the real parser decides."""


class Outline(NamedTuple):
    """Slices of the DER encoding of one certificate."""

    issuer: bytes
    subject: bytes
    public_key: bytes
    authority_key_id: bytes | None
    may_be_ca: bool


def outline(certificate: Certificate) -> Outline:
    """Cut *certificate* up. Unusual encodings take the slow way through the real parser."""
    der = certificate.der
    try:
        start = _body(der, _body(der, 0))
        version = 1 if der[start] == 0xA0 else 0
        issuer, validity, subject, key, rest = _edges(der, start, version + 6)[version + 1 :]
        if der[issuer] != 0x30 or der[subject] != 0x30 or der[key] != 0x30:
            return _parsed(certificate)
    except IndexError:
        return _parsed(certificate)
    return Outline(
        der[issuer:validity],
        der[subject:key],
        der[key:rest],
        _key_id(certificate, der, rest),
        SAYS_CA.search(der, rest) is not None,
    )


def _key_id(certificate: Certificate, der: bytes, start: int) -> bytes | None:
    found = KEY_ID.search(der, start)
    if found is None:
        # Absent, or in a rare form (critical, or only issuer and serial number).
        return look.authority_key_id(certificate) if der.find(b"\x06\x03\x55\x1d\x23", start) >= 0 else None
    whole, inner, size = found[1][0], found[2][0], found[3][0]
    if whole != inner + 2 or inner < size + 2 or size >= 0x80:
        return look.authority_key_id(certificate)
    return der[found.end() : found.end() + size]


def _parsed(certificate: Certificate) -> Outline:
    """The same by way of `cryptography`; unreadable names become empty, which fit no other certificate's."""
    names = look.issuer_name(certificate), look.subject_name(certificate)
    if names[0] is not None and names[1] is not None:
        issuer, subject = names[0].public_bytes(), names[1].public_bytes()
    else:
        issuer, subject = b"", certificate.der
    try:
        key = certificate.public_key_der
    except Exception:  # noqa: BLE001 - each unsupported or malformed key has its own exception
        key = b""
    return Outline(issuer, subject, key, look.authority_key_id(certificate), look.is_ca(certificate))


def _body(data: bytes, start: int) -> int:
    """Where the body of the element at *start* begins."""
    size = data[start + 1]
    return start + 2 if size < 0x80 else start + 2 + (size & 0x7F)


def _edges(data: bytes, start: int, count: int) -> list[int]:
    """Where each of *count* elements in a row, the first at *start*, ends. Raises IndexError outside the data."""
    edges = []
    for _ in range(count):
        size = data[start + 1]
        if size < 0x80:
            start += 2 + size
        elif size == 0x81:
            start += 3 + data[start + 2]
        elif size == 0x82:
            start += 4 + (data[start + 2] << 8) + data[start + 3]
        else:
            # Indefinite, or over 64 KiB: rare enough for the real parser.
            raise IndexError
        edges.append(start)
    if start > len(data):
        raise IndexError
    return edges
