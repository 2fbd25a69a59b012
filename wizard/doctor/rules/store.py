"""The configured key store: as a file, its content, what the product's Java says, and its chain of certificates."""

import re
from collections.abc import Iterator

from wizard import codes
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.hostnames import covers
from wizard.doctor.facts import CertificateFacts, ChangeFacts, DoctorFacts, StoreFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, at_file, read, unreadable
from wizard.findings import Finding, Locator

_NAMES = {
    "jks": "a JKS file of Java",
    "pem": "a PEM text",
    "der": "a bare certificate",
    "pkcs7": "a PKCS7 file without any key",
    "key": "only a private key",
    "text": "a text",
    "unknown": "not a known kind of key store",
}
_PASSWORD_CODES = (codes.READING_PASSWORD_WRONG.code, codes.READING_PASSWORD_NEEDED.code)

_DAMAGED_CODES = (codes.READING_DAMAGED.code, codes.READING_ALGORITHM_UNSUPPORTED.code)

_NOT_FOR_A_STORE = (codes.KEY_MISSING.code, codes.KEY_MISMATCH.code, codes.ALGORITHM_RSA_PSS.code)
"""Left to the rules for key stores, which name the file and ask Java whether it can use the key."""

_HOST_LIKE = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)+")
_GENERIC = re.compile(r"\d{4}|store|cert|chain|key|tls|ssl|new|old|backup|default|cloudstream|safeq|hcp")


def _there(_facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    which = codes.DOCTOR_STORE_MISSING if store.file.kind == "absent" else codes.DOCTOR_STORE_IS_FOLDER
    if store.file.kind in {"absent", "folder", "other"}:
        nearby = f" {store.similar} opens with the configured password." if store.similar else ""
        yield at_file(which, store.file.path, similar=nearby)


def _lost(_facts: DoctorFacts, change: ChangeFacts) -> Iterator[Finding]:
    expected = change.settings
    if expected is None:
        raise NotApplicable("the wizard has set up no key store")
    if expected.store_lost:
        yield at_file(codes.DOCTOR_STORE_LOST, expected.store_lost, change=expected.change, at=expected.at)


def _unreadable(_facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    file = store.file
    if file.kind not in {"file", "unknown"}:
        raise NotApplicable("the key store is missing")
    yield from unreadable(codes.DOCTOR_STORE_UNREADABLE, file)


def _format(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    read(store.file, "the key store")
    path, error = store.file.path, store.error
    if store.format == "empty" or store.file.size == 0:
        yield at_file(codes.DOCTOR_STORE_EMPTY, path)
    elif error is not None and error.code in _DAMAGED_CODES:
        yield at_file(codes.DOCTOR_STORE_DAMAGED, path, size=store.file.size, reason=error.message)
    elif store.format not in {"pkcs12", ""} and not facts.serves_installed:
        yield at_file(codes.DOCTOR_STORE_NOT_PKCS12, path, format=_NAMES.get(store.format, store.format))


def _open(_facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    file = store.file
    if file.kind != "file":
        raise NotApplicable("the key store is missing")
    if file.service_reads is None:
        raise CouldNotLook("the service's account is not known, and the manual then recommends 0644")
    if file.mode & 0o004:
        yield at_file(codes.DOCTOR_STORE_WORLD_READABLE, file.path, mode=f"{file.mode:04o}")


def _pkcs12(store: StoreFacts) -> None:
    read(store.file, "the key store")
    if store.format != "pkcs12":
        raise NotApplicable("it is not a PKCS12 file")


def _wrong(_facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    _pkcs12(store)
    if store.error is not None and store.error.code in _PASSWORD_CODES:
        evidence = f" It opens with {store.opened_by}." if store.opened_by else ""
        yield at_file(codes.DOCTOR_PASSWORD_WRONG, store.file.path, evidence=evidence)


def _not_ascii(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    _pkcs12(store)
    setting = facts.conf.password if facts.conf else None
    if setting is None:
        raise NotApplicable("no password is configured")
    if "not-ascii" in setting.flaws:
        yield at_file(codes.DOCTOR_PASSWORD_NOT_ASCII, store.file.path)


def _key_password(_facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    _pkcs12(store)
    if store.error is not None and store.error.code in KEY_PASSWORD_DIFFERS:
        yield at_file(codes.DOCTOR_KEY_PASSWORD, store.file.path)


def _too_new(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    _pkcs12(store)
    java = facts.java
    if java is None or java.reads_modern is None:
        raise CouldNotLook("the version of the product's Java is not known")
    # Its own keytool and its own port may say otherwise.
    if store.modern and not java.reads_modern and not (java.proof and facts.serves_installed):
        values = {"encryption": ", ".join(store.encryption), "version": java.version}
        yield at_file(codes.DOCTOR_STORE_TOO_NEW, store.file.path, **values)


def _keys(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    _pkcs12(store)
    if store.error is not None:
        raise CouldNotLook("the key store does not open")
    path = store.file.path
    if store.keys == 0:
        yield at_file(codes.DOCTOR_STORE_NO_KEY, path)
    elif store.keys > 1 and not facts.serves_installed:
        yield at_file(codes.DOCTOR_STORE_TWO_KEYS, path, keys=store.keys)
    elif store.keys == 1 and not store.key_matches:
        yield at_file(codes.DOCTOR_STORE_KEY_MISMATCH, path)


def _java(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    read(store.file, "the key store")
    java = facts.java
    if java is None or java.proof is None:
        raise CouldNotLook(java.proof_text if java and java.proof_text else "the product's keytool is missing")
    if not java.proof:
        values = {"reason": java.proof_text.rstrip("."), "keytool": java.proof_code}
        yield at_file(codes.DOCTOR_JAVA_REFUSES_STORE, store.file.path, **values)


def _leaf(store: StoreFacts) -> CertificateFacts:
    read(store.file, "the key store")
    if store.leaf is None:
        raise CouldNotLook("the key store does not open, or contains no certificate")
    return store.leaf


def _judged(_facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    _leaf(store)
    for item in store.judged:
        if item.code in codes.ALL and item.code not in _NOT_FOR_A_STORE:
            where = Locator("certificate", path=store.file.path, sha256=item.sha256)
            finding = Finding(codes.ALL[item.code], where, item.facts)
            if not _fillable(finding):
                raise CouldNotLook("the saved results about the certificates are from another version")
            yield finding


def _fillable(finding: Finding) -> bool:
    """Whether the facts, which may come from a file, fill the finding's texts."""
    try:
        return bool(finding.message and finding.fix)
    except (KeyError, IndexError):
        return False


def _named(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    leaf = _leaf(store)
    if facts.name_from in {"given", "plan"}:
        raise NotApplicable("the name that gateways connect to is known")
    stem = store.file.path.rpartition("/")[2].rpartition(".")[0].lower()
    if not _HOST_LIKE.fullmatch(stem) or _GENERIC.search(stem):
        raise NotApplicable("the file is not named after a host")
    names = [name.lower() for name in (*leaf.san, leaf.name)]
    short = {name.partition(".")[0] for name in names}
    if stem not in {*names, *short} and stem.partition(".")[0] not in short:
        values = {"stem": stem, "names": ", ".join(names[:4]) or "no host"}
        yield at_file(codes.DOCTOR_STORE_NAMED_OTHERWISE, store.file.path, **values)


def _another_host(facts: DoctorFacts, store: StoreFacts) -> Iterator[Finding]:
    leaf = _leaf(store)
    if facts.name_from in {"given", "plan"}:
        raise NotApplicable("the name that gateways connect to is known")
    if not facts.own_names:
        raise CouldNotLook("the name of this machine is not known")
    names = [name.lower() for name in leaf.san] or [leaf.name.lower()]
    first = {name.partition(".")[0] for name in facts.own_names}
    own = any(covers(name, each) for name in names for each in facts.own_names)
    # A machine often knows only the first label of its name: it may be in any domain.
    short = first & {name.partition(".")[0] for name in names}
    starred = any(name.startswith("*.") for name in names) and not any("." in name for name in facts.own_names)
    if not (own or short or starred or facts.is_here):
        values = {"names": ", ".join(names[:4]), "own": ", ".join(facts.own_names)}
        yield at_file(codes.DOCTOR_FOR_ANOTHER_HOST, store.file.path, **values)


RULES = (
    Rule("doctor.store-missing", ("store",), _there),
    Rule("doctor.store-lost", ("change",), _lost),
    Rule("doctor.store-unreadable", ("store",), _unreadable),
    Rule("doctor.store-format", ("store",), _format),
    Rule("doctor.store-world-readable", ("store",), _open),
    Rule("doctor.password-wrong", ("store",), _wrong),
    Rule("doctor.password-not-ascii", ("store",), _not_ascii),
    Rule("doctor.key-password", ("store",), _key_password),
    Rule("doctor.store-too-new", ("store",), _too_new),
    Rule("doctor.store-keys", ("store",), _keys),
    Rule("doctor.java-refuses-store", ("store",), _java),
    Rule("doctor.for-another-host", ("store",), _another_host),
    Rule("doctor.certificates", ("store",), _judged),
    Rule("doctor.store-named-otherwise", ("store",), _named),
)
