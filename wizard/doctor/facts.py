"""All facts of a diagnosis, collected once; plain data that can be saved and checked again elsewhere.

No secret is in it: of a password only its verdicts are kept. Times are RFC 3339 in UTC or, for files and processes,
seconds since 1970.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import endpoint

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal of another package, as data: its code, message, hint and, for texts, its place."""

    code: str
    message: str
    hint: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of the product.

    Attributes:
        path: logical, as it is named.
        kind: `file`, `absent`, `folder`, `other`, or `unknown` when this account may not look; links are followed.
        link_to: where a symbolic link leads, "" when there is none.
        sha256: of the bytes, "" when they could not be read.
        size: bytes.
        mode: permission bits.
        uid: owner.
        gid: group.
        mtime: last change of the content, seconds since 1970.
        problem: why this account could not read it, "" when it could.
        service_reads: whether the service's account can read it, None when that is not known.
        blocked_at: the element of the path that stops the service's account.
        blocked_why: in words.
    """

    path: str
    kind: str = "absent"
    link_to: str = ""
    sha256: str = ""
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0
    problem: str = ""
    service_reads: bool | None = None
    blocked_at: str = ""
    blocked_why: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in application.conf: of a setting that does not count, or of a damage."""

    line: int
    path: str = ""
    text: str = ""
    same: bool = False
    """Whether it holds the value that counts."""
    works: bool | None = None
    """Whether the key store would open with it; None when that was not tried."""


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """One of the two settings as the server understands it.

    Attributes:
        path: of the setting in the document.
        text: its value; always "" for a password.
        empty: whether the value is empty.
        line: where it counts, from 1.
        source: the included file that contains it; "" for application.conf itself.
        shadowed: places of the same setting that do not count.
        elsewhere: other objects that have a setting of this name.
        decidable: False when something that could not be read may change it.
        reason: why not.
        flaws: odd things in the value: `not-ascii`, `replacement`, `typographic`, `space`, `control`, `cut`.
        overruled_by: the option or variable of Java's start that sets another value, which then counts; "" when the
            file does.
        overruled_at: where that is set.
    """

    path: str
    text: str = ""
    empty: bool = False
    line: int = 0
    source: str = ""
    shadowed: tuple[Place, ...] = ()
    elsewhere: tuple[Place, ...] = ()
    decidable: bool = True
    reason: str = ""
    flaws: tuple[str, ...] = ()
    overruled_by: str = ""
    overruled_at: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage to the text of application.conf, as `wizard.configs.damage` names it."""

    code: str
    message: str
    line: int = 0
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class ConfFacts:
    """application.conf.

    Attributes:
        file: the file itself.
        error: why it does not parse.
        damage: what an editor or a transfer did to its bytes.
        store_file: the setting of the key store's path; None when it is not set.
        password: the setting of its password; None when it is not set.
        commented: places where either setting is commented out, with their paths.
        includes: files that are included and that the server cannot read; `code` is the including file, "" for
            application.conf itself.
        other: the option of Java's start that names another file for the settings, with its value; "" when none does.
        other_at: where that is set.
    """

    file: FileFacts
    error: Refused | None = None
    damage: tuple[Damage, ...] = ()
    store_file: SettingFacts | None = None
    password: SettingFacts | None = None
    commented: tuple[Place, ...] = ()
    includes: tuple[Damage, ...] = ()
    other: str = ""
    other_at: str = ""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate, as far as checking it needs."""

    subject: str
    issuer: str
    sha256: str
    not_before: str
    not_after: str
    name: str = ""
    san: tuple[str, ...] = ()
    eku: tuple[str, ...] | None = None
    is_ca: bool = False
    self_issued: bool = False
    key: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding of the certificate rules about the installed chain: its code and the facts that fill it."""

    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The configured key store.

    Attributes:
        file: the file itself.
        format: by content (`pkcs12`, `jks`, `pem`, ...); "" when it could not be read.
        modern: whether it needs a Java that reads PBES2 (8u301, 11.0.12, 17).
        integrity: algorithm of its integrity check.
        encryption: its encryption algorithms.
        iterations: the highest iteration count.
        error: why it does not open with the password that application.conf gives.
        opened_by: where another password that opens it was found; "" when none was or none was needed.
        similar: a file nearby that opens with the configured password, when the configured one is not there.
        keys: private keys in it.
        key_matches: whether a key belongs to the leaf, None without any.
        chain: leaf first, as far as the issuers are in the file.
        complete: whether the chain ends in a root.
        missing_issuer: the distinguished name that is not in the file.
        judged: what the certificate rules say of the chain.
    """

    file: FileFacts
    format: str = ""
    modern: bool = False
    integrity: str = ""
    encryption: tuple[str, ...] = ()
    iterations: int = 0
    error: Refused | None = None
    opened_by: str = ""
    similar: str = ""
    keys: int = 0
    key_matches: bool | None = None
    chain: tuple[CertificateFacts, ...] = ()
    complete: bool = False
    missing_issuer: str = ""
    judged: tuple[Judged, ...] = ()

    @property
    def leaf(self) -> CertificateFacts | None:
        """The end-entity certificate."""
        return self.chain[0] if self.chain else None

    @property
    def usable(self) -> bool:
        """Whether our reader sees a leaf with its key."""
        return self.error is None and bool(self.chain) and self.key_matches is True


@dataclass(frozen=True, slots=True)
class JavaFacts:
    """The product's JRE.

    Attributes:
        home: logical path.
        present: `whole`, `no-keytool` (programs, but not that one), `bare` (no programs at all) or `absent`.
        version: "" when unknown.
        vendor: as it names itself.
        reads_modern: whether it reads PBES2 key stores; None when the version is unknown.
        proof: True when its keytool opened the key store and signed with the key; None when that was not tried.
        proof_code: of keytool's refusal.
        proof_text: what it printed, or why it was not run.
    """

    home: str
    present: str = "absent"
    version: str = ""
    vendor: str = ""
    reads_modern: bool | None = None
    proof: bool | None = None
    proof_code: str = ""
    proof_text: str = ""


@dataclass(frozen=True, slots=True)
class TrustFacts:
    """The JRE's cacerts.

    Attributes:
        file: the file itself.
        format: `jks` or `pkcs12`.
        error: why it does not open with the known password.
        entries: trust anchors in it.
        has_root: whether the root of the installed chain is in it by fingerprint; None when that is not known.
        namesake: whether another certificate of the root's name is in it.
        ours: anchors that were added for this product, by alias.
    """

    file: FileFacts
    format: str = ""
    error: Refused | None = None
    entries: int = 0
    has_root: bool | None = None
    namesake: bool = False
    ours: tuple[tuple[str, CertificateFacts], ...] = ()


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
    """The result of one probe of a node; the members are those of `wizard.probing.probe`."""

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


@dataclass(frozen=True, slots=True)
class DoctorFacts:
    """One diagnosis. A part that is None was not seen; `unseen` says why, by the name of the part.

    Attributes:
        port: of the primary.
        servername: the name that gateways connect to, as far as known.
        name_from: where that is known from: `given`, `plan`, `leaf`, or "" when it is not known.
        own_names: host names of this machine; empty when they are not known.
        is_here: whether a name in the installed certificate leads to this machine; None when it was not looked up.
        versions: TLS versions that the first node speaks, each tried alone.
        journal: the unit's last lines, oldest first.
        probes: one for each node, with the server name.
        without_name: the first node without any server name.
    """

    clock: ClockFacts
    port: int
    servername: str = ""
    name_from: str = ""
    own_names: tuple[str, ...] = ()
    is_here: bool | None = None
    conf: ConfFacts | None = None
    store: StoreFacts | None = None
    java: JavaFacts | None = None
    cacerts: TrustFacts | None = None
    unit: UnitFacts | None = None
    journal: tuple[str, ...] | None = None
    listening: ListenFacts | None = None
    probes: tuple[ProbeFacts, ...] | None = None
    without_name: ProbeFacts | None = None
    versions: tuple[str, ...] | None = None
    change: ChangeFacts | None = None
    unseen: Mapping[str, str] = field(default_factory=dict)
    wizard: str = ""
    schema: int = SCHEMA

    @property
    def serves_installed(self) -> bool:
        """Whether the first node presents the very leaf of the configured key store."""
        leaf = self.store.leaf if self.store is not None else None
        served = self.probes[0].leaf if self.probes else None
        return leaf is not None and served is not None and leaf.sha256 == served.sha256


def from_json(data: Any) -> DoctorFacts:
    """The reverse of `asdict`.

    Raises:
        WizardError: `doctor.facts-unusable`.
    """
    try:
        made = _made(DoctorFacts, {"schema": {SCHEMA: SCHEMA}[data["schema"]], **data})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WizardError(codes.DOCTOR_FACTS_UNUSABLE, reason=type(error).__name__) from None
    assert isinstance(made, DoctorFacts)  # noqa: S101 - asked for
    return made


def _made(kind: Any, value: Any) -> Any:
    if get_origin(kind) in {Union, types.UnionType}:
        if value is None:
            return None
        kind = next(each for each in get_args(kind) if each is not types.NoneType)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {name: _made(hints[name], member) for name, member in value.items() if name in hints}
        return kind(**known)  # type: ignore[operator]  # mypy cannot know that `kind` is the class itself
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_made(inner[0], each) for each in value)
        return tuple(_made(each, member) for each, member in zip(inner, value, strict=True))
    if kind in {str, int, float, bool}:
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, (float, int) if kind is float else kind):
            raise TypeError(kind.__name__)
        return value
    if not isinstance(value, Mapping):
        raise TypeError("object")
    return {str(name): member for name, member in value.items()}
