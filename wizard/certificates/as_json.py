"""Convert certificates, keys and chains to JSON objects. A field that cannot be parsed is marked as unreadable."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Chain, PrivateKey
from wizard.printable import printable
from wizard.times import rfc3339


def certificate_json(certificate: Certificate) -> dict[str, Any]:
    """The `Certificate` object: names in RFC 4514, serial number in hex, times in RFC 3339 UTC."""
    return {
        "subject": names.subject(certificate),
        "issuer": names.issuer(certificate),
        "serial": f"{fields.serial(certificate):x}",
        "not_before": _moment(certificate, fields.not_before),
        "not_after": _moment(certificate, fields.not_after),
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
            {"sha256": each.candidate.sha256, "subject": names.subject(each.candidate), "reason": each.reason}
            for each in chain.rejected
        ],
        "extra": [certificate.sha256 for certificate in chain.extra],
    }


def _moment(certificate: Certificate, when: Callable[[Certificate], datetime]) -> str | None:
    try:
        return rfc3339(when(certificate))
    except fields.NOT_PARSED:
        return None
