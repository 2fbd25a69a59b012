"""How a certificate is shown: its names, printable, and as JSON."""

import re
import unicodedata
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from wizard.certificates import fields
from wizard.certificates.model import Certificate, Chain, PrivateKey
from wizard.printable import printable, rfc3339

UNREADABLE = "(unreadable name)"
OVERRIDES = {NameOID.EMAIL_ADDRESS: "emailAddress", NameOID.SERIAL_NUMBER: "serialNumber"}
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$")
LONGEST_FILE_STEM = 60


def readable(name: x509.Name | None) -> str:
    """A distinguished name as text that can be shown (RFC 4514: the most specific part first)."""
    if name is None:
        return UNREADABLE
    return printable(name.rfc4514_string(OVERRIDES)) or "(empty name)"


def subject(certificate: Certificate) -> str:
    """The subject as `readable` gives it."""
    return readable(fields.parsed(certificate).subject)


def issuer(certificate: Certificate) -> str:
    """The issuer as `readable` gives it."""
    return readable(fields.parsed(certificate).issuer)


def short(certificate: Certificate) -> str:
    """A short name that people recognise: common name, else a DNS name, organisational unit, organisation.

    It can be shown, is at most 64 characters long and never empty.
    """
    return printable(_short(certificate), limit=64).strip() or f"certificate {certificate.sha256[:8]}"


def issued_by(certificate: Certificate) -> str:
    """Who issued it, after its name."""
    return "self-signed" if fields.self_issued(certificate) else f"issued by {issuer_short(certificate)}"


def issuer_short(certificate: Certificate) -> str:
    """The common name of the issuer, else its whole name; `itself` for a certificate that issued itself."""
    if fields.self_issued(certificate):
        return "itself"
    written = issuer(certificate)
    return next(
        (part[3:] for part in written.replace("+", ",").split(",") if part.strip().startswith("CN=")), written
    ).lstrip("=")


def _short(certificate: Certificate) -> str:
    name = fields.parsed(certificate).subject
    if name is None:
        return ""
    for oid in (NameOID.COMMON_NAME, None, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        if oid is None:
            values = fields.dns_names(certificate)
        else:
            values = [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]
        # The last common name is the most specific one.
        if values and values[-1 if oid else 0].strip():
            return values[-1 if oid else 0]
    return ""


def ascii_name(certificate: Certificate) -> str:
    """`short` in letters, digits, dot, underscore and hyphen; spaces become hyphens; "" when nothing is left."""
    folded = unicodedata.normalize("NFKD", _short(certificate)).encode("ascii", "ignore").decode()
    plain = re.sub(r"\s+", "-", folded.strip())
    return re.sub(r"[^A-Za-z0-9._-]+", "_", plain)[:LONGEST_FILE_STEM].strip("._-")


def file_stem(certificate: Certificate) -> str:
    """A file name without ending that a person recognises and that is safe on every system.

    No path, no leading dot, no device name of Windows, at most 60 characters.
    """
    stem = ascii_name(certificate)
    if not stem:
        return f"certificate-{certificate.sha256[:8]}"
    return f"ca-{stem}" if RESERVED.match(stem) else stem


def alias(certificate: Certificate) -> str:
    """An alias for key stores: lower case, because Java compares aliases without regard to case."""
    return ascii_name(certificate).lower() or f"certificate-{certificate.sha256[:8]}"


def certificate_json(certificate: Certificate) -> dict[str, Any]:
    """The `Certificate` object: names in RFC 4514, serial number in hex, times in RFC 3339 UTC."""
    return {
        "subject": subject(certificate),
        "issuer": issuer(certificate),
        "serial": f"{fields.serial(certificate):x}",
        "not_before": rfc3339(fields.not_before(certificate)),
        "not_after": rfc3339(fields.not_after(certificate)),
        "sha256": certificate.sha256,
        "san": [printable(name) for name in fields.names(certificate)],
        "eku": fields.usage_names(certificate),
        "is_ca": fields.is_ca(certificate),
        "key": fields.key_label(certificate),
        "signature": fields.signature_label(certificate),
    }


def key_json(key: PrivateKey) -> dict[str, Any]:
    """What may be shown of a private key: its kind, whether it was encrypted, and the hash of its public key."""
    return {
        "key": fields.public_key_label(key.key.public_key()),
        "encrypted": key.encrypted,
        "public_key_sha256": sha256(key.public_key_der).hexdigest(),
        "alias": printable(key.alias),
    }


def chain_json(chain: Chain) -> dict[str, Any]:
    """The `Chain` object, with the rejected candidates and the extra certificates beside it."""
    return {
        "leaf": chain.leaf.sha256 if chain.leaf else None,
        "intermediates": [certificate.sha256 for certificate in chain.intermediates],
        "root": chain.root.sha256 if chain.root else None,
        "complete": chain.complete,
        "private_key": chain.key is not None,
        "key_matches": chain.key_matches,
        "missing_issuer": chain.missing_issuer,
        "missing_key_id": chain.missing_key_id or None,
        "rejected": [
            {"sha256": each.candidate.sha256, "subject": subject(each.candidate), "reason": each.reason}
            for each in chain.rejected
        ],
        "extra": [certificate.sha256 for certificate in chain.extra],
    }
