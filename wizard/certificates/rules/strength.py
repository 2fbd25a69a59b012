"""Our own minimum for keys and hashes: RSA 2048, P-256, SHA-256; and algorithms that a peer cannot use."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates import fields, raw
from wizard.certificates.formats.der import DerError, parse
from wizard.certificates.model import Certificate, Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding

LEAST_RSA = 2048
SMALL_CURVES = {"P-224", "P-192", "secp224k1", "secp192k1", "sect163k1", "sect163r2"}
TLS_CURVES = {"P-256", "P-384", "P-521"}
OLD_HASHES = {"md2", "md4", "md5", "sha1"}
CLIENT_KEYS = {"P-256", "P-384"}


def check(context: Context) -> Iterator[Finding]:
    """Check the key of every certificate, and the hash of every signature that a peer verifies."""
    chain = context.chain
    for certificate in chain.certificates:
        label = fields.key_label(certificate)
        yield from _key(certificate, label)
        if context.role is not None and fields.key_encoding(certificate) == "rsa-pss":
            yield on(
                certificate, codes.ALGORITHM_RSA_PSS if certificate is chain.leaf else codes.ALGORITHM_RSA_PSS_AUTHORITY
            )
        # The root's own signature is not verified by anyone: the root is trusted as it is.
        if certificate is not chain.root and fields.signature_label(certificate) in OLD_HASHES:
            yield on(certificate, codes.STRENGTH_WEAK_HASH, hash=fields.signature_label(certificate))
    if chain.leaf is not None:
        yield from _for_role(chain.leaf, context.role)


def _key(certificate: Certificate, label: str) -> Iterator[Finding]:
    kind, _, size = label.partition("-")
    if label == "unknown" or _compressed(certificate):
        yield on(certificate, codes.ALGORITHM_UNKNOWN)
    elif label in {"X25519", "X448", "Diffie-Hellman"}:
        yield on(certificate, codes.ALGORITHM_NOT_FOR_TLS, key=label)
    elif kind == "DSA" or label in SMALL_CURVES or (kind == "RSA" and int(size) < LEAST_RSA):
        yield on(certificate, codes.STRENGTH_WEAK_KEY, key=label)
    elif kind not in {"RSA", "Ed25519", "Ed448"} and label not in TLS_CURVES:
        yield on(certificate, codes.STRENGTH_CURVE_NOT_IN_TLS, key=label)


def _compressed(certificate: Certificate) -> bool:
    """Whether the key is a compressed point of a curve, which Java does not read."""
    try:
        point = parse(raw.fields(certificate.der).key).fields(2)[1].content
    except DerError:
        return False
    return fields.key_label(certificate) in TLS_CURVES and point[1:2] in {b"\2", b"\3"}


def _for_role(leaf: Certificate, role: Role | None) -> Iterator[Finding]:
    label = fields.key_label(leaf)
    if role is Role.CLIENT:
        if not label.startswith("RSA-") and label not in CLIENT_KEYS | {"unknown"}:
            yield on(leaf, codes.ALGORITHM_CLIENT_CANNOT_USE, key=label)
    elif label in {"Ed25519", "Ed448"}:
        yield on(leaf, codes.ALGORITHM_EDWARDS, key=label)
