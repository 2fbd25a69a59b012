"""The facts that a plan for this gateway needs, read once before anything is decided."""

import os
from collections.abc import Mapping
from contextlib import suppress
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
        text = self._decided(name)
        return PurePosixPath(text) if text.startswith("/") else None

    def installed_password(self, name: str) -> Secret | None:
        """The password that the setting *name* holds, None when a shell and a plain parser read two."""
        text = self._decided(name)
        return Secret(text) if text else None

    def _decided(self, name: str) -> str:
        value = self.document.get(name)
        return value.text if value is not None and value.decidable else ""


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
    content: Bundle | None = None
    password: Secret | None = None


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
    # A path below the machine's root is meant as it is; any other full path is the machine's own name for it.
    path = machine.logical(Path(os.path.normpath(base / home_expanded(Path(text)))))
    expect, data = expectation(machine, path)
    if not expect.exists:
        case = "" if expect.kind == "absent" else "no-file"
        raise WizardError(codes.UNATTENDED_MISSING, case=case, subject=path, path=path, kind=expect.kind)
    try:
        document = envfile.parse(data)
    except WizardError as error:
        error.message, error.subject = IN_FILE.format(file=path, message=error.message), str(path)
        raise
    lines = [line.strip("\ufeff \t") for line in document.text.splitlines()]
    if not document.names and any(line and not line.startswith("#") for line in lines):
        raise WizardError(codes.UNATTENDED_OTHER_FILE, subject=path, path=path)
    return Unattended(path, expect, data, document)


def look(
    seen: MachineSnapshot, unattended: Unattended, keystore: PurePosixPath, truststore: PurePosixPath | None
) -> GatewayFacts:
    """Look at everything else that a plan for this gateway depends on.

    Raises:
        WizardError: a store is there and cannot be read.
    """
    machine = seen.machine
    paths = [keystore] if truststore is None else [keystore, truststore]
    own = _store(machine, unattended, keystore, KEYSTORE, KEYSTORE_PASSWORD)
    trust = _store(machine, unattended, truststore, TRUSTSTORE, TRUSTSTORE_PASSWORD) if truststore is not None else None
    # Those above each path that are not there, the outermost first; a name that is taken by something else counts.
    above = [folder for path in paths for folder in reversed(path.parents)]
    return GatewayFacts(
        unattended=unattended,
        keystore=own,
        truststore=trust,
        new_folders={folder: _to_come(machine, folder) for folder in above if not os.path.isdir(machine.real(folder))},
        profile=seen.profile,
        can_prove=seen.has_keytool,
        account=seen.account,
        access=seen.readable(keystore),
        euid=os.geteuid(),
    )


def installed_chain(machine: Machine, unattended: Unattended) -> Chain | None:
    """The chain in the key store that the unattended file names; None when it cannot be read."""
    content = _installed(machine, unattended, KEYSTORE, KEYSTORE_PASSWORD)
    return host_chain(content) if content is not None else None


def trusted(machine: Machine, unattended: Unattended) -> tuple[Certificate, ...]:
    """What the trust store holds that the unattended file names; nothing when it cannot be read, or none is named."""
    content = _installed(machine, unattended, TRUSTSTORE, TRUSTSTORE_PASSWORD)
    return content.certificates if content is not None else ()


def _installed(machine: Machine, unattended: Unattended, name: str, password_name: str) -> Bundle | None:
    path = unattended.installed_path(name)
    return _store(machine, unattended, path, name, password_name).content if path is not None else None


def _to_come(machine: Machine, folder: PurePosixPath) -> Expectation:
    """Nothing is there yet; where that is counts."""
    found, _ = expectation(machine, folder)
    return Expectation(link_to=found.link_to, folder=found.folder)


def _store(machine: Machine, unattended: Unattended, path: PurePosixPath, name: str, password_name: str) -> Store:
    expect, _ = expectation(machine, path)
    password = unattended.installed_password(password_name)
    if unattended.installed_path(name) == path and password is not None and expect.exists:
        with suppress(WizardError):
            return Store(
                path, expect, read(read_input(machine.real(path)), name=str(path), password=password), password
            )
    return Store(path, expect)
