"""The files of the product as a doctor sees them: settings, key store, Java, trust store; plain data, no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
