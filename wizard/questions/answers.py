"""PEM text that was pasted instead of a file: kept only in memory, named in the answers by its content."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv6Address
from pathlib import PurePath, PurePosixPath
from typing import Any, TypeVar

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import endpoint, shell_words
from wizard.secret import Secret

MARK = "pasted: "
"""How the word in the answers begins that is there in place of the name of a file."""
BEGINS, ENDS = "-----BEGIN ", "-----END "
LARGEST = 256 * 1024
"""The longest text in characters; a chain with its key has about ten thousand."""

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,40})-----")
_END = re.compile(r"-----END ([A-Z0-9 #]{1,40})-----")


def is_pasted(word: str) -> bool:
    """Whether *word* of the answers means a pasted text and not a file."""
    return word.startswith(MARK)


def pasted_word(text: str) -> str:
    """The word in *text*, paths as they are typed, that means a pasted text; "" when there is none."""
    return next((word for word in shell_words(text) if is_pasted(word)), "")


def content(text: str) -> str:
    """What *text* holds, in words: `3 certificates, 1 key`.

    Raises:
        WizardError: `pasted.too-large`, `pasted.no-block`, or `pasted.incomplete`.
    """
    if len(text) > LARGEST:
        raise WizardError(codes.PASTED_TOO_LARGE, limit=LARGEST // 1024)
    begun = _BEGIN.findall(text)
    if not begun:
        raise WizardError(codes.PASTED_NO_BLOCK)
    if begun != _END.findall(text):
        raise WizardError(codes.PASTED_INCOMPLETE)
    keys = sum(label.endswith("PRIVATE KEY") for label in begun)
    certificates = sum(label.endswith("CERTIFICATE") for label in begun)
    return ", ".join(
        f"{number} {kind}{'' if number == 1 else 's'}"
        for number, kind in (
            (certificates, "certificate"),
            (keys, "key"),
            (len(begun) - keys - certificates, "other block"),
        )
        if number
    )


def word_for(text: str, taken: Collection[str]) -> str:
    """The word that names *text* in the answers, another one than those *taken*.

    Raises:
        WizardError: as `content`.
    """
    word = f"{MARK}{content(text)}"
    numbered = (f"{word} ({number})" for number in range(2, len(taken) + 3))
    return next(each for each in (word, *numbered) if each not in taken)


def text_of(word: str, pasted: Mapping[str, Secret]) -> bytes:
    """The text that *word* names.

    Raises:
        WizardError: `pasted.not-kept`.
    """
    if word not in pasted:
        raise WizardError(codes.PASTED_NOT_KEPT, subject=word)
    return pasted[word].reveal().encode("utf-8", "surrogatepass")


class SourceKind(StrEnum):
    """Where a password comes from; the values are the keys in the file."""

    PROMPT = "prompt"
    FILE = "file"
    ENV = "env"
    FD = "fd"
    GENERATE = "generate"
    KEEP = "keep"
    DEFAULT = "value-is-default"


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where a password comes from, never the password. `name` is the path, variable or descriptor."""

    kind: SourceKind = SourceKind.PROMPT
    name: str = ""


LAST_DESCRIPTOR = 2**31 - 1
"""Of a file; a C int holds no larger one."""
ENDPOINTS = "primary.endpoints"
"""The nodes of the primary with their port, as one answer."""
OCSP_CHECK, OCSP_URL = "account.ocsp-check", "account.ocsp-url"
"""The two OCSP settings of the portal, which are one answer in the file."""
RESPONDER = re.compile(r"https?://[!-~]{1,300}")
OCSP = ("unchanged", "off", "on")
"""What `account.ocsp` may be beside the URL of a responder."""
VERSIONS = {"others.gateways": ("gateway", "java", "Java"), "others.clients": ("client", "windows", "Windows")}
"""The table of the answers for each list of machines, its key for a version, and of what."""
ROOT = "roots."
"""Before the fingerprint of a root: whether that one is public, as one answer."""

_ENDPOINT = re.compile(r"(\[(?P<v6>[^\]]*)\]|(?P<name>[^:\[\]]+))(:(?P<port>[0-9]{1,5}))?|(?P<bare>[0-9A-Fa-f:]+)")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")


def is_full_path(text: str) -> bool:
    """Whether *text* is the full path of a file, without a step upwards."""
    path = PurePosixPath(text)
    return path.is_absolute() and ".." not in path.parts and bool(path.name) and not text.endswith("/")


def is_host(text: str) -> bool:
    """Whether *text* is a host name or an address: nothing else may reach a script, a path or a URL."""
    return HOST.fullmatch(text) is not None


def endpoints(text: str, port: int) -> tuple[tuple[str, ...], int]:
    """The hosts in *text* and the port of all of them; *port* when none is written.

    Raises:
        ValueError: one is no host or address, a port is no port, there is none, or two ports differ.
    """
    hosts: list[str] = []
    ports: set[int] = set()
    for item in text.split():
        found = _ENDPOINT.fullmatch(item)
        if found is None:
            raise ValueError(item)
        address = found["v6"] if found["name"] is None else ""
        host = found["name"] or str(IPv6Address(address if address is not None else found["bare"]))
        if not is_host(host):
            raise ValueError(item)
        hosts.append(host)
        ports |= {int(found["port"])} if found["port"] else set()
    one = ports.pop() if ports else port
    if not hosts or ports or not 0 < one < 65536:
        raise ValueError(text)
    return tuple(dict.fromkeys(hosts)), one


class Goal(StrEnum):
    """The operator's goal."""

    SET_UP = "set-up"
    RE_KEY = "re-key"
    RESCUE = "rescue"
    UNDO = "undo"
    LEFT = "left-to-do"
    """Read and tick the checklist for the other machines; nothing is changed here."""
    MAINTAIN = "maintain-stores"
    """One change of the stores that are installed here, with the certificate that is there."""

    @property
    def installs(self) -> bool:
        """Whether certificates are put in place."""
        return self in {Goal.SET_UP, Goal.RE_KEY}


class Maintenance(StrEnum):
    """What is to be done with the installed stores."""

    PASSWORD = "password"  # noqa: S105 - a kind of change
    ALIAS = "alias"
    BUILT_IN = "built-in"
    """Back to the built-in certificate."""
    REMOVE_CA = "remove-ca"
    """Remove the expired CA certificates that the wizard has put into cacerts."""


class PrimaryKind(StrEnum):
    """Where the primary server runs."""

    ON_PREMISE = "on-premise"
    CLOUD = "cloud"
    ELSEWHERE = "elsewhere"
    """On another machine of the company: this one is a gateway, the first of the answers."""


class CloudSupport(StrEnum):
    """Whether a cloud primary supports your own CA certificates: the vendor's documents contradict each other."""

    UNCLEAR = "unclear"
    ACCEPTED = "accepted"
    """The vendor confirmed it, or the operator continues regardless."""


class OcspProbe(StrEnum):
    """Whether the OCSP responders of the certificates may be asked from this machine."""

    NO = "no"
    YES = "yes"


class RootKind(StrEnum):
    """Whose root a chain ends in, by the operator's word."""

    UNCLEAR = "unclear"
    PRIVATE = "private"
    PUBLIC = "public"


class Offer(StrEnum):
    """A repair that the wizard offers; without a person to ask, `ask` means no."""

    ASK = "ask"
    YES = "yes"
    NO = "no"


class ImportRoot(StrEnum):
    """Whether the root goes into the JRE's cacerts; `auto` looks whether it is there already."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class Phase(StrEnum):
    """Which part of a change of the root is next; the values are the keys in the file, in the order of the work."""

    AUTO = "auto"
    """As this machine and the checklist show."""
    TRUST_ROOT = "trust-root"
    """The new root is trusted everywhere, beside the old one."""
    OTHERS = "others"
    """Gateways and clients get their new certificates."""
    PRIMARY = "primary"
    """The primary gets its new certificate."""
    RETIRE_ROOT = "retire-root"
    """The old root is removed everywhere."""
    AT_ONCE = "at-once"
    """No phases: everything in one change."""

    @property
    def number(self) -> int:
        """1 to 4, and 0 for what is no single phase."""
        return PHASES.index(self) + 1 if self in PHASES else 0

    @property
    def trusts_alone(self) -> bool:
        """Whether it changes trust alone, and no certificate of a machine."""
        return self in {Phase.TRUST_ROOT, Phase.RETIRE_ROOT}


PHASES = (Phase.TRUST_ROOT, Phase.OTHERS, Phase.PRIMARY, Phase.RETIRE_ROOT)

PROMPT = PasswordSource()
GENERATE = PasswordSource(SourceKind.GENERATE)
KEEP = PasswordSource(SourceKind.KEEP)
"""The password that is installed already."""
DEFAULT = PasswordSource(SourceKind.DEFAULT)


@dataclass(frozen=True, slots=True)
class PrimaryAnswers:
    """The primary server.

    Attributes:
        kind: on-premises, cloud, or elsewhere (this machine is a gateway).
        cloud_support: for cloud, whether it is known to take trusted CA certificates.
        cloud_authorities: for cloud, files or folders with the CA certificates of its address, if the vendor named any.
        host: the name that gateways and clients connect to; it must be in the certificate.
        port: of the internal TLS link.
        nodes: where this primary is probed; several for a cluster.
        chain: files or folders with the certificate, its key and the CA certificates.
        password: opens these files.
        key_password: of a private key in them that has another password than its store.
        keystore_path: where the key store is written, a path of the server; empty means beside application.conf.
        keystore_password: of the store that is written.
        alias: of the entry in it; empty means the name in the certificate.
        import_root: whether the root goes into cacerts.
        cacerts_password: of cacerts.
    """

    kind: PrimaryKind = PrimaryKind.ON_PREMISE
    cloud_support: CloudSupport = CloudSupport.UNCLEAR
    cloud_authorities: tuple[str, ...] = ()
    host: str = ""
    port: int = 2560
    nodes: tuple[str, ...] = ("localhost",)
    chain: tuple[str, ...] = ()
    password: PasswordSource = PROMPT
    key_password: PasswordSource = PROMPT
    keystore_path: str = ""
    keystore_password: PasswordSource = GENERATE
    alias: str = ""
    import_root: ImportRoot = ImportRoot.AUTO
    cacerts_password: PasswordSource = DEFAULT


@dataclass(frozen=True, slots=True)
class GatewayAnswers:
    """One gateway.

    Attributes:
        keystore_path: of the key store on the gateway itself; so is `truststore_path`.
        unattended_repair: whether damage of the unattended file, such as CRLF, is repaired with the same change.
        unattended_restrict: whether others lose the right to read that file, when it holds passwords.
        java: the version of the gateway's Java, "17.0.9" or "8u292"; "" when it is not known.
    """

    host: str = ""
    chain: tuple[str, ...] = ()
    password: PasswordSource = PROMPT
    key_password: PasswordSource = PROMPT
    keystore_path: str = ""
    truststore_path: str = ""
    keystore_password: PasswordSource = GENERATE
    truststore_password: PasswordSource = GENERATE
    unattended_file: str = ""
    unattended_repair: Offer = Offer.ASK
    unattended_restrict: Offer = Offer.ASK
    java: str = ""


@dataclass(frozen=True, slots=True)
class ClientAnswers:
    """One Windows client.

    Attributes:
        certificate_subject: the text that the client searches for, or `auto`.
        windows: its version, "11" or "Server 2016"; "" when it is not known.
    """

    host: str = ""
    chain: tuple[str, ...] = ()
    password: PasswordSource = PROMPT
    key_password: PasswordSource = PROMPT
    local_storage: bool = True
    certificate_subject: str = "auto"
    windows: str = ""


@dataclass(frozen=True, slots=True)
class AccountAnswers:
    """The account in the portal.

    Attributes:
        ocsp: `unchanged`, `off`, `on` or a responder's URL.
        ocsp_probe: whether the responders may be asked from this machine.
        public_roots: SHA-256 fingerprints of roots that are public, by the operator's word.
        private_roots: likewise of roots that are not, although cacerts has them.
    """

    ocsp: str = "unchanged"
    ocsp_probe: OcspProbe = OcspProbe.NO
    public_roots: tuple[str, ...] = ()
    private_roots: tuple[str, ...] = ()

    @property
    def responder(self) -> str | None:
        """The URL of the company's own responder, if one was given."""
        return None if self.ocsp in OCSP else self.ocsp

    def root(self, sha256: str) -> RootKind:
        """The operator's answer about one root."""
        if sha256 in self.private_roots:
            return RootKind.PRIVATE
        return RootKind.PUBLIC if sha256 in self.public_roots else RootKind.UNCLEAR

    def with_root(self, sha256: str, kind: RootKind) -> "AccountAnswers":
        """A copy that says this of one root."""
        public = tuple(each for each in self.public_roots if each != sha256)
        private = tuple(each for each in self.private_roots if each != sha256)
        return replace(
            self,
            public_roots=(*public, sha256) if kind is RootKind.PUBLIC else public,
            private_roots=(*private, sha256) if kind is RootKind.PRIVATE else private,
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that was decided. Immutable: `put` gives a changed copy.

    `packs` is the folder for what other machines need, `change` the one to undo, `maintenance` what is changed in the
    installed stores, `phase` the part of a change of the root.
    """

    goal: Goal = Goal.SET_UP
    primary: PrimaryAnswers = field(default_factory=PrimaryAnswers)
    gateway: tuple[GatewayAnswers, ...] = ()
    client: tuple[ClientAnswers, ...] = ()
    account: AccountAnswers = field(default_factory=AccountAnswers)
    packs: str = "cloudstream-packs"
    change: str = ""
    maintenance: Maintenance = Maintenance.PASSWORD
    phase: Phase = Phase.AUTO

    def get(self, key: str) -> Any:
        """The value at *key* in the form of the file: `primary.host`, `gateway.0.chain`, `goal`.

        A list index one past the end reads as a fresh entry, as `put` would make it.

        `others.gateways` and `others.clients` are the hosts of all of them, `others.chain` the files of all of them,
        `primary.endpoints` the nodes with their port as one text, `roots.SHA256` the answer about that root,
        `account.ocsp-check` and `account.ocsp-url` the two settings in `account.ocsp`.
        """
        if key == ENDPOINTS:
            return " ".join(endpoint(node, self.primary.port) for node in self.primary.nodes)
        if key in {OCSP_CHECK, OCSP_URL}:
            own = self.account.responder
            return (own or "") if key == OCSP_URL else "on" if own else self.account.ocsp
        if key.startswith(ROOT):
            return self.account.root(key.removeprefix(ROOT))
        if key in _HOSTS:
            return tuple(one.host for one in getattr(self, _HOSTS[key]))
        if key == "others.chain":
            chains = [one.chain for one in self.gateway] + [one.chain for one in self.client]
            return next(filter(None, chains), self._beside_primary())
        holder, name = self._holder(key)
        return getattr(holder, name)

    def table(self, role: str) -> "PrimaryAnswers | GatewayAnswers | ClientAnswers":
        """The answers for one machine: `primary`, `gateway.0`, `client.1`."""
        kind, _, index = role.partition(".")
        return self._entry(kind, int(index)) if index else self.primary

    def store_of(self, key: str) -> str:
        """The store whose password is the answer *key*, such as `gateway.0.keystore-password`, in words."""
        role, _, field = key.rpartition(".")
        store = "trust store" if field.startswith("truststore") else "key store"
        host = self.table(role).host
        return f"the {store} of {host}" if host else f"the {store}"

    def of_hosts(self, phase: Phase) -> "Answers":
        """What a plan that is kept is checked by: the machines by their names alone, and *phase*."""
        return Answers(
            goal=self.goal,
            phase=phase,
            primary=PrimaryAnswers(self.primary.kind, host=self.primary.host, port=self.primary.port),
            gateway=tuple(GatewayAnswers(host=one.host) for one in self.gateway),
            client=tuple(ClientAnswers(host=one.host, local_storage=one.local_storage) for one in self.client),
            account=self.account,
        )

    def other_roles(self) -> list[str]:
        """The gateways, and the clients that need a certificate, as `gateway.0`, `client.1`."""
        gateways = [f"gateway.{number}" for number in range(len(self.gateway))]
        return gateways + [f"client.{number}" for number, one in enumerate(self.client) if one.local_storage]

    def roles_at(self, role: str) -> list[str]:
        """The machines that a step for *role* is about; `others` means every one of `other_roles`."""
        return self.other_roles() if role == "others" else [role]

    def put(self, key: str, value: Any) -> "Answers":
        """A copy with *value* at *key*. A list index one past the end appends a fresh entry first."""
        if key.startswith(ROOT):
            return replace(self, account=self.account.with_root(key.removeprefix(ROOT), value))
        if key == OCSP_CHECK:
            kept = value == "on" and self.account.responder
            return self if kept else replace(self, account=replace(self.account, ocsp=value))
        if key == OCSP_URL:
            # An address counts only when the check is on.
            wanted = (value or "on") if self.get(OCSP_CHECK) == "on" else self.account.ocsp
            return replace(self, account=replace(self.account, ocsp=wanted))
        if key in _HOSTS:
            return self._with_hosts(_HOSTS[key], value)
        if key == ENDPOINTS:
            nodes, port = endpoints(value, self.primary.port)
            return replace(self, primary=replace(self.primary, nodes=nodes, port=port))
        if key == "others.chain":
            gateways = tuple(replace(one, chain=value) for one in self.gateway)
            return replace(self, gateway=gateways, client=tuple(replace(one, chain=value) for one in self.client))
        head, _, rest = key.partition(".")
        attribute = head.replace("-", "_")
        if not rest:
            return replace(self, **{attribute: value})
        if head in _LISTS:
            index_text, _, name = rest.partition(".")
            items, index = list(getattr(self, head)), int(index_text)
            items[index : index + 1] = [replace(self._entry(head, index), **{name.replace("-", "_"): value})]
            return replace(self, **{attribute: tuple(items)})  # type: ignore[arg-type]  # the list's own type
        return replace(self, **{attribute: replace(getattr(self, attribute), **{rest.replace("-", "_"): value})})

    def _with_hosts(self, table: str, hosts: tuple[str, ...]) -> "Answers":
        """One entry for each of *hosts*; those that were there keep what was answered for them."""
        files = self.get("others.chain")
        known = {one.host: one for one in getattr(self, table)}
        entries = tuple(known.get(host) or _LISTS[table](host=host, chain=files) for host in dict.fromkeys(hosts))
        return replace(self, **{table: entries})  # type: ignore[arg-type]  # the list's own type

    def _beside_primary(self) -> tuple[str, ...]:
        """Where the files of the other machines most likely are: the folder of the primary's."""
        files = (name for name in self.primary.chain if not is_pasted(name))
        places = (str(PurePath(name).parent) if PurePath(name).suffix else name for name in files)
        return tuple(dict.fromkeys(places))

    def _holder(self, key: str) -> tuple[Any, str]:
        *path, name = key.replace("-", "_").split(".")
        holder: Any = self
        for part in path:
            holder = self._entry(path[0], int(part)) if part.isdigit() else getattr(holder, part)
        return holder, name

    def _entry(self, table: str, index: int) -> "GatewayAnswers | ClientAnswers":
        items: tuple[GatewayAnswers | ClientAnswers, ...] = getattr(self, table)
        return items[index] if index != len(items) else _LISTS[table]()


_HOSTS = {"others.gateways": "gateway", "others.clients": "client"}
_LISTS: dict[str, type[GatewayAnswers] | type[ClientAnswers]] = {"gateway": GatewayAnswers, "client": ClientAnswers}
TABLES: dict[str, type[Any]] = {"primary": PrimaryAnswers, **_LISTS, "account": AccountAnswers}
"""The tables of the answers file; of `SEVERAL` there may be several."""
SEVERAL = tuple(_LISTS)
Table = TypeVar("Table", PrimaryAnswers, GatewayAnswers, ClientAnswers)
