"""A private key and a request for the PKI team, as two files."""

import os
from pathlib import Path

from wizard import codes
from wizard.certificates.csr import NO_PARTS, KeyKind, SubjectParts, make
from wizard.certificates.model import Profile, Role
from wizard.certificates.writing import encryption
from wizard.change.durable import put_named, reach
from wizard.errors import WizardError
from wizard.secret import Secret


def files_of(host: str, folder: Path) -> tuple[Path, Path]:
    """Where the key and the request for *host* are in *folder*."""
    stem = host.strip().rstrip(".").replace("*", "star").replace(":", "-")
    if not stem or "/" in stem or stem.startswith("."):
        stem = "request"
    return folder / f"{stem}.key", folder / f"{stem}.csr"


def make_folder(folder: Path) -> None:
    """Make *folder*, unless it is there.

    Raises:
        WizardError: it cannot be made.
    """
    try:
        reach(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WizardError(codes.FILE_NOT_WRITABLE, case="made", subject=folder, folder=folder, reason=reason) from error


def write_request(  # noqa: PLR0913 - everything but host, folder and password has a default
    host: str,
    folder: Path,
    password: Secret,
    *,
    role: Role = Role.PRIMARY,
    sans: tuple[str, ...] = (),
    kind: KeyKind = KeyKind.RSA_3072,
    subject: SubjectParts = NO_PARTS,
    dry_run: bool = False,
) -> tuple[Path, Path]:
    """Make a key, encrypted with *password*, and the request for it; return both files.

    Args:
        host: the name that peers connect to.
        folder: for both files; made when it is not there.
        password: of the key; later of the key store that is made from it.
        role: of the certificate.
        sans: further names.
        kind: of the key.
        subject: what the subject contains besides the name.
        dry_run: nothing is written.

    Raises:
        WizardError: `csr.exists`; `csr.bad-name`; Java takes no such password; the folder cannot be written.
    """
    key_file, csr_file = files_of(host, folder)
    for file in (key_file, csr_file):
        if os.path.exists(file):
            raise WizardError(codes.CSR_EXISTS, subject=file, file=file)
    request = make(host, role=role, sans=sans, kind=kind, subject=subject)
    # The same password will protect the PFX: refuse now what Java would refuse then.
    encryption(password, Profile.MODERN)
    if not dry_run:
        make_folder(folder)
        put_named(key_file, request.key_pem(password), mode=0o600)
        put_named(csr_file, request.pem, mode=0o644)
    return key_file, csr_file
