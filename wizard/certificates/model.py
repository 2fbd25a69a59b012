"""Certificate, key and chain models: plain values, independent of the files that they came from."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Format(StrEnum):
    """What a file turned out to be, by its content."""

    PKCS12 = "pkcs12"
    JKS = "jks"
    PEM = "pem"
    DER = "der"
    PKCS7 = "pkcs7"
    KEY = "key"
    TEXT = "text"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Certificate:
    """One X.509 certificate with the DER bytes it came in and where it was found.

    Two are equal when their DER bytes are. Everything that costs time is computed on first use, because a file may hold
    ten thousand of them.
    """

    def __init__(
        self, parsed: x509.Certificate, *, der: bytes | None = None, origin: str = "", alias: str = ""
    ) -> None:
        self.x509 = parsed
        self.origin = origin
        """The file it was read from, as the operator named it."""
        self.alias = alias
        """Its alias or friendly name there, when it had one."""
        if der is not None:
            self.__dict__["der"] = der

    @cached_property
    def der(self) -> bytes:
        """The certificate's DER encoding (RFC 5280)."""
        return self.x509.public_bytes(Encoding.DER)

    @cached_property
    def sha256(self) -> str:
        """The fingerprint: SHA-256 of the DER encoding, lower-case hex without colons."""
        return sha256(self.der).hexdigest()

    @cached_property
    def public_key_der(self) -> bytes:
        """The SubjectPublicKeyInfo in DER; equal for a certificate and its private key."""
        with warnings.catch_warnings():
            # Of Diffie-Hellman keys the library warns that it will drop them.
            warnings.simplefilter("ignore")
            return self.x509.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __eq__(self, other: object) -> bool:
        return self.der == other.der if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"Certificate({self.sha256[:16]}, origin={self.origin!r})"


class PrivateKey:
    """One private key. Its value is never shown; `public_key_der` says which certificate it belongs to."""

    def __init__(self, key: PrivateKeyTypes, *, origin: str = "", alias: str = "", encrypted: bool = False) -> None:
        self.key = key
        self.origin = origin
        self.alias = alias
        self.encrypted = encrypted
        """Whether it lay encrypted in its file."""

    @cached_property
    def public_key_der(self) -> bytes:
        """The SubjectPublicKeyInfo of the public half in DER."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __repr__(self) -> str:
        return f"PrivateKey(origin={self.origin!r})"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one file held.

    Attributes:
        format: by content.
        certificates: in the order of the file.
        keys: likewise.
        name: the file, as the operator named it.
        notes: codes with a sentence each about what was odd but readable (text around PEM, a BOM, BER, a second key).
        requests: certificate requests (PKCS10) in DER.
        trusted_aliases: aliases that Java will see as trusted entries (a key store's or trust store's own mark).
        store: what is known about the store as such, for PKCS12; None for other formats.
        foreign: what a file of another kind is ("a ZIP archive"), and what to do with it; both "" otherwise.
    """

    format: Format
    certificates: tuple[Certificate, ...] = ()
    keys: tuple[PrivateKey, ...] = ()
    name: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    requests: tuple[bytes, ...] = ()
    trusted_aliases: tuple[str, ...] = ()
    store: "StoreFacts | None" = None
    foreign: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a PKCS12 file says about itself; the first four are known before any password.

    Attributes:
        integrity: the algorithm of its integrity check, such as `HmacSHA256`; "" when it has none.
        iterations: the highest iteration count in it.
        encryption: names of its encryption algorithms, each once; empty when nothing is encrypted.
        opened: whether all parts could be looked into; the counts below are only complete then.
        keys: private keys in it.
        certificates: X.509 certificates in it.
        java_trusted: certificates that carry Java's mark of a trusted entry.
    """

    integrity: str = ""
    iterations: int = 0
    encryption: tuple[str, ...] = ()
    opened: bool = False
    keys: int = 0
    certificates: int = 0
    java_trusted: int = 0

    @property
    def empty_to_java(self) -> bool:
        """Whether Java would load it without an error and then see no entry at all."""
        return self.opened and self.certificates > 0 and self.keys == 0 and self.java_trusted == 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate for the issuer that was rejected, with the reason in words."""

    candidate: Certificate
    reason: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A path from an end-entity certificate towards a trust anchor.

    Attributes:
        leaf: the end-entity certificate; None when there are only CA certificates.
        intermediates: from the leaf's issuer upwards, the root not included.
        root: the self-issued certificate at the end; None when it was not among the files.
        key: the leaf's private key, when one that matches was among the files.
        key_matches: True when a matching key was found, False when only other keys were, None without any key.
        missing_issuer: the distinguished name (RFC 4514) that was not found or not followed, None when the chain is
            complete.
        missing_key_id: the authority key identifier of the missing issuer, lower-case hex, "" when unknown.
        rejected: candidates that were checked, and why each was rejected.
        extra: certificates from the same files that do not belong to this chain.
        cut: why the path ends although issuers were found: `long`, or `ring` when CAs only certify each other.
    """

    leaf: Certificate | None
    intermediates: tuple[Certificate, ...] = ()
    root: Certificate | None = None
    key: PrivateKey | None = None
    key_matches: bool | None = None
    missing_issuer: str | None = None
    missing_key_id: str = ""
    rejected: tuple[Rejected, ...] = ()
    extra: tuple[Certificate, ...] = field(default=())
    cut: str = ""

    @property
    def complete(self) -> bool:
        """Whether it ends in a root."""
        return self.root is not None

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Leaf first, root last."""
        return tuple(
            certificate for certificate in (self.leaf, *self.intermediates, self.root) if certificate is not None
        )

    @property
    def authorities(self) -> Sequence[Certificate]:
        """The CA certificates, the leaf's issuer first."""
        return (*self.intermediates, *((self.root,) if self.root is not None else ()))


class Role(StrEnum):
    """What a chain is for."""

    PRIMARY = "primary"
    GATEWAY = "gateway"
    CLIENT = "client"


class Profile(StrEnum):
    """How a PKCS12 file is encrypted (domain.md, section 6.1)."""

    MODERN = "modern"
    """PBES2 with AES-256 and a SHA-256 MAC: Java 8u301, 11.0.12, 17 and newer."""
    LEGACY = "legacy"
    """3DES and SHA-1: every Java; used when the JRE that will read the file is older."""
