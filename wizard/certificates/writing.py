"""Key stores, trust stores and certificate files, as Java, OpenSSL and the portal read them.

Everything is bytes in memory; `wizard.change` puts it on disk.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES

from wizard.certificates import names
from wizard.certificates.model import Certificate, Chain, Profile
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.secret import Secret

ROUNDS = 2048
"""Key derivation rounds. The MAC of the file has 2048, which `cryptography` fixes, and whoever guesses passwords tries
the MAC: more rounds for key and certificates protect nothing, and each start of the server would pay for them."""
SHORTEST_PASSWORD = 6
"""keytool refuses to open or change stores whose password is shorter."""

NO_LEAF = FindingSpec(
    "writing.no-leaf",
    Severity.BLOCKER,
    "No end-entity certificate to put in a key store",
    "The chain holds no end-entity certificate, only certificate authorities.",
    "A key store answers for a host, so it needs the certificate of that host.",
    "Add the file with the certificate that was issued for the host.",
    "manual",
)
NO_KEY = FindingSpec(
    "writing.no-key",
    Severity.BLOCKER,
    "No private key to put in a key store",
    "No private key that belongs to the certificate was given.",
    "Without its private key a certificate cannot be used in a TLS handshake.",
    "Add the key file, or the PFX that was exported together with the private key.",
    "RFC 7292; manual",
)
KEY_KIND = FindingSpec(
    "writing.key-kind",
    Severity.BLOCKER,
    "This kind of key does not go into PKCS12",
    "The private key is of a kind that PKCS12 files of Java cannot carry.",
    "The server could not open the store.",
    "Ask for a certificate with an RSA or P-256 key.",
    "cryptography; JDK Providers documentation",
)
PASSWORD_NOT_ASCII = FindingSpec(
    "writing.password-not-ascii",
    Severity.BLOCKER,
    "The password has characters that Java cannot use",
    "The password for the store holds characters outside ASCII.",
    "Java refuses such a PKCS12 store and says that the password was incorrect.",
    "Choose a password of ASCII letters, digits, dot, hyphen and underscore.",
    "measured with JDK 17: PBE keys must be ASCII",
)
PASSWORD_TOO_SHORT = FindingSpec(
    "writing.password-too-short",
    Severity.BLOCKER,
    "The password is shorter than keytool allows",
    f"The password for the store has fewer than {SHORTEST_PASSWORD} characters.",
    "keytool makes no store with such a password, nor uses one whose password is typed.",
    f"Choose a password of at least {SHORTEST_PASSWORD} characters.",
    "JDK keytool documentation; measured with JDK 17",
)
NO_CERTIFICATE = FindingSpec(
    "writing.no-certificate",
    Severity.BLOCKER,
    "No certificate to put in a trust store",
    "No certificate was given for the trust store.",
    "Java refuses to check any peer with an empty trust store.",
    "Add the file with the root certificate.",
    "JDK: the trustAnchors parameter must be non-empty",
)
NOT_ALLOWED = FindingSpec(
    "writing.not-allowed",
    Severity.BLOCKER,
    "This machine does not allow the encryption of old key stores",
    "The Java that will read the store needs 3DES and SHA-1, and this machine does not allow them (FIPS mode).",
    "A store with newer encryption could not be opened by that Java.",
    "Update that Java (8u301, 11.0.12, 17 or newer), or make the store on another machine.",
    "RFC 7292; FIPS 140-3",
)
REFUSALS = (NO_LEAF, NO_KEY, KEY_KIND, PASSWORD_NOT_ASCII, PASSWORD_TOO_SHORT, NO_CERTIFICATE, NOT_ALLOWED)


def keystore(chain: Chain, password: Secret, *, profile: Profile, friendly_name: str | None = None) -> bytes:
    """A PKCS12 key store: the leaf with its key and every CA certificate of the chain, one password for all.

    Args:
        chain: with leaf and key.
        password: for store and key; ASCII, at least six characters, or Java does not open the result.
        profile: of the encryption, by the JRE that will read it.
        friendly_name: the alias; by default made from the leaf's common name.

    Raises:
        WizardError: `writing.no-leaf`, `writing.no-key`, `writing.key-kind`, `writing.password-...`,
            `writing.not-allowed`.
    """
    if chain.leaf is None:
        raise _refusal(NO_LEAF)
    if chain.key is None:
        raise _refusal(NO_KEY, names.short(chain.leaf))
    key = chain.key.key
    kinds = (
        rsa.RSAPrivateKey,
        dsa.DSAPrivateKey,
        ec.EllipticCurvePrivateKey,
        ed25519.Ed25519PrivateKey,
        ed448.Ed448PrivateKey,
    )
    if not isinstance(key, kinds):
        raise _refusal(KEY_KIND, names.short(chain.leaf))
    try:
        return pkcs12.serialize_key_and_certificates(
            (friendly_name or names.alias(chain.leaf)).encode(),
            key,
            chain.leaf.x509,
            [certificate.x509 for certificate in chain.authorities],
            encryption(password, profile),
        )
    except UnsupportedAlgorithm:
        raise _refusal(NOT_ALLOWED, names.short(chain.leaf)) from None


def truststore(certificates: Iterable[Certificate], password: Secret, *, profile: Profile) -> bytes:
    """A PKCS12 trust store whose entries Java counts as trusted (Oracle's trustedKeyUsage attribute).

    Each certificate gets an alias of its own, made from its name; one that is given twice is written once.

    Raises:
        WizardError: `writing.no-certificate`, `writing.password-...`, `writing.not-allowed`.
    """
    entries = [
        pkcs12.PKCS12Certificate(certificate.x509, alias.encode())
        for alias, certificate in _told_apart(certificates, names.alias)
    ]
    if not entries:
        raise _refusal(NO_CERTIFICATE)
    try:
        return pkcs12.serialize_java_truststore(entries, encryption(password, profile))
    except UnsupportedAlgorithm:
        raise _refusal(NOT_ALLOWED) from None


def cer_files(chains: Iterable[Chain], *, public_roots: Collection[str] = ()) -> list[tuple[str, bytes]]:
    """One DER file for each CA certificate of *chains*, roots first, each once, under a name that people recognise.

    Args:
        chains: their leaves are not written.
        public_roots: SHA-256 of roots that Java trusts already; chains that end in one are left out.
    """
    wanted = [chain for chain in chains if chain.root is None or chain.root.sha256 not in public_roots]
    roots = [chain.root for chain in wanted if chain.root is not None]
    below = [certificate for chain in wanted for certificate in reversed(chain.intermediates)]
    return [(f"{stem}.cer", certificate.der) for stem, certificate in _told_apart([*roots, *below], names.file_stem)]


def pem_chain(chain: Chain) -> bytes:
    """Leaf first, root last, in PEM; no private key."""
    return b"".join(certificate.x509.public_bytes(Encoding.PEM) for certificate in chain.certificates)


def encryption(password: Secret, profile: Profile) -> KeySerializationEncryption:
    """The encryption of a PKCS12 file: for store and key alike, with a MAC that the JRE of *profile* understands.

    Raises:
        WizardError: `writing.password-not-ascii`, `writing.password-too-short`.
    """
    text = password.reveal()
    if not text.isascii():
        raise _refusal(PASSWORD_NOT_ASCII)
    if len(text) < SHORTEST_PASSWORD:
        raise _refusal(PASSWORD_TOO_SHORT)
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(ROUNDS)
    if profile is Profile.LEGACY:
        # SHA-1 and 3DES because a JRE before 8u301 or 11.0.12 reads nothing better.
        builder = builder.key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(SHA1())  # noqa: S303
    else:
        builder = builder.key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC).hmac_hash(SHA256())
    return builder.build(text.encode("ascii"))


def _told_apart(
    certificates: Iterable[Certificate], naming: Callable[[Certificate], str]
) -> list[tuple[str, Certificate]]:
    """Each certificate once, with a name of its own: part of the fingerprint is added where two would be equal."""
    unique: Sequence[Certificate] = list(dict.fromkeys(certificates))
    stems = [naming(certificate) for certificate in unique]
    # Without regard to case: Java's aliases and Windows' file names have none.
    uses = Counter(stem.lower() for stem in stems)
    return [
        (stem if uses[stem.lower()] == 1 else f"{stem}-{certificate.sha256[:8]}", certificate)
        for stem, certificate in zip(stems, unique, strict=True)
    ]


def _refusal(spec: FindingSpec, subject: str = "") -> WizardError:
    return WizardError(spec.code, spec.message, spec.fix, subject)
