"""The service as a doctor sees it: unit, port, what is presented, the clock, the last change; plain data, no secret."""

from dataclasses import dataclass

from wizard.doctor.facts_files import CertificateFacts
from wizard.questions.answers import endpoint


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """The service as systemd shows it; the words are systemd's."""

    name: str
    load: str
    active: str = ""
    sub: str = ""
    result: str = ""
    user: str = ""
    user_known: bool = True
    pid: int = 0
    restarts: int = 0
    started: float = 0.0
    needs_reload: bool = False
    trust_store: str = ""
    """The trust store that its Java options name in place of cacerts."""
    start_unknown: str = ""
    """What was seen where nobody can tell which options its Java is started with."""

    @property
    def running(self) -> bool:
        """Whether its main process runs."""
        return self.active == "active" and self.sub == "running"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens on the primary's port; the program is "" when this account may not see it."""

    address: str
    pid: int = 0
    program: str = ""
    is_service: bool | None = None


@dataclass(frozen=True, slots=True)
class ListenFacts:
    """The primary's port on this machine."""

    port: int
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """The result of one probe of a node; the members are those of `wizard.probing.result`."""

    host: str
    port: int
    servername: str | None = None
    reachable: bool = False
    phase: str = ""
    error: str | None = None
    detail: str = ""
    protocol: str | None = None
    chain: tuple[CertificateFacts, ...] = ()
    fallback: bool = False
    name_matches: bool | None = None
    client_auth: str = "unknown"
    acceptable_cas: tuple[str, ...] = ()
    alert: str | None = None
    lowered: bool = False

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return endpoint(self.host, self.port)

    @property
    def leaf(self) -> CertificateFacts | None:
        """The presented end-entity certificate."""
        return self.chain[0] if self.chain else None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The machine's clock: `now`, whether it is synchronised (None when unknown), and the newest file seen."""

    now: str
    synchronised: bool | None = None
    newest_file: float = 0.0
    newest_path: str = ""
    built: str = ""
    """A moment that has certainly passed: the wizard was made then."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file or a trust anchor that an applied change left, then and now.

    Attributes:
        change: the newest change that wrote it; "" is the newest of all.
        at: when, RFC 3339.
        kept: whether the record has what is needed to write it again.
        gone: whether there is no such file now; an unreadable one has no digest either.
    """

    path: str
    sha256_then: str
    sha256_now: str
    mode_then: int = 0
    mode_now: int = 0
    trust_alias: str = ""
    trust_sha256: str = ""
    trust_present: bool | None = None
    change: str = ""
    at: str = ""
    kept: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedSettings:
    """The two key store settings as the newest change that wrote them left them, against now.

    Attributes:
        change: its id.
        at: when, RFC 3339.
        store: the key store's path; "" when no copy of the settings is kept.
        file_lost: the path is not set any more, or another one that is of no use.
        password_lost: likewise the password.
        store_lost: the key store is gone, empty or damaged, and no other one is of use; its path.
        kept: whether the settings and a key store that opens with them can be written again from the record.
    """

    change: str
    at: str
    store: str = ""
    file_lost: bool = False
    password_lost: bool = False
    store_lost: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What the applied changes left, without those that were undone, and whether one was interrupted.

    Attributes:
        id: of the newest one; "" when there is none.
        title: for people.
        at: when, RFC 3339.
        files: of each file and each trust anchor the newest change, then and now.
        leaf: fingerprint that had to be presented.
        servername: that was probed.
        interrupted: id of a change that neither ended nor is being worked on.
        settings: the key store settings; None when no change wrote them.
        damaged: of each change whose record cannot be used, why, and where its backups are.
        ignored: paths of what lies among the folders of the changes and is none.
    """

    id: str = ""
    title: str = ""
    at: str = ""
    files: tuple[ChangedFile, ...] = ()
    leaf: str = ""
    servername: str = ""
    interrupted: str = ""
    settings: ExpectedSettings | None = None
    damaged: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
