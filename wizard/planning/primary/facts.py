"""The facts that a plan for the primary needs, read once before anything is decided."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import host_chains
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.reading import read
from wizard.change.plan import Expectation
from wizard.change.targets import find
from wizard.configs import hocon
from wizard.errors import WizardError
from wizard.host import effective, jre
from wizard.host.access import Access, readable_as
from wizard.host.accounts import Account
from wizard.host.files import read_input
from wizard.host.jre import ProfileChoice
from wizard.host.machine import Machine
from wizard.host.service_processes import account_of
from wizard.host.systemd import Service, UnitState
from wizard.secret import Secret
from wizard.texts.en.configs import IN_FILE

FILE_KEY = "default-keystore-file"
PASSWORD_KEY = "default-keystore-password"  # noqa: S105 - the name of a setting (manual)


@dataclass(frozen=True, slots=True)
class Setting:
    """One of the two settings as the server sees it.

    Attributes:
        path: where it is (`hcp.tls.default-keystore-file`).
        text: its value; None when it is only in a comment.
        line: where, from 1.
    """

    path: str
    text: str | None
    line: int


@dataclass(frozen=True, slots=True)
class PrimaryFacts:
    """The machine as the plan needs it.

    Attributes:
        conf: application.conf as it is expected to be found.
        conf_data: its bytes.
        document: it, parsed.
        file_setting: the key store's path.
        password_setting: the key store's password; its text is a secret and stays in `installed_password`.
        installed: what the configured key store holds, None when it does not open.
        installed_password: the configured password.
        store: the file that the new key store will replace.
        store_path: its logical path.
        cacerts: the JRE's trust store; None where there is no JRE.
        trusted: fingerprints in it; None when it could not be read.
        cacerts_problem: why it could not be read.
        other_trust: the trust store that the service's Java uses in place of cacerts; "" when it uses cacerts.
        profile: how a key store must be encrypted.
        can_prove: whether a keytool is there.
        account: of the service; None when unknown.
        access: whether that account could read a store of that path now, and where it is stopped.
        euid: of this process.
        served: fingerprint of the leaf that each node presents now, "" when none.
    """

    conf: Expectation
    conf_data: bytes = field(repr=False)
    document: hocon.Document = field(repr=False)
    file_setting: Setting
    password_setting: Setting
    installed: Bundle | None
    installed_password: Secret | None
    store: Expectation
    store_path: PurePosixPath
    cacerts: Expectation | None
    trusted: frozenset[str] | None
    cacerts_problem: WizardError | None
    profile: ProfileChoice
    can_prove: bool
    account: Account | None
    access: Access
    euid: int
    served: Mapping[tuple[str, int], str]
    other_trust: str = ""


def expectation(machine: Machine, logical: PurePosixPath | str) -> tuple[Expectation, bytes]:
    """What is at *logical* now, links followed and recorded, and its bytes.

    Raises:
        WizardError: `file.not-readable` when it is there and cannot be read.
    """
    try:
        return find(machine, PurePosixPath(logical))
    except WizardError as error:
        raise WizardError(
            codes.FILE_NOT_READABLE,
            case="explained",
            subject=logical,
            reason=error.message,
            hint=tuple(error.hint.splitlines()),
        ) from error


def look(
    machine: Machine,
    store_path: PurePosixPath,
    cacerts_password: Secret,
    served: Mapping[tuple[str, int], str],
) -> PrimaryFacts:
    """Look at everything that a plan for the primary depends on.

    Raises:
        WizardError: application.conf missing, unreadable or broken, or without the settings.
    """
    conf, data = _conf(machine)
    unit = unit_state(machine)
    started = effective.look(machine, unit)
    document = _parsed(machine, data, started.environment or {})
    file_setting, password_setting = (
        find_setting(document, FILE_KEY, machine),
        find_setting(document, PASSWORD_KEY, machine),
    )
    password = Secret(password_setting.text) if password_setting.text is not None else None
    path = PurePosixPath(store_path)
    store, _ = expectation(machine, path)
    java = jre.find(machine)
    cacerts, trusted, problem = _trusted(machine, cacerts_password)
    account = account_of(machine, unit) if unit else None
    return PrimaryFacts(
        conf=conf,
        conf_data=data,
        document=document,
        file_setting=file_setting,
        password_setting=password_setting,
        installed=_installed(machine, file_setting.text, password),
        installed_password=password,
        store=store,
        store_path=path,
        cacerts=cacerts,
        trusted=trusted,
        cacerts_problem=problem,
        profile=jre.choose_profile(java),
        can_prove=java is not None and java.keytool is not None,
        account=account,
        access=readable_as(machine, path, account),
        euid=os.geteuid(),
        served=served,
        other_trust=started.trust_store,
    )


def unit_state(machine: Machine) -> UnitState | None:
    """The service as systemd shows it; None when there is no such unit, or nobody to ask."""
    try:
        unit = Service(machine).show()
    except WizardError:
        return None
    return unit if unit.load == "loaded" else None


def conf_document(machine: Machine) -> hocon.Document:
    """application.conf, parsed with the files that it includes and the service's environment.

    Raises:
        WizardError: it is missing, unreadable or does not parse; the line is named.
    """
    _, data = _conf(machine)
    return _parsed(machine, data, effective.look(machine, unit_state(machine)).environment or {})


def _conf(machine: Machine) -> tuple[Expectation, bytes]:
    conf, data = expectation(machine, machine.conf)
    if not conf.exists:
        raise WizardError(codes.CONF_MISSING, subject=machine.conf, conf=machine.conf)
    return conf, data


def _parsed(machine: Machine, data: bytes, environment: Mapping[str, str]) -> hocon.Document:
    folder = machine.conf.parent

    def include(kind: str, name: str) -> bytes | None:
        if kind not in {"file", "heuristic"}:
            return None
        try:
            return read_input(machine.real(folder / name))
        except WizardError:
            return None

    try:
        return hocon.parse(data, includes=include, environment=environment)
    except WizardError as error:
        # The parser knows lines, not files.
        file = str(machine.conf)
        error.message, error.subject = IN_FILE.format(file=file, message=error.message), file
        raise


def find_setting(document: hocon.Document, name: str, machine: Machine) -> Setting:
    """The one place where *name* counts.

    Raises:
        WizardError: it is nowhere, or in several objects.
    """
    paths: dict[str, hocon.Value] = {value.path: value for value in document.find(name)}
    if len(paths) > 1:
        places = ", ".join(f"{path} (line {value.line})" for path, value in paths.items())
        raise WizardError(
            codes.CONF_SETTING_AMBIGUOUS, subject=machine.conf, conf=machine.conf, setting=name, places=places
        )
    for path in paths:
        value = document.get(path)
        if value is not None:
            return Setting(path, value.text, value.line)
    commented = document.commented(name)
    if len(commented) == 1:
        return Setting(commented[0].path, None, commented[0].line)
    raise WizardError(codes.CONF_SETTING_MISSING, subject=machine.conf, conf=machine.conf, setting=name)


def configured_store(machine: Machine) -> PurePosixPath | None:
    """The key store that application.conf names, when its folder is there; None otherwise."""
    text = find_setting(conf_document(machine), FILE_KEY, machine).text
    path = PurePosixPath(text) if text else None
    return path if path is not None and path.is_absolute() and machine.real(path.parent).is_dir() else None


def installed_chain(machine: Machine) -> Chain | None:
    """The chain in the key store that application.conf names; None when it cannot be read."""
    try:
        document = conf_document(machine)
        path = find_setting(document, FILE_KEY, machine).text
        password = find_setting(document, PASSWORD_KEY, machine).text
    except WizardError:
        return None
    bundle = _installed(machine, path, Secret(password) if password is not None else None)
    return next(iter(host_chains(bundle)), None) if bundle is not None else None


def _installed(machine: Machine, path: str | None, password: Secret | None) -> Bundle | None:
    if not path:
        return None
    try:
        return read(read_input(machine.real(path)), name=path, password=password)
    except WizardError:
        return None


def _trusted(
    machine: Machine, password: Secret
) -> tuple[Expectation | None, frozenset[str] | None, WizardError | None]:
    try:
        found, data = expectation(machine, machine.cacerts)
        if not found.exists:
            return None, None, None
        certificates: tuple[Certificate, ...] = read(data, name=str(machine.cacerts), password=password).certificates
    except WizardError as error:
        return None, None, _about_cacerts(error, machine)
    return found, frozenset(certificate.sha256 for certificate in certificates), None


def _about_cacerts(error: WizardError, machine: Machine) -> WizardError:
    """*error*, and for a wrong password what the usual one is and where another is given."""
    if error.spec != codes.READING_PASSWORD_WRONG:
        return error
    path = str(machine.cacerts)
    return WizardError(codes.READING_PASSWORD_WRONG, case="cacerts", subject=path, file=path)
