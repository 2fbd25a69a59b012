"""The PKI of the manual, made fresh: two CAs, three end entities, and the product's built-in certificate."""

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH

_KEYS = ("root", "intermediate", "primary-host", "gateway-host", "pcclient-host", "localhost", "public", "other")


@dataclass(frozen=True, slots=True)
class Entity:
    """A certificate with its private key and its issuers.

    Attributes:
        certificate: the entity's own.
        key: its private key.
        issuers: from its issuer upwards, the root last; empty for a self-signed one.
    """

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    issuers: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pki:
    """Everything that a PKI team would hand over, the product's built-in certificate, and what belongs to others.

    Compared by identity: what is made from one is made once (`build.exercises`).

    Attributes:
        root: Acme-CA-Root.
        intermediate: Acme-CA-Intermediate.
        entities: `primary-host`, `gateway-host`, `pcclient-host` by name.
        fallback: the self-signed "localhost" that the server falls back to.
        public: a root of Java's own.
        other_key: the key of no certificate.
        made: when; all periods are relative to it.
    """

    root: Entity
    intermediate: Entity
    entities: dict[str, Entity]
    fallback: Entity
    public: Entity
    other_key: rsa.RSAPrivateKey
    made: datetime

    def reissued(
        self,
        name: str,
        *,
        dns: Sequence[str] | None = None,
        eku: Sequence[x509.ObjectIdentifier] | None = (SERVER, CLIENT),
        days: tuple[int, int] = (-1, 397),
        key: rsa.RSAPrivateKey | None = None,
    ) -> Entity:
        """Another certificate for the entity *name* from the same issuer, with something changed.

        Args:
            name: common name, and key to take when *key* is not given.
            dns: names for the SAN; None for the usual ones, an empty list for no SAN at all.
            eku: extended key usages; None for no such extension.
            days: begin and end of validity, in days from when the PKI was made.
            key: another private key.
        """
        names = [name, f"{name}.example.test", "localhost"] if dns is None else list(dns)
        own = key or self.entities[name].key
        issuers = (self.intermediate.certificate, self.root.certificate)
        begin, end = (self.made + timedelta(day) for day in days)
        certificate = _certificate(name, own, self.intermediate, (begin, end), names, eku=eku)
        return Entity(certificate, own, issuers)


def make(now: datetime | None = None) -> Pki:
    """Make the whole PKI, RSA-2048 as the manual's world is; about a third of a second."""
    made = (now or datetime.now(UTC)).replace(microsecond=0)
    with ThreadPoolExecutor(2) as pool:
        keys = dict(zip(_KEYS, pool.map(lambda _: new_key(), _KEYS), strict=True))
    root = authority("Acme-CA-Root", keys["root"], None, made)
    intermediate = authority("Acme-CA-Intermediate", keys["intermediate"], root, made)
    fallback = _certificate("localhost", keys["localhost"], None, (made - timedelta(400), made + timedelta(3250)), [])
    public = authority("Practice Public Root", keys["public"], None, made)
    half = Pki(root, intermediate, {}, Entity(fallback, keys["localhost"]), public, keys["other"], made)
    for name in ("primary-host", "gateway-host", "pcclient-host"):
        both = (SERVER, CLIENT) if name != "pcclient-host" else (CLIENT,)
        half.entities[name] = half.reissued(
            name, key=keys[name], eku=both, dns=None if name == "primary-host" else [name, f"{name}.example.test"]
        )
    return half


def new_key() -> rsa.RSAPrivateKey:
    """A fresh RSA-2048 key."""
    return rsa.generate_private_key(65537, 2048)


def authority(name: str, key: rsa.RSAPrivateKey, issuer: Entity | None, made: datetime) -> Entity:
    """A CA certificate: self-signed without *issuer*; valid from a year before *made* until ten years after it."""
    period = (made - timedelta(365), made + timedelta(3650))
    certificate = _certificate(name, key, issuer, period, [], ca=True)
    return Entity(certificate, key, () if issuer is None else (issuer.certificate, *issuer.issuers))


def pfx(
    entity: Entity,
    password: str,
    *,
    name: str = "",
    certificates: Sequence[x509.Certificate] | None = None,
    legacy: bool = False,
) -> bytes:
    """A PKCS12 file with key, leaf and issuers, as a PKI team exports it.

    Args:
        entity: whose key and leaf.
        password: of store and key.
        name: friendly name; none when "".
        certificates: instead of the entity's issuers.
        legacy: 3DES and SHA-1 instead of AES-256 and SHA-256.
    """
    scheme = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC if legacy else pkcs12.PBES.PBESv2SHA256AndAES256CBC
    builder = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(scheme)
        .hmac_hash(SHA1() if legacy else SHA256())  # noqa: S303 - the old form is what the exercise is about
    )
    return pkcs12.serialize_key_and_certificates(
        name.encode() or None,
        entity.key,
        entity.certificate,
        list(entity.issuers if certificates is None else certificates),
        builder.build(password.encode()),
    )


def pem(*certificates: x509.Certificate) -> bytes:
    """The certificates in PEM, one after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def plain_key(key: rsa.RSAPrivateKey) -> bytes:
    """An unencrypted PKCS8 key in PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: Entity | None,
    period: tuple[datetime, datetime],
    dns: Sequence[str],
    *,
    eku: Sequence[x509.ObjectIdentifier] | None = None,
    ca: bool = False,
) -> x509.Certificate:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if issuer is not None or ca
        else [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(ca=ca), critical=True)
    )
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(text) for text in dns]), critical=False)
    if eku is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku), critical=False)
    return builder.sign(signer, SHA256())


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usage(*, ca: bool) -> x509.KeyUsage:
    others = ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    never = dict.fromkeys(others, False)
    return x509.KeyUsage(digital_signature=not ca, key_encipherment=not ca, key_cert_sign=ca, crl_sign=ca, **never)
