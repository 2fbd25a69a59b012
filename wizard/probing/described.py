"""A certificate as the contract's JSON object."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from wizard.certificates.model import Certificate

_EKU = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}


def certificate_json(certificate: Certificate) -> dict[str, Any]:
    """The `Certificate` object of the contract; texts are as in the certificate, not made printable."""
    parsed = certificate.x509
    return {
        "subject": parsed.subject.rfc4514_string(),
        "issuer": parsed.issuer.rfc4514_string(),
        "serial": f"{parsed.serial_number:x}",
        "not_before": parsed.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": parsed.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sha256": certificate.sha256,
        "san": _san(parsed),
        "eku": eku_names(certificate),
        "is_ca": is_ca(certificate),
        "key": key_text(certificate),
        "signature": parsed.signature_hash_algorithm.name if parsed.signature_hash_algorithm else "none",
    }


def is_ca(certificate: Certificate) -> bool:
    """Whether basic constraints say CA."""
    try:
        return certificate.x509.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def eku_names(certificate: Certificate) -> list[str] | None:
    """The extended key usages by name; None when the extension is absent."""
    try:
        usages = certificate.x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    return [_EKU.get(usage, usage.dotted_string) for usage in usages]


def key_text(certificate: Certificate) -> str:
    """Type and size of the public key, such as `RSA-2048`, `EC-secp256r1`, `Ed25519`."""
    try:
        key = certificate.x509.public_key()
    except (ValueError, TypeError, Exception):  # noqa: BLE001 - an unknown algorithm is shown as such
        return "unknown"
    match key:
        case rsa.RSAPublicKey():
            return f"RSA-{key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC-{key.curve.name}"
        case dsa.DSAPublicKey():
            return f"DSA-{key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
    return "unknown"


def _san(parsed: x509.Certificate) -> list[str]:
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(getattr(name, "value", name))
        for name in names
    ]
