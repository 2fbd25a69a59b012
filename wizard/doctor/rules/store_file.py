"""The configured key store as a file: there, a file, readable by the service, and a PKCS12 file at all."""

from collections.abc import Iterator

from wizard.doctor.facts import DoctorFacts, StoreFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at, spec
from wizard.findings import Finding, Severity

_MANUAL = "manual, Primary server setup"
FALLBACK = "The server starts all the same, with its built-in certificate, and no gateway accepts that."

MISSING = spec(
    "store-missing",
    Severity.ERROR,
    "the key store is not there",
    "application.conf names {path}, and there is no such file.{similar}",
    why=FALLBACK,
    fix="Correct the path, or put the key store there.",
    source=_MANUAL,
)
LOST = spec(
    "store-lost",
    Severity.ERROR,
    "the key store that was set up is lost",
    "{path}, which change {change} of {at} had set up, is gone, empty or damaged.",
    why="An update of the product, or somebody, has removed it. " + FALLBACK,
    fix="Have what the changes left written again.",
    source="design of the wizard: the record of changes is the state to expect",
)
FOLDER = spec(
    "store-is-folder",
    Severity.ERROR,
    "the key store's path names a folder",
    "application.conf names {path}, which is a folder, not a file.{similar}",
    why=FALLBACK,
    fix="Name the file in it.",
    source=_MANUAL,
)
UNREADABLE = spec(
    "store-unreadable",
    Severity.ERROR,
    "the service may not read the key store",
    "The service cannot read {path}: {reason} (at {at}).",
    why=FALLBACK,
    fix="Give the service's account the right to read the file and to enter its folders.",
    source=_MANUAL + "; path_resolution(7)",
)
EMPTY = spec(
    "store-empty",
    Severity.ERROR,
    "the key store is an empty file",
    "{path} has no content.",
    why="A copy went wrong, mostly on a full disk. " + FALLBACK,
    fix="Install the key store again from the files of the PKI team.",
    source="JDK: the keystore file exists, but is empty",
)
NOT_PKCS12 = spec(
    "store-not-pkcs12",
    Severity.ERROR,
    "the key store is of another format",
    "{path} is {format}, and the server expects PKCS12 (.pfx).",
    why="The ending of a file's name says nothing to Java. " + FALLBACK,
    fix="Have it written as PKCS12.",
    source="JDK: toDerInputStream rejects tag type; Invalid keystore format",
)
DAMAGED = spec(
    "store-damaged",
    Severity.ERROR,
    "the key store is damaged",
    "{path} ({size} bytes) begins like a key store, but is damaged: {reason}",
    why="It was cut off, or sent as text instead of binary. " + FALLBACK,
    fix="Copy it again in binary mode and compare size and checksum, or run the set-up with the original.",
    source="JDK: EOFException, DerInputStream",
)
OPEN = spec(
    "store-world-readable",
    Severity.WARNING,
    "everybody can read the key store",
    "{path} has mode {mode}.",
    why="Only its password protects the private key from other accounts on this server.",
    fix="Mode 0640 with the service's group is enough.",
    source=_MANUAL + ": 0644 is its example; CWE-732",
)
SPECS = (MISSING, LOST, FOLDER, UNREADABLE, EMPTY, NOT_PKCS12, DAMAGED, OPEN)

_NAMES = {
    "jks": "a JKS file of Java",
    "pem": "a PEM text",
    "der": "a bare certificate",
    "pkcs7": "a PKCS7 file without any key",
    "key": "a private key alone",
    "text": "a text",
    "unknown": "no key store of any known kind",
}


def _store(facts: DoctorFacts) -> StoreFacts:
    assert facts.store is not None  # noqa: S101 - the rule's needs
    return facts.store


def read_store(facts: DoctorFacts) -> StoreFacts:
    """The store, when its bytes were read.

    Raises:
        NotApplicable: there is no such file.
        CouldNotLook: this account may not read it.
    """
    store = _store(facts)
    if store.file.problem:
        raise CouldNotLook(store.file.problem)
    if store.file.kind != "file":
        raise NotApplicable("the key store is not there")
    return store


def _there(facts: DoctorFacts) -> Iterator[Finding]:
    store = _store(facts)
    which = {"absent": MISSING, "folder": FOLDER, "other": FOLDER}.get(store.file.kind)
    if which is not None:
        nearby = f" {store.similar} opens with the configured password." if store.similar else ""
        yield Finding(which, file_at(store.file.path), {"path": store.file.path, "similar": nearby})


def _lost(facts: DoctorFacts) -> Iterator[Finding]:
    assert facts.change is not None  # noqa: S101 - the rule's needs
    expected = facts.change.settings
    if expected is None:
        raise NotApplicable("no key store was set up by the wizard")
    if expected.store_lost:
        values = {"path": expected.store_lost, "change": expected.change, "at": expected.at}
        yield Finding(LOST, file_at(expected.store_lost), values)


def _unreadable(facts: DoctorFacts) -> Iterator[Finding]:
    file = _store(facts).file
    if file.kind not in {"file", "unknown"}:
        raise NotApplicable("the key store is not there")
    if file.service_reads is None:
        raise CouldNotLook(file.blocked_why or "the service's account is not known")
    if not file.service_reads:
        values = {"path": file.path, "reason": file.blocked_why, "at": file.blocked_at or file.path}
        yield Finding(UNREADABLE, file_at(file.path), values)


def _format(facts: DoctorFacts) -> Iterator[Finding]:
    store = read_store(facts)
    path = store.file.path
    if store.format == "empty" or store.file.size == 0:
        yield Finding(EMPTY, file_at(path), {"path": path})
    elif store.error is not None and store.error.code in {"reading.damaged", "reading.algorithm-unsupported"}:
        values: dict[str, str | int] = {"path": path, "size": store.file.size, "reason": store.error.message}
        yield Finding(DAMAGED, file_at(path), values)
    elif store.format not in {"pkcs12", ""} and not facts.serves_installed:
        yield Finding(NOT_PKCS12, file_at(path), {"path": path, "format": _NAMES.get(store.format, store.format)})


def _open(facts: DoctorFacts) -> Iterator[Finding]:
    file = _store(facts).file
    if file.kind != "file":
        raise NotApplicable("the key store is not there")
    if file.service_reads is None:
        raise CouldNotLook("the service's account is not known, and 0644 is then what the manual gives")
    if file.mode & 0o004:
        yield Finding(OPEN, file_at(file.path), {"path": file.path, "mode": f"{file.mode:04o}"})


RULES = (
    Rule("doctor.store-missing", ("store",), _there),
    Rule("doctor.store-lost", ("change",), _lost),
    Rule("doctor.store-unreadable", ("store",), _unreadable),
    Rule("doctor.store-format", ("store",), _format),
    Rule("doctor.store-world-readable", ("store",), _open),
)
