"""Certificate requests in bulk: which machines of the answers need one, and the folder that the PKI team gets."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wizard import codes
from wizard.certificates.model import Role
from wizard.errors import WizardError
from wizard.handoff.bundle import checklist
from wizard.handoff.requirements import folder, is_loopback, require_names
from wizard.planning.inputs import with_full_paths
from wizard.questions.answers import Answers, PasswordSource, PrimaryKind, SourceKind

PKI_FOLDER = "for-the-pki-team"
"""Requests and their list: nothing in it is secret."""
_USAGES = {
    Role.PRIMARY: "server authentication",
    Role.GATEWAY: "server and client authentication",
    Role.CLIENT: "client authentication",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine that needs a certificate.

    Attributes:
        table: of the answers: `primary`, `gateway.0`, `client.1`.
        host: the name that peers connect to.
        sans: its further names: those of the nodes, for a primary.
    """

    table: str
    host: str
    sans: tuple[str, ...] = ()

    @property
    def role(self) -> Role:
        """What the certificate is for."""
        return Role(self.table.partition(".")[0])

    @property
    def name(self) -> str:
        """Of its files."""
        return folder(self.host.rstrip("."))


def machines(answers: Answers) -> tuple[Wanted, ...]:
    """The machines of *answers* that need a certificate; the nodes of a cluster share the one of the primary.

    Raises:
        WizardError: `csr.no-machine`, `handoff.host`.
    """
    require_names(answers)
    found: list[Wanted] = []
    primary = answers.primary
    if primary.kind is PrimaryKind.ON_PREMISE:
        if not primary.host:
            raise WizardError(codes.CSR_NO_MACHINE, case="primary", subject="primary.host")
        nodes = tuple(node for node in primary.nodes if not is_loopback(node) and node != primary.host)
        found.append(Wanted("primary", primary.host, nodes))
    found += [Wanted(role, answers.table(role).host) for role in answers.other_roles()]
    if not found:
        raise WizardError(codes.CSR_NO_MACHINE)
    return tuple(found)


def pki_page(requests: Mapping[Wanted, x509.CertificateSigningRequest]) -> bytes:
    """The list in the folder for the PKI team."""
    steps = (
        "Issue a certificate for each request, with the names and usages that\nit asks for.",
        "Send all certificates back in one folder, in any format and with\nany file names, and with their issuers.",
    )
    rows = tuple(
        f"`{one.name}.csr`: {one.role} {one.host}; names {', '.join(_names(csr))}; {_USAGES[one.role]};"
        f" SHA-256 of its public key {_digest(csr)}"
        for one, csr in requests.items()
    )
    intro = f"{len(requests)} certificate requests (PKCS #10, PEM). No private key is in this folder."
    return checklist("Certificate requests", intro, steps, (), rows)


def with_stores(answers: Answers, base: Path, stores: Mapping[str, str], source: PasswordSource) -> Answers:
    """*answers* that name the completed key stores, for a file in another folder.

    Args:
        answers: from a file in *base*.
        base: what relative paths in *answers* are taken from.
        stores: for each table its key store.
        source: of the password of those whose table names none.
    """
    made = with_full_paths(answers, base)
    for table, store in stores.items():
        made = made.put(f"{table}.chain", (store,))
        if made.get(f"{table}.password").kind is SourceKind.PROMPT:
            made = made.put(f"{table}.password", source)
    return made


def _names(csr: x509.CertificateSigningRequest) -> Sequence[str]:
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in names]


def _digest(csr: x509.CertificateSigningRequest) -> str:
    der = csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()
