"""What the operator decided: the same values whether they were typed, drawn on a screen or read from a file.

The file is TOML with `schema = 1`. It holds no secret, only where each comes from.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.printable import printable

SCHEMA = 1


class Goal(StrEnum):
    """What the operator came for."""

    SET_UP = "set-up"
    RE_KEY = "re-key"


class PrimaryKind(StrEnum):
    """Where the primary server runs."""

    ON_PREMISE = "on-premise"
    CLOUD = "cloud"


class ImportRoot(StrEnum):
    """Whether the root goes into the JRE's cacerts; `auto` looks whether it is there already."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class SourceKind(StrEnum):
    """Where a password comes from; the values are the keys in the file."""

    PROMPT = "prompt"
    FILE = "file"
    ENV = "env"
    FD = "fd"
    GENERATE = "generate"
    DEFAULT = "value-is-default"


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where a password comes from, never the password. `name` is the path, variable or descriptor."""

    kind: SourceKind = SourceKind.PROMPT
    name: str = ""


PROMPT = PasswordSource()
GENERATE = PasswordSource(SourceKind.GENERATE)
DEFAULT = PasswordSource(SourceKind.DEFAULT)


@dataclass(frozen=True, slots=True)
class PrimaryAnswers:
    """The primary server.

    Attributes:
        kind: on-premise or cloud.
        host: the name that gateways and clients dial; it must stand in the certificate.
        port: of the internal TLS link.
        nodes: where this primary is probed; several for a cluster.
        chain: files or folders with the certificate, its key and the CA certificates.
        password: opens these files.
        keystore_path: where the key store is written, a path of the server; empty means beside application.conf.
        keystore_password: of the store that is written.
        import_root: whether the root goes into cacerts.
        cacerts_password: of cacerts.
    """

    kind: PrimaryKind = PrimaryKind.ON_PREMISE
    host: str = ""
    port: int = 2560
    nodes: tuple[str, ...] = ("localhost",)
    chain: tuple[str, ...] = ()
    password: PasswordSource = PROMPT
    keystore_path: str = ""
    keystore_password: PasswordSource = GENERATE
    import_root: ImportRoot = ImportRoot.AUTO
    cacerts_password: PasswordSource = DEFAULT


@dataclass(frozen=True, slots=True)
class GatewayAnswers:
    """One gateway. The two store paths are where the stores will lie on the gateway itself."""

    host: str = ""
    chain: tuple[str, ...] = ()
    password: PasswordSource = PROMPT
    keystore_path: str = ""
    truststore_path: str = ""
    keystore_password: PasswordSource = GENERATE
    truststore_password: PasswordSource = GENERATE
    unattended_file: str = ""


@dataclass(frozen=True, slots=True)
class ClientAnswers:
    """One Windows client. `certificate_subject` is the text that the client searches for, or `auto`."""

    host: str = ""
    chain: tuple[str, ...] = ()
    password: PasswordSource = PROMPT
    local_storage: bool = True
    certificate_subject: str = "auto"


@dataclass(frozen=True, slots=True)
class AccountAnswers:
    """The account in the portal. `ocsp` is `unchanged`, `off`, `on` or a responder's URL."""

    ocsp: str = "unchanged"


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that was decided. Immutable: `put` gives a changed copy."""

    goal: Goal = Goal.SET_UP
    primary: PrimaryAnswers = field(default_factory=PrimaryAnswers)
    gateway: tuple[GatewayAnswers, ...] = ()
    client: tuple[ClientAnswers, ...] = ()
    account: AccountAnswers = field(default_factory=AccountAnswers)

    def get(self, key: str) -> Any:
        """The value at *key* in the form of the file: `primary.host`, `gateway.0.chain`, `goal`."""
        holder, name = self._holder(key)
        return getattr(holder, name)

    def put(self, key: str, value: Any) -> "Answers":
        """A copy with *value* at *key*. A list index one past the end appends a fresh entry first."""
        head, _, rest = key.partition(".")
        attribute = head.replace("-", "_")
        if not rest:
            return replace(self, **{attribute: value})
        if head in _LISTS:
            index_text, _, name = rest.partition(".")
            items, index = list(getattr(self, head)), int(index_text)
            if index == len(items):
                items.append(_LISTS[head]())
            items[index] = replace(items[index], **{name.replace("-", "_"): value})
            return replace(self, **{attribute: tuple(items)})
        return replace(self, **{attribute: replace(getattr(self, attribute), **{rest.replace("-", "_"): value})})

    def _holder(self, key: str) -> tuple[Any, str]:
        *path, name = key.replace("-", "_").split(".")
        holder: Any = self
        for part in path:
            holder = holder[int(part)] if part.isdigit() else getattr(holder, part)
        return holder, name


_LISTS: dict[str, type[GatewayAnswers] | type[ClientAnswers]] = {"gateway": GatewayAnswers, "client": ClientAnswers}

REFUSALS = (
    FindingSpec(
        "answers.not-toml",
        Severity.BLOCKER,
        "answers file is not TOML",
        "The answers file does not parse as TOML.",
        "Nothing can be read from it.",
        "Correct the named line; strings stand in double quotes.",
        "TOML 1.0",
    ),
    FindingSpec(
        "answers.unknown-key",
        Severity.BLOCKER,
        "unknown key in the answers file",
        "The answers file has a key that the wizard does not know.",
        "A mistyped key would silently mean the default.",
        "Correct the spelling; `plan --help` lists the keys.",
        "interface of the wizard",
    ),
    FindingSpec(
        "answers.unusable-value",
        Severity.BLOCKER,
        "unusable value in the answers file",
        "A value in the answers file is of the wrong kind or not one of those allowed.",
        "The wizard would have to guess.",
        "Give a value of the kind that the message names.",
        "interface of the wizard",
    ),
    FindingSpec(
        "answers.secret-inside",
        Severity.BLOCKER,
        "a password stands in the answers file",
        "A password is written out in the answers file.",
        "The file is copied and kept; whoever reads it has the password.",
        'Write where it comes from: { file = "PATH" }, { env = "NAME" } or { prompt = true }.',
        "design of the wizard",
    ),
)

_Section = TypeVar("_Section", PrimaryAnswers, GatewayAnswers, ClientAnswers, AccountAnswers)


def load(text: str, *, name: str = "the answers file") -> Answers:
    """Read the TOML *text*.

    Raises:
        WizardError: not TOML, an unknown key, a value of the wrong kind, or a password written out.
    """
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise WizardError(
            "answers.not-toml", f"{name} is not TOML: {printable(str(error))}.", "Correct that line.", name
        ) from error
    schema = data.pop("schema", None)
    if schema != SCHEMA:
        raise WizardError(
            "answers.unusable-value",
            f"{name} says schema = {printable(repr(schema))}; this wizard reads 1.",
            "Write schema = 1 first.",
            name,
        )
    _only(data, {"goal", "primary", "gateway", "client", "account"}, "", name)
    return Answers(
        goal=_enum(Goal, data.get("goal", "set-up"), "goal", name),
        primary=_section(PrimaryAnswers, data.get("primary", {}), "primary", name),
        gateway=tuple(
            _section(GatewayAnswers, item, f"gateway.{n}", name)
            for n, item in enumerate(_tables(data, "gateway", name))
        ),
        client=tuple(
            _section(ClientAnswers, item, f"client.{n}", name) for n, item in enumerate(_tables(data, "client", name))
        ),
        account=_section(AccountAnswers, data.get("account", {}), "account", name),
    )


def dump(answers: Answers) -> str:
    """The TOML text that `load` reads back to an equal value. Values equal to the default are written too."""
    lines = [f"schema = {SCHEMA}", f"goal = {_toml(answers.goal)}", "", "[primary]", *_section_lines(answers.primary)]
    for table, items in (("gateway", answers.gateway), ("client", answers.client)):
        for item in items:
            lines += ["", f"[[{table}]]", *_section_lines(item)]
    lines += ["", "[account]", *_section_lines(answers.account)]
    return "\n".join(lines) + "\n"


def _section_lines(section: PrimaryAnswers | GatewayAnswers | ClientAnswers | AccountAnswers) -> list[str]:
    return [f"{item.name.replace('_', '-')} = {_toml(getattr(section, item.name))}" for item in fields(section)]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, PasswordSource):
        shown = _toml(value.name) if value.kind in {SourceKind.FILE, SourceKind.ENV} else "true"
        return f"{{ {value.kind} = {value.name if value.kind is SourceKind.FD else shown} }}"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def _tables(data: Mapping[str, Any], key: str, name: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise _unusable(key, f"a list of tables: [[{key}]]", name)
    return value


def _section(kind: type[_Section], data: Any, where: str, name: str) -> _Section:
    if not isinstance(data, dict):
        raise _unusable(where, "a table", name)
    known = {item.name.replace("_", "-"): item for item in fields(kind)}
    _only(data, set(known), f"{where}.", name)
    default = kind()
    values = {
        known[key].name: _typed(getattr(default, known[key].name), value, f"{where}.{key}", name)
        for key, value in data.items()
    }
    return replace(default, **values)


def _typed(default: Any, value: Any, where: str, name: str) -> Any:
    if isinstance(default, PasswordSource):
        return _source(value, where, name)
    if isinstance(default, StrEnum):
        return _enum(type(default), value, where, name)
    if isinstance(default, tuple):
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise _unusable(where, 'a list of strings: ["..."]', name)
        return tuple(value)
    if type(value) is not type(default):
        words = {bool: "true or false", int: "a whole number", str: "a string"}
        raise _unusable(where, words[type(default)], name)
    return value


def _source(value: Any, where: str, name: str) -> PasswordSource:
    if isinstance(value, str):
        raise WizardError(
            "answers.secret-inside",
            f"{name} has a password written out at {where}.",
            'Write where it comes from: { file = "PATH" }, { env = "NAME" } or\n{ prompt = true }.',
            where,
        )
    if isinstance(value, dict) and len(value) == 1:
        key, content = next(iter(value.items()))
        if key in {"file", "env"} and isinstance(content, str) and content:
            return PasswordSource(SourceKind(key), content)
        if key == "fd" and type(content) is int:
            return PasswordSource(SourceKind.FD, str(content))
        if key in {"prompt", "generate", "value-is-default"} and content is True:
            return PasswordSource(SourceKind(key))
    raise _unusable(
        where, '{ file = "..." }, { env = "..." }, { fd = N }, { prompt = true } or { generate = true }', name
    )


_Enum = TypeVar("_Enum", bound=StrEnum)


def _enum(kind: type[_Enum], value: Any, where: str, name: str) -> _Enum:
    try:
        return kind(value)
    except ValueError:
        raise _unusable(where, "one of " + ", ".join(kind), name) from None


def _only(data: Mapping[str, Any], known: set[str], prefix: str, name: str) -> None:
    for key in data:
        if key not in known:
            raise WizardError(
                "answers.unknown-key",
                f"{name} has the key {printable(prefix + key, limit=60)}, which is not known.",
                "Known here: " + ", ".join(sorted(known)) + ".",
                prefix + key,
            )


def _unusable(where: str, wanted: str, name: str) -> WizardError:
    return WizardError(
        "answers.unusable-value", f"{name} has an unusable value at {where}.", f"It must be {wanted}.", where
    )
