"""Our own floor for keys and hashes: RSA 2048, P-256, SHA-256; and algorithms that a peer cannot use."""

from collections.abc import Iterator

from wizard.certificates import fields, raw
from wizard.certificates.formats.der import DerError, parse
from wizard.certificates.model import Certificate, Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity

FLOOR = "wizard's own floor; NIST SP 800-57 part 1, table 2"
LEAST_RSA = 2048
SMALL_CURVES = {"P-224", "P-192", "secp224k1", "secp192k1", "sect163k1", "sect163r2"}
TLS_CURVES = {"P-256", "P-384", "P-521"}
OLD_HASHES = {"md2", "md4", "md5", "sha1"}
CLIENT_KEYS = {"P-256", "P-384"}

WEAK_KEY = FindingSpec(
    "strength.weak-key",
    Severity.ERROR,
    "A key is too weak",
    "The key of {name} is {key}; the floor is RSA-2048 or P-256.",
    "Such keys can be broken with effort. Java takes some of them today, OpenSSL and Windows refuse them.",
    "Ask for a certificate with a new RSA-3072 or P-256 key.",
    FLOOR,
)
WEAK_HASH = FindingSpec(
    "strength.weak-hash",
    Severity.ERROR,
    "A signature uses a broken hash",
    "{name} is signed with {hash}; the floor is sha256.",
    "Such signatures can be forged. Java takes SHA-1 under a private root and refuses MD5; OpenSSL refuses both.",
    "Ask the PKI team for a certificate that is signed with SHA-256.",
    "wizard's own floor; JDK: jdk.certpath.disabledAlgorithms; CA/B Forum BR 7.1.3.2",
)
CURVE = FindingSpec(
    "strength.curve-not-in-tls",
    Severity.ERROR,
    "A curve that TLS in Java does not have",
    "The key of {name} is on the curve {key}.",
    "Java 16 and newer have P-256, P-384 and P-521 alone, so no handshake comes about.",
    "Ask for a certificate with a P-256 or RSA-3072 key.",
    "JDK-8235540, JDK-8235710",
)
CLIENT_KEY = FindingSpec(
    "algorithm.client-cannot-use",
    Severity.ERROR,
    "The Windows client cannot use this kind of key",
    "The key of {name} is {key}.",
    "The client takes RSA, P-256 and P-384 keys from the Windows store; it finds no usable certificate otherwise.",
    "Ask for a certificate with an RSA-3072 or P-256 key.",
    "rustls-cng README (how the client core most likely reads the store)",
)
EDWARDS = FindingSpec(
    "algorithm.edwards",
    Severity.WARNING,
    "Only newer Java has this kind of key",
    "The key of {name} is {key}.",
    "Java 15 and newer use it in TLS, older ones do not, and the Windows client cannot verify or use it.",
    "Prefer an RSA-3072 or P-256 key.",
    "JEP 339; rustls-cng README",
)
NOT_FOR_TLS = FindingSpec(
    "algorithm.not-for-tls",
    Severity.ERROR,
    "A key that cannot sign",
    "The key of {name} is {key}.",
    "TLS needs a key that signs, so no handshake comes about.",
    "Ask for a certificate with an RSA-3072 or P-256 key.",
    "RFC 8446, 4.4.3",
)
PSS = FindingSpec(
    "algorithm.rsa-pss",
    Severity.BLOCKER,
    "The key store cannot be written for this kind of key",
    "The key of {name} is of the kind RSASSA-PSS, not plain RSA.",
    "The key would be written as plain RSA. Java opens such a store and signs, and then no handshake comes about: no "
    "available authentication scheme.",
    "Ask for a certificate with a plain RSA key (rsaEncryption) or a P-256 key.",
    "measured with OpenJDK 11 to 25; RFC 4055, 1.2",
)
PSS_AUTHORITY = FindingSpec(
    "algorithm.rsa-pss-authority",
    Severity.WARNING,
    "Not every peer can check a CA with this kind of key",
    "The key of the CA {name} is of the kind RSASSA-PSS, not plain RSA.",
    "Java 17 and newer check what it signs; Java 11.0.5 does not read such a key with parameters, and the Windows "
    "client knows plain RSA and EC keys of CAs alone.",
    "Prefer a CA with a plain RSA or EC key.",
    "measured with OpenJDK 11 to 25; rustls webpki: supported signature algorithms",
)
UNKNOWN = FindingSpec(
    "algorithm.unknown",
    Severity.ERROR,
    "A key that peers cannot use",
    "The public key of {name} is malformed or of a kind that TLS does not have.",
    "Java cannot read the certificate, or cannot use its key, so no handshake comes about.",
    "Ask for a certificate with an RSA-3072 or P-256 key.",
    "JDK: Unknown named curve, Only uncompressed point format supported; measured with JDK 11 to 25",
)
SPECS = (WEAK_KEY, WEAK_HASH, CURVE, CLIENT_KEY, EDWARDS, PSS, PSS_AUTHORITY, NOT_FOR_TLS, UNKNOWN)


def check(context: Context) -> Iterator[Finding]:
    """Judge the key of every certificate, and the hash of every signature that a peer verifies."""
    chain = context.chain
    for certificate in chain.certificates:
        label = fields.key_label(certificate)
        yield from _key(certificate, label)
        if context.role is not None and fields.key_encoding(certificate) == "rsa-pss":
            yield on(certificate, PSS if certificate is chain.leaf else PSS_AUTHORITY)
        # The root's own signature is not verified by anyone: the root is trusted as it is.
        if certificate is not chain.root and fields.signature_label(certificate) in OLD_HASHES:
            yield on(certificate, WEAK_HASH, hash=fields.signature_label(certificate))
    if chain.leaf is not None:
        yield from _for_role(chain.leaf, context.role)


def _key(certificate: Certificate, label: str) -> Iterator[Finding]:
    kind, _, size = label.partition("-")
    if label == "unknown" or _compressed(certificate):
        yield on(certificate, UNKNOWN)
    elif label in {"X25519", "X448", "Diffie-Hellman"}:
        yield on(certificate, NOT_FOR_TLS, key=label)
    elif kind == "DSA" or label in SMALL_CURVES or (kind == "RSA" and int(size) < LEAST_RSA):
        yield on(certificate, WEAK_KEY, key=label)
    elif kind not in {"RSA", "Ed25519", "Ed448"} and label not in TLS_CURVES:
        yield on(certificate, CURVE, key=label)


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
            yield on(leaf, CLIENT_KEY, key=label)
    elif label in {"Ed25519", "Ed448"}:
        yield on(leaf, EDWARDS, key=label)
