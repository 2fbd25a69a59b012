"""A PKI made while the tests run: the one of the manual, and any deliberately bad certificate.

    pki = acme()                                   # Acme-CA-Root > Acme-CA-Intermediate > three hosts
    pki.primary.pfx("changeit")                    # key, leaf and chain as PKCS12
    pki.primary.chain                              # (leaf, intermediate, root)
    expired = issue("gone", pki.intermediate, end=NOW - DAY)
    issue("any", pki.root, hash_name="sha1"); issue("zero", pki.root, serial=0)

Keys are made once a process for each kind and slot, and RSA only where it is asked for: the default is P-256.
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from tests.support import pki_patch
from wizard.certificates.model import Bundle, Certificate, Format, PrivateKey

DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
"""Today at midnight. Real peers (JVM, OpenSSL) look at the real clock, so good certificates must be good now."""
START = NOW - 30 * DAY
END = NOW + 335 * DAY
CA_END = NOW + 3650 * DAY

SERVER = "1.3.6.1.5.5.7.3.1"
CLIENT = "1.3.6.1.5.5.7.3.2"
CODE = "1.3.6.1.5.5.7.3.3"
ANY_USAGE = "2.5.29.37.0"
BOTH = (SERVER, CLIENT)

CURVES: dict[str, type[ec.EllipticCurve]] = {
    "p224": ec.SECP224R1,
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "secp256k1": ec.SECP256K1,
}
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@cache
def key(kind: str = "p256", slot: str = "") -> Any:
    """A private key of *kind* (`rsa-2048`, `p256`, `ed25519`, ...): the same for the same kind and slot."""
    if kind.startswith("rsa-"):
        return rsa.generate_private_key(65537, int(kind[4:]))
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    return ed448.Ed448PrivateKey.generate() if kind == "ed448" else ed25519.Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class Entity:
    """A certificate with its private key and whoever issued it (None: itself)."""

    x509: x509.Certificate
    key: Any
    issuer: "Entity | None" = None

    @property
    def certificate(self) -> Certificate:
        """As the product's model."""
        return Certificate(self.x509)

    @property
    def private_key(self) -> PrivateKey:
        """As the product's model."""
        return PrivateKey(self.key)

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """This certificate first, its root last."""
        return (self.certificate, *(self.issuer.chain if self.issuer else ()))

    @property
    def bundle(self) -> Bundle:
        """The whole chain and the key, as if read from one file."""
        return Bundle(Format.PEM, self.chain, (self.private_key,))

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.x509.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.x509.public_bytes(Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        """Certificate, intermediates, root in PEM."""
        return b"".join(each.x509.public_bytes(Encoding.PEM) for each in self.chain)

    @property
    def sha256(self) -> str:
        """The fingerprint, lower-case hex."""
        return self.x509.fingerprint(hashes.SHA256()).hex()

    def key_pem(self, password: str | None = None) -> bytes:
        """The private key as PKCS8 PEM, encrypted when a password is given."""
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        form = PrivateFormat.PKCS8
        data: bytes = self.key.private_bytes(Encoding.PEM, form, encryption)
        return data

    def pfx(self, password: str | None = "changeit", *, name: str | None = None, chain: bool = True) -> bytes:
        """Key and certificate as PKCS12, with the chain above it unless told otherwise."""
        above = [each.x509 for each in self.chain[1:]] if chain else None
        encryption = BestAvailableEncryption(password.encode()) if password is not None else NoEncryption()
        alias = name.encode() if name else None
        return pkcs12.serialize_key_and_certificates(alias, self.key, self.x509, above, encryption)


def name(subject: "str | x509.Name", organization: str | None = "Acme") -> x509.Name:
    """A distinguished name: *subject* is a common name, or a complete `x509.Name`."""
    if isinstance(subject, x509.Name):
        return subject
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, subject, _validate=False)])


def issue(  # noqa: PLR0913 - each field of a certificate can be wrong by itself
    subject: "str | x509.Name",
    issuer: Entity | None = None,
    *,
    ca: bool = False,
    basic: bool = True,
    path_length: int | None = None,
    kind: str = "p256",
    slot: str | None = None,
    sans: Sequence[str] | None = None,
    eku: Sequence[str] | None = BOTH,
    usage: Iterable[str] | None = ("digital_signature", "key_encipherment"),
    start: dt.datetime = START,
    end: dt.datetime | None = None,
    serial: int | None = None,
    hash_name: str = "sha256",
    ski: "bool | bytes" = True,
    aki: "bool | bytes" = True,
    permitted: Sequence[str] = (),
    excluded: Sequence[str] = (),
    ocsp: str | None = None,
    ca_issuers: str | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    break_signature: bool = False,
) -> Entity:
    """Make a certificate; everything about it can be good (the defaults) or bad.

    Args:
        subject: a common name (organisation Acme is added) or a whole name.
        issuer: who signs; None makes it self-signed.
        ca: a CA certificate; it then has no SAN, EKU `eku` only when given, and keyCertSign.
        basic: whether basicConstraints is there at all.
        path_length: of basicConstraints.
        kind: of the key, see `key`.
        slot: which key of that kind; the same subject gives the same key unless told otherwise.
        sans: DNS names, IP addresses and `mail@host`; None gives the common name, () no extension.
        eku: dotted OIDs; None leaves the extension out. CAs have none unless it differs from the default.
        usage: names of keyUsage bits; None leaves the extension out. A CA's default is keyCertSign and cRLSign.
        start: first valid instant.
        end: last one; default END, for CAs CA_END.
        serial: 0 and negative ones are patched in afterwards, as cryptography refuses them.
        hash_name: of the signature; sha1 and md5 (RSA issuers only) are patched in afterwards.
        ski: subjectKeyIdentifier, or its bytes.
        aki: authorityKeyIdentifier, or its key id.
        permitted: DNS subtrees of nameConstraints.
        excluded: likewise.
        ocsp: responder URL in authorityInfoAccess.
        ca_issuers: URL of the issuer's certificate there.
        extensions: any others, with their criticality.
        break_signature: flip the last bit of the signature.
    """
    full = name(subject)
    common = subject if isinstance(subject, str) else ""
    own = key(kind, slot if slot is not None else full.rfc4514_string())
    signer = issuer.key if issuer else own
    made_of = (issuer.sha256 if issuer else "", kind, slot, sans, eku, usage, end, ca, path_length, hash_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(full)
        .issuer_name(issuer.x509.subject if issuer else full)
        .public_key(own.public_key())
        .serial_number(serial if serial is not None and serial > 0 else _serial(full, start, repr(made_of)))
        .not_valid_before(start)
        .not_valid_after(end or (CA_END if ca else END))
    )
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    if ski:
        value = x509.SubjectKeyIdentifier(ski) if isinstance(ski, bytes) else None
        builder = builder.add_extension(value or x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False)
    if aki:
        builder = builder.add_extension(_authority_key(aki, issuer, signer), False)
    if usage is not None:
        bits = {"key_cert_sign", "crl_sign"} if ca and "key_encipherment" in (usage := set(usage)) else set(usage)
        builder = builder.add_extension(x509.KeyUsage(*(bit in bits for bit in USAGES)), critical=True)
    if eku is not None and not (ca and eku is BOTH):
        builder = builder.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in eku]), False)
    wanted = ((common,) if common and not ca else ()) if sans is None else sans
    if wanted:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in wanted]), False)
    if permitted or excluded:
        trees = [[_general(each) for each in side] or None for side in (permitted, excluded)]
        builder = builder.add_extension(x509.NameConstraints(*trees), critical=True)
    places = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, ca_issuers),
        )
        if url
    ]
    if places:
        builder = builder.add_extension(x509.AuthorityInformationAccess(places), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    made = builder.sign(signer, None if isinstance(signer, _EDWARDS) else _HASHES.get(hash_name, hashes.SHA256()))
    if hash_name in {"sha1", "md5"} or (serial is not None and serial <= 0) or break_signature:
        made = pki_patch.resigned(made, signer, hash_name=hash_name, serial=serial, broken=break_signature)
    return Entity(made, own, issuer)


_EDWARDS = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
_HASHES: dict[str, Any] = {"sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def _serial(full: x509.Name, start: dt.datetime, made_of: str) -> int:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(f"{full.rfc4514_string()} {start} {made_of}".encode(errors="replace"))
    return int.from_bytes(digest.finalize()[:16]) >> 1 | 1


def _authority_key(aki: "bool | bytes", issuer: Entity | None, signer: Any) -> x509.AuthorityKeyIdentifier:
    if isinstance(aki, bytes):
        return x509.AuthorityKeyIdentifier(aki, None, None)
    if issuer:
        try:
            known = issuer.x509.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)
        except (x509.ExtensionNotFound, x509.UnsupportedGeneralNameType, ValueError, TypeError):
            pass
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())


def _general(text: str) -> x509.GeneralName:
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def authority(subject: "str | x509.Name", issuer: Entity | None = None, **how: Any) -> Entity:
    """A CA certificate: a root without an issuer, else an intermediate. Takes what `issue` takes."""
    return issue(subject, issuer, ca=True, **how)


def renewed(entity: Entity, *, start: dt.datetime = NOW - DAY, end: dt.datetime = CA_END + 365 * DAY) -> Entity:
    """The same CA (name, key, key id) under a new certificate with new dates."""
    return cross_signed(entity, entity.issuer, start=start, end=end)


def cross_signed(
    entity: Entity, issuer: Entity | None, *, start: dt.datetime = START, end: dt.datetime = CA_END
) -> Entity:
    """The same name and key, certified by another issuer (None: self-signed)."""
    signer = issuer.key if issuer else entity.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(entity.x509.subject)
        .issuer_name(issuer.x509.subject if issuer else entity.x509.subject)
        .public_key(entity.key.public_key())
        .serial_number(_serial(entity.x509.subject, start, repr(end) + (issuer.sha256 if issuer else "")))
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension in entity.x509.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(_authority_key(True, issuer, signer), False)
    return replace(
        entity, x509=builder.sign(signer, None if isinstance(signer, _EDWARDS) else hashes.SHA256()), issuer=issuer
    )


@dataclass(frozen=True)
class Acme:
    """The PKI of the manual."""

    root: Entity
    intermediate: Entity
    primary: Entity
    gateway: Entity
    client: Entity

    @property
    def authorities(self) -> tuple[Entity, Entity]:
        """Intermediate and root."""
        return self.intermediate, self.root


@cache
def acme(kind: str = "rsa-2048", now: dt.datetime = NOW) -> Acme:
    """Acme-CA-Root > Acme-CA-Intermediate > primary-host, gateway-host, pcclient-host; good on the day *now*."""
    dates: dict[str, Any] = {"start": now - 30 * DAY, "kind": kind}
    root = authority("Acme-CA-Root", end=now + 3650 * DAY, **dates)
    middle = authority("Acme-CA-Intermediate", root, end=now + 1825 * DAY, path_length=0, **dates)
    primary, gateway, client = (
        issue(host, middle, end=now + 335 * DAY, **dates) for host in ("primary-host", "gateway-host", "pcclient-host")
    )
    return Acme(root, middle, primary, gateway, client)
