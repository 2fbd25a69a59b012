"""The facts of a machine; each part is read when it is first needed, and once."""

import contextlib
import os
import socket
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import host_chain
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.reading import read
from wizard.certificates.rules.chain import CLOCK_FLOOR
from wizard.change.plan import Expectation
from wizard.change.targets import find
from wizard.configs import hocon
from wizard.errors import WizardError
from wizard.host import effective
from wizard.host import jre as java
from wizard.host.effective import Effective
from wizard.host.files import DEFAULT_STORE_PASSWORD, read_input
from wizard.host.jre import Jre, ProfileChoice
from wizard.host.machine import Access, Account, Machine, before_files, now_utc, readable_as
from wizard.host.systemd import Listener, Service, UnitState, account_of, of_processes, processes
from wizard.secret import Secret
from wizard.texts.en.configs import IN_FILE

FILE_KEY = "default-keystore-file"
PASSWORD_KEY = "default-keystore-password"  # noqa: S105 - the name of a setting (manual)

_NO_FILES: Mapping[PurePosixPath, bytes] = {}
_KINDS = {b"\xfe\xed": "jks", b"0\x82": "pkcs12", b"0\x83": "pkcs12", b"0\x80": "pkcs12"}


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


class MachineSnapshot:
    """The facts of a machine for the first screen, planning and the doctor. Reading changes nothing.

    Each part stays as it was when it was read; another snapshot reads it again.

    Attributes:
        machine: that is read.
        port: TCP port of the primary, 0 when it is not known; without a unit, the process that listens there counts.
        cacerts_password: opens the JRE's trust store.
    """

    def __init__(self, machine: Machine, *, port: int = 0, cacerts_password: Secret = DEFAULT_STORE_PASSWORD) -> None:
        self.machine = machine
        self.port = port
        self.cacerts_password = cacerts_password

    def opened_by(self, password: Secret) -> "MachineSnapshot":
        """The same snapshot, for a trust store that opens with *password*."""
        if password == self.cacerts_password:
            return self
        other = copy(self)
        other.cacerts_password = password
        other.__dict__.pop("cacerts", None)
        return other

    # -- the host -------------------------------------------------------------------------------------------------

    @cached_property
    def hostname(self) -> str:
        """The machine's own name."""
        return socket.gethostname()

    @property
    def root_rights(self) -> bool:
        """Whether this run may change everything."""
        return os.geteuid() == 0

    @cached_property
    def has_product(self) -> bool:
        """Whether the product's home is there."""
        return os.path.isdir(self.machine.real(self.machine.hcp_home))

    @cached_property
    def clock_fault(self) -> str:
        """What the clock says, when files of the product or this program are younger; "" when it can be right."""
        now, newest = now_utc(), 0.0
        for path in (self.machine.conf, self.machine.cacerts):
            with contextlib.suppress(OSError):
                newest = max(newest, self.machine.real(path).lstat().st_mtime)
        wrong = now < CLOCK_FLOOR or before_files(now, newest)
        return f"{now:%Y-%m-%d %H:%M} UTC cannot be right" if wrong else ""

    def read_host(self) -> None:
        """Read all parts that the first screen shows: a screen must not wait when it is painted."""
        _ = (self.hostname, self.has_product, self.clock_fault, self.ports, self.jre, self.cacerts_kind)

    # -- the service ----------------------------------------------------------------------------------------------

    @cached_property
    def shown(self) -> UnitState | WizardError:
        """The unit as systemd shows it, also when it is not installed; why not, when nobody can be asked."""
        try:
            return Service(self.machine).show()
        except WizardError as error:
            return error

    @property
    def unit(self) -> UnitState | None:
        """The same; None when nobody can be asked."""
        return self.shown if isinstance(self.shown, UnitState) else None

    @property
    def restarted(self) -> UnitState | None:
        """The unit that a change restarts; None as well where a restart command is used in its place."""
        return self.unit if self.machine.restart_command is None else None

    @property
    def service_fault(self) -> str:
        """Why `restarted` is not known."""
        if self.machine.restart_command is not None:
            return "a restart command is used instead of systemd"
        return self.shown.message if isinstance(self.shown, WizardError) else ""

    @cached_property
    def account(self) -> Account | None:
        """The account that the service runs as; None when nobody can tell."""
        unit = self.unit
        return account_of(self.machine, unit) if unit is not None and unit.load == "loaded" else None

    @cached_property
    def start(self) -> Effective:
        """How the service's Java is started."""
        return effective.look(self.machine, self.unit, self.port)

    @cached_property
    def ports(self) -> tuple[Listener, ...]:
        """TCP ports on which the running service listens."""
        return tuple(of_processes(processes(self.restarted))) if self.restarted is not None else ()

    def readable(self, path: PurePosixPath) -> Access:
        """Whether the service's account can read *path*, and where it is stopped."""
        return readable_as(self.machine, path, self.account)

    # -- Java -----------------------------------------------------------------------------------------------------

    @cached_property
    def jre(self) -> Jre | None:
        """The product's Java; it is started only when it does not tell its version otherwise."""
        return java.find(self.machine)

    @property
    def profile(self) -> ProfileChoice:
        """How a key store must be encrypted for it."""
        return java.choose_profile(self.jre)

    @property
    def has_keytool(self) -> bool:
        """Whether a keytool is there."""
        return self.jre is not None and self.jre.keytool is not None

    @cached_property
    def cacerts_kind(self) -> str:
        """`jks`, `pkcs12`, `other` or `empty`, by the first bytes (domain: FEED or 30); "" when they cannot be read."""
        try:
            with self.machine.real(self.machine.cacerts).open("rb") as stream:
                start = stream.read(2)
        except OSError:
            return ""
        return _KINDS.get(start, "other") if start else "empty"

    @cached_property
    def cacerts(self) -> tuple[Expectation, tuple[Certificate, ...]]:
        """The JRE's trust store, and the trust anchors in it; none where there is no such file.

        Raises:
            WizardError: it cannot be read; for a wrong password, what the usual one is and where another is given.
        """
        path = self.machine.cacerts
        found, data = expectation(self.machine, path)
        if not found.exists:
            return found, ()
        try:
            if self.cacerts_password == DEFAULT_STORE_PASSWORD:
                return found, _anchors(data, str(path))
            return found, read(data, name=str(path), password=self.cacerts_password).certificates
        except WizardError as error:
            raise about_cacerts(error, self.machine) from error

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The trust anchors of the JRE; none when its store cannot be read, which the plan reports."""
        try:
            return self.cacerts[1]
        except WizardError:
            return ()

    # -- application.conf and the key store that it names ---------------------------------------------------------

    @cached_property
    def conf(self) -> tuple[Expectation, bytes]:
        """application.conf as it is expected to be found, and its bytes.

        Raises:
            WizardError: `conf.missing`, `file.not-readable`.
        """
        found, data = expectation(self.machine, self.machine.conf)
        if not found.exists:
            raise WizardError(codes.CONF_MISSING, subject=self.machine.conf, conf=self.machine.conf)
        return found, data

    @cached_property
    def document(self) -> hocon.Document:
        """application.conf, parsed with the files that it includes and the service's environment.

        Raises:
            WizardError: it is missing, unreadable or does not parse; the line is named.
        """
        data = self.conf[1]
        try:
            return parse_conf(self.machine, data, self.start.environment or {})
        except WizardError as error:
            # The parser knows lines, not files.
            file = str(self.machine.conf)
            error.message, error.subject = IN_FILE.format(file=file, message=error.message), file
            raise

    def setting(self, name: str) -> Setting:
        """The one place where *name* counts.

        Raises:
            WizardError: as `document`; it is nowhere, or in several objects.
        """
        conf, document = self.machine.conf, self.document
        paths: dict[str, hocon.Value] = {value.path: value for value in document.find(name)}
        if len(paths) > 1:
            places = ", ".join(f"{path} (line {value.line})" for path, value in paths.items())
            raise WizardError(codes.CONF_SETTING_AMBIGUOUS, subject=conf, conf=conf, setting=name, places=places)
        for path in paths:
            value = document.get(path)
            if value is not None:
                return Setting(path, value.text, value.line)
        commented = document.commented(name)
        if len(commented) == 1:
            return Setting(commented[0].path, None, commented[0].line)
        raise WizardError(codes.CONF_SETTING_MISSING, subject=conf, conf=conf, setting=name)

    @cached_property
    def store_setting(self) -> Setting:
        """The key store's path; errors as `setting`."""
        return self.setting(FILE_KEY)

    @cached_property
    def password_setting(self) -> Setting:
        """The key store's password; errors as `setting`."""
        return self.setting(PASSWORD_KEY)

    def require_settings(self) -> None:
        """Check that both settings can be edited; errors as `setting`."""
        _ = self.store_setting, self.password_setting

    @property
    def configured_store(self) -> PurePosixPath | None:
        """The key store that is configured, when its folder is there; errors as `setting`."""
        path = PurePosixPath(self.store_setting.text or "")
        return path if path.is_absolute() and os.path.isdir(self.machine.real(path.parent)) else None

    @property
    def store_password(self) -> Secret | None:
        """The configured password; errors as `setting`."""
        text = self.password_setting.text
        return Secret(text) if text is not None else None

    @cached_property
    def store(self) -> Bundle | None:
        """What the configured key store holds; None when it cannot be read."""
        try:
            path = self.store_setting.text
            return read(read_input(self.machine.real(path)), name=path, password=self.store_password) if path else None
        except WizardError:
            return None

    @cached_property
    def chain(self) -> Chain | None:
        """The chain in it; None when it cannot be read."""
        return host_chain(self.store) if self.store is not None else None


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


def parse_conf(
    machine: Machine, data: bytes, environment: Mapping[str, str] | None, new: Mapping[PurePosixPath, bytes] = _NO_FILES
) -> hocon.Document:
    """Parse *data* as application.conf.

    Args:
        machine: whose files are included.
        data: its bytes.
        environment: of the service; None when it is not known.
        new: logical path to the bytes that a change will write; they count in place of what is there.

    Raises:
        TextSyntaxError: it does not parse.
    """

    def include(kind: str, name: str) -> bytes | None:
        if kind not in {"file", "heuristic"}:
            return None
        path = machine.conf.parent / name
        try:
            return new[path] if path in new else read_input(machine.real(path))
        except WizardError:
            return None

    return hocon.parse(data, includes=include, environment=environment)


@lru_cache(maxsize=2)
def _anchors(data: bytes, name: str) -> tuple[Certificate, ...]:
    """A thousand gateways, and every page, are checked by the same cacerts: it is parsed once."""
    return read(data, name=name, password=DEFAULT_STORE_PASSWORD).certificates


def about_cacerts(error: WizardError, machine: Machine) -> WizardError:
    """*error*, and for a wrong password what the usual one is and where another is given."""
    if error.spec != codes.READING_PASSWORD_WRONG:
        return error
    path = str(machine.cacerts)
    return WizardError(codes.READING_PASSWORD_WRONG, case="cacerts", subject=path, file=path)
