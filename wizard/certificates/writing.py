"""Key stores, trust stores and certificate files, as Java, OpenSSL and the portal read them.

Everything is bytes in memory; `wizard.change` puts it on disk.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, KeySerializationEncryption, PrivateFormat, pkcs12
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES

from wizard import codes
from wizard.certificates import names
from wizard.certificates.formats.der import BMP_STRING, OCTET_STRING, SEQUENCE, SET, Node, parse, wrap
from wizard.certificates.formats.pbe import HASHES, digest_size, phrases, pkcs12_kdf
from wizard.certificates.model import Certificate, Chain, Profile
from wizard.errors import WizardError
from wizard.secret import Secret

ROUNDS = 2048
"""Key derivation rounds. The MAC of the file has 2048, which `cryptography` fixes, and whoever guesses passwords tries
the MAC: more rounds for key and certificates protect nothing, and each start of the server would pay for them."""
SHORTEST_PASSWORD = 6
"""keytool refuses to open or change stores whose password is shorter."""


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
        raise WizardError(codes.WRITING_NO_LEAF)
    if chain.key is None:
        raise WizardError(codes.WRITING_NO_KEY, subject=names.short(chain.leaf))
    key = chain.key.key
    if not isinstance(key, get_args(pkcs12.PKCS12PrivateKeyTypes)):
        raise WizardError(codes.WRITING_KEY_KIND, subject=names.short(chain.leaf))
    try:
        return pkcs12.serialize_key_and_certificates(
            (friendly_name or names.alias(chain.leaf)).encode(),
            key,
            chain.leaf.x509,
            [certificate.x509 for certificate in chain.authorities],
            encryption(password, profile),
        )
    except UnsupportedAlgorithm:
        raise WizardError(codes.WRITING_NOT_ALLOWED, subject=names.short(chain.leaf)) from None


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
        raise WizardError(codes.WRITING_NO_CERTIFICATE)
    try:
        return pkcs12.serialize_java_truststore(entries, encryption(password, profile))
    except UnsupportedAlgorithm:
        raise WizardError(codes.WRITING_NOT_ALLOWED) from None


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
        raise WizardError(codes.WRITING_PASSWORD_NOT_ASCII)
    if len(text) < SHORTEST_PASSWORD:
        raise WizardError(codes.WRITING_PASSWORD_TOO_SHORT)
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


SOFTWARE_KSP = "Microsoft Software Key Storage Provider"
"""The CNG provider that every Windows since Vista has."""

_DATA = "1.2.840.113549.1.7.1"
_SHROUDED_KEY = "1.2.840.113549.1.12.10.1.2"
_CSP_NAME = bytes.fromhex("06092b0601040182371101")
"""1.3.6.1.4.1.311.17.1, with tag and length."""
_EXPLICIT = 0xA0


def with_provider(store: bytes, password: Secret, provider: str = SOFTWARE_KSP) -> bytes:
    """*store* with *provider* beside its private key, and a new integrity check.

    Args:
        store: a PKCS12 file as `writing.keystore` makes it.
        password: of the file.
        provider: of Windows, as `certutil -csplist` prints it.

    Raises:
        DerError: *store* is no such file.
    """
    version, content, mac = parse(store).fields(3)
    attribute = wrap(SEQUENCE, _CSP_NAME, wrap(SET, wrap(BMP_STRING, provider.encode("utf-16-be"))))
    safes = wrap(SEQUENCE, *(_edited(safe, attribute) for safe in parse(_octets(content), inner=True)))
    kind = content.fields(2)[0]
    inside = wrap(SEQUENCE, kind.encoded, wrap(_EXPLICIT, wrap(OCTET_STRING, safes)))
    return wrap(SEQUENCE, version.encoded, inside, _authenticated(mac, safes, password))


def _octets(info: Node) -> bytes:
    return info.fields(2)[1].fields(1)[0].octets


def _edited(safe: Node, attribute: bytes) -> bytes:
    """A part of the store; when it is not encrypted as a whole, each key in it gets *attribute*."""
    kind = safe.fields(2)[0]
    if kind.oid != _DATA:
        return safe.encoded
    bags = [_bag(bag, attribute) for bag in parse(_octets(safe), inner=True)]
    return wrap(SEQUENCE, kind.encoded, wrap(_EXPLICIT, wrap(OCTET_STRING, wrap(SEQUENCE, *bags))))


def _bag(bag: Node, attribute: bytes) -> bytes:
    kind, value, *attributes = bag.fields(2)
    if kind.oid != _SHROUDED_KEY:
        return bag.encoded
    # DER sorts the members of a set.
    members = sorted([attribute, *(each.encoded for found in attributes for each in found)])
    return wrap(SEQUENCE, kind.encoded, value.encoded, wrap(SET, *members))


def _authenticated(mac: Node, content: bytes, password: Secret) -> bytes:
    """A MacData as *mac*, over *content* (RFC 7292, section 5.1)."""
    info, salt, count = mac.fields(3)
    algorithm = info.fields(2)[0]
    digest = HASHES[algorithm.fields(1)[0].oid]
    phrase, size = phrases(password.reveal())[0], digest_size(digest)
    key = pkcs12_kdf(digest, phrase, salt.octets, count.integer, purpose=3, length=size)
    found = wrap(OCTET_STRING, hmac.digest(key, content, digest))
    return wrap(SEQUENCE, wrap(SEQUENCE, algorithm.encoded, found), salt.encoded, count.encoded)
