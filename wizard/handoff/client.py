"""One Windows client: where each certificate goes, the text that the client searches for, and the installer's line."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha1

from wizard import codes
from wizard.certificates.model import Certificate, Chain, Profile
from wizard.certificates.names import issuer, short, subject
from wizard.certificates.writing import cer_files, keystore
from wizard.errors import WizardError
from wizard.handoff.bundle import Pack, PackFile, checklist, from_template
from wizard.questions.answers import ClientAnswers
from wizard.secret import Secret

_IN_ISSUER = (
    "The text is in the issuer: every certificate of this CA in the machine's store has it too. It is unique only if"
    " this is the only one."
)
_WITHOUT_AES = re.compile(r"(?i)\b(vista|7|8(\.1)?|20(08|12|16)|1507|1511|1607|1703)\b")
"""Versions of Windows that import no PFX with AES-256 and SHA-256 (measured: Server 2016)."""
_AES = (
    'The PFX is encrypted with AES-256. Windows Server 2016 and older cannot import it and report "The specified'
    ' network password is not correct". If this machine has such a Windows, name its version in the answers'
    " ([[client]] windows) and make the packs again."
)
_SAFE = re.compile(r"[A-Za-z0-9._-]+")
_OURS = re.compile(r"\\(?:x\w{2}|u\w{4}|U\w{8}|.)|(?<![^,+])[A-Za-z0-9.]+=")


@dataclass(frozen=True, slots=True)
class ClientInput:
    """What a client's pack is made from.

    Attributes:
        answers: of this client.
        chain: its own, with the key; None when it needs none.
        known: leaves of all machines, against which the search text is checked.
        primary_host: the host name that the client connects to.
        password: of the PFX.
        old_root: the root that goes, when the root is replaced.
    """

    answers: ClientAnswers
    chain: Chain | None
    known: tuple[Certificate, ...]
    primary_host: str
    password: Secret
    old_root: Certificate | None = None


def search_text(leaf: Certificate, known: Iterable[Certificate], wanted: str = "auto") -> str:
    """The text for the installer: *wanted*, or for `auto` the shortest safe part of the subject that is unique.

    It must be in the subject or issuer of *leaf* and of no other known certificate, ignoring case. `auto` never
    chooses a part of the issuer, because every certificate of that CA on the machine has it too.

    Raises:
        WizardError: `client.subject-unsafe`, `client.subject-unmatched`, `client.subject-ambiguous`.
    """
    others = [certificate for certificate in known if certificate != leaf]
    if wanted != "auto":
        _require_match(wanted, leaf, others)
        return wanted
    # Escapes and attribute types are how we write a name; Windows writes it in another way.
    parts: set[str] = set(_SAFE.findall(_OURS.sub(" ", subject(leaf))))
    for candidate in sorted(parts, key=lambda text: (text != short(leaf), len(text), text)):
        shared = candidate.lower() in issuer(leaf).lower()
        if len(candidate) > 2 and not shared and not any(_stands_in(candidate, other) for other in others):
            return candidate
    raise WizardError(codes.CLIENT_SUBJECT_AMBIGUOUS, case="no-part", subject=short(leaf), name=short(leaf))


def _require_match(wanted: str, leaf: Certificate, others: list[Certificate]) -> None:
    if not _SAFE.fullmatch(wanted):
        raise WizardError(codes.CLIENT_SUBJECT_UNSAFE, subject=short(leaf))
    if not _stands_in(wanted, leaf):
        raise WizardError(codes.CLIENT_SUBJECT_UNMATCHED, subject=short(leaf), text=wanted, name=short(leaf))
    twins = [short(other) for other in others if _stands_in(wanted, other)]
    if twins:
        raise WizardError(
            codes.CLIENT_SUBJECT_AMBIGUOUS,
            subject=short(leaf),
            text=wanted,
            name=short(leaf),
            others=", ".join(twins[:3]),
        )


def _profile(given: ClientInput) -> Profile:
    """The encryption that this Windows imports."""
    return Profile.LEGACY if _WITHOUT_AES.search(given.answers.windows) else Profile.MODERN


def _stands_in(text: str, certificate: Certificate) -> bool:
    return text.lower() in f"{subject(certificate)}\n{issuer(certificate)}".lower()


def make_pack(given: ClientInput) -> Pack:
    """Everything that goes to one Windows client; only a sentence when it has no local storage.

    Raises:
        WizardError: the search text does not fit, or the chain has no key.
    """
    host, title = given.answers.host, f"Windows client {given.answers.host}"
    if not given.answers.local_storage:
        nothing = ("Nothing to do: a client without local storage needs no certificate.",)
        return Pack(host, title, (PackFile("CHECKLIST.md", checklist(title, "No local storage.", nothing)),), nothing)
    assert given.chain is not None  # noqa: S101 - the judgement before refuses a client without chain
    assert given.chain.leaf is not None  # noqa: S101 - likewise
    leaf, text = given.chain.leaf, search_text(given.chain.leaf, given.known, given.answers.certificate_subject)
    by_der = {each.der: each for each in given.chain.authorities}
    authorities = [(file, by_der[data]) for file, data in cer_files([given.chain])]
    name = f"{host.replace(':', '-')}.pfx"
    files = [
        PackFile(name, keystore(given.chain, given.password, profile=_profile(given)), secret=True),
        PackFile("install.ps1", _script(name, leaf, authorities, given.chain.root, text)),
        *(PackFile(file, each.der) for file, each in authorities),
    ]
    in_issuer = text.lower() in issuer(leaf).lower()
    line = (
        f"/S /GATEWAYADDRESS={given.primary_host} /ACCOUNTDOMAIN=<your account domain>\n"
        f"/STORAGETYPE=1 /CERTSTORE=true /CERTSUBJECT={text}"
    )
    steps = (
        f"Bring this folder to {host}; the PFX holds a key: use no mail.",
        (
            "There, in an administrator's PowerShell:\n"
            "powershell -ExecutionPolicy Bypass -File install.ps1\nIt asks for the password of the PFX, puts every\n"
            "certificate into the right store of the machine, and ends with: good: ..."
        ),
        (
            'Install the client with local storage and "Use pre-configured system\n'
            f'certificate for secure communication"; as the subject text type: {text}'
        ),
        f"Or silently (check against your version's unattended page):\n<setup>.exe {line}",
        "Look at the notification icon: idle grey is connected; yellow is a\nnetwork or certificate problem.",
        "Delete this folder, the PFX first.",
    )
    notes = (
        (
            "Log: C:\\ProgramData\\hcpclientcore\\logs\\hcpclientcore.log; where the folder is named after the brand:"
            " %ProgramData%\\*clientcore*\\logs\\*.log."
        ),
        "`cloudstream-wizard doctor --log FILE` explains the lines of that log.",
        f"Certificate {short(leaf)}, SHA-256 {leaf.sha256}.",
        *([_IN_ISSUER] if in_issuer else []),
        *([_AES] if not given.answers.windows else []),
        (
            "The client takes the first certificate that has the text, valid or not: remove an earlier one of this"
            " host. The script counts them."
        ),
        (
            "A client that runs under a service account of its own (/USESERVICEACCOUNT=true) needs read access to the"
            " private key: certlm.msc, Personal, All Tasks, Manage Private Keys."
        ),
    )
    if given.old_root is not None:
        old = f"{short(given.old_root)} ({given.old_root.sha256[:8]})"
        notes = (*notes, f"Leave {old} in the stores until the last step of the portal's list.")
    page = checklist(title, f"Certificate for {host}; the client finds it by the text {text}.", steps, notes)
    return Pack(host, title, (PackFile("CHECKLIST.md", page), *files), steps)


def _script(
    name: str, leaf: Certificate, authorities: list[tuple[str, Certificate]], root: Certificate | None, text: str
) -> bytes:
    """PowerShell for the machine's stores. Every inserted value is made of letters, digits, dot, hyphen, underscore."""
    imports = "\n".join(f"Add-Authority '{file}' '{'Root' if each == root else 'CA'}'" for file, each in authorities)
    above = ", ".join(f"'{_thumbprint(each)}'" for _, each in authorities)
    values = {"IMPORTS": imports, "PFX": name, "THUMBPRINT": _thumbprint(leaf), "TEXT": text, "ABOVE": above}
    # Windows PowerShell 5.1 takes a file without a byte order mark for the code page of the machine: ASCII is safe.
    return from_template("install.ps1", values).replace("\n", "\r\n").encode("ascii")


def _thumbprint(certificate: Certificate) -> str:
    """Windows itself names certificates by SHA-1; it is a name here, not a protection."""
    return sha1(certificate.der, usedforsecurity=False).hexdigest().upper()
