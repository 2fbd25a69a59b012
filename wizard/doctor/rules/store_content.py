"""The configured key store's content: password, private key, encryption, and what the product's Java says."""

from collections.abc import Iterator

from wizard.certificates.formats.refusals import KEY_PASSWORD_DIFFERS
from wizard.doctor.facts import DoctorFacts, StoreFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at, spec
from wizard.doctor.rules.store_file import FALLBACK, read_store
from wizard.findings import Finding, Severity

WRONG = spec(
    "password-wrong",
    Severity.ERROR,
    "the configured password does not open the key store",
    "The password in application.conf does not open {path}.{evidence}",
    why=FALLBACK,
    fix="Set the right password in application.conf.",
    source="manual, Primary server setup; JDK: keystore password was incorrect",
)
NOT_ASCII = spec(
    "password-not-ascii",
    Severity.ERROR,
    "Java does not take this password",
    "The key store's password holds a character outside ASCII, and Java refuses that for a PKCS12 file.",
    why="Java then says that the password is wrong, although it is right. " + FALLBACK,
    fix="Have the key store written anew with an ASCII password.",
    source="measured with Java 17: Password is not ASCII",
)
KEY_PASSWORD = spec(
    "key-password",
    Severity.ERROR,
    "the private key has another password than the store",
    "The configured password opens {path}, but not the private key in it.",
    why="The server is given one password and uses it for both. " + FALLBACK,
    fix="Have the key store written anew with one password for both; the key's own password is needed for that.",
    source="JDK: Get Key failed: Given final block not properly padded",
)
TOO_NEW = spec(
    "store-too-new",
    Severity.ERROR,
    "the product's Java is too old for the key store",
    "{path} is encrypted with {encryption}, which Java {version} cannot read.",
    why="Java older than 8u301 or 11.0.12 says that the password is wrong, although it is right. " + FALLBACK,
    fix="Have the key store written anew with the encryption that every Java reads.",
    source="JDK-8076190; Oracle: versions with the pkcs12 security properties",
)
NO_KEY = spec(
    "store-no-key",
    Severity.ERROR,
    "the key store has no private key",
    "{path} holds certificates, but no private key.",
    why="Without its private key a certificate cannot be used in a TLS handshake. " + FALLBACK,
    fix="Ask for the PFX that was exported together with the private key, then run the set-up with it.",
    source="RFC 7292; manual, Setup preparation",
)
MISMATCH = spec(
    "store-key-mismatch",
    Severity.ERROR,
    "the private key belongs to another certificate",
    "The private key in {path} does not belong to its certificate.",
    why="The two halves come from different requests. " + FALLBACK,
    fix="Find the key of this certificate, or ask for a certificate for this key; then run the set-up.",
    source="RFC 5280, section 4.1.2.7",
)
TWO_KEYS = spec(
    "store-two-keys",
    Severity.ERROR,
    "the key store holds several private keys",
    "{path} holds {keys} private keys; the server may choose the wrong one.",
    why="Java takes the first key entry that fits, and an old or test certificate may come first.",
    fix="Have the key store written anew with the one key that belongs here.",
    source="JDK SunX509 key manager; measured with Java 17",
)
REFUSED = spec(
    "java-refuses-store",
    Severity.ERROR,
    "the product's Java refuses the key store",
    "The product's own keytool cannot use {path}: {reason}.",
    why=FALLBACK,
    fix="Have the key store written anew; the wizard proves the result with this Java first.",
    source="keytool of the product's JRE",
)
SPECS = (WRONG, NOT_ASCII, KEY_PASSWORD, TOO_NEW, NO_KEY, MISMATCH, TWO_KEYS, REFUSED)

_PASSWORD_CODES = ("reading.password-wrong", "reading.password-needed")


def _pkcs12(facts: DoctorFacts) -> StoreFacts:
    store = read_store(facts)
    if store.format != "pkcs12":
        raise NotApplicable("it is no PKCS12 file")
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
        yield Finding(WRONG, file_at(store.file.path), {"path": store.file.path, "evidence": evidence})


def _not_ascii(facts: DoctorFacts) -> Iterator[Finding]:
    store = _pkcs12(facts)
    setting = facts.conf.password if facts.conf else None
    if setting is None:
        raise NotApplicable("no password is configured")
    if "not-ascii" in setting.flaws:
        yield Finding(NOT_ASCII, file_at(store.file.path), {"path": store.file.path})


def _key_password(facts: DoctorFacts) -> Iterator[Finding]:
    store = _pkcs12(facts)
    if store.error is not None and store.error.code in KEY_PASSWORD_DIFFERS:
        yield Finding(KEY_PASSWORD, file_at(store.file.path), {"path": store.file.path})


def _too_new(facts: DoctorFacts) -> Iterator[Finding]:
    store, java = _pkcs12(facts), facts.java
    if java is None or java.reads_modern is None:
        raise CouldNotLook("the version of the product's Java is not known")
    if not store.modern or java.reads_modern:
        return
    if java.proof and facts.serves_installed:
        return  # its own keytool and its own port say otherwise
    values = {"path": store.file.path, "encryption": ", ".join(store.encryption), "version": java.version}
    yield Finding(TOO_NEW, file_at(store.file.path), values)


def _keys(facts: DoctorFacts) -> Iterator[Finding]:
    store = _opened(facts)
    path = store.file.path
    if store.keys == 0:
        yield Finding(NO_KEY, file_at(path), {"path": path})
    elif store.keys > 1 and not facts.serves_installed:
        yield Finding(TWO_KEYS, file_at(path), {"path": path, "keys": store.keys})
    elif store.keys == 1 and not store.key_matches:
        yield Finding(MISMATCH, file_at(path), {"path": path})


def _java(facts: DoctorFacts) -> Iterator[Finding]:
    store, java = read_store(facts), facts.java
    if java is None or java.proof is None:
        raise CouldNotLook(java.proof_text if java and java.proof_text else "the product's keytool is not there")
    if not java.proof:
        values = {"path": store.file.path, "reason": java.proof_text.rstrip("."), "keytool": java.proof_code}
        yield Finding(REFUSED, file_at(store.file.path), values)


RULES = (
    Rule("doctor.password-wrong", ("store",), _wrong),
    Rule("doctor.password-not-ascii", ("store",), _not_ascii),
    Rule("doctor.key-password", ("store",), _key_password),
    Rule("doctor.store-too-new", ("store",), _too_new),
    Rule("doctor.store-keys", ("store",), _keys),
    Rule("doctor.java-refuses-store", ("store",), _java),
)
