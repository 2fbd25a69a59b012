"""The configured key store's content: password, private key, encryption, and what the product's Java says."""

from collections.abc import Iterator

from wizard import codes
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.doctor.facts import DoctorFacts, StoreFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at
from wizard.doctor.rules.store_file import read_store
from wizard.findings import Finding

_PASSWORD_CODES = (codes.READING_PASSWORD_WRONG.code, codes.READING_PASSWORD_NEEDED.code)


def _pkcs12(facts: DoctorFacts) -> StoreFacts:
    store = read_store(facts)
    if store.format != "pkcs12":
        raise NotApplicable("it is not a PKCS12 file")
    return store


def _opened(facts: DoctorFacts) -> StoreFacts:
    store = _pkcs12(facts)
    if store.error is not None:
        raise CouldNotLook("the key store does not open")
    return store


def _wrong(facts: DoctorFacts) -> Iterator[Finding]:
    store = _pkcs12(facts)
    if store.error is not None and store.error.code in _PASSWORD_CODES:
        evidence = f" It opens with {store.opened_by}." if store.opened_by else ""
        yield Finding(
            codes.DOCTOR_PASSWORD_WRONG, file_at(store.file.path), {"path": store.file.path, "evidence": evidence}
        )


def _not_ascii(facts: DoctorFacts) -> Iterator[Finding]:
    store = _pkcs12(facts)
    setting = facts.conf.password if facts.conf else None
    if setting is None:
        raise NotApplicable("no password is configured")
    if "not-ascii" in setting.flaws:
        yield Finding(codes.DOCTOR_PASSWORD_NOT_ASCII, file_at(store.file.path), {"path": store.file.path})


def _key_password(facts: DoctorFacts) -> Iterator[Finding]:
    store = _pkcs12(facts)
    if store.error is not None and store.error.code in KEY_PASSWORD_DIFFERS:
        yield Finding(codes.DOCTOR_KEY_PASSWORD, file_at(store.file.path), {"path": store.file.path})


def _too_new(facts: DoctorFacts) -> Iterator[Finding]:
    store, java = _pkcs12(facts), facts.java
    if java is None or java.reads_modern is None:
        raise CouldNotLook("the version of the product's Java is not known")
    if not store.modern or java.reads_modern:
        return
    if java.proof and facts.serves_installed:
        return  # its own keytool and its own port say otherwise
    values = {"path": store.file.path, "encryption": ", ".join(store.encryption), "version": java.version}
    yield Finding(codes.DOCTOR_STORE_TOO_NEW, file_at(store.file.path), values)


def _keys(facts: DoctorFacts) -> Iterator[Finding]:
    store = _opened(facts)
    path = store.file.path
    if store.keys == 0:
        yield Finding(codes.DOCTOR_STORE_NO_KEY, file_at(path), {"path": path})
    elif store.keys > 1 and not facts.serves_installed:
        yield Finding(codes.DOCTOR_STORE_TWO_KEYS, file_at(path), {"path": path, "keys": store.keys})
    elif store.keys == 1 and not store.key_matches:
        yield Finding(codes.DOCTOR_STORE_KEY_MISMATCH, file_at(path), {"path": path})


def _java(facts: DoctorFacts) -> Iterator[Finding]:
    store, java = read_store(facts), facts.java
    if java is None or java.proof is None:
        raise CouldNotLook(java.proof_text if java and java.proof_text else "the product's keytool is missing")
    if not java.proof:
        values = {"path": store.file.path, "reason": java.proof_text.rstrip("."), "keytool": java.proof_code}
        yield Finding(codes.DOCTOR_JAVA_REFUSES_STORE, file_at(store.file.path), values)


RULES = (
    Rule("doctor.password-wrong", ("store",), _wrong),
    Rule("doctor.password-not-ascii", ("store",), _not_ascii),
    Rule("doctor.key-password", ("store",), _key_password),
    Rule("doctor.store-too-new", ("store",), _too_new),
    Rule("doctor.store-keys", ("store",), _keys),
    Rule("doctor.java-refuses-store", ("store",), _java),
)
