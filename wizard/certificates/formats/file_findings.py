"""What is wrong with a file as such, whatever its certificates say: encoding, integrity, Java's view of a store."""

from wizard.certificates.model import Bundle
from wizard.findings import Finding, FindingSpec, Locator, Severity

EMPTY_TO_JAVA = FindingSpec(
    "truststore.empty-to-java",
    Severity.WARNING,
    "Java sees no entry in this store",
    "{path} holds {count} certificates and no key, and none of them carries Java's mark of a trusted entry.",
    "Java loads it without an error, as a trust store with 0 entries, and then trusts nobody.",
    "Let the wizard write the trust store, or build it with keytool -importcert -storetype PKCS12.",
    "JDK PKCS12KeyStore; attribute 2.16.840.1.113894.746875.1.1",
)
SEVERAL_KEYS = FindingSpec(
    "keystore.several-keys",
    Severity.WARNING,
    "The store holds several private keys",
    "{path} holds {count} private keys.",
    "Which of them the server presents depends on their order and on what the client asks for.",
    "Use a store with one key; the wizard writes one from the chain that you choose.",
    "JDK SunX509 and NewSunX509 key managers",
)
WEAK_STORE = FindingSpec(
    "keystore.weak-encryption",
    Severity.NOTE,
    "The store is encrypted with a broken cipher",
    "{path} is encrypted with {algorithm}.",
    "Whoever gets the file can open it by brute force; OpenSSL 3 refuses it without -legacy.",
    "Keep it away from shared folders; the wizard writes a new one with AES-256.",
    "RFC 7292, appendix C; OpenSSL 3 migration guide",
)
NO_INTEGRITY = FindingSpec(
    "pkcs12.no-integrity",
    Severity.NOTE,
    "The store has no integrity check",
    "{path} has no integrity check.",
    "Any password is accepted, so an accepted password proves nothing, and damage stays unseen.",
    "Nothing, where the vendor made it so (cacerts of newer Java); else export it with a password.",
    "RFC 7292, section 4",
)
UTF16 = FindingSpec(
    "pem.utf-16",
    Severity.WARNING,
    "The text is UTF-16",
    "{path} is UTF-16 text.",
    "The wizard reads it, keytool and OpenSSL do not; PowerShell writes such text with > and Out-File.",
    "Save it as ASCII or UTF-8, or use the files that the wizard writes.",
    "measured with keytool 11 to 25 and OpenSSL 3.0",
)
BYTE_ORDER_MARK = FindingSpec(
    "pem.utf-8-bom",
    Severity.NOTE,
    "The text begins with a byte order mark",
    "{path} begins with a byte order mark.",
    "The wizard and OpenSSL read it, keytool of Java 11, 17 and 21 does not.",
    "Save it as UTF-8 without a mark, or use the files that the wizard writes.",
    "measured with keytool 11, 17, 21 (refuse) and 25 (reads), OpenSSL 3.0",
)
ODD_TEXT = FindingSpec(
    "pem.odd-text",
    Severity.NOTE,
    "The armour of the text is not as it should be",
    "{path}: {note}",
    "The wizard reads it, other programs do not.",
    "Use the files that the wizard writes, or ask for the original.",
    "RFC 7468",
)
PART_LEFT_OUT = FindingSpec(
    "reading.part-left-out",
    Severity.WARNING,
    "A part of the file is not readable",
    "{path}: {note}",
    "What is missing may be the certificate that completes the chain.",
    "Copy the file again in binary mode, or export it again; see that the part in question is not needed.",
    "ITU-T X.690, RFC 7468",
)
ODD_CERTIFICATE = FindingSpec(
    "certificate.odd",
    Severity.WARNING,
    "A certificate breaks a rule of RFC 5280",
    "{path}: {note}",
    "Future versions of Java, OpenSSL and this wizard will refuse such a certificate.",
    "Ask the PKI team for a new one.",
    "RFC 5280, section 4.1",
)
REQUEST_BESIDE = FindingSpec(
    "reading.request-beside",
    Severity.NOTE,
    "There is a certificate request in the file",
    "{path}: {note}",
    "A request is no certificate; it plays no part in a chain.",
    "Nothing, when the certificate is there too; else wait for the answer of the CA.",
    "RFC 2986",
)

SPECS: tuple[FindingSpec, ...] = (
    EMPTY_TO_JAVA,
    SEVERAL_KEYS,
    WEAK_STORE,
    NO_INTEGRITY,
    UTF16,
    BYTE_ORDER_MARK,
    ODD_TEXT,
    PART_LEFT_OUT,
    ODD_CERTIFICATE,
    REQUEST_BESIDE,
)

_BY_NOTE = {
    "pkcs12.no-integrity": NO_INTEGRITY,
    "pem.utf-16": UTF16,
    "pem.utf-8-bom": BYTE_ORDER_MARK,
    "pem.no-armour": ODD_TEXT,
    "pem.repaired": ODD_TEXT,
    "reading.damaged": PART_LEFT_OUT,
    "reading.algorithm-unsupported": PART_LEFT_OUT,
    "reading.many-keys": PART_LEFT_OUT,
    "certificate.not-readable": PART_LEFT_OUT,
    "certificate.odd": ODD_CERTIFICATE,
    "reading.request": REQUEST_BESIDE,
    "der.trailing": PART_LEFT_OUT,
    "jks.trailing": PART_LEFT_OUT,
}
_MOST_ALIKE = 3
_BROKEN_CIPHERS = ("RC2", "RC4", "2DES", "-DES", " DES")


def file_findings(bundle: Bundle) -> list[Finding]:
    """What to tell about the file that *bundle* was read from; notes that only inform stay in the bundle."""
    subject = Locator("file", path=bundle.name)
    noted: dict[FindingSpec, list[str]] = {}
    for code, text in bundle.notes:
        if (spec := _BY_NOTE.get(code)) is not None:
            noted.setdefault(spec, []).append(text)
    findings = []
    for spec, texts in noted.items():
        shown = texts if len(texts) <= _MOST_ALIKE else [f"{texts[0]} There are {len(texts) - 1} more like it."]
        findings += [Finding(spec, subject, {"path": bundle.name, "note": text}) for text in shown]
    store = bundle.store
    if store is not None:
        if store.empty_to_java:
            findings.append(Finding(EMPTY_TO_JAVA, subject, {"path": bundle.name, "count": store.certificates}))
        weak = [name for name in store.encryption if any(cipher in name for cipher in _BROKEN_CIPHERS)]
        if weak:
            findings.append(Finding(WEAK_STORE, subject, {"path": bundle.name, "algorithm": weak[0]}))
        if store.keys > 1:
            findings.append(Finding(SEVERAL_KEYS, subject, {"path": bundle.name, "count": store.keys}))
    return findings
