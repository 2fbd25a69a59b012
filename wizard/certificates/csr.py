"""Create certificate requests for a role, and complete them with the CA's answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from wizard.certificates.model import Bundle, Chain, Format, PrivateKey, Role
from wizard.errors import WizardError
from wizard.printable import printable
from wizard.secret import Secret


class KeyKind(StrEnum):
    """Keys that every part of the product can use."""

    RSA_3072 = "rsa-3072"
    P_256 = "p-256"


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
    organization: str = "",
) -> Request:
    """A new key and a request for *host* with the names and usages of its role.

    Args:
        host: the name that peers connect to; it becomes the common name and the first alternative name.
        role: decides the extended key usage.
        sans: further host names and addresses.
        kind: of the key.
        organization: for the subject; "" leaves it out.

    Raises:
        WizardError: `csr.bad-name`.
    """
    wanted = list(dict.fromkeys(_general(name) for name in (host, *sans)))
    private = (
        rsa.generate_private_key(65537, 3072) if kind is KeyKind.RSA_3072 else ec.generate_private_key(ec.SECP256R1())
    )
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    common = str(wanted[0].value)
    if len(common) <= LONGEST_COMMON_NAME:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common))
    rsa_only = kind is KeyKind.RSA_3072
    usage = x509.KeyUsage(True, False, rsa_only, False, False, False, False, False, False)
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name(attributes))
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in USAGES[role]]), critical=False)
        .sign(private, SHA256())
    )
    return Request(PrivateKey(private), csr)


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
