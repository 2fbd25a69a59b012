"""The bundle for one Windows client: its certificates, the text that it searches for, and the installer's line."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha1

from cryptography import x509
from cryptography.x509.oid import NameOID

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.model import Certificate, Chain, Profile
from wizard.certificates.names import short
from wizard.certificates.writing import SOFTWARE_KSP, cer_files, keystore, with_provider
from wizard.errors import WizardError
from wizard.handoff.bundle import Pack, PackFile, from_template
from wizard.questions.answers import ClientAnswers
from wizard.secret import Secret

_WITHOUT_AES = re.compile(r"(?i)\b(vista|7|8(\.1)?|20(08|12|16)|1507|1511|1607|1703)\b")
"""Versions of Windows that import no PFX with AES-256 and SHA-256 (measured: Server 2016)."""
_AES = (
    'The PFX is encrypted with AES-256. Windows Server 2016 and older cannot import it and report "The specified'
    ' network password is not correct". If this machine has such a Windows, enter its version in the answers'
    " ([[client]] windows) and create the bundles again."
)
_SAFE = re.compile(r"[A-Za-z0-9._-]+")
_SHORTEST = 3
"""Characters of a text that is chosen here; fewer are in too many names."""


@dataclass(frozen=True, slots=True)
class ClientInput:
    """What a client's bundle is made from.

    Attributes:
        answers: of this client.
        chain: its own, with the key.
        common: the one text that suits all clients, "" when there is none.
        primary_host: the host name that the client connects to.
        password: of the PFX.
        old_root: the root that goes, when the root is replaced.
        replaced: earlier certificates of this client, which its script removes.
        whose: whose password that is, in words that follow "The password of the PFX is".
    """

    answers: ClientAnswers
    chain: Chain
    common: str
    primary_host: str
    password: Secret
    old_root: Certificate | None = None
    replaced: tuple[Certificate, ...] = ()
    whose: str = "the one in the answers"


def search_text(leaf: Certificate, wanted: str = "auto") -> str:
    """The text for the installer: *wanted*, or for `auto` the common name or another safe part of the subject.

    It must be in one value of the subject or issuer of *leaf*, ignoring case. The certificates of other machines do
    not matter, because they are not in the store of this one; what else is there, only the script on it can count.
    `auto` prefers what the issuer does not contain, because another certificate of that CA in the store has it too.

    Raises:
        WizardError: `client.subject-unsafe`, `client.subject-unmatched`.
    """
    own, above = _values(fields.parsed(leaf).subject), _values(fields.parsed(leaf).issuer)
    if wanted != "auto":
        if not _SAFE.fullmatch(wanted):
            raise WizardError(codes.CLIENT_SUBJECT_UNSAFE, subject=short(leaf), example=search_text(leaf))
        if not any(wanted.lower() in value.lower() for value in (*own, *above)):
            raise WizardError(codes.CLIENT_SUBJECT_UNMATCHED, subject=short(leaf), text=wanted, name=short(leaf))
        return wanted
    found = _texts(own) or _texts(above)
    if not found:
        raise WizardError(codes.CLIENT_SUBJECT_UNSAFE, case="no-part", subject=short(leaf), name=short(leaf))
    shared = "\n".join(above).lower()
    return min(found, key=lambda text: (text.lower() in shared, text != short(leaf), len(text), text))


def common_text(leaves: Sequence[Certificate]) -> str:
    """One text that is in the common name of the issuer of all *leaves*, the longest; "" when none is safe."""
    issuers = [_values(fields.parsed(leaf).issuer, NameOID.COMMON_NAME) for leaf in leaves]
    found = _texts(issuers[0]) if issuers else set()
    fit = [text for text in found if all(text.lower() in "\n".join(each).lower() for each in issuers)]
    return max(fit, key=lambda text: (len(text), text), default="")


def _values(name: x509.Name | None, kind: x509.ObjectIdentifier | None = None) -> tuple[str, ...]:
    """The values of a name, or those of one *kind*, without their types, which Windows writes in another way or not."""
    return tuple(str(each.value) for each in name or () if kind in {None, each.oid})


def _texts(values: Iterable[str]) -> set[str]:
    return {text for value in values for text in _SAFE.findall(value) if len(text) >= _SHORTEST}


def nothing(host: str) -> Pack:
    """A sentence for a client without local storage."""
    steps = ("Nothing to do: a client without local storage needs no certificate\nand no password.",)
    return Pack(host, f"Windows client {host}", "No local storage.", steps)


def make_pack(given: ClientInput) -> Pack:
    """Everything that goes to one Windows client with local storage.

    Raises:
        WizardError: the search text does not fit, or the chain has no key.
    """
    host, title = given.answers.host, f"Windows client {given.answers.host}"
    assert given.chain.leaf is not None  # noqa: S101 - the judgement before refuses a client without chain
    leaf, text = given.chain.leaf, search_text(given.chain.leaf, given.answers.certificate_subject)
    by_der = {each.der: each for each in given.chain.authorities}
    authorities = [(file, by_der[data]) for file, data in cer_files([given.chain])]
    name = f"{host.replace(':', '-')}.pfx"
    profile = Profile.LEGACY if _WITHOUT_AES.search(given.answers.windows) else Profile.MODERN
    store = keystore(given.chain, given.password, profile=profile)
    files = [
        PackFile(
            name, with_provider(store, given.password), True, "the certificate with its key and its CA certificates"
        ),
        PackFile("install.ps1", _script(given, name, authorities, text), about=_ABOUT_SCRIPT),
        *(PackFile(file, each.der, about=f"CA certificate {short(each)}") for file, each in authorities),
    ]
    steps = _steps(given, text)
    intro = (
        f"Certificate for {host}; the client finds it by the text {text}.\n"
        f"The password of the PFX is\n{given.whose}.\nIt is not in this folder."
    )
    notes, chain = _notes(given, leaf, text), given.chain.certificates
    return Pack(host, title, intro, steps, files, notes=notes, role="client", chain=chain)


_ABOUT_SCRIPT = "puts all of them into the stores of the PC; its exit codes are listed at its top"


def _steps(given: ClientInput, text: str) -> tuple[str, ...]:
    line = (
        f"/S /GATEWAYADDRESS={given.primary_host} /ACCOUNTDOMAIN=<your account domain>\n"
        f"/STORAGETYPE=1 /CERTSTORE=true /CERTSUBJECT={text}"
    )
    return (
        f"Copy this folder to {given.answers.host}. The PFX contains a key: do not use e-mail.",
        (
            f"There, in an administrator's PowerShell:\n{_COMMAND}\nIt asks for the password of the PFX, puts every\n"
            "certificate into the right store of the machine, and ends with: OK: ..."
        ),
        (
            'Install the client with local storage and "Use pre-configured system\n'
            f'certificate for secure communication"; as the subject text, type: {text}'
        ),
        f"Or silently (check against your version's unattended page):\n<setup>.exe {line}",
        "Check the notification icon: idle grey is connected; yellow is a\nnetwork or certificate problem.",
        "Delete this folder, the PFX first.",
    )


_COMMAND = "powershell.exe -NoProfile -ExecutionPolicy Bypass -File install.ps1"


def _notes(given: ClientInput, leaf: Certificate, text: str) -> tuple[str, ...]:
    notes = [
        (
            "Log: C:\\ProgramData\\hcpclientcore\\logs\\hcpclientcore.log. If the folder is named after the brand:"
            " %ProgramData%\\*clientcore*\\logs\\*.log."
        ),
        "`cloudstream-wizard doctor --log FILE` explains the lines of that log.",
        f"Certificate {short(leaf)}, SHA-256 {leaf.sha256}.",
        *([_AES] if not given.answers.windows else []),
        (
            "The client takes the first certificate in the machine's store My with the text in its subject or issuer,"
            " even if it has expired. The script ends with exit code 7 unless there is exactly one."
        ),
        *([_one_text(given.common)] if given.common else []),
        *_unattended(leaf),
        (
            "A client with its own service account (/USESERVICEACCOUNT=true) needs read access to the"
            " private key: certlm.msc, Personal, All Tasks, Manage Private Keys."
        ),
    ]
    if text.lower() in "\n".join(_values(fields.parsed(leaf).issuer)).lower():
        notes.append(f"{text} is in the issuer: another certificate of this CA in the store My has it too.")
    if given.replaced:
        old = ", ".join(thumbprint(each) for each in given.replaced)
        notes.append(f"When the new certificate is in place, the script removes the earlier one by thumbprint: {old}.")
    if given.old_root is not None:
        root = f"{short(given.old_root)} ({given.old_root.sha256[:8]})"
        notes.append(f"Leave {root} in the stores until the last step of the portal's list.")
    return tuple(notes)


def _one_text(common: str) -> str:
    """The advice about one search text for all PCs."""
    return (
        "You can use one text for all PCs, so that the same installation line works everywhere. The issuer of each"
        f' certificate has {common}. Write certificate-subject = "{common}" under each [[client]] of the answers.'
        " Choose another text if PCs have other certificates of this CA in the store My."
    )


def _unattended(leaf: Certificate) -> tuple[str, ...]:
    rule = f"HKLM\\SOFTWARE\\CloudStreamTls, value Thumbprint, equals {thumbprint(leaf)}"
    return (
        (
            "To run it unattended, put the password into the first line of a file. Only administrators, SYSTEM and the"
            f" account of this PC may read it. Then start `{_COMMAND} -PasswordFile FILE`. The exit codes are listed at"
            " the top of the script. Its log is C:\\Windows\\Logs\\CloudStreamTls-install.log. A second run changes"
            " nothing."
        ),
        (
            "Group policy: use a start-up script (.cmd) with that line and a share with one folder for each PC:"
            " `\\\\SERVER\\SHARE\\%COMPUTERNAME%\\install.ps1`. Only the account of that PC may read its folder. Each"
            " folder has the host name from the answers. Rename it if %COMPUTERNAME% is different."
        ),
        (
            "Intune (Win32 app, for the system) and SCCM (program or application): use the same line. Exit code 0 is"
            f" success. Detect by the registry: {rule}. Users can read what Intune unpacks: use a protected file, or"
            " add -AllowReadableFile on purpose."
        ),
    )


def _script(given: ClientInput, name: str, authorities: Sequence[tuple[str, Certificate]], text: str) -> bytes:
    """PowerShell for the machine's stores. Every inserted value is made of letters, digits, dot, hyphen, underscore."""
    assert given.chain.leaf is not None  # noqa: S101 - as in `make_pack`
    rows = [
        f"    @{{ File = '{file}'; Store = '{'Root' if each == given.chain.root else 'CA'}';"
        f" Thumbprint = '{thumbprint(each)}' }}"
        for file, each in authorities
    ]
    values = {
        "AUTHORITIES": "\n".join(rows),
        "PFX": name,
        "THUMBPRINT": thumbprint(given.chain.leaf),
        "TEXT": text,
        "PROVIDER": SOFTWARE_KSP,
        "REPLACED": ", ".join(f"'{thumbprint(each)}'" for each in given.replaced),
    }
    # Windows PowerShell 5.1 takes a file without a byte order mark for the code page of the machine: ASCII is safe.
    return from_template("install.ps1", values).replace("\n", "\r\n").encode("ascii")


def trust_pack(
    host: str, added: Sequence[tuple[str, Certificate]], roots: Collection[Certificate], gone: Certificate | None
) -> Pack:
    """What one Windows client needs: CA certificates that it gets, or the old root that it loses.

    Args:
        host: of the client.
        added: file name and CA certificate; none in the last phase.
        roots: those of them that are roots.
        gone: the old root, in the last phase.
    """
    title = f"Windows client {host}: root store"
    where = "Cert:\\LocalMachine"
    commands = [
        f"Import-Certificate -FilePath {file} -CertStoreLocation {where}\\{'Root' if each in roots else 'CA'}"
        for file, each in added
    ]
    intro = "Nothing else changes: the client keeps its certificate."
    steps = [f"Copy this folder to {host}."] if added else []
    if gone is not None:
        commands.append(f"Remove-Item {where}\\Root\\{thumbprint(gone)}")
        intro = f"{short(gone)} is removed from the root store. Change a group policy that distributes it, too."
    if commands:
        steps.append("\n".join(["There, in an administrator's PowerShell:", *commands]))
    else:
        steps.append("Nothing to do: the roots are public ones that Windows has.")
    steps.append("Check the notification icon: idle grey is connected.")
    files = [
        PackFile(file, each.der, about=f"CA certificate {short(each)}, SHA-256 {each.sha256}") for file, each in added
    ]
    return Pack(host, title, intro, steps, files)


def thumbprint(certificate: Certificate) -> str:
    """Windows itself names certificates by SHA-1; it is a name here, not a protection."""
    return sha1(certificate.der, usedforsecurity=False).hexdigest().upper()
