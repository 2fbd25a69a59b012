"""Create certificate requests for a role, and complete them with the CA's answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as members_of
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from wizard import codes
from wizard.certificates import fields, hostnames
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Certificate, Chain, Format, PrivateKey, Role
from wizard.errors import WizardError
from wizard.printable import printable
from wizard.secret import Secret


class KeyKind(StrEnum):
    """Keys that every part of the product can use; the first is the default."""

    RSA_3072 = "rsa-3072"
    RSA_2048 = "rsa-2048"
    RSA_4096 = "rsa-4096"
    P_256 = "p-256"
    P_384 = "p-384"


_CURVES: Mapping[KeyKind, ec.EllipticCurve] = {KeyKind.P_256: ec.SECP256R1(), KeyKind.P_384: ec.SECP384R1()}


@dataclass(frozen=True, slots=True)
class SubjectParts:
    """What the subject of a request holds before the common name; an empty part is left out.

    Attributes:
        country: two letters.
    """

    country: str = ""
    state: str = ""
    city: str = ""
    organization: str = ""
    unit: str = ""
    email: str = ""

    def attributes(self) -> list[x509.NameAttribute[str]]:
        """The parts in the order of a distinguished name.

        Raises:
            WizardError: `csr.bad-subject`.
        """
        return [_attribute(each.name, text) for each in members_of(self) if (text := getattr(self, each.name).strip())]


NO_PARTS = SubjectParts()
_PARTS = {
    "country": (NameOID.COUNTRY_NAME, 2),
    "state": (NameOID.STATE_OR_PROVINCE_NAME, 128),
    "city": (NameOID.LOCALITY_NAME, 128),
    "organization": (NameOID.ORGANIZATION_NAME, 64),
    "unit": (NameOID.ORGANIZATIONAL_UNIT_NAME, 64),
    "email": (NameOID.EMAIL_ADDRESS, 255),
}
"""The attribute of each part, and its most characters (RFC 5280, appendix A)."""


USAGES: dict[Role, tuple[str, ...]] = {
    # A gateway is a client of the primary and a server for its own clients.
    Role.PRIMARY: (fields.SERVER_AUTH,),
    Role.GATEWAY: (fields.SERVER_AUTH, fields.CLIENT_AUTH),
    Role.CLIENT: (fields.CLIENT_AUTH,),
}
LONGEST_COMMON_NAME = 64


@dataclass(frozen=True, slots=True)
class Request:
    """A new private key and the request for a certificate on it."""

    key: PrivateKey
    csr: x509.CertificateSigningRequest

    @property
    def pem(self) -> bytes:
        """The request as the PKI team takes it (PKCS #10 in PEM)."""
        return self.csr.public_bytes(Encoding.PEM)

    def key_pem(self, password: Secret) -> bytes:
        """The private key in PKCS #8 PEM, encrypted with *password*."""
        encryption = BestAvailableEncryption(password.reveal().encode())
        return self.key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def make(
    host: str,
    *,
    role: Role,
    sans: Iterable[str] = (),
    kind: KeyKind = KeyKind.RSA_3072,
    subject: SubjectParts = NO_PARTS,
    key: PrivateKey | None = None,
) -> Request:
    """A key and a request for *host* with the names and usages of its role.

    Args:
        host: the name that peers connect to; it becomes the common name and the first alternative name.
        role: decides the extended key usage.
        sans: further host names and addresses.
        kind: of the key that is made.
        key: one that is there already, in place of a new one.
        subject: what the subject holds before the common name.

    Raises:
        WizardError: `csr.bad-name`, `csr.bad-subject`.
    """
    wanted = list(dict.fromkeys(_general(name) for name in (host, *sans)))
    attributes = subject.attributes()
    private = key.key if key is not None else _new_key(kind)
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise WizardError(codes.CSR_NO_KEY, case="kind", subject=host, file=host)
    common = str(wanted[0].value)
    if len(common) <= LONGEST_COMMON_NAME:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common))
    usage = x509.KeyUsage(True, False, isinstance(private, rsa.RSAPrivateKey), False, False, False, False, False, False)
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name(attributes))
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in USAGES[role]]), critical=False)
        .sign(private, SHA256())
    )
    return Request(key or PrivateKey(private), csr)


def complete_all(
    keys: Mapping[str, PrivateKey], answers: Sequence[Bundle], *, known: Bundle | None, now: datetime
) -> tuple[dict[str, Chain], tuple[Certificate, ...]]:
    """Match what the CA sent with many private keys, by the public keys alone.

    Args:
        keys: by the name of the machine.
        answers: all that the CA sent, and any further files with issuers.
        known: further certificates that may complete a chain.
        now: prefers certificates that are valid then.

    Returns:
        The chain of each machine whose certificate is there, and the host certificates that belong to no key.
    """
    certificates = dict.fromkeys(each for bundle in answers for each in bundle.certificates)
    by_key: dict[bytes, list[Certificate]] = {}
    for each in certificates:
        by_key.setdefault(each.public_key_der, []).append(each)
    authorities = {each: None for each in certificates if fields.is_ca(each)}
    found: dict[str, Chain] = {}
    for name, key in keys.items():
        leaves = by_key.pop(key.public_key_der, None)
        if leaves:
            bundle = Bundle(Format.PEM, (*leaves, *authorities))
            found[name] = complete(key, [bundle, known] if known else [bundle], now=now)
    strangers = [each for several in by_key.values() for each in several if each not in authorities]
    return found, tuple(strangers)


def complete(key: PrivateKey, answers: Sequence[Bundle], *, now: datetime | None = None) -> Chain:
    """Join a private key with the CA's answer: the chain whose leaf was made for this key.

    Args:
        key: the one that was written with the request.
        answers: what the CA sent (PKCS #7, PEM, DER), and any further files with issuers.
        now: prefers certificates that are valid then.

    Raises:
        WizardError: `csr.answer-for-another-key`.
    """
    for chain in assemble((*answers, Bundle(Format.KEY, (), (key,))), now=now):
        if chain.leaf is not None and chain.key is not None and chain.key.public_key_der == key.public_key_der:
            return chain
    raise WizardError(codes.CSR_ANSWER_FOR_ANOTHER_KEY, subject=answers[0].name if answers else "")


def _general(text: str) -> x509.GeneralName:
    """A DNS name (an international one in its ASCII form) or an address."""
    name = text.strip().rstrip(".")
    found = hostnames.address(name)
    if found is not None:
        return x509.IPAddress(found)
    reason = hostnames.refused(name.removeprefix("*."))
    if reason:
        shown = printable(text, limit=80)
        raise WizardError(codes.CSR_BAD_NAME, subject=shown, name=shown, reason=reason)
    return x509.DNSName(hostnames.plain(name))


def _new_key(kind: KeyKind) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    curve = _CURVES.get(kind)
    if curve is not None:
        return ec.generate_private_key(curve)
    return rsa.generate_private_key(65537, int(kind.rpartition("-")[2]))


def _attribute(part: str, text: str) -> x509.NameAttribute[str]:
    (kind, most), wrong = _PARTS[part], ""
    if len(text) > most:
        wrong = f"it has more than {most} characters"
    elif printable(text) != text:
        wrong = "it has characters that cannot be printed"
    elif part == "country" and not (len(text) == 2 and text.isascii() and text.isalpha()):
        wrong = "it is not two letters"
    elif part == "email" and not (text.isascii() and "@" in text.strip("@")):
        wrong = "it is not an e-mail address"
    if wrong:
        raise WizardError(codes.CSR_BAD_SUBJECT, subject=part, part=part, text=text[:40], reason=wrong)
    return x509.NameAttribute(kind, text.upper() if part == "country" else text)
