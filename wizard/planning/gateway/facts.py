"""The facts that a plan for this gateway needs, read once before anything is decided."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from wizard import codes
from wizard.certificates.chain import host_chain
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.reading import read
from wizard.change.plan import Expectation
from wizard.configs import damage, envfile
from wizard.errors import WizardError
from wizard.host.files import home_expanded, read_input
from wizard.host.jre import ProfileChoice
from wizard.host.machine import Access, Account, Machine
from wizard.planning.gateway.stores import KEYSTORE, KEYSTORE_PASSWORD, TRUSTSTORE, TRUSTSTORE_PASSWORD
from wizard.planning.snapshot import MachineSnapshot, expectation
from wizard.secret import Secret
from wizard.texts.en.configs import IN_FILE


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

    @property
    def repaired(self) -> bytes | None:
        """The file without the damage that can be undone safely; None when there is none."""
        return damage.repair(self.data, shell=True)  # noqa: S604 - a kind of file; nothing is run

    @property
    def restricted(self) -> int | None:
        """Its mode without rights for others, None when they cannot read it: the change puts passwords into it."""
        mode = self.expect.mode or 0
        return mode & 0o770 if mode & 0o004 else None

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


def installed_chain(machine: Machine, unattended: Unattended) -> Chain | None:
    """The chain in the key store that the unattended file names; None when it cannot be read."""
    path = unattended.installed_path(KEYSTORE)
    content = _store(machine, unattended, path, KEYSTORE, KEYSTORE_PASSWORD).content if path is not None else None
    return host_chain(content) if content is not None else None


def trusted(machine: Machine, unattended: Unattended) -> tuple[Certificate, ...]:
    """What the trust store holds that the unattended file names; nothing when it cannot be read, or none is named."""
    path = unattended.installed_path(TRUSTSTORE)
    content = _store(machine, unattended, path, TRUSTSTORE, TRUSTSTORE_PASSWORD).content if path is not None else None
    return content.certificates if content is not None else ()


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
