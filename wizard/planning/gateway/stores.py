"""One gateway: its stores, the four settings of its unattended file, and what is there before anything is decided."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from wizard import codes
from wizard.certificates.model import Bundle, Certificate, Chain, Profile
from wizard.certificates.names import file_stem
from wizard.certificates.reading import read
from wizard.change.plan import Expectation
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.host.access import Access
from wizard.host.accounts import Account
from wizard.host.files import home_expanded, read_input
from wizard.host.jre import ProfileChoice
from wizard.host.machine import Machine
from wizard.planning.snapshot import MachineSnapshot, expectation
from wizard.questions.answers import GatewayAnswers
from wizard.secret import Secret
from wizard.texts.en.configs import IN_FILE

STORE_FOLDER = "/etc/cloudstream-tls"
"""Where the stores lie on a gateway unless the answers say otherwise: outside the product, so an upgrade keeps them."""


KEYSTORE = "HCP_DEFAULT_KEYSTORE"
KEYSTORE_PASSWORD = "HCP_DEFAULT_KEYSTORE_PASSWORD"  # noqa: S105 - the name of a setting (manual)
TRUSTSTORE = "HCP_DEFAULT_TRUSTSTORE"
TRUSTSTORE_PASSWORD = "HCP_DEFAULT_TRUSTSTORE_PASSWORD"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class GatewayInput:
    """What a gateway's pack is made from.

    Attributes:
        answers: of this gateway.
        chain: its own, with the key.
        primary_chain: as the primary serves it; its root becomes the trust anchor.
        primary_public: the primary's root is one that every Java brings, so no trust store is needed.
        primary_host: the name that the gateway connects to.
        primary_port: of the internal TLS link.
        store_password: of the key store.
        trust_password: of the trust store.
        profile: the encryption that the gateway's Java reads.
        unattended: the unattended file, if the answers name one.
        cloud: the primary runs in the vendor's cloud.
        old_root: of the primary until now, when its root is replaced: trusted beside the new one for the time between.
    """

    answers: GatewayAnswers
    chain: Chain
    primary_chain: Chain | None
    primary_public: bool
    primary_host: str
    primary_port: int
    store_password: Secret
    trust_password: Secret
    profile: Profile
    unattended: bytes | None = None
    cloud: bool = False
    old_root: Certificate | None = None


def settings(given: GatewayInput) -> dict[str, str]:
    """The settings of the unattended file (manual), trust store only when one is needed. Holds passwords."""
    result = {
        KEYSTORE: keystore_path(given),
        KEYSTORE_PASSWORD: given.store_password.reveal(),
    }
    if trust_anchor(given) is not None:
        result[TRUSTSTORE] = truststore_path(given)
        result[TRUSTSTORE_PASSWORD] = given.trust_password.reveal()
    return result


def keystore_path(given: GatewayInput) -> str:
    """Where the key store will lie on the gateway."""
    return given.answers.keystore_path or f"{STORE_FOLDER}/{given.answers.host}.pfx"


def truststore_path(given: GatewayInput) -> str:
    """Where the trust store will lie on the gateway."""
    anchor = trust_anchor(given)
    name = file_stem(anchor).lower() if anchor is not None else "trust"
    if f"{name}.pfx" == file_name(keystore_path(given)):
        name = f"{name}-trust"
    return given.answers.truststore_path or f"{STORE_FOLDER}/{name}.pfx"


def edited(given: GatewayInput, unattended: bytes) -> bytes:
    """The unattended file with the settings in it, every other byte kept.

    Raises:
        WizardError: the file cannot be edited, or a value is not safe for a shell and a plain parser alike.
    """
    document = envfile.parse(unattended)
    for name, value in settings(given).items():
        document = document.set(name, value)
    return document.render()


def trust_anchor(given: GatewayInput) -> Certificate | None:
    """The root that the gateway's trust store must hold; None when it needs no trust store."""
    return None if given.primary_public or given.primary_chain is None else given.primary_chain.root


def file_name(path: str) -> str:
    """The last part of a path on the gateway."""
    return path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Unattended:
    """The unattended file as it is.

    Attributes:
        path: logical.
        expect: what is there now.
        data: its bytes.
        document: it, parsed.
    """

    path: PurePosixPath
    expect: Expectation
    data: bytes = field(repr=False)
    document: envfile.Document = field(repr=False)

    def installed_path(self, name: str) -> PurePosixPath | None:
        """The full path that the setting *name* holds, None when it holds none."""
        value = self.document.get(name)
        path = PurePosixPath(value.text) if value is not None and value.decidable and value.text else None
        return path if path is not None and path.is_absolute() else None

    def installed_password(self, name: str) -> Secret | None:
        """The password that the setting *name* holds, None when a shell and a plain parser read two."""
        value = self.document.get(name)
        return Secret(value.text) if value is not None and value.decidable and value.text else None


@dataclass(frozen=True, slots=True)
class Store:
    """A store: where it shall lie, and what lies there.

    Attributes:
        path: logical.
        expect: what is there now.
        content: what the unattended file's own store of this path holds, with its password; None when it names
            another, or does not open it.
        password: that password.
    """

    path: PurePosixPath
    expect: Expectation
    content: Bundle | None
    password: Secret | None


@dataclass(frozen=True, slots=True)
class GatewayFacts:
    """The gateway as the plan needs it.

    Attributes:
        unattended: its file.
        keystore: its own certificate and key.
        truststore: its trust in the primary; None when it needs none.
        new_folders: those that must be made for the stores, the outermost first, by logical path.
        profile: how a key store must be encrypted.
        can_prove: whether a keytool is there.
        account: of the service; None when unknown.
        access: whether that account could read the key store now, and where it is stopped.
        euid: of this process.
    """

    unattended: Unattended
    keystore: Store
    truststore: Store | None
    new_folders: Mapping[PurePosixPath, Expectation]
    profile: ProfileChoice
    can_prove: bool
    account: Account | None
    access: Access
    euid: int


def look_at_unattended(machine: Machine, base: Path, text: str) -> Unattended:
    """Read the unattended file that the answers name.

    Args:
        machine: the gateway.
        base: the folder that a relative path is taken from.
        text: as it was answered: a path of this machine, also when its root is another folder.

    Raises:
        WizardError: it is not there, cannot be read or parsed, or is another kind of file.
    """
    path = _logical(machine, base, text)
    expect, data = expectation(machine, path)
    if not expect.exists:
        if expect.kind == "absent":
            raise WizardError(codes.UNATTENDED_MISSING, subject=path, path=path)
        raise WizardError(codes.UNATTENDED_MISSING, case="no-file", subject=path, path=path, kind=expect.kind)
    try:
        document = envfile.parse(data)
    except WizardError as error:
        error.message, error.subject = IN_FILE.format(file=path, message=error.message), str(path)
        raise
    lines = [line.strip("\ufeff \t") for line in document.text.splitlines()]
    if not document.names and any(line and not line.startswith("#") for line in lines):
        raise WizardError(codes.UNATTENDED_OTHER_FILE, subject=path, path=path)
    return Unattended(path, expect, data, document)


def _logical(machine: Machine, base: Path, text: str) -> PurePosixPath:
    """A path below the machine's root is meant as it is; any other full path is the machine's own name for it."""
    real = Path(os.path.normpath(base / home_expanded(Path(text))))
    return machine.logical(real)


def look(
    seen: MachineSnapshot, unattended: Unattended, keystore: PurePosixPath, truststore: PurePosixPath | None
) -> GatewayFacts:
    """Look at everything else that a plan for this gateway depends on.

    Raises:
        WizardError: a store is there and cannot be read.
    """
    machine = seen.machine
    paths = [keystore] if truststore is None else [keystore, truststore]
    folders = [folder for path in paths for folder in _missing(machine, path)]
    return GatewayFacts(
        unattended=unattended,
        keystore=_store(machine, unattended, keystore, KEYSTORE, KEYSTORE_PASSWORD),
        truststore=None
        if truststore is None
        else _store(machine, unattended, truststore, TRUSTSTORE, TRUSTSTORE_PASSWORD),
        new_folders={folder: _to_come(machine, folder) for folder in folders},
        profile=seen.profile,
        can_prove=seen.has_keytool,
        account=seen.account,
        access=seen.readable(keystore),
        euid=os.geteuid(),
    )


def _to_come(machine: Machine, folder: PurePosixPath) -> Expectation:
    """Nothing is there yet; where that is counts."""
    found, _ = expectation(machine, folder)
    return Expectation(link_to=found.link_to, folder=found.folder)


def _missing(machine: Machine, path: PurePosixPath) -> list[PurePosixPath]:
    """Folders above *path* that are not there, the outermost first; a name that is taken by something else counts."""
    return [folder for folder in reversed(path.parents) if not machine.real(folder).is_dir()]


def _store(machine: Machine, unattended: Unattended, path: PurePosixPath, name: str, password_name: str) -> Store:
    expect, _ = expectation(machine, path)
    password = unattended.installed_password(password_name)
    if unattended.installed_path(name) != path or password is None or not expect.exists:
        return Store(path, expect, None, None)
    try:
        content = read(read_input(machine.real(path)), name=str(path), password=password)
    except WizardError:
        return Store(path, expect, None, None)
    return Store(path, expect, content, password)
