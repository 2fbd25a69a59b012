"""The configured key store as a file: it exists, the service can read it, and it is PKCS12."""

from collections.abc import Iterator

from wizard import codes
from wizard.doctor.facts import DoctorFacts, StoreFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at
from wizard.findings import Finding

_NAMES = {
    "jks": "a JKS file of Java",
    "pem": "a PEM text",
    "der": "a bare certificate",
    "pkcs7": "a PKCS7 file without any key",
    "key": "only a private key",
    "text": "a text",
    "unknown": "not a known kind of key store",
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
        raise NotApplicable("the key store is missing")
    return store


def _there(facts: DoctorFacts) -> Iterator[Finding]:
    store = _store(facts)
    which = {
        "absent": codes.DOCTOR_STORE_MISSING,
        "folder": codes.DOCTOR_STORE_IS_FOLDER,
        "other": codes.DOCTOR_STORE_IS_FOLDER,
    }.get(store.file.kind)
    if which is not None:
        nearby = f" {store.similar} opens with the configured password." if store.similar else ""
        yield Finding(which, file_at(store.file.path), {"path": store.file.path, "similar": nearby})


def _lost(facts: DoctorFacts) -> Iterator[Finding]:
    assert facts.change is not None  # noqa: S101 - the rule's needs
    expected = facts.change.settings
    if expected is None:
        raise NotApplicable("the wizard has set up no key store")
    if expected.store_lost:
        values = {"path": expected.store_lost, "change": expected.change, "at": expected.at}
        yield Finding(codes.DOCTOR_STORE_LOST, file_at(expected.store_lost), values)


def _unreadable(facts: DoctorFacts) -> Iterator[Finding]:
    file = _store(facts).file
    if file.kind not in {"file", "unknown"}:
        raise NotApplicable("the key store is missing")
    if file.service_reads is None:
        raise CouldNotLook(file.blocked_why or "the service's account is not known")
    if not file.service_reads:
        values = {"path": file.path, "reason": file.blocked_why, "at": file.blocked_at or file.path}
        yield Finding(codes.DOCTOR_STORE_UNREADABLE, file_at(file.path), values)


def _format(facts: DoctorFacts) -> Iterator[Finding]:
    store = read_store(facts)
    path = store.file.path
    if store.format == "empty" or store.file.size == 0:
        yield Finding(codes.DOCTOR_STORE_EMPTY, file_at(path), {"path": path})
    elif store.error is not None and store.error.code in {
        codes.READING_DAMAGED.code,
        codes.READING_ALGORITHM_UNSUPPORTED.code,
    }:
        values: dict[str, str | int] = {"path": path, "size": store.file.size, "reason": store.error.message}
        yield Finding(codes.DOCTOR_STORE_DAMAGED, file_at(path), values)
    elif store.format not in {"pkcs12", ""} and not facts.serves_installed:
        yield Finding(
            codes.DOCTOR_STORE_NOT_PKCS12,
            file_at(path),
            {"path": path, "format": _NAMES.get(store.format, store.format)},
        )


def _open(facts: DoctorFacts) -> Iterator[Finding]:
    file = _store(facts).file
    if file.kind != "file":
        raise NotApplicable("the key store is missing")
    if file.service_reads is None:
        raise CouldNotLook("the service's account is not known, and the manual then recommends 0644")
    if file.mode & 0o004:
        yield Finding(
            codes.DOCTOR_STORE_WORLD_READABLE, file_at(file.path), {"path": file.path, "mode": f"{file.mode:04o}"}
        )


RULES = (
    Rule("doctor.store-missing", ("store",), _there),
    Rule("doctor.store-lost", ("change",), _lost),
    Rule("doctor.store-unreadable", ("store",), _unreadable),
    Rule("doctor.store-format", ("store",), _format),
    Rule("doctor.store-world-readable", ("store",), _open),
)
