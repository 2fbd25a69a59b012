"""The product's Java and its cacerts: there, open, and trusting the root of the installed chain."""

from collections.abc import Iterator

from wizard.doctor.facts import DoctorFacts, TrustFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at, spec
from wizard.findings import Finding, Locator, Severity

_MANUAL = "manual, Primary server setup: private root CA"
_WHY = "The server does not trust gateways and clients whose certificates end in this root."

NO_JAVA = spec(
    "jre-missing",
    Severity.WARNING,
    "the product's Java is not there",
    "There is no Java at {path}.",
    why="Without it nothing can be proven with the server's own eyes, and no root can be imported.",
    fix="Check the installation of the product; --hcp-home names another place.",
    source=_MANUAL,
)
NO_KEYTOOL = spec(
    "keytool-missing",
    Severity.WARNING,
    "the product's Java has no keytool",
    "{path} is there, but has no program bin/keytool.",
    why="The trust store is changed, and the key store proven, by the product's own keytool.",
    fix="Repair the product's JRE.",
    source=_MANUAL,
)
BARE = spec(
    "jre-bare",
    Severity.NOTE,
    "there is no Java to prove anything with",
    "{path} holds a trust store, but no Java.",
    why="The key store is judged by the wizard's own reader alone.",
    fix="Nothing, if this is an image or a practice folder.",
    source="design of the wizard",
)
MISSING = spec(
    "cacerts-missing",
    Severity.ERROR,
    "cacerts is not there",
    "{path} does not exist.",
    why="Java then trusts nobody: no gateway and no client can connect.",
    fix="Put it back from a backup or from the product's installer, then let the wizard import the root.",
    source=_MANUAL,
)
UNREADABLE = spec(
    "cacerts-unreadable",
    Severity.ERROR,
    "the service may not read cacerts",
    "The service cannot read {path}: {reason} (at {at}).",
    why="Java then trusts nobody: no gateway and no client can connect.",
    fix="Give the service's account the right to read it; 0644 is its usual mode.",
    source="path_resolution(7), acl(5)",
)
DAMAGED = spec(
    "cacerts-damaged",
    Severity.ERROR,
    "cacerts is damaged",
    "{path} ({size} bytes) is damaged: {reason}",
    why="Java then trusts nobody: no gateway and no client can connect.",
    fix="Put it back from a backup or from the product's installer, then let the wizard import the root.",
    source="JDK: Invalid keystore format; EOFException",
)
PASSWORD = spec(
    "cacerts-password",
    Severity.WARNING,
    "the password of cacerts was changed",
    "{path} does not open with the known password.",
    why="Somebody changed it from the default. Nothing can be imported, and some servers do not read it.",
    fix="Give it: --secret primary.cacerts-password=file:PATH. The wizard does not set it back.",
    source="JDK: Keystore was tampered with, or password was incorrect",
)
EMPTY = spec(
    "cacerts-empty",
    Severity.ERROR,
    "cacerts holds no certificate",
    "{path} opens, but holds no trust anchor at all.",
    why="Java refuses to check any peer: the trustAnchors parameter must be non-empty.",
    fix="Put it back from a backup or from the product's installer, then let the wizard import the root.",
    source="JDK: InvalidAlgorithmParameterException",
)
NO_ROOT = spec(
    "root-not-trusted",
    Severity.ERROR,
    "the root is not in cacerts",
    "{root} (SHA-256 {sha256}...) is not in {path}.{namesake}",
    why=_WHY,
    fix="Have it imported.",
    source=_MANUAL,
)
NO_ROOT_KNOWN = spec(
    "root-not-known",
    Severity.NOTE,
    "the root is in neither store",
    "The key store ends at {issuer}, and cacerts has no certificate of that name.",
    why=_WHY,
    fix="Run the set-up with the root certificate of your PKI team.",
    source=_MANUAL,
)
NOT_USED = spec(
    "cacerts-not-used",
    Severity.WARNING,
    "the server's Java uses another trust store than cacerts",
    "The service starts Java with -Djavax.net.ssl.trustStore={other}.",
    why="Whom the server trusts is decided by that file; what is in cacerts does not count.",
    fix="Look for the root in that file, or take the option out of the unit or the start script.",
    source="JDK: Java Secure Socket Extension, customising the default trust store",
)
SPECS = (
    NO_JAVA,
    NO_KEYTOOL,
    BARE,
    MISSING,
    UNREADABLE,
    DAMAGED,
    PASSWORD,
    EMPTY,
    NO_ROOT,
    NO_ROOT_KNOWN,
    NOT_USED,
)


def _trust(facts: DoctorFacts) -> TrustFacts:
    assert facts.cacerts is not None  # noqa: S101 - the rule's needs
    return facts.cacerts


def _opened(facts: DoctorFacts) -> TrustFacts:
    trust = _trust(facts)
    if trust.file.problem:
        raise CouldNotLook(trust.file.problem)
    if trust.file.kind != "file":
        raise NotApplicable("cacerts is not there")
    return trust


def _java(facts: DoctorFacts) -> Iterator[Finding]:
    assert facts.java is not None  # noqa: S101 - the rule's needs
    which = {"absent": NO_JAVA, "no-keytool": NO_KEYTOOL, "bare": BARE}.get(facts.java.present)
    if which is not None:
        yield Finding(which, file_at(facts.java.home), {"path": facts.java.home})


def _file(facts: DoctorFacts) -> Iterator[Finding]:
    file = _trust(facts).file
    if file.kind == "absent":
        yield Finding(MISSING, file_at(file.path), {"path": file.path})
    elif file.service_reads is False and file.kind in {"file", "unknown"}:
        values = {"path": file.path, "reason": file.blocked_why, "at": file.blocked_at or file.path}
        yield Finding(UNREADABLE, file_at(file.path), values)


def _content(facts: DoctorFacts) -> Iterator[Finding]:
    trust = _opened(facts)
    path = trust.file.path
    if trust.error is not None and "password" in trust.error.code:
        yield Finding(PASSWORD, file_at(path), {"path": path})
    elif trust.error is not None or trust.format not in {"jks", "pkcs12"}:
        reason = trust.error.message if trust.error else "it is no trust store."
        yield Finding(DAMAGED, file_at(path), {"path": path, "size": trust.file.size, "reason": reason})
    elif not trust.entries:
        yield Finding(EMPTY, file_at(path), {"path": path})


def _root(facts: DoctorFacts) -> Iterator[Finding]:
    trust = _opened(facts)
    store = facts.store
    if store is None or not store.chain:
        raise CouldNotLook("the root is not known, because the key store does not open")
    if trust.has_root is None and trust.error is not None:
        raise CouldNotLook("cacerts does not open")
    top = store.chain[-1]
    if not store.complete:
        if trust.has_root is False and len(store.chain) > 1:
            yield Finding(NO_ROOT_KNOWN, Locator("certificate", sha256=top.sha256), {"issuer": store.missing_issuer})
        return
    if len(store.chain) == 1:
        raise NotApplicable("the certificate is self-signed")
    if trust.has_root is False:
        namesake = " A root of the same name is there, but with another key." if trust.namesake else ""
        values = {"root": top.name, "sha256": top.sha256[:16], "path": trust.file.path, "namesake": namesake}
        yield Finding(NO_ROOT, file_at(trust.file.path), values)


def _used(facts: DoctorFacts) -> Iterator[Finding]:
    assert facts.unit is not None  # noqa: S101 - the rule's needs
    if facts.unit.trust_store:
        yield Finding(NOT_USED, file_at(facts.unit.trust_store), {"other": facts.unit.trust_store})


RULES = (
    Rule("doctor.jre", ("java",), _java),
    Rule("doctor.cacerts-file", ("cacerts",), _file),
    Rule("doctor.cacerts-content", ("cacerts",), _content),
    Rule("doctor.root-not-trusted", ("cacerts",), _root),
    Rule("doctor.cacerts-not-used", ("unit",), _used),
)
